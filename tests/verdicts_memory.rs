// SPDX-License-Identifier: Apache-2.0

//! What is kept of accepted values keeps to its size, by malloc's count, OpenSSL's part included.

use std::sync::Arc;

use client_cert::{
    cache::Cache,
    client::Client,
    format::SignedFormat,
    signer::{Signer, SignerCerts},
    trust::TrustAnchors,
    verdicts::{TrustSources, Verdicts},
    verify::Freshness,
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

/// A subjectAltName of so many bytes.
fn names(length: usize) -> X509Extension {
    let builder = X509::builder().unwrap();
    let context = builder.x509v3_context(None, None);
    let uri = format!("https://clients.example/{}", "x".repeat(length));
    SubjectAlternativeName::new().uri(&uri).build(&context).unwrap()
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
            for length in [0, 12_000] {
                let sizes = [1 << 20, 4 << 20];
                cases.extend(sizes.map(|size| (peer, other_anchors, key, length, size)));
            }
        }
    }
    for (peer, other_anchors, key, length, size) in cases {
        let before = in_use();
        let verdicts = Verdicts::new(size);
        let signatures = Cache::new(SIGNATURES);
        let mut anchors = read_anchors();
        let mut most = 0;
        for number in 0..1000 {
            if other_anchors {
                anchors = read_anchors();
            }
            let trust = TrustSources { anchors: &anchors, names: None, crls: None };
            let client = Leaf::with_key(key.clone()).subject(&number.to_string());
            let client = client.extension(names(length)).self_signed();
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
            accepted.attach(Box::new(vec![0_u8; 2048 + client.leaf().len() * 3 / 2]));
            for _ in 0..2 {
                let client = accepted.client();
                signatures.sign(&signer, certs, client, format, NOW, 60).unwrap();
            }
            drop((client, der, value, verdict));
            most = most.max(in_use().saturating_sub(before));
        }
        println!("{length} {size}: {most}");
        assert!(most <= size + size / 10 + SIGNATURES, "{size}: {most}");
    }
    std::fs::remove_file(&file).unwrap();
}
