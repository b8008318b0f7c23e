// SPDX-License-Identifier: Apache-2.0

//! What is kept of accepted values keeps to its size, by malloc's count, OpenSSL's part included.

use std::sync::Arc;

use client_cert::{
    client::Client,
    format::SignedFormat,
    signer::{Signer, SignerCerts},
    trust::TrustAnchors,
    verdicts::{TrustSources, Verdicts},
    verify::Freshness,
};

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

fn main() {
    let identity = Leaf::new(KeyKind::Rsa(2048)).self_signed();
    let signer = Signer::new(&identity.certificate, &identity.key, &[]).unwrap();
    let peer = Client::new(&identity.certificate, &[]).unwrap();
    let file = std::env::temp_dir().join(format!("client-cert-verdicts-{}", std::process::id()));
    std::fs::write(&file, identity.certificate_pem()).unwrap();
    let read_anchors = || Arc::new(TrustAnchors::from_file(&file).unwrap());
    let freshness = Freshness { max_age: 300, skew: 30 };
    let keys = [KeyKind::Rsa(2048), KeyKind::P256].map(KeyKind::generate);
    // With other anchors each time, the signer is another as well.
    for (peer, other_anchors) in [(None, false), (Some(&peer), false), (None, true)] {
        for key in &keys {
            for size in [1 << 20, 4 << 20] {
                let before = in_use();
                let verdicts = Verdicts::new(size);
                let mut anchors = read_anchors();
                let mut most = 0;
                for number in 0..1000 {
                    if other_anchors {
                        anchors = read_anchors();
                    }
                    let trust = TrustSources { anchors: &anchors, names: &[], crls: None };
                    let client = Leaf::with_key(key.clone()).subject(&number.to_string());
                    let client = Client::new(&client.self_signed().certificate, &[]).unwrap();
                    let der = signer.sign(SignerCerts::Chain, &client, NOW).unwrap();
                    let value = SignedFormat::Cms.encode(&der);
                    let format = SignedFormat::Cms;
                    let verdict = verdicts
                        .verify(trust, format, value.as_bytes(), NOW, freshness, peer)
                        .map_err(|_| "refused")
                        .unwrap();
                    // What a handler reads of it makes OpenSSL keep more.
                    for certificate in [
                        verdict.accepted.client().certificate().unwrap(),
                        verdict.accepted.signer(),
                    ] {
                        let _ = certificate.subject_alt_names();
                    }
                    drop((client, der, value, verdict));
                    most = most.max(in_use().saturating_sub(before));
                }
                println!("{size}: {most}");
                assert!(most <= size + size / 10, "{size}: {most}");
            }
        }
    }
    std::fs::remove_file(&file).unwrap();
}
