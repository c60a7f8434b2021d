#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the integration tests against a pebble executable.

    tests/integration/run.py --bin PATH [--jobs N] [--verbose] [PATTERN ...]

PATTERN is a shell pattern over names like test_hello.HelloTest.test_starts; a pattern without a star
matches anywhere in the name. The last line reads 'N passed, N failed'.
"""

import argparse
import concurrent.futures
import fnmatch
import os
import signal
import subprocess
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
SKIPPED = 77
TIMEOUT_S = 300
sys.path.insert(0, HERE)


def cases(suite):
    """The tests of a suite, as a flat sequence."""
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from cases(item)
        else:
            yield item


def discover(patterns):
    """The names of the tests to run; a module that cannot be loaded is a test that fails."""
    names = [case.id() for case in cases(unittest.defaultTestLoader.discover(HERE, pattern="test_*.py", top_level_dir=HERE))]
    names = [name.removeprefix("unittest.loader._FailedTest.") for name in names]
    patterns = [pattern if "*" in pattern else f"*{pattern}*" for pattern in patterns]
    return [name for name in names if not patterns or any(fnmatch.fnmatch(name, pattern) for pattern in patterns)]


def run_here(name):
    """Runs one test in this process and prints its output; returns the exit status, SKIPPED if it did not run."""
    def give_up(_signal, _frame):
        raise AssertionError(f"not done after {TIMEOUT_S} s")

    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(TIMEOUT_S)
    suite = unittest.defaultTestLoader.loadTestsFromName(name)
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=0, buffer=True).run(suite)
    if result.skipped:
        print(result.skipped[0][1])
        return SKIPPED
    return 0 if result.wasSuccessful() and result.testsRun > 0 else 1


def run_apart(name):
    """Runs one test in a new process; returns (name, result, output, seconds)."""
    begin_s = time.monotonic()
    process = subprocess.Popen([sys.executable, "-B", __file__, "--one", name], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, errors="backslashreplace")
    try:
        output, _ = process.communicate(timeout=TIMEOUT_S + 60)
        word = {0: "ok", SKIPPED: "skip"}.get(process.returncode, "FAIL")
    except subprocess.TimeoutExpired:
        process.kill()
        output, word = process.communicate()[0] + "killed, it did not give up", "FAIL"
    return name, word, output, time.monotonic() - begin_s


def is_sanitized(path):
    with open(path, "rb") as program:
        return b"__asan_init" in program.read()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("patterns", nargs="*", metavar="PATTERN")
    parser.add_argument("--bin", metavar="PATH", help="the pebble executable")
    parser.add_argument("--jobs", type=int, default=4, metavar="N", help="tests at a time (4)")
    parser.add_argument("--verbose", action="store_true", help="name each test, with its time")
    parser.add_argument("--one", metavar="NAME", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        return run_here(options.one)
    if not options.bin:
        parser.error("which program? --bin PATH")

    binary = os.path.abspath(options.bin)
    if not os.access(binary, os.X_OK):
        parser.error(f"there is no program {binary}")
    os.environ["PEBBLE_BIN"] = binary
    os.environ["PEBBLE_SANITIZED"] = "1" if is_sanitized(binary) else "0"
    os.environ.setdefault("UBSAN_OPTIONS", "print_stacktrace=1:halt_on_error=1")

    names = discover(options.patterns)
    counts = {"ok": 0, "FAIL": 0, "skip": 0}
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for name, word, output, seconds in pool.map(run_apart, names):
            counts[word] += 1
            if word == "skip":
                print(f"skip {name}: {output.splitlines()[-1]}")
            elif word == "FAIL" or options.verbose:
                print(f"{word:<4} {name} ({seconds:.1f} s)")
                print("".join(f"     {line}\n" for line in output.splitlines()), end="")
            sys.stdout.flush()
    if not names:
        print("There is no such test.")
        counts["FAIL"] = 1
    print(f"{counts['ok']} passed, {counts['FAIL']} failed" + (f", {counts['skip']} skipped" if counts["skip"] else ""))
    return 1 if counts["FAIL"] else 0


if __name__ == "__main__":
    # In the background of a shell they are ignored, which the daemons of the tests would inherit.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)
    sys.exit(main())
