// SPDX-License-Identifier: Apache-2.0

//! How the value of a header is written.

use crate::{error::Error, http::structured_field};

mod encode;
pub(crate) mod escaped_pem;
pub(crate) mod xfcc;

/// The longest value that is sent or read, in bytes: more than any server takes in a header.
pub(crate) const MAX_VALUE: usize = 65_536;

/// Checks that a value is one that the other end reads.
pub(crate) fn within_limit(value: String) -> Result<String, Error> {
    if value.len() <= MAX_VALUE { Ok(value) } else { Err(Error::EncodedTooLong) }
}

/// The formats whose value is a SignedData.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignedFormat {
    /// Base64, RFC 4648 section 4, padded, one line.
    Cms,
    /// A Byte Sequence, RFC 8941 section 3.3.5.
    CmsSf,
}

/// The formats whose value is the certificate, unsigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateFormat {
    /// A Byte Sequence of the DER, RFC 9440 section 2.2.
    Rfc9440,
    /// Percent-encoded PEM, as nginx's `$ssl_client_escaped_cert`.
    EscapedPem,
    /// One element of Envoy's X-Forwarded-Client-Cert.
    Xfcc,
}

impl SignedFormat {
    /// The value of a header with this SignedData in DER.
    #[must_use]
    pub fn encode(self, signed_data: &[u8]) -> String {
        match self {
            Self::Cms => structured_field::base64(signed_data),
            Self::CmsSf => structured_field::byte_sequence(signed_data),
        }
    }

    /// The length of [`Self::encode`] of so many bytes.
    pub(crate) fn length(self, signed_data: usize) -> usize {
        match self {
            Self::Cms => structured_field::base64_length(signed_data),
            Self::CmsSf => structured_field::byte_sequence_length(signed_data),
        }
    }
}
