// SPDX-License-Identifier: Apache-2.0

//! Certificates and CRLs with any fault that is wanted.

use openssl::{
    asn1::{Asn1Integer, Asn1Object, Asn1OctetString, Asn1Time},
    bn::{BigNum, MsbOption},
    hash::MessageDigest,
    pkey::{Id, PKey, Private},
    sign::Signer,
    x509::{X509, X509Crl, X509Extension, X509Name, X509Ref},
};

use crate::{
    asn1::der::{element, tag},
    testing::{Identity, KeyKind, NOW},
};

/// The name that the tests trust.
pub(super) const NAME: &str = "ttrp.example";

/// A certificate to be made.
pub(super) struct Recipe {
    pub(super) key: PKey<Private>,
    pub(super) subject: String,
    pub(super) valid: (i64, i64),
    pub(super) serial: Option<u32>,
    pub(super) digest: MessageDigest,
    pub(super) extensions: Vec<X509Extension>,
}

impl Recipe {
    pub(super) fn new(key: PKey<Private>, subject: &str) -> Self {
        Self {
            key,
            subject: subject.to_owned(),
            valid: (NOW - 100_000, NOW + 100_000),
            serial: None,
            digest: MessageDigest::sha256(),
            extensions: Vec::new(),
        }
    }

    /// A server that signs, as it should be.
    pub(super) fn ttrp(kind: KeyKind) -> Self {
        Self::new(kind.generate(), "ttrp").with(key_usage(&[0])).with(dns(&[NAME]))
    }

    pub(super) fn ca(subject: &str) -> Self {
        let recipe = Self::new(KeyKind::P256.generate(), subject);
        recipe.with(basic_constraints(None)).with(key_usage(&[5, 6]))
    }

    pub(super) fn with(mut self, extension: X509Extension) -> Self {
        self.extensions.push(extension);
        self
    }

    pub(super) fn valid(self, not_before: i64, not_after: i64) -> Self {
        Self { valid: (not_before, not_after), ..self }
    }

    pub(super) fn serial(self, serial: u32) -> Self {
        Self { serial: Some(serial), ..self }
    }

    pub(super) fn digest(self, digest: MessageDigest) -> Self {
        Self { digest, ..self }
    }

    pub(super) fn self_signed(self) -> Identity {
        let (key, subject) = (self.key.clone(), name(&self.subject));
        self.signed(&key, &subject)
    }

    pub(super) fn issued_by(self, issuer: &Identity) -> Identity {
        self.signed(&issuer.key, &issuer.certificate.subject_name().to_owned().unwrap())
    }

    fn signed(self, issuer_key: &PKey<Private>, issuer: &X509Name) -> Identity {
        let mut builder = X509::builder().unwrap();
        builder.set_version(2).unwrap();
        let mut serial = BigNum::new().unwrap();
        match self.serial {
            Some(number) => serial = BigNum::from_u32(number).unwrap(),
            None => serial.rand(120, MsbOption::ONE, true).unwrap(),
        }
        builder.set_serial_number(&Asn1Integer::from_bn(&serial).unwrap()).unwrap();
        builder.set_subject_name(&name(&self.subject)).unwrap();
        builder.set_issuer_name(issuer).unwrap();
        builder.set_not_before(&Asn1Time::from_unix(self.valid.0).unwrap()).unwrap();
        builder.set_not_after(&Asn1Time::from_unix(self.valid.1).unwrap()).unwrap();
        builder.set_pubkey(&self.key).unwrap();
        for extension in self.extensions {
            builder.append_extension(extension).unwrap();
        }
        let digest = match issuer_key.id() {
            Id::ED25519 | Id::ED448 => MessageDigest::null(),
            _ => self.digest,
        };
        builder.sign(issuer_key, digest).unwrap();
        Identity { key: self.key, certificate: builder.build() }
    }
}

fn name(common_name: &str) -> X509Name {
    let mut name = X509Name::builder().unwrap();
    name.append_entry_by_text("O", "tests").unwrap();
    name.append_entry_by_text("CN", common_name).unwrap();
    name.build()
}

pub(super) fn der(certificate: &X509Ref) -> Vec<u8> {
    certificate.to_der().unwrap()
}

pub(super) fn extension(oid: &str, critical: bool, value: &[u8]) -> X509Extension {
    let oid = Asn1Object::from_str(oid).unwrap();
    let value = Asn1OctetString::new_from_bytes(value).unwrap();
    X509Extension::new_from_der(&oid, critical, &value).unwrap()
}

pub(super) fn basic_constraints(path_length: Option<u8>) -> X509Extension {
    let path_length = path_length.map_or(Vec::new(), |length| vec![tag::INTEGER, 1, length]);
    extension("2.5.29.19", true, &element(tag::SEQUENCE, &[&[1, 1, 0xff], &path_length]))
}

/// With these bits: 0 digitalSignature, 1 nonRepudiation, 2 keyEncipherment, 5 keyCertSign,
/// 6 cRLSign.
pub(super) fn key_usage(bits: &[u8]) -> X509Extension {
    let octet = bits.iter().fold(0_u8, |octet, bit| octet | (0x80 >> bit));
    let unused = octet.trailing_zeros() as u8;
    extension("2.5.29.15", true, &[tag::BIT_STRING, 2, unused, octet])
}

/// With these purposes, numbers under id-kp: 1 serverAuth, 2 clientAuth, 3 codeSigning,
/// 4 emailProtection, 8 timeStamping.
pub(super) fn extended_key_usage(purposes: &[u8]) -> X509Extension {
    let purposes: Vec<u8> = purposes
        .iter()
        .flat_map(|&purpose| element(tag::OID, &[&[0x2b, 6, 1, 5, 5, 7, 3, purpose]]))
        .collect();
    extension("2.5.29.37", false, &element(tag::SEQUENCE, &[&purposes]))
}

pub(super) fn any_extended_key_usage() -> X509Extension {
    let any = element(tag::OID, &[&[0x55, 0x1d, 0x25, 0]]);
    extension("2.5.29.37", false, &element(tag::SEQUENCE, &[&any]))
}

pub(super) fn dns(names: &[&str]) -> X509Extension {
    let names: Vec<(u8, &[u8])> = names.iter().map(|name| (2, name.as_bytes())).collect();
    subject_alt_name(&names)
}

/// With the GeneralNames of these tags: 1 rfc822Name, 2 dNSName, 6 URI, 7 iPAddress.
pub(super) fn subject_alt_name(names: &[(u8, &[u8])]) -> X509Extension {
    let names: Vec<u8> =
        names.iter().flat_map(|(kind, name)| element(0x80 | kind, &[name])).collect();
    extension("2.5.29.17", false, &element(tag::SEQUENCE, &[&names]))
}

/// A CRL to be made.
pub(super) struct CrlRecipe {
    pub(super) this_update: i64,
    pub(super) next_update: Option<i64>,
    pub(super) revoked: Vec<X509>,
    /// Each an Extension.
    pub(super) extensions: Vec<Vec<u8>>,
}

impl CrlRecipe {
    pub(super) fn new() -> Self {
        Self {
            this_update: NOW - 1000,
            next_update: Some(NOW + 1000),
            revoked: Vec::new(),
            extensions: Vec::new(),
        }
    }

    pub(super) fn revoking(mut self, certificate: &X509) -> Self {
        self.revoked.push(certificate.clone());
        self
    }

    pub(super) fn valid(self, this_update: i64, next_update: Option<i64>) -> Self {
        Self { this_update, next_update, ..self }
    }

    pub(super) fn with(mut self, oid: &[u8], critical: bool, value: &[u8]) -> Self {
        let critical: &[u8] = if critical { &[1, 1, 0xff] } else { &[] };
        let (oid, value) = (element(tag::OID, &[oid]), element(tag::OCTET_STRING, &[value]));
        self.extensions.push(element(tag::SEQUENCE, &[&oid, critical, &value]));
        self
    }

    /// issuingDistributionPoint, with these contents.
    pub(super) fn distribution_point(self, contents: &[u8]) -> Self {
        self.with(&[0x55, 0x1d, 28], true, &element(tag::SEQUENCE, &[contents]))
    }

    pub(super) fn issued_by(self, issuer: &Identity) -> X509Crl {
        let name = issuer.certificate.subject_name().to_owned().unwrap();
        self.signed(&issuer.key, &name)
    }

    /// In the name of one and with the key of another.
    pub(super) fn signed(self, key: &PKey<Private>, issuer: &X509Name) -> X509Crl {
        let ecdsa_sha256 = element(
            tag::SEQUENCE,
            &[&element(tag::OID, &[&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]])],
        );
        let revoked: Vec<u8> = self
            .revoked
            .iter()
            .flat_map(|certificate| {
                let serial = certificate.serial_number().to_bn().unwrap().to_vec();
                let serial = element(tag::INTEGER, &[&positive(serial)]);
                element(tag::SEQUENCE, &[&serial, &utc_time(self.this_update)])
            })
            .collect();
        let revoked =
            if revoked.is_empty() { revoked } else { element(tag::SEQUENCE, &[&revoked]) };
        let number = Self::new_extension(&[0x55, 0x1d, 20], &[tag::INTEGER, 1, 5]);
        let extensions = element(
            tag::CONTEXT_0,
            &[&element(tag::SEQUENCE, &[&number, &self.extensions.concat()])],
        );
        let to_be_signed = element(
            tag::SEQUENCE,
            &[
                &[tag::INTEGER, 1, 1],
                &ecdsa_sha256,
                &issuer.to_der().unwrap(),
                &utc_time(self.this_update),
                &self.next_update.map_or(Vec::new(), utc_time),
                &revoked,
                &extensions,
            ],
        );
        let mut signer = Signer::new(MessageDigest::sha256(), key).unwrap();
        let signature = signer.sign_oneshot_to_vec(&to_be_signed).unwrap();
        let signature = element(tag::BIT_STRING, &[&[0], &signature]);
        X509Crl::from_der(&element(tag::SEQUENCE, &[&to_be_signed, &ecdsa_sha256, &signature]))
            .unwrap()
    }

    fn new_extension(oid: &[u8], value: &[u8]) -> Vec<u8> {
        let (oid, value) = (element(tag::OID, &[oid]), element(tag::OCTET_STRING, &[value]));
        element(tag::SEQUENCE, &[&oid, &value])
    }
}

fn positive(mut octets: Vec<u8>) -> Vec<u8> {
    if octets.first().is_none_or(|first| *first >= 0x80) {
        octets.insert(0, 0);
    }
    octets
}

fn utc_time(time: i64) -> Vec<u8> {
    element(tag::UTC_TIME, &[crate::asn1::time::SigningTime::new(time).unwrap().octets()])
}
