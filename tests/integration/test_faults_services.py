# SPDX-License-Identifier: GPL-3.0-or-later
"""Misbehaving services, many services, many changes: no event is missed, and no resource leaks."""

import collections
import json
import os
import signal
import unittest

from faults import (IS_LONG, children, cpu_s, descriptors, is_alive, need_descriptors, parents, plan_of, rss_kib,
                    wait_pid_file)
from harness import DaemonCase, exchange, is_sanitized, wait_until


class BadServicesTest(DaemonCase):
    def start_one(self, script, **settings):
        self.daemon.script("service", script)
        self.daemon.layer("001-test.yaml", plan_of({"bad": {"command": self.daemon.path("service"), **settings},
                                                    "good": "sleep 1000"}))
        self.daemon.start()
        return self.daemon.services("start", "bad", "good")

    def test_grandchild_holds_the_pipe(self):
        path = self.daemon.path("pid")
        self.start_one(f"setsid sh -c 'echo $$ > {path}; exec sleep 1000' &\n"
                       f"sleep 1.3; echo the end; exit 3\n", **{"on-failure": "ignore", "kill-delay": "1s"})
        pid = wait_pid_file(path)
        self.daemon.wait_service("bad", "error")
        self.assertIn(b"the end", self.daemon.get("/v1/logs?n=-1&services=bad").body)
        self.assertTrue(is_alive(pid), "another group's processes are left alone")
        self.assertEqual(self.daemon.service("good")["current"], "active")
        before = len(descriptors(self.daemon.process.pid))
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: pid not in parents(), what="the orphan to be reaped")
        wait_until(lambda: len(descriptors(self.daemon.process.pid)) <= before, what="no more descriptors than before")

    def test_pipe_held_while_the_service_is_stopped(self):
        path = self.daemon.path("pid")
        change = self.start_one(f"setsid sh -c 'echo $$ > {path}; exec sleep 1000' &\nexec sleep 1000\n",
                                **{"kill-delay": "1s"})
        self.assertEqual(change["status"], "Done", change)
        pid = wait_pid_file(path)
        self.assertEqual(self.daemon.services("stop", "bad")["status"], "Done")
        self.assertEqual(self.daemon.service("bad")["current"], "inactive")
        self.assertEqual(self.daemon.services("start", "bad")["status"], "Done")
        os.kill(pid, signal.SIGKILL)

    def test_service_that_daemonises(self):
        path = self.daemon.path("pid")
        change = self.start_one(f"setsid sh -c 'echo $$ > {path}; exec sleep 1000' >/dev/null 2>&1 &\nexit 0\n",
                                **{"on-success": "ignore"})
        self.assertEqual(change["status"], "Error")
        self.assertIn("exited quickly with code 0, will ignore", change["err"])
        pid = wait_pid_file(path)
        wait_until(lambda: parents().get(pid) == self.daemon.process.pid, what="the orphan to be the daemon's")
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: pid not in parents(), what="the orphan to be reaped")

    def test_ignores_sigterm(self):
        self.start_one("trap '' TERM\nwhile :; do sleep 0.1; done\n", **{"kill-delay": "300ms"})
        change = self.daemon.services("stop", "bad")
        self.assertEqual(change["status"], "Done", change)
        self.assertEqual(self.daemon.service("good")["current"], "active")
        self.daemon.services("start", "bad")
        self.assertEqual(self.daemon.stop(), 0)
        self.assertEqual(self.daemon.leftovers(), [])

    def test_stopped_by_sigstop(self):
        self.start_one(f"echo $$ > {self.daemon.path('pid')}\nexec sleep 1000\n", **{"kill-delay": "300ms"})
        os.kill(wait_pid_file(self.daemon.path("pid")), signal.SIGSTOP)
        self.assertEqual(self.daemon.service("bad")["current"], "active")
        self.assertEqual(self.daemon.services("stop", "bad")["status"], "Done")

    def test_exits_at_once_for_ever(self):
        self.start_one("exit 1\n", **{"backoff-delay": "1ms", "backoff-limit": "5ms"})
        self.daemon.wait_log(r'Service "bad" starting', count=100)
        self.assertEqual(self.daemon.get("/v1/health").status, 200)
        self.assertEqual(self.daemon.service("good")["current"], "active")
        self.assertEqual(self.daemon.services("stop", "bad")["status"], "Done")
        self.assertEqual(self.daemon.service("bad")["current"], "inactive")
        pid = self.daemon.process.pid
        wait_until(lambda: len(children(pid)) == 1, what="no process but the good one")

    def test_command_that_comes_and_goes(self):
        self.start_one("sleep 1.2; exit 1\n", **{"backoff-delay": "10ms", "backoff-limit": "50ms"})
        os.rename(self.daemon.path("service"), self.daemon.path("away"))
        self.daemon.wait_log("cannot start service: .*no such file", count=3)
        os.rename(self.daemon.path("away"), self.daemon.path("service"))
        self.daemon.wait_service("bad", "active")


class InheritanceTest(DaemonCase):
    """A service inherits nothing from the daemon but its environment."""

    def test_nothing_leaks(self):
        self.daemon.script("look", f"cd {self.daemon.dir}\n"
                           "ls -l /proc/self/fd | sed '1d;s/.* \\([0-9]*\\) -> /\\1 /' > fds\n"
                           "cut -d' ' -f5-8 /proc/$$/stat > ids; echo $$ >> ids; umask > umask\n"
                           "echo done > finished; exec sleep 1000\n")
        self.daemon.script("signals", f"cd {self.daemon.dir}\ngrep -E '^Sig(Blk|Ign|Cgt):' /proc/self/status > signals.new\n"
                           "exec mv signals.new signals.txt\n")
        self.daemon.script("where", f"pwd > {self.daemon.path('cwd.new')}; mv {self.daemon.path('cwd.new')} {self.daemon.path('cwd')}\n"
                           "exec sleep 1000\n")
        extra = os.open("/dev/null", os.O_RDONLY)
        self.addCleanup(os.close, extra)

        def spoil():
            signal.pthread_sigmask(signal.SIG_BLOCK, range(1, signal.NSIG))
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            signal.signal(signal.SIGUSR1, signal.SIG_IGN)
            os.umask(0o027)
        self.daemon.layer("001-test.yaml", plan_of({
            "look": self.daemon.path("look"), "where": {"command": self.daemon.path("where"), "working-dir": "/usr"},
            "signals": {"command": self.daemon.path("signals"), "on-success": "ignore"}}))
        self.daemon.start(preexec_fn=spoil, pass_fds=[extra])
        # Connections and state writes under way are not to be seen either.
        with self.daemon.connect() as sock:
            sock.sendall(b"GET /v1/logs?follow=true HTTP/1.1\r\nHost: x\r\n\r\n")
            self.daemon.services("start", "look", "where", "signals")
            for name in ("finished", "cwd", "signals.txt"):
                wait_until(lambda name=name: os.path.exists(self.daemon.path(name)), what=f"a service to write {name}")
        found = dict(line.split(" ", 1) for line in self.daemon.read("fds").splitlines())
        # 3 is ls's own look at the directory.
        self.assertEqual(set(found) - {"3"}, {"0", "1", "2"}, found)
        self.assertEqual(found["0"], "/dev/null")
        signals = dict(line.split(":\t") for line in self.daemon.read("signals.txt").splitlines())
        self.assertEqual(int(signals["SigBlk"], 16), 0, signals)
        self.assertEqual(int(signals["SigIgn"], 16), 0, signals)
        group, _session, terminal, _foreground = self.daemon.read("ids").splitlines()[0].split()
        self.assertEqual(group, self.daemon.read("ids").splitlines()[1], "a group of its own")
        self.assertEqual(terminal, "0")
        self.assertEqual(self.daemon.read("umask").strip(), "0027")
        self.assertEqual(self.daemon.read("cwd").strip(), "/usr")


class ManyServicesTest(DaemonCase):
    COUNT = 1000

    def setUp(self):
        super().setUp()
        need_descriptors(self, 3 * self.COUNT)
        self.names = [f"s{number:04}" for number in range(self.COUNT)]

    def statuses(self):
        return [service["current"] for service in self.daemon.get("/v1/services").result]

    def processes(self):
        return children(self.daemon.process.pid)

    def test_started_killed_restarted_stopped(self):
        daemon = self.daemon
        daemon.layer("001-test.yaml", plan_of({name: {"command": "sleep 10000", "backoff-delay": "100ms"}
                                               for name in self.names}))
        daemon.start()
        answer = daemon.post("/v1/services", {"action": "start", "services": self.names})
        self.assertEqual(answer.status, 202)
        self.assertEqual(daemon.get("/v1/health").status, 200)
        self.assertEqual(daemon.wait_change(answer.change)["status"], "Done")
        self.assertEqual(self.statuses(), ["active"] * self.COUNT)
        first = self.processes()
        self.assertEqual(len(first), self.COUNT)
        fds = len(descriptors(daemon.process.pid))

        for pid in first:
            os.kill(pid, signal.SIGKILL)
        self.assertEqual(daemon.get("/v1/health").status, 200)
        wait_until(lambda: len(set(self.processes()) - set(first)) == self.COUNT, what="all to be started again")
        wait_until(lambda: self.statuses() == ["active"] * self.COUNT, what="all to be active")
        wait_until(lambda: not set(self.processes()) & set(first), what="all to be reaped")
        wait_until(lambda: len(descriptors(daemon.process.pid)) <= fds + 1, what="the old pipes to be closed")

        answer = daemon.post("/v1/services", {"action": "stop", "services": self.names})
        self.assertEqual(daemon.wait_change(answer.change)["status"], "Done")
        self.assertEqual(self.statuses(), ["inactive"] * self.COUNT)
        wait_until(lambda: not self.processes(), what="no process to be left")
        wait_until(lambda: len(descriptors(daemon.process.pid)) <= fds - self.COUNT + 1, what="all pipes to be closed")
        self.assertEqual(daemon.stop(), 0)

    def test_daemon_ends_all(self):
        self.daemon.layer("001-test.yaml", plan_of({name: {"command": "sleep 10000", "startup": "enabled"}
                                                    for name in self.names}))
        self.daemon.start()
        wait_until(lambda: len(self.processes()) == self.COUNT, what="all to be started")
        self.assertEqual(self.daemon.stop(), 0)
        self.assertEqual(self.daemon.leftovers(), [])


class RefusedLayersTest(DaemonCase):
    def add(self, text, label="extra", **members):
        return self.daemon.post("/v1/layers", {"action": "add", "combine": True, "label": label, "format": "yaml",
                                               "layer": text, **members})

    def test_plan_and_services_are_untouched(self):
        daemon = self.daemon
        os.makedirs(os.path.join(daemon.pebble_dir, "layers", "002-dir.d"))
        daemon.layer("001-base.yaml", plan_of({"one": "sleep 1000", "two": "sleep 1000"}))
        daemon.file("pebble/layers/002-dir.d/001-aaa.yaml", plan_of({"three": "sleep 1000"}))
        daemon.layer("003-top.yaml", "services: {one: {override: merge, summary: top}}\n")
        daemon.start()
        daemon.services("start", "one", "three")
        since = daemon.service("one")["current-since"]
        before = daemon.get("/v1/plan?format=yaml").result
        refused = {
            "no YAML": ("services: [", {}),
            "unknown field": ("services: {one: {override: merge, colour: red}}", {}),
            "no override": ("services: {one: {command: x}}", {}),
            "no command": ("services: {new: {override: replace}}", {}),
            "unknown requirement": ("services: {one: {override: merge, requires: [nobody]}}", {}),
            "loop": ("services: {one: {override: merge, after: [two]}, two: {override: merge, after: [one]}}", {}),
            "combined plan is refused": ("services: {good: {override: replace, command: x}, one: {override: merge, after: [one2]}, "
                                         "one2: {override: replace, command: x, after: [one]}}", {}),
            "bad check": ("checks: {c: {override: replace, http: {url: x}, tcp: {port: 1}}}", {}),
            "not last without inner": ("services: {two: {override: merge, summary: x}}", {"label": "dir/bbb"}),
            "inner, refused": ("services: {two: {override: merge, requires: [nobody]}}", {"label": "dir/bbb", "inner": True}),
            "combined into a layer, refused": ("services: {one: {override: merge, requires: [nobody]}}", {"label": "base"}),
            "existing label without combine": ("services: {}", {"label": "base", "combine": False}),
            "combined into an inner layer, refused": ("services: {three: {override: merge, on-success: explode}}",
                                                      {"label": "dir/aaa", "inner": True}),
            "reserved label": ("services: {two: {override: merge, summary: x}}", {"label": "pebble-x"}),
        }
        for name, (text, members) in refused.items():
            with self.subTest(name):
                answer = self.add(text, **members)
                self.assertGreaterEqual(answer.status, 400, answer)
                self.assertEqual(daemon.get("/v1/plan?format=yaml").result, before)
        # What was refused has left nothing behind that a later layer would trip over or reveal.
        self.assertEqual(daemon.services("replan")["status"], "Done")
        self.assertEqual(daemon.service("one")["current-since"], since)
        self.assertEqual(self.add("services: {two: {override: merge, summary: fine}}", label="dir/bbb", inner=True).status, 200)
        self.assertEqual(self.add("services: {one: {override: merge, summary: fine}}", label="base").status, 200)
        plan = daemon.get("/v1/plan?format=yaml").result
        self.assertEqual(plan, before.replace("    two:\n", "    two:\n        summary: fine\n"))


class ManyChangesTest(DaemonCase):
    COUNT = 10000
    KEPT = 1000  # docs/internals/state.md

    def make_changes(self, count):
        connection = self.daemon.connection(60)
        for _ in range(count):
            answer = exchange(connection, "POST", "/v1/services", {"action": "stop", "services": ["one"]})
            if answer.status != 202:
                raise AssertionError(answer)
        connection.close()

    def test_cost_does_not_grow_with_their_number(self):
        daemon = self.daemon
        daemon.layer("001-test.yaml", plan_of({"one": "sleep 1000"}))
        # Without a state file: one that holds all the changes is written anew for each.
        daemon.start(env={"PEBBLE_PERSIST": "never"})
        parts = 10
        costs_s = []
        for _ in range(parts):
            before_s = cpu_s(daemon.process.pid)
            self.make_changes(self.COUNT // parts)
            costs_s.append(cpu_s(daemon.process.pid) - before_s)
        # Otherwise the last part would take many times as long as the first.
        self.assertLess(costs_s[-1], 4 * costs_s[0] + 0.2, costs_s)
        self.assertEqual(daemon.get("/v1/health").status, 200)
        self.assertEqual(daemon.services("stop", "one")["id"], str(self.COUNT + 1))

    def test_start_prunes_what_is_too_much(self):
        daemon = self.daemon
        daemon.layer("001-test.yaml", plan_of({"one": "sleep 1000"}))
        daemon.start()
        daemon.services("stop", "one")
        self.assertEqual(daemon.stop(), 0)
        path = os.path.join(daemon.pebble_dir, ".pebble.state")
        state = daemon.state()
        change, task, notice = state["changes"]["1"], state["tasks"]["1"], state["notices"][0]
        for number in range(2, self.COUNT + 1):
            text = str(number)
            state["changes"][text] = {**change, "id": text, "task-ids": [text]}
            state["tasks"][text] = {**task, "id": text, "change": text}
            state["notices"].append({**notice, "id": text, "key": text})
        state["last-change-id"] = state["last-task-id"] = state["last-notice-id"] = self.COUNT
        with open(path, "w", encoding="utf-8") as file:
            json.dump(state, file)
        daemon.start()
        self.assertEqual(daemon.services("stop", "one")["id"], str(self.COUNT + 1))
        changes = daemon.get("/v1/changes?select=all").result
        self.assertLessEqual(len(changes), self.KEPT + 1)
        self.assertIn(str(self.COUNT), [change["id"] for change in changes], "the newest have to stay")
        self.assertEqual(daemon.stop(), 0)
        state = daemon.state()
        self.assertLessEqual(len(state["changes"]), self.KEPT + 1)
        self.assertEqual({task["change"] for task in state["tasks"].values()}, set(state["changes"]))
        self.assertLessEqual({n["key"] for n in state["notices"] if n["type"] == "change-update"}, set(state["changes"]))


class NothingLeftOverTest(DaemonCase):
    """Many starts and stops leak no process, descriptor, timer or memory."""

    def rest(self):
        """Descriptors, children and threads of the idle daemon."""
        pid = self.daemon.process.pid
        wait_until(lambda: len(os.listdir(f"/proc/{pid}/task")) == 1, what="the idle threads to end")
        return sorted(name.split(":")[0] for name in descriptors(pid).values()), children(pid)

    def assert_same_rest(self, before, what):
        more = collections.Counter(before[0])
        wait_until(lambda: not collections.Counter(self.rest()[0]) - more, what=f"no more descriptors than before {what}")
        wait_until(lambda: not self.rest()[1], what=f"the processes to be gone after {what}")

    def cycles(self, count, actions):
        connection = self.daemon.connection(60)
        for _ in range(count):
            for action in actions:
                answer = exchange(connection, "POST", "/v1/services", {"action": action, "services": ["one", "two"]})
                if answer.status != 202:
                    raise AssertionError(answer)
                if action == "stop":
                    exchange(connection, "GET", f"/v1/changes/{answer.change}/wait")
        connection.close()

    def check_cycles(self, count, actions, services):
        daemon = self.daemon
        daemon.layer("001-test.yaml", plan_of(services))
        daemon.start("--hold", env={"PEBBLE_PERSIST": "never"})
        # The state keeps changes on purpose: full after so many, and what comes then is for nothing.
        self.cycles(100, actions)
        before, before_kib = self.rest(), rss_kib(daemon.process.pid)
        self.assertEqual(before[1], [])
        first_s = self.timed_cycles(count // 2, actions)
        second_s = self.timed_cycles(count - count // 2, actions)
        self.assert_same_rest(before, f"{count} cycles")
        self.assertLess(second_s, 4 * first_s + 0.5)
        grown_kib = rss_kib(daemon.process.pid) - before_kib
        if not is_sanitized():
            # Two changes of two tasks each are about 6 KiB until they are pruned.
            self.assertLess(grown_kib, 1024 + count * 2 * 8)
        # No timer is running: an idle daemon uses no processor time.
        switches = self.wakeups()
        signal.sigtimedwait([], 0.5)
        self.assertLess(self.wakeups() - switches, 5)
        self.assertEqual(daemon.stop(), 0)
        self.assertEqual(daemon.leftovers(), [])

    def timed_cycles(self, count, actions):
        before_s = cpu_s(self.daemon.process.pid)
        self.cycles(count, actions)
        return cpu_s(self.daemon.process.pid) - before_s

    def wakeups(self):
        with open(f"/proc/{self.daemon.process.pid}/status", encoding="utf-8") as file:
            return sum(int(line.split()[1]) for line in file if "voluntary_ctxt_switches" in line)

    def count(self, short):
        return 10000 if IS_LONG else short

    def test_started_and_stopped_within_the_start_window(self):
        self.check_cycles(self.count(500), ("start", "stop"), {
            "one": "sleep 1000", "two": {"command": "sh -c 'echo hello; exec sleep 1000'", "kill-delay": "1s"}})

    def test_services_that_end_at_once(self):
        self.check_cycles(self.count(500), ("start", "stop"), {
            "one": {"command": "true", "on-success": "ignore"}, "two": {"command": "false", "on-failure": "ignore"}})

    def test_services_that_cannot_start(self):
        self.check_cycles(self.count(500), ("start", "stop"), {
            "one": "/does/not/exist", "two": {"command": "sleep 1000", "working-dir": "/does/not/exist"}})


if __name__ == "__main__":
    unittest.main()
