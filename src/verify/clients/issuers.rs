// SPDX-License-Identifier: Apache-2.0

//! The issuers of a client, among the CAs of the file and the certificates of Client-Cert-Chain.
//!
//! Whoever sends a value may put any eight keys into Client-Cert-Chain, and to decode a key takes
//! OpenSSL longer than to verify a signature. So the certificates are chosen by their names alone,
//! and each is verified with the key above it before its own key is decoded. The first that does
//! not verify ends this: a chain that is made up costs one verification.

use std::collections::BTreeSet;

use openssl::{
    asn1::Asn1OctetStringRef,
    x509::{X509, X509NameRef, X509Ref},
};

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
    let above = Above::find(Names::of(client), chain, cas);
    let proven = above.prove()?.into_iter().map(|(_, certificate)| certificate);
    let known = above.known.iter().filter(|ca| !ca.is_anchor);
    Ok(known.map(|ca| ca.certificate.clone()).chain(proven).collect())
}

/// What certificates are matched by.
#[derive(Clone, Copy)]
struct Names<'a> {
    subject: &'a X509NameRef,
    issuer: &'a X509NameRef,
    /// The subjectKeyIdentifier.
    key: Option<&'a [u8]>,
    /// The keyIdentifier of the authorityKeyIdentifier.
    issuer_key: Option<&'a [u8]>,
}

impl<'a> Names<'a> {
    /// Of a certificate of the chain, which may be made up: so that OpenSSL does not look at its
    /// extensions, as it would at all of them at once, our own reader has the identifiers.
    fn of_chain(certificate: &'a ChainCertificate<'_>) -> Self {
        let ChainCertificate { fields, keyless, .. } = certificate;
        Self {
            subject: keyless.as_x509().subject_name(),
            issuer: keyless.as_x509().issuer_name(),
            key: fields.subject_key_identifier(),
            issuer_key: fields.authority_key_identifier(),
        }
    }

    /// Of any other certificate.
    fn of(certificate: &'a X509Ref) -> Self {
        Self {
            subject: certificate.subject_name(),
            issuer: certificate.issuer_name(),
            key: certificate.subject_key_id().map(Asn1OctetStringRef::as_slice),
            issuer_key: certificate.authority_key_id().map(Asn1OctetStringRef::as_slice),
        }
    }

    /// Whether this one may have issued the other: not where each names another key.
    fn may_issue(&self, other: &Self) -> bool {
        let same_name = self.subject.try_cmp(other.issuer).is_ok_and(|order| order.is_eq());
        let keys = other.issuer_key.zip(self.key);
        same_name && keys.is_none_or(|(wanted, found)| wanted == found)
    }
}

/// What stands above a client by its names alone.
struct Above<'a> {
    known: Vec<&'a Ca>,
    of_chain: Vec<&'a ChainCertificate<'a>>,
}

impl<'a> Above<'a> {
    fn find(client: Names<'a>, chain: &'a [ChainCertificate<'a>], cas: &'a ClientCas) -> Self {
        let mut above = Self { known: Vec::new(), of_chain: Vec::new() };
        let mut known_places = BTreeSet::new();
        let mut subjects = vec![client];
        while let Some(subject) = subjects.pop() {
            for place in cas.named(subject.issuer) {
                let Some(ca) = cas.all().get(place) else { continue };
                let names = Names::of(&ca.certificate);
                if names.may_issue(&subject) && known_places.insert(place) {
                    above.known.push(ca);
                    subjects.push(names);
                }
            }
            for candidate in chain {
                let names = Names::of_chain(candidate);
                let is_new = !above.of_chain.iter().any(|other| other.der == candidate.der);
                if is_new && names.may_issue(&subject) {
                    above.of_chain.push(candidate);
                    subjects.push(names);
                }
            }
        }
        above
    }

    /// Reads those of the chain, with their keys, that a CA of the file proves. Of the others no key
    /// is decoded.
    fn prove(&self) -> Result<Vec<(Names<'a>, X509)>, Failure> {
        let mut waiting = self.of_chain.clone();
        let mut proven: Vec<(Names<'_>, X509)> = Vec::new();
        loop {
            let known = self.known.iter().map(|ca| (Names::of(&ca.certificate), &ca.certificate));
            let found = proven.iter().map(|(names, certificate)| (*names, certificate));
            let issuers: Vec<_> = known.chain(found).collect();
            let issuers_of = |certificate: &ChainCertificate<'_>| -> Vec<&X509> {
                let names = Names::of_chain(certificate);
                let may_issue = |issuer: &&(Names<'_>, &X509)| issuer.0.may_issue(&names);
                issuers.iter().filter(may_issue).map(|issuer| issuer.1).collect()
            };
            let next = waiting.iter().position(|certificate| !issuers_of(certificate).is_empty());
            let Some(place) = next else { return Ok(proven) };
            let certificate = waiting.swap_remove(place);
            if !is_issued_by_any(certificate, &issuers_of(certificate))? {
                return Err(Refusal::ClientUntrusted
                    .with("a certificate in Client-Cert-Chain is not signed by its issuer"));
            }
            proven.push((Names::of_chain(certificate), read_with_key(certificate.der)?));
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
