// SPDX-License-Identifier: Apache-2.0

//! Trust.

use std::{ffi::c_char, ptr::null_mut};

use super::{panic::boundary, pointer, result::ClientCertResult};
use crate::trust::Trust;

/// Reads whom to believe from PEM files.
///
/// Each certificate in `file` is an anchor: a CA to which the signer's certificate must lead, or
/// the signer's own certificate, pinned. A CA's certificate signs values itself only if it is an
/// anchor itself.
///
/// `names` is an array of `names_length` DNS names, of which a signer must have one as a
/// subjectAltName dNSName: exact, but for case; no wildcards. NULL if there are none, which is
/// enough only where no anchor is a CA, and never for client_cert_verify_peer().
///
/// `crl_file` holds CRLs: each certificate between signer and anchor, the signer's included and the
/// anchor's not, then needs one that is up to date. NULL if CRLs are not to be looked at.
///
/// Files are named as open(2) takes them, and read only now. PEM blocks of other kinds are not
/// looked at.
///
/// Sets `*trust` to a new object, which client_cert_trust_free() releases.
///
/// Fails with CLIENT_CERT_RESULT_FILE_UNREADABLE, CLIENT_CERT_RESULT_FILE_MALFORMED,
/// CLIENT_CERT_RESULT_FILE_NO_CERTIFICATE, CLIENT_CERT_RESULT_TRUST_NAME_MALFORMED,
/// CLIENT_CERT_RESULT_CRL_FILE_UNREADABLE, CLIENT_CERT_RESULT_CRL_FILE_MALFORMED,
/// CLIENT_CERT_RESULT_CRL_FILE_NO_CRL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_trust_new(
    file: *const c_char,
    names: *const *const c_char,
    names_length: usize,
    crl_file: *const c_char,
    trust: *mut *mut Trust,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let trust = pointer::out(trust, null_mut())?;
        let (file, names) = (pointer::path(file)?, pointer::strings(names, names_length)?);
        let made = Trust::from_files(file, &names, pointer::optional_path(crl_file))?;
        *trust = pointer::give(made);
        Ok(())
    })
}

/// Releases a trust. NULL is allowed, as with free(). No thread may be using it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_trust_free(trust: *mut Trust) {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        pointer::free(trust);
        Ok(())
    });
}

/// Whether some anchor is a CA. It issues to users too, so without names no value is accepted.
///
/// Fails with nothing but CLIENT_CERT_RESULT_NULL_PARAMETER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_trust_has_ca(
    trust: *const Trust,
    has_ca: *mut bool,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let has_ca = pointer::out(has_ca, false)?;
        *has_ca = pointer::borrow(trust)?.has_ca();
        Ok(())
    })
}

/// Whether there are names.
///
/// Fails with nothing but CLIENT_CERT_RESULT_NULL_PARAMETER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_trust_has_names(
    trust: *const Trust,
    has_names: *mut bool,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let has_names = pointer::out(has_names, false)?;
        *has_names = pointer::borrow(trust)?.has_names();
        Ok(())
    })
}
