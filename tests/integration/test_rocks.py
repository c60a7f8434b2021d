# SPDX-License-Identifier: GPL-3.0-or-later
"""The program as the entry point of a rock: ENTRYPOINT ["pebble", "enter"], with and without a subcommand."""

import os
import signal
import subprocess
import unittest

from containers import PIDS, as_first_process, copy_program, first_process, needs
from faults import children, is_alive, needs_root, plan_of, status_field
from harness import HANG_S, DaemonCase, wait_until

DAEMON_UID = 584792  # of the user _daemon_ that rocks have
BARE_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class RockCase(DaemonCase):
    """A rock's layer, writable by all as rockcraft makes it."""

    def setUp(self):
        super().setUp()
        self.daemon.env["PATH"] = BARE_PATH
        show = self.daemon.script("show", f'printf "%s\\n" "$@" end >{self.daemon.path("words")}\nexec sleep 1000\n')
        self.layer = self.daemon.layer("001-rockcraft-app.yaml", plan_of({
            "app": {"command": f"{show} [ --default one ]", "startup": "enabled"}, "other": "sleep 1000"}))
        os.chmod(self.layer, 0o777)

    def words(self):
        path = self.daemon.path("words")
        wait_until(lambda: os.path.exists(path) and self.daemon.read("words").endswith("end\n"), what="the service")
        return self.daemon.read("words").split("\n")[:-2]

    def enter(self, *arguments, wait=False, **options):
        """Starts `enter …` with its output and its log in separate files."""
        with open(self.daemon.path("stdout"), "wb") as out:
            return self.daemon.start(*arguments, command="enter", stdout=out, wait=wait, **options)

    def subcommand(self, daemon_pid=None):
        """Its process, which has the command line of the daemon."""
        for pid in children(daemon_pid or self.daemon.process.pid):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    if b"enter" in file.read().split(b"\0"):
                        return pid
            except OSError:  # it has ended
                pass
        return None


class EntryPointTest(RockCase):
    def test_alone_it_starts_what_is_enabled(self):
        self.daemon.start(command="enter")
        self.daemon.wait_log("Started default services")
        self.assertEqual(self.daemon.service("app")["current"], "active")
        self.assertEqual(self.daemon.service("other")["current"], "inactive")
        self.assertEqual(self.words(), ["--default", "one"])
        self.assertEqual(self.daemon.stop(), 0)
        self.assertEqual(self.daemon.leftovers(), [])

    def test_args_take_all_that_follows(self):
        self.daemon.start("--args", "app", "--verbose", "--hold", "", "a b", "$PATH", "--", "-h", command="enter")
        self.assertEqual(self.words(), ["--verbose", "--hold", "", "a b", "$PATH", "--", "-h"])

    def test_options_may_follow_args(self):
        self.daemon.start("--args", "app", "x", ";", "--verbose", command="enter")
        self.assertEqual(self.words(), ["x"])
        self.daemon.add_layer("chat", plan_of({"chat": "sh -c 'echo said; exec sleep 1000'"}))
        self.daemon.services("start", "chat")
        self.daemon.wait_log(r"\[chat\] said$")

    def test_args_of_a_service_that_is_not_there(self):
        done = self.daemon.cli("enter", "--args", "nobody", "x")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertEqual(done.stderr.splitlines()[-1], 'cannot run daemon: service "nobody" not found in plan')

    def test_the_environment_of_a_bare_rock(self):
        self.daemon.layer("002-env.yaml", plan_of({"env": {
            "command": f"sh -c 'echo $PATH >{self.daemon.path('env')}; exec sleep 1000'", "startup": "enabled"}}))
        self.daemon.start(command="enter")
        wait_until(lambda: os.path.exists(self.daemon.path("env")) and self.daemon.read("env").endswith("\n"), what="the variable")
        self.assertEqual(self.daemon.read("env"), BARE_PATH + "\n")

    def test_a_service_that_shuts_down(self):
        for name, command, action, code in (("on-success", "true", "shutdown", 0), ("on-success", "true", "failure-shutdown", 10),
                                            ("on-failure", "false", "shutdown", 10), ("on-failure", "false", "success-shutdown", 0)):
            with self.subTest(f"{name}: {action}"):
                self.daemon.layer("001-rockcraft-app.yaml", plan_of({
                    "app": {"command": command, "startup": "enabled", name: action}}))
                self.enter()
                self.assertEqual(self.daemon.wait_exit(), code, self.daemon.log())


class SubcommandTest(RockCase):
    def test_services(self):
        done = self.daemon.cli("enter", "services")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (
            0, "Service  Startup   Current   Since\napp      enabled   inactive  -\nother    disabled  inactive  -\n", ""))
        self.assertFalse(os.path.exists(self.daemon.path("words")), "a service was started")
        self.assertFalse(os.path.exists(self.daemon.socket_path))

    def test_plan(self):
        with open(self.layer, encoding="ascii") as file:
            command = next(line.split("'")[1] for line in file if "[ --default" in line)
        done = self.daemon.cli("enter", "plan")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout, "services:\n    app:\n        startup: enabled\n        override: replace\n"
                         f"        command: {command}\n    other:\n        override: replace\n        command: sleep 1000\n")
        self.assertFalse(os.path.exists(self.daemon.path("words")), "a service was started")

    def test_version(self):
        version = self.daemon.cli("version", "--client").stdout.strip()
        done = self.daemon.cli("enter", "version")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, f"client  {version}\nserver  {version}\n", ""))

    def test_help_needs_no_daemon(self):
        done = self.daemon.cli("enter", "help", env={"PEBBLE": "/nonexistent"})
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, self.daemon.cli("help").stdout, ""))

    def test_options_of_the_subcommand(self):
        done = self.daemon.cli("enter", "services", "--format", "json", "other")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout, '{"services":{"other":{"name":"other","startup":"disabled","current":"inactive"}}}\n')

    def test_verbose_shows_the_log(self):
        for options, env in ((["--verbose"], {}), ([], {"PEBBLE_VERBOSE": "1"})):
            done = self.daemon.cli("enter", *options, "services", env=env)
            self.assertEqual(done.returncode, 0)
            self.assertIn("[pebble] Started daemon.\n", done.stderr)
            self.assertTrue(done.stdout.startswith("Service  Startup "), done.stdout)

    def stop_child(self):
        """Stops the process of the subcommand as soon as it is there; returns its PID."""
        pid = wait_until(self.subcommand, what="the subcommand")
        os.kill(pid, signal.SIGSTOP)
        return pid

    def test_cut_short_is_an_error(self):
        self.daemon.layer("002-never.yaml", "services: {other: {override: merge, ready: {log: never, timeout: 0s}}}\n")
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            with self.subTest(number.name):
                self.enter("start", "other")
                pid = self.stop_child()
                self.daemon.wait_log("Started daemon")
                self.assertEqual(self.daemon.stop(number), 1, self.daemon.log())
                self.assertRegex(self.daemon.log(), "(?m)^error: the daemon has ended before the subcommand$")
                self.assertFalse(is_alive(pid))
                os.remove(self.daemon.log_path)

    def test_the_end_of_a_start_in_its_window_is_an_error(self):
        def is_in_time():
            self.daemon.file("daemon.log")
            self.enter("start", "other")
            self.daemon.wait_log('Service "other" starting')
            return self.daemon.stop() == 1  # 0: the machine is busy, and the second was over
        wait_until(is_in_time, what="an end in the window")
        self.assertRegex(self.daemon.log(), "(?m)^error: ")

    def test_refusals(self):
        cases = [
            (["changes"], 'enter: subcommand "changes" is not supported'),
            (["logs"], 'enter: subcommand "logs" is not supported'),
            (["run"], 'enter: subcommand "run" is not supported'),
            (["enter"], 'enter: subcommand "enter" is not supported'),
            (["stop", "app"], 'enter: must use --run before "stop" subcommand'),
            (["--run", "services"], 'enter: cannot provide --run before "services" subcommand'),
            (["--run", "plan"], 'enter: cannot provide --run before "plan" subcommand'),
            (["--run", "version"], 'enter: cannot provide --run before "version" subcommand'),
            (["--run", "help"], 'enter: cannot provide --run before "help" subcommand'),
            (["-v", "exec", "true"], 'enter: cannot provide -v/--verbose before "exec" subcommand'),
            (["trumpet"], "unknown command \"trumpet\", see 'pebble help'"),
            (["--trumpet", "services"], "unknown option \"--trumpet\", see 'pebble help enter'"),
            (["services", "--trumpet"], "unknown option \"--trumpet\", see 'pebble help services'"),
        ]
        for words, message in cases:
            with self.subTest(" ".join(words)):
                done = self.daemon.cli("enter", *words)
                self.assertEqual((done.returncode, done.stdout, done.stderr), (1, "", f"error: {message}\n"))
        self.assertEqual(os.listdir(self.daemon.pebble_dir), ["layers"], "a daemon was run")

    def test_exec(self):
        if "exec is not available in this version" in self.daemon.cli("exec", "true").stderr:
            for words in (["true"], ["--", "sh", "-c", "exit 4"]):
                done = self.daemon.cli("enter", "exec", *words)
                self.assertEqual((done.returncode, done.stdout, done.stderr),
                                 (1, "", "error: exec is not available in this version\n"))
            return
        done = self.daemon.cli("enter", "exec", "--", "sh", "-c", "echo out; echo err >&2; exit 4")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (4, "out\n", "err\n"))

    def test_the_daemon_cannot_start(self):
        for words in (["services"], ["start", "app"], ["--run", "start", "app"]):
            with self.subTest(" ".join(words)):
                done = self.daemon.cli("enter", *words, env={"PEBBLE": "/nonexistent"})
                self.assertEqual((done.returncode, done.stdout, done.stderr),
                                 (1, "", 'cannot run daemon: directory "/nonexistent" does not exist\n'))


class StayingTest(RockCase):
    """start and stop leave the daemon running if they succeed."""

    def wait_subcommand(self):
        """Waits until the process of the subcommand has ended. A daemon that is stopped before is an error."""
        wait_until(lambda: self.subcommand() is None, HANG_S, "the end of the subcommand")

    def test_start(self):
        self.enter("start", "other")
        self.daemon.wait_log("POST /v1/services .* 202")
        self.assertEqual(self.daemon.wait_change("1")["status"], "Done")
        self.daemon.wait_service("other", "active")
        self.assertEqual(self.daemon.service("app")["current"], "inactive")
        self.wait_subcommand()
        self.assertEqual(self.daemon.stop(), 0)
        self.assertEqual(self.daemon.read("stdout"), "")
        self.assertEqual(self.daemon.leftovers(), [])

    def test_the_subcommand_ends_with_the_daemon(self):
        # It is delayed until the daemon has ended.
        slow = self.daemon.script("slow", f"while [ ! -e {self.daemon.path('gate')} ]; do sleep 0.02; done\necho up\nexec sleep 1000\n")
        self.daemon.layer("002-slow.yaml", f"services: {{slow: {{override: replace, command: {slow}, ready: {{log: up, timeout: 0s}}}}}}\n")
        self.enter("start", "slow")
        self.daemon.wait_log("POST /v1/services .* 202")
        subcommand = self.subcommand()
        os.kill(subcommand, signal.SIGSTOP)
        self.daemon.file("gate")
        self.assertEqual(self.daemon.wait_change("1")["status"], "Done")
        self.assertEqual(self.daemon.stop(), 1, "the subcommand could not say whether it succeeded")
        self.assertFalse(is_alive(subcommand))
        self.assertNotIn("cannot communicate", self.daemon.log())

    def test_run_and_start(self):
        self.enter("--run", "start", "other", wait=True)
        self.daemon.wait_log("POST /v1/services .* 202")
        self.assertEqual(self.daemon.wait_change("2")["status"], "Done")
        self.assertEqual([c["kind"] for c in self.daemon.get("/v1/changes?select=all").result], ["autostart", "start"])
        self.assertEqual([self.daemon.service(name)["current"] for name in ("app", "other")], ["active", "active"])
        self.wait_subcommand()
        self.assertEqual(self.daemon.stop(), 0)
        self.assertEqual(self.daemon.read("stdout"), "")

    def test_run_and_stop(self):
        self.enter("--run", "stop", "app", wait=True)
        self.daemon.wait_log("POST /v1/services .* 202")
        self.assertEqual(self.daemon.wait_change("2")["status"], "Done")
        self.assertEqual(self.words(), ["--default", "one"])
        self.assertEqual(self.daemon.service("app")["current"], "inactive")
        self.assertIsNone(self.daemon.process.poll())
        self.wait_subcommand()
        self.assertEqual(self.daemon.stop(), 0)
        self.assertEqual(self.daemon.read("stdout"), "")

    def test_a_start_that_fails_ends_the_daemon(self):
        self.daemon.layer("002-broken.yaml", plan_of({"broken": "sh -c 'echo oh no; exit 3'"}))
        self.enter("start", "broken")
        self.assertEqual(self.daemon.wait_exit(), 1)
        self.assertIn("error: cannot perform the following tasks:\n- Start service \"broken\" (service start attempt: exited quickly "
                      "with code 3, will restart)\n", self.daemon.log())
        self.assertFalse(os.path.exists(self.daemon.socket_path))
        self.assertEqual(self.daemon.leftovers(), [])

    def test_a_start_that_is_refused_ends_the_daemon(self):
        self.enter("--run", "start", "nobody")
        self.assertEqual(self.daemon.wait_exit(), 1)
        self.assertEqual(self.daemon.log_lines("^error: "), ['error: cannot start services: service "nobody" does not exist'])
        self.assertEqual(self.daemon.leftovers(), [])

    def test_nothing_to_start_by_default(self):
        self.daemon.layer("001-rockcraft-app.yaml", plan_of({"other": "sleep 1000"}))
        self.enter("--run", "start", "other", wait=True)
        self.daemon.wait_service("other", "active")

    def test_default_services_fail(self):
        self.daemon.layer("001-rockcraft-app.yaml", plan_of({
            "app": {"command": "false", "startup": "enabled", "on-failure": "ignore"}, "other": "sleep 1000"}))
        self.enter("--run", "start", "other", wait=True)
        self.daemon.wait_service("other", "active")

    def test_a_signal_while_the_subcommand_waits(self):
        self.enter("start", "other")
        self.daemon.wait_log('Service "other" starting')
        self.daemon.send_signal(signal.SIGTERM)
        self.daemon.wait_exit()
        self.assertEqual(self.daemon.leftovers(), [])
        self.assertFalse(os.path.exists(self.daemon.socket_path))


class UserTest(RockCase):
    @needs_root
    def test_a_service_by_uid(self):
        self.daemon.layer("002-user.yaml", f"services:\n  user: {{override: replace, command: sleep 1000, startup: enabled, "
                          f"user-id: {DAEMON_UID}, group-id: {DAEMON_UID}}}\n")
        os.chmod(self.daemon.dir, 0o755)
        self.daemon.start(command="enter")
        self.daemon.wait_log("Started default services")
        self.assertEqual(self.daemon.service("user")["current"], "active", self.daemon.log())
        owners = {status_field(pid, "Uid").split()[0]: status_field(pid, "Groups") for pid in self.daemon.leftovers()
                  if status_field(pid, "Name") == "sleep"}
        self.assertEqual(sorted(owners), ["0", str(DAEMON_UID)])
        self.assertEqual(owners[str(DAEMON_UID)], "", "root's groups were kept")

    @needs_root
    def test_the_daemon_itself_is_another_user(self):
        os.chmod(self.daemon.dir, 0o755)
        copy_program(self.daemon, "usr/bin/pebble")
        for folder in (self.daemon.pebble_dir, self.daemon.dir):
            os.chown(folder, DAEMON_UID, DAEMON_UID)
        self.daemon.start(command="enter", user=DAEMON_UID, group=DAEMON_UID, extra_groups=[])
        self.daemon.wait_log("Started default services")
        self.assertEqual(self.daemon.service("app")["current"], "active")
        # The owner of the process may do everything, root as well, others not.
        self.assertEqual(self.daemon.post("/v1/services", {"action": "stop", "services": ["app"]}).status, 202)
        done = subprocess.run([self.daemon.binary, "stop", "app"], env=self.daemon.env, user=65534, group=65534, extra_groups=[],
                              cwd="/", capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (1, "error: access denied (try with sudo)\n"))
        self.assertEqual(self.daemon.stop(), 0)


@needs(PIDS)
class FirstProcessTest(RockCase):
    def cli(self, *arguments):
        done = subprocess.run([*PIDS, self.daemon.binary, "enter", *arguments], env=self.daemon.env, cwd=self.daemon.dir,
                              capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout, done.stderr

    def enter(self, *arguments, **options):
        with as_first_process(self.daemon):
            super().enter(*arguments, **options)
        self.pid = first_process(self.daemon)

    def wait_subcommand(self, change):
        """Waits until the change is done and only the service is left of the daemon's processes."""
        # Not by /proc/PID/task/TID/children: the kernel may leave some out while another one exits.
        self.assertEqual(self.daemon.wait_change(change)["status"], "Done")
        wait_until(lambda: self.subcommand(self.pid) is None and len(children(self.pid)) == 1, what="only the service to be left")

    def test_subcommands_and_their_exit_status(self):
        code, output, errors = self.cli("services")
        self.assertEqual((code, errors), (0, ""))
        self.assertTrue(output.startswith("Service  Startup   Current   Since\n"), output)
        self.assertEqual(self.cli("services", "--trumpet")[0], 1)
        code, output, errors = self.cli("start", "nobody")
        self.assertEqual((code, output), (1, ""))
        self.assertIn('error: cannot start services: service "nobody" does not exist\n', errors)

    def test_it_goes_on_after_start(self):
        self.enter("start", "other", wait=True)
        self.daemon.wait_log("POST /v1/services .* 202")
        self.wait_subcommand("1")
        os.kill(self.pid, signal.SIGTERM)
        self.assertEqual(self.daemon.wait_exit(), 0)
        self.assertEqual(self.daemon.leftovers(), [])

    def test_the_subcommand_is_reaped_and_orphans_are(self):
        orphans = self.daemon.script("orphans", f'(sleep 0 & sleep 0 &)\necho >{self.daemon.path("spawned")}\nexec sleep 1000\n')
        self.daemon.layer("002-orphans.yaml", plan_of({"orphans": orphans}))
        self.enter("start", "orphans", wait=True)
        self.daemon.wait_service("orphans", "active")
        wait_until(lambda: os.path.exists(self.daemon.path("spawned")), what="the orphans")
        self.wait_subcommand("1")
        os.kill(self.pid, signal.SIGTERM)
        self.assertEqual(self.daemon.wait_exit(), 0)

    def test_a_failing_service_ends_the_container(self):
        self.daemon.layer("001-rockcraft-app.yaml", plan_of({
            "app": {"command": "false", "startup": "enabled", "on-failure": "shutdown"}}))
        code, _, errors = self.cli()
        self.assertEqual(code, 10, errors)


if __name__ == "__main__":
    unittest.main()
