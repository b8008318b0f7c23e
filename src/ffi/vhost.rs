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
    vhost::{Context, Vhosts},
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

/// Puts a fingerprint of all that the verification of clients by a virtual host depends on into
/// `fingerprint`, 32 bytes. Two virtual hosts with the same fingerprint verify alike, in every
/// process and on every machine.
///
/// `vhost` is as for client_cert_vhosts_add(); `context` is its, and is read. Directories of CAs and CRLs and files that directives name are read, each directory once.
///
/// Sets `*known` to whether all of it could be found out. Where it could not, `fingerprint` is zero,
/// and the virtual host is not to be taken for like any other.
///
/// Fails with CLIENT_CERT_RESULT_CERTIFICATE_MALFORMED.
///
/// cbindgen:ptrs-as-arrays=[[fingerprint; 32]]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_vhosts_fingerprint(
    vhosts: *const VhostsHandle,
    vhost: *const c_void,
    context: *mut SSL_CTX,
    fingerprint: *mut u8,
    known: *mut bool,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let fingerprint = pointer::out_array(fingerprint)?;
        let known = pointer::out(known, false)?;
        let vhosts = pointer::borrow(vhosts)?;
        if context.is_null() {
            return Err(ClientCertResult::NullParameter);
        }
        let Some(verification) = ssl_context::verification(context) else { return Ok(()) };
        let context = Context {
            values: &verification.values,
            cas: &verification.cas,
            crls: &verification.crls,
        };
        if let Some(found) = vhosts.lock()?.fingerprint(vhost.addr(), &context)? {
            *fingerprint = found;
            *known = true;
        }
        Ok(())
    })
}

/// How far the directives of a virtual host let verification go.
///
/// `vhost` is as for client_cert_vhosts_add(). Sets `*depth` to the largest SSLVerifyDepth of it
/// and of the sections in it, and `*section_ciphers` to whether a section has an SSLCipherSuite, and
/// so may have a security level of its own.
///
/// Fails with nothing of its own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_vhosts_limits(
    vhosts: *const VhostsHandle,
    vhost: *const c_void,
    depth: *mut u32,
    section_ciphers: *mut bool,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let (depth, section_ciphers) =
            (pointer::out(depth, 0)?, pointer::out(section_ciphers, false)?);
        let limits = pointer::borrow(vhosts)?.lock()?.limits(vhost.addr());
        (*depth, *section_ciphers) = (limits.depth, limits.section_ciphers);
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use std::ptr::null;

    use foreign_types::ForeignType;
    use openssl::ssl::{SslContext, SslMethod};

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
        let context = SslContext::builder(SslMethod::tls_server()).unwrap().build();
        let none = context.as_ptr();
        let (mut id, mut known, mut depth, mut ciphers) = ([0; 32], false, 0, false);
        let id = id.as_mut_ptr();
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

            let fingerprint = |vhosts, context, id, known| {
                client_cert_vhosts_fingerprint(vhosts, null(), context, id, known)
            };
            assert_eq!(fingerprint(null(), none, id, &mut known), NullParameter);
            assert_eq!(fingerprint(vhosts, null_mut(), id, &mut known), NullParameter);
            assert_eq!(fingerprint(vhosts, none, null_mut(), &mut known), NullParameter);
            assert_eq!(fingerprint(vhosts, none, id, null_mut()), NullParameter);
            assert_eq!(fingerprint(vhosts, none, id, &mut known), Ok);
            assert!(known);

            let limits =
                |vhosts, depth, ciphers| client_cert_vhosts_limits(vhosts, null(), depth, ciphers);
            assert_eq!(limits(null(), &mut depth, &mut ciphers), NullParameter);
            assert_eq!(limits(vhosts, null_mut(), &mut ciphers), NullParameter);
            assert_eq!(limits(vhosts, &mut depth, null_mut()), NullParameter);
            assert_eq!(limits(vhosts, &mut depth, &mut ciphers), Ok);
            assert_eq!((depth, ciphers), (5, false));
            client_cert_vhosts_free(made);
            client_cert_vhosts_free(null_mut());
        }
    }
}
