// SPDX-License-Identifier: Apache-2.0

//! Who signed, and whether they did.

use openssl::{
    error::ErrorStack,
    hash::{DigestBytes, MessageDigest, hash},
    sign::Verifier,
    x509::{X509, X509Ref},
};

use super::{
    signed_attributes::{CertificateId, SigningCertificate},
    signed_data::Unverified,
};
use crate::{
    algorithm::{Algorithm, Digest},
    certificate::{self, Certificate},
    cms::oid,
    error::Error,
    rejection::Refusal,
    trust::Trust,
};

/// The certificate that the signer's identifier names. With `peer` it can only be that one, of
/// which the caller's copy is used; without, it is looked for in the value, then among the pins.
pub(super) fn signer(
    unverified: &Unverified<'_>,
    trust: &Trust,
    peer: Option<&X509Ref>,
) -> Result<X509, Refusal> {
    let is_named = |fields: Certificate<'_>| {
        fields.issuer == unverified.issuer && fields.serial == unverified.serial
    };
    let mut named = unverified.certificates.iter().filter(|read| is_named(read.fields));
    let in_value = named.next();
    // One issuer gave two the same number: which of them signed cannot be told.
    if named.next().is_some() {
        return Err(Refusal::SignerUnknown);
    }

    if let Some(peer) = peer {
        let der = certificate::der(peer).map_err(|_| Refusal::SignerNotPeer)?;
        let is_peer = Certificate::read(&der).is_ok_and(is_named)
            && in_value.is_none_or(|read| read.der == der);
        return if is_peer { Ok(peer.to_owned()) } else { Err(Refusal::SignerNotPeer) };
    }
    if let Some(read) = in_value {
        return Ok(read.certificate.clone());
    }
    let mut named =
        trust.pinned().iter().filter(|pinned| Certificate::read(&pinned.der).is_ok_and(is_named));
    match (named.next(), named.next()) {
        (Some(pinned), None) => Ok(pinned.certificate.clone()),
        (Some(one), Some(other)) if one.der == other.der => Ok(one.certificate.clone()),
        _ => Err(Refusal::SignerUnknown),
    }
}

/// What the signer's key can do in the profile.
pub(super) fn key_algorithm(signer: &X509Ref) -> Result<Algorithm, Refusal> {
    let unsupported = Refusal::SignerKeyUnsupported;
    let der = certificate::der(signer).map_err(|_| unsupported)?;
    let fields = Certificate::read(&der).map_err(|_| unsupported)?;
    let key = signer.public_key().map_err(|_| unsupported)?;
    Algorithm::of_key(fields.key_algorithm, key.bits()).map_err(|error| match error {
        Error::SignerKeyTooSmall => Refusal::SignerKeyTooSmall,
        _ => unsupported,
    })
}

/// Whether `signer`, whose key has this algorithm, signed what the value says.
pub(super) fn check(
    unverified: &Unverified<'_>,
    signer: &X509Ref,
    key: Algorithm,
) -> Result<(), Refusal> {
    let (attributes, digest) = (&unverified.attributes, unverified.digest);
    if !unverified.signature_algorithm.goes_with(key, digest) {
        return Err(Refusal::AlgorithmMismatch);
    }
    if attributes.algorithm_protection.as_ref().is_some_and(|protection| {
        protection.digest != unverified.digest_identifier
            || protection.signature != unverified.signature_identifier
    }) {
        return Err(Refusal::AlgorithmProtectionMismatch);
    }
    if attributes.content_type != oid::DATA {
        return Err(Refusal::ContentTypeMismatch);
    }
    if attributes.message_digest != &*digest_of(digest, unverified.content.der)? {
        return Err(Refusal::DigestMismatch);
    }
    if let Some(named) = &attributes.signing_certificate {
        check_signing_certificate(named, unverified, signer)?;
    }
    let verified = verify(signer, key, digest, &attributes.signed, unverified.signature);
    // An error is that of a signature which is not even one of its kind.
    if verified.unwrap_or(false) { Ok(()) } else { Err(Refusal::BadSignature) }
}

fn verify(
    signer: &X509Ref,
    key: Algorithm,
    digest: Digest,
    message: &[u8],
    signature: &[u8],
) -> Result<bool, ErrorStack> {
    let public = signer.public_key()?;
    let mut verifier = match key {
        Algorithm::Ed25519 => Verifier::new_without_digest(&public)?,
        Algorithm::RsaSha256
        | Algorithm::EcdsaSha256
        | Algorithm::EcdsaSha384
        | Algorithm::EcdsaSha512 => Verifier::new(message_digest(digest), &public)?,
    };
    verifier.verify_oneshot(signature, message)
}

/// The first names the signer's certificate, each other one that is in the value: RFC 5035 section
/// 3 wants them all on the path.
fn check_signing_certificate(
    named: &SigningCertificate<'_>,
    unverified: &Unverified<'_>,
    signer: &X509Ref,
) -> Result<(), Refusal> {
    let mismatch = Refusal::SigningCertificateMismatch;
    let der = certificate::der(signer).map_err(|_| mismatch)?;
    if !is_of(&named.signer, &der)? {
        return Err(mismatch);
    }
    for other in &named.others {
        let mut found = false;
        for read in &unverified.certificates {
            found |= is_of(other, read.der)?;
        }
        if !found {
            return Err(mismatch);
        }
    }
    Ok(())
}

fn is_of(id: &CertificateId<'_>, der: &[u8]) -> Result<bool, Refusal> {
    if id.hash != &*digest_of(id.digest, der)? {
        return Ok(false);
    }
    let Some(issuer_serial) = id.issuer_serial else { return Ok(true) };
    Ok(Certificate::read(der).is_ok_and(|fields| issuer_serial == (fields.issuer, fields.serial)))
}

fn digest_of(digest: Digest, message: &[u8]) -> Result<DigestBytes, Refusal> {
    hash(message_digest(digest), message).map_err(|_| Refusal::VerificationFailed)
}

fn message_digest(digest: Digest) -> MessageDigest {
    match digest {
        Digest::Sha256 => MessageDigest::sha256(),
        Digest::Sha384 => MessageDigest::sha384(),
        Digest::Sha512 => MessageDigest::sha512(),
    }
}
