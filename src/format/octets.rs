// SPDX-License-Identifier: Apache-2.0

//! The octets in a value that is not as it should be, for a person to look at. No value is accepted by
//! what is read here.

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

/// Neither padding nor the bits that are left over count.
static LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// What stands between the marks of a PEM block in percent-encoded PEM or an element of Envoy's, or in
/// base64 of whichever alphabet: without what is no digit of it.
pub(crate) fn lenient(value: &[u8]) -> Option<Vec<u8>> {
    let text = unescaped(value);
    let body = match between(&text, b"-----BEGIN", b"-----END") {
        Some(block) => Some(block.get(block.windows(5).position(|window| window == b"-----")?..)?),
        None => None,
    };
    let digits: Vec<u8> = body
        .unwrap_or(&text)
        .iter()
        .filter_map(|octet| match octet {
            b'-' if body.is_none() => Some(b'+'),
            b'_' => Some(b'/'),
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'+' | b'/' => Some(*octet),
            _ => None,
        })
        .collect();
    // One digit alone is less than an octet.
    let whole = match digits.split_last() {
        Some((_, others)) if digits.len() % 4 == 1 => others,
        _ => &digits,
    };
    LENIENT.decode(whole).ok().filter(|octets| !octets.is_empty())
}

/// Decoded once, where there is something to decode.
fn unescaped(value: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((&first, after)) = rest.split_first() {
        let escape = after.first_chunk::<2>().filter(|_| first == b'%');
        let digits = escape.filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(octet) => {
                decoded.push(octet);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                decoded.push(first);
                rest = after;
            }
        }
    }
    decoded
}

fn between<'a>(text: &'a [u8], begin: &[u8], end: &[u8]) -> Option<&'a [u8]> {
    let find = |text: &[u8], mark: &[u8]| text.windows(mark.len()).position(|part| part == mark);
    let body = text.get(find(text, begin)?.checked_add(begin.len())?..)?;
    body.get(..find(body, end).unwrap_or(body.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_the_spelling() {
        let octets = [0x30, 0xfb, 0xff, 0xbe, 0x07];
        for (name, value) in [
            ("strict", "MPv/vgc="),
            ("no padding", "MPv/vgc"),
            ("too much padding", "MPv/vgc==="),
            ("white space", " MPv/\r\n vgc= "),
            ("stray bits", "MPv/vgd="),
            ("the alphabet of URLs", "MPv_vgc"),
            ("a Byte Sequence", ":MPv/vgc=:"),
            ("quoted", "'MPv/vgc='"),
            ("escaped", "MPv%2Fvgc%3D"),
            ("PEM", "-----BEGIN CERTIFICATE-----\nMPv/vgc=\n-----END CERTIFICATE-----\n"),
            ("PEM with spaces", "-----BEGIN CERTIFICATE----- MPv/vgc= -----END CERTIFICATE-----"),
            (
                "an element",
                "Hash=ab;Cert=\"-----BEGIN%20X-----%0AMPv%2Fvgc%3D%0A-----END%20X-----\"",
            ),
            ("a digit too many", "MPv/vgcAA"),
        ] {
            let read = lenient(value.as_bytes()).unwrap();
            assert!(read.starts_with(&octets), "{name}");
        }
        for value in ["", "=", "\u{e9}", "-----BEGIN", "A"] {
            assert_eq!(lenient(value.as_bytes()), None, "{value}");
        }
    }
}
