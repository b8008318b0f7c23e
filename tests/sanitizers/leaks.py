#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0

"""leaks.py DIRECTORY: of LeakSanitizer's reports there, the leaks of the module and its core.

A process of httpd ends without freeing much that it has by then: Perl, OpenSSL, libxml2 and httpd
itself have leaks at their exit, of which nothing here is to blame. A leak is ours if code of ours
allocated it, or had it allocated.

Tables that are made once, and last for as long as the module is loaded (LazyLock, OnceLock), are
not freed when httpd unloads it: Rust has no destructors of statics.

What the reading of a configuration allocates belongs to its pool, which not every process of httpd
destroys before it ends, such as the one that detaches. start/restart_memory.t is for that.
"""

import pathlib
import re
import sys

OURS = re.compile(r" (?:\S*/)?(?:mod_client_cert/\S+\.c|src/\S+\.rs):\d+")
CONFIGURATION = re.compile(
    r" in ap_(?:read_config|process_config_tree|run_\w*_config|run_child_init)\b"
    r"|mod_client_cert/(?:config/|directives\.c)"
)
ONCE = re.compile(r"LazyLock|OnceLock|lazy_lock|once_lock|sync4once")

leaks = {}
processes = 0
for file in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    processes += 1
    for block in file.read_text(errors="replace").split("\n\n"):
        if "leak of" not in block or not OURS.search(block):
            continue
        if ONCE.search(block) or CONFIGURATION.search(block):
            continue
        head, *frames = block.strip().splitlines()
        leaks.setdefault("\n".join(re.sub(r"0x[0-9a-f]+", "", frame) for frame in frames), head)
for frames, head in leaks.items():
    print(head, frames, "", sep="\n")
print(f"processes with a report: {processes}; leaks of ours: {len(leaks)}")
sys.exit(1 if leaks else 0)
