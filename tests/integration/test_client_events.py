# SPDX-License-Identifier: GPL-3.0-or-later
"""Subscriptions of the client library to the events of daemons that restart, are killed, and are reached over HTTPS. The
program is examples/client-events.c."""

import http.client
import os
import re
import queue
import signal
import subprocess
import threading
import unittest

from containers import PIDS, as_first_process, first_process, needs
from faults import is_alive
from harness import HANG_S, TOP, free_port, wait_until
from https_client import make_certificate
from test_https_client import HttpsCase
from test_libpebble import LibraryCase

COUNT = 200


class Watcher:
    """The example at work: the lines that it prints."""

    def __init__(self, test, path, *sockets, env):
        # pylint: disable=consider-using-with
        self.process = subprocess.Popen([path, *sockets], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)
        self.lines = queue.Queue()
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()
        test.addCleanup(self.close)

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))

    def next(self, timeout_s=HANG_S):
        try:
            return self.lines.get(timeout=timeout_s)
        except queue.Empty:
            raise AssertionError("there is no further event") from None

    def until(self, text):
        """The lines up to the first one that contains the text."""
        lines = [self.next()]
        while text not in lines[-1]:
            lines.append(self.next())
        return lines

    def close(self):
        self.process.kill()
        self.process.wait()
        self.thread.join()
        self.process.stdout.close()
        self.process.stderr.close()


class EventsCase(LibraryCase):
    def setUp(self):
        super().setUp()
        self.path = self.build(["gcc", "-std=c99", "-pedantic"], os.path.join(TOP, "examples", "client-events.c"))

    def watch(self, *daemons, **env):
        """A watcher of the daemons; without any of that of the environment."""
        return Watcher(self, self.path, *(daemon.socket_path for daemon in daemons),
                       env={**self.daemon.env, "LD_LIBRARY_PATH": self.lib, **env})

    def add(self, key, daemon=None):
        answer = (daemon or self.daemon).post("/v1/notices", {"action": "add", "type": "custom", "key": key})
        self.assertEqual(answer.status, 200)

    def boot_id(self, daemon):
        return daemon.get("/v1/system-info").result["boot-id"]


class RestartTest(EventsCase):
    def add_once(self, key):
        """Adds the notice to a daemon that may end at any time."""
        def is_added():
            try:
                if not self.daemon.get(f"/v1/notices?keys={key}").result:
                    self.add(key)
                return True
            except (OSError, http.client.HTTPException):
                return False
        wait_until(is_added, what="the notice")

    def test_killed_in_the_middle(self):
        """What the daemon has recorded is there once and in order, however it ends, also if it comes later."""
        watcher = self.watch(self.daemon)
        self.assertIn("connection lost: ", watcher.next())
        self.daemon.start("--hold")
        name = self.daemon.socket_path
        self.assertEqual(watcher.next(), f"{name}: connection back")
        self.assertEqual(watcher.next(), f"{name}: ready, boot {self.boot_id(self.daemon)}")
        keys = [f"a.test/{number}" for number in range(COUNT)]
        found = []

        def add_all():
            for key in keys:
                self.add_once(key)

        sender = threading.Thread(target=add_all, daemon=True)
        sender.start()
        for number, end in ((COUNT // 4, signal.SIGKILL), (COUNT // 2, signal.SIGTERM), (COUNT * 3 // 4, signal.SIGKILL)):
            found += watcher.until(f"notice a.test/{number}")
            self.daemon.stop(end)
            self.daemon.start("--hold")
        found += watcher.until(f"notice {keys[-1]}")
        sender.join()
        events = [line.split(": ")[1] for line in found]
        self.assertEqual([event for event in events if event.startswith("notice")], [f"notice {key}" for key in keys])
        self.assertNotIn("ready", "".join(events))
        connections = [event for event in events if event.startswith("connection")]
        self.assertEqual(connections, ["connection lost", "connection back"] * 3)


class ContinueTest(EventsCase):
    """The watching program ends and runs again: examples/client-continue.c."""

    def watch_on(self, file):
        return Watcher(self, self.program, file, env={**self.daemon.env, "LD_LIBRARY_PATH": self.lib})

    def test_killed_watcher(self):
        self.program = self.build(["gcc", "-std=c99", "-pedantic"], os.path.join(TOP, "examples", "client-continue.c"))
        file = self.daemon.path("position")
        self.daemon.start("--hold")
        keys = [f"a.test/{number}" for number in range(COUNT)]
        found, kills = [], 0
        watcher = self.watch_on(file)
        for number, key in enumerate(keys):
            self.add(key)
            if number % 20 == 10:  # while it reads, prints or stores
                found += [watcher.next() for _ in range(3)]
                watcher.process.kill()
                watcher.thread.join()
                while not watcher.lines.empty():
                    found.append(watcher.next())
                kills += 1
                watcher = self.watch_on(file)
        found += watcher.until(f"notice {keys[-1]}")
        notices = [line for line in found if line.startswith("notice")]
        self.assertEqual(list(dict.fromkeys(notices)), [f"notice {key}" for key in keys])
        self.assertLessEqual(len(notices), COUNT + kills)  # what was printed, but not stored, comes again
        self.assertEqual(set(line for line in found if line not in notices), {"ready"})
        self.assertLessEqual(found.count("ready"), 2)

    def test_broken_file(self):
        program = self.build(["gcc", "-std=c99", "-pedantic"], os.path.join(TOP, "examples", "client-continue.c"))
        file = self.daemon.file("position", "no number")
        done = subprocess.run([program, file], env={**self.daemon.env, "LD_LIBRARY_PATH": self.lib}, capture_output=True,
                              text=True, check=False, timeout=60)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("usage: ", done.stderr)


@needs(PIDS)
class ContainerTest(EventsCase):
    """The daemon is the first process of a container, whose file system does not outlive it."""

    def start(self):
        with as_first_process(self.daemon):
            self.daemon.start("--hold")
        self.first = first_process(self.daemon)
        self.addCleanup(self.end)

    def end(self):
        """Without it unshare waits for the daemon."""
        if is_alive(self.first):
            os.kill(self.first, signal.SIGTERM)
            self.daemon.wait_exit()

    def test_new_container(self):
        self.start()
        watcher = self.watch(self.daemon)
        for _ in range(2):
            name = self.daemon.socket_path
            self.assertEqual(watcher.next(), f"{name}: ready, boot {self.boot_id(self.daemon)}")
            self.add("a.test/1")
            self.assertEqual(watcher.next(), f"{name}: notice a.test/1")
            os.kill(self.first, signal.SIGKILL)
            self.daemon.wait_exit()
            os.unlink(os.path.join(self.daemon.pebble_dir, ".pebble.state"))
            self.start()
            self.assertIn("connection lost: ", watcher.next())
            self.assertEqual(watcher.next(), f"{name}: connection back")


class SeveralTest(EventsCase):
    def let_check_fail_and_recover(self, watcher):
        """Each is one event, though the change has several notices."""
        name, gate = self.daemon.socket_path, self.daemon.path("gate")
        self.assertEqual(self.daemon.add_layer("checks", f"""
checks:
    door:
        override: replace
        threshold: 1
        period: 1h
        exec: {{command: "test ! -e {gate}"}}
""").status, 200)
        lines = []
        for _ in range(2):
            self.daemon.file("gate")
            self.daemon.post("/v1/checks/refresh", {"name": "door"})
            lines += watcher.until("check door has failed")
            os.unlink(gate)
            self.daemon.post("/v1/checks/refresh", {"name": "door"})
            lines += watcher.until("check door has recovered")
        self.add("a.test/end")
        lines += watcher.until("a.test/end")
        self.assertEqual([line for line in lines if "check door" in line],
                         [f"{name}: check door has failed", f"{name}: check door has recovered"] * 2)

    def test_several_daemons(self):
        daemons = [self.daemon, *(self.new_daemon() for _ in range(3))]
        for daemon in daemons:
            daemon.start("--hold", wait=False)
        wait_until(lambda: all(daemon.is_answering() for daemon in daemons), what="the daemons")
        watcher = self.watch(*daemons)
        expected = {f"{daemon.socket_path}: ready, boot {self.boot_id(daemon)}" for daemon in daemons}
        self.assertEqual({watcher.next() for _ in daemons}, expected)
        self.let_check_fail_and_recover(watcher)
        daemons[0].stop()
        self.assertIn(f"{self.daemon.socket_path}: connection lost", watcher.next())
        for daemon in daemons[1:]:
            self.add("a.test/1", daemon)
            self.assertEqual(watcher.next(), f"{daemon.socket_path}: notice a.test/1")


class SecureTest(EventsCase, HttpsCase):
    def let_restart(self):
        """Through a relay, for which the daemon knows the user ID."""
        watcher = self.watch(**self.env(self.relay().url))
        self.assertEqual(watcher.next(), f"daemon: ready, boot {self.boot_id(self.daemon)}")
        self.add("a.test/1")
        self.assertEqual(watcher.next(), "daemon: notice a.test/1")
        self.daemon.kill()
        self.assertIn("daemon: connection lost: ", watcher.next())
        self.daemon.start("--hold", "--https", f"127.0.0.1:{self.port}")
        self.add("a.test/2")
        self.assertEqual(watcher.next(), "daemon: connection back")
        self.assertEqual(watcher.next(), "daemon: notice a.test/2")

    def be_refused(self):
        """A daemon gives notices only to clients whose user ID it knows, which a certificate does not tell."""
        certificate = make_certificate(self.daemon.dir, "admin")
        identity = {"access": "admin", "cert": {"pem": certificate.text}}
        self.daemon.post("/v1/identities", {"action": "add", "identities": {"admin": identity}})
        fingerprint = re.search(r"Identity fingerprint: (\w+)", self.daemon.log()).group(1)
        watcher = self.watch(PEBBLE_BASEURL=f"https://127.0.0.1:{self.port}", PEBBLE_SERVER_FINGERPRINT=fingerprint,
                             PEBBLE_CLIENT_CERT=certificate.path, PEBBLE_CLIENT_KEY=certificate.key_path)
        self.assertEqual(watcher.next(), f"daemon: ready, boot {self.boot_id(self.daemon)}")
        self.assertEqual(watcher.process.wait(HANG_S), 1)
        self.assertIn("error: daemon: cannot determine UID of request", watcher.process.stderr.read())

    def test_https(self):
        self.port = free_port()
        self.daemon.start("--hold", "--https", f"127.0.0.1:{self.port}")
        self.let_restart()
        self.be_refused()


if __name__ == "__main__":
    unittest.main()
