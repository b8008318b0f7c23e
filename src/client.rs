//! c
use crate::error::Error;
use openssl::x509::X509Ref;
/// A client whose certificate was verified: leaf, chain without the root, identity, validity.
pub struct Client {}
impl Client {
    pub(crate) fn new(_: &X509Ref, _: &[&X509Ref]) -> Result<Self, Error> {
        Err(Error::SigningFailed)
    }
    pub(crate) fn check_validity(&self, _: i64) -> Result<(), Error> {
        Err(Error::SigningFailed)
    }
    pub(crate) fn encode_chain(&self) -> String {
        String::new()
    }
}
