#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0

"""leaks.py DIRECTORY: of LeakSanitizer's reports there, the leaks of the module and its core.

A process of httpd ends without freeing much that it has by then: Perl, OpenSSL, libxml2 and httpd
itself have leaks at their exit, of which nothing here is to blame. A leak is ours if code of ours
allocated it: the first function of the stack that is not an allocator's or a library's.

Tables that are made once, and last for as long as the module is loaded (LazyLock, OnceLock), are
not freed when httpd unloads it: Rust has no destructors of statics.
"""

import pathlib
import re
import sys

OURS = re.compile(r" (?:\S*/)?(?:mod_client_cert/\S+\.c|src/\S+\.rs):\d+")
ONCE = re.compile(r"LazyLock|OnceLock|lazy_lock|once_lock|sync4once")

leaks = {}
processes = 0
for file in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    processes += 1
    for block in file.read_text(errors="replace").split("\n\n"):
        if "leak of" not in block or not OURS.search(block):
            continue
        if ONCE.search(block):
            continue
        head, *frames = block.strip().splitlines()
        leaks.setdefault("\n".join(re.sub(r"0x[0-9a-f]+", "", frame) for frame in frames), head)
for frames, head in leaks.items():
    print(head, frames, "", sep="\n")
print(f"processes with a report: {processes}; leaks of ours: {len(leaks)}")
sys.exit(1 if leaks else 0)
