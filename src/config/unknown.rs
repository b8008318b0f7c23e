// SPDX-License-Identifier: Apache-2.0

//! Directives of mod_ssl's that a configuration has and of which nothing is known here.

use std::fmt;

use super::tree::Directive;

/// Those of mod_ssl's that have no say in whether a client is verified, or whose say OpenSSL's
/// context shows. A star stands for any rest.
const IRRELEVANT: &[&str] = &[
    "SSLCACertificateFile",
    "SSLCADNRequest*",
    "SSLCARevocationFile",
    "SSLCertificate*",
    "SSLClientHelloVars",
    "SSLCompression",
    "SSLCryptoDevice",
    "SSLEngine",
    "SSLFIPS",
    "SSLHonorCipherOrder",
    "SSLInsecureRenegotiation",
    "SSLLog*",
    "SSLOptions",
    "SSLPassPhraseDialog",
    "SSLProtocol",
    "SSLProxy*",
    "SSLRandomSeed",
    "SSLRenegBufferSize",
    "SSLRequire",
    "SSLRequireSSL",
    "SSLSession*",
    "SSLSRP*",
    "SSLStapling*",
    "SSLStrictSNIVHostCheck",
    "SSLUserName",
    "SSLUseStapling",
    "SSLVHostSNIPolicy",
];

/// Where one of them stands for the first time.
pub(crate) struct Unknown<'b, 'a>(&'b Directive<'a>);

impl fmt::Display for Unknown<'_, '_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{}: what it says of the verification of clients is not known here; no virtual host \
             counts as equal to another",
            self.0
        )
    }
}

/// Those that are neither irrelevant nor among `seen`. `theirs` are all that mod_ssl has.
pub(crate) fn find<'b, 'a>(
    directives: &'b [Directive<'a>],
    theirs: &[&[u8]],
    seen: &[&[u8]],
) -> Vec<Unknown<'b, 'a>> {
    let is_known = |name: &[u8]| {
        is_irrelevant(name) || seen.iter().any(|other| other.eq_ignore_ascii_case(name))
    };
    theirs
        .iter()
        .filter(|name| !is_known(name))
        .filter_map(|name| directives.iter().find(|found| found.name.eq_ignore_ascii_case(name)))
        .map(Unknown)
        .collect()
}

fn is_irrelevant(name: &[u8]) -> bool {
    IRRELEVANT.iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(start) => name
            .get(..start.len())
            .is_some_and(|beginning| beginning.eq_ignore_ascii_case(start.as_bytes())),
        None => name.eq_ignore_ascii_case(pattern.as_bytes()),
    })
}

#[cfg(test)]
mod tests {
    use super::{super::tree::read, *};

    #[test]
    fn names() {
        for name in ["SSLEngine", "sslengine", "SSLCertificateFile", "SSLSRPVerifierFile"] {
            assert!(is_irrelevant(name.as_bytes()), "{name}");
        }
        for name in ["SSLVerifyClient", "SSLEngine2", "SSL", "SSLCACertificatePath", "SSLSes", ""] {
            assert!(!is_irrelevant(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn only_what_is_there_is_named_once() {
        let text =
            "SSLEngine on\nSSLSeen a\n<Location />\nsslnew b\n</Location>\nSSLNew c\nOther d";
        let directives = read(text);
        let theirs = [&b"SSLEngine"[..], b"SSLSeen", b"SSLNew", b"SSLAbsent"];
        let lines: Vec<_> = find(&directives, &theirs, &[&b"sslseen"[..]])
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            lines,
            ["sslnew (conf:4): what it says of the verification of clients is not known here; no \
              virtual host counts as equal to another"]
        );
        assert!(find(&directives, &[], &[]).is_empty());
    }
}
