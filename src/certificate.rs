// SPDX-License-Identifier: Apache-2.0

//! What the library reads of a certificate (RFC 5280 section 4.1).

use openssl::{sha::sha256, x509::X509Ref};

use crate::{
    der::{Element, Malformed, Reader, tag},
    error::Error,
    time::{self, Validity},
};

/// The parts of a certificate that are used, as they stand in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Certificate<'a> {
    /// The serialNumber, an INTEGER with tag and length.
    pub(crate) serial: &'a [u8],
    /// The issuer, a Name with tag and length.
    pub(crate) issuer: &'a [u8],
    /// The algorithm of the public key.
    pub(crate) key_algorithm: AlgorithmIdentifier<'a>,
    pub(crate) validity: Validity,
}

/// An AlgorithmIdentifier, RFC 5280 section 4.1.1.2.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AlgorithmIdentifier<'a> {
    /// The contents of the OBJECT IDENTIFIER.
    pub(crate) algorithm: &'a [u8],
    pub(crate) parameters: Option<Element<'a>>,
}

impl<'a> Certificate<'a> {
    pub(crate) fn read(der: &'a [u8]) -> Result<Self, Malformed> {
        let certificate = Reader::only(der, tag::SEQUENCE)?;
        let mut reader = Reader::new(certificate.contents);
        let to_be_signed = reader.read(tag::SEQUENCE)?;
        reader.read(tag::SEQUENCE)?;
        reader.read(tag::BIT_STRING)?;
        reader.end()?;

        let mut reader = Reader::new(to_be_signed.contents);
        reader.optional(tag::CONTEXT_0)?;
        let serial = reader.read(tag::INTEGER)?.raw;
        reader.read(tag::SEQUENCE)?;
        let issuer = reader.read(tag::SEQUENCE)?.raw;
        let validity = read_validity(reader.read(tag::SEQUENCE)?)?;
        reader.read(tag::SEQUENCE)?;
        let key_algorithm = read_key_algorithm(reader.read(tag::SEQUENCE)?)?;
        // The two unique identifiers and the extensions.
        reader.optional(tag::CONTEXT_1_PRIMITIVE)?;
        reader.optional(tag::CONTEXT_2_PRIMITIVE)?;
        reader.optional(tag::CONTEXT_3)?;
        reader.end()?;
        Ok(Self { serial, issuer, key_algorithm, validity })
    }
}

fn read_validity(validity: Element<'_>) -> Result<Validity, Malformed> {
    let mut reader = Reader::new(validity.contents);
    let not_before = time::read(reader.any()?)?;
    let not_after = time::read(reader.any()?)?;
    reader.end()?;
    Ok(Validity { not_before, not_after })
}

fn read_key_algorithm(key: Element<'_>) -> Result<AlgorithmIdentifier<'_>, Malformed> {
    let mut reader = Reader::new(key.contents);
    let identifier = reader.read(tag::SEQUENCE)?;
    reader.read(tag::BIT_STRING)?;
    reader.end()?;

    let mut reader = Reader::new(identifier.contents);
    let algorithm = reader.read(tag::OID)?.contents;
    let parameters = if reader.end().is_ok() { None } else { Some(reader.any()?) };
    reader.end()?;
    Ok(AlgorithmIdentifier { algorithm, parameters })
}

/// The DER of a certificate.
pub(crate) fn der(certificate: &X509Ref) -> Result<Vec<u8>, Error> {
    certificate.to_der().map_err(|_| Error::CertificateMalformed)
}

/// The identity of a certificate: the SHA-256 of its DER.
pub(crate) fn id(der: &[u8]) -> [u8; 32] {
    sha256(der)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{KeyKind, Leaf};

    #[test]
    fn parts_are_where_openssl_finds_them() {
        let leaf = Leaf::new(KeyKind::P256).valid(1_000_000, 2_000_000).self_signed();
        let der = leaf.certificate.to_der().unwrap();
        let read = Certificate::read(&der).unwrap();
        assert_eq!(read.issuer, leaf.certificate.issuer_name().to_der().unwrap());
        let serial = leaf.certificate.serial_number().to_bn().unwrap().to_vec();
        assert_eq!(Reader::only(read.serial, tag::INTEGER).unwrap().contents, serial);
        assert_eq!(read.validity, Validity { not_before: 1_000_000, not_after: 2_000_000 });
    }

    #[test]
    fn refused() {
        let der = Leaf::new(KeyKind::P256).self_signed().certificate.to_der().unwrap();
        for length in 0..der.len() {
            assert!(Certificate::read(&der[..length]).is_err(), "cut off at {length}");
        }
        assert!(Certificate::read(&[&der[..], &[0]].concat()).is_err(), "trailing octet");
    }
}
