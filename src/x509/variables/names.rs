// SPDX-License-Identifier: Apache-2.0

//! The names of variables, and how one that is asked for is read: as mod_ssl reads it.

use openssl::nid::Nid;
use openssl_sys::{V_ASN1_IA5STRING, V_ASN1_UTF8STRING};

use super::values::{self, AlternativeNameKind};
use crate::{error::Error, openssl_ext::NID_SRVName};

/// What the names of mod_ssl's variables begin with.
pub(super) const PREFIX: &str = "SSL_CLIENT_";

/// What follows it in the names of those of a subjectAltName.
pub(super) const ALTERNATIVE_NAME_PREFIX: &str = "SAN_";

/// A variable with a name of its own.
pub(super) struct Field {
    /// After [`PREFIX`].
    pub(super) name: &'static str,
    pub(super) value: FieldValue,
    /// Whether it says who the client is.
    pub(super) identifies: bool,
}

pub(super) enum FieldValue {
    Constant(&'static [u8]),
    OfCertificate(values::OfCertificate),
    /// The days that remain of the validity.
    DaysRemaining,
}

const fn field(name: &'static str, value: values::OfCertificate, identifies: bool) -> Field {
    Field { name, value: FieldValue::OfCertificate(value), identifies }
}

pub(super) static FIELDS: [Field; 10] = [
    Field { name: VERIFY, value: FieldValue::Constant(b"SUCCESS"), identifies: false },
    field("M_VERSION", values::version, false),
    field("M_SERIAL", values::serial_number, true),
    field("V_START", values::not_before, false),
    field("V_END", values::not_after, false),
    Field { name: "V_REMAIN", value: FieldValue::DaysRemaining, identifies: false },
    field("A_KEY", values::key_algorithm, false),
    field("A_SIG", values::signature_algorithm, false),
    field("CERT_RFC4523_CEA", values::exact_assertion, true),
    field(CERTIFICATE, values::pem, true),
];

/// The one variable that there is without a client, too.
const VERIFY: &str = "VERIFY";

/// The one variable with several lines.
const CERTIFICATE: &str = "CERT";

/// What follows [`PREFIX`] in the names of those of mod_ssl's that have the client's chain, as sent.
const CHAIN_PREFIX: &str = "CERT_CHAIN_";

/// A distinguished name.
pub(super) struct DistinguishedName {
    /// After [`PREFIX`].
    pub(super) name: &'static str,
    pub(super) of: values::NameOf,
}

pub(super) static DISTINGUISHED_NAMES: [DistinguishedName; 2] = [
    DistinguishedName { name: "S_DN", of: values::subject },
    DistinguishedName { name: "I_DN", of: values::issuer },
];

/// A type of attributes of a distinguished name.
pub(super) struct Attribute {
    /// After the name of the distinguished name and an underscore; compared with case.
    pub(super) name: &'static str,
    pub(super) nid: Nid,
    /// Whether it is among the variables that are exported; the others are only looked up.
    pub(super) exported: bool,
}

const fn attribute(name: &'static str, nid: Nid) -> Attribute {
    Attribute { name, nid, exported: true }
}

pub(super) static ATTRIBUTES: [Attribute; 15] = [
    attribute("C", Nid::COUNTRYNAME),
    attribute("ST", Nid::STATEORPROVINCENAME),
    Attribute { name: "SP", nid: Nid::STATEORPROVINCENAME, exported: false },
    attribute("L", Nid::LOCALITYNAME),
    attribute("O", Nid::ORGANIZATIONNAME),
    attribute("OU", Nid::ORGANIZATIONALUNITNAME),
    attribute("CN", Nid::COMMONNAME),
    attribute("T", Nid::TITLE),
    attribute("I", Nid::INITIALS),
    attribute("G", Nid::GIVENNAME),
    attribute("S", Nid::SURNAME),
    attribute("D", Nid::DESCRIPTION),
    attribute("SerialNumber", Nid::SERIALNUMBER),
    attribute("UID", Nid::USERID),
    attribute("Email", Nid::PKCS9_EMAILADDRESS),
];

/// A kind of subjectAltName.
pub(super) struct AlternativeName {
    /// After [`ALTERNATIVE_NAME_PREFIX`], before an underscore and a number.
    pub(super) name: &'static str,
    /// How much of it is compared without case.
    folded: usize,
    pub(super) kind: AlternativeNameKind,
    /// As of [`Attribute`]. (mod_ssl exports the SRVName of a server only.)
    pub(super) exported: bool,
}

pub(super) static ALTERNATIVE_NAMES: [AlternativeName; 4] = [
    AlternativeName { name: "Email", folded: 5, kind: AlternativeNameKind::Email, exported: true },
    AlternativeName { name: "DNS", folded: 3, kind: AlternativeNameKind::Dns, exported: true },
    AlternativeName {
        name: "OTHER_msUPN",
        folded: 6,
        kind: AlternativeNameKind::Other(Nid::MS_UPN, V_ASN1_UTF8STRING),
        exported: true,
    },
    AlternativeName {
        name: "OTHER_dnsSRV",
        folded: 6,
        kind: AlternativeNameKind::Other(Nid::from_raw(NID_SRVName as i32), V_ASN1_IA5STRING),
        exported: false,
    },
];

/// A variable of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ours {
    Verify,
    SignerName,
    SigningTime,
    /// The SHA-256 of the certificate in lower-case hexadecimal.
    Sha256,
    /// The same in base64url without padding, RFC 8705 section 3.1.
    Thumbprint,
}

impl Ours {
    /// Whether it is of the certificate, rather than of the value that it came in.
    fn is_of_certificate(self) -> bool {
        matches!(self, Self::Sha256 | Self::Thumbprint)
    }
}

pub(super) static OURS: [(&str, Ours); 5] = [
    ("CLIENT_CERT_VERIFY", Ours::Verify),
    ("CLIENT_CERT_SIGNER_S_DN", Ours::SignerName),
    ("CLIENT_CERT_SIGNING_TIME", Ours::SigningTime),
    ("CLIENT_CERT_SHA256", Ours::Sha256),
    ("CLIENT_CERT_X5T_S256", Ours::Thumbprint),
];

/// A name that was asked for.
pub(super) enum VariableName {
    Field(&'static Field),
    DistinguishedName(&'static DistinguishedName),
    /// The attribute of this type with this number, counted from 0; `raw`: in the octets of the
    /// certificate, not in UTF-8.
    Attribute {
        of: &'static DistinguishedName,
        attribute: &'static Attribute,
        number: usize,
        raw: bool,
    },
    /// The subjectAltName of this kind with this number, counted from 0, those without a value
    /// included.
    AlternativeName {
        kind: AlternativeNameKind,
        number: usize,
    },
    Ours(Ours),
}

impl VariableName {
    /// `None` where there is no such variable.
    pub(super) fn read(name: &[u8]) -> Option<Self> {
        if let Some((_, ours)) = OURS.iter().find(|(ours, _)| is_same(name, ours)) {
            return Some(Self::Ours(*ours));
        }
        let name = strip_folded(name, PREFIX)?;
        if let Some(field) = FIELDS.iter().find(|field| is_same(name, field.name)) {
            return Some(Self::Field(field));
        }
        if let Some(rest) = strip_folded(name, ALTERNATIVE_NAME_PREFIX) {
            return Self::read_alternative_name(rest);
        }
        // The S and the I are the letters that mod_ssl takes in upper case only.
        let (of, rest) = DISTINGUISHED_NAMES.iter().find_map(|of| {
            let rest = strip_folded(name, of.name)?;
            (name.first() == of.name.as_bytes().first()).then_some((of, rest))
        })?;
        match rest.split_first() {
            None => Some(Self::DistinguishedName(of)),
            Some((b'_', rest)) => Self::read_attribute(of, rest),
            Some(_) => None,
        }
    }

    /// CN, CN_1, CN_RAW, CN_1_RAW.
    fn read_attribute(of: &'static DistinguishedName, name: &[u8]) -> Option<Self> {
        let without_raw = name.strip_suffix(b"_RAW").filter(|rest| !rest.is_empty());
        let raw = without_raw.is_some();
        let name = without_raw.unwrap_or(name);
        let (name, number) = match split_at_underscore(name) {
            Some((name, digits)) if digits.iter().all(u8::is_ascii_digit) => (name, digits),
            _ => (name, &b""[..]),
        };
        let attribute = ATTRIBUTES.iter().find(|known| known.name.as_bytes() == name)?;
        let number = usize::try_from(atoi(number)).ok()?;
        Some(Self::Attribute { of, attribute, number, raw })
    }

    /// DNS_0, OTHER_msUPN_2.
    fn read_alternative_name(name: &[u8]) -> Option<Self> {
        let (kind, digits) = ALTERNATIVE_NAMES.iter().find_map(|known| {
            let (folded, exact) = known.name.split_at_checked(known.folded)?;
            let rest = strip_folded(name, folded)?.strip_prefix(exact.as_bytes())?;
            Some((known.kind, rest.strip_prefix(b"_")?))
        })?;
        let number = Some(digits).filter(|digits| is_number(digits) && digits.len() <= 4)?;
        Some(Self::AlternativeName { kind, number: usize::try_from(atoi(number)).ok()? })
    }
}

/// A variable of a certificate that has one line.
pub(crate) struct OneLine(pub(super) VariableName);

impl OneLine {
    /// # Errors
    ///
    /// [`Error::VariableUnknown`], [`Error::VariableOfSeveralLines`]
    pub(crate) fn read(name: &[u8]) -> Result<Self, Error> {
        let read = match VariableName::read(name) {
            Some(VariableName::Field(field)) if field.name == CERTIFICATE => {
                return Err(Error::VariableOfSeveralLines);
            }
            None if is_of_chain(name) => return Err(Error::VariableOfSeveralLines),
            read => read.ok_or(Error::VariableUnknown)?,
        };
        let is_of_certificate = match read {
            VariableName::Field(_) | VariableName::DistinguishedName(_) => true,
            // What atoi() makes of other numbers says nothing.
            VariableName::Attribute { .. } | VariableName::AlternativeName { .. } => {
                ends_in_number(name)
            }
            VariableName::Ours(ours) => ours.is_of_certificate(),
        };
        if is_of_certificate { Ok(Self(read)) } else { Err(Error::VariableUnknown) }
    }

    /// Whether it is SSL_CLIENT_VERIFY.
    pub(crate) fn is_verify(&self) -> bool {
        matches!(self.0, VariableName::Field(field) if field.name == VERIFY)
    }

    /// Whether the value changes with the time.
    pub(crate) fn is_of_now(&self) -> bool {
        matches!(self.0, VariableName::Field(field) if matches!(field.value, FieldValue::DaysRemaining))
    }
}

/// Whether it is one of mod_ssl's with the chain that the client sent.
fn is_of_chain(name: &[u8]) -> bool {
    let number = strip_folded(name, PREFIX).and_then(|name| strip_folded(name, CHAIN_PREFIX));
    number.is_some_and(is_number)
}

/// Whether a variable is one of those that identify the client.
pub(super) fn identifies(name: &[u8]) -> bool {
    let Some(name) = strip_folded(name, PREFIX) else {
        return OURS.iter().any(|(ours, of)| of.is_of_certificate() && is_same(name, ours));
    };
    let mut names = ALTERNATIVE_NAMES.iter();
    FIELDS.iter().any(|field| field.identifies && is_same(name, field.name))
        || names.any(|known| is_numbered(name, known))
        || DISTINGUISHED_NAMES.iter().any(|known| {
            strip_folded(name, known.name).is_some_and(|rest| {
                rest.is_empty() || rest.strip_prefix(b"_").is_some_and(is_attribute)
            })
        })
}

/// Whether the number of a name that has one is a number that an `int` can have.
fn ends_in_number(name: &[u8]) -> bool {
    let name = name.strip_suffix(b"_RAW").unwrap_or(name);
    let last = name.rsplit(|&byte| byte == b'_').next().unwrap_or_default();
    !last.iter().all(u8::is_ascii_digit) || is_number(last)
}

fn is_numbered(name: &[u8], known: &AlternativeName) -> bool {
    let rest = || {
        let name = name.strip_prefix(ALTERNATIVE_NAME_PREFIX.as_bytes())?;
        name.strip_prefix(known.name.as_bytes())?.strip_prefix(b"_")
    };
    rest().is_some_and(is_number)
}

/// Which one of several, and as it stands in the certificate, may follow.
fn is_attribute(name: &[u8]) -> bool {
    let name = name.strip_suffix(b"_RAW").unwrap_or(name);
    let (name, number) = split_at_underscore(name).unwrap_or((name, b"0"));
    is_number(number) && ATTRIBUTES.iter().any(|known| known.name.as_bytes() == name)
}

/// Whether it is the name of a variable of a subjectAltName, if there is one of this name.
pub(super) fn is_alternative_name(name: &[u8]) -> bool {
    strip_folded(name, PREFIX)
        .is_some_and(|rest| strip_folded(rest, ALTERNATIVE_NAME_PREFIX).is_some())
}

fn strip_folded<'a>(name: &'a [u8], prefix: &str) -> Option<&'a [u8]> {
    let (start, rest) = name.split_at_checked(prefix.len())?;
    is_same(start, prefix).then_some(rest)
}

fn is_same(name: &[u8], known: &str) -> bool {
    name.eq_ignore_ascii_case(known.as_bytes())
}

/// What stands before the first underscore and after it.
fn split_at_underscore(name: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = name.iter().position(|&byte| byte == b'_')?;
    let (name, rest) = name.split_at_checked(at)?;
    Some((name, rest.strip_prefix(b"_")?))
}

/// Whether these are digits, of a number that an `int` can have.
fn is_number(digits: &[u8]) -> bool {
    !digits.is_empty()
        && digits.iter().all(u8::is_ascii_digit)
        && i32::try_from(strtol(digits)).is_ok()
}

/// C's atoi(), with which mod_ssl reads digits: what it makes of a number too large can be seen in
/// the variable.
fn atoi(digits: &[u8]) -> i32 {
    strtol(digits) as i32
}

fn strtol(digits: &[u8]) -> i64 {
    digits.iter().fold(0_i64, |number, digit| {
        number.saturating_mul(10).saturating_add(i64::from(digit.saturating_sub(b'0')))
    })
}
