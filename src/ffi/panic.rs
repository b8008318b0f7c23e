// SPDX-License-Identifier: Apache-2.0

//! The boundary around every C function that runs code of ours: no panic gets past it, and no
//! error stays in OpenSSL's queue, where mod_ssl would take it for its own.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
};

use super::{
    reason::{Explained, ReasonBuffer},
    result::ClientCertResult,
};
use crate::openssl_ext::leaving_no_errors;

/// Runs `body`, the whole of a C function.
pub(super) fn boundary(body: impl FnOnce() -> Result<(), ClientCertResult>) -> ClientCertResult {
    quiet_boundary(|| leaving_no_errors(body))
}

/// As [`boundary`], where `body` calls nothing of OpenSSL's that leaves errors, or sees to that
/// itself: what reads a field takes a tenth of the time that marking the queue does.
pub(super) fn quiet_boundary(
    body: impl FnOnce() -> Result<(), ClientCertResult>,
) -> ClientCertResult {
    match catch(body) {
        Ok(Ok(())) => ClientCertResult::Ok,
        Ok(Err(result)) => result,
        Err(_) => ClientCertResult::Panic,
    }
}

/// As [`quiet_boundary`], of a function that says why it failed in words, too.
pub(super) fn explained_boundary(
    reason: &ReasonBuffer,
    body: impl FnOnce() -> Result<(), Explained>,
) -> ClientCertResult {
    match caught(body) {
        Ok(()) => {
            reason.clear();
            ClientCertResult::Ok
        }
        Err(explained) => {
            reason.write(&explained);
            explained.result()
        }
    }
}

/// As [`quiet_boundary`], of a function that tells in its own way what went wrong.
pub(super) fn caught(body: impl FnOnce() -> Result<(), Explained>) -> Result<(), Explained> {
    catch(body).unwrap_or_else(|panic| Err(Explained::of_panic(&*panic)))
}

fn catch<R>(body: impl FnOnce() -> R) -> Result<R, Box<dyn Any + Send>> {
    // Unwind safe: what `body` can reach is immutable once made, except for the pools of contexts,
    // the caches and connections. The first are locked, and hold only what is complete: a context in
    // use is out of its pool, and is dropped by the unwinding. Of a connection nothing is pending or
    // current that may be another handshake's, and C relies on nothing in it any more.
    #[cfg(test)]
    let body = || {
        inject();
        body()
    };
    catch_unwind(AssertUnwindSafe(body))
}

#[cfg(test)]
thread_local! {
    /// Where it is set, each function of this thread panics, and is counted.
    pub(super) static INJECTED: std::cell::Cell<Option<usize>> = const { std::cell::Cell::new(None) };
}

#[cfg(test)]
fn inject() {
    if let Some(count) = INJECTED.get() {
        INJECTED.set(Some(count + 1));
        panic!("injected");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panic_becomes_a_result() {
        assert_eq!(boundary(|| panic!("injected")), ClientCertResult::Panic);
        assert_eq!(quiet_boundary(|| panic!("injected")), ClientCertResult::Panic);
    }

    #[test]
    fn errors_of_openssl_do_not_stay() {
        let result = boundary(|| {
            // Fails, and leaves its error in the queue.
            // SAFETY: a name that is no digest's; NULL is the default library context.
            let digest = unsafe {
                openssl_sys::EVP_MD_fetch(std::ptr::null_mut(), c"none".as_ptr(), std::ptr::null())
            };
            assert!(digest.is_null());
            // SAFETY: takes no arguments.
            assert_ne!(unsafe { openssl_sys::ERR_peek_last_error() }, 0);
            Ok(())
        });
        assert_eq!(result, ClientCertResult::Ok);
        // SAFETY: takes no arguments.
        assert_eq!(unsafe { openssl_sys::ERR_peek_last_error() }, 0);
    }
}
