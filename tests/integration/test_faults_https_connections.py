# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections over HTTPS that misbehave after the handshake, and whose identity or certificate ends."""

import json
import os
import socket
import ssl
import time

from faults import children, has_test_clock, plan_of
from file_client import CONTENT_TYPE, upload_body, upload_head
from harness import exchange, wait_until
from https_client import HEAD, REQUEST, ConnectionCase, HttpsCase, HttpsClient, make_short_certificate
from test_exec import Exec


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
        self.assertEqual(self.daemon.read("target"), "old")
        self.assertEqual([name for name in os.listdir(self.daemon.dir) if "target" in name], ["target"])
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
        wait_until(lambda: exchange(connection, "GET", "/v1/services").status == 401, what="the certificate to expire")
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
