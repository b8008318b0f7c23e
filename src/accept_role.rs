// SPDX-License-Identifier: Apache-2.0

//! Whether the directives of the accept role are complete, and what will come of them, as far as that
//! shows before there is a request.
//!
//! Which sections apply together is known only for a request. What one section lacks, others of its
//! server and of the main server may supply; if none does, its values are refused.

use std::{
    collections::{HashMap, HashSet},
    fmt,
};

use crate::{
    configured_files::{ConfiguredFile, Files, Made},
    format::{Row, Writer},
    printable::Octets,
    verify::trust::TrustAnchors,
};

pub(crate) mod outcome;

/// What a section says of the role, or a server as a whole. Files are by their numbers.
#[derive(Clone, Copy, Default)]
pub(crate) struct Part {
    pub(crate) format: Format,
    /// ClientCertTrustPeer
    pub(crate) trust_peer: Option<bool>,
    /// Whether there is a ClientCertTrustName.
    pub(crate) has_names: bool,
    /// ClientCertTrust
    pub(crate) trust: Option<usize>,
    /// ClientCertTrustCRL
    pub(crate) trust_crls: Option<usize>,
    /// ClientCertClientTrust
    pub(crate) client_trust: Option<usize>,
    /// ClientCertClientCRL
    pub(crate) client_crls: Option<usize>,
}

/// ClientCertAccept
#[derive(Clone, Copy, Default)]
pub(crate) enum Format {
    #[default]
    Unset,
    Off,
    Named(&'static Row),
}

/// A section with some directive of the role.
pub(crate) struct Section<'a> {
    /// The number of its server.
    pub(crate) server: usize,
    pub(crate) part: Part,
    pub(crate) file: &'a [u8],
    pub(crate) line: u32,
}

/// A virtual host, or the main server, which is the first.
pub(crate) struct Server {
    pub(crate) whole: Part,
    pub(crate) peer: Peer,
}

/// Whether a connection has a TLS peer when a value is verified.
#[derive(Clone, Copy)]
pub(crate) enum Peer {
    /// As far as that is known.
    Possible,
    NoTls,
    NotAsked,
}

/// What a configuration says of the role.
pub(crate) struct AcceptRole<'a> {
    pub(crate) sections: &'a [Section<'a>],
    pub(crate) servers: &'a [Server],
    pub(crate) has_mod_ssl: bool,
}

/// A line, and the number of the server that it is about.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) server: usize,
    pub(crate) line: String,
}

impl Part {
    /// What it says, and what `others` say where it does not.
    pub(crate) fn or(self, others: Self) -> Self {
        Self {
            format: match self.format {
                Format::Unset => others.format,
                format => format,
            },
            trust_peer: self.trust_peer.or(others.trust_peer),
            has_names: self.has_names || others.has_names,
            trust: self.trust.or(others.trust),
            trust_crls: self.trust_crls.or(others.trust_crls),
            client_trust: self.client_trust.or(others.client_trust),
            client_crls: self.client_crls.or(others.client_crls),
        }
    }

    /// The format, if the role is played.
    fn format(self) -> Option<&'static Row> {
        match self.format {
            Format::Named(format) => Some(format),
            Format::Unset | Format::Off => None,
        }
    }

    /// Whether the TLS peer is authenticated.
    fn needs_peer(self, format: &Row) -> bool {
        self.trust_peer != Some(false) || !is_signed(format)
    }
}

fn is_signed(format: &Row) -> bool {
    matches!(format.writer, Writer::Signed(_))
}

/// All that [`Check::missing`] depends on, of a server's whole and of its sections: one check serves
/// servers that are equal in it.
#[derive(PartialEq, Eq, Hash)]
struct ServerKind([PartKind; 2]);

#[derive(PartialEq, Eq, Hash)]
struct PartKind {
    format: Option<Option<u32>>,
    trust_peer: Option<bool>,
    has_names: bool,
    has_client_trust: bool,
    has_client_crls: bool,
    /// Whether the anchors hold a CA.
    has_ca: Option<bool>,
    /// Those that may have to fall back.
    file: Option<usize>,
}

impl AcceptRole<'_> {
    /// The first section that plays the role and lacks what it needs. `restarts` says whether this is
    /// a running server's configuration that is read again: then pins in a file that has come to hold
    /// a CA stay what they were. Adds the numbers of such files to `fell_back`.
    pub(crate) fn fault(
        &self,
        files: &mut Files,
        restarts: bool,
        fell_back: &mut Vec<usize>,
    ) -> Option<Finding> {
        let mut check = Check { role: self, files, restarts, fell_back, all: self.by_server() };
        let kinds = check.kinds();
        self.sections.iter().find_map(|section| match section.server {
            // The main server's sections apply to every virtual host.
            0 => kinds.iter().find_map(|&server| check.fault(section, server)),
            server => check.fault(section, server),
        })
    }

    /// What will go wrong.
    pub(crate) fn warnings(&self, files: &Files) -> Vec<Finding> {
        let all = self.by_server();
        let mut findings: Vec<_> =
            self.sections.iter().filter_map(|section| self.no_peer(section, &all)).collect();
        findings.extend(self.sections.iter().filter_map(|section| unsigned(section, &all)));
        let mut seen = HashSet::new();
        for section in self.sections {
            let part = section.part.or(self.whole(section.server));
            let lines = [
                pair(&mut seen, files, part.trust_crls, part.trust).and_then(unrelated_crls),
                pair(&mut seen, files, part.client_crls, part.client_trust)
                    .and_then(unrelated_client_crls),
            ];
            let finding = |line| Finding { server: section.server, line };
            findings.extend(lines.into_iter().flatten().map(finding));
        }
        findings
    }

    /// Of each server that has sections what they say, all together.
    fn by_server(&self) -> HashMap<usize, Part> {
        let mut all: HashMap<usize, Part> = HashMap::new();
        for section in self.sections {
            let part = all.entry(section.server).or_default();
            *part = part.or(section.part);
        }
        all
    }

    fn whole(&self, server: usize) -> Part {
        self.servers.get(server).map_or_else(Part::default, |server| server.whole)
    }

    /// A section of a virtual host in which every value will be refused, since no connection there
    /// has a TLS peer.
    fn no_peer(&self, section: &Section<'_>, all: &HashMap<usize, Part>) -> Option<Finding> {
        let format = section.part.format().filter(|format| section.part.needs_peer(format))?;
        let why = match self.servers.get(section.server)?.peer {
            Peer::Possible => return None,
            Peer::NoTls => "this virtual host has no TLS",
            Peer::NotAsked => {
                "SSLVerifyClient does not ask the TLS clients of this virtual host for a certificate"
            }
        };
        if !with_others(section.part, section.server, all).needs_peer(format) {
            return None;
        }
        Some(section.finding(
            section.server,
            format,
            format_args!(
                "{why}, and so ClientCertTrustPeer has no peer to compare with: every value will be \
                 refused"
            ),
        ))
    }
}

/// A header that is not signed does not say whether the proxy verified the client, and here it is not
/// verified either.
fn unsigned(section: &Section<'_>, all: &HashMap<usize, Part>) -> Option<Finding> {
    let format = section.part.format().filter(|format| !is_signed(format))?;
    if with_others(section.part, section.server, all).client_trust.is_some() {
        return None;
    }
    Some(section.finding(
        section.server,
        format,
        "the header is not signed, and it does not say that the proxy verified the client: the proxy \
         must send it for verified clients alone, or ClientCertClientTrust verify them here",
    ))
}

fn with_others(part: Part, server: usize, all: &HashMap<usize, Part>) -> Part {
    [server, 0]
        .iter()
        .filter_map(|server| all.get(server))
        .fold(part, |part, other| part.or(*other))
}

impl Section<'_> {
    fn finding(&self, server: usize, format: &Row, words: impl fmt::Display) -> Finding {
        let (name, file) = (format.name.to_string_lossy(), Octets(self.file));
        let line = format!("ClientCertAccept {name} (section at {file}:{}): {words}", self.line);
        Finding { server, line }
    }
}

struct Check<'r, 'a> {
    role: &'r AcceptRole<'a>,
    files: &'r mut Files,
    restarts: bool,
    fell_back: &'r mut Vec<usize>,
    /// [`AcceptRole::by_server`]
    all: HashMap<usize, Part>,
}

impl Check<'_, '_> {
    /// What a section lacks as one of this server's.
    fn fault(&mut self, section: &Section<'_>, server: usize) -> Option<Finding> {
        let part = section.part.or(self.role.whole(server));
        let format = part.format()?;
        if !is_signed(format) && part.trust_peer == Some(false) {
            let words = "cannot do with ClientCertTrustPeer off: the header is not signed, and so \
                         the TLS peer is believed";
            return Some(section.finding(server, format, words));
        }
        let missing = self.missing(part, format)?;
        let merged = with_others(part, server, &self.all);
        if self.missing(merged, format).is_none()
            || (self.fall_back(merged) && self.missing(merged, format).is_none())
        {
            return None;
        }
        Some(section.finding(server, format, missing))
    }

    fn missing(&self, part: Part, format: &Row) -> Option<String> {
        let signed = is_signed(format);
        let words = match part.trust {
            None => "needs ClientCertTrust",
            Some(_) if part.client_crls.is_some() && part.client_trust.is_none() => {
                "needs ClientCertClientTrust, since there is ClientCertClientCRL"
            }
            Some(_) if part.needs_peer(format) && !self.role.has_mod_ssl => match signed {
                true => "needs a TLS peer (ClientCertTrustPeer on), and mod_ssl is not loaded",
                false => "needs a TLS peer, and mod_ssl is not loaded",
            },
            Some(_) if part.has_names => return None,
            Some(_) if !signed => "needs ClientCertTrustName, since the header is not signed",
            Some(trust) if self.holds_ca(trust) => {
                let names = self.files.get(trust).map(ConfiguredFile::name);
                return Some(format!(
                    "needs ClientCertTrustName, since ClientCertTrust {} holds a CA, which issues \
                     to others too",
                    names.map(ToString::to_string).unwrap_or_default()
                ));
            }
            Some(_) => return None,
        };
        Some(words.to_owned())
    }

    /// Not where the anchors could not be read: no value is accepted then.
    fn holds_ca(&self, trust: usize) -> bool {
        anchors(self.files.get(trust)).is_some_and(TrustAnchors::has_ca)
    }

    /// A file of pins now holds a CA, which it did not when it was last read: the configuration lacks
    /// something by the file's change, not by a directive's.
    fn fall_back(&mut self, part: Part) -> bool {
        let Some(trust) =
            part.trust.filter(|trust| self.restarts && !part.has_names && self.holds_ca(*trust))
        else {
            return false;
        };
        let fault = "it holds a CA, for which ClientCertTrustName is missing";
        let done = self.files.fall_back(trust, fault);
        self.fell_back.extend(done.then_some(trust));
        done
    }

    /// The main server, and one virtual host of each kind among those that have sections.
    fn kinds(&self) -> Vec<usize> {
        let mut seen = HashSet::new();
        let mut servers = vec![0];
        let mut visited = HashSet::from([0]);
        for section in self.role.sections {
            let server = section.server;
            if !visited.insert(server) {
                continue;
            }
            let sections = self.all.get(&server).copied().unwrap_or_default();
            let parts = [self.role.whole(server), sections];
            if seen.insert(ServerKind(parts.map(|part| self.kind(part)))) {
                servers.push(server);
            }
        }
        servers
    }

    fn kind(&self, part: Part) -> PartKind {
        let has_ca = part.trust.map(|trust| self.holds_ca(trust));
        let may_fall_back = self.restarts && !part.has_names && has_ca == Some(true);
        PartKind {
            format: match part.format {
                Format::Unset => None,
                Format::Off => Some(None),
                Format::Named(format) => Some(Some(format.format as u32)),
            },
            trust_peer: part.trust_peer,
            has_names: part.has_names,
            has_client_trust: part.client_trust.is_some(),
            has_client_crls: part.client_crls.is_some(),
            has_ca,
            file: part.trust.filter(|_| may_fall_back),
        }
    }
}

fn anchors(file: Option<&ConfiguredFile>) -> Option<&TrustAnchors> {
    match file?.made() {
        Some(Made::Anchors(anchors)) => Some(anchors),
        _ => None,
    }
}

/// CRLs and the CAs that they are to be looked at with, if both can be used, once.
fn pair<'f>(
    seen: &mut HashSet<(usize, usize)>,
    files: &'f Files,
    crls: Option<usize>,
    cas: Option<usize>,
) -> Option<(&'f ConfiguredFile, &'f ConfiguredFile)> {
    let numbers = (crls?, cas?);
    let pair = (files.get(numbers.0)?, files.get(numbers.1)?);
    (pair.0.made().is_some() && pair.1.made().is_some() && seen.insert(numbers)).then_some(pair)
}

/// CRLs that apply to none of the anchors configured with them.
fn unrelated_crls((crls, trust): (&ConfiguredFile, &ConfiguredFile)) -> Option<String> {
    let (Some(Made::Crls(made)), Some(anchors)) = (crls.made(), anchors(Some(trust))) else {
        return None;
    };
    let (place, names, trust) = (Octets(crls.place()), crls.name(), trust.name());
    if !anchors.has_ca() {
        Some(format!(
            "ClientCertTrustCRL {names} ({place}): ClientCertTrust {trust} holds no CA, and no CRL is \
             looked at for a pinned certificate"
        ))
    } else if !made.concern(anchors) {
        Some(format!(
            "ClientCertTrustCRL {names} ({place}): none of its CRLs is of a CA in ClientCertTrust \
             {trust}: no signer below one of them will be accepted"
        ))
    } else {
        None
    }
}

fn unrelated_client_crls((crls, cas): (&ConfiguredFile, &ConfiguredFile)) -> Option<String> {
    let (Some(Made::Crls(made)), Some(Made::ClientCas(anchors))) = (crls.made(), cas.made()) else {
        return None;
    };
    let (place, names, cas) = (Octets(crls.place()), crls.name(), cas.name());
    (!made.concern_clients(anchors)).then(|| {
        format!(
            "ClientCertClientCRL {names} ({place}): none of its CRLs is of a CA in \
             ClientCertClientTrust {cas}: no client will be accepted"
        )
    })
}

#[cfg(test)]
mod tests {
    use std::{ffi::CStr, fs};

    use super::*;
    use crate::{
        configured_files::{FileKind, FileName},
        testing::{Directory, KeyKind, Leaf},
    };

    /// Pins, a CA, and a file that cannot be used.
    const PINS: usize = 0;
    const CA: usize = 1;
    const BAD: usize = 2;
    const CLIENT_CAS: usize = 3;

    struct World {
        directory: Directory,
        files: Files,
    }

    impl World {
        fn new(name: &str) -> Self {
            let directory = Directory::new(&format!("role-{name}"));
            let pin = Leaf::new(KeyKind::P256).self_signed().certificate_pem();
            directory.write("pins", pin);
            directory.write("ca", Leaf::ca("CA").self_signed().certificate_pem());
            let files = Self::read(&directory, None);
            Self { directory, files }
        }

        fn read(directory: &Directory, last: Option<&[u8]>) -> Files {
            let mut files = Files::new(last);
            for (number, (name, kind)) in [
                ("pins", FileKind::Anchors),
                ("ca", FileKind::Anchors),
                ("bad", FileKind::Anchors),
                ("ca", FileKind::ClientCas),
            ]
            .into_iter()
            .enumerate()
            {
                let path = directory.path().join(name).into_os_string().into_encoded_bytes();
                let directive = format!("{kind:?}").into_bytes().into();
                let name = FileName { directive, name: path.into(), key_name: None };
                assert_eq!(files.read(kind, name, b"conf:1", b"noon"), number);
            }
            files
        }
    }

    fn format(name: &CStr) -> Format {
        let row = crate::format::FORMATS.iter().find(|row| row.name == name);
        Format::Named(row.unwrap())
    }

    fn signed() -> Part {
        Part { format: format(c"cms"), ..Part::default() }
    }

    fn unsigned_format() -> Part {
        Part { format: format(c"rfc9440"), ..Part::default() }
    }

    fn section(server: usize, part: Part) -> Section<'static> {
        Section { server, part, file: b"conf", line: 7 }
    }

    fn servers(wholes: &[Part]) -> Vec<Server> {
        wholes.iter().map(|whole| Server { whole: *whole, peer: Peer::Possible }).collect()
    }

    /// What a section of one virtual host lacks, of which the rest is none.
    fn fault(world: &mut World, has_mod_ssl: bool, part: Part) -> Option<String> {
        let (sections, servers) = ([section(1, part)], servers(&[Part::default(); 2]));
        let role = AcceptRole { sections: &sections, servers: &servers, has_mod_ssl };
        let mut fell_back = Vec::new();
        let finding = role.fault(&mut world.files, true, &mut fell_back);
        assert!(fell_back.is_empty());
        finding.map(|finding| {
            assert_eq!(finding.server, 1);
            finding.line.split_once("(section at conf:7): ").unwrap().1.to_owned()
        })
    }

    #[test]
    fn what_a_section_needs() {
        let mut world = World::new("needs");
        let trusting = |part: Part, trust| Part { trust: Some(trust), ..part };
        let no_peer = |part: Part| Part { trust_peer: Some(false), ..part };
        let named = |part: Part| Part { has_names: true, ..part };
        let client_crls = |part: Part| Part { client_crls: Some(CLIENT_CAS), ..part };
        let (cms, rfc9440) = (signed(), unsigned_format());
        for (part, has_mod_ssl, expected) in [
            (Part::default(), true, ""),
            (Part { format: Format::Off, ..Part::default() }, true, ""),
            (cms, true, "needs ClientCertTrust"),
            (trusting(cms, PINS), true, ""),
            (trusting(cms, BAD), true, ""),
            (trusting(cms, CA), true, "needs ClientCertTrustName, since ClientCertTrust "),
            (named(trusting(cms, CA)), true, ""),
            (trusting(cms, PINS), false, "needs a TLS peer (ClientCertTrustPeer on), and mod_ssl"),
            (no_peer(trusting(cms, PINS)), false, ""),
            (
                trusting(rfc9440, PINS),
                true,
                "needs ClientCertTrustName, since the header is not signed",
            ),
            (named(trusting(rfc9440, PINS)), true, ""),
            (named(trusting(rfc9440, PINS)), false, "needs a TLS peer, and mod_ssl is not loaded"),
            (
                no_peer(named(trusting(rfc9440, PINS))),
                true,
                "cannot do with ClientCertTrustPeer off",
            ),
            (client_crls(trusting(cms, PINS)), true, "needs ClientCertClientTrust, since there is"),
            (Part { client_trust: Some(CLIENT_CAS), ..client_crls(trusting(cms, PINS)) }, true, ""),
        ] {
            match fault(&mut world, has_mod_ssl, part) {
                Some(fault) => {
                    assert!(!expected.is_empty() && fault.starts_with(expected), "{fault}")
                }
                None => assert_eq!(expected, ""),
            }
        }
    }

    #[test]
    fn what_other_sections_supply() {
        let mut world = World::new("others");
        let trust = Part { trust: Some(PINS), ..Part::default() };
        let none = Part::default();
        for (sections, wholes, expected) in [
            (vec![section(1, signed()), section(1, trust)], [none; 3], None),
            (vec![section(1, signed()), section(0, trust)], [none; 3], None),
            (vec![section(1, signed())], [none, trust, none], None),
            // Not those of another virtual host.
            (vec![section(1, signed()), section(2, trust)], [none; 3], Some(1)),
            (vec![section(1, signed())], [none, none, trust], Some(1)),
            // The main server's apply to each, which may supply it or not.
            (vec![section(0, signed())], [trust, trust, trust], None),
            (vec![section(0, signed()), section(1, trust)], [none; 3], Some(0)),
            (vec![section(0, signed()), section(1, none)], [trust, trust, trust], None),
            (vec![section(0, signed()), section(2, none)], [trust, trust, none], Some(2)),
            (vec![section(0, signed()), section(2, trust)], [trust, trust, none], None),
            // One that says off is none that lacks it.
            (
                vec![section(0, signed()), section(2, Part { format: Format::Off, ..none })],
                [trust, trust, none],
                Some(2),
            ),
        ] {
            let servers = servers(&wholes);
            let role = AcceptRole { sections: &sections, servers: &servers, has_mod_ssl: true };
            let finding = role.fault(&mut world.files, false, &mut Vec::new());
            assert_eq!(finding.map(|finding| finding.server), expected);
        }
    }

    #[test]
    fn pins_that_have_become_a_ca() {
        let mut world = World::new("pins");
        let good = world.files.retained();
        let directory = world.directory.path();
        fs::copy(directory.join("ca"), directory.join("pins")).unwrap();
        let pins = Part { trust: Some(PINS), ..Part::default() };
        let servers = servers(&[Part::default(); 2]);
        for sections in [
            // In one section; in two of a server; in one of each server.
            vec![section(1, Part { trust: Some(PINS), ..signed() })],
            vec![section(1, signed()), section(1, pins)],
            vec![section(0, signed()), section(1, pins), section(0, pins)],
            vec![section(1, signed()), section(0, pins)],
        ] {
            let role = AcceptRole { sections: &sections, servers: &servers, has_mod_ssl: true };
            for (restarts, last, falls_back) in [
                (true, Some(good.octets()), true),
                (false, Some(good.octets()), false),
                (true, None, false),
            ] {
                let mut files = World::read(&world.directory, last);
                let mut fell_back = Vec::new();
                let finding = role.fault(&mut files, restarts, &mut fell_back);
                assert_eq!((finding.is_none(), !fell_back.is_empty()), (falls_back, falls_back));
                if falls_back {
                    assert_eq!(fell_back, [PINS]);
                    let fault = files.get(PINS).unwrap().fault().unwrap();
                    let expected = "it holds a CA, for which ClientCertTrustName is missing";
                    assert!(fault.ends_with(expected));
                }
            }
        }
    }

    #[test]
    fn values_that_will_be_refused() {
        let world = World::new("refused");
        let part = Part { trust: Some(PINS), ..signed() };
        let no_peer = Part { trust_peer: Some(false), ..Part::default() };
        for (peer, sections, expected) in [
            (Peer::Possible, vec![section(1, part)], ""),
            (Peer::NoTls, vec![section(1, part)], "this virtual host has no TLS, and so"),
            (Peer::NotAsked, vec![section(1, part)], "SSLVerifyClient does not ask"),
            (Peer::NoTls, vec![section(1, part.or(no_peer))], ""),
            (Peer::NoTls, vec![section(1, part), section(0, no_peer)], ""),
            (Peer::NoTls, vec![section(1, no_peer)], ""),
        ] {
            let mut servers = servers(&[Part::default(); 2]);
            servers[1].peer = peer;
            let role = AcceptRole { sections: &sections, servers: &servers, has_mod_ssl: true };
            match &role.warnings(&world.files)[..] {
                [] => assert_eq!(expected, ""),
                [Finding { server: 1, line }] => {
                    let start = format!("ClientCertAccept cms (section at conf:7): {expected}");
                    assert!(!expected.is_empty() && line.starts_with(&start), "{line}");
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn headers_that_are_not_signed() {
        let world = World::new("unsigned");
        let verified = Part { client_trust: Some(CLIENT_CAS), ..Part::default() };
        let servers = servers(&[Part::default(); 2]);
        for (sections, count) in [
            (vec![section(1, unsigned_format())], 1),
            (vec![section(1, unsigned_format().or(verified))], 0),
            (vec![section(1, unsigned_format()), section(0, verified)], 0),
            (vec![section(1, signed())], 0),
        ] {
            let role = AcceptRole { sections: &sections, servers: &servers, has_mod_ssl: true };
            assert_eq!(role.warnings(&world.files).len(), count);
        }
    }
}
