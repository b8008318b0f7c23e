// SPDX-License-Identifier: Apache-2.0

//! How values are verified.

use std::ffi::c_char;

use super::{
    result::ClientCertResult,
    trust::TrustParts,
    verification_cache::{
        client_cert_verification_cache_verify, client_cert_verification_cache_verify_peer,
    },
};
use crate::{
    client::Client,
    verify::{accepted::Accepted, verification_cache::VerificationCache},
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
/// client_cert_result_kind() tells how it failed. The value is malformed:
/// CLIENT_CERT_RESULT_VALUE_...; it is well formed, but not acceptable: the results from 700 on,
/// CLIENT_CERT_RESULT_SIGNER_KEY_UNSUPPORTED, CLIENT_CERT_RESULT_SIGNER_KEY_TOO_SMALL,
/// CLIENT_CERT_RESULT_SIGNER_EXPIRED, CLIENT_CERT_RESULT_SIGNER_NOT_YET_VALID,
/// CLIENT_CERT_RESULT_CERTIFICATE_EXPIRED, CLIENT_CERT_RESULT_CERTIFICATE_NOT_YET_VALID. Or that
/// could not be found out: CLIENT_CERT_RESULT_VERIFICATION_FAILED,
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
    let none = VerificationCache::default();
    // SAFETY: as the header's rules say.
    unsafe {
        client_cert_verification_cache_verify(
            &none,
            trust,
            format,
            value,
            length,
            now,
            max_age,
            skew,
            peer,
            accepted,
            &mut false,
            reason,
            reason_size,
        )
    }
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
    let none = VerificationCache::default();
    // SAFETY: as the header's rules say.
    unsafe {
        client_cert_verification_cache_verify_peer(
            &none,
            trust,
            format,
            value,
            length,
            now,
            peer,
            accepted,
            &mut false,
            reason,
            reason_size,
        )
    }
}
