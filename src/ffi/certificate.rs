// SPDX-License-Identifier: Apache-2.0

//! What concerns any certificate.

use openssl_sys::X509;

use super::{panic::boundary, pointer, result::ClientCertResult};
use crate::x509::certificate;

/// The identity of a certificate: the SHA-256 of its DER.
///
/// Puts 32 bytes into `id`.
/// Fails with CLIENT_CERT_RESULT_CERTIFICATE_MALFORMED when OpenSSL has no DER of it.
///
/// cbindgen:ptrs-as-arrays=[[id; 32]]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_certificate_id(
    certificate: *mut X509,
    id: *mut u8,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let id = pointer::out_array(id)?;
        *id = certificate::id(&certificate::der(pointer::x509(certificate)?)?);
        Ok(())
    })
}
