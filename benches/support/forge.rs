// SPDX-License-Identifier: Apache-2.0

//! Certificates and values written octet by octet, as a client can that has no key that counts.
//! OpenSSL has no say in what they hold.

use base64::{Engine, engine::general_purpose::STANDARD};
use openssl::{
    bn::{BigNum, BigNumContext},
    ec::{EcGroup, EcPoint},
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, Private},
    sha::{sha256, sha512},
    sign::Signer,
};

use super::testing::{KeyKind, NOW};
pub(crate) use super::testing::{extension, tlv as element};

/// The longest value, in bytes: what fits into a line of httpd's usual limit.
pub(crate) const LENGTH: usize = 8160;

pub(crate) mod oid {
    pub(crate) const COMMON_NAME: &[u8] = &[0x55, 4, 3];
    pub(crate) const SUBJECT_KEY: &[u8] = &[0x55, 0x1d, 14];
    pub(crate) const KEY_USAGE: &[u8] = &[0x55, 0x1d, 15];
    pub(crate) const ALT_NAME: &[u8] = &[0x55, 0x1d, 17];
    pub(crate) const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 19];
    pub(crate) const NAME_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 30];
    pub(crate) const DISTRIBUTION_POINTS: &[u8] = &[0x55, 0x1d, 31];
    pub(crate) const POLICIES: &[u8] = &[0x55, 0x1d, 32];
    pub(crate) const POLICY_MAPPINGS: &[u8] = &[0x55, 0x1d, 33];
    pub(crate) const AUTHORITY_KEY: &[u8] = &[0x55, 0x1d, 35];
    pub(crate) const IP_BLOCKS: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 1, 7];
    pub(crate) const CONTENT_TYPE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 3];
    pub(crate) const MESSAGE_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 4];
    pub(crate) const SIGNING_TIME: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 5];
    pub(crate) const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
    pub(crate) const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
    pub(crate) const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
    pub(crate) const PRIME_FIELD: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 1, 1];
    pub(crate) const P521: &[u8] = &[0x2b, 0x81, 4, 0, 0x23];
    pub(crate) const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
    pub(crate) const RSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11];
    pub(crate) const ECDSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
    pub(crate) const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
    pub(crate) const SHA256: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
    pub(crate) const SHA512: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3];
}

pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    element(0x30, parts)
}

pub(crate) fn set(parts: &[&[u8]]) -> Vec<u8> {
    element(0x31, parts)
}

pub(crate) fn octets(contents: &[u8]) -> Vec<u8> {
    element(4, &[contents])
}

pub(crate) fn bits(contents: &[u8]) -> Vec<u8> {
    element(3, &[&[0], contents])
}

pub(crate) fn object(contents: &[u8]) -> Vec<u8> {
    element(6, &[contents])
}

/// A positive INTEGER.
pub(crate) fn integer(magnitude: &[u8]) -> Vec<u8> {
    let padding: &[u8] =
        if magnitude.first().is_none_or(|first| *first >= 0x80) { &[0] } else { &[] };
    element(2, &[padding, magnitude])
}

pub(crate) fn common_name(name: &str) -> Vec<u8> {
    sequence(&[&relative_name(oid::COMMON_NAME, name)])
}

fn relative_name(kind: &[u8], name: &str) -> Vec<u8> {
    set(&[&sequence(&[&object(kind), &element(0x0c, &[name.as_bytes()])])])
}

/// A Name of so many parts, as short as any can be.
pub(crate) fn long_name(parts: usize) -> Vec<u8> {
    sequence(&[&relative_name(oid::COMMON_NAME, "a").repeat(parts)])
}

/// With one name that counts, and so many that do not.
pub(crate) fn alt_names(name: &str, others: usize) -> Vec<u8> {
    let others = element(0x82, &[b"a"]).repeat(others);
    extension(oid::ALT_NAME, &sequence(&[&others, &element(0x82, &[name.as_bytes()])]))
}

pub(crate) fn authority_key(identifier: &[u8]) -> Vec<u8> {
    extension(oid::AUTHORITY_KEY, &sequence(&[&element(0x80, &[identifier])]))
}

pub(crate) fn subject_key(identifier: &[u8]) -> Vec<u8> {
    extension(oid::SUBJECT_KEY, &octets(identifier))
}

pub(crate) fn ca() -> Vec<u8> {
    extension(oid::BASIC_CONSTRAINTS, &sequence(&[&[1, 1, 0xff]]))
}

/// So many unknown extensions.
pub(crate) fn unknown_extensions(count: usize) -> Vec<u8> {
    (0..count)
        .flat_map(|number| extension(&[0x2a, 1 + (number / 127) as u8, (number % 127) as u8], &[]))
        .collect()
}

/// So many distribution points, each relative to the issuer's name.
pub(crate) fn relative_distribution_points(count: usize) -> Vec<u8> {
    let attribute = sequence(&[&object(oid::COMMON_NAME), &element(0x0c, &[b"a"])]);
    let point = sequence(&[&element(0xa0, &[&element(0xa1, &[&attribute])])]);
    extension(oid::DISTRIBUTION_POINTS, &sequence(&[&point.repeat(count)]))
}

/// So many names that are not permitted.
pub(crate) fn name_constraints(count: usize) -> Vec<u8> {
    let subtree = sequence(&[&element(0x82, &[b"b"])]);
    extension(oid::NAME_CONSTRAINTS, &sequence(&[&element(0xa1, &[&subtree.repeat(count)])]))
}

/// So many policies, and each mapped to another.
pub(crate) fn policies(count: usize) -> Vec<u8> {
    let policy = |number: usize| object(&[0x2a, 1 + (number / 127) as u8, (number % 127) as u8]);
    let listed: Vec<u8> = (0..count).flat_map(|number| sequence(&[&policy(number)])).collect();
    let mapped: Vec<u8> = (0..count)
        .flat_map(|number| sequence(&[&policy(number), &policy((number + 1) % count)]))
        .collect();
    [
        extension(oid::POLICIES, &sequence(&[&listed])),
        extension(oid::POLICY_MAPPINGS, &sequence(&[&mapped])),
    ]
    .concat()
}

/// So many blocks of addresses, RFC 3779.
pub(crate) fn address_blocks(count: usize) -> Vec<u8> {
    let addresses: Vec<u8> = (0..count)
        .flat_map(|number| bits(&[10, (number / 128) as u8, (2 * (number % 128)) as u8]))
        .collect();
    let family = sequence(&[&octets(&[0, 1]), &sequence(&[&addresses])]);
    extension(oid::IP_BLOCKS, &sequence(&[&family]))
}

/// SubjectPublicKeyInfos.
pub(crate) mod key {
    use super::*;

    fn info(algorithm: &[u8], parameters: &[u8], key: &[u8]) -> Vec<u8> {
        sequence(&[&sequence(&[&object(algorithm), parameters]), &bits(key)])
    }

    /// Any octets are one.
    pub(crate) fn ed25519() -> Vec<u8> {
        info(oid::ED25519, &[], &[7; 32])
    }

    /// A point of P-521 in the form that wants a square root.
    pub(crate) fn compressed() -> Vec<u8> {
        let group = EcGroup::from_curve_name(Nid::SECP521R1).unwrap();
        let mut context = BigNumContext::new().unwrap();
        let mut point = [&[2], &[1; 66][..]].concat();
        while EcPoint::from_bytes(&group, &point, &mut context).is_err() {
            point[66] += 1;
        }
        info(oid::EC, &object(oid::P521), &point)
    }

    pub(crate) fn rsa(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
        info(oid::RSA, &[5, 0], &sequence(&[&integer(modulus), &integer(exponent)]))
    }

    /// With an exponent as long as the modulus, of so many octets: up to 384 OpenSSL takes that.
    pub(crate) fn rsa_with_long_exponent(octets: usize) -> Vec<u8> {
        let modulus = vec![0xff; octets];
        rsa(&modulus, &[&[0x7f], &modulus[1..]].concat())
    }

    /// A curve over p = k * 2^645 + 1 of 661 bits, the most that OpenSSL takes, with points in the
    /// form that wants a square root: by Tonelli and Shanks, in steps whose number grows with the
    /// square of 645.
    pub(crate) fn slow_curve() -> Vec<u8> {
        let mut context = BigNumContext::new().unwrap();
        let one = BigNum::from_u32(1).unwrap();
        let prime = (1 << 15..1 << 16)
            .filter(|k| k % 2 == 1)
            .find_map(|k| {
                let mut shifted = BigNum::new().unwrap();
                shifted.lshift(&BigNum::from_u32(k).unwrap(), 645).unwrap();
                let prime = &shifted + &one;
                prime.is_prime(20, &mut context).unwrap().then_some(prime)
            })
            .unwrap();
        let p = prime.to_vec();
        // y^2 = x^3 + b at x = 0. OpenSSL begins with the least number that is no square: where b is
        // that one's, each of the steps is as long as it can be.
        let non_residue = (2..)
            .map(|number| BigNum::from_u32(number).unwrap())
            .find(|number| {
                let mut power = BigNum::new().unwrap();
                let mut half = BigNum::new().unwrap();
                half.rshift1(&prime).unwrap();
                power.mod_exp(number, &half, &prime, &mut context).unwrap();
                power != one
            })
            .unwrap();
        let mut b = BigNum::new().unwrap();
        b.mod_sqr(&non_residue, &prime, &mut context).unwrap();
        let pad = |number: &[u8]| [vec![0; p.len() - number.len()], number.to_vec()].concat();
        let base = [&[2], &vec![0; p.len()][..]].concat();
        let parameters = sequence(&[
            &integer(&[1]),
            &sequence(&[&object(oid::PRIME_FIELD), &integer(&p)]),
            &sequence(&[&octets(&pad(&[])), &octets(&pad(&b.to_vec()))]),
            &octets(&base),
            &integer(&p),
            &integer(&[1]),
        ]);
        info(oid::EC, &parameters, &base)
    }
}

/// A certificate without a valid signature.
#[derive(Clone)]
pub(crate) struct Paper {
    pub(crate) serial: Vec<u8>,
    pub(crate) issuer: Vec<u8>,
    pub(crate) subject: Vec<u8>,
    pub(crate) key: Vec<u8>,
    pub(crate) extensions: Vec<u8>,
    pub(crate) signature_algorithm: Vec<u8>,
    pub(crate) signature: Vec<u8>,
}

impl Paper {
    pub(crate) fn new(issuer: &[u8], subject: &str) -> Self {
        Self {
            serial: integer(&[0x55; 16]),
            issuer: issuer.to_vec(),
            subject: common_name(subject),
            key: key::ed25519(),
            extensions: Vec::new(),
            signature_algorithm: signature_algorithm(KeyKind::P256),
            signature: signature(KeyKind::P256),
        }
    }

    pub(crate) fn extension(mut self, extension: Vec<u8>) -> Self {
        self.extensions.extend(extension);
        self
    }

    /// As if by an issuer with such a key.
    pub(crate) fn signed_with(self, kind: KeyKind) -> Self {
        let (signature_algorithm, signature) = (signature_algorithm(kind), signature(kind));
        Self { signature_algorithm, signature, ..self }
    }

    pub(crate) fn der(&self) -> Vec<u8> {
        let validity =
            sequence(&[&element(0x17, &[b"250101000000Z"]), &element(0x17, &[b"400101000000Z"])]);
        let extensions = if self.extensions.is_empty() {
            Vec::new()
        } else {
            element(0xa3, &[&sequence(&[&self.extensions])])
        };
        let to_be_signed = sequence(&[
            &element(0xa0, &[&integer(&[2])]),
            &self.serial,
            &self.signature_algorithm,
            &self.issuer,
            &validity,
            &self.subject,
            &self.key,
            &extensions,
        ]);
        sequence(&[&to_be_signed, &self.signature_algorithm, &bits(&self.signature)])
    }

    /// issuerAndSerialNumber.
    pub(crate) fn identifier(&self) -> Vec<u8> {
        sequence(&[&self.issuer, &self.serial])
    }
}

/// How a certificate is signed with such a key.
pub(crate) fn signature_algorithm(kind: KeyKind) -> Vec<u8> {
    match kind {
        KeyKind::Rsa(_) => sequence(&[&object(oid::RSA_SHA256), &[5, 0]]),
        KeyKind::Ed25519 => sequence(&[&object(oid::ED25519)]),
        _ => sequence(&[&object(oid::ECDSA_SHA256)]),
    }
}

/// One of the right form, which takes as long to verify as a good one.
pub(crate) fn signature(kind: KeyKind) -> Vec<u8> {
    match kind {
        KeyKind::Rsa(size) => [&[1], &vec![0x5a; size as usize / 8 - 1][..]].concat(),
        // A point, and a number below the order.
        KeyKind::Ed25519 => [&[1], &[0; 31][..], &[7; 31], &[0]].concat(),
        _ => sequence(&[&integer(&[0x5a; 32]), &integer(&[0x3c; 32])]),
    }
}

/// A value without a valid signature, of which all else is as it should be.
#[derive(Clone)]
pub(crate) struct Value {
    pub(crate) content: Vec<u8>,
    pub(crate) certificates: Vec<Vec<u8>>,
    pub(crate) identifier: Vec<u8>,
    /// Beside those that there must be.
    pub(crate) attributes: Vec<Vec<u8>>,
    /// With which it is signed all the same.
    pub(crate) key: Option<PKey<Private>>,
    pub(crate) kind: KeyKind,
}

impl Value {
    /// For a signer whose key is of this kind.
    pub(crate) fn new(kind: KeyKind, content: &[u8], identifier: Vec<u8>) -> Self {
        let (content, certificates, attributes) = (content.to_vec(), Vec::new(), Vec::new());
        Self { content, certificates, identifier, attributes, key: None, kind }
    }

    /// By the first of these.
    pub(crate) fn by(kind: KeyKind, content: &[u8], papers: &[Paper]) -> Self {
        let value = Self::new(kind, content, papers[0].identifier());
        value.with(papers.iter().map(Paper::der).collect())
    }

    pub(crate) fn with(self, mut certificates: Vec<Vec<u8>>) -> Self {
        certificates.sort();
        Self { certificates, ..self }
    }

    /// The header's value.
    pub(crate) fn encode(&self) -> String {
        let algorithm = match self.kind {
            KeyKind::Rsa(_) => sequence(&[&object(oid::RSA), &[5, 0]]),
            kind => signature_algorithm(kind),
        };
        let (digest, content_digest) = match self.kind {
            KeyKind::Ed25519 => (oid::SHA512, sha512(&self.content).to_vec()),
            _ => (oid::SHA256, sha256(&self.content).to_vec()),
        };
        let attribute = |kind: &[u8], value: &[u8]| sequence(&[&object(kind), &set(&[value])]);
        let mut attributes = vec![
            attribute(oid::CONTENT_TYPE, &object(oid::DATA)),
            attribute(oid::MESSAGE_DIGEST, &octets(&content_digest)),
            // NOW.
            attribute(oid::SIGNING_TIME, &element(0x17, &[b"270115080000Z"])),
        ];
        assert_eq!(NOW, 1_800_000_000);
        attributes.extend(self.attributes.iter().cloned());
        attributes.sort();
        let signature = match (&self.key, self.kind) {
            (None, kind) => signature(kind),
            (Some(key), KeyKind::Ed25519) => Signer::new_without_digest(key)
                .and_then(|mut signer| signer.sign_oneshot_to_vec(&set(&[&attributes.concat()])))
                .unwrap(),
            (Some(key), _) => Signer::new(MessageDigest::sha256(), key)
                .and_then(|mut signer| signer.sign_oneshot_to_vec(&set(&[&attributes.concat()])))
                .unwrap(),
        };
        let digest = sequence(&[&object(digest)]);
        let signer = sequence(&[
            &integer(&[1]),
            &self.identifier,
            &digest,
            &element(0xa0, &[&attributes.concat()]),
            &algorithm,
            &octets(&signature),
        ]);
        let certificates = match &self.certificates[..] {
            [] => Vec::new(),
            certificates => element(0xa0, &[&certificates.concat()]),
        };
        let signed_data = sequence(&[
            &integer(&[1]),
            &set(&[&digest]),
            &sequence(&[&object(oid::DATA), &element(0xa0, &[&octets(&self.content)])]),
            &certificates,
            &set(&[&signer]),
        ]);
        let content_info = sequence(&[&object(oid::SIGNED_DATA), &element(0xa0, &[&signed_data])]);
        STANDARD.encode(content_info)
    }
}

/// The longest value within [`LENGTH`] of those that `build` makes of growing numbers.
pub(crate) fn fill(build: impl Fn(usize) -> String) -> String {
    let (mut good, mut bad) = (0, LENGTH);
    while bad - good > 1 {
        let middle = usize::midpoint(good, bad);
        if build(middle).len() <= LENGTH { good = middle } else { bad = middle }
    }
    build(good)
}
