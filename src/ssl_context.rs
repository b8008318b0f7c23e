// SPDX-License-Identifier: Apache-2.0

//! What OpenSSL has, in a TLS context, of how peers are verified.

use std::{
    ffi::{c_int, c_long},
    ptr::null_mut,
};

use foreign_types::ForeignTypeRef;
use openssl::x509::{X509CrlRef, X509Ref};
use openssl_sys::{
    EVP_default_properties_is_fips_enabled, OPENSSL_sk_num, OPENSSL_sk_value, SSL_CTX,
    SSL_CTX_ctrl, SSL_CTX_get_cert_store, SSL_CTX_get_security_level, SSL_CTX_get_verify_mode,
    SSL_CTX_get0_param, X509_OBJECT_get0_X509, X509_STORE, X509_STORE_get0_objects,
    X509_VERIFY_PARAM, X509_VERIFY_PARAM_get_auth_level, X509_VERIFY_PARAM_get_flags,
};

use crate::openssl_ext::{
    SSL_CTRL_CLEAR_CERT_FLAGS, SSL_CTRL_GET_VERIFY_CERT_STORE, X509_OBJECT_get0_X509_CRL,
    X509_STORE_get0_param, X509_VERIFY_PARAM_get_depth, X509_VERIFY_PARAM_get_inh_flags,
    X509_VERIFY_PARAM_get_time,
};

/// What verification depends on: borrowed from a context.
pub(crate) struct Verification<'a> {
    /// Mode, flags, depths, security level and the like, always in the same order.
    pub(crate) values: Vec<i64>,
    /// The CAs in the store that verification uses.
    pub(crate) cas: Vec<&'a X509Ref>,
    /// The CRLs in it.
    pub(crate) crls: Vec<&'a X509CrlRef>,
}

/// Reads it. `None` where the store holds what is neither a CA nor a CRL.
///
/// # Safety
///
/// `context` is valid for as long as `'a`, during which nothing changes it or its store.
pub(crate) unsafe fn verification<'a>(context: *mut SSL_CTX) -> Option<Verification<'a>> {
    let mut verification = Verification { values: Vec::new(), cas: Vec::new(), crls: Vec::new() };
    // SAFETY: the caller's part; each function reads from the context, or from the store that it
    // was asked for just now, which is never NULL.
    unsafe {
        let store = store_of(context);
        verification.values.extend([
            i64::from(SSL_CTX_get_verify_mode(context)),
            i64::from(SSL_CTX_get_security_level(context)),
            // It clears no flag: OpenSSL has no other function that reads them. Suite B is among
            // them.
            control(context, SSL_CTRL_CLEAR_CERT_FLAGS, null_mut()),
            i64::from(EVP_default_properties_is_fips_enabled(null_mut())),
        ]);
        verification.add_parameters(SSL_CTX_get0_param(context));
        verification.add_parameters(X509_STORE_get0_param(store));
        let objects = X509_STORE_get0_objects(store);
        for number in 0..OPENSSL_sk_num(objects.cast()) {
            let object = OPENSSL_sk_value(objects.cast(), number).cast();
            let (ca, crl) = (X509_OBJECT_get0_X509(object), X509_OBJECT_get0_X509_CRL(object));
            if !ca.is_null() {
                verification.cas.push(X509Ref::from_ptr(ca));
            } else if !crl.is_null() {
                verification.crls.push(X509CrlRef::from_ptr(crl));
            } else {
                return None;
            }
        }
    }
    Some(verification)
}

/// SSLOpenSSLConfCmd VerifyCAFile makes one of its own.
unsafe fn store_of(context: *mut SSL_CTX) -> *mut X509_STORE {
    let mut store: *mut X509_STORE = null_mut();
    // SAFETY: the caller's part; OpenSSL writes the pointer.
    unsafe {
        control(context, SSL_CTRL_GET_VERIFY_CERT_STORE, (&raw mut store).cast());
        if store.is_null() { SSL_CTX_get_cert_store(context) } else { store }
    }
}

unsafe fn control(context: *mut SSL_CTX, command: u32, place: *mut std::ffi::c_void) -> c_long {
    // SAFETY: the caller's part. All of OpenSSL's commands are small numbers.
    unsafe { SSL_CTX_ctrl(context, command as c_int, 0, place) }
}

impl Verification<'_> {
    /// What may be in parameters, of a context or of a store.
    ///
    /// # Safety
    ///
    /// `parameters` are valid.
    unsafe fn add_parameters(&mut self, parameters: *mut X509_VERIFY_PARAM) {
        // SAFETY: the caller's part.
        unsafe {
            self.values.extend([
                i64::try_from(X509_VERIFY_PARAM_get_flags(parameters)).unwrap_or(i64::MAX),
                i64::from(X509_VERIFY_PARAM_get_inh_flags(parameters)),
                i64::from(X509_VERIFY_PARAM_get_depth(parameters)),
                i64::from(X509_VERIFY_PARAM_get_auth_level(parameters)),
                X509_VERIFY_PARAM_get_time(parameters),
            ]);
            // Before that version OpenSSL has no function to read it; none of mod_ssl's directives
            // changes it.
            #[cfg(openssl_3_5)]
            self.values
                .push(i64::from(crate::openssl_ext::X509_VERIFY_PARAM_get_purpose(parameters)));
        }
    }
}

#[cfg(test)]
mod tests {
    use foreign_types::ForeignType;
    use openssl::ssl::{SslContext, SslContextBuilder, SslMethod, SslVerifyMode};

    use super::*;
    use crate::testing::Leaf;

    fn values(change: impl FnOnce(&mut SslContextBuilder)) -> (Vec<i64>, usize) {
        let mut builder = SslContext::builder(SslMethod::tls_server()).unwrap();
        change(&mut builder);
        let context = builder.build();
        // SAFETY: a context that nothing changes.
        let read = unsafe { verification(context.as_ptr()) }.unwrap();
        (read.values, read.cas.len())
    }

    #[test]
    fn settings_differ() {
        use openssl::x509::verify::X509VerifyFlags;
        let plain = values(|_| ());
        assert_eq!(plain, values(|_| ()));
        let others = [
            values(|builder| builder.set_verify(SslVerifyMode::PEER)),
            values(|builder| builder.set_verify_depth(7)),
            values(|builder| builder.set_security_level(0)),
            values(|builder| {
                builder.verify_param_mut().set_flags(X509VerifyFlags::CRL_CHECK).unwrap();
            }),
            values(|builder| {
                builder.cert_store_mut().set_flags(X509VerifyFlags::CRL_CHECK).unwrap();
            }),
            values(|builder| {
                // SAFETY: a context that is there; Suite B is a flag of its certificates.
                unsafe { SSL_CTX_ctrl(builder.as_ptr(), 99, 0x10000, null_mut()) };
            }),
            values(|builder| {
                let ca = Leaf::ca("CA").self_signed().certificate;
                builder.cert_store_mut().add_cert(ca).unwrap();
            }),
        ];
        for (number, one) in others.iter().enumerate() {
            assert_ne!(plain, *one, "{number}");
            assert!(others.iter().skip(number + 1).all(|other| one != other), "{number}");
        }
    }

    #[test]
    fn store_of_its_own_for_verification() {
        let ca = Leaf::ca("CA").self_signed().certificate;
        let (_, count) = values(|builder| {
            builder.cert_store_mut().add_cert(ca.clone()).unwrap();
            let store = openssl::x509::store::X509StoreBuilder::new().unwrap().build();
            builder.set_verify_cert_store(store).unwrap();
        });
        assert_eq!(count, 0);
    }
}
