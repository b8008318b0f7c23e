#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""manual.py DIRECTORY: of the manual there, as a package has it, each link to what only the sources
have becomes its text and the name of the file."""

import os
import re
import sys
from pathlib import Path

# [text](target), of which the text may have a pair of brackets of its own.
LINK = re.compile(r"\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\(([^()\s]+)\)")
CODE = re.compile(r"^ *(?:```|~~~)")


def without_links(text, page, top):
    """The page's text, and the files of the sources that it led to."""
    led_to = set()

    def replace(match):
        name = match[2].partition("#")[0]
        if not name or "://" in name or name.startswith("mailto:") or (page.parent / name).exists():
            return match[0]
        path = os.path.relpath(os.path.normpath(page.parent / name), top)
        led_to.add(path)
        if path == "CHANGELOG.md":
            return f"{match[1]} (changelog.gz)"
        if path.endswith(match[1]):
            return f"{match[1]} (in the sources)"
        return f"{match[1]} (in the sources: {path})"

    lines, in_code = [], False
    for line in text.split("\n"):
        if CODE.match(line):
            in_code = not in_code
        lines.append(line if in_code else LINK.sub(replace, line))
    return "\n".join(lines), led_to


def main():
    top = Path(sys.argv[1])
    for page in sorted(top.rglob("*.md")):
        text, _ = without_links(page.read_text(encoding="utf-8"), page, top)
        page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
