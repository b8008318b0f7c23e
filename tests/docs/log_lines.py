#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/log-lines.md has every line that the module logs as information or worse, and each reason in
one; what it, docs/troubleshooting.md and docs/faults.md quote is really in the sources.

In docs/log-lines.md a line of the log is what stands between backticks in the first column of a
table (in docs/faults.md in the third), in docs/troubleshooting.md what stands between quotation
marks. "..." is any text.
"""

import re

from manual import TOP, Page, finish

# The Rust files whose texts are lines of the log, as a whole or after a name.
RUST = [
    "accept_role.rs", "accept_role/outcome.rs", "forward_role.rs", "configured_files.rs", "warnings.rs",
    "config/tunnel.rs", "config/peer_readers.rs", "config/unknown.rs", "config/forward_headers.rs",
    "config/forward_modules.rs", "status/expiry.rs", "tls/connection.rs", "tls/host.rs", "tls/hosts.rs",
]
# The C files whose other texts are reasons in such lines.
REASONS = ["forward.c", "backend.c"]
# Names, words of directives and parts of lines that say nothing by themselves.
FEWEST_WORDS = 4
# Comments, a character, a string, a word or anything else that is no space.
TOKEN = re.compile(
    r"""//[^\n]*|/\*.*?\*/|b?'(?:[^'\\]|\\[^u]|\\u\{\w+\})'|[bc]?"(?:[^"\\]|\\.)*"|\w+|\S""", re.S
)
LOG = re.compile(r"ap_log_[a-z]*error$")
# As LogLevel names them.
LEVELS = {"APLOG_INFO": "info", "APLOG_WARNING": "warn", "APLOG_ERR": "error"}


def tokens(file):
    """The tokens of a source file, strings beside each other as one. Of Rust, without its tests."""
    source = file.read_text()
    if file.suffix == ".rs":
        source = re.sub(r"^#\[cfg\(test\)\].*", "", source, flags=re.S | re.M)
    found = []
    for match in TOKEN.finditer(source.replace("APR_SIZE_T_FMT", '"zu"')):
        token = match[0]
        if token.startswith(("//", "/*")):
            continue
        # A C string of Rust's.
        token = token.removeprefix("c") if token.startswith('c"') else token
        if token.startswith('"') and found and found[-1].startswith('"'):
            found[-1] = found[-1][:-1] + token[1:]
        else:
            found.append(token)
    return found


def text_of(string):
    """The text of a string, with "..." for what is put in."""
    text = re.sub(r"\\\n\s*", "", string[1:-1]).replace('\\"', '"')
    text = re.sub(r"%[a-z]+|\{[^{}]*\}", "...", text)
    return re.sub(r"\s+", " ", text).strip()


def strings(some):
    """The texts among the tokens."""
    return [text_of(token) for token in some if token.startswith('"')]


def c_lines(level="info"):
    """What C logs as information or worse, and the reasons that it puts in; or as a trace, or at one
    level (APLOG_INFO) alone: (file, text)."""
    for file in sorted((TOP / "mod_client_cert").rglob("*.c")):
        source = tokens(file)
        reasons = []
        number = 0
        while number < len(source):
            if LOG.match(source[number]):
                end, depth = number + 1, 0
                while True:
                    depth += (source[end] == "(") - (source[end] == ")")
                    end += 1
                    if not depth:
                        break
                said = source[number + 4]
                if level in LEVELS:
                    is_wanted = said == level
                else:
                    is_wanted = said.startswith(("APLOG_TRACE", "APLOG_DEBUG")) == (level == "trace")
                if is_wanted:
                    yield from ((file.name, text) for text in strings(source[number:end]))
                number = end
                continue
            reasons.append(source[number])
            number += 1
        if file.name in REASONS and level == "info":
            yield from ((file.name, text) for text in strings(reasons))


def rust_lines():
    """The texts of the Rust files above, outside of tests."""
    for name in RUST:
        yield from ((name, text) for text in strings(tokens(TOP / "src" / name)))


def results():
    """The words of each result but success."""
    for line in (TOP / "src/results.txt").read_text().splitlines():
        fields = line.split(None, 4)
        if len(fields) == 5 and fields[0].isdigit() and fields[0] != "0":
            yield "results.txt", fields[4]


def details():
    """Further texts of the core: what stands in brackets behind a reason."""
    for file in sorted((TOP / "src").rglob("*.rs")):
        yield from ((file.name, text) for text in strings(tokens(file)))


def fixed(text):
    """What of a text is not "..."."""
    return [part for part in re.split(r"\.\.\.", text) if part.strip()]


def matches(quoted, text):
    """Whether the quoted line is this text, a part of it, or has it with something put in."""
    def pattern(whole):
        return ".*".join(re.escape(part) for part in fixed(whole))

    if re.search(pattern(quoted), text):
        return True
    return sum(map(len, fixed(text))) >= 12 and re.search(pattern(text), quoted) is not None


def listed_lines(columns):
    """What docs/log-lines.md has in the first columns of its tables: (where, text)."""
    page = Page(TOP / "docs/log-lines.md")
    for number, text in page.prose:
        if text.startswith("| `"):
            for cell in re.split(r"(?<!\\)\|", text)[1:-1][:columns]:
                for quoted in re.findall(r"`([^`]+)`", cell):
                    yield f"{page.name}:{number}", quoted


def level_faults():
    """Lines of which docs/log-lines.md says another level than C."""
    page = Page(TOP / "docs/log-lines.md")
    by_level = {name: [text for _, text in c_lines(said)] for said, name in LEVELS.items()}
    for number, text in page.prose:
        row = [cell.strip() for cell in re.split(r"(?<!\\)\|", text)[1:-1]]
        if len(row) < 3 or row[1] not in by_level:
            continue
        quoted = re.findall(r"`([^`]+)`", row[0])[0]
        levels = [name for name, lines in by_level.items() if quoted in lines]
        if levels and row[1] not in levels:
            yield f"{page.name}:{number}: the level is {row[1]}, in the sources {' or '.join(levels)}"


def faults_lines():
    """What docs/faults.md has of a line in the third column of its tables: (where, text)."""
    page = Page(TOP / "docs/faults.md")
    for number, text in page.prose:
        for cell in re.split(r"(?<!\\)\|", text)[3:4]:
            for quoted in re.findall(r"`([^`]+)`", cell):
                if len(quoted.split()) >= 3:
                    yield f"{page.name}:{number}", quoted.replace("…", "...")


def quoted_lines():
    """What docs/troubleshooting.md quotes: (where, text)."""
    page = Page(TOP / "docs/troubleshooting.md")
    for paragraph in re.finditer(r"(?:.+\n?)+", "\n".join(text for _, text in page.prose)):
        for match in re.finditer(r'(?<!`)"([^"`]+(?:"[\w-]+"[^"]+)?)"(?!`)', re.sub(r"`[^`]*`", "", paragraph[0])):
            if " " in match[1]:
                yield page.name, re.sub(r"\s+", " ", match[1]).rstrip(":")


def main():
    required = [*c_lines(), *rust_lines()]
    required = [
        (name, text) for name, text in required
        if len(" ".join(fixed(text)).split()) >= FEWEST_WORDS
    ]
    required += results()
    known = [*required, *c_lines("trace"), *details()]
    quoted = [*listed_lines(1), *quoted_lines(), *faults_lines()]
    faults = [
        f'{where}: "{text}" is no line of the sources'
        for where, text in quoted
        if not any(matches(text, line) for _, line in known)
    ]
    listed = [text for _, text in listed_lines(4)]
    faults += [
        f'docs/log-lines.md: a line of {name} is missing: "{line}"'
        for name, line in dict.fromkeys(required)
        if not any(matches(text, line) and len(text) >= len(line) / 2 for text in listed)
    ]
    faults += level_faults()
    finish(f"{len(quoted)} quoted lines are in the sources, {len(required)} of the sources are listed", faults)


if __name__ == "__main__":
    main()
