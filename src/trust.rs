// SPDX-License-Identifier: Apache-2.0

//! Whom to believe.

use std::{fs, path::Path};

use openssl::x509::{X509, X509ExtendedKeyUsage, X509KeyUsage, X509Ref};

use crate::{
    certificate::{self, Certificate},
    crl,
    dns_name::DnsName,
    error::Error,
    path::{Anchors, has_invalid_extensions, is_ca},
    pem,
    rejection::Refusal,
};

/// Trust anchors, the names of which a signer must have one, and CRLs.
pub struct Trust {
    pinned: Vec<Pinned>,
    anchors: Anchors,
    names: Vec<DnsName>,
    has_ca: bool,
}

/// An anchor as the signer's own certificate.
pub(crate) struct Pinned {
    pub(crate) certificate: X509,
    pub(crate) der: Vec<u8>,
    /// This one alone: no other anchor, no CRL, has a say in whether a pin holds.
    alone: Anchors,
}

impl Trust {
    /// Reads PEM certificates from `file`, each one an anchor: a CA to whose certificates a path
    /// must lead, or the signer's own certificate, pinned. A signer must have one of `names` as a
    /// subjectAltName dNSName, if there are any. With `crl_file`, PEM CRLs, each certificate of a
    /// path that is no anchor needs one that is up to date.
    ///
    /// # Errors
    ///
    /// [`Error::FileUnreadable`], [`Error::FileMalformed`], [`Error::FileNoCertificate`],
    /// [`Error::TrustNameMalformed`], [`Error::CrlFileUnreadable`], [`Error::CrlFileMalformed`],
    /// [`Error::CrlFileNoCrl`]
    pub fn from_files(
        file: &Path,
        names: &[&[u8]],
        crl_file: Option<&Path>,
    ) -> Result<Self, Error> {
        let text = fs::read(file).map_err(|_| Error::FileUnreadable)?;
        let mut anchors = Vec::new();
        for block in pem::blocks(&text)? {
            match block.label {
                b"CERTIFICATE" | b"X509 CERTIFICATE" => {
                    anchors.push(X509::from_pem(block.pem).map_err(|_| Error::FileMalformed)?)
                }
                // It limits its own trust, which would not be heeded here.
                b"TRUSTED CERTIFICATE" => return Err(Error::FileMalformed),
                _ => {}
            }
        }
        if anchors.is_empty() {
            return Err(Error::FileNoCertificate);
        }
        let names = names.iter().map(|name| DnsName::new(name)).collect::<Result<_, _>>()?;
        let crls = crl_file.map(crl::read).transpose()?;

        let pinned = anchors.iter().map(Pinned::new).collect::<Result<_, _>>()?;
        Ok(Self {
            pinned,
            anchors: Anchors::new(&anchors, crls.as_deref()).map_err(|_| Error::FileMalformed)?,
            names,
            has_ca: anchors.iter().any(|anchor| is_ca(anchor)),
        })
    }

    /// Whether some anchor is a CA. It issues to users too, so names are needed then.
    #[must_use]
    pub fn has_ca(&self) -> bool {
        self.has_ca
    }

    /// Whether there are names.
    #[must_use]
    pub fn has_names(&self) -> bool {
        !self.names.is_empty()
    }

    pub(crate) fn pinned(&self) -> &[Pinned] {
        &self.pinned
    }

    /// Whether this is a certificate to believe at `now`, in Unix seconds. `untrusted` is where
    /// its issuers are looked for, beside the anchors.
    pub(crate) fn check(
        &self,
        certificate: &X509Ref,
        untrusted: &[&X509Ref],
        now: i64,
    ) -> Result<(), Refusal> {
        let der = certificate::der(certificate).map_err(|_| Refusal::SignerUntrusted)?;
        match self.pinned.iter().find(|pinned| pinned.der == der) {
            Some(pinned) => pinned.alone.verify(certificate, &[], now)?,
            None => self.anchors.verify(certificate, untrusted, now)?,
        }
        if has_invalid_extensions(certificate) {
            return Err(Refusal::SignerUntrusted);
        }
        // A CA's key signs certificates. Where it signs this too, its certificate is named for it.
        if is_ca(certificate) && !self.pinned.iter().any(|pinned| pinned.der == der) {
            return Err(Refusal::SignerIsCa);
        }
        check_usage(certificate)?;
        self.check_name(certificate)
    }

    fn check_name(&self, certificate: &X509Ref) -> Result<(), Refusal> {
        // Without names, all that a CA issues would be believed.
        let none_needed = self.names.is_empty() && !self.has_ca;
        if none_needed || self.names.iter().any(|name| name.is_of(certificate)) {
            Ok(())
        } else {
            Err(Refusal::SignerName)
        }
    }
}

fn check_usage(certificate: &X509Ref) -> Result<(), Refusal> {
    let key_usage =
        certificate.key_usage().is_none_or(|usage| usage.contains(X509KeyUsage::DIGITAL_SIGNATURE));
    let extended = certificate.extended_key_usage().is_none_or(|usage| {
        usage.intersects(X509ExtendedKeyUsage::SSL_SERVER | X509ExtendedKeyUsage::SSL_CLIENT)
    });
    if key_usage && extended { Ok(()) } else { Err(Refusal::SignerUsage) }
}

impl Pinned {
    fn new(anchor: &X509) -> Result<Self, Error> {
        let der = certificate::der(anchor)?;
        Certificate::read(&der).map_err(|_| Error::FileMalformed)?;
        let alone = Anchors::new(std::slice::from_ref(anchor), None);
        Ok(Self {
            certificate: anchor.clone(),
            der,
            alone: alone.map_err(|_| Error::FileMalformed)?,
        })
    }
}
