# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML that the daemon and commands show: the order of names, and text that all readers take for text."""

import json
import re

from harness import DaemonCase

LAYER = """\
services:
    web-10: {override: replace, command: sleep 1000}
    web-2:
        override: replace
        command: sleep 1000
        environment: {DBCONFIG_HOST: x, DB_DRIVER: x, RS_LOG: x, R_HOME: x, SQLALCHEMY_POOL: x, SQL_ALCHEMY_URI: x, NODE10: x,
                      NODE9: x, SEPARATOR: "="}
checks:
    c-10: {override: replace, startup: disabled, exec: {command: "true"}}
    c-9: {override: replace, startup: disabled, exec: {command: "true"}}
log-targets:
    loki/10: {override: replace, type: loki, location: (removed), services: [-all]}
    loki/2: {override: replace, type: loki, location: (removed), services: [-all], labels: {unit10: a, unit9: b}}
"""


class ShownYamlTest(DaemonCase):
    def setUp(self):
        super().setUp()
        self.daemon.layer("001-test.yaml", LAYER)
        self.daemon.start("--hold")

    def keys(self, indent, *command):
        """The keys with this indentation in the output of a command."""
        done = self.daemon.cli(*command)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return re.findall(rf"(?m)^ {{{indent}}}([^ :]+):", done.stdout)

    def test_names_are_in_the_order_of_pebble(self):
        self.assertEqual(self.keys(4, "plan"), ["web-2", "web-10", "c-9", "c-10", "loki/2", "loki/10"])
        self.assertEqual([key for key in self.keys(12, "plan") if key.upper() == key or key.startswith("unit")],
                         ["DB_DRIVER", "DBCONFIG_HOST", "NODE9", "NODE10", "R_HOME", "RS_LOG", "SEPARATOR", "SQL_ALCHEMY_URI",
                          "SQLALCHEMY_POOL", "unit9", "unit10"])
        self.assertEqual(self.keys(4, "services", "--format", "yaml"), ["web-2", "web-10"])
        self.assertEqual(self.keys(4, "checks", "--format", "yaml"), ["c-9", "c-10"])
        self.assertEqual(self.keys(4, "log-targets", "--format", "yaml"), ["loki/2", "loki/10"])
        for name in ("user10", "user9"):
            body = {"action": "add", "identities": {name: {"access": "read", "local": {"user-id": int(name[4:])}}}}
            self.assertEqual(self.daemon.post("/v1/identities", body).status, 200)
        self.assertEqual(self.keys(4, "identities", "--format", "yaml"), ["user9", "user10"])

    def test_json_is_ordered_by_bytes(self):
        shown = json.loads(self.daemon.cli("services", "--format", "json").stdout)
        self.assertEqual(list(shown["services"]), ["web-10", "web-2"])

    def test_an_equals_sign_is_quoted(self):
        self.assertIn('            SEPARATOR: "="\n', self.daemon.cli("plan").stdout)
