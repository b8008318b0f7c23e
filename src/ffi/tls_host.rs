// SPDX-License-Identifier: Apache-2.0

//! The virtual hosts that mod_ssl terminates.

use std::{
    ffi::{c_char, c_void},
    ptr::{null, null_mut},
    sync::{Arc, Mutex, MutexGuard},
};

use openssl::rand::rand_bytes;
use openssl_sys::{SSL_CTX, SSL_SESSION, X509};

use super::{
    enums, listener::Listener, panic::boundary, pointer, result::ClientCertResult,
    vhost::VhostsHandle,
};
use crate::{
    sign::signer::Signer,
    ssl_context, ssl_session,
    tls::{
        host::{Rules, Server, TlsHost},
        hosts::{Fault, TlsHosts},
    },
};

/// The virtual hosts of one configuration that mod_ssl terminates, and signers of their certificates.
pub struct TlsHostsHandle(Mutex<TlsHosts>);

impl TlsHostsHandle {
    fn lock(&self) -> Result<MutexGuard<'_, TlsHosts>, ClientCertResult> {
        // A thread panicked while it held the lock, and may have left the object incomplete.
        self.0.lock().map_err(|_| ClientCertResult::Panic)
    }
}

/// What a server says of itself.
#[repr(C)]
pub struct TlsServer {
    /// What names it in client_cert_vhosts_add().
    pub vhost: *const c_void,
    /// Its number in the list of servers, the main server's is 0.
    pub number: usize,
    /// Its ServerName; NULL if it has none.
    pub name: *const c_char,
    /// Its port.
    pub port: u32,
    /// Where it is configured, NULL for the main server, and the line there.
    pub file: *const c_char,
    /// The same.
    pub line: u32,
    /// The SSLCertificateFile; NULL if there is none, or more than one.
    pub certificate_file: *const c_char,
    /// Whether it signs with a certificate that it presents.
    pub signs: bool,
    /// Whether all of mod_ssl's directives in the configuration are known.
    pub directives_known: bool,
}

impl TlsServer {
    unsafe fn server(&self) -> Result<Server, ClientCertResult> {
        // SAFETY: as the header's rules say, and the text of each.
        let octets = |string: *const c_char| unsafe {
            (!string.is_null()).then(|| pointer::string(string)).transpose()
        };
        let text = |string| {
            Ok::<_, ClientCertResult>(
                octets(string)?.map(|it| String::from_utf8_lossy(it).into_owned()),
            )
        };
        Ok(Server {
            number: self.number,
            name: text(self.name)?,
            port: self.port,
            file: text(self.file)?,
            line: self.line,
            certificate_file: octets(self.certificate_file)?.map(<[u8]>::to_vec),
            signs: self.signs,
        })
    }
}

/// Makes a place for virtual hosts, with nothing in it.
///
/// Sets `*hosts` to a new object, which client_cert_tls_hosts_free() releases. Unlike others it
/// changes, and any number of threads may use it at once all the same.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_tls_hosts_new(
    hosts: *mut *mut TlsHostsHandle,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let hosts = pointer::out(hosts, null_mut())?;
        *hosts = pointer::give(TlsHostsHandle(Mutex::new(TlsHosts::new())));
        Ok(())
    })
}

/// Releases it. NULL is allowed, as with free(). No thread may be using it, one of its hosts or a
/// signer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_tls_hosts_free(hosts: *mut TlsHostsHandle) {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        pointer::free(hosts);
        Ok(())
    });
}

/// Adds a virtual host, in the order of the list of servers. `vhosts` knows mod_ssl's directives about
/// it; `context` is its, from which its certificates and how it verifies clients are read: two
/// virtual hosts that verify alike are equal, in every process and on every machine. References to the
/// certificates and their keys are taken. Directories of CAs and CRLs and files that directives name
/// are read, each directory once.
///
/// `warn` is called with 0 and a line where not all that verification depends on can be found out; it
/// is equal to no other then. `fault` is called with 0 and a line about a certificate of no use.
///
/// Sets `*host` to an object that belongs to `hosts` and lives as long as it; to NULL where `fault` was
/// called.
///
/// Fails with CLIENT_CERT_RESULT_CERTIFICATE_MALFORMED, of a CA or CRL, and
/// CLIENT_CERT_RESULT_OUT_OF_MEMORY where OpenSSL does not give all that it has, or no random number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_tls_hosts_add(
    hosts: *const TlsHostsHandle,
    vhosts: *const VhostsHandle,
    server: *const TlsServer,
    context: *mut SSL_CTX,
    fault: *const Listener,
    warn: *const Listener,
    host: *mut *const TlsHost,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let host = pointer::out(host, null())?;
        let (hosts, vhosts) = (pointer::borrow(hosts)?, pointer::borrow(vhosts)?);
        let facts = pointer::borrow(server)?;
        let (fault, warn) = (pointer::borrow(fault)?, pointer::borrow(warn)?);
        if context.is_null() {
            return Err(ClientCertResult::NullParameter);
        }
        let server = facts.server()?;
        let (fingerprint, limits) = vhosts.verification(facts.vhost, context)?;
        if fingerprint.is_none() {
            warn.tell(0, &server.unknown_verification())?;
        }
        let fingerprint = match fingerprint.filter(|_| facts.directives_known) {
            Some(fingerprint) => fingerprint,
            None => like_no_other()?,
        };
        let rules = Rules {
            fingerprint,
            depth: limits.depth,
            security_level: match limits.section_ciphers {
                true => -1,
                false => openssl_sys::SSL_CTX_get_security_level(context),
            },
        };
        let presented = ssl_context::presented(context).ok_or(ClientCertResult::OutOfMemory)?;
        match hosts.lock()?.add(server, rules, presented) {
            Ok(added) => *host = Arc::as_ptr(&added),
            Err(Fault { line, .. }) => fault.tell(0, &line)?,
        }
        Ok(())
    })
}

fn like_no_other() -> Result<[u8; 32], ClientCertResult> {
    let mut fingerprint = [0; 32];
    rand_bytes(&mut fingerprint).map_err(|_| ClientCertResult::OutOfMemory)?;
    Ok(fingerprint)
}

/// Makes the signers of all virtual hosts that sign with a certificate that they present, and of those
/// that are equal to one. To be called once, when all are there, and before anything looks for one.
///
/// A certificate that cannot sign is a fault where its virtual host signs. `fault` is called once with
/// the number of the server and a line about it, or not at all. At a restart of a running server
/// `error` is called for each instead.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_tls_hosts_make_signers(
    hosts: *const TlsHostsHandle,
    is_restart: bool,
    fault: *const Listener,
    error: *const Listener,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let (fault, error) = (pointer::borrow(fault)?, pointer::borrow(error)?);
        let made = pointer::borrow(hosts)?.lock()?.make_signers(is_restart);
        match made {
            Ok(faults) => faults.iter().try_for_each(|found| error.tell(found.server, &found.line)),
            Err(found) => fault.tell(found.server, &found.line),
        }
    })
}

/// As client_cert_signer_warnings(), of the certificates that a virtual host presents and that can
/// sign.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_tls_host_warnings(
    host: *const TlsHost,
    now: i64,
    certs: u32,
    large: usize,
    warn: *const Listener,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let (host, warn) = (pointer::borrow(host)?, pointer::borrow(warn)?);
        let lines = host.warnings(now, &enums::signer_certs_in_use(certs)?, large);
        lines.iter().try_for_each(|line| warn.tell(0, line))
    })
}

/// The signer whose certificate stands in a file that SSLCertificateFile names.
///
/// Sets `*signer` to an object that belongs to the virtual host and lives as long as it, NULL if there
/// is none or not known to be that of the file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_tls_host_signer_of_file(
    host: *const TlsHost,
    file: *const c_char,
    signer: *mut *const Signer,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let signer = pointer::out(signer, null())?;
        let found = pointer::borrow(host)?.signer_of_file(pointer::string(file)?);
        *signer = found.map_or(null(), std::ptr::from_ref);
        Ok(())
    })
}

/// Gives a new session in which no client was verified a record: at least the certificate that this
/// side presents has to be known if a client authenticates later in the connection. `certificate` is
/// that, NULL if there is none. A session that has a record, or a client, stays as it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_tls_host_record(
    host: *const TlsHost,
    certificate: *mut X509,
    session: *mut SSL_SESSION,
) -> ClientCertResult {
    // SAFETY: as the header's rules say; the session is the calling thread's.
    boundary(|| unsafe {
        let host = pointer::borrow(host)?;
        if session.is_null() {
            return Err(ClientCertResult::NullParameter);
        }
        if ssl_session::record(session).is_none() && ssl_session::leaf(session).is_none() {
            if let Some(record) = host.record_without_client(pointer::optional_x509(certificate)) {
                ssl_session::set_record(session, Some(&record));
            }
        }
        Ok(())
    })
}
