# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemon, of which one allocation or one system call fails, while it starts, runs services and ends: it may refuse a
request, or end with a message, but it does not crash, hang, damage the state file, or leave processes that it says it has
stopped. A sample of what `./dev torture daemon` runs. With the debug build, as a static program has no LD_PRELOAD."""

import concurrent.futures
import contextlib
import errno
import http.client
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import openapi
from harness import HANG_S, TOP, UnixConnection, exchange

PROGRAM = os.path.realpath(os.path.join(TOP, "build", "meson-debug", "src", "cli", "pebble"))
SOURCES = [os.path.join(TOP, "tests", "torture", name) for name in ("preload.c", "failure.c", "daemon_calls.c")]
STEP = int(os.environ.get("PEBBLE_TORTURE_STEP", "97"))
ERRORS = {"allocation": [0], "system-call": [errno.ENOMEM, errno.EMFILE, errno.EIO, errno.EINTR, errno.ENOSPC, errno.EPERM]}
LAYER = """\
services:
    one:
        override: replace
        command: sh -c 'echo hello; exec sleep {mark}'
        startup: enabled
    two:
        override: replace
        command: sleep {mark}
        requires: [one]
        after: [one]
checks:
    ping:
        override: replace
        exec:
            command: "true"
"""
ADDED = "services:\n    three:\n        override: replace\n        command: sleep {mark}\n"


class Run:
    """One life of a daemon. `failure` is that of tests/torture/preload.c."""

    def __init__(self, library, failure):
        self.dir = tempfile.mkdtemp(prefix="torture-")
        self.failure = failure
        # An argument of sleep that no other process has.
        self.mark = "1000." + str(int.from_bytes(os.path.basename(self.dir).encode()[-6:], "big"))
        os.mkdir(os.path.join(self.dir, "layers"))
        with open(os.path.join(self.dir, "layers", "001-base.yaml"), "w", encoding="utf-8") as file:
            file.write(LAYER.format(mark=self.mark))
        self.env = {**os.environ, "PEBBLE": self.dir, "LD_PRELOAD": library, "PEBBLE_FAILURE": failure,
                    "PEBBLE_FAILURE_PROGRAM": PROGRAM, "PEBBLE_FAILURE_COUNT": os.path.join(self.dir, "count")}
        self.faults = []

    def request(self, method, path, body=None):
        """The response, None if there is none."""
        connection = UnixConnection(os.path.join(self.dir, ".pebble.socket"), HANG_S)
        try:
            return exchange(connection, method, path, body)
        except openapi.Mismatch as mismatch:
            # A head for which there is no memory counts as too large: a refusal, which is not described for each request.
            if "the status 431 is not described" not in str(mismatch):
                self.faults.append(str(mismatch))
            return None
        except TimeoutError:
            self.faults.append(f"{method} {path}: no response")
            return None
        except (OSError, http.client.HTTPException):
            return None  # there is no daemon, or the connection was closed
        finally:
            connection.close()

    def change(self, path, body):
        response = self.request("POST", path, body)
        if response is not None and response.json is not None and "change" in response.json:
            self.request("GET", f"/v1/changes/{response.change}/wait?timeout=30s")

    def use(self, process):
        end = time.monotonic() + HANG_S
        while process.poll() is None and self.request("GET", "/v1/health?level=alive") is None:
            if time.monotonic() > end:
                self.faults.append("does not start")
                return
            time.sleep(0.02)
        self.request("POST", "/v1/layers", {"action": "add", "combine": True, "label": "more", "format": "yaml",
                                            "layer": ADDED.format(mark=self.mark)})
        self.change("/v1/services", {"action": "start", "services": ["two", "three"]})
        self.request("GET", "/v1/logs?n=-1")
        self.change("/v1/services", {"action": "restart", "services": ["three"]})
        self.change("/v1/services", {"action": "stop", "services": ["two"]})

    def left(self):
        """Processes of services."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    words = file.read().split(b"\0")
            except OSError:
                continue
            if self.mark.encode() in words and words[0].endswith(b"sleep"):
                found.append(int(pid))
        return found

    def check_state(self):
        try:
            with open(os.path.join(self.dir, ".pebble.state"), encoding="utf-8") as file:
                json.load(file)
        except FileNotFoundError:
            pass
        except ValueError:
            self.faults.append("the state file is damaged")

    def run(self):
        log = os.path.join(self.dir, "log")
        with open(log, "wb") as output:
            process = subprocess.Popen([PROGRAM, "run"], env=self.env, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        self.use(process)
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(HANG_S)
        except subprocess.TimeoutExpired:
            self.faults.append("does not end")
            process.kill()
            code = process.wait()
        with open(log, encoding="utf-8", errors="replace") as file:
            text = file.read()
        if code < 0:
            self.faults.append(f"ended by signal {-code}")
        elif code > 1:
            self.faults.append(f"exit code {code}")
        elif code == 1 and not text.strip():
            self.faults.append("ends without a message")
        left = self.left()
        if code == 0 and left:
            self.faults.append("says it has stopped what still runs")
        for pid in left:
            with contextlib.suppress(ProcessLookupError):  # it has ended by itself
                os.kill(pid, signal.SIGKILL)
        self.check_state()
        return [f"{self.failure}: {fault}\n{text[-2000:]}" for fault in self.faults]

    def count(self):
        try:
            with open(os.path.join(self.dir, "count"), encoding="ascii") as file:
                return int(file.read())
        except (OSError, ValueError):
            return 0

    def close(self):
        shutil.rmtree(self.dir, ignore_errors=True)


@unittest.skipUnless(os.path.exists(PROGRAM), "no debug build")
class DaemonTortureTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="torture-lib-")
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.library = os.path.join(self.folder, "failure.so")
        subprocess.run(["gcc", "-std=gnu17", "-D_GNU_SOURCE", "-fno-builtin", "-shared", "-fPIC", "-O1", "-o", self.library,
                        *SOURCES], check=True)

    def one(self, failure):
        run = Run(self.library, failure)
        try:
            return run.run()
        finally:
            run.close()

    def count_calls(self, kind, errnum):
        run = Run(self.library, f"{kind} 0 {errnum}")
        try:
            self.assertEqual(run.run(), [])
            return run.count()
        finally:
            run.close()

    def torture(self, kind):
        failures = []
        for errnum in ERRORS[kind]:
            count = self.count_calls(kind, errnum)
            self.assertGreater(count, 0)
            # The first is another one for each error, so that the samples differ.
            first = 1 + len(failures) * 13 % min(STEP, count)
            failures += [f"{kind} {number} {errnum}" for number in range(first, count + 1, STEP)]
        faults = []
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for found in pool.map(self.one, failures):
                faults += found
        print(f"{kind}: {len(failures)} runs, {len(faults)} faults")  # shown with --verbose
        self.assertEqual(faults, [], "\n".join(faults))

    def test_an_allocation_fails(self):
        self.torture("allocation")

    def test_a_system_call_fails(self):
        self.torture("system-call")
