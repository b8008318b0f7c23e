// SPDX-License-Identifier: Apache-2.0

//! The format of a header's value, taken off.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::LONGEST_VALUE;
use crate::{format::SignedFormat, rejection::MalformedValue};

/// The octets of a SignedData.
pub(super) fn signed_data(format: SignedFormat, value: &[u8]) -> Result<Vec<u8>, MalformedValue> {
    match format {
        SignedFormat::Cms => base64(within_limit(value)?),
        SignedFormat::CmsSf => byte_sequence(within_limit(value)?),
    }
}

/// The octets of the certificate that a Client-Cert of RFC 9440 section 2.2 has.
pub(super) fn certificate(value: &[u8]) -> Result<Vec<u8>, MalformedValue> {
    byte_sequence(within_limit(value)?)
}

fn within_limit(value: &[u8]) -> Result<&[u8], MalformedValue> {
    Some(value).filter(|value| value.len() <= LONGEST_VALUE).ok_or(MalformedValue::TooLong)
}

/// RFC 4648 section 4: nothing but its alphabet, all of the padding, and no bits left over that
/// are not zero.
fn base64(value: &[u8]) -> Result<Vec<u8>, MalformedValue> {
    if value.is_empty() {
        return Err(MalformedValue::Base64);
    }
    STANDARD.decode(value).map_err(|_| MalformedValue::Base64)
}

/// RFC 8941 section 3.3.5, without parameters, and with base64 as strict as above.
fn byte_sequence(value: &[u8]) -> Result<Vec<u8>, MalformedValue> {
    let inner = value.strip_prefix(b":").and_then(|rest| rest.strip_suffix(b":"));
    base64(inner.ok_or(MalformedValue::ByteSequence)?)
}
