// SPDX-License-Identifier: Apache-2.0

//! One virtual host as mod_ssl terminates it: how it verifies clients, and with which certificates it
//! can sign.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};

use foreign_types::ForeignTypeRef;
use openssl::x509::{X509, X509Ref};

use crate::{
    session_record::Handshake,
    sign::signer::{Signer, SignerCerts},
    x509::certificate,
};

/// One of the certificates that SSLCertificateFile gave a virtual host.
pub struct Certificate {
    /// The SHA-256 of its DER.
    pub(super) id: [u8; 32],
    /// mod_ssl's own object, and a reference to it.
    pub(super) certificate: X509,
    /// Not there where nothing is to be signed, and where it cannot sign.
    pub(super) signer: OnceLock<Arc<Signer>>,
}

/// By the fingerprint of a virtual host, and their identity: of certificates that equal hosts
/// present, the first.
pub(super) type ByHost = HashMap<([u8; 32], [u8; 32]), Arc<Certificate>>;

/// What a server says of itself.
#[derive(Clone, Debug, Default)]
pub struct Server {
    /// In the list of servers, the main server's is 0.
    pub number: usize,
    /// Its ServerName, if it has one.
    pub name: Option<String>,
    /// Its port.
    pub port: u32,
    /// Where it is configured, and the line there; `None` for the main server.
    pub file: Option<String>,
    /// The same.
    pub line: u32,
    /// The SSLCertificateFile, if there is but one.
    pub certificate_file: Option<Vec<u8>>,
    /// Whether it signs with a certificate that it presents.
    pub signs: bool,
}

impl Server {
    fn name(&self) -> &str {
        self.name.as_deref().unwrap_or("*")
    }

    /// The line about a virtual host whose verification is not known as a whole.
    #[must_use]
    pub fn unknown_verification(&self) -> String {
        format!(
            "not all of the CAs and CRLs for clients of {} ({}:{}) can be read; it counts as equal to \
             no other virtual host",
            self.name(),
            self.file.as_deref().unwrap_or("main server"),
            self.line
        )
    }

    /// How a message names one of the certificates that it presents.
    pub(super) fn label(&self, certificate: &X509Ref) -> String {
        let subject = certificate::one_line_subject(certificate);
        let subject = subject.as_deref().map_or("unknown".into(), String::from_utf8_lossy);
        let (name, port) = (self.name(), self.port);
        format!("server: SSLCertificateFile of {name}:{port}, certificate \"{subject}\"")
    }
}

/// How a virtual host verifies clients.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// All that the verification of a client depends on: a session of a virtual host that verifies
    /// otherwise, or of this one before its CAs changed, bears another.
    pub fingerprint: [u8; 32],
    /// The largest SSLVerifyDepth, sections included.
    pub depth: u32,
    /// The least security level; -1 where sections have some of their own.
    pub security_level: i32,
}

/// A virtual host. Once the signers are made, it does not change.
pub struct TlsHost {
    pub(super) server: Server,
    pub(super) certificates: Vec<Arc<Certificate>>,
    ids: Vec<[u8; 32]>,
    rules: Rules,
    others: Arc<OnceLock<ByHost>>,
}

impl TlsHost {
    pub(super) fn new(
        server: Server,
        rules: Rules,
        certificates: Vec<Arc<Certificate>>,
        others: Arc<OnceLock<ByHost>>,
    ) -> Self {
        let ids = certificates.iter().map(|certificate| certificate.id).collect();
        Self { server, certificates, ids, rules, others }
    }

    /// See [`Rules::fingerprint`].
    #[must_use]
    pub fn fingerprint(&self) -> &[u8; 32] {
        &self.rules.fingerprint
    }

    /// The identities of its certificates. They stay where they are.
    #[must_use]
    pub fn certificate_ids(&self) -> &[[u8; 32]] {
        &self.ids
    }

    /// The length of the longest chain that some SSLVerifyDepth allows, the client's certificate
    /// included.
    pub(super) fn max_chain(&self) -> usize {
        usize::try_from(self.rules.depth).unwrap_or(usize::MAX).saturating_add(1)
    }

    /// See [`Rules::security_level`].
    pub(super) fn security_level(&self) -> i32 {
        self.rules.security_level
    }

    /// The identity of the certificate that is presented in a handshake, also of one that was set for
    /// this connection alone, as for an ACME challenge. `None` where there is none.
    #[must_use]
    pub fn certificate_id(&self, presented: Option<&X509Ref>) -> Option<[u8; 32]> {
        let presented = presented?;
        let is_presented = |own: &&Arc<Certificate>| own.certificate.as_ptr() == presented.as_ptr();
        match self.certificates.iter().find(is_presented) {
            Some(own) => Some(own.id),
            None => certificate::der(presented).ok().map(|der| certificate::id(&der)),
        }
    }

    /// The record of a session in which no client was verified.
    #[must_use]
    pub fn record_without_client(&self, presented: Option<&X509Ref>) -> Option<Vec<u8>> {
        let id = self.certificate_id(presented)?;
        Handshake::new(self.rules.fingerprint, id, None, &[], false).ok()?.session_record()
    }

    /// The signer whose certificate has this identity, of this host or of one that is equal to it.
    #[must_use]
    pub fn signer(&self, id: &[u8; 32]) -> Option<&Signer> {
        let own = self.certificates.iter().find(|own| own.id == *id);
        let found = own.or_else(|| self.others.get()?.get(&(self.rules.fingerprint, *id)))?;
        found.signer.get().map(|signer| &**signer)
    }

    /// The signers of its certificates, where it signs with them.
    pub fn signers(&self) -> impl Iterator<Item = &Signer> {
        let all = self.server.signs.then_some(&self.certificates).into_iter().flatten();
        all.filter_map(|own| own.signer.get().map(|signer| &**signer))
    }

    /// Its ServerName, if it has one.
    #[must_use]
    pub fn server_name(&self) -> Option<&str> {
        self.server.name.as_deref()
    }

    /// The signer whose certificate stands in a file. Of several certificates none is known to be the
    /// file's.
    #[must_use]
    pub fn signer_of_file(&self, file: &[u8]) -> Option<&Signer> {
        let [certificate] = &self.certificates[..] else { return None };
        let is_its = self.server.certificate_file.as_deref() == Some(file);
        certificate.signer.get().filter(|_| is_its).map(|signer| &**signer)
    }

    /// What of its signers will go wrong, in lines.
    #[must_use]
    pub fn warnings(&self, now: i64, certs: &[SignerCerts], large: usize) -> Vec<String> {
        let of = |own: &Arc<Certificate>| {
            let label = self.server.label(&own.certificate);
            let lines = own.signer.get().map(|signer| signer.use_warnings(now, certs, large));
            let lines = lines.unwrap_or_default();
            lines.into_iter().map(move |line| format!("ClientCertSigner {label}: {line}"))
        };
        self.certificates.iter().flat_map(of).collect()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A virtual host that presents these certificates, without signers.
    pub(in crate::tls) fn host(fingerprint: [u8; 32], certificates: &[&X509Ref]) -> TlsHost {
        host_with(fingerprint, 1, 1, certificates)
    }

    pub(in crate::tls) fn host_with(
        fingerprint: [u8; 32],
        depth: u32,
        security_level: i32,
        certificates: &[&X509Ref],
    ) -> TlsHost {
        let rules = Rules { fingerprint, depth, security_level };
        let of = |certificate: &&X509Ref| {
            let id = certificate::id(&certificate.to_der().unwrap());
            let certificate = (*certificate).to_owned();
            Arc::new(Certificate { id, certificate, signer: OnceLock::new() })
        };
        let certificates = certificates.iter().map(of).collect();
        TlsHost::new(Server::default(), rules, certificates, Arc::default())
    }
}
