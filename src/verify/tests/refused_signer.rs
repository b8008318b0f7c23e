// SPDX-License-Identifier: Apache-2.0

//! Values that are well formed and signed, by a signer that must not be accepted.

use openssl::hash::MessageDigest;

use super::{forge::*, pki::*, *};
use crate::{
    asn1::der::{element, tag},
    cms::oid,
};

use Refusal::*;

/// A value signed by `signer` with this chain.
fn signed(
    world: &World,
    signer: &Identity,
    chain: &[&Identity],
    trust: &Trust,
) -> Result<Accepted, Failure> {
    let value = Forge::new(signer, chain, &world.client.certificate).build();
    verify(trust, &value, None)
}

#[test]
fn keys() {
    let world = World::new();
    let trust = world.trust();
    let mut cases = Cases::default();
    for (kind, expected) in [
        (KeyKind::Rsa(1024), SignerKeyTooSmall),
        (KeyKind::Rsa(2040), SignerKeyTooSmall),
        (KeyKind::RsaPss, SignerKeyUnsupported),
        (KeyKind::P256Explicit, SignerKeyUnsupported),
        (KeyKind::Secp256k1, SignerKeyUnsupported),
        (KeyKind::Ed448, SignerKeyUnsupported),
        (KeyKind::Dsa, SignerKeyUnsupported),
    ] {
        let signer = Recipe::ttrp(kind).issued_by(&world.intermediate);
        let found = signed(&world, &signer, &[&world.intermediate], &trust);
        cases.add(&format!("{kind:?}"), expected, found);
        let pinned = super::trust(&[&signer], &[], None);
        cases.add(&format!("{kind:?}, pinned"), expected, signed(&world, &signer, &[], &pinned));
    }
    cases.check(14);
}

#[test]
fn paths() {
    let world = World::new();
    let trust = world.trust();
    let World { root, intermediate, ttrp, .. } = &world;
    let mut cases = Cases::default();
    let server = || Recipe::ttrp(KeyKind::P256);

    // Whose certificate it is.
    let foreign = World::new();
    for (name, expected, signer, chain) in [
        ("self-signed", SignerUntrusted, server().self_signed(), vec![]),
        ("of a foreign CA", SignerUntrusted, foreign.ttrp.clone(), vec![&foreign.intermediate]),
        ("of a foreign CA with its root", SignerUntrusted, foreign.ttrp.clone(), {
            vec![&foreign.intermediate, &foreign.root]
        }),
        ("of a foreign CA, with our intermediate", SignerUntrusted, foreign.ttrp.clone(), {
            vec![&foreign.intermediate, intermediate]
        }),
        ("intermediate missing", SignerUntrusted, ttrp.clone(), vec![]),
        ("another intermediate", SignerUntrusted, ttrp.clone(), vec![&foreign.intermediate]),
        ("a user of the same CA", SignerName, world.user.clone(), vec![intermediate]),
        ("the client for himself", SignerName, world.client.clone(), vec![intermediate]),
    ] {
        cases.add(name, expected, signed(&world, &signer, &chain, &trust));
    }
    cases.add("issued by a user", SignerUntrusted, {
        let signer = server().issued_by(&world.user);
        signed(&world, &signer, &[&world.user, intermediate], &trust)
    });
    cases.add("issued by the server", SignerUntrusted, {
        signed(&world, &server().issued_by(ttrp), &[ttrp, intermediate], &trust)
    });
    cases.add("a root's name and another's key", SignerUntrusted, {
        let mimic = Recipe::ca("root").self_signed();
        signed(&world, &server().issued_by(&mimic), &[&mimic], &trust)
    });
    cases.add("an intermediate's name and another's key", SignerUntrusted, {
        let mimic = Recipe::ca("intermediate").issued_by(&foreign.root);
        signed(&world, &server().issued_by(&mimic), &[&mimic], &trust)
    });
    cases.add("a certificate whose signature is damaged", SignerUntrusted, {
        let mut signer = ttrp.clone();
        let mut der = der(&signer.certificate);
        *der.last_mut().unwrap() ^= 1;
        signer.certificate = X509::from_der(&der).unwrap();
        signed(&world, &signer, &[intermediate], &trust)
    });

    // When it is valid.
    let valid =
        |recipe: Recipe, not_before, not_after| recipe.valid(NOW + not_before, NOW + not_after);
    for (name, expected, signer) in [
        ("signer expired", SignerExpired, valid(server(), -1000, -1)),
        ("signer that expires now", SignerExpired, valid(server(), -1000, 0)),
        ("signer not yet valid", SignerNotYetValid, valid(server(), 1, 1000)),
    ] {
        let signer = signer.issued_by(intermediate);
        cases.add(name, expected, signed(&world, &signer, &[intermediate], &trust));
        let pinned = super::trust(&[&signer], &[], None);
        cases.add(&format!("pinned {name}"), expected, signed(&world, &signer, &[], &pinned));
    }
    for (name, not_before, not_after) in [("expired", -1000, -1), ("not yet valid", 1, 1000)] {
        let upper = valid(Recipe::ca("upper"), not_before, not_after).issued_by(root);
        let signer = server().issued_by(&upper);
        cases.add(&format!("intermediate {name}"), ChainOutsideValidity, {
            signed(&world, &signer, &[&upper], &trust)
        });
        let anchor = valid(Recipe::ca("anchor"), not_before, not_after).self_signed();
        let signer = server().issued_by(&anchor);
        cases.add(&format!("anchor {name}"), ChainOutsideValidity, {
            signed(&world, &signer, &[], &super::trust(&[&anchor], &[NAME], None))
        });
    }

    // What the path is made of.
    cases.add("certificate signed with SHA-1", ChainWeak, {
        let signer = server().digest(MessageDigest::sha1()).issued_by(intermediate);
        signed(&world, &signer, &[intermediate], &trust)
    });
    cases.add("certificate signed with MD5", ChainWeak, {
        let issuer = Recipe { key: KeyKind::Rsa(2048).generate(), ..Recipe::ca("RSA") };
        let issuer = issuer.issued_by(root);
        let signer = server().digest(MessageDigest::md5()).issued_by(&issuer);
        signed(&world, &signer, &[&issuer], &trust)
    });
    cases.add("intermediate signed with SHA-1", ChainWeak, {
        let upper = Recipe::ca("upper").digest(MessageDigest::sha1()).issued_by(root);
        signed(&world, &server().issued_by(&upper), &[&upper], &trust)
    });
    for (name, trusted) in [("intermediate", false), ("anchor", true)] {
        cases.add(&format!("{name} with RSA 1024"), ChainWeak, {
            let weak = Recipe { key: KeyKind::Rsa(1024).generate(), ..Recipe::ca("weak") };
            let weak = weak.issued_by(root);
            let anchors: &[&Identity] = if trusted { &[&weak] } else { &[root] };
            let trust = super::trust(anchors, &[NAME], None);
            signed(&world, &server().issued_by(&weak), &[&weak], &trust)
        });
    }
    let bad_ca = |name: &str, recipe: Recipe, cases: &mut Cases| {
        let upper = recipe.issued_by(root);
        let found = signed(&world, &server().issued_by(&upper), &[&upper], &trust);
        cases.add(name, SignerUntrusted, found);
    };
    let key = || KeyKind::P256.generate();
    bad_ca("intermediate that is no CA", Recipe::new(key(), "upper"), &mut cases);
    bad_ca(
        "intermediate that is explicitly no CA",
        Recipe::new(key(), "upper").with(extension("2.5.29.19", true, &sequence(&[]))),
        &mut cases,
    );
    bad_ca(
        "intermediate that may not sign certificates",
        Recipe::new(key(), "upper").with(basic_constraints(None)).with(key_usage(&[0, 6])),
        &mut cases,
    );
    bad_ca(
        "intermediate with an unknown critical extension",
        Recipe::ca("upper").with(extension("1.2.3.4", true, NULL)),
        &mut cases,
    );
    bad_ca(
        "intermediate for other names",
        Recipe::ca("upper").with({
            let subtree = sequence(&[&element(0x82, &[b"other.example"])]);
            extension("2.5.29.30", true, &sequence(&[&element(tag::CONTEXT_0, &[&subtree])]))
        }),
        &mut cases,
    );
    cases.add("path longer than an intermediate allows", SignerUntrusted, {
        let upper = Recipe::new(key(), "upper").with(basic_constraints(Some(0)));
        let upper = upper.with(key_usage(&[5, 6])).issued_by(root);
        let lower = Recipe::ca("lower").issued_by(&upper);
        signed(&world, &server().issued_by(&lower), &[&upper, &lower], &trust)
    });
    cases.check(34);
}

#[test]
fn names_and_uses() {
    let world = World::new();
    let trust = world.trust();
    let World { root, intermediate, .. } = &world;
    let mut cases = Cases::default();
    let bare = |subject: &str| Recipe::new(KeyKind::P256.generate(), subject).with(key_usage(&[0]));
    let mut add = |name: &str, expected: Refusal, recipe: Recipe| {
        let signer = recipe.issued_by(intermediate);
        cases.add(name, expected, signed(&world, &signer, &[intermediate], &trust));
    };

    add("no name", SignerName, bare("ttrp"));
    add("common name alone", SignerName, bare(NAME));
    for (name, names) in [
        ("another name", &["other.example"][..]),
        ("wildcard", &["*.example"]),
        ("the domain above", &["example"]),
        ("a domain below", &["a.ttrp.example"]),
        ("name that ends alike", &["attrp.example"]),
        ("name that begins alike", &["ttrp.example.com"]),
        ("name with a dot at the end", &["ttrp.example."]),
        ("name with a dot at the start", &[".ttrp.example"]),
        ("name with a NUL after it", &["ttrp.example\0"]),
        ("name with a NUL and another", &["ttrp.example\0.evil.example"]),
        ("name with a space", &[" ttrp.example"]),
        ("empty name", &[""]),
        ("no names, but the extension", &[]),
    ] {
        add(name, SignerName, bare(NAME).with(dns(names)));
    }
    for (name, kind) in [("mailbox", 1), ("URI", 6), ("address", 7)] {
        let names = subject_alt_name(&[(kind, NAME.as_bytes())]);
        add(&format!("name as a {name}"), SignerName, bare("ttrp").with(names));
    }

    // A name that has to be a URI, and none of these is it.
    let uri = "spiffe://example.org/proxy";
    for (name, names) in [
        ("a URI in capitals", &[(6, &b"spiffe://example.org/Proxy"[..])][..]),
        ("a trust domain in capitals", &[(6, b"spiffe://Example.org/proxy")]),
        ("a scheme in capitals", &[(6, b"SPIFFE://example.org/proxy")]),
        ("another path", &[(6, b"spiffe://example.org/other")]),
        ("a path below", &[(6, b"spiffe://example.org/proxy/a")]),
        ("a path above", &[(6, b"spiffe://example.org")]),
        ("a slash after it", &[(6, b"spiffe://example.org/proxy/")]),
        ("an escape", &[(6, b"spiffe://example.org/%70roxy")]),
        ("a NUL after it", &[(6, b"spiffe://example.org/proxy\0")]),
        ("a space after it", &[(6, b"spiffe://example.org/proxy ")]),
        ("octets that are no text", &[(6, b"spiffe://example.org/proxy\xff")]),
        ("an empty URI", &[(6, b"")]),
        ("the same URI twice", &[(6, uri.as_bytes()), (6, uri.as_bytes())]),
        ("another URI beside it", &[(6, uri.as_bytes()), (6, b"spiffe://example.org/other")]),
        ("another URI before it", &[(6, b"https://a.example/"), (6, uri.as_bytes())]),
        ("an empty URI beside it", &[(6, uri.as_bytes()), (6, b"")]),
        ("a URI that is no text beside it", &[(6, b"\xff"), (6, uri.as_bytes())]),
        ("the URI as a DNS name", &[(2, uri.as_bytes())]),
        ("the URI as a mailbox", &[(1, uri.as_bytes())]),
        ("the DNS name that is trusted no more", &[(2, NAME.as_bytes())]),
        ("no names but the extension, for a URI", &[]),
    ] {
        let recipe = bare("ttrp").with(subject_alt_name(names));
        let (signer, trust) = (recipe.issued_by(intermediate), super::trust(&[root], &[uri], None));
        let found = signed(&world, &signer, &[intermediate], &trust);
        let as_peer = trust.verify_peer(
            ClientCertFormat::Der.unsigned(),
            ClientCertFormat::Der.unsigned().encode(&der(&world.client.certificate)).as_bytes(),
            NOW,
            &signer.certificate,
            &[&*intermediate.certificate],
        );
        cases.add(&format!("{name}, who signs"), SignerName, found);
        cases.add(&format!("{name}, as a peer"), SignerName, as_peer);
    }
    let mut add = |name: &str, expected: Refusal, recipe: Recipe| {
        let signer = recipe.issued_by(intermediate);
        cases.add(name, expected, signed(&world, &signer, &[intermediate], &trust));
    };

    let named = || Recipe::new(KeyKind::P256.generate(), "ttrp").with(dns(&[NAME]));
    for (name, bits) in [
        ("keyUsage keyEncipherment", &[2][..]),
        ("keyUsage nonRepudiation", &[1]),
        ("keyUsage keyAgreement", &[4]),
    ] {
        add(name, SignerUsage, named().with(key_usage(bits)));
    }
    for (name, purposes) in [
        ("codeSigning", &[3][..]),
        ("emailProtection", &[4]),
        ("timeStamping", &[8]),
        ("OCSPSigning", &[9]),
        ("an unknown purpose", &[99]),
    ] {
        add(name, SignerUsage, named().with(key_usage(&[0])).with(extended_key_usage(purposes)));
    }
    add("any purpose", SignerUsage, named().with(key_usage(&[0])).with(any_extended_key_usage()));
    add("no purpose, but the extension", SignerUsage, named().with(extended_key_usage(&[])));
    add("unknown critical extension", SignerUntrusted, {
        named().with(extension("1.2.3.4", true, NULL))
    });
    add("keyUsage that cannot be read", SignerUntrusted, {
        named().with(extension("2.5.29.15", true, NULL))
    });
    add("names that cannot be read", SignerUntrusted, {
        bare("ttrp").with(extension("2.5.29.17", false, NULL))
    });
    add("a CA that is no anchor", SignerIsCa, {
        named().with(basic_constraints(None)).with(key_usage(&[0, 5, 6]))
    });

    // Anchors that sign.
    let ca = |name: &str| {
        let recipe = Recipe::new(KeyKind::P256.generate(), name);
        recipe.with(basic_constraints(None)).with(dns(&[NAME]))
    };
    let anchor = ca("anchor").with(key_usage(&[0, 5, 6])).self_signed();
    signed(&world, &anchor, &[], &super::trust(&[&anchor], &[NAME], None)).unwrap();
    let plain = |name| Recipe::new(KeyKind::P256.generate(), name).with(basic_constraints(None));
    for (name, expected, anchor, names) in [
        ("anchor that is a CA, without names", SignerName, anchor, &[][..]),
        ("anchor with another name", SignerName, plain("anchor").self_signed(), &[NAME]),
        (
            "anchor that may not",
            SignerUsage,
            ca("a").with(key_usage(&[5, 6])).self_signed(),
            &[NAME],
        ),
    ] {
        let found = signed(&world, &anchor, &[], &super::trust(&[&anchor], names, None));
        cases.add(name, expected, found);
    }
    cases.add("no names where the anchor is a CA", SignerName, {
        signed(&world, &world.ttrp, &[intermediate], &super::trust(&[root], &[], None))
    });
    cases.add("no names where an anchor is a CA, and another the signer", SignerName, {
        signed(&world, &world.ttrp, &[], &super::trust(&[root, &world.ttrp], &[], None))
    });
    cases.check(37);
}

#[test]
fn identifiers_and_pins() {
    let world = World::new();
    let trust = world.trust();
    let World { intermediate, ttrp, user, .. } = &world;
    let mut cases = Cases::default();
    let mut add = |name: &str, expected: Refusal, trust: &Trust, change: &dyn Fn(&mut Forge)| {
        let mut forge = world.forge();
        change(&mut forge);
        cases.add(name, expected, verify(trust, &forge.build(), None));
    };

    add("identifier of no certificate", SignerUnknown, &trust, &|forge| {
        forge.identifier = identifier(&der(&World::new().ttrp.certificate));
    });
    add("identifier with another serial number", SignerUnknown, &trust, &|forge| {
        let der = der(&ttrp.certificate);
        let issuer = crate::x509::certificate::Certificate::read(&der).unwrap().issuer;
        forge.identifier = sequence(&[issuer, &integer(&[7])]);
    });
    add("identifier with the issuer in other letters", SignerUnknown, &trust, &|forge| {
        let der = der(&ttrp.certificate);
        let fields = crate::x509::certificate::Certificate::read(&der).unwrap();
        let mut issuer = fields.issuer.to_vec();
        let at = issuer.windows(12).position(|octets| octets == b"intermediate").unwrap();
        issuer[at] = b'I';
        forge.identifier = sequence(&[&issuer, fields.serial]);
    });
    add("no certificates, and no pin", SignerUnknown, &trust, &|forge| forge.certificates = None);
    add("only the issuer's certificate", SignerUnknown, &trust, &|forge| {
        forge.certificates = Some(vec![der(&intermediate.certificate)]);
    });
    add("the server's identifier, a user's key", BadSignature, &trust, &|forge| {
        forge.key = user.key.clone();
    });
    add("a user's identifier, the server's key", SignerName, &trust, &|forge| {
        forge.identifier = identifier(&der(&user.certificate));
        forge.certificates.as_mut().unwrap().push(der(&user.certificate));
    });
    add("a user's certificate and identifier", SignerName, &trust, &|forge| {
        *forge = world.forge_by(user);
    });
    add("a user, beside the server's certificate", SignerName, &trust, &|forge| {
        *forge = world.forge_by(user);
        forge.certificates.as_mut().unwrap().push(der(&ttrp.certificate));
    });

    // One key, two certificates: the identifier is not signed.
    let renewed = Recipe { key: ttrp.key.clone(), ..Recipe::ttrp(KeyKind::P256) };
    let renewed = renewed.issued_by(intermediate);
    add(
        "moved to another certificate of the same key",
        SigningCertificateMismatch,
        &trust,
        &|forge| {
            forge.identifier = identifier(&der(&renewed.certificate));
            forge.certificates.as_mut().unwrap().push(der(&renewed.certificate));
        },
    );

    // One number, two certificates.
    let numbered = |recipe: Recipe| recipe.serial(7).issued_by(intermediate);
    let (one, other) =
        (numbered(Recipe::ttrp(KeyKind::P256)), numbered(Recipe::ttrp(KeyKind::P256)));
    add("two certificates of one number", SignerUnknown, &trust, &|forge| {
        *forge = world.forge_by(&one);
        forge.certificates.as_mut().unwrap().push(der(&other.certificate));
    });
    let twins = super::trust(&[&one, &other], &[], None);
    add("two pins of one number", SignerUnknown, &twins, &|forge| {
        *forge = world.forge_by(&one);
        forge.certificates = None;
    });

    let pin = super::trust(&[ttrp], &[], None);
    verify(&pin, &world.forge().build(), None).unwrap();
    let mut none = world.forge();
    none.certificates = None;
    verify(&pin, &none.build(), None).unwrap();
    add("another than the pin", SignerUntrusted, &pin, &|forge| *forge = world.forge_by(user));
    add("another than the pin, unnamed", SignerUnknown, &pin, &|forge| {
        *forge = world.forge_by(user);
        forge.certificates = None;
    });
    add("the pin's key in a renewed certificate", SignerUntrusted, &pin, &|forge| {
        *forge = world.forge_by(&renewed);
    });
    add("issued by the pin", SignerUntrusted, &pin, &|forge| {
        let below = Recipe::ttrp(KeyKind::P256).issued_by(ttrp);
        *forge = Forge::new(&below, &[ttrp], &world.client.certificate);
    });
    add("the pin's identifier, another's key", BadSignature, &pin, &|forge| {
        forge.key = user.key.clone();
        forge.certificates = None;
    });
    add(
        "the pin's number in another's certificate",
        SignerUntrusted,
        &super::trust(&[&one], &[], None),
        &|forge| *forge = world.forge_by(&other),
    );
    let named_otherwise = super::trust(&[ttrp], &["other.example"], None);
    add("the pin with another name", SignerName, &named_otherwise, &|_| {});
    let unfit = Recipe::new(KeyKind::P256.generate(), "unfit").with(key_usage(&[2])).self_signed();
    let unfit_pin = super::trust(&[&unfit], &[], None);
    add("a pin that may not", SignerUsage, &unfit_pin, &|forge| {
        *forge = Forge::new(&unfit, &[], &world.client.certificate);
    });
    cases.check(20);
}

#[test]
fn peers() {
    let world = World::new();
    let trust = world.trust();
    let World { intermediate, ttrp, user, client, .. } = &world;
    let forge = world.forge();
    let peer = Some(&ttrp.certificate);
    verify(&trust, &forge.build(), peer).unwrap();
    let without = |certificates: Option<Vec<Vec<u8>>>| Forge { certificates, ..forge.clone() };

    let renewed = Recipe { key: ttrp.key.clone(), ..Recipe::ttrp(KeyKind::P256) };
    let renewed = renewed.issued_by(intermediate);
    let second = Recipe::ttrp(KeyKind::P256).issued_by(intermediate);
    let numbered = |recipe: Recipe| recipe.serial(7).issued_by(intermediate);
    let (one, other) =
        (numbered(Recipe::ttrp(KeyKind::P256)), numbered(Recipe::ttrp(KeyKind::P256)));
    let own_pin = super::trust(&[ttrp], &[], None);

    let mut cases = Cases::default();
    let mut add = |name: &str, expected: Refusal, trust: &Trust, forge: &Forge, peer: &Identity| {
        cases.add(name, expected, verify(trust, &forge.build(), Some(&peer.certificate)));
    };
    add("the server signed, a user is the peer", SignerNotPeer, &trust, &forge, user);
    add("the server signed, the client is the peer", SignerNotPeer, &trust, &forge, client);
    add("the server signed, another server is the peer", SignerNotPeer, &trust, &forge, &second);
    add("the server signed, its renewal is the peer", SignerNotPeer, &trust, &forge, &renewed);
    add(
        "the renewal signed, the server is the peer",
        SignerNotPeer,
        &trust,
        &world.forge_by(&renewed),
        ttrp,
    );
    add("a pin signed, another is the peer", SignerNotPeer, &own_pin, &forge, &second);
    add(
        "a pin signed without certificates, another is the peer",
        SignerNotPeer,
        &own_pin,
        &without(None),
        &second,
    );
    add(
        "a user signed, the server is the peer",
        SignerNotPeer,
        &trust,
        &world.forge_by(user),
        ttrp,
    );
    add("a user signed and is the peer", SignerName, &trust, &world.forge_by(user), user);
    add(
        "a user signed without certificates and is the peer",
        SignerName,
        &trust,
        &Forge { certificates: None, ..world.forge_by(user) },
        user,
    );
    add(
        "a user signed as the server, who is the peer",
        BadSignature,
        &trust,
        &Forge { key: user.key.clone(), ..forge.clone() },
        ttrp,
    );
    add(
        "the server's number in another's certificate",
        SignerNotPeer,
        &trust,
        &world.forge_by(&other),
        &one,
    );
    let mut other_s = world.forge_by(&other);
    other_s.remove(oid::SIGNING_CERTIFICATE_V2);
    other_s.certificates = Some(vec![der(&intermediate.certificate)]);
    add("another's key under the server's number", BadSignature, &trust, &other_s, &one);
    add("intermediate missing", SignerUntrusted, &trust, &without(None), ttrp);
    let foreign = World::new();
    add(
        "the peer is the signer, of a foreign CA",
        SignerUntrusted,
        &trust,
        &foreign.forge(),
        &foreign.ttrp,
    );
    cases.check(15);
}

#[test]
fn revocation() {
    let world = World::new();
    let World { root, intermediate, ttrp, .. } = &world;
    let of_root = || CrlRecipe::new().issued_by(root);
    let of_intermediate = || CrlRecipe::new().issued_by(intermediate);
    let found = |anchors: &[&Identity], crls: &[X509Crl]| {
        let trust = super::trust(anchors, &[NAME], Some(crls));
        verify(&trust, &world.forge().build(), None)
    };
    let with = |crl: X509Crl| found(&[root], &[of_root(), crl]);

    // What is good: all that are no anchors have one; an anchor needs none.
    found(&[root], &[of_root(), of_intermediate()]).unwrap();
    found(&[intermediate], &[of_intermediate()]).unwrap();
    found(&[ttrp], &[of_root()]).unwrap();
    // An outdated one beside a new one does no harm.
    let old = CrlRecipe::new().valid(NOW - 2000, Some(NOW - 1000)).issued_by(intermediate);
    found(&[root], &[of_root(), old, of_intermediate()]).unwrap();
    // That of an anchor's issuer does not matter, unless it revokes.
    let old = CrlRecipe::new().valid(NOW - 2000, Some(NOW - 1000)).issued_by(root);
    found(&[intermediate], &[old, of_intermediate()]).unwrap();

    let foreign = World::new();
    let name = |identity: &Identity| identity.certificate.subject_name().to_owned().unwrap();
    let mut cases = Cases::default();
    for (name, expected, found) in [
        ("signer revoked", SignerRevoked, {
            with(CrlRecipe::new().revoking(&ttrp.certificate).issued_by(intermediate))
        }),
        ("intermediate revoked", SignerRevoked, {
            let crl = CrlRecipe::new().revoking(&intermediate.certificate).issued_by(root);
            found(&[root], &[crl, of_intermediate()])
        }),
        ("both revoked", SignerRevoked, {
            let crl = CrlRecipe::new().revoking(&intermediate.certificate).issued_by(root);
            let other = CrlRecipe::new().revoking(&ttrp.certificate).issued_by(intermediate);
            found(&[root], &[crl, other])
        }),
        ("revoked by the newer of two", SignerRevoked, {
            let newer = CrlRecipe::new().valid(NOW - 10, Some(NOW + 1000));
            let newer = newer.revoking(&ttrp.certificate).issued_by(intermediate);
            found(&[root], &[of_root(), newer, of_intermediate()])
        }),
        ("intermediate revoked, though an anchor", SignerRevoked, {
            let crl = CrlRecipe::new().revoking(&intermediate.certificate).issued_by(root);
            found(&[intermediate], &[crl, of_intermediate()])
        }),
        ("no CRL for the signer", CrlMissing, found(&[root], &[of_root()])),
        ("no CRL for the intermediate", CrlMissing, found(&[root], &[of_intermediate()])),
        ("CRLs of a foreign CA", CrlMissing, {
            let crl = CrlRecipe::new().issued_by(&Recipe::ca("elsewhere").self_signed());
            found(&[root], &[crl])
        }),
        ("CRL out of date", CrlOutOfDate, {
            with(CrlRecipe::new().valid(NOW - 2000, Some(NOW - 1)).issued_by(intermediate))
        }),
        ("CRL that ends now", CrlOutOfDate, {
            with(CrlRecipe::new().valid(NOW - 2000, Some(NOW)).issued_by(intermediate))
        }),
        ("CRL of tomorrow", CrlOutOfDate, {
            with(CrlRecipe::new().valid(NOW + 10, Some(NOW + 1000)).issued_by(intermediate))
        }),
        ("root's CRL out of date", CrlOutOfDate, {
            let crl = CrlRecipe::new().valid(NOW - 2000, Some(NOW - 1)).issued_by(root);
            found(&[root], &[crl, of_intermediate()])
        }),
        ("CRL signed by another", CrlInvalid, {
            with(CrlRecipe::new().signed(&foreign.intermediate.key, &name(intermediate)))
        }),
        ("CRL with an unknown critical extension", CrlInvalid, {
            with(CrlRecipe::new().with(&[0x2a, 3, 4], true, NULL).issued_by(intermediate))
        }),
        ("indirect CRL", CrlMissing, {
            with(CrlRecipe::new().distribution_point(&[0x84, 1, 0xff]).issued_by(intermediate))
        }),
        ("CRL for some reasons", CrlMissing, {
            with(CrlRecipe::new().distribution_point(&[0x83, 2, 1, 0x40]).issued_by(intermediate))
        }),
        ("CRL for CAs only", CrlMissing, {
            with(CrlRecipe::new().distribution_point(&[0x82, 1, 0xff]).issued_by(intermediate))
        }),
        ("CRL for attributes only", CrlMissing, {
            with(CrlRecipe::new().distribution_point(&[0x85, 1, 0xff]).issued_by(intermediate))
        }),
        ("CRL of another distribution point", CrlMissing, {
            let uri = element(0x86, &[b"http://other.example/crl"]);
            let point = element(tag::CONTEXT_0, &[&element(tag::CONTEXT_0, &[&uri])]);
            with(CrlRecipe::new().distribution_point(&point).issued_by(intermediate))
        }),
        ("delta CRL alone", CrlMissing, {
            with(
                CrlRecipe::new()
                    .with(&[0x55, 0x1d, 27], true, &integer(&[4]))
                    .issued_by(intermediate),
            )
        }),
    ] {
        cases.add(name, expected, found);
    }

    // A CA that may not sign CRLs.
    let silent = Recipe::new(KeyKind::P256.generate(), "silent").with(basic_constraints(None));
    let silent = silent.with(key_usage(&[5])).self_signed();
    let signer = Recipe::ttrp(KeyKind::P256).issued_by(&silent);
    cases.add("CRL of a CA that may not sign any", CrlInvalid, {
        let crl = CrlRecipe::new().issued_by(&silent);
        signed(&world, &signer, &[], &super::trust(&[&silent], &[NAME], Some(&[crl])))
    });
    cases.check(21);
}

/// A certificate with another last octet of its key, signed anew by its issuer.
fn with_another_key(certificate: &[u8], issuer: &Identity) -> Vec<u8> {
    let fields = crate::x509::certificate::Certificate::read(certificate).unwrap();
    let mut to_be_signed = fields.to_be_signed.to_vec();
    let bits = fields.key.bits;
    let at = bits.as_ptr() as usize - fields.to_be_signed.as_ptr() as usize + bits.len() - 1;
    to_be_signed[at] ^= 1;
    let digest = openssl::hash::MessageDigest::sha256();
    let mut signer = openssl::sign::Signer::new(digest, &issuer.key).unwrap();
    let signature = signer.sign_oneshot_to_vec(&to_be_signed).unwrap();
    let signature = element(tag::BIT_STRING, &[&[0], &signature]);
    sequence(&[&to_be_signed, fields.signature_algorithm, &signature])
}

/// A key that OpenSSL cannot decode is refused, and no fault of this side.
#[test]
fn keys_that_are_no_points() {
    let world = World::new();
    let trust = world.trust();
    let mut cases = Cases::default();
    let (ttrp, intermediate) = (der(&world.ttrp.certificate), der(&world.intermediate.certificate));
    let broken = with_another_key(&ttrp, &world.intermediate);
    cases.add("the signer's", ChainWeak, {
        let mut forge = world.forge();
        forge.certificates = Some(vec![broken, intermediate.clone()]);
        forge.remove(oid::SIGNING_CERTIFICATE_V2);
        verify(&trust, &forge.build(), None)
    });
    cases.add("its issuer's", SignerUntrusted, {
        let mut forge = world.forge();
        let broken = with_another_key(&intermediate, &world.root);
        forge.certificates = Some(vec![ttrp, broken]);
        verify(&trust, &forge.build(), None)
    });
    cases.check(2);
}
