# SPDX-License-Identifier: Apache-2.0
"""Memory: first-seen clients pass through a proxy and an origin, and both grow."""

import os
import pathlib
import signal
import sys
import time

from load import Load
from servers import LOAD_MODULE, Servers
from variants import documents

SIZES = ["16M", "0"]


def anonymous(pid):
    """KB of memory that are in the process's use and no file's."""
    rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return next(int(line.split()[1]) for line in rollup.splitlines()
                if line.startswith("Anonymous:"))


class Pair(Servers):
    """A proxy and an origin, over mutual TLS, both with caches of this size."""

    def __init__(self, size):
        super().__init__(key="p256")
        self.size = size

    def prepare(self):
        super().prepare()
        self.certificates.make_server("ttrp")
        self.certificates.make_server("origin")
        self.certificates.make_client("client", 5)
        cache = f"ClientCertSignatureCache {self.size}\n"
        self.origin = self.httpd("origin", LOAD_MODULE + self.tls("origin") + documents(self)
                                 + cache + f"""
            # httpd keeps 32 bytes for each request of a connection, as long as that lasts.
            MaxKeepAliveRequests 1000
            ClientCertAccept cms
            ClientCertTrust {self.dir}/ca.crt
            ClientCertTrustName localhost
            <Location />
                Require client-cert
            </Location>\n""")
        self.ttrp = self.httpd("ttrp", LOAD_MODULE + self.tls("ttrp") + self.proxy_tls()
                               + cache + f"""
            ClientCertForward cms
            ClientCertSigner {self.dir}/ttrp.pem
            # Not one that the origin is about to close.
            ProxyPass / https://localhost:{self.origin.port}/ ttl=30\n""")

    @property
    def both(self):
        return self.ttrp, self.origin

    def clients(self, count, mode, rounds=1):
        """So many connections of a known client (`new`) or of `first-seen` ones, round by round."""
        ca = [self.dir / "ca.pem"] if mode == "first-seen" else []
        with Load(self.ttrp, "/index.txt", count, mode, self.dir / "client.pem", *ca) as load:
            for _ in range(rounds):
                load.prepare()
                load.run()
                taken = [anonymous(child) for server in self.both for child in server.children()]
                print(f"memory: {count} {mode}, KB {taken}", file=sys.stderr)
                yield taken

    def restart(self):
        """Gracefully, both; until the children from before are gone."""
        for server in self.both:
            before = server.children()
            os.kill(server.process.pid, signal.SIGUSR1)
            end = time.monotonic() + 60
            while not server.children() or set(before) & set(server.children()):
                if time.monotonic() > end:
                    sys.exit(f"{server.name} did not restart: {server.complaints()}")
                time.sleep(0.05)


def measure(options):
    step, steps, restarts = (500, 4, 2) if options.short else (10_000, 20, 10)
    curves, tables = [], []
    for size in SIZES:
        with Pair(size) as pair:
            [warm] = pair.clients(step, "new")
            curve = [warm, *pair.clients(step, "first-seen", steps)]
            curves.append([[now - then for now, then in zip(point, warm)] for point in curve])
            if size != "0":
                tables = [restarts_table(pair, curve[-1], step, restarts)]
    rows = ["| clients | " + " | ".join(f"{who}, {size}" for size in SIZES
                                        for who in ("TTRP", "origin")) + " |",
            "| ---: | ---: | ---: | ---: | ---: |"]
    for n, points in enumerate(zip(*curves)):
        rows.append(f"| {n * step} | " + " | ".join(str(kb) for point in points for kb in point)
                    + " |")
    text = f"""Growth in KB of each child's anonymous memory, over one through which {step} connections of
a single client went, by ClientCertSignatureCache:

{chr(10).join(rows)}

KB of anonymous memory after graceful restarts of both, and {step} first-seen clients more after each:

{tables[0]}"""
    return "Memory: clients never seen pass through", text, []


def restarts_table(pair, first, step, restarts):
    rows = ["| restarts | TTRP, parent | TTRP, child | origin, parent | origin, child |",
            "| ---: | ---: | ---: | ---: | ---: |"]
    for n in range(restarts + 1):
        if n > 0:
            pair.restart()
            [first] = pair.clients(step, "first-seen")
        parents = [anonymous(server.process.pid) for server in pair.both]
        cells = [str(kb) for both in zip(parents, first) for kb in both]
        rows.append(f"| {n} | " + " | ".join(cells) + " |")
    return "\n".join(rows)
