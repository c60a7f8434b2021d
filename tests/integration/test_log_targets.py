# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs of services as receivers get them: rsyslog, and replicas of Loki and of an OpenTelemetry collector."""

import datetime
import json
import os
import shutil
import socket
import time
import unittest

from harness import DaemonCase, wait_until
from log_receivers import Rsyslog, UdpTarget, layer_of, loki, opentelemetry, target_of, targets_of

LINES = [b"plain", b"  spaces  ", b'tab\t "quotes" \\ [x y="z"] \x1b[1m', "grün ☃ 😀 \u2028".encode(), b"<a>&amp; %s 12 <13>1"]
ODD_LINES = [b"bad \xff\xc3 bytes", b"", b"nul \0 here"]
LABELS = {"site": "Übersee ]\"\\ $NAME-${NAME}", "empty": "", "lit": "a$", "_x9": "{\"a\": [1]}"}
EXPANDED = {**LABELS, "site": "Übersee ]\"\\ walnut 7-walnut 7"}


def text_of(line):
    return "".join(chr(c) if c < 0x80 else "\ufffd" for c in line) if b"\xff" in line else line.decode()


class LogTargetCase(DaemonCase):
    def start_with(self, lines, **targets):
        """Starts the daemon with a service "nut" that writes the lines, and these targets."""
        path = self.daemon.file("lines", b"".join(line + b"\n" for line in lines))
        nut = {"command": self.daemon.script("nut", f"cat {path}\nexec sleep 1000\n"), "environment": {"NAME": "walnut 7"}}
        self.began_ns = time.time_ns()
        self.daemon.layer("001-base.yaml", layer_of({"nut": nut}, targets))
        self.daemon.start()

    def assert_time(self, nanoseconds):
        """It is now, in whole milliseconds."""
        self.assertEqual(nanoseconds % 1_000_000, 0)
        self.assertLessEqual(self.began_ns // 1_000_000 * 1_000_000, nanoseconds)
        self.assertLessEqual(nanoseconds, time.time_ns())

    def wait_sent(self, name, count):
        wait_until(lambda: targets_of(self.daemon)[name]["sent"] == count, what="the count of what was sent")
        target = targets_of(self.daemon)[name]
        self.assertEqual((target["pending"], target["dropped"]), (0, 0))
        self.assertNotIn("last-error", target)
        self.assertNotIn("retry-at", target)


@unittest.skipUnless(shutil.which("rsyslogd"), "rsyslogd is not there: ./dev servers")
class RsyslogTest(LogTargetCase):
    def forward(self, scheme):
        rsyslog = Rsyslog(self)
        location = f"{scheme}://127.0.0.1:{getattr(rsyslog, scheme)}"
        self.start_with(LINES, t=target_of("syslog", location, labels=LABELS))
        found = rsyslog.wait_messages(len(LINES))
        self.assertEqual([item["msg"] for item in found], [text_of(line) for line in LINES])
        for item in found:
            self.assertEqual((item["app-name"], item["procid"], item["msgid"], item["hostname"]),
                             ("nut", "-", "-", socket.gethostname()))
            self.assertEqual((item["pri"], item["protocol-version"]), ("13", "1"))
            self.assertEqual(item["$!"]["rfc5424-sd"], {"pebble@28978": EXPANDED})
            stamp = datetime.datetime.fromisoformat(item["timereported"].replace("Z", "+00:00"))
            self.assert_time(round(stamp.timestamp() * 1000) * 1_000_000)
        self.wait_sent("t", len(LINES))
        return rsyslog

    def test_over_tcp(self):
        self.forward("tcp")

    def test_over_udp(self):
        self.forward("udp")

    def test_many_lines_over_one_connection(self):
        rsyslog = Rsyslog(self)
        lines = [b"%d %s" % (number, b"x" * (number % 200)) for number in range(500)]
        self.start_with(lines, t=target_of("syslog", f"tcp://127.0.0.1:{rsyslog.tcp}"))
        found = rsyslog.wait_messages(len(lines))
        self.assertEqual([item["msg"] for item in found], [line.decode() for line in lines])
        self.wait_sent("t", len(lines))


class ReplicaTest(LogTargetCase):
    def forward(self, create):
        receiver = create(self)
        receiver.location = receiver.location.replace("http://", "http://pip:se%40cret@")
        self.start_with(LINES + ODD_LINES, t=receiver.target(labels=LABELS))
        found = receiver.wait_lines(len(LINES + ODD_LINES))
        self.assertEqual(receiver.faults, [])
        self.assertEqual([text for _, _, _, text in found], [text_of(line) for line in LINES + ODD_LINES])
        for service, labels, nanoseconds, _ in found:
            self.assertEqual((service, labels), ("nut", EXPANDED))
            self.assert_time(nanoseconds)
        for request in receiver.requests:
            self.assertEqual(request.credentials(), "pip:se@cret")
            self.assertRegex(request.headers["user-agent"], r"^pebble/v[0-9.]+\+cobble")
        self.wait_sent("t", len(LINES + ODD_LINES))

    def test_loki(self):
        self.forward(loki)

    def test_opentelemetry(self):
        self.forward(opentelemetry)

    def test_several_services(self):
        receivers = {"loki": loki(self), "opentelemetry": opentelemetry(self)}
        commands = {name: self.daemon.script(name, f"for i in $(seq 300); do echo {name} $i; done\nexec sleep 1000\n")
                    for name in ("almond", "pecan", "walnut")}
        self.daemon.layer("001-base.yaml", layer_of(commands, {
            name: receiver.target("all", "-pecan") for name, receiver in receivers.items()}))
        self.daemon.start()
        for receiver in receivers.values():
            found = receiver.wait_lines(600)
            self.assertEqual(receiver.faults, [])
            for name in ("almond", "walnut"):
                self.assertEqual([text for service, _, _, text in found if service == name],
                                 [f"{name} {i}" for i in range(1, 301)])
            self.assertTrue(all(len(request.lines) <= 100 for request in receiver.requests))

    def test_changes_of_the_plan(self):
        old, new, other = loki(self), loki(self), UdpTarget(self)
        fifo = self.daemon.path("fifo")
        command = self.daemon.script("nut", f"mkfifo {fifo}\nexec cat <> {fifo}\n")
        self.daemon.layer("001-base.yaml", layer_of({"nut": command}, {"t": old.target(labels={"plan": "one"})}))
        self.daemon.start()
        wait_until(lambda: self.daemon.service("nut")["current"] == "active", what="the service")

        def say(text):
            with open(fifo, "w", encoding="ascii") as out:
                out.write(text + "\n")

        wait_until(lambda: os.path.exists(fifo), what="the pipe")
        say("first")
        self.assertEqual([line[1:4:2] for line in old.wait_lines(1)], [({"plan": "one"}, "first")])
        # Another target changes nothing for the first one, and gets all that there is.
        self.add("more", {"u": other.target()})
        self.assertEqual(other.receive(), "first")
        # Another location: the new one gets all.
        self.add("there", {"t": new.target(labels={"plan": "two"})})
        self.assertEqual([line[1:4:2] for line in new.wait_lines(1)], [({"plan": "two"}, "first")])
        say("second")
        self.assertEqual(other.receive(), "second")
        self.assertEqual([line[1:4:2] for line in new.wait_lines(2)][1:], [({"plan": "two"}, "second")])
        # Removed: nothing more comes.
        self.add("away", {"t": new.target("-all")})
        say("third")
        self.assertEqual(other.receive(), "third")
        self.assertEqual(self.daemon.stop(), 0)
        self.assertEqual([text for _, _, _, text in old.lines], ["first"])
        self.assertEqual([text for _, _, _, text in new.lines], ["first", "second"])
        self.assertEqual(old.faults + new.faults, [])

    def add(self, label, targets):
        self.assertEqual(self.daemon.add_layer(label, json.dumps({"log-targets": targets})).status, 200)


if __name__ == "__main__":
    unittest.main()
