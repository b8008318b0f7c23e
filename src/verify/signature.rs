// SPDX-License-Identifier: Apache-2.0

//! Who signed, and whether they did.

use openssl::{
    error::ErrorStack,
    hash::{DigestBytes, hash},
    x509::{X509, X509Ref},
};

use super::{
    certificate::ReadCertificate,
    signed_data::{NamedSigner, Unverified},
};
use crate::{
    algorithm::{Algorithm, Digest},
    certificate::{self, Certificate},
    client::Client,
    cms::oid,
    der::Malformed,
    error::Error,
    openssl::ReadError,
    path::VerifiedPath,
    printable::Hex,
    rejection::{Failure, Refusal},
    signature::{self, message_digest},
    signer_paths::SignerPath,
    trust::Trust,
};

/// The signer, with a path that is to be believed at `now`, in Unix seconds, over some of
/// `certificates`, those of the value.
pub(super) fn path(
    named: NamedSigner<'_>,
    certificates: &[ReadCertificate<'_>],
    trust: &Trust,
    peer: Option<&Client>,
    now: i64,
) -> Result<SignerPath, Failure> {
    let certificate = signer(named, certificates, trust, peer)?;
    let der = certificate::der(&certificate)?;
    let algorithm = key_algorithm(&certificate, &der)?;
    let untrusted: Vec<_> = certificates.iter().map(|read| &*read.certificate).collect();
    let VerifiedPath { issuers, end } = trust.check(&certificate, &untrusted, now)?;
    Ok(SignerPath { certificate, der, issuers, algorithm, end })
}

/// The certificate that the signer's identifier names. With `peer` it can only be that one, of
/// which the caller's copy is used; without, it is looked for in the value, then among the pins.
fn signer(
    named: NamedSigner<'_>,
    certificates: &[ReadCertificate<'_>],
    trust: &Trust,
    peer: Option<&Client>,
) -> Result<X509, Failure> {
    let mut found = certificates.iter().filter(|read| named.has(read.fields));
    let in_value = found.next();
    // One issuer gave two the same number: which of them signed cannot be told.
    if found.next().is_some() {
        return Err(Refusal::SignerUnknown.into());
    }

    let is_named = |der: &[u8]| Certificate::read(der).is_ok_and(|fields| named.has(fields));
    if let Some(peer) = peer {
        let is_peer = is_named(peer.leaf()) && in_value.is_none_or(|read| read.der == peer.leaf());
        if !is_peer {
            return Err(Refusal::SignerNotPeer.into());
        }
        return Ok(peer.certificate()?.to_owned());
    }
    if let Some(read) = in_value {
        return Ok(read.certificate.clone());
    }
    let mut found = trust.pinned().iter().filter(|pinned| is_named(&pinned.der));
    match (found.next(), found.next()) {
        (Some(pinned), None) => Ok(pinned.certificate.clone()),
        (Some(one), Some(other)) if one.der == other.der => Ok(one.certificate.clone()),
        _ => Err(Refusal::SignerUnknown.into()),
    }
}

/// What the signer's key can do in the profile.
fn key_algorithm(signer: &X509Ref, der: &[u8]) -> Result<Algorithm, Failure> {
    let unsupported = Refusal::SignerKeyUnsupported;
    let fields = Certificate::read(der).map_err(|Malformed| Error::CertificateMalformed)?;
    let key = signer.public_key().map_err(|errors| match ReadError::from(errors) {
        ReadError::Malformed => unsupported.into(),
        ReadError::Fault(errors) => Failure::from(errors),
    })?;
    Ok(Algorithm::of_key(fields.key_algorithm, key.bits()).map_err(|error| match error {
        Error::SignerKeyTooSmall => Refusal::SignerKeyTooSmall,
        _ => unsupported,
    })?)
}

/// Whether `signer` signed what the value says.
pub(super) fn check(unverified: &Unverified<'_>, signer: &SignerPath) -> Result<(), Failure> {
    let (attributes, digest) = (&unverified.attributes, unverified.digest);
    if !unverified.signature_algorithm.goes_with(signer.algorithm, digest) {
        return Err(Refusal::AlgorithmMismatch.into());
    }
    if attributes.algorithm_protection.as_ref().is_some_and(|protection| {
        protection.digest != unverified.digest_identifier
            || protection.signature != unverified.signature_identifier
    }) {
        return Err(Refusal::AlgorithmProtectionMismatch.into());
    }
    if attributes.content_type != oid::DATA {
        return Err(Refusal::ContentTypeMismatch.into());
    }
    let (found, wanted) = (attributes.message_digest, digest_of(digest, unverified.content.der)?);
    if found != &*wanted {
        let (found, wanted, name) = (Hex(found), Hex(&wanted), digest.usual_name());
        return Err(Refusal::DigestMismatch
            .with(format_args!("{name} of the content is {wanted}, the attribute {found}")));
    }
    if !verify(signer, digest, &attributes.signed, unverified.signature)? {
        return Err(Refusal::BadSignature.into());
    }
    // Last, so that only the signer can have certificates digested.
    let mut names = attributes.signing_certificates.iter().flatten();
    names.try_for_each(|names| names.check(&signer.der, &signer.issuers))
}

fn verify(
    signer: &SignerPath,
    digest: Digest,
    message: &[u8],
    signature: &[u8],
) -> Result<bool, ErrorStack> {
    let public = signer.certificate.public_key()?;
    signature::verify(&public, signer.algorithm, digest, message, signature)
}

fn digest_of(digest: Digest, message: &[u8]) -> Result<DigestBytes, ErrorStack> {
    hash(message_digest(digest), message)
}
