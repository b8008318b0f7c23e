// SPDX-License-Identifier: Apache-2.0

//! Backends that mod_proxy_wstunnel's own tunnel would serve, on servers that forward.
//!
//! The tunnel serves ws: and wss: where mod_proxy_http does not: where that is not loaded, or
//! ProxyWebsocketFallbackToProxyHttp is off.

use std::{
    collections::{HashMap, HashSet},
    fmt,
};

use super::{
    Server,
    tree::{Directive, side_by_side},
};
use crate::printable::Octets;

/// A backend that the tunnel would serve.
#[derive(Debug)]
pub(crate) struct Tunnel {
    /// The number of the server that forwards to it.
    pub(crate) server: usize,
    /// The directive that names it, and where that stands.
    directive: String,
    url: Vec<u8>,
    proxies_http: bool,
}

impl fmt::Display for Tunnel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let needs = match self.proxies_http {
            true => "ProxyWebsocketFallbackToProxyHttp on",
            false => "mod_proxy_http, which is not loaded",
        };
        write!(
            formatter,
            "ClientCertForward: {}: mod_proxy_wstunnel's own tunnel would serve {}, in which the \
             client could speak as this proxy: it needs {needs}",
            self.directive,
            Octets(&self.url),
        )
    }
}

/// The first of those that `directives` name, where mod_proxy_wstunnel is loaded. `servers` begin
/// with the main server; `proxies_http` tells whether mod_proxy_http is loaded.
pub(crate) fn find(
    directives: &[Directive<'_>],
    servers: &[Server<'_>],
    proxies_http: bool,
) -> Option<Tunnel> {
    let mut search = Search::new(servers, proxies_http);
    let outside = Place { server: 0, fallback: None, in_section: false, balancer: None };
    search.look_through(directives, &outside);
    let backends = std::mem::take(&mut search.backends);
    backends.into_iter().find_map(|backend| {
        let server = search.tunnels_on(&backend)?;
        let directive = backend.directive.to_string();
        Some(Tunnel { server, directive, url: backend.url, proxies_http })
    })
}

/// Which servers have what stands in the main server.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Inherited {
    Never,
    ProxyPassInherit,
    Always,
}

/// A directive that names a backend.
struct Backend<'b, 'a> {
    directive: &'b Directive<'a>,
    /// ws:, wss: or balancer:
    url: Vec<u8>,
    /// The number of the server in which it stands.
    server: usize,
    /// ProxyWebsocketFallbackToProxyHttp in the section around it.
    fallback: Option<bool>,
    inherited: Inherited,
}

/// Where a directive stands.
#[derive(Clone)]
struct Place {
    server: usize,
    fallback: Option<bool>,
    in_section: bool,
    /// In <Proxy balancer://NAME>.
    balancer: Option<Vec<u8>>,
}

/// What the directives in a server say.
#[derive(Clone, Copy, Default)]
struct Said {
    /// A section has ProxyWebsocketFallbackToProxyHttp on, or off.
    on: bool,
    off: bool,
    /// ProxyPassInherit
    inherits: Option<bool>,
}

struct Search<'b, 'a> {
    servers: &'b [Server<'a>],
    proxies_http: bool,
    /// By the beginning of <VirtualHost>.
    hosts: HashMap<(&'b [u8], u32), usize>,
    /// For each server.
    said: Vec<Said>,
    backends: Vec<Backend<'b, 'a>>,
    /// With a member that is ws: or wss:, by server and name.
    balancers: HashSet<(usize, Vec<u8>)>,
    /// What `search_heir` found, by what that depends on.
    heirs: HashMap<(Inherited, Option<bool>), Option<usize>>,
}

impl<'b, 'a> Search<'b, 'a> {
    fn new(servers: &'b [Server<'a>], proxies_http: bool) -> Self {
        let places = servers.iter().enumerate();
        Self {
            servers,
            proxies_http,
            hosts: places.filter_map(|(number, server)| Some((server.place?, number))).collect(),
            said: vec![Said::default(); servers.len()],
            backends: Vec::new(),
            balancers: HashSet::new(),
            heirs: HashMap::new(),
        }
    }

    fn look_through(&mut self, directives: &'b [Directive<'a>], place: &Place) {
        for (directive, inside) in side_by_side(directives) {
            if !directive.is_section() {
                self.look_at(directive, place);
            } else if directive.is("<VirtualHost") {
                if let Some(&server) = self.hosts.get(&(directive.file, directive.line)) {
                    self.look_through(inside, &Place { server, ..place.clone() });
                }
            } else {
                self.look_into_section(directive, inside, place);
            }
        }
    }

    fn look_into_section(
        &mut self,
        section: &'b Directive<'a>,
        inside: &'b [Directive<'a>],
        around: &Place,
    ) {
        let says = side_by_side(inside)
            .filter(|(directive, _)| directive.is("ProxyWebsocketFallbackToProxyHttp"))
            .map(|(directive, _)| is_on(directive))
            .last();
        let mut place = Place { in_section: true, ..around.clone() };
        place.fallback = says.or(around.fallback);
        if let Some(said) = self.said.get_mut(place.server) {
            said.on |= place.fallback == Some(true);
            said.off |= place.fallback == Some(false);
        }
        if section.is("<Proxy") {
            place.balancer = section.words().next().filter(|url| begins_with(url, "balancer:"));
        }
        self.look_through(inside, &place);
    }

    fn look_at(&mut self, directive: &'b Directive<'a>, place: &Place) {
        let mut words = directive.words();
        let mut word = || words.next().unwrap_or_default();
        let mut inherited = if place.in_section { Inherited::Always } else { Inherited::Never };
        let url = if directive.is("ProxyPass") || directive.is("ProxyPassMatch") {
            if !place.in_section {
                inherited = Inherited::ProxyPassInherit;
            }
            url(&word()).or_else(|| url(&word()))
        } else if directive.is("BalancerMember") {
            // Who names the balancer is looked at as well.
            inherited = Inherited::Never;
            let first = word();
            let (balancer, member) = match begins_with(&first, "balancer:") {
                true => (Some(first), word()),
                false => (place.balancer.clone(), first),
            };
            let url = url(&member);
            if let (Some(_), Some(balancer)) = (&url, balancer) {
                self.balancers.insert((place.server, balancer_name(&balancer)));
            }
            url
        } else if directive.is("SetHandler") || directive.is("AddHandler") {
            inherited = Inherited::Always;
            Some(word())
                .filter(|handler| begins_with(handler, "proxy:"))
                .and_then(|word| url(&word))
        } else if directive.is("RewriteRule") {
            let (_pattern, target, flags) = (word(), word(), word());
            if is_proxied(&flags) { url(&target) } else { None }
        } else {
            if let (true, Some(said)) =
                (directive.is("ProxyPassInherit"), self.said.get_mut(place.server))
            {
                said.inherits = Some(is_on(directive));
            }
            None
        };
        if let Some(url) = url {
            let Place { server, fallback, .. } = *place;
            self.backends.push(Backend { directive, url, server, fallback, inherited });
        }
    }

    /// A server whose requests to this backend would go through the tunnel.
    fn tunnels_on(&mut self, backend: &Backend<'_, '_>) -> Option<usize> {
        if !is_websocket(&backend.url) {
            let name = balancer_name(&backend.url);
            let is_member = |server| self.balancers.contains(&(server, name.clone()));
            if !is_member(backend.server) && !is_member(0) {
                return None;
            }
        }
        if self.tunnels(backend.server, backend.fallback) {
            return Some(backend.server);
        }
        if backend.server != 0 || backend.inherited == Inherited::Never {
            return None;
        }
        let key = (backend.inherited, backend.fallback);
        if let Some(&heir) = self.heirs.get(&key) {
            return heir;
        }
        let heir = self.search_heir(backend.inherited, backend.fallback);
        self.heirs.insert(key, heir);
        heir
    }

    /// A server that has what stands in the main server, and for which it is a tunnel.
    fn search_heir(&self, inherited: Inherited, fallback: Option<bool>) -> Option<usize> {
        let of_main = self.said(0).inherits.unwrap_or(true);
        (1..self.servers.len()).find(|&server| {
            let inherits = self.said(server).inherits.unwrap_or(of_main);
            (inherited == Inherited::Always || inherits) && self.tunnels(server, fallback)
        })
    }

    /// Whether a server's requests to a backend would go through the tunnel, as far as that shows
    /// before there are any. Which sections apply to a request of ProxyPass does not: so the
    /// setting is not to be off in any. If it is on in some, it is decided for each request.
    fn tunnels(&self, server: usize, fallback: Option<bool>) -> bool {
        let Some(settings) = self.servers.get(server).filter(|server| server.forwards) else {
            return false;
        };
        if !self.proxies_http {
            return true;
        }
        if let Some(fallback) = fallback {
            return !fallback;
        }
        let (own, main) = (self.said(server), self.said(0));
        own.off || main.off || (settings.fallback_off && !own.on && !main.on)
    }

    fn said(&self, server: usize) -> Said {
        self.said.get(server).copied().unwrap_or_default()
    }
}

/// A flag that is not off.
fn is_on(directive: &Directive<'_>) -> bool {
    !directive.words().next().unwrap_or_default().eq_ignore_ascii_case(b"off")
}

fn begins_with(text: &[u8], prefix: &str) -> bool {
    after(text, prefix).is_some()
}

/// What follows a prefix, in any case.
fn after<'t>(text: &'t [u8], prefix: &str) -> Option<&'t [u8]> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix.as_bytes()).then_some(rest)
}

/// As mod_proxy_wstunnel reads them.
fn is_websocket(url: &[u8]) -> bool {
    begins_with(url, "ws:") || begins_with(url, "wss:")
}

/// A word's URL, if it is one that matters here: of a handler, or behind the path of a socket, too.
fn url(word: &[u8]) -> Option<Vec<u8>> {
    let word = after(word, "proxy:").unwrap_or(word);
    let behind_socket = after(word, "unix:").and_then(|socket| {
        socket
            .iter()
            .position(|octet| *octet == b'|')
            .and_then(|path| socket.split_at_checked(path))
    });
    let url = behind_socket.map_or(word, |(_, url)| url.strip_prefix(b"|").unwrap_or(url));
    (is_websocket(url) || begins_with(url, "balancer:")).then(|| url.to_vec())
}

/// The name in balancer://NAME, with or without what <Proxy has behind it.
fn balancer_name(url: &[u8]) -> Vec<u8> {
    let name = after(url, "balancer:").unwrap_or_default();
    name.iter()
        .skip_while(|octet| **octet == b'/')
        .take_while(|octet| !matches!(octet, b'/' | b'>'))
        .map(u8::to_ascii_lowercase)
        .collect()
}

/// Whether RewriteRule's flags send the request to a proxy. Else a URL is one to which the client is
/// redirected.
fn is_proxied(flags: &[u8]) -> bool {
    flags
        .split(|octet| b"[], \t".contains(octet))
        .any(|flag| flag.eq_ignore_ascii_case(b"P") || flag.eq_ignore_ascii_case(b"proxy"))
}

#[cfg(test)]
mod tests {
    use super::{super::tree::read, *};

    const OFF: &str = "ProxyWebsocketFallbackToProxyHttp off";
    const ON: &str = "ProxyWebsocketFallbackToProxyHttp on";
    const PASS: &str = "ProxyPass /ws/ wss://origin/";
    const BALANCER: &str = "<Proxy balancer://Sockets>\nBalancerMember ws://origin\n</Proxy>";

    /// The main server and two virtual hosts, the first of which forwards.
    fn search(
        main: &str,
        host: &str,
        other: &str,
        change: impl Fn(&mut [Server<'_>; 3]),
    ) -> String {
        let host = format!("<VirtualHost a>\n{host}\n</VirtualHost>");
        let other = format!("<VirtualHost b>\n{other}\n</VirtualHost>");
        let text = format!("{host}\n{other}\n{main}");
        let other_line = 1 + u32::try_from(host.lines().count()).unwrap();
        let server = Server { place: None, forwards: false, accepts: false, fallback_off: false };
        let mut servers = [
            server,
            Server { place: Some((b"conf", 1)), forwards: true, ..server },
            Server { place: Some((b"conf", other_line)), ..server },
        ];
        change(&mut servers);
        let found = find(&read(&text), &servers, true);
        found.map_or("none".to_owned(), |found| {
            format!("{} {}", found.server, found.directive.split(' ').next().unwrap())
        })
    }

    fn off(servers: &mut [Server<'_>; 3]) {
        servers[1].fallback_off = true;
    }

    fn as_they_are(_: &mut [Server<'_>; 3]) {}

    #[test]
    fn directives_that_name_a_backend() {
        for (lines, expected) in [
            (PASS, "1 ProxyPass"),
            ("ProxyPass \"/a b\" 'WS://origin/'", "1 ProxyPass"),
            ("<Location /ws/>\nproxypass ws://origin/\n</Location>", "1 proxypass"),
            ("ProxyPass /ws/ unix:/run/ws|ws://origin/", "1 ProxyPass"),
            ("ProxyPassMatch ^/(.*) ws://origin/$1", "1 ProxyPassMatch"),
            ("BalancerMember balancer://sockets ws://origin", "1 BalancerMember"),
            (BALANCER, "1 BalancerMember"),
            ("SetHandler proxy:ws://origin/", "1 SetHandler"),
            ("SetHandler proxy:unix:/run/ws|wss://origin/", "1 SetHandler"),
            ("AddHandler proxy:ws://origin/ .ws", "1 AddHandler"),
            ("RewriteRule ^/ws ws://origin/ [P]", "1 RewriteRule"),
            ("RewriteRule ^/ws ws://origin/ \"[NE, proxy]\"", "1 RewriteRule"),
            ("ProxyPass / https://origin/", "none"),
            ("ProxyPass / unix:/run/ws:|http://origin/", "none"),
            ("ProxyPass / wsx://origin/", "none"),
            ("ProxyPass / balancer://others/", "none"),
            ("ProxyPass", "none"),
            ("SetHandler ws://origin/", "none"),
            ("RewriteRule ^/ws ws://origin/ [R]", "none"),
            ("RewriteRule ^/ws ws://origin/", "none"),
            ("RewriteRule ^/ws ws://origin/ [PT]", "none"),
            ("Redirect / ws://origin/", "none"),
        ] {
            assert_eq!(search("", lines, "", off), expected, "{lines}");
        }
    }

    #[test]
    fn balancers_of_a_server_and_of_the_main_server() {
        for backend in ["ProxyPass / Balancer://sockets/", "SetHandler proxy:balancer://SOCKETS"] {
            let expected = format!("1 {}", backend.split(' ').next().unwrap());
            assert_eq!(search(BALANCER, backend, "", off), expected);
            assert_eq!(search("", backend, BALANCER, off), "none", "another's");
            let http = BALANCER.replace("ws:", "http:");
            assert_eq!(search(&http, backend, "", off), "none");
        }
        // The members of a balancer of the main server are no one's until it is named.
        assert_eq!(search(BALANCER, "", "", off), "none");
    }

    #[test]
    fn where_the_setting_stands() {
        let section = |lines: &str| format!("<Location /ws/>\n{lines}\n</Location>");
        let both = |lines: &str| format!("{PASS}\n{}", section(lines));
        let inside = |setting: &str| section(&format!("{setting}\n{PASS}"));
        let deeper = |setting: &str| section(&format!("{setting}\n<If true>\n{PASS}\n</If>"));
        for (main, host, whole, expected) in [
            ("", PASS, false, "none"),
            ("", PASS, true, "1 ProxyPass"),
            ("", &both(OFF), false, "1 ProxyPass"),
            ("", &both(ON), true, "none"),
            (&section(OFF), PASS, false, "1 ProxyPass"),
            (&section(ON), PASS, true, "none"),
            ("", &inside(OFF), false, "1 ProxyPass"),
            ("", &inside(ON), true, "none"),
            ("", &inside(&format!("{OFF}\n{ON}")), true, "none"),
            ("", &deeper(OFF), false, "1 ProxyPass"),
            ("", &deeper(ON), true, "none"),
        ] {
            let change = |servers: &mut [Server<'_>; 3]| servers[1].fallback_off = whole;
            assert_eq!(search(main, host, "", change), expected, "{main} {host} {whole}");
        }
    }

    #[test]
    fn what_virtual_hosts_inherit() {
        assert_eq!(search(PASS, "", "", off), "1 ProxyPass");
        assert_eq!(search(PASS, "ProxyPassInherit off", "", off), "none");
        let main = format!("{PASS}\nProxyPassInherit off");
        assert_eq!(search(&main, "", "", off), "none");
        assert_eq!(search(&main, "ProxyPassInherit on", "", off), "1 ProxyPass");
        let rewrite = "RewriteRule ^/ws ws://origin/ [P]";
        assert_eq!(search(rewrite, "", "", off), "none");
        let in_section = format!("<Location />\n{rewrite}\n</Location>");
        assert_eq!(search(&in_section, "ProxyPassInherit off", "", off), "1 RewriteRule");
        assert_eq!(search("SetHandler proxy:ws://origin/", "", "", off), "1 SetHandler");
        // The main server forwards by itself.
        let forwards = |servers: &mut [Server<'_>; 3]| {
            servers[0] = Server { forwards: true, fallback_off: true, ..servers[0] };
        };
        assert_eq!(search(PASS, "", "", forwards), "0 ProxyPass");
    }

    #[test]
    fn servers_that_do_not_forward() {
        let section = format!("<Location /ws/>\n{OFF}\n{PASS}\n</Location>");
        assert_eq!(search("", "", &section, as_they_are), "none");
        let none = |servers: &mut [Server<'_>; 3]| servers[1].forwards = false;
        assert_eq!(search(&section, &section, &section, none), "none");
        // A virtual host of which httpd has no record.
        let unknown = |servers: &mut [Server<'_>; 3]| servers[1].place = None;
        assert_eq!(search("", &section, "", unknown), "none");
    }

    #[test]
    fn without_mod_proxy_http() {
        let server = Server { place: None, forwards: true, accepts: false, fallback_off: false };
        let text = format!("{ON}\n{PASS}");
        assert!(find(&read(&text), &[server], true).is_none());
        let found = find(&read(&text), &[server], false).unwrap();
        assert_eq!(
            found.to_string(),
            "ClientCertForward: ProxyPass (conf:2): mod_proxy_wstunnel's own tunnel would serve \
             wss://origin/, in which the client could speak as this proxy: it needs \
             mod_proxy_http, which is not loaded",
        );
        assert!(find(&read(&text), &[], false).is_none());
    }
}
