# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients that stall, disconnect, flood, send invalid data or never read: others are served, and memory is bounded."""

import json
import os
import resource
import socket
import threading
import time
import unittest

from faults import cpu_s, descriptors, limited, need_descriptors, plan_of, rss_kib
from harness import HANG_S, DaemonCase, free_port, is_sanitized, wait_until

PROBE_S = 10.0  # a blocked loop exceeds it, a busy machine does not; tools measure how fast it is
HEAD = b"GET /v1/health HTTP/1.1\r\nHost: x\r\n"


class ClientCase(DaemonCase):
    def setUp(self):
        super().setUp()
        self.socks = []
        self.addCleanup(lambda: [sock.close() for sock in self.socks])

    def open(self, timeout_s=HANG_S):
        sock = self.daemon.connect(timeout_s)
        self.socks.append(sock)
        return sock

    def assert_healthy(self, times=1):
        for _ in range(times):
            answer = self.daemon.get("/v1/health?level=alive", timeout_s=PROBE_S)
            self.assertEqual(answer.status, 200)

    def rss(self):
        return rss_kib(self.daemon.process.pid)

    def assert_grew_less(self, before_kib, limit_kib):
        if not is_sanitized():  # which keeps freed memory for a while
            self.assertLess(self.rss() - before_kib, limit_kib)

    def count_descriptors(self):
        return len(descriptors(self.daemon.process.pid))


class UnfinishedRequestsTest(ClientCase):
    COUNT = 1000

    def check_unfinished(self, beginning, limit_kib):
        need_descriptors(self, 2 * self.COUNT)
        self.daemon.start()
        self.assert_healthy()
        before_kib, before_fds = self.rss(), self.count_descriptors()
        for number in range(self.COUNT):
            self.open().sendall(beginning)
            if number % 100 == 0:
                self.assert_healthy()
        self.assert_healthy(3)
        self.assert_grew_less(before_kib, limit_kib)
        # Those of the probes may be about to be closed.
        wait_until(lambda: self.count_descriptors() <= before_fds + self.COUNT, what="no more descriptors than clients")
        for sock in self.socks:
            sock.close()
        wait_until(lambda: self.count_descriptors() <= before_fds + 1, what="the descriptors to be given back")
        self.assertEqual(self.daemon.stop(), 0)

    def test_nothing_sent(self):
        self.check_unfinished(b"", 16 * 1024)

    def test_head_never_ends(self):
        self.check_unfinished(HEAD + b"X-Slow: 1", 24 * 1024)

    def test_body_never_ends(self):
        self.check_unfinished(b"POST /v1/services HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{", 32 * 1024)

    def test_large_beginnings_are_bounded_together(self):
        self.daemon.start()
        before_kib = self.rss()
        for number in range(300):
            try:
                self.open(1.0).sendall(HEAD + b"X-Large: " + b"x" * 900000)
            except OSError:
                pass  # it was closed to make room
            if number % 50 == 0:
                self.assert_healthy()
        self.assert_healthy(3)
        self.assert_grew_less(before_kib, 200 * 1024)

    def test_few_descriptors_go_to_who_needs_them(self):
        self.daemon.start(preexec_fn=limited((resource.RLIMIT_NOFILE, 100, 100)))
        for _ in range(300):
            self.open().sendall(HEAD)
        self.assert_healthy(5)
        before_s = cpu_s(self.daemon.process.pid)
        time.sleep(1)
        self.assertLess(cpu_s(self.daemon.process.pid) - before_s, 0.3)

    def test_shutdown_does_not_wait_for_them(self):
        self.daemon.start()
        for beginning in (b"", HEAD, b"POST /v1/services HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{",
                          b"GET /v1/changes/1/wait HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /v1/logs?follow=true HTTP/1.1\r\nHost: x\r\n\r\n"):
            self.open().sendall(beginning)
        # Half of the time that a request without progress has.
        self.assertEqual(self.daemon.stop(timeout_s=PROBE_S), 0)

    def test_over_tcp_too(self):
        port = free_port()
        self.daemon.start("--http", f"127.0.0.1:{port}")
        for _ in range(200):
            sock = socket.create_connection(("127.0.0.1", port), 5)
            self.socks.append(sock)
            sock.sendall(HEAD)
        for _ in range(3):
            self.assertEqual(self.daemon.get("/v1/health", port=port, timeout_s=PROBE_S).status, 200)
        self.assert_healthy()

    def test_half_closed_requests_are_answered(self):
        self.daemon.start()
        self.assertIn(b"200 OK", self.daemon.raw(HEAD + b"\r\n", half_close=True))
        self.assertNotIn(b"200 OK", self.daemon.raw(HEAD, half_close=True))


class SlowReadersTest(ClientCase):
    def test_big_answers_that_nobody_reads(self):
        services = {f"service-{number}": {"command": "sleep 1000", "summary": "x" * 400} for number in range(2500)}
        self.daemon.layer("001-test.yaml", plan_of(services))
        self.daemon.start()
        before_kib = self.rss()
        request = b"GET /v1/plan?format=yaml HTTP/1.1\r\nHost: x\r\n\r\n"
        for number in range(60):
            self.open().sendall(request * 50)
            if number % 10 == 0:
                self.assert_healthy()
        self.assert_healthy(3)
        # Each response is above one megabyte, and there are 3,000 of them.
        self.assertGreater(len(self.daemon.get("/v1/plan?format=yaml").body), 1 << 20)
        self.assert_grew_less(before_kib, 400 * 1024)
        with self.daemon.connect() as sock:
            sock.sendall(request * 3)
            received = 0
            while received < 3 << 20:
                time.sleep(0.001)
                piece = sock.recv(100000)
                self.assertTrue(piece)
                received += len(piece)

    def test_a_byte_at_a_time(self):
        self.daemon.start()
        with self.daemon.connect() as sock:
            for byte in HEAD + b"\r\n":
                sock.sendall(bytes([byte]))
            self.assertIn(b"200 OK", sock.recv(4096))


class LogFloodTest(ClientCase):
    """A service that writes without pause is never slowed by who reads its logs, or does not."""

    def start_flood(self, *arguments, **options):
        self.daemon.script("flood", "i=0\nwhile :; do i=$((i + 1)); echo \"line $i of a flood that does not end\"; "
                                    f"echo $i >&3; done 3>{self.daemon.path('count')}\n")
        # yes(1) is the flood; the counter shows that its neighbour of the same pipe gets on.
        self.daemon.layer("001-test.yaml", plan_of({
            "flood": "yes a line of a flood that does not end", "counter": self.daemon.path("flood")}))
        self.daemon.start(*arguments, **options)
        change = self.daemon.post("/v1/services", {"action": "start", "services": ["flood", "counter"]})
        self.assertEqual(change.status, 202)
        wait_until(lambda: os.path.exists(self.daemon.path("count")), what="the flood")

    def written(self):
        return os.path.getsize(self.daemon.path("count"))

    def assert_flood_goes_on(self):
        for _ in range(3):
            before = self.written()
            wait_until(lambda: self.written() > before + 10000, what="the service to go on writing")
            self.assert_healthy()

    def test_stalled_followers(self):
        self.start_flood()
        wait_until(lambda: len(self.daemon.get("/v1/logs?n=-1").body) > 100000, what="the first lines")
        before_kib = self.rss()
        for _ in range(20):
            self.open().sendall(b"GET /v1/logs?follow=true HTTP/1.1\r\nHost: x\r\n\r\n")
        self.assert_flood_goes_on()
        self.assert_grew_less(before_kib, 32 * 1024)
        # A reader that continues gets a mark for the lost lines.
        sock = self.socks[0]
        received = b""
        while b"(... output truncated ...)" not in received:
            piece = sock.recv(1 << 20)
            self.assertTrue(piece)
            received = received[-100:] + piece

    def test_followers_that_vanish(self):
        self.start_flood()
        before_fds = self.count_descriptors()
        for _ in range(50):
            with self.daemon.connect() as sock:
                sock.sendall(b"GET /v1/logs?follow=true&n=10 HTTP/1.1\r\nHost: x\r\n\r\n")
                self.assertTrue(sock.recv(1000))
        self.assert_flood_goes_on()
        wait_until(lambda: self.count_descriptors() <= before_fds + 2, what="the descriptors to be given back")

    def check_blocked_output(self, **outputs):
        self.start_flood("--verbose", **outputs)
        before_kib = self.rss()
        self.assert_flood_goes_on()
        for _ in range(300):  # each makes a line of the daemon's own log
            self.daemon.get("/v1/services?names=flood")
        self.assert_flood_goes_on()
        self.assert_grew_less(before_kib, 24 * 1024)
        self.assertEqual(self.daemon.stop(), 0)

    def blocked_pipe(self):
        """The write end of a pipe whose read end is open but never read."""
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        self.addCleanup(os.close, writing)
        self.assertTrue(os.get_blocking(writing))
        return writing

    def test_stdout_that_nobody_reads(self):
        pipe = self.blocked_pipe()
        self.check_blocked_output(stdout=pipe)
        self.assertTrue(os.get_blocking(pipe), "the pipe is shared with others: its flags are theirs")

    def test_stdout_and_stderr_that_nobody_reads(self):
        pipe = self.blocked_pipe()
        self.check_blocked_output(stdout=pipe, stderr=pipe)

    def test_stdout_and_stderr_whose_reader_has_gone(self):
        reading, writing = os.pipe()
        os.close(reading)
        self.addCleanup(os.close, writing)
        self.check_blocked_output(stdout=writing, stderr=writing)

    def test_stdout_and_stderr_that_are_stalled_sockets(self):
        mine, its = socket.socketpair()
        self.socks += [mine, its]
        self.check_blocked_output(stdout=its, stderr=its)

    def test_no_stdin_stdout_or_stderr_at_all(self):
        def close_all():
            for number in range(3):
                os.close(number)
        self.start_flood("--verbose", preexec_fn=close_all)
        self.assert_flood_goes_on()
        self.assertEqual(self.daemon.stop(), 0)


class VanishingClientsTest(ClientCase):
    def test_clients_that_leave_while_they_wait(self):
        self.daemon.layer("001-test.yaml", plan_of({"slow": "sleep 1000"}))
        self.daemon.start()
        change = self.daemon.post("/v1/services", {"action": "start", "services": ["slow"]}).change
        before_fds, before_kib = self.count_descriptors(), self.rss()
        paths = (f"/v1/changes/{change}/wait?timeout=60s", "/v1/logs?follow=true")
        for number in range(300):
            sock = self.open()
            sock.sendall(f"GET {paths[number % 2]} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            if number % 3 == 0:
                sock.close()
        for sock in self.socks:
            sock.close()
        wait_until(lambda: self.count_descriptors() <= before_fds + 1, what="the descriptors to be given back")
        self.assert_grew_less(before_kib, 16 * 1024)
        self.assertEqual(self.daemon.wait_change(change)["status"], "Done")
        self.assert_healthy()

    def test_client_that_leaves_a_change_under_way(self):
        self.daemon.layer("001-test.yaml", plan_of({"one": "sleep 1000"}))
        self.daemon.start()
        with self.daemon.connect() as sock:
            body = b'{"action":"start","services":["one"]}'
            sock.sendall(b"POST /v1/services HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        self.daemon.wait_service("one", "active")

    def test_threads_of_clients_all_at_once(self):
        self.daemon.start()
        failures = []

        def ask():
            for _ in range(50):
                try:
                    if self.daemon.get("/v1/system-info").status != 200:
                        failures.append("status")
                except OSError as error:
                    failures.append(repr(error))
        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])


class HostileRequestsTest(ClientCase):
    def setUp(self):
        super().setUp()
        self.daemon.layer("001-test.yaml", plan_of({"one": "sleep 1000"}))
        self.daemon.start()

    def status_of(self, data):
        """The status of the only response to these bytes; 0 if the connection was closed without one."""
        answer = self.daemon.raw(data, half_close=True)
        # Responses to smuggled requests would follow the first.
        self.assertLessEqual(answer.count(b"HTTP/1.1 "), 1, answer[:2000])
        return int(answer.split()[1]) if answer else 0

    def test_oversized_heads(self):
        before_kib = self.rss()
        for head in (b"GET /v1/health HTTP/1.1\r\nHost: x\r\nX: " + b"x" * (3 << 20),
                     b"GET /" + b"x" * (3 << 20), b"x" * (3 << 20),
                     b"GET /v1/health HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * (1 << 19)):
            self.assertIn(self.status_of(head + b"\r\n\r\n"), (0, 400, 414, 431))
            self.assert_healthy()
        self.assert_grew_less(before_kib, 32 * 1024)

    def test_oversized_bodies(self):
        before_kib = self.rss()
        for length in (64 << 20, 1 << 40, (1 << 63) - 1):
            head = b"POST /v1/services HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % length
            with self.daemon.connect(10) as sock:
                try:
                    sock.sendall(head)
                    for _ in range(64 if length > 1 << 30 else 1 << 10):
                        sock.sendall(b" " * 65536)
                except OSError:
                    pass  # refused already
            self.assert_healthy()
        # The most that is taken of one body stands in docs/internals/http.md.
        self.assert_grew_less(before_kib, 100 * 1024)

    def test_smuggling(self):
        inner = b"GET /v1/services HTTP/1.1\r\nHost: x\r\n\r\n"
        body = b"0\r\n\r\n" + inner
        attempts = {
            "both lengths": b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n" % len(body) + body,
            "two lengths": b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n" + body,
            "a list of lengths": b"Content-Length: 5, 6\r\n\r\n" + body,
            "signed length": b"Content-Length: +5\r\n\r\n" + body,
            "negative length": b"Content-Length: -5\r\n\r\n" + body,
            "hexadecimal length": b"Content-Length: 0x5\r\n\r\n" + body,
            "huge length": b"Content-Length: 18446744073709551621\r\n\r\n" + body,
            "unknown coding": b"Transfer-Encoding: xchunked\r\n\r\n" + body,
            "two codings": b"Transfer-Encoding: gzip, chunked\r\n\r\n" + body,
            "space before the colon": b"Content-Length : 5\r\nTransfer-Encoding : chunked\r\n\r\n" + body,
            "folded line": b"X: y\r\n Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" + b"xxxxx",
            "bare CR": b"X: y\rTransfer-Encoding: chunked\r\n\r\n" + body,
            "NUL in a value": b"X: y\0z\r\n\r\n",
            "chunk size too large": b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\n" + body,
            "negative chunk": b"Transfer-Encoding: chunked\r\n\r\n-1\r\n" + body,
            "chunk without its end": b"Transfer-Encoding: chunked\r\n\r\n1\r\n{X0\r\n\r\n",
        }
        for name, rest in attempts.items():
            with self.subTest(name):
                answer = self.daemon.raw(b"POST /v1/services HTTP/1.1\r\nHost: x\r\n" + rest, half_close=True)
                statuses = [int(line.split()[1]) for line in answer.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]
                self.assertTrue(all(400 <= status < 600 for status in statuses), answer[:500])
                self.assertNotIn(b'"current"', answer, "the request within was answered")
                self.assert_healthy()

    def test_deep_json(self):
        for depth in (10001, 1000000):
            for opening, closing in (("[", "]"), ('{"a":', "}")):
                body = opening * depth + ("1" if opening != "[" else "") + closing * depth
                answer = self.daemon.post("/v1/services", body)
                self.assertEqual(answer.status, 400)
                self.assertLess(len(answer.message), 500)
                self.assert_healthy()
        self.assertEqual(self.daemon.post("/v1/services", '{"action":' + "[" * 500000).status, 400)

    def post_layer(self, text):
        return self.daemon.post("/v1/layers", json.dumps(
            {"action": "add", "combine": True, "label": "bad", "format": "yaml", "layer": text}))

    def test_yaml_bombs(self):
        before_kib = self.rss()
        plan = self.daemon.get("/v1/plan?format=yaml").result
        laughs = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
            f"{name}: &{name} [{','.join(['*' + before] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi"))
        environment = "e: &e0 {" + ",".join(f"K{n}: v" for n in range(100)) + "}\n"
        merges = environment + "".join(f"e{n}: &e{n} {{<<: [{','.join([f'*e{n - 1}'] * 20)}]}}\n" for n in range(1, 12))
        bombs = {
            "aliases of aliases": laughs + "services: *i\n",
            "aliases as commands": laughs.replace("a: &a", "summary: &a") + "services: {one: {override: merge, command: *i}}\n",
            "merges of merges": merges + "services: {one: {override: merge, environment: *e11}}\n",
            "an alias of itself": "services: &a {one: *a}\n",
            "deep sequences": "services: " + "[" * 100000 + "\n",
            "deep mappings": "services: " + "{a: " * 100000 + "\n",
            "deep blocks": "".join(" " * depth + "a:\n" for depth in range(2000)),
            "a long key": "? " + "k" * (1 << 20) + "\n: v\n",
            "many documents": "--- {}\n" * 200000 + "--- [\n",
            "anchors by the hundred thousand": "services: [" + ",".join(f"&a{n} x" for n in range(100000)) + "]\n",
        }
        for name, text in bombs.items():
            with self.subTest(name):
                answer = self.post_layer(text)
                if name != "many documents":
                    self.assertEqual(answer.status, 400, answer)
                self.assert_healthy()
        self.assertEqual(self.daemon.get("/v1/plan?format=yaml").result, plan)
        self.assert_grew_less(before_kib, 128 * 1024)

    def test_rubbish(self):
        for data in (b"\0" * 1000, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(500), b"\r\n" * 5000,
                     b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", os.urandom(5000)):
            status = self.status_of(data)
            self.assertTrue(status == 0 or 400 <= status < 600, (data[:20], status))
            self.assert_healthy()


if __name__ == "__main__":
    unittest.main()
