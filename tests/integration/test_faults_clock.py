# SPDX-License-Identifier: GPL-3.0-or-later
"""A wall clock that is set ahead and back: it is only shown and stored, never waited for."""

import os
import threading
import time
import unittest

from faults import has_test_clock, plan_of
from harness import DaemonCase, wait_until
from test_faults_checks import checks_of
from test_order import layer_of


def comparable(time_text):
    """A time with all nine digits of its fraction, so that texts are in the order of times."""
    seconds, _, fraction = time_text.removesuffix("Z").partition(".")
    return f"{seconds}.{fraction:0<9}"


class ClockCase(DaemonCase):
    JUMPS_S = (3600, -3600, 86400 * 400, -86400 * 400, 0)  # from the real time

    def setUp(self):
        super().setUp()
        if not has_test_clock():
            self.skipTest("the program was built without the test seams")
        self.clock = self.daemon.file("clock", "0")
        self.daemon.env["PEBBLE_TEST_CLOCK"] = self.clock

    def jump(self, seconds):
        self.daemon.file("clock.new", str(seconds))
        os.rename(self.daemon.path("clock.new"), self.clock)


class ServicesTest(ClockCase):
    def setUp(self):
        super().setUp()
        self.daemon.layer("001-test.yaml", plan_of({
            "ticking": {"command": "sh -c 'sleep 0.1; exit 1'", "backoff-delay": "20ms", "backoff-limit": "40ms"},
            "one": {"command": "sh -c \"trap '' TERM; while :; do sleep 1; done\"", "kill-delay": "200ms"},
        }))
        self.daemon.start()

    def test_backoff_tasks_and_waits_do_not_follow_the_clock(self):
        daemon = self.daemon
        daemon.services("start", "ticking")
        for jump in self.JUMPS_S:
            self.assertEqual(daemon.services("start", "one")["status"], "Done")
            change = daemon.post("/v1/services", {"action": "stop", "services": ["one"]}).change
            self.jump(jump)
            self.assertEqual(daemon.wait_change(change)["status"], "Done")
            seen = len(daemon.log_lines(r'Service "ticking" starting'))
            daemon.wait_log(r'Service "ticking" starting', count=seen + 3)
            self.assertEqual(daemon.get("/v1/health").status, 200)

    def test_times_of_notices_stay_in_order(self):
        daemon = self.daemon
        for jump in self.JUMPS_S:
            self.jump(jump)
            daemon.services("stop", "one")
        count = len(self.JUMPS_S)
        notices = wait_until(lambda: [n for n in daemon.state()["notices"] if n["key"] == str(count)] and
                             daemon.state()["notices"], what="the notices")
        repeated = [comparable(notice["last-repeated"]) for notice in sorted(notices, key=lambda notice: int(notice["key"]))]
        self.assertEqual(repeated, sorted(repeated))
        self.assertEqual(len(set(repeated)), count)

    def test_start_with_a_state_from_the_future(self):
        daemon = self.daemon
        self.jump(86400 * 400)
        daemon.services("stop", "one")
        self.assertEqual(daemon.stop(), 0)
        self.jump(0)
        daemon.start()
        self.assertEqual(daemon.services("start", "one")["status"], "Done")
        self.assertEqual(len(daemon.get("/v1/changes?select=all").result), 2)


class OrderTest(ClockCase):
    """Waits and their limits, readiness and run-timeout."""

    def test_limits_do_not_follow_the_clock(self):
        daemon = self.daemon
        gate = daemon.path("gate")
        wait = f"while [ ! -e {gate} ]; do sleep 0.02; done"
        daemon.layer("001-test.yaml", layer_of({
            "db": {"command": f"sh -c '{wait}; echo up; exec sleep 1000'", "ready": {"log": "^up$", "timeout": "10m"}},
            "job": {"command": f"sh -c '{wait}'", "type": "oneshot", "run-timeout": "10m"},
            "web": {"command": "sleep 1000", "wait-for": {"db": "ready", "job": "completed"}, "wait-timeout": "10m"}}))
        daemon.start()
        for jump in self.JUMPS_S:
            change = daemon.post("/v1/services", {"action": "start", "services": ["web"]}).change
            wait_until(lambda: daemon.service("web").get("details", {}).get("state") == "waiting", what="the wait")
            self.jump(jump)
            self.assertEqual(daemon.get("/v1/health").status, 200)
            self.assertEqual(daemon.service("web")["details"]["state"], "waiting")
            daemon.file("gate")
            self.assertEqual(daemon.wait_change(change)["status"], "Done", jump)
            os.unlink(gate)
            daemon.services("stop", "web", "db", "job")


class ChecksTest(ClockCase):
    PERIOD_S = 0.2

    def test_they_go_on_at_their_period(self):
        daemon = self.daemon
        runs = daemon.file("runs")
        daemon.script("check", f"echo >> {runs}\n")
        daemon.layer("001-test.yaml", checks_of({
            "good": f"period: {self.PERIOD_S}s, exec: {{command: {daemon.path('check')}}}",
            "slow": f"period: 1h, timeout: 1h, threshold: 1, exec: {{command: {daemon.path('check')}}}"}))
        begin_s = time.monotonic()
        daemon.start()
        for jump in self.JUMPS_S:
            self.jump(jump)
            before = daemon.check("good")["successes"]
            wait_until(lambda: daemon.check("good")["successes"] >= before + 3, what="three runs")
        count, most = os.path.getsize(runs), (time.monotonic() - begin_s) / self.PERIOD_S
        self.assertLessEqual(count, most, "no check runs more often")
        self.assertEqual([check["status"] for check in daemon.get("/v1/checks").result], ["up", "up"])
        self.assertEqual(daemon.check("slow")["successes"], 0)


class NoticesTest(ClockCase):
    def setUp(self):
        super().setUp()
        self.daemon.start("--hold")
        self.after = "2001-01-01T00:00:00Z"

    def add(self, key, **more):
        answer = self.daemon.post("/v1/notices", {"action": "add", "type": "custom", "key": f"clock.test/{key}", **more})
        self.assertEqual(answer.status, 200)

    def poll(self, timeout="10s"):
        """The keys of the notices since the last poll."""
        notices = self.daemon.get(f"/v1/notices?types=custom&after={self.after}&timeout={timeout}").result
        if notices:
            self.after = notices[-1]["last-repeated"]
        return [notice["key"].split("/")[1] for notice in notices]

    def restart(self):
        self.assertEqual(self.daemon.stop(), 0)
        self.daemon.start("--hold")

    def test_a_client_that_polls_sees_each_once(self):
        seen, added = [], []
        for jump in self.JUMPS_S:
            keys = [f"{len(added) + number}" for number in range(20)]
            writer = threading.Thread(target=lambda keys=keys: [self.add(key) for key in keys])
            writer.start()
            self.jump(jump)
            added += keys
            while len(seen) < len(added):
                seen += self.poll()
            writer.join()
            self.assertEqual(seen, added)
            self.assertEqual(self.poll("1ms"), [])
            self.restart()

    def test_none_is_missed_while_the_daemon_restarts(self):
        self.jump(86400 * 400)
        self.add("a")
        self.assertEqual(self.poll(), ["a"])
        self.add("b")
        self.jump(0)
        self.restart()
        self.add("c")
        self.add("a")
        self.assertEqual(self.poll(), ["b", "c", "a"])
        self.assertEqual(self.poll("1ms"), [])

    def test_requests_wait_as_long_as_they_ask_for(self):
        for jump in self.JUMPS_S:
            begin_s = time.monotonic()
            waiting = threading.Thread(target=self.jump, args=(jump,))
            waiting.start()
            self.assertEqual(self.poll("300ms"), [])
            self.assertGreaterEqual(time.monotonic() - begin_s, 0.3)
            waiting.join()

    def test_expiry_and_repeat_after(self):
        daily = {"repeat-after": "24h"}
        self.add("quiet")
        self.add("daily", **daily)
        self.assertEqual(self.poll(), ["quiet", "daily"])
        for jump in self.JUMPS_S:
            self.jump(jump)
            self.add("daily", **daily)
            self.assertEqual(self.poll("1ms"), [], "a day has not passed")
            self.add("often", **{"repeat-after": "1ns"})
            self.assertEqual(self.poll(), ["often"], "a nanosecond has passed")
        self.assertEqual({notice["key"] for notice in self.daemon.get("/v1/notices").result},
                         {"clock.test/quiet", "clock.test/daily", "clock.test/often"})


if __name__ == "__main__":
    unittest.main()
