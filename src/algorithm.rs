// SPDX-License-Identifier: Apache-2.0

//! Which algorithms a signer's key means.

use crate::{
    certificate::AlgorithmIdentifier,
    der::{element, tag},
    error::Error,
};

/// Contents of OBJECT IDENTIFIERs.
mod oid {
    pub(super) const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
    pub(super) const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
    pub(super) const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
    pub(super) const P384: &[u8] = &[0x2b, 0x81, 4, 0, 34];
    pub(super) const P521: &[u8] = &[0x2b, 0x81, 4, 0, 35];
    pub(super) const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
    pub(super) const ECDSA_WITH_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
    pub(super) const ECDSA_WITH_SHA384: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3];
    pub(super) const ECDSA_WITH_SHA512: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4];
    pub(super) const SHA256: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
    pub(super) const SHA384: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2];
    pub(super) const SHA512: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3];
}

/// The least RSA key, in bits.
const RSA_BITS: u32 = 2048;

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
    /// The algorithm for a key, by the identifier in its certificate and its size in bits.
    pub(crate) fn of_key(key: AlgorithmIdentifier<'_>, bits: u32) -> Result<Self, Error> {
        // A curve that is spelled out has a SEQUENCE here.
        let curve = key.parameters.filter(|parameters| parameters.tag == tag::OID);
        match (key.algorithm, curve.map(|curve| curve.contents)) {
            (oid::RSA_ENCRYPTION, None) if bits < RSA_BITS => Err(Error::SignerKeyTooSmall),
            (oid::RSA_ENCRYPTION, None) => Ok(Self::RsaSha256),
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

impl Digest {
    /// The name by which OpenSSL fetches it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA2-256",
            Self::Sha384 => "SHA2-384",
            Self::Sha512 => "SHA2-512",
        }
    }

    /// The name that people know it by.
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
        certificate::Certificate,
        testing::{KeyKind, Leaf},
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
            let key = Certificate::read(&der).unwrap().key_algorithm;
            let bits = certificate.public_key().unwrap().bits();
            assert_eq!(Algorithm::of_key(key, bits), expected, "{kind:?}");
        }
    }
}
