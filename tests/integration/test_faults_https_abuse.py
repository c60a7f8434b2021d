# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients that abuse a connection over HTTPS: wrong records, nothing read, key updates without end."""

import ctypes
import ctypes.util
import os
import socket
import threading
import unittest

from faults import plan_of, rss_kib
from harness import wait_until
from https_client import REQUEST, ConnectionCase
from test_exec import Exec


class RecordsTest(ConnectionCase):
    """Bytes on an open connection that are not what TLS expects."""

    def test_they_end_the_connection(self):
        hello = self.hello(self.admin)
        for data in (hello, b"\x16\x03\x03\0\4\0\0\0\0", b"\x17\x03\x03\0\x20" + b"x" * 32, b"\x17\x03\x03\xff\xff", b"\x15\3\3\0\2\1\x64",
                     b"\x14\3\3\0\1\1", REQUEST, b"\0" * 1000):
            with self.subTest(data[:10]):
                handshake, sock = self.shake_hands()
                sock.sendall(handshake.encrypt(REQUEST))
                self.assertTrue(sock.recv(65536))
                sock.sendall(data)
                self.assert_closed(sock)
        self.assert_healthy(self.admin)

    def test_a_record_that_does_not_end(self):
        """It holds its memory, and nobody up."""
        before_kib = rss_kib(self.pid)
        for _ in range(200):
            sock = self.open()
            socket.socket.send(socket.socket(fileno=os.dup(sock.fileno())), b"\x17\x03\x03\x40\x11" + b"x" * 16000)
        self.assert_healthy(self.admin)
        self.assert_grew_less(before_kib, 16 * 1024)

    def test_a_replayed_record(self):
        handshake, sock = self.shake_hands()
        body = b'{"action":"start","services":["one"]}'
        record = handshake.encrypt(b"POST /v1/services HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        sock.sendall(record + record)
        self.assert_closed(sock)
        self.assertLessEqual(len(self.daemon.get("/v1/changes?select=all").result), 1)


class SlowReaderTest(ConnectionCase):
    def test_responses_that_nobody_reads(self):
        services = {f"service-{number}": {"command": "sleep 1000", "summary": "x" * 400} for number in range(2500)}
        self.admin.add_layer("large", plan_of(services))
        request = b"GET /v1/plan?format=yaml HTTP/1.1\r\nHost: x\r\n\r\n"
        plan = self.admin.get("/v1/plan?format=yaml").body
        self.assertGreater(len(plan), 1 << 20)
        before_kib = rss_kib(self.pid)
        for number in range(60):
            self.open().sendall(request * 50)
            if number % 10 == 0:
                self.assert_healthy()
        self.assert_healthy(self.admin)
        # There are 3,000 responses.
        self.assert_grew_less(before_kib, 400 * 1024)
        sock, received = self.socks[-1], 0
        while received < 3 * len(plan):
            piece = sock.recv(100000)
            self.assertTrue(piece)
            received += len(piece)

    def test_stalled_followers(self):
        self.admin.add_layer("flood", plan_of({"flood": "yes a line of a flood that does not end"}))
        self.admin.services("start", "flood")
        wait_until(lambda: len(self.daemon.get("/v1/logs?n=-1").body) > 100000, what="the first lines")
        before_kib = rss_kib(self.pid)
        for _ in range(20):
            self.open().sendall(b"GET /v1/logs?follow=true HTTP/1.1\r\nHost: x\r\n\r\n")
        for _ in range(20):
            self.assert_healthy()
        self.assert_healthy(self.admin)
        self.assert_grew_less(before_kib, 32 * 1024)
        # A reader that continues gets a mark for the lost lines.
        self.receive_until(self.socks[0], b"(... output truncated ...)")

    def test_commands_whose_output_nobody_reads(self):
        before_kib = rss_kib(self.pid)
        sessions = [Exec(self.admin, ["head", "-c", "20000000", "/dev/zero"], reads=False) for _ in range(5)]
        for _ in range(20):
            self.assert_healthy(self.admin)
        self.assert_grew_less(before_kib, 8 * 1024)
        for session in sessions:
            session.read()
        for session in sessions:
            self.assertEqual(session.result()[:2], ("Done", 0))
            self.assertEqual(len(session.out.wait()), 20000000)
            session.close()


class LibraryClient:
    """A client that uses OpenSSL without the ssl module, which has no key updates."""

    def __init__(self, client):
        path = ctypes.util.find_library("ssl")
        if path is None:
            raise unittest.SkipTest("there is no libssl for Python")
        self.library = ctypes.CDLL(path)
        for name in ("TLS_client_method", "SSL_CTX_new", "SSL_new"):
            getattr(self.library, name).restype = ctypes.c_void_p
        context = self.call("SSL_CTX_new", self.call("TLS_client_method"))
        for name, file in (("certificate", client.certificate.path), ("PrivateKey", client.certificate.key_path)):
            self.check(f"SSL_CTX_use_{name}_file", context, file.encode(), 1)
        self.sock = socket.create_connection(("127.0.0.1", client.port))
        self.ssl = self.call("SSL_new", context)
        self.call("SSL_CTX_free", context)
        self.check("SSL_set_fd", self.ssl, self.sock.fileno())
        self.check("SSL_connect", self.ssl)

    def call(self, name, *arguments):
        return getattr(self.library, name)(*[ctypes.c_void_p(a) if isinstance(a, int) and a > 1 << 16 else a for a in arguments])

    def check(self, name, *arguments):
        if self.call(name, *arguments) <= 0:
            raise ConnectionError(f"{name} failed")

    def update_key(self):
        """Sends a key update that asks for another one."""
        self.check("SSL_key_update", self.ssl, 1)
        self.check("SSL_do_handshake", self.ssl)

    def write(self, data):
        self.check("SSL_write", self.ssl, data, len(data))

    def read(self):
        buffer = ctypes.create_string_buffer(65536)
        self.check("SSL_read", self.ssl, buffer, len(buffer))
        return buffer.value

    def close(self):
        self.call("SSL_free", self.ssl)
        self.sock.close()


class KeyUpdateTest(ConnectionCase):
    def library_client(self):
        client = LibraryClient(self.admin)
        self.addCleanup(client.close)
        return client

    def test_some(self):
        client = self.library_client()
        for _ in range(10):
            client.update_key()
        client.write(REQUEST)
        self.assertTrue(client.read().startswith(b"HTTP/1.1 200"))

    def test_too_many(self):
        """They are work for the daemon, and nothing else."""
        client = self.library_client()
        with self.assertRaises(ConnectionError):
            for _ in range(50):
                client.update_key()
            client.write(REQUEST)
            client.read()
        self.assert_healthy(self.admin)

    def test_floods(self):
        clients, before_kib = [self.library_client() for _ in range(20)], rss_kib(self.pid)

        def flood(client):
            try:
                for _ in range(1000000):
                    client.update_key()
            except ConnectionError:
                pass
        threads = [threading.Thread(target=flood, args=(client,)) for client in clients]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            self.assert_healthy()
        for thread in threads:
            thread.join()
        self.assert_healthy(self.admin)
        self.assert_grew_less(before_kib, 8 * 1024)
