// SPDX-License-Identifier: Apache-2.0

//! A certificate as bare base64 of its DER.

use super::{reader::CertificateReader, strict_base64};
use crate::{client::Client, error::Error, http::structured_field::base64};

/// The reader of the format.
pub(super) static READER: CertificateReader =
    CertificateReader { decode: strict_base64::decode, mark: strict_base64::end };

/// The client's certificate: base64 of its DER, RFC 4648 section 4, padded, on one line.
///
/// # Errors
///
/// Never: the functions of the table have one type.
pub(super) fn value(client: &Client) -> Result<String, Error> {
    Ok(base64(client.leaf()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        rejection::MalformedValue,
        testing::{KeyKind, Leaf},
    };

    #[test]
    fn is_the_body_of_pem() {
        for name in ["a", "ab", "abc"] {
            let leaf = Leaf::new(KeyKind::Ed25519).subject(name).serial(7).self_signed();
            let client = Client::new(&leaf.certificate, &[]).unwrap();
            let pem = leaf.certificate_pem();
            let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
            assert_eq!(value(&client).unwrap(), body);
        }
    }

    #[test]
    fn not_read() {
        for (name, value, detail) in [
            ("a space", "TWFu TWFu", "there is white space in it"),
            ("a space at the end", "TWFu ", "there is white space in it"),
            ("a line feed", "TWFu\n", "there is white space in it"),
            ("two values", "TWFu,TWFu", "it is a list, or has parameters"),
            ("two values and a space", "TWFu, TWFu", "there is white space in it"),
            ("a comma", "TWFu,", "it is a list, or has parameters"),
            ("a parameter", "TWFu;a", "it is a list, or has parameters"),
            ("a Byte Sequence", ":TWFu:", "it is a Byte Sequence, or several"),
            ("quotation marks", "\"TWFu\"", "there is something in it that is no digit of base64"),
            ("PEM", "-----BEGIN CERTIFICATE-----", "it is PEM"),
            ("escaped padding", "TQ%3D%3D", "it is percent-encoded"),
            ("the alphabet of URLs", "TW_u", "it has the alphabet for URLs and file names"),
            ("no padding", "TQ", "it is cut off, or its padding is not all there"),
            ("half the padding", "TQ=", "it is cut off, or its padding is not all there"),
            ("padding within", "TQ==TQ==", "there is something in it that is no digit of base64"),
            ("padding too much", "TWFu====", "there is something in it that is no digit of base64"),
            ("stray bits", "TR==", "its padding is wrong, or bits are left over that are not zero"),
            ("nothing", "", "there is none"),
        ] {
            let failure = (READER.decode)(value.as_bytes()).unwrap_err();
            assert_eq!(failure, MalformedValue::Base64.with(detail), "{name}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(der in prop::collection::vec(any::<u8>(), 1..2000)) {
            let value = base64(&der);
            prop_assert_eq!((READER.decode)(value.as_bytes()), Ok(der));
        }

        #[test]
        fn what_is_read_has_one_spelling(value in "[A-D0+/=]{0,12}") {
            if let Ok(der) = (READER.decode)(value.as_bytes()) {
                prop_assert_eq!(base64(&der), value);
            }
        }
    }
}
