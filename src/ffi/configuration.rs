// SPDX-License-Identifier: Apache-2.0

//! What other modules' directives say.

use std::ffi::c_char;

use super::{listener::Listener, panic::quiet_boundary, pointer, result::ClientCertResult};
use crate::{
    config::{
        Server,
        forward_headers::{self, Header, ServerHeaders},
        peer_readers, tree, tunnel, unknown,
    },
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
pub struct ServerRow {
    /// The file and the line where its section begins. NULL for the main server.
    pub file: *const c_char,
    /// The same.
    pub line: u32,
    /// Whether it forwards, as a whole or in a section.
    pub forwards: bool,
    /// Whether it accepts, as a whole or in a section.
    pub accepts: bool,
    /// Whether ProxyWebsocketFallbackToProxyHttp is off for it as a whole.
    pub fallback_off: bool,
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
}

impl Configuration {
    unsafe fn directives<'a>(&self) -> Result<Vec<tree::Directive<'a>>, ClientCertResult> {
        // SAFETY: as the header's rules say.
        let rows = unsafe { pointer::elements(self.directives, self.directive_count)? };
        let directive = |row: &Directive| {
            // SAFETY: as the header's rules say, and the text of `args`.
            let (name, args, file) = unsafe {
                let args = (!row.args.is_null()).then(|| pointer::string(row.args)).transpose()?;
                (pointer::string(row.name)?, args.unwrap_or_default(), pointer::string(row.file)?)
            };
            Ok(tree::Directive { name, args, file, line: row.line, depth: row.depth })
        };
        rows.iter().map(directive).collect()
    }

    unsafe fn servers<'a>(&self) -> Result<Vec<Server<'a>>, ClientCertResult> {
        // SAFETY: as the header's rules say.
        let rows = unsafe { pointer::elements(self.servers, self.server_count)? };
        let server = |row: &ServerRow| {
            // SAFETY: as the header's rules say, and the text of `file`.
            let file = (!row.file.is_null()).then(|| unsafe { pointer::string(row.file) });
            Ok(Server {
                place: file.transpose()?.map(|file| (file, row.line)),
                forwards: row.forwards,
                accepts: row.accepts,
                fallback_off: row.fallback_off,
            })
        };
        rows.iter().map(server).collect()
    }
}

/// Whether some server that forwards names a backend that mod_proxy_wstunnel's own tunnel would
/// serve, where that is loaded. `proxies_http` says whether mod_proxy_http is loaded.
///
/// `fault` is called once with the number of the server and a line that names the directive and the
/// backend, or not at all.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_configuration_tunnels(
    configuration: *const Configuration,
    proxies_http: bool,
    fault: *const Listener,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        let (configuration, fault) = (pointer::borrow(configuration)?, pointer::borrow(fault)?);
        let (directives, servers) = (configuration.directives()?, configuration.servers()?);
        match tunnel::find(&directives, &servers, proxies_http) {
            Some(tunnel) => fault.tell(tunnel.server, &printable(&tunnel, MAX_LINE)),
            None => Ok(()),
        }
    })
}

/// Warns of each directive that reads the TLS peer by itself, or asks for it too late, of servers
/// that accept. `warn` is called with 0 and a line for each.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_configuration_peer_readers(
    configuration: *const Configuration,
    warn: *const Listener,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        let (configuration, warn) = (pointer::borrow(configuration)?, pointer::borrow(warn)?);
        let (directives, servers) = (configuration.directives()?, configuration.servers()?);
        let found = peer_readers::find(&directives, &servers);
        found.iter().try_for_each(|reader| warn.tell(0, &printable(reader, MAX_LINE)))
    })
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

/// A header that a directive of the forward role names.
#[repr(C)]
pub struct ForwardHeader {
    /// The name.
    pub name: *const c_char,
    /// Where the directive stands, for messages.
    pub place: *const c_char,
}

/// What is said of headers in a server and its sections.
#[repr(C)]
pub struct ForwardServer {
    /// Those of ClientCertForward.
    pub certificates: *const ForwardHeader,
    /// Their number.
    pub certificate_count: usize,
    /// Those of ClientCertForwardVariable.
    pub variables: *const ForwardHeader,
    /// Their number.
    pub variable_count: usize,
    /// Where the first ClientCertForwardVariable stands that holds for it; NULL if nowhere.
    pub variables_place: *const c_char,
    /// The same of SSLOptions LegacyDNStringFormat.
    pub legacy_names_place: *const c_char,
}

impl ForwardServer {
    unsafe fn headers<'a>(&self) -> Result<ServerHeaders<'a>, ClientCertResult> {
        let headers = |headers, count| {
            // SAFETY: as the header's rules say.
            let headers: &[ForwardHeader] = unsafe { pointer::elements(headers, count)? };
            let header = |header: &ForwardHeader| {
                // SAFETY: as the header's rules say.
                let (name, place) =
                    unsafe { (pointer::string(header.name)?, pointer::string(header.place)?) };
                Ok(Header { name, place })
            };
            headers.iter().map(header).collect::<Result<Vec<_>, ClientCertResult>>()
        };
        // SAFETY: as the header's rules say, and the texts of both places.
        let place = |place: *const c_char| unsafe {
            (!place.is_null()).then(|| pointer::string(place)).transpose()
        };
        Ok(ServerHeaders {
            certificates: headers(self.certificates, self.certificate_count)?,
            variables: headers(self.variables, self.variable_count)?,
            variables_place: place(self.variables_place)?,
            legacy_names_place: place(self.legacy_names_place)?,
        })
    }
}

/// Whether the headers of the forward role go together: no header of ClientCertForwardVariable is one
/// of ClientCertForward to a backend, and mod_ssl writes names as they are sent. `servers` are all
/// `server_count`, the main server first.
///
/// `fault` is called once with the number of a server and a line that says what does not, or not at
/// all.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn client_cert_forward_headers_check(
    servers: *const ForwardServer,
    server_count: usize,
    fault: *const Listener,
) -> ClientCertResult {
    // SAFETY: as the header's rules say.
    quiet_boundary(|| unsafe {
        let fault = pointer::borrow(fault)?;
        let servers = pointer::elements(servers, server_count)?;
        let servers: Vec<_> =
            servers.iter().map(|server| server.headers()).collect::<Result<_, _>>()?;
        match forward_headers::find(&servers) {
            Some((server, line)) => fault.tell(server, &printable(line, MAX_LINE)),
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

    #[test]
    fn findings_are_told() {
        let (url, user) = (c"/ ws://x".as_ptr(), c"SSL_CLIENT_S_DN".as_ptr());
        let directives = [
            row(c"<VirtualHost", c"a>".as_ptr(), 1, 0),
            row(c"ProxyPass", url, 2, 1),
            row(c"SSLUserName", user, 3, 1),
            row(c"</IfModule", null(), 4, 0),
        ];
        let main = ServerRow {
            file: null(),
            line: 0,
            forwards: false,
            accepts: false,
            fallback_off: false,
        };
        let file = c"/etc/\xff".as_ptr();
        let host = ServerRow { file, line: 1, forwards: true, accepts: true, ..main };
        let servers = [main, host];
        let configuration = Configuration {
            directives: directives.as_ptr(),
            directive_count: directives.len(),
            servers: servers.as_ptr(),
            server_count: servers.len(),
        };
        let mut lines: Vec<(usize, String)> = Vec::new();
        let listener = Listener { tell: Some(tell), context: (&raw mut lines).cast() };
        // SAFETY: live objects.
        unsafe {
            assert_eq!(client_cert_configuration_tunnels(&configuration, true, &listener), Ok);
            assert_eq!(client_cert_configuration_tunnels(&configuration, false, &listener), Ok);
            assert_eq!(client_cert_configuration_peer_readers(&configuration, &listener), Ok);
            let names = [c"SSLNew".as_ptr(), c"SSLUserName".as_ptr(), c"ProxyPass".as_ptr()];
            let seen = [c"SSLUserName".as_ptr()];
            let unknown = client_cert_configuration_unknown;
            let (names, seen) = (names.as_ptr(), seen.as_ptr());
            assert_eq!(unknown(&configuration, names, 3, seen, 1, &listener), Ok);
        }
        let starts: Vec<_> = lines.iter().map(|(number, line)| (*number, &line[..40])).collect();
        let tunnel = (1, "ClientCertForward: ProxyPass (/etc/\\xff:2");
        let reader = (0, "SSLUserName (/etc/\\xff:3): this is mod_ss");
        let other = (0, "ProxyPass (/etc/\\xff:2): what it says of ");
        assert_eq!(starts, [tunnel, reader, other].map(|(number, line)| (number, &line[..40])));
    }

    #[test]
    fn headers_that_do_not_go_together() {
        let header =
            |name: &'static CStr| ForwardHeader { name: name.as_ptr(), place: c"conf:1".as_ptr() };
        let (certificate, variable) = (header(c"Client-Cert"), header(c"Client_Cert"));
        let nameless = ForwardHeader { name: null(), ..header(c"") };
        let placeless = ForwardHeader { place: null(), ..header(c"") };
        let mut lines: Vec<(usize, String)> = Vec::new();
        let listener = Listener { tell: Some(tell), context: (&raw mut lines).cast() };
        let none = ForwardServer {
            certificates: null(),
            certificate_count: 0,
            variables: null(),
            variable_count: 0,
            variables_place: null(),
            legacy_names_place: null(),
        };
        let check = client_cert_forward_headers_check;
        // SAFETY: live objects, but for the NULL.
        unsafe {
            assert_eq!(check(null(), 0, &listener), Ok);
            assert_eq!(check(null(), 1, &listener), NullParameter);
            assert_eq!(check(&none, 1, null()), NullParameter);
            assert_eq!(check(&none, 1, &listener), Ok);
            for wrong in [
                ForwardServer { certificate_count: 1, ..none },
                ForwardServer { variable_count: 1, ..none },
                ForwardServer { variables: &nameless, variable_count: 1, ..none },
                ForwardServer { variables: &placeless, variable_count: 1, ..none },
            ] {
                assert_eq!(check(&wrong, 1, &listener), NullParameter);
            }
            assert!(lines.is_empty());
            let both = ForwardServer {
                certificates: &certificate,
                certificate_count: 1,
                variables: &variable,
                variable_count: 1,
                ..none
            };
            let places = ForwardServer {
                variables_place: c"conf:1".as_ptr(),
                legacy_names_place: c"conf:2".as_ptr(),
                ..none
            };
            assert_eq!(check([none, both].as_ptr(), 2, &listener), Ok);
            assert_eq!(check(&places, 1, &listener), Ok);
        }
        assert!(lines[0].0 == 1 && lines[0].1.contains("\"Client_Cert\" is one of"));
        assert!(lines[1].0 == 0 && lines[1].1.contains("LegacyDNStringFormat (conf:2)"));
        assert_eq!(lines.len(), 2);
    }

    #[test]
    fn null_is_never_taken_silently() {
        let whole = Configuration {
            directives: null(),
            directive_count: 0,
            servers: null(),
            server_count: 0,
        };
        let mut nameless = row(c"A", null(), 1, 0);
        nameless.name = null();
        let mut fileless = row(c"A", null(), 1, 0);
        fileless.file = null();
        let wrong = [
            (Configuration { directive_count: 1, ..whole }, NullParameter),
            (Configuration { server_count: 1, ..whole }, NullParameter),
            (Configuration { directives: &nameless, directive_count: 1, ..whole }, NullParameter),
            (Configuration { directives: &fileless, directive_count: 1, ..whole }, NullParameter),
            (
                Configuration { directives: &nameless, directive_count: usize::MAX, ..whole },
                InvalidParameter,
            ),
        ];
        let listener = Listener { tell: Some(tell), context: null_mut() };
        // SAFETY: live objects, but for the NULL; nothing is told.
        unsafe {
            let tunnels = |configuration, listener| {
                client_cert_configuration_tunnels(configuration, true, listener)
            };
            for (configuration, result) in &wrong {
                assert_eq!(tunnels(configuration, &listener), *result);
                assert_eq!(
                    client_cert_configuration_peer_readers(configuration, &listener),
                    *result
                );
            }
            assert_eq!(tunnels(null(), &listener), NullParameter);
            assert_eq!(tunnels(&whole, null()), NullParameter);
            assert_eq!(tunnels(&whole, &listener), Ok);
            assert_eq!(client_cert_configuration_peer_readers(null(), &listener), NullParameter);
            assert_eq!(client_cert_configuration_peer_readers(&whole, null()), NullParameter);
            assert_eq!(client_cert_configuration_peer_readers(&whole, &listener), Ok);
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
            assert_eq!(unknown(null(), null(), 0, null(), 0, &listener), NullParameter);
            assert_eq!(unknown(&whole, null(), 1, null(), 0, &listener), NullParameter);
            assert_eq!(unknown(&whole, null(), 0, null(), 1, &listener), NullParameter);
            assert_eq!(unknown(&whole, null(), 0, null(), 0, null()), NullParameter);
            assert_eq!(unknown(&whole, null(), 0, null(), 0, &listener), Ok);
        }
    }
}
