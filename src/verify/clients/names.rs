// SPDX-License-Identifier: Apache-2.0

//! What certificates are matched by, before any of them is proven.

use openssl::{
    error::ErrorStack,
    x509::{X509NameRef, X509Ref},
};

use crate::x509::{certificate::Certificate, distinguished_name::folded};

/// The names and key identifiers of a certificate.
#[derive(Clone)]
pub(crate) struct Names {
    /// Folded, as is the issuer.
    pub(super) subject: Vec<u8>,
    pub(super) issuer: Vec<u8>,
    /// The subjectKeyIdentifier.
    key: Option<Vec<u8>>,
    /// The keyIdentifier of the authorityKeyIdentifier.
    issuer_key: Option<Vec<u8>>,
}

impl Names {
    /// Of a certificate that OpenSSL has read.
    pub(super) fn of(certificate: &X509Ref) -> Result<Self, ErrorStack> {
        let name = |name: &X509NameRef| Ok::<_, ErrorStack>(folded(&name.to_der()?));
        Ok(Self {
            subject: name(certificate.subject_name())?,
            issuer: name(certificate.issuer_name())?,
            key: certificate.subject_key_id().map(|key| key.as_slice().to_vec()),
            issuer_key: certificate.authority_key_id().map(|key| key.as_slice().to_vec()),
        })
    }

    /// Of one that it has not.
    pub(super) fn of_fields(fields: &Certificate<'_>) -> Self {
        Self {
            subject: folded(fields.subject),
            issuer: folded(fields.issuer),
            key: fields.subject_key_identifier().map(<[u8]>::to_vec),
            issuer_key: fields.authority_key_identifier().map(<[u8]>::to_vec),
        }
    }

    /// Whether this one may have issued the other: not where each names another key.
    pub(super) fn may_issue(&self, other: &Self) -> bool {
        let keys = other.issuer_key.as_ref().zip(self.key.as_ref());
        self.subject == other.issuer && keys.is_none_or(|(wanted, found)| wanted == found)
    }
}
