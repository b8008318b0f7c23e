// SPDX-License-Identifier: Apache-2.0

//! Base64 as values have it: RFC 4648 section 4, and nothing else.

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::rejection::{Failure, MalformedValue};

/// RFC 4648 section 4: nothing but its alphabet, all of the padding, and no bits left over that
/// are not zero.
pub(super) fn decode(encoded: &[u8]) -> Result<Vec<u8>, Failure> {
    if encoded.is_empty() {
        return Err(MalformedValue::Base64.with("there is none"));
    }
    STANDARD.decode(encoded).map_err(|_| fault(encoded))
}

/// What is wrong with base64 that was not read.
pub(super) fn fault(encoded: &[u8]) -> Failure {
    let has = |octets: &[u8]| encoded.iter().any(|octet| octets.contains(octet));
    let digits = encoded.strip_suffix(b"=").unwrap_or(encoded);
    let digits = digits.strip_suffix(b"=").unwrap_or(digits);
    let is_digit = |octet: &u8| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'/');
    MalformedValue::Base64.with(if encoded.starts_with(b"-----") {
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
    })
}

/// The end of the base64 in a value; `cms-sf` and `rfc9440` have a colon after it.
pub(crate) fn end<const LENGTH: usize>(value: &[u8]) -> Option<&[u8; LENGTH]> {
    value.strip_suffix(b":").unwrap_or(value).last_chunk()
}
