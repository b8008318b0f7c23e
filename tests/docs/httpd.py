# SPDX-License-Identifier: Apache-2.0
"""httpd with the module, as the checks in this directory run it."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from manual import TOP

MODULE = Path(os.environ.get("MODULE", TOP / "build/mod_client_cert.so")).resolve()

MODULES_NEEDED = [
    "mpm_event", "unixd", "authz_core", "authz_host", "authz_user", "authn_core", "alias", "dir",
    "env", "setenvif", "headers", "rewrite", "socache_shmcb", "ssl", "http2", "cache", "cache_disk",
    "cgid", "log_config", "slotmem_shm", "proxy", "proxy_http", "proxy_http2", "proxy_fcgi", "proxy_balancer",
    "lbmethod_byrequests", "remoteip", "status",
]


def query(name):
    return subprocess.check_output(
        [os.environ.get("APXS", "apxs"), "-q", name], text=True
    ).strip()


MODULES = query("LIBEXECDIR")
HTTPD = f"{query('SBINDIR')}/{query('PROGNAME')}"


BUILT_IN = subprocess.check_output([HTTPD, "-l"], text=True).split()


def load(*names):
    """The lines that load these modules, where they are not built in, and ours."""
    lines = [
        f'LoadModule {name}_module "{MODULES}/mod_{name}.so"'
        for name in names
        if f"mod_{name}.c" not in BUILT_IN
    ]
    return "\n".join([*lines, f'LoadModule client_cert_module "{MODULE}"', ""])


def run(directory, configuration, *options):
    """Runs httpd with this configuration; what it returned, and what it said."""
    file = Path(directory) / "httpd.conf"
    file.write_text(configuration)
    command = [HTTPD, "-d", str(directory), "-f", str(file), *options]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=300, check=False,
    )
    return done.returncode, done.stdout


@contextmanager
def workplace():
    """A directory that is gone afterwards, with what base() names in it."""
    with tempfile.TemporaryDirectory(prefix="client-cert-docs.") as work:
        os.chmod(work, 0o755)
        for name in ("htdocs", "cache", "tls"):
            os.mkdir(f"{work}/{name}")
        if os.getuid() == 0:
            shutil.chown(f"{work}/cache", "www-data")
        yield work


def base(work, name):
    """The server config around the blocks."""
    user = "User www-data\nGroup www-data\n" if os.getuid() == 0 else ""
    return f"""ServerName localhost
PidFile "{work}/{name}.pid"
ErrorLog "{work}/{name}.log"
LogLevel warn client_cert:info
DocumentRoot "{work}/htdocs"
Define APACHE_LOG_DIR {work}
{user}{load(*MODULES_NEEDED)}CacheRoot "{work}/cache"
SSLSessionCache shmcb:{work}/{name}-sessions(64000)
Mutex file:{work} default
ScriptSock {work}/{name}.sock
"""


class PortTaken(Exception):
    """Another program has a port that was free a moment before."""


def with_free_ports(check):
    """What check() returns; it is run again where a port was taken meanwhile."""
    for _ in range(4):
        try:
            return check()
        except PortTaken:
            pass
    return check()


class Server:
    """A running httpd."""

    def __init__(self, work, name, configuration):
        self.pid_file = Path(work) / f"{name}.pid"
        self.log = Path(work) / f"{name}.log"
        # What an earlier one of this name said is not of this start.
        self.log.unlink(missing_ok=True)
        file = Path(work) / f"{name}.conf"
        file.write_text(configuration)
        with open(Path(work) / f"{name}.out", "w+", encoding="utf-8") as out:
            self.process = subprocess.Popen(
                [HTTPD, "-d", work, "-f", str(file), "-DFOREGROUND"],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
            )
        while not (self.log.exists() and "resuming normal operations" in self.log.read_text()):
            if self.process.poll() is not None:
                said = (Path(work) / f"{name}.out").read_text()
                said += self.log.read_text() if self.log.exists() else ""
                raise PortTaken if "could not bind" in said else RuntimeError(said)
            time.sleep(0.05)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def free_ports(count):
    """The first of so many ports in a row, which are free now."""
    for first in range(20000 + os.getpid() % 5000, 60000, count):
        sockets = []
        try:
            for port in range(first, first + count):
                sockets.append(socket.create_server(("127.0.0.1", port)))
        except OSError:
            continue
        finally:
            for opened in sockets:
                opened.close()
        return first
    raise SystemExit("no free ports")
