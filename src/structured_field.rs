// SPDX-License-Identifier: Apache-2.0

//! The parts of RFC 8941 that RFC 9440 needs, and the base64 in them.

use base64::{Engine, engine::general_purpose::STANDARD};

/// Base64, RFC 4648 section 4, padded, one line.
pub(crate) fn base64(bytes: &[u8]) -> String {
    let mut output = String::with_capacity(base64_length(bytes.len()));
    STANDARD.encode_string(bytes, &mut output);
    output
}

/// The length of [`base64()`] of so many bytes.
pub(crate) fn base64_length(bytes: usize) -> usize {
    bytes.div_ceil(3).saturating_mul(4)
}

/// A Byte Sequence, RFC 8941 section 4.1.8.
pub(crate) fn byte_sequence(bytes: &[u8]) -> String {
    let mut output = String::with_capacity(byte_sequence_length(bytes.len()));
    write_byte_sequence(&mut output, bytes);
    output
}

/// The length of [`byte_sequence`] of so many bytes.
pub(crate) fn byte_sequence_length(bytes: usize) -> usize {
    base64_length(bytes).saturating_add(2)
}

/// A List of Byte Sequences, RFC 8941 section 4.1.1.
pub(crate) fn list(members: &[Vec<u8>]) -> String {
    let mut output = String::new();
    for member in members {
        if !output.is_empty() {
            output.push_str(", ");
        }
        write_byte_sequence(&mut output, member);
    }
    output
}

fn write_byte_sequence(output: &mut String, bytes: &[u8]) {
    output.push(':');
    STANDARD.encode_string(bytes, output);
    output.push(':');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rfc4648_section_10() {
        for (bytes, encoded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(bytes.as_bytes()), encoded);
            assert_eq!(byte_sequence(bytes.as_bytes()), format!(":{encoded}:"));
        }
    }

    #[test]
    fn empty_list_is_empty() {
        assert_eq!(list(&[]), "");
    }

    proptest! {
        #[test]
        fn openssl_decodes_what_is_encoded(bytes: Vec<u8>) {
            let encoded = base64(&bytes);
            prop_assert_eq!(encoded.len(), base64_length(bytes.len()));
            prop_assert_eq!(encoded.capacity(), encoded.len());
            prop_assert_eq!(openssl::base64::encode_block(&bytes), &encoded[..]);
            let sequence = byte_sequence(&bytes);
            prop_assert_eq!(sequence.len(), byte_sequence_length(bytes.len()));
            prop_assert_eq!(sequence, format!(":{encoded}:"));
        }

        #[test]
        fn list_is_split_again(members: Vec<Vec<u8>>) {
            let list = list(&members);
            let read: Vec<Vec<u8>> = list
                .split(", ")
                .filter(|member| !member.is_empty())
                .map(|member| {
                    let inner = member.strip_prefix(':').unwrap().strip_suffix(':').unwrap();
                    STANDARD.decode(inner).unwrap()
                })
                .collect();
            prop_assert_eq!(read, members);
        }
    }
}
