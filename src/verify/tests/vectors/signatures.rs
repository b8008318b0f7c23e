// SPDX-License-Identifier: Apache-2.0

//! Keys, algorithms and signatures.

use openssl::{
    ecdsa::EcdsaSig,
    hash::MessageDigest,
    pkey::PKey,
    rsa::Padding,
    sign::{RsaPssSaltlen, Signer},
};

use super::{section::*, signed_data::attributes_of, *};
use crate::asn1::der::{element, tag};

/// A server with this key, in the place of the world's.
fn server(world: &World, kind: KeyKind) -> Identity {
    Recipe::ttrp(kind).issued_by(&world.intermediate)
}

pub(super) fn add(world: &World, maker: &mut Maker) {
    let client = der(&world.client.certificate);
    for (name, kind) in [
        ("rsa-2048", KeyKind::Rsa(2048)),
        ("rsa-4096", KeyKind::Rsa(4096)),
        ("p256", KeyKind::P256),
        ("p384", KeyKind::P384),
        ("p521", KeyKind::P521),
        ("ed25519", KeyKind::Ed25519),
    ] {
        let ttrp = server(world, kind);
        let forge = world.forge_by(&ttrp);
        let bare = Forge { certificates: None, ..forge.clone() };
        for (suffix, description, forge, case) in [
            ("by-anchor", "The signer leads to a CA.", &forge, None),
            ("by-pin", "The signer's certificate is pinned.", &forge, Some(true)),
            (
                "by-pin-without-certificates",
                "It is pinned, and not in the value.",
                &bare,
                Some(true),
            ),
            ("by-anchor-without-peer", "Where the peer does not matter.", &forge, Some(false)),
        ] {
            let name = format!("{name}-{suffix}");
            let made = Case::signed(world, &name, description, PRODUCING, forge).peer(&ttrp);
            let made = match case {
                None => made,
                Some(true) => made.pinned(&ttrp),
                Some(false) => made.no_peer(),
            };
            let (signer, signing_time) = (&ttrp.certificate, Some(NOW));
            maker.add(made, Outcome::Accepted { client: &client, signer, signing_time });
        }
        let name = format!("{name}-forged");
        let forged = Forge {
            tamper: |mut signature| {
                *signature.last_mut().unwrap() ^= 1;
                signature
            },
            ..forge
        };
        let case =
            Case::signed(world, &name, "A bit of the signature changed.", SIGNATURE, &forged);
        maker.bad(case.peer(&ttrp), "bad-signature");
    }

    for (name, kind, reason) in [
        ("rsa-1024", KeyKind::Rsa(1024), "signer-key-too-small"),
        ("rsa-pss-key", KeyKind::RsaPss, "signer-key-unsupported"),
        ("p256-explicit", KeyKind::P256Explicit, "signer-key-unsupported"),
        ("secp256k1", KeyKind::Secp256k1, "signer-key-unsupported"),
        ("ed448", KeyKind::Ed448, "signer-key-unsupported"),
    ] {
        let ttrp = server(world, kind);
        let forge = world.forge_by(&ttrp);
        let description = "A key that the profile does not have.";
        let by_anchor = Case::signed(world, name, description, SIGNER, &forge).peer(&ttrp);
        maker.bad(by_anchor, reason);
        let name = format!("{name}-by-pin");
        let by_pin = Case::signed(world, &name, description, SIGNER, &forge).peer(&ttrp);
        maker.bad(by_pin.pinned(&ttrp), reason);
    }
    rsa(world, maker);
    ecdsa(world, maker);
    mismatches(world, maker);
}

/// A value whose last octets, the signature, are others of the same length.
fn with_signature(forge: &Forge, signature: &[u8]) -> String {
    let mut value = forge.build();
    let at = value.len() - signature.len();
    value[at..].copy_from_slice(signature);
    base64(&value)
}

fn rsa(world: &World, maker: &mut Maker) {
    let ttrp = server(world, KeyKind::Rsa(2048));
    let client = der(&world.client.certificate);
    for (name, digest, digest_oid, number) in [
        ("rsa-with-sha256-identifier", MessageDigest::sha256(), SHA256, 11),
        ("rsa-with-sha384-identifier", MessageDigest::sha384(), SHA384, 12),
        ("rsa-with-sha512-identifier", MessageDigest::sha512(), SHA512, 13),
    ] {
        let mut forge = world.forge_by(&ttrp);
        forge.set_digest(digest, digest_oid, &world.client.certificate);
        forge.set_signature_algorithm(&pkcs1(number), NULL);
        let description = "The identifier of the signature names the digest (RFC 4055 section 5).";
        let case = Case::signed(world, name, description, SIGNATURE, &forge).peer(&ttrp);
        let (signer, signing_time) = (&ttrp.certificate, Some(NOW));
        maker.add(case, Outcome::Accepted { client: &client, signer, signing_time });
    }

    let forge = world.forge_by(&ttrp);
    let signed = attributes_of(&forge);
    let pss = {
        let mut signer = Signer::new(MessageDigest::sha256(), &ttrp.key).unwrap();
        signer.set_rsa_padding(Padding::PKCS1_PSS).unwrap();
        signer.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH).unwrap();
        signer.sign_oneshot_to_vec(&signed).unwrap()
    };
    let padded = |octets: &[u8]| {
        let key = ttrp.key.rsa().unwrap();
        let mut signature = vec![0; 256];
        key.private_encrypt(octets, &mut signature, Padding::PKCS1).unwrap();
        signature
    };
    let info =
        |oid: &[u8], digest: &[u8]| sequence(&[&algorithm(oid, NULL), &octet_string(digest)]);
    let digest = sha256(&signed);
    for (name, description, signature) in [
        ("rsa-padding-pss", "The padding of RSASSA-PSS under rsaEncryption.", pss),
        ("rsa-without-digest-info", "PKCS #1 padding around the bare digest.", padded(&digest)),
        (
            "rsa-digest-info-of-sha1",
            "A DigestInfo that names SHA-1.",
            padded(&info(SHA1, &openssl::sha::sha1(&signed))),
        ),
        ("rsa-digest-info-with-trailing", "Octets after the DigestInfo.", {
            padded(&[&info(SHA256, &digest)[..], &[0; 16]].concat())
        }),
    ] {
        let value = with_signature(&forge, &signature);
        maker
            .bad(Case::of(world, name, description, SIGNATURE, value).peer(&ttrp), "bad-signature");
    }
}

fn ecdsa(world: &World, maker: &mut Maker) {
    type Tamper = fn(Vec<u8>) -> Vec<u8>;
    let tampers: [(&str, &str, Tamper); 7] = [
        ("signature-empty", "No octets in the signature.", |_| Vec::new()),
        ("signature-of-zeros", "r and s are 0.", |_| vec![0x30, 6, 2, 1, 0, 2, 1, 0]),
        ("signature-cut-off", "The signature without its last octet.", |mut signature| {
            signature.pop();
            signature
        }),
        ("signature-with-trailing-zero", "A zero octet after the signature.", |signature| {
            [&signature[..], &[0]].concat()
        }),
        (
            "signature-in-ber",
            "A length of the signature in two octets where one does.",
            |signature| [&[0x30, 0x81, signature[1]], &signature[2..]].concat(),
        ),
        ("signature-as-ieee-p1363", "r and s side by side, without DER.", |signature| {
            let signature = EcdsaSig::from_der(&signature).unwrap();
            let number = |number: &openssl::bn::BigNumRef| number.to_vec_padded(32).unwrap();
            [number(signature.r()), number(signature.s())].concat()
        }),
        ("signature-with-r-and-s-swapped", "s before r.", |signature| {
            let signature = EcdsaSig::from_der(&signature).unwrap();
            let number = |number: &openssl::bn::BigNumRef| number.to_owned().unwrap();
            let (r, s) = (number(signature.r()), number(signature.s()));
            EcdsaSig::from_private_components(s, r).unwrap().to_der().unwrap()
        }),
    ];
    for (name, description, tamper) in tampers {
        let forge = Forge { tamper, ..world.forge() };
        maker.bad(Case::signed(world, name, description, SIGNATURE, &forge), "bad-signature");
    }
    let by = |key: &PKey<_>| Forge { key: key.clone(), ..world.forge() };
    for (name, description, forge) in [
        (
            "signature-of-another-key",
            "The signer's certificate, and a user's key.",
            by(&world.user.key),
        ),
        (
            "signature-of-the-client",
            "The signer's certificate, and the client's own key.",
            by(&world.client.key),
        ),
        ("signature-over-the-content", "The signature is over the content, not the attributes.", {
            Forge { signed_instead: Some(der(&world.client.certificate)), ..world.forge() }
        }),
        (
            "signature-over-the-implicit-tag",
            "The signature is over the attributes with the tag [0] (RFC 5652 section 5.4).",
            {
                let mut signed = attributes_of(&world.forge());
                signed[0] = tag::CONTEXT_0;
                Forge { signed_instead: Some(signed), ..world.forge() }
            },
        ),
        (
            "signature-of-an-earlier-value",
            "An earlier value's signature, with the time made new.",
            {
                let mut forge = world.forge();
                forge.set_time(NOW - 3600);
                forge.signed_instead = Some(attributes_of(&forge));
                forge.set_time(NOW);
                forge
            },
        ),
    ] {
        maker.bad(Case::signed(world, name, description, SIGNATURE, &forge), "bad-signature");
    }
}

fn mismatches(world: &World, maker: &mut Maker) {
    let (sha256, sha512) = (MessageDigest::sha256(), MessageDigest::sha512());
    for (name, kind, digest, digest_oid, signature, parameters) in [
        ("ed25519-with-sha256", KeyKind::Ed25519, sha256, SHA256, ED25519, &[][..]),
        (
            "p256-digest-unlike-the-signature",
            KeyKind::P256,
            sha512,
            SHA512,
            &ecdsa_with(2)[..],
            &[],
        ),
        ("rsa-digest-unlike-the-signature", KeyKind::Rsa(2048), sha512, SHA512, &pkcs1(11), NULL),
        ("p256-as-rsa", KeyKind::P256, sha256, SHA256, RSA, NULL),
        ("rsa-as-ecdsa", KeyKind::Rsa(2048), sha256, SHA256, &ecdsa_with(2), &[]),
        ("ed25519-as-ecdsa", KeyKind::Ed25519, sha512, SHA512, &ecdsa_with(4), &[]),
    ] {
        let ttrp = server(world, kind);
        let mut forge = world.forge_by(&ttrp);
        forge.set_digest(digest, digest_oid, &world.client.certificate);
        forge.set_signature_algorithm(signature, parameters);
        let description = "Digest, signature algorithm and key do not go together.";
        let case = Case::signed(world, name, description, SIGNATURE, &forge).peer(&ttrp);
        maker.bad(case, "algorithm-mismatch");
    }
    let null = element(tag::NULL, &[]);
    let mut forge = world.forge();
    forge.set_signature_algorithm(&ecdsa_with(2), &null);
    let case = Case::signed(
        world,
        "ecdsa-with-null",
        "Parameters of ecdsa-with-SHA256 (RFC 5754 section 3.3 has none).",
        ENVELOPE,
        &forge,
    );
    maker.bad(case, "value-signature-algorithm");
}
