// SPDX-License-Identifier: Apache-2.0

//! Trust anchors and CRLs, read from files.

use super::{pki::*, *};
use crate::{
    asn1::der::{element, tag},
    error::Error,
    verify::verification_cache::{TrustSources, VerificationCache},
};

fn pem(crl: &X509Crl) -> String {
    String::from_utf8(crl.to_pem().unwrap()).unwrap()
}

#[test]
fn anchors() {
    use Error::*;
    let world = World::new();
    let (root, ttrp) = (world.root.certificate_pem(), world.ttrp.certificate_pem());
    let key = world.ttrp.key_pem();
    let directory = Directory::new("anchors");
    let from = |text: &str| TrustAnchors::from_file(&directory.write("anchors", text));
    for (name, text, has_ca, count) in [
        ("a CA", root.clone(), true, 1),
        ("a pin", ttrp.clone(), false, 1),
        ("a pin with its key", format!("{ttrp}{key}"), false, 1),
        ("both", format!("# our server\n{ttrp}\n# and who issued it\n{root}"), true, 2),
        (
            "self-signed, as openssl req makes it",
            {
                let recipe =
                    Recipe::new(KeyKind::P256.generate(), NAME).with(basic_constraints(None));
                recipe.self_signed().certificate_pem()
            },
            true,
            1,
        ),
    ] {
        let anchors = from(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(anchors.has_ca(), has_ca, "{name}");
        let trust = Trust::new(Arc::new(anchors), None, None);
        assert_eq!(trust.pinned().len(), count, "{name}");
    }
    for (name, text, expected) in [
        ("empty", String::new(), FileNoCertificate),
        ("a key alone", key, FileIsKey),
        ("a CRL alone", pem(&CrlRecipe::new().issued_by(&world.root)), FileIsCrl),
        ("cut off", root[..root.len() / 2].to_owned(), FileMalformed),
        ("damaged", root.replacen("MII", "M!I", 1), FileMalformed),
        ("trust with limits of its own", root.replace("CERTIFICATE", "TRUSTED CERTIFICATE"), {
            FileTrustedCertificate
        }),
        (
            "a CRL under another label",
            {
                let crl = pem(&CrlRecipe::new().issued_by(&world.root));
                crl.replace("X509 CRL", "CERTIFICATE")
            },
            FileMalformed,
        ),
    ] {
        assert_eq!(from(&text).err(), Some(expected), "{name}");
    }
    let absent = TrustAnchors::from_file(&std::env::temp_dir().join("client-cert-absent"));
    assert_eq!(absent.err(), Some(FileUnreadable));
}

#[test]
fn crls() {
    use Error::*;
    let world = World::new();
    let crl = pem(&CrlRecipe::new().issued_by(&world.root));
    let endless = pem(&CrlRecipe::new().valid(NOW, None).issued_by(&world.root));
    let delta = CrlRecipe::new().with(&[0x55, 0x1d, 27], true, &element(tag::INTEGER, &[&[4]]));
    let delta = pem(&delta.issued_by(&world.root));
    let directory = Directory::new("crls");
    let from = |text: &str| Crls::from_file(&directory.write("crls", text)).err();
    let certificate = world.root.certificate_pem();
    for (name, text, expected) in [
        ("one", crl.clone(), None),
        ("two, and a certificate", format!("{certificate}{crl}{crl}"), None),
        ("empty", String::new(), Some(CrlFileNoCrl)),
        ("a certificate", certificate.clone(), Some(FileIsCertificate)),
        ("a key", world.root.key_pem(), Some(FileIsKey)),
        ("a delta CRL", delta.clone(), Some(CrlFileNoCrl)),
        ("a delta CRL beside a complete one", format!("{delta}{crl}"), None),
        ("cut off", crl[..crl.len() / 2].to_owned(), Some(CrlFileMalformed)),
        ("damaged", crl.replacen("MI", "M!", 1), Some(CrlFileMalformed)),
        (
            "a certificate under another label",
            { certificate.replace("CERTIFICATE", "X509 CRL") },
            Some(CrlFileMalformed),
        ),
        ("without nextUpdate", format!("{crl}{endless}"), Some(CrlFileMalformed)),
    ] {
        assert_eq!(from(&text), expected, "{name}");
    }
    let absent = Crls::from_file(&std::env::temp_dir().join("client-cert-absent"));
    assert_eq!(absent.err(), Some(CrlFileUnreadable));
}

#[test]
fn together() {
    let world = World::new();
    let value = world.forge().build();
    let directory = Directory::new("together");
    let anchors = directory.write("anchors", world.root.certificate_pem());
    let good = [&world.root, &world.intermediate].map(|ca| pem(&CrlRecipe::new().issued_by(ca)));
    let bad =
        pem(&CrlRecipe::new().revoking(&world.ttrp.certificate).issued_by(&world.intermediate));
    for (crls, expected) in
        [(good.concat(), None), (format!("{}{bad}", good[0]), Some(Refusal::SignerRevoked.into()))]
    {
        let crls = directory.write("crls", crls);
        let trust = Trust::from_files(&anchors, &[NAME.as_bytes()], Some(&crls)).unwrap();
        assert_eq!(verify(&trust, &value, None).err(), expected);
    }
    let wildcard = Trust::from_files(&anchors, &[b"*.example"], None);
    assert_eq!(wildcard.err(), Some(Error::TrustNameMalformed));
}

/// A remembered outcome ends with the first CRL, of the whole path.
#[test]
fn remembered_until_a_crl_is_out_of_date() {
    let world = World::new();
    let value = SignedFormat::Cms.encode(&world.forge().build());
    let directory = Directory::new("remembered");
    let anchors = directory.write("anchors", world.root.certificate_pem());
    let anchors = Arc::new(TrustAnchors::from_file(&anchors).unwrap());
    for (root, intermediate) in [(1000, 10), (10, 1000)] {
        let crl =
            |ca, until| pem(&CrlRecipe::new().valid(NOW - 1000, Some(NOW + until)).issued_by(ca));
        let both = crl(&world.root, root) + &crl(&world.intermediate, intermediate);
        let file = directory.write("crls", both);
        let crls = Arc::new(Crls::from_file(&file).unwrap());
        let names = Arc::new(TrustNames::new(&[NAME.as_bytes()]).unwrap());
        let sources = TrustSources { anchors: &anchors, names: Some(&names), crls: Some(&crls) };
        let cache = VerificationCache::new(1 << 20);
        let verify = |now| {
            cache
                .verify(sources, SignedFormat::Cms, value.as_bytes(), now, FRESHNESS, None)
                .map(|verified| verified.reused)
                .map_err(|failure| failure.rejection())
        };
        assert_eq!(verify(NOW), Ok(false));
        assert_eq!(verify(NOW + 9), Ok(true));
        let out_of_date = Refusal::CrlOutOfDate.into();
        assert_eq!(verify(NOW + 10), Err(out_of_date), "{root} {intermediate}");
    }
}
