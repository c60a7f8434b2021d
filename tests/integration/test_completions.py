# SPDX-License-Identifier: GPL-3.0-or-later
"""Completions: what the program offers, and what bash, zsh and fish make of it."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import tempfile
import unittest

from faults import plan_of
from harness import HANG_S, DaemonCase, program
from terminal import Terminal

PLAN = """
services:
    web: {override: replace, command: sleep 1000}
    worker: {override: replace, command: sleep 1000}
    "data base": {override: replace, command: sleep 1000}
checks:
    alive: {override: replace, startup: disabled, exec: {command: "true"}}
"""
ATTEMPTS = 20  # to complete
IDENTITIES = {"action": "add", "identities": {"mary": {"access": "admin", "local": {"user-id": os.getuid()}}}}


def shell(name):
    return unittest.skipUnless(shutil.which(name), f"{name} is not there")


def script(name):
    done = subprocess.run([program(), "completions", name], capture_output=True, text=True, check=True)
    return done.stdout


class ScriptTest(unittest.TestCase):
    def check(self, name, *command):
        done = subprocess.run([name, *command], input=script(name), capture_output=True, text=True, check=False,
                              env={**os.environ, "HOME": "/nonexistent"})
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_bash_parses_its_script(self):
        self.check("bash", "-n")

    @shell("zsh")
    def test_zsh_parses_its_script(self):
        self.check("zsh", "-n", "/dev/stdin")

    @shell("fish")
    def test_fish_parses_its_script(self):
        self.check("fish", "--no-execute", "/dev/stdin")

    def test_unknown_shell(self):
        done = subprocess.run([program(), "completions", "tcsh"], capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertEqual(done.stderr, 'error: unknown shell "tcsh": there are completions for bash, zsh and fish\n')


class WithoutDaemonTest(unittest.TestCase):
    def offered(self, *words):
        done = subprocess.run([program(), "complete", "--", *words], capture_output=True, text=True, check=False,
                              env={"PEBBLE": "/nonexistent"})
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        kind, *lines = done.stdout.splitlines()
        return kind, [line.split("\t")[0] for line in lines]

    def test_commands(self):
        help_all = subprocess.run([program(), "help", "--all"], capture_output=True, text=True, check=True).stdout
        commands = re.findall(r"^  ([a-z][a-z-]*) ", help_all, re.MULTILINE)
        self.assertIn("remove-identities", commands)
        self.assertEqual(self.offered(""), (":words", commands))
        self.assertEqual(self.offered("help", "re")[1], ["restart", "replan", "remove-identities"])
        self.assertEqual(self.offered("--"), (":words", ["--help", "--version"]))
        self.assertEqual(self.offered("trumpet", ""), (":words", []))

    def test_options_and_their_values(self):
        self.assertEqual(self.offered("start", "--n"), (":words", ["--no-wait"]))
        self.assertEqual(self.offered("start", "--no-wait", "-"), (":words", ["--help"]))
        self.assertEqual(self.offered("logs", "--format", "")[1], ["text", "json"])
        self.assertEqual(self.offered("logs", "--format=j")[1], ["--format=json"])
        self.assertEqual(self.offered("logs", "-fn", ""), (":words", []))
        self.assertEqual(self.offered("add-identities", "--from", ""), (":files", []))
        self.assertEqual(self.offered("start", "--", "-"), (":words", []))
        self.assertEqual(self.offered("push", ""), (":files", []))
        self.assertEqual(self.offered("wait", "web=st")[1], [])
        self.assertEqual(self.offered("signal", "US")[1], ["USR1", "USR2"])
        self.assertEqual(self.offered("signal", "SIGUS")[1], ["SIGUSR1", "SIGUSR2"])
        self.assertEqual(self.offered("enter", "--hold", "st")[1], ["start", "stop"])
        self.assertEqual(self.offered("enter", "start", "--")[1], ["--no-wait", "--help"])
        self.assertEqual(self.offered("enter", "--exec", "ls", "-")[0], ":files")

    def test_every_option_is_offered(self):
        for command in self.offered("")[1]:
            with self.subTest(command):
                text = subprocess.run([program(), "help", command], capture_output=True, text=True, check=True).stdout
                options = text.partition("\nOptions\n")[2].partition("\n\n")[0]
                for option in re.findall(r"^  (?:-\w, )?(--?[\w-]+)", options, re.MULTILINE):
                    self.assertIn(option, self.offered(command, "-")[1])

    def test_a_silent_daemon_is_not_waited_for(self):
        with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as silent:
            silent.bind(folder + "/.pebble.socket")
            silent.listen(8)  # connections are made, and nobody responds
            done = subprocess.run([program(), "complete", "--", "start", ""], capture_output=True, text=True, check=False,
                                  env={"PEBBLE": folder}, timeout=60)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, ":words\n", ""))


class CompletionTest(DaemonCase):
    def setUp(self):
        super().setUp()
        self.daemon.layer("001-test.yaml", PLAN)
        self.daemon.start("--hold")
        self.daemon.services("start", "web")
        self.env = {**self.daemon.env, "HOME": self.daemon.dir, "LANG": "C.UTF-8",
                    "PATH": self.daemon.path("bin") + ":" + os.environ["PATH"]}
        os.mkdir(self.daemon.path("bin"))
        os.symlink(self.daemon.binary, self.daemon.path("bin/pebble"))
        os.makedirs(self.daemon.path("files/inner"))
        for name in ("one.txt", "two words.txt"):
            with open(self.daemon.path("files/" + name), "w", encoding="utf-8"):
                pass

    def write_script(self, name, path):
        path = self.daemon.path(path)
        with open(path, "w", encoding="utf-8") as file:
            file.write(script(name))
        return path


    def complete_on(self, terminal, line, shown):
        """Presses the key Tab behind a line on an emptied one; again if nothing was offered, as for ask()."""
        terminal.press(b"\x15" + line.encode())
        for _ in range(ATTEMPTS):
            terminal.press(b"\t")
            with contextlib.suppress(AssertionError):
                terminal.wait_for(shown, HANG_S / ATTEMPTS)
                return
        self.fail(f"{line!r} was not completed: {terminal.text()!r}")

    def ask(self, what):
        """What what() returns, which asks for completions of the daemon: on a busy machine the daemon is not waited for,
        and nothing is offered."""
        for _ in range(ATTEMPTS):
            if found := what():
                break
        return found


class ValuesTest(CompletionTest):
    def offered(self, *words):
        return self.ask(lambda: self.offered_now(*words))

    def offered_now(self, *words):
        done = subprocess.run([program(), "complete", "--", *words], capture_output=True, text=True, check=False, env=self.env)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return [tuple(line.split("\t")) for line in done.stdout.splitlines()[1:]]

    def test_values(self):
        self.assertEqual(self.offered("start", ""), [("data base", "inactive"), ("web", "active"), ("worker", "inactive")])
        self.assertEqual(self.offered("start", "web", "w"), [("worker", "inactive")])
        self.assertEqual(self.offered("signal", "HUP", "we"), [("web", "active")])
        self.assertEqual([word for word, _ in self.offered("wait", "web=st")], ["web=started", "web=stopped"])
        self.assertEqual(self.offered("check", ""), [("alive", "inactive")])
        self.assertEqual(self.offered("tasks", ""), [("1", 'Done: Start service "web"')])
        self.assertEqual(self.offered("tasks", "--last="), [("--last=start", "")])
        self.assertEqual(self.offered("exec", "--context", "wo"), [("worker", "inactive")])

    def test_notices_and_identities(self):
        self.daemon.cli("notify", "example.com/a", "x=1")
        self.daemon.cli("notify", "example.com/b")
        self.assertEqual(self.offered("notices", "--key", "ex"), [("example.com/a", "custom"), ("example.com/b", "custom")])
        self.assertEqual(self.offered("notice", "change-update", ""), [("1", "change-update")])
        self.assertIn(("custom", "Type: recorded by 'pebble notify'"), self.offered("notice", ""))
        self.daemon.post("/v1/identities", IDENTITIES)
        self.assertEqual(self.offered("identity", ""), [("mary", "admin")])

    def test_remote_files(self):
        folder = self.daemon.path("files")
        self.assertEqual(self.offered("ls", ""), [("/", "")])
        self.assertEqual(self.offered("ls", folder + "/"), [(folder + "/inner/", "directory"), (folder + "/one.txt", "file"),
                                                            (folder + "/two words.txt", "file")])
        self.assertEqual(self.offered("pull", folder + "/o"), [(folder + "/one.txt", "file")])
        self.assertEqual(self.offered("push", "x", folder + "/i"), [(folder + "/inner/", "directory")])
        self.assertEqual(self.offered("rm", folder + "/none/x"), [])

    def test_words_that_forge_lines_are_not_offered(self):
        self.daemon.add_layer("odd", plan_of({"a\tb": "sleep 1", "c\nd": "sleep 1", "e\033f": "sleep 1"}))
        self.assertEqual([word for word, _ in self.offered("start", "")], ["data base", "web", "worker"])


class BashTest(CompletionTest):
    def complete(self, line, *words):
        return self.ask(lambda: self.complete_now(line, *words))

    def complete_now(self, line, *words):
        """What the function gives for the line; `words` as bash splits it."""
        words = " ".join("'" + word + "'" for word in words)
        text = (script("bash") + f"\nCOMP_LINE=\"{line}\" COMP_POINT=${{#COMP_LINE}} COMP_WORDS=({words})\n"
                "COMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_pebble\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n")
        done = subprocess.run(["bash", "--norc"], input=text, capture_output=True, text=True, check=False, env=self.env)
        self.assertEqual(done.stderr, "")
        return sorted(done.stdout.splitlines())

    def test_the_function(self):
        folder = self.daemon.path("files")
        self.assertEqual(self.complete("pebble sta", "pebble", "sta"), ["start", "start-checks"])
        self.assertEqual(self.complete("pebble  start ", "pebble", "start", ""), ["data\\ base", "web", "worker"])
        self.assertEqual(self.complete("pebble logs --format=", "pebble", "logs", "--format", "="), ["json", "text"])
        self.assertEqual(self.complete("pebble logs --format=j", "pebble", "logs", "--format", "=", "j"), ["json"])
        self.assertEqual(self.complete("pebble wait web=st", "pebble", "wait", "web", "=", "st"), ["started", "stopped"])
        self.assertEqual(self.complete(f"pebble ls {folder}/in", "pebble", "ls", f"{folder}/in"), [f"{folder}/inner/"])
        self.assertEqual(self.complete(f"pebble push {folder}/t", "pebble", "push", f"{folder}/t"),
                         [f"{folder}/two words.txt"])
        self.assertEqual(self.complete("nickname start we", "nickname", "start", "we"), ["web"])

    def test_a_terminal(self):
        path = self.write_script("bash", "pebble.bash")
        with Terminal(self.daemon, "--norc", "--noprofile", "-i", program=shutil.which("bash"),
                      env={**self.env, "PS1": "$ ", "TERM": "dumb", "INPUTRC": "/dev/null"}) as terminal:
            terminal.press(f"source {path}; echo REA''DY\n".encode())
            terminal.wait_for("READY")
            for line, shown in (("pebble stop da", "pebble stop data\\ base "), ("pebble start \"da", '"data base" '),
                                ("pebble logs --format=te", "--format=text "), (f"pebble ls {self.daemon.path('files')}/inn", "files/inner/"),
                                (f"pebble push {self.daemon.path('files')}/tw", "two\\ words.txt ")):
                self.complete_on(terminal, line, shown)


@shell("zsh")
class ZshTest(CompletionTest):
    def test_a_terminal(self):
        os.mkdir(self.daemon.path("functions"))
        self.write_script("zsh", "functions/_pebble")
        with Terminal(self.daemon, "-f", "-i", columns=200, program=shutil.which("zsh"),
                      env={**self.env, "PS1": "$ ", "TERM": "dumb"}) as terminal:
            terminal.press(f"fpath=({self.daemon.path('functions')} $fpath); autoload -U compinit; compinit -u -D; "
                           "setopt NO_BEEP; echo REA''DY\n".encode())
            terminal.wait_for("READY")
            for line, shown in (("pebble stop da", "pebble stop data\\ base "), ("pebble logs --format=te", "--format=text "),
                                (f"pebble ls {self.daemon.path('files')}/inn", "files/inner/"),
                                (f"pebble add x {self.daemon.path('files')}/tw", "two\\ words.txt"),
                                ("pebble start --", "--no-wait  -- Do not wait for the change to finish; print its ID"),
                                ("pebble signal HUP w", "inactive"),
                                # Without descriptions, and so without dashes.
                                ("pebble logs --format ", "json  text")):
                self.complete_on(terminal, line, shown)
            terminal.press(b"\x15echo EN''D\n")
            terminal.wait_for("END")
            self.assertEqual(terminal.text().rpartition("json  text")[2].partition("\r\n")[0].strip(), "")


@shell("fish")
class FishTest(CompletionTest):
    def complete(self, line):
        return self.ask(lambda: self.complete_now(line))

    def complete_now(self, line):
        path = self.write_script("fish", "pebble.fish")
        done = subprocess.run(["fish", "--no-config", "-c", f"source {path}; complete -C {line!r}"], capture_output=True,
                              text=True, check=False, env=self.env, cwd=self.daemon.dir)
        self.assertEqual(done.stderr, "")
        return sorted(done.stdout.splitlines())

    def test_candidates(self):
        folder = self.daemon.path("files")
        self.assertEqual(self.complete("pebble sta"), ["start\tStart services and the services they require",
                                                       "start-checks\tStart checks"])
        self.assertEqual(self.complete("pebble stop "), ["data base\tinactive", "web\tactive", "worker\tinactive"])
        self.assertEqual(self.complete("pebble stop web w"), ["worker\tinactive"])
        self.assertEqual(self.complete("pebble start --n"), ["--no-wait\tDo not wait for the change to finish; print its ID"])
        self.assertEqual(self.complete("pebble logs --format "), ["json", "text"])
        self.assertEqual(self.complete("pebble logs --format=t"), ["--format=text"])
        self.assertEqual(self.complete(f"pebble ls {folder}/in"), [f"{folder}/inner/\tdirectory"])
        self.assertIn(f"{folder}/one.txt", self.complete(f"pebble push {folder}/on")[0])


if __name__ == "__main__":
    unittest.main()
