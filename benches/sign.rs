// SPDX-License-Identifier: Apache-2.0

//! What making a value costs, against EVP_DigestSign() of the same key over the same content.
//!
//!     cargo bench --bench sign [-- ROUNDS]

mod support;

use client_cert::{client::Client, sign::signer::Signer};
use openssl::{
    cms::{CMSOptions, CmsContentInfo},
    pkey::Id,
};
use support::{
    Variant,
    c::{Arena, DigestSign},
    compare, print, rounds,
    testing::{KeyKind, Leaf, NOW},
};

fn main() {
    let rounds = rounds(400);
    let root = Leaf::ca("root").self_signed();
    let certificate =
        Leaf::new(KeyKind::Rsa(2048)).subject(&"c".repeat(40)).issued_by(&root).certificate;
    let client = Client::new(&certificate, &[]).unwrap();
    println!("client certificate: {} bytes", client.leaf().len());
    for &kind in KeyKind::SUPPORTED {
        let identity = Leaf::new(kind).issued_by(&root);
        let signer =
            Signer::new(&identity.certificate, &identity.key, &[&root.certificate]).unwrap();
        let arena = Arena::new();
        // SAFETY: takes no arguments.
        let digest = unsafe {
            match kind {
                KeyKind::P384 => openssl_sys::EVP_sha384(),
                KeyKind::P521 => openssl_sys::EVP_sha512(),
                KeyKind::Ed25519 => std::ptr::null(),
                _ => openssl_sys::EVP_sha256(),
            }
        };
        let mut bare = DigestSign::new(&identity.key, digest);
        let mut variants = vec![
            Variant::new("EVP_DigestSign", || bare.sign(client.leaf())),
            Variant::new("client_cert_sign", || arena.sign(&signer, &client, NOW)),
        ];
        // Which OpenSSL 3.0's CMS cannot.
        if identity.key.id() != Id::ED25519 {
            variants.push(Variant::new("CMS_sign, DER", || {
                CmsContentInfo::sign(
                    Some(&identity.certificate),
                    Some(&identity.key),
                    None,
                    Some(client.leaf()),
                    CMSOptions::BINARY | CMSOptions::NOSMIMECAP,
                )
                .and_then(|cms| cms.to_der())
                .unwrap()
            }));
        }
        print(&format!("{kind:?}"), &compare(rounds, variants));
    }
}
