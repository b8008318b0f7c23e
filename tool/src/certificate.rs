// SPDX-License-Identifier: Apache-2.0

//! Certificates in words, and in JSON.

use std::net::{Ipv4Addr, Ipv6Addr};

use client_cert::verify::inspect::{rfc2253, rfc3339, unix_time};
use openssl::{base64::encode_block, nid::Nid, pkey::Id, sha::sha256, x509::X509Ref};
use serde_json::{Value, json};

/// What is told of a certificate.
pub struct Description {
    pub subject: String,
    pub issuer: String,
    /// In hexadecimal digits.
    pub serial: String,
    pub names: Vec<Name>,
    pub not_before: Option<i64>,
    pub not_after: Option<i64>,
    pub sha256: String,
    pub key: String,
    pub der: Vec<u8>,
}

/// A subjectAltName.
pub struct Name {
    pub kind: &'static str,
    pub name: String,
}

impl Description {
    pub fn of(certificate: &X509Ref) -> Self {
        let der = certificate.to_der().unwrap_or_default();
        let serial = certificate.serial_number().to_bn().ok();
        let serial = serial.and_then(|number| Some(number.to_hex_str().ok()?.to_string()));
        Self {
            subject: rfc2253(certificate.subject_name()).unwrap_or_default(),
            issuer: rfc2253(certificate.issuer_name()).unwrap_or_default(),
            serial: serial.unwrap_or_default(),
            names: names(certificate),
            not_before: unix_time(certificate.not_before()).ok(),
            not_after: unix_time(certificate.not_after()).ok(),
            sha256: hex(&sha256(&der)),
            key: key(certificate),
            der,
        }
    }

    pub fn json(&self) -> Value {
        let names: Vec<_> = self
            .names
            .iter()
            .map(|Name { kind, name }| json!({ "type": kind, "value": name }))
            .collect();
        json!({
            "subject": self.subject,
            "issuer": self.issuer,
            "serial": self.serial,
            "names": names,
            "not_before": self.not_before.and_then(rfc3339),
            "not_after": self.not_after.and_then(rfc3339),
            "key": self.key,
            "sha256": self.sha256,
            "der": encode_block(&self.der),
        })
    }

    /// Its names on one line.
    pub fn names(&self) -> String {
        let names = self.names.iter().map(|Name { kind, name }| format!("{kind}:{name}"));
        names.collect::<Vec<_>>().join(", ")
    }

    /// Whether a time is within its validity; if not, in words.
    pub fn outside(&self, at: i64) -> Option<String> {
        match (self.not_before, self.not_after) {
            (Some(begin), _) if at < begin => Some(format!("not valid before {}", time(begin))),
            (_, Some(end)) if at > end => Some(format!("expired at {}", time(end))),
            _ => None,
        }
    }
}

fn names(certificate: &X509Ref) -> Vec<Name> {
    let Some(names) = certificate.subject_alt_names() else { return Vec::new() };
    let describe = |name: &openssl::x509::GeneralNameRef| {
        let text = |kind, name: &str| Name { kind, name: name.to_owned() };
        name.dnsname()
            .map(|name| text("DNS", name))
            .or_else(|| name.uri().map(|name| text("URI", name)))
            .or_else(|| name.email().map(|name| text("email", name)))
            .or_else(|| name.ipaddress().map(|octets| text("IP", &address(octets))))
            .or_else(|| Some(text("DN", &rfc2253(name.directory_name()?)?)))
            .unwrap_or_else(|| text("other", "of another kind"))
    };
    names.iter().map(describe).collect()
}

fn address(octets: &[u8]) -> String {
    if let Ok(octets) = <[u8; 4]>::try_from(octets) {
        return Ipv4Addr::from(octets).to_string();
    }
    <[u8; 16]>::try_from(octets)
        .map_or_else(|_| hex(octets), |octets| Ipv6Addr::from(octets).to_string())
}

/// The kind of its key, in words.
fn key(certificate: &X509Ref) -> String {
    let Ok(key) = certificate.public_key() else {
        return "a key that OpenSSL does not read".into();
    };
    match key.id() {
        Id::RSA => format!("RSA, {} bits", key.bits()),
        Id::EC => {
            let curve = key.ec_key().ok().and_then(|key| key.group().curve_name());
            match curve {
                Some(Nid::X9_62_PRIME256V1) => "EC, P-256".to_owned(),
                Some(Nid::SECP384R1) => "EC, P-384".to_owned(),
                Some(Nid::SECP521R1) => "EC, P-521".to_owned(),
                Some(curve) => format!("EC, {}", curve.short_name().unwrap_or("another curve")),
                None => "EC, on a curve that is not named".to_owned(),
            }
        }
        Id::ED25519 => "Ed25519".to_owned(),
        Id::ED448 => "Ed448".to_owned(),
        Id::DSA => "DSA".to_owned(),
        _ => "another kind".to_owned(),
    }
}

pub fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// A time for a person.
pub fn time(at: i64) -> String {
    rfc3339(at).unwrap_or_else(|| format!("{at} seconds since 1970"))
}

/// How long ago, or how far ahead, in words.
pub fn ago(seconds: i64) -> String {
    let amount = seconds.unsigned_abs();
    let words = match amount {
        0..120 => format!("{amount} seconds"),
        120..7200 => format!("{} minutes", amount / 60),
        7200..172_800 => format!("{} hours", amount / 3600),
        _ => format!("{} days", amount / 86_400),
    };
    if seconds < 0 { format!("{words} in the future") } else { format!("{words} ago") }
}
