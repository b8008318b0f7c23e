# SPDX-License-Identifier: Apache-2.0
"""Runs the commands of docs/private-pki.md, as they stand there, in a directory of its own; then
those of other pages whose fence says `sh run`."""

import re
import subprocess

from manual import TOP, Page, manual

# The origin's name must lead to this machine.
ORIGIN = "origin.example.com"


def here(text, work):
    """The text, with this machine's names and paths for those of the manual."""
    return (
        text.replace("/etc/apache2/tls", f"{work}/tls")
        .replace("/root/pki", f"{work}/pki")
        .replace("/var/www/html", f"{work}/htdocs")
        .replace(ORIGIN, "localhost")
    )


PAGE = Page(TOP / "docs/private-pki.md")


def commands(first, last):
    """The shell blocks of the page between these lines."""
    return [block.text for block in PAGE.blocks if block.info == "sh" and first < block.line < last]


def section(heading):
    """The shell blocks of a section."""
    return next(
        commands(line, line + len(lines) + 1) for name, line, lines in PAGE.sections(2) if name == heading
    )


def run(blocks, work):
    """Runs the blocks in one shell."""
    script = "set -eu\n" + here("".join(blocks), work)
    done = subprocess.run(
        ["bash"], input=script, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"commands of the manual fail:\n{script}\n{done.stdout}")


def make(work):
    """All that comes before Revoke: the CAs, the certificates, and their copies for httpd. Then what
    other pages make."""
    run(commands(0, min(line for line, _, heading in PAGE.headings if heading == "Revoke")), work)
    run([block.text for page in manual() for block in page.blocks if block.info == "sh run"], work)


def revoke(work):
    """What revokes alice."""
    run([f"umask 077\ncd {work}/pki\n", *section("Revoke")], work)


def renew(work):
    """What renews the certificate that signs, in a new shell."""
    issue = re.search(r"^issue\(\) \{\n.*?^\}\n", "".join(section("The certificates")), re.M | re.S)
    run([f"umask 077\ncd {work}/pki\n", issue[0], *section("Renew")], work)
