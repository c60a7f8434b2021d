# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/reference/layer.schema.json refuses what the daemon refuses, as far as one entry is concerned, and accepts all
layers of the examples and documents."""

import glob
import json
import os
import re
import subprocess
import sys
import unittest

import openapi
from harness import TOP, DaemonCase, program

sys.path.insert(0, os.path.join(TOP, "tests", "documents"))

import page  # noqa: E402  (of tests/documents/)

PATH = os.path.join(TOP, "docs", "reference", "layer.schema.json")
SECTIONS = ("summary", "description", "services", "checks", "log-targets", "workloads", "pairing")
# The daemon takes these, but they are most likely mistakes.
MISTAKES = ["services: {a: {override: replace, command: a, startup: enable}}",
            "services: {a: {override: replace, command: a, on-failure: ''}}",
            "services: {a: {override: replace, command: a, user-id: -1}}",
            "services: {a: {override: replace, command: a, group-id: 1.5}}"]
# What a schema cannot see: accounts, other entries, other layers.
BEYOND = ["services: {a: {override: replace}}",
          "services: {a: {override: replace, command: a, requires: [b]}}",
          "workloads: {a: {override: replace, user: no-such-user}}",
          "checks: {a: {override: replace}}",
          "log-targets: {a: {override: replace}}"]
GOOD = ["", "pairing:", "summary: 5", "services: {a: {override: merge, command: 5}, b: {override: replace, command: a}}",
        "services: {5: {override: replace, command: true, user: , environment: {A: 1, B: 1.5, C: true, D: }}}",
        "services: {a: {override: replace, command: a, backoff-delay: 0, backoff-limit: 1.5h, kill-delay: +3s}}",
        "services: {a: {override: replace, command: a, backoff-factor: 1.5, on-check-failure: {up: restart}}}",
        "services: {a: {override: replace, command: a, ready: {notify: true, timeout: 5s}, kill-mode: tree}}",
        "services: {a: {override: replace, command: a, ready: {notify: false}}}",
        "services: {a: {override: replace, command: a, success-exit-codes: [1, 255], max-start-retries: -1}}",
        "checks: {a: {override: replace, http: {url: 'http://localhost', headers: {A: b}}, threshold: 1, period: 500ms}}",
        "log-targets: {a: {override: replace, type: loki, location: 'http://x', services: [all], labels: {a: b}}}",
        "workloads: {a: {override: replace, user-id: 0, group-id: 0}}",
        "pairing: {mode: single}"]
BAD = ["- a", "more: 5", "services:", "checks:", "log-targets:", "workloads:", "summary:", "services: [a]", "services: {a: }", "services: {a: 5}", "services: {a: {command: a}}",
       "services: {pebble: {override: replace, command: a}}", "services: {-a: {override: replace, command: a}}",
       "services: {'': {override: replace, command: a}}",
       "checks: {'': {override: replace, tcp: {port: 1}}}", "workloads: {'': {override: replace}}",
       "services: {a: {override: other, command: a}}", "services: {a: {override: replace, comand: a}}"]
BAD += [f"services: {{a: {{override: replace, command: a, {key}}}}}" for key in (
    "summary: [a]", "after: b", "after: [[b]]", "environment: [A=1]", "environment: {A: [1]}", "user-id: x",
    "on-success: success-shutdown", "on-failure: failure-shutdown", "on-failure: stop", "on-check-failure: {up: exit}",
    "on-check-failure: restart", "backoff-delay: 5", "backoff-delay: 5 s", "backoff-limit: [1s]", "kill-delay: soon",
    "backoff-factor: 0.5", "backoff-factor: x", "type: job", "run-timeout: -1s", "ready: true", "ready: {}",
    "ready: {fd: 2}", "ready: {fd: 1024}", "ready: {notify: true, fd: 3}", "ready: {file: x}", "ready: {notify: 1}",
    "ready: {notify: true, level: up}", "ready: {notify: true, timeout: -1s}", "wait-for: [b]", "wait-for: {b: done}",
    "wait-for-checks: {a: b}", "wait-timeout: -1s", "success-exit-codes: [256]", "success-exit-codes: [-1]",
    "fatal-exit-codes: 1", "fatal-exit-codes: ['1']", "max-start-retries: -2", "max-start-retries: x",
    "on-max-start-retries: restart", "kill-mode: all")]
BAD += [f"checks: {{a: {{override: replace, {key}}}}}" for key in (
    "tcp: 80", "tcp: {port: x}", "tcp: {ports: 80}", "tcp: {port: 80}, level: up", "tcp: {port: 80}, startup: on",
    "tcp: {port: 80}, period: 0s", "tcp: {port: 80}, timeout: -1s", "tcp: {port: 80}, period: 5", "tcp: {port: 80}, threshold: x",
    "http: {uri: x}", "http: {url: x, headers: [a]}", "exec: {command: a, context: b}", "exec: {command: a, environment: x}")]
BAD += [f"log-targets: {{a: {{override: replace, location: x, {key}}}}}" for key in (
    "type: file", "type: loki, services: all", "type: loki, labels: {pebble_a: b}", "type: loki, label: {a: b}")]
BAD += ["workloads: {a: {override: replace, command: a}}", "pairing: {mode: many}", "pairing: {modes: single}"]
# The tables of src/plan/record_tables.c, and where the schema has them.
RECORDS = {"service": ("services",), "check": ("checks",), "log_target": ("log-targets",), "workload": ("workloads",),
           "ready": ("services", "ready"), "http_check": ("checks", "http"), "tcp_check": ("checks", "tcp"),
           "exec_check": ("checks", "exec")}


def documents():
    """The layers in documents, with their places."""
    for path in sorted(glob.glob(os.path.join(TOP, "docs", "**", "*.md"), recursive=True)) + [os.path.join(TOP, "README.md")]:
        with open(path, encoding="utf-8") as file:
            blocks = page.Page(file.read()).blocks
        for block in blocks:
            is_layer = block.language == "yaml" and block.text.lstrip().split(":")[0] in SECTIONS
            if is_layer and not any(block.has(word) for word in ("refused", "fragment", "skip")):
                yield f"{os.path.relpath(path, TOP)}:{block.line}", block.text


class LayerSchemaTest(DaemonCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with open(PATH, encoding="utf-8") as file:
            cls.schema = json.load(file)

    def value_of(self, text):
        try:
            return openapi.juju_yaml.parse(text)
        except openapi.juju_yaml.YamlError:  # such as anchors: what the daemon makes of it
            return openapi.juju_yaml.parse(self.enter_plan(text).stdout)

    def check(self, text):
        """The reason why the schema refuses a layer; None if it does not."""
        try:
            openapi.Schemas(self.schema).check(self.value_of(text), self.schema, "the layer")
        except openapi.Mismatch as mismatch:
            return str(mismatch)
        return None

    def enter_plan(self, text):
        daemon = self.new_daemon()
        daemon.layer("001-test.yaml", text)
        return subprocess.run([program(), "enter", "plan"], env=daemon.env, capture_output=True, text=True, check=False)

    def daemon_accepts(self, text):
        return self.enter_plan(text).returncode == 0

    def test_examples(self):
        paths = glob.glob(os.path.join(TOP, "examples", "*", "layers", "*.yaml"))
        self.assertGreater(len(paths), 3)
        for path in paths:
            with self.subTest(path), open(path, encoding="utf-8") as file:
                self.assertIsNone(self.check(file.read()))

    def test_documents(self):
        found = list(documents())
        self.assertGreater(len(found), 30)
        for place, text in found:
            with self.subTest(place):
                reason = self.check(text)
                self.assertTrue(reason is None or not self.daemon_accepts(text), reason)

    def test_accepted(self):
        for text in GOOD:
            with self.subTest(text):
                self.assertIsNone(self.check(text))
                self.assertTrue(self.daemon_accepts(text))

    def test_refused(self):
        for text in BAD:
            with self.subTest(text):
                self.assertIsNotNone(self.check(text))
                self.assertFalse(self.daemon_accepts(text))

    def test_differences(self):
        for text in MISTAKES:
            with self.subTest(text):
                self.assertIsNotNone(self.check(text))
                self.assertTrue(self.daemon_accepts(text))
        for text in BEYOND:
            with self.subTest(text):
                self.assertIsNone(self.check(text))
                self.assertFalse(self.daemon_accepts(text))

    def test_keys_are_those_of_the_program(self):
        with open(os.path.join(TOP, "src", "plan", "record_tables.c"), encoding="utf-8") as file:
            tables = dict(re.findall(r"struct field (\w+)_fields\[\] = \{(.*?)\n\};", file.read(), re.S))
        self.assertEqual(set(tables), set(RECORDS))
        for name, (section, *inner) in RECORDS.items():
            place = self.schema["properties"][section]["additionalProperties"]
            for key in inner:
                place = place["properties"][key]
            self.assertEqual(set(place["properties"]), set(re.findall(r'^    \{"([\w-]+)"', tables[name], re.M)), name)

    def test_texts(self):
        """Editors show a description for each key."""
        def walk(node, place):
            for key, value in node.get("properties", {}).items():
                self.assertTrue({"description", "$ref"} & set(value), f"{place}.{key}")
                walk(value, f"{place}.{key}")
            if isinstance(node.get("additionalProperties"), dict):
                walk(node["additionalProperties"], place)
        walk(self.schema, "layer")


if __name__ == "__main__":
    unittest.main()
