// SPDX-License-Identifier: Apache-2.0

//! Choices that come from C as numbers, any number, and are checked here.

use super::result::ClientCertResult;
use crate::{
    format::{Row, UnsignedFormat, Writer, signed::SignedFormat},
    sign::signer::SignerCerts,
};

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

pub(super) fn format(number: u32) -> Result<&'static Row, ClientCertResult> {
    Row::of(number).ok_or(ClientCertResult::InvalidParameter)
}

pub(super) fn signed_format(number: u32) -> Result<SignedFormat, ClientCertResult> {
    match format(number)?.writer {
        Writer::Signed(format) => Ok(format),
        Writer::Certificate(_) => Err(ClientCertResult::InvalidParameter),
    }
}

pub(super) fn unsigned_format(number: u32) -> Result<UnsignedFormat, ClientCertResult> {
    format(number)?.unsigned().ok_or(ClientCertResult::InvalidParameter)
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
