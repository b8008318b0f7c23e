// SPDX-License-Identifier: Apache-2.0

//! How a value is read and verified.
//!
//! First our own reader, which takes strict DER in one profile of RFC 5652 and nothing else, and
//! makes an `Unverified` of it; then OpenSSL, for the certification path and the signature. What
//! passes both is an `Accepted`.
//!
//! | where | what |
//! | --- | --- |
//! | `value` | the format of the header |
//! | `strict` | DER, to the last octet |
//! | `certificate` | certificates in a value |
//! | `signed_data`, `signed_attributes`, `algorithm` | SignedData and its parts |
//! | `signature` | who signed, and whether they did |

use openssl::x509::X509Ref;

use crate::{
    accepted::Accepted,
    format::SignedFormat,
    rejection::{MalformedValue, Refusal, Rejection},
    time::{Outside, Validity},
    trust::Trust,
};
use certificate::{Known, ReadCertificate};
use signed_data::Unverified;

mod algorithm;
mod certificate;
mod signature;
mod signed_attributes;
mod signed_data;
mod strict;
#[cfg(test)]
mod tests;
mod value;

/// The longest value that is read, in bytes: more than any server takes in a header.
pub(crate) const LONGEST_VALUE: usize = 65_536;

/// How far from now a signingTime may lie, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Freshness {
    /// The oldest that is taken.
    pub max_age: u32,
    /// The furthest in the future that is taken.
    pub skew: u32,
}

impl Trust {
    /// Verifies a signed value at `now`, in Unix seconds. With `peer`, the certificate of a TLS
    /// peer that verified, nobody else may have signed.
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
        peer: Option<&X509Ref>,
    ) -> Result<Accepted, Rejection> {
        let der = value::signed_data(format, value)?;
        let peer_der = peer.and_then(|peer| crate::certificate::der(peer).ok());
        let known =
            peer.zip(peer_der.as_deref()).map(|(certificate, der)| Known { der, certificate });
        let unverified = Unverified::read(&der, known)?;
        let signer = signature::signer(&unverified, self, peer)?;
        let algorithm = signature::key_algorithm(&signer)?;
        // Not to have keys and signatures of anybody's making tried, first whether it is trusted.
        let end = self.check(&signer, &unverified.untrusted(), now)?;
        signature::check(&unverified, &signer, algorithm)?;
        check_freshness(unverified.attributes.signing_time, now, freshness)?;
        check_client(unverified.content.fields.validity, now)?;
        let signing_time = unverified.attributes.signing_time;
        let stale = signing_time.saturating_add(i64::from(freshness.max_age)).saturating_add(1);
        let end = end.min(stale).min(unverified.content.fields.validity.not_after);
        Ok(Accepted::new(unverified.content.certificate, signer, Some(signing_time), end)?)
    }

    /// Verifies an unsigned value, RFC 9440 section 2.2, at `now`, in Unix seconds: it is the TLS
    /// peer, with the chain that TLS verified, that is to be believed.
    ///
    /// # Errors
    ///
    /// The first reason found not to accept the value.
    pub fn verify_peer(
        &self,
        value: &[u8],
        now: i64,
        peer: &X509Ref,
        chain: &[&X509Ref],
    ) -> Result<Accepted, Rejection> {
        let der = value::certificate(value)?;
        let content = ReadCertificate::read(&der).map_err(|_| MalformedValue::Content)?;
        let end = self.check(peer, chain, now)?;
        // A pin does without names where it signed; here nothing ties the peer to the value.
        if !self.has_names() {
            return Err(Refusal::SignerName.into());
        }
        check_client(content.fields.validity, now)?;
        let end = end.min(content.fields.validity.not_after);
        Ok(Accepted::new(content.certificate, peer.to_owned(), None, end)?)
    }
}

fn check_freshness(signing_time: i64, now: i64, freshness: Freshness) -> Result<(), Refusal> {
    if signing_time < now.saturating_sub(i64::from(freshness.max_age)) {
        Err(Refusal::Stale)
    } else if signing_time > now.saturating_add(i64::from(freshness.skew)) {
        Err(Refusal::FromTheFuture)
    } else {
        Ok(())
    }
}

fn check_client(validity: Validity, now: i64) -> Result<(), Refusal> {
    validity.check(now).map_err(|outside| match outside {
        Outside::Before => Refusal::ClientNotYetValid,
        Outside::After => Refusal::ClientExpired,
    })
}
