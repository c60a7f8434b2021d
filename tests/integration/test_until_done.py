# SPDX-License-Identifier: GPL-3.0-or-later
"""Run to completion: --until-done, the entry point `enter --exec`, and a root that cannot be written."""

import os
import shutil
import signal
import subprocess
import tempfile
import unittest

from harness import HANG_S, free_port
from terminal import Terminal
from test_order import OrderCase
from test_pid1 import UNSHARE, why_not

ONESHOT = {"type": "oneshot", "startup": "enabled"}
READ_ONLY = ["unshare", "--user", "--map-root-user", "--mount"]


def job(script, **settings):
    return {"command": f"sh -c '{script}'", **ONESHOT, **settings}


class UntilDoneTest(OrderCase):
    def run_until_done(self, services, *options, command="run", **more):
        self.plan(services)
        return self.daemon.cli(command, "--until-done", *options, **more)

    def assert_code(self, code, services, **options):
        done = self.run_until_done(services, **options)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertIn(f"No service is left to run, exiting with code {code}.", done.stderr)
        self.assertFalse(os.path.exists(self.daemon.socket_path))
        return done

    def test_exit_code(self):
        for name, code, services in (
                ("success", 0, {"a": job("true"), "b": job("true", **{"wait-for": {"a": "completed"}})}),
                ("nothing is enabled", 0, {"a": "sleep 1000"}),
                ("a failure", 3, {"a": job("exit 3"), "b": job("true")}),
                ("the first failure", 4, {"a": job("exit 5", **{"wait-for": {"b": "exited"}}), "b": job("exit 4")}),
                ("a signal", 137, {"a": job("kill -9 $$")}),
                ("no such command", 127, {"a": {"command": "no-such-command", **ONESHOT}}),
                ("no program", 126, {"a": {"command": "/etc/passwd", **ONESHOT}}),
                ("a success by its code", 0, {"a": job("exit 9", **{"success-exit-codes": [9]})}),
                ("it waits for what has failed", 6, {"a": job("true", **{"wait-for": {"b": "completed"}}),
                                                     "b": job("exit 6")}),
                ("it waits in vain", 1, {"a": job("true", **{"wait-for": {"b": "ready"}, "wait-timeout": "100ms"}),
                                         "b": {"command": f"{self.slow()}", "startup": "enabled",
                                               "ready": {"log": "never"}, "on-success": "ignore"}}),
                ("a plain service", 7, {"a": {"command": "sh -c 'sleep 1.2; exit 7'", "startup": "enabled",
                                              "on-failure": "ignore"}}),
                ("the action exit", 8, {"a": job("exit 8", **{"on-failure": "exit"}),
                                        "b": {"command": "sleep 1000", "startup": "enabled"}})):
            with self.subTest(name):
                if name == "the action exit":
                    self.assertEqual(self.run_until_done(services).returncode, code)
                else:
                    self.assert_code(code, services)

    def slow(self):
        return self.daemon.script("slow", "sleep 3\n")

    def test_retries_are_waited_out(self):
        count = self.daemon.path("count")
        self.assert_code(0, {"a": job(f"echo x >>{count}; test $(wc -l <{count}) = 3", **{
            "on-failure": "restart", "backoff-delay": "50ms"})})
        self.assertEqual(self.daemon.read("count"), "x\n" * 3)
        self.assert_code(2, {"a": job("exit 2", **{
            "on-failure": "restart", "backoff-delay": "20ms", "max-start-retries": 2})})

    def stop_b(self):
        """Without a wait: the daemon may end before it responds to that."""
        self.assertEqual(self.daemon.post("/v1/services", {"action": "stop", "services": ["b"]}).status, 202)

    def test_what_lives_is_waited_for(self):
        self.plan({"a": job("true"), "b": {"command": "sleep 1000", "startup": "enabled"}})
        self.daemon.start("--until-done")
        self.assertEqual(self.wait_for("a", "completed").status, 200)
        self.assertEqual(self.daemon.services("start", "a")["status"], "Done")
        self.assertEqual(self.daemon.service("b")["current"], "active")
        self.stop_b()
        self.assertEqual(self.daemon.wait_exit(), 0)

    def test_a_failure_that_was_mended_does_not_count(self):
        gate = self.daemon.path("gate")
        self.plan({"a": job(f"test -e {gate}"), "b": {"command": "sleep 1000", "startup": "enabled"}})
        self.daemon.start("--until-done")
        self.assertEqual(self.wait_for("a", "exited").status, 200)
        self.daemon.file("gate")
        self.assertEqual(self.daemon.services("start", "a")["status"], "Done")
        self.stop_b()
        self.assertEqual(self.daemon.wait_exit(), 0)

    def test_a_signal_ends_it_as_ever(self):
        self.plan({"a": {"command": "sleep 1000", "startup": "enabled"}})
        self.daemon.start("--until-done")
        self.assertEqual(self.daemon.stop(signal.SIGTERM), 0)

    def test_it_is_no_option_for_what_does_not_run_services(self):
        for options, message in ((("run", "--until-done", "--hold"), "cannot use --until-done with --hold"),
                                 (("enter", "--until-done", "services"),
                                  'enter: cannot provide --until-done before "services" subcommand'),
                                 (("enter", "--until-done", "--exec", "true"),
                                  'enter: cannot provide --until-done before "exec" subcommand')):
            with self.subTest(options):
                done = self.daemon.cli(*options)
                self.assertEqual((done.returncode, done.stderr), (1, f"error: {message}\n"))

    def test_enter_alone(self):
        self.assert_code(3, {"a": job("exit 3")}, command="enter")

    def test_plan_that_cannot_be_ordered(self):
        done = self.run_until_done({"a": job("true", after=["b"]), "b": job("true", after=["a"])})
        self.assertEqual(done.returncode, 1, done.stderr)

    @unittest.skipIf(why_not(), why_not())
    def test_first_process(self):
        self.plan({"a": job("sleep 0.1; sleep 1000 & exit 3")})
        done = subprocess.run([*UNSHARE, self.daemon.binary, "run", "--until-done"], capture_output=True, text=True,
                              timeout=HANG_S, check=False, env=self.daemon.env)
        self.assertEqual(done.returncode, 3, done.stderr)


class EnterExecTest(OrderCase):
    def setUp(self):
        super().setUp()
        self.plan({"web": {"command": "sleep 1000", "startup": "enabled"}})

    def enter(self, *words, **options):
        return self.daemon.cli("enter", *words, **options)

    def test_words_are_the_command(self):
        done = self.enter("--exec", "sh", "-c", 'cat; echo "$@" >&2; exit 4', "x", "--run", "-h", ";", stdin="in")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (4, "in", "--run -h ;\n"))
        done = self.enter("--exec", "--", "echo", "--", "x")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "-- x\n", ""))

    def test_services_run_only_if_asked_for(self):
        show = f"{self.daemon.binary} services --format json"
        for options, current in ((("--run",), "active"), ((), "inactive")):
            with self.subTest(options):
                done = self.enter(*options, "--exec", "sh", "-c", show)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn(f'"current":"{current}"', done.stdout.replace(" ", ""))

    def test_command_that_cannot_be_run(self):
        for command, code, message in (("/no/such/command", 127, 'cannot find executable "/no/such/command"'),
                                       ("no-such-command", 127, 'cannot find executable "no-such-command"'),
                                       ("/etc/passwd", 126, 'cannot run "/etc/passwd": not an executable file'),
                                       ("/etc", 126, 'cannot run "/etc": not an executable file')):
            with self.subTest(command):
                done = self.enter("--exec", command)
                self.assertEqual((done.returncode, done.stderr), (code, f"error: {message}\n"))
        self.assertEqual(self.enter("exec", "no-such-command").returncode, 1)  # as with Pebble

    def test_without_words_the_daemon_runs(self):
        self.daemon.start("--exec", command="enter")
        self.daemon.wait_service("web", "active")
        self.assertEqual(self.daemon.stop(), 0)
        self.daemon.start("--exec", "--", command="enter")
        self.daemon.wait_service("web", "active")
        self.assertEqual(self.daemon.stop(), 0)

    def test_value_is_refused(self):
        done = self.enter("--exec=sh")
        self.assertEqual((done.returncode, done.stderr), (1, "error: option --exec takes no value\n"))

    def test_terminal(self):
        with Terminal(self.daemon, "enter", "--exec", "sh", "-c", "test -t 0 && test -t 1 && stty size; exit 5",
                      columns=90) as terminal:
            self.assertEqual(terminal.wait_exit(), 5)
            self.assertIn("24 90", terminal.text())

    @unittest.skipIf(why_not(), why_not())
    def test_first_process(self):
        done = subprocess.run([*UNSHARE, self.daemon.binary, "enter", "--run", "--exec", "sh", "-c", "echo $$; exit 6"],
                              capture_output=True, text=True, timeout=HANG_S, check=False,
                              env=self.daemon.env)
        self.assertEqual(done.returncode, 6, done.stderr)
        self.assertGreater(int(done.stdout), 1)


@unittest.skipIf(why_not(), why_not())
class ReadOnlyTest(OrderCase):
    """$PEBBLE is on a file system that is mounted read-only; the socket is not."""

    def setUp(self):
        super().setUp()
        self.other = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.other)
        self.plan({"a": job("exit 3")})

    def run_read_only(self, *options, persist="never", socket=None):
        directory = self.daemon.pebble_dir
        script = (f"mount --bind {directory} {directory} && mount -o remount,bind,ro {directory} && "
                  f"! touch {directory}/x 2>/dev/null && exec \"$@\"")
        return subprocess.run([*READ_ONLY, "sh", "-c", script, "sh", self.daemon.binary, "run", *options],
                              capture_output=True, text=True, timeout=HANG_S, check=False,
                              env={**self.daemon.env, "PEBBLE_PERSIST": persist,
                                   "PEBBLE_SOCKET": socket or os.path.join(self.other, "socket")})

    def test_nothing_is_written(self):
        done = self.run_read_only("--until-done")
        self.assertEqual(done.returncode, 3, done.stderr)

    def test_https_has_a_key_in_memory(self):
        done = self.run_read_only("--until-done", "--https", f"127.0.0.1:{free_port()}")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("Identity fingerprint: ", done.stderr)
        self.assertIn("HTTPS API server listening on", done.stderr)

    def test_what_has_to_be_written_is_an_error(self):
        refused = f'cannot run daemon: directory "{self.daemon.pebble_dir}" not writable\n'
        done = self.run_read_only(persist="")
        self.assertEqual((done.returncode, done.stderr), (1, refused))
        done = self.run_read_only(socket=os.path.join(self.daemon.pebble_dir, "other.socket"))
        self.assertEqual((done.returncode, done.stderr), (1, refused))


if __name__ == "__main__":
    unittest.main()
