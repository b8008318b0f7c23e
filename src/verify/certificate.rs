// SPDX-License-Identifier: Apache-2.0

//! Certificates that came in a value.

use openssl::x509::X509;

use super::strict;
use crate::{
    certificate::Certificate,
    certificate_syntax::{CertificateSyntax, KeylessCertificate, check_written},
    client::Client,
    der::{Malformed, Reader, tag},
    error::Error,
    openssl::ReadError,
    rejection::{Failure, MalformedValue},
    time::Validity,
};

/// A certificate in strict DER, of which both we and OpenSSL could read our parts.
pub(super) struct ReadCertificate<'a> {
    pub(super) der: &'a [u8],
    pub(super) fields: Certificate<'a>,
    pub(super) certificate: X509,
}

impl<'a> ReadCertificate<'a> {
    /// Reads the one certificate that `der` is. OpenSSL takes longer for it than for verifying a
    /// signature; that of `peer`, the usual signer, it has read already.
    pub(super) fn read(der: &'a [u8], peer: Option<&Client>) -> Result<Self, Failure> {
        let malformed = MalformedValue::Certificates;
        let fields = read_strictly(der).map_err(|Malformed| malformed)?;
        let certificate = match peer.filter(|peer| peer.leaf() == der) {
            Some(peer) => peer.certificate()?.to_owned(),
            None => read_with_openssl(der).map_err(|error| malformed.or_fault(error))?,
        };
        Ok(Self { der, fields, certificate })
    }
}

fn read_with_openssl(der: &[u8]) -> Result<X509, ReadError> {
    let certificate = X509::from_der(der)?;
    check_written(&certificate, der)?;
    Ok(certificate)
}

/// The client's certificate.
pub(super) struct Content<'a> {
    pub(super) der: &'a [u8],
    pub(super) validity: Validity,
    pub(super) certificate: KeylessCertificate,
}

impl<'a> Content<'a> {
    /// Reads the one certificate that `der` is.
    pub(super) fn read(der: &'a [u8], syntax: &CertificateSyntax) -> Result<Self, Failure> {
        let read = || -> Result<_, ReadError> {
            let Certificate { validity, .. } = read_strictly(der)?;
            Ok(Self { der, validity, certificate: syntax.read(der)? })
        };
        read().map_err(|error| MalformedValue::Content.or_fault(error))
    }

    /// The client, to be signed for again.
    pub(super) fn client(&self) -> Result<Client, Error> {
        Client::from_der(self.der.to_vec(), Vec::new())
    }
}

fn read_strictly(der: &[u8]) -> Result<Certificate<'_>, Malformed> {
    strict::check(Reader::only(der, tag::SEQUENCE)?)?;
    Certificate::read(der)
}
