// SPDX-License-Identifier: Apache-2.0

//! A writer of SignedData that makes every mistake that it is asked for, and signs it properly, so
//! that nothing else is wrong.

use openssl::{
    hash::{MessageDigest, hash},
    nid::Nid,
    pkey::{Id, PKey, Private},
    sha::sha256,
    sign::Signer,
    x509::X509,
};

use super::pki::der;
use crate::{
    asn1::{
        der::{element, tag},
        time::SigningTime,
    },
    cms::oid,
    testing::{Identity, NOW},
    x509::certificate::Certificate,
};

pub(super) const SHA1: &[u8] = &[0x2b, 0x0e, 3, 2, 26];
pub(super) const MD5: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 5];
pub(super) const SHA256: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
pub(super) const SHA384: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2];
pub(super) const SHA512: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3];
pub(super) const SHA224: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 4];
pub(super) const SHA512_256: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 6];
pub(super) const SHA3_256: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 8];
/// signingCertificate.
pub(super) const SIGNING_CERTIFICATE: &[u8] =
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 2, 12];
pub(super) const NULL: &[u8] = &[tag::NULL, 0];
pub(super) const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
pub(super) const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

/// sha256WithRSAEncryption is 11, and so on.
pub(super) fn pkcs1(number: u8) -> [u8; 9] {
    [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, number]
}

/// ecdsa-with-SHA256 is 2, and so on.
pub(super) fn ecdsa_with(number: u8) -> [u8; 8] {
    [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, number]
}

pub(super) fn algorithm(oid: &[u8], parameters: &[u8]) -> Vec<u8> {
    element(tag::SEQUENCE, &[&element(tag::OID, &[oid]), parameters])
}

pub(super) fn attribute(kind: &[u8], values: &[&[u8]]) -> Vec<u8> {
    element(tag::SEQUENCE, &[&element(tag::OID, &[kind]), &element(tag::SET, values)])
}

pub(super) fn object_identifier(contents: &[u8]) -> Vec<u8> {
    element(tag::OID, &[contents])
}

pub(super) fn octet_string(contents: &[u8]) -> Vec<u8> {
    element(tag::OCTET_STRING, &[contents])
}

pub(super) fn sequence(elements: &[&[u8]]) -> Vec<u8> {
    element(tag::SEQUENCE, elements)
}

pub(super) fn integer(contents: &[u8]) -> Vec<u8> {
    element(tag::INTEGER, &[contents])
}

/// All of it can be changed before it is signed.
#[derive(Clone)]
pub(super) struct Forge {
    pub(super) content_info_type: Vec<u8>,
    pub(super) version: Vec<u8>,
    /// Elements of the SET.
    pub(super) digest_algorithms: Vec<Vec<u8>>,
    pub(super) content_type: Vec<u8>,
    /// What [0] holds, an OCTET STRING. None: detached.
    pub(super) content: Option<Vec<u8>>,
    pub(super) certificates: Option<Vec<Vec<u8>>>,
    pub(super) keep_order_of_certificates: bool,
    /// The field, tag included.
    pub(super) crls: Vec<u8>,
    pub(super) signer_version: Vec<u8>,
    pub(super) identifier: Vec<u8>,
    pub(super) digest_algorithm: Vec<u8>,
    /// Their kinds and encodings. None: no signed attributes.
    pub(super) attributes: Option<Vec<(Vec<u8>, Vec<u8>)>>,
    pub(super) keep_order_of_attributes: bool,
    pub(super) signature_algorithm: Vec<u8>,
    /// The field, tag included, and what else follows the signature.
    pub(super) unsigned: Vec<u8>,
    pub(super) key: PKey<Private>,
    pub(super) digest: MessageDigest,
    /// What is done to the signature.
    pub(super) tamper: fn(Vec<u8>) -> Vec<u8>,
    /// What is signed in place of the attributes.
    pub(super) signed_instead: Option<Vec<u8>>,
    /// Elements of the SET of signers, beside this one.
    pub(super) other_signers: Vec<Vec<u8>>,
    pub(super) this_signer: bool,
}

impl Forge {
    /// What the profile wants, by `signer` at [`NOW`].
    pub(super) fn new(signer: &Identity, chain: &[&Identity], client: &X509) -> Self {
        let (digest, digest_oid, signature_algorithm) = algorithms(&signer.key);
        let certificate = der(&signer.certificate);
        let mut certificates = vec![certificate.clone()];
        certificates.extend(chain.iter().map(|issuer| der(&issuer.certificate)));
        let mut forge = Self {
            content_info_type: object_identifier(oid::SIGNED_DATA),
            version: integer(&[1]),
            digest_algorithms: vec![algorithm(digest_oid, &[])],
            content_type: object_identifier(oid::DATA),
            content: None,
            certificates: Some(certificates),
            keep_order_of_certificates: false,
            crls: Vec::new(),
            signer_version: integer(&[1]),
            identifier: identifier(&certificate),
            digest_algorithm: algorithm(digest_oid, &[]),
            attributes: Some(Vec::new()),
            keep_order_of_attributes: false,
            signature_algorithm,
            unsigned: Vec::new(),
            key: signer.key.clone(),
            digest,
            tamper: |signature| signature,
            signed_instead: None,
            other_signers: Vec::new(),
            this_signer: true,
        };
        forge.set(oid::CONTENT_TYPE, &[&object_identifier(oid::DATA)]);
        forge.set_time(NOW);
        forge.set_content(&der(client));
        let id = sequence(&[&octet_string(&sha256(&certificate))]);
        forge.set(oid::SIGNING_CERTIFICATE_V2, &[&sequence(&[&sequence(&[&id])])]);
        forge.protect();
        forge
    }

    /// Gives an attribute these values.
    pub(super) fn set(&mut self, kind: &[u8], values: &[&[u8]]) {
        self.set_raw(kind, attribute(kind, values));
    }

    pub(super) fn set_raw(&mut self, kind: &[u8], attribute: Vec<u8>) {
        self.remove(kind);
        self.add_raw(kind, attribute);
    }

    /// Adds an attribute, which may be there already.
    pub(super) fn add(&mut self, kind: &[u8], values: &[&[u8]]) {
        self.add_raw(kind, attribute(kind, values));
    }

    pub(super) fn add_raw(&mut self, kind: &[u8], attribute: Vec<u8>) {
        self.attributes.as_mut().unwrap().push((kind.to_vec(), attribute));
    }

    pub(super) fn twice(&mut self, kind: &[u8]) {
        let found = self.attributes.iter().flatten().find(|(other, _)| other == kind);
        let (_, attribute) = found.unwrap().clone();
        self.add_raw(kind, attribute);
    }

    pub(super) fn remove(&mut self, kind: &[u8]) {
        self.attributes.as_mut().unwrap().retain(|(other, _)| other != kind);
    }

    pub(super) fn set_time(&mut self, time: i64) {
        let time = SigningTime::new(time).unwrap();
        let tag = match time {
            SigningTime::Utc(_) => tag::UTC_TIME,
            SigningTime::Generalized(_) => tag::GENERALIZED_TIME,
        };
        self.set(oid::SIGNING_TIME, &[&element(tag, &[time.octets()])]);
    }

    /// And its digest.
    pub(super) fn set_content(&mut self, content: &[u8]) {
        self.content = Some(octet_string(content));
        let digest = hash(self.digest, content).unwrap();
        self.set(oid::MESSAGE_DIGEST, &[&octet_string(&digest)]);
    }

    /// Writes the algorithms into the CMSAlgorithmProtection.
    pub(super) fn protect(&mut self) {
        let mut signature = self.signature_algorithm.clone();
        signature[0] = tag::CONTEXT_1;
        let value = sequence(&[&self.digest_algorithm, &signature]);
        self.set(oid::ALGORITHM_PROTECTION, &[&value]);
    }

    /// Another digest, wherever it is named and used.
    pub(super) fn set_digest(&mut self, digest: MessageDigest, oid: &[u8], content: &X509) {
        self.digest = digest;
        self.digest_algorithms = vec![algorithm(oid, &[])];
        self.digest_algorithm = algorithm(oid, &[]);
        self.set_content(&der(content));
        self.protect();
    }

    pub(super) fn set_signature_algorithm(&mut self, oid: &[u8], parameters: &[u8]) {
        self.signature_algorithm = algorithm(oid, parameters);
        self.protect();
    }

    /// The ContentInfo.
    pub(super) fn build(&self) -> Vec<u8> {
        let explicit = element(tag::CONTEXT_0, &[&self.signed_data()]);
        sequence(&[&self.content_info_type, &explicit])
    }

    pub(super) fn signed_data(&self) -> Vec<u8> {
        let content =
            self.content.as_ref().map_or(Vec::new(), |content| element(tag::CONTEXT_0, &[content]));
        let certificates = self.certificates.clone().map_or(Vec::new(), |mut certificates| {
            if !self.keep_order_of_certificates {
                certificates.sort();
            }
            element(tag::CONTEXT_0, &[&certificates.concat()])
        });
        let mut signers = self.other_signers.clone();
        if self.this_signer {
            signers.push(self.signer_info());
        }
        signers.sort();
        sequence(&[
            &self.version,
            &element(tag::SET, &[&self.digest_algorithms.concat()]),
            &sequence(&[&self.content_type, &content]),
            &certificates,
            &self.crls,
            &element(tag::SET, &[&signers.concat()]),
        ])
    }

    pub(super) fn signer_info(&self) -> Vec<u8> {
        let attributes = self.attributes.clone().map(|attributes| {
            let mut attributes: Vec<_> = attributes.into_iter().map(|(_, raw)| raw).collect();
            if !self.keep_order_of_attributes {
                attributes.sort();
            }
            attributes.concat()
        });
        let signed = match (&self.signed_instead, &attributes) {
            (Some(instead), _) => instead.clone(),
            (None, Some(attributes)) => element(tag::SET, &[attributes]),
            // RFC 5652 section 5.4: the content alone.
            (None, None) => {
                let content = self.content.clone().unwrap();
                crate::asn1::der::Reader::only(&content, tag::OCTET_STRING)
                    .unwrap()
                    .contents
                    .to_vec()
            }
        };
        let mut signer = match self.key.id() {
            Id::ED25519 | Id::ED448 => Signer::new_without_digest(&self.key).unwrap(),
            _ => Signer::new(self.digest, &self.key).unwrap(),
        };
        let signature = (self.tamper)(signer.sign_oneshot_to_vec(&signed).unwrap());
        sequence(&[
            &self.signer_version,
            &self.identifier,
            &self.digest_algorithm,
            &attributes.map_or(Vec::new(), |set| element(tag::CONTEXT_0, &[&set])),
            &self.signature_algorithm,
            &octet_string(&signature),
            &self.unsigned,
        ])
    }
}

/// issuerAndSerialNumber of a certificate.
pub(super) fn identifier(certificate: &[u8]) -> Vec<u8> {
    let fields = Certificate::read(certificate).unwrap();
    sequence(&[fields.issuer, fields.serial])
}

/// The digest, its identifier, and the signature's, that the profile has for a key.
fn algorithms(key: &PKey<Private>) -> (MessageDigest, &'static [u8], Vec<u8>) {
    let curve = key.ec_key().ok().and_then(|key| key.group().curve_name());
    match (key.id(), curve) {
        (Id::ED25519, _) => (MessageDigest::sha512(), SHA512, algorithm(ED25519, &[])),
        (Id::EC, Some(Nid::SECP384R1)) => {
            (MessageDigest::sha384(), SHA384, algorithm(&ecdsa_with(3), &[]))
        }
        (Id::EC, Some(Nid::SECP521R1)) => {
            (MessageDigest::sha512(), SHA512, algorithm(&ecdsa_with(4), &[]))
        }
        (Id::EC, _) => (MessageDigest::sha256(), SHA256, algorithm(&ecdsa_with(2), &[])),
        // No more than names, for keys that are refused whatever they sign.
        (Id::DSA, _) => (MessageDigest::sha256(), SHA256, algorithm(&ecdsa_with(2), &[])),
        (Id::ED448, _) => (MessageDigest::sha512(), SHA512, algorithm(ED25519, &[])),
        _ => (MessageDigest::sha256(), SHA256, algorithm(RSA, NULL)),
    }
}
