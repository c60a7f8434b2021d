# SPDX-License-Identifier: GPL-3.0-or-later
"""Misbehaving targets and commands of checks, many checks, a paused daemon: health responds, and nothing is left over."""

import contextlib
import math
import os
import re
import signal
import socket
import threading
import time

from faults import children, descriptors, is_alive, rss_kib, status_field, wait_pid_file
from harness import DaemonCase, is_sanitized, wait_until


def checks_of(checks):
    """A layer's text: for each check its settings in YAML's flow style."""
    return "checks:\n" + "".join(f"  {name}: {{override: replace, {text}}}\n" for name, text in checks.items())


@contextlib.contextmanager
def target(behave):
    """A TCP server; behave(sock) runs in a thread for each connection. Yields the port."""
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as server:
        def serve(sock):
            with contextlib.suppress(OSError), sock:
                behave(sock)

        def accept():
            with contextlib.suppress(OSError):
                while True:
                    sock, _ = server.accept()
                    threading.Thread(target=serve, args=(sock,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def drop_input(sock):
    while sock.recv(65536):
        pass


def drip(sock):
    while True:
        sock.sendall(b"H")
        time.sleep(1)


def flood(sock):
    sock.sendall(b"HTTP/1.1 500 Broken\r\n\r\n")
    while True:
        sock.sendall(b"x" * 65536)


def flood_the_head(sock):
    sock.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        sock.sendall(b"X-More: " + b"x" * 1000 + b"\r\n")


def redirect(sock):
    sock.recv(65536)
    sock.sendall(b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


class BadTargetsTest(DaemonCase):
    def result(self, name):
        return self.daemon.post("/v1/checks/refresh", {"name": name}).result

    def refresh(self, behave, timeout="10m"):
        with target(behave) as port:
            self.daemon.layer("001-test.yaml", checks_of({
                "bad": f"period: 1h, timeout: {timeout}, http: {{url: 'http://127.0.0.1:{port}/'}}"}))
            self.daemon.start()
            before = len(descriptors(self.daemon.process.pid))
            result = self.result("bad")
            self.assertEqual(self.daemon.get("/v1/health").status, 200)
            wait_until(lambda: len(descriptors(self.daemon.process.pid)) <= before, what="the connection to be closed")
            return result["error"]

    def test_accepts_and_never_responds(self):
        self.assertEqual(self.refresh(drop_input, "500ms"), "check timed out after 500ms")

    def test_one_byte_a_second(self):
        self.assertEqual(self.refresh(drip, "500ms"), "check timed out after 500ms")

    def test_endless_body(self):
        self.assertEqual(self.refresh(flood), "non-2xx status code 500; " + "x" * 512)

    def test_endless_head(self):
        self.assertIn("server response headers exceeded", self.refresh(flood_the_head))

    def test_redirect_loop(self):
        self.assertIn("stopped after 10 redirects", self.refresh(redirect))


class BadCommandsTest(DaemonCase):
    def start_one(self, script, settings="period: 1h, timeout: 500ms"):
        self.daemon.script("check", script)
        self.daemon.layer("001-test.yaml", checks_of({
            "bad": f"{settings}, exec: {{command: {self.daemon.path('check')}}}"}))
        self.daemon.start()

    def refresh(self):
        return self.daemon.post("/v1/checks/refresh", {"name": "bad"}).result.get("error")

    def assert_nothing_runs(self):
        wait_until(lambda: children(self.daemon.process.pid) == [], what="the end of all processes")

    def test_ignores_sigterm(self):
        self.start_one("trap '' TERM INT HUP\nwhile :; do sleep 0.1; done\n")
        self.assertEqual(self.refresh(), "check timed out after 500ms")
        self.assert_nothing_runs()

    def test_forks_in_its_group(self):
        path = self.daemon.path("pid")
        self.start_one(f"sh -c 'echo $$ > {path}; exec sleep 1000' &\nwait\n")

        def has_forked():  # on a busy machine it is killed before it comes so far
            self.assertEqual(self.refresh(), "check timed out after 500ms")
            return os.path.exists(path) and os.path.getsize(path) > 0
        wait_until(has_forked, what="the child's process ID")
        pid = wait_pid_file(path)
        wait_until(lambda: not is_alive(pid), what="the end of the group")
        self.assert_nothing_runs()

    def test_forks_away_with_its_output(self):
        path = self.daemon.path("pid")
        self.start_one(f"setsid sh -c 'echo $$ > {path}; exec sleep 1000' &\n"
                       f"while [ ! -s {path} ]; do sleep 0.01; done\necho late; exit 3\n", "period: 1h, timeout: 10m")
        before = len(descriptors(self.daemon.process.pid))
        self.assertEqual(self.refresh(), "exit status 3; late")
        wait_until(lambda: len(descriptors(self.daemon.process.pid)) <= before, what="the pipe to be closed")
        os.kill(wait_pid_file(path), signal.SIGKILL)
        self.assert_nothing_runs()

    def test_floods_its_output(self):
        self.start_one("while :; do echo 0123456789012345678901234567890123456789; done\n")
        self.assertEqual(self.refresh(), "check timed out after 500ms")
        self.assertEqual(self.daemon.get("/v1/health").status, 200)
        self.assert_nothing_runs()

    def test_runs_at_shutdown(self):
        self.start_one(f"echo $$ > {self.daemon.path('pid')}\ntrap '' TERM\nwhile :; do sleep 0.1; done\n",
                       "period: 100ms, timeout: 100ms, threshold: 1000000")
        pid = wait_pid_file(self.daemon.path("pid"))
        self.assertEqual(self.daemon.stop(), 0)
        wait_until(lambda: not is_alive(pid), what="the end of the command")
        self.assertEqual(self.daemon.leftovers(), [])

    def test_plan_change_while_it_runs(self):
        path = self.daemon.path("pid")
        self.start_one(f"echo $$ > {path}\nexec sleep 1000\n", "period: 100ms, timeout: 1h, threshold: 1000000")
        pid = wait_pid_file(path)
        self.assertEqual(self.daemon.add_layer("more", "checks:\n  bad: {override: merge, startup: disabled}\n").status,
                         200)
        self.assertEqual(self.daemon.check("bad")["status"], "inactive")
        wait_until(lambda: not is_alive(pid), what="the end of the command")
        self.assert_nothing_runs()


class ForeignTextTest(DaemonCase):
    """What a target or a command writes cannot act on a terminal, and cannot forge a line of the log."""

    FORGED = b"red\x1b[31m\rover\nforged"
    SHOWN = r"red\x1b[31m\rover\nforged"

    def fail(self, text):
        """Lets a check with this configuration fall; its name is bad."""
        self.daemon.layer("001-test.yaml", checks_of({"bad": f"period: 1h, timeout: 10m, threshold: 1, {text}"}))
        self.daemon.start()
        self.daemon.post("/v1/checks/refresh", {"name": "bad"})

    def assert_escaped(self, message):
        text = f"{message}; {self.SHOWN}"
        self.assertIn(f" ({text})\n", self.daemon.cli("checks").stdout)
        tasks = self.daemon.cli("tasks", "1").stdout
        # Its lines are kept, as the log of a task is text of several lines.
        self.assertIn(" ERROR " + text.replace(r"\n", "\n") + "\n", tasks)
        self.daemon.wait_log(re.escape(f'Check "bad" failure 1/1: {message}'))
        self.daemon.wait_log("^ *forged$")
        log = self.daemon.log()
        self.assertIn("failed: " + text.replace(r"\n", "\n    ") + "\n", log)  # indented: it is no line of the daemon
        for shown in (log, tasks):
            self.assertNotIn("\x1b", shown)
            self.assertNotIn("\r", shown)

    def test_of_a_body(self):
        def respond(sock):
            sock.recv(65536)
            sock.sendall(b"HTTP/1.1 500 Broken\r\nContent-Length: %d\r\n\r\n%s" % (len(self.FORGED), self.FORGED))

        with target(respond) as port:
            self.fail(f"http: {{url: 'http://127.0.0.1:{port}/'}}")
            self.assert_escaped("non-2xx status code 500")

    def test_of_an_output(self):
        self.daemon.script("check", r"printf 'red\033[31m\rover\nforged\n'" + "\nexit 7\n")
        self.fail(f"exec: {{command: {self.daemon.path('check')}}}")
        self.assert_escaped("exit status 7")


class BoundedCase(DaemonCase):
    """Measures what the daemon uses, and compares."""

    def usage(self):
        """Memory in KiB, descriptors, threads."""
        pid = self.daemon.process.pid
        return rss_kib(pid), len(descriptors(pid)), int(status_field(pid, "Threads"))

    def assert_bounded(self, before, more_descriptors):
        memory_kib, descriptor_count, threads = self.usage()
        if not is_sanitized():  # which keeps freed memory for a while
            self.assertLess(memory_kib - before[0], 4096)
        self.assertLessEqual(descriptor_count, before[1] + more_descriptors)
        self.assertLess(threads, 64)


class BadForLongTest(BoundedCase):
    """Targets and commands that never behave, again and again."""

    TARGETS = (drop_input, drip, flood, flood_the_head, redirect)
    COMMANDS = {"deaf": "trap '' TERM INT HUP\nwhile :; do sleep 0.1; done\n",
                "away": "setsid sleep 2 &\necho late; exit 3\n",
                "loud": "while :; do echo 0123456789012345678901234567890123456789; done\n"}

    def failures(self):
        return min(check.get("failures", 0) for check in self.daemon.get("/v1/checks").result)

    def test_memory_and_descriptors_are_bounded(self):
        checks = {}
        with contextlib.ExitStack() as stack:
            for behave in self.TARGETS:
                port = stack.enter_context(target(behave))
                for number in range(4):
                    checks[f"{behave.__name__}-{number}"] = f"http: {{url: 'http://127.0.0.1:{port}/'}}"
            for name, script in self.COMMANDS.items():
                checks[name] = f"exec: {{command: {self.daemon.script(name, script)}}}"
            settings = "period: 300ms, timeout: 200ms, threshold: 1000000"
            self.daemon.layer("001-test.yaml", checks_of({name: f"{settings}, {kind}" for name, kind in checks.items()}))
            self.daemon.start()
            wait_until(lambda: self.failures() >= 4, what="four failures of each")
            before = self.usage()
            wait_until(lambda: self.failures() >= 12, what="twelve failures of each")
            self.assert_bounded(before, 2 * len(checks))
            self.assertEqual(self.daemon.stop(), 0)


class ManyChecksTest(BoundedCase):
    COUNT = 200 if is_sanitized() else 1000

    def start_many(self, settings):
        self.daemon.layer("001-test.yaml", checks_of({f"check-{i}": settings for i in range(self.COUNT)}))
        self.daemon.start()

    def counts(self):
        """Of runs; on a machine that is very busy some fail."""
        return [check.get("successes", 0) + check.get("failures", 0) for check in self.daemon.get("/v1/checks").result]

    def test_a_thousand_at_one_second(self):
        with target(drop_input) as port:
            self.start_many(f"period: 1s, threshold: 1000000, tcp: {{host: 127.0.0.1, port: {port}}}")
            wait_until(lambda: min(self.counts()) >= 3, what="three runs of each check", pause_s=0.5)
            before = self.usage()
            wait_until(lambda: min(self.counts()) >= 6, what="three more", pause_s=0.5)
            self.assert_bounded(before, self.COUNT)
            self.assertEqual(self.daemon.get("/v1/health").status, 200)
            self.assertEqual(self.daemon.stop(), 0)

    def test_no_burst_after_a_pause(self):
        times = []

        def note(sock):
            times.append(time.monotonic())
            drop_input(sock)

        with target(note) as port:
            self.start_many(f"period: 2s, tcp: {{host: 127.0.0.1, port: {port}}}")
            wait_until(lambda: min(self.counts()) >= 1, what="a run of each check", pause_s=0.5)
            self.daemon.send_signal(signal.SIGSTOP)
            time.sleep(5)  # two periods are missed
            before, resumed = len(times), time.monotonic()
            self.daemon.send_signal(signal.SIGCONT)
            wait_until(lambda: len(times) - before >= self.COUNT, what="the missed runs")
            time.sleep(1)  # a burst would be complete
            runs, periods = len(times) - before, (time.monotonic() - resumed) / 2
            most = 1 + math.ceil(periods)  # the missed run, and those that were due since
            self.assertLessEqual(runs, most * self.COUNT, "one run for each check, however many were missed")
            # On a machine that is so busy that connections time out some go down, and come up again.
            down = {f"check-{i}" for i in range(self.COUNT)}

            def none_stays_down():
                down.difference_update(check["name"] for check in self.daemon.get("/v1/checks").result if check["status"] == "up")
                return not down
            wait_until(none_stays_down, what="each to be up")


class RestartTest(DaemonCase):
    def test_changes_of_a_killed_daemon_are_held(self):
        self.daemon.layer("001-test.yaml", checks_of({"good": "period: 1h, exec: {command: 'true'}"}))
        self.daemon.start()
        self.assertEqual(self.daemon.check("good")["change-id"], "1")
        wait_until(lambda: self.daemon.state()["changes"], what="the change in the state file")
        self.daemon.kill()
        self.daemon.start()
        self.assertEqual(self.daemon.check("good")["change-id"], "2")
        self.assertEqual(self.daemon.get("/v1/changes/2").result["status"], "Doing")
        old = wait_until(lambda: self.ready_change("1"), what="the end of the old change")
        self.assertEqual((old["status"], old["tasks"][0]["status"]), ("Hold", "Hold"))
        self.assertEqual(self.daemon.stop(), 0)
        self.daemon.start()
        self.assertEqual(self.ready_change("2")["status"], "Done", "a daemon that ends in order has ended its checks")

    def ready_change(self, number):
        change = self.daemon.get(f"/v1/changes/{number}").result
        return change if change["ready"] else None
