// SPDX-License-Identifier: Apache-2.0

//! What accepting a value costs, first and again, against OpenSSL's bare verification of the
//! signer's chain and of the signature, with certificates that are parsed already; and beside it
//! the same with certificates in DER, as a value has them.
//!
//!     cargo bench --bench accept [-- ROUNDS]

mod support;

use std::{ffi::CString, fs, process};

use client_cert::{client::Client, sign::signer::Signer};
use openssl::{
    hash::MessageDigest,
    sign::{Signer as OpensslSigner, Verifier},
    x509::extension::SubjectAlternativeName,
};
use support::{
    Variant,
    bare_path::BarePath,
    c::Arena,
    compare,
    origin::Origin,
    print, rounds,
    testing::{Identity, KeyKind, Leaf, NOW},
};

/// Root, intermediates, and a signing proxy with a key of this kind.
struct Chain {
    root: Identity,
    intermediates: Vec<Identity>,
    ttrp: Identity,
}

impl Chain {
    fn new(kind: KeyKind, length: usize) -> Self {
        let root = Leaf::ca("root").self_signed();
        let mut intermediates: Vec<Identity> = Vec::new();
        for number in 0..length {
            let issuer = intermediates.last().unwrap_or(&root);
            intermediates.push(Leaf::ca(&format!("ca {number}")).issued_by(issuer));
        }
        let name = {
            let builder = openssl::x509::X509::builder().unwrap();
            let context = builder.x509v3_context(None, None);
            SubjectAlternativeName::new().dns("ttrp.example").build(&context).unwrap()
        };
        let issuer = intermediates.last().unwrap_or(&root);
        let ttrp = Leaf::new(kind).extension(name).issued_by(issuer);
        Self { root, intermediates, ttrp }
    }

    fn signer(&self) -> Signer {
        let chain: Vec<_> = self.intermediates.iter().map(|issuer| &*issuer.certificate).collect();
        Signer::new(&self.ttrp.certificate, &self.ttrp.key, &chain).unwrap()
    }

    fn origin(&self) -> Origin {
        let file = std::env::temp_dir().join(format!("client-cert-bench-{}", process::id()));
        fs::write(&file, self.root.certificate_pem()).unwrap();
        let path = CString::new(file.to_str().unwrap()).unwrap();
        let origin = Origin::new(&path, c"ttrp.example", 64 << 20);
        fs::remove_file(&file).unwrap();
        origin
    }
}

/// OpenSSL's verification of the chain, and of a signature over as many octets as the signed
/// attributes have; of certificates that are parsed once, or each time.
fn bare(chain: &Chain, kind: KeyKind, each_time: bool) -> impl FnMut() {
    let path = BarePath::new(&chain.ttrp, &chain.intermediates, &chain.root, None, each_time);
    let message = [7; 270];
    let digest = move || match kind {
        KeyKind::Ed25519 => None,
        _ => Some(MessageDigest::sha256()),
    };
    let signature = match digest() {
        Some(digest) => OpensslSigner::new(digest, &chain.ttrp.key),
        None => OpensslSigner::new_without_digest(&chain.ttrp.key),
    }
    .and_then(|mut signer| signer.sign_oneshot_to_vec(&message))
    .unwrap();

    move || {
        path.verify(|certificate| {
            let public = certificate.public_key().unwrap();
            let verifier = match digest() {
                Some(digest) => Verifier::new(digest, &public),
                None => Verifier::new_without_digest(&public),
            };
            assert!(verifier.unwrap().verify_oneshot(&signature, &message).unwrap());
        })
    }
}

fn main() {
    let rounds = rounds(300);
    for kind in [KeyKind::Rsa(2048), KeyKind::P256, KeyKind::Ed25519] {
        for intermediates in [0, 2] {
            let chain = Chain::new(kind, intermediates);
            let client = Leaf::new(KeyKind::Rsa(2048)).subject("client").issued_by(&chain.root);
            let client = Client::new(&client.certificate, &[]).unwrap();
            let peer = Client::new(&chain.ttrp.certificate, &[]).unwrap();
            let value = Arena::new().sign_string(&chain.signer(), &client, NOW);
            let origin = chain.origin();

            let mut variants = vec![
                Variant::new("OpenSSL, chain and signature", bare(&chain, kind, false)),
                Variant::new("the same, from DER", bare(&chain, kind, true)),
            ];
            for (from, peer) in [("the TLS peer", Some(&peer)), ("anyone", None)] {
                let (origin, value) = (&origin, &value);
                let first = move || origin.first(value, NOW, peer);
                let next = move || origin.next(value, NOW, peer);
                let read = move || origin.next_certificate(value, NOW, peer);
                let again = move || origin.again(value, NOW, peer);
                variants.push(Variant::new(format!("first, from {from}, never seen"), first));
                variants.push(Variant::new(format!("first, from {from}, who is known"), next));
                variants.push(Variant::new("the same, and the client's X509 with its key", read));
                variants.push(Variant::new(format!("again, from {from}"), again));
            }
            let length = value.len();
            let title = format!("{kind:?}, {intermediates} intermediates, value of {length} bytes");
            print(&title, &compare(rounds, variants));
        }
    }
}
