// SPDX-License-Identifier: Apache-2.0

//! Handshakes, and the records by which TLS sessions remember them.

use std::ptr::{null, null_mut};

use openssl_sys::X509;

use super::{
    allocator::{Allocator, Bytes},
    panic::{boundary, quiet_boundary},
    pointer,
    result::ClientCertResult,
};
use crate::{client::Client, session_record::Handshake};

/// Makes a handshake: what one full TLS handshake established.
///
/// `vhost` is 32 bytes that name the virtual host that verified, `signer_id` the identity
/// (client_cert_certificate_id()) of the certificate that the server presented; both are the
/// caller's to compare later.
///
/// `leaf` is the client's certificate, NULL if it sent none. It and `chain` are as for
/// client_cert_client_new(). `verified` says whether the chain verified; without a leaf it means
/// nothing, and of an unverified client only the leaf's identity is stored.
///
/// Sets `*handshake` to a new object, which client_cert_handshake_free() releases.
///
/// Fails with CLIENT_CERT_RESULT_CERTIFICATE_MALFORMED.
///
/// cbindgen:ptrs-as-arrays=[[vhost; 32], [signer_id; 32]]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_handshake_new(
    vhost: *const u8,
    signer_id: *const u8,
    leaf: *mut X509,
    chain: *const *mut X509,
    chain_length: usize,
    verified: bool,
    handshake: *mut *mut Handshake,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let handshake = pointer::out(handshake, null_mut())?;
        let (vhost, signer_id) = (pointer::array(vhost)?, pointer::array(signer_id)?);
        let (leaf, chain) = (pointer::optional_x509(leaf), pointer::x509s(chain, chain_length)?);
        let made = Handshake::new(*vhost, *signer_id, leaf, &chain, verified)?;
        *handshake = pointer::give(made);
        Ok(())
    })
}

/// Writes a handshake as a record, to be put into the TLS session
/// (SSL_SESSION_set1_ticket_appdata()).
///
/// The record is binary, about 100 bytes and the certificates of the chain; the leaf itself,
/// which the session has, is not in it. Only this version of the library reads it for certain.
///
/// Sets `*record` to memory from `allocator`.
///
/// Fails with CLIENT_CERT_RESULT_OUT_OF_MEMORY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_handshake_to_bytes(
    handshake: *const Handshake,
    allocator: *const Allocator,
    record: *mut Bytes,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let record = pointer::out(record, Bytes::EMPTY)?;
        let allocator = pointer::borrow(allocator)?;
        *record = allocator.bytes(&pointer::borrow(handshake)?.to_bytes())?;
        Ok(())
    })
}

/// Reads a record back, when a session is resumed.
///
/// `data` is the record of `length` bytes. `leaf` is the client's certificate in the session, NULL
/// if there is none. The record must come from where a client cannot have changed it, as a
/// session's data does.
///
/// Sets `*handshake` to a new object, which client_cert_handshake_free() releases.
///
/// Fails with CLIENT_CERT_RESULT_HANDSHAKE_RECORD_MALFORMED when it is not exactly one record of
/// this version, CLIENT_CERT_RESULT_HANDSHAKE_RECORD_MISMATCH when it is bound to another leaf
/// than this (one to none and none to one included), CLIENT_CERT_RESULT_CERTIFICATE_MALFORMED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_handshake_from_bytes(
    data: *const u8,
    length: usize,
    leaf: *mut X509,
    handshake: *mut *mut Handshake,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let handshake = pointer::out(handshake, null_mut())?;
        let (record, leaf) = (pointer::bytes(data, length)?, pointer::optional_x509(leaf));
        *handshake = pointer::give(Handshake::from_bytes(record, leaf)?);
        Ok(())
    })
}

/// Releases a handshake and the client that belongs to it. NULL is allowed, as with free(). No
/// thread may be using either.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_handshake_free(handshake: *mut Handshake) {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        pointer::free(handshake);
        Ok(())
    });
}

/// Puts the 32 bytes that name the virtual host that verified into `vhost`.
///
/// cbindgen:ptrs-as-arrays=[[vhost; 32]]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_handshake_vhost(
    handshake: *const Handshake,
    vhost: *mut u8,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        let vhost = pointer::out_array(vhost)?;
        *vhost = *pointer::borrow(handshake)?.vhost();
        Ok(())
    })
}

/// Puts the identity of the certificate that the server presented, 32 bytes, into `id`.
///
/// cbindgen:ptrs-as-arrays=[[id; 32]]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_handshake_signer_id(
    handshake: *const Handshake,
    id: *mut u8,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        let id = pointer::out_array(id)?;
        *id = *pointer::borrow(handshake)?.signer_id();
        Ok(())
    })
}

/// The client of a handshake, if it was verified and its certificate is within its validity at
/// `now`. There is no other way from a handshake to a client.
///
/// Sets `*client` to an object that belongs to the handshake and lives as long as it.
///
/// Fails with CLIENT_CERT_RESULT_NO_CERTIFICATE, CLIENT_CERT_RESULT_CERTIFICATE_UNVERIFIED,
/// CLIENT_CERT_RESULT_CERTIFICATE_EXPIRED, CLIENT_CERT_RESULT_CERTIFICATE_NOT_YET_VALID.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_handshake_client(
    handshake: *const Handshake,
    now: i64,
    client: *mut *const Client,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        let client = pointer::out(client, null())?;
        *client = pointer::borrow(handshake)?.client(now)?;
        Ok(())
    })
}
