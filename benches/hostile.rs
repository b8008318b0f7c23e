// SPDX-License-Identifier: Apache-2.0

//! What values cost that are made to take long, by a client that has no signature that counts,
//! against a good value of the same length that is seen for the first time.
//!
//!     cargo bench --bench hostile [-- ROUNDS]
//!
//! Fails where one of them costs as much. Beside it stands the ratio to a good value whose signer
//! is known: that one does without the verification of a path.

mod support;

use std::{cell::Cell, process::ExitCode, sync::Arc};

use client_cert::{
    client::Client,
    format::{ClientCertFormat, UnsignedFormat, signed::SignedFormat},
    rejection::{Failure, Rejection},
    sign::signer::{Signer, SignerCerts},
    verify::{
        Freshness,
        clients::{ClientTrust, cas::ClientCas},
        trust::{TrustAnchors, TrustNames},
        verification_cache::{TrustSources, VerificationCache},
    },
    x509::crl::Crls,
};
use openssl::{
    hash::MessageDigest,
    sign,
    x509::{
        X509, X509Extension,
        extension::{BasicConstraints, SubjectAlternativeName},
    },
};
use support::{
    Variant, compare,
    forge::{self, LENGTH, Paper, Value, common_name, element, fill, key, oid, sequence, set},
    rounds,
    testing::{Identity, KeyKind, Leaf, NOW},
    unsigned::{self, UNSIGNED},
};

const NAME: &str = "ttrp.example";
const FRESHNESS: Freshness = Freshness { max_age: 300, skew: 30 };

fn names_extension(names: &[&str], uri: &str) -> X509Extension {
    let builder = X509::builder().unwrap();
    let mut extension = SubjectAlternativeName::new();
    for name in names {
        extension.dns(name);
    }
    if !uri.is_empty() {
        extension.uri(uri);
    }
    extension.build(&builder.x509v3_context(None, None)).unwrap()
}

/// Who there is.
struct World {
    kind: KeyKind,
    root: Identity,
    signer: Identity,
    /// Of the same CA, and not named.
    user: Identity,
    /// Of another CA, whom TLS verifies here as well, with the name that counts.
    impostor: Identity,
    /// With a certificate as long as makes a signed value of [`LENGTH`].
    client: Client,
    /// And an unsigned one.
    large: Client,
    good: String,
    /// The same without certificates.
    bare: String,
    /// A good one that is too old.
    stale: String,
    /// By the user.
    by_user: String,
}

impl World {
    fn new(kind: KeyKind) -> Self {
        let ca = BasicConstraints::new().critical().ca().build().unwrap();
        let root = Leaf::new(kind).subject("root").extension(ca).self_signed();
        let named = |name| Leaf::new(kind).extension(names_extension(&[name], ""));
        let signer = named(NAME).issued_by(&root);
        let user = named("user.example").issued_by(&root);
        let impostor = named(NAME).issued_by(&Leaf::ca("other root").self_signed());
        let client_of = |length: usize| {
            let uri = format!("https://clients.example/{}", "x".repeat(length));
            let leaf = Leaf::with_key(user.key.clone()).subject("client").serial(7);
            let leaf = leaf.extension(names_extension(&[], &uri)).issued_by(&root);
            Client::new(&leaf.certificate, &[]).unwrap()
        };
        let sign = |by: &Identity, certs, client: &Client, now| {
            let signer = Signer::new(&by.certificate, &by.key, &[]).unwrap();
            SignedFormat::Cms.encode(&signer.sign(certs, client, now).unwrap())
        };
        // An ECDSA signature is two octets longer or shorter.
        let longest = |certs| {
            let room = LENGTH - 8;
            let mut length = 5000;
            while sign(&signer, certs, &client_of(length), NOW).len() > room {
                length -= 8;
            }
            client_of(length)
        };
        let client = longest(SignerCerts::Signer);
        let good = sign(&signer, SignerCerts::Signer, &client, NOW);
        let bare = sign(&signer, SignerCerts::None, &longest(SignerCerts::None), NOW);
        let stale = sign(&signer, SignerCerts::Signer, &client, NOW - 400);
        let by_user = sign(&user, SignerCerts::Signer, &client, NOW);
        let others = client_of(5000).leaf().len() - 5000;
        let large = client_of((LENGTH - 2) / 4 * 3 - others);
        Self { kind, root, signer, user, impostor, client, large, good, bare, stale, by_user }
    }

    /// The content of a value in which others are to be long.
    fn small(&self) -> Vec<u8> {
        Paper::new(&self.root_name(), "client").der()
    }

    fn root_name(&self) -> Vec<u8> {
        self.root.certificate.subject_name().to_der().unwrap()
    }

    fn root_key(&self) -> Vec<u8> {
        self.root.certificate.subject_key_id().unwrap().as_slice().to_vec()
    }

    /// A CRL of the root that revokes no certificate.
    fn crl(&self) -> String {
        let algorithm = forge::signature_algorithm(self.kind);
        let time = |time: &[u8]| element(0x17, &[time]);
        let list = sequence(&[
            &forge::integer(&[1]),
            &algorithm,
            &self.root_name(),
            &time(b"250101000000Z"),
            &time(b"400101000000Z"),
        ]);
        let mut signer = match self.kind {
            KeyKind::Ed25519 => sign::Signer::new_without_digest(&self.root.key).unwrap(),
            _ => sign::Signer::new(MessageDigest::sha256(), &self.root.key).unwrap(),
        };
        let signature = signer.sign_oneshot_to_vec(&list).unwrap();
        let der = sequence(&[&list, &algorithm, &forge::bits(&signature)]);
        let crl = openssl::x509::X509Crl::from_der(&der).unwrap();
        String::from_utf8(crl.to_pem().unwrap()).unwrap()
    }

    /// A signer's certificate below the root, with the name that counts.
    fn paper(&self) -> Paper {
        let paper = Paper::new(&self.root_name(), "signer");
        let paper = paper.extension(forge::authority_key(&self.root_key()));
        let key = self.signer.key.public_key_to_der().unwrap();
        Paper { key, ..paper.signed_with(self.kind) }
    }

    fn named(&self) -> Paper {
        self.paper().extension(forge::alt_names(NAME, 0))
    }

    /// A CA's, below the root.
    fn ca(&self, subject: &str) -> Paper {
        let paper = Paper::new(&self.root_name(), subject).extension(forge::ca());
        paper.extension(forge::authority_key(&self.root_key())).signed_with(self.kind)
    }

    fn below(&self, issuer: &Paper) -> Paper {
        let paper = Paper::new(&issuer.subject, "signer").extension(forge::alt_names(NAME, 0));
        Paper { key: self.named().key, ..paper }
    }

    fn by(&self, papers: &[Paper]) -> String {
        Value::by(self.kind, &self.small(), papers).encode()
    }

    /// Signed as if by the signer, with its own certificate and others beside it.
    fn beside(&self, papers: &[Paper]) -> Value {
        let fields = self.signer.certificate.to_der().unwrap();
        let serial = self.signer.certificate.serial_number().to_bn().unwrap().to_vec();
        let identifier = sequence(&[&self.root_name(), &forge::integer(&serial)]);
        let mut certificates = vec![fields];
        certificates.extend(papers.iter().map(Paper::der));
        Value::new(self.kind, &self.small(), identifier).with(certificates)
    }

    fn content(&self, content: &Paper) -> Value {
        Value::by(self.kind, &content.der(), &[self.named()])
    }

    /// What there is to send.
    #[allow(clippy::too_many_lines)]
    fn values(&self) -> Vec<(&'static str, String)> {
        let numbered = |count: usize, paper: &dyn Fn(usize) -> Paper| -> Vec<Paper> {
            (0..count)
                .map(|number| Paper {
                    serial: forge::integer(&[1 + number as u8]),
                    ..paper(number)
                })
                .collect()
        };
        // The signer, and as many of these as there may be.
        let beside = |count: usize, paper: &dyn Fn(usize) -> Paper| {
            self.beside(&numbered(count, paper)).encode()
        };
        let most = |paper: &dyn Fn(usize) -> Paper| {
            (0..=7).rev().map(|count| beside(count, paper)).find(|value| value.len() <= LENGTH)
        };
        let with_key = |key: &Vec<u8>| {
            let key = key.clone();
            move |_: usize| Paper { key: key.clone(), ..Paper::new(&self.root_name(), "ca") }
        };
        let (slow, exponent, point) =
            (key::slow_curve(), key::rsa_with_long_exponent(384), key::compressed());
        let large_key = key::rsa(&[0xff; 1024], &[0xff; 4]);
        let mut values = vec![
            ("curves over a chosen prime", most(&with_key(&slow)).unwrap()),
            ("the same, as the signer's key", {
                self.by(&[Paper { key: slow.clone(), ..self.named() }])
            }),
            ("the same, as the client's key", {
                let client = Paper { key: slow.clone(), ..Paper::new(&self.root_name(), "c") };
                self.content(&client).encode()
            }),
            ("points that want a square root", most(&with_key(&point)).unwrap()),
            ("RSA keys with long exponents", most(&with_key(&exponent)).unwrap()),
            ("RSA keys of 8192 bits", most(&with_key(&large_key)).unwrap()),
            ("seven small keys beside the signer's", most(&with_key(&key::ed25519())).unwrap()),
        ];

        // Paths that are made up.
        values.push(("below the anchor, made up", self.by(&[self.named()])));
        let as_long = key::rsa_with_long_exponent(256);
        for (name, key) in [
            ("below a CA of the anchor's name with a long exponent", &exponent),
            ("the same, as long as the anchor's", &as_long),
            ("the same with 8192 bits", &large_key),
            ("the same with a chosen prime", &slow),
        ] {
            let fake = Paper { subject: self.root_name(), ..self.ca("") };
            let fake = fake.extension(forge::subject_key(&[7; 20]));
            let fake = Paper { key: key.clone(), serial: forge::integer(&[2]), ..fake };
            let signer = self.below(&fake).signed_with(KeyKind::Rsa(2048));
            let signer = signer.extension(forge::authority_key(&[7; 20]));
            values.push((name, self.by(&[signer, fake])));
        }
        values.push(("seven that may all be the issuer", {
            let issuers = numbered(7, &|_| Paper { key: point.clone(), ..self.ca("ca") });
            self.by(&[&[self.below(&issuers[0])], &issuers[..]].concat())
        }));
        values.push(("seven of the anchor's name and key identifier", {
            let key = self.root_key();
            let issuers = numbered(7, &|_| {
                let fake = Paper { subject: self.root_name(), ..self.ca("") };
                Paper { key: point.clone(), ..fake.extension(forge::subject_key(&key)) }
            });
            let signer = self.below(&issuers[0]).extension(forge::authority_key(&key));
            self.by(&[&[signer], &issuers[..]].concat())
        }));
        values.push(("a path of eight", {
            let mut papers = vec![self.ca("0")];
            for number in 1..7 {
                let paper = Paper::new(&papers[number - 1].subject, &number.to_string());
                papers.push(Paper { key: point.clone(), ..paper.extension(forge::ca()) });
            }
            papers.push(self.below(&papers[6]));
            papers.reverse();
            self.by(&papers)
        }));
        values.push(("a loop of issuers", {
            let names: Vec<_> = (0..7).map(|number| common_name(&number.to_string())).collect();
            let mut papers = numbered(7, &|number| {
                let paper = Paper::new(&names[(number + 1) % 7], "").extension(forge::ca());
                Paper { subject: names[number].clone(), key: point.clone(), ..paper }
            });
            papers.insert(0, self.below(&papers[0]));
            self.by(&papers)
        }));

        for (what, make) in &many() {
            let leak = |place: &str| -> &'static str { format!("many {what}, {place}").leak() };
            let signer = |count| self.by(&[make(count, self.paper())]);
            values.push((leak("the signer's"), fill(signer)));
            let above = |count| {
                let issuer = make(count, self.ca("ca"));
                self.by(&[self.below(&issuer), issuer])
            };
            values.push((leak("its issuer's"), fill(above)));
            let beside = |count| self.beside(&[make(count, self.ca("ca"))]).encode();
            values.push((leak("another's"), fill(beside)));
            let client =
                |count| self.content(&make(count, Paper::new(&self.root_name(), "c"))).encode();
            values.push((leak("the client's"), fill(client)));
            let for_peer = |count| {
                let client = make(count, Paper::new(&self.root_name(), "c")).der();
                Value { content: client, ..self.beside(&[]) }.encode()
            };
            values.push((leak("the client's, as if by the signer"), fill(for_peer)));
        }
        values.push((
            "names against as many constraints",
            fill(|count| {
                let issuer = self.ca("ca").extension(forge::name_constraints(count));
                let paper = Paper::new(&issuer.subject, "signer");
                let signer = paper.extension(forge::alt_names(NAME, count));
                self.by(&[Paper { key: self.named().key, ..signer }, issuer])
            }),
        ));
        values.push((
            "eight with many extensions",
            fill(|count| {
                let papers = numbered(7, &|_| {
                    self.ca("ca").extension(forge::unknown_extensions(count.min(16_000)))
                });
                self.by(&[&[self.below(&papers[0])], &papers[..]].concat())
            }),
        ));

        // What needs no certificate.
        let attribute =
            |kind: &[u8], value: &[u8]| sequence(&[&forge::object(kind), &set(&[value])]);
        values.push((
            "many attributes",
            fill(|count| {
                let mut value = self.beside(&[]);
                value.attributes = (0..count.min(16_000))
                    .map(|number| {
                        let kind = [0x2a, 1 + (number / 127) as u8, (number % 127) as u8];
                        attribute(&kind, &[5, 0])
                    })
                    .collect();
                value.encode()
            }),
        ));
        values.push((
            "an attribute of many elements",
            fill(|count| {
                let mut value = self.beside(&[]);
                value.attributes =
                    vec![attribute(&[0x2a, 3, 4], &sequence(&[&[5, 0].repeat(count)]))];
                value.encode()
            }),
        ));
        values.push((
            "an attribute of many deep elements",
            fill(|count| {
                let mut value = self.beside(&[]);
                let deep = (0..24).fold(Vec::new(), |inner, _| sequence(&[&inner]));
                value.attributes =
                    vec![attribute(&[0x2a, 3, 4], &sequence(&[&deep.repeat(count)]))];
                value.encode()
            }),
        ));
        values.push((
            "an identifier of many parts",
            fill(|count| {
                let issuer = forge::long_name(count);
                let identifier = sequence(&[&issuer, &forge::integer(&[7])]);
                Value::new(self.kind, &self.small(), identifier).encode()
            }),
        ));
        values.push((
            "many elements for certificates",
            fill(|count| {
                let mut value = self.beside(&[]);
                value.certificates = vec![[0x30, 0].repeat(count)];
                value.encode()
            }),
        ));

        // What others have signed.
        values.push(("a good value's certificates, another's signature", {
            let mut value = self.beside(&[]);
            value.content = self.client.leaf().to_vec();
            value.encode()
        }));
        values.push(("too old", self.stale.clone()));
        values.push(("by a user of the same CA", self.by_user.clone()));
        values.push(("bad base64 at the end", {
            let mut value = self.good.clone();
            value.replace_range(value.len() - 5..value.len() - 4, "!");
            value
        }));
        values.push(("an octet after the end", {
            let der = openssl::base64::decode_block(&self.good).unwrap();
            openssl::base64::encode_block(&[&der[..], &[0]].concat())
        }));
        values
    }

    /// What there is to send with a TLS certificate and key of another CA's.
    fn values_of_impostor(&self) -> Vec<(&'static str, String)> {
        let own = self.impostor.certificate.to_der().unwrap();
        let serial = self.impostor.certificate.serial_number().to_bn().unwrap().to_vec();
        let issuer = self.impostor.certificate.issuer_name().to_der().unwrap();
        let identifier = sequence(&[&issuer, &forge::integer(&serial)]);
        let value = |content: &[u8], papers: &[Paper]| {
            let mut certificates = vec![own.clone()];
            certificates.extend(papers.iter().map(Paper::der));
            let value = Value::new(self.kind, content, identifier.clone()).with(certificates);
            Value { key: Some(self.impostor.key.clone()), ..value }.encode()
        };
        let mut values = vec![("a plain one", value(&self.small(), &[]))];
        let point = key::compressed();
        values.push(("points that want a square root, in a path", {
            let mut papers: Vec<_> = (0..7).map(|number| self.ca(&number.to_string())).collect();
            for number in 0..6 {
                papers[number].issuer = papers[number + 1].subject.clone();
            }
            papers[0].subject = issuer.clone();
            for paper in &mut papers {
                paper.key = point.clone();
            }
            value(&self.small(), &papers)
        }));
        values.push(("points that want a square root, beside it", {
            let papers: Vec<_> = (0..7)
                .map(|number| Paper { key: point.clone(), ..self.ca(&number.to_string()) })
                .collect();
            value(&self.small(), &papers)
        }));
        for (what, make) in many() {
            let client = |count| value(&make(count, Paper::new(&self.root_name(), "c")).der(), &[]);
            values.push((format!("many {what}, the client's").leak(), fill(client)));
            let above = |count| {
                let above = Paper { subject: issuer.clone(), ..make(count, self.ca("ca")) };
                value(&self.small(), &[above])
            };
            values.push((format!("many {what}, its issuer's").leak(), fill(above)));
        }
        values
    }
}

/// What a certificate can have many of, and how it is given so many.
type Many = (&'static str, fn(usize, Paper) -> Paper);

fn many() -> [Many; 9] {
    [
        ("names", (|count, paper: Paper| paper.extension(forge::alt_names(NAME, count)))),
        (
            "parts of a subject",
            (|count, paper| Paper {
                subject: forge::long_name(count),
                ..paper.extension(forge::alt_names(NAME, 0))
            }),
        ),
        (
            "extensions",
            (|count, paper: Paper| {
                let unknown = forge::unknown_extensions(count.min(16_000));
                paper.extension(unknown).extension(forge::alt_names(NAME, 0))
            }),
        ),
        (
            "policies",
            (|count, paper: Paper| {
                let policies = forge::policies(count.clamp(1, 16_000));
                paper.extension(policies).extension(forge::alt_names(NAME, 0))
            }),
        ),
        (
            "blocks of addresses",
            (|count, paper: Paper| {
                let blocks = forge::address_blocks(count.min(16_000));
                paper.extension(blocks).extension(forge::alt_names(NAME, 0))
            }),
        ),
        (
            "small elements",
            (|count, paper: Paper| {
                let nothing = forge::extension(&[0x2a, 3, 4], &sequence(&[&[5, 0].repeat(count)]));
                paper.extension(nothing).extension(forge::alt_names(NAME, 0))
            }),
        ),
        (
            "small elements, of its key",
            (|count, paper: Paper| {
                let algorithm =
                    sequence(&[&forge::object(oid::RSA), &sequence(&[&[5, 0].repeat(count)])]);
                let key = sequence(&[&algorithm, &forge::bits(&[])]);
                Paper { key, ..paper }.extension(forge::alt_names(NAME, 0))
            }),
        ),
        (
            "octets of a number",
            (|count, paper: Paper| {
                let serial = forge::integer(&vec![0x55; count]);
                Paper { serial, ..paper }.extension(forge::alt_names(NAME, 0))
            }),
        ),
        (
            "distribution points, relative to a name of as many parts",
            (|count, paper: Paper| {
                let points = forge::relative_distribution_points(count);
                let paper = paper.extension(points).extension(forge::alt_names(NAME, 0));
                Paper { issuer: forge::long_name(count), ..paper }
            }),
        ),
    ]
}

/// A way to trust.
struct Way {
    name: &'static str,
    anchors: Arc<TrustAnchors>,
    names: Option<Arc<TrustNames>>,
    crls: Option<Arc<Crls>>,
    peer: Option<Client>,
}

fn in_file<T>(text: &str, read: impl FnOnce(&std::path::Path) -> T) -> T {
    let file = std::env::temp_dir().join(format!("client-cert-hostile-{}", std::process::id()));
    std::fs::write(&file, text).unwrap();
    let made = read(&file);
    std::fs::remove_file(&file).unwrap();
    made
}

fn anchors(certificates: &[&Identity]) -> Arc<TrustAnchors> {
    let text: String = certificates.iter().map(|anchor| anchor.certificate_pem()).collect();
    in_file(&text, |file| Arc::new(TrustAnchors::from_file(file).unwrap()))
}

fn names(names: &[&str]) -> Option<Arc<TrustNames>> {
    let names: Vec<&[u8]> = names.iter().map(|name| name.as_bytes()).collect();
    Some(Arc::new(TrustNames::new(&names).unwrap()))
}

impl Way {
    fn all(world: &World) -> Vec<Self> {
        let peer = || Some(Client::new(&world.signer.certificate, &[]).unwrap());
        let (root, pin) = (anchors(&[&world.root]), anchors(&[&world.signer]));
        let crl = world.crl();
        let crls = || Some(in_file(&crl, |file| Arc::new(Crls::from_file(file).unwrap())));
        let name = || names(&[NAME]);
        let many: Vec<String> = (0..19).map(|number| format!("{number}.{NAME}")).collect();
        let mut many: Vec<&str> = many.iter().map(|name| &**name).collect();
        many.push(NAME);
        let others: Vec<Identity> =
            (0..140).map(|number| Leaf::ca(&format!("root {number}")).self_signed()).collect();
        let mut bundle: Vec<&Identity> = others.iter().collect();
        bundle.push(&world.root);
        let way = |name, anchors: &Arc<TrustAnchors>, names, crls, peer| Self {
            name,
            anchors: Arc::clone(anchors),
            names,
            crls,
            peer,
        };
        vec![
            way("pin", &pin, None, None, None),
            way("CA", &root, name(), None, None),
            way("CA, twenty names", &root, names(&many), None, None),
            way("CA, among 141", &anchors(&bundle), name(), None, None),
            way("CA, CRL", &root, name(), crls(), None),
            way("CA, TLS peer", &root, name(), None, peer()),
            way("CA, CRL, TLS peer", &root, name(), crls(), peer()),
            way("pin, TLS peer", &pin, None, None, peer()),
        ]
    }

    fn sources(&self) -> TrustSources<'_> {
        let (names, crls) = (self.names.as_ref(), self.crls.as_ref());
        TrustSources { anchors: &self.anchors, names, crls }
    }

    /// Why a value from this peer is not accepted.
    fn verify(
        &self,
        cache: &VerificationCache,
        value: &str,
        max_age: u32,
        peer: Option<&Client>,
    ) -> Result<(), String> {
        let freshness = Freshness { max_age, ..FRESHNESS };
        cache
            .verify(self.sources(), SignedFormat::Cms, value.as_bytes(), NOW, freshness, peer)
            .map(drop)
            .map_err(|failure| reason(&failure))
    }

    /// Compares values from `hostile`, the TLS peer if there is one, with a good one.
    fn compare(
        &self,
        title: &str,
        rounds: usize,
        good: &str,
        values: &[(&'static str, String)],
        hostile: Option<&Client>,
    ) -> bool {
        let (forgetful, cache) = (&VerificationCache::new(0), &VerificationCache::new(64 << 20));
        let peer = self.peer.as_ref();
        // What the cache of values has for one freshness it has not for another.
        let age = Cell::new(FRESHNESS.max_age);
        let mut variants = vec![
            Variant::new("good", || self.verify(forgetful, good, FRESHNESS.max_age, peer).unwrap()),
            Variant::new("good, known", || {
                age.set(age.get() + 1);
                self.verify(cache, good, age.get(), peer).unwrap();
            }),
        ];
        let mut reasons = Vec::new();
        for (name, value) in values {
            assert!(value.len() <= LENGTH + 4, "{name}: {}", value.len());
            let verify = || self.verify(cache, value, FRESHNESS.max_age, hostile);
            reasons.push(verify().expect_err(name));
            variants.push(Variant::new(*name, verify));
        }
        let title = format!("{title}, {}, {} bytes", self.name, good.len());
        print(&title, &reasons, &compare(rounds, variants))
    }
}

fn reason(failure: &Failure) -> String {
    match failure.rejection() {
        Rejection::Malformed(malformed) => format!("{malformed:?}"),
        Rejection::Refused(refusal) => format!("{refusal:?}"),
        Rejection::Fault(error) => panic!("{error}: {:?}", failure.detail()),
    }
}

/// Prints those of a table that cost most; whether each costs less than the good value does.
fn print(title: &str, reasons: &[String], rows: &[support::Row]) -> bool {
    let first = rows[0].time.value;
    println!("\n{title}\n");
    println!("good, seen for the first time: {:.1} microseconds", first / 1000.0);
    println!("the same, its signer known: {:.1}\n", rows[1].time.value / 1000.0);
    println!("| value | refused | microseconds | ratio | 95 percent | to a known signer's |");
    println!("| --- | --- | ---: | ---: | --- | ---: |");
    let mut order: Vec<usize> = (2..rows.len()).collect();
    order.sort_by(|&one, &other| rows[other].time.value.total_cmp(&rows[one].time.value));
    for &index in &order {
        let support::Row { name, time, ratio } = &rows[index];
        println!(
            "| {name} | {} | {:.1} | {:.3} | {:.3} to {:.3} | {:.3} |",
            reasons[index - 2],
            time.value / 1000.0,
            ratio.value,
            ratio.low,
            ratio.high,
            time.value / rows[1].time.value,
        );
    }
    order.iter().all(|&index| rows[index].ratio.value < 1.0)
}

/// Values of signed formats, for each way of trust.
fn signed(world: &World, rounds: usize) -> bool {
    let (values, of_impostor) = (world.values(), world.values_of_impostor());
    let impostor = Client::new(&world.impostor.certificate, &[]).unwrap();
    let kind = format!("{:?}", world.kind);
    let mut all_good = true;
    for way in Way::all(world) {
        let peer = way.peer.as_ref();
        all_good &= way.compare(&kind, rounds, &world.good, &values, peer);
        // Where the signer is known without its certificate.
        if peer.is_some() || way.name == "pin" {
            let title = format!("{kind}, no certificates");
            all_good &= way.compare(&title, rounds, &world.bare, &values, peer);
        }
        if peer.is_some() {
            let title = format!("{kind}, of another TLS peer");
            all_good &= way.compare(&title, rounds, &world.good, &of_impostor, Some(&impostor));
        }
    }
    all_good
}

/// Certificates without a signature, from a peer that TLS has verified and the origin does not
/// trust.
fn unsigned(world: &World, rounds: usize) -> bool {
    UNSIGNED.iter().fold(true, |good, format| good & unsigned_in(world, rounds, *format))
}

fn unsigned_in(world: &World, rounds: usize, (name, format): (&str, ClientCertFormat)) -> bool {
    let encode = |octets: &[u8]| unsigned::encode(format, octets);
    let parts = |count| unsigned::parts(format, count);
    let format = UnsignedFormat::new(format).unwrap();
    let (root, names) = (anchors(&[&world.root]), names(&[NAME]));
    let crls = in_file(&world.crl(), |file| Arc::new(Crls::from_file(file).unwrap()));
    let peer = |of: &Identity| Client::new(&of.certificate, &[]).unwrap();
    let (trusted, user) = (peer(&world.signer), peer(&world.user));
    let good = encode(world.large.leaf());
    let paper = || Paper::new(&world.root_name(), "client");
    let mut values = vec![
        ("the same", good.clone()),
        ("a curve over a chosen prime", encode(&Paper { key: key::slow_curve(), ..paper() }.der())),
    ];
    for (what, make) in many() {
        values.push((what, fill(|count| encode(&make(count, paper()).der()))));
    }
    values.push(("many parts", fill(parts)));
    let mut all_good = true;
    for (way, crls) in [("", None), (", CRL", Some(&crls))] {
        let sources = TrustSources { anchors: &root, names: names.as_ref(), crls };
        let none = VerificationCache::new(0);
        let verify = |value: &str, peer| {
            none.verify_peer(sources, format, value.as_bytes(), NOW, peer)
                .map(drop)
                .map_err(|failure| reason(&failure))
        };
        let mut variants = vec![
            Variant::new("good", || verify(&good, &trusted).unwrap()),
            Variant::new("good", || verify(&good, &trusted).unwrap()),
        ];
        let mut reasons = Vec::new();
        for (name, value) in &values {
            reasons.push(verify(value, &user).unwrap_err());
            variants.push(Variant::new(*name, || verify(value, &user)));
        }
        let title = format!("{:?}, {name}, CA{way}, {} bytes", world.kind, good.len());
        all_good &= print(&title, &reasons, &compare(rounds, variants));
    }
    all_good
}

/// Client-Cert-Chain with a good value that was accepted before: the value is anybody's to send
/// again where ClientCertTrustPeer is off, and nobody signs the chain.
fn chains(world: &World, rounds: usize) -> bool {
    let ca = || BasicConstraints::new().critical().ca().build().unwrap();
    let of_kind = |name: &str| Leaf::new(world.kind).subject(name);
    let lower = of_kind("lower").extension(ca()).issued_by(&world.root);
    let leaf = of_kind("client").issued_by(&lower);
    let client = Client::new(&leaf.certificate, &[]).unwrap();
    let signer = Signer::new(&world.signer.certificate, &world.signer.key, &[]).unwrap();
    let value = SignedFormat::Cms.encode(&signer.sign(SignerCerts::Signer, &client, NOW).unwrap());
    let encode = |ders: &[Vec<u8>]| {
        let members = ders.iter().map(|der| format!(":{}:", openssl::base64::encode_block(der)));
        members.collect::<Vec<_>>().join(", ")
    };
    let good = encode(&[lower.certificate.to_der().unwrap()]);
    let root_pem = world.root.certificate_pem();
    let cas = Arc::new(ClientCas::from_pem(root_pem.as_bytes()).unwrap());
    let trust = ClientTrust::new(cas, None);

    let issuer = lower.certificate.subject_name().to_der().unwrap();
    let lower_key = lower.certificate.subject_key_id().unwrap().as_slice();
    // The client's issuer, as anybody can write it.
    let fake = |number: usize| {
        let paper = Paper { subject: issuer.clone(), ..world.ca("") };
        let paper = paper.extension(forge::subject_key(lower_key));
        Paper { serial: forge::integer(&[1 + number as u8]), ..paper }
    };
    let most = |paper: &dyn Fn(usize) -> Paper| {
        let chain = |count| encode(&(0..count).map(|place| paper(place).der()).collect::<Vec<_>>());
        (0..=8).rev().map(chain).find(|value| value.len() <= LENGTH).unwrap()
    };
    let with_key = |key: Vec<u8>| most(&move |place| Paper { key: key.clone(), ..fake(place) });
    let mut values = vec![
        ("eight that may all be the issuer", most(&fake)),
        ("the same with points that want a square root", with_key(key::compressed())),
        ("the same with 8192 bits", with_key(key::rsa(&[0xff; 1024], &[0xff; 4]))),
        ("the same with long exponents", with_key(key::rsa_with_long_exponent(384))),
        ("the same with curves over a chosen prime", with_key(key::slow_curve())),
        ("a loop of issuers", {
            let names: Vec<_> = (0..8).map(|number| common_name(&number.to_string())).collect();
            most(&|place| {
                let paper = fake(place);
                let issuer = names[(place + 1) % 8].clone();
                let subject = if place == 0 { paper.subject } else { names[place].clone() };
                Paper { issuer, subject, ..paper }
            })
        }),
        ("no base64 at the end", format!("{}!:", &good[..good.len() - 2])),
        ("nine", encode(&vec![vec![0x30, 0]; 9])),
        ("many members", fill(|count| encode(&vec![vec![0x30]; count.max(9)]))),
        ("many parameters", fill(|count| format!("{good}{}!", ";a".repeat(count)))),
    ];
    for (what, make) in many() {
        let name = format!("many {what}, the issuer's").leak();
        values.push((name, fill(|count| encode(&[make(count, fake(0)).der()]))));
    }
    let (root, names) = (anchors(&[&world.root]), names(&[NAME]));
    let sources = TrustSources { anchors: &root, names: names.as_ref(), crls: None };
    let (forgetful, cache) = (&VerificationCache::new(0), &VerificationCache::new(64 << 20));
    let verify = |cache: &VerificationCache, chain: &str| {
        let (format, bytes) = (SignedFormat::Cms, value.as_bytes());
        let verified = cache.verify(sources, format, bytes, NOW, FRESHNESS, None).unwrap();
        let client = verified.accepted.client();
        cache
            .verify_client(&trust, client, &[chain.as_bytes()], NOW)
            .map(drop)
            .map_err(|failure| reason(&failure))
    };
    let mut variants = vec![
        Variant::new("good", || verify(forgetful, &good).unwrap()),
        Variant::new("good, accepted before", || verify(cache, &good).unwrap()),
    ];
    let mut reasons = Vec::new();
    for (name, chain) in &values {
        assert!(chain.len() <= LENGTH + 4, "{name}: {}", chain.len());
        reasons.push(verify(cache, chain).expect_err(name));
        variants.push(Variant::new(*name, || verify(cache, chain)));
    }
    let title = format!("{:?}, Client-Cert-Chain, {} bytes at most", world.kind, LENGTH);
    print(&title, &reasons, &compare(rounds, variants))
}

fn main() -> ExitCode {
    let rounds = rounds(30);
    let mut all_good = true;
    for kind in [KeyKind::Rsa(2048), KeyKind::P256, KeyKind::Ed25519] {
        let world = World::new(kind);
        all_good &= signed(&world, rounds) & unsigned(&world, rounds) & chains(&world, rounds);
    }
    if all_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
