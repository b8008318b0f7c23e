// SPDX-License-Identifier: Apache-2.0

//! What is said of a value that is not accepted, to the letter.

use openssl::sha::sha256;

use super::{forge::*, pki::*, *};
use crate::{cms::oid, printable::Hex};

/// The words for what is said of this value.
fn said(found: Result<Accepted, Failure>) -> String {
    found.err().map_or("accepted".to_owned(), |failure| failure.to_string())
}

#[test]
fn attributes() {
    let world = World::new();
    let trust = world.trust();
    let unknown = &[0x2a, 3, 0x81, 0x48][..];
    let twice = "a signed attribute is there twice";
    let malformed = "a signed attribute has not exactly one value, or not one of its type";
    let missing = "one of the attributes contentType, messageDigest and signingTime is missing";
    let null = |kind: &'static [u8]| move |forge: &mut Forge| forge.set(kind, &[NULL]);
    for (kind, name) in [
        (oid::CONTENT_TYPE, "contentType"),
        (oid::MESSAGE_DIGEST, "messageDigest"),
        (oid::SIGNING_TIME, "signingTime"),
        (oid::SIGNING_CERTIFICATE_V2, "signingCertificateV2"),
        (oid::ALGORITHM_PROTECTION, "CMSAlgorithmProtection"),
        (unknown, "1.2.3.200"),
    ] {
        let said = |change: &dyn Fn(&mut Forge)| {
            let mut forge = world.forge();
            forge.set(unknown, &[NULL]);
            change(&mut forge);
            said(verify(&trust, &forge.build(), None))
        };
        assert_eq!(said(&|forge| forge.twice(kind)), format!("{twice}: {name}"));
        assert_eq!(said(&|forge| forge.set(kind, &[])), format!("{malformed}: {name}"));
        let two: [&[u8]; 2] = [NULL, NULL];
        assert_eq!(said(&|forge| forge.set(kind, &two)), format!("{malformed}: {name}"));
        let removed = said(&|forge| forge.remove(kind));
        if [oid::CONTENT_TYPE, oid::MESSAGE_DIGEST, oid::SIGNING_TIME].contains(&kind) {
            assert_eq!(removed, format!("{missing}: {name}"));
        } else {
            assert_eq!(removed, "accepted", "{name}");
        }
        if kind != unknown {
            assert_eq!(said(&null(kind)), format!("{malformed}: {name}"));
        }
    }
}

#[test]
fn digests() {
    let world = World::new();
    let trust = world.trust();
    let mut forge = world.forge();
    forge.set(oid::MESSAGE_DIGEST, &[&octet_string(b"\x00\xff another")]);
    let wanted = sha256(&der(&world.client.certificate));
    assert_eq!(
        said(verify(&trust, &forge.build(), None)),
        format!(
            "the messageDigest attribute is not the digest of the content: SHA-256 of the \
             content is {}, the attribute 00ff20616e6f74686572",
            Hex(&wanted)
        )
    );
    // One of any length, and no longer line for it.
    forge.set(oid::MESSAGE_DIGEST, &[&octet_string(&[0xab; 10_000])]);
    let said = said(verify(&trust, &forge.build(), None));
    assert!(said.contains(" abab") && said.ends_with("...") && said.len() < 500, "{said}");
}

#[test]
fn names() {
    let world = World::new();
    let none = "the signer's certificate has none of the trusted names";
    for (name, extension, expected) in [
        ("no names", None, "it has none"),
        ("no DNS name", Some(subject_alt_name(&[(1, b"a@example")])), "it has none"),
        ("one", Some(dns(&["ttrp.test"])), "it has ttrp.test"),
        ("several", Some(dns(&["a.test", "*.test"])), "it has a.test, *.test"),
        // Whoever has a certificate of the CA writes no line of ours.
        ("a line feed", Some(dns(&["a\n[error] b", "\\"])), "it has a\\x0a[error] b, \\\\"),
    ] {
        let recipe = Recipe::new(KeyKind::P256.generate(), "ttrp");
        let recipe = extension.into_iter().fold(recipe, Recipe::with);
        let forge = world.forge_by(&recipe.issued_by(&world.intermediate));
        let said = said(verify(&world.trust(), &forge.build(), None));
        assert_eq!(said, format!("{none}: {expected}"), "{name}");
    }
    let many: Vec<String> = (0..1000).map(|number| format!("{number}.example")).collect();
    let many: Vec<&str> = many.iter().map(|name| &name[..]).collect();
    let recipe = Recipe::new(KeyKind::P256.generate(), "ttrp").with(dns(&many));
    let forge = world.forge_by(&recipe.issued_by(&world.intermediate));
    let said = said(verify(&world.trust(), &forge.build(), None));
    assert!(said.starts_with(&format!("{none}: it has 0.example, 1.example, ")), "{said}");
    assert!(said.ends_with("...") && said.len() < 500, "{said}");
}

#[test]
fn no_names_are_trusted() {
    let world = World::new();
    let nameless = trust(&[&world.root], &[], None);
    let said = said(verify(&nameless, &world.forge().build(), None));
    let expected = "the signer's certificate has none of the trusted names: none is trusted here";
    assert_eq!(said, expected);
}
