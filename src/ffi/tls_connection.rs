// SPDX-License-Identifier: Apache-2.0

//! What is known of the client of a TLS connection.

use std::{
    ffi::c_char,
    ptr::{null, null_mut},
};

use openssl_sys::{SSL_SESSION, X509, stack_st_X509};

use super::{
    panic::{boundary, quiet_boundary},
    pointer,
    result::ClientCertResult,
};
use crate::{
    client::Client,
    openssl_ext::leaving_no_errors,
    sign::signer::Signer,
    ssl_session,
    tls::{
        connection::{
            AskedBy, Connection, Finished, Identity, NOT_TERMINATED, Presents, Resumed,
            SessionRecord, Verification,
        },
        host::TlsHost,
    },
};

/// A verification that OpenSSL has made of a client's chain.
#[repr(C)]
pub struct TlsVerification {
    /// The client's certificate.
    pub leaf: *mut X509,
    /// The chain that was built, the client's certificate first; NULL if there is none.
    pub chain: *const stack_st_X509,
    /// The certificate that this side presents in the handshake; NULL if there is none.
    pub presents: *mut X509,
    /// The session of the handshake.
    pub session: *mut SSL_SESSION,
    /// The virtual host whose request asked for the client; NULL for one without TLS.
    pub asked_by: *const TlsHost,
    /// Whether it was a request, and not the first handshake.
    pub is_for_request: bool,
    /// Whether the session has resumed, so that this side presents no certificate.
    pub is_resumed: bool,
    /// Whether the handshake goes on.
    pub goes_on: bool,
    /// Whether no fault was found in the chain, not even one that mod_ssl lets pass.
    pub is_faultless: bool,
    /// The security level of the connection.
    pub security_level: i32,
}

/// What the last handshake of a connection was.
#[repr(C)]
pub struct TlsHandshake {
    /// Whether it is finished. What follows is not looked at otherwise.
    pub is_finished: bool,
    /// The server's random in it.
    pub random: [u8; 32],
    /// The client's certificate, also where that came later; NULL if there is none.
    pub leaf: *mut X509,
    /// The virtual host that made it; NULL if it is not known.
    pub host: *const TlsHost,
    /// The certificate that this side presents in a full handshake; NULL if there is none.
    pub presents: *mut X509,
    /// The session that has resumed; NULL in a full handshake.
    pub session: *mut SSL_SESSION,
}

impl TlsHandshake {
    /// # Safety
    ///
    /// The pointers are NULL, or valid as the header's rules say for as long as `'a`.
    unsafe fn finished<'a>(&'a self) -> Option<Finished<'a>> {
        // SAFETY: the caller's part.
        unsafe {
            self.is_finished.then(|| Finished {
                random: &self.random,
                leaf: pointer::optional_x509(self.leaf),
                host: self.host.as_ref(),
                presents: pointer::optional_x509(self.presents),
                resumed: (!self.session.is_null()).then(|| offer(self.session)),
            })
        }
    }
}

/// # Safety
///
/// `session` is valid, and its record does not change, for as long as `'a`.
unsafe fn offer<'a>(session: *mut SSL_SESSION) -> Resumed<'a> {
    // SAFETY: the caller's part.
    unsafe { Resumed { record: ssl_session::record(session), leaf: ssl_session::leaf(session) } }
}

/// Who the client of a request is.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsClient {
    /// It has no certificate.
    None = 0,
    /// It has one that must not be forwarded.
    Unverified = 1,
    /// Who it is could not be found out, by a fault on this side.
    Fault = 2,
    /// It was verified.
    Verified = 3,
}

/// The same, and who or why.
#[repr(C)]
pub struct TlsIdentity {
    /// Who it is.
    pub state: TlsClient,
    /// Why, for the log, with CLIENT_CERT_TLS_CLIENT_UNVERIFIED and CLIENT_CERT_TLS_CLIENT_FAULT; else
    /// NULL. The string is static, NUL-terminated ASCII.
    pub reason: *const c_char,
    /// With CLIENT_CERT_TLS_CLIENT_VERIFIED the client, else NULL. It belongs to the connection, and
    /// lives until its next handshake.
    pub client: *const Client,
}

impl TlsIdentity {
    const NONE: Self = Self { state: TlsClient::None, reason: null(), client: null() };
}

impl From<Identity<'_>> for TlsIdentity {
    fn from(identity: Identity<'_>) -> Self {
        let because = |state, reason: &std::ffi::CStr| Self {
            state,
            reason: reason.as_ptr(),
            client: null(),
        };
        match identity {
            Identity::None => Self::NONE,
            Identity::Unverified(reason) => because(TlsClient::Unverified, reason),
            Identity::Fault(reason) => because(TlsClient::Fault, reason),
            Identity::Verified(client) => Self { state: TlsClient::Verified, client, ..Self::NONE },
        }
    }
}

/// Makes a place for what is known of a connection's client, with nothing in it.
///
/// Sets `*connection` to a new object, which client_cert_tls_connection_free() releases. Unlike others
/// it changes. The thread that the connection's SSL belongs to may use it, and others meanwhile with
/// client_cert_tls_connection_identify(), without a handshake, and client_cert_tls_connection_signer(),
/// once the last handshake of the connection is finished and was given to it: so it is with the streams
/// of HTTP/2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_tls_connection_new(
    connection: *mut *mut Connection,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        let connection = pointer::out(connection, null_mut())?;
        *connection = pointer::give(Connection::new());
        Ok(())
    })
}

/// Releases it. NULL is allowed, as with free(). No thread may be using it, or a client of it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_tls_connection_free(connection: *mut Connection) {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        pointer::free(connection);
        Ok(())
    });
}

/// Reads a session that a client offers to a virtual host. It may resume if
/// CLIENT_CERT_RESULT_OK is returned.
///
/// Fails with CLIENT_CERT_RESULT_HANDSHAKE_RECORD_MISSING,
/// CLIENT_CERT_RESULT_HANDSHAKE_RECORD_MALFORMED, CLIENT_CERT_RESULT_HANDSHAKE_RECORD_MISMATCH,
/// CLIENT_CERT_RESULT_HANDSHAKE_VHOST_MISMATCH, CLIENT_CERT_RESULT_HANDSHAKE_SIGNER_MISMATCH,
/// CLIENT_CERT_RESULT_CERTIFICATE_MALFORMED: it must not resume.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_tls_connection_offered(
    connection: *mut Connection,
    host: *const TlsHost,
    session: *mut SSL_SESSION,
) -> ClientCertResult {
    // SAFETY: as the header's rules say. It is in a handshake, so nothing else uses the connection.
    boundary(|| unsafe {
        let connection = pointer::borrow_mut(connection)?;
        let host = pointer::borrow(host)?;
        if session.is_null() {
            return Err(ClientCertResult::NullParameter);
        }
        Ok(connection.offered(host, offer(session))?)
    })
}

/// Notes how a virtual host's verification of a client ended, which has still to prove that it holds
/// the key. The session gets a record of it, or none, with which it does not resume.
///
/// Sets `*why` to why the client counts as unverified though no fault was found in its chain; to NULL
/// otherwise. The string is static, NUL-terminated ASCII.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_tls_connection_verified(
    connection: *mut Connection,
    host: *const TlsHost,
    verification: *const TlsVerification,
    why: *mut *const c_char,
) -> ClientCertResult {
    // SAFETY: as the header's rules say, and the texts of the parts. It is in a handshake, so nothing
    // else uses the connection or its session.
    boundary(|| unsafe {
        let why = pointer::out(why, null())?;
        let connection = pointer::borrow_mut(connection)?;
        let (host, parts) = (pointer::borrow(host)?, pointer::borrow(verification)?);
        if parts.session.is_null() {
            return Err(ClientCertResult::NullParameter);
        }
        let run = Verification {
            goes_on: parts.goes_on,
            is_faultless: parts.is_faultless,
            leaf: pointer::x509(parts.leaf)?,
            chain: &pointer::x509_stack(parts.chain),
            security_level: parts.security_level,
            asked_by: match parts.is_for_request {
                true => AskedBy::Request(parts.asked_by.as_ref()),
                false => AskedBy::Connection,
            },
            presents: match parts.is_resumed {
                true => Presents::AsBefore,
                false => Presents::New(pointer::optional_x509(parts.presents)),
            },
        };
        let verified = connection.verified(host, &run);
        *why = verified.unverified.map_or(null(), |reason| reason.as_ptr());
        match verified.record {
            SessionRecord::Unchanged => {}
            SessionRecord::None => ssl_session::set_record(parts.session, None),
            SessionRecord::Some(record) => ssl_session::set_record(parts.session, Some(&record)),
        }
        Ok(())
    })
}

/// Notes what the last handshake of a connection established, unless that is known.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_tls_connection_finished(
    connection: *mut Connection,
    handshake: *const TlsHandshake,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe { look(connection, pointer::borrow(handshake)?) })
}

/// # Safety
///
/// As the header's rules say; the calling thread is the one that the connection's SSL belongs to.
unsafe fn look(
    connection: *mut Connection,
    handshake: &TlsHandshake,
) -> Result<(), ClientCertResult> {
    // SAFETY: the caller's part. Other threads may be reading the connection: it is only read, too,
    // unless there was another handshake. Then none of them is there, see `Connection`.
    unsafe {
        let finished = handshake.finished();
        if !pointer::borrow(connection)?.is_current(finished.as_ref()) {
            let connection = pointer::borrow_mut(connection)?;
            leaving_no_errors(|| connection.finished(finished.as_ref()));
        }
    }
    Ok(())
}

/// Who the client of a request is, if it was verified as the virtual host that answers it verifies
/// clients and its certificate is valid at `now`. `host` is that, NULL if it has no TLS. `handshake` is
/// the last one of the connection, NULL where another thread looks at it: nothing is noted then.
///
/// Sets `*identity`, and fails with nothing of its own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_tls_connection_identify(
    connection: *mut Connection,
    handshake: *const TlsHandshake,
    host: *const TlsHost,
    now: i64,
    identity: *mut TlsIdentity,
) -> ClientCertResult {
    // SAFETY: as the header's rules say, and the texts of `handshake` and `host`.
    quiet_boundary(|| unsafe {
        let identity = pointer::out(identity, TlsIdentity::NONE)?;
        if let Some(handshake) = handshake.as_ref() {
            look(connection, handshake)?;
        }
        *identity = pointer::borrow(connection)?.identify(host.as_ref(), now).into();
        Ok(())
    })
}

/// The signer with the certificate by which this side of a connection was terminated, of the virtual
/// host that answers or of one that is equal to it. `connection` is NULL where there is no TLS, and
/// `host` where that has none. The client need not have presented a certificate. On a resumed session
/// it is the certificate of the full handshake.
///
/// Sets `*signer` to an object that lives as long as the virtual host; to NULL if there is none, and
/// `*why` to why. The string is static, NUL-terminated ASCII.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_tls_connection_signer(
    connection: *const Connection,
    host: *const TlsHost,
    signer: *mut *const Signer,
    why: *mut *const c_char,
) -> ClientCertResult {
    // SAFETY: as the header's rules say, and the texts of `connection` and `host`.
    quiet_boundary(|| unsafe {
        let (signer, why) = (pointer::out(signer, null())?, pointer::out(why, null())?);
        let connection = connection.as_ref();
        let found = connection.map_or(Err(NOT_TERMINATED), |it| it.signer(host.as_ref()));
        match found {
            Ok(found) => *signer = found,
            Err(reason) => *why = reason.as_ptr(),
        }
        Ok(())
    })
}
