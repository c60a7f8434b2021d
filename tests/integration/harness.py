# SPDX-License-Identifier: GPL-3.0-or-later
"""The base of integration tests: a daemon with its own directory, and clients.

    from harness import DaemonCase

    class HelloTest(DaemonCase):
        def test_starts(self):
            self.daemon.layer("001-hello.yaml", "services: …")
            self.daemon.start()
            self.assertEqual(self.daemon.get("/v1/services").result[0]["current"], "inactive")

The program comes from `run.py --bin`, or from the environment variable PEBBLE_BIN. A daemon that a
sanitizer found fault with fails its test at the end, whatever the test itself looked at.
"""

import base64
import contextlib
import errno
import fcntl
import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
import unittest

import openapi

HANG_S = 120.0  # what takes longer hangs, also on a machine that is busy
SANITIZER = re.compile(r"ERROR: \w+Sanitizer|: runtime error: |WARNING: \w+Sanitizer")
TOP = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))


def program():
    """The path of the program under test."""
    return os.path.abspath(os.environ.get("PEBBLE_BIN", os.path.join(TOP, "build", "pebble")))


def is_sanitized():
    """Whether the program was built with sanitizers, which make it slower and need more memory."""
    return os.environ.get("PEBBLE_SANITIZED") == "1"


def wait_until(condition, timeout_s=HANG_S, what="the condition", pause_s=0.01):
    """The first true value of condition(); AssertionError on timeout."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {timeout_s:g} s")
        time.sleep(pause_s)


@contextlib.contextmanager
def once_per_run(name):
    """What the tests of a run share: (path, whether it is there). Those who come first make it, in the with statement."""
    build = os.path.join(TOP, "build", "tests")
    path, stamp = os.path.join(build, name), os.path.join(build, f"{name}.run")
    run = os.environ.get("PEBBLE_TEST_RUN", f"process {os.getpid()}")
    os.makedirs(build, exist_ok=True)
    with open(stamp, "a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        is_made = file.read() == run
        if not is_made:
            file.truncate(0)
            shutil.rmtree(path, ignore_errors=True)
        yield path, is_made
        if not is_made:
            file.write(run)


_port_locks = []


def _can_bind(family, address, port):
    with socket.socket(family) as probe:
        try:
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            probe.bind((address, port))
            probe.listen()
        except OSError as error:
            if error.errno in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL):  # no IPv6 here
                return True
            return False
    return True


def _can_reserve(port):
    """False if another test, of any process, has the port. A lock that ends with the process, and is one of its network
    namespace, as ports are."""
    lock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        lock.bind(f"\0cobble-test-port-{port}")
    except OSError:
        lock.close()
        return False
    _port_locks.append(lock)
    return True


def _port_candidates():
    """Ports that no outgoing connection gets, in random order."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="utf-8") as file:
        first, last = map(int, file.read().split())
    everything = range(10000, 65536)
    ports = [port for port in everything if not first <= port <= last] or list(everything)
    random.shuffle(ports)
    return ports


def free_port(candidates=None):
    """A port that is free at all addresses, as the daemon may bind it, and that no other test gets while this process
    lives."""
    for port in candidates or _port_candidates():
        if _can_bind(socket.AF_INET, "0.0.0.0", port) and _can_bind(socket.AF_INET6, "::", port) and _can_reserve(port):
            return port
    raise AssertionError("no port is free")


class Response:
    """An HTTP response: status, headers (names in lower case), body, and its JSON."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = {name.lower(): value for name, value in headers}
        self.body = body
        try:
            self.json = json.loads(body)
        except ValueError:
            self.json = None

    def __repr__(self):
        return f"<{self.status} {self.body[:500]!r}>"

    @property
    def result(self):
        return self.json["result"]

    @property
    def change(self):
        return self.json["change"]

    @property
    def message(self):
        """The message of the error."""
        return self.json["result"]["message"]


class UnixConnection(http.client.HTTPConnection):
    """An HTTP connection over the daemon's socket; it can send several requests."""

    def __init__(self, path, timeout_s=HANG_S):
        super().__init__("localhost", timeout=timeout_s)
        self.path = path

    def connect(self):
        self.sock = connect_unix(self.path, self.timeout)


def connect_unix(path, timeout_s=HANG_S):
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(timeout_s)
    try:
        sock.connect(path)
    except OSError:
        sock.close()
        raise
    return sock


def exchange(connection, method, path, body=None, headers=None):
    """Sends a request over an open HTTP connection; returns the response, which must be as docs/reference/openapi.yaml says."""
    headers = dict(headers or {})
    if isinstance(body, (dict, list)):
        body = json.dumps(body)
        headers.setdefault("Content-Type", "application/json")
    connection.request(method, path, body=body, headers=headers)
    answer = connection.getresponse()
    response = Response(answer.status, answer.getheaders(), answer.read())
    openapi.DESCRIPTION.observe(method, path, response)
    return response


def receive_response(sock):
    """The whole response to a request that was sent over a socket."""
    answer = http.client.HTTPResponse(sock)
    answer.begin()
    return Response(answer.status, answer.getheaders(), answer.read())


class WebSocket:
    """A minimal WebSocket client (RFC 6455): sends arbitrary frames, receives frames."""

    CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10

    def __init__(self, sock, path):
        """Does the handshake over a connected socket; self.status is the status of the response, 101 on success."""
        self.sock = sock
        self.pending = b""
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET {path} HTTP/1.1", "Host: localhost", "Connection: Upgrade", "Upgrade: websocket",
                 f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", "", ""]
        self.sock.sendall("\r\n".join(lines).encode())
        while b"\r\n\r\n" not in self.pending:
            self._receive()
        head, self.pending = self.pending.split(b"\r\n\r\n", 1)
        self.status = int(head.split()[1])
        if self.status == 101:
            fields = [line.split(": ", 1) for line in head.decode("latin-1").split("\r\n")[1:]]
            openapi.DESCRIPTION.observe("GET", path, Response(self.status, fields, b""))

    def _receive(self):
        data = self.sock.recv(65536)
        if not data:
            raise EOFError("the connection was closed")
        self.pending += data

    def _take(self, count):
        while len(self.pending) < count:
            self._receive()
        data, self.pending = self.pending[:count], self.pending[count:]
        return data

    def send(self, data, opcode=None, is_final=True, mask=b"\x11\x22\x33\x44"):
        """Sends one frame: text for str, binary for bytes, unless an opcode is given; mask=None sends it unmasked."""
        if opcode is None:
            opcode = self.TEXT if isinstance(data, str) else self.BINARY
        data = data.encode() if isinstance(data, str) else bytes(data)
        if len(data) < 126:
            size = bytes([len(data)])
        elif len(data) < 65536:
            size = b"\x7e" + struct.pack(">H", len(data))
        else:
            size = b"\x7f" + struct.pack(">Q", len(data))
        head = bytes([opcode | (0x80 if is_final else 0), size[0] | (0x80 if mask else 0)]) + size[1:]
        if mask:
            stream = (mask * (len(data) // 4 + 1))[:len(data)]
            data = (int.from_bytes(data, "big") ^ int.from_bytes(stream, "big")).to_bytes(len(data), "big")
        self.sock.sendall(head + (mask or b"") + data)

    def receive(self):
        """The next frame as (opcode, data). EOFError when the connection has ended."""
        first, second = self._take(2)
        size = second & 0x7F
        if size == 126:
            size = struct.unpack(">H", self._take(2))[0]
        elif size == 127:
            size = struct.unpack(">Q", self._take(8))[0]
        return first & 0x0F, self._take(size)

    def close(self):
        self.sock.close()


class Api:
    """What a client does; a subclass has connect() and connection(), which open a connection."""

    def request(self, method, path, body=None, headers=None, timeout_s=HANG_S, port=None):
        """Sends a request on a new connection; over plain TCP to 127.0.0.1 if a port is given."""
        if port is None:
            connection = self.connection(timeout_s)
        else:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)
        try:
            return exchange(connection, method, path, body, headers)
        finally:
            connection.close()

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, body=None, **options):
        return self.request("POST", path, body, **options)

    def websocket(self, task, name):
        return WebSocket(self.connect(), f"/v1/tasks/{task}/websocket/{name}")

    # --- services, changes, layers ---

    def services(self, action, *names):
        """Requests an action on services and waits; returns the change when it is ready."""
        answer = self.post("/v1/services", {"action": action, "services": list(names)})
        if answer.status != 202:
            raise AssertionError(f"{action} {names}: {answer}")
        return self.wait_change(answer.change)

    def wait_change(self, change, timeout_s=HANG_S):
        answer = self.get(f"/v1/changes/{change}/wait?timeout={timeout_s:g}s", timeout_s=timeout_s + 10)
        if answer.status != 200:
            raise AssertionError(f"change {change}: {answer}")
        return answer.result

    def service(self, name):
        """One service as the API shows it, or None."""
        return next((s for s in self.get(f"/v1/services?names={name}").result if s["name"] == name), None)

    def wait_service(self, name, status, timeout_s=HANG_S):
        def has_status():
            service = self.service(name)
            return service if service and service["current"] == status else None
        return wait_until(has_status, timeout_s, f"service {name} to be {status}")

    def check(self, name):
        """One check as the API shows it, or None."""
        return next((c for c in self.get(f"/v1/checks?names={name}").result if c["name"] == name), None)

    def add_layer(self, label, text, combine=True):
        return self.post("/v1/layers", {"action": "add", "combine": combine, "label": label, "format": "yaml", "layer": text})


class Daemon(Api):
    """A daemon with its directory, and client operations. close() ends all processes."""

    def __init__(self, binary=None):
        self.binary = os.path.abspath(binary) if binary else program()
        self.dir = os.path.realpath(tempfile.mkdtemp(prefix="cobble-"))
        self.pebble_dir = self.path("pebble")
        self.socket_path = os.path.join(self.pebble_dir, ".pebble.socket")
        self.log_path = self.path("daemon.log")
        self.process = None
        kept = {name: value for name, value in os.environ.items()
                if name in ("PATH", "LD_LIBRARY_PATH") or name.endswith("SAN_OPTIONS")}
        self.env = {**kept, "HOME": self.dir, "TZ": "UTC", "LANG": "C.UTF-8", "PEBBLE": self.pebble_dir}
        os.makedirs(os.path.join(self.pebble_dir, "layers"))

    # --- files ---

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def file(self, name, content="", mode=0o644):
        """Writes a file below the test's directory; returns its path."""
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
        os.chmod(path, mode)
        return path

    def script(self, name, text):
        """Writes an executable shell script; returns its path."""
        return self.file(name, "#!/bin/sh\n" + text, 0o755)

    def layer(self, name, text):
        """Writes a layer file, "001-name.yaml", for the daemon to read when it starts."""
        return self.file(os.path.join("pebble", "layers", name), text)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read().decode("utf-8", "backslashreplace")

    def state(self):
        """The content of the state file."""
        with open(os.path.join(self.pebble_dir, ".pebble.state"), "rb") as file:
            return json.load(file)

    # --- the process ---

    def start(self, *arguments, command="run", env=None, wait=True, **popen):
        """Starts or restarts the daemon; by default waits until it responds."""
        self.socket_path = (env or {}).get("PEBBLE_SOCKET", self.socket_path)
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [self.binary, command, *arguments], env={**self.env, **(env or {})}, cwd=self.dir,
                **{"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log, "start_new_session": True, **popen})
        if wait:
            wait_until(self.is_answering, HANG_S, "the daemon's first answer")
        return self.process

    def is_answering(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the daemon exited with {self.process.returncode}:\n{self.log()[-3000:]}")
        try:
            return self.get("/v1/system-info").status == 200
        except OSError:
            return False

    def send_signal(self, number):
        self.process.send_signal(number)

    def wait_exit(self, timeout_s=HANG_S):
        """Waits for the daemon to exit; returns the exit status, negative for a signal."""
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the daemon did not end within {timeout_s:g} s:\n{self.log()[-3000:]}") from None

    def stop(self, number=signal.SIGTERM, timeout_s=HANG_S):
        """Stops the daemon; returns the exit status."""
        self.send_signal(number)
        return self.wait_exit(timeout_s)

    def kill(self):
        self.process.kill()
        return self.wait_exit()

    def close(self):
        """Ends the daemon and its remaining services, and removes the directory."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(HANG_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for pid in self.leftovers():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        shutil.rmtree(self.dir, ignore_errors=True)

    def leftovers(self):
        """Processes with the PEBBLE variable of this daemon: services that are still running."""
        mark = b"PEBBLE=" + self.pebble_dir.encode() + b"\0"
        found = []
        for name in os.listdir("/proc"):
            try:
                if name.isdigit() and int(name) != os.getpid():
                    with open(f"/proc/{name}/environ", "rb") as environ:
                        if mark in environ.read():
                            found.append(int(name))
            except OSError:
                pass
        return found

    # --- output ---

    def log(self):
        """The output of the daemon on stdout and stderr."""
        try:
            with open(self.log_path, "rb") as file:
                return file.read().decode("utf-8", "backslashreplace")
        except FileNotFoundError:
            return ""

    def log_lines(self, pattern=""):
        return [line for line in self.log().splitlines() if re.search(pattern, line)]

    def wait_log(self, pattern, count=1, timeout_s=HANG_S):
        """Waits until enough lines match; returns them."""
        def found():
            lines = self.log_lines(pattern)
            return lines if len(lines) >= count else None
        return wait_until(found, timeout_s, f"{count} log lines like {pattern!r}")

    def complaint(self):
        """The report of a sanitizer, or ''."""
        text = self.log()
        match = SANITIZER.search(text)
        return text[max(0, match.start() - 200):match.start() + 4000] if match else ""

    # --- the API ---

    def connect(self, timeout_s=HANG_S):
        """A bare connection to the daemon's socket."""
        return connect_unix(self.socket_path, timeout_s)

    def connection(self, timeout_s=HANG_S):
        """An HTTP connection for exchange()."""
        return UnixConnection(self.socket_path, timeout_s)

    def raw(self, data, timeout_s=HANG_S, port=None, half_close=False):
        """Sends raw bytes; returns what is received until the daemon closes the connection, which it has to."""
        sock = self.connect(timeout_s) if port is None else socket.create_connection(("127.0.0.1", port), timeout_s)
        answer = b""
        with sock:
            try:
                sock.sendall(data)
                if half_close:
                    sock.shutdown(socket.SHUT_WR)
                while True:
                    piece = sock.recv(65536)
                    if not piece:
                        break
                    answer += piece
            except ConnectionError:
                pass
        return answer

    # --- the command line ---

    def cli(self, *arguments, stdin=b"", env=None, timeout_s=HANG_S):
        """Runs a command of the program: returncode, stdout and stderr (text)."""
        if isinstance(stdin, str):
            stdin = stdin.encode()
        done = subprocess.run([self.binary, *arguments], input=stdin, capture_output=True, cwd=self.dir,
                              env={**self.env, **(env or {})}, timeout=timeout_s, check=False)
        done.stdout = done.stdout.decode("utf-8", "backslashreplace")
        done.stderr = done.stderr.decode("utf-8", "backslashreplace")
        if SANITIZER.search(done.stderr):
            raise AssertionError(f"pebble {' '.join(arguments)}:\n{done.stderr[:4000]}")
        return done


class DaemonCase(unittest.TestCase):
    """A test with a daemon, not started yet, as self.daemon."""

    def setUp(self):
        self.daemon = self.new_daemon()

    def new_daemon(self):
        daemon = Daemon()
        self.addCleanup(self.end_daemon, daemon)
        return daemon

    def end_daemon(self, daemon):
        try:
            if daemon.process is not None and daemon.process.poll() is None:
                daemon.process.terminate()
                daemon.wait_exit()
            self.assertEqual(daemon.complaint(), "", "a sanitizer found fault with the daemon")
        finally:
            daemon.close()
