// SPDX-License-Identifier: Apache-2.0

//! The headers by which TLS terminators tell who the client is. docs/known-headers.md has the same,
//! with who sends or reads each.

/// How the names of a terminator's family begin, whatever follows.
pub(crate) const FAMILIES: &[&str] = &[
    "Cert-Chain",
    "Cf-Cert-",
    "Cf-Client-",
    "CloudFront-Viewer-Cert-",
    "SSL-Client",
    "SSLClient",
    "X-Amzn-Mtls-",
    "X-Client-Cert",
    "X-Forwarded-Client-Cert",
    "X-Forwarded-SSL-Client",
    "X-Forwarded-Tls-Client-Cert",
    "X-SSL-Cert",
    "X-SSL-Client",
    "X-SSL-Issuer",
    "X-SSL-Subject",
    "X-TLS-Client-",
];

/// The others, in full.
pub(crate) const NAMES: &[&str] = &[
    "$WSCC",
    "Client-To-Edge",
    "MS-ASPNETCORE-CLIENTCERT",
    "Proxy-auth-cert",
    "Proxy-issuer-dn",
    "Proxy-user-dn",
    "WL-Proxy-Client-Cert",
    "X-ARR-ClientCert",
    "X-Client-CN",
    "X-Client-Crt",
    "X-Client-DN",
    "X-Client-Fingerprint",
    "X-Client-I-DN",
    "X-Client-Issuer",
    "X-Client-Issuer-DN",
    "X-Client-S-DN",
    "X-Client-Serial",
    "X-Client-Subject",
    "X-Client-Subject-DN",
    "X-Client-Verified",
    "X-Client-Verify",
    "X-Common-Name-SSL",
    "X-SSL-Authenticated",
    "X-SSL-CN",
    "X-SSL-DN",
    "X-SSL-Fingerprint",
    "X-SSL-I-DN",
    "X-SSL-Not-After",
    "X-SSL-Not-Before",
    "X-SSL-S-DN",
    "X-SSL-Serial",
    "X-SSL-User-DN",
    "X-SSL-Verified",
    "X-SSL-Verify",
    "X-Valid-Certificate",
    "X-WSO2-CLIENT-CERTIFICATE",
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const MANUAL: &str = include_str!("../../docs/known-headers.md");

    /// The names in backquotes of each row's first two cells.
    fn rows() -> Vec<[Vec<&'static str>; 2]> {
        let quoted =
            |cell: &'static str| -> Vec<_> { cell.split('`').skip(1).step_by(2).collect() };
        MANUAL
            .lines()
            .filter(|line| line.starts_with("| `") || line.starts_with("| |"))
            .map(|line| {
                let mut cells = line.split('|').skip(1);
                [quoted(cells.next().unwrap()), quoted(cells.next().unwrap())]
            })
            .collect()
    }

    #[test]
    fn the_manual_has_the_same() {
        let first = rows().into_iter().flat_map(|[first, _]| first);
        let (families, names): (BTreeSet<_>, BTreeSet<_>) =
            first.partition(|name| name.ends_with('*'));
        let families: Vec<_> = families.iter().map(|name| name.trim_end_matches('*')).collect();
        let names: Vec<_> = names.into_iter().collect();
        assert_eq!(sorted(&families), sorted(FAMILIES));
        assert_eq!(sorted(&names), sorted(NAMES));
    }

    fn sorted(names: &[&str]) -> Vec<String> {
        let mut names: Vec<_> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn the_manual_lists_each_family_with_its_own_names() {
        let mut family = String::new();
        for [first, second] in rows() {
            match first.as_slice() {
                [name] if name.ends_with('*') => {
                    family = name.trim_end_matches('*').to_ascii_lowercase().replace('_', "-");
                }
                [] => {}
                _ => continue,
            }
            assert!(!second.is_empty(), "{family}");
            for name in second {
                let folded = name.to_ascii_lowercase().replace('_', "-");
                assert!(folded.starts_with(&family), "{name} of {family}");
            }
        }
    }

    #[test]
    fn in_order_and_none_twice() {
        for list in [FAMILIES, NAMES] {
            assert!(list.is_sorted_by(|a, b| a.to_ascii_lowercase() < b.to_ascii_lowercase()));
        }
        let lower: Vec<_> = FAMILIES.iter().map(|family| family.to_ascii_lowercase()).collect();
        for name in NAMES.iter().chain(FAMILIES) {
            let name = name.to_ascii_lowercase();
            assert!(
                !lower.iter().any(|family| *family != name && name.starts_with(family)),
                "{name}"
            );
        }
    }
}
