# SPDX-License-Identifier: GPL-3.0-or-later
"""Log targets that are down, slow, hang or refuse: services and other targets go on, and each line is counted."""

import calendar
import json
import os
import socket
import threading
import time
import unittest

from containers import MOUNTS, needs, start_within
from faults import descriptors, rss_kib, status_field
from harness import HANG_S, DaemonCase, free_port, is_sanitized, wait_until
from log_receivers import UdpTarget, layer_of, loki, opentelemetry, target_of, targets_of
from test_faults_checks import drip, drop_input, target

BOUND_S = 15  # for what takes 3 s, on a slow machine


def retry_s(shown):
    """The time of the next attempt in seconds, without the fraction."""
    return calendar.timegm(time.strptime(shown["retry-at"][:19], "%Y-%m-%dT%H:%M:%S"))


class FaultCase(DaemonCase):
    """A service "nut" writes what say() is given. What a target does is recorded by its receiver."""

    def start_with(self, mounts=None, **targets):
        fifo = self.daemon.path("fifo")
        os.mkfifo(fifo)
        # The shell may say that its child was terminated before it runs the trap.
        nut = self.daemon.script("nut", f"exec 2>/dev/null\ntrap 'echo bye; exit' TERM\ncat <> {fifo} &\nwait\n")
        self.daemon.layer("001-base.yaml", layer_of({"nut": nut}, targets))
        if mounts:
            start_within(self.daemon, mounts)
        else:
            self.daemon.start()
        self.input = open(fifo, "wb", buffering=0)
        self.addCleanup(self.input.close)

    def say(self, *lines):
        self.input.write("".join(line + "\n" for line in lines).encode())

    def wait_target(self, name="t", **members):
        """Waits until the target has these members; last_error is a part of it, or None."""
        def found():
            shown = targets_of(self.daemon)[name]
            error = shown.get("last-error")
            expected = members.get("last_error", "")
            is_right = (error is None) == (expected is None) if expected != "" else True
            if expected:
                is_right = error is not None and expected in error
            return shown if is_right and all(shown[key] == value for key, value in members.items()
                                             if key != "last_error") else None
        try:
            return wait_until(found, what=f"{name} to have {members}")
        except AssertionError as error:
            raise AssertionError(f"{error}: {targets_of(self.daemon)[name]}") from None

    def add(self, label, **targets):
        self.assertEqual(self.daemon.add_layer(label, json.dumps({"log-targets": targets})).status, 200)

    def texts(self, receiver):
        return [text for _, _, _, text in receiver.lines]


class UnreachableTest(FaultCase):
    def test_down_and_up_again(self):
        receiver = loki(self)
        port = free_port()
        location = receiver.location
        self.start_with(t=target_of("loki", f"http://127.0.0.1:{port}/x"), s=target_of("syslog", f"tcp://127.0.0.1:{port}"))
        self.say("one", "two")
        for name in ("t", "s"):
            self.wait_target(name, pending=2, sent=0, dropped=0, last_error="connection refused")
            # There is none during an attempt.
            wait_until(lambda name=name: "retry-at" in targets_of(self.daemon)[name], what="the time of the next attempt")
        with target(drop_input) as port:
            self.add("more", s=target_of("syslog", f"tcp://127.0.0.1:{port}"), t=target_of("loki", location))
            self.wait_target("s", pending=0, sent=2, dropped=0, last_error=None)
            self.wait_target("t", pending=0, sent=2, dropped=0, last_error=None)
        self.daemon.wait_log(r'Log target "[st]" has ended, 2 logs were not sent', 2)
        self.assertEqual(self.texts(receiver), ["one", "two"])

    def test_back_at_the_same_place(self):
        receiver = loki(self)
        is_down = True
        receiver.respond = lambda request: (503, {}) if is_down else (204, {})
        self.start_with(t=receiver.target())
        self.say("one", "two")
        self.wait_target(pending=2, last_error="HTTP 503 Service Unavailable")
        is_down = False
        shown = self.wait_target(pending=0, sent=2, dropped=0, last_error=None)
        self.assertNotIn("retry-at", shown)
        self.assertEqual(self.texts(receiver), ["one", "two"])

    def test_only_the_newest_lines_are_kept(self):
        receiver = opentelemetry(self)
        is_down = True
        receiver.respond = lambda request: (500, {}) if is_down else (200, {})
        self.start_with(t=receiver.target())
        self.say(*(str(number) for number in range(250)))
        self.wait_target(pending=100, sent=0, dropped=150)
        is_down = False
        self.wait_target(pending=0, sent=100, dropped=150)
        self.daemon.wait_log('Log target "t" accepts logs, 150 were dropped before')
        self.assertEqual(self.texts(receiver), [str(number) for number in range(150, 250)])

    def test_names_that_do_not_resolve(self):
        good = UdpTarget(self)
        self.start_with(a=target_of("loki", "http://no-such-name.invalid/x"), b=target_of("syslog", "tcp://no-such-name.invalid:514"),
                        c=target_of("syslog", "udp://no-such-name.invalid:514"), good=good.target())
        self.say("one")
        self.assertEqual(good.receive(), "one")
        for name in ("a", "b", "c"):
            self.wait_target(name, pending=1, sent=0, dropped=0, last_error="lookup no-such-name.invalid")

    @needs(MOUNTS)
    def test_names_whose_look_up_hangs(self):
        good = UdpTarget(self)
        hosts = self.daemon.path("hosts")
        bad = {}
        for number in range(20):
            host = f"name-{number}.test"
            bad[f"a{number}"] = target_of("loki", f"http://{host}/x")
            bad[f"b{number}"] = target_of("syslog", f"tcp://{host}:514")
            bad[f"c{number}"] = target_of("syslog", f"udp://{host}:514")
        self.start_with(f"mkfifo {hosts}\nmount --bind {hosts} /etc/hosts", good=good.target(), **bad)
        self.say("one")
        self.assertEqual(good.receive(), "one")
        for name in bad:
            self.wait_target(name, pending=1, sent=0, dropped=0, last_error="i/o timeout" if name[0] != "a" else "exceeded")
        self.say("two")
        self.assertEqual(good.receive(), "two")
        threads = int(status_field(self.daemon.process.pid, "Threads"))
        failed = len(self.daemon.log_lines("Cannot flush logs"))
        self.daemon.wait_log("Cannot flush logs", failed + len(bad), 60)  # more attempts take no more threads
        self.assertLess(int(status_field(self.daemon.process.pid, "Threads")), threads + 10)
        began = time.monotonic()
        self.assertEqual(self.daemon.stop(), 0)
        self.assertLess(time.monotonic() - began, BOUND_S)


class ResponseTest(FaultCase):
    def test_slow(self):
        receiver = loki(self)
        go_on = threading.Event()
        receiver.respond = lambda request: (go_on.wait(HANG_S), (204, {}))[1]
        good = UdpTarget(self)
        self.start_with(t=receiver.target(), good=good.target())
        self.say("one")
        receiver.wait_requests(1)
        self.say("two", "three")
        self.assertEqual([good.receive() for _ in range(3)], ["one", "two", "three"])
        self.wait_target(pending=3, sent=0, dropped=0)
        go_on.set()
        self.wait_target(pending=0, sent=3, dropped=0, last_error=None)
        self.assertEqual(self.texts(receiver), ["one", "two", "three"])

    def test_endless_response(self):
        with target(drip) as port:
            self.start_with(t=target_of("opentelemetry", f"http://127.0.0.1:{port}"))
            self.say("one")
            self.wait_target(pending=1, sent=0, dropped=0, last_error="exceeded")

    def ask_for_a_delay(self, headers, date=None):
        """A target that once asks for a delay; returns it, and the earliest and latest time of the next attempt."""
        receiver = loki(self)
        receiver.date = date
        receiver.respond = lambda request: (429, headers) if len(receiver.requests) == 1 else (204, {})
        self.good = UdpTarget(self)
        self.start_with(t=receiver.target(), good=self.good.target())
        self.say("one")
        self.assertEqual(self.good.receive(), "one")
        before = time.time()
        receiver.wait_requests(1)
        shown = self.wait_target(pending=1, last_error="HTTP 429 Too Many Requests")
        return receiver, retry_s(shown) - before, retry_s(shown) - time.time()

    def assert_held(self, receiver):
        """New lines wait too, until the daemon ends."""
        self.say("two")
        self.assertEqual(self.good.receive(), "two")
        self.wait_target(pending=2, sent=0, dropped=0)
        self.assertEqual(len(receiver.requests), 1)
        self.assertEqual(self.daemon.stop(), 0)
        self.assertEqual(self.texts(receiver), ["one", "two", "bye"])

    def assert_delay(self, found, delay_s):
        _, since_before, since_after = found
        self.assertGreater(since_before, delay_s - 60)  # it was asked for before
        self.assertLessEqual(since_after, delay_s)

    def test_retry_after_seconds(self):
        found = self.ask_for_a_delay({"Retry-After": "200"})
        self.assert_delay(found, 200)
        self.assert_held(found[0])

    def test_retry_after_is_bounded(self):
        self.assert_delay(self.ask_for_a_delay({"Retry-After": "100000"}), 300)

    def test_retry_after_date(self):
        found = self.ask_for_a_delay({"Retry-After": "Wed, 01 Jan 2020 00:03:20 GMT"}, "Wed, 01 Jan 2020 00:00:00 GMT")
        self.assert_delay(found, 200)
        self.assert_held(found[0])

    def test_retry_after_date_is_bounded(self):
        self.assert_delay(self.ask_for_a_delay({"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT"}), 300)

    def test_retry_after_is_obeyed(self):
        receiver, _, _ = self.ask_for_a_delay({"Retry-After": "1"})
        receiver.wait_requests(2)
        self.wait_target(pending=0, sent=1, dropped=0, last_error=None)

    def test_refused_lines_are_dropped(self):
        receiver = loki(self)
        receiver.respond = lambda request: (400, {}) if len(receiver.requests) == 1 else (204, {})
        self.start_with(t=receiver.target())
        self.say("one", "two")
        self.wait_target(pending=0, sent=0, dropped=2, last_error="HTTP 400 Bad Request")
        self.daemon.wait_log('Target "t": request failed with status 400, dropping 2 logs')
        self.say("three")
        self.wait_target(pending=0, sent=1, dropped=2, last_error=None)
        self.assertEqual(self.texts(receiver), ["three"])

    def test_closes_in_the_middle(self):
        connections = []

        def behave(sock):
            connections.append(sock)
            if len(connections) == 1:
                sock.recv(100)  # of the request
                return
            text = sock.recv(65536)
            while not text.endswith(b"]}]}"):
                text += sock.recv(65536)
            if len(connections) == 2:
                sock.sendall(b"HTTP/1.1 204 No")
            else:
                sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")

        with target(behave) as port:
            self.start_with(t=target_of("loki", f"http://127.0.0.1:{port}"))
            self.say("one")
            self.wait_target(pending=0, sent=1, dropped=0, last_error=None)
        self.assertEqual(len(self.daemon.log_lines('Cannot flush logs to target "t"')), 2)
        self.assertEqual(len(connections), 3)

    def test_syslog_connection_that_ends_is_replaced(self):
        received = [b""]

        def behave(sock):
            while data := sock.recv(65536):
                received[-1] += data
                if data.endswith(b"one"):
                    received.append(b"")
                    return

        with target(behave) as port:
            self.start_with(t=target_of("syslog", f"tcp://127.0.0.1:{port}"))
            before = len(descriptors(self.daemon.process.pid))
            self.say("one")
            self.wait_target(sent=1)
            wait_until(lambda: len(descriptors(self.daemon.process.pid)) <= before, what="the end of the connection")
            self.say("two")
            self.wait_target(pending=0, sent=2, dropped=0, last_error=None)
            wait_until(lambda: received[1].endswith(b"] two"), what="the second line")

    def test_datagrams_that_are_too_large(self):
        good = UdpTarget(self)
        self.start_with(t=good.target(), big=good.target(labels={"big": "x" * 70000}))
        self.say("y" * 4010)
        text = good.receive()
        self.assertEqual(text, "y" * 3997 + "...")
        self.wait_target("t", pending=0, sent=1, dropped=0)
        self.wait_target("big", pending=0, sent=0, dropped=1)
        self.daemon.wait_log('Cannot send 1 logs to target "big": too large for a datagram')


class FloodTest(FaultCase):
    """A service writes far more than its target takes."""

    COUNT = 20000 if is_sanitized() else 200000  # lines of 64 bytes

    def flood(self, shown_target, **more):
        done = self.daemon.path("done")
        # Whole lines come in each piece of output, for half a line would count as one.
        script = self.daemon.script("nut", f"seq -f 'line %058.0f' {self.COUNT}\n: > {done}\nexec sleep 1000\n")
        self.daemon.layer("001-base.yaml", layer_of({"nut": {"command": script, "startup": "disabled"}},
                                                    {"t": shown_target, **more}))
        self.daemon.start()
        before = rss_kib(self.daemon.process.pid)
        self.daemon.services("start", "nut")
        wait_until(lambda: os.path.exists(done), what="the service to have written all")
        wait_until(self.is_exact, what="the counts")
        if not is_sanitized():
            self.assertLess(rss_kib(self.daemon.process.pid) - before, 4096)

    def is_exact(self):
        return all(shown["pending"] + shown["sent"] + shown["dropped"] == self.COUNT
                   for shown in targets_of(self.daemon).values())

    def wait_all(self):
        def is_over():
            self.assertTrue(self.is_exact(), targets_of(self.daemon))
            return all(shown["pending"] == 0 for shown in targets_of(self.daemon).values())
        wait_until(is_over, what="the last line")
        return targets_of(self.daemon)

    def assert_received(self, receiver, shown):
        texts = self.texts(receiver)
        self.assertEqual(len(texts), shown["sent"])
        self.assertEqual(len(set(texts)), shown["sent"])
        self.assertEqual(texts, sorted(texts))
        self.assertEqual(texts[-1], f"line {self.COUNT:058d}")

    def test_target_that_hangs_meanwhile(self):
        receiver = loki(self)
        go_on = threading.Event()
        receiver.respond = lambda request: (go_on.wait(HANG_S), (204, {}))[1]
        self.flood(receiver.target())
        shown = targets_of(self.daemon)["t"]
        self.assertGreater(shown["dropped"], self.COUNT // 2)
        go_on.set()
        shown = self.wait_all()["t"]
        if shown.get("last-error") is None and not self.daemon.log_lines("Cannot flush"):
            self.assert_received(receiver, shown)
        listed = json.loads(self.daemon.cli("log-targets", "--format", "json").stdout)["log-targets"]["t"]
        self.assertEqual((listed["pending"], listed["sent"], listed["dropped"]), (0, shown["sent"], shown["dropped"]))
        row = self.daemon.cli("log-targets").stdout.splitlines()[1].split()
        self.assertEqual(row, ["t", "loki", "0", str(shown["sent"]), str(shown["dropped"]), "-", "-"])

    def test_slow_targets(self):
        receivers = {"t": loki(self), "u": opentelemetry(self)}
        for receiver in receivers.values():
            receiver.respond = lambda request: (time.sleep(0.02), (200, {}))[1]
        self.flood(receivers["t"].target(), u=receivers["u"].target())
        for name, shown in self.wait_all().items():
            self.assert_received(receivers[name], shown)
            self.assertEqual(receivers[name].faults, [])

    def test_target_that_fails(self):
        receiver = loki(self)
        is_down = True
        receiver.respond = lambda request: (503, {}) if is_down else (204, {})
        self.flood(receiver.target())
        is_down = False
        self.assert_received(receiver, self.wait_all()["t"])

    def test_syslog_target_that_reads_nothing(self):
        go_on = threading.Event()
        received = []

        def behave(sock):
            go_on.wait(HANG_S)
            while data := sock.recv(1 << 20):
                received.append(data)

        with target(behave) as port:
            self.flood(target_of("syslog", f"tcp://127.0.0.1:{port}"))
            go_on.set()
            shown = self.wait_all()["t"]
            self.assertEqual(self.daemon.stop(), 0)
            wait_until(lambda: f"line {self.COUNT:058d}".encode() in b"".join(received), what="the last line")
        if not self.daemon.log_lines("Cannot flush"):
            self.assertEqual(b"".join(received).count(b"<13>1 "), shown["sent"])


class EndTest(FaultCase):
    def hang(self):
        """A target that hangs until go_on is set."""
        receiver = loki(self)
        self.go_on = threading.Event()
        receiver.respond = lambda request: (self.go_on.wait(HANG_S), (204, {}))[1]
        self.addCleanup(self.go_on.set)
        return receiver

    def test_one_target_hangs(self):
        hung, good = self.hang(), UdpTarget(self)
        self.start_with(a=hung.target(), good=good.target())
        self.say("one")
        self.assertEqual(good.receive(), "one")
        hung.wait_requests(1)
        self.say("two")
        self.wait_target("a", pending=2)
        began = time.monotonic()
        self.assertEqual(self.daemon.stop(), 0)
        self.assertLess(time.monotonic() - began, BOUND_S)
        self.assertEqual([good.receive(), good.receive()], ["two", "bye"])
        self.assertIn("Cannot send all logs to log targets before exiting: timeout", self.daemon.log())
        self.assertIn('Log target "a" has ended, 3 logs were not sent', self.daemon.log())

    def test_target_without_connections(self):
        with socket.create_server(("127.0.0.1", 0)) as hung:  # accepts nothing
            good = UdpTarget(self)
            self.start_with(a=target_of("loki", f"http://user:secret@127.0.0.1:{hung.getsockname()[1]}/push"),
                            good=good.target())
            self.say("one", "two")
            self.assertEqual([good.receive(), good.receive()], ["one", "two"])
            self.wait_target("good", sent=2)
            shown = self.wait_target("a", pending=2, sent=0, dropped=0)
            self.assertNotIn("secret", shown["location"])

    def test_removed_targets_are_waited_for(self):
        hung, good = self.hang(), loki(self)
        self.start_with(t=hung.target())
        self.say("one")
        hung.wait_requests(1)
        self.say("two")
        self.wait_target(pending=2)
        self.add("moved", t=good.target())
        good.wait_lines(2)
        self.daemon.send_signal(15)
        self.daemon.wait_log("Shutting down")
        self.go_on.set()
        self.assertEqual(self.daemon.wait_exit(), 0)
        self.assertEqual(self.texts(hung), ["one", "two"])
        self.assertEqual(self.texts(good), ["one", "two", "bye"])
        self.assertNotIn("timeout", self.daemon.log())

    def test_removed_targets_are_bounded(self):
        hung, good = self.hang(), loki(self)
        self.start_with(t=hung.target())
        self.say("one")
        hung.wait_requests(1)
        before = len(descriptors(self.daemon.process.pid))
        for number in range(40):
            self.add("moved", t={**hung.target(), "location": f"{hung.location}?{number}"})
        self.add("moved", t=good.target())
        good.wait_lines(1)
        wait_until(lambda: len(descriptors(self.daemon.process.pid)) <= before + 16, what="the end of connections")
        self.daemon.wait_log('Log target "t" has ended, 1 logs were not sent', 24)
        self.assertEqual(self.texts(good), ["one"])

    def test_added_while_another_hangs(self):
        hung, good = self.hang(), opentelemetry(self)
        self.start_with(a=hung.target())
        self.say("one")
        hung.wait_requests(1)
        self.add("more", b=good.target())
        self.say("two")
        good.wait_lines(2)
        self.assertEqual(self.texts(good), ["one", "two"])
        self.go_on.set()
        hung.wait_lines(2)
        self.assertEqual(self.texts(hung), ["one", "two"])


if __name__ == "__main__":
    unittest.main()
