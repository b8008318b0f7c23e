// SPDX-License-Identifier: Apache-2.0

//! Signers.

use std::{ffi::c_char, ptr::null_mut};

use foreign_types::{ForeignType, ForeignTypeRef};
use openssl_sys::{EVP_PKEY, X509};

use super::{
    enums,
    listener::Listener,
    panic::{boundary, quiet_boundary},
    pointer,
    result::ClientCertResult,
};
use crate::sign::signer::Signer;

/// Makes a signer of a certificate and its key, with everything encoded that depends on them
/// alone. Makes one signature, to see that the key can, and that the certificate verifies it.
///
/// `key` must be the private key of `certificate`: RSA of 2048 bits or more; EC on P-256, P-384
/// or P-521, named in the certificate, not spelled out; or Ed25519. The signer takes a reference
/// of its own on it.
///
/// `chain` is an array of `chain_length` certificates in any order, NULL if there are none. Those
/// that lead from the signer's certificate towards a root are its intermediates; self-signed and
/// unrelated ones are left out.
///
/// Sets `*signer` to a new object, which client_cert_signer_free() releases.
///
/// Fails with CLIENT_CERT_RESULT_CERTIFICATE_MALFORMED, CLIENT_CERT_RESULT_SIGNER_KEY_MISMATCH,
/// CLIENT_CERT_RESULT_SIGNER_KEY_UNSUPPORTED, CLIENT_CERT_RESULT_SIGNER_KEY_TOO_SMALL,
/// CLIENT_CERT_RESULT_SIGNER_CHAIN_TOO_LONG, CLIENT_CERT_RESULT_SIGNER_AMBIGUOUS,
/// CLIENT_CERT_RESULT_SIGNING_FAILED. That a certificate is outside its validity is no error here:
/// see client_cert_signer_check_validity().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_signer_new(
    certificate: *mut X509,
    key: *mut EVP_PKEY,
    chain: *const *mut X509,
    chain_length: usize,
    signer: *mut *mut Signer,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let signer = pointer::out(signer, null_mut())?;
        let chain = pointer::x509s(chain, chain_length)?;
        let made = Signer::new(pointer::x509(certificate)?, pointer::private_key(key)?, &chain)?;
        *signer = pointer::give(made);
        Ok(())
    })
}

/// Makes a signer of PEM.
///
/// `text` holds certificates and, unless `key_text` does, the key; each is of that many bytes, at
/// most 1 MiB. `key_text` may be NULL. There must be one key in all, not encrypted. The first
/// certificate that matches it is the signer's; the others must be its intermediates, or
/// self-signed ones, which are left out. PEM blocks of other kinds are not looked at.
///
/// Sets `*signer` to a new object, which client_cert_signer_free() releases.
///
/// Fails with the CLIENT_CERT_RESULT_FILE_... results, and as client_cert_signer_new() does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_signer_from_pem(
    text: *const u8,
    length: usize,
    key_text: *const u8,
    key_length: usize,
    signer: *mut *mut Signer,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let signer = pointer::out(signer, null_mut())?;
        let key_text =
            if key_text.is_null() { None } else { Some(pointer::bytes(key_text, key_length)?) };
        *signer = pointer::give(Signer::from_pem(pointer::bytes(text, length)?, key_text)?);
        Ok(())
    })
}

/// As client_cert_signer_from_pem(), of files. `file` and `key_file`, which may be NULL, are names
/// as open(2) takes them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_signer_from_file(
    file: *const c_char,
    key_file: *const c_char,
    signer: *mut *mut Signer,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let signer = pointer::out(signer, null_mut())?;
        let made = Signer::from_file(pointer::path(file)?, pointer::optional_path(key_file))?;
        *signer = pointer::give(made);
        Ok(())
    })
}

/// Releases a signer. NULL is allowed, as with free(). No thread may be using it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_signer_free(signer: *mut Signer) {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        pointer::free(signer);
        Ok(())
    });
}

/// The identity of a signer: the SHA-256 of its certificate's DER.
///
/// Puts 32 bytes into `id`, the same as client_cert_certificate_id() of its certificate.
///
/// cbindgen:ptrs-as-arrays=[[id; 32]]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_signer_id(
    signer: *const Signer,
    id: *mut u8,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let id = pointer::out_array(id)?;
        *id = *pointer::borrow(signer)?.id();
        Ok(())
    })
}

/// One of a signer's certificates: the first, number 0, is its own, and its intermediates follow.
///
/// Sets `*certificate` to it, or to NULL where there are no more. It lives as long as the signer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_signer_certificate(
    signer: *const Signer,
    number: usize,
    certificate: *mut *mut X509,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        let certificate = pointer::out(certificate, null_mut())?;
        let found = pointer::borrow(signer)?.certificate_chain().get(number);
        *certificate = found.map_or(null_mut(), |found| found.as_ptr());
        Ok(())
    })
}

/// A signer's private key. Sets `*key`, which lives as long as the signer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_signer_key(
    signer: *const Signer,
    key: *mut *mut EVP_PKEY,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        let key = pointer::out(key, null_mut())?;
        *key = pointer::borrow(signer)?.key().as_ptr();
        Ok(())
    })
}

/// Whether the signer's certificate is within its validity at `now`: from its notBefore on, and
/// before its notAfter (RFC 5280 section 4.1.2.5; the second of notAfter itself is too late, as it
/// is for OpenSSL).
///
/// Fails with CLIENT_CERT_RESULT_SIGNER_EXPIRED, CLIENT_CERT_RESULT_SIGNER_NOT_YET_VALID.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_signer_check_validity(
    signer: *const Signer,
    now: i64,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe { Ok(pointer::borrow(signer)?.check_validity(now)?) })
}

/// Warns of each of a signer's certificates that is outside its validity at `now`. `warn` is called
/// with its number, as client_cert_signer_certificate() has it, and a line. The line names the
/// certificate, and says since or until when it is not valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_signer_warnings(
    signer: *const Signer,
    now: i64,
    warn: *const Listener,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let (signer, warn) = (pointer::borrow(signer)?, pointer::borrow(warn)?);
        signer.warnings(now).iter().try_for_each(|(number, line)| warn.tell(*number, line))
    })
}

/// How long a signed value can get.
///
/// `certs` is a client_cert_signer_certs, `format` CLIENT_CERT_FORMAT_CMS or
/// CLIENT_CERT_FORMAT_CMS_SF, `content_length` the length of the client certificate's DER in
/// bytes. Sets `*length` to an upper bound of the value's length in bytes, a few more than most
/// values have.
///
/// Fails with CLIENT_CERT_RESULT_INVALID_PARAMETER for any other number, and for a
/// `content_length` that no certificate can have.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_signer_value_length(
    signer: *const Signer,
    certs: u32,
    format: u32,
    content_length: usize,
    length: *mut usize,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let length = pointer::out(length, 0)?;
        let (certs, format) = (enums::signer_certs(certs)?, enums::signed_format(format)?);
        *length = pointer::borrow(signer)?
            .value_length(certs, format, content_length)
            .ok_or(ClientCertResult::InvalidParameter)?;
        Ok(())
    })
}
