// SPDX-License-Identifier: Apache-2.0

//! The issuers of a signer that is not known yet, among the certificates beside it in the value.
//!
//! To decode a key takes OpenSSL longer than to verify a signature, and any sender can put eight
//! keys into a value. So the certificates are put in order by their names alone, and each is
//! verified, from the anchor downwards, with the key above it, before its own key is decoded. The
//! first that does not verify ends this: what a made-up value costs is one verification with an
//! anchor's key.

use openssl::x509::X509;

use super::certificate::ValueCertificate;
use crate::{
    asn1::der::Malformed,
    client::Client,
    cms::signature::is_issued_by,
    error::Error,
    openssl_ext::ReadError,
    rejection::{Failure, MalformedValue, Refusal},
    verify::trust::{Pinned, Trust},
    x509::{certificate::Certificate, parser::check_written},
};

/// The issuers of a TLS peer, with their keys. Those that TLS has verified with it are proven.
pub(super) fn of_peer(
    peer: &Client,
    certificates: &[ValueCertificate<'_>],
    trust: &Trust,
) -> Result<Vec<X509>, Failure> {
    let others = || certificates.iter().filter(|certificate| certificate.der != peer.leaf());
    if others().all(|other| peer.chain().iter().any(|known| *known == other.der)) {
        return others().map(read_with_key).collect();
    }
    let fields = Certificate::read(peer.leaf()).map_err(|Malformed| Error::CertificateMalformed)?;
    read_proven(&ValueCertificate { der: peer.leaf(), fields }, certificates, trust)
}

/// Reads the signer's issuers, with their keys, where an anchor proves them and the signer. Whether
/// they make a path that is valid is not looked at.
pub(super) fn read_proven(
    signer: &ValueCertificate<'_>,
    certificates: &[ValueCertificate<'_>],
    trust: &Trust,
) -> Result<Vec<X509>, Failure> {
    let untrusted = || Failure::from(Refusal::SignerUntrusted);
    let mut chain = vec![signer];
    let anchors = loop {
        let last = chain.last().ok_or_else(untrusted)?;
        let anchors: Vec<_> = trust
            .pinned()
            .iter()
            .filter(|anchor| names_issuer(&last.fields, anchor.fields()))
            .collect();
        if !anchors.is_empty() {
            break anchors;
        }
        chain.push(next_issuer(&chain, certificates).ok_or_else(untrusted)?);
    };
    let mut issuers: Vec<X509> = Vec::new();
    for (place, certificate) in chain.iter().enumerate().rev() {
        let is_proven = match issuers.last() {
            None => is_issued_by_any(&certificate.fields, &anchors)?,
            Some(issuer) => is_issued_by(&certificate.fields, issuer)?,
        };
        if !is_proven {
            return Err(untrusted());
        }
        if place > 0 {
            issuers.push(read_with_key(certificate)?);
        }
    }
    Ok(issuers)
}

/// Reads a certificate with its key.
pub(super) fn read_with_key(certificate: &ValueCertificate<'_>) -> Result<X509, Failure> {
    #[cfg(test)]
    KEYS_DECODED.set(KEYS_DECODED.get() + 1);
    let read = || -> Result<_, ReadError> {
        let read = X509::from_der(certificate.der)?;
        check_written(&read, certificate.der)?;
        Ok(read)
    };
    read().map_err(|error| MalformedValue::Certificates.or_fault(error))
}

#[cfg(test)]
thread_local! {
    static KEYS_DECODED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// How many keys of values this thread has had decoded.
#[cfg(test)]
pub(super) fn keys_decoded() -> usize {
    KEYS_DECODED.get()
}

/// The certificate above the last of `chain`. Of several with its issuer's name the one with the key
/// that it names, as OpenSSL would choose.
fn next_issuer<'a>(
    chain: &[&ValueCertificate<'_>],
    certificates: &'a [ValueCertificate<'a>],
) -> Option<&'a ValueCertificate<'a>> {
    let last = chain.last()?;
    let mut candidates = certificates.iter().filter(|candidate| {
        names_issuer(&last.fields, Some(candidate.fields))
            && !chain.iter().any(|above| above.der == candidate.der)
    });
    let first = candidates.next()?;
    let named = last.fields.authority_key_identifier();
    let is_named = |candidate: &&ValueCertificate<'_>| {
        named.is_some() && candidate.fields.subject_key_identifier() == named
    };
    if is_named(&first) { Some(first) } else { candidates.find(is_named).or(Some(first)) }
}

/// Whether a certificate may have been issued by this one: not where each names another key.
fn names_issuer(certificate: &Certificate<'_>, issuer: Option<Certificate<'_>>) -> bool {
    issuer.is_some_and(|issuer| {
        let named = certificate.authority_key_identifier().zip(issuer.subject_key_identifier());
        certificate.issuer == issuer.subject && named.is_none_or(|(wanted, found)| wanted == found)
    })
}

/// An administrator may trust a CA's old certificate and its new one.
fn is_issued_by_any(certificate: &Certificate<'_>, anchors: &[&Pinned]) -> Result<bool, Failure> {
    for anchor in anchors {
        if is_issued_by(certificate, &anchor.certificate)? {
            return Ok(true);
        }
    }
    Ok(false)
}
