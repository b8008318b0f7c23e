#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every relative link in a page leads to a file that is there, and to a heading of it; every page
of docs/ is in the table of contents."""

from urllib.parse import unquote

from manual import TOP, finish, pages


def check(all_pages):
    """The faults of the links, and how many links there are."""
    anchors = {page.path: set(page.anchors()) for page in all_pages}
    faults, count = [], 0
    for page in all_pages:
        for number, target in page.links():
            if "://" in target or target.startswith("mailto:"):
                continue
            count += 1
            name, _, anchor = unquote(target).partition("#")
            path = (page.path.parent / name).resolve() if name else page.path
            if not path.exists():
                faults.append(f"{page.name}:{number}: {target}: there is no such file")
            elif anchor and anchor not in anchors.get(path, ()):
                faults.append(f"{page.name}:{number}: {target}: there is no such heading")
    return faults, count


def unlisted(all_pages):
    """The pages of docs/ that the table of contents does not name."""
    contents = next((page for page in all_pages if page.name == "docs/README.md"), None)
    if contents is None:
        return ["docs/README.md: there is no table of contents"]
    named = {(contents.path.parent / target.partition("#")[0]).resolve() for _, target in contents.links()}
    return [
        f"{contents.name}: {page.name} is not in the table of contents"
        for page in all_pages
        if page.path.parent == TOP / "docs" and page is not contents and page.path not in named
    ]


def main():
    all_pages = pages()
    faults, count = check(all_pages)
    faults += unlisted(all_pages)
    finish(f"{count} links in {len(all_pages)} pages lead somewhere", faults)


if __name__ == "__main__":
    main()
