//! c
use crate::{client::Client, error::Error, format::SignedFormat};
use openssl::pkey::{PKeyRef, Private};
use openssl::x509::X509Ref;
/// s
pub enum SignerCerts {
    /// s
    Chain,
    /// s
    Signer,
    /// s
    None,
}
/// A certificate, its intermediates and its key, ready to sign.
pub struct Signer {}
impl Signer {
    pub(crate) fn new(_: &X509Ref, _: &PKeyRef<Private>, _: &[&X509Ref]) -> Result<Self, Error> {
        Err(Error::SigningFailed)
    }
    pub(crate) fn id(&self) -> &[u8; 32] {
        &[0; 32]
    }
    pub(crate) fn check_validity(&self, _: i64) -> Result<(), Error> {
        Err(Error::SigningFailed)
    }
    pub(crate) fn value_length(&self, _: SignerCerts, _: SignedFormat, _: usize) -> Option<usize> {
        None
    }
    pub(crate) fn sign(&self, _: SignerCerts, _: &Client, _: i64) -> Result<Vec<u8>, Error> {
        Err(Error::SigningFailed)
    }
}
