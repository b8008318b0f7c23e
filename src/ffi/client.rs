// SPDX-License-Identifier: Apache-2.0

//! Clients.

use std::{ptr::null_mut, sync::Arc};

use openssl_sys::X509;

use super::{panic::boundary, pointer, result::ClientCertResult};
use crate::client::Client;

/// Makes a client of a certificate whose chain the caller has verified.
///
/// `chain` is an array of `chain_length` certificates in TLS order, as SSL_get0_verified_chain()
/// gives it but without the leaf; NULL if there are none. Self-signed ones are left out. A
/// reference to `leaf` is taken, to none of `chain`.
///
/// Sets `*client` to a new object, which client_cert_client_free() releases.
///
/// Fails with CLIENT_CERT_RESULT_CERTIFICATE_MALFORMED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_client_new(
    leaf: *mut X509,
    chain: *const *mut X509,
    chain_length: usize,
    client: *mut *mut Client,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let client = pointer::out(client, null_mut())?;
        let chain = pointer::x509s(chain, chain_length)?;
        *client = pointer::share(Arc::new(Client::new(pointer::x509(leaf)?, &chain)?));
        Ok(())
    })
}

/// Releases a client, as often as it was given. NULL is allowed, as with free(). No thread may be
/// using what this caller was given.
///
/// Not for a client that belongs to a handshake or to what was accepted.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_client_free(client: *mut Client) {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        pointer::unshare(client);
        Ok(())
    });
}

/// Whether the client's certificate is within its validity at `now`, as
/// client_cert_signer_check_validity() has it.
///
/// Fails with CLIENT_CERT_RESULT_CERTIFICATE_EXPIRED,
/// CLIENT_CERT_RESULT_CERTIFICATE_NOT_YET_VALID.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_client_check_validity(
    client: *const Client,
    now: i64,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe { Ok(pointer::borrow(client)?.check_validity(now)?) })
}
