// SPDX-License-Identifier: Apache-2.0

//! The issuers of a client, among the CAs of the file and the certificates of Client-Cert-Chain.
//!
//! A sender of values may put any eight keys into Client-Cert-Chain, and to decode a key takes
//! OpenSSL longer than to verify a signature. So the certificates are chosen by their names alone,
//! and each is verified with the key above it before its own key is decoded. The first that does
//! not verify ends this: a chain that is made up costs one verification.

use std::collections::BTreeSet;

use openssl::x509::{X509, X509Ref};

use super::{
    cas::{Ca, ClientCas},
    chain::ChainCertificate,
    names::Names,
};
use crate::{
    cms::signature::is_issued_by,
    openssl_ext::ReadError,
    rejection::{Failure, MalformedValue, Refusal},
    x509::parser::check_written,
};

/// Those between the client and an anchor that OpenSSL may make its path of. Whether there is a path
/// and whether it is valid is not looked at.
pub(super) fn find(
    client: &X509Ref,
    chain: &[ChainCertificate<'_>],
    cas: &ClientCas,
) -> Result<Vec<X509>, Failure> {
    let names = Names::of(client)?;
    let above = Above::find(&names, chain, cas);
    let proven = above.prove()?.into_iter().map(|(_, certificate)| certificate);
    let known = above.known.iter().filter(|ca| !ca.is_anchor);
    Ok(known.map(|ca| ca.certificate.clone()).chain(proven).collect())
}

/// What stands above a client by its names alone.
struct Above<'a> {
    known: Vec<&'a Ca>,
    of_chain: Vec<&'a ChainCertificate<'a>>,
}

impl<'a> Above<'a> {
    fn find(client: &'a Names, chain: &'a [ChainCertificate<'a>], cas: &'a ClientCas) -> Self {
        let mut above = Self { known: Vec::new(), of_chain: Vec::new() };
        let mut known_places = BTreeSet::new();
        let mut subjects = vec![client];
        while let Some(subject) = subjects.pop() {
            for (place, ca) in cas.named(&subject.issuer) {
                if ca.names.may_issue(subject) && known_places.insert(place) {
                    above.known.push(ca);
                    subjects.push(&ca.names);
                }
            }
            for candidate in chain {
                let is_new = !above.of_chain.iter().any(|other| other.der == candidate.der);
                if is_new && candidate.names.may_issue(subject) {
                    above.of_chain.push(candidate);
                    subjects.push(&candidate.names);
                }
            }
        }
        above
    }

    /// Reads those of the chain that a CA of the file proves. Of the others OpenSSL is given nothing
    /// but the signature.
    fn prove(&self) -> Result<Vec<(&'a Names, X509)>, Failure> {
        let mut waiting = self.of_chain.clone();
        let mut proven: Vec<(&Names, X509)> = Vec::new();
        loop {
            let known = self.known.iter().map(|ca| (&ca.names, &ca.certificate));
            let found = proven.iter().map(|(names, certificate)| (*names, certificate));
            let issuers: Vec<_> = known.chain(found).collect();
            let issuers_of = |certificate: &ChainCertificate<'_>| -> Vec<&X509> {
                let may_issue = |issuer: &&(&Names, &X509)| issuer.0.may_issue(&certificate.names);
                issuers.iter().filter(may_issue).map(|issuer| issuer.1).collect()
            };
            let next = waiting.iter().position(|certificate| !issuers_of(certificate).is_empty());
            let Some(place) = next else { return Ok(proven) };
            let certificate = waiting.swap_remove(place);
            if !is_issued_by_any(certificate, &issuers_of(certificate))? {
                return Err(Refusal::ClientUntrusted
                    .with("a certificate in Client-Cert-Chain is not signed by its issuer"));
            }
            proven.push((&certificate.names, read_with_key(certificate.der)?));
        }
    }
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

/// Reads a certificate with its key.
fn read_with_key(der: &[u8]) -> Result<X509, Failure> {
    #[cfg(test)]
    KEYS_DECODED.set(KEYS_DECODED.get() + 1);
    let read = || -> Result<_, ReadError> {
        let read = X509::from_der(der)?;
        check_written(&read, der)?;
        Ok(read)
    };
    read().map_err(|error| MalformedValue::ChainCertificate.or_fault(error))
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
