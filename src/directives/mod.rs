// SPDX-License-Identifier: Apache-2.0

//! What the module's directives say: what their words mean, what is wrong with them, what contradicts
//! what, and what follows for a server.
//!
//! httpd reads a configuration from its first line to its last, and each directive is told here as it
//! comes. Servers and sections are known by numbers.

use std::{
    collections::{BTreeMap, HashMap},
    ffi::{CStr, CString},
};

use crate::{
    config::tree, configured_files::Files, http::field_names::FieldNames, verify::trust::TrustNames,
};
use accept::AcceptSection;
use forward::ForwardSection;
use server::Server;

pub(crate) mod accept;
pub(crate) mod check;
pub(crate) mod forward;
pub(crate) mod server;
#[cfg(test)]
mod tests;
mod words;

/// The memory of ClientCertSignatureCache where it is unset, in bytes.
const DEFAULT_CACHE_SIZE: usize = 16 * 1024 * 1024;

/// What reads a directive's words.
type Apply = fn(&mut Settings, &Line<'_>, &mut SectionNumbers, &mut Files) -> Result<(), Fault>;

/// A row of a role's table: the directive's name, and what reads its words.
type Directive = (&'static CStr, Apply);

/// The tables: forward, accept, server.
const TABLES: [&[Directive]; 3] = [&forward::DIRECTIVES, &accept::DIRECTIVES, &server::DIRECTIVES];

/// The row of that name, which httpd compares without case.
fn find(
    mut rows: impl Iterator<Item = &'static Directive>,
    name: &[u8],
) -> Option<&'static Directive> {
    rows.find(|(other, _)| other.to_bytes().eq_ignore_ascii_case(name))
}

/// A directive as it stands in the configuration.
#[derive(Clone, Copy)]
pub(crate) struct Line<'a> {
    /// Its words, as httpd gave them; none of those that have any number of words.
    pub(crate) words: &'a [&'a [u8]],
    /// The words as absolute names of files, of a directive with files; None for one that is no name.
    pub(crate) paths: &'a [Option<&'a [u8]>],
    /// The time in words, of a directive with files.
    pub(crate) now: &'a [u8],
    /// The directive itself.
    pub(crate) directive: tree::Directive<'a>,
    /// The sections that it stands in, the innermost first.
    pub(crate) around: &'a [tree::Directive<'a>],
    /// The number of its server.
    pub(crate) server: usize,
    /// Whether it stands in the server itself, and not in a section.
    pub(crate) is_whole: bool,
    /// Whether a running server reads its configuration again, which no file must end.
    pub(crate) restarts: bool,
}

/// The numbers of the section that a directive stands in, for each role; None before the first
/// directive of the role there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SectionNumbers {
    pub(crate) forward: Option<usize>,
    pub(crate) accept: Option<usize>,
}

/// What is wrong with a directive's words, to be said after its name.
#[derive(Debug)]
struct Fault(Vec<u8>);

type Checked<T> = Result<T, Fault>;

/// All that the directives of one configuration say.
pub(crate) struct Settings {
    /// Each header name that is ours.
    our_names: Vec<CString>,
    /// The name of the first directive that sends something of a client.
    forwarding: Option<&'static CStr>,
    accepts: bool,
    cache_size: usize,
    accepted: AcceptedNames,
    /// The number of Client-Cert-Chain among the accepted names, where some directive has it read.
    chain: Option<usize>,
    servers: BTreeMap<usize, Server>,
    forward: BTreeMap<usize, ForwardSection>,
    accept: BTreeMap<usize, AcceptSection>,
    /// The address of the arguments that were looked at last: httpd tells the values of some
    /// directives one at a time.
    checked: usize,
}

/// The headers that some directive of the accept role reads, each once but for case, by numbers in
/// the order of the directives. Two names that fold to one are still two headers to be read.
#[derive(Default)]
pub(crate) struct AcceptedNames {
    names: Vec<CString>,
    by_case: HashMap<Vec<u8>, usize>,
}

impl AcceptedNames {
    /// The number of a name, which is added if it is new.
    fn add(&mut self, name: &CStr) -> usize {
        let next = self.names.len();
        let number = *self.by_case.entry(name.to_bytes().to_ascii_lowercase()).or_insert(next);
        if number == next {
            self.names.push(name.to_owned());
        }
        number
    }

    pub(crate) fn names(&self) -> &[CString] {
        &self.names
    }

    /// The numbers, by the names.
    pub(crate) fn sorted(&self) -> Vec<usize> {
        let mut sorted: Vec<_> = self.by_case.iter().collect();
        sorted.sort_unstable();
        sorted.into_iter().map(|(_, number)| *number).collect()
    }
}

impl Settings {
    /// Nothing is said yet.
    pub(crate) fn new() -> Self {
        Self {
            our_names: vec![c"Client-Cert".into(), words::CHAIN.into()],
            forwarding: None,
            accepts: false,
            cache_size: DEFAULT_CACHE_SIZE,
            accepted: AcceptedNames::default(),
            chain: None,
            servers: BTreeMap::new(),
            forward: BTreeMap::new(),
            accept: BTreeMap::new(),
            checked: 0,
        }
    }

    /// What a directive says. `sections` are set to those that have changed by it, if one has.
    ///
    /// Fails with all that httpd is to say of it; with None for a directive that is not read here.
    pub(crate) fn apply(
        &mut self,
        line: &Line<'_>,
        sections: &mut SectionNumbers,
        files: &mut Files,
    ) -> Result<(), Option<Vec<u8>>> {
        let rows = TABLES.into_iter().flatten();
        let (name, apply) = find(rows, line.directive.name).ok_or(None)?;
        let name = name.to_bytes();
        // As the table writes it, whatever the configuration does.
        let line = &Line { directive: tree::Directive { name, ..line.directive }, ..*line };
        let fault = |Fault(text)| Some([name, b": ", &text].concat());
        self.check_values(line).map_err(fault)?;
        if let Some(section) = conditional_section(line) {
            return Err(Some([name, b" cannot occur within ", section, b"> section"].concat()));
        }
        apply(self, line, sections, files).map_err(fault)
    }

    /// httpd takes an empty value at the end, as of a variable that is empty, for none, and the
    /// default for what was meant.
    fn check_values(&mut self, line: &Line<'_>) -> Checked<()> {
        let address = line.directive.args.as_ptr().addr();
        if line.words.is_empty() || self.checked == address {
            return Ok(());
        }
        self.checked = address;
        match line.directive.words().any(|word| word.is_empty()) {
            true => words::fault!("one of its values is empty"),
            false => Ok(()),
        }
    }

    fn server(&mut self, number: usize) -> &mut Server {
        self.servers.entry(number).or_default()
    }

    /// Each header name that is ours, and where they are wanted, the known headers.
    pub(crate) fn field_names(&self, with_known: bool) -> FieldNames {
        FieldNames::new(self.our_names.iter().map(|name| name.to_bytes()), with_known)
    }

    /// The name of the first directive that sends something of a client, if there is one.
    pub(crate) fn forwarding(&self) -> Option<&'static CStr> {
        self.forwarding
    }

    /// Whether some ClientCertAccept names a format.
    pub(crate) fn accepts(&self) -> bool {
        self.accepts
    }

    /// ClientCertSignatureCache in bytes, for both roles together; 0 for none.
    pub(crate) fn cache_size(&self) -> usize {
        self.cache_size
    }

    pub(crate) fn accepted_names(&self) -> &AcceptedNames {
        &self.accepted
    }

    pub(crate) fn chain(&self) -> Option<usize> {
        self.chain
    }

    pub(crate) fn forward_section(&self, number: usize) -> Option<&ForwardSection> {
        self.forward.get(&number)
    }

    pub(crate) fn accept_section(&self, number: usize) -> Option<&AcceptSection> {
        self.accept.get(&number)
    }

    /// The names of each section that has some, which are complete, by the section's number.
    pub(crate) fn take_names(&mut self) -> impl Iterator<Item = (usize, TrustNames)> {
        self.accept
            .iter_mut()
            .filter_map(|(number, section)| Some((*number, section.names.take()?)))
    }
}

/// A section of which httpd decides with the variables that the accept role provides.
fn conditional_section<'a>(line: &Line<'a>) -> Option<&'a [u8]> {
    find(accept::DIRECTIVES.iter(), line.directive.name)?;
    let is_conditional = |section: &&tree::Directive<'_>| {
        ["<If", "<ElseIf", "<Else"].iter().any(|name| section.is(name))
    };
    line.around.iter().find(is_conditional).map(|section| section.name)
}
