// SPDX-License-Identifier: Apache-2.0

//! Values that were verified.

use std::{ffi::c_char, ptr::null};

use super::{allocator::Allocator, panic::quiet_boundary, pointer, result::ClientCertResult};
use crate::{client::Client, verify::accepted::Accepted, x509::variables::Variable};

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

/// The client, to be signed for again; without a chain, since no signature covers one.
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

/// The variables of the client, to be exported to an application: SSL_CLIENT_... as mod_ssl exports
/// them for a client of its own, to the byte, and CLIENT_CERT_... of this library.
///
/// Sets `*variables` to an array of `*count`, each with another name, which belongs to `accepted` and
/// lives as long as it. It is made when it is first asked for.
///
/// Fails with nothing but CLIENT_CERT_RESULT_NULL_PARAMETER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_accepted_variables(
    accepted: *const Accepted,
    variables: *mut *const Variable,
    count: *mut usize,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        let (variables, count) = (pointer::out(variables, null())?, pointer::out(count, 0)?);
        let list = pointer::borrow(accepted)?.variables().list();
        *variables = list.as_ptr();
        *count = list.len();
        Ok(())
    })
}

/// A variable of the client by its name, as mod_ssl gives it to who asks by name: in any case, with
/// the number of one of several (SSL_CLIENT_S_DN_OU_1), not converted (SSL_CLIENT_S_DN_CN_RAW).
///
/// Sets `*value` to a NUL-terminated string in memory from `allocator`, or to NULL if there is no such
/// variable, or an empty one.
///
/// Fails with CLIENT_CERT_RESULT_OUT_OF_MEMORY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_accepted_variable(
    accepted: *const Accepted,
    name: *const c_char,
    allocator: *const Allocator,
    value: *mut *const c_char,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        let value = pointer::out(value, null())?;
        let (accepted, name) = (pointer::borrow(accepted)?, pointer::string(name)?);
        let allocator = pointer::borrow(allocator)?;
        if let Some(found) = accepted.variable(name) {
            *value = allocator.bytes(&found)?.data.cast();
        }
        Ok(())
    })
}

/// The extensions of one kind of the client's certificate, in words, as mod_ssl's PeerExtList gives
/// them. `name` is a long or short name of OpenSSL's, or a numeric OID.
///
/// Sets `*values` to `*count` strings, which follow one another in memory from `allocator`, each
/// NUL-terminated; to NULL if there are none.
///
/// Fails with CLIENT_CERT_RESULT_OUT_OF_MEMORY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_accepted_extensions(
    accepted: *const Accepted,
    name: *const c_char,
    allocator: *const Allocator,
    values: *mut *const c_char,
    count: *mut usize,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        let (values, count) = (pointer::out(values, null())?, pointer::out(count, 0)?);
        let (accepted, name) = (pointer::borrow(accepted)?, pointer::c_string(name)?);
        let allocator = pointer::borrow(allocator)?;
        let found = accepted.extensions(name);
        if !found.is_empty() {
            // The last one gets its NUL from the allocator.
            *values = allocator.bytes(&found.join(&0))?.data.cast();
            *count = found.len();
        }
        Ok(())
    })
}
