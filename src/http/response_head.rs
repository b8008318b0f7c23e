// SPDX-License-Identifier: Apache-2.0

//! The head of a response (RFC 9112 section 4) as a backend wrote it and as a client may have it.
//!
//! httpd passes some heads to the connection without any filter of the request: interim responses,
//! a switch of protocols, and what a tunnel hands through. They are read here as leniently as the
//! most lenient client reads them.

/// What the octets that there are so far are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// They do not begin like a head.
    NotAHead,
    /// They may be a head, of which the end is missing.
    Incomplete,
    /// So many of them are a head. Another head follows if it is `interim` (RFC 9110 section 15.2),
    /// but not after a switch of protocols (101).
    Complete {
        /// In octets, the empty line included.
        length: usize,
        /// Whether another head follows.
        interim: bool,
    },
}

/// How each head begins.
const START: &[u8] = b"HTTP/";

/// More than httpd reads of a backend's response head by its own limits.
const MAX_HEAD: usize = 1 << 20;

/// Reads the heads of responses on their way to a client, piece by piece.
#[derive(Default)]
pub(crate) struct HeadReader {
    /// Those of a head of which the end is missing.
    octets: Vec<u8>,
}

/// Where the octets that were read end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Before a head.
    Before,
    /// In a head, of which the end is missing.
    Within,
    /// After the last head, or where none is.
    After,
}

/// A head is longer than any that httpd reads.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooLong;

impl HeadReader {
    /// Reads a piece of what a client is to have. Appends to `cleaned` what can go on of it, and of
    /// the pieces before: each head without the fields that are `ours`, and all that follows the last
    /// head, or is none, as it is.
    pub(crate) fn read(
        &mut self,
        piece: &[u8],
        ours: impl Fn(&[u8]) -> bool,
        cleaned: &mut Vec<u8>,
    ) -> Result<State, TooLong> {
        let mut seen = self.octets.len();
        self.octets.extend_from_slice(piece);
        loop {
            match progress(&self.octets, seen) {
                Progress::NotAHead => {
                    cleaned.append(&mut self.octets);
                    return Ok(State::After);
                }
                Progress::Incomplete if self.octets.len() > MAX_HEAD => return Err(TooLong),
                Progress::Incomplete if self.octets.is_empty() => return Ok(State::Before),
                Progress::Incomplete => return Ok(State::Within),
                Progress::Complete { length, interim } => {
                    let after = self.octets.split_off(length.min(self.octets.len()));
                    self.end(&ours, cleaned);
                    self.octets = after;
                    seen = 0;
                    if !interim {
                        cleaned.append(&mut self.octets);
                        return Ok(State::After);
                    }
                }
            }
        }
    }

    /// Appends to `cleaned` what there is of a head that is cut off, as far as it goes.
    pub(crate) fn end(&mut self, ours: impl Fn(&[u8]) -> bool, cleaned: &mut Vec<u8>) {
        clean(&std::mem::take(&mut self.octets), ours, cleaned);
    }
}

/// Tells what `octets` are. The first `seen` of them were there, without an end, the last time.
fn progress(octets: &[u8], seen: usize) -> Progress {
    if !octets.iter().zip(START).all(|(octet, expected)| octet == expected) {
        return Progress::NotAHead;
    }
    // The end may have begun in the last three octets of what was seen.
    let from = seen.saturating_sub(3).min(octets.len());
    let mut rest = octets.get(from..).unwrap_or_default();
    while let Some(newline) = rest.iter().position(|octet| *octet == b'\n') {
        rest = rest.get(newline.saturating_add(1)..).unwrap_or_default();
        if let Some(after) = rest.strip_prefix(b"\n").or_else(|| rest.strip_prefix(b"\r\n")) {
            let length = octets.len().saturating_sub(after.len());
            let interim = is_interim(octets.get(..length).unwrap_or_default());
            return Progress::Complete { length, interim };
        }
    }
    Progress::Incomplete
}

/// Whether the status line, and no other, has a status of one hundred and something.
fn is_interim(head: &[u8]) -> bool {
    let line = head.split(|octet| *octet == b'\n').next().unwrap_or_default();
    let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let status = words.nth(1).unwrap_or_default();
    status.starts_with(b"1") && !status.starts_with(b"101")
}

/// Appends the head without the fields whose names are `ours`, and with `Vary: *` in place of each Vary that
/// lists such a name (RFC 9440 section 2.4). All else stays as it is.
fn clean(head: &[u8], ours: impl Fn(&[u8]) -> bool, cleaned: &mut Vec<u8>) {
    let is_vary =
        |line: &Line<'_>| line.name.is_some_and(|name| name.eq_ignore_ascii_case(b"Vary"));
    let varies = lines(head).filter(is_vary).any(|line| tokens(line.value).any(&ours));
    cleaned.reserve(head.len().saturating_add(VARIES.len()));
    for (number, line) in lines(head).enumerate() {
        if !(line.name.is_some_and(&ours) || varies && is_vary(&line)) {
            cleaned.extend_from_slice(line.octets);
        }
        if varies && number == 0 {
            cleaned.extend_from_slice(VARIES);
        }
    }
}

const VARIES: &[u8] = b"Vary: *\r\n";

/// The status line, a field with the lines that continue it (RFC 9112 section 5.2), or the empty
/// line at the end.
struct Line<'a> {
    octets: &'a [u8],
    /// What stands before the first colon, without white space after it. None without a colon.
    name: Option<&'a [u8]>,
    value: &'a [u8],
}

impl<'a> Line<'a> {
    fn new(octets: &'a [u8]) -> Self {
        let mut parts = octets.splitn(2, |octet| *octet == b':');
        let (before, after) = (parts.next().unwrap_or_default(), parts.next());
        let name = after.map(|_| before.trim_ascii_end());
        Self { octets, name, value: after.unwrap_or_default() }
    }
}

fn lines(head: &[u8]) -> impl Iterator<Item = Line<'_>> {
    let mut rest = head;
    std::iter::from_fn(move || {
        let mut length = 0_usize;
        loop {
            let after = rest.get(length..).filter(|after| !after.is_empty())?;
            let newline = after.iter().position(|octet| *octet == b'\n');
            let line = newline.map_or(after.len(), |newline| newline.saturating_add(1));
            length = length.saturating_add(line);
            if !matches!(rest.get(length), Some(b' ' | b'\t')) {
                break;
            }
        }
        let (line, after) = rest.split_at_checked(length)?;
        rest = after;
        Some(Line::new(line))
    })
}

/// The tokens of a list, split by commas, semicolons and white space.
fn tokens(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|octet| matches!(octet, b',' | b';') || octet.is_ascii_whitespace())
        .filter(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cleaned(head: &[u8], ours: impl Fn(&[u8]) -> bool) -> Vec<u8> {
        let mut cleaned = Vec::new();
        clean(head, ours, &mut cleaned);
        cleaned
    }

    fn read(reader: &mut HeadReader, piece: &[u8]) -> Result<(State, Vec<u8>), TooLong> {
        let mut cleaned = Vec::new();
        let is_ours = |name: &[u8]| name.eq_ignore_ascii_case(b"Ours");
        let state = reader.read(piece, is_ours, &mut cleaned)?;
        Ok((state, cleaned))
    }

    #[test]
    fn heads_come_in_pieces() {
        let interim = "HTTP/1.1 103 Early\r\nOurs: 1\r\nA: b\r\n\r\n";
        let head = "HTTP/1.1 200 OK\r\nours : 2\r\nC: d\r\n\r\n";
        let all = format!("{interim}{interim}{head}HTTP/1.1 200 OK\r\nOurs: body\r\n\r\n");
        let expected = all.replace("Ours: 1\r\n", "").replace("ours : 2\r\n", "");
        let (all, length) = (all.as_bytes(), 2 * interim.len() + head.len());
        for size in 1..=all.len() {
            let mut reader = HeadReader::default();
            let mut cleaned = Vec::new();
            let mut from = 0;
            while from < length {
                let to = all.len().min(from + size);
                let (state, part) = read(&mut reader, &all[from..to]).unwrap();
                cleaned.extend(part);
                let is_between = to == interim.len() || to == 2 * interim.len();
                let expected = match () {
                    () if to >= length => State::After,
                    () if is_between => State::Before,
                    () => State::Within,
                };
                assert_eq!(
                    (state, reader.octets.is_empty()),
                    (expected, expected != State::Within)
                );
                from = to;
            }
            cleaned.extend(&all[from..]);
            assert_eq!(cleaned, expected.as_bytes(), "{size}");
        }
    }

    #[test]
    fn what_is_no_head_goes_on_as_it_is() {
        let mut reader = HeadReader::default();
        assert_eq!(read(&mut reader, b"HT"), Ok((State::Within, vec![])));
        assert_eq!(read(&mut reader, b"ML\n\n"), Ok((State::After, b"HTML\n\n".to_vec())));
        assert!(reader.octets.is_empty());
    }

    #[test]
    fn head_that_is_cut_off() {
        let mut reader = HeadReader::default();
        let piece = b"HTTP/1.1 200 OK\r\nOurs: x";
        assert_eq!(read(&mut reader, piece), Ok((State::Within, vec![])));
        for expected in [&b"HTTP/1.1 200 OK\r\n"[..], b""] {
            let mut cleaned = Vec::new();
            reader.end(|name| name == b"Ours", &mut cleaned);
            assert_eq!(cleaned, expected);
        }
    }

    #[test]
    fn length_is_bounded() {
        let mut reader = HeadReader::default();
        assert_eq!(read(&mut reader, b"HTTP/1.1 200 OK\r\nA: "), Ok((State::Within, vec![])));
        let long = vec![b'x'; MAX_HEAD - 30];
        assert_eq!(read(&mut reader, &long), Ok((State::Within, vec![])));
        assert_eq!(read(&mut reader, &[b'x'; 30]), Err(TooLong));
    }

    const HEAD: &[u8] = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";

    fn ours(name: &[u8]) -> bool {
        name.eq_ignore_ascii_case(b"client-cert")
    }

    #[test]
    fn ends() {
        let complete = |length, interim| Progress::Complete { length, interim };
        for (name, octets, expected) in [
            ("nothing yet", &b""[..], Progress::Incomplete),
            ("its beginning", b"HTT", Progress::Incomplete),
            ("something else", b"HTP", Progress::NotAHead),
            ("a body", b"<html>\n\n", Progress::NotAHead),
            ("no end", b"HTTP/1.1 200 OK\r\nA: b\r\n", Progress::Incomplete),
            ("half an end", b"HTTP/1.1 200 OK\r\nA: b\r\n\r", Progress::Incomplete),
            ("a final one", b"HTTP/1.1 200 OK\r\n\r\nbody", complete(19, false)),
            ("newlines alone", b"HTTP/1.1 200 OK\n\nbody", complete(17, false)),
            ("mixed ends", b"HTTP/1.1 200 OK\n\r\n", complete(18, false)),
            ("100", b"HTTP/1.1 100 Continue\r\n\r\n", complete(25, true)),
            ("another protocol", b"HTTP/1.1 101 Switching\r\n\r\n", complete(26, false)),
            ("a status of one digit", b"HTTP/1.1 1\n\n", complete(12, true)),
            ("no status", b"HTTP/1.1\n\n", complete(10, false)),
            ("a status elsewhere", b"HTTP/1.1\nA: 100\n\n", complete(17, false)),
            ("two spaces", b"HTTP/1.1  100 Continue\n\n", complete(24, true)),
            ("a tab", b"HTTP/1.1\t103 Early\n\n", complete(20, true)),
        ] {
            assert_eq!(progress(octets, 0), expected, "{name}");
        }
    }

    #[test]
    fn the_end_is_found_wherever_pieces_are_cut() {
        let octets = [HEAD, b"HTTP/1.1 200 OK\r\n\r\n"].concat();
        for seen in 0..HEAD.len() {
            let incomplete = progress(&octets[..seen], seen.saturating_sub(1));
            assert_eq!(incomplete, Progress::Incomplete, "{seen}");
            let expected = Progress::Complete { length: HEAD.len(), interim: true };
            assert_eq!(progress(&octets, seen), expected, "{seen}");
        }
    }

    #[test]
    fn fields_of_ours_go() {
        for (name, head, expected) in [
            ("none", HEAD, HEAD),
            (
                "one among others",
                &b"HTTP/1.1 103 X\r\nA: b\r\nClient-Cert: x\r\nC: d\r\n\r\n"[..],
                &b"HTTP/1.1 103 X\r\nA: b\r\nC: d\r\n\r\n"[..],
            ),
            (
                "in any case, more than once, folded over lines, with a space before the colon",
                b"HTTP/1.1 103 X\nCLIENT-CERT:a\nclient-cert \t:\r\n b\r\n\tc\r\nC: d\r\n\r\n",
                b"HTTP/1.1 103 X\nC: d\r\n\r\n",
            ),
            ("at the end, without one", b"HTTP/1.1 103 X\r\nClient-Cert: x", b"HTTP/1.1 103 X\r\n"),
            (
                "a name in a value or without a colon",
                b"HTTP/1.1 103 X\r\nA: Client-Cert: x\r\nClient-Cert\r\n\r\n",
                b"HTTP/1.1 103 X\r\nA: Client-Cert: x\r\nClient-Cert\r\n\r\n",
            ),
        ] {
            assert_eq!(
                String::from_utf8(cleaned(head, ours)).unwrap(),
                String::from_utf8(expected.to_vec()).unwrap(),
                "{name}"
            );
        }
    }

    #[test]
    fn vary_by_ours_is_a_star() {
        for (name, vary, expected) in [
            ("another", "Vary: Accept\r\n", "Vary: Accept\r\n"),
            ("ours", "Vary: Client-Cert\r\n", ""),
            ("in a list", "Vary: Accept ,client-cert\r\n", ""),
            ("by semicolons", "vary: Accept;client-cert;x\r\n", ""),
            ("folded over lines", "Vary: Accept,\r\n client-cert\r\n", ""),
            ("beside another Vary", "Vary: Accept\r\nVARY : client-cert\r\n", ""),
            ("a longer name", "Vary: client-certs\r\n", "Vary: client-certs\r\n"),
        ] {
            let head = format!("HTTP/1.1 103 X\r\n{vary}A: b\r\n\r\n");
            let star = if expected.is_empty() { "Vary: *\r\n" } else { "" };
            let expected = format!("HTTP/1.1 103 X\r\n{star}{expected}A: b\r\n\r\n");
            let cleaned = String::from_utf8(cleaned(head.as_bytes(), ours)).unwrap();
            assert_eq!(cleaned, expected, "{name}");
        }
    }

    proptest! {
        #[test]
        fn nothing_of_ours_is_left(
            parts in prop::collection::vec(
                prop::sample::select(vec![
                    "HTTP/1.1 103 X", "\r\n", "\n", ":", " ", "\t", "Client-Cert", "client-cert",
                    "Vary", "A", ",", ";", "\r", "b",
                ]),
                0..40,
            ),
        ) {
            let head = parts.concat();
            let once = cleaned(head.as_bytes(), ours);
            for line in lines(&once).skip(1) {
                prop_assert!(!line.name.is_some_and(ours));
                if line.name.is_some_and(|name| name.eq_ignore_ascii_case(b"vary")) {
                    prop_assert!(!tokens(line.value).any(ours));
                }
            }
            // What another reader takes for lines is the same once more.
            prop_assert!(once.len() <= head.len() + VARIES.len());
        }
    }
}
