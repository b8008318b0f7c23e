#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks what is built from other people's crates: each direct one has its reason in
docs/dependencies.md; licences, origins and second versions are those that deny.toml allows; none but
crates for tests, builds or the tool come in beside those that docs/dependencies.md gives the module;
and the tool, which is built with the module, asks for no feature of the module's crates.
"""

import json
import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from pathlib import Path

CRATES_IO = "registry+https://github.com/rust-lang/crates.io-index"
# Crates that those of the module bring along.
MODULE = {
    "base64", "bitflags", "cfg-if", "client-cert", "equivalent", "foldhash", "foreign-types",
    "foreign-types-shared", "hashbrown", "libc", "lock_api", "once_cell", "openssl",
    "openssl-macros", "openssl-sys", "parking_lot", "parking_lot_core", "proc-macro2",
    "quick_cache", "quote", "scopeguard", "smallvec", "syn", "unicode-ident",
}
# What the tool's crates ask of the module's: a trait's implementation, no other code.
FEATURES = {("bitflags", "std")}


def metadata(manifest):
    command = ["cargo", "metadata", "--locked", "--format-version=1", "--manifest-path", manifest]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def is_allowed(licence, allowed):
    """Whether one of the choices that an SPDX expression leaves is of allowed licences alone."""
    tokens = re.findall(r"[()]|[^\s()/]+|/", licence)
    words = {"/": "or", "OR": "or", "AND": "and", "(": "(", ")": ")"}
    expression, skip = [], False
    for token, following in zip(tokens, tokens[1:] + [None]):
        if skip:
            skip = False
        elif token == "WITH":
            # An exception allows more than the licence alone.
            skip = True
        else:
            expression.append(words.get(token) or str(token in allowed))
    # Nothing but and, or, brackets, True and False.
    return eval(" ".join(expression), {"__builtins__": {}})


def features(*packages):
    """The crates that these are linked with, and the features of each."""
    command = ["cargo", "tree", "--locked", "--edges=normal", "--prefix=none", "--format={p} [{f}]"]
    command += [f"--package={package}" for package in packages]
    lines = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    found = defaultdict(set)
    for name, asked in re.findall(r"^(\S+) v\d.* \[(.*)\]", lines, re.MULTILINE):
        found[name].update(filter(None, asked.split(",")))
    return found


def asked_by_the_tool(alone, together):
    for name in sorted(alone):
        for feature in sorted(together[name] - alone[name]):
            if (name, feature) not in FEATURES:
                yield f"{name}: the tool asks for its feature {feature}, and the module gets it too"


def faults(crate, fuzzer, documented, deny, module):
    packages = {package["id"]: package for tree in (crate, fuzzer) for package in tree["packages"]}
    own = {package["name"]: package for package in packages.values() if not package["source"]}
    direct = {d["name"] for package in own.values() for d in package["dependencies"]} - own.keys()
    for name in sorted(direct ^ documented):
        yield f"{name}: " + ("not used" if name in documented else "no reason in docs/dependencies.md")
    for name in sorted(module - MODULE):
        yield f"{name}: in the module, and not known to be"

    licences = deny["licenses"]
    exceptions = {entry["crate"]: entry["allow"] for entry in licences["exceptions"]}
    for package in packages.values():
        allowed = set(licences["allow"]) | set(exceptions.get(package["name"], []))
        if not is_allowed(package["license"] or "none", allowed):
            yield f"{package['name']}: the licence {package['license']}"
        if package["source"] not in (None, CRATES_IO):
            yield f"{package['name']}: from {package['source']}"

    known = {entry["crate"].split("@")[0] for entry in deny["bans"]["skip"]}
    versions = defaultdict(set)
    for package in crate["packages"]:
        versions[package["name"]].add(package["version"])
    several = {name for name, all_of_it in versions.items() if len(all_of_it) > 1}
    for name in sorted(several ^ known):
        yield f"{name}: " + ("several versions" if name in several else "has one version, see deny.toml")
    for name in sorted(several & module - {"syn"}):
        yield f"{name}: several versions, one of them in the module"


def main():
    root = Path(__file__).parents[2]
    crate, fuzzer = (metadata(root / path) for path in ("Cargo.toml", "fuzz/Cargo.toml"))
    text = (root / "docs/dependencies.md").read_text()
    documented = set(re.findall(r"^\| ([a-z][\w-]*) \|", text, re.MULTILINE))
    deny = tomllib.loads((root / "deny.toml").read_text())
    alone, together = features("client-cert"), features("client-cert", "client-cert-tool")
    module = set(alone)

    # The checks themselves: each kind of fault is found.
    strict = {"MIT", "Apache-2.0"}
    for licence, expected in {
        "MIT OR GPL-3.0": True,
        "GPL-3.0/MIT": True,
        "Apache-2.0 WITH LLVM-exception": True,
        "(MIT OR Apache-2.0) AND Unicode-3.0": False,
        "GPL-3.0": False,
        "none": False,
    }.items():
        assert is_allowed(licence, strict) is expected, licence
    poor = {"licenses": {"allow": ["MIT"], "exceptions": []}, "bans": {"skip": []}}
    found = list(faults(crate, fuzzer, documented - {"libc"}, poor, module | {"clap"}))
    for expected in ("libc: no reason", "clap: in the module", "the licence", "several versions"):
        assert any(expected in fault for fault in found), expected
    # What the tool depends on is in no part of the module: MODULE has none of it.
    of_tool = {"clap", "clap_builder", "clap_complete", "clap_mangen", "serde_json"}
    assert of_tool <= together.keys() and not of_tool & (alone.keys() | MODULE)
    assert list(asked_by_the_tool(alone, {**together, "openssl": {"vendored"}}))

    found = [*faults(crate, fuzzer, documented, deny, module), *asked_by_the_tool(alone, together)]
    print("1..1")
    print("not ok 1" if found else "ok 1", "- the crates that are used")
    for fault in found:
        print("#", fault)
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
