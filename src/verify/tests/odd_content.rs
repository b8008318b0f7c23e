// SPDX-License-Identifier: Apache-2.0

//! Certificates of clients in encodings that DER does not have, or that no other software writes:
//! proxy and origin take the same ones, to the octet, and read the same of them.

use openssl::{asn1::Asn1TimeRef, x509::X509};
use proptest::prelude::*;

use super::{forge::*, *};
use crate::{
    asn1::der::{element, tag},
    openssl_ext::leaving_no_errors,
    session_record::Handshake,
    x509::chain::is_self_signed,
};

/// A certificate whose every part is an encoding of the test's own.
#[derive(Clone)]
struct RawCertificate {
    version: Vec<u8>,
    serial: Vec<u8>,
    algorithm: Vec<u8>,
    issuer: Vec<u8>,
    not_before: Vec<u8>,
    not_after: Vec<u8>,
    subject: Vec<u8>,
    key: Vec<u8>,
    unique_ids: Vec<u8>,
    /// The field, tag included.
    extensions: Vec<u8>,
    /// The algorithm that is not signed.
    outer_algorithm: Vec<u8>,
    signature: Vec<u8>,
    /// How the two SEQUENCEs are encoded.
    to_be_signed: fn(&[u8]) -> Vec<u8>,
    outer: fn(&[u8]) -> Vec<u8>,
}

const CN: &[u8] = &[0x55, 4, 3];
const SAN: &[u8] = &[0x55, 0x1d, 17];
const UNKNOWN: &[u8] = &[0x2a, 3, 4];

fn utc(text: &str) -> Vec<u8> {
    element(tag::UTC_TIME, &[text.as_bytes()])
}

fn generalized(text: &str) -> Vec<u8> {
    element(tag::GENERALIZED_TIME, &[text.as_bytes()])
}

fn name(value: &[u8]) -> Vec<u8> {
    sequence(&[&element(tag::SET, &[&sequence(&[&object_identifier(CN), value])])])
}

fn utf8(text: &str) -> Vec<u8> {
    element(12, &[text.as_bytes()])
}

/// With `critical` as it is to be encoded.
fn extension(oid: &[u8], critical: &[u8], value: &[u8]) -> Vec<u8> {
    sequence(&[&object_identifier(oid), critical, &octet_string(value)])
}

fn dns(name: &str) -> Vec<u8> {
    extension(SAN, &[], &sequence(&[&element(0x82, &[name.as_bytes()])]))
}

fn extensions(list: &[&[u8]]) -> Vec<u8> {
    element(tag::CONTEXT_3, &[&sequence(list)])
}

/// The length of a SEQUENCE in three octets, whatever it is.
fn long_sequence(contents: &[u8]) -> Vec<u8> {
    let [.., high, low] = contents.len().to_be_bytes();
    [&[tag::SEQUENCE, 0x83, 0, high, low], contents].concat()
}

fn longer_sequence(contents: &[u8]) -> Vec<u8> {
    let [.., high, low] = contents.len().to_be_bytes();
    [&[tag::SEQUENCE, 0x85, 0, 0, 0, high, low], contents].concat()
}

fn indefinite_sequence(contents: &[u8]) -> Vec<u8> {
    [&[tag::SEQUENCE, 0x80], contents, &[0, 0]].concat()
}

fn plain_sequence(contents: &[u8]) -> Vec<u8> {
    sequence(&[contents])
}

impl RawCertificate {
    fn new() -> Self {
        let ecdsa = algorithm(&ecdsa_with(2), &[]);
        let p256 = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
        let key = algorithm(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1], &object_identifier(p256));
        // It is not decoded.
        let point = element(tag::BIT_STRING, &[&[0, 4], &[7; 64]]);
        Self {
            version: element(tag::CONTEXT_0, &[&integer(&[2])]),
            serial: integer(&[0x12, 0x34]),
            algorithm: ecdsa.clone(),
            issuer: name(&utf8("issuer")),
            not_before: utc("200101000000Z"),
            not_after: utc("300101000000Z"),
            subject: name(&utf8("subject")),
            key: sequence(&[&key, &point]),
            unique_ids: Vec::new(),
            extensions: extensions(&[&dns("client.example")]),
            outer_algorithm: ecdsa,
            signature: element(tag::BIT_STRING, &[&[0], &[9; 70]]),
            to_be_signed: plain_sequence,
            outer: plain_sequence,
        }
    }

    fn build(&self) -> Vec<u8> {
        let validity = sequence(&[&self.not_before, &self.not_after]);
        let to_be_signed = [
            &self.version[..],
            &self.serial,
            &self.algorithm,
            &self.issuer,
            &validity,
            &self.subject,
            &self.key,
            &self.unique_ids,
            &self.extensions,
        ]
        .concat();
        let to_be_signed = (self.to_be_signed)(&to_be_signed);
        (self.outer)(&[&to_be_signed[..], &self.outer_algorithm, &self.signature].concat())
    }
}

/// What becomes of a certificate at both ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// The proxy sends what came, and the origin takes it.
    Carried,
    /// The proxy sends what OpenSSL writes for it, and the origin takes that, but not what came.
    Written,
    /// OpenSSL cannot read it.
    Unreadable,
    /// OpenSSL cannot tell when it is valid.
    Timeless,
}

/// Both ends, with what they need.
struct Ends {
    world: World,
    trust: Trust,
}

impl Ends {
    fn new() -> Self {
        let world = World::new();
        let trust = world.trust();
        Self { world, trust }
    }

    /// What the origin makes of this content, in a signed value and in unsigned ones.
    fn origin(&self, content: &[u8]) -> Result<Accepted, Failure> {
        let mut forge = self.world.forge();
        forge.set_content(content);
        let signed = verify(&self.trust, &forge.build(), None);
        let chain = [&*self.world.intermediate.certificate];
        let peer = &self.world.ttrp.certificate;
        let words = |found: &Result<Accepted, Failure>| {
            found.as_ref().map(|accepted| accepted.client().leaf().to_vec()).map_err(Failure::clone)
        };
        for format in UnsignedFormat::all() {
            let value = format.encode(content);
            let unsigned = self.trust.verify_peer(format, value.as_bytes(), NOW, peer, &chain);
            assert_eq!(words(&unsigned), words(&signed), "{value}");
        }
        signed
    }

    /// What becomes of a certificate that came from a client, and that both ends agree on that.
    fn fate(&self, wire: &[u8]) -> Fate {
        let Ok(certificate) = leaving_no_errors(|| X509::from_der(wire)) else {
            let failure = self.origin(wire).map(drop).unwrap_err();
            assert_eq!(failure.rejection(), MalformedValue::Content.into());
            let detail = failure.detail().unwrap();
            let reasons = ["OpenSSL cannot read it: ", "it is cut off, "];
            assert!(reasons.iter().any(|reason| detail.starts_with(reason)), "{detail}");
            return Fate::Unreadable;
        };
        let written = certificate.to_der().unwrap();
        let client = match Client::new(&certificate, &[]) {
            Ok(client) => client,
            Err(error) => {
                assert_eq!(error, Error::CertificateTimes);
                let failure = self.origin(&written).map(drop).unwrap_err();
                assert_eq!(failure.rejection(), MalformedValue::Content.into());
                let detail = "OpenSSL cannot compare its notBefore or notAfter with a time";
                assert_eq!(failure.detail(), Some(detail));
                return Fate::Timeless;
            }
        };
        assert_eq!(client.leaf(), written);
        self.check_same(&client, &certificate);
        if written == wire {
            return Fate::Carried;
        }
        let failure = self.origin(wire).map(drop).unwrap_err();
        assert_eq!(failure.rejection(), MalformedValue::Content.into());
        let detail = failure.detail().unwrap();
        assert!(
            detail.starts_with("OpenSSL would write what it reads of it otherwise"),
            "{detail}"
        );
        Fate::Written
    }

    /// That the origin takes what the proxy sends of its client, and a resumed session's is the
    /// same.
    fn check_same(&self, client: &Client, certificate: &X509) {
        let validity = [certificate.not_before(), certificate.not_after()].map(in_seconds);
        for (now, expected) in [
            (validity[0] - 1, false),
            (validity[0], validity[0] < validity[1]),
            (validity[1] - 1, validity[0] < validity[1]),
            (validity[1], false),
        ] {
            assert_eq!(client.check_validity(now).is_ok(), expected, "{now} {validity:?}");
        }
        let is_valid = client.check_validity(NOW).is_ok();
        match self.origin(client.leaf()) {
            Ok(accepted) => {
                assert!(is_valid);
                assert_eq!(accepted.client(), client);
                assert_eq!(accepted.client().id(), client.id());
                assert_eq!(accepted.client().path_id(), client.path_id());
                assert!(accepted.end() <= validity[1]);
                let theirs = accepted.keyless_certificate();
                assert_eq!(theirs.to_der().unwrap(), client.leaf());
                for now in validity.into_iter().flat_map(|time| [time - 1, time]) {
                    let here = client.check_validity(now);
                    assert_eq!(accepted.client().check_validity(now), here);
                }
            }
            Err(failure) => {
                let refusal = match client.check_validity(NOW).unwrap_err() {
                    Error::CertificateExpired => Refusal::CertificateExpired,
                    _ => Refusal::CertificateNotYetValid,
                };
                assert_eq!(failure.rejection(), refusal.into());
            }
        }

        // In the session it is written, and read again.
        let chain = [&**certificate];
        let handshake = Handshake::new([1; 32], [2; 32], Some(certificate), &chain, true).unwrap();
        let again = X509::from_der(client.leaf()).unwrap();
        let resumed = Handshake::from_bytes(&handshake.to_bytes(), Some(&again)).unwrap();
        assert_eq!(resumed, handshake);
        if is_valid {
            let resumed = resumed.client(NOW).unwrap();
            assert_eq!(resumed.leaf(), client.leaf());
            let intermediates = usize::from(!is_self_signed(certificate));
            assert_eq!(resumed.chain(), vec![client.leaf(); intermediates]);
        }
    }
}

/// As another of OpenSSL's functions has it.
fn in_seconds(time: &Asn1TimeRef) -> i64 {
    let since = openssl::asn1::Asn1Time::from_unix(0).unwrap().diff(time).unwrap();
    i64::from(since.days) * 86_400 + i64::from(since.secs)
}

#[test]
fn odd_encodings() {
    use Fate::*;
    let ends = Ends::new();
    let mut wrong = Vec::new();
    let mut names = Vec::new();
    let mut check = |name: &'static str, expected, change: &dyn Fn(&mut RawCertificate)| {
        assert!(!names.contains(&name), "{name} is there twice");
        names.push(name);
        let mut raw = RawCertificate::new();
        change(&mut raw);
        let found = ends.fate(&raw.build());
        if found != expected {
            wrong.push(format!("{name}: {found:?}, not {expected:?}"));
        }
    };
    let bits = |octets: &[u8]| element(tag::BIT_STRING, &[octets]);

    check("as it should be", Carried, &|_| {});
    check("TBSCertificate: a length in three octets", Carried, &|raw| {
        raw.to_be_signed = long_sequence;
    });
    check("TBSCertificate: a length in five octets", Carried, &|raw| {
        raw.to_be_signed = longer_sequence;
    });
    check("TBSCertificate: indefinite length", Carried, &|raw| {
        raw.to_be_signed = indefinite_sequence;
    });
    check("TBSCertificate: a SET", Unreadable, &|raw| {
        raw.to_be_signed = |contents| element(tag::SET, &[contents]);
    });
    check("outside: a length in three octets", Written, &|raw| raw.outer = long_sequence);
    check("outside: indefinite length", Written, &|raw| raw.outer = indefinite_sequence);
    check("outside: a zero after it", Written, &|raw| {
        raw.outer = |contents| [&plain_sequence(contents)[..], &[0]].concat();
    });
    check("outside: another after it", Written, &|raw| {
        raw.outer = |contents| [plain_sequence(contents), plain_sequence(contents)].concat();
    });
    check("outside: an element too many", Unreadable, &|raw| {
        raw.outer = |contents| sequence(&[contents, NULL]);
    });
    check("outside: a zero before it", Unreadable, &|raw| {
        raw.outer = |contents| [&[0], &plain_sequence(contents)[..]].concat();
    });

    check("version 1 that is spelled out", Carried, &|raw| raw.version[4] = 0);
    check("version 1 with extensions", Carried, &|raw| raw.version.clear());
    check("version 128", Carried, &|raw| raw.version[4] = 0x7f);
    check("a negative version", Carried, &|raw| raw.version[4] = 0xff);
    check("version in two octets", Unreadable, &|raw| {
        raw.version = element(tag::CONTEXT_0, &[&integer(&[0, 2])]);
    });

    check("a serial number of nothing", Unreadable, &|raw| raw.serial = integer(&[]));
    check("a serial number with a zero before it", Unreadable, &|raw| {
        raw.serial = integer(&[0, 1]);
    });
    check("a negative serial number", Carried, &|raw| raw.serial = integer(&[0x80]));
    check("a serial number of 300 octets", Carried, &|raw| raw.serial = integer(&[1; 300]));
    check("a serial number in pieces", Unreadable, &|raw| {
        raw.serial = element(0x22, &[&integer(&[1])]);
    });

    check("critical as 01", Carried, &|raw| {
        raw.extensions = extensions(&[&extension(UNKNOWN, &[1, 1, 1], NULL)]);
    });
    check("critical as 80", Carried, &|raw| {
        raw.extensions = extensions(&[&extension(UNKNOWN, &[1, 1, 0x80], NULL)]);
    });
    check("not critical, spelled out", Carried, &|raw| {
        raw.extensions = extensions(&[&extension(UNKNOWN, &[1, 1, 0], NULL)]);
    });
    check("critical of two octets", Unreadable, &|raw| {
        raw.extensions = extensions(&[&extension(UNKNOWN, &[1, 2, 0xff, 0xff], NULL)]);
    });
    check("critical of none", Unreadable, &|raw| {
        raw.extensions = extensions(&[&extension(UNKNOWN, &[1, 0], NULL)]);
    });
    check("an extension in pieces", Carried, &|raw| {
        let value = element(0x24, &[&octet_string(&[5]), &octet_string(&[0])]);
        raw.extensions = extensions(&[&sequence(&[&object_identifier(UNKNOWN), &value])]);
    });
    check("an extension of indefinite length", Carried, &|raw| {
        raw.extensions = extensions(&[&indefinite_sequence(
            &[object_identifier(UNKNOWN), octet_string(NULL)].concat(),
        )]);
    });
    check("no extension in the list", Carried, &|raw| raw.extensions = extensions(&[]));
    check("no list of extensions", Unreadable, &|raw| {
        raw.extensions = element(tag::CONTEXT_3, &[]);
    });
    check("two lists of extensions", Unreadable, &|raw| {
        raw.extensions = element(tag::CONTEXT_3, &[&sequence(&[]), &sequence(&[])]);
    });
    check("names twice", Carried, &|raw| {
        raw.extensions = extensions(&[&dns("a.example"), &dns("b.example")]);
    });
    check("names that are none", Carried, &|raw| {
        raw.extensions = extensions(&[&extension(SAN, &[], b"nonsense")]);
    });
    check("an extension with an identifier that is padded", Unreadable, &|raw| {
        raw.extensions = extensions(&[&extension(&[0x2a, 0x80, 1], &[], NULL)]);
    });
    check("an extension with an identifier that is cut off", Unreadable, &|raw| {
        raw.extensions = extensions(&[&extension(&[0x2a, 0x81], &[], NULL)]);
    });

    check("unique identifiers", Carried, &|raw| {
        raw.unique_ids = [[0x81, 2, 0, 0xaa], [0x82, 2, 0, 0xbb]].concat();
    });
    check("unique identifiers in pieces", Carried, &|raw| {
        raw.unique_ids = element(0xa1, &[&bits(&[0, 0xaa]), &bits(&[0, 0xbb])]);
    });
    check("a unique identifier of no bits", Carried, &|raw| {
        raw.unique_ids = vec![0x82, 1, 0];
    });
    check("a unique identifier of nothing", Unreadable, &|raw| {
        raw.unique_ids = vec![0x81, 0];
    });

    check("a key with bits that are not used and not zero", Carried, &|raw| {
        let at = raw.key.len() - 66;
        assert_eq!(raw.key[at..at + 2], [0, 4]);
        raw.key[at] = 3;
    });
    check("a key in pieces", Carried, &|raw| {
        let key = algorithm(&[0x2b, 0x65, 0x70], &[]);
        let pieces = element(0x23, &[&bits(&[0, 1]), &bits(&[0, 2])]);
        raw.key = sequence(&[&key, &pieces]);
    });
    check("a key of an unknown kind", Carried, &|raw| {
        raw.key = sequence(&[&algorithm(UNKNOWN, NULL), &bits(&[0])]);
    });
    check("a key that cannot be decoded", Carried, &|raw| {
        raw.key = sequence(&[&algorithm(RSA, NULL), &bits(&[0, 1, 2, 3])]);
    });
    check("a key with parameters of a kind of their own", Carried, &|raw| {
        raw.key = sequence(&[&algorithm(RSA, &[0x85, 1, 7]), &bits(&[0, 1])]);
    });
    check("no key", Unreadable, &|raw| raw.key.clear());

    check("a name in pieces", Carried, &|raw| {
        raw.subject = name(&element(0x2c, &[&utf8("sub"), &utf8("ject")]));
    });
    check("a name of indefinite length", Carried, &|raw| {
        raw.subject = name(&[&[0x2c, 0x80], &utf8("subject")[..], &[0, 0]].concat());
    });
    check("a name with a long length", Carried, &|raw| {
        raw.subject = name(&[0x0c, 0x82, 0, 1, b'a']);
    });
    check("a name that is a SEQUENCE", Carried, &|raw| {
        raw.subject = name(&sequence(&[&utf8("inside")]));
    });
    check("a name that is a GeneralString", Unreadable, &|raw| {
        raw.subject = name(&element(27, &[b"g"]));
    });
    check("a name of invalid UTF-8", Unreadable, &|raw| {
        raw.subject = name(&element(12, &[&[0xff]]));
    });
    check("a BMPString of odd length", Unreadable, &|raw| {
        raw.subject = name(&element(30, &[&[0, 65, 0]]));
    });
    check("no name", Carried, &|raw| raw.subject = sequence(&[]));
    check("an empty set of names", Carried, &|raw| {
        raw.subject = sequence(&[&element(tag::SET, &[])]);
    });
    check("names not in DER's order", Carried, &|raw| {
        let attribute = |text| sequence(&[&object_identifier(CN), &utf8(text)]);
        raw.subject = sequence(&[&element(tag::SET, &[&attribute("b"), &attribute("a")])]);
    });

    check("algorithms that differ", Carried, &|raw| raw.algorithm = algorithm(RSA, NULL));
    check("an algorithm with parameters in BER", Carried, &|raw| {
        raw.outer_algorithm = algorithm(UNKNOWN, &indefinite_sequence(&integer(&[1])));
    });
    check("an algorithm with a string in pieces", Written, &|raw| {
        raw.outer_algorithm = algorithm(UNKNOWN, &element(0x24, &[&octet_string(&[7])]));
    });
    check("an algorithm with a long length", Written, &|raw| {
        raw.outer_algorithm = long_sequence(&object_identifier(UNKNOWN));
    });
    check("an algorithm of indefinite length", Written, &|raw| {
        raw.outer_algorithm = indefinite_sequence(&object_identifier(UNKNOWN));
    });
    check("an algorithm with TRUE as 01", Carried, &|raw| {
        raw.outer_algorithm = algorithm(UNKNOWN, &[1, 1, 1]);
    });
    check("a signed algorithm with a string in pieces", Carried, &|raw| {
        raw.algorithm = algorithm(UNKNOWN, &element(0x24, &[&octet_string(&[7])]));
    });
    check("a signature in pieces", Written, &|raw| {
        raw.signature = element(0x23, &[&bits(&[0, 7]), &bits(&[0, 7])]);
    });
    check("a signature with a long length", Written, &|raw| {
        raw.signature = [&[tag::BIT_STRING, 0x82, 0, 2, 0, 7][..]].concat();
    });
    check("a signature with bits that are not used and not zero", Written, &|raw| {
        raw.signature = bits(&[4, 0xff]);
    });
    check("a signature with unused bits", Carried, &|raw| raw.signature = bits(&[4, 0xf0]));
    check("a signature of no bits", Carried, &|raw| raw.signature = bits(&[0]));
    check("a signature of nothing", Unreadable, &|raw| raw.signature = bits(&[]));
    check("a signature of nine unused bits", Unreadable, &|raw| {
        raw.signature = bits(&[9, 0, 0]);
    });
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn odd_times() {
    use Fate::*;
    let ends = Ends::new();
    let mut wrong = Vec::new();
    for (time, expected) in [
        (utc("300101000000Z"), Carried),
        (utc("500101000000Z"), Carried),
        (utc("491231235959Z"), Carried),
        (generalized("20300101000000Z"), Carried),
        (generalized("19700101000000Z"), Carried),
        (generalized("00000101000000Z"), Carried),
        (generalized("99991231235959Z"), Carried),
        (generalized("20240229000000Z"), Carried),
        // OpenSSL 3.0 reads each of these, and can print some; 3.5 refuses those that are too short.
        (utc("3001010000Z"), Timeless),
        (utc("300101000000"), Timeless),
        (utc("300101000000+0100"), Timeless),
        (utc("300101000000-0000"), Timeless),
        (utc("300101000000z"), Timeless),
        (utc("300101000000.5Z"), Timeless),
        (utc("301301000000Z"), Timeless),
        (utc("300001000000Z"), Timeless),
        (utc("300132000000Z"), Timeless),
        (utc("300229000000Z"), Timeless),
        (utc("300101240000Z"), Timeless),
        (utc("300101006000Z"), Timeless),
        (utc("300101000060Z"), Timeless),
        (utc("30010100000 Z"), Timeless),
        (utc("30010100000000Z"), Timeless),
        (utc("20300101000000Z"), Timeless),
        (utc(""), Timeless),
        (generalized("20300101000000.5Z"), Timeless),
        (generalized("20300101000000+0100"), Timeless),
        (generalized("203001010000Z"), Timeless),
        (generalized("20300101000000"), Timeless),
        (generalized("300101000000Z"), Timeless),
        (generalized("19000229000000Z"), Timeless),
        (generalized("00000000000000Z"), Timeless),
        (element(0x37, &[&element(tag::OCTET_STRING, &[b"300101000000Z"])]), Carried),
        (element(0x37, &[&element(tag::OCTET_STRING, &[b"3001010000Z"])]), Timeless),
        (octet_string(b"300101000000Z"), Unreadable),
        (NULL.to_vec(), Unreadable),
        (Vec::new(), Unreadable),
    ] {
        for is_end in [false, true] {
            let mut raw = RawCertificate::new();
            *(if is_end { &mut raw.not_after } else { &mut raw.not_before }) = time.clone();
            let certificate = raw.build();
            let refused = leaving_no_errors(|| X509::from_der(&certificate)).is_err();
            let expected = if refused && expected == Timeless { Unreadable } else { expected };
            let found = ends.fate(&certificate);
            if found != expected {
                let text = time.escape_ascii();
                wrong.push(format!("{text} {is_end}: {found:?}, not {expected:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Certificates with every sort of part, changed at random.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let all: Vec<Vec<u8>> = [
        RawCertificate::new(),
        RawCertificate { to_be_signed: long_sequence, ..RawCertificate::new() },
        RawCertificate {
            to_be_signed: indefinite_sequence,
            outer: indefinite_sequence,
            ..RawCertificate::new()
        },
        RawCertificate {
            unique_ids: [[0x81, 2, 0, 0xaa], [0x82, 2, 0, 0xbb]].concat(),
            outer_algorithm: algorithm(UNKNOWN, &element(0x24, &[&octet_string(&[7])])),
            signature: element(0x23, &[&element(tag::BIT_STRING, &[&[0, 7]])]),
            extensions: extensions(&[&extension(UNKNOWN, &[1, 1, 1], NULL), &dns("a.example")]),
            ..RawCertificate::new()
        },
    ]
    .map(|raw| raw.build())
    .into();
    (0..all.len(), prop::collection::vec((any::<prop::sample::Index>(), 1..=255_u8), 1..3))
        .prop_map(move |(which, changes)| {
            let mut changed = all[which].clone();
            let length = changed.len();
            for (at, change) in changes {
                changed[at.index(length)] ^= change;
            }
            changed
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn both_ends_agree(wire in mutated()) {
        thread_local!(static ENDS: Ends = Ends::new());
        ENDS.with(|ends| ends.fate(&wire));
    }
}

/// The same for every single octet, and each bit of it.
#[test]
fn both_ends_agree_on_every_octet() {
    let ends = Ends::new();
    let wire = RawCertificate::new().build();
    let mut count = [0; 4];
    for at in 0..wire.len() {
        for change in [1, 0x20, 0xff] {
            let mut changed = wire.clone();
            changed[at] ^= change;
            count[ends.fate(&changed) as usize] += 1;
        }
    }
    assert!(count.iter().all(|count| *count > 0), "{count:?}");
}
