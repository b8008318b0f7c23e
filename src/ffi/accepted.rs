// SPDX-License-Identifier: Apache-2.0

//! Values that were verified.

use std::{
    ffi::c_void,
    ptr::{null, null_mut},
};

use foreign_types::ForeignTypeRef;
use openssl_sys::X509;

use super::{
    panic::{boundary, quiet_boundary},
    pointer,
    result::ClientCertResult,
};
use crate::{
    accepted::{Accepted, Attachment},
    client::Client,
};

/// The caller's data, freed with what it is attached to.
struct Attached {
    data: *mut c_void,
    free: unsafe extern "C" fn(*mut c_void),
}

// SAFETY: client_cert_accepted_attach() asks for data that may be used in any thread.
unsafe impl Send for Attached {}
// SAFETY: as above.
unsafe impl Sync for Attached {}

impl Drop for Attached {
    fn drop(&mut self) {
        // SAFETY: the data that came with this function, which is called once for it.
        unsafe { (self.free)(self.data) }
    }
}

fn data_of(attachment: &Attachment) -> *mut c_void {
    attachment.downcast_ref().map_or(null_mut(), |attached: &Attached| attached.data)
}

/// Releases what was accepted, as often as it was given. NULL is allowed, as with free(). No thread
/// may be using what this caller was given.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_accepted_free(accepted: *mut Accepted) {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
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
    quiet_boundary(|| unsafe {
        let client = pointer::out(client, null())?;
        *client = pointer::borrow(accepted)?.client();
        Ok(())
    })
}

/// The client's certificate.
///
/// Sets `*certificate` to an object that belongs to `accepted`, and lives as long as it unless the
/// caller takes a reference with X509_up_ref().
///
/// Fails with CLIENT_CERT_RESULT_NULL_PARAMETER, and, where OpenSSL has no memory left to read it
/// with, CLIENT_CERT_RESULT_CERTIFICATE_MALFORMED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_accepted_certificate(
    accepted: *const Accepted,
    certificate: *mut *mut X509,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let certificate = pointer::out(certificate, null_mut())?;
        *certificate = pointer::borrow(accepted)?.client().certificate()?.as_ptr();
        Ok(())
    })
}

/// The client's certificate without its public key, which X509_get0_pubkey() may not find: to read
/// all else of it, at once. With the key, OpenSSL takes longer to read it than to verify a value.
///
/// Sets `*certificate` to an object that belongs to `accepted`, and lives as long as it: no
/// reference to it may outlive that.
///
/// Fails with nothing but CLIENT_CERT_RESULT_NULL_PARAMETER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_accepted_keyless_certificate(
    accepted: *const Accepted,
    certificate: *mut *mut X509,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        let certificate = pointer::out(certificate, null_mut())?;
        *certificate = pointer::borrow(accepted)?.keyless_certificate().as_ptr();
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
    quiet_boundary(|| unsafe {
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
    quiet_boundary(|| unsafe {
        let time = pointer::out(time, 0)?;
        let accepted = pointer::borrow(accepted)?;
        *time = accepted.signing_time().ok_or(ClientCertResult::NoSigningTime)?;
        Ok(())
    })
}

/// What client_cert_accepted_attach() attached.
///
/// Sets `*attached` to it, to be read as long as `accepted` lives, or to NULL if there is nothing.
///
/// Fails with nothing but CLIENT_CERT_RESULT_NULL_PARAMETER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_accepted_attachment(
    accepted: *const Accepted,
    attached: *mut *mut c_void,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        let attached = pointer::out(attached, null_mut())?;
        *attached = pointer::borrow(accepted)?.attachment().map_or(null_mut(), data_of);
        Ok(())
    })
}

/// Attaches data of the caller's, made of what was accepted and so not to be made again for all
/// those who are given the same: client_cert_verdicts_verify() gives it to several, at once and one
/// after another. It is not the caller's any more: `free` is called for it, once, when nobody has
/// what was accepted any more, in any thread; it must not call the library. `data` may be read in
/// several threads at once.
///
/// Where something is attached already, that stays, and `free` is called for `data` at once.
///
/// Sets `*attached` to what is attached, to be read as long as `accepted` lives.
///
/// Fails with nothing but CLIENT_CERT_RESULT_NULL_PARAMETER; then `data` is the caller's still.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_accepted_attach(
    accepted: *const Accepted,
    data: *mut c_void,
    free: Option<unsafe extern "C" fn(data: *mut c_void)>,
    attached: *mut *mut c_void,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let attached = pointer::out(attached, null_mut())?;
        let (accepted, free) =
            (pointer::borrow(accepted)?, free.ok_or(ClientCertResult::NullParameter)?);
        if data.is_null() {
            return Err(ClientCertResult::NullParameter);
        }
        *attached = data_of(accepted.attach(Box::new(Attached { data, free })));
        Ok(())
    })
}
