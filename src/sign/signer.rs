// SPDX-License-Identifier: Apache-2.0

//! Signers.

use std::{cmp::Ordering, iter};

use openssl::{
    pkey::{PKeyRef, Private},
    x509::{X509, X509NameRef, X509Ref},
};

use super::{
    signed_attributes::SignedAttributes,
    signed_data::{SignedData, certificate_set},
};
use crate::{
    asn1::time::{Outside, SigningTime, Validity},
    client::Client,
    cms::{
        MAX_CERTIFICATES,
        algorithm::{Algorithm, Digest},
    },
    error::Error,
    format::{limit::within_limit, signed::SignedFormat},
    openssl_ext::leaving_errors_if,
    sign::{key_pair, signing_key::SigningKey},
    x509::{
        certificate::{self, Certificate},
        chain,
    },
};

pub use crate::cms::SignerCerts;

/// No certificate is longer in TLS (RFC 8446 section 4.4.2).
const MAX_CERTIFICATE: usize = (1 << 24) - 1;

/// A certificate, its intermediates and its key, ready to sign: all that depends on them alone is
/// encoded.
pub struct Signer {
    id: [u8; 32],
    fingerprint: [u8; 32],
    validity: Validity,
    /// The signer's own, and its intermediates.
    certificates: Vec<X509>,
    key: SigningKey,
    attributes: SignedAttributes,
    signed_data: SignedData,
    /// The field `certificates` with the chain.
    chain: Vec<u8>,
    /// The field `certificates` with the signer's alone.
    alone: Vec<u8>,
}

impl Signer {
    /// Makes a signer of a certificate, its private key (of which it takes a reference) and
    /// certificates among which its intermediates are looked for.
    ///
    /// # Errors
    ///
    /// [`Error::CertificateMalformed`], [`Error::SignerKeyMismatch`],
    /// [`Error::SignerKeyUnsupported`], [`Error::SignerKeyTooSmall`],
    /// [`Error::SignerChainTooLong`], [`Error::SignerAmbiguous`], [`Error::SigningFailed`]
    pub fn new(
        certificate: &X509Ref,
        key: &PKeyRef<Private>,
        candidates: &[&X509Ref],
    ) -> Result<Self, Error> {
        Self::make(certificate, key, candidates, false)
    }

    /// As [`Self::new`]. Where the key is proven to be the certificate's, nothing is computed to see
    /// it.
    pub(crate) fn make(
        certificate: &X509Ref,
        key: &PKeyRef<Private>,
        candidates: &[&X509Ref],
        is_proven: bool,
    ) -> Result<Self, Error> {
        let der = certificate::der(certificate)?;
        let read = Certificate::read(&der).map_err(|_| Error::CertificateMalformed)?;
        let public = certificate.public_key().map_err(|_| Error::SignerKeyUnsupported)?;
        let algorithm = Algorithm::of_key(read.key)?;
        if !public.public_eq(key) {
            return Err(Error::SignerKeyMismatch);
        }

        let intermediates = chain::intermediates(certificate, candidates);
        let chain = intermediates
            .iter()
            .map(|intermediate| certificate::der(intermediate))
            .collect::<Result<Vec<_>, _>>()?;
        if chain.len() >= MAX_CERTIFICATES {
            return Err(Error::SignerChainTooLong);
        }
        // The reader of a value that holds both cannot tell which of them signed.
        let is_namesake = |other: &Vec<u8>| {
            Certificate::read(other)
                .is_ok_and(|other| (other.issuer, other.serial) == (read.issuer, read.serial))
        };
        if chain.iter().any(is_namesake) {
            return Err(Error::SignerAmbiguous);
        }

        let id = certificate::id(&der);
        let signer = Self {
            id,
            fingerprint: certificate::id(&[&der[..], &chain.concat()].concat()),
            validity: read.validity,
            certificates: iter::once(certificate)
                .chain(intermediates)
                .map(X509Ref::to_owned)
                .collect(),
            key: SigningKey::new(key, algorithm).map_err(|_| Error::SigningFailed)?,
            attributes: SignedAttributes::new(algorithm, &id),
            signed_data: SignedData::new(algorithm, &read),
            alone: certificate_set(vec![der.clone()]),
            chain: certificate_set([vec![der.clone()], chain].concat()),
        };
        if !is_proven {
            key_pair::check(&signer.key, &public)?;
        }
        Ok(signer)
    }

    /// The identity: the SHA-256 of the certificate's DER.
    #[must_use]
    pub fn id(&self) -> &[u8; 32] {
        &self.id
    }

    /// The certificate, and its intermediates as they follow from it.
    #[must_use]
    pub fn certificate_chain(&self) -> &[X509] {
        &self.certificates
    }

    /// The private key.
    #[must_use]
    pub fn key(&self) -> &PKeyRef<Private> {
        self.key.key()
    }

    /// Whether one of the names of CAs is that of who issued the certificate or an intermediate: so
    /// does mod_ssl find a certificate for a server that names CAs. Without names any is one.
    #[must_use]
    pub fn is_issued_by(&self, cas: &[&X509NameRef]) -> bool {
        let is_named = |certificate: &X509| {
            let issuer = certificate.issuer_name();
            cas.iter().any(|ca| issuer.try_cmp(ca).is_ok_and(Ordering::is_eq))
        };
        cas.is_empty() || self.certificates.iter().any(is_named)
    }

    /// Names all that what is signed depends on: certificate, hence key, and chain.
    pub(crate) fn fingerprint(&self) -> &[u8; 32] {
        &self.fingerprint
    }

    /// Whether the certificate is within its validity at `now`, in Unix seconds.
    ///
    /// # Errors
    ///
    /// [`Error::SignerExpired`], [`Error::SignerNotYetValid`]
    pub fn check_validity(&self, now: i64) -> Result<(), Error> {
        self.validity.check(now).map_err(|outside| match outside {
            Outside::Before => Error::SignerNotYetValid,
            Outside::After => Error::SignerExpired,
        })
    }

    /// The longest value of a header for a client certificate of this length, in bytes. `None`
    /// when no certificate has that length.
    #[must_use]
    pub fn value_length(
        &self,
        certs: SignerCerts,
        format: SignedFormat,
        content_length: usize,
    ) -> Option<usize> {
        let length = self.signed_data.length(
            Some(content_length).filter(|length| *length <= MAX_CERTIFICATE)?,
            self.certificates(certs).len(),
            self.attributes.longest(),
            self.key.longest_signature(),
        );
        Some(format.length(length))
    }

    /// Signs the client's certificate at `now`, in Unix seconds. Returns the DER of a ContentInfo.
    ///
    /// # Errors
    ///
    /// [`Error::SignerExpired`], [`Error::SignerNotYetValid`], [`Error::CertificateExpired`],
    /// [`Error::CertificateNotYetValid`], and [`Error::SigningFailed`], with which OpenSSL's reasons
    /// are in its queue of errors; it is left as it was otherwise.
    pub fn sign(&self, certs: SignerCerts, client: &Client, now: i64) -> Result<Vec<u8>, Error> {
        let failed = |signed: &Result<_, Error>| *signed == Err(Error::SigningFailed);
        leaving_errors_if(failed, || self.sign_leaving_errors(certs, client, now))
    }

    /// As [`Self::sign`], written in `format`.
    ///
    /// # Errors
    ///
    /// As [`Self::sign`], and [`Error::EncodedTooLong`].
    pub fn sign_value(
        &self,
        certs: SignerCerts,
        client: &Client,
        format: SignedFormat,
        now: i64,
    ) -> Result<String, Error> {
        within_limit(format.encode(&self.sign(certs, client, now)?))
    }

    fn sign_leaving_errors(
        &self,
        certs: SignerCerts,
        client: &Client,
        now: i64,
    ) -> Result<Vec<u8>, Error> {
        self.check_validity(now)?;
        client.check_validity(now)?;
        let time = SigningTime::new(now).ok_or(Error::SigningFailed)?;
        let signed = self.key.with_context(|context| {
            let attributes = match self.key.digest() {
                // Which the client's identity is.
                Digest::Sha256 => self.attributes.encode(time, client.id()),
                Digest::Sha384 | Digest::Sha512 => {
                    let digest = self.key.digest_of(context, client.leaf())?;
                    self.attributes.encode(time, digest.octets())
                }
            };
            let Some(attributes) = attributes else { return Ok(None) };
            let signature = self.key.sign(context, &attributes)?;
            let certificates = self.certificates(certs);
            Ok(Some(self.signed_data.encode(client.leaf(), certificates, &attributes, signature)))
        });
        let signed = signed.map_err(|reasons| {
            reasons.put();
            Error::SigningFailed
        });
        signed?.ok_or(Error::SigningFailed)
    }

    #[cfg(test)]
    pub(crate) fn certificate_count(&self) -> usize {
        let set = crate::asn1::der::Reader::new(&self.chain).any().unwrap();
        let mut reader = crate::asn1::der::Reader::new(set.contents);
        std::iter::from_fn(|| reader.any().ok()).count()
    }

    /// The field `certificates`, encoded.
    fn certificates(&self, certs: SignerCerts) -> &[u8] {
        match certs {
            SignerCerts::Chain => &self.chain,
            SignerCerts::Signer => &self.alone,
            SignerCerts::None => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use cms::{
        cert::CertificateChoices, content_info::ContentInfo,
        signed_data::SignedData as TheirSignedData,
    };
    use der::{Decode, Encode};
    use openssl::{
        bn::{BigNum, BigNumContext, BigNumRef},
        cms::CmsContentInfo,
        ec::EcKey,
        hash::{MessageDigest, hash},
        pkey::PKey,
        rsa::{Rsa, RsaPrivateKeyBuilder},
        sign::Verifier,
        x509::{X509, verify::X509VerifyFlags},
    };

    use super::*;
    use crate::testing::{CADES, KeyKind, Leaf, NOW, Pki, verified_by_openssl};

    fn client() -> Client {
        Client::new(&Leaf::new(KeyKind::Rsa(2048)).self_signed().certificate, &[]).unwrap()
    }

    fn signer(pki: &Pki) -> Signer {
        let others = [&*pki.root.certificate, &*pki.upper.certificate, &*pki.lower.certificate];
        Signer::new(&pki.leaf.certificate, &pki.leaf.key, &others).unwrap()
    }

    /// What OpenSSL's CMS says of a value, with a look at its signingCertificateV2. `signer` is its
    /// certificate where the value has none.
    fn content_by_openssl(
        cms: &[u8],
        trusted: &[&X509],
        signer: Option<&X509>,
        now: i64,
    ) -> Result<Vec<u8>, openssl::error::ErrorStack> {
        let signer: Vec<_> = signer.into_iter().collect();
        verified_by_openssl(cms, trusted, X509VerifyFlags::empty(), &signer, CADES, now)
    }

    /// What an independent parser finds.
    fn parsed(cms: &[u8]) -> TheirSignedData {
        let info = ContentInfo::from_der(cms).unwrap();
        assert_eq!(info.content_type.to_string(), "1.2.840.113549.1.7.2");
        info.content.decode_as().unwrap()
    }

    #[test]
    fn certificate_that_a_server_asks_for() {
        let root = Leaf::ca("root").self_signed();
        let ca = Leaf::ca("CA").issued_by(&root);
        let other = Leaf::ca("other").self_signed();
        let identity = Leaf::new(KeyKind::P256).issued_by(&ca);
        let chain = [&*ca.certificate];
        let signer = Signer::new(&identity.certificate, &identity.key, &chain).unwrap();
        let [root, ca, other] =
            [&root, &ca, &other].map(|issuer| issuer.certificate.subject_name());
        assert!(signer.is_issued_by(&[]));
        assert!(signer.is_issued_by(&[ca]));
        assert!(signer.is_issued_by(&[other, root]));
        assert!(!signer.is_issued_by(&[other]));
        let alone = Signer::new(&identity.certificate, &identity.key, &[]).unwrap();
        assert!(alone.is_issued_by(&[ca]) && !alone.is_issued_by(&[root]));
    }

    #[test]
    fn every_key_makes_what_openssl_verifies() {
        let client = client();
        for &kind in KeyKind::SUPPORTED {
            let pki = Pki::new(kind);
            let signer = signer(&pki);
            let chain = [&pki.root.certificate, &pki.upper.certificate, &pki.lower.certificate];
            for (certs, trusted, own) in [
                (SignerCerts::Chain, &chain[..1], None),
                (SignerCerts::Signer, &chain[..], None),
                (SignerCerts::None, &chain[..], Some(&pki.leaf.certificate)),
            ] {
                let cms = signer.sign(certs, &client, NOW).unwrap();
                let again = CmsContentInfo::from_der(&cms).unwrap().to_der().unwrap();
                assert_eq!(cms, again, "{kind:?} {certs:?}: re-encoded by OpenSSL");
                // OpenSSL 3.0's CMS does not know Ed25519.
                if kind != KeyKind::Ed25519 {
                    let content = content_by_openssl(&cms, trusted, own, NOW);
                    assert_eq!(content.unwrap(), client.leaf(), "{kind:?} {certs:?}");
                }
            }
        }
    }

    #[test]
    fn every_key_makes_what_another_parser_reads() {
        let client = client();
        for &kind in KeyKind::SUPPORTED {
            let pki = Pki::new(kind);
            let signer = signer(&pki);
            let (digest, digest_oid, signature_oid) = match kind {
                KeyKind::P256 => {
                    (MessageDigest::sha256(), "2.16.840.1.101.3.4.2.1", "1.2.840.10045.4.3.2")
                }
                KeyKind::P384 => {
                    (MessageDigest::sha384(), "2.16.840.1.101.3.4.2.2", "1.2.840.10045.4.3.3")
                }
                KeyKind::P521 => {
                    (MessageDigest::sha512(), "2.16.840.1.101.3.4.2.3", "1.2.840.10045.4.3.4")
                }
                KeyKind::Ed25519 => {
                    (MessageDigest::sha512(), "2.16.840.1.101.3.4.2.3", "1.3.101.112")
                }
                _ => (MessageDigest::sha256(), "2.16.840.1.101.3.4.2.1", "1.2.840.113549.1.1.1"),
            };
            let cms = signer.sign(SignerCerts::Chain, &client, NOW).unwrap();
            assert_eq!(ContentInfo::from_der(&cms).unwrap().to_der().unwrap(), cms, "{kind:?}");
            let data = parsed(&cms);
            assert_eq!(data.version, cms::content_info::CmsVersion::V1);
            assert!(data.crls.is_none());
            assert_eq!(data.encap_content_info.econtent_type.to_string(), "1.2.840.113549.1.7.1");
            let content = data.encap_content_info.econtent.unwrap();
            assert_eq!(content.value(), client.leaf());
            let [algorithm] = data.digest_algorithms.as_slice() else { panic!() };
            assert_eq!(algorithm.oid.to_string(), digest_oid);
            assert!(algorithm.parameters.is_none());

            let [info] = data.signer_infos.0.as_slice() else { panic!() };
            assert_eq!(info.digest_alg, *algorithm);
            assert_eq!(info.signature_algorithm.oid.to_string(), signature_oid);
            let has_null = info.signature_algorithm.parameters.is_some();
            assert_eq!(has_null, matches!(kind, KeyKind::Rsa(_)), "{kind:?}");
            assert!(info.unsigned_attrs.is_none());
            let certificate = pki.leaf.certificate.to_der().unwrap();
            let certificate = Certificate::read(&certificate).unwrap();
            assert_eq!(
                info.sid.to_der().unwrap(),
                der_sequence(&[certificate.issuer, certificate.serial].concat())
            );

            let attributes = info.signed_attrs.as_ref().unwrap();
            let value = |oid: &str| {
                let mut found =
                    attributes.iter().filter(|attribute| attribute.oid.to_string() == oid);
                let attribute = found.next().unwrap();
                assert!(found.next().is_none());
                let [value] = attribute.values.as_slice() else { panic!() };
                value.to_der().unwrap()
            };
            assert_eq!(attributes.len(), 5);
            assert!(value("1.2.840.113549.1.9.4").ends_with(&hash(digest, client.leaf()).unwrap()));
            assert_eq!(value("1.2.840.113549.1.9.5"), b"\x17\x0d270115080000Z");
            assert!(value("1.2.840.113549.1.9.16.2.47").ends_with(signer.id()));
            assert_eq!(
                value("1.2.840.113549.1.9.52"),
                der_sequence(
                    &[
                        info.digest_alg.to_der().unwrap(),
                        [&[0xa1], &info.signature_algorithm.to_der().unwrap()[1..]].concat()
                    ]
                    .concat()
                )
            );

            // By the signer's public key over the attributes as a SET OF, RFC 5652 section 5.4.
            let public = pki.leaf.certificate.public_key().unwrap();
            let mut verifier = match kind {
                KeyKind::Ed25519 => Verifier::new_without_digest(&public).unwrap(),
                _ => Verifier::new(digest, &public).unwrap(),
            };
            let signed = attributes.to_der().unwrap();
            assert!(
                verifier.verify_oneshot(info.signature.as_bytes(), &signed).unwrap(),
                "{kind:?}"
            );

            let certificates = data.certificates.unwrap();
            let mut ders: Vec<_> = certificates
                .0
                .iter()
                .map(|choice| match choice {
                    CertificateChoices::Certificate(certificate) => certificate.to_der().unwrap(),
                    CertificateChoices::Other(_) => panic!(),
                })
                .collect();
            let mut expected = [&pki.leaf, &pki.lower, &pki.upper]
                .map(|identity| identity.certificate.to_der().unwrap());
            expected.sort();
            ders.sort();
            assert_eq!(ders, expected);
        }
    }

    fn der_sequence(contents: &[u8]) -> Vec<u8> {
        crate::asn1::der::element(crate::asn1::der::tag::SEQUENCE, &[contents])
    }

    #[test]
    fn from_2050_on_the_time_is_generalized() {
        let far = 2_524_608_000;
        let root = Leaf::ca("root").valid(NOW, far + 10).self_signed();
        for kind in [KeyKind::P256, KeyKind::Rsa(2048), KeyKind::P521] {
            let leaf = Leaf::new(kind).valid(NOW, far + 10).issued_by(&root);
            let signer = Signer::new(&leaf.certificate, &leaf.key, &[]).unwrap();
            let client = Leaf::new(KeyKind::P256).valid(NOW, far + 10).self_signed();
            let client = Client::new(&client.certificate, &[]).unwrap();
            for (now, time) in
                [(far - 1, &b"\x17\x0d491231235959Z"[..]), (far, b"\x18\x0f20500101000000Z")]
            {
                let cms = signer.sign(SignerCerts::Chain, &client, now).unwrap();
                assert_eq!(CmsContentInfo::from_der(&cms).unwrap().to_der().unwrap(), cms);
                assert!(cms.windows(time.len()).any(|window| window == time), "{now}");
                let content = content_by_openssl(&cms, &[&root.certificate], None, now).unwrap();
                assert_eq!(content, client.leaf());
            }
        }
    }

    #[test]
    fn without_certificates_the_field_is_absent() {
        let pki = Pki::new(KeyKind::P256);
        let cms = signer(&pki).sign(SignerCerts::None, &client(), NOW).unwrap();
        assert!(parsed(&cms).certificates.is_none());
        let cms = signer(&pki).sign(SignerCerts::Signer, &client(), NOW).unwrap();
        assert_eq!(parsed(&cms).certificates.unwrap().0.len(), 1);
    }

    #[test]
    fn value_length_is_an_upper_bound() {
        let client = client();
        for &kind in KeyKind::SUPPORTED {
            let signer = signer(&Pki::new(kind));
            for certs in [SignerCerts::Chain, SignerCerts::Signer, SignerCerts::None] {
                for format in [SignedFormat::Cms, SignedFormat::CmsSf] {
                    let cms = signer.sign(certs, &client, NOW).unwrap();
                    let length = format.encode(&cms).len();
                    let bound = signer.value_length(certs, format, client.leaf().len()).unwrap();
                    assert!(length <= bound && bound <= length + 24, "{kind:?} {length} {bound}");
                }
            }
        }
        let signer = signer(&Pki::new(KeyKind::P256));
        for length in [MAX_CERTIFICATE + 1, usize::MAX] {
            assert_eq!(signer.value_length(SignerCerts::Chain, SignedFormat::Cms, length), None);
        }
    }

    /// With a public exponent of 97 bits. OpenSSL verifies with 64 at most where the modulus has more
    /// than 3072.
    fn rsa_with_large_exponent() -> PKey<Private> {
        let rsa = Rsa::generate(4096).unwrap();
        let (p, q) = (rsa.p().unwrap(), rsa.q().unwrap());
        let one = BigNum::from_u32(1).unwrap();
        let (less_p, less_q) = (p - &one, q - &one);
        let mut context = BigNumContext::new().unwrap();
        let mut exponent = BigNum::from_hex_str("1000000000000000000000001").unwrap();
        let [mut d, mut d_p, mut d_q, mut inverse] = [(); 4].map(|()| BigNum::new().unwrap());
        while d.mod_inverse(&exponent, &(&less_p * &less_q), &mut context).is_err() {
            exponent.add_word(2).unwrap();
        }
        d_p.nnmod(&d, &less_p, &mut context).unwrap();
        d_q.nnmod(&d, &less_q, &mut context).unwrap();
        inverse.mod_inverse(q, p, &mut context).unwrap();
        let own = |number: &BigNumRef| number.to_owned().unwrap();
        let key = RsaPrivateKeyBuilder::new(own(rsa.n()), exponent, d).unwrap();
        let key = key.set_factors(own(p), own(q)).unwrap();
        PKey::from_rsa(key.set_crt_params(d_p, d_q, inverse).unwrap().build()).unwrap()
    }

    #[test]
    fn refused() {
        use Error::*;
        let good = Leaf::new(KeyKind::P256).self_signed();
        let other = Leaf::new(KeyKind::P256).self_signed();
        let rsa = Leaf::new(KeyKind::Rsa(2048)).self_signed();
        let public =
            openssl::pkey::PKey::public_key_from_der(&good.key.public_key_to_der().unwrap());
        let public = public.unwrap();
        // SAFETY: a reference more on a valid key. That it has no private half is the test.
        let public = unsafe {
            use foreign_types::{ForeignType, ForeignTypeRef};
            openssl_sys::EVP_PKEY_up_ref(public.as_ptr());
            openssl::pkey::PKey::<Private>::from_ptr(PKeyRef::as_ptr(&public))
        };
        let (right, wrong) = (good.key.ec_key().unwrap(), other.key.ec_key().unwrap());
        let mixed =
            EcKey::from_private_components(right.group(), wrong.private_key(), right.public_key());
        let mixed = PKey::from_ec_key(mixed.unwrap()).unwrap();
        let large = Leaf::with_key(rsa_with_large_exponent()).issued_by(&other);
        for (name, certificate, key, expected) in [
            ("another key", &good.certificate, &other.key, SignerKeyMismatch),
            ("a key of another type", &good.certificate, &rsa.key, SignerKeyMismatch),
            ("no private half", &good.certificate, &public, SigningFailed),
            ("another private half", &good.certificate, &mixed, SignerKeyMismatch),
            ("an exponent too large to verify with", &large.certificate, &large.key, {
                SignerKeyUnsupported
            }),
        ] {
            assert_eq!(Signer::new(certificate, key, &[]).err(), Some(expected), "{name}");
        }
        for (name, key, expected) in [
            ("its own", &good.key, None),
            ("another key", &other.key, Some(SignerKeyMismatch)),
            ("of which no half is tried", &mixed, None),
        ] {
            let made = Signer::make(&good.certificate, key, &[], true);
            assert_eq!(made.err(), expected, "proven: {name}");
        }
        for (kind, expected) in [
            (KeyKind::Rsa(1024), SignerKeyTooSmall),
            (KeyKind::Rsa(2040), SignerKeyTooSmall),
            (KeyKind::RsaPss, SignerKeyUnsupported),
            (KeyKind::P256Explicit, SignerKeyUnsupported),
            (KeyKind::Secp256k1, SignerKeyUnsupported),
            (KeyKind::Ed448, SignerKeyUnsupported),
            (KeyKind::Dsa, SignerKeyUnsupported),
        ] {
            let weak = Leaf::new(kind).self_signed();
            let result = Signer::new(&weak.certificate, &weak.key, &[]);
            assert_eq!(result.err(), Some(expected), "{kind:?}");
        }
    }

    #[test]
    fn certificates_and_key() {
        let pki = Pki::new(KeyKind::P256);
        let signer = signer(&pki);
        let expected = [&pki.leaf, &pki.lower, &pki.upper];
        assert!(signer.certificate_chain() == expected.map(|one| one.certificate.clone()));
        assert!(signer.key().public_eq(&pki.leaf.key));
    }

    #[test]
    fn chain_of_eight_is_the_longest() {
        let mut chain = vec![Leaf::ca("0").self_signed()];
        for number in 1..=8 {
            chain.push(Leaf::ca(&number.to_string()).issued_by(chain.last().unwrap()));
        }
        let candidates: Vec<_> = chain.iter().map(|identity| &*identity.certificate).collect();
        let [.., eighth, ninth] = &chain[..] else { panic!() };
        let longest = Signer::new(&eighth.certificate, &eighth.key, &candidates).unwrap();
        // 1 to 7; the root, 0, is left out.
        assert_eq!(longest.certificate_count(), 7);
        let leaf = Leaf::new(KeyKind::P256).issued_by(eighth);
        let most = Signer::new(&leaf.certificate, &leaf.key, &candidates).unwrap();
        assert_eq!(most.certificate_count(), 8);
        let leaf = Leaf::new(KeyKind::P256).issued_by(ninth);
        let result = Signer::new(&leaf.certificate, &leaf.key, &candidates);
        assert_eq!(result.err(), Some(Error::SignerChainTooLong));
    }

    #[test]
    fn no_intermediate_has_the_issuer_and_serial_number() {
        // A CA with a new key that counts from 1 again.
        let old = Leaf::ca("CA").self_signed();
        let new = Leaf::ca("CA").serial(1).issued_by(&old);
        let candidates = [&*new.certificate, &*old.certificate];
        let leaf = |number| Leaf::new(KeyKind::P256).serial(number).issued_by(&new);
        let (first, second) = (leaf(1), leaf(2));
        let result = Signer::new(&first.certificate, &first.key, &candidates);
        assert_eq!(result.err(), Some(Error::SignerAmbiguous));
        let signer = Signer::new(&second.certificate, &second.key, &candidates).unwrap();
        assert_eq!(signer.certificate_count(), 2);
        // Itself is no other.
        let candidates = [&*second.certificate, &*new.certificate];
        assert!(Signer::new(&second.certificate, &second.key, &candidates).is_ok());
    }

    #[test]
    fn nothing_is_signed_outside_the_validities() {
        let leaf = Leaf::new(KeyKind::P256).valid(NOW, NOW + 10).self_signed();
        let signer = Signer::new(&leaf.certificate, &leaf.key, &[]).unwrap();
        let short = Leaf::new(KeyKind::P256).valid(NOW + 2, NOW + 8).self_signed();
        let short = Client::new(&short.certificate, &[]).unwrap();
        for (now, expected) in [
            (NOW - 1, Some(Error::SignerNotYetValid)),
            (NOW, Some(Error::CertificateNotYetValid)),
            (NOW + 2, None),
            (NOW + 7, None),
            (NOW + 8, Some(Error::CertificateExpired)),
            (NOW + 10, Some(Error::SignerExpired)),
            (i64::MAX, Some(Error::SignerExpired)),
        ] {
            assert_eq!(signer.sign(SignerCerts::Chain, &short, now).err(), expected, "{now}");
        }
    }

    #[test]
    fn threads_share_a_signer() {
        for kind in [KeyKind::P384, KeyKind::Ed25519] {
            let pki = Pki::new(kind);
            let signer = signer(&pki);
            thread::scope(|scope| {
                for _ in 0..8 {
                    scope.spawn(|| {
                        let client = client();
                        for _ in 0..20 {
                            let cms = signer.sign(SignerCerts::Chain, &client, NOW).unwrap();
                            let data = parsed(&cms);
                            let info = &data.signer_infos.0.as_slice()[0];
                            let signed = info.signed_attrs.as_ref().unwrap().to_der().unwrap();
                            let public = pki.leaf.certificate.public_key().unwrap();
                            let mut verifier = match kind {
                                KeyKind::Ed25519 => Verifier::new_without_digest(&public),
                                _ => Verifier::new(MessageDigest::sha384(), &public),
                            }
                            .unwrap();
                            assert!(
                                verifier
                                    .verify_oneshot(info.signature.as_bytes(), &signed)
                                    .unwrap()
                            );
                        }
                    });
                }
            });
        }
    }
}
