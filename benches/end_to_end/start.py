# SPDX-License-Identifier: Apache-2.0
"""Start-up and restarts: the CPU time of httpd with many virtual hosts, with the module and without.

What counts is a real start: httpd reads its configuration twice and sets up TLS twice, which
httpd -t does not.
"""

import os
import random
import signal
import socket
import sys
import time

from rounds import interval, median
from servers import LOAD_MODULE, Servers, free_port

# So many virtual hosts, and so many rounds. What takes long is sure sooner.
SIZES = {100: 21, 1_000: 7, 3_000: 3, 10_000: 1}
SHORT = {100: 3, 1_000: 1}

# An own signer file has the same content for each virtual host, under another name.
VARIANTS = {
    "without": "",
    "own signer file": "ClientCertForward cms\nClientCertSigner {dir}/signer-{host}.pem\n",
    "accept": "ClientCertAccept cms\nClientCertTrust {dir}/ca.crt\n"
              "ClientCertTrustName h{host}.example\n",
    "without, proxy certificate": "{proxy_tls}",
    "forward, proxy certificate": "{proxy_tls}ClientCertForward cms\n",
}
BASE = {"own signer file": "without", "accept": "without",
        "forward, proxy certificate": "without, proxy certificate"}

VHOST = """
<VirtualHost *:{port}>
    ServerName h{host}.example
    {tls}
    {lines}
    ProxyPass / http://127.0.0.1:9/
    <Location /own>
        Require all granted
    </Location>
</VirtualHost>
"""


def cpu_of(pid):
    """Seconds of a process alone."""
    return time.clock_gettime_ns(~pid << 3 | 2) / 1e9


class Starts(Servers):
    patience = 1200

    def __init__(self):
        super().__init__(key="p256")

    def prepare(self):
        super().prepare()
        self.certificates.make_server("ttrp")
        self.signers = 0

    def configuration(self, variant, hosts):
        """With a Listen of its own, for the one of the template is of the main server."""
        pem = (self.dir / "ttrp.pem").read_text()
        for host in range(self.signers, hosts):
            (self.dir / f"signer-{host}.pem").write_text(pem)
        self.signers = max(self.signers, hosts)
        port = free_port()
        lines = VARIANTS[variant]
        module = LOAD_MODULE if "ClientCert" in lines else ""
        body = "".join(VHOST.format(port=port, host=host, tls=self.tls(),
                                    lines=lines.format(dir=self.dir, host=host,
                                                       proxy_tls=self.proxy_tls()))
                       for host in range(hosts))
        return port, f"{module}SSLSessionCache none\nListen 127.0.0.1:{port}\n{body}"

    def turn(self, variant, hosts):
        """Seconds of CPU time of a start and a stop, and of a graceful restart in between."""
        port, body = self.configuration(variant, hosts)
        server = self.httpd("start", body)
        parent = server.process.pid
        self.wait_for(server, port, 1)
        old, before = server.children(), cpu_of(parent)
        os.kill(parent, signal.SIGUSR1)
        self.wait_for(server, port, 2)
        restart = cpu_of(parent) - before + sum(cpu_of(child) for child in server.children()
                                                if child not in old)
        return self.end(server) - restart, restart

    def end(self, server):
        """Stops it; seconds of CPU time that it took, and all its children, for it waits for each."""
        self.running.remove(server)
        server.process.send_signal(signal.SIGTERM)
        _, status, usage = os.wait4(server.process.pid, 0)
        server.process.returncode = os.waitstatus_to_exitcode(status)
        for file in (server.log, server.said):
            file.unlink(missing_ok=True)
        return usage.ru_utime + usage.ru_stime

    def wait_for(self, server, port, starts):
        """Until it has started so many times, and a child answers."""
        end = time.monotonic() + self.patience
        while server.complaints().count("resuming normal operations") < starts:
            if time.monotonic() > end or server.process.poll() is not None:
                sys.exit(f"{server.name} did not start: {server.complaints()}")
            time.sleep(0.05)
        with socket.create_connection(("127.0.0.1", port), 60) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            connection.recv(1)


def measure(options):
    rows = ["| virtual hosts | configuration | start and stop, CPU s | ratio | graceful restart, CPU s "
            "| ratio | rounds |", "| ---: | --- | ---: | --- | ---: | --- | ---: |"]
    with Starts() as site:
        for hosts, rounds in (SHORT if options.short else SIZES).items():
            turns = {variant: [] for variant in VARIANTS}
            for _ in range(rounds):
                for variant in random.sample(list(VARIANTS), len(VARIANTS)):
                    turns[variant].append(site.turn(variant, hosts))
                    print(f"start: {hosts} {variant} {turns[variant][-1]}", file=sys.stderr)
            for variant, taken in turns.items():
                cells = []
                for what in (0, 1):
                    cells.append(f"{median([turn[what] for turn in taken])[0]:.2f}")
                    base = turns[BASE.get(variant, variant)]
                    cells.append(interval(median([ours[what] / without[what]
                                                  for ours, without in zip(taken, base)]), 3)
                                 if variant in BASE else "")
                rows.append(f"| {hosts} | {variant} | {' | '.join(cells)} | {rounds} |")
    return "Start-up and restarts by number of virtual hosts", "\n".join(rows), []
