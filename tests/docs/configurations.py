#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every configuration that the manual shows is started by httpd with the module, without a warning;
those that are shown as mistakes are refused.

A block of code is a configuration if its fence says `apache`, or if it is indented and has directives. The
fence may say

    server     it is for the server config (otherwise for a virtual host, or has whole ones)
    warns      the start warns of it
    wrong      it is a mistake: httpd refuses it, and says what the block of text behind it has

The files that configurations name are those that the manual's commands make (private_pki.py).
"""

import re
from itertools import zip_longest
from pathlib import Path

import private_pki
from httpd import MODULES, Server, base, free_ports, run, with_free_ports, workplace
from manual import finish, manual

WORDS = {"server", "warns", "wrong"}
LANGUAGES = {
    "apache", "sh", "text", "haproxy", "nginx", "yaml", "js", "json", "python", "java", "php", "ruby",
    "go", "c", "rust", "xml", "http", "asn1", "abnf", "console", "ini", "spec", "dockerfile", "",
}
OURS = re.compile(r"^\s*(?:ClientCert\w+|SSL[A-Z]\w+|Proxy[A-Z]\w+|RequestHeader|<VirtualHost|LoadModule)\s", re.M)
# A directive that a line of the log begins with.
LOG_LINE = re.compile(r"\): ")
PROXY = """SSLEngine on
SSLCertificateFile    /etc/apache2/tls/www.example.com.pem
SSLCertificateKeyFile /etc/apache2/tls/www.example.com.key
SSLCACertificateFile  /etc/apache2/tls/clients-ca.pem
SSLVerifyClient optional
SSLVerifyDepth 2
SSLProxyEngine on
SSLProxyCACertificateFile /etc/apache2/tls/servers-ca.pem
SSLProxyVerify require
"""
ORIGIN = """SSLEngine on
SSLCertificateFile   /etc/apache2/tls/origin.pem
SSLCACertificateFile /etc/apache2/tls/servers-ca.pem
SSLVerifyClient require
SSLVerifyDepth 2
"""


class Configuration:
    """A block of the manual that httpd is to read."""

    def __init__(self, page, block, said, number, work):
        _, *words = block.info.split()
        self.where = f"{page.name}:{block.line}"
        self.words = set(words)
        # "..." is any text.
        self.said = ".*".join(re.escape(part) for part in private_pki.here(said, work).strip().split("..."))
        self.is_server = "server" in words or "<VirtualHost" in block.text or "LoadModule" in block.text
        self.log = f"{work}/{number}.log"
        text = re.sub(r"^\s*LoadModule client_cert_module .*\n", "", block.text, flags=re.M)
        text = private_pki.here(text, work).replace("/usr/lib/apache2/modules", MODULES)
        self.ports = []
        # Debian's Apache listens on 80 and 443; here each block has ports of its own.
        self.deaf = {
            port for port in re.findall(r"<VirtualHost [^>]*:(\d+)>", text)
            if port not in ("80", "443") and not re.search(rf"^\s*Listen\s+(?:\S+:)?{port}\s", text, re.M)
        }
        text = re.sub(r"^\s*Listen\s.*\n", "", text, flags=re.M)
        if self.is_server:
            text = re.sub(r"(?<=:)\d+(?=>)", lambda match: str(self.port()), text)
            text = re.sub(r"(<VirtualHost .*>\n)", rf'\1    ErrorLog "{self.log}"\n', text)
        else:
            accepts = re.search(r"^ *ClientCert(?:Accept|Trust)", text, re.M)
            frame = f"ServerName localhost\n{ORIGIN}" if accepts else f"ServerName www.example.com\n{PROXY}"
            if re.search(r"^ *SSLCertificateFile", text, re.M):
                frame = re.sub(r"^SSLCertificate.*\n", "", frame, flags=re.M)
            text = (
                f'<VirtualHost *:{self.port()}>\nErrorLog "{self.log}"\n'
                f"{private_pki.here(frame, work)}{text}</VirtualHost>\n"
            )
        self.text = "".join(f"Listen 127.0.0.1:{port}\n" for port in self.ports) + text
        self.file = Path(work) / f"{number}.conf"
        self.file.write_text(self.text)

    def port(self):
        """A port that no other block has. -t binds none, and a start only those that are free."""
        Configuration.last_port += 1
        self.ports.append(Configuration.last_port)
        return Configuration.last_port

    last_port = 0

    def files(self):
        """The files in the directory of the private PKI that it names."""
        return re.findall(r"\S+/tls/[\w.-]+", self.text)


def collect(work):
    """All blocks of the manual that are configurations; faults of blocks that are marked wrongly."""
    found, faults = [], []

    def add(configuration):
        found.append(configuration)
        faults.extend(f"{configuration.where}: no Listen for port {port}" for port in sorted(configuration.deaf))

    for page in manual():
        for block, after in zip_longest(page.blocks, page.blocks[1:]):
            where = f"{page.name}:{block.line}"
            if block.info is None and OURS.search(block.text) and not LOG_LINE.search(block.text):
                block = block._replace(info="apache")
            language, *words = (block.info or "").split() or [""]
            if language not in LANGUAGES:
                faults.append(f"{where}: the check knows no language \"{language}\"")
            if language == "apache" and set(words) - WORDS:
                faults.append(f"{where}: the check knows no word \"{' '.join(words)}\"")
            elif language == "apache":
                said = after.text if after and after.info == "text" and "wrong" in words else ""
                add(Configuration(page, block, said, len(found), work))
            elif block.info == "" and OURS.search(block.text):
                faults.append(f"{where}: is this a configuration (apache) or another text (text)?")
    return found, faults


def warnings(log):
    """The lines of a log that say more than that all is well."""
    if not Path(log).exists():
        return []
    return [
        line for line in Path(log).read_text().splitlines()
        if re.search(r"\[\w*:(?:warn|error|crit|alert|emerg)\]", line)
    ]


def start_all(work, configurations):
    """Starts httpd with all of them at once, each in virtual hosts of its own."""
    for one in configurations:
        for file in one.files():
            if not Path(file).exists():
                yield f"{one.where}: no command of the manual makes {Path(file).name}"
    right = [one for one in configurations if "wrong" not in one.words]
    for one in configurations:
        if "wrong" in one.words:
            status, said = run(work, base(work, "wrong") + one.text, "-t")
            if status == 0:
                yield f"{one.where}: is shown as wrong, and httpd takes it"
            elif not re.search(one.said, said):
                yield f"{one.where}: httpd says {said.strip()}"
    together = base(work, "all") + "".join(f'Include "{one.file}"\n' for one in right)
    status, said = run(work, together, "-t")
    if status:
        for one in right:
            status, said = run(work, base(work, "one") + one.text, "-t")
            if status:
                yield f"{one.where}: {said.strip()}"
        return
    try:
        with Server(work, "all", together):
            pass
    except RuntimeError as error:
        yield f"httpd does not start with all of them: {error}"
    for line in warnings(f"{work}/all.log"):
        yield f"the start warns: {line}"
    for one in right:
        lines = warnings(one.log)
        if bool(lines) != ("warns" in one.words):
            yield f"{one.where}: the start warns of {lines or 'nothing'}"


def check():
    """The faults, and how many configurations there are."""
    with workplace() as work:
        private_pki.make(work)
        Configuration.last_port = free_ports(150) - 1
        configurations, faults = collect(work)
        faults += start_all(work, configurations)
    return faults, len(configurations)


def main():
    faults, count = with_free_ports(check)
    finish(f"httpd starts with the {count} configurations of the manual", faults)


if __name__ == "__main__":
    main()
