// SPDX-License-Identifier: Apache-2.0

//! What a client's own certificate is verified by, and how.

use std::{ffi::c_char, ptr::null_mut, sync::Arc};

use super::{
    panic::{boundary, explained_boundary},
    pointer,
    reason::ReasonBuffer,
    result::ClientCertResult,
    trust::CrlsHandle,
};
use crate::{
    client::Client,
    verify::clients::{ClientTrust, cas::ClientCas},
};

/// CAs of clients.
pub struct ClientCasHandle(pub(super) Arc<ClientCas>);

impl ClientCasHandle {
    pub(super) fn new(cas: Arc<ClientCas>) -> Self {
        Self(cas)
    }
}

/// What a client's certificate is verified by: borrowed for one call that verifies.
#[repr(C)]
pub struct ClientTrustParts {
    /// The client must lead to an anchor among these.
    pub cas: *const ClientCasHandle,
    /// With these, each certificate between client and anchor, the client's included and the
    /// anchor's not, needs one that is up to date. NULL if CRLs are not to be looked at.
    pub crls: *const CrlsHandle,
}

impl ClientTrustParts {
    /// # Safety
    ///
    /// The parts are NULL, or valid as the header's rules say.
    unsafe fn trust(&self) -> Result<ClientTrust, ClientCertResult> {
        // SAFETY: the caller's part.
        unsafe {
            let crls = self.crls.as_ref().map(|crls| Arc::clone(&crls.0));
            Ok(ClientTrust::new(Arc::clone(&pointer::borrow(self.cas)?.0), crls))
        }
    }
}

/// Reads CAs of clients from PEM of `length` bytes.
///
/// The self-signed ones are trust anchors. The others are intermediates, which need not come with a
/// client, and no anchors. There is nothing else in `text` than certificates of CAs, and one is an
/// anchor at least.
///
/// Sets `*cas` to a new object, which client_cert_client_cas_free() releases.
///
/// Fails with CLIENT_CERT_RESULT_FILE_MALFORMED, CLIENT_CERT_RESULT_FILE_NO_CERTIFICATE,
/// CLIENT_CERT_RESULT_FILE_TRUSTED_CERTIFICATE, CLIENT_CERT_RESULT_FILE_OTHER_BLOCK,
/// CLIENT_CERT_RESULT_FILE_NOT_CA, CLIENT_CERT_RESULT_FILE_NO_ANCHOR, and where the text is known
/// for something else (DER, PKCS #7, a CRL, a key), with the CLIENT_CERT_RESULT_FILE_... that names
/// it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_client_cas_from_pem(
    text: *const u8,
    length: usize,
    cas: *mut *mut ClientCasHandle,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let cas = pointer::out(cas, null_mut())?;
        let made = ClientCas::from_pem(pointer::bytes(text, length)?)?;
        *cas = pointer::give(ClientCasHandle(Arc::new(made)));
        Ok(())
    })
}

/// As client_cert_client_cas_from_pem(), of a file, which is named as open(2) takes it, and read
/// only now.
///
/// Fails with CLIENT_CERT_RESULT_FILE_UNREADABLE as well.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_client_cas_from_file(
    file: *const c_char,
    cas: *mut *mut ClientCasHandle,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let cas = pointer::out(cas, null_mut())?;
        let made = ClientCas::from_file(pointer::path(file)?)?;
        *cas = pointer::give(ClientCasHandle(Arc::new(made)));
        Ok(())
    })
}

/// Releases CAs of clients. NULL is allowed, as with free(). No thread may be using them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_client_cas_free(cas: *mut ClientCasHandle) {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        pointer::free(cas);
        Ok(())
    });
}

/// Verifies the certificate of a client by a trust of this side's own, whether the value was signed
/// or not: that a path leads from it to an anchor, for TLS clients, at `now`.
///
/// `client` is the client of client_cert_accepted_client(). `chain` are the `length` field lines of
/// Client-Cert-Chain (RFC 9440 section 2.3), in their order: strings, together one List. It may be
/// NULL when there are none. Issuers are looked for among them. They are not signed, and prove
/// nothing by themselves.
///
/// Sets `*verified` to the same client with the intermediates of its path for its chain, which
/// client_cert_client_free() releases.
///
/// `reason` is as for client_cert_verify(), and so are the results: Client-Cert-Chain is malformed, the
/// client or a certificate of the chain is not acceptable, or that could not be found out.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_verify_client(
    trust: *const ClientTrustParts,
    client: *const Client,
    chain: *const *const c_char,
    length: usize,
    now: i64,
    verified: *mut *mut Client,
    reason: *mut c_char,
    reason_size: usize,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    let reason = unsafe { ReasonBuffer::new(reason, reason_size) };
    // SAFETY: as the header's rules say.
    explained_boundary(&reason, || unsafe {
        let verified = pointer::out(verified, null_mut())?;
        let trust = pointer::borrow(trust)?;
        let (client, chain) = (pointer::borrow(client)?, pointer::strings(chain, length)?);
        *verified = pointer::share(Arc::new(trust.trust()?.verify(client, &chain, now)?));
        Ok(())
    })
}
