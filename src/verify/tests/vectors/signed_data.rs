// SPDX-License-Identifier: Apache-2.0

//! The SignedData and its content.

use openssl::hash::MessageDigest;

use super::{section::*, *};
use crate::{
    asn1::der::{element, tag},
    cms::oid,
    testing::{Crafted, distinguished_name},
};

type Change<'a> = &'a dyn Fn(&mut Forge);

pub(super) fn add(world: &World, maker: &mut Maker) {
    encodings(world, maker);
    envelopes(world, maker);
    attributes(world, maker);
    times(world, maker);
    contents(world, maker);
}

fn changed(world: &World, change: Change<'_>) -> Forge {
    let mut forge = world.forge();
    change(&mut forge);
    forge
}

fn encodings(world: &World, maker: &mut Maker) {
    let built = world.forge().build();
    let indefinite = |der: &[u8]| [&[der[0], 0x80], contents_of(der), &[0, 0]].concat();
    let signed_data = world.forge().signed_data();
    let signed = object_identifier(oid::SIGNED_DATA);
    for (name, description, der, reason) in [
        (
            "trailing-zero",
            "A zero octet after the ContentInfo.",
            [&built[..], &[0]].concat(),
            "value-trailing",
        ),
        (
            "trailing-end-of-contents",
            "Two zero octets after the ContentInfo.",
            [&built[..], &[0, 0]].concat(),
            "value-trailing",
        ),
        ("trailing-value", "The ContentInfo twice.", built.repeat(2), "value-trailing"),
        (
            "indefinite-length",
            "The ContentInfo with an indefinite length.",
            indefinite(&built),
            "value-ber",
        ),
        (
            "indefinite-lengths-throughout",
            "ContentInfo, [0] and SignedData with indefinite lengths, as streaming signers write.",
            {
                let inner = [&[0xa0, 0x80], &indefinite(&signed_data)[..], &[0, 0]].concat();
                [&[0x30, 0x80], &signed[..], &inner, &[0, 0]].concat()
            },
            "value-ber",
        ),
        (
            "length-too-long",
            "The length of the ContentInfo in three octets where two do.",
            [&[0x30, 0x83, 0], &built[2..]].concat(),
            "value-ber",
        ),
        (
            "signed-data-bare",
            "SignedData without its ContentInfo.",
            signed_data.clone(),
            "value-der",
        ),
        (
            "octet-string-around",
            "The ContentInfo within an OCTET STRING.",
            octet_string(&built),
            "value-der",
        ),
    ] {
        maker.bad(Case::of(world, name, description, ENVELOPE, base64(&der)), reason);
    }
}

fn contents_of(der: &[u8]) -> &[u8] {
    crate::asn1::der::Reader::new(der).any().unwrap().contents
}

fn envelopes(world: &World, maker: &mut Maker) {
    let crl = CrlRecipe::new().issued_by(&world.intermediate).to_der().unwrap();
    let key_identifier = element(0x80, &[&[7; 20]]);
    let cases: &[(&str, &str, &str, Change<'_>)] = &[
        ("enveloped-data", "CMS of another type.", "value-not-signed-data", &|forge| {
            *forge.content_info_type.last_mut().unwrap() = 3;
        }),
        ("version-3", "A SignedData of version 3.", "value-version", &|forge| {
            forge.version = integer(&[3])
        }),
        ("signer-version-3", "A SignerInfo of version 3.", "value-version", &|forge| {
            forge.signer_version = integer(&[3]);
        }),
        (
            "subject-key-identifier",
            "The signer is named by its key's identifier.",
            "value-signer-identifier",
            &|forge| {
                forge.identifier = key_identifier.clone();
                forge.version = integer(&[3]);
                forge.signer_version = integer(&[3]);
            },
        ),
        ("detached", "The content is not in the value.", "value-detached", &|forge| {
            forge.content = None
        }),
        (
            "content-in-pieces",
            "The content as a constructed OCTET STRING.",
            "value-ber",
            &|forge| {
                forge.content = Some(element(0x24, &[&forge.content.clone().unwrap()]));
            },
        ),
        (
            "content-type-not-data",
            "The content's type is another, in both places.",
            "value-content-type",
            &|forge| {
                forge.content_type = object_identifier(oid::SIGNED_DATA);
                forge.set(oid::CONTENT_TYPE, &[&object_identifier(oid::SIGNED_DATA)]);
            },
        ),
        ("digest-sha1", "SHA-1 throughout.", "value-digest-algorithm", &|forge| {
            forge.set_digest(MessageDigest::sha1(), SHA1, &world.client.certificate);
            forge.set_signature_algorithm(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1], &[]);
        }),
        ("digest-md5", "MD5 as the digest.", "value-digest-algorithm", &|forge| {
            forge.set_digest(MessageDigest::md5(), MD5, &world.client.certificate);
        }),
        ("digest-sha224", "SHA-224 as the digest.", "value-digest-algorithm", &|forge| {
            forge.set_digest(MessageDigest::sha224(), SHA224, &world.client.certificate);
        }),
        (
            "digests-unlike",
            "Another digest in the SignedData than in the SignerInfo.",
            "value-digest-algorithm",
            &|forge| {
                forge.digest_algorithms = vec![algorithm(SHA512, &[])];
            },
        ),
        ("digest-twice", "Two digestAlgorithms.", "value-digest-algorithm", &|forge| {
            forge.digest_algorithms.push(algorithm(SHA512, &[]));
        }),
        ("digest-none", "No digestAlgorithms.", "value-digest-algorithm", &|forge| {
            forge.digest_algorithms.clear()
        }),
        ("crls-in-the-value", "A CRL in the value.", "value-crls", &|forge| {
            forge.crls = element(tag::CONTEXT_1, &[&crl]);
        }),
        ("no-signer", "No SignerInfo.", "value-signers", &|forge| forge.this_signer = false),
        ("signer-twice", "The same signer twice.", "value-signers", &|forge| {
            forge.other_signers = vec![forge.signer_info()];
        }),
        ("two-signers", "A second signer beside the good one.", "value-signers", &|forge| {
            forge.other_signers = vec![world.forge_by(&world.user).signer_info()];
        }),
        (
            "no-signed-attributes",
            "The signature is over the content alone.",
            "value-no-signed-attributes",
            &|forge| {
                forge.attributes = None;
            },
        ),
        (
            "attributes-as-content",
            "The signature of a good value, whose attributes are now the content.",
            "value-no-signed-attributes",
            &|forge| {
                forge.content = Some(octet_string(&attributes_of(forge)));
                forge.attributes = None;
            },
        ),
        ("unsigned-attributes", "An unsigned attribute.", "value-unsigned-attributes", &|forge| {
            forge.unsigned = element(tag::CONTEXT_1, &[&attribute(&[0x2a, 3, 4], &[NULL])]);
        }),
        (
            "signature-algorithm-unknown",
            "ecdsa-with-SHA1.",
            "value-signature-algorithm",
            &|forge| {
                forge.signature_algorithm = algorithm(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1], &[]);
            },
        ),
        ("signature-algorithm-pss", "id-RSASSA-PSS.", "value-signature-algorithm", &|forge| {
            forge.signature_algorithm = algorithm(&pkcs1(10), NULL);
        }),
        (
            "certificates-empty",
            "The field certificates, with none in it.",
            "value-certificate-count",
            &|forge| {
                forge.certificates = Some(Vec::new());
            },
        ),
        ("certificates-nine", "Nine certificates.", "value-certificate-count", &|forge| {
            let other =
                || der(&Recipe::new(world.user.key.clone(), "other").self_signed().certificate);
            forge.certificates.as_mut().unwrap().extend((0..7).map(|_| other()));
        }),
        (
            "certificate-with-trailing-octet",
            "A certificate of the value with an octet after it.",
            "value-certificates",
            &|forge| {
                forge.keep_order_of_certificates = true;
                forge.certificates.as_mut().unwrap()[1].push(0);
            },
        ),
    ];
    for (name, description, reason, change) in cases {
        // With subjectKeyIdentifier OpenSSL would say no as well: what is named is not the peer's.
        let forge = changed(world, change);
        maker.bad(Case::signed(world, name, description, ENVELOPE, &forge), reason);
    }
    let good: &[(&str, &str, Change<'_>)] = &[
        ("certificates-eight", "Eight certificates, most of them of no use.", &|forge| {
            let other =
                || der(&Recipe::new(world.user.key.clone(), "other").self_signed().certificate);
            forge.certificates.as_mut().unwrap().extend((0..6).map(|_| other()));
        }),
        (
            "certificates-unsorted",
            "The certificates are not in SET OF order, which no signature covers.",
            &|forge| {
                forge.keep_order_of_certificates = true;
                let certificates = forge.certificates.as_mut().unwrap();
                certificates.sort();
                certificates.reverse();
            },
        ),
        ("certificates-with-root", "The root is in the value.", &|forge| {
            forge.certificates.as_mut().unwrap().push(der(&world.root.certificate));
        }),
        (
            "certificate-of-the-client-first",
            "The client's certificate, too, is in the field certificates.",
            &|forge| {
                forge.keep_order_of_certificates = true;
                forge.certificates.as_mut().unwrap().insert(0, der(&world.client.certificate));
            },
        ),
        ("digest-with-null", "NULL as the digest's parameters.", &|forge| {
            forge.digest_algorithms = vec![algorithm(SHA256, NULL)];
            forge.digest_algorithm = algorithm(SHA256, NULL);
            forge.protect();
        }),
        ("p256-with-sha512", "P-256 with SHA-512.", &|forge| {
            forge.set_digest(MessageDigest::sha512(), SHA512, &world.client.certificate);
            forge.set_signature_algorithm(&ecdsa_with(4), &[]);
        }),
    ];
    for (name, description, change) in good {
        let forge = changed(world, change);
        maker.good(Case::signed(world, name, description, ENVELOPE, &forge), world);
    }
}

/// What is signed, a SET OF.
pub(super) fn attributes_of(forge: &Forge) -> Vec<u8> {
    let attributes = forge.attributes.clone().unwrap();
    let mut attributes: Vec<_> = attributes.into_iter().map(|(_, raw)| raw).collect();
    attributes.sort();
    element(tag::SET, &[&attributes.concat()])
}

fn attributes(world: &World, maker: &mut Maker) {
    let unknown = &[0x2a, 3, 4, 5][..];
    let digest = octet_string(&sha256(&der(&world.client.certificate)));
    for (short, kind, value) in [
        ("content-type", oid::CONTENT_TYPE, object_identifier(oid::DATA)),
        ("message-digest", oid::MESSAGE_DIGEST, digest),
        ("signing-time", oid::SIGNING_TIME, element(tag::UTC_TIME, &[b"270115080000Z"])),
    ] {
        let cases: &[(&str, &str, &str, Change<'_>)] = &[
            ("missing", "is missing", "value-attribute-missing", &|forge| forge.remove(kind)),
            ("twice", "is there twice", "value-attribute-twice", &|forge| forge.twice(kind)),
            ("of-two-values", "has two values", "value-attribute-malformed", &|forge| {
                forge.set(kind, &[&value, &value]);
            }),
            ("of-no-value", "has no value", "value-attribute-malformed", &|forge| {
                forge.set(kind, &[])
            }),
        ];
        for (suffix, what, reason, change) in cases {
            let (name, description) =
                (format!("{short}-{suffix}"), format!("The attribute {what}."));
            let forge = changed(world, change);
            maker.bad(Case::signed(world, &name, &description, ATTRIBUTES, &forge), reason);
        }
    }
    let own = der(&world.ttrp.certificate);
    let id = |certificate: &X509| sequence(&[&octet_string(&sha256(&der(certificate)))]);
    let ids = |ids: &[Vec<u8>]| sequence(&[&sequence(&[&ids.concat()])]);
    let sha1_id = |certificate: &[u8]| {
        sequence(&[&sequence(&[&sequence(&[&octet_string(&openssl::sha::sha1(certificate))])])])
    };
    let (ttrp, user) = (id(&world.ttrp.certificate), id(&world.user.certificate));
    let issuer = id(&world.intermediate.certificate);
    let named = |signature: &[u8]| {
        let mut identifier = algorithm(signature, &[]);
        identifier[0] = tag::CONTEXT_1;
        identifier
    };
    let cases: &[(&str, &str, &str, &str, Change<'_>)] = &[
        (
            "content-type-unlike",
            ATTRIBUTES,
            "The attribute contentType is unlike the content's type.",
            "content-type-mismatch",
            &|forge| {
                forge.set(oid::CONTENT_TYPE, &[&object_identifier(oid::SIGNED_DATA)]);
            },
        ),
        (
            "message-digest-of-nothing",
            ATTRIBUTES,
            "The digest is that of no octets.",
            "digest-mismatch",
            &|forge| {
                forge.set(oid::MESSAGE_DIGEST, &[&octet_string(&sha256(b""))]);
            },
        ),
        (
            "message-digest-cut-off",
            ATTRIBUTES,
            "The digest without its last octet.",
            "digest-mismatch",
            &|forge| {
                let digest = sha256(&der(&world.client.certificate));
                forge.set(oid::MESSAGE_DIGEST, &[&octet_string(&digest[..31])]);
            },
        ),
        (
            "message-digest-of-the-octet-string",
            ATTRIBUTES,
            "The digest is over tag and length, too.",
            "digest-mismatch",
            &|forge| {
                let octets = octet_string(&der(&world.client.certificate));
                forge.set(oid::MESSAGE_DIGEST, &[&octet_string(&sha256(&octets))]);
            },
        ),
        (
            "attributes-unsorted",
            ATTRIBUTES,
            "The attributes are not in SET OF order, though signed in it.",
            "value-attributes-unsorted",
            &|forge| {
                forge.signed_instead = Some(attributes_of(forge));
                unsort(forge);
            },
        ),
        (
            "attributes-signed-unsorted",
            ATTRIBUTES,
            "The attributes are not in SET OF order, and signed as they stand.",
            "value-attributes-unsorted",
            &unsort,
        ),
        (
            "unknown-attribute-twice",
            ATTRIBUTES,
            "An unknown attribute twice.",
            "value-attribute-twice",
            &|forge| {
                forge.add(unknown, &[NULL]);
                forge.add(unknown, &[&octet_string(b"x")]);
            },
        ),
        (
            "unknown-attribute-in-ber",
            ATTRIBUTES,
            "An unknown attribute with an indefinite length.",
            "value-ber",
            &|forge| {
                forge.add(unknown, &[&[tag::SEQUENCE, 0x80, 0, 0]]);
            },
        ),
        (
            "countersignature-signed",
            ATTRIBUTES,
            "A countersignature, which is never signed (RFC 5652 section 11.4).",
            "value-attribute-malformed",
            &|forge| {
                let countersignature = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 6];
                let signer = world.forge().signer_info();
                forge.add(&countersignature, &[&signer]);
            },
        ),
        (
            "signing-certificate-v2-of-another",
            SIGNER,
            "signingCertificateV2 names another certificate.",
            "signing-certificate-mismatch",
            &|forge| {
                forge.set(oid::SIGNING_CERTIFICATE_V2, &[&ids(std::slice::from_ref(&user))]);
            },
        ),
        (
            "signing-certificate-v2-second",
            SIGNER,
            "signingCertificateV2 names the signer second.",
            "signing-certificate-mismatch",
            &|forge| {
                forge.set(oid::SIGNING_CERTIFICATE_V2, &[&ids(&[issuer.clone(), ttrp.clone()])]);
            },
        ),
        (
            "signing-certificate-v2-beside-the-path",
            SIGNER,
            "signingCertificateV2 names a certificate that is not on the path.",
            "signing-certificate-mismatch",
            &|forge| {
                forge.set(oid::SIGNING_CERTIFICATE_V2, &[&ids(&[ttrp.clone(), user.clone()])]);
            },
        ),
        (
            "signing-certificate-v2-empty",
            SIGNER,
            "signingCertificateV2 without certificates.",
            "value-attribute-malformed",
            &|forge| {
                forge.set(oid::SIGNING_CERTIFICATE_V2, &[&sequence(&[&sequence(&[])])]);
            },
        ),
        (
            "signing-certificate-v2-twice",
            SIGNER,
            "signingCertificateV2 twice.",
            "value-attribute-twice",
            &|forge| {
                forge.twice(oid::SIGNING_CERTIFICATE_V2);
            },
        ),
        (
            "signing-certificate-v1-of-another",
            SIGNER,
            "The older signingCertificate names another certificate.",
            "signing-certificate-mismatch",
            &|forge| {
                forge.set(SIGNING_CERTIFICATE, &[&sha1_id(&der(&world.user.certificate))]);
            },
        ),
        (
            "algorithm-protection-of-another-digest",
            ATTRIBUTES,
            "CMSAlgorithmProtection names SHA-512.",
            "algorithm-protection-mismatch",
            &|forge| {
                let value = sequence(&[&algorithm(SHA512, &[]), &named(&ecdsa_with(2))]);
                forge.set(oid::ALGORITHM_PROTECTION, &[&value]);
            },
        ),
        (
            "algorithm-protection-of-another-signature",
            ATTRIBUTES,
            "CMSAlgorithmProtection names ecdsa-with-SHA512.",
            "algorithm-protection-mismatch",
            &|forge| {
                let value = sequence(&[&algorithm(SHA256, &[]), &named(&ecdsa_with(4))]);
                forge.set(oid::ALGORITHM_PROTECTION, &[&value]);
            },
        ),
        (
            "algorithm-protection-with-null",
            ATTRIBUTES,
            "CMSAlgorithmProtection has NULL where the digestAlgorithm has none.",
            "algorithm-protection-mismatch",
            &|forge| {
                let value = sequence(&[&algorithm(SHA256, NULL), &named(&ecdsa_with(2))]);
                forge.set(oid::ALGORITHM_PROTECTION, &[&value]);
            },
        ),
    ];
    for (name, rule, description, reason, change) in cases {
        let forge = changed(world, change);
        maker.bad(Case::signed(world, name, description, rule, &forge), reason);
    }
    let good: &[(&str, &str, Change<'_>)] = &[
        (
            "three-attributes",
            "signingCertificateV2 and CMSAlgorithmProtection may be missing.",
            &|forge| {
                forge.remove(oid::SIGNING_CERTIFICATE_V2);
                forge.remove(oid::ALGORITHM_PROTECTION);
            },
        ),
        ("unknown-attribute", "An attribute that no verifier knows is signed, too.", &|forge| {
            forge.add(unknown, &[&octet_string(b"x")]);
        }),
        (
            "signing-certificate-v2-of-the-path",
            "signingCertificateV2 names the signer and its issuer.",
            &|forge| {
                forge.set(oid::SIGNING_CERTIFICATE_V2, &[&ids(&[ttrp.clone(), issuer.clone()])]);
            },
        ),
        ("signing-certificate-v1", "The older signingCertificate, of the signer's.", &|forge| {
            forge.remove(oid::SIGNING_CERTIFICATE_V2);
            forge.set(SIGNING_CERTIFICATE, &[&sha1_id(&own)]);
        }),
    ];
    for (name, description, change) in good {
        let forge = changed(world, change);
        maker.good(Case::signed(world, name, description, ATTRIBUTES, &forge), world);
    }
}

fn unsort(forge: &mut Forge) {
    forge.keep_order_of_attributes = true;
    let attributes = forge.attributes.as_mut().unwrap();
    attributes.sort_by(|(_, one), (_, other)| other.cmp(one));
}

fn times(world: &World, maker: &mut Maker) {
    let value = base64(&world.forge().build());
    let case = |name, description| Case::of(world, name, description, TIME, value.clone());
    for (name, description, after, max_age) in [
        ("age-exactly-the-most", "Signed max_age seconds ago.", 300, 300),
        ("age-a-second-less", "Signed a second less than max_age ago.", 299, 300),
        ("age-of-a-day", "Signed a day ago, where max_age is a day.", 86_400, 86_400),
        ("ahead-exactly-the-skew", "Signed skew seconds ahead.", -30, 300),
    ] {
        maker.good(Case { at: NOW + after, max_age, ..case(name, description) }, world);
    }
    for (name, description, after, max_age, reason) in [
        ("stale", "Signed an hour ago.", 3600, 300, "stale"),
        ("age-a-second-more", "Signed a second more than max_age ago.", 301, 300, "stale"),
        ("age-a-second-more-than-5", "Signed six seconds ago, where max_age is 5.", 6, 5, "stale"),
        ("from-the-future", "Signed an hour ahead.", -3600, 300, "from-the-future"),
        (
            "ahead-a-second-more",
            "Signed a second more than skew ahead.",
            -31,
            300,
            "from-the-future",
        ),
    ] {
        maker.bad(Case { at: NOW + after, max_age, ..case(name, description) }, reason);
    }
    let no_skew = Case {
        at: NOW - 1,
        skew: 0,
        ..case("ahead-without-skew", "Signed a second ahead, where skew is 0.")
    };
    maker.bad(no_skew, "from-the-future");

    let time = |tag, text: &str| {
        let mut forge = world.forge();
        forge.set(oid::SIGNING_TIME, &[&element(tag, &[text.as_bytes()])]);
        forge
    };
    for (name, description, tag, text, reason) in [
        (
            "time-generalized-before-2050",
            "A GeneralizedTime before 2050 (RFC 5652 section 11.3).",
            tag::GENERALIZED_TIME,
            "20270115080000Z",
            "value-attribute-malformed",
        ),
        (
            "time-without-seconds",
            "A UTCTime without seconds.",
            tag::UTC_TIME,
            "2701150800Z",
            "value-attribute-malformed",
        ),
        (
            "time-with-an-offset",
            "A UTCTime with an offset.",
            tag::UTC_TIME,
            "270115080000+0000",
            "value-attribute-malformed",
        ),
        (
            "time-that-is-none",
            "The 30th of February.",
            tag::UTC_TIME,
            "270230080000Z",
            "value-attribute-malformed",
        ),
        ("time-of-1950", "UTCTime 50 is 1950.", tag::UTC_TIME, "500115080000Z", "stale"),
        (
            "time-of-9999",
            "A GeneralizedTime of 9999.",
            tag::GENERALIZED_TIME,
            "99991231235959Z",
            "from-the-future",
        ),
    ] {
        maker.bad(Case::signed(world, name, description, TIME, &time(tag, text)), reason);
    }
}

fn contents(world: &World, maker: &mut Maker) {
    let certificate = der(&world.client.certificate);
    let inner = contents_of(&certificate);
    let other = der(&world.user.certificate);
    let with = |content: &[u8]| {
        let mut forge = world.forge();
        forge.set_content(content);
        forge
    };
    for (name, description, content) in [
        ("content-empty", "No content.", Vec::new()),
        ("content-two-certificates", "Two certificates.", [&certificate[..], &other].concat()),
        (
            "content-with-trailing-zero",
            "A zero octet after the certificate.",
            [&certificate[..], &[0]].concat(),
        ),
        (
            "content-with-line-feed",
            "A line feed after the certificate.",
            [&certificate[..], b"\n"].concat(),
        ),
        (
            "content-cut-off",
            "The certificate without its last octet.",
            certificate[..certificate.len() - 1].to_vec(),
        ),
        ("content-pem", "The certificate in PEM.", world.client.certificate.to_pem().unwrap()),
        ("content-base64", "The certificate in base64.", base64(&certificate).into_bytes()),
        ("content-sequence-of-it", "A SEQUENCE of the certificate.", sequence(&[&certificate])),
        (
            "content-indefinite-length",
            "The certificate with an indefinite length.",
            [&[0x30, 0x80], inner, &[0, 0]].concat(),
        ),
        (
            "content-length-too-long",
            "The certificate's length in three octets where two do.",
            [&[0x30, 0x83, 0], &certificate[2..]].concat(),
        ),
        ("content-public-key", "A public key.", world.client.key.public_key_to_der().unwrap()),
        ("content-signed-data", "A good value.", world.forge().build()),
    ] {
        maker
            .bad(Case::signed(world, name, description, CONTENT, &with(&content)), "value-content");
    }
    let changed = Forge { content: Some(octet_string(&other)), ..world.forge() };
    maker.bad(
        Case::signed(
            world,
            "content-changed",
            "Another client's certificate put in.",
            ATTRIBUTES,
            &changed,
        ),
        "digest-mismatch",
    );
    let mut forge = world.forge();
    forge.signed_instead = Some(attributes_of(&forge));
    forge.set_content(&other);
    maker.bad(
        Case::signed(
            world,
            "content-and-digest-changed",
            "Another client's certificate put in, and its digest.",
            SIGNATURE,
            &forge,
        ),
        "bad-signature",
    );
    for (name, description, valid, reason) in [
        (
            "client-expired",
            "The client's certificate has expired.",
            (NOW - 1000, NOW - 1),
            "certificate-expired",
        ),
        (
            "client-not-yet-valid",
            "The client's certificate is not valid yet.",
            (NOW + 1, NOW + 1000),
            "certificate-not-yet-valid",
        ),
    ] {
        let client = Recipe::new(world.client.key.clone(), "client").valid(valid.0, valid.1);
        let client = client.issued_by(&world.root);
        let forge = with(&der(&client.certificate));
        maker.bad(Case::signed(world, name, description, CONTENT, &forge), reason);
    }
    let named = |attributes: &[(&[u8], u8, &[u8])]| {
        let relative: Vec<_> = attributes.iter().map(std::slice::from_ref).collect();
        Crafted { subject: distinguished_name(&relative), ..Crafted::new() }.der()
    };
    const CN: &[u8] = &[0x55, 4, 3];
    const UTF8: u8 = 12;
    let self_issued = Recipe::new(KeyKind::P256.generate(), "anyone").self_signed();
    for (name, description, content) in [
        ("client-of-an-empty-subject", "The subject is empty.", named(&[])),
        (
            "client-of-a-unicode-name",
            "A name in UTF-8.",
            named(&[(CN, UTF8, "Łukasz 東京 🔐".as_bytes())]),
        ),
        (
            "client-of-a-bmp-name",
            "A name in a BMPString.",
            named(&[(CN, 30, &[0, 0x41, 0x67, 0x71])]),
        ),
        ("client-of-a-latin-name", "A name in a T61String.", named(&[(CN, 20, b"M\xfcller")])),
        (
            "client-of-a-name-with-line-feed",
            "A line feed in the name: the application has to look out.",
            named(&[(CN, UTF8, b"a\r\nX-Admin: 1")]),
        ),
        (
            "client-of-a-name-with-nul",
            "A NUL in the name.",
            named(&[(CN, UTF8, b"admin\0.example")]),
        ),
        (
            "client-of-a-name-like-two",
            "A name that reads like two in one line.",
            named(&[(CN, UTF8, b"a, CN=admin/CN=admin")]),
        ),
        (
            "client-of-two-names",
            "Two common names.",
            named(&[(CN, UTF8, b"admin"), (CN, UTF8, b"user")]),
        ),
        (
            "client-self-signed",
            "The client's issuer is the proxy's business, not the verifier's.",
            der(&self_issued.certificate),
        ),
    ] {
        let forge = with(&content);
        let case = Case::signed(world, name, description, CONTENT, &forge);
        let (signer, signing_time) = (&world.ttrp.certificate, Some(NOW));
        maker.add(case, Outcome::Accepted { client: &content, signer, signing_time });
    }
    for kind in [KeyKind::Rsa(1024), KeyKind::Ed448, KeyKind::Secp256k1] {
        let client = Recipe::new(kind.generate(), "client").self_signed();
        let content = der(&client.certificate);
        let (name, forge) = (
            format!("client-with-{kind:?}").to_lowercase().replace(['(', ')'], "-"),
            with(&content),
        );
        let name = name.trim_end_matches('-');
        let description = "The client's key is its own business.";
        let case = Case::signed(world, name, description, CONTENT, &forge);
        let (signer, signing_time) = (&world.ttrp.certificate, Some(NOW));
        maker.add(case, Outcome::Accepted { client: &content, signer, signing_time });
    }
}
