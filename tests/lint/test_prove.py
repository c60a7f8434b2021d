# SPDX-License-Identifier: GPL-3.0-or-later
"""tools/prove: what is wrong with its command line is said before anything is run."""

import contextlib
import io
import os
import sys
import tempfile
import unittest
from unittest import mock

from test_checks import load

prove = load("prove")
PAGE = prove.guarantees.Page("## Files and commands\n\n| promise | shown by |\n|---|---|\n| It runs | `test_a` |\n")


class ArgumentsTest(unittest.TestCase):
    def options(self, *words):
        return prove.arguments(PAGE, ["--bin", sys.executable, *words])

    def refusal(self, *words):
        with contextlib.redirect_stderr(io.StringIO()) as said, self.assertRaises(SystemExit) as end:
            self.options(*words)
        self.assertEqual(end.exception.code, 2)
        return said.getvalue()

    def test_good(self):
        self.assertEqual(self.options("files").words, ["files"])
        self.assertTrue(self.options("--no-bench").no_bench)

    def test_bad(self):
        self.assertIn("no section has 'fils' in its heading; they are: Files and commands", self.refusal("fils"))

    def test_contradictions(self):
        self.assertIn("--only-bench shows no sections", self.refusal("--only-bench", "files"))
        for words in (["files"], ["--no-bench"]):
            self.assertIn("--update needs the figures", self.refusal("--update", *words))

    def test_benchmarks_that_are_not_there(self):
        with tempfile.TemporaryDirectory() as empty, mock.patch.dict(os.environ, PEBBLE_SHARED=empty):
            self.assertIn("no benchmarks", self.refusal("--only-bench"))
            self.assertIn("no benchmarks", self.refusal("--update"))

    def test_figures_that_cannot_be_measured(self):
        with tempfile.TemporaryDirectory() as folder:
            os.makedirs(os.path.join(folder, "bench"))
            with open(os.path.join(folder, "bench", "bench"), "w", encoding="utf-8") as file:
                file.write("raise SystemExit(1)\n")
            with mock.patch.dict(os.environ, PEBBLE_SHARED=folder), mock.patch.object(prove, "TOP", folder), \
                    contextlib.redirect_stdout(io.StringIO()) as said:
                os.makedirs(os.path.join(folder, "build", "proof"))
                self.assertEqual(prove.run_bench(["api"], self.options()), {})
        self.assertIn("The benchmarks failed", said.getvalue())


if __name__ == "__main__":
    unittest.main()
