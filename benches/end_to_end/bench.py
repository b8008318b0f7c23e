#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the module costs end to end, on real servers of this machine.

    bench.py [--short] [--write]

A TTRP terminates mutual TLS in front of a plain HTTP backend; each variant is
measured in many short rounds that take turns, and compared round by round with
the variant that its table names. CPU time is that of the server's own
processes, from the kernel's run queues. --short is a smoke test of under a minute;
--write replaces docs/performance-measured.md and docs/performance.svg.
"""

import math
import os
import pathlib
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SHORT = "--short" in sys.argv
ROUNDS = 3 if SHORT else 31
MODULE = ROOT / "build/mod_client_cert.so"
LOAD = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release/examples/load"


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


class Certificates:
    """A CA, and what it issued: one PEM file each, certificate and key."""

    def __init__(self, directory):
        self.directory = directory
        self.make("ca", "/CN=bench CA", "rsa:2048", None, "basicConstraints=critical,CA:true")
        usage = "extendedKeyUsage=serverAuth,clientAuth"
        self.make("ttrp", "/CN=localhost", "rsa:2048", "ca", "subjectAltName=DNS:localhost", usage)
        uris = ",".join(f"URI:https://clients.example/{n}/{'x' * 30}" for n in range(5))
        self.make("client", "/CN=client", "rsa:2048", "ca", f"subjectAltName={uris}")

    def make(self, name, subject, key, issuer, *extensions):
        d = self.directory
        signer = ["-CA", d / f"{issuer}.crt", "-CAkey", d / f"{issuer}.key"] if issuer else []
        added = [a for extension in extensions for a in ("-addext", extension)]
        output("openssl", "req", "-x509", "-newkey", key, "-noenc", "-days", "2", "-subj", subject,
               "-config", d / "openssl.cnf",
               "-keyout", d / f"{name}.key", "-out", d / f"{name}.crt", *signer, *added)
        both = (d / f"{name}.crt").read_text() + (d / f"{name}.key").read_text()
        (d / f"{name}.pem").write_text(both)


class Server:
    """A server in the foreground, and the CPU time of all its processes."""

    def __init__(self, name, command, port, directory):
        self.name = name
        log = open(directory / f"{name}.out", "wb")
        self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                        start_new_session=True)
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.1)
        sys.exit(f"{name} did not start: {(directory / f'{name}.out').read_text()}"
                 + "".join(p.read_text() for p in directory.glob(f"{name}*.log")))

    def cpu(self):
        """Seconds on a CPU, of every thread of the process and its children."""
        total = 0
        for pid in self.pids():
            for task in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
                try:
                    total += int(task.read_text().split()[0])
                except (FileNotFoundError, ProcessLookupError):
                    pass
        return total / 1e9

    def pids(self):
        found, queue = [], [self.process.pid]
        while queue:
            pid = queue.pop()
            found.append(pid)
            for children in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
                queue += [int(child) for child in children.read_text().split()]
        return found

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()


HTTPD = """
ServerName localhost
DefaultRuntimeDir {dir}
PidFile {dir}/{name}.pid
ErrorLog {dir}/{name}.log
LogLevel error
{identity}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule ssl_module {modules}/mod_ssl.so
LoadModule proxy_module {modules}/mod_proxy.so
LoadModule proxy_http_module {modules}/mod_proxy_http.so
LoadModule headers_module {modules}/mod_headers.so
LoadModule socache_shmcb_module {modules}/mod_socache_shmcb.so
StartServers 1
ServerLimit 1
ThreadsPerChild 32
MaxRequestWorkers 32
MinSpareThreads 1
MaxSpareThreads 32
MaxConnectionsPerChild 0
KeepAlive on
MaxKeepAliveRequests 0
KeepAliveTimeout 60
LimitRequestFieldSize 32768
"""

TLS = """
SSLEngine on
SSLCertificateFile {dir}/ttrp.pem
SSLCACertificateFile {dir}/ca.crt
SSLVerifyClient require
"""

NGINX = """
daemon off; worker_processes 1; pid {dir}/{name}.pid; error_log {dir}/{name}.log;
{identity}
events {{ worker_connections 512; }}
http {{
    access_log off; keepalive_requests 100000000; keepalive_timeout 60s;
    large_client_header_buffers 8 32k;
    client_body_temp_path {dir}; proxy_temp_path {dir}; fastcgi_temp_path {dir};
    uwsgi_temp_path {dir}; scgi_temp_path {dir};
    {body}
}}
"""


class Bench:
    def __init__(self, directory):
        self.dir = directory
        self.servers = {}
        (directory / "openssl.cnf").write_text("[req]\ndistinguished_name=dn\n[dn]\n")
        Certificates(directory)
        self.modules = output("apxs", "-q", "LIBEXECDIR").strip()
        names = ["backend", "without", "ours", "each", "nginx", "haproxy", "accept", "constant"]
        self.port = dict(zip(names, free_ports(len(names))))
        self.start_servers()

    def text(self, template, name, **more):
        root = os.geteuid() == 0
        identity = "User www-data\nGroup www-data" if root else ""
        if template is NGINX:
            identity = "user www-data;" if root else ""
        return template.format(dir=self.dir, name=name, modules=self.modules, identity=identity,
                               **more)

    def httpd(self, name, body):
        configuration = self.dir / f"{name}.conf"
        configuration.write_text(
            self.text(HTTPD, name) + f"Listen 127.0.0.1:{self.port[name]}\n" + body)
        self.servers[name] = Server(name, ["apache2", "-DFOREGROUND", "-f", configuration],
                                    self.port[name], self.dir)

    def nginx(self, name, body):
        configuration = self.dir / f"{name}.conf"
        configuration.write_text(self.text(NGINX, name, body=body))
        command = ["nginx", "-c", configuration, "-p", self.dir, "-e", self.dir / f"{name}.log"]
        self.servers[name] = Server(name, command, self.port[name], self.dir)

    def start_servers(self):
        backend = f"http://127.0.0.1:{self.port['backend']}/"
        self.nginx("backend", f"""server {{ listen 127.0.0.1:{self.port['backend']};
            location /echo {{ return 200 $http_client_cert; }}
            location / {{ return 200 "hello, world\\n"; }} }}""")
        tls, load = self.text(TLS, ""), f"LoadModule client_cert_module {MODULE}\n"
        proxy = f"ProxyPass / {backend}\n"
        forward = f"ClientCertForward cms\nClientCertSigner {self.dir}/ttrp.pem\n"
        self.httpd("ours", load + tls + proxy + "<Location /none>\nClientCertForward off\n"
                   "</Location>\n" + forward + "ClientCertSignatureLifetime 3600\n")
        self.httpd("each", load + tls + proxy + forward + "ClientCertSignatureLifetime 0\n")

        # One value, as long as all of this signer's for this client.
        value = self.get("ours", "/echo")
        self.value_length = len(value)
        (self.dir / "value.txt").write_text(f"Client-Cert: {value}\n")
        self.httpd("without", tls + proxy + f"""
            <Location /constant>
                RequestHeader set Client-Cert "{'x' * len(value)}"
            </Location>
            <Location /escaped>
                RequestHeader set X-SSL-Client-Cert "expr=%{{escape:%{{SSL_CLIENT_CERT}}}}"
            </Location>\n""")

        peer = "SSLVerifyDepth 1\nDocumentRoot " + str(self.dir / "htdocs") + "\n"
        (self.dir / "htdocs").mkdir()
        (self.dir / "htdocs/index.txt").write_text("hello, world\n")
        self.httpd("constant", tls + peer)
        self.httpd("accept", load + tls + peer + f"""
            ClientCertAccept cms
            ClientCertTrust {self.dir}/ca.crt
            ClientCertTrustName localhost
            ClientCertMaxAge 86400
            <Location />
                Require client-cert
            </Location>\n""")

        with_and_without = f"""
            ssl_certificate {self.dir}/ttrp.crt; ssl_certificate_key {self.dir}/ttrp.key;
            ssl_client_certificate {self.dir}/ca.crt; ssl_verify_client on;
            ssl_session_cache shared:bench:10m;
            location /with {{
                proxy_pass http://backend; proxy_http_version 1.1;
                proxy_set_header Connection "";
                proxy_set_header X-SSL-Client-Cert $ssl_client_escaped_cert; }}
            location / {{
                proxy_pass http://backend; proxy_http_version 1.1;
                proxy_set_header Connection ""; }}"""
        self.nginx("nginx", f"""
            upstream backend {{ server 127.0.0.1:{self.port['backend']}; keepalive 32; }}
            server {{ listen 127.0.0.1:{self.port['nginx']} ssl; {with_and_without} }}""")
        configuration = self.dir / "haproxy.conf"
        configuration.write_text(f"""
global
    nbthread 1
    tune.bufsize 65536
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
frontend tls
    bind 127.0.0.1:{self.port['haproxy']} ssl crt {self.dir}/ttrp.pem ca-file {self.dir}/ca.crt verify required
    http-request set-header X-SSL-Client-Cert %[ssl_c_der,base64] if {{ path_beg /with }}
    default_backend plain
backend plain
    server backend 127.0.0.1:{self.port['backend']}
""")
        self.servers["haproxy"] = Server("haproxy", ["haproxy", "-db", "-f", configuration],
                                         self.port["haproxy"], self.dir)

    def get(self, name, path):
        return output("curl", "-ksf", "--cert", self.dir / "client.pem",
                      f"https://127.0.0.1:{self.port[name]}{path}")

    def stop(self):
        for server in self.servers.values():
            server.stop()

    def run(self, variant, mode, requests):
        """Requests in a second, and microseconds of the server's CPU for each."""
        server = self.servers[variant.server]
        command = [LOAD, str(self.port[variant.server]), variant.path, str(requests), "16", mode,
                   self.dir / f"{variant.as_whom}.pem"]
        if variant.as_whom == "ttrp":
            command.append(self.dir / "value.txt")
        load = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if load.stdout.readline().strip() != "ready":
            sys.exit(f"{variant.name}: the requests failed\n"
                     + (self.dir / f"{variant.server}.log").read_text())
        before = server.cpu()
        load.stdin.write("\n")
        load.stdin.flush()
        # The threads go on to live until they are asked to end, so their time is still there.
        seconds, count = load.stdout.readline().split()
        after = server.cpu()
        load.stdin.close()
        load.wait()
        return int(count) / float(seconds), (after - before) / int(count) * 1e6


class Variant:
    def __init__(self, name, server, path, as_whom="client"):
        self.name, self.server, self.path, self.as_whom = name, server, path, as_whom


PLAIN = Variant("httpd, no header", "without", "/plain")
CONSTANT = Variant("httpd, mod_headers, a constant of that length", "without", "/constant")
ESCAPED = Variant("httpd, mod_headers, escaped PEM", "without", "/escaped")
NONE = Variant("httpd with the module, ClientCertForward off", "ours", "/none")
REUSED = Variant("**cms, RSA 2048, signature reused**", "ours", "/reused")
EACH = Variant("cms, RSA 2048, every request signed", "each", "/each")
NGINX_PLAIN = Variant("nginx, no header", "nginx", "/plain")
NGINX_WITH = Variant("nginx, $ssl_client_escaped_cert", "nginx", "/with")
HAPROXY_PLAIN = Variant("HAProxy, no header", "haproxy", "/plain")
HAPROXY_WITH = Variant("HAProxy, ssl_c_der,base64", "haproxy", "/with")
ORIGIN_CONSTANT = Variant("origin without the module, given the header", "constant", "/index.txt",
                          "ttrp")
ORIGIN_ACCEPT = Variant("**origin that accepts the header**", "accept", "/index.txt", "ttrp")

PARTS = [
    ("Keep-alive", "keep-alive", 1600, CONSTANT,
     [CONSTANT, PLAIN, ESCAPED, NONE, REUSED, EACH]),
    ("Keep-alive, nginx and HAProxy", "keep-alive", 1600, NGINX_PLAIN,
     [NGINX_PLAIN, NGINX_WITH, HAPROXY_PLAIN, HAPROXY_WITH]),
    ("New connections, full handshakes", "new", 320, CONSTANT, [CONSTANT, PLAIN, REUSED, EACH]),
    ("New connections, resumed sessions", "resumed", 480, CONSTANT, [CONSTANT, PLAIN, REUSED]),
    ("Accepting, keep-alive", "keep-alive", 3200, ORIGIN_CONSTANT,
     [ORIGIN_CONSTANT, ORIGIN_ACCEPT]),
]


def median(values):
    """The median, and its interval of confidence of 95 percent by the order statistics."""
    values = sorted(values)
    n = len(values)
    off = 0.98 * math.sqrt(n)
    low, high = max(0, math.floor(n / 2 - off)), min(n - 1, math.ceil(n / 2 + off) - 1)
    return statistics.median(values), values[low], values[high]


def measure(bench):
    results = []
    for title, mode, requests, base, variants in PARTS:
        requests = requests // 4 if SHORT else requests
        figures = {v: [] for v in variants}
        for v in variants:
            bench.run(v, mode, max(32, requests // 4))
        for _ in range(ROUNDS):
            for v in random.sample(variants, len(variants)):
                figures[v].append(bench.run(v, mode, requests))
        results.append((title, base, figures))
        print(table(title, base, figures), flush=True)
        if mode == "keep-alive" and base is CONSTANT:
            httpd = figures
        if base is NGINX_PLAIN:
            prices = [("mod_client_cert, reused", httpd, PLAIN, REUSED),
                      ("mod_headers, escaped PEM", httpd, PLAIN, ESCAPED),
                      ("nginx, escaped PEM", figures, NGINX_PLAIN, NGINX_WITH),
                      ("HAProxy, base64 of the DER", figures, HAPROXY_PLAIN, HAPROXY_WITH)]
            results.append(("price", None, prices))
            print(price_table(prices), flush=True)
    return results


def table(title, base, figures):
    rows = [f"\n### {title}\n",
            "| variant | requests/s | ratio (95 percent) | CPU us/request | ratio (95 percent) |",
            "| --- | ---: | --- | ---: | --- |"]
    for v, rounds in figures.items():
        cells = []
        for n in (0, 1):
            value = statistics.median(r[n] for r in rounds)
            ratio = median([r[n] / b[n] for r, b in zip(rounds, figures[base])])
            cells += [f"{value:.0f}" if n == 0 else f"{value:.1f}",
                      "1" if v is base else f"{ratio[0]:.3f} ({ratio[1]:.3f} to {ratio[2]:.3f})"]
        rows.append(f"| {v.name} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def price_table(prices):
    rows = ["\n### The price of the header: with it less without it, keep-alive\n",
            "| header | CPU us/request (95 percent) |", "| --- | --- |"]
    for name, figures, without, with_it in prices:
        price = median([w[1] - p[1] for w, p in zip(figures[with_it], figures[without])])
        rows.append(f"| {name} | {price[0]:.1f} ({price[1]:.1f} to {price[2]:.1f}) |")
    return "\n".join(rows)


def plot(results):
    """The CPU ratios, each with its interval, as SVG."""
    left, width, line = 330, 380, 22
    bars, y = [], 20
    scale = lambda ratio: left + min(ratio, 4.0) / 4.0 * width
    for title, base, figures in results:
        if base is None:
            continue
        bars.append(f'<text x="8" y="{y + 14}" font-weight="bold">{title}</text>')
        y += line
        for v, rounds in figures.items():
            value, low, high = median([r[1] / b[1] for r, b in zip(rounds, figures[base])])
            ours = v.name.startswith("**")
            name = v.name.strip("*").replace("&", "&amp;").replace("<", "&lt;")
            colour = "#2a6fb0" if ours else "#9aa5b1"
            bars.append(f'<text x="16" y="{y + 14}">{name}</text>'
                        f'<rect x="{left}" y="{y + 3}" width="{scale(value) - left:.1f}" '
                        f'height="14" fill="{colour}"/>'
                        f'<line x1="{scale(low):.1f}" x2="{scale(high):.1f}" y1="{y + 10}" '
                        f'y2="{y + 10}" stroke="black" stroke-width="2"/>'
                        f'<text x="{scale(max(value, high)) + 6:.1f}" y="{y + 14}">{value:.2f}</text>')
            y += line
        y += 8
    one = scale(1)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 60}" '
            f'height="{y + 26}" font-family="sans-serif" font-size="12">'
            '<rect width="100%" height="100%" fill="white"/>'
            f'<line x1="{one}" x2="{one}" y1="10" y2="{y}" stroke="#c33" stroke-dasharray="4 3"/>'
            + "".join(bars)
            + f'<text x="{left}" y="{y + 16}">CPU time for a request, against the first of each '
            'group</text></svg>\n')


def main():
    for command in ("apxs", "apache2", "nginx", "haproxy", "openssl", "curl"):
        if not shutil.which(command):
            sys.exit(f"bench: {command} is missing")
    directory = pathlib.Path(tempfile.mkdtemp(prefix="client-cert-bench."))
    directory.chmod(0o755)
    if os.geteuid() == 0:
        shutil.chown(directory, "www-data")
    bench = None
    try:
        bench = Bench.__new__(Bench)
        bench.servers = {}
        bench.__init__(directory)
        processor = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo")
                          if line.startswith("model name")), "unknown")
        head = (f"{os.cpu_count()} cores, {processor}; {output('apache2', '-v').split()[2]}, "
                f"{' '.join(output('openssl', 'version').split()[:2])}; value of "
                f"{bench.value_length} bytes; 16 connections; {ROUNDS} rounds; load average at "
                f"the start {os.getloadavg()[0]:.1f}")
        print(head, flush=True)
        results = measure(bench)
    finally:
        if bench:
            bench.stop()
        shutil.rmtree(directory, ignore_errors=True)
    if "--write" in sys.argv:
        tables = [price_table(f) if b is None else table(t, b, f) for t, b, f in results]
        text = ("<!-- Written by ./run bench. -->\n\n# Measured end to end\n\n" + head + "\n"
                + "\n".join(tables) + "\n\n![CPU time](performance.svg)\n")
        (ROOT / "docs/performance-measured.md").write_text(text)
        (ROOT / "docs/performance.svg").write_text(plot(results))


if __name__ == "__main__":
    main()
