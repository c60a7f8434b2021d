# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of the system: processes, descriptors, memory, signals, sockets."""

import http.client
import json
import os
import random
import resource
import signal
import socket
import subprocess
import time
import unittest

from faults import (Faults, allow_tracing, cpu_s, is_alive, limited, plan_of, rss_kib, status_field,
                    temporaries, wait_pid_file)
from harness import HANG_S, DaemonCase, is_sanitized, wait_until


def cpu_share(pid, seconds=1.0):
    """The share of a processor that the process uses over some time."""
    before = cpu_s(pid)
    time.sleep(seconds)
    return (cpu_s(pid) - before) / seconds


@unittest.skipIf(is_sanitized(), "a sanitizer's program cannot be traced")
class NoForkTest(DaemonCase):
    NO_FORK = "clone,?clone3,?fork,?vfork:error=EAGAIN"

    def setUp(self):
        super().setUp()
        self.daemon.layer("001-test.yaml", plan_of({
            "fallen": {"command": f"sh -c 'echo $$ > {self.daemon.path('pid')}; exec sleep 1000'", "backoff-delay": "50ms",
                       "backoff-limit": "100ms"},
            "fresh": "sleep 1000",
        }))
        self.daemon.start(preexec_fn=allow_tracing)
        self.daemon.services("start", "fallen")
        # Its writer ends when idle, so that the writes of the state file need a new thread, too.
        wait_until(lambda: len(os.listdir(f"/proc/{self.daemon.process.pid}/task")) == 1, what="the writer's end")

    def test_start_fails_with_the_reason_and_backoff_goes_on(self):
        daemon = self.daemon
        pid = wait_pid_file(daemon.path("pid"))
        with Faults(daemon, self.NO_FORK):
            change = daemon.services("start", "fresh")
            self.assertEqual(change["status"], "Error")
            self.assertRegex(change["err"], r"cannot start service: fork/exec \S+: resource temporarily unavailable")
            os.kill(pid, signal.SIGKILL)
            daemon.wait_log(r"cannot start service: fork/exec \S+: resource temporarily unavailable", count=4)
            self.assertEqual(daemon.service("fallen")["current"], "backoff")
            self.assertEqual(daemon.get("/v1/health").status, 200)
            wait_until(lambda: not os.path.exists(f"/proc/{pid}"), what="the reaper")
            self.assertIn("latest-warning", daemon.get("/v1/services").json)
        daemon.wait_service("fallen", "active")
        self.assertEqual(daemon.services("start", "fresh")["status"], "Done")
        wait_until(lambda: daemon.state()["last-change-id"] == 3, what="the state file")
        self.assertEqual(daemon.stop(), 0)

    def test_sigterm_ends_it_all_the_same(self):
        with Faults(self.daemon, self.NO_FORK):
            self.assertEqual(self.daemon.stop(), 0)
        self.assertEqual(self.daemon.leftovers(), [])
        self.assertFalse(os.path.exists(self.daemon.socket_path))


class NoDescriptorsTest(DaemonCase):
    LIMIT = 128
    SERVICES = 150

    def setUp(self):
        super().setUp()
        self.names = [f"s{number}" for number in range(self.SERVICES)]
        self.daemon.layer("001-test.yaml", plan_of({name: "sleep 1000" for name in self.names}))
        self.daemon.start(preexec_fn=limited((resource.RLIMIT_NOFILE, self.LIMIT, self.LIMIT)))
        self.idle = []
        self.addCleanup(lambda: [sock.close() for sock in self.idle])

    def open_idle_connections(self):
        for _ in range(3 * self.LIMIT):
            try:
                self.idle.append(self.daemon.connect(1.0))
            except OSError:
                break

    def assert_alive(self):
        pid = self.daemon.process.pid
        for _ in range(3):
            self.assertEqual(self.daemon.get("/v1/health").status, 200)
        self.assertLess(cpu_share(pid), 0.3, "it must not spin")

    def test_connections_leave_room_for_services_and_the_state_file(self):
        self.open_idle_connections()
        self.assert_alive()
        change = self.daemon.services("start", "s0", "s1", "s2", "s3")
        self.assertEqual(change["status"], "Done", change)
        self.assertNotIn("latest-warning", self.daemon.get("/v1/services").json)
        wait_until(lambda: self.daemon.state()["last-change-id"] == 1)

    def test_services_leave_room_for_the_rest(self):
        change = self.daemon.services("start", *self.names)
        self.assertEqual(change["status"], "Error")
        self.assertIn("too many open files", change["err"])
        self.assert_alive()
        self.assertNotIn("latest-warning", self.daemon.get("/v1/services").json)
        self.open_idle_connections()
        self.assert_alive()
        active = [service["name"] for service in self.daemon.get("/v1/services").result if service["current"] == "active"]
        self.assertGreater(len(active), self.LIMIT // 4)
        self.assertEqual(self.daemon.services("stop", *active)["status"], "Done")
        self.assertEqual(self.daemon.services("start", *active[:10])["status"], "Done")
        change = self.daemon.get("/v1/changes?select=all").result[-1]["id"]
        wait_until(lambda: self.daemon.state()["last-change-id"] >= int(change), what="the state file")
        self.assertEqual(self.daemon.stop(), 0)


@unittest.skipIf(is_sanitized(), "a sanitizer takes more address space than this")
class NoMemoryTest(DaemonCase):
    def setUp(self):
        super().setUp()
        self.daemon.layer("001-test.yaml", plan_of({
            "one": {"command": f"sh -c 'echo $$ > {self.daemon.path('pid')}; exec sleep 1000'", "backoff-delay": "50ms"},
            "two": "sleep 1000",
        }))
        self.daemon.start()
        self.daemon.services("start", "one")

    def set_room(self, room_kib):
        pid = self.daemon.process.pid
        size = (int(status_field(pid, "VmSize").split()[0]) + room_kib) * 1024
        resource.prlimit(pid, resource.RLIMIT_AS, (size, resource.RLIM_INFINITY))

    def lift_limit(self):
        resource.prlimit(self.daemon.process.pid, resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    def post_large(self, size, text=None):
        """The status of the response to a large layer; None if the connection was closed."""
        body = json.dumps({"action": "add", "combine": True, "label": "big", "format": "yaml",
                           "layer": text or "summary: " + "x" * size})
        try:
            return self.daemon.post("/v1/layers", body).status
        except (OSError, http.client.HTTPException):
            return None

    def assert_supervises(self):
        pid = wait_pid_file(self.daemon.path("pid"))
        os.unlink(self.daemon.path("pid"))
        os.kill(pid, signal.SIGKILL)
        self.assertNotEqual(wait_pid_file(self.daemon.path("pid")), pid)
        self.assertEqual(self.daemon.get("/v1/health").status, 200)
        self.assertEqual(self.daemon.services("restart", "two")["status"], "Done")

    def test_large_requests_are_refused_and_supervision_goes_on(self):
        self.daemon.services("start", "two")
        self.set_room(12 * 1024)
        before = self.daemon.get("/v1/plan?format=yaml").result
        for _ in range(10):
            self.assertNotEqual(self.post_large(24 << 20), 200)
        self.assertEqual(self.daemon.get("/v1/plan?format=yaml").result, before)
        self.assert_supervises()
        self.lift_limit()
        self.assertEqual(self.post_large(1 << 20), 200)

    def test_costly_layers_are_refused(self):
        # Small enough to be read, but their values take many times their text.
        self.set_room(12 * 1024)
        for text in ("services:\n" + "".join(f"  s{i}: {{override: replace, command: x}}\n" for i in range(60000)),
                     "services:\n  one:\n    override: merge\n    after: [" + "a," * 1000000 + "]\n"):
            self.assertNotEqual(self.post_large(0, text), 200)
            self.assertIsNone(self.daemon.process.poll(), self.daemon.log()[-500:])
        self.assert_supervises()

    def test_many_services_are_refused_before_memory_runs_out(self):
        text = "services:\n" + "".join(f"  s{i}: {{override: replace, command: sleep {i}}}\n" for i in range(8000))
        for room_mib in (1, 2, 4, 8, 10):
            self.set_room(room_mib * 1024)
            self.assertNotEqual(self.post_large(0, text), 200)
            self.assertIsNone(self.daemon.process.poll(), self.daemon.log()[-500:])
        self.assert_supervises()
        self.lift_limit()
        self.assertEqual(self.post_large(0, text), 200)


class StartUpTest(DaemonCase):
    def many_services(self, count=200):
        self.daemon.layer("001-test.yaml", plan_of({
            f"s{number}": {"command": "sleep 1000", "startup": "enabled"} for number in range(count)}))

    def assert_ended_cleanly(self, code):
        daemon = self.daemon
        # Before main() is reached the signal is the system's, and then nothing has happened yet.
        if code != 0:
            self.assertEqual(code, -self.signal)
            self.assertEqual(daemon.log(), "")
        self.assertEqual(daemon.leftovers(), [])
        self.assertFalse(os.path.exists(daemon.socket_path))
        self.assertEqual([name for name in os.listdir(daemon.pebble_dir) if name not in ("layers", ".pebble.state")], [])
        if os.path.exists(os.path.join(daemon.pebble_dir, ".pebble.state")):
            daemon.state()

    def check_signal(self, number):
        self.signal = number
        self.many_services()
        for step in range(15):
            open(self.daemon.log_path, "wb").close()
            self.daemon.start(wait=False)
            time.sleep(random.uniform(0, 0.015) * step)
            self.assert_ended_cleanly(self.daemon.stop(number))

    def test_sigterm_at_any_moment(self):
        self.check_signal(signal.SIGTERM)

    def test_sigint_at_any_moment(self):
        self.check_signal(signal.SIGINT)

    def test_sigquit_at_any_moment(self):
        self.check_signal(signal.SIGQUIT)

    def test_sigterm_while_a_large_state_file_is_read(self):
        self.signal = signal.SIGTERM
        self.daemon.start()
        empty_kib = rss_kib(self.daemon.process.pid)
        self.daemon.stop()
        path = os.path.join(self.daemon.pebble_dir, ".pebble.state")
        with open(path, encoding="utf-8") as file:
            state = json.load(file)
        state["data"]["unknown"] = [{"number": number, "text": "x" * 40} for number in range(30000 if is_sanitized() else 300000)]
        with open(path, "w", encoding="utf-8") as file:
            json.dump(state, file)
        self.daemon.start(wait=False)
        wait_until(lambda: rss_kib(self.daemon.process.pid) > empty_kib + 10 * 1024, what="the state file to be read")
        self.assertEqual(self.daemon.stop(), 0)
        self.assert_ended_cleanly(0)
        self.assertEqual(self.daemon.state()["data"]["unknown"], state["data"]["unknown"])


class SocketTest(DaemonCase):
    def test_stale_socket_is_replaced(self):
        self.daemon.start()
        self.daemon.kill()
        self.assertTrue(os.path.exists(self.daemon.socket_path))
        self.daemon.start()
        self.assertEqual(self.daemon.stop(), 0)
        self.assertFalse(os.path.exists(self.daemon.socket_path))

    def test_plain_file_is_replaced(self):
        self.daemon.file("pebble/.pebble.socket", "not a socket")
        self.daemon.start()
        self.assertEqual(self.daemon.get("/v1/health").status, 200)

    def test_directory_is_refused(self):
        os.makedirs(os.path.join(self.daemon.socket_path, "sub"))
        done = self.daemon.cli("run")
        self.assertEqual(done.returncode, 1)
        self.assertIn(self.daemon.socket_path, done.stderr)
        self.assertTrue(os.path.isdir(os.path.join(self.daemon.socket_path, "sub")))

    def test_socket_of_another_program_is_left_alone(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as other:
            other.bind(self.daemon.socket_path)
            other.listen()
            done = self.daemon.cli("run")
            self.assertEqual(done.returncode, 1)
            self.assertIn("already in use", done.stderr)
            self.assertTrue(os.path.exists(self.daemon.socket_path))

    def test_too_long_a_path_is_refused(self):
        done = self.daemon.cli("run", env={"PEBBLE_SOCKET": self.daemon.path("x" * 120)})
        self.assertEqual(done.returncode, 1)
        self.assertIn("too long", done.stderr)


class TwoDaemonsTest(DaemonCase):
    ROUNDS = 20

    def second(self, **popen):
        """A second process on the same directory."""
        return subprocess.Popen([self.daemon.binary, "run"], env=self.daemon.env, stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **popen)

    def test_of_two_started_at_once_one_wins(self):
        for _ in range(self.ROUNDS):
            pair = [self.second(), self.second()]
            wait_until(lambda: any(one.poll() is not None for one in pair), what="one to give up")
            loser, winner = sorted(pair, key=lambda one: one.poll() is None)
            self.daemon.process = winner
            wait_until(self.daemon.is_answering, what="the other's answer")
            self.assertEqual(loser.returncode, 1)
            self.assertIn("already in use", loser.communicate()[1].decode())
            self.assertIsNone(winner.poll())
            self.assertEqual(self.daemon.stop(), 0)
            winner.communicate()

    def test_second_one_does_not_disturb_the_first(self):
        self.daemon.layer("001-test.yaml", plan_of({"one": "sleep 1000"}))
        self.daemon.start()
        for _ in range(self.ROUNDS):
            other = self.second()
            while other.poll() is None:
                self.daemon.services("stop", "one")
            self.assertEqual(other.returncode, 1)
            self.assertIn("already in use", other.communicate()[1].decode())
        self.assertNotIn("latest-warning", self.daemon.get("/v1/services").json)
        wait_until(lambda: not temporaries(self.daemon), what="the end of the write")

    def test_successor_of_one_that_is_ending(self):
        """Started before the first is gone, it either gives up or takes over for good, with all of the state."""
        self.daemon.layer("001-test.yaml", plan_of({"one": "sleep 1000"}))
        last = 0
        for _ in range(self.ROUNDS):
            self.daemon.start()
            last = int(self.daemon.services("stop", "one")["id"])
            first = self.daemon.process
            first.terminate()
            successors = []
            while first.poll() is None or not successors:
                successors.append(self.second())
                if len(successors) > 1:
                    time.sleep(0.002)
            first.wait(HANG_S)
            wait_until(lambda: self.is_settled(successors), what="all to give up, or all but one that answers")
            alive = self.alive(successors)
            if alive:
                self.daemon.process = alive[0]
                self.assertGreater(int(self.daemon.services("stop", "one")["id"]), last)
                self.assertEqual(self.daemon.stop(), 0)
            for one in successors:
                one.communicate(timeout=HANG_S)

    def test_one_that_is_refused_touches_nothing(self):
        """With another socket, as with Juju's. What it would remove or copy stays as it is."""
        self.daemon.start()
        leftover = self.daemon.file("pebble/.pebble.state.abcdefgh~", "a write that is under way")
        before = sorted(os.listdir(self.daemon.pebble_dir))
        done = self.daemon.cli("run", env={"PEBBLE_SOCKET": self.daemon.path("other.socket"),
                                           "PEBBLE_COPY_ONCE": os.path.dirname(leftover)})
        self.assertEqual(done.returncode, 1)
        self.assertIn("is in use by another daemon", done.stderr)
        self.assertEqual(sorted(os.listdir(self.daemon.pebble_dir)), before)

    def is_settled(self, processes):
        """One that is alive alone may be about to give up: it has taken over when it answers."""
        if len(self.alive(processes)) > 1:
            return False
        try:
            return self.daemon.get("/v1/system-info").status == 200
        except OSError:
            return not self.alive(processes)

    @staticmethod
    def alive(processes):
        return [one for one in processes if one.poll() is None]


class FrozenTest(DaemonCase):
    def test_life_goes_on_after_a_freeze(self):
        daemon = self.daemon
        daemon.layer("001-test.yaml", plan_of({
            "one": {"command": f"sh -c 'echo $$ > {daemon.path('pid')}; exec sleep 1000'", "backoff-delay": "100ms"},
            "two": "sleep 1000"}))
        daemon.start()
        daemon.services("start", "one", "two")
        pid = wait_pid_file(daemon.path("pid"))
        daemon.send_signal(signal.SIGSTOP)
        os.unlink(daemon.path("pid"))
        os.kill(pid, signal.SIGKILL)
        with daemon.connect() as sock:
            sock.sendall(b"GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n")
            time.sleep(1.5)
            daemon.send_signal(signal.SIGCONT)
            self.assertIn(b"200 OK", sock.recv(4096))
        self.assertNotEqual(wait_pid_file(daemon.path("pid")), pid)
        daemon.wait_service("one", "active")
        self.assertFalse(is_alive(pid))
        self.assertEqual(len(daemon.log_lines(r'Service "one" starting')), 2, "no burst")
        self.assertEqual(daemon.service("two")["current"], "active")

    def test_sigterm_while_frozen_is_heard_after_it(self):
        self.daemon.start()
        self.daemon.send_signal(signal.SIGSTOP)
        self.daemon.send_signal(signal.SIGTERM)
        self.daemon.send_signal(signal.SIGCONT)
        self.assertEqual(self.daemon.wait_exit(), 0)

    def test_sighup_does_not_end_it(self):
        self.daemon.start()
        self.daemon.send_signal(signal.SIGHUP)
        self.daemon.wait_log("Ignoring SIGHUP")
        self.daemon.send_signal(signal.SIGPIPE)
        self.assertEqual(self.daemon.get("/v1/health").status, 200)


class FewDescriptorsTest(DaemonCase):
    def test_too_few_to_start(self):
        """A message, and no abort of a library, whatever the number."""
        for command in (["run"], ["enter", "services"]):
            for most in range(3, 13):
                with self.subTest(command=command, most=most):
                    done = subprocess.run(
                        [self.daemon.binary, *command], env=self.daemon.env, stdin=subprocess.DEVNULL, capture_output=True,
                        text=True, check=False, timeout=HANG_S,
                        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (most, most)))
                    self.assertIn(done.returncode, (1, 127), done)  # 127: of the loader, if the program has shared libraries
                    self.assertRegex(done.stderr, "(?i)too many open files|error 24")


if __name__ == "__main__":
    unittest.main()
