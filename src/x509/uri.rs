// SPDX-License-Identifier: Apache-2.0

//! URIs as certificates have them.

use std::{borrow::Borrow, ffi::c_int, slice};

use foreign_types::ForeignTypeRef;
use openssl::{stack::StackRef, x509::GeneralName};

use crate::error::Error;

/// The longest SPIFFE ID, and the longest trust domain in one, in bytes (SPIFFE-ID sections 2.1 and
/// 2.3).
const MAX_SPIFFE_ID: usize = 2048;
const MAX_TRUST_DOMAIN: usize = 255;

/// What OpenSSL prints before a name of another certificate, and no URI of a workload begins with.
const KINDS: [&str; 4] = ["DNS", "URI", "IP", "email"];

/// A URI for which a subjectAltName uniformResourceIdentifier can stand (RFC 5280 section 4.2.1.6),
/// compared octet by octet.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Uri(Box<[u8]>);

impl Uri {
    /// Takes a URI of RFC 3986 with a scheme. A SPIFFE ID has to be in the one form that there is of
    /// it. What would be a mistake is none: a wildcard, which no certificate has; an address; a host
    /// with its port; a name as OpenSSL prints it, with its kind in front.
    pub(crate) fn new(name: &[u8]) -> Result<Self, Error> {
        let malformed = Error::TrustUriMalformed;
        let colon = name.iter().position(|octet| *octet == b':').ok_or(malformed)?;
        let (scheme, rest) = name.split_at_checked(colon).ok_or(malformed)?;
        let rest = rest.strip_prefix(b":").unwrap_or(rest);
        let is_scheme = scheme.first().is_some_and(u8::is_ascii_alphabetic)
            && scheme.iter().all(|octet| octet.is_ascii_alphanumeric() || b"+-.".contains(octet));
        let host_end = rest.iter().position(|octet| *octet == b'/').unwrap_or(rest.len());
        let (port, path) = rest.split_at_checked(host_end).ok_or(malformed)?;
        let is_port = port.iter().all(u8::is_ascii_digit) && !(port.is_empty() && path.len() > 1);
        let is_address = rest.starts_with(b":");
        let is_kind = KINDS.iter().any(|kind| scheme.eq_ignore_ascii_case(kind.as_bytes()));
        if !is_scheme || is_port || is_address || is_kind || !is_written(rest) {
            return Err(malformed);
        }
        if scheme.eq_ignore_ascii_case(b"spiffe") && !is_spiffe_id(name) {
            return Err(Error::TrustSpiffeIdMalformed);
        }
        Ok(Self(name.into()))
    }
}

impl Borrow<[u8]> for Uri {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

/// Whether these are characters of a URI, with its escapes whole (RFC 3986 section 2).
fn is_written(mut rest: &[u8]) -> bool {
    loop {
        rest = match rest {
            [] => return true,
            [b'%', high, low, rest @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                rest
            }
            [octet, rest @ ..]
                if octet.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()+,;=".contains(octet) =>
            {
                rest
            }
            _ => return false,
        };
    }
}

/// `spiffe://`, a trust domain and a path, as the SPIFFE ID of a workload has them.
fn is_spiffe_id(name: &[u8]) -> bool {
    let Some(rest) = name.strip_prefix(b"spiffe://") else { return false };
    let mut parts = rest.split(|octet| *octet == b'/');
    let domain = parts.next().unwrap_or_default();
    let in_domain =
        |octet: &u8| octet.is_ascii_lowercase() || octet.is_ascii_digit() || b"-._".contains(octet);
    let mut segments = parts.peekable();
    (1..=MAX_TRUST_DOMAIN).contains(&domain.len())
        && domain.iter().all(in_domain)
        && name.len() <= MAX_SPIFFE_ID
        && segments.peek().is_some()
        && segments.all(is_segment)
}

fn is_segment(segment: &[u8]) -> bool {
    !matches!(segment, b"" | b"." | b"..")
        && segment.iter().all(|octet| octet.is_ascii_alphanumeric() || b"-._".contains(octet))
}

/// The octets of each URI among a certificate's names.
pub(crate) fn uris(names: &StackRef<GeneralName>) -> impl Iterator<Item = &[u8]> {
    names.iter().filter_map(|name| {
        // SAFETY: a valid GENERAL_NAME has its type, and one that is a URI an ASN1_STRING, whose
        // octets are its own and change no more.
        unsafe {
            let name = name.as_ptr();
            if (*name).type_ != openssl_sys::GEN_URI {
                return None;
            }
            let uri = (*name).d.cast();
            let length: c_int = openssl_sys::ASN1_STRING_length(uri);
            let octets = openssl_sys::ASN1_STRING_get0_data(uri);
            let length = usize::try_from(length).unwrap_or_default();
            Some(if octets.is_null() { &[] } else { slice::from_raw_parts(octets, length) })
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taken() {
        let long = format!("spiffe://{}/{}", "a".repeat(255), "b".repeat(1783));
        assert_eq!(long.len(), MAX_SPIFFE_ID);
        for name in [
            "spiffe://example.org/proxy",
            "spiffe://example.org/ns/edge/sa/Proxy_1.a-b",
            "spiffe://a_b-c.1/x",
            "spiffe://127.0.0.1/x",
            "spiffe://example.org/...",
            &long,
            "https://proxy.example",
            "https://proxy.example:443/a?b=c,d;e#f",
            "HTTPS://Proxy.Example/%7Ea",
            "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
            "x+y-z.1:a",
            "https://[::1]/a",
            "a:1b",
        ] {
            assert_eq!(Uri::new(name.as_bytes()), Ok(Uri(name.as_bytes().into())), "{name}");
        }
    }

    #[test]
    fn refused() {
        for name in [
            "",
            ":",
            "proxy.example",
            ":a",
            "::1",
            "[::1]:443",
            "1a:b",
            "-a:b",
            "a b:c",
            "proxy.example:443",
            "localhost:8443",
            "proxy.example:443/",
            "proxy.example:443/a",
            "fe80::1",
            "fd00::1",
            "DNS:proxy.example",
            "URI:spiffe://example.org/proxy",
            "uri:urn:a",
            "IP Address:127.0.0.1",
            "ip:a",
            "email:a@proxy.example",
            "https:",
            "https://proxy.example/a b",
            "https://proxy.example/\"",
            "https://proxy.example/<a>",
            "https://proxy.example/a\\b",
            "https://proxy.example/a|b",
            "https://proxy.example/^",
            "https://proxy.example/`",
            "https://proxy.example/{a}",
            "https://proxy.example/%",
            "https://proxy.example/%4",
            "https://proxy.example/%4g",
            "https://*.example/",
            "https://proxy.example/*",
            "https://b\u{fc}cher.example/",
            "https://proxy.example/\n",
            "https://proxy.example/\u{7f}",
            "https://proxy.example/\0",
            "spiffe:%",
        ] {
            let found = Uri::new(name.as_bytes());
            assert_eq!(found, Err(Error::TrustUriMalformed), "{name}");
        }
        assert_eq!(Uri::new(b"https://\xff"), Err(Error::TrustUriMalformed));
    }

    #[test]
    fn spiffe_ids_that_are_refused() {
        let long_domain = format!("spiffe://{}/a", "a".repeat(256));
        let long = format!("spiffe://example.org/{}", "a".repeat(2028));
        assert_eq!(long.len(), MAX_SPIFFE_ID + 1);
        for name in [
            "spiffe:a",
            "spiffe:/example.org/a",
            "spiffe:///a",
            "spiffe://",
            "spiffe://example.org",
            "spiffe://example.org/",
            "spiffe://example.org//a",
            "spiffe://example.org/a/",
            "spiffe://example.org/a//b",
            "spiffe://example.org/.",
            "spiffe://example.org/..",
            "spiffe://example.org/a/./b",
            "spiffe://example.org/a/../b",
            "spiffe://Example.org/a",
            "spiffe://example.org:443/a",
            "spiffe://example.org:/a",
            "spiffe://user@example.org/a",
            "spiffe://[::1]/a",
            "spiffe://example.org/a?b",
            "spiffe://example.org/a?",
            "spiffe://example.org?b",
            "spiffe://example.org/a#b",
            "spiffe://example.org/%61",
            "spiffe://ex%61mple.org/a",
            "spiffe://example.org/a~b",
            "spiffe://example.org/a+b",
            "spiffe://example.org/a:b",
            "spiffe://example.org/a,b",
            "SPIFFE://example.org/a",
            "Spiffe://example.org/a",
            &long_domain,
            &long,
        ] {
            let found = Uri::new(name.as_bytes());
            assert_eq!(found, Err(Error::TrustSpiffeIdMalformed), "{name}");
        }
    }
}
