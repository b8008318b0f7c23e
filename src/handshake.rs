//! c
use crate::{client::Client, error::Error};
use openssl::x509::X509Ref;
/// What one full TLS handshake established about the client.
pub struct Handshake {}
impl Handshake {
    pub(crate) fn new(
        _: [u8; 32],
        _: [u8; 32],
        _: Option<&X509Ref>,
        _: &[&X509Ref],
        _: bool,
    ) -> Result<Self, Error> {
        Err(Error::SigningFailed)
    }
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        Vec::new()
    }
    pub(crate) fn from_bytes(_: &[u8], _: Option<&X509Ref>) -> Result<Self, Error> {
        Err(Error::SigningFailed)
    }
    pub(crate) fn vhost(&self) -> &[u8; 32] {
        &[0; 32]
    }
    pub(crate) fn signer_id(&self) -> &[u8; 32] {
        &[0; 32]
    }
    pub(crate) fn client(&self, _: i64) -> Result<&Client, Error> {
        Err(Error::SigningFailed)
    }
}
