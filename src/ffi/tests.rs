// SPDX-License-Identifier: Apache-2.0

//! What C can do wrong. That all of it works is tested by tests/interop/example.c.

use std::{
    ffi::{CStr, c_char, c_void},
    ptr::{null, null_mut},
};

use foreign_types::ForeignType;

use super::{
    allocator::{Allocator, Bytes, Value},
    certificate::*,
    client::*,
    encode::*,
    handshake::*,
    listener::Listener,
    result::ClientCertResult::{self, InvalidParameter, NullParameter, Ok, OutOfMemory},
    sign::*,
    signature_cache::*,
    signer::*,
    trust::*,
};
use crate::{
    client::Client,
    session_record::Handshake,
    sign::{signature_cache::SignatureCache, signer::Signer},
    testing::{Identity, KeyKind, Leaf, NOW},
};

unsafe extern "C" fn none(_: *mut c_void, _: usize) -> *mut c_void {
    null_mut()
}

unsafe extern "C" fn malloc(_: *mut c_void, size: usize) -> *mut c_void {
    assert_ne!(size, 0);
    // SAFETY: any size.
    unsafe { libc::malloc(size) }
}

const MALLOC: Allocator = Allocator { allocate: Some(malloc), context: null_mut() };
const NO_MEMORY: Allocator = Allocator { allocate: Some(none), context: null_mut() };
const NO_FUNCTION: Allocator = Allocator { allocate: None, context: null_mut() };

struct Objects {
    identity: Identity,
    signer: Signer,
    client: Client,
    handshake: Handshake,
    cache: SignatureCache,
}

impl Objects {
    fn new() -> Self {
        let identity = Leaf::new(KeyKind::P256).self_signed();
        let leaf = &*identity.certificate;
        Self {
            signer: Signer::new(leaf, &identity.key, &[]).unwrap(),
            client: Client::new(leaf, &[]).unwrap(),
            handshake: Handshake::new([1; 32], [2; 32], Some(leaf), &[], true).unwrap(),
            cache: SignatureCache::new(1 << 16),
            identity,
        }
    }
}

#[test]
fn null_is_never_taken_silently() {
    let objects = Objects::new();
    let x509 = objects.identity.certificate.as_ptr();
    let key = objects.identity.key.as_ptr();
    let (signer, client) = (&raw const objects.signer, &raw const objects.client);
    let (handshake, cache) = (&raw const objects.handshake, &raw const objects.cache);
    let (mut signer_out, mut client_out) = (null_mut(), null_mut());
    let mut handshake_out = null_mut();
    let (mut length, mut reused, mut borrowed) = (0, false, null());
    let mut renewal = Ok;
    let (mut shared, mut text) = (null_mut(), null());
    let (mut value, mut bytes) = (Value::EMPTY, Bytes::EMPTY);
    let mut id = [0; 32];
    let id = id.as_mut_ptr();
    let malloc: *const Allocator = &MALLOC;
    let no_function: *const Allocator = &NO_FUNCTION;
    let name = c"/nonexistent".as_ptr();
    let chain = [x509, null_mut()];
    let chain = chain.as_ptr();
    // SAFETY: live objects, but for the NULL.
    let results = unsafe {
        [
            ("client_cert_certificate_id: argument 1", client_cert_certificate_id(null_mut(), id)),
            (
                "client_cert_certificate_id: argument 2",
                client_cert_certificate_id(x509, null_mut()),
            ),
            (
                "client_cert_signer_new: argument 1",
                client_cert_signer_new(null_mut(), key, null(), 0, &mut signer_out),
            ),
            (
                "client_cert_signer_new: argument 2",
                client_cert_signer_new(x509, null_mut(), null(), 0, &mut signer_out),
            ),
            (
                "client_cert_signer_new: argument 5",
                client_cert_signer_new(x509, key, null(), 0, null_mut()),
            ),
            (
                "client_cert_signer_from_file: argument 1",
                client_cert_signer_from_file(null(), null(), &mut signer_out),
            ),
            (
                "client_cert_signer_from_file: argument 3",
                client_cert_signer_from_file(name, null(), null_mut()),
            ),
            (
                "client_cert_signer_from_pem: argument 1",
                client_cert_signer_from_pem(null(), 0, null(), 0, &mut signer_out),
            ),
            (
                "client_cert_signer_from_pem: argument 5",
                client_cert_signer_from_pem(id, 32, null(), 0, null_mut()),
            ),
            ("client_cert_signer_id: argument 1", client_cert_signer_id(null(), id)),
            ("client_cert_signer_id: argument 2", client_cert_signer_id(signer, null_mut())),
            (
                "client_cert_signer_check_validity: argument 1",
                client_cert_signer_check_validity(null(), NOW),
            ),
            (
                "client_cert_signer_value_length: argument 1",
                client_cert_signer_value_length(null(), 0, 0, 1, &mut length),
            ),
            (
                "client_cert_signer_value_length: argument 5",
                client_cert_signer_value_length(signer, 0, 0, 1, null_mut()),
            ),
            (
                "client_cert_client_new: argument 1",
                client_cert_client_new(null_mut(), null(), 0, &mut client_out),
            ),
            (
                "client_cert_client_new: argument 4",
                client_cert_client_new(x509, null(), 0, null_mut()),
            ),
            (
                "client_cert_client_check_validity: argument 1",
                client_cert_client_check_validity(null(), NOW),
            ),
            (
                "client_cert_handshake_new: argument 1",
                client_cert_handshake_new(null(), id, x509, null(), 0, true, &mut handshake_out),
            ),
            (
                "client_cert_handshake_new: argument 2",
                client_cert_handshake_new(id, null(), x509, null(), 0, true, &mut handshake_out),
            ),
            (
                "client_cert_handshake_new: argument 7",
                client_cert_handshake_new(id, id, x509, null(), 0, true, null_mut()),
            ),
            (
                "client_cert_handshake_to_bytes: argument 1",
                client_cert_handshake_to_bytes(null(), malloc, &mut bytes),
            ),
            (
                "client_cert_handshake_to_bytes: argument 2",
                client_cert_handshake_to_bytes(handshake, null(), &mut bytes),
            ),
            (
                "client_cert_handshake_to_bytes: argument 3",
                client_cert_handshake_to_bytes(handshake, malloc, null_mut()),
            ),
            (
                "client_cert_handshake_from_bytes: argument 1",
                client_cert_handshake_from_bytes(null(), 32, x509, &mut handshake_out),
            ),
            (
                "client_cert_handshake_from_bytes: argument 4",
                client_cert_handshake_from_bytes(id, 32, x509, null_mut()),
            ),
            ("client_cert_handshake_vhost: argument 1", client_cert_handshake_vhost(null(), id)),
            (
                "client_cert_handshake_vhost: argument 2",
                client_cert_handshake_vhost(handshake, null_mut()),
            ),
            (
                "client_cert_handshake_signer_id: argument 1",
                client_cert_handshake_signer_id(null(), id),
            ),
            (
                "client_cert_handshake_signer_id: argument 2",
                client_cert_handshake_signer_id(handshake, null_mut()),
            ),
            (
                "client_cert_handshake_client: argument 1",
                client_cert_handshake_client(null(), NOW, &mut borrowed),
            ),
            (
                "client_cert_handshake_client: argument 3",
                client_cert_handshake_client(handshake, NOW, null_mut()),
            ),
            ("client_cert_encode: argument 1", client_cert_encode(null(), 2, malloc, &mut value)),
            ("client_cert_encode: argument 3", client_cert_encode(client, 2, null(), &mut value)),
            ("client_cert_encode: argument 4", client_cert_encode(client, 2, malloc, null_mut())),
            (
                "client_cert_encode_chain: argument 1",
                client_cert_encode_chain(null(), malloc, &mut value),
            ),
            (
                "client_cert_encode_chain: argument 2",
                client_cert_encode_chain(client, null(), &mut value),
            ),
            (
                "client_cert_encode_chain: argument 3",
                client_cert_encode_chain(client, malloc, null_mut()),
            ),
            (
                "client_cert_sign: argument 1",
                client_cert_sign(null(), 0, client, 0, NOW, malloc, &mut value),
            ),
            (
                "client_cert_sign: argument 3",
                client_cert_sign(signer, 0, null(), 0, NOW, malloc, &mut value),
            ),
            (
                "client_cert_sign: argument 6",
                client_cert_sign(signer, 0, client, 0, NOW, null(), &mut value),
            ),
            (
                "client_cert_sign: argument 7",
                client_cert_sign(signer, 0, client, 0, NOW, malloc, null_mut()),
            ),
            (
                "client_cert_signature_cache_new: argument 2",
                client_cert_signature_cache_new(0, null_mut()),
            ),
            (
                "client_cert_signature_cache_sign: argument 1",
                client_cert_signature_cache_sign(
                    null(),
                    signer,
                    0,
                    client,
                    0,
                    NOW,
                    60,
                    &mut shared,
                    &mut text,
                    &mut length,
                    &mut reused,
                    &mut renewal,
                ),
            ),
            (
                "client_cert_signature_cache_sign: argument 2",
                client_cert_signature_cache_sign(
                    cache,
                    null(),
                    0,
                    client,
                    0,
                    NOW,
                    60,
                    &mut shared,
                    &mut text,
                    &mut length,
                    &mut reused,
                    &mut renewal,
                ),
            ),
            (
                "client_cert_signature_cache_sign: argument 4",
                client_cert_signature_cache_sign(
                    cache,
                    signer,
                    0,
                    null(),
                    0,
                    NOW,
                    60,
                    &mut shared,
                    &mut text,
                    &mut length,
                    &mut reused,
                    &mut renewal,
                ),
            ),
            (
                "client_cert_signature_cache_sign: argument 8",
                client_cert_signature_cache_sign(
                    cache,
                    signer,
                    0,
                    client,
                    0,
                    NOW,
                    60,
                    null_mut(),
                    &mut text,
                    &mut length,
                    &mut reused,
                    &mut renewal,
                ),
            ),
            (
                "client_cert_signature_cache_sign: argument 9",
                client_cert_signature_cache_sign(
                    cache,
                    signer,
                    0,
                    client,
                    0,
                    NOW,
                    60,
                    &mut shared,
                    null_mut(),
                    &mut length,
                    &mut reused,
                    &mut renewal,
                ),
            ),
            (
                "client_cert_signature_cache_sign: argument 10",
                client_cert_signature_cache_sign(
                    cache,
                    signer,
                    0,
                    client,
                    0,
                    NOW,
                    60,
                    &mut shared,
                    &mut text,
                    null_mut(),
                    &mut reused,
                    &mut renewal,
                ),
            ),
            (
                "client_cert_signature_cache_sign: argument 11",
                client_cert_signature_cache_sign(
                    cache,
                    signer,
                    0,
                    client,
                    0,
                    NOW,
                    60,
                    &mut shared,
                    &mut text,
                    &mut length,
                    null_mut(),
                    &mut renewal,
                ),
            ),
            (
                "client_cert_signature_cache_sign: argument 12",
                client_cert_signature_cache_sign(
                    cache,
                    signer,
                    0,
                    client,
                    0,
                    NOW,
                    60,
                    &mut shared,
                    &mut text,
                    &mut length,
                    &mut reused,
                    null_mut(),
                ),
            ),
            ("NULL in a chain", client_cert_client_new(x509, chain, 2, &mut client_out)),
            ("NULL as a chain", client_cert_client_new(x509, null(), 1, &mut client_out)),
            ("no function", client_cert_encode_chain(client, no_function, &mut value)),
        ]
    };
    for (name, result) in results {
        assert_eq!(result, NullParameter, "{name}");
    }
    // As free() does, each _free takes it.
    // SAFETY: NULL.
    unsafe {
        client_cert_signer_free(null_mut());
        client_cert_client_free(null_mut());
        client_cert_handshake_free(null_mut());
        client_cert_signature_cache_free(null_mut());
        client_cert_shared_value_free(null_mut());
    }
}

#[test]
fn shared_value_outlives_what_it_came_from() {
    let Objects { signer, client, cache, .. } = Objects::new();
    let mut held = Vec::new();
    for (format, now) in [(0, NOW), (1, NOW), (0, NOW + 1), (0, NOW + 60), (1, NOW + 60)] {
        let (mut shared, mut text, mut length, mut reused) = (null_mut(), null(), 0, false);
        let mut renewal = Ok;
        // SAFETY: live objects.
        let result = unsafe {
            client_cert_signature_cache_sign(
                &cache,
                &signer,
                0,
                &client,
                format,
                now,
                60,
                &mut shared,
                &mut text,
                &mut length,
                &mut reused,
                &mut renewal,
            )
        };
        assert_eq!(result, Ok);
        assert_eq!((reused, renewal), (now == NOW + 1, Ok));
        held.push((format, shared, text, length));
    }
    drop((cache, client, signer));
    for (format, shared, text, length) in held {
        // SAFETY: a string that `shared` has.
        let value = unsafe { CStr::from_ptr(text) }.to_str().unwrap().to_owned();
        assert_eq!(value.len(), length);
        let base64 = if format == 0 { &value[..] } else { value[1..].strip_suffix(':').unwrap() };
        assert!(openssl::base64::decode_block(base64).is_ok(), "{value}");
        // SAFETY: not freed before.
        unsafe { client_cert_shared_value_free(shared) };
    }
}

#[test]
fn numbers_from_c_are_checked() {
    let objects = Objects::new();
    let (signer, client) = (&raw const objects.signer, &raw const objects.client);
    let malloc: *const Allocator = &MALLOC;
    let (mut value, mut length, mut reused) = (Value::EMPTY, 0, false);
    let mut renewal = Ok;
    let (mut shared, mut text) = (null_mut(), null());
    for (certs, format) in [(3, 0), (u32::MAX, 0), (0, 2), (0, 3), (0, u32::MAX)] {
        // SAFETY: live objects.
        unsafe {
            let result = client_cert_sign(signer, certs, client, format, NOW, malloc, &mut value);
            assert_eq!(result, InvalidParameter);
            let result = client_cert_signature_cache_sign(
                &objects.cache,
                signer,
                certs,
                client,
                format,
                NOW,
                60,
                &mut shared,
                &mut text,
                &mut length,
                &mut reused,
                &mut renewal,
            );
            assert_eq!(result, InvalidParameter);
            let result = client_cert_signer_value_length(signer, certs, format, 1, &mut length);
            assert_eq!(result, InvalidParameter);
        }
    }
    for format in [0, 1, 7, u32::MAX] {
        // SAFETY: live objects.
        let result = unsafe { client_cert_encode(client, format, malloc, &mut value) };
        assert_eq!(result, InvalidParameter);
    }
    // SAFETY: live objects; of what is too long nothing is read.
    unsafe {
        let result = client_cert_signer_value_length(signer, 0, 0, usize::MAX, &mut length);
        assert_eq!(result, InvalidParameter);
        let mut made = null_mut();
        let one = objects.identity.certificate.as_ptr();
        let result = client_cert_client_new(one, &one, usize::MAX, &mut made);
        assert_eq!(result, InvalidParameter);
        let mut made = null_mut();
        let result = client_cert_handshake_from_bytes(&0, usize::MAX, one, &mut made);
        assert_eq!(result, InvalidParameter);
    }
}

#[test]
fn no_memory_for_the_result() {
    let objects = Objects::new();
    let (signer, client) = (&raw const objects.signer, &raw const objects.client);
    let none: *const Allocator = &NO_MEMORY;
    let (mut value, mut bytes) = (Value::EMPTY, Bytes::EMPTY);
    // SAFETY: live objects.
    let results: [ClientCertResult; 4] = unsafe {
        [
            client_cert_sign(signer, 0, client, 0, NOW, none, &mut value),
            client_cert_encode(client, 2, none, &mut value),
            client_cert_encode_chain(client, none, &mut value),
            client_cert_handshake_to_bytes(&objects.handshake, none, &mut bytes),
        ]
    };
    assert_eq!(results, [OutOfMemory; 4]);
    assert!(value.data.is_null() && bytes.data.is_null());
}

#[test]
fn nothing_to_send_is_an_empty_string() {
    let objects = Objects::new();
    let mut value = Value::EMPTY;
    // SAFETY: live objects; the value is what malloc gave.
    unsafe {
        assert_eq!(client_cert_encode_chain(&objects.client, &MALLOC, &mut value), Ok);
        assert_eq!((value.length, *value.data), (0, 0));
        libc::free(value.data.cast());
    }
}

unsafe extern "C" fn write_down(context: *mut c_void, number: usize, line: *const c_char) {
    // SAFETY: what the test below passes, and a line that stays for this call.
    let (lines, line) = unsafe { (&mut *context.cast::<Vec<_>>(), CStr::from_ptr(line)) };
    lines.push((number, line.to_str().unwrap().to_owned()));
}

#[test]
fn warnings_are_told() {
    let objects = Objects::new();
    let identity = &objects.identity;
    let pem = identity.certificate_pem();
    let mut lines: Vec<(usize, String)> = Vec::new();
    let context = (&raw mut lines).cast();
    let listener = Listener { tell: Some(write_down), context };
    let deaf = Listener { tell: None, context };
    let (signer, name) = (&raw const objects.signer, c"file".as_ptr());
    let mut anchors = null_mut();
    // SAFETY: live objects, but for the NULL.
    unsafe {
        assert_eq!(client_cert_anchors_from_pem(pem.as_ptr(), pem.len(), &mut anchors), Ok);
        for now in [NOW, i64::MAX] {
            assert_eq!(
                client_cert_signer_warnings(signer, name, now, 7, usize::MAX, &listener),
                Ok
            );
        }
        assert_eq!(client_cert_signer_warnings(signer, name, i64::MAX, 7, 0, &deaf), NullParameter);
        assert_eq!(client_cert_signer_warnings(null(), name, NOW, 7, 0, &listener), NullParameter);
        assert_eq!(client_cert_signer_warnings(signer, name, NOW, 7, 0, null()), NullParameter);
        assert_eq!(
            client_cert_signer_warnings(signer, null(), NOW, 7, 0, &listener),
            NullParameter
        );
        client_cert_anchors_free(anchors);
    }
    let [(0, of_signer)] = &lines[..] else { panic!("{lines:?}") };
    assert!(of_signer.starts_with("ClientCertSigner file: "), "{of_signer}");
    assert!(of_signer.contains("expired (notAfter"), "{of_signer}");
}

#[test]
fn pem_becomes_a_signer() {
    let identity = Leaf::new(KeyKind::P256).self_signed();
    let pem = identity.certificate_pem() + &identity.key_pem();
    let (octets, length) = (pem.as_ptr(), pem.len());
    let (mut signer, mut certificate, mut key) = (null_mut(), null_mut(), null_mut());
    // SAFETY: strings, live objects, and places for the results.
    unsafe {
        let from_pem = |key, signer: &mut *mut Signer| {
            client_cert_signer_from_pem(octets, length, key, length, signer)
        };
        assert_eq!(from_pem(null(), &mut signer), Ok);
        let (mut asked, mut chain) = (false, null_mut());
        let credentials = client_cert_signer_credentials;
        assert_eq!(credentials(null(), &mut certificate, &mut key, &mut chain), NullParameter);
        assert_eq!(credentials(signer, null_mut(), &mut key, &mut chain), NullParameter);
        assert_eq!(credentials(signer, &mut certificate, null_mut(), &mut chain), NullParameter);
        assert_eq!(credentials(signer, &mut certificate, &mut key, null_mut()), NullParameter);
        assert_eq!(credentials(signer, &mut certificate, &mut key, &mut chain), Ok);
        assert!(*openssl::x509::X509::from_ptr(certificate) == *identity.certificate);
        assert!(chain.is_null());
        let key = openssl::pkey::PKey::<openssl::pkey::Private>::from_ptr(key);
        assert!(key.public_eq(&identity.key));
        let is_asked_for = client_cert_signer_is_asked_for;
        assert_eq!(is_asked_for(null(), null(), &mut asked), NullParameter);
        assert_eq!(is_asked_for(signer, null(), null_mut()), NullParameter);
        assert_eq!(is_asked_for(signer, null(), &mut asked), Ok);
        assert!(asked);
        client_cert_signer_free(signer);
        // The key is in both.
        assert_eq!(from_pem(octets, &mut signer), ClientCertResult::FileSeveralKeys);
        assert!(signer.is_null());
    }
}
