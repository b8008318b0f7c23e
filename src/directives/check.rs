// SPDX-License-Identifier: Apache-2.0

//! What the start checks, once all directives are there.

use std::collections::HashMap;

use super::Settings;
use crate::{
    accept_role::{self, AcceptRole, Finding, Peer},
    config::{self, forward_headers, peer_readers, tree, tunnel},
    configured_files::Files,
    printable::printable,
};

/// The longest line about other modules' directives, in bytes.
const MAX_LINE: usize = 2000;

/// A virtual host, or the main server.
#[derive(Clone, Copy)]
pub(crate) struct ServerFacts<'a> {
    /// Its number.
    pub(crate) number: usize,
    /// File and line in which its section begins; None for the main server.
    pub(crate) place: Option<(&'a [u8], u32)>,
    /// Whether ProxyWebsocketFallbackToProxyHttp is off for all of it.
    pub(crate) fallback_off: bool,
    pub(crate) peer: Peer,
}

/// What is there besides the settings.
pub(crate) struct Facts<'a> {
    /// The directives in the order in which they stand, those of other modules among them.
    pub(crate) directives: &'a [tree::Directive<'a>],
    /// The main server, then the others.
    pub(crate) servers: &'a [ServerFacts<'a>],
    /// Which modules are loaded.
    pub(crate) has_mod_ssl: bool,
    pub(crate) has_wstunnel: bool,
    pub(crate) has_proxy_http: bool,
}

/// The accept role, as its checks have it.
struct Role<'a> {
    sections: Vec<accept_role::Section<'a>>,
    servers: Vec<accept_role::Server>,
    has_mod_ssl: bool,
}

impl Role<'_> {
    fn borrow(&self) -> AcceptRole<'_> {
        let (sections, servers) = (&self.sections, &self.servers);
        AcceptRole { sections, servers, has_mod_ssl: self.has_mod_ssl }
    }
}

impl Facts<'_> {
    fn main(&self) -> usize {
        self.servers.first().map_or(0, |server| server.number)
    }
}

impl Settings {
    /// The first thing that keeps httpd from starting, as [`AcceptRole::fault`] has it.
    pub(crate) fn fault(
        &self,
        facts: &Facts<'_>,
        files: &mut Files,
        restarts: bool,
        fell_back: &mut Vec<usize>,
    ) -> Option<Finding> {
        let finding = |server, line: Box<str>| Finding { server, line: line.into() };
        if self.forwarding.is_some() && facts.has_wstunnel {
            let servers = self.servers_of(facts);
            if let Some(found) = tunnel::find(facts.directives, &servers, facts.has_proxy_http) {
                return Some(finding(found.server, printable(&found, MAX_LINE)));
            }
        }
        let headers: Vec<_> =
            facts.servers.iter().map(|server| self.headers(server.number, facts.main())).collect();
        if let Some((server, line)) = forward_headers::find(&headers) {
            return Some(finding(server, printable(line, MAX_LINE)));
        }
        self.role(facts).borrow().fault(files, restarts, fell_back)
    }

    /// What will go wrong, or reads the TLS peer as though it were the client.
    pub(crate) fn warnings(&self, facts: &Facts<'_>, files: &Files) -> Vec<Finding> {
        let servers = self.servers_of(facts);
        let readers = peer_readers::find(facts.directives, &servers);
        let line = |reader| Finding { server: 0, line: printable(reader, MAX_LINE).into() };
        let mut findings: Vec<_> = readers.iter().map(line).collect();
        findings.extend(self.role(facts).borrow().warnings(files));
        findings
    }

    fn servers_of<'a>(&self, facts: &Facts<'a>) -> Vec<config::Server<'a>> {
        let server = |server: &ServerFacts<'a>| {
            let merged = self.merged(server.number, facts.main());
            config::Server {
                place: server.place,
                forwards: merged.forwards,
                accepts: merged.accepts,
                fallback_off: server.fallback_off,
            }
        };
        facts.servers.iter().map(server).collect()
    }

    fn role(&self, facts: &Facts<'_>) -> Role<'_> {
        let positions: HashMap<_, _> = facts
            .servers
            .iter()
            .zip(0..)
            .map(|(server, position)| (server.number, position))
            .collect();
        let sections = self.accept.values().filter_map(|section| {
            Some(accept_role::Section {
                server: *positions.get(&section.server)?,
                part: section.part,
                file: &section.file,
                line: section.line,
            })
        });
        let servers = facts.servers.iter().map(|server| accept_role::Server {
            whole: self.accept_whole(server.number, facts.main()),
            peer: server.peer,
        });
        Role {
            sections: sections.collect(),
            servers: servers.collect(),
            has_mod_ssl: facts.has_mod_ssl,
        }
    }
}
