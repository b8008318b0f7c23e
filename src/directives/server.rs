// SPDX-License-Identifier: Apache-2.0

//! The directives of whole servers, and what follows from all for a server.

use std::ffi::CString;

use super::{
    Checked, Directive, Line, Settings,
    words::{self, fault, is},
};
use crate::{
    accept_role::Part,
    config::forward_headers,
    configured_files::{FileKind, Files},
};

/// ClientCertSignatureLifetime where it is unset, in seconds.
const DEFAULT_LIFETIME: u32 = 60;

/// Each, and what reads its words; with mod_ssl's SSLOptions.
pub(super) const DIRECTIVES: [Directive; 6] = [
    (c"ClientCertSigner", |settings, line, _, files| settings.set_signer(line, files)),
    (c"ClientCertSignatureLifetime", |settings, line, _, _| settings.set_signature_lifetime(line)),
    (c"ClientCertSignatureCache", |settings, line, _, _| settings.set_signature_cache(line)),
    (c"ClientCertIncoming", |settings, line, _, _| settings.set_incoming(line)),
    (c"ClientCertKnownHeaders", |settings, line, _, _| settings.set_known_headers(line)),
    (c"SSLOptions", |settings, line, _, _| {
        settings.see_ssl_options(line);
        Ok(())
    }),
];

/// What is said in a virtual host, or in the main server, and in its sections.
#[derive(Clone, Default)]
pub(super) struct Server {
    /// ClientCertSigner
    pub(super) signer: Option<SignerSource>,
    /// ClientCertSignatureLifetime in seconds.
    lifetime: Option<u32>,
    /// Whether ClientCertIncoming is reject.
    rejects: Option<bool>,
    /// ClientCertKnownHeaders
    kept: Option<KeptHeaders>,
    /// Whether a section of it forwards.
    pub(super) forwards_in_section: bool,
    /// Whether a ClientCertForward signs.
    pub(super) signs: bool,
    /// Whether a ClientCertAccept accepts.
    pub(super) accepts: bool,
    /// ClientCertSignerCerts, as bits.
    pub(super) signer_certs: u32,
    /// The headers of ClientCertForward.
    pub(super) certificates: Vec<Header>,
    /// Those of ClientCertForwardVariable.
    pub(super) variables: Vec<Header>,
    /// Where the first ClientCertForwardVariable stands.
    pub(super) variables_place: Option<Vec<u8>>,
    /// Where the last SSLOptions LegacyDNStringFormat stands.
    pub(super) legacy_names_place: Option<Vec<u8>>,
    /// The numbers of what it says outside of sections.
    pub(super) forward: Option<usize>,
    pub(super) accept: Option<usize>,
}

/// A header that a directive of the forward role names.
#[derive(Clone)]
pub(super) struct Header {
    pub(super) name: Vec<u8>,
    /// Where the directive stands.
    pub(super) place: Vec<u8>,
}

/// Who signs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum SignerSource {
    /// The certificate that terminated the connection.
    #[default]
    Server,
    /// The file of that number.
    File(usize),
}

/// Which of the known headers a client may send.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct KeptHeaders {
    /// "keep" without a name.
    pub(crate) all: bool,
    pub(crate) names: Vec<CString>,
}

/// What holds for a server, with what it has of the main server, and the defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MergedServer {
    pub(crate) signer: SignerSource,
    /// In seconds.
    pub(crate) lifetime: u32,
    pub(crate) rejects: bool,
    pub(crate) kept: KeptHeaders,
    /// Whether it forwards, as a whole or in a section.
    pub(crate) forwards: bool,
    /// Whether a ClientCertForward of it signs.
    pub(crate) signs: bool,
    /// Whether a ClientCertAccept of it accepts.
    pub(crate) accepts: bool,
    /// The ClientCertSignerCerts that there are, as bits.
    pub(crate) signer_certs: u32,
}

impl Settings {
    fn set_signature_cache(&mut self, line: &Line<'_>) -> Checked<()> {
        let word = line.word(0);
        let size = words::number(word).and_then(|(number, rest)| {
            let unit = match rest {
                b"" => 1,
                b"K" | b"k" => 1024,
                b"M" | b"m" => 1024 * 1024,
                _ => return None,
            };
            u64::from(number).checked_mul(unit)
        });
        let Some(size) = size else {
            return fault!("\"", word, "\" is no size (bytes, or with K or M)");
        };
        match usize::try_from(size) {
            Ok(size) if size <= usize::MAX / 2 => self.cache_size = size,
            _ => return fault!("\"", word, "\" is more than this machine can address"),
        }
        Ok(())
    }

    fn set_incoming(&mut self, line: &Line<'_>) -> Checked<()> {
        let word = line.word(0);
        let rejects = is(word, "reject");
        if !rejects && !is(word, "strip") {
            return fault!("unknown word \"", word, "\", must be one of strip, reject");
        }
        self.server(line.server).rejects = Some(rejects);
        Ok(())
    }

    /// httpd leaves out an empty word at the end: "keep" and the names of a variable that is empty
    /// must not keep all. So it gives all words at once.
    fn set_known_headers(&mut self, line: &Line<'_>) -> Checked<()> {
        let mut words = line.directive.words();
        let word = words.next().unwrap_or_default();
        let names: Vec<_> = words.collect();
        let keep = is(&word, "keep");
        if !keep && !is(&word, "strip") {
            return fault!("unknown word \"", &word, "\", must be one of strip, keep");
        }
        if !keep && !names.is_empty() {
            return fault!("\"strip\" takes no names");
        }
        let kept = &mut self.server(line.server).kept;
        if kept.as_ref().is_some_and(|kept| names.is_empty() || kept.names.is_empty()) {
            return fault!("given twice for one server, which only \"keep\" with names may be");
        }
        let kept = kept.get_or_insert_default();
        kept.all = keep && names.is_empty();
        for name in names {
            kept.names.push(words::known_header(&name)?);
        }
        Ok(())
    }

    fn set_signer(&mut self, line: &Line<'_>, files: &mut Files) -> Checked<()> {
        let has_key = line.optional_word(1).is_some();
        if self.server(line.server).signer.is_some() {
            return fault!("given twice for one server");
        }
        let source = if is(line.word(0), "server") {
            if has_key {
                return fault!("\"server\" takes no key file");
            }
            SignerSource::Server
        } else {
            // Read now, not later: httpd -t must find the fault, and the key may be readable by root
            // alone.
            SignerSource::File(line.read_file(FileKind::Signer, has_key, files)?)
        };
        self.server(line.server).signer = Some(source);
        Ok(())
    }

    fn set_signature_lifetime(&mut self, line: &Line<'_>) -> Checked<()> {
        let word = line.word(0);
        let Some(seconds) = words::seconds(word) else {
            return fault!("\"", word, "\" is no number of seconds");
        };
        self.server(line.server).lifetime = Some(seconds);
        Ok(())
    }

    /// With LegacyDNStringFormat mod_ssl's names are others than those of ClientCertForwardVariable.
    fn see_ssl_options(&mut self, line: &Line<'_>) {
        let mut words = line.directive.words();
        if words.any(|word| is(word.strip_prefix(b"+").unwrap_or(&word), "LegacyDNStringFormat")) {
            self.server(line.server).legacy_names_place = Some(line.place());
        }
    }

    /// What holds for a server. `main` is the main server's number, whose sections apply to each.
    pub(crate) fn merged(&self, number: usize, main: usize) -> MergedServer {
        let none = Server::default();
        let base = self.servers.get(&main).unwrap_or(&none);
        let add = self.servers.get(&number).unwrap_or(&none);
        let whole = |server: &Server| server.forward.and_then(|number| self.forward.get(&number));
        let (base_whole, add_whole) = (whole(base), whole(add));
        let sends = |sends: fn(&super::ForwardSection) -> Option<bool>| {
            add_whole.and_then(sends).or(base_whole.and_then(sends)).unwrap_or(false)
        };
        MergedServer {
            signer: add.signer.or(base.signer).unwrap_or_default(),
            lifetime: add.lifetime.or(base.lifetime).unwrap_or(DEFAULT_LIFETIME),
            rejects: add.rejects.or(base.rejects).unwrap_or(false),
            kept: add.kept.as_ref().or(base.kept.as_ref()).cloned().unwrap_or_default(),
            forwards: add.forwards_in_section
                || base.forwards_in_section
                || sends(super::ForwardSection::sends_certificates)
                || sends(super::ForwardSection::sends_variables),
            signs: add.signs || base.signs,
            accepts: add.accepts || base.accepts,
            signer_certs: add.signer_certs | base.signer_certs,
        }
    }

    /// What a server says of the accept role outside of sections, with what it has of the main server.
    pub(super) fn accept_whole(&self, number: usize, main: usize) -> Part {
        let part = |number: usize| {
            let section = self.servers.get(&number)?.accept?;
            Some(self.accept.get(&section)?.part)
        };
        let [add, base] = [number, main].map(|number| part(number).unwrap_or_default());
        add.or(base)
    }

    /// The headers that a server and its sections name.
    pub(super) fn headers(&self, number: usize, main: usize) -> forward_headers::ServerHeaders<'_> {
        let (base, add) = (self.servers.get(&main), self.servers.get(&number));
        let headers = |headers: fn(&Server) -> &Vec<Header>| {
            let headers = add.map(headers).into_iter().flatten();
            headers
                .map(|header| forward_headers::Header { name: &header.name, place: &header.place })
                .collect()
        };
        let place = |place: fn(&Server) -> &Option<Vec<u8>>| {
            let [add, base] =
                [add, base].map(|server| server.and_then(|server| place(server).as_deref()));
            add.or(base)
        };
        forward_headers::ServerHeaders {
            certificates: headers(|server| &server.certificates),
            variables: headers(|server| &server.variables),
            variables_place: place(|server| &server.variables_place),
            legacy_names_place: place(|server| &server.legacy_names_place),
        }
    }
}
