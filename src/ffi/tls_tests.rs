// SPDX-License-Identifier: Apache-2.0

//! Virtual hosts and connections from C, with contexts and sessions of OpenSSL's own.

use std::{
    ffi::{CStr, c_char, c_void},
    os::unix::net::UnixStream,
    ptr::{null, null_mut},
    thread,
};

use foreign_types::{ForeignType, ForeignTypeRef};
use openssl::{
    ssl::{Ssl, SslContext, SslMethod, SslStream, SslVerifyMode, SslVersion},
    x509::X509Ref,
};
use openssl_sys::{SSL_CTX, SSL_CTX_get0_certificate, SSL_SESSION, SSL_get_session, X509};

use super::{
    listener::Listener,
    result::ClientCertResult::{
        self, HandshakeRecordMissing, HandshakeVhostMismatch, NullParameter, Ok,
    },
    tls_connection::*,
    tls_host::*,
    vhost::*,
};
use crate::{
    sign::signer::Signer,
    ssl_session,
    testing::{Identity, KeyKind, Leaf, NOW},
    tls::{connection::Connection, host::TlsHost},
};

unsafe extern "C" {
    fn SSL_SESSION_new() -> *mut SSL_SESSION;
}

type Lines = Vec<(usize, String)>;

unsafe extern "C" fn write_down(context: *mut c_void, number: usize, line: *const c_char) {
    // SAFETY: what `listener` passes, and a line that stays for this call.
    let (lines, line) = unsafe { (&mut *context.cast::<Lines>(), CStr::from_ptr(line)) };
    lines.push((number, line.to_str().unwrap().to_owned()));
}

fn listener(lines: &mut Lines) -> Listener {
    Listener { tell: Some(write_down), context: std::ptr::from_mut(lines).cast() }
}

fn context(keys: &[&Identity]) -> SslContext {
    let mut builder = SslContext::builder(SslMethod::tls_server()).unwrap();
    for key in keys {
        builder.set_certificate(&key.certificate).unwrap();
        builder.set_private_key(&key.key).unwrap();
    }
    // The client's certificate stays, whoever issued it.
    builder.set_verify_callback(SslVerifyMode::PEER, |_, _| true);
    builder.set_session_id_context(b"test").unwrap();
    builder.set_max_proto_version(Some(SslVersion::TLS1_2)).unwrap();
    builder.build()
}

const SERVER: TlsServer = TlsServer {
    vhost: null(),
    number: 0,
    name: c"a.test".as_ptr(),
    port: 443,
    file: null(),
    line: 0,
    certificate_file: c"/server.pem".as_ptr(),
    signs: true,
    directives_known: true,
};

struct Hosts {
    hosts: *mut TlsHostsHandle,
    vhosts: *mut VhostsHandle,
    lines: Lines,
}

impl Hosts {
    fn new() -> Self {
        let (mut hosts, mut vhosts) = (null_mut(), null_mut());
        // SAFETY: places for the results, and NULL.
        unsafe {
            assert_eq!(client_cert_tls_hosts_new(null_mut()), NullParameter);
            assert_eq!(client_cert_tls_hosts_new(&mut hosts), Ok);
            assert_eq!(client_cert_vhosts_new(&mut vhosts), Ok);
        }
        Self { hosts, vhosts, lines: Vec::new() }
    }

    fn add(&mut self, server: &TlsServer, context: *mut SSL_CTX) -> *const TlsHost {
        let mut host = null();
        let tell = listener(&mut self.lines);
        // SAFETY: live objects.
        let result = unsafe {
            let (hosts, vhosts) = (self.hosts, self.vhosts);
            client_cert_tls_hosts_add(hosts, vhosts, server, context, &tell, &tell, &mut host)
        };
        assert_eq!(result, Ok);
        host
    }

    fn make_signers(&mut self) {
        let tell = listener(&mut self.lines);
        // SAFETY: live objects.
        let result = unsafe { client_cert_tls_hosts_make_signers(self.hosts, false, &tell, &tell) };
        assert_eq!(result, Ok);
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        // SAFETY: made above, and nothing uses them any more; and NULL.
        unsafe {
            client_cert_tls_hosts_free(self.hosts);
            client_cert_tls_hosts_free(null_mut());
            client_cert_vhosts_free(self.vhosts);
        }
    }
}

#[test]
fn hosts_are_read_from_contexts() {
    let keys = [KeyKind::P256, KeyKind::Ed25519].map(|kind| Leaf::new(kind).self_signed());
    let [one, two] = &keys;
    let both = context(&[one, two]);
    let single = context(&[one]);
    let mut hosts = Hosts::new();
    // SAFETY: live contexts, objects that live as long as `hosts`, and what is NULL.
    unsafe {
        let selected = SSL_CTX_get0_certificate(both.as_ptr());
        let host = &*hosts.add(&SERVER, both.as_ptr());
        assert_eq!(SSL_CTX_get0_certificate(both.as_ptr()), selected, "as mod_ssl left it");
        assert_eq!(host.certificate_ids().len(), 2);
        let equal = &*hosts.add(&TlsServer { number: 1, ..SERVER }, single.as_ptr());
        assert_eq!(equal.fingerprint(), host.fingerprint());
        let unknown = TlsServer { directives_known: false, ..SERVER };
        let unlike = [(); 2].map(|()| &*hosts.add(&unknown, single.as_ptr()));
        assert_ne!(unlike[0].fingerprint(), unlike[1].fingerprint());
        assert_ne!(unlike[0].fingerprint(), host.fingerprint());
        assert!(hosts.lines.is_empty(), "{:?}", hosts.lines);

        hosts.make_signers();
        let mut signer: *const Signer = null();
        let of_file = client_cert_tls_host_signer_of_file;
        assert_eq!(of_file(equal, c"/server.pem".as_ptr(), &mut signer), Ok);
        assert!(!signer.is_null());
        assert_eq!(of_file(host, c"/server.pem".as_ptr(), &mut signer), Ok);
        assert!(signer.is_null(), "one of two certificates");
        assert_eq!(of_file(null(), c"".as_ptr(), &mut signer), NullParameter);
        assert_eq!(of_file(equal, null(), &mut signer), NullParameter);
        assert_eq!(of_file(equal, c"".as_ptr(), null_mut()), NullParameter);

        let tell = listener(&mut hosts.lines);
        let warnings = client_cert_tls_host_warnings;
        assert_eq!(warnings(host, NOW, 0, usize::MAX, &tell), Ok);
        assert_eq!(warnings(null(), NOW, 0, 0, &tell), NullParameter);
        assert_eq!(warnings(host, NOW, 0, 0, null()), NullParameter);
        assert!(hosts.lines.is_empty());
        let tell = listener(&mut hosts.lines);
        assert_eq!(warnings(host, i64::MAX, 0, usize::MAX, &tell), Ok);
        let [(0, line), (0, _)] = &hosts.lines[..] else { panic!("{:?}", hosts.lines) };
        let start = "ClientCertSigner server: SSLCertificateFile of a.test:443, certificate \"";
        assert!(line.starts_with(start) && line.contains("expired"), "{line}");

        let mut host = null();
        let (all, vhosts, ctx) = (hosts.hosts, hosts.vhosts, single.as_ptr());
        let tell = &raw const tell;
        let (add, make) = (client_cert_tls_hosts_add, client_cert_tls_hosts_make_signers);
        for result in [
            add(null(), vhosts, &SERVER, ctx, tell, tell, &mut host),
            add(all, null(), &SERVER, ctx, tell, tell, &mut host),
            add(all, vhosts, null(), ctx, tell, tell, &mut host),
            add(all, vhosts, &SERVER, null_mut(), tell, tell, &mut host),
            add(all, vhosts, &SERVER, ctx, null(), tell, &mut host),
            add(all, vhosts, &SERVER, ctx, tell, null(), &mut host),
            add(all, vhosts, &SERVER, ctx, tell, tell, null_mut()),
            make(null(), false, tell, tell),
            make(all, false, null(), tell),
            make(all, false, tell, null()),
        ] {
            assert_eq!(result, NullParameter);
        }
    }
}

#[test]
fn what_is_not_known_is_warned_of() {
    let key = Leaf::new(KeyKind::P256).self_signed();
    let single = context(&[&key]);
    let mut hosts = Hosts::new();
    let directory = std::env::temp_dir();
    let word = format!("{}\0", directory.join("no such file").display());
    for (name, words) in [(c"SSLOCSPEnable", c"on".as_ptr()), {
        (c"SSLOCSPResponderCertificateFile", word.as_ptr().cast())
    }] {
        // SAFETY: live objects and strings.
        unsafe {
            let words = [words];
            let (name, words) = (name.as_ptr(), words.as_ptr());
            let added = client_cert_vhosts_add(hosts.vhosts, null(), null(), name, words, 1);
            assert_eq!(added, Ok);
        }
    }
    for _ in 0..2 {
        assert!(!hosts.add(&SERVER, single.as_ptr()).is_null());
    }
    let line = "not all of the CAs and CRLs for clients of a.test (main server:0) can be read; it counts \
                as equal to no other virtual host";
    assert_eq!(hosts.lines, vec![(0, line.to_owned()); 2]);
}

/// A connection of a client and a server.
fn connected(
    server: &SslContext,
    client: &Identity,
) -> (SslStream<UnixStream>, thread::JoinHandle<()>) {
    let (near, far) = UnixStream::pair().unwrap();
    let mut builder = SslContext::builder(SslMethod::tls_client()).unwrap();
    builder.set_certificate(&client.certificate).unwrap();
    builder.set_private_key(&client.key).unwrap();
    let context = builder.build();
    let thread = thread::spawn(move || {
        Ssl::new(&context).unwrap().connect(far).unwrap();
    });
    (Ssl::new(server).unwrap().accept(near).unwrap(), thread)
}

struct Facts {
    random: [u8; 32],
    leaf: *mut X509,
    presents: *mut X509,
}

impl Facts {
    fn handshake(&self, host: *const TlsHost, session: *mut SSL_SESSION) -> TlsHandshake {
        let Self { random, leaf, presents } = *self;
        TlsHandshake { is_finished: true, random, leaf, host, presents, session }
    }

    fn verification(&self, session: *mut SSL_SESSION) -> TlsVerification {
        TlsVerification {
            leaf: self.leaf,
            chain: null(),
            presents: self.presents,
            session,
            asked_by: null(),
            is_for_request: false,
            is_resumed: false,
            goes_on: true,
            is_faultless: true,
            security_level: 5,
        }
    }
}

fn connection() -> *mut Connection {
    let mut connection = null_mut();
    // SAFETY: a place for the result.
    assert_eq!(unsafe { client_cert_tls_connection_new(&mut connection) }, Ok);
    connection
}

/// Who the client is, or why not.
unsafe fn identified(
    connection: *mut Connection,
    handshake: *const TlsHandshake,
    host: *const TlsHost,
) -> Result<Vec<u8>, (TlsClient, String)> {
    let mut identity = TlsIdentity { state: TlsClient::Fault, reason: null(), client: null() };
    // SAFETY: the caller's objects.
    unsafe {
        let identify = client_cert_tls_connection_identify;
        assert_eq!(identify(connection, handshake, host, NOW, &mut identity), Ok);
        match identity.client.as_ref() {
            Some(client) => Result::Ok(client.leaf().to_vec()),
            None if identity.reason.is_null() => Err((identity.state, String::new())),
            None => {
                let reason = CStr::from_ptr(identity.reason).to_str().unwrap();
                Err((identity.state, reason.to_owned()))
            }
        }
    }
}

#[test]
fn a_session_remembers_its_client() {
    let [key, client] = [KeyKind::P256, KeyKind::P256].map(|kind| Leaf::new(kind).self_signed());
    let server = context(&[&key]);
    let mut hosts = Hosts::new();
    let host = hosts.add(&SERVER, server.as_ptr());
    let unlike = hosts.add(&TlsServer { directives_known: false, ..SERVER }, server.as_ptr());
    hosts.make_signers();
    let (stream, thread) = connected(&server, &client);
    let der = client.certificate.to_der().unwrap();
    let leaf = stream.ssl().peer_certificate().unwrap();
    let presents = stream.ssl().certificate().map_or(null_mut(), X509Ref::as_ptr);
    let facts = Facts { random: [7; 32], leaf: leaf.as_ptr(), presents };
    // SAFETY: live objects, but for the NULL. The session is this thread's.
    unsafe {
        let session = SSL_get_session(stream.ssl().as_ptr());
        assert_eq!(ssl_session::leaf(session).map(ForeignTypeRef::as_ptr), Some(leaf.as_ptr()));
        let (record, offered) = (client_cert_tls_host_record, client_cert_tls_connection_offered);
        let full = connection();
        assert_eq!(offered(full, host, session), HandshakeRecordMissing);
        assert_eq!(record(host, presents, session), Ok);
        assert!(ssl_session::record(session).is_none(), "it has a client");

        let mut why = null();
        let verified = client_cert_tls_connection_verified;
        let run = facts.verification(session);
        assert_eq!(verified(full, host, &run, &mut why), Ok);
        assert!(why.is_null());
        let handshake = facts.handshake(host, null_mut());
        assert_eq!(client_cert_tls_connection_finished(full, &handshake), Ok);
        for seen in [&raw const handshake, null()] {
            assert_eq!(identified(full, seen, host), Result::Ok(der.clone()));
        }
        let written = ssl_session::record(session).unwrap().to_vec();

        // Another connection resumes it.
        let resumed = connection();
        assert_eq!(offered(resumed, unlike, session), HandshakeVhostMismatch);
        assert_eq!(offered(resumed, host, session), Ok);
        let again = facts.handshake(host, session);
        assert_eq!(identified(resumed, &again, host), Result::Ok(der));
        let another = Err((TlsClient::Unverified, "another virtual host verified it".to_owned()));
        assert_eq!(identified(resumed, null(), unlike), another);
        assert_eq!(identified(resumed, null(), null()), another);
        for connection in [full, resumed] {
            let mut signer = null();
            let get = client_cert_tls_connection_signer;
            assert_eq!(get(connection, host, &mut signer, &mut why), Ok);
            assert!(!signer.is_null() && why.is_null());
            assert_eq!(get(connection, unlike, &mut signer, &mut why), Ok);
            assert!(!signer.is_null(), "the same certificate");
            for (connection, host) in [(connection.cast_const(), null()), (null(), host)] {
                assert_eq!(get(connection, host, &mut signer, &mut why), Ok);
                assert!(signer.is_null() && !why.is_null());
            }
            assert_eq!(get(connection, host, null_mut(), &mut why), NullParameter);
            assert_eq!(get(connection, host, &mut signer, null_mut()), NullParameter);
        }

        // A verification that is not known takes the record away, one that failed does not.
        let failed = TlsVerification { goes_on: false, ..run };
        assert_eq!(verified(full, host, &failed, &mut why), Ok);
        assert_eq!(ssl_session::record(session), Some(&written[..]));
        let lost = TlsVerification { presents: null_mut(), ..run };
        assert_eq!(verified(full, host, &lost, &mut why), Ok);
        assert!(ssl_session::record(session).is_none());
        // One for a request of a virtual host without TLS.
        let asked = TlsVerification { is_for_request: true, ..run };
        assert_eq!(verified(full, host, &asked, &mut why), Ok);
        assert!(!why.is_null());

        for result in [
            verified(null_mut(), host, &run, &mut why),
            verified(full, null(), &run, &mut why),
            verified(full, host, null(), &mut why),
            verified(full, host, &TlsVerification { leaf: null_mut(), ..run }, &mut why),
            verified(full, host, &TlsVerification { session: null_mut(), ..run }, &mut why),
            verified(full, host, &run, null_mut()),
            offered(null_mut(), host, session),
            offered(full, null(), session),
            offered(full, host, null_mut()),
            record(null(), presents, session),
            record(host, presents, null_mut()),
            client_cert_tls_connection_new(null_mut()),
            client_cert_tls_connection_finished(null_mut(), &handshake),
            client_cert_tls_connection_finished(full, null()),
            client_cert_tls_connection_identify(
                null_mut(),
                null(),
                host,
                NOW,
                &mut TlsIdentity { state: TlsClient::None, reason: null(), client: null() },
            ),
            client_cert_tls_connection_identify(full, null(), host, NOW, null_mut()),
        ] {
            assert_eq!(result, NullParameter);
        }
        client_cert_tls_connection_free(full);
        client_cert_tls_connection_free(resumed);
        client_cert_tls_connection_free(null_mut());
    }
    drop(stream);
    thread.join().unwrap();
}

#[test]
fn a_session_without_a_client_gets_a_record_once() {
    let key = Leaf::new(KeyKind::P256).self_signed();
    let server = context(&[&key]);
    let mut hosts = Hosts::new();
    let host = hosts.add(&SERVER, server.as_ptr());
    // SAFETY: a new session, which is freed in the end, and live objects.
    unsafe {
        let session = SSL_SESSION_new();
        let record = client_cert_tls_host_record;
        assert_eq!(record(host, null_mut(), session), Ok);
        assert!(ssl_session::record(session).is_none(), "nothing was presented");
        assert_eq!(record(host, key.certificate.as_ptr(), session), Ok);
        let written = ssl_session::record(session).unwrap().to_vec();
        let other = Leaf::new(KeyKind::P256).self_signed();
        assert_eq!(record(host, other.certificate.as_ptr(), session), Ok);
        assert_eq!(ssl_session::record(session), Some(&written[..]));
        assert!(ssl_session::leaf(session).is_none());
        let connection = connection();
        let offered = client_cert_tls_connection_offered(connection, host, session);
        assert_eq!(offered, ClientCertResult::Ok);
        let facts = Facts { random: [1; 32], leaf: null_mut(), presents: null_mut() };
        let handshake = facts.handshake(host, session);
        let none = Err((TlsClient::None, String::new()));
        assert_eq!(identified(connection, &handshake, host), none);
        client_cert_tls_connection_free(connection);
        openssl_sys::SSL_SESSION_free(session);
    }
}
