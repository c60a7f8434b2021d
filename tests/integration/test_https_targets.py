# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks and log targets with https: URLs: what is trusted, servers that misbehave, proxies, redirects."""

import json
import os
import shutil
import socket
import ssl
import threading
import unittest

from faults import descriptors, rss_kib
from harness import HANG_S, DaemonCase, is_sanitized, wait_until
from tls_relay import Certificates, Script, Server

FINE = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine"


def read_head(connection):
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            raise OSError("the client has gone")
        data += piece
    return data


def responder(response):
    def respond(connection):
        read_head(connection)
        connection.sendall(response)
        connection.unwrap()

    return respond


def wait_for_end(connection):
    connection.settimeout(HANG_S)
    while connection.recv(65536):
        pass


class Raw(Server):
    """Calls a function with each connection, without TLS."""

    def __init__(self, function):
        self.function = function
        super().__init__()

    def serve(self, connection):
        connection.settimeout(HANG_S)
        self.function(connection)


class Loki(Script):
    """Keeps the bodies of all requests."""

    def __init__(self, context):
        self.bodies = []
        super().__init__(context, self.receive)

    def receive(self, connection):
        head, body = read_head(connection).split(b"\r\n\r\n", 1)
        length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
        while len(body) < length:
            body += connection.recv(65536)
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
        self.bodies.append(body)

    def messages(self):
        return [value[1] for body in self.bodies for stream in json.loads(body)["streams"] for value in stream["values"]]


class Proxy(Server):
    """Opens tunnels to a port of this machine, whatever host is asked for; or refuses, with a response."""

    def __init__(self, port, refusal=None):
        self.target = port
        self.refusal = refusal
        self.heads = []
        super().__init__()

    def serve(self, connection):
        connection.settimeout(HANG_S)
        self.heads.append(read_head(connection).decode())
        if self.refusal is not None:
            connection.sendall(self.refusal)
            return
        with socket.create_connection(("127.0.0.1", self.target), 30) as server:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=self.copy, args=(server, connection))
            back.start()
            self.copy(connection, server)
            back.join()

    @staticmethod
    def copy(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass


@unittest.skipUnless(shutil.which("openssl"), "openssl is not there")
class HttpsCase(DaemonCase):
    def setUp(self):
        super().setUp()
        self.certificates = Certificates(self.daemon.path("tls"))
        self.certificates.make("good", "IP:127.0.0.1,DNS:target.test")
        self.env = {"SSL_CERT_FILE": self.certificates.path("ca"), "SSL_CERT_DIR": "/nonexistent"}

    def keep(self, server):
        self.addCleanup(server.close)
        return server

    def server(self, function, certificate="good"):
        """A TLS server that calls the function with each connection."""
        return self.keep(Script(self.certificates.server_context(certificate), function))

    def start_checks(self, urls, settings="period: 1h, timeout: 20s", env=None):
        lines = [f"  {name}: {{override: replace, {settings}, http: {{url: '{url}'}}}}\n" for name, url in urls.items()]
        self.daemon.layer("001-test.yaml", "checks:\n" + "".join(lines))
        self.daemon.start(env={**self.env, **(env or {})})

    def error(self, name):
        """Runs a check; returns its error, None if it has passed."""
        return self.daemon.post("/v1/checks/refresh", {"name": name}, timeout_s=HANG_S).result.get("error")

    def check_once(self, url, **options):
        self.start_checks({"one": url}, **options)
        return self.error("one")


class TrustTest(HttpsCase):
    def test_a_private_authority(self):
        server = self.server(responder(FINE))
        self.assertIsNone(self.check_once(server.url + "/health"))

    def test_the_body_of_a_failure(self):
        server = self.server(responder(b"HTTP/1.1 503 Broken\r\nContent-Length: 4\r\n\r\nwhy?"))
        self.assertEqual(self.check_once(server.url), "non-2xx status code 503; why?")

    def test_an_unknown_authority(self):
        server = self.server(responder(FINE))
        self.assertEqual(self.check_once(server.url, env={"SSL_CERT_FILE": "/nonexistent"}),
                         f'Get "{server.url}": tls: failed to verify certificate: '
                         "x509: certificate signed by unknown authority")

    def test_another_name(self):
        server = self.server(responder(FINE))
        url = server.url.replace("127.0.0.1", "localhost")
        self.assertEqual(self.check_once(url), f'Get "{url}": tls: failed to verify certificate: '
                         "x509: certificate is valid for target.test, not localhost")

    def test_an_expired_certificate(self):
        self.certificates.make("old", days=-1)
        server = self.server(responder(FINE), "old")
        self.assertIn("x509: certificate has expired or is not yet valid: current time ", self.check_once(server.url))

    def test_the_authority_is_replaced(self):
        other = Certificates(self.daemon.path("other"))
        other.make("good")
        server = self.keep(Script(other.server_context("good"), responder(FINE)))
        self.assertIn("signed by unknown authority", self.check_once(server.url))
        os.replace(other.path("ca"), self.certificates.path("ca"))
        wait_until(lambda: self.error("one") is None, what="the new authority to be trusted")

    def test_an_old_protocol(self):
        context = self.certificates.server_context("good")
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        server = self.keep(Script(context, responder(FINE)))
        self.assertIsNone(self.check_once(server.url))


class BadServerTest(HttpsCase):
    def assert_no_connection_is_left(self, server):
        pid = self.daemon.process.pid
        mark = f":{server.port:04X} "

        def is_closed():
            with open(f"/proc/{pid}/net/tcp", encoding="ascii") as file:
                rows = [line.split() for line in file.read().splitlines()[1:]]
            return not any(row[2].endswith(mark.strip()) and row[3] == "01" for row in rows)

        wait_until(is_closed, what="the connection to be closed")

    def test_stalls_in_the_handshake(self):
        server = self.keep(Raw(wait_for_end))
        self.assertEqual(self.check_once(server.url, settings="period: 1h, timeout: 500ms"), "check timed out after 500ms")
        self.assert_no_connection_is_left(server)
        self.assertEqual(self.daemon.get("/v1/health").status, 200)

    def test_sends_garbage(self):
        plain = self.keep(Raw(lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")))
        noise = self.keep(Raw(lambda connection: connection.sendall(b"\x16\x03\x03\x00\x04\xff\xff\xff\xff" * 1000)))
        self.start_checks({"plain": plain.url, "noise": noise.url})
        self.assertEqual(self.error("plain"), f'Get "{plain.url}": http: server gave HTTP response to HTTPS client')
        self.assertIn(f'Get "{noise.url}": ', self.error("noise"))

    def test_cuts_the_body(self):
        def cut(connection):
            read_head(connection)
            connection.sendall(b"HTTP/1.1 500 Broken\r\nContent-Length: 10\r\n\r\nhalf")

        self.assertEqual(self.check_once(self.server(cut).url),
                         "non-2xx status code 500; cannot read response: unexpected EOF")

    def test_cuts_the_handshake(self):
        server = self.keep(Raw(lambda connection: connection.recv(100)))
        self.assertIn(f'Get "{server.url}": ', self.check_once(server.url))

    def test_memory_and_descriptors_are_bounded(self):
        """All of them again and again, next to good ones."""
        def flood(connection):
            read_head(connection)
            connection.sendall(b"HTTP/1.1 500 Broken\r\n\r\n")
            while True:
                connection.sendall(b"x" * 65536)

        self.certificates.make("other-name", "DNS:elsewhere")
        servers = [self.server(responder(FINE)), self.server(flood), self.server(responder(FINE), "other-name"),
                   self.keep(Raw(wait_for_end)), self.keep(Raw(lambda connection: connection.sendall(b"\0" * 4096)))]
        urls = {f"check-{i}-{j}": server.url for i, server in enumerate(servers) for j in range(3)}
        self.start_checks(urls, "period: 300ms, timeout: 250ms, threshold: 1000000")

        def runs(least):
            counts = [check.get("successes", 0) + check.get("failures", 0)
                      for check in self.daemon.get("/v1/checks").result]
            return min(counts) >= least

        pid = self.daemon.process.pid
        wait_until(lambda: runs(6), what="six runs of each")
        before = rss_kib(pid)
        wait_until(lambda: runs(20), what="twenty runs of each")
        if not is_sanitized():  # which keeps freed memory for a while
            self.assertLess(rss_kib(pid) - before, 4096)
        self.assertLess(len(descriptors(pid)), 100)
        self.assertEqual(self.daemon.stop(), 0)


class ProxyTest(HttpsCase):
    def check_through(self, proxy, env=None):
        env = env or {"HTTPS_PROXY": f"http://user:secret@127.0.0.1:{proxy.port}"}
        return self.check_once("https://target.test/health", env=env)

    def test_a_tunnel_with_credentials(self):
        heads = []

        def respond(connection):
            heads.append(read_head(connection).decode())
            connection.sendall(FINE)

        proxy = self.keep(Proxy(self.server(respond).port))
        self.assertIsNone(self.check_through(proxy))
        self.assertEqual(proxy.heads, ["CONNECT target.test:443 HTTP/1.1\r\nHost: target.test:443\r\n"
                                       "User-Agent: Go-http-client/1.1\r\n"
                                       "Proxy-Authorization: Basic dXNlcjpzZWNyZXQ=\r\n\r\n"])
        self.assertTrue(heads[0].startswith("GET /health HTTP/1.1\r\nHost: target.test\r\n"), heads)
        self.assertNotIn("Proxy-Authorization", heads[0])

    def test_a_refusal(self):
        proxy = self.keep(Proxy(0, b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"))
        self.assertEqual(self.check_through(proxy), 'Get "https://target.test/health": Proxy Authentication Required')

    def test_it_may_be_in_lower_case_and_is_not_for_local_addresses(self):
        server = self.server(responder(FINE))
        proxy = self.keep(Proxy(server.port))
        self.start_checks({"far": "https://target.test/", "near": server.url},
                          env={"https_proxy": f"127.0.0.1:{proxy.port}"})
        self.assertIsNone(self.error("near"))
        self.assertEqual(proxy.heads, [])
        self.assertIsNone(self.error("far"))
        self.assertEqual(len(proxy.heads), 1)

    def test_the_certificate_counts_behind_it_too(self):
        self.certificates.make("other-name", "DNS:elsewhere")
        proxy = self.keep(Proxy(self.server(responder(FINE), "other-name").port))
        self.assertIn("x509: certificate is valid for elsewhere, not target.test", self.check_through(proxy))


class RedirectTest(HttpsCase):
    def redirect_to(self, url):
        return b"HTTP/1.1 302 Found\r\nLocation: " + url.encode() + b"\r\nContent-Length: 0\r\n\r\n"

    def test_from_http_to_https_and_back(self):
        plain = self.keep(Raw(lambda connection: (read_head(connection), connection.sendall(FINE))))
        secure = self.server(responder(self.redirect_to(plain.url.replace("https:", "http:"))))

        def to_secure(connection):
            read_head(connection)
            connection.sendall(self.redirect_to(secure.url))

        first = self.keep(Raw(to_secure))
        self.assertIsNone(self.check_once(first.url.replace("https:", "http:")))
        self.assertEqual((first.accepted, secure.accepted, plain.accepted), (1, 1, 1))


class LokiTest(HttpsCase):
    def start_target(self, loki, env=None):
        talker = self.daemon.script("talker", "echo to a friend\nwhile :; do sleep 0.5; echo more; done\n")
        self.daemon.layer("001-base.yaml", json.dumps({
            "services": {"talker": {"override": "replace", "command": talker, "startup": "enabled"}},
            "log-targets": {"loki": {"override": "replace", "type": "loki", "services": ["all"],
                                     "location": f"https://user:secret@127.0.0.1:{loki.port}/push"}}}))
        self.daemon.start(env={**self.env, **(env or {})})

    def target(self):
        return self.daemon.get("/v1/log-targets").result[0]

    def test_a_private_authority(self):
        loki = self.keep(Loki(self.certificates.server_context("good")))
        self.start_target(loki)
        wait_until(lambda: loki.messages()[:1] == ["to a friend"], what="the line")
        wait_until(lambda: self.target()["sent"] > 0, what="the count")

    def test_an_authority_that_is_trusted_later(self):
        """What was not sent is sent again, and nothing of it reaches a stranger."""
        loki = self.keep(Loki(self.certificates.server_context("good")))
        late = self.daemon.path("late.pem")
        self.start_target(loki, {"SSL_CERT_FILE": late})
        wait_until(lambda: self.target().get("last-error"), what="a failure")
        self.assertIn("x509: certificate signed by unknown authority", self.target()["last-error"])
        self.assertNotIn("secret", self.daemon.log() + json.dumps(self.target()))
        self.assertEqual(loki.bodies, [])
        shutil.copy(self.certificates.path("ca"), late)
        wait_until(lambda: loki.messages()[:1] == ["to a friend"], what="the line")


if __name__ == "__main__":
    unittest.main()
