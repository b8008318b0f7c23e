// SPDX-License-Identifier: Apache-2.0

//! What an origin accepts values with, as client_cert_accept() has it.

use std::{
    cell::Cell,
    ffi::{CStr, OsStr},
    os::unix::ffi::OsStrExt,
    path::Path,
    sync::Arc,
};

use client_cert::{
    client::Client,
    format::signed::SignedFormat,
    verify::{
        Freshness,
        accepted::Accepted,
        clients::{ClientTrust, cas::ClientCas},
        trust::{TrustAnchors, TrustNames},
        verification_cache::{TrustSources, VerificationCache},
    },
};

/// What an origin has to verify the clients of values with.
pub(crate) struct ClientOrigin {
    trust: ClientTrust,
    chain: String,
}

impl ClientOrigin {
    /// With CAs in PEM, for clients whose Client-Cert-Chain is `chain`.
    pub(crate) fn new(cas_pem: &str, chain: &str) -> Self {
        let cas = Arc::new(ClientCas::from_pem(cas_pem.as_bytes()).unwrap());
        Self { trust: ClientTrust::new(cas, None), chain: chain.to_owned() }
    }

    /// VerificationCache::verify_client(); whether the path was verified before.
    pub(crate) fn verify(&self, cache: &VerificationCache, client: &Client, now: i64) -> bool {
        let lines = [self.chain.as_bytes()];
        let lines = if self.chain.is_empty() { &[][..] } else { &lines };
        cache.verify_client(&self.trust, client, lines, now).unwrap().reused
    }
}

/// What an origin has to accept values with.
pub(crate) struct Origin {
    anchors: Arc<TrustAnchors>,
    names: Option<Arc<TrustNames>>,
    cache: VerificationCache,
    /// Which keep nothing.
    forgetful: VerificationCache,
    max_age: Cell<u32>,
}

/// The usual one.
const MAX_AGE: u32 = 300;

impl Origin {
    pub(crate) fn new(anchors_file: &CStr, name: &CStr, bytes: usize) -> Self {
        Self::with_names(anchors_file, &[name], bytes)
    }

    /// For signers of the file themselves.
    pub(crate) fn pinned(file: &CStr, bytes: usize) -> Self {
        Self::with_names(file, &[], bytes)
    }

    pub(crate) fn with_names(anchors_file: &CStr, allowed: &[&CStr], bytes: usize) -> Self {
        let file = Path::new(OsStr::from_bytes(anchors_file.to_bytes()));
        let allowed: Vec<_> = allowed.iter().map(|name| name.to_bytes()).collect();
        let names = || Arc::new(TrustNames::new(&allowed).unwrap());
        Self {
            anchors: Arc::new(TrustAnchors::from_file(file).unwrap()),
            names: (!allowed.is_empty()).then(names),
            cache: VerificationCache::with_clients(bytes),
            forgetful: VerificationCache::new(0),
            max_age: Cell::new(MAX_AGE),
        }
    }

    /// VerificationCache::verify(), as `cms`, where neither value nor signer were seen before.
    pub(crate) fn first(&self, value: &str, now: i64, peer: Option<&Client>) {
        self.verify(&self.forgetful, value, now, MAX_AGE, peer);
    }

    /// The same where values of the same signer were seen before.
    pub(crate) fn next(&self, value: &str, now: i64, peer: Option<&Client>) {
        self.verify(&self.cache, value, now, self.other_age(), peer);
    }

    /// The same, and the client's certificate with its key.
    pub(crate) fn next_certificate(&self, value: &str, now: i64, peer: Option<&Client>) {
        let accepted = self.verify(&self.cache, value, now, self.other_age(), peer);
        accepted.client().certificate().unwrap();
    }

    /// VerificationCache::verify() where the value was seen before, and of its client verify_client(),
    /// likewise.
    pub(crate) fn again_verified(&self, value: &str, now: i64, clients: &ClientOrigin) {
        let accepted = self.verify(&self.cache, value, now, MAX_AGE, None);
        clients.verify(&self.cache, accepted.client(), now);
    }

    /// VerificationCache::verify() where the value was seen before.
    pub(crate) fn again(&self, value: &str, now: i64, peer: Option<&Client>) {
        self.verify(&self.cache, value, now, MAX_AGE, peer);
    }

    /// With which no outcome is remembered from one before.
    fn other_age(&self) -> u32 {
        self.max_age.set(self.max_age.get() + 1);
        self.max_age.get()
    }

    fn verify(
        &self,
        cache: &VerificationCache,
        value: &str,
        now: i64,
        max_age: u32,
        peer: Option<&Client>,
    ) -> Arc<Accepted> {
        let (anchors, names) = (&self.anchors, self.names.as_ref());
        let trust = TrustSources { anchors, names, crls: None };
        let freshness = Freshness { max_age, skew: 30 };
        let value = value.as_bytes();
        cache.verify(trust, SignedFormat::Cms, value, now, freshness, peer).unwrap().accepted
    }
}
