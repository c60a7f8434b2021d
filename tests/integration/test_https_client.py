# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands over https://, with a daemon behind a relay, and with servers that misbehave."""

import hashlib
import os
import random
import shutil
import subprocess
import unittest

from faults import plan_of
from harness import DaemonCase, program
from tls_relay import Certificates, Relay, Script

FAILED = "cannot communicate with server: Get \"{url}/v1/services?names=\": {reason}"


@unittest.skipUnless(shutil.which("openssl"), "openssl is not there")
class HttpsCase(DaemonCase):
    def setUp(self):
        super().setUp()
        self.certificates = Certificates(self.daemon.path("certificates"))
        self.certificates.make("server")
        self.servers = {}  # by URL

    def keep(self, server):
        self.addCleanup(server.close)
        self.servers[server.url] = server
        return server

    def relay(self, context=None, **options):
        return self.keep(Relay(context or self.certificates.server_context("server"), self.daemon.socket_path, **options))

    def script(self, function, context=None):
        return self.keep(Script(context or self.certificates.server_context("server"), function))

    def env(self, url, **variables):
        """Variables for commands; the server is recognized by the authority unless there is a fingerprint."""
        trust = {} if "PEBBLE_SERVER_FINGERPRINT" in variables else {"SSL_CERT_FILE": self.certificates.path("ca")}
        return {"PEBBLE_BASEURL": url, "SSL_CERT_DIR": "/nonexistent", **trust, **variables}

    def run_cli(self, server, *words, **options):
        done = self.daemon.cli(*words, env=self.env(server.url), **options)
        self.assertEqual((done.returncode, done.stderr), (0, ""), words)
        return done.stdout

    def assert_fails(self, env):
        """Runs a command that fails with its first connection, or without one; returns the message."""
        server = self.servers.get(env["PEBBLE_BASEURL"])
        before = server.accepted if server else 0
        done = self.daemon.cli("services", env=env)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertTrue(done.stderr.startswith("error: "), done.stderr)
        if not done.stderr.startswith("error: cannot create client: "):
            self.assertEqual(server.accepted - before, 1, "a failure for which no repetition helps")
        return done.stderr.removeprefix("error: ").rstrip("\n")


class CommandsTest(HttpsCase):
    """All kinds of connections: requests, streams, WebSockets."""

    def setUp(self):
        super().setUp()
        script = self.daemon.script("web", 'echo "web says hello"\nexec sleep 1000\n')
        self.daemon.layer("001-test.yaml", plan_of({"web": script}))
        self.daemon.start("--hold")

    def test_requests(self):
        relay = self.relay()
        self.assertIn("inactive", self.run_cli(relay, "services"))
        self.run_cli(relay, "start", "web")
        self.assertIn("active", self.run_cli(relay, "services", "web"))
        self.assertIn("Start service", self.run_cli(relay, "changes"))

    def test_wait_is_resumed(self):
        """The connection is cut before the response to the wait for the change."""
        class CutOnce(Relay):
            def is_cut(self, passage):
                return self.accepted == 1 and passage.responses == 2

        relay = CutOnce(self.certificates.server_context("server"), self.daemon.socket_path)
        self.addCleanup(relay.close)
        self.run_cli(relay, "start", "web")
        self.assertEqual(self.daemon.service("web")["current"], "active")
        self.assertEqual(relay.accepted, 2)

    def test_one_connection(self):
        relay = self.relay()
        self.run_cli(relay, "start", "web")  # and waits for the change
        self.assertEqual(relay.accepted, 1)

    def test_logs_are_followed(self):
        relay = self.relay(step=7)
        env = {**self.daemon.env, **self.env(relay.url)}
        self.daemon.services("start", "web")  # what has no output yet is not followed
        with subprocess.Popen([program(), "logs", "-f", "-n", "all"], stdout=subprocess.PIPE, env=env) as follower:
            try:
                self.assertIn(b"web says hello", follower.stdout.readline())
                for _ in range(3):
                    self.daemon.services("restart", "web")
                    self.assertIn(b"web says hello", follower.stdout.readline())
            finally:
                follower.kill()

    def test_byte_by_byte(self):
        relay = self.relay(step=1)
        self.assertIn("inactive", self.run_cli(relay, "services"))
        self.assertEqual(self.run_cli(relay, "exec", "--", "cat", stdin="text"), "text")

    def test_tls_1_2(self):
        context = self.certificates.server_context("server")
        context.maximum_version = context.maximum_version.TLSv1_2
        relay = self.relay(context)
        self.assertIn("inactive", self.run_cli(relay, "services"))
        self.assertEqual(self.run_cli(relay, "exec", "--", "cat", stdin="text"), "text")

    def test_exec(self):
        relay = self.relay()
        text = "".join(random.Random(1).choices("abcdefgh\n", k=3_000_000))
        done = self.daemon.cli("exec", "--", "sh", "-c", "tee /dev/stderr | tr a-h A-H; exit 7", stdin=text,
                               env=self.env(relay.url))
        self.assertEqual(done.returncode, 7)
        self.assertTrue(done.stdout == text.upper(), "standard output")
        self.assertTrue(done.stderr == text, "standard error")

    def test_files(self):
        content = random.Random(2).randbytes(20_000_000)
        local, remote, back = self.daemon.file("local", content), self.daemon.path("remote"), self.daemon.path("back")
        for step in (65536, 1000):
            with self.subTest(step):
                relay = self.relay(step=step)
                self.run_cli(relay, "push", local, remote)
                self.run_cli(relay, "pull", remote, back)
                for path in (remote, back):
                    with open(path, "rb") as file:
                        self.assertEqual(hashlib.sha256(file.read()).digest(), hashlib.sha256(content).digest())
                    os.unlink(path)


class TrustTest(HttpsCase):
    """Whom the client talks to, and with which certificate."""

    def setUp(self):
        super().setUp()
        self.daemon.start("--hold")

    def test_no_authority(self):
        relay = self.relay()
        self.certificates.make("other")
        env = self.env(relay.url, SSL_CERT_FILE=self.certificates.path("other"))
        self.assertEqual(self.assert_fails(env), FAILED.format(
            url=relay.url, reason="tls: failed to verify certificate: x509: certificate signed by unknown authority; "
            "PEBBLE_SERVER_FINGERPRINT is not set"))
        self.assertEqual(relay.accepted, 1)

    def test_no_authorities_at_all(self):
        env = self.env("https://127.0.0.1:1", SSL_CERT_FILE="/nonexistent")
        self.assertEqual(self.assert_fails(env), "cannot create client: cannot use HTTPS: the system has no certificates of "
                         "authorities, see SSL_CERT_FILE; PEBBLE_SERVER_FINGERPRINT is not set")

    def test_wrong_host(self):
        self.certificates.make("elsewhere", "DNS:elsewhere.example")
        relay = self.relay(self.certificates.server_context("elsewhere"))
        message = self.assert_fails(self.env(relay.url))
        self.assertIn("tls: failed to verify certificate: x509: ", message)
        self.assertTrue(message.endswith("; PEBBLE_SERVER_FINGERPRINT is not set"), message)

    def test_expired(self):
        self.certificates.make("old", days=-1)
        relay = self.relay(self.certificates.server_context("old"))
        reason = "tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time "
        self.assertIn(reason, self.assert_fails(self.env(relay.url)))
        self.assertIn(reason, self.assert_fails(self.env(relay.url,
                      PEBBLE_SERVER_FINGERPRINT=self.certificates.fingerprint("old"))))

    def test_fingerprint(self):
        relay = self.relay()
        right = self.certificates.fingerprint("server")
        wrong = self.certificates.fingerprint("ca")
        for text in (right, right.upper(), ":".join(right[i:i + 2] for i in range(0, 64, 2))):
            done = self.daemon.cli("services", env=self.env(relay.url, PEBBLE_SERVER_FINGERPRINT=text))
            self.assertEqual((done.returncode, done.stderr), (0, "Plan has no services.\n"))
        self.assertEqual(self.assert_fails(self.env(relay.url, PEBBLE_SERVER_FINGERPRINT=wrong)), FAILED.format(
            url=relay.url, reason="tls: failed to verify certificate: no certificate of the server has the expected "
            f"fingerprint: that of the last is {right}"))
        self.assertEqual(self.assert_fails(self.env(relay.url, PEBBLE_SERVER_FINGERPRINT="abc")),
                         "cannot create client: cannot use PEBBLE_SERVER_FINGERPRINT: invalid fingerprint \"abc\": must be 77 "
                         "letters and digits (of the identity key) or 64 hexadecimal digits (of a certificate)")

    def test_client_certificate(self):
        self.certificates.make("client", algorithm="rsa:2048")
        relay = self.relay(self.certificates.server_context("server", "ca"))
        both = {"PEBBLE_CLIENT_CERT": self.certificates.path("client"), "PEBBLE_CLIENT_KEY": self.certificates.key("client")}
        done = self.daemon.cli("services", env=self.env(relay.url, **both))
        self.assertEqual((done.returncode, done.stderr), (0, "Plan has no services.\n"))
        message = self.assert_fails(self.env(relay.url))
        self.assertEqual(message, FAILED.format(url=relay.url, reason="remote error: tls: certificate required"))
        both["PEBBLE_CLIENT_KEY"] = self.certificates.key("server")
        self.assertIn(f'cannot use PEBBLE_CLIENT_KEY: "{both["PEBBLE_CLIENT_KEY"]}": not the key of the certificate ',
                      self.assert_fails(self.env(relay.url, **both)))
        del both["PEBBLE_CLIENT_KEY"]
        self.assertEqual(self.assert_fails(self.env(relay.url, **both)),
                         "cannot create client: cannot use PEBBLE_CLIENT_CERT without PEBBLE_CLIENT_KEY")

    def test_http_instead(self):
        message = self.assert_fails(self.env("http://127.0.0.1:1",
                                             PEBBLE_SERVER_FINGERPRINT=self.certificates.fingerprint("server")))
        self.assertEqual(message, "cannot create client: cannot use PEBBLE_SERVER_FINGERPRINT without a base URL "
                                  "https://HOST:PORT")


class FaultsTest(HttpsCase):
    """Servers that cut connections or send what is wrong."""

    def answer(self, *pieces, cuts=True):
        """A server that reads a request and sends the pieces; cuts the connection, or ends it as TLS defines."""
        def serve(tls):
            tls.recv(65536)
            for piece in pieces:
                tls.sendall(piece)
            if not cuts:
                tls.unwrap()
        return self.script(serve)

    def logs(self, script):
        return self.daemon.cli("logs", env=self.env(script.url))

    def test_end_is_known(self):
        line = b'{"time":"2024-01-01T00:00:00Z","service":"a","message":"b"}\n'
        head = b"HTTP/1.1 200 OK\r\n"
        done = self.logs(self.answer(head + b"Content-Length: %d\r\n\r\n" % len(line) + line))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        done = self.logs(self.answer(head + b"\r\n" + line, cuts=False))
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_end_is_not_known(self):
        line = b'{"time":"2024-01-01T00:00:00Z","service":"a","message":"b"}\n'
        script = self.answer(b"HTTP/1.1 200 OK\r\n\r\n" + line)
        done = self.logs(script)
        self.assertEqual(done.returncode, 1)
        self.assertIn("unexpected EOF", done.stderr)
        self.assertEqual(done.stdout, "2024-01-01T00:00:00.000Z [a] b\n")

    def test_cut_in_the_body(self):
        script = self.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", b"{")
        self.assertIn("unexpected EOF", self.assert_fails(self.env(script.url)))

    def test_cut_everywhere(self):
        self.daemon.start("--hold")
        for limit in (1, 100, 600, 1000):
            relay = self.relay(step=100, limit=limit)
            done = self.daemon.cli("exec", "--", "true", env=self.env(relay.url))
            self.assertEqual(done.returncode, 1, limit)
            self.assertRegex(done.stderr, "EOF|connection reset by peer")

    def test_no_tls(self):
        class Plain(Script):
            def serve(self, connection):
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                connection.recv(65536)

        plain = self.keep(Plain(None, None))
        self.assertEqual(self.assert_fails(self.env(plain.url)), FAILED.format(
            url=plain.url, reason="http: server gave HTTP response to HTTPS client"))

    def test_daemon_that_is_late(self):
        """A GET is repeated while there is no daemon, also if connections end in the handshake."""
        served = []

        class Late(Relay):
            def serve(self, connection):
                served.append(connection)
                if len(served) > 1:
                    super().serve(connection)

        self.daemon.start("--hold")
        late = Late(self.certificates.server_context("server"), self.daemon.socket_path)
        self.addCleanup(late.close)
        done = self.daemon.cli("services", env=self.env(late.url))
        self.assertEqual((done.returncode, done.stderr), (0, "Plan has no services.\n"))
        self.assertEqual(len(served), 2)


class FilesTest(HttpsCase):
    """The files that variables name."""

    def refused(self, **variables):
        return self.assert_fails(self.env("https://127.0.0.1:1", **variables))

    def test_files(self):
        self.certificates.make("client")
        certificate, key = self.certificates.path("client"), self.certificates.key("client")
        with open(certificate, encoding="utf-8") as file:
            text = file.read()
        empty = self.daemon.file("empty")
        large = self.daemon.file("large", "\n" * 70000 + text)
        double = self.daemon.file("double", text + text)
        cases = [(("/nonexistent", key), "PEBBLE_CLIENT_CERT: open /nonexistent: no such file or directory"),
                 ((self.daemon.dir, key), f"PEBBLE_CLIENT_CERT: read {self.daemon.dir}: is a directory"),
                 ((empty, key), f"PEBBLE_CLIENT_CERT: \"{empty}\": missing 'CERTIFICATE' block"),
                 ((large, key), f"PEBBLE_CLIENT_CERT: \"{large}\": larger than 64 KiB"),
                 ((double, key), f"PEBBLE_CLIENT_CERT: \"{double}\": more than one certificate"),
                 ((certificate, empty), f"PEBBLE_CLIENT_KEY: \"{empty}\": missing private key block"),
                 ((certificate, certificate), f"PEBBLE_CLIENT_KEY: \"{certificate}\": missing private key block")]
        for (first, second), message in cases:
            with self.subTest(message):
                self.assertEqual(self.refused(PEBBLE_CLIENT_CERT=first, PEBBLE_CLIENT_KEY=second),
                                 f"cannot create client: cannot use {message}")


if __name__ == "__main__":
    unittest.main()
