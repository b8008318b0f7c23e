#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""cases.py VECTORS README COMMAND...: whether a verifier agrees with the test vectors.

The command gets one case a line on standard input, by tabs; lists are by commas, octets in base64,
and "-" is for none:

    name  format  at  max_age  skew  anchors and pins  names, by spaces  peer  values of the field  CRLs

The peer is "none" where the verifier is to do without one. It answers a line for each:

    name  accepted       SHA-256 of the client's certificate  of the signer's  signing time
    name  absent
    name  malformed      why
    name  refused        why
    name  configuration  why: it would not start with these options

A verifier may refuse more than the vectors do, where its README names the case in a line of a table:
"| `name` ... |". It may leave out the formats that are not signed. It may never accept more.
"""

import base64
import json
import os
import re
import subprocess
import sys

SIGNED = ("cms", "cms-sf")


def certificates(directory, name, label="CERTIFICATE"):
    if name is None:
        return []
    with open(os.path.join(directory, name), encoding="ascii") as file:
        text = file.read()
    blocks = re.findall(f"-----BEGIN {label}-----(.*?)-----END", text, re.S)
    return ["".join(block.split()) for block in blocks]


def line(directory, case):
    config = case["config"]
    trust = certificates(directory, config["anchors"]) + certificates(directory, config["pins"])
    peer = certificates(directory, case["peer"])[:1] if config["require_peer"] else ["none"]
    values = [
        base64.b64encode(field["value"].encode("latin-1")).decode()
        for field in case["fields"]
        if field["name"].lower() == "client-cert"
    ]
    fields = [
        case["name"], case["format"], str(case["at"]), str(config["max_age"]), str(config["skew"]),
        ",".join(dict.fromkeys(trust)) or "-", " ".join(config["names"]) or "-",
        ",".join(peer) or "-", ",".join(values) if values else "-",
        ",".join(certificates(directory, config["crls"], "X509 CRL")) or "-",
    ]
    return "\t".join(fields)


def wrong(case, answer, documented):
    """What is wrong with an answer, if anything."""
    kind, *rest = answer
    if kind == "accepted":
        if not case["accepted"]:
            return f"accepted, where it is to be refused: {case['reason']}, {case['description']}"
        expected = [case["client"]["sha256"], case["signer_sha256"], str(case["signing_time"])]
        return None if rest == expected else f"accepted {rest}, where {expected} is in it"
    if case["accepted"]:
        if kind == "configuration" and case["format"] not in SIGNED:
            return None
        return None if case["name"] in documented else f"{kind}: {rest}, where it is to be accepted"
    if kind == "absent" and case["reason"] != "header-absent":
        return f"absent, where it is {case['reason']}"
    if kind not in ("absent", "malformed", "refused", "configuration"):
        return f"no answer: {answer}"
    return None


def main():
    vectors, readme, *command = sys.argv[1:]
    with open(vectors, encoding="utf-8") as file:
        cases = json.load(file)["cases"]
    with open(readme, encoding="utf-8") as file:
        rows = [row for row in file if row.startswith("|")]
    documented = {name for row in rows for name in re.findall(r"`([a-z0-9-]+)`", row.split("|")[1])}
    lines = "".join(line(os.path.dirname(vectors), case) + "\n" for case in cases)
    ran = subprocess.run(command, input=lines, capture_output=True, text=True, check=False)
    answers = {}
    for answer in ran.stdout.splitlines():
        name, *rest = answer.split("\t")
        answers[name] = rest
    failed = 0
    for case in cases:
        found = wrong(case, answers.get(case["name"], ["none"]), documented)
        if found:
            failed += 1
            print(f"{case['name']}: {found}")
    refused = {
        case["name"] for case in cases
        if case["accepted"] and answers.get(case["name"], [""])[0] not in ("accepted", "configuration")
    }
    if ran.returncode or failed:
        print(ran.stderr, file=sys.stderr)
        print(f"{failed} of {len(cases)} cases failed, status {ran.returncode}")
        sys.exit(1)
    unused = sorted(documented & {case["name"] for case in cases} - refused)
    if unused:
        sys.exit(f"said to be refused, and accepted: {unused}")
    accepted = sum(1 for answer in answers.values() if answer[0] == "accepted")
    print(f"{len(cases)} cases: {accepted} accepted, {len(refused)} more refused than need be")


main()
