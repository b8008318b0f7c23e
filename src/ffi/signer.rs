// SPDX-License-Identifier: Apache-2.0

//! Signers.

use std::{ffi::c_char, ptr::null_mut};

use openssl::stack::Stack;
use openssl_sys::{EVP_PKEY, X509, stack_st_X509, stack_st_X509_NAME};

use super::{enums, listener::Listener, panic::boundary, pointer, result::ClientCertResult};
use crate::sign::signer::Signer;

/// Makes a signer of a certificate and its key, with everything encoded that depends on them
/// alone. Checks that the key is the certificate's.
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

/// Whether a server asks for the signer's certificate that names the CAs in `names`: one of them is
/// that of who issued it or one of its intermediates. Without names, and with NULL, any certificate
/// is asked for.
///
/// Fails with nothing but CLIENT_CERT_RESULT_NULL_PARAMETER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_signer_is_asked_for(
    signer: *const Signer,
    names: *const stack_st_X509_NAME,
    asked: *mut bool,
) -> ClientCertResult {
    // SAFETY: as the header's rules say, and the text of `names`.
    boundary(|| unsafe {
        let asked = pointer::out(asked, false)?;
        *asked = pointer::borrow(signer)?.is_issued_by(&pointer::name_stack(names));
        Ok(())
    })
}

/// Gives what a signer presents when it authenticates itself in TLS: `*certificate`, `*key`, and
/// `*chain`, its intermediates, NULL if there are none. Each is a reference of the caller's own.
///
/// Fails with CLIENT_CERT_RESULT_OUT_OF_MEMORY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_signer_credentials(
    signer: *const Signer,
    certificate: *mut *mut X509,
    key: *mut *mut EVP_PKEY,
    chain: *mut *mut stack_st_X509,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let certificate = pointer::out(certificate, null_mut())?;
        let (key, chain) = (pointer::out(key, null_mut())?, pointer::out(chain, null_mut())?);
        let signer = pointer::borrow(signer)?;
        let out_of_memory = |_| ClientCertResult::OutOfMemory;
        let mut stack = Stack::new().map_err(out_of_memory)?;
        let (own, intermediates) =
            signer.certificate_chain().split_first().ok_or(ClientCertResult::Panic)?;
        for intermediate in intermediates {
            stack.push(intermediate.clone()).map_err(out_of_memory)?;
        }
        *certificate = pointer::forget(own.clone());
        *key = pointer::forget(signer.key().to_owned());
        if !stack.is_empty() {
            *chain = pointer::forget(stack);
        }
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

/// Warns of what will go wrong with what a signer signs: of each of its certificates that is outside
/// its validity at `now`, and of values that get longer than `large` bytes.
///
/// `certs` has a bit (1 << number) for each client_cert_signer_certs in use with it, none for the
/// default. `name` is what messages call the signer. `warn` is called with 0 and a line for each.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_signer_warnings(
    signer: *const Signer,
    name: *const c_char,
    now: i64,
    certs: u32,
    large: usize,
    warn: *const Listener,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let (signer, warn) = (pointer::borrow(signer)?, pointer::borrow(warn)?);
        let name = String::from_utf8_lossy(pointer::string(name)?);
        let lines = signer.use_warnings(now, &enums::signer_certs_in_use(certs)?, large);
        lines.iter().try_for_each(|line| warn.tell(0, &format!("ClientCertSigner {name}: {line}")))
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
