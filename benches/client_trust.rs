// SPDX-License-Identifier: Apache-2.0

//! What verifying the client of an accepted value costs, first and again, against OpenSSL's bare
//! verification of the same path, with certificates that are parsed already and with such in DER.
//!
//!     cargo bench --bench client_trust [-- ROUNDS]

mod support;

use std::{ffi::CString, fs, process};

use client_cert::{
    client::Client, sign::signer::Signer, verify::verification_cache::VerificationCache,
};
use openssl::x509::{X509PurposeId, extension::BasicConstraints};
use support::{
    Variant,
    bare_path::BarePath,
    c::Arena,
    compare,
    origin::{ClientOrigin, Origin},
    print, rounds,
    testing::{Identity, KeyKind, Leaf, NOW},
};

/// Root, intermediates, and a client, all with keys of this kind.
struct Path {
    root: Identity,
    intermediates: Vec<Identity>,
    client: Identity,
}

impl Path {
    fn new(kind: KeyKind, length: usize) -> Self {
        let ca = |name: &str| {
            let constraints = BasicConstraints::new().critical().ca().build().unwrap();
            Leaf::new(kind).subject(name).extension(constraints)
        };
        let root = ca("root").self_signed();
        let mut intermediates: Vec<Identity> = Vec::new();
        for number in 0..length {
            let issuer = intermediates.last().unwrap_or(&root);
            intermediates.push(ca(&format!("ca {number}")).issued_by(issuer));
        }
        let issuer = intermediates.last().unwrap_or(&root);
        let client = Leaf::new(kind).subject("client").issued_by(issuer);
        Self { root, intermediates, client }
    }

    /// The intermediates as Client-Cert-Chain has them.
    fn chain(&self) -> String {
        let issuers = self.intermediates.iter().rev();
        let chain: Vec<_> = issuers.map(|issuer| &*issuer.certificate).collect();
        Client::new(&self.client.certificate, &chain).unwrap().encode_chain().unwrap()
    }

    fn pem(&self) -> String {
        let cas = [&self.root].into_iter().chain(&self.intermediates);
        cas.map(Identity::certificate_pem).collect()
    }
}

/// OpenSSL's verification of the path; of certificates that are parsed once, or each time.
fn bare(path: &Path, each_time: bool) -> impl FnMut() + use<> {
    let Path { root, intermediates, client } = path;
    let purpose = Some(X509PurposeId::SSL_CLIENT);
    let path = BarePath::new(client, intermediates, root, purpose, each_time);
    move || path.verify(|_| {})
}

/// An origin that has accepted a value of the client's, and the value.
fn accepting(client: &Client) -> (Origin, String) {
    let ttrp = Leaf::new(KeyKind::P256).self_signed();
    let file = std::env::temp_dir().join(format!("client-cert-bench-{}", process::id()));
    fs::write(&file, ttrp.certificate_pem()).unwrap();
    let name = CString::new(file.to_str().unwrap()).unwrap();
    let origin = Origin::pinned(&name, 64 << 20);
    fs::remove_file(&file).unwrap();
    let signer = Signer::new(&ttrp.certificate, &ttrp.key, &[]).unwrap();
    let value = Arena::new().sign_string(&signer, client, NOW);
    (origin, value)
}

fn main() {
    let rounds = rounds(300);
    for kind in [KeyKind::Rsa(2048), KeyKind::P256, KeyKind::Ed25519] {
        for intermediates in [0, 2] {
            let path = Path::new(kind, intermediates);
            let client = Client::new(&path.client.certificate, &[]).unwrap();
            let (origin, value) = accepting(&client);
            let (origin, value) = (&origin, &value);
            let (of_chain, of_file) = (
                &ClientOrigin::new(&path.root.certificate_pem(), &path.chain()),
                &ClientOrigin::new(&path.pem(), ""),
            );
            let (cache, none) =
                (&VerificationCache::with_clients(64 << 20), &VerificationCache::new(0));
            let client = &client;
            let mut variants = vec![
                Variant::new("OpenSSL, the path", bare(&path, false)),
                Variant::new("the same, from DER", bare(&path, true)),
            ];
            for (from, clients) in [("Client-Cert-Chain", of_chain), ("the file", of_file)] {
                let first = move || clients.verify(none, client, NOW);
                let again = move || assert!(clients.verify(cache, client, NOW));
                clients.verify(cache, client, NOW);
                variants.push(Variant::new(format!("first, by {from}"), first));
                variants.push(Variant::new(format!("again, by {from}"), again));
            }
            variants.push(Variant::new("a value accepted again", move || {
                origin.again(value, NOW, None);
            }));
            variants.push(Variant::new("the same, its client verified again", move || {
                origin.again_verified(value, NOW, of_chain);
            }));
            let title = format!("{kind:?}, {intermediates} intermediates");
            print(&title, &compare(rounds, variants));
        }
    }
}
