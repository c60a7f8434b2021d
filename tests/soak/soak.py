#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Uses a daemon at random for a while.

    tests/soak/soak.py --bin PATH [--seconds N] [--seed N]

Requests of all kinds, services that behave badly, floods of connections, clients that vanish, and kill -9. The daemon
must start again each time, keep each change that it has acknowledged, answer probes, stop all services, and return
memory and descriptors. Each step has its own random numbers, made from the seed and the number of the step.
"""

import argparse
import http.client
import json
import os
import random
import resource
import signal
import socket
import struct
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "integration"))

from faults import IS_ROOT, descriptors, is_alive, rss_kib, stat_fields  # noqa: E402
from harness import HANG_S, Daemon, free_port, is_sanitized, wait_until  # noqa: E402
from run import is_sanitized as is_sanitized_program  # noqa: E402
import openapi  # noqa: E402
import random_requests  # noqa: E402
import workload  # noqa: E402

GROWTH_KIB = 32 * 1024  # of memory of the idle daemon: up to 1,000 changes, their notices, and logs
KEPT = 200  # the changes that are looked for after a restart; the daemon keeps 1,000


class Fault(Exception):
    """What the daemon did wrong."""


class Cleanups:
    """What Flood needs of a test case."""

    def addCleanup(self, *_):  # the floods are ended by the soak run
        pass

    def assertEqual(self, first, second):
        if first != second:
            raise Fault(f"a flood did not begin: {first!r}")


class Soak:
    def __init__(self, seed, end_s):
        self.seed, self.end_s = seed, end_s
        self.daemon = Daemon()
        self.step = 0
        self.sockets = []  # of clients that wait or follow
        self.floods = []
        self.commands = []
        self.changes = {}  # acknowledged: id -> kind
        self.notices = {}  # acknowledged: key -> id
        self.identities = {}
        self.idle = None  # (KiB, descriptors)
        self.counts = {}
        os.chmod(self.daemon.dir, 0o755)
        self.daemon.layer("001-kinds.yaml", json.dumps(workload.plan(self.daemon.script)))

    # --- lives of the daemon ---

    def start(self):
        open(self.daemon.log_path, "wb").close()  # it was searched when the daemon before ended
        self.port = free_port()
        try:
            self.daemon.start("--http", f"127.0.0.1:{self.port}")
        except AssertionError as error:
            raise Fault(f"the daemon does not start: {error}") from None
        self.count("starts")

    def check_kept(self):
        """What was acknowledged before the restart is still there."""
        changes = {change["id"]: change["kind"] for change in self.ask("GET", "/v1/changes?select=all").result}
        lost = {number: kind for number, kind in self.changes.items() if changes.get(number) != kind}
        if lost:
            raise Fault(f"lost changes: {lost} of {len(self.changes)}; there are {len(changes)}")
        notices = {notice["key"]: notice["id"] for notice in self.ask("GET", "/v1/notices?types=custom&users=all").result}
        lost = {key: number for key, number in self.notices.items() if notices.get(key) != number}
        if lost:
            raise Fault(f"lost notices: {lost} of {len(self.notices)}")
        identities = self.ask("GET", "/v1/identities").result
        lost = {name: uid for name, uid in self.identities.items()
                if identities.get(name, {}).get("local", {}).get("user-id") != uid}
        if lost or set(identities) != set(self.identities):
            raise Fault(f"identities: {identities}, should be {self.identities}")

    def kill_daemon(self, _rng):
        self.daemon.kill()
        self.after_end()
        for pid in self.daemon.leftovers():  # nobody supervises them any more
            send(pid, signal.SIGKILL)
        self.start()
        self.check_kept()

    def after_end(self):
        """The daemon has ended: so do its clients."""
        for sock in self.sockets:
            sock.close()
        for flood in self.floods:
            flood.end()
        for command in self.commands:
            if command.poll() is None:
                command.kill()
            command.wait()
        self.sockets, self.floods, self.commands = [], [], []
        complaint = self.daemon.complaint()
        if complaint:
            raise Fault(f"a sanitizer found fault with the daemon:\n{complaint}")

    def settle(self):
        """Nothing is used any more: memory and descriptors come back."""
        self.vanish(0, random.Random(self.step))
        for flood in self.floods:
            flood.end()
        self.floods = []
        for command in self.commands:
            command.kill()
            command.wait()
        self.commands = []
        self.kill_orphans()
        self.wait(lambda: not self.under_way(), lambda: f"changes do not end: {self.under_way()}")
        services = self.ask("GET", "/v1/services").result
        answer = self.ask("POST", "/v1/services", {"action": "stop", "services": [s["name"] for s in services]})
        self.acknowledge(answer)
        change = self.ask("GET", f"/v1/changes/{answer.change}/wait").result
        if change["status"] != "Done":
            raise Fault(f"the services were not stopped: {change}")
        checks = self.ask("GET", "/v1/checks").result
        self.ask("POST", "/v1/checks", {"action": "stop", "checks": [c["name"] for c in checks]})
        running = [s for s in self.ask("GET", "/v1/services").result if s["current"] != "inactive"]
        if running:
            raise Fault(f"services run after their stop: {running}")
        pid = self.daemon.process.pid
        if self.idle is None:
            time.sleep(2)  # what is below is the measure of all that follows
            self.idle = rss_kib(pid), len(descriptors(pid))
            return
        self.wait(lambda: len(descriptors(pid)) <= self.idle[1],
                  lambda: f"{len(descriptors(pid))} descriptors, {self.idle[1]} at first: {descriptors(pid)}")
        if not is_sanitized():
            self.wait(lambda: rss_kib(pid) <= self.idle[0] + GROWTH_KIB,
                      lambda: f"{rss_kib(pid)} KiB of memory, {self.idle[0]} at first")
        print(f"idle after {self.step} steps: {rss_kib(pid)} KiB, {len(descriptors(pid))} descriptors; "
              f"at first {self.idle[0]} KiB, {self.idle[1]} descriptors", flush=True)

    def under_way(self):
        """The changes that may still start services; those of checks end with the checks."""
        changes = self.ask("GET", "/v1/changes").result
        return [change for change in changes if change["kind"] not in ("perform-check", "recover-check")]

    def kill_orphans(self):
        """Ends what has outlived the leader of its group, which a request or a signal has killed. It is not supervised."""
        for pid in self.daemon.leftovers():
            if not is_alive(group(pid)):
                send(pid, signal.SIGKILL)

    def end_daemon(self):
        self.kill_orphans()
        self.daemon.send_signal(signal.SIGTERM)
        try:
            code = self.daemon.wait_exit()
        except AssertionError as error:
            raise Fault(str(error)) from None
        if code != 0:
            raise Fault(f"the daemon exited with {code}")
        self.after_end()
        left = [describe(pid) for pid in self.daemon.leftovers() if not escapes(pid)]
        left = [text for text in left if text is not None]
        if left:
            raise Fault(f"processes are left: {left}")

    def restart_cleanly(self, rng):
        if rng.random() < 0.5:
            self.settle()
        self.end_daemon()
        self.start()
        self.check_kept()

    def wait(self, condition, text):
        try:
            wait_until(condition, HANG_S, pause_s=0.1)
        except AssertionError:
            raise Fault(text()) from None

    # --- requests ---

    def ask(self, method, path, body=None, port=None):
        """The response, which must come."""
        try:
            return when_accepted(lambda: self.daemon.request(method, path, body, timeout_s=HANG_S, port=port))
        except openapi.Mismatch as error:
            raise Fault(f"{method} {path} {body}: {error}") from None
        except (OSError, http.client.HTTPException) as error:
            code = self.daemon.process.poll()
            raise Fault(f"{method} {path} {str(body)[:300]}: {error!r}" +
                        (f"; the daemon exited with {code}" if code is not None else "")) from None

    def connect(self):
        return when_accepted(lambda: self.daemon.connect(HANG_S))

    def check_health(self):
        if self.daemon.process.poll() is not None:
            raise Fault(f"the daemon exited with {self.daemon.process.returncode}")
        for port in (None, self.port):
            status = self.ask("GET", "/v1/health?level=alive", port=port).status
            if status not in (200, 502):
                raise Fault(f"health: {status}")

    def acknowledge(self, answer, kind="stop"):
        if answer.status == 202:
            self.changes[answer.change] = kind
            if len(self.changes) > KEPT:
                del self.changes[next(iter(self.changes))]

    def act_on_services(self, rng):
        action = rng.choice(["start", "start", "stop", "restart", "autostart", "replan"])
        names = [] if action in ("autostart", "replan") else rng.sample(workload.names(), rng.randint(1, 6))
        answer = self.ask("POST", "/v1/services", {"action": action, "services": names})
        self.acknowledge(answer, action)
        if answer.status == 202 and rng.random() < 0.2:
            self.ask("GET", f"/v1/changes/{answer.change}/wait?timeout={rng.choice(['0.1s', '1s', '3s'])}")

    def abort(self, rng):
        if self.changes:
            number = rng.choice(list(self.changes)[-5:])
            self.ask("POST", f"/v1/changes/{number}", {"action": "abort"})

    def request(self, rng):
        for _ in range(rng.randint(1, 20)):
            self.ask(*random_requests.known(rng, list(self.changes)))

    def garbage(self, rng):
        data = random_requests.garbage(rng)
        try:
            with self.connect() as sock:
                sock.sendall(data)
                sock.shutdown(socket.SHUT_WR)
                answer = sock.recv(65536)
        except TimeoutError:
            raise Fault(f"no answer and no end: {data[:500]!r}") from None
        except OSError:
            return  # closed before all was sent
        if answer and not answer.startswith(b"HTTP/1."):
            raise Fault(f"{data[:500]!r}: {answer[:500]!r}")

    def burst(self, rng):
        """Many requests at a time."""
        socks = []
        for _ in range(rng.randint(2, 60)):
            sock = self.connect()
            method, path, body = random_requests.known(rng, list(self.changes))
            sock.sendall(random_requests.encode(method, path, body))
            socks.append(sock)
        for sock in socks:
            with sock:
                try:
                    sock.recv(65536)
                except TimeoutError:
                    raise Fault("a request of many was not answered") from None
                except OSError:
                    pass

    def add_layer(self, rng):
        label, text = random_requests.layer(rng)
        self.ask("POST", "/v1/layers", {"action": "add", "combine": rng.random() < 0.9, "label": label, "format": "yaml",
                                        "layer": text})

    def add_notice(self, rng):
        key = f"example.com/{rng.randint(1, 40)}"
        answer = self.ask("POST", "/v1/notices", {"action": "add", "type": "custom", "key": key,
                                                  "data": {"x": "y" * rng.choice([0, 10, 1000])}})
        if answer.status == 200:
            self.notices[key] = answer.result["id"]

    def change_identities(self, rng):
        name, uid = f"user{rng.randint(1, 10)}", rng.randint(1, 10)
        if rng.random() < 0.3:
            answer = self.ask("POST", "/v1/identities", {"action": "remove", "identities": {name: None}})
            if answer.status == 200:
                self.identities.pop(name, None)
        else:
            answer = self.ask("POST", "/v1/identities", {"action": rng.choice(["add", "update", "replace"]), "identities": {
                name: {"access": rng.choice(["read", "admin", "metrics"]), "local": {"user-id": 5000 + uid}}}})
            if answer.status == 200:
                self.identities[name] = 5000 + uid

    # --- clients ---

    def follow(self, rng):
        """A client that waits, and may never read."""
        path = rng.choice(["/v1/logs?follow=true", "/v1/logs?follow=true&n=-1", "/v1/notices?timeout=60s&types=custom",
                           "/v1/changes/1/wait", "/v1/services/plain/wait", "/v1/logs?n=-1"])
        sock = self.connect()
        sock.sendall(random_requests.encode("GET", path, None))
        self.sockets.append(sock)
        if rng.random() < 0.5:
            self.vanish(rng.randint(0, 40), rng)

    def vanish(self, kept, rng):
        while len(self.sockets) > kept:
            sock = self.sockets.pop(rng.randrange(len(self.sockets)))
            if rng.random() < 0.5:  # with a reset
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.close()

    def flood(self, rng):
        """Connections of another user, for some steps."""
        if self.floods or not IS_ROOT:
            for flood in self.floods:
                flood.end()
            self.floods = []
            return
        from test_faults_floods import Flood, get  # pylint: disable=import-outside-toplevel
        path, repeats = rng.choice([("/v1/health", 50), ("/v1/system-info", 20), ("/v1/logs?follow=true", 0)])
        count, is_unix, port = rng.choice([50, 200, 600]), rng.random() < 0.5 or "logs" in path, self.port

        def connect():
            if is_unix:
                return self.connect()
            sock = socket.socket()
            sock.settimeout(HANG_S)
            sock.connect(("127.0.0.1", port))
            return sock
        self.floods.append(Flood(Cleanups(), count, connect, get(path), repeats))

    def run_command(self, rng):
        """A command of the program, which may be killed."""
        words = random_requests.command(rng)
        process = subprocess.Popen([self.daemon.binary, *words], env=self.daemon.env, cwd=self.daemon.dir,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.commands.append(process)
        while len(self.commands) > rng.randint(0, 8):
            command = self.commands.pop(0)
            if command.poll() is None:
                command.send_signal(rng.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGINT]))
                try:
                    command.wait(HANG_S)
                except subprocess.TimeoutExpired:
                    command.kill()
                    command.wait()
                    raise Fault(f"a command does not end: {command.args}") from None

    # --- processes ---

    def signal_processes(self, rng):
        pids = sorted(pid for pid in self.daemon.leftovers()
                      if pid != self.daemon.process.pid and pid not in [c.pid for c in self.commands])
        if not pids:
            return
        for pid in rng.sample(pids, min(len(pids), rng.randint(1, 5))):
            if parent(pid) == self.daemon.process.pid or rng.random() < 0.5:
                send(pid, rng.choice([signal.SIGKILL, signal.SIGSTOP, signal.SIGCONT, signal.SIGTERM]))

    def signal_daemon(self, rng):
        self.daemon.send_signal(rng.choice([signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM, signal.SIGCHLD,
                                            signal.SIGPIPE, signal.SIGCONT, signal.SIGWINCH, signal.SIGRTMIN]))

    # --- the run ---

    def count(self, name):
        self.counts[name] = self.counts.get(name, 0) + 1

    ACTIONS = {act_on_services: 25, abort: 8, request: 20, garbage: 10, burst: 4, add_layer: 6, add_notice: 6,
               change_identities: 4, follow: 12, flood: 3, run_command: 8, signal_processes: 10, signal_daemon: 3,
               kill_daemon: 1.5, restart_cleanly: 0.6}

    def run_step(self):
        self.step += 1
        rng = random.Random(f"{self.seed}/{self.step}")
        action = rng.choices(list(self.ACTIONS), list(self.ACTIONS.values()))[0]
        self.count(action.__name__)
        action(self, rng)
        self.check_health()
        time.sleep(rng.choice([0, 0, 0.02, 0.1, 0.5]))

    def run(self):
        self.start()
        answer = self.ask("POST", "/v1/services", {"action": "start", "services": workload.names()})
        if answer.status != 202:
            raise Fault(f"the services are not started: {answer}")
        self.ask("GET", f"/v1/changes/{answer.change}/wait")
        self.settle()
        while time.monotonic() < self.end_s:
            self.run_step()
        self.settle()
        self.check_kept()
        self.end_daemon()

    def close(self):
        for flood in self.floods:
            flood.end()
        for command in self.commands:
            if command.poll() is None:
                command.kill()
        self.daemon.close()


def when_accepted(connect):
    """The kernel refuses a Unix connection while as many as it allows wait to be accepted."""
    end = time.monotonic() + HANG_S
    while True:
        try:
            return connect()
        except BlockingIOError:
            if time.monotonic() > end:
                raise
            time.sleep(0.01)


# --- processes ---


def send(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def escapes(pid):
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return workload.ESCAPES.encode() + b"=" in file.read()
    except OSError:
        return True  # it has ended


def parent(pid):
    try:
        return int(stat_fields(pid)[1])
    except OSError:
        return None


def group(pid):
    try:
        return int(stat_fields(pid)[2])
    except OSError:
        return None


def describe(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return f"{pid} {file.read()!r}"
    except OSError:
        return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True, metavar="PATH", help="the pebble executable")
    parser.add_argument("--seconds", type=float, default=1800, metavar="N", help="how long (1800)")
    parser.add_argument("--seed", type=int, metavar="N", help="the seed of the random numbers (another each time)")
    options = parser.parse_args()
    os.environ["PEBBLE_BIN"] = os.path.abspath(options.bin)
    os.environ["PEBBLE_SANITIZED"] = "1" if is_sanitized_program(options.bin) else "0"
    os.environ.setdefault("UBSAN_OPTIONS", "print_stacktrace=1:halt_on_error=1")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard if 0 < hard < 4096 else 4096, hard))
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1 << 31)
    print(f"seed {seed}", flush=True)

    for number in (signal.SIGINT, signal.SIGTERM):  # also when the shell has them ignored
        signal.signal(number, lambda *_: sys.exit("interrupted"))
    soak = Soak(seed, time.monotonic() + options.seconds)
    try:
        soak.run()
        print(", ".join(f"{name} {count}" for name, count in sorted(soak.counts.items())))
        print(f"{soak.step} steps, seed {seed}: no fault")
        return 0
    except Fault as fault:
        print(f"FAULT in step {soak.step}, seed {seed}: {fault}")
        print("The end of the daemon's log:")
        print("\n".join("    " + line[:300] for line in soak.daemon.log().splitlines()[-40:]))
        return 1
    except Exception:
        print(f"ERROR in step {soak.step}, seed {seed}: the soak run itself is wrong", flush=True)
        raise
    finally:
        soak.close()


if __name__ == "__main__":
    sys.exit(main())
