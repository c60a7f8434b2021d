# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples work as described in their READMEs."""

import shutil
import unittest

from examples import copy_example, page_of
from harness import DaemonCase, wait_until


class HelloTest(DaemonCase):
    def setUp(self):
        super().setUp()
        copy_example(self.daemon, "hello")

    def test_default_services_run(self):
        self.daemon.start("--verbose")
        self.daemon.wait_service("counter", "active")
        self.daemon.wait_service("greeter", "active")
        self.assertEqual(self.daemon.service("flaky")["current"], "inactive")
        self.daemon.wait_log(r"\[counter\] count 1$")
        self.daemon.wait_log(r"\[greeter\] Hello, world\.$")

    def test_stopping_says_bye(self):
        self.daemon.start("--verbose")
        self.daemon.wait_log(r"\[greeter\] Hello, world\.$")
        change = self.daemon.services("stop", "greeter")
        self.assertEqual(change["status"], "Done", change)
        self.daemon.wait_log(r"\[greeter\] Bye, world\.$")
        self.assertEqual(self.daemon.service("counter")["current"], "active")

    def test_a_service_that_fails_is_restarted(self):
        self.daemon.start("--verbose")
        change = self.daemon.services("start", "flaky")
        self.assertEqual(change["status"], "Done", change)
        self.daemon.wait_service("flaky", "backoff")
        self.daemon.wait_log(r"\[flaky\] This will not last\.$", count=2)

    def test_the_daemon_ends_its_services(self):
        self.daemon.start()
        self.daemon.wait_service("greeter", "active")
        self.assertEqual(self.daemon.stop(), 0)
        self.assertEqual(self.daemon.leftovers(), [])


@unittest.skipUnless(shutil.which("nginx") and shutil.which("redis-server"), "nginx or redis-server is not there: ./dev servers")
class WebTest(DaemonCase):
    def setUp(self):
        super().setUp()
        self.port, = copy_example(self.daemon, "web", 8080)

    def page(self):
        return page_of(self.port)

    def test_serves_stops_and_serves_again(self):
        self.daemon.start()
        self.daemon.wait_service("web", "active")
        self.assertEqual(self.daemon.service("store")["current"], "active")
        wait_until(self.page, what="nginx's first answer")
        self.assertIn("run by pebble", self.page())

        self.assertEqual(self.daemon.services("stop", "web")["status"], "Done")
        self.assertEqual(self.page(), "")
        self.assertEqual(self.daemon.service("store")["current"], "active")

        self.assertEqual(self.daemon.services("start", "web")["status"], "Done")
        wait_until(self.page, what="nginx's answer after the restart")

    def test_stopping_the_daemon_ends_both(self):
        self.daemon.start()
        wait_until(self.page, what="nginx's first answer")
        self.assertEqual(self.daemon.stop(), 0)
        self.assertEqual(self.page(), "")
        self.assertEqual(self.daemon.leftovers(), [])


if __name__ == "__main__":
    unittest.main()
