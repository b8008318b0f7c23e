// SPDX-License-Identifier: Apache-2.0

//! What is told of trust that is of no use. What is warned of is refused, too.

use super::{pki::*, *};
use crate::{
    asn1::time::Utc,
    sign::signer::{Signer, SignerCerts},
    testing::Leaf,
};

const DAY: i64 = 86_400;

/// The warnings of an anchor, and whether a value of the certificate that leads to it is accepted.
fn of_anchor(
    anchor: &Identity,
    signer: &Identity,
    intermediates: &[&X509],
) -> (Vec<Box<str>>, bool) {
    let anchors = TrustAnchors::new(std::slice::from_ref(&anchor.certificate)).unwrap();
    let warnings = anchors.warnings(NOW);
    let names = TrustNames::new(&[NAME.as_bytes()]).unwrap();
    let trust = Trust::new(Arc::new(anchors), Some(Arc::new(names)), None);
    let untrusted: Vec<_> = intermediates.iter().map(|one| &***one).collect();
    (warnings, trust.check(&signer.certificate, &untrusted, NOW).is_ok())
}

#[test]
fn anchors() {
    let pin = |kind| Recipe::ttrp(kind);
    let expired = |recipe: Recipe| recipe.valid(NOW - DAY, NOW);
    let future = |recipe: Recipe| recipe.valid(NOW + 1, NOW + DAY);
    let p256 = || pin(KeyKind::P256);
    for (name, anchor, expected) in [
        ("a pin", p256().self_signed(), None),
        ("a CA", Recipe::ca("root").self_signed(), None),
        (
            "an expired pin",
            expired(p256()).self_signed(),
            Some(format!("expired (notAfter {})", Utc(NOW))),
        ),
        ("an expired CA", expired(Recipe::ca("root")).self_signed(), {
            Some(format!("expired (notAfter {})", Utc(NOW)))
        }),
        ("a pin of tomorrow", future(p256()).self_signed(), {
            Some(format!("not valid yet (notBefore {})", Utc(NOW + 1)))
        }),
        ("a CA of tomorrow", future(Recipe::ca("root")).self_signed(), {
            Some(format!("not valid yet (notBefore {})", Utc(NOW + 1)))
        }),
        (
            "a pin for e-mail",
            Recipe::new(KeyKind::P256.generate(), NAME)
                .with(extended_key_usage(&[4]))
                .self_signed(),
            Some("not for digital signatures".to_owned()),
        ),
        (
            "a weak pin",
            pin(KeyKind::Rsa(1024)).self_signed(),
            Some("below security level 2".to_owned()),
        ),
        (
            "a pin with a key that cannot sign",
            pin(KeyKind::Ed448).self_signed(),
            Some("not supported".to_owned()),
        ),
    ] {
        let leaf = Recipe::ttrp(KeyKind::P256).issued_by(&anchor);
        let is_ca = name.contains("CA");
        let signer = if is_ca { &leaf } else { &anchor };
        let (warnings, accepted) = of_anchor(&anchor, signer, &[]);
        match expected {
            None => {
                assert!(warnings.is_empty(), "{name}: {warnings:?}");
                assert!(accepted, "{name}");
            }
            Some(expected) => {
                let [warning] = &warnings[..] else { panic!("{name}: {warnings:?}") };
                assert!(warning.starts_with("certificate \"CN="), "{name}: {warning}");
                assert!(warning.contains(&expected), "{name}: {warning}");
                // Its key is looked at by those who verify a value.
                assert!(!accepted || name.contains("key"), "{name}");
            }
        }
    }
}

#[test]
fn name_in_a_warning_is_printable_and_bounded() {
    for subject in ["line\nfeed \"quoted\"", "Zoë", &"x".repeat(64)] {
        let anchor = Recipe::ca(subject).valid(NOW - DAY, NOW).self_signed();
        let anchors = TrustAnchors::new(&[anchor.certificate]).unwrap();
        let [warning] = &anchors.warnings(NOW)[..] else { panic!() };
        assert!(warning.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{warning}");
        assert!(warning.len() < 300 && warning.contains("expired"), "{warning}");
    }
}

#[test]
fn crls() {
    let (root, other) = (Recipe::ca("root").self_signed(), Recipe::ca("other").self_signed());
    let crl = |ca, from, until| CrlRecipe::new().valid(NOW + from, Some(NOW + until)).issued_by(ca);
    let good = |ca| crl(ca, -DAY, DAY);
    let old = |ca| crl(ca, -2 * DAY, -DAY);
    let new = |ca| crl(ca, DAY, 2 * DAY);
    let expired = |time| format!("expired (nextUpdate {})", Utc(NOW + time));
    for (name, crls, expected) in [
        ("good", vec![good(&root)], vec![]),
        ("until now", vec![crl(&root, -DAY, 0)], vec![expired(0)]),
        ("from now on", vec![crl(&root, 0, DAY)], vec![]),
        ("old", vec![old(&root)], vec![expired(-DAY)]),
        ("of tomorrow", vec![new(&root)], {
            vec![format!("not valid yet (thisUpdate {})", Utc(NOW + DAY))]
        }),
        ("old beside a good one", vec![old(&root), good(&root), new(&root)], vec![]),
        ("two old ones", vec![crl(&root, -9 * DAY, -8 * DAY), old(&root)], vec![expired(-DAY)]),
        ("another's is good", vec![old(&root), good(&other)], vec![expired(-DAY)]),
        ("old, of two", vec![old(&root), old(&other)], vec![expired(-DAY), expired(-DAY)]),
    ] {
        let warnings = Crls::new(crls).unwrap().warnings(NOW);
        assert_eq!(warnings.len(), expected.len(), "{name}: {warnings:?}");
        for (warning, expected) in warnings.iter().zip(expected) {
            assert!(warning.starts_with("CRL of \"CN="), "{name}: {warning}");
            assert!(warning.contains(&expected), "{name}: {warning}");
        }
    }
}

#[test]
fn crls_that_concern_the_anchors() {
    let world = World::new();
    let crl = |ca| CrlRecipe::new().issued_by(ca);
    let other = Recipe::ca("other").self_signed();
    // As OpenSSL compares names: without case.
    let shouting = Recipe::ca("ROOT").self_signed();
    for (name, anchors, crls, expected) in [
        ("the root's", vec![&world.root], vec![crl(&world.root)], true),
        ("the intermediate's alone", vec![&world.root], vec![crl(&world.intermediate)], false),
        ("both", vec![&world.root], vec![crl(&world.intermediate), crl(&world.root)], true),
        ("another's", vec![&world.root], vec![crl(&other)], false),
        ("one of two anchors", vec![&other, &world.root], vec![crl(&world.root)], true),
        ("in capitals", vec![&world.root], vec![crl(&shouting)], true),
        ("a pin", vec![&world.ttrp], vec![crl(&world.root)], false),
    ] {
        let anchors: Vec<_> = anchors.iter().map(|one| one.certificate.clone()).collect();
        let anchors = TrustAnchors::new(&anchors).unwrap();
        assert_eq!(Crls::new(crls).unwrap().concern(&anchors), expected, "{name}");
    }
}

#[test]
fn signers() {
    let root = Leaf::ca("root").self_signed();
    let upper = Leaf::ca("upper").valid(NOW - DAY, NOW).issued_by(&root);
    let lower = Leaf::ca("lower").issued_by(&upper);
    for (from, until, expected) in [
        (-DAY, DAY, vec![(2, "expired (notAfter")]),
        (-DAY, 0, vec![(0, "expired (notAfter"), (2, "expired (notAfter")]),
        (1, DAY, vec![(0, "not valid yet (notBefore"), (2, "expired (notAfter")]),
    ] {
        let leaf = Leaf::new(KeyKind::P256).valid(NOW + from, NOW + until).issued_by(&lower);
        let candidates = [&*lower.certificate, &*upper.certificate];
        let signer = Signer::new(&leaf.certificate, &leaf.key, &candidates).unwrap();
        let warnings = signer.warnings(NOW);
        assert_eq!(warnings.len(), expected.len(), "{warnings:?}");
        for ((number, warning), (expected_number, expected)) in warnings.iter().zip(expected) {
            assert_eq!(*number, expected_number);
            assert!(warning.contains(expected), "{warning}");
        }
        let client = Client::new(&leaf.certificate, &[]).unwrap();
        let signed = signer.sign(SignerCerts::Chain, &client, NOW).is_ok();
        assert_eq!(signed, warnings.iter().all(|(number, _)| *number != 0));
    }
}
