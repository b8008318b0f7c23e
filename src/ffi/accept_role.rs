// SPDX-License-Identifier: Apache-2.0

//! The directives of the accept role.

use std::{collections::HashMap, ffi::c_char};

use super::{
    configured_files::{ConfiguredFileRow, FilesHandle},
    enums,
    listener::Listener,
    panic::boundary,
    pointer,
    result::ClientCertResult,
};
use crate::{
    accept_role::{AcceptRole, Finding, Format, Part, Peer, Section, Server},
    printable::printable,
};

/// The longest line, in bytes: names of files may be long.
const MAX_LINE: usize = 10_000;

/// What a section says of the accept role, or a server as a whole.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct AcceptPart {
    /// ClientCertAccept: a client_cert_format, -1 where unset, -2 for off.
    pub format: i32,
    /// ClientCertTrustPeer: 1 or 0, -1 where unset.
    pub trust_peer: i32,
    /// Whether there is a ClientCertTrustName.
    pub has_names: bool,
    /// ClientCertTrust, as client_cert_files_read() gave it; NULL where unset.
    pub trust: *const ConfiguredFileRow,
    /// ClientCertTrustCRL, the same.
    pub trust_crls: *const ConfiguredFileRow,
    /// ClientCertClientTrust, the same.
    pub client_trust: *const ConfiguredFileRow,
    /// ClientCertClientCRL, the same.
    pub client_crls: *const ConfiguredFileRow,
}

/// A section with some directive of the accept role.
#[repr(C)]
pub struct AcceptSection {
    /// The number of its server.
    pub server: usize,
    /// What it says.
    pub part: AcceptPart,
    /// The file and the line where it begins.
    pub file: *const c_char,
    /// The same.
    pub line: u32,
}

/// A virtual host, or the main server.
#[repr(C)]
pub struct AcceptServer {
    /// What it says outside of sections, with what it has of the main server.
    pub whole: AcceptPart,
    /// Whether connections have TLS. Not looked at before warnings.
    pub has_tls: bool,
    /// Whether each TLS client is asked for a certificate. Not looked at before warnings.
    pub asks: bool,
}

/// What a configuration says of the accept role: what is borrowed for one call.
#[repr(C)]
pub struct AcceptRoleParts {
    /// All sections, in the order in which they stand.
    pub sections: *const AcceptSection,
    /// Their number.
    pub section_count: usize,
    /// The main server, then the others.
    pub servers: *const AcceptServer,
    /// Their number.
    pub server_count: usize,
    /// Whether mod_ssl is loaded.
    pub has_mod_ssl: bool,
}

/// What the parts of a role point to, translated.
struct Role<'a> {
    sections: Vec<Section<'a>>,
    servers: Vec<Server>,
    has_mod_ssl: bool,
}

impl AcceptRoleParts {
    /// # Safety
    ///
    /// The parts are NULL, or valid as the header's rules say for as long as `'a`.
    unsafe fn role<'a>(&self, files: &FilesHandle) -> Result<Role<'a>, ClientCertResult> {
        // SAFETY: the caller's part.
        let (sections, servers) = unsafe {
            (
                pointer::elements(self.sections, self.section_count)?,
                pointer::elements(self.servers, self.server_count)?,
            )
        };
        let numbers = files.numbers();
        let section = |section: &AcceptSection| -> Checked<Section<'a>> {
            Ok(Section {
                server: section.server,
                part: section.part.part(&numbers)?,
                // SAFETY: the caller's part.
                file: unsafe { pointer::string(section.file)? },
                line: section.line,
            })
        };
        let server = |(number, server): (usize, &AcceptServer)| -> Checked<Server> {
            let peer = match (number, server.has_tls, server.asks) {
                // Of what the main server itself answers no more is known.
                (0, ..) | (_, true, true) => Peer::Possible,
                (_, true, false) => Peer::NotAsked,
                (_, false, _) => Peer::NoTls,
            };
            Ok(Server { whole: server.whole.part(&numbers)?, peer })
        };
        Ok(Role {
            sections: sections.iter().map(section).collect::<Checked<_>>()?,
            servers: servers.iter().enumerate().map(server).collect::<Checked<_>>()?,
            has_mod_ssl: self.has_mod_ssl,
        })
    }
}

impl AcceptPart {
    fn part(
        &self,
        numbers: &HashMap<*const ConfiguredFileRow, usize>,
    ) -> Result<Part, ClientCertResult> {
        let number = |file: *const ConfiguredFileRow| match file.is_null() {
            true => Ok(None),
            false => numbers.get(&file).map(|number| Some(*number)).ok_or(INVALID),
        };
        Ok(Part {
            format: match self.format {
                -1 => Format::Unset,
                -2 => Format::Off,
                format => {
                    Format::Named(enums::format(u32::try_from(format).map_err(|_| INVALID)?)?)
                }
            },
            trust_peer: match self.trust_peer {
                -1 => None,
                trusts => Some(trusts != 0),
            },
            has_names: self.has_names,
            trust: number(self.trust)?,
            trust_crls: number(self.trust_crls)?,
            client_trust: number(self.client_trust)?,
            client_crls: number(self.client_crls)?,
        })
    }
}

type Checked<T> = Result<T, ClientCertResult>;

const INVALID: ClientCertResult = ClientCertResult::InvalidParameter;

impl Role<'_> {
    fn borrow(&self) -> AcceptRole<'_> {
        AcceptRole {
            sections: &self.sections,
            servers: &self.servers,
            has_mod_ssl: self.has_mod_ssl,
        }
    }
}

/// # Safety
///
/// As for [`Listener::tell`].
unsafe fn tell(listener: &Listener, finding: &Finding) -> Result<(), ClientCertResult> {
    // SAFETY: the caller's part.
    unsafe { listener.tell(finding.server, &printable(&finding.line, MAX_LINE)) }
}

/// Whether each section that plays the accept role has what it needs, from itself, its server, or
/// other sections that may apply with it. `files` are those that the parts of the role name. No other
/// thread may be using them.
///
/// `restarts` says that a running server reads its configuration again: anchors that have come to
/// hold a CA, for which a name is missing, are then what they were before, as
/// client_cert_files_fall_back() does it.
///
/// `fault` is called once with the number of a server and a line that names a section of it and what
/// it lacks, or not at all.
///
/// Fails with CLIENT_CERT_RESULT_INVALID_PARAMETER for a format or a file that is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_accept_role_check(
    role: *const AcceptRoleParts,
    files: *mut FilesHandle,
    restarts: bool,
    fault: *const Listener,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let (role, listener) = (pointer::borrow(role)?, pointer::borrow(fault)?);
        let files = files.as_mut().ok_or(ClientCertResult::NullParameter)?;
        let role = role.role(files)?;
        let mut fell_back = Vec::new();
        let finding = role.borrow().fault(files.files(), restarts, &mut fell_back);
        fell_back.into_iter().try_for_each(|number| files.fill(number))?;
        finding.map_or(Ok(()), |finding| tell(listener, &finding))
    })
}

/// Warns of sections in which every value will be refused, of headers that are not signed, and of
/// CRLs that are of none of the CAs which they are configured with. `warn` is called with the number
/// of a server and a line for each.
///
/// Fails as client_cert_accept_role_check() does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_accept_role_warnings(
    role: *const AcceptRoleParts,
    files: *mut FilesHandle,
    warn: *const Listener,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    boundary(|| unsafe {
        let (role, listener) = (pointer::borrow(role)?, pointer::borrow(warn)?);
        let files = files.as_mut().ok_or(ClientCertResult::NullParameter)?;
        let role = role.role(files)?;
        let findings = role.borrow().warnings(files.files());
        findings.iter().try_for_each(|finding| tell(listener, finding))
    })
}

#[cfg(test)]
mod tests {
    use std::{
        ffi::{CStr, c_void},
        ptr::{null, null_mut},
    };

    use super::{super::configured_files::*, *};
    use ClientCertResult::{InvalidParameter, NullParameter, Ok};

    unsafe extern "C" fn write_down(lines: *mut c_void, number: usize, line: *const c_char) {
        // SAFETY: the test's list, and a string of the library's.
        let (lines, line) =
            unsafe { (&mut *lines.cast::<Vec<(usize, String)>>(), CStr::from_ptr(line)) };
        lines.push((number, line.to_str().unwrap().to_owned()));
    }

    const NONE: AcceptPart = AcceptPart {
        format: -1,
        trust_peer: -1,
        has_names: false,
        trust: null(),
        trust_crls: null(),
        client_trust: null(),
        client_crls: null(),
    };

    #[test]
    fn a_section_that_lacks_something() {
        let mut files = null_mut();
        let mut lines: Vec<(usize, String)> = Vec::new();
        let listener = Listener { tell: Some(write_down), context: (&raw mut lines).cast() };
        let cms = AcceptPart { format: 0, ..NONE };
        let file = c"/etc/conf".as_ptr();
        let sections = [AcceptSection { server: 1, part: cms, file, line: 9 }];
        let none = AcceptServer { whole: NONE, has_tls: false, asks: false };
        let servers = [AcceptServer { ..none }, none];
        let role = |part| AcceptRoleParts {
            sections: part,
            section_count: 1,
            servers: servers.as_ptr(),
            server_count: 2,
            has_mod_ssl: true,
        };
        let (check, warnings) = (client_cert_accept_role_check, client_cert_accept_role_warnings);
        // SAFETY: live objects, but for the NULL.
        unsafe {
            assert_eq!(client_cert_files_new(null(), 0, &mut files), Ok);
            let whole = role(sections.as_ptr());
            assert_eq!(check(&whole, files, false, &listener), Ok);
            assert_eq!(warnings(&whole, files, &listener), Ok);
            let of_format = |format| {
                [AcceptSection { server: 1, part: AcceptPart { format, ..NONE }, file, line: 9 }]
            };
            let other = ConfiguredFileRow {
                directive: null(),
                name: null(),
                key_name: null(),
                names: null(),
                place: null(),
                signer: null(),
                anchors: null(),
                client_cas: null(),
                crls: null(),
                fault: null(),
            };
            let mut of_file = of_format(0);
            of_file[0].part.trust = &other;
            let mut nowhere = of_format(0);
            nowhere[0].file = null();
            for (sections, result) in [
                (of_format(-2), Ok),
                (of_format(-3), InvalidParameter),
                (of_format(99), InvalidParameter),
                (of_file, InvalidParameter),
                (nowhere, NullParameter),
            ] {
                let wrong = role(sections.as_ptr());
                assert_eq!(check(&wrong, files, false, &listener), result);
                assert_eq!(warnings(&wrong, files, &listener), result);
            }
            assert_eq!(check(null(), files, false, &listener), NullParameter);
            assert_eq!(check(&whole, null_mut(), false, &listener), NullParameter);
            assert_eq!(check(&whole, files, false, null()), NullParameter);
            assert_eq!(warnings(null(), files, &listener), NullParameter);
            assert_eq!(warnings(&whole, null_mut(), &listener), NullParameter);
            assert_eq!(warnings(&whole, files, null()), NullParameter);
            client_cert_files_free(files);
        }
        let place = "ClientCertAccept cms (section at /etc/conf:9): ";
        assert_eq!(lines[0], (1, format!("{place}needs ClientCertTrust")));
        assert!(
            lines[1].0 == 1 && lines[1].1.starts_with(&format!("{place}this virtual host has no"))
        );
        assert_eq!(lines.len(), 2);
    }
}
