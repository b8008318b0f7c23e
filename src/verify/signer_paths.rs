// SPDX-License-Identifier: Apache-2.0

//! Signers whose certification paths were verified, to be accepted again.

use std::{
    collections::VecDeque,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
};

use openssl::x509::X509;

use crate::{cms::algorithm::Algorithm, identity::Identity, verify::trust::Trust};

/// The most entries. An origin has a few proxies in front of it, each with a certificate or two.
const MAX_ENTRIES: usize = 128;

/// What an entry takes besides its octets: the certificate as OpenSSL has it. Measured in
/// tests/verification_cache_memory.rs.
const OVERHEAD: usize = 16 << 10;

/// A signer whose path was verified.
pub(crate) struct SignerPath {
    pub(crate) certificate: X509,
    pub(crate) der: Vec<u8>,
    /// The certificates above it, up to the anchor, in DER.
    pub(crate) issuers: Vec<Vec<u8>>,
    /// What the key can do.
    pub(crate) algorithm: Algorithm,
    /// The second, in Unix time, up to which the path stands.
    pub(crate) end: i64,
}

/// Whose path: all that it depends on, but for the time. Compared octet by octet.
pub(crate) struct PathKey<'a> {
    /// The contents of the field certificates.
    pub(crate) certificates: Option<&'a [u8]>,
    /// The contents of the issuerAndSerialNumber.
    pub(crate) identifier: &'a [u8],
    /// The certificate of the TLS peer, who must be the signer.
    pub(crate) peer: Option<&'a [u8]>,
    pub(crate) trust: &'a Trust,
}

struct Entry {
    certificates: Option<Box<[u8]>>,
    identifier: Box<[u8]>,
    /// Where there is a peer, it is the signer.
    from_peer: bool,
    anchors: Identity,
    crls: Option<Identity>,
    names: Option<Identity>,
    path: Arc<SignerPath>,
    verified_at: i64,
}

/// Signers' paths, bounded in memory. The oldest goes first.
#[derive(Default)]
pub(crate) struct SignerPaths {
    bytes: usize,
    entries: RwLock<VecDeque<Entry>>,
}

impl Entry {
    fn new(key: &PathKey<'_>, path: Arc<SignerPath>, now: i64) -> Self {
        let PathKey { certificates, identifier, peer, trust } = *key;
        Self {
            certificates: certificates.map(Box::from),
            identifier: identifier.into(),
            from_peer: peer.is_some(),
            anchors: trust.anchors_identity(),
            crls: trust.crls_identity(),
            names: trust.names_identity(),
            path,
            verified_at: now,
        }
    }

    /// Whether the key has this signer and the same trust, whatever certificates come beside it.
    fn is_of(&self, key: &PathKey<'_>) -> bool {
        let PathKey { certificates: _, identifier, peer, trust } = *key;
        self.from_peer == peer.is_some()
            && self.anchors == trust.anchors_identity()
            && self.crls == trust.crls_identity()
            && self.names == trust.names_identity()
            && *self.identifier == *identifier
            && peer.is_none_or(|peer| self.path.der == peer)
    }

    /// The same, with the same certificates.
    fn has_key(&self, key: &PathKey<'_>) -> bool {
        self.certificates.as_deref() == key.certificates && self.is_of(key)
    }

    /// Whether the path would be found again among other certificates: those for which `has` is
    /// true, of which `signer` is the signer's.
    fn is_among(&self, signer: Option<&[u8]>, has: impl Fn(&[u8]) -> bool) -> bool {
        let signer_known = self.from_peer || self.path.issuers.is_empty();
        let is_signer = signer.map_or(signer_known, |signer| *signer == *self.path.der);
        let anchor = self.path.issuers.len().saturating_sub(1);
        is_signer && self.path.issuers.iter().take(anchor).all(|issuer| has(issuer))
    }

    /// Whether the path stands at `now`. Not before it was verified: then the clock was put back,
    /// and something may not have begun yet.
    fn stands(&self, now: i64) -> bool {
        self.verified_at <= now && now < self.path.end
    }

    fn weight(&self) -> usize {
        let certificates = self.certificates.as_deref().unwrap_or_default().len();
        let issuers = self.path.issuers.iter().map(Vec::len);
        // OpenSSL has a certificate's octets, and most of them again in its parts.
        [certificates, self.identifier.len(), self.path.der.len().saturating_mul(4)]
            .into_iter()
            .chain(issuers)
            .fold(OVERHEAD, usize::saturating_add)
    }
}

impl SignerPaths {
    /// So many bytes at most; with 0 nothing is remembered.
    pub(crate) fn new(bytes: usize) -> Self {
        Self { bytes, ..Self::default() }
    }

    /// The signer's path, if one is remembered that stands at `now`, in Unix seconds.
    pub(crate) fn find(&self, key: &PathKey<'_>, now: i64) -> Option<Arc<SignerPath>> {
        let entries = self.read();
        let found = entries.iter().find(|entry| entry.has_key(key) && entry.stands(now));
        found.map(|entry| Arc::clone(&entry.path))
    }

    /// As [`Self::find`], where the certificates may be others than those it was verified with, as
    /// long as all of the path's are among them.
    pub(crate) fn find_among(
        &self,
        key: &PathKey<'_>,
        signer: Option<&[u8]>,
        has: impl Fn(&[u8]) -> bool,
        now: i64,
    ) -> Option<Arc<SignerPath>> {
        let entries = self.read();
        let mut entries = entries.iter().filter(|entry| entry.is_of(key) && entry.stands(now));
        let found = entries.find(|entry| entry.is_among(signer, &has));
        found.map(|entry| Arc::clone(&entry.path))
    }

    /// Where a panic has poisoned the lock, the entries are whole all the same: each is put in, and
    /// taken out, by one call.
    fn read(&self) -> RwLockReadGuard<'_, VecDeque<Entry>> {
        self.entries.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers a path that was verified at `now`, in place of another of the same signer. Only
    /// for a value that its signer signed: without such a signature nothing can be stored. One that
    /// is sent again with other certificates beside it takes one place.
    pub(crate) fn remember(&self, key: &PathKey<'_>, path: Arc<SignerPath>, now: i64) {
        let entry = Entry::new(key, path, now);
        let path_der = entry.path.der.clone();
        if entry.weight() > self.bytes {
            return;
        }
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        // What another thread has just stored is as good, but for the time.
        entries.retain(|entry| {
            now < entry.path.end && !(entry.is_of(key) && entry.path.der == path_der)
        });
        entries.push_back(entry);
        let mut bytes = entries.iter().map(Entry::weight).fold(0, usize::saturating_add);
        while entries.len() > MAX_ENTRIES || bytes > self.bytes {
            let Some(oldest) = entries.pop_front() else { break };
            bytes = bytes.saturating_sub(oldest.weight());
        }
    }
}

#[cfg(test)]
impl SignerPaths {
    pub(crate) fn len(&self) -> usize {
        self.read().len()
    }

    pub(crate) fn first(&self) -> Arc<SignerPath> {
        Arc::clone(&self.read()[0].path)
    }

    /// Panics under the lock.
    pub(crate) fn poison(&self) {
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _entries = self.entries.write();
            panic!("injected");
        }));
        assert!(panicked.is_err() && self.entries.is_poisoned());
    }
}
