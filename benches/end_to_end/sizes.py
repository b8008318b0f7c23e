# SPDX-License-Identifier: Apache-2.0
"""Start-up by the size of the configuration: sections, names, headers, by the CPU time of real starts."""

import random
import sys

from rounds import median
from servers import LOAD_MODULE, free_port
from start import Starts

# So many of each, and so many rounds.
SIZES = {100: 7, 1_000: 7, 10_000: 5}
SHORT = {100: 1, 1_000: 1}

ACCEPT = "ClientCertAccept cms\nClientCertTrust {dir}/ca.crt\nClientCertTrustName h.example\n"
# What stands before them, and each of them.
VARIANTS = {
    "nothing": ("", ""),
    "sections, without": ("", "<Location /{number}>\nRequire all granted\n</Location>\n"),
    "sections that forward": ("", "<Location /{number}>\nRequire all granted\nClientCertForward cms\n"
                                  "</Location>\n"),
    "sections that accept": ("", "<Location /{number}>\n" + ACCEPT + "</Location>\n"),
    "names in ClientCertTrustName": (ACCEPT, "ClientCertTrustName h{number}.example\n"),
    "names in ClientCertKnownHeaders": ("", "ClientCertKnownHeaders keep X-SSL-Client-S-DN\n"),
    "headers by ClientCertForwardVariable": (
        "ClientCertForward cms\n", "ClientCertForwardVariable X-H{number} SSL_CLIENT_S_DN\n"),
}


class Sizes(Starts):
    def turn(self, variant, size):
        """Seconds of CPU time of a start and a stop."""
        before, each = VARIANTS[variant]
        port = free_port()
        lines = "".join([before, *(each.replace("{number}", str(number)) for number in range(size))])
        module = LOAD_MODULE if "ClientCert" in lines else ""
        body = (f"{module}SSLSessionCache none\nListen 127.0.0.1:{port}\n"
                f"<VirtualHost *:{port}>\n{self.tls()}\nProxyPass / http://127.0.0.1:9/\n"
                f"{lines.replace('{dir}', str(self.dir))}</VirtualHost>\n")
        server = self.httpd("sizes", body)
        self.wait_for(server, port, 1)
        return self.end(server)


def measure(options):
    sizes = SHORT if options.short else SIZES
    taken = {(variant, size): [] for variant in VARIANTS for size in sizes}
    with Sizes() as site:
        for size, rounds in sizes.items():
            for _ in range(rounds):
                for variant in random.sample(list(VARIANTS), len(VARIANTS)):
                    taken[variant, size].append(site.turn(variant, size))
                    print(f"sizes: {size} {variant} {taken[variant, size][-1]}", file=sys.stderr)
    rows = [f"| CPU s of a start and stop with so many | {' | '.join(f'{size:,}' for size in sizes)} |",
            f"| --- |{' ---: |' * len(sizes)}"]
    for variant in VARIANTS:
        cells = (f"{median(taken[variant, size])[0]:.2f}" for size in sizes)
        rows.append(f"| {variant} | {' | '.join(cells)} |")
    return "Start-up by the size of the configuration", "\n".join(rows), []
