// SPDX-License-Identifier: Apache-2.0

//! Which virtual hosts verify clients alike.

use std::{
    ffi::{c_char, c_void},
    ptr::null_mut,
    sync::{Mutex, MutexGuard},
};

use openssl_sys::SSL_CTX;

use super::{panic::boundary, pointer, result::ClientCertResult};
use crate::{
    ssl_context,
    vhost::{Context, Limits, Vhosts},
};

/// The virtual hosts of one configuration.
pub struct VhostsHandle(Mutex<Vhosts>);

impl VhostsHandle {
    fn lock(&self) -> Result<MutexGuard<'_, Vhosts>, ClientCertResult> {
        // A thread panicked while it held the lock, and may have left the object incomplete.
        self.0.lock().map_err(|_| ClientCertResult::Panic)
    }
}

/// Makes a place for the virtual hosts of one configuration, with nothing in it.
///
/// Sets `*vhosts` to a new object, which client_cert_vhosts_free() releases. Unlike others it
/// changes, and any number of threads may use it at once all the same.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_vhosts_new(
    vhosts: *mut *mut VhostsHandle,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let vhosts = pointer::out(vhosts, null_mut())?;
        *vhosts = pointer::give(VhostsHandle(Mutex::new(Vhosts::new())));
        Ok(())
    })
}

/// Releases it. NULL is allowed, as with free(). No thread may be using it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_vhosts_free(vhosts: *mut VhostsHandle) {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        pointer::free(vhosts);
        Ok(())
    });
}

/// Adds a directive of mod_ssl's about the verification of clients, in the order in which they
/// stand.
///
/// `vhost` names a virtual host by any address of the caller's, NULL the main server, whose
/// directives hold for all. `section` tells in which sections the directive stands, NULL in none.
/// `words` are its `word_count` arguments; names of files and directories among them are absolute.
/// All are copied.
///
/// Fails with nothing of its own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_vhosts_add(
    vhosts: *const VhostsHandle,
    vhost: *const c_void,
    section: *const c_char,
    name: *const c_char,
    words: *const *const c_char,
    word_count: usize,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let section = (!section.is_null()).then(|| pointer::string(section)).transpose()?;
        let (name, words) = (pointer::string(name)?, pointer::strings(words, word_count)?);
        pointer::borrow(vhosts)?.lock()?.add(vhost.addr(), section, name, &words);
        Ok(())
    })
}

impl VhostsHandle {
    /// How a virtual host verifies clients: the fingerprint of all that this depends on, `None` where
    /// not all of it can be found out, and how far directives let it go.
    ///
    /// # Safety
    ///
    /// `context` is valid, and nothing changes it.
    pub(super) unsafe fn verification(
        &self,
        vhost: *const c_void,
        context: *mut SSL_CTX,
    ) -> Result<(Option<[u8; 32]>, Limits), ClientCertResult> {
        let mut vhosts = self.lock()?;
        let limits = vhosts.limits(vhost.addr());
        // SAFETY: the caller's part.
        let Some(verification) = (unsafe { ssl_context::verification(context) }) else {
            return Ok((None, limits));
        };
        let context = Context {
            values: &verification.values,
            cas: &verification.cas,
            crls: &verification.crls,
        };
        Ok((vhosts.fingerprint(vhost.addr(), &context)?, limits))
    }
}

#[cfg(test)]
mod tests {
    use std::ptr::null;

    use super::*;
    use ClientCertResult::{InvalidParameter, NullParameter, Ok};

    #[test]
    fn null_is_never_taken_silently() {
        let mut made = null_mut();
        // SAFETY: a place for the result, and NULL.
        unsafe {
            assert_eq!(client_cert_vhosts_new(null_mut()), NullParameter);
            assert_eq!(client_cert_vhosts_new(&mut made), Ok);
        }
        let vhosts: *const VhostsHandle = made;
        let word = [c"5".as_ptr()];
        // SAFETY: live objects, but for the NULL.
        unsafe {
            let word = word.as_ptr();
            let name = c"SSLVerifyDepth".as_ptr();
            let add = |vhosts, name, words, count| {
                client_cert_vhosts_add(vhosts, null(), null(), name, words, count)
            };
            assert_eq!(add(null(), name, word, 1), NullParameter);
            assert_eq!(add(vhosts, null(), word, 1), NullParameter);
            assert_eq!(add(vhosts, name, null(), 1), NullParameter);
            assert_eq!(add(vhosts, name, word, usize::MAX), InvalidParameter);
            assert_eq!(add(vhosts, name, word, 1), Ok);

            client_cert_vhosts_free(made);
            client_cert_vhosts_free(null_mut());
        }
    }
}
