// SPDX-License-Identifier: Apache-2.0

//! Directives that read the TLS peer, or ask for it too late, on servers that accept a client from
//! a header.

use std::{collections::HashMap, fmt};

use super::{
    Server,
    tree::{Directive, side_by_side},
};

/// What such a directive does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    ReadsPeer,
    AsksLate,
}

/// A directive, and what it does.
pub(crate) struct PeerReader<'b, 'a>(&'b Directive<'a>, Fault);

impl fmt::Display for PeerReader<'_, '_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)?;
        formatter.write_str(match self.1 {
            Fault::ReadsPeer => {
                ": this is mod_ssl's own reading of the TLS peer, not the client that \
                 ClientCertAccept accepts"
            }
            Fault::AsksLate => {
                ": in a section it asks the TLS peer for a certificate too late for \
                 ClientCertAccept; say it for the virtual host"
            }
        })
    }
}

/// Those outside of virtual hosts, and in virtual hosts that accept.
pub(crate) fn find<'b, 'a>(
    directives: &'b [Directive<'a>],
    servers: &[Server<'a>],
) -> Vec<PeerReader<'b, 'a>> {
    let mut search = Search { accepting: HashMap::new(), found: Vec::new() };
    for server in servers {
        if let Some(place) = server.place {
            // A file that is included twice makes several virtual hosts of one place.
            *search.accepting.entry(place).or_default() |= server.accepts;
        }
    }
    search.look_through(directives, None);
    search.found
}

struct Search<'b, 'a> {
    /// Virtual hosts by where they begin.
    accepting: HashMap<(&'a [u8], u32), bool>,
    found: Vec<PeerReader<'b, 'a>>,
}

impl<'b, 'a> Search<'b, 'a> {
    fn look_through(&mut self, directives: &'b [Directive<'a>], around: Option<&Directive<'_>>) {
        for (directive, inside) in side_by_side(directives) {
            let place = (directive.file, directive.line);
            if directive.is("<VirtualHost") && self.accepting.get(&place) == Some(&false) {
                continue;
            }
            if reads_peer(directive) {
                self.found.push(PeerReader(directive, Fault::ReadsPeer));
            }
            if asks_late(directive, around) {
                self.found.push(PeerReader(directive, Fault::AsksLate));
            }
            self.look_through(inside, Some(directive));
        }
    }
}

/// For these mod_ssl reads the peer by itself, past every hook.
fn reads_peer(directive: &Directive<'_>) -> bool {
    let args = directive.args;
    directive.is("SSLUserName")
        || (directive.is("SSLOptions") && position(args, b"FakeBasicAuth").is_some())
        || (directive.is("Require") && position(args, b"ssl-verify-client").is_some())
        || (["LogFormat", "CustomLog", "GlobalLog", "TransferLog"]
            .iter()
            .any(|name| directive.is(name))
            && logs_peer(args))
}

/// %{SSL_CLIENT_...}x, or one of mod_ssl's older %{...}c, in a log's format.
fn logs_peer(format: &[u8]) -> bool {
    const VARIABLE: &[u8] = b"{SSL_CLIENT_";
    let mut rest = format;
    while let Some(start) = position(rest, VARIABLE) {
        let behind = start.saturating_add(VARIABLE.len());
        rest = rest.get(behind..).unwrap_or_default();
        let mut end = rest.iter().skip_while(|octet| **octet != b'}');
        if end.next().is_some() && end.next() == Some(&b'x') {
            return true;
        }
    }
    position(format, b"{subjectdn}c").is_some() || position(format, b"{issuerdn}c").is_some()
}

/// A client certificate requested by renegotiation or post-handshake authentication comes too late:
/// mod_ssl's access hook runs after ClientCertAccept has decided.
fn asks_late(directive: &Directive<'_>, around: Option<&Directive<'_>>) -> bool {
    directive.is("SSLVerifyClient")
        && around.is_some_and(|section| !section.is("<VirtualHost"))
        && !directive.args.eq_ignore_ascii_case(b"none")
}

/// Where a text has another, in any case.
fn position(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|part| part.eq_ignore_ascii_case(wanted))
}

#[cfg(test)]
mod tests {
    use super::{super::tree::read, *};

    /// Names, lines and faults of those that are found; the virtual host in line 1 accepts or not.
    fn found(text: &str, accepts: bool) -> Vec<(String, u32, Fault)> {
        let server = Server { place: None, forwards: false, accepts: true, fallback_off: false };
        let host = Server { place: Some((b"conf", 1)), accepts, ..server };
        find(&read(text), &[server, host])
            .iter()
            .map(|PeerReader(directive, fault)| {
                (String::from_utf8_lossy(directive.name).into_owned(), directive.line, *fault)
            })
            .collect()
    }

    #[test]
    fn directives_that_read_the_peer() {
        for line in [
            "SSLUserName SSL_CLIENT_S_DN_CN",
            "sslusername SSL_CLIENT_S_DN_CN",
            "SSLOptions +StdEnvVars +fakebasicauth",
            "Require ssl-verify-client",
            "Require not SSL-Verify-Client",
            "LogFormat \"%h %{SSL_CLIENT_S_DN}x\" combined",
            "CustomLog logs/a \"%{ssl_client_verify}x\"",
            "GlobalLog logs/a %{SSL_CLIENT_A}e%{SSL_CLIENT_B}x",
            "TransferLog %{subjectdn}c",
            "CustomLog logs/a %{IssuerDN}c",
        ] {
            let name = line.split(' ').next().unwrap().to_owned();
            assert_eq!(found(line, true), [(name, 1, Fault::ReadsPeer)], "{line}");
        }
        for line in [
            "SSLOptions +StdEnvVars",
            "Require valid-user",
            "LogFormat %{SSL_CLIENT_S_DN}e",
            "LogFormat %{SSL_CLIENT_S_DN",
            "LogFormat %{SSL_CLIENT_S_DN}",
            "LogFormat %{SSL_PROTOCOL}x",
            "ErrorLog %{SSL_CLIENT_S_DN}x",
            "SSLUserName2 x",
        ] {
            assert_eq!(found(line, true), [], "{line}");
        }
    }

    #[test]
    fn certificates_that_are_asked_for_too_late() {
        let late = |line| [("SSLVerifyClient".to_owned(), line, Fault::AsksLate)];
        assert_eq!(found("SSLVerifyClient require", true), []);
        assert_eq!(found("<VirtualHost a>\nSSLVerifyClient require\n</VirtualHost>", true), []);
        assert_eq!(found("<Location />\nSSLVerifyClient optional\n</Location>", true), late(2));
        assert_eq!(found("<Location />\nSSLVerifyClient None\n</Location>", true), []);
        let deep = "<VirtualHost a>\n<If x>\nSSLVerifyClient require\n</If>\n</VirtualHost>";
        assert_eq!(found(deep, true), late(3));
    }

    #[test]
    fn virtual_hosts_that_do_not_accept() {
        let text = "<VirtualHost a>\nSSLUserName a\n</VirtualHost>\nSSLUserName b";
        let lines = |found: Vec<(String, u32, Fault)>| {
            found.iter().map(|(_, line, _)| *line).collect::<Vec<_>>()
        };
        assert_eq!(lines(found(text, true)), [2, 4]);
        assert_eq!(lines(found(text, false)), [4]);
        // One of which httpd has no record.
        assert_eq!(lines(found(&format!("A\n{text}"), false)), [3, 5]);
        // One of two that begin in the same place accepts.
        let server = Server { place: None, forwards: false, accepts: true, fallback_off: false };
        let not = Server { place: Some((b"conf", 1)), accepts: false, ..server };
        for hosts in
            [[not, Server { accepts: true, ..not }], [Server { accepts: true, ..not }, not]]
        {
            assert_eq!(find(&read(text), &hosts).len(), 2);
        }
    }

    #[test]
    fn words() {
        let directives = read("SSLUserName a\n<If x>\nSSLVerifyClient require\n</If>");
        let lines: Vec<_> = find(&directives, &[]).iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            [
                "SSLUserName (conf:1): this is mod_ssl's own reading of the TLS peer, not the \
                 client that ClientCertAccept accepts",
                "SSLVerifyClient (conf:3): in a section it asks the TLS peer for a certificate too \
                 late for ClientCertAccept; say it for the virtual host",
            ]
        );
    }
}
