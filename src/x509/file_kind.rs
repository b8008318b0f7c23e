// SPDX-License-Identifier: Apache-2.0

//! What a file holds that has nothing of what it is to hold, for the words of an error.

use crate::{
    asn1::der::{Reader, tag},
    error::Error,
    x509::pem,
};

/// The contents of pkcs-7, RFC 2315: the beginning of each of its types.
const PKCS7: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7];

/// Names what these octets are, in place of PEM with what is wanted. None where that is not known,
/// as with an empty file.
pub(crate) fn name(octets: &[u8]) -> Option<Error> {
    match &*pem::blocks(octets).ok()? {
        [] => name_binary(octets),
        blocks => blocks.iter().find_map(|block| name_block(block.label)),
    }
}

fn name_block(label: &[u8]) -> Option<Error> {
    match label {
        b"PKCS7" | b"PKCS #7 SIGNED DATA" | b"CMS" => Some(Error::FilePkcs7),
        b"X509 CRL" => Some(Error::FileIsCrl),
        b"CERTIFICATE" | b"X509 CERTIFICATE" | b"TRUSTED CERTIFICATE" => {
            Some(Error::FileIsCertificate)
        }
        b"CERTIFICATE REQUEST" | b"NEW CERTIFICATE REQUEST" => Some(Error::FileIsRequest),
        _ if label.ends_with(b"PRIVATE KEY") || label.ends_with(b"PUBLIC KEY") => {
            Some(Error::FileIsKey)
        }
        _ => None,
    }
}

/// PKCS #7 and PKCS #12 are often BER, so their lengths say nothing.
fn name_binary(octets: &[u8]) -> Option<Error> {
    let contents = after_header(octets, tag::SEQUENCE)?;
    if is_pkcs7(contents) {
        return Some(Error::FilePkcs7);
    }
    // RFC 7292 section 4: version 3, and a ContentInfo.
    let authenticated = contents.strip_prefix(&[tag::INTEGER, 1, 3]);
    if authenticated.and_then(|rest| after_header(rest, tag::SEQUENCE)).is_some_and(is_pkcs7) {
        return Some(Error::FilePkcs12);
    }
    let is_der = Reader::only(octets.trim_ascii_end(), tag::SEQUENCE).is_ok()
        || Reader::only(octets, tag::SEQUENCE).is_ok();
    is_der.then_some(Error::FileDer)
}

fn is_pkcs7(octets: &[u8]) -> bool {
    after_header(octets, tag::OID).is_some_and(|contents| contents.starts_with(PKCS7))
}

/// What comes after a tag and a length, which may be indefinite.
fn after_header(octets: &[u8], tag: u8) -> Option<&[u8]> {
    let (&length, rest) = octets.strip_prefix(&[tag])?.split_first()?;
    let long = if length < 0x80 { 0 } else { usize::from(length & 0x7f) };
    rest.get(long..)
}

#[cfg(test)]
mod tests {
    use openssl::{
        pkcs7::{Pkcs7, Pkcs7Flags},
        pkcs12::Pkcs12,
        stack::Stack,
    };

    use super::*;
    use crate::{
        sign::signer::Signer,
        testing::{KeyKind, Leaf},
        verify::trust::TrustAnchors,
    };

    /// A CRL that no CRL need be read of.
    fn block(label: &str) -> Vec<u8> {
        format!("-----BEGIN {label}-----\nMAA=\n-----END {label}-----\n").into_bytes()
    }

    #[test]
    fn each_by_its_name() {
        use Error::*;
        let identity = Leaf::new(KeyKind::P256).self_signed();
        let (certificate, key) = (&identity.certificate, &identity.key);
        let pkcs7 = Pkcs7::sign(certificate, key, &Stack::new().unwrap(), b"x", Pkcs7Flags::BINARY)
            .unwrap();
        let pkcs12 = Pkcs12::builder().pkey(key).cert(certificate).build2("x").unwrap();
        let der = certificate.to_der().unwrap();
        for (name, octets, expected) in [
            ("empty", Vec::new(), None),
            ("words", b"nothing here\n".to_vec(), None),
            ("a certificate in DER", der.clone(), Some(FileDer)),
            ("a certificate in DER, and a line feed", [&der[..], b"\n"].concat(), Some(FileDer)),
            ("a key in DER", key.private_key_to_der().unwrap(), Some(FileDer)),
            ("half of DER", der[..der.len() / 2].to_vec(), None),
            ("PKCS #7 in DER", pkcs7.to_der().unwrap(), Some(FilePkcs7)),
            ("PKCS #7 in PEM", pkcs7.to_pem().unwrap(), Some(FilePkcs7)),
            (
                "PKCS #7 in BER",
                vec![0x30, 0x80, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2],
                Some(FilePkcs7),
            ),
            ("CMS in PEM", block("CMS"), Some(FilePkcs7)),
            ("PKCS #12", pkcs12.to_der().unwrap(), Some(FilePkcs12)),
            ("a CRL", block("X509 CRL"), Some(FileIsCrl)),
            ("a certificate", certificate.to_pem().unwrap(), Some(FileIsCertificate)),
            ("a trusted certificate", block("TRUSTED CERTIFICATE"), Some(FileIsCertificate)),
            ("a request", block("CERTIFICATE REQUEST"), Some(FileIsRequest)),
            ("a private key", key.private_key_to_pem_pkcs8().unwrap(), Some(FileIsKey)),
            ("a public key", key.public_key_to_pem().unwrap(), Some(FileIsKey)),
            ("an unknown block", block("X"), None),
            (
                "parameters before a key",
                [block("EC PARAMETERS"), block("EC PRIVATE KEY")].concat(),
                Some(FileIsKey),
            ),
            ("a block cut off", b"-----BEGIN X509 CRL-----\n".to_vec(), None),
        ] {
            assert_eq!(super::name(&octets), expected, "{name}");
            // And that is the error where a certificate is expected.
            let wanted = [FileIsCertificate, FileTrustedCertificate].map(Some);
            if expected.is_some() && !wanted.contains(&expected) {
                assert_eq!(TrustAnchors::from_pem(&octets).err(), expected, "{name}");
                let signer = Signer::from_pem(&octets, None).err();
                let encoded = name == "parameters before a key";
                assert!(encoded || signer == expected, "{name}: {signer:?}");
            }
        }
        assert_eq!(
            TrustAnchors::from_pem(&block("TRUSTED CERTIFICATE")).err(),
            Some(FileTrustedCertificate)
        );
        // The key is wanted in a file of its own.
        let pem = certificate.to_pem().unwrap();
        let with_key = |key: &[u8]| Signer::from_pem(&pem, Some(key)).err();
        assert_eq!(with_key(&key.private_key_to_der().unwrap()), Some(FileDer));
        assert_eq!(with_key(&pkcs12.to_der().unwrap()), Some(FilePkcs12));
        assert_eq!(with_key(&pem), Some(FileNoKey));
        assert_eq!(with_key(&key.public_key_to_pem().unwrap()), Some(FileNoKey));
        assert_eq!(with_key(&block("OPENSSH PRIVATE KEY")), Some(FileKeyOpenSsh));
        assert_eq!(with_key(b""), Some(FileNoKey));
    }
}
