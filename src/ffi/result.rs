// SPDX-License-Identifier: Apache-2.0

//! The result of every C function that can fail.

use std::ffi::{CStr, c_char};

use crate::error::Error;

/// How a function ended. The numbers never change.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientCertResult {
    /// It did what it is for.
    Ok = 0,
    /// A pointer was NULL that must not be.
    NullParameter = 1,
    /// The library failed in a way that is a mistake in it. The objects involved can still be
    /// used and freed.
    Panic = 2,
    /// A number is none of those that the parameter can have.
    InvalidParameter = 3,
    /// The caller's allocator returned NULL.
    OutOfMemory = 4,
    /// The file cannot be read.
    FileUnreadable = 100,
    /// A PEM block is damaged, or does not hold what its label says.
    FileMalformed = 101,
    /// There is no certificate.
    FileNoCertificate = 102,
    /// There is no private key.
    FileNoKey = 103,
    /// The private key is encrypted.
    FileKeyEncrypted = 104,
    /// There is more than one private key.
    FileSeveralKeys = 105,
    /// A certificate is not on the signer's chain.
    FileUnrelatedCertificate = 106,
    /// The private key is not the one of the certificate.
    SignerKeyMismatch = 200,
    /// The key is neither RSA, nor P-256, P-384 or P-521, nor Ed25519.
    SignerKeyUnsupported = 201,
    /// The RSA key has fewer than 2048 bits.
    SignerKeyTooSmall = 202,
    /// The signer and its intermediates are more than 8 certificates.
    SignerChainTooLong = 203,
    /// The signer's certificate has expired.
    SignerExpired = 204,
    /// The signer's certificate is not valid yet.
    SignerNotYetValid = 205,
    /// OpenSSL did not make the signature.
    SigningFailed = 206,
    /// The certificate is not DER as RFC 5280 has it.
    CertificateMalformed = 300,
    /// The client's certificate has expired.
    CertificateExpired = 301,
    /// The client's certificate is not valid yet.
    CertificateNotYetValid = 302,
    /// The client sent no certificate.
    NoCertificate = 303,
    /// The client's certificate was not verified.
    CertificateUnverified = 304,
    /// The client's certificate holds a name that the format has no way to write.
    CertificateNotRepresentable = 305,
    /// The bytes are no handshake record, or one of another version.
    HandshakeRecordMalformed = 400,
    /// The handshake record belongs to another client certificate.
    HandshakeRecordMismatch = 401,
}

impl From<Error> for ClientCertResult {
    fn from(error: Error) -> Self {
        match error {
            Error::FileUnreadable => Self::FileUnreadable,
            Error::FileMalformed => Self::FileMalformed,
            Error::FileNoCertificate => Self::FileNoCertificate,
            Error::FileNoKey => Self::FileNoKey,
            Error::FileKeyEncrypted => Self::FileKeyEncrypted,
            Error::FileSeveralKeys => Self::FileSeveralKeys,
            Error::FileUnrelatedCertificate => Self::FileUnrelatedCertificate,
            Error::SignerKeyMismatch => Self::SignerKeyMismatch,
            Error::SignerKeyUnsupported => Self::SignerKeyUnsupported,
            Error::SignerKeyTooSmall => Self::SignerKeyTooSmall,
            Error::SignerChainTooLong => Self::SignerChainTooLong,
            Error::SignerExpired => Self::SignerExpired,
            Error::SignerNotYetValid => Self::SignerNotYetValid,
            Error::SigningFailed => Self::SigningFailed,
            Error::CertificateMalformed => Self::CertificateMalformed,
            Error::CertificateExpired => Self::CertificateExpired,
            Error::CertificateNotYetValid => Self::CertificateNotYetValid,
            Error::NoCertificate => Self::NoCertificate,
            Error::CertificateUnverified => Self::CertificateUnverified,
            Error::CertificateNotRepresentable => Self::CertificateNotRepresentable,
            Error::HandshakeRecordMalformed => Self::HandshakeRecordMalformed,
            Error::HandshakeRecordMismatch => Self::HandshakeRecordMismatch,
        }
    }
}

/// The words for a number. It comes from C, so it can be any.
fn message(result: u32) -> &'static CStr {
    match result {
        0 => c"success",
        1 => c"a parameter is NULL",
        2 => c"internal error",
        3 => c"a parameter has an invalid value",
        4 => c"out of memory",
        100 => Error::FileUnreadable.reason(),
        101 => Error::FileMalformed.reason(),
        102 => Error::FileNoCertificate.reason(),
        103 => Error::FileNoKey.reason(),
        104 => Error::FileKeyEncrypted.reason(),
        105 => Error::FileSeveralKeys.reason(),
        106 => Error::FileUnrelatedCertificate.reason(),
        200 => Error::SignerKeyMismatch.reason(),
        201 => Error::SignerKeyUnsupported.reason(),
        202 => Error::SignerKeyTooSmall.reason(),
        203 => Error::SignerChainTooLong.reason(),
        204 => Error::SignerExpired.reason(),
        205 => Error::SignerNotYetValid.reason(),
        206 => Error::SigningFailed.reason(),
        300 => Error::CertificateMalformed.reason(),
        301 => Error::CertificateExpired.reason(),
        302 => Error::CertificateNotYetValid.reason(),
        303 => Error::NoCertificate.reason(),
        304 => Error::CertificateUnverified.reason(),
        305 => Error::CertificateNotRepresentable.reason(),
        400 => Error::HandshakeRecordMalformed.reason(),
        401 => Error::HandshakeRecordMismatch.reason(),
        _ => c"unknown result",
    }
}

/// What a result means, in words: lower case, no full stop, fit for a line of an error log.
///
/// `result` is a `client_cert_result`; any other number has a message too. The string is
/// static, NUL-terminated ASCII.
#[unsafe(no_mangle)]
pub extern "C" fn client_cert_result_message(result: u32) -> *const c_char {
    message(result).as_ptr()
}

/// The version of the library, such as `0.1.0`. The string is static, NUL-terminated ASCII.
#[unsafe(no_mangle)]
pub extern "C" fn client_cert_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CORE: &[Error] = &[
        Error::FileUnreadable,
        Error::FileMalformed,
        Error::FileNoCertificate,
        Error::FileNoKey,
        Error::FileKeyEncrypted,
        Error::FileSeveralKeys,
        Error::FileUnrelatedCertificate,
        Error::SignerKeyMismatch,
        Error::SignerKeyUnsupported,
        Error::SignerKeyTooSmall,
        Error::SignerChainTooLong,
        Error::SignerExpired,
        Error::SignerNotYetValid,
        Error::SigningFailed,
        Error::CertificateMalformed,
        Error::CertificateExpired,
        Error::CertificateNotYetValid,
        Error::NoCertificate,
        Error::CertificateUnverified,
        Error::CertificateNotRepresentable,
        Error::HandshakeRecordMalformed,
        Error::HandshakeRecordMismatch,
    ];

    #[test]
    fn number_of_an_error_has_its_message() {
        for &error in CORE {
            assert_eq!(message(ClientCertResult::from(error) as u32), error.reason(), "{error:?}");
        }
    }

    #[test]
    fn messages_fit_a_log_line() {
        for number in (0..=4).chain(CORE.iter().map(|&error| ClientCertResult::from(error) as u32))
        {
            let text = message(number).to_str().unwrap();
            assert!(!text.is_empty() && text.len() < 120 && !text.ends_with('.'), "{text}");
            assert!(text.chars().all(|c| (' '..='~').contains(&c)), "{text}");
            assert!(text.starts_with("OpenSSL") || text.starts_with(|c: char| c.is_lowercase()));
        }
        assert_eq!(message(u32::MAX), c"unknown result");
    }
}
