#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The demo's page: every value in it is escaped; a browser shows who the visitor is, with a client
certificate and without one.

    demo_page.py [DIRECTORY]    leaves a screenshot of each page in DIRECTORY

The browser is headless Chromium (Debian's packages chromium and libnss3-tools). It takes a client
certificate without asking only by a policy, which it reads in /etc: the test mounts a directory of its
own there, seen by that browser alone, and must be root for it. Where one of these is missing, the
browser's part is skipped.
"""

import html
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

top = Path(__file__).resolve().parent.parent.parent
number = 0
failed = False


def ok(good, name, more=""):
    global number, failed
    number += 1
    failed = failed or not good
    print(f"{'ok' if good else 'not ok'} {number} - {name}")
    if not good:
        print("".join(f"# {line}\n" for line in more.splitlines()), end="")


def escaped():
    """The application by itself, with what a certificate can have in its names."""
    hostile = "<script>alert(1)</script>&\"'"
    names = ["S_DN", "S_DN_CN", "I_DN", "M_SERIAL", "V_START", "V_END", "CERT"]
    values = {f"SSL_CLIENT_{name}": f"{name}{hostile}" for name in names}
    signer = {f"CLIENT_CERT_{name}": f"{name}{hostile}" for name in ("SIGNER_S_DN", "SIGNING_TIME", "VERIFY")}
    values |= signer | {"REMOTE_USER": f"user{hostile}"}
    environment = os.environ | values | {"HTTP_ACCEPT": "text/html", "SSL_CLIENT_VERIFY": "SUCCESS"}
    done = subprocess.run(
        ["sh", top / "demo/origin.cgi"], env=environment, capture_output=True, text=True, check=True
    )
    page = done.stdout
    ok("<script" not in page and "&\"'" not in page, "no value is markup", page)
    page = html.unescape(page)
    missing = [name for name, value in values.items() if name != "SSL_CLIENT_CERT" and value not in page]
    ok(not missing, "each value is there, escaped", f"{missing}\n{page}")
    environment |= {"REDIRECT_STATUS": "403"}
    done = subprocess.run(
        ["sh", top / "demo/origin.cgi"], env=environment, capture_output=True, text=True, check=True
    )
    good = "<h1>Members only</h1>" in done.stdout and "SSL_CLIENT" not in done.stdout and "S_DN" not in done.stdout
    ok(good, "the page of a refusal has the page's look, and nothing of the certificate", done.stdout)


def lacking():
    for program, package in ("chromium", "chromium"), ("certutil", "libnss3-tools"), ("unshare", "util-linux"):
        if not shutil.which(program):
            return f"no {program} (Debian's package {package})"
    if os.geteuid() != 0:
        return "not root"
    if not Path("/etc/chromium").is_dir():
        return "no /etc/chromium"
    tried = subprocess.run(["unshare", "--mount", "true"], stderr=subprocess.DEVNULL)
    return "no namespaces for mounts here" if tried.returncode else None


class Browser:
    """Chromium with a home of its own, which trusts the demo's CA; with Alice's certificate or without."""

    def __init__(self, work, pki, has_certificate):
        self.home = work / ("alice" if has_certificate else "somebody")
        self.policies = work / f"policies-{self.home.name}"
        (self.policies / "policies/managed").mkdir(parents=True)
        policy = {"AutoSelectCertificateForUrls": [json.dumps({"pattern": "https://localhost", "filter": {}})]}
        (self.policies / "policies/managed/demo.json").write_text(json.dumps(policy))
        store = self.home / ".pki/nssdb"
        store.mkdir(parents=True)
        database = ["-d", f"sql:{store}"]
        quiet = {"check": True, "stdout": subprocess.DEVNULL}
        subprocess.run(["certutil", "-N", "--empty-password", *database], **quiet)
        ca = ["-n", "demo", "-t", "C,,", "-i", pki / "servers-ca.pem"]
        subprocess.run(["certutil", "-A", *ca, *database], **quiet)
        if has_certificate:
            subprocess.run(["pk12util", "-i", pki / "alice.p12", "-W", "demo", *database], **quiet)

    def run(self, *arguments):
        chromium = [
            "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--disable-dev-shm-usage", f"--user-data-dir={self.home}/profile", "--timeout=60000", *arguments,
        ]  # fmt: skip
        command = ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/chromium && exec "$@"', self.policies]
        environment = os.environ | {"HOME": str(self.home), "no_proxy": "*"}
        return subprocess.run(command + chromium, env=environment, capture_output=True, text=True, timeout=240)

    def dom(self, address):
        done = self.run("--dump-dom", address)
        return done.stdout or done.stderr

    def screenshot(self, address, file):
        self.run("--window-size=900,1100", "--hide-scrollbars", f"--screenshot={file}", address)


def in_browser(work, pictures):
    output = work / "demo.log"
    with output.open("w") as log:
        demo = subprocess.Popen([top / "demo/demo.sh"], stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        address = pki = None
        for _ in range(600):
            text = output.read_text()
            address = re.search(r"In a browser:\s+(https://localhost:\d+/)", text)
            pki = re.search(r"\n    cd (\S+)\n", text)
            if address and pki or demo.poll() is not None:
                break
            time.sleep(0.2)
        ok(bool(address and pki), "the demo names an address for a browser", output.read_text())
        if not (address and pki):
            return
        address, pki = address[1], Path(pki[1])
        sha256 = subprocess.run(
            f"openssl x509 -in {pki}/alice.pem -outform DER | sha256sum", shell=True, capture_output=True, text=True
        ).stdout.split()[0]
        alice = Browser(work, pki, True)
        page = alice.dom(address)
        wanted = ["<h1>Alice</h1>", "verified", "CN=Alice,O=Demo", "CN=ttrp,O=Demo", sha256]
        ok(all(part in page for part in wanted), "with a certificate: who it is, and what was verified", page)
        ok("<h1>Alice</h1>" in alice.dom(f"{address}members"), "and the members' page", page)
        somebody = Browser(work, pki, False)
        page = somebody.dom(address)
        good = "<h1>Unknown visitor</h1>" in page and "CN=" not in page
        ok(good, "without one: unknown", page)
        page = somebody.dom(f"{address}members")
        style = re.search(r"<style>.*?</style>", somebody.dom(address), re.S)
        good = "<h1>Members only</h1>" in page and style and style[0] in page and "Apache" not in page
        ok(good, "and for the members' page one that says why not, of the same look", page)
        if pictures:
            alice.screenshot(address, pictures / "alice.png")
            somebody.screenshot(address, pictures / "somebody.png")
            somebody.screenshot(f"{address}members", pictures / "forbidden.png")
    finally:
        demo.terminate()
        demo.wait()


def main():
    pictures = Path(sys.argv[1]).resolve() if sys.argv[1:] else None
    escaped()
    why = lacking()
    if why:
        print(f"ok {number + 1} # SKIP the browser: {why}\n1..{number + 1}")
        sys.exit(failed)
    with tempfile.TemporaryDirectory(prefix="client-cert-page.") as work:
        in_browser(Path(work), pictures)
    print(f"1..{number}")
    sys.exit(failed)


main()
