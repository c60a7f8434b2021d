# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs one document: its blocks in their order, and what can be checked without running."""

import ast
import json
import os
import shutil
import subprocess
import sys

import compare
import layers
import page
import session

TOP = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
sys.path.insert(0, os.path.join(TOP, "tools"))
import juju_yaml  # pylint: disable=wrong-import-position


class Outcome:
    """What became of a document."""

    def __init__(self, name):
        self.name = name
        self.failures = []  # texts
        self.skips = []  # blocks that were not run, with their reasons
        self.is_skipped = False  # the whole document
        self.command_count = 0

    def fail(self, line, message, *details):
        self.failures.append("\n".join([f"{self.name}:{line}: {message}", *details]))


def listing(title, lines):
    return "\n".join([f"  {title}:", *(f"    {line}" for line in lines)])


class Run:
    """The blocks of a page, run in a home directory."""

    def __init__(self, text_page, outcome, env, folder, hang_s=session.HANG_S):
        self.page = text_page
        self.outcome = outcome
        self.env = env
        self.folder = folder
        self.hang_s = hang_s
        self.terminals = {}
        self.background = []
        self.judge = layers.Judge("pebble", env)
        self.refused = None  # the block that was refused, and the message

    def run(self):
        """Ends at the first failure, as what follows may depend on it."""
        for block in self.page.blocks:
            try:
                self.run_block(block)
            except page.Fault as fault:
                self.outcome.fail(fault.line, fault.message)
            if self.outcome.failures:
                break
        if self.refused and not self.outcome.failures:
            self.outcome.fail(self.refused[0].line, "no block with the message follows the refused layer")

    def finish(self):
        """Ends all processes that were begun."""
        session.end_all()
        for shell in [*self.terminals.values(), *self.background]:
            shell.close()

    def terminal(self, block):
        number = block.word("terminal", "1")
        if number not in self.terminals:
            self.terminals[number] = session.Terminal(self.env, self.folder, self.hang_s)
        return self.terminals[number]

    def run_block(self, block):
        if self.refused and block.language in ("text", "console") and not block.directives:
            self.compare_refusal(block)
        elif block.has("skip"):
            self.outcome.skips.append(f"{self.outcome.name}:{block.line}: {block.word('skip')}")
            parse(block)
        elif block.language == "run":
            self.run_invisible(block)
        elif block.has("file"):
            self.write_file(block)
        elif block.language == "yaml":
            self.judge_yaml(block)
        elif block.has("background"):
            self.run_in_background(block)
        elif block.language == "console":
            self.run_console(block)
        else:
            parse(block)

    # --- commands ---

    def run_console(self, block):
        found = page.commands(block)
        for command in found:
            expected = int(block.word("status", 0)) if command is found[-1] else 0
            status, output = self.run_command(block, command.line, command.text)
            following = found[found.index(command) + 1:][:1]
            is_shown = following and following[0].text.split()[:2] == ["echo", "$?"]
            real = output.splitlines()
            while real and not real[-1].strip():
                real.pop()
            if status != expected and not is_shown:
                self.outcome.fail(command.line, f"status {status} instead of {expected}: {command.text}",
                                  listing("output", real))
                return
            if command.output and not compare.matches(command.output, real):
                self.outcome.fail(command.line, f"other output: {command.text}", listing("document", command.output),
                                  listing("output", real))
                return

    def run_command(self, block, line, text, prelude=""):
        self.outcome.command_count += 1
        try:
            return self.terminal(block).run(text, prelude)
        except session.Hang as hang:
            raise page.Fault(line, f"does not end: {text}\n{listing('output', hang.output.splitlines())}") from None

    def run_invisible(self, block):
        status, output = self.run_command(block, block.line, block.text, session.UNTIL_OK + "set -e\n")
        # The shell goes on.
        self.terminal(block).run("set +e; unset -f until_ok")
        if status != 0:
            self.outcome.fail(block.line, f"status {status} of invisible commands", listing("commands", block.text.splitlines()),
                              listing("output", output.splitlines()))

    def run_in_background(self, block):
        found = page.commands(block)
        self.outcome.command_count += len(found)
        expected = [line for command in found for line in command.output]
        env = self.terminal(block).variables() if block.has("terminal") else self.env
        shell = session.Background(env, self.folder, [command.text for command in found], self.hang_s)
        self.background.append(shell)
        is_good, output = shell.wait(lambda text: compare.first_missing(expected, text.splitlines()) is None)
        if not is_good:
            missing = compare.first_missing(expected, output.splitlines())
            self.outcome.fail(block.line, f"the output in the background lacks: {missing}",
                              listing("output", output.splitlines()))

    def write_file(self, block):
        try:
            path = page.expand(block.word("file"), self.terminal(block).variables())
        except KeyError as err:
            raise page.Fault(block.line - 1, f"there is no variable {err} for the name of the file") from None
        parse(block)
        path = os.path.join(self.env["HOME"], path)
        try:
            with open(path, "w", encoding="utf-8") as file:
                file.write(block.text)
        except OSError as err:
            raise page.Fault(block.line - 1, f"cannot write {path}: {err.strerror}") from None

    # --- layers ---

    def judge_yaml(self, block):
        fragment = block.word("fragment")
        if fragment is not None:
            try:
                text = layers.under(fragment, block.text)
            except ValueError as err:
                raise page.Fault(block.line - 1, str(err)) from None
        elif block.has("layer") or block.has("refused") or layers.is_layer(block.text):
            text = block.text
        else:
            parse(block)
            return
        refusal = self.judge.fragment_refusal(text) if fragment else self.judge.refusal(text)
        if block.has("refused"):
            if refusal is None:
                raise page.Fault(block.line, "the layer is accepted, which the document says is refused")
            self.refused = (block, refusal)
        elif refusal is not None:
            raise page.Fault(block.line, f"the layer is refused: {refusal}")

    def compare_refusal(self, block):
        _, refusal = self.refused
        self.refused = None
        expected = [line for line in block.text.splitlines() if not (block.language == "console" and line.startswith("$ "))]
        if not layers.message_matches(expected, refusal):
            self.outcome.fail(block.line, "another message for the refused layer", listing("document", expected),
                              listing("message", refusal.splitlines()))


def parse(block):
    """Fault: the text of a block that is not run cannot be parsed."""
    try:
        if block.language == "json":
            json.loads(block.text)
        elif block.language == "yaml" and not layers.is_layer(block.text):
            for text in documents_of(block.text):
                juju_yaml.parse(text, "the block")
        elif block.language == "python":
            ast.parse(block.text)
        elif block.language == "sh":
            done = subprocess.run(["bash", "-n"], input=block.text, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise ValueError(done.stderr.strip())
    except (ValueError, SyntaxError) as err:
        raise page.Fault(block.line, f"this {block.language} cannot be parsed: {err}") from None


def documents_of(text):
    """The documents of a text of YAML."""
    found = [""]
    for line in text.splitlines(keepends=True):
        if line.rstrip() == "---":
            found.append("")
        else:
            found[-1] += line
    return [part for part in found if part.strip()]


def missing_programs(text_page, env):
    """The programs that a document needs and that are not there. `libpebble` stands for its directory."""
    return [name for name in text_page.needs
            if not (os.path.isdir(env.get("LIBPEBBLE", "")) if name == "libpebble" else shutil.which(name, path=env["PATH"]))]
