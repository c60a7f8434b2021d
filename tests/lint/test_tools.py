# SPDX-License-Identifier: GPL-3.0-or-later
"""The tools say in one line which of their arguments is wrong, before they begin."""

import os
import subprocess
import unittest

TOP = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
NO_PROGRAM = "there is no program /nothing"
WRONG = {
    "tools/bench-client --bin /nothing": NO_PROGRAM,
    "tools/bench-client --bin /bin/true --ops /nothing": "there is no /nothing",
    "tools/bench-forward --bin /nothing": NO_PROGRAM,
    "tools/bench-forward --bin /bin/true --vs /nothing": NO_PROGRAM,
    "tools/bench-oneshots --bin /nothing": NO_PROGRAM,
    "tools/charm-run /nothing install": "/nothing: there is no such directory",
    "tools/check-modules /nothing": "there is no /nothing",
    "tools/check-style /bin": "there is no /bin/src",
    "tools/dev/check-abi /nothing": "there is no /nothing",
    "tools/make-commands /nothing": NO_PROGRAM,
    "tools/make-site --bin /nothing /tmp/never": NO_PROGRAM,
    "tools/package/tarball --map /nothing": "--map needs a file: '/nothing' is none.",
    "tools/package/tarball --program": "--program needs a file: '' is none.",
    "tools/prove --reference /nothing": NO_PROGRAM,
    "tests/documents/run.py --bin /bin/true /nothing.md": "There is no document /nothing.md.",
    "tests/documents/run.py --bin /nothing": "There is no program /nothing.",
    "tests/integration/run.py --bin /nothing": NO_PROGRAM,
}


class ArgumentsTest(unittest.TestCase):
    def test_wrong_ones(self):
        for command, words in WRONG.items():
            with self.subTest(command):
                done = subprocess.run(command.split(), cwd=TOP, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, text=True, check=False)
                self.assertNotEqual(done.returncode, 0)
                self.assertNotIn("Traceback", done.stdout)
                self.assertIn(words, done.stdout.splitlines()[-1])


if __name__ == "__main__":
    unittest.main()
