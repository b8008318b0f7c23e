// SPDX-License-Identifier: Apache-2.0

//! What a value holds, for a person to look at, whether or not any configuration accepts it. Nothing
//! is decided here, and nothing here is to be believed: anyone can make a value.
//!
//! What the verifier says of a value comes from the verifier's own code. Beside that, more is read than
//! it reads: other spellings, BER, and parts of what is damaged.

use std::borrow::Cow;

use openssl::{cms::CmsContentInfo, x509::X509};

use super::{
    algorithm::{SignatureAlgorithm, read_digest},
    certificate::{self, Content},
    diagnosis, signature, signed_attributes,
    signed_data::Unverified,
    signer,
};
use crate::{
    asn1::{
        der::{Element, ObjectIdentifier, tag},
        time,
    },
    cms::{algorithm::Algorithm, oid},
    format::{ClientCertFormat, UnsignedFormat, octets, signed::SignedFormat},
    openssl_ext::leaving_no_errors,
    rejection::{Failure, Refusal},
    x509::certificate::Certificate,
};

pub use crate::{
    asn1::time::rfc3339,
    x509::{distinguished_name::rfc2253, path::unix_time},
};

/// What a value holds.
#[derive(Debug)]
pub struct Inspection {
    /// Why no configuration accepts it, each reason that was found. Empty where one may.
    pub failures: Vec<Failure>,
    /// The octets of the client's certificate, if any were found. They can be anything.
    pub content: Option<Vec<u8>>,
    /// What there is of a SignedData. None of a format that is not signed.
    pub signed: Option<SignedDataParts>,
}

/// What there is of a SignedData.
#[derive(Debug, Default)]
pub struct SignedDataParts {
    /// The certificates in it, each in DER, in the order in which they are there.
    pub certificates: Vec<Vec<u8>>,
    /// The signers that it names.
    pub signers: Vec<SignerParts>,
    /// Whether the signature fits the certificate that names itself the signer's. None where that
    /// certificate is not there, or where the value is not of the profile.
    pub signature: Option<bool>,
}

/// What there is of a SignerInfo.
#[derive(Debug, Default)]
pub struct SignerParts {
    /// The issuer of the signer's certificate, a Name in DER.
    pub issuer: Option<Vec<u8>>,
    /// The serial number of the signer's certificate, without leading zeros.
    pub serial: Option<Vec<u8>>,
    /// The subjectKeyIdentifier, where that is what it names the signer by.
    pub key_identifier: Option<Vec<u8>>,
    /// The place of the signer's certificate among those in the value.
    pub certificate: Option<usize>,
    /// The digest, by its usual name, or else its OBJECT IDENTIFIER.
    pub digest: Option<String>,
    /// The signature algorithm, as the digest.
    pub signature_algorithm: Option<String>,
    /// When it was signed, as the signer says, in Unix seconds.
    pub signing_time: Option<i64>,
    /// The kinds of the signed attributes.
    pub attributes: Vec<String>,
}

/// What a value in this format holds. None of a format that cannot be read.
#[must_use]
pub fn inspect(format: ClientCertFormat, value: &[u8]) -> Option<Inspection> {
    leaving_no_errors(|| match SignedFormat::new(format) {
        Some(format) => Some(inspect_signed(format, value)),
        None => UnsignedFormat::new(format).map(|format| inspect_unsigned(format, value)),
    })
}

/// What value a text has, by its looks: whatever is wrong with it.
#[must_use]
pub fn guess(value: &[u8]) -> Option<ClientCertFormat> {
    use ClientCertFormat::{Cms, CmsSf, Der, EscapedPem, Rfc9440, Xfcc};
    let has = |part: &[u8]| value.windows(part.len()).any(|window| window == part);
    if value.starts_with(b"-----BEGIN") {
        return Some(EscapedPem);
    }
    if has(b"Cert=") || has(b"Hash=") {
        return Some(Xfcc);
    }
    let is_sequence = value.starts_with(b":");
    let octets = octets::lenient(value)?;
    let sequence = outermost(&octets)?;
    let is_signed = sequence.first() == Some(&tag::OID);
    Some(match (is_sequence, is_signed) {
        (true, true) => CmsSf,
        (true, false) => Rfc9440,
        (false, true) => Cms,
        (false, false) => Der,
    })
}

/// What comes after the length of a SEQUENCE, be it cut off or BER.
fn outermost(octets: &[u8]) -> Option<&[u8]> {
    let (&first, rest) = octets.strip_prefix(&[tag::SEQUENCE])?.split_first()?;
    match first {
        0..=0x80 => Some(rest),
        _ => rest.get(usize::from(first & 0x7f)..),
    }
}

fn inspect_unsigned(format: UnsignedFormat, value: &[u8]) -> Inspection {
    let (content, mut failures) = match format.read(value) {
        Ok(octets) => (Some(octets), Vec::new()),
        Err(failure) => (octets::lenient(value), vec![failure]),
    };
    failures.extend(content.as_deref().and_then(|content| Content::read(content).err()));
    Inspection { failures, content, signed: None }
}

fn inspect_signed(format: SignedFormat, value: &[u8]) -> Inspection {
    let (der, mut failures) = match format.read(value) {
        Ok(der) => (der, Vec::new()),
        Err(failure) => match octets::lenient(value) {
            Some(der) => (der, vec![failure]),
            None => return Inspection { failures: vec![failure], content: None, signed: None },
        },
    };
    let mut parts = Parts::default();
    match Unverified::read(&der) {
        Ok(unverified) => {
            parts.read_content_info(&der);
            parts.signed.signature = check(&unverified, &mut failures);
        }
        Err(failure) => {
            failures.push(diagnosis::content_info(failure, &der));
            parts.read_content_info(&in_der(&der));
        }
    }
    if let Some(content) = &parts.content {
        failures.extend(Content::read(content).err());
    }
    if parts.content.is_none() && Certificate::read(&der).is_ok() {
        parts.content = Some(der);
    }
    Inspection { failures, content: parts.content, signed: Some(parts.signed) }
}

/// What OpenSSL reads of it, in DER; or else what it is.
fn in_der(octets: &[u8]) -> Cow<'_, [u8]> {
    let read = CmsContentInfo::from_der(octets).and_then(|read| read.to_der());
    read.map_or(Cow::Borrowed(octets), Cow::Owned)
}

/// Looks for all that does not depend on a configuration, as the verifier does for the first of it.
/// Returns whether the signature is right.
fn check(unverified: &Unverified<'_>, failures: &mut Vec<Failure>) -> Option<bool> {
    let set = unverified.named.certificates.map(|set| certificate::read_set(set, unverified.named));
    let certificates = match set.transpose() {
        Ok(certificates) => certificates.unwrap_or_default(),
        Err(failure) => {
            failures.push(failure);
            return None;
        }
    };
    failures.extend(signature::check_attributes(unverified).err());
    let signer = match signer::in_value(unverified.named, &certificates) {
        Ok(signer) => signer?,
        Err(failure) => {
            failures.push(failure);
            return None;
        }
    };
    let algorithm = Algorithm::of_key(signer.fields.key).ok()?;
    let certificate = X509::from_der(signer.der).ok()?;
    let others = certificates.iter().map(|other| other.der.to_vec()).collect::<Vec<_>>();
    let names = unverified.attributes.signing_certificates.iter().flatten();
    failures.extend(names.filter_map(|names| names.check(signer.der, &others).err()));
    match signature::check(unverified, &certificate, algorithm) {
        Ok(()) => Some(true),
        Err(failure) => {
            let wrong = failure.rejection() == Refusal::BadSignature.into();
            failures.push(failure);
            wrong.then_some(false)
        }
    }
}

#[derive(Default)]
struct Parts {
    content: Option<Vec<u8>>,
    signed: SignedDataParts,
}

impl Parts {
    /// Reads what it can of a ContentInfo, RFC 5652 section 3.
    fn read_content_info(&mut self, der: &[u8]) {
        // All that ends the reading is the end of what can be read.
        let _: Option<()> = self.read(der);
    }

    fn read(&mut self, der: &[u8]) -> Option<()> {
        let mut reader = Pieces(Pieces(der).read(tag::SEQUENCE)?.contents);
        if reader.read(tag::OID)?.contents != oid::SIGNED_DATA {
            return None;
        }
        let explicit = reader.read(tag::CONTEXT_0)?;
        let mut reader = Pieces(Pieces(explicit.contents).read(tag::SEQUENCE)?.contents);
        reader.read(tag::INTEGER)?;
        reader.read(tag::SET)?;
        self.content = read_encapsulated(reader.read(tag::SEQUENCE)?);
        if let Some(set) = reader.optional(tag::CONTEXT_0) {
            let mut certificates = Pieces(set.contents);
            while let Some(certificate) = certificates.any() {
                self.signed.certificates.push(certificate.raw.to_vec());
            }
        }
        reader.optional(tag::CONTEXT_1);
        let mut signers = Pieces(reader.read(tag::SET)?.contents);
        while let Some(signer) = signers.read(tag::SEQUENCE) {
            let mut parts = SignerParts::default();
            let _: Option<()> = parts.read(signer, &self.signed.certificates);
            self.signed.signers.push(parts);
        }
        Some(())
    }
}

/// Elements of DER, of which the last may be cut off: its contents are what there is.
struct Pieces<'a>(&'a [u8]);

impl<'a> Pieces<'a> {
    fn any(&mut self) -> Option<Element<'a>> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..0x80 => (usize::from(first), rest),
            _ => {
                let (octets, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                let length = octets.iter().try_fold(0_usize, |length, octet| {
                    length.checked_mul(0x100)?.checked_add(usize::from(*octet))
                })?;
                (length, rest)
            }
        };
        let (contents, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        let raw = self.0.get(..self.0.len().checked_sub(after.len())?)?;
        self.0 = after;
        Some(Element { tag, contents, raw })
    }

    fn read(&mut self, tag: u8) -> Option<Element<'a>> {
        self.any().filter(|element| element.tag == tag)
    }

    /// The next, if it has this tag.
    fn optional(&mut self, tag: u8) -> Option<Element<'a>> {
        if self.0.first() == Some(&tag) { self.any() } else { None }
    }
}

/// The content of an EncapsulatedContentInfo.
fn read_encapsulated(encapsulated: Element<'_>) -> Option<Vec<u8>> {
    let mut reader = Pieces(encapsulated.contents);
    reader.read(tag::OID)?;
    let explicit = reader.read(tag::CONTEXT_0)?;
    let content = Pieces(explicit.contents).read(tag::OCTET_STRING)?;
    Some(content.contents.to_vec())
}

impl SignerParts {
    /// Reads what it can of a SignerInfo, RFC 5652 section 5.3.
    fn read(&mut self, signer: Element<'_>, certificates: &[Vec<u8>]) -> Option<()> {
        let mut reader = Pieces(signer.contents);
        reader.read(tag::INTEGER)?;
        let identifier = reader.any()?;
        if identifier.tag == tag::SEQUENCE {
            let mut reader = Pieces(identifier.contents);
            let issuer = reader.read(tag::SEQUENCE)?.raw;
            let serial = reader.read(tag::INTEGER)?;
            self.certificate = certificates.iter().position(|certificate| {
                Certificate::read(certificate)
                    .is_ok_and(|fields| (fields.issuer, fields.serial) == (issuer, serial.raw))
            });
            let significant = serial.contents.iter().position(|octet| *octet != 0);
            let serial = significant.and_then(|begin| serial.contents.get(begin..));
            self.serial = Some(serial.unwrap_or_default().to_vec());
            self.issuer = Some(issuer.to_vec());
        } else {
            self.key_identifier = Some(identifier.contents.to_vec());
        }
        let digest = reader.read(tag::SEQUENCE)?;
        let known = read_digest(digest).ok().map(|digest| digest.usual_name().to_owned());
        self.digest = known.or_else(|| algorithm_identifier(digest));
        if let Some(attributes) = reader.optional(tag::CONTEXT_0) {
            self.read_attributes(attributes);
        }
        let algorithm = reader.read(tag::SEQUENCE)?;
        let known = SignatureAlgorithm::read(algorithm).ok().map(|algorithm| algorithm.to_string());
        self.signature_algorithm = known.or_else(|| algorithm_identifier(algorithm));
        Some(())
    }

    fn read_attributes(&mut self, attributes: Element<'_>) {
        let mut reader = Pieces(attributes.contents);
        while let Some(attribute) = reader.read(tag::SEQUENCE) {
            let mut fields = Pieces(attribute.contents);
            let Some(kind) = fields.read(tag::OID) else { continue };
            self.attributes.push(signed_attributes::kind(kind.contents).to_string());
            if kind.contents == oid::SIGNING_TIME {
                let value = fields.read(tag::SET).and_then(|set| Pieces(set.contents).any());
                self.signing_time = value.and_then(|value| time::read(value).ok());
            }
        }
    }
}

/// The OBJECT IDENTIFIER of an AlgorithmIdentifier.
fn algorithm_identifier(identifier: Element<'_>) -> Option<String> {
    let algorithm = Pieces(identifier.contents).read(tag::OID)?;
    Some(ObjectIdentifier(algorithm.contents).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        client::Client,
        sign::signer::{Signer, SignerCerts},
        testing::{KeyKind, Leaf, NOW},
    };

    /// A value, and its client's certificate.
    fn example() -> (String, Vec<u8>) {
        let signer = Leaf::new(KeyKind::P256).subject("signer").self_signed();
        let client = Leaf::new(KeyKind::P256).subject("client").self_signed();
        let client = Client::new(&client.certificate, &[]).unwrap();
        let signer = Signer::new(&signer.certificate, &signer.key, &[]).unwrap();
        let value = signer.sign_value(SignerCerts::Chain, &client, SignedFormat::Cms, NOW);
        (value.unwrap(), client.leaf().to_vec())
    }

    #[test]
    fn a_good_value() {
        let (value, leaf) = example();
        let found = inspect(ClientCertFormat::Cms, value.as_bytes()).unwrap();
        assert_eq!(found.failures, []);
        assert_eq!(found.content, Some(leaf));
        let signed = found.signed.unwrap();
        assert_eq!((signed.certificates.len(), signed.signature), (1, Some(true)));
        let [signer] = &signed.signers[..] else { panic!("{:?}", signed.signers) };
        assert_eq!((signer.certificate, signer.signing_time), (Some(0), Some(NOW)));
        assert_eq!(signer.digest.as_deref(), Some("SHA-256"));
        assert_eq!(signer.signature_algorithm.as_deref(), Some("ECDSA with SHA-256"));
        assert_eq!(signer.attributes.len(), 5);
    }

    #[test]
    fn what_is_wrong_and_what_is_there_nonetheless() {
        let (value, leaf) = example();
        let der = openssl::base64::decode_block(&value).unwrap();
        let mut forged = der.clone();
        *forged.last_mut().unwrap() ^= 1;
        let at = der.windows(leaf.len()).position(|window| window == leaf).unwrap();
        let mut changed = der.clone();
        changed[at + leaf.len() - 1] ^= 1;
        let encode = |der: &[u8]| SignedFormat::Cms.encode(der);
        for (name, value, reason, signature) in [
            ("cut off", value[..value.len() / 2].to_owned(), "value-der", None),
            ("white space", format!("{} {}", &value[..9], &value[9..]), "value-base64", Some(true)),
            ("no padding", value.trim_end_matches('=').to_owned() + "==", "", Some(true)),
            ("a forged signature", encode(&forged), "bad-signature", Some(false)),
            ("another client", encode(&changed), "digest-mismatch", Some(true)),
            ("trailing octets", encode(&[&der[..], b"x"].concat()), "value-trailing", None),
        ] {
            let found = inspect(ClientCertFormat::Cms, value.as_bytes()).unwrap();
            let reasons: Vec<_> =
                found.failures.iter().map(|failure| failure.rejection().name()).collect();
            if !reason.is_empty() {
                assert!(reasons.contains(&reason), "{name}: {reasons:?}");
            }
            assert_eq!(found.signed.unwrap().signature, signature, "{name}");
            assert_eq!(found.content.unwrap()[..20], leaf[..20], "{name}");
        }
    }

    #[test]
    fn formats_by_their_looks() {
        let (value, leaf) = example();
        let bare = openssl::base64::encode_block(&leaf);
        let client = Client::new(&X509::from_der(&leaf).unwrap(), &[]).unwrap();
        for (expected, value) in [
            (ClientCertFormat::Cms, value.clone()),
            (ClientCertFormat::Cms, value[..100].to_owned()),
            (ClientCertFormat::CmsSf, format!(":{value}:")),
            (ClientCertFormat::Rfc9440, format!(":{bare}:")),
            (ClientCertFormat::Der, bare),
            (ClientCertFormat::Xfcc, ClientCertFormat::Xfcc.encode(&client).unwrap().unwrap()),
            (
                ClientCertFormat::EscapedPem,
                ClientCertFormat::EscapedPem.encode(&client).unwrap().unwrap(),
            ),
        ] {
            assert_eq!(guess(value.as_bytes()), Some(expected), "{value}");
        }
        for other in ["", "hello", "::", "AAAA", "\u{e9}"] {
            assert_eq!(guess(other.as_bytes()), None, "{other}");
        }
    }
}
