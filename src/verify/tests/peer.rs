// SPDX-License-Identifier: Apache-2.0

//! Unsigned values: the TLS peer is verified instead of a signer.

use super::{forge::*, pki::*, *};
use crate::http::structured_field::{base64, byte_sequence};

fn found(
    trust: &Trust,
    value: &str,
    peer: &Identity,
    chain: &[&Identity],
) -> Result<Accepted, Failure> {
    let chain: Vec<_> = chain.iter().map(|issuer| &*issuer.certificate).collect();
    let format = ClientCertFormat::Rfc9440.unsigned();
    trust.verify_peer(format, value.as_bytes(), NOW, &peer.certificate, &chain)
}

#[test]
fn accepted() {
    let world = World::new();
    let World { root, intermediate, ttrp, client, .. } = &world;
    let value = byte_sequence(&der(&client.certificate));
    let crls = [CrlRecipe::new().issued_by(root), CrlRecipe::new().issued_by(intermediate)];
    for (trust, chain) in [
        (world.trust(), &[intermediate][..]),
        (world.trust(), &[root, intermediate]),
        (trust(&[intermediate], &[NAME], None), &[]),
        (trust(&[ttrp], &[NAME], None), &[]),
        (trust(&[root], &["other.example", NAME], Some(&crls)), &[intermediate]),
    ] {
        let accepted = found(&trust, &value, ttrp, chain).unwrap();
        assert_eq!(accepted.client().leaf(), der(&client.certificate));
        assert_eq!(der(accepted.signer()), der(&ttrp.certificate));
        assert_eq!(accepted.signing_time(), None);
    }

    // As others may write it, RFC 8941.
    for rest in 0..3 {
        let certificates = (1..100).map(|length| {
            let client = Recipe::new(client.key.clone(), &"x".repeat(length));
            der(&client.issued_by(intermediate).certificate)
        });
        let der = certificates.into_iter().find(|der| der.len() % 3 == rest).unwrap();
        let value = byte_sequence(&der);
        let unpadded = format!(":{}:", value.trim_matches([':', '=']));
        for value in [
            format!(" {value}  "),
            format!("{value};a;b=\"x\"; c=:Zg:"),
            format!("  {unpadded};v=1 "),
            value,
            unpadded,
        ] {
            let accepted = found(&world.trust(), &value, ttrp, &[intermediate]).unwrap();
            assert_eq!(accepted.client().leaf(), der, "{value}");
        }
    }
}

/// What is written in each format is read in it, and in no other; and so is what is longer, or ends
/// with something else.
#[test]
fn every_format() {
    let world = World::new();
    let World { intermediate, ttrp, client, user, .. } = &world;
    let trust = world.trust();
    let (peer, chain) = (&ttrp.certificate, [&*intermediate.certificate]);
    let verify = |format: UnsignedFormat, value: &str, peer: &X509| {
        trust.verify_peer(format, value.as_bytes(), NOW, peer, &chain)
    };
    let certificate = der(&client.certificate);
    let mut count = 0;
    for format in UnsignedFormat::all() {
        let name = format!("{:?}", format.format());
        let value = format.encode(&certificate);
        let accepted = verify(format, &value, peer).unwrap();
        assert_eq!(accepted.client().leaf(), certificate, "{name}");
        assert_eq!(der(accepted.signer()), der(peer), "{name}");
        assert_eq!(accepted.signing_time(), None, "{name}");
        assert!(accepted.end() <= NOW + 100_000, "{name}");
        // As the client's own writer has it.
        let written = Client::new(&client.certificate, &[]).unwrap();
        let written = format.row().encode(&written).unwrap().unwrap();
        let accepted = verify(format, &written, peer).unwrap();
        assert_eq!(accepted.client().leaf(), certificate, "{name}");

        let of = |octets: &[u8]| format.encode(octets);
        let refused = |what: &str, value: &str| {
            let found = verify(format, value, peer).map(drop).unwrap_err().rejection();
            assert!(matches!(found, Rejection::Malformed(_)), "{name}, {what}: {found:?}");
            found
        };
        for (what, expected, value) in [
            ("empty", MalformedValue::Empty, String::new()),
            ("spaces", MalformedValue::Empty, "  ".to_owned()),
            ("too long", MalformedValue::TooLong, "A".repeat(MAX_VALUE + 1)),
            ("a zero after it", MalformedValue::Content, of(&[&certificate[..], &[0]].concat())),
            ("two certificates", MalformedValue::Content, of(&certificate.repeat(2))),
            ("cut off", MalformedValue::Content, of(&certificate[..certificate.len() - 1])),
            ("signed", MalformedValue::Content, of(&world.forge().build())),
        ] {
            assert_eq!(refused(what, &value), expected.into(), "{name}, {what}");
        }
        refused("a list", &format!("{value},{value}"));
        refused("a list with a space", &format!("{value}, {value}"));
        refused("a list that ends", &format!("{value},"));
        refused("a list that begins", &format!(",{value}"));
        refused("twice", &value.repeat(2));
        refused("a NUL after it", &format!("{value}\0"));
        refused("a line feed after it", &format!("{value}\n"));
        refused("in front of it", &format!("x{value}"));
        for other in UnsignedFormat::all().filter(|other| other.format() != format.format()) {
            let what = format!("as {:?}", other.format());
            refused(&what, &other.encode(&certificate));
        }
        let short = Recipe::new(client.key.clone(), "client").valid(NOW - 100, NOW);
        let expired = of(&der(&short.issued_by(intermediate).certificate));
        let found = verify(format, &expired, peer).unwrap_err().rejection();
        assert_eq!(found, Refusal::CertificateExpired.into(), "{name}");
        let found = verify(format, &value, &user.certificate).unwrap_err().rejection();
        assert_eq!(found, Refusal::SignerName.into(), "{name}");
        count += 1;
    }
    assert_eq!(count, 4);
}

#[test]
fn refused() {
    use MalformedValue::*;
    use Refusal::*;
    let world = World::new();
    let World { root, intermediate, ttrp, client, user } = &world;
    let trust = world.trust();
    let certificate = der(&client.certificate);
    let value = byte_sequence(&certificate);
    let mut cases = Cases::default();

    for (name, expected, value) in [
        ("empty", Empty, String::new()),
        ("nothing but spaces", Empty, "   ".to_owned()),
        ("base64 alone", ByteSequence, base64(&certificate)),
        ("a parameter in capitals", ByteSequence, format!("{value};A")),
        ("a parameter before it", ByteSequence, format!("a={value}")),
        ("a tab after it", ByteSequence, format!("{value}\t")),
        ("a line feed after it", ByteSequence, format!("{value}\n")),
        ("list", ByteSequence, format!("{value}, {value}")),
        ("space inside", Base64, value.replacen('M', " M", 1)),
        ("padding too much", Base64, format!("{}====:", value.trim_end_matches([':', '=']))),
        ("stray character", Base64, value.replacen('M', "!", 1)),
        ("oversize", TooLong, format!(":{}:", "A".repeat(MAX_VALUE))),
        ("no octets", Content, byte_sequence(&[])),
        ("cut off", Content, byte_sequence(&certificate[1..])),
        ("a zero after it", Content, byte_sequence(&[&certificate[..], &[0]].concat())),
        ("two certificates", Content, byte_sequence(&certificate.repeat(2))),
        ("signed", Content, byte_sequence(&world.forge().build())),
        ("in an OCTET STRING", Content, byte_sequence(&octet_string(&certificate))),
    ] {
        cases.add(name, expected, found(&trust, &value, ttrp, &[intermediate]));
    }

    let revoked = [
        CrlRecipe::new().issued_by(root),
        CrlRecipe::new().revoking(&ttrp.certificate).issued_by(intermediate),
    ];
    let other = Recipe::new(KeyKind::P256.generate(), "ttrp").with(dns(&["other.example"]));
    let unfit = Recipe::ttrp(KeyKind::P256).with(extended_key_usage(&[4]));
    let expired = Recipe::ttrp(KeyKind::P256).valid(NOW - 100, NOW);
    for (name, expected, trust, peer, chain) in [
        ("a user", SignerName, world.trust(), user.clone(), &[intermediate][..]),
        ("the client", SignerName, world.trust(), client.clone(), &[intermediate]),
        ("another name", SignerName, world.trust(), other.issued_by(intermediate), &[intermediate]),
        ("another use", SignerUsage, world.trust(), unfit.issued_by(intermediate), &[intermediate]),
        ("expired", SignerExpired, world.trust(), expired.issued_by(root), &[]),
        ("no intermediate", SignerUntrusted, world.trust(), ttrp.clone(), &[]),
        ("a foreign CA", SignerUntrusted, World::new().trust(), ttrp.clone(), &[intermediate]),
        ("no names", SignerName, super::trust(&[root], &[], None), ttrp.clone(), &[intermediate]),
        ("a pin without names", SignerName, super::trust(&[ttrp], &[], None), ttrp.clone(), &[]),
        (
            "revoked",
            SignerRevoked,
            super::trust(&[root], &[NAME], Some(&revoked)),
            ttrp.clone(),
            &[intermediate],
        ),
        (
            "no CRL",
            CrlMissing,
            super::trust(&[root], &[NAME], Some(&revoked[..1])),
            ttrp.clone(),
            &[intermediate],
        ),
    ] {
        cases.add(&format!("peer: {name}"), expected, found(&trust, &value, &peer, chain));
    }
    for (name, expected, valid) in [
        ("client expired", CertificateExpired, (NOW - 100, NOW)),
        ("client not yet valid", CertificateNotYetValid, (NOW + 1, NOW + 100)),
    ] {
        let client = Recipe::new(client.key.clone(), "client").valid(valid.0, valid.1);
        let value = byte_sequence(&der(&client.issued_by(root).certificate));
        cases.add(name, expected, found(&trust, &value, ttrp, &[intermediate]));
    }
    cases.check(26);
}
