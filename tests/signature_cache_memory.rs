// SPDX-License-Identifier: Apache-2.0

//! The cache keeps to its size, by the allocator's count.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicUsize, Ordering},
};

use client_cert::{
    client::Client,
    format::signed::SignedFormat,
    sign::{
        signature_cache::SignatureCache,
        signer::{Signer, SignerCerts},
    },
};
use openssl::{
    asn1::{Asn1Integer, Asn1Time},
    bn::BigNum,
    ec::{EcGroup, EcKey},
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, PKeyRef, Private},
    x509::X509,
};

/// Counts what is in use, with what malloc adds to each piece.
struct Counting;

static IN_USE: AtomicUsize = AtomicUsize::new(0);

fn taken(size: usize) -> usize {
    (size + 8).next_multiple_of(16).max(32)
}

// SAFETY: the system's allocator, with a counter beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        IN_USE.fetch_add(taken(layout.size()), Ordering::Relaxed);
        // SAFETY: the caller's part.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(taken(layout.size()), Ordering::Relaxed);
        // SAFETY: the caller's part.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const NOW: i64 = 1_800_000_000;

fn certificate(key: &PKeyRef<Private>, serial: u32) -> X509 {
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    let serial = BigNum::from_u32(serial).unwrap();
    builder.set_serial_number(&Asn1Integer::from_bn(&serial).unwrap()).unwrap();
    builder.set_not_before(&Asn1Time::from_unix(NOW - 10).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::from_unix(NOW + 10).unwrap()).unwrap();
    builder.set_pubkey(key).unwrap();
    builder.sign(key, MessageDigest::sha256()).unwrap();
    builder.build()
}

#[test]
fn many_clients_stay_within_the_size() {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
    let signer = Signer::new(&certificate(&key, 0), &key, &[]).unwrap();
    for certs in [SignerCerts::None, SignerCerts::Signer] {
        for size in [64 << 10, 1 << 20, 4 << 20] {
            let before = IN_USE.load(Ordering::Relaxed);
            let cache = SignatureCache::new(size);
            let mut most = 0;
            for serial in 0..12_000 {
                let client = Client::new(&certificate(&key, serial), &[]).unwrap();
                cache.sign(&signer, certs, &client, SignedFormat::Cms, NOW, 60).unwrap();
                drop(client);
                let used = IN_USE.load(Ordering::Relaxed) - before;
                most = most.max(used);
            }
            assert!(most <= size + size / 10, "{size}: {most}");
            assert!(most >= size / 2, "{size} is not made use of: {most}");
        }
    }
}
