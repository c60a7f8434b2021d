# SPDX-License-Identifier: GPL-3.0-or-later
"""Log targets that hang, and what the others get meanwhile."""

import json
import socket
import time
import unittest

from harness import DaemonCase, wait_until


class LogTargetTest(DaemonCase):
    def setUp(self):
        super().setUp()
        self.hung = socket.create_server(("127.0.0.1", 0))  # accepts nothing
        self.good = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.good.bind(("127.0.0.1", 0))
        self.good.settimeout(20)
        self.addCleanup(self.hung.close)
        self.addCleanup(self.good.close)
        talker = self.daemon.script("talker", "echo first\necho second\nwhile :; do sleep 0.1; done\n")
        self.daemon.layer("001-base.yaml", json.dumps({
            "services": {"talker": {"override": "replace", "command": talker, "startup": "enabled"}},
            "log-targets": {
                "a-hung": {"override": "replace", "type": "loki", "services": ["all"],
                           "location": f"http://user:secret@127.0.0.1:{self.hung.getsockname()[1]}/push"},
                "b-good": {"override": "replace", "type": "syslog", "services": ["all"],
                           "location": f"udp://127.0.0.1:{self.good.getsockname()[1]}"}}}))
        self.daemon.start()

    def targets(self):
        return {target["name"]: target for target in self.daemon.get("/v1/log-targets").result}

    def test_a_target_that_hangs_delays_no_other(self):
        received = [self.good.recv(4096).decode().split("] ")[-1] for _ in range(2)]
        self.assertEqual(received, ["first", "second"])
        wait_until(lambda: self.targets()["b-good"]["sent"] == 2, what="the count")
        hung = self.targets()["a-hung"]
        self.assertEqual((hung["pending"], hung["sent"], hung["dropped"]), (2, 0, 0))
        self.assertNotIn("secret", hung["location"])

    def test_nor_the_end_for_long(self):
        self.good.recv(4096)
        began = time.monotonic()
        self.assertEqual(self.daemon.stop(), 0)
        self.assertLess(time.monotonic() - began, 15)  # 3 s, on a slow machine
        self.assertIn("Cannot send all logs to log targets before exiting: timeout", self.daemon.read("daemon.log"))


if __name__ == "__main__":
    unittest.main()
