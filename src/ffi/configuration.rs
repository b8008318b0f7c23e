// SPDX-License-Identifier: Apache-2.0

//! What other modules' directives say.

use std::ffi::c_char;

use super::{listener::Listener, panic::quiet_boundary, pointer, result::ClientCertResult};
use crate::{
    accept_role::Peer,
    config::{forward_modules::Modules, tree, unknown},
    directives::check::{Facts, ServerFacts},
    printable::printable,
};

/// The longest line about a configuration, in bytes.
const MAX_LINE: usize = 2000;

/// A directive, or the beginning of a section.
#[repr(C)]
pub struct Directive {
    /// Its name, of a section with the `<`.
    pub name: *const c_char,
    /// The rest of its line, of a section with the `>`. NULL is as good as nothing.
    pub args: *const c_char,
    /// The file and the line where it stands.
    pub file: *const c_char,
    /// The same.
    pub line: u32,
    /// How many sections are around it.
    pub depth: u32,
}

/// A virtual host, or the main server.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ServerRow {
    /// Its number among the settings.
    pub number: usize,
    /// The file and the line where its section begins. NULL for the main server.
    pub file: *const c_char,
    /// The same.
    pub line: u32,
    /// Whether ProxyWebsocketFallbackToProxyHttp is off for it as a whole.
    pub fallback_off: bool,
    /// Whether connections have TLS. Not looked at before warnings.
    pub has_tls: bool,
    /// Whether each TLS client is asked for a certificate. Not looked at before warnings.
    pub asks: bool,
}

/// A configuration: what is borrowed for one call.
#[repr(C)]
pub struct Configuration {
    /// In the order in which they stand; what a section has inside follows it.
    pub directives: *const Directive,
    /// Their number.
    pub directive_count: usize,
    /// The main server, then the others.
    pub servers: *const ServerRow,
    /// Their number.
    pub server_count: usize,
    /// Whether mod_ssl is loaded.
    pub has_mod_ssl: bool,
    /// Whether mod_proxy_wstunnel is loaded.
    pub has_wstunnel: bool,
    /// Whether mod_proxy_http is loaded.
    pub has_proxy_http: bool,
}

impl Directive {
    /// # Safety
    ///
    /// The parts are NULL, or valid as the header's rules say for as long as `'a`.
    pub(super) unsafe fn directive<'a>(&self) -> Result<tree::Directive<'a>, ClientCertResult> {
        // SAFETY: as the header's rules say, and the text of `args`.
        let (name, args, file) = unsafe {
            let args = (!self.args.is_null()).then(|| pointer::string(self.args)).transpose()?;
            (pointer::string(self.name)?, args.unwrap_or_default(), pointer::string(self.file)?)
        };
        Ok(tree::Directive { name, args, file, line: self.line, depth: self.depth })
    }
}

impl Configuration {
    /// What is there besides the settings.
    ///
    /// # Safety
    ///
    /// The parts are NULL, or valid as the header's rules say for as long as the call of `look`.
    pub(super) unsafe fn facts<R>(
        &self,
        look: impl FnOnce(&Facts<'_>) -> R,
    ) -> Result<R, ClientCertResult> {
        // SAFETY: the caller's part.
        let (directives, servers) = unsafe { (self.directives()?, self.servers()?) };
        Ok(look(&Facts {
            directives: &directives,
            servers: &servers,
            has_mod_ssl: self.has_mod_ssl,
            has_wstunnel: self.has_wstunnel,
            has_proxy_http: self.has_proxy_http,
        }))
    }

    unsafe fn directives<'a>(&self) -> Result<Vec<tree::Directive<'a>>, ClientCertResult> {
        // SAFETY: as the header's rules say.
        let rows = unsafe { pointer::elements(self.directives, self.directive_count)? };
        // SAFETY: the caller's part.
        rows.iter().map(|row| unsafe { row.directive() }).collect()
    }

    unsafe fn servers<'a>(&self) -> Result<Vec<ServerFacts<'a>>, ClientCertResult> {
        // SAFETY: as the header's rules say.
        let rows = unsafe { pointer::elements(self.servers, self.server_count)? };
        let server = |(position, row): (usize, &ServerRow)| {
            // SAFETY: as the header's rules say, and the text of `file`.
            let file = (!row.file.is_null()).then(|| unsafe { pointer::string(row.file) });
            Ok(ServerFacts {
                number: row.number,
                place: file.transpose()?.map(|file| (file, row.line)),
                fallback_off: row.fallback_off,
                peer: match (position, row.has_tls, row.asks) {
                    // Of what the main server itself answers no more is known.
                    (0, ..) | (_, true, true) => Peer::Possible,
                    (_, true, false) => Peer::NotAsked,
                    (_, false, _) => Peer::NoTls,
                },
            })
        };
        rows.iter().enumerate().map(server).collect()
    }
}

/// Warns of each directive of mod_ssl's in the configuration of which it is not known whether
/// verification depends on it. `theirs` are the names of all `their_count` that mod_ssl has, `seen`
/// those of the `seen_count` that client_cert_vhosts_add() is told of. `warn` is called with 0 and a
/// line for each.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_configuration_unknown(
    configuration: *const Configuration,
    theirs: *const *const c_char,
    their_count: usize,
    seen: *const *const c_char,
    seen_count: usize,
    warn: *const Listener,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        let (configuration, warn) = (pointer::borrow(configuration)?, pointer::borrow(warn)?);
        let theirs = pointer::strings(theirs, their_count)?;
        let seen = pointer::strings(seen, seen_count)?;
        let directives = configuration.directives()?;
        let found = unknown::find(&directives, &theirs, &seen);
        found.iter().try_for_each(|unknown| warn.tell(0, &printable(unknown, MAX_LINE)))
    })
}

/// What the forward role finds of httpd's other modules.
#[repr(C)]
pub struct ForwardRole {
    /// The first directive that sends something of a client.
    pub directive: *const c_char,
    /// Whether mod_ssl is loaded, or clients are those of the accept role.
    pub clients: bool,
    /// Whether mod_proxy is loaded.
    pub mod_proxy: bool,
    /// Whether mod_proxy's hook scheme_handler was found.
    pub scheme_handler: bool,
}

/// Whether there is all that the role needs of other modules. `fault` is called once with 0 and a line
/// that says what is missing, or not at all.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_forward_role_check(
    role: *const ForwardRole,
    fault: *const Listener,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        let (role, fault) = (pointer::borrow(role)?, pointer::borrow(fault)?);
        let &ForwardRole { clients, mod_proxy, scheme_handler, directive } = role;
        let modules = Modules { clients, mod_proxy, scheme_handler };
        match modules.missing(pointer::string(directive)?) {
            Some(missing) => fault.tell(0, &printable(missing, MAX_LINE)),
            None => Ok(()),
        }
    })
}

#[cfg(test)]
mod tests {
    use std::{
        ffi::{CStr, c_void},
        ptr::{null, null_mut},
    };

    use super::*;
    use ClientCertResult::{InvalidParameter, NullParameter, Ok};

    unsafe extern "C" fn tell(lines: *mut c_void, number: usize, line: *const c_char) {
        // SAFETY: the test's list, and a string of the library's.
        let (lines, line) =
            unsafe { (&mut *lines.cast::<Vec<(usize, String)>>(), CStr::from_ptr(line)) };
        lines.push((number, line.to_str().unwrap().to_owned()));
    }

    const fn row(name: &'static CStr, args: *const c_char, line: u32, depth: u32) -> Directive {
        Directive { name: name.as_ptr(), args, file: c"/etc/\xff".as_ptr(), line, depth }
    }

    const NONE: Configuration = Configuration {
        directives: null(),
        directive_count: 0,
        servers: null(),
        server_count: 0,
        has_mod_ssl: true,
        has_wstunnel: true,
        has_proxy_http: true,
    };

    #[test]
    fn findings_are_told() {
        let (url, user) = (c"/ ws://x".as_ptr(), c"SSL_CLIENT_S_DN".as_ptr());
        let directives = [
            row(c"<VirtualHost", c"a>".as_ptr(), 1, 0),
            row(c"ProxyPass", url, 2, 1),
            row(c"SSLUserName", user, 3, 1),
            row(c"</IfModule", null(), 4, 0),
        ];
        let configuration = Configuration {
            directives: directives.as_ptr(),
            directive_count: directives.len(),
            ..NONE
        };
        let mut lines: Vec<(usize, String)> = Vec::new();
        let listener = Listener { tell: Some(tell), context: (&raw mut lines).cast() };
        // SAFETY: live objects.
        unsafe {
            let names = [c"SSLNew".as_ptr(), c"SSLUserName".as_ptr(), c"ProxyPass".as_ptr()];
            let seen = [c"SSLUserName".as_ptr()];
            let unknown = client_cert_configuration_unknown;
            let (names, seen) = (names.as_ptr(), seen.as_ptr());
            assert_eq!(unknown(&configuration, names, 3, seen, 1, &listener), Ok);
        }
        let starts: Vec<_> = lines.iter().map(|(number, line)| (*number, &line[..40])).collect();
        let other = (0, "ProxyPass (/etc/\\xff:2): what it says of ");
        assert_eq!(starts, [other].map(|(number, line)| (number, &line[..40])));
    }

    #[test]
    fn modules_that_are_missing() {
        let directive = c"ClientCertForward".as_ptr();
        let all = ForwardRole { directive, clients: true, mod_proxy: true, scheme_handler: true };
        let mut lines: Vec<(usize, String)> = Vec::new();
        let listener = Listener { tell: Some(tell), context: (&raw mut lines).cast() };
        let check = client_cert_forward_role_check;
        // SAFETY: live objects, but for the NULL.
        unsafe {
            assert_eq!(check(&all, &listener), Ok);
            assert_eq!(check(&ForwardRole { mod_proxy: false, ..all }, &listener), Ok);
            assert_eq!(check(&ForwardRole { directive: null(), ..all }, &listener), NullParameter);
            assert_eq!(check(null(), &listener), NullParameter);
            assert_eq!(check(&all, null()), NullParameter);
        }
        let expected =
            "ClientCertForward: mod_proxy is not loaded, so no request goes to a backend";
        assert_eq!(lines, [(0, expected.to_owned())]);
    }

    #[test]
    fn null_is_never_taken_silently() {
        let mut nameless = row(c"A", null(), 1, 0);
        nameless.name = null();
        let mut fileless = row(c"A", null(), 1, 0);
        fileless.file = null();
        let wrong = [
            (Configuration { directive_count: 1, ..NONE }, NullParameter),
            (Configuration { directives: &nameless, directive_count: 1, ..NONE }, NullParameter),
            (Configuration { directives: &fileless, directive_count: 1, ..NONE }, NullParameter),
            (
                Configuration { directives: &nameless, directive_count: usize::MAX, ..NONE },
                InvalidParameter,
            ),
        ];
        let listener = Listener { tell: Some(tell), context: null_mut() };
        // SAFETY: live objects, but for the NULL; nothing is told.
        unsafe {
            let unknown = |configuration, theirs, their_count, seen, seen_count, listener| {
                client_cert_configuration_unknown(
                    configuration,
                    theirs,
                    their_count,
                    seen,
                    seen_count,
                    listener,
                )
            };
            for (configuration, result) in &wrong {
                assert_eq!(unknown(configuration, null(), 0, null(), 0, &listener), *result);
            }
            assert_eq!(unknown(null(), null(), 0, null(), 0, &listener), NullParameter);
            assert_eq!(unknown(&NONE, null(), 1, null(), 0, &listener), NullParameter);
            assert_eq!(unknown(&NONE, null(), 0, null(), 1, &listener), NullParameter);
            assert_eq!(unknown(&NONE, null(), 0, null(), 0, null()), NullParameter);
            assert_eq!(unknown(&NONE, null(), 0, null(), 0, &listener), Ok);
        }
    }
}
