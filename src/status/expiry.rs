// SPDX-License-Identifier: Apache-2.0

//! When signers, trust anchors and CRLs in use expire, and warnings before that.

use std::{
    collections::HashSet,
    fmt::Write,
    sync::{Mutex, PoisonError},
};

use openssl::x509::{X509NameRef, X509Ref};

use crate::{
    asn1::time::{DAY, Utc},
    configured_files::{ConfiguredFile, FileKind, Files, Made},
    printable::{Octets, printable},
    sign::signer::Signer,
    x509::{crl::Crls, distinguished_name::rfc2253, path::unix_time},
};

/// How long before it expires something is warned of, in seconds.
const AHEAD: i64 = 30 * DAY;

/// The longest name of a certificate or issuer, in bytes.
const MAX_NAME: usize = 200;

/// The longest name of a file, in bytes.
const MAX_FILE: usize = 5000;

/// What expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A signer's certificate.
    Signer,
    /// An intermediate of a signer.
    SignerIntermediate,
    /// A trust anchor for signers.
    Anchor,
    /// A CRL for signers.
    Crl,
    /// A CA of clients.
    ClientCa,
    /// A CRL for clients.
    ClientCrl,
}

impl Kind {
    /// Each of them.
    pub const ALL: &[Self] = &[
        Self::Signer,
        Self::SignerIntermediate,
        Self::Anchor,
        Self::Crl,
        Self::ClientCa,
        Self::ClientCrl,
    ];

    /// Its name for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Signer => "signer",
            Self::SignerIntermediate => "signer-intermediate",
            Self::Anchor => "anchor",
            Self::Crl => "crl",
            Self::ClientCa => "client-ca",
            Self::ClientCrl => "client-crl",
        }
    }

    const fn is_crl(self) -> bool {
        matches!(self, Self::Crl | Self::ClientCrl)
    }

    /// What follows once it has expired.
    const fn meaning(self) -> &'static str {
        match self {
            Self::Signer => "requests that are to be signed are answered 500",
            Self::SignerIntermediate => "origins that need it refuse what is signed",
            Self::Anchor => "nothing is accepted by it",
            Self::Crl => "no signer of this issuer is accepted",
            Self::ClientCa => "no client is accepted by it",
            Self::ClientCrl => "no client of this issuer is accepted",
        }
    }
}

/// A certificate, or the CRLs of one issuer, that expires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expiry {
    /// What it is.
    pub kind: Kind,
    /// The certificate's subject, or the CRL's issuer: printable ASCII.
    pub name: Box<str>,
    /// The certificate's serial number in hexadecimal digits; empty for a CRL.
    pub serial: Box<str>,
    /// When, in Unix seconds.
    pub time: i64,
}

/// What a directive names.
pub struct Source {
    /// The directive.
    pub directive: Box<str>,
    /// The file, or the two, or which of the server's certificates: printable ASCII.
    pub file: Box<str>,
    /// Where the directive stands; empty where that is not known.
    place: Box<str>,
    /// What is in it.
    pub expiries: Vec<Expiry>,
}

/// A file that is not in use as it is now.
pub struct Faulty {
    /// The directive.
    pub directive: Box<str>,
    /// The file, or the two: printable ASCII.
    pub file: Box<str>,
    /// When what is in use in its place was read, in words; `None` where nothing is.
    pub read_at: Option<Box<str>>,
}

/// When everything expires that a configuration uses.
pub struct Expiries {
    sources: Vec<Source>,
    faulty: Vec<Faulty>,
    file_count: usize,
    /// The certificates that are known as the server's own signers.
    servers: HashSet<[u8; 32]>,
    said: Mutex<Said>,
}

/// What was said, and when there is something to say again.
#[derive(Default)]
struct Said {
    next: i64,
    /// For each source.
    sources: Vec<SaidOfSource>,
}

#[derive(Clone, Copy, Default)]
struct SaidOfSource {
    /// When, in Unix seconds; `None` for never.
    time: Option<i64>,
    /// How much of it had expired.
    expired: usize,
}

/// A line to be logged, and whether something has expired.
#[derive(Debug, PartialEq, Eq)]
pub struct Line {
    /// The line.
    pub text: String,
    /// Whether it is an error.
    pub expired: bool,
}

impl Expiries {
    /// Of the files of a configuration.
    #[must_use]
    pub fn new(files: &Files) -> Self {
        let all = files.all();
        let faulty = all.iter().filter(|file| file.fault().is_some()).map(|file| Faulty {
            directive: text(&file.name().directive),
            file: printable(file.name(), MAX_FILE),
            read_at: file.made().map(|_| text(file.read_at())),
        });
        Self {
            sources: all.iter().map(Source::of_file).collect(),
            faulty: faulty.collect(),
            file_count: all.len(),
            servers: HashSet::new(),
            said: Mutex::default(),
        }
    }

    /// Adds a certificate that a server, named `host` if it has a name, presents and signs with, unless
    /// it is known.
    pub fn add_server_signer(&mut self, signer: &Signer, host: Option<&[u8]>) {
        if self.servers.insert(*signer.id()) {
            let name = [b"server (SSLCertificateFile of ", host.unwrap_or(b"*"), b")"].concat();
            self.sources.push(Source {
                directive: "ClientCertSigner".into(),
                file: text(&name),
                place: "".into(),
                expiries: of_signer(signer),
            });
        }
    }

    /// Files that are not in use as they are now.
    #[must_use]
    pub fn faulty(&self) -> &[Faulty] {
        &self.faulty
    }

    /// How many files there are.
    #[must_use]
    pub fn file_count(&self) -> usize {
        self.file_count
    }

    /// All that expires, in no order.
    pub fn all(&self) -> impl Iterator<Item = (&Source, &Expiry)> {
        let all_of = |source| Source::expiries_of(source).map(move |expiry| (source, expiry));
        self.sources.iter().flat_map(all_of)
    }

    /// The first `count` to expire, the earliest first, and each that programs tell apart once.
    #[must_use]
    pub fn first(&self, count: usize) -> Vec<(&Source, &Expiry)> {
        let key = |(source, expiry): &(&Source, &Expiry)| {
            let (directive, file) = (source.directive.clone(), source.file.clone());
            (expiry.time, expiry.kind, directive, file, expiry.name.clone(), expiry.serial.clone())
        };
        let mut all: Vec<_> = self.all().collect();
        // Of thousands all but so many are done with before they are put in order.
        let some = count.saturating_mul(4);
        if some < all.len() {
            all.select_nth_unstable_by_key(some, |(_, expiry)| expiry.time);
            let end = all.get(some).map_or(i64::MAX, |(_, expiry)| expiry.time);
            all.retain(|(_, expiry)| expiry.time <= end);
        }
        all.sort_by_cached_key(key);
        let mut seen = HashSet::new();
        all.retain(|(source, expiry)| {
            seen.insert((
                expiry.kind,
                &source.directive,
                &source.file,
                &expiry.name,
                &expiry.serial,
            ))
        });
        all.truncate(count);
        all
    }

    /// The lines to be logged at `now`, in Unix seconds: for each file one a day from 30 days before
    /// something in it expires, and one when it does.
    ///
    /// `starting` is for the first time, when what has expired is warned of with whatever else is of
    /// no use.
    #[must_use]
    pub fn lines(&self, now: i64, starting: bool) -> Vec<Line> {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if now < said.next && !starting {
            return Vec::new();
        }
        said.sources.resize(self.sources.len(), SaidOfSource::default());
        let mut lines = Vec::new();
        let mut next = i64::MAX;
        for (source, said) in self.sources.iter().zip(&mut said.sources) {
            let expired = source.expiries.iter().filter(|expiry| expiry.time <= now).count();
            let is_due = match said.time {
                None => true,
                Some(time) => {
                    now >= time.saturating_add(DAY) || now < time || expired > said.expired
                }
            };
            if is_due {
                let line = source.line(now, starting);
                if line.is_some() || expired > 0 {
                    *said = SaidOfSource { time: Some(now), expired };
                }
                lines.extend(line);
            }
            next = next.min(source.next(now, said.time));
        }
        said.next = next;
        lines
    }
}

impl Source {
    fn expiries_of(source: &Self) -> impl Iterator<Item = &Expiry> {
        source.expiries.iter()
    }

    fn of_file(file: &ConfiguredFile) -> Self {
        let expiries = match file.made() {
            Some(Made::Signer(signer)) => of_signer(signer),
            Some(Made::Anchors(anchors)) => {
                let anchors = anchors.pinned().iter();
                anchors.filter_map(|anchor| of(Kind::Anchor, &anchor.certificate)).collect()
            }
            Some(Made::ClientCas(cas)) => {
                cas.all().iter().filter_map(|ca| of(Kind::ClientCa, &ca.certificate)).collect()
            }
            Some(Made::Crls(crls)) if file.kind() == FileKind::ClientCrls => {
                of_crls(Kind::ClientCrl, crls)
            }
            Some(Made::Crls(crls)) => of_crls(Kind::Crl, crls),
            None => Vec::new(),
        };
        Self {
            directive: text(&file.name().directive),
            file: printable(file.name(), MAX_FILE),
            place: text(file.place()),
            expiries,
        }
    }

    /// What expires first, and what else within 30 days. What has expired comes first, unless that is
    /// warned of by others.
    fn line(&self, now: i64, starting: bool) -> Option<Line> {
        let end = now.saturating_add(AHEAD);
        let is_near = |expiry: &&Expiry| expiry.time <= end && !(starting && expiry.time <= now);
        let first = self.expiries.iter().filter(is_near).min_by_key(|expiry| expiry.time)?;
        let others = self.expiries.iter().filter(is_near).count().saturating_sub(1);
        let expired = first.time <= now;
        let Expiry { kind, name, time, .. } = first;
        let mut text = format!("{} {}", self.directive, self.file);
        if !self.place.is_empty() {
            let _ = write!(text, " ({})", self.place);
        }
        let (what, field) = match kind.is_crl() {
            true => ("CRL of", "nextUpdate"),
            false => ("certificate", "notAfter"),
        };
        let _ = write!(text, ": {what} \"{name}\" ");
        let (end, meaning) = (Utc(*time), kind.meaning());
        let _ = match (expired, time.saturating_sub(now).div_euclid(DAY)) {
            (true, _) => write!(text, "expired ({field} {end}); {meaning}"),
            (false, 0 | 1) => {
                write!(text, "expires in less than 2 days ({field} {end}); then {meaning}")
            }
            (false, days) => {
                write!(text, "expires in {days} days ({field} {end}); then {meaning}")
            }
        };
        if others > 0 {
            let _ =
                write!(text, "; so do or did {others} more of this file within 30 days from now");
        }
        Some(Line { text, expired })
    }

    /// When there may be something to say again.
    fn next(&self, now: i64, said: Option<i64>) -> i64 {
        let end = now.saturating_add(AHEAD);
        let is_near = self.expiries.iter().any(|expiry| expiry.time <= end);
        let again = said.filter(|_| is_near).map(|time| time.saturating_add(DAY));
        let times = self
            .expiries
            .iter()
            .flat_map(|expiry| [expiry.time.saturating_sub(AHEAD), expiry.time]);
        times.filter(|time| *time > now).chain(again).min().unwrap_or(i64::MAX)
    }
}

fn text(octets: &[u8]) -> Box<str> {
    printable(Octets(octets), MAX_FILE)
}

fn name_of(name: &X509NameRef) -> Box<str> {
    printable(rfc2253(name).unwrap_or_default(), MAX_NAME)
}

fn of(kind: Kind, certificate: &X509Ref) -> Option<Expiry> {
    let serial = certificate.serial_number().to_bn().and_then(|number| number.to_hex_str());
    Some(Expiry {
        kind,
        name: name_of(certificate.subject_name()),
        serial: serial.map(|hex| printable(&*hex, MAX_NAME)).unwrap_or_default(),
        time: unix_time(certificate.not_after()).ok()?,
    })
}

fn of_signer(signer: &Signer) -> Vec<Expiry> {
    let kinds = [Kind::Signer].into_iter().chain(std::iter::repeat(Kind::SignerIntermediate));
    let certificates = kinds.zip(signer.certificate_chain());
    certificates.filter_map(|(kind, certificate)| of(kind, certificate)).collect()
}

fn of_crls(kind: Kind, crls: &Crls) -> Vec<Expiry> {
    let expiry = |(issuer, time)| Expiry { kind, name: name_of(issuer), serial: "".into(), time };
    crls.last_updates().into_iter().map(expiry).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::{
        configured_files::FileName,
        testing::{Directory, Identity, KeyKind, Leaf, NOW},
    };

    /// A configuration with one file of anchors.
    pub(crate) fn anchors(test: &str, anchors: &[&Identity]) -> Expiries {
        let directory = Directory::new(test);
        let pem: String = anchors.iter().map(|anchor| anchor.certificate_pem()).collect();
        let file = directory.write("anchors", pem).into_os_string().into_encoded_bytes();
        let mut files = Files::new(None);
        let name = FileName {
            directive: b"ClientCertTrust".as_slice().into(),
            name: file.into(),
            key_name: None,
        };
        files.read(FileKind::Anchors, name, b"conf:1", b"noon");
        Expiries::new(&files)
    }

    pub(crate) fn leaf(name: &str, end: i64) -> Identity {
        Leaf::new(KeyKind::P256).subject(name).valid(NOW - 9, end).self_signed()
    }

    fn texts(lines: Vec<Line>) -> Vec<(String, bool)> {
        let text = |line: Line| (line.text.split(": ").nth(1).unwrap().to_owned(), line.expired);
        lines.into_iter().map(text).collect()
    }

    #[test]
    fn each_file_is_warned_of_once_a_day() {
        let expiries = anchors("expiry-daily", &[&leaf("a", NOW + 40 * DAY)]);
        let lines = |time| texts(expiries.lines(time, false));
        assert!(expiries.lines(NOW, true).is_empty());
        assert!(lines(NOW + 10 * DAY - 1).is_empty());
        let expected = "certificate \"CN=a\" expires in 30 days (notAfter 2027-02-24 08:00:00 UTC); \
                        then nothing is accepted by it";
        assert_eq!(lines(NOW + 10 * DAY), [(expected.to_owned(), false)]);
        assert!(lines(NOW + 10 * DAY).is_empty());
        assert!(lines(NOW + 11 * DAY - 1).is_empty());
        assert!(lines(NOW + 11 * DAY)[0].0.contains("expires in 29 days"));
        // When it expires, however lately it was warned of; and each day from then on.
        assert!(lines(NOW + 39 * DAY + 5)[0].0.contains("expires in less than 2 days"));
        assert!(lines(NOW + 40 * DAY - 1).is_empty());
        let expected = "certificate \"CN=a\" expired (notAfter 2027-02-24 08:00:00 UTC); nothing is accepted by it";
        assert_eq!(lines(NOW + 40 * DAY), [(expected.to_owned(), true)]);
        assert!(lines(NOW + 41 * DAY - 1).is_empty());
        assert_eq!(lines(NOW + 41 * DAY), [(expected.to_owned(), true)]);
    }

    #[test]
    fn a_start_warns_of_what_is_about_to_expire() {
        let near = anchors("expiry-near", &[&leaf("a", NOW + DAY), &leaf("b", NOW + 2 * DAY)]);
        let lines = near.lines(NOW, true);
        assert_eq!(lines.len(), 1, "one a file");
        assert!(
            lines[0].text.contains("\"CN=a\" expires in less than 2 days (") && !lines[0].expired
        );
        let more = "; so do or did 1 more of this file within 30 days from now";
        assert!(lines[0].text.ends_with(more), "{}", lines[0].text);
        assert!(lines[0].text.starts_with("ClientCertTrust /"), "{}", lines[0].text);
        assert!(lines[0].text.contains("anchors (conf:1): certificate"), "{}", lines[0].text);
        assert!(near.lines(NOW + 5, false).is_empty());
        // What has expired at the start has other warnings then.
        let gone = anchors("expiry-gone", &[&leaf("a", NOW)]);
        assert!(gone.lines(NOW, true).is_empty());
        assert!(gone.lines(NOW + 5, false).is_empty());
        assert_eq!(texts(gone.lines(NOW + DAY, false)).len(), 1);
        assert!(anchors("expiry-far", &[&leaf("a", NOW + 31 * DAY)]).lines(NOW, true).is_empty());
    }

    #[test]
    fn a_clock_that_is_set_back_silences_nothing() {
        let expiries = anchors("expiry-clock", &[&leaf("a", NOW + 20 * DAY)]);
        assert_eq!(expiries.lines(NOW + 15 * DAY, true).len(), 1);
        assert_eq!(expiries.lines(NOW, true).len(), 1);
        assert_eq!(expiries.lines(NOW + DAY, false).len(), 1);
    }

    #[test]
    fn servers_own_signers_are_there_once() {
        let root = Leaf::ca("root").valid(NOW - 9, NOW + 60 * DAY).self_signed();
        let below = Leaf::ca("below").valid(NOW - 9, NOW + 20 * DAY).issued_by(&root);
        let own =
            Leaf::new(KeyKind::P256).subject("own").valid(NOW - 9, NOW + 9 * DAY).issued_by(&below);
        let signer = Signer::new(&own.certificate, &own.key, &[&below.certificate]).unwrap();
        let mut expiries = Expiries::new(&Files::new(None));
        for host in [Some(&b"a"[..]), Some(b"b")] {
            expiries.add_server_signer(&signer, host);
        }
        let first = expiries.first(10);
        let found: Vec<_> = first.iter().map(|(_, it)| (it.kind, &*it.name, it.time)).collect();
        let intermediate = (Kind::SignerIntermediate, "CN=below", NOW + 20 * DAY);
        assert_eq!(found, [(Kind::Signer, "CN=own", NOW + 9 * DAY), intermediate]);
        assert_eq!(&*first[0].0.file, "server (SSLCertificateFile of a)");
        assert!(!first[0].1.serial.is_empty());
        let lines = expiries.lines(NOW, true);
        let start = "ClientCertSigner server (SSLCertificateFile of a): certificate \"CN=own\"";
        assert!(lines[0].text.starts_with(start));
        let mut expiries = Expiries::new(&Files::new(None));
        expiries.add_server_signer(&signer, None);
        assert_eq!(&*expiries.first(1)[0].0.file, "server (SSLCertificateFile of *)");
    }

    #[test]
    fn first_are_the_earliest_and_each_once() {
        let identities: Vec<_> = (0..30).map(|n| leaf("same", NOW + 100 - n)).collect();
        let mut all: Vec<_> = identities.iter().collect();
        all.extend(identities.iter());
        let expiries = anchors("expiry-first", &all);
        assert_eq!(expiries.all().count(), 60);
        let times: Vec<_> = expiries.first(5).iter().map(|(_, expiry)| expiry.time).collect();
        assert_eq!(times, [71, 72, 73, 74, 75].map(|second| NOW + second));
        assert_eq!(expiries.first(100).len(), 30);
        assert!(expiries.first(0).is_empty());
    }
}
