# SPDX-License-Identifier: GPL-3.0-or-later
"""The reader of YAML of tools/charm-run (tools/juju_yaml.py), and the files of a charm."""

import os
import sys
import unittest

from harness import TOP, DaemonCase
from test_charm import charm_run

sys.path.insert(0, os.path.join(TOP, "tools"))

import juju_yaml  # noqa: E402

WHOLE = """\
%s# a comment
name: 'quoted ''name'''
"quoted: key": "a\\tb\\u00e9 \\
  c"
flow: {a: 1, "b":[x, 'y, z', {c: ~}], d, e: , }  # behind it
list:
- one
-   - nested
    - 'two: #'
- key: value
  more: 0x10
-
  - a:b
literal: |
  first
    more # no comment

  last
folded: >-
  a
  b

  c
   d
  e
kept: |+2
    x

plain: several words
  on two lines

  and a third#
date: 2024-01-01
truths: [yes, Off, true, y]
numbers: [1_000, -1.5, 1e3, 010, nan, 1.2.3]
10: integer key
empty:
multi: [a,
  b]
"""


class ReaderTest(unittest.TestCase):
    def test_what_is_read(self):
        expected = {
            "name": "quoted 'name'", "quoted: key": "a\tbé c", "flow": {"a": 1, "b": ["x", "y, z", {"c": None}], "d": None,
                                                                       "e": None},
            "list": ["one", ["nested", "two: #"], {"key": "value", "more": 16}, ["a:b"]],
            "literal": "first\n  more # no comment\n\nlast\n", "folded": "a b\nc\n d\ne", "kept": "  x\n\n",
            "plain": "several words on two lines\nand a third#", "date": "2024-01-01", "truths": [True, False, True, True],
            "numbers": [1000, -1.5, 1000.0, 8, "nan", "1.2.3"], "10": "integer key", "empty": None, "multi": ["a", "b"]}
        for text in (WHOLE % "", WHOLE % "---\n", (WHOLE % "\ufeff").replace("\n", "\r\n"), WHOLE % "" + "...\n"):
            self.assertEqual(juju_yaml.parse(text), expected)
        self.assertEqual(juju_yaml.parse("# nothing\n"), None)
        self.assertEqual(juju_yaml.parse('{"a": "1", "b": 1, "c": null}', is_text_only=True), {"a": "1", "b": "1", "c": ""})

    def test_what_is_refused(self):
        for text, line, message in (
                ("a: &x 1\n", 1, "an anchor is not supported here"),
                ("a: 1\nb: *x\n", 2, "an alias is not supported here"),
                ("a: !!str 1\n", 1, "a tag is not supported here"),
                ("a:\n  <<: {b: 1}\n", 2, "a merge key is not supported"),
                ("%YAML 1.2\n---\na: 1\n", 1, "a directive is not supported"),
                ("? a\n: b\n", 1, "a complex key is not supported"),
                ("a:\n\tb: 1\n", 2, "a tab is not allowed as indentation"),
                ("a: 1\nb: 2\na: 3\n", 3, "the key 'a' is there twice"),
                ("a: {b: 1, 'b': 2}\n", 1, "the key 'b' is there twice"),
                ("a: 1\n---\na: 2\n", 2, "there is more than one document"),
                ("a: b: c\n", 1, "a mapping is not allowed here"),
                ("a: b\n  c: d\n", 2, "a mapping is not allowed here"),
                ("a: - b\n", 1, "a sequence is not allowed here"),
                ("a:\n    b: 1\n  c: 2\n", 3, "expected a key with the indentation of the others"),
                ("a: 1\njust text\n", 2, "expected a key with the indentation of the others"),
                ("a: 'x\n", 1, "a quoted scalar has no end"),
                ("a: 'x' y\n", 1, "unexpected text behind a value"),
                ("a: [1, 2\nb: 3\n", 2, "expected ',' or ']'"),
                ("a: [1, 2\n", 1, "a sequence or mapping has no end"),
                ("a: [b: 1]\n", 1, "a mapping in a sequence needs braces"),
                ("a: [1,, 2]\n", 1, "',' at the begin is not supported here"),
                ("a: |x\n  b\n", 1, "the head of a block scalar is wrong"),
                ("a: |\n    b\n  c\n", 3, "a line is indented by less than the first one"),
                ('a: "\\ud800"\n', 1, "the escape of U+D800 is no character"),
                ('a: "\\q"\n', 1, "there is no escape \\q"),
                ("a: \ud800\n", 1, "the character U+D800 is not allowed"),
                ("a: \x01\n", 1, "the character U+0001 is not allowed"),
                ("a: @b\n", 1, "'@' at the begin is not supported here"),
                ("a: " + "[" * 2000, 1, "it is nested more than 100 levels deep"),
                ("- " * 2000 + "a", 1, "it is nested more than 100 levels deep")):
            with self.subTest(text[:40]):
                with self.assertRaises(juju_yaml.YamlError) as caught:
                    juju_yaml.parse(text, "FILE")
                self.assertEqual(str(caught.exception), f"FILE:{line}: {message}")

    def test_what_is_written_is_read(self):
        for value in ("", "1", "yes", "a: b", "- x", "x\ny", "é😀", "null", None, True, 1, 1.5, [], {}, [[], {"a": [1, "2"]}],
                      {"b": {"c": ["d", {"e": "f", "g": None}]}, "1": "#"}):
            with self.subTest(value):
                self.assertEqual(juju_yaml.parse(juju_yaml.write(value)), value)
        self.assertEqual(juju_yaml.write({"b": [1, {"c": "x y"}], "a": {"d": "1"}}),
                         'a:\n  d: "1"\nb:\n- 1\n- c: x y\n')


class DescriptionTest(DaemonCase):
    """The files of a charm."""

    def setUp(self):
        super().setUp()
        self.charm = self.daemon.path("charm")
        self.daemon.file("charm/dispatch", '#!/bin/sh\nconfig-get --format=json; echo\n'
                         'case $JUJU_DISPATCH_PATH in actions/*) action-get --format=json; esac\n', 0o755)

    def describe(self, text):
        self.daemon.file("charm/charmcraft.yaml", text)

    def test_flow_style(self):
        self.describe("name: demo\nconfig: {options: {a: {type: int, default: 1}, b: {type: string}}}\n"
                      "description: |\n  name: other\n  config: none\nactions: {go: {params: {x: {type: string}}}}\n")
        code, output, errors = charm_run("--config", "b=[x]", self.charm, "install", "action:go:x=1")
        self.assertEqual((code, errors), (0, ""))
        self.assertIn('  output: {"a":1,"b":"[x]"}\n', output)
        self.assertIn('  output: {"x":"1"}\n', output)

    def test_defaults_of_parameters(self):
        self.describe("name: demo\nactions:\n  go:\n    required: [must]\n    params:\n      must: {type: integer}\n"
                      "      size: {type: integer, default: 3}\n      name: {default: x}\n      list: {default: [1, 2]}\n"
                      "      none: {type: string}\n"
                      "      deep: {type: object, properties: {in: {default: yes}, out: {type: string}}}\n")
        code, output, errors = charm_run(self.charm, "action:go:must=1,name=y")
        self.assertEqual((code, errors), (0, ""), output)
        self.assertIn('  output: {"deep":{"in":true},"list":[1,2],"must":1,"name":"y","size":3}\n', output)
        for step, message in (("action:go", "it needs the parameter must"),
                              ("action:go:must", "'must' must be KEY=VALUE"),
                              ("action:go:must=a", "must must be of the type integer, not 'a'"),
                              ("action:go:must=[", "must:1: a sequence or mapping has no end")):
            self.assertEqual(charm_run(self.charm, step), (1, "", f"charm-run: cannot run action go: {message}\n"))

    def test_faults_have_file_and_line(self):
        path = os.path.join(self.charm, "charmcraft.yaml")
        for text, message in (
                ("name: &x demo\n", f"{path}:1: an anchor is not supported here"),
                ("name: demo\nconfig:\n\toptions: {}\n", f"{path}:3: a tab is not allowed as indentation"),
                ("- name\n", f"{path}: it must be a mapping"),
                ("name: a\\b/c\n", f"{self.charm}: 'a\\\\b/c' is no name of a charm or container"),
                ("name: 1\n", f"{self.charm}: 1 is no name of a charm or container"),
                ("name: demo\ncontainers: {../x: {}}\n", f"{self.charm}: '../x' is no name of a charm or container"),
                ("name: demo\ncontainers: [x]\n", f"{self.charm}: containers must be a mapping"),
                ("name: demo\nactions: {go: 1}\n", f"{self.charm}: action go must be a mapping"),
                ("name: demo\nactions: {go: {params: []}}\n", f"{self.charm}: action go: params must be a mapping"),
                ("name: demo\nconfig: {options: {a: {type: int, default: x}}}\n",
                 f"{self.charm}: the default of option a is not of the type int"),
                ("name: demo\nconfig: {options: {a: {type: [int]}}}\n",
                 f"{self.charm}: the type of option a must be a string")):
            with self.subTest(text):
                self.describe(text)
                self.assertEqual(charm_run(self.charm, "install"), (1, "", f"charm-run: {message}\n"))
        with open(path, "wb") as file:
            file.write(b"name: demo\n# \xff\n")
        self.assertEqual(charm_run(self.charm, "install"), (1, "", f"charm-run: {path}:2: it is not UTF-8\n"))
