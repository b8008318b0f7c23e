// SPDX-License-Identifier: Apache-2.0

//! What a client remembers of the signed values that it shares with others.

use std::{
    ffi::c_char,
    sync::{Arc, Mutex, MutexGuard, TryLockError},
};

use crate::{cms::SignerCerts, format::signed::SignedFormat};

/// The value in each format that was last used again for a client, which holds it. So the next
/// request on a connection looks nothing up, and threads that serve different connections share no
/// counters.
#[derive(Debug, Default)]
pub(crate) struct LastUsed {
    cms: Mutex<Option<Last>>,
    cms_sf: Mutex<Option<Last>>,
}

#[derive(Debug)]
struct Last {
    signature: Signature,
    signed_at: SignedAt,
    value: Arc<SharedValue>,
}

/// A signed value, which lasts as long as there is a reference to it. A client's connection has one
/// of its own of what is the cache's: so its reference counter is not shared with other
/// connections.
#[derive(Debug)]
pub struct SharedValue(Text);

/// The value and a NUL, for C.
pub(crate) type Text = Arc<str>;

/// All that a value depends on, but for the client and the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Signature {
    pub(crate) signer: [u8; 32],
    pub(crate) certs: SignerCerts,
    pub(crate) format: SignedFormat,
}

/// When a value was signed, in Unix seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SignedAt(pub(crate) i64);

impl SignedAt {
    /// Whether the value may be used at `now`, as far as its age is concerned. Not when it is of
    /// the future: then the clock was put back, and its age is unknown.
    pub(crate) fn is_fresh(self, now: i64, lifetime: u32) -> bool {
        self.0 <= now && now < self.end(lifetime)
    }

    /// Whether it is time to renew a value that may still be used: in the last eighth of its
    /// lifetime, so that no request finds it gone and waits. A few seconds have no eighth.
    pub(crate) fn is_due(self, now: i64, lifetime: u32) -> bool {
        now >= self.end(lifetime).saturating_sub(i64::from(lifetime >> 3))
    }

    fn end(self, lifetime: u32) -> i64 {
        self.0.saturating_add(i64::from(lifetime))
    }
}

impl SharedValue {
    pub(crate) fn new(text: Text) -> Arc<Self> {
        Arc::new(Self(text))
    }

    /// The value, visible ASCII.
    #[must_use]
    pub fn value(&self) -> &str {
        self.0.strip_suffix('\0').unwrap_or_default()
    }

    /// The value, NUL-terminated.
    pub(crate) fn as_ptr(&self) -> *const c_char {
        self.0.as_ptr().cast()
    }
}

impl LastUsed {
    fn of(&self, format: SignedFormat) -> &Mutex<Option<Last>> {
        match format {
            SignedFormat::Cms => &self.cms,
            SignedFormat::CmsSf => &self.cms_sf,
        }
    }

    /// What there is in a format. None while another thread uses it. Where a panic has poisoned the
    /// lock, it is whole all the same: it is replaced by one assignment.
    fn lock(&self, format: SignedFormat) -> Option<MutexGuard<'_, Option<Last>>> {
        match self.of(format).try_lock() {
            Ok(last) => Some(last),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// The value, if this is the one, and need not be renewed yet. Not while another thread is at
    /// it: then it is as well to look it up.
    pub(crate) fn get(
        &self,
        signature: &Signature,
        now: i64,
        lifetime: u32,
    ) -> Option<Arc<SharedValue>> {
        let last = self.lock(signature.format)?;
        let last = last.as_ref().filter(|Last { signature: own, signed_at, .. }| {
            own == signature
                && signed_at.is_fresh(now, lifetime)
                && !signed_at.is_due(now, lifetime)
        })?;
        Some(Arc::clone(&last.value))
    }

    /// Takes the place of the one before in this format.
    pub(crate) fn replace(
        &self,
        signature: Signature,
        signed_at: SignedAt,
        value: Text,
    ) -> Arc<SharedValue> {
        let value = SharedValue::new(value);
        if let Some(mut last) = self.lock(signature.format) {
            *last = Some(Last { signature, signed_at, value: Arc::clone(&value) });
        }
        value
    }
}

#[cfg(test)]
impl LastUsed {
    /// Panics under the lock.
    pub(crate) fn poison(&self, format: SignedFormat) {
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _last = self.of(format).lock();
            panic!("injected");
        }));
        assert!(panicked.is_err() && self.of(format).is_poisoned());
    }
}
