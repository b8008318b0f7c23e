// SPDX-License-Identifier: Apache-2.0

//! Field names (RFC 9110 section 5.1) as the most lenient backend reads them.
//!
//! CGI and similar interfaces write each octet of a name that is neither a letter nor a digit as
//! `_`, and ignore case. So `Client-Cert`, `client_cert` and `CLIENT.CERT` are one variable. Some
//! backends trim what no name can begin or end with, which httpd lets in with `HttpProtocolOptions
//! Unsafe`.

/// An octet of a token, RFC 9110 section 5.6.2.
fn is_tchar(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&octet)
}

/// What an octet of a name is to CGI.
fn folded(octet: u8) -> u8 {
    if octet.is_ascii_alphanumeric() { octet.to_ascii_uppercase() } else { b'_' }
}

/// Whether `name` is a token, as a field name must be.
pub(crate) fn is_token(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().copied().all(is_tchar)
}

/// Whether an octet before a name is one that some backend trims: a control, a space, or of a space
/// beyond ASCII.
fn is_trimmed_before(octet: u8) -> bool {
    octet <= b' ' || !octet.is_ascii()
}

/// The name as it is, and without what some backend trims before it.
fn with_start_trimmed(name: &[u8]) -> [&[u8]; 2] {
    let start = name.iter().position(|octet| !is_trimmed_before(*octet)).unwrap_or(name.len());
    [name, name.get(start..).unwrap_or_default()]
}

/// Whether two names are one to some backend.
pub(crate) fn fold_to_one(a: &[u8], b: &[u8]) -> bool {
    with_start_trimmed(a)
        .into_iter()
        .any(|a| with_start_trimmed(b).into_iter().any(|b| begin_as_one(a, b)))
}

/// The same of what begins as it is here.
fn begin_as_one(a: &[u8], b: &[u8]) -> bool {
    let common = a.len().min(b.len());
    let (a, a_rest) = a.split_at_checked(common).unwrap_or_default();
    let (b, b_rest) = b.split_at_checked(common).unwrap_or_default();
    a.iter().copied().map(folded).eq(b.iter().copied().map(folded))
        && !a_rest.iter().chain(b_rest).copied().any(is_tchar)
}

/// Whether HTTP or its proxies need this field for themselves: a certificate under such a name would
/// change what a message means.
pub(crate) fn is_reserved(name: &[u8]) -> bool {
    RESERVED.iter().any(|reserved| fold_to_one(reserved.as_bytes(), name))
}

/// Framing, routing, hop-by-hop, conditions and credentials; and fields of responses, from which
/// ours are removed.
const RESERVED: &[&str] = &[
    "Accept",
    "Accept-Charset",
    "Accept-Encoding",
    "Accept-Language",
    "Accept-Patch",
    "Accept-Ranges",
    "Access-Control-Allow-Credentials",
    "Access-Control-Allow-Headers",
    "Access-Control-Allow-Methods",
    "Access-Control-Allow-Origin",
    "Access-Control-Expose-Headers",
    "Access-Control-Max-Age",
    "Access-Control-Request-Headers",
    "Access-Control-Request-Method",
    "Age",
    "Allow",
    "Alt-Svc",
    "Authentication-Info",
    "Authorization",
    "Cache-Control",
    "Connection",
    "Content-Disposition",
    "Content-Encoding",
    "Content-Language",
    "Content-Length",
    "Content-Location",
    "Content-MD5",
    "Content-Range",
    "Content-Security-Policy",
    "Content-Type",
    "Cookie",
    "Date",
    "Depth",
    "Destination",
    "Digest",
    "Early-Data",
    "ETag",
    "Expect",
    "Expires",
    "Forwarded",
    "From",
    "Host",
    "HTTP2-Settings",
    "If",
    "If-Match",
    "If-Modified-Since",
    "If-None-Match",
    "If-Range",
    "If-Unmodified-Since",
    "Keep-Alive",
    "Last-Modified",
    "Link",
    "Location",
    "Lock-Token",
    "Max-Forwards",
    "Origin",
    "Overwrite",
    "Pragma",
    "Proxy",
    "Proxy-Authenticate",
    "Proxy-Authentication-Info",
    "Proxy-Authorization",
    "Proxy-Connection",
    "Range",
    "Referer",
    "Referrer-Policy",
    "Refresh",
    "Retry-After",
    "Sec-WebSocket-Accept",
    "Sec-WebSocket-Extensions",
    "Sec-WebSocket-Key",
    "Sec-WebSocket-Protocol",
    "Sec-WebSocket-Version",
    "Server",
    "Set-Cookie",
    "Status",
    "Strict-Transport-Security",
    "TE",
    "Timeout",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    "User-Agent",
    "Vary",
    "Via",
    "Warning",
    "WWW-Authenticate",
    "X-Accel-Redirect",
    "X-Content-Type-Options",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Forwarded-Server",
    "X-Frame-Options",
    "X-Sendfile",
    "X-XSS-Protection",
];

/// A set of field names that finds a name in every spelling that some backend takes for one of them.
pub(crate) struct FieldNames {
    /// Folded, in order, each once.
    folded: Vec<Box<[u8]>>,
    /// The length of the longest.
    max_len: usize,
    masks: Masks,
}

impl FieldNames {
    /// The set of these names. Those that are no tokens are left out: no request has them.
    pub(crate) fn new<'a>(names: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut masks = Masks::default();
        let mut folded_names = Vec::new();
        for name in names.into_iter().filter(|name| is_token(name)) {
            masks.add(name);
            folded_names.push(name.iter().copied().map(folded).collect::<Box<[u8]>>());
        }
        folded_names.sort_unstable();
        folded_names.dedup();
        let max_len = folded_names.iter().map(|name| name.len()).max().unwrap_or_default();
        Self { folded: folded_names, max_len, masks }
    }

    /// Whether some backend takes `name` for one of these.
    pub(crate) fn contain(&self, name: &[u8]) -> bool {
        with_start_trimmed(name).into_iter().any(|name| self.contain_beginning(name))
    }

    /// The same of a name that begins as it is here.
    fn contain_beginning(&self, name: &[u8]) -> bool {
        // What a backend may trim off the end, it may also leave, in part or as a whole.
        let least = name
            .iter()
            .rposition(|octet| is_tchar(*octet))
            .map_or(0, |last| last.saturating_add(1));
        (least..=name.len().min(self.max_len)).any(|length| {
            let name = name.get(..length).unwrap_or_default().iter().copied().map(folded);
            self.folded.binary_search_by(|ours| ours.iter().copied().cmp(name.clone())).is_ok()
        })
    }

    /// Whether some backend takes a variable of a request's environment for one of these fields.
    /// CGI makes a field a variable of `HTTP_` and its name, and mod_proxy_ajp makes an attribute
    /// of one with `AJP_`. A request that was redirected has both after `REDIRECT_`.
    pub(crate) fn contain_variable(&self, variable: &[u8]) -> bool {
        let mut rest = variable;
        while let Some(after) = after_prefix(rest, b"REDIRECT_") {
            rest = after;
        }
        let attribute = after_prefix(rest, b"AJP_");
        let field = after_prefix(attribute.unwrap_or(rest), b"HTTP_");
        [attribute, field].into_iter().flatten().any(|name| self.contain(name))
    }

    pub(crate) fn masks(&self) -> Masks {
        self.masks
    }
}

/// What follows a prefix, which is folded, in a name.
fn after_prefix<'a>(name: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    let (start, rest) = name.split_at_checked(prefix.len())?;
    start.iter().copied().map(folded).eq(prefix.iter().copied()).then_some(rest)
}

/// A test of a name's first two octets that lets most fields pass without a look at the names, but
/// none that begins with what some backend trims. It takes only the last five bits of an octet,
/// which are the same in upper and lower case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Masks {
    /// A bit for each value of those bits with which a name of the set may begin.
    pub(crate) first: u32,
    /// The same of a name's second octet, or of the NUL at the end of a name of one octet.
    pub(crate) second: u32,
}

impl Masks {
    fn add(&mut self, name: &[u8]) {
        self.first |= name.first().map_or(u32::MAX, |octet| Self::bits(*octet));
        // A name of one octet may have any octet after it that some backend trims.
        self.second |= name.get(1).map_or(u32::MAX, |octet| Self::bits(*octet));
    }

    /// The bits of all octets that fold to what this one folds to: of those there are many for `_`.
    fn bits(octet: u8) -> u32 {
        if folded(octet) == b'_' { u32::MAX } else { 1 << (octet & 31) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    impl Masks {
        /// As mcc_names_may_contain() of names.h has it.
        fn may_contain(self, name: &[u8]) -> bool {
            let bit = |at: usize| name.get(at).copied().unwrap_or_default() & 31;
            name.first().is_some_and(|first| {
                is_trimmed_before(*first)
                    || self.first >> bit(0) & 1 == 1 && self.second >> bit(1) & 1 == 1
            })
        }
    }

    const SETS: &[&[&str]] = &[
        &["X"],
        &["7"],
        &["_"],
        &["X-"],
        &["-x"],
        &["a", "Bc"],
        &["Client-Cert", "Client-Cert-Chain"],
        &["Client-Cert", "X-SSL-Client-Cert", "SSL_CLIENT_CERT", "Z"],
    ];

    fn set(names: &[&str]) -> FieldNames {
        FieldNames::new(names.iter().map(|name| name.as_bytes()))
    }

    /// Whether one of `names` is `name` to some backend: what FieldNames finds in fewer steps.
    fn any_folds(names: &[&str], name: &[u8]) -> bool {
        names.iter().any(|ours| fold_to_one(ours.as_bytes(), name))
    }

    #[test]
    fn tokens() {
        for name in ["a", "Client-Cert", "!#$%&'*+-.^_`|~09azAZ"] {
            assert!(is_token(name.as_bytes()), "{name}");
        }
        for name in ["", " ", "a b", "a:", "a\t", "\u{7f}", "é", "(a)", "a\"", "a/b", "a,", "a\0"]
        {
            assert!(!is_token(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn spellings() {
        for (a, b, expected) in [
            ("Client-Cert", "client_cert", true),
            ("Client-Cert", "CLIENT.CERT", true),
            ("Client-Cert", "Client Cert", true),
            ("Client-Cert", "Client-Cert ", true),
            ("Client-Cert", "Client-Cert\u{7f}\t;", true),
            ("X", "x\u{7f}", true),
            ("X", "X\u{a0}", true),
            ("X_", "X\u{7f}", true),
            ("Client-Cert", "Client-Cert-", false),
            ("Client-Cert", "Client-Certs", false),
            ("Client-Cert", "Client-Cert;s", false),
            ("Client-Cert", "ClientCert", false),
            ("Client-Cert", " Client-Cert", true),
            ("Client-Cert", "\u{b}\u{1f}client_cert\u{b}", true),
            ("Client-Cert", "\u{feff}Client-Cert", true),
            ("_X", "\u{b}x", true),
            ("Client-Cert", "_Client-Cert", false),
            ("Client-Cert", ";Client-Cert", false),
            ("X", "", false),
            ("7", "W", false),
        ] {
            assert_eq!(fold_to_one(a.as_bytes(), b.as_bytes()), expected, "{a:?} {b:?}");
            assert_eq!(fold_to_one(b.as_bytes(), a.as_bytes()), expected, "{b:?} {a:?}");
            assert_eq!(set(&[a]).contain(b.as_bytes()), expected, "{a:?} has {b:?}");
        }
    }

    #[test]
    fn reserved() {
        for name in ["Host", "host", "transfer_encoding", "ETag", "X-XSS-Protection", "TE\t"] {
            assert!(is_reserved(name.as_bytes()), "{name}");
        }
        for name in ["Client-Cert", "X", "", "Hosts", "Hos"] {
            assert!(!is_reserved(name.as_bytes()), "{name}");
        }
        assert!(RESERVED.iter().all(|name| is_token(name.as_bytes())));
        assert!(RESERVED.is_sorted_by_key(|name| name.to_ascii_lowercase()));
    }

    #[test]
    fn a_set_has_each_name_once_and_only_tokens() {
        let names = set(&["B", "a", "b", "A-", "a_", "", "c d"]);
        let folded: Vec<_> = names.folded.iter().map(|name| &**name).collect();
        assert_eq!(folded, [&b"A"[..], b"A_", b"B"]);
        assert!(!set(&[]).contain(b""));
        assert_eq!(set(&[]).masks(), Masks { first: 0, second: 0 });
    }

    #[test]
    fn variables() {
        let set = set(&["Client-Cert", "SSL_CLIENT_CERT"]);
        for variable in [
            "HTTP_CLIENT_CERT",
            "http_client_cert",
            "HTTP-Client-Cert",
            "REDIRECT_HTTP_CLIENT_CERT",
            "REDIRECT_redirect_HTTP_CLIENT_CERT",
            "AJP_Client-Cert",
            "AJP_HTTP_CLIENT_CERT",
            "REDIRECT_AJP_CLIENT_CERT",
            "HTTP_SSL_CLIENT_CERT",
        ] {
            assert!(set.contain_variable(variable.as_bytes()), "{variable}");
            // What a caller may look at first.
            assert!(b"AHR".contains(&variable.as_bytes()[0].to_ascii_uppercase()));
        }
        for variable in [
            "",
            "HTTP_",
            "HTTP",
            "REDIRECT_",
            "AJP_",
            "CLIENT_CERT",
            "Client-Cert",
            "SSL_CLIENT_CERT",
            "REDIRECT_SSL_CLIENT_CERT",
            "HTTP_CLIENT_CERTS",
            "HTTP_X_CLIENT_CERT",
            "XHTTP_CLIENT_CERT",
        ] {
            assert!(!set.contain_variable(variable.as_bytes()), "{variable}");
        }
    }

    fn check(names: &[&str], set: &FieldNames, name: &[u8]) {
        let found = set.contain(name);
        assert_eq!(found, any_folds(names, name), "{names:?} {name:?}");
        assert!(!found || set.masks().may_contain(name), "{names:?} {name:?}");
    }

    #[test]
    fn the_masks_miss_no_name_of_two_octets() {
        for names in SETS {
            let set = set(names);
            check(names, &set, b"");
            for first in 1..=255 {
                check(names, &set, &[first]);
                for second in 1..=255 {
                    check(names, &set, &[first, second]);
                }
            }
        }
    }

    #[test]
    fn the_masks_miss_no_name_of_three_octets() {
        // One of each kind of octet that the names can tell apart.
        let third: Vec<u8> = (b'A'..=b'Z').chain(b'0'..=b'9').chain([b'-', b';']).collect();
        for names in [&["X"][..], &["bcd", "e-f"]] {
            let set = set(names);
            for prefix in (1..=255).flat_map(|first| (1..=255).map(move |second| [first, second])) {
                if !set.masks().may_contain(&prefix) {
                    for third in &third {
                        assert!(!set.contain(&[prefix[0], prefix[1], *third]), "{prefix:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_masks_let_most_fields_pass() {
        let masks = set(&["Client-Cert", "Client-Cert-Chain"]).masks();
        for name in
            ["Host", "User-Agent", "Accept", "Cookie", "Connection", "Content-Length", "Via"]
        {
            assert!(!masks.may_contain(name.as_bytes()), "{name}");
        }
    }

    proptest! {
        #[test]
        fn mutations_of_names(
            names in prop::sample::select(SETS),
            choice in any::<prop::sample::Index>(),
            mutations in prop::collection::vec((any::<prop::sample::Index>(), 1..=255_u8, 0..5), 0..6),
        ) {
            let mut name = choice.get(names).as_bytes().to_vec();
            for (at, octet, kind) in mutations {
                let at = at.index(name.len().max(1));
                match kind {
                    0 if at < name.len() => name[at] = octet,
                    1 => name.insert(at.min(name.len()), octet),
                    2 if at < name.len() => drop(name.remove(at)),
                    3 if at < name.len() => name[at] ^= 0x20,
                    _ => name.push(octet),
                }
            }
            let set = set(names);
            let found = set.contain(&name);
            prop_assert_eq!(found, any_folds(names, &name));
            prop_assert!(!found || set.masks().may_contain(&name));
        }

        #[test]
        fn folding_is_symmetric_and_the_masks_of_any_name_find_it(
            name in prop::collection::vec(1..=255_u8, 0..6),
            other in prop::collection::vec(1..=255_u8, 0..6),
        ) {
            prop_assert_eq!(fold_to_one(&name, &other), fold_to_one(&other, &name));
            let set = FieldNames::new([&name[..]]);
            prop_assert_eq!(set.contain(&name), is_token(&name));
            prop_assert!(!is_token(&name) || set.masks().may_contain(&name));
            prop_assert!(!set.contain(&other) || set.masks().may_contain(&other));
        }
    }
}
