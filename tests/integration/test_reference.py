# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/reference/: the messages and the commands that its pages show are those of the program."""

import os
import re
import subprocess
import unittest

from harness import TOP, DaemonCase, program

PREFIX = "cannot run daemon: cannot load plan: "
MARK = re.compile(r"<!-- messages: (.*) -->$")
SPAN = re.compile(r"(`+)(?!`)(.*?)(?<!`)\1(?!`)")
# What an entry needs; keys of the table replace these.
NEEDED = {"services": {"override": "replace", "command": "sleep infinity"},
          "checks": {"override": "replace", "tcp": "{port: 80}"},
          "log-targets": {"override": "replace", "type": "loki", "location": "http://localhost"},
          "workloads": {"override": "replace"}}
KINDS = ("http", "tcp", "exec")


def spans(cell):
    """The texts of the spans of code in a cell."""
    return [text for _, text in SPAN.findall(cell)]


def read(name):
    with open(os.path.join(TOP, name), encoding="utf-8") as file:
        return file.read()


def tables(text):
    """Pairs of the place that a mark names and the rows of the table behind it, as lists of cells."""
    lines = text.splitlines()
    for at, line in enumerate(lines):
        mark = MARK.match(line)
        if mark:
            rows = []
            for row in lines[at + 3:]:
                if not row.startswith("|"):
                    break
                rows.append([cell.strip() for cell in row.strip("|").split("|")])
            yield mark[1], rows


def entry(place, keys):
    """A layer with these keys at the place, completed."""
    section, name = place.split(".")
    names = {key.split(":")[0] for key in keys}
    needed = dict(NEEDED[section])
    if names & set(KINDS):
        needed.pop("tcp", None)
    lines = [f"{key}: {value}" for key, value in needed.items() if key not in names] + keys
    return f"{section}:\n    {name}:\n" + "".join(f"        {line}\n" for line in lines)


def one_line(text):
    return " ".join(text.split())


class LayersTest(DaemonCase):
    """The tables of layers.md."""

    def refusal(self, layer):
        self.daemon.layer("001-layer.yaml", layer)
        done = self.daemon.cli("enter", "plan")
        self.assertNotEqual(done.returncode, 0, f"accepted: {layer}")
        return one_line(done.stderr).removeprefix(PREFIX)

    def test_messages(self):
        count = 0
        for place, rows in tables(read("docs/reference/layers.md")):
            for value, message in rows:
                layer = "\n".join(spans(value)) + "\n" if place == "layer" else entry(place, spans(value))
                start, more, _ = spans(message)[0].partition("…")
                found = self.refusal(layer)
                with self.subTest(layer=layer):
                    self.assertEqual(found[:len(start)] if more else found, one_line(start) if not more else start)
                count += 1
        self.assertGreater(count, 80)


class CommandsTest(unittest.TestCase):
    def test_page_is_that_of_the_program(self):
        done = subprocess.run([os.path.join(TOP, "tools", "make-commands"), "--check",
                               os.path.join(TOP, "docs", "reference", "commands.md"), program()],
                              capture_output=True, text=True, check=False)
        self.assertEqual((done.stdout + done.stderr, done.returncode), ("", 0))


if __name__ == "__main__":
    unittest.main()
