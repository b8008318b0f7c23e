// SPDX-License-Identifier: Apache-2.0

//! The parts of RFC 8941 that RFC 9440 needs, and the base64 in them.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD},
};

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

/// Why something is not an Item that is a Byte Sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotByteSequence {
    /// It is no Item, or one of another type; with what is wrong.
    Item(&'static str),
    /// There is no base64 between the colons.
    Base64,
}

/// Reads an Item that is a Byte Sequence, RFC 8941 section 4.2: spaces around it do not count, nor
/// do well-formed parameters after it. The base64 has all of its padding or none, and no bits left
/// over that are not zero, which the RFC leaves to the reader.
pub(crate) fn read_byte_sequence(field: &[u8]) -> Result<Vec<u8>, NotByteSequence> {
    let mut parser = Parser { rest: field };
    parser.skip_spaces();
    let bytes = parser.byte_sequence()?;
    parser.parameters()?;
    parser.skip_spaces();
    if parser.rest.is_empty() {
        Ok(bytes)
    } else {
        Err(NotByteSequence::Item("it goes on after its end"))
    }
}

/// Why something is not a List of Byte Sequences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotByteSequences {
    /// How many of its members were read.
    pub(crate) read: usize,
    /// What is wrong with the next.
    pub(crate) why: NotByteSequence,
}

/// Reads a List of Byte Sequences, RFC 8941 section 4.2.1, each as [`read_byte_sequence`] reads one.
/// An empty field is an empty List.
pub(crate) fn read_list(field: &[u8]) -> Result<Vec<Vec<u8>>, NotByteSequences> {
    let mut parser = Parser { rest: field };
    let mut members = Vec::new();
    parser.skip_spaces();
    while !parser.rest.is_empty() {
        let member = parser.member().map_err(|why| NotByteSequences { read: members.len(), why });
        members.push(member?);
    }
    Ok(members)
}

/// Base64 with or without padding.
fn decode(encoded: &[u8]) -> Result<Vec<u8>, NotByteSequence> {
    let engine = if encoded.ends_with(b"=") { STANDARD } else { STANDARD_NO_PAD };
    engine.decode(encoded).map_err(|_| NotByteSequence::Base64)
}

/// A field, of which the rest is still to be read.
struct Parser<'a> {
    rest: &'a [u8],
}

impl<'a> Parser<'a> {
    fn skip_spaces(&mut self) {
        while self.skip(b' ') {}
    }

    /// Between the members of a List, tabs are white space as well.
    fn skip_white_space(&mut self) {
        while self.skip(b' ') || self.skip(b'\t') {}
    }

    /// A member of a List, and the comma after it if another member follows.
    fn member(&mut self) -> Result<Vec<u8>, NotByteSequence> {
        let bytes = self.byte_sequence()?;
        self.parameters()?;
        self.skip_white_space();
        if self.rest.is_empty() {
            return Ok(bytes);
        }
        if !self.skip(b',') {
            return Err(NotByteSequence::Item("no comma follows it"));
        }
        self.skip_white_space();
        if self.rest.is_empty() {
            return Err(NotByteSequence::Item("nothing follows its comma"));
        }
        Ok(bytes)
    }

    /// Whether this octet is next; then it is read.
    fn skip(&mut self, octet: u8) -> bool {
        let rest = self.rest.strip_prefix(&[octet]);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// The next octets for which this holds, which may be none.
    fn take_while(&mut self, holds: impl Fn(u8) -> bool) -> &'a [u8] {
        let length = self.rest.iter().position(|octet| !holds(*octet)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, &[]));
        self.rest = rest;
        taken
    }

    /// RFC 8941 section 4.2.7.
    fn byte_sequence(&mut self) -> Result<Vec<u8>, NotByteSequence> {
        if !self.skip(b':') {
            return Err(NotByteSequence::Item("it does not begin with a colon"));
        }
        let encoded = self.take_while(|octet| octet != b':');
        if !self.skip(b':') {
            return Err(NotByteSequence::Item("the second colon is missing"));
        }
        decode(encoded)
    }

    /// RFC 8941 section 4.2.3.2.
    fn parameters(&mut self) -> Result<(), NotByteSequence> {
        while self.skip(b';') {
            self.skip_spaces();
            self.parameter().ok_or(NotByteSequence::Item("a parameter after it is malformed"))?;
        }
        Ok(())
    }

    fn parameter(&mut self) -> Option<()> {
        let begins = |octet: &u8| octet.is_ascii_lowercase() || *octet == b'*';
        self.rest.first().filter(|octet| begins(octet))?;
        self.take_while(|octet| {
            octet.is_ascii_lowercase()
                || octet.is_ascii_digit()
                || matches!(octet, b'_' | b'-' | b'.' | b'*')
        });
        if self.skip(b'=') { self.bare_item() } else { Some(()) }
    }

    /// RFC 8941 section 4.2.3.1.
    fn bare_item(&mut self) -> Option<()> {
        match self.rest.first()? {
            b':' => self.byte_sequence().ok().map(drop),
            b'"' => self.string(),
            b'?' => {
                self.skip(b'?');
                (self.skip(b'0') || self.skip(b'1')).then_some(())
            }
            b'-' | b'0'..=b'9' => self.number(),
            b'*' | b'A'..=b'Z' | b'a'..=b'z' => {
                self.take_while(|octet| {
                    octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~:/".contains(&octet)
                });
                Some(())
            }
            _ => None,
        }
    }

    /// RFC 8941 section 4.2.4: of 15 digits, or of 12 with up to three after a point.
    fn number(&mut self) -> Option<()> {
        self.skip(b'-');
        let digits = self.take_while(|octet| octet.is_ascii_digit()).len();
        if !self.skip(b'.') {
            return (1..=15).contains(&digits).then_some(());
        }
        let fraction = self.take_while(|octet| octet.is_ascii_digit()).len();
        ((1..=12).contains(&digits) && (1..=3).contains(&fraction)).then_some(())
    }

    /// RFC 8941 section 4.2.5.
    fn string(&mut self) -> Option<()> {
        self.skip(b'"');
        loop {
            self.take_while(|octet| {
                matches!(octet, b' '..=b'~') && octet != b'"' && octet != b'\\'
            });
            if self.skip(b'\\') {
                (self.skip(b'"') || self.skip(b'\\')).then_some(())?;
            } else {
                return self.skip(b'"').then_some(());
            }
        }
    }
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
    fn byte_sequences_that_are_read() {
        for (name, field, expected) in [
            ("as it is written", ":Zm9vYg==:", &b"foob"[..]),
            ("no padding of two", ":Zm9vYg:", b"foob"),
            ("no padding of one", ":Zm8:", b"fo"),
            ("none due", ":Zm9v:", b"foo"),
            ("nothing", "::", b""),
            ("spaces around it", "   :Zm9v:   ", b"foo"),
            ("a parameter", ":Zm9v:;a", b"foo"),
            ("spaces before a parameter", ":Zm9v:;   a", b"foo"),
            ("spaces after a parameter", ":Zm9v:;a  ", b"foo"),
            ("any key", ":Zm9v:;*a9_-.*", b"foo"),
            ("several", ":Zm9v:;a;b=1; c=?0;a", b"foo"),
            ("integer", ":Zm9v:;a=-999999999999999", b"foo"),
            ("decimal", ":Zm9v:;a=123456789012.125", b"foo"),
            ("zeros", ":Zm9v:;a=00.0", b"foo"),
            ("string", ":Zm9v:;a=\"x;:\\\\ \\\"\"", b"foo"),
            ("empty string", ":Zm9v:;a=\"\"", b"foo"),
            ("token", ":Zm9v:;a=*T/:!#$%&'*+-.^_`|~0", b"foo"),
            ("byte sequence", ":Zm9v:;a=:Zg:;b=:Zg==:;c=::", b"foo"),
            ("boolean", ":Zm9v:;a=?1", b"foo"),
        ] {
            assert_eq!(read_byte_sequence(field.as_bytes()).as_deref(), Ok(expected), "{name}");
        }
    }

    #[test]
    fn byte_sequences_that_are_not_read() {
        use NotByteSequence::{Base64, Item};
        let (begin, second, parameter, after) = (
            Item("it does not begin with a colon"),
            Item("the second colon is missing"),
            Item("a parameter after it is malformed"),
            Item("it goes on after its end"),
        );
        for (name, field, expected) in [
            ("nothing", "", begin),
            ("spaces", "  ", begin),
            ("base64 alone", "Zm9v", begin),
            ("tab before", "\t:Zm9v:", begin),
            ("string", "\"Zm9v\"", begin),
            ("inner list", "(:Zm9v:)", begin),
            ("one colon", ":", second),
            ("no colon after", ":Zm9v", second),
            ("tab after", ":Zm9v:\t", after),
            ("letters after", ":Zm9v:x", after),
            ("list", ":Zm9v:, :Zm9v:", after),
            ("space before the semicolon", ":Zm9v: ;a", after),
            ("four colons", "::Zm9v::", after),
            ("one padding of two", ":Zm9vYg=:", Base64),
            ("three paddings", ":Zm9vYg===:", Base64),
            ("padding where none is due", ":Zm9v=:", Base64),
            ("padding alone", ":=:", Base64),
            ("padding within", ":Zg==Zg==:", Base64),
            ("one digit too many", ":Zm9vY:", Base64),
            ("stray bits", ":Zm9vYh==:", Base64),
            ("stray bits, no padding", ":Zm9vYh:", Base64),
            ("space inside", ":Zm9v :", Base64),
            ("line feed inside", ":Zm9v\nZm9v:", Base64),
            ("URL alphabet", ":Zm9_:", Base64),
            ("no key", ":Zm9v:;", parameter),
            ("two semicolons", ":Zm9v:;;a", parameter),
            ("key in capitals", ":Zm9v:;A", parameter),
            ("key that is a number", ":Zm9v:;1", parameter),
            ("no value", ":Zm9v:;a=", parameter),
            ("space for a value", ":Zm9v:;a= 1", parameter),
            ("sixteen digits", ":Zm9v:;a=1234567890123456", parameter),
            ("thirteen and a fraction", ":Zm9v:;a=1234567890123.1", parameter),
            ("four after the point", ":Zm9v:;a=1.1234", parameter),
            ("none after the point", ":Zm9v:;a=1.", parameter),
            ("minus alone", ":Zm9v:;a=-", parameter),
            ("string without end", ":Zm9v:;a=\"x", parameter),
            ("string that ends in a backslash", ":Zm9v:;a=\"x\\", parameter),
            ("string with another escape", ":Zm9v:;a=\"\\n\"", parameter),
            ("string that is not ASCII", ":Zm9v:;a=\"é\"", parameter),
            ("string with a control character", ":Zm9v:;a=\"\x7f\"", parameter),
            ("boolean of 2", ":Zm9v:;a=?2", parameter),
            ("byte sequence without end", ":Zm9v:;a=:Zg", parameter),
            ("byte sequence that is none", ":Zm9v:;a=:Z:", parameter),
            ("inner list as a value", ":Zm9v:;a=(1)", parameter),
            ("date of another RFC", ":Zm9v:;a=@1", parameter),
            ("letters after a number", ":Zm9v:;a=1x", after),
        ] {
            assert_eq!(read_byte_sequence(field.as_bytes()), Err(expected), "{name}");
        }
    }

    #[test]
    fn empty_list_is_empty() {
        assert_eq!(list(&[]), "");
    }

    #[test]
    fn lists_that_are_read() {
        for (name, field, expected) in [
            ("nothing", "", &[][..]),
            ("spaces", "  ", &[]),
            ("one", ":Zm9v:", &["foo"]),
            ("two", ":Zm9v:, :Zg==:", &["foo", "f"]),
            ("no space", ":Zm9v:,:Zg:", &["foo", "f"]),
            ("white space", "  :Zm9v: \t,\t :Zg: \t", &["foo", "f"]),
            ("parameters", ":Zm9v:;a=\",\", :Zg:; b=1", &["foo", "f"]),
            ("one that is empty", "::, :Zg:", &["", "f"]),
        ] {
            let expected: Vec<_> =
                expected.iter().map(|member| member.as_bytes().to_vec()).collect();
            assert_eq!(read_list(field.as_bytes()), Ok(expected), "{name}");
        }
    }

    #[test]
    fn lists_that_are_not_read() {
        use NotByteSequence::{Base64, Item};
        let begin = Item("it does not begin with a colon");
        for (name, field, read, why) in [
            ("tab before", "\t:Zm9v:", 0, begin),
            ("comma alone", ",", 0, begin),
            ("comma before", ", :Zm9v:", 0, begin),
            ("comma after", ":Zm9v:, ", 0, Item("nothing follows its comma")),
            ("two commas", ":Zm9v:,, :Zg:", 1, begin),
            ("no comma", ":Zm9v: :Zg:", 0, Item("no comma follows it")),
            (
                "semicolon for the comma",
                ":Zm9v:; :Zg:",
                0,
                Item("a parameter after it is malformed"),
            ),
            ("colon missing between", ":Zm9v, :Zg:", 0, Base64),
            ("no end", ":Zm9v:, :Zg", 1, Item("the second colon is missing")),
            ("inner list", "(:Zm9v: :Zg:)", 0, begin),
            ("a string", ":Zm9v:, \"Zg\"", 1, begin),
            ("a token", ":Zm9v:, Zg", 1, begin),
            ("dictionary", "a=:Zm9v:", 0, begin),
            ("stray bits in the third", ":Zg:, :Zg:, :Zh:", 2, Base64),
        ] {
            let expected = Err(NotByteSequences { read, why });
            assert_eq!(read_list(field.as_bytes()), expected, "{name}");
        }
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
            prop_assert_eq!(read_byte_sequence(sequence.as_bytes()), Ok(bytes));
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
            prop_assert_eq!(&read, &members);
            prop_assert_eq!(read_list(list.as_bytes()), Ok(members));
        }
    }
}
