# SPDX-License-Identifier: GPL-3.0-or-later
"""One-shots, readiness, conditions, exit codes and limits of restarts, with real processes. The rules are tested on
virtual time in tests/unit/services/."""

import json
import os
import signal
import socket
import subprocess
import unittest

from containers import PIDS, as_first_process, first_process, needs
from harness import DaemonCase, wait_until

WAIT_S = 100  # less than the client waits for a response


def layer_of(services, checks=None):
    """JSON is YAML."""
    entries = {name: {"override": "replace", **({"command": settings} if isinstance(settings, str) else settings)}
               for name, settings in services.items()}
    return json.dumps({"services": entries,
                       "checks": {name: {"override": "replace", **settings} for name, settings in (checks or {}).items()}})


class OrderCase(DaemonCase):
    def plan(self, services, **sections):
        self.daemon.layer("001-test.yaml", layer_of(services, **sections))

    def details(self, name):
        return self.daemon.service(name).get("details", {})

    def wait_for(self, name, goal="ready", timeout=f"{WAIT_S}s"):
        return self.daemon.get(f"/v1/services/{name}/wait?for={goal}&timeout={timeout}")

    def log_position(self, text):
        return self.daemon.log().index(text)


class RestartTest(OrderCase):
    def test_a_client_that_waits_during_a_restart_gets_its_response(self):
        self.plan({"a": {"command": "sleep 1000", "startup": "enabled", "backoff-delay": "300ms"}})
        self.daemon.start()
        self.assertEqual(self.wait_for("a").status, 200)
        self.daemon.post("/v1/signals", {"signal": "SIGKILL", "services": ["a"]})
        self.daemon.wait_service("a", "backoff")
        self.assertEqual(self.wait_for("a").status, 200)


class ReadyTest(OrderCase):
    """Each way to become ready, and a service that waits for it."""

    def start_with(self, script, ready, **sections):
        self.daemon.script("service", script)
        self.plan({"db": {"command": self.daemon.path("service"), "ready": ready, "startup": "enabled"},
                   "web": {"command": "sleep 1000", "wait-for": {"db": "ready"}, "startup": "enabled"}}, **sections)
        self.daemon.start()

    def assert_waits(self):
        """The web server waits, while the gate is closed."""
        wait_until(lambda: self.details("web").get("waiting-for") == ["db: ready"], what="the wait")
        wait_until(lambda: self.details("db")["state"] == "starting", what="the start")
        self.assertEqual(self.daemon.service("db")["current"], "active")
        self.assertIs(self.details("db")["ready"], False)
        self.daemon.file("gate")
        self.assertEqual(self.wait_for("web").status, 200)
        self.assertIs(self.details("db")["ready"], True)
        self.assertLess(self.log_position('Service "db" is ready'), self.log_position('Service "web" starting'))

    def gate(self):
        return f"while [ ! -e {self.daemon.path('gate')} ]; do sleep 0.02; done\n"

    def test_notify(self):
        send = ("import os, socket, sys\n"
                "s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
                "s.connect('\\0' + os.environ['NOTIFY_SOCKET'][1:])\n"
                "s.send(b'STATUS=open\\nREADY=1\\nMORE=x')\n")
        self.start_with(f'{self.gate()}python3 -c "{send}"\nexec sleep 1000\n', {"notify": True})
        self.assert_waits()
        self.assertEqual(self.details("db")["status-text"], "open")

    def test_descriptor(self):
        self.start_with(f"{self.gate()}echo >&7\nexec 7>&-\nexec sleep 1000\n", {"fd": 7})
        self.assert_waits()

    def test_log(self):
        self.start_with(f"echo 'not ready'\n{self.gate()}printf 'ready on '\nsleep 0.1\necho 80\nexec sleep 1000\n",
                        {"log": "^ready on [0-9]+$"})
        self.assert_waits()

    def test_check(self):
        self.start_with("exec sleep 1000\n", {"check": "up"},
                        checks={"up": {"startup": "disabled", "exec": {"command": f"test -e {self.daemon.path('gate')}"}}})
        self.assert_waits()
        check = self.daemon.get("/v1/checks?names=up").result[0]
        self.assertEqual((check["status"], check.get("change-id")), ("inactive", None))  # it is not touched

    def test_descriptor_that_is_closed(self):
        self.start_with("exec 7>&-\nexec sleep 1000\n", {"fd": 7})
        wait_until(lambda: "its descriptor was closed before it was ready, will restart" in self.daemon.log(), what="a log")

    def test_late(self):
        self.start_with("exec sleep 1000\n", {"log": "never", "timeout": "300ms"})
        wait_until(lambda: "service start attempt: not ready after 300ms, will restart" in self.daemon.log(), what="a log")

    def test_no_descriptor_leaks(self):
        """The service has its own descriptor only, and the daemon none after the end."""
        listing = self.daemon.path("fds")
        self.start_with(f"ls /proc/$$/fd > {listing}\necho >&7\nexec 7>&-\nexec sleep 1000\n", {"fd": 7})
        self.assertEqual(self.wait_for("db").status, 200)
        with open(listing, encoding="utf-8") as file:
            self.assertLessEqual(set(file.read().split()), {"0", "1", "2", "7", "10", "11", "255"})
        count = len(os.listdir(f"/proc/{self.daemon.process.pid}/fd"))
        for _ in range(10):
            self.daemon.services("restart", "db")
        wait_until(lambda: len(os.listdir(f"/proc/{self.daemon.process.pid}/fd")) <= count, what="no more descriptors")

    def test_strangers(self):
        """Messages of other users, floods, and descriptors that are sent along."""
        name = self.daemon.path("name")
        self.start_with(f"echo $NOTIFY_SOCKET > {name}.new; mv {name}.new {name}\nexec sleep 1000\n",
                        {"notify": True, "timeout": "0s"})
        wait_until(lambda: os.path.exists(name), what="the name")
        with open(name, encoding="utf-8") as file:
            address = "\0" + file.read().strip()[1:]
        if os.getuid() == 0:
            send = f"import socket; socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b'READY=1', {address!r})"
            subprocess.run(["python3", "-c", send], check=True, user=12345)
        sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(sender.close)
        sender.setblocking(False)
        read_end, write_end = os.pipe()
        for number in range(3000):
            try:
                sender.sendto(b"X=1" * (2000 if number % 3 else 1), address)
            except BlockingIOError:
                self.assertEqual(self.daemon.get("/v1/health").status, 200)
        sender.setblocking(True)
        sender.connect(address)
        socket.send_fds(sender, [b"BARRIER=1"], [write_end])
        os.close(write_end)
        self.assertEqual(os.read(read_end, 1), b"")  # the barrier
        os.close(read_end)
        self.assertEqual(self.details("db")["state"], "starting")
        sender.send(b"READY=1")
        self.assertEqual(self.wait_for("web").status, 200)
        sender.send(b"STOPPING=1")
        wait_until(lambda: self.details("db")["ready"] is False, what="the end of readiness")

    @needs(PIDS)
    def test_other_pid_namespace(self):
        """As from another container of a pod, which shares the names of sockets: the daemon does not see the sender."""
        name = self.daemon.path("name")
        send = ("import os, socket\n"
                "s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
                "s.sendto(b'STATUS=own\\nREADY=1', '\\0' + os.environ['NOTIFY_SOCKET'][1:])\n")
        with as_first_process(self.daemon):
            self.start_with(f"echo $NOTIFY_SOCKET > {name}.new; mv {name}.new {name}\n{self.gate()}"
                            f"python3 -c \"{send}\"\nexec sleep 1000\n", {"notify": True, "timeout": "0s"})
        wait_until(lambda: os.path.exists(name), what="the name")
        with open(name, encoding="utf-8") as file:
            address = "\0" + file.read().strip()[1:]
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            read_end, write_end = os.pipe()
            sender.connect(address)
            sender.send(b"STATUS=other\nREADY=1")
            socket.send_fds(sender, [b"BARRIER=1"], [write_end])
        os.close(write_end)
        self.assertEqual(os.read(read_end, 1), b"")  # the messages have been read
        os.close(read_end)
        self.assertEqual((self.details("db")["state"], self.details("db").get("status-text")), ("starting", None))
        self.daemon.file("gate")
        self.assertEqual(self.wait_for("web").status, 200)
        self.assertEqual(self.details("db")["status-text"], "own")
        os.kill(first_process(self.daemon), signal.SIGTERM)
        self.assertEqual(self.daemon.wait_exit(), 0)

    def test_health(self):
        self.start_with(f"{self.gate()}echo up\nexec sleep 1000\n", {"log": "up", "level": "ready"})
        self.assertEqual(self.daemon.get("/v1/health").status, 502)
        self.assertEqual(self.daemon.get("/v1/health?level=alive").status, 200)
        self.daemon.file("gate")
        self.assertEqual(self.wait_for("db").status, 200)
        self.assertEqual(self.daemon.get("/v1/health?level=ready").status, 200)
        self.daemon.services("stop", "db")
        self.assertEqual(self.daemon.get("/v1/health").status, 200)

    def test_health_alive(self):
        self.daemon.script("service", f"{self.gate()}echo up\nexec sleep 1000\n")
        self.plan({"db": {"command": self.daemon.path("service"), "startup": "enabled",
                          "ready": {"log": "up", "level": "alive"}}})
        self.daemon.start("--hold")
        self.assertEqual(self.daemon.get("/v1/health?level=alive").status, 200)  # nobody wants it
        change = self.daemon.post("/v1/services", {"action": "start", "services": ["db"]}).change
        self.assertEqual(self.daemon.get("/v1/health?level=alive").status, 502)
        self.assertEqual(self.daemon.get("/v1/health?level=ready").status, 502)
        self.daemon.file("gate")
        self.daemon.wait_change(change)
        self.assertEqual(self.daemon.get("/v1/health?level=alive").status, 200)


class OneshotTest(OrderCase):
    def test_chain(self):
        """Each of a chain of jobs begins when the one before has ended."""
        out = self.daemon.path("out")
        services = {f"job{number}": {"command": f"sh -c 'sleep 0.05; echo {number} >> {out}'", "type": "oneshot",
                                     "startup": "enabled",
                                     **({"wait-for": {f"job{number - 1}": "completed"}} if number else {})}
                    for number in range(10)}
        self.plan(services)
        self.daemon.start()
        self.assertEqual(self.wait_for("job9", "completed").status, 200)
        with open(out, encoding="utf-8") as file:
            self.assertEqual(file.read().split(), [str(number) for number in range(10)])
        done = self.daemon.cli("services")
        self.assertIn("completed", done.stdout)
        replan = self.daemon.cli("replan")
        self.assertEqual(replan.returncode, 0)
        with open(out, encoding="utf-8") as file:
            self.assertEqual(len(file.read().split()), 10)  # none runs again

    def test_failure(self):
        self.plan({"job": {"command": "sh -c 'echo no disk; exit 9'", "type": "oneshot"},
                   "web": {"command": "sleep 1000", "requires": ["job"], "after": ["job"]}})
        self.daemon.start()
        change = self.daemon.services("start", "web")
        self.assertEqual(change["status"], "Error")
        self.assertIn("service start attempt: exited with code 9, will ignore", change["err"])
        self.assertIn("no disk", "".join(change["tasks"][0]["log"]))
        self.assertEqual(self.daemon.service("job")["current"], "error")
        self.assertEqual(self.details("job")["note"], "exit 9")
        done = self.daemon.cli("wait", "job=completed")
        self.assertEqual((done.returncode, done.stderr),
                         (1, 'error: "job" exited with code 9 while waiting for it to complete\n'))

    def test_run_timeout(self):
        self.plan({"job": {"command": "sleep 1000", "type": "oneshot", "run-timeout": "200ms"}})
        self.daemon.start()
        change = self.daemon.services("start", "job")
        self.assertIn("service start attempt: timed out after 200ms, will ignore", change["err"])
        self.assertEqual(self.daemon.leftovers(), [self.daemon.process.pid])

    def test_wait_for_checks(self):
        gate = self.daemon.path("gate")
        self.plan({"job": {"command": "true", "type": "oneshot", "startup": "enabled", "wait-for-checks": ["up"]}},
                  checks={"up": {"startup": "disabled", "exec": {"command": f"test -e {gate}"}}})
        self.daemon.start()
        wait_until(lambda: self.details("job").get("waiting-for") == ["check up"], what="the wait")
        self.daemon.file("gate")
        self.assertEqual(self.wait_for("job", "completed").status, 200)
        self.assertEqual(self.daemon.check("up")["status"], "inactive")

    def test_notes_of_retries(self):
        self.plan({"job": {"command": "sh -c 'exit 4'", "type": "oneshot", "on-failure": "restart", "max-start-retries": 1,
                           "backoff-delay": "1000s", "backoff-limit": "1000s"}})
        self.daemon.start()
        self.daemon.post("/v1/services", {"action": "start", "services": ["job"]})
        self.daemon.wait_service("job", "backoff")
        self.assertRegex(self.daemon.cli("services").stdout, r"\njob .* retry 1/1\n")
        self.assertEqual(self.details("job")["exit-code"], 4)
        self.assertEqual(self.details("job").get("retries-left"), 0)

    def test_exit_code_of_the_daemon(self):
        for keys, code in (({"on-failure": "exit"}, 42), ({"on-failure": "exit", "type": "oneshot"}, 42),
                           ({"max-start-retries": 1, "backoff-delay": "10ms", "on-max-start-retries": "exit"}, 42),
                           ({"on-failure": "exit", "success-exit-codes": [42], "on-success": "exit"}, 0)):
            with self.subTest(keys):
                daemon = self.new_daemon()
                daemon.layer("001-test.yaml", layer_of({"job": {"command": "sh -c 'exit 42'", "startup": "enabled", **keys}}))
                daemon.start(wait=False)
                self.assertEqual(daemon.wait_exit(), code)


class StopTest(OrderCase):
    def test_signal(self):
        self.daemon.script("service", "trap 'echo got INT; exit 0' INT\ntrap 'echo got TERM' TERM\n"
                                      "echo up\nwhile :; do sleep 0.05; done\n")
        self.plan({"db": {"command": self.daemon.path("service"), "stop-signal": "SIGINT", "ready": {"log": "up"}}})
        self.daemon.start()
        self.assertEqual(self.daemon.services("start", "db")["status"], "Done")
        self.assertEqual(self.daemon.services("stop", "db")["status"], "Done")
        logs = self.daemon.get("/v1/logs?n=-1").body
        self.assertIn(b"got INT", logs)
        self.assertNotIn(b"got TERM", logs)

    def test_main_process_only(self):
        path = self.daemon.path("pid")
        self.daemon.script("service", f"trap '' HUP\nsh -c 'trap \"\" TERM; echo $$ > {path}; exec sleep 1000' &\n"
                                      f"while [ ! -s {path} ]; do sleep 0.02; done\nexec sleep 1000\n")
        self.plan({"db": {"command": self.daemon.path("service"), "kill-mode": "process", "kill-delay": "300ms"}})
        self.daemon.start()
        self.daemon.services("start", "db")
        wait_until(lambda: os.path.exists(path) and os.path.getsize(path) > 0, what="the child")
        with open(path, encoding="utf-8") as file:
            pid = int(file.read())
        self.addCleanup(os.kill, pid, signal.SIGKILL)
        self.assertEqual(self.daemon.services("stop", "db")["status"], "Done")
        os.kill(pid, 0)  # lives on

    def test_those_that_wait_stop_first(self):
        self.daemon.script("web", "trap 'sleep 0.3; echo web ends; exit 0' TERM\nwhile :; do sleep 0.05; done\n")
        self.plan({"db": {"command": "sleep 1000", "startup": "enabled"},
                   "web": {"command": self.daemon.path("web"), "startup": "enabled", "wait-for": {"db": "ready"}}})
        self.daemon.start()
        self.assertEqual(self.wait_for("web").status, 200)
        self.daemon.stop()
        self.assertLess(self.log_position('Service "web" stopped'), self.log_position('Service "db" stopped'))


class WaitTest(OrderCase):
    def test_answers(self):
        self.plan({"web": "sleep 1000", "slow": {"command": "sleep 1000", "ready": {"log": "never", "timeout": "0s"}}})
        self.daemon.start("--hold")
        self.assertEqual(self.wait_for("none").status, 404)
        self.assertEqual(self.wait_for("web", "later").status, 400)
        self.assertEqual(self.wait_for("web", "ready", "x").status, 400)
        answer = self.wait_for("web")
        self.assertEqual((answer.status, answer.message),
                         (409, '"web" was not started while waiting for it to be ready'))
        self.assertEqual(self.wait_for("web", "stopped").status, 200)
        self.daemon.post("/v1/services", {"action": "start", "services": ["slow"]})
        answer = self.wait_for("slow", "ready", "50ms")
        self.assertEqual((answer.status, answer.message), (504, "timed out waiting for service after 50ms"))
        self.assertEqual(self.wait_for("slow", "started").status, 200)
        self.assertEqual(self.daemon.post("/v1/services/slow/wait", {}).status, 405)

    def test_command(self):
        gate = self.daemon.path("gate")
        self.plan({"job": {"command": f"sh -c 'while [ ! -e {gate} ]; do sleep 0.02; done'", "type": "oneshot"},
                   "web": {"command": "sleep 1000", "ready": {"check": "up"}}},
                  checks={"up": {"startup": "disabled", "exec": {"command": f"test -e {gate}"}}})
        self.daemon.start()
        self.daemon.post("/v1/services", {"action": "start", "services": ["job", "web"]})
        done = self.daemon.cli("wait", "job=started", "web=started")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        done = self.daemon.cli("wait", "--timeout", "50ms", "web")
        self.assertEqual((done.returncode, done.stderr), (1, 'error: timed out waiting for service "web" to be ready\n'))
        self.daemon.file("gate")
        done = self.daemon.cli("wait", "web", "job=completed")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_details_only_for_those_with_keys(self):
        self.plan({"web": "sleep 1000", "job": {"command": "true", "type": "oneshot"}})
        self.daemon.start("--hold")
        self.assertNotIn("details", self.daemon.service("web"))
        self.assertEqual(self.daemon.service("job")["details"], {"state": "initial"})
        both = self.daemon.get("/v1/services?details=all").result
        self.assertEqual([service["details"]["state"] for service in both], ["initial"] * 2)
        self.assertEqual(self.daemon.get("/v1/services?details=some").status, 400)

    def test_a_wait_outlives_the_daemon(self):
        gate = self.daemon.path("gate")
        self.plan({"db": {"command": f"sh -c 'while [ ! -e {gate} ]; do sleep 0.02; done'", "type": "oneshot",
                          "startup": "enabled"},
                   "web": {"command": "sleep 1000", "wait-for": {"db": "completed"}}})
        self.daemon.start()
        change = self.daemon.post("/v1/services", {"action": "start", "services": ["web"]}).change
        wait_until(lambda: self.details("web").get("state") == "waiting", what="the wait")
        self.daemon.kill()
        self.daemon.start()
        self.daemon.file("gate")
        self.daemon.wait_change(change)
        self.assertEqual(self.daemon.service("web")["current"], "active")


if __name__ == "__main__":
    unittest.main()
