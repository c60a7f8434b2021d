# SPDX-License-Identifier: GPL-3.0-or-later
"""Notices as scripts and charms use them: many that wait, many that are recorded, and crashes in between."""

import json
import os
import signal
import subprocess
import time
import unittest

from faults import cpu_s, descriptors, need_descriptors, plan_of, rss_kib
from harness import DaemonCase, is_sanitized, receive_response, wait_until

HINT = "WARNING: There are new warnings. See 'pebble warnings'.\n"


class NoticesTest(DaemonCase):
    def add(self, key, **more):
        answer = self.daemon.post("/v1/notices", {"action": "add", "type": "custom", "key": key, **more})
        self.assertEqual(answer.status, 200)
        return answer.result["id"]

    def ask(self, query):
        """A request that waits; its connection."""
        sock = self.daemon.connect(60)
        self.addCleanup(sock.close)
        sock.sendall(f"GET /v1/notices?{query} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        return sock

    def test_a_thousand_wait_of_which_half_disconnect(self):
        count = 1000
        need_descriptors(self, 4 * count)
        self.daemon.start("--hold")
        pid = self.daemon.process.pid
        before = len(descriptors(pid))
        socks = [self.ask("types=custom&keys=bell.test/ring&timeout=10m") for _ in range(count)]
        wait_until(lambda: len(descriptors(pid)) >= count, what="the connections")
        for sock in socks[::2]:
            sock.close()
        wait_until(lambda: len(descriptors(pid)) < before + count * 3 // 4, what="the clients to be gone")
        used = cpu_s(pid)
        for number in range(100):
            self.add(f"bell.test/other-{number}")
        if not is_sanitized():
            self.assertLess(cpu_s(pid) - used, 2.0)
        self.add("bell.test/ring")
        for sock in socks[1::2]:
            self.assertIn(b'"key":"bell.test/ring"', receive_response(sock).body)
            sock.close()
        wait_until(lambda: len(descriptors(pid)) <= before + 1, what="the descriptors to be given back")
        self.assertEqual(self.daemon.stop(), 0)

    def test_recorded_ones_survive_a_crash(self):
        self.daemon.start("--hold")
        self.add("diary.test/monday", data={"page": "1"})
        self.daemon.send_signal(signal.SIGKILL)
        self.daemon.wait_exit()
        self.daemon.start("--hold")
        self.assertEqual([(n["key"], n["last-data"]) for n in self.daemon.get("/v1/notices").result],
                         [("diary.test/monday", {"page": "1"})])
        self.assertEqual(self.add("diary.test/tuesday"), "2")
        self.assertEqual(self.daemon.stop(), 0)

    def test_their_number_is_bounded(self):
        self.daemon.start("--hold", env={"PEBBLE_PERSIST": "never"})
        connection = self.daemon.connection()
        self.addCleanup(connection.close)
        count = 3000 if is_sanitized() else 10000
        used_kib = None
        for number in range(count):
            if number == 3000:
                used_kib = rss_kib(self.daemon.process.pid)
            body = {"action": "add", "type": "custom", "key": f"flood.test/{number}"}
            connection.request("POST", "/v1/notices", json.dumps(body))
            self.assertEqual(connection.getresponse().read()[:15], b'{"type":"sync",')
        keys = [n["key"] for n in self.daemon.get("/v1/notices").result]
        self.assertLessEqual(len(keys), 2000)
        self.assertEqual(keys[-1000:], [f"flood.test/{number}" for number in range(count - 1000, count)])
        if used_kib is not None:
            self.assertLess(rss_kib(self.daemon.process.pid) - used_kib, 4096)
        self.assertEqual(self.daemon.stop(), 0)

    def test_a_poll_misses_nothing(self):
        self.daemon.layer("001-base.yaml", plan_of({"idle": "sleep 1000"}))
        self.daemon.start("--hold")
        seen, after = [], "2001-01-01T00:00:00Z"
        for round_number in range(20):
            self.add("poll.test/a", data={"round": str(round_number)})
            self.daemon.services("restart", "idle")
            answer = self.daemon.get(f"/v1/notices?users=all&after={after}&timeout=10s")
            seen += [(n["type"], n["key"]) for n in answer.result]
            after = answer.result[-1]["last-repeated"]
        changes = {c["id"] for c in self.daemon.get("/v1/changes?select=all").result}
        self.assertEqual({key for kind, key in seen if kind == "change-update"}, changes)
        self.assertEqual(seen.count(("custom", "poll.test/a")), 20)
        self.assertEqual(self.daemon.stop(), 0)

    def test_a_check_that_is_stopped_has_five_occurrences(self):
        self.daemon.layer("001-base.yaml", "checks: {up: {override: replace, period: 100s, exec: {command: 'true'}}}")
        self.daemon.start("--hold")
        wait_until(lambda: self.daemon.get("/v1/changes").result[0]["status"] == "Doing")
        self.assertEqual(self.daemon.request("POST", "/v1/checks", {"action": "stop", "checks": ["up"]}).status, 200)
        notice, = self.daemon.get("/v1/notices?users=all").result
        self.assertEqual((notice["occurrences"], notice["last-data"]), (5, {"check-name": "up", "kind": "perform-check"}))
        self.assertEqual(self.daemon.stop(), 0)

    def test_warnings_are_hinted_at_until_they_are_listed(self):
        self.daemon.start("--hold")
        self.assertEqual(self.daemon.stop(), 0)
        path = os.path.join(self.daemon.pebble_dir, ".pebble.state")
        with open(path, encoding="utf-8") as file:
            state = json.load(file)
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S.5Z", time.gmtime(time.time() - 60))
        state["notices"] = [{"id": "7", "user-id": None, "type": "warning", "key": "the cellar, it is wet",
                             "first-occurred": stamp, "last-occurred": stamp, "last-repeated": stamp, "occurrences": 2,
                             "repeat-after": "24h0m0s", "expire-after": "168h0m0s"}]
        state["last-notice-id"] = 7
        with open(path, "w", encoding="utf-8") as file:
            json.dump(state, file)
        self.daemon.start("--hold")
        self.assertEqual(self.daemon.cli("health").stderr, HINT)
        self.assertEqual(self.daemon.get("/v1/services").body.count(b"latest-warning"), 1)
        self.assertIn("occurrences: 2", self.daemon.cli("notice", "warning", "the cellar, it is wet").stdout)
        listed = self.daemon.cli("warnings")
        self.assertRegex(listed.stdout, "^last-occurrence:  .*\nwarning: \\|\n  the cellar, it is wet\n$")
        self.assertEqual(listed.stderr, "")
        self.assertEqual(self.daemon.cli("health").stderr, "")
        self.assertEqual(self.daemon.cli("okay", "--warnings").returncode, 0)
        self.assertEqual(self.daemon.cli("warnings").stderr, "No further warnings.\n")
        self.assertIn("the cellar, it is wet", self.daemon.cli("warnings", "--all", "--verbose").stdout)
        self.assertEqual(self.daemon.stop(), 0)

    def test_what_could_not_be_printed_is_not_listed(self):
        self.daemon.start("--hold")
        self.add("diary.test/monday")
        command = [self.daemon.binary, "notices"]
        with open("/dev/full", "wb") as full:
            done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, env=self.daemon.env, check=False)
        self.assertEqual((done.returncode, done.stderr), (1, b"error: cannot write to standard output\n"))
        self.assertNotEqual(self.daemon.cli("okay").returncode, 0)
        self.assertIn("diary.test/monday", self.daemon.cli("notices").stdout)


if __name__ == "__main__":
    unittest.main()
