// SPDX-License-Identifier: Apache-2.0

//! Makes vectors/ (vectors/README.md): values with what is configured, and what is to be found.
//!
//!     cargo test --lib make_vectors -- --ignored
//!
//! Keys are made anew, so every file changes. tests/vectors.rs verifies what was committed.

use std::{collections::BTreeMap, fs, path::Path};

use openssl::sha::sha256;
use serde::Serialize;

use super::{forge::*, pki::*, *};
use crate::http::structured_field::base64;

mod der;
mod field;
mod signatures;
mod signed_data;
mod signers;
mod unsigned;

/// The sections of docs/format.md.
mod section {
    pub(super) const PRODUCING: &str = "format.md 4";
    pub(super) const CONFIGURATION: &str = "format.md 5.1";
    pub(super) const FIELD: &str = "format.md 5.2";
    pub(super) const ENCODING: &str = "format.md 5.3";
    pub(super) const ENVELOPE: &str = "format.md 5.4";
    pub(super) const ATTRIBUTES: &str = "format.md 5.5";
    pub(super) const TIME: &str = "format.md 5.6";
    pub(super) const SIGNER: &str = "format.md 5.7";
    pub(super) const SIGNATURE: &str = "format.md 5.8";
    pub(super) const PATH: &str = "format.md 5.9";
    pub(super) const REVOCATION: &str = "format.md 5.10";
    pub(super) const CONTENT: &str = "format.md 5.11";
    pub(super) const UNSIGNED: &str = "format.md 6";
}

#[derive(Clone, Serialize)]
struct Field {
    name: String,
    value: String,
}

#[derive(Clone, Serialize)]
struct Config {
    anchors: Option<String>,
    pins: Option<String>,
    crls: Option<String>,
    names: Vec<String>,
    max_age: u32,
    skew: u32,
    require_peer: bool,
}

#[derive(Clone, Serialize)]
struct Expected {
    sha256: String,
    der: String,
}

/// One case, in the order in which it is written.
#[derive(Clone, Serialize)]
struct Vector {
    name: String,
    description: String,
    rule: String,
    tags: Vec<&'static str>,
    format: &'static str,
    fields: Vec<Field>,
    at: i64,
    config: Config,
    peer: Option<String>,
    accepted: bool,
    reason: Option<&'static str>,
    client: Option<Expected>,
    signer_sha256: Option<String>,
    signing_time: Option<i64>,
}

#[derive(Serialize)]
struct Vectors {
    version: u32,
    cases: Vec<Vector>,
}

/// What a case differs in from the usual one: a good value in one line, whose signer is the peer.
struct Case<'a> {
    name: &'a str,
    description: &'a str,
    rule: &'a str,
    tags: Vec<&'static str>,
    format: &'static str,
    fields: Vec<(&'a str, String)>,
    at: i64,
    anchors: Vec<&'a Identity>,
    pins: Vec<&'a Identity>,
    crls: Option<Vec<X509Crl>>,
    names: Vec<&'a str>,
    max_age: u32,
    skew: u32,
    require_peer: bool,
    /// With those above it, as TLS has them.
    peer: Vec<&'a X509>,
}

/// What is to be found: a reason of src/results.txt, or one of vectors/README.md's own.
enum Outcome<'a> {
    Accepted { client: &'a [u8], signer: &'a X509, signing_time: Option<i64> },
    Refused(&'static str),
}

/// What is written.
#[derive(Default)]
struct Maker {
    cases: Vec<Vector>,
    files: BTreeMap<String, String>,
}

impl<'a> Case<'a> {
    /// `value` in one line of the field Client-Cert.
    fn of(
        world: &'a World,
        name: &'a str,
        description: &'a str,
        rule: &'a str,
        value: String,
    ) -> Self {
        Self {
            name,
            description,
            rule,
            tags: Vec::new(),
            format: "cms",
            fields: vec![("Client-Cert", value)],
            at: NOW,
            anchors: vec![&world.root],
            pins: Vec::new(),
            crls: None,
            names: vec![NAME],
            max_age: FRESHNESS.max_age,
            skew: FRESHNESS.skew,
            require_peer: true,
            peer: vec![&world.ttrp.certificate],
        }
    }

    fn signed(
        world: &'a World,
        name: &'a str,
        description: &'a str,
        rule: &'a str,
        forge: &Forge,
    ) -> Self {
        Self::of(world, name, description, rule, base64(&forge.build()))
    }

    fn peer(self, peer: &'a Identity) -> Self {
        Self { peer: vec![&peer.certificate], ..self }
    }

    fn no_peer(self) -> Self {
        Self { peer: Vec::new(), require_peer: false, ..self }
    }

    fn pinned(self, pin: &'a Identity) -> Self {
        Self { anchors: Vec::new(), pins: vec![pin], names: Vec::new(), ..self }
    }
}

impl Maker {
    /// A case that is accepted, as the client's of the world, signed by the server at [`NOW`].
    fn good(&mut self, case: Case<'_>, world: &World) {
        let client = der(&world.client.certificate);
        let (signer, signing_time) = (&world.ttrp.certificate, Some(NOW));
        self.add(case, Outcome::Accepted { client: &client, signer, signing_time });
    }

    fn bad(&mut self, case: Case<'_>, reason: &'static str) {
        self.add(case, Outcome::Refused(reason));
    }

    fn add(&mut self, case: Case<'_>, outcome: Outcome<'_>) {
        assert!(
            self.cases.iter().all(|other| other.name != case.name),
            "{} is there twice",
            case.name
        );
        let pems = |identities: &[&Identity]| {
            (!identities.is_empty())
                .then(|| identities.iter().map(|identity| identity.certificate_pem()).collect())
        };
        let anchors = pems(&case.anchors).map(|pem| self.file("anchors", pem));
        let pins = pems(&case.pins).map(|pem| self.file("pins", pem));
        let crls = case.crls.map(|crls| {
            let pems = crls.iter().map(|crl| String::from_utf8(crl.to_pem().unwrap()).unwrap());
            let pems = pems.collect();
            self.file("crls", pems)
        });
        let pem = |certificate: &&X509| String::from_utf8(certificate.to_pem().unwrap()).unwrap();
        let peer: String = case.peer.iter().map(pem).collect();
        let peer = (!peer.is_empty()).then(|| self.file("peer", peer));
        let mut vector = Vector {
            name: case.name.to_owned(),
            description: case.description.to_owned(),
            rule: case.rule.to_owned(),
            tags: case.tags,
            format: case.format,
            fields: case
                .fields
                .into_iter()
                .map(|(name, value)| Field { name: name.to_owned(), value })
                .collect(),
            at: case.at,
            config: Config {
                anchors,
                pins,
                crls,
                names: case.names.iter().map(|name| (*name).to_owned()).collect(),
                max_age: case.max_age,
                skew: case.skew,
                require_peer: case.require_peer,
            },
            peer,
            accepted: false,
            reason: None,
            client: None,
            signer_sha256: None,
            signing_time: None,
        };
        match outcome {
            Outcome::Refused(reason) => vector.reason = Some(reason),
            Outcome::Accepted { client, signer, signing_time } => {
                vector.accepted = true;
                vector.client =
                    Some(Expected { sha256: hex(&sha256(client)), der: base64(client) });
                vector.signer_sha256 = Some(hex(&sha256(&der(signer))));
                vector.signing_time = signing_time;
            }
        }
        self.cases.push(vector);
    }

    /// A file of this kind and content. One content is one file.
    fn file(&mut self, kind: &str, content: String) -> String {
        let same = self.files.iter().find(|(name, there)| {
            name.starts_with(&format!("files/{kind}-")) && **there == content
        });
        if let Some((name, _)) = same {
            return name.clone();
        }
        let number =
            self.files.keys().filter(|name| name.starts_with(&format!("files/{kind}-"))).count();
        let name = format!("files/{kind}-{:02}.pem", number + 1);
        self.files.insert(name.clone(), content);
        name
    }

    fn write(self, directory: &Path) {
        let files = directory.join("files");
        let _ = fs::remove_dir_all(&files);
        fs::create_dir_all(&files).unwrap();
        for (name, content) in self.files {
            fs::write(directory.join(name), content).unwrap();
        }
        let vectors = Vectors { version: 1, cases: self.cases };
        let mut text = serde_json::to_string_pretty(&vectors).unwrap();
        text.push('\n');
        fs::write(directory.join("vectors.json"), text).unwrap();
    }
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

#[test]
#[ignore = "writes vectors/"]
fn make_vectors() {
    let (world, mut maker) = (World::new(), Maker::default());
    field::add(&world, &mut maker);
    signed_data::add(&world, &mut maker);
    der::add(&world, &mut maker);
    signatures::add(&world, &mut maker);
    signers::add(&world, &mut maker);
    unsigned::add(&world, &mut maker);
    maker.write(&Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors"));
}
