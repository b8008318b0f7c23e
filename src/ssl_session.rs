// SPDX-License-Identifier: Apache-2.0

//! What a TLS session of OpenSSL's carries for us: ticket application data, which travels with it into
//! tickets (encrypted) and into the server's cache, and so into every other process.

use std::{
    ffi::c_void,
    ptr::{null, null_mut},
};

use foreign_types::ForeignTypeRef;
use openssl::x509::X509Ref;
use openssl_sys::SSL_SESSION;

use crate::openssl_ext::{
    SSL_SESSION_get0_peer, SSL_SESSION_get0_ticket_appdata, SSL_SESSION_set1_ticket_appdata,
};

/// The record of a session; `None` where it has none.
///
/// # Safety
///
/// `session` is valid for as long as `'a`, during which its record does not change.
pub(crate) unsafe fn record<'a>(session: *mut SSL_SESSION) -> Option<&'a [u8]> {
    let (mut record, mut length): (*mut c_void, _) = (null_mut(), 0);
    // SAFETY: the caller's part; OpenSSL writes a pointer to so many octets of the session's, which
    // are as many as a slice may have.
    unsafe {
        let found = SSL_SESSION_get0_ticket_appdata(session, &raw mut record, &raw mut length);
        (found == 1 && !record.is_null() && length > 0)
            .then(|| std::slice::from_raw_parts(record.cast_const().cast(), length))
    }
}

/// The client's certificate in a session.
///
/// # Safety
///
/// `session` is valid for as long as `'a`.
pub(crate) unsafe fn leaf<'a>(session: *mut SSL_SESSION) -> Option<&'a X509Ref> {
    // SAFETY: the caller's part; the certificate is the session's.
    unsafe {
        let leaf = SSL_SESSION_get0_peer(session);
        (!leaf.is_null()).then(|| X509Ref::from_ptr(leaf))
    }
}

/// Gives a session a record, or none, with which it does not resume; none, too, where OpenSSL has no
/// memory for it.
///
/// # Safety
///
/// `session` is valid, and nothing else uses its record.
pub(crate) unsafe fn set_record(session: *mut SSL_SESSION, record: Option<&[u8]>) {
    // SAFETY: the caller's part; the record is copied.
    unsafe {
        let is_set = record.is_some_and(|record| {
            SSL_SESSION_set1_ticket_appdata(session, record.as_ptr().cast(), record.len()) == 1
        });
        if !is_set {
            SSL_SESSION_set1_ticket_appdata(session, null(), 0);
        }
    }
}
