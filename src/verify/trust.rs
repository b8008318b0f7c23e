// SPDX-License-Identifier: Apache-2.0

//! Trust anchors, names and CRLs: what a signer's certificate is verified by.

use std::{collections::HashSet, fmt, path::Path, sync::Arc};

use openssl::{
    error::ErrorStack,
    stack::StackRef,
    x509::{GeneralName, X509, X509ExtendedKeyUsage, X509KeyUsage, X509Ref},
};

use crate::{
    error::Error,
    file::FileContent,
    identity::Identity,
    openssl_ext::{is_fault, with_own_errors},
    printable::Escaped,
    rejection::{Failure, Refusal},
    x509::{
        certificate::{self, Certificate},
        crl::Crls,
        dns_name::DnsName,
        file_kind,
        path::{Anchors, VerifiedPath, has_invalid_extensions, is_ca},
        pem,
        uri::{Uri, uris},
    },
};

/// The trust anchors of a file.
pub struct TrustAnchors {
    pinned: Vec<Pinned>,
    anchors: Anchors,
    has_ca: bool,
    identity: Identity,
}

/// Names, of which a signer must have one in its subjectAltName: a dNSName, or its only URI.
pub struct TrustNames {
    dns_names: HashSet<DnsName>,
    uris: HashSet<Uri>,
    identity: Identity,
}

/// Trust anchors, the names of which a signer must have one, and CRLs.
pub struct Trust {
    anchors: Arc<TrustAnchors>,
    crls: Option<Arc<Crls>>,
    names: Option<Arc<TrustNames>>,
}

/// An anchor as the signer's own certificate.
pub(crate) struct Pinned {
    pub(crate) certificate: X509,
    pub(crate) der: Vec<u8>,
    /// This one alone: whether a pinned certificate is accepted depends on no other anchor and no
    /// CRL.
    alone: Anchors,
}

impl TrustAnchors {
    /// As [`Self::from_pem`], of a file.
    ///
    /// # Errors
    ///
    /// [`Error::FileUnreadable`], and as [`Self::from_pem`].
    pub fn from_file(file: &Path) -> Result<Self, Error> {
        Self::from_pem(FileContent::read(file).map_err(|_| Error::FileUnreadable)?.octets())
    }

    /// Reads PEM certificates, each one an anchor: a CA to whose certificates a path must lead, or
    /// the signer's own certificate, pinned.
    ///
    /// # Errors
    ///
    /// [`Error::FileMalformed`], [`Error::FileNoCertificate`], [`Error::FileTrustedCertificate`], and
    /// others that name what the text is instead
    pub fn from_pem(text: &[u8]) -> Result<Self, Error> {
        let mut anchors = Vec::new();
        for block in pem::blocks(text)? {
            match block.label {
                b"CERTIFICATE" | b"X509 CERTIFICATE" => {
                    anchors.push(X509::from_pem(block.pem).map_err(|_| Error::FileMalformed)?)
                }
                // It limits its own trust, which would not be heeded here.
                b"TRUSTED CERTIFICATE" => return Err(Error::FileTrustedCertificate),
                _ => {}
            }
        }
        if anchors.is_empty() {
            return Err(file_kind::name(text).unwrap_or(Error::FileNoCertificate));
        }
        Self::new(&anchors)
    }

    pub(crate) fn new(anchors: &[X509]) -> Result<Self, Error> {
        Ok(Self {
            pinned: anchors.iter().map(Pinned::new).collect::<Result<_, _>>()?,
            anchors: Anchors::new(anchors).map_err(|_| Error::FileMalformed)?,
            has_ca: anchors.iter().any(|anchor| is_ca(anchor)),
            identity: Identity::new(),
        })
    }

    /// Whether some anchor is a CA. It issues to users too, so names are needed then.
    #[must_use]
    pub fn has_ca(&self) -> bool {
        self.has_ca
    }

    pub(crate) fn pinned(&self) -> &[Pinned] {
        &self.pinned
    }

    pub(crate) fn identity(&self) -> Identity {
        self.identity
    }
}

impl TrustNames {
    /// One with a colon is a URI, compared octet by octet; any other is a dNSName, exact but for
    /// case. Wildcards and addresses are neither.
    ///
    /// # Errors
    ///
    /// [`Error::TrustNameMalformed`], [`Error::TrustUriMalformed`],
    /// [`Error::TrustSpiffeIdMalformed`]
    pub fn new(names: &[&[u8]]) -> Result<Self, Error> {
        let (dns_names, uris) = (HashSet::new(), HashSet::new());
        let mut made = Self { dns_names, uris, identity: Identity::new() };
        names.iter().try_for_each(|name| made.add(name))?;
        Ok(made)
    }

    /// Adds one.
    ///
    /// # Errors
    ///
    /// As [`Self::new`].
    pub fn add(&mut self, name: &[u8]) -> Result<(), Error> {
        if name.contains(&b':') {
            self.uris.insert(Uri::new(name)?);
        } else {
            self.dns_names.insert(DnsName::new(name)?);
        }
        // What was found out by fewer of them is no answer any more.
        self.identity = Identity::new();
        Ok(())
    }

    fn is_empty(&self) -> bool {
        self.dns_names.is_empty() && self.uris.is_empty()
    }

    pub(crate) fn identity(&self) -> Identity {
        self.identity
    }

    /// Whether a certificate has one of them: as a dNSName, letters being the same in either case, or
    /// as its only URI. The common name does not count.
    fn are_of(&self, certificate: &X509Ref) -> bool {
        certificate.subject_alt_names().is_some_and(|names| {
            let mut dns_names = names.iter().filter_map(|name| name.dnsname());
            dns_names.any(|name| self.dns_names.contains(&*name.to_ascii_lowercase()))
                || only_uri(&names).is_some_and(|uri| self.uris.contains(uri))
        })
    }
}

/// The URI of a certificate that has one and no more: a workload has one SPIFFE ID.
fn only_uri(names: &StackRef<GeneralName>) -> Option<&[u8]> {
    let mut uris = uris(names);
    uris.next().filter(|_| uris.next().is_none())
}

impl Trust {
    /// A signer must lead to one of `anchors`, and have one of `names`, if there are any. With
    /// `crls`, each certificate of a path that is no anchor needs one that is up to date.
    #[must_use]
    pub fn new(
        anchors: Arc<TrustAnchors>,
        names: Option<Arc<TrustNames>>,
        crls: Option<Arc<Crls>>,
    ) -> Self {
        Self { anchors, crls, names }
    }

    /// As [`Self::new`], of files.
    ///
    /// # Errors
    ///
    /// As [`TrustAnchors::from_file`], [`TrustNames::new`] and [`Crls::from_file`].
    pub fn from_files(
        file: &Path,
        names: &[&[u8]],
        crl_file: Option<&Path>,
    ) -> Result<Self, Error> {
        let anchors = TrustAnchors::from_file(file)?;
        let names = TrustNames::new(names)?;
        let crls = crl_file.map(Crls::from_file).transpose()?;
        Ok(Self::new(Arc::new(anchors), Some(Arc::new(names)), crls.map(Arc::new)))
    }

    /// Whether there are names.
    #[must_use]
    pub fn has_names(&self) -> bool {
        self.names.as_ref().is_some_and(|names| !names.is_empty())
    }

    pub(crate) fn anchors_identity(&self) -> Identity {
        self.anchors.identity
    }

    pub(crate) fn crls_identity(&self) -> Option<Identity> {
        self.crls.as_ref().map(|crls| crls.identity())
    }

    pub(crate) fn names_identity(&self) -> Option<Identity> {
        self.names.as_ref().map(|names| names.identity())
    }

    pub(crate) fn pinned(&self) -> &[Pinned] {
        &self.anchors.pinned
    }

    /// Whether this certificate is trusted at `now`, in Unix seconds. `untrusted` is where its
    /// issuers are looked for, beside the anchors. The path ends where the outcome no longer
    /// stands.
    pub(crate) fn check(
        &self,
        certificate: &X509Ref,
        untrusted: &[&X509Ref],
        now: i64,
    ) -> Result<VerifiedPath, Failure> {
        self.check_use(certificate)?;
        let path = self.check_path(certificate, untrusted, now)?;
        self.check_revocation(certificate, path, now)
    }

    /// Whether a path leads from `certificate` to an anchor at `now`, in Unix seconds, whatever
    /// the CRLs say.
    pub(crate) fn check_path(
        &self,
        certificate: &X509Ref,
        untrusted: &[&X509Ref],
        now: i64,
    ) -> Result<VerifiedPath, Failure> {
        let der = certificate::der(certificate)?;
        let pinned = self.pin(&der);
        let path = match pinned {
            Some(pinned) => pinned.verify(now)?,
            None => self.anchors.anchors.verify(certificate, untrusted, None, now)?,
        };
        // A CA's key signs certificates. Where it signs this too, its certificate is named for it.
        if is_ca(certificate) && pinned.is_none() {
            return Err(Refusal::SignerIsCa.into());
        }
        Ok(path)
    }

    /// Whether nothing on a path is revoked at `now`, in Unix seconds. A pin has no need of CRLs.
    pub(crate) fn check_revocation(
        &self,
        certificate: &X509Ref,
        path: VerifiedPath,
        now: i64,
    ) -> Result<VerifiedPath, Failure> {
        match &self.crls {
            Some(crls) => crls.check(&self.anchors.anchors, certificate, path, now),
            None => Ok(path),
        }
    }

    /// The anchor that is this very certificate.
    pub(crate) fn pin(&self, der: &[u8]) -> Option<&Pinned> {
        self.pinned().iter().find(|pinned| pinned.der == der)
    }

    /// Whether this certificate can be read, is for such use, and has one of the names. OpenSSL says
    /// no where it had no memory to look, too; only its errors tell that from a refusal.
    pub(crate) fn check_use(&self, certificate: &X509Ref) -> Result<(), Failure> {
        with_own_errors(|| {
            let refused = |refusal| {
                let errors = ErrorStack::get();
                if is_fault(&errors) { errors.into() } else { refusal }
            };
            self.check_extensions(certificate).map_err(refused)
        })
    }

    fn check_extensions(&self, certificate: &X509Ref) -> Result<(), Failure> {
        if has_invalid_extensions(certificate) {
            return Err(Refusal::SignerUntrusted.into());
        }
        check_usage(certificate)?;
        self.check_name(certificate)
    }

    fn check_name(&self, certificate: &X509Ref) -> Result<(), Failure> {
        // Without names, every certificate of a CA would be accepted.
        let none_needed = !self.has_names() && !self.anchors.has_ca;
        if none_needed || self.names.as_ref().is_some_and(|names| names.are_of(certificate)) {
            Ok(())
        } else if !self.has_names() {
            Err(Refusal::SignerName.with("none is trusted here"))
        } else {
            Err(Refusal::SignerName.with(Names(certificate)))
        }
    }
}

/// The names that a certificate has, for a log.
struct Names<'a>(&'a X509Ref);

impl fmt::Display for Names<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(names) = self.0.subject_alt_names() else {
            return formatter.write_str("it has none");
        };
        let dns_names = names.iter().filter_map(|name| name.dnsname()).map(str::as_bytes);
        let mut all = dns_names.chain(uris(&names)).peekable();
        formatter.write_str(if all.peek().is_some() { "it has" } else { "it has none" })?;
        all.enumerate().try_for_each(|(place, name)| {
            let separator = if place == 0 { "" } else { "," };
            write!(formatter, "{separator} {}", Escaped(name))
        })?;
        if uris(&names).nth(1).is_some() {
            formatter.write_str(" (of several URIs none counts)")?;
        }
        Ok(())
    }
}

pub(crate) fn check_usage(certificate: &X509Ref) -> Result<(), Refusal> {
    let key_usage =
        certificate.key_usage().is_none_or(|usage| usage.contains(X509KeyUsage::DIGITAL_SIGNATURE));
    let extended = certificate.extended_key_usage().is_none_or(|usage| {
        usage.intersects(X509ExtendedKeyUsage::SSL_SERVER | X509ExtendedKeyUsage::SSL_CLIENT)
    });
    if key_usage && extended { Ok(()) } else { Err(Refusal::SignerUsage) }
}

impl Pinned {
    /// Whether it is trusted by itself at `now`, in Unix seconds.
    pub(crate) fn verify(&self, now: i64) -> Result<VerifiedPath, Failure> {
        self.alone.verify(&self.certificate, &[], None, now)
    }

    /// What our own reader has of it, as it could when this was made.
    pub(crate) fn fields(&self) -> Option<Certificate<'_>> {
        Certificate::read(&self.der).ok()
    }

    fn new(anchor: &X509) -> Result<Self, Error> {
        let der = certificate::der(anchor)?;
        Certificate::read(&der).map_err(|_| Error::FileMalformed)?;
        let alone = Anchors::new(std::slice::from_ref(anchor));
        Ok(Self {
            certificate: anchor.clone(),
            der,
            alone: alone.map_err(|_| Error::FileMalformed)?,
        })
    }
}
