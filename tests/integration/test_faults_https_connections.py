# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections over HTTPS that misbehave after the handshake, and whose identity or certificate ends."""

import ctypes
import ctypes.util
import json
import os
import socket
import ssl
import threading
import time
import unittest

from faults import children, has_test_clock, plan_of, rss_kib
from file_client import CONTENT_TYPE, upload_body, upload_head
from harness import exchange, is_sanitized, wait_until
from https_client import HEAD, REQUEST, Handshake, HttpsCase, HttpsClient, make_short_certificate
from test_exec import Exec

ONE = plan_of({"one": "sleep 1000"})


class ConnectionCase(HttpsCase):
    def setUp(self):
        super().setUp()
        self.daemon.layer("001-test.yaml", ONE)
        self.start()
        self.admin = self.client()
        self.assert_healthy(self.admin)

    def open(self, client=None):
        sock = (client or self.admin).open()
        self.socks.append(sock)
        return sock

    def shake_hands(self):
        """A connection whose bytes the test has in its hands."""
        handshake, sock = Handshake(self.admin), self.tcp()
        data, is_complete = handshake.step()
        while not is_complete:
            sock.sendall(data)
            data, is_complete = handshake.step(sock.recv(65536))
        sock.sendall(data)
        return handshake, sock

    def receive_until(self, sock, text, data=b""):
        while text not in data:
            piece = sock.recv(65536)
            self.assertTrue(piece, data[-1000:])
            data += piece
        return data

    def assert_ended_in_order(self, sock):
        """close_notify has come: an end without it would be an error."""
        while sock.recv(65536):
            pass


class RequestsTest(ConnectionCase):
    def test_pipelining(self):
        sock, count = self.open(), 500
        sock.sendall(b"".join(b"GET /v1/services?names=%d HTTP/1.1\r\nHost: x\r\n\r\n" % number for number in range(count)) +
                     HEAD + b"Connection: close\r\n\r\n")
        data = b""
        while piece := sock.recv(65536):
            data += piece
        self.assertEqual(data.count(b"HTTP/1.1 200 OK"), count + 1)

    def test_byte_by_byte(self):
        """Each in a record of its own."""
        sock = self.open()
        for byte in REQUEST:
            sock.sendall(bytes([byte]))
        self.receive_until(sock, b"200 OK")

    def test_smuggling_and_bad_requests(self):
        for data, status in ((b"GET / HTTP/1.1\r\n\r\n", b"400"), (b"\0" * 100 + b"\r\n\r\n", b"400"), (b"GET / HTTP/2.0\r\n\r\n", b"505"),
                             (HEAD + b"X: " + b"x" * (2 << 20) + b"\r\n\r\n", b"431")):
            sock = self.open()
            try:
                sock.sendall(data)
            except OSError:
                pass  # refused before all was sent
            self.assertEqual(sock.recv(65536)[9:12], status)
        self.assert_healthy(self.admin)

    def test_end_in_order(self):
        sock = self.open()
        sock.sendall(REQUEST + HEAD + b"Connection: close\r\n\r\n")
        self.assert_ended_in_order(sock)

    def test_client_ends_its_side(self):
        """close_notify of the client while it waits for a response, which it gets."""
        handshake, sock = self.shake_hands()
        data = handshake.encrypt(REQUEST)
        self.assertRaises(ssl.SSLWantReadError, handshake.tls.unwrap)
        sock.sendall(data + handshake.outgoing.read())
        while piece := sock.recv(65536):
            handshake.incoming.write(piece)
        self.assertTrue(handshake.tls.read(1000).startswith(b"HTTP/1.1 200"))


class CutTest(ConnectionCase):
    """The client goes away without close_notify."""

    def check_cut(self, data, how):
        before = self.count_descriptors()
        for _ in range(10):
            sock = self.admin.open()
            sock.sendall(data)
            if how == "reset":
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            elif how == "half":
                socket.socket.shutdown(sock, socket.SHUT_WR)
                self.assert_closed(sock)
            sock.close()
        self.assert_given_back(before)
        self.assert_healthy(self.admin)

    def test_in_every_part_of_a_request(self):
        body = b'{"action":"start","services":["one"]}'
        post = b"POST /v1/services HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)
        for data in (b"", HEAD, post, post + body[:10], REQUEST, REQUEST + HEAD):
            for how in ("close", "half", "reset"):
                with self.subTest(data=data[:20], how=how):
                    self.check_cut(data, how)
        self.assertEqual(self.daemon.service("one")["current"], "inactive")

    def test_while_the_request_waits(self):
        change = self.admin.post("/v1/services", {"action": "start", "services": ["one"]}).change
        self.assertEqual(self.admin.wait_change(change)["status"], "Done")
        for path in ("/v1/logs?follow=true", "/v1/notices?timeout=1000s&after=2100-01-01T00:00:00Z"):
            for how in ("close", "half", "reset"):
                with self.subTest(path=path, how=how):
                    self.check_cut(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode(), how)

    def test_upload(self):
        """The file that was there stays."""
        path = self.daemon.file("target", "old")
        body = upload_body(path, b"new" * 100000)
        before = self.count_descriptors()
        for end in (len(body) // 2, len(body) - 100):
            sock = self.admin.open()
            sock.sendall(upload_head(len(body)) + body[:end])
            sock.close()
        self.assert_given_back(before)
        self.assertEqual((self.daemon.read("target"), [n for n in os.listdir(self.daemon.dir) if n.startswith("target")]), ("old", ["target"]))
        answer = self.admin.post("/v1/files", body, headers={"Content-Type": CONTENT_TYPE})
        self.assertEqual(answer.status, 200)
        self.assertEqual(len(self.daemon.read("target")), 300000)

    def test_exec(self):
        """The loss of the control websocket kills the command."""
        session = Exec(self.admin, "trap '' HUP TERM; echo up; while :; do sleep 0.02; done")
        session.out.until(b"up")
        socket.socket.shutdown(session.control.sock.sock, socket.SHUT_WR)
        self.assertEqual(session.result(), ("Done", 137, ""))
        session.close()
        wait_until(lambda: len(children(self.pid)) == 0, what="the command to be reaped")


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


class IdentityTest(ConnectionCase):
    def test_removed_on_an_open_connection(self):
        connection, follower = self.admin.connection(), self.open()
        self.assertEqual(exchange(connection, "GET", "/v1/services").status, 200)
        follower.sendall(b"GET /v1/logs?follow=true HTTP/1.1\r\nHost: x\r\n\r\n")
        self.receive_until(follower, b"200 OK")
        sock = connection.sock
        self.remove_identity("admin")
        self.assertEqual(exchange(connection, "GET", "/v1/services").status, 401)
        self.assertEqual(exchange(connection, "GET", "/v1/health").status, 200)
        self.add_identity("admin", self.admin.certificate, "read")
        self.assertEqual(exchange(connection, "GET", "/v1/services").status, 200)
        self.assertEqual(exchange(connection, "POST", "/v1/services", {"action": "replan"}).status, 401)
        self.assertIs(connection.sock, sock, "the connection was opened again")
        connection.close()

    def test_replaced_certificate(self):
        """The identity has another certificate now; the old one is a stranger's."""
        connection, new = self.admin.connection(), self.certificate("new")
        self.assertEqual(exchange(connection, "GET", "/v1/services").status, 200)
        self.add_identity("admin", new)
        self.assertEqual(exchange(connection, "GET", "/v1/services").status, 401)
        self.assertEqual(HttpsClient(self.port, new).get("/v1/services").status, 200)
        connection.close()

    def test_expired(self):
        """An expired certificate, and one that is not valid yet: the connection stands, the identity does not count."""
        now_s = time.time()
        for name, begin_s, end_s in (("old", now_s - 7200, now_s - 3600), ("early", now_s + 3600, now_s + 7200)):
            certificate = make_short_certificate(self.daemon.dir, name, begin_s, end_s)
            self.add_identity(name, certificate)
            client = HttpsClient(self.port, certificate)
            self.assertEqual([client.get(path).status for path in ("/v1/health", "/v1/services")], [200, 401])
            line, = self.daemon.wait_log(f"authz_fail:{name}")
            self.assertIn("x509: certificate has expired or is not yet valid", line)
            self.assertIn("WARN", line)

    def test_expires_on_an_open_connection(self):
        for lifetime_s in (2, 20, 60):
            name = f"short-{lifetime_s}"
            certificate = make_short_certificate(self.daemon.dir, name, time.time() - 60, time.time() + lifetime_s)
            self.add_identity(name, certificate)
            connection = HttpsClient(self.port, certificate).connection()
            if exchange(connection, "GET", "/v1/services").status == 200:
                break
            connection.close()  # the machine is slow
        sock = connection.sock
        wait_until(lambda: exchange(connection, "GET", "/v1/services").status == 401, lifetime_s + 20, "the certificate to expire")
        self.assertEqual(exchange(connection, "GET", "/v1/health").status, 200)
        self.assertIs(connection.sock, sock, "the connection was opened again")
        self.daemon.wait_log(f"authz_fail:{name}")
        connection.close()


class LeafTest(HttpsCase):
    def setUp(self):
        super().setUp()
        if not has_test_clock():
            self.skipTest("the program was built without the test seams")
        self.daemon.env["PEBBLE_TEST_CLOCK"] = self.daemon.file("clock", "0")
        self.start()
        self.stranger = self.client("stranger", None)

    def test_renewed_without_dropping_connections(self):
        connection = self.stranger.connection()
        leaves = []
        for seconds in (0, 600, 2400, 86400, -86400):
            self.daemon.file("clock.new", str(seconds))
            os.rename(self.daemon.path("clock.new"), self.daemon.path("clock"))
            with self.stranger.open() as sock:
                leaves.append(sock.getpeercert(True))
            self.assertEqual(exchange(connection, "GET", "/v1/health").status, 200)
        self.assertEqual(leaves[0], leaves[1])
        self.assertEqual(len(set(leaves)), 4)
        self.assertEqual(ssl.DER_cert_to_PEM_cert(connection.sock.getpeercert(True)), ssl.DER_cert_to_PEM_cert(leaves[0]))
        connection.close()


class ShutdownTest(ConnectionCase):
    def test_connections_in_all_phases(self):
        idle, used, head, body, follower = [self.open() for _ in range(5)]
        used.sendall(REQUEST)
        self.receive_until(used, b"200 OK")
        head.sendall(HEAD)
        body.sendall(b"POST /v1/services HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
        follower.sendall(b"GET /v1/logs?follow=true HTTP/1.1\r\nHost: x\r\n\r\n")
        self.receive_until(follower, b"200 OK")
        session = Exec(self.admin, "echo up; exec sleep 1000", reads=True)
        session.out.until(b"up")
        stalled = [self.tcp() for _ in range(10)]
        for sock in stalled[5:]:
            sock.sendall(self.hello(self.admin))
        self.assert_healthy(self.admin)
        self.assertEqual(self.daemon.stop(), 0)
        self.assert_ended_in_order(idle)
        self.assert_ended_in_order(used)
        session.out.wait()
        session.close()
        for sock in (head, body, follower, *stalled):
            try:
                self.assert_closed(sock)
            except ssl.SSLError:
                pass  # in the middle of a request, without close_notify
        self.assertEqual(self.daemon.leftovers(), [])

    def test_request_that_is_being_handled(self):
        """It gets its response, and the connection its end."""
        sock = self.open()
        self.daemon.script("slow", "trap : TERM\nsleep 1000 &\nwait\nsleep 0.5\n")
        self.admin.add_layer("slow", plan_of({"slow": self.daemon.path("slow")}))
        self.assertEqual(self.admin.services("start", "slow")["status"], "Done")
        change = self.admin.post("/v1/services", {"action": "stop", "services": ["slow"]}).change
        sock.sendall(f"GET /v1/changes/{change}/wait HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        self.assertEqual(self.daemon.stop(), 0)
        data = self.receive_until(sock, b'"ready":true')
        self.assertEqual(json.loads(data.split(b"\r\n\r\n", 1)[1])["result"]["status"], "Done")
        self.assert_ended_in_order(sock)
