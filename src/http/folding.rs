// SPDX-License-Identifier: Apache-2.0

//! Octets of field names as the most lenient backend reads them.

/// The octets that a token may have beside letters and digits, RFC 9110 section 5.6.2.
const TOKEN_SIGNS: &[u8] = b"!#$%&'*+-.^_`|~";

/// An octet of a token.
pub(crate) fn is_tchar(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || TOKEN_SIGNS.contains(&octet)
}

/// What an octet of a name is to CGI.
pub(crate) fn folded(octet: u8) -> u8 {
    if octet.is_ascii_alphanumeric() { octet.to_ascii_uppercase() } else { b'_' }
}

/// Whether an octet before a name is one that some backend trims: a control, a space, or of a space
/// beyond ASCII.
pub(crate) fn is_trimmed_before(octet: u8) -> bool {
    octet <= b' ' || !octet.is_ascii()
}
