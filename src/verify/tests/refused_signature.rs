// SPDX-License-Identifier: Apache-2.0

//! Values that are well formed, and whose signature, or what it is over, does not hold.

use openssl::{bn::BigNum, ecdsa::EcdsaSig, hash::MessageDigest, sha::sha256};

use super::{forge::*, pki::*, *};
use crate::{
    asn1::der::{element, tag},
    cms::oid,
};

use Refusal::*;

#[test]
fn signatures() {
    let world = World::new();
    let trust = world.trust();
    verify(&trust, &world.forge().build(), None).unwrap();
    let mut cases = Cases::default();
    let mut add = |name: &str, expected: Refusal, change: &dyn Fn(&mut Forge)| {
        let mut forge = world.forge();
        change(&mut forge);
        cases.add(name, expected, verify(&trust, &forge.build(), None));
    };

    add("another's key", BadSignature, &|forge| forge.key = world.user.key.clone());
    add("the client's own key", BadSignature, &|forge| forge.key = world.client.key.clone());
    add("the issuer's key", BadSignature, &|forge| forge.key = world.intermediate.key.clone());
    add("no octets", BadSignature, &|forge| forge.tamper = |_| Vec::new());
    add("zeros", BadSignature, &|forge| forge.tamper = |signature| vec![0; signature.len()]);
    add("another bit", BadSignature, &|forge| {
        forge.tamper = |mut signature| {
            *signature.last_mut().unwrap() ^= 1;
            signature
        };
    });
    add("cut off", BadSignature, &|forge| {
        forge.tamper = |mut signature| {
            signature.pop();
            signature
        };
    });
    add("a zero after it", BadSignature, &|forge| {
        forge.tamper = |signature| [&signature[..], &[0]].concat();
    });
    add("twice", BadSignature, &|forge| forge.tamper = |signature| signature.repeat(2));
    add("in BER", BadSignature, &|forge| {
        forge.tamper = |signature| [&[0x30, 0x81, signature[1]], &signature[2..]].concat();
    });
    add("numbers with a zero before them", BadSignature, &|forge| {
        forge.tamper = |signature| {
            let signature = EcdsaSig::from_der(&signature).unwrap();
            let number = |number: &openssl::bn::BigNumRef| {
                integer(&[&[0, 0], &number.to_vec()[..]].concat())
            };
            sequence(&[&number(signature.r()), &number(signature.s())])
        };
    });
    add("r and s the other way round", BadSignature, &|forge| {
        forge.tamper = |signature| {
            let signature = EcdsaSig::from_der(&signature).unwrap();
            let number = |number: &openssl::bn::BigNumRef| number.to_owned().unwrap();
            let (r, s) = (number(signature.r()), number(signature.s()));
            EcdsaSig::from_private_components(s, r).unwrap().to_der().unwrap()
        };
    });
    for (name, octets) in [("r and s zero", [0, 0]), ("r and s one", [1, 1])] {
        let tamper: fn(Vec<u8>) -> Vec<u8> = if octets == [0, 0] {
            |_| vec![0x30, 6, 2, 1, 0, 2, 1, 0]
        } else {
            |_| vec![0x30, 6, 2, 1, 1, 2, 1, 1]
        };
        add(name, BadSignature, &|forge| forge.tamper = tamper);
    }
    add("r and s, as IEEE has them", BadSignature, &|forge| {
        forge.tamper = |signature| {
            let signature = EcdsaSig::from_der(&signature).unwrap();
            [signature.r().to_vec_padded(32).unwrap(), signature.s().to_vec_padded(32).unwrap()]
                .concat()
        };
    });
    add("r beyond the order", BadSignature, &|forge| {
        forge.tamper = |signature| {
            let signature = EcdsaSig::from_der(&signature).unwrap();
            let order = BigNum::from_hex_str(
                "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551",
            )
            .unwrap();
            let r = &order + signature.r();
            let s = signature.s().to_owned().unwrap();
            EcdsaSig::from_private_components(r, s).unwrap().to_der().unwrap()
        };
    });
    add("over the content alone", BadSignature, &|forge| {
        forge.signed_instead = Some(der(&world.client.certificate));
    });
    add("over the attributes as they stand", BadSignature, &|forge| {
        let attributes = forge.attributes.clone().unwrap();
        let mut attributes: Vec<_> = attributes.into_iter().map(|(_, raw)| raw).collect();
        attributes.sort();
        forge.signed_instead = Some(element(tag::CONTEXT_0, &[&attributes.concat()]));
    });
    add("over the attributes of another value", BadSignature, &|forge| {
        let mut attributes: Vec<_> =
            forge.attributes.clone().unwrap().into_iter().map(|(_, raw)| raw).collect();
        attributes.sort();
        forge.signed_instead = Some(element(tag::SET, &[&attributes.concat()]));
        forge.set_time(NOW - 1);
    });
    add("over another digest", BadSignature, &|forge| {
        forge.digest = MessageDigest::sha384();
    });

    add("another certificate put in", DigestMismatch, &|forge| {
        forge.content = Some(octet_string(&der(&world.user.certificate)));
    });
    add("another certificate and its digest put in", BadSignature, &|forge| {
        let mut attributes: Vec<_> =
            forge.attributes.clone().unwrap().into_iter().map(|(_, raw)| raw).collect();
        attributes.sort();
        forge.signed_instead = Some(element(tag::SET, &[&attributes.concat()]));
        forge.set_content(&der(&world.user.certificate));
    });
    for (name, digest) in [
        ("digest of nothing", sha256(b"").to_vec()),
        ("digest empty", Vec::new()),
        ("digest cut off", sha256(&der(&world.client.certificate))[..31].to_vec()),
        ("digest with a zero after it", {
            [&sha256(&der(&world.client.certificate))[..], &[0]].concat()
        }),
        ("digest of another length", vec![7; 64]),
        ("digest of the OCTET STRING", {
            sha256(&octet_string(&der(&world.client.certificate))).to_vec()
        }),
        ("digest of another algorithm", {
            openssl::sha::sha512(&der(&world.client.certificate))[..32].to_vec()
        }),
    ] {
        add(name, DigestMismatch, &|forge| {
            forge.set(oid::MESSAGE_DIGEST, &[&octet_string(&digest)]);
        });
    }
    for (name, kind) in [
        ("contentType of signed data", oid::SIGNED_DATA),
        ("contentType of a time stamp", &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 1, 4]),
        ("contentType that begins alike", &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1, 1]),
    ] {
        add(name, ContentTypeMismatch, &|forge| {
            forge.set(oid::CONTENT_TYPE, &[&object_identifier(kind)]);
        });
    }

    let id = |hash: &[u8]| sequence(&[&octet_string(hash)]);
    let ids = |ids: &[Vec<u8>]| sequence(&[&sequence(&[&ids.concat()])]);
    let (ttrp, user) = (der(&world.ttrp.certificate), der(&world.user.certificate));
    let own = sha256(&ttrp);
    let own_fields = crate::x509::certificate::Certificate::read(&ttrp).unwrap();
    let issuer_serial =
        |issuer: &[u8], serial: &[u8]| sequence(&[&sequence(&[&element(0xa4, &[issuer])]), serial]);
    let with_issuer = |issuer: &[u8], serial: &[u8]| {
        ids(&[sequence(&[&octet_string(&own), &issuer_serial(issuer, serial)])])
    };
    let root = der(&world.root.certificate);
    let root_fields = crate::x509::certificate::Certificate::read(&root).unwrap();
    for (name, value) in [
        ("of another certificate", ids(&[id(&sha256(&user))])),
        ("of the issuer", ids(&[id(&sha256(&der(&world.intermediate.certificate)))])),
        ("cut off", ids(&[id(&own[..20])])),
        ("empty", ids(&[id(&[])])),
        ("of another digest", {
            ids(&[sequence(&[&algorithm(SHA512, &[]), &octet_string(&own)])])
        }),
        ("with another serial number", with_issuer(own_fields.issuer, &integer(&[7]))),
        ("with another issuer", with_issuer(root_fields.issuer, own_fields.serial)),
        ("second", ids(&[id(&sha256(&der(&world.intermediate.certificate))), id(&own)])),
        ("and of one that is not there", ids(&[id(&own), id(&sha256(&user))])),
        ("twice", ids(&[id(&own), id(&own)])),
        ("twice, the last with its issuer", {
            let again = sequence(&[
                &octet_string(&own),
                &issuer_serial(own_fields.issuer, own_fields.serial),
            ]);
            ids(&[id(&own), id(&sha256(&root)), again])
        }),
        ("and of the root, with another serial number", {
            let root = sequence(&[
                &octet_string(&sha256(&root)),
                &issuer_serial(root_fields.issuer, &integer(&[7])),
            ]);
            ids(&[id(&own), root])
        }),
    ] {
        add(&format!("signingCertificateV2 {name}"), SigningCertificateMismatch, &|forge| {
            forge.set(oid::SIGNING_CERTIFICATE_V2, &[&value]);
        });
    }

    add(
        "signingCertificateV2 and of one in the value that is not on the path",
        SigningCertificateMismatch,
        &|forge| {
            forge.certificates.as_mut().unwrap().push(user.clone());
            forge.set(oid::SIGNING_CERTIFICATE_V2, &[&ids(&[id(&own), id(&sha256(&user))])]);
        },
    );
    add("signingCertificateV2 of another certificate, another bit", BadSignature, &|forge| {
        forge.set(oid::SIGNING_CERTIFICATE_V2, &[&ids(&[id(&sha256(&user))])]);
        forge.tamper = |mut signature| {
            *signature.last_mut().unwrap() ^= 1;
            signature
        };
    });

    let named = |oid: &[u8], parameters: &[u8]| {
        let mut identifier = algorithm(oid, parameters);
        identifier[0] = tag::CONTEXT_1;
        identifier
    };
    let own = algorithm(SHA256, &[]);
    for (name, value) in [
        ("another digest", sequence(&[&algorithm(SHA512, &[]), &named(&ecdsa_with(2), &[])])),
        ("SHA-1", sequence(&[&algorithm(SHA1, &[]), &named(&ecdsa_with(2), &[])])),
        ("a digest with NULL", sequence(&[&algorithm(SHA256, NULL), &named(&ecdsa_with(2), &[])])),
        ("another signature", sequence(&[&own, &named(&ecdsa_with(4), &[])])),
        ("a signature with NULL", sequence(&[&own, &named(&ecdsa_with(2), NULL)])),
        ("RSA", sequence(&[&own, &named(RSA, NULL)])),
    ] {
        add(&format!("CMSAlgorithmProtection of {name}"), AlgorithmProtectionMismatch, &|forge| {
            forge.set(oid::ALGORITHM_PROTECTION, &[&value]);
        });
    }

    add("a second too old", Stale, &|forge| forge.set_time(NOW - 301));
    add("an hour too old", Stale, &|forge| forge.set_time(NOW - 3600));
    add("of 1970", Stale, &|forge| forge.set_time(0));
    add("of 1950", Stale, &|forge| forge.set_time(-631_152_000));
    add("of 1949", Stale, &|forge| {
        forge.set(oid::SIGNING_TIME, &[&element(tag::GENERALIZED_TIME, &[b"19491231235959Z"])]);
    });
    add("of the year 0", Stale, &|forge| {
        forge.set(oid::SIGNING_TIME, &[&element(tag::GENERALIZED_TIME, &[b"00000101000000Z"])]);
    });
    add("a second too early", FromTheFuture, &|forge| forge.set_time(NOW + 31));
    add("of 2050", FromTheFuture, &|forge| forge.set_time(2_524_608_000));
    add("of 9999", FromTheFuture, &|forge| forge.set_time(253_402_300_799));

    for (name, expected, valid) in [
        ("client expired", CertificateExpired, (NOW - 1000, NOW - 1)),
        ("client that expires now", CertificateExpired, (NOW - 1000, NOW)),
        ("client not yet valid", CertificateNotYetValid, (NOW + 1, NOW + 1000)),
        ("client never valid", CertificateNotYetValid, (NOW + 1000, NOW - 1000)),
    ] {
        let client = Recipe::new(world.client.key.clone(), "client").valid(valid.0, valid.1);
        let client = client.issued_by(&world.root);
        add(name, expected, &|forge| forge.set_content(&der(&client.certificate)));
    }
    cases.check(60);
}

/// The same algorithms are named everywhere, and they sign; but they are not the profile's.
#[test]
fn algorithms() {
    let mut cases = Cases::default();
    let (sha256, sha384, sha512) =
        (MessageDigest::sha256(), MessageDigest::sha384(), MessageDigest::sha512());
    for (kind, name, digest, digest_oid, signature) in [
        (KeyKind::Ed25519, "Ed25519 with SHA-256", sha256, SHA256, ED25519),
        (KeyKind::Ed25519, "Ed25519 with SHA-384", sha384, SHA384, ED25519),
        (KeyKind::P256, "digest of P-256 unlike its signature's", sha512, SHA512, &ecdsa_with(2)),
        (KeyKind::P384, "digest of P-384 unlike its signature's", sha384, SHA384, &ecdsa_with(4)),
        (KeyKind::P521, "digest of P-521 unlike its signature's", sha256, SHA256, &ecdsa_with(3)),
        (KeyKind::P256, "P-256 as sha256WithRSAEncryption", sha256, SHA256, &pkcs1(11)),
        (KeyKind::P256, "P-256 as Ed25519", sha512, SHA512, ED25519),
        (KeyKind::Ed25519, "Ed25519 as ECDSA", sha512, SHA512, &ecdsa_with(4)),
        (KeyKind::Rsa(2048), "RSA as ECDSA", sha256, SHA256, &ecdsa_with(2)),
        (KeyKind::Rsa(2048), "RSA as Ed25519", sha512, SHA512, ED25519),
        (KeyKind::Rsa(2048), "digest of RSA unlike its signature's", sha512, SHA512, &pkcs1(11)),
        (KeyKind::Rsa(2048), "digest of RSA below its signature's", sha256, SHA256, &pkcs1(13)),
    ] {
        let world = World::with_key(kind);
        let mut forge = world.forge();
        forge.set_digest(digest, digest_oid, &world.client.certificate);
        forge.set_signature_algorithm(signature, &[]);
        cases.add(name, AlgorithmMismatch, verify(&world.trust(), &forge.build(), None));
    }

    let world = World::with_key(KeyKind::P256);
    let mut forge = world.forge();
    forge.set_signature_algorithm(RSA, NULL);
    cases.add("P-256 as RSA", AlgorithmMismatch, verify(&world.trust(), &forge.build(), None));

    for kind in [KeyKind::Rsa(2048), KeyKind::P384, KeyKind::P521, KeyKind::Ed25519] {
        let world = World::with_key(kind);
        let mut forge = world.forge();
        forge.tamper = |mut signature| {
            *signature.last_mut().unwrap() ^= 1;
            signature
        };
        let found = verify(&world.trust(), &forge.build(), None);
        cases.add(&format!("another bit, {kind:?}"), BadSignature, found);
        forge.tamper = |signature| [&signature[..], &[0]].concat();
        let found = verify(&world.trust(), &forge.build(), None);
        cases.add(&format!("a zero after it, {kind:?}"), BadSignature, found);
        forge.tamper = |signature| signature[1..].to_vec();
        let found = verify(&world.trust(), &forge.build(), None);
        cases.add(&format!("without the first octet, {kind:?}"), BadSignature, found);
        forge.tamper = |signature| vec![0; signature.len()];
        let found = verify(&world.trust(), &forge.build(), None);
        cases.add(&format!("zeros, {kind:?}"), BadSignature, found);
    }
    cases.check(29);
}
