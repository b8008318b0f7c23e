// SPDX-License-Identifier: Apache-2.0

//! What the library reads of a certificate (RFC 5280 section 4.1).

use std::ffi::CStr;

use foreign_types::ForeignTypeRef;
use openssl::{sha::sha256, x509::X509Ref};

use crate::{
    asn1::{
        der::{Element, Malformed, Reader, tag},
        time::{self, Validity},
    },
    error::Error,
    openssl_ext::X509_NAME_oneline,
};

/// Contents of the OBJECT IDENTIFIERs of extensions.
mod oid {
    pub(super) const SUBJECT_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1d, 14];
    pub(super) const AUTHORITY_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1d, 35];
}

/// The parts of a certificate that are used, as they stand in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Certificate<'a> {
    /// The tbsCertificate, with tag and length.
    pub(crate) to_be_signed: &'a [u8],
    /// The signatureAlgorithm, with tag and length.
    pub(crate) signature_algorithm: &'a [u8],
    /// The signatureValue, a BIT STRING with tag and length.
    pub(crate) signature: &'a [u8],
    /// The serialNumber, an INTEGER with tag and length.
    pub(crate) serial: &'a [u8],
    /// The issuer, a Name with tag and length.
    pub(crate) issuer: &'a [u8],
    /// The subject, a Name with tag and length.
    pub(crate) subject: &'a [u8],
    pub(crate) key: SubjectPublicKey<'a>,
    pub(crate) validity: Validity,
    /// The extensions, a SEQUENCE's contents.
    extensions: Option<&'a [u8]>,
}

/// A SubjectPublicKeyInfo, RFC 5280 section 4.1.2.7.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SubjectPublicKey<'a> {
    pub(crate) algorithm: AlgorithmIdentifier<'a>,
    /// The contents of the BIT STRING, the count of unused bits included.
    pub(crate) bits: &'a [u8],
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
        let signature_algorithm = reader.read(tag::SEQUENCE)?.raw;
        let signature = reader.read(tag::BIT_STRING)?.raw;
        reader.end()?;

        let mut reader = Reader::new(to_be_signed.contents);
        reader.optional(tag::CONTEXT_0)?;
        let serial = reader.read(tag::INTEGER)?.raw;
        reader.read(tag::SEQUENCE)?;
        let issuer = reader.read(tag::SEQUENCE)?.raw;
        let validity = read_validity(reader.read(tag::SEQUENCE)?)?;
        let subject = reader.read(tag::SEQUENCE)?.raw;
        let key = SubjectPublicKey::read(reader.read(tag::SEQUENCE)?)?;
        // The two unique identifiers.
        reader.optional(tag::CONTEXT_1_PRIMITIVE)?;
        reader.optional(tag::CONTEXT_2_PRIMITIVE)?;
        let extensions = reader.optional(tag::CONTEXT_3)?;
        reader.end()?;
        let extensions = extensions.map(|field| Reader::only(field.contents, tag::SEQUENCE));
        Ok(Self {
            to_be_signed: to_be_signed.raw,
            signature_algorithm,
            signature,
            serial,
            issuer,
            subject,
            key,
            validity,
            extensions: extensions.transpose()?.map(|list| list.contents),
        })
    }

    /// The keyIdentifier of the authorityKeyIdentifier, RFC 5280 section 4.2.1.1. None where there
    /// is none that can be read.
    pub(crate) fn authority_key_identifier(&self) -> Option<&'a [u8]> {
        let value = self.extension(oid::AUTHORITY_KEY_IDENTIFIER)?;
        let mut fields = Reader::new(Reader::only(value, tag::SEQUENCE).ok()?.contents);
        Some(fields.optional(tag::CONTEXT_0_PRIMITIVE).ok()??.contents)
    }

    /// The subjectKeyIdentifier, RFC 5280 section 4.2.1.2. None where there is none that can be
    /// read.
    pub(crate) fn subject_key_identifier(&self) -> Option<&'a [u8]> {
        let value = self.extension(oid::SUBJECT_KEY_IDENTIFIER)?;
        Some(Reader::only(value, tag::OCTET_STRING).ok()?.contents)
    }

    /// The contents of the first extension's extnValue with this identifier.
    fn extension(&self, oid: &[u8]) -> Option<&'a [u8]> {
        let mut extensions = Reader::new(self.extensions?);
        while let Ok(extension) = extensions.read(tag::SEQUENCE) {
            let mut fields = Reader::new(extension.contents);
            if fields.read(tag::OID).ok()?.contents == oid {
                fields.optional(tag::BOOLEAN).ok()?;
                return Some(fields.read(tag::OCTET_STRING).ok()?.contents);
            }
        }
        None
    }
}

impl<'a> SubjectPublicKey<'a> {
    fn read(key: Element<'a>) -> Result<Self, Malformed> {
        let mut reader = Reader::new(key.contents);
        let algorithm = AlgorithmIdentifier::read(reader.read(tag::SEQUENCE)?)?;
        let bits = reader.read(tag::BIT_STRING)?.contents;
        reader.end()?;
        Ok(Self { algorithm, bits })
    }
}

impl<'a> AlgorithmIdentifier<'a> {
    fn read(identifier: Element<'a>) -> Result<Self, Malformed> {
        let mut reader = Reader::new(identifier.contents);
        let algorithm = reader.read(tag::OID)?.contents;
        let parameters = if reader.end().is_ok() { None } else { Some(reader.any()?) };
        reader.end()?;
        Ok(Self { algorithm, parameters })
    }
}

fn read_validity(validity: Element<'_>) -> Result<Validity, Malformed> {
    let mut reader = Reader::new(validity.contents);
    let not_before = time::read(reader.any()?)?;
    let not_after = time::read(reader.any()?)?;
    reader.end()?;
    Ok(Validity { not_before, not_after })
}

/// The DER of a certificate.
pub(crate) fn der(certificate: &X509Ref) -> Result<Vec<u8>, Error> {
    certificate.to_der().map_err(|_| Error::CertificateMalformed)
}

/// The identity of a certificate: the SHA-256 of its DER.
pub(crate) fn id(der: &[u8]) -> [u8; 32] {
    sha256(der)
}

/// The subject in OpenSSL's own words, the longest cut off.
pub(crate) fn one_line_subject(certificate: &X509Ref) -> Option<Vec<u8>> {
    let name = certificate.subject_name().as_ptr();
    let mut text = [0_u8; 256];
    // SAFETY: a name that is there, and so much room.
    let written = unsafe { X509_NAME_oneline(name, text.as_mut_ptr().cast(), 256) };
    let text = CStr::from_bytes_until_nul(&text).ok()?;
    (!written.is_null()).then(|| text.to_bytes().to_vec())
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
