# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of checks' targets that do not resolve, because the name server or the file system of /etc/hosts does not respond:
these checks time out, and everything else goes on."""

import random
import re
import socket
import unittest

from containers import MOUNTS, OkServer, needs, start_within
from faults import plan_of, rss_kib, status_field
from harness import HANG_S, DaemonCase, free_port, is_sanitized, wait_until
from test_faults_checks import checks_of, drop_input, target
from test_identities import DAMSON, basic

HANGING = 50 if is_sanitized() else 200
THREADS_MAX = 64  # of all kinds
# The second one if the daemon itself was late.
TIMED_OUT = re.compile(r"check timed out after 500ms$|dial tcp: lookup name-\d+\.test: i/o timeout$")


@needs(MOUNTS)
class HangingNamesTest(DaemonCase):
    def start_with(self, mounts, good, *arguments):
        """Starts the daemon with many checks whose names hang, and those in `good`."""
        checks = dict(good)
        for number in range(HANGING):
            host = f"name-{number}.test"
            kind = f"http: {{url: 'http://{host}/'}}" if number % 2 else f"tcp: {{host: {host}, port: 80}}"
            checks[f"hanging-{number}"] = f"period: 1s, timeout: 500ms, threshold: 1000000, {kind}"
        self.daemon.layer("001-test.yaml", plan_of({"idle": "sleep 1000"}) + checks_of(checks))
        start_within(self.daemon, mounts, *arguments)

    def counts(self, prefix, member):
        return [check.get(member, 0) for check in self.daemon.get("/v1/checks").result if check["name"].startswith(prefix)]

    def wait_for(self, prefix, member, more):
        """Waits until the count of each of these checks has grown."""
        before = self.counts(prefix, member)
        wait_until(lambda: all(now >= then + more for now, then in zip(self.counts(prefix, member), before)),
                   what=f"{more} more {member} of {prefix} checks")

    def assert_they_time_out(self):
        for change in self.daemon.get("/v1/changes?select=all").result:
            if "hanging" in change["summary"]:
                for line in change["tasks"][0].get("log", []):
                    self.assertRegex(line, TIMED_OUT)

    def test_hosts_file_hangs(self):
        hosts = self.daemon.path("hosts")
        http_port = free_port()
        identities = self.daemon.file("ids.yaml", f"identities: {{ann: {{access: metrics, basic: {{password: {DAMSON}}}}}}}")
        with target(drop_input) as port:
            self.start_with(f"mkfifo {hosts}\nmount --bind {hosts} /etc/hosts", {
                "good-tcp": f"period: 1s, tcp: {{host: 127.0.0.1, port: {port}}}",
                "good-http": f"period: 1s, http: {{url: '{OkServer(self).url}'}}",
                "good-exec": "period: 1s, exec: {command: 'true'}",
            }, "--http", f"127.0.0.1:{http_port}", "--identities", identities)
            pid = self.daemon.process.pid
            self.wait_for("hanging", "failures", 1)
            before_kib = rss_kib(pid)
            self.wait_for("good", "successes", 3)
            self.wait_for("hanging", "failures", 1)
        self.assert_they_time_out()
        # Other work that is done by threads.
        self.assertEqual(self.daemon.add_layer("more", plan_of({"late": "sleep 1000"})).status, 200)
        self.assertEqual(self.daemon.services("start", "idle", "late")["status"], "Done")
        self.assertEqual(self.daemon.get("/v1/metrics", port=http_port, headers=basic("ann", "damson:gin")).status, 200)
        self.assertLess(int(status_field(pid, "Threads")), THREADS_MAX)
        if not is_sanitized():
            self.assertLess(rss_kib(pid) - before_kib, 4096)
        self.assertEqual(self.daemon.stop(), 0)

    def test_name_server_hangs(self):
        # Another run of the tests may use the port at another address.
        address = f"127.77.{random.randrange(1, 255)}.{random.randrange(1, 255)}"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
            try:
                server.bind((address, 53))
            except PermissionError:
                self.skipTest("the port of name servers may not be used")
            server.settimeout(HANG_S)
            hosts = self.daemon.file("hosts", "127.0.0.1 localhost\n")
            resolv = self.daemon.file("resolv", f"nameserver {address}\noptions timeout:30 attempts:5\n")
            with target(drop_input) as port:
                self.start_with(f"mount --bind {hosts} /etc/hosts\nmount --bind {resolv} /etc/resolv.conf", {
                    "good-tcp": f"period: 1s, tcp: {{port: {port}}}",
                    "good-http": f"period: 1s, http: {{url: '{OkServer(self).url.replace('127.0.0.1', 'localhost')}'}}",
                })
                self.wait_for("hanging", "failures", 1)
                self.assertIn(b"\4test\0", server.recv(512))
                self.wait_for("good", "successes", 3)
            self.assert_they_time_out()
            self.assertEqual(self.daemon.stop(), 0)


if __name__ == "__main__":
    unittest.main()
