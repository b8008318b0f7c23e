// SPDX-License-Identifier: Apache-2.0

//! Where in a text the value of a header is. The text can be the value alone, or what was copied around
//! it: a request, curl -v's output, lines of a log, a shell's command line. The value itself is taken as
//! it stands, but for the line ends that a terminal put into it.

use std::borrow::Cow;

/// A value, and where it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub value: Vec<u8>,
    /// The header's name as it stood there. None where the text is the value.
    pub name: Option<String>,
    /// What was taken off, beside what stood around it.
    pub changes: Vec<&'static str>,
}

/// Why there is no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotFound {
    /// The text is empty.
    Empty,
    /// It is one with headers, and the one that is looked for is not there.
    Absent,
    /// The header is on these lines.
    Repeated(Vec<usize>),
}

/// How many headers are looked for: nobody reads more lines than that.
const MAX_FOUND: usize = 64;

const WRAPPED: &str = "line ends within the value were taken out";
const QUOTED: &str = "quotation marks around the value were taken off";

/// Looks for one of these headers. Where the text has none, and nothing else that looks like a header,
/// it is the value.
pub fn find(text: &[u8], names: &[&str]) -> Result<Found, NotFound> {
    let mut found = lines(text, names);
    match (found.pop(), found.is_empty()) {
        (Some((_, found)), true) => Ok(found),
        (Some((last, _)), false) => {
            let lines = found.iter().map(|(line, _)| *line).chain([last]);
            Err(NotFound::Repeated(lines.collect()))
        }
        (None, _) => whole(text),
    }
}

/// Each value of these headers, with the number of its line.
pub fn lines(text: &[u8], names: &[&str]) -> Vec<(usize, Found)> {
    let text = without_escapes(text);
    let mut lines = text.split(|octet| *octet == b'\n').map(<[u8]>::trim_ascii_end).zip(1..);
    let mut found: Vec<(usize, Found)> = Vec::new();
    let mut next = lines.next();
    while let Some((line, number)) = next {
        next = lines.next();
        let mut rest = line;
        while let Some((name, mut value, after)) = field(rest, names) {
            let mut changes = Vec::new();
            // A terminal breaks a line where it ends, and a copy of it has the line end.
            while let (true, Some((following, _))) = (after.is_none(), next) {
                let continued = continuation(&value, following);
                let Some(continued) = continued else { break };
                value.extend_from_slice(continued);
                changes = vec![WRAPPED];
                next = lines.next();
            }
            found.push((number, Found { value, name: Some(name), changes }));
            if found.len() >= MAX_FOUND {
                return found;
            }
            rest = after.unwrap_or_default();
        }
    }
    found
}

/// A name, a value, and what comes after its closing quotation mark.
type Field<'a> = (String, Vec<u8>, Option<&'a [u8]>);

/// The first of these headers in a line.
fn field<'a>(line: &'a [u8], names: &[&str]) -> Option<Field<'a>> {
    let (at, name) = position(line, names)?;
    let before = line.get(..at)?;
    let end = at.checked_add(name.len())?;
    let (quote, value) = separator(before, line.get(end..)?)?;
    let name = String::from_utf8_lossy(line.get(at..end)?).into_owned();
    let value = value.trim_ascii_start();
    let Some(quote) = quote else {
        return Some((name, without_line_end(value.trim_ascii()).to_vec(), None));
    };
    // Not all that is opened is closed on this line.
    match value.iter().position(|octet| *octet == quote) {
        Some(closing) => {
            let (value, after) = value.split_at_checked(closing)?;
            Some((name, without_line_end(value).to_vec(), after.get(1..)))
        }
        None => Some((name, without_line_end(value.trim_ascii()).to_vec(), None)),
    }
}

/// The first place in a line where one of the names stands by itself, before a colon or an equals sign.
fn position<'a>(line: &[u8], names: &[&'a str]) -> Option<(usize, &'a str)> {
    let mut before = None;
    for (at, octet) in line.iter().enumerate() {
        let is_begin = is_of_token(*octet) && before.is_none_or(|before| !is_of_token(before));
        before = Some(*octet);
        let (head, rest) = line.split_at_checked(at).filter(|_| is_begin).unwrap_or_default();
        let found = names.iter().find(|name| {
            let after = rest.split_at_checked(name.len());
            after.is_some_and(|(window, after)| {
                window.eq_ignore_ascii_case(name.as_bytes()) && separator(head, after).is_some()
            })
        });
        if let Some(name) = found {
            return Some((at, name));
        }
    }
    None
}

/// What follows a name and its colon; and the quotation mark that ends it, which was opened before the
/// name. As JSON has it, the name has marks of its own, and the value others; a log's name=value has
/// them around the value. Nothing else has marks that are not a part of the value.
fn separator<'a>(before: &[u8], after: &'a [u8]) -> Option<(Option<u8>, &'a [u8])> {
    let is_quote = |octet: &u8| matches!(octet, b'\'' | b'"');
    let opened = before.last().copied().filter(is_quote);
    let json = opened.and_then(|quote| after.strip_prefix(&[quote]));
    let after = json.unwrap_or(after).trim_ascii_start();
    let (value, is_equals) = match after.strip_prefix(b":") {
        Some(value) => (value, false),
        None => (after.strip_prefix(b"=")?, true),
    };
    if json.is_none() && opened.is_some() {
        return Some((opened, value));
    }
    let value = value.trim_ascii_start();
    match value.split_first() {
        Some((quote, rest)) if is_quote(quote) && (json.is_some() || is_equals) => {
            Some((Some(*quote), rest))
        }
        _ => Some((None, value)),
    }
}

fn is_of_token(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_' | b'.')
}

/// As logs write the end of a line.
fn without_line_end(value: &[u8]) -> &[u8] {
    [&br"\r\n"[..], br"\n", br"\x0d\x0a"]
        .iter()
        .find_map(|end| value.strip_suffix(*end))
        .unwrap_or(value)
}

/// The next piece of a value that is broken into lines, if the next line is one.
fn continuation<'a>(value: &[u8], line: &'a [u8]) -> Option<&'a [u8]> {
    // Nothing that was broken is as short as a word.
    const MIN_BROKEN: usize = 40;
    let line = line.trim_ascii();
    let mut body = line;
    if value.starts_with(b":") {
        body = line.strip_suffix(b":").unwrap_or(line);
    }
    let is_element = value.windows(5).any(|part| part == b"Cert=");
    if is_element {
        body = line.strip_suffix(b"\"").unwrap_or(line);
    }
    // Padding is what a value ends with, and nothing but padding follows it.
    let padding = body.iter().rev().take_while(|octet| **octet == b'=').count();
    let digits = body.len().saturating_sub(padding);
    let is_digit = |octet: &u8| octet.is_ascii_alphanumeric() || b"+/%-_".contains(octet);
    let is_ended =
        value.ends_with(b"=") && digits > 0 || value.ends_with(b":") || value.ends_with(b"\"");
    let fits = body.iter().take(digits).all(is_digit);
    (value.len() >= MIN_BROKEN && !line.is_empty() && fits && !is_ended).then_some(line)
}

/// The text as the value, unless it has other headers.
fn whole(text: &[u8]) -> Result<Found, NotFound> {
    let text = without_escapes(text);
    let text = text.trim_ascii();
    if text.is_empty() {
        return Err(NotFound::Empty);
    }
    let is_request = text.split(|octet| *octet == b'\n').any(looks_like_request);
    if is_request {
        return Err(NotFound::Absent);
    }
    let mut changes = Vec::new();
    let text = match unquoted(text) {
        Some(text) => {
            changes.push(QUOTED);
            text.trim_ascii()
        }
        None => text,
    };
    // Line ends are a part of PEM, which is no value, and is to be told so.
    let value = if text.contains(&b'\n') && !text.starts_with(b"-----BEGIN ") {
        changes.push(WRAPPED);
        let lines = text.split(|octet| *octet == b'\n').map(<[u8]>::trim_ascii);
        lines.flatten().copied().collect()
    } else {
        text.to_vec()
    };
    Ok(Found { value, name: None, changes })
}

/// Whether a line is a request's first line, or a header.
fn looks_like_request(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    let line = line.strip_prefix(b"> ").or_else(|| line.strip_prefix(b"< ")).unwrap_or(line);
    if line.windows(6).any(|window| window == b" HTTP/") || line.starts_with(b"HTTP/") {
        return true;
    }
    let Some(colon) = line.iter().position(|octet| *octet == b':') else { return false };
    let (name, value) = line.split_at(colon);
    // A value has no space after a colon, nor a name in front of one.
    let is_name = !name.is_empty() && name.iter().all(|octet| is_of_token(*octet));
    is_name && value.starts_with(b": ")
}

/// Without the quotation marks of a shell.
fn unquoted(text: &[u8]) -> Option<&[u8]> {
    [b"'", b"\""].iter().find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote))
}

/// Without a terminal's escape sequences, which curl -v writes around names.
fn without_escapes(text: &[u8]) -> Cow<'_, [u8]> {
    const ESCAPE: u8 = 0x1b;
    if !text.contains(&ESCAPE) {
        return Cow::Borrowed(text);
    }
    let mut output = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.iter().position(|octet| *octet == ESCAPE) {
        let (before, sequence) = rest.split_at(at);
        output.extend_from_slice(before);
        let parameters = sequence.strip_prefix(&[ESCAPE, b'[']);
        let end = parameters.and_then(|parameters| {
            let end = parameters.iter().position(|octet| matches!(octet, b'@'..=b'~'))?;
            parameters.get(end.checked_add(1)?..)
        });
        rest = end.unwrap_or(sequence.get(1..).unwrap_or_default());
    }
    output.extend_from_slice(rest);
    Cow::Owned(output)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NAMES: [&str; 2] = ["Client-Cert", "HTTP_CLIENT_CERT"];
    const VALUE: &str = "MIIB8wYJKoZIhvcNAQcCoIIB5DCCAeACAQExDTALBglghkgBZQMEAgE=";

    fn value(text: &str) -> Result<String, NotFound> {
        let found = find(text.as_bytes(), &NAMES)?;
        Ok(String::from_utf8(found.value).unwrap())
    }

    #[test]
    fn whatever_is_around_it() {
        let (first, second) = VALUE.split_at(44);
        for (name, text) in [
            ("alone", VALUE.to_owned()),
            ("a line end", format!("{VALUE}\n")),
            ("spaces and line ends", format!("\r\n  {VALUE} \r\n\r\n")),
            ("quoted", format!("'{VALUE}'\n")),
            ("broken into lines", format!("{first}\n{second}\n")),
            ("a header line", format!("Client-Cert: {VALUE}")),
            ("in lower case, without a space", format!("client-cert:{VALUE}\r\n")),
            (
                "a request",
                format!(
                    "GET / HTTP/1.1\r\nHost: a\r\nClient-Cert: {VALUE}\r\nAccept: */*\r\n\r\nbody"
                ),
            ),
            (
                "curl -v",
                format!(
                    "* Connected\n> GET / HTTP/1.1\n> Client-Cert: {VALUE}\n>\n< HTTP/1.1 403\n"
                ),
            ),
            (
                "curl -v in colours",
                format!("> GET / HTTP/2\n> \x1b[1mClient-Cert\x1b[0m: {VALUE}\n> Host: a\n"),
            ),
            ("curl's command line", format!("curl -H 'Client-Cert: {VALUE}' -H 'X: y' http://a/")),
            ("an argument that was quoted", format!("\"Client-Cert: {VALUE}\"")),
            (
                "a log with line ends in words",
                format!(
                    "[x] [dumpio:trace7] mod_dumpio: dumpio_in (data-HEAP): Client-Cert: {VALUE}\\r\\n"
                ),
            ),
            ("JSON", format!("{{\"Host\": \"a\", \"Client-Cert\": \"{VALUE}\", \"B\": \"c\"}}")),
            ("the environment", format!("HTTP_HOST=a\nHTTP_CLIENT_CERT={VALUE}\nHTTP_X=y\n")),
            ("the environment, quoted", format!("HTTP_CLIENT_CERT=\"{VALUE}\" HTTP_X=\"y\"")),
            ("a header that is broken", format!("Host: a\nClient-Cert: {first}\n{second}\nX: y\n")),
            (
                "a broken one after curl's mark",
                format!("> Client-Cert: {first}\n{second}\n> X: y\n"),
            ),
            (
                "another header that ends so",
                format!("X-Client-Cert: a\nClient-Cert-Chain: b\nClient-Cert: {VALUE}\n"),
            ),
        ] {
            assert_eq!(value(&text), Ok(VALUE.to_owned()), "{name}");
        }
    }

    #[test]
    fn the_value_stands_as_it_is() {
        for (name, text, expected) in [
            ("a space", "Client-Cert: MII B", "MII B"),
            ("a tab", "MII\tB", "MII\tB"),
            ("quotation marks", "Client-Cert: \"MII\"", "\"MII\""),
            ("a list", "Client-Cert: MII, MII", "MII, MII"),
            ("a Byte Sequence", "Client-Cert: :MII:", ":MII:"),
            ("a Byte Sequence alone", ":MII:", ":MII:"),
            ("no padding", "Client-Cert: MI", "MI"),
            ("an empty one", "Host: a\nClient-Cert:\nX: y", ""),
            ("a short one before a word", "Client-Cert: MII\nbody", "MII"),
            ("PEM", "-----BEGIN X-----\nMII\n", "-----BEGIN X-----\nMII"),
        ] {
            assert_eq!(value(text).as_deref(), Ok(expected), "{name}");
        }
    }

    #[test]
    fn not_found() {
        for (name, text, expected) in [
            ("nothing", "", NotFound::Empty),
            ("white space", " \r\n ", NotFound::Empty),
            ("another header", "GET / HTTP/1.1\nHost: a\n", NotFound::Absent),
            ("one that ends so", "X-Client-Cert: MII\n", NotFound::Absent),
            ("one that begins so", "Client-Cert-Chain: :MII:\n", NotFound::Absent),
            ("an answer", "< HTTP/1.1 403 Forbidden\n", NotFound::Absent),
            ("two", "Client-Cert: a\nHost: b\nClient-Cert: a\n", NotFound::Repeated(vec![1, 3])),
            (
                "two in a line",
                "-H 'client-cert: a' -H 'Client-Cert: b'",
                NotFound::Repeated(vec![1, 1]),
            ),
            ("two spellings", "Client-Cert: a\nHTTP_CLIENT_CERT=b", NotFound::Repeated(vec![1, 2])),
        ] {
            assert_eq!(value(text), Err(expected), "{name}");
        }
        let many = "\"Client-Cert\":\"\" ".repeat(20_000);
        assert!(matches!(value(&many), Err(NotFound::Repeated(lines)) if lines.len() == MAX_FOUND));
    }

    #[test]
    fn changes_are_told() {
        let (first, second) = VALUE.split_at(44);
        for (text, expected) in [
            (VALUE.to_owned(), &[][..]),
            (format!("Client-Cert: {VALUE}\n"), &[]),
            (format!("'{first}\n{second}'"), &[QUOTED, WRAPPED]),
            (format!("Client-Cert: {first}\n{second}"), &[WRAPPED]),
        ] {
            assert_eq!(find(text.as_bytes(), &NAMES).unwrap().changes, expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_octets(text in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = find(&text, &NAMES);
        }

        /// Of what the reader looks at, in any order.
        #[test]
        fn any_pieces(pieces in prop::collection::vec(prop::sample::select(vec![
            "Client-Cert", "client-cert", "HTTP_CLIENT_CERT", ":", "=", " ", "\n", "\r\n", "'", "\"",
            "> ", "\x1b[1m", "\x1b", "[", VALUE, "-----BEGIN ", "HTTP/1.1", "\u{e9}", "\\r\\n", ",",
        ]), 0..40)) {
            let text = pieces.concat();
            if let Ok(found) = find(text.as_bytes(), &NAMES) {
                // Nothing is made up.
                prop_assert!(found.value.len() <= text.len());
            }
        }

        #[test]
        fn a_value_in_a_request(value in "[!-~]([ -~]{0,200}[!-~])?") {
            let text = format!("GET / HTTP/1.1\r\nClient-Cert: {value}\r\nHost: a\r\n\r\n");
            let found = find(text.as_bytes(), &["Client-Cert"]).unwrap();
            prop_assume!(!value.ends_with("\\n") && !value.ends_with("\\x0d\\x0a"));
            prop_assert_eq!(String::from_utf8(found.value).unwrap(), value);
        }
    }
}
