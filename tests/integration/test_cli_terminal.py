# SPDX-License-Identifier: GPL-3.0-or-later
"""Output of commands with and without a terminal, and manual pages."""

import json
import os
import re
import shutil
import signal
import subprocess
import unicodedata
import unittest

from faults import plan_of
from harness import TOP, DaemonCase, program, wait_until
from terminal import CTRL_C, Terminal, on_screen

SLEEPER = plan_of({"web": "sleep 1000", "missing": "/no/such/program"})
SUMMARY = 'Start service "web"'
COLOR = re.compile(r"\033\[[0-9;]*m")


def run(*arguments, columns=80):
    return subprocess.run([program(), *arguments], capture_output=True, text=True, check=False,
                          env={"HOME": "/nonexistent", "COLUMNS": str(columns)})


def written(*arguments, columns=80):
    done = run(*arguments, columns=columns)
    if done.returncode != 0 or done.stderr:
        raise AssertionError(f"pebble {' '.join(arguments)}: exit {done.returncode}: {done.stderr}")
    return done.stdout


def commands():
    return re.findall(r"^  ([a-z][a-z-]*) ", written("help", "--all"), re.MULTILINE)


class ProgressTest(DaemonCase):
    def setUp(self):
        super().setUp()
        self.daemon.layer("001-test.yaml", SLEEPER)
        self.daemon.start("--hold")

    def test_a_terminal_sees_what_is_being_done(self):
        with Terminal(self.daemon, "start", "web") as terminal:
            terminal.wait_for(SUMMARY)
            self.assertEqual(terminal.wait_exit(), 0)
            self.assertEqual(on_screen(terminal.text()), "", "a line was left behind")
            self.assertRegex(terminal.text(), COLOR)

    def test_a_long_summary_stays_on_one_line(self):
        name = "long-" * 20
        self.daemon.add_layer("long", plan_of({name: "sleep 1000"}))
        with Terminal(self.daemon, "start", name, columns=50) as terminal:
            terminal.wait_for('Start service "long-')
            self.assertEqual(terminal.wait_exit(), 0)
            for line in re.split(r"\r\n|\r\033\[K", terminal.text()):
                self.assertLessEqual(len(COLOR.sub("", line)), 50, repr(line))

    def test_the_line_above_a_log_fits_the_terminal(self):
        def dots(columns):
            with Terminal(self.daemon, "tasks", "1", columns=columns) as terminal:
                self.assertEqual(terminal.wait_exit(), 0)
                return re.findall(r"^\.+", terminal.text(), re.MULTILINE)

        self.daemon.cli("start", "missing")
        self.assertEqual(dots(80), ["." * 70])
        self.assertEqual(dots(50), ["." * 50])
        self.assertEqual(dots(7), ["." * 7])
        self.assertIn("\n" + "." * 70 + "\n", self.daemon.cli("tasks", "1", env={"COLUMNS": "50"}).stdout)

    def test_a_wait_says_what_for(self):
        self.daemon.services("start", "web")
        with Terminal(self.daemon, "wait", "web", "web=stopped") as terminal:
            terminal.wait_for('1/2 Wait for service "web" to be stopped')
            self.daemon.services("stop", "web")
            self.assertEqual(terminal.wait_exit(), 0)
            self.assertEqual(on_screen(terminal.text()), "")

    def test_no_terminal_sees_nothing(self):
        done = self.daemon.cli("start", "web")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_no_color(self):
        with Terminal(self.daemon, "start", "web", env={"NO_COLOR": "1"}) as terminal:
            terminal.wait_for(SUMMARY)
            self.assertEqual(terminal.wait_exit(), 0)
            self.assertNotRegex(terminal.text(), COLOR)
        with Terminal(self.daemon, "start", "nobody", env={"NO_COLOR": "1"}) as terminal:
            self.assertEqual(terminal.wait_exit(), 1)
            self.assertNotIn("\033", terminal.text())
        with Terminal(self.daemon, "start", "nobody", env={"NO_COLOR": ""}) as terminal:
            self.assertEqual(terminal.wait_exit(), 1)
            self.assertIn("\033", terminal.text())

    def test_a_dumb_terminal_is_no_terminal(self):
        with Terminal(self.daemon, "start", "web", env={"TERM": "dumb"}) as terminal:
            self.assertEqual(terminal.wait_exit(), 0)
            self.assertEqual(terminal.text(), "")

    def test_errors_are_red_on_a_terminal_only(self):
        with Terminal(self.daemon, "start", "nobody") as terminal:
            self.assertEqual(terminal.wait_exit(), 1)
            self.assertRegex(terminal.text(), r'^\033\[31merror:\033\[0m cannot start services: service "nobody" does not exist')
        done = self.daemon.cli("start", "nobody")
        self.assertEqual((done.returncode, done.stdout, done.stderr),
                         (1, "", 'error: cannot start services: service "nobody" does not exist\n'))

    def test_ctrl_c_aborts_the_change(self):
        self.daemon.add_layer("never", "services: {web: {override: merge, ready: {log: never, timeout: 0s}}}")
        with Terminal(self.daemon, "start", "web") as terminal:
            terminal.wait_for(SUMMARY)
            terminal.press(CTRL_C)
            self.assertEqual(terminal.wait_exit(), 1)
            self.assertIn("cannot perform the following tasks:", terminal.text())
            # The abort may come first.
            self.assertRegex(terminal.text(), "start aborted(, sent SIGKILL to process| before the process was started)")
        change = self.daemon.get("/v1/changes/1").result
        self.assertEqual(change["status"], "Error", change)
        self.daemon.wait_service("web", "inactive")

    def test_a_second_ctrl_c_ends_the_wait(self):
        # A stop that is aborted ends all the same; this one takes long.
        ready = self.daemon.path("ready")
        stubborn = self.daemon.script("stubborn", f'trap "" TERM\necho $$ >{ready}\nwhile :; do sleep 0.05; done\n')
        self.daemon.add_layer("stubborn", plan_of({"stubborn": {"command": stubborn, "kill-delay": "100s"}}))
        self.daemon.services("start", "stubborn")
        wait_until(lambda: os.path.exists(ready) and os.path.getsize(ready) > 0, what="the service")
        with Terminal(self.daemon, "stop", "stubborn") as terminal:
            terminal.wait_for('Stop service "stubborn"')
            terminal.press(CTRL_C)
            terminal.wait_for("press ctrl-C again")
            terminal.press(CTRL_C)
            self.assertEqual(terminal.wait_exit(), -signal.SIGINT)
            self.assertRegex(on_screen(terminal.text()), r"Change (\d+) (is still being aborted|may still be in progress)\. "
                                                         r"Use 'pebble tasks \1' to see it\.\n$")
        with open(ready, encoding="utf-8") as file:
            os.kill(int(file.read()), signal.SIGKILL)  # the daemon would wait for its kill-delay

    def test_ctrl_c_while_a_stop_is_waited_for(self):
        # A stop that is aborted ends all the same.
        ready = self.daemon.path("ready")
        stubborn = self.daemon.script("stubborn", f'trap "" TERM\ntouch {ready}\nwhile :; do sleep 0.05; done\n')
        self.daemon.add_layer("stubborn", plan_of({"stubborn": {"command": stubborn, "kill-delay": "700ms"}}))
        self.daemon.services("start", "stubborn")
        wait_until(lambda: os.path.exists(ready), what="the service")
        with Terminal(self.daemon, "stop", "stubborn") as terminal:
            terminal.wait_for('Stop service "stubborn"')
            terminal.press(CTRL_C)
            self.assertEqual(terminal.wait_exit(), 0, terminal.text())
        self.assertEqual(self.daemon.service("stubborn")["current"], "inactive")


def width(text):
    """The columns that a terminal needs for the text."""
    return sum(0 if unicodedata.category(character) in ("Mn", "Me", "Cf") else
               2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


class TableTest(DaemonCase):
    NAMES = ("web", "a-very-long-name-of-a-service-in-the-worker-pool-1", "caf\u00e9", "e\u0301", "\u6570\u636e\u5e93", "\U0001f680")
    TABLES = (("services",), ("services", "--abs-time"), ("checks",), ("changes",), ("tasks", "1"), ("notices",), ("identities",),
              ("log-targets",), ("ls", "-l", "."))

    def setUp(self):
        super().setUp()
        plan = {name: "sleep 1000" for name in self.NAMES}
        self.daemon.layer("001-test.yaml", plan_of({**plan, "oneshot": {"command": "true", "type": "oneshot"}}) + """
checks:
    a-check-with-a-name-of-some-length: {override: replace, level: alive, startup: disabled, exec: {command: "true"}}
log-targets:
    a-log-target-with-a-name-of-some-length: {override: replace, type: loki, location: "http://127.0.0.1:1/", services: []}
""")
        self.daemon.start("--hold")
        self.daemon.cli("start", "web", self.NAMES[1], "oneshot")
        self.daemon.cli("notify", "example.com/a-key-that-is-long-enough-to-be-shortened/in-its-middle")
        self.daemon.post("/v1/identities", {"action": "add", "identities": {
            "an-identity-with-a-name-of-some-length": {"access": "admin", "local": {"user-id": os.getuid()}}}})

    def shown(self, *arguments, columns, **env):
        arguments = [self.daemon.dir if argument == "." else argument for argument in arguments]
        with Terminal(self.daemon, *arguments, columns=columns, env={"LANG": "C.UTF-8", **env}) as terminal:
            self.assertEqual(terminal.wait_exit(), 0, terminal.text())
            return terminal.text().replace("\r\n", "\n")

    def test_no_line_is_wider_than_the_terminal(self):
        for columns in (200, 80, 60, 40, 28):
            for arguments in self.TABLES:
                with self.subTest(f"{arguments} {columns}"):
                    for line in COLOR.sub("", self.shown(*arguments, columns=columns)).splitlines():
                        self.assertLessEqual(width(line), columns, line)
                        self.assertEqual(line, line.rstrip())

    def test_columns_stand_below_each_other(self):
        for columns in (200, 80, 40):
            lines = self.shown("services", columns=columns, NO_COLOR="1").splitlines()
            column = lines[0].index("Current")
            for line in lines[1:]:
                status = re.search(r"\b(active|inactive)\b", line)
                self.assertEqual(width(line[:status.start()]), column, line)

    def test_narrow_terminals(self):
        at_80 = self.shown("services", columns=80, NO_COLOR="1").splitlines()
        self.assertRegex(at_80[0], r"^Service +Startup +Current +Since +Notes$")
        self.assertRegex(at_80[1], r"^a-very-long-n\S*\u2026\S*-pool-1 +disabled +active +(\d\d:\d\d|\d{4}-\d\d-\d\d)$")
        at_40 = self.shown("services", columns=40, NO_COLOR="1").splitlines()
        self.assertRegex(at_40[0], r"^Service +Current +Notes$")
        self.assertIn("completed", "\n".join(at_40))
        at_20 = self.shown("services", columns=20, NO_COLOR="1").splitlines()
        self.assertRegex(at_20[0], r"^Service +Current$")
        self.assertEqual(self.shown("changes", columns=40, NO_COLOR="1").split()[:4], ["ID", "Status", "Spawn", "Summary"])
        # Nothing fits: as it is.
        self.assertIn(self.NAMES[1], self.shown("services", columns=8, NO_COLOR="1"))

    def test_only_a_terminal_makes_a_difference(self):
        for arguments in self.TABLES[:-1]:
            with self.subTest(str(arguments)):
                piped = [self.daemon.cli(*arguments, env={"COLUMNS": columns, "LANG": lang}).stdout
                         for columns, lang in (("40", "C"), ("200", "C.UTF-8"))]
                self.assertEqual(piped[0], piped[1])
                self.assertNotIn("\033", piped[0])
                self.assertNotIn("\u2026", piped[0])

    def test_without_utf8(self):
        for env in ({"LC_ALL": "C"}, {"LC_CTYPE": "POSIX"}, {"LANG": "de_DE.ISO-8859-1"}):
            text = self.shown("services", columns=60, **env)
            self.assertTrue(text.isascii(), text)
            self.assertIn("...", text)
            self.assertIn("caf\\u00e9", text)

    def test_status_words_are_colored(self):
        text = self.shown("services", columns=80)
        self.assertIn("\033[32mactive\033[0m", text)
        self.assertIn("\033[2minactive\033[0m", text)
        for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
            plain = self.shown("services", columns=80, **env)
            self.assertEqual(plain, COLOR.sub("", text))


class LogTest(DaemonCase):
    WRITTEN = b"\x1b[31merror\x1b[0m\tx\x1b[2J\x1b]0;title\x07\xe2\x80\xae\r\n"

    def setUp(self):
        super().setUp()
        script = self.daemon.script("speak", "printf '%s'\nexec sleep 1000\n" % self.WRITTEN.decode().replace("\n", "\\n"))
        self.daemon.layer("001-test.yaml", plan_of({"odd": {"command": script, "startup": "enabled"}}))
        self.daemon.start()
        wait_until(lambda: "title" in self.daemon.cli("logs").stdout, what="the line")

    def shown(self, **env):
        with Terminal(self.daemon, "logs", "odd", env=env) as terminal:
            self.assertEqual(terminal.wait_exit(), 0)
            return terminal.text().partition(" [odd] ")[2]

    def test_nothing_of_a_line_acts_on_a_terminal(self):
        rest = "\tx" + r"\x1b[2J\x1b]0;title\a\u202e"
        self.assertEqual(self.shown(), f"\x1b[31merror\x1b[0m{rest}\x1b[0m\r\n")
        self.assertEqual(self.shown(NO_COLOR="1"), f"error{rest}\r\n")

    def test_a_pipe_gets_what_was_written(self):
        done = subprocess.run([self.daemon.binary, "logs", "odd"], env=self.daemon.env, capture_output=True, timeout=30, check=True)
        self.assertEqual(done.stdout.partition(b" [odd] ")[2], self.WRITTEN)


class DocumentTest(DaemonCase):
    """YAML and JSON: a terminal does not act on them, programs get all characters."""

    NAME = "web\u202e\u2066\u2028\ufeff\u200d\u00e9"

    def test_only_a_terminal_makes_a_difference(self):
        daemon = self.daemon
        daemon.layer("001-test.yaml", json.dumps({
            "services": {"web": {"override": "replace", "command": "sleep 1000", "summary": self.NAME}},
            "checks": {self.NAME: {"override": "replace", "startup": "disabled", "exec": {"command": "true"}}}}))
        daemon.start("--hold")
        data = {"first": self.NAME, "second": "a\u202eb"}
        daemon.post("/v1/notices", {"action": "add", "type": "custom", "key": "example.com/a", "data": data})
        for arguments in (["plan"], ["check", self.NAME], ["check", self.NAME, "--format", "json"],
                          ["notice", "custom", "example.com/a"]):
            piped = daemon.cli(*arguments).stdout
            self.assertIn("\u202e", piped)
            with Terminal(daemon, *arguments) as terminal:
                self.assertEqual(terminal.wait_exit(), 0)
                shown = terminal.text()
            self.assertFalse(set("\u202e\u2066\u2028\ufeff") & set(shown), ascii(shown))
            self.assertIn("\\u202e", shown)
            self.assertIn("\u200d\u00e9", shown)


class FollowTest(DaemonCase):
    def test_ctrl_c_ends_following_well(self):
        self.daemon.layer("001-test.yaml", plan_of({"chat": "sh -c 'echo said; exec sleep 1000'"}))
        self.daemon.start("--hold")
        self.daemon.services("start", "chat")
        with Terminal(self.daemon, "logs", "-f", "-n", "10", "chat") as terminal:
            terminal.wait_for("[chat] said")
            terminal.press(CTRL_C)
            self.assertEqual(terminal.wait_exit(), 0)
            self.assertNotIn("error", terminal.text())
            self.assertTrue(terminal.text().endswith("[chat] said\r\n^C\r\n"), "the prompt of a shell would follow ^C")


class WrappingTest(DaemonCase):
    NAME = ("word " * 40).strip()

    def setUp(self):
        super().setUp()
        self.daemon.start("--hold")

    def check(self, text, columns):
        lines = COLOR.sub("", text).replace("\r\n", "\n").rstrip("\n").split("\n")
        self.assertGreater(len(lines), 1, text)
        self.assertTrue(lines[0].startswith("error: cannot start services: "), text)
        for line in lines:
            self.assertLess(len(line), columns, text)
        for line in lines[1:]:
            self.assertRegex(line, r"^ {7}\S")
        self.assertEqual(" ".join(line.strip() for line in lines),
                         f'error: cannot start services: service "{self.NAME}" does not exist')
        # Not narrower than necessary.
        self.assertGreater(max(len(line) for line in lines), columns - 20, text)

    def test_columns_variable(self):
        for columns, width in (("60", 60), ("100", 100), ("300", 100), ("39", 80), ("wide", 80), ("", 80)):
            with self.subTest(columns):
                self.check(self.daemon.cli("start", self.NAME, env={"COLUMNS": columns}).stderr, width)

    def test_a_terminals_own_width(self):
        with Terminal(self.daemon, "start", self.NAME, columns=64) as terminal:
            self.assertEqual(terminal.wait_exit(), 1)
            self.check(terminal.text(), 64)


class ManualTest(unittest.TestCase):
    def pages(self):
        yield "", written("manpage")
        for name in [*commands(), "complete", "completions", "manpage"]:
            yield name, written("manpage", name)

    def test_pages_are_made_of_what_man_knows(self):
        for name, page in self.pages():
            with self.subTest(name):
                self.assertTrue(page.isascii())
                self.assertRegex(page, r'\A\.TH PEBBLE\S* 1 "" "pebble v[^"]+" "User Commands"\n\.SH NAME\npebble\S* \\- \w')
                requests = set(re.findall(r"^\.(\w+)", page, re.MULTILINE))
                self.assertLessEqual(requests, {"TH", "SH", "SS", "PP", "TP", "B", "BR", "nf", "fi"})
                self.assertIn(".SH SYNOPSIS\n", page)
                self.assertIn(".SH DESCRIPTION\n", page)
                self.assertEqual(page.count(".nf\n"), page.count(".fi\n"))

    def test_the_main_page_names_every_command(self):
        page = written("manpage")
        for name in commands():
            with self.subTest(name):
                self.assertRegex(page, re.compile(rf"^pebble {name.replace('-', '.{1,2}')}( |$)", re.MULTILINE))

    def test_the_main_page_has_the_variables_of_the_reference(self):
        with open(os.path.join(TOP, "docs", "reference", "environment.md"), encoding="utf-8") as file:
            tables = file.read().partition("\n## Services")[0]
        names = [name for row in re.findall(r"^\| (`\w+`[^|]*) \|", tables, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)]
        self.assertGreater(len(names), 20)
        page = written("manpage").replace("\\", "")
        for name in names:
            with self.subTest(name):
                self.assertRegex(page.partition(".SH ENVIRONMENT")[2], rf"\b{name}\b")

    @unittest.skipUnless(shutil.which("groff"), "groff is not there")
    def test_pages_render_without_warnings(self):
        for name, page in self.pages():
            with self.subTest(name):
                done = subprocess.run(["groff", "-man", "-ww", "-Tutf8", "-P-cbou"], input=page, capture_output=True, text=True,
                                      check=False)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertIn(written("help", name).split("\n")[0].removeprefix("Usage: ").split(" [")[0] if name
                              else "pebble - service manager", done.stdout.replace("\u2010", "-"))

    def test_unknown_command(self):
        done = run("manpage", "trumpet")
        self.assertEqual((done.returncode, done.stdout, done.stderr),
                         (1, "", "error: unknown command \"trumpet\", see 'pebble help'\n"))


class HelpTest(unittest.TestCase):
    def test_no_line_is_wider_than_a_terminal(self):
        for words in [("help",), ("help", "--all"), *(("help", name) for name in [*commands(), "complete", "completions", "manpage"])]:
            with self.subTest(" ".join(words)):
                for line in written(*words).splitlines():
                    self.assertLessEqual(len(line), 80, line)
                    self.assertEqual(line, line.rstrip())

    def test_a_narrow_terminal(self):
        """Help is below its label. Only usage, titles of groups and examples keep their lines."""
        for words in [("help",), ("help", "--all"), ("help", "logs"), ("help", "exec")]:
            with self.subTest(" ".join(words)):
                text = written(*words, columns=40)
                for line in re.sub(r"(?m)^[A-Z][a-z]+: .*|\nExamples\n(.|\n)*", "", text).splitlines():
                    self.assertLess(len(line), 40, line)
        self.assertIn("\n  -n <count>\n      Number of lines to show, or\n      \"all\"; the default is 30\n",
                      written("help", "logs", columns=40))

    def test_all_forms_are_the_same(self):
        for name in commands():
            with self.subTest(name):
                text = written("help", name)
                self.assertTrue(text.startswith(f"Usage: pebble {name}"), text)
                self.assertEqual(written(name, "--help"), text)
                self.assertEqual(written(name, "-h"), text)
        self.assertEqual(written("help"), written())
        self.assertEqual(written("help"), written("--help"))

    def test_the_short_list_names_every_command(self):
        text = written("help")
        for name in commands():
            self.assertRegex(text, rf"[ \n]{name}[,\n]")


if __name__ == "__main__":
    unittest.main()
