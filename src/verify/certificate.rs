// SPDX-License-Identifier: Apache-2.0

//! Certificates that came in a value.

use openssl::x509::X509;

use super::strict;
use crate::{
    certificate::Certificate,
    der::{Malformed, Reader, tag},
};

/// A certificate in strict DER, of which both we and OpenSSL could read our parts.
pub(super) struct ReadCertificate<'a> {
    pub(super) der: &'a [u8],
    pub(super) fields: Certificate<'a>,
    pub(super) certificate: X509,
}

impl<'a> ReadCertificate<'a> {
    /// Reads the one certificate that `der` is.
    pub(super) fn read(der: &'a [u8]) -> Result<Self, Malformed> {
        strict::check(Reader::only(der, tag::SEQUENCE)?)?;
        let fields = Certificate::read(der)?;
        let certificate = X509::from_der(der).map_err(|_| Malformed)?;
        // What is handed on, and signed anew, must be what came.
        if certificate.to_der().is_ok_and(|again| again == der) {
            Ok(Self { der, fields, certificate })
        } else {
            Err(Malformed)
        }
    }
}
