// SPDX-License-Identifier: Apache-2.0

//! The result of every C function that can fail.

use std::ffi::{CStr, c_char};

use crate::{
    error::Error,
    rejection::{Failure, MalformedValue, Refusal, Rejection},
};

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
    /// The file is DER, where PEM is wanted.
    FileDer = 107,
    /// The file is PKCS #7, where PEM certificates or CRLs are wanted.
    FilePkcs7 = 108,
    /// The file is PKCS #12, where PEM is wanted.
    FilePkcs12 = 109,
    /// The file has a TRUSTED CERTIFICATE, whose own limits would not be heeded.
    FileTrustedCertificate = 110,
    /// The file has a CRL, and none of the certificates that are wanted.
    FileIsCrl = 111,
    /// The file has a certificate, and none of the CRLs that are wanted.
    FileIsCertificate = 112,
    /// The file has a request for a certificate, and none of what is wanted.
    FileIsRequest = 113,
    /// The file has a key, and none of what is wanted.
    FileIsKey = 114,
    /// The private key is in OpenSSH's own format.
    FileKeyOpenSsh = 115,
    /// The private key is not the one of the certificate, or what it signs does not verify.
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
    /// An intermediate has the issuer and the serial number of the signer, by which values name him.
    SignerAmbiguous = 207,
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
    /// The client's certificate holds a name that the format has no way to write, or names that
    /// cannot be read.
    CertificateNotRepresentable = 305,
    /// OpenSSL does not read the client's certificate as it writes it.
    CertificateNotReread = 306,
    /// OpenSSL cannot compare the validity of the client's certificate with any time.
    CertificateTimes = 307,
    /// The value would be longer than 65536 bytes.
    EncodedTooLong = 308,
    /// The bytes are no handshake record, or one of another version.
    HandshakeRecordMalformed = 400,
    /// The handshake record belongs to another client certificate.
    HandshakeRecordMismatch = 401,
    /// A name is not one that a dNSName can be: a wildcard, an address, an empty label.
    TrustNameMalformed = 500,
    /// The file of CRLs cannot be read.
    CrlFileUnreadable = 501,
    /// A PEM block of the file of CRLs is damaged, or a CRL has no nextUpdate.
    CrlFileMalformed = 502,
    /// There is no complete CRL in the file of CRLs.
    CrlFileNoCrl = 503,
    /// It is longer than 65536 bytes.
    ValueTooLong = 600,
    /// It is not base64 as RFC 4648 section 4 has it.
    ValueBase64 = 601,
    /// It is not one Byte Sequence, RFC 8941 section 3.3.5.
    ValueByteSequence = 602,
    /// It is not DER, or not the fields that its type has.
    ValueDer = 603,
    /// Octets follow the end.
    ValueTrailing = 604,
    /// The ContentInfo is not one of SignedData.
    ValueNotSignedData = 605,
    /// The version of the SignedData or of the SignerInfo is not 1.
    ValueVersion = 606,
    /// There is not one digest algorithm, the same in both places, of the SHA-2 family.
    ValueDigestAlgorithm = 607,
    /// The eContentType is not id-data.
    ValueContentType = 608,
    /// The content is absent.
    ValueDetached = 609,
    /// The content is not exactly one certificate, in the octets that OpenSSL writes for it.
    ValueContent = 610,
    /// There are more than 8 certificates, or the field is there and empty.
    ValueCertificateCount = 611,
    /// A certificate of the signer's is not one in DER, or they are not in SET OF order.
    ValueCertificates = 612,
    /// There are CRLs.
    ValueCrls = 613,
    /// There is not exactly one signer.
    ValueSigners = 614,
    /// The signer is not identified by issuer and serial number.
    ValueSignerIdentifier = 615,
    /// There are no signed attributes.
    ValueNoSignedAttributes = 616,
    /// contentType, messageDigest or signingTime is missing.
    ValueAttributeMissing = 617,
    /// A signed attribute is there twice.
    ValueAttributeTwice = 618,
    /// A signed attribute has not one value, or one that its type does not allow.
    ValueAttributeMalformed = 619,
    /// The signed attributes are not in SET OF order.
    ValueAttributesUnsorted = 620,
    /// There are unsigned attributes.
    ValueUnsignedAttributes = 621,
    /// The signature algorithm is not one of the profile.
    ValueSignatureAlgorithm = 622,
    /// There is none.
    ValueEmpty = 623,
    /// It is BER, where DER is wanted.
    ValueBer = 624,
    /// The content was changed as text is when it is signed.
    ValueTextMode = 625,
    /// Not exactly one certificate at hand is the one that the signer's identifier names.
    SignerUnknown = 700,
    /// The signer is not the TLS peer.
    SignerNotPeer = 701,
    /// The signer's certificate does not lead to an anchor.
    SignerUntrusted = 702,
    /// A certificate above the signer's is outside its validity.
    ChainOutsideValidity = 703,
    /// A key or a signature on the signer's chain is below OpenSSL's security level 2.
    ChainWeak = 704,
    /// The signer has none of the names that are trusted.
    SignerName = 705,
    /// The signer's certificate is for other uses.
    SignerUsage = 706,
    /// The signer's certificate is a CA's, and not an anchor itself.
    SignerIsCa = 707,
    /// A certificate on the signer's chain is revoked.
    SignerRevoked = 708,
    /// There is no CRL for a certificate on the signer's chain.
    CrlMissing = 709,
    /// The CRL for a certificate on the signer's chain is out of date.
    CrlOutOfDate = 710,
    /// The CRL for a certificate on the signer's chain is not its issuer's, or not understood.
    CrlInvalid = 711,
    /// Digest, signature algorithm and the signer's key do not go together.
    AlgorithmMismatch = 712,
    /// The contentType attribute is unlike the eContentType.
    ContentTypeMismatch = 713,
    /// The messageDigest attribute is not the digest of the content.
    DigestMismatch = 714,
    /// The signingCertificateV2 attribute names another certificate, or one that is not on the path.
    SigningCertificateMismatch = 715,
    /// The CMSAlgorithmProtection attribute names other algorithms.
    AlgorithmProtectionMismatch = 716,
    /// The signature is wrong.
    BadSignature = 717,
    /// The signingTime is too long ago.
    Stale = 718,
    /// The signingTime lies in the future.
    FromTheFuture = 719,
    /// OpenSSL could not do its part, for want of memory, say.
    VerificationFailed = 720,
    /// Another certificate in the value has a key of a type that the profile has not.
    CertificateKeyUnsupported = 721,
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
            Error::FileDer => Self::FileDer,
            Error::FilePkcs7 => Self::FilePkcs7,
            Error::FilePkcs12 => Self::FilePkcs12,
            Error::FileTrustedCertificate => Self::FileTrustedCertificate,
            Error::FileIsCrl => Self::FileIsCrl,
            Error::FileIsCertificate => Self::FileIsCertificate,
            Error::FileIsRequest => Self::FileIsRequest,
            Error::FileIsKey => Self::FileIsKey,
            Error::FileKeyOpenSsh => Self::FileKeyOpenSsh,
            Error::SignerKeyMismatch => Self::SignerKeyMismatch,
            Error::SignerKeyUnsupported => Self::SignerKeyUnsupported,
            Error::SignerKeyTooSmall => Self::SignerKeyTooSmall,
            Error::SignerChainTooLong => Self::SignerChainTooLong,
            Error::SignerExpired => Self::SignerExpired,
            Error::SignerNotYetValid => Self::SignerNotYetValid,
            Error::SigningFailed => Self::SigningFailed,
            Error::SignerAmbiguous => Self::SignerAmbiguous,
            Error::VerificationFailed => Self::VerificationFailed,
            Error::CertificateMalformed => Self::CertificateMalformed,
            Error::CertificateExpired => Self::CertificateExpired,
            Error::CertificateNotYetValid => Self::CertificateNotYetValid,
            Error::NoCertificate => Self::NoCertificate,
            Error::CertificateUnverified => Self::CertificateUnverified,
            Error::CertificateNotRepresentable => Self::CertificateNotRepresentable,
            Error::CertificateNotReread => Self::CertificateNotReread,
            Error::CertificateTimes => Self::CertificateTimes,
            Error::ValueTooLong => Self::EncodedTooLong,
            Error::HandshakeRecordMalformed => Self::HandshakeRecordMalformed,
            Error::HandshakeRecordMismatch => Self::HandshakeRecordMismatch,
            Error::TrustNameMalformed => Self::TrustNameMalformed,
            Error::CrlFileUnreadable => Self::CrlFileUnreadable,
            Error::CrlFileMalformed => Self::CrlFileMalformed,
            Error::CrlFileNoCrl => Self::CrlFileNoCrl,
        }
    }
}

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

impl From<MalformedValue> for ClientCertResult {
    fn from(malformed: MalformedValue) -> Self {
        match malformed {
            MalformedValue::Empty => Self::ValueEmpty,
            MalformedValue::TooLong => Self::ValueTooLong,
            MalformedValue::Base64 => Self::ValueBase64,
            MalformedValue::ByteSequence => Self::ValueByteSequence,
            MalformedValue::Der => Self::ValueDer,
            MalformedValue::Ber => Self::ValueBer,
            MalformedValue::Trailing => Self::ValueTrailing,
            MalformedValue::NotSignedData => Self::ValueNotSignedData,
            MalformedValue::Version => Self::ValueVersion,
            MalformedValue::DigestAlgorithm => Self::ValueDigestAlgorithm,
            MalformedValue::ContentType => Self::ValueContentType,
            MalformedValue::Detached => Self::ValueDetached,
            MalformedValue::Content => Self::ValueContent,
            MalformedValue::TextMode => Self::ValueTextMode,
            MalformedValue::CertificateCount => Self::ValueCertificateCount,
            MalformedValue::Certificates => Self::ValueCertificates,
            MalformedValue::Crls => Self::ValueCrls,
            MalformedValue::Signers => Self::ValueSigners,
            MalformedValue::SignerIdentifier => Self::ValueSignerIdentifier,
            MalformedValue::NoSignedAttributes => Self::ValueNoSignedAttributes,
            MalformedValue::AttributeMissing => Self::ValueAttributeMissing,
            MalformedValue::AttributeTwice => Self::ValueAttributeTwice,
            MalformedValue::AttributeMalformed => Self::ValueAttributeMalformed,
            MalformedValue::AttributesUnsorted => Self::ValueAttributesUnsorted,
            MalformedValue::UnsignedAttributes => Self::ValueUnsignedAttributes,
            MalformedValue::SignatureAlgorithm => Self::ValueSignatureAlgorithm,
        }
    }
}

impl From<Refusal> for ClientCertResult {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::SignerUnknown => Self::SignerUnknown,
            Refusal::SignerNotPeer => Self::SignerNotPeer,
            Refusal::SignerUntrusted => Self::SignerUntrusted,
            Refusal::SignerExpired => Self::SignerExpired,
            Refusal::SignerNotYetValid => Self::SignerNotYetValid,
            Refusal::ChainOutsideValidity => Self::ChainOutsideValidity,
            Refusal::ChainWeak => Self::ChainWeak,
            Refusal::SignerKeyUnsupported => Self::SignerKeyUnsupported,
            Refusal::SignerKeyTooSmall => Self::SignerKeyTooSmall,
            Refusal::CertificateKeyUnsupported => Self::CertificateKeyUnsupported,
            Refusal::SignerName => Self::SignerName,
            Refusal::SignerUsage => Self::SignerUsage,
            Refusal::SignerIsCa => Self::SignerIsCa,
            Refusal::SignerRevoked => Self::SignerRevoked,
            Refusal::CrlMissing => Self::CrlMissing,
            Refusal::CrlOutOfDate => Self::CrlOutOfDate,
            Refusal::CrlInvalid => Self::CrlInvalid,
            Refusal::AlgorithmMismatch => Self::AlgorithmMismatch,
            Refusal::ContentTypeMismatch => Self::ContentTypeMismatch,
            Refusal::DigestMismatch => Self::DigestMismatch,
            Refusal::SigningCertificateMismatch => Self::SigningCertificateMismatch,
            Refusal::AlgorithmProtectionMismatch => Self::AlgorithmProtectionMismatch,
            Refusal::BadSignature => Self::BadSignature,
            Refusal::Stale => Self::Stale,
            Refusal::FromTheFuture => Self::FromTheFuture,
            Refusal::ClientExpired => Self::CertificateExpired,
            Refusal::ClientNotYetValid => Self::CertificateNotYetValid,
        }
    }
}

/// The words for a number. It comes from C, so it can be any.
pub(super) fn message(result: u32) -> &'static CStr {
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
        107 => Error::FileDer.reason(),
        108 => Error::FilePkcs7.reason(),
        109 => Error::FilePkcs12.reason(),
        110 => Error::FileTrustedCertificate.reason(),
        111 => Error::FileIsCrl.reason(),
        112 => Error::FileIsCertificate.reason(),
        113 => Error::FileIsRequest.reason(),
        114 => Error::FileIsKey.reason(),
        115 => Error::FileKeyOpenSsh.reason(),
        200 => Error::SignerKeyMismatch.reason(),
        201 => Error::SignerKeyUnsupported.reason(),
        202 => Error::SignerKeyTooSmall.reason(),
        203 => Error::SignerChainTooLong.reason(),
        204 => Error::SignerExpired.reason(),
        205 => Error::SignerNotYetValid.reason(),
        206 => Error::SigningFailed.reason(),
        207 => Error::SignerAmbiguous.reason(),
        300 => Error::CertificateMalformed.reason(),
        301 => Error::CertificateExpired.reason(),
        302 => Error::CertificateNotYetValid.reason(),
        303 => Error::NoCertificate.reason(),
        304 => Error::CertificateUnverified.reason(),
        305 => Error::CertificateNotRepresentable.reason(),
        306 => Error::CertificateNotReread.reason(),
        307 => Error::CertificateTimes.reason(),
        308 => Error::ValueTooLong.reason(),
        400 => Error::HandshakeRecordMalformed.reason(),
        401 => Error::HandshakeRecordMismatch.reason(),
        500 => Error::TrustNameMalformed.reason(),
        501 => Error::CrlFileUnreadable.reason(),
        502 => Error::CrlFileMalformed.reason(),
        503 => Error::CrlFileNoCrl.reason(),
        600 => MalformedValue::TooLong.reason(),
        601 => MalformedValue::Base64.reason(),
        602 => MalformedValue::ByteSequence.reason(),
        603 => MalformedValue::Der.reason(),
        604 => MalformedValue::Trailing.reason(),
        605 => MalformedValue::NotSignedData.reason(),
        606 => MalformedValue::Version.reason(),
        607 => MalformedValue::DigestAlgorithm.reason(),
        608 => MalformedValue::ContentType.reason(),
        609 => MalformedValue::Detached.reason(),
        610 => MalformedValue::Content.reason(),
        611 => MalformedValue::CertificateCount.reason(),
        612 => MalformedValue::Certificates.reason(),
        613 => MalformedValue::Crls.reason(),
        614 => MalformedValue::Signers.reason(),
        615 => MalformedValue::SignerIdentifier.reason(),
        616 => MalformedValue::NoSignedAttributes.reason(),
        617 => MalformedValue::AttributeMissing.reason(),
        618 => MalformedValue::AttributeTwice.reason(),
        619 => MalformedValue::AttributeMalformed.reason(),
        620 => MalformedValue::AttributesUnsorted.reason(),
        621 => MalformedValue::UnsignedAttributes.reason(),
        622 => MalformedValue::SignatureAlgorithm.reason(),
        623 => MalformedValue::Empty.reason(),
        624 => MalformedValue::Ber.reason(),
        625 => MalformedValue::TextMode.reason(),
        700 => Refusal::SignerUnknown.reason(),
        701 => Refusal::SignerNotPeer.reason(),
        702 => Refusal::SignerUntrusted.reason(),
        703 => Refusal::ChainOutsideValidity.reason(),
        704 => Refusal::ChainWeak.reason(),
        705 => Refusal::SignerName.reason(),
        706 => Refusal::SignerUsage.reason(),
        707 => Refusal::SignerIsCa.reason(),
        708 => Refusal::SignerRevoked.reason(),
        709 => Refusal::CrlMissing.reason(),
        710 => Refusal::CrlOutOfDate.reason(),
        711 => Refusal::CrlInvalid.reason(),
        712 => Refusal::AlgorithmMismatch.reason(),
        713 => Refusal::ContentTypeMismatch.reason(),
        714 => Refusal::DigestMismatch.reason(),
        715 => Refusal::SigningCertificateMismatch.reason(),
        716 => Refusal::AlgorithmProtectionMismatch.reason(),
        717 => Refusal::BadSignature.reason(),
        718 => Refusal::Stale.reason(),
        719 => Refusal::FromTheFuture.reason(),
        720 => Error::VerificationFailed.reason(),
        721 => Refusal::CertificateKeyUnsupported.reason(),
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

/// What kind of result it is. The numbers never change.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientCertKind {
    /// CLIENT_CERT_RESULT_OK.
    Ok = 0,
    /// The value is not what its format has: over HTTP, 400.
    Malformed = 1,
    /// The value is well formed, but it, or the client of a handshake, is not to be believed: over
    /// HTTP, 403.
    Refused = 2,
    /// Whether it is to be believed could not be found out, by a fault on this side: over HTTP, 500,
    /// for an administrator to see to.
    Fault = 3,
}

/// What kind of result a function gave that verifies, or client_cert_handshake_client(): whether
/// what came is malformed, refused, or whether that could not be found out.
///
/// `result` is a `client_cert_result`; any other number is a fault.
#[unsafe(no_mangle)]
pub extern "C" fn client_cert_result_kind(result: u32) -> ClientCertKind {
    const VERIFICATION_FAILED: u32 = ClientCertResult::VerificationFailed as u32;
    match result {
        0 => ClientCertKind::Ok,
        600..700 => ClientCertKind::Malformed,
        VERIFICATION_FAILED => ClientCertKind::Fault,
        // The signer's key and validity; the client's certificate.
        201 | 202 | 204 | 205 | 301..=304 | 700..800 => ClientCertKind::Refused,
        _ => ClientCertKind::Fault,
    }
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
        Error::FileDer,
        Error::FilePkcs7,
        Error::FilePkcs12,
        Error::FileTrustedCertificate,
        Error::FileIsCrl,
        Error::FileIsCertificate,
        Error::FileIsRequest,
        Error::FileIsKey,
        Error::FileKeyOpenSsh,
        Error::SignerKeyMismatch,
        Error::SignerKeyUnsupported,
        Error::SignerKeyTooSmall,
        Error::SignerChainTooLong,
        Error::SignerExpired,
        Error::SignerNotYetValid,
        Error::SigningFailed,
        Error::SignerAmbiguous,
        Error::VerificationFailed,
        Error::CertificateMalformed,
        Error::CertificateExpired,
        Error::CertificateNotYetValid,
        Error::NoCertificate,
        Error::CertificateUnverified,
        Error::CertificateNotRepresentable,
        Error::CertificateNotReread,
        Error::CertificateTimes,
        Error::ValueTooLong,
        Error::HandshakeRecordMalformed,
        Error::HandshakeRecordMismatch,
        Error::TrustNameMalformed,
        Error::CrlFileUnreadable,
        Error::CrlFileMalformed,
        Error::CrlFileNoCrl,
    ];

    const MALFORMED: &[MalformedValue] = &[
        MalformedValue::Empty,
        MalformedValue::TooLong,
        MalformedValue::Base64,
        MalformedValue::ByteSequence,
        MalformedValue::Der,
        MalformedValue::Ber,
        MalformedValue::Trailing,
        MalformedValue::NotSignedData,
        MalformedValue::Version,
        MalformedValue::DigestAlgorithm,
        MalformedValue::ContentType,
        MalformedValue::Detached,
        MalformedValue::Content,
        MalformedValue::TextMode,
        MalformedValue::CertificateCount,
        MalformedValue::Certificates,
        MalformedValue::Crls,
        MalformedValue::Signers,
        MalformedValue::SignerIdentifier,
        MalformedValue::NoSignedAttributes,
        MalformedValue::AttributeMissing,
        MalformedValue::AttributeTwice,
        MalformedValue::AttributeMalformed,
        MalformedValue::AttributesUnsorted,
        MalformedValue::UnsignedAttributes,
        MalformedValue::SignatureAlgorithm,
    ];

    const REFUSED: &[Refusal] = &[
        Refusal::SignerUnknown,
        Refusal::SignerNotPeer,
        Refusal::SignerUntrusted,
        Refusal::SignerExpired,
        Refusal::SignerNotYetValid,
        Refusal::ChainOutsideValidity,
        Refusal::ChainWeak,
        Refusal::SignerKeyUnsupported,
        Refusal::SignerKeyTooSmall,
        Refusal::CertificateKeyUnsupported,
        Refusal::SignerName,
        Refusal::SignerUsage,
        Refusal::SignerIsCa,
        Refusal::SignerRevoked,
        Refusal::CrlMissing,
        Refusal::CrlOutOfDate,
        Refusal::CrlInvalid,
        Refusal::AlgorithmMismatch,
        Refusal::ContentTypeMismatch,
        Refusal::DigestMismatch,
        Refusal::SigningCertificateMismatch,
        Refusal::AlgorithmProtectionMismatch,
        Refusal::BadSignature,
        Refusal::Stale,
        Refusal::FromTheFuture,
        Refusal::ClientExpired,
        Refusal::ClientNotYetValid,
    ];

    #[test]
    fn number_of_an_error_has_its_message() {
        for &error in CORE {
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
        let malformed = MALFORMED.iter().map(|&malformed| malformed.into());
        let faults = [Error::VerificationFailed, Error::CertificateMalformed];
        malformed
            .chain(REFUSED.iter().map(|&refusal| refusal.into()))
            .chain(faults.map(Rejection::from))
    }

    #[test]
    fn messages_fit_a_log_line() {
        let core = CORE.iter().map(|&error| ClientCertResult::from(error) as u32);
        let rejected = rejections().map(|rejection| ClientCertResult::from(rejection) as u32);
        for number in (0..=4).chain(core).chain(rejected) {
            let text = message(number).to_str().unwrap();
            assert!(!text.is_empty() && text.len() < 120 && !text.ends_with('.'), "{text}");
            assert!(text.chars().all(|c| (' '..='~').contains(&c)), "{text}");
            assert!(text.starts_with("OpenSSL") || text.starts_with(|c: char| c.is_lowercase()));
        }
        assert_eq!(message(u32::MAX), c"unknown result");
    }
}
