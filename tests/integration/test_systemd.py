# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemon under systemd: notifications, the watchdog, standby, and signals."""

import os
import signal
import socket
import unittest

from faults import plan_of
from harness import HANG_S, DaemonCase, wait_until

STANDBY = "daemon stop requested to wait for socket activation\n"


class Inbox:
    """The socket that systemd listens on; an abstract one if the name begins with an at sign."""

    def __init__(self, test, name):
        self.name = name
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        test.addCleanup(self.socket.close)
        self.socket.bind("\0" + name[1:] if name.startswith("@") else name)
        self.socket.settimeout(HANG_S)

    def next(self):
        return self.socket.recv(4096).decode()

    def rest(self):
        """The messages received so far."""
        self.socket.setblocking(False)
        messages = []
        try:
            while True:
                messages.append(self.socket.recv(4096).decode())
        except BlockingIOError:
            return messages
        finally:
            self.socket.settimeout(HANG_S)


class SystemdCase(DaemonCase):
    def setUp(self):
        super().setUp()
        self.daemon.layer("001-test.yaml", plan_of({"one": {"command": "sleep 1000", "startup": "enabled"}}))
        self.inbox = Inbox(self, self.daemon.path("notify"))

    def start(self, *arguments, **env):
        """Starts the daemon without sending requests. Without --hold its service keeps it from standby, however slow the test
        is."""
        return self.daemon.start(*arguments, wait=False, env={"NOTIFY_SOCKET": self.inbox.name, **env})


class NotifyTest(SystemdCase):
    def test_ready_and_stopping(self):
        self.start()
        self.assertEqual(self.inbox.next(), "READY=1")
        # The daemon responds now.
        self.assertEqual(self.daemon.get("/v1/system-info").status, 200)
        self.assertEqual(self.daemon.stop(), 0)
        self.assertEqual(self.inbox.rest(), ["STOPPING=1"])

    def test_abstract_socket(self):
        self.inbox = Inbox(self, f"@cobble-test-{os.getpid()}-{self.daemon.dir}")
        self.start()
        self.assertEqual(self.inbox.next(), "READY=1")
        self.assertEqual(self.daemon.stop(), 0)
        self.assertEqual(self.inbox.rest(), ["STOPPING=1"])

    def test_a_daemon_that_cannot_start_is_not_ready(self):
        self.daemon.layer("002-bad.yaml", "services: 7\n")
        self.start()
        self.assertEqual(self.daemon.wait_exit(), 1)
        self.assertEqual(self.inbox.rest(), [])

    def test_nobody_listens(self):
        for name in (self.daemon.path("nothing"), "", "relative", "@", "/", "/" + "x" * 200):
            with self.subTest(name):
                self.daemon.start("--hold", env={"NOTIFY_SOCKET": name})
                self.assertEqual(self.daemon.stop(), 0)

    def test_what_the_daemon_starts_cannot_report_in_its_place(self):
        path = self.daemon.path("env")
        command = self.daemon.script("show", f"env >{path}.new\nmv {path}.new {path}\nexec sleep 1000\n")
        self.daemon.layer("002-shown.yaml", plan_of({"shown": command}))
        self.start("--hold", WATCHDOG_USEC="60000000", WATCHDOG_PID="1", LISTEN_FDS="1", LISTEN_PID="1")
        self.assertEqual(self.inbox.next(), "READY=1")
        self.daemon.services("start", "shown")
        wait_until(lambda: os.path.exists(path), what="the service's environment")
        for text in (self.daemon.read("env"), self.daemon.cli("exec", "env").stdout):
            self.assertIn("PATH=", text)
            self.assertNotRegex(text, "(?m)^(NOTIFY_SOCKET|WATCHDOG_|LISTEN_)")

    def test_a_full_socket_is_not_waited_for(self):
        # Nobody reads, and the queue is full before the daemon begins.
        sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(sender.close)
        sender.setblocking(False)
        with self.assertRaises(BlockingIOError):
            while True:
                sender.sendto(b"X=1", self.inbox.name)
        self.daemon.start("--hold", env={"NOTIFY_SOCKET": self.inbox.name, "WATCHDOG_USEC": "20000"})
        self.assertEqual(self.daemon.services("start", "one")["status"], "Done")
        self.assertEqual(self.daemon.stop(), 0)
        self.assertNotIn("READY=1", self.inbox.rest())


class WatchdogTest(SystemdCase):
    def test_it_reports_again_and_again(self):
        for value in ("100000", "100000.0", "1e5"):
            with self.subTest(value):
                self.start(WATCHDOG_USEC=value)
                self.assertEqual([self.inbox.next() for _ in range(4)], ["READY=1"] + 3 * ["WATCHDOG=1"])
                self.assertEqual(self.daemon.stop(), 0)
                self.assertEqual(self.inbox.rest()[-1], "STOPPING=1")

    def test_a_daemon_that_is_stopped_does_not(self):
        self.start(WATCHDOG_USEC="20000")
        self.assertEqual([self.inbox.next() for _ in range(2)], ["READY=1", "WATCHDOG=1"])
        self.daemon.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.daemon.process.pid, os.WSTOPPED)
        self.inbox.rest()
        self.inbox.socket.settimeout(0.3)
        with self.assertRaises(TimeoutError):
            self.inbox.next()
        self.daemon.send_signal(signal.SIGCONT)
        self.inbox.socket.settimeout(HANG_S)
        self.assertEqual(self.inbox.next(), "WATCHDOG=1")

    def test_values_that_are_refused(self):
        for value in ("0", "0.0", "x", "30s", "-1", "-30000000", "nan", "inf", "1e400", "30000000 "):
            with self.subTest(value):
                self.daemon.file("daemon.log")
                self.start("--hold", WATCHDOG_USEC=value)
                self.assertEqual(self.daemon.wait_exit(), 1)
                self.assertEqual(self.daemon.log().splitlines()[-1],
                                 f'cannot run daemon: cannot run software watchdog: cannot parse WATCHDOG_USEC: "{value}"')
                self.assertNotIn("Started daemon", self.daemon.log())
                self.assertEqual(self.inbox.rest(), [])
                self.assertFalse(os.path.exists(self.daemon.socket_path))

    def test_an_empty_value_is_none(self):
        self.start(WATCHDOG_USEC="")
        self.assertEqual(self.inbox.next(), "READY=1")
        self.assertEqual(self.daemon.stop(), 0)
        self.assertEqual(self.inbox.rest(), ["STOPPING=1"])


class StandbyTest(SystemdCase):
    def start_one(self, *arguments, daemon=None):
        """A daemon of its own with its standard output apart; once it is ready."""
        daemon = daemon or self.daemon
        with open(daemon.path("stdout"), "wb") as out:
            daemon.start(*arguments, wait=False, stdout=out, env={"NOTIFY_SOCKET": self.inbox.name})
        self.assertEqual(self.inbox.next(), "READY=1")
        return daemon

    def test_nothing_to_supervise(self):
        self.start_one("--hold")
        self.assertEqual(self.daemon.wait_exit(), 42)
        self.assertEqual(self.daemon.read("stdout"), STANDBY)
        self.assertEqual(self.inbox.rest(), ["STOPPING=1"])
        self.assertFalse(os.path.exists(self.daemon.socket_path))

    def test_a_running_service_keeps_it(self):
        # The one with a service looks first: what is still there when the other has gone has decided to stay.
        busy = self.new_daemon()
        busy.layer("001-test.yaml", plan_of({"one": {"command": "sleep 1000", "startup": "enabled"}}))
        self.start_one(daemon=busy)
        self.start_one("--hold")
        self.assertEqual(self.daemon.wait_exit(), 42)
        self.assertEqual(busy.get("/v1/system-info").status, 200)
        self.assertEqual(busy.service("one")["current"], "active")
        self.assertEqual(busy.stop(), 0)
        self.assertEqual(busy.read("stdout"), "")

    def test_a_client_that_waits_keeps_it(self):
        waiting = self.new_daemon()
        self.start_one("--hold", daemon=waiting)
        with waiting.connect() as sock:
            sock.sendall(b"GET /v1/logs?follow=true HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.start_one("--hold")
            self.assertEqual(self.daemon.wait_exit(), 42)
            self.assertEqual(waiting.get("/v1/system-info").status, 200)
        self.assertEqual(waiting.stop(), 0)

    def test_without_systemd_it_stays(self):
        alone = self.new_daemon()
        alone.start("--hold")
        abstract = self.new_daemon()
        abstract.start("--hold", env={"NOTIFY_SOCKET": f"@cobble-nobody-{os.getpid()}"})
        self.start_one("--hold")
        self.assertEqual(self.daemon.wait_exit(), 42)
        for daemon in (alone, abstract):
            self.assertEqual(daemon.get("/v1/system-info").status, 200)
            self.assertEqual(daemon.stop(), 0)


class SignalTest(SystemdCase):
    def test_hangup_is_ignored_and_said(self):
        self.daemon.start()
        self.daemon.wait_log("Started default services")
        for count in range(1, 4):
            self.daemon.send_signal(signal.SIGHUP)
            self.daemon.wait_log(r"\[pebble\] Ignoring SIGHUP: ", count=count)
        self.assertEqual(self.daemon.service("one")["current"], "active")
        self.assertEqual(self.daemon.stop(), 0)

    def test_the_others_end_it(self):
        for number, word in ((signal.SIGTERM, "terminated"), (signal.SIGINT, "interrupt"), (signal.SIGQUIT, "quit")):
            with self.subTest(word):
                self.daemon.start()
                self.assertEqual(self.daemon.stop(number), 0)
                self.assertEqual(self.daemon.log_lines("Exiting on")[-1].split("[pebble] ")[1], f"Exiting on {word} signal.")

    def test_further_ones_are_ignored_while_it_stops(self):
        ready = self.daemon.path("ready")
        slow = self.daemon.script("slow", f'trap "sleep 0.4; exit 0" TERM\ntouch {ready}\nwhile :; do sleep 0.02; done\n')
        self.daemon.layer("002-slow.yaml", plan_of({"slow": {"command": slow, "startup": "enabled"}}))
        self.daemon.start()
        self.daemon.wait_log("Started default services")
        self.daemon.send_signal(signal.SIGTERM)
        self.daemon.wait_log("Stopping all running services")
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
            self.daemon.send_signal(number)
        self.assertEqual(self.daemon.wait_exit(), 0)
        self.assertEqual(self.daemon.leftovers(), [])
        self.assertEqual(len(self.daemon.log_lines("Exiting on")), 1)


if __name__ == "__main__":
    unittest.main()
