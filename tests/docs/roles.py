#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The proxy and the origin of README.md, with the certificates of docs/private-pki.md: who is
known, who is not, and who is not any more."""

import os
import re
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import private_pki
from httpd import Server, base, free_ports, with_free_ports, workplace
from manual import TOP, Page, finish


def block_with(page, text):
    return next(block.text for block in page.blocks if text in block.text and block.info == "apache")


def virtual_host(text, work, port, more):
    """README's virtual host, on a port of its own, with more lines."""
    text = private_pki.here(re.sub(r"^LoadModule .*\n", "", text, flags=re.M), work)
    text = re.sub(r"<VirtualHost .*>\n", f"<VirtualHost *:{port}>\n{private_pki.here(more, work)}", text)
    return f"Listen 127.0.0.1:{port}\n{text}"


class Client:
    """curl, which finds the servers of this test under their names."""

    def __init__(self, work, ports):
        self.work = work
        self.ports = ports

    def get(self, name, *options):
        """The status of /members/ there (000: no answer), and whom the origin took the client for."""
        port = self.ports[name]
        command = [
            "curl", "-q", "--silent", "--noproxy", "*", "--max-time", "30", "--include",
            "--cacert", f"{self.work}/tls/servers-ca.pem", "--resolve", f"{name}:{port}:127.0.0.1",
            "--write-out", "\\n%{http_code}", *options, f"https://{name}:{port}/members/",
        ]
        said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False).stdout
        client = re.search(r"^X-Client: (.*?)\r?$", said, re.M)
        return said.rpartition("\n")[2], client[1] if client else ""


def logged(file, text):
    """Whether the log has this. httpd writes the line after the client has its answer."""
    for _ in range(200):
        if file.exists() and text in file.read_text():
            return True
        time.sleep(0.05)
    return False


def check():
    """The faults."""
    readme = Page(TOP / "README.md")
    revocation = block_with(Page(TOP / "docs/private-pki.md"), "SSLCARevocationFile")
    proxy_log = block_with(Page(TOP / "docs/proxy.md"), "CustomLog")
    origin_log = block_with(Page(TOP / "docs/origin.md"), "CustomLog")
    faults = []
    with workplace() as work:
        os.mkdir(f"{work}/htdocs/members")
        Path(f"{work}/htdocs/members/index.html").write_text("members\n")
        private_pki.make(work)
        pki = f"{work}/pki"
        first = free_ports(2)
        ports = {"www.example.com": first, "localhost": first + 1}
        proxy = virtual_host(block_with(readme, "ClientCertForward cms"), work, first, revocation + proxy_log)
        proxy = proxy.replace("https://localhost/", f"https://localhost:{first + 1}/")
        origin = virtual_host(
            block_with(readme, "ClientCertAccept cms"), work, first + 1,
            'Header always set X-Client "expr=%{SSL_CLIENT_S_DN_CN}"\n' + origin_log,
        )
        client = Client(work, ports)
        alice = ("--cert", f"{pki}/alice.pem", "--key", f"{pki}/alice.key")
        as_proxy = ("--cert", f"{pki}/proxy.example.com.pem", "--key", f"{pki}/proxy.example.com.key")
        as_origin = ("--cert", f"{pki}/localhost.pem", "--key", f"{pki}/localhost.key")

        def expect(what, status, known, *request):
            got = client.get(*request)
            if got != (status, known):
                faults.append(f"{what}: {got[0]}, known as \"{got[1]}\", and not {status}, \"{known}\"")

        def expect_no_connection(what, *request):
            expect(what, "000", "", *request)

        @contextmanager
        def servers():
            with Server(work, "origin", base(work, "origin") + origin), Server(
                work, "proxy", base(work, "proxy") + proxy
            ):
                yield

        with servers():
            expect("alice", "200", "alice", "www.example.com", *alice)
            expect("a client without a certificate", "403", "", "www.example.com")
            for notes in ("200 signed -", "200 accepted alice", "403 none -"):
                if not logged(Path(f"{work}/client_cert.log"), f'HTTP/1.1" {notes}\n'):
                    faults.append(f"no log has a line that ends with {notes}")
            expect("a header of a client's making", "403", "", "www.example.com", "-H", "Client-Cert: TUE=")
            expect("the proxy without a header", "403", "", "localhost", *as_proxy)
            expect("a header that is not signed", "400", "", "localhost", *as_proxy, "-H", "Client-Cert: TUE=")
            expect_no_connection("alice at the origin", "localhost", *alice)
            expect_no_connection("the origin's key as a client's", "localhost", *as_origin)
        before = Path(f"{work}/tls/proxy.pem").read_text()
        private_pki.renew(work)
        if Path(f"{work}/tls/proxy.pem").read_text() == before:
            faults.append("proxy.pem was not renewed")
        with servers():
            expect("alice, and a new signer", "200", "alice", "www.example.com", *alice)
        private_pki.revoke(work)
        with servers():
            expect_no_connection("alice, revoked", "www.example.com", *alice)
            expect("a client without a certificate", "403", "", "www.example.com")
    return faults


def main():
    finish("the proxy and the origin of README know whom they should", with_free_ports(check))


if __name__ == "__main__":
    main()
