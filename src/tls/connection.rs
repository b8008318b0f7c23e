// SPDX-License-Identifier: Apache-2.0

//! What is known of the client of a TLS connection.
//!
//! A verification says something of a client that has still to prove that it holds the key: its
//! outcome is pending until the handshake is finished. A session that resumes says what its full
//! handshake established. Renegotiation and post-handshake authentication may do all of it again on
//! the same connection.

use std::ffi::CStr;

use foreign_types::ForeignTypeRef;
use openssl::x509::{X509, X509Ref};

use crate::{
    error::Error,
    openssl_ext::shared,
    session_record::{Handshake, OfferedSession, Session},
    sign::signer::Signer,
    tls::host::TlsHost,
    tls_identity::Identified,
};

/// Why there is no signer where there is no TLS, either.
pub const NOT_TERMINATED: &CStr = c"no certificate terminated this connection";

/// What is known of a connection's client.
///
/// The SSL belongs to one thread, which alone changes this. The streams of an HTTP/2 connection are
/// on others, and read it meanwhile: [`Connection::identify`] and [`Connection::signer`] take it
/// shared. All that changes it takes it exclusively, and HTTP/2 has no handshake after the first
/// stream has begun. So the connection's own thread, too, asks [`Connection::is_current`] first, which
/// only reads: on HTTP/2 there is nothing to change any more.
#[derive(Default)]
pub struct Connection {
    /// Whether the last handshake that was looked at was finished.
    is_finished: bool,
    /// Whether the client presented a certificate in it.
    has_leaf: bool,
    /// What it established; `None` if that is unknown, or there is no client certificate. What a
    /// request is given of it stays where it is until the next handshake.
    current: Option<Box<Handshake>>,
    /// The reference keeps the address from being another's.
    leaf: Option<X509>,
    /// Why the outcome of the last verification is lost, if it is.
    fault: Option<&'static CStr>,
    /// The certificate with which this side of the connection was terminated, if that is known.
    presented: Option<[u8; 32]>,
    /// The outcome of the last verification, until its handshake is finished.
    pending: Option<(Box<Handshake>, X509)>,
    /// The server's random of the last finished handshake, of which each has another.
    /// Post-handshake authentication is none in this sense.
    random: [u8; 32],
    /// The session that was offered last.
    offered: Option<OfferedSession>,
}

/// A verification that OpenSSL has made of a client's chain.
pub struct Verification<'a> {
    /// Whether the handshake goes on.
    pub goes_on: bool,
    /// Whether no fault was found in the chain, not even one that mod_ssl lets pass.
    pub is_faultless: bool,
    /// The client's certificate.
    pub leaf: &'a X509Ref,
    /// The chain that was built, the client's certificate first; empty if none was.
    pub chain: &'a [&'a X509Ref],
    /// The security level of the connection.
    pub security_level: i32,
    /// For whom the client was asked.
    pub asked_by: AskedBy<'a>,
    /// The certificate that this side presents in the handshake; `None` where it presents none, since
    /// it does so only once in a connection and its sessions.
    pub presents: Presents<'a>,
}

/// Who asks a client for its certificate.
#[derive(Clone, Copy)]
pub enum AskedBy<'a> {
    /// The first handshake, before any request.
    Connection,
    /// A request that was read: it is for this virtual host, `None` for one without TLS.
    Request(Option<&'a TlsHost>),
}

/// Which certificate this side presents in a handshake.
#[derive(Clone, Copy)]
pub enum Presents<'a> {
    /// This one.
    New(Option<&'a X509Ref>),
    /// The session has resumed: that of before.
    AsBefore,
}

/// What came of a verification, besides what the connection knows of it now.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Why the client counts as unverified, though no fault was found in its chain.
    pub unverified: Option<&'static CStr>,
    /// What to do with the record of the session.
    pub record: SessionRecord,
}

/// What the session of a handshake is to have as its record.
#[derive(Debug, Default, PartialEq, Eq)]
pub enum SessionRecord {
    /// What it has.
    #[default]
    Unchanged,
    /// None: it must not resume.
    None,
    /// This.
    Some(Vec<u8>),
}

impl From<Option<Vec<u8>>> for SessionRecord {
    fn from(record: Option<Vec<u8>>) -> Self {
        record.map_or(Self::None, Self::Some)
    }
}

/// A finished handshake.
pub struct Finished<'a> {
    /// The server's random in it.
    pub random: &'a [u8; 32],
    /// The client's certificate, also where it came after the handshake.
    pub leaf: Option<&'a X509Ref>,
    /// The virtual host that made it.
    pub host: Option<&'a TlsHost>,
    /// The certificate that this side presents, if it does so in this handshake.
    pub presents: Option<&'a X509Ref>,
    /// What the session has, if it has resumed.
    pub resumed: Option<Resumed<'a>>,
}

/// A session that has resumed, or is to.
#[derive(Clone, Copy)]
pub struct Resumed<'a> {
    /// Its record.
    pub record: Option<&'a [u8]>,
    /// The client's certificate in it.
    pub leaf: Option<&'a X509Ref>,
}

/// Who the client of a request is. The reasons are for C, too.
pub type Identity<'a> = Identified<'a, &'static CStr>;

impl Connection {
    /// Nothing is known yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether a session may resume that a client offers to `host`. OpenSSL may ask for several in one
    /// handshake, and may still decline each: what was read is the last one's, and is compared again
    /// before it is used.
    ///
    /// # Errors
    ///
    /// Why it must not, as [`Session::handshake`].
    pub fn offered(&mut self, host: &TlsHost, session: Resumed<'_>) -> Result<(), Error> {
        self.offered = None;
        self.offered = OfferedSession::read(&session.for_host(host))?;
        Ok(())
    }

    /// Notes what `host` found. Nothing is pending of an earlier verification then.
    pub fn verified(&mut self, host: &TlsHost, run: &Verification<'_>) -> Verified {
        self.pending = None;
        self.fault = None;
        if !run.goes_on {
            return Verified::default();
        }
        let unverified = if run.is_faultless { not_hosts_own(host, run) } else { None };
        let is_verified = run.is_faultless && unverified.is_none();
        let record = match self.outcome(host, run, is_verified) {
            Ok((handshake, leaf)) => {
                let record = handshake.session_record();
                self.pending = Some((Box::new(handshake), leaf));
                record
            }
            // Its session must not resume: the outcome would be unknown there, too.
            Err(fault) => {
                self.fault = Some(fault);
                None
            }
        };
        Verified { unverified, record: record.into() }
    }

    fn outcome(
        &self,
        host: &TlsHost,
        run: &Verification<'_>,
        is_verified: bool,
    ) -> Result<(Handshake, X509), &'static CStr> {
        let presented = match run.presents {
            Presents::New(certificate) => host.certificate_id(certificate),
            Presents::AsBefore => self.presented,
        };
        let presented =
            presented.ok_or(c"the certificate that this side presented is not known")?;
        let chain = run.chain.get(1..).unwrap_or_default();
        let handshake =
            Handshake::new(*host.fingerprint(), presented, Some(run.leaf), chain, is_verified)
                .map_err(Error::reason)?;
        let leaf = shared(run.leaf).ok_or(c"out of memory")?;
        Ok((handshake, leaf))
    }

    /// Whether all is known of the last handshake, which is `None` while it is not finished.
    #[must_use]
    pub fn is_current(&self, handshake: Option<&Finished<'_>>) -> bool {
        match handshake {
            None => !self.is_finished,
            Some(handshake) => {
                self.is_finished
                    && self.random == *handshake.random
                    && self.pending.is_none()
                    && is_same(self.leaf.as_deref(), handshake.leaf)
            }
        }
    }

    /// Notes what the last handshake established. It is `None` while it is not finished.
    pub fn finished(&mut self, handshake: Option<&Finished<'_>>) {
        self.is_finished = handshake.is_some();
        let Some(handshake) = handshake else { return };
        let leaf = handshake.leaf;
        if self.random != *handshake.random {
            self.set_current(None, leaf);
            self.presented = None;
            self.random = *handshake.random;
            let resumed = self.resumed(handshake);
            self.presented = match (handshake.resumed, handshake.host) {
                (Some(_), Some(_)) => resumed.as_ref().map(|resumed| *resumed.signer_id()),
                (_, host) => host.and_then(|host| host.certificate_id(handshake.presents)),
            };
            self.set_current(resumed.map(Box::new), leaf);
        }
        match self.pending.take() {
            // The client has proved that it holds the key.
            Some((pending, of)) if is_same(Some(&of), leaf) => {
                self.set_current(Some(pending), leaf);
            }
            pending => {
                if pending.is_some() || !is_same(self.leaf.as_deref(), leaf) {
                    self.set_current(None, leaf);
                }
            }
        }
    }

    /// What the full handshake of the session established, if that has resumed. Nothing is remembered
    /// of one that was offered.
    fn resumed(&mut self, handshake: &Finished<'_>) -> Option<Handshake> {
        let offered = self.offered.take();
        let (session, host) = handshake.resumed.zip(handshake.host)?;
        OfferedSession::take(offered, &session.for_host(host)).ok()
    }

    fn set_current(&mut self, handshake: Option<Box<Handshake>>, leaf: Option<&X509Ref>) {
        self.current = handshake;
        self.has_leaf = leaf.is_some();
        self.leaf = leaf.and_then(shared);
    }

    /// The client of a request to `host`, which is `None` where that has no TLS, at `now`, in Unix
    /// seconds.
    #[must_use]
    pub fn identify(&self, host: Option<&TlsHost>, now: i64) -> Identity<'_> {
        if !self.is_finished {
            return Identity::Unverified(c"the TLS handshake is not finished");
        }
        if !self.has_leaf {
            return Identity::None;
        }
        let Some(current) = &self.current else {
            return Identity::Fault(
                self.fault.unwrap_or(c"what its handshake established is lost"),
            );
        };
        match current.client(now) {
            Err(
                error @ (Error::NoCertificate
                | Error::CertificateUnverified
                | Error::CertificateExpired
                | Error::CertificateNotYetValid),
            ) => Identity::Unverified(error.reason()),
            Err(error) => Identity::Fault(error.reason()),
            Ok(_) if host.is_none_or(|host| host.fingerprint() != current.vhost()) => {
                Identity::Unverified(c"another virtual host verified it")
            }
            Ok(client) => Identity::Verified(client),
        }
    }

    /// The signer with the certificate by which this side of the connection was terminated, whether or
    /// not the client presented one. On a resumed session that is the full handshake's. It is one of
    /// `host`'s, or of one that is equal to it.
    ///
    /// # Errors
    ///
    /// Why there is none, in words.
    pub fn signer<'a>(&self, host: Option<&'a TlsHost>) -> Result<&'a Signer, &'static CStr> {
        let presented = self.presented.ok_or(NOT_TERMINATED)?;
        host.and_then(|host| host.signer(&presented)).ok_or(
            c"the certificate that terminated this connection cannot sign, or is none of the virtual host's",
        )
    }
}

impl<'a> Resumed<'a> {
    fn for_host(self, host: &'a TlsHost) -> Session<'a> {
        Session {
            record: self.record,
            leaf: self.leaf,
            vhost: host.fingerprint(),
            signer_ids: host.certificate_ids(),
        }
    }
}

/// Why a verification that found no fault was not the one of this virtual host. In mid connection it
/// is made for a request, with mod_ssl's settings of the virtual host and the section that it is for,
/// on OpenSSL's context of the handshake. And a .htaccess file can make it laxer than the
/// administrator did.
fn not_hosts_own(host: &TlsHost, run: &Verification<'_>) -> Option<&'static CStr> {
    let is_others = match run.asked_by {
        AskedBy::Connection => false,
        AskedBy::Request(other) => {
            other.is_none_or(|other| other.fingerprint() != host.fingerprint())
        }
    };
    if is_others {
        Some(c"it was asked for by a virtual host that verifies clients otherwise")
    } else if run.chain.len() > host.max_chain() {
        Some(c"its chain is longer than any SSLVerifyDepth of the virtual host")
    } else if run.security_level < host.security_level() {
        Some(c"the security level was below that of the virtual host")
    } else {
        None
    }
}

/// Whether both are the same object of OpenSSL's: an equal certificate may be another client's, who
/// has not proved to hold the key.
fn is_same(one: Option<&X509Ref>, other: Option<&X509Ref>) -> bool {
    one.map(ForeignTypeRef::as_ptr) == other.map(ForeignTypeRef::as_ptr)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        testing::{Identity as Key, KeyKind, Leaf, NOW},
        tls::host::tests::{host, host_with},
    };

    const LOST: &CStr = c"what its handshake established is lost";

    /// A client, the server and the virtual host that verifies it.
    struct Fixture {
        client: Key,
        server: Key,
        host: TlsHost,
        connection: Connection,
    }

    impl Fixture {
        fn new() -> Self {
            let [client, server] =
                [KeyKind::P256, KeyKind::P256].map(|kind| Leaf::new(kind).self_signed());
            let host = host([1; 32], &[&server.certificate]);
            Self { client, server, host, connection: Connection::new() }
        }

        /// A verification, as the virtual host makes it in a full handshake, but for what is changed.
        fn verify<'a>(
            &'a mut self,
            leaf: &'a X509Ref,
            change: impl FnOnce(&mut Verification<'a>, &'a TlsHost),
        ) -> Verified {
            let Self { server, host, connection, .. } = self;
            let mut run = Verification {
                goes_on: true,
                is_faultless: true,
                leaf,
                chain: &[],
                security_level: 2,
                asked_by: AskedBy::Connection,
                presents: Presents::New(Some(&server.certificate)),
            };
            change(&mut run, host);
            connection.verified(host, &run)
        }

        /// The handshake with this random is finished.
        fn finish(&mut self, random: u8, leaf: Option<&X509Ref>, resumed: Option<&[u8]>) {
            let handshake = Finished {
                random: &[random; 32],
                leaf,
                host: Some(&self.host),
                presents: resumed.is_none().then_some(&*self.server.certificate),
                resumed: resumed.map(|record| Resumed { record: Some(record), leaf }),
            };
            self.connection.finished(Some(&handshake));
            assert!(self.connection.is_current(Some(&handshake)), "nothing is to be changed again");
        }

        fn identity(&self) -> Identity<'_> {
            self.connection.identify(Some(&self.host), NOW)
        }

        /// The client that was verified has this leaf.
        #[track_caller]
        fn assert_verified(&self, leaf: &X509Ref) {
            match self.identity() {
                Identity::Verified(client) => assert_eq!(client.leaf(), leaf.to_der().unwrap()),
                other => panic!("{other:?}"),
            }
        }
    }

    fn record_of(verified: Verified) -> Vec<u8> {
        match verified {
            Verified { unverified: None, record: SessionRecord::Some(record) } => record,
            other => panic!("{other:?}"),
        }
    }

    /// The record that a full handshake of this client leaves.
    fn full_handshake(fixture: &mut Fixture, leaf: &X509Ref) -> Vec<u8> {
        let record = record_of(fixture.verify(leaf, |_, _| ()));
        fixture.finish(1, Some(leaf), None);
        record
    }

    #[test]
    fn verified_then_finished() {
        let mut fixture = Fixture::new();
        let leaf = fixture.client.certificate.clone();
        assert_eq!(fixture.identity(), Identity::Unverified(c"the TLS handshake is not finished"));
        fixture.verify(&leaf, |_, _| ());
        fixture.connection.finished(None);
        // It has still to prove that it holds the key.
        assert_eq!(fixture.identity(), Identity::Unverified(c"the TLS handshake is not finished"));
        fixture.finish(1, Some(&leaf), None);
        fixture.assert_verified(&leaf);
        // Each request looks again.
        fixture.finish(1, Some(&leaf), None);
        fixture.assert_verified(&leaf);
        let (early, late) = (i64::MIN, i64::MAX);
        for (now, expected) in
            [(early, Error::CertificateNotYetValid), (late, Error::CertificateExpired)]
        {
            let identity = fixture.connection.identify(Some(&fixture.host), now);
            assert_eq!(identity, Identity::Unverified(expected.reason()));
        }
    }

    #[test]
    fn no_client_certificate() {
        let mut fixture = Fixture::new();
        fixture.finish(1, None, None);
        assert_eq!(fixture.identity(), Identity::None);
        assert_eq!(fixture.connection.presented, fixture.host.certificate_ids().first().copied());
    }

    #[test]
    fn verified_and_not_finished() {
        let mut fixture = Fixture::new();
        let leaf = fixture.client.certificate.clone();
        fixture.finish(1, None, None);
        // A second handshake fails after its verification; mod_ssl goes on with the request.
        fixture.verify(&leaf, |_, _| ());
        fixture.connection.finished(None);
        assert_eq!(fixture.identity(), Identity::Unverified(c"the TLS handshake is not finished"));
        // OpenSSL says again that it is finished: the client is that of before.
        fixture.finish(1, None, None);
        assert_eq!(fixture.identity(), Identity::None);
        // What was pending is not taken later.
        fixture.finish(1, Some(&leaf), None);
        assert_eq!(fixture.identity(), Identity::Fault(LOST));
    }

    #[test]
    fn another_leaf_than_the_verified_one() {
        let mut fixture = Fixture::new();
        let leaf = fixture.client.certificate.clone();
        fixture.verify(&leaf, |_, _| ());
        // An equal certificate is another object.
        let equal = X509::from_der(&leaf.to_der().unwrap()).unwrap();
        fixture.finish(1, Some(&equal), None);
        assert_eq!(fixture.identity(), Identity::Fault(LOST));
    }

    #[test]
    fn verification_that_failed() {
        let mut fixture = Fixture::new();
        let leaf = fixture.client.certificate.clone();
        let failed = fixture.verify(&leaf, |run, _| run.goes_on = false);
        assert_eq!(failed, Verified::default());
        // Nor does what an earlier one found hold.
        fixture.verify(&leaf, |_, _| ());
        assert_eq!(
            fixture.verify(&leaf, |run, _| run.goes_on = false).record,
            SessionRecord::Unchanged
        );
        fixture.finish(1, Some(&leaf), None);
        assert_eq!(fixture.identity(), Identity::Fault(LOST));
    }

    #[test]
    fn faults_that_mod_ssl_lets_pass() {
        let mut fixture = Fixture::new();
        let leaf = fixture.client.certificate.clone();
        let record = record_of(fixture.verify(&leaf, |run, _| run.is_faultless = false));
        fixture.finish(1, Some(&leaf), None);
        let unverified = Identity::Unverified(Error::CertificateUnverified.reason());
        assert_eq!(fixture.identity(), unverified);
        // So it is when the session resumes.
        fixture.finish(2, Some(&leaf), Some(&record));
        assert_eq!(fixture.identity(), unverified);
    }

    #[test]
    fn presented_certificate_is_not_known() {
        let mut fixture = Fixture::new();
        let leaf = fixture.client.certificate.clone();
        for presents in [Presents::New(None), Presents::AsBefore] {
            let verified = fixture.verify(&leaf, |run, _| run.presents = presents);
            assert_eq!(verified, Verified { unverified: None, record: SessionRecord::None });
            fixture.finish(1, Some(&leaf), None);
            let fault = c"the certificate that this side presented is not known";
            assert_eq!(fixture.identity(), Identity::Fault(fault));
            fixture.connection = Connection::new();
        }
        // A later verification makes it good.
        fixture.verify(&leaf, |run, _| run.presents = Presents::New(None));
        fixture.verify(&leaf, |_, _| ());
        fixture.finish(1, Some(&leaf), None);
        fixture.assert_verified(&leaf);
    }

    #[test]
    fn resumed_with_its_record() {
        let mut first = Fixture::new();
        let leaf = first.client.certificate.clone();
        let record = full_handshake(&mut first, &leaf);
        let signer_id = first.connection.presented;
        assert_eq!(signer_id.as_ref(), first.host.certificate_ids().first());

        // As it was offered, as another was, or without having been offered (a panic).
        for offered in [Some(&record[..]), None] {
            let mut connection = Connection::new();
            if let Some(record) = offered {
                let session = Resumed { record: Some(record), leaf: Some(&leaf) };
                assert_eq!(connection.offered(&first.host, session), Ok(()));
                assert!(connection.offered.is_some());
            }
            first.connection = connection;
            first.finish(2, Some(&leaf), Some(&record));
            first.assert_verified(&leaf);
            assert_eq!(first.connection.presented, signer_id);
            assert!(first.connection.offered.is_none(), "nothing is remembered");
        }
    }

    #[test]
    fn offered_and_declined() {
        let mut fixture = Fixture::new();
        let leaf = fixture.client.certificate.clone();
        let record = full_handshake(&mut fixture, &leaf);
        fixture.connection = Connection::new();
        let session = Resumed { record: Some(&record), leaf: Some(&leaf) };
        assert_eq!(fixture.connection.offered(&fixture.host, session), Ok(()));
        // One that must not resume takes its place.
        let none = Resumed { record: None, leaf: Some(&leaf) };
        let missing = Err(Error::HandshakeRecordMissing);
        assert_eq!(fixture.connection.offered(&fixture.host, none), missing);
        assert!(fixture.connection.offered.is_none());
        // Of a session that OpenSSL declines after all, nothing is left by a full handshake.
        assert_eq!(fixture.connection.offered(&fixture.host, session), Ok(()));
        fixture.finish(2, None, None);
        assert_eq!(fixture.identity(), Identity::None);
        assert!(fixture.connection.offered.is_none());
    }

    #[test]
    fn resumed_without_a_record_that_fits() {
        let mut fixture = Fixture::new();
        let leaf = fixture.client.certificate.clone();
        let record = full_handshake(&mut fixture, &leaf);
        let other = Leaf::new(KeyKind::P256).self_signed().certificate;
        for (name, record, leaf) in [
            ("none", &[][..], &leaf),
            ("malformed", &record[1..], &leaf),
            ("another client's", &record, &other),
        ] {
            fixture.connection = Connection::new();
            fixture.finish(2, Some(leaf), Some(record));
            assert_eq!(fixture.identity(), Identity::Fault(LOST), "{name}");
            assert_eq!(fixture.connection.presented, None, "{name}");
        }
        // Another virtual host is to resume it.
        for other in [host([2; 32], &[&fixture.server.certificate]), host([1; 32], &[])] {
            fixture.connection = Connection::new();
            fixture.host = other;
            fixture.finish(2, Some(&leaf), Some(&record));
            assert_eq!(fixture.identity(), Identity::Fault(LOST));
        }
    }

    #[test]
    fn another_handshake_in_mid_connection() {
        let mut fixture = Fixture::new();
        let leaf = fixture.client.certificate.clone();
        full_handshake(&mut fixture, &leaf);
        // Renegotiation as another client.
        let other = Leaf::new(KeyKind::Ed25519).self_signed().certificate;
        fixture.verify(&other, |_, _| ());
        fixture.finish(2, Some(&other), None);
        fixture.assert_verified(&other);
        // And one in which no client was verified, though it is the same one.
        fixture.finish(3, Some(&other), None);
        assert_eq!(fixture.identity(), Identity::Fault(LOST));
        // And one without a client.
        fixture.finish(4, None, None);
        assert_eq!(fixture.identity(), Identity::None);
    }

    #[test]
    fn post_handshake_authentication() {
        let mut fixture = Fixture::new();
        let leaf = fixture.client.certificate.clone();
        let presented = fixture.host.certificate_ids().first().copied();
        let none = fixture.host.record_without_client(Some(&fixture.server.certificate)).unwrap();
        for resumed in [None, Some(&none[..])] {
            fixture.connection = Connection::new();
            fixture.finish(1, None, resumed);
            assert_eq!(fixture.identity(), Identity::None);
            let verified = fixture.verify(&leaf, |run, host| {
                run.asked_by = AskedBy::Request(Some(host));
                if resumed.is_some() {
                    run.presents = Presents::AsBefore;
                }
            });
            let record = record_of(verified);
            // The random is that of before.
            fixture.finish(1, Some(&leaf), resumed);
            fixture.assert_verified(&leaf);
            assert_eq!(fixture.connection.presented, presented);
            // Its session resumes as a client's.
            fixture.connection = Connection::new();
            fixture.finish(5, Some(&leaf), Some(&record));
            fixture.assert_verified(&leaf);
        }
    }
    #[test]
    fn asked_for_by_another_virtual_host() {
        let mut fixture = Fixture::new();
        let leaf = fixture.client.certificate.clone();
        let equal = host([1; 32], &[]);
        let other = host([2; 32], &[&fixture.server.certificate]);
        fixture.verify(&leaf, |run, _| run.asked_by = AskedBy::Request(Some(&equal)));
        fixture.finish(1, Some(&leaf), None);
        fixture.assert_verified(&leaf);
        for asked_by in [Some(&other), None] {
            let verified =
                fixture.verify(&leaf, |run, _| run.asked_by = AskedBy::Request(asked_by));
            let why = c"it was asked for by a virtual host that verifies clients otherwise";
            assert_eq!(verified.unverified, Some(why));
            assert!(matches!(verified.record, SessionRecord::Some(_)));
            fixture.finish(2, Some(&leaf), None);
            let unverified = Identity::Unverified(Error::CertificateUnverified.reason());
            assert_eq!(fixture.identity(), unverified);
        }
    }

    #[test]
    fn answered_by_another_virtual_host() {
        let mut fixture = Fixture::new();
        let leaf = fixture.client.certificate.clone();
        full_handshake(&mut fixture, &leaf);
        let another = Identity::Unverified(c"another virtual host verified it");
        let other = host([2; 32], &[&fixture.server.certificate]);
        for host in [Some(&other), None] {
            assert_eq!(fixture.connection.identify(host, NOW), another);
        }
        // What is wrong with the certificate is said first.
        let expired = Identity::Unverified(Error::CertificateExpired.reason());
        assert_eq!(fixture.connection.identify(Some(&other), i64::MAX), expired);
        let equal = host([1; 32], &[]);
        assert!(matches!(fixture.connection.identify(Some(&equal), NOW), Identity::Verified(_)));
    }

    #[test]
    fn laxer_than_the_virtual_host() {
        let long = c"its chain is longer than any SSLVerifyDepth of the virtual host";
        let weak = c"the security level was below that of the virtual host";
        for (length, depth, is, least, expected) in [
            (0, 0, 2, 2, None),
            (1, 0, 2, 2, None),
            (2, 0, 2, 2, Some(long)),
            (2, 1, 2, 2, None),
            (3, 1, 1, 2, Some(long)),
            (3, u32::MAX, 1, 2, Some(weak)),
            (1, 0, 0, -1, None),
            (1, 0, 0, 0, None),
            (1, 0, 0, 1, Some(weak)),
        ] {
            let mut fixture = Fixture::new();
            fixture.host = host_with([1; 32], depth, least, &[&fixture.server.certificate]);
            let leaf = fixture.client.certificate.clone();
            let chain = vec![&*leaf; length];
            let verified = fixture.verify(&leaf, |run, _| {
                (run.chain, run.security_level) = (&chain, is);
            });
            assert_eq!(verified.unverified, expected, "{length} {depth} {is} {least}");
            // Where a fault was found, it is the reason.
            let verified = fixture.verify(&leaf, |run, _| {
                (run.chain, run.security_level, run.is_faultless) = (&chain, is, false);
            });
            assert_eq!(verified.unverified, None);
        }
    }

    #[test]
    fn nothing_changes_without_another_handshake() {
        let mut fixture = Fixture::new();
        let leaf = fixture.client.certificate.clone();
        full_handshake(&mut fixture, &leaf);
        let Fixture { host, server, connection, .. } = &mut fixture;
        let again = Finished {
            random: &[1; 32],
            leaf: Some(&leaf),
            host: Some(host),
            presents: Some(&server.certificate),
            resumed: None,
        };
        assert!(connection.is_current(Some(&again)));
        for other in [
            None,
            Some(Finished { random: &[2; 32], ..again }),
            Some(Finished { leaf: None, ..again }),
            Some(Finished { leaf: Some(&server.certificate), ..again }),
        ] {
            assert!(!connection.is_current(other.as_ref()));
        }
        // A client that a request was given stays where it is.
        let client = match connection.identify(Some(host), NOW) {
            Identity::Verified(client) => std::ptr::from_ref(client),
            other => panic!("{other:?}"),
        };
        connection.finished(Some(&again));
        match connection.identify(Some(host), NOW) {
            Identity::Verified(same) => assert!(std::ptr::eq(same, client)),
            other => panic!("{other:?}"),
        }
        connection.pending = Some((
            Box::new(Handshake::new([1; 32], [2; 32], Some(&leaf), &[], false).unwrap()),
            leaf.clone(),
        ));
        assert!(!connection.is_current(Some(&again)));
        connection.finished(None);
        assert!(connection.is_current(None));
    }
}
