// SPDX-License-Identifier: Apache-2.0

//! Values that are made to take long. What they would have OpenSSL do is not done.

use openssl::{pkey::PKey, rsa::Rsa};

use super::{forge::*, pki::*, *};
use crate::verify::issuers::keys_decoded;

use Refusal::*;

/// A key of 3072 bits with an exponent as long.
pub(super) fn rsa_with_long_exponent() -> PKey<openssl::pkey::Private> {
    let key = Rsa::generate(3072).unwrap();
    let number = |number: &openssl::bn::BigNumRef| number.to_owned().unwrap();
    let (p, q) = (number(key.p().unwrap()), number(key.q().unwrap()));
    // What is public and what is private change places.
    let exchanged = Rsa::from_private_components(
        number(key.n()),
        number(key.d()),
        number(key.e()),
        p,
        q,
        number(key.dmp1().unwrap()),
        number(key.dmq1().unwrap()),
        number(key.iqmp().unwrap()),
    );
    PKey::from_rsa(exchanged.unwrap()).unwrap()
}

/// With every way to trust a signer.
fn ways(world: &World) -> [(&'static str, Trust, Option<&X509>); 4] {
    let World { root, intermediate, ttrp, .. } = world;
    let crls = [CrlRecipe::new().issued_by(root), CrlRecipe::new().issued_by(intermediate)];
    [
        ("a CA", world.trust(), None),
        ("a CA, with CRLs", trust(&[root], &[NAME], Some(&crls)), None),
        ("a pin", trust(&[ttrp], &[], None), None),
        ("the TLS peer", world.trust(), Some(&ttrp.certificate)),
    ]
}

#[test]
fn keys_beside_the_signer_s() {
    let world = World::new();
    let mut cases = Cases::default();
    let kinds = [
        ("RSA-PSS", KeyKind::RsaPss.generate(), CertificateKeyUnsupported),
        ("a curve spelled out", KeyKind::P256Explicit.generate(), CertificateKeyUnsupported),
        ("another curve", KeyKind::Secp256k1.generate(), CertificateKeyUnsupported),
        ("Ed448", KeyKind::Ed448.generate(), CertificateKeyUnsupported),
        ("DSA", KeyKind::Dsa.generate(), CertificateKeyUnsupported),
        ("a long exponent", rsa_with_long_exponent(), CertificateKeyUnsupported),
        ("RSA of 1024 bits", KeyKind::Rsa(1024).generate(), ChainWeak),
    ];
    for (way, trust, peer) in &ways(&world) {
        for (name, key, expected) in &kinds {
            let other = Recipe::new(key.clone(), "other").issued_by(&world.root);
            let mut forge = world.forge();
            forge.certificates.as_mut().unwrap().push(der(&other.certificate));
            let before = keys_decoded();
            let found = verify(trust, &forge.build(), *peer);
            assert_eq!(keys_decoded(), before, "{way}: {name}");
            cases.add(&format!("{way}: {name}"), *expected, found);
        }
    }
    cases.check(28);
}

/// The client's key is not read.
#[test]
fn the_client_s_key_is_never_decoded() {
    let world = World::new();
    for key in [KeyKind::P256Explicit.generate(), rsa_with_long_exponent()] {
        let client = Recipe::new(key, "client").issued_by(&world.intermediate);
        let world = World { client, ..World::new() };
        for (way, trust, peer) in &ways(&world) {
            let accepted = verify(trust, &world.forge().build(), *peer).unwrap();
            assert!(accepted.keyless_certificate().public_key().is_err(), "{way}");
        }
    }
}

/// Who has no certificate of the CA can name it, and its CAs, as issuers.
#[test]
fn keys_of_a_path_that_is_made_up() {
    let world = World::new();
    let World { intermediate, .. } = &world;
    let fake_root = Recipe::ca("root").self_signed();
    let fake_intermediate = Recipe::ca("intermediate").issued_by(&fake_root);
    let below = |issuer: &Identity| Recipe::ttrp(KeyKind::P256).issued_by(issuer);
    let long_exponent = Recipe { key: rsa_with_long_exponent(), ..Recipe::ca("root") };
    let others = || (0..5).map(|_| Recipe::ca("intermediate").issued_by(&fake_root));
    let mut cases = Cases::default();
    for (name, decoded, signer, chain) in [
        ("alone, below the anchor", 0, below(&fake_root), vec![]),
        ("below a CA that is", 1, below(&fake_intermediate), vec![intermediate.clone()]),
        ("below a CA that is none", 0, below(&fake_intermediate), vec![fake_intermediate.clone()]),
        ("the anchor's name again", 0, below(&fake_root), vec![fake_root.clone()]),
        (
            "seven that may all be its issuer",
            0,
            below(&fake_intermediate),
            others().chain([fake_intermediate.clone()]).collect(),
        ),
    ] {
        let chain: Vec<&Identity> = chain.iter().collect();
        let value = Forge::new(&signer, &chain, &world.client.certificate).build();
        let before = keys_decoded();
        let found = verify(&world.trust(), &value, None);
        // The tests' verify() does so with signers that are known, and without.
        assert_eq!(keys_decoded() - before, 2 * decoded, "{name}");
        cases.add(name, SignerUntrusted, found);
    }
    // A CRL of the anchor's name would be verified with this one's key.
    let fake = long_exponent.self_signed();
    let crls = [CrlRecipe::new().issued_by(&world.root)];
    let signer = below(&fake);
    let value = Forge::new(&signer, &[&fake], &world.client.certificate).build();
    let with_crls = trust(&[&world.root], &[NAME], Some(&crls));
    cases.add("with CRLs", CertificateKeyUnsupported, verify(&with_crls, &value, None));
    cases.check(6);
}

/// A value that its signer did not sign, or too long ago, is refused before a key is decoded.
#[test]
fn what_needs_no_certificate_comes_first() {
    let world = World::new();
    let forge = world.forge();
    let mut stale = forge.clone();
    stale.set_time(NOW - 301);
    let content = Some(octet_string(&der(&world.user.certificate)));
    for (name, expected, forge, peer) in [
        ("stale", Stale, stale, None),
        ("another content", DigestMismatch, Forge { content, ..forge.clone() }, None),
        (
            "the signature of the peer",
            BadSignature,
            { Forge { key: world.user.key.clone(), ..forge } },
            Some(&world.ttrp.certificate),
        ),
    ] {
        let before = keys_decoded();
        let found = verify(&world.trust(), &forge.build(), peer);
        assert_eq!(keys_decoded(), before, "{name}");
        assert_eq!(found.unwrap_err().rejection(), expected.into(), "{name}");
    }
}

/// What OpenSSL would read of a client's certificate, who sends it chooses. It is read once there is
/// a path, and a key once it is proven.
#[test]
fn what_is_for_a_trusted_signer_comes_last() {
    let world = World::new();
    let World { root, intermediate, ttrp, user, .. } = &world;
    let elsewhere = World::new();
    let fakes: Vec<Identity> =
        (0..6).map(|_| Recipe::ca("intermediate").issued_by(&elsewhere.root)).collect();
    let fakes: Vec<&Identity> = fakes.iter().collect();
    let unreadable = Recipe::new(KeyKind::P256.generate(), "ttrp").with(key_usage(&[0]));
    let unreadable = unreadable.with(extension("2.5.29.17", false, NULL));
    let unreadable = unreadable.issued_by(&elsewhere.root);
    let crls = [CrlRecipe::new().issued_by(root), CrlRecipe::new().issued_by(intermediate)];
    let mut cases = Cases::default();
    for (way, trust) in [
        ("a CA", world.trust()),
        ("a CA, with CRLs", trust(&[root], &[NAME], Some(&crls))),
        ("a pin", trust(&[ttrp], &[], None)),
    ] {
        let own = |signer: &Identity, chain: &[&Identity]| {
            let mut forge = Forge::new(signer, chain, &world.client.certificate);
            forge.set_content(b"no certificate");
            forge.build()
        };
        for (name, signer, peer, chain) in [
            ("made up", &elsewhere.ttrp, None, &[][..]),
            ("made up, with issuers", &elsewhere.ttrp, None, &fakes),
            ("made up, with names that cannot be read", &unreadable, None, &[]),
            ("another CA's, and the TLS peer", &elsewhere.ttrp, Some(&elsewhere.ttrp), &[]),
            ("the same, with issuers", &elsewhere.ttrp, Some(&elsewhere.ttrp), &fakes),
        ] {
            let before = keys_decoded();
            let peer = peer.map(|peer| &peer.certificate);
            let found = verify(&trust, &own(signer, chain), peer);
            assert_eq!(keys_decoded(), before, "{way}: {name}");
            cases.add(&format!("{way}: {name}"), SignerUntrusted, found);
        }
        let trusted = verify(&trust, &own(ttrp, &[intermediate]), None);
        cases.add(&format!("{way}: trusted"), MalformedValue::Content, trusted);
        let user = verify(&trust, &own(user, &[intermediate]), None);
        let expected = if way == "a pin" { SignerUntrusted } else { SignerName };
        cases.add(&format!("{way}: a user"), expected, user);
    }
    cases.check(21);
}
