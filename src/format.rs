//! c
use crate::client::Client;
/// s
pub enum SignedFormat {
    /// c
    Cms,
    /// c
    CmsSf,
}
/// s
pub enum CertificateFormat {
    /// s
    Rfc9440,
}
impl SignedFormat {
    pub(crate) fn encode(self, _: &[u8]) -> String {
        String::new()
    }
}
impl CertificateFormat {
    pub(crate) fn encode(self, _: &Client) -> String {
        String::new()
    }
}
