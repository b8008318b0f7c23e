// SPDX-License-Identifier: Apache-2.0

//! What can go wrong, each with its reason in words.

use std::{ffi::CStr, fmt};

/// Why something could not be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Error {
    /// A file that holds a certificate or a key cannot be read.
    FileUnreadable,
    /// A PEM block of a file is damaged, or does not hold what its label says.
    FileMalformed,
    /// A file has no certificate.
    FileNoCertificate,
    /// A file has no private key.
    FileNoKey,
    /// A private key is encrypted; nobody is there to type the pass phrase.
    FileKeyEncrypted,
    /// There is more than one private key.
    FileSeveralKeys,
    /// A file holds a certificate that is not on the signer's chain.
    FileUnrelatedCertificate,
    /// The file is DER, where PEM is wanted.
    FileDer,
    /// The file is PKCS #7, where PEM certificates or CRLs are wanted.
    FilePkcs7,
    /// The file is PKCS #12, where PEM is wanted.
    FilePkcs12,
    /// The file has a TRUSTED CERTIFICATE, whose own limits would not be heeded.
    FileTrustedCertificate,
    /// The file has a CRL, and none of the certificates that are wanted.
    FileIsCrl,
    /// The file has a certificate, and none of the CRLs that are wanted.
    FileIsCertificate,
    /// The file has a request for a certificate, and none of what is wanted.
    FileIsRequest,
    /// The file has a key, and none of what is wanted.
    FileIsKey,
    /// The private key is in OpenSSH's own format.
    FileKeyOpenSsh,
    /// The private key is not the one of the signer's certificate, or what it signs does not verify.
    SignerKeyMismatch,
    /// The signer's key is of a type that the profile does not have.
    SignerKeyUnsupported,
    /// The signer's RSA key has fewer than 2048 bits.
    SignerKeyTooSmall,
    /// The signer and its intermediates are more than 8 certificates.
    SignerChainTooLong,
    /// An intermediate has the issuer and the serial number of the signer, by which values name him.
    SignerAmbiguous,
    /// The signer's certificate has expired.
    SignerExpired,
    /// The signer's certificate is not valid yet.
    SignerNotYetValid,
    /// OpenSSL did not make the signature.
    SigningFailed,
    /// OpenSSL could not verify a signature or a path, for want of memory, say.
    VerificationFailed,
    /// A certificate is not DER as RFC 5280 has it.
    CertificateMalformed,
    /// OpenSSL does not read the client's certificate as it writes it.
    CertificateNotReread,
    /// OpenSSL cannot compare the validity of the client's certificate with any time.
    CertificateTimes,
    /// The client's certificate has expired.
    CertificateExpired,
    /// The client's certificate is not valid yet.
    CertificateNotYetValid,
    /// The client sent no certificate.
    NoCertificate,
    /// The client's certificate was not verified.
    CertificateUnverified,
    /// A name in the client's certificate cannot be written in the format.
    CertificateNotRepresentable,
    /// The value would be longer than 65536 bytes.
    ValueTooLong,
    /// A handshake record is not one, or is of another version.
    HandshakeRecordMalformed,
    /// A handshake record belongs to another client certificate.
    HandshakeRecordMismatch,
    /// A trusted name is not one that a dNSName can be.
    TrustNameMalformed,
    /// The file that holds CRLs cannot be read.
    CrlFileUnreadable,
    /// A PEM block of the file of CRLs is damaged, or a CRL has no nextUpdate.
    CrlFileMalformed,
    /// The file of CRLs has none.
    CrlFileNoCrl,
}

impl Error {
    /// The reason, fit for a line of an error log.
    #[must_use]
    pub const fn reason(self) -> &'static CStr {
        match self {
            Self::FileUnreadable => c"the file cannot be read",
            Self::FileMalformed => c"the file holds a damaged PEM block",
            Self::FileNoCertificate => c"there is no certificate in the file",
            Self::FileNoKey => c"there is no private key in the file",
            Self::FileKeyEncrypted => c"the private key is encrypted, which is not supported",
            Self::FileSeveralKeys => c"there is more than one private key",
            Self::FileUnrelatedCertificate => {
                c"the file holds a certificate that is not on the signer's chain"
            }
            Self::FileDer => c"the file is DER, and PEM is wanted (openssl x509, crl or pkey -inform DER converts it)",
            Self::FilePkcs7 => c"the file is PKCS #7, and PEM certificates or CRLs are wanted (openssl pkcs7 -print_certs)",
            Self::FilePkcs12 => c"the file is PKCS #12, and PEM is wanted (openssl pkcs12 -nodes)",
            Self::FileTrustedCertificate => c"the file has a TRUSTED CERTIFICATE, whose limits would not be heeded (openssl x509 takes them off)",
            Self::FileIsCrl => c"there is a CRL in the file, and no certificate",
            Self::FileIsCertificate => c"there is a certificate in the file, and no CRL",
            Self::FileIsRequest => c"there is a certificate request in the file, and no certificate",
            Self::FileIsKey => c"there is a key in the file, and no certificate or CRL",
            Self::FileKeyOpenSsh => c"the private key is in OpenSSH's own format (ssh-keygen -p -m PEM converts it)",
            Self::SignerKeyMismatch => {
                c"the private key does not match the certificate, or makes signatures that do not verify"
            }
            Self::SignerKeyUnsupported => {
                c"the type of the signer's key is not supported (RSA up to 8192 bits, P-256, P-384, P-521 and Ed25519 are)"
            }
            Self::SignerKeyTooSmall => c"the signer's RSA key is smaller than 2048 bits",
            Self::SignerChainTooLong => {
                c"the signer's certificate and its intermediates are more than 8 certificates"
            }
            Self::SignerAmbiguous => {
                c"an intermediate has the same issuer and serial number as the signer's certificate"
            }
            Self::SignerExpired => c"the signer's certificate has expired",
            Self::SignerNotYetValid => c"the signer's certificate is not valid yet",
            Self::SigningFailed => c"OpenSSL could not make the signature",
            Self::VerificationFailed => c"OpenSSL could not verify the signature",
            Self::CertificateMalformed => c"the certificate is malformed",
            Self::CertificateNotReread => {
                c"OpenSSL does not read the client certificate as it writes it"
            }
            Self::CertificateTimes => {
                c"OpenSSL cannot compare the validity of the client certificate with the time"
            }
            Self::CertificateExpired => c"the client certificate has expired",
            Self::CertificateNotYetValid => c"the client certificate is not valid yet",
            Self::NoCertificate => c"the client sent no certificate",
            Self::CertificateUnverified => c"the client certificate was not verified",
            Self::CertificateNotRepresentable => {
                c"the client certificate holds a name that the format has no way to write, or that cannot be read"
            }
            Self::ValueTooLong => c"the value would be longer than 65536 bytes",
            Self::HandshakeRecordMalformed => c"the handshake record is malformed",
            Self::HandshakeRecordMismatch => {
                c"the handshake record belongs to another client certificate"
            }
            Self::TrustNameMalformed => {
                c"the name is not a DNS name (no wildcards, no addresses, no dot at the end)"
            }
            Self::CrlFileUnreadable => c"the file of CRLs cannot be read",
            Self::CrlFileMalformed => {
                c"the file of CRLs holds a damaged PEM block, or a CRL without nextUpdate"
            }
            Self::CrlFileNoCrl => c"there is no complete CRL in the file of CRLs",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.reason().to_string_lossy())
    }
}

impl std::error::Error for Error {}
