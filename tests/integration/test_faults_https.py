# SPDX-License-Identifier: GPL-3.0-or-later
"""Handshakes of TLS that stall, are cut, too many or wrong: refused, logged, and others are served."""

import resource
import ssl
import subprocess
import time

from faults import limited, need_descriptors, rss_kib
from harness import is_sanitized, wait_until
from https_client import HEAD, REQUEST, Certificate, Handshake, HttpsCase, HttpsClient, openssl, tls_context

CLOSE_NOTIFY = bytes.fromhex("15030300020100")


class HandshakeCase(HttpsCase):
    def setUp(self):
        super().setUp()
        self.start()
        self.stranger = self.client("stranger", None)
        self.assert_healthy(self.stranger)
        self.before = self.count_descriptors()

    def flights(self):
        """What this client sends in a handshake with the daemon, one piece per flight, and the last connection."""
        handshake, sock, sent = Handshake(self.stranger), self.tcp(), []
        data, is_complete = handshake.step()
        while not is_complete:
            sent.append(data)
            sock.sendall(data)
            data, is_complete = handshake.step(sock.recv(65536))
        return sent + [data]

    def refused(self, certificate, words=None):
        """No request with this certificate gets a response, and the log has the reason."""
        self.assertTrue(HttpsClient(self.port, certificate).refuses())
        if words is not None:
            self.daemon.wait_log(f"TLS handshake with 127.0.0.1:[0-9]+ failed: .*{words}")
        self.assert_healthy(self.stranger)


class StallTest(HandshakeCase):
    def test_each_phase_times_out(self):
        """The time limit is 10 s for the whole handshake, however slowly bytes come."""
        hello = self.hello(self.stranger)
        stalled = [self.tcp(60) for _ in range(4)]
        for sock, beginning in zip(stalled, (b"", hello[:3], hello[:100], hello)):
            sock.sendall(beginning)
        # This one never stalls for long.
        slow = self.tcp(60)
        slow.settimeout(0.2)
        for byte in hello:
            try:
                slow.sendall(bytes([byte]))
                if not slow.recv(1):
                    break
            except TimeoutError:
                pass
            except ConnectionError:
                break
        else:
            self.fail("the handshake took more than 10 s, and was not cut off")
        for sock in stalled:
            self.assert_closed(sock)
        self.daemon.wait_log("TLS handshake with .* failed: timed out", count=5)
        self.assert_healthy(self.stranger)
        self.assert_given_back(self.before)

    def test_five_hundred_at_once(self):
        """They are neither in the way of others nor a burden on memory: 256 are begun, the rest waits in the queue."""
        need_descriptors(self, 1200)
        before_kib, hello = rss_kib(self.pid), self.hello(self.stranger)
        for i in range(500):
            self.tcp().sendall(hello if i % 2 else hello[:100])
            if i % 50 == 0:
                self.assert_healthy()
        self.assert_healthy()
        self.assertLessEqual(self.count_descriptors(), self.before + 256 + 2)
        self.assert_healthy(self.stranger)
        self.assertLessEqual(self.count_descriptors(), self.before + 256 + 2)
        self.assert_grew_less(before_kib, 32 * 1024)
        for sock in self.socks:
            sock.close()
        self.assert_given_back(self.before)

    def test_a_connection_that_is_open_goes_on(self):
        connection = self.stranger.connection()
        connection.request("GET", "/v1/health")
        self.assertEqual(connection.getresponse().read()[:1], b"{")
        for _ in range(300):
            self.tcp()
        connection.request("GET", "/v1/health")
        self.assertEqual(connection.getresponse().status, 200)
        connection.close()

    def test_shutdown(self):
        hello = self.hello(self.stranger)
        for i in range(100):
            self.tcp().sendall((b"", hello[:100], hello)[i % 3])
        self.assert_healthy()
        self.assertEqual(self.daemon.stop(), 0)
        for sock in self.socks:
            self.assert_closed(sock)

    def test_few_descriptors(self):
        self.daemon.stop()
        self.start(preexec_fn=limited((resource.RLIMIT_NOFILE, 100, 100)))
        client = HttpsClient(self.port, self.stranger.certificate)
        for _ in range(200):
            self.tcp()
        for _ in range(10):
            self.assert_healthy()
        self.assertEqual(self.daemon.cli("services").returncode, 0)
        self.assert_healthy(client)
        for sock in self.socks:
            sock.close()
        self.assert_healthy(client)


class CutTest(HandshakeCase):
    def test_hello_at_each_byte(self):
        hello = self.hello(self.stranger)
        for length in range(len(hello)):
            sock = self.tcp()
            sock.sendall(hello[:length])
            sock.close()
        self.assert_given_back(self.before)
        self.assert_healthy(self.stranger)

    def test_second_flight_at_each_byte(self):
        length = len(self.flights()[1])
        for end in range(0, length, 1 if not is_sanitized() else 7):
            handshake, sock = Handshake(self.stranger), self.tcp()
            sock.sendall(handshake.step()[0])
            data, is_complete = b"", False
            while not is_complete:
                data, is_complete = handshake.step(sock.recv(65536))
            sock.sendall(data[:end])
            sock.close()
        self.socks.clear()
        self.assert_given_back(self.before)
        self.assert_healthy(self.stranger)

    def test_half_closed(self):
        """The end of the input in the middle is a failure at once."""
        for length in (0, 1, 5, 100):
            sock = self.tcp()
            sock.sendall(self.hello(self.stranger)[:length])
            sock.shutdown(1)
            self.assert_closed(sock)
        self.daemon.wait_log("TLS handshake with .* failed: unexpected EOF", count=4)

    def test_close_notify_instead(self):
        for beginning in (b"", self.hello(self.stranger)):
            sock = self.tcp()
            sock.sendall(beginning + CLOSE_NOTIFY)
            self.assert_closed(sock)
        self.daemon.wait_log("TLS handshake with .* failed: (tls: unexpected message|ended by the client)", count=2)
        self.assert_healthy(self.stranger)

    def test_byte_by_byte(self):
        """Slow is not wrong."""
        handshake, sock = Handshake(self.stranger), self.tcp()
        sock.setsockopt(6, 1, 1)  # TCP_NODELAY
        data, is_complete = handshake.step()
        while not is_complete:
            for byte in data:
                sock.sendall(bytes([byte]))
            data, is_complete = handshake.step(sock.recv(1))
        for byte in data + handshake.encrypt(REQUEST):
            sock.sendall(bytes([byte]))
        received = b""
        while not received:
            handshake.incoming.write(sock.recv(65536))
            try:
                received = handshake.tls.read(1000)
            except ssl.SSLWantReadError:
                pass
        self.assertTrue(received.startswith(b"HTTP/1.1 200"))

    def test_changed_bytes(self):
        """One byte of the second flight is different."""
        length = len(self.flights()[1])
        for at in range(0, length, length // 20):
            handshake, sock = Handshake(self.stranger), self.tcp()
            data, is_complete = handshake.step()
            while not is_complete:
                sock.sendall(data)
                data, is_complete = handshake.step(sock.recv(65536))
            sock.sendall(data[:at] + bytes([data[at] ^ 1]) + data[at + 1:] + handshake.encrypt(REQUEST))
            sock.settimeout(60)
            handshake.incoming.write(b"")
            self.assert_closed(sock)
        self.assert_healthy(self.stranger)


class WrongTest(HandshakeCase):
    def test_older_version(self):
        client = HttpsClient(self.port, self.stranger.certificate)
        client.context.maximum_version = ssl.TLSVersion.TLSv1_2
        self.assertRaises(ssl.SSLError, client.open)
        self.daemon.wait_log("failed: tls: client offered only unsupported versions")

    def test_other_protocols(self):
        client = HttpsClient(self.port, self.stranger.certificate, protocols=["h2"])
        self.assertRaises(ssl.SSLError, client.open)
        self.daemon.wait_log("failed: tls: client requested unsupported application protocols")

    def test_no_certificate(self):
        client = HttpsClient(self.port, self.stranger.certificate)
        client.context = tls_context()
        self.assertTrue(client.refuses())
        self.daemon.wait_log("failed: tls: client didn't provide a certificate")

    def test_plain_http(self):
        self.assertEqual(self.daemon.raw(REQUEST, port=self.port), b"HTTP/1.0 400 Bad Request\r\n\r\n"
                         b"Client sent an HTTP request to an HTTPS server.\n")
        self.assertNotIn(b"200", self.daemon.raw(b"POST /v1/services HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" +
                                                 b" " * 100000, port=self.port)[:20])
        self.daemon.wait_log("failed: client sent an HTTP request to an HTTPS server", count=2)
        self.assert_healthy(self.stranger)

    def test_rubbish(self):
        hello = self.hello(self.stranger)
        record = b"\x16\x03\x01"
        for data in (b"\0" * 100000, b"\xff" * 100000, record + b"\0\0" * 1000, record + b"\xff\xff" + b"\1" * 70000,
                     record + b"\x40\0\1\xff\xff\xff" + b"\0" * 16380, b"\x17\x03\x03\0\1x" * 1000, b"\x15\x03\3\0\2\1\x5a" * 1000,
                     b"\x14\x03\3\0\1\1" * 10000, hello + hello, hello + b"\x14\x03\3\0\1\1" * 10000,
                     hello[:9] + b"\xff" * (len(hello) - 9), b"SSH-2.0-OpenSSH\r\n", HEAD):
            sock = self.tcp()
            try:
                sock.sendall(data)
                sock.shutdown(1)
            except OSError:
                pass  # closed already
            self.assert_closed(sock)
            self.assert_healthy(self.stranger)

    def test_many_certificates(self):
        """A client's certificate has up to 32 KiB, with all that is sent with it, and it is one."""
        more = [self.certificate(f"more-{number}").text for number in range(2)]
        for count in (1, 30, 250, 1000):  # 250 have more than 100 KB in base64, 1000 more than 400
            path = self.daemon.file("chain.pem", self.stranger.certificate.text + "".join(more[i % 2] for i in range(count)))
            before_kib = rss_kib(self.pid)
            chain = Certificate(path, self.stranger.certificate.key_path)
            self.refused(chain, "tls: expected one client certificate" if count <= 30 else "tls: excessive message size")
            self.assert_grew_less(before_kib, 4096)

    def test_large_certificate(self):
        """A name of 40 KB in one certificate."""
        path, key_path = self.daemon.path("large.pem"), self.daemon.path("large.key")
        config = self.daemon.file("large.cnf", "[req]\ndistinguished_name=dn\nx509_extensions=own\nprompt=no\n[dn]\nCN=large\n"
                                  "[own]\nnsComment=" + "x" * 40000 + "\n")
        openssl("req", "-x509", "-newkey", "ed25519", "-nodes", "-config", config, "-days", "1", "-keyout", key_path, "-out", path)
        self.refused(Certificate(path, key_path), "tls: excessive message size")

    def test_keys_of_other_kinds(self):
        """Certificates of all kinds that version 1.3 knows may connect; they are strangers."""
        for key in (["rsa:2048"], ["rsa:4096"], ["rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048"],
                    *(["ec", "-pkeyopt", "ec_paramgen_curve:" + curve] for curve in ("P-256", "P-384", "P-521"))):
            with self.subTest(key):
                client = self.client(key[-1].replace(":", "-"), None, key=key)
                self.assertEqual(client.get("/v1/health").status, 200)
                self.assertEqual(client.get("/v1/services").status, 401)

    def test_key_that_version_1_3_does_not_know(self):
        """A client may present it none the less."""
        certificate = self.certificate("koblitz", key=["ec", "-pkeyopt", "ec_paramgen_curve:secp256k1"])
        done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{self.port}", "-cert", certificate.path,
                               "-key", certificate.key_path], input=REQUEST, capture_output=True, timeout=60, check=False)
        self.assertNotIn(b"HTTP/1.1", done.stdout)
        self.assert_healthy(self.stranger)

    def test_malformed_certificates(self):
        """As far as OpenSSL, as a client, sends them: a time that is none, another extension, a signature, control characters."""
        path, key_path = self.stranger.certificate.path, self.stranger.certificate.key_path
        der = ssl.PEM_cert_to_DER_cert(self.stranger.certificate.text)
        usage = bytes.fromhex("0603551d25")
        for name, old, new in (("time", b"Z\x17\r", b"z\x17\r"), ("usage", usage, usage[:-1] + b"\x7f"), ("sign", der[-64:], bytes(64)),
                               ("name", b"stranger", b"\x1b[2J\r\nab")):
            with self.subTest(name):
                self.assertIn(old, der)
                path = self.daemon.file("bad.pem", ssl.DER_cert_to_PEM_cert(der.replace(old, new)))
                client = HttpsClient(self.port, Certificate(path, key_path), ciphers="DEFAULT:@SECLEVEL=0")
                if not client.refuses():
                    self.assertEqual(client.get("/v1/services").status, 401)
                self.assert_healthy(self.stranger)
        self.assertNotIn("\x1b", self.daemon.log())

    def test_log_is_not_flooded(self):
        began = time.monotonic()
        for _ in range(300):
            self.daemon.raw(b"rubbish, not TLS", port=self.port)
        wait_until(lambda: self.daemon.log_lines("TLS handshake with"), what="the first line")
        self.assert_healthy(self.stranger)
        lines, windows = self.daemon.log_lines("TLS handshake"), (time.monotonic() - began) // 10 + 1
        self.assertLessEqual(len(lines), 11 * windows)
