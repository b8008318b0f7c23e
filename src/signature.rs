// SPDX-License-Identifier: Apache-2.0

//! Signatures, which OpenSSL verifies.

use openssl::{
    error::ErrorStack,
    hash::MessageDigest,
    pkey::{PKeyRef, Public},
    sign::Verifier,
};

use crate::algorithm::{Algorithm, Digest};

/// Whether the owner of this key, which is one for `algorithm`, signed `message`. An error may be
/// that of a signature which is not even one of its kind.
pub(crate) fn verify(
    key: &PKeyRef<Public>,
    algorithm: Algorithm,
    digest: Digest,
    message: &[u8],
    signature: &[u8],
) -> Result<bool, ErrorStack> {
    let mut verifier = match algorithm {
        Algorithm::Ed25519 => Verifier::new_without_digest(key)?,
        Algorithm::RsaSha256
        | Algorithm::EcdsaSha256
        | Algorithm::EcdsaSha384
        | Algorithm::EcdsaSha512 => Verifier::new(message_digest(digest), key)?,
    };
    verifier.verify_oneshot(signature, message)
}

pub(crate) fn message_digest(digest: Digest) -> MessageDigest {
    match digest {
        Digest::Sha256 => MessageDigest::sha256(),
        Digest::Sha384 => MessageDigest::sha384(),
        Digest::Sha512 => MessageDigest::sha512(),
    }
}
