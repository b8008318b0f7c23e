// SPDX-License-Identifier: Apache-2.0

//! A certificate as RFC 9440 has it.

use super::{reader::CertificateReader, strict_base64};
use crate::{
    client::Client,
    error::Error,
    http::structured_field::{self, NotByteSequence, read_byte_sequence},
    rejection::{Failure, MalformedValue},
};

/// The reader of the format.
pub(super) static READER: CertificateReader =
    CertificateReader { decode, mark: strict_base64::end };

/// The client's certificate as a Byte Sequence of its DER, RFC 9440 section 2.2.
///
/// # Errors
///
/// Never: the functions of the table have one type.
pub fn value(client: &Client) -> Result<String, Error> {
    Ok(structured_field::byte_sequence(client.leaf()))
}

/// The octets of the certificate that a Client-Cert of RFC 9440 section 2.2 has.
fn decode(value: &[u8]) -> Result<Vec<u8>, Failure> {
    read_byte_sequence(value).map_err(|error| match error {
        NotByteSequence::Item(what) => MalformedValue::ByteSequence.with(what),
        NotByteSequence::Base64 => {
            let encoded = value.split(|octet| *octet == b':').nth(1).unwrap_or_default();
            strict_base64::fault(encoded)
        }
    })
}

/// The example of RFC 9440, appendix A.
#[cfg(test)]
mod tests {
    use openssl::x509::X509;

    use super::*;

    const LEAF: &[u8] = include_bytes!("../../tests/data/rfc9440/leaf.pem");
    const INTERMEDIATE: &[u8] = include_bytes!("../../tests/data/rfc9440/intermediate.pem");
    const ROOT: &[u8] = include_bytes!("../../tests/data/rfc9440/root.pem");
    const CLIENT_CERT: &str = include_str!("../../tests/data/rfc9440/Client-Cert.value");
    const CLIENT_CERT_CHAIN: &str =
        include_str!("../../tests/data/rfc9440/Client-Cert-Chain.value");

    fn example() -> [X509; 3] {
        [LEAF, INTERMEDIATE, ROOT].map(|pem| X509::from_pem(pem).unwrap())
    }

    #[test]
    fn client_cert() {
        let [leaf, intermediate, root] = example();
        let client = Client::new(&leaf, &[&intermediate, &root]).unwrap();
        assert_eq!(value(&client).unwrap(), CLIENT_CERT.trim_end());
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
        assert_eq!(client.encode_chain().unwrap(), first);
    }
}
