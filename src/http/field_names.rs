// SPDX-License-Identifier: Apache-2.0

//! Field names (RFC 9110 section 5.1) as the most lenient backend reads them.
//!
//! CGI and similar interfaces write each octet of a name that is neither a letter nor a digit as
//! `_`, and ignore case. So `Client-Cert`, `client_cert` and `CLIENT.CERT` are one variable. Some
//! backends trim what no name can begin or end with, which httpd lets in with `HttpProtocolOptions
//! Unsafe`.

use std::sync::LazyLock;

use super::{
    folding::{folded, is_tchar, is_trimmed_before},
    known_headers,
    name_tree::NameTree,
};

/// A token, which has no other name: as CGI writes it.
pub(crate) fn folded_name(name: &[u8]) -> Vec<u8> {
    name.iter().copied().map(folded).collect()
}

/// Whether `name` is a token, as a field name must be.
pub(crate) fn is_token(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().copied().all(is_tchar)
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

/// Folded names, in order, each once.
struct FoldedNames {
    names: Vec<Box<[u8]>>,
    /// The length of the longest.
    max_len: usize,
}

impl FoldedNames {
    fn new<'a>(names: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut names: Vec<_> = names.into_iter().map(fold).collect();
        names.sort_unstable();
        names.dedup();
        let max_len = names.iter().map(|name| name.len()).max().unwrap_or_default();
        Self { names, max_len }
    }

    /// Whether some backend takes this name for one of them.
    fn contain(&self, name: &Readings) -> bool {
        name.any(self.max_len, |name| self.has(name))
    }

    fn has(&self, name: &[u8]) -> bool {
        self.names.binary_search_by(|ours| (**ours).cmp(name)).is_ok()
    }
}

/// What backends make of a name: folded, and what some trim, left in part or as a whole.
struct Readings<'a> {
    folded: &'a [u8],
    /// Where it begins for who trims before it.
    start: usize,
    /// Where it ends at the least.
    least: usize,
}

impl Readings<'_> {
    /// Has a look at the readings of a name.
    fn of<R>(name: &[u8], look: impl FnOnce(&Readings) -> R) -> R {
        let start = name.iter().position(|octet| !is_trimmed_before(*octet)).unwrap_or(name.len());
        let last = name.iter().rposition(|octet| is_tchar(*octet));
        let least = last.map_or(0, |last| last.saturating_add(1));
        // Longer ones are rare.
        let mut room = [0; 64];
        match room.get_mut(..name.len()) {
            Some(room) => {
                for (folded_octet, octet) in room.iter_mut().zip(name) {
                    *folded_octet = folded(*octet);
                }
                look(&Readings { folded: room, start, least })
            }
            None => look(&Readings { folded: &fold(name), start, least }),
        }
    }

    /// What follows each beginning.
    fn beginnings(&self) -> impl Iterator<Item = (usize, &[u8])> {
        let trimmed = (self.start > 0).then_some(self.start);
        [Some(0), trimmed]
            .into_iter()
            .flatten()
            .filter_map(|start| Some((start, self.folded.get(start..)?)))
    }

    /// Whether a reading of at most so many octets is what is asked for.
    fn any(&self, max_len: usize, mut is_wanted: impl FnMut(&[u8]) -> bool) -> bool {
        self.beginnings().any(|(start, folded)| {
            (self.least.saturating_sub(start)..=folded.len().min(max_len))
                .any(|length| folded.get(..length).is_some_and(&mut is_wanted))
        })
    }
}

fn fold(name: &[u8]) -> Box<[u8]> {
    name.iter().copied().map(folded).collect()
}

/// The known headers.
struct KnownHeaders {
    names: FoldedNames,
    /// What the names of each family begin with.
    families: FoldedNames,
}

impl KnownHeaders {
    fn contain(&self, name: &Readings) -> bool {
        self.names.contain(name) || name.beginnings().any(|(_, folded)| self.is_of_family(folded))
    }

    /// The one that a name may belong to is the last that is not after it: none begins another.
    fn is_of_family(&self, folded: &[u8]) -> bool {
        let after = self.families.names.partition_point(|family| **family <= *folded);
        after
            .checked_sub(1)
            .and_then(|last| self.families.names.get(last))
            .is_some_and(|family| folded.starts_with(family))
    }
}

static KNOWN_HEADERS: LazyLock<KnownHeaders> = LazyLock::new(|| KnownHeaders {
    names: FoldedNames::new(known_headers::NAMES.iter().map(|name| name.as_bytes())),
    families: FoldedNames::new(known_headers::FAMILIES.iter().map(|family| family.as_bytes())),
});

/// Whether some backend takes `name` for one of the headers by which TLS terminators tell who the
/// client is.
pub(crate) fn is_known(name: &[u8]) -> bool {
    Readings::of(name, |name| KNOWN_HEADERS.contain(name))
}

/// Whose a field is that no client may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// One of the names that the set was made of.
    Ours,
    /// One of the known headers, and none of ours.
    Known,
}

/// A set of field names that finds a name in every spelling that some backend takes for one of them.
pub(crate) struct FieldNames {
    ours: FoldedNames,
    /// Whether the known headers belong to it.
    with_known: bool,
    tree: NameTree,
}

impl FieldNames {
    /// The set of these names, and of the known headers if they are wanted. Names that are no tokens
    /// are left out: no request has them.
    pub(crate) fn new<'a>(names: impl IntoIterator<Item = &'a [u8]>, with_known: bool) -> Self {
        let ours = FoldedNames::new(names.into_iter().filter(|name| is_token(name)));
        let mut tree = NameTree::new();
        ours.names.iter().for_each(|name| tree.add(name));
        if with_known {
            KNOWN_HEADERS.families.names.iter().for_each(|family| tree.add_family(family));
            KNOWN_HEADERS.names.names.iter().for_each(|name| tree.add(name));
        }
        Self { ours, with_known, tree }
    }

    /// Whose `name` is, as some backend reads it; None if it is not in the set.
    pub(crate) fn owner(&self, name: &[u8]) -> Option<Owner> {
        Readings::of(name, |name| {
            if self.ours.contain(name) {
                Some(Owner::Ours)
            } else if self.with_known && KNOWN_HEADERS.contain(name) {
                Some(Owner::Known)
            } else {
                None
            }
        })
    }

    /// The same of a field that a client sent, where known headers are `kept`: each as it was
    /// configured but for case. Who sends it in front of this server removes a client's own under this
    /// name, and under no other spelling.
    pub(crate) fn owner_of_arriving(&self, name: &[u8], kept: &[&[u8]]) -> Option<Owner> {
        self.owner(name).filter(|owner| {
            *owner == Owner::Ours || !kept.iter().any(|kept| kept.eq_ignore_ascii_case(name))
        })
    }

    /// Whether some backend takes `name` for one of these.
    pub(crate) fn contain(&self, name: &[u8]) -> bool {
        self.owner(name).is_some()
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

    /// What tells in a few steps that a name is none of these.
    pub(crate) fn tree(&self) -> &NameTree {
        &self.tree
    }
}

/// What follows a prefix, which is folded, in a name.
fn after_prefix<'a>(name: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    let (start, rest) = name.split_at_checked(prefix.len())?;
    start.iter().copied().map(folded).eq(prefix.iter().copied()).then_some(rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
        FieldNames::new(names.iter().map(|name| name.as_bytes()), false)
    }

    /// Whether one of `names` is `name` to some backend: what FieldNames finds in fewer steps.
    fn any_folds(names: &[&str], name: &[u8]) -> bool {
        names.iter().any(|ours| fold_to_one(ours.as_bytes(), name))
    }

    #[test]
    fn free_reserved_and_none() {
        for (name, is_one, has_meaning) in [
            ("Client-Cert", true, false),
            ("", false, false),
            ("Client Cert", false, false),
            ("content_length", true, true),
        ] {
            let name = name.as_bytes();
            assert_eq!(
                (is_token(name), is_token(name) && is_reserved(name)),
                (is_one, has_meaning)
            );
        }
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
    fn known_headers_are_kept_as_they_are_spelt() {
        let names = FieldNames::new([&b"Client-Cert"[..], b"SSL-Client-Cert"], true);
        let kept = [&b"X-SSL-Client-S-DN"[..], b"SSL-Client-Cert"];
        for (name, kept, expected) in [
            ("X-SSL-Client-S-DN", &kept[..], None),
            ("x-ssl-client-s-dn", &kept, None),
            ("X-SSL-Client-S-DN", &[], Some(Owner::Known)),
            ("X_SSL_Client_S_DN", &kept, Some(Owner::Known)),
            ("X-SSL-Client-S-DN\t", &kept, Some(Owner::Known)),
            ("X-SSL-Client-Verify", &kept, Some(Owner::Known)),
            ("SSL-Client-Cert", &kept, Some(Owner::Ours)),
            ("Client-Cert", &kept, Some(Owner::Ours)),
            ("Cookie", &kept, None),
            ("", &kept, None),
        ] {
            assert_eq!(names.owner_of_arriving(name.as_bytes(), kept), expected, "{name:?}");
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
        let folded: Vec<_> = names.ours.names.iter().map(|name| &**name).collect();
        assert_eq!(folded, [&b"A"[..], b"A_", b"B"]);
        assert!(!set(&[]).contain(b""));
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

    /// Whether it has octets that no token has, which the tree may leave to a closer look.
    fn is_odd(name: &[u8]) -> bool {
        !name.iter().copied().all(is_tchar)
    }

    fn check(names: &[&str], set: &FieldNames, name: &[u8]) {
        let found = set.contain(name);
        assert_eq!(found, any_folds(names, name), "{names:?} {name:?}");
        assert!(!found || set.tree().may_contain(name), "{names:?} {name:?}");
        assert!(found || is_odd(name) || !set.tree().may_contain(name), "{names:?} {name:?}");
    }

    #[test]
    fn the_tree_misses_no_name_of_two_octets() {
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
    fn the_tree_misses_no_name_of_three_octets() {
        // One of each kind of octet that the names can tell apart.
        let kinds: Vec<u8> = b"BCDEFXbx07-_;\"\x01\x0b \x7f\xa0\xff".to_vec();
        for names in [&["X"][..], &["bcd", "e-f"]] {
            let set = set(names);
            for [first, second] in
                kinds.iter().flat_map(|first| (1..=255).map(move |second| [*first, second]))
            {
                for third in &kinds {
                    check(names, &set, &[first, second, *third]);
                }
            }
        }
    }

    /// What browsers, proxies and networks in front of a server send.
    const USUAL: &[&str] = &[
        "Accept",
        "Accept-Encoding",
        "Accept-Language",
        "Authorization",
        "Cache-Control",
        "CDN-Loop",
        "CF-Connecting-IP",
        "CF-IPCountry",
        "CF-RAY",
        "CF-Visitor",
        "CloudFront-Forwarded-Proto",
        "CloudFront-Is-Mobile-Viewer",
        "CloudFront-Viewer-Address",
        "CloudFront-Viewer-Country",
        "CloudFront-Viewer-TLS",
        "Connection",
        "Content-Length",
        "Content-Type",
        "Cookie",
        "DNT",
        "Forwarded",
        "Host",
        "If-Modified-Since",
        "If-None-Match",
        "Origin",
        "Pragma",
        "Priority",
        "Proxy-Authorization",
        "Range",
        "Referer",
        "SSL_CIPHER",
        "SSL_SESSION_ID",
        "Sec-CH-UA",
        "Sec-CH-UA-Mobile",
        "Sec-CH-UA-Platform",
        "Sec-Fetch-Dest",
        "Sec-Fetch-Mode",
        "Sec-Fetch-Site",
        "Sec-Fetch-User",
        "Sec-WebSocket-Key",
        "TE",
        "Transfer-Encoding",
        "Upgrade",
        "Upgrade-Insecure-Requests",
        "User-Agent",
        "Via",
        "X-ARR-LOG-ID",
        "X-ARR-SSL",
        "X-Amz-Cf-Id",
        "X-Amzn-Trace-Id",
        "X-Client-IP",
        "X-Correlation-ID",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Forwarded-Port",
        "X-Forwarded-Proto",
        "X-Forwarded-Server",
        "X-Real-IP",
        "X-Request-ID",
        "X-Requested-With",
        "X-SSL",
        "X-SSL-Cipher",
        "X-SSL-Session-ID",
        "X-Url-Scheme",
        "traceparent",
        "tracestate",
    ];

    #[test]
    fn the_tree_lets_the_usual_fields_pass() {
        let set = FieldNames::new([&b"Client-Cert"[..], b"Client-Cert-Chain"], true);
        for name in USUAL {
            assert!(!set.tree().may_contain(name.as_bytes()), "{name}");
            assert_eq!(set.owner(name.as_bytes()), None, "{name}");
        }
    }

    #[test]
    fn known_headers() {
        let set = FieldNames::new([&b"Client-Cert"[..], b"X-SSL-Client-Cert"], true);
        let own = FieldNames::new([&b"Client-Cert"[..], b"X-SSL-Client-Cert"], false);
        for (name, expected) in [
            ("Client-Cert", Some(Owner::Ours)),
            ("x_ssl_client.cert", Some(Owner::Ours)),
            ("X-SSL-Client-Verify", Some(Owner::Known)),
            ("x_ssl_client_verify", Some(Owner::Known)),
            ("X.SSL.CLIENT.VERIFY", Some(Owner::Known)),
            ("\u{b}x-ssl-client-verify\u{7f}", Some(Owner::Known)),
            ("X-Client-Verify", Some(Owner::Known)),
            ("X_CLIENT_VERIFY\t", Some(Owner::Known)),
            ("\u{a0}X-Client-Verify", Some(Owner::Known)),
            ("_WSCC", Some(Owner::Known)),
            ("X-Amzn-Mtls-", Some(Owner::Known)),
            ("X-Amzn-Mtls", None),
            ("X-Client-Verify-", None),
            ("X-Client-Verifying", None),
            ("X-Forwarded-For", None),
            ("", None),
        ] {
            assert_eq!(set.owner(name.as_bytes()), expected, "{name:?}");
            let ours = expected.filter(|owner| *owner == Owner::Ours);
            assert_eq!(own.owner(name.as_bytes()), ours, "{name:?}");
            assert_eq!(is_known(name.as_bytes()), expected.is_some_and(|_| name != "Client-Cert"));
        }
        for name in ["Client-Cert", "Client-Cert-Chain", "client_cert"] {
            assert!(!is_known(name.as_bytes()), "{name}");
        }
    }

    /// What KnownHeaders finds in fewer steps.
    fn any_known(name: &[u8]) -> bool {
        any_folds(known_headers::NAMES, name)
            || with_start_trimmed(name).into_iter().any(|name| {
                known_headers::FAMILIES.iter().any(|family| {
                    name.get(..family.len())
                        .is_some_and(|start| fold(start) == fold(family.as_bytes()))
                })
            })
    }

    fn mutate(name: &mut Vec<u8>, mutations: Vec<(prop::sample::Index, u8, i32)>) {
        for (at, octet, kind) in mutations {
            let at = at.index(name.len().max(1));
            match kind {
                0 if at < name.len() => name[at] = octet,
                1 => name.insert(at.min(name.len()), octet),
                2 if at < name.len() => drop(name.remove(at)),
                3 if at < name.len() && name[at] != 0x20 => name[at] ^= 0x20,
                _ => name.push(octet),
            }
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
            mutate(&mut name, mutations);
            let set = set(names);
            let found = set.contain(&name);
            prop_assert_eq!(found, any_folds(names, &name));
            prop_assert!(!found || set.tree().may_contain(&name));
        }

        #[test]
        fn mutations_of_known_headers(
            choice in any::<prop::sample::Index>(),
            mutations in prop::collection::vec((any::<prop::sample::Index>(), 1..=255_u8, 0..5), 0..4),
            ours in prop::sample::select(SETS),
        ) {
            let known: Vec<_> =
                known_headers::NAMES.iter().chain(known_headers::FAMILIES).collect();
            let mut name = choice.get(&known).as_bytes().to_vec();
            mutate(&mut name, mutations);
            let set = FieldNames::new(ours.iter().map(|name| name.as_bytes()), true);
            let expected = if any_folds(ours, &name) {
                Some(Owner::Ours)
            } else {
                any_known(&name).then_some(Owner::Known)
            };
            prop_assert_eq!(set.owner(&name), expected);
            let passes = !set.tree().may_contain(&name);
            prop_assert!(expected.is_none() || !passes);
            prop_assert!(expected.is_some() || passes || is_odd(&name));
        }

        #[test]
        fn folding_is_symmetric_and_the_tree_of_any_name_finds_it(
            name in prop::collection::vec(1..=255_u8, 0..6),
            other in prop::collection::vec(1..=255_u8, 0..6),
        ) {
            prop_assert_eq!(fold_to_one(&name, &other), fold_to_one(&other, &name));
            let set = FieldNames::new([&name[..]], false);
            prop_assert_eq!(set.contain(&name), is_token(&name));
            prop_assert!(!is_token(&name) || set.tree().may_contain(&name));
            prop_assert!(!set.contain(&other) || set.tree().may_contain(&other));
        }
    }
}
