# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemon as Juju runs it: in workload containers, in the charm's container, and for the controller."""

import json
import os
import shutil
import socket
import stat
import unittest

from containers import MOUNTS, OkServer, copy_program, needs, start_within
from faults import IS_ROOT, needs_root, plan_of
from harness import DaemonCase, UnixConnection, free_port, wait_until


def mode(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


class JujuCase(DaemonCase):
    """The directories of a unit: charm/bin with the program, charm/container with the data of the daemon."""

    def setUp(self):
        super().setUp()
        os.chmod(self.daemon.dir, 0o755)
        copy_program(self.daemon, "charm/bin/pebble")
        self.port = free_port()
        self.address = ("127.0.0.1", self.port)

    def tcp(self, path):
        """One connection with one request, as a probe makes it: status and JSON."""
        with socket.create_connection(self.address, 30) as sock:
            sock.sendall(f"GET {path} HTTP/1.1\r\nHost: 10.1.2.3:{self.port}\r\nUser-Agent: kube-probe/1.29\r\n"
                         "Accept: */*\r\nConnection: close\r\n\r\n".encode())
            answer = b""
            while piece := sock.recv(65536):
                answer += piece
        head, body = answer.split(b"\r\n\r\n", 1)
        return int(head.split()[1]), json.loads(body)


class WorkloadCase(JujuCase):
    """run --create-dirs --hold --http :PORT --verbose, with all three paths in the environment."""

    def setUp(self):
        super().setUp()
        daemon = self.daemon
        os.makedirs(daemon.path("charm/container"))
        daemon.pebble_dir = daemon.path("charm/container/pebble")
        daemon.env.update(PEBBLE=daemon.pebble_dir, PEBBLE_SOCKET=daemon.path("charm/container/pebble.socket"),
                          PEBBLE_COPY_ONCE=daemon.path("image/var/lib/pebble/default"))
        daemon.socket_path = daemon.env["PEBBLE_SOCKET"]

    def start(self, **options):
        return self.daemon.start("--create-dirs", "--hold", "--http", f":{self.port}", "--verbose", **options)


class WorkloadTest(WorkloadCase):
    """With layers of the image."""

    def setUp(self):
        super().setUp()
        daemon = self.daemon
        # The image's own layers: one is a file, the others are links, as rocks and snaps have them.
        layers = "image/var/lib/pebble/default/layers"
        daemon.file(f"{layers}/001-image.yaml", plan_of({"web": {"command": "sleep 1000", "startup": "enabled"}}), 0o777)
        daemon.file("image/usr/share/layers/more.yaml", plan_of({"more": "sleep 1000"}))
        os.symlink("../../../../../usr/share/layers/more.yaml", daemon.path(layers, "002-more.yaml"))
        os.symlink(daemon.file("image/etc/last.yaml", plan_of({"last": "sleep 1000"})), daemon.path(layers, "003-last.yaml"))

    def test_modes(self):
        for umask in (0o022, 0o077, 0o000):
            with self.subTest(oct(umask)):
                shutil.rmtree(self.daemon.pebble_dir, ignore_errors=True)
                self.start(umask=umask)
                self.assertEqual(oct(mode(self.daemon.pebble_dir)), oct(0o700))
                self.assertEqual(oct(mode(self.daemon.socket_path)), oct(0o666))
                self.daemon.services("start", "web")
                self.assertEqual(oct(mode(os.path.join(self.daemon.pebble_dir, ".pebble.state"))), oct(0o600))
                self.assertFalse(os.path.exists(os.path.join(self.daemon.pebble_dir, ".pebble.socket")))
                self.assertEqual(self.daemon.stop(), 0)
                self.assertFalse(os.path.exists(self.daemon.socket_path))

    def test_layers_are_copied_once_through_links(self):
        self.start()
        self.assertEqual([s["name"] for s in self.daemon.get("/v1/services").result], ["last", "more", "web"])
        copied = os.path.join(self.daemon.pebble_dir, "layers")
        self.assertEqual(sorted(os.listdir(copied)), ["001-image.yaml", "002-more.yaml", "003-last.yaml"])
        self.assertFalse(os.path.islink(os.path.join(copied, "001-image.yaml")))
        for name, target in (("002-more.yaml", "image/usr/share/layers/more.yaml"), ("003-last.yaml", "image/etc/last.yaml")):
            self.assertEqual(os.readlink(os.path.join(copied, name)), self.daemon.path(target))
        self.assertEqual(self.daemon.stop(), 0)
        # The image's own layers are gone: what was copied counts.
        shutil.rmtree(self.daemon.path("image/var"))
        self.start()
        self.assertEqual(len(self.daemon.get("/v1/services").result), 3)

    def test_hold_leaves_enabled_services_alone(self):
        self.start()
        self.assertEqual(self.daemon.service("web")["startup"], "enabled")
        self.assertEqual(self.daemon.service("web")["current"], "inactive")
        self.assertEqual(self.daemon.get("/v1/changes?select=all").result, [])

    def test_probes(self):
        self.start()
        for _ in range(3):
            for level in ("alive", "ready"):
                status, body = self.tcp(f"/v1/health?level={level}")
                self.assertEqual((status, body["result"]), (200, {"healthy": True}))
        status, body = self.tcp("/v1/health?level=great")
        self.assertEqual((status, body["type"]), (400, "error"))
        # None of it is logged, and nothing else is to be had there.
        self.assertEqual(self.daemon.log_lines("/v1/health.* 200"), [])
        status, body = self.tcp("/v1/services")
        self.assertEqual((status, body["result"]), (401, {"message": "access denied", "kind": "login-required"}))

    def test_probes_are_answered_while_a_start_is_under_way(self):
        self.start()
        change = self.daemon.post("/v1/services", {"action": "start", "services": ["web"]}).change
        self.assertEqual(self.tcp("/v1/health?level=alive")[0], 200)
        self.assertEqual(self.daemon.wait_change(change)["status"], "Done")

    def test_system_info(self):
        self.start()
        first = self.daemon.get("/v1/system-info").result
        self.assertEqual(sorted(first), ["boot-id", "http-address", "version"])
        self.assertEqual(first["http-address"], f":{self.port}")
        for _ in range(5):
            self.assertEqual(self.daemon.get("/v1/system-info").result, first)
            self.assertEqual(self.tcp("/v1/system-info")[1]["result"], first)
        self.assertEqual(self.daemon.log_lines("system-info"), [])

    def library_request(self, method, path, body=None):
        """A request as sent by the library of Python charms: a new connection, chunked bodies."""
        connection = UnixConnection(self.daemon.socket_path, 5)
        headers = {"Accept": "application/json", "Connection": "close"}
        try:
            if body is None:
                connection.request(method, path, headers=headers)
            else:
                text = json.dumps(body).encode()
                pieces = [text[i:i + 7] for i in range(0, len(text), 7)]
                headers |= {"Content-Type": "application/json", "Transfer-Encoding": "chunked"}
                connection.request(method, path, body=iter(pieces), headers=headers, encode_chunked=True)
            answer = connection.getresponse()
            result = answer.status, json.loads(answer.read())
            self.assertTrue(answer.will_close)
            self.assertIsNone(answer.getheader("Server"))
            return result
        finally:
            connection.close()

    def test_requests_of_the_library(self):
        self.start()
        layer = "summary: a charm's layer\n" + plan_of({"app": {"command": "sleep 1000", "startup": "enabled"}})
        status, body = self.library_request("POST", "/v1/layers", {"action": "add", "combine": True, "label": "app",
                                                                  "format": "yaml", "layer": layer})
        self.assertEqual((status, body["result"]), (200, True))
        status, body = self.library_request("POST", "/v1/services", {"action": "replan", "services": []})
        self.assertEqual(status, 202)
        status, body = self.library_request("GET", f"/v1/changes/{body['change']}/wait?timeout=30.000s")
        self.assertEqual((status, body["result"]["status"]), (200, "Done"))
        status, body = self.library_request("GET", "/v1/services?names=app,web")
        self.assertEqual([(s["name"], s["current"]) for s in body["result"]], [("app", "active"), ("web", "active")])
        status, body = self.library_request("GET", "/v1/plan?format=yaml")
        self.assertIn("    app:\n", body["result"])
        status, body = self.library_request("POST", "/v1/services", {"action": "stop", "services": ["nobody"]})
        self.assertEqual((status, body["result"]["message"]), (400, 'cannot stop services: service "nobody" does not exist'))

    def test_what_services_write_is_on_standard_output(self):
        self.start()
        self.daemon.add_layer("chat", plan_of({"chat": "sh -c 'echo said aloud; echo said aside >&2; exec sleep 1000'"}))
        self.daemon.services("start", "chat")
        self.daemon.wait_log(r"^\S+Z \[chat\] said aloud$")
        self.daemon.wait_log(r"^\S+Z \[chat\] said aside$")

    @needs(MOUNTS)
    def test_a_read_only_mount_of_the_program(self):
        folder = self.daemon.path("charm/bin")
        start_within(self.daemon, f"mount --bind {folder} {folder}\nmount -o remount,bind,ro {folder}", "--create-dirs", "--hold",
                     "--http", f":{self.port}", "--verbose")
        with self.assertRaises(OSError):
            with open(f"/proc/{self.daemon.process.pid}/root{folder}/new", "w", encoding="ascii"):
                pass
        self.assertEqual(self.daemon.services("start", "web")["status"], "Done")
        self.assertEqual(self.daemon.stop(), 0)


class CharmTest(JujuCase):
    """run --http :PORT --verbose, with a layer that has the agent and two checks."""

    LAYER = """
summary: charm's own layer
services:
    container-agent:
        override: replace
        summary: the agent
        command: {command} unit --data-dir /var/lib/agent --append-env "PATH=$PATH:/charm/bin" --show-log
        startup: enabled
        kill-delay: 30m0s
        on-success: ignore
        on-failure: shutdown
        environment:
            HTTP_PROBE_PORT: "3856"
checks:
    liveness:
        override: replace
        level: alive
        http: {{url: "{url}/liveness?id=a"}}
    readiness:
        override: replace
        level: ready
        http: {{url: "{url}/readiness?id=a"}}
"""

    def start(self, script, *arguments):
        command = self.daemon.script("charm/bin/agent", f'printf "%s\\n" "$@" "$HTTP_PROBE_PORT" >{self.daemon.path("words")}\n{script}')
        self.daemon.layer("001-container-agent.yaml", self.LAYER.format(command=command, url=OkServer(self).url))
        self.daemon.start("--http", f":{self.port}", "--verbose", *arguments, wait=False)

    def test_words_of_the_command_are_not_expanded(self):
        self.start("exec sleep 1000\n")
        wait_until(lambda: os.path.exists(self.daemon.path("words")) and self.daemon.read("words").endswith("3856\n"), what="the agent")
        self.assertEqual(self.daemon.read("words").split("\n"), [
            "unit", "--data-dir", "/var/lib/agent", "--append-env", "PATH=$PATH:/charm/bin", "--show-log", "3856", ""])

    def test_the_plan_shows_the_layer_as_it_is(self):
        self.start("exec sleep 1000\n")
        self.daemon.wait_log("Started default services")
        plan = self.daemon.cli("plan").stdout
        for line in ("        kill-delay: 30m0s\n", "        on-success: ignore\n", "        on-failure: shutdown\n",
                     ' "PATH=$PATH:/charm/bin" --show-log\n', "    readiness:\n"):
            self.assertIn(line, plan)
        for level in ("alive", "ready"):
            self.assertEqual(self.tcp(f"/v1/health?level={level}")[0], 200)

    def test_an_agent_that_ends_well_is_left_at_that(self):
        # Within the start window already: its end is no failure of the daemon.
        self.start("exit 0\n")
        self.daemon.wait_log("Started default services")
        self.assertEqual(self.daemon.wait_service("container-agent", "inactive")["startup"], "enabled")
        self.assertEqual(self.daemon.stop(), 0)

    def test_an_agent_that_ends_well_later_is_left_at_that(self):
        go = self.daemon.path("go")
        self.start(f"while [ ! -e {go} ]; do sleep 0.02; done\nexit 0\n")
        self.daemon.wait_log("Started default services")
        self.daemon.wait_service("container-agent", "active")
        self.daemon.file("go")
        self.daemon.wait_service("container-agent", "inactive")
        self.assertIsNone(self.daemon.process.poll())
        self.assertEqual(self.daemon.stop(), 0)

    def test_an_agent_that_fails_ends_the_daemon(self):
        go = self.daemon.path("go")
        self.start(f"while [ ! -e {go} ]; do sleep 0.02; done\nexit 3\n")
        self.daemon.wait_log("Started default services")
        self.daemon.wait_service("container-agent", "active")
        self.daemon.file("go")
        self.assertEqual(self.daemon.wait_exit(), 10)
        self.assertEqual(len(self.daemon.log_lines("Server exiting! Reason: <nil>")), 1)
        self.assertFalse(os.path.exists(self.daemon.socket_path))

    def test_an_agent_that_fails_at_once_ends_the_daemon(self):
        self.start("exit 3\n")
        self.assertEqual(self.daemon.wait_exit(), 10)

    def test_a_long_kill_delay_is_no_wait(self):
        self.start("exec sleep 1000\n")
        self.daemon.wait_log("Started default services")
        self.daemon.wait_service("container-agent", "active")
        self.assertEqual(self.daemon.stop(), 0)
        self.assertEqual(self.daemon.leftovers(), [])


class ControllerTest(JujuCase):
    """A user of its own, a root file system that cannot be written, directories that can."""

    UID = 170

    def setUp(self):
        super().setUp()
        for name in ("scratch/pebble/layers", "scratch/charm/container"):
            os.makedirs(self.daemon.path(name))
        self.daemon.pebble_dir = self.daemon.path("scratch/pebble")
        self.daemon.env.update(PEBBLE=self.daemon.pebble_dir,
                               PEBBLE_SOCKET=self.daemon.path("scratch/charm/container/pebble.socket"))
        self.daemon.socket_path = self.daemon.env["PEBBLE_SOCKET"]
        self.daemon.file("scratch/pebble/layers/001-controller.yaml", plan_of({
            "app": "sleep 1000", "writes": f"sh -c 'echo no >{self.daemon.path('new')}; id -u; exec sleep 1000'"}))
        if IS_ROOT:
            for folder, _, names in os.walk(self.daemon.path("scratch")):
                for name in [".", *names]:
                    os.lchown(os.path.join(folder, name), self.UID, self.UID)

    def check(self, uid):
        self.assertEqual(self.daemon.services("start", "app", "writes")["status"], "Done")
        self.assertEqual(self.daemon.service("app")["current"], "active")
        self.daemon.wait_log(rf"\[writes\] {uid}$")
        state = os.path.join(self.daemon.pebble_dir, ".pebble.state")
        self.assertEqual((os.stat(state).st_uid, oct(mode(state))), (uid, oct(0o600)))
        self.assertEqual((os.stat(self.daemon.socket_path).st_uid, oct(mode(self.daemon.socket_path))), (uid, oct(0o666)))
        self.assertEqual(self.tcp("/v1/health?level=alive")[0], 200)
        self.assertEqual(self.daemon.stop(), 0)
        self.assertFalse(os.path.exists(self.daemon.socket_path))
        self.assertEqual(self.daemon.leftovers(), [])

    @needs_root
    @unittest.skipUnless(shutil.which("setpriv"), "setpriv is not there")
    @needs(MOUNTS)
    def test_read_only_root(self):
        scratch = self.daemon.path("scratch")
        top = "mount --bind /tmp /tmp\n" if os.path.ismount("/tmp") else ""
        start_within(self.daemon, f"{top}mount --bind {scratch} {scratch}\nmount -o remount,bind,ro /\n"
                     + ("mount -o remount,bind,ro /tmp\n" if top else ""),
                     "--http", f":{self.port}", "--verbose", run_as=f"setpriv --reuid {self.UID} --regid {self.UID} --clear-groups")
        self.daemon.wait_log("Started daemon")
        self.check(self.UID)
        self.assertFalse(os.path.exists(self.daemon.path("new")))
        self.assertTrue(self.daemon.log_lines("Read-only file system"), self.daemon.log())

    @needs_root
    def test_another_user(self):
        self.daemon.start("--http", f":{self.port}", "--verbose", user=self.UID, group=self.UID, extra_groups=[])
        self.check(self.UID)

    def test_a_directory_that_cannot_be_written(self):
        os.chmod(self.daemon.pebble_dir, 0o555)
        self.addCleanup(os.chmod, self.daemon.pebble_dir, 0o755)
        options = {"user": self.UID, "group": self.UID, "extra_groups": []} if IS_ROOT else {}
        if IS_ROOT:
            os.lchown(self.daemon.pebble_dir, 0, 0)
        self.daemon.start("--hold", wait=False, **options)
        self.assertEqual(self.daemon.wait_exit(), 1)
        self.assertEqual(self.daemon.log(), f'cannot run daemon: directory "{self.daemon.pebble_dir}" not writable\n')


if __name__ == "__main__":
    unittest.main()
