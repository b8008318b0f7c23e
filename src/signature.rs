// SPDX-License-Identifier: Apache-2.0

//! Signatures, which OpenSSL verifies.

use openssl::{
    error::ErrorStack,
    hash::MessageDigest,
    md::Md,
    md_ctx::MdCtx,
    pkey::{PKeyRef, Public},
};

use crate::{
    algorithm::{Algorithm, Digest},
    openssl::{is_fault, with_own_errors},
};

/// Whether the owner of this key, which is one for `algorithm`, signed `message`.
pub(crate) fn verify(
    key: &PKeyRef<Public>,
    algorithm: Algorithm,
    digest: Digest,
    message: &[u8],
    signature: &[u8],
) -> Result<bool, ErrorStack> {
    let digest = match algorithm {
        Algorithm::Ed25519 => None,
        Algorithm::RsaSha256
        | Algorithm::EcdsaSha256
        | Algorithm::EcdsaSha384
        | Algorithm::EcdsaSha512 => Md::from_nid(message_digest(digest).type_()),
    };
    with_own_errors(|| {
        let mut context = MdCtx::new()?;
        context.digest_verify_init(digest, key)?;
        // An error that says nothing else is that of a signature which is wrong, or not even one.
        context
            .digest_verify(message, signature)
            .or_else(|errors| if is_fault(&errors) { Err(errors) } else { Ok(false) })
    })
}

pub(crate) fn message_digest(digest: Digest) -> MessageDigest {
    match digest {
        Digest::Sha256 => MessageDigest::sha256(),
        Digest::Sha384 => MessageDigest::sha384(),
        Digest::Sha512 => MessageDigest::sha512(),
    }
}
