// SPDX-License-Identifier: Apache-2.0

//! Signers whose paths were verified, to be believed again.

use std::{
    collections::VecDeque,
    sync::{Arc, RwLock},
};

use openssl::x509::X509;

use crate::{algorithm::Algorithm, dns_name::DnsName, trust::Trust, verdicts::Identity};

/// The most that are kept. An origin has a few TTRPs, each with a certificate or two.
const MOST: usize = 128;

/// What an entry takes besides its octets: the certificate as OpenSSL has it. Measured in
/// tests/verdicts_memory.rs.
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
pub(crate) struct Question<'a> {
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
    names: Box<[DnsName]>,
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
    fn new(question: &Question<'_>, path: Arc<SignerPath>, now: i64) -> Self {
        let Question { certificates, identifier, peer, trust } = *question;
        Self {
            certificates: certificates.map(Box::from),
            identifier: identifier.into(),
            from_peer: peer.is_some(),
            anchors: trust.anchors_identity(),
            crls: trust.crls_identity(),
            names: trust.names().into(),
            path,
            verified_at: now,
        }
    }

    fn answers(&self, question: &Question<'_>) -> bool {
        let Question { certificates, identifier, peer, trust } = *question;
        self.from_peer == peer.is_some()
            && self.anchors == trust.anchors_identity()
            && self.crls == trust.crls_identity()
            && *self.identifier == *identifier
            && self.certificates.as_deref() == certificates
            && peer.is_none_or(|peer| self.path.der == peer)
            && *self.names == *trust.names()
    }

    /// Whether the path stands at `now`. Not before it was verified: then the clock was put back,
    /// and something may not have begun yet.
    fn stands(&self, now: i64) -> bool {
        self.verified_at <= now && now < self.path.end
    }

    fn weight(&self) -> usize {
        let certificates = self.certificates.as_deref().unwrap_or_default().len();
        let names = self.names.iter().map(DnsName::len);
        let issuers = self.path.issuers.iter().map(Vec::len);
        // OpenSSL has a certificate's octets, and most of them again in its parts.
        [certificates, self.identifier.len(), self.path.der.len().saturating_mul(4)]
            .into_iter()
            .chain(names)
            .chain(issuers)
            .fold(OVERHEAD, usize::saturating_add)
    }
}

impl SignerPaths {
    /// So many bytes at most; with 0 nothing is kept.
    pub(crate) fn new(bytes: usize) -> Self {
        Self { bytes, ..Self::default() }
    }

    /// The signer's path, if one was kept that stands at `now`, in Unix seconds.
    pub(crate) fn find(&self, question: &Question<'_>, now: i64) -> Option<Arc<SignerPath>> {
        let entries = self.entries.read().ok()?;
        let found = entries.iter().find(|entry| entry.answers(question) && entry.stands(now));
        found.map(|entry| Arc::clone(&entry.path))
    }

    /// Keeps a path that was verified at `now`. Only with a signature of its signer's: who has none
    /// cannot fill this. (Who has one may bring it again with other certificates beside it, and so
    /// have the oldest go.)
    pub(crate) fn keep(&self, question: &Question<'_>, path: Arc<SignerPath>, now: i64) {
        let entry = Entry::new(question, path, now);
        if entry.weight() > self.bytes {
            return;
        }
        let Ok(mut entries) = self.entries.write() else { return };
        // What another thread has just kept is as good, but for the time.
        entries.retain(|entry| now < entry.path.end && !entry.answers(question));
        entries.push_back(entry);
        let mut bytes = entries.iter().map(Entry::weight).fold(0, usize::saturating_add);
        while entries.len() > MOST || bytes > self.bytes {
            let Some(oldest) = entries.pop_front() else { break };
            bytes = bytes.saturating_sub(oldest.weight());
        }
    }
}

#[cfg(test)]
impl SignerPaths {
    pub(crate) fn len(&self) -> usize {
        self.entries.read().unwrap().len()
    }

    pub(crate) fn first(&self) -> Arc<SignerPath> {
        Arc::clone(&self.entries.read().unwrap()[0].path)
    }
}
