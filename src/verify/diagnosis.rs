// SPDX-License-Identifier: Apache-2.0

//! What it is that was not read, for the log. Whether a value is accepted is decided before.

use crate::{
    asn1::der::{Reader, tag},
    cms::oid,
    rejection::{Failure, MalformedValue, Rejection},
    x509::{certificate::Certificate, parser::NotCarried},
};

/// The deepest nesting that is followed.
const MAX_DEPTH: u32 = 32;

/// Why this is not read as a ContentInfo, where more is to be said than that it is not DER.
pub(super) fn content_info(failure: Failure, octets: &[u8]) -> Failure {
    let der = MalformedValue::Der;
    if failure.rejection() != Rejection::from(der) {
        failure
    } else if let Some(how) = ber(octets) {
        MalformedValue::Ber.with(how)
    } else if is_cut_off(octets) {
        der.with("it is cut off")
    } else if Certificate::read(octets).is_ok() {
        der.with("it is a bare certificate")
    } else if octets.starts_with(b"-----BEGIN") {
        der.with("it is PEM")
    } else {
        failure
    }
}

/// Why this is not the one certificate that it has to be, where OpenSSL has this `reason`.
pub(super) fn content(reason: NotCarried, octets: &[u8]) -> Failure {
    let content = MalformedValue::Content;
    match reason {
        NotCarried::Fault(errors) => errors.into(),
        NotCarried::Validity => content.with(reason),
        NotCarried::WrittenOtherwise => match outermost(octets) {
            Some(how) => content.with(format_args!("{reason}: {how}")),
            None => content.with(reason),
        },
        NotCarried::Unreadable(_) if octets.starts_with(b"-----BEGIN") => content.with("it is PEM"),
        NotCarried::Unreadable(_) if has_mime_header(octets) => {
            MalformedValue::TextMode.with("it begins with a MIME header")
        }
        NotCarried::Unreadable(_) if has_lines_of_text(octets) => {
            MalformedValue::TextMode.with("its line feeds have become CR LF")
        }
        NotCarried::Unreadable(_) if is_signed_data(octets) => content.with("it is SignedData"),
        NotCarried::Unreadable(_) if is_cut_off(octets) => {
            content.with("it is cut off, as by openssl cms -sign without -binary at a zero octet")
        }
        NotCarried::Unreadable(_) => content.with(reason),
    }
}

/// What is wrong with the outermost length of an encoding, be it all BER inside.
fn outermost(octets: &[u8]) -> Option<&'static str> {
    match read_length(octets.get(1..)?)? {
        Length::Indefinite => Some("its length is indefinite"),
        Length::Long => Some("its length has more octets than it needs"),
        Length::Of(length, rest) if length < rest.len() => Some("octets follow it"),
        Length::Of(..) => None,
    }
}

/// As `openssl cms -sign -text` puts one in front.
fn has_mime_header(octets: &[u8]) -> bool {
    let name = b"Content-Type:";
    octets.get(..name.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(name))
}

/// Whether every line feed of a SEQUENCE comes after a carriage return, and there are some: which
/// octets hardly do by themselves. (More is changed: OpenSSL's command drops what is between a zero
/// and the next line feed.)
fn has_lines_of_text(octets: &[u8]) -> bool {
    let lines = || octets.split(|octet| *octet == b'\n');
    let ends = lines().count().saturating_sub(1);
    octets.first() == Some(&tag::SEQUENCE)
        && ends > 0
        && lines().take(ends).all(|line| line.ends_with(b"\r"))
}

fn is_signed_data(octets: &[u8]) -> bool {
    let content_info = Reader::only(octets, tag::SEQUENCE);
    let kind = content_info.and_then(|element| Reader::new(element.contents).read(tag::OID));
    kind.is_ok_and(|kind| kind.contents == oid::SIGNED_DATA)
}

/// Whether it is a SEQUENCE that is longer than what there is of it.
fn is_cut_off(octets: &[u8]) -> bool {
    octets.first() == Some(&tag::SEQUENCE)
        && read_length(octets.get(1..).unwrap_or_default())
            .is_none_or(|length| matches!(length, Length::Of(length, rest) if length > rest.len()))
}

enum Length<'a> {
    /// So many octets, of these.
    Of(usize, &'a [u8]),
    Indefinite,
    /// In more octets than needed.
    Long,
}

/// None where there are not enough octets, or more than any memory.
fn read_length(octets: &[u8]) -> Option<Length<'_>> {
    let (&first, rest) = octets.split_first()?;
    let (length, rest) = match first {
        0..0x80 => return Some(Length::Of(usize::from(first), rest)),
        0x80 => return Some(Length::Indefinite),
        _ => rest.split_at_checked(usize::from(first & 0x7f))?,
    };
    let significant = length.iter().position(|octet| *octet != 0).unwrap_or(length.len());
    if significant > 0 || matches!(length, [0..0x80]) {
        return Some(Length::Long);
    }
    let length = length.iter().try_fold(0_usize, |length, &octet| {
        length.checked_mul(0x100)?.checked_add(usize::from(octet))
    })?;
    Some(Length::Of(length, rest))
}

/// What is BER in an encoding (X.690 section 8), and not DER, if that is the first thing wrong with
/// it.
pub(super) fn ber(octets: &[u8]) -> Option<&'static str> {
    match walk(octets, MAX_DEPTH) {
        Walk::Ber(how) => Some(how),
        Walk::Der | Walk::Damaged => None,
    }
}

enum Walk {
    Der,
    Ber(&'static str),
    Damaged,
}

fn walk(octets: &[u8], deeper: u32) -> Walk {
    let mut rest = octets;
    while let Some((&tag, after)) = rest.split_first() {
        let constructed = tag & 0x20 != 0;
        if tag & 0x1f == 0x1f {
            return Walk::Damaged;
        }
        if constructed && is_string(tag) {
            return Walk::Ber("a string is in pieces (constructed)");
        }
        let (length, after) = match read_length(after) {
            Some(Length::Of(length, after)) => (length, after),
            Some(Length::Indefinite) if constructed => {
                return Walk::Ber("a length is indefinite");
            }
            Some(Length::Long) => return Walk::Ber("a length has more octets than it needs"),
            Some(Length::Indefinite) | None => return Walk::Damaged,
        };
        let Some((contents, after)) = after.split_at_checked(length) else {
            return Walk::Damaged;
        };
        if constructed {
            let Some(deeper) = deeper.checked_sub(1) else { return Walk::Damaged };
            match walk(contents, deeper) {
                Walk::Der => {}
                found => return found,
            }
        }
        rest = after;
    }
    Walk::Der
}

/// Of the universal class, and primitive in DER: BIT STRING, OCTET STRING, those of characters, and
/// times.
fn is_string(tag: u8) -> bool {
    tag & 0xc0 == 0 && matches!(tag & 0x1f, 3 | 4 | 12 | 18..=28 | 30)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ber_is_told_from_other_damage() {
        let (indefinite, pieces, long) = (
            Some("a length is indefinite"),
            Some("a string is in pieces (constructed)"),
            Some("a length has more octets than it needs"),
        );
        let cases: &[(&str, &[u8], Option<&str>)] = &[
            ("DER", &[0x30, 3, 2, 1, 5], None),
            ("nothing", &[], None),
            ("indefinite", &[0x30, 0x80, 2, 1, 5, 0, 0], indefinite),
            ("indefinite and cut off", &[0x30, 0x80], indefinite),
            ("indefinite, deep inside", &[0x30, 6, 0xa0, 4, 0x31, 0x80, 0, 0], indefinite),
            ("indefinite and primitive", &[4, 0x80, 1, 0, 0], None),
            ("octets in pieces", &[0x24, 3, 4, 1, 1], pieces),
            ("octets in pieces, indefinite", &[0x24, 0x80, 4, 1, 1, 0, 0], pieces),
            ("bits in pieces", &[0x30, 6, 0x23, 4, 3, 2, 0, 1], pieces),
            ("text in pieces", &[0x2c, 3, 0x0c, 1, 0x41], pieces),
            ("time in pieces", &[0x37, 0], pieces),
            ("no string, constructed", &[0x22, 3, 2, 1, 1], None),
            ("implicit, constructed", &[0xa4, 3, 4, 1, 1], None),
            ("long form", &[0x30, 0x81, 3, 2, 1, 5], long),
            ("zeros before a length", &[0x30, 0x82, 0, 3, 2, 1, 5], long),
            ("zeros before a long length", &[4, 0x83, 0, 1, 0], long),
            ("a length of zeros", &[4, 0x82, 0, 0], long),
            ("cut off", &[0x30, 5, 2, 1], None),
            ("cut off before BER", &[0x30, 5, 4, 9, 0x24, 0x80, 0], None),
            ("BER after the end of an element", &[2, 1, 5, 0x30, 0x80], indefinite),
            ("length cut off", &[0x30, 0x82, 1], None),
            ("length beyond all memory", &[4, 0x89, 1, 0, 0, 0, 0, 0, 0, 0, 0], None),
            ("a long tag", &[0x1f, 0x81, 1, 0], None),
            ("text", b"-----BEGIN CMS-----", None),
        ];
        for (name, octets, expected) in cases {
            assert_eq!(ber(octets), *expected, "{name}");
        }
        let nested = (0..10_000).fold(vec![0x30, 0x80], |inner: Vec<u8>, _| {
            crate::asn1::der::element(tag::SEQUENCE, &[&inner])
        });
        assert_eq!(ber(&nested), None);
    }

    #[test]
    fn lines_of_text() {
        for (name, octets, expected) in [
            ("changed", &[0x30, 3, 4, 1, 13, 10][..], true),
            ("changed twice", &[0x30, 6, 4, 4, 13, 10, 13, 10], true),
            ("changed, and cut off", &[0x30, 80, 4, 1, 13, 10, 7], true),
            ("a carriage return of its own", &[0x30, 4, 4, 2, 13, 13, 10], true),
            ("not changed", &[0x30, 3, 4, 1, 10], false),
            ("changed in part", &[0x30, 4, 4, 2, 10, 13, 10], false),
            ("none", &[0x30, 3, 4, 1, 1], false),
            ("only a carriage return", &[0x30, 3, 4, 1, 13], false),
            ("nothing", &[], false),
            ("text", b"hello\r\n", false),
        ] {
            assert_eq!(has_lines_of_text(octets), expected, "{name}");
        }
    }
}
