// SPDX-License-Identifier: Apache-2.0

//! Values that are wrong in the fields of SignerInfo or in the signed attributes.

use super::{forge::*, pki::der, *};
use crate::{
    asn1::der::{element, tag},
    cms::oid,
};

use MalformedValue::*;

const UNKNOWN: &[u8] = &[0x2a, 3, 4, 5];
const COUNTERSIGNATURE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 6];
const TIME_STAMP_TOKEN: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 2, 14];
const RSA_PSS: u8 = 10;

#[test]
fn signer_info() {
    let world = World::new();
    let trust = world.trust();
    let mut cases = Cases::default();
    let mut add = |name: &str, expected: MalformedValue, change: &dyn Fn(&mut Forge)| {
        let mut forge = world.forge();
        change(&mut forge);
        cases.add(name, expected, verify(&trust, &forge.build(), None));
    };
    let key_id =
        world.ttrp.certificate.subject_key_id().map_or(vec![7; 20], |id| id.as_slice().to_vec());
    let certificate = der(&world.ttrp.certificate);
    let parts = |change: &dyn Fn(&mut Vec<Vec<u8>>)| {
        let fields = crate::x509::certificate::Certificate::read(&certificate).unwrap();
        let mut parts = vec![fields.issuer.to_vec(), fields.serial.to_vec()];
        change(&mut parts);
        sequence(&[&parts.concat()])
    };

    for (name, version) in [("version 0", 0), ("version 2", 2), ("version 3", 3), ("version 5", 5)]
    {
        add(name, Version, &|forge| forge.signer_version = integer(&[version]));
    }
    add("version in two octets", Der, &|forge| forge.signer_version = integer(&[0, 1]));
    add("no version", Der, &|forge| forge.signer_version = Vec::new());
    add("no identifier", Der, &|forge| forge.identifier = Vec::new());
    add("subjectKeyIdentifier", SignerIdentifier, &|forge| {
        forge.signer_version = integer(&[3]);
        forge.identifier = element(0x80, &[&key_id]);
    });
    add("subjectKeyIdentifier in version 1", SignerIdentifier, &|forge| {
        forge.identifier = element(0x80, &[&key_id]);
    });
    add("subjectKeyIdentifier, constructed", SignerIdentifier, &|forge| {
        forge.identifier = element(tag::CONTEXT_0, &[&octet_string(&key_id)]);
    });
    add("identifier of an unknown kind", SignerIdentifier, &|forge| {
        forge.identifier = element(0x81, &[&key_id]);
    });
    add("identifier without serial number", Der, &|forge| {
        forge.identifier = parts(&|parts| {
            parts.pop();
        });
    });
    add("identifier without issuer", Der, &|forge| {
        forge.identifier = parts(&|parts| {
            parts.remove(0);
        });
    });
    add("identifier the other way round", Der, &|forge| {
        forge.identifier = parts(&|parts| parts.reverse());
    });
    add("identifier with something more", Der, &|forge| {
        forge.identifier = parts(&|parts| parts.push(NULL.to_vec()));
    });
    add("serial number with a zero before it", Der, &|forge| {
        forge.identifier = parts(&|parts| parts[1] = integer(&[0, 1]));
    });

    for (name, identifier) in [
        ("SHA-1", algorithm(SHA1, &[])),
        ("SHA-1 with NULL", algorithm(SHA1, NULL)),
        ("MD5", algorithm(MD5, NULL)),
        ("SHA-224", algorithm(SHA224, &[])),
        ("SHA-512/256", algorithm(SHA512_256, &[])),
        ("SHA3-256", algorithm(SHA3_256, &[])),
        ("another than the one declared", algorithm(SHA512, &[])),
        ("with octets for parameters", algorithm(SHA256, &octet_string(&[]))),
        ("with two NULLs", algorithm(SHA256, &[NULL, NULL].concat())),
        ("empty", sequence(&[])),
    ] {
        add(&format!("digest algorithm {name}"), DigestAlgorithm, &|forge| {
            forge.digest_algorithm = identifier.clone();
        });
    }
    for (name, oid) in [("SHA-1", SHA1), ("MD5", MD5)] {
        // As openssl cms -md would do it, everywhere alike.
        add(&format!("{name} throughout"), DigestAlgorithm, &|forge| {
            let digest = if oid == SHA1 {
                openssl::hash::MessageDigest::sha1()
            } else {
                openssl::hash::MessageDigest::md5()
            };
            forge.set_digest(digest, oid, &world.client.certificate);
        });
    }

    for (name, identifier) in [
        ("sha1WithRSAEncryption", algorithm(&pkcs1(5), NULL)),
        ("md5WithRSAEncryption", algorithm(&pkcs1(4), NULL)),
        ("sha224WithRSAEncryption", algorithm(&pkcs1(14), NULL)),
        ("sha512-256WithRSAEncryption", algorithm(&pkcs1(16), NULL)),
        ("RSASSA-PSS", algorithm(&pkcs1(RSA_PSS), &sequence(&[]))),
        ("RSASSA-PSS without parameters", algorithm(&pkcs1(RSA_PSS), &[])),
        ("rsaEncryption without parameters", algorithm(RSA, &[])),
        ("rsaEncryption with octets", algorithm(RSA, &octet_string(&[]))),
        ("sha256WithRSAEncryption with octets", algorithm(&pkcs1(11), &octet_string(&[]))),
        ("ecdsa-with-SHA1", algorithm(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1], &[])),
        ("ecdsa-with-SHA224", algorithm(&ecdsa_with(1), &[])),
        ("ecdsa-with-SHA256 and NULL", algorithm(&ecdsa_with(2), NULL)),
        ("ecdsa-with-SHA256 and a curve", {
            algorithm(&ecdsa_with(2), &object_identifier(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7]))
        }),
        ("ecdsa-with-Specified", {
            algorithm(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3], &algorithm(SHA256, &[]))
        }),
        ("id-ecPublicKey", algorithm(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1], &[])),
        ("Ed25519 and NULL", algorithm(ED25519, NULL)),
        ("Ed448", algorithm(&[0x2b, 0x65, 0x71], &[])),
        ("dsa-with-sha256", algorithm(&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 2], &[])),
        ("a digest", algorithm(SHA256, &[])),
        ("HMAC", algorithm(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 9], NULL)),
        ("empty", sequence(&[])),
    ] {
        add(&format!("signature algorithm {name}"), SignatureAlgorithm, &|forge| {
            forge.signature_algorithm = identifier.clone();
        });
    }

    add("no signed attributes", NoSignedAttributes, &|forge| forge.attributes = None);
    add("no signed attributes, but the field", NoSignedAttributes, &|forge| {
        forge.attributes = Some(Vec::new());
    });
    add("no unsigned attributes, but the field", UnsignedAttributes, &|forge| {
        forge.unsigned = element(tag::CONTEXT_1, &[]);
    });
    add("unsigned attribute", UnsignedAttributes, &|forge| {
        forge.unsigned = element(tag::CONTEXT_1, &[&attribute(UNKNOWN, &[NULL])]);
    });
    add("countersignature", UnsignedAttributes, &|forge| {
        let value = attribute(COUNTERSIGNATURE, &[&forge.signer_info()]);
        forge.unsigned = element(tag::CONTEXT_1, &[&value]);
    });
    add("time stamp", UnsignedAttributes, &|forge| {
        let value = attribute(TIME_STAMP_TOKEN, &[&world.forge().build()]);
        forge.unsigned = element(tag::CONTEXT_1, &[&value]);
    });
    add("something after the signature", Der, &|forge| forge.unsigned = NULL.to_vec());
    add("a second signature", Der, &|forge| forge.unsigned = octet_string(&[7; 70]));
    cases.check(57);
}

#[test]
fn attributes() {
    let world = World::new();
    let trust = world.trust();
    let mut cases = Cases::default();
    let mut add = |name: &str, expected: MalformedValue, change: &dyn Fn(&mut Forge)| {
        let mut forge = world.forge();
        change(&mut forge);
        cases.add(name, expected, verify(&trust, &forge.build(), None));
    };
    let (data, digest, time) = (
        object_identifier(oid::DATA),
        octet_string(&openssl::sha::sha256(&der(&world.client.certificate))),
        element(tag::UTC_TIME, &[b"270115080000Z"]),
    );

    for (name, kind, value, another) in [
        ("contentType", oid::CONTENT_TYPE, &data, object_identifier(oid::SIGNED_DATA)),
        ("messageDigest", oid::MESSAGE_DIGEST, &digest, octet_string(&[7; 32])),
        ("signingTime", oid::SIGNING_TIME, &time, element(tag::UTC_TIME, &[b"270115080001Z"])),
    ] {
        add(&format!("{name} missing"), AttributeMissing, &|forge| forge.remove(kind));
        add(&format!("{name} twice"), AttributeTwice, &|forge| forge.twice(kind));
        add(&format!("{name} twice, unlike"), AttributeTwice, &|forge| {
            forge.add(kind, &[&another]);
        });
        add(&format!("{name} with two values"), AttributeMalformed, &|forge| {
            forge.set(kind, &[value, &another]);
        });
        add(&format!("{name} with the same value twice"), AttributeMalformed, &|forge| {
            forge.set(kind, &[value, value]);
        });
        add(&format!("{name} without a value"), AttributeMalformed, &|forge| {
            forge.set(kind, &[]);
        });
        add(&format!("{name} with NULL"), AttributeMalformed, &|forge| forge.set(kind, &[NULL]));
        add(&format!("{name} with a SEQUENCE of it"), AttributeMalformed, &|forge| {
            forge.set(kind, &[&sequence(&[value])]);
        });
        add(&format!("{name} without the SET"), AttributeMalformed, &|forge| {
            forge.set_raw(kind, sequence(&[&object_identifier(kind), value]));
        });
        add(&format!("{name} with a third part"), AttributeMalformed, &|forge| {
            let set = element(tag::SET, &[value]);
            forge.set_raw(kind, sequence(&[&object_identifier(kind), &set, NULL]));
        });
        add(&format!("{name} as one that begins alike"), AttributeMissing, &|forge| {
            forge.remove(kind);
            forge.add(&[kind, &[1]].concat(), &[value]);
        });
    }
    add("contentType as a string", AttributeMalformed, &|forge| {
        forge.set(oid::CONTENT_TYPE, &[&octet_string(oid::DATA)]);
    });
    add("messageDigest as bits", AttributeMalformed, &|forge| {
        forge.set(oid::MESSAGE_DIGEST, &[&element(tag::BIT_STRING, &[&[0; 33]])]);
    });
    add("messageDigest in pieces", Ber, &|forge| {
        forge.set(oid::MESSAGE_DIGEST, &[&element(0x24, &[&digest])]);
    });

    for (name, tag, text) in [
        ("without seconds", tag::UTC_TIME, "2701150800Z"),
        ("without Z", tag::UTC_TIME, "270115080000"),
        ("with an offset", tag::UTC_TIME, "270115080000+0000"),
        ("with a small z", tag::UTC_TIME, "270115080000z"),
        ("with a space", tag::UTC_TIME, " 70115080000Z"),
        ("empty", tag::UTC_TIME, ""),
        ("in month 13", tag::UTC_TIME, "271315080000Z"),
        ("on 29 February", tag::UTC_TIME, "270229080000Z"),
        ("at 24 h", tag::UTC_TIME, "270115240000Z"),
        ("in second 60", tag::UTC_TIME, "270115080060Z"),
        ("of four digits as UTCTime", tag::UTC_TIME, "20270115080000Z"),
        ("as GeneralizedTime before 2050", tag::GENERALIZED_TIME, "20270115080000Z"),
        ("with a fraction", tag::GENERALIZED_TIME, "20270115080000.5Z"),
        ("of two digits as GeneralizedTime", tag::GENERALIZED_TIME, "270115080000Z"),
        ("as text", 0x0c, "270115080000Z"),
        ("as a number", tag::INTEGER, "\u{1}\u{2}\u{3}\u{4}"),
    ] {
        add(&format!("signingTime {name}"), AttributeMalformed, &|forge| {
            forge.set(oid::SIGNING_TIME, &[&element(tag, &[text.as_bytes()])]);
        });
    }

    add("unsorted", AttributesUnsorted, &|forge| {
        forge.keep_order_of_attributes = true;
        let attributes = forge.attributes.as_mut().unwrap();
        attributes.sort_by(|(_, one), (_, other)| one.cmp(other));
        attributes.swap(1, 2);
    });
    add("in the opposite order", AttributesUnsorted, &|forge| {
        forge.keep_order_of_attributes = true;
        let attributes = forge.attributes.as_mut().unwrap();
        attributes.sort_by(|(_, one), (_, other)| other.cmp(one));
    });
    add("an attribute that is a SET", AttributeMalformed, &|forge| {
        forge.add_raw(UNKNOWN, element(tag::SET, &[NULL]));
    });
    add("an empty attribute", AttributeMalformed, &|forge| {
        forge.add_raw(UNKNOWN, sequence(&[]));
    });
    add("an attribute without a kind", AttributeMalformed, &|forge| {
        forge.add_raw(UNKNOWN, sequence(&[&element(tag::SET, &[NULL])]));
    });
    add("an unknown attribute twice", AttributeTwice, &|forge| {
        forge.add(UNKNOWN, &[NULL]);
        forge.add(UNKNOWN, &[&octet_string(&[])]);
    });
    add("an unknown attribute twice among a thousand", AttributeTwice, &|forge| {
        for number in 0..1000_u16 {
            let [high, low] = [number / 100, number % 100].map(|octet| octet as u8);
            forge.add(&[0x2a, 4, high, low], &[NULL]);
        }
        forge.add(UNKNOWN, &[NULL]);
        forge.add(UNKNOWN, &[&octet_string(&[0; 100])]);
    });
    add("an unknown attribute with two values", AttributeMalformed, &|forge| {
        forge.add(UNKNOWN, &[NULL, &octet_string(&[])]);
    });
    add("an unknown attribute without a value", AttributeMalformed, &|forge| {
        forge.add(UNKNOWN, &[]);
    });
    add("an unknown attribute in BER", Ber, &|forge| {
        forge.add(UNKNOWN, &[&[tag::SEQUENCE, 0x80, 0, 0]]);
    });
    add("an unknown attribute with a long length", Ber, &|forge| {
        forge.add(UNKNOWN, &[&[tag::OCTET_STRING, 0x81, 1, 0]]);
    });
    for (name, tag) in [("EXTERNAL", 0x28), ("EMBEDDED PDV", 0x2b), ("CHARACTER STRING", 0x3d)] {
        add(&format!("an unknown attribute of {name}"), AttributeMalformed, &|forge| {
            forge.add(UNKNOWN, &[&element(tag, &[NULL])]);
        });
    }
    add("an unknown attribute with a BMPString of three octets", AttributeMalformed, &|forge| {
        forge.add(UNKNOWN, &[&element(0x1e, &[&[0, 0x41, 0]])]);
    });
    add("an unknown attribute nested too deep", Der, &|forge| {
        let deep = (0..30).fold(Vec::new(), |inner, _| sequence(&[&inner]));
        forge.add(UNKNOWN, &[&deep]);
    });
    add("a countersignature that is signed", AttributeMalformed, &|forge| {
        let signer = world.forge().signer_info();
        forge.add(COUNTERSIGNATURE, &[&signer]);
    });

    let hash = octet_string(&openssl::sha::sha256(&der(&world.ttrp.certificate)));
    let fields = der(&world.ttrp.certificate);
    let fields = crate::x509::certificate::Certificate::read(&fields).unwrap();
    let (issuer, serial) = (fields.issuer, fields.serial);
    let directory_name = |tag| element(tag, &[issuer]);
    for (name, value) in [
        ("NULL", NULL.to_vec()),
        ("without certificates", sequence(&[&sequence(&[])])),
        ("empty", sequence(&[])),
        ("without the inner SEQUENCE", sequence(&[&sequence(&[&hash])])),
        ("with something more", {
            sequence(&[&sequence(&[&sequence(&[&hash])]), &sequence(&[]), NULL])
        }),
        ("without a hash", sequence(&[&sequence(&[&sequence(&[])])])),
        ("with a hash of SHA-1", {
            sequence(&[&sequence(&[&sequence(&[&algorithm(SHA1, &[]), &octet_string(&[7; 20])])])])
        }),
        ("with a hash of no certificate", {
            sequence(&[&sequence(&[&sequence(&[&algorithm(UNKNOWN, &[]), &hash])])])
        }),
        ("with an issuer that is no name", {
            let issuer_serial = sequence(&[issuer, serial]);
            sequence(&[&sequence(&[&sequence(&[&hash, &issuer_serial])])])
        }),
        ("with two names of the issuer", {
            let names = sequence(&[&directory_name(0xa4), &directory_name(0xa4)]);
            sequence(&[&sequence(&[&sequence(&[&hash, &sequence(&[&names, serial])])])])
        }),
        ("with a DNS name for the issuer", {
            let names = sequence(&[&element(0x82, &[b"root.example"])]);
            sequence(&[&sequence(&[&sequence(&[&hash, &sequence(&[&names, serial])])])])
        }),
        ("with an issuer and no serial number", {
            let names = sequence(&[&directory_name(0xa4)]);
            sequence(&[&sequence(&[&sequence(&[&hash, &sequence(&[&names])])])])
        }),
        ("with something more in an identifier", {
            sequence(&[&sequence(&[&sequence(&[&hash, NULL])])])
        }),
    ] {
        add(&format!("signingCertificateV2 {name}"), AttributeMalformed, &|forge| {
            forge.set(oid::SIGNING_CERTIFICATE_V2, &[&value]);
        });
    }
    add("signingCertificateV2 of nine certificates", AttributeMalformed, &|forge| {
        let ids = sequence(&[&hash]).repeat(9);
        forge.set(oid::SIGNING_CERTIFICATE_V2, &[&sequence(&[&sequence(&[&ids])])]);
    });
    add("signingCertificateV2 twice", AttributeTwice, &|forge| {
        forge.twice(oid::SIGNING_CERTIFICATE_V2);
    });
    add("signingCertificateV2 with two values", AttributeMalformed, &|forge| {
        let value = sequence(&[&sequence(&[&sequence(&[&hash])])]);
        forge.set(oid::SIGNING_CERTIFICATE_V2, &[&value, &value]);
    });

    let named = |tag| {
        let mut identifier = algorithm(&ecdsa_with(2), &[]);
        identifier[0] = tag;
        identifier
    };
    let digest = algorithm(SHA256, &[]);
    for (name, value) in [
        ("NULL", NULL.to_vec()),
        ("empty", sequence(&[])),
        ("without a signature algorithm", sequence(&[&digest])),
        ("without a digest algorithm", sequence(&[&named(0xa1)])),
        ("with a MAC algorithm", sequence(&[&digest, &named(0xa2)])),
        ("with both", sequence(&[&digest, &named(0xa1), &named(0xa2)])),
        ("with an untagged signature algorithm", sequence(&[&digest, &named(0x30)])),
    ] {
        add(&format!("CMSAlgorithmProtection {name}"), AttributeMalformed, &|forge| {
            forge.set(oid::ALGORITHM_PROTECTION, &[&value]);
        });
    }
    add("CMSAlgorithmProtection twice", AttributeTwice, &|forge| {
        forge.twice(oid::ALGORITHM_PROTECTION);
    });
    add("CMSAlgorithmProtection with two values", AttributeMalformed, &|forge| {
        let value = sequence(&[&digest, &named(0xa1)]);
        forge.set(oid::ALGORITHM_PROTECTION, &[&value, &value]);
    });
    cases.check(88);
}
