# SPDX-License-Identifier: GPL-3.0-or-later
"""The ports of integration tests, on a machine where ports are in use."""

import os
import socket
import subprocess
import sys
import unittest

TESTS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "integration")
sys.path.insert(0, TESTS)
from harness import free_port  # noqa: E402  pylint: disable=wrong-import-position


class PortTest(unittest.TestCase):
    def test_a_port_that_is_in_use_at_another_address(self):
        """The daemon may listen at all addresses, where it could not have that port."""
        for family, address in ((socket.AF_INET, "127.0.0.2"), (socket.AF_INET6, "::1")):
            with socket.socket(family) as listener:
                try:
                    listener.bind((address, 0))
                except OSError:  # no IPv6 here
                    continue
                listener.listen()
                taken = listener.getsockname()[1]
                free = free_port()
                self.assertRaises(AssertionError, free_port, [taken])
                self.assertNotEqual(free, taken)

    def test_two_tests_do_not_get_the_same(self):
        port = free_port()
        with self.assertRaises(AssertionError):
            free_port([port])
        done = subprocess.run([sys.executable, "-B", "-c", f"import harness; harness.free_port([{port}])"], cwd=TESTS,
                              capture_output=True, text=True, check=False)
        self.assertIn("AssertionError: no port is free", done.stderr)

    def test_outgoing_connections_do_not_get_it(self):
        with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="utf-8") as file:
            first, last = map(int, file.read().split())
        for _ in range(20):
            port = free_port()
            self.assertFalse(first <= port <= last, port)


if __name__ == "__main__":
    unittest.main()
