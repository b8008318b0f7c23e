// SPDX-License-Identifier: Apache-2.0

//! How a value is read and verified.
//!
//! First our own reader, which takes strict DER in one profile of RFC 5652 and nothing else, and
//! makes an `Unverified` of it; then OpenSSL, for the certification path and the signature. What
//! passes both is an `Accepted`. A path that was verified for one value of a signer's need not be
//! for the next.
//!
//! | where | what |
//! | --- | --- |
//! | `strict` | DER, to the last octet |
//! | `certificate` | certificates in a value |
//! | `signed_data`, `signed_attributes`, `signing_certificate`, `algorithm` | SignedData and its parts |
//! | `diagnosis` | what it is that was not read |
//! | `signer`, `issuers` | who is to have signed, and who vouches for that |
//! | `signature` | whether they did |
//! | `inspect` | what a value holds, to be looked at |
//! | `clients` | the client's own certificate, where this side verifies that too |

use std::sync::Arc;

use openssl::x509::X509Ref;

use crate::{
    asn1::time::{Outside, Validity},
    client::Client,
    format::{UnsignedFormat, signed::SignedFormat},
    rejection::{Failure, MalformedValue, Refusal},
    verify::{
        accepted::Accepted,
        signer_paths::{PathKey, SignerPaths},
        trust::Trust,
    },
    x509::parser,
};
use certificate::Content;
use signed_data::{NamedSigner, Unverified};

pub mod accepted;
mod algorithm;
mod certificate;
pub mod clients;
mod diagnosis;
pub mod inspect;
mod issuers;
mod signature;
mod signed_attributes;
mod signed_data;
mod signer;
pub(crate) mod signer_paths;
mod signing_certificate;
#[cfg(test)]
mod tests;
pub mod trust;
pub mod verification_cache;

/// How far from now a signingTime may lie, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Freshness {
    /// The oldest that is taken.
    pub max_age: u32,
    /// The furthest in the future that is taken.
    pub skew: u32,
}

/// What is ready before a value comes. By default, no signer is known.
#[derive(Default)]
pub(crate) struct VerifierState {
    pub(crate) paths: SignerPaths,
}

impl Trust {
    /// Verifies a signed value at `now`, in Unix seconds. With `peer`, the certificate of a TLS
    /// peer that was verified, no other may have signed.
    ///
    /// # Errors
    ///
    /// The first reason found not to accept the value.
    pub fn verify(
        &self,
        format: SignedFormat,
        value: &[u8],
        now: i64,
        freshness: Freshness,
        peer: Option<&Client>,
    ) -> Result<Accepted, Failure> {
        self.verify_with(&VerifierState::default(), format, value, now, freshness, peer)
    }

    /// As [`Self::verify`]. The signer's path is not built anew where `state` has it, and is
    /// remembered where the value is accepted.
    pub(crate) fn verify_with(
        &self,
        state: &VerifierState,
        format: SignedFormat,
        value: &[u8],
        now: i64,
        freshness: Freshness,
        peer: Option<&Client>,
    ) -> Result<Accepted, Failure> {
        let der = format.read(value)?;
        let unverified =
            Unverified::read(&der).map_err(|failure| diagnosis::content_info(failure, &der))?;
        let key = self.path_of(unverified.named, peer);
        let mut known = state.paths.find(&key, now);
        let mut certificates = Vec::new();
        if let (None, Some(set)) = (&known, unverified.named.certificates) {
            certificates = certificate::read_set(set, unverified.named)?;
        }
        let signing_time = unverified.attributes.signing_time;
        check_freshness(signing_time, now, freshness)?;
        signature::check_attributes(&unverified)?;
        let in_value = signer::in_value(unverified.named, &certificates)?;
        if known.is_none() {
            let has = |der: &[u8]| certificates.iter().any(|certificate| certificate.der == der);
            known = state.paths.find_among(&key, in_value.map(|found| found.der), has, now);
        }
        let path = match known {
            Some(path) => {
                signature::check(&unverified, &path.certificate, path.algorithm)?;
                path
            }
            None => signer::find(&unverified, in_value, &certificates, self, peer)?
                .path(&unverified, self, now)?
                .into(),
        };
        // Only who may sign for clients has one read.
        let content = read_content(unverified.content, now)?;
        signature::check_signing_certificate(&unverified, &path)?;
        // Those that are on no path count for nothing, but OpenSSL's CMS reads all.
        for certificate in &certificates {
            parser::read(certificate.der)
                .map_err(|error| MalformedValue::Certificates.or_fault(error))?;
        }
        if !certificates.is_empty() || unverified.named.certificates.is_none() {
            state.paths.remember(&key, Arc::clone(&path), now);
        }
        let stale = signing_time.saturating_add(i64::from(freshness.max_age)).saturating_add(1);
        let end = path.end.min(stale).min(content.validity.not_after);
        let signer = path.certificate.clone();
        Ok(Accepted::new(content.client(), signer, Some(signing_time), now, end))
    }

    fn path_of<'a>(&'a self, named: NamedSigner<'a>, peer: Option<&'a Client>) -> PathKey<'a> {
        let NamedSigner { certificates, identifier, .. } = named;
        PathKey { certificates, identifier, peer: peer.map(Client::leaf), trust: self }
    }

    /// Verifies an unsigned value, at `now`, in Unix seconds: it is the TLS peer, with the chain that TLS verified, that must be acceptable.
    ///
    /// # Errors
    ///
    /// The first reason found not to accept the value.
    pub fn verify_peer(
        &self,
        format: UnsignedFormat,
        value: &[u8],
        now: i64,
        peer: &X509Ref,
        chain: &[&X509Ref],
    ) -> Result<Accepted, Failure> {
        let der = format.read(value)?;
        // A pin does without names where it signed; here nothing ties the peer to the value.
        if !self.has_names() {
            return Err(Refusal::SignerName.with("none is trusted here"));
        }
        let path = self.check(peer, chain, now)?;
        let content = read_content(&der, now)?;
        let end = path.end.min(content.validity.not_after);
        Ok(Accepted::new(content.client(), peer.to_owned(), None, now, end))
    }
}

fn check_freshness(signing_time: i64, now: i64, freshness: Freshness) -> Result<(), Failure> {
    let Freshness { max_age, skew } = freshness;
    let age = now.saturating_sub(signing_time);
    if age > i64::from(max_age) {
        Err(Refusal::Stale.with(format_args!("{age} seconds, and {max_age} are allowed")))
    } else if age < i64::from(skew).saturating_neg() {
        let ahead = age.saturating_neg();
        Err(Refusal::FromTheFuture.with(format_args!("{ahead} seconds, and {skew} are allowed")))
    } else {
        Ok(())
    }
}

fn read_content(der: &[u8], now: i64) -> Result<Content<'_>, Failure> {
    let content = Content::read(der)?;
    check_client(content.validity, now)?;
    Ok(content)
}

fn check_client(validity: Validity, now: i64) -> Result<(), Refusal> {
    validity.check(now).map_err(|outside| match outside {
        Outside::Before => Refusal::CertificateNotYetValid,
        Outside::After => Refusal::CertificateExpired,
    })
}
