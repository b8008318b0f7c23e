// SPDX-License-Identifier: Apache-2.0

//! AlgorithmIdentifiers, as the profile and other signers write them.

use std::fmt;

use crate::{
    asn1::der::{Element, Malformed, Reader, element, tag},
    cms::algorithm::{Algorithm, Digest},
};

const DIGESTS: [Digest; 3] = [Digest::Sha256, Digest::Sha384, Digest::Sha512];

/// sha256WithRSAEncryption and its like, RFC 4055 section 5: the contents of the identifiers.
const RSA_WITH_DIGEST: [(&[u8], Digest); 3] = [
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11], Digest::Sha256),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 12], Digest::Sha384),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 13], Digest::Sha512),
];

/// A signature algorithm as an identifier names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SignatureAlgorithm {
    /// rsaEncryption, which leaves the digest to the digestAlgorithm.
    Rsa,
    RsaWith(Digest),
    EcdsaWith(Digest),
    Ed25519,
}

impl SignatureAlgorithm {
    /// Reads an AlgorithmIdentifier.
    pub(super) fn read(identifier: Element<'_>) -> Result<Self, Malformed> {
        [
            (Algorithm::RsaSha256, Self::Rsa),
            (Algorithm::EcdsaSha256, Self::EcdsaWith(Digest::Sha256)),
            (Algorithm::EcdsaSha384, Self::EcdsaWith(Digest::Sha384)),
            (Algorithm::EcdsaSha512, Self::EcdsaWith(Digest::Sha512)),
            (Algorithm::Ed25519, Self::Ed25519),
        ]
        .into_iter()
        .find(|(algorithm, _)| algorithm.identifier() == identifier.contents)
        .map_or_else(|| read_rsa_with_digest(identifier), |(_, read)| Ok(read))
    }

    /// Whether a key of `key`'s type makes such signatures, and the profile has this digest for
    /// it. To RSA all three are equal, and to each curve.
    pub(super) fn goes_with(self, key: Algorithm, digest: Digest) -> bool {
        match (key, self) {
            (Algorithm::RsaSha256, Self::Rsa) => true,
            (Algorithm::RsaSha256, Self::RsaWith(named)) => named == digest,
            (
                Algorithm::EcdsaSha256 | Algorithm::EcdsaSha384 | Algorithm::EcdsaSha512,
                Self::EcdsaWith(named),
            ) => named == digest,
            (Algorithm::Ed25519, Self::Ed25519) => key.digest() == digest,
            _ => false,
        }
    }
}

impl fmt::Display for SignatureAlgorithm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa => formatter.write_str("RSA"),
            Self::RsaWith(digest) => write!(formatter, "RSA with {}", digest.usual_name()),
            Self::EcdsaWith(digest) => write!(formatter, "ECDSA with {}", digest.usual_name()),
            Self::Ed25519 => formatter.write_str("Ed25519"),
        }
    }
}

/// RFC 4055 section 5: with NULL, but to be taken without, too.
fn read_rsa_with_digest(identifier: Element<'_>) -> Result<SignatureAlgorithm, Malformed> {
    let algorithm = read_with_null_or_nothing(identifier)?;
    RSA_WITH_DIGEST
        .into_iter()
        .find(|(oid, _)| *oid == algorithm)
        .map(|(_, digest)| SignatureAlgorithm::RsaWith(digest))
        .ok_or(Malformed)
}

/// Reads the AlgorithmIdentifier of a digest. RFC 5754 section 2: without parameters, but to be
/// taken with NULL, too.
pub(super) fn read_digest(identifier: Element<'_>) -> Result<Digest, Malformed> {
    let algorithm = element(tag::OID, &[read_with_null_or_nothing(identifier)?]);
    DIGESTS.into_iter().find(|digest| digest.identifier() == algorithm).ok_or(Malformed)
}

fn read_with_null_or_nothing(identifier: Element<'_>) -> Result<&[u8], Malformed> {
    let mut reader = Reader::new(identifier.contents);
    let algorithm = reader.read(tag::OID)?.contents;
    reader.optional(tag::NULL)?;
    reader.end()?;
    Ok(algorithm)
}
