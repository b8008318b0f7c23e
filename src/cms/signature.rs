// SPDX-License-Identifier: Apache-2.0

//! Signatures, which OpenSSL verifies.

use std::{
    ffi::{c_int, c_long},
    ptr::null_mut,
};

use foreign_types::ForeignType;
use openssl::{
    asn1::{Asn1BitString, Asn1String},
    error::ErrorStack,
    hash::MessageDigest,
    md::Md,
    md_ctx::MdCtx,
    pkey::{PKeyRef, Public},
    x509::{X509Algorithm, X509Ref},
};

use crate::{
    cms::algorithm::{Algorithm, Digest},
    openssl_ext::{self, ReadError, is_fault, with_own_errors},
    x509::certificate::Certificate,
};

/// Whether the owner of this key, which is one for `algorithm`, signed `message`.
pub(crate) fn verify(
    key: &PKeyRef<Public>,
    algorithm: Algorithm,
    digest: Digest,
    message: &[u8],
    signature: &[u8],
) -> Result<bool, ErrorStack> {
    let digest = match algorithm {
        Algorithm::Ed25519 => None,
        Algorithm::RsaSha256
        | Algorithm::EcdsaSha256
        | Algorithm::EcdsaSha384
        | Algorithm::EcdsaSha512 => Md::from_nid(message_digest(digest).type_()),
    };
    with_own_errors(|| {
        let mut context = MdCtx::new()?;
        context.digest_verify_init(digest, key)?;
        // An error that says nothing else is that of a signature which is wrong, or not even one.
        context
            .digest_verify(message, signature)
            .or_else(|errors| if is_fault(&errors) { Err(errors) } else { Ok(false) })
    })
}

/// Whether the owner of `issuer` signed a certificate, of which nothing but its signature and what
/// that is over is given to OpenSSL.
pub(crate) fn is_issued_by(
    certificate: &Certificate<'_>,
    issuer: &X509Ref,
) -> Result<bool, ErrorStack> {
    with_own_errors(|| {
        let key = match issuer.public_key().map_err(ReadError::from) {
            Ok(key) => key,
            // One of a kind that OpenSSL does not know has signed nothing here.
            Err(ReadError::Malformed) => return Ok(false),
            Err(ReadError::Fault(errors)) => return Err(errors),
        };
        let verified = Signed::read(certificate).map(|signed| signed.verify(&key));
        let errors = ErrorStack::get();
        if is_fault(&errors) { Err(errors) } else { Ok(verified == Some(true)) }
    })
}

/// What SIGNED has (X.509), as OpenSSL has it.
struct Signed {
    /// Octets that OpenSSL writes as they are.
    message: Asn1String,
    algorithm: X509Algorithm,
    signature: Asn1BitString,
}

impl Signed {
    fn read(certificate: &Certificate<'_>) -> Option<Self> {
        let message = certificate.to_be_signed;
        let length = |octets: &[u8]| c_long::try_from(octets.len()).ok();
        // SAFETY: each function reads so many octets, and returns a new object or NULL.
        unsafe {
            let string = openssl_sys::ASN1_STRING_type_new(openssl_sys::V_ASN1_SEQUENCE);
            let string = (!string.is_null()).then(|| Asn1String::from_ptr(string))?;
            let set = openssl_sys::ASN1_STRING_set(
                string.as_ptr(),
                message.as_ptr().cast(),
                c_int::try_from(message.len()).ok()?,
            );
            let mut octets = certificate.signature_algorithm.as_ptr();
            let algorithm = openssl_ext::d2i_X509_ALGOR(
                null_mut(),
                &mut octets,
                length(certificate.signature_algorithm)?,
            );
            let algorithm = (!algorithm.is_null()).then(|| X509Algorithm::from_ptr(algorithm))?;
            let mut octets = certificate.signature.as_ptr();
            let signature = openssl_ext::d2i_ASN1_BIT_STRING(
                null_mut(),
                &mut octets,
                length(certificate.signature)?,
            );
            let signature = (!signature.is_null()).then(|| Asn1BitString::from_ptr(signature))?;
            (set == 1).then_some(Self { message: string, algorithm, signature })
        }
    }

    fn verify(&self, key: &PKeyRef<Public>) -> bool {
        // SAFETY: live objects of the types that the function has; as the item of a SEQUENCE it
        // takes a string of such octets.
        let verified = unsafe {
            openssl_ext::ASN1_item_verify(
                openssl_ext::ASN1_SEQUENCE_it(),
                self.algorithm.as_ptr(),
                self.signature.as_ptr(),
                self.message.as_ptr().cast(),
                foreign_types::ForeignTypeRef::as_ptr(key),
            )
        };
        verified == 1
    }
}

pub(crate) fn message_digest(digest: Digest) -> MessageDigest {
    match digest {
        Digest::Sha256 => MessageDigest::sha256(),
        Digest::Sha384 => MessageDigest::sha384(),
        Digest::Sha512 => MessageDigest::sha512(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{KeyKind, Leaf};

    /// By every kind of key that may sign certificates, whatever the profile has.
    #[test]
    fn certificates_are_proven_by_their_issuers_key_alone() {
        for kind in [
            KeyKind::Rsa(2048),
            KeyKind::RsaPss,
            KeyKind::P256,
            KeyKind::P384,
            KeyKind::P521,
            KeyKind::Ed25519,
            KeyKind::Ed448,
        ] {
            let issuer = Leaf::new(kind).subject("issuer").self_signed();
            let namesake = Leaf::new(kind).subject("issuer").self_signed();
            let der = Leaf::new(KeyKind::P256).issued_by(&issuer).certificate.to_der().unwrap();
            let fields = Certificate::read(&der).unwrap();
            assert!(is_issued_by(&fields, &issuer.certificate).unwrap(), "{kind:?}");
            assert!(!is_issued_by(&fields, &namesake.certificate).unwrap(), "{kind:?}: namesake");
            for part in [fields.signature, fields.to_be_signed] {
                let mut changed = der.clone();
                let at = part.as_ptr() as usize - der.as_ptr() as usize + part.len() - 1;
                changed[at] ^= 1;
                let Ok(fields) = Certificate::read(&changed) else { continue };
                assert!(!is_issued_by(&fields, &issuer.certificate).unwrap(), "{kind:?}: {at}");
            }
        }
        // SAFETY: takes no arguments.
        assert_eq!(unsafe { openssl_sys::ERR_peek_last_error() }, 0);
    }
}
