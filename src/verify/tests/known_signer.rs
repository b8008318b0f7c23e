// SPDX-License-Identifier: Apache-2.0

//! Signers whose paths are remembered: each for what it was verified for, and no longer than it
//! stands.

use std::{
    collections::HashMap,
    sync::{Barrier, Mutex},
    thread,
};

use super::{forge::*, pki::*, *};

use Refusal::*;

fn state_of(bytes: usize) -> VerifierState {
    VerifierState { paths: SignerPaths::new(bytes) }
}

/// A world, whom to trust in it, and the verifier's state.
struct Bench {
    world: World,
    anchors: Arc<TrustAnchors>,
    names: Mutex<HashMap<String, Arc<TrustNames>>>,
    state: VerifierState,
}

impl Bench {
    fn new() -> Self {
        Self::of(World::new())
    }

    fn of(world: World) -> Self {
        let anchors = std::slice::from_ref(&world.root.certificate);
        let anchors = Arc::new(TrustAnchors::new(anchors).unwrap());
        Self { world, anchors, names: Mutex::default(), state: state_of(1 << 20) }
    }

    /// With the same anchors each time, and the same names where they are the same.
    fn trust(&self, names: &[&str], crls: Option<&Arc<Crls>>) -> Trust {
        let made = || {
            let names: Vec<&[u8]> = names.iter().map(|name| name.as_bytes()).collect();
            Arc::new(TrustNames::new(&names).unwrap())
        };
        let mut all = self.names.lock().unwrap();
        let names = Arc::clone(all.entry(names.join(" ")).or_insert_with(made));
        Trust::new(Arc::clone(&self.anchors), Some(names), crls.cloned())
    }

    fn verify_as(
        &self,
        trust: &Trust,
        forge: &Forge,
        now: i64,
        peer: Option<&Identity>,
    ) -> Result<(), Rejection> {
        let value = SignedFormat::Cms.encode(&forge.build());
        let peer = peer.map(|peer| Client::new(&peer.certificate, &[]).unwrap());
        let (format, value, peer) = (SignedFormat::Cms, value.as_bytes(), peer.as_ref());
        trust
            .verify_with(&self.state, format, value, now, FRESHNESS, peer)
            .map(|accepted| {
                assert_eq!(der(accepted.signer()), der(&self.world.ttrp.certificate));
            })
            .map_err(|failure| failure.rejection())
    }

    fn verify(&self, forge: &Forge, now: i64) -> Result<(), Rejection> {
        self.verify_as(&self.trust(&[NAME], None), forge, now, None)
    }

    /// How many paths are remembered.
    fn count(&self) -> usize {
        self.state.paths.len()
    }
}

fn refused(refusal: Refusal) -> Result<(), Rejection> {
    Err(refusal.into())
}

/// A certificate that is on no path.
fn unrelated(name: &str) -> Vec<u8> {
    der(&Recipe::ca(name).self_signed().certificate)
}

#[test]
fn for_other_clients_and_times() {
    let bench = Bench::new();
    let mut forge = bench.world.forge();
    assert_eq!(bench.verify(&forge, NOW), Ok(()));
    let path = bench.state.paths.first();
    forge.set_content(&der(&bench.world.user.certificate));
    assert_eq!(bench.verify(&forge, NOW), Ok(()));
    forge.set_time(NOW + 1);
    assert_eq!(bench.verify(&forge, NOW + 1), Ok(()));
    assert_eq!(bench.count(), 1);
    assert!(Arc::ptr_eq(&path, &bench.state.paths.first()));
}

/// A panic under the lock leaves the entries whole, and they are used on.
#[test]
fn after_a_panic() {
    let bench = Bench::new();
    let forge = bench.world.forge();
    assert_eq!(bench.verify(&forge, NOW), Ok(()));
    let path = bench.state.paths.first();
    bench.state.paths.poison();
    assert_eq!(bench.verify(&forge, NOW), Ok(()));
    assert!(Arc::ptr_eq(&path, &bench.state.paths.first()), "found");
    let bench = Bench { state: state_of(1 << 20), ..bench };
    bench.state.paths.poison();
    assert_eq!(bench.verify(&forge, NOW), Ok(()));
    assert_eq!(bench.count(), 1, "remembered");
}

#[test]
fn not_for_other_certificates() {
    let bench = Bench::new();
    let forge = bench.world.forge();
    assert_eq!(bench.verify(&forge, NOW), Ok(()));
    let with = |certificates| Forge { certificates, ..forge.clone() };
    let own = der(&bench.world.ttrp.certificate);
    assert_eq!(bench.verify(&with(Some(vec![own])), NOW), refused(SignerUntrusted));
    assert_eq!(bench.verify(&with(None), NOW), refused(SignerUnknown));
    assert_eq!(bench.count(), 1);
    let mut more = forge.certificates.clone().unwrap();
    more.push(unrelated("unrelated"));
    let path = bench.state.paths.first();
    assert_eq!(bench.verify(&with(Some(more.clone())), NOW), Ok(()));
    more.reverse();
    assert_eq!(bench.verify(&with(Some(more)), NOW), Ok(()));
    assert_eq!(bench.count(), 1, "a signer has one place");
    assert!(Arc::ptr_eq(&path, &bench.state.paths.first()), "no path is verified again");
}

#[test]
fn not_for_another_signer_of_the_same_certificates() {
    let bench = Bench::new();
    let World { user, .. } = &bench.world;
    let mut forge = bench.world.forge();
    forge.certificates.as_mut().unwrap().push(der(&user.certificate));
    assert_eq!(bench.verify(&forge, NOW), Ok(()));
    let certificates = forge.certificates;
    let by_user = Forge { certificates, ..bench.world.forge_by(user) };
    assert_eq!(bench.verify(&by_user, NOW), refused(SignerName));
}

#[test]
fn not_for_another_peer() {
    let bench = Bench::new();
    let World { ttrp, user, .. } = &bench.world;
    let trust = bench.trust(&[NAME], None);
    let forge = bench.world.forge();
    let verify = |forge, peer| bench.verify_as(&trust, forge, NOW, peer);
    assert_eq!(verify(&forge, Some(ttrp)), Ok(()));
    assert_eq!(verify(&forge, Some(user)), refused(SignerNotPeer));
    assert_eq!(bench.count(), 1);
    assert_eq!(verify(&forge, None), Ok(()));
    assert_eq!(bench.count(), 2, "from any peer is another key");
    assert_eq!(verify(&forge, Some(user)), refused(SignerNotPeer));

    // Whose certificate came with the connection alone.
    let world = World { root: bench.world.intermediate.clone(), ..World::new() };
    let world = World { ttrp: ttrp.clone(), ..world };
    let bench = Bench::of(world);
    let trust = bench.trust(&[NAME], None);
    let forge = Forge { certificates: None, ..bench.world.forge() };
    assert_eq!(bench.verify_as(&trust, &forge, NOW, Some(ttrp)), Ok(()));
    assert_eq!(bench.verify_as(&trust, &forge, NOW, None), refused(SignerUnknown));
    assert_eq!(bench.count(), 1);
}

#[test]
fn not_for_other_trust() {
    let bench = Bench::new();
    let World { root, intermediate, ttrp, .. } = &bench.world;
    let forge = bench.world.forge();
    assert_eq!(bench.verify(&forge, NOW), Ok(()));
    let verify = |trust: &Trust| bench.verify_as(trust, &forge, NOW, None);

    assert_eq!(verify(&World::new().trust()), refused(SignerUntrusted), "anchors");
    assert_eq!(verify(&bench.trust(&["other.example"], None)), refused(SignerName));
    assert_eq!(verify(&bench.trust(&[], None)), refused(SignerName));
    let crls = |crl: CrlRecipe| {
        let crls = vec![CrlRecipe::new().issued_by(root), crl.issued_by(intermediate)];
        Arc::new(Crls::new(crls).unwrap())
    };
    let revoked = crls(CrlRecipe::new().revoking(&ttrp.certificate));
    assert_eq!(verify(&bench.trust(&[NAME], Some(&revoked))), refused(SignerRevoked));
    assert_eq!(bench.count(), 1);

    let good = crls(CrlRecipe::new());
    for (trust, count) in [
        (bench.trust(&[NAME], Some(&good)), 2),
        (bench.trust(&[NAME], Some(&crls(CrlRecipe::new()))), 3),
        (bench.trust(&[NAME, "other.example"], None), 4),
        // The same anchors, read again.
        (super::trust(&[root], &[NAME], None), 5),
        (bench.trust(&[NAME], Some(&good)), 5),
    ] {
        assert_eq!(verify(&trust), Ok(()));
        assert_eq!(bench.count(), count);
    }
    assert_eq!(verify(&bench.trust(&[NAME], Some(&revoked))), refused(SignerRevoked));
}

#[test]
fn not_past_any_not_after_nor_before_it_was_verified() {
    let (short, long) = ((NOW - 5, NOW + 10), (NOW - 1000, NOW + 1000));
    for (signer, issuer, root, after, before) in [
        (short, long, long, SignerExpired, SignerNotYetValid),
        (long, short, long, ChainOutsideValidity, ChainOutsideValidity),
        (long, long, short, ChainOutsideValidity, ChainOutsideValidity),
    ] {
        let root = Recipe::ca("root").valid(root.0, root.1).self_signed();
        let intermediate = Recipe::ca("issuer").valid(issuer.0, issuer.1).issued_by(&root);
        let ttrp = Recipe::ttrp(KeyKind::P256).valid(signer.0, signer.1).issued_by(&intermediate);
        let world = World { root, intermediate, ttrp, ..World::new() };
        let bench = Bench::of(world);
        let mut forge = bench.world.forge();
        let mut verify = |now| {
            forge.set_time(now);
            bench.verify(&forge, now)
        };
        assert_eq!(verify(NOW), Ok(()));
        let path = bench.state.paths.first();
        assert_eq!(path.end, NOW + 10);
        assert_eq!(verify(NOW + 9), Ok(()));
        assert!(Arc::ptr_eq(&path, &bench.state.paths.first()));
        assert_eq!(verify(NOW + 10), refused(after));
        // The clock is put back.
        assert_eq!(verify(NOW - 6), refused(before));
        assert_eq!(verify(NOW - 5), Ok(()));
        assert!(!Arc::ptr_eq(&path, &bench.state.paths.first()), "verified again");
        assert_eq!(bench.count(), 1);
    }
}

#[test]
fn not_past_a_change_of_any_crl() {
    let bench = Bench::new();
    let World { root, intermediate, ttrp, .. } = &bench.world;
    let revoking = || CrlRecipe::new().revoking(&ttrp.certificate);
    for (crls, expected) in [
        // One begins, which revokes; the newer one counts.
        (
            vec![
                CrlRecipe::new().issued_by(root),
                CrlRecipe::new().issued_by(intermediate),
                revoking().valid(NOW + 10, Some(NOW + 1000)).issued_by(intermediate),
            ],
            SignerRevoked,
        ),
        // One ends: of the signer's issuer, and of the root.
        (
            vec![
                CrlRecipe::new().issued_by(root),
                CrlRecipe::new().valid(NOW - 9, Some(NOW + 10)).issued_by(intermediate),
            ],
            CrlOutOfDate,
        ),
        (
            vec![
                CrlRecipe::new().valid(NOW - 9, Some(NOW + 10)).issued_by(root),
                CrlRecipe::new().issued_by(intermediate),
            ],
            CrlOutOfDate,
        ),
    ] {
        let trust = bench.trust(&[NAME], Some(&Arc::new(Crls::new(crls).unwrap())));
        let mut forge = bench.world.forge();
        let mut verify = |now| {
            forge.set_time(now);
            bench.verify_as(&trust, &forge, now, None)
        };
        assert_eq!(verify(NOW), Ok(()));
        let count = bench.count();
        assert_eq!(verify(NOW + 9), Ok(()));
        assert_eq!(bench.count(), count);
        assert_eq!(verify(NOW + 10), refused(expected));
    }
}

/// No path is remembered for a value that its signer did not sign, and a remembered path makes no
/// such value acceptable.
#[test]
fn only_with_a_value_that_is_accepted() {
    let bench = Bench::new();
    let World { user, root, .. } = &bench.world;
    let forge = bench.world.forge();
    let mut bad = Vec::new();
    bad.push((BadSignature, Forge { key: user.key.clone(), ..forge.clone() }));
    for (expected, time) in [(Stale, NOW - 301), (FromTheFuture, NOW + 31)] {
        let mut forge = forge.clone();
        forge.set_time(time);
        bad.push((expected, forge));
    }
    let expired = Recipe::new(KeyKind::P256.generate(), "client").valid(NOW - 9, NOW);
    let mut of_expired = forge.clone();
    of_expired.set_content(&der(&expired.issued_by(root).certificate));
    bad.push((CertificateExpired, of_expired));
    let content = Some(octet_string(&der(&user.certificate)));
    bad.push((DigestMismatch, Forge { content, ..forge.clone() }));
    let mut of_another = forge.clone();
    let id = sequence(&[&octet_string(&[7; 32])]);
    of_another.set(crate::cms::oid::SIGNING_CERTIFICATE_V2, &[&sequence(&[&sequence(&[&id])])]);
    bad.push((SigningCertificateMismatch, of_another));
    let mut mismatched = forge.clone();
    mismatched.set_signature_algorithm(&pkcs1(11), NULL);
    bad.push((AlgorithmMismatch, mismatched));

    for count in [0, 1] {
        for (expected, forge) in &bad {
            assert_eq!(bench.verify(forge, NOW), refused(*expected));
            assert_eq!(bench.count(), count);
        }
        assert_eq!(bench.verify(&forge, NOW), Ok(()));
        assert_eq!(bench.count(), 1);
    }
    let mut malformed = forge.clone();
    malformed.set_content(b"no certificate");
    assert_eq!(bench.verify(&malformed, NOW), Err(MalformedValue::Content.into()));
}

#[test]
fn bounded() {
    let bench = Bench::new();
    let trust = bench.trust(&[NAME], None);
    let forge_by = |issuer: &Identity| {
        let signer = Recipe::ttrp(KeyKind::P256).issued_by(issuer);
        let chain: &[&Identity] = &[&bench.world.intermediate];
        Forge::new(&signer, chain, &bench.world.client.certificate)
    };
    let values: Vec<String> = (0..140)
        .map(|_| SignedFormat::Cms.encode(&forge_by(&bench.world.intermediate).build()))
        .collect();
    for (bytes, expected) in [(0, 0), (16 << 10, 0), (64 << 10, 3), (1 << 30, 128)] {
        let state = state_of(bytes);
        for value in &values {
            let value = value.as_bytes();
            trust.verify_with(&state, SignedFormat::Cms, value, NOW, FRESHNESS, None).unwrap();
            assert!(state.paths.len() <= expected);
        }
        assert_eq!(state.paths.len(), expected, "{bytes}");
    }

    // What does not fit displaces no entry.
    let state = state_of(24 << 10);
    let names: Vec<String> =
        (0..50).map(|number| format!("{}.{number}", "a".repeat(200))).collect();
    let names: Vec<&str> = names.iter().map(|name| &**name).collect();
    let large = Recipe::ca("large").with(dns(&names)).self_signed();
    let mut forge_of_large = forge_by(&bench.world.intermediate);
    forge_of_large.certificates.as_mut().unwrap().push(der(&large.certificate));
    let large = SignedFormat::Cms.encode(&forge_of_large.build());
    for value in [&values[0], &large] {
        let value = value.as_bytes();
        trust.verify_with(&state, SignedFormat::Cms, value, NOW, FRESHNESS, None).unwrap();
        assert_eq!(state.paths.len(), 1);
    }
}

#[test]
fn burst() {
    let bench = Bench::new();
    let trust = bench.trust(&[NAME], None);
    let barrier = Barrier::new(16);
    thread::scope(|scope| {
        for number in 0..16 {
            let (bench, trust, barrier) = (&bench, &trust, &barrier);
            scope.spawn(move || {
                let client = Recipe::new(KeyKind::P256.generate(), &number.to_string());
                let mut forge = bench.world.forge();
                forge.set_content(&der(&client.self_signed().certificate));
                let bad = Forge { key: bench.world.user.key.clone(), ..forge.clone() };
                barrier.wait();
                for step in 0..20 {
                    assert_eq!(bench.verify_as(trust, &forge, NOW + step % 3, None), Ok(()));
                    let found = bench.verify_as(trust, &bad, NOW, None);
                    assert_eq!(found, refused(BadSignature));
                }
            });
        }
    });
    assert_eq!(bench.count(), 1);
}
