// SPDX-License-Identifier: Apache-2.0

//! How the value of a format that is not signed is read.

use crate::rejection::Failure;

/// How many characters of a value tell it from others: base64 of 16 to 18 octets, which are the end
/// of the signature in a signed value.
pub(crate) const MARK: usize = 24;

/// What reads the certificate in a value that is not signed. Nothing else in the value counts.
pub(crate) struct CertificateReader {
    /// The octets of the one certificate that a value has, which OpenSSL has not seen yet. The value
    /// is neither empty nor too long.
    pub(super) decode: fn(&[u8]) -> Result<Vec<u8>, Failure>,
    /// Characters by which a value is found among others: those of other certificates hardly have
    /// the same. None where there are none, as in most values that are malformed.
    pub(super) mark: fn(&[u8]) -> Option<&[u8; MARK]>,
}
