# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients that are not trusted and send, read or hold as much as they can: root and probes are answered all the same."""

import array
import json
import os
import resource
import select
import signal
import socket
import struct
import time

from faults import descriptors, limited, need_descriptors, needs_root, plan_of
from harness import free_port, is_sanitized, wait_until
from test_faults_clients import PROBE_S, ClientCase

NOBODY = 65534


def get(path):
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


class Flood:
    """Connections of another user, in a process of its own, which send a request again and again and read what comes."""

    def __init__(self, case, count, connect, request, repeats):
        self.count, self.connect, self.request, self.repeats = count, connect, request, repeats
        ready, self.ready = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
                self.run()
            finally:
                os._exit(1)
        os.close(self.ready)
        case.addCleanup(self.end)
        with open(ready, "rb") as file:
            case.assertEqual(file.read(1), b"!")

    def run(self):
        poll, socks = select.epoll(), {}
        for _ in range(self.count):
            sock = self.connect()
            sock.setblocking(False)
            try:
                sock.send(self.request)
            except OSError:
                continue  # it was closed to make room
            socks[sock.fileno()] = sock
            poll.register(sock, select.EPOLLIN | (select.EPOLLOUT if self.repeats else 0))
        os.write(self.ready, b"!")
        while True:
            for number, events in poll.poll():
                try:
                    if events & select.EPOLLOUT:
                        socks[number].send(self.request * self.repeats)
                    if events & select.EPOLLIN and not socks[number].recv(1 << 20):
                        poll.unregister(number)
                except BlockingIOError:
                    pass
                except OSError:
                    poll.unregister(number)

    def end(self):
        if self.pid is not None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        self.pid = None


class LingeringFlood(Flood):
    """Sends descriptors of sockets whose close waits for an hour: the other end reads nothing."""

    def run(self):
        self.kept = []
        for number in range(self.count):
            sock = self.connect()
            lingering = self.lingering()
            rights = array.array("i", [lingering.fileno()] * (1 + number % 3))
            sock.sendmsg([self.request], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
            lingering.close()  # what was sent is the last one then
            if number % 2:
                self.kept.append(sock)
        os.write(self.ready, b"!")
        signal.pause()

    def lingering(self):
        listening, lingering = socket.socket(), socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listening.bind(("127.0.0.1", 0))
        listening.listen(1)
        lingering.connect(listening.getsockname())
        self.kept += [listening, listening.accept()[0]]
        lingering.setblocking(False)
        try:
            while True:
                lingering.send(bytes(65536))
        except BlockingIOError:
            pass
        lingering.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 3600))
        return lingering


@needs_root
class DescriptorsTest(ClientCase):
    """Descriptors that are sent over the socket."""

    def check(self, request):
        os.chmod(self.daemon.dir, 0o755)
        self.daemon.start("--hold")
        before = len(descriptors(self.daemon.process.pid))
        # Otherwise the daemon may drop what was sent before its sender does, whose close waits then.
        self.daemon.send_signal(signal.SIGSTOP)
        self.addCleanup(self.daemon.send_signal, signal.SIGCONT)
        flood = LingeringFlood(self, 30, self.daemon.connect, request, 0)
        self.daemon.send_signal(signal.SIGCONT)
        self.assert_healthy()
        wait_until(lambda: len(descriptors(self.daemon.process.pid)) <= before + flood.count, what="what was sent to be dropped")
        self.assertEqual(self.daemon.stop(), 0)

    def test_with_requests(self):
        self.check(get("/v1/health"))

    def test_with_half_a_head(self):
        self.check(get("/v1/health")[:-2])


class LittleMemoryTest(ClientCase):
    """What clients without credentials may hold is a part of the memory that the daemon may have."""

    def test_long_heads(self):
        if is_sanitized():
            self.skipTest("a sanitizer needs more memory")
        port, limit_bytes = free_port(), 48 << 20
        self.daemon.start("--hold", "--http", f"127.0.0.1:{port}",
                          preexec_fn=limited((resource.RLIMIT_DATA, limit_bytes, limit_bytes)))
        for _ in range(150):
            sock = socket.create_connection(("127.0.0.1", port), 60)
            self.addCleanup(sock.close)
            try:
                sock.sendall(b"GET /v1/health?" + bytes(900000).replace(b"\0", b"x"))
            except OSError:
                pass  # closed to make room
        self.assert_healthy()
        self.assertLess(self.rss(), limit_bytes >> 11)
        self.assertEqual(self.daemon.add_layer("services", plan_of({"one": "sleep 1000"})).status, 200)
        self.assertEqual(self.daemon.services("start", "one")["status"], "Done")


@needs_root
class FloodsTest(ClientCase):
    COUNT = 1500

    def start(self, services, *arguments, **popen):
        need_descriptors(self, 2 * self.COUNT + 200)
        os.chmod(self.daemon.dir, 0o755)
        self.daemon.layer("001-test.yaml", plan_of(services))
        self.port = free_port()
        self.daemon.start("--http", f"127.0.0.1:{self.port}", *arguments, **popen)

    def over_unix(self):
        return self.daemon.connect(60)

    def over_tcp(self):
        sock = socket.socket()  # nothing that loads a module, which the other user may not read
        sock.settimeout(60)
        sock.connect(("127.0.0.1", self.port))
        return sock

    def assert_answers(self, times=5):
        for _ in range(times):
            self.assert_healthy()
            self.assertEqual(self.daemon.get("/v1/health?level=alive", port=self.port, timeout_s=PROBE_S).status, 200)

    def logs(self):
        return [json.loads(line) for line in self.daemon.get("/v1/logs?n=-1").body.splitlines()]

    def flood(self, connect, request, repeats=20):
        flood = Flood(self, self.COUNT, connect, request, repeats)
        self.assert_answers()
        return flood

    def test_long_lists(self):
        self.start({f"service-{number}": "sleep 1000" for number in range(1000)})
        self.flood(self.over_unix, get("/v1/services"))
        self.assertEqual(self.daemon.stop(), 0)

    def test_followers(self):
        self.start({"yes": {"command": "yes", "startup": "enabled"}})
        self.flood(self.over_unix, get("/v1/logs?follow=true"), repeats=0)
        self.assertEqual(self.daemon.stop(), 0)

    def test_followers_of_many_services(self):
        self.start({f"service-{number}": {"command": "sh -c 'echo hello; exec sleep 1000'", "startup": "enabled"}
                    for number in range(500)})
        wait_until(lambda: len({line["service"] for line in self.logs()}) == 500, what="output of all services")
        before_kib = self.rss()
        self.flood(self.over_unix, get("/v1/logs?follow=true"), repeats=0)
        self.assert_grew_less(before_kib, 80 * 1024)

    def test_pipelined_over_tcp(self):
        self.start({"one": "sleep 1000"})
        before_kib = self.rss()
        flood = self.flood(self.over_tcp, get("/v1/health"), repeats=200)
        self.assert_grew_less(before_kib, 50 * 1024)
        flood.end()
        self.assert_answers(1)

    def test_pipelined_behind_kept_requests(self):
        self.start({"one": "sleep 1000"})
        before_kib = self.rss()
        self.flood(self.over_unix, get("/v1/logs?follow=true"), repeats=2000)
        self.assert_grew_less(before_kib, 40 * 1024)
        for _ in range(10):  # a request in two pieces
            sock = self.open()
            sock.sendall(b"POST /v1/services HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{")
            time.sleep(0.02)
            sock.sendall(b"}")
            self.assertIn(b" 400 ", sock.recv(100))

    def test_trickled_bodies(self):
        self.start({"one": "sleep 1000"}, preexec_fn=limited((resource.RLIMIT_NOFILE, 1024, 1024)))
        self.flood(self.over_tcp, b"GET /v1/health HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\nx", repeats=0)
        self.flood(self.over_unix, get("/v1/logs?follow=true"), repeats=0)
