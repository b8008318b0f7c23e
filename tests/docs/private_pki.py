# SPDX-License-Identifier: Apache-2.0
"""Runs the commands of docs/private-pki.md, as they stand there, in a directory of its own; then
those of other pages whose fence says `sh run`."""

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


def commands(before, after=None):
    """The shell blocks of the page up to a heading, or from it on."""
    page = Page(TOP / "docs/private-pki.md")
    start = min(number for number, _, heading in page.headings if heading == (before or after))
    return [
        block.text
        for block in page.blocks
        if block.info == "sh" and (block.line < start) == (after is None)
    ]


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
    run(commands("Revoke"), work)
    run([block.text for page in manual() for block in page.blocks if block.info == "sh run"], work)


def revoke(work):
    """What revokes alice."""
    run([f"umask 077\ncd {work}/pki\n", *commands(None, "Revoke")], work)
