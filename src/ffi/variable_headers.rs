// SPDX-License-Identifier: Apache-2.0

//! Variables that are sent as headers.

use std::{
    ffi::c_char,
    ptr::{null, null_mut},
};

use super::{panic::quiet_boundary, pointer, result::ClientCertResult};
use crate::{
    client::Client,
    variable_headers::{NotAdded, NotSendable, Unverified, VariableHeaders},
    x509::variables::{Variable, Variables},
};

/// Makes a list of headers with a variable each, with nothing in it.
///
/// Sets `*headers` to a new object, which client_cert_variable_headers_free() releases.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_variable_headers_new(
    headers: *mut *mut VariableHeaders,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        let headers = pointer::out(headers, null_mut())?;
        *headers = pointer::give(VariableHeaders::default());
        Ok(())
    })
}

/// Adds a header and the variable that it has: any SSL_CLIENT_... of mod_ssl's that has one line, or
/// CLIENT_CERT_SHA256 or CLIENT_CERT_X5T_S256. No other thread may be using the object. Both are
/// copied.
///
/// `header` is a token (RFC 9110 section 5.6.2). Sets `*same` to NULL, or, with
/// CLIENT_CERT_RESULT_INVALID_PARAMETER, to the header that is there already and is the same to some
/// backend, as client_cert_field_names_owner() tells; it belongs to `headers`.
///
/// Fails with CLIENT_CERT_RESULT_INVALID_PARAMETER, CLIENT_CERT_RESULT_VARIABLE_UNKNOWN,
/// CLIENT_CERT_RESULT_VARIABLE_OF_SEVERAL_LINES, and then adds nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_variable_headers_add(
    headers: *mut VariableHeaders,
    header: *const c_char,
    variable: *const c_char,
    same: *mut *const c_char,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        let same = pointer::out(same, null())?;
        let headers = headers.as_mut().ok_or(ClientCertResult::NullParameter)?;
        let (header, variable) = (pointer::c_string(header)?, pointer::string(variable)?);
        match headers.add(header, variable) {
            Ok(()) => Ok(()),
            Err(NotAdded::Variable(error)) => Err(error.into()),
            Err(NotAdded::Same(other)) => {
                *same = other.as_ptr();
                Err(ClientCertResult::InvalidParameter)
            }
        }
    })
}

/// Releases a list of headers. NULL is allowed, as with free(). No thread may be using it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_variable_headers_free(headers: *mut VariableHeaders) {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        pointer::free(headers);
        Ok(())
    });
}

/// The headers of a TLS client, whose certificate the caller has verified. SSL_CLIENT_VERIFY is
/// SUCCESS.
///
/// Sets `*made` to a reference that client_cert_variables_free() releases, and `*variables` to an array
/// of `*count`, which lives as long as it: name and value of each header. None that would be empty is
/// among them. They are made once for a client and a list, as long as they stay the same.
///
/// Fails with CLIENT_CERT_RESULT_VARIABLE_INCOMPLETE, CLIENT_CERT_RESULT_VARIABLE_CONTROL,
/// CLIENT_CERT_RESULT_VARIABLE_SPACE and CLIENT_CERT_RESULT_ENCODED_TOO_LONG where a header cannot have
/// the variable exactly. Then `*failed` is the name of that header, which belongs to `headers`; else
/// NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_variable_headers_of_client(
    headers: *const VariableHeaders,
    client: *const Client,
    now: i64,
    made: *mut *mut Variables,
    variables: *mut *const Variable,
    count: *mut usize,
    failed: *mut *const c_char,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        let made = pointer::out(made, null_mut())?;
        let variables = pointer::out(variables, null())?;
        let count = pointer::out(count, 0)?;
        let failed = pointer::out(failed, null())?;
        let (headers, client) = (pointer::borrow(headers)?, pointer::borrow(client)?);
        match client.variable_headers(headers, now) {
            Ok(headers) => {
                let list = headers.list();
                (*variables, *count) = (list.as_ptr(), list.len());
                *made = pointer::share(headers);
                Ok(())
            }
            Err(NotSendable { header, error }) => {
                *failed = header.as_ptr();
                Err(error.into())
            }
        }
    })
}

/// The headers that there are without a verified client: those of SSL_CLIENT_VERIFY, with FAILED if
/// the client `presented` a certificate, else with NONE.
///
/// Sets `*variables` to an array of `*count`, which belongs to `headers` and lives as long as it.
///
/// Fails with nothing but CLIENT_CERT_RESULT_NULL_PARAMETER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_variable_headers_without_client(
    headers: *const VariableHeaders,
    presented: bool,
    variables: *mut *const Variable,
    count: *mut usize,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        let (variables, count) = (pointer::out(variables, null())?, pointer::out(count, 0)?);
        let unverified = if presented { Unverified::Failed } else { Unverified::None };
        let list = pointer::borrow(headers)?.without_client(unverified).list();
        (*variables, *count) = (list.as_ptr(), list.len());
        Ok(())
    })
}

/// Releases the headers of a client. NULL is allowed, as with free(). No thread may be reading them for
/// this caller.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_variables_free(made: *mut Variables) {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        pointer::unshare(made);
        Ok(())
    });
}
