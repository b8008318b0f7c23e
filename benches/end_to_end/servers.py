# SPDX-License-Identifier: Apache-2.0
"""Real servers, started for a measurement in a directory of its own, and their certificates."""

import enum
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MODULE = ROOT / "build/mod_client_cert.so"

CORES = sorted(os.sched_getaffinity(0))


class Part(enum.Enum):
    """Of the programs that run."""
    MEASURED = 1
    OTHER = 2


class Pinning:
    """Whether the server that is measured has the first core to itself, and all else the others: so
    nothing moves it from core to core, and its load and its backend do not take turns with it."""
    enabled = False

    @classmethod
    def command(cls, part, command):
        command = list(map(str, command))
        if not cls.enabled or len(CORES) == 1:
            return command
        cores = CORES[:1] if part is Part.MEASURED else CORES[1:]
        return ["taskset", "--cpu-list", ",".join(map(str, cores)), *command]


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


class Certificates:
    """A CA, and what it issued: certificate and key, each alone (.crt, .key) and both (.pem)."""

    def __init__(self, directory, key):
        self.directory = directory
        self.key = key
        (directory / "openssl.cnf").write_text("[req]\ndistinguished_name=dn\n[dn]\n")
        self.make_ca("ca", None)

    def make_ca(self, name, issuer):
        self.make(name, f"/CN=bench {name}", issuer, "basicConstraints=critical,CA:true")

    def make_server(self, name, issuer="ca"):
        self.make(name, "/CN=localhost", issuer, "subjectAltName=DNS:localhost",
                  "extendedKeyUsage=serverAuth,clientAuth")

    def make_client(self, name, uris):
        """One with so many names of about 60 octets."""
        names = ",".join(f"URI:https://clients.example/{n:04}/{'x' * 27}" for n in range(uris))
        self.make(name, f"/CN={name}", "ca", *([f"subjectAltName={names}"] if uris else []))

    def make(self, name, subject, issuer, *extensions):
        d = self.directory
        key = {"rsa": ["rsa:2048"], "p256": ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]}[self.key]
        signer = ["-CA", d / f"{issuer}.crt", "-CAkey", d / f"{issuer}.key"] if issuer else []
        added = [a for extension in extensions for a in ("-addext", extension)]
        output("openssl", "req", "-x509", "-newkey", *key, "-noenc", "-days", "2", "-subj", subject,
               "-config", d / "openssl.cnf",
               "-keyout", d / f"{name}.key", "-out", d / f"{name}.crt", *signer, *added)
        both = (d / f"{name}.crt").read_text() + (d / f"{name}.key").read_text()
        (d / f"{name}.pem").write_text(both)


    def size(self, name):
        """Octets of the certificate, DER."""
        return len(ssl.PEM_cert_to_DER_cert((self.directory / f"{name}.crt").read_text()))


class Server:
    """A server in the foreground, with its processes and their CPU time."""

    def __init__(self, name, command, port, directory, part, patience):
        self.name, self.port = name, port
        self.said = directory / f"{name}.out"
        self.log = directory / f"{name}.log"
        with open(self.said, "wb") as said:
            self.process = subprocess.Popen(Pinning.command(part, command), stdout=said, stderr=said,
                                            stdin=subprocess.DEVNULL, start_new_session=True)
        end = time.monotonic() + patience
        while time.monotonic() < end and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        self.stop()
        sys.exit(f"{name} did not start: {self.complaints()}")

    def complaints(self):
        return "".join(file.read_text() for file in (self.said, self.log) if file.exists())

    def cpu(self):
        """Seconds on a CPU, of every thread of the process and its children."""
        # clock_getcpuclockid(3), which Python does not have.
        return sum(time.clock_gettime_ns(~pid << 3 | 2)
                   for pid in [self.process.pid, *self.children()]) / 1e9

    def children(self):
        files = pathlib.Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return [int(child) for file in files for child in file.read_text().split()]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


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
# One child; the slots are for the old and the new one of a graceful restart.
StartServers 1
ServerLimit 4
ThreadsPerChild 32
MaxRequestWorkers 32
MinSpareThreads 1
MaxSpareThreads 32
MaxConnectionsPerChild 0
KeepAlive on
MaxKeepAliveRequests 0
KeepAliveTimeout 60
LimitRequestFieldSize 65536
Listen 127.0.0.1:{port}
{body}
"""

NGINX = """
daemon off; worker_processes 1; pid {dir}/{name}.pid; error_log {dir}/{name}.log;
{identity}
events {{ worker_connections 512; }}
http {{
    access_log off; keepalive_requests 100000000; keepalive_timeout 60s;
    large_client_header_buffers 16 64k;
    client_body_temp_path {dir}; proxy_temp_path {dir}; fastcgi_temp_path {dir};
    uwsgi_temp_path {dir}; scgi_temp_path {dir};
    {body}
}}
"""

HAPROXY = """
global
    nbthread 1
    tune.bufsize 65536
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
{body}
"""

LOAD_MODULE = f"LoadModule client_cert_module {MODULE}\n"


class Servers:
    """A temporary directory and the servers in it, as a context: in the end all are gone."""

    # Seconds that a server may take to start.
    patience = 10

    def __init__(self, key="rsa"):
        """`key` is that of all certificates."""
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="client-cert-bench."))
        self.running = []
        self.root = os.geteuid() == 0
        self.key = key

    def __enter__(self):
        try:
            self.prepare()
        except BaseException:
            self.__exit__()
            raise
        return self

    def prepare(self):
        """Makes what all servers need."""
        self.dir.chmod(0o755)
        if self.root:
            shutil.chown(self.dir, "www-data")
        self.certificates = Certificates(self.dir, self.key)
        self.modules = output("apxs", "-q", "LIBEXECDIR").strip()

    def __exit__(self, *_):
        for server in reversed(self.running):
            server.stop()
        shutil.rmtree(self.dir, ignore_errors=True)

    def distinct(self, name):
        """The name of one more server of this kind."""
        return f"{name}-{len(self.running)}"

    def httpd(self, name, body, part=Part.MEASURED):
        port, name = free_port(), self.distinct(name)
        configuration = self.dir / f"{name}.conf"
        identity = "User www-data\nGroup www-data" if self.root else ""
        configuration.write_text(HTTPD.format(dir=self.dir, name=name, modules=self.modules,
                                              identity=identity, port=port, body=body))
        return self.start(name, self.httpd_command(configuration), port, part)

    def httpd_command(self, configuration):
        return ["apache2", "-DFOREGROUND", "-f", configuration]

    def nginx(self, name, body, port, part=Part.MEASURED):
        name = self.distinct(name)
        configuration = self.dir / f"{name}.conf"
        identity = "user www-data;" if self.root else ""
        configuration.write_text(NGINX.format(dir=self.dir, name=name, identity=identity,
                                              body=body))
        command = ["nginx", "-c", configuration, "-p", self.dir, "-e", self.dir / f"{name}.log"]
        return self.start(name, command, port, part)

    def haproxy(self, name, body, port, part=Part.MEASURED):
        name = self.distinct(name)
        configuration = self.dir / f"{name}.conf"
        configuration.write_text(HAPROXY.format(body=body))
        return self.start(name, ["haproxy", "-db", "-f", configuration], port, part)

    def start(self, name, command, port, part):
        server = Server(name, command, port, self.dir, part, self.patience)
        self.running.append(server)
        return server

    def stop(self, server):
        self.running.remove(server)
        server.stop()

    def tls(self, identity="ttrp"):
        """What a server needs that asks its clients for a certificate."""
        return f"""
SSLEngine on
SSLCertificateFile {self.dir}/{identity}.pem
SSLCACertificateFile {self.dir}/ca.crt
SSLVerifyClient require
"""

    def proxy_tls(self, identity="ttrp"):
        """What a proxy needs that speaks to its backend over mutual TLS."""
        return f"""
SSLProxyEngine on
SSLProxyVerify require
SSLProxyCACertificateFile {self.dir}/ca.crt
SSLProxyMachineCertificateFile {self.dir}/{identity}.pem
"""
