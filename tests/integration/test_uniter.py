# SPDX-License-Identifier: GPL-3.0-or-later
"""A charm and its workload: which events Juju's uniter makes of checks, notices, restarts and crashes of the daemon."""

import http.server
import json
import os
import signal
import subprocess
import threading
import unittest
import urllib.parse

from containers import PIDS, as_first_process, first_process, needs
from faults import is_alive, needs_root
from harness import wait_until
from test_juju import WorkloadCase
from uniter import CUSTOM, FAILED, RECOVERED, Uniter

MARK = "mark.test/"
ENDS = (signal.SIGTERM, signal.SIGKILL)


class Target:
    """An HTTP server on 127.0.0.1: the paths in `down` fail."""

    def __init__(self, test):
        self.down = set()
        target = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(503 if self.path in target.down else 200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        test.addCleanup(self.server.server_close)
        test.addCleanup(self.server.shutdown)


class UniterCase(WorkloadCase):
    """A workload's daemon, and a uniter that has handled all notices so far."""

    def setUp(self):
        super().setUp()
        self.target = Target(self)
        self.marks = 0

    def new_uniter(self, **options):
        uniter = Uniter(self.daemon, **options)
        self.addCleanup(uniter.stop)
        return uniter

    def begin(self):
        self.start()
        self.uniter = self.new_uniter().start()
        self.add_checks()

    def restart(self, number):
        self.daemon.stop(number)
        self.start()

    # --- notices ---

    def add(self, key):
        answer = self.daemon.post("/v1/notices", {"action": "add", "type": "custom", "key": key})
        self.assertEqual(answer.status, 200)
        return answer.result["id"]

    def mark(self):
        """Waits until the uniter has handled everything that has happened so far: a further notice comes after it."""
        self.marks += 1
        self.add(f"{MARK}{self.marks}")
        self.uniter.wait_event(CUSTOM, f"{MARK}{self.marks}")

    def events(self):
        return [event for event in self.uniter.short_events() if not event[1].startswith(MARK)]

    def assert_events(self, *expected):
        """Exactly these events have come, and no others are under way."""
        self.mark()
        self.assertEqual(self.events(), list(expected))

    # --- checks: "door" is HTTP, "gate" a command; they run when they are refreshed ---

    def add_checks(self, threshold=2, period="1h"):
        answer = self.daemon.add_layer("charm", f"""
checks:
    door:
        override: replace
        level: alive
        threshold: {threshold}
        period: {period}
        timeout: 30s
        http: {{url: "{self.target.url}/door"}}
    gate:
        override: replace
        threshold: {threshold}
        period: {period}
        timeout: 30s
        exec: {{command: "test ! -e {self.daemon.path('gate')}"}}
""")
        self.assertEqual(answer.status, 200)
        self.mark()

    def refresh(self, name):
        answer = self.daemon.post("/v1/checks/refresh", {"name": name})
        self.assertEqual(answer.status, 200)
        return answer.result["info"]

    def shut(self, name):
        if name == "gate":
            self.daemon.file("gate")
        else:
            self.target.down.add(f"/{name}")

    def open(self, name):
        if name == "gate":
            os.unlink(self.daemon.path("gate"))
        else:
            self.target.down.discard(f"/{name}")

    def let_fail(self, name):
        """The check reaches its threshold, and its recovery is under way."""
        self.shut(name)
        while self.refresh(name)["status"] != "down":
            pass
        change = f"/v1/changes/{self.daemon.get(f'/v1/checks?names={name}').result[0]['change-id']}"
        wait_until(lambda: self.daemon.get(change).result["status"] == "Doing", what="the recovery to begin")

    def let_recover(self, name):
        self.open(name)
        self.assertEqual(self.refresh(name)["status"], "up")


class ChecksTest(UniterCase):
    def test_failures_and_recoveries(self):
        self.begin()
        expected = []
        for _ in range(3):
            for name in ("door", "gate"):
                self.let_fail(name)
                self.refresh(name)
                expected.append((FAILED, name))
                self.assert_events(*expected)
            for name in ("door", "gate"):
                self.let_recover(name)
                self.refresh(name)
                expected.append((RECOVERED, name))
                self.assert_events(*expected)
        # Below the threshold.
        self.shut("door")
        self.refresh("door")
        self.open("door")
        self.refresh("door")
        self.assert_events(*expected)

    def test_by_their_periods(self):
        # Under load a check may also time out, which are further events.
        self.begin()
        self.add_checks(period="200ms")
        for count in (1, 2):
            self.shut("door")
            self.shut("gate")
            for name in ("door", "gate"):
                self.uniter.wait_event(FAILED, name, count=count)
            self.open("door")
            self.open("gate")
            for name in ("door", "gate"):
                self.uniter.wait_event(RECOVERED, name, count=count)

    def test_altered_while_down(self):
        # The recover-check of the old configuration ends with Done, which Juju reads as a recovery.
        self.begin()
        self.let_fail("door")
        self.assert_events((FAILED, "door"))
        self.add_checks()
        self.daemon.post("/v1/services", {"action": "replan", "services": []})
        self.assert_events((FAILED, "door"))
        self.add_checks(threshold=3)
        self.assert_events((FAILED, "door"), (RECOVERED, "door"))
        self.assertEqual(self.daemon.check("door")["status"], "up")
        self.let_fail("door")
        self.assert_events((FAILED, "door"), (RECOVERED, "door"), (FAILED, "door"))
        self.let_recover("door")
        self.assert_events((FAILED, "door"), (RECOVERED, "door"), (FAILED, "door"), (RECOVERED, "door"))

    def test_stopped_while_down(self):
        # As if altered. The end of a perform-check is no event.
        self.begin()
        self.let_fail("gate")
        self.assert_events((FAILED, "gate"))
        answer = self.daemon.post("/v1/checks", {"action": "stop", "checks": ["door", "gate"]})
        self.assertEqual(answer.result["changed"], ["door", "gate"])
        self.assert_events((FAILED, "gate"), (RECOVERED, "gate"))
        self.daemon.post("/v1/checks", {"action": "start", "checks": ["gate"]})
        self.assert_events((FAILED, "gate"), (RECOVERED, "gate"))

    def test_restarts_while_down(self):
        # An orderly end of the daemon ends the recover-check, too. The charm then adds its checks again.
        self.begin()
        expected = []
        for number in ENDS:
            with self.subTest(number.name):
                self.let_fail("door")
                expected.append((FAILED, "door"))
                self.assert_events(*expected)
                self.restart(number)
                if number != signal.SIGKILL:  # which leaves the recover-check on Hold
                    expected.append((RECOVERED, "door"))
                    self.uniter.wait_event(RECOVERED, "door", count=expected.count((RECOVERED, "door")))
                self.assert_events(*expected)
                self.add_checks()
                self.assert_events(*expected)

    def test_restarts_while_up(self):
        self.begin()
        for number in ENDS:
            with self.subTest(number.name):
                self.refresh("gate")
                self.restart(number)
                self.add_checks()
                self.assert_events()

    def fail_and_kill(self):
        """Kills the daemon as soon as a client has got the notice of the failure; returns that notice."""
        self.shut("door")
        self.refresh("door")
        waiter, refresher = self.daemon.connection(), self.daemon.connection()
        self.addCleanup(waiter.close)
        self.addCleanup(refresher.close)
        query = urllib.parse.urlencode({"users": "all", "after": self.uniter.after, "timeout": "30s"})
        waiter.request("GET", f"/v1/notices?{query}")
        refresher.request("POST", "/v1/checks/refresh", json.dumps({"name": "door"}))
        body = waiter.getresponse().read()
        self.daemon.kill()
        return json.loads(body)["result"][0]

    def test_killed_when_a_failure_is_reported(self):
        # What a client has seen has happened: the failure is still there after the crash.
        self.start()
        for _ in range(5):
            self.uniter = self.new_uniter().start()
            self.add_checks()
            self.uniter.stop()
            after = self.uniter.after
            notice = self.fail_and_kill()
            self.assertEqual(notice["last-data"], {"check-name": "door", "kind": "perform-check"})
            self.start()
            self.assertEqual(self.daemon.get(f"/v1/changes/{notice['key']}").result["status"], "Error")
            self.wait_old_changes()
            self.uniter = self.new_uniter()
            self.uniter.after = after
            self.uniter.start()
            self.assert_events((FAILED, "door"))  # its recovery was given up with the daemon
            self.uniter.stop()
            self.open("door")

    def test_killed_while_a_failure_is_handled(self):
        # The request for the change is repeated until the next daemon responds.
        self.begin()
        self.fail_and_kill()
        self.start()
        self.wait_old_changes()
        self.mark()
        # The recover-check that was under way is on Hold, which is no recovery.
        self.assertEqual(self.events(), [(FAILED, "door")])

    def wait_old_changes(self):
        """Without a plan no check runs, so that all changes are those of previous daemons."""
        wait_until(lambda: self.daemon.get("/v1/changes?select=in-progress").result == [], what="the changes to be ended")


class NoticesTest(UniterCase):
    def test_killed_right_after_a_notice_was_recorded(self):
        self.begin()
        expected = []
        for number in range(6):
            identifier = self.add(f"diary.test/{number}")
            self.daemon.kill()
            self.start()
            expected.append((CUSTOM, identifier, "custom", f"diary.test/{number}"))
            self.uniter.wait_event(CUSTOM, f"diary.test/{number}")
            self.mark()
            self.assertEqual([event for event in self.uniter.events if not event[-1].startswith(MARK)], expected)

    def test_ends_during_a_wait(self):
        self.begin()
        for number in ENDS:
            with self.subTest(number.name):
                self.mark()
                self.restart(number)
                self.add(f"bell.test/{number.name.lower()}")
                self.uniter.wait_event(CUSTOM, f"bell.test/{number.name.lower()}")
        self.assert_events((CUSTOM, "bell.test/sigterm"), (CUSTOM, "bell.test/sigkill"))

    def test_goes_on_where_it_was(self):
        # The uniter is away while notices are recorded and the daemon is restarted.
        self.begin()
        self.add("before.test/a")
        self.mark()
        self.uniter.stop()
        after = self.uniter.after
        self.add("away.test/a")
        self.let_fail("gate")
        self.restart(signal.SIGTERM)
        self.add("away.test/b")
        self.restart(signal.SIGKILL)
        self.add("away.test/a")
        self.uniter = self.new_uniter()
        self.uniter.after = after
        self.uniter.start()
        # What was repeated comes once, at its last time.
        self.assert_events((FAILED, "gate"), (RECOVERED, "gate"), (CUSTOM, "away.test/b"), (CUSTOM, "away.test/a"))

    def test_waits_that_end_without_a_notice(self):
        self.start()
        self.uniter = self.new_uniter(timeout="20ms").start()
        for number in range(3):
            count = self.uniter.wait_count
            self.uniter.wait_for(lambda count=count: self.uniter.wait_count >= count + 3, "waits")
            self.add(f"bell.test/{number}")
            self.uniter.wait_event(CUSTOM, f"bell.test/{number}")
        self.assert_events(*((CUSTOM, f"bell.test/{number}") for number in range(3)))

    def test_notify_in_a_script(self):
        pebble = self.daemon.binary
        script = self.daemon.script("bell", f"{pebble} notify --repeat-after 1h bell.test/quiet tone=low\n"
                                            f"{pebble} notify bell.test/loud && exec sleep 1000\n")
        self.begin()
        self.daemon.add_layer("bell", f"services: {{bell: {{override: replace, command: {script}}}}}")
        for count in (1, 2, 3):
            self.daemon.services("restart", "bell")
            self.uniter.wait_event(CUSTOM, "bell.test/loud", count=count)
        self.assert_events((CUSTOM, "bell.test/quiet"), *[(CUSTOM, "bell.test/loud")] * 3)
        quiet = next(n for n in self.daemon.get("/v1/notices").result if n["key"] == "bell.test/quiet")
        self.assertEqual((quiet["occurrences"], quiet["last-data"], quiet["repeat-after"]), (3, {"tone": "low"}, "1h0m0s"))
        # The hour goes on after a crash.
        self.daemon.kill()
        self.start()
        self.daemon.cli("notify", "--repeat-after", "1h", "bell.test/quiet")
        self.assert_events((CUSTOM, "bell.test/quiet"), *[(CUSTOM, "bell.test/loud")] * 3)
        self.daemon.cli("notify", "bell.test/quiet")
        self.assert_events((CUSTOM, "bell.test/quiet"), *[(CUSTOM, "bell.test/loud")] * 3, (CUSTOM, "bell.test/quiet"))

    @needs_root
    def test_of_other_users(self):
        self.begin()
        for uid in (170, 584792):
            subprocess.run([self.daemon.binary, "notify", "same.test/key"], env=self.daemon.env, cwd="/", user=uid, group=uid,
                           extra_groups=[], check=True, stdout=subprocess.DEVNULL)
        own = self.add("same.test/key")
        self.assert_events(*[(CUSTOM, "same.test/key")] * 3)
        self.assertEqual([n["id"] for n in self.daemon.get("/v1/notices?keys=same.test/key").result], [own])
        self.assertEqual([n["user-id"] for n in self.daemon.get("/v1/notices?users=all&keys=same.test/key").result],
                         [170, 584792, os.getuid()])


@needs(PIDS)
class ReadyTest(UniterCase):
    """The daemon is the first process of its container: each boot has an id of its own."""

    def start(self, **options):
        with as_first_process(self.daemon):
            super().start(**options)
        self.first = first_process(self.daemon)
        self.addCleanup(self.end)

    def end(self):
        """Without it unshare waits for the daemon."""
        if is_alive(self.first):
            os.kill(self.first, signal.SIGTERM)
            self.daemon.wait_exit()

    def restart(self, number):
        os.kill(self.first, number)
        self.daemon.wait_exit()
        self.start()

    def test_once_for_each_boot(self):
        self.start()
        self.uniter = self.new_uniter()
        self.uniter.on_ready = self.add_checks
        self.uniter.start()
        expected = []
        for boots, number in enumerate(ENDS * 2, 1):
            self.uniter.wait_for(lambda boots=boots: len(self.uniter.ready) >= boots, f"{boots} boots")
            self.uniter.wait_polls()
            self.assertEqual(self.uniter.ready[-1], self.daemon.get("/v1/system-info").result["boot-id"])
            self.let_fail("gate")
            expected.append((FAILED, "gate"))
            self.assert_events(*expected)
            self.restart(number)
            if number != signal.SIGKILL:  # which leaves the recover-check on Hold
                expected.append((RECOVERED, "gate"))
        self.uniter.wait_for(lambda: len(self.uniter.ready) >= len(ENDS) * 2 + 1, "the last boot")
        self.uniter.wait_polls()
        self.assert_events(*expected)
        self.assertEqual(len(set(self.uniter.ready)), len(ENDS) * 2 + 1)
        self.assertEqual(len(self.uniter.ready), len(ENDS) * 2 + 1)

    def test_no_event_while_the_daemon_is_away(self):
        self.begin()
        self.uniter.wait_for(lambda: self.uniter.ready, "the first boot")
        os.kill(self.first, signal.SIGKILL)
        self.daemon.wait_exit()
        polls, waits = self.uniter.poll_count, self.uniter.wait_count
        # Requests are refused, and later the socket is gone.
        wait_until(lambda: self.uniter.failure_count >= 5, what="requests that fail")
        os.unlink(self.daemon.socket_path)
        failures = self.uniter.failure_count
        wait_until(lambda: self.uniter.failure_count >= failures + 5, what="requests that fail")
        self.assertEqual((len(self.uniter.ready), self.events()), (1, []))
        self.assertLessEqual((self.uniter.poll_count - polls, self.uniter.wait_count - waits), (1, 1))
        self.start()
        self.uniter.wait_for(lambda: len(self.uniter.ready) == 2, "the second boot")
        self.assert_events()


if __name__ == "__main__":
    unittest.main()
