// SPDX-License-Identifier: Apache-2.0

//! What OpenSSL has in a TLS context: how peers are verified, and which certificates are presented.

use std::{
    ffi::{c_int, c_long},
    ptr::null_mut,
};

use foreign_types::ForeignTypeRef;
use openssl::{
    pkey::{PKey, PKeyRef, Private},
    stack::StackRef,
    x509::{X509, X509CrlRef, X509Ref},
};
use openssl_sys::{
    EVP_default_properties_is_fips_enabled, OPENSSL_sk_num, OPENSSL_sk_value, SSL_CTX,
    SSL_CTX_ctrl, SSL_CTX_get_cert_store, SSL_CTX_get_extra_chain_certs,
    SSL_CTX_get_security_level, SSL_CTX_get_verify_mode, SSL_CTX_get0_certificate,
    SSL_CTX_get0_param, SSL_CTX_get0_privatekey, X509_OBJECT_get0_X509, X509_STORE,
    X509_STORE_get0_objects, X509_VERIFY_PARAM, X509_VERIFY_PARAM_get_auth_level,
    X509_VERIFY_PARAM_get_flags, stack_st_X509,
};

use crate::openssl_ext::{
    SSL_CERT_SET_FIRST, SSL_CERT_SET_NEXT, SSL_CTRL_CLEAR_CERT_FLAGS, SSL_CTRL_GET_CHAIN_CERTS,
    SSL_CTRL_GET_VERIFY_CERT_STORE, SSL_CTRL_SELECT_CURRENT_CERT, SSL_CTRL_SET_CURRENT_CERT,
    X509_OBJECT_get0_X509_CRL, X509_STORE_get0_param, X509_VERIFY_PARAM_get_depth,
    X509_VERIFY_PARAM_get_inh_flags, X509_VERIFY_PARAM_get_time,
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
            control(context, SSL_CTRL_CLEAR_CERT_FLAGS, 0, null_mut()),
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

/// A certificate that a context presents, with its key and what is sent with it.
pub struct Presented {
    pub(crate) certificate: X509,
    pub(crate) key: PKey<Private>,
    pub(crate) chain: Vec<X509>,
}

/// The certificates that a context presents: one for each type of key. `None` where OpenSSL does not
/// give one.
///
/// # Safety
///
/// `context` is valid, and nothing else uses it.
pub(crate) unsafe fn presented(context: *mut SSL_CTX) -> Option<Vec<Presented>> {
    let mut found = Some(Vec::new());
    // SAFETY: the caller's part. What the context has of the certificate that is current stays while
    // references are taken.
    unsafe {
        let selected = SSL_CTX_get0_certificate(context);
        let mut place = SSL_CERT_SET_FIRST;
        while control(context, SSL_CTRL_SET_CURRENT_CERT, place.into(), null_mut()) == 1 {
            place = SSL_CERT_SET_NEXT;
            let certificate = SSL_CTX_get0_certificate(context);
            let key = SSL_CTX_get0_privatekey(context);
            if certificate.is_null() || key.is_null() {
                found = None;
                break;
            }
            let mut chain: *mut stack_st_X509 = null_mut();
            control(context, SSL_CTRL_GET_CHAIN_CERTS, 0, (&raw mut chain).cast());
            if chain.is_null() {
                SSL_CTX_get_extra_chain_certs(context, &raw mut chain);
            }
            let chain = (!chain.is_null()).then(|| StackRef::<X509>::from_ptr(chain));
            found.iter_mut().for_each(|found| {
                found.push(Presented {
                    certificate: X509Ref::from_ptr(certificate).to_owned(),
                    key: PKeyRef::from_ptr(key).to_owned(),
                    chain: chain
                        .iter()
                        .flat_map(|chain| chain.iter())
                        .map(X509Ref::to_owned)
                        .collect(),
                });
            });
        }
        // mod_ssl and OpenSSL go on from the certificate that was current.
        if !selected.is_null() {
            control(context, SSL_CTRL_SELECT_CURRENT_CERT, 0, selected.cast());
        }
    }
    found
}

/// SSLOpenSSLConfCmd VerifyCAFile makes one of its own.
unsafe fn store_of(context: *mut SSL_CTX) -> *mut X509_STORE {
    let mut store: *mut X509_STORE = null_mut();
    // SAFETY: the caller's part; OpenSSL writes the pointer.
    unsafe {
        control(context, SSL_CTRL_GET_VERIFY_CERT_STORE, 0, (&raw mut store).cast());
        if store.is_null() { SSL_CTX_get_cert_store(context) } else { store }
    }
}

unsafe fn control(
    context: *mut SSL_CTX,
    command: u32,
    number: c_long,
    place: *mut std::ffi::c_void,
) -> c_long {
    // SAFETY: the caller's part. All of OpenSSL's commands are small numbers.
    unsafe { SSL_CTX_ctrl(context, command as c_int, number, place) }
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
