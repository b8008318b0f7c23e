// SPDX-License-Identifier: Apache-2.0

//! The CAs that a file trusts with clients.

use std::{collections::HashMap, path::Path};

use openssl::{
    error::ErrorStack,
    x509::{X509, X509Ref},
};

use super::names::Names;
use crate::{
    error::Error,
    file::FileContent,
    identity::Identity,
    x509::{
        chain::is_self_signed,
        distinguished_name::folded,
        file_kind,
        path::{Anchors, is_ca, is_strict_ca},
        pem,
    },
};

/// The CAs of a file: the self-signed ones are trust anchors, and the others intermediates, which
/// need not come with a client.
pub struct ClientCas {
    anchors: Anchors,
    cas: Vec<Ca>,
    /// The places of those with one subject, which is folded.
    by_subject: HashMap<Vec<u8>, Vec<usize>>,
    identity: Identity,
}

/// A CA of the file.
pub(crate) struct Ca {
    pub(crate) certificate: X509,
    pub(super) names: Names,
    pub(super) is_anchor: bool,
}

impl ClientCas {
    /// As [`Self::from_pem`], of a file.
    ///
    /// # Errors
    ///
    /// [`Error::FileUnreadable`], and as [`Self::from_pem`].
    pub fn from_file(file: &Path) -> Result<Self, Error> {
        Self::from_pem(FileContent::read(file).map_err(|_| Error::FileUnreadable)?.octets())
    }

    /// Reads PEM certificates of CAs.
    ///
    /// # Errors
    ///
    /// [`Error::FileMalformed`], [`Error::FileNoCertificate`], [`Error::FileTrustedCertificate`],
    /// [`Error::FileOtherBlock`], [`Error::FileNotCa`], [`Error::FileNoAnchor`], and others that
    /// name what the text is instead.
    pub fn from_pem(text: &[u8]) -> Result<Self, Error> {
        let mut certificates = Vec::new();
        let mut others = false;
        for block in pem::blocks(text)? {
            match block.label {
                b"CERTIFICATE" | b"X509 CERTIFICATE" => {
                    certificates.push(X509::from_pem(block.pem).map_err(|_| Error::FileMalformed)?)
                }
                b"TRUSTED CERTIFICATE" => return Err(Error::FileTrustedCertificate),
                _ => others = true,
            }
        }
        if certificates.is_empty() {
            return Err(file_kind::name(text).unwrap_or(Error::FileNoCertificate));
        }
        if others {
            return Err(Error::FileOtherBlock);
        }
        Self::new(certificates)
    }

    pub(crate) fn new(certificates: Vec<X509>) -> Result<Self, Error> {
        let cas = certificates.into_iter().map(Ca::new).collect::<Result<Vec<_>, _>>()?;
        let anchors = cas.iter().filter(|ca| ca.is_anchor).map(|ca| ca.certificate.clone());
        let anchors: Vec<_> = anchors.collect();
        if anchors.is_empty() {
            return Err(Error::FileNoAnchor);
        }
        let anchors = Anchors::for_clients(&anchors).map_err(|_| Error::FileMalformed)?;
        let mut by_subject: HashMap<_, Vec<usize>> = HashMap::new();
        for (place, ca) in cas.iter().enumerate() {
            by_subject.entry(ca.names.subject.clone()).or_default().push(place);
        }
        Ok(Self { anchors, cas, by_subject, identity: Identity::new() })
    }

    pub(crate) fn anchors(&self) -> &Anchors {
        &self.anchors
    }

    /// All of them.
    pub(crate) fn all(&self) -> &[Ca] {
        &self.cas
    }

    pub(crate) fn identity(&self) -> Identity {
        self.identity
    }

    /// Those with this subject, which is folded, and their places.
    pub(super) fn named(&self, subject: &[u8]) -> impl Iterator<Item = (usize, &Ca)> {
        let places = self.by_subject.get(subject).map(Vec::as_slice).unwrap_or_default();
        places.iter().filter_map(|place| Some((*place, self.cas.get(*place)?)))
    }

    /// Whether this certificate is one of them.
    pub(super) fn have(&self, certificate: &X509Ref) -> Result<bool, ErrorStack> {
        let subject = folded(&certificate.subject_name().to_der()?);
        Ok(self.named(&subject).any(|(_, ca)| *ca.certificate == *certificate))
    }
}

impl Ca {
    fn new(certificate: X509) -> Result<Self, Error> {
        let names = Names::of(&certificate).map_err(|_| Error::FileMalformed)?;
        let is_anchor = is_self_signed(&certificate);
        // OpenSSL takes a root of version 1 for a CA, and no other.
        let is_ca = if is_anchor { is_ca(&certificate) } else { is_strict_ca(&certificate) };
        if is_ca { Ok(Self { certificate, names, is_anchor }) } else { Err(Error::FileNotCa) }
    }
}
