// SPDX-License-Identifier: Apache-2.0

//! Clients whose own certificates are verified here as well.

use openssl::{hash::MessageDigest, sign::Signer, x509::X509Extension};

use super::{pki::*, *};
use crate::{
    asn1::der::{Reader, element, tag},
    http::structured_field::{self, byte_sequence},
    testing::Leaf,
    verify::{
        clients::{ClientTrust, cas::ClientCas, keys_decoded},
        verification_cache::VerificationCache,
    },
};

use Refusal::*;

/// A client for TLS, as a CA makes it.
fn client(subject: &str) -> Recipe {
    Recipe::new(KeyKind::P256.generate(), subject)
        .with(key_usage(&[0]))
        .with(extended_key_usage(&[2]))
}

fn cas(certificates: &[&Identity]) -> Arc<ClientCas> {
    let certificates = certificates.iter().map(|ca| ca.certificate.clone()).collect();
    Arc::new(ClientCas::new(certificates).unwrap())
}

fn client_trust(certificates: &[&Identity], crls: Option<Vec<X509Crl>>) -> ClientTrust {
    ClientTrust::new(cas(certificates), crls.map(|crls| Arc::new(Crls::new(crls).unwrap())))
}

/// A client as it is accepted: with no key.
fn accepted(certificate: &X509) -> Client {
    let (keyless, validity) = crate::x509::parser::read_carried(&der(certificate)).unwrap();
    Client::of_content(keyless, validity, &der(certificate))
}

fn chain_value(chain: &[&Identity]) -> String {
    let chain: Vec<_> = chain.iter().map(|issuer| der(&issuer.certificate)).collect();
    structured_field::list(&chain)
}

/// Verifies at [`NOW`], and again with what other calls left: with the same outcome.
fn verify_lines(
    trust: &ClientTrust,
    certificate: &X509,
    lines: &[&[u8]],
) -> Result<Client, Failure> {
    let client = accepted(certificate);
    let found = trust.verify(&client, lines, NOW);
    CACHE.with(|cache| {
        for again in [false, true] {
            let cached = cache.verify_client(trust, &client, lines, NOW);
            match (&cached, &found) {
                (Ok(cached), Ok(found)) => {
                    assert_eq!(*cached.client, *found);
                    assert!(cached.reused || !again);
                }
                (Err(cached), Err(found)) => assert_eq!(cached, found),
                (cached, found) => panic!("{:?}, {found:?}", cached.as_ref().map(|c| &c.client)),
            }
        }
    });
    found
}

thread_local! {
    static CACHE: VerificationCache = VerificationCache::with_clients(1 << 20);
}

fn verify_client(
    trust: &ClientTrust,
    client: &Identity,
    chain: &[&Identity],
) -> Result<Client, Failure> {
    let value = chain_value(chain);
    let lines = [value.as_bytes()];
    let lines = if chain.is_empty() { &lines[..0] } else { &lines };
    verify_lines(trust, &client.certificate, lines)
}

/// Root, two intermediates, a client.
struct Path {
    root: Identity,
    upper: Identity,
    lower: Identity,
    client: Identity,
}

impl Path {
    fn new() -> Self {
        let root = Recipe::ca("client root").self_signed();
        let upper = Recipe::ca("upper").issued_by(&root);
        let lower = Recipe::ca("lower").issued_by(&upper);
        let client = client("client").issued_by(&lower);
        Self { root, upper, lower, client }
    }
}

#[test]
fn intermediates_of_file_and_chain() {
    let Path { root, upper, lower, client: leaf } = &Path::new();
    let other_root = Recipe::ca("other root").self_signed();
    let other = Recipe::ca("other").issued_by(&other_root);
    let direct = client("direct").issued_by(root);
    let both = vec![lower, upper];
    for (name, file, leaf, chain, path) in [
        ("below the anchor", vec![root], &direct, vec![], vec![]),
        ("all in the chain", vec![root], leaf, vec![lower, upper], both.clone()),
        ("in another order", vec![root], leaf, vec![upper, lower], both.clone()),
        ("all in the file", vec![lower, root, upper], leaf, vec![], both.clone()),
        ("the lower in the file", vec![root, lower], leaf, vec![upper], both.clone()),
        ("the upper in the file", vec![root, upper], leaf, vec![lower], both.clone()),
        ("in both", vec![root, lower, upper], leaf, vec![lower, upper], both.clone()),
        ("each twice", vec![root, lower, lower], leaf, vec![lower, upper, upper], both.clone()),
        (
            "with the root and the client",
            vec![root],
            leaf,
            vec![leaf, lower, upper, root],
            both.clone(),
        ),
        ("with others", vec![root, &other_root], leaf, vec![&other, lower, upper], both.clone()),
        ("another's chain", vec![root], &direct, vec![&other, lower], vec![]),
    ] {
        let found = verify_client(&client_trust(&file, None), leaf, &chain);
        let found = found.unwrap_or_else(|failure| panic!("{name}: {failure}"));
        let path: Vec<_> = path.iter().map(|issuer| der(&issuer.certificate)).collect();
        assert_eq!(found.chain(), path, "{name}");
        assert_eq!(found.leaf(), der(&leaf.certificate), "{name}");
        assert!(found.keyless_certificate().public_key().is_err(), "{name}");
    }
}

/// As when a CA is renewed, or signed by another one as well.
#[test]
fn one_of_several_paths() {
    let Path { root, upper, lower, client: leaf } = &Path::new();
    let again = |ca: &Identity, subject: &str, issuer: &Identity| {
        Recipe { key: ca.key.clone(), ..Recipe::ca(subject) }.issued_by(issuer)
    };
    let expired = |ca: &Identity, subject: &str, issuer: &Identity| {
        let recipe = Recipe { key: ca.key.clone(), ..Recipe::ca(subject) };
        recipe.valid(NOW - 100, NOW - 50).issued_by(issuer)
    };
    let other_root = Recipe::ca("other root").self_signed();
    let crossed = again(upper, "upper", &other_root);
    let old_lower = expired(lower, "lower", upper);
    for (name, file, chain, path) in [
        (
            "signed by another CA too",
            vec![&other_root],
            vec![lower, upper, &crossed],
            vec![lower, &crossed],
        ),
        (
            "and by the one that is trusted",
            vec![root],
            vec![lower, &crossed, upper],
            vec![lower, upper],
        ),
        ("expired, in the file", vec![root, &old_lower], vec![lower, upper], vec![lower, upper]),
        ("expired, in the chain", vec![root, lower], vec![&old_lower, upper], vec![lower, upper]),
        ("both in the chain", vec![root], vec![&old_lower, lower, upper], vec![lower, upper]),
    ] {
        let found = verify_client(&client_trust(&file, None), leaf, &chain);
        let found = found.unwrap_or_else(|failure| panic!("{name}: {failure}"));
        let path: Vec<_> = path.iter().map(|issuer| der(&issuer.certificate)).collect();
        assert_eq!(found.chain(), path, "{name}");
    }
}

/// Of several with one name, the key identifiers tell which is meant.
#[test]
fn chosen_by_key_identifiers() {
    let root = Leaf::ca("root").self_signed();
    let other_root = Leaf::ca("root").self_signed();
    let lower = Leaf::ca("lower").issued_by(&root);
    let forged = Leaf::ca("lower").issued_by(&other_root);
    let leaf = Leaf::new(KeyKind::P256).issued_by(&lower);
    for (name, file, chain) in [
        ("in the chain", vec![&root], vec![&forged, &lower]),
        ("in the chain, after it", vec![&root], vec![&lower, &forged]),
        ("the roots", vec![&other_root, &root], vec![&lower]),
        ("all in the file", vec![&other_root, &root, &forged, &lower], vec![]),
    ] {
        let found = verify_client(&client_trust(&file, None), &leaf, &chain);
        let found = found.unwrap_or_else(|failure| panic!("{name}: {failure}"));
        assert_eq!(found.chain(), [der(&lower.certificate)], "{name}");
    }
}

/// As OpenSSL compares names.
#[test]
fn names_in_another_case() {
    let Path { root, upper, lower, .. } = &Path::new();
    let shouted = |ca: &Identity, subject: &str| {
        Recipe { key: ca.key.clone(), ..Recipe::ca(subject) }.self_signed()
    };
    let leaf = client("client").issued_by(&shouted(lower, "LOWER"));
    let below = Recipe { key: lower.key.clone(), ..Recipe::ca("lower") };
    let below = below.issued_by(&shouted(upper, "Upper "));
    let path = [&below, upper].map(|ca| der(&ca.certificate));
    for (file, chain) in [
        (vec![root], vec![&below, upper]),
        (vec![root, upper], vec![&below]),
        (vec![root, upper, &below], vec![]),
    ] {
        let found = verify_client(&client_trust(&file, None), &leaf, &chain);
        assert_eq!(found.unwrap().chain(), path);
    }
}

/// Whose encoding only OpenSSL knows.
#[test]
fn clients_in_odd_encodings() {
    let root = Leaf::ca("root").self_signed();
    let leaf = Leaf::new(KeyKind::P256).issued_by(&root);
    let plain = der(&leaf.certificate);
    let fields = crate::x509::certificate::Certificate::read(&plain).unwrap();
    // A length in more octets than it takes, within what is signed.
    let serial = fields.serial;
    let long = [&[serial[0], 0x81, serial[1]], &serial[2..]].concat();
    let inner = Reader::only(fields.to_be_signed, tag::SEQUENCE).unwrap().contents;
    let at = inner.windows(serial.len()).position(|window| window == serial).unwrap();
    let inner = [&inner[..at], &long, &inner[at + serial.len()..]].concat();
    let signed = element(tag::SEQUENCE, &[&inner]);
    let mut signer = Signer::new(MessageDigest::sha256(), &root.key).unwrap();
    let signature = signer.sign_oneshot_to_vec(&signed).unwrap();
    let signature = element(tag::BIT_STRING, &[&[0], &signature]);
    let odd = element(tag::SEQUENCE, &[&signed, fields.signature_algorithm, &signature]);
    assert!(crate::x509::certificate::Certificate::read(&odd).is_err());
    let odd = X509::from_der(&odd).unwrap();
    let found = verify_lines(&client_trust(&[&root], None), &odd, &[]);
    assert_eq!(found.unwrap().leaf(), der(&odd));
}

#[test]
fn clients_of_many_kinds() {
    let Path { root, .. } = &Path::new();
    let of = |kind: KeyKind| Recipe::new(kind.generate(), "client");
    for (name, recipe) in [
        ("for nothing in particular", of(KeyKind::P256)),
        ("for TLS clients", client("client")),
        ("RSA", of(KeyKind::Rsa(2048))),
        ("RSA-PSS", of(KeyKind::RsaPss)),
        ("another curve", of(KeyKind::Secp256k1)),
        ("Ed448", of(KeyKind::Ed448)),
    ] {
        let leaf = recipe.issued_by(root);
        let found = verify_client(&client_trust(&[root], None), &leaf, &[]);
        assert!(found.is_ok(), "{name}: {found:?}");
    }
}

/// Collects refusals of clients.
#[derive(Default)]
struct ClientCases(Vec<String>, usize);

impl ClientCases {
    fn add(&mut self, name: &str, expected: impl Into<Rejection>, found: Result<Client, Failure>) {
        let expected = expected.into();
        self.1 += 1;
        match found {
            Err(failure) if failure.rejection() == expected => {}
            found => self.0.push(format!("{name}: {found:?}, not {expected:?}")),
        }
    }

    fn check(self, count: usize) {
        assert!(self.0.is_empty(), "\n{}", self.0.join("\n"));
        assert_eq!(self.1, count);
    }
}

/// nameConstraints with one dNSName.
fn name_constraints(permitted: &str) -> X509Extension {
    let subtree = element(tag::SEQUENCE, &[&element(0x82, &[permitted.as_bytes()])]);
    extension("2.5.29.30", true, &element(tag::SEQUENCE, &[&element(0xa0, &[&subtree])]))
}

#[test]
fn refused() {
    let Path { root, upper, lower, client: leaf } = &Path::new();
    let trusted = client_trust(&[root], None);
    let other_root = Recipe::ca("other root").self_signed();
    let namesake = Recipe::ca("client root").self_signed();
    let mut cases = ClientCases::default();
    let mut add = |name: &str,
                   expected: Refusal,
                   trust: &ClientTrust,
                   leaf: &Identity,
                   chain: &[&Identity]| {
        cases.add(name, expected, verify_client(trust, leaf, chain));
    };
    add("another CA", ClientUntrusted, &client_trust(&[&other_root], None), leaf, &[lower, upper]);
    add(
        "a CA of the same name",
        ClientUntrusted,
        &client_trust(&[&namesake], None),
        leaf,
        &[lower, upper],
    );
    add("no intermediate", ClientUntrusted, &trusted, leaf, &[]);
    add("the upper missing", ClientUntrusted, &trusted, leaf, &[lower]);
    add("the lower missing", ClientUntrusted, &trusted, leaf, &[upper]);
    let self_signed = client("client root").self_signed();
    add("self-signed", ClientUntrusted, &trusted, &self_signed, &[]);
    add("its own anchor", ClientUntrusted, &trusted, &self_signed, &[&self_signed]);
    add(
        "another's root in the chain",
        ClientUntrusted,
        &trusted,
        &client("client").issued_by(&other_root),
        &[&other_root],
    );
    let by_namesake = client("client").issued_by(&namesake);
    add("signed by one of the same name", ClientUntrusted, &trusted, &by_namesake, &[]);
    add("which is in the chain", ClientUntrusted, &trusted, &by_namesake, &[&namesake]);
    // An intermediate is no anchor, wherever it comes from.
    let two = client_trust(&[&other_root, lower], None);
    add("an intermediate for an anchor", ClientUntrusted, &two, leaf, &[]);

    let ended = |recipe: Recipe| recipe.valid(NOW - 100, NOW);
    let begun = |recipe: Recipe| recipe.valid(NOW + 1, NOW + 100);
    add("expired", CertificateExpired, &trusted, &ended(client("client")).issued_by(root), &[]);
    add(
        "not yet valid",
        CertificateNotYetValid,
        &trusted,
        &begun(client("client")).issued_by(root),
        &[],
    );
    for (name, recipe) in
        [("an expired CA", ended(Recipe::ca("ca"))), ("a CA to come", begun(Recipe::ca("ca")))]
    {
        let ca = recipe.issued_by(root);
        let leaf = client("client").issued_by(&ca);
        add(name, ClientChainOutsideValidity, &trusted, &leaf, &[&ca]);
        add(
            &format!("{name}, in the file"),
            ClientChainOutsideValidity,
            &client_trust(&[root, &ca], None),
            &leaf,
            &[],
        );
    }
    let old_root = ended(Recipe::ca("old root")).self_signed();
    add(
        "an expired anchor",
        ClientChainOutsideValidity,
        &client_trust(&[&old_root], None),
        &client("client").issued_by(&old_root),
        &[],
    );

    let weak = Recipe::new(KeyKind::Rsa(1024).generate(), "client").issued_by(root);
    add("RSA of 1024 bits", ClientChainWeak, &trusted, &weak, &[]);
    let weak_ca =
        Recipe { key: KeyKind::Rsa(1024).generate(), ..Recipe::ca("weak") }.issued_by(root);
    let below_weak = client("client").issued_by(&weak_ca);
    add("a CA with 1024 bits", ClientChainWeak, &trusted, &below_weak, &[&weak_ca]);
    add("in the file", ClientChainWeak, &client_trust(&[root, &weak_ca], None), &below_weak, &[]);
    let sha1 = client("client").digest(MessageDigest::sha1()).issued_by(root);
    add("SHA-1", ClientChainWeak, &trusted, &sha1, &[]);
    let spelled_out = Recipe::new(KeyKind::P256Explicit.generate(), "client").issued_by(root);
    add("a curve spelled out", ClientKeyUnsupported, &trusted, &spelled_out, &[]);

    let server = Recipe::new(KeyKind::P256.generate(), "client").with(extended_key_usage(&[1]));
    add("for servers", ClientUsage, &trusted, &server.issued_by(root), &[]);
    let any = Recipe::new(KeyKind::P256.generate(), "client").with(any_extended_key_usage());
    add(
        "for any purpose, which OpenSSL takes for none",
        ClientUsage,
        &trusted,
        &any.issued_by(root),
        &[],
    );
    let encrypts = Recipe::new(KeyKind::P256.generate(), "client").with(key_usage(&[2]));
    add("for encryption", ClientUsage, &trusted, &encrypts.issued_by(root), &[]);
    let user = client("user").issued_by(root);
    add("issued by a user", ClientUsage, &trusted, &client("client").issued_by(&user), &[&user]);
    let server_ca = Recipe::ca("server ca").with(extended_key_usage(&[1])).issued_by(root);
    add(
        "by a CA of servers",
        ClientUsage,
        &trusted,
        &client("client").issued_by(&server_ca),
        &[&server_ca],
    );
    let short = Recipe::new(KeyKind::P256.generate(), "short");
    let short = short.with(basic_constraints(Some(0))).with(key_usage(&[5])).issued_by(root);
    let longer = Recipe::ca("longer").issued_by(&short);
    add(
        "a path that is too long for its CA",
        ClientUsage,
        &trusted,
        &client("client").issued_by(&longer),
        &[&longer, &short],
    );

    let named = |names: &[&str]| client("client").with(dns(names));
    let narrow = Recipe::ca("narrow").with(name_constraints("in.example")).issued_by(root);
    add(
        "a name outside",
        ClientNameConstraints,
        &trusted,
        &named(&["out.example"]).issued_by(&narrow),
        &[&narrow],
    );
    let inside = named(&["a.in.example"]).issued_by(&narrow);
    assert!(verify_client(&trusted, &inside, &[&narrow]).is_ok());
    cases.check(30);
}

/// At most ten CAs between.
#[test]
fn depth() {
    let root = Recipe::ca("root").self_signed();
    let mut file = vec![root];
    for number in 0..11 {
        let above = file.last().unwrap();
        file.push(Recipe::ca(&format!("ca {number}")).issued_by(above));
    }
    let file: Vec<&Identity> = file.iter().collect();
    let trust = client_trust(&file, None);
    let below = |place: usize| client("client").issued_by(file[place]);
    assert_eq!(verify_client(&trust, &below(10), &[]).unwrap().chain().len(), 10);
    let failure = verify_client(&trust, &below(11), &[]).unwrap_err();
    assert_eq!(failure.rejection(), ClientUntrusted.into());
    assert!(failure.detail().unwrap().starts_with("certificate chain too long: "));
}

#[test]
fn crls() {
    let Path { root, upper, lower, client: leaf } = &Path::new();
    let crl = || CrlRecipe::new();
    let good = || vec![crl().issued_by(root), crl().issued_by(upper), crl().issued_by(lower)];
    let with = |place: usize, changed: X509Crl| {
        let mut crls = good();
        crls[place] = changed;
        crls
    };
    let without = |place: usize| {
        let mut crls = good();
        crls.remove(place);
        crls
    };
    let verify = |crls| verify_client(&client_trust(&[root, upper], Some(crls)), leaf, &[lower]);
    let found = verify(good());
    assert!(found.is_ok(), "{found:?}");
    let other = client("other").issued_by(lower);
    assert!(verify(with(2, crl().revoking(&other.certificate).issued_by(lower))).is_ok());

    let mut cases = ClientCases::default();
    cases.add(
        "the client revoked",
        ClientRevoked,
        verify(with(2, crl().revoking(&leaf.certificate).issued_by(lower))),
    );
    cases.add(
        "its CA revoked",
        ClientRevoked,
        verify(with(1, crl().revoking(&lower.certificate).issued_by(upper))),
    );
    cases.add(
        "that of the file revoked",
        ClientRevoked,
        verify(with(0, crl().revoking(&upper.certificate).issued_by(root))),
    );
    cases.add("none for the client", ClientCrlMissing, verify(without(2)));
    cases.add("none for its CA", ClientCrlMissing, verify(without(1)));
    cases.add("none for the upper CA", ClientCrlMissing, verify(without(0)));
    let ended = crl().valid(NOW - 100, Some(NOW - 1)).issued_by(lower);
    cases.add("out of date", ClientCrlOutOfDate, verify(with(2, ended)));
    let to_come = crl().valid(NOW + 1, Some(NOW + 100)).issued_by(lower);
    cases.add("not yet in force", ClientCrlOutOfDate, verify(with(2, to_come)));
    let name = lower.certificate.subject_name().to_owned().unwrap();
    cases.add("of another key", ClientCrlInvalid, verify(with(2, crl().signed(&upper.key, &name))));
    let indirect = crl().distribution_point(&[0x84, 1, 0xff]).issued_by(lower);
    cases.add("indirect", ClientCrlMissing, verify(with(2, indirect)));
    let partly = crl().distribution_point(&[0x83, 2, 6, 0x40]).issued_by(lower);
    cases.add("for some reasons", ClientCrlMissing, verify(with(2, partly)));
    let users = crl().distribution_point(&[0x81, 1, 0xff]).issued_by(upper);
    cases.add("for no CA", ClientCrlMissing, verify(with(1, users)));
    let unknown = crl().with(&[0x2a, 3, 4], true, &[5, 0]).issued_by(lower);
    cases.add("with a critical extension", ClientCrlInvalid, verify(with(2, unknown)));
    let delta = crl().with(&[0x55, 0x1d, 27], true, &[2, 1, 1]).issued_by(lower);
    let mut crls = without(2);
    crls.push(delta);
    cases.add("a delta CRL alone", ClientCrlMissing, verify(crls));
    let not_signing = Recipe::new(KeyKind::P256.generate(), "lower");
    let not_signing =
        not_signing.with(basic_constraints(None)).with(key_usage(&[5])).issued_by(upper);
    let below = client("client").issued_by(&not_signing);
    let trust = client_trust(&[root, upper], Some(with(2, crl().issued_by(&not_signing))));
    cases.add(
        "of a CA that may sign none",
        ClientCrlInvalid,
        verify_client(&trust, &below, &[&not_signing]),
    );
    cases.check(15);
}

#[test]
fn malformed_chains() {
    use MalformedValue::*;
    let Path { root, upper, lower, client: leaf } = &Path::new();
    let trust = client_trust(&[root, upper], None);
    let good = byte_sequence(&der(&lower.certificate));
    let cut = byte_sequence(&der(&lower.certificate)[..100]);
    let trailing = byte_sequence(&[&der(&lower.certificate)[..], &[0]].concat());
    let unpadded = format!(":{}:", good.trim_matches([':', '=']));
    let many = |count| {
        let others: Vec<_> = (0..count).map(|_| Recipe::ca("other").self_signed()).collect();
        let others: Vec<_> =
            others.iter().map(|other| byte_sequence(&der(&other.certificate))).collect();
        others.join(", ")
    };
    for (name, lines) in [
        ("as it is written", vec![good.clone()]),
        ("without padding, with parameters", vec![format!("  {unpadded};a=1  ")]),
        ("in two lines", vec![many(1), good.clone()]),
        ("eight", vec![format!("{},{good}", many(7))]),
        ("eight in two lines", vec![many(4), good.clone(), many(3)]),
    ] {
        let lines: Vec<&[u8]> = lines.iter().map(|line| line.as_bytes()).collect();
        let found = verify_lines(&trust, &leaf.certificate, &lines);
        assert!(found.is_ok(), "{name}: {found:?}");
    }
    // As the file has it.
    let trust = client_trust(&[root, upper, lower], None);
    for lines in [&[][..], &[&b""[..]], &[b"  "]] {
        assert!(verify_lines(&trust, &leaf.certificate, lines).is_ok());
    }
    let mut cases = ClientCases::default();
    for (name, expected, lines) in [
        ("no List", ChainList, vec!["x".to_owned()]),
        ("base64 alone", ChainList, vec![good.trim_matches(':').to_owned()]),
        ("PEM", ChainList, vec![lower.certificate_pem().replace('\n', " ")]),
        ("a comma after it", ChainList, vec![format!("{good},")]),
        ("no comma between", ChainList, vec![format!("{good} {good}")]),
        ("an empty line before", ChainList, vec![String::new(), good.clone()]),
        ("an empty line after", ChainList, vec![good.clone(), String::new()]),
        ("stray bits", ChainList, vec![":Zh==:".to_owned()]),
        ("the second of two lines", ChainList, vec![good.clone(), "x".to_owned()]),
        ("nine", ChainCount, vec![format!("{good}, {}", many(8))]),
        ("nine in two lines", ChainCount, vec![good.clone(), many(8)]),
        ("one nine times", ChainCount, vec![[&*good; 9].join(", ")]),
        ("no DER", ChainCertificate, vec![":Zm9v:".to_owned()]),
        ("nothing between the colons", ChainCertificate, vec!["::".to_owned()]),
        ("cut off", ChainCertificate, vec![cut]),
        ("something after it", ChainCertificate, vec![trailing]),
        ("after a good one", ChainCertificate, vec![format!("{good}, :Zm9v:")]),
        ("too long", ChainTooLong, vec![format!("{good}{}", " ".repeat(MAX_VALUE))]),
    ] {
        let lines: Vec<&[u8]> = lines.iter().map(|line| line.as_bytes()).collect();
        cases.add(name, expected, verify_lines(&trust, &leaf.certificate, &lines));
    }
    cases.check(18);
    let failure =
        verify_lines(&trust, &leaf.certificate, &[good.as_bytes(), b":Zm9v"]).unwrap_err();
    assert_eq!(failure.detail(), Some("member 2: the second colon is missing"));
}

/// What a chain would have OpenSSL do is not done before a CA of the file proves it.
#[test]
fn keys_of_the_chain() {
    let Path { root, upper, lower, client: leaf } = &Path::new();
    let trust = client_trust(&[root], None);
    let mut cases = ClientCases::default();
    let count = |work: &mut dyn FnMut()| {
        let before = keys_decoded();
        work();
        keys_decoded() - before
    };
    for (name, key, expected) in [
        ("RSA-PSS", KeyKind::RsaPss.generate(), ChainKeyUnsupported),
        ("a curve spelled out", KeyKind::P256Explicit.generate(), ChainKeyUnsupported),
        ("another curve", KeyKind::Secp256k1.generate(), ChainKeyUnsupported),
        ("Ed448", KeyKind::Ed448.generate(), ChainKeyUnsupported),
        ("DSA", KeyKind::Dsa.generate(), ChainKeyUnsupported),
        ("a long exponent", super::costly::rsa_with_long_exponent(), ChainKeyUnsupported),
        ("RSA of 1024 bits", KeyKind::Rsa(1024).generate(), ClientChainWeak),
    ] {
        let other = Recipe { key, ..Recipe::ca("other") }.issued_by(root);
        for chain in [vec![&other], vec![lower, upper, &other]] {
            let decoded =
                count(&mut || cases.add(name, expected, verify_client(&trust, leaf, &chain)));
            assert_eq!(decoded, 0, "{name}");
        }
    }
    let fake_root = Recipe::ca("client root").self_signed();
    let fake_upper = Recipe::ca("upper").issued_by(&fake_root);
    let fakes: Vec<_> = (0..8).map(|_| Recipe::ca("lower").issued_by(&fake_root)).collect();
    let unrelated: Vec<_> = (0..8).map(|_| Recipe::ca("other").issued_by(root)).collect();
    let fake_lower = {
        let key = KeyKind::P256.generate();
        let issuer = Identity { key, certificate: upper.certificate.clone() };
        Recipe::ca("lower").issued_by(&issuer)
    };
    for (name, decoded, chain) in [
        ("eight that may be its issuer", 0, fakes.iter().collect()),
        ("a root made up", 0, vec![&fake_root, &fake_upper, lower]),
        ("an upper CA made up", 0, vec![&fake_upper, lower]),
        ("eight that have nothing to do with it", 0, unrelated.iter().collect()),
        ("no lower CA", 0, vec![upper]),
        ("a lower CA made up", 1, vec![&fake_lower, upper]),
    ] {
        let found =
            count(&mut || cases.add(name, ClientUntrusted, verify_client(&trust, leaf, &chain)));
        // Three times: without the cache, and twice with it, since refusals are not remembered.
        assert_eq!(found, 3 * decoded, "{name}");
    }
    cases.check(20);
    let decoded = count(&mut || {
        assert!(
            trust
                .verify(
                    &accepted(&leaf.certificate),
                    &[chain_value(&[lower, upper]).as_bytes()],
                    NOW
                )
                .is_ok()
        )
    });
    assert_eq!(decoded, 2);
}

/// A path stands for as long as all that it depends on.
#[test]
fn remembered_as_long_as_it_stands() {
    let root = Recipe::ca("root").valid(NOW - 50, NOW + 50).self_signed();
    let lower = Recipe::ca("lower").valid(NOW - 40, NOW + 40).issued_by(&root);
    let crl = |ca: &Identity, end| CrlRecipe::new().valid(NOW - 30, Some(end)).issued_by(ca);
    let leaf = client("client").valid(NOW - 20, NOW + 20).issued_by(&lower);
    let lasting = client("client").issued_by(&lower);
    let plain = client_trust(&[&root], None);
    let with_crls = client_trust(&[&root], Some(vec![crl(&root, NOW + 30), crl(&lower, NOW + 35)]));
    let chain = chain_value(&[&lower]);
    for (name, trust, leaf, until, expected) in [
        ("the client", &plain, &leaf, NOW + 20, CertificateExpired),
        ("its CA", &plain, &lasting, NOW + 40, ClientChainOutsideValidity),
        // OpenSSL takes a CRL in the second of its nextUpdate.
        ("a CRL", &with_crls, &lasting, NOW + 30, ClientCrlOutOfDate),
    ] {
        let cache = VerificationCache::with_clients(1 << 20);
        let client = accepted(&leaf.certificate);
        let verify = |now| {
            let found = cache.verify_client(trust, &client, &[chain.as_bytes()], now);
            found.map(|found| found.reused).map_err(|failure| failure.rejection())
        };
        assert_eq!(verify(NOW), Ok(false), "{name}");
        assert_eq!(verify(NOW), Ok(true), "{name}");
        assert_eq!(verify(until - 1), Ok(true), "{name}");
        assert_ne!(verify(until), Ok(true), "{name}");
        assert_eq!(verify(until + 1), Err(expected.into()), "{name}");
        // The clock is put back.
        assert_eq!(verify(NOW - 1), Ok(false), "{name}");
        assert_eq!(verify(NOW), Ok(true), "{name}");
        assert_eq!(verify(NOW - 2), Ok(false), "{name}");
    }
}

#[test]
fn remembered_by_all_that_it_depends_on() {
    let Path { root, upper, lower, client: leaf } = &Path::new();
    let cache = VerificationCache::with_clients(1 << 20);
    let crl =
        || vec![root, upper, lower].into_iter().map(|ca| CrlRecipe::new().issued_by(ca)).collect();
    let trust = client_trust(&[root, upper], None);
    let revoking = vec![
        CrlRecipe::new().issued_by(root),
        CrlRecipe::new().issued_by(upper),
        CrlRecipe::new().revoking(&leaf.certificate).issued_by(lower),
    ];
    let verify = |trust: &ClientTrust, leaf: &Identity, chain: &[&str]| {
        let lines: Vec<&[u8]> = chain.iter().map(|line| line.as_bytes()).collect();
        let found = cache.verify_client(trust, &accepted(&leaf.certificate), &lines, NOW);
        found.map(|found| found.reused).map_err(|failure| failure.rejection())
    };
    let chain = chain_value(&[lower]);
    let refused = |refusal: Refusal| Err(refusal.into());
    assert_eq!(verify(&trust, leaf, &[&chain]), Ok(false));
    assert_eq!(verify(&trust, leaf, &[&chain]), Ok(true));
    assert_eq!(verify(&trust.clone(), leaf, &[&chain]), Ok(true), "the same CAs");
    assert_eq!(
        verify(&client_trust(&[root, upper], None), leaf, &[&chain]),
        Ok(false),
        "other CAs"
    );
    assert_eq!(verify(&client_trust(&[root], None), leaf, &[&chain]), refused(ClientUntrusted));
    assert_eq!(
        verify(&client_trust(&[root, upper], Some(crl())), leaf, &[&chain]),
        Ok(false),
        "CRLs"
    );
    let revokes = client_trust(&[root, upper], Some(revoking));
    assert_eq!(verify(&revokes, leaf, &[&chain]), refused(ClientRevoked));
    let another = client("client").issued_by(lower);
    assert_eq!(verify(&trust, &another, &[&chain]), Ok(false), "another client");
    // The same certificates otherwise written, or among others, have the same path.
    let other = chain_value(&[&Recipe::ca("other").self_signed()]);
    for lines in [vec![&*other, &chain], vec![&chain, &other], vec![&*format!(" {chain}")]] {
        assert_eq!(verify(&trust, leaf, &lines), Ok(true), "{lines:?}");
    }
    assert_eq!(verify(&trust, leaf, &[]), refused(ClientUntrusted), "no chain");
    assert_eq!(verify(&trust, leaf, &[&other]), refused(ClientUntrusted), "another chain");
    assert_eq!(verify(&trust, leaf, &["x"]), Err(MalformedValue::ChainList.into()));
    let nine = [&*other; 9].join(", ");
    assert_eq!(verify(&trust, leaf, &[&nine]), Err(MalformedValue::ChainCount.into()));
    // None of which has taken its place.
    assert_eq!(verify(&trust, leaf, &[&chain]), Ok(true));
    // Where the file has all, any chain will do.
    let all = client_trust(&[root, upper, lower], None);
    assert_eq!(verify(&all, leaf, &[]), Ok(false));
    assert_eq!(verify(&all, leaf, &[&other]), Ok(true));
    // Another path takes the place of the first.
    let renewed = Recipe { key: lower.key.clone(), ..Recipe::ca("lower") }.issued_by(upper);
    let renewed = chain_value(&[&renewed]);
    assert_eq!(verify(&trust, leaf, &[&renewed]), Ok(false));
    assert_eq!(verify(&trust, leaf, &[&renewed]), Ok(true));
    // A cache without room for clients, and none.
    for cache in [VerificationCache::new(1 << 20), VerificationCache::default()] {
        let found =
            cache.verify_client(&trust, &accepted(&leaf.certificate), &[chain.as_bytes()], NOW);
        assert!(!found.unwrap().reused);
    }
}

#[test]
fn files() {
    use Error::*;
    let Path { root, lower, client: leaf, .. } = &Path::new();
    let (root_pem, lower_pem, leaf_pem) =
        (root.certificate_pem(), lower.certificate_pem(), leaf.certificate_pem());
    let crl = String::from_utf8(CrlRecipe::new().issued_by(root).to_pem().unwrap()).unwrap();
    let self_signed = client("self").self_signed().certificate_pem();
    // keyCertSign without basicConstraints makes no CA of one that is no root.
    let usage_only = Recipe::new(KeyKind::P256.generate(), "x").with(key_usage(&[5]));
    let usage_only = usage_only.issued_by(root).certificate_pem();
    for (name, text, expected) in [
        ("a root", root_pem.clone(), None),
        ("a root and an intermediate", format!("# ours\n{root_pem}\n# theirs\n{lower_pem}"), None),
        ("a root twice", format!("{root_pem}{root_pem}"), None),
        ("an intermediate alone", lower_pem.clone(), Some(FileNoAnchor)),
        ("a client", format!("{root_pem}{leaf_pem}"), Some(FileNotCa)),
        ("a client that is self-signed", format!("{root_pem}{self_signed}"), Some(FileNotCa)),
        ("no basicConstraints", format!("{root_pem}{usage_only}"), Some(FileNotCa)),
        ("a key beside", format!("{root_pem}{}", root.key_pem()), Some(FileOtherBlock)),
        ("a CRL beside", format!("{root_pem}{crl}"), Some(FileOtherBlock)),
        ("a CRL", crl.clone(), Some(FileIsCrl)),
        ("a key", root.key_pem(), Some(FileIsKey)),
        (
            "trusted",
            root_pem.replace("CERTIFICATE", "TRUSTED CERTIFICATE"),
            Some(FileTrustedCertificate),
        ),
        ("nothing", String::new(), Some(FileNoCertificate)),
        ("cut off", root_pem[..200].to_owned(), Some(FileMalformed)),
        ("damaged", root_pem.replacen("MII", "MIA", 1), Some(FileMalformed)),
    ] {
        assert_eq!(ClientCas::from_pem(text.as_bytes()).err(), expected, "{name}");
    }
}
