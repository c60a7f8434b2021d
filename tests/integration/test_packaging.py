# SPDX-License-Identifier: GPL-3.0-or-later
"""The files in packaging/ match the program."""

import configparser
import os
import re
import shutil
import subprocess
import textwrap
import unittest

from containers import OkServer
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
        # It is where the images of this project have it, and cp is in the one with a base only.
        self.assertEqual(self.one(r"command: \[cp, (\S+), \S+\]"), "/usr/bin/pebble")
        self.assertRegex(self.one(r"image: (cobble:\S+)"), "-slim$")
        home = self.one(r"\{name: PEBBLE, value: (\S+)\}")
        self.assertIn(f"mountPath: {home}}}", self.manifest)
        self.assertIn(f"mountPath: {home}/layers, readOnly: true}}", self.manifest)
        name = self.one(r"configMap: \{name: ([\w-]+)\}")
        self.assertIn(f"metadata:\n  name: {name}\ndata:\n", self.manifest)
        # The daemon has the time that it takes at most.
        self.assertGreater(int(self.one(r"terminationGracePeriodSeconds: (\d+)")), 10)

    def mount_layers(self, **more):
        """The layers as kubelet mounts a ConfigMap: links to a directory that is exchanged as a whole."""
        name, text = re.search(r"^  (\S+\.yaml): \|\n((?:    .*\n|\n)+)", self.manifest, re.MULTILINE).groups()
        folder = os.path.join(self.daemon.pebble_dir, "layers")
        os.symlink("..2026_01_01_00_00_00.1", os.path.join(folder, "..data"))
        for name, text in {name: textwrap.dedent(text), **more}.items():
            self.daemon.file(f"pebble/layers/..2026_01_01_00_00_00.1/{name}", text)
            os.symlink(f"..data/{name}", os.path.join(folder, name))

    def start(self):
        """Starts the daemon with the command of the container, at a free port."""
        self.port = free_port()
        arguments = [f":{self.port}" if word.startswith('":') else word for word in self.command[2:]]
        self.daemon.start(*arguments, command=self.command[1])
        self.daemon.wait_log("Started default services")

    def probe(self, name):
        """The status of a probe. On a busy machine it may take longer than kubelet waits."""
        self.assertGreaterEqual(int(self.one(rf"^ +{name}:\n(?: .*\n)*? +timeoutSeconds: (\d+)$")), 1)
        return self.daemon.get(self.probes[name], port=self.port).status

    def test_its_probes_are_answered(self):
        self.mount_layers()
        self.start()
        services = self.daemon.get("/v1/services").result
        self.assertEqual([(s["name"], s["current"]) for s in services], [("workload", "active")])
        for path in self.probes.values():
            answer = self.daemon.get(path, port=self.port)
            self.assertEqual((answer.status, answer.result), (200, {"healthy": True}))
        self.assertEqual(self.daemon.stop(), 0)

    def test_its_probes_follow_checks_of_all_kinds(self):
        """The workload is alive while its port is open, and ready while its page and its command are good as well."""
        server, ready = OkServer(self), self.daemon.file("ready")
        self.mount_layers(**{"002-checks.yaml": f"""
checks:
    port: {{override: replace, level: alive, period: 1h, threshold: 1, tcp: {{port: {server.port}}}}}
    page: {{override: replace, level: ready, period: 1h, threshold: 1, http: {{url: "{server.url}"}}}}
    command: {{override: replace, level: ready, period: 1h, threshold: 1, exec: {{command: "test -e {ready}"}}}}
"""})
        self.start()

        def probes():
            for check in ("port", "page", "command"):
                self.assertEqual(self.daemon.post("/v1/checks/refresh", {"name": check}).status, 200)
            return self.probe("livenessProbe"), self.probe("readinessProbe")

        self.assertEqual(probes(), (200, 200))
        os.unlink(ready)
        self.assertEqual(probes(), (200, 502))
        self.daemon.file("ready")
        self.assertEqual(probes(), (200, 200))
        server.close()
        self.assertEqual(probes(), (502, 502))
        self.assertEqual(self.daemon.stop(), 0)


class CheckLayersTest(DaemonCase):
    """packaging/check-layers/"""

    def check(self, *paths, **environment):
        return subprocess.run([os.path.join(TOP, "packaging", "check-layers", "check-layers"), *paths], capture_output=True,
                              text=True, check=False, env={**os.environ, "PEBBLE_PROGRAM": program(), **environment})

    def test_good(self):
        done = self.check(os.path.join(TOP, "examples", "hello", "layers"))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertTrue(done.stdout.endswith("examples/hello/layers: accepted\n"))

    def test_annotation(self):
        path = self.daemon.file("some/layers/002-sub.d/001-web.yaml", "services:\n    web:\n        comand: x\n")
        top = self.daemon.path("some/layers")
        done = self.check(top, GITHUB_ACTIONS="true")
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"{top}: refused\n", done.stdout)
        self.assertRegex(done.stdout, f"(?m)^::error file={path},line=3::cannot load plan: .*field comand not found")

    def test_usage(self):
        self.assertEqual(self.check().returncode, 2)
        done = self.check("/no/such/directory")
        self.assertEqual((done.returncode, done.stderr), (2, "check-layers: no such directory: /no/such/directory\n"))
        done = self.check("--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("  check-layers DIRECTORY…\n", done.stdout)

    def test_a_directory_above_is_not_accepted(self):
        self.daemon.file("some/layers/001-web.yaml", "services:\n    web:\n        comand: x\n")
        some = self.daemon.path("some")
        done = self.check(some)
        self.assertEqual((done.returncode, done.stdout, done.stderr),
                         (2, "", f"check-layers: {some} is not a directory of layers. Use: {some}/layers\n"))


if __name__ == "__main__":
    unittest.main()
