#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Debian's lists of files, without a build: what cmake installs is in one package, each manual page
and example in one, and so is what the manual leads its readers to. Their maintainer has the address that commits bear, as
SECURITY.md says."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from fnmatch import fnmatch
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
DEBIAN = TOP / "packaging/debian"
sys.path.insert(0, str(TOP / "packaging"))
from manual import without_links  # noqa: E402

# What the manual names, and only the sources have: for those who change the code or write another
# implementation.
IN_SOURCES = ("CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "cmake/", "src/", "tests/", "vectors")


def run(*command, **settings):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **settings)


def installed(work):
    """What `cmake --install` installs, below /usr, of each component: with files that are empty in
    place of what would be compiled."""
    build, target, root = work / "build", work / "target", work / "root"
    # As debhelper does it.
    run("cmake", "-S", TOP, "-B", build, f"-DCLIENT_CERT_CARGO_TARGET_DIR={target}",
        "-DCMAKE_INSTALL_PREFIX=/usr", "-DCMAKE_INSTALL_LIBDIR=lib/architecture")
    script = (build / "cmake_install.cmake").read_text()
    for path in re.findall(rf'"({re.escape(str(work))}/[^"]*)"', script):
        if not Path(path).exists():
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).touch()
    modules = subprocess.check_output(["apxs", "-q", "LIBEXECDIR"], text=True).strip()
    # cmake looks into this one.
    shutil.copy(f"{modules}/mod_env.so", build / "mod_client_cert.so")
    components = set(re.findall(r'CMAKE_INSTALL_COMPONENT STREQUAL "(\w+)"', script))
    for component in components:
        run("cmake", "--install", build, "--prefix", "/usr", "--component", component,
            env={**os.environ, "DESTDIR": str(root)})
    return components, {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


def lists(kind):
    """(package, line) of each list of this kind."""
    for path in sorted(DEBIAN.glob(f"*.{kind}")):
        for line in path.read_text().splitlines():
            yield path.stem, line


def in_one(what, names, patterns):
    """The faults: names that not exactly one of the patterns has, patterns without any."""
    for name in sorted(names):
        count = sum(fnmatch(name, pattern) for pattern in patterns)
        if count != 1:
            yield f"{what} {name}: in {count} lines of the packages' lists"
    for pattern in patterns:
        if not any(fnmatch(name, pattern) for name in names):
            yield f"{pattern}: {what} has no such file"


def documented():
    """Each page of the manual that is packed, and the files of the sources that it leads to."""
    listed = [line for package, line in lists("docs") if package == "libapache2-mod-client-cert"]
    files = subprocess.check_output(["git", "ls-files", "--", *listed], cwd=TOP, text=True).splitlines()
    with tempfile.TemporaryDirectory() as directory:
        top = Path(directory)
        # As rules has dh_installdocs do it.
        for name in files:
            if "/test/" not in name and not name.endswith(".gitignore"):
                (top / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(TOP / name, top / name)
        for page in sorted(top.rglob("*.md")):
            yield page.relative_to(top), without_links(page.read_text(encoding="utf-8"), page, top)[1]


def maintainer():
    """The fault of the maintainer's address: no commit has it."""
    address = re.search(r"^Maintainer: .+ <(\S+)>$", (DEBIAN / "control").read_text(), re.MULTILINE)[1]

    def git(*arguments):
        return subprocess.check_output(["git", *arguments], cwd=TOP, text=True).split()

    if git("rev-parse", "--is-shallow-repository") == ["false"] and address not in git("log", "--format=%ae"):
        yield f"Maintainer: no commit is by {address}"


def faults(work):
    yield from maintainer()
    components, files = installed(work)
    # What rules makes itself is no matter of cmake.
    patterns = [line.split()[0] for _, line in lists("install")]
    yield from in_one("cmake", files, [pattern for pattern in patterns if not pattern.startswith("debian/")])
    rules = (DEBIAN / "rules").read_text()
    made = set(re.findall(r"^\t\$\(tool\) .*> (debian/tool/\S+)$", rules, re.MULTILINE))
    pages = {name for name in made if re.search(r"\.[1-9]$", name)}
    yield from in_one("debian/rules:", made - pages, [pattern for pattern in patterns if pattern.startswith("debian/")])
    packed = set(re.search(r"for component in ([\w ]+);", rules)[1].split())
    for name in sorted(components ^ packed):
        yield f"component {name}: in CMakeLists.txt or in debian/rules, and not in both"

    pages |= {f"debian/built/man/{path.stem}" for path in (TOP / "cmake/man").glob("[!s]*.[1-9].md")}
    yield from in_one("manual pages:", pages, [line for _, line in lists("manpages")])
    examples = {f"packaging/examples/{path.name}" for path in (TOP / "packaging/examples").iterdir()}
    yield from in_one("examples:", examples, [line for _, line in lists("examples") if line.startswith("packaging/")])

    for page, led_to in documented():
        for path in sorted(led_to):
            if not path.startswith(IN_SOURCES):
                yield f"{page}: it leads to {path}, which no package has"


def main():
    if subprocess.run(["git", "rev-parse", "--git-dir"], cwd=TOP, capture_output=True).returncode:
        print("1..0 # SKIP no git working tree, which says what is packed")
        return 0
    with tempfile.TemporaryDirectory() as directory:
        # The check itself: it finds what is in no list, and a line without a file.
        assert list(in_one("cmake", {"a/b", "c"}, ["a/*", "d"])) == [
            "cmake c: in 0 lines of the packages' lists", "d: cmake has no such file"]
        found = list(faults(Path(directory).resolve()))
    print("1..1")
    print("not ok 1" if found else "ok 1", "- what is made is in the packages")
    for fault in found:
        print("#", fault)
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
