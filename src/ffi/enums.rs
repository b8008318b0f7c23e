// SPDX-License-Identifier: Apache-2.0

//! Choices that come from C as numbers, any number, and are checked here.

use super::result::ClientCertResult;
use crate::{
    format::{CertificateFormat, SignedFormat},
    sign::signer::SignerCerts,
};

/// How the value of a header is written.
#[repr(C)]
#[derive(Clone, Copy)]
pub enum ClientCertFormat {
    /// Base64 (RFC 4648 section 4, padded, one line) of a DER CMS SignedData (RFC 5652) whose
    /// content is the client's certificate.
    Cms = 0,
    /// The same as an RFC 8941 Byte Sequence: `:base64:`.
    CmsSf = 1,
    /// The client's certificate, unsigned, as a Byte Sequence: RFC 9440 section 2.2.
    Rfc9440 = 2,
    /// The client's certificate, unsigned, as PEM of which every byte is percent-encoded but the
    /// unreserved ones of RFC 3986: nginx's `$ssl_client_escaped_cert`.
    EscapedPem = 3,
    /// The client's certificate, unsigned, as one element of Envoy's X-Forwarded-Client-Cert:
    /// `Hash=…;Cert="…";Subject="…";URI=…;DNS=…`.
    Xfcc = 4,
}

/// Which of the signer's certificates go into the SignedData.
#[repr(C)]
#[derive(Clone, Copy)]
pub enum ClientCertSignerCerts {
    /// The signer's certificate and its intermediates, never the root.
    Chain = 0,
    /// The signer's certificate alone.
    Signer = 1,
    /// None: the field is absent, for a reader that has the signer's certificate.
    None = 2,
}

pub(super) fn signed_format(number: u32) -> Result<SignedFormat, ClientCertResult> {
    const CMS: u32 = ClientCertFormat::Cms as u32;
    const CMS_SF: u32 = ClientCertFormat::CmsSf as u32;
    match number {
        CMS => Ok(SignedFormat::Cms),
        CMS_SF => Ok(SignedFormat::CmsSf),
        _ => Err(ClientCertResult::InvalidParameter),
    }
}

pub(super) fn certificate_format(number: u32) -> Result<CertificateFormat, ClientCertResult> {
    const RFC9440: u32 = ClientCertFormat::Rfc9440 as u32;
    const ESCAPED_PEM: u32 = ClientCertFormat::EscapedPem as u32;
    const XFCC: u32 = ClientCertFormat::Xfcc as u32;
    match number {
        RFC9440 => Ok(CertificateFormat::Rfc9440),
        ESCAPED_PEM => Ok(CertificateFormat::EscapedPem),
        XFCC => Ok(CertificateFormat::Xfcc),
        _ => Err(ClientCertResult::InvalidParameter),
    }
}

pub(super) fn signer_certs(number: u32) -> Result<SignerCerts, ClientCertResult> {
    const CHAIN: u32 = ClientCertSignerCerts::Chain as u32;
    const SIGNER: u32 = ClientCertSignerCerts::Signer as u32;
    const NONE: u32 = ClientCertSignerCerts::None as u32;
    match number {
        CHAIN => Ok(SignerCerts::Chain),
        SIGNER => Ok(SignerCerts::Signer),
        NONE => Ok(SignerCerts::None),
        _ => Err(ClientCertResult::InvalidParameter),
    }
}
