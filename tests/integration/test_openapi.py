# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/reference/openapi.yaml and the daemon: each operation with each status, and each member of requests.

That the responses are as described is checked for all tests, by harness.exchange().
"""

import http.client
import json
import os
import socket
import urllib.parse

from file_client import BOUNDARY, CONTENT_TYPE, END, metadata, part
from harness import DaemonCase, Response, free_port, wait_until
from https_client import HttpsClient, make_certificate
from openapi import DESCRIPTION
from test_identities import DAMSON, basic

LAYER = """
summary: all kinds
services:
    web: {override: replace, startup: enabled, command: sh -c 'echo ready; exec sleep 1000'}
    job: {override: replace, command: /bin/false, type: oneshot}
    done: {override: replace, command: /bin/true, type: oneshot}
    slow: {override: replace, command: sleep 1000, ready: {notify: true, timeout: 0s}}
    after: {override: replace, command: sleep 1000, wait-for: {slow: ready}}
    chain: {override: replace, command: sleep 1000, requires: [slow], after: [slow]}
    again: {override: replace, command: sleep 1000, max-start-retries: 5, backoff-delay: 1000s}
    missing: {override: replace, command: there-is-no-such-program}
checks:
    up: {override: replace, level: alive, period: 10s, exec: {command: "true"}}
    down: {override: replace, level: ready, period: 20ms, threshold: 2, exec: {command: "false"}}
    idle: {override: replace, startup: disabled, exec: {command: "false"}}
    long: {override: replace, startup: disabled, timeout: 1000s, period: 2000s, exec: {command: sleep 1000}}
log-targets:
    loki: {override: replace, type: loki, location: "http://127.0.0.1:1/", services: [all]}
    otel: {override: replace, type: opentelemetry, location: "http://127.0.0.1:1/", services: [all]}
    syslog: {override: replace, type: syslog, location: "tcp://127.0.0.1:1", services: [all]}
pairing: {mode: multiple}
"""
WRONG = {"string": 5, "array": "x", "boolean": "x", "integer": "x", "object": "x"}  # values of another type
RANKS = {"open": 0, "metrics": 1, "read": 2, "admin": 3, "pairing": 3}
MARK = "cannot unmarshal"
LAST = """
    last:
        override: replace
        command: sh -c 'trap "touch asked" TERM; echo ready; while ! [ -e free ]; do sleep 0.05; done'
        working-dir: %s
        kill-delay: 1000s
        ready: {log: ready}
"""


def target(path, operation):
    """A path with a query that the operation understands; it does not wait."""
    query = []
    for parameter in DESCRIPTION.parameters(path, operation):
        schema = parameter["schema"]
        if parameter["in"] == "path":
            value = parameter.get("example", schema.get("enum", ["x"])[0])
            path = path.replace("{" + parameter["name"] + "}", value)
        elif parameter["name"] == "timeout":
            query.append(("timeout", "1ms"))
        elif parameter.get("required"):
            value = parameter.get("example", schema.get("enum"))
            query.append((parameter["name"], value[0]))
    return path + ("?" + urllib.parse.urlencode(query) if query else "")


class ApiCase(DaemonCase):
    def setUp(self):
        super().setUp()
        self.daemon.layer("001-all.yaml", LAYER)
        self.port, self.secure_port = free_port(), free_port()

    def start(self, *arguments, **options):
        self.daemon.start("--http", f"127.0.0.1:{self.port}", "--https", f"127.0.0.1:{self.secure_port}", *arguments, **options)

    def get(self, path, status=200, **options):
        answer = self.daemon.get(path, **options)
        self.assertEqual(answer.status, status, (path, answer))
        return answer

    def post(self, path, body, status=200, **options):
        answer = self.daemon.post(path, body, **options)
        self.assertEqual(answer.status, status, (path, body, answer))
        return answer

    def act(self, action, *names):
        return self.post("/v1/services", {"action": action, "services": list(names)}, 202).change

    def bare(self, method, path, headers=(), half_close=False, sock=None):
        """A request whose body is missing, or whose client has ended its sending side."""
        lines = [f"{method} {path} HTTP/1.1", "Host: x", *(f"{name}: {value}" for name, value in dict(headers).items()), "", ""]
        with sock or self.daemon.connect() as connection:
            connection.sendall("\r\n".join(lines).encode())
            if half_close:
                connection.shutdown(socket.SHUT_WR)
            answer = http.client.HTTPResponse(connection, method=method)
            answer.begin()
            response = Response(answer.status, answer.getheaders(), answer.read())
        DESCRIPTION.observe(method, path, response)
        return response


class OperationsTest(ApiCase):
    """All operations, from the description."""

    def ask(self, method, path, operation, **options):
        body = {} if method == "POST" else None
        return self.daemon.request(method, target(path, operation), body, **options)

    def test_access(self):
        """Who has just enough access gets another answer than 401, and who has less gets 401."""
        self.start()
        accesses = ["untrusted", "metrics", "read", "admin"]
        identities = {name: {"access": name, "basic": {"password": DAMSON}} for name in accesses}
        self.post("/v1/identities", {"action": "add", "identities": identities})
        for rank, name in enumerate(accesses):
            for method, path, operation in DESCRIPTION.operations():
                with self.subTest(access=name, method=method, path=path):
                    answer = self.ask(method, path, operation, headers=basic(name, "damson:gin"))
                    is_denied = RANKS[operation["x-access"]] > rank or operation["x-access"] == "pairing"
                    self.assertEqual(answer.status == 401, is_denied, answer)
                    self.assertNotIn(answer.status, (404, 405) if "{" not in path and "files" not in path else (405,), answer)
        for method, path, operation in DESCRIPTION.operations():
            answer = self.ask(method, path, operation, port=self.port)
            self.assertEqual(answer.status == 401, operation["x-access"] != "open", (method, path, answer))

    def test_other_methods(self):
        self.start()
        for path, item in DESCRIPTION.document["paths"].items():
            for method in ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"):
                if method.lower() not in item:
                    self.assertEqual(self.daemon.request(method, path).status, 405, (method, path))

    def test_other_paths(self):
        self.start()
        for path in DESCRIPTION.document["paths"]:
            self.get(path + "/x/y/z", 404)
            self.assertEqual(self.get(path.replace("/v1/", "/v1//", 1) + "?a=b", 301).headers["location"].count("//"), 0)

    def test_large_bodies(self):
        """413, where the description has it."""
        self.start()
        for method, path, operation in DESCRIPTION.operations():
            if method == "POST" and "413" in operation["responses"] and operation["x-access"] != "pairing":
                path = "/v1/changes/1" if path == "/v1/changes/{id}" else path
                answer = self.bare("POST", path, {"Content-Type": "application/json", "Content-Length": 33554433})
                self.assertEqual(answer.status, 413, (path, answer))
        body = part("request", " " * 4194305) + END
        self.post("/v1/files", body, 413, headers={"Content-Type": CONTENT_TYPE})

    def test_members_of_requests(self):
        """The daemon reads each member that the description has: a value of another type is refused for its type."""
        self.start()
        document, resolve = DESCRIPTION.document, DESCRIPTION.schemas.resolve
        change = self.act("start", "missing")
        window = {"POST /v1/pairing": {"action": "enable"}}
        for method, path, operation in DESCRIPTION.operations():
            if method != "POST" or "requestBody" not in operation:
                continue
            schema = resolve(operation["requestBody"]["content"]["application/json"]["schema"])
            path = path.replace("{id}", change)
            for name, member in schema["properties"].items():
                body = {**schema["example"], **window.get(f"POST {path}", {})}
                if path == "/v1/pairing" and name == "action":
                    continue  # 401 without an action
                self.refuse_type(path, body, (name,), resolve(member))
        for name, schema in (("dirs", "MakeDirectory"), ("paths", "RemovePath")):
            action = {"dirs": "make-dirs", "paths": "remove"}[name]
            for member, below in document["components"]["schemas"][schema]["properties"].items():
                self.refuse_type("/v1/files", {"action": action, name: [{}]}, (name, 0, member), resolve(below))
        for member, below in document["components"]["schemas"]["WriteFile"]["properties"].items():
            body = part("request", json.dumps({"action": "write", "files": [{member: self.wrong(resolve(below))}]})) + END
            self.assertIn(MARK, self.post("/v1/files", body, 400, headers={"Content-Type": CONTENT_TYPE}).message, member)
        for members in (("access",), ("local", "user-id"), ("basic", "password"), ("cert", "pem")):
            value = 5 if members[-1] != "user-id" else "x"
            for member in reversed(members):
                value = {member: value}
            body = {"action": "add", "identities": {"bob": value}}
            self.assertIn(MARK, self.post("/v1/identities", body, 400).message, members)

    @staticmethod
    def wrong(schema):
        kinds = schema.get("type", "string")
        return WRONG[kinds if isinstance(kinds, str) else kinds[0]]

    def refuse_type(self, path, body, place, schema):
        at = body
        for name in place[:-1]:
            at = at[name]
        at[place[-1]] = self.wrong(schema)
        message = self.post(path, body, 400).message
        self.assertTrue(MARK in message or "values must be strings" in message, (path, body, message))

    def test_values_of_parameters(self):
        """Parameters with an enumeration or a form refuse other values; lists are limited."""
        self.start()
        for method, path, operation in DESCRIPTION.operations():
            base = target(path, operation).replace("/v1/changes/5", "/v1/changes/1")
            for parameter in DESCRIPTION.parameters(path, operation):
                schema, name = parameter["schema"], parameter["name"]
                if parameter["in"] != "query" or name in ("for", "path", "pattern", "types") and "enum" not in schema:
                    continue
                values = ["x"] * (schema["maxItems"] + 1) if "maxItems" in schema else ["there is no such value"]
                query = urllib.parse.urlencode([(name, value) for value in values])
                answer = self.daemon.request(method, base.partition("?")[0] + "?" + query + "&" + base.partition("?")[2])
                self.assertEqual(answer.status, 400, (method, path, name, answer))


class StatesTest(ApiCase):
    """Statuses and members that depend on what the daemon does."""

    def test_services(self):
        self.start()
        self.daemon.services("start", "again")
        self.post("/v1/signals", {"signal": "SIGKILL", "services": ["again"]})
        for name in ("job", "done", "slow", "missing"):
            self.act("start", name)
        waiting = self.act("start", "after")
        self.get("/v1/services/job/wait?for=exited")
        self.get("/v1/services/done/wait?for=completed")
        self.get("/v1/services/missing/wait?for=stopped")
        self.get("/v1/services/slow/wait?for=started&timeout=20s")
        self.get("/v1/services/slow/wait?for=ready&timeout=1ms", 504)
        self.get("/v1/services/slow/wait?for=sleeping", 400)
        self.get("/v1/services/none/wait", 404)
        self.get("/v1/services/job/wait", 409)
        self.daemon.wait_service("again", "backoff")
        wait_until(lambda: {"waiting", "starting", "exited", "completed", "backoff", "running"} <= self.states())
        self.get("/v1/services?names=web,job")
        self.post("/v1/services", {"action": "start", "services": ["none"]}, 400)
        self.assertEqual(self.bare("GET", "/v1/services/slow/wait", half_close=True).status, 500)
        self.assertEqual(self.bare("GET", f"/v1/changes/{waiting}/wait", half_close=True).status, 500)
        self.get(f"/v1/changes/{waiting}/wait?timeout=1ms", 504)
        self.get(f"/v1/changes/{waiting}/wait?timeout=x", 400)

    def states(self):
        return {service["details"]["state"] for service in self.get("/v1/services?details=all").result}

    def test_a_stop_that_takes_time(self):
        self.daemon.layer("002-last.yaml", "services:" + LAST % self.daemon.dir)
        self.start()
        self.daemon.services("start", "last")
        stop = self.act("stop", "last")
        wait_until(lambda: "terminating" in self.states())
        self.daemon.file("free")
        self.get(f"/v1/changes/{stop}/wait")
        self.assertLess({"stopped", "initial"}, self.states())

    def test_status_text(self):
        path = self.daemon.file("say.py", """import os, socket, time
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
    sock.sendto(b"STATUS=warm", "\\0" + os.environ["NOTIFY_SOCKET"].removeprefix("@"))
time.sleep(1000)
""")
        self.daemon.layer("002-text.yaml", f"services: {{slow: {{override: merge, command: python3 {path}}}}}")
        self.start()
        self.act("start", "slow")
        wait_until(lambda: self.get("/v1/services?names=slow").result[0]["details"].get("status-text") == "warm", what="the text")

    def test_changes(self):
        self.start()
        change = self.act("start", "chain")  # which waits for slow
        wait_until(lambda: self.daemon.service("slow")["current"] == "active")
        self.assertEqual(self.statuses(change), ["Doing", "Do"])
        self.get("/v1/changes")
        self.get("/v1/changes?select=ready")
        self.get("/v1/changes?select=all&for=slow")
        aborted = self.post(f"/v1/changes/{change}", {"action": "abort"}).result
        self.assertEqual(aborted["status"], "Abort")
        self.get(f"/v1/changes/{change}/wait")
        self.assertEqual(self.statuses(change)[1], "Hold")
        self.post(f"/v1/changes/{change}", {"action": "abort"}, 400)
        for path in ("/v1/changes/9999", "/v1/changes/9999/wait"):
            self.get(path, 404)
        self.post("/v1/changes/9999", {"action": "abort"}, 404)
        self.assertTrue(self.daemon.services("start", "missing")["err"])

    def statuses(self, change):
        return [task["status"] for task in self.get(f"/v1/changes/{change}").result["tasks"]]

    def test_a_state_file_of_another_version(self):
        self.start()
        self.daemon.wait_change(self.act("start", "missing"))
        self.daemon.stop()
        state = self.daemon.state()
        number, change = next((n, c) for n, c in state["changes"].items() if c["kind"] == "start")
        change["data"] = {**(change.get("data") or {}), "api-data": {"a": [1]}}
        state["notices"] = [{"id": "99", "user-id": None, "type": "warning", "key": "wet", "occurrences": 1,
                             "first-occurred": "2026-01-02T03:04:05Z", "last-occurred": "2026-01-02T03:04:05Z",
                             "last-repeated": "2026-01-02T03:04:05Z", "expire-after": "87600h"}]
        for status, name in ((8, "Undone"), (10, "Wait")):
            task = state["tasks"][change["task-ids"][0]]
            task["status"] = status
            with open(os.path.join(self.daemon.pebble_dir, ".pebble.state"), "w", encoding="utf-8") as file:
                json.dump(state, file)
            self.start("--hold")
            shown = self.get(f"/v1/changes/{number}").result
            self.assertEqual((shown["tasks"][0]["status"], shown["data"]), (name, {"a": [1]}))
            self.assertIn("latest-warning", self.get("/v1/services").json)
            self.assertIn("latest-warning", self.post("/v1/services", {"action": "replan"}, 202).json)
            self.assertIn("latest-warning", self.post("/v1/exec", {"command": ["true"]}, 202).json)
            self.assertEqual(len(self.get("/v1/notices?types=warning").result), 1)
            self.daemon.stop()

    def test_checks_and_health(self):
        self.start()
        wait_until(lambda: self.daemon.check("down")["status"] == "down")
        self.get("/v1/health", 502)
        self.get("/v1/health?level=alive")
        self.get("/v1/health?names=up")
        self.get("/v1/checks?level=ready")
        self.post("/v1/checks", {"action": "start", "checks": ["idle"]})
        self.post("/v1/checks", {"action": "stop", "checks": ["idle"]})
        self.post("/v1/checks", {"action": "stop", "checks": ["none"]}, 400)
        self.assertIn("error", self.post("/v1/checks/refresh", {"name": "idle"}).result)
        self.post("/v1/checks/refresh", {"name": "up"})
        self.post("/v1/checks/refresh", {"name": "none"}, 404)
        body = b'{"name": "long"}'
        with self.daemon.connect() as sock:
            sock.sendall(b"POST /v1/checks/refresh HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            sock.shutdown(socket.SHUT_WR)
            answer = http.client.HTTPResponse(sock)
            answer.begin()
            response = Response(answer.status, answer.getheaders(), answer.read())
        DESCRIPTION.observe("POST", "/v1/checks/refresh", response)
        self.assertEqual(response.status, 500, response)

    def test_plan_and_layers(self):
        self.start()
        self.get("/v1/plan?format=yaml")
        self.get("/v1/plan", 400)
        for label, inner, status in (("dir/one", False, 200), ("top", False, 200), ("dir/two", False, 500), ("dir/two", True, 200)):
            body = {"action": "add", "label": label, "inner": inner, "format": "yaml", "layer": "summary: x"}
            self.post("/v1/layers", body, status)
        self.post("/v1/layers", {"action": "add", "label": "top", "format": "yaml", "layer": ""}, 400)

    def test_logs_and_targets(self):
        self.start()
        wait_until(lambda: self.get("/v1/logs?services=web").body)
        self.get("/v1/logs?n=-1")
        with self.daemon.connect() as sock:
            sock.sendall(b"GET /v1/logs?follow=true&n=1 HTTP/1.0\r\nHost: x\r\n\r\n")
            answer = http.client.HTTPResponse(sock)
            answer.begin()
            line = answer.readline()
        response = Response(answer.status, answer.getheaders(), line)
        DESCRIPTION.observe("GET", "/v1/logs?follow=true&n=1", response)
        wait_until(lambda: all("last-error" in one and "retry-at" in one for one in self.get("/v1/log-targets").result))

    def test_signals(self):
        self.start()
        self.daemon.wait_service("web", "active")
        self.post("/v1/signals", {"signal": "SIGCONT", "services": ["web"]})
        self.post("/v1/signals", {"signal": "SIGCONT", "services": ["web", "slow"]}, 500)

    def test_an_empty_plan(self):
        daemon = self.new_daemon()
        daemon.start()
        answer = daemon.post("/v1/services", {"action": "autostart"})
        self.assertEqual((answer.status, answer.result.get("kind")), (400, "no-default-services"))
        self.assertEqual(daemon.get("/v1/metrics").body, b"")

    def test_a_daemon_that_is_stopping(self):
        """It responds while its services end; then exec, layers and checks are refused."""
        ender = "    ender: {override: replace, command: sleep 1000, on-failure: success-shutdown}\n"
        self.daemon.layer("002-stop.yaml", "services:" + LAST % self.daemon.dir + ender)
        self.start()
        self.daemon.services("start", "last", "ender")
        self.post("/v1/signals", {"signal": "SIGKILL", "services": ["ender"]})
        wait_until(lambda: os.path.exists(self.daemon.path("asked")))
        self.assertEqual(self.get("/v1/services").json["maintenance"]["kind"], "daemon-restart")
        self.assertIn("maintenance", self.get("/v1/plan", 400).json)
        self.assertIn("maintenance", self.post("/v1/services", {"action": "replan"}, 202).json)
        self.post("/v1/exec", {"command": ["true"]}, 503)
        self.post("/v1/checks", {"action": "start", "checks": ["idle"]}, 503)
        self.post("/v1/checks/refresh", {"name": "idle"}, 503)
        self.daemon.file("free")
        self.daemon.wait_exit()


class ClientsTest(ApiCase):
    """Files, commands, notices, identities."""

    def test_files(self):
        self.start()
        at = self.daemon.path("files")
        for name in ("a", "b"):
            self.daemon.file(f"files/{name}", name)
        os.symlink("a", os.path.join(at, "link"))
        os.mkfifo(os.path.join(at, "fifo"))
        with socket.socket(socket.AF_UNIX) as sock:
            sock.bind(os.path.join(at, "sock"))
        os.mkdir(os.path.join(at, "dir"))
        shown = self.get(f"/v1/files?action=list&path={at}").result
        self.assertEqual({one["type"] for one in shown}, {"file", "symlink", "named-pipe", "socket", "directory"})
        self.get("/v1/files?action=list&path=/dev/null")
        numbers = f"/proc/{self.daemon.process.pid}/fd"
        epoll = next(n for n in os.listdir(numbers) if os.readlink(f"{numbers}/{n}").startswith("anon_inode:[eventpoll]"))
        self.assertEqual(self.get(f"/v1/files?action=list&path={numbers}/{epoll}&itself=true").result[0]["type"], "unknown")
        self.get(f"/v1/files?action=list&path={at}&pattern=%5b", 400)
        self.get(f"/v1/files?action=list&path={at}&itself=true&pattern=*")
        self.get(f"/v1/files?action=list&path={at}/none", 404)
        self.get(f"/v1/files?action=list&path={at}/a/b", 400)
        self.get(f"/v1/files?action=read&path={at}/a&path={at}/none&path={at}", headers={"Accept": "multipart/form-data"})
        self.get(f"/v1/files?action=read&path={at}/none", headers={"Accept": "multipart/form-data"})
        self.get(f"/v1/files?action=read&path={at}/a", 400)
        self.post("/v1/files", {"action": "make-dirs", "dirs": [{"path": f"{at}/x/y", "make-parents": True}, {"path": at}]})
        self.post("/v1/files", {"action": "remove", "paths": [{"path": f"{at}/x", "recursive": True}, {"path": f"{at}/none"}]})
        body = metadata({"path": f"{at}/new"}, {"path": "/proc/new"}) + part("files", "1", f"{at}/new") + part("files", "2", "/proc/new") + END
        self.post("/v1/files", body, headers={"Content-Type": CONTENT_TYPE})
        self.post("/v1/files", b"", 400, headers={"Content-Type": f"multipart/form-data; boundary={BOUNDARY[:3]}"})

    def test_files_that_are_forbidden(self):
        options = {}
        if os.getuid() == 0:
            options = {"user": 12345, "group": 12345, "extra_groups": []}
            for path, _, files in os.walk(self.daemon.dir):
                for name in (path, *(os.path.join(path, file) for file in files)):
                    os.chown(name, 12345, 12345)
        os.mkdir(self.daemon.path("closed"), 0)
        self.start("--hold", **options)
        self.get(f"/v1/files?action=list&path={self.daemon.path('closed')}", 403)
        answer = self.post("/v1/files", {"action": "make-dirs", "dirs": [{"path": self.daemon.path("closed/x")}]})
        self.assertEqual(answer.result[0]["error"]["kind"], "permission-denied")
        os.chmod(self.daemon.path("closed"), 0o700)

    def test_exec(self):
        self.start()
        self.daemon.wait_service("web", "active")
        started = self.post("/v1/exec", {"command": ["cat"]}, 202)
        task = started.result["task-id"]
        path = f"/v1/tasks/{task}/websocket/stdio"
        self.assertEqual(self.get(path, 400).headers["sec-websocket-version"], "13")
        websocket = self.daemon.websocket(task, "stdio")
        self.assertEqual(websocket.status, 101)
        self.get(path, 500)
        self.get(f"/v1/tasks/{task}/websocket/stderr", 404)
        self.get("/v1/tasks/9999/websocket/stdio", 404)
        websocket.send('{"command": "end"}')
        opcode, message = websocket.receive()
        self.assertEqual(opcode, websocket.TEXT)
        DESCRIPTION.schemas.check(json.loads(message), DESCRIPTION.document["components"]["schemas"]["ExecEnd"])
        self.assertEqual(self.daemon.wait_change(started.change)["tasks"][0]["data"], {"exit-code": 0})
        self.assertEqual(self.get(path).body, b"")
        websocket.close()
        self.post("/v1/exec", {"command": ["cat"], "working-dir": "/nonexistent"}, 500)
        self.post("/v1/exec", {"command": []}, 400)

    def test_notices(self):
        self.start()
        added = self.post("/v1/notices", {"action": "add", "type": "custom", "key": "a.b/c", "data": {"d": "e"}, "repeat-after": "1h"})
        self.get(f"/v1/notices/{added.result['id']}")
        self.get("/v1/notices/9999", 404)
        self.get("/v1/notices?types=custom&keys=a.b/c&user-id=0&after=2026-01-02T03:04:05Z")
        self.get("/v1/notices?users=all&timeout=1s")
        self.get("/v1/notices?users=all&user-id=0", 400)
        self.assertEqual(self.bare("GET", "/v1/notices?keys=none&timeout=1h", half_close=True).status, 400)
        self.daemon.wait_change(self.act("start", "missing"))
        self.assertTrue(self.get("/v1/notices?types=change-update").result)

    def test_identities_and_pairing(self):
        self.start()
        certificates = [make_certificate(self.daemon.dir, name) for name in ("one", "two")]
        self.post("/v1/identities", {"action": "add", "identities": {
            "bob": {"access": "untrusted", "local": {"user-id": 42}}, "m": {"access": "metrics", "basic": {"password": DAMSON}},
            "one": {"access": "admin", "cert": {"pem": certificates[0].text}}, "r": {"access": "read", "local": {"user-id": 43}}}})
        self.get("/v1/identities")
        self.post("/v1/identities", {"action": "remove", "identities": {"none": None}}, 400)
        one, two = (HttpsClient(self.secure_port, certificate) for certificate in certificates)
        for path, status in (("/v1/notices", 403), ("/v1/notices/1", 403), ("/v1/services", 200), ("/v1/system-info", 200)):
            self.assertEqual(one.get(path).status, status, path)
        self.assertEqual(one.post("/v1/notices", {}).status, 403)
        self.assertEqual(two.post("/v1/pairing", {"action": "pair"}).status, 401)
        self.assertIn("expires", self.post("/v1/pairing", {"action": "enable", "timeout": "10m"}).result)
        self.assertEqual(two.post("/v1/pairing", {"action": "x"}).status, 400)
        answer = self.bare("POST", "/v1/pairing", {"Content-Length": 65537}, sock=two.open())
        self.assertEqual(answer.status, 413, answer)
        self.assertEqual(two.post("/v1/pairing", {"action": "pair"}).status, 200)
        self.post("/v1/pairing", {"action": "enable", "timeout": "2h"}, 400)
