// SPDX-License-Identifier: Apache-2.0

//! Values that are verified once and accepted again.

use std::{ffi::c_char, ptr::null_mut};

use super::{
    enums,
    panic::{boundary, explained_boundary},
    pointer,
    reason::ReasonBuffer,
    result::ClientCertResult,
    trust::TrustParts,
};
use crate::{
    client::Client,
    verify::{Freshness, accepted::Accepted, verification_cache::VerificationCache},
};

/// Makes a cache of values that were accepted, and of those who signed them, which uses at most
/// about `bytes` of memory, its own overhead included. With 0 nothing is remembered.
///
/// Sets `*cache` to a new object, which client_cert_verification_cache_free() releases.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_verification_cache_new(
    bytes: usize,
    cache: *mut *mut VerificationCache,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let cache = pointer::out(cache, null_mut())?;
        *cache = pointer::give(VerificationCache::new(bytes));
        Ok(())
    })
}

/// As client_cert_verification_cache_new(), for who also calls
/// client_cert_verification_cache_verify_client(): a part of the memory is for paths of clients.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_verification_cache_new_with_clients(
    bytes: usize,
    cache: *mut *mut VerificationCache,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let cache = pointer::out(cache, null_mut())?;
        *cache = pointer::give(VerificationCache::with_clients(bytes));
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

/// As client_cert_verify(), but takes a value again that was accepted before, from the same `peer`
/// and with the same `trust`, `max_age` and `skew`.
///
/// It is accepted again no longer than client_cert_verify() would accept it: until it is too old, a
/// certificate of its client, signer or path ends, or one of the CRLs begins or ends. It is not
/// accepted again when `now` is before the time at which it was verified. Anchors, names and CRLs
/// are the same only if they are the same objects. When several threads bring the same value, one
/// verifies it and the others wait, though no longer than a second. What is refused is not
/// remembered.
///
/// For another value of the same signer, the path of the signer is not verified again for as long
/// as that stands; all else is.
///
/// Sets `*accepted` to an object, which client_cert_accepted_free() releases; others may have been
/// given the same one. Sets `*reused` to whether it was there already.
///
/// Fails as client_cert_verify() does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_verification_cache_verify(
    cache: *const VerificationCache,
    trust: *const TrustParts,
    format: u32,
    value: *const c_char,
    length: usize,
    now: i64,
    max_age: u32,
    skew: u32,
    peer: *const Client,
    accepted: *mut *mut Accepted,
    reused: *mut bool,
    reason: *mut c_char,
    reason_size: usize,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    let reason = unsafe { ReasonBuffer::new(reason, reason_size) };
    // SAFETY: as the header's rules say.
    explained_boundary(&reason, || unsafe {
        let accepted = pointer::out(accepted, null_mut())?;
        let reused = pointer::out(reused, false)?;
        let (cache, trust) = (pointer::borrow(cache)?, pointer::borrow(trust)?);
        let format = enums::signed_format(format)?;
        let value = pointer::bytes(value.cast(), length)?;
        let (trust, peer) = (trust.sources()?, peer.as_ref());
        let freshness = Freshness { max_age, skew };
        let verified = cache.verify(trust, format, value, now, freshness, peer)?;
        *accepted = pointer::share(verified.accepted);
        *reused = verified.reused;
        Ok(())
    })
}

/// As client_cert_verify_peer(), but takes a value again as client_cert_verification_cache_verify() does.
///
/// Fails as client_cert_verify_peer() does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_verification_cache_verify_peer(
    cache: *const VerificationCache,
    trust: *const TrustParts,
    format: u32,
    value: *const c_char,
    length: usize,
    now: i64,
    peer: *const Client,
    accepted: *mut *mut Accepted,
    reused: *mut bool,
    reason: *mut c_char,
    reason_size: usize,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    let reason = unsafe { ReasonBuffer::new(reason, reason_size) };
    // SAFETY: as the header's rules say.
    explained_boundary(&reason, || unsafe {
        let accepted = pointer::out(accepted, null_mut())?;
        let reused = pointer::out(reused, false)?;
        let (cache, trust) = (pointer::borrow(cache)?, pointer::borrow(trust)?);
        let format = enums::unsigned_format(format)?;
        let value = pointer::bytes(value.cast(), length)?;
        let (trust, peer) = (trust.sources()?, pointer::borrow(peer)?);
        let verified = cache.verify_peer(trust, format, value, now, peer)?;
        *accepted = pointer::share(verified.accepted);
        *reused = verified.reused;
        Ok(())
    })
}
