// SPDX-License-Identifier: Apache-2.0

//! One element of Envoy's X-Forwarded-Client-Cert: who the client is, as a proxy sees it.

use std::ffi::c_int;

use foreign_types::ForeignTypeRef;
use openssl::{
    stack::StackRef,
    x509::{GeneralName, X509Ref},
};

use super::{
    escaped_pem::{self, escaped_pem},
    reader::{CertificateReader, MARK},
};
use crate::{
    client::Client,
    error::Error,
    printable::Hex,
    rejection::{Failure, MalformedValue},
    x509::{
        alternative_names::{Unreadable, alternative_names},
        certificate,
        distinguished_name::rfc2253,
    },
};

/// The reader of the format.
pub(super) static READER: CertificateReader = CertificateReader { decode, mark };

/// `Hash=…;Cert="…";Subject="…";URI=…;DNS=…`: the SHA-256 of the leaf in lower-case hexadecimal,
/// its percent-encoded PEM, its subject as RFC 2253 writes it, and each of its URIs and DNS names.
/// Without a URI there is an empty one, as Envoy has it.
///
/// # Errors
///
/// [`Error::CertificateNotRepresentable`] when a name holds what the format has no way to write, or
/// cannot be read: leaving it out would make another client of this one.
pub(super) fn value(client: &Client) -> Result<String, Error> {
    let certificate = client.keyless_certificate();
    let names = alternative_names(certificate);
    let names = names.map_err(|Unreadable| Error::CertificateNotRepresentable)?;
    let uris = names_of(names.as_deref(), openssl_sys::GEN_URI)?;
    let mut element = format!("Hash={}", Hex(client.id()));
    push(&mut element, "Cert", &format!("\"{}\"", escaped_pem(client.leaf())));
    push(&mut element, "Subject", &format!("\"{}\"", subject(certificate)?));
    if uris.is_empty() {
        push(&mut element, "URI", "");
    }
    for uri in uris {
        push(&mut element, "URI", &uri);
    }
    for name in names_of(names.as_deref(), openssl_sys::GEN_DNS)? {
        push(&mut element, "DNS", &name);
    }
    Ok(element)
}

fn push(element: &mut String, key: &str, value: &str) {
    element.push(';');
    element.push_str(key);
    element.push('=');
    element.push_str(value);
}

/// The subjectAltNames of one type, each as it is written.
fn names_of(names: Option<&StackRef<GeneralName>>, kind: c_int) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    for name in names.into_iter().flatten() {
        // SAFETY: a valid GENERAL_NAME always has its type.
        if unsafe { (*name.as_ptr()).type_ } == kind {
            let name = name.uri().or_else(|| name.dnsname());
            found.push(written(name.ok_or(Error::CertificateNotRepresentable)?)?);
        }
    }
    Ok(found)
}

/// A value that cannot end its field, its element or the header. The characters that mean
/// something between fields are quoted; no name has a use for those that mean something within
/// quotes.
fn written(name: &str) -> Result<String, Error> {
    if !name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\') {
        return Err(Error::CertificateNotRepresentable);
    }
    Ok(if name.contains([',', ';', '=']) { format!("\"{name}\"") } else { name.to_owned() })
}

/// The subject. Every quotation mark in it is escaped.
fn subject(certificate: &X509Ref) -> Result<String, Error> {
    rfc2253(certificate.subject_name()).ok_or(Error::CertificateNotRepresentable)
}

/// The octets of the certificate in one element: its Cert, of which its Hash is the SHA-256. Each of
/// the two is there once. The other fields have to be well formed, and are not believed: whoever
/// chose the names in a certificate wrote a part of them.
fn decode(value: &[u8]) -> Result<Vec<u8>, Failure> {
    let malformed = |what| MalformedValue::Xfcc.with(what);
    if value.iter().any(u8::is_ascii_control) {
        return Err(malformed("there is a control character in it"));
    }
    let (mut cert, mut hash) = (None, None);
    let mut rest = Some(value);
    while let Some(fields) = rest {
        let field = Field::read(fields).map_err(malformed)?;
        if field.key.eq_ignore_ascii_case(b"Cert") && cert.replace(field.value).is_some() {
            return Err(malformed("Cert is there twice"));
        }
        if field.key.eq_ignore_ascii_case(b"Hash") && hash.replace(field.value).is_some() {
            return Err(malformed("Hash is there twice"));
        }
        rest = field.rest;
    }
    let cert = cert.ok_or_else(|| malformed("Cert is missing"))?;
    let hash = hash.ok_or_else(|| malformed("Hash is missing"))?;
    let der = escaped_pem::decode(cert)?;
    if hash.eq_ignore_ascii_case(Hex(&certificate::id(&der)).to_string().as_bytes()) {
        Ok(der)
    } else {
        Err(malformed("Hash is not the SHA-256 of Cert"))
    }
}

/// The fields that are read.
#[cfg(any(test, fuzzing))]
pub(super) fn element(octets: &[u8]) -> String {
    let id = certificate::id(octets);
    format!("Hash={};Cert=\"{}\"", Hex(&id), escaped_pem(octets))
}

/// A field of an element.
struct Field<'a> {
    key: &'a [u8],
    /// Without the quotation marks around it.
    value: &'a [u8],
    /// What follows its semicolon. None at the end of the element.
    rest: Option<&'a [u8]>,
}

impl<'a> Field<'a> {
    /// Reads the first field. A value in quotation marks has none but after a backslash, and one
    /// without them has none, no comma and no semicolon. Equals signs are allowed in either, as Envoy
    /// writes a URI.
    fn read(element: &'a [u8]) -> Result<Self, &'static str> {
        let is_key = |octet: &u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_');
        let length = element.iter().position(|octet| !is_key(octet)).unwrap_or(element.len());
        let (key, after) = element.split_at_checked(length).unwrap_or_default();
        let (Some(after), false) = (after.strip_prefix(b"="), key.is_empty()) else {
            return Err("a field is not key=value");
        };
        let (value, after) = match after.strip_prefix(b"\"") {
            Some(after) => quoted(after).ok_or("a quotation mark is not closed")?,
            None => {
                let ends = |octet: &u8| matches!(octet, b';' | b',' | b'"' | b'\\');
                let length = after.iter().position(ends).unwrap_or(after.len());
                after.split_at_checked(length).unwrap_or_default()
            }
        };
        match after.split_first() {
            None => Ok(Self { key, value, rest: None }),
            Some((b';', rest)) => Ok(Self { key, value, rest: Some(rest) }),
            Some((b',', _)) => Err("there is more than one element"),
            Some(_) => Err("a quotation mark or backslash is out of place"),
        }
    }
}

/// Splits off what is before the closing quotation mark. None where there is none.
fn quoted(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut escaped = false;
    let end = text.iter().position(|octet| {
        let closes = *octet == b'"' && !escaped;
        escaped = *octet == b'\\' && !escaped;
        closes
    })?;
    Some((text.get(..end)?, text.get(end..)?.strip_prefix(b"\"")?))
}

/// The beginning of the Hash.
fn mark(value: &[u8]) -> Option<&[u8; MARK]> {
    const KEY: &[u8] = b"Hash=";
    let at = value.windows(KEY.len()).position(|window| window.eq_ignore_ascii_case(KEY))?;
    value.get(at.checked_add(KEY.len())?..)?.first_chunk()
}

#[cfg(test)]
mod tests {
    use openssl::{
        asn1::{Asn1Object, Asn1OctetString},
        x509::{X509, X509Extension, extension::SubjectAlternativeName},
    };
    use proptest::prelude::*;

    use super::*;
    use crate::{
        testing::{KeyKind, Leaf},
        x509::parser,
    };

    #[test]
    fn values_that_could_end_their_field() {
        for (name, expected) in [
            ("spiffe://example.org/a", Ok("spiffe://example.org/a")),
            ("a.example", Ok("a.example")),
            ("urn:a;DNS=evil", Ok("\"urn:a;DNS=evil\"")),
            ("urn:a,Hash=00", Ok("\"urn:a,Hash=00\"")),
            ("https://a/?b=c", Ok("\"https://a/?b=c\"")),
            ("a\";DNS=evil", Err(Error::CertificateNotRepresentable)),
            ("a\\", Err(Error::CertificateNotRepresentable)),
            ("a b", Err(Error::CertificateNotRepresentable)),
            ("a\r\nX: y", Err(Error::CertificateNotRepresentable)),
            ("a\0b", Err(Error::CertificateNotRepresentable)),
            ("\u{e9}", Err(Error::CertificateNotRepresentable)),
        ] {
            assert_eq!(written(name), expected.map(str::to_owned), "{name:?}");
        }
    }

    #[test]
    fn element_of_a_certificate() {
        let leaf = Leaf::new(KeyKind::P256)
            .extension(
                SubjectAlternativeName::new()
                    .uri("spiffe://example.org/a")
                    .uri("https://example.org/?a=b;c")
                    .dns("a.example")
                    .dns("b.example")
                    .email("a@example.org")
                    .build(&X509::builder().unwrap().x509v3_context(None, None))
                    .unwrap(),
            )
            .subject("Alice \"A\", of; Example")
            .self_signed();
        let client = Client::new(&leaf.certificate, &[]).unwrap();
        let hash: String = client.id().iter().map(|byte| format!("{byte:02x}")).collect();
        let pem = escaped_pem(client.leaf());
        assert_eq!(
            value(&client).unwrap(),
            format!(
                "Hash={hash};Cert=\"{pem}\";\
                 Subject=\"CN=Alice \\\"A\\\"\\, of\\; Example\";\
                 URI=spiffe://example.org/a;URI=\"https://example.org/?a=b;c\";\
                 DNS=a.example;DNS=b.example"
            )
        );
    }

    #[test]
    fn names_that_cannot_be_read_are_not_left_out() {
        let name = |name| {
            let builder = X509::builder().unwrap();
            let context = builder.x509v3_context(None, None);
            SubjectAlternativeName::new().dns(name).build(&context).unwrap()
        };
        let leaf = Leaf::new(KeyKind::P256)
            .extension(name("a.example"))
            .extension(name("b.example"))
            .self_signed();
        let client = Client::new(&leaf.certificate, &[]).unwrap();
        assert_eq!(value(&client), Err(Error::CertificateNotRepresentable));
    }

    #[test]
    fn other_extensions_make_no_difference() {
        let nonsense = |nid: &str| {
            let oid = Asn1Object::from_str(nid).unwrap();
            let value = Asn1OctetString::new_from_bytes(b"nonsense").unwrap();
            X509Extension::new_from_der(&oid, false, &value).unwrap()
        };
        for (oid, expected) in [
            ("keyUsage", Ok(())),
            ("authorityKeyIdentifier", Ok(())),
            ("basicConstraints", Ok(())),
            ("1.2.3.4", Ok(())),
            ("subjectAltName", Err(Error::CertificateNotRepresentable)),
        ] {
            let leaf = Leaf::new(KeyKind::P256).subject("a").extension(nonsense(oid));
            let client = Client::new(&leaf.self_signed().certificate, &[]).unwrap();
            assert_eq!(value(&client).map(drop), expected, "{oid}");
        }
    }

    #[test]
    fn of_an_accepted_client_its_key_is_not_read() {
        let leaf = Leaf::new(KeyKind::P256).subject("a").self_signed();
        let client = Client::new(&leaf.certificate, &[]).unwrap();
        let (content, validity) = parser::read_carried(client.leaf()).unwrap();
        let accepted = Client::of_content(content, validity, client.leaf());
        assert_eq!(value(&accepted), value(&client));
        assert!(accepted.keyless_certificate().public_key().is_err());
        assert!(accepted.certificate().unwrap().public_key().unwrap().public_eq(&leaf.key));
    }

    /// As an Envoy with `subject`, `cert`, `dns` and `uri` writes it, and the certificate in it.
    fn envoy() -> (Vec<u8>, String) {
        let der = Leaf::new(KeyKind::P256).subject("a").self_signed().certificate.to_der().unwrap();
        let value = format!(
            "By=spiffe://example.org/proxy;{};Subject=\"CN=a \\\"b\\\"\\, c\\\\\";\
             URI=https://a/?b=c;DNS=a.example;DNS=*.example",
            element(&der)
        );
        (der, value)
    }

    #[test]
    fn elements_that_are_read() {
        let (der, whole) = envoy();
        let own = element(&der);
        let (hash, cert) = own.split_once(';').unwrap();
        let pem = escaped_pem(&der);
        for (name, value) in [
            ("as Envoy writes it", whole.clone()),
            ("no other fields", own.clone()),
            ("Cert first", format!("{cert};{hash}")),
            ("others between", format!("{hash};DNS=a;{cert}")),
            ("keys in lower case", own.replace("Hash=", "hash=").replace("Cert=", "cert=")),
            ("keys in capitals", own.replace("Hash=", "HASH=").replace("Cert=", "CERT=")),
            ("digits in capitals", format!("{};{cert}", hash.to_uppercase())),
            ("Hash in quotation marks", format!("Hash=\"{}\";{cert}", &hash[5..])),
            ("Cert without them", format!("{hash};Cert={pem}")),
            ("an empty URI", format!("{own};URI=")),
            ("an empty subject", format!("{own};Subject=\"\"")),
            ("an unknown key", format!("{own};x-A_9=b c")),
            (
                "another's fields within quotation marks",
                format!("{own};Subject=\"a,b;Cert=c;Hash=d\""),
            ),
            ("an escaped quotation mark", format!("{own};Subject=\"a\\\";Cert=b\"")),
            ("an escaped backslash at the end", format!("{own};Subject=\"a\\\\\";DNS=b")),
            ("the chain", format!("{own};Chain=\"{pem}{pem}\"")),
            ("more than ASCII", format!("{own};Subject=\"\u{e9}\";DNS=\u{e9}")),
        ] {
            assert_eq!(decode(value.as_bytes()), Ok(der.clone()), "{name}: {value}");
        }
    }

    #[test]
    fn elements_that_are_not_read() {
        let (der, whole) = envoy();
        let own = element(&der);
        let (hash, cert) = own.split_once(';').unwrap();
        let other = Leaf::new(KeyKind::P256).subject("b").self_signed().certificate;
        let other = element(&other.to_der().unwrap());
        let (other_hash, other_cert) = other.split_once(';').unwrap();
        let (field, several) = ("a field is not key=value", "there is more than one element");
        let (open, place) =
            ("a quotation mark is not closed", "a quotation mark or backslash is out of place");
        for (name, detail, value) in [
            ("no Cert", "Cert is missing", hash.to_owned()),
            ("no Hash", "Hash is missing", cert.to_owned()),
            ("Cert twice", "Cert is there twice", format!("{own};{cert}")),
            (
                "Cert in another case",
                "Cert is there twice",
                format!("{own};{}", cert.replace("Cert", "cERT")),
            ),
            ("another Cert", "Cert is there twice", format!("{own};{other_cert}")),
            ("an empty Cert beside it", "Cert is there twice", format!("Cert=;{own}")),
            ("Hash twice", "Hash is there twice", format!("{own};{hash}")),
            ("another Hash", "Hash is there twice", format!("{other_hash};{own}")),
            ("another's Hash", "Hash is not the SHA-256 of Cert", format!("{other_hash};{cert}")),
            (
                "a Hash cut off",
                "Hash is not the SHA-256 of Cert",
                format!("{};{cert}", &hash[..68]),
            ),
            ("a Hash too long", "Hash is not the SHA-256 of Cert", format!("{hash}0;{cert}")),
            ("an empty Hash", "Hash is not the SHA-256 of Cert", format!("Hash=;{cert}")),
            ("two elements", several, format!("{own},{own}")),
            ("two elements and a space", several, format!("{own}, {own}")),
            ("another element first", several, format!("{other},{own}")),
            ("an element without Cert first", several, format!("By=a,{own}")),
            ("an element without Cert last", several, format!("{own},By=a")),
            ("a comma after it", several, format!("{own},")),
            ("a comma in a URI", several, format!("{own};URI=a,b")),
            ("a comma in front", field, format!(",{own}")),
            ("a semicolon after it", field, format!("{own};")),
            ("a semicolon in front", field, format!(";{own}")),
            ("two semicolons", field, own.replacen(';', ";;", 1)),
            ("no equals sign", field, format!("{own};DNS")),
            ("no key", field, format!("{own};=a")),
            ("a space before a key", field, own.replacen(';', "; ", 1)),
            ("a space after a key", field, own.replacen("Cert=", "Cert =", 1)),
            ("a colon for the equals sign", field, own.replacen("Cert=", "Cert:", 1)),
            ("a key in quotation marks", field, own.replacen("Cert=", "\"Cert\"=", 1)),
            ("quotation marks that are open", open, own[..own.len() - 1].to_owned()),
            ("a subject that is open", open, format!("{own};Subject=\"a")),
            ("a quotation mark at the end", open, format!("{own};Subject=\"")),
            ("an escaped one at the end", open, format!("{own};Subject=\"a\\\"")),
            ("a subject that swallows the rest", open, format!("Subject=\"a\\\";{hash};Cert=x")),
            ("a backslash at the end", open, format!("{own};Subject=\"a\\")),
            ("a quotation mark within", place, format!("{own};DNS=a\"b")),
            ("quotation marks after the start", place, format!("{own};DNS=a\"b\"")),
            ("text after quotation marks", place, format!("{own};Subject=\"a\"b")),
            ("two quoted texts", place, format!("{own};Subject=\"a\"\"b\"")),
            ("a space after quotation marks", place, format!("{own};Subject=\"a\" ;DNS=b")),
            ("a backslash without them", place, format!("{own};DNS=a\\b")),
            ("a line feed", "there is a control character in it", format!("{own};DNS=a\nb")),
            ("a NUL", "there is a control character in it", format!("{own};DNS=\0")),
            ("a tab", "there is a control character in it", format!("{own};\tDNS=a")),
        ] {
            let failure = decode(value.as_bytes()).unwrap_err();
            assert_eq!(failure, MalformedValue::Xfcc.with(detail), "{name}: {value}");
        }
        // Nor has a Cert more than one block, or an escape of the quotation marks'.
        for (name, cert) in [
            ("two blocks", cert.replace("%0A\"", &format!("%0A{}\"", escaped_pem(&der)))),
            ("an escape of quotation marks", cert.replacen("%20", "\\%20", 1)),
            ("base64", format!("Cert=\"{}\"", crate::http::structured_field::base64(&der))),
        ] {
            let failure = decode(format!("{hash};{cert}").as_bytes()).unwrap_err();
            assert_eq!(failure.rejection(), MalformedValue::Pem.into(), "{name}");
        }
        assert!(decode(whole.as_bytes()).is_ok());
    }

    /// What names the client chose, no one of them is taken for the proxy's word.
    #[test]
    fn names_that_would_end_their_field() {
        let (der, _) = envoy();
        let (own, other) = (element(&der), element(b"other"));
        let (other_hash, other_cert) = other.split_once(';').unwrap();
        for name in [
            format!("a;{other_cert}"),
            format!("a;{other_hash};{other_cert}"),
            format!("a,{other}"),
            "a;Hash=b".to_owned(),
            "a;cert=".to_owned(),
            format!("a\";{other}"),
        ] {
            // Envoy does not quote a URI or DNS name, wherever it writes them.
            for value in [format!("{own};URI={name}"), format!("DNS={name};{own}")] {
                assert!(decode(value.as_bytes()).is_err(), "{value}");
            }
        }
    }

    #[test]
    fn marked_by_the_hash() {
        let (der, whole) = envoy();
        let hash = Hex(&certificate::id(&der)).to_string();
        assert_eq!(mark(whole.as_bytes()).unwrap(), &hash.as_bytes()[..MARK]);
        for value in ["", "Hash=", "Hash=0123456789012345678901", "By=a;Cert=b"] {
            assert_eq!(mark(value.as_bytes()), None);
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            der in prop::collection::vec(any::<u8>(), 1..500),
            subject in "[ -~]{0,20}",
            uri in "[a-z:/.?=&#-]{0,20}",
        ) {
            let subject = subject.replace('\\', "\\\\").replace('"', "\\\"");
            let value = format!("{};Subject=\"{subject}\";URI={uri}", element(&der));
            prop_assert_eq!(decode(value.as_bytes()), Ok(der));
        }

        /// Nothing that is put into it makes another certificate of it.
        #[test]
        fn what_is_changed_is_refused_or_the_same(
            at: prop::sample::Index,
            with in "(Cert=|Hash=|[;,=\"\\\\a% ]){0,4}",
            length in 0..3_usize,
        ) {
            let (der, value) = envoy();
            let mut value = value.into_bytes();
            let at = at.index(value.len());
            let end = value.len().min(at + length);
            value.splice(at..end, with.bytes());
            prop_assert!(decode(&value).is_ok_and(|read| read == der) || decode(&value).is_err());
        }

        #[test]
        fn nothing_makes_it_panic(value in "[ -~\r\n\u{80}]{0,80}", octets: Vec<u8>) {
            for value in [value.as_bytes(), &octets] {
                let _ = (decode(value), mark(value));
            }
        }
    }

    /// Each of our own elements, and what it was made of.
    #[test]
    fn our_own_is_read() {
        for name in ["a", "Alice \"A\", of; Example=\\", "\u{e9}"] {
            let leaf = Leaf::new(KeyKind::P256).subject(name).self_signed();
            let client = Client::new(&leaf.certificate, &[]).unwrap();
            let value = value(&client).unwrap();
            assert_eq!(decode(value.as_bytes()).as_deref(), Ok(client.leaf()), "{value}");
        }
    }

    #[test]
    fn without_names_there_is_an_empty_uri() {
        let leaf = Leaf::new(KeyKind::Ed25519).subject("a").self_signed();
        let client = Client::new(&leaf.certificate, &[]).unwrap();
        assert!(value(&client).unwrap().ends_with(";Subject=\"CN=a\";URI="));
    }
}
