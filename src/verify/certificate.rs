// SPDX-License-Identifier: Apache-2.0

//! Certificates that came in a value.

use openssl::x509::{X509, X509Ref};

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

/// A certificate that is known, beside its DER. OpenSSL takes longer to read one than to verify
/// a signature, and that of the TLS peer, the usual signer, it has read already.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) der: &'a [u8],
    pub(super) certificate: &'a X509Ref,
}

impl<'a> ReadCertificate<'a> {
    /// As [`Self::read`]; the same octets as those of `known` are not read by OpenSSL again.
    pub(super) fn read_or_known(
        der: &'a [u8],
        known: Option<Known<'_>>,
    ) -> Result<Self, Malformed> {
        match known.filter(|known| known.der == der) {
            Some(Known { certificate, .. }) => {
                strict::check(Reader::only(der, tag::SEQUENCE)?)?;
                let fields = Certificate::read(der)?;
                Ok(Self { der, fields, certificate: certificate.to_owned() })
            }
            None => Self::read(der),
        }
    }

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
