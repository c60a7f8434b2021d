# SPDX-License-Identifier: GPL-3.0-or-later
"""What ./dev says when it cannot do what was asked."""

import os
import re
import subprocess
import unittest

TOP = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))


class DevTest(unittest.TestCase):
    def assert_refused(self, arguments, message):
        env = {**os.environ, "HOME": "/home/me", "DESTDIR": ""}
        done = subprocess.run(["./dev", *arguments], cwd=TOP, env=env, capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (1, "", message))

    def test_directory_that_cannot_be_written(self):
        """Before anything is built, and with what to do."""
        message = ("Cannot write to /proc/nothing. Run it with sudo, or give another prefix, such as: "
                   "./dev install /home/me/.local\n")
        self.assert_refused(["install", "/proc/nothing"], message)
        self.assert_refused(["install", "--lib", "/proc/nothing"], message)

    def test_example_that_cannot_be_run(self):
        """Some directories of examples/ have no layers. Those that have are named."""
        examples = os.path.join(TOP, "examples")
        names = sorted(name for name in os.listdir(examples) if os.path.isdir(os.path.join(examples, name, "layers")))
        for name in ("charm", "nothing"):
            message = f"There is no example '{name}' to run. These are there: {' '.join(names)}\n"
            self.assert_refused(["run", name], message)

    def test_arguments_of_soak(self):
        for arguments in (["ten"], ["0"], ["--seed"], ["--seed", "x"], ["--fast"], [""]):
            self.assert_refused(["soak", *arguments], "usage: ./dev soak [MINUTES] [--seed N] [--asan]\n")

    def test_help_and_arguments_too_many_do_nothing(self):
        """`clean --help` must not clean, and `test --help` not run for half an hour."""
        usage = subprocess.run(["./dev", "help"], cwd=TOP, capture_output=True, text=True, check=True).stdout
        verbs = re.findall(r"^  ([a-z]+) ", usage, re.MULTILINE)
        self.assertIn("clean", verbs)
        for verb in verbs:
            with self.subTest(verb):
                done = subprocess.run(["./dev", verb, "--help"], cwd=TOP, capture_output=True, text=True, check=False)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                begin = "usage: prove" if verb == "prove" else f"  {verb} "
                self.assertTrue(done.stdout.startswith(begin), done.stdout)
        for verb in ("build", "test", "lint", "format", "unit", "asan", "docs", "servers", "clean"):
            self.assert_refused([verb, "more"], f"./dev {verb} takes no arguments.\n")
        self.assert_refused(["package", "check", "--help"],
                            "usage: ./dev package check [program|packages|lintian|install|autopkgtest]…\n")


if __name__ == "__main__":
    unittest.main()
