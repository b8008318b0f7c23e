// SPDX-License-Identifier: Apache-2.0

//! What is printed: printable ASCII and letters, whatever a certificate has in it.

use std::fmt::Write;

use crate::certificate::{Description, ago, time};

/// The width of the names in front of what they say.
const WIDTH: usize = 12;

/// Lines of a report.
#[derive(Default)]
pub struct Report(String);

impl Report {
    /// A line by itself.
    pub fn line(&mut self, text: &str) {
        self.push(text);
        self.0.push('\n');
    }

    /// A name, and what it says. Nothing where there is nothing to say.
    pub fn row(&mut self, name: &str, text: &str) {
        if !text.is_empty() {
            // Writing to a String never fails.
            let _ = write!(self.0, "  {name:<WIDTH$} ");
            self.line(text);
        }
    }

    /// A certificate under a heading.
    pub fn certificate(&mut self, heading: &str, certificate: &Description, at: i64) {
        self.line(heading);
        self.row("subject", or_none(&certificate.subject));
        self.row("names", &certificate.names());
        self.row("issuer", or_none(&certificate.issuer));
        self.row("serial", &certificate.serial);
        let validity = [certificate.not_before, certificate.not_after]
            .map(|time_of| time_of.map_or_else(|| "?".to_owned(), time));
        let [begin, end] = &validity;
        let outside = certificate.outside(at).map(|words| format!(" ({words})"));
        self.row("valid", &format!("{begin} to {end}{}", outside.unwrap_or_default()));
        self.row("key", &certificate.key);
        self.row("SHA-256", &certificate.sha256);
    }

    /// When it was signed, as seen from a time.
    pub fn signing_time(&mut self, signed: Option<i64>, at: i64) {
        if let Some(signed) = signed {
            let since = ago(at.saturating_sub(signed));
            self.row("signed at", &format!("{} ({since})", time(signed)));
        }
    }

    fn push(&mut self, text: &str) {
        for character in text.chars() {
            if character.is_control() || is_unseen(character) {
                let _ = write!(self.0, "\\u{{{:x}}}", u32::from(character));
            } else {
                self.0.push(character);
            }
        }
    }

    pub fn into_text(self) -> String {
        self.0
    }
}

/// What changes the look of others: marks of direction, and what has no width.
fn is_unseen(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { "(empty)" } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_moves_the_cursor() {
        let mut report = Report::default();
        report.row("subject", "CN=\x1b[2J\r\n\u{202e}x\u{e9}\u{9b}");
        assert_eq!(
            report.into_text(),
            "  subject      CN=\\u{1b}[2J\\u{d}\\u{a}\\u{202e}x\u{e9}\\u{9b}\n"
        );
    }
}
