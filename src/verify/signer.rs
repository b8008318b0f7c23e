// SPDX-License-Identifier: Apache-2.0

//! Who signed.
//!
//! With a TLS peer it can only be that one, whose key TLS has proved: its signature is verified
//! before any certificate of the value is given to OpenSSL. Without one the signer's certificate is
//! read without its key, and each key is decoded once the certificate that has it is proven.

use openssl::x509::{X509, X509Ref};

use super::{
    certificate::ValueCertificate,
    issuers::{read_proven, read_with_key},
    signature,
    signed_data::{NamedSigner, Unverified},
};
use crate::{
    algorithm::Algorithm,
    certificate::{self, Certificate},
    certificate_syntax,
    client::Client,
    der::Malformed,
    error::Error,
    path::VerifiedPath,
    rejection::{Failure, MalformedValue, Refusal},
    signer_paths::SignerPath,
    trust::Trust,
};

/// The signer's certificate, whose names and usage are good. Whether it is to be believed is not
/// known yet.
pub(super) enum Signer<'a> {
    /// That of the TLS peer, or one that is pinned: its key is known, and its signature verified.
    Known { certificate: &'a X509Ref, algorithm: Algorithm, pinned: bool },
    /// One of the value's.
    InValue(&'a ValueCertificate<'a>),
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

/// Finds the signer, by `peer` or else in the value or among the pins, and verifies the signature
/// where that takes no key of the value's.
pub(super) fn find<'a>(
    unverified: &Unverified<'_>,
    in_value: Option<&'a ValueCertificate<'a>>,
    trust: &'a Trust,
    peer: Option<&'a Client>,
) -> Result<Signer<'a>, Failure> {
    let named = unverified.named;
    if let Some(peer) = peer {
        let is_peer = named.has_der(peer.leaf())
            && in_value.is_none_or(|certificate| certificate.der == peer.leaf());
        if !is_peer {
            return Err(Refusal::SignerNotPeer.into());
        }
        let pinned = trust.pin(peer.leaf()).is_some();
        return known(unverified, trust, peer.certificate()?, peer.leaf(), pinned);
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
        (Some(pin), _) => known(unverified, trust, &pin.certificate, &pin.der, true),
        (None, Some(certificate)) => {
            let keyless = certificate_syntax::read(certificate.der)
                .map_err(|error| MalformedValue::Certificates.or_fault(error))?;
            trust.check_keyless_use(&keyless, &certificate.fields)?;
            signature::check_algorithm(unverified, key_algorithm(&certificate.fields)?)?;
            Ok(Signer::InValue(certificate))
        }
        (None, None) => Err(Refusal::SignerUnknown.into()),
    }
}

fn known<'a>(
    unverified: &Unverified<'_>,
    trust: &Trust,
    certificate: &'a X509Ref,
    der: &[u8],
    pinned: bool,
) -> Result<Signer<'a>, Failure> {
    let fields = Certificate::read(der).map_err(|Malformed| Error::CertificateMalformed)?;
    let algorithm = key_algorithm(&fields)?;
    trust.check_use(certificate)?;
    signature::check(unverified, certificate, algorithm)?;
    Ok(Signer::Known { certificate, algorithm, pinned })
}

/// What the signer's key can do in the profile.
fn key_algorithm(signer: &Certificate<'_>) -> Result<Algorithm, Refusal> {
    Algorithm::of_key(signer.key).map_err(|error| match error {
        Error::SignerKeyTooSmall => Refusal::SignerKeyTooSmall,
        _ => Refusal::SignerKeyUnsupported,
    })
}

impl Signer<'_> {
    /// The signer's path, to be believed at `now`, in Unix seconds, over some of `certificates`,
    /// those of the value; and that the signer has signed.
    pub(super) fn path(
        &self,
        unverified: &Unverified<'_>,
        certificates: &[ValueCertificate<'_>],
        trust: &Trust,
        now: i64,
    ) -> Result<SignerPath, Failure> {
        let (certificate, algorithm, path) = match self {
            Self::Known { certificate, algorithm, pinned } => {
                // Of a signer who has signed: those who can have these read have a trusted name.
                let others = if *pinned { &[] } else { certificates };
                let untrusted = others.iter().map(read_with_key).collect::<Result<Vec<_>, _>>()?;
                let path = trust.check_path(certificate, &borrowed(&untrusted), now)?;
                ((*certificate).to_owned(), *algorithm, path)
            }
            Self::InValue(signer) => {
                let (certificate, untrusted) = read_proven(signer, certificates, trust)?;
                let path = trust.check_path(&certificate, &borrowed(&untrusted), now)?;
                let algorithm = key_algorithm(&signer.fields)?;
                signature::check(unverified, &certificate, algorithm)?;
                (certificate, algorithm, path)
            }
        };
        let VerifiedPath { issuers, end } = trust.check_revocation(&certificate, path, now)?;
        let der = certificate::der(&certificate)?;
        let issuers = issuers.iter().map(|issuer| certificate::der(issuer));
        let issuers = issuers.collect::<Result<_, _>>()?;
        Ok(SignerPath { certificate, der, issuers, algorithm, end })
    }
}

fn borrowed(certificates: &[X509]) -> Vec<&X509Ref> {
    certificates.iter().map(|certificate| &**certificate).collect()
}
