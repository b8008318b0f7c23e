// SPDX-License-Identifier: Apache-2.0

//! The result of every C function that can fail.

use std::ffi::c_char;

use crate::{
    error::Error,
    rejection::{Failure, MalformedValue, Refusal, Rejection},
};

// The enum, the conversions of others to it, and what is known by number, from results.txt.
include!(concat!(env!("OUT_DIR"), "/result.rs"));

impl From<Rejection> for ClientCertResult {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::Malformed(malformed) => malformed.into(),
            Rejection::Refused(refusal) => refusal.into(),
            Rejection::Fault(error) => error.into(),
        }
    }
}

impl From<Failure> for ClientCertResult {
    fn from(failure: Failure) -> Self {
        failure.rejection().into()
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

/// What kind of result it is. The numbers never change.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientCertKind {
    /// CLIENT_CERT_RESULT_OK.
    Ok = 0,
    /// The value is not what its format has: over HTTP, 400.
    Malformed = 1,
    /// The value is well formed, but it, or the client of a handshake, is not acceptable: over
    /// HTTP, 403.
    Refused = 2,
    /// Whether it is acceptable could not be determined, by a fault on this side: over HTTP, 500,
    /// for an administrator to see to.
    Fault = 3,
}

/// What kind of result a function gave that verifies, or client_cert_handshake_client(): whether
/// what came is malformed, refused, or whether that could not be found out.
///
/// `result` is a `client_cert_result`; any other number is a fault.
#[unsafe(no_mangle)]
pub extern "C" fn client_cert_result_kind(result: u32) -> ClientCertKind {
    kind(result)
}

/// The version of the library, such as `0.1.0`. The string is static, NUL-terminated ASCII.
#[unsafe(no_mangle)]
pub extern "C" fn client_cert_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_of_an_error_has_its_message() {
        for &error in Error::ALL {
            assert_eq!(message(ClientCertResult::from(error) as u32), error.reason(), "{error:?}");
        }
        for rejection in rejections() {
            let number = ClientCertResult::from(rejection) as u32;
            assert_eq!(message(number), rejection.reason(), "{rejection:?}");
        }
    }

    #[test]
    fn kinds() {
        use ClientCertKind::{Fault, Malformed, Refused};
        for rejection in rejections() {
            let expected = match rejection {
                Rejection::Malformed(_) => Malformed,
                Rejection::Refused(_) => Refused,
                Rejection::Fault(_) => Fault,
            };
            let number = ClientCertResult::from(rejection) as u32;
            assert_eq!(client_cert_result_kind(number), expected, "{rejection:?}");
        }
        assert_eq!(client_cert_result_kind(0), ClientCertKind::Ok);
        // What client_cert_handshake_client() says of a client.
        for error in [
            Error::NoCertificate,
            Error::CertificateUnverified,
            Error::CertificateExpired,
            Error::CertificateNotYetValid,
        ] {
            let number = ClientCertResult::from(error) as u32;
            assert_eq!(client_cert_result_kind(number), Refused, "{error:?}");
        }
        for number in [
            ClientCertResult::NullParameter as u32,
            ClientCertResult::Panic as u32,
            ClientCertResult::InvalidParameter as u32,
            ClientCertResult::OutOfMemory as u32,
            ClientCertResult::CertificateMalformed as u32,
            ClientCertResult::VerificationFailed as u32,
            599,
            800,
            u32::MAX,
        ] {
            assert_eq!(client_cert_result_kind(number), Fault, "{number}");
        }
    }

    fn rejections() -> impl Iterator<Item = Rejection> {
        let malformed = MalformedValue::ALL.iter().map(|&malformed| malformed.into());
        let faults = [Error::VerificationFailed, Error::CertificateMalformed];
        malformed
            .chain(Refusal::ALL.iter().map(|&refusal| refusal.into()))
            .chain(faults.map(Rejection::from))
    }

    #[test]
    fn messages_fit_a_log_line() {
        for &result in ClientCertResult::ALL {
            let number = result as u32;
            let text = message(number).to_str().unwrap();
            assert!(!text.is_empty() && text.len() < 120 && !text.ends_with('.'), "{text}");
            assert!(text.chars().all(|c| (' '..='~').contains(&c)), "{text}");
            assert!(text.starts_with("OpenSSL") || text.starts_with(|c: char| c.is_lowercase()));
        }
        assert_eq!(message(u32::MAX), c"unknown result");
    }
}
