// SPDX-License-Identifier: Apache-2.0

//! The blocks of a PEM file.

use std::iter;

use crate::error::Error;

/// Base64 characters in one line of PEM, RFC 7468 section 2.
const LINE: usize = 64;

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";

/// A PEM block (RFC 7468): its label, and all of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Block<'a> {
    pub(crate) label: &'a [u8],
    pub(crate) pem: &'a [u8],
}

/// The lines of a certificate's PEM, of the base64 of its DER, without their ends.
pub(crate) fn certificate_lines(base64: &str) -> impl Iterator<Item = &str> {
    let mut rest = base64;
    let body = iter::from_fn(move || {
        let (line, after) = rest.split_at_checked(LINE).unwrap_or((rest, ""));
        rest = after;
        Some(line).filter(|line| !line.is_empty())
    });
    iter::once("-----BEGIN CERTIFICATE-----")
        .chain(body)
        .chain(iter::once("-----END CERTIFICATE-----"))
}

/// The PEM blocks of a text. What stands between them is not looked at.
pub(crate) fn blocks(text: &[u8]) -> Result<Vec<Block<'_>>, Error> {
    let mut blocks = Vec::new();
    let mut open: Option<(&[u8], &[u8])> = None;
    let mut rest = text;
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        let start = rest;
        rest = rest.get(line.len()..).unwrap_or_default();
        match (label(BEGIN, line), label(END, line), open) {
            (None, None, _) => {}
            (Some(label), None, None) => open = Some((label, start)),
            (None, Some(label), Some((begun, from))) if label == begun => {
                let length = from.len().saturating_sub(rest.len());
                blocks.push(Block { label, pem: from.get(..length).unwrap_or_default() });
                open = None;
            }
            _ => return Err(Error::FileMalformed),
        }
    }
    if open.is_some() { Err(Error::FileMalformed) } else { Ok(blocks) }
}

/// The label of a line that begins or ends a block.
fn label<'a>(kind: &[u8], line: &'a [u8]) -> Option<&'a [u8]> {
    let rest = line.trim_ascii_end().strip_prefix(kind)?;
    Some(rest.strip_suffix(DASHES).unwrap_or(rest))
}
