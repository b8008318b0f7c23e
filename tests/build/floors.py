#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks who may use whom: no circle of files, and no lower floor that reaches up.

A file's floor is its line in the tables below, the highest first. A Rust file uses what it names
after `use`, `crate::` or `super::`, tests apart; a C file uses the headers that it includes, and the
files whose functions it names of those that the headers declare.
"""

import re
import sys
from pathlib import Path

C_FLOORS = [
    ["mod_client_cert"],
    ["directives", "config/startup_checks"],
    ["forward", "accept", "status"],
    ["headers", "tls"],
    ["request", "counters", "config"],
    ["names", "allocator"],
]
RUST_FLOORS = [
    ["ffi"],
    ["directives"],
    ["accept_role", "forward_role"],
    ["status"],
    ["tls"],
    ["configured_files"],
    ["warnings"],
    ["sign", "verify"],
    ["format", "session_record", "tls_identity"],
    ["client", "vhost", "config"],
    ["last_used", "variable_headers"],
    ["cms", "format/limit", "format/signed", "format/strict_base64"],
    ["http", "x509"],
    ["file", "rejection", "ssl_context", "ssl_session"],
    ["cleansed"],
    ["openssl_ext"],
    ["asn1"],
    ["error", "identity", "level", "printable", "single_flight"],
]


def split(tree):
    """The parts of a use tree, at its commas outside of braces."""
    parts, depth, part = [], 0, ""
    for character in tree:
        depth += (character == "{") - (character == "}")
        if character == "," and depth == 0:
            parts.append(part)
            part = ""
        else:
            part += character
    return [part.strip() for part in [*parts, part] if part.strip()]


def paths(tree, prefix=()):
    """The paths of a use tree."""
    group = re.fullmatch(r"((?:\w+\s*::\s*)*)\{(.*)\}", tree.strip(), re.DOTALL)
    if not group:
        return [prefix + tuple(part.split(" as ")[0].strip() for part in tree.split("::"))]
    prefix += tuple(part.strip() for part in group[1].split("::") if part.strip())
    return [path for part in split(group[2]) for path in paths(part, prefix)]


def module_of(file, root):
    parts = file.relative_to(root).with_suffix("").parts
    return parts[:-1] if parts[-1] == "mod" else parts


def without_tests(text):
    text = re.sub(r"//[^\n]*", "", text)
    return re.split(r"#\[cfg\(test\)\]\s*mod \w+ \{", text)[0]


def rust_uses(root):
    """For each module the modules that it uses."""
    modules = {module_of(file, root): file for file in root.rglob("*.rs")}
    is_test = lambda module: module[-1].endswith("tests") or "tests" in module or module[0] in ("testing", "fuzzing")
    uses = {}
    for module, file in modules.items():
        if module == ("lib",) or is_test(module):
            continue
        text = without_tests(file.read_text())
        found = []
        for use in re.finditer(r"\buse\s+((?:crate|super|self)::[^;]+);", text):
            found += paths(use[1])
        text = re.sub(r"\buse\s+[^;]+;", "", text)
        found += [tuple(path[0].split("::")) for path in re.finditer(r"\b(?:crate|super)(?:::\w+)+", text)]
        used = set()
        for start, *rest in found:
            base = {"crate": (), "super": module[:-1], "self": module}[start]
            while rest[:1] == ["super"]:
                base, rest = base[:-1], rest[1:]
            path = base + tuple(rest)
            candidates = (path[:length] for length in range(len(path), 0, -1))
            used |= {next((candidate for candidate in candidates if candidate in modules), module)}
        uses["::".join(module)] = {"::".join(other) for other in used - {module}}
    return uses


def c_uses(root):
    """For each C file the headers that it includes, and the files whose functions it names. Headers keep
    their ending."""
    files = [*root.rglob("*.c"), *root.rglob("*.h")]
    texts = {file: re.sub(r"/\*.*?\*/", "", file.read_text(), flags=re.DOTALL) for file in files}
    name_of = lambda file: file.relative_to(root).as_posix().removesuffix(".c")
    headers = {file.name: file for file in files if file.suffix == ".h"}
    declaration = re.compile(r"^(?!typedef)\w[\w *]*\b(mcc_\w+)\([^;{}]*\);", re.MULTILINE)
    declared = lambda header: set(declaration.findall(texts[header]))
    definers = {}
    for file, text in texts.items():
        for function in re.findall(r"^\w[^;{}=]*?\b(mcc_\w+)\([^;{}]*\)\s*\{", text, re.MULTILINE):
            definers[function] = name_of(file)
    uses = {}
    for file, text in texts.items():
        included = re.findall(r'^#include "(?:[\w/]*/)?(\w+\.h)"', text, re.MULTILINE)
        included = [headers[header] for header in included if header in headers]
        used = {name_of(header) for header in included}
        own = [file] if file.suffix == ".h" else []
        known = set().union(*map(declared, included + own))
        named = known.intersection(re.findall(r"\w+", declaration.sub("", text)))
        used |= {definers[function] for function in named if function in definers}
        uses[name_of(file)] = used - {name_of(file)}
    return uses


def reachable(uses, start):
    """All that a file uses, and what that uses."""
    seen, ahead = set(), [start]
    while ahead:
        for other in uses.get(ahead.pop(), ()):
            if other not in seen:
                seen.add(other)
                ahead.append(other)
    return seen


def circles(uses):
    """The sets of files that reach each other; a C file and its header are no circle."""
    reached = {start: reachable(uses, start) for start in uses}
    found = {
        frozenset(other for other in reached[start] if start in reached.get(other, ()))
        for start in uses
        if start in reached[start]
    }
    return [circle for circle in found if len({name.removesuffix(".h") for name in circle}) > 1]


def floor_of(name, floors):
    """The floor of a file: that of its own name, or else of its folder."""
    parts = re.split(r"::|/", name.removesuffix(".h"))
    for length in range(len(parts), 0, -1):
        for height, floor in enumerate(reversed(floors)):
            if "/".join(parts[:length]) in floor:
                return height
    return None


def check(language, uses, floors):
    faults = [f"{language}: a circle: {' '.join(sorted(circle))}" for circle in circles(uses)]
    for name, used in sorted(uses.items()):
        if floor_of(name, floors) is None:
            faults.append(f"{language}: {name} has no floor")
            continue
        for other in sorted(used):
            height = floor_of(other, floors)
            if height is not None and height > floor_of(name, floors):
                faults.append(f"{language}: {name} reaches up to {other}")
    return faults


def control(language, uses, floors, low, high):
    """That a file which reaches up is noticed, and the circle which that closes."""
    if high not in reachable(uses, low):
        uses = {**uses, low: uses[low] | {high}}
    faults = " ".join(check(language, uses, floors))
    for expected in (f"{low} reaches up to {high}", "a circle"):
        if expected not in faults:
            sys.exit(f"the control was not noticed: {expected}")


def main():
    top = Path(__file__).resolve().parents[2]
    faults = []
    for language, uses, floors, low, high in (
        ("C", c_uses(top / "mod_client_cert"), C_FLOORS, "names", "accept/accept"),
        ("Rust", rust_uses(top / "src"), RUST_FLOORS, "asn1::der", "sign::signer"),
    ):
        faults += check(language, uses, floors)
        control(language, uses, floors, low, high)
    for fault in faults:
        print(fault)
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
