// SPDX-License-Identifier: Apache-2.0

//! Who signed, by which certificate and path, and who is the TLS peer.

use openssl::hash::MessageDigest;

use super::{section::*, *};
use crate::asn1::der::{element, tag};

pub(super) fn add(world: &World, maker: &mut Maker) {
    peers(world, maker);
    identifiers(world, maker);
    configurations(world, maker);
    paths(world, maker);
    names_and_uses(world, maker);
    revocation(world, maker);
}

fn good_of(maker: &mut Maker, world: &World, case: Case<'_>, signer: &Identity) {
    let client = der(&world.client.certificate);
    let (signer, signing_time) = (&signer.certificate, Some(NOW));
    maker.add(case, Outcome::Accepted { client: &client, signer, signing_time });
}

fn peers(world: &World, maker: &mut Maker) {
    let World { intermediate, ttrp, user, client, .. } = world;
    let value = base64(&world.forge().build());
    let case = |name, description| Case::of(world, name, description, SIGNER, value.clone());
    let second = Recipe::ttrp(KeyKind::P256).issued_by(intermediate);
    let renewed = Recipe { key: ttrp.key.clone(), ..Recipe::ttrp(KeyKind::P256) };
    let renewed = renewed.issued_by(intermediate);
    let numbered = |recipe: Recipe| recipe.serial(7).issued_by(intermediate);
    let (one, other) =
        (numbered(Recipe::ttrp(KeyKind::P256)), numbered(Recipe::ttrp(KeyKind::P256)));

    maker.good(
        Case {
            require_peer: false,
            peer: Vec::new(),
            ..case("peer-not-required", "No peer is known, and none is required.")
        },
        world,
    );
    for (name, description, peer) in [
        (
            "replayed-by-another-proxy",
            "Another proxy of the same CA and name is the peer.",
            &second,
        ),
        ("replayed-by-the-client", "The client itself is the peer.", client),
        ("replayed-by-a-user", "A user of the same CA is the peer.", user),
        (
            "replayed-by-the-renewed-certificate",
            "The peer has the signer's key and name in another certificate.",
            &renewed,
        ),
    ] {
        maker.bad(case(name, description).peer(peer), "signer-not-peer");
        let pinned = format!("{name}-by-pin");
        maker.bad(
            Case { name: &pinned, ..case(name, description).pinned(ttrp).peer(peer) },
            "signer-not-peer",
        );
    }
    maker.bad(
        Case { peer: Vec::new(), ..case("peer-absent", "A peer is required, and there is none.") },
        "peer-absent",
    );
    let forge = world.forge_by(&other);
    let twins = "Peer and signer share issuer and serial number, not the certificate.";
    maker.bad(
        Case::signed(world, "peer-of-the-same-number", twins, SIGNER, &forge).peer(&one),
        "signer-not-peer",
    );
    let bare = Forge { certificates: None, ..world.forge() };
    maker.good(
        Case {
            anchors: vec![intermediate],
            ..Case::signed(
                world,
                "peer-supplies-the-certificate",
                "No certificate in the value: the peer's is at hand.",
                SIGNER,
                &bare,
            )
        },
        world,
    );
}

fn identifiers(world: &World, maker: &mut Maker) {
    let World { intermediate, ttrp, user, .. } = world;
    let case = |name, description, forge: &Forge| {
        Case::signed(world, name, description, SIGNER, forge).no_peer()
    };
    let mut unknown = world.forge();
    let der_of_ttrp = der(&ttrp.certificate);
    let issuer = crate::x509::certificate::Certificate::read(&der_of_ttrp).unwrap().issuer;
    unknown.identifier = sequence(&[issuer, &integer(&[7])]);
    maker.bad(
        case("identifier-of-no-certificate", "No certificate has the serial number.", &unknown),
        "signer-unknown",
    );

    let mut first = world.forge_by(user);
    first.keep_order_of_certificates = true;
    first.certificates.as_mut().unwrap().insert(0, der_of_ttrp.clone());
    let text = "The server's certificate is the first, and a user has signed.";
    maker.bad(case("first-certificate-is-not-the-signer", text, &first), "signer-name");

    let mut last = world.forge();
    last.keep_order_of_certificates = true;
    last.certificates.as_mut().unwrap().reverse();
    maker.good(case("signer-last", "The signer's certificate is the last.", &last), world);

    let renewed = Recipe { key: ttrp.key.clone(), ..Recipe::ttrp(KeyKind::P256) };
    let renewed = renewed.issued_by(intermediate);
    let mut moved = world.forge();
    moved.identifier = identifier(&der(&renewed.certificate));
    moved.certificates.as_mut().unwrap().push(der(&renewed.certificate));
    let text = "The signer's identifier, which is not signed, moved to another certificate of the same key.";
    maker.bad(case("identifier-moved", text, &moved), "signing-certificate-mismatch");

    let numbered = |recipe: Recipe| recipe.serial(7).issued_by(intermediate);
    let (one, other) =
        (numbered(Recipe::ttrp(KeyKind::P256)), numbered(Recipe::ttrp(KeyKind::P256)));
    let mut two = world.forge_by(&one);
    two.certificates.as_mut().unwrap().push(der(&other.certificate));
    maker.bad(
        case(
            "identifier-of-two-certificates",
            "Two certificates have the issuer and serial number.",
            &two,
        ),
        "signer-unknown",
    );

    let bare = Forge { certificates: None, ..world.forge() };
    maker.bad(
        case("no-certificates-and-no-pin", "The signer's certificate is not at hand.", &bare),
        "signer-unknown",
    );
}

fn configurations(world: &World, maker: &mut Maker) {
    let World { intermediate, ttrp, user, .. } = world;
    let value = base64(&world.forge().build());
    let case = |name, description| Case::of(world, name, description, CONFIGURATION, value.clone());
    maker.bad(
        Case {
            names: vec![],
            ..case("no-names", "A CA is trusted, and no name: any of its users could sign.")
        },
        "signer-name",
    );
    maker.bad(
        Case { anchors: vec![], ..case("nothing-trusted", "Neither an anchor nor a pin.") },
        "nothing-trusted",
    );
    maker.good(
        Case {
            anchors: vec![intermediate],
            ..case("anchor-is-the-intermediate", "The intermediate is the anchor.")
        },
        world,
    );
    maker.good(
        Case { pins: vec![ttrp], ..case("anchor-and-pin", "The root and the signer.") },
        world,
    );
    maker.good(case("pin-with-its-name", "A pin, and its name.").pinned(ttrp), world);
    let pinned = case("pin-with-another-name", "A pin that has not the name.").pinned(ttrp);
    maker.bad(Case { names: vec!["other.example"], ..pinned }, "signer-name");
    let names = vec!["other.example", "TTRP.Example"];
    maker.good(
        Case { names, ..case("names-several", "One of two names, in other letters.") },
        world,
    );
    maker.bad(
        case("pin-of-another", "Another certificate is pinned.").pinned(user),
        "signer-untrusted",
    );

    let below = Recipe::ttrp(KeyKind::P256).issued_by(ttrp);
    let forge = Forge::new(&below, &[ttrp], &world.client.certificate);
    let text = "The signer's certificate was issued by the pinned one, which is no CA.";
    maker.bad(
        Case::signed(world, "issued-by-the-pin", text, PATH, &forge).pinned(ttrp).peer(&below),
        "signer-untrusted",
    );
    let renewed = Recipe { key: ttrp.key.clone(), ..Recipe::ttrp(KeyKind::P256) };
    let renewed = renewed.issued_by(intermediate);
    let forge = world.forge_by(&renewed);
    let text = "The pin's key in another certificate.";
    maker.bad(
        Case::signed(world, "renewed-pin", text, PATH, &forge).pinned(ttrp).peer(&renewed),
        "signer-untrusted",
    );
}

fn paths(world: &World, maker: &mut Maker) {
    let World { root, intermediate, ttrp, user, .. } = world;
    let foreign = World::new();
    let server = || Recipe::ttrp(KeyKind::P256);
    let mut bad =
        |name: &str, description: &str, signer: &Identity, chain: &[&Identity], reason| {
            let forge = Forge::new(signer, chain, &world.client.certificate);
            maker.bad(Case::signed(world, name, description, PATH, &forge).peer(signer), reason);
        };
    bad(
        "foreign-ca",
        "A signer of a CA that is not trusted.",
        &foreign.ttrp,
        &[&foreign.intermediate],
        "signer-untrusted",
    );
    bad(
        "foreign-ca-with-root",
        "The same, with its root in the value.",
        &foreign.ttrp,
        &[&foreign.intermediate, &foreign.root],
        "signer-untrusted",
    );
    bad(
        "self-signed",
        "A signer of its own making.",
        &server().self_signed(),
        &[],
        "signer-untrusted",
    );
    bad(
        "intermediate-missing",
        "The intermediate is not in the value, and nowhere else looked for.",
        ttrp,
        &[],
        "signer-untrusted",
    );
    bad(
        "issued-by-a-user",
        "The issuer is a user of the CA.",
        &server().issued_by(user),
        &[user, intermediate],
        "signer-untrusted",
    );
    let mimic = Recipe::ca("root").self_signed();
    bad(
        "root-of-the-same-name",
        "Another root with the trusted one's name.",
        &server().issued_by(&mimic),
        &[&mimic],
        "signer-untrusted",
    );
    {
        let mut damaged = ttrp.clone();
        let mut octets = der(&ttrp.certificate);
        *octets.last_mut().unwrap() ^= 1;
        damaged.certificate = X509::from_der(&octets).unwrap();
        bad(
            "certificate-forged",
            "A bit of the signature of the signer's certificate changed.",
            &damaged,
            &[intermediate],
            "signer-untrusted",
        );
    }
    let valid = |recipe: Recipe, from, until| recipe.valid(NOW + from, NOW + until);
    bad(
        "signer-expired",
        "The signer's certificate has expired.",
        &valid(server(), -1000, -1).issued_by(intermediate),
        &[intermediate],
        "signer-expired",
    );
    bad(
        "signer-not-yet-valid",
        "The signer's certificate is not valid yet.",
        &valid(server(), 1, 1000).issued_by(intermediate),
        &[intermediate],
        "signer-not-yet-valid",
    );
    {
        let upper = valid(Recipe::ca("upper"), -1000, -1).issued_by(root);
        bad(
            "intermediate-expired",
            "The intermediate has expired.",
            &server().issued_by(&upper),
            &[&upper],
            "chain-outside-validity",
        );
    }
    for (name, description, recipe, reason) in [
        (
            "intermediate-without-basic-constraints",
            "The intermediate has no basicConstraints.",
            Recipe::new(KeyKind::P256.generate(), "upper").with(key_usage(&[5, 6])),
            "signer-untrusted",
        ),
        (
            "intermediate-that-is-no-ca",
            "basicConstraints without cA.",
            Recipe::new(KeyKind::P256.generate(), "upper").with(extension(
                "2.5.29.19",
                true,
                &sequence(&[]),
            )),
            "signer-untrusted",
        ),
        (
            "intermediate-that-may-not-sign",
            "keyUsage without keyCertSign.",
            Recipe::new(KeyKind::P256.generate(), "upper")
                .with(basic_constraints(None))
                .with(key_usage(&[0, 6])),
            "signer-untrusted",
        ),
        (
            "intermediate-with-unknown-extension",
            "A critical extension that is not known.",
            Recipe::ca("upper").with(extension("1.2.3.4", true, NULL)),
            "signer-untrusted",
        ),
        (
            "intermediate-for-other-names",
            "Name constraints that leave out the signer.",
            {
                let subtree = sequence(&[&element(0x82, &[b"other.example"])]);
                let constraints = sequence(&[&element(tag::CONTEXT_0, &[&subtree])]);
                Recipe::ca("upper").with(extension("2.5.29.30", true, &constraints))
            },
            "signer-untrusted",
        ),
        (
            "intermediate-rsa-1024",
            "The intermediate's key is RSA with 1,024 bits.",
            Recipe { key: KeyKind::Rsa(1024).generate(), ..Recipe::ca("weak") },
            "chain-weak",
        ),
        (
            "intermediate-sha1",
            "The intermediate is signed with SHA-1.",
            Recipe::ca("upper").digest(MessageDigest::sha1()),
            "chain-weak",
        ),
    ] {
        let upper = recipe.issued_by(root);
        bad(name, description, &server().issued_by(&upper), &[&upper], reason);
    }
    {
        let upper = Recipe::new(KeyKind::P256.generate(), "upper").with(basic_constraints(Some(0)));
        let upper = upper.with(key_usage(&[5, 6])).issued_by(root);
        let lower = Recipe::ca("lower").issued_by(&upper);
        bad(
            "path-too-long",
            "A CA below one whose pathLenConstraint is 0.",
            &server().issued_by(&lower),
            &[&upper, &lower],
            "signer-untrusted",
        );
    }
    bad(
        "certificate-sha1",
        "The signer's certificate is signed with SHA-1.",
        &server().digest(MessageDigest::sha1()).issued_by(intermediate),
        &[intermediate],
        "chain-weak",
    );
    {
        let issuer =
            Recipe { key: KeyKind::Rsa(2048).generate(), ..Recipe::ca("RSA") }.issued_by(root);
        bad(
            "certificate-md5",
            "The signer's certificate is signed with MD5.",
            &server().digest(MessageDigest::md5()).issued_by(&issuer),
            &[&issuer],
            "chain-weak",
        );
    }

    // It was valid when it signed, which says nothing: whoever has the key chooses that time.
    let ended = valid(server(), -1000, -10).issued_by(intermediate);
    let mut forge = world.forge_by(&ended);
    forge.set_time(NOW - 60);
    let text = "The signer's certificate was valid at the signing time, and has expired since.";
    maker.bad(
        Case::signed(world, "signer-expired-since", text, PATH, &forge).peer(&ended),
        "signer-expired",
    );
    let forge = world.forge_by(&ended);
    let text = "A pinned signer that has expired.";
    maker.bad(
        Case::signed(world, "pin-expired", text, PATH, &forge).peer(&ended).pinned(&ended),
        "signer-expired",
    );

    let upper = Recipe::ca("upper").issued_by(root);
    let lower = Recipe::ca("lower").issued_by(&upper);
    let deep = server().issued_by(&lower);
    let forge = Forge::new(&deep, &[&upper, &lower], &world.client.certificate);
    let text = "Two intermediates in the value.";
    let case = Case::signed(world, "two-intermediates", text, PATH, &forge).peer(&deep);
    good_of(maker, world, case, &deep);
    let direct = server().issued_by(root);
    let forge = Forge::new(&direct, &[], &world.client.certificate);
    let case =
        Case::signed(world, "no-intermediate", "The root has issued the signer's.", PATH, &forge)
            .peer(&direct);
    good_of(maker, world, case, &direct);
}

fn names_and_uses(world: &World, maker: &mut Maker) {
    let World { intermediate, user, .. } = world;
    let uri = "spiffe://example.org/proxy";
    let bare = |subject: &str| Recipe::new(KeyKind::P256.generate(), subject).with(key_usage(&[0]));
    let named = || Recipe::new(KeyKind::P256.generate(), "ttrp").with(dns(&[NAME]));
    let forge = world.forge_by(user);
    let text = "A user of the same CA has signed, and is the peer.";
    maker
        .bad(Case::signed(world, "name-of-a-user", text, SIGNER, &forge).peer(user), "signer-name");
    for (name, description, recipe, reason) in [
        ("name-none", "No subjectAltName.", bare("ttrp"), "signer-name"),
        ("name-common-name-only", "The name as common name alone.", bare(NAME), "signer-name"),
        ("name-other", "Another name.", bare("ttrp").with(dns(&["other.example"])), "signer-name"),
        (
            "name-wildcard",
            "A wildcard that would fit.",
            bare("ttrp").with(dns(&["*.example"])),
            "signer-name",
        ),
        (
            "name-below",
            "A name below the trusted one.",
            bare("ttrp").with(dns(&["a.ttrp.example"])),
            "signer-name",
        ),
        (
            "name-that-ends-alike",
            "A name that ends with the trusted one.",
            bare("ttrp").with(dns(&["attrp.example"])),
            "signer-name",
        ),
        (
            "name-that-begins-alike",
            "A name that begins with the trusted one.",
            bare("ttrp").with(dns(&["ttrp.example.com"])),
            "signer-name",
        ),
        (
            "name-with-dot-at-the-end",
            "The name with a dot after it.",
            bare("ttrp").with(dns(&["ttrp.example."])),
            "signer-name",
        ),
        (
            "name-with-nul",
            "The name, a NUL and another.",
            bare("ttrp").with(dns(&["ttrp.example\0.evil.example"])),
            "signer-name",
        ),
        (
            "name-as-a-mailbox",
            "The name as an rfc822Name.",
            bare("ttrp").with(subject_alt_name(&[(1, NAME.as_bytes())])),
            "signer-name",
        ),
        (
            "name-as-a-uri",
            "The name as a URI.",
            bare("ttrp").with(subject_alt_name(&[(6, NAME.as_bytes())])),
            "signer-name",
        ),
        (
            "usage-key-encipherment",
            "keyUsage without digitalSignature.",
            named().with(key_usage(&[2])),
            "signer-usage",
        ),
        (
            "usage-non-repudiation",
            "keyUsage with nonRepudiation alone.",
            named().with(key_usage(&[1])),
            "signer-usage",
        ),
        (
            "purpose-email",
            "Extended key usage emailProtection.",
            named().with(key_usage(&[0])).with(extended_key_usage(&[4])),
            "signer-usage",
        ),
        (
            "purpose-code-signing",
            "Extended key usage codeSigning.",
            named().with(key_usage(&[0])).with(extended_key_usage(&[3])),
            "signer-usage",
        ),
        (
            "purpose-any",
            "anyExtendedKeyUsage is neither serverAuth nor clientAuth.",
            named().with(key_usage(&[0])).with(any_extended_key_usage()),
            "signer-usage",
        ),
        (
            "unknown-critical-extension",
            "A critical extension that is not known.",
            named().with(extension("1.2.3.4", true, NULL)),
            "signer-untrusted",
        ),
        (
            "signer-is-a-ca",
            "A CA below the anchor signs itself.",
            named().with(basic_constraints(None)).with(key_usage(&[0, 5, 6])),
            "signer-is-ca",
        ),
    ] {
        let signer = recipe.issued_by(intermediate);
        let forge = world.forge_by(&signer);
        maker.bad(Case::signed(world, name, description, SIGNER, &forge).peer(&signer), reason);
    }
    for (name, description, recipe) in [
        ("name-in-capitals", "dNSNames have no case.", bare("ttrp").with(dns(&["TTRP.EXAMPLE"]))),
        (
            "name-second",
            "The second of two dNSNames.",
            bare("ttrp").with(dns(&["other.example", NAME])),
        ),
        ("usage-absent", "No keyUsage.", named()),
        (
            "purpose-server",
            "Extended key usage serverAuth alone.",
            named().with(key_usage(&[0])).with(extended_key_usage(&[1])),
        ),
        (
            "purpose-client",
            "Extended key usage clientAuth alone.",
            named().with(key_usage(&[0])).with(extended_key_usage(&[2])),
        ),
        (
            "purpose-server-and-others",
            "serverAuth beside emailProtection.",
            named().with(key_usage(&[0, 2])).with(extended_key_usage(&[4, 1])),
        ),
    ] {
        let signer = recipe.issued_by(intermediate);
        let forge = world.forge_by(&signer);
        let case = Case::signed(world, name, description, SIGNER, &forge).peer(&signer);
        good_of(maker, world, case, &signer);
    }
    type Names<'a> = &'a [(u8, &'a [u8])];
    let uris: &[(&str, &str, Names<'_>, bool)] = &[
        ("uri", "The only URI of the signer's.", &[(6, b"spiffe://example.org/proxy")], true),
        (
            "uri-beside-a-name",
            "The only URI, and a dNSName.",
            &[(2, b"a.example"), (6, b"spiffe://example.org/proxy")],
            true,
        ),
        ("uri-of-another-path", "Another path.", &[(6, b"spiffe://example.org/other")], false),
        (
            "uri-in-capitals",
            "URIs are compared octet by octet.",
            &[(6, b"spiffe://example.org/Proxy")],
            false,
        ),
        ("uri-below", "A path below.", &[(6, b"spiffe://example.org/proxy/a")], false),
        (
            "uri-beside-another",
            "Of several URIs none counts.",
            &[(6, b"spiffe://example.org/proxy"), (6, b"https://a.example/")],
            false,
        ),
    ];
    for (name, description, names, is_good) in uris {
        let signer = bare("ttrp").with(subject_alt_name(names)).issued_by(intermediate);
        let forge = world.forge_by(&signer);
        let case = Case::signed(world, name, description, SIGNER, &forge).peer(&signer);
        let case = Case { names: vec![uri], ..case };
        if *is_good {
            good_of(maker, world, case, &signer);
        } else {
            maker.bad(case, "signer-name");
        }
    }
}

fn revocation(world: &World, maker: &mut Maker) {
    let World { root, intermediate, ttrp, .. } = world;
    let value = base64(&world.forge().build());
    let case = |name, description, crls| Case {
        crls: Some(crls),
        ..Case::of(world, name, description, REVOCATION, value.clone())
    };
    let of_root = || CrlRecipe::new().issued_by(root);
    let of_intermediate = || CrlRecipe::new().issued_by(intermediate);
    maker.good(
        case(
            "crls-good",
            "CRLs of root and intermediate, which revoke nothing.",
            vec![of_root(), of_intermediate()],
        ),
        world,
    );
    maker.good(
        case(
            "crls-with-an-older-one",
            "Of the intermediate's CRLs one has ended, and the other is good.",
            vec![
                of_root(),
                CrlRecipe::new().valid(NOW - 2000, Some(NOW - 1)).issued_by(intermediate),
                of_intermediate(),
            ],
        ),
        world,
    );
    maker.good(
        case(
            "crl-revokes-another",
            "The intermediate's CRL has a certificate that is not on the path.",
            vec![
                of_root(),
                CrlRecipe::new().revoking(&world.user.certificate).issued_by(intermediate),
            ],
        ),
        world,
    );
    // RFC 5280 section 4.2.1.3: cRLSign.
    let no_crl_sign = Recipe::new(KeyKind::P256.generate(), "no CRLs")
        .with(basic_constraints(None))
        .with(key_usage(&[5]))
        .issued_by(root);
    let signer = Recipe::ttrp(KeyKind::P256).issued_by(&no_crl_sign);
    let forge = Forge::new(&signer, &[&no_crl_sign], &world.client.certificate);
    let crls = Some(vec![of_root(), CrlRecipe::new().issued_by(&no_crl_sign)]);
    let description = "The signer's issuer may not sign CRLs.";
    let made = Case::signed(world, "crl-of-no-crl-signer", description, REVOCATION, &forge);
    maker.bad(Case { crls, ..made.peer(&signer) }, "crl-invalid");
    let name = intermediate.certificate.subject_name().to_owned().unwrap();
    let two = |other: CrlRecipe| vec![of_root(), other.issued_by(intermediate)];
    for (name, description, crls, reason) in [
        (
            "crl-delta-alone",
            "The intermediate's CRL is a delta, and there is no whole one.",
            two(CrlRecipe::new().with(&[0x55, 0x1d, 27], true, &integer(&[1]))),
            "crl-missing",
        ),
        (
            "crl-without-next-update",
            "The intermediate's CRL says no end (RFC 5280 section 5.1.2.5).",
            two(CrlRecipe::new().valid(NOW - 1000, None)),
            "crls-malformed",
        ),
        (
            "crl-indirect",
            "The intermediate's CRL is an indirect one.",
            two(CrlRecipe::new().distribution_point(&[0x84, 1, 0xff])),
            "crl-missing",
        ),
        (
            "crl-for-some-reasons",
            "The intermediate's CRL is for keys that are compromised alone.",
            two(CrlRecipe::new().distribution_point(&[0x83, 2, 6, 0x40])),
            "crl-missing",
        ),
        (
            "crl-for-attribute-certificates",
            "The intermediate's CRL is for attribute certificates alone.",
            two(CrlRecipe::new().distribution_point(&[0x85, 1, 0xff])),
            "crl-missing",
        ),
        (
            "crl-for-cas",
            "The intermediate's CRL is for certificates of CAs alone, which the signer is not.",
            two(CrlRecipe::new().distribution_point(&[0x82, 1, 0xff])),
            "crl-missing",
        ),
        (
            "crl-with-unknown-extension",
            "The intermediate's CRL has a critical extension that is not known.",
            two(CrlRecipe::new().with(&[0x2a, 3, 4], true, NULL)),
            "crl-invalid",
        ),
        (
            "revoked-signer-beside-an-older-one",
            "The signer is revoked; an older CRL, which has ended, does not have it.",
            vec![
                of_root(),
                CrlRecipe::new().valid(NOW - 2000, Some(NOW - 1)).issued_by(intermediate),
                CrlRecipe::new().revoking(&ttrp.certificate).issued_by(intermediate),
            ],
            "signer-revoked",
        ),
        (
            "revoked-signer",
            "The signer is revoked.",
            {
                vec![
                    of_root(),
                    CrlRecipe::new().revoking(&ttrp.certificate).issued_by(intermediate),
                ]
            },
            "signer-revoked",
        ),
        (
            "revoked-intermediate",
            "The intermediate is revoked.",
            {
                vec![
                    CrlRecipe::new().revoking(&intermediate.certificate).issued_by(root),
                    of_intermediate(),
                ]
            },
            "signer-revoked",
        ),
        (
            "crl-of-the-signer-missing",
            "No CRL of the intermediate.",
            vec![of_root()],
            "crl-missing",
        ),
        (
            "crl-of-the-intermediate-missing",
            "No CRL of the root.",
            vec![of_intermediate()],
            "crl-missing",
        ),
        (
            "crl-out-of-date",
            "The intermediate's CRL has ended.",
            {
                vec![
                    of_root(),
                    CrlRecipe::new().valid(NOW - 2000, Some(NOW - 1)).issued_by(intermediate),
                ]
            },
            "crl-out-of-date",
        ),
        (
            "crl-of-tomorrow",
            "The intermediate's CRL has not begun.",
            {
                vec![
                    of_root(),
                    CrlRecipe::new().valid(NOW + 10, Some(NOW + 1000)).issued_by(intermediate),
                ]
            },
            "crl-out-of-date",
        ),
        (
            "crl-forged",
            "The intermediate's CRL is signed by another key.",
            { vec![of_root(), CrlRecipe::new().signed(&world.user.key, &name)] },
            "crl-invalid",
        ),
    ] {
        maker.bad(case(name, description, crls), reason);
    }
}
