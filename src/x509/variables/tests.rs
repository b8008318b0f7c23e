// SPDX-License-Identifier: Apache-2.0

//! Variables of certificates from all over the world. That they are mod_ssl's is tested by
//! tests/t/accept/client_variables.t, which asks a real one about the same kinds of certificates.

use std::collections::{BTreeMap, HashSet};

use openssl::x509::X509;
use proptest::prelude::*;

use super::*;
use crate::{
    testing::{Attribute, Crafted, KeyKind, Leaf, NOW, distinguished_name, extension, tlv},
    x509::parser,
};

const UTF8: u8 = 12;
const NUMERIC: u8 = 18;
const PRINTABLE: u8 = 19;
const T61: u8 = 20;
const IA5: u8 = 22;
const UNIVERSAL: u8 = 28;
const BMP: u8 = 30;

const CN: &[u8] = &[0x55, 4, 3];
const SERIAL_NUMBER: &[u8] = &[0x55, 4, 5];
const C: &[u8] = &[0x55, 4, 6];
const L: &[u8] = &[0x55, 4, 7];
const ST: &[u8] = &[0x55, 4, 8];
const O: &[u8] = &[0x55, 4, 10];
const OU: &[u8] = &[0x55, 4, 11];
const TITLE: &[u8] = &[0x55, 4, 12];
const DESCRIPTION: &[u8] = &[0x55, 4, 13];
const SURNAME: &[u8] = &[0x55, 4, 4];
const GIVEN_NAME: &[u8] = &[0x55, 4, 42];
const INITIALS: &[u8] = &[0x55, 4, 43];
const UID: &[u8] = &[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1];
const DC: &[u8] = &[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25];
const EMAIL: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1];
/// 1.3.6.1.4.1.99999.1
const UNKNOWN: &[u8] = &[0x2b, 6, 1, 4, 1, 0x86, 0x8d, 0x1f, 1];

const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 17];
/// 1.2.3.4
const UNKNOWN_EXTENSION: &[u8] = &[0x2a, 3, 4];
const MS_UPN: &[u8] = &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 20, 2, 3];
const SRV_NAME: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 8, 7];

fn other_name(form: &[u8], value: &[u8]) -> Vec<u8> {
    tlv(0xa0, &[&tlv(6, &[form]), &tlv(0xa0, &[value])])
}

fn email(name: &[u8]) -> Vec<u8> {
    tlv(0x81, &[name])
}

fn dns(name: &[u8]) -> Vec<u8> {
    tlv(0x82, &[name])
}

fn alternative_names(names: &[Vec<u8>]) -> Vec<u8> {
    extension(SUBJECT_ALT_NAME, &tlv(0x30, &[&names.concat()]))
}

fn read(crafted: &Crafted) -> X509 {
    X509::from_der(&crafted.der()).unwrap()
}

fn with(change: impl FnOnce(&mut Crafted)) -> X509 {
    let mut crafted = Crafted::new();
    change(&mut crafted);
    read(&crafted)
}

/// The subject, of relative names with one attribute each.
fn subject(attributes: &[Attribute<'_>]) -> X509 {
    let relative: Vec<_> = attributes.iter().map(std::slice::from_ref).collect();
    with(|crafted| crafted.subject = distinguished_name(&relative))
}

fn names(names: &[Vec<u8>]) -> X509 {
    with(|crafted| crafted.extensions.push(alternative_names(names)))
}

fn source(certificate: &X509Ref) -> Source<'_> {
    let signer = Some(certificate);
    Source { certificate, id: &[0xfb; 32], signer, signing_time: Some(NOW), days_remaining: 7 }
}

/// Bytes as they are read most easily.
fn text(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

fn list(certificate: &X509Ref) -> BTreeMap<String, String> {
    let variables = source(certificate).variables();
    let pairs = variables.list().iter().map(|found| (text(found.name()), text(found.value())));
    let list: BTreeMap<_, _> = pairs.collect();
    assert_eq!(list.len(), variables.list().len(), "a name is there twice");
    list
}

/// What the list has under names that begin so.
fn listed(certificate: &X509Ref, prefix: &str) -> Vec<(String, String)> {
    let found = list(certificate).into_iter();
    found.filter_map(|(name, value)| Some((name.strip_prefix(prefix)?.to_owned(), value))).collect()
}

fn look_up(certificate: &X509Ref, name: &str) -> Option<String> {
    source(certificate).look_up(name.as_bytes()).map(|value| text(&value))
}

#[track_caller]
fn assert_listed(certificate: &X509Ref, prefix: &str, expected: &[(&str, &str)]) {
    let mut expected: Vec<_> =
        expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    expected.sort();
    assert_eq!(listed(certificate, prefix), expected);
}

#[track_caller]
fn assert_looked_up(certificate: &X509Ref, expected: &[(&str, Option<&str>)]) {
    for (name, value) in expected {
        assert_eq!(look_up(certificate, name).as_deref(), *value, "{name}");
    }
}

#[test]
fn all_that_there_are_always() {
    let certificate = read(&Crafted::new());
    let pem = text(&certificate.to_pem().unwrap());
    let expected = [
        ("SSL_CLIENT_A_KEY", "id-ecPublicKey"),
        ("SSL_CLIENT_A_SIG", "ecdsa-with-SHA256"),
        ("SSL_CLIENT_CERT", &pem),
        ("SSL_CLIENT_CERT_RFC4523_CEA", r#"{ serialNumber 1, issuer rdnSequence:\"CN=issuer\" }"#),
        ("SSL_CLIENT_I_DN", "CN=issuer"),
        ("SSL_CLIENT_I_DN_CN", "issuer"),
        ("SSL_CLIENT_M_SERIAL", "01"),
        ("SSL_CLIENT_M_VERSION", "3"),
        ("SSL_CLIENT_S_DN", "CN=subject"),
        ("SSL_CLIENT_S_DN_CN", "subject"),
        ("SSL_CLIENT_VERIFY", "SUCCESS"),
        ("SSL_CLIENT_V_END", "Jan  1 00:00:00 2040 GMT"),
        ("SSL_CLIENT_V_REMAIN", "7"),
        ("SSL_CLIENT_V_START", "Jan  1 00:00:00 2020 GMT"),
        ("CLIENT_CERT_SIGNER_S_DN", "CN=subject"),
        ("CLIENT_CERT_SIGNING_TIME", "2027-01-15T08:00:00Z"),
        ("CLIENT_CERT_VERIFY", "SUCCESS"),
        ("CLIENT_CERT_SHA256", &"fb".repeat(32)),
        ("CLIENT_CERT_X5T_S256", "-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s"),
    ];
    assert_listed(&certificate, "", &expected);
    for (name, value) in expected {
        for name in [name.to_owned(), name.replace("SSL_CLIENT", "Ssl_Client")] {
            assert_eq!(look_up(&certificate, &name).as_deref(), Some(value), "{name}");
        }
    }
    // A bare certificate is not signed.
    let source = Source { signing_time: None, ..source(&certificate) };
    let list = source.variables();
    assert_eq!(list.list().len(), expected.len() - 1);
    assert_eq!(list.find(b"CLIENT_CERT_SIGNING_TIME"), None);
    assert_eq!(source.look_up(b"CLIENT_CERT_SIGNING_TIME"), None);
}

#[test]
fn every_attribute() {
    let certificate = subject(&[
        (C, PRINTABLE, b"JP"),
        (ST, UTF8, b"Tokyo"),
        (L, UTF8, b"Chiyoda"),
        (O, UTF8, b"Org"),
        (OU, UTF8, b"Unit"),
        (CN, UTF8, b"Full Name"),
        (TITLE, UTF8, b"Dr."),
        (INITIALS, UTF8, b"F.N."),
        (GIVEN_NAME, UTF8, b"Full"),
        (SURNAME, UTF8, b"Name"),
        (DESCRIPTION, UTF8, b"A person"),
        (UID, UTF8, b"full"),
        (EMAIL, IA5, b"full@example.org"),
        (SERIAL_NUMBER, PRINTABLE, b"4711"),
        (DC, IA5, b"example"),
        (UNKNOWN, UTF8, b"who"),
    ]);
    let expected = [
        (
            "",
            concat!(
                "1.3.6.1.4.1.99999.1=#0C0377686F,DC=example,serialNumber=4711,",
                "emailAddress=full@example.org,UID=full,description=A person,SN=Name,GN=Full,",
                "initials=F.N.,title=Dr.,CN=Full Name,OU=Unit,O=Org,L=Chiyoda,ST=Tokyo,C=JP",
            ),
        ),
        ("_C", "JP"),
        ("_CN", "Full Name"),
        ("_D", "A person"),
        ("_Email", "full@example.org"),
        ("_G", "Full"),
        ("_I", "F.N."),
        ("_L", "Chiyoda"),
        ("_O", "Org"),
        ("_OU", "Unit"),
        ("_S", "Name"),
        ("_ST", "Tokyo"),
        ("_SerialNumber", "4711"),
        ("_T", "Dr."),
        ("_UID", "full"),
    ];
    assert_listed(&certificate, "SSL_CLIENT_S_DN", &expected);
    for (name, value) in expected {
        let name = format!("SSL_CLIENT_S_DN{name}");
        assert_eq!(look_up(&certificate, &name).as_deref(), Some(value), "{name}");
    }
    assert_looked_up(
        &certificate,
        &[
            // mod_ssl's second name of it, which it does not export.
            ("SSL_CLIENT_S_DN_SP", Some("Tokyo")),
            ("SSL_CLIENT_S_DN_DC", None),
            ("SSL_CLIENT_S_DN_SN", None),
            ("SSL_CLIENT_S_DN_emailAddress", None),
            ("SSL_CLIENT_I_DN_C", None),
        ],
    );
}

#[test]
fn several_of_a_kind_are_numbered() {
    let units: Vec<_> = (0..=12).map(|number| format!("unit {number}")).collect();
    let relative: Vec<_> = units.iter().map(|unit| [(OU, UTF8, unit.as_bytes())]).collect();
    let relative: Vec<&[_]> = relative.iter().map(|relative| &relative[..]).collect();
    let certificate = with(|crafted| crafted.issuer = distinguished_name(&relative));
    for (number, unit) in units.iter().enumerate() {
        let name = format!("SSL_CLIENT_I_DN_OU_{number}");
        assert_eq!(look_up(&certificate, &name).as_deref(), Some(&unit[..]), "{name}");
        // The first has no number in the list.
        let name = if number == 0 { "SSL_CLIENT_I_DN_OU".to_owned() } else { name };
        assert_eq!(list(&certificate)[&name], *unit, "{name}");
    }
    assert_eq!(listed(&certificate, "SSL_CLIENT_I_DN_").len(), units.len());
    assert_looked_up(
        &certificate,
        &[
            ("SSL_CLIENT_I_DN_OU_13", None),
            ("SSL_CLIENT_I_DN_OU_01", Some("unit 1")),
            ("SSL_CLIENT_I_DN_OU_", Some("unit 0")),
            // As an int has them.
            ("SSL_CLIENT_I_DN_OU_4294967297", Some("unit 1")),
            ("SSL_CLIENT_I_DN_OU_2147483648", None),
            ("SSL_CLIENT_I_DN_OU_99999999999999999999", None),
        ],
    );
}

#[test]
fn relative_names_of_several_values() {
    let certificate = with(|crafted| {
        crafted.subject = distinguished_name(&[
            &[(O, UTF8, b"Org"), (OU, UTF8, b"a"), (OU, UTF8, b"b")],
            &[(CN, UTF8, b"x"), (UID, UTF8, b"y"), (EMAIL, IA5, b"z@z")],
        ]);
    });
    assert_listed(
        &certificate,
        "SSL_CLIENT_S_DN",
        &[
            ("", "emailAddress=z@z+UID=y+CN=x,OU=b+OU=a+O=Org"),
            ("_CN", "x"),
            ("_Email", "z@z"),
            ("_O", "Org"),
            ("_OU", "a"),
            ("_OU_1", "b"),
            ("_UID", "y"),
        ],
    );
}

#[test]
fn strings_of_every_type() {
    for (type_, value, converted, raw, whole) in [
        (
            UTF8,
            "Müller 日本語".as_bytes(),
            "Müller 日本語",
            "M\u{fffd}ller \\U65E5\\U672C\\U8A9E",
            "Müller 日本語",
        ),
        (PRINTABLE, b"@_*", "@_*", "@_*", "@_*"),
        (NUMERIC, b"12 3", "12 3", "12 3", "12 3"),
        (T61, b"caf\xe9", "café", "caf\u{fffd}", "café"),
        (IA5, b"\x80\xe9", "\u{80}é", "\u{fffd}\u{fffd}", "\u{80}é"),
        (BMP, b"\0G\0\xfc\x65\xe5", "Gü日", "G\u{fffd}\\U65E5", "Gü日"),
        (UNIVERSAL, b"\0\0\0a\0\x01\xf6\0", "a😀", "a\\W0001F600", "a😀"),
        (UTF8, b"admin\0.example", "admin\\00.example", "admin\\00.example", "admin\\00.example"),
        (
            UTF8,
            b"a\nb\tc\x7f\x1b[31m",
            "a\\0Ab\\09c\\7F\\1B[31m",
            "a\\0Ab\\09c\\7F\\1B[31m",
            "a\\0Ab\\09c\\7F\\1B[31m",
        ),
        (
            UTF8,
            b" #a,b+c\"d\\e<f>g;h= ",
            " #a,b+c\"d\\\\e<f>g;h= ",
            " #a,b+c\"d\\\\e<f>g;h= ",
            "\\ #a\\,b\\+c\\\"d\\\\e\\<f\\>g\\;h=\\ ",
        ),
        // What is no string is printed octet by octet, and as a whole in hexadecimal digits.
        (0x30, b"\x0c\x01i", "0\\03\\0C\\01i", "0\\03\\0C\\01i", "#30030C0169"),
        (3, b"\0\xa5", "\u{a5}", "\u{fffd}", "#030200A5"),
    ] {
        let certificate = subject(&[(CN, type_, value)]);
        let name = format!("type {type_} {}", value.escape_ascii());
        let value = |name: &[u8]| {
            let value = source(&certificate).look_up(name).unwrap();
            String::from_utf8_lossy(&value).into_owned()
        };
        assert_eq!(value(b"SSL_CLIENT_S_DN_CN"), converted, "{name}");
        assert_eq!(value(b"SSL_CLIENT_S_DN_CN_RAW"), raw, "{name}");
        assert_eq!(value(b"SSL_CLIENT_S_DN"), format!("CN={whole}"), "{name}");
        let found = source(&certificate).variables();
        let found = String::from_utf8_lossy(found.find(b"SSL_CLIENT_S_DN_CN").unwrap());
        assert_eq!(found, converted, "{name}");
    }
}

#[test]
fn empty_names_and_values() {
    let certificate = with(|crafted| crafted.subject = distinguished_name(&[]));
    assert_listed(&certificate, "SSL_CLIENT_S_DN", &[]);
    assert_looked_up(&certificate, &[("SSL_CLIENT_S_DN", None), ("SSL_CLIENT_S_DN_CN", None)]);

    // An attribute that is empty is there; a name without a value is not.
    let certificate = subject(&[(CN, UTF8, b""), (O, PRINTABLE, b""), (CN, UTF8, b"second")]);
    let expected = [("", "CN=second,O=,CN="), ("_CN", ""), ("_CN_1", "second"), ("_O", "")];
    assert_listed(&certificate, "SSL_CLIENT_S_DN", &expected);
    assert_looked_up(&certificate, &[("SSL_CLIENT_S_DN_O", None)]);

    // An issuer without a name ends the assertion.
    let certificate = with(|crafted| crafted.issuer = distinguished_name(&[]));
    assert_listed(&certificate, "SSL_CLIENT_I_DN", &[]);
    let assertion = r#"{ serialNumber 1, issuer rdnSequence:\""#;
    assert_looked_up(&certificate, &[("SSL_CLIENT_CERT_RFC4523_CEA", Some(assertion))]);
    assert_eq!(list(&certificate)["SSL_CLIENT_CERT_RFC4523_CEA"], assertion);
}

/// In the exact assertion, octets that are not ASCII are escaped.
#[test]
fn issuer_of_the_exact_assertion() {
    let certificate =
        with(|crafted| crafted.issuer = distinguished_name(&[&[(O, T61, b"\"caf\xe9\"")]]));
    assert_eq!(
        list(&certificate)["SSL_CLIENT_CERT_RFC4523_CEA"],
        text(br#"{ serialNumber 1, issuer rdnSequence:"O=\"caf\C3\A9\"" }"#)
    );
    assert_eq!(list(&certificate)["SSL_CLIENT_I_DN"], text("O=\\\"café\\\"".as_bytes()));
}

#[test]
fn serial_numbers() {
    let long: Vec<u8> = (1..=40).collect();
    let broken =
        "0102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F20212223\\\\\\n2425262728";
    for (number, hexadecimal, decimal) in [
        (&[0][..], "00", "0"),
        (&[1], "01", "1"),
        (&[0, 0xff, 0xee], "FFEE", "65518"),
        (&[0xff, 1], "-FF", "-255"),
        (&[0x80], "-80", "-128"),
        (
            &[0x7f; 20],
            "7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F7F",
            "727885129180488904360266563744972327436484050815",
        ),
        // Broken into lines.
        (&long, broken, ""),
    ] {
        let certificate = with(|crafted| crafted.serial = tlv(2, &[number]));
        let list = list(&certificate);
        assert_eq!(list["SSL_CLIENT_M_SERIAL"], hexadecimal);
        let assertion = &list["SSL_CLIENT_CERT_RFC4523_CEA"];
        assert!(assertion.starts_with(&format!("{{ serialNumber {decimal}")), "{assertion}");
    }
}

#[test]
fn versions() {
    for (version, expected) in [
        (vec![], "1"),
        (tlv(0xa0, &[&tlv(2, &[&[1]])]), "2"),
        (tlv(0xa0, &[&tlv(2, &[&[4]])]), "5"),
        (tlv(0xa0, &[&tlv(2, &[&[0x7f]])]), "128"),
        // As C prints them.
        (tlv(0xa0, &[&tlv(2, &[&[0xff]])]), "0"),
        (tlv(0xa0, &[&tlv(2, &[&[0xfe]])]), "18446744073709551615"),
    ] {
        let certificate = with(|crafted| crafted.version = version);
        assert_eq!(list(&certificate)["SSL_CLIENT_M_VERSION"], expected);
    }
}

#[test]
fn times() {
    for (tag, time, expected) in [
        (23, &b"500101000000Z"[..], "Jan  1 00:00:00 1950 GMT"),
        (23, b"491231235959Z", "Dec 31 23:59:59 2049 GMT"),
        (23, b"000229010203Z", "Feb 29 01:02:03 2000 GMT"),
        (24, b"20500101000000Z", "Jan  1 00:00:00 2050 GMT"),
        (24, b"99991231235959Z", "Dec 31 23:59:59 9999 GMT"),
    ] {
        let time = tlv(tag, &[time]);
        let certificate = with(|crafted| {
            crafted.not_before.clone_from(&time);
            crafted.not_after = time;
        });
        for name in ["SSL_CLIENT_V_START", "SSL_CLIENT_V_END"] {
            assert_eq!(list(&certificate)[name], expected);
        }
    }
}

#[test]
fn algorithms() {
    let unknown = tlv(0x30, &[&tlv(6, &[UNKNOWN])]);
    let certificate = with(|crafted| {
        crafted.algorithm.clone_from(&unknown);
        crafted.key = tlv(0x30, &[&unknown, &tlv(3, &[&[0, 1]])]);
    });
    assert_eq!(list(&certificate)["SSL_CLIENT_A_SIG"], "UNKNOWN");
    assert_eq!(list(&certificate)["SSL_CLIENT_A_KEY"], "UNKNOWN");
    for (kind, key, signature) in [
        (KeyKind::Rsa(2048), "rsaEncryption", "sha256WithRSAEncryption"),
        (KeyKind::RsaPss, "rsassaPss", "rsassaPss"),
        (KeyKind::Ed25519, "ED25519", "ED25519"),
    ] {
        let list = list(&Leaf::new(kind).self_signed().certificate);
        assert_eq!(
            (&list["SSL_CLIENT_A_KEY"][..], &list["SSL_CLIENT_A_SIG"][..]),
            (key, signature)
        );
    }
}

#[test]
fn alternative_names_of_every_kind() {
    let certificate = names(&[
        email(b"a@example.org"),
        dns(b"a.example.org"),
        tlv(0x86, &[b"https://example.org/"]),
        tlv(0x87, &[&[127, 0, 0, 1]]),
        tlv(0x88, &[UNKNOWN_EXTENSION]),
        tlv(0xa4, &[&distinguished_name(&[])]),
        email(b"b@example.org"),
        dns(b"*.example.org"),
        dns(b"nul\0.example"),
        other_name(MS_UPN, &tlv(UTF8, &[b"user@example.org"])),
        other_name(SRV_NAME, &tlv(IA5, &[b"_ldap.example.org"])),
        other_name(UNKNOWN, &tlv(UTF8, &[b"unknown"])),
        other_name(MS_UPN, &tlv(UTF8, &["Müller".as_bytes()])),
    ]);
    assert_listed(
        &certificate,
        "SSL_CLIENT_SAN_",
        &[
            ("DNS_0", "a.example.org"),
            ("DNS_1", "*.example.org"),
            ("DNS_2", "nul\\\\00.example"),
            ("Email_0", "a@example.org"),
            ("Email_1", "b@example.org"),
            ("OTHER_msUPN_0", "user@example.org"),
            ("OTHER_msUPN_1", "M\\xc3\\xbcller"),
        ],
    );
    assert_looked_up(
        &certificate,
        &[
            ("SSL_CLIENT_SAN_DNS_1", Some("*.example.org")),
            ("ssl_client_san_dns_0001", Some("*.example.org")),
            ("SSL_CLIENT_SAN_DNS_00001", None),
            ("SSL_CLIENT_SAN_DNS_3", None),
            ("SSL_CLIENT_SAN_DNS", None),
            ("SSL_CLIENT_SAN_DNS_", None),
            ("SSL_CLIENT_SAN_DNS_-1", None),
            ("SSL_CLIENT_SAN_DNS_1_RAW", None),
            ("SSL_CLIENT_SAN_eMAIL_1", Some("b@example.org")),
            ("SSL_CLIENT_SAN_other_msUPN_0", Some("user@example.org")),
            ("SSL_CLIENT_SAN_OTHER_MSUPN_0", None),
            ("SSL_CLIENT_SAN_OTHER_dnsSRV_0", Some("_ldap.example.org")),
            ("SSL_CLIENT_SAN_URI_0", None),
            ("SSL_CLIENT_SAN_IP_0", None),
        ],
    );
}

/// The list numbers values only; who asks by name, all names of the kind.
#[test]
fn alternative_names_without_a_value() {
    let certificate = names(&[
        dns(b""),
        dns(b"b.example"),
        other_name(MS_UPN, &tlv(IA5, &[b"of another type"])),
        other_name(MS_UPN, &tlv(5, &[])),
        other_name(MS_UPN, &tlv(1, &[&[0xff]])),
        other_name(MS_UPN, &tlv(UTF8, &[b""])),
        other_name(MS_UPN, &tlv(UTF8, &[b"user@example"])),
        other_name(SRV_NAME, &tlv(UTF8, &[b"_of.another.type"])),
    ]);
    let expected = [("DNS_0", "b.example"), ("OTHER_msUPN_0", "user@example")];
    assert_listed(&certificate, "SSL_CLIENT_SAN_", &expected);
    assert_looked_up(
        &certificate,
        &[
            ("SSL_CLIENT_SAN_DNS_0", None),
            ("SSL_CLIENT_SAN_DNS_1", Some("b.example")),
            ("SSL_CLIENT_SAN_OTHER_msUPN_0", None),
            ("SSL_CLIENT_SAN_OTHER_msUPN_4", Some("user@example")),
            ("SSL_CLIENT_SAN_OTHER_dnsSRV_0", None),
        ],
    );
    // Nor does the list answer for them.
    assert_eq!(source(&certificate).variables().find(b"SSL_CLIENT_SAN_DNS_0"), None);
    assert_eq!(source(&certificate).variables().find(b"ssl_client_SAN_DNS_0"), None);
}

#[test]
fn alternative_names_that_cannot_be_read() {
    let good = alternative_names(&[dns(b"a.example")]);
    for (name, extensions) in [
        ("damaged", vec![extension(SUBJECT_ALT_NAME, b"\x30\x05\x82\x01a")]),
        ("no sequence", vec![extension(SUBJECT_ALT_NAME, &tlv(5, &[]))]),
        ("nothing", vec![extension(SUBJECT_ALT_NAME, b"")]),
        ("there twice", vec![good.clone(), good]),
    ] {
        let certificate = with(|crafted| crafted.extensions = extensions);
        assert_listed(&certificate, "SSL_CLIENT_SAN_", &[]);
        assert_eq!(look_up(&certificate, "SSL_CLIENT_SAN_DNS_0"), None, "{name}");
    }
}

#[test]
fn extensions() {
    let certificate = with(|crafted| {
        crafted.extensions = vec![
            alternative_names(&[dns(b"a.example"), email(b"a@example")]),
            extension(UNKNOWN_EXTENSION, &tlv(UTF8, &["grün".as_bytes()])),
            extension(UNKNOWN_EXTENSION, &tlv(BMP, &[b"\x65\xe5"])),
            // A C string ends there.
            extension(UNKNOWN_EXTENSION, &tlv(IA5, &[b"a\0b"])),
            extension(UNKNOWN_EXTENSION, &tlv(UTF8, &[b""])),
            extension(UNKNOWN_EXTENSION, &tlv(5, &[])),
        ];
    });
    let found = |name: &CStr| {
        let found = source(&certificate).extensions(name);
        found.iter().map(|value| String::from_utf8_lossy(value).into_owned()).collect::<Vec<_>>()
    };
    for name in [c"subjectAltName", c"2.5.29.17", c"X509v3 Subject Alternative Name"] {
        assert_eq!(found(name), ["DNS:a.example, email:a@example"], "{name:?}");
    }
    assert_eq!(found(c"1.2.3.4"), ["grün", "日", "a", ""]);
    for name in [c"", c"basicConstraints", c"1.2.3", c"no such", c"1.2.3.4.5", c"commonName"] {
        assert!(found(name).is_empty(), "{name:?}");
    }
}

#[test]
fn names_as_mod_ssl_reads_them() {
    let certificate = read(&Crafted::new());
    for name in [
        "SSL_CLIENT_S_DN_CN",
        "ssl_client_S_dn_CN",
        "SSL_CLIENT_S_DN_CN_0",
        "SSL_CLIENT_S_DN_CN_",
        "SSL_CLIENT_S_DN_CN_RAW",
        "SSL_CLIENT_S_DN_CN_0_RAW",
        "SSL_CLIENT_S_DN_CN__RAW",
        "SSL_CLIENT_S_DN",
        "SSL_CLIENT_S_dn",
        "SSL_CLIENT_M_SERIAL",
        "Ssl_Client_m_serial",
        "SSL_CLIENT_CERT",
        "client_cert_verify",
    ] {
        assert!(look_up(&certificate, name).is_some(), "{name}");
    }
    for name in [
        "",
        "SSL_CLIENT",
        "SSL_CLIENT_",
        "SSL_CLIENTS_DN",
        "SSL_SERVER_S_DN",
        "SSL_CLIENT_s_DN",
        "SSL_CLIENT_s_DN_CN",
        "SSL_CLIENT_X_DN",
        "SSL_CLIENT_S_DN_",
        "SSL_CLIENT_S_DNS",
        "SSL_CLIENT_S_DN_cn",
        "SSL_CLIENT_S_DN_CN_1",
        "SSL_CLIENT_S_DN_CN_raw",
        "SSL_CLIENT_S_DN_CN_RAW_0",
        "SSL_CLIENT_S_DN_CN_RAW_RAW",
        "SSL_CLIENT_S_DN_CN_1x",
        "SSL_CLIENT_S_DN_CN_-1",
        "SSL_CLIENT_S_DN_CN_0_0",
        "SSL_CLIENT_S_DN__RAW",
        "SSL_CLIENT_S_DN_RAW",
        "SSL_CLIENT_S_DN_CNX",
        "SSL_CLIENT_M_SERIAL_",
        "SSL_CLIENT_M_",
        "SSL_CLIENT_CERT_CHAIN_0",
        "SSL_CLIENT_B64CERT",
        "SSL_CLIENT_SAN_",
        "CLIENT_CERT_",
        "CLIENT_CERT_VERIFY_",
        "CLIENT_CERT_SIGNER_I_DN",
        "DN",
        "S_DN",
    ] {
        assert_eq!(look_up(&certificate, name), None, "{name}");
    }
}

#[test]
fn identity_variables() {
    for name in [
        "SSL_CLIENT_S_DN",
        "SSL_CLIENT_I_DN",
        "SSL_CLIENT_M_SERIAL",
        "SSL_CLIENT_CERT",
        "SSL_CLIENT_CERT_RFC4523_CEA",
        "ssl_client_m_serial",
        "ssl_client_S_DN_CN",
        "SSL_CLIENT_S_DN_CN_3",
        "SSL_CLIENT_S_DN_CN_RAW",
        "SSL_CLIENT_S_DN_CN_3_RAW",
        "SSL_CLIENT_I_DN_SP",
        "SSL_CLIENT_S_DN_SerialNumber",
        "SSL_CLIENT_SAN_Email_0",
        "SSL_CLIENT_SAN_DNS_12",
        "SSL_CLIENT_SAN_OTHER_msUPN_0",
        "SSL_CLIENT_SAN_OTHER_dnsSRV_0",
        "SSL_CLIENT_SAN_DNS_2147483647",
        "SSL_CLIENT_s_DN_CN",
    ] {
        assert!(identifies(name.as_bytes()), "{name}");
    }
    for name in [
        "",
        "S_DN",
        "SSL_CLIENT_",
        "SSL_CLIENT_VERIFY",
        "SSL_CLIENT_M_VERSION",
        "SSL_CLIENT_V_START",
        "SSL_CLIENT_V_END",
        "SSL_CLIENT_V_REMAIN",
        "SSL_CLIENT_A_KEY",
        "SSL_CLIENT_A_SIG",
        "SSL_CLIENT_S_DN_",
        "SSL_CLIENT_S_DNS",
        "SSL_CLIENT_S_DN_cn",
        "SSL_CLIENT_S_DN_DC",
        "SSL_CLIENT_S_DN_CN_",
        "SSL_CLIENT_S_DN_CN_x",
        "SSL_CLIENT_S_DN_CN_1x",
        "SSL_CLIENT_S_DN_CN_RAW_1",
        "SSL_CLIENT_S_DN_CN_RAW_RAW",
        "SSL_CLIENT_S_DN_CN_1_2",
        "SSL_CLIENT_S_DN_CN_2147483648",
        "SSL_CLIENT_S_DN__RAW",
        "SSL_CLIENT_SAN_DNS",
        "SSL_CLIENT_SAN_DNS_",
        "SSL_CLIENT_SAN_DNS_x",
        "SSL_CLIENT_SAN_DNS_2147483648",
        "SSL_CLIENT_SAN_DNS_0_RAW",
        "SSL_CLIENT_SAN_dns_0",
        "SSL_CLIENT_SAN_URI_0",
        "SSL_CLIENT_CERTS",
        "CLIENT_CERT_SIGNER_S_DN",
        "CLIENT_CERT_VERIFY",
        "SSL_SERVER_S_DN",
    ] {
        assert!(!identifies(name.as_bytes()), "{name}");
    }
}

/// No key is looked at: without it the variables are the same.
#[test]
fn keyless_certificate_will_do() {
    for kind in [KeyKind::Rsa(2048), KeyKind::P256, KeyKind::Ed448] {
        let with_key = Leaf::new(kind).self_signed().certificate;
        let keyless = parser::read(&with_key.to_der().unwrap()).unwrap();
        assert!(keyless.as_x509().public_key().is_err());
        assert_eq!(list(keyless.as_x509()), list(&with_key), "{kind:?}");
    }
}

#[test]
fn bound_of_what_a_list_takes() {
    let repeated = |attribute: Attribute<'_>, count| {
        let one = [attribute];
        distinguished_name(&vec![&one[..]; count])
    };
    // international-organizations, the type whose OID is shortest for its name.
    const SHORT: &[u8] = &[0x67];
    for (name, certificate) in [
        ("the usual", read(&Crafted::new())),
        ("short names", names(&vec![dns(b"a"); 5000])),
        ("control characters in names", names(&[dns(&[1; 9000])])),
        ("otherNames", names(&vec![other_name(MS_UPN, &tlv(UTF8, &[b"x"])); 3000])),
        (
            "not counted",
            with(|crafted| {
                let length = [0x30, 0x84, 0, 0, 0x0f, 0xa0];
                let octets = [&length[..], &dns(b"ab").repeat(1000)].concat();
                crafted.extensions = vec![extension(SUBJECT_ALT_NAME, &octets)];
            }),
        ),
        ("short units", with(|crafted| crafted.subject = repeated((OU, UTF8, b"a"), 5000))),
        ("empty units", with(|crafted| crafted.issuer = repeated((OU, UTF8, b""), 5000))),
        ("control characters", with(|crafted| crafted.issuer = repeated((O, UTF8, &[1; 900]), 9))),
        ("eight bits", with(|crafted| crafted.issuer = repeated((O, T61, &[0xe9; 900]), 9))),
        ("short types", with(|crafted| crafted.issuer = repeated((SHORT, UTF8, b""), 5000))),
        ("no strings", with(|crafted| crafted.issuer = repeated((CN, 3, &[0; 900]), 9))),
        ("serial number", with(|crafted| crafted.serial = tlv(2, &[&[0x7f; 2000]]))),
    ] {
        let source = source(&certificate);
        let bytes = source.variables().bytes();
        let most = source.most_bytes(certificate.to_der().unwrap().len());
        assert!(bytes <= most, "{name}: {bytes} of {most}");
        // As near as it need be.
        assert!(most < 6 * bytes + 4096, "{name}: {bytes} of {most}");
    }
}

/// Names of attributes and of values as they may come, and as they should not.
fn any_name() -> impl Strategy<Value = Vec<u8>> {
    let types = prop::sample::select(vec![
        CN,
        O,
        OU,
        C,
        L,
        ST,
        TITLE,
        SURNAME,
        GIVEN_NAME,
        UID,
        DC,
        EMAIL,
        SERIAL_NUMBER,
        UNKNOWN,
        &[0x67],
    ]);
    let tags = prop::sample::select(vec![
        UTF8, NUMERIC, PRINTABLE, T61, IA5, UNIVERSAL, BMP, 3, 4, 0x30, 2, 26,
    ]);
    let value = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40),
        "[ -~]{0,20}".prop_map(String::into_bytes),
        ".{0,20}".prop_map(String::into_bytes),
    ];
    let relative = prop::collection::vec((types, tags, value), 1..3);
    prop::collection::vec(relative, 0..6).prop_map(|relative| {
        let relative: Vec<Vec<_>> = relative
            .iter()
            .map(|attributes| {
                attributes.iter().map(|(type_, tag, value)| (*type_, *tag, &value[..])).collect()
            })
            .collect();
        let relative: Vec<_> = relative.iter().map(|attributes| &attributes[..]).collect();
        distinguished_name(&relative)
    })
}

fn any_alternative_names() -> impl Strategy<Value = Vec<u8>> {
    let value = || prop::collection::vec(any::<u8>(), 0..30);
    let tags = prop::sample::select(vec![UTF8, IA5, BMP, 5, 2, 0x30]);
    let forms = prop::sample::select(vec![MS_UPN, SRV_NAME, UNKNOWN]);
    let name = prop_oneof![
        value().prop_map(|value| email(&value)),
        value().prop_map(|value| dns(&value)),
        (prop::sample::select(vec![0x83, 0x86, 0x87, 0x88, 0xa4, 0xa5]), value())
            .prop_map(|(tag, value)| tlv(tag, &[&value])),
        (forms, tags, value())
            .prop_map(|(form, tag, value)| other_name(form, &tlv(tag, &[&value]))),
    ];
    prop::collection::vec(name, 0..8).prop_map(|names| alternative_names(&names))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn whatever_openssl_reads(
        subject in any_name(),
        issuer in any_name(),
        extensions in prop::collection::vec(any_alternative_names(), 0..2),
        serial in prop::collection::vec(any::<u8>(), 1..60),
    ) {
        let serial = tlv(2, &[&serial]);
        let der = Crafted { subject, issuer, extensions, serial, ..Crafted::new() }.der();
        let Ok(certificate) = X509::from_der(&der) else { return Ok(()) };
        let source = source(&certificate);
        let variables = source.variables();
        prop_assert!(variables.bytes() <= source.most_bytes(der.len()));
        let mut seen = HashSet::new();
        for variable in variables.list() {
            let (name, value) = (variable.name(), variable.value());
            prop_assert!(seen.insert(name), "{} twice", text(name));
            prop_assert!(name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_'));
            // Lines there are where mod_ssl has them, and no control character besides.
            let lines = matches!(name, b"SSL_CLIENT_CERT" | b"SSL_CLIENT_M_SERIAL");
            prop_assert!(value.iter().all(|byte| !byte.is_ascii_control() || lines && *byte == b'\n'));
            // By its name it is the same; but for the numbers of names without a value.
            if !text(name).starts_with("SSL_CLIENT_SAN_") {
                prop_assert_eq!(source.look_up(name).unwrap_or_default(), value, "{}", text(name));
                prop_assert_eq!(variables.find(name), Some(value));
            }
        }
        // What is listed of alternative names is what is found by name, in this order.
        for kind in ["Email", "DNS", "OTHER_msUPN"] {
            let listed: Vec<_> = (0..8)
                .map_while(|n| {
                    let name = format!("SSL_CLIENT_SAN_{kind}_{n}");
                    let mut list = variables.list().iter();
                    list.find(|found| found.name() == name.as_bytes()).map(|found| found.value().to_vec())
                })
                .collect();
            let found: Vec<_> = (0..8)
                .filter_map(|n| source.look_up(format!("SSL_CLIENT_SAN_{kind}_{n}").as_bytes()))
                .collect();
            prop_assert_eq!(listed, found, "{}", kind);
        }
    }

    #[test]
    fn whatever_is_asked_for(
        start in prop::sample::select(vec!["", "SSL_CLIENT_", "SSL_CLIENT_S_DN_", "SSL_CLIENT_SAN_DNS_", "CLIENT_CERT_"]),
        rest in prop_oneof![prop::collection::vec(1_u8.., 0..20), "[A-Z_0-9]{0,12}".prop_map(String::into_bytes)],
    ) {
        let name = [start.as_bytes(), &rest].concat();
        let certificate = names(&[dns(b"a.example")]);
        let value = source(&certificate).look_up(&name);
        if let Some(found) = source(&certificate).variables().find(&name) {
            prop_assert_eq!(value.as_deref(), Some(found));
        }
        prop_assert!(source(&certificate).extensions(&std::ffi::CString::new(name).unwrap()).is_empty());
    }
}
