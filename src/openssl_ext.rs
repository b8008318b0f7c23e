// SPDX-License-Identifier: Apache-2.0

//! What the openssl crate has not: functions that openssl-sys does not declare, as build.rs lists
//! them, and OpenSSL's queue of errors left as it was.

#![allow(
    missing_docs,
    non_camel_case_types,
    non_upper_case_globals,
    unused_imports,
    clippy::wildcard_imports
)]

use std::{
    ffi::{c_int, c_ulong},
    fmt, mem,
};

use foreign_types::{ForeignType, ForeignTypeRef};
use openssl::{error::ErrorStack, x509};

use crate::asn1::der::Malformed;

include!(concat!(env!("OUT_DIR"), "/openssl.rs"));

/// A copy of octets in OpenSSL's memory, which may be found to be at an end without ending the process.
pub(crate) struct Copied {
    data: std::ptr::NonNull<u8>,
    length: usize,
}

// SAFETY: the memory is this object's alone, and does not change.
unsafe impl Send for Copied {}
// SAFETY: the same.
unsafe impl Sync for Copied {}

impl Copied {
    /// `None` where there is no memory, and for no octets.
    pub(crate) fn new(octets: &[u8]) -> Option<Self> {
        // SAFETY: so many octets are there; the name of a file is static.
        let data =
            unsafe { CRYPTO_memdup(octets.as_ptr().cast(), octets.len(), c"copy".as_ptr(), 0) };
        Some(Self { data: std::ptr::NonNull::new(data.cast())?, length: octets.len() })
    }

    pub(crate) fn octets(&self) -> &[u8] {
        // SAFETY: CRYPTO_memdup() has put so many there.
        unsafe { std::slice::from_raw_parts(self.data.as_ptr(), self.length) }
    }
}

impl Drop for Copied {
    fn drop(&mut self) {
        // SAFETY: it came from CRYPTO_memdup(), and nothing else frees it.
        unsafe { openssl_sys::CRYPTO_free(self.data.as_ptr().cast(), c"copy".as_ptr(), 0) };
    }
}

/// A reference of our own to a certificate. `None` where OpenSSL has none to give.
pub(crate) fn shared(certificate: &x509::X509Ref) -> Option<x509::X509> {
    // SAFETY: a certificate that is there. The reference that is taken is the object's that is made.
    unsafe {
        let certificate = certificate.as_ptr();
        (openssl_sys::X509_up_ref(certificate) == 1).then(|| x509::X509::from_ptr(certificate))
    }
}

/// Runs `body`. No error that it leaves stays in OpenSSL's queue, where mod_ssl would take it for
/// its own, whether it returns or panics.
pub(crate) fn leaving_no_errors<R>(body: impl FnOnce() -> R) -> R {
    leaving_errors_if(|_| false, body)
}

/// As [`leaving_no_errors`], but what `body` leaves stays where `stay` says so of its result.
pub(crate) fn leaving_errors_if<R>(stay: impl FnOnce(&R) -> bool, body: impl FnOnce() -> R) -> R {
    let mark = ErrorMark::set();
    let result = body();
    if stay(&result) {
        mark.clear();
    }
    result
}

/// Runs `body` with an empty queue of errors, so that each error there is its own, and then puts
/// back what others had left there.
pub(crate) fn with_own_errors<R>(body: impl FnOnce() -> R) -> R {
    let _others = OthersErrors(ErrorStack::get());
    body()
}

struct OthersErrors(ErrorStack);

impl Drop for OthersErrors {
    fn drop(&mut self) {
        ErrorStack::get();
        self.0.put();
    }
}

/// Why OpenSSL did not read something.
#[derive(Debug)]
pub(crate) enum ReadError {
    /// It is malformed.
    Malformed,
    /// It may be well formed.
    Fault(ErrorStack),
}

impl From<ErrorStack> for ReadError {
    fn from(errors: ErrorStack) -> Self {
        if is_fault(&errors) { Self::Fault(errors) } else { Self::Malformed }
    }
}

impl From<Malformed> for ReadError {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// The first of these errors, of which the others follow, in words.
pub(crate) fn describe(errors: &ErrorStack) -> impl fmt::Display {
    let first = errors.errors().first();
    let words = first.map_or("no reason given", |error| error.reason().unwrap_or("unknown error"));
    let data = first.and_then(|error| error.data()).filter(|data| !data.is_empty());
    data.map_or_else(|| words.to_owned(), |data| format!("{words} ({data})"))
}

/// All errors in OpenSSL's queue, in its own words, the oldest first; they are taken out.
pub(crate) fn take_words_of_errors() -> Vec<String> {
    let words = |error: &openssl::error::Error| {
        let mut text = [0_u8; 256];
        // SAFETY: there is room for so many bytes, a NUL among them.
        unsafe { ERR_error_string_n(error.code(), text.as_mut_ptr().cast(), text.len()) };
        let text = std::ffi::CStr::from_bytes_until_nul(&text).unwrap_or_default();
        let text = text.to_string_lossy();
        match error.data().filter(|data| !data.is_empty()) {
            Some(data) => format!("{text}: {data}"),
            None => text.into_owned(),
        }
    };
    ErrorStack::get().errors().iter().map(words).collect()
}

/// Whether one of these errors says that OpenSSL itself failed (no memory, no such algorithm, a key
/// store that is gone). The others say that its input is wrong.
pub(crate) fn is_fault(errors: &ErrorStack) -> bool {
    errors.errors().iter().any(|error| is_fault_code(error.code()))
}

fn is_fault_code(code: c_ulong) -> bool {
    // The only libraries that have something to say of an encoding, a key or a signature.
    let of_input = matches!(
        u32::try_from(ERR_GET_LIB(code)).unwrap_or_default(),
        ERR_LIB_BN
            | ERR_LIB_RSA
            | ERR_LIB_EVP
            | ERR_LIB_OBJ
            | ERR_LIB_DSA
            | ERR_LIB_X509
            | ERR_LIB_ASN1
            | ERR_LIB_EC
            | ERR_LIB_X509V3
            | ERR_LIB_ECDSA
            | ERR_LIB_PROV
            | ERR_LIB_OSSL_DECODER
    );
    let reason = ERR_GET_REASON(code);
    let fatal = c_ulong::try_from(reason).is_ok_and(|reason| reason & ERR_RFLAG_FATAL != 0);
    // That no provider has the algorithm, whatever it is to be used for.
    let not_there = [ERR_R_UNSUPPORTED, ERR_R_FETCH_FAILED]
        .into_iter()
        .any(|unsupported| u32::try_from(reason) == Ok(unsupported));
    fatal || !of_input || not_there
}

/// The place in this thread's queue of errors back to which it goes when this is dropped.
struct ErrorMark;

impl ErrorMark {
    fn set() -> Self {
        // SAFETY: takes no arguments, and touches the queue of this thread alone.
        unsafe { ERR_set_mark() };
        Self
    }

    /// Takes the mark away, and no error.
    fn clear(self) {
        // SAFETY: as above.
        unsafe { ERR_clear_last_mark() };
        mem::forget(self);
    }
}

impl Drop for ErrorMark {
    fn drop(&mut self) {
        // SAFETY: as above. Without a mark, because the queue was empty, all of it goes.
        unsafe { ERR_pop_to_mark() };
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use openssl::error::ErrorStack;

    use super::*;

    /// Fails, and leaves its error in the queue.
    fn fail() {
        // SAFETY: a name that is no digest's; NULL is the default library context.
        let digest = unsafe {
            openssl_sys::EVP_MD_fetch(std::ptr::null_mut(), c"none".as_ptr(), std::ptr::null())
        };
        assert!(digest.is_null());
        assert_ne!(last_error(), 0);
    }

    fn last_error() -> std::ffi::c_ulong {
        // SAFETY: takes no arguments.
        unsafe { openssl_sys::ERR_peek_last_error() }
    }

    #[test]
    fn errors_do_not_stay() {
        leaving_no_errors(fail);
        assert_eq!(last_error(), 0);
    }

    #[test]
    fn nor_when_it_panics() {
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            leaving_no_errors(|| {
                fail();
                panic!("injected");
            })
        }));
        assert!(panicked.is_err());
        assert_eq!(last_error(), 0);
    }

    #[test]
    fn errors_stay_if_they_are_to() {
        for stays in [true, false] {
            leaving_errors_if(|_| stays, fail);
            assert_eq!(last_error() != 0, stays);
            ErrorStack::get();
        }
    }

    /// Leaves an error of this library and reason.
    fn raise(library: c_int, reason: u32) {
        let reason = c_int::try_from(reason).unwrap();
        // SAFETY: a new error, without a text of its own.
        unsafe {
            openssl_sys::ERR_new();
            openssl_sys::ERR_set_error(library, reason, std::ptr::null());
        }
    }

    #[test]
    fn faults() {
        let fatal = u32::try_from(ERR_RFLAG_FATAL).unwrap() | 0x2 << ERR_RFLAGS_OFFSET;
        for (name, library, reason, expected) in [
            ("no memory", ERR_LIB_ASN1, 256 | fatal, true),
            ("no memory for a signature", ERR_LIB_RSA, 256 | fatal, true),
            ("internal error", ERR_LIB_EC, 259 | fatal, true),
            ("provider without a function", ERR_LIB_EVP, 264 | fatal, true),
            ("no such algorithm", ERR_LIB_EVP, ERR_R_UNSUPPORTED, true),
            ("nor fetched", ERR_LIB_X509, ERR_R_FETCH_FAILED, true),
            ("of a key store's library", 128, 1, true),
            ("of the system", 2, 12, true),
            ("of random numbers", 36, 100, true),
            ("of an encoding", ERR_LIB_ASN1, 104, false),
            ("of a certificate", ERR_LIB_X509, 101, false),
            ("of a signature of RSA", ERR_LIB_RSA, 119, false),
            ("passed on by a provider", ERR_LIB_PROV, 0x2 << ERR_RFLAGS_OFFSET | 4, false),
            ("of a signature of ECDSA", ERR_LIB_EC, 156, false),
        ] {
            raise(c_int::try_from(library).unwrap(), reason);
            assert_eq!(is_fault(&ErrorStack::get()), expected, "{name}");
            // Wherever it stands among others.
            for first in [true, false] {
                let other = || raise(c_int::try_from(ERR_LIB_ASN1).unwrap(), 104);
                first.then(other);
                raise(c_int::try_from(library).unwrap(), reason);
                (!first).then(other);
                assert_eq!(is_fault(&ErrorStack::get()), expected, "{name}, another {first}");
            }
        }
        assert!(!is_fault(&ErrorStack::get()));
    }

    #[test]
    fn no_others_errors_among_ours() {
        fail();
        let before = last_error();
        with_own_errors(|| {
            assert_eq!(last_error(), 0);
            raise(c_int::try_from(ERR_LIB_ASN1).unwrap(), 104);
        });
        assert_eq!(last_error(), before);
        assert_eq!(ErrorStack::get().errors().len(), 1);
    }

    #[test]
    fn errors_of_others_stay() {
        fail();
        let before = last_error();
        leaving_no_errors(fail);
        assert_eq!(last_error(), before);
    }
}
