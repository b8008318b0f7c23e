// SPDX-License-Identifier: Apache-2.0

//! What is remembered of accepted values stays within its size, by malloc's count, OpenSSL's part
//! included.

use std::sync::Arc;

use client_cert::{
    client::Client,
    format::signed::SignedFormat,
    sign::{
        signature_cache::SignatureCache,
        signer::{Signer, SignerCerts},
    },
    verify::{
        Freshness,
        clients::{ClientTrust, cas::ClientCas},
        trust::TrustAnchors,
        verification_cache::{TrustSources, VerificationCache},
    },
};

use openssl::x509::{X509, X509Extension, extension::SubjectAlternativeName};

#[allow(dead_code)]
#[path = "../src/testing.rs"]
mod testing;

use testing::{KeyKind, Leaf, NOW};

/// What is in use. Of the main thread's memory alone, so this is no test of the usual harness.
fn in_use() -> usize {
    // SAFETY: takes no arguments.
    let info = unsafe { libc::mallinfo2() };
    info.uordblks + info.hblkhd
}

/// What signatures of this side's own may take.
const SIGNATURES: usize = 64 << 10;

/// What a client's subjectAltName has.
#[derive(Clone, Copy, Debug)]
enum Names {
    /// One URI of so many bytes, of which there is no variable.
    Uri(usize),
    /// So many dNSNames of so many bytes.
    Dns { count: usize, length: usize },
}

fn names(names: Names) -> X509Extension {
    let builder = X509::builder().unwrap();
    let context = builder.x509v3_context(None, None);
    let mut built = SubjectAlternativeName::new();
    match names {
        Names::Uri(length) => {
            built.uri(&format!("https://clients.example/{}", "x".repeat(length)));
        }
        Names::Dns { count, length } => {
            for _ in 0..count {
                built.dns(&"x".repeat(length));
            }
        }
    }
    built.build(&context).unwrap()
}

fn main() {
    let identity = Leaf::new(KeyKind::Rsa(2048)).self_signed();
    let signer = Signer::new(&identity.certificate, &identity.key, &[]).unwrap();
    let peer = Client::new(&identity.certificate, &[]).unwrap();
    let file = std::env::temp_dir().join(format!("client-cert-verdicts-{}", std::process::id()));
    std::fs::write(&file, identity.certificate_pem()).unwrap();
    let read_anchors = || Arc::new(TrustAnchors::from_file(&file).unwrap());
    let freshness = Freshness { max_age: 300, skew: 30 };
    let keys = [KeyKind::Rsa(2048), KeyKind::P256].map(KeyKind::generate);
    let mut cases = Vec::new();
    // With other anchors each time, the signer is another as well.
    for (peer, other_anchors) in [(None, false), (Some(&peer), false), (None, true)] {
        for key in &keys {
            let many = [
                Names::Dns { count: 500, length: 20 },
                // Of short ones the variables take several times as much.
                Names::Dns { count: 3000, length: 1 },
            ];
            let many = if other_anchors || peer.is_some() { &[][..] } else { &many };
            for &names in [Names::Uri(0), Names::Uri(12_000)].iter().chain(many) {
                let sizes = [1 << 20, 4 << 20];
                cases.extend(sizes.map(|size| (peer, other_anchors, key, names, size)));
            }
        }
    }
    for (peer, other_anchors, key, kind, size) in cases {
        let before = in_use();
        let verdicts = VerificationCache::new(size);
        let signatures = SignatureCache::new(SIGNATURES);
        let mut anchors = read_anchors();
        let mut most = 0;
        for number in 0..1000 {
            if other_anchors {
                anchors = read_anchors();
            }
            let trust = TrustSources { anchors: &anchors, names: None, crls: None };
            let client = Leaf::with_key(key.clone()).subject(&number.to_string());
            let client = client.extension(names(kind)).self_signed();
            let client = Client::new(&client.certificate, &[]).unwrap();
            let der = signer.sign(SignerCerts::Chain, &client, NOW).unwrap();
            let (certs, format) = (SignerCerts::Chain, SignedFormat::Cms);
            let value = format.encode(&der);
            let verdict = verdicts
                .verify(trust, format, value.as_bytes(), NOW, freshness, peer)
                .map_err(|_| "refused")
                .unwrap();
            // What a handler reads of it makes OpenSSL keep more; its variables are kept with it;
            // and if it goes on, signed again, the value that is then used twice.
            let accepted = &verdict.accepted;
            let _ = accepted.client().certificate().unwrap().subject_alt_names();
            let _ = accepted.signer().subject_alt_names();
            let _ = accepted.variables();
            for _ in 0..2 {
                let client = accepted.client();
                signatures.sign(&signer, certs, client, format, NOW, 60).unwrap();
            }
            drop((client, der, value, verdict));
            most = most.max(in_use().saturating_sub(before));
        }
        println!("{kind:?} {size}: {most}");
        assert!(most <= size + size / 10 + SIGNATURES, "{size}: {most}");
    }
    let anchors = read_anchors();
    std::fs::remove_file(&file).unwrap();
    for (kind, size) in [(0, 1 << 20), (2_000, 1 << 20), (0, 4 << 20), (2_000, 4 << 20)] {
        let most = of_clients(&signer, &anchors, kind, size);
        println!("clients with chains of {kind} more bytes, {size}: {most}");
        assert!(most <= size + size / 10, "{size}: {most}");
    }
}

/// What a cache of so many bytes takes with paths of clients, who have names of so many bytes, as
/// their issuer has; values are remembered elsewhere.
fn of_clients(signer: &Signer, anchors: &Arc<TrustAnchors>, name: usize, size: usize) -> usize {
    let sources = TrustSources { anchors, names: None, crls: None };
    let (format, freshness) = (SignedFormat::Cms, Freshness { max_age: 300, skew: 30 });
    let elsewhere = VerificationCache::new(0);
    let key = KeyKind::P256.generate();
    let root = Leaf::ca("root").self_signed();
    let uri = |length| names(Names::Uri(length));
    let lower = Leaf::ca("lower").extension(uri(name)).issued_by(&root);
    let cas = ClientCas::from_pem(root.certificate_pem().as_bytes()).unwrap();
    let trust = ClientTrust::new(Arc::new(cas), None);
    let chain = Client::new(&lower.certificate, &[&lower.certificate]).unwrap();
    let chain = chain.encode_chain().unwrap();
    let lines = [chain.as_bytes()];
    let before = in_use();
    let cache = VerificationCache::with_clients(size);
    let mut most = 0;
    for number in 0..1000 {
        let client = Leaf::with_key(key.clone()).subject(&number.to_string());
        let client = client.extension(uri(name)).issued_by(&lower);
        let client = Client::new(&client.certificate, &[]).unwrap();
        let der = signer.sign(SignerCerts::Signer, &client, NOW).unwrap();
        let value = format.encode(&der);
        let accepted = elsewhere
            .verify(sources, format, value.as_bytes(), NOW, freshness, None)
            .map_err(|failure| failure.to_string())
            .unwrap()
            .accepted;
        let verified = cache.verify_client(&trust, accepted.client(), &lines, NOW);
        let verified = verified.map_err(|failure| failure.to_string()).unwrap();
        // What is read of it when it is forwarded.
        let _ = verified.client.certificate().unwrap().subject_alt_names();
        drop((client, der, value, accepted, verified));
        most = most.max(in_use().saturating_sub(before));
    }
    most
}
