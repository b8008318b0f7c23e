// SPDX-License-Identifier: Apache-2.0

//! Values that are wrong in their header, their nesting or the fields of SignedData.

use super::{forge::*, pki::*, *};
use crate::{
    asn1::der::{element, tag},
    cms::oid,
    x509::certificate::Certificate,
};

use MalformedValue::*;

/// The value of a length that leaves so many octets after the last group of three.
fn forge_with_rest(world: &World, rest: usize) -> Vec<u8> {
    (0..3)
        .map(|length| {
            let mut forge = world.forge();
            forge.set(&[0x2a, 3, 4], &[&octet_string(&vec![7; length])]);
            forge.build()
        })
        // The length of an ECDSA signature varies, too.
        .chain((0..200).map(|_| world.forge().build()))
        .find(|der| der.len() % 3 == rest)
        .unwrap()
}

#[test]
fn header() {
    let world = World::new();
    let trust = world.trust();
    let mut cases = Cases::default();

    let whole = SignedFormat::Cms.encode(&forge_with_rest(&world, 0));
    let two_pads = SignedFormat::Cms.encode(&forge_with_rest(&world, 1));
    let one_pad = SignedFormat::Cms.encode(&forge_with_rest(&world, 2));
    for good in [&whole, &two_pads, &one_pad] {
        verify_value(&trust, good.as_bytes(), None).unwrap();
    }
    assert!(two_pads.ends_with("==") && one_pad.ends_with('=') && !whole.ends_with('='));
    // The last digit before the padding, with a bit set that stands for nothing.
    let stray = |value: &str, pads: usize| {
        let at = value.len() - pads - 1;
        let mut bytes = value.as_bytes().to_vec();
        let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let digit = digits.iter().position(|digit| *digit == bytes[at]).unwrap();
        bytes[at] = digits[digit | 1];
        String::from_utf8(bytes).unwrap()
    };
    let middle = whole.len() / 2;
    let within = |text: &str| format!("{}{text}{}", &whole[..middle], &whole[middle..]);
    let instead = |text: &str| format!("{}{text}{}", &whole[..middle], &whole[middle + 1..]);

    let long = "A".repeat(MAX_VALUE + 4);
    for (name, expected, value) in [
        ("empty", Empty, String::new()),
        ("a byte sequence in the other format", Base64, format!(":{whole}:")),
        ("space before", Base64, format!(" {whole}")),
        ("space after", Base64, format!("{whole} ")),
        ("space within", Base64, within(" ")),
        ("four spaces within", Base64, within("    ")),
        ("tab within", Base64, within("\t")),
        ("line feed within", Base64, within("\n")),
        ("lines as PEM has them", Base64, within("\r\n")),
        ("line feed at the end", Base64, format!("{whole}\n")),
        ("NUL at the end", Base64, format!("{whole}\0")),
        ("NUL within", Base64, instead("\0")),
        ("letter that is not ASCII", Base64, instead("é")),
        ("URL and filename alphabet, minus", Base64, instead("-")),
        ("URL and filename alphabet, underline", Base64, instead("_")),
        ("percent-encoded", Base64, whole.replacen('M', "%4D", 1)),
        ("quoted", Base64, format!("\"{whole}\"")),
        ("PEM", Base64, format!("-----BEGIN CMS-----\n{whole}\n-----END CMS-----\n")),
        ("no padding of one", Base64, one_pad.trim_end_matches('=').to_owned()),
        ("no padding of two", Base64, two_pads.trim_end_matches('=').to_owned()),
        ("one padding of two", Base64, two_pads.strip_suffix('=').unwrap().to_owned()),
        ("two paddings for one", Base64, format!("{one_pad}=")),
        ("padding where none is due", Base64, format!("{whole}=")),
        ("four paddings", Base64, format!("{whole}====")),
        ("padding within", Base64, instead("=")),
        ("stray bits before one padding", Base64, stray(&one_pad, 1)),
        ("stray bits before two paddings", Base64, stray(&two_pads, 2)),
        ("one digit too few", Base64, whole[..whole.len() - 1].to_owned()),
        ("one digit too many", Base64, format!("{whole}A")),
        ("two values in a list", Base64, format!("{whole}, {whole}")),
        ("two values, comma alone", Base64, format!("{whole},{whole}")),
        ("a parameter after it", Base64, format!("{whole};a=1")),
        ("two values with padding in one", Base64, format!("{two_pads}{whole}")),
        ("two values in one", Trailing, format!("{whole}{whole}")),
        ("four zeros after it", Trailing, format!("{whole}AAAA")),
        ("oversize, and not even base64 looked at", TooLong, format!("{long} ")),
        ("oversize", TooLong, format!("{whole}{long}")),
        ("hex", Der, "30820100".to_owned()),
    ] {
        cases.add(name, expected, verify_value(&trust, value.as_bytes(), None));
    }
    cases.add(
        "a byte that is not UTF-8",
        Base64,
        verify_value(&trust, &[whole.as_bytes(), &[0xff; 4]].concat(), None),
    );
    cases.add("one byte too long", TooLong, {
        verify_value(&trust, &vec![b'A'; MAX_VALUE + 1], None)
    });
    cases.add("the longest", Der, verify_value(&trust, &vec![b'A'; MAX_VALUE], None));

    for (name, expected, value) in [
        ("cms-sf: empty", Empty, String::new()),
        ("cms-sf: spaces", Empty, "  ".to_owned()),
        ("cms-sf: base64 alone", ByteSequence, whole.clone()),
        ("cms-sf: one colon", ByteSequence, ":".to_owned()),
        ("cms-sf: two colons", Base64, "::".to_owned()),
        ("cms-sf: no colon before", ByteSequence, format!("{whole}:")),
        ("cms-sf: no colon after", ByteSequence, format!(":{whole}")),
        ("cms-sf: space before", ByteSequence, format!(" :{whole}:")),
        ("cms-sf: space after", ByteSequence, format!(":{whole}: ")),
        ("cms-sf: space inside", Base64, format!(": {whole}:")),
        ("cms-sf: parameter", ByteSequence, format!(":{whole}:;a")),
        ("cms-sf: list", Base64, format!(":{whole}:, :{whole}:")),
        ("cms-sf: inner list", ByteSequence, format!("(:{whole}:)")),
        ("cms-sf: string", ByteSequence, format!("\"{whole}\"")),
        ("cms-sf: asterisks, as drafts had", ByteSequence, format!("*{whole}*")),
        ("cms-sf: four colons", Base64, format!("::{whole}::")),
        ("cms-sf: no padding", Base64, format!(":{}:", two_pads.trim_end_matches('='))),
        ("cms-sf: stray bits", Base64, format!(":{}:", stray(&one_pad, 1))),
        ("cms-sf: oversize", TooLong, format!(":{long}:")),
    ] {
        let found = trust.verify(SignedFormat::CmsSf, value.as_bytes(), NOW, FRESHNESS, None);
        cases.add(name, expected, found);
    }
    cases.check(59);
}

#[test]
fn cut_off_anywhere() {
    let world = World::new();
    let (trust, der) = (world.trust(), world.forge().build());
    verify(&trust, &der, None).unwrap();
    for length in 1..der.len() {
        let found = verify(&trust, &der[..length], None).err();
        assert_eq!(found, Some(Der.with("it is cut off")), "{length}");
    }
}

/// The element that begins at `at`, with a length in another form.
fn with_length(der: &[u8], at: usize, length: &[u8]) -> Vec<u8> {
    let skip = match der[at + 1] {
        0..0x80 => 2,
        long => 2 + usize::from(long & 0x7f),
    };
    [&der[..=at], length, &der[at + skip..]].concat()
}

#[test]
fn content_info() {
    let world = World::new();
    let trust = world.trust();
    let mut cases = Cases::default();
    let der = world.forge().build();
    assert_eq!(der[1], 0x82);
    let inner = &der[4..];
    let outer_length = u16::try_from(inner.len()).unwrap().to_be_bytes();
    let explicit = element(tag::CONTEXT_0, &[&world.forge().signed_data()]);
    let signed_data = object_identifier(oid::SIGNED_DATA);
    let certificate = der_of(&world.client);

    for (name, expected, der) in [
        ("a zero after the end", Trailing, [&der[..], &[0]].concat()),
        ("end of contents after the end", Trailing, [&der[..], &[0, 0]].concat()),
        ("twice", Trailing, [&der[..], &der].concat()),
        ("indefinite length", Ber, [&[0x30, 0x80], inner, &[0, 0]].concat()),
        (
            "length in three octets",
            Ber,
            with_length(&der, 0, &[0x83, 0, outer_length[0], outer_length[1]]),
        ),
        (
            "length in five octets",
            Ber,
            with_length(&der, 0, &[0x85, 0, 0, 0, outer_length[0], outer_length[1]]),
        ),
        ("length beyond the end", Der, with_length(&der, 0, &[0x82, 0xff, 0xff])),
        ("length beyond all memory", Der, with_length(&der, 0, &[0x84, 0xff, 0xff, 0xff, 0xff])),
        ("a SET", Der, [&[0x31], &der[1..]].concat()),
        ("an OCTET STRING around it", Der, octet_string(&der)),
        ("a SEQUENCE around it", Der, sequence(&[&der])),
        ("an unknown tag", Der, vec![0x1f, 0x81, 0x01, 0x00]),
        ("nothing but a SEQUENCE", Der, sequence(&[])),
        ("SignedData without ContentInfo", Der, world.forge().signed_data()),
        ("a certificate", Der, certificate.clone()),
        ("no content", Der, sequence(&[&signed_data])),
        ("an element too many", Der, sequence(&[&signed_data, &explicit, NULL])),
        ("content in [1]", Der, {
            sequence(&[&signed_data, &element(tag::CONTEXT_1, &[&world.forge().signed_data()])])
        }),
        ("content twice in [0]", Der, {
            let data = world.forge().signed_data();
            sequence(&[&signed_data, &element(tag::CONTEXT_0, &[&data, &data])])
        }),
        ("content not in [0]", Der, sequence(&[&signed_data, &world.forge().signed_data()])),
        ("[0] without contents", Der, sequence(&[&signed_data, &element(tag::CONTEXT_0, &[])])),
        ("nested a thousand deep", Der, {
            (0..1000).fold(Vec::new(), |inner, _| sequence(&[&inner]))
        }),
        ("nested a thousand deep in [0]", Der, {
            let deep = (0..1000).fold(Vec::new(), |inner, _| sequence(&[&inner]));
            sequence(&[&signed_data, &element(tag::CONTEXT_0, &[&deep])])
        }),
    ] {
        cases.add(name, expected, verify(&trust, &der, None));
    }
    for (name, number) in [
        ("data", 1),
        ("enveloped data", 3),
        ("signed and enveloped data", 4),
        ("digested data", 5),
        ("encrypted data", 6),
    ] {
        let mut forge = world.forge();
        *forge.content_info_type.last_mut().unwrap() = number;
        cases.add(name, NotSignedData, verify(&trust, &forge.build(), None));
    }
    cases.check(28);
}

fn der_of(identity: &Identity) -> Vec<u8> {
    der(&identity.certificate)
}

#[test]
fn signed_data() {
    let world = World::new();
    let trust = world.trust();
    let mut cases = Cases::default();
    let mut add = |name: &str, expected: MalformedValue, change: &dyn Fn(&mut Forge)| {
        let mut forge = world.forge();
        change(&mut forge);
        cases.add(name, expected, verify(&trust, &forge.build(), None));
    };

    for (name, version) in [
        ("version 0", &[0][..]),
        ("version 3", &[3]),
        ("version 4", &[4]),
        ("version 5", &[5]),
        ("version 257", &[1, 1]),
        ("version -1", &[0xff]),
    ] {
        add(name, Version, &|forge| forge.version = integer(version));
    }
    add("version in two octets", Der, &|forge| forge.version = integer(&[0, 1]));
    add("version without octets", Der, &|forge| forge.version = integer(&[]));
    add("no version", Der, &|forge| forge.version = Vec::new());
    add("version as an ENUMERATED", Der, &|forge| forge.version = vec![10, 1, 1]);

    let digest_algorithms: [(&str, Vec<Vec<u8>>); 13] = [
        ("no digest algorithm", vec![]),
        ("digest algorithm twice", vec![algorithm(SHA256, &[]), algorithm(SHA256, &[])]),
        ("two digest algorithms", vec![algorithm(SHA256, &[]), algorithm(SHA512, &[])]),
        ("SHA-1 beside SHA-256", vec![algorithm(SHA1, &[]), algorithm(SHA256, &[])]),
        ("SHA-1 first", vec![algorithm(SHA1, &[])]),
        ("another digest algorithm first", vec![algorithm(SHA512, &[])]),
        ("SHA-224 first", vec![algorithm(SHA224, &[])]),
        ("SHA3-256 first", vec![algorithm(SHA3_256, &[])]),
        ("digest with octets for parameters", vec![algorithm(SHA256, &octet_string(&[]))]),
        ("digest with two NULLs", vec![algorithm(SHA256, &[NULL, NULL].concat())]),
        ("digest algorithm without identifier", vec![sequence(&[])]),
        ("digest algorithm bare", vec![object_identifier(SHA256)]),
        ("digest algorithm that begins alike", vec![algorithm(&[SHA256, &[1]].concat(), &[])]),
    ];
    for (name, algorithms) in digest_algorithms {
        add(name, DigestAlgorithm, &|forge| forge.digest_algorithms = algorithms.clone());
    }
    add("digest with a NULL that is not empty", Der, &|forge| {
        forge.digest_algorithms = vec![algorithm(SHA256, &[5, 1, 0])];
    });

    for (name, kind) in [
        ("content is signed data", oid::SIGNED_DATA),
        ("content is a time stamp", &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 1, 4]),
        ("content is enveloped data", &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 3]),
        ("content is text", &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 1, 27]),
    ] {
        add(name, ContentType, &|forge| {
            forge.content_type = object_identifier(kind);
            forge.set(oid::CONTENT_TYPE, &[&object_identifier(kind)]);
        });
    }
    add("no content type", Der, &|forge| forge.content_type = Vec::new());
    add("content type not an identifier", Der, &|forge| forge.content_type = NULL.to_vec());
    add("detached", Detached, &|forge| forge.content = None);
    add("content in pieces", Ber, &|forge| {
        let content = forge.content.clone().unwrap();
        forge.content = Some(element(0x24, &[&content]));
    });
    add("content as a bare SEQUENCE", Der, &|forge| {
        forge.content = Some(der_of(&world.client));
    });
    add("content twice", Der, &|forge| {
        let content = forge.content.clone().unwrap();
        forge.content = Some([&content[..], &content].concat());
    });
    add("no OCTET STRING in [0]", Der, &|forge| forge.content = Some(Vec::new()));

    let crl = CrlRecipe::new().issued_by(&world.intermediate).to_der().unwrap();
    add("no CRLs, but the field", Crls, &|forge| {
        forge.crls = element(tag::CONTEXT_1, &[]);
    });
    add("CRL", Crls, &|forge| {
        forge.crls = element(tag::CONTEXT_1, &[&crl]);
    });
    add("other revocation information", Crls, &|forge| {
        forge.crls = element(tag::CONTEXT_1, &[&element(tag::CONTEXT_1, &[NULL])]);
    });
    add("an unknown field", Der, &|forge| forge.crls = element(0xa2, &[NULL]));

    add("no signer", Signers, &|forge| forge.this_signer = false);
    add("the same signer twice", Signers, &|forge| {
        forge.other_signers = vec![forge.signer_info()];
        // ECDSA would not sign twice alike.
        forge.other_signers.push(forge.other_signers[0].clone());
        forge.this_signer = false;
    });
    add("the same signer again", Signers, &|forge| forge.other_signers = vec![forge.signer_info()]);
    add("a second signer", Signers, &|forge| {
        forge.other_signers = vec![world.forge_by(&world.user).signer_info()];
    });
    add("a second signer that is nothing", Signers, &|forge| {
        forge.other_signers = vec![sequence(&[])];
    });
    add("eleven signers", Signers, &|forge| {
        forge.other_signers = vec![world.forge_by(&world.user).signer_info(); 10];
    });
    add("signer is nothing", Der, &|forge| {
        forge.this_signer = false;
        forge.other_signers = vec![sequence(&[])];
    });
    add("signer is a SET", Signers, &|forge| {
        let mut signer = forge.signer_info();
        signer[0] = tag::SET;
        forge.other_signers = vec![signer];
        forge.this_signer = false;
    });
    cases.check(47);
}

#[test]
fn content() {
    let world = World::new();
    let trust = world.trust();
    let certificate = der_of(&world.client);
    assert_eq!(certificate[1], 0x82);
    let inner = certificate[4..].to_vec();
    let x509 = &world.client.certificate;
    let (length, serial) = (certificate.len(), Certificate::read(&certificate).unwrap().serial);
    let serial_at = certificate.windows(serial.len()).position(|window| window == serial).unwrap();
    let request = {
        let mut builder = openssl::x509::X509Req::builder().unwrap();
        builder.set_pubkey(&world.client.key).unwrap();
        builder.sign(&world.client.key, openssl::hash::MessageDigest::sha256()).unwrap();
        builder.build().to_der().unwrap()
    };
    let mut cases = Cases::default();
    for (name, content) in [
        ("empty", Vec::new()),
        ("text", b"Hello".to_vec()),
        ("PEM", x509.to_pem().unwrap()),
        ("base64", SignedFormat::Cms.encode(&certificate).into_bytes()),
        ("its SHA-256", openssl::sha::sha256(&certificate).to_vec()),
        ("cut off", certificate[..length - 1].to_vec()),
        ("a zero after it", [&certificate[..], &[0]].concat()),
        ("a line feed after it", [&certificate[..], b"\n"].concat()),
        ("a zero before it", [&[0], &certificate[..]].concat()),
        ("two certificates", [&certificate[..], &der_of(&world.user)].concat()),
        ("a SEQUENCE of it", sequence(&[&certificate])),
        ("an OCTET STRING of it", octet_string(&certificate)),
        ("indefinite length", [&[0x30, 0x80], &inner[..], &[0, 0]].concat()),
        ("a long length", [&[0x30, 0x83, 0, certificate[2], certificate[3]], &inner[..]].concat()),
        ("a SET", [&[0x31], &certificate[1..]].concat()),
        ("a serial number with a zero before it", {
            let mut changed = certificate.clone();
            changed[serial_at + 2] = 0;
            changed[serial_at + 3] = 1;
            changed
        }),
        ("a negative padding in the serial number", {
            let mut changed = certificate.clone();
            changed[serial_at + 2] = 0xff;
            changed[serial_at + 3] = 0xff;
            changed
        }),
        ("a public key", x509.public_key().unwrap().public_key_to_der().unwrap()),
        ("a private key", world.client.key.private_key_to_der().unwrap()),
        ("a request", request),
        ("a CRL", CrlRecipe::new().issued_by(&world.root).to_der().unwrap()),
        ("a signed certificate", world.forge().build()),
        ("nothing but a SEQUENCE", sequence(&[])),
        ("three empty parts", sequence(&[&sequence(&[]), &sequence(&[]), &[3, 1, 0]])),
        ("an attribute certificate", element(tag::CONTEXT_1, &[&inner])),
        ("an element too many", sequence(&[&inner, NULL])),
        ("no signature", {
            let tbs = crate::asn1::der::Reader::new(&inner).any().unwrap().raw;
            sequence(&[tbs, &algorithm(&ecdsa_with(2), &[])])
        }),
    ] {
        let mut forge = world.forge();
        forge.set_content(&content);
        cases.add(name, Content, verify(&trust, &forge.build(), None));
    }
    cases.check(27);
}

#[test]
fn certificates() {
    let world = World::new();
    let trust = world.trust();
    let others: Vec<Vec<u8>> = (0..9)
        .map(|_| der_of(&Recipe::new(world.user.key.clone(), "other").self_signed()))
        .collect();
    let (ttrp, intermediate) = (der_of(&world.ttrp), der_of(&world.intermediate));
    let with = |field: Vec<Vec<u8>>, keep: bool| {
        let mut forge = world.forge();
        forge.certificates = Some(field);
        forge.keep_order_of_certificates = keep;
        verify(&trust, &forge.build(), None)
    };
    let chain = vec![ttrp.clone(), intermediate.clone()];
    let mut unsorted = chain.clone();
    unsorted.sort();
    unsorted.reverse();
    let damaged = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut field = chain.clone();
        change(&mut field[1]);
        field
    };

    // Eight are not too many; the signature covers neither their order nor how often they are
    // there.
    with([&chain[..], &others[..6]].concat(), false).unwrap();
    with(unsorted, true).unwrap();
    with(vec![ttrp.clone(), ttrp.clone(), intermediate.clone()], false).unwrap();
    with(vec![ttrp.clone(), intermediate.clone(), intermediate.clone()], false).unwrap();
    let mut cases = Cases::default();
    for (name, expected, found) in [
        ("nine certificates", CertificateCount, {
            with([&chain[..], &others[..7]].concat(), false)
        }),
        ("eleven certificates", CertificateCount, with([&chain[..], &others].concat(), false)),
        ("no certificates, but the field", CertificateCount, with(vec![], false)),
        ("an attribute certificate of version 2", Certificates, {
            let mut other = vec![0xa2];
            other.extend(&ttrp[1..]);
            with([&chain[..], &[other]].concat(), false)
        }),
        ("an attribute certificate of version 1", Certificates, {
            with([&chain[..], &[element(tag::CONTEXT_1, &[&ttrp])]].concat(), false)
        }),
        ("an extended certificate", Certificates, {
            with([&chain[..], &[element(tag::CONTEXT_0, &[&ttrp])]].concat(), false)
        }),
        ("a certificate of another format", Certificates, {
            with([&chain[..], &[element(tag::CONTEXT_3, &[&[6, 1, 0x2b], NULL])]].concat(), false)
        }),
        ("a SEQUENCE that is no certificate", Certificates, {
            with([&chain[..], &[sequence(&[])]].concat(), false)
        }),
        ("a NULL", Certificates, with([&chain[..], &[NULL.to_vec()]].concat(), false)),
        ("an element too many in a certificate", Certificates, {
            with(vec![ttrp.clone(), sequence(&[&intermediate[4..], NULL])], false)
        }),
        ("a certificate with octets after it", Certificates, {
            with(damaged(&|certificate| certificate.push(0)), true)
        }),
        ("a certificate in BER", Certificates, {
            let ber = [&[0x30, 0x83, 0], &intermediate[2..]].concat();
            with(vec![ttrp.clone(), ber], false)
        }),
        ("a certificate of indefinite length", Certificates, {
            let ber = [&[0x30, 0x80], &intermediate[4..], &[0, 0]].concat();
            with(vec![ttrp.clone(), ber], false)
        }),
        (
            "a certificate cut off",
            Certificates,
            with(
                damaged(&|certificate| {
                    certificate.pop();
                }),
                true,
            ),
        ),
    ] {
        cases.add(name, expected, found);
    }
    cases.check(14);
}
