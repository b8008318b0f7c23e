// SPDX-License-Identifier: Apache-2.0

//! The issuers of a client, among the CAs of the file and the certificates of Client-Cert-Chain.
//!
//! Whoever sends a value may put any eight keys into Client-Cert-Chain, and to decode a key takes
//! OpenSSL longer than to verify a signature. So the certificates are chosen by their names alone,
//! and each is verified with the key above it before its own key is decoded. The first that does
//! not verify ends this: a chain that is made up costs one verification.

use std::collections::BTreeSet;

use openssl::x509::{X509, X509Ref};

use super::{
    cas::{Ca, ClientCas},
    chain::ChainCertificate,
};
use crate::{
    cms::signature::is_issued_by,
    openssl_ext::ReadError,
    rejection::{Failure, MalformedValue, Refusal},
};

/// Those between the client and an anchor that OpenSSL may make its path of. Whether there is a path
/// and whether it is valid is not looked at.
pub(super) fn find(
    client: &X509Ref,
    chain: &[ChainCertificate<'_>],
    cas: &ClientCas,
) -> Result<Vec<X509>, Failure> {
    let above = Above::find(client, chain, cas);
    let is_anchor = |ca: &&Ca| ca.is_anchor;
    let proven = above.prove()?;
    let known = above.known.into_iter().filter(|ca| !is_anchor(ca));
    Ok(known.map(|ca| ca.certificate.clone()).chain(proven).collect())
}

/// What stands above a client by its names alone.
struct Above<'a> {
    known: Vec<&'a Ca>,
    of_chain: Vec<&'a ChainCertificate<'a>>,
}

impl<'a> Above<'a> {
    fn find(client: &'a X509Ref, chain: &'a [ChainCertificate<'a>], cas: &'a ClientCas) -> Self {
        let mut above = Self { known: Vec::new(), of_chain: Vec::new() };
        let mut known_places = BTreeSet::new();
        let mut subjects = vec![client];
        while let Some(subject) = subjects.pop() {
            for place in cas.named(subject.issuer_name()) {
                let Some(ca) = cas.all().get(place) else { continue };
                if may_issue(&ca.certificate, subject) && known_places.insert(place) {
                    above.known.push(ca);
                    subjects.push(&ca.certificate);
                }
            }
            for candidate in chain {
                let certificate = candidate.keyless.as_x509();
                let is_new = !above.of_chain.iter().any(|other| other.der == candidate.der);
                if is_new && may_issue(certificate, subject) {
                    above.of_chain.push(candidate);
                    subjects.push(certificate);
                }
            }
        }
        above
    }

    /// Reads those of the chain, with their keys, that a CA of the file proves. Of the others no key
    /// is decoded.
    fn prove(&self) -> Result<Vec<X509>, Failure> {
        let mut waiting = self.of_chain.clone();
        let mut proven: Vec<X509> = Vec::new();
        loop {
            let known = self.known.iter().map(|ca| &ca.certificate);
            let issuers: Vec<&X509> = known.chain(&proven).collect();
            let issuers_of = |certificate: &ChainCertificate<'_>| -> Vec<&X509> {
                let subject = certificate.keyless.as_x509();
                issuers.iter().copied().filter(|issuer| may_issue(issuer, subject)).collect()
            };
            let next = waiting.iter().position(|certificate| !issuers_of(certificate).is_empty());
            let Some(place) = next else { return Ok(proven) };
            let certificate = waiting.swap_remove(place);
            if !is_issued_by_any(certificate, &issuers_of(certificate))? {
                return Err(Refusal::ClientUntrusted
                    .with("a certificate in Client-Cert-Chain is not signed by its issuer"));
            }
            proven.push(read_with_key(certificate.der)?);
        }
    }
}

/// Whether a certificate may have issued this one: not where each names another key.
fn may_issue(issuer: &X509Ref, certificate: &X509Ref) -> bool {
    let same_name = issuer.subject_name().try_cmp(certificate.issuer_name());
    let keys = certificate.authority_key_id().zip(issuer.subject_key_id());
    same_name.is_ok_and(|order| order.is_eq())
        && keys.is_none_or(|(wanted, found)| wanted.as_slice() == found.as_slice())
}

/// A file may have a CA's old certificate and its new one.
fn is_issued_by_any(
    certificate: &ChainCertificate<'_>,
    issuers: &[&X509],
) -> Result<bool, Failure> {
    for issuer in issuers {
        if is_issued_by(&certificate.fields, issuer)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// OpenSSL has read the rest of it before, and would write it as it came.
fn read_with_key(der: &[u8]) -> Result<X509, Failure> {
    #[cfg(test)]
    KEYS_DECODED.set(KEYS_DECODED.get() + 1);
    X509::from_der(der)
        .map_err(|errors| MalformedValue::ChainCertificate.or_fault(ReadError::from(errors)))
}

#[cfg(test)]
thread_local! {
    static KEYS_DECODED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// How many keys of Client-Cert-Chain this thread has had decoded.
#[cfg(test)]
pub(in crate::verify) fn keys_decoded() -> usize {
    KEYS_DECODED.get()
}
