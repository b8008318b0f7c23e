// SPDX-License-Identifier: Apache-2.0

//! Why a header's value is not accepted, each with its reason in words.

use std::{ffi::CStr, fmt};

use openssl::error::ErrorStack;

use crate::{
    asn1::der::Malformed,
    error::Error,
    openssl_ext::{ReadError, describe},
    printable::printable,
};

// MalformedValue and Refusal, and their reasons, from results.txt.
include!(concat!(env!("OUT_DIR"), "/rejection.rs"));

/// Why a value is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rejection {
    /// It is not what the format has.
    Malformed(MalformedValue),
    /// It is well formed, but not acceptable.
    Refused(Refusal),
    /// Whether it is acceptable could not be determined: the fault is on this side.
    Fault(Error),
}

/// The longest detail, in bytes.
const MAX_DETAIL: usize = 380;

/// Why a value is not accepted, with what a log line needs to tell this case from others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    rejection: Rejection,
    detail: Option<Box<str>>,
}

impl Failure {
    /// What it is, without the detail.
    #[must_use]
    pub const fn rejection(&self) -> Rejection {
        self.rejection
    }

    /// What else there is to say: printable ASCII of bounded length, never the value itself.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }
}

impl Rejection {
    /// With a detail. What is not printable ASCII in it is escaped, and a long one is cut off.
    pub(crate) fn with(self, detail: impl fmt::Display) -> Failure {
        let detail = printable(detail, MAX_DETAIL);
        Failure { rejection: self, detail: Some(detail).filter(|detail| !detail.is_empty()) }
    }

    /// The reason, fit for a line of an error log.
    #[must_use]
    pub const fn reason(self) -> &'static CStr {
        match self {
            Self::Malformed(malformed) => malformed.reason(),
            Self::Refused(refusal) => refusal.reason(),
            Self::Fault(error) => error.reason(),
        }
    }
}

impl Rejection {
    /// The name that never changes, for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Malformed(malformed) => malformed.name(),
            Self::Refused(refusal) => refusal.name(),
            Self::Fault(error) => error.name(),
        }
    }
}

impl MalformedValue {
    /// For what OpenSSL did not read.
    pub(crate) fn or_fault(self, error: ReadError) -> Failure {
        match error {
            ReadError::Malformed => self.into(),
            ReadError::Fault(errors) => errors.into(),
        }
    }

    /// As [`Rejection::with`].
    pub(crate) fn with(self, detail: impl fmt::Display) -> Failure {
        Rejection::from(self).with(detail)
    }
}

impl Refusal {
    /// For what OpenSSL did not read.
    pub(crate) fn or_fault(self, error: ReadError) -> Failure {
        match error {
            ReadError::Malformed => self.into(),
            ReadError::Fault(errors) => errors.into(),
        }
    }

    /// As [`Rejection::with`].
    pub(crate) fn with(self, detail: impl fmt::Display) -> Failure {
        Rejection::from(self).with(detail)
    }
}

impl From<MalformedValue> for Rejection {
    fn from(malformed: MalformedValue) -> Self {
        Self::Malformed(malformed)
    }
}

impl From<Refusal> for Rejection {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Error> for Rejection {
    fn from(error: Error) -> Self {
        Self::Fault(error)
    }
}

impl From<Rejection> for Failure {
    fn from(rejection: Rejection) -> Self {
        Self { rejection, detail: None }
    }
}

impl From<MalformedValue> for Failure {
    fn from(malformed: MalformedValue) -> Self {
        Rejection::from(malformed).into()
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Rejection::from(refusal).into()
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Rejection::from(error).into()
    }
}

impl From<Malformed> for Failure {
    fn from(malformed: Malformed) -> Self {
        MalformedValue::from(malformed).into()
    }
}

/// An error of OpenSSL's that says nothing about the value.
impl From<ErrorStack> for Failure {
    fn from(errors: ErrorStack) -> Self {
        Rejection::from(Error::VerificationFailed).with(describe(&errors))
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.reason().to_string_lossy())
    }
}

impl std::error::Error for Rejection {}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rejection.fmt(formatter)?;
        self.detail.iter().try_for_each(|detail| write!(formatter, ": {detail}"))
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_never_change() {
        let name = |rejection: Rejection| rejection.name();
        assert_eq!(name(MalformedValue::Base64.into()), "value-base64");
        assert_eq!(name(MalformedValue::NotSignedData.into()), "value-not-signed-data");
        assert_eq!(name(Refusal::CrlOutOfDate.into()), "crl-out-of-date");
        assert_eq!(name(Error::VerificationFailed.into()), "verification-failed");
    }
}
