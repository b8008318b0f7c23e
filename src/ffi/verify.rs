// SPDX-License-Identifier: Apache-2.0

//! How values are verified.

use std::{ffi::c_char, ptr::null_mut};

use super::{
    enums, panic::explained_boundary, pointer, reason::ReasonBuffer, result::ClientCertResult,
    trust::TrustParts,
};
use crate::{
    client::Client,
    verify::{Freshness, accepted::Accepted, verification_cache::VerificationCache},
};

/// Verifies a signed value.
///
/// `format` is CLIENT_CERT_FORMAT_CMS or CLIENT_CERT_FORMAT_CMS_SF. `value` has `length` bytes and
/// need not be NUL-terminated; white space around it is not taken off.
///
/// The signingTime may lie up to `max_age` seconds before `now`, and up to `skew` after it.
///
/// With `peer`, the TLS peer as client_cert_handshake_client() gives it, no other may have signed,
/// and the signature is verified with the key of `peer` itself. NULL where the peer does not
/// matter.
///
/// Sets `*accepted` to a new object, which client_cert_accepted_free() releases.
///
/// Puts the reason of a failure into `reason`: what client_cert_result_message() says, and details
/// of this value, such as the digests that differ or the signer's names. It never has the value
/// itself. It is printable ASCII, NUL-terminated, and fit for a line of an error log. It has room
/// in CLIENT_CERT_REASON_SIZE bytes; `reason_size` may be less, and then it is cut off. After
/// CLIENT_CERT_RESULT_OK it is empty. `reason` may be NULL.
///
/// Fails with CLIENT_CERT_RESULT_VALUE_... where the value is malformed. Where it is well formed, but
/// not acceptable, with the results from 700 on,
/// CLIENT_CERT_RESULT_SIGNER_KEY_UNSUPPORTED, CLIENT_CERT_RESULT_SIGNER_KEY_TOO_SMALL,
/// CLIENT_CERT_RESULT_SIGNER_EXPIRED, CLIENT_CERT_RESULT_SIGNER_NOT_YET_VALID,
/// CLIENT_CERT_RESULT_CERTIFICATE_EXPIRED, CLIENT_CERT_RESULT_CERTIFICATE_NOT_YET_VALID. Where that
/// could not be found out, with CLIENT_CERT_RESULT_VERIFICATION_FAILED,
/// CLIENT_CERT_RESULT_CERTIFICATE_MALFORMED where OpenSSL cannot read `peer`,
/// CLIENT_CERT_RESULT_INVALID_PARAMETER and the others that every function may give.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_verify(
    trust: *const TrustParts,
    format: u32,
    value: *const c_char,
    length: usize,
    now: i64,
    max_age: u32,
    skew: u32,
    peer: *const Client,
    accepted: *mut *mut Accepted,
    reason: *mut c_char,
    reason_size: usize,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    let reason = unsafe { ReasonBuffer::new(reason, reason_size) };
    // SAFETY: as the header's rules say.
    explained_boundary(&reason, || unsafe {
        let accepted = pointer::out(accepted, null_mut())?;
        let trust = pointer::borrow(trust)?;
        let format = enums::signed_format(format)?;
        let value = pointer::bytes(value.cast(), length)?;
        let (trust, peer) = (trust.sources()?, peer.as_ref());
        let freshness = Freshness { max_age, skew };
        let none = VerificationCache::default();
        let verified = none.verify(trust, format, value, now, freshness, peer)?;
        *accepted = pointer::share(verified.accepted);
        Ok(())
    })
}

/// Verifies an unsigned value. The certificate of `peer` must meet what is required of a signer's:
/// lead to an anchor, have one of the names, be for such use and not be revoked.
///
/// `format` is one of those that are not signed and can be read. Nothing of
/// `value` is believed but the certificate. For `value` and `length` see client_cert_verify().
///
/// `peer` is the TLS peer as client_cert_handshake_client() gives it, over whose chain a path may
/// lead.
///
/// Sets `*accepted` to a new object, which client_cert_accepted_free() releases.
///
/// `reason` is as for client_cert_verify(). Fails as that does; what is said of the signer in a
/// result is said of the peer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_verify_peer(
    trust: *const TrustParts,
    format: u32,
    value: *const c_char,
    length: usize,
    now: i64,
    peer: *const Client,
    accepted: *mut *mut Accepted,
    reason: *mut c_char,
    reason_size: usize,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    let reason = unsafe { ReasonBuffer::new(reason, reason_size) };
    // SAFETY: as the header's rules say.
    explained_boundary(&reason, || unsafe {
        let accepted = pointer::out(accepted, null_mut())?;
        let trust = pointer::borrow(trust)?;
        let format = enums::unsigned_format(format)?;
        let value = pointer::bytes(value.cast(), length)?;
        let (trust, peer) = (trust.sources()?, pointer::borrow(peer)?);
        let none = VerificationCache::default();
        let verified = none.verify_peer(trust, format, value, now, peer)?;
        *accepted = pointer::share(verified.accepted);
        Ok(())
    })
}
