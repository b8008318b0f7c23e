// SPDX-License-Identifier: Apache-2.0

//! Certificate revocation lists (RFC 5280 section 5).

use std::path::Path;

use foreign_types::ForeignType;
use openssl::x509::{X509Crl, X509Ref};
use openssl_sys as ffi;

use crate::{
    error::Error,
    file::FileContent,
    identity::Identity,
    rejection::Failure,
    x509::{
        file_kind,
        path::{Anchors, CrlStack, VerifiedPath, unix_time},
        pem,
    },
};

/// The CRLs of a file, for any number of combinations with anchors.
pub struct Crls {
    stack: CrlStack,
    /// Each thisUpdate and nextUpdate, in Unix seconds.
    changes: Vec<i64>,
    identity: Identity,
}

impl Crls {
    /// Reads PEM CRLs.
    ///
    /// # Errors
    ///
    /// [`Error::CrlFileMalformed`], [`Error::CrlFileNoCrl`], and others that name what the text is
    /// instead
    pub fn from_pem(text: &[u8]) -> Result<Self, Error> {
        Self::new(read(text)?)
    }

    /// As [`Self::from_pem`], of a file.
    ///
    /// # Errors
    ///
    /// [`Error::CrlFileUnreadable`], and as [`Self::from_pem`].
    pub fn from_file(file: &Path) -> Result<Self, Error> {
        Self::from_pem(FileContent::read(file).map_err(|_| Error::CrlFileUnreadable)?.octets())
    }

    pub(crate) fn new(mut crls: Vec<X509Crl>) -> Result<Self, Error> {
        crls.retain(|crl| !is_delta(crl));
        let mut changes = Vec::new();
        for crl in &crls {
            for time in [Some(crl.last_update()), crl.next_update()].into_iter().flatten() {
                changes.push(unix_time(time).map_err(|_| Error::CrlFileMalformed)?);
            }
        }
        let stack = CrlStack::new(crls).map_err(|_| Error::CrlFileMalformed)?;
        Ok(Self { stack, changes, identity: Identity::new() })
    }

    pub(crate) fn all(&self) -> &CrlStack {
        &self.stack
    }

    /// The first second after `now` in which another of them, or one less, is in force. Before it
    /// they say what they say at `now`.
    fn next_change(&self, now: i64) -> i64 {
        self.changes.iter().copied().filter(|change| *change > now).min().unwrap_or(i64::MAX)
    }

    /// Whether nothing is revoked at `now`, in Unix seconds, on the path of this certificate, which
    /// `anchors` verified. The path ends where the CRLs may say something else.
    pub(crate) fn check(
        &self,
        anchors: &Anchors,
        certificate: &X509Ref,
        path: VerifiedPath,
        now: i64,
    ) -> Result<VerifiedPath, Failure> {
        // An anchor has no need of a CRL.
        if path.issuers.is_empty() {
            return Ok(path);
        }
        anchors.check_crls(certificate, &path, &self.stack, now)?;
        Ok(VerifiedPath { end: path.end.min(self.next_change(now)), ..path })
    }

    pub(crate) fn identity(&self) -> Identity {
        self.identity
    }
}

/// Whether a CRL says only what has changed since another (RFC 5280 section 5.2.4). Alone it says
/// nothing, but OpenSSL up to 3.0.19 takes it for a whole one.
fn is_delta(crl: &X509Crl) -> bool {
    // SAFETY: a valid CRL.
    unsafe { ffi::X509_CRL_get_ext_by_NID(crl.as_ptr(), ffi::NID_delta_crl, -1) >= 0 }
}

/// The CRLs of a PEM text, at least one that is no delta. Which of them counts for a certificate,
/// OpenSSL decides at verification: never an indirect one, or one for some reasons only.
fn read(text: &[u8]) -> Result<Vec<X509Crl>, Error> {
    let mut crls = Vec::new();
    for block in pem::blocks(text).map_err(|_| Error::CrlFileMalformed)? {
        if block.label == b"X509 CRL" {
            let crl = X509Crl::from_pem(block.pem).map_err(|_| Error::CrlFileMalformed)?;
            // RFC 5280 section 5.1.2.5 wants it; to OpenSSL a CRL without it is good for ever.
            if crl.next_update().is_none() {
                return Err(Error::CrlFileMalformed);
            }
            crls.push(crl);
        }
    }
    if crls.is_empty() {
        return Err(file_kind::name(text).unwrap_or(Error::CrlFileNoCrl));
    }
    if crls.iter().all(is_delta) { Err(Error::CrlFileNoCrl) } else { Ok(crls) }
}
