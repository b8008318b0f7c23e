// SPDX-License-Identifier: Apache-2.0

//! The core agrees with every case of vectors/vectors.json, by its public functions.

use std::{fs, path::Path, sync::Arc};

use client_cert::{
    client::Client,
    error::Error,
    format::{ClientCertFormat, UnsignedFormat, signed::SignedFormat},
    rejection::Rejection,
    verify::{
        Freshness,
        accepted::Accepted,
        trust::{Trust, TrustAnchors, TrustNames},
    },
    x509::crl::Crls,
};
use openssl::{sha::sha256, x509::X509};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vectors {
    version: u32,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    description: String,
    rule: String,
    tags: Vec<String>,
    format: String,
    fields: Vec<Field>,
    at: i64,
    config: Config,
    peer: Option<String>,
    accepted: bool,
    reason: Option<String>,
    client: Option<ExpectedClient>,
    signer_sha256: Option<String>,
    signing_time: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Field {
    name: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    anchors: Option<String>,
    pins: Option<String>,
    crls: Option<String>,
    names: Vec<String>,
    max_age: u32,
    skew: u32,
    require_peer: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedClient {
    sha256: String,
    der: String,
}

fn directory() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/vectors"))
}

fn read(file: Option<&String>) -> Vec<u8> {
    file.map(|file| fs::read(directory().join(file)).unwrap()).unwrap_or_default()
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// The name in src/results.txt, in lower case with hyphens.
fn reason(rejection: Rejection) -> String {
    let name = match rejection {
        Rejection::Malformed(malformed) => format!("Value{malformed:?}"),
        Rejection::Refused(refusal) => format!("{refusal:?}"),
        Rejection::Fault(fault) => format!("Fault{fault:?}"),
    };
    let hyphenated = name.chars().flat_map(|letter| {
        let hyphen = letter.is_ascii_uppercase().then_some('-');
        hyphen.into_iter().chain([letter.to_ascii_lowercase()])
    });
    hyphenated.skip(1).collect()
}

/// The header that the format has by default.
fn header(format: &str) -> &'static str {
    match format {
        "cms" | "cms-sf" | "rfc9440" => "Client-Cert",
        "escaped-pem" => "X-SSL-Client-Cert",
        "der" => "X-Client-Cert",
        "xfcc" => "X-Forwarded-Client-Cert",
        other => panic!("the format {other}"),
    }
}

impl Case {
    /// As the accept role does it.
    fn verify(&self) -> Result<Accepted, String> {
        let header = header(&self.format);
        let mut lines = self.fields.iter().filter(|field| field.name.eq_ignore_ascii_case(header));
        let line = lines.next().ok_or("header-absent")?;
        if lines.next().is_some() {
            return Err("value-several".to_owned());
        }
        let value = line.value.as_bytes();
        let trust = self.config.trust()?;
        let peer = read(self.peer.as_ref());
        let peer = X509::stack_from_pem(&peer).unwrap();
        let unsigned = match &*self.format {
            "cms" | "cms-sf" => None,
            "rfc9440" => UnsignedFormat::new(ClientCertFormat::Rfc9440),
            "escaped-pem" => UnsignedFormat::new(ClientCertFormat::EscapedPem),
            "der" => UnsignedFormat::new(ClientCertFormat::Der),
            "xfcc" => UnsignedFormat::new(ClientCertFormat::Xfcc),
            other => panic!("the format {other}"),
        };
        let needs_peer = unsigned.is_some() || self.config.require_peer;
        if peer.is_empty() && needs_peer {
            return Err("peer-absent".to_owned());
        }
        let found = match unsigned {
            Some(format) => {
                let chain: Vec<_> = peer[1..].iter().map(|issuer| &**issuer).collect();
                trust.verify_peer(format, value, self.at, &peer[0], &chain)
            }
            None => {
                let signed =
                    if self.format == "cms" { SignedFormat::Cms } else { SignedFormat::CmsSf };
                let Config { max_age, skew, .. } = self.config;
                let peer = peer.first().filter(|_| needs_peer);
                let peer = peer.map(|peer| Client::new(peer, &[]).unwrap());
                trust.verify(signed, value, self.at, Freshness { max_age, skew }, peer.as_ref())
            }
        };
        found.map_err(|failure| reason(failure.rejection()))
    }

    /// What is wrong about what was found.
    fn difference(&self) -> Option<String> {
        let Self { name, accepted, .. } = self;
        match self.verify() {
            Ok(_) if !accepted => Some(format!("{name}: accepted, not {:?}", self.reason)),
            Ok(found) => {
                let expected = self.client.as_ref().unwrap();
                let leaf = found.client().leaf();
                let same = hex(&sha256(leaf)) == expected.sha256
                    && openssl::base64::encode_block(leaf) == expected.der
                    && Some(hex(&sha256(&found.signer().to_der().unwrap()))) == self.signer_sha256
                    && found.signing_time() == self.signing_time;
                (!same).then(|| format!("{name}: accepted, but for another client, signer or time"))
            }
            Err(reason) => (*accepted || self.reason.as_ref() != Some(&reason))
                .then(|| format!("{name}: {reason}, not {:?}", self.reason)),
        }
    }
}

impl Config {
    fn trust(&self) -> Result<Trust, String> {
        let anchors = [read(self.anchors.as_ref()), read(self.pins.as_ref())].concat();
        let anchors = TrustAnchors::from_pem(&anchors).map_err(|error| match error {
            Error::FileNoCertificate => "nothing-trusted".to_owned(),
            other => panic!("{other:?}"),
        })?;
        let names: Vec<_> = self.names.iter().map(|name| name.as_bytes()).collect();
        let crls = self.crls.as_ref().map(|_| Crls::from_pem(&read(self.crls.as_ref())));
        let crls = crls.transpose().map_err(|error| match error {
            Error::CrlFileMalformed => "crls-malformed".to_owned(),
            other => panic!("{other:?}"),
        })?;
        let names = TrustNames::new(&names).unwrap();
        Ok(Trust::new(Arc::new(anchors), Some(Arc::new(names)), crls.map(Arc::new)))
    }
}

#[test]
fn the_core_agrees_with_every_vector() {
    let text = fs::read(directory().join("vectors.json")).unwrap();
    let Vectors { version, cases } = serde_json::from_slice(&text).unwrap();
    assert_eq!(version, 1);
    let mut names: Vec<_> = cases.iter().map(|case| &case.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), cases.len(), "two cases of one name");
    let wrong: Vec<_> = cases.iter().filter_map(Case::difference).collect();
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    let accepted = cases.iter().filter(|case| case.accepted).count();
    assert!(accepted >= 60 && cases.len() - accepted >= 150, "{accepted} of {}", cases.len());
    for case in &cases {
        assert_eq!(case.accepted, case.client.is_some() && case.reason.is_none(), "{}", case.name);
        assert!(
            case.description.ends_with('.') && case.rule.starts_with("format.md "),
            "{}",
            case.name
        );
        assert!(case.tags.iter().all(|tag| tag == "field-name"), "{}", case.name);
    }
}
