// SPDX-License-Identifier: Apache-2.0

//! What is said of a value that is not accepted, to the letter.

use std::process::Command;

use openssl::sha::sha256;

use super::{forge::*, pki::*, *};
use crate::{asn1::der::element, cms::oid, printable::Hex};

/// The words for what is said of this value.
fn said(found: Result<Accepted, Failure>) -> String {
    found.err().map_or("accepted".to_owned(), |failure| failure.to_string())
}

#[test]
fn attributes() {
    let world = World::new();
    let trust = world.trust();
    let unknown = &[0x2a, 3, 0x81, 0x48][..];
    let twice = "a signed attribute is there twice";
    let malformed = "a signed attribute has not exactly one value, or not one of its type in DER";
    let missing = "one of the attributes contentType, messageDigest and signingTime is missing";
    let null = |kind: &'static [u8]| move |forge: &mut Forge| forge.set(kind, &[NULL]);
    for (kind, name) in [
        (oid::CONTENT_TYPE, "contentType"),
        (oid::MESSAGE_DIGEST, "messageDigest"),
        (oid::SIGNING_TIME, "signingTime"),
        (oid::SIGNING_CERTIFICATE_V2, "signingCertificateV2"),
        (oid::ALGORITHM_PROTECTION, "CMSAlgorithmProtection"),
        (unknown, "1.2.3.200"),
    ] {
        let said = |change: &dyn Fn(&mut Forge)| {
            let mut forge = world.forge();
            forge.set(unknown, &[NULL]);
            change(&mut forge);
            said(verify(&trust, &forge.build(), None))
        };
        assert_eq!(said(&|forge| forge.twice(kind)), format!("{twice}: {name}"));
        assert_eq!(said(&|forge| forge.set(kind, &[])), format!("{malformed}: {name}"));
        let two: [&[u8]; 2] = [NULL, NULL];
        assert_eq!(said(&|forge| forge.set(kind, &two)), format!("{malformed}: {name}"));
        let removed = said(&|forge| forge.remove(kind));
        if [oid::CONTENT_TYPE, oid::MESSAGE_DIGEST, oid::SIGNING_TIME].contains(&kind) {
            assert_eq!(removed, format!("{missing}: {name}"));
        } else {
            assert_eq!(removed, "accepted", "{name}");
        }
        if kind != unknown {
            assert_eq!(said(&null(kind)), format!("{malformed}: {name}"));
        }
    }
}

#[test]
fn digests() {
    let world = World::new();
    let trust = world.trust();
    let mut forge = world.forge();
    forge.set(oid::MESSAGE_DIGEST, &[&octet_string(b"\x00\xff another")]);
    let wanted = sha256(&der(&world.client.certificate));
    assert_eq!(
        said(verify(&trust, &forge.build(), None)),
        format!(
            "the messageDigest attribute is not the digest of the content: SHA-256 of the \
             content is {}, the attribute 00ff20616e6f74686572",
            Hex(&wanted)
        )
    );
    // One of any length, and no longer line for it.
    forge.set(oid::MESSAGE_DIGEST, &[&octet_string(&[0xab; 10_000])]);
    let said = said(verify(&trust, &forge.build(), None));
    assert!(said.contains(" abab") && said.ends_with("...") && said.len() < 500, "{said}");
}

#[test]
fn names() {
    let world = World::new();
    let none = "the signer's certificate has none of the trusted names";
    for (name, extension, expected) in [
        ("no names", None, "it has none"),
        ("no DNS name", Some(subject_alt_name(&[(1, b"a@example")])), "it has none"),
        ("one", Some(dns(&["ttrp.test"])), "it has ttrp.test"),
        ("several", Some(dns(&["a.test", "*.test"])), "it has a.test, *.test"),
        ("a URI", Some(subject_alt_name(&[(6, b"urn:a")])), "it has urn:a"),
        (
            "a URI and a name",
            Some(subject_alt_name(&[(6, b"urn:a"), (2, b"a.test")])),
            "it has a.test, urn:a",
        ),
        (
            "several URIs",
            Some(subject_alt_name(&[(6, b"urn:a"), (6, b"urn:b\n")])),
            "it has urn:a, urn:b\\x0a (of several URIs none counts)",
        ),
        // The holder of a certificate of the CA cannot write a line of the log.
        ("a line feed", Some(dns(&["a\n[error] b", "\\"])), "it has a\\x0a[error] b, \\\\"),
    ] {
        let recipe = Recipe::new(KeyKind::P256.generate(), "ttrp");
        let recipe = extension.into_iter().fold(recipe, Recipe::with);
        let forge = world.forge_by(&recipe.issued_by(&world.intermediate));
        let said = said(verify(&world.trust(), &forge.build(), None));
        assert_eq!(said, format!("{none}: {expected}"), "{name}");
    }
    let many: Vec<String> = (0..1000).map(|number| format!("{number}.example")).collect();
    let many: Vec<&str> = many.iter().map(|name| &name[..]).collect();
    let recipe = Recipe::new(KeyKind::P256.generate(), "ttrp").with(dns(&many));
    let forge = world.forge_by(&recipe.issued_by(&world.intermediate));
    let said = said(verify(&world.trust(), &forge.build(), None));
    assert!(said.starts_with(&format!("{none}: it has 0.example, 1.example, ")), "{said}");
    assert!(said.ends_with("...") && said.len() < 500, "{said}");
}

#[test]
fn times_and_types() {
    let world = World::new();
    let trust = world.trust();
    let cases: &[(i64, &str)] = &[
        (NOW - 301, "the signature is too old: 301 seconds, and 300 are allowed"),
        (NOW + 31, "the signature is from the future: 31 seconds, and 30 are allowed"),
        (253_402_300_799, "the signature is from the future: 251"),
        (0, "the signature is too old: 1"),
    ];
    for (time, expected) in cases {
        let mut forge = world.forge();
        forge.set_time(*time);
        let said = said(verify(&trust, &forge.build(), None));
        assert!(said.starts_with(expected), "{time}: {said}");
    }
    let mut forge = world.forge();
    forge.set(oid::CONTENT_TYPE, &[&object_identifier(oid::SIGNED_DATA)]);
    let expected = "the contentType attribute is unlike the type of the content: \
                    1.2.840.113549.1.7.2";
    assert_eq!(said(verify(&trust, &forge.build(), None)), expected);
}

#[test]
fn no_names_are_trusted() {
    let world = World::new();
    let nameless = trust(&[&world.root], &[], None);
    let said = said(verify(&nameless, &world.forge().build(), None));
    let expected = "the signer's certificate has none of the trusted names: none is trusted here";
    assert_eq!(said, expected);
}

/// What OpenSSL's command writes with these options, of the server's certificate and a client's.
fn openssl_signs(world: &World, client: &Identity, options: &[&str]) -> Vec<u8> {
    let directory = Directory::new("reasons");
    let World { ttrp, intermediate, .. } = world;
    let run = Command::new("openssl")
        .args(["cms", "-sign", "-nodetach", "-outform", "DER"])
        .arg("-in")
        .arg(directory.write("client.der", der(&client.certificate)))
        .arg("-signer")
        .arg(directory.write("signer.pem", ttrp.certificate_pem().as_bytes()))
        .arg("-inkey")
        .arg(directory.write("key.pem", ttrp.key_pem().as_bytes()))
        .arg("-certfile")
        .arg(directory.write("issuer.pem", intermediate.certificate_pem().as_bytes()))
        .args(options)
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    run.stdout
}

#[test]
fn what_the_openssl_command_writes() {
    let World { root, intermediate, client, user, .. } = World::new();
    let key_identifier = extension("2.5.29.14", false, &octet_string(&[7; 20]));
    let ttrp = Recipe::ttrp(KeyKind::P256).with(key_identifier).issued_by(&intermediate);
    let world = World { root, intermediate, ttrp, client, user };
    let trust = world.trust();
    // A client whose certificate has a line feed in it, with no zero in its line.
    let has_line = |client: &Identity| {
        let der = der(&client.certificate);
        let mut lines = der.split(|octet| *octet == b'\n');
        lines.next_back();
        lines.any(|line| !line.contains(&0))
    };
    let client = (0..1000)
        .map(|_| Recipe::new(KeyKind::P256.generate(), "client").issued_by(&world.intermediate))
        .find(has_line)
        .unwrap();
    let as_text = "the content was signed as text, which changes it (openssl cms -sign without \
                   -binary)";
    let indefinite = "the value is BER, not DER: a length is indefinite";
    for (options, expected) in [
        (&["-binary", "-md", "sha256"][..], "accepted"),
        (&[], &*format!("{as_text}: its line feeds have become CR LF")),
        (&["-text"], &*format!("{as_text}: it begins with a MIME header")),
        (
            &["-binary", "-keyid"],
            "the signer is not identified by issuer and serial number: by \
                                  subjectKeyIdentifier",
        ),
        (
            &["-binary", "-econtent_type", "1.2.3.4"],
            "the type of the signed content is not id-data: 1.2.3.4",
        ),
        (&["-binary", "-noattr"], "there are no signed attributes"),
        (&["-binary", "-stream"], indefinite),
        (&["-binary", "-stream", "-keyid"], indefinite),
        (
            &["-binary", "-md", "sha1"],
            "there is not one digest algorithm, the same in both places: SHA-256, SHA-384 or \
             SHA-512: 1.3.14.3.2.26",
        ),
    ] {
        let value = openssl_signs(&world, &client, options);
        let text = SignedFormat::Cms.encode(&value);
        let freshness = Freshness { max_age: u32::MAX, skew: u32::MAX };
        let found = trust.verify(SignedFormat::Cms, text.as_bytes(), NOW, freshness, None);
        assert_eq!(said(found), expected, "{options:?}");
    }
}

#[test]
fn headers() {
    let world = World::new();
    let trust = world.trust();
    let value = SignedFormat::Cms.encode(&world.forge().build());
    let empty = "the header is empty (some proxies send it so for a client without a certificate)";
    let base64 = "the value is not base64 (RFC 4648 section 4)";
    let sequence = "the value is not a Byte Sequence (RFC 8941)";
    let der_only = "the value is not strict DER of the type expected";
    let certificate = crate::http::structured_field::base64(&der(&world.client.certificate));
    let pem = "-----BEGIN CMS-----";
    for (name, text, expected) in [
        ("empty", String::new(), empty.to_owned()),
        ("white space", " \t ".to_owned(), empty.to_owned()),
        (
            "white space within",
            format!("{value} "),
            format!("{base64}: there is white space in it"),
        ),
        ("cms-sf", format!(":{value}:"), format!("{base64}: it is a Byte Sequence, or several")),
        ("two", format!("{value},{value}"), format!("{base64}: it is a list, or has parameters")),
        ("PEM", pem.to_owned(), format!("{base64}: it is PEM")),
        (
            "percent-encoded",
            value.replacen('M', "%4d", 1),
            format!("{base64}: it is percent-encoded"),
        ),
        (
            "alphabet for URLs",
            format!("-_{value}"),
            format!("{base64}: it has the alphabet for URLs and file names"),
        ),
        (
            "a line feed escaped",
            format!("{value}\\n"),
            format!("{base64}: there is something in it that is no digit of base64"),
        ),
        (
            "cut off",
            value[..value.len() - 1].to_owned(),
            format!("{base64}: it is cut off, or its padding is not all there"),
        ),
        (
            "cut off where no digit is missing",
            value[..value.len() / 8 * 4].to_owned(),
            format!("{der_only}: it is cut off"),
        ),
        ("a bare certificate", certificate, format!("{der_only}: it is a bare certificate")),
        (
            "base64 of PEM",
            crate::http::structured_field::base64(pem.as_bytes()),
            format!("{der_only}: it is PEM"),
        ),
    ] {
        assert_eq!(said(verify_value(&trust, text.as_bytes(), None)), expected, "{name}");
    }
    for (name, text, expected) in [
        ("cms", value.clone(), format!("{sequence}: it does not begin with a colon")),
        ("no end", format!(":{value}"), format!("{sequence}: it does not end with a colon")),
        (
            "a parameter",
            format!(":{value}:;a"),
            format!("{sequence}: it does not end with a colon"),
        ),
        ("nothing in it", "::".to_owned(), format!("{base64}: there is none")),
    ] {
        let sf = SignedFormat::CmsSf;
        let found = trust.verify(sf, text.as_bytes(), NOW, FRESHNESS, None);
        assert_eq!(said(found), expected, "{name}");
    }

    let content = "the content is not exactly one certificate as OpenSSL writes it";
    let otherwise = "OpenSSL would write what it reads of it otherwise";
    let cut_off = "it is cut off, as by openssl cms -sign without -binary at a zero octet";
    let own = der(&world.client.certificate);
    let item = |octets: &[u8]| crate::http::structured_field::byte_sequence(octets);
    for (name, text, expected) in [
        ("empty", String::new(), empty.to_owned()),
        ("cms-sf", item(&world.forge().build()), format!("{content}: it is SignedData")),
        ("PEM", item(world.client.certificate_pem().as_bytes()), format!("{content}: it is PEM")),
        ("cut off", item(&own[..own.len() - 1]), format!("{content}: {cut_off}")),
        (
            "indefinite",
            item(&[&[0x30, 0x80], &own[4..], &[0, 0]].concat()),
            format!("{content}: {otherwise}: its length is indefinite"),
        ),
        (
            "a parameter in capitals",
            format!("{};A", item(&own)),
            format!("{sequence}: a parameter after it is malformed"),
        ),
        (
            "two",
            format!("{}, {}", item(&own), item(&own)),
            format!("{sequence}: it goes on after its end"),
        ),
    ] {
        let chain = [&*world.intermediate.certificate];
        let (format, peer) = (ClientCertFormat::Rfc9440.unsigned(), &world.ttrp.certificate);
        let found = trust.verify_peer(format, text.as_bytes(), NOW, peer, &chain);
        assert_eq!(said(found), expected, "{name}");
    }
}

#[test]
fn versions_and_algorithms() {
    let world = World::new();
    let trust = world.trust();
    let digests = "there is not one digest algorithm, the same in both places: SHA-256, SHA-384 or \
                   SHA-512";
    let version = "the version of the SignedData or SignerInfo is not 1";
    let key_identifier = element(0x80, &[&[7; 20]]);
    type Change<'a> = &'a dyn Fn(&mut Forge);
    let cases: &[(&str, Change<'_>, String)] = &[
        ("version 3", &|forge| forge.version = integer(&[3]), format!("{version}: it is 3")),
        (
            "version 3 of the SignerInfo",
            &|forge| forge.signer_version = integer(&[3]),
            format!("{version}: it is 3"),
        ),
        (
            "a large version",
            &|forge| forge.version = integer(&[1; 9]),
            format!("{version}: it is none that there is"),
        ),
        (
            "subjectKeyIdentifier, and the versions that go with it",
            &|forge| {
                forge.identifier = key_identifier.clone();
                forge.version = integer(&[3]);
                forge.signer_version = integer(&[3]);
            },
            "the signer is not identified by issuer and serial number: by subjectKeyIdentifier"
                .to_owned(),
        ),
        (
            "a foreign eContentType, and the version that goes with it",
            &|forge| {
                forge.content_type =
                    object_identifier(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 1, 4]);
                forge.version = integer(&[3]);
            },
            "the type of the signed content is not id-data: 1.2.840.113549.1.9.16.1.4".to_owned(),
        ),
        (
            "enveloped data",
            &|forge| *forge.content_info_type.last_mut().unwrap() = 3,
            "the value is CMS, but not SignedData: 1.2.840.113549.1.7.3".to_owned(),
        ),
        (
            "SHA-224 first",
            &|forge| forge.digest_algorithms = vec![algorithm(SHA224, &[])],
            format!("{digests}: 2.16.840.1.101.3.4.2.4"),
        ),
        (
            "SHA-224 second",
            &|forge| forge.digest_algorithm = algorithm(SHA224, &[]),
            format!("{digests}: 2.16.840.1.101.3.4.2.4"),
        ),
        (
            "two digests",
            &|forge| forge.digest_algorithms.push(algorithm(SHA512, &[])),
            format!("{digests}: the SignedData has none, or several"),
        ),
        (
            "another digest second",
            &|forge| forge.digest_algorithm = algorithm(SHA512, &[]),
            format!("{digests}: SHA-256 in the SignedData, SHA-512 in the SignerInfo"),
        ),
        (
            "ecdsa-with-SHA1",
            &|forge| {
                forge.signature_algorithm = algorithm(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1], &[])
            },
            "the signature algorithm is not one of the profile: 1.2.840.10045.4.1".to_owned(),
        ),
    ];
    for (name, change, expected) in cases {
        let mut forge = world.forge();
        change(&mut forge);
        assert_eq!(said(verify(&trust, &forge.build(), None)), *expected, "{name}");
    }
}
