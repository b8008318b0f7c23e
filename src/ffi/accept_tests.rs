// SPDX-License-Identifier: Apache-2.0

//! The functions that verify, called as C calls them.

use std::{
    ffi::{CStr, CString, c_char, c_void},
    ptr::{null, null_mut},
    slice,
};

use openssl::x509::X509;

use super::{
    accepted::*,
    allocator::Allocator,
    client::client_cert_client_free,
    client_trust::*,
    reason::CLIENT_CERT_REASON_SIZE,
    result::{ClientCertResult, client_cert_result_message},
    trust::*,
    variable_headers::*,
    verification_cache::*,
    verify::*,
};
use crate::{
    client::Client,
    format::{rfc9440, signed::SignedFormat},
    http::structured_field::byte_sequence,
    sign::signer::{Signer, SignerCerts},
    testing::{Directory, KeyKind, Leaf, NOW},
    variable_headers::VariableHeaders,
    verify::accepted::Accepted,
    x509::{parser, variables::Variable},
};
use ClientCertResult::{InvalidParameter, NullParameter, Ok, OutOfMemory};

const CMS: u32 = 0;
const CMS_SF: u32 = 1;
const RFC9440: u32 = 2;

/// A directory with a file of a pinned signer, a value of its, and the anchors read from the file.
struct Objects {
    _directory: Directory,
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
        let directory = Directory::new(&format!("ffi-{name}"));
        let file = directory.write("signer", signer.certificate_pem());
        let mut anchors = null_mut();
        let path = CString::new(file.to_str().unwrap()).unwrap();
        // SAFETY: a string, and a place for the result.
        assert_eq!(unsafe { client_cert_anchors_from_file(path.as_ptr(), &mut anchors) }, Ok);
        let peer = Client::new(&signer.certificate, &[]).unwrap();
        Self { _directory: directory, anchors, peer, client, value }
    }

    fn trust(&self) -> TrustParts {
        TrustParts { anchors: self.anchors, crls: null(), names: null() }
    }

    /// The client, accepted without a signature.
    fn accepted(&self) -> Accepted {
        let leaf = self.client.leaf();
        let (certificate, validity) = parser::read_carried(leaf).unwrap();
        let client = Client::of_content(certificate, validity, leaf);
        Accepted::new(client, X509::from_der(self.peer.leaf()).unwrap(), None, NOW, NOW)
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        // SAFETY: made by client_cert_anchors_from_file(), and used no more.
        unsafe { client_cert_anchors_free(self.anchors) };
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
        let mut client = null();
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
            let listed = list_of(accepted);
            for (name, value) in [
                (c"SSL_CLIENT_S_DN", c"CN=client"),
                (c"CLIENT_CERT_SIGNER_S_DN", c"CN=leaf"),
                (c"CLIENT_CERT_SIGNING_TIME", c"2027-01-15T08:00:00Z"),
            ] {
                assert!(listed.contains(&(name.into(), value.into())), "{name:?}");
                assert_eq!(variable_of(accepted, name), Some(value.into()), "{name:?}");
            }
            client_cert_accepted_free(accepted);
        }
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
    let value = rfc9440::value(&objects.client).unwrap();
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
        // The last cannot be read, and there are no more.
        for format in [CMS, CMS_SF, 6, 7, u32::MAX] {
            assert_eq!(verify(format, &mut accepted), InvalidParameter, "{format}");
        }
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
    let mut client = null();
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
        assert_eq!(client_cert_crls_from_file(null(), &mut crls), NullParameter);
        assert_eq!(client_cert_crls_from_file(c"/x".as_ptr(), null_mut()), NullParameter);
        assert_eq!(client_cert_names_new(null(), 1, &mut names), NullParameter);
        assert_eq!(client_cert_names_new([null()].as_ptr(), 1, &mut names), NullParameter);
        assert_eq!(client_cert_names_new(null(), 0, null_mut()), NullParameter);
        assert_eq!(client_cert_names_new(null(), usize::MAX, &mut names), NullParameter);
        assert!(names.is_null());
        assert_eq!(client_cert_accepted_client(null(), &mut client), NullParameter);
        client_cert_anchors_free(null_mut());
        client_cert_crls_free(null_mut());
        client_cert_names_free(null_mut());
        client_cert_accepted_free(null_mut());
    }
}

#[test]
fn client_is_verified() {
    let root = Leaf::ca("root").self_signed();
    let middle = Leaf::ca("middle").issued_by(&root);
    let leaf = Leaf::new(KeyKind::P256).subject("client").issued_by(&middle);
    let client = Client::new(&leaf.certificate, &[]).unwrap();
    let der = middle.certificate.to_der().unwrap();
    let chain = CString::new(byte_sequence(&der)).unwrap();
    let broken = c":Zm9v";
    let pem = root.certificate_pem();
    let mut cas = null_mut();
    // SAFETY: live objects, places for the results.
    unsafe {
        let text = pem.as_ptr();
        assert_eq!(client_cert_client_cas_from_pem(text, pem.len(), null_mut()), NullParameter);
        assert_eq!(client_cert_client_cas_from_pem(null(), 0, &mut cas), NullParameter);
        let none = client_cert_client_cas_from_pem(text, 0, &mut cas);
        assert_eq!(none, ClientCertResult::FileNoCertificate);
        let missing = client_cert_client_cas_from_file(c"/nowhere".as_ptr(), &mut cas);
        assert_eq!(missing, ClientCertResult::FileUnreadable);
        assert!(cas.is_null());
        assert_eq!(client_cert_client_cas_from_pem(text, pem.len(), &mut cas), Ok);
        let trust = ClientTrustParts { cas, crls: null() };
        let nothing = ClientTrustParts { cas: null(), crls: null() };
        let lines = [chain.as_ptr(), broken.as_ptr()];
        let mut reason = [b'?' as c_char; CLIENT_CERT_REASON_SIZE];
        let (buffer, size) = (reason.as_mut_ptr(), reason.len());
        let mut verified = null_mut();
        let verify = |trust, client, lines, length, verified: *mut *mut Client| {
            client_cert_verify_client(trust, client, lines, length, NOW, verified, buffer, size)
        };
        let (some, of) = (&raw const client, lines.as_ptr());
        assert_eq!(verify(&trust, some, of, 1, &mut verified), Ok);
        assert_eq!(CStr::from_ptr(buffer), c"");
        assert_eq!((*verified).chain(), [&*der]);
        assert_eq!((*verified).leaf(), client.leaf());
        client_cert_client_free(verified);
        assert_eq!(verify(&trust, some, of, 1, null_mut()), NullParameter);
        let mut verify =
            |trust, client, lines, length| verify(trust, client, lines, length, &mut verified);
        assert_eq!(verify(&trust, some, null(), 0), ClientCertResult::ClientUntrusted);
        assert!(CStr::from_ptr(buffer).to_str().unwrap().ends_with(": \"CN=client\""));
        assert_eq!(verify(&trust, some, of, 2), ClientCertResult::ValueChainList);
        for result in [
            verify(null(), some, of, 1),
            verify(&nothing, some, of, 1),
            verify(&trust, null(), of, 1),
            verify(&trust, some, null(), 1),
            verify(&trust, some, [null()].as_ptr(), 1),
        ] {
            assert_eq!(result, NullParameter);
        }
        assert!(verified.is_null());
        client_cert_client_cas_free(cas);
        client_cert_client_cas_free(null_mut());
        client_cert_client_free(null_mut());
    }
    no_error_is_left();
}

#[test]
fn cache_takes_no_null() {
    // SAFETY: a place for the result, or NULL.
    unsafe {
        for with_clients in [false, true] {
            let mut cache = null_mut();
            let new = client_cert_verification_cache_new;
            assert_eq!(new(1 << 20, with_clients, null_mut()), NullParameter);
            assert_eq!(new(1 << 20, with_clients, &mut cache), Ok);
            assert!(!cache.is_null());
            client_cert_verification_cache_free(cache);
        }
        client_cert_verification_cache_free(null_mut());
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
        (&[c"spiffe://example.org/proxy", c"https://ttrp.example", c"ttrp.example"], Ok),
        (&[c"ttrp.example:443"], ClientCertResult::TrustUriMalformed),
        (&[c"::1"], ClientCertResult::TrustUriMalformed),
        (&[c"ttrp.example", c"spiffe://example.org"], ClientCertResult::TrustSpiffeIdMalformed),
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

unsafe extern "C" fn malloc(_: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: any size.
    unsafe { libc::malloc(size) }
}

unsafe extern "C" fn none(_: *mut c_void, _: usize) -> *mut c_void {
    null_mut()
}

const MALLOC: Allocator = Allocator { allocate: Some(malloc), context: null_mut() };
const NO_MEMORY: Allocator = Allocator { allocate: Some(none), context: null_mut() };

/// The list, as C reads it.
///
/// # Safety
///
/// `accepted` is valid.
unsafe fn list_of(accepted: *const Accepted) -> Vec<(CString, CString)> {
    let (mut variables, mut count) = (null(), 0);
    // SAFETY: the caller's part, and places for the results; what they point to lives as long as
    // `accepted`, and is read as the struct is laid out for C.
    unsafe {
        assert_eq!(client_cert_accepted_variables(accepted, &mut variables, &mut count), Ok);
        let pairs = slice::from_raw_parts(variables.cast::<[(*const c_char, usize); 2]>(), count);
        let string = |(data, length)| {
            let string = CStr::from_ptr(data).to_owned();
            assert_eq!(string.as_bytes().len(), length);
            string
        };
        pairs.iter().map(|pair| (string(pair[0]), string(pair[1]))).collect()
    }
}

/// # Safety
///
/// `accepted` is valid.
unsafe fn variable_of(accepted: *const Accepted, name: &CStr) -> Option<CString> {
    let mut value = null();
    // SAFETY: the caller's part, a string, and a place for the result, which malloc() gave.
    unsafe {
        let result = client_cert_accepted_variable(accepted, name.as_ptr(), &MALLOC, &mut value);
        assert_eq!(result, Ok);
        let found = (!value.is_null()).then(|| CStr::from_ptr(value).to_owned());
        libc::free(value.cast_mut().cast());
        found
    }
}

#[test]
fn variables_are_listed_once() {
    let accepted = Objects::new("variables").accepted();
    let (mut first, mut again, mut count) = (null(), null(), 0);
    // SAFETY: a live object, places for the results.
    unsafe {
        assert_eq!(client_cert_accepted_variables(&accepted, &mut first, &mut count), Ok);
        assert_eq!(client_cert_accepted_variables(&accepted, &mut again, &mut count), Ok);
        assert_eq!(list_of(&accepted).len(), count);
        assert_eq!(variable_of(&accepted, c"ssl_client_m_version"), Some(c"3".into()));
        assert_eq!(variable_of(&accepted, c"SSL_CLIENT_S_DN_OU"), None);
        // Not signed.
        assert_eq!(variable_of(&accepted, c"CLIENT_CERT_SIGNING_TIME"), None);
    }
    assert_eq!(first, again);
    no_error_is_left();
}

#[test]
fn extensions_follow_one_another() {
    let accepted = Objects::new("extensions").accepted();
    for (name, expected) in [(c"subjectKeyIdentifier", 1), (c"subjectAltName", 0), (c"x", 0)] {
        let (mut values, mut count) = (null(), 7);
        // SAFETY: a live object, a string, places for the results; malloc() gave the strings.
        unsafe {
            let name = name.as_ptr();
            let result =
                client_cert_accepted_extensions(&accepted, name, &MALLOC, &mut values, &mut count);
            assert_eq!((result, count, values.is_null()), (Ok, expected, expected == 0));
            assert!(values.is_null() || CStr::from_ptr(values).to_bytes().len() == 59);
            libc::free(values.cast_mut().cast());
        }
        no_error_is_left();
    }
}

#[test]
fn variables_are_not_taken_of_null() {
    let accepted = Objects::new("null variables").accepted();
    let accepted = &raw const accepted;
    let name = c"SSL_CLIENT_S_DN".as_ptr();
    let extension = c"subjectKeyIdentifier".as_ptr();
    let no_function = Allocator { allocate: None, context: null_mut() };
    let (mut variables, mut count) = (null(), 0);
    let mut value = null();
    // SAFETY: live objects, but for the NULL.
    let results = unsafe {
        [
            client_cert_accepted_variables(null(), &mut variables, &mut count),
            client_cert_accepted_variables(accepted, null_mut(), &mut count),
            client_cert_accepted_variables(accepted, &mut variables, null_mut()),
            client_cert_accepted_variable(null(), name, &MALLOC, &mut value),
            client_cert_accepted_variable(accepted, null(), &MALLOC, &mut value),
            client_cert_accepted_variable(accepted, name, null(), &mut value),
            client_cert_accepted_variable(accepted, name, &no_function, &mut value),
            client_cert_accepted_variable(accepted, name, &MALLOC, null_mut()),
            client_cert_accepted_extensions(null(), extension, &MALLOC, &mut value, &mut count),
            client_cert_accepted_extensions(accepted, null(), &MALLOC, &mut value, &mut count),
            client_cert_accepted_extensions(accepted, extension, null(), &mut value, &mut count),
            client_cert_accepted_extensions(accepted, extension, &MALLOC, null_mut(), &mut count),
            client_cert_accepted_extensions(accepted, extension, &MALLOC, &mut value, null_mut()),
        ]
    };
    assert_eq!(results, [NullParameter; 13]);
    // SAFETY: live objects.
    let results = unsafe {
        [
            client_cert_accepted_variable(accepted, name, &NO_MEMORY, &mut value),
            client_cert_accepted_extensions(
                accepted, extension, &NO_MEMORY, &mut value, &mut count,
            ),
        ]
    };
    assert_eq!(results, [OutOfMemory; 2]);
    assert!(value.is_null() && count == 0);
}

/// Name and value of each.
unsafe fn pairs<'a>(list: *const Variable, count: usize) -> Vec<(&'a CStr, &'a CStr)> {
    // SAFETY: the caller's part.
    let list = unsafe { slice::from_raw_parts(list, count) };
    let c_string = |bytes: &'a [u8]| {
        // SAFETY: a NUL follows.
        unsafe { CStr::from_ptr(bytes.as_ptr().cast()) }
    };
    list.iter().map(|found| (c_string(found.name()), c_string(found.value()))).collect()
}

#[test]
fn variables_as_headers() {
    let accepted = Objects::new("variable headers").accepted();
    let mut headers = null_mut();
    let (mut same, mut failed) = (null(), null());
    let (mut made, mut variables, mut count) = (null_mut(), null(), 0);
    // SAFETY: live objects, each made before and freed after.
    unsafe {
        assert_eq!(client_cert_variable_headers_new(&mut headers), Ok);
        let mut add = |header: &CStr, variable: &CStr| {
            let (header, variable) = (header.as_ptr(), variable.as_ptr());
            client_cert_variable_headers_add(headers, header, variable, &mut same)
        };
        assert_eq!(add(c"X-Verify", c"SSL_CLIENT_VERIFY"), Ok);
        assert_eq!(add(c"X-Version", c"SSL_CLIENT_M_VERSION"), Ok);
        assert_eq!(add(c"X-None", c"SSL_CLIENT_S_DN_OU_9"), Ok);
        assert_eq!(add(c"X-Other", c"SSL_CLIENT"), ClientCertResult::VariableUnknown);
        let lines = add(c"X-Other", c"SSL_CLIENT_CERT");
        assert_eq!(lines, ClientCertResult::VariableOfSeveralLines);
        assert_eq!(add(c"x_verify", c"SSL_CLIENT_A_KEY"), InvalidParameter);
        assert_eq!(CStr::from_ptr(same), c"X-Verify");

        let expected = [(c"X-Verify", c"SUCCESS"), (c"X-Version", c"3")];
        let client = accepted.client();
        for _ in 0..2 {
            let result = client_cert_variable_headers_of_client(
                headers,
                client,
                NOW,
                &mut made,
                &mut variables,
                &mut count,
                &mut failed,
            );
            assert_eq!((result, pairs(variables, count)), (Ok, expected.to_vec()));
            client_cert_variables_free(made);
        }
        let sent = accepted.variable_headers(&*headers).ok().unwrap();
        assert_eq!(pairs(sent.list().as_ptr(), sent.list().len()), expected);
        for (presented, value) in [(false, c"NONE"), (true, c"FAILED")] {
            let result = client_cert_variable_headers_without_client(
                headers,
                presented,
                &mut variables,
                &mut count,
            );
            assert_eq!((result, pairs(variables, count)), (Ok, vec![(c"X-Verify", value)]));
        }

        // What would outlive its client does.
        let name = Leaf::new(KeyKind::P256).subject("ends in a space ").self_signed();
        let gone = Client::new(&name.certificate, &[]).unwrap();
        let result = client_cert_variable_headers_of_client(
            headers,
            &gone,
            NOW,
            &mut made,
            &mut variables,
            &mut count,
            &mut failed,
        );
        assert_eq!(result, Ok);
        drop(gone);
        assert_eq!(pairs(variables, count), expected);
        client_cert_variables_free(made);

        let client = Client::new(&name.certificate, &[]).unwrap();
        let mut add = |header: &CStr, variable: &CStr| {
            let (header, variable) = (header.as_ptr(), variable.as_ptr());
            client_cert_variable_headers_add(headers, header, variable, &mut same)
        };
        assert_eq!(add(c"X-Name", c"SSL_CLIENT_S_DN_CN"), Ok);
        let result = client_cert_variable_headers_of_client(
            headers,
            &client,
            NOW,
            &mut made,
            &mut variables,
            &mut count,
            &mut failed,
        );
        assert_eq!(result, ClientCertResult::VariableSpace);
        assert!(made.is_null() && variables.is_null() && count == 0);
        assert_eq!(CStr::from_ptr(failed), c"X-Name");
        client_cert_variables_free(null_mut());
        client_cert_variable_headers_free(headers);
        client_cert_variable_headers_free(null_mut());
    }
    no_error_is_left();
}

#[test]
fn variables_as_headers_are_not_taken_of_null() {
    let accepted = Objects::new("null headers").accepted();
    let client = accepted.client();
    let mut headers = VariableHeaders::default();
    let text = c"X".as_ptr();
    let (mut same, mut failed) = (null(), null());
    let (mut made, mut variables, mut count) = (null_mut(), null(), 0);
    // SAFETY: live objects, but for the NULL.
    let results = unsafe {
        [
            client_cert_variable_headers_new(null_mut()),
            client_cert_variable_headers_add(null_mut(), text, text, &mut same),
            client_cert_variable_headers_add(&mut headers, null(), text, &mut same),
            client_cert_variable_headers_add(&mut headers, text, null(), &mut same),
            client_cert_variable_headers_add(&mut headers, text, text, null_mut()),
            client_cert_variable_headers_of_client(
                null(),
                client,
                NOW,
                &mut made,
                &mut variables,
                &mut count,
                &mut failed,
            ),
            client_cert_variable_headers_of_client(
                &headers,
                null(),
                NOW,
                &mut made,
                &mut variables,
                &mut count,
                &mut failed,
            ),
            client_cert_variable_headers_of_client(
                &headers,
                client,
                NOW,
                null_mut(),
                &mut variables,
                &mut count,
                &mut failed,
            ),
            client_cert_variable_headers_of_client(
                &headers,
                client,
                NOW,
                &mut made,
                null_mut(),
                &mut count,
                &mut failed,
            ),
            client_cert_variable_headers_of_client(
                &headers,
                client,
                NOW,
                &mut made,
                &mut variables,
                null_mut(),
                &mut failed,
            ),
            client_cert_variable_headers_of_client(
                &headers,
                client,
                NOW,
                &mut made,
                &mut variables,
                &mut count,
                null_mut(),
            ),
            client_cert_variable_headers_without_client(null(), true, &mut variables, &mut count),
            client_cert_variable_headers_without_client(&headers, true, null_mut(), &mut count),
            client_cert_variable_headers_without_client(&headers, true, &mut variables, null_mut()),
        ]
    };
    assert_eq!(results, [NullParameter; 14]);
}
