# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls of libpebble with a daemon that misbehaves: a relay in front of a real daemon spoils its responses. The calls
are those of tests/torture/parts.c, made by tests/torture/hostile.c."""

import copy
import json
import os
import re
import socket
import subprocess
import threading
import time
import unittest

from harness import TOP
from test_libpebble import LibraryCase
from test_torture import LAYER

SOURCES = [os.path.join(TOP, "tests", "torture", name)
           for name in ("hostile.c", "parts.c", "process_parts.c", "failure.c")]
PARTS = ["system-info", "health", "metrics", "request", "services", "start", "signal", "changes", "checks", "notify",
         "notices", "events", "plan", "add-layer", "logs", "push-pull", "list-remove", "trees", "exec", "exec-check",
         "identities", "driven"]
# Of enum pebble_error_kind.
CONNECTION, PROTOCOL, API, TIMEOUT, CHANGE, PATH, EXEC = 1, 2, 3, 4, 5, 9, 10
SHORT_MS, LONG_MS = (100, 1000, 10000), 20000  # a busy machine needs more than the first


class Connection(threading.Thread):
    """Passes bytes between a client and the daemon. `spoil` returns what the client gets in the place of a piece of the
    response, and whether the connection goes on. The last call of a run is left alone."""

    def __init__(self, client, daemon, spoil):
        super().__init__(daemon=True)
        self.client, self.daemon_side, self.spoil = client, daemon, spoil
        self.response = b""
        self.is_last = False

    def run(self):
        threading.Thread(target=self.pass_request, daemon=True).start()
        try:
            goes_on = True
            while goes_on and (piece := self.daemon_side.recv(65536)):
                if not self.is_last:
                    seen = len(self.response)
                    self.response += piece
                    piece, goes_on = self.spoil(self.response, seen)
                if piece:
                    self.client.sendall(piece)
        except OSError:
            pass
        for side in (self.client, self.daemon_side):
            try:
                side.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            side.close()

    def pass_request(self):
        try:
            while piece := self.client.recv(65536):
                self.is_last = self.is_last or b"/v1/system-info?last " in piece
                self.daemon_side.sendall(piece)
            self.daemon_side.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def untouched(response, seen):
    return response[seen:], True


def cut_at(position):
    def spoil(response, seen):
        return response[seen:position], len(response) < position
    return spoil


def in_place_of(start, answer):
    """What comes from this position on is the answer, and the connection ends after it."""
    def spoil(response, seen):
        if len(response) <= start:
            return response[seen:], True
        return response[seen:start] + answer, False
    return spoil


def silent(_response, _seen):
    return b"", True


class Relay:
    """Spoils the connection with one number, counted since the last start of a run."""

    def __init__(self, path, daemon_path):
        self.daemon_path = daemon_path
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(100)
        self.begin(None, untouched)
        threading.Thread(target=self.accept, daemon=True).start()

    def begin(self, number, spoil, byte_by_byte=False):
        self.number, self.spoil, self.byte_by_byte = number, spoil, byte_by_byte
        self.connections = []
        self.count = 0

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            number, self.count = self.count, self.count + 1
            if number == self.number and self.spoil is None:
                client.close()
                continue
            daemon = socket.socket(socket.AF_UNIX)
            daemon.connect(self.daemon_path)
            connection = Connection(client, daemon, self.spoil if number == self.number else untouched)
            if number == self.number and self.byte_by_byte:
                connection.client = Trickle(client)
            self.connections.append(connection)
            connection.start()

    def responses(self):
        return [connection.response for connection in self.connections]


class Trickle:
    """A socket that sends a byte at a time."""

    def __init__(self, inner):
        self.inner = inner
        self.recv, self.shutdown, self.close = inner.recv, inner.shutdown, inner.close

    def sendall(self, piece):
        for byte in piece:
            self.inner.sendall(bytes([byte]))
            time.sleep(0.0001)


# --- what is spoiled ---

def head_length(response):
    return response.find(b"\r\n\r\n") + 4


def cuts(response):
    """Positions around the ends of head and body, and some between."""
    length, head = len(response), head_length(response)
    near = [0, 1, 12, head // 2, head - 2, head - 1, head, head + 1, head + 2, length - 1]
    between = [head + (length - head) * k // 6 for k in range(1, 6)]
    return sorted({position for position in near + between if 0 <= position < length})


def bodies(response):
    """The JSON bodies of the responses on a connection, each with the position of its response."""
    start = 0
    while (length := re.match(rb"HTTP/1.1 (?!101)[^\0]*?\r\nContent-Length: (\d+)\r\n", response[start:])):
        head = head_length(response[start:])
        body = response[start + head:start + head + int(length[1])]
        if len(body) < int(length[1]):
            return
        if b"application/json" in response[start:start + head]:
            yield start, json.loads(body)
        start += head + len(body)


def json_paths(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from json_paths(item, (*path, key))


def unlike_paths(value):
    """One of those that differ only by an index, and at most 40."""
    paths = {}
    for path in json_paths(value):
        paths.setdefault(tuple("" if isinstance(key, int) else key for key in path), path)
    return list(paths.values())[:40]


def with_value(value, path, replacement):
    """A response with the value, of which the one at the path is another one."""
    if not path:
        return with_body(json.dumps(replacement).encode())
    value = copy.deepcopy(value)
    inner = value
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = replacement
    return with_body(json.dumps(value).encode())


def with_body(body, head=b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"):
    """The relay closes after it: a client that is not told so may send the next request too early."""
    return head + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body


REPLACEMENTS = [None, True, -1, 1e300, 2 ** 70, "", "x", [], [None], {}, {"a": 1}]
ANSWERS = {
    "html": b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\n<p/>",
    "no body": b"HTTP/1.1 204 No Content\r\n\r\n",
    "not modified": b"HTTP/1.1 304 Not Modified\r\n\r\n",
    "redirect": b"HTTP/1.1 301 Moved Permanently\r\nLocation: http://localhost/\r\nContent-Length: 0\r\n\r\n",
    "refusal": with_body(b'{"type":"error","status-code":400,"status":"Bad Request","result":{"message":"no"}}',
                         b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n"),
    "async": with_body(b'{"type":"async","status-code":202,"status":"Accepted","change":"1","result":null}'),
    "sync": with_body(b'{"type":"sync","status-code":200,"status":"OK"}'),
    "other type": with_body(b'{"type":"later","status-code":200,"status":"OK","result":{}}'),
    "broken JSON": with_body(b'{"type":"sync","result":'),
    "deep JSON": with_body(b"[" * 100000),
    "invalid UTF-8": with_body(b'{"type":"sync","result":"\xff"}'),
    "not HTTP": b"SSH-2.0-OpenSSH_9.2\r\n",
    "other version": b"HTTP/2.0 200 OK\r\n\r\n",
    "unwanted upgrade": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
    "long head": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1200000 + b"\r\n\r\n",
    "many headers": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 10001 + b"\r\n",
    "many continues": b"HTTP/1.1 100 Continue\r\n\r\n" * 20000,
    "huge body": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n{",
    "wrong length": b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
    "wrong chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
    "huge chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n{",
    "other coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n\x1f\x8b",
}


# Which parts may take the answer for what it is.
ANY_BODY = {
    "no body": (), "deep JSON": (), "broken JSON": (), "other type": (),
    "async": ("start", "notify"),
    "sync": PARTS, "invalid UTF-8": PARTS,
}
# On a busy machine a response that comes a byte at a time takes more than the five seconds that a command waits.
LATE, ATTEMPTS = "timeout waiting for websocket connections", 10
# A command, and the wait for its end, have no limit unless the caller sets one: the first connection of that.
LIMITED = {"exec": 3, "exec-check": 2, "driven": 4}


class HostileTest(LibraryCase):
    def setUp(self):
        super().setUp()
        self.daemon.layer("001-web.yaml", LAYER)
        self.daemon.start()
        self.daemon.file("tree/a", "a")
        self.daemon.file("tree/sub/b", "b")
        path = self.daemon.path("relay")
        self.relay = Relay(path, self.daemon.socket_path)
        self.addCleanup(self.relay.listener.close)
        program = self.build(["gcc", "-std=gnu17", "-D_GNU_SOURCE", "-fno-builtin"], *SOURCES)
        # pylint: disable=consider-using-with
        self.process = subprocess.Popen(
            [program], env={**self.daemon.env, "LD_LIBRARY_PATH": self.lib, "PEBBLE_SOCKET": path}, cwd=self.daemon.dir,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.end)
        self.runs = 0

    def end(self):
        self.process.kill()
        self.process.communicate()

    def run_part(self, part, number=None, spoil=untouched, timeout_ms=LONG_MS, **options):
        """Returns the kind of the error, 0 for none, and what the program said."""
        self.runs += 1
        self.relay.begin(number, spoil, **options)
        self.process.stdin.write(f"{part} {timeout_ms}\n")
        self.process.stdin.flush()
        lines = []
        while (line := self.process.stdout.readline()) not in (".\n", ""):
            lines.append(line.rstrip("\n"))
        self.assertEqual(len(lines), 1, (part, lines))
        result, kind, message = lines[0].split(" ", 2)
        self.assertIn(result, ("ok", "error"), (part, number, lines))
        return int(kind), message

    def clean_responses(self, part):
        """What the daemon answers to the part, by connection; without those of the call after it."""
        kind, message = self.run_part(part)
        self.assertEqual((kind, message), (0, ""))
        return self.relay.responses()

    def each_connection(self):
        for part in PARTS:
            for number, response in enumerate(self.clean_responses(part)):
                if response:
                    yield part, number, response

    def is_spoiled(self, number):
        """Calls that run at once may use one connection less than in the run before."""
        return self.relay.count > number

    def is_tried_again(self, part, number):
        """Whether a connection that is lost means only that the call takes longer."""
        return part == "events" or number >= LIMITED.get(part, 100)

    def test_connections_that_are_cut(self):
        for part, number, response in self.each_connection():
            with self.subTest(part, connection=number):
                kind, message = self.run_part(part, number, None)
                self.assertIn(kind, (0, CONNECTION), message)
                # A pause precedes each new attempt.
                for position in cuts(response)[::5 if self.is_tried_again(part, number) else 1]:
                    kind, message = self.run_part(part, number, cut_at(position))
                    self.assertIn(kind, (0, CONNECTION), (position, message))
                    if number == 0 and position < head_length(response) and part != "events":
                        self.assertEqual(kind, CONNECTION, position)

    def test_wrong_answers(self):
        for part, number, _ in self.each_connection():
            for name, answer in ANSWERS.items():
                with self.subTest(part, connection=number, answer=name):
                    kind, message = self.run_part(part, number, in_place_of(0, answer))
                    if not self.is_spoiled(number):
                        self.assertEqual((kind, message), (0, ""))
                    elif name in ("refusal", "html"):
                        self.assertIn(kind, (PROTOCOL, API, 0 if part == "events" else API), message)
                    elif name in ANY_BODY and part in ("metrics", "request", *ANY_BODY[name]):
                        self.assertIn(kind, (0, PROTOCOL, CHANGE), message)
                    elif name in ("huge chunk", "huge body"):
                        # What is read piece by piece ends too early.
                        self.assertIn(kind, (CONNECTION, PROTOCOL, 0 if self.is_tried_again(part, number) else PROTOCOL))
                    else:
                        self.assertEqual(kind, PROTOCOL, message)

    def test_wrong_types(self):
        for part, number, response in self.each_connection():
            for start, body in bodies(response):
                for path in unlike_paths(body):
                    for replacement in REPLACEMENTS:
                        with self.subTest(part, connection=number, path=path, replacement=replacement):
                            answer = with_value(body, path, replacement)
                            kind, message = self.run_part(part, number, in_place_of(start, answer))
                            self.assertIn(kind, (0, PROTOCOL, API, CHANGE, PATH, CONNECTION), message)

    def test_no_answer(self):
        for part, number, _ in self.each_connection():
            if part != "events" and self.is_tried_again(part, number):
                continue
            with self.subTest(part, connection=number):
                for timeout_ms in SHORT_MS:
                    kind, message = self.run_part(part, number, silent, timeout_ms)
                    if self.is_spoiled(number) or kind != TIMEOUT:
                        break  # else the connections before it were slow
                is_late = part != "events" and self.is_spoiled(number)
                self.assertEqual(kind, TIMEOUT if is_late else 0, message)

    def test_a_byte_at_a_time(self):
        for part, number, _ in self.each_connection():
            with self.subTest(part, connection=number):
                for _ in range(ATTEMPTS):
                    kind, message = self.run_part(part, number, byte_by_byte=True)
                    if LATE not in message:
                        break
                self.assertEqual((kind, message), (0, ""))


if __name__ == "__main__":
    unittest.main()
