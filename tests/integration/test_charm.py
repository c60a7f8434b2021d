# SPDX-License-Identifier: GPL-3.0-or-later
"""tools/charm-run with the charm in C of the examples, and with one in Python."""

import os
import re
import shutil
import signal
import subprocess
import sys

from harness import HANG_S, TOP, DaemonCase, free_port, program, wait_until
from test_libpebble import LibraryCase

RUN = os.path.join(TOP, "tools", "charm-run")
SILENT = "name: silent\ncontainers:\n  app:\n    resource: x\nactions:\n  go:\n    description: x\n"

# Follows the rules of a charm with the standard library only.
PYTHON_CHARM = r"""#!/usr/bin/env python3
import json, os, subprocess, sys
def tool(*words, **options):
    return subprocess.run(words, check=True, capture_output=True, text=True, **options).stdout
name = os.environ["JUJU_DISPATCH_PATH"]
if name == "hooks/install":
    tool("state-set", "count=1", "--", "-x=--y")
    tool("state-set", "--file", "-", input='{"text": "a=b"}')
    tool("open-port", "80/udp")
    assert json.loads(tool("state-get", "--format=json")) == {"count": "1", "-x": "--y", "text": "a=b"}
elif name == "hooks/fails":
    tool("state-set", "count=2")
    print("on standard output")
    sys.exit(7)
elif name == "hooks/start":
    assert tool("state-get", "count") == "1\n"
    tool("state-delete", "count")
    assert tool("state-get", "count") == ""
    assert tool("config-get", "size") == "5\n" and tool("config-get", "--format", "json", "none") == "null\n"
    assert tool("is-leader") == "True\n"
    assert subprocess.run(["state-get", "--strict", "no"], stderr=subprocess.PIPE).returncode == 1
    assert subprocess.run(["status-set", "--no", "active"], stderr=subprocess.PIPE).returncode == 2
    tool("status-set", "--application", "active", "all")
    tool("close-port", "80/udp")
elif name == "hooks/app-pebble-ready":
    tool("juju-log", "-l", "DEBUG", "--", "-the socket is", str(os.path.exists(
        os.path.join(os.environ["PEBBLE_CHARM_CONTAINERS"], os.environ["JUJU_WORKLOAD_NAME"], "pebble.socket"))))
elif name == "hooks/app-pebble-custom-notice":
    tool("status-set", "active", os.environ["JUJU_NOTICE_KEY"])
elif name == "actions/go":
    assert json.loads(tool("action-get", "--format=json")) == {"speed": 3}
    tool("action-log", "going")
    tool("action-set", "a.b=c=d")
    tool("action-fail", "too slow")
elif name == "hooks/hangs":
    os.kill(os.getpid(), 19)
"""


def charm_run(*words, timeout_s=120):
    """(exit code, standard output, standard error)"""
    done = subprocess.run([sys.executable, RUN, "--pebble", program(), *words], capture_output=True, text=True,
                          timeout=timeout_s, check=False, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout, done.stderr


class ExampleTest(LibraryCase):
    """The charm of examples/charm, linked with the installed library."""

    def test_its_whole_life(self):
        directory = self.daemon.path("charm")
        shutil.copytree(os.path.join(TOP, "examples", "charm"), directory)
        shutil.move(self.build(["gcc"], "-std=c99", os.path.join(directory, "charm.c"), static=True),
                    os.path.join(directory, "charm"))
        port = free_port()
        code, output, errors = charm_run(
            "--config", f"port={port}", directory, "install", "config-changed", "start", "ready:web", "config:greeting=Hi",
            "notify:web:other.com/x", "notify:web:example.com/shout", "action:say:text=abc", "service-stop:web:pages",
            "check-failed:web:page", "service-start:web:pages", "check-recovered:web:page", "restart:web", "config:port=0",
            "update-status", "stop", "remove")
        self.assertEqual((code, errors), (0, ""), output)
        version, = set(re.findall(r"  version: (Python \S+)", output))
        ready = f"  version: {version}\n  ports: {port}/tcp\n"
        active, blocked = "  status: active\n" + ready, "  status: blocked: port must be from 1 to 65535\n" + ready
        expected = [
            "hooks/install: exit code 0\n  status: unknown\n",
            "hooks/config-changed: exit code 0\n  status: waiting: waiting for Pebble\n",
            "hooks/start: exit code 0\n  status: waiting: waiting for Pebble\n",
            "hooks/web-pebble-ready: exit code 0\n" + active,
            "hooks/config-changed: exit code 0\n" + active,
            "hooks/web-pebble-custom-notice: exit code 0\n" + active,
            "hooks/web-pebble-custom-notice: exit code 0\n  log INFO: Hi!\n" + active,
            "actions/say: exit code 0\n" + active + "  result: text=abc\n",
            "hooks/web-pebble-check-failed: exit code 0\n  status: blocked: check page fails\n" + ready,
            "hooks/web-pebble-check-recovered: exit code 0\n" + active,
            "hooks/web-pebble-ready: exit code 0\n" + active,
            *(f"hooks/{name}: exit code 0\n" + blocked for name in ("config-changed", "update-status", "stop", "remove")),
        ]
        self.assertEqual(output, "".join(expected))


class PythonCharmTest(DaemonCase):
    def setUp(self):
        super().setUp()
        self.charm = self.daemon.path("charm")
        self.daemon.file("charm/dispatch", PYTHON_CHARM, 0o755)
        self.daemon.file("charm/metadata.yaml", SILENT)
        self.daemon.file("charm/config.yaml", "options:\n  size:\n    type: int\n    default: 4 # small\n"
                         "    description: |\n      text: no key\n  loud:\n    type: boolean\n")
        self.daemon.file("charm/actions.yaml", "go:\n  params:\n    speed:\n      type: integer\n")

    def test_tools_and_events(self):
        code, output, errors = charm_run("--leader", "--config", "size=5", self.charm, "install", "start", "ready:app",
                                         "notify:app:a.b/c", "action:go:speed=3")
        self.assertEqual((code, errors), (0, ""), output)
        app = "  application status: active: all\n"
        self.assertEqual(output, "hooks/install: exit code 0\n  status: unknown\n  ports: 80/udp\n"
                         f"hooks/start: exit code 0\n  status: unknown\n{app}"
                         f"hooks/app-pebble-ready: exit code 0\n  log DEBUG: -the socket is True\n  status: unknown\n{app}"
                         f"hooks/app-pebble-custom-notice: exit code 0\n  status: active: a.b/c\n{app}"
                         f"actions/go: exit code 0\n  action log: going\n  status: active: a.b/c\n{app}"
                         "  result: a.b=c=d\n  action failed: too slow\n")

    def test_a_hook_that_fails_ends_the_run(self):
        code, output, errors = charm_run(self.charm, "fails", "install")
        self.assertEqual(output, "hooks/fails: exit code 7\n  output: on standard output\n  status: unknown\n")
        self.assertEqual((code, errors), (1, "charm-run: hooks/fails failed with exit code 7\n"))

    def test_a_hook_that_hangs_is_killed(self):
        code, _, errors = charm_run("--timeout", "0.3", self.charm, "hangs")
        self.assertEqual((code, errors), (1, "charm-run: hooks/hangs was not handled within 0.3 s\n"))

    def test_faults_are_named(self):
        for words, message in (
                ((self.charm, "nothing:x"), "there is no step 'nothing:x': see --help"),
                ((self.charm, "ready:db"), "there is no container 'db'; there are: app"),
                ((self.charm, "notify:app:x"), "the container 'app' does not run yet: ready:app starts it"),
                ((self.charm, "action:no"), "there is no action 'no'; there are: go"),
                (("--config", "x=1", self.charm), "cannot set option 'x=1': must be KEY=VALUE with one of: size, loud"),
                (("--config", "size=a", self.charm), "cannot set option size to 'a': it is of the type int"),
                (("--config", "loud=1", self.charm), "cannot set option loud to '1': it is of the type boolean"),
                ((self.daemon.dir,), f"{self.daemon.dir}: it is no charm: there is neither charmcraft.yaml nor metadata.yaml")):
            with self.subTest(message):
                self.assertEqual(charm_run(*words)[::2], (1, f"charm-run: {message}\n"))

    def test_what_a_new_charm_lacks_is_named(self):
        new = os.path.dirname(self.daemon.file("new/charmcraft.yaml", "type: charm\n"))
        for words, message in (((new,), f"{new}: there is no name in charmcraft.yaml"),
                               ((new,), f"{new}: there is no program 'dispatch'"),
                               ((new,), f"{new}: 'dispatch' is not executable: chmod +x it"),
                               (("--config", "x=1", new), "cannot set option 'x=1': the charm has no options")):
            with self.subTest(message):
                self.assertEqual(charm_run(*words)[::2], (1, f"charm-run: {message}\n"))
            if "no name" in message:
                self.daemon.file("new/charmcraft.yaml", "name: new\n")
            elif "no program" in message:
                self.daemon.file("new/dispatch", "#!/bin/sh\n")
            else:
                os.chmod(new + "/dispatch", 0o755)

    def test_following_ends_clean_with_a_signal(self):
        temporary = self.daemon.path("temporary")
        os.mkdir(temporary)
        log = self.daemon.path("run.log")
        with open(log, "wb") as file:
            run = subprocess.Popen([sys.executable, RUN, "--pebble", program(), "--leader", "--config", "size=5",
                                    "--follow", self.charm], stdout=file, stderr=file, env={**os.environ, "TMPDIR": temporary})
        try:
            wait_until(lambda: "app-pebble-ready: exit code 0" in self.daemon.read("run.log"), what="pebble-ready")
            self.daemon.socket_path, = re.findall(r"^PEBBLE_SOCKET=(.*)$", self.daemon.read("run.log"), re.M)
            self.daemon.post("/v1/notices", {"action": "add", "type": "custom", "key": "a.b/late"})
            wait_until(lambda: "status: active: a.b/late" in self.daemon.read("run.log"), what="the notice")
            run.send_signal(signal.SIGTERM)
            self.assertEqual(run.wait(HANG_S), 128 + signal.SIGTERM)
        finally:
            if run.poll() is None:
                run.kill()
                run.wait()
        self.assertEqual(os.listdir(temporary), [])
        self.assertRaises(OSError, self.daemon.connect)
