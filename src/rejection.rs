// SPDX-License-Identifier: Apache-2.0

//! Why a header's value is not accepted, each with its reason in words.

use std::{ffi::CStr, fmt};

use openssl::error::ErrorStack;

use crate::{
    der::Malformed,
    error::Error,
    openssl::{ReadError, describe},
    printable::printable,
};

/// Why a value is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rejection {
    /// It is not what the format has.
    Malformed(MalformedValue),
    /// It is well formed, but not to be believed.
    Refused(Refusal),
    /// Whether it is to be believed could not be found out: the fault is on this side.
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

/// What is wrong with the form of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MalformedValue {
    /// There is none.
    Empty,
    /// It is longer than 65536 bytes.
    TooLong,
    /// It is not base64 as RFC 4648 section 4 has it.
    Base64,
    /// It is not one Byte Sequence, RFC 8941 section 3.3.5.
    ByteSequence,
    /// It is not DER, or not the fields that its type has.
    Der,
    /// It is BER, where DER is wanted.
    Ber,
    /// Octets follow the end.
    Trailing,
    /// The ContentInfo is not one of SignedData.
    NotSignedData,
    /// The version of the SignedData or of the SignerInfo is not 1.
    Version,
    /// There is not one digest algorithm, the same in both places, of the SHA-2 family.
    DigestAlgorithm,
    /// The eContentType is not id-data.
    ContentType,
    /// The content is absent.
    Detached,
    /// The content is not exactly one certificate, in the octets that OpenSSL writes for it.
    Content,
    /// The content was changed as text is when it is signed.
    TextMode,
    /// There are more than 8 certificates, or the field is there and empty.
    CertificateCount,
    /// A certificate of the signer's is not one in DER, or they are not in SET OF order.
    Certificates,
    /// There are CRLs.
    Crls,
    /// There is not exactly one signer.
    Signers,
    /// The signer is not identified by issuer and serial number.
    SignerIdentifier,
    /// There are no signed attributes.
    NoSignedAttributes,
    /// contentType, messageDigest or signingTime is missing.
    AttributeMissing,
    /// A signed attribute is there twice.
    AttributeTwice,
    /// A signed attribute has not one value, or one that its type does not allow.
    AttributeMalformed,
    /// The signed attributes are not in SET OF order.
    AttributesUnsorted,
    /// There are unsigned attributes.
    UnsignedAttributes,
    /// The signature algorithm is not one of the profile.
    SignatureAlgorithm,
}

/// Why a value is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// Not exactly one certificate at hand is the one that the signer's identifier names.
    SignerUnknown,
    /// The signer is not the TLS peer.
    SignerNotPeer,
    /// The signer's certificate does not lead to an anchor.
    SignerUntrusted,
    /// The signer's certificate has expired.
    SignerExpired,
    /// The signer's certificate is not valid yet.
    SignerNotYetValid,
    /// A certificate above the signer's is outside its validity.
    ChainOutsideValidity,
    /// A key or a signature on the signer's chain is below OpenSSL's security level 2.
    ChainWeak,
    /// The signer's key is not of a type that the profile has.
    SignerKeyUnsupported,
    /// The signer's RSA key has fewer than 2048 bits.
    SignerKeyTooSmall,
    /// Another certificate in the value has a key of a type that the profile has not.
    CertificateKeyUnsupported,
    /// The signer has none of the names that are trusted.
    SignerName,
    /// The signer's certificate is for other uses.
    SignerUsage,
    /// The signer's certificate is a CA's, and not an anchor itself.
    SignerIsCa,
    /// A certificate on the signer's chain is revoked.
    SignerRevoked,
    /// There is no CRL for a certificate on the signer's chain.
    CrlMissing,
    /// The CRL for a certificate on the signer's chain is out of date.
    CrlOutOfDate,
    /// The CRL for a certificate on the signer's chain is not its issuer's, or not understood.
    CrlInvalid,
    /// Digest, signature algorithm and the signer's key do not go together.
    AlgorithmMismatch,
    /// The contentType attribute is unlike the eContentType.
    ContentTypeMismatch,
    /// The messageDigest attribute is not the digest of the content.
    DigestMismatch,
    /// The signingCertificateV2 attribute names another certificate, or one that is not on the path.
    SigningCertificateMismatch,
    /// The CMSAlgorithmProtection attribute names other algorithms.
    AlgorithmProtectionMismatch,
    /// The signature is wrong.
    BadSignature,
    /// The signingTime is too long ago.
    Stale,
    /// The signingTime lies in the future.
    FromTheFuture,
    /// The client's certificate has expired.
    ClientExpired,
    /// The client's certificate is not valid yet.
    ClientNotYetValid,
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

    /// The reason, fit for a line of an error log.
    #[must_use]
    pub const fn reason(self) -> &'static CStr {
        match self {
            Self::Empty => {
                c"the header is empty (some proxies send it so for a client without a certificate)"
            }
            Self::TooLong => c"the value is longer than 65536 bytes",
            Self::Base64 => c"the value is not base64 (RFC 4648 section 4)",
            Self::ByteSequence => c"the value is not a Byte Sequence (RFC 8941)",
            Self::Der => c"the value is not strict DER of the type expected",
            Self::Ber => c"the value is BER, not DER",
            Self::Trailing => c"the value goes on after its end",
            Self::NotSignedData => c"the value is CMS, but not SignedData",
            Self::Version => c"the version of the SignedData or SignerInfo is not 1",
            Self::DigestAlgorithm => {
                c"there is not one digest algorithm, the same in both places: SHA-256, SHA-384 or SHA-512"
            }
            Self::ContentType => c"the type of the signed content is not id-data",
            Self::Detached => c"the signed content is detached",
            Self::Content => c"the content is not exactly one certificate as OpenSSL writes it",
            Self::TextMode => {
                c"the content was signed as text, which changes it (openssl cms -sign without -binary)"
            }
            Self::CertificateCount => c"there are more than 8 certificates, or the field is empty",
            Self::Certificates => {
                c"one of the signer's certificates is malformed, or they are not in SET OF order"
            }
            Self::Crls => c"there are CRLs in the value",
            Self::Signers => c"there is not exactly one signer",
            Self::SignerIdentifier => {
                c"the signer is not identified by issuer and serial number"
            }
            Self::NoSignedAttributes => c"there are no signed attributes",
            Self::AttributeMissing => {
                c"one of the attributes contentType, messageDigest and signingTime is missing"
            }
            Self::AttributeTwice => c"a signed attribute is there twice",
            Self::AttributeMalformed => {
                c"a signed attribute has not exactly one value, or not one of its type in DER"
            }
            Self::AttributesUnsorted => c"the signed attributes are not in SET OF order",
            Self::UnsignedAttributes => c"there are unsigned attributes",
            Self::SignatureAlgorithm => c"the signature algorithm is not one of the profile",
        }
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

    /// The reason, fit for a line of an error log.
    #[must_use]
    pub const fn reason(self) -> &'static CStr {
        match self {
            Self::SignerUnknown => {
                c"the signer's identifier does not name exactly one certificate at hand"
            }
            Self::SignerNotPeer => c"the signer is not the TLS peer of this connection",
            Self::SignerUntrusted => c"the signer's certificate does not lead to a trust anchor",
            Self::SignerExpired => c"the signer's certificate has expired",
            Self::SignerNotYetValid => c"the signer's certificate is not valid yet",
            Self::ChainOutsideValidity => {
                c"an issuer on the signer's chain has expired or is not valid yet"
            }
            Self::ChainWeak => {
                c"a key or a signature on the signer's chain is below security level 2"
            }
            Self::SignerKeyUnsupported => {
                c"the type of the signer's key is not supported (RSA up to 8192 bits, P-256, P-384, P-521 and Ed25519 are)"
            }
            Self::SignerKeyTooSmall => c"the signer's RSA key is smaller than 2048 bits",
            Self::CertificateKeyUnsupported => {
                c"the type of a key beside the signer's is not supported (RSA up to 8192 bits, P-256, P-384, P-521 and Ed25519 are)"
            }
            Self::SignerName => c"the signer's certificate has none of the trusted names",
            Self::SignerUsage => {
                c"the signer's certificate is not for digital signatures of a TLS server or client"
            }
            Self::SignerIsCa => {
                c"the signer's certificate is that of a CA which is no trust anchor itself"
            }
            Self::SignerRevoked => c"a certificate on the signer's chain is revoked",
            Self::CrlMissing => c"there is no CRL for a certificate on the signer's chain",
            Self::CrlOutOfDate => {
                c"the CRL for a certificate on the signer's chain is out of date"
            }
            Self::CrlInvalid => {
                c"the CRL for a certificate on the signer's chain is not valid"
            }
            Self::AlgorithmMismatch => {
                c"the digest, the signature algorithm and the signer's key do not go together"
            }
            Self::ContentTypeMismatch => {
                c"the contentType attribute is unlike the type of the content"
            }
            Self::DigestMismatch => {
                c"the messageDigest attribute is not the digest of the content"
            }
            Self::SigningCertificateMismatch => {
                c"the signingCertificateV2 attribute names another certificate, or one that is not on the path"
            }
            Self::AlgorithmProtectionMismatch => {
                c"the CMSAlgorithmProtection attribute names other algorithms"
            }
            Self::BadSignature => c"the signature is wrong",
            Self::Stale => c"the signature is too old",
            Self::FromTheFuture => c"the signature is from the future",
            Self::ClientExpired => c"the client certificate has expired",
            Self::ClientNotYetValid => c"the client certificate is not valid yet",
        }
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
