#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/directives.md has every directive of the module, each in the same shape, and no other; what
it says of contexts, defaults and words is what httpd with the module says."""

import re
import tempfile

from httpd import load, run
from manual import TOP, Page, finish

FIELDS = ["Description", "Syntax", "Default", "Context"]
# Where a directive may stand, as httpd's own manual names it, and lines around it.
CONTEXTS = {
    "server config": "{}",
    "virtual host": "<VirtualHost *>\n{}\n</VirtualHost>",
    "directory": "<Location /here>\n{}\n</Location>",
}
# Where none of them may stand.
NOWHERE = {
    "<Proxy>": "<Proxy *>\n{}\n</Proxy>",
    "<Limit>": "<Location /here>\n<Limit GET>\n{}\n</Limit>\n</Location>",
}
WRONG_PLACE = re.compile(r"cannot occur within|not allowed")


def bare(text):
    """A cell without the marks for code."""
    return text.replace("`", "").replace("\\|", "|").strip()


def cells(line):
    """The cells of a line of a table."""
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]


def fields_of(lines):
    """The fields of a section's first table, in order."""
    rows = []
    for line in lines:
        if line.startswith("|"):
            rows.append(cells(line))
        elif rows and line.strip():
            break
    return [row for row in rows[2:] if len(row) == 2]


def table_of_module(directory, modules):
    """Every directive of the module: name, and where httpd says that it may stand."""
    status, said = run(directory, modules, "-L")
    if status:
        raise SystemExit(said)
    return dict(
        re.findall(r"^(ClientCert\w*) \(mod_client_cert\.c\)\n\t.*\n\t(.*)$", said, re.MULTILINE)
    )


def example_of(name, page, lines, start):
    """The first line of the section's example that has the directive."""
    inside = range(start, start + len(lines) + 1)
    for block in page.blocks:
        if block.line in inside and block.info and block.info.split()[0] == "apache":
            for line in block.text.splitlines():
                if line.strip().startswith(name + " "):
                    return line.strip()
    return None


class Reference:
    """What docs/directives.md has."""

    def __init__(self, page):
        self.page = page
        self.sections = {
            heading: (number, lines)
            for heading, number, lines in page.sections(3)
            if heading.startswith(("ClientCert", "Require "))
        }
        self.fields = {name: fields_of(lines) for name, (_, lines) in self.sections.items()}

    def field(self, name, field):
        return dict(map(tuple, self.fields[name])).get(field, "")


def shape_faults(reference):
    """Sections that lack a part, or have them in another order."""
    for name, (number, lines) in reference.sections.items():
        where = f"{reference.page.name}:{number}: {name}"
        wanted = [field for field in FIELDS if field != "Default" or name.startswith("ClientCert")]
        found = [field for field, _ in reference.fields[name]]
        if found != wanted:
            yield f"{where}: the fields are {', '.join(found) or 'none'}, not {', '.join(wanted)}"
        for field, text in reference.fields[name]:
            if not text:
                yield f"{where}: {field} is empty"
        if not all(bare(text).startswith(name) for text in reference.field(name, "Syntax").split(" or ")):
            yield f"{where}: Syntax does not begin with the name"
        if not example_of(name, reference.page, lines, number):
            if not (name.startswith("Require ") and any(name in line for line in lines)):
                yield f"{where}: there is no example (a block of apache with the directive)"
        if not any(line.startswith("Example:") for line in lines):
            yield f"{where}: no line begins with \"Example:\""


def contents_faults(reference):
    """Sections that the lists above them do not name, or name otherwise."""
    page = reference.page
    first = min(number for number, _ in reference.sections.values())
    targets = [target for number, target in page.links() if number < first]
    rows = {}
    for line in page.lines[:first]:
        row = cells(line) if line.startswith("| [") else []
        if len(row) == 3:
            rows[re.sub(r"\[(.*)\]\(.*\)", r"\1", row[0])] = row[1:]
    for name, (number, _) in reference.sections.items():
        where = f"{page.name}:{number}: {name}"
        if f"#{name.lower().replace(' ', '-')}" not in targets:
            yield f"{where} is not in the contents"
        if not name.startswith("ClientCert"):
            continue
        default = bare(reference.field(name, "Default")).removeprefix(name).strip()
        expected = [default, bare(reference.field(name, "Context"))]
        if name not in rows:
            yield f"{where} is not in the table"
        elif [bare(cell) for cell in rows[name]] != expected:
            yield f"{where}: the table has {rows[name]}, the section {expected}"
    for name in rows:
        if name not in reference.sections:
            yield f"{page.name}: {name} is in the table and has no section"


def context_faults(reference, allowed, modules, directory):
    """Contexts in which httpd takes a directive, and the manual does not say so, or the reverse."""
    for name, (number, lines) in reference.sections.items():
        line = example_of(name, reference.page, lines, number)
        if name not in allowed or not line:
            continue
        where = f"{reference.page.name}:{number}: {name}"
        if ".htaccess" in allowed[name] or ".htaccess" in reference.field(name, "Context"):
            yield f"{where}: no directive of the module works in .htaccess"
        documented = [place.strip() for place in reference.field(name, "Context").split(",")]
        for place in documented:
            if place not in CONTEXTS:
                yield f"{where}: there is no context \"{place}\""
        for place, around in (CONTEXTS | NOWHERE).items():
            status, said = run(directory, modules + around.format(line) + "\n", "-t")
            taken = not (status and WRONG_PLACE.search(said))
            if taken != (place in documented):
                yield f"{where}: httpd {'takes' if taken else 'refuses'} it in {place}"


def word_faults(reference, allowed, modules, directory):
    """Words that a directive takes, and its Syntax does not have, or the reverse."""
    for name in sorted(allowed.keys() & reference.sections.keys()):
        _, said = run(directory, f"{modules}{name} no-such-word\n", "-t")
        match = re.search(r"must be one of ([\w, \n-]+)", said)
        syntax = re.sub(r"\[[^\]]*\]", "", bare(reference.field(name, "Syntax")))
        words = set(re.findall(r"(?<![\w-])[a-z][a-z0-9-]+", syntax.replace(" or ", " | ")))
        taken = set(re.split(r"[\s,]+", match[1].strip())) if match else set()
        if match and words != taken:
            yield f"{name}: its Syntax has {sorted(words)}, httpd takes {sorted(taken)}"


def default_faults(reference, modules, directory):
    """Defaults that the directive itself does not take, or that are not those of the sources."""
    sources = "".join((TOP / "src/directives" / name).read_text() for name in ("mod.rs", "server.rs", "accept.rs"))

    def constant(name):
        value = re.search(rf"\bconst {name}: u\w+ = (.*);$", sources, re.MULTILINE)[1]
        number = 1
        for factor in re.findall(r"\d+", value):
            number *= int(factor)
        return number

    numbers = {
        "ClientCertSignatureLifetime": str(constant("DEFAULT_LIFETIME")),
        "ClientCertMaxAge": f"{constant('DEFAULT_MAX_AGE')} {constant('DEFAULT_SKEW')}",
        "ClientCertSignatureCache": f"{constant('DEFAULT_CACHE_SIZE') // 1024 // 1024}M",
    }
    for name, (number, _) in reference.sections.items():
        default = bare(reference.field(name, "Default"))
        where = f"{reference.page.name}:{number}: {name}"
        if name in numbers and default != f"{name} {numbers[name]}":
            yield f"{where}: Default is \"{default}\", the sources have {numbers[name]}"
        if default.startswith(name):
            status, said = run(directory, f"{modules}{default}\n", "-t")
            if status:
                yield f"{where}: httpd does not take its default: {said}"
        elif name.startswith("ClientCert") and default != "none":
            yield f"{where}: Default is neither a line nor \"none\""


def main():
    reference = Reference(Page(TOP / "docs/directives.md"))
    faults = []
    with tempfile.TemporaryDirectory() as directory:
        modules = f'ServerName localhost\nErrorLog "{directory}/error.log"\n' + load(
            "mpm_event", "authz_core", "ssl", "proxy"
        )
        allowed = table_of_module(directory, modules)
        documented = {name for name in reference.sections if name.startswith("ClientCert")}
        faults += [f"{name} has no section" for name in sorted(allowed.keys() - documented)]
        faults += [f"there is no directive {name}" for name in sorted(documented - allowed.keys())]
        faults += shape_faults(reference)
        faults += contents_faults(reference)
        faults += context_faults(reference, allowed, modules, directory)
        faults += word_faults(reference, allowed, modules, directory)
        faults += default_faults(reference, modules, directory)
    finish(f"{len(allowed)} directives are documented, each in the same shape", faults)


if __name__ == "__main__":
    main()
