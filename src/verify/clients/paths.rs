// SPDX-License-Identifier: Apache-2.0

//! Paths of clients that were verified, to be accepted again.

use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

use quick_cache::Weighter;

use super::{ClientPath, ClientTrust, chain};
use crate::{
    client::Client,
    identity::Identity,
    rejection::Failure,
    single_flight::{Table, get_or_compute, table},
};

/// What an entry takes in bytes whatever its certificates are: the client's as OpenSSL has it, and
/// its place in the table. Measured in tests/verification_cache_memory.rs.
pub(crate) const OVERHEAD: usize = 8 << 10;

/// What each byte of the client's certificate and of the chain takes: the octets themselves, what
/// OpenSSL has of them, and a value that is made to send them on.
const BYTES_PER_BYTE: usize = 5;

/// Paths that were verified, bounded in memory. What was refused is not remembered.
// The default remembers nothing.
#[derive(Default)]
pub(crate) struct ClientPaths(Option<Table<Key, Entry, Weight>>);

/// What has a place of its own.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Key {
    /// The SHA-256 of the client's certificate.
    client: [u8; 32],
    cas: Identity,
    crls: Option<Identity>,
}

/// Hardly anywhere is one client verified by several CAs.
impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(&self.client);
    }
}

#[derive(Clone)]
struct Entry {
    /// The field lines with which it was verified.
    lines: Arc<[Box<[u8]>]>,
    /// The certificates of its path that the file does not have, in DER.
    from_chain: Arc<[Box<[u8]>]>,
    client: Arc<Client>,
    verified_at: i64,
    end: i64,
    /// In bytes.
    weight: usize,
}

#[derive(Clone)]
pub(crate) struct Weight;

impl Weighter<Key, Entry> for Weight {
    fn weight(&self, _: &Key, entry: &Entry) -> u64 {
        u64::try_from(entry.weight).unwrap_or(u64::MAX)
    }
}

impl Entry {
    fn new(lines: &[&[u8]], path: ClientPath, verified_at: i64) -> Self {
        let ClientPath { client, from_chain, end } = path;
        let parts = [client.leaf()].into_iter().chain(client.chain().iter().map(Vec::as_slice));
        let bytes = parts.map(|part| part.len().saturating_mul(BYTES_PER_BYTE));
        let others = lines.iter().copied().chain(from_chain.iter().map(Vec::as_slice));
        let weight = bytes.chain(others.map(<[u8]>::len)).fold(OVERHEAD, usize::saturating_add);
        Self {
            lines: lines.iter().map(|line| Box::from(*line)).collect(),
            from_chain: from_chain.into_iter().map(Vec::into_boxed_slice).collect(),
            client: Arc::new(client),
            verified_at,
            end,
            weight,
        }
    }

    /// Whether the path stands at `now`. Not before it was verified: then the clock was put back,
    /// and something may not have begun yet.
    fn stands(&self, now: i64) -> bool {
        self.verified_at <= now && now < self.end
    }

    fn has_lines(&self, lines: &[&[u8]]) -> bool {
        self.lines.iter().map(|line| &**line).eq(lines.iter().copied())
    }

    /// Whether the path would be found again with this chain.
    fn is_among(&self, chain: &[Vec<u8>]) -> bool {
        self.from_chain.iter().all(|issuer| chain.iter().any(|other| **other == **issuer))
    }
}

impl ClientPaths {
    /// So many bytes at most; with 0 nothing is remembered.
    pub(crate) fn new(bytes: usize) -> Self {
        Self(table(bytes, (bytes / OVERHEAD).max(1), Weight))
    }

    /// The client with the intermediates of its path, and whether that was verified before: of
    /// several threads that bring the same client one verifies it, and the others wait.
    pub(crate) fn verify(
        &self,
        trust: &ClientTrust,
        client: &Client,
        lines: &[&[u8]],
        now: i64,
    ) -> Result<(Arc<Client>, bool), Failure> {
        let verify = |chain: &[Vec<u8>]| {
            let path = trust.path(client, chain, now)?;
            Ok::<_, Failure>(Entry::new(lines, path, now))
        };
        let Some(table) = &self.0 else {
            return Ok((verify(&chain::read(lines)?)?.client, false));
        };
        let (cas, crls) = trust.identities();
        let key = Key { client: *client.id(), cas, crls };
        match table.get(&key) {
            Some(entry) if entry.stands(now) && entry.has_lines(lines) => {
                return Ok((entry.client, true));
            }
            // Any sender of the value can send another chain. It takes the place once it is verified.
            Some(entry) if entry.stands(now) => {
                let chain = chain::read(lines)?;
                chain::certificates(&chain)?;
                if entry.is_among(&chain) {
                    return Ok((entry.client, true));
                }
                let entry = verify(&chain)?;
                table.insert(key, entry.clone());
                return Ok((entry.client, false));
            }
            _ => {}
        }
        let chain = chain::read(lines)?;
        let good = |entry: &Entry| entry.stands(now) && entry.has_lines(lines);
        let (entry, reused) = get_or_compute(table, &key, good, || verify(&chain))?;
        Ok((entry.client, reused))
    }
}
