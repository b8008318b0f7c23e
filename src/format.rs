// SPDX-License-Identifier: Apache-2.0

//! How the value of a header is written.

use crate::{client::Client, error::Error, escaped_pem::escaped_pem, structured_field, xfcc};

/// The formats whose value is a SignedData.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignedFormat {
    /// Base64, RFC 4648 section 4, padded, one line.
    Cms,
    /// A Byte Sequence, RFC 8941 section 3.3.5.
    CmsSf,
}

/// The formats whose value is the certificate, unsigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateFormat {
    /// A Byte Sequence of the DER, RFC 9440 section 2.2.
    Rfc9440,
    /// Percent-encoded PEM, as nginx's `$ssl_client_escaped_cert`.
    EscapedPem,
    /// One element of Envoy's X-Forwarded-Client-Cert.
    Xfcc,
}

impl SignedFormat {
    /// The value of a header with this SignedData in DER.
    #[must_use]
    pub fn encode(self, signed_data: &[u8]) -> String {
        match self {
            Self::Cms => structured_field::base64(signed_data),
            Self::CmsSf => structured_field::byte_sequence(signed_data),
        }
    }

    /// The length of [`Self::encode`] of so many bytes.
    pub(crate) fn length(self, signed_data: usize) -> usize {
        match self {
            Self::Cms => structured_field::base64_length(signed_data),
            Self::CmsSf => structured_field::byte_sequence_length(signed_data),
        }
    }
}

impl CertificateFormat {
    /// The value of a header with this client's certificate.
    ///
    /// # Errors
    ///
    /// [`Error::CertificateNotRepresentable`], [`Error::CertificateMalformed`], of [`Self::Xfcc`]
    /// alone.
    pub fn encode(self, client: &Client) -> Result<String, Error> {
        match self {
            Self::Rfc9440 => Ok(structured_field::byte_sequence(client.leaf())),
            Self::EscapedPem => Ok(escaped_pem(client.leaf())),
            Self::Xfcc => xfcc::element(client),
        }
    }
}

/// The example of RFC 9440, appendix A.
#[cfg(test)]
mod rfc9440 {
    use openssl::x509::X509;

    use super::*;

    const LEAF: &[u8] = include_bytes!("../tests/data/rfc9440/leaf.pem");
    const INTERMEDIATE: &[u8] = include_bytes!("../tests/data/rfc9440/intermediate.pem");
    const ROOT: &[u8] = include_bytes!("../tests/data/rfc9440/root.pem");
    const CLIENT_CERT: &str = include_str!("../tests/data/rfc9440/Client-Cert.value");
    const CLIENT_CERT_CHAIN: &str = include_str!("../tests/data/rfc9440/Client-Cert-Chain.value");

    fn example() -> [X509; 3] {
        [LEAF, INTERMEDIATE, ROOT].map(|pem| X509::from_pem(pem).unwrap())
    }

    #[test]
    fn client_cert() {
        let [leaf, intermediate, root] = example();
        let client = Client::new(&leaf, &[&intermediate, &root]).unwrap();
        assert_eq!(CertificateFormat::Rfc9440.encode(&client).unwrap(), CLIENT_CERT.trim_end());
    }

    #[test]
    fn client_cert_chain_as_published_with_the_root() {
        let [_, intermediate, root] = example().map(|certificate| certificate.to_der().unwrap());
        assert_eq!(structured_field::list(&[intermediate, root]), CLIENT_CERT_CHAIN.trim_end());
    }

    #[test]
    fn client_cert_chain_as_sent_without_the_root() {
        let [leaf, intermediate, root] = example();
        let client = Client::new(&leaf, &[&intermediate, &root]).unwrap();
        let (first, _) = CLIENT_CERT_CHAIN.trim_end().split_once(", ").unwrap();
        assert_eq!(client.encode_chain(), first);
    }
}
