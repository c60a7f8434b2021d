#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the integration tests against a pebble executable.

    tests/integration/run.py --bin PATH [--jobs N] [--timeout SECONDS] [--coverage] [--verbose] [PATTERN ...]

PATTERN is a shell pattern over names like test_hello.HelloTest.test_starts; a pattern without a star
matches anywhere in the name. The last line reads 'N passed, N failed'.
"""

import argparse
import fnmatch
import os
import random
import select
import signal
import sys
import tempfile
import time
import traceback
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
SKIPPED = 77
TIMEOUT_S = 900  # of a test, unless there is an option; the first one may build the library, on a busy machine
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


def run_here(name, timeout_s):
    """Runs one test in this process and prints its output; returns the exit status, SKIPPED if it did not run."""
    def give_up(_signal, _frame):
        raise AssertionError(f"not done after {timeout_s} s")

    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(timeout_s)
    suite = unittest.defaultTestLoader.loadTestsFromName(name)
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=0, buffer=True).run(suite)
    if result.skipped:
        print(result.skipped[0][1])
        return SKIPPED
    return 0 if result.wasSuccessful() and result.testsRun > 0 else 1


class Run:
    """A test in a process of its own: a fork of this one, in which all tests are loaded."""

    def __init__(self, name, timeout_s):
        self.name = name
        self.timeout_s = timeout_s
        self.begin_s = time.monotonic()
        self.output = tempfile.TemporaryFile("w+", encoding="utf-8", errors="backslashreplace")
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid == 0:
            self.be_the_test()
        self.pidfd = os.pidfd_open(self.pid)

    def be_the_test(self):
        status = 1
        try:
            with open(os.devnull, "rb") as nothing:
                os.dup2(nothing.fileno(), 0)
            os.dup2(self.output.fileno(), 1)
            os.dup2(self.output.fileno(), 2)
            random.seed()
            status = run_here(self.name, self.timeout_s)
        except BaseException:  # what would end a program of its own, too
            traceback.print_exc()
        finally:
            try:
                sys.stdout.flush()
                sys.stderr.flush()
            finally:
                os._exit(status)

    def is_late(self):
        return time.monotonic() - self.begin_s > self.timeout_s + 60

    def end(self):
        """Reaps the process; returns (result, output, seconds)."""
        late = self.is_late()
        if late:
            os.kill(self.pid, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.pidfd)
        self.output.seek(0)
        output = self.output.read() + ("killed, it did not give up" if late else "")
        self.output.close()
        return {0: "ok", SKIPPED: "skip"}.get(code, "FAIL"), output, time.monotonic() - self.begin_s


def run_all(names, jobs, timeout_s):
    """Runs the tests, `jobs` at a time; yields each with its result, output and seconds when it has ended."""
    waiting, running = list(reversed(names)), {}
    poll = select.poll()
    while waiting or running:
        while waiting and len(running) < jobs:
            run = Run(waiting.pop(), timeout_s)
            running[run.pidfd] = run
            poll.register(run.pidfd, select.POLLIN)
        ready = {fd for fd, _ in poll.poll(5000)} | {fd for fd, run in running.items() if run.is_late()}
        for fd in ready:
            poll.unregister(fd)
            run = running.pop(fd)
            yield run.name, *run.end()


def is_sanitized(path):
    with open(path, "rb") as program:
        return b"__asan_init" in program.read()


def report_coverage(path, is_whole):
    """Prints what docs/reference/openapi.yaml has and no test has seen. It is a failure of a run of all tests."""
    import openapi  # pylint: disable=import-outside-toplevel
    count, unseen, excused = openapi.coverage(path)
    for item in unseen:
        print(f"unseen in the API: {item}")
    for item in excused if not is_whole else ():
        print(f"seen in the API, though it is in openapi-unseen.txt: {item}")
    print(f"API: {count} statuses, parameters, members and values are described, {len(unseen)} were not seen by these tests")
    return int(is_whole and bool(unseen))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("patterns", nargs="*", metavar="PATTERN")
    parser.add_argument("--bin", metavar="PATH", help="the pebble executable")
    parser.add_argument("--jobs", type=int, default=4, metavar="N", help="tests at a time (4)")
    parser.add_argument("--timeout", type=int, default=TIMEOUT_S, metavar="SECONDS", help=f"of a test ({TIMEOUT_S})")
    parser.add_argument("--coverage", action="store_true", help="list what of the described API the tests have not seen")
    parser.add_argument("--verbose", action="store_true", help="name each test, with its time")
    options = parser.parse_args()
    if not options.bin:
        parser.error("which program? --bin PATH")

    binary = os.path.abspath(options.bin)
    if not os.access(binary, os.X_OK):
        parser.error(f"there is no program {binary}")
    os.environ["PEBBLE_BIN"] = binary
    os.environ["PEBBLE_SANITIZED"] = "1" if is_sanitized(binary) else "0"
    os.environ["PEBBLE_TEST_RUN"] = f"{os.getpid()} {time.time_ns()}"  # for what the tests of one run share
    os.environ.setdefault("UBSAN_OPTIONS", "print_stacktrace=1:halt_on_error=1")
    seen = tempfile.NamedTemporaryFile(prefix="cobble-api-")
    os.environ["PEBBLE_API_SEEN"] = seen.name

    names = discover(options.patterns)
    counts = {"ok": 0, "FAIL": 0, "skip": 0}
    skipped = {}  # names by reason
    for name, word, output, seconds in run_all(names, options.jobs, options.timeout):
        counts[word] += 1
        if word == "skip":
            skipped.setdefault(output.splitlines()[-1], []).append(name)
        elif word == "FAIL" or options.verbose:
            print(f"{word:<4} {name} ({seconds:.1f} s)")
            print("".join(f"     {line}\n" for line in output.splitlines()), end="")
        sys.stdout.flush()
    if options.coverage or not options.patterns:
        is_whole = not options.patterns and counts["FAIL"] == 0
        counts["FAIL"] += report_coverage(seen.name, is_whole)
    for reason, those in sorted(skipped.items()):
        print(f"skip {those[0] if len(those) == 1 else f'{len(those)} tests'}: {reason}")
    if not names:
        print("There is no such test.")
        counts["FAIL"] = 1
    print(f"{counts['ok']} passed, {counts['FAIL']} failed" + (f", {counts['skip']} skipped" if counts["skip"] else ""))
    return 1 if counts["FAIL"] else 0


def begin_alike():
    """What the tests and their daemons inherit is the same whoever starts the run: a shell that ignores signals of what is in
    its background, nohup, or a user with a language, a time zone and a umask."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, signal.SIGPIPE, signal.SIGXFSZ}:
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.umask(0o022)
    for name in [name for name in os.environ if name.startswith("LC_") or name in ("LANGUAGE", "TZ")]:
        del os.environ[name]
    os.environ["LANG"] = "C.UTF-8"


if __name__ == "__main__":
    begin_alike()
    sys.exit(main())
