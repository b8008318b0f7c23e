// SPDX-License-Identifier: Apache-2.0

//! How the costs grow with the length of the signer's chain and the size of the certificate, with the
//! number of names, and with the number of clients.
//!
//!     cargo bench --bench growth [-- ROUNDS]

mod support;

use std::{
    ffi::{CStr, CString},
    fs,
    hint::black_box,
    process,
};

use client_cert::{
    client::Client,
    sign::{signature_cache::SignatureCache, signer::Signer},
};
use openssl::x509::extension::SubjectAlternativeName;
use support::{
    Row, Variant,
    c::{Arena, cache_sign},
    compare,
    origin::Origin,
    rounds,
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

/// The file of an anchor, for as long as `read` reads it.
fn with_file<R>(root: &Identity, read: impl FnOnce(&CStr) -> R) -> R {
    let file = std::env::temp_dir().join(format!("client-cert-bench-{}", process::id()));
    fs::write(&file, root.certificate_pem()).unwrap();
    let read = read(&CString::new(file.to_str().unwrap()).unwrap());
    fs::remove_file(&file).unwrap();
    read
}

fn microseconds(rows: &[Row]) -> String {
    let times: Vec<_> = rows.iter().map(|row| format!("{:.2}", row.time.value / 1e3)).collect();
    times.join(" | ")
}

/// A signer with many subjectAltNames, of which the last is the one that is asked for, and an origin
/// with many names.
fn by_names(rounds: usize, root: &Identity) {
    println!("\n| names of the signer | of the origin | accepted | signer known | again |");
    println!("| ---: | ---: | ---: | ---: | ---: |");
    for (sans, names) in [1, 10, 100, 300]
        .map(|sans| (sans, 1))
        .into_iter()
        .chain([10, 100, 1_000, 10_000].map(|names| (1, names)).into_iter().chain([(300, 10_000)]))
    {
        let identity = named(Leaf::new(KeyKind::P256), |list| {
            for number in 1..sans {
                list.dns(&format!("other-{number}.example"));
            }
            list.dns("ttrp.example");
        })
        .issued_by(root);
        let signer = Signer::new(&identity.certificate, &identity.key, &[]).unwrap();
        let peer = Client::new(&identity.certificate, &[]).unwrap();
        let allowed: Vec<_> = (1..names)
            .map(|number| CString::new(format!("ttrp-{number}.example")).unwrap())
            .chain([CString::from(c"ttrp.example")])
            .collect();
        let allowed: Vec<_> = allowed.iter().map(|name| name.as_c_str()).collect();
        let origin = with_file(root, |path| Origin::with_names(path, &allowed, 64 << 20));
        let value = Arena::new().sign_string(&signer, &client(root, 512), NOW);
        let rows = compare(
            rounds,
            vec![
                Variant::new("accepted", || origin.first(&value, NOW, Some(&peer))),
                Variant::new("signer known", || origin.next(&value, NOW, Some(&peer))),
                Variant::new("again", || origin.again(&value, NOW, Some(&peer))),
            ],
        );
        println!("| {sans} | {names} | {} |", microseconds(&rows));
    }
}

/// Clients in turn, each of which was seen before.
fn by_clients(rounds: usize, root: &Identity) {
    println!("\n| clients | signed again | accepted again |");
    println!("| ---: | ---: | ---: |");
    let identity = named(Leaf::new(KeyKind::P256), |names| {
        names.dns("ttrp.example");
    })
    .issued_by(root);
    let signer = Signer::new(&identity.certificate, &identity.key, &[]).unwrap();
    let peer = Client::new(&identity.certificate, &[]).unwrap();
    let clients: Vec<_> = (0..10_000).map(|_| client(root, 512)).collect();
    for number in [1, 10, 100, 1_000, 10_000] {
        let clients = &clients[..number];
        // Room for all of them.
        let cache = SignatureCache::new(512 << 20);
        let origin = with_file(root, |path| Origin::new(path, c"ttrp.example", 512 << 20));
        let arena = Arena::new();
        let values: Vec<_> =
            clients.iter().map(|client| arena.sign_string(&signer, client, NOW)).collect();
        for (client, value) in clients.iter().zip(&values) {
            cache_sign(&cache, &signer, client, NOW, black_box);
            origin.again(value, NOW, Some(&peer));
        }
        let (mut next_client, mut next_value) = (clients.iter().cycle(), values.iter().cycle());
        let rows = compare(
            rounds,
            vec![
                Variant::new("signed again", || {
                    cache_sign(&cache, &signer, next_client.next().unwrap(), NOW, black_box)
                }),
                Variant::new("accepted again", || {
                    origin.again(next_value.next().unwrap(), NOW, Some(&peer))
                }),
            ],
        );
        println!("| {number} | {} |", microseconds(&rows));
    }
}

fn main() {
    let rounds = rounds(100);
    let root = Leaf::ca("root").self_signed();
    by_size(rounds, &root);
    by_names(rounds, &root);
    by_clients(rounds, &root);
}

fn by_size(rounds: usize, root: &Identity) {
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
        let client = client(root, size);
        let peer = Client::new(&identity.certificate, &[]).unwrap();

        let origin = with_file(root, |path| Origin::new(path, c"ttrp.example", 64 << 20));
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
        let (certificate, length) = (client.leaf().len(), value.len());
        println!("| {} | {certificate} | {length} | {} |", chain.len(), microseconds(&rows));
    }
}
