use crate::error::Error;
use openssl::x509::X509Ref;
pub(crate) fn id(der: &[u8]) -> [u8; 32] {
    openssl::sha::sha256(der)
}
pub(crate) fn der(c: &X509Ref) -> Result<Vec<u8>, Error> {
    c.to_der().map_err(|_| Error::CertificateMalformed)
}
