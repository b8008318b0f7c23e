// SPDX-License-Identifier: Apache-2.0

//! The unsigned values of a client.

use crate::{
    client::Client,
    error::Error,
    format::{CertificateFormat, escaped_pem::escaped_pem, within_limit, xfcc},
    http::structured_field,
};

impl CertificateFormat {
    /// The value of a header with this client's certificate.
    ///
    /// # Errors
    ///
    /// [`Error::EncodedTooLong`]; and of [`Self::Xfcc`] alone [`Error::CertificateNotRepresentable`].
    pub fn encode(self, client: &Client) -> Result<String, Error> {
        within_limit(match self {
            Self::Rfc9440 => structured_field::byte_sequence(client.leaf()),
            Self::EscapedPem => escaped_pem(client.leaf()),
            Self::Xfcc => xfcc::element(client)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use openssl::{
        asn1::{Asn1Object, Asn1OctetString},
        x509::X509Extension,
    };

    use super::*;
    use crate::{
        format::{MAX_VALUE, SignedFormat},
        sign::{
            signature_cache::SignatureCache,
            signer::{Signer, SignerCerts},
        },
        testing::{KeyKind, Leaf, NOW},
    };

    /// An extension of so many octets.
    fn extension(octets: usize) -> X509Extension {
        let oid = Asn1Object::from_str("1.2.3.4").unwrap();
        let value = Asn1OctetString::new_from_bytes(&vec![7; octets]).unwrap();
        X509Extension::new_from_der(&oid, false, &value).unwrap()
    }

    /// The longest value of each sort, and one that is a little longer.
    #[test]
    fn longest_value() {
        let own = Leaf::new(KeyKind::Ed25519).self_signed();
        let signer = Signer::new(&own.certificate, &own.key, &[]).unwrap();
        type Encode<'a> = &'a dyn Fn(&Client) -> Result<String, Error>;
        let signed = |format| {
            let (signer, cache) = (&signer, SignatureCache::new(1 << 20));
            move |client: &Client| {
                let value = signer.sign_value(SignerCerts::Signer, client, format, NOW);
                for lifetime in [0, 60] {
                    let certs = SignerCerts::Signer;
                    let again = cache.sign(signer, certs, client, format, NOW, lifetime);
                    assert_eq!(again.map(|signed| signed.value.value().to_owned()), value);
                }
                value
            }
        };
        let certificate = |format: CertificateFormat| move |client: &Client| format.encode(client);
        for (name, encode) in [
            ("cms", &signed(SignedFormat::Cms) as Encode<'_>),
            ("cms-sf", &signed(SignedFormat::CmsSf)),
            ("rfc9440", &certificate(CertificateFormat::Rfc9440)),
            ("escaped-pem", &certificate(CertificateFormat::EscapedPem)),
            ("xfcc", &certificate(CertificateFormat::Xfcc)),
        ] {
            let encode = |length| {
                // All else of it has always the same length.
                let large = Leaf::new(KeyKind::Ed25519).serial(7).extension(extension(length));
                encode(&Client::new(&large.self_signed().certificate, &[]).unwrap())
            };
            // The first length that is too long.
            let (mut good, mut bad) = (1000, 60_000);
            let mut longest = 0;
            while bad - good > 1 {
                let middle = (good + bad) / 2;
                match encode(middle) {
                    Ok(value) => (good, longest) = (middle, value.len()),
                    Err(error) => {
                        assert_eq!(error, Error::EncodedTooLong, "{name}");
                        bad = middle;
                    }
                }
            }
            assert!((MAX_VALUE - 100..=MAX_VALUE).contains(&longest), "{name}: {longest}");
        }
    }

    #[test]
    fn longest_chain() {
        let (root, leaf) = (Leaf::ca("root").self_signed(), Leaf::new(KeyKind::Ed25519));
        let leaf = leaf.self_signed();
        let chain = |octets: usize| {
            let large = Leaf::new(KeyKind::Ed25519).extension(extension(octets)).issued_by(&root);
            Client::new(&leaf.certificate, &[&*large.certificate; 2]).unwrap().encode_chain()
        };
        assert!(chain(23_000).unwrap().len() > 60_000);
        assert_eq!(chain(25_000), Err(Error::EncodedTooLong));
    }
}

/// The example of RFC 9440, appendix A.
#[cfg(test)]
mod rfc9440 {
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
        assert_eq!(client.encode_chain().unwrap(), first);
    }
}
