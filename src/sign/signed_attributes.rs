// SPDX-License-Identifier: Apache-2.0

//! The attributes that are signed (RFC 5652 section 5.3), encoded but for time and digest.

use std::ops::Range;

use crate::cms::oid;
use crate::{
    asn1::{
        der::{element, tag},
        time::SigningTime,
    },
    cms::algorithm::Algorithm,
};

/// contentType, messageDigest and signingTime (RFC 5652 section 11), signingCertificateV2 (RFC
/// 5035), CMSAlgorithmProtection (RFC 6211), in SET OF order.
pub(crate) struct SignedAttributes {
    utc: Template,
    generalized: Template,
}

/// The attributes for one form of signingTime.
struct Template {
    /// The SET OF, as it is signed.
    set: Vec<u8>,
    /// Where in it the octets of the time go.
    time: Range<usize>,
    /// Where in it the digest goes.
    digest: Range<usize>,
}

impl SignedAttributes {
    /// `signer_id` is the SHA-256 of the signer's certificate.
    pub(crate) fn new(algorithm: Algorithm, signer_id: &[u8; 32]) -> Self {
        Self {
            utc: Template::new(algorithm, signer_id, tag::UTC_TIME, 13),
            generalized: Template::new(algorithm, signer_id, tag::GENERALIZED_TIME, 15),
        }
    }

    /// The SET OF, as it is signed (RFC 5652 section 5.4). `None` when the digest is not one of
    /// the algorithm's.
    pub(crate) fn encode(&self, time: SigningTime, digest: &[u8]) -> Option<Vec<u8>> {
        let template = match time {
            SigningTime::Utc(_) => &self.utc,
            SigningTime::Generalized(_) => &self.generalized,
        };
        let mut set = template.set.clone();
        put(&mut set, &template.time, time.octets())?;
        put(&mut set, &template.digest, digest)?;
        Some(set)
    }

    /// The length of the longest of them.
    pub(crate) fn longest(&self) -> usize {
        self.utc.set.len().max(self.generalized.set.len())
    }
}

/// Fills a place, exactly.
fn put(set: &mut [u8], place: &Range<usize>, octets: &[u8]) -> Option<()> {
    set.get_mut(place.clone()).filter(|place| place.len() == octets.len())?.copy_from_slice(octets);
    Some(())
}

impl Template {
    fn new(algorithm: Algorithm, signer_id: &[u8; 32], time_tag: u8, time_length: usize) -> Self {
        let digest_length = algorithm.digest().length();
        // Each with the length of what is put in at its end. Those octets do not affect the order:
        // the object identifiers before them differ.
        let mut attributes = [
            (attribute(oid::CONTENT_TYPE, &element(tag::OID, &[oid::DATA])), 0),
            (
                attribute(oid::SIGNING_TIME, &element(time_tag, &[&vec![0; time_length]])),
                time_length,
            ),
            (
                attribute(
                    oid::MESSAGE_DIGEST,
                    &element(tag::OCTET_STRING, &[&vec![0; digest_length]]),
                ),
                digest_length,
            ),
            (attribute(oid::SIGNING_CERTIFICATE_V2, &signing_certificate(signer_id)), 0),
            (attribute(oid::ALGORITHM_PROTECTION, &algorithm_protection(algorithm)), 0),
        ];
        attributes.sort_unstable();
        let encodings: Vec<&[u8]> = attributes.iter().map(|(encoding, _)| &encoding[..]).collect();
        let set = element(tag::SET, &encodings);

        let (mut time, mut digest) = (0..0, 0..0);
        // From the end, where both the SET and each attribute are measured without its header.
        let mut end = set.len();
        for (encoding, hole) in attributes.iter().rev() {
            let place = end.saturating_sub(*hole)..end;
            if *hole == time_length {
                time = place;
            } else if *hole == digest_length {
                digest = place;
            }
            end = end.saturating_sub(encoding.len());
        }
        Self { set, time, digest }
    }
}

/// An Attribute with one value, RFC 5652 section 5.3.
fn attribute(kind: &[u8], value: &[u8]) -> Vec<u8> {
    element(tag::SEQUENCE, &[&element(tag::OID, &[kind]), &element(tag::SET, &[value])])
}

/// SigningCertificateV2 with one ESSCertIDv2, whose hashAlgorithm is the default, SHA-256, and so
/// absent; no issuerSerial, no policies. RFC 5035 section 3.
fn signing_certificate(signer_id: &[u8; 32]) -> Vec<u8> {
    let certificate_id = element(tag::SEQUENCE, &[&element(tag::OCTET_STRING, &[signer_id])]);
    element(tag::SEQUENCE, &[&element(tag::SEQUENCE, &[&certificate_id])])
}

/// CMSAlgorithmProtection, RFC 6211 section 2.
fn algorithm_protection(algorithm: Algorithm) -> Vec<u8> {
    element(
        tag::SEQUENCE,
        &[
            &element(tag::SEQUENCE, &[&algorithm.digest().identifier()]),
            &element(tag::CONTEXT_1, &[&algorithm.identifier()]),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::der::Reader;

    const ALGORITHMS: &[Algorithm] = &[
        Algorithm::RsaSha256,
        Algorithm::EcdsaSha256,
        Algorithm::EcdsaSha384,
        Algorithm::EcdsaSha512,
        Algorithm::Ed25519,
    ];

    #[test]
    fn five_in_order_with_time_and_digest_in_their_places() {
        for &algorithm in ALGORITHMS {
            let digest = vec![0xdd; algorithm.digest().length()];
            for now in [1_800_000_000, 2_600_000_000] {
                let time = SigningTime::new(now).unwrap();
                let attributes = SignedAttributes::new(algorithm, &[0xcc; 32]);
                let set = attributes.encode(time, &digest).unwrap();
                let mut reader = Reader::new(Reader::only(&set, tag::SET).unwrap().contents);
                let mut kinds = Vec::new();
                let mut last: &[u8] = &[];
                while reader.end().is_err() {
                    let attribute = reader.read(tag::SEQUENCE).unwrap();
                    assert!(last < attribute.raw, "{algorithm:?}");
                    last = attribute.raw;
                    let mut parts = Reader::new(attribute.contents);
                    let kind = parts.read(tag::OID).unwrap().contents;
                    let value = parts.read(tag::SET).unwrap().contents;
                    parts.end().unwrap();
                    let value = Reader::new(value).any().unwrap().contents;
                    match kind {
                        oid::SIGNING_TIME => assert_eq!(value, time.octets()),
                        oid::MESSAGE_DIGEST => assert_eq!(value, digest),
                        oid::CONTENT_TYPE => assert_eq!(value, oid::DATA),
                        oid::SIGNING_CERTIFICATE_V2 => assert!(value.ends_with(&[0xcc; 32])),
                        _ => assert_eq!(kind, oid::ALGORITHM_PROTECTION),
                    }
                    kinds.push(kind);
                }
                kinds.sort_unstable();
                kinds.dedup();
                assert_eq!(kinds.len(), 5);
                assert!(set.len() <= attributes.longest());
            }
        }
    }

    #[test]
    fn lengths_that_were_measured() {
        assert_eq!(
            attribute(oid::SIGNING_CERTIFICATE_V2, &signing_certificate(&[0; 32])).len(),
            57
        );
        let protection = algorithm_protection(Algorithm::EcdsaSha256);
        assert_eq!(attribute(oid::ALGORITHM_PROTECTION, &protection).len(), 42);
    }

    #[test]
    fn foreign_digest_is_refused() {
        let attributes = SignedAttributes::new(Algorithm::EcdsaSha512, &[0; 32]);
        let time = SigningTime::new(0).unwrap();
        for length in [0, 32, 63, 65, 10_000] {
            assert_eq!(attributes.encode(time, &vec![0; length]), None, "{length}");
        }
        assert!(attributes.encode(time, &[0; 64]).is_some());
    }
}
