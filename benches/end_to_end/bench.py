#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the module costs end to end, on real servers of this machine.

A proxy terminates mutual TLS in front of a plain HTTP backend. Time is measured in many short
rounds in which the variants take turns; CPU time is that of the server's own processes, from the
kernel's run queues. See docs/performance.md for the parts.
"""

import argparse
import os
import shutil
import sys

import instructions
import memory
import report
import rounds
import sizes
import start
from servers import Pinning, output

PARTS = {
    **rounds.PARTS,
    "instructions": instructions.compared,
    "growth": instructions.growth,
    "memory": memory.measure,
    "start": start.measure,
    "sizes": sizes.measure,
}


def machine():
    with open("/proc/cpuinfo", encoding="ascii") as info:
        names = [line.split(":")[1].strip() for line in info if line.startswith("model name")]
    return (f"{os.cpu_count()} cores, {names[0] if names else 'of unknown make'}; "
            f"{output('apache2', '-v').split()[2]}, "
            f"{' '.join(output('openssl', 'version').split()[:2])}")


def load_average():
    return f"{os.getloadavg()[0]:.1f}"


def main():
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; all of them")
    parser.add_argument("--rounds", type=int, help="of each part that measures time (300)")
    parser.add_argument("--short", action="store_true", help="a smoke test: the figures mean nothing")
    parser.add_argument("--pin", action="store_true",
                        help="the server that is measured has the first core to itself")
    parser.add_argument("--write", action="store_true", help="replace these parts in docs/")
    options = parser.parse_args()
    for name in options.parts:
        if name not in PARTS:
            parser.error(f"{name}: no such part")
    options.rounds = options.rounds or (3 if options.short else 300)
    for command in ("apxs", "apache2", "nginx", "haproxy", "openssl", "curl", "taskset",
                    "valgrind"):
        if not shutil.which(command):
            sys.exit(f"bench: {command} is missing")

    Pinning.enabled = options.pin
    sections = {}
    for name in options.parts or PARTS:
        before = load_average()
        title, text, bars = PARTS[name](options)
        conditions = f"{machine()}; load average {before} before, {load_average()} after"
        if name in rounds.PARTS:
            where = "a core for the server" if options.pin else "cores shared by all"
            conditions = f"{options.rounds} rounds, 16 connections, {where}; {conditions}"
        sections[name] = {"title": title, "conditions": conditions, "text": text, "bars": bars}
        print(report.markdown(sections[name]), flush=True)
    if options.write:
        report.write(sections, list(PARTS))


if __name__ == "__main__":
    main()
