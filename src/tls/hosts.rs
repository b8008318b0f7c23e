// SPDX-License-Identifier: Apache-2.0

//! The virtual hosts of one configuration that mod_ssl terminates, and signers of their certificates.

use std::{
    collections::HashSet,
    sync::{Arc, OnceLock},
};

use crate::{
    error::Error,
    sign::signers::Signers,
    ssl_context::Presented,
    tls::host::{ByHost, Certificate, Rules, Server, TlsHost},
    x509::certificate,
};

/// The virtual hosts of one configuration.
#[derive(Default)]
pub struct TlsHosts {
    hosts: Vec<Host>,
    first: ByHost,
    /// What of [`Self::first`] the hosts have, from when the signers are made.
    others: Arc<OnceLock<ByHost>>,
    signers: Signers,
}

/// A host, and of what its signers are made.
struct Host {
    host: Arc<TlsHost>,
    presented: Vec<Presented>,
}

/// What is wrong with a certificate, in words.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    /// The number of the server that presents it.
    pub server: usize,
    /// A line that names it.
    pub line: String,
}

impl TlsHosts {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one. It may have several certificates, one for each type of key.
    ///
    /// # Errors
    ///
    /// What is wrong with one of its certificates.
    pub fn add(
        &mut self,
        server: Server,
        rules: Rules,
        presented: Vec<Presented>,
    ) -> Result<Arc<TlsHost>, Fault> {
        let mut certificates = Vec::with_capacity(presented.len());
        for Presented { certificate, .. } in &presented {
            let der = certificate::der(certificate).map_err(|error| Fault {
                server: server.number,
                line: complaint(&server.label(certificate), error),
            })?;
            let id = certificate::id(&der);
            let own = Arc::new(Certificate {
                id,
                certificate: certificate.clone(),
                signer: OnceLock::new(),
            });
            self.first.entry((rules.fingerprint, id)).or_insert_with(|| Arc::clone(&own));
            certificates.push(own);
        }
        let host = TlsHost::new(server, rules, certificates, Arc::clone(&self.others));
        let host = Arc::new(host);
        self.hosts.push(Host { host: Arc::clone(&host), presented });
        Ok(host)
    }

    /// Makes the signers, when all hosts are there. The certificate that was presented signs: of the
    /// virtual host that answers, or of one that is equal to it.
    ///
    /// A certificate that cannot sign is a fault only where its virtual host signs. At a restart it may
    /// be a renewed one, with which mod_ssl goes on: the faults of all are in the result then. Otherwise
    /// the first is the error.
    ///
    /// # Errors
    ///
    /// The fault that ends a start.
    pub fn make_signers(&mut self, is_restart: bool) -> Result<Vec<Fault>, Fault> {
        let Self { hosts, signers, .. } = self;
        let signing: HashSet<_> = hosts
            .iter()
            .filter(|Host { host, .. }| host.server.signs)
            .map(|Host { host, .. }| *host.fingerprint())
            .collect();
        let mut faults = Vec::new();
        for Host { host, presented } in hosts.iter_mut() {
            // Neither the keys nor the chains are needed again.
            for (own, presented) in host.certificates.iter().zip(std::mem::take(presented)) {
                if !signing.contains(host.fingerprint()) {
                    continue;
                }
                let Presented { certificate, key, chain } = presented;
                let chain: Vec<_> = chain.iter().map(|certificate| &**certificate).collect();
                let fault = |error| Fault {
                    server: host.server.number,
                    line: complaint(&host.server.label(&certificate), error),
                };
                match signers.get(&certificate, &key, &chain) {
                    Ok(signer) => _ = own.signer.set(signer),
                    Err(_) if !host.server.signs => {}
                    Err(error) if is_restart => {
                        let Fault { server, line } = fault(error);
                        let line = format!("{line}; requests that it is to sign are answered 500");
                        faults.push(Fault { server, line });
                    }
                    Err(error) => return Err(fault(error)),
                }
            }
        }
        _ = self.others.set(std::mem::take(&mut self.first));
        Ok(faults)
    }
}

fn complaint(label: &str, error: Error) -> String {
    format!("ClientCertSigner {label}: {error}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        sign::signer::{Signer, SignerCerts},
        testing::{Identity as Key, KeyKind, Leaf, NOW},
    };

    const RULES: Rules = Rules { fingerprint: [1; 32], depth: 1, security_level: 1 };

    fn server(number: usize, signs: bool) -> Server {
        let name = Some(format!("{number}.test"));
        let certificate_file = Some(b"/server.pem".to_vec());
        Server { number, name, port: 443, certificate_file, signs, ..Server::default() }
    }

    fn presented(key: &Key, chain: &[&Key]) -> Presented {
        Presented {
            certificate: key.certificate.clone(),
            key: key.key.clone(),
            chain: chain.iter().map(|key| key.certificate.clone()).collect(),
        }
    }

    /// One that cannot sign: its key is another's, as it never is with mod_ssl.
    fn unusable() -> Presented {
        let [one, other] = [KeyKind::P256, KeyKind::P256].map(|kind| Leaf::new(kind).self_signed());
        Presented { key: other.key, ..presented(&one, &[]) }
    }

    fn id(key: &Key) -> [u8; 32] {
        certificate::id(&key.certificate.to_der().unwrap())
    }

    #[test]
    fn own_certificates_and_those_of_equal_hosts_sign() {
        let keys = [KeyKind::P256, KeyKind::Ed25519, KeyKind::P256, KeyKind::P256];
        let [one, two, three, four] = keys.map(|kind| Leaf::new(kind).self_signed());
        let mut hosts = TlsHosts::new();
        let others = Rules { fingerprint: [2; 32], ..RULES };
        let a = hosts
            .add(server(0, true), RULES, vec![presented(&one, &[]), presented(&two, &[])])
            .unwrap();
        let equal = hosts.add(server(1, false), RULES, vec![presented(&three, &[])]).unwrap();
        let other = hosts.add(server(2, false), others, vec![presented(&four, &[])]).unwrap();
        assert_eq!(a.certificate_ids(), [id(&one), id(&two)]);
        assert!(a.signer(&id(&one)).is_none(), "not made yet");
        assert_eq!(hosts.make_signers(false), Ok(vec![]));
        for host in [&a, &equal] {
            for key in [&one, &two, &three] {
                assert_eq!(host.signer(&id(key)).map(Signer::id), Some(&id(key)));
            }
            assert!(host.signer(&id(&four)).is_none(), "of one that verifies otherwise");
        }
        assert!(other.signer(&id(&four)).is_none(), "nobody signs there");
        assert!(other.signer(&id(&one)).is_none());
        // What expires is shown of those that sign themselves.
        assert_eq!([&a, &equal, &other].map(|host| host.signers().count()), [2, 0, 0]);
    }

    #[test]
    fn own_certificate_before_an_equal_hosts() {
        let ca = Leaf::ca("CA").self_signed();
        let key = Leaf::new(KeyKind::P256).issued_by(&ca);
        let below = Leaf::ca("below").issued_by(&ca);
        let leaf = Leaf::new(KeyKind::P256).issued_by(&below);
        let mut hosts = TlsHosts::new();
        let mut add = |number, chain: &[&Key]| {
            hosts.add(server(number, true), RULES, vec![presented(&leaf, chain)]).unwrap()
        };
        let (first, second) = (add(0, &[]), add(1, &[&below]));
        let third = hosts.add(server(2, true), RULES, vec![presented(&key, &[])]).unwrap();
        hosts.make_signers(false).unwrap();
        let length = |host: &TlsHost| host.signer(&id(&leaf)).unwrap().certificate_chain().len();
        // With the chain that each has itself; the third has none, and takes the first's.
        assert_eq!([&first, &second, &third].map(|host| length(host)), [1, 2, 1]);
    }

    #[test]
    fn certificates_that_cannot_sign() {
        for (signs, is_restart) in [(true, false), (true, true), (false, false), (false, true)] {
            let good = Leaf::new(KeyKind::P256).self_signed();
            let mut hosts = TlsHosts::new();
            hosts.add(server(3, true), RULES, vec![presented(&good, &[])]).unwrap();
            let all = vec![unusable(), presented(&good, &[]), unusable()];
            let host = hosts.add(server(4, signs), RULES, all).unwrap();
            let line = format!(
                "ClientCertSigner server: SSLCertificateFile of 4.test:443, certificate \"/CN=leaf\": {}",
                Error::SignerKeyMismatch
            );
            let made = hosts.make_signers(is_restart);
            match (signs, is_restart) {
                (true, false) => {
                    assert_eq!(made, Err(Fault { server: 4, line }));
                    continue;
                }
                (true, true) => {
                    let line = format!("{line}; requests that it is to sign are answered 500");
                    let fault = || Fault { server: 4, line: line.clone() };
                    assert_eq!(made, Ok(vec![fault(), fault()]));
                }
                (false, _) => assert_eq!(made, Ok(vec![])),
            }
            let [first, second, third] = *host.certificate_ids() else { panic!("three") };
            let can_sign = [first, second, third].map(|id| host.signer(&id).is_some());
            assert_eq!(can_sign, [false, true, false]);
        }
    }

    #[test]
    fn the_file_of_a_certificate() {
        let [one, two] =
            [KeyKind::P256, KeyKind::Ed25519].map(|kind| Leaf::new(kind).self_signed());
        let mut hosts = TlsHosts::new();
        let several = Server { certificate_file: None, ..server(1, true) };
        let single = hosts.add(server(0, true), RULES, vec![presented(&one, &[])]).unwrap();
        let several = hosts.add(several, RULES, vec![presented(&one, &[])]).unwrap();
        let both = vec![presented(&one, &[]), presented(&two, &[])];
        let both = hosts.add(server(2, true), RULES, both).unwrap();
        let none = hosts.add(server(3, true), RULES, vec![]).unwrap();
        assert!(single.signer_of_file(b"/server.pem").is_none(), "not made yet");
        hosts.make_signers(false).unwrap();
        let signer = single.signer_of_file(b"/server.pem");
        assert_eq!(signer.map(Signer::id), Some(&id(&one)));
        assert!(single.signer_of_file(b"/other.pem").is_none());
        for host in [several, both, none] {
            assert!(host.signer_of_file(b"/server.pem").is_none());
        }
    }

    #[test]
    fn presented_certificates_have_an_identity() {
        let [own, other] = [KeyKind::P256, KeyKind::P256].map(|kind| Leaf::new(kind).self_signed());
        let mut hosts = TlsHosts::new();
        let host = hosts.add(server(0, false), RULES, vec![presented(&own, &[])]).unwrap();
        assert_eq!(host.certificate_id(Some(&own.certificate)), Some(id(&own)));
        // One that was set for a connection alone.
        assert_eq!(host.certificate_id(Some(&other.certificate)), Some(id(&other)));
        assert_eq!(host.certificate_id(None), None);
        assert_eq!(host.record_without_client(None), None);
    }

    #[test]
    fn lines() {
        let key = Leaf::new(KeyKind::P256).valid(NOW - 9, NOW - 1).self_signed();
        let mut hosts = TlsHosts::new();
        let unnamed = Server { name: None, ..server(0, true) };
        let host = hosts.add(unnamed, RULES, vec![presented(&key, &[])]).unwrap();
        assert!(host.warnings(NOW, &[SignerCerts::Chain], usize::MAX).is_empty(), "no signer yet");
        hosts.make_signers(false).unwrap();
        let lines = host.warnings(NOW, &[SignerCerts::Chain], usize::MAX);
        let start =
            "ClientCertSigner server: SSLCertificateFile of *:443, certificate \"/CN=leaf\": ";
        assert!(matches!(&lines[..], [line] if line.starts_with(start)), "{lines:?}");
        let known = Server { file: Some("/httpd.conf".into()), line: 7, ..server(5, true) };
        for (server, place) in [
            (Server { line: 9, ..Server::default() }, "* (main server:9)"),
            (known, "5.test (/httpd.conf:7)"),
        ] {
            let line = format!(
                "not all of the CAs and CRLs for clients of {place} can be read; it counts as equal to \
                 no other virtual host"
            );
            assert_eq!(server.unknown_verification(), line);
        }
    }
}
