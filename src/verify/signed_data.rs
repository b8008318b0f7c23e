// SPDX-License-Identifier: Apache-2.0

//! The SignedData (RFC 5652 section 5.1), as received: read, and not verified yet.

use std::fmt;

use super::{
    algorithm::{SignatureAlgorithm, read_digest},
    signed_attributes::{self, SignedAttributes},
};
use crate::{
    asn1::der::{Element, Malformed, ObjectIdentifier, Reader, tag},
    asn1::strict,
    cms::{algorithm::Digest, oid},
    rejection::{Failure, MalformedValue},
    x509::certificate::Certificate,
};

/// Version 1, the contents of an INTEGER.
const VERSION_1: &[u8] = &[1];

/// What a value says, of which nothing is verified. Content and certificates are octets still.
pub(super) struct Unverified<'a> {
    pub(super) content: &'a [u8],
    pub(super) named: NamedSigner<'a>,
    pub(super) digest: Digest,
    /// The contents of the digestAlgorithm in the SignerInfo.
    pub(super) digest_identifier: &'a [u8],
    pub(super) attributes: SignedAttributes<'a>,
    pub(super) signature_algorithm: SignatureAlgorithm,
    /// The contents of the signatureAlgorithm.
    pub(super) signature_identifier: &'a [u8],
    pub(super) signature: &'a [u8],
}

/// Who is to have signed, as the value names him.
#[derive(Clone, Copy)]
pub(super) struct NamedSigner<'a> {
    /// The contents of the field certificates.
    pub(super) certificates: Option<&'a [u8]>,
    /// The contents of the issuerAndSerialNumber.
    pub(super) identifier: &'a [u8],
    /// The issuer of the signer's certificate, a Name with tag and length.
    issuer: &'a [u8],
    /// The serial number of the signer's certificate, an INTEGER with tag and length.
    serial: &'a [u8],
}

impl NamedSigner<'_> {
    /// Whether this is his certificate.
    pub(super) fn has(&self, certificate: Certificate<'_>) -> bool {
        certificate.issuer == self.issuer && certificate.serial == self.serial
    }

    /// The same of a certificate in DER.
    pub(super) fn has_der(&self, certificate: &[u8]) -> bool {
        Certificate::read(certificate).is_ok_and(|fields| self.has(fields))
    }
}

impl From<Malformed> for MalformedValue {
    fn from(_: Malformed) -> Self {
        Self::Der
    }
}

impl<'a> Unverified<'a> {
    /// Reads a ContentInfo, RFC 5652 section 3.
    pub(super) fn read(der: &'a [u8]) -> Result<Self, Failure> {
        let mut reader = Reader::new(der);
        let content_info = reader.read(tag::SEQUENCE)?;
        reader.end().map_err(|Malformed| MalformedValue::Trailing)?;

        let mut reader = Reader::new(content_info.contents);
        let content_type = reader.read(tag::OID)?;
        strict::check(content_type)?;
        if content_type.contents != oid::SIGNED_DATA {
            return Err(MalformedValue::NotSignedData.with(ObjectIdentifier(content_type.contents)));
        }
        let explicit = reader.read(tag::CONTEXT_0)?;
        reader.end()?;
        Self::read_signed_data(Reader::only(explicit.contents, tag::SEQUENCE)?)
    }

    fn read_signed_data(signed_data: Element<'a>) -> Result<Self, Failure> {
        let mut reader = Reader::new(signed_data.contents);
        let version = reader.read(tag::INTEGER)?;
        let digest_algorithms = reader.read(tag::SET)?;
        let encapsulated = reader.read(tag::SEQUENCE)?;
        let certificates = reader.optional(tag::CONTEXT_0)?;
        let crls = reader.optional(tag::CONTEXT_1)?;
        let signers = reader.read(tag::SET)?;
        reader.end()?;
        // All but the certificates, each of which its issuer encoded.
        for element in [version, digest_algorithms, encapsulated] {
            strict::check(element)?;
        }
        strict::check(signers).map_err(|malformed| {
            malformed_attribute(signers).unwrap_or_else(|| malformed.into())
        })?;

        // Each of these goes with another version, which is not what is wrong then.
        let content = read_encapsulated(encapsulated)?;
        if is_key_identifier(signers) {
            return Err(MalformedValue::SignerIdentifier.with("by subjectKeyIdentifier"));
        }
        if version.contents != VERSION_1 {
            return Err(MalformedValue::Version.with(Version(version.contents)));
        }
        if crls.is_some() {
            return Err(MalformedValue::Crls.into());
        }
        let digest = read_digest_algorithms(digest_algorithms)?;
        let signer = Reader::only(signers.contents, tag::SEQUENCE)
            .map_err(|Malformed| MalformedValue::Signers.into())
            .and_then(SignerInfo::read)?;
        if signer.digest != digest {
            let (one, other) = (digest.usual_name(), signer.digest.usual_name());
            return Err(MalformedValue::DigestAlgorithm
                .with(format_args!("{one} in the SignedData, {other} in the SignerInfo")));
        }
        Ok(Self {
            content,
            named: NamedSigner {
                certificates: certificates.map(|set| set.contents),
                identifier: signer.identifier,
                issuer: signer.issuer,
                serial: signer.serial,
            },
            digest,
            digest_identifier: signer.digest_identifier,
            attributes: signer.attributes,
            signature_algorithm: signer.signature_algorithm,
            signature_identifier: signer.signature_identifier,
            signature: signer.signature,
        })
    }
}

/// There must be one, for one signer.
fn read_digest_algorithms(set: Element<'_>) -> Result<Digest, Failure> {
    let one = Reader::only(set.contents, tag::SEQUENCE);
    read_digest_algorithm(one.map_err(|Malformed| {
        MalformedValue::DigestAlgorithm.with("the SignedData has none, or several")
    })?)
}

fn read_digest_algorithm(identifier: Element<'_>) -> Result<Digest, Failure> {
    read_digest(identifier)
        .map_err(|Malformed| MalformedValue::DigestAlgorithm.with(Named(identifier)))
}

/// What an AlgorithmIdentifier names.
struct Named<'a>(Element<'a>);

impl fmt::Display for Named<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Reader::new(self.0.contents).read(tag::OID) {
            Ok(kind) => ObjectIdentifier(kind.contents).fmt(formatter),
            Err(Malformed) => formatter.write_str("no algorithm"),
        }
    }
}

/// The content of an EncapsulatedContentInfo, RFC 5652 section 5.2.
fn read_encapsulated(encapsulated: Element<'_>) -> Result<&[u8], Failure> {
    let mut reader = Reader::new(encapsulated.contents);
    let kind = reader.read(tag::OID)?.contents;
    if kind != oid::DATA {
        return Err(MalformedValue::ContentType.with(ObjectIdentifier(kind)));
    }
    let explicit = reader.optional(tag::CONTEXT_0)?;
    reader.end()?;
    let content =
        Reader::only(explicit.ok_or(MalformedValue::Detached)?.contents, tag::OCTET_STRING)?;
    Ok(content.contents)
}

/// Which signed attribute of the first signer is not DER, if it is one.
fn malformed_attribute(signers: Element<'_>) -> Option<Failure> {
    let mut reader = Reader::new(Reader::new(signers.contents).read(tag::SEQUENCE).ok()?.contents);
    while let Ok(element) = reader.any() {
        if element.tag == tag::CONTEXT_0 {
            return signed_attributes::find_malformed(element);
        }
    }
    None
}

/// Whether the first signer is identified by subjectKeyIdentifier.
fn is_key_identifier(signers: Element<'_>) -> bool {
    let signer = Reader::new(signers.contents).read(tag::SEQUENCE);
    signer.is_ok_and(|signer| {
        let mut reader = Reader::new(signer.contents);
        let identifier = reader.read(tag::INTEGER).and_then(|_| reader.any());
        identifier.is_ok_and(|identifier| identifier.tag == tag::CONTEXT_0_PRIMITIVE)
    })
}

/// The contents of a version's INTEGER, in words.
struct Version<'a>(&'a [u8]);

impl fmt::Display for Version<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [small @ 0..0x80] => write!(formatter, "it is {small}"),
            _ => formatter.write_str("it is none that there is"),
        }
    }
}

/// RFC 5652 section 5.3.
struct SignerInfo<'a> {
    identifier: &'a [u8],
    issuer: &'a [u8],
    serial: &'a [u8],
    digest: Digest,
    digest_identifier: &'a [u8],
    attributes: SignedAttributes<'a>,
    signature_algorithm: SignatureAlgorithm,
    signature_identifier: &'a [u8],
    signature: &'a [u8],
}

impl<'a> SignerInfo<'a> {
    fn read(signer: Element<'a>) -> Result<Self, Failure> {
        let mut reader = Reader::new(signer.contents);
        let version = reader.read(tag::INTEGER)?;
        let identifier = reader.any()?;
        if identifier.tag != tag::SEQUENCE {
            return Err(MalformedValue::SignerIdentifier.into());
        }
        if version.contents != VERSION_1 {
            return Err(MalformedValue::Version.with(Version(version.contents)));
        }
        let digest_algorithm = reader.read(tag::SEQUENCE)?;
        let attributes =
            reader.optional(tag::CONTEXT_0)?.ok_or(MalformedValue::NoSignedAttributes)?;
        let signature_algorithm = reader.read(tag::SEQUENCE)?;
        let signature = reader.read(tag::OCTET_STRING)?;
        if reader.optional(tag::CONTEXT_1)?.is_some() {
            return Err(MalformedValue::UnsignedAttributes.into());
        }
        reader.end()?;

        let mut reader = Reader::new(identifier.contents);
        let (issuer, serial) = (reader.read(tag::SEQUENCE)?.raw, reader.read(tag::INTEGER)?.raw);
        reader.end()?;
        Ok(Self {
            identifier: identifier.contents,
            issuer,
            serial,
            digest: read_digest_algorithm(digest_algorithm)?,
            digest_identifier: digest_algorithm.contents,
            attributes: SignedAttributes::read(attributes)?,
            signature_algorithm: SignatureAlgorithm::read(signature_algorithm).map_err(
                |Malformed| MalformedValue::SignatureAlgorithm.with(Named(signature_algorithm)),
            )?,
            signature_identifier: signature_algorithm.contents,
            signature: signature.contents,
        })
    }
}
