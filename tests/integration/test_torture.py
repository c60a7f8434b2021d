# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls of libpebble of which one allocation, or one system call, fails: a sample of what `./dev torture` runs."""

import os
import re
import subprocess

from harness import TOP, program
from test_libpebble import LibraryCase

SOURCES = [os.path.join(TOP, "tests", "torture", name) for name in ("torture.c", "parts.c", "process_parts.c", "failure.c")]
# The number of the first call that fails, and the distance of the others; 1 for all.
STEP = int(os.environ.get("PEBBLE_TORTURE_STEP", "61"))
PARTS = os.environ.get("PEBBLE_TORTURE_PARTS", "").split()
LAYER = """\
services:
    web:
        override: replace
        command: sh -c 'echo hello; exec sleep 1000'
        startup: enabled
checks:
    ping:
        override: replace
        startup: disabled
        exec:
            command: "true"
"""


class TortureTest(LibraryCase):
    def setUp(self):
        super().setUp()
        self.daemon.layer("001-web.yaml", LAYER)
        self.daemon.start()
        self.daemon.file("tree/a", "a")
        self.daemon.file("tree/sub/b", "b")
        for name, output in (("status-set", ""), ("is-leader", "true"), ("state-set", ""), ("config-get", '{"port": 80}')):
            self.daemon.file(f"tools/{name}", f"#!/bin/sh\nprintf '%s' '{output}'\n", 0o755)
        self.program = self.build(["gcc", "-std=gnu17", "-D_GNU_SOURCE", "-fno-builtin"], *SOURCES)

    def run_torture(self, *words):
        env = {**self.daemon.env, "LD_LIBRARY_PATH": self.lib, "PEBBLE_TEST_PROGRAM": program(), "TMPDIR": self.daemon.dir}
        return subprocess.run([self.program, *words], env=env, cwd=self.daemon.dir, capture_output=True, text=True, check=False)

    def test_one_call_fails(self):
        done = self.run_torture(str(STEP), *PARTS)
        print(done.stdout)  # shown with --verbose
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        runs = int(re.search(r"^(\d+) runs, 0 faults$", done.stdout, re.MULTILINE)[1])
        self.assertGreater(runs, 100)

    def test_faults_are_found(self):
        self.daemon.stop()
        done = self.run_torture(str(STEP), "services")
        self.assertEqual(done.returncode, 1)
        self.assertIn("FAULT services: it does not succeed\n", done.stdout)
