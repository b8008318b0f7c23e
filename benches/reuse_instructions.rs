// SPDX-License-Identifier: Apache-2.0

//! The instructions that using a value again takes with few and with many clients, as callgrind
//! counts them: what the number of clients costs but for the processor's caches, which `reuse`
//! shows.
//!
//!     cargo bench --bench reuse_instructions

mod support;

use std::{hint::black_box, path::Path, sync::Arc};

use client_cert::{
    client::Client,
    format::{UnsignedFormat, signed::SignedFormat},
    sign::signer::{Signer, SignerCerts},
    verify::{
        Freshness,
        trust::{TrustAnchors, TrustNames},
        verification_cache::{TrustSources, VerificationCache},
    },
};
use openssl::x509::{X509, extension::SubjectAlternativeName};
use support::{
    callgrind,
    reuse::{FEW, MANY, Order, Remembered},
    testing::{KeyKind, Leaf, NOW},
    unsigned::{self, UNSIGNED},
};

const USES: u32 = 100_000;

/// The instructions for one use of each in a row, when all have been used before.
fn count(dumps: &Path, limit: usize, mut action: impl FnMut(usize)) -> f64 {
    (0..limit).for_each(&mut action);
    let mut order = Order::new(7, limit);
    callgrind::count(dumps, USES, || action(order.next()))
}

fn measure(dumps: &Path) {
    let remembered = Remembered::new(MANY, 1);
    println!("\n| what | {FEW} clients | {MANY} clients | ratio |");
    println!("| --- | ---: | ---: | ---: |");
    let row = |name, few: f64, many: f64| {
        println!("| {name} | {few:.0} | {many:.0} | {:.3} |", many / few);
    };
    let [few, many] = [FEW, MANY].map(|limit| count(dumps, limit, remembered.copy()));
    row("the copy alone", few, many);
    let [few, many] = [FEW, MANY].map(|limit| count(dumps, limit, remembered.reuse(0)));
    row("used again", few, many);
    remembered.use_others();
    let [few, many] = [FEW, MANY].map(|limit| count(dumps, limit, remembered.look_up(0)));
    row("by another connection", few, many);
}

/// A value that is accepted again, from a peer that is its signer.
fn measure_acceptance(dumps: &Path) {
    let pair = Leaf::new(KeyKind::P256).self_signed();
    let client = Leaf::new(KeyKind::P256).self_signed();
    let client = Client::new(&client.certificate, &[]).unwrap();
    let peer = Client::new(&pair.certificate, &[]).unwrap();
    let signed = Signer::new(&pair.certificate, &pair.key, &[])
        .and_then(|signer| signer.sign(SignerCerts::Signer, &client, NOW))
        .unwrap();
    let value = SignedFormat::Cms.encode(&signed);
    let anchors = Arc::new(TrustAnchors::from_pem(pair.certificate_pem().as_bytes()).unwrap());
    let trust = TrustSources { anchors: &anchors, names: None, crls: None };
    let cache = VerificationCache::new(1 << 20);
    let freshness = Freshness { max_age: 300, skew: 30 };
    let total = count(dumps, 1, |_| {
        let accepted = cache
            .verify(trust, SignedFormat::Cms, value.as_bytes(), NOW, freshness, Some(&peer))
            .map_err(|failure| failure.rejection())
            .unwrap();
        black_box(accepted);
    });
    println!("\naccepted again: {total:.0} instructions for a value of {} bytes", value.len());
}

/// The same of values that are not signed, from a peer with a name.
fn measure_unsigned(dumps: &Path) {
    let names = X509::builder()
        .and_then(|builder| {
            let context = builder.x509v3_context(None, None);
            SubjectAlternativeName::new().dns("ttrp.example").build(&context)
        })
        .unwrap();
    let pair = Leaf::new(KeyKind::P256).extension(names).self_signed();
    let client = Leaf::new(KeyKind::P256).self_signed().certificate.to_der().unwrap();
    let peer = Client::new(&pair.certificate, &[]).unwrap();
    let anchors = Arc::new(TrustAnchors::from_pem(pair.certificate_pem().as_bytes()).unwrap());
    let names = Arc::new(TrustNames::new(&[b"ttrp.example"]).unwrap());
    let trust = TrustSources { anchors: &anchors, names: Some(&names), crls: None };
    let cache = VerificationCache::new(1 << 20);
    for (name, format) in UNSIGNED {
        let value = unsigned::encode(format, &client);
        let format = UnsignedFormat::new(format).unwrap();
        let total = count(dumps, 1, |_| {
            let accepted = cache
                .verify_peer(trust, format, value.as_bytes(), NOW, &peer)
                .map_err(|failure| failure.rejection())
                .unwrap();
            black_box(accepted);
        });
        println!("{name}, accepted again: {total:.0} for {} bytes", value.len());
    }
}

fn main() {
    callgrind::main(|dumps| {
        measure_acceptance(dumps);
        measure_unsigned(dumps);
        measure(dumps);
    });
}
