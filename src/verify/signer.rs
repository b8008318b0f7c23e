// SPDX-License-Identifier: Apache-2.0

//! Who signed.
//!
//! With a TLS peer it can only be that one, whose key TLS has proved: its signature is verified
//! before any certificate of the value is given to OpenSSL. Without one OpenSSL reads the signer's
//! certificate, and each above it, once an anchor proves it.

use openssl::x509::{X509, X509Ref};

use super::{
    certificate::ValueCertificate,
    issuers, signature,
    signed_data::{NamedSigner, Unverified},
};
use crate::{
    asn1::der::Malformed,
    client::Client,
    cms::algorithm::Algorithm,
    error::Error,
    rejection::{Failure, Refusal},
    verify::{signer_paths::SignerPath, trust::Trust},
    x509::{
        certificate::{self, Certificate},
        path::VerifiedPath,
    },
};

/// The signer, whose names and usage are good. Whether its path is valid is not known yet.
pub(super) struct Signer {
    certificate: X509,
    /// Those of the value that are above it.
    issuers: Vec<X509>,
    algorithm: Algorithm,
    /// Whether its signature is verified.
    has_signed: bool,
}

/// The certificate of a value which the signer's identifier names.
///
/// # Errors
///
/// [`Refusal::SignerUnknown`] where there are two: one issuer gave two the same number, and which of
/// them signed cannot be told.
pub(super) fn in_value<'a>(
    named: NamedSigner<'_>,
    certificates: &'a [ValueCertificate<'a>],
) -> Result<Option<&'a ValueCertificate<'a>>, Failure> {
    let mut found = certificates.iter().filter(|certificate| named.has(certificate.fields));
    match (found.next(), found.next()) {
        (in_value, None) => Ok(in_value),
        (_, Some(_)) => Err(Refusal::SignerUnknown.into()),
    }
}

/// Finds the signer, by `peer` or else in the value or among the pins. Verifies the signature where
/// that takes no key of the value's. Otherwise a signature that leads to an anchor must prove the
/// signer's certificate before OpenSSL reads any of it: a forged one costs one verification.
pub(super) fn find(
    unverified: &Unverified<'_>,
    in_value: Option<&ValueCertificate<'_>>,
    certificates: &[ValueCertificate<'_>],
    trust: &Trust,
    peer: Option<&Client>,
) -> Result<Signer, Failure> {
    let named = unverified.named;
    if let Some(peer) = peer {
        let is_peer = named.has_der(peer.leaf())
            && in_value.is_none_or(|certificate| certificate.der == peer.leaf());
        if !is_peer {
            return Err(Refusal::SignerNotPeer.into());
        }
        let signer = known(unverified, trust, peer.certificate()?, peer.leaf())?;
        let issuers = match trust.pin(peer.leaf()) {
            Some(_) => Vec::new(),
            None => issuers::of_peer(peer, certificates, trust)?,
        };
        return Ok(Signer { issuers, ..signer });
    }
    let pin = match in_value {
        Some(certificate) => trust.pin(certificate.der),
        None => {
            let mut found = trust.pinned().iter().filter(|pinned| named.has_der(&pinned.der));
            match (found.next(), found.next()) {
                (Some(pinned), None) => Some(pinned),
                (Some(one), Some(other)) if one.der == other.der => Some(one),
                _ => return Err(Refusal::SignerUnknown.into()),
            }
        }
    };
    match (pin, in_value) {
        (Some(pin), _) => known(unverified, trust, &pin.certificate, &pin.der),
        (None, Some(certificate)) => {
            let algorithm = key_algorithm(&certificate.fields)?;
            signature::check_algorithm(unverified, algorithm)?;
            let issuers = issuers::read_proven(certificate, certificates, trust)?;
            let certificate = issuers::read_with_key(certificate)?;
            trust.check_use(&certificate)?;
            Ok(Signer { certificate, issuers, algorithm, has_signed: false })
        }
        (None, None) => Err(Refusal::SignerUnknown.into()),
    }
}

/// A signer whose key is known, and its signature.
fn known(
    unverified: &Unverified<'_>,
    trust: &Trust,
    certificate: &X509Ref,
    der: &[u8],
) -> Result<Signer, Failure> {
    let fields = Certificate::read(der).map_err(|Malformed| Error::CertificateMalformed)?;
    let algorithm = key_algorithm(&fields)?;
    trust.check_use(certificate)?;
    signature::check(unverified, certificate, algorithm)?;
    let certificate = certificate.to_owned();
    Ok(Signer { certificate, issuers: Vec::new(), algorithm, has_signed: true })
}

/// What the signer's key can do in the profile.
fn key_algorithm(signer: &Certificate<'_>) -> Result<Algorithm, Refusal> {
    Algorithm::of_key(signer.key).map_err(|error| match error {
        Error::SignerKeyTooSmall => Refusal::SignerKeyTooSmall,
        _ => Refusal::SignerKeyUnsupported,
    })
}

impl Signer {
    /// Verifies the signer's path at `now`, in Unix seconds, and that the signer has signed.
    /// Returns the path.
    pub(super) fn path(
        self,
        unverified: &Unverified<'_>,
        trust: &Trust,
        now: i64,
    ) -> Result<SignerPath, Failure> {
        let Self { certificate, issuers, algorithm, has_signed } = self;
        let issuers: Vec<_> = issuers.iter().map(|issuer| &**issuer).collect();
        let path = trust.check_path(&certificate, &issuers, now)?;
        if !has_signed {
            signature::check(unverified, &certificate, algorithm)?;
        }
        let VerifiedPath { issuers, end } = trust.check_revocation(&certificate, path, now)?;
        let der = certificate::der(&certificate)?;
        let issuers = issuers.iter().map(|issuer| certificate::der(issuer));
        let issuers = issuers.collect::<Result<_, _>>()?;
        Ok(SignerPath { certificate, der, issuers, algorithm, end })
    }
}
