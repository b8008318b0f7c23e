// SPDX-License-Identifier: Apache-2.0

//! The formats whose value is a SignedData.

use super::{limit::check_size, strict_base64};
use crate::{
    http::structured_field,
    rejection::{Failure, MalformedValue},
};

/// How a SignedData is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignedFormat {
    /// Base64, RFC 4648 section 4, padded, one line.
    Cms,
    /// A Byte Sequence, RFC 8941 section 3.3.5.
    CmsSf,
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

    /// The octets of the SignedData in a value.
    pub(crate) fn read(self, value: &[u8]) -> Result<Vec<u8>, Failure> {
        check_size(value)?;
        let encoded = match self {
            Self::Cms => value,
            // RFC 8941 section 3.3.5, without parameters, and with base64 as strict as for the other.
            Self::CmsSf => value
                .strip_prefix(b":")
                .ok_or_else(|| MalformedValue::ByteSequence.with("it does not begin with a colon"))?
                .strip_suffix(b":")
                .ok_or_else(|| MalformedValue::ByteSequence.with("it does not end with a colon"))?,
        };
        strict_base64::decode(encoded)
    }

    /// The length of [`Self::encode`] of so many bytes.
    pub(crate) fn length(self, signed_data: usize) -> usize {
        match self {
            Self::Cms => structured_field::base64_length(signed_data),
            Self::CmsSf => structured_field::byte_sequence_length(signed_data),
        }
    }
}
