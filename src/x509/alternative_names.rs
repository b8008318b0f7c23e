// SPDX-License-Identifier: Apache-2.0

//! The subjectAltName of a certificate, as OpenSSL reads it.

use std::{ffi::c_int, ptr::null_mut};

use foreign_types::{ForeignType, ForeignTypeRef};
use openssl::{
    stack::Stack,
    x509::{GeneralName, X509Ref},
};

/// OpenSSL reads no subjectAltName: it is there twice, or malformed.
#[derive(Debug)]
pub(crate) struct Unreadable;

/// The subjectAltNames, if there are any.
pub(crate) fn alternative_names(
    certificate: &X509Ref,
) -> Result<Option<Stack<GeneralName>>, Unreadable> {
    const ABSENT: c_int = -1;
    let mut critical = ABSENT;
    // SAFETY: a valid certificate. What is returned is a stack of GENERAL_NAMEs, and the caller's.
    unsafe {
        let names = openssl_sys::X509_get_ext_d2i(
            certificate.as_ptr(),
            openssl_sys::NID_subject_alt_name,
            &raw mut critical,
            null_mut(),
        );
        match (names.is_null(), critical) {
            (false, _) => Ok(Some(Stack::from_ptr(names.cast()))),
            (true, ABSENT) => Ok(None),
            (true, _) => Err(Unreadable),
        }
    }
}
