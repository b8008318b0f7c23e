// SPDX-License-Identifier: Apache-2.0

//! The field, and how its value is encoded.

use super::{section::*, *};
use crate::http::structured_field::byte_sequence;

pub(super) fn add(world: &World, maker: &mut Maker) {
    let forge = world.forge();
    let value = base64(&forge.build());
    let case = |name, description, rule, value| Case::of(world, name, description, rule, value);

    maker.good(
        case(
            "good",
            "A P-256 signer below an intermediate, who is the TLS peer.",
            PRODUCING,
            value.clone(),
        ),
        world,
    );
    maker.good(
        Case {
            fields: vec![("client-cert", value.clone())],
            ..case("name-in-lower-case", "Field names have no case.", FIELD, String::new())
        },
        world,
    );
    for (name, description, lines, reason, tags) in [
        ("absent", "No field: no identity.", vec![], "header-absent", vec![]),
        (
            "twice-the-same",
            "Two lines with the same good value.",
            vec![("Client-Cert", value.clone()); 2],
            "value-several",
            vec![],
        ),
        (
            "twice-the-second-empty",
            "A good value, and an empty line.",
            vec![("Client-Cert", value.clone()), ("Client-Cert", String::new())],
            "value-several",
            vec![],
        ),
        (
            "twice-the-first-bad",
            "A line that is not base64 before a good one.",
            vec![("Client-Cert", "x".to_owned()), ("Client-Cert", value.clone())],
            "value-several",
            vec![],
        ),
        (
            "twice-in-two-cases",
            "Two lines whose names differ in case only.",
            vec![("Client-Cert", value.clone()), ("CLIENT-CERT", value.clone())],
            "value-several",
            vec![],
        ),
        (
            "name-with-underscore",
            "Client_Cert is another field, whatever CGI makes of it.",
            vec![("Client_Cert", value.clone())],
            "header-absent",
            vec!["field-name"],
        ),
        (
            "name-with-dot",
            "client.cert is another field.",
            vec![("client.cert", value.clone())],
            "header-absent",
            vec!["field-name"],
        ),
    ] {
        let fields = lines;
        let case = Case { fields, tags, ..case(name, description, FIELD, String::new()) };
        maker.bad(case, reason);
    }

    let other = base64(&world.forge().build());
    let unpadded = padded(world, 1);
    let mut bad = |name, description, value: String, reason| {
        maker.bad(case(name, description, ENCODING, value), reason);
    };
    bad("empty", "A field without a value.", String::new(), "value-empty");
    bad("white-space-only", "A value of white space.", "  \t ".to_owned(), "value-empty");
    bad(
        "list-the-same",
        "The same good value twice, joined by a comma.",
        format!("{value},{value}"),
        "value-base64",
    );
    bad(
        "list-of-two",
        "Two good values, joined by a comma and a space.",
        format!("{value}, {other}"),
        "value-base64",
    );
    bad("list-the-second-empty", "A comma at the end.", format!("{value},"), "value-base64");
    bad("list-the-first-empty", "A comma at the start.", format!(",{value}"), "value-base64");
    bad(
        "parameters-after-base64",
        "Parameters after the value.",
        format!("{value};a=1"),
        "value-base64",
    );
    let (start, end) = value.split_at(64);
    bad(
        "folded-with-spaces",
        "A space every 64 characters, as where a folded line was unfolded.",
        in_lines(&value, " "),
        "value-base64",
    );
    bad(
        "one-space-within",
        "One space within the value.",
        format!("{start} {end}"),
        "value-base64",
    );
    bad("tab-within", "One tab within the value.", format!("{start}\t{end}"), "value-base64");
    bad(
        "line-breaks",
        "A line feed every 64 characters, as PEM has it.",
        in_lines(&value, "\n"),
        "value-base64",
    );
    bad(
        "line-break-at-the-end",
        "A line feed after the value.",
        format!("{value}\n"),
        "value-base64",
    );
    bad(
        "pem",
        "PEM of the SignedData, its line ends as spaces.",
        format!("-----BEGIN CMS----- {} -----END CMS-----", in_lines(&value, " ")),
        "value-base64",
    );
    let url = find(world, |value| value.contains(['+', '/']));
    bad(
        "url-alphabet",
        "The alphabet for URLs (RFC 4648 section 5).",
        url.replace('+', "-").replace('/', "_"),
        "value-base64",
    );
    bad(
        "padding-missing",
        "The last octets without their padding.",
        unpadded.trim_end_matches('=').to_owned(),
        "value-base64",
    );
    bad(
        "padding-too-long",
        "A character of padding too many.",
        format!("{unpadded}="),
        "value-base64",
    );
    bad(
        "padding-within",
        "Padding in the middle, as where two encodings were joined.",
        format!("{unpadded}{unpadded}"),
        "value-base64",
    );
    bad(
        "last-bits-not-zero",
        "Bits set that no octet has (RFC 4648 section 3.5).",
        with_stray_bits(&unpadded),
        "value-base64",
    );
    bad(
        "percent-encoded",
        "A character percent-encoded.",
        value.replacen('M', "%4D", 1),
        "value-base64",
    );
    bad("quoted", "A quoted string.", format!("\"{value}\""), "value-base64");
    bad(
        "a-character-that-is-no-digit",
        "An asterisk within the value.",
        format!("{start}*{}", &end[1..]),
        "value-base64",
    );
    bad(
        "cut-off",
        "Half of the value, without padding missing.",
        value[..value.len() / 8 * 4].to_owned(),
        "value-der",
    );
    bad(
        "cms-given-a-byte-sequence",
        "A Byte Sequence where bare base64 is configured.",
        format!(":{value}:"),
        "value-base64",
    );
    bad("nul-at-the-end", "A NUL after the value.", format!("{value}\0"), "value-base64");
    let mut large = world.forge();
    large.add(&[0x2a, 3, 4, 5], &[&octet_string(&[0; 49_000])]);
    bad(
        "oversize",
        "Good but for its 65,537 characters or more.",
        base64(&large.build()),
        "value-too-long",
    );

    // Good values for a format that was not configured.
    let bare = base64(&der(&world.client.certificate));
    bad(
        "unsigned-certificate",
        "The client's certificate, signed by nobody, where cms is configured.",
        bare,
        "value-der",
    );

    let sf = |name, description, value| Case {
        format: "cms-sf",
        ..case(name, description, ENCODING, value)
    };
    maker.good(sf("cms-sf-good", "A Byte Sequence of RFC 8941.", format!(":{value}:")), world);
    for (name, description, value, reason) in [
        (
            "cms-sf-without-colons",
            "Bare base64 where a Byte Sequence is configured.",
            value.clone(),
            "value-byte-sequence",
        ),
        (
            "cms-sf-without-the-first-colon",
            "No colon at the start.",
            format!("{value}:"),
            "value-byte-sequence",
        ),
        (
            "cms-sf-without-the-last-colon",
            "No colon at the end.",
            format!(":{value}"),
            "value-byte-sequence",
        ),
        (
            "cms-sf-with-parameters",
            "Parameters after the item.",
            format!(":{value}:;a=1"),
            "value-byte-sequence",
        ),
        ("cms-sf-list", "A List of two.", format!(":{value}:, :{value}:"), "value-base64"),
        (
            "cms-sf-without-padding",
            "RFC 8941 lets a parser take it; there is one spelling here.",
            format!(":{}:", unpadded.trim_end_matches('=')),
            "value-base64",
        ),
        ("cms-sf-empty", "A Byte Sequence of no octets.", "::".to_owned(), "value-base64"),
        (
            "cms-sf-of-a-certificate",
            "The value of RFC 9440 where cms-sf is configured.",
            byte_sequence(&der(&world.client.certificate)),
            "value-der",
        ),
        (
            "cms-sf-with-line-breaks",
            "A line feed every 64 characters.",
            format!(":{}:", in_lines(&value, "\n")),
            "value-base64",
        ),
    ] {
        maker.bad(sf(name, description, value), reason);
    }
}

/// A value that fits, of many that are signed.
fn find(world: &World, fits: impl Fn(&str) -> bool) -> String {
    (0..1000).map(|_| base64(&world.forge().build())).find(|value| fits(value)).unwrap()
}

/// A value with so many characters of padding. ECDSA's signatures are of several lengths.
fn padded(world: &World, count: usize) -> String {
    find(world, |value| value.len() - value.trim_end_matches('=').len() == count)
}

fn in_lines(value: &str, separator: &str) -> String {
    let lines: Vec<&str> =
        value.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    lines.join(separator)
}

/// The next digit before the padding, which has the same first bits.
fn with_stray_bits(value: &str) -> String {
    const DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = value.trim_end_matches('=');
    let (before, last) = digits.split_at(digits.len() - 1);
    let number = DIGITS.find(last).unwrap();
    assert_eq!(number % 4, 0);
    format!("{before}{}{}", &DIGITS[number + 1..number + 2], &value[digits.len()..])
}
