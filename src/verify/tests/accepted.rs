// SPDX-License-Identifier: Apache-2.0

//! Values that are accepted: those of our signer, of OpenSSL's, and what other signers may write.
//! OpenSSL's CMS accepts every one of them, too.

use std::{fs, process::Command};

use openssl::{
    cms::{CMSOptions, CmsContentInfo},
    hash::MessageDigest,
    sha::sha256,
    stack::Stack,
    x509::verify::X509VerifyFlags,
};

use super::{forge::*, pki::*, *};
use crate::{
    asn1::der::element,
    client::Client,
    cms::oid,
    sign::signer::{Signer, SignerCerts},
};

/// What OpenSSL's CMS_verify says, at [`NOW`], with what is not in the value in `certificates`.
fn openssl_accepts(der: &[u8], anchors: &[&Identity], certificates: &[&X509]) -> bool {
    openssl_accepts_with(CMSOptions::empty(), der, anchors, certificates)
}

fn openssl_accepts_with(
    options: CMSOptions,
    der: &[u8],
    anchors: &[&Identity],
    certificates: &[&X509],
) -> bool {
    let anchors: Vec<_> = anchors.iter().map(|anchor| &anchor.certificate).collect();
    let flags = X509VerifyFlags::PARTIAL_CHAIN;
    verified_by_openssl(der, &anchors, flags, certificates, options, NOW).is_ok()
}

/// That we accept it, as this client's, and so does OpenSSL.
fn check(name: &str, world: &World, anchors: &[&Identity], names: &[&str], der: &[u8]) {
    let trust = trust(anchors, names, None);
    let ttrp = &world.ttrp.certificate;
    for peer in [None, Some(ttrp)] {
        let accepted =
            verify(&trust, der, peer).unwrap_or_else(|rejection| panic!("{name}: {rejection:?}"));
        assert_eq!(accepted.client().leaf(), pki::der(&world.client.certificate), "{name}");
        assert_eq!(pki::der(accepted.signer()), pki::der(ttrp), "{name}");
    }
    let sf = SignedFormat::CmsSf.encode(der);
    let peer = Client::new(ttrp, &[]).unwrap();
    trust.verify(SignedFormat::CmsSf, sf.as_bytes(), NOW, FRESHNESS, Some(&peer)).unwrap();
    // OpenSSL 3.0's CMS does not know Ed25519.
    if world.ttrp.key.id() != openssl::pkey::Id::ED25519 {
        assert!(openssl_accepts(der, anchors, &[ttrp]), "{name}: OpenSSL");
        let names_signer = [oid::SIGNING_CERTIFICATE_V2, SIGNING_CERTIFICATE]
            .into_iter()
            .any(|kind| der.windows(kind.len()).any(|octets| octets == kind));
        let accepts = openssl_accepts_with(CADES, der, anchors, &[ttrp]);
        assert_eq!(accepts, names_signer, "{name}: OpenSSL, -cades");
    }
}

#[test]
fn of_our_own_signer() {
    for &kind in KeyKind::SUPPORTED {
        let world = World::with_key(kind);
        let World { root, intermediate, ttrp, client, .. } = &world;
        let client = Client::new(&client.certificate, &[]).unwrap();
        let signer =
            Signer::new(&ttrp.certificate, &ttrp.key, &[&intermediate.certificate]).unwrap();
        for (certs, anchors, names) in [
            (SignerCerts::Chain, &[root][..], &[NAME][..]),
            (SignerCerts::Chain, &[intermediate], &[NAME]),
            (SignerCerts::Chain, &[ttrp], &[]),
            (SignerCerts::Signer, &[intermediate], &[NAME]),
            (SignerCerts::Signer, &[root, intermediate], &["other.example", "TTRP.Example"]),
            (SignerCerts::Signer, &[ttrp], &[NAME]),
            (SignerCerts::None, &[ttrp], &[]),
            (SignerCerts::None, &[ttrp, root], &[NAME]),
        ] {
            let value = signer.sign(certs, &client, NOW).unwrap();
            check(&format!("{kind:?} {certs:?}"), &world, anchors, names, &value);
        }
        // Without certificates, the peer's is at hand.
        let value = signer.sign(SignerCerts::None, &client, NOW).unwrap();
        let trust = trust(&[intermediate], &[NAME], None);
        verify(&trust, &value, Some(&ttrp.certificate)).unwrap();
    }
}

/// `openssl cms -sign` with its defaults, which are SHA-256 for every key, and others.
#[test]
fn of_the_openssl_command() {
    let directory = Directory::new("verify");
    for (kind, options) in [
        (KeyKind::Rsa(2048), &[][..]),
        (KeyKind::Rsa(3072), &[]),
        (KeyKind::P256, &[]),
        (KeyKind::Rsa(2048), &["-md", "sha384"]),
        (KeyKind::Rsa(2048), &["-md", "sha512"]),
        (KeyKind::P384, &[]),
        (KeyKind::P521, &[]),
        (KeyKind::P256, &["-md", "sha384"]),
        (KeyKind::P256, &["-md", "sha512"]),
        (KeyKind::P384, &["-md", "sha256"]),
        (KeyKind::P384, &["-md", "sha384"]),
        (KeyKind::P384, &["-md", "sha512"]),
        (KeyKind::P521, &["-md", "sha384"]),
        (KeyKind::P521, &["-md", "sha512"]),
        (KeyKind::P384, &["-cades"]),
        (KeyKind::P521, &["-cades", "-md", "sha256"]),
        (KeyKind::P256, &["-cades"]),
        (KeyKind::Rsa(2048), &["-cades", "-md", "sha512"]),
        (KeyKind::P256, &["-nosmimecap"]),
        (KeyKind::P256, &["-nocerts"]),
    ] {
        let world = World::with_key(kind);
        let World { root, intermediate, ttrp, client, .. } = &world;
        let certificate = directory.write("signer.pem", ttrp.certificate_pem().as_bytes());
        let key = directory.write("key.pem", ttrp.key_pem().as_bytes());
        let issuer = directory.write("issuer.pem", intermediate.certificate_pem().as_bytes());
        let content = directory.write("client.der", der(&client.certificate));
        let value = directory.path().join("value.der");
        let run = Command::new("openssl")
            .args(["cms", "-sign", "-binary", "-nodetach", "-outform", "DER", "-in"])
            .arg(content)
            .arg("-signer")
            .arg(certificate)
            .arg("-inkey")
            .arg(key)
            .arg("-certfile")
            .arg(issuer)
            .arg("-out")
            .arg(&value)
            .args(options)
            .output()
            .unwrap();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        let value = fs::read(value).unwrap();
        // It signs at the time that it is, not at that of the tests.
        let anchors: &[&Identity] = if options.contains(&"-nocerts") { &[ttrp] } else { &[root] };
        let trust = trust(anchors, &[NAME], None);
        let freshness = Freshness { max_age: u32::MAX, skew: u32::MAX };
        let text = SignedFormat::Cms.encode(&value);
        let accepted = trust
            .verify(SignedFormat::Cms, text.as_bytes(), NOW, freshness, None)
            .unwrap_or_else(|rejection| panic!("{kind:?} {options:?}: {rejection:?}"));
        assert_eq!(accepted.client().leaf(), der(&client.certificate));
        assert!(openssl_accepts(&value, anchors, &[&ttrp.certificate]));
    }
}

#[test]
fn of_openssl_s_library() {
    for kind in
        [KeyKind::Rsa(2048), KeyKind::Rsa(4096), KeyKind::P256, KeyKind::P384, KeyKind::P521]
    {
        let world = World::with_key(kind);
        let World { root, intermediate, ttrp, client, .. } = &world;
        let mut chain = Stack::new().unwrap();
        chain.push(intermediate.certificate.clone()).unwrap();
        let content = der(&client.certificate);
        for options in [CMSOptions::BINARY, CMSOptions::BINARY | CMSOptions::NOSMIMECAP] {
            let (certificate, key) = (Some(&*ttrp.certificate), Some(&*ttrp.key));
            let cms = CmsContentInfo::sign(certificate, key, Some(&chain), Some(&content), options);
            let value = cms.unwrap().to_der().unwrap();
            let text = SignedFormat::Cms.encode(&value);
            let freshness = Freshness { max_age: u32::MAX, skew: u32::MAX };
            let trust = trust(&[root], &[NAME], None);
            let found = trust.verify(SignedFormat::Cms, text.as_bytes(), NOW, freshness, None);
            assert_eq!(found.unwrap().client().leaf(), content, "{kind:?}");
            assert!(openssl_accepts(&value, &[root], &[]));
        }
    }
}

#[test]
fn of_other_signers() {
    let (p256, rsa) = (World::new(), World::with_key(KeyKind::Rsa(2048)));
    let client = |world: &World| world.client.certificate.clone();
    let unknown = &[0x2a, 3, 4, 5][..];
    let add = |name: &str, world: &World, change: &dyn Fn(&mut Forge)| {
        let mut forge = world.forge();
        change(&mut forge);
        check(name, world, &[&world.root], &[NAME], &forge.build());
    };

    add("as it should be", &p256, &|_| {});
    add("without the two that may be missing", &p256, &|forge| {
        forge.remove(oid::SIGNING_CERTIFICATE_V2);
        forge.remove(oid::ALGORITHM_PROTECTION);
    });
    add("digest with NULL, both", &p256, &|forge| {
        forge.digest_algorithms = vec![algorithm(SHA256, NULL)];
        forge.digest_algorithm = algorithm(SHA256, NULL);
        forge.protect();
    });
    add("digest with NULL, first", &p256, &|forge| {
        forge.digest_algorithms = vec![algorithm(SHA256, NULL)];
    });
    add("digest with NULL, second", &p256, &|forge| {
        forge.digest_algorithm = algorithm(SHA256, NULL);
        forge.protect();
    });
    for (name, digest, oid, number) in [
        ("sha256WithRSAEncryption", MessageDigest::sha256(), SHA256, 11),
        ("sha384WithRSAEncryption", MessageDigest::sha384(), SHA384, 12),
        ("sha512WithRSAEncryption", MessageDigest::sha512(), SHA512, 13),
    ] {
        for (parameters, with) in [(NULL, "with"), (&[][..], "without")] {
            add(&format!("{name} {with} NULL"), &rsa, &|forge| {
                forge.set_digest(digest, oid, &client(&rsa));
                forge.set_signature_algorithm(&pkcs1(number), parameters);
            });
        }
        add(&format!("rsaEncryption for {name}"), &rsa, &|forge| {
            forge.set_digest(digest, oid, &client(&rsa));
        });
    }
    let digests = [
        (MessageDigest::sha256(), SHA256),
        (MessageDigest::sha384(), SHA384),
        (MessageDigest::sha512(), SHA512),
    ];
    for kind in [KeyKind::P256, KeyKind::P384, KeyKind::P521] {
        let world = World::with_key(kind);
        for ((digest, oid), number) in digests.into_iter().zip(2..) {
            for parameters in [NULL, &[]] {
                let name = format!("{kind:?} with ecdsa-with {number}, digest {parameters:?}");
                add(&name, &world, &|forge| {
                    forge.set_digest(digest, oid, &client(&world));
                    forge.digest_algorithms = vec![algorithm(oid, parameters)];
                    forge.digest_algorithm = algorithm(oid, parameters);
                    forge.set_signature_algorithm(&ecdsa_with(number), &[]);
                });
            }
        }
    }
    add("unknown attributes", &p256, &|forge| {
        forge.add(unknown, &[&sequence(&[&integer(&[5]), &octet_string(b"x")])]);
        forge.add(&[0x2a, 3, 4, 6], &[NULL]);
        forge.add(&[0x2a], &[&element(0x0c, &["é".as_bytes()])]);
    });
    for (name, value) in [
        ("a BMPString", element(0x1e, &[&[0, 0x41, 0x20, 0xac]])),
        ("an empty BMPString", element(0x1e, &[])),
        ("a UniversalString", element(0x1c, &[&[0, 0, 0, 0x41]])),
        ("an EXTERNAL in a SEQUENCE", sequence(&[&element(0x28, &[NULL])])),
        ("something of another class", element(0xa8, &[NULL])),
    ] {
        add(&format!("unknown attribute of {name}"), &p256, &|forge| {
            forge.add(unknown, &[&value]);
        });
    }
    add("the oldest", &p256, &|forge| forge.set_time(NOW - 300));
    add("the youngest", &p256, &|forge| forge.set_time(NOW + 30));
    add("root in the value", &p256, &|forge| {
        forge.certificates.as_mut().unwrap().push(der(&p256.root.certificate));
    });
    add("unrelated certificates in the value", &p256, &|forge| {
        let unrelated = Recipe::ca("unrelated").self_signed();
        let certificates = forge.certificates.as_mut().unwrap();
        certificates.push(der(&unrelated.certificate));
    });
    add("client's certificate in the value", &p256, &|forge| {
        forge.certificates.as_mut().unwrap().push(der(&client(&p256)));
    });

    let own = der(&p256.ttrp.certificate);
    let fields = crate::x509::certificate::Certificate::read(&own).unwrap();
    let issuer_serial = sequence(&[&sequence(&[&element(0xa4, &[fields.issuer])]), fields.serial]);
    let (hash, long_hash) =
        (octet_string(&sha256(&own)), octet_string(&openssl::sha::sha512(&own)));
    let id = |certificate: &X509| sequence(&[&octet_string(&sha256(&der(certificate)))]);
    let issuer = id(&p256.intermediate.certificate);
    let root = id(&p256.root.certificate);
    let policies = sequence(&[&sequence(&[&object_identifier(unknown)])]);
    for (name, value) in [
        ("issuerSerial", sequence(&[&sequence(&[&sequence(&[&hash, &issuer_serial])])])),
        ("SHA-256 written out", {
            sequence(&[&sequence(&[&sequence(&[&algorithm(SHA256, &[]), &hash])])])
        }),
        ("SHA-256 with NULL", {
            sequence(&[&sequence(&[&sequence(&[&algorithm(SHA256, NULL), &hash])])])
        }),
        ("SHA-512", {
            sequence(&[&sequence(&[&sequence(&[&algorithm(SHA512, &[]), &long_hash])])])
        }),
        // Whose certificate is not in the value.
        ("the root", sequence(&[&sequence(&[&sequence(&[&hash]), &root])])),
        ("eight certificates", {
            let others = [&issuer[..], &root].concat().repeat(3);
            sequence(&[&sequence(&[&sequence(&[&hash]), &others, &issuer])])
        }),
        ("all of it", {
            let id = sequence(&[&algorithm(SHA512, NULL), &long_hash, &issuer_serial]);
            sequence(&[&sequence(&[&id, &issuer]), &policies])
        }),
    ] {
        add(&format!("signingCertificateV2 with {name}"), &p256, &|forge| {
            forge.set(oid::SIGNING_CERTIFICATE_V2, &[&value]);
        });
    }
}

/// Whatever the two attributes name, OpenSSL takes it too, or we do not.
#[test]
fn no_signing_certificates_that_openssl_refuses() {
    let world = World::new();
    let trust = world.trust();
    let [own, issuer, root, user] = [&world.ttrp, &world.intermediate, &world.root, &world.user]
        .map(|identity| der(&identity.certificate));
    let issuer_serial = |certificate: &[u8]| {
        let fields = crate::x509::certificate::Certificate::read(certificate).unwrap();
        sequence(&[&sequence(&[&element(0xa4, &[fields.issuer])]), fields.serial])
    };
    let id = |digest: MessageDigest, certificate: &[u8], rest: &[u8]| {
        let hash = octet_string(&openssl::hash::hash(digest, certificate).unwrap());
        let named: &[u8] =
            if digest == MessageDigest::sha512() { &algorithm(SHA512, &[]) } else { &[] };
        sequence(&[named, &hash, rest])
    };
    let policy = |qualifiers: &[u8]| sequence(&[&object_identifier(&[0x2a, 3]), qualifiers]);
    let cps = |text: &[u8]| {
        let cps = object_identifier(&[0x2b, 6, 1, 5, 5, 7, 2, 1]);
        sequence(&[&sequence(&[&cps, text])])
    };
    let policies = [
        Vec::new(),
        sequence(&[&policy(&[])]),
        sequence(&[]),
        sequence(&[&policy(&cps(&element(0x16, &[b"https://policy.example"])))]),
        sequence(&[&policy(&cps(&octet_string(b"x")))]),
        sequence(&[&policy(NULL)]),
        sequence(&[NULL]),
        sequence(&[&sequence(&[])]),
    ];
    let (mut both, mut stricter) = (0, 0);
    for (kind, digest) in [
        (oid::SIGNING_CERTIFICATE_V2, MessageDigest::sha256()),
        (SIGNING_CERTIFICATE, MessageDigest::sha1()),
    ] {
        let mut ids = vec![
            id(digest, &own, &[]),
            id(digest, &own, &issuer_serial(&own)),
            id(digest, &own, &issuer_serial(&user)),
            id(digest, &issuer, &[]),
            id(digest, &root, &issuer_serial(&root)),
            id(digest, &root, &issuer_serial(&own)),
            id(digest, &user, &[]),
            id(MessageDigest::sha512(), &own, &[]),
            sequence(&[&octet_string(&[])]),
        ];
        ids.push(id(MessageDigest::sha512(), &issuer, &[]));
        let mut lists = vec![Vec::new()];
        for first in &ids {
            lists.push(first.clone());
            for second in &ids {
                lists.push([&first[..], second].concat());
            }
            for third in &ids {
                lists.push([&ids[0][..], &ids[3], third, first].concat());
            }
        }
        let values = lists.iter().map(|list| sequence(&[&sequence(&[list])]));
        let with_policies =
            policies.iter().map(|policies| sequence(&[&sequence(&[&ids[0]]), policies]));
        for value in values.chain(with_policies) {
            let mut forge = world.forge();
            forge.set(kind, &[&value]);
            let der = forge.build();
            let openssl = openssl_accepts_with(CADES, &der, &[&world.root], &[]);
            match (verify(&trust, &der, None).is_ok(), openssl) {
                (true, true) => both += 1,
                (true, false) => panic!("OpenSSL refuses {value:02x?}"),
                (false, true) => stricter += 1,
                (false, false) => {}
            }
        }
    }
    assert!(both > 30 && stricter == 0, "{both}, {stricter}");
}

/// Whatever an unknown attribute holds, OpenSSL's CMS accepts it too, or we do not.
#[test]
fn no_value_of_an_unknown_attribute_that_openssl_refuses() {
    let world = World::new();
    let trust = world.trust();
    let mut accepted = 0;
    for identifier in 0..=0xff {
        for contents in [
            &[][..],
            &[0],
            &[0xff],
            &[0x41, 0x42],
            &[5, 0],
            &[2, 1, 1],
            &[0, 0, 0, 0x41],
            &[6, 1, 1, 0x81, 1, 7],
            &[6, 1, 1, 0xa0, 2, 5, 0],
            b"2701150800Z",
            b"270115080000",
            b"270115080000Z",
            b"20270115080000",
            b"20270115080000Z",
            b"20270115080000.5Z",
        ] {
            let value = element(identifier, &[contents]);
            let mut forge = world.forge();
            forge.add(&[0x2a, 3, 4, 5], &[&value]);
            let der = forge.build();
            if verify(&trust, &der, None).is_ok() {
                assert!(openssl_accepts(&der, &[&world.root], &[]), "{value:02x?}");
                accepted += 1;
            }
        }
    }
    assert!(accepted > 1000, "{accepted}");
}

#[test]
fn of_other_certificates() {
    let world = World::new();
    let key = || KeyKind::P256.generate();
    let named = || Recipe::new(key(), "ttrp").with(dns(&[NAME]));
    for (name, recipe) in [
        ("no keyUsage", named()),
        ("digitalSignature and more", named().with(key_usage(&[0, 1, 2]))),
        ("serverAuth", named().with(extended_key_usage(&[1]))),
        ("clientAuth", named().with(extended_key_usage(&[2]))),
        ("both and more", named().with(extended_key_usage(&[1, 2, 4]))),
        ("name in capitals", Recipe::new(key(), "ttrp").with(dns(&["TTRP.EXAMPLE"]))),
        ("several names", {
            let names = [
                (1, &b"a@example"[..]),
                (2, b"a.example"),
                (2, b"ttrp.example"),
                (7, &[127, 0, 0, 1]),
            ];
            Recipe::new(key(), "ttrp").with(subject_alt_name(&names))
        }),
        ("explicitly no CA", named().with(extension("2.5.29.19", true, &sequence(&[])))),
        ("unknown extension that is not critical", named().with(extension("1.2.3.4", false, NULL))),
        ("valid until the next second", named().valid(NOW, NOW + 1)),
    ] {
        let ttrp = recipe.issued_by(&world.intermediate);
        let world = World {
            root: world.root.clone(),
            intermediate: world.intermediate.clone(),
            client: world.client.clone(),
            user: world.user.clone(),
            ttrp,
        };
        check(name, &world, &[&world.root], &[NAME], &world.forge().build());
    }

    // By a URI, and by either sort of name.
    let (uri, other) = ("spiffe://example.org/proxy", "https://Proxy.example:443/%7Ea?b=c,d;e");
    let of = |names: &[(u8, &[u8])]| Recipe::new(key(), "ttrp").with(subject_alt_name(names));
    for (name, names, recipe) in [
        ("a URI", &[uri][..], of(&[(6, uri.as_bytes())])),
        ("one of several trusted", &[NAME, other, uri], of(&[(6, uri.as_bytes())])),
        ("another URI", &[uri, other], of(&[(6, other.as_bytes())])),
        ("a URI beside other names", &[uri], {
            of(&[(2, b"a.example"), (6, uri.as_bytes()), (1, b"a@example")])
        }),
        ("a name, and another URI", &[uri, NAME], of(&[(2, NAME.as_bytes()), (6, b"urn:a")])),
        ("a name, and several URIs", &[uri, NAME], {
            of(&[(6, b"urn:a"), (6, b"urn:b"), (2, NAME.as_bytes())])
        }),
    ] {
        let world = World {
            root: world.root.clone(),
            intermediate: world.intermediate.clone(),
            client: world.client.clone(),
            user: world.user.clone(),
            ttrp: recipe.issued_by(&world.intermediate),
        };
        check(name, &world, &[&world.root], names, &world.forge().build());
    }

    // A self-signed one, as openssl req -x509 makes it, which is a CA; and as it is not.
    for (name, recipe, names) in [
        ("self-signed", named(), &[][..]),
        ("self-signed, no extensions", Recipe::new(key(), "ttrp"), &[]),
        ("self-signed CA", named().with(basic_constraints(None)), &[NAME]),
    ] {
        let ttrp = recipe.self_signed();
        let world = World { ttrp, ..World::new() };
        let value = Forge::new(&world.ttrp, &[], &world.client.certificate).build();
        check(name, &world, &[&world.ttrp], names, &value);
    }

    // A client of any kind.
    for (name, recipe) in [
        ("weak", Recipe::new(KeyKind::Rsa(1024).generate(), "weak")),
        ("Ed448", Recipe::new(KeyKind::Ed448.generate(), "Ed448")),
        ("CA", Recipe::ca("client")),
        ("SHA-1", Recipe::new(key(), "SHA-1").digest(MessageDigest::sha1())),
        ("of long ago and for long", Recipe::new(key(), "old").valid(0, 253_402_300_799)),
        ("unknown critical extension", {
            Recipe::new(key(), "unknown").with(extension("1.2.3.4", true, NULL))
        }),
        ("UTF-8", Recipe::new(key(), "Zoë Ångström")),
    ] {
        let world = World { client: recipe.self_signed(), ..World::new() };
        check(name, &world, &[&world.root], &[NAME], &world.forge().build());
    }
}
