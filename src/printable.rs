// SPDX-License-Identifier: Apache-2.0

//! What may stand in a line of a log.

use std::fmt::{self, Write};

/// What stands at the end of a text that was cut off.
const CUT_OFF: &str = "...";

/// `text` in printable ASCII, with at most so many bytes. What is none is written as `\x` and two
/// hexadecimal digits for each of its bytes.
pub(crate) fn printable(text: impl fmt::Display, max: usize) -> Box<str> {
    let mut writer = Writer { text: String::new(), max, cut_off: false };
    // Ends with an error where there is no room for more.
    let _ = write!(writer, "{text}");
    if writer.cut_off {
        // ASCII, so every byte is the border of a character.
        writer.text.truncate(max.saturating_sub(CUT_OFF.len()));
        writer.text.push_str(CUT_OFF);
        writer.text.truncate(max);
    }
    writer.text.into()
}

struct Writer {
    text: String,
    max: usize,
    cut_off: bool,
}

impl Write for Writer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            if matches!(byte, b' '..=b'~') {
                self.text.push(char::from(byte));
            } else {
                write!(self.text, "\\x{byte:02x}")?;
            }
            if self.text.len() > self.max {
                self.cut_off = true;
                return Err(fmt::Error);
            }
        }
        Ok(())
    }
}

/// Octets for the log, which writes a backslash as two by itself: printable ASCII as it is.
pub(crate) struct Octets<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Octets<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|&octet| match octet {
            b' '..=b'~' => formatter.write_char(char::from(octet)),
            _ => write!(formatter, "\\x{octet:02x}"),
        })
    }
}

/// Octets from outside as text: printable ASCII as it is, but for the backslash, by which the
/// others are written.
pub(crate) struct Escaped<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|&octet| match octet {
            b'\\' => formatter.write_str("\\\\"),
            b' '..=b'~' => formatter.write_char(char::from(octet)),
            _ => write!(formatter, "\\x{octet:02x}"),
        })
    }
}

/// Octets in hexadecimal digits.
pub(crate) struct Hex<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(formatter, "{octet:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_printable_is_escaped() {
        for (name, text, expected) in [
            ("words", "two words", "two words"),
            ("nothing", "", ""),
            ("line feed", "a\nb", "a\\x0ab"),
            ("a line from outside", "x\r\n[error] y", "x\\x0d\\x0a[error] y"),
            ("escape", "\u{1b}[2J", "\\x1b[2J"),
            ("NUL", "a\0b", "a\\x00b"),
            ("delete", "\u{7f}", "\\x7f"),
            ("not ASCII", "é", "\\xc3\\xa9"),
        ] {
            assert_eq!(&*printable(text, 100), expected, "{name}");
        }
    }

    #[test]
    fn length_is_bounded() {
        for (name, text, max, expected) in [
            ("just fits", "abcdef", 6, "abcdef"),
            ("one too many", "abcdefg", 6, "abc..."),
            ("far too many", &"x".repeat(1 << 20), 6, "xxx..."),
            ("an escape at the border", "abcde\n", 6, "abc..."),
            ("no room for the mark", "abcd", 2, ".."),
            ("no room", "a", 0, ""),
        ] {
            assert_eq!(&*printable(text, max), expected, "{name}");
        }
        // Whatever is to be written, no more of it is than that.
        struct Endless;
        impl fmt::Display for Endless {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                loop {
                    formatter.write_str("no end")?;
                }
            }
        }
        assert_eq!(printable(Endless, 400).len(), 400);
    }

    #[test]
    fn octets() {
        assert_eq!(Escaped(b"a\\x0a\n\xff").to_string(), "a\\\\x0a\\x0a\\xff");
        assert_eq!(Hex(&[0, 0x7f, 0xff]).to_string(), "007fff");
        assert_eq!(Hex(&[]).to_string(), "");
    }
}
