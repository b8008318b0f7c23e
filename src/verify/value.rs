// SPDX-License-Identifier: Apache-2.0

//! The format of a header's value, taken off.

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::format::limit::MAX_VALUE;
use crate::{
    format::signed::SignedFormat,
    http::structured_field::{NotByteSequence, read_byte_sequence},
    rejection::{Failure, MalformedValue},
};

/// The octets of a SignedData.
pub(super) fn signed_data(format: SignedFormat, value: &[u8]) -> Result<Vec<u8>, Failure> {
    let value = within_limits(value)?;
    let encoded = match format {
        SignedFormat::Cms => value,
        // RFC 8941 section 3.3.5, without parameters, and with base64 as strict as for the other.
        SignedFormat::CmsSf => value
            .strip_prefix(b":")
            .ok_or_else(|| MalformedValue::ByteSequence.with("it does not begin with a colon"))?
            .strip_suffix(b":")
            .ok_or_else(|| MalformedValue::ByteSequence.with("it does not end with a colon"))?,
    };
    base64(encoded)
}

/// The octets of the certificate that a Client-Cert of RFC 9440 section 2.2 has.
pub(super) fn certificate(value: &[u8]) -> Result<Vec<u8>, Failure> {
    let value = within_limits(value)?;
    read_byte_sequence(value).map_err(|error| match error {
        NotByteSequence::Item(what) => MalformedValue::ByteSequence.with(what),
        NotByteSequence::Base64 => {
            let encoded = value.split(|octet| *octet == b':').nth(1).unwrap_or_default();
            MalformedValue::Base64.with(base64_fault(encoded))
        }
    })
}

fn within_limits(value: &[u8]) -> Result<&[u8], MalformedValue> {
    if value.trim_ascii().is_empty() {
        Err(MalformedValue::Empty)
    } else if value.len() > MAX_VALUE {
        Err(MalformedValue::TooLong)
    } else {
        Ok(value)
    }
}

/// RFC 4648 section 4: nothing but its alphabet, all of the padding, and no bits left over that
/// are not zero.
fn base64(encoded: &[u8]) -> Result<Vec<u8>, Failure> {
    if encoded.is_empty() {
        return Err(MalformedValue::Base64.with("there is none"));
    }
    STANDARD.decode(encoded).map_err(|_| MalformedValue::Base64.with(base64_fault(encoded)))
}

/// What is wrong with base64 that was not read.
fn base64_fault(encoded: &[u8]) -> &'static str {
    let has = |octets: &[u8]| encoded.iter().any(|octet| octets.contains(octet));
    let digits = encoded.strip_suffix(b"=").unwrap_or(encoded);
    let digits = digits.strip_suffix(b"=").unwrap_or(digits);
    let is_digit = |octet: &u8| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'/');
    if encoded.starts_with(b"-----") {
        "it is PEM"
    } else if has(b" \t\r\n") {
        "there is white space in it"
    } else if has(b":") {
        "it is a Byte Sequence, or several"
    } else if has(b",;") {
        "it is a list, or has parameters"
    } else if has(b"%") {
        "it is percent-encoded"
    } else if has(b"-_") {
        "it has the alphabet for URLs and file names"
    } else if !digits.iter().all(is_digit) {
        "there is something in it that is no digit of base64"
    } else if encoded.len() % 4 != 0 {
        "it is cut off, or its padding is not all there"
    } else {
        "its padding is wrong, or bits are left over that are not zero"
    }
}
