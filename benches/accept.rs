// SPDX-License-Identifier: Apache-2.0

//! What accepting a value costs, first and again, against OpenSSL's bare verification of the
//! signer's chain and of the signature, with certificates that are parsed already.
//!
//!     cargo bench --bench accept [-- ROUNDS]

mod support;

use std::{ffi::CString, fs, process};

use client_cert::{client::Client, signer::Signer};
use openssl::{
    hash::MessageDigest,
    sign::{Signer as OpensslSigner, Verifier},
    stack::Stack,
    x509::{
        X509StoreContext, extension::SubjectAlternativeName, store::X509StoreBuilder,
        verify::X509VerifyParam,
    },
};
use support::{
    Variant,
    c::{Arena, Origin},
    compare, print, rounds,
    testing::{KeyKind, Leaf, NOW},
};

fn main() {
    let rounds = rounds(300);
    for kind in [KeyKind::Rsa(2048), KeyKind::P256, KeyKind::Ed25519] {
        let root = Leaf::ca("root").self_signed();
        let name = {
            let builder = openssl::x509::X509::builder().unwrap();
            let context = builder.x509v3_context(None, None);
            SubjectAlternativeName::new().dns("ttrp.example").build(&context).unwrap()
        };
        let identity = Leaf::new(kind).extension(name).issued_by(&root);
        let client = Leaf::new(KeyKind::Rsa(2048)).subject("client").issued_by(&root);
        let client = Client::new(&client.certificate, &[]).unwrap();
        let signer = Signer::new(&identity.certificate, &identity.key, &[]).unwrap();
        let peer = Client::new(&identity.certificate, &[]).unwrap();
        let value = Arena::new().sign_string(&signer, &client, NOW);

        let file = std::env::temp_dir().join(format!("client-cert-bench-{}", process::id()));
        fs::write(&file, root.certificate_pem()).unwrap();
        let path = CString::new(file.to_str().unwrap()).unwrap();
        let origin = Origin::new(&path, c"ttrp.example", 64 << 20);
        fs::remove_file(&file).unwrap();

        let mut store = X509StoreBuilder::new().unwrap();
        let mut parameters = X509VerifyParam::new().unwrap();
        parameters.set_time(NOW);
        parameters.set_auth_level(2);
        store.set_param(&parameters).unwrap();
        store.add_cert(root.certificate.clone()).unwrap();
        let store = store.build();
        let untrusted = Stack::new().unwrap();
        // As many octets as the signed attributes have.
        let message = [7; 270];
        let digest = || match kind {
            KeyKind::Ed25519 => None,
            _ => Some(MessageDigest::sha256()),
        };
        let signature = match digest() {
            Some(digest) => OpensslSigner::new(digest, &identity.key),
            None => OpensslSigner::new_without_digest(&identity.key),
        }
        .and_then(|mut signer| signer.sign_oneshot_to_vec(&message))
        .unwrap();
        let public = identity.certificate.public_key().unwrap();

        let bare = || {
            let verified = X509StoreContext::new().and_then(|mut context| {
                context.init(&store, &identity.certificate, &untrusted, |context| {
                    context.verify_cert()
                })
            });
            assert!(verified.unwrap());
            let verifier = match digest() {
                Some(digest) => Verifier::new(digest, &public),
                None => Verifier::new_without_digest(&public),
            };
            assert!(verifier.unwrap().verify_oneshot(&signature, &message).unwrap());
        };
        let variants = vec![
            Variant::new("OpenSSL, chain and signature", bare),
            Variant::new("first, from the TLS peer", || origin.verify(&value, NOW, Some(&peer))),
            Variant::new("first, from anyone", || origin.verify(&value, NOW, None)),
            Variant::new("again, from the TLS peer", || origin.again(&value, NOW, Some(&peer))),
            Variant::new("again, from anyone", || origin.again(&value, NOW, None)),
        ];
        print(&format!("{kind:?}, value of {} bytes", value.len()), &compare(rounds, variants));
    }
}
