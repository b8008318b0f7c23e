// SPDX-License-Identifier: Apache-2.0

//! What a signer's certificate is verified by.

use std::{ffi::c_char, ptr::null_mut, sync::Arc};

use super::{panic::boundary, pointer, result::ClientCertResult};
use crate::{
    verify::{
        trust::{TrustAnchors, TrustNames},
        verification_cache::TrustSources,
    },
    x509::crl::Crls,
};

/// Trust anchors.
pub struct AnchorsHandle(pub(super) Arc<TrustAnchors>);

/// Names.
pub struct NamesHandle(pub(super) Arc<TrustNames>);

/// CRLs.
pub struct CrlsHandle(pub(super) Arc<Crls>);

impl AnchorsHandle {
    pub(super) fn new(anchors: Arc<TrustAnchors>) -> Self {
        Self(anchors)
    }
}

impl NamesHandle {
    pub(super) fn new(names: TrustNames) -> Self {
        Self(Arc::new(names))
    }
}

impl CrlsHandle {
    pub(super) fn new(crls: Arc<Crls>) -> Self {
        Self(crls)
    }
}

/// What a signer's certificate is verified by: borrowed for one call that verifies.
#[repr(C)]
pub struct TrustParts {
    /// A signer's certificate must lead to one of these, or be one of them.
    pub anchors: *const AnchorsHandle,
    /// With these, each certificate between signer and anchor, the signer's included and the
    /// anchor's not, needs one that is up to date. NULL if CRLs are not to be looked at.
    pub crls: *const CrlsHandle,
    /// A signer must have one of these. NULL if there are none, which is enough only where no anchor
    /// is a CA, and never for client_cert_verify_peer().
    pub names: *const NamesHandle,
}

impl TrustParts {
    /// # Safety
    ///
    /// The parts are NULL, or valid as the header's rules say for as long as `'a`.
    pub(super) unsafe fn sources<'a>(&self) -> Result<TrustSources<'a>, ClientCertResult> {
        // SAFETY: the caller's part.
        unsafe {
            let anchors = &pointer::borrow(self.anchors)?.0;
            let names = self.names.as_ref().map(|names| &names.0);
            Ok(TrustSources { anchors, names, crls: self.crls.as_ref().map(|crls| &crls.0) })
        }
    }
}

/// Reads trust anchors from PEM of `length` bytes.
///
/// Each certificate in `text` is an anchor: a CA to which the signer's certificate must lead, or
/// the signer's own certificate, pinned. A CA's certificate signs values itself only if it is an
/// anchor itself. PEM blocks of other kinds are not looked at, but for TRUSTED CERTIFICATE, whose
/// limits would not be heeded: that is an error.
///
/// Sets `*anchors` to a new object, which client_cert_anchors_free() releases.
///
/// Fails with CLIENT_CERT_RESULT_FILE_MALFORMED, CLIENT_CERT_RESULT_FILE_NO_CERTIFICATE,
/// CLIENT_CERT_RESULT_FILE_TRUSTED_CERTIFICATE, and where the text is known for something else
/// (DER, PKCS #7, a CRL, a key), with the CLIENT_CERT_RESULT_FILE_... that names it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_anchors_from_pem(
    text: *const u8,
    length: usize,
    anchors: *mut *mut AnchorsHandle,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let anchors = pointer::out(anchors, null_mut())?;
        let made = TrustAnchors::from_pem(pointer::bytes(text, length)?)?;
        *anchors = pointer::give(AnchorsHandle(Arc::new(made)));
        Ok(())
    })
}

/// As client_cert_anchors_from_pem(), of a file, which is named as open(2) takes it, and read only
/// now.
///
/// Fails with CLIENT_CERT_RESULT_FILE_UNREADABLE as well.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_anchors_from_file(
    file: *const c_char,
    anchors: *mut *mut AnchorsHandle,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let anchors = pointer::out(anchors, null_mut())?;
        let made = TrustAnchors::from_file(pointer::path(file)?)?;
        *anchors = pointer::give(AnchorsHandle(Arc::new(made)));
        Ok(())
    })
}

/// Releases trust anchors. NULL is allowed, as with free(). No thread may be using them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_anchors_free(anchors: *mut AnchorsHandle) {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        pointer::free(anchors);
        Ok(())
    });
}

/// Reads CRLs from PEM of `length` bytes. PEM blocks of other kinds are not looked at.
///
/// Sets `*crls` to a new object, which client_cert_crls_free() releases.
///
/// Fails with CLIENT_CERT_RESULT_CRL_FILE_MALFORMED, CLIENT_CERT_RESULT_CRL_FILE_NO_CRL, and where
/// the text is known for something else (DER, PKCS #7, a certificate, a key), with the
/// CLIENT_CERT_RESULT_FILE_... that names it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_crls_from_pem(
    text: *const u8,
    length: usize,
    crls: *mut *mut CrlsHandle,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let crls = pointer::out(crls, null_mut())?;
        let made = Crls::from_pem(pointer::bytes(text, length)?)?;
        *crls = pointer::give(CrlsHandle(Arc::new(made)));
        Ok(())
    })
}

/// As client_cert_crls_from_pem(), of a file, which is named as open(2) takes it, and read only now.
///
/// Fails with CLIENT_CERT_RESULT_CRL_FILE_UNREADABLE as well.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_crls_from_file(
    file: *const c_char,
    crls: *mut *mut CrlsHandle,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let crls = pointer::out(crls, null_mut())?;
        *crls = pointer::give(CrlsHandle(Arc::new(Crls::from_file(pointer::path(file)?)?)));
        Ok(())
    })
}

/// Releases CRLs. NULL is allowed, as with free(). No thread may be using them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_crls_free(crls: *mut CrlsHandle) {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        pointer::free(crls);
        Ok(())
    });
}

/// Makes names, of which a signer must have one in its subjectAltName. A name with a colon is a URI,
/// which must be the only one there, octet by octet; any other is a dNSName, exact but for case.
///
/// `names` are `length` strings; it may be NULL when there are none, which is as good as no object.
///
/// Sets `*made` to a new object, which client_cert_names_free() releases.
///
/// Fails with CLIENT_CERT_RESULT_TRUST_NAME_MALFORMED for wildcards, addresses, and whatever else
/// is no name of a host; with CLIENT_CERT_RESULT_TRUST_URI_MALFORMED and
/// CLIENT_CERT_RESULT_TRUST_SPIFFE_ID_MALFORMED for what has a colon and is no such name; with
/// CLIENT_CERT_RESULT_INVALID_PARAMETER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_names_new(
    names: *const *const c_char,
    length: usize,
    made: *mut *mut NamesHandle,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let made = pointer::out(made, null_mut())?;
        let names = TrustNames::new(&pointer::strings(names, length)?)?;
        *made = pointer::give(NamesHandle(Arc::new(names)));
        Ok(())
    })
}

/// Releases names. NULL is allowed, as with free(). No thread may be using them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_names_free(names: *mut NamesHandle) {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        pointer::free(names);
        Ok(())
    });
}
