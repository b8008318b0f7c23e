// SPDX-License-Identifier: Apache-2.0

//! Certificates that came in a value.

use super::diagnosis;
use crate::cms::MAX_CERTIFICATES;
use crate::{
    asn1::{
        der::{Malformed, Reader, tag},
        time::Validity,
    },
    client::Client,
    cms::algorithm::Algorithm,
    error::Error,
    rejection::{Failure, MalformedValue, Refusal},
    verify::signed_data::NamedSigner,
    x509::{
        certificate::Certificate,
        parser::{self, KeylessX509},
    },
};

/// A certificate of the field certificates, of which OpenSSL has seen nothing yet.
pub(super) struct ValueCertificate<'a> {
    pub(super) der: &'a [u8],
    pub(super) fields: Certificate<'a>,
}

/// Reads a CertificateSet, RFC 5652 section 10.2.3: no other choice than certificate, in any order,
/// since no signature covers it. One that is there twice counts once. Each key is one that OpenSSL
/// may be given to decode.
pub(super) fn read_set<'a>(
    contents: &'a [u8],
    signer: NamedSigner<'_>,
) -> Result<Vec<ValueCertificate<'a>>, Failure> {
    let mut reader = Reader::new(contents);
    let mut elements: Vec<&[u8]> = Vec::new();
    while reader.end().is_err() {
        let element = reader.read(tag::SEQUENCE);
        elements.push(element.map_err(|Malformed| MalformedValue::Certificates)?.raw);
        if elements.len() > MAX_CERTIFICATES {
            return Err(MalformedValue::CertificateCount.into());
        }
    }
    if elements.is_empty() {
        return Err(MalformedValue::CertificateCount.into());
    }
    elements.sort_unstable();
    elements.dedup();
    elements.into_iter().map(|der| ValueCertificate::read(der, signer)).collect()
}

impl<'a> ValueCertificate<'a> {
    fn read(der: &'a [u8], signer: NamedSigner<'_>) -> Result<Self, Failure> {
        let fields = Certificate::read(der).map_err(|Malformed| MalformedValue::Certificates)?;
        Algorithm::of_key(fields.key).map_err(|error| match (error, signer.has(fields)) {
            (Error::SignerKeyTooSmall, true) => Refusal::SignerKeyTooSmall,
            (Error::SignerKeyTooSmall, false) => Refusal::ChainWeak,
            (_, true) => Refusal::SignerKeyUnsupported,
            (_, false) => Refusal::CertificateKeyUnsupported,
        })?;
        Ok(Self { der, fields })
    }
}

/// The client's certificate.
pub(super) struct Content<'a> {
    der: &'a [u8],
    pub(super) validity: Validity,
    certificate: KeylessX509,
}

impl<'a> Content<'a> {
    /// Reads the one certificate that `der` is, as the signer has read it.
    pub(super) fn read(der: &'a [u8]) -> Result<Self, Failure> {
        let (certificate, validity) =
            parser::read_carried(der).map_err(|reason| diagnosis::content(reason, der))?;
        Ok(Self { der, validity, certificate })
    }

    /// The client, to be signed for again.
    pub(super) fn client(self) -> Client {
        Client::of_content(self.certificate, self.validity, self.der)
    }
}
