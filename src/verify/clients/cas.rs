// SPDX-License-Identifier: Apache-2.0

//! The CAs that a file trusts with clients.

use std::{cmp::Ordering, path::Path};

use openssl::x509::{X509, X509NameRef, X509Ref};

use crate::{
    error::Error,
    file::FileContent,
    identity::Identity,
    x509::{
        certificate,
        chain::is_self_signed,
        file_kind,
        path::{Anchors, is_ca, is_strict_ca},
        pem,
    },
};

/// The CAs of a file: the self-signed ones are trust anchors, and the others intermediates, which
/// need not come with a client.
pub struct ClientCas {
    anchors: Anchors,
    /// In the order of their subjects.
    cas: Vec<Ca>,
    identity: Identity,
}

/// A CA of the file.
pub(crate) struct Ca {
    pub(crate) certificate: X509,
    pub(crate) is_anchor: bool,
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
        let mut cas = certificates.into_iter().map(Ca::new).collect::<Result<Vec<_>, _>>()?;
        let anchors = cas.iter().filter(|ca| ca.is_anchor).map(|ca| ca.certificate.clone());
        let anchors: Vec<_> = anchors.collect();
        if anchors.is_empty() {
            return Err(Error::FileNoAnchor);
        }
        let anchors = Anchors::for_clients(&anchors).map_err(|_| Error::FileMalformed)?;
        cas.sort_by(|a, b| compare(a.certificate.subject_name(), b.certificate.subject_name()));
        Ok(Self { anchors, cas, identity: Identity::new() })
    }

    pub(crate) fn anchors(&self) -> &Anchors {
        &self.anchors
    }

    /// All of them, in the order of their subjects.
    pub(crate) fn all(&self) -> &[Ca] {
        &self.cas
    }

    pub(crate) fn identity(&self) -> Identity {
        self.identity
    }

    /// The places of those that have this name.
    pub(super) fn named(&self, name: &X509NameRef) -> std::ops::Range<usize> {
        let subject = |ca: &Ca| compare(ca.certificate.subject_name(), name);
        let start = self.cas.partition_point(|ca| subject(ca) == Ordering::Less);
        let end = self.cas.partition_point(|ca| subject(ca) != Ordering::Greater);
        start..end
    }

    /// Whether this certificate is one of them.
    pub(super) fn have(&self, certificate: &X509Ref) -> bool {
        let named = self.cas.get(self.named(certificate.subject_name()));
        named.unwrap_or_default().iter().any(|ca| *ca.certificate == *certificate)
    }
}

impl Ca {
    fn new(certificate: X509) -> Result<Self, Error> {
        // What cannot be written could not be forwarded.
        certificate::der(&certificate)?;
        let is_anchor = is_self_signed(&certificate);
        // OpenSSL takes a root of version 1 for a CA, and no other.
        let is_ca = if is_anchor { is_ca(&certificate) } else { is_strict_ca(&certificate) };
        if is_ca { Ok(Self { certificate, is_anchor }) } else { Err(Error::FileNotCa) }
    }
}

/// As OpenSSL compares names when it looks for an issuer.
fn compare(a: &X509NameRef, b: &X509NameRef) -> Ordering {
    a.try_cmp(b).unwrap_or(Ordering::Less)
}
