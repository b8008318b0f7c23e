// SPDX-License-Identifier: Apache-2.0

//! The variables of an accepted client: `SSL_CLIENT_*` as mod_ssl would have them if its
//! certificate had been the client's of this TLS connection, and `CLIENT_CERT_*`.
//!
//! Names and values of the first are those of httpd 2.4.68 and later, to the byte. An older mod_ssl
//! has no `SSL_CLIENT_S_DN_SerialNumber`, and may count the days of `SSL_CLIENT_V_REMAIN`
//! differently. Not among them are the `SSL_CLIENT_CERT_CHAIN_n`, which no signature covers here,
//! and names are in the format of RFC 2253, whatever LegacyDNStringFormat says.
//!
//! | where | what |
//! | --- | --- |
//! | `names` | the table of names, and how one is read |
//! | `values` | what OpenSSL says of a certificate |
//! | `list` | names and values to be read by C |
//! | `memory` | how much of it that can take |

use std::ffi::CStr;

use openssl::x509::X509Ref;

use super::alternative_names::{Unreadable, alternative_names};
use crate::{asn1::time::rfc3339, http::structured_field::base64, printable::Hex};
pub(crate) use list::Builder;
pub use list::{Variable, Variables};
pub(crate) use names::OneLine;
use names::{
    ALTERNATIVE_NAME_PREFIX, ALTERNATIVE_NAMES, ATTRIBUTES, DISTINGUISHED_NAMES, FIELDS, Field,
    FieldValue, OURS, Ours, PREFIX, VariableName,
};
pub(crate) use values::Value;

mod list;
mod memory;
mod names;
#[cfg(test)]
mod tests;
mod values;

/// What variables are made of.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    /// The client's certificate; its key need not be there.
    pub(crate) certificate: &'a X509Ref,
    /// The SHA-256 of its DER.
    pub(crate) id: &'a [u8; 32],
    /// `None` of a TLS client.
    pub(crate) signer: Option<&'a X509Ref>,
    /// In Unix seconds; `None` where the value is not signed.
    pub(crate) signing_time: Option<i64>,
    /// The full days that remain of the client's validity.
    pub(crate) days_remaining: i64,
}

impl Source<'_> {
    /// The variables to be exported: what mod_ssl's StdEnvVars and ExportCertData set for a client
    /// that was verified, and ours.
    pub(crate) fn variables(&self) -> Variables {
        let mut list = Builder::default();
        for of in &DISTINGUISHED_NAMES {
            let name = (of.of)(self.certificate);
            let mut seen = [0_usize; ATTRIBUTES.len()];
            for entry in name.entries() {
                let nid = entry.object().nid();
                let known = ATTRIBUTES.iter().zip(&mut seen);
                let found = known.into_iter().find(|(known, _)| known.exported && known.nid == nid);
                let Some((attribute, seen)) = found else { continue };
                // For one that is empty mod_ssl leaves NULL in its table, over which some of the
                // table's readers fall; the others see it as empty.
                let value = list.take(values::string(entry.data(), false)).unwrap_or_default();
                let (dn, attribute) = (of.name, attribute.name);
                match *seen {
                    0 => list.push(format_args!("{PREFIX}{dn}_{attribute}"), &value),
                    n => list.push(format_args!("{PREFIX}{dn}_{attribute}_{n}"), &value),
                }
                *seen = seen.saturating_add(1);
            }
            list.push_unless_empty(format_args!("{PREFIX}{}", of.name), values::name(name));
        }
        self.list_alternative_names(&mut list);
        for field in &FIELDS {
            list.push_unless_empty(format_args!("{PREFIX}{}", field.name), self.field(field));
        }
        for (name, ours) in OURS {
            list.push_unless_empty(format_args!("{name}"), self.ours(ours));
        }
        list.build()
    }

    /// Here the number counts values only.
    fn list_alternative_names(&self, list: &mut Builder) {
        let mut count = [0_usize; ALTERNATIVE_NAMES.len()];
        let names = alternative_names(self.certificate).unwrap_or_else(|Unreadable| {
            list.take(Value::UNREADABLE);
            None
        });
        for found in names.iter().flatten() {
            for (known, count) in ALTERNATIVE_NAMES.iter().zip(&mut count) {
                let value = || values::alternative_name(found, known.kind);
                let value = known.exported.then(value).flatten();
                let Some(value) = value.and_then(|value| list.take(value)) else { continue };
                list.push(
                    format_args!("{PREFIX}{ALTERNATIVE_NAME_PREFIX}{}_{count}", known.name),
                    &value,
                );
                *count = count.saturating_add(1);
            }
        }
    }

    /// The variable of this name, in all the ways in which mod_ssl reads it.
    pub(crate) fn look_up(&self, name: &[u8]) -> Option<Vec<u8>> {
        self.value(&VariableName::read(name)?).text
    }

    /// The same, if it has one line.
    pub(crate) fn one_line(&self, name: &OneLine) -> Value {
        self.value(&name.0)
    }

    fn value(&self, name: &VariableName) -> Value {
        match *name {
            VariableName::Field(field) => self.field(field),
            VariableName::DistinguishedName(of) => values::name((of.of)(self.certificate)),
            VariableName::Attribute { of, attribute, number, raw } => (of.of)(self.certificate)
                .entries()
                .filter(|entry| entry.object().nid() == attribute.nid)
                .nth(number)
                .map_or(Value::ABSENT, |entry| values::string(entry.data(), raw)),
            VariableName::AlternativeName { kind, number } => {
                match alternative_names(self.certificate) {
                    Ok(names) => names
                        .iter()
                        .flatten()
                        .filter_map(|name| values::alternative_name(name, kind))
                        .nth(number)
                        .unwrap_or(Value::ABSENT),
                    Err(Unreadable) => Value::UNREADABLE,
                }
            }
            VariableName::Ours(ours) => self.ours(ours),
        }
    }

    fn field(&self, field: &Field) -> Value {
        match field.value {
            FieldValue::Constant(value) => Value::new(value),
            FieldValue::OfCertificate(value) => value(self.certificate),
            FieldValue::DaysRemaining => Value::new(self.days_remaining.to_string()),
        }
    }

    fn ours(&self, ours: Ours) -> Value {
        match ours {
            Ours::Verify => Value::new("SUCCESS"),
            Ours::SignerName => {
                self.signer.map_or(Value::ABSENT, |signer| values::name(signer.subject_name()))
            }
            Ours::SigningTime => {
                self.signing_time.and_then(rfc3339).map_or(Value::ABSENT, Value::new)
            }
            Ours::Sha256 => Value::new(Hex(self.id).to_string()),
            Ours::Thumbprint => Value::new(base64url(self.id)),
        }
    }

    /// What PeerExtList of an httpd expression gives: the values of the extensions of one kind, in
    /// words. `name` is a long or short name of OpenSSL's, or a numeric OID.
    pub(crate) fn extensions(&self, name: &CStr) -> Vec<Vec<u8>> {
        values::extensions(self.certificate, name)
    }
}

/// RFC 4648 section 5, without padding.
fn base64url(octets: &[u8]) -> String {
    base64(octets).trim_end_matches('=').replace('+', "-").replace('/', "_")
}

/// Whether a variable is one of those that identify the client.
#[must_use]
pub fn identifies(name: &[u8]) -> bool {
    names::identifies(name)
}
