# SPDX-License-Identifier: GPL-3.0-or-later
"""Signals that the daemon has no use for."""

import os
import signal

from faults import plan_of
from harness import DaemonCase, wait_until

FAULTS = {signal.SIGILL, signal.SIGTRAP, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGSEGV}
ENDS = {signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGKILL}
STOPS = {signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU}


class StrayTest(DaemonCase):
    def test_all_are_ignored(self):
        self.daemon.layer("001-test.yaml", plan_of({"nap": {"command": "sleep 1000", "startup": "enabled"}}))
        self.daemon.start()
        self.daemon.wait_log("Started default services")
        stray = set(range(1, 65)) - FAULTS - ENDS - STOPS
        for number in sorted(stray):
            os.kill(self.daemon.process.pid, number)
        self.assertEqual(self.daemon.service("nap")["current"], "active")
        self.assertEqual(self.daemon.services("stop", "nap")["status"], "Done")
        self.assertEqual(self.daemon.stop(), 0)

    def test_they_reach_services(self):
        mark = self.daemon.path("ended")
        self.daemon.script("nap", "kill -USR1 $$\necho no > " + mark)
        self.daemon.layer("001-test.yaml", plan_of({"nap": {"command": self.daemon.path("nap"), "on-failure": "ignore"}}))
        self.daemon.start()
        self.daemon.services("start", "nap")
        wait_until(lambda: self.daemon.service("nap")["current"] == "error", what="the end of the service")
        self.assertFalse(os.path.exists(mark))
