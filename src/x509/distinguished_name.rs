// SPDX-License-Identifier: Apache-2.0

//! Distinguished names as text.

use std::{ptr::null_mut, slice};

use foreign_types::ForeignTypeRef;
use openssl::x509::X509NameRef;

use crate::openssl_ext;

/// A name as RFC 2253 writes it: printable ASCII, without a quotation mark that is not escaped.
/// `None` where OpenSSL cannot write it.
pub(crate) fn rfc2253(name: &X509NameRef) -> Option<String> {
    // SAFETY: the BIO is made, used and freed here; the name outlives the call; the memory is the
    // BIO's and copied before it goes.
    let written = unsafe {
        let bio = openssl_sys::BIO_new(openssl_sys::BIO_s_mem());
        if bio.is_null() {
            return None;
        }
        let flags = openssl_ext::XN_FLAG_RFC2253.into();
        let mut written = None;
        if openssl_ext::X509_NAME_print_ex(bio, name.as_ptr(), 0, flags) >= 0 {
            let mut data = null_mut();
            let length = openssl_sys::BIO_get_mem_data(bio, &raw mut data);
            let length = usize::try_from(length).unwrap_or(0);
            written = Some(if data.is_null() || length == 0 {
                Vec::new()
            } else {
                slice::from_raw_parts(data.cast::<u8>(), length).to_vec()
            });
        }
        openssl_sys::BIO_free_all(bio);
        written
    };
    let printable = written.filter(|text| text.iter().all(|byte| matches!(byte, b' '..=b'~')))?;
    String::from_utf8(printable).ok()
}
