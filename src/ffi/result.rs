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
