// SPDX-License-Identifier: Apache-2.0

//! The directives of a configuration, as httpd has read them.

use std::fmt;

use crate::printable::Octets;

/// A directive, or a section, whose name begins with `<`.
#[derive(Clone, Copy)]
pub(crate) struct Directive<'a> {
    pub(crate) name: &'a [u8],
    /// The rest of its line; of a section, with the `>`.
    pub(crate) args: &'a [u8],
    pub(crate) file: &'a [u8],
    pub(crate) line: u32,
    /// How many sections it stands in.
    pub(crate) depth: u32,
}

impl Directive<'_> {
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }

    pub(crate) fn is_section(&self) -> bool {
        self.name.starts_with(b"<")
    }

    pub(crate) fn words(&self) -> Words<'_> {
        Words(self.args)
    }
}

/// NAME (FILE:LINE).
impl fmt::Display for Directive<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, file) = (Octets(self.name), Octets(self.file));
        write!(formatter, "{name} ({file}:{})", self.line)
    }
}

/// The directives that stand side by side at the beginning of `directives`, each with those inside
/// of it. `directives` are in the order in which they stand.
pub(crate) fn side_by_side<'a, 'b>(
    mut directives: &'b [Directive<'a>],
) -> impl Iterator<Item = (&'b Directive<'a>, &'b [Directive<'a>])> {
    std::iter::from_fn(move || {
        let (first, rest) = directives.split_first()?;
        let inside = rest.iter().take_while(|directive| directive.depth > first.depth).count();
        let (inside, after) = rest.split_at_checked(inside)?;
        directives = after;
        Some((first, inside))
    })
}

/// The words of a line, as httpd's ap_getword_conf() splits them.
pub(crate) struct Words<'a>(&'a [u8]);

impl Iterator for Words<'_> {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let start = self.0.iter().position(|octet| !is_space(*octet))?;
        let line = self.0.get(start..)?;
        let (first, behind) = line.split_first()?;
        let quote = matches!(first, b'"' | b'\'').then_some(*first);
        let mut rest = if quote.is_some() { behind } else { line };
        let mut word = Vec::new();
        loop {
            match rest {
                [b'\\', next, after @ ..] if *next == b'\\' || Some(*next) == quote => {
                    word.push(*next);
                    rest = after;
                }
                [octet, after @ ..] if Some(*octet) == quote => {
                    rest = after;
                    break;
                }
                [octet, after @ ..] if quote.is_some() || !is_space(*octet) => {
                    word.push(*octet);
                    rest = after;
                }
                _ => break,
            }
        }
        self.0 = rest;
        Some(word)
    }
}

/// In the locale in which httpd reads its configuration.
fn is_space(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t'..=b'\r')
}

/// The directives of a text, for tests: one a line, sections as in a file named `conf`.
#[cfg(test)]
pub(crate) fn read(text: &str) -> Vec<Directive<'_>> {
    let mut depth = 0;
    let mut directives = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        let (name, args) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        if name.starts_with("</") {
            depth -= 1;
            continue;
        }
        let (name, args) = (name.trim_end_matches('>').as_bytes(), args.as_bytes());
        directives.push(Directive { name, args, file: b"conf", line, depth });
        depth += u32::from(name.starts_with(b"<"));
    }
    directives
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_httpd() {
        let cases: [(&str, &[&str]); 12] = [
            ("", &[]),
            (" \t\r\n\x0b\x0c", &[]),
            ("/ws  ws://origin/\tretry=0", &["/ws", "ws://origin/", "retry=0"]),
            (r#""/a b" 'c d'"#, &["/a b", "c d"]),
            (r#""" x"#, &["", "x"]),
            // Nothing need follow a quote's end.
            (r#""a"b"#, &["a", "b"]),
            (r#"a"b c"#, &[r#"a"b"#, "c"]),
            (r#""not closed "#, &["not closed "]),
            (r#""a\"b" 'a\'b' "a\'b""#, &[r#"a"b"#, "a'b", r"a\'b"]),
            (r"a\\b a\b a\ b", &[r"a\b", r"a\b", r"a\", "b"]),
            (r#""a\\" b"#, &[r"a\", "b"]),
            (r#""a\""#, &[r#"a""#]),
        ];
        for (line, expected) in cases {
            let words: Vec<_> = Words(line.as_bytes()).collect();
            let expected: Vec<_> = expected.iter().map(|word| word.as_bytes()).collect();
            assert_eq!(words, expected, "{line:?}");
        }
    }

    #[test]
    fn sections_have_what_is_inside() {
        let text = "A\n<B>\nC\n<D>\nE\n</D>\n</B>\n<F>\n</F>\nG";
        let directives = read(text);
        let names = |directives: &[Directive<'_>]| {
            let outer = side_by_side(directives).map(|(directive, inside)| {
                format!("{}{}", String::from_utf8_lossy(directive.name), inside.len())
            });
            outer.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(names(&directives), "A0 <B3 <F0 G0");
        let (_, inside) = side_by_side(&directives).nth(1).unwrap();
        assert_eq!(names(inside), "C0 <D1");
        assert_eq!(names(&[]), "");
    }

    #[test]
    fn places() {
        let directive = Directive { file: b"/etc/\n", ..read("ProxyPass / ws://x/")[0] };
        assert_eq!(directive.to_string(), "ProxyPass (/etc/\\x0a:1)");
    }
}
