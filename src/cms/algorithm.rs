// SPDX-License-Identifier: Apache-2.0

//! Which algorithms a signer's key means.

use std::ops::RangeInclusive;

use crate::{
    asn1::der::{Malformed, Reader, element, tag},
    error::Error,
    x509::certificate::SubjectPublicKey,
};

/// Contents of OBJECT IDENTIFIERs.
pub(crate) mod oid {
    pub(crate) const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
    pub(crate) const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
    pub(crate) const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
    pub(crate) const P384: &[u8] = &[0x2b, 0x81, 4, 0, 34];
    pub(crate) const P521: &[u8] = &[0x2b, 0x81, 4, 0, 35];
    pub(crate) const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
    pub(super) const ECDSA_WITH_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
    pub(super) const ECDSA_WITH_SHA384: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3];
    pub(super) const ECDSA_WITH_SHA512: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4];
    pub(super) const SHA256: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
    pub(super) const SHA384: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2];
    pub(super) const SHA512: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3];
}

/// How long the modulus of an RSA key is, in bits.
const RSA_BITS: RangeInclusive<usize> = 2048..=8192;

/// The most octets of its exponent. Longer ones are used only by those who want a verification to
/// take long.
const RSA_EXPONENT_OCTETS: usize = 4;

/// A signature algorithm of the profile, its digest included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256, RFC 3370 section 3.2.
    RsaSha256,
    /// RFC 5754 section 3.3, on P-256.
    EcdsaSha256,
    /// RFC 5754 section 3.3, on P-384.
    EcdsaSha384,
    /// RFC 5754 section 3.3, on P-521.
    EcdsaSha512,
    /// RFC 8419, which has SHA-512 for the content.
    Ed25519,
}

/// The digest of the content, and of the attributes where these are not signed themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Digest {
    Sha256,
    Sha384,
    Sha512,
}

impl Algorithm {
    /// The algorithm for a key, as its certificate has it. Nothing of the key is decoded: what is
    /// refused here costs OpenSSL nothing.
    pub(crate) fn of_key(key: SubjectPublicKey<'_>) -> Result<Self, Error> {
        let SubjectPublicKey { algorithm, bits } = key;
        // A curve that is spelled out has a SEQUENCE here.
        let curve = algorithm.parameters.filter(|parameters| parameters.tag == tag::OID);
        match (algorithm.algorithm, curve.map(|curve| curve.contents)) {
            (oid::RSA_ENCRYPTION, None) => check_rsa(bits).map(|()| Self::RsaSha256),
            (oid::EC_PUBLIC_KEY, Some(oid::P256)) => Ok(Self::EcdsaSha256),
            (oid::EC_PUBLIC_KEY, Some(oid::P384)) => Ok(Self::EcdsaSha384),
            (oid::EC_PUBLIC_KEY, Some(oid::P521)) => Ok(Self::EcdsaSha512),
            (oid::ED25519, None) => Ok(Self::Ed25519),
            _ => Err(Error::SignerKeyUnsupported),
        }
    }

    pub(crate) fn digest(self) -> Digest {
        match self {
            Self::RsaSha256 | Self::EcdsaSha256 => Digest::Sha256,
            Self::EcdsaSha384 => Digest::Sha384,
            Self::EcdsaSha512 | Self::Ed25519 => Digest::Sha512,
        }
    }

    /// The contents of the AlgorithmIdentifier of a signature.
    pub(crate) fn identifier(self) -> Vec<u8> {
        let identifier = |oid| element(tag::OID, &[oid]);
        match self {
            Self::RsaSha256 => [identifier(oid::RSA_ENCRYPTION), element(tag::NULL, &[])].concat(),
            Self::EcdsaSha256 => identifier(oid::ECDSA_WITH_SHA256),
            Self::EcdsaSha384 => identifier(oid::ECDSA_WITH_SHA384),
            Self::EcdsaSha512 => identifier(oid::ECDSA_WITH_SHA512),
            Self::Ed25519 => identifier(oid::ED25519),
        }
    }
}

/// Checks an RSAPublicKey, RFC 8017 appendix A.1.1, in a BIT STRING's contents: the length of the
/// modulus, and an odd exponent of at most 32 bits.
fn check_rsa(bits: &[u8]) -> Result<(), Error> {
    let read = || -> Result<_, Malformed> {
        let key = bits.strip_prefix(&[0]).ok_or(Malformed)?;
        let mut reader = Reader::new(Reader::only(key, tag::SEQUENCE)?.contents);
        let modulus = magnitude(reader.read(tag::INTEGER)?.contents)?;
        let exponent = magnitude(reader.read(tag::INTEGER)?.contents)?;
        reader.end()?;
        Ok((modulus, exponent))
    };
    let (modulus, exponent) = read().map_err(|Malformed| Error::SignerKeyUnsupported)?;
    let first_bits = modulus.first().map_or(0, |first| first.leading_zeros());
    let length = modulus.len().saturating_mul(8).saturating_sub(first_bits as usize);
    if length < *RSA_BITS.start() {
        return Err(Error::SignerKeyTooSmall);
    }
    let is_odd = exponent.last().is_some_and(|last| last % 2 == 1);
    let is_one = exponent == [1];
    if !RSA_BITS.contains(&length) || exponent.len() > RSA_EXPONENT_OCTETS || !is_odd || is_one {
        return Err(Error::SignerKeyUnsupported);
    }
    Ok(())
}

/// The octets of a positive INTEGER's contents, without the zero before them.
pub(crate) fn magnitude(contents: &[u8]) -> Result<&[u8], Malformed> {
    match contents {
        [0, rest @ ..] if matches!(rest, [0x80..=0xff, ..]) => Ok(rest),
        [1..=0x7f, ..] => Ok(contents),
        _ => Err(Malformed),
    }
}

impl Digest {
    /// The name by which OpenSSL fetches it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA2-256",
            Self::Sha384 => "SHA2-384",
            Self::Sha512 => "SHA2-512",
        }
    }

    /// Its usual name.
    pub(crate) fn usual_name(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        }
    }

    /// Its length in bytes.
    pub(crate) fn length(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// The contents of its AlgorithmIdentifier: parameters absent, RFC 5754 section 2.
    pub(crate) fn identifier(self) -> Vec<u8> {
        let oid = match self {
            Self::Sha256 => oid::SHA256,
            Self::Sha384 => oid::SHA384,
            Self::Sha512 => oid::SHA512,
        };
        element(tag::OID, &[oid])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        testing::{KeyKind, Leaf},
        x509::certificate::Certificate,
    };

    #[test]
    fn algorithm_of_each_key() {
        use Algorithm::*;
        use Error::{SignerKeyTooSmall, SignerKeyUnsupported};
        for (kind, expected) in [
            (KeyKind::Rsa(1024), Err(SignerKeyTooSmall)),
            (KeyKind::Rsa(2040), Err(SignerKeyTooSmall)),
            (KeyKind::Rsa(2048), Ok(RsaSha256)),
            (KeyKind::Rsa(3072), Ok(RsaSha256)),
            (KeyKind::RsaPss, Err(SignerKeyUnsupported)),
            (KeyKind::P256, Ok(EcdsaSha256)),
            (KeyKind::P256Explicit, Err(SignerKeyUnsupported)),
            (KeyKind::P384, Ok(EcdsaSha384)),
            (KeyKind::P521, Ok(EcdsaSha512)),
            (KeyKind::Secp256k1, Err(SignerKeyUnsupported)),
            (KeyKind::Ed25519, Ok(Ed25519)),
            (KeyKind::Ed448, Err(SignerKeyUnsupported)),
            (KeyKind::Dsa, Err(SignerKeyUnsupported)),
        ] {
            let certificate = Leaf::new(kind).self_signed().certificate;
            let der = certificate.to_der().unwrap();
            let key = Certificate::read(&der).unwrap().key;
            assert_eq!(Algorithm::of_key(key), expected, "{kind:?}");
        }
    }

    #[test]
    fn rsa_keys() {
        use Error::{SignerKeyTooSmall, SignerKeyUnsupported};
        let modulus = |octets: usize, first: u8| {
            let mut modulus = vec![0xff; octets];
            modulus[0] = first;
            if first >= 0x80 { [&[0], &modulus[..]].concat() } else { modulus }
        };
        let key = |modulus: &[u8], exponent: &[u8]| {
            let integer = |contents| element(tag::INTEGER, &[contents]);
            [&[0], &element(tag::SEQUENCE, &[&integer(modulus), &integer(exponent)])[..]].concat()
        };
        for (name, modulus, exponent, expected) in [
            ("2047 bits", modulus(256, 0x7f), &[1, 0, 1][..], Err(SignerKeyTooSmall)),
            ("2048 bits", modulus(256, 0x80), &[1, 0, 1], Ok(())),
            ("8192 bits", modulus(1024, 0x80), &[1, 0, 1], Ok(())),
            ("8193 bits", modulus(1025, 1), &[1, 0, 1], Err(SignerKeyUnsupported)),
            ("exponent 1", modulus(256, 0x80), &[1], Err(SignerKeyUnsupported)),
            ("exponent 3", modulus(256, 0x80), &[3], Ok(())),
            ("an even one", modulus(256, 0x80), &[1, 0, 0], Err(SignerKeyUnsupported)),
            ("32 bits", modulus(256, 0x80), &[0, 0xff, 0xff, 0xff, 0xff], Ok(())),
            ("33 bits", modulus(256, 0x80), &[1, 0, 0, 0, 1], Err(SignerKeyUnsupported)),
            ("a negative one", modulus(256, 0x80), &[0xff], Err(SignerKeyUnsupported)),
            ("none", modulus(256, 0x80), &[], Err(SignerKeyUnsupported)),
            ("a negative modulus", vec![0xff; 256], &[3], Err(SignerKeyUnsupported)),
            ("no modulus", vec![], &[3], Err(SignerKeyUnsupported)),
        ] {
            assert_eq!(check_rsa(&key(&modulus, exponent)), expected, "{name}");
        }
        let good = key(&modulus(256, 0x80), &[3]);
        for (name, bits) in [
            ("nothing", &[][..]),
            ("unused bits", &[&[1], &good[1..]].concat()),
            ("something after it", &[&good[..], &[0]].concat()),
            ("cut off", &good[..good.len() - 1]),
        ] {
            assert_eq!(check_rsa(bits), Err(SignerKeyUnsupported), "{name}");
        }
    }
}
