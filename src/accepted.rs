// SPDX-License-Identifier: Apache-2.0

//! Values that were verified.

use std::{any::Any, sync::OnceLock};

use openssl::x509::{X509, X509Ref};

use crate::client::Client;

/// What a value says that was verified: whose certificate, by whom, when. Nothing but a
/// verification makes one.
#[derive(Debug)]
pub struct Accepted {
    client: Client,
    signer: X509,
    signing_time: Option<i64>,
    end: i64,
    attachment: OnceLock<Attachment>,
}

/// What somebody made of an accepted value, to be found with it.
pub type Attachment = Box<dyn Any + Send + Sync>;

impl Accepted {
    /// `end` is the first second, in Unix time, for which it may no longer be true.
    pub(crate) fn new(client: Client, signer: X509, signing_time: Option<i64>, end: i64) -> Self {
        Self { client, signer, signing_time, end, attachment: OnceLock::new() }
    }

    /// The client, to be signed for again; without a chain, for nobody has signed one.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The client's certificate as OpenSSL has it, but for its key, which it may not have. With the
    /// key it is the client's own to give, and takes longer than verifying a value.
    #[must_use]
    pub fn keyless_certificate(&self) -> &X509Ref {
        self.client.keyless_certificate()
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

    /// What is attached.
    #[must_use]
    pub fn attachment(&self) -> Option<&Attachment> {
        self.attachment.get()
    }

    /// Attaches something, which goes when this goes. Where something is attached already, that
    /// stays, and what came is dropped. Returns what is attached.
    pub fn attach(&self, attachment: Attachment) -> &Attachment {
        self.attachment.get_or_init(|| attachment)
    }
}
