// SPDX-License-Identifier: Apache-2.0

//! One element of Envoy's X-Forwarded-Client-Cert: who the client is, as a proxy sees it.

use std::{ffi::c_int, fmt::Write, ptr::null_mut};

use foreign_types::{ForeignType, ForeignTypeRef};
use openssl::{
    stack::{Stack, StackRef},
    x509::{GeneralName, X509Ref},
};

use crate::{
    client::Client, error::Error, format::escaped_pem::escaped_pem,
    x509::distinguished_name::rfc2253,
};

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
    let names = subject_alt_names(certificate)?;
    let uris = names_of(names.as_deref(), openssl_sys::GEN_URI)?;
    let mut element = String::from("Hash=");
    for byte in client.id() {
        // Writing to a String does not fail.
        let _ = write!(element, "{byte:02x}");
    }
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

/// The subjectAltNames, if there are any. OpenSSL has none, too, where they are there twice or cannot
/// be read.
fn subject_alt_names(certificate: &X509Ref) -> Result<Option<Stack<GeneralName>>, Error> {
    const ABSENT: c_int = -1;
    let mut critical = ABSENT;
    // SAFETY: a valid certificate. What is returned is a stack of GENERAL_NAMEs, and the caller's.
    unsafe {
        let names = openssl_sys::X509_get_ext_d2i(
            certificate.as_ptr(),
            openssl_sys::NID_subject_alt_name,
            &raw mut critical,
            null_mut(),
        );
        match (names.is_null(), critical) {
            (false, _) => Ok(Some(Stack::from_ptr(names.cast()))),
            (true, ABSENT) => Ok(None),
            (true, _) => Err(Error::CertificateNotRepresentable),
        }
    }
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

#[cfg(test)]
mod tests {
    use openssl::{
        asn1::{Asn1Object, Asn1OctetString},
        x509::{X509, X509Extension, extension::SubjectAlternativeName},
    };

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

    #[test]
    fn without_names_there_is_an_empty_uri() {
        let leaf = Leaf::new(KeyKind::Ed25519).subject("a").self_signed();
        let client = Client::new(&leaf.certificate, &[]).unwrap();
        assert!(value(&client).unwrap().ends_with(";Subject=\"CN=a\";URI="));
    }
}
