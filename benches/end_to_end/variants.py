# SPDX-License-Identifier: Apache-2.0
"""What is compared: servers that do the same with and without the module, or without httpd."""

import functools

from load import Load
from servers import LOAD_MODULE, Part, Servers, free_port, output

# How many headers a request may have in the comparison of their numbers.
COUNTS = [0, 1, 2, 4, 8]


class Variant:
    """Requests to one path of one server, as the client or, with a header like the client's, the
    proxy."""

    def __init__(self, name, server, path, header=None, mode=None):
        self.name, self.server, self.path, self.header = name, server, path, header
        self.mode = mode

    @property
    def as_whom(self):
        return "ttrp" if self.header else "client"

    @property
    def ours(self):
        return self.name.startswith("**")


PLAIN = Variant("httpd, no header", "plain", "/")
CONSTANT = Variant("httpd, mod_headers, a constant of that length", "constant", "/")
ESCAPED = Variant("httpd, mod_headers, escaped PEM", "escaped", "/")
NONE = Variant("httpd with the module, ClientCertForward off", "off", "/")
REUSED = Variant("**cms, RSA 2048, signature reused**", "ours", "/")
EACH = Variant("cms, RSA 2048, every request signed", "each", "/")
NGINX_PLAIN = Variant("nginx, no header", "nginx", "/plain")
NGINX_WITH = Variant("nginx, $ssl_client_escaped_cert", "nginx", "/with")
HAPROXY_PLAIN = Variant("HAProxy, no header", "haproxy", "/plain")
HAPROXY_WITH = Variant("HAProxy, ssl_c_der,base64", "haproxy", "/with")
ORIGIN_CONSTANT = Variant("origin without the module, given the header", "origin", "/index.txt",
                          "Client-Cert")
ORIGIN_OTHER = Variant("origin with the module, given a constant of that length", "other",
                       "/index.txt", "X-Constant")
ORIGIN_ACCEPT = Variant("**origin that accepts the header**", "accept", "/index.txt", "Client-Cert")

# Of the client, one in each header.
VARIABLES = ["VERIFY", "S_DN", "I_DN", "S_DN_CN", "M_SERIAL", "V_START", "V_END", "A_SIG"]
THEIR_VARIABLES = Variant("httpd, mod_headers, eight variables", "their-variables", "/")
OUR_VARIABLES = Variant("**ClientCertForwardVariable, the same eight**", "our-variables", "/")

FIRST_SEEN_CONSTANT = Variant(CONSTANT.name, "constant", "/", mode="first-seen")
FIRST_SEEN = Variant("**cms, RSA 2048, a client never seen**", "ours", "/", mode="first-seen")
KNOWN_EACH = Variant("cms, RSA 2048, a known client, every request signed", "each", "/", mode="new")

CONSTANTS = {n: Variant(f"httpd, mod_headers, {n} constants", "constants", f"/constant/{n}")
             for n in COUNTS}
HEADERS = {n: Variant(f"**{n} headers, reused**", "many", f"/headers/{n}") for n in COUNTS}


class Compared(Servers):
    """The servers that the variants name, each started when it is first asked for.

    Each variant has one of its own: what served two of them would come to each turn with warmer
    caches than the others.
    """

    def prepare(self):
        super().prepare()
        self.certificates.make_server("ttrp")
        self.certificates.make_client("client", 5)
        self.started = {}

    def server(self, variant):
        if variant not in self.started:
            self.started[variant] = STARTS[variant.server](self)
        return self.started[variant]

    def afresh(self):
        """Stops the servers; another will start for each variant that is asked for."""
        for server in self.started.values():
            self.stop(server)
        self.started.clear()

    def load(self, variant, requests, mode, **more):
        """Clients for the variant."""
        mode = variant.mode or mode
        files = [self.dir / f"{variant.as_whom}.pem"]
        if variant.header:
            file = self.dir / f"{variant.header}.txt"
            # Another's clients may be reading it.
            if not file.exists():
                file.write_text(f"{variant.header}: {self.value}\n")
            files.append(file)
        if mode == "first-seen":
            files.append(self.dir / "ca.pem")
        return Load(self.server(variant), variant.path, requests, mode, *files, **more)

    @functools.cached_property
    def value(self):
        """One value, as long as all of this signer's for this client."""
        return self.echo(self.server(REUSED), REUSED.path)

    def echo(self, server, path, client="client"):
        """What the backend gets as Client-Cert."""
        return output("curl", "-ksf", "--cert", self.dir / f"{client}.pem",
                      f"https://127.0.0.1:{server.port}{path.rstrip('/')}/echo")

    # What the backend listens with, beside its address.
    listens = ""

    @functools.cached_property
    def backend(self):
        """The address of a backend that answers at once, and reads each header in one go."""
        port = free_port()
        self.nginx("backend", f"""server {{ listen 127.0.0.1:{port} {self.listens};
            client_header_buffer_size 32k;
            location ~ echo$ {{ return 200 $http_client_cert; }}
            location / {{ return 200 "hello, world\\n"; }} }}""", port, Part.OTHER)
        return f"127.0.0.1:{port}"

    @property
    def proxy(self):
        # No connection that the backend is about to close.
        return f"ProxyPass / http://{self.backend}/ ttl=30\n"


class StrongPath(Compared):
    """The same with a backend that is spoken to as the TTRP's certificate says, over mutual TLS."""

    @property
    def listens(self):
        return f"""ssl; ssl_certificate {self.dir}/ttrp.crt; ssl_certificate_key {self.dir}/ttrp.key;
            ssl_client_certificate {self.dir}/ca.crt; ssl_verify_client on"""

    @property
    def proxy(self):
        backend = self.backend.replace("127.0.0.1", "localhost")
        return f"{self.proxy_tls()}ProxyPass / https://{backend}/ ttl=30\n"


def forwards(count):
    """Lines for so many headers."""
    lines = ["ClientCertForward cms"]
    lines += [f"ClientCertForward {'cms-sf' if n % 2 else 'cms'} X-Client-{n}"
              for n in range(1, count)]
    return "\n".join(lines) if count else "ClientCertForward off"


def constants(count, value):
    names = ["Client-Cert"] + [f"X-Client-{n}" for n in range(1, count)]
    return "\n".join(f'RequestHeader set {name} "{value}"' for name in names[:count])


def sections(prefix, lines_of, counts):
    return "".join(f"<Location /{prefix}/{n}>\n{lines_of(n)}\n</Location>\n" for n in counts)


def start_ours(site, name="ours", lifetime=3600):
    return site.httpd(name, LOAD_MODULE + site.tls() + site.proxy + f"""
        ClientCertForward cms
        ClientCertSigner {site.dir}/ttrp.pem
        ClientCertSignatureLifetime {lifetime}\n""")


def start_each(site):
    return start_ours(site, "each", 0)


def start_off(site):
    return site.httpd("off", LOAD_MODULE + site.tls() + site.proxy + f"""
        ClientCertSigner {site.dir}/ttrp.pem
        <Location /elsewhere>
            ClientCertForward cms
        </Location>\n""")


def start_many(site, name="many", signer="ttrp"):
    return site.httpd(name, LOAD_MODULE + site.tls() + site.proxy + f"""
        ClientCertSigner {site.dir}/{signer}.pem
        ClientCertSignatureLifetime 3600\n""" + sections("headers", forwards, COUNTS))


def start_plain(site):
    return site.httpd("plain", site.tls() + site.proxy)


def start_constant(site):
    return site.httpd("constant", site.tls() + site.proxy + constants(1, "x" * len(site.value)))


def start_constants(site):
    value = "x" * len(site.value)
    return site.httpd("constants", site.tls() + site.proxy
                      + sections("constant", lambda n: constants(n, value), COUNTS))


def start_escaped(site):
    return site.httpd("escaped", site.tls() + site.proxy + """
        RequestHeader set X-SSL-Client-Cert "expr=%{escape:%{SSL_CLIENT_CERT}}"\n""")


def variables(line):
    return "".join(line.format(header=f"X-SSL-Client-{name.replace('_', '-')}",
                               variable=f"SSL_CLIENT_{name}") for name in VARIABLES)


def start_their_variables(site):
    return site.httpd("their-variables", site.tls() + site.proxy
                      + variables('RequestHeader set {header} "%{{{variable}}}s"\n'))


def start_our_variables(site):
    return site.httpd("our-variables", LOAD_MODULE + site.tls() + site.proxy
                      + variables("ClientCertForwardVariable {header} {variable}\n"))


def documents(site):
    directory = site.dir / "htdocs"
    directory.mkdir(exist_ok=True)
    (directory / "index.txt").write_text("hello, world\n")
    return f"DocumentRoot {directory}\n"


def start_origin(site):
    return site.httpd("origin", site.tls() + documents(site) + """
        <Location />
            Require all granted
        </Location>\n""")


def accepts(site):
    return f"""
        ClientCertAccept cms
        ClientCertTrust {site.dir}/ca.crt
        ClientCertTrustName localhost
        ClientCertMaxAge 86400\n"""


def start_other(site):
    return site.httpd("other", LOAD_MODULE + site.tls() + documents(site) + f"""
        <Location />
            Require all granted
        </Location>
        <Location /elsewhere>
            {accepts(site)}
        </Location>\n""")


def start_accept(site):
    return site.httpd("accept", LOAD_MODULE + site.tls() + documents(site) + accepts(site) + """
        <Location />
            Require client-cert
        </Location>\n""")


def start_nginx(site):
    port = free_port()
    locations = "".join(f"""
        location /{path} {{
            proxy_pass http://backend; proxy_http_version 1.1;
            proxy_set_header Connection ""; {more} }}"""
                        for path, more in (("plain", ""), ("with", "proxy_set_header "
                                           "X-SSL-Client-Cert $ssl_client_escaped_cert;")))
    return site.nginx("nginx", f"""
        upstream backend {{ server {site.backend}; keepalive 32; }}
        server {{
            listen 127.0.0.1:{port} ssl;
            ssl_certificate {site.dir}/ttrp.crt; ssl_certificate_key {site.dir}/ttrp.key;
            ssl_client_certificate {site.dir}/ca.crt; ssl_verify_client on;
            ssl_session_cache shared:bench:10m; {locations} }}""", port)


def start_haproxy(site):
    port = free_port()
    return site.haproxy("haproxy", f"""
frontend tls
    bind 127.0.0.1:{port} ssl crt {site.dir}/ttrp.pem ca-file {site.dir}/ca.crt verify required
    http-request set-header X-SSL-Client-Cert %[ssl_c_der,base64] if {{ path_beg /with }}
    default_backend plain
backend plain
    server backend {site.backend}
""", port)


STARTS = {"ours": start_ours, "each": start_each, "off": start_off, "many": start_many,
          "plain": start_plain, "constant": start_constant, "constants": start_constants,
          "escaped": start_escaped, "origin": start_origin, "other": start_other,
          "accept": start_accept, "nginx": start_nginx, "haproxy": start_haproxy,
          "their-variables": start_their_variables, "our-variables": start_our_variables}
