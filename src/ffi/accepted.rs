// SPDX-License-Identifier: Apache-2.0

//! Values that were verified.

use std::ptr::{null, null_mut};

use foreign_types::ForeignTypeRef;
use openssl_sys::X509;

use super::{panic::boundary, pointer, result::ClientCertResult};
use crate::{accepted::Accepted, client::Client};

/// Releases what was accepted, as often as it was given. NULL is allowed, as with free(). No thread
/// may be using what this caller was given.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_accepted_free(accepted: *mut Accepted) {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        pointer::unshare(accepted);
        Ok(())
    });
}

/// The client, to be signed for again; without a chain, for nobody has signed one.
///
/// Sets `*client` to an object that belongs to `accepted`, and lives as long as it.
///
/// Fails with nothing but CLIENT_CERT_RESULT_NULL_PARAMETER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_accepted_client(
    accepted: *const Accepted,
    client: *mut *const Client,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let client = pointer::out(client, null())?;
        *client = pointer::borrow(accepted)?.forwarded();
        Ok(())
    })
}

/// The client's certificate.
///
/// Sets `*certificate` to an object that belongs to `accepted`, and lives as long as it unless the
/// caller takes a reference with X509_up_ref().
///
/// Fails with nothing but CLIENT_CERT_RESULT_NULL_PARAMETER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_accepted_certificate(
    accepted: *const Accepted,
    certificate: *mut *mut X509,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let certificate = pointer::out(certificate, null_mut())?;
        *certificate = pointer::borrow(accepted)?.client().as_ptr();
        Ok(())
    })
}

/// The certificate of the signer; for client_cert_verify_peer(), of the peer.
///
/// Sets `*signer` to an object as client_cert_accepted_certificate() does.
///
/// Fails with nothing but CLIENT_CERT_RESULT_NULL_PARAMETER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_accepted_signer(
    accepted: *const Accepted,
    signer: *mut *mut X509,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let signer = pointer::out(signer, null_mut())?;
        *signer = pointer::borrow(accepted)?.signer().as_ptr();
        Ok(())
    })
}

/// When the value was signed, as Unix time in seconds.
///
/// Fails with CLIENT_CERT_RESULT_NO_SIGNING_TIME after client_cert_verify_peer().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_accepted_signing_time(
    accepted: *const Accepted,
    time: *mut i64,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let time = pointer::out(time, 0)?;
        let accepted = pointer::borrow(accepted)?;
        *time = accepted.signing_time().ok_or(ClientCertResult::NoSigningTime)?;
        Ok(())
    })
}
