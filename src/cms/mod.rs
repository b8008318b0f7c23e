// SPDX-License-Identifier: Apache-2.0

//! The SignedData that goes into the header: RFC 5652 in one profile.
//!
//! ContentInfo id-signedData; SignedData v1 with the DER client certificate as id-data; one
//! SignerInfo v1 with issuerAndSerialNumber and the five attributes of [`SignedAttributes`]; no
//! crls, no unsigned attributes. What depends on the signer alone is encoded once, when it is made.

pub(crate) mod algorithm;
pub(crate) mod signature;

/// The most certificates in a SignedData that is made or read.
pub(crate) const MAX_CERTIFICATES: usize = 8;

/// Which of the signer's certificates go into the SignedData.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignerCerts {
    /// The signer's certificate and its intermediates, never the root.
    Chain,
    /// The signer's certificate alone.
    Signer,
    /// None; the field is absent.
    None,
}

/// Contents of OBJECT IDENTIFIERs.
pub(crate) mod oid {
    pub(crate) const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
    pub(crate) const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
    pub(crate) const CONTENT_TYPE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 3];
    pub(crate) const MESSAGE_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 4];
    pub(crate) const SIGNING_TIME: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 5];
    pub(crate) const ALGORITHM_PROTECTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 52];
    pub(crate) const SIGNING_CERTIFICATE_V2: &[u8] =
        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 2, 47];
}
