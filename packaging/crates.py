#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""crates.py PACKAGE: the crates that are linked into it, and what their licences want to be passed
on. The same for every directory and user."""

import json
import os
import subprocess
import sys

NAMES = ("LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE")


def linked(metadata, root):
    """The crates that are linked into `root`: neither for its build, nor for its tests, nor for the
    compiler (procedural macros)."""
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    packages = {package["id"]: package for package in metadata["packages"]}
    found, todo = set(), [root]
    while todo:
        package = todo.pop()
        if package in found or any(
            "proc-macro" in target["kind"] for target in packages[package]["targets"]
        ):
            continue
        found.add(package)
        for dependency in nodes[package]["deps"]:
            if any(kind["kind"] is None for kind in dependency["dep_kinds"]):
                todo.append(dependency["pkg"])
    crates = [packages[package] for package in found if packages[package]["source"]]
    return sorted(crates, key=lambda crate: (crate["name"], crate["version"]))


def notices(crate):
    """The texts of its licences. Where there is a choice, Apache-2.0 is taken, whose text every
    Debian has, and nothing but NOTICE is to be passed on."""
    directory = os.path.dirname(crate["manifest_path"])
    files = sorted(name for name in os.listdir(directory) if name.upper().startswith(NAMES))
    if "Apache-2.0" in crate["license"] and " AND " not in crate["license"]:
        files = [name for name in files if name.upper().startswith(("COPYRIGHT", "NOTICE"))]
    elif not files:
        sys.exit(f"crates.py: {crate['name']} has no file with its licence")
    for name in files:
        with open(os.path.join(directory, name), encoding="utf-8") as file:
            yield name, file.read().strip()


def main():
    machine = subprocess.check_output(["rustc", "-vV"], text=True)
    host = next(line.split()[1] for line in machine.splitlines() if line.startswith("host:"))
    metadata = json.loads(
        subprocess.check_output(
            ["cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", host]
        )
    )
    (root,) = (package["id"] for package in metadata["packages"] if package["name"] == sys.argv[1])
    print(
        "The library of Rust (https://github.com/rust-lang/rust: MIT OR Apache-2.0) and these crates\n"
        "(https://crates.io) are linked in. Where there is a choice of licences, Apache-2.0 is taken:\n"
        "/usr/share/common-licenses/Apache-2.0.\n"
    )
    crates = linked(metadata, root)
    for crate in crates:
        print(f"{crate['name']} {crate['version']}: {crate['license']}")
        for author in crate["authors"]:
            print(f"    {author}")
    for crate in crates:
        for name, text in notices(crate):
            print(f"\n{'-' * 80}\n{crate['name']}, {name}\n\n{text}")


main()
