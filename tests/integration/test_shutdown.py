# SPDX-License-Identifier: GPL-3.0-or-later
"""Shutdown of the daemon, and starts during a shutdown."""

import fcntl
import os
import unittest

from faults import is_alive, plan_of
from harness import DaemonCase, wait_until
from test_order import layer_of


class ShutdownTest(DaemonCase):
    def start_deaf(self):
        """A service that ignores SIGTERM; returns its PID."""
        pid_path = self.daemon.path("pid")
        deaf = self.daemon.script("deaf", f'trap "" TERM\necho $$ >{pid_path}.new\nmv {pid_path}.new {pid_path}\n'
                                  "while :; do sleep 0.1; done\n")
        self.daemon.layer("001-base.yaml", plan_of({"deaf": {"command": deaf, "kill-delay": "1500ms"}}))
        self.daemon.start("--hold")
        self.daemon.services("start", "deaf")
        wait_until(lambda: os.path.exists(pid_path), what="the service")
        return int(self.daemon.read("pid"))

    def assert_ends_with_the_daemon(self, action):
        pid = self.start_deaf()
        self.daemon.wait_service("deaf", "active")
        self.daemon.post("/v1/services", {"action": action, "services": ["deaf"]})
        self.daemon.wait_service("deaf", "inactive")  # SIGTERM has been sent, and is not heard
        self.assertTrue(is_alive(pid))
        self.assertEqual(self.daemon.stop(), 0)
        self.assertFalse(is_alive(pid))
        self.assertEqual(self.daemon.leftovers(), [])

    def test_a_stop_that_is_under_way_is_waited_for(self):
        self.assert_ends_with_the_daemon("stop")

    def test_so_is_a_restart(self):
        self.assert_ends_with_the_daemon("restart")

    def test_a_chain_has_the_time_of_all_its_services(self):
        deaf = self.daemon.script("deaf", 'trap "" TERM\nwhile :; do sleep 0.1; done\n')
        own = {"command": deaf, "kill-delay": "6s", "startup": "enabled"}
        self.daemon.layer("001-base.yaml", layer_of({"a": own, "b": {**own, "requires": ["a"], "after": ["a"]}}))
        self.daemon.start()
        for name in ("a", "b"):
            self.daemon.wait_service(name, "active")
        self.daemon.wait_log("Started default services")
        self.assertEqual(self.daemon.stop(), 0)
        self.assertNotIn("timeout stopping running services", self.daemon.log())
        self.assertEqual(self.daemon.leftovers(), [])

    def test_the_directory_belongs_to_one_daemon(self):
        self.daemon.start("--hold")
        second = self.daemon.cli("run", "--hold", env={"PEBBLE_SOCKET": self.daemon.path("other.socket")})
        self.assertEqual(second.returncode, 1)
        self.assertIn("is in use by another daemon", second.stderr)
        self.assertFalse(os.path.exists(self.daemon.path("other.socket")))
        self.assertEqual(self.daemon.get("/v1/health").status, 200)

    def test_other_users_cannot_lock_it(self):
        """Who may read the directory may lock it, but not the state file, which only the daemon's user can open."""
        os.chmod(self.daemon.pebble_dir, 0o755)
        self.daemon.start("--hold")
        self.assertEqual(self.daemon.stop(), 0)
        holder = os.open(self.daemon.pebble_dir, os.O_RDONLY)
        self.addCleanup(os.close, holder)
        fcntl.flock(holder, fcntl.LOCK_SH)
        self.assertEqual(os.stat(os.path.join(self.daemon.pebble_dir, ".pebble.state")).st_mode & 0o7777, 0o600)
        self.daemon.start("--hold", env={"PEBBLE_SOCKET": self.daemon.path("other.socket")}, wait=False)
        wait_until(lambda: os.path.exists(self.daemon.path("other.socket")), what="the daemon to listen")
        self.assertNotIn("Waiting for another daemon", self.daemon.log())

    def test_a_successor_gets_the_directory(self):
        for _ in range(3):
            self.daemon.start("--hold")
            self.assertEqual(self.daemon.stop(), 0)

    def test_names_do_not_forge_log_lines(self):
        self.daemon.layer("001-base.yaml", 'services:\n  "x\\n2030-01-01T00:00:00.000Z [pebble] Forged.": '
                          "{override: replace, command: sleep 1000, startup: enabled}\n")
        self.daemon.start()
        self.daemon.wait_log("Started default services")
        self.assertEqual(self.daemon.log_lines("^2030-01-01T00:00:00.000Z .pebble. Forged"), [])
        self.daemon.stop()


if __name__ == "__main__":
    unittest.main()
