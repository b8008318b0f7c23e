// SPDX-License-Identifier: Apache-2.0

//! Clients.

use std::sync::OnceLock;

use openssl::x509::{X509, X509Ref};

use crate::{
    cache::LastUsed,
    certificate::{self, Certificate},
    chain::is_self_signed,
    error::Error,
    structured_field,
    time::{Outside, Validity},
};

/// A client whose certificate was verified: its leaf, its chain without the root, their identity
/// and validity.
#[derive(Debug)]
pub struct Client {
    validity: Validity,
    id: [u8; 32],
    last_used: LastUsed,
    leaf: Vec<u8>,
    chain: Vec<Vec<u8>>,
    path_id: [u8; 32],
    /// The leaf as OpenSSL has it, once somebody asked.
    certificate: OnceLock<X509>,
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
    /// # Errors
    ///
    /// [`Error::CertificateMalformed`]
    pub fn new(leaf: &X509Ref, chain: &[&X509Ref]) -> Result<Self, Error> {
        let chain = chain
            .iter()
            .filter(|certificate| !is_self_signed(certificate))
            .map(|certificate| certificate::der(certificate))
            .collect::<Result<_, _>>()?;
        let client = Self::from_der(certificate::der(leaf)?, chain)?;
        Ok(Self { certificate: OnceLock::from(leaf.to_owned()), ..client })
    }

    /// As [`Self::new`], of DER; `chain` is kept as it is.
    pub(crate) fn from_der(leaf: Vec<u8>, chain: Vec<Vec<u8>>) -> Result<Self, Error> {
        let id = certificate::id(&leaf);
        Self::with_id(id, leaf, chain)
    }

    /// As [`Self::from_der`], where the leaf's identity is known.
    pub(crate) fn with_id(id: [u8; 32], leaf: Vec<u8>, chain: Vec<Vec<u8>>) -> Result<Self, Error> {
        let validity = Certificate::read(&leaf).map_err(|_| Error::CertificateMalformed)?.validity;
        let path_id = if chain.is_empty() {
            id
        } else {
            certificate::id(&[&leaf[..], &chain.concat()].concat())
        };
        Ok(Self {
            leaf,
            id,
            validity,
            chain,
            path_id,
            certificate: OnceLock::new(),
            last_used: LastUsed::default(),
        })
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

    /// The same as OpenSSL has it.
    ///
    /// # Errors
    ///
    /// [`Error::CertificateMalformed`]
    pub fn certificate(&self) -> Result<&X509Ref, Error> {
        if let Some(certificate) = self.certificate.get() {
            return Ok(certificate);
        }
        let certificate = X509::from_der(&self.leaf).map_err(|_| Error::CertificateMalformed)?;
        Ok(self.certificate.get_or_init(|| certificate))
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
    #[must_use]
    pub fn encode_chain(&self) -> String {
        structured_field::list(&self.chain)
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
