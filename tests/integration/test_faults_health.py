# SPDX-License-Identifier: GPL-3.0-or-later
"""Health is served whatever else goes on: services start, clients stall, the state file cannot be written."""

import glob
import json
import os
import resource
import signal
import statistics
import threading
import time
import unittest

from faults import Faults, allow_tracing, need_descriptors, plan_of
from harness import HANG_S, DaemonCase, is_sanitized, wait_until

SERVICES = 200 if is_sanitized() else 500
CLIENTS = 400 if is_sanitized() else 1000
BEGINNINGS = (b"", b"GET /v1/health HTTP/1.1\r\nHost: x\r\nX-Slow: 1",
              b"POST /v1/services HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{",
              b"GET /v1/plan?format=yaml HTTP/1.1\r\nHost: x\r\n\r\n" * 20)  # whose responses are not read
PROBE = (b"GET /v1/health?level=alive HTTP/1.1\r\nHost: x\r\n\r\n"
         b"GET /v1/services HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")


class HealthTest(DaemonCase):
    def setUp(self):
        super().setUp()
        self.names = [f"service-{number}" for number in range(SERVICES)]
        self.daemon.layer("001-test.yaml", plan_of({name: "sleep 1000" for name in self.names}))

    def assert_healthy(self, times=1):
        for _ in range(times):
            self.assertEqual(self.daemon.get("/v1/health?level=alive").status, 200)

    def in_background(self, function):
        """Calls the function in a thread; returns the thread and the list that gets its result."""
        results = []
        thread = threading.Thread(target=lambda: results.append(function()), daemon=True)
        thread.start()
        return thread, results

    def make_clients_stall(self):
        for number in range(CLIENTS):
            sock = self.daemon.connect()
            self.addCleanup(sock.close)
            sock.sendall(BEGINNINGS[number % len(BEGINNINGS)])

    def make_state_file_fail(self):
        resource.prlimit(self.daemon.process.pid, resource.RLIMIT_FSIZE, (16, resource.RLIM_INFINITY))
        self.assertEqual(self.daemon.services("stop", self.names[0])["status"], "Done")
        self.assertIn("latest-warning", self.daemon.get("/v1/services").json)

    def count_processes(self):
        """The processes that the daemon has started."""
        count = 0
        for path in glob.glob(f"/proc/{self.daemon.process.pid}/task/*/children"):
            try:
                with open(path, encoding="ascii") as file:
                    count += len(file.read().split())
            except OSError:
                pass  # the thread has ended
        return count

    def probe(self):
        """The processes of services when the daemon has got a probe, and when it has served it.

        The daemon stands still while the first are counted, and its response says how many there are then: how soon the
        test gets the processor does not matter.
        """
        with self.daemon.connect(HANG_S) as sock:
            self.daemon.send_signal(signal.SIGSTOP)
            os.waitid(os.P_PID, self.daemon.process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
            before = self.count_processes()
            sock.sendall(PROBE)
            self.daemon.send_signal(signal.SIGCONT)
            with sock.makefile("rb") as file:
                responses = file.read().split(b"HTTP/1.1 200 OK\r\n")
        self.assertEqual(len(responses), 3, responses)
        services = json.loads(responses[2].partition(b"\r\n\r\n")[2])["result"]
        return before, sum(service["current"] == "active" for service in services)

    def start_all(self):
        """Returns how many services started between the probes and their responses."""
        change = self.daemon.post("/v1/services", {"action": "start", "services": self.names}).change
        thread, results = self.in_background(lambda: self.daemon.wait_change(change, HANG_S))
        probes = []
        while thread.is_alive():
            probes.append(self.probe())
        self.assertEqual(results[0]["status"], "Done")
        return [after - before for before, after in probes if 0 < before < SERVICES]

    def check_course(self):
        """Probes are served while services start, not after them. A busy machine needs more than one course for ten."""
        delays = self.start_all()
        deadline = time.monotonic() + HANG_S
        while len(delays) <= 10 and time.monotonic() < deadline:
            self.assertEqual(self.daemon.services("stop", *self.names)["status"], "Done")
            delays += self.start_all()
        self.assertGreater(len(delays), 10)
        self.assertLess(statistics.median(delays), SERVICES / 20, delays)

    def test_while_services_start_clients_stall_and_the_disk_refuses(self):
        need_descriptors(self, 2 * CLIENTS + 500)
        self.daemon.start()
        self.make_state_file_fail()
        self.make_clients_stall()
        self.check_course()
        self.assertEqual(self.daemon.stop(), 0)

    @unittest.skipIf(is_sanitized(), "a sanitizer's program cannot be traced")
    def test_while_the_disk_hangs(self):
        self.daemon.start(preexec_fn=allow_tracing)
        with Faults(self.daemon, "fsync,fdatasync:delay_enter=200000000"):
            thread, results = self.in_background(
                lambda: self.daemon.post("/v1/services", {"action": "stop", "services": self.names[:1]}))
            wait_until(lambda: "fsync" in self.daemon.read("strace.log") or "fdatasync" in self.daemon.read("strace.log"),
                       what="the write to hang")
            self.assert_healthy(50)
            # The response waits for the disk, but not until the client has given up; the change goes on.
            thread.join(HANG_S)
            self.assertEqual(results[0].status, 202)
            self.assertIn("latest-warning", results[0].json)
            self.daemon.wait_log("cannot write state file: no response from the disk within 4s, responding")
            self.assertEqual(self.daemon.wait_change(results[0].change)["status"], "Done")
            done = self.daemon.cli("stop", "--no-wait", self.names[1])
            self.assertEqual((done.returncode, done.stderr),
                             (0, "WARNING: There are new warnings. See 'pebble warnings'.\n"))
            self.assertIn("no response from the disk within 4s", self.daemon.cli("warnings").stdout)
        self.assertEqual(self.daemon.stop(), 0)


if __name__ == "__main__":
    unittest.main()
