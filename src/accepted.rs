// SPDX-License-Identifier: Apache-2.0

//! Values that were verified.

use openssl::x509::{X509, X509Ref};

/// What a value says that was verified: whose certificate, by whom, when. Only
/// [`Trust`](crate::trust::Trust) makes one.
#[derive(Debug)]
pub struct Accepted {
    client: X509,
    signer: X509,
    signing_time: Option<i64>,
}

impl Accepted {
    pub(crate) fn new(client: X509, signer: X509, signing_time: Option<i64>) -> Self {
        Self { client, signer, signing_time }
    }

    /// The client's certificate.
    #[must_use]
    pub fn client(&self) -> &X509Ref {
        &self.client
    }

    /// The certificate of the signer, or, where nobody signed, of the TLS peer.
    #[must_use]
    pub fn signer(&self) -> &X509Ref {
        &self.signer
    }

    /// When it was signed, in Unix seconds. `None` where nobody signed.
    #[must_use]
    pub fn signing_time(&self) -> Option<i64> {
        self.signing_time
    }
}
