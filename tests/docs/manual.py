# SPDX-License-Identifier: Apache-2.0
"""The manual's pages, read as the checks in this directory need them."""

import os
import re
import sys
from pathlib import Path
from typing import NamedTuple

TOP = Path(__file__).resolve().parents[2]

# Directories that hold nothing of ours.
NOT_OURS = {".git", "build", "target", "node_modules", "third_party"}

FENCE = re.compile(r"^( *)(`{3,}|~{3,})\s*(.*?)\s*$")
HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*#*$")
# [text](target), of which the text may have a pair of brackets of its own.
LINK = re.compile(r"\[(?:[^\[\]]|\[[^\[\]]*\])*\]\(([^()\s]+(?:\([^()]*\)[^()\s]*)?)(?:\s+\"[^\"]*\")?\)")


class Block(NamedTuple):
    """A block of code: what follows the fence (an indented block has None), its lines as one text,
    and the line number of the first of them."""

    info: str | None
    text: str
    line: int


class Page:
    """A page: its text without code, its headings, links and blocks of code."""

    def __init__(self, path):
        self.path = path
        self.name = str(path.relative_to(TOP))
        self.lines = path.read_text(encoding="utf-8").splitlines()
        self.blocks = []
        self.prose = []  # (line number, text)
        self._read()
        self.headings = [
            (number, len(match[1]), match[2])
            for number, text in self.prose
            if (match := HEADING.match(text))
        ]

    def _read(self):
        number = 0
        in_list = before = False
        while number < len(self.lines):
            line = self.lines[number]
            fence = FENCE.match(line)
            if fence and not (fence[2][0] == "`" and "`" in fence[3]):
                number = self._read_fenced(number, fence)
                before = False
                continue
            if line.startswith("    ") and not before and not in_list:
                number = self._read_indented(number)
                continue
            if re.match(r"^(?:[-*+]|\d+[.)])\s", line):
                in_list = True
            elif line.strip() and not line.startswith(" "):
                in_list = False
            before = bool(line.strip())
            self.prose.append((number + 1, line))
            number += 1

    def _read_fenced(self, number, fence):
        start = number + 1
        end = start
        while end < len(self.lines) and not re.match(
            rf"^ *{re.escape(fence[2][0])}{{{len(fence[2])},}}\s*$", self.lines[end]
        ):
            end += 1
        inside = [line.removeprefix(fence[1]) for line in self.lines[start:end]]
        self.blocks.append(Block(fence[3], "\n".join(inside) + "\n", start + 1))
        return end + 1

    def _read_indented(self, number):
        end = number
        while end < len(self.lines) and (
            self.lines[end].startswith("    ") or not self.lines[end].strip()
        ):
            end += 1
        inside = [line[4:] for line in self.lines[number:end]]
        self.blocks.append(Block(None, "\n".join(inside).rstrip() + "\n", number + 1))
        return end

    def anchors(self):
        """The anchors of the headings, as GitHub makes them."""
        seen = {}
        for _, _, heading in self.headings:
            text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
            anchor = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
            number = seen.get(anchor, 0)
            seen[anchor] = number + 1
            yield f"{anchor}-{number}" if number else anchor

    def links(self):
        """(line number, target) of each link outside of code."""
        for number, text in self.prose:
            text = re.sub(r"(`+)(?:(?!\1).)*\1", "", text)
            for match in LINK.finditer(text):
                yield number, match[1]
            if match := re.match(r"^\s*\[[^\]]+\]:\s+(\S+)", text):
                yield number, match[1]

    def sections(self, level):
        """The sections of this level: heading, line number, and the page's lines up to the next
        heading of this level or a higher one."""
        marks = [(number, heading) for number, at, heading in self.headings if at == level]
        ends = [number for number, at, _ in self.headings if at <= level] + [len(self.lines) + 1]
        for number, heading in marks:
            end = min(end for end in ends if end > number)
            yield heading, number, self.lines[number : end - 1]


def pages():
    """Every page of the tree."""
    found = []
    for directory, below, files in os.walk(TOP):
        # Not even looked into: trees of other Debians are there.
        below[:] = [name for name in below if name not in NOT_OURS and not name.startswith((".", "build"))]
        found += [Path(directory, name) for name in files if name.endswith(".md")]
    return [Page(path) for path in sorted(found)]


def manual():
    """The pages that users read: README.md and docs/."""
    return [page for page in pages() if page.name == "README.md" or page.name.startswith("docs/")]


def finish(what, faults):
    """Prints the faults, or that there are none, and ends."""
    for fault in faults:
        print(fault)
    if not faults:
        print(what)
    sys.exit(bool(faults))
