// SPDX-License-Identifier: Apache-2.0

//! Names of hosts as certificates have them.

use std::borrow::Borrow;

use crate::error::Error;

/// A name for which a subjectAltName dNSName can stand (RFC 5280 section 4.2.1.6), without
/// wildcards. In lower case.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct DnsName(String);

impl DnsName {
    /// Takes letters, digits, hyphens within a label, and underscores, which are no host's but are
    /// in use. An internationalised name must be in its A-label form, as it is in certificates.
    pub(crate) fn new(name: &[u8]) -> Result<Self, Error> {
        let text = std::str::from_utf8(name).map_err(|_| Error::TrustNameMalformed)?;
        let numeric_end = text
            .rsplit('.')
            .next()
            .is_some_and(|label| label.bytes().all(|octet| octet.is_ascii_digit()));
        let well_formed = text.len() <= 253
            && text.split('.').all(is_label)
            // Four numbers are an address; and no top-level domain is a number (RFC 3696).
            && !numeric_end;
        if well_formed {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(Error::TrustNameMalformed)
        }
    }
}

impl Borrow<str> for DnsName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label.bytes().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_'))
        && !label.starts_with('-')
        && !label.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taken() {
        for name in [
            "localhost",
            "ttrp.example",
            "A-1.EXAMPLE",
            "my_app",
            "xn--bcher-kva.example",
            "1.in-addr.arpa",
        ] {
            assert_eq!(DnsName::new(name.as_bytes()), Ok(DnsName(name.to_lowercase())), "{name}");
        }
    }

    #[test]
    fn refused() {
        let long_label = "a".repeat(64);
        let long = ["a"; 127].join(".") + ".b";
        for name in [
            "",
            ".",
            "*",
            "*.example",
            "t*.example",
            "ttrp.example.",
            ".example",
            "ttrp..example",
            "-ttrp.example",
            "ttrp-.example",
            "127.0.0.1",
            "1.2.3.4.5",
            "::1",
            "[::1]",
            "ttrp example",
            "ttrp.example:443",
            "https://ttrp.example",
            "bücher.example",
            "user@example",
            &long_label,
            &long,
        ] {
            assert_eq!(DnsName::new(name.as_bytes()), Err(Error::TrustNameMalformed), "{name}");
        }
        assert_eq!(DnsName::new(b"\xff"), Err(Error::TrustNameMalformed));
    }
}
