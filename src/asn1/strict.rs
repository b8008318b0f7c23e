// SPDX-License-Identifier: Apache-2.0

//! Whether all of an encoding is DER, down to its leaves. (What an OCTET STRING or a BIT STRING
//! holds is not checked.)

use crate::asn1::der::{Element, Malformed, Reader};

/// The deepest nesting that is followed. A certificate in a SignedData has 9.
const MAX_DEPTH: u32 = 32;

const CLASS: u8 = 0xc0;
const CONSTRUCTED: u8 = 0x20;

/// Tag numbers of the universal class.
mod universal {
    pub(super) const BOOLEAN: u8 = 1;
    pub(super) const INTEGER: u8 = 2;
    pub(super) const BIT_STRING: u8 = 3;
    pub(super) const NULL: u8 = 5;
    pub(super) const OBJECT_IDENTIFIER: u8 = 6;
    pub(super) const EXTERNAL: u8 = 8;
    pub(super) const ENUMERATED: u8 = 10;
    pub(super) const EMBEDDED_PDV: u8 = 11;
    pub(super) const SEQUENCE: u8 = 16;
    pub(super) const SET: u8 = 17;
    pub(super) const UTC_TIME: u8 = 23;
    pub(super) const GENERALIZED_TIME: u8 = 24;
    pub(super) const UNIVERSAL_STRING: u8 = 28;
    pub(super) const CHARACTER_STRING: u8 = 29;
    pub(super) const BMP_STRING: u8 = 30;
}

/// Checks an element and all that are within it: lengths and numbers in the fewest octets, strings
/// primitive and of whole characters, TRUE as 0xff, times to the second and in UTC (X.690 sections
/// 10 and 11). Neither the order of a SET OF is looked at nor whether a date exists.
pub(crate) fn check(element: Element<'_>) -> Result<(), Malformed> {
    check_nested(element, MAX_DEPTH)
}

fn check_nested(element: Element<'_>, deeper: u32) -> Result<(), Malformed> {
    let constructed = element.tag & CONSTRUCTED != 0;
    if element.tag & CLASS == 0 {
        let number = element.tag & !CONSTRUCTED;
        let must_be = matches!(
            number,
            universal::EXTERNAL
                | universal::EMBEDDED_PDV
                | universal::SEQUENCE
                | universal::SET
                | universal::CHARACTER_STRING
        );
        if constructed != must_be {
            return Err(Malformed);
        }
        if !constructed {
            return check_primitive(number, element.contents);
        }
    }
    if constructed {
        let deeper = deeper.checked_sub(1).ok_or(Malformed)?;
        let mut reader = Reader::new(element.contents);
        while reader.end().is_err() {
            check_nested(reader.any()?, deeper)?;
        }
    }
    Ok(())
}

fn check_primitive(number: u8, contents: &[u8]) -> Result<(), Malformed> {
    let is_der = match number {
        0 => false,
        universal::BOOLEAN => matches!(contents, [0 | 0xff]),
        universal::INTEGER | universal::ENUMERATED => match contents {
            [] | [0, 0..=0x7f, ..] | [0xff, 0x80..=0xff, ..] => false,
            [_, ..] => true,
        },
        universal::BIT_STRING => match contents {
            [] | [8..=0xff, ..] => false,
            [unused] => *unused == 0,
            [unused, .., last] => last.trailing_zeros() >= u32::from(*unused),
        },
        universal::NULL => contents.is_empty(),
        universal::OBJECT_IDENTIFIER => is_object_identifier(contents),
        // Since version 3.5, OpenSSL refuses times that are too short for their seconds.
        universal::UTC_TIME => matches!(contents, [digits @ .., b'Z'] if are_digits(digits, 12)),
        universal::GENERALIZED_TIME => is_generalized_time(contents),
        // Four octets a character, and two.
        universal::UNIVERSAL_STRING => contents.len() % 4 == 0,
        universal::BMP_STRING => contents.len() % 2 == 0,
        _ => true,
    };
    if is_der { Ok(()) } else { Err(Malformed) }
}

/// X.690 section 8.19.2: each number ends with an octet below 0x80, and begins with another than
/// 0x80.
fn is_object_identifier(contents: &[u8]) -> bool {
    let mut start = true;
    for octet in contents {
        if start && *octet == 0x80 {
            return false;
        }
        start = *octet < 0x80;
    }
    start && !contents.is_empty()
}

fn are_digits(octets: &[u8], count: usize) -> bool {
    octets.len() == count && octets.iter().all(u8::is_ascii_digit)
}

/// X.690 section 11.7: a fraction of a second, if any, does not end with zero.
fn is_generalized_time(contents: &[u8]) -> bool {
    let Some((seconds, rest)) = contents.split_at_checked(14) else { return false };
    are_digits(seconds, 14)
        && match rest {
            [b'Z'] => true,
            [b'.', fraction @ .., b'1'..=b'9', b'Z'] => are_digits(fraction, fraction.len()),
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves() {
        let cases: &[(&str, &[u8], bool)] = &[
            ("true", &[1, 1, 0xff], true),
            ("false", &[1, 1, 0], true),
            ("true of BER", &[1, 1, 1], false),
            ("no truth", &[1, 0], false),
            ("two truths", &[1, 2, 0, 0], false),
            ("zero", &[2, 1, 0], true),
            ("128", &[2, 2, 0, 0x80], true),
            ("-128", &[2, 1, 0x80], true),
            ("no number", &[2, 0], false),
            ("1 in two octets", &[2, 2, 0, 1], false),
            ("-1 in two octets", &[2, 2, 0xff, 0xff], false),
            ("enumerated 1 in two octets", &[10, 2, 0, 1], false),
            ("no bits", &[3, 1, 0], true),
            ("three bits", &[3, 2, 5, 0xe0], true),
            ("nothing for bits", &[3, 0], false),
            ("unused bits that are not zero", &[3, 2, 5, 0xf0], false),
            ("unused bits of nothing", &[3, 1, 1], false),
            ("nine unused bits", &[3, 3, 9, 0, 0], false),
            ("eight unused bits", &[3, 2, 8, 0], false),
            ("bits in pieces", &[0x23, 4, 3, 2, 0, 1], false),
            ("octets in pieces", &[0x24, 3, 4, 1, 1], false),
            ("null", &[5, 0], true),
            ("null with contents", &[5, 1, 0], false),
            ("identifier", &[6, 3, 0x2b, 0x65, 0x70], true),
            ("no identifier", &[6, 0], false),
            ("identifier cut off", &[6, 2, 0x2b, 0x81], false),
            ("identifier with padding", &[6, 3, 0x2b, 0x80, 1], false),
            ("UTCTime", b"\x17\x0d270115080000Z", true),
            ("UTCTime of nothing", &[0x17, 0], false),
            ("UTCTime without seconds", b"\x17\x0b2701150800Z", false),
            ("UTCTime without Z", b"\x17\x0c270115080000", false),
            ("UTCTime with an offset", b"\x17\x11270115080000+0000", false),
            ("UTCTime of letters", b"\x17\x0d27011508000xZ", false),
            ("GeneralizedTime", b"\x18\x0f20270115080000Z", true),
            ("GeneralizedTime with a fraction", b"\x18\x1220270115080000.05Z", true),
            ("GeneralizedTime of nothing", &[0x18, 0], false),
            ("GeneralizedTime without seconds", b"\x18\x0d202701150800Z", false),
            ("GeneralizedTime without Z", b"\x18\x0e20270115080000", false),
            ("GeneralizedTime of half its octets", b"\x18\x0d270115080000Z", false),
            ("GeneralizedTime with a fraction ending in 0", b"\x18\x1220270115080000.50Z", false),
            ("GeneralizedTime with a comma", b"\x18\x1120270115080000,5Z", false),
            ("GeneralizedTime with a full stop", b"\x18\x1020270115080000.Z", false),
            ("GeneralizedTime with an odd fraction", b"\x18\x1220270115080000.x5Z", false),
            ("text in UCS-2", &[0x1e, 4, 0, 0x41, 0x20, 0xac], true),
            ("no text in UCS-2", &[0x1e, 0], true),
            ("text in UCS-2 cut off", &[0x1e, 3, 0, 0x41, 0x20], false),
            ("text in UCS-4", &[0x1c, 4, 0, 0, 0, 0x41], true),
            ("no text in UCS-4", &[0x1c, 0], true),
            ("text in UCS-4 cut off", &[0x1c, 6, 0, 0, 0, 0x41, 0, 0], false),
            ("primitive sequence", &[0x10, 0], false),
            ("primitive set", &[0x11, 0], false),
            ("end of contents", &[0, 0], false),
            ("deep inside", &[0x30, 5, 0xa0, 3, 2, 1, 0], true),
            ("not DER deep inside", &[0x30, 6, 0xa0, 4, 2, 2, 0, 0], false),
            ("length not DER inside", &[0x30, 4, 2, 0x81, 1, 0], false),
            ("contents cut off inside", &[0x30, 2, 2, 1], false),
            ("implicit, anything", &[0x80, 2, 0, 0], true),
        ];
        for (name, input, expected) in cases {
            let checked = Reader::new(input).any().and_then(check);
            assert_eq!(checked.is_ok(), *expected, "{name}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| {
            (0..depth).fold(Vec::new(), |inner, _| crate::asn1::der::element(0x30, &[&inner]))
        };
        for (depth, expected) in [(32, true), (33, false), (10_000, false)] {
            let input = nested(depth);
            assert_eq!(Reader::new(&input).any().and_then(check).is_ok(), expected, "{depth}");
        }
    }
}
