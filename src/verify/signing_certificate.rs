// SPDX-License-Identifier: Apache-2.0

//! The attributes that name the signer's certificate, and others of its path: signingCertificateV2
//! (RFC 5035 section 3) and the older signingCertificate (RFC 2634 section 5.4).
//!
//! What they say must hold, as OpenSSL understands it where it is asked to look (CMS_CADES): the
//! first is the signer's, the others are certificates above it.

use std::ffi::c_long;

use openssl::{
    error::ErrorStack,
    hash::{MessageDigest, hash},
};

use super::algorithm::read_digest;
use crate::cms::MAX_CERTIFICATES;
use crate::{
    asn1::der::{Element, Malformed, Reader, tag},
    cms::signature::message_digest,
    openssl_ext::{self, ReadError},
    rejection::{Failure, Refusal},
    x509::certificate::Certificate,
};

/// One of the two attributes: of no more certificates than a value may have.
pub(super) struct SigningCertificate<'a> {
    /// That of the signer.
    signer: CertificateId<'a>,
    /// Others of its path.
    others: Vec<CertificateId<'a>>,
}

/// ESSCertIDv2 (RFC 5035 section 4), or ESSCertID.
struct CertificateId<'a> {
    digest: MessageDigest,
    hash: &'a [u8],
    /// The issuer's Name and the INTEGER, each with tag and length.
    issuer_serial: Option<(&'a [u8], &'a [u8])>,
}

/// Which of the two it is.
#[derive(Clone, Copy)]
pub(super) enum Version {
    /// signingCertificate, where the digest is SHA-1.
    One,
    /// signingCertificateV2.
    Two,
}

impl<'a> SigningCertificate<'a> {
    /// Reads the value of the attribute.
    pub(super) fn read(value: Element<'a>, version: Version) -> Result<Self, ReadError> {
        let mut reader = Reader::new(contents_of_sequence(value)?);
        let mut certificates = Reader::new(reader.read(tag::SEQUENCE)?.contents);
        let policies = reader.optional(tag::SEQUENCE)?;
        reader.end()?;
        // They say nothing about who signed, but where OpenSSL cannot read them it accepts no
        // signature.
        if policies.is_some() {
            version.check_openssl_reads(value.raw)?;
        }

        let signer = CertificateId::read(certificates.read(tag::SEQUENCE)?, version)?;
        let mut others = Vec::new();
        while certificates.end().is_err() {
            others.push(CertificateId::read(certificates.read(tag::SEQUENCE)?, version)?);
            if others.len() >= MAX_CERTIFICATES {
                return Err(ReadError::Malformed);
            }
        }
        Ok(Self { signer, others })
    }

    /// Checks that these are the signer's certificate and some above it, in DER.
    pub(super) fn check(&self, signer: &[u8], issuers: &[Vec<u8>]) -> Result<(), Failure> {
        let mismatch = |detail| Err(Refusal::SigningCertificateMismatch.with(detail));
        if !self.signer.is_of(signer)? {
            return mismatch("the first that it names is not the signer's");
        }
        for other in &self.others {
            if other.is_of(signer)? {
                return mismatch("it names the signer's twice");
            }
            let mut found = false;
            for issuer in issuers {
                found = found || other.is_of(issuer)?;
            }
            if !found {
                return mismatch("another that it names is not on the path");
            }
        }
        Ok(())
    }
}

fn contents_of_sequence(value: Element<'_>) -> Result<&[u8], Malformed> {
    if value.tag == tag::SEQUENCE { Ok(value.contents) } else { Err(Malformed) }
}

impl Version {
    fn check_openssl_reads(self, der: &[u8]) -> Result<(), ReadError> {
        let length = c_long::try_from(der.len()).map_err(|_| Malformed)?;
        let mut octets = der.as_ptr();
        // SAFETY: each reads so many octets into a new object, which its own function frees; NULL
        // is allowed there.
        let is_read = unsafe {
            match self {
                Self::One => {
                    let read = openssl_ext::d2i_ESS_SIGNING_CERT(
                        std::ptr::null_mut(),
                        &mut octets,
                        length,
                    );
                    openssl_ext::ESS_SIGNING_CERT_free(read);
                    !read.is_null()
                }
                Self::Two => {
                    let read = openssl_ext::d2i_ESS_SIGNING_CERT_V2(
                        std::ptr::null_mut(),
                        &mut octets,
                        length,
                    );
                    openssl_ext::ESS_SIGNING_CERT_V2_free(read);
                    !read.is_null()
                }
            }
        };
        if is_read { Ok(()) } else { Err(ErrorStack::get().into()) }
    }
}

impl<'a> CertificateId<'a> {
    fn read(element: Element<'a>, version: Version) -> Result<Self, Malformed> {
        let mut reader = Reader::new(element.contents);
        let digest = match version {
            Version::One => MessageDigest::sha1(),
            // Some write out the default, SHA-256, though DER leaves it out.
            Version::Two => reader
                .optional(tag::SEQUENCE)?
                .map(read_digest)
                .transpose()?
                .map_or_else(MessageDigest::sha256, message_digest),
        };
        let hash = reader.read(tag::OCTET_STRING)?.contents;
        let issuer_serial = reader.optional(tag::SEQUENCE)?.map(read_issuer_serial).transpose()?;
        reader.end()?;
        Ok(Self { digest, hash, issuer_serial })
    }

    /// Whether it names this certificate.
    fn is_of(&self, der: &[u8]) -> Result<bool, ErrorStack> {
        if self.hash != &*hash(self.digest, der)? {
            return Ok(false);
        }
        let Some(named) = self.issuer_serial else { return Ok(true) };
        Ok(Certificate::read(der).is_ok_and(|fields| named == (fields.issuer, fields.serial)))
    }
}

/// IssuerSerial, RFC 5035 section 4: the issuer is a GeneralNames with one directoryName.
fn read_issuer_serial(element: Element<'_>) -> Result<(&[u8], &[u8]), Malformed> {
    let mut reader = Reader::new(element.contents);
    let mut names = Reader::new(reader.read(tag::SEQUENCE)?.contents);
    let serial = reader.read(tag::INTEGER)?.raw;
    reader.end()?;
    let directory_name = names.read(tag::CONTEXT_4)?;
    names.end()?;
    Ok((Reader::only(directory_name.contents, tag::SEQUENCE)?.raw, serial))
}
