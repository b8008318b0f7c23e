#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""interoperability.py [--write] [NAME...]: which implementations of CMS verify what this project signs,
and which of their signatures it accepts, for each kind of key.

With --write into docs/interoperability.md. What is not installed is left out, with the reason. A cell
is a yes, or the message that was printed. A yes says that the value was verified, that the content
came out as the client's certificate, and that the same value with one bit of it changed was refused.
"""

import argparse
import base64
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parent.parent
KEYS = {
    "rsa2048": "RSA 2048", "p256": "P-256", "p384": "P-384", "p521": "P-521", "ed25519": "Ed25519",
}
DIGEST = {"p384": "sha384", "p521": "sha512", "ed25519": "sha512"}
NAME = "proxy.example"


class Said(Exception):
    """What an implementation said instead of doing it."""


class Missing(Exception):
    """Why an implementation is not here."""


def run(command, data=b"", env=None, fails=False, cwd=None):
    """Runs a command; returns its standard output. Said, with what it printed, if it fails."""
    try:
        done = subprocess.run(
            [str(word) for word in command], input=data, capture_output=True, check=False, timeout=600, cwd=cwd,
            env=dict(os.environ, LC_ALL="C.UTF-8", **(env or {})),
        )
    except FileNotFoundError:
        raise Missing(f"{Path(str(command[0])).name} is not installed") from None
    if done.returncode and not fails:
        raise Said((done.stderr + done.stdout).decode(errors="replace"))
    return done.stdout + done.stderr if fails else done.stdout


def first(pattern, text):
    found = re.search(pattern, text if isinstance(text, str) else text.decode(errors="replace"), re.M)
    return found[1] if found else "?"


class Files:
    """Keys, certificates and values."""

    def __init__(self, directory):
        self.directory = directory

    def __call__(self, name):
        return self.directory / name

    def make(self):
        self.certify("root", "p256", None, "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign")
        self.certify("client", "p256", "root", "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature")
        run(["openssl", "x509", "-in", self("client.pem"), "-outform", "DER", "-out", self("client.der")])
        for key in KEYS:
            # No extended key usage: Perl and PHP ask for that of e-mail, where there is any.
            self.certify(key, key, "root",
                         f"basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nsubjectAltName=DNS:{NAME}")
            (self(f"{key}.pair")).write_bytes(self(f"{key}.pem").read_bytes() + self(f"{key}.key").read_bytes())
            run(["openssl", "pkcs12", "-export", "-in", self(f"{key}.pem"), "-inkey", self(f"{key}.key"), "-certfile",
                 self("root.pem"), "-name", key, "-passout", "pass:x", "-out", self(f"{key}.p12"),
                 # What gpgsm can read.
                 "-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"])

    def certify(self, name, key, issuer, extensions):
        algorithm = {"rsa2048": ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"], "ed25519": ["ED25519"]}.get(
            key, ["EC", "-pkeyopt", f"ec_paramgen_curve:{KEYS[key]}"])
        run(["openssl", "genpkey", "-quiet", "-algorithm", *algorithm, "-out", self(f"{name}.key")])
        self(f"{name}.ext").write_text(extensions + "\nsubjectKeyIdentifier=hash\n", encoding="ascii")
        run(["openssl", "req", "-new", "-subj", f"/O=Interoperability/CN={name}", "-key", self(f"{name}.key"), "-out",
             self(f"{name}.csr")])
        signer = ["-CA", self(f"{issuer}.pem"), "-CAkey", self(f"{issuer}.key")] if issuer else ["-key", self(f"{name}.key")]
        run(["openssl", "x509", "-req", "-in", self(f"{name}.csr"), *signer, "-days", "2", "-extfile", self(f"{name}.ext"),
             "-out", self(f"{name}.pem")])

    def value(self, key, changed=False):
        """A file with a value of ours, DER; or the same with a bit of the content changed."""
        file = self(f"{key}.{'changed' if changed else 'value'}")
        if not file.exists():
            value = base64.b64decode(run([self("ours"), "sign", self(f"{key}.pair"), self("client.pem")]))
            self(f"{key}.value").write_bytes(value)
            at = value.index(self("client.der").read_bytes()) + 60
            self(f"{key}.changed").write_bytes(value[:at] + bytes([value[at] ^ 1]) + value[at + 1:])
        return file

    def take(self, der):
        """Lets this project verify a value of another's."""
        said = run([self("ours"), "verify", self("root.pem"), NAME], base64.b64encode(der)).decode().strip()
        if said != "client":
            raise Said(f"another client: {said}")


class OpenSSL:
    name = "OpenSSL"

    def __init__(self, files, program=("openssl",)):
        self.files, self.program = files, list(program)
        self.version = first(r"^OpenSSL (\S+)", run([*self.program, "version"]))

    def verify(self, file):
        return run([*self.program, "cms", "-verify", "-binary", "-inform", "DER", "-in", file, "-purpose", "any", "-CAfile",
                    self.files("root.pem"), "-no-CApath", "-no-CAstore"])

    def sign(self, key):
        return run([*self.program, "cms", "-sign", "-binary", "-nodetach", "-nosmimecap", "-outform", "DER", "-in",
                    self.files("client.der"), "-signer", self.files(f"{key}.pem"), "-inkey", self.files(f"{key}.key"),
                    "-md", DIGEST.get(key, "sha256")])


class OpenSSLOfDebian13(OpenSSL):
    """Of the tree that ./run debian 13 makes, or of DEBIAN_13."""

    def __init__(self, files):
        tree = Path(os.environ.get("DEBIAN_13", TOP / "build-debian-13"))
        libraries = tree / "usr/lib/x86_64-linux-gnu"
        if not (tree / "usr/bin/openssl").exists():
            raise Missing("there is no tree of ./run debian 13")
        super().__init__(files, [libraries / "ld-linux-x86-64.so.2", "--library-path", libraries, tree / "usr/bin/openssl"])


class GnuTLS:
    name = "GnuTLS"

    def __init__(self, files):
        self.files = files
        self.version = first(r"^certtool (\S+)", run(["certtool", "--version"]))

    def verify(self, file):
        run(["certtool", "--p7-verify", "--inder", "--infile", file, "--load-ca-certificate", self.files("root.pem")])
        out = self.files("certtool.out")
        run(["certtool", "--p7-info", "--p7-show-data", "--inder", "--infile", file, "--outfile", out])
        shown, content = out.read_bytes(), self.files("client.der").read_bytes()
        return content if content in shown else shown

    def sign(self, key):
        out = self.files("certtool.der")
        run(["certtool", "--p7-sign", "--p7-time", "--load-certificate", self.files(f"{key}.pem"), "--load-privkey",
             self.files(f"{key}.key"), "--hash", DIGEST.get(key, "sha256"), "--infile", self.files("client.der"), "--outder",
             "--outfile", out])
        return out.read_bytes()


class NSS:
    name = "NSS"

    def __init__(self, files):
        self.files = files
        # It does not tell its version.
        self.version = package("libnss3-tools") if shutil.which("cmsutil") else None
        if not self.version:
            raise Missing("cmsutil is not installed")
        self.database = f"sql:{files('nss')}"
        files("nss").mkdir()
        run(["certutil", "-N", "-d", self.database, "--empty-password"])
        run(["certutil", "-A", "-d", self.database, "-n", "root", "-t", "CT,CT,CT", "-i", files("root.pem")])

    def verify(self, file):
        return run(["cmsutil", "-D", "-d", self.database, "-u", "4", "-i", file])

    def sign(self, key):
        run(["pk12util", "-i", self.files(f"{key}.p12"), "-d", self.database, "-W", "x", "-K", ""])
        out = self.files("cmsutil.der")
        run(["cmsutil", "-S", "-d", self.database, "-N", key, "-G", "-H", DIGEST.get(key, "sha256").upper(),
             "-i", self.files("client.der"), "-o", out])
        return out.read_bytes()


class GpgSM:
    name = "gpgsm"

    def __init__(self, files):
        self.files = files
        self.version = first(r"^gpgsm \(GnuPG\) (\S+)", run(["gpgsm", "--version"]))
        home = files("gnupg")
        home.mkdir(mode=0o700)
        self.command = ["gpgsm", "--homedir", home, "--batch", "--disable-crl-checks", "--disable-dirmngr",
                        "--pinentry-mode", "loopback", "--passphrase-fd", "0"]
        der = run(["openssl", "x509", "-in", files("root.pem"), "-noout", "-fingerprint", "-sha1"]).decode()
        (home / "trustlist.txt").write_text(der.strip().split("=")[1] + " S relax\n", encoding="ascii")
        (home / "gpg-agent.conf").write_text("allow-loopback-pinentry\n", encoding="ascii")
        run([*self.command, "--import", files("root.pem")], fails=True)

    def verify(self, file):
        out = self.files("gpgsm.out")
        out.unlink(missing_ok=True)
        run([*self.command, "--output", out, "--verify", file])
        return out.read_bytes()

    def sign(self, key):
        run([*self.command, "--import", self.files(f"{key}.p12")], b"x\n")
        return run([*self.command, "--digest-algo", DIGEST.get(key, "sha256"), "--include-certs", "1", "--sign",
                    "--local-user", f"CN={key},O=Interoperability", self.files("client.der")], b"x\n")

    def close(self):
        run(["gpgconf", "--homedir", self.files("gnupg"), "--kill", "all"], fails=True)


class Script:
    """A program of ours in another language: `verify ROOT FILE` writes the content, `sign CERTIFICATE KEY
    CONTENT DIGEST` the DER, and `version` says which it is."""

    def __init__(self, files, command, env=None):
        self.files, self.command, self.env = files, command, env
        try:
            self.version = run([*command, "version"], env=env).decode().strip()
        except Said as said:
            raise Missing(message(said)) from None

    def verify(self, file):
        return run([*self.command, "verify", self.files("root.pem"), file], env=self.env)

    def sign(self, key):
        return run([*self.command, "sign", self.files(f"{key}.pem"), self.files(f"{key}.key"), self.files("client.der"),
                    DIGEST.get(key, "sha256")], env=self.env)


class PHP(Script):
    name = "PHP, openssl_cms_verify"

    def __init__(self, files):
        super().__init__(files, ["php", HERE / "interop.php"])


class Perl(Script):
    name = "Perl, Crypt::SMIME"

    def __init__(self, files):
        super().__init__(files, ["perl", HERE / "interop.pl"])


class Ruby(Script):
    name = "Ruby, OpenSSL::PKCS7"

    def __init__(self, files):
        super().__init__(files, ["ruby", HERE / "interop.rb"])


class BouncyCastle(Script):
    name = "BouncyCastle"

    def __init__(self, files):
        jars = ":".join(f"/usr/share/java/{jar}.jar" for jar in ("bcpkix", "bcprov", "bcutil"))
        if not shutil.which("javac") or not Path("/usr/share/java/bcpkix.jar").exists():
            raise Missing("javac or bcpkix.jar is not installed")
        run(["javac", "-nowarn", "-cp", jars, "-d", files("classes"), HERE / "Interop.java"])
        super().__init__(files, ["java", "-XX:TieredStopAtLevel=1", "-cp", f"{jars}:{files('classes')}", "Interop"])


class PKIjs(Script):
    name = "pkijs"

    def __init__(self, files):
        copied = files("pkijs")
        copied.mkdir()
        for file in ("interop.mjs", "package.json", "package-lock.json"):
            shutil.copy(HERE / "pkijs" / file, copied)
        try:
            run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=copied)
        except Said as said:
            raise Missing(f"npm: {message(said)}") from None
        super().__init__(files, ["node", copied / "interop.mjs"])


class PyHanko(Script):
    name = "pyHanko"

    def __init__(self, files):
        venv = files("venv")
        if "PYHANKO" in os.environ:
            super().__init__(files, [os.environ["PYHANKO"], HERE / "interop_pyhanko.py"])
            return
        try:
            run([sys.executable, "-m", "venv", venv])
            run([venv / "bin/pip", "install", "-q", "-r", HERE / "pyhanko.txt"])
        except Said as said:
            raise Missing(f"pip: {message(said)}") from None
        super().__init__(files, [venv / "bin/python", HERE / "interop_pyhanko.py"])


class Go(Script):
    """Packages that Debian has, in GOCODE or where Debian puts them."""
    owner = "fullsailor"
    name = "Go, fullsailor/pkcs7"

    def __init__(self, files):
        gocode = Path(os.environ.get("GOCODE", "/usr/share/gocode"))
        if not (gocode / f"src/github.com/{self.owner}/pkcs7").exists():
            raise Missing(f"golang-github-{self.owner}-pkcs7-dev is not installed")
        program = files(f"go-{self.owner}")
        source = files(f"{self.owner}.go")
        source.write_text((HERE / "interop.go.in").read_text(encoding="utf-8").replace("OWNER", self.owner), encoding="utf-8")
        env = {"GO111MODULE": "off", "GOPATH": str(gocode), "GOCACHE": str(files("gocache")), "GOFLAGS": ""}
        run(["go", "build", "-o", program, source], env=env)
        super().__init__(files, [program])


class GoDigitorus(Go):
    """Debian 13 has it."""
    owner = "digitorus"
    name = "Go, digitorus/pkcs7"


class Rust(Script):
    name = "Rust, cryptographic-message-syntax"

    def __init__(self, files):
        program = TOP / "target/interoperability/debug/interoperability"
        run(["cargo", "build", "--quiet", "--locked", "--manifest-path", HERE / "rust/Cargo.toml", "--target-dir",
             TOP / "target/interoperability"])
        super().__init__(files, [program])


ALL = [OpenSSL, OpenSSLOfDebian13, GnuTLS, NSS, GpgSM, BouncyCastle, PyHanko, PKIjs, PHP, Perl, Ruby, Go, GoDigitorus, Rust]


def package(name):
    try:
        return run(["dpkg-query", "-W", "-f", "${Version}", name]).decode()
    except (Said, Missing):
        return "?"


def message(said):
    """What says most in what was printed, without names of files and numbers that differ each time."""
    noise = re.compile(r"^(\s+at |gpgsm:\s+(?:using|aka) |gpgsm: Signature made|\s*$|Traceback|CMS Verification failure|CMS verify error|Caused by|\s*File |\s*\^|Node\.js v)")
    lines = [line.strip() for line in str(said).splitlines() if not noise.match(line)]
    telling = [line for line in lines if re.search(r"error|fail|unsupport|invalid|cannot|not |unknown|bad|no ", line, re.I)]
    line = (telling or lines or ["it failed without a word"])[-1 if "Traceback" in str(said) else 0]
    line = re.sub(r"^[0-9A-F]{12,16}:", "", line)
    line = re.sub(r"\b[0-9A-F]{40}\b", "…", line)
    line = re.sub(r"(/[\w.+-]+){2,}/", "", line)
    line = re.sub(r":(?:crypto|\.\./crypto|\.\./\.\./crypto|providers)?[\w./]*\.c:\d+:", ": ", line)
    line = re.sub(r"\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d\b", "…", line)
    line = re.sub(r"`(\w+)'", r"\1", line)
    line = re.sub(r"^interop\.\w+:\d+:in |( at interop\.pl line \d+\.)$", "", line)
    return line.replace("|", "\\|")[:160]


def attempt(what):
    try:
        what()
        return None
    except Said as said:
        return message(said)
    except subprocess.TimeoutExpired:
        return "no answer within ten minutes"


def try_verify(implementation, files, key):
    def verify():
        if implementation.verify(files.value(key)) != files("client.der").read_bytes():
            raise Said("the content is not the client's certificate")
        try:
            implementation.verify(files.value(key, changed=True))
        except Said:
            return
        raise SystemExit(f"{implementation.name} verifies a value that was changed ({key})")
    return attempt(verify)


def measure(files, names):
    rows = []
    for kind in ALL:
        if names and not any(name.lower() in (kind.name + kind.__name__).lower() for name in names):
            continue
        print(f"{kind.name} ...", file=sys.stderr)
        try:
            implementation = kind(files)
        except (Missing, Said) as missing:
            rows.append((kind.name, str(missing) if isinstance(missing, Missing) else message(missing), None, None))
            continue
        try:
            ours = {key: try_verify(implementation, files, key) for key in KEYS}
            theirs = {key: attempt(lambda key=key: files.take(implementation.sign(key))) for key in KEYS}
        finally:
            getattr(implementation, "close", lambda: None)()
        rows.append((kind.name, implementation.version, ours, theirs))
    return rows


def tables(rows):
    notes, lines = {}, []
    for title, column in (("What others verify of ours", 2), ("What is accepted of what others sign", 3)):
        lines += [f"## {title}", "", "| implementation | version | " + " | ".join(KEYS.values()) + " |",
                  "| --- " * (len(KEYS) + 2) + "|"]
        for row in rows:
            if row[2] is None:
                lines.append(f"| {row[0]} | not run: {row[1]} |" + " |" * len(KEYS))
                continue
            cells = ["yes" if said is None else f"no ({notes.setdefault(said, len(notes) + 1)})" for said in row[column].values()]
            lines.append(f"| {row[0]} | {row[1]} | " + " | ".join(cells) + " |")
        lines.append("")
    lines += ["What was said:", ""]
    lines += [f"{number}. `{said}`" for said, number in notes.items()]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="into docs/interoperability.md")
    parser.add_argument("names", nargs="*", metavar="NAME", help="those alone whose names have this in them")
    arguments = parser.parse_args()
    if arguments.write and arguments.names:
        parser.error("--write is for all of them")
    with tempfile.TemporaryDirectory(prefix="client-cert-interoperability.") as directory:
        files = Files(Path(directory))
        library = os.environ.get("CLIENT_CERT_LIB", TOP / "target/release/libclient_cert.a")
        run(["cc", "-std=c11", "-Wall", "-Wextra", "-Werror", f"-I{TOP}/include", "-o", files("ours"), HERE / "ours.c", library,
             "-lssl", "-lcrypto", "-lpthread", "-ldl", "-lm"])
        files.make()
        made = tables(measure(files, arguments.names))
    print(made)
    if arguments.write:
        page = TOP / "docs/interoperability.md"
        before = page.read_text(encoding="utf-8").split("<!-- made by ./run interoperability -->\n")[0]
        page.write_text(f"{before}<!-- made by ./run interoperability -->\n{made}", encoding="utf-8")


main()
