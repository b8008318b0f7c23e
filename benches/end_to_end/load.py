# SPDX-License-Identifier: Apache-2.0
"""The programs beside the servers: the clients (load.rs), and a bare signature (key_operation.rs)."""

import os
import pathlib
import subprocess
import sys

from servers import ROOT, Part, Pinning

TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))


class Program:
    """A program that answers a line with a line, as a context."""

    def __init__(self, part, name, *arguments):
        command = Pinning.command(part, [TARGET / "release/examples" / name, *arguments])
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)

    def ask(self):
        try:
            self.process.stdin.write("\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            return ""
        return self.process.stdout.readline().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        self.process.wait()


class Load(Program):
    """Clients of a server, with their connections open; see load.rs for the arguments."""

    def __init__(self, server, path, requests, mode, pem, *file, connections=16):
        self.server = server
        super().__init__(Part.OTHER, "load", server.port, path, requests, connections, mode, pem, *file)

    def prepare(self):
        if self.ask() != "ready":
            sys.exit(f"the requests to {self.server.name} failed: {self.server.complaints()}")

    def run(self):
        """Sends the requests; how many seconds that took, and how many they were."""
        answer = self.ask().split()
        if len(answer) != 2:
            sys.exit(f"the requests to {self.server.name} failed: {self.server.complaints()}")
        return float(answer[0]), int(answer[1])


class KeyOperation(Program):
    """Signatures with the key of a PEM file."""

    def __init__(self, pem, count):
        super().__init__(Part.MEASURED, "key_operation", pem, count)

    def run(self):
        """Microseconds of CPU time for one."""
        return float(self.ask())
