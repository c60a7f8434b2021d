# SPDX-License-Identifier: GPL-3.0-or-later
"""Output of commands with and without a terminal, completions, and manual pages."""

import os
import re
import shutil
import subprocess
import unittest

from faults import plan_of
from harness import DaemonCase, program, wait_until
from terminal import CTRL_C, Terminal, on_screen

SLEEPER = plan_of({"web": "sleep 1000", "missing": "/no/such/program"})
SUMMARY = 'Start service "web"'
COLOR = re.compile(r"\033\[[0-9;]*m")


def run(*arguments):
    return subprocess.run([program(), *arguments], capture_output=True, text=True, check=False, env={"HOME": "/nonexistent"})


def written(*arguments):
    done = run(*arguments)
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
        with Terminal(self.daemon, "start", "web") as terminal:
            terminal.wait_for(SUMMARY)
            terminal.press(CTRL_C)
            self.assertEqual(terminal.wait_exit(), 1)
            self.assertIn("cannot perform the following tasks:", terminal.text())
            self.assertIn("start aborted, sent SIGKILL to process", terminal.text())
        change = self.daemon.get("/v1/changes/1").result
        self.assertEqual(change["status"], "Error", change)
        self.daemon.wait_service("web", "inactive")

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


class CompletionsTest(unittest.TestCase):
    def test_bash_parses_them(self):
        done = subprocess.run(["bash", "-n"], input=written("completions", "bash"), capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    @unittest.skipUnless(shutil.which("zsh"), "zsh is not there")
    def test_zsh_parses_them(self):
        done = subprocess.run(["zsh", "-n", "/dev/stdin"], input=written("completions", "zsh"), capture_output=True, text=True,
                              check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    @unittest.skipUnless(shutil.which("fish"), "fish is not there")
    def test_fish_parses_them(self):
        done = subprocess.run(["fish", "--no-execute", "/dev/stdin"], input=written("completions", "fish"), capture_output=True,
                              text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_words_are_as_sh_reads_them(self):
        # Where the shells themselves are missing: the quotes are balanced, no word runs into the next line.
        for shell in ("zsh", "fish"):
            with self.subTest(shell):
                done = subprocess.run(["bash", "-n"], input=re.sub(r"^#compdef.*\n", "", written("completions", shell)),
                                      capture_output=True, text=True, check=False)
                self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_they_name_every_command(self):
        names = commands()
        self.assertIn("run", names)
        self.assertIn("remove-identities", names)
        for shell, form in (("bash", r"^    {}\) words='"), ("zsh", r"^        '{}:\w"),
                            ("fish", r"^complete -c pebble -n __fish_use_subcommand -f -a {} -d '")):
            text = written("completions", shell)
            for name in names:
                with self.subTest(f"{shell} {name}"):
                    self.assertRegex(text, re.compile(form.format(re.escape(name)), re.MULTILINE))

    def bash_completes(self, *words):
        line = " ".join(f"'{word}'" for word in words)
        script = (written("completions", "bash") + f"\nCOMP_WORDS=({line}); COMP_CWORD={len(words) - 1}\n"
                  f"_pebble pebble '{words[-1]}' '{words[-2]}'\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n")
        done = subprocess.run(["bash", "--norc"], input=script, capture_output=True, text=True, check=False)
        self.assertEqual(done.stderr, "")
        return sorted(done.stdout.split())

    def test_bash_completes_with_them(self):
        self.assertEqual(self.bash_completes("pebble", "sta"), ["start", "start-checks"])
        self.assertEqual(self.bash_completes("pebble", "help", "re"), ["remove-identities", "replan", "restart"])
        self.assertEqual(self.bash_completes("pebble", "start", "--n"), ["--no-wait"])
        self.assertEqual(self.bash_completes("pebble", "logs", "--format", ""), ["json", "text"])

    def test_unknown_shell(self):
        done = run("completions", "tcsh")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertEqual(done.stderr, 'error: unknown shell "tcsh": there are completions for bash, zsh and fish\n')


class ManualTest(unittest.TestCase):
    def pages(self):
        yield "", written("manpage")
        for name in [*commands(), "completions", "manpage"]:
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
        for words in [("help",), ("help", "--all"), *(("help", name) for name in [*commands(), "completions", "manpage"])]:
            with self.subTest(" ".join(words)):
                for line in written(*words).splitlines():
                    self.assertLessEqual(len(line), 80, line)
                    self.assertEqual(line, line.rstrip())

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
