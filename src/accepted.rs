// SPDX-License-Identifier: Apache-2.0

//! Values that were verified.

use openssl::x509::{X509, X509Ref};

use crate::{client::Client, rejection::MalformedValue};

/// What a value says that was verified: whose certificate, by whom, when. Only
/// [`Trust`](crate::trust::Trust) makes one.
#[derive(Debug)]
pub struct Accepted {
    client: X509,
    forwarded: Client,
    signer: X509,
    signing_time: Option<i64>,
    end: i64,
}

impl Accepted {
    /// `end` is the first second, in Unix time, for which it may no longer be true.
    ///
    /// Fails when the client's certificate is none that could be forwarded again.
    pub(crate) fn new(
        client: X509,
        signer: X509,
        signing_time: Option<i64>,
        end: i64,
    ) -> Result<Self, MalformedValue> {
        let forwarded = Client::new(&client, &[]).map_err(|_| MalformedValue::Content)?;
        Ok(Self { client, forwarded, signer, signing_time, end })
    }

    /// The client's certificate.
    #[must_use]
    pub fn client(&self) -> &X509Ref {
        &self.client
    }

    /// The same to be signed for again; without a chain, for nobody has signed one.
    #[must_use]
    pub fn forwarded(&self) -> &Client {
        &self.forwarded
    }

    /// The certificate of the signer, or, where nobody signed, of the TLS peer.
    #[must_use]
    pub fn signer(&self) -> &X509Ref {
        &self.signer
    }

    /// The first second, in Unix time, for which it must be verified again: some certificate or
    /// CRL has ended by then, or a CRL begun, or the signature is too old.
    #[must_use]
    pub fn end(&self) -> i64 {
        self.end
    }

    /// When it was signed, in Unix seconds. `None` where nobody signed.
    #[must_use]
    pub fn signing_time(&self) -> Option<i64> {
        self.signing_time
    }
}
