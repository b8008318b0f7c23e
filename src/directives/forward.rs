// SPDX-License-Identifier: Apache-2.0

//! The directives of the forward role in sections.

use std::{borrow::Cow, ffi::CStr};

use super::{
    Checked, Directive, Line, Settings,
    server::Header,
    words::{self, fault, is},
};
use crate::{
    format::Row,
    http::field_names::fold_to_one,
    variable_headers::{NotAdded, VariableHeaders},
};

const FORWARD: &CStr = c"ClientCertForward";
const FORWARD_VARIABLE: &CStr = c"ClientCertForwardVariable";

/// Each, and what reads its words.
pub(super) const DIRECTIVES: [Directive; 4] = [
    (FORWARD, |settings, line, sections, _| settings.set_forward(line, &mut sections.forward)),
    (FORWARD_VARIABLE, |settings, line, sections, _| {
        settings.set_forward_variable(line, &mut sections.forward)
    }),
    (c"ClientCertForwardChain", |settings, line, sections, _| {
        settings.forward_section_of(line, &mut sections.forward).chain = Some(line.is_on());
        Ok(())
    }),
    (c"ClientCertSignerCerts", |settings, line, sections, _| {
        settings.set_signer_certs(line, &mut sections.forward)
    }),
];

/// What a section says, or a server as a whole.
#[derive(Default)]
pub(crate) struct ForwardSection {
    /// ClientCertForward; empty for "off".
    pub(crate) lines: Option<Vec<ForwardLine>>,
    /// ClientCertForwardVariable.
    pub(crate) variables: Option<ForwardVariables>,
    /// ClientCertForwardChain
    pub(crate) chain: Option<bool>,
    /// ClientCertSignerCerts: the place of its word in [`SIGNER_CERTS`].
    pub(crate) signer_certs: Option<u32>,
}

/// One header to send.
pub(crate) struct ForwardLine {
    pub(crate) format: &'static Row,
    pub(crate) header: Cow<'static, CStr>,
}

/// A section's ClientCertForwardVariable.
pub(crate) enum ForwardVariables {
    Off,
    Headers(Box<VariableHeaders>),
}

/// In the order of client_cert_signer_certs.
const SIGNER_CERTS: [&str; 3] = ["chain", "signer", "none"];

impl ForwardSection {
    /// Whether it says that certificates are to be sent; None if it does not say.
    pub(super) fn sends_certificates(&self) -> Option<bool> {
        self.lines.as_ref().map(|lines| !lines.is_empty())
    }

    /// The same of variables.
    pub(super) fn sends_variables(&self) -> Option<bool> {
        let variables = self.variables.as_ref()?;
        Some(matches!(variables, ForwardVariables::Headers(_)))
    }
}

impl Settings {
    /// The section of a directive, which gets a number if it has none.
    fn forward_section_of(
        &mut self,
        line: &Line<'_>,
        number: &mut Option<usize>,
    ) -> &mut ForwardSection {
        let number = *number.get_or_insert(self.forward.len());
        if line.is_whole {
            self.server(line.server).forward = Some(number);
        }
        self.forward.entry(number).or_default()
    }

    fn set_forward(&mut self, line: &Line<'_>, number: &mut Option<usize>) -> Checked<()> {
        let (word, name) = (line.word(0), line.optional_word(1));
        let lines = &mut self.forward_section_of(line, number).lines;
        if is(word, "off") {
            if name.is_some() {
                return fault!("\"off\" takes no header");
            }
            if lines.as_ref().is_some_and(|lines| !lines.is_empty()) {
                return fault!("\"off\" stands beside a format in this section");
            }
            *lines = Some(Vec::new());
            return Ok(());
        }
        let format = words::format(word, |_| true)?;
        let header = match name {
            None => Cow::Borrowed(format.header),
            Some(name) => Cow::Owned(words::header(name)?),
        };
        if lines.as_ref().is_some_and(Vec::is_empty) {
            return fault!("\"off\" stands beside a format in this section");
        }
        let lines = lines.get_or_insert_default();
        for other in lines.iter().map(|line| line.header.to_bytes()) {
            if fold_to_one(other, header.to_bytes()) {
                return fault!(
                    "two formats for the header \"",
                    header.to_bytes(),
                    "\" (\"",
                    other,
                    "\" is the same name to many backends)"
                );
            }
        }
        lines.push(ForwardLine { format, header: header.clone() });
        self.note_header(FORWARD, line, &header);
        let server = self.server(line.server);
        server.certificates.push(Header { name: header.to_bytes().into(), place: line.place() });
        server.signs |= format.is_signed();
        Ok(())
    }

    fn set_forward_variable(&mut self, line: &Line<'_>, number: &mut Option<usize>) -> Checked<()> {
        let (word, variable) = (line.word(0), line.optional_word(1));
        let variables = &mut self.forward_section_of(line, number).variables;
        let is_off = is(word, "off");
        if is_off && variable.is_some() {
            return fault!("\"off\" takes no variable");
        }
        let variable = match variable {
            None if !is_off => {
                return fault!("the variable for the header \"", word, "\" is missing");
            }
            variable => variable.unwrap_or_default(),
        };
        let headers = match variables {
            Some(ForwardVariables::Headers(headers)) if !is_off => headers,
            Some(_) => return fault!("\"off\" stands beside another in this section"),
            None if is_off => {
                *variables = Some(ForwardVariables::Off);
                return Ok(());
            }
            None => {
                words::header(word)?;
                let headers = ForwardVariables::Headers(Box::default());
                let ForwardVariables::Headers(headers) = variables.insert(headers) else {
                    return Ok(());
                };
                headers
            }
        };
        let header = words::header(word)?;
        match headers.add(&header, variable) {
            Ok(()) => {}
            Err(NotAdded::Variable(error)) => {
                return fault!("\"", variable, "\": ", error.reason().to_bytes());
            }
            Err(NotAdded::Same(same)) => {
                return fault!(
                    "two variables for the header \"",
                    word,
                    "\" (\"",
                    same.to_bytes(),
                    "\" is the same name to many backends)"
                );
            }
        }
        self.note_header(FORWARD_VARIABLE, line, &header);
        let server = self.server(line.server);
        let place = line.place();
        server.variables.push(Header { name: word.into(), place: place.clone() });
        server.variables_place.get_or_insert(place);
        Ok(())
    }

    /// What follows for the server and for the whole httpd from a header to send.
    fn note_header(&mut self, directive: &'static CStr, line: &Line<'_>, name: &CStr) {
        self.our_names.push(name.to_owned());
        self.forwarding.get_or_insert(directive);
        self.server(line.server).forwards_in_section |= !line.is_whole;
    }

    fn set_signer_certs(&mut self, line: &Line<'_>, number: &mut Option<usize>) -> Checked<()> {
        let word = line.word(0);
        let Some((certs, _)) = (0..).zip(SIGNER_CERTS).find(|(_, name)| is(word, name)) else {
            return fault!("unknown word \"", word, "\", must be one of chain, signer, none");
        };
        self.forward_section_of(line, number).signer_certs = Some(certs);
        self.server(line.server).signer_certs |= 1_u32.checked_shl(certs).unwrap_or_default();
        Ok(())
    }
}
