// SPDX-License-Identifier: Apache-2.0

//! The values of variables, as mod_ssl has them: what OpenSSL prints, up to the first NUL.

use std::{
    alloc::{Layout, handle_alloc_error},
    ffi::{CStr, c_ulong},
    ptr::{null, null_mut},
    slice,
};

use foreign_types::{ForeignType, ForeignTypeRef};
use openssl::{
    asn1::{Asn1Object, Asn1ObjectRef, Asn1StringRef, Asn1TimeRef},
    nid::Nid,
    x509::{GeneralNameRef, X509NameRef, X509Ref},
};
use openssl_sys::{
    ASN1_OBJECT, ASN1_STRING, ASN1_STRING_free, ASN1_TYPE, BIO, GEN_DNS, GEN_EMAIL, GEN_OTHERNAME,
    X509_EXTENSION,
};

use crate::openssl_ext;

/// What a variable has, if it has anything.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Value {
    /// `None` where there is none, which may be because it is empty.
    pub(crate) text: Option<Vec<u8>>,
    /// Whether that is all: OpenSSL may have come upon something that it does not write.
    pub(crate) complete: bool,
}

impl Value {
    pub(super) const ABSENT: Self = Self { text: None, complete: true };

    /// There is something, and OpenSSL wrote nothing of it.
    pub(super) const UNREADABLE: Self = Self { text: None, complete: false };

    pub(crate) fn new(text: impl Into<Vec<u8>>) -> Self {
        Self { text: Some(text.into()), complete: true }
    }
}

pub(super) type OfCertificate = fn(&X509Ref) -> Value;

pub(super) type NameOf = fn(&X509Ref) -> &X509NameRef;

/// What is printed into a BIO by a function that says whether that is all. As in mod_ssl, what OpenSSL
/// wrote before it came upon something that it does not write counts.
fn printed(print: impl FnOnce(*mut BIO) -> bool) -> Value {
    // SAFETY: the BIO is new, and freed here; its memory is copied before.
    unsafe {
        let bio = openssl_sys::BIO_new(openssl_sys::BIO_s_mem());
        if bio.is_null() {
            // As where there is no memory for the copy.
            handle_alloc_error(Layout::new::<[usize; 16]>());
        }
        let mut complete = print(bio);
        let mut data = null_mut();
        let length = usize::try_from(openssl_sys::BIO_get_mem_data(bio, &raw mut data));
        let written = match length {
            Ok(length) if !data.is_null() => slice::from_raw_parts(data.cast(), length),
            _ => &[],
        };
        complete &= !written.contains(&0);
        let text = Some(written).filter(|written| !written.is_empty()).map(up_to_nul);
        openssl_sys::BIO_free_all(bio);
        Value { text, complete }
    }
}

/// As a C string has it.
fn up_to_nul(bytes: &[u8]) -> Vec<u8> {
    bytes.split(|&byte| byte == 0).next().unwrap_or_default().to_vec()
}

/// A string in UTF-8, or, `raw`, in its own octets; with control characters escaped.
pub(super) fn string(string: &Asn1StringRef, raw: bool) -> Value {
    let conversion = if raw { 0 } else { openssl_ext::ASN1_STRFLGS_UTF8_CONVERT };
    let flags = c_ulong::from(openssl_ext::ASN1_STRFLGS_ESC_CTRL | conversion);
    printed(|bio| {
        // SAFETY: a valid BIO, and a valid string.
        unsafe { openssl_ext::ASN1_STRING_print_ex(bio, string.as_ptr(), flags) >= 0 }
    })
}

fn rfc2253(name: &X509NameRef, flags: u32) -> Value {
    printed(|bio| {
        // SAFETY: a valid BIO, and a valid name.
        unsafe { openssl_ext::X509_NAME_print_ex(bio, name.as_ptr(), 0, c_ulong::from(flags)) >= 0 }
    })
}

/// A distinguished name on one line.
pub(super) fn name(name: &X509NameRef) -> Value {
    rfc2253(name, openssl_ext::XN_FLAG_RFC2253 & !openssl_ext::ASN1_STRFLGS_ESC_MSB)
}

pub(super) fn subject(certificate: &X509Ref) -> &X509NameRef {
    certificate.subject_name()
}

pub(super) fn issuer(certificate: &X509Ref) -> &X509NameRef {
    certificate.issuer_name()
}

/// A kind of subjectAltName.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum AlternativeNameKind {
    Email,
    Dns,
    /// An otherName with this type-id, and the one type of string that its value may have.
    Other(Nid, i32),
}

/// The value of a subjectAltName if it is of this kind; it may have none.
pub(super) fn alternative_name(name: &GeneralNameRef, kind: AlternativeNameKind) -> Option<Value> {
    // SAFETY: a valid GENERAL_NAME has a type, and with these two a string; with that of an
    // otherName, what the function for it finds there, which is checked for NULL.
    unsafe {
        let name = name.as_ptr();
        match (kind, (*name).type_) {
            (AlternativeNameKind::Email, GEN_EMAIL) | (AlternativeNameKind::Dns, GEN_DNS) => {
                let string_of = (*name).d.cast::<ASN1_STRING>();
                Some(string(Asn1StringRef::from_ptr(string_of), false))
            }
            (AlternativeNameKind::Other(form, type_), GEN_OTHERNAME) => {
                let (mut id, mut value) = (null_mut::<ASN1_OBJECT>(), null_mut::<ASN1_TYPE>());
                openssl_ext::GENERAL_NAME_get0_otherName(name, &raw mut id, &raw mut value);
                if id.is_null() || Asn1ObjectRef::from_ptr(id).nid() != form {
                    return None;
                }
                let string_of = value.as_ref().filter(|value| value.type_ == type_);
                let string_of = string_of.map(|value| value.value.asn1_string);
                let string = |found| string(Asn1StringRef::from_ptr(found), false);
                Some(string_of.map_or(Value::ABSENT, string))
            }
            _ => None,
        }
    }
}

pub(super) fn version(certificate: &X509Ref) -> Value {
    // SAFETY: a valid certificate.
    let version = unsafe { openssl_sys::X509_get_version(certificate.as_ptr()) };
    // As printed with %lu.
    Value::new((version as c_ulong).wrapping_add(1).to_string())
}

pub(super) fn serial_number(certificate: &X509Ref) -> Value {
    printed(|bio| {
        // SAFETY: a valid BIO; the number is the certificate's, which outlives the call.
        unsafe { openssl_ext::i2a_ASN1_INTEGER(bio, certificate.serial_number().as_ptr()) > 0 }
    })
}

fn time(time: &Asn1TimeRef) -> Value {
    printed(|bio| {
        // SAFETY: a valid BIO, and a valid time.
        unsafe { openssl_sys::ASN1_TIME_print(bio, time.as_ptr()) == 1 }
    })
}

pub(super) fn not_before(certificate: &X509Ref) -> Value {
    time(certificate.not_before())
}

pub(super) fn not_after(certificate: &X509Ref) -> Value {
    time(certificate.not_after())
}

fn algorithm(algorithm: Nid) -> Value {
    if algorithm == Nid::UNDEF {
        return Value::new("UNKNOWN");
    }
    algorithm.long_name().map_or(Value::UNREADABLE, Value::new)
}

pub(super) fn key_algorithm(certificate: &X509Ref) -> Value {
    // SAFETY: a valid certificate has a public key's algorithm, which is its own.
    algorithm(unsafe {
        let mut found = null_mut::<ASN1_OBJECT>();
        let key = openssl_ext::X509_get_X509_PUBKEY(certificate.as_ptr());
        openssl_ext::X509_PUBKEY_get0_param(
            &raw mut found,
            null_mut(),
            null_mut(),
            null_mut(),
            key,
        );
        nid(found)
    })
}

pub(super) fn signature_algorithm(certificate: &X509Ref) -> Value {
    // SAFETY: a valid certificate has a signature's algorithm, which is its own.
    algorithm(unsafe {
        let mut found = null::<ASN1_OBJECT>();
        let inner = openssl_ext::X509_get0_tbs_sigalg(certificate.as_ptr());
        openssl_sys::X509_ALGOR_get0(&raw mut found, null_mut(), null_mut(), inner);
        nid(found)
    })
}

/// # Safety
///
/// `object` is NULL, or valid.
unsafe fn nid(object: *const ASN1_OBJECT) -> Nid {
    // SAFETY: the caller's part; NULL has NID_undef.
    Nid::from_raw(unsafe { openssl_sys::OBJ_obj2nid(object) })
}

/// RFC 4523 section 2.1: certificate exact assertion.
pub(super) fn exact_assertion(certificate: &X509Ref) -> Value {
    let number = certificate.serial_number().to_bn().and_then(|number| number.to_dec_str());
    let Ok(number) = number else { return Value::UNREADABLE };
    let mut value = b"{ serialNumber ".to_vec();
    value.extend_from_slice(number.as_bytes());
    value.extend_from_slice(b", issuer rdnSequence:\"");
    // An issuer without a name ends the value there, as in mod_ssl.
    let issuer = rfc2253(certificate.issuer_name(), openssl_ext::XN_FLAG_RFC2253);
    let complete = issuer.complete && issuer.text.is_some();
    if let Some(issuer) = issuer.text {
        value.extend_from_slice(&issuer);
        value.extend_from_slice(b"\" }");
    }
    Value { text: Some(value), complete }
}

pub(super) fn pem(certificate: &X509Ref) -> Value {
    certificate.to_pem().map_or(Value::UNREADABLE, Value::new)
}

/// The values of the extensions of one kind, in words: `name` is a long or short name of OpenSSL's,
/// or a numeric OID.
pub(super) fn extensions(certificate: &X509Ref, name: &CStr) -> Vec<Vec<u8>> {
    // SAFETY: a C string; the object is new.
    let wanted = unsafe {
        let wanted = openssl_sys::OBJ_txt2obj(name.as_ptr(), 0);
        if wanted.is_null() {
            return Vec::new();
        }
        Asn1Object::from_ptr(wanted)
    };
    // SAFETY: a valid certificate has so many extensions, which are its own.
    let count = unsafe { openssl_sys::X509_get_ext_count(certificate.as_ptr()) };
    (0..count)
        .filter_map(|at| {
            // SAFETY: as above; an extension has an object.
            unsafe {
                let extension = openssl_sys::X509_get_ext(certificate.as_ptr(), at);
                let object = openssl_sys::X509_EXTENSION_get_object(extension);
                let is_wanted = openssl_sys::OBJ_cmp(object, wanted.as_ptr()) == 0;
                if is_wanted { extension_text(extension) } else { None }
            }
        })
        .collect()
}

/// `None` where it cannot be put into words.
///
/// # Safety
///
/// `extension` is valid.
unsafe fn extension_text(extension: *mut X509_EXTENSION) -> Option<Vec<u8>> {
    let mut readable = true;
    let value = printed(|bio| {
        // SAFETY: a valid BIO, the caller's part, and octets that are the extension's.
        unsafe {
            if openssl_sys::X509V3_EXT_print(bio, extension, 0, 0) == 1 {
                return true;
            }
            let octets = openssl_sys::X509_EXTENSION_get_data(extension).cast::<ASN1_STRING>();
            let mut data = openssl_sys::ASN1_STRING_get0_data(octets);
            let length = openssl_sys::ASN1_STRING_length(octets);
            let text = openssl_ext::d2i_DISPLAYTEXT(null_mut(), &raw mut data, length.into());
            readable = !text.is_null();
            if readable {
                let flags = c_ulong::from(openssl_ext::ASN1_STRFLGS_UTF8_CONVERT);
                openssl_ext::ASN1_STRING_print_ex(bio, text, flags);
                ASN1_STRING_free(text);
            }
            readable
        }
    });
    readable.then(|| value.text.unwrap_or_default())
}
