// SPDX-License-Identifier: Apache-2.0

//! How the costs grow with the length of the signer's chain and the size of the certificate.
//!
//!     cargo bench --bench growth [-- ROUNDS]

mod support;

use std::{ffi::CString, fs, hint::black_box, process};

use client_cert::{
    client::Client,
    sign::{signature_cache::SignatureCache, signer::Signer},
};
use openssl::x509::extension::SubjectAlternativeName;
use support::{
    Variant,
    c::{Arena, Origin, cache_sign},
    compare, rounds,
    testing::{Identity, KeyKind, Leaf, NOW},
};

fn named(leaf: Leaf, name: impl FnOnce(&mut SubjectAlternativeName)) -> Leaf {
    let builder = openssl::x509::X509::builder().unwrap();
    let mut names = SubjectAlternativeName::new();
    name(&mut names);
    leaf.extension(names.build(&builder.x509v3_context(None, None)).unwrap())
}

/// A certificate of about so many bytes.
fn client(root: &Identity, size: usize) -> Client {
    let uri = format!("https://clients.example/{}", "x".repeat(size.saturating_sub(430)));
    let leaf = named(Leaf::new(KeyKind::P256), |names| {
        if size > 430 {
            names.uri(&uri);
        }
    });
    Client::new(&leaf.issued_by(root).certificate, &[]).unwrap()
}

fn main() {
    let rounds = rounds(100);
    let root = Leaf::ca("root").self_signed();
    println!(
        "| intermediates | certificate | value | made | again | accepted | signer known | again |"
    );
    println!("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    let steps = (0..=4).map(|chain| (chain, 1024));
    let sizes = [512, 1024, 2048, 4096, 8192, 16_384].map(|size| (0, size));
    for (chain, size) in steps.chain(sizes) {
        let mut issuers = vec![root.clone()];
        for number in 0..chain {
            let next = Leaf::ca(&format!("ca {number}")).issued_by(issuers.last().unwrap());
            issuers.push(next);
        }
        let identity = named(Leaf::new(KeyKind::P256), |names| {
            names.dns("ttrp.example");
        })
        .issued_by(issuers.last().unwrap());
        let chain: Vec<_> = issuers.iter().skip(1).map(|issuer| &*issuer.certificate).collect();
        let signer = Signer::new(&identity.certificate, &identity.key, &chain).unwrap();
        let client = client(&root, size);
        let peer = Client::new(&identity.certificate, &[]).unwrap();

        let file = std::env::temp_dir().join(format!("client-cert-bench-{}", process::id()));
        fs::write(&file, root.certificate_pem()).unwrap();
        let path = CString::new(file.to_str().unwrap()).unwrap();
        let origin = Origin::new(&path, c"ttrp.example", 64 << 20);
        fs::remove_file(&file).unwrap();

        let arena = Arena::new();
        let cache = SignatureCache::new(1 << 20);
        let value = arena.sign_string(&signer, &client, NOW);
        let rows = compare(
            rounds,
            vec![
                Variant::new("made", || arena.sign(&signer, &client, NOW)),
                Variant::new("again", || cache_sign(&cache, &signer, &client, NOW, black_box)),
                Variant::new("accepted", || origin.first(&value, NOW, Some(&peer))),
                Variant::new("signer known", || origin.next(&value, NOW, Some(&peer))),
                Variant::new("again", || origin.again(&value, NOW, Some(&peer))),
            ],
        );
        let times: Vec<_> = rows.iter().map(|row| format!("{:.2}", row.time.value / 1e3)).collect();
        let (certificate, length) = (client.leaf().len(), value.len());
        println!("| {} | {certificate} | {length} | {} |", chain.len(), times.join(" | "));
    }
}
