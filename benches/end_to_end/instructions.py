# SPDX-License-Identifier: Apache-2.0
"""Work: the instructions that httpd executes for a request, as callgrind counts them.

They hardly differ between one run and the next, however busy the machine. They are those of user
space alone, without what the kernel does for it, and each counts as much as any other.
"""

from load import Load
from servers import free_port, output
from variants import (
    CONSTANT, COUNTS, ESCAPED, NONE, ORIGIN_ACCEPT, ORIGIN_CONSTANT, OUR_VARIABLES, PLAIN, REUSED,
    THEIR_VARIABLES, Compared, constants, start_many,
)


class Counted(Compared):
    """Servers under callgrind, each in one process."""

    patience = 120

    def httpd(self, name, body, **more):
        marks = free_port()
        server = super().httpd(name, body + f"""
            Listen 127.0.0.1:{marks}
            <VirtualHost 127.0.0.1:{marks}>
                SSLEngine off
                <Location />
                    Require all granted
                </Location>
            </VirtualHost>\n""", **more)
        server.marks = marks
        return server

    def httpd_command(self, configuration):
        # Only this script sends OPTIONS, so each one marks the end of a count.
        return ["valgrind", "--tool=callgrind", "--quiet", "--vgdb=no",
                "--dump-before=ap_send_http_options", f"--callgrind-out-file={self.dir}/count",
                "apache2", "-X", "-f", configuration]

    def mark(self, server):
        """The instructions since the last mark."""
        output("curl", "-sf", "-X", "OPTIONS", "-H", "Max-Forwards: 0",
               f"http://127.0.0.1:{server.marks}/index.txt")
        [dump] = self.dir.glob("count.*")
        with open(dump, encoding="ascii") as lines:
            [total] = [int(line.split()[1]) for line in lines if line.startswith("totals:")]
        dump.unlink()
        return total

    def count(self, load):
        """The instructions for a request, once the first ones have been answered."""
        with load:
            load.prepare()
            load.run()
            load.prepare()
            self.mark(load.server)
            mark = self.mark(load.server)
            _, requests = load.run()
            return (self.mark(load.server) - mark) / requests


def compared(options):
    requests = {"keep-alive": 400, "new": 40, "resumed": 40}
    groups = [("keep-alive", "keep-alive", [CONSTANT, PLAIN, ESCAPED, NONE, REUSED]),
              ("new connections, full handshakes", "new", [CONSTANT, PLAIN, REUSED]),
              ("new connections, resumed sessions", "resumed", [CONSTANT, PLAIN, REUSED]),
              ("eight variables, keep-alive", "keep-alive", [THEIR_VARIABLES, OUR_VARIABLES]),
              ("accepting, keep-alive", "keep-alive", [ORIGIN_CONSTANT, ORIGIN_ACCEPT])]
    rows = ["| | variant | instructions/request | ratio |", "| --- | --- | ---: | ---: |"]
    with Counted() as site:
        for title, mode, variants in groups:
            count = requests[mode] // (10 if options.short else 1)
            base = None
            for v in variants:
                figure = site.count(site.load(v, count, mode, connections=1))
                base = base or figure
                rows.append(f"| {title} | {v.name} | {figure:.0f} | {figure / base:.4f} |")
                title = ""
    return "Instructions in user space", "\n".join(rows), []


# Headers, intermediate certificates of the signer, and alternative names of the client: one of
# them grows, the others are as in the first row of the second table.
GROWTH = ([(headers, 0, 11) for headers in COUNTS]
          + [(1, intermediates, 11) for intermediates in (1, 2, 3, 4)]
          + [(1, 0, names) for names in (2, 28, 63, 132, 270)])


def make_signers(site, most):
    """signer0.pem with no intermediate, signer1.pem with one, and so on."""
    issuer, above = "ca", ""
    for n in range(most + 1):
        site.certificates.make_server(f"signer{n}", issuer)
        file = site.dir / f"signer{n}.pem"
        file.write_text(file.read_text() + above)
        site.certificates.make_ca(f"intermediate{n}", issuer)
        issuer = f"intermediate{n}"
        above = (site.dir / f"{issuer}.crt").read_text() + above


def growth(options):
    requests = 40 if options.short else 400
    rows = ["| headers | intermediates | certificate | value | constant | reused | ratio |",
            "| ---: | ---: | ---: | ---: | ---: | ---: | ---: |"]
    with Counted(key="p256") as site:
        make_signers(site, max(intermediates for _, intermediates, _ in GROWTH))

        def count(server, path, names):
            return site.count(Load(server, path, requests, "keep-alive",
                                   site.dir / f"client{names}.pem", connections=1))

        ours, lengths, servers = [], [], {}
        for headers, intermediates, names in GROWTH:
            if not (site.dir / f"client{names}.pem").exists():
                site.certificates.make_client(f"client{names}", names)
            if intermediates not in servers:
                name = f"signer{intermediates}"
                servers[intermediates] = start_many(site, f"ours{intermediates}", name)
            server = servers[intermediates]
            ours.append(count(server, f"/headers/{headers}", names))
            lengths.append(len(site.echo(server, f"/headers/{headers}", f"client{names}")))
        sections = "".join(f"<Location /{n}>\n{constants(headers, 'x' * length)}\n</Location>\n"
                           for n, ((headers, *_), length) in enumerate(zip(GROWTH, lengths)))
        without = site.httpd("without", site.tls() + site.proxy + sections)
        for n, (headers, intermediates, names) in enumerate(GROWTH):
            constant = count(without, f"/{n}", names)
            size = site.certificates.size(f"client{names}")
            rows.append(f"| {headers} | {intermediates} | {size} | {lengths[n]} | {constant:.0f} | "
                        f"{ours[n]:.0f} | {ours[n] / constant:.4f} |")
    return ("Growth: instructions in user space for a keep-alive request", "\n".join(rows), [])
