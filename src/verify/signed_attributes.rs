// SPDX-License-Identifier: Apache-2.0

//! The attributes that are signed, RFC 5652 section 5.3.

use std::{collections::HashSet, fmt};

use super::{
    diagnosis,
    signing_certificate::{SigningCertificate, Version},
};
use crate::{
    asn1::strict,
    asn1::{
        der::{Element, Malformed, ObjectIdentifier, Reader, tag},
        time,
    },
    cms::oid,
    openssl_ext::ReadError,
    rejection::{Failure, MalformedValue},
};

/// The first second for which signingTime is a GeneralizedTime, RFC 5652 section 11.3.
const YEAR_2050: i64 = 2_524_608_000;
/// And the first for which it is not one.
const YEAR_1950: i64 = -631_152_000;

/// countersignature, RFC 5652 section 11.4, which is never signed: the contents of the identifier.
const COUNTERSIGNATURE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 6];

/// signingCertificate, RFC 2634 section 5.4: the contents of the identifier.
const SIGNING_CERTIFICATE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 2, 12];

/// EXTERNAL, EMBEDDED PDV and CHARACTER STRING. Where a value is one, OpenSSL writes it as though it
/// were not constructed, and the signature no longer holds.
const WRITTEN_ANEW: [u8; 3] = [0x28, 0x2b, 0x3d];

pub(super) struct SignedAttributes<'a> {
    /// The SET OF, as it was signed: RFC 5652 section 5.4.
    pub(super) signed: Vec<u8>,
    /// The contents of the contentType's OBJECT IDENTIFIER.
    pub(super) content_type: &'a [u8],
    pub(super) message_digest: &'a [u8],
    /// In Unix seconds.
    pub(super) signing_time: i64,
    /// signingCertificateV2, and signingCertificate.
    pub(super) signing_certificates: [Option<SigningCertificate<'a>>; 2],
    pub(super) algorithm_protection: Option<AlgorithmProtection<'a>>,
}

/// CMSAlgorithmProtection, RFC 6211 section 2: the contents of the two AlgorithmIdentifiers.
pub(super) struct AlgorithmProtection<'a> {
    pub(super) digest: &'a [u8],
    pub(super) signature: &'a [u8],
}

impl<'a> SignedAttributes<'a> {
    /// Reads the field signedAttrs, of which every element is DER.
    pub(super) fn read(field: Element<'a>) -> Result<Self, Failure> {
        let attributes = read_set(field)?;
        let value = |kind: &[u8]| {
            attributes.iter().find(|attribute| attribute.kind == kind).map(|found| found.value)
        };
        let needed =
            |kind| value(kind).ok_or_else(|| MalformedValue::AttributeMissing.with(Kind(kind)));

        if value(COUNTERSIGNATURE).is_some() {
            return Err(malformed(COUNTERSIGNATURE));
        }
        let (content_type, message_digest, signing_time) =
            (needed(oid::CONTENT_TYPE)?, needed(oid::MESSAGE_DIGEST)?, needed(oid::SIGNING_TIME)?);
        let names_certificates = |kind, version| {
            value(kind).map(|value| SigningCertificate::read(value, version)).transpose().map_err(
                |error| match error {
                    ReadError::Malformed => malformed(kind),
                    ReadError::Fault(errors) => errors.into(),
                },
            )
        };
        Ok(Self {
            // In the SignerInfo the SET OF is implicitly tagged.
            signed: [&[tag::SET], field.raw.get(1..).unwrap_or_default()].concat(),
            content_type: contents(content_type, tag::OID)
                .map_err(|Malformed| malformed(oid::CONTENT_TYPE))?,
            message_digest: contents(message_digest, tag::OCTET_STRING)
                .map_err(|Malformed| malformed(oid::MESSAGE_DIGEST))?,
            signing_time: read_signing_time(signing_time)
                .map_err(|Malformed| malformed(oid::SIGNING_TIME))?,
            signing_certificates: [
                names_certificates(oid::SIGNING_CERTIFICATE_V2, Version::Two)?,
                names_certificates(SIGNING_CERTIFICATE, Version::One)?,
            ],
            algorithm_protection: value(oid::ALGORITHM_PROTECTION)
                .map(AlgorithmProtection::read)
                .transpose()
                .map_err(|Malformed| malformed(oid::ALGORITHM_PROTECTION))?,
        })
    }
}

fn malformed(kind: &[u8]) -> Failure {
    MalformedValue::AttributeMalformed.with(Kind(kind))
}

/// The first of them that is not DER, but for what is BER in it, which has a name of its own.
pub(super) fn find_malformed(field: Element<'_>) -> Option<Failure> {
    let mut reader = Reader::new(field.contents);
    while let Ok(attribute) = reader.any() {
        if strict::check(attribute).is_err() {
            let kind = Reader::new(attribute.contents).read(tag::OID).ok()?.contents;
            return diagnosis::ber(attribute.raw).is_none().then(|| malformed(kind));
        }
    }
    None
}

/// The kind of an attribute, by the contents of its OBJECT IDENTIFIER: its name, or else the
/// numbers.
struct Kind<'a>(&'a [u8]);

impl fmt::Display for Kind<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self.0 {
            oid::CONTENT_TYPE => "contentType",
            oid::MESSAGE_DIGEST => "messageDigest",
            oid::SIGNING_TIME => "signingTime",
            oid::SIGNING_CERTIFICATE_V2 => "signingCertificateV2",
            SIGNING_CERTIFICATE => "signingCertificate",
            oid::ALGORITHM_PROTECTION => "CMSAlgorithmProtection",
            COUNTERSIGNATURE => "countersignature",
            contents => return ObjectIdentifier(contents).fmt(formatter),
        })
    }
}

/// [`Kind`], of the contents of an OBJECT IDENTIFIER.
pub(super) fn kind(contents: &[u8]) -> impl fmt::Display {
    Kind(contents)
}

/// An Attribute that has one value.
struct Attribute<'a> {
    /// The contents of the OBJECT IDENTIFIER.
    kind: &'a [u8],
    value: Element<'a>,
}

/// All of them: at least one, in order, no type twice.
fn read_set(field: Element<'_>) -> Result<Vec<Attribute<'_>>, Failure> {
    let mut reader = Reader::new(field.contents);
    let mut attributes: Vec<Attribute<'_>> = Vec::new();
    let mut last: &[u8] = &[];
    while reader.end().is_err() {
        let element = reader.any().map_err(|Malformed| MalformedValue::AttributeMalformed)?;
        let attribute = Attribute::read(element)?;
        if element.raw < last {
            return Err(MalformedValue::AttributesUnsorted.into());
        }
        last = element.raw;
        attributes.push(attribute);
    }
    if attributes.is_empty() {
        return Err(MalformedValue::NoSignedAttributes.into());
    }
    // As large as it will be: to grow takes longer than all else that is done with an attribute.
    let mut kinds = HashSet::with_capacity(attributes.len());
    match attributes.iter().find(|attribute| !kinds.insert(attribute.kind)) {
        Some(twice) => Err(MalformedValue::AttributeTwice.with(Kind(twice.kind))),
        None => Ok(attributes),
    }
}

impl<'a> Attribute<'a> {
    fn read(element: Element<'a>) -> Result<Self, Failure> {
        let mut reader = Reader::new(element.contents);
        let kind = Some(&mut reader)
            .filter(|_| element.tag == tag::SEQUENCE)
            .and_then(|reader| reader.read(tag::OID).ok())
            .ok_or(MalformedValue::AttributeMalformed)?
            .contents;
        let value = read_value(reader).map_err(|Malformed| malformed(kind))?;
        Ok(Self { kind, value })
    }
}

/// The one value of an attribute.
fn read_value(mut attribute: Reader<'_>) -> Result<Element<'_>, Malformed> {
    let mut values = Reader::new(attribute.read(tag::SET)?.contents);
    attribute.end()?;
    let value = values.any()?;
    values.end()?;
    if WRITTEN_ANEW.contains(&value.tag) { Err(Malformed) } else { Ok(value) }
}

fn contents(value: Element<'_>, tag: u8) -> Result<&[u8], Malformed> {
    if value.tag == tag { Ok(value.contents) } else { Err(Malformed) }
}

/// RFC 5652 section 11.3: UTCTime for the years that it can express.
fn read_signing_time(value: Element<'_>) -> Result<i64, Malformed> {
    let time = time::read(value)?;
    let is_for_utc = (YEAR_1950..YEAR_2050).contains(&time);
    if is_for_utc == (value.tag == tag::UTC_TIME) { Ok(time) } else { Err(Malformed) }
}

impl<'a> AlgorithmProtection<'a> {
    fn read(value: Element<'a>) -> Result<Self, Malformed> {
        let mut reader = Reader::new(contents(value, tag::SEQUENCE)?);
        let digest = reader.read(tag::SEQUENCE)?.contents;
        // The other choice, [2], is for MACs.
        let signature = reader.read(tag::CONTEXT_1)?.contents;
        reader.end()?;
        Ok(Self { digest, signature })
    }
}
