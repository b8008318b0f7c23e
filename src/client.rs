// SPDX-License-Identifier: Apache-2.0

//! Clients.

use std::sync::{Arc, OnceLock};

use openssl::x509::{X509, X509Ref};

use crate::{
    asn1::time::{Outside, Validity, days_to},
    error::Error,
    format::limit::within_limit,
    http::structured_field,
    last_used::LastUsed,
    openssl_ext::leaving_no_errors,
    variable_headers::{LastSent, NotSendable, VariableHeaders},
    x509::{
        certificate,
        chain::is_self_signed,
        parser::{self, KeylessX509, NotCarried},
        variables::{Source, Variables},
    },
};

/// A client whose certificate was verified: its leaf, its chain without the root, their identity
/// and validity.
#[derive(Debug)]
pub struct Client {
    validity: Validity,
    id: [u8; 32],
    last_used: LastUsed,
    last_sent: LastSent,
    leaf: Vec<u8>,
    chain: Vec<Vec<u8>>,
    path_id: [u8; 32],
    certificate: LeafCertificate,
}

/// The leaf as OpenSSL has it.
#[derive(Debug)]
enum LeafCertificate {
    Whole(X509),
    /// Parsed without its key; and with it, once that was needed.
    Keyless(KeylessX509, OnceLock<X509>),
}

impl PartialEq for Client {
    fn eq(&self, other: &Self) -> bool {
        self.leaf == other.leaf && self.chain == other.chain
    }
}

impl Eq for Client {}

impl Client {
    /// Makes a client of a chain that was verified. `chain` is in TLS order and without the leaf;
    /// self-signed certificates are left out.
    ///
    /// A verifier can read the leaf from a value, and finds it to be the same.
    ///
    /// # Errors
    ///
    /// [`Error::CertificateMalformed`], [`Error::CertificateNotReread`],
    /// [`Error::CertificateTimes`]
    pub fn new(leaf: &X509Ref, chain: &[&X509Ref]) -> Result<Self, Error> {
        let chain = chain
            .iter()
            .filter(|certificate| !is_self_signed(certificate))
            .map(|certificate| certificate::der(certificate))
            .collect::<Result<_, _>>()?;
        let der = certificate::der(leaf)?;
        let (_, validity) = parser::read_carried(&der).map_err(not_carried)?;
        let certificate = LeafCertificate::Whole(leaf.to_owned());
        Ok(Self::with_parts(certificate::id(&der), der, chain, validity, certificate))
    }

    /// The client whom [`Self::new`] made of this leaf before, whose DER and identity are known.
    pub(crate) fn again(
        leaf: &X509Ref,
        der: Vec<u8>,
        id: [u8; 32],
        chain: Vec<Vec<u8>>,
    ) -> Result<Self, Error> {
        let validity = parser::validity(leaf).map_err(not_carried)?;
        let certificate = LeafCertificate::Whole(leaf.to_owned());
        Ok(Self::with_parts(id, der, chain, validity, certificate))
    }

    /// The client of a value with this content.
    pub(crate) fn of_content(content: KeylessX509, validity: Validity, der: &[u8]) -> Self {
        let id = certificate::id(der);
        let certificate = LeafCertificate::Keyless(content, OnceLock::new());
        Self::with_parts(id, der.to_vec(), Vec::new(), validity, certificate)
    }

    /// The same client with this chain, in DER: each of it intermediate, in TLS order.
    pub(crate) fn with_chain(&self, chain: Vec<Vec<u8>>) -> Self {
        let Self { id, leaf, validity, certificate, .. } = self;
        let certificate = match certificate {
            LeafCertificate::Whole(whole) => LeafCertificate::Whole(whole.clone()),
            LeafCertificate::Keyless(keyless, _) => {
                LeafCertificate::Keyless(keyless.clone(), OnceLock::new())
            }
        };
        Self::with_parts(*id, leaf.clone(), chain, *validity, certificate)
    }

    fn with_parts(
        id: [u8; 32],
        leaf: Vec<u8>,
        chain: Vec<Vec<u8>>,
        validity: Validity,
        certificate: LeafCertificate,
    ) -> Self {
        let path_id = if chain.is_empty() {
            id
        } else {
            certificate::id(&[&leaf[..], &chain.concat()].concat())
        };
        let (last_used, last_sent) = (LastUsed::default(), LastSent::default());
        Self { leaf, id, validity, chain, path_id, certificate, last_used, last_sent }
    }

    /// Whether the leaf is within its validity at `now`, in Unix seconds.
    ///
    /// # Errors
    ///
    /// [`Error::CertificateExpired`], [`Error::CertificateNotYetValid`]
    pub fn check_validity(&self, now: i64) -> Result<(), Error> {
        self.validity.check(now).map_err(|outside| match outside {
            Outside::Before => Error::CertificateNotYetValid,
            Outside::After => Error::CertificateExpired,
        })
    }

    /// The end of the validity of the leaf, in Unix seconds.
    pub(crate) fn not_after(&self) -> i64 {
        self.validity.not_after
    }

    /// The DER of the leaf.
    #[must_use]
    pub fn leaf(&self) -> &[u8] {
        &self.leaf
    }

    /// The identity: the SHA-256 of the leaf's DER.
    #[must_use]
    pub fn id(&self) -> &[u8; 32] {
        &self.id
    }

    /// The leaf as OpenSSL has it.
    ///
    /// # Errors
    ///
    /// [`Error::CertificateMalformed`]
    pub fn certificate(&self) -> Result<&X509Ref, Error> {
        let whole = match &self.certificate {
            LeafCertificate::Whole(whole) => return Ok(whole),
            LeafCertificate::Keyless(_, whole) => whole,
        };
        if let Some(certificate) = whole.get() {
            return Ok(certificate);
        }
        let certificate = X509::from_der(&self.leaf).map_err(|_| Error::CertificateMalformed)?;
        Ok(whole.get_or_init(|| certificate))
    }

    /// The same, but for its key, which need not be there.
    pub(crate) fn keyless_certificate(&self) -> &X509Ref {
        match &self.certificate {
            LeafCertificate::Whole(certificate) => certificate,
            LeafCertificate::Keyless(certificate, _) => certificate.as_x509(),
        }
    }

    /// The intermediates as OpenSSL has them.
    ///
    /// # Errors
    ///
    /// [`Error::CertificateMalformed`]
    pub(crate) fn chain_certificates(&self) -> Result<Vec<X509>, Error> {
        self.chain
            .iter()
            .map(|der| X509::from_der(der).map_err(|_| Error::CertificateMalformed))
            .collect()
    }

    /// The value that was last used again for this client.
    pub(crate) fn last_used(&self) -> &LastUsed {
        &self.last_used
    }

    /// The headers with the variables of a TLS client, at `now`, in Unix seconds. They are made once
    /// for a client as long as they stay the same.
    ///
    /// # Errors
    ///
    /// [`NotSendable`], of a value that no header has exactly.
    pub fn variable_headers<'a>(
        &self,
        headers: &'a VariableHeaders,
        now: i64,
    ) -> Result<Arc<Variables>, NotSendable<'a>> {
        if let Some(sent) = self.last_sent.get(headers, now) {
            return Ok(sent);
        }
        let (days_remaining, until) = days_to(self.not_after(), now);
        let source = Source {
            certificate: self.keyless_certificate(),
            id: &self.id,
            signer: None,
            signing_time: None,
            days_remaining,
        };
        let made = leaving_no_errors(|| headers.of(|variable, _| source.one_line(variable)))?;
        Ok(self.last_sent.insert(headers, now, until, made))
    }

    #[cfg(test)]
    pub(crate) fn last_sent(&self) -> &LastSent {
        &self.last_sent
    }

    /// The identity of leaf and chain together.
    pub(crate) fn path_id(&self) -> &[u8; 32] {
        &self.path_id
    }

    /// The DER of the intermediates, in TLS order.
    #[must_use]
    pub fn chain(&self) -> &[Vec<u8>] {
        &self.chain
    }

    /// The value of Client-Cert-Chain, RFC 9440 section 2.3; empty if there is no intermediate.
    ///
    /// # Errors
    ///
    /// [`Error::EncodedTooLong`]
    pub fn encode_chain(&self) -> Result<String, Error> {
        within_limit(structured_field::list(&self.chain))
    }
}

fn not_carried(reason: NotCarried) -> Error {
    match reason {
        NotCarried::Unreadable(_) | NotCarried::WrittenOtherwise => Error::CertificateNotReread,
        NotCarried::Validity => Error::CertificateTimes,
        NotCarried::Fault(_) => Error::CertificateMalformed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{KeyKind, Leaf, NOW, Pki};

    #[test]
    fn root_is_left_out() {
        let pki = Pki::new(KeyKind::P256);
        let chain = [&*pki.lower.certificate, &*pki.upper.certificate, &*pki.root.certificate];
        let client = Client::new(&pki.leaf.certificate, &chain).unwrap();
        let [lower, upper, _] = chain.map(|certificate| certificate.to_der().unwrap());
        assert_eq!(client.chain(), [lower, upper]);
        assert_eq!(client.leaf(), pki.leaf.certificate.to_der().unwrap());
    }

    #[test]
    fn validity() {
        let leaf = Leaf::new(KeyKind::P256).valid(NOW, NOW + 10).self_signed();
        let client = Client::new(&leaf.certificate, &[]).unwrap();
        for (now, expected) in [
            (NOW - 1, Err(Error::CertificateNotYetValid)),
            (NOW, Ok(())),
            (NOW + 9, Ok(())),
            (NOW + 10, Err(Error::CertificateExpired)),
        ] {
            assert_eq!(client.check_validity(now), expected, "{now}");
        }
    }

    #[test]
    fn far_dates() {
        let leaf = Leaf::new(KeyKind::P256).valid(-631_152_000, 253_402_300_799).self_signed();
        let client = Client::new(&leaf.certificate, &[]).unwrap();
        assert_eq!(client.check_validity(253_402_300_798), Ok(()));
        assert_eq!(client.check_validity(-631_152_000), Ok(()));
        assert_eq!(client.check_validity(i64::MAX), Err(Error::CertificateExpired));
        assert_eq!(client.check_validity(i64::MIN), Err(Error::CertificateNotYetValid));
    }
}
