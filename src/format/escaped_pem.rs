// SPDX-License-Identifier: Apache-2.0

//! A certificate as percent-encoded PEM, as nginx's `$ssl_client_escaped_cert` has it.

use crate::{
    client::Client, error::Error, http::structured_field::base64, x509::pem::certificate_lines,
};

/// The client's certificate.
///
/// # Errors
///
/// Never: the functions of the table have one type.
pub(super) fn value(client: &Client) -> Result<String, Error> {
    Ok(escaped_pem(client.leaf()))
}

/// The PEM of a certificate's DER, every byte but the unreserved ones of RFC 3986 section 2.3
/// percent-encoded, the line end after the last line included.
pub(crate) fn escaped_pem(der: &[u8]) -> String {
    let base64 = base64(der);
    // Three characters of each line end and of the few others that are escaped.
    let mut output = String::with_capacity(base64.len().saturating_add(base64.len() / 4));
    for line in certificate_lines(&base64) {
        escape(&mut output, line);
        escape(&mut output, "\n");
    }
    output
}

fn escape(output: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            ' ' => output.push_str("%20"),
            '\n' => output.push_str("%0A"),
            '+' => output.push_str("%2B"),
            '/' => output.push_str("%2F"),
            '=' => output.push_str("%3D"),
            // Letters, digits and hyphens: there is nothing else in PEM.
            other => output.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use openssl::x509::X509;
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{KeyKind, Leaf};

    fn decode(escaped: &str) -> Vec<u8> {
        let mut bytes = escaped.bytes();
        let mut decoded = Vec::new();
        while let Some(byte) = bytes.next() {
            decoded.push(if byte == b'%' {
                let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            } else {
                byte
            });
        }
        decoded
    }

    #[test]
    fn decoded_it_is_the_pem_that_openssl_writes() {
        for kind in [KeyKind::P256, KeyKind::Rsa(2048)] {
            let certificate = Leaf::new(kind).self_signed().certificate;
            let escaped = escaped_pem(&certificate.to_der().unwrap());
            let decoded = decode(&escaped);
            assert_eq!(decoded, certificate.to_pem().unwrap());
            assert!(X509::from_pem(&decoded).unwrap() == certificate);
        }
    }

    #[test]
    fn last_line_is_full() {
        let escaped = escaped_pem(&[0xff; 48]);
        let line = "%2F".repeat(64);
        assert_eq!(
            escaped,
            format!("-----BEGIN%20CERTIFICATE-----%0A{line}%0A-----END%20CERTIFICATE-----%0A")
        );
    }

    proptest! {
        #[test]
        fn nothing_but_unreserved_bytes_and_escapes(der: Vec<u8>) {
            let escaped = escaped_pem(&der);
            prop_assert!(
                escaped.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte))
            );
        }
    }
}
