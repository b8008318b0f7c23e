// SPDX-License-Identifier: Apache-2.0

//! The words of directives: numbers, formats, names of headers and of files.

use std::ffi::{CStr, CString};

use super::{Checked, Fault, Line};
use crate::{
    configured_files::{FileKind, FileName, Files},
    format::{FORMATS, Row},
    http::field_names::{fold_to_one, is_known, is_reserved, is_token},
};

/// The header of ClientCertForwardChain.
pub(super) const CHAIN: &CStr = c"Client-Cert-Chain";

/// Err of a fault that is made of these parts. Words stand in it octet by octet.
macro_rules! fault {
    ($($part:expr),+) => {
        Err($crate::directives::Fault([$(AsRef::<[u8]>::as_ref($part)),+].concat()))
    };
}
pub(super) use fault;

/// Whether a word is this one, in any case.
pub(super) fn is(word: &[u8], other: &str) -> bool {
    word.eq_ignore_ascii_case(other.as_bytes())
}

impl Line<'_> {
    /// httpd has seen to their number.
    pub(super) fn word(&self, number: usize) -> &[u8] {
        self.words.get(number).copied().unwrap_or_default()
    }

    pub(super) fn optional_word(&self, number: usize) -> Option<&[u8]> {
        self.words.get(number).copied()
    }

    /// Of a directive that is on or off.
    pub(super) fn is_on(&self) -> bool {
        is(self.word(0), "on")
    }

    /// Where it stands: file and line.
    pub(super) fn place(&self) -> Vec<u8> {
        let line = self.directive.line.to_string();
        [self.directive.file, b":", line.as_bytes()].concat()
    }

    /// Reads the file that its first word names, and with `has_key` another one that its second does.
    /// Returns its number.
    pub(super) fn read_file(
        &self,
        kind: FileKind,
        has_key: bool,
        files: &mut Files,
    ) -> Checked<usize> {
        let path = |number: usize| match self.paths.get(number) {
            Some(Some(path)) => Ok(*path),
            _ => fault!(self.word(number), ": invalid path"),
        };
        let name = FileName {
            directive: self.directive.name.into(),
            name: path(0)?.into(),
            key_name: if has_key { Some(path(1)?.into()) } else { None },
        };
        let number = files.read(kind, name, &self.place(), self.now);
        match files.get(number).and_then(|file| file.fault()) {
            Some(text) if !self.restarts => fault!(text),
            _ => Ok(number),
        }
    }
}

/// A whole decimal number of at most 2^31 - 1 and what follows it; None where there is none.
pub(super) fn number(word: &[u8]) -> Option<(u32, &[u8])> {
    let digits = word.iter().take_while(|octet| octet.is_ascii_digit()).count();
    let (digits, rest) = word.split_at_checked(digits)?;
    let number: i32 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    Some((u32::try_from(number).ok()?, rest))
}

/// A number alone.
pub(super) fn seconds(word: &[u8]) -> Option<u32> {
    number(word).filter(|(_, rest)| rest.is_empty()).map(|(number, _)| number)
}

/// The format that a word names, in any case.
fn find_format(word: &[u8]) -> Option<&'static Row> {
    FORMATS.iter().find(|row| row.name.to_bytes().eq_ignore_ascii_case(word))
}

/// The same of those that are wanted.
pub(super) fn format(word: &[u8], wanted: impl Fn(&Row) -> bool) -> Checked<&'static Row> {
    if let Some(row) = find_format(word).filter(|row| wanted(row)) {
        return Ok(row);
    }
    let rows = FORMATS.iter().filter(|row| wanted(row)).map(|row| row.name.to_bytes());
    let names: Vec<_> = std::iter::once(&b"off"[..]).chain(rows).collect();
    fault!("unknown format \"", word, "\", must be one of ", &names.join(&b", "[..]))
}

/// A string of C, as all words are.
pub(super) fn string(word: &[u8]) -> Checked<CString> {
    CString::new(word).map_err(|_| Fault(b"a word has a NUL".to_vec()))
}

/// A header name that was configured.
pub(super) fn header(name: &[u8]) -> Checked<CString> {
    if !is_token(name) {
        return fault!("\"", name, "\" is no header name");
    }
    if is_reserved(name) {
        return fault!("the header \"", name, "\" has a meaning of its own in HTTP");
    }
    if find_format(name).is_some() {
        return fault!(
            "\"",
            name,
            "\" is a format, not a header: each format has a directive of its own"
        );
    }
    if fold_to_one(name, CHAIN.to_bytes()) {
        return fault!("the header \"", name, "\" is the one of ClientCertForwardChain");
    }
    string(name)
}

/// A name that ClientCertKnownHeaders keeps.
pub(super) fn known_header(name: &[u8]) -> Checked<CString> {
    if name.contains(&b'*') {
        return fault!("\"", name, "\": names are written in full");
    }
    if !is_known(name) || !is_token(name) {
        return fault!("\"", name, "\" is none of the known headers");
    }
    string(name)
}
