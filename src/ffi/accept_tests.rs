// SPDX-License-Identifier: Apache-2.0

//! The functions that verify, called as C calls them.

use std::{
    ffi::{CStr, CString, c_char, c_void},
    fs,
    path::PathBuf,
    process,
    ptr::{null, null_mut},
    sync::atomic::{AtomicUsize, Ordering},
};

use foreign_types::ForeignTypeRef;
use openssl::x509::{X509, X509Ref};

use super::{
    accepted::*,
    reason::CLIENT_CERT_REASON_SIZE,
    result::{ClientCertResult, client_cert_result_message},
    trust::*,
    verdicts::*,
    verify::*,
};
use crate::{
    accepted::Accepted,
    certificate_syntax,
    client::Client,
    format::{CertificateFormat, SignedFormat},
    signer::{Signer, SignerCerts},
    testing::{KeyKind, Leaf, NOW},
};
use ClientCertResult::{InvalidParameter, NoSigningTime, NullParameter, Ok};

const CMS: u32 = 0;
const CMS_SF: u32 = 1;
const RFC9440: u32 = 2;

/// A file with a pinned signer, a value of its, and the anchors read from the file.
struct Objects {
    file: PathBuf,
    anchors: *mut AnchorsHandle,
    peer: Client,
    client: Client,
    value: String,
}

impl Objects {
    fn new(name: &str) -> Self {
        let signer = Leaf::new(KeyKind::P256).self_signed();
        let client = Leaf::new(KeyKind::P256).subject("client").self_signed();
        let client = Client::new(&client.certificate, &[]).unwrap();
        let signs = Signer::new(&signer.certificate, &signer.key, &[]).unwrap();
        let value = SignedFormat::Cms.encode(&signs.sign(SignerCerts::None, &client, NOW).unwrap());
        let file = std::env::temp_dir().join(format!("client-cert-ffi-{}-{name}", process::id()));
        fs::write(&file, signer.certificate_pem()).unwrap();
        let mut anchors = null_mut();
        let path = CString::new(file.to_str().unwrap()).unwrap();
        // SAFETY: a string, and a place for the result.
        assert_eq!(unsafe { client_cert_anchors_from_file(path.as_ptr(), &mut anchors) }, Ok);
        let peer = Client::new(&signer.certificate, &[]).unwrap();
        Self { file, anchors, peer, client, value }
    }

    fn trust(&self) -> TrustParts {
        TrustParts { anchors: self.anchors, crls: null(), names: null() }
    }

    /// The client, accepted without a signature.
    fn accepted(&self) -> Accepted {
        let leaf = self.client.leaf();
        let (certificate, validity) = certificate_syntax::read_carried(leaf).unwrap();
        let client = Client::of_content(certificate, validity, leaf);
        Accepted::new(client, X509::from_der(self.peer.leaf()).unwrap(), None, NOW)
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        // SAFETY: made by client_cert_anchors_from_file(), and used no more.
        unsafe { client_cert_anchors_free(self.anchors) };
        fs::remove_file(&self.file).unwrap();
    }
}

fn no_error_is_left() {
    // SAFETY: takes no arguments.
    assert_eq!(unsafe { openssl_sys::ERR_peek_last_error() }, 0);
}

#[test]
fn value_is_accepted() {
    let objects = Objects::new("accepted");
    let (trust, value) = (objects.trust(), &objects.value);
    for peer in [null(), &raw const objects.peer] {
        let mut accepted = null_mut();
        let (mut client, mut certificate, mut signer) = (null(), null_mut(), null_mut());
        let mut time = 0;
        let mut reason = [b'?' as c_char; CLIENT_CERT_REASON_SIZE];
        // SAFETY: live objects, places for the results.
        unsafe {
            let data = value.as_ptr().cast::<c_char>();
            let result = client_cert_verify(
                &trust,
                CMS,
                data,
                value.len(),
                NOW,
                300,
                30,
                peer,
                &mut accepted,
                reason.as_mut_ptr(),
                reason.len(),
            );
            assert_eq!(result, Ok);
            assert_eq!(CStr::from_ptr(reason.as_ptr()), c"");
            assert_eq!(client_cert_accepted_client(accepted, &mut client), Ok);
            assert_eq!(&*client, &objects.client);
            assert_eq!(client_cert_accepted_keyless_certificate(accepted, &mut certificate), Ok);
            assert_eq!(X509Ref::from_ptr(certificate).to_der().unwrap(), objects.client.leaf());
            assert_eq!(client_cert_accepted_certificate(accepted, &mut certificate), Ok);
            assert!(X509Ref::from_ptr(certificate).public_key().is_ok());
            assert_eq!(X509Ref::from_ptr(certificate).to_der().unwrap(), objects.client.leaf());
            assert_eq!(client_cert_accepted_signer(accepted, &mut signer), Ok);
            assert_eq!(X509Ref::from_ptr(signer).to_der().unwrap(), objects.peer.leaf());
            assert_eq!(client_cert_accepted_signing_time(accepted, &mut time), Ok);
            client_cert_accepted_free(accepted);
        }
        assert_eq!(time, NOW);
        no_error_is_left();
    }
}

#[test]
fn value_is_not_accepted() {
    let objects = Objects::new("refused");
    let trust = objects.trust();
    let value = &objects.value;
    let tampered = {
        let mut der = openssl::base64::decode_block(value).unwrap();
        *der.last_mut().unwrap() ^= 1;
        openssl::base64::encode_block(&der)
    };
    let client = &raw const objects.client;
    let far = (NOW + 1000, u32::MAX);
    let fresh = |now| (now, 300);
    for (name, value, format, (now, max_age), peer, expected) in [
        ("format of certificates", &value[..], RFC9440, fresh(NOW), null(), InvalidParameter),
        ("no format", value, 7, fresh(NOW), null(), InvalidParameter),
        ("another format", value, CMS_SF, fresh(NOW), null(), ClientCertResult::ValueByteSequence),
        ("cut off", &value[4..], CMS, fresh(NOW), null(), ClientCertResult::ValueDer),
        ("empty", "", CMS, fresh(NOW), null(), ClientCertResult::ValueEmpty),
        ("tampered", &tampered, CMS, fresh(NOW), null(), ClientCertResult::BadSignature),
        ("another peer", value, CMS, fresh(NOW), client, ClientCertResult::SignerNotPeer),
        ("stale", value, CMS, fresh(NOW + 301), null(), ClientCertResult::Stale),
        ("expired", value, CMS, far, null(), ClientCertResult::SignerExpired),
        ("the end of time", value, CMS, fresh(i64::MAX), null(), ClientCertResult::Stale),
        ("before all time", value, CMS, fresh(i64::MIN), null(), ClientCertResult::FromTheFuture),
    ] {
        let mut accepted = null_mut();
        let mut reason = [b'?' as c_char; CLIENT_CERT_REASON_SIZE];
        // SAFETY: live objects, places for the results.
        let result = unsafe {
            let data = value.as_ptr().cast();
            client_cert_verify(
                &trust,
                format,
                data,
                value.len(),
                now,
                max_age,
                30,
                peer,
                &mut accepted,
                reason.as_mut_ptr(),
                reason.len(),
            )
        };
        assert_eq!(result, expected, "{name}");
        // SAFETY: written to just now.
        let reason = unsafe { CStr::from_ptr(reason.as_ptr()) }.to_str().unwrap();
        // SAFETY: a static string.
        let message = unsafe { CStr::from_ptr(client_cert_result_message(result as u32)) };
        assert!(reason.starts_with(message.to_str().unwrap()), "{name}: {reason}");
        assert!(accepted.is_null(), "{name}");
        no_error_is_left();
    }
}

#[test]
fn peer_is_accepted_by_name_only() {
    let objects = Objects::new("peer");
    let value = CertificateFormat::Rfc9440.encode(&objects.client).unwrap();
    let (trust, peer) = (objects.trust(), &raw const objects.peer);
    let mut accepted = null_mut();
    // SAFETY: live objects, a place for the result.
    unsafe {
        let data = value.as_ptr().cast();
        let verify = |format, accepted: &mut *mut _| {
            client_cert_verify_peer(
                &trust,
                format,
                data,
                value.len(),
                NOW,
                peer,
                accepted,
                null_mut(),
                0,
            )
        };
        assert_eq!(verify(RFC9440, &mut accepted), ClientCertResult::SignerName);
        assert_eq!(verify(CMS, &mut accepted), InvalidParameter);
        assert!(accepted.is_null());
    }
    no_error_is_left();
}

#[test]
fn null_is_never_taken_silently() {
    let objects = Objects::new("null");
    let (trust, value) = (objects.trust(), objects.value.as_ptr().cast());
    let (length, peer) = (objects.value.len(), &raw const objects.peer);
    let nothing = TrustParts { anchors: null(), ..objects.trust() };
    let (mut accepted, mut anchors, mut crls) = (null_mut(), null_mut(), null_mut());
    let mut names = null_mut();
    let (mut client, mut certificate, mut time) = (null(), null_mut(), 0);
    let mut has_ca = false;
    // SAFETY: live objects, but for the NULL.
    unsafe {
        let mut verify = |trust, value| {
            client_cert_verify(
                trust,
                CMS,
                value,
                length,
                NOW,
                300,
                30,
                null(),
                &mut accepted,
                null_mut(),
                0,
            )
        };
        assert_eq!(verify(null(), value), NullParameter);
        assert_eq!(verify(&trust, null()), NullParameter);
        assert_eq!(verify(&nothing, value), NullParameter);
        assert_eq!(
            client_cert_verify(
                &trust,
                CMS,
                value,
                length,
                NOW,
                300,
                30,
                null(),
                null_mut(),
                null_mut(),
                0
            ),
            NullParameter
        );
        let mut verify = |trust, value, peer| {
            client_cert_verify_peer(
                trust,
                RFC9440,
                value,
                length,
                NOW,
                peer,
                &mut accepted,
                null_mut(),
                0,
            )
        };
        assert_eq!(verify(null(), value, peer), NullParameter);
        assert_eq!(verify(&trust, null(), peer), NullParameter);
        assert_eq!(verify(&trust, value, null()), NullParameter);
        assert_eq!(
            client_cert_verify_peer(
                &trust,
                RFC9440,
                value,
                length,
                NOW,
                peer,
                null_mut(),
                null_mut(),
                0
            ),
            NullParameter
        );
        assert_eq!(client_cert_anchors_from_file(null(), &mut anchors), NullParameter);
        assert_eq!(client_cert_anchors_from_file(c"/x".as_ptr(), null_mut()), NullParameter);
        assert_eq!(client_cert_anchors_has_ca(null(), &mut has_ca), NullParameter);
        assert_eq!(client_cert_anchors_has_ca(objects.anchors, null_mut()), NullParameter);
        assert_eq!(client_cert_crls_from_file(null(), &mut crls), NullParameter);
        assert_eq!(client_cert_crls_from_file(c"/x".as_ptr(), null_mut()), NullParameter);
        assert_eq!(client_cert_names_new(null(), 1, &mut names), NullParameter);
        assert_eq!(client_cert_names_new([null()].as_ptr(), 1, &mut names), NullParameter);
        assert_eq!(client_cert_names_new(null(), 0, null_mut()), NullParameter);
        assert_eq!(client_cert_names_new(null(), usize::MAX, &mut names), NullParameter);
        assert!(names.is_null());
        assert_eq!(client_cert_accepted_client(null(), &mut client), NullParameter);
        assert_eq!(client_cert_accepted_certificate(null(), &mut certificate), NullParameter);
        assert_eq!(
            client_cert_accepted_keyless_certificate(null(), &mut certificate),
            NullParameter
        );
        assert_eq!(client_cert_accepted_signer(null(), &mut certificate), NullParameter);
        assert_eq!(client_cert_accepted_signing_time(null(), &mut time), NullParameter);
        client_cert_anchors_free(null_mut());
        client_cert_crls_free(null_mut());
        client_cert_names_free(null_mut());
        client_cert_accepted_free(null_mut());
    }
}

#[test]
fn verdicts_are_never_taken_of_null() {
    let objects = Objects::new("null verdicts");
    let (trust, value) = (objects.trust(), objects.value.as_ptr().cast());
    let (length, peer) = (objects.value.len(), &raw const objects.peer);
    let nothing = TrustParts { anchors: null(), ..objects.trust() };
    let mut accepted = null_mut();
    // SAFETY: live objects, but for the NULL.
    unsafe {
        let mut verdicts = null_mut();
        assert_eq!(client_cert_verdicts_new(1 << 20, null_mut()), NullParameter);
        assert_eq!(client_cert_verdicts_new(1 << 20, &mut verdicts), Ok);
        let verify = |verdicts, trust, value, accepted| {
            client_cert_verdicts_verify(
                verdicts,
                trust,
                CMS,
                value,
                length,
                NOW,
                300,
                30,
                null(),
                accepted,
                null_mut(),
                0,
            )
        };
        assert_eq!(verify(null(), &trust, value, &mut accepted), NullParameter);
        assert_eq!(verify(verdicts, null(), value, &mut accepted), NullParameter);
        assert_eq!(verify(verdicts, &trust, null(), &mut accepted), NullParameter);
        assert_eq!(verify(verdicts, &nothing, value, &mut accepted), NullParameter);
        assert_eq!(verify(verdicts, &trust, value, null_mut()), NullParameter);
        let verify = |verdicts, trust, value, peer, accepted| {
            client_cert_verdicts_verify_peer(
                verdicts,
                trust,
                RFC9440,
                value,
                length,
                NOW,
                peer,
                accepted,
                null_mut(),
                0,
            )
        };
        assert_eq!(verify(null(), &trust, value, peer, &mut accepted), NullParameter);
        assert_eq!(verify(verdicts, null(), value, peer, &mut accepted), NullParameter);
        assert_eq!(verify(verdicts, &trust, null(), peer, &mut accepted), NullParameter);
        assert_eq!(verify(verdicts, &trust, value, null(), &mut accepted), NullParameter);
        assert_eq!(verify(verdicts, &nothing, value, peer, &mut accepted), NullParameter);
        assert_eq!(verify(verdicts, &trust, value, peer, null_mut()), NullParameter);
        assert!(accepted.is_null());
        client_cert_verdicts_free(verdicts);
        client_cert_verdicts_free(null_mut());
    }
}

#[test]
fn names() {
    for (names, expected) in [
        (&[][..], Ok),
        (&[c"ttrp.example"], Ok),
        (&[c"ttrp.example", c"other.example"], Ok),
        (&[c"ttrp.example", c"*.example"], ClientCertResult::TrustNameMalformed),
        (&[c"127.0.0.1"], ClientCertResult::TrustNameMalformed),
        (&[c""], ClientCertResult::TrustNameMalformed),
    ] {
        let mut made = null_mut();
        let pointers: Vec<_> = names.iter().map(|name| name.as_ptr()).collect();
        // SAFETY: strings, and a place for the result.
        unsafe {
            let result = client_cert_names_new(pointers.as_ptr(), names.len(), &mut made);
            assert_eq!((result, made.is_null()), (expected, expected != Ok), "{names:?}");
            client_cert_names_free(made);
        }
    }
}

#[test]
fn signer_must_have_one_of_the_names() {
    let objects = Objects::new("names");
    let mut names = null_mut();
    // SAFETY: live objects, a string and places for results.
    unsafe {
        let name = [c"ttrp.example".as_ptr()];
        assert_eq!(client_cert_names_new(name.as_ptr(), 1, &mut names), Ok);
        let trust = TrustParts { names, ..objects.trust() };
        let (value, length) = (objects.value.as_ptr().cast(), objects.value.len());
        let mut accepted = null_mut();
        let result = client_cert_verify(
            &trust,
            CMS,
            value,
            length,
            NOW,
            300,
            30,
            null(),
            &mut accepted,
            null_mut(),
            0,
        );
        assert_eq!(result, ClientCertResult::SignerName);
        client_cert_names_free(names);
    }
}

#[test]
fn names_one_by_one() {
    let mut names = null_mut();
    // SAFETY: a live object, but for the NULL, and strings.
    unsafe {
        assert_eq!(client_cert_names_new(null(), 0, &mut names), Ok);
        assert_eq!(client_cert_names_add(names, c"ttrp.example".as_ptr()), Ok);
        assert_eq!(client_cert_names_add(names, c"TTRP.example".as_ptr()), Ok);
        let malformed = ClientCertResult::TrustNameMalformed;
        assert_eq!(client_cert_names_add(names, c"*.example".as_ptr()), malformed);
        assert_eq!(client_cert_names_add(names, null()), NullParameter);
        assert_eq!(client_cert_names_add(null_mut(), c"ttrp.example".as_ptr()), NullParameter);
        client_cert_names_free(names);
    }
}

#[test]
fn what_nobody_signed_has_no_time() {
    let accepted = Objects::new("time").accepted();
    let mut time = 7;
    // SAFETY: a live object, a place for the result.
    let result = unsafe { client_cert_accepted_signing_time(&accepted, &mut time) };
    assert_eq!((result, time), (NoSigningTime, 0));
}

/// Counts in what it is to free.
unsafe extern "C" fn count(data: *mut c_void) {
    // SAFETY: nothing else is attached here.
    unsafe { &*data.cast::<AtomicUsize>() }.fetch_add(1, Ordering::Relaxed);
}

#[test]
fn attachment_is_freed_once() {
    let (one, other) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let data = |counter: &AtomicUsize| (&raw const *counter).cast_mut().cast::<c_void>();
    let freed = || [&one, &other].map(|counter| counter.load(Ordering::Relaxed));
    let objects = Objects::new("attachment");
    let accepted = objects.accepted();
    let mut attached = data(&one);
    // SAFETY: a live object, places for the results; the counters outlive it.
    unsafe {
        assert_eq!(client_cert_accepted_attachment(&accepted, &mut attached), Ok);
        assert!(attached.is_null());
        for (given, expected) in [(&one, [0, 0]), (&other, [0, 1])] {
            attached = null_mut();
            let result =
                client_cert_accepted_attach(&accepted, data(given), Some(count), &mut attached);
            assert_eq!((result, attached, freed()), (Ok, data(&one), expected));
        }
        attached = null_mut();
        assert_eq!(client_cert_accepted_attachment(&accepted, &mut attached), Ok);
        assert_eq!(attached, data(&one));
    }
    drop(accepted);
    assert_eq!(freed(), [1, 1]);
}

#[test]
fn attachment_is_not_taken_from_null() {
    let counter = AtomicUsize::new(0);
    let data = (&raw const counter).cast_mut().cast();
    let objects = Objects::new("no attachment");
    let accepted = objects.accepted();
    let mut attached = null_mut();
    // SAFETY: live objects, but for the NULL.
    unsafe {
        for (accepted, data, free) in [
            (null(), data, Some(count as _)),
            (&raw const accepted, null_mut(), Some(count as _)),
            (&raw const accepted, data, None),
        ] {
            let result = client_cert_accepted_attach(accepted, data, free, &mut attached);
            assert_eq!(result, NullParameter);
        }
        let result = client_cert_accepted_attach(&accepted, data, Some(count), null_mut());
        assert_eq!(result, NullParameter);
        assert_eq!(client_cert_accepted_attachment(null(), &mut attached), NullParameter);
        assert_eq!(client_cert_accepted_attachment(&accepted, null_mut()), NullParameter);
    }
    drop(accepted);
    assert_eq!(counter.into_inner(), 0);
}
