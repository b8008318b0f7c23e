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

/// Those that have a bit, 1 << number, in `certs`; the first, which is the default, where none has.
pub(super) fn signer_certs_in_use(certs: u32) -> Result<Vec<SignerCerts>, ClientCertResult> {
    let certs = if certs == 0 { 1 } else { certs };
    let is_used = |number: &u32| certs & 1_u32.wrapping_shl(*number) != 0;
    (0..3).filter(is_used).map(signer_certs).collect()
}
