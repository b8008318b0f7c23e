// SPDX-License-Identifier: Apache-2.0

//! Values that were changed at random after they were signed.

use proptest::prelude::*;

use super::{pki::der, *};

/// A value of each kind of key, with what is needed to verify it, made once.
fn signed() -> &'static [(World, Trust, Vec<u8>)] {
    static SIGNED: std::sync::OnceLock<Vec<(World, Trust, Vec<u8>)>> = std::sync::OnceLock::new();
    SIGNED.get_or_init(|| {
        [KeyKind::P256, KeyKind::Rsa(2048), KeyKind::Ed25519]
            .map(|kind| {
                let world = World::with_key(kind);
                let (trust, value) = (world.trust(), world.forge().build());
                (world, trust, value)
            })
            .into()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn one_octet_changed(kind in 0..3_usize, at: prop::sample::Index, change in 1..=255_u8) {
        let (_, trust, value) = &signed()[kind];
        let mut changed = value.clone();
        changed[at.index(value.len())] ^= change;
        prop_assert!(verify(trust, &changed, None).is_err());
    }

    #[test]
    fn octets_taken_out_or_put_in(
        kind in 0..3_usize,
        at: prop::sample::Index,
        length in 0..20_usize,
        put_in in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let (_, trust, value) = &signed()[kind];
        let at = at.index(value.len());
        let mut changed = value.clone();
        changed.splice(at..value.len().min(at + length), put_in);
        prop_assume!(changed != *value);
        prop_assert!(verify(trust, &changed, None).is_err());
    }

    #[test]
    fn one_character_changed(kind in 0..3_usize, at: prop::sample::Index, character: u8) {
        let (_, trust, value) = &signed()[kind];
        let value = SignedFormat::Cms.encode(value).into_bytes();
        let mut changed = value.clone();
        changed[at.index(value.len())] = character;
        prop_assume!(changed != value);
        prop_assert!(verify_value(trust, &changed, None).is_err());
    }

    #[test]
    fn anything_at_all(value: Vec<u8>) {
        let (_, trust, _) = &signed()[0];
        prop_assert!(verify(trust, &value, None).is_err());
        prop_assert!(verify_value(trust, &value, None).is_err());
    }
}

#[test]
fn each_bit_changed() {
    let (_, trust, value) = &signed()[0];
    for at in 0..value.len() {
        for bit in 0..8 {
            let mut changed = value.clone();
            changed[at] ^= 1 << bit;
            assert!(verify(trust, &changed, None).is_err(), "bit {bit} of octet {at}");
        }
    }
}

/// There the copy of the signer's certificate in the value is not needed: with another name it is
/// an unrelated one's, of which there may be any. Nothing else may change.
#[test]
fn each_octet_changed_on_the_strong_path() {
    let (world, trust, value) = &signed()[0];
    let ttrp = der(&world.ttrp.certificate);
    let copy = value.windows(ttrp.len()).position(|octets| octets == ttrp).unwrap();
    let copy = copy..copy + ttrp.len();
    for at in 0..value.len() {
        let mut changed = value.clone();
        changed[at] ^= 1;
        if let Ok(accepted) = verify(trust, &changed, Some(&world.ttrp.certificate)) {
            assert!(copy.contains(&at), "octet {at}");
            assert_eq!(accepted.client().leaf(), der(&world.client.certificate));
            assert_eq!(der(accepted.signer()), ttrp);
        }
    }
}
