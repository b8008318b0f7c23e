// SPDX-License-Identifier: Apache-2.0

//! Values that are signed once and used again.

use std::{
    ffi::c_char,
    ptr::{null, null_mut},
};

use super::{
    enums,
    panic::{boundary, quiet_boundary},
    pointer,
    result::ClientCertResult,
};
use crate::{
    client::Client,
    sign::{
        signature_cache::{NotRenewed, SharedValue, SignatureCache},
        signer::Signer,
    },
};

/// Makes a cache of signed values that uses at most about `bytes` of memory, its own overhead
/// included. With 0 nothing is remembered.
///
/// Sets `*cache` to a new object, which client_cert_signature_cache_free() releases.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_signature_cache_new(
    bytes: usize,
    cache: *mut *mut SignatureCache,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let cache = pointer::out(cache, null_mut())?;
        *cache = pointer::give(SignatureCache::new(bytes));
        Ok(())
    })
}

/// Releases a cache. NULL is allowed, as with free(). No thread may be using it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_signature_cache_free(cache: *mut SignatureCache) {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        pointer::free(cache);
        Ok(())
    });
}

/// As client_cert_sign(), but uses a value again that was signed for the same client certificate
/// by the same signer, with the same `certs` and `format`, less than `lifetime` seconds before.
///
/// A value is used again while signed_at <= now < signed_at + lifetime, and never when one of the
/// two certificates is outside its validity at `now`. With a `lifetime` of 0 it is always signed
/// anew. When several threads need the same value, one signs and the others wait for it. After a
/// second they sign for themselves. In the last eighth of its lifetime one thread renews the value,
/// and the others go on with it; so does the one where renewing fails. Failures are not remembered.
///
/// Sets `*value` to the value of a header, visible ASCII, NUL-terminated, which is not copied: it
/// belongs to `*shared`, lives as long as that, and must not be written to. `*length` is its
/// length, the NUL not counted. client_cert_shared_value_free() releases `*shared`: neither cache
/// nor client need live as long. Sets `*reused` to whether the value was signed before, by an
/// earlier call or by another thread's. Sets `*renewal` to CLIENT_CERT_RESULT_OK, or, of the calls
/// that could not renew a value in good time, for one in a minute, to why:
/// CLIENT_CERT_RESULT_PANIC, or as client_cert_sign() fails, OpenSSL's reasons being left in its
/// error queue.
///
/// Fails as client_cert_sign() does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_signature_cache_sign(
    cache: *const SignatureCache,
    signer: *const Signer,
    certs: u32,
    client: *const Client,
    format: u32,
    now: i64,
    lifetime: u32,
    shared: *mut *mut SharedValue,
    value: *mut *const c_char,
    length: *mut usize,
    reused: *mut bool,
    renewal: *mut ClientCertResult,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        let (shared, value) = (pointer::out(shared, null_mut())?, pointer::out(value, null())?);
        let (length, reused) = (pointer::out(length, 0)?, pointer::out(reused, false)?);
        let renewal = pointer::out(renewal, ClientCertResult::Ok)?;
        let cache = pointer::borrow(cache)?;
        let (signer, client) = (pointer::borrow(signer)?, pointer::borrow(client)?);
        let (certs, format) = (enums::signer_certs(certs)?, enums::signed_format(format)?);
        let signed = cache.sign(signer, certs, client, format, now, lifetime)?;
        (*value, *length) = (signed.value.as_ptr(), signed.value.value().len());
        *reused = signed.reused;
        if let Some(why) = signed.not_renewed {
            *renewal = match why {
                NotRenewed::Error(error) => error.into(),
                NotRenewed::Panic => ClientCertResult::Panic,
            };
        }
        *shared = pointer::share(signed.value);
        Ok(())
    })
}

/// Releases a shared value. NULL is allowed, as with free(). No thread may be reading it for this
/// caller.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_shared_value_free(shared: *mut SharedValue) {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        pointer::unshare(shared);
        Ok(())
    });
}
