// SPDX-License-Identifier: Apache-2.0

//! Distinguished names as text.

use std::{ptr::null_mut, slice};

use foreign_types::ForeignTypeRef;
use openssl::x509::X509NameRef;

use crate::{
    asn1::der::{Malformed, Reader, tag},
    openssl_ext,
};

/// The tags of strings that OpenSSL compares by their characters, whichever of them it is.
const STRINGS: [u8; 5] = [12, 19, 20, 22, 26];

/// A name, with tag and length, in a form that is one where OpenSSL takes two names to be one: of
/// strings neither the kind counts, nor the case of ASCII letters, nor how many spaces there are. It is
/// for finding issuers, and decides nothing. A name that our reader does not know is left as it is.
pub(crate) fn folded(name: &[u8]) -> Vec<u8> {
    let mut folded = Vec::with_capacity(name.len());
    match fold(name, &mut folded) {
        Ok(()) => folded,
        Err(Malformed) => name.to_vec(),
    }
}

fn fold(name: &[u8], folded: &mut Vec<u8>) -> Result<(), Malformed> {
    let mut relative = Reader::new(Reader::only(name, tag::SEQUENCE)?.contents);
    while relative.end().is_err() {
        let mut attributes = Reader::new(relative.read(tag::SET)?.contents);
        while attributes.end().is_err() {
            let mut attribute = Reader::new(attributes.read(tag::SEQUENCE)?.contents);
            folded.extend_from_slice(attribute.read(tag::OID)?.raw);
            let value = attribute.any()?;
            attribute.end()?;
            if STRINGS.contains(&value.tag) {
                let words = value.contents.split(u8::is_ascii_whitespace);
                for word in words.filter(|word| !word.is_empty()) {
                    folded.extend(word.iter().map(u8::to_ascii_lowercase));
                    folded.push(b' ');
                }
            } else {
                folded.extend_from_slice(value.raw);
            }
            // No octet of a string in UTF-8.
            folded.push(0xff);
        }
        folded.push(0xfe);
    }
    Ok(())
}

/// A name as RFC 2253 writes it: printable ASCII, without a quotation mark that is not escaped.
/// `None` where OpenSSL cannot write it.
#[must_use]
pub fn rfc2253(name: &X509NameRef) -> Option<String> {
    // SAFETY: the BIO is made, used and freed here; the name outlives the call; the memory is the
    // BIO's and copied before it goes.
    let written = unsafe {
        let bio = openssl_sys::BIO_new(openssl_sys::BIO_s_mem());
        if bio.is_null() {
            return None;
        }
        let flags = openssl_ext::XN_FLAG_RFC2253.into();
        let mut written = None;
        if openssl_ext::X509_NAME_print_ex(bio, name.as_ptr(), 0, flags) >= 0 {
            let mut data = null_mut();
            let length = openssl_sys::BIO_get_mem_data(bio, &raw mut data);
            let length = usize::try_from(length).unwrap_or(0);
            written = Some(if data.is_null() || length == 0 {
                Vec::new()
            } else {
                slice::from_raw_parts(data.cast::<u8>(), length).to_vec()
            });
        }
        openssl_sys::BIO_free_all(bio);
        written
    };
    let printable = written.filter(|text| text.iter().all(|byte| matches!(byte, b' '..=b'~')))?;
    String::from_utf8(printable).ok()
}

#[cfg(test)]
mod tests {
    use openssl::x509::X509Name;

    use super::*;
    use crate::testing::distinguished_name;

    const COMMON_NAME: &[u8] = &[0x55, 4, 3];
    const UNIT: &[u8] = &[0x55, 4, 11];

    /// As OpenSSL compares them.
    #[test]
    fn folded_as_openssl_compares() {
        let name =
            |kind, text: &str| distinguished_name(&[&[(COMMON_NAME, kind, text.as_bytes())]]);
        let names = [
            name(12, "The CA"),
            name(19, "The CA"),
            name(19, "the ca"),
            name(22, "  THE   CA "),
            name(12, "The CA 2"),
            name(12, "TheCA"),
            name(12, ""),
            name(12, "\u{c4}"),
            name(12, "\u{e4}"),
            name(18, "12"),
            name(12, "12"),
            distinguished_name(&[&[(UNIT, 12, b"The CA")]]),
            distinguished_name(&[&[(COMMON_NAME, 12, b"The CA"), (UNIT, 12, b"x")]]),
            distinguished_name(&[&[(COMMON_NAME, 12, b"The CA")], &[(UNIT, 12, b"x")]]),
            distinguished_name(&[]),
        ];
        for one in &names {
            for other in &names {
                let read = |name: &[u8]| X509Name::from_der(name).unwrap();
                let same = read(one).try_cmp(&read(other)).unwrap().is_eq();
                assert_eq!(folded(one) == folded(other), same, "{one:02x?} {other:02x?}");
            }
        }
        assert_eq!(folded(b"no name"), b"no name");
    }
}
