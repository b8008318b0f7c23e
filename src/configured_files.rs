// SPDX-License-Identifier: Apache-2.0

//! The files that the directives of a configuration name, and the last good octets of each.
//!
//! A file is read once for each configuration. If it cannot be used, the octets that the
//! configuration before used for the same directive and names are used in its place. Files with the
//! same octets share what is made of them.

use std::{collections::HashMap, fmt, path::Path, sync::Arc};

use openssl::sha::sha256;

use crate::{
    error::Error,
    file::{self, FileContent},
    printable::Octets,
    sign::signer::Signer,
    verify::{clients::cas::ClientCas, trust::TrustAnchors},
    x509::crl::Crls,
};

/// What a file is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// A signer: its certificate, intermediates and key; the key may be in a second file.
    Signer,
    /// Trust anchors.
    Anchors,
    /// CRLs for signers.
    Crls,
    /// CAs of clients.
    ClientCas,
    /// CRLs for clients.
    ClientCrls,
}

/// A directive and the file that it names, or the two that belong together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FileName {
    /// The directive's name.
    pub directive: Box<[u8]>,
    /// The file's name.
    pub name: Box<[u8]>,
    /// That of the second file.
    pub key_name: Option<Box<[u8]>>,
}

/// What is made of a file.
#[derive(Clone)]
pub enum Made {
    /// Of [`FileKind::Signer`].
    Signer(Arc<Signer>),
    /// Of [`FileKind::Anchors`].
    Anchors(Arc<TrustAnchors>),
    /// Of [`FileKind::Crls`] and [`FileKind::ClientCrls`].
    Crls(Arc<Crls>),
    /// Of [`FileKind::ClientCas`].
    ClientCas(Arc<ClientCas>),
}

/// A file as the configuration names it.
pub struct ConfiguredFile {
    kind: FileKind,
    name: FileName,
    /// Where its first directive stands.
    place: Box<[u8]>,
    made: Option<Made>,
    /// Why the file as it is now is not in use, if it is not.
    fault: Option<String>,
    /// When what is in use was read, in words.
    read_at: Box<[u8]>,
}

/// All files of a configuration.
pub struct Files {
    files: Vec<ConfiguredFile>,
    by_name: HashMap<FileName, usize>,
    by_content: HashMap<ContentKey, Made>,
    /// What the configuration before used; of nothing where there was none.
    last: HashMap<FileName, GoodOctets>,
    /// What this one uses, until it is given to the next.
    good: HashMap<FileName, GoodOctets>,
}

/// What octets are known by: what is made of them depends on nothing else.
type ContentKey = (FileKind, [u8; 32], Option<[u8; 32]>);

/// Octets that could be used, of one file or of two, and when they were read.
struct GoodOctets {
    octets: Arc<(FileContent, Option<FileContent>)>,
    read_at: Box<[u8]>,
}

impl Files {
    /// No files yet. `last` is what [`Self::retained`] gave in the configuration before this one,
    /// if that had this module.
    #[must_use]
    pub fn new(last: Option<&[u8]>) -> Self {
        Self {
            files: Vec::new(),
            by_name: HashMap::new(),
            by_content: HashMap::new(),
            // Nothing but this module writes it; if it is not understood, there is none.
            last: last.and_then(|octets| Reader(octets).all()).unwrap_or_default(),
            good: HashMap::new(),
        }
    }

    /// Reads a file that a directive at `place` names, unless that is done already, at a time that
    /// is `now` in words. Returns its number.
    ///
    /// What cannot be read has a fault, and is what the configuration before had for it.
    pub fn read(&mut self, kind: FileKind, name: FileName, place: &[u8], now: &[u8]) -> usize {
        if let Some(number) = self.by_name.get(&name) {
            return *number;
        }
        let read = read_octets(&name, now).and_then(|octets| {
            self.use_octets(kind, &name, octets).map_err(|error| name.with(error))
        });
        let mut file = ConfiguredFile {
            kind,
            name: name.clone(),
            place: place.into(),
            made: None,
            fault: None,
            read_at: now.into(),
        };
        match read {
            Ok(made) => file.made = Some(made),
            Err(fault) => {
                file.fault = Some(fault);
                self.use_last(&mut file);
            }
        }
        let number = self.files.len();
        self.by_name.insert(name, number);
        self.files.push(file);
        number
    }

    /// Uses the last good octets of a file in the place of new ones, which are good by themselves,
    /// but not where the directive stands. Returns whether there are others.
    pub fn fall_back(&mut self, number: usize, fault: &str) -> bool {
        let Some(file) = self.files.get(number).filter(|file| file.fault.is_none()) else {
            return false;
        };
        let mut file = ConfiguredFile { made: None, ..file.copy() };
        if !self.use_last(&mut file) {
            return false;
        }
        file.fault = Some(file.name.with(fault));
        if let Some(place) = self.files.get_mut(number) {
            *place = file;
        }
        true
    }

    /// The file of that number.
    #[must_use]
    pub fn get(&self, number: usize) -> Option<&ConfiguredFile> {
        self.files.get(number)
    }

    /// All of them, in the order of their numbers.
    #[must_use]
    pub fn all(&self) -> &[ConfiguredFile] {
        &self.files
    }

    /// A line for each that is not in use as it is now.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        self.files.iter().filter_map(ConfiguredFile::fault_line).collect()
    }

    /// A line for each part of a file in use that is of no use at `now`, in Unix seconds. A signer's
    /// are warned of where it signs.
    #[must_use]
    pub fn warnings(&self, now: i64) -> Vec<String> {
        self.files.iter().flat_map(|file| file.warnings(now)).collect()
    }

    /// Writes the octets that this configuration uses, for the next one, and forgets them here.
    pub fn retained(&mut self) -> FileContent {
        self.last.clear();
        let good = std::mem::take(&mut self.good);
        // Room for all of it at once, so that growing leaves no copies of keys behind.
        let length = good.iter().fold(0_usize, |sum, (name, good)| {
            good.parts(name).fold(sum, |sum, part| {
                sum.saturating_add(part.map_or(0, <[u8]>::len)).saturating_add(PREFIX)
            })
        });
        let mut written = Vec::with_capacity(length);
        for (name, good) in &good {
            for part in good.parts(name) {
                // No file is that long.
                let length = part.map_or(u64::MAX, |part| part.len() as u64);
                written.extend_from_slice(&length.to_be_bytes());
                written.extend_from_slice(part.unwrap_or_default());
            }
        }
        FileContent::from(written)
    }

    fn use_last(&mut self, file: &mut ConfiguredFile) -> bool {
        let Some(last) = self.last.get(&file.name) else { return false };
        let octets = last.copy();
        let read_at = octets.read_at.clone();
        let Ok(made) = self.use_octets(file.kind, &file.name, octets) else { return false };
        file.made = Some(made);
        file.read_at = read_at;
        true
    }

    /// Makes what the file is for, and has the next configuration fall back to it.
    fn use_octets(
        &mut self,
        kind: FileKind,
        name: &FileName,
        octets: GoodOctets,
    ) -> Result<Made, Error> {
        // What could be used before can be again.
        let is_proven = self.last.get(name).is_some_and(|last| last.octets == octets.octets);
        let (first, second) = &*octets.octets;
        let (first, second) = (first.octets(), second.as_ref().map(FileContent::octets));
        let content = match kind {
            FileKind::ClientCrls => FileKind::Crls,
            kind => kind,
        };
        let key = (content, sha256(first), second.map(sha256));
        let made = match self.by_content.get(&key) {
            Some(made) => made.clone(),
            None => match kind {
                FileKind::Signer => {
                    Made::Signer(Arc::new(Signer::make_from_pem(first, second, is_proven)?))
                }
                FileKind::Anchors => Made::Anchors(Arc::new(TrustAnchors::from_pem(first)?)),
                FileKind::Crls | FileKind::ClientCrls => {
                    Made::Crls(Arc::new(Crls::from_pem(first)?))
                }
                FileKind::ClientCas => Made::ClientCas(Arc::new(ClientCas::from_pem(first)?)),
            },
        };
        self.by_content.insert(key, made.clone());
        self.good.insert(name.clone(), octets);
        Ok(made)
    }
}

fn read_octets(name: &FileName, now: &[u8]) -> Result<GoodOctets, String> {
    let read = |name: &[u8]| {
        FileContent::read(path(name)).map_err(|error| {
            format!("{}: {}: {}", Octets(name), Error::FileUnreadable, file::reason(&error))
        })
    };
    let octets = (read(&name.name)?, name.key_name.as_deref().map(read).transpose()?);
    Ok(GoodOctets { octets: Arc::new(octets), read_at: now.into() })
}

fn path(name: &[u8]) -> &Path {
    use std::os::unix::ffi::OsStrExt;
    Path::new(std::ffi::OsStr::from_bytes(name))
}

impl FileName {
    fn with(&self, fault: impl fmt::Display) -> String {
        format!("{self}: {fault}")
    }
}

/// Both names.
impl fmt::Display for FileName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        Octets(&self.name).fmt(formatter)?;
        match &self.key_name {
            Some(key_name) => write!(formatter, " {}", Octets(key_name)),
            None => Ok(()),
        }
    }
}

impl ConfiguredFile {
    /// Its directive, and what that names.
    #[must_use]
    pub fn name(&self) -> &FileName {
        &self.name
    }

    /// What it is read as.
    #[must_use]
    pub fn kind(&self) -> FileKind {
        self.kind
    }

    /// When what is in use was read, in words.
    #[must_use]
    pub fn read_at(&self) -> &[u8] {
        &self.read_at
    }

    /// Where its first directive stands.
    #[must_use]
    pub fn place(&self) -> &[u8] {
        &self.place
    }

    /// What is made of the octets in use; `None` where there are none.
    #[must_use]
    pub fn made(&self) -> Option<&Made> {
        self.made.as_ref()
    }

    /// Why the file as it is now is not in use.
    #[must_use]
    pub fn fault(&self) -> Option<&str> {
        self.fault.as_deref()
    }

    fn copy(&self) -> Self {
        Self {
            name: self.name.clone(),
            place: self.place.clone(),
            made: self.made.clone(),
            fault: self.fault.clone(),
            read_at: self.read_at.clone(),
            ..*self
        }
    }

    fn fault_line(&self) -> Option<String> {
        let fault = self.fault()?;
        let (directive, place) = (Octets(&self.name.directive), Octets(&self.place));
        Some(match self.made {
            Some(_) => format!(
                "{directive} ({place}): {fault}; what was read of it at {} stays in use",
                Octets(&self.read_at)
            ),
            None => format!(
                "{directive} ({place}): {fault}; none was read before for this directive: requests \
                 that need it are answered 500"
            ),
        })
    }

    fn warnings(&self, now: i64) -> Vec<String> {
        let (lines, meaning) = match &self.made {
            Some(Made::Anchors(anchors)) => (anchors.warnings(now), "nothing is accepted by it"),
            Some(Made::Crls(crls)) if self.kind == FileKind::ClientCrls => {
                (crls.warnings(now), "no client of this issuer is accepted")
            }
            Some(Made::Crls(crls)) => (crls.warnings(now), "no signer of this issuer is accepted"),
            Some(Made::ClientCas(cas)) => (cas.warnings(now), "no client is accepted by it"),
            Some(Made::Signer(_)) | None => return Vec::new(),
        };
        let (directive, place) = (Octets(&self.name.directive), Octets(&self.place));
        let line = |line| format!("{directive} {} ({place}): {line}; {meaning}", self.name);
        lines.into_iter().map(line).collect()
    }
}

/// The length before each part.
const PREFIX: usize = size_of::<u64>();

impl GoodOctets {
    fn copy(&self) -> Self {
        Self { octets: Arc::clone(&self.octets), read_at: self.read_at.clone() }
    }

    /// In the order in which they are written.
    fn parts<'a>(&'a self, name: &'a FileName) -> impl Iterator<Item = Option<&'a [u8]>> {
        let (first, second) = &*self.octets;
        [
            Some(&*name.directive),
            Some(&*name.name),
            name.key_name.as_deref(),
            Some(first.octets()),
            second.as_ref().map(FileContent::octets),
            Some(&*self.read_at),
        ]
        .into_iter()
    }
}

/// Reads what [`Files::retained`] wrote.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn all(mut self) -> Option<HashMap<FileName, GoodOctets>> {
        let mut all = HashMap::new();
        while !self.0.is_empty() {
            let name = FileName {
                directive: self.part()??.into(),
                name: self.part()??.into(),
                key_name: self.part()?.map(Into::into),
            };
            let mut content = || self.part().map(|part| part.map(|part| part.to_vec().into()));
            let octets = Arc::new((content()??, content()?));
            all.insert(name, GoodOctets { octets, read_at: self.part()??.into() });
        }
        Some(all)
    }

    /// The next part, which may be none; `None` where it is cut off.
    fn part(&mut self) -> Option<Option<&'a [u8]>> {
        let (length, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        let length = match u64::from_be_bytes(*length) {
            u64::MAX => return Some(None),
            length => usize::try_from(length).ok()?,
        };
        let (part, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(Some(part))
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::PathBuf};

    use super::*;
    use crate::testing::{Directory, Identity, KeyKind, Leaf, NOW};

    fn name(directive: &str, name: &[u8], key_name: Option<&[u8]>) -> FileName {
        FileName {
            directive: directive.as_bytes().into(),
            name: name.into(),
            key_name: key_name.map(Into::into),
        }
    }

    fn trust(file: &[u8]) -> FileName {
        name("ClientCertTrust", file, None)
    }

    fn octets(path: PathBuf) -> Vec<u8> {
        path.into_os_string().into_encoded_bytes()
    }

    fn text(octets: &[u8]) -> &str {
        std::str::from_utf8(octets).unwrap()
    }

    /// Reads a file of anchors as the only one.
    fn read(last: Option<&FileContent>, file: &[u8], now: &str) -> Files {
        let mut files = Files::new(last.map(FileContent::octets));
        assert_eq!(files.read(FileKind::Anchors, trust(file), b"conf:1", now.as_bytes()), 0);
        files
    }

    fn identity() -> Identity {
        Leaf::new(KeyKind::P256).self_signed()
    }

    #[test]
    fn last_good_octets_stay_in_use() {
        let directory = Directory::new("files-last");
        let file = octets(directory.write("anchors", identity().certificate_pem()));
        let mut first = read(None, &file, "noon");
        assert!(first.get(0).unwrap().made().is_some() && first.faults().is_empty());
        let good = first.retained();

        directory.write("anchors", "nothing");
        let mut second = read(Some(&good), &file, "one");
        assert!(second.get(0).unwrap().made().is_some());
        let (file_text, line) = (text(&file), second.faults());
        let fault = format!("{file_text}: there is no certificate in the file");
        assert_eq!(second.get(0).unwrap().fault(), Some(&*fault));
        assert_eq!(
            line,
            [format!(
                "ClientCertTrust (conf:1): {fault}; what was read of it at noon stays in use"
            )]
        );
        // And so on, with the time at which they were read.
        fs::remove_file(file_text).unwrap();
        let good = second.retained();
        let third = read(Some(&good), &file, "two");
        let fault = format!("{file_text}: the file cannot be read: No such file or directory");
        assert!(third.get(0).unwrap().made().is_some());
        assert_eq!(third.get(0).unwrap().fault(), Some(&*fault));
        assert!(third.faults()[0].contains("read of it at noon"));
        // A good one again.
        directory.write("anchors", identity().certificate_pem());
        let mut fourth = read(Some(&good), &file, "three");
        assert!(fourth.faults().is_empty());
        // What is not used is not given on.
        let mut empty = Files::new(Some(fourth.retained().octets()));
        assert!(empty.retained().octets().is_empty());
    }

    #[test]
    fn another_directive_or_name_has_none() {
        let directory = Directory::new("files-names");
        let file = octets(directory.write("anchors", identity().certificate_pem()));
        let good = read(None, &file, "noon").retained();
        fs::remove_file(text(&file)).unwrap();
        let key: Box<[u8]> = b"/key".as_slice().into();
        for other in [
            trust(b"/other"),
            name("ClientCertSigner", &file, None),
            name("ClientCertTrust", &file, Some(&key)),
        ] {
            let mut files = Files::new(Some(good.octets()));
            let number = files.read(FileKind::Anchors, other.clone(), b"conf:7", b"one");
            let found = files.get(number).unwrap();
            assert!(found.made().is_none() && found.fault().is_some(), "{other}");
            let expected = "none was read before for this directive: requests that need it are \
                            answered 500";
            assert!(files.faults()[0].ends_with(expected));
            assert!(files.warnings(NOW).is_empty());
        }
        // As something that they cannot be used for.
        let mut files = Files::new(Some(good.octets()));
        let number = files.read(FileKind::Crls, trust(&file), b"conf:1", b"one");
        assert!(files.get(number).unwrap().made().is_none());
    }

    #[test]
    fn no_file_of_this_configuration_is_read_twice() {
        let directory = Directory::new("files-twice");
        let file = octets(directory.write("anchors", identity().certificate_pem()));
        let copy = octets(directory.write("copy", fs::read(text(&file)).unwrap()));
        let mut files = read(None, &file, "noon");
        directory.write("anchors", "nothing");
        assert_eq!(files.read(FileKind::Anchors, trust(&file), b"conf:2", b"noon"), 0);
        assert!(files.faults().is_empty());
        // The same octets are the same anchors.
        let other = files.read(FileKind::Anchors, trust(&copy), b"conf:3", b"noon");
        let (Some(Made::Anchors(a)), Some(Made::Anchors(b))) =
            (files.get(0).unwrap().made(), files.get(other).unwrap().made())
        else {
            panic!("anchors")
        };
        assert!(Arc::ptr_eq(a, b));
    }

    #[test]
    fn good_ones_that_do_not_fit_fall_back() {
        let directory = Directory::new("files-fall");
        let file = octets(directory.write("anchors", identity().certificate_pem()));
        let mut first = read(None, &file, "noon");
        assert!(!first.fall_back(0, "it holds a CA"), "there is none before");
        assert!(first.faults().is_empty());
        let good = first.retained();
        directory.write("anchors", Leaf::ca("CA").self_signed().certificate_pem());
        let mut second = read(Some(&good), &file, "one");
        assert!(second.fall_back(0, "it holds a CA"));
        let Some(Made::Anchors(anchors)) = second.get(0).unwrap().made() else { panic!("anchors") };
        assert!(!anchors.has_ca());
        let expected = format!("{}: it holds a CA; what was read of it at noon", text(&file));
        assert!(second.faults()[0].contains(&expected));
        assert!(!second.fall_back(0, "once more"));
        assert!(!second.fall_back(7, "no file"));
        // What is given on is what is in use.
        let mut third = Files::new(Some(second.retained().octets()));
        directory.write("anchors", "nothing");
        third.read(FileKind::Anchors, trust(&file), b"conf:1", b"two");
        let Some(Made::Anchors(anchors)) = third.get(0).unwrap().made() else { panic!("anchors") };
        assert!(!anchors.has_ca());
    }

    #[test]
    fn cas_of_clients() {
        let directory = Directory::new("files-cas");
        let root = Leaf::ca("root").self_signed();
        let file = octets(directory.write("cas", root.certificate_pem()));
        let named = || name("ClientCertClientTrust", &file, None);
        let mut files = Files::new(None);
        files.read(FileKind::ClientCas, named(), b"conf:1", b"noon");
        assert!(matches!(files.get(0).unwrap().made(), Some(Made::ClientCas(_))));
        assert!(files.warnings(NOW).is_empty());
        let late = &files.warnings(NOW + 1_000_000)[0];
        assert!(late.ends_with("; no client is accepted by it"), "{late}");
        let good = files.retained();
        let client = Leaf::new(KeyKind::P256).issued_by(&root).certificate_pem();
        directory.write("cas", [root.certificate_pem(), client].concat());
        let mut files = Files::new(Some(good.octets()));
        files.read(FileKind::ClientCas, named(), b"conf:1", b"one");
        assert!(matches!(files.get(0).unwrap().made(), Some(Made::ClientCas(_))));
        let expected = format!("{}: {}", text(&file), Error::FileNotCa);
        assert_eq!(files.get(0).unwrap().fault(), Some(&*expected));
    }

    #[test]
    fn signers_of_one_file_and_of_two() {
        let directory = Directory::new("files-signers");
        let identity = identity();
        let both =
            octets(directory.write("both", identity.certificate_pem() + &identity.key_pem()));
        let certificate = octets(directory.write("certificate", identity.certificate_pem()));
        let key = octets(directory.write("key", identity.key_pem()));
        let signer = |key_name| name("ClientCertSigner", &certificate, key_name);
        let mut files = Files::new(None);
        for file in [name("ClientCertSigner", &both, None), signer(Some(&key))] {
            let number = files.read(FileKind::Signer, file, b"conf:1", b"noon");
            let made = files.get(number).unwrap().made();
            assert!(matches!(made, Some(Made::Signer(_))));
        }
        let number = files.read(FileKind::Signer, signer(None), b"conf:1", b"noon");
        let expected = format!("{}: there is no private key in the file", text(&certificate));
        assert_eq!(files.get(number).unwrap().fault(), Some(&*expected));
        // A key that cannot be read is named.
        let number =
            files.read(FileKind::Signer, signer(Some(b"/nonexistent")), b"conf:1", b"noon");
        let fault = files.get(number).unwrap().fault().unwrap();
        assert!(fault.starts_with("/nonexistent: the file cannot be read"), "{fault}");
        // Two files are remembered as two.
        let good = files.retained();
        fs::remove_file(text(&key)).unwrap();
        let mut next = Files::new(Some(good.octets()));
        let number = next.read(FileKind::Signer, signer(Some(&key)), b"conf:1", b"one");
        assert!(next.get(number).unwrap().made().is_some());
        let expected = format!("({}", text(&certificate));
        assert!(!next.faults()[0].contains(&expected));
        assert!(next.faults()[0].contains("noon"));
    }

    #[test]
    fn what_is_of_no_use_is_warned_of() {
        let directory = Directory::new("files-warned");
        let file = octets(directory.write("anchors", identity().certificate_pem()));
        let files = read(None, &file, "noon");
        assert!(files.warnings(NOW).is_empty());
        let [line] = &files.warnings(i64::MAX)[..] else { panic!("one line") };
        let start = format!("ClientCertTrust {} (conf:1): certificate \"", text(&file));
        assert!(line.starts_with(&start), "{line}");
        assert!(line.ends_with("; nothing is accepted by it"), "{line}");
    }

    #[test]
    fn octets_that_are_no_record_are_none() {
        let directory = Directory::new("files-record");
        let file = octets(directory.write("anchors", identity().certificate_pem()));
        let good = read(None, &file, "noon").retained();
        assert!(Reader(good.octets()).all().is_some_and(|all| all.len() == 1));
        for length in 1..good.octets().len() {
            assert!(Reader(&good.octets()[..length]).all().is_none(), "{length}");
        }
        let none = u64::MAX.to_be_bytes();
        for wrong in [&none[..], &[0; 8], &[0; 24], &[0xfe; 64]] {
            assert!(Reader(wrong).all().is_none());
        }
    }
}
