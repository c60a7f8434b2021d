# SPDX-License-Identifier: GPL-3.0-or-later
"""Output of the daemon: its log on standard error, the output of services on standard output."""

import datetime
import json
import os
import re
import signal
import threading
import unittest

from faults import plan_of
from harness import DaemonCase, wait_until

TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
LOG_LINE = re.compile(TIME + r" \[pebble\] \S.*")


class OutputCase(DaemonCase):
    def start(self, *arguments, **options):
        """Starts the daemon with standard output and standard error in separate files."""
        self.daemon.log_path = self.daemon.path("stderr")
        with open(self.daemon.path("stdout"), "ab") as out:
            return self.daemon.start(*arguments, stdout=out, **options)

    def output(self):
        with open(self.daemon.path("stdout"), "rb") as file:
            return file.read()

    def wait_output(self, text):
        wait_until(lambda: text in self.output(), what=f"{text[:80]!r} on standard output")


class LogTest(OutputCase):
    def test_every_line_has_its_form(self):
        self.daemon.layer("001-test.yaml", plan_of({
            "good": {"command": "sh -c 'echo out; echo err >&2; exec sleep 1000'", "startup": "enabled"},
            "bad": {"command": "sh -c 'echo oh; exit 3'", "startup": "enabled", "backoff-delay": "20ms"}}))
        self.start(env={"TZ": "America/New_York", "LC_ALL": "C", "PEBBLE_DEBUG": "1"})
        self.daemon.wait_log("Started default services")
        self.daemon.get("/v1/services")
        self.daemon.post("/v1/services", {"action": "start", "services": ["nobody"]})
        self.daemon.add_layer("more", plan_of({"more": "sleep 1000"}))
        self.daemon.send_signal(signal.SIGHUP)
        self.daemon.wait_log("Ignoring SIGHUP")
        self.assertEqual(self.daemon.stop(), 0)
        lines = self.daemon.log().split("\n")
        self.assertEqual(lines.pop(), "", "the last line has no end")
        self.assertGreater(len(lines), 10)
        for line in lines:
            self.assertRegex(line, LOG_LINE)
            self.assertNotIn("\r", line)
        self.assertEqual(self.output(), b"")

    def test_the_times_are_utc(self):
        # Farthest from UTC: 14 hours ahead.
        self.start("--hold", env={"TZ": "Pacific/Kiritimati"})
        line = self.daemon.wait_log('"type":"security"')[0]
        self.assertEqual(line[:19] + "Z", json.loads(line.split("[pebble] ", 1)[1])["datetime"])
        said = datetime.datetime.fromisoformat(line[:23] + "+00:00")
        self.assertLess(abs(said - datetime.datetime.now(datetime.timezone.utc)), datetime.timedelta(hours=1))

    def test_security_events_are_json_in_this_order(self):
        self.start("--hold")
        self.daemon.add_layer('a "quoted" label', plan_of({"more": "sleep 1000"}))
        self.daemon.wait_log("add_layer")
        self.assertEqual(self.daemon.stop(), 0)
        events = [json.loads(line.split("[pebble] ", 1)[1]) for line in self.daemon.log_lines('"type":"security"')]
        for event in events:
            self.assertEqual(list(event), ["type", "datetime", "level", "event", "description", "appid"])
            self.assertRegex(event["datetime"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
            self.assertEqual((event["type"], event["level"], event["appid"]), ("security", "WARN", "pebble"))
        uid = os.getuid()
        self.assertEqual([event["event"] for event in events],
                         [f"sys_startup:{uid}", f"authz_admin:{uid},add_layer", f"sys_shutdown:{uid}"])

    def test_requests(self):
        self.start("--hold")
        self.daemon.get("/v1/services?names=a,b")
        self.daemon.get("/v1/nothing")
        self.daemon.wait_log("/v1/nothing")
        form = re.compile(TIME + r" \[pebble\] GET (/v1/\S+) [0-9.]+(µs|ms|s) (\d+) \(http\+unix\)")
        found = [form.fullmatch(line) for line in self.daemon.log_lines("GET /")]
        self.assertEqual([match and (match[1], match[3]) for match in found], [("/v1/services?names=a,b", "200"), ("/v1/nothing", "404")])

    def test_a_request_cannot_forge_a_line(self):
        self.start("--hold")
        forged = "2026-01-01T00:00:00.000Z [pebble] Forged"
        for path in ("/v1/x%0A", "/v1/x%0D%0A", "/v1/x?a=%0A", "/v1/%1B[2J", "/v1/%E2%80%A8"):
            self.daemon.get(path + forged.replace(" ", "%20").replace("[", "%5B").replace("]", "%5D"))
        self.daemon.raw(f"GET /v1/x\n{forged} HTTP/1.1\r\nHost: x\r\n\r\n".encode(), half_close=True)
        self.daemon.raw(b"GET /v1/\x1b[2J\x80\xff HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        self.daemon.get("/v1/last")
        self.daemon.wait_log("/v1/last")
        for line in self.daemon.log().splitlines():
            self.assertRegex(line, LOG_LINE)
            self.assertFalse(line.startswith("2026-01-01T00:00:00.000Z"), line)
            self.assertTrue(all(c.isprintable() for c in line), repr(line))

    def test_lines_are_whole_when_many_ask(self):
        self.start("--hold")

        def ask(number):
            connection = self.daemon.connection()
            for count in range(100):
                connection.request("GET", f"/v1/asked/{number}/{count}")
                connection.getresponse().read()
            connection.close()
        threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        lines = self.daemon.wait_log("GET /v1/asked", count=800)
        seen = {re.fullmatch(TIME + r" \[pebble\] GET /v1/asked/(\d+/\d+) \S+ 404 \(http\+unix\)", line)[1] for line in lines}
        self.assertEqual(seen, {f"{number}/{count}" for number in range(8) for count in range(100)})


class VerboseTest(OutputCase):
    """Each line that a service writes: time, name in brackets, and its bytes as they were."""

    def test_each_line_has_its_head(self):
        chat = self.daemon.script("chat", 'echo "said aloud"\necho "said aside" >&2\necho\necho "  more"\nexec sleep 1000\n')
        self.daemon.layer("001-test.yaml", plan_of({"chat": {"command": chat, "startup": "enabled"}}))
        self.start("--verbose")
        self.wait_output(b"more\n")
        for line, said in zip(self.output().decode().split("\n"), ("said aloud", "said aside", "", "  more"), strict=False):
            self.assertRegex(line, rf"^{TIME} \[chat\] {said}$")
        self.assertEqual(self.output().count(b"\n"), 4)
        self.assertNotIn("said", self.daemon.log())

    def test_bytes_are_not_altered(self):
        said = bytes(range(256)).replace(b"\n", b"") + b"\xff\xfe\r\xc3\x28 \xe2\x82\n"
        self.daemon.file("bytes", said)
        self.daemon.layer("001-test.yaml", plan_of({"raw": {"command": f"sh -c 'cat {self.daemon.path('bytes')}; exec sleep 1000'",
                                                           "startup": "enabled"}}))
        self.start("--verbose")
        self.wait_output(b"\xe2\x82\n")
        self.assertRegex(self.output(), re.compile(rb"\A" + TIME.encode() + rb" \[raw\] " + re.escape(said) + rb"\Z", re.DOTALL))

    def test_a_long_line_is_not_split(self):
        # Longer than what the ring keeps of a service.
        said = b"".join(b"%07d " % number for number in range(40000)) + b"end\n"
        self.daemon.file("bytes", said)
        self.daemon.layer("001-test.yaml", plan_of({"long": {"command": f"sh -c 'cat {self.daemon.path('bytes')}; exec sleep 1000'",
                                                            "startup": "enabled"}}))
        self.start("--verbose")
        self.wait_output(b"end\n")
        self.assertRegex(self.output(), re.compile(rb"\A" + TIME.encode() + rb" \[long\] " + re.escape(said) + rb"\Z"))

    def test_a_part_of_a_line_is_shown_at_once(self):
        go = self.daemon.path("go")
        asks = self.daemon.script("asks", f'printf "Name? "\nwhile [ ! -e {go} ]; do sleep 0.02; done\necho pebble\nexec sleep 1000\n')
        self.daemon.layer("001-test.yaml", plan_of({"asks": {"command": asks, "startup": "enabled"}}))
        self.start("--verbose")
        self.wait_output(b"[asks] Name? ")
        self.daemon.file("go")
        self.wait_output(b"[asks] Name? pebble\n")

    def test_lines_of_several_services_are_whole(self):
        # Less than a pipe holds of each: where a service is faster than the daemon a line may arrive in two parts, with
        # those of others between them.
        names = [f"s{number}" for number in range(4)]
        writes = self.daemon.script("writes", 'i=0\nwhile [ $i -lt 2000 ]; do echo "$1 line $i of mine"; i=$((i+1)); done\n'
                                    'echo "$1 done"\nexec sleep 1000\n')
        self.daemon.layer("001-test.yaml", plan_of({name: {"command": f"{writes} {name}", "startup": "enabled"} for name in names}))
        self.start("--verbose")
        for name in names:
            self.wait_output(f"{name} done\n".encode())
        lines = self.output().decode().splitlines()
        for name in names:
            mine = [re.fullmatch(TIME + rf" \[{name}\] (.*)", line) for line in lines if f"[{name}]" in line]
            self.assertEqual([match and match[1] for match in mine], [f"{name} line {i} of mine" for i in range(2000)] + [f"{name} done"])
        self.assertEqual(len(lines), 4 * 2001)

    def test_what_is_said_at_the_end_is_not_lost(self):
        ready = self.daemon.path("ready")
        # The shell may say that its child was terminated before it runs the trap.
        bye = self.daemon.script("bye", f'exec 2>/dev/null\ntrap "echo bye; exit 0" TERM\ntouch {ready}\nsleep 1000 &\nwait\n')
        self.daemon.layer("001-test.yaml", plan_of({"bye": {"command": bye, "startup": "enabled"}}))
        self.start("--verbose")
        wait_until(lambda: os.path.exists(ready), what="the service")
        self.assertEqual(self.daemon.stop(), 0)
        self.assertRegex(self.output().decode(), rf"\A{TIME} \[bye\] bye\n\Z")


if __name__ == "__main__":
    unittest.main()
