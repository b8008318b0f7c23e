// SPDX-License-Identifier: Apache-2.0

//! Values that are verified once and accepted again.

use std::ptr::null_mut;

use super::{panic::boundary, pointer, result::ClientCertResult};
use crate::verify::verification_cache::VerificationCache;

/// Makes a cache for client_cert_accept(): of values that were accepted, and of those who signed them,
/// which uses at most about `bytes` of memory, its own overhead included. With 0 nothing is remembered.
/// With `with_clients` a part of the memory is for paths of clients; without, none is remembered.
///
/// Sets `*cache` to a new object, which client_cert_verification_cache_free() releases.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_verification_cache_new(
    bytes: usize,
    with_clients: bool,
    cache: *mut *mut VerificationCache,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let cache = pointer::out(cache, null_mut())?;
        *cache = pointer::give(match with_clients {
            true => VerificationCache::with_clients(bytes),
            false => VerificationCache::new(bytes),
        });
        Ok(())
    })
}

/// Releases a cache. NULL is allowed, as with free(). No thread may be using it; what it gave
/// stays.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_verification_cache_free(cache: *mut VerificationCache) {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        pointer::free(cache);
        Ok(())
    });
}
