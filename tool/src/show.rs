// SPDX-License-Identifier: Apache-2.0

//! `client-cert show`: what a value holds, in words.

use client_cert::{
    format::{ClientCertFormat, signed::SignedFormat},
    verify::inspect::{Inspection, SignerParts, guess, inspect, rfc2253, rfc3339},
};
use openssl::{
    base64::encode_block,
    x509::{X509, X509Name},
};
use serde_json::{Value, json};

use crate::{
    Outcome,
    certificate::{Description, ago, hex},
    cli::Show,
    header_names,
    input::{self, Usage},
    paste::{self, Found, NotFound},
    report::Report,
    time::Time,
    verify::on_lines,
};

/// ClientCertMaxAge's default.
const MAX_AGE: i64 = 300;
const SKEW: i64 = 30;

/// httpd takes 8,190 bytes in a line.
const LARGE: usize = 8000;

const ALL: [ClientCertFormat; 6] = {
    use ClientCertFormat::{Cms, CmsSf, Der, EscapedPem, Rfc9440, Xfcc};
    [Cms, CmsSf, Rfc9440, EscapedPem, Der, Xfcc]
};

pub fn run(arguments: &Show) -> Result<Outcome, Usage> {
    let at = arguments.common.at.unwrap_or_else(Time::now).0;
    let text = input::text(&arguments.input)?;
    let format = arguments.format.map(ClientCertFormat::from);
    let formats = format.map_or(ALL.to_vec(), |format| vec![format]);
    let names = header_names(arguments.input.header.as_deref(), &formats);
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let mut notes = Vec::new();
    let found = match binary(&text) {
        Some(value) => {
            notes.push("it is binary: in a header it is base64".to_owned());
            Ok(Found { value, name: None, changes: Vec::new() })
        }
        None => paste::find(&text, &names),
    };
    let found = match found {
        Ok(found) => found,
        Err(NotFound::Empty) => return Err("there is no value: what was read is empty".into()),
        Err(NotFound::Absent) => {
            let text = format!("There is none of these headers: {}", names.join(", "));
            return Ok(nothing(arguments, "header-absent", &text));
        }
        Err(NotFound::Repeated(lines)) => {
            let text = format!(
                "There is more than one such header, {}: an origin refuses that. Show one request \
                 by itself, or one value.",
                on_lines(&lines)
            );
            return Ok(nothing(arguments, "value-several", &text));
        }
    };
    notes.extend(found.changes.iter().map(|change| (*change).to_owned()));
    let is_key = |line: &[u8]| line.windows(16).any(|window| window == b"PRIVATE KEY-----");
    if is_key(&text) {
        notes.push("there is a private key in it: whoever sees this text has the key".to_owned());
    }
    if found.value.starts_with(b"-----BEGIN ") && found.value.contains(&b'\n') {
        notes.push("it is PEM, as files have it, and no value of a header".to_owned());
    }
    let Some(format) = format.or_else(|| guess(&found.value)) else {
        let mut text = "This is no value of any format, nor a part of one.".to_owned();
        if found.value.is_empty() {
            text = "The header is empty: some proxies send it so for a client without a \
                    certificate."
                .to_owned();
        }
        notes.iter().for_each(|note| text += &format!("\n  note: {note}"));
        return Ok(nothing(arguments, "value-unknown", &text));
    };
    let inspection = inspect(format, &found.value).ok_or("no value of this format can be read")?;
    Ok(Shown { format, at, found, notes, inspection }.print(arguments.common.json))
}

/// What is DER itself, as base64.
fn binary(text: &[u8]) -> Option<Vec<u8>> {
    let is_text = text.iter().all(|octet| octet.is_ascii_graphic() || octet.is_ascii_whitespace());
    (text.first() == Some(&0x30) && !is_text).then(|| encode_block(text).into_bytes())
}

/// Where there is nothing to show.
fn nothing(arguments: &Show, reason: &str, text: &str) -> Outcome {
    let text = if arguments.common.json {
        format!("{:#}\n", json!({ "format": null, "failures": [failure(reason, text)] }))
    } else {
        let mut report = Report::default();
        text.lines().for_each(|line| report.line(line));
        report.into_text()
    };
    Outcome { text, is_good: false }
}

fn failure(reason: &str, text: &str) -> Value {
    json!({ "reason": reason, "reason_text": text })
}

struct Shown {
    format: ClientCertFormat,
    at: i64,
    found: Found,
    notes: Vec<String>,
    inspection: Inspection,
}

impl Shown {
    fn print(&self, as_json: bool) -> Outcome {
        let text = if as_json { format!("{:#}\n", self.json()) } else { self.text() };
        Outcome { text, is_good: self.inspection.failures.is_empty() }
    }

    fn client(&self) -> Option<Description> {
        let certificate = X509::from_der(self.inspection.content.as_ref()?).ok()?;
        Some(Description::of(&certificate))
    }

    /// The signers, and for each its certificate if it is in the value.
    fn signers(&self) -> Vec<(&SignerParts, Option<Description>)> {
        let Some(signed) = &self.inspection.signed else { return Vec::new() };
        let certificate = |signer: &SignerParts| {
            let der = signed.certificates.get(signer.certificate?)?;
            Some(Description::of(&*X509::from_der(der).ok()?))
        };
        signed.signers.iter().map(|signer| (signer, certificate(signer))).collect()
    }

    fn others(&self) -> Vec<Description> {
        let Some(signed) = &self.inspection.signed else { return Vec::new() };
        let is_signer =
            |place: &usize| signed.signers.iter().any(|signer| signer.certificate == Some(*place));
        let others = signed.certificates.iter().enumerate().filter(|(place, _)| !is_signer(place));
        let read = others.filter_map(|(_, der)| X509::from_der(der).ok());
        read.map(|certificate| Description::of(&certificate)).collect()
    }

    /// What is not wrong with every configuration, but may be with one.
    fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        if let Some(outside) = self.client().and_then(|client| client.outside(self.at)) {
            remarks.push(format!("the client's certificate: {outside}"));
        }
        for (signer, certificate) in self.signers() {
            let age = signer.signing_time.map(|signed| self.at.saturating_sub(signed));
            match age {
                Some(age) if age > MAX_AGE => remarks.push(format!(
                    "it was signed {}: an origin takes {MAX_AGE} seconds, unless ClientCertMaxAge \
                     says otherwise",
                    ago(age)
                )),
                Some(age) if age < -SKEW => remarks.push(format!(
                    "it was signed {}: one of the clocks is wrong, or --at is",
                    ago(age)
                )),
                _ => {}
            }
            match certificate {
                Some(certificate) => {
                    let outside = certificate.outside(self.at);
                    remarks
                        .extend(outside.map(|words| format!("the signer's certificate: {words}")));
                }
                None => remarks.push(
                    "the signer's certificate is not in the value, so the signature was not \
                     looked at: an origin needs it as its TLS peer, or in ClientCertTrust"
                        .to_owned(),
                ),
            }
        }
        let length = self.found.value.len();
        if length > LARGE {
            remarks.push(format!("{length} bytes are more than many servers take in a header"));
        }
        if SignedFormat::new(self.format).is_none() {
            remarks.push(
                "nothing is signed in this format: anyone can write such a value, and an origin \
                 believes its TLS peer"
                    .to_owned(),
            );
        }
        remarks
    }

    fn summary(&self) -> &'static str {
        let signature = self.inspection.signed.as_ref().and_then(|signed| signed.signature);
        match (self.inspection.failures.is_empty(), signature) {
            (false, _) => "No configuration accepts this value.",
            (true, Some(true)) => {
                "Nothing is wrong with its form, and the signature fits the signer's certificate. \
                 Whether an origin trusts that certificate, client-cert verify tells."
            }
            (true, _) => {
                "Nothing is wrong with its form. Whether an origin accepts it, client-cert verify \
                 tells."
            }
        }
    }

    fn text(&self) -> String {
        let mut report = Report::default();
        let header = self.found.name.as_deref().unwrap_or("A value");
        let length = self.found.value.len();
        report.line(&format!("{header}, format {}, {length} bytes", self.format.name()));
        match (self.client(), &self.inspection.content) {
            (Some(client), _) => report.certificate("The client's certificate:", &client, self.at),
            (None, Some(content)) => report.line(&format!(
                "What should be the client's certificate is none: {} octets",
                content.len()
            )),
            (None, None) => report.line("No client's certificate was found in it."),
        }
        for (signer, certificate) in self.signers() {
            report.line("Signed:");
            report.signing_time(signer.signing_time, self.at);
            report.row("digest", signer.digest.as_deref().unwrap_or_default());
            report.row("signature", signer.signature_algorithm.as_deref().unwrap_or_default());
            report.row("attributes", &signer.attributes.join(", "));
            match certificate {
                Some(certificate) => {
                    report.certificate("The signer's certificate:", &certificate, self.at);
                }
                None => {
                    report.row("by issuer", &issuer(signer).unwrap_or_default());
                    report.row("serial", &signer.serial.as_deref().map(hex).unwrap_or_default());
                    let key = signer.key_identifier.as_deref().map(hex).unwrap_or_default();
                    report.row("by key", &key);
                }
            }
        }
        for other in self.others() {
            report.certificate("Another certificate in the value:", &other, self.at);
        }
        if !self.inspection.failures.is_empty() {
            report.line("What is wrong with it:");
            for failure in &self.inspection.failures {
                report.line(&format!("  - {failure} [{}]", failure.rejection().name()));
            }
        }
        let remarks = self.remarks();
        if !remarks.is_empty() || !self.notes.is_empty() {
            report.line("To be noted:");
            remarks.iter().chain(&self.notes).for_each(|line| report.line(&format!("  - {line}")));
        }
        report.line(self.summary());
        report.into_text()
    }

    fn json(&self) -> Value {
        let signers = self.signers().into_iter().map(|(signer, certificate)| {
            json!({
                "certificate": certificate.map(|certificate| certificate.json()),
                "issuer": issuer(signer),
                "serial": signer.serial.as_deref().map(hex),
                "key_identifier": signer.key_identifier.as_deref().map(hex),
                "signing_time": signer.signing_time.and_then(rfc3339),
                "age": signer.signing_time.map(|signed| self.at.saturating_sub(signed)),
                "algorithms": {
                    "digest": signer.digest,
                    "signature": signer.signature_algorithm,
                },
                "signed_attributes": signer.attributes,
            })
        });
        let signers: Vec<_> = signers.collect();
        let failures = self
            .inspection
            .failures
            .iter()
            .map(|found| failure(found.rejection().name(), &found.to_string()));
        let failures: Vec<_> = failures.collect();
        let signature = self.inspection.signed.as_ref().map(|signed| signed.signature);
        json!({
            "format": self.format.name(),
            "header": self.found.name,
            "length": self.found.value.len(),
            "at": rfc3339(self.at),
            "client": self.client().map(|client| client.json()),
            "signers": signers,
            "signature_fits": signature.flatten(),
            "other_certificates": self.others().iter().map(Description::json).collect::<Vec<_>>(),
            "failures": failures,
            "remarks": self.remarks(),
            "notes": self.notes,
        })
    }
}

/// The issuer by whom a signer is named.
fn issuer(signer: &SignerParts) -> Option<String> {
    rfc2253(&*X509Name::from_der(signer.issuer.as_ref()?).ok()?)
}
