# SPDX-License-Identifier: GPL-3.0-or-later
"""The API over HTTPS, with curl, openssl and Python as clients."""

import base64
import contextlib
import hashlib
import json
import os
import ssl
import subprocess

from faults import plan_of
from file_client import CONTENT_TYPE, files_url, parts_of, upload_body
from harness import Response, exchange
from https_client import REQUEST, HttpsCase, openssl
from test_exec import Exec

PLAN = plan_of({"one": "sleep 1000"})


class PythonTest(HttpsCase):
    def setUp(self):
        super().setUp()
        self.daemon.layer("001-test.yaml", PLAN)
        self.start()
        self.admin = self.client()

    def test_access_is_that_of_the_certificate(self):
        reader, stranger = self.client("reader", "read"), self.client("stranger", None)
        for client, reads, changes in ((self.admin, 200, 202), (reader, 200, 401), (stranger, 401, 401)):
            self.assertEqual(client.get("/v1/health").status, 200)
            self.assertEqual(client.get("/v1/services").status, reads)
            self.assertEqual(client.post("/v1/services", {"action": "restart", "services": ["one"]}).status, changes)
        self.assertEqual(reader.get("/v1/system-info").result["https-address"], f"127.0.0.1:{self.port}")

    def test_services(self):
        self.assertEqual(self.admin.services("start", "one")["status"], "Done")
        self.admin.wait_service("one", "active")
        self.assertEqual(self.admin.services("stop", "one")["status"], "Done")
        self.assertEqual(self.admin.service("one")["current"], "inactive")

    def test_many_requests_on_a_connection(self):
        connection = self.admin.connection()
        for _ in range(200):
            self.assertEqual(exchange(connection, "GET", "/v1/services?names=one").result[0]["name"], "one")
        connection.close()

    def exec(self, command, **options):
        session = Exec(self.admin, command, **options)
        self.addCleanup(session.close)
        return session

    def test_exec(self):
        session = self.exec("cat; echo err >&2; exit 42", **{"split-stderr": True})
        session.stdio.send(b"in")
        session.end()
        self.assertEqual(session.result(), ("Done", 42, ""))
        self.assertEqual((session.out.wait(), session.err.wait()), (b"in", b"err\n"))
        self.assertEqual(session.out.close, b"\x03\xe8")

    def test_exec_of_megabytes_both_ways(self):
        data = os.urandom(1 << 20) * 8
        session = self.exec(["cat"])
        session.stdio.send(data)
        session.end()
        self.assertEqual(session.result(), ("Done", 0, ""))
        self.assertTrue(session.out.wait() == data)

    def test_exec_with_signal_and_terminal(self):
        session = self.exec("stty size; trap 'echo caught; exit 7' USR1; echo up; while :; do sleep 0.02; done", terminal=True,
                            interactive=True, width=90, height=20)
        session.out.until(b"up")
        session.control.send(json.dumps({"command": "signal", "signal": {"name": "SIGUSR1"}}))
        self.assertEqual(session.result(), ("Done", 7, ""))
        self.assertEqual(session.out.wait(), b"20 90\r\nup\r\ncaught\r\n")

    def test_loss_of_control_kills(self):
        session = self.exec("trap '' HUP TERM; echo $$; while :; do sleep 0.02; done")
        session.out.until(b"\n")
        session.control.close()
        self.assertEqual(session.result(), ("Done", 137, ""))

    def test_followed_log(self):
        """All lines, in order, over a connection that stays open; the service waits for the reader now and then."""
        rounds, lines_each = 20, 500
        self.daemon.script("count", f"for i in $(seq {rounds}); do while [ ! -e {self.daemon.path('gate-')}$i ]; do sleep 0.01; done; "
                                    f"seq -f $i-%g {lines_each}; done; exec sleep 1000\n")
        self.admin.add_layer("count", plan_of({"count": self.daemon.path("count")}))
        self.admin.services("start", "count")
        connection = self.admin.connection()
        connection.request("GET", "/v1/logs?follow=true&services=count")
        lines = connection.getresponse()
        self.assertEqual(lines.status, 200)
        for i in range(1, rounds + 1):
            self.daemon.file(f"gate-{i}")
            for number in range(1, lines_each + 1):
                self.assertEqual(json.loads(lines.readline().lstrip(b"\x1e"))["message"], f"{i}-{number}")
        connection.close()

    def test_long_poll(self):
        change = self.admin.post("/v1/services", {"action": "start", "services": ["one"]}).change
        self.assertTrue(self.admin.wait_change(change)["ready"])

    def test_large_file_both_ways(self):
        content, path = os.urandom(1 << 20) * 24, self.daemon.path("large")
        answer = self.admin.post("/v1/files", upload_body(path, content), headers={"Content-Type": CONTENT_TYPE})
        self.assertEqual((answer.status, answer.result), (200, [{"path": path}]))
        with open(path, "rb") as file:
            self.assertTrue(file.read() == content)
        answer = self.admin.get(files_url("read", path), headers={"Accept": "multipart/form-data"})
        self.assertTrue(parts_of(answer)[0][1] == content)


class CurlTest(HttpsCase):
    def setUp(self):
        super().setUp()
        self.daemon.layer("001-test.yaml", PLAN)
        self.start()
        self.admin = self.client()

    def curl(self, path, *options):
        """The response to a request by curl, over a connection that it can verify no further than this client can."""
        head, body = self.daemon.path("head"), self.daemon.path("body")
        done = subprocess.run(
            ["curl", "--silent", "--show-error", "--insecure", "--noproxy", "*", "--max-time", "120",
             "--cert", self.admin.certificate.path, "--key", self.admin.certificate.key_path, "--dump-header", head, "--output", body,
             *options, f"https://127.0.0.1:{self.port}{path}"],
            capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        heads = self.daemon.read("head").split("\r\n\r\n")  # 100 Continue may be before it
        lines = heads[-2].split("\r\n")
        with open(body, "rb") as file:
            return Response(int(lines[0].split()[1]), [line.split(": ", 1) for line in lines[1:]], file.read())

    def test_services(self):
        self.assertEqual(self.curl("/v1/health").result, {"healthy": True})
        answer = self.curl("/v1/services", "--json", '{"action": "start", "services": ["one"]}')
        self.assertEqual(answer.status, 202)
        self.assertEqual(self.curl(f"/v1/changes/{answer.change}/wait").result["status"], "Done")
        self.assertEqual(self.curl("/v1/services").result[0]["current"], "active")

    def test_large_file_both_ways(self):
        content, path = os.urandom(1 << 20) * 24, self.daemon.path("large")
        source = self.daemon.file("source", content)
        request = json.dumps({"action": "write", "files": [{"path": path}]})
        answer = self.curl("/v1/files", "--form-string", f"request={request}", "--form", f"files=@{source};filename={path}")
        self.assertEqual((answer.status, answer.result), (200, [{"path": path}]))
        with open(path, "rb") as file:
            self.assertTrue(file.read() == content)
        answer = self.curl(files_url("read", path), "--header", "Accept: multipart/form-data")
        self.assertTrue(parts_of(answer)[0][1] == content)


class TlsTest(HttpsCase):
    def setUp(self):
        super().setUp()
        self.start()
        self.stranger = self.client("stranger", None)

    def s_client(self, *options, stdin=REQUEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")):
        """What `openssl s_client` prints, with or without success."""
        certificate = self.stranger.certificate
        done = subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{self.port}", "-cert", certificate.path, "-key", certificate.key_path,
             "-ign_eof", *options],
            input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False)
        return done.stdout.decode(errors="replace")

    def test_session(self):
        text = self.s_client("-alpn", "h2,http/1.1", "-msg")
        self.assertIn("HTTP/1.1 200 OK", text)
        self.assertIn("New, TLSv1.3,", text)
        self.assertIn("ALPN protocol: http/1.1", text)
        self.assertIn("Early data was not sent", text)
        self.assertIn("close_notify", text)
        self.assertNotIn("NewSessionTicket", text)
        self.assertNotIn("Session Ticket arrived", text)

    def test_no_session_can_be_resumed(self):
        session = self.daemon.path("session")
        self.assertIn("HTTP/1.1 200", self.s_client("-sess_out", session))
        self.assertFalse(os.path.exists(session), "the server has sent a ticket")
        with self.stranger.open() as sock:
            sock.sendall(REQUEST)
            self.assertTrue(sock.recv(1000).startswith(b"HTTP/1.1 200"))
            self.assertFalse(sock.session.has_ticket)

    def test_only_version_1_3(self):
        for option in ("-tls1", "-tls1_1", "-tls1_2"):
            text = self.s_client(option, "-cipher", "ALL:@SECLEVEL=0")
            self.assertIn("alert protocol version", text)
            self.assertNotIn("HTTP/1.1", text)
        self.daemon.wait_log("TLS handshake with 127.0.0.1:[0-9]+ failed: tls: client offered only unsupported versions")
        with self.stranger.open() as sock:
            self.assertEqual((sock.version(), sock.selected_alpn_protocol()), ("TLSv1.3", "http/1.1"))

    def test_protocols(self):
        self.assertIn("HTTP/1.1 200", self.s_client())
        self.assertIn("No ALPN negotiated", self.s_client())
        self.assertIn("HTTP/1.1 200", self.s_client("-alpn", "http/1.1"))
        self.assertIn("alert no application protocol", self.s_client("-alpn", "h2"))

    def test_renegotiation(self):
        """Version 1.3 has none, and an older one cannot be negotiated: another ClientHello ends the connection."""
        begun = ssl.MemoryBIO()
        with self.assertRaises(ssl.SSLWantReadError):
            ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), begun, server_hostname="x").do_handshake()
        answer = b""
        with self.stranger.open() as sock:
            sock.sendall(REQUEST)
            while b"\r\n\r\n" not in answer:
                answer += sock.recv(1000)
            os.write(sock.fileno(), begun.read())
            with contextlib.suppress(ssl.SSLError, ConnectionError):
                while (piece := sock.recv(1000)) != b"":
                    answer += piece
        self.assertEqual(answer.count(b"HTTP/1.1 200"), 1)
        self.assertEqual(self.daemon.get("/v1/health").status, 200)

    def test_chain(self):
        """Two certificates: the first is signed with the key of the second, which is in identity.pem."""
        text = self.s_client("-showcerts")
        end = "-----END CERTIFICATE-----\n"
        chain = [part[part.index("-----BEGIN"):] + end for part in text.split(end)[:-1]]
        self.assertEqual(len(chain), 2)
        self.assertEqual(chain[1], self.daemon.read("pebble/tls/identity.pem"))
        leaf = ssl.PEM_cert_to_DER_cert(chain[0])
        paths = [self.daemon.path(name) for name in ("leaf", "signed", "signature", "signer")]
        self.daemon.file("leaf", leaf)
        self.daemon.file("signature", leaf[-64:])
        self.daemon.file("signer", openssl("x509", "-noout", "-pubkey", stdin=chain[1].encode()))
        openssl("asn1parse", "-inform", "DER", "-in", paths[0], "-strparse", "4", "-noout", "-out", paths[1])
        openssl("pkeyutl", "-verify", "-pubin", "-inkey", paths[3], "-rawin", "-in", paths[1], "-sigfile", paths[2])

    def test_fingerprint(self):
        """The log has that of the identity key, with which clients recognise the daemon."""
        key = openssl("pkey", "-in", self.daemon.path("pebble/identity/key.pem"), "-pubout", "-outform", "DER")[-32:]
        fingerprint = base64.b32encode(hashlib.sha384(key).digest()).decode().rstrip("=")
        self.assertEqual(len(self.daemon.log_lines(f"Identity fingerprint: {fingerprint}$")), 1)
        certificate = self.stranger.certificate
        done = self.daemon.cli("health", env={
            "PEBBLE_BASEURL": f"https://127.0.0.1:{self.port}", "PEBBLE_SERVER_FINGERPRINT": fingerprint,
            "PEBBLE_CLIENT_CERT": certificate.path, "PEBBLE_CLIENT_KEY": certificate.key_path})
        self.assertEqual((done.returncode, done.stdout), (0, "healthy\n"), done.stderr)

    def test_number_of_client_certificates(self):
        certificate = self.stranger.certificate
        self.assertIn("alert certificate required", self.without_certificate())
        self.assertIn("alert", self.s_client("-cert_chain", self.certificate("more").path))
        self.daemon.wait_log("tls: client didn't provide a certificate")
        self.daemon.wait_log("tls: expected one client certificate")
        self.assertIn("HTTP/1.1 200", self.s_client("-cert", certificate.path))

    def without_certificate(self):
        done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{self.port}", "-ign_eof"], input=REQUEST,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False)
        return done.stdout.decode(errors="replace")
