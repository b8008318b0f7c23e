// SPDX-License-Identifier: Apache-2.0

//! A certificate as percent-encoded PEM, as nginx's `$ssl_client_escaped_cert` has it.

use super::{
    reader::{CertificateReader, MARK},
    strict_base64,
};
use crate::{
    client::Client,
    error::Error,
    http::structured_field::base64,
    rejection::{Failure, MalformedValue},
    x509::pem::certificate_lines,
};

/// The reader of the format.
pub(super) static READER: CertificateReader = CertificateReader { decode, mark };

const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
const END: &[u8] = b"-----END CERTIFICATE-----";

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

/// The octets of the certificate in percent-encoded PEM: each escape is decoded once, all else
/// stands for itself, a plus sign, too. One block, whose lines end with line feeds, of which the last
/// may be left out. Lines may have any length, as RFC 7468 leaves to the reader.
pub(super) fn decode(value: &[u8]) -> Result<Vec<u8>, Failure> {
    let pem = percent_decoded(value)
        .ok_or_else(|| MalformedValue::Pem.with("a percent sign has no two digits after it"))?;
    let body = body(&pem).ok_or_else(|| fault(&pem))?;
    let mut encoded = Vec::with_capacity(body.len());
    for line in body.split(|octet| *octet == b'\n') {
        if line.is_empty() {
            return Err(MalformedValue::Pem.with("there is an empty line in it"));
        }
        encoded.extend_from_slice(line);
    }
    strict_base64::decode(&encoded)
}

fn percent_decoded(value: &[u8]) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((&first, after)) = rest.split_first() {
        let (octet, after) = match (first, after) {
            (b'%', [high, low, after @ ..]) => (digit(*high)? << 4 | digit(*low)?, after),
            (b'%', _) => return None,
            _ => (first, after),
        };
        decoded.push(octet);
        rest = after;
    }
    Some(decoded)
}

/// A hexadecimal digit, in either case.
fn digit(character: u8) -> Option<u8> {
    u8::try_from(char::from(character).to_digit(16)?).ok()
}

/// The lines of base64 in a block.
fn body(pem: &[u8]) -> Option<&[u8]> {
    let lines = pem.strip_prefix(BEGIN)?.strip_prefix(b"\n")?;
    let lines = lines.strip_suffix(b"\n").unwrap_or(lines);
    let body = lines.strip_suffix(END)?.strip_suffix(b"\n")?;
    // What follows would be the lines of another block.
    if body.contains(&b'-') { None } else { Some(body) }
}

/// What is wrong with a block that was not read.
fn fault(pem: &[u8]) -> Failure {
    let has = |part: &[u8]| pem.windows(part.len()).any(|window| window == part);
    let begins = |part: &[u8]| pem.starts_with(part);
    MalformedValue::Pem.with(if begins(b"%") || begins(b"-----BEGIN%") {
        "it is percent-encoded twice"
    } else if begins(b"-----BEGIN+") {
        "its spaces are plus signs"
    } else if begins(b"-----BEGIN ") && !begins(BEGIN) {
        "its label is not CERTIFICATE"
    } else if !begins(BEGIN) {
        "it does not begin with -----BEGIN CERTIFICATE-----"
    } else if pem.windows(5).filter(|window| window == b"BEGIN").count() > 1 {
        "there is more than one block in it"
    } else if has(b"\r") {
        "there is a carriage return in it"
    } else if !has(b"\n") {
        "its lines do not end with line feeds"
    } else {
        "it does not end with -----END CERTIFICATE----- and one line feed at the most"
    })
}

/// The end of the base64 before the last line.
fn mark(value: &[u8]) -> Option<&[u8; MARK]> {
    const SKIPPED: [&[u8]; 9] = [b"-", b"%2D", b"%2d", b"\n", b"%0A", b"%0a", b"=", b"%3D", b"%3d"];
    let at = value.windows(3).rposition(|window| window == b"END")?;
    let mut before = value.get(..at)?;
    while let Some(shorter) = SKIPPED.iter().find_map(|skipped| before.strip_suffix(*skipped)) {
        before = shorter;
    }
    before.last_chunk()
}

#[cfg(test)]
mod tests {
    use openssl::x509::X509;
    use proptest::prelude::*;

    use super::*;
    use crate::{
        rejection::Rejection,
        testing::{KeyKind, Leaf},
    };

    #[test]
    fn decoded_it_is_the_pem_that_openssl_writes() {
        for kind in [KeyKind::P256, KeyKind::Rsa(2048)] {
            let certificate = Leaf::new(kind).self_signed().certificate;
            let escaped = escaped_pem(&certificate.to_der().unwrap());
            let decoded = percent_decoded(escaped.as_bytes()).unwrap();
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

    /// A certificate of which every kind of escape is needed, and its PEM.
    fn example() -> (Vec<u8>, String) {
        let all = (0..50).map(|length| {
            let leaf = Leaf::new(KeyKind::P256).subject(&"a".repeat(length + 1)).self_signed();
            (leaf.certificate.to_der().unwrap(), leaf.certificate_pem())
        });
        let good = |pem: &str| pem.contains("==\n") && pem.contains('+') && pem.contains('/');
        all.into_iter().find(|(_, pem)| good(pem)).unwrap()
    }

    /// Each character that is not among these, escaped.
    fn escaped_but(literal: &str, pem: &str) -> String {
        let escape = |octet: u8| match char::from(octet) {
            character if literal.contains(character) => character.to_string(),
            _ => format!("%{octet:02X}"),
        };
        pem.bytes().map(escape).collect()
    }

    #[test]
    fn read_in_every_spelling() {
        let (der, pem) = example();
        let ours = escaped_pem(&der);
        let one_line = pem.replace('\n', "").replace("CERTIFICATE-----", "CERTIFICATE-----\n");
        let one_line = one_line.replace("-----END", "\n-----END");
        let letters: String = ('A'..='Z').chain('a'..='z').chain('0'..='9').collect();
        for (name, value) in [
            ("as we write it", ours.clone()),
            // nginx: NGX_ESCAPE_URI_COMPONENT; Envoy: five characters.
            ("as nginx writes it", escaped_but(&format!("{letters}-._~"), &pem)),
            ("as Envoy writes it", escaped_but(&format!("{letters}-"), &pem)),
            ("digits in lower case", ours.replace("%0A", "%0a").replace("%2F", "%2f")),
            ("every octet escaped", escaped_but("", &pem)),
            ("in lower case", escaped_but("", &pem).to_lowercase()),
            (
                "plus, slash and equals signs as they are",
                escaped_but(&format!("{letters}-+/="), &pem),
            ),
            ("spaces, too", escaped_but(&format!("{letters}- +/="), &pem)),
            ("no newline at the end", ours.trim_end_matches("%0A").to_owned()),
            ("one line", escaped_but(&letters, &one_line)),
        ] {
            assert_eq!(decode(value.as_bytes()), Ok(der.clone()), "{name}: {value}");
            // Who escapes all of it has it verified each time.
            assert_eq!(mark(value.as_bytes()).is_some(), value.contains("END"), "{name}");
        }
    }

    #[test]
    fn marked_by_the_end_of_the_base64() {
        let (der, _) = example();
        let value = escaped_pem(&der);
        let found = mark(value.as_bytes()).unwrap();
        assert!(value.ends_with(&format!(
            "{}%3D%3D%0A-----END%20CERTIFICATE-----%0A",
            std::str::from_utf8(found).unwrap()
        )));
        for other in [
            value.trim_end_matches("%0A").to_owned(),
            value.to_lowercase().replace("end", "END"),
            value.replace("%3D", "=").replace("%20", " ").replace('-', "%2D"),
        ] {
            assert!(mark(other.as_bytes()).unwrap().eq_ignore_ascii_case(found), "{other}");
        }
        assert_eq!(mark(b"-----END%20CERTIFICATE-----"), None);
    }

    #[test]
    fn not_read() {
        let (pem, base64) = (MalformedValue::Pem, MalformedValue::Base64);
        let (der, text) = example();
        let value = escaped_pem(&der);
        let written = |text: &str| escaped_but("", text);
        let body = "-----BEGIN CERTIFICATE-----\n".len();
        let (end, first) = ("-----END CERTIFICATE-----\n", &text[body..body + 64]);
        let labelled = |label: &str| written(&text.replace("CERTIFICATE", label));
        for (name, expected, value) in [
            ("an escape cut off", pem, value[..value.len() - 1].to_owned()),
            ("an escape of one digit", pem, value.replacen("%0A", "%A", 1)),
            ("a percent sign at the end", pem, format!("{value}%")),
            ("no digits", pem, value.replacen("%0A", "%xA", 1)),
            ("a sign for a digit", pem, value.replacen("%0A", "%+A", 1)),
            ("escaped twice", pem, value.replace('%', "%25")),
            ("partly escaped twice", base64, value.replace("%2F", "%252F")),
            ("form encoding", pem, value.replace("%20", "+")),
            ("pluses as spaces", base64, value.replace("%2B", "%20")),
            ("newlines as spaces", pem, value.replace("%0A", "%20")),
            ("newlines as plus signs", pem, value.replace("%0A", "+")),
            ("carriage returns", pem, value.replace("%0A", "%0D%0A")),
            ("a carriage return in the body", base64, value.replacen("%2F", "%0D", 1)),
            ("two newlines at the end", pem, format!("{value}%0A")),
            ("a newline in front", pem, format!("%0A{value}")),
            ("a space at the end", pem, format!("{value} ")),
            (
                "an empty line in the body",
                pem,
                written(&text.replacen(first, &format!("{first}\n"), 1)),
            ),
            ("an empty line before the end", pem, written(&text.replace(end, &format!("\n{end}")))),
            ("text in front", pem, written(&format!("subject=a\n{text}"))),
            ("a header of the block", pem, written(&text.replacen('\n', "\nProc-Type: 4\n", 1))),
            ("two blocks", pem, written(&text.repeat(2))),
            ("two blocks in one line", pem, written(&text.trim_end().repeat(2))),
            ("two values", pem, format!("{value},{value}")),
            ("a comma after it", pem, format!("{value},")),
            ("a comma before it", pem, format!(",{value}")),
            ("a comma in the body", base64, value.replacen("%2F", ",", 1)),
            ("no body", pem, written(&format!("-----BEGIN CERTIFICATE-----\n{end}"))),
            ("an empty body", pem, written(&format!("-----BEGIN CERTIFICATE-----\n\n{end}"))),
            ("cut off", pem, written(&text[..text.len() - 10])),
            ("no begin", pem, written(&text[body..])),
            ("another label", pem, labelled("TRUSTED CERTIFICATE")),
            ("an older label", pem, labelled("X509 CERTIFICATE")),
            ("a key's label", pem, labelled("PRIVATE KEY")),
            ("a label in lower case", pem, labelled("certificate")),
            ("labels that differ", pem, written(&text.replace("END CERT", "END X509 CERT"))),
            ("four dashes", pem, written(&text[1..])),
            ("a NUL at the end", pem, format!("{value}%00")),
            ("a NUL in the body", base64, value.replacen("%2F", "%00", 1)),
            ("a tab in the body", base64, value.replacen("%2F", "%09", 1)),
            ("padding left out", base64, value.replace("%3D", "")),
            ("one padding left out", base64, value.replacen("%3D", "", 1)),
            ("padding too much", base64, value.replacen("%3D", "%3D%3D", 1)),
            ("padding within", base64, value.replacen("%0A", "%0AMA==", 2)),
            ("the alphabet of URLs", base64, value.replacen("%2F", "_", 1)),
            ("bare base64", pem, crate::http::structured_field::base64(&der)),
            ("a Byte Sequence", pem, crate::http::structured_field::byte_sequence(&der)),
            ("nothing", pem, String::new()),
        ] {
            let found = decode(value.as_bytes()).map_err(|failure| failure.rejection());
            assert_eq!(found, Err(Rejection::from(expected)), "{name}: {value}");
        }
        // The faults that are named.
        for (value, expected) in [
            (value.replace('%', "%25"), "it is percent-encoded twice"),
            (value.replace("%20", "+"), "its spaces are plus signs"),
            (labelled("X509 CERTIFICATE"), "its label is not CERTIFICATE"),
            (written(&text.repeat(2)), "there is more than one block in it"),
            (value.replace("%0A", "%0D%0A"), "there is a carriage return in it"),
            (value.replace("%0A", "%20"), "its lines do not end with line feeds"),
            (value[..value.len() - 1].to_owned(), "a percent sign has no two digits after it"),
        ] {
            assert_eq!(decode(value.as_bytes()).unwrap_err().detail(), Some(expected));
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(der in prop::collection::vec(any::<u8>(), 1..2000)) {
            let value = escaped_pem(&der);
            prop_assert_eq!(decode(value.as_bytes()), Ok(der));
        }

        /// Whatever is read has one spelling, but for escapes and line ends.
        #[test]
        fn what_is_changed_is_refused_or_says_what_it_says(
            der in prop::collection::vec(any::<u8>(), 1..200),
            at: prop::sample::Index,
            with in "[-%0-9A-F+/= \n,]{0,4}",
            length in 0..4_usize,
        ) {
            let mut value = escaped_pem(&der).into_bytes();
            let at = at.index(value.len());
            let end = value.len().min(at + length);
            value.splice(at..end, with.bytes());
            if let Ok(read) = decode(&value) {
                let joined = |mut pem: Vec<u8>| {
                    pem.retain(|octet| *octet != b'\n');
                    pem
                };
                let pem = percent_decoded(escaped_pem(&read).as_bytes()).unwrap();
                prop_assert_eq!(joined(percent_decoded(&value).unwrap()), joined(pem));
            }
        }

        #[test]
        fn nothing_makes_it_panic(value: Vec<u8>) {
            let _ = (decode(&value), mark(&value));
        }
        #[test]
        fn nothing_but_unreserved_bytes_and_escapes(der: Vec<u8>) {
            let escaped = escaped_pem(&der);
            prop_assert!(
                escaped.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte))
            );
        }
    }
}
