// SPDX-License-Identifier: Apache-2.0

//! The clients: each with a key and a certificate of its own, and the sessions that it may resume.

use std::{
    collections::HashMap,
    fs,
    sync::{Arc, Mutex},
};

use openssl::{
    asn1::{Asn1Integer, Asn1Time},
    base64::encode_block,
    bn::BigNum,
    ec::{EcGroup, EcKey},
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, Private},
    ssl::SslSession,
    x509::{X509, X509NameBuilder, extension::KeyUsage},
};

/// The first client's serial number; the others follow.
const FIRST_SERIAL: u32 = 1000;

/// The session that a connection leaves: its new-session callback puts it here.
pub type Session = Arc<Mutex<Option<SslSession>>>;

pub struct Client {
    pub name: String,
    pub certificate: X509,
    pub key: PKey<Private>,
    /// The CA's certificate, where that is no root: the client sends it.
    pub intermediate: Option<X509>,
    /// What the servers must say of this client: `CLIENT_CERT_SHA256`, and the value of RFC 9440.
    pub fingerprint: String,
    pub rfc9440: String,
    sessions: Mutex<HashMap<(usize, usize), Session>>,
}

impl Client {
    /// The place for the session with this server, by this kind of TLS.
    pub fn session(&self, server: usize, tls: usize) -> Session {
        Arc::clone(self.sessions.lock().unwrap().entry((server, tls)).or_default())
    }
}

pub struct Ca {
    certificate: X509,
    key: PKey<Private>,
    root: bool,
}

impl Ca {
    /// Reads the certificate and the key beside it.
    pub fn read(base: &str) -> Self {
        let certificate = X509::from_pem(&fs::read(format!("{base}.crt")).unwrap()).unwrap();
        let key = PKey::private_key_from_pem(&fs::read(format!("{base}.key")).unwrap()).unwrap();
        let names = [certificate.subject_name(), certificate.issuer_name()];
        let root = names[0].try_cmp(names[1]).unwrap().is_eq();
        Self { certificate, key, root }
    }

    pub fn issue(&self, number: u32) -> Client {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
        let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
        let name = format!("client {number}");
        let mut subject = X509NameBuilder::new().unwrap();
        subject.append_entry_by_text("CN", &name).unwrap();
        let serial = BigNum::from_u32(FIRST_SERIAL + number).unwrap();

        let mut builder = X509::builder().unwrap();
        builder.set_version(2).unwrap();
        builder.set_serial_number(&Asn1Integer::from_bn(&serial).unwrap()).unwrap();
        builder.set_subject_name(&subject.build()).unwrap();
        builder.set_issuer_name(self.certificate.subject_name()).unwrap();
        builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
        builder.set_not_after(&Asn1Time::days_from_now(10).unwrap()).unwrap();
        builder.set_pubkey(&key).unwrap();
        builder.append_extension(KeyUsage::new().digital_signature().build().unwrap()).unwrap();
        builder.sign(&self.key, MessageDigest::sha256()).unwrap();
        let certificate = builder.build();

        let digest = certificate.digest(MessageDigest::sha256()).unwrap();
        Client {
            name,
            fingerprint: digest.iter().map(|octet| format!("{octet:02x}")).collect(),
            rfc9440: format!(":{}:", encode_block(&certificate.to_der().unwrap())),
            intermediate: (!self.root).then(|| self.certificate.clone()),
            certificate,
            key,
            sessions: Mutex::default(),
        }
    }
}
