# SPDX-License-Identifier: GPL-3.0-or-later
"""The files in packaging/ match the program."""

import configparser
import os
import re
import shutil
import subprocess
import textwrap
import unittest

from harness import TOP, DaemonCase, free_port, program


def packaged(name):
    with open(os.path.join(TOP, "packaging", name), encoding="utf-8") as file:
        return file.read()


class UnitFileTest(DaemonCase):
    """packaging/pebble.service"""

    def setUp(self):
        super().setUp()
        self.unit = configparser.ConfigParser(delimiters=["="], interpolation=None, strict=True)
        self.unit.optionxform = str
        self.unit.read_string(packaged("pebble.service"))
        self.service = self.unit["Service"]
        self.words = self.service["ExecStart"].split()

    @unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not there")
    def test_systemd_finds_no_fault(self):
        path = self.daemon.file("pebble.service", packaged("pebble.service").replace(self.words[0], program()))
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", path], capture_output=True, text=True, check=False,
                              env={**os.environ, "LC_ALL": "C"})
        if done.returncode != 0 and re.search("Failed to (create|connect|initialize)", done.stderr):
            self.skipTest(f"systemd-analyze cannot work here: {done.stderr.strip()}")
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_settings(self):
        self.assertEqual(set(self.unit.sections()), {"Unit", "Service", "Install"})
        self.assertEqual(self.service["Type"], "notify")
        # The daemon ends its services itself, in their order.
        self.assertEqual(self.service["KillMode"], "mixed")
        self.assertEqual(self.service["Restart"], "on-failure")
        self.assertEqual(self.service["SuccessExitStatus"].split(), ["42"])
        self.assertEqual(self.service["RestartPreventExitStatus"].split(), ["10", "11"])
        self.assertGreater(int(self.service["TimeoutStopSec"]), 10)

    def test_the_program_takes_its_command(self):
        self.assertEqual(self.words[0], "/usr/local/bin/pebble")
        variable, value = self.service["Environment"].split("=", 1)
        self.assertEqual((variable, value), ("PEBBLE", "/var/lib/pebble/default"))
        self.daemon.env["PEBBLE"] = self.daemon.pebble_dir = self.daemon.path("var/lib/pebble/default")
        self.daemon.socket_path = os.path.join(self.daemon.pebble_dir, ".pebble.socket")
        self.daemon.start(*self.words[2:], command=self.words[1], env={"WATCHDOG_USEC": str(int(self.service["WatchdogSec"]) * 1000000)})
        self.assertEqual(self.daemon.stop(), 0)


class ManifestTest(DaemonCase):
    """packaging/kubernetes.yaml: its command, its layer and its probes, tried on a daemon."""

    def setUp(self):
        super().setUp()
        self.manifest = packaged("kubernetes.yaml")
        self.command = self.one(r"^ +command: \[(/\S*pebble, run.*)\]$").split(", ")
        self.probes = dict(re.findall(r'^ +(\w+Probe):\n +httpGet: \{path: "([^"]+)", port: pebble\}$', self.manifest, re.MULTILINE))

    def one(self, pattern):
        found = re.findall(pattern, self.manifest, re.MULTILINE)
        self.assertEqual(len(found), 1, pattern)
        return found[0]

    def test_its_parts_fit_together(self):
        self.assertNotIn("\t", self.manifest)
        self.assertEqual(re.findall("^kind: (.+)$", self.manifest, re.MULTILINE), ["ConfigMap", "Deployment"])
        self.assertEqual(sorted(self.probes), ["livenessProbe", "readinessProbe"])
        port = self.one(r"\{name: pebble, containerPort: (\d+)\}")
        self.assertEqual(self.command[self.command.index("--http") + 1], f'":{port}"')
        # What is mounted is there, and the program is where it is copied to.
        volumes = set(re.findall(r"^        - \{?name: ([\w-]+)", self.manifest.split("      volumes:\n")[1], re.MULTILINE))
        self.assertEqual(set(re.findall(r"\{name: ([\w-]+), mountPath: ", self.manifest)), volumes)
        self.assertEqual(self.one(r"command: \[cp, \S+, (\S+)\]"), self.command[0])
        home = self.one(r"\{name: PEBBLE, value: (\S+)\}")
        self.assertIn(f"mountPath: {home}}}", self.manifest)
        self.assertIn(f"mountPath: {home}/layers, readOnly: true}}", self.manifest)
        name = self.one(r"configMap: \{name: ([\w-]+)\}")
        self.assertIn(f"metadata:\n  name: {name}\ndata:\n", self.manifest)
        # The daemon has the time that it takes at most.
        self.assertGreater(int(self.one(r"terminationGracePeriodSeconds: (\d+)")), 10)

    def mount_layer(self):
        """The layer as kubelet mounts a ConfigMap: links to a directory that is exchanged as a whole."""
        name, text = re.search(r"^  (\S+\.yaml): \|\n((?:    .*\n|\n)+)", self.manifest, re.MULTILINE).groups()
        folder = os.path.join(self.daemon.pebble_dir, "layers")
        self.daemon.file(f"pebble/layers/..2026_01_01_00_00_00.1/{name}", textwrap.dedent(text))
        os.symlink("..2026_01_01_00_00_00.1", os.path.join(folder, "..data"))
        os.symlink(f"..data/{name}", os.path.join(folder, name))

    def test_its_probes_are_answered(self):
        port = free_port()
        self.mount_layer()
        arguments = [f":{port}" if word.startswith('":') else word for word in self.command[2:]]
        self.daemon.start(*arguments, command=self.command[1])
        self.daemon.wait_log("Started default services")
        services = self.daemon.get("/v1/services").result
        self.assertEqual([(s["name"], s["current"]) for s in services], [("workload", "active")])
        for path in self.probes.values():
            answer = self.daemon.get(path, port=port)
            self.assertEqual((answer.status, answer.result), (200, {"healthy": True}))
        self.assertEqual(self.daemon.stop(), 0)


if __name__ == "__main__":
    unittest.main()
