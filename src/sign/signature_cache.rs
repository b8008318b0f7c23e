// SPDX-License-Identifier: Apache-2.0

//! Signed values to use again.

use std::{
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use quick_cache::{Weighter, sync::EntryAction};

use crate::{
    client::Client,
    error::Error,
    format::signed::SignedFormat,
    last_used::{Signature, SignedAt, Text},
    openssl_ext::leaving_errors_if,
    sign::signer::{Signer, SignerCerts},
    single_flight::{Table, get_or_compute, table},
};

/// What a value takes besides its characters: the places of key and reference in the cache's table,
/// and what the allocator adds. Up to a third of the table's places are unused, and it has as many
/// ghost entries again. Measured in tests/signature_cache_memory.rs.
const OVERHEAD: u64 = 320;

/// One byte in so many is lost between the values, which lie among the short-lived pieces of
/// handshakes in the memory of a server. Measured by `./run bench memory`.
const LOST: u64 = 8;

/// The length of a usual value, which tells the table how many there will be.
const USUAL_LENGTH: usize = 2048;

pub use crate::last_used::SharedValue;

/// A failed renewal is reported to one caller in so many seconds.
const TELL_EVERY: i64 = 60;

/// Signed values to use again, bounded in memory.
pub struct SignatureCache {
    /// None when nothing is remembered.
    values: Option<Table<Key, Entry, Weight>>,
    told: Told,
}

/// When a failed renewal was last reported, in Unix seconds.
struct Told(AtomicI64);

/// A value, and whether it was signed for another call.
#[derive(Debug)]
pub struct Signed {
    /// The value.
    pub value: Arc<SharedValue>,
    /// Whether it was signed before, or for another thread.
    pub reused: bool,
    /// Why it could not be renewed, in good time. To one caller in `TELL_EVERY` seconds.
    pub not_renewed: Option<NotRenewed>,
}

/// Why a value could not be renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotRenewed {
    /// It could not be signed.
    Error(Error),
    /// To sign it ended in a panic.
    Panic,
}

/// All that a value depends on, but for the time.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    client: [u8; 32],
    signature: Signature,
}

#[derive(Clone, Debug)]
struct Entry {
    value: Text,
    signed_at: SignedAt,
    /// A thread is renewing it.
    renewing: bool,
}

#[derive(Clone)]
struct Weight;

impl Weighter<Key, Entry> for Weight {
    fn weight(&self, _: &Key, entry: &Entry) -> u64 {
        let length = u64::try_from(entry.value.len()).unwrap_or(u64::MAX);
        length.saturating_add(length / LOST).saturating_add(OVERHEAD)
    }
}

impl Told {
    const NEVER: i64 = i64::MIN;

    /// Whether the caller is to be told at `now`. Also where the clock was put back.
    fn is_due(&self, now: i64) -> bool {
        let told = |last| {
            let is_due =
                last == Self::NEVER || now < last || now.saturating_sub(last) >= TELL_EVERY;
            is_due.then_some(now)
        };
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, told).is_ok()
    }
}

impl Signed {
    fn new(value: Text, reused: bool) -> Self {
        Self { value: SharedValue::new(value), reused, not_renewed: None }
    }
}

impl SignatureCache {
    /// Makes a cache that uses so many bytes of memory at most; with 0 it remembers nothing.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        let values = table(bytes, bytes.div_ceil(USUAL_LENGTH), Weight);
        Self { values, told: Told(AtomicI64::new(Told::NEVER)) }
    }

    /// As [`Signer::sign_value`]; but a value is used again that was signed less
    /// than `lifetime` seconds before, and not after `now`. Of several threads that need the same
    /// value one signs, and the others wait for it; or, while there is one that may still be used,
    /// use that.
    ///
    /// # Errors
    ///
    /// As [`Signer::sign_value`], OpenSSL's reasons included; an error is not remembered. Where a
    /// value could not be renewed that may still be used, that is no error; OpenSSL's reasons are
    /// left only with [`Signed::not_renewed`].
    pub fn sign(
        &self,
        signer: &Signer,
        certs: SignerCerts,
        client: &Client,
        format: SignedFormat,
        now: i64,
        lifetime: u32,
    ) -> Result<Signed, Error> {
        // Both validities at `now`, so what is used again is within them too.
        signer.check_validity(now)?;
        client.check_validity(now)?;
        let sign = || -> Result<Entry, Error> {
            let mut value = signer.sign_value(certs, client, format, now)?;
            value.push('\0');
            Ok(Entry { value: value.into(), signed_at: SignedAt(now), renewing: false })
        };
        let Some(values) = self.values.as_ref().filter(|_| lifetime > 0) else {
            return Ok(Signed::new(sign()?.value, false));
        };

        let signature = Signature { signer: *signer.fingerprint(), certs, format };
        if let Some(value) = client.last_used().get(&signature, now, lifetime) {
            return Ok(Signed { value, reused: true, not_renewed: None });
        }
        look_up(values, &self.told, signature, client, now, lifetime, sign)
    }
}

/// The value from the table, or a new one. Apart, to keep what most requests run through short.
#[inline(never)]
fn look_up(
    values: &Table<Key, Entry, Weight>,
    told: &Told,
    signature: Signature,
    client: &Client,
    now: i64,
    lifetime: u32,
    sign: impl FnOnce() -> Result<Entry, Error>,
) -> Result<Signed, Error> {
    let key = Key { client: *client.id(), signature };
    if let Some(entry) = values.get(&key).filter(|entry| entry.signed_at.is_fresh(now, lifetime)) {
        if entry.signed_at.is_due(now, lifetime) {
            return Ok(renew(values, told, &key, &entry, now, sign));
        }
        let value = client.last_used().replace(signature, entry.signed_at, entry.value);
        return Ok(Signed { value, reused: true, not_renewed: None });
    }
    let (entry, reused) =
        get_or_compute(values, &key, |entry| entry.signed_at.is_fresh(now, lifetime), sign)?;
    Ok(Signed::new(entry.value, reused))
}

/// The value to use in the last part of its lifetime. Of several threads one signs the next. Where
/// that fails, the result says why, and OpenSSL's reasons are left, if it is time to tell.
fn renew(
    values: &Table<Key, Entry, Weight>,
    told: &Told,
    key: &Key,
    entry: &Entry,
    now: i64,
    sign: impl FnOnce() -> Result<Entry, Error>,
) -> Signed {
    let at_hand = || Signed::new(Arc::clone(&entry.value), true);
    if entry.renewing || !claim(values, key, entry) {
        return at_hand();
    }
    let tells_error = |signed: &Signed| matches!(signed.not_renewed, Some(NotRenewed::Error(_)));
    leaving_errors_if(tells_error, || {
        // The value at hand is good whether or not there will be another, and whatever became of
        // that. Unwind safe: what `sign` leaves behind is complete, as everywhere.
        let why = match catch_unwind(AssertUnwindSafe(sign)) {
            Ok(Ok(next)) => {
                let value = Arc::clone(&next.value);
                // Not stored if the entry was evicted meanwhile.
                let _ = values.replace(key.clone(), next, true);
                return Signed::new(value, false);
            }
            Ok(Err(error)) => NotRenewed::Error(error),
            Err(_) => NotRenewed::Panic,
        };
        release(values, key, entry);
        Signed { not_renewed: told.is_due(now).then_some(why), ..at_hand() }
    })
}

/// Whether the renewal of this entry falls to the caller.
fn claim(values: &Table<Key, Entry, Weight>, key: &Key, entry: &Entry) -> bool {
    let mut claimed = false;
    change(values, key, entry, |entry| claimed = !mem::replace(&mut entry.renewing, true));
    claimed
}

/// Leaves the renewal to the next caller.
fn release(values: &Table<Key, Entry, Weight>, key: &Key, entry: &Entry) {
    change(values, key, entry, |entry| entry.renewing = false);
}

/// Changes an entry in its place, if it is still there.
fn change(
    values: &Table<Key, Entry, Weight>,
    key: &Key,
    entry: &Entry,
    change: impl FnOnce(&mut Entry),
) {
    // Without a wait for a value that is being signed, which is another one.
    values.entry(key, Some(Duration::ZERO), |_, found| {
        if Arc::ptr_eq(&found.value, &entry.value) {
            change(found);
        }
        EntryAction::Retain(())
    });
}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, sync::Barrier, thread};

    use super::*;
    use crate::testing::{Identity, KeyKind, Leaf, NOW};

    const SIZE: usize = 1 << 20;

    fn identity() -> Identity {
        Leaf::new(KeyKind::P256).self_signed()
    }

    fn signer_of(identity: &Identity, chain: &[&Identity]) -> Signer {
        let chain: Vec<_> = chain.iter().map(|identity| &*identity.certificate).collect();
        Signer::new(&identity.certificate, &identity.key, &chain).unwrap()
    }

    fn client() -> Client {
        Client::new(&identity().certificate, &[]).unwrap()
    }

    impl Signed {
        fn value(&self) -> &str {
            self.value.value()
        }

        fn reused(&self) -> bool {
            self.reused
        }
    }

    /// A cache with one signer and one client.
    struct Bench {
        cache: SignatureCache,
        signer: Signer,
        client: Client,
    }

    impl Bench {
        fn new(bytes: usize) -> Self {
            let signer = signer_of(&identity(), &[]);
            Self { cache: SignatureCache::new(bytes), signer, client: client() }
        }

        /// Of what is signed.
        fn key(&self) -> Key {
            let signature = Signature {
                signer: *self.signer.fingerprint(),
                certs: SignerCerts::Chain,
                format: SignedFormat::Cms,
            };
            Key { client: *self.client.id(), signature }
        }

        fn sign(&self, now: i64, lifetime: u32) -> Signed {
            self.cache
                .sign(
                    &self.signer,
                    SignerCerts::Chain,
                    &self.client,
                    SignedFormat::Cms,
                    now,
                    lifetime,
                )
                .unwrap()
        }
    }

    #[test]
    fn used_again_within_the_lifetime() {
        let bench = Bench::new(SIZE);
        let first = bench.sign(NOW, 60);
        assert!(!first.reused());
        for now in [NOW, NOW + 1, NOW + 52] {
            let again = bench.sign(now, 60);
            assert!(again.reused() && again.value() == first.value(), "{now}");
        }
        let renewed = bench.sign(NOW + 60, 60);
        assert!(!renewed.reused() && renewed.value() != first.value());
        assert!(bench.sign(NOW + 112, 60).reused());
    }

    #[test]
    fn lifetime_is_each_call_s_own() {
        let bench = Bench::new(SIZE);
        assert!(!bench.sign(NOW, 60).reused());
        assert!(!bench.sign(NOW + 10, 10).reused());
        assert!(bench.sign(NOW + 18, 10).reused());
        assert!(bench.sign(NOW + 69, u32::MAX).reused());
    }

    #[test]
    fn renewed_in_good_time() {
        let bench = Bench::new(SIZE);
        let first = bench.sign(NOW, 80);
        assert!(bench.sign(NOW + 69, 80).reused());
        let renewed = bench.sign(NOW + 70, 80);
        assert!(!renewed.reused() && renewed.value() != first.value());
        let again = bench.sign(NOW + 70, 80);
        assert!(again.reused() && again.value() == renewed.value());
        assert!(bench.sign(NOW + 139, 80).reused());
        // Seven seconds have no eighth.
        let bench = Bench::new(SIZE);
        assert!(!bench.sign(NOW, 7).reused());
        assert!(bench.sign(NOW + 6, 7).reused());
        assert!(!bench.sign(NOW + 7, 7).reused());
    }

    #[test]
    fn one_renews_and_no_other_waits() {
        let bench = Bench::new(SIZE);
        let first = bench.sign(NOW, 80);
        let key = bench.key();
        let values = bench.cache.values.as_ref().unwrap();
        let entry = values.get(&key).unwrap();
        // As though another thread were at it.
        assert!(claim(values, &key, &entry) && !claim(values, &key, &entry));
        for now in [NOW + 70, NOW + 79] {
            let meanwhile = bench.sign(now, 80);
            assert!(meanwhile.reused() && meanwhile.value() == first.value());
        }
        // And as though it had failed.
        release(values, &key, &entry);
        assert!(!bench.sign(NOW + 79, 80).reused());
        // What is there now is not what was to be renewed.
        assert!(!claim(values, &key, &entry));
    }

    #[test]
    fn told_once_a_minute() {
        let told = Told(AtomicI64::new(Told::NEVER));
        for (now, expected) in [
            (NOW, true),
            (NOW, false),
            (NOW + 59, false),
            (NOW + 60, true),
            (NOW + 119, false),
            // The clock is put back.
            (NOW, true),
            (NOW + 1, false),
            (i64::MAX, true),
        ] {
            assert_eq!(told.is_due(now), expected, "{}", now - NOW);
        }
    }

    /// OpenSSL's reasons are left only for the caller to whom the failure is reported.
    #[test]
    fn reasons_of_a_renewal_that_fails() {
        let bench = Bench::new(SIZE);
        bench.sign(NOW, 80);
        let values = bench.cache.values.as_ref().unwrap();
        let key = bench.key();
        let told = Told(AtomicI64::new(Told::NEVER));
        for tell in [true, false] {
            let entry = values.get(&key).unwrap();
            let signed = renew(values, &told, &key, &entry, NOW, || {
                openssl::md::Md::fetch(None, "none", None).err().unwrap().put();
                Err(Error::SigningFailed)
            });
            assert_eq!(signed.not_renewed.is_some(), tell);
            assert_eq!(openssl::error::ErrorStack::get().errors().is_empty(), !tell);
        }
    }

    /// A failed renewal prevents neither the use of the value that is still good, nor the next
    /// renewal.
    #[test]
    fn a_renewal_that_fails_is_given_up() {
        let bench = Bench::new(SIZE);
        let first = bench.sign(NOW, 80);
        let values = bench.cache.values.as_ref().unwrap();
        let key = bench.key();
        let fail: [fn() -> Result<Entry, Error>; 2] =
            [|| Err(Error::SigningFailed), || panic!("injected")];
        let why = [NotRenewed::Error(Error::SigningFailed), NotRenewed::Panic];
        for (fail, why) in fail.into_iter().zip(why) {
            let told = Told(AtomicI64::new(Told::NEVER));
            for tell in [true, false] {
                let entry = values.get(&key).unwrap();
                let signed = renew(values, &told, &key, &entry, NOW, fail);
                assert!(signed.reused() && signed.value() == first.value());
                assert_eq!(signed.not_renewed, tell.then_some(why));
                assert!(!values.get(&key).unwrap().renewing);
            }
        }
        let renewed = bench.sign(NOW + 70, 80);
        assert!(!renewed.reused() && renewed.value() != first.value());
    }

    /// A panic under the lock leaves what the client keeps whole, and it is used on.
    #[test]
    fn last_used_after_a_panic() {
        let bench = Bench::new(SIZE);
        let signature = bench.key().signature;
        let last_used = bench.client.last_used();
        last_used.poison(signature.format);
        let value = bench.sign(NOW, 80).value().to_owned();
        assert!(bench.sign(NOW, 80).reused());
        assert_eq!(last_used.get(&signature, NOW, 80).unwrap().value(), value);
    }

    #[test]
    fn last_used_no_longer_than_any() {
        let bench = Bench::new(SIZE);
        for (now, lifetime, reused) in [
            (NOW, 80, false),
            (NOW, 80, true),
            (NOW + 69, 80, true),
            (NOW + 40, 40, false),
            (NOW + 40, 80, true),
            (NOW + 40, 0, false),
            (NOW - 1, 80, false),
        ] {
            assert_eq!(bench.sign(now, lifetime).reused(), reused, "{} {lifetime}", now - NOW);
        }
        // Whichever thread renews it, all others use the new value.
        let bench = Bench::new(SIZE);
        let other = Client::new(bench.client.certificate().unwrap(), &[]).unwrap();
        let first = bench.sign(NOW, 80);
        assert_eq!(bench.sign(NOW, 80).value(), first.value());
        let renewed = Bench { client: other, ..bench };
        let next = renewed.sign(NOW + 70, 80);
        assert!(!next.reused() && next.value() != first.value());
        assert_eq!(renewed.sign(NOW + 71, 80).value(), next.value());
    }

    #[test]
    fn never_used_again() {
        let bench = Bench::new(SIZE);
        assert!(!bench.sign(NOW, 0).reused() && !bench.sign(NOW, 0).reused(), "lifetime 0");
        assert!(!bench.sign(NOW, 60).reused());
        assert!(!bench.sign(NOW, 0).reused(), "lifetime 0 beside a remembered one");
        assert!(!bench.sign(NOW - 1, 60).reused(), "clock put back");
        let bench = Bench::new(0);
        assert!(!bench.sign(NOW, 60).reused() && !bench.sign(NOW, 60).reused(), "no memory");
    }

    #[test]
    fn any_size_will_do() {
        for bytes in [1, 1 << 40, usize::MAX] {
            let bench = Bench::new(bytes);
            assert!(!bench.sign(NOW, 60).reused());
            assert_eq!(bench.sign(NOW, 60).reused(), bytes > 1, "{bytes}");
        }
    }

    #[test]
    fn not_past_either_not_after() {
        let lifetime = 1_000_000;
        let cache = SignatureCache::new(SIZE);
        let (long, short) =
            (identity(), Leaf::new(KeyKind::P256).valid(NOW, NOW + 10).self_signed());
        let client_of = |identity: &Identity| Client::new(&identity.certificate, &[]).unwrap();
        for (signer, client, expected) in
            [(&long, &short, Error::CertificateExpired), (&short, &long, Error::SignerExpired)]
        {
            let (signer, client) = (signer_of(signer, &[]), client_of(client));
            let sign = |now| {
                let (certs, format) = (SignerCerts::None, SignedFormat::CmsSf);
                cache.sign(&signer, certs, &client, format, now, lifetime)
            };
            assert!(!sign(NOW).unwrap().reused());
            assert!(sign(NOW + 9).unwrap().reused());
            assert_eq!(sign(NOW + 10).err(), Some(expected));
        }
    }

    #[test]
    fn each_combination_is_its_own() {
        let cache = SignatureCache::new(SIZE);
        let root = Leaf::ca("root").self_signed();
        let intermediate = Leaf::ca("intermediate").issued_by(&root);
        let leaf = Leaf::new(KeyKind::P256).issued_by(&intermediate);
        let signers = [
            signer_of(&leaf, &[]),
            signer_of(&leaf, &[&intermediate]),
            signer_of(&identity(), &[]),
        ];
        let clients = [client(), client()];
        let mut values = HashSet::new();
        for expected in [false, true, true] {
            for signer in &signers {
                for client in &clients {
                    for certs in [SignerCerts::Chain, SignerCerts::Signer, SignerCerts::None] {
                        for format in [SignedFormat::Cms, SignedFormat::CmsSf] {
                            // Once more, of the value that the client itself keeps.
                            for expected in [expected, true, true] {
                                let signed =
                                    cache.sign(signer, certs, client, format, NOW, 60).unwrap();
                                assert_eq!(signed.reused(), expected);
                                values.insert(signed.value().to_owned());
                            }
                        }
                    }
                }
            }
        }
        assert_eq!(values.len(), 3 * 2 * 3 * 2);
    }

    #[test]
    fn burst_of_one_client_makes_one_signature() {
        // One that nothing fits into, too: then those who wait get it all the same, but the next
        // to come signs again.
        for bytes in [SIZE, 1] {
            let bench = Bench::new(bytes);
            for round in 0..20 {
                let now = NOW + round * 40;
                let barrier = Barrier::new(64);
                let signed: Vec<Signed> = thread::scope(|scope| {
                    let threads: Vec<_> = (0..64)
                        .map(|_| {
                            scope.spawn(|| {
                                barrier.wait();
                                bench.sign(now, 40)
                            })
                        })
                        .collect();
                    threads.into_iter().map(|thread| thread.join().unwrap()).collect()
                });
                if bytes == SIZE {
                    assert_eq!(signed.iter().filter(|signed| !signed.reused()).count(), 1);
                    assert!(signed.iter().all(|other| other.value() == signed[0].value()));
                }
            }
        }
    }

    #[test]
    fn threads_with_clocks_apart_get_their_own_client_s() {
        let cache = SignatureCache::new(SIZE);
        let signer = signer_of(&identity(), &[]);
        thread::scope(|scope| {
            for offset in 0..8 {
                let (cache, signer) = (&cache, &signer);
                scope.spawn(move || {
                    let client = client();
                    let value =
                        |signed: &Signed| openssl::base64::decode_block(signed.value()).unwrap();
                    for step in 0..200 {
                        let (certs, format) = (SignerCerts::None, SignedFormat::Cms);
                        let now = NOW + (step * 7 + offset) % 50;
                        let signed = cache.sign(signer, certs, &client, format, now, 5).unwrap();
                        let der = value(&signed);
                        assert!(der.windows(client.leaf().len()).any(|part| part == client.leaf()));
                    }
                });
            }
        });
    }
}
