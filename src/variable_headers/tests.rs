// SPDX-License-Identifier: Apache-2.0

use std::{ptr, sync::Barrier, thread};

use openssl::{sha::sha256, x509::X509};
use proptest::prelude::*;

use super::*;
use crate::{
    asn1::time::DAY,
    client::Client,
    testing::{Crafted, KeyKind, Leaf, NOW, distinguished_name, extension, tlv},
    verify::accepted::Accepted,
};

const UTF8: u8 = 12;
const T61: u8 = 20;
const CN: &[u8] = &[0x55, 4, 3];
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 17];

fn headers(of: &[(&CStr, &str)]) -> VariableHeaders {
    let mut headers = VariableHeaders::default();
    for (header, variable) in of {
        assert_eq!(headers.add(header, variable.as_bytes()), Ok(()), "{header:?} {variable}");
    }
    headers
}

fn client(change: impl FnOnce(&mut Crafted)) -> Client {
    let mut crafted = Crafted::new();
    change(&mut crafted);
    Client::new(&X509::from_der(&crafted.der()).unwrap(), &[]).unwrap()
}

fn named(tag: u8, name: &[u8]) -> Client {
    client(|crafted| crafted.subject = distinguished_name(&[&[(CN, tag, name)]]))
}

fn pairs(list: &Variables) -> Vec<(String, String)> {
    let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
    list.list().iter().map(|found| (text(found.name()), text(found.value()))).collect()
}

#[track_caller]
fn assert_sent(client: &Client, variable: &str, expected: Result<Option<&str>, Error>) {
    let headers = headers(&[(c"X-Value", variable)]);
    let sent = client.variable_headers(&headers, NOW);
    match expected {
        Ok(value) => {
            let value = value.map(|value| ("X-Value".to_owned(), value.to_owned()));
            assert_eq!(pairs(&sent.unwrap()), Vec::from_iter(value), "{variable}");
        }
        Err(error) => {
            assert_eq!(sent.unwrap_err(), NotSendable { header: c"X-Value", error }, "{variable}");
        }
    }
}

#[test]
fn names() {
    for name in [
        "SSL_CLIENT_VERIFY",
        "SSL_CLIENT_M_SERIAL",
        "ssl_client_v_remain",
        "SSL_CLIENT_S_DN",
        "SSL_CLIENT_I_DN_O",
        "SSL_CLIENT_S_DN_OU_12",
        "SSL_CLIENT_S_DN_CN_RAW",
        "SSL_CLIENT_S_DN_CN_1_RAW",
        "SSL_CLIENT_S_DN_SP",
        "SSL_CLIENT_S_DN_OU_2147483647",
        "SSL_CLIENT_SAN_DNS_0",
        "ssl_client_san_email_9",
        "SSL_CLIENT_SAN_OTHER_dnsSRV_0",
        "SSL_CLIENT_CERT_RFC4523_CEA",
        "CLIENT_CERT_SHA256",
        "client_cert_x5t_s256",
    ] {
        assert_eq!(VariableHeaders::default().add(c"X-Name", name.as_bytes()), Ok(()), "{name}");
    }
    for (names, error) in [
        (
            &[
                "",
                "SSL_CLIENT_",
                "S_DN",
                "SSL_SERVER_S_DN",
                "SSL_CLIENT_s_DN",
                "SSL_CLIENT_S_DN_",
                "SSL_CLIENT_S_DN_CN_",
                "SSL_CLIENT_S_DN_CN_x",
                "SSL_CLIENT_S_DN_CN_2147483648",
                "SSL_CLIENT_S_DN_CN_4294967296_RAW",
                "SSL_CLIENT_SAN_DNS",
                "SSL_CLIENT_SAN_DNS_",
                "SSL_CLIENT_SAN_DNS_10000",
                "SSL_CLIENT_SAN_URI_0",
                "SSL_CLIENT_CERT_CHAIN_",
                "SSL_CLIENT_CERT_CHAIN_x",
                "CLIENT_CERT_VERIFY",
                "CLIENT_CERT_SIGNER_S_DN",
                "CLIENT_CERT_SIGNING_TIME",
                "CLIENT_CERT_SHA256_",
                "HTTPS",
            ][..],
            Error::VariableUnknown,
        ),
        (
            &["SSL_CLIENT_CERT", "ssl_client_cert", "SSL_CLIENT_CERT_CHAIN_0"],
            Error::VariableOfSeveralLines,
        ),
    ] {
        for name in names {
            let mut added = VariableHeaders::default();
            let expected = Err(NotAdded::Variable(error));
            assert_eq!(added.add(c"X-Name", name.as_bytes()), expected, "{name}");
        }
    }
}

#[test]
fn two_headers_of_one_name() {
    let mut headers = headers(&[(c"X-Other", "SSL_CLIENT_I_DN"), (c"X-Name", "SSL_CLIENT_S_DN")]);
    for name in [c"X-Name", c"x-name", c"X_NAME", c"x.name"] {
        assert_eq!(headers.add(name, b"SSL_CLIENT_A_KEY"), Err(NotAdded::Same(c"X-Name")));
    }
    assert_eq!(headers.add(c"X-Name-", b"SSL_CLIENT_A_KEY"), Ok(()));
    let sent = client(|_| ()).variable_headers(&headers, NOW).unwrap();
    let expected =
        [("X-Other", "CN=issuer"), ("X-Name", "CN=subject"), ("X-Name-", "id-ecPublicKey")];
    assert_eq!(pairs(&sent), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

#[test]
fn digests() {
    let client = client(|_| ());
    let digest = sha256(client.leaf());
    let hex: String = digest.iter().map(|octet| format!("{octet:02x}")).collect();
    assert_sent(&client, "CLIENT_CERT_SHA256", Ok(Some(&hex)));
    let base64 = openssl::base64::encode_block(&digest);
    let base64url: String = base64
        .chars()
        .filter_map(|c| match c {
            '+' => Some('-'),
            '/' => Some('_'),
            '=' => None,
            other => Some(other),
        })
        .collect();
    assert_eq!(base64url.len(), 43);
    assert_sent(&client, "CLIENT_CERT_X5T_S256", Ok(Some(&base64url)));
}

#[test]
fn exactly_or_not_at_all() {
    let sent = |tag, name: &[u8], variable, expected| {
        assert_sent(&named(tag, name), variable, expected);
    };
    const NAME: &str = "SSL_CLIENT_S_DN_CN";
    sent(UTF8, b"name", NAME, Ok(Some("name")));
    sent(UTF8, b"a b", NAME, Ok(Some("a b")));
    sent(UTF8, b"", NAME, Ok(None));
    sent(UTF8, "\u{c5}\u{a0}".as_bytes(), NAME, Ok(Some(r"\xc3\x85\xc2\xa0")));
    // Those of ASCII are escaped, by mod_ssl as well.
    sent(UTF8, b"a\nb\\0Ab\0\x7f", NAME, Ok(Some(r"a\\0Ab\\\\0Ab\\00\\7F")));
    for control in ["\u{80}", "\u{85}", "\u{9f}"] {
        let name = format!("a{control}b");
        sent(UTF8, name.as_bytes(), NAME, Err(Error::VariableControl));
        sent(UTF8, name.as_bytes(), "SSL_CLIENT_S_DN", Err(Error::VariableControl));
    }
    sent(T61, b"a\x85b", NAME, Err(Error::VariableControl));
    sent(T61, b"a\x85b", "SSL_CLIENT_S_DN_CN_RAW", Err(Error::VariableControl));
    sent(T61, b"a\xe9b", "SSL_CLIENT_S_DN_CN_RAW", Ok(Some(r"a\xe9b")));
    for name in [" a", "a ", " ", "  "] {
        sent(UTF8, name.as_bytes(), NAME, Err(Error::VariableSpace));
    }
    // Of a whole name the last one may be a space, too, if an escaped one.
    sent(UTF8, b" a", "SSL_CLIENT_S_DN", Ok(Some(r"CN=\\ a")));
    sent(UTF8, b"a ", "SSL_CLIENT_S_DN", Err(Error::VariableSpace));
    assert_sent(&named(UTF8, &[b'a'; MAX_VALUE]), NAME, Ok(Some(&"a".repeat(MAX_VALUE))));
    sent(UTF8, &[b'a'; MAX_VALUE + 1], NAME, Err(Error::EncodedTooLong));
    for absent in ["SSL_CLIENT_S_DN_O", "SSL_CLIENT_S_DN_CN_1", "SSL_CLIENT_SAN_DNS_0"] {
        sent(UTF8, b"name", absent, Ok(None));
    }
}

#[test]
fn what_openssl_breaks_off() {
    // OpenSSL breaks a long number into lines.
    let long = client(|crafted| crafted.serial = tlv(2, &[&[7; 36]]));
    assert_sent(&long, "SSL_CLIENT_M_SERIAL", Err(Error::VariableControl));
    let short = client(|crafted| crafted.serial = tlv(2, &[&[7; 35]]));
    assert_sent(&short, "SSL_CLIENT_M_SERIAL", Ok(Some(&"07".repeat(35))));
    let nameless = client(|crafted| crafted.issuer = distinguished_name(&[]));
    assert_sent(&nameless, "SSL_CLIENT_I_DN", Ok(None));
    assert_sent(&nameless, "SSL_CLIENT_CERT_RFC4523_CEA", Err(Error::VariableIncomplete));
    let names = |names: &[&[u8]]| {
        client(|crafted| {
            let extensions = names.iter().map(|octets| extension(SUBJECT_ALT_NAME, octets));
            crafted.extensions = extensions.collect();
        })
    };
    let name = tlv(0x30, &[&tlv(0x82, &[b"a.example"])]);
    assert_sent(&names(&[&name]), "SSL_CLIENT_SAN_DNS_0", Ok(Some("a.example")));
    for unreadable in [names(&[&name, &name]), names(&[b"nonsense"])] {
        assert_sent(&unreadable, "SSL_CLIENT_SAN_DNS_0", Err(Error::VariableIncomplete));
        assert_sent(&unreadable, "SSL_CLIENT_S_DN_CN", Ok(Some("subject")));
    }
    assert!(!accepted(nameless).variables().are_complete());
    assert!(!accepted(names(&[&name, &name])).variables().are_complete());
    assert!(accepted(names(&[&name])).variables().are_complete());
    // SAFETY: takes no arguments.
    assert_eq!(unsafe { openssl_sys::ERR_peek_last_error() }, 0);
}

fn accepted(client: Client) -> Accepted {
    let signer = Leaf::new(KeyKind::P256).self_signed().certificate;
    Accepted::new(client, signer, None, NOW, NOW + 300)
}

#[test]
fn without_a_client() {
    let headers = headers(&[
        (c"X-Name", "SSL_CLIENT_S_DN"),
        (c"X-Verify", "SSL_CLIENT_VERIFY"),
        (c"X-Digest", "CLIENT_CERT_SHA256"),
        (c"X-Again", "ssl_client_verify"),
    ]);
    for (unverified, value) in [(Unverified::None, "NONE"), (Unverified::Failed, "FAILED")] {
        let expected = ["X-Verify", "X-Again"].map(|name| (name.to_owned(), value.to_owned()));
        assert_eq!(pairs(headers.without_client(unverified)), expected);
    }
    let sent = client(|_| ()).variable_headers(&headers, NOW).unwrap();
    assert!(pairs(&sent).contains(&("X-Verify".to_owned(), "SUCCESS".to_owned())));
}

#[test]
fn made_once_for_a_client() {
    let client = client(|_| ());
    let (one, other) = (headers(&[(c"X-Name", "SSL_CLIENT_S_DN")]), headers(&[]));
    let made = client.variable_headers(&one, NOW).unwrap();
    assert_eq!(pairs(&client.variable_headers(&other, NOW).unwrap()), []);
    for now in [NOW, NOW - 100, NOW + 100 * DAY] {
        assert!(Arc::ptr_eq(&made, &client.variable_headers(&one, now).unwrap()));
    }
    client.last_sent().poison();
    assert!(Arc::ptr_eq(&made, &client.variable_headers(&one, NOW).unwrap()));
    // Those that were made longest ago go.
    let many: Vec<_> = (0..3 * MAX_SENT).map(|_| headers(&[])).collect();
    for headers in &many {
        client.variable_headers(headers, NOW).unwrap();
        assert!(client.last_sent().len() <= MAX_SENT);
    }
    assert!(!Arc::ptr_eq(&made, &client.variable_headers(&one, NOW).unwrap()));
}

#[test]
fn days_that_remain() {
    let leaf = Leaf::new(KeyKind::P256).valid(NOW - DAY, NOW + 3 * DAY).self_signed();
    let client = Client::new(&leaf.certificate, &[]).unwrap();
    let headers = headers(&[(c"X-Days", "SSL_CLIENT_V_REMAIN")]);
    let days = |now| pairs(&client.variable_headers(&headers, now).unwrap())[0].1.clone();
    // The clock is put back in between, too.
    for (now, expected) in
        [(0, "3"), (1, "2"), (DAY, "2"), (DAY + 1, "1"), (0, "3"), (3 * DAY - 1, "0")]
    {
        assert_eq!(days(NOW + now), expected, "{now}");
    }
    let made = client.variable_headers(&headers, NOW + 1).unwrap();
    assert!(Arc::ptr_eq(&made, &client.variable_headers(&headers, NOW + DAY).unwrap()));
}

#[test]
fn threads_get_the_same() {
    let client = client(|_| ());
    let headers = headers(&[(c"X-Name", "SSL_CLIENT_S_DN"), (c"X-Days", "SSL_CLIENT_V_REMAIN")]);
    let barrier = Barrier::new(16);
    let expected = pairs(&client.variable_headers(&headers, NOW).unwrap());
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                barrier.wait();
                for _ in 0..100 {
                    assert_eq!(pairs(&client.variable_headers(&headers, NOW).unwrap()), expected);
                }
            });
        }
    });
}

#[test]
fn others_are_others() {
    // A list in the place of one that is gone is another one.
    let client = client(|_| ());
    let mut places = Vec::new();
    for n in 0..8 {
        let name = if n % 2 == 0 { "SSL_CLIENT_S_DN" } else { "SSL_CLIENT_I_DN" };
        let headers = Box::new(headers(&[(c"X-Name", name)]));
        places.push(ptr::from_ref(&*headers) as usize);
        let expected = if n % 2 == 0 { "CN=subject" } else { "CN=issuer" };
        assert_eq!(pairs(&client.variable_headers(&headers, NOW).unwrap())[0].1, expected);
    }
}

const EVERY: [&str; 22] = [
    "SSL_CLIENT_VERIFY",
    "SSL_CLIENT_M_VERSION",
    "SSL_CLIENT_M_SERIAL",
    "SSL_CLIENT_S_DN",
    "SSL_CLIENT_I_DN",
    "SSL_CLIENT_S_DN_CN",
    "SSL_CLIENT_S_DN_CN_0",
    "SSL_CLIENT_S_DN_CN_1",
    "SSL_CLIENT_S_DN_CN_RAW",
    "SSL_CLIENT_I_DN_CN",
    "SSL_CLIENT_SAN_DNS_0",
    "SSL_CLIENT_SAN_DNS_1",
    "SSL_CLIENT_SAN_Email_0",
    "SSL_CLIENT_SAN_OTHER_msUPN_0",
    "SSL_CLIENT_V_START",
    "SSL_CLIENT_V_END",
    "SSL_CLIENT_V_REMAIN",
    "SSL_CLIENT_A_KEY",
    "SSL_CLIENT_A_SIG",
    "SSL_CLIENT_CERT_RFC4523_CEA",
    "CLIENT_CERT_SHA256",
    "CLIENT_CERT_X5T_S256",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// A value that is sent is the variable; one that is not is none that a header has. An accepted
    /// client's are a TLS client's.
    #[test]
    fn whatever_openssl_reads(
        attributes in prop::collection::vec(
            (prop::sample::select(vec![UTF8, T61, 19, 22, 28, 30, 3, 0x30]), prop::collection::vec(any::<u8>(), 0..20)),
            0..4,
        ),
        names in prop::collection::vec(
            (prop::sample::select(vec![0x81, 0x82, 0x86]), prop::collection::vec(any::<u8>(), 0..12)), 0..4,
        ),
        serial in prop::collection::vec(any::<u8>(), 1..60),
    ) {
        let attributes: Vec<_> = attributes.iter().map(|(tag, value)| [(CN, *tag, &value[..])]).collect();
        let relative: Vec<_> = attributes.iter().map(|attribute| &attribute[..]).collect();
        let names: Vec<_> = names.iter().map(|(tag, name)| tlv(*tag, &[name])).collect();
        let crafted = Crafted {
            subject: distinguished_name(&relative),
            issuer: distinguished_name(&relative),
            serial: tlv(2, &[&serial]),
            extensions: vec![extension(SUBJECT_ALT_NAME, &tlv(0x30, &[&names.concat()]))],
            ..Crafted::new()
        };
        let Ok(certificate) = X509::from_der(&crafted.der()) else { return Ok(()) };
        let Ok(client) = Client::new(&certificate, &[]) else { return Ok(()) };
        let copy = Client::new(&certificate, &[]).unwrap();
        let accepted = accepted(copy);
        for name in EVERY {
            let headers = headers(&[(c"X-Value", name)]);
            let value = accepted.variable(name.as_bytes()).unwrap_or_default();
            let sent = client.variable_headers(&headers, NOW);
            match &sent {
                Ok(sent) => {
                    let values: Vec<_> = sent.list().iter().map(|found| found.value()).collect();
                    let expected: Vec<_> = Some(&*value).into_iter().filter(|value| !value.is_empty()).collect();
                    prop_assert_eq!(values, expected, "{}", name);
                    prop_assert!(value.iter().all(|octet| !octet.is_ascii_control()), "{}", name);
                    prop_assert_eq!(value.trim_ascii(), &*value, "{}", name);
                }
                Err(NotSendable { error: Error::VariableControl, .. }) => {
                    prop_assert!(value.iter().any(|&octet| char::from(octet).is_control()), "{}", name);
                }
                Err(NotSendable { error: Error::VariableSpace, .. }) => {
                    prop_assert!(value.trim_ascii() != &*value, "{}", name);
                }
                Err(NotSendable { error, .. }) => prop_assert_eq!(*error, Error::VariableIncomplete, "{}", name),
            }
            let again = accepted.variable_headers(&headers);
            prop_assert_eq!(
                sent.map(|sent| pairs(&sent)), again.map(|again| pairs(&again)), "{}", name
            );
        }
    }
}
