# SPDX-License-Identifier: GPL-3.0-or-later
"""What people meet: further lines on a terminal, places of faults in layers, warnings of the daemon."""

import os
import signal
import unittest

from faults import plan_of, wait_pid_file
from harness import DaemonCase, free_port, wait_until
from terminal import CTRL_C, Terminal, on_screen

# One fault on each line, from the third on.
BAD_LAYER = """services:
  web:
    comand: sleep 1
    override: replace
    kill-delay: soon
    backoff-factor: many
    after: db
    ready: {chek: up}
    on-success: never
checks:
  up:
    override: replace
    level: high
    tcp: {port: x}
    exec: {command: 'a "b', user: root, user-id: 12}
log-targets:
  far: {override: replace, type: mail, labels: {pebble_x: y}}
workloads:
  box: {override: merge, comand: x}
pairing: {mode: everyone, colour: red}
service: {}
"""
PLACES = [
    'line 3: section "services", service "web", key "comand"; did you mean "command"?',
    'line 5: section "services", service "web", key "kill-delay"',
    'line 6: section "services", service "web", key "backoff-factor"',
    'line 7: section "services", service "web", key "after"',
    'line 8: section "services", service "web", key "ready.chek"; did you mean "check"?',
    'line 8: section "services", service "web", key "ready"',
    'line 9: section "services", service "web", key "on-success"',
    'line 13: section "checks", check "up", key "level"',
    'line 14: section "checks", check "up", key "tcp.port"',
    'line 15: section "checks", check "up", key "exec.command"',
    'line 15: section "checks", check "up", key "exec.user"',
    'line 17: section "log-targets", log target "far", key "type"',
    'line 17: section "log-targets", log target "far", key "labels.pebble_x"',
    'line 19: section "workloads", workload "box", key "comand"',
    'line 20: section "pairing", key "mode"',
    'line 20: section "pairing", key "colour"',
    'line 21: section "service"; did you mean "services"?',
]


class TerminalCase(DaemonCase):
    def shown(self, *arguments, status=0, env=None):
        """What a command shows on a terminal of many columns."""
        with Terminal(self.daemon, *arguments, columns=200, env={"NO_COLOR": "1", **(env or {})}) as terminal:
            self.assertEqual(terminal.wait_exit(), status, terminal.text())
            return on_screen(terminal.text())


class MistypedTest(TerminalCase):
    """Nothing of this needs a daemon."""

    def check(self, arguments, first, advice):
        done = self.daemon.cli(*arguments)
        self.assertEqual((done.returncode, done.stderr), (1, first))
        self.assertEqual(self.shown(*arguments, status=1), first + advice)

    def test_commands(self):
        for word, name in (("service", "services"), ("Start", "start"), ("stpo", "stop"), ("log", "logs")):
            self.check([word], f"error: unknown command \"{word}\", see 'pebble help'\n", f'Did you mean "{name}"?\n')
        for word, name in (("ps", "services"), ("status", "services"), ("list", "services"), ("reload", "replan"),
                           ("kill", "signal"), ("tail", "logs"), ("show", "plan")):
            self.check([word], f"error: unknown command \"{word}\", see 'pebble help'\n", f'Did you mean "{name}"?\n')
        self.check(["trumpet"], "error: unknown command \"trumpet\", see 'pebble help'\n", "")
        self.check(["help", "comands"], "error: unknown command \"comands\", see 'pebble help'\n", "")
        self.check(["help", "replna"], "error: unknown command \"replna\", see 'pebble help'\n", 'Did you mean "replan"?\n')

    def test_options(self):
        for command, word, name in (("start", "--nowait", "--no-wait"), ("services", "--form=json", "--format"),
                                    ("logs", "-follow", "--follow"), ("push", "--hepl", "--help")):
            self.check([command, word], f"error: unknown option \"{word}\", see 'pebble help {command}'\n",
                       f'Did you mean "{name}"?\n')
        self.check(["-n", "3", "logs"], "error: unknown option \"-n\", see 'pebble help'\n",
                   "Options come after the command: 'pebble logs -n'.\n")
        self.check(["-n", "3"], "error: unknown option \"-n\", see 'pebble help'\n", "")
        self.check(["services", "--loud"], "error: unknown option \"--loud\", see 'pebble help services'\n", "")
        self.check(["services", "-z"], "error: unknown option \"-z\", see 'pebble help services'\n", "")


class NoDaemonTest(TerminalCase):
    def refused(self, env):
        done = self.daemon.cli("start", "web", env=env)
        lines = self.shown("start", "web", status=1, env=env).splitlines(keepends=True)
        self.assertEqual((done.returncode, done.stderr.count("\n")), (1, 1), done.stderr)
        self.assertEqual(lines[0], done.stderr)
        return "".join(lines[1:]).replace("\n", " ")

    def test_no_daemon(self):
        there = self.daemon.env["PEBBLE"]
        self.assertIn(f"directory that PEBBLE names, {there}", self.refused({}))
        self.assertIn("'pebble run'", self.refused({}))
        unset = self.refused({"PEBBLE": ""})
        self.assertIn("if PEBBLE is not set", unset)
        self.assertIn("Set PEBBLE", unset)
        self.assertIn("PEBBLE_SOCKET", self.refused({"PEBBLE_SOCKET": self.daemon.path("absent")}))

    def test_no_daemon_at_a_url(self):
        self.assertIn("Nothing listens at the address", self.refused({"PEBBLE_BASEURL": f"http://127.0.0.1:{free_port()}"}))
        self.assertIn("http://HOST:PORT", self.refused({"PEBBLE_BASEURL": "127.0.0.1:4000"}))

    @unittest.skipUnless(os.getuid() == 0, "needs root")
    def test_a_directory_that_is_closed(self):
        self.daemon.start("--hold")
        os.chmod(self.daemon.env["PEBBLE"], 0o700)
        words = ["--reuid=65534", "--regid=65534", "--clear-groups", self.daemon.binary, "services"]
        with Terminal(self.daemon, *words, columns=200, program="/usr/bin/setpriv") as terminal:
            self.assertEqual(terminal.wait_exit(), 1)
            self.assertIn("is closed for this user", terminal.text())

    def test_another_failure_has_no_such_advice(self):
        self.daemon.start("--hold")
        self.assertEqual(self.shown("start", "web", status=1),
                         'error: cannot start services: service "web" does not exist\n')


class AccessTest(TerminalCase):
    """What is refused says who may do it, on the socket, over HTTP, and to root."""

    def refused(self, advice, **env):
        plain = self.daemon.cli("plan", env=env)
        self.assertEqual((plain.returncode, plain.stderr.count("\n")), (1, 1), plain.stderr)
        shown = self.shown("plan", status=1, env=env)
        self.assertTrue(shown.startswith(plain.stderr), shown)
        self.assertIn(advice, shown)

    def test_over_http(self):
        port = free_port()
        self.daemon.start("--hold", "--http", f"127.0.0.1:{port}")
        self.refused("Over HTTP there are only", PEBBLE_BASEURL=f"http://127.0.0.1:{port}")

    def test_a_user_whose_identity_is_not_enough(self):
        path = self.daemon.file("identities.yaml", "identities: {me: {access: metrics, local: {user-id: %d}}}" % os.getuid())
        self.daemon.start("--hold", "--identities", path)
        self.refused("An identity takes this access from root" if os.getuid() == 0 else f"user ID {os.getuid()}")

    @unittest.skipUnless(os.getuid() == 0, "needs root")
    def test_another_user(self):
        self.daemon.start("--hold")
        os.chmod(self.daemon.dir, 0o755)
        os.chmod(self.daemon.env["PEBBLE"], 0o755)
        words = ["--reuid=65534", "--regid=65534", "--clear-groups", self.daemon.binary, "plan"]
        with Terminal(self.daemon, *words, columns=200, program="/usr/bin/setpriv") as terminal:
            self.assertEqual(terminal.wait_exit(), 1)
            self.assertIn("(try with sudo)", terminal.text())
            self.assertIn("You have the user ID 65534.", terminal.text())


class LayerTest(TerminalCase):
    def places(self, text, path):
        return [line.strip().removeprefix(f"{path}, ") for line in text.splitlines() if line.strip().startswith(path)]

    def test_added_layers(self):
        self.daemon.start("--hold")
        path = self.daemon.path("bad.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(BAD_LAYER)
        self.assertCountEqual(self.places(self.shown("add", "bad", path, status=1), path), PLACES)
        request = {"action": "add", "label": "bad", "format": "yaml", "layer": BAD_LAYER}
        answer = self.daemon.request("POST", "/v1/layers", {**request, "advice": True})
        self.assertEqual(answer.status, 400)
        self.assertCountEqual(answer.result["advice"].splitlines(), PLACES)
        self.assertNotIn("did you mean", answer.message)

    def test_added_layers_of_those_who_do_not_ask(self):
        self.daemon.start("--hold")
        first = ('cannot parse layer YAML: cannot parse layer "bad" section "services": yaml: unmarshal errors:\n'
                 "  line 3: field {} not found in type plan.Service")
        layer = "services:\n  web:\n    comand: x\n    on-success: never\nchecks:\n  up: {level: high}\n"
        request = {"action": "add", "label": "bad", "format": "yaml", "layer": layer}
        for more in ({}, {"advice": False}, {"advice": None}):
            answer = self.daemon.request("POST", "/v1/layers", {**request, **more})
            self.assertEqual((answer.status, answer.result), (400, {"message": first.format("comand")}))
        done = self.daemon.cli("add", "bad", self.daemon.file("bad.yaml", layer))
        self.assertEqual((done.returncode, done.stderr), (
            1, 'error: cannot parse layer YAML: cannot parse layer "bad" section "services":\n       yaml: unmarshal errors:\n\n'
               "       line 3: field comand not found in type plan.Service\n"))

    def test_faults_without_a_place_of_added_layers(self):
        self.daemon.start("--hold")
        path = self.daemon.file("bad.yaml", "".join(
            ["log-targets:\n"] + [f"  {name}: {{override: replace, type: loki, services: []}}\n" for name in ("one", "two")]))
        first, second = [f'plan must define "location" for log target "{name}"' for name in ("one", "two")]
        shown = self.shown("add", "bad", path, status=1)
        self.assertIn(first, shown)
        self.assertIn(f"- also: {second}", shown)
        done = self.daemon.cli("add", "bad", path)
        self.assertEqual((done.returncode, done.stderr), (1, f"error: {first}\n"))

    def test_layers_of_the_directory(self):
        self.daemon.layer("001-bad.yaml", BAD_LAYER)
        path = os.path.join(self.daemon.env["PEBBLE"], "layers", "001-bad.yaml")
        text = self.shown("run", status=1)
        self.assertCountEqual(self.places(text, path), PLACES)
        self.assertTrue(text.startswith("cannot run daemon: cannot load plan: cannot parse layer \"bad\" section \"services\""), text)
        plain = self.daemon.cli("run").stderr
        self.assertNotIn(path, plain)
        self.assertTrue(text.startswith(plain), (text, plain))

    def test_what_is_not_yaml(self):
        path = os.path.join(self.daemon.env["PEBBLE"], "layers", "001-bad.yaml")
        self.daemon.layer("001-bad.yaml", "services:\n  web: [\n")
        self.assertRegex(self.shown("run", status=1), rf"\n{path}, line \d+\n$")
        self.daemon.layer("001-bad.yaml", "- services\n")
        self.assertRegex(self.shown("run", status=1), rf"\n{path}\n$")

    def test_names_that_are_refused(self):
        for name, reason in (("001-Web.yaml", 'must not contain "W"'), ("001-a_b_c.yaml", 'must not contain "_"'),
                             ("web.yaml", "three digits and a hyphen"), ("0001-web.yaml", "three digits and a hyphen"),
                             ("001-.yaml", "no label"), ("001-ab.yaml", "too short"), ("001-1st.yaml", "begin with a letter"),
                             ("001-web-.yaml", "hyphen at its end"), ("001-a--bc.yaml", "two in a row"),
                             ("001-caf\u00e9.yaml", 'must not contain "\u00e9"')):
            with self.subTest(name):
                self.daemon.layer(name, "")
                self.assertIn(reason, self.shown("run", status=1))
                self.assertNotIn(reason, self.daemon.cli("run").stderr)
                os.remove(os.path.join(self.daemon.env["PEBBLE"], "layers", name))


class WarningTest(DaemonCase):
    def test_unknown_startup(self):
        self.daemon.layer("001-web.yaml", "services: {web: {override: replace, command: sleep 1, startup: enable}}")
        self.daemon.start()
        word = 'Service "web" has unknown startup "enable", which is taken as "disabled"'
        self.assertEqual(self.daemon.log().count(word), 1)
        self.assertEqual(self.daemon.service("web")["startup"], "disabled")
        self.daemon.add_layer("more", "services: {db: {override: replace, command: sleep 1, startup: disabled}}")
        self.daemon.add_layer("most", "services: {web: {override: merge, startup: 'yes'}}")
        self.assertEqual(self.daemon.log().count("has unknown startup"), 2)
        many = "".join(f"  s{i}: {{override: replace, command: sleep 1, startup: on}}\n" for i in range(100))
        self.daemon.add_layer("many", "services:\n" + many)
        self.assertEqual(self.daemon.log().count("has unknown startup"), 22)

    def test_second_documents(self):
        self.daemon.layer("001-web.yaml", "services: {web: {override: replace, command: sleep 1}}\n---\nservices: {}\n")
        self.daemon.layer("002-data.yaml", "services: {db: {override: replace, command: sleep 1}}\n---\n")
        self.daemon.start("--hold")
        self.daemon.add_layer("more", "---\n---\nservices: {}\n")
        for label in ("web", "more"):
            self.assertIn(f'Ignoring line 3 of layer "{label}" and what follows it', self.daemon.log())
        self.assertEqual(self.daemon.log().count("Ignoring"), 2)

    def test_files_that_end_in_yml(self):
        self.daemon.layer("001-web.yml", "services: {web: {override: replace, command: sleep 1}}")
        self.daemon.layer("002-web.yaml", "")
        self.daemon.layer("003-notes.txt", "")
        self.daemon.layer(".004-web.yml", "")
        self.daemon.start("--hold")
        path = os.path.join(self.daemon.env["PEBBLE"], "layers", "001-web.yml")
        self.assertIn(f'Ignoring "{path}": the names of layers end in ".yaml"', self.daemon.log())
        self.assertEqual(self.daemon.log().count("Ignoring"), 1)

    def test_passwords_that_are_no_hashes(self):
        def logged(name):
            return self.daemon.log().count(f'Password of identity "{name}" is no hash')

        path = self.daemon.file("identities.yaml", "identities: {bob: {access: read, basic: {password: secret}}, "
                                "eve: {access: read, basic: {password: $6$salt$hash}}}\n")
        self.daemon.start("--hold", "--identities", path)
        self.assertEqual((logged("bob"), logged("eve")), (1, 0))
        bob = {"bob": {"access": "read", "basic": {"password": "other"}}}
        for count, action in ((2, "update"), (3, "replace")):
            self.daemon.post("/v1/identities", {"action": action, "identities": bob})
            self.assertEqual(logged("bob"), count)
        self.assertNotIn("other", self.daemon.log())
        many = {f"u{i}": {"access": "read", "basic": {"password": "x"}} for i in range(30)}
        self.daemon.post("/v1/identities", {"action": "add", "identities": many})
        self.assertEqual(self.daemon.log().count('Password of identity "u'), 20)
        self.assertIn("10 more identities have a password that is no hash", self.daemon.log())

    def stubborn(self, name, more):
        ready = self.daemon.path(f"{name}-ready")
        script = self.daemon.script(name, f'trap "" TERM\ntouch {ready}\nwhile :; do sleep 0.05; done\n')
        self.daemon.add_layer(name, plan_of({name: {"command": script, "kill-delay": "300ms", **more}}))
        self.daemon.services("start", name)
        wait_until(lambda: os.path.exists(ready), what="the service")

    def test_kills_are_announced_and_reported(self):
        self.daemon.start("--hold")
        self.stubborn("stubborn", {})
        self.daemon.services("stop", "stubborn")
        log = self.daemon.log()
        lines = ['Service "stubborn" still running 300ms after SIGTERM, sending SIGKILL',
                 'Service "stubborn" ended after SIGKILL', 'Service "stubborn" stopped']
        self.assertEqual(sorted(lines, key=log.index), lines)
        self.stubborn("other", {"stop-signal": "SIGTERM"})
        self.daemon.services("stop", "other")
        self.assertEqual(self.daemon.log().count("ended after SIGKILL"), 2)

    def test_an_end_in_time_is_no_kill(self):
        self.daemon.layer("001-web.yaml", plan_of({"web": "sleep 1000"}))
        self.daemon.start("--hold")
        self.daemon.services("start", "web")
        self.daemon.services("stop", "web")
        self.assertNotIn("SIGKILL", self.daemon.log())


class CommandTest(TerminalCase):
    def setUp(self):
        super().setUp()
        self.daemon.layer("001-test.yaml", plan_of({"web": "sleep 1000", "brief": "sh -c 'echo no such database; exit 3'"}) + """
checks:
  up: {override: replace, tcp: {port: 1}, period: 1h}
  later: {override: replace, startup: disabled, level: alive, tcp: {port: 1}}
""")
        self.daemon.start("--hold")

    def test_failed_starts(self):
        shown = self.shown("start", "brief", status=1)
        change = self.daemon.get("/v1/changes?select=all").result[-1]["id"]
        self.assertIn("error: cannot perform the following tasks:\n", shown)
        self.assertTrue(shown.endswith('Start service "brief", most recent output:\n    no such database\n'
                                       f"See 'pebble tasks {change}'.\n"), shown)
        self.daemon.services("stop", "brief")
        done = self.daemon.cli("start", "brief")
        self.assertEqual(done.stderr.count("\n"), 2, done.stderr)

    def test_unknown_services(self):
        self.assertIn('There is no service "wbe" in the plan. Did you mean "web"?\n', self.shown("services", "wbe", "web"))
        self.assertIn('There is no service "nobody" in the plan.\n', self.shown("logs", "nobody", "web"))
        self.assertNotIn("no service", self.shown("services", "web"))
        self.assertNotIn("no service", self.shown("logs"))
        for command in ("services", "logs"):
            done = self.daemon.cli(command, "web", "nobody")
            self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_names_of_requests_that_are_refused(self):
        for arguments in (("start", "wbe"), ("stop", "wbe"), ("restart", "web", "wbe"), ("signal", "HUP", "wbe")):
            plain = self.daemon.cli(*arguments)
            self.assertEqual(self.shown(*arguments, status=1), plain.stderr + 'Did you mean "web"?\n')
        self.assertNotIn("mean", self.shown("start", "nobody", status=1))
        for arguments in (("wait", "wbe"), ("wait", "web=stopped", "wbe=stopped"), ("exec", "--context", "wbe", "true")):
            plain = self.daemon.cli(*arguments)
            self.assertEqual((plain.returncode, plain.stderr.count("\n")), (1, 1), arguments)
            self.assertEqual(self.shown(*arguments, status=1), plain.stderr + 'Did you mean "web"?\n')
        self.assertNotIn("mean", self.shown("wait", "nobody", status=1))

    def test_unknown_services_of_changes(self):
        self.assertEqual(self.shown("changes", "wbe"),
                         'no changes found\nThere is no service "wbe" in the plan. Did you mean "web"?\n')
        self.assertEqual(self.shown("changes", "web"), "no changes found\n")
        self.assertEqual(self.daemon.cli("changes", "wbe").stderr, "no changes found\n")

    def test_kinds_of_changes(self):
        self.daemon.services("start", "web")
        plain = self.daemon.cli("tasks", "--last", "strat")
        self.assertEqual((plain.returncode, plain.stderr), (1, 'error: no changes of type "strat" found\n'))
        self.assertEqual(self.shown("tasks", "--last", "strat", status=1), plain.stderr + 'Did you mean "start"?\n')

    def test_names_of_checks(self):
        for arguments in (("check", "ltaer"), ("check", "--refresh", "ltaer"), ("start-checks", "up", "ltaer"),
                          ("stop-checks", "ltaer")):
            plain = self.daemon.cli(*arguments)
            self.assertEqual((plain.returncode, plain.stderr.count("\n")), (1, 1), arguments)
            self.assertEqual(self.shown(*arguments, status=1), plain.stderr + 'Did you mean "later"?\n')
        self.assertNotIn("mean", self.shown("check", "nothing", status=1))
        self.assertEqual(self.shown("checks", "ltaer"),
                         'No matching health checks.\nThere is no check "ltaer" in the plan. Did you mean "later"?\n')
        self.assertEqual(self.shown("checks", "--level", "ready", "later"), "No matching health checks.\n")
        self.assertEqual(self.daemon.cli("checks", "ltaer").stderr, "No matching health checks.\n")

    def test_names_of_identities(self):
        path = self.daemon.file("identities.yaml", "identities:\n  monitor: {access: read, local: {user-id: 7}}\n")
        self.daemon.cli("add-identities", "--from", path)
        plain = self.daemon.cli("identity", "monitro")
        self.assertEqual((plain.returncode, plain.stderr), (1, 'error: cannot find identity "monitro"\n'))
        self.assertEqual(self.shown("identity", "monitro", status=1), plain.stderr + 'Did you mean "monitor"?\n')
        self.assertNotIn("mean", self.shown("identity", "nobody", status=1))

    def test_options_that_are_missing(self):
        path, there = self.daemon.path("there"), self.daemon.path("absent/there")
        os.makedirs(path + "/below")
        for arguments, advice in ((("add", "test", self.daemon.file("more.yaml")), "Use --combine to merge the new layer into it.\n"),
                                  (("mkdir", there), "Use -p to create missing parent directories.\n"),
                                  (("rm", path), "Use -r to remove a directory and everything below it.\n")):
            plain = self.daemon.cli(*arguments)
            self.assertEqual(self.shown(*arguments, status=1), plain.stderr + advice)
        self.assertNotIn("Use", self.shown("rm", self.daemon.path("absent"), status=1))

    def test_passwords_that_are_no_hashes(self):
        path = self.daemon.path("identities.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write("identities:\n  bob: {access: read, basic: {password: secret}}\n"
                       "  eve: {access: read, basic: {password: $6$salt$hash}}\n  joe: {access: read, local: {user-id: 7}}\n")
        done = self.daemon.cli("update-identities", "--replace", "--from", path)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        shown = self.shown("update-identities", "--replace", "--from", path)
        self.assertIn('The password of identity "bob" is no hash', shown)
        self.assertEqual(shown.count("no hash"), 1)

    def test_unknown_services_are_told_before_they_are_followed(self):
        with Terminal(self.daemon, "logs", "-f", "nobody") as terminal:
            terminal.wait_for('There is no service "nobody" in the plan.')
            terminal.press(CTRL_C)
            self.assertIn(terminal.wait_exit(), (0, -signal.SIGINT))

    def test_health_of_checks_that_do_not_run(self):
        self.assertEqual(self.shown("health"), "Not considered, because they do not run: later\nhealthy\n")
        self.assertEqual(self.shown("health", "up"), "healthy\n")
        self.assertEqual(self.shown("health", "ups"), 'There is no check "ups" in the plan. Did you mean "up"?\nhealthy\n')
        done = self.daemon.cli("health")
        self.assertEqual((done.stdout, done.stderr), ("healthy\n", ""))

    def test_who_may_see_no_checks_sees_the_health(self):
        self.daemon.stop()
        port = free_port()
        self.daemon.start("--hold", "--http", f"127.0.0.1:{port}")
        self.assertEqual(self.shown("health", env={"PEBBLE_BASEURL": f"http://127.0.0.1:{port}"}), "healthy\n")

    def test_ctrl_c_in_a_stop(self):
        stubborn = self.daemon.script("stubborn", f'trap "" TERM\necho $$ >{self.daemon.path("pid")}\nwhile :; do sleep 0.05; done\n')
        self.daemon.add_layer("stubborn", plan_of({"stubborn": {"command": stubborn, "kill-delay": "10m"}}))
        self.daemon.services("start", "stubborn")
        pid = wait_pid_file(self.daemon.path("pid"))
        with Terminal(self.daemon, "stop", "stubborn", columns=200) as terminal:
            terminal.wait_for('Stop service "stubborn"')
            terminal.press(CTRL_C)
            terminal.wait_for("services that are being stopped are stopped all the same")
            os.kill(pid, signal.SIGKILL)
            self.assertEqual(terminal.wait_exit(), 0, terminal.text())
        self.assertEqual(self.daemon.service("stubborn")["current"], "inactive")
