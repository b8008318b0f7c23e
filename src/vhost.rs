// SPDX-License-Identifier: Apache-2.0

//! Which virtual hosts verify their clients alike.
//!
//! Two do if all that verification depends on is equal: the CAs and CRLs that were loaded, the
//! parameters of the virtual host's SSL_CTX, and those of mod_ssl's directives that cannot be read
//! from it. Names, addresses and the server's own certificates are no part of it. A fingerprint
//! stands for all of this. It is the same in every process, on every machine, and after a restart
//! that changed nothing of it.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs::{self, File},
    io::{ErrorKind, Read},
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use foreign_types::ForeignTypeRef;
use openssl::{
    sha::{Sha256, sha256},
    x509::{X509CrlRef, X509Ref},
};

use crate::{error::Error, openssl_ext::i2d_X509_AUX};

/// What distinguishes fingerprints of this kind from others.
const VERSION: &[u8] = b"mod_client_cert vhost 2";

/// The virtual hosts of one configuration, and what mod_ssl's directives say of verification in
/// each.
#[derive(Default)]
pub struct Vhosts {
    /// What the main server says holds for every virtual host that does not say otherwise.
    main: Directives,
    /// By whatever the caller names each with.
    vhosts: HashMap<usize, Directives>,
    /// What is in a directory, as it was when first read.
    directories: HashMap<PathBuf, Option<[u8; 32]>>,
}

/// What OpenSSL has for a virtual host.
pub struct Context<'a> {
    /// Verify mode, flags, depths, security level and the like, always in the same order.
    pub values: &'a [i64],
    /// The CAs that were loaded.
    pub cas: &'a [&'a X509Ref],
    /// The CRLs that were loaded.
    pub crls: &'a [&'a X509CrlRef],
}

/// How far directives let verification go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest SSLVerifyDepth of the virtual host and of the sections in it.
    pub depth: u32,
    /// Whether a section has ciphers, and so a security level, of its own.
    pub section_ciphers: bool,
}

/// Directives of one server.
#[derive(Default)]
struct Directives {
    /// Outside sections, where the last of each counts. By name in lower case.
    settings: BTreeMap<Vec<u8>, Vec<Vec<u8>>>,
    /// SSLOpenSSLConfCmd, where each counts.
    commands: Digest,
    /// The directories of its VerifyCAPath.
    command_directories: BTreeSet<PathBuf>,
    sections: Digest,
    section_depth: u32,
    section_ciphers: bool,
}

/// Something that verification depends on cannot be found out.
struct Unknown;

impl Vhosts {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a directive of mod_ssl's about verification, in the order of the configuration.
    /// `vhost` names the virtual host, 0 the main server. `section` is where the directive stands,
    /// all sections around it; `None` outside any. Names of files and directories among `words`
    /// are absolute.
    pub fn add(&mut self, vhost: usize, section: Option<&[u8]>, name: &[u8], words: &[&[u8]]) {
        let directives = match vhost {
            0 => &mut self.main,
            _ => self.vhosts.entry(vhost).or_default(),
        };
        directives.add(section, &name.to_ascii_lowercase(), words);
    }

    /// The fingerprint of a virtual host, or of the main server: a SHA-256. `None` where something
    /// that verification depends on cannot be found out, since a file or a directory cannot be
    /// read: the virtual host is like no other then.
    ///
    /// # Errors
    ///
    /// [`Error::CertificateMalformed`] where OpenSSL does not write what it read
    pub fn fingerprint(
        &mut self,
        vhost: usize,
        context: &Context<'_>,
    ) -> Result<Option<[u8; 32]>, Error> {
        let mut digest = Digest::default();
        digest.add(VERSION);
        for value in context.values {
            digest.add(&value.to_be_bytes());
        }
        digest.add_list(&sorted(context.cas, ca_digest)?);
        digest.add_list(&sorted(context.crls, crl_digest)?);
        let own = self.vhosts.get(&vhost);
        let known = self.main.merged(own).digest(&mut self.directories, &mut digest);
        Ok(known.ok().map(|()| digest.finish()))
    }

    /// How far the directives of a virtual host, or of the main server, let verification go.
    #[must_use]
    pub fn limits(&self, vhost: usize) -> Limits {
        let merged = self.main.merged(self.vhosts.get(&vhost));
        Limits {
            depth: merged
                .each(|directives| directives.section_depth)
                .max()
                .unwrap_or(0)
                .max(merged.setting(b"sslverifydepth").map_or(DEFAULT_DEPTH, |words| depth(words))),
            section_ciphers: merged.each(|directives| directives.section_ciphers).any(|has| has),
        }
    }
}

impl Directives {
    fn add(&mut self, section: Option<&[u8]>, name: &[u8], words: &[&[u8]]) {
        if let Some(section) = section {
            self.sections.add(section);
            self.sections.add(name);
            self.sections.add_list(&canonical(name, words));
            match name {
                b"sslverifydepth" => {
                    self.section_depth = self.section_depth.max(depth(words));
                }
                b"sslciphersuite" => self.section_ciphers = true,
                _ => {}
            }
            return;
        }
        match name {
            b"sslopensslconfcmd" => {
                self.commands.add_list(words);
                match words {
                    [command, directory, ..] if command.eq_ignore_ascii_case(b"VerifyCAPath") => {
                        self.command_directories.insert(path(directory).to_owned());
                    }
                    _ => {}
                }
            }
            // The context says what security level it makes.
            b"sslciphersuite" => {}
            _ => {
                self.settings.insert(name.to_vec(), canonical(name, words));
            }
        }
    }

    fn merged<'a>(&'a self, own: Option<&'a Self>) -> Merged<'a> {
        Merged { main: self, own }
    }
}

/// The directives that hold for a virtual host.
struct Merged<'a> {
    main: &'a Directives,
    own: Option<&'a Directives>,
}

impl<'a> Merged<'a> {
    fn each<R>(&self, of: impl Fn(&'a Directives) -> R) -> impl Iterator<Item = R> {
        [Some(self.main), self.own].into_iter().flatten().map(of)
    }

    fn setting(&self, name: &[u8]) -> Option<&'a Vec<Vec<u8>>> {
        self.own.and_then(|own| own.settings.get(name)).or_else(|| self.main.settings.get(name))
    }

    fn digest(
        &self,
        directories: &mut HashMap<PathBuf, Option<[u8; 32]>>,
        digest: &mut Digest,
    ) -> Result<(), Unknown> {
        let mut content = |path: &Path| {
            let found = directories.entry(path.to_owned());
            *found.or_insert_with(|| directory_digest(path).ok())
        };
        let names: BTreeSet<_> =
            self.each(|directives| directives.settings.keys()).flatten().collect();
        let enable: &[u8] = b"sslocspenable";
        let checks_ocsp = self.setting(enable).is_some_and(|words| !is_default(enable, words));
        for name in names {
            let Some(words) = self.setting(name) else { continue };
            if is_default(name, words) || (name.starts_with(b"sslocsp") && !checks_ocsp) {
                continue;
            }
            digest.add(name);
            match (&name[..], &words[..]) {
                (b"sslcacertificatepath" | b"sslcarevocationpath", [directory]) => {
                    digest.add(directory);
                    digest.add(&content(path(directory)).ok_or(Unknown)?);
                }
                (b"sslocsprespondercertificatefile", [file]) => {
                    digest.add(&file_digest(path(file)).map_err(|_| Unknown)?);
                }
                _ => digest.add_list(words),
            }
        }
        for directory in self.each(|directives| &directives.command_directories).flatten() {
            digest.add(&content(directory).ok_or(Unknown)?);
        }
        // Of the main server one digest: its sections may be as many as the virtual hosts.
        let none = Directives::default();
        for directives in [self.main, self.own.unwrap_or(&none)] {
            digest.add(&directives.commands.clone().finish());
            digest.add(&directives.sections.clone().finish());
        }
        Ok(())
    }
}

const DEFAULT_DEPTH: u32 = 1;

/// The words that mod_ssl takes for the same are the same.
fn canonical(name: &[u8], words: &[&[u8]]) -> Vec<Vec<u8>> {
    match name {
        b"sslverifydepth" => vec![depth(words).to_string().into_bytes()],
        b"sslverifyclient"
        | b"sslcarevocationcheck"
        | b"sslocspenable"
        | b"sslocspoverrideresponder"
        | b"sslocspuserequestnonce"
        | b"sslocspnoverify" => {
            let mut words: Vec<_> = words.iter().map(|word| word.to_ascii_lowercase()).collect();
            if let (b"sslverifyclient", [word]) = (name, &mut words[..]) {
                match &word[..] {
                    b"off" => *word = b"none".to_vec(),
                    b"on" => *word = b"require".to_vec(),
                    _ => {}
                }
            }
            words
        }
        _ => words.iter().map(|word| word.to_vec()).collect(),
    }
}

/// Whether a setting is what mod_ssl does without it.
fn is_default(name: &[u8], words: &[Vec<u8>]) -> bool {
    let default: &[u8] = match name {
        b"sslverifyclient" | b"sslcarevocationcheck" => b"none",
        b"sslverifydepth" => b"1",
        b"sslocspenable" | b"sslocspoverrideresponder" | b"sslocspnoverify" => b"off",
        b"sslocspuserequestnonce" => b"on",
        _ => return false,
    };
    matches!(words, [word] if word == default)
}

/// SSLVerifyDepth as mod_ssl reads it, by atoi(3).
fn depth<W: AsRef<[u8]>>(words: &[W]) -> u32 {
    let digits = words.first().map_or(&b""[..], AsRef::as_ref).trim_ascii_start();
    let digits = digits.strip_prefix(b"+").unwrap_or(digits);
    digits.iter().take_while(|octet| octet.is_ascii_digit()).fold(0, |number: u32, digit| {
        number.saturating_mul(10).saturating_add(u32::from(digit.wrapping_sub(b'0')))
    })
}

fn path(octets: &[u8]) -> &Path {
    Path::new(std::ffi::OsStr::from_bytes(octets))
}

/// In an order that does not depend on the one in which OpenSSL keeps them, each once.
fn sorted<T>(
    objects: &[T],
    digest: impl Fn(&T) -> Result<[u8; 32], Error>,
) -> Result<Vec<[u8; 32]>, Error> {
    let digests: BTreeSet<_> = objects.iter().map(digest).collect::<Result<_, _>>()?;
    Ok(digests.into_iter().collect())
}

/// A CA with what its file says that it is trusted and rejected for (TRUSTED CERTIFICATE).
fn ca_digest(ca: &&X509Ref) -> Result<[u8; 32], Error> {
    let mut der = Vec::new();
    // SAFETY: a certificate that is there; without a place to write, the length is returned.
    let length = unsafe { i2d_X509_AUX(ca.as_ptr(), std::ptr::null_mut()) };
    der.resize(usize::try_from(length).map_err(|_| Error::CertificateMalformed)?, 0);
    let mut end = der.as_mut_ptr();
    // SAFETY: there is room for what it said a moment ago that it would write.
    if unsafe { i2d_X509_AUX(ca.as_ptr(), &raw mut end) } != length {
        return Err(Error::CertificateMalformed);
    }
    Ok(sha256(&der))
}

fn crl_digest(crl: &&X509CrlRef) -> Result<[u8; 32], Error> {
    crl.to_der().map(|der| sha256(&der)).map_err(|_| Error::CertificateMalformed)
}

/// What OpenSSL would find in a directory: files named by the hash of a subject or an issuer.
fn directory_digest(path: &Path) -> Result<[u8; 32], Unknown> {
    let mut digest = Digest::default();
    let entries = match fs::read_dir(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(digest.finish()),
        entries => entries.map_err(|_| Unknown)?,
    };
    let mut names = BTreeSet::new();
    for entry in entries {
        let name = entry.map_err(|_| Unknown)?.file_name();
        if is_hash_name(name.as_bytes()) {
            names.insert(name);
        }
    }
    for name in names {
        digest.add(name.as_bytes());
        match file_digest(&path.join(&name)) {
            Ok(content) => digest.add(&content),
            // A link to a file that is gone.
            Err(ErrorKind::NotFound) => digest.add(b""),
            Err(_) => return Err(Unknown),
        }
    }
    Ok(digest.finish())
}

/// Eight hexadecimal digits, a dot, r for a CRL, and a number.
fn is_hash_name(name: &[u8]) -> bool {
    let Some((hash, rest)) = name.split_at_checked(8) else { return false };
    let Some(number) = rest.strip_prefix(b".") else { return false };
    let number = number.strip_prefix(b"r").unwrap_or(number);
    hash.iter().all(u8::is_ascii_hexdigit)
        && !number.is_empty()
        && number.iter().all(u8::is_ascii_digit)
}

fn file_digest(path: &Path) -> Result<[u8; 32], ErrorKind> {
    // To open a pipe would wait for a writer.
    if !fs::metadata(path).map_err(|error| error.kind())?.is_file() {
        return Err(ErrorKind::InvalidInput);
    }
    let mut file = File::open(path).map_err(|error| error.kind())?;
    let mut sha = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let length = file.read(&mut buffer).map_err(|error| error.kind())?;
        match buffer.get(..length) {
            Some([]) | None => return Ok(sha.finish()),
            Some(octets) => sha.update(octets),
        }
    }
}

/// SHA-256 of octet strings, each with its length before it, so that no two lists are alike.
#[derive(Clone)]
struct Digest(Sha256);

impl Default for Digest {
    fn default() -> Self {
        Self(Sha256::new())
    }
}

impl Digest {
    fn add(&mut self, octets: &[u8]) {
        self.add_length(octets.len());
        self.0.update(octets);
    }

    fn add_list<O: AsRef<[u8]>>(&mut self, list: &[O]) {
        self.add_length(list.len());
        for octets in list {
            self.add(octets.as_ref());
        }
    }

    fn add_length(&mut self, length: usize) {
        self.0.update(&u64::try_from(length).unwrap_or(u64::MAX).to_be_bytes());
    }

    fn finish(self) -> [u8; 32] {
        self.0.finish()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use foreign_types::ForeignType;
    use openssl::x509::X509;

    use super::*;
    use crate::{
        asn1::der::{element, tag},
        testing::{Directory, KeyKind, Leaf},
    };

    unsafe extern "C" {
        fn d2i_X509_AUX(
            certificate: *mut *mut openssl_sys::X509,
            der: *mut *const u8,
            length: std::ffi::c_long,
        ) -> *mut openssl_sys::X509;
    }

    const EMPTY: Context<'_> = Context { values: &[1, 2], cas: &[], crls: &[] };

    /// A directive: in which sections, and its words.
    type Line<'a> = (&'a str, &'a str);

    fn add(vhosts: &mut Vhosts, vhost: usize, lines: &[Line<'_>]) {
        for (section, line) in lines {
            let mut words: Vec<_> = line.split(' ').map(str::as_bytes).collect();
            let name = words.remove(0);
            let section = Some(section.as_bytes()).filter(|section| !section.is_empty());
            vhosts.add(vhost, section, name, &words);
        }
    }

    fn known(vhosts: &mut Vhosts, vhost: usize) -> [u8; 32] {
        vhosts.fingerprint(vhost, &EMPTY).unwrap().expect("all is known")
    }

    /// Whether two virtual hosts with these directives, the main server having others, are equal.
    fn equal(main: &[Line<'_>], one: &[Line<'_>], other: &[Line<'_>]) -> bool {
        let mut vhosts = Vhosts::new();
        add(&mut vhosts, 0, main);
        add(&mut vhosts, 1, one);
        add(&mut vhosts, 2, other);
        let fingerprint = known(&mut vhosts, 1);
        // Only its own and the main server's directives count.
        let mut alone = Vhosts::new();
        add(&mut alone, 0, main);
        add(&mut alone, 7, one);
        assert_eq!(known(&mut alone, 7), fingerprint, "{one:?}");
        fingerprint == known(&mut vhosts, 2)
    }

    #[test]
    fn what_is_the_same() {
        let none: &[Line<'_>] = &[];
        let deep: &[Line<'_>] = &[("", "SSLVerifyDepth 5")];
        for (main, one, other) in [
            (none, none, none),
            (none, deep, &[("", "sslverifydepth 05")][..]),
            (none, deep, &[("", "SSLVerifyDepth 1"), ("", "SSLVerifyDepth 5")]),
            (none, none, &[("", "SSLVerifyDepth 1"), ("", "SSLVerifyClient None")]),
            (deep, none, deep),
            (&[("", "SSLVerifyDepth 9"), ("", "SSLVerifyClient require")], deep, {
                &[("", "SSLVerifyClient on"), ("", "SSLVerifyDepth 5")]
            }),
            (none, &[("", "SSLVerifyClient off")], &[("", "SSLVerifyClient none")]),
            (none, none, &[("", "SSLCARevocationCheck none")]),
            (none, none, &[("", "SSLOCSPEnable off"), ("", "SSLOCSPDefaultResponder http://x/")]),
            (none, none, &[("", "SSLOCSPNoVerify Off"), ("", "SSLOCSPUseRequestNonce on")]),
            (&[("", "SSLOCSPEnable on")], none, &[("", "SSLOCSPUseRequestNonce On")]),
            (none, none, &[("", "SSLCipherSuite DEFAULT")]),
            (&[("<Location /x>", "SSLVerifyDepth 2")], none, none),
            (&[("", "SSLOpenSSLConfCmd Options a")], none, none),
        ] {
            assert!(equal(main, one, other), "{main:?} {one:?} {other:?}");
        }
    }

    #[test]
    fn what_is_not() {
        let none: &[Line<'_>] = &[];
        let ocsp: &[Line<'_>] = &[("", "SSLOCSPEnable leaf")];
        let section: &[Line<'_>] = &[("<Location /x>", "SSLVerifyDepth 2")];
        for (main, one, other) in [
            (none, none, &[("", "SSLVerifyDepth 2")][..]),
            (&[("", "SSLVerifyDepth 2")], none, &[("", "SSLVerifyDepth 1")]),
            (none, &[("", "SSLVerifyClient optional")], &[("", "SSLVerifyClient optional_no_ca")]),
            (none, none, &[("", "SSLVerifyClient require")]),
            (none, none, &[("", "SSLCARevocationCheck chain")]),
            (none, &[("", "SSLCARevocationCheck leaf")], {
                &[("", "SSLCARevocationCheck leaf no_crl_for_cert_ok")]
            }),
            (none, none, &[("", "SSLCACertificatePath /nonexistent")]),
            (none, &[("", "SSLCACertificatePath /nonexistent")], {
                &[("", "SSLCARevocationPath /nonexistent")]
            }),
            (none, &[("", "SSLCACertificatePath /nonexistent")], {
                &[("", "SSLCACertificatePath /nonexistent/either")]
            }),
            (none, none, ocsp),
            (ocsp, none, &[("", "SSLOCSPEnable on")]),
            (ocsp, none, &[("", "SSLOCSPEnable leaf no_ocsp_for_cert_ok")]),
            (ocsp, none, &[("", "SSLOCSPEnable off")]),
            (ocsp, none, &[("", "SSLOCSPDefaultResponder http://x/")]),
            (ocsp, &[("", "SSLOCSPDefaultResponder http://x/")], {
                &[("", "SSLOCSPDefaultResponder http://X/")]
            }),
            (ocsp, none, &[("", "SSLOCSPOverrideResponder on")]),
            (ocsp, none, &[("", "SSLOCSPNoVerify on")]),
            (ocsp, none, &[("", "SSLOCSPUseRequestNonce off")]),
            (ocsp, none, &[("", "SSLOCSPResponseTimeSkew 10")]),
            (ocsp, none, &[("", "SSLOCSPResponseMaxAge 10")]),
            (ocsp, none, &[("", "SSLOCSPResponderTimeout 1")]),
            (ocsp, none, &[("", "SSLOCSPProxyURL http://x/")]),
            (ocsp, none, &[("", "SSLOCSPResponderCertificateFile /etc/passwd")]),
            // One that is not known here.
            (none, none, &[("", "SSLVerifySomething on")]),
            (ocsp, none, &[("", "SSLOCSPSomething on")]),
            (none, none, &[("", "SSLOpenSSLConfCmd Options a")]),
            (none, &[("", "SSLOpenSSLConfCmd Options a"), ("", "SSLOpenSSLConfCmd Options b")], {
                &[("", "SSLOpenSSLConfCmd Options b"), ("", "SSLOpenSSLConfCmd Options a")]
            }),
            (&[("", "SSLOpenSSLConfCmd Options a")], none, &[("", "SSLOpenSSLConfCmd Options a")]),
            (none, none, section),
            (section, none, section),
            (none, section, &[("<Location /y>", "SSLVerifyDepth 2")]),
            (none, section, &[("<Location /x>", "SSLVerifyDepth 3")]),
            (
                none,
                section,
                &[("<Location /x>", "SSLVerifyDepth 2"), ("<If true>", { "SSLVerifyDepth 2" })],
            ),
            (none, section, &[("", "SSLVerifyDepth 2")]),
            (none, none, &[("<Location /x>", "SSLCipherSuite DEFAULT@SECLEVEL=0")]),
            (none, none, &[("<Location /x>", "SSLVerifyClient none")]),
        ] {
            assert!(!equal(main, one, other), "{main:?} {one:?} {other:?}");
        }
    }

    #[test]
    fn what_openssl_has() {
        let [one, other] = ["one", "other"].map(|name| Leaf::ca(name).self_signed().certificate);
        // The same CA, not for clients.
        let purpose = element(tag::OID, &[&[0x2b, 6, 1, 5, 5, 7, 3, 2]]);
        let reject = element(0xa0, &[&purpose]);
        let limits = element(tag::SEQUENCE, &[&reject]);
        let der = [one.to_der().unwrap(), limits].concat();
        let mut at = der.as_ptr();
        // SAFETY: so many bytes at that place; what is returned is the caller's.
        let rejected = unsafe {
            let length = der.len().try_into().unwrap();
            X509::from_ptr(d2i_X509_AUX(std::ptr::null_mut(), &raw mut at, length))
        };
        assert_eq!(rejected.to_der().unwrap(), one.to_der().unwrap());
        let of = |values: &[i64], cas: &[&X509Ref]| {
            let context = Context { values, cas, crls: &[] };
            Vhosts::new().fingerprint(1, &context).unwrap().unwrap()
        };
        let both = of(&[5], &[&one, &other]);
        assert_eq!(both, of(&[5], &[&other, &one, &other]), "in another order, one twice");
        for (name, values, cas) in [
            ("another value", &[6][..], &[&*one, &other][..]),
            ("a value more", &[5, 0], &[&one, &other]),
            ("one CA less", &[5], &[&one]),
            ("no CA", &[5], &[]),
            ("not for clients", &[5], &[&rejected, &other]),
        ] {
            assert_ne!(both, of(values, cas), "{name}");
        }
        let kinds = [KeyKind::P256, KeyKind::Ed25519].map(|kind| Leaf::new(kind).self_signed());
        let [one, other] = kinds.each_ref().map(|identity| &*identity.certificate);
        assert_ne!(of(&[], &[one]), of(&[], &[other]), "the same name, another key");
    }

    #[test]
    fn what_is_in_a_directory() {
        for directive in
            ["SSLCACertificatePath", "SSLCARevocationPath", "SSLOpenSSLConfCmd VerifyCAPath"]
        {
            let directory = Directory::new(&format!("vhost-{}", directive.replace(' ', "-")));
            let line = format!("{directive} {}", directory.path().display());
            let now = || {
                let mut vhosts = Vhosts::new();
                add(&mut vhosts, 1, &[("", &line)]);
                vhosts.fingerprint(1, &EMPTY).unwrap()
            };
            let empty = now().unwrap();
            for name in ["README", "0a1b2c3d", "0a1b2c3d.", "0a1b2c3.0", "0a1b2c3d.x0", "ca.pem"] {
                fs::write(directory.path().join(name), "text").unwrap();
                assert_eq!(now(), Some(empty), "{name}: OpenSSL does not look for it");
            }
            symlink("ca.pem", directory.path().join("0a1b2c3d.0")).unwrap();
            let linked = now().unwrap();
            assert_ne!(linked, empty);
            fs::write(directory.path().join("ca.pem"), "another text").unwrap();
            let changed = now().unwrap();
            assert_ne!(changed, linked, "the file behind the link");
            fs::write(directory.path().join("0a1b2c3d.r0"), "a CRL").unwrap();
            let revoked = now().unwrap();
            assert_ne!(revoked, changed, "a CRL more");
            // As on another machine of a fleet, with other times.
            fs::remove_file(directory.path().join("0a1b2c3d.r0")).unwrap();
            fs::write(directory.path().join("0a1b2c3d.r0"), "a CRL").unwrap();
            assert_eq!(now(), Some(revoked));
            symlink("nothing", directory.path().join("0a1b2c3d.1")).unwrap();
            assert!(now().is_some(), "a link to a file that is not there");
            fs::create_dir(directory.path().join("0a1b2c3d.2")).unwrap();
            assert_eq!(now(), None, "what cannot be read");
        }
    }

    #[test]
    fn a_directory_is_read_once() {
        let directory = Directory::new("vhost-once");
        let line = format!("SSLCACertificatePath {}", directory.path().display());
        let mut vhosts = Vhosts::new();
        add(&mut vhosts, 1, &[("", &line)]);
        add(&mut vhosts, 2, &[("", &line)]);
        let first = known(&mut vhosts, 1);
        fs::write(directory.path().join("0a1b2c3d.0"), "text").unwrap();
        assert_eq!(known(&mut vhosts, 2), first);
    }

    #[test]
    fn what_a_file_holds() {
        let directory = Directory::new("vhost-file");
        let responder = directory.path().join("responder.pem");
        let line = format!("SSLOCSPResponderCertificateFile {}", responder.display());
        let now = || {
            let mut vhosts = Vhosts::new();
            add(&mut vhosts, 1, &[("", "SSLOCSPEnable on"), ("", &line)]);
            vhosts.fingerprint(1, &EMPTY).unwrap()
        };
        assert_eq!(now(), None, "not there");
        fs::write(&responder, "text").unwrap();
        let before = now().unwrap();
        fs::write(&responder, "another text").unwrap();
        assert_ne!(now(), Some(before));
    }

    #[test]
    fn limits() {
        let none: &[Line<'_>] = &[];
        for (main, own, depth, section_ciphers) in [
            (none, none, 1, false),
            (none, &[("", "SSLVerifyDepth 0")][..], 0, false),
            (&[("", "SSLVerifyDepth 7")], none, 7, false),
            (&[("", "SSLVerifyDepth 7")], &[("", "SSLVerifyDepth 3")], 3, false),
            (&[("<Location />", "SSLVerifyDepth 7")], &[("", "SSLVerifyDepth 3")], 7, false),
            (none, &[("<Location />", "SSLVerifyDepth 7"), ("<If x>", "SSLVerifyDepth 8")], 8, {
                false
            }),
            (none, &[("", "SSLVerifyDepth 99999999999")], u32::MAX, false),
            (none, &[("", "SSLVerifyDepth 4x")], 4, false),
            (none, &[("", "SSLCipherSuite x")], 1, false),
            (none, &[("<Location />", "SSLCipherSuite x")], 1, true),
            (&[("<Location />", "SSLCipherSuite x")], none, 1, true),
        ] {
            let mut vhosts = Vhosts::new();
            add(&mut vhosts, 0, main);
            add(&mut vhosts, 1, own);
            add(&mut vhosts, 2, &[("", "SSLVerifyDepth 100")]);
            assert_eq!(vhosts.limits(1), Limits { depth, section_ciphers }, "{main:?} {own:?}");
        }
    }
}
