# SPDX-License-Identifier: GPL-3.0-or-later
"""A short run of `./dev soak`, which uses a daemon at random."""

import os
import subprocess
import sys
import unittest

from faults import need_descriptors
from harness import TOP, program


class SoakTest(unittest.TestCase):
    def soak(self, binary, *arguments):
        done = subprocess.run([sys.executable, "-B", os.path.join(TOP, "tests", "soak", "soak.py"), "--bin", binary, *arguments],
                              capture_output=True, text=True, errors="backslashreplace", check=False)
        print(done.stdout)  # shown with --verbose
        return done

    def test_twenty_seconds(self):
        need_descriptors(self, 4000)
        done = self.soak(program(), "--seconds", "20", "--seed", "1")
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        self.assertRegex(done.stdout, r"\d+ steps, seed 1: no fault\n$")

    def test_fault_is_reported_with_its_seed(self):
        done = self.soak("/bin/false", "--seed", "7")
        self.assertEqual((done.returncode, done.stderr), (1, ""), done.stdout)
        self.assertIn("FAULT in step 0, seed 7: the daemon does not start: the daemon exited with 1", done.stdout)


if __name__ == "__main__":
    unittest.main()
