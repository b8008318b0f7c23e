// SPDX-License-Identifier: Apache-2.0

//! Keys and certificates for the tests, made anew each time.

// A fuzzer needs only a part of it.
#![cfg_attr(fuzzing, allow(dead_code))]

use std::{
    fs,
    path::{Path, PathBuf},
    process,
    sync::OnceLock,
};

use openssl::{
    asn1::{Asn1Integer, Asn1Time},
    bn::{BigNum, MsbOption},
    cms::{CMSOptions, CmsContentInfo},
    dsa::Dsa,
    ec::{Asn1Flag, EcGroup, EcKey},
    error::ErrorStack,
    hash::MessageDigest,
    nid::Nid,
    pkey::{Id, PKey, PKeyRef, Private},
    rsa::Rsa,
    stack::Stack,
    x509::{
        X509, X509Extension, X509Name, X509NameRef, X509PurposeId, X509Ref,
        extension::{AuthorityKeyIdentifier, BasicConstraints, SubjectKeyIdentifier},
        store::X509StoreBuilder,
        verify::{X509VerifyFlags, X509VerifyParam},
    },
};

/// The time at which the tests sign.
pub(crate) const NOW: i64 = 1_800_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyKind {
    Rsa(u32),
    RsaPss,
    P256,
    P256Explicit,
    P384,
    P521,
    Secp256k1,
    Ed25519,
    Ed448,
    Dsa,
}

impl KeyKind {
    pub(crate) const SUPPORTED: &[Self] =
        &[Self::Rsa(2048), Self::Rsa(4096), Self::P256, Self::P384, Self::P521, Self::Ed25519];

    pub(crate) fn generate(self) -> PKey<Private> {
        match self {
            Self::Rsa(bits) => PKey::from_rsa(Rsa::generate(bits).unwrap()).unwrap(),
            Self::RsaPss => {
                let mut context = openssl::pkey_ctx::PkeyCtx::new_id(Id::RSA_PSS).unwrap();
                context.keygen_init().unwrap();
                context.set_rsa_keygen_bits(2048).unwrap();
                context.keygen().unwrap()
            }
            Self::P256 => ec(Nid::X9_62_PRIME256V1, Asn1Flag::NAMED_CURVE),
            Self::P256Explicit => ec(Nid::X9_62_PRIME256V1, Asn1Flag::EXPLICIT_CURVE),
            Self::P384 => ec(Nid::SECP384R1, Asn1Flag::NAMED_CURVE),
            Self::P521 => ec(Nid::SECP521R1, Asn1Flag::NAMED_CURVE),
            Self::Secp256k1 => ec(Nid::SECP256K1, Asn1Flag::NAMED_CURVE),
            Self::Ed25519 => PKey::generate_ed25519().unwrap(),
            Self::Ed448 => PKey::generate_ed448().unwrap(),
            Self::Dsa => PKey::from_dsa(Dsa::generate(2048).unwrap()).unwrap(),
        }
    }
}

fn ec(curve: Nid, form: Asn1Flag) -> PKey<Private> {
    let mut group = EcGroup::from_curve_name(curve).unwrap();
    group.set_asn1_flag(form);
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

/// A key and a certificate to be made for it.
pub(crate) struct Leaf {
    key: PKey<Private>,
    subject: String,
    /// None: one by chance.
    serial: Option<u32>,
    not_before: i64,
    not_after: i64,
    ca: bool,
    extensions: Vec<X509Extension>,
}

/// A key and its certificate.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) key: PKey<Private>,
    pub(crate) certificate: X509,
}

impl Leaf {
    pub(crate) fn new(kind: KeyKind) -> Self {
        Self::with_key(kind.generate())
    }

    pub(crate) fn with_key(key: PKey<Private>) -> Self {
        Self {
            key,
            subject: "leaf".to_owned(),
            serial: None,
            not_before: NOW - 1000,
            not_after: NOW + 1000,
            ca: false,
            extensions: Vec::new(),
        }
    }

    pub(crate) fn ca(name: &str) -> Self {
        Self { subject: name.to_owned(), ca: true, ..Self::new(KeyKind::P256) }
    }

    pub(crate) fn subject(self, name: &str) -> Self {
        Self { subject: name.to_owned(), ..self }
    }

    pub(crate) fn serial(self, number: u32) -> Self {
        Self { serial: Some(number), ..self }
    }

    pub(crate) fn valid(self, not_before: i64, not_after: i64) -> Self {
        Self { not_before, not_after, ..self }
    }

    pub(crate) fn extension(mut self, extension: X509Extension) -> Self {
        self.extensions.push(extension);
        self
    }

    pub(crate) fn self_signed(self) -> Identity {
        let (name, key) = (name(&self.subject), self.key.clone());
        self.signed_by(&name, &key, None)
    }

    pub(crate) fn issued_by(self, issuer: &Identity) -> Identity {
        self.signed_by(issuer.certificate.subject_name(), &issuer.key, Some(&issuer.certificate))
    }

    fn signed_by(
        self,
        issuer: &X509NameRef,
        issuer_key: &PKeyRef<Private>,
        issuer_certificate: Option<&X509Ref>,
    ) -> Identity {
        let mut builder = X509::builder().unwrap();
        builder.set_version(2).unwrap();
        let serial =
            self.serial.map_or_else(random_serial, |number| BigNum::from_u32(number).unwrap());
        builder.set_serial_number(&Asn1Integer::from_bn(&serial).unwrap()).unwrap();
        builder.set_subject_name(&name(&self.subject)).unwrap();
        builder.set_issuer_name(issuer).unwrap();
        builder.set_not_before(&Asn1Time::from_unix(self.not_before).unwrap()).unwrap();
        builder.set_not_after(&Asn1Time::from_unix(self.not_after).unwrap()).unwrap();
        builder.set_pubkey(&self.key).unwrap();
        if self.ca {
            builder
                .append_extension(BasicConstraints::new().critical().ca().build().unwrap())
                .unwrap();
        }
        let context = builder.x509v3_context(issuer_certificate, None);
        let extension = SubjectKeyIdentifier::new().build(&context).unwrap();
        builder.append_extension(extension).unwrap();
        if issuer_certificate.is_some() {
            let context = builder.x509v3_context(issuer_certificate, None);
            let extension = AuthorityKeyIdentifier::new().keyid(true).build(&context).unwrap();
            builder.append_extension(extension).unwrap();
        }
        for extension in self.extensions {
            builder.append_extension(extension).unwrap();
        }
        let digest = match issuer_key.id() {
            Id::ED25519 | Id::ED448 => MessageDigest::null(),
            _ => MessageDigest::sha256(),
        };
        builder.sign(issuer_key, digest).unwrap();
        Identity { key: self.key, certificate: builder.build() }
    }
}

fn random_serial() -> BigNum {
    let mut serial = BigNum::new().unwrap();
    serial.rand(127, MsbOption::MAYBE_ZERO, false).unwrap();
    serial.set_bit(120).unwrap();
    serial
}

fn name(common_name: &str) -> X509Name {
    let mut name = X509Name::builder().unwrap();
    name.append_entry_by_text("CN", common_name).unwrap();
    name.build()
}

impl Identity {
    pub(crate) fn certificate_pem(&self) -> String {
        String::from_utf8(self.certificate.to_pem().unwrap()).unwrap()
    }

    pub(crate) fn key_pem(&self) -> String {
        String::from_utf8(self.key.private_key_to_pem_pkcs8().unwrap()).unwrap()
    }
}

/// CMS_CADES: what names the signer's certificate, a signingCertificate or signingCertificateV2, is
/// looked at, and must be there.
pub(crate) const CADES: CMSOptions = CMSOptions::from_bits_retain(0x10_0000);

/// What OpenSSL's CMS_verify says of a ContentInfo at `now`: its content, if a path leads from its
/// signer to one of `trusted`. `certificates` are those that may be missing in it.
pub(crate) fn verified_by_openssl(
    cms: &[u8],
    trusted: &[&X509],
    flags: X509VerifyFlags,
    certificates: &[&X509],
    options: CMSOptions,
    now: i64,
) -> Result<Vec<u8>, ErrorStack> {
    let mut cms = CmsContentInfo::from_der(cms)?;
    let mut parameters = X509VerifyParam::new()?;
    parameters.set_time(now);
    parameters.set_flags(flags)?;
    parameters.set_purpose(X509PurposeId::ANY)?;
    let mut store = X509StoreBuilder::new()?;
    store.set_param(&parameters)?;
    for certificate in trusted {
        store.add_cert((*certificate).clone())?;
    }
    let store = store.build();
    let mut others = Stack::new()?;
    for certificate in certificates {
        others.push((*certificate).clone())?;
    }
    let mut content = Vec::new();
    let options = CMSOptions::BINARY | options;
    cms.verify(Some(&others), Some(&store), None, Some(&mut content), options)?;
    Ok(content)
}

/// A directory that is gone when the test is.
pub(crate) struct Directory(PathBuf);

impl Directory {
    /// `name` is another one for each test.
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("client-cert-{}-{name}", process::id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn write(&self, name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, contents).unwrap();
        path
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

/// Root, two intermediates, and a leaf with a key of this kind.
pub(crate) struct Pki {
    pub(crate) root: Identity,
    pub(crate) upper: Identity,
    pub(crate) lower: Identity,
    pub(crate) leaf: Identity,
}

impl Pki {
    pub(crate) fn new(kind: KeyKind) -> Self {
        let root = Leaf::ca("root").self_signed();
        let upper = Leaf::ca("upper").issued_by(&root);
        let lower = Leaf::ca("lower").issued_by(&upper);
        let leaf = Leaf::new(kind).issued_by(&lower);
        Self { root, upper, lower, leaf }
    }
}

/// An element of DER, of whatever tag.
pub(crate) fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let contents = parts.concat();
    let length = contents.len().to_be_bytes();
    let significant = &length[length.iter().take_while(|octet| **octet == 0).count()..];
    let mut element = vec![tag];
    match significant {
        [] => element.push(0),
        [short @ ..0x80] => element.push(*short),
        long => {
            element.push(0x80 | u8::try_from(long.len()).unwrap());
            element.extend_from_slice(long);
        }
    }
    element.extend(contents);
    element
}

/// An attribute of a name: its type as the contents of an OID, and its value's tag and contents.
pub(crate) type Attribute<'a> = (&'a [u8], u8, &'a [u8]);

/// A name of relative names, each of which has one attribute or several.
pub(crate) fn distinguished_name(relative: &[&[Attribute<'_>]]) -> Vec<u8> {
    let relative: Vec<_> = relative
        .iter()
        .map(|attributes| {
            let attributes: Vec<_> = attributes
                .iter()
                .map(|(type_, tag, value)| tlv(0x30, &[&tlv(6, &[type_]), &tlv(*tag, &[value])]))
                .collect();
            tlv(0x31, &[&attributes.concat()])
        })
        .collect();
    tlv(0x30, &[&relative.concat()])
}

/// An extension: its OID's contents, and what its OCTET STRING has.
pub(crate) fn extension(id: &[u8], octets: &[u8]) -> Vec<u8> {
    tlv(0x30, &[&tlv(6, &[id]), &tlv(4, &[octets])])
}

/// A certificate of parts that no builder would make, each in DER. Its signature is none.
pub(crate) struct Crafted {
    pub(crate) version: Vec<u8>,
    pub(crate) serial: Vec<u8>,
    pub(crate) algorithm: Vec<u8>,
    pub(crate) issuer: Vec<u8>,
    pub(crate) not_before: Vec<u8>,
    pub(crate) not_after: Vec<u8>,
    pub(crate) subject: Vec<u8>,
    pub(crate) key: Vec<u8>,
    pub(crate) extensions: Vec<Vec<u8>>,
}

impl Crafted {
    /// Of version 3, with `CN=issuer` and `CN=subject`, from 2020 until 2040.
    pub(crate) fn new() -> Self {
        static KEY: OnceLock<Vec<u8>> = OnceLock::new();
        let named = |name: &[u8]| distinguished_name(&[&[(&[0x55, 4, 3], 12, name)]]);
        Self {
            version: tlv(0xa0, &[&tlv(2, &[&[2]])]),
            serial: tlv(2, &[&[1]]),
            // ecdsa-with-SHA256
            algorithm: tlv(0x30, &[&tlv(6, &[&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]])]),
            issuer: named(b"issuer"),
            not_before: tlv(23, &[b"200101000000Z"]),
            not_after: tlv(23, &[b"400101000000Z"]),
            subject: named(b"subject"),
            key: KEY.get_or_init(|| KeyKind::P256.generate().public_key_to_der().unwrap()).clone(),
            extensions: Vec::new(),
        }
    }

    pub(crate) fn der(&self) -> Vec<u8> {
        let extensions = tlv(0xa3, &[&tlv(0x30, &[&self.extensions.concat()])]);
        let signed = tlv(
            0x30,
            &[
                &self.version,
                &self.serial,
                &self.algorithm,
                &self.issuer,
                &tlv(0x30, &[&self.not_before, &self.not_after]),
                &self.subject,
                &self.key,
                if self.extensions.is_empty() { &[] } else { &extensions },
            ],
        );
        tlv(0x30, &[&signed, &self.algorithm, &tlv(3, &[&[0, 1, 2, 3]])])
    }
}
