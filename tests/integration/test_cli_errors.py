# SPDX-License-Identifier: GPL-3.0-or-later
"""Failures of commands, in the words that scripts know; where commands find the daemon."""

import base64
import http.server
import json
import os
import threading

from faults import plan_of
from harness import DaemonCase


class ConnectionTest(DaemonCase):
    def fails(self, *arguments, **env):
        done = self.daemon.cli(*arguments, env=env)
        self.assertEqual(done.returncode, 1, done)
        return done.stderr.splitlines()[0]

    def test_a_socket_that_cannot_be_looked_at(self):
        plain = self.daemon.file("plain")
        path = plain + "/socket"
        self.assertEqual(self.fails("start", "x", PEBBLE_SOCKET=path),
                         'error: cannot communicate with server: Post "http://localhost/v1/services": '
                         f'cannot stat "{path}": stat {path}: not a directory')

    def test_a_path_that_is_too_long(self):
        path = self.daemon.dir + "/" + "./" * 60 + "plain"
        self.daemon.file("plain")
        self.assertEqual(self.fails("start", "x", PEBBLE_SOCKET=path),
                         f'error: cannot communicate with server: Post "http://localhost/v1/services": dial unix {path}: '
                         "connect: invalid argument")

    def test_words_behind_two_dashes_are_no_command(self):
        self.assertEqual(self.fails("--", "version"), "error: unknown command \"--\", see 'pebble help'")
        done = self.daemon.cli("--")
        self.assertEqual((done.returncode, done.stdout), (0, self.daemon.cli().stdout))


class Recorder(http.server.BaseHTTPRequestHandler):
    """Responds with a list of no services, and keeps what was requested."""

    def do_GET(self):
        self.server.requests.append((self.path, self.headers.get("Authorization"), self.headers["Host"]))
        body = b'{"type":"sync","status-code":200,"status":"OK","result":[]}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class BaseUrlTest(DaemonCase):
    def setUp(self):
        super().setUp()
        self.server = http.server.HTTPServer(("127.0.0.1", 0), Recorder)
        self.server.requests = []
        thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)

    def test_path_and_credentials(self):
        host = f"127.0.0.1:{self.server.server_port}"
        basic = "Basic " + base64.b64encode(b"bob:p w").decode()
        for base, path, authorization in ((host, "", None), (host + "/", "", None), (host + "/a//b/../c/", "/a/c", None),
                                          (f"bob:p%20w@{host}/x?y=z", "/x", basic)):
            with self.subTest(base):
                self.server.requests.clear()
                done = self.daemon.cli("services", "one", "t w", env={"PEBBLE_BASEURL": "http://" + base})
                self.assertEqual((done.returncode, done.stderr), (0, "No matching services.\n"))
                self.assertEqual(self.server.requests, [(path + "/v1/services?names=one%2Ct+w", authorization, host)])

    def test_the_password_is_not_shown(self):
        done = self.daemon.cli("start", "x", env={"PEBBLE_BASEURL": "http://bob:secret@127.0.0.1:1/p"})
        self.assertTrue(done.stderr.startswith('error: cannot communicate with server: Post "http://bob:***@127.0.0.1:1/p/v1/services": '),
                        done.stderr)


ODD = "a\x1b[2J\x7f\x9b\u202e\u200e\n\0z"
SHOWN = r"a\x1b[2J\x7f\u009b\u202e\u200e\n\x00z"


class Hostile(http.server.BaseHTTPRequestHandler):
    """A daemon whose texts would act on the terminal."""

    RESULTS = {
        "/v1/services": [{"name": ODD, "startup": ODD, "current": ODD}],
        "/v1/checks": [{"name": ODD, "startup": ODD, "status": ODD, "successes": 0, "failures": 0, "threshold": 3}],
        "/v1/changes": [{"id": "1", "kind": "k", "summary": ODD, "status": ODD, "ready": True, "spawn-time": "2024-01-01T00:00:00Z"}],
        "/v1/log-targets": [{"name": ODD, "type": ODD, "location": ODD, "pending": 0, "sent": 0, "dropped": 0}],
        "/v1/system-info": {"version": ODD, "boot-id": ODD},
    }

    def respond(self, status, body, kind="application/json"):
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_GET(self):
        path = self.path.split("?")[0]
        if path == "/v1/logs":
            line = json.dumps({"time": "2024-01-01T00:00:00Z", "service": ODD, "message": "said"})
            self.respond(200, line.encode() + b"\n", "application/x-ndjson")
        else:
            self.respond(200, {"type": "sync", "status-code": 200, "status": "OK", "result": self.RESULTS[path]})

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/v1/checks":
            self.respond(200, {"type": "sync", "status-code": 200, "status": "OK", "result": {"changed": [ODD]}})
        elif self.path == "/v1/notices":
            self.respond(200, {"type": "sync", "status-code": 200, "status": "OK", "result": {"id": ODD}})
        else:
            self.respond(400, {"type": "error", "status-code": 400, "status": "?", "result": {"message": "no " + ODD}})

    def log_message(self, *_):
        pass


class HostileDaemonTest(DaemonCase):
    def test_nothing_acts_on_the_terminal(self):
        server = http.server.HTTPServer(("127.0.0.1", 0), Hostile)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        env = {"PEBBLE_BASEURL": f"http://127.0.0.1:{server.server_port}"}
        for command in (["services"], ["checks"], ["changes"], ["log-targets"], ["version"], ["logs"], ["start-checks", "x"],
                        ["notify", "a.b/c"], ["start", "x"], ["signal", "HUP", "x"]):
            with self.subTest(command):
                done = self.daemon.cli(*command, env=env)
                shown = done.stdout + done.stderr
                # NULs of responses are U+FFFD to the client library, and lines of errors stay lines.
                whole = SHOWN.replace(r"\x00", "\ufffd")
                if done.returncode != 0:
                    whole = whole.split(r"\n", maxsplit=1)[0]
                self.assertIn(whole, shown)
                self.assertEqual([c for c in shown if ord(c) < 32 and c != "\n" or c in "\x7f\x9b\u202e\u200e"], [])


class StartTest(DaemonCase):
    def start_error(self, **config):
        self.daemon.layer("001-test.yaml", plan_of({"bad": {"command": "/bin/sleep 1000", **config}}))
        self.daemon.start()
        return self.daemon.services("start", "bad")["tasks"][0]["log"][0].split(" ERROR ")[1]

    def test_no_program(self):
        self.assertEqual(self.start_error(command='""'), "cannot start service: exec: no command")

    def test_no_working_directory(self):
        missing = self.daemon.path("missing")
        self.assertFalse(os.path.exists(missing))
        self.assertEqual(self.start_error(**{"working-dir": missing}),
                         f"cannot start service: fork/exec /bin/sleep: chdir {missing}: no such file or directory")
