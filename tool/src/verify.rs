// SPDX-License-Identifier: Apache-2.0

//! `client-cert verify`: what the accept role does with a value.

use std::{path::PathBuf, sync::Arc};

use client_cert::{
    client::Client,
    error::Error,
    format::{ClientCertFormat, UnsignedFormat, signed::SignedFormat},
    rejection::Failure,
    verify::{
        Freshness,
        accepted::Accepted,
        clients::{ClientTrust, cas::ClientCas},
        inspect::{guess, inspect, rfc3339},
        trust::{Trust, TrustAnchors, TrustNames},
    },
    x509::crl::Crls,
};
use openssl::x509::X509;
use serde_json::{Value, json};

use crate::{
    Outcome,
    certificate::{Description, time},
    cli::Verify,
    header_names,
    input::{self, Usage, about},
    paste::{self, Found, NotFound},
    report::Report,
    time::Time,
};

const CHAIN: &str = "Client-Cert-Chain";

/// Why a value is not accepted.
struct Refused {
    /// A name that never changes.
    reason: &'static str,
    text: String,
}

/// What is told of the client, whose key a verification has no need to read.
fn describe(accepted: &Accepted) -> Description {
    match X509::from_der(accepted.client().leaf()) {
        Ok(certificate) => Description::of(&certificate),
        Err(_) => Description::of(accepted.keyless_certificate()),
    }
}

/// What was verified.
struct Verified {
    accepted: Accepted,
    /// The client, with its chain where this side verifies it.
    chain: Vec<Description>,
}

/// All that is configured.
struct Configuration {
    format: ClientCertFormat,
    trust: Trust,
    peer: Vec<X509>,
    clients: Option<ClientTrust>,
    freshness: Freshness,
    at: i64,
}

pub fn run(arguments: &Verify) -> Result<Outcome, Usage> {
    let configuration = Configuration::new(arguments)?;
    let text = input::text(&arguments.input)?;
    let names = header_names(arguments.input.header.as_deref(), &[configuration.format]);
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let found = match paste::find(&text, &names) {
        Err(NotFound::Empty) => return Err("there is no value: what was read is empty".into()),
        other => other,
    };
    let chain = chain_lines(arguments, &text)?;
    let result = match &found {
        Ok(found) => configuration.verify(&found.value, &chain).map_err(Refused::from),
        Err(why) => Err(not_found(why, &names)),
    };
    let found = found.ok();
    let outcome =
        Printed { arguments, configuration: &configuration, found: found.as_ref(), result };
    Ok(outcome.print())
}

impl Configuration {
    fn new(arguments: &Verify) -> Result<Self, Usage> {
        let format = ClientCertFormat::from(arguments.format);
        let anchors = input::named_file("--trust", &arguments.trust)?;
        let anchors =
            TrustAnchors::from_pem(&anchors).map_err(about("--trust", &arguments.trust))?;
        let mut names = TrustNames::new(&[]).map_err(|error| error.to_string())?;
        for name in &arguments.trust_name {
            let explain = |error| format!("--trust-name {name}: {error}");
            names.add(name.as_bytes()).map_err(explain)?;
        }
        let is_signed = SignedFormat::new(format).is_some();
        if arguments.trust_name.is_empty() {
            if !is_signed {
                return Err(
                    "--trust-name is needed: in this format nothing is signed, and the TLS \
                            peer is believed"
                        .into(),
                );
            }
            if anchors.has_ca() {
                let file = arguments.trust.display();
                return Err(format!(
                    "--trust-name is needed: --trust {file} holds a CA, which issues to others too"
                ));
            }
        }
        if !is_signed && arguments.peer.is_none() {
            return Err("--peer is needed: in this format nothing is signed, and the TLS peer is \
                        believed"
                .into());
        }
        let crls = |option, file: &Option<PathBuf>| -> Result<_, Usage> {
            let Some(file) = file else { return Ok(None) };
            let text = input::named_file(option, file)?;
            Ok(Some(Arc::new(Crls::from_pem(&text).map_err(about(option, file))?)))
        };
        let trust_crls = crls("--trust-crl", &arguments.trust_crl)?;
        let client_crls = crls("--client-crl", &arguments.client_crl)?;
        let clients = match &arguments.client_trust {
            Some(file) => {
                let text = input::named_file("--client-trust", file)?;
                let cas = ClientCas::from_pem(&text).map_err(about("--client-trust", file))?;
                Some(ClientTrust::new(Arc::new(cas), client_crls))
            }
            None => None,
        };
        let peer = arguments.peer.as_ref().map(|file| input::certificates("--peer", file));
        Ok(Self {
            format,
            trust: Trust::new(Arc::new(anchors), Some(Arc::new(names)), trust_crls),
            peer: peer.transpose()?.unwrap_or_default(),
            clients,
            freshness: Freshness { max_age: arguments.max_age, skew: arguments.skew },
            at: arguments.common.at.unwrap_or_else(Time::now).0,
        })
    }

    /// As the accept role does it.
    fn verify(&self, value: &[u8], chain: &[Vec<u8>]) -> Result<Verified, Failure> {
        let issuers: Vec<_> = self.peer.iter().skip(1).map(|issuer| &**issuer).collect();
        let accepted = match (SignedFormat::new(self.format), UnsignedFormat::new(self.format)) {
            (Some(format), _) => {
                let peer = self.peer.first().map(|peer| Client::new(peer, &issuers)).transpose()?;
                self.trust.verify(format, value, self.at, self.freshness, peer.as_ref())?
            }
            (None, Some(format)) => {
                let peer = self.peer.first().ok_or(Error::NoCertificate)?;
                self.trust.verify_peer(format, value, self.at, peer, &issuers)?
            }
            (None, None) => return Err(Error::CertificateMalformed.into()),
        };
        let mut path = Vec::new();
        if let Some(clients) = &self.clients {
            let chain: Vec<_> = chain.iter().map(Vec::as_slice).collect();
            let client = clients.verify(accepted.client(), &chain, self.at)?;
            let read = client.chain().iter().filter_map(|der| X509::from_der(der).ok());
            path.extend(read.map(|certificate| Description::of(&certificate)));
        }
        Ok(Verified { accepted, chain: path })
    }
}

/// The lines of Client-Cert-Chain: those named, or else those of the request.
fn chain_lines(arguments: &Verify, text: &[u8]) -> Result<Vec<Vec<u8>>, Usage> {
    let names = [CHAIN, "HTTP_CLIENT_CERT_CHAIN"];
    let all = |text: &[u8]| paste::lines(text, &names).into_iter().map(|(_, found)| found.value);
    if arguments.chain.is_empty() {
        return Ok(all(text).collect());
    }
    let mut lines = Vec::new();
    for argument in &arguments.chain {
        let text = input::argument(argument).map_err(|error| format!("--chain: {error}"))?;
        let before = lines.len();
        lines.extend(all(&text));
        if lines.len() == before {
            lines.extend(paste::find(&text, &names).ok().map(|found| found.value));
        }
    }
    Ok(lines)
}

fn not_found(why: &NotFound, names: &[&str]) -> Refused {
    let header = names.first().copied().unwrap_or_default();
    match why {
        NotFound::Empty | NotFound::Absent => {
            Refused { reason: "header-absent", text: format!("the header {header} is not there") }
        }
        NotFound::Repeated(lines) => Refused {
            reason: "value-several",
            text: format!("the header is there more than once: {}", on_lines(lines)),
        },
    }
}

/// The numbers of lines, in words.
pub fn on_lines(lines: &[usize]) -> String {
    let numbers: Vec<_> = lines.iter().map(ToString::to_string).collect();
    format!("on lines {}", numbers.join(", "))
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self { reason: failure.rejection().name(), text: failure.to_string() }
    }
}

struct Printed<'a> {
    arguments: &'a Verify,
    configuration: &'a Configuration,
    found: Option<&'a Found>,
    result: Result<Verified, Refused>,
}

impl Printed<'_> {
    fn print(&self) -> Outcome {
        let text =
            if self.arguments.common.json { format!("{:#}\n", self.json()) } else { self.text() };
        Outcome { text, is_good: self.result.is_ok() }
    }

    fn user_name(&self, accepted: &Accepted) -> Option<String> {
        let value = accepted.variable(self.arguments.user_name.as_ref()?.as_bytes())?;
        Some(String::from_utf8_lossy(&value).into_owned())
    }

    /// Whether the signer's certificate came in the value; and the algorithms.
    fn signed(&self) -> Option<(bool, Option<String>, Option<String>)> {
        let inspection = inspect(self.configuration.format, &self.found?.value)?;
        let signer = inspection.signed?.signers.into_iter().next()?;
        Some((signer.certificate.is_some(), signer.digest, signer.signature_algorithm))
    }

    fn json(&self) -> Value {
        let at = self.configuration.at;
        let mut json = json!({
            "verified": self.result.is_ok(),
            "reason": null,
            "reason_text": null,
            "format": self.configuration.format.name(),
            "at": rfc3339(at),
            "client": null,
            "client_chain": null,
            "signer": null,
            "signing_time": null,
            "age": null,
            "algorithms": null,
            "user_name": null,
        });
        let Some(fields) = json.as_object_mut() else { return json };
        let mut set = |name: &str, value: Value| fields.insert(name.to_owned(), value);
        match &self.result {
            Ok(Verified { accepted, chain }) => {
                set("client", describe(accepted).json());
                if self.configuration.clients.is_some() {
                    set("client_chain", chain.iter().map(Description::json).collect());
                }
                let mut signer = Description::of(accepted.signer()).json();
                let signed = self.signed();
                if let Some(signer) = signer.as_object_mut() {
                    let is_peer = !self.configuration.peer.is_empty();
                    signer.insert("is_peer".to_owned(), is_peer.into());
                    let in_value = signed.as_ref().is_some_and(|signed| signed.0);
                    signer.insert("in_value".to_owned(), in_value.into());
                }
                set("signer", signer);
                if let Some(signed) = accepted.signing_time() {
                    set("signing_time", json!(rfc3339(signed)));
                    set("age", json!(at.saturating_sub(signed)));
                }
                if let Some((_, digest, signature)) = signed {
                    set("algorithms", json!({ "digest": digest, "signature": signature }));
                }
                set("user_name", json!(self.user_name(accepted)));
            }
            Err(Refused { reason, text }) => {
                set("reason", json!(reason));
                set("reason_text", json!(text));
            }
        }
        json
    }

    fn text(&self) -> String {
        let mut report = Report::default();
        let at = self.configuration.at;
        match &self.result {
            Ok(Verified { accepted, chain }) => {
                report.line("Verified.");
                let client = describe(accepted);
                report.certificate("The client's certificate:", &client, at);
                for issuer in chain {
                    report.certificate("An issuer on its path:", issuer, at);
                }
                let heading = match (accepted.signing_time(), self.configuration.peer.is_empty()) {
                    (Some(_), false) => "Signed by the TLS peer:",
                    (Some(_), true) => "Signed by, which was not compared with a TLS peer:",
                    (None, _) => "Not signed. The TLS peer that is believed:",
                };
                report.certificate(heading, &Description::of(accepted.signer()), at);
                report.signing_time(accepted.signing_time(), at);
                if let Some((_, digest, signature)) = self.signed() {
                    report.row("digest", &digest.unwrap_or_default());
                    report.row("signature", &signature.unwrap_or_default());
                }
                report.row("user name", &self.user_name(accepted).unwrap_or_default());
            }
            Err(Refused { reason, text }) => {
                report.line(&format!("Not verified: {text}"));
                report.row("reason", reason);
                report.row("at", &time(at));
                for hint in self.hints(reason) {
                    report.row("hint", &hint);
                }
            }
        }
        for change in self.found.iter().flat_map(|found| &found.changes) {
            report.row("note", change);
        }
        report.into_text()
    }

    /// What to try next.
    fn hints(&self, reason: &str) -> Vec<String> {
        let mut hints = Vec::new();
        if let Some(found) = self.found {
            let looks_like = guess(&found.value);
            let other = looks_like.filter(|format| *format != self.configuration.format);
            hints.extend(other.map(|other| {
                format!("it looks like the format {0}: try --format {0}", other.name())
            }));
        }
        if reason == "stale" || reason == "from-the-future" {
            let hint = "verify it as of the time when the request came, with --at";
            hints.push(hint.to_owned());
        }
        hints.push("client-cert show tells what it holds".to_owned());
        hints
    }
}
