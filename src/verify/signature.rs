// SPDX-License-Identifier: Apache-2.0

//! What a value says of itself, and whether its signer signed that.

use openssl::{
    error::ErrorStack,
    hash::{DigestBytes, hash},
    x509::X509Ref,
};

use super::signed_data::Unverified;
use crate::{
    asn1::der::ObjectIdentifier,
    cms::{
        algorithm::{Algorithm, Digest},
        oid,
        signature::{self, message_digest},
    },
    printable::Hex,
    rejection::{Failure, Refusal},
    verify::signer_paths::SignerPath,
};

/// Whether what the attributes say is what the value has: all that can be told without a
/// certificate.
pub(super) fn check_attributes(unverified: &Unverified<'_>) -> Result<(), Failure> {
    let attributes = &unverified.attributes;
    if attributes.algorithm_protection.as_ref().is_some_and(|protection| {
        protection.digest != unverified.digest_identifier
            || protection.signature != unverified.signature_identifier
    }) {
        return Err(Refusal::AlgorithmProtectionMismatch.into());
    }
    if attributes.content_type != oid::DATA {
        let found = ObjectIdentifier(attributes.content_type);
        return Err(Refusal::ContentTypeMismatch.with(found));
    }
    let digest = unverified.digest;
    let (found, wanted) = (attributes.message_digest, digest_of(digest, unverified.content)?);
    if found != &*wanted {
        let (found, wanted, name) = (Hex(found), Hex(&wanted), digest.usual_name());
        return Err(Refusal::DigestMismatch
            .with(format_args!("{name} of the content is {wanted}, the attribute {found}")));
    }
    Ok(())
}

/// What a key that is for `algorithm` can do here.
pub(super) fn check_algorithm(
    unverified: &Unverified<'_>,
    algorithm: Algorithm,
) -> Result<(), Failure> {
    if unverified.signature_algorithm.goes_with(algorithm, unverified.digest) {
        Ok(())
    } else {
        Err(Refusal::AlgorithmMismatch.into())
    }
}

/// Whether the owner of this certificate, whose key is for `algorithm`, signed what the value says.
pub(super) fn check(
    unverified: &Unverified<'_>,
    signer: &X509Ref,
    algorithm: Algorithm,
) -> Result<(), Failure> {
    check_algorithm(unverified, algorithm)?;
    let Unverified { attributes, digest, signature, .. } = unverified;
    let public = signer
        .public_key()
        .map_err(|errors| Refusal::SignerKeyUnsupported.or_fault(errors.into()))?;
    if signature::verify(&public, algorithm, *digest, &attributes.signed, signature)? {
        Ok(())
    } else {
        Err(Refusal::BadSignature.into())
    }
}

/// Whether signingCertificateV2, and its predecessor, name the signer first, and of others only those
/// of its path: RFC 5035 section 3, as OpenSSL understands it. Only the signer can have certificates
/// digested.
pub(super) fn check_signing_certificate(
    unverified: &Unverified<'_>,
    signer: &SignerPath,
) -> Result<(), Failure> {
    let mut names = unverified.attributes.signing_certificates.iter().flatten();
    names.try_for_each(|names| names.check(&signer.der, &signer.issuers))
}

fn digest_of(digest: Digest, message: &[u8]) -> Result<DigestBytes, ErrorStack> {
    hash(message_digest(digest), message)
}
