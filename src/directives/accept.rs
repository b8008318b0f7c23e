// SPDX-License-Identifier: Apache-2.0

//! The directives of the accept role.

use std::ffi::CString;

use super::{
    Checked, Directive, Line, Settings,
    words::{self, fault, is, seconds},
};
use crate::{
    accept_role::{Format, Part},
    configured_files::{FileKind, Files},
    format::Row,
    verify::trust::TrustNames,
    x509::variables,
};

/// ClientCertMaxAge where it is unset, in seconds.
pub(crate) const DEFAULT_MAX_AGE: u32 = 300;
/// What its second word is where there is none, in seconds.
pub(crate) const DEFAULT_SKEW: u32 = 30;

/// Each, and what reads its words.
pub(super) const DIRECTIVES: [Directive; 9] = [
    (c"ClientCertAccept", |settings, line, sections, _| {
        settings.set_accept(line, &mut sections.accept)
    }),
    (c"ClientCertTrust", |settings, line, sections, files| {
        let section = settings.accept_section_of(line, &mut sections.accept);
        set_file(&mut section.part.trust, line, FileKind::Anchors, files)
    }),
    (c"ClientCertTrustName", |settings, line, sections, _| {
        settings.accept_section_of(line, &mut sections.accept).add_name(line.word(0))
    }),
    (c"ClientCertTrustCRL", |settings, line, sections, files| {
        let section = settings.accept_section_of(line, &mut sections.accept);
        set_file(&mut section.part.trust_crls, line, FileKind::Crls, files)
    }),
    (c"ClientCertClientTrust", |settings, line, sections, files| {
        let section = settings.accept_section_of(line, &mut sections.accept);
        set_file(&mut section.part.client_trust, line, FileKind::ClientCas, files)?;
        settings.read_chain();
        Ok(())
    }),
    (c"ClientCertClientCRL", |settings, line, sections, files| {
        let section = settings.accept_section_of(line, &mut sections.accept);
        set_file(&mut section.part.client_crls, line, FileKind::ClientCrls, files)
    }),
    (c"ClientCertTrustPeer", |settings, line, sections, _| {
        let section = settings.accept_section_of(line, &mut sections.accept);
        section.part.trust_peer = Some(line.is_on());
        Ok(())
    }),
    (c"ClientCertMaxAge", |settings, line, sections, _| {
        let section = settings.accept_section_of(line, &mut sections.accept);
        section.set_max_age(line.word(0), line.optional_word(1))
    }),
    (c"ClientCertUserName", |settings, line, sections, _| {
        settings.accept_section_of(line, &mut sections.accept).set_user_name(line.word(0))
    }),
];

/// What a section says, or a server as a whole.
#[derive(Default)]
pub(crate) struct AcceptSection {
    /// The number of its server.
    pub(super) server: usize,
    /// Where its first directive of the role stands.
    pub(super) file: Box<[u8]>,
    pub(super) line: u32,
    pub(crate) part: Part,
    /// The number of the accepted name, with a format.
    pub(crate) header: usize,
    /// ClientCertTrustName
    pub(super) names: Option<TrustNames>,
    /// ClientCertMaxAge: both words in seconds.
    pub(crate) max_age: Option<(u32, u32)>,
    /// ClientCertUserName: a variable.
    pub(crate) user_name: Option<CString>,
}

impl Settings {
    /// The section of a directive, which gets a number if it has none.
    fn accept_section_of(
        &mut self,
        line: &Line<'_>,
        number: &mut Option<usize>,
    ) -> &mut AcceptSection {
        let number = *number.get_or_insert(self.accept.len());
        if line.is_whole {
            self.server(line.server).accept = Some(number);
        }
        self.accept.entry(number).or_insert_with(|| AcceptSection {
            server: line.server,
            file: line.directive.file.into(),
            line: line.directive.line,
            ..AcceptSection::default()
        })
    }

    /// Client-Cert-Chain is read from now on.
    fn read_chain(&mut self) {
        if self.chain.is_none() {
            self.chain = Some(self.accepted.add(words::CHAIN));
        }
    }

    fn set_accept(&mut self, line: &Line<'_>, number: &mut Option<usize>) -> Checked<()> {
        let (word, name) = (line.word(0), line.optional_word(1));
        let section = self.accept_section_of(line, number);
        if !matches!(section.part.format, Format::Unset) {
            return fault!("given twice in one section");
        }
        if is(word, "off") {
            if name.is_some() {
                return fault!("\"off\" takes no header");
            }
            section.part.format = Format::Off;
            return Ok(());
        }
        let format = words::format(word, Row::is_readable)?;
        let header = name.map_or_else(|| Ok(format.header.to_owned()), words::header)?;
        let accepted = self.accepted.add(&header);
        self.our_names.push(header);
        self.accepts = true;
        self.server(line.server).accepts = true;
        let section = self.accept_section_of(line, number);
        section.part.format = Format::Named(format);
        section.header = accepted;
        Ok(())
    }
}

/// `file` is where the section has the number of the file.
fn set_file(
    file: &mut Option<usize>,
    line: &Line<'_>,
    kind: FileKind,
    files: &mut Files,
) -> Checked<()> {
    if file.is_some() {
        return fault!("given twice in one section");
    }
    *file = Some(line.read_file(kind, false, files)?);
    Ok(())
}

impl AcceptSection {
    /// httpd gives one at a time.
    fn add_name(&mut self, name: &[u8]) -> Checked<()> {
        let added = match &mut self.names {
            Some(names) => names.add(name),
            None => TrustNames::new(&[name]).map(|names| self.names = Some(names)),
        };
        self.part.has_names = true;
        match added {
            Ok(()) => Ok(()),
            Err(error) => fault!("\"", name, "\": ", error.reason().to_bytes()),
        }
    }

    fn set_max_age(&mut self, age: &[u8], skew: Option<&[u8]>) -> Checked<()> {
        let Some(max_age) = seconds(age).filter(|seconds| *seconds > 0) else {
            return fault!("\"", age, "\" is no number of seconds above 0");
        };
        let skew = match skew.map(|skew| (skew, seconds(skew))) {
            None => DEFAULT_SKEW,
            Some((_, Some(skew))) => skew,
            Some((skew, None)) => return fault!("\"", skew, "\" is no number of seconds"),
        };
        self.max_age = Some((max_age, skew));
        Ok(())
    }

    fn set_user_name(&mut self, variable: &[u8]) -> Checked<()> {
        // A misspelt variable would leave every client without a user name, or give all the same.
        if !variables::identifies(variable) {
            return fault!(
                "\"",
                variable,
                "\" is no variable that says who the client is (SSL_CLIENT_S_DN_CN and the like)"
            );
        }
        self.user_name = Some(words::string(variable)?);
        Ok(())
    }
}
