// SPDX-License-Identifier: Apache-2.0

//! The client's own certificate, verified here as well, so that the proxy's word is not all there
//! is: a path must lead from it to a CA that this side trusts with clients.
//!
//! | where | what |
//! | --- | --- |
//! | `cas` | the CAs of a file: anchors and intermediates |
//! | `chain` | Client-Cert-Chain, RFC 9440 section 2.3 |
//! | `names` | what certificates are matched by |
//! | `issuers` | which of all these OpenSSL is given |
//! | `paths` | paths that were verified, to be accepted again |

use std::sync::Arc;

use openssl::x509::X509;

use crate::{
    client::Client,
    error::Error,
    identity::Identity,
    openssl_ext::{ReadError, with_own_errors},
    rejection::{Failure, Refusal},
    x509::{certificate, crl::Crls, parser::has_curve_spelled_out, path::VerifiedPath},
};
use cas::ClientCas;

pub mod cas;
mod chain;
mod issuers;
mod names;
pub(crate) mod paths;

#[cfg(test)]
pub(super) use issuers::keys_decoded;

/// What a client's certificate is verified by.
#[derive(Clone)]
pub struct ClientTrust {
    cas: Arc<ClientCas>,
    crls: Option<Arc<Crls>>,
}

/// A client's path that was verified.
pub(crate) struct ClientPath {
    /// The client, with the intermediates of the path for its chain.
    pub(crate) client: Client,
    /// Those of the intermediates that the file does not have, in DER.
    pub(crate) from_chain: Vec<Vec<u8>>,
    /// The second, in Unix time, from which the path no longer stands.
    pub(crate) end: i64,
}

impl ClientTrust {
    /// A client must lead to one of the anchors among `cas`. With `crls`, each certificate of the
    /// path that is no anchor needs one that is up to date.
    #[must_use]
    pub fn new(cas: Arc<ClientCas>, crls: Option<Arc<Crls>>) -> Self {
        Self { cas, crls }
    }

    /// Verifies the certificate of a client at `now`, in Unix seconds. `chain` are the field lines
    /// of Client-Cert-Chain: what they say is not signed, and counts for nothing but the issuers
    /// that are found there. Returns the client, with the intermediates of its path.
    ///
    /// # Errors
    ///
    /// The first reason found not to accept the client.
    pub fn verify(&self, client: &Client, chain: &[&[u8]], now: i64) -> Result<Client, Failure> {
        Ok(self.path(client, &chain::read(chain)?, now)?.client)
    }

    fn identities(&self) -> (Identity, Option<Identity>) {
        (self.cas.identity(), self.crls.as_ref().map(|crls| crls.identity()))
    }

    /// As [`Self::verify`], with certificates in DER.
    fn path(&self, client: &Client, chain: &[Vec<u8>], now: i64) -> Result<ClientPath, Failure> {
        with_own_errors(|| {
            let chain = chain::certificates(chain)?;
            let leaf = read_with_key(client)?;
            let untrusted = issuers::find(&leaf, &chain, &self.cas)?;
            let untrusted: Vec<_> = untrusted.iter().map(|issuer| &**issuer).collect();
            let anchors = self.cas.anchors();
            let path = anchors.verify(&leaf, &untrusted, None, now)?;
            let VerifiedPath { issuers, end } = match &self.crls {
                Some(crls) => crls.check(anchors, &leaf, path, now)?,
                None => path,
            };
            let intermediates = issuers.split_last().map_or(&[][..], |(_, others)| others);
            let der = |issuer: &X509| certificate::der(issuer);
            let mut from_chain = Vec::new();
            for issuer in intermediates {
                if !self.cas.have(issuer)? {
                    from_chain.push(der(issuer)?);
                }
            }
            Ok(ClientPath {
                from_chain,
                client: client.with_chain(intermediates.iter().map(der).collect::<Result<_, _>>()?),
                end,
            })
        })
    }
}

/// Reads the client's certificate, and has its key decoded, which only this needs. It is in the octets
/// that OpenSSL writes for it, which our own reader may not know.
fn read_with_key(client: &Client) -> Result<X509, Failure> {
    if has_curve_spelled_out(client.keyless_certificate()) {
        return Err(Refusal::ClientKeyUnsupported.into());
    }
    X509::from_der(client.leaf()).map_err(|errors| match ReadError::from(errors) {
        ReadError::Malformed => Error::CertificateMalformed.into(),
        ReadError::Fault(errors) => errors.into(),
    })
}
