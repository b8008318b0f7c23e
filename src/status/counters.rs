// SPDX-License-Identifier: Apache-2.0

//! Totals of all processes of a server, in memory that they share.
//!
//! Each number is an atomic one of its own. A process that is killed leaves every one of them as it
//! was before or after a count, and no lock behind.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};

use crate::rejection::{MalformedValue, Refusal, Rejection};

/// What is counted, apart from refusals, each of which is counted by its reason.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counter {
    /// A request that goes to a backend with what ClientCertForward or ClientCertForwardVariable
    /// names.
    Forwarded = 0,
    /// The same without a client certificate.
    ForwardedNone = 1,
    /// The same of a client whose certificate was not verified, and is not sent.
    ForwardedUnverified = 2,
    /// A signature was made.
    Signed = 3,
    /// A signed value was used again.
    Reused = 4,
    /// A value of a format that is not signed was made.
    Unsigned = 5,
    /// A value of Client-Cert-Chain was made.
    Chain = 6,
    /// A header with a variable was set.
    Variable = 7,
    /// A request of the forward role was answered 500.
    ForwardError = 8,
    /// A header or trailer of ours was removed from a client's request.
    StrippedOwn = 9,
    /// A known header or trailer was removed from a client's request.
    StrippedKnown = 10,
    /// A request was answered 400 by ClientCertIncoming.
    Rejected = 11,
    /// A value was accepted.
    Accepted = 12,
    /// A request came without a value where one is accepted.
    AcceptedNone = 13,
    /// Whether a value is acceptable could not be determined, or a variable of its client could not
    /// be read: 500.
    AcceptError = 14,
}

/// How many [`Counter`] has.
const COUNTERS: usize = 15;

/// How many numbers there are: refusals follow the counters.
const NUMBERS: usize = {
    // No more than there are lines in results.txt.
    #[allow(clippy::arithmetic_side_effects)]
    let numbers = COUNTERS + MalformedValue::ALL.len() + Refusal::ALL.len();
    numbers
};

/// How many copies of each number there are. Two threads that count at the same time seldom pass
/// the same part of the memory between their processors.
const STRIPES: usize = 16;

/// The longest line of a processor's cache, in numbers.
const CACHE_LINE: usize = 8;

#[repr(C)]
struct Stripe {
    numbers: [AtomicU64; NUMBERS],
    /// So that no line of a cache has numbers of two stripes, wherever the memory begins.
    apart: [u64; CACHE_LINE],
}

/// The totals. All zero is a valid state of the memory.
#[repr(C)]
pub struct Counters {
    /// What the build that began to count means by the rest; zero before.
    layout: AtomicU64,
    /// When they were zero, in Unix seconds.
    started: AtomicI64,
    stripes: [Stripe; STRIPES],
}

impl Counters {
    /// Names all that the memory's meaning depends on: another build of this library goes on with
    /// the totals only if it has the same.
    fn layout() -> u64 {
        let names = rejections().flat_map(|rejection| rejection.name().bytes().chain([0]));
        let sizes = [COUNTERS, NUMBERS, STRIPES, size_of::<Self>()];
        let sizes = sizes.into_iter().flat_map(usize::to_be_bytes);
        // FNV-1a.
        names.chain(sizes).fold(0xcbf2_9ce4_8422_2325, |hash: u64, octet| {
            (hash ^ u64::from(octet)).wrapping_mul(0x0000_0100_0000_01b3)
        })
    }

    /// Begins to count, at `now` in Unix seconds, in memory that is zero, or goes on. Tells whether it
    /// does: what another build has counted stays as it is.
    #[must_use]
    pub fn start(&self, now: i64) -> bool {
        let layout = Self::layout();
        if self.layout.load(Relaxed) == 0 {
            self.layout.store(layout, Relaxed);
            self.started.store(now, Relaxed);
        }
        self.layout.load(Relaxed) == layout
    }

    /// When the totals were zero, in Unix seconds.
    #[must_use]
    pub fn started(&self) -> i64 {
        self.started.load(Relaxed)
    }

    /// Counts. `stripe` is any number that differs between threads. What has no such number is not
    /// counted.
    pub fn add(&self, stripe: u64, counter: u32, count: u64) {
        if (counter as usize) < COUNTERS {
            self.add_at(stripe, counter as usize, count);
        }
    }

    /// Counts a refusal. A fault is none.
    pub fn add_refusal(&self, stripe: u64, rejection: Rejection) {
        if let Some(place) = rejections().position(|other| other == rejection) {
            self.add_at(stripe, COUNTERS.saturating_add(place), 1);
        }
    }

    /// The total of a counter.
    #[must_use]
    pub fn total(&self, counter: Counter) -> u64 {
        self.total_at(counter as usize)
    }

    /// Every reason for which a value can be refused, and how many were.
    pub fn refusals(&self) -> impl Iterator<Item = (Rejection, u64)> {
        rejections().zip(COUNTERS..).map(|(rejection, place)| (rejection, self.total_at(place)))
    }

    fn add_at(&self, stripe: u64, place: usize, count: u64) {
        const MASK: u64 = STRIPES as u64 - 1;
        let stripe = self.stripes.get((stripe & MASK) as usize);
        if let Some(number) = stripe.and_then(|stripe| stripe.numbers.get(place)) {
            number.fetch_add(count, Relaxed);
        }
    }

    fn total_at(&self, place: usize) -> u64 {
        let numbers = self.stripes.iter().filter_map(|stripe| stripe.numbers.get(place));
        numbers.fold(0, |sum, number| sum.wrapping_add(number.load(Relaxed)))
    }
}

/// The order in which refusals are counted.
fn rejections() -> impl Iterator<Item = Rejection> {
    let malformed = MalformedValue::ALL.iter().map(|&malformed| malformed.into());
    malformed.chain(Refusal::ALL.iter().map(|&refusal| refusal.into()))
}

#[cfg(test)]
pub(crate) mod tests {
    use std::thread;

    use super::*;
    use crate::error::Error;

    pub(crate) fn zero() -> &'static Counters {
        let memory = vec![0_u64; size_of::<Counters>().div_ceil(8)].leak();
        // SAFETY: there is room, aligned as the largest of its numbers, and zero is a state of each.
        unsafe { &*memory.as_ptr().cast::<Counters>() }
    }

    #[test]
    fn totals_are_those_of_all_threads() {
        let counters = zero();
        assert!(counters.start(7));
        thread::scope(|scope| {
            for stripe in 0..40 {
                scope.spawn(move || {
                    for _ in 0..1000 {
                        counters.add(stripe, Counter::Signed as u32, 1);
                        counters.add(stripe, Counter::Variable as u32, 8);
                        counters.add_refusal(stripe, Refusal::Stale.into());
                    }
                });
            }
        });
        assert_eq!(counters.started(), 7);
        assert_eq!(counters.total(Counter::Signed), 40_000);
        assert_eq!(counters.total(Counter::Variable), 320_000);
        let refused: Vec<_> = counters.refusals().filter(|(_, count)| *count > 0).collect();
        assert_eq!(refused, [(Refusal::Stale.into(), 40_000)]);
    }

    #[test]
    fn each_number_is_one_place() {
        assert_eq!(COUNTERS, Counter::AcceptError as usize + 1);
        let counters = zero();
        for rejection in rejections() {
            counters.add_refusal(u64::MAX, rejection);
        }
        assert!(counters.refusals().all(|(_, count)| count == 1));
        assert_eq!(counters.refusals().count(), NUMBERS - COUNTERS);
        assert_eq!(counters.total(Counter::AcceptError), 0);
        for counter in [COUNTERS as u32, u32::MAX] {
            counters.add(0, counter, 1);
        }
        counters.add_refusal(0, Error::SigningFailed.into());
        assert!(counters.refusals().all(|(_, count)| count == 1));
    }

    #[test]
    fn counting_goes_on_in_the_memory_of_the_same_build() {
        assert_ne!(Counters::layout(), 0);
        let counters = zero();
        assert!(counters.start(7));
        counters.add(0, Counter::Signed as u32, 1);
        assert!(counters.start(9));
        assert_eq!((counters.started(), counters.total(Counter::Signed)), (7, 1));
        counters.layout.store(Counters::layout() ^ 1, Relaxed);
        assert!(!counters.start(9));
        assert_eq!((counters.started(), counters.total(Counter::Signed)), (7, 1));
    }
}
