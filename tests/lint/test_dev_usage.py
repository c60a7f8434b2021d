# SPDX-License-Identifier: GPL-3.0-or-later
"""What ./dev says when it cannot do what was asked."""

import contextlib
import os
import pty
import re
import shutil
import subprocess
import tempfile
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


class OtherMachineTest(unittest.TestCase):
    """./dev in a directory of its own, on a machine that has these programs only."""

    PROGRAMS = ("sh", "sed", "mkdir", "dirname", "cat", "rm", "find", "sort", "tr", "grep", "date", "head", "tail", "wc", "xargs")

    def setUp(self):
        self.top = tempfile.mkdtemp(prefix="cobble-dev-")
        self.addCleanup(shutil.rmtree, self.top)
        self.bin = os.path.join(self.top, "bin")
        os.mkdir(self.bin)
        shutil.copy(os.path.join(TOP, "dev"), self.top)
        shutil.copytree(os.path.join(TOP, "tools", "dev"), os.path.join(self.top, "tools", "dev"))
        for name in self.PROGRAMS:
            os.symlink(shutil.which(name), os.path.join(self.bin, name))
        self.program("id", "echo 1000")

    def program(self, name, text):
        path = os.path.join(self.bin, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"#!/bin/sh\n{text}\n")
        os.chmod(path, 0o755)

    def run_dev(self, *arguments):
        return subprocess.run(["./dev", *arguments], cwd=self.top, env={"PATH": self.bin, "HOME": "/home/me"},
                              capture_output=True, text=True, check=False)

    def test_another_formatter(self):
        """Its output would be refused by lint. Nothing is formatted."""
        self.program("clang-format", "echo \"$*\" >>calls; echo 'Debian clang-format version 19.1.7 (3+b1)'")
        done = self.run_dev("format")
        self.assertEqual(done.returncode, 1)
        self.assertIn("clang-format here is 19,", done.stderr)
        self.assertIn("Install clang-format 14", done.stderr)
        with open(os.path.join(self.top, "calls"), encoding="utf-8") as file:
            self.assertEqual(file.read(), "--version\n")

    def test_servers_without_root(self):
        self.program("apt-get", "echo 'E: Unable to locate package' >&2; exit 100")
        done = self.run_dev("servers")
        self.assertEqual(done.returncode, 1)
        self.assertNotIn("sudo", done.stderr)
        self.assertIn("Cannot download ", done.stderr)
        self.assertIn("As root, run 'apt-get update'", done.stderr)

    def test_a_terminal_sees_the_step_that_runs(self):
        script = "set -eu\n. tools/dev/packages.sh\n. tools/dev/steps.sh\nmkdir -p build/logs\nbegin_steps\nstep 'long one' true\n"
        env = {"PATH": self.bin, "TERM": "xterm"}
        done = subprocess.run(["sh", "-c", script], cwd=self.top, env=env, capture_output=True, text=True, check=True)
        self.assertRegex(done.stdout, r"^ok       long one +1 passed    0 failed +\d+ s\n$")
        master, slave = pty.openpty()
        with open(master, "rb", buffering=0) as terminal:
            with subprocess.Popen(["sh", "-c", script], cwd=self.top, env=env, stdout=slave) as process:
                os.close(slave)
                shown = b""
                with contextlib.suppress(OSError):  # the end of a terminal
                    while piece := terminal.read(65536):
                        shown += piece
                self.assertEqual(process.wait(), 0)
        shown = shown.decode()
        self.assertRegex(shown, r"^running  long one \(log: build/logs/long-one\.log\)\r\033\[Kok       long one ")


if __name__ == "__main__":
    unittest.main()
