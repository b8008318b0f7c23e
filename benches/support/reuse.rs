// SPDX-License-Identifier: Apache-2.0

//! Values that a cache remembers, of few clients and of many, and the ways to use one again.

use std::{hint::black_box, sync::Arc};

use client_cert::{
    client::Client,
    format::signed::SignedFormat,
    sign::{
        signature_cache::{SharedValue, SignatureCache},
        signer::{Signer, SignerCerts},
    },
};
use openssl::x509::{X509, extension::SubjectAlternativeName};

use super::{
    c::cache_sign,
    testing::{KeyKind, Leaf, NOW},
};

pub(crate) const MANY: usize = 100_000;
pub(crate) const FEW: usize = 10;

/// Clients that differ in their serial number, with certificates of about 1 KB: each on so many
/// connections.
fn clients(count: usize, connections: usize) -> Vec<Vec<Client>> {
    let root = Leaf::ca("root").self_signed();
    let probe = Leaf::new(KeyKind::Rsa(2048)).issued_by(&root);
    let probe = X509::builder()
        .map(|builder| {
            let context = builder.x509v3_context(Some(&root.certificate), None);
            let mut names = SubjectAlternativeName::new();
            for n in 0..6 {
                names.uri(&format!("https://clients.example/{n}/{}", "x".repeat(40)));
            }
            names.build(&context).unwrap()
        })
        .map(|names| Leaf::with_key(probe.key.clone()).extension(names).issued_by(&root))
        .unwrap();
    let mut der = probe.certificate.to_der().unwrap();
    let serial = probe.certificate.serial_number().to_bn().unwrap().to_vec();
    let place = der.windows(serial.len()).position(|part| part == serial).unwrap() + 8;
    println!("client certificate: {} bytes", der.len());
    let mut clients: Vec<Vec<_>> = (0..connections).map(|_| Vec::with_capacity(count)).collect();
    for number in 0..count {
        der[place..place + 4].copy_from_slice(&u32::try_from(number).unwrap().to_be_bytes());
        let certificate = X509::from_der(&der).unwrap();
        for connection in &mut clients {
            connection.push(Client::new(&certificate, &[]).unwrap());
        }
    }
    clients
}

/// Numbers below `limit` in no order, all of them as often.
pub(crate) struct Order {
    state: u64,
    limit: u64,
}

impl Order {
    pub(crate) fn new(seed: u64, limit: usize) -> Self {
        Self { state: seed, limit: limit as u64 }
    }

    pub(crate) fn next(&mut self) -> usize {
        self.state = self.state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (((self.state >> 32) * self.limit) >> 32) as usize
    }
}

/// A cache that remembers the values of so many clients.
pub(crate) struct Remembered {
    pub(crate) cache: SignatureCache,
    pub(crate) signer: Signer,
    /// For each connection, those of all clients.
    pub(crate) clients: Vec<Vec<Client>>,
    /// Copies, by client.
    values: Vec<Box<[u8]>>,
}

impl Remembered {
    pub(crate) fn new(count: usize, connections: usize) -> Self {
        let identity = Leaf::new(KeyKind::P256).issued_by(&Leaf::ca("root").self_signed());
        let mut remembered = Self {
            cache: SignatureCache::new(1 << 30),
            signer: Signer::new(&identity.certificate, &identity.key, &[]).unwrap(),
            clients: clients(count, connections),
            values: Vec::new(),
        };
        remembered.values = remembered.clients[0]
            .iter()
            .map(|client| remembered.sign(client, SignerCerts::Chain).value().as_bytes().into())
            .collect();
        println!("value: {} bytes", remembered.values[0].len());
        remembered
    }

    fn sign(&self, client: &Client, certs: SignerCerts) -> Arc<SharedValue> {
        let format = SignedFormat::Cms;
        self.cache.sign(&self.signer, certs, client, format, NOW, 60).unwrap().value
    }

    /// Makes and uses a second value of each client, so that what the first connection used last
    /// is another than what `look_up` begins with.
    pub(crate) fn use_others(&self) {
        for client in &self.clients[0] {
            self.sign(client, SignerCerts::Signer);
        }
    }

    /// Copies a client's value.
    pub(crate) fn copy(&self) -> impl FnMut(usize) {
        let mut buffer = vec![0; 1 << 16];
        move |index| copy(&self.values[index], &mut buffer)
    }

    /// Uses a client's value again on a connection, which mostly used the same one last.
    pub(crate) fn reuse(&self, connection: usize) -> impl FnMut(usize) {
        move |index| {
            let client = &self.clients[connection][index];
            black_box(cache_sign(&self.cache, &self.signer, client, NOW, black_box));
        }
    }

    /// Uses one of a client's two values again on a connection that used the other one last.
    pub(crate) fn look_up(&self, connection: usize) -> impl FnMut(usize) {
        let mut chain = vec![false; self.values.len()];
        move |index| {
            chain[index] = !chain[index];
            let certs = if chain[index] { SignerCerts::Chain } else { SignerCerts::Signer };
            black_box(self.sign(&self.clients[connection][index], certs));
        }
    }
}

fn copy(value: &[u8], buffer: &mut [u8]) {
    black_box(&mut buffer[..value.len()]).copy_from_slice(value);
}
