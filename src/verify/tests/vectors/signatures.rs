// SPDX-License-Identifier: Apache-2.0

//! Keys, algorithms and signatures.

use openssl::{
    bn::BigNum,
    ecdsa::EcdsaSig,
    hash::MessageDigest,
    pkey::PKey,
    rsa::{Padding, Rsa},
    sign::{RsaPssSaltlen, Signer},
};

use super::{
    der::{changed, element_at},
    section::*,
    signed_data::attributes_of,
    *,
};
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
    rsa_keys(world, maker);
    ecdsa(world, maker);
    mismatches(world, maker);
}

/// The certificate with an RSA key of these numbers in place of its own, by an issuer on P-256.
fn with_rsa_key(made: &Identity, issuer: &Identity, modulus: &[u8], exponent: &[u8]) -> Identity {
    let numbers = sequence(&[&integer(modulus), &integer(exponent)]);
    let bits = element(tag::BIT_STRING, &[&[0], &numbers]);
    let key = sequence(&[&algorithm(RSA, NULL), &bits]);
    let certificate = changed(&der(&made.certificate), &[0, 6], &|_, _| key.clone());
    let to_be_signed = element_at(&certificate, &[0]);
    let mut signer = Signer::new(MessageDigest::sha256(), &issuer.key).unwrap();
    let signature = signer.sign_oneshot_to_vec(&to_be_signed).unwrap();
    let signature = element(tag::BIT_STRING, &[&[0], &signature]);
    let certificate = sequence(&[&to_be_signed, &algorithm(&ecdsa_with(2), &[]), &signature]);
    Identity { key: made.key.clone(), certificate: X509::from_der(&certificate).unwrap() }
}

/// Keys with numbers out of range: who has chosen them can make others sign for them, or makes a
/// verifier work.
fn rsa_keys(world: &World, maker: &mut Maker) {
    let client = der(&world.client.certificate);
    for (name, description, exponent) in [
        ("rsa-exponent-3", "The smallest exponent that is taken.", 3),
        ("rsa-exponent-of-32-bits", "An exponent of 32 bits.", 0xffff_fffb),
    ] {
        let exponent = BigNum::from_u32(exponent).unwrap();
        let key = PKey::from_rsa(Rsa::generate_with_e(2048, &exponent).unwrap()).unwrap();
        let ttrp = Recipe { key, ..Recipe::ttrp(KeyKind::P256) }.issued_by(&world.intermediate);
        let forge = world.forge_by(&ttrp);
        let case = Case::signed(world, name, description, SIGNER, &forge).peer(&ttrp);
        let (signer, signing_time) = (&ttrp.certificate, Some(NOW));
        maker.add(case, Outcome::Accepted { client: &client, signer, signing_time });
    }

    let made = server(world, KeyKind::Rsa(2048));
    let positive = |octets: Vec<u8>| [&[0][..], &octets].concat();
    let modulus = positive(made.key.rsa().unwrap().n().to_vec());
    let mut even = modulus.clone();
    *even.last_mut().unwrap() &= 0xfe;
    let large = |octets: usize| [&[0][..], &vec![0xc5; octets]].concat();
    let usual = [1, 0, 1];
    type Key<'a> = (&'a str, &'a str, &'a [u8], &'a [u8], &'static str);
    let keys: &[Key<'_>] = &[
        ("exponent-0", "The exponent is 0.", &modulus, &[0], "signer-key-unsupported"),
        ("exponent-1", "The exponent is 1.", &modulus, &[1], "signer-key-unsupported"),
        ("exponent-2", "The exponent is 2.", &modulus, &[2], "signer-key-unsupported"),
        (
            "exponent-even",
            "The exponent is 65,536.",
            &modulus,
            &[1, 0, 0],
            "signer-key-unsupported",
        ),
        ("exponent-negative", "The exponent is -3.", &modulus, &[0xfd], "signer-key-unsupported"),
        (
            "exponent-of-33-bits",
            "The exponent is 2^32 + 1.",
            &modulus,
            &[1, 0, 0, 0, 1],
            "signer-key-unsupported",
        ),
        (
            "exponent-of-2048-bits",
            "The exponent is as long as the modulus.",
            &modulus,
            &modulus,
            "signer-key-unsupported",
        ),
        ("modulus-even", "The modulus is even.", &even, &usual, "bad-signature"),
        (
            "modulus-negative",
            "The modulus is negative: the zero octet in front is missing.",
            &modulus[1..],
            &usual,
            "signer-key-unsupported",
        ),
        ("modulus-0", "The modulus is 0.", &[0], &usual, "signer-key-unsupported"),
        (
            "modulus-of-2047-bits",
            "The modulus is a bit too short.",
            &[&[0x7f][..], &[0xc5; 255]].concat(),
            &usual,
            "signer-key-too-small",
        ),
        (
            "modulus-of-8193-bits",
            "The modulus is a bit too long.",
            &[&[1][..], &[0xc5; 1024]].concat(),
            &usual,
            "signer-key-unsupported",
        ),
        (
            "modulus-of-16384-bits",
            "The modulus has 16,384 bits.",
            &large(2048),
            &usual,
            "signer-key-unsupported",
        ),
    ];
    for (name, description, modulus, exponent, reason) in keys {
        let name = format!("rsa-{name}");
        let signer = with_rsa_key(&made, &world.intermediate, modulus, exponent);
        let forge = world.forge_by(&signer);
        let by_anchor = Case::signed(world, &name, description, SIGNER, &forge).peer(&signer);
        maker.bad(by_anchor, reason);
        let name = format!("{name}-without-peer");
        let no_peer = Case::signed(world, &name, description, SIGNER, &forge).no_peer();
        maker.bad(no_peer, reason);
    }
    // With the exponent 1 a signature is what is signed, padded: anyone can write it.
    let signer = with_rsa_key(&made, &world.intermediate, &modulus, &[1]);
    let forge = world.forge_by(&signer);
    let digest = octet_string(&sha256(&attributes_of(&forge)));
    let info = sequence(&[&algorithm(SHA256, NULL), &digest]);
    let padding = vec![0xff; 256 - 3 - info.len()];
    let padded = [&[0, 1], &padding[..], &[0], &info].concat();
    let value = with_signature(&forge, &padded);
    let description = "The exponent is 1, and the signature is good by it.";
    let case = Case::of(world, "rsa-exponent-1-forged", description, SIGNER, value);
    maker.bad(case.peer(&signer), "signer-key-unsupported");

    let ca = Recipe::new(made.key.clone(), "intermediate")
        .with(basic_constraints(None))
        .with(key_usage(&[5, 6]))
        .issued_by(&world.root);
    for (name, description, modulus, exponent, reason) in [
        (
            "issuer-rsa-exponent-1",
            "The exponent of the issuer's key is 1.",
            &modulus,
            &[1][..],
            "certificate-key-unsupported",
        ),
        (
            "issuer-rsa-modulus-even",
            "The modulus of the issuer's key is even.",
            &even,
            &usual,
            "signer-untrusted",
        ),
        (
            "issuer-rsa-modulus-of-16384-bits",
            "The modulus of the issuer's key has 16,384 bits.",
            &large(2048),
            &usual,
            "certificate-key-unsupported",
        ),
    ] {
        let issuer = with_rsa_key(&ca, &world.root, modulus, exponent);
        let signer = Recipe::ttrp(KeyKind::P256).issued_by(&issuer);
        let forge = Forge::new(&signer, &[&issuer], &world.client.certificate);
        let case = Case::signed(world, name, description, ENVELOPE, &forge).peer(&signer);
        maker.bad(case, reason);
    }
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
