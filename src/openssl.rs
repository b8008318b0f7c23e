// SPDX-License-Identifier: Apache-2.0

//! What the openssl crate has not: functions that openssl-sys does not declare, as build.rs lists
//! them, and OpenSSL's queue of errors left as it was.

#![allow(missing_docs, non_camel_case_types, unused_imports, clippy::wildcard_imports)]

use std::mem;

include!(concat!(env!("OUT_DIR"), "/openssl.rs"));

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

    #[test]
    fn errors_of_others_stay() {
        fail();
        let before = last_error();
        leaving_no_errors(fail);
        assert_eq!(last_error(), before);
    }
}
