# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients of the API over HTTPS, with certificates made by the command `openssl`."""

import http.client
import os
import select
import socket
import ssl
import subprocess
import threading

from faults import descriptors, plan_of, rss_kib
from harness import HANG_S, Api, DaemonCase, free_port, is_sanitized, wait_until
from tls_relay import sign

HEAD = b"GET /v1/health HTTP/1.1\r\nHost: x\r\n"
REQUEST = HEAD + b"\r\n"


def openssl(*arguments, stdin=b""):
    """The output of an openssl command that must succeed."""
    done = subprocess.run(["openssl", *arguments], input=stdin, capture_output=True, timeout=HANG_S, check=False)
    if done.returncode != 0:
        raise AssertionError(f"openssl {' '.join(arguments)}: {done.stderr.decode(errors='replace')}")
    return done.stdout


class Certificate:
    """A certificate and its key: path and key_path, and the text of the certificate."""

    def __init__(self, path, key_path):
        self.path, self.key_path = path, key_path
        with open(path, encoding="ascii") as file:
            self.text = file.read()


def make_certificate(directory, name, key=("ed25519",), usage="clientAuth"):
    """A new self-signed certificate, valid for 30 days. `key` is its kind, as for `openssl req -newkey`."""
    path, key_path = os.path.join(directory, name + ".pem"), os.path.join(directory, name + ".key")
    more = ["-addext", f"extendedKeyUsage={usage}"] if usage else []
    openssl("req", "-x509", "-newkey", *key, "-nodes", "-subj", f"/CN={name}", "-days", "30", "-keyout", key_path, "-out", path, *more)
    return Certificate(path, key_path)


def make_short_certificate(directory, name, begin_s, end_s):
    """A new self-signed certificate for a time given in seconds since 1970."""
    path, key_path, request = (os.path.join(directory, name + end) for end in (".pem", ".key", ".csr"))
    openssl("req", "-new", "-newkey", "ed25519", "-nodes", "-subj", f"/CN={name}", "-keyout", key_path, "-out", request)
    sign(directory, name, request, begin_s, end_s, "-selfsign", "-keyfile", key_path)
    return Certificate(path, key_path)


def tls_context(certificate=None, protocols=("http/1.1",), ciphers=None):
    """A client's context that trusts any server."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if ciphers:
        context.set_ciphers(ciphers)
    if certificate is not None:
        context.load_cert_chain(certificate.path, certificate.key_path)
    if protocols:
        context.set_alpn_protocols(protocols)
    return context


class SharedTls:
    """A TLS socket that one thread reads and another writes, which OpenSSL does not allow at the same time."""

    def __init__(self, sock):
        self.sock, self.timeout_s = sock, sock.gettimeout()
        self.lock = threading.Lock()
        sock.setblocking(False)

    def _retry(self, call):
        while True:
            with self.lock:
                try:
                    return call()
                except ssl.SSLWantReadError:
                    wanted = ([self.sock], [])
                except ssl.SSLWantWriteError:
                    wanted = ([], [self.sock])
            if not any(select.select(*wanted, [], self.timeout_s)):
                raise TimeoutError("the server does not read or write")

    def recv(self, size):
        return self._retry(lambda: self.sock.recv(size))

    def _send(self, data):
        return self._retry(lambda: self.sock.send(data))

    def sendall(self, data):
        data = memoryview(data)
        while data:
            data = data[self._send(data[:65536]):]

    def shutdown(self, how):
        self.sock.shutdown(how)

    def close(self):
        with self.lock:
            self.sock.close()


class HttpsClient(Api):
    """The API over HTTPS."""

    def __init__(self, port, certificate, **options):
        self.port, self.certificate = port, certificate
        self.context = tls_context(certificate, **options)

    def open(self, timeout_s=HANG_S):
        """A TLS socket of the ssl module, which reports an end without close_notify as an error."""
        sock = socket.create_connection(("127.0.0.1", self.port), timeout_s)
        try:
            return self.context.wrap_socket(sock, suppress_ragged_eofs=False)
        except OSError:
            sock.close()
            raise

    def connect(self, timeout_s=HANG_S):
        return SharedTls(self.open(timeout_s))

    def connection(self, timeout_s=HANG_S):
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=timeout_s, context=self.context)

    def refuses(self):
        """Whether a request gets no response because the connection fails. In TLS 1.3 a client has completed its
        handshake before the server refuses its certificate."""
        try:
            self.get("/v1/health")
        except (OSError, http.client.HTTPException):
            return True
        return False


class Handshake:
    """A client's side of TLS without a socket: for bytes that are cut, changed or delayed."""

    def __init__(self, client):
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = client.context.wrap_bio(self.incoming, self.outgoing)

    def step(self, received=b""):
        """Takes what the server has sent; returns what is to be sent, and whether the handshake is complete."""
        if received:
            self.incoming.write(received)
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            return self.outgoing.read(), False
        return self.outgoing.read(), True

    def encrypt(self, data):
        self.tls.write(data)
        return self.outgoing.read()


class HttpsCase(DaemonCase):
    """A test with a daemon for HTTPS, not started yet."""

    def setUp(self):
        super().setUp()
        self.socks = []
        self.addCleanup(lambda: [sock.close() for sock in self.socks])

    def start(self, *arguments, **options):
        self.port = free_port()
        self.daemon.start("--https", f"127.0.0.1:{self.port}", *arguments, **options)
        self.pid = self.daemon.process.pid

    def certificate(self, name, **options):
        return make_certificate(self.daemon.dir, name, **options)

    def add_identity(self, name, certificate, access="admin"):
        identity = {"access": access, "cert": {"pem": certificate.text}}
        answer = self.daemon.post("/v1/identities", {"action": "replace", "identities": {name: identity}})
        self.assertEqual(answer.status, 200, answer)

    def remove_identity(self, name):
        self.daemon.post("/v1/identities", {"action": "remove", "identities": {name: None}})

    def client(self, name="admin", access="admin", **options):
        """A client with a new certificate, of an identity unless the access is None."""
        certificate = self.certificate(name, **options)
        if access is not None:
            self.add_identity(name, certificate, access)
        return HttpsClient(self.port, certificate)

    def tcp(self, timeout_s=HANG_S):
        """A bare connection to the port for HTTPS."""
        sock = socket.create_connection(("127.0.0.1", self.port), timeout_s)
        self.socks.append(sock)
        return sock

    def hello(self, client):
        """A ClientHello."""
        return Handshake(client).step()[0]

    # --- what must be so whatever clients do ---

    def assert_healthy(self, client=None):
        self.assertEqual(self.daemon.get("/v1/health?level=alive").status, 200)
        if client is not None:
            self.assertEqual(client.get("/v1/health?level=alive").status, 200)

    def assert_closed(self, sock):
        """The daemon closes the connection, with or without an alert."""
        try:
            while sock.recv(65536):
                pass
        except (ConnectionError, ssl.SSLError):
            pass

    def count_descriptors(self):
        return len(descriptors(self.pid))

    def assert_given_back(self, before):
        wait_until(lambda: self.count_descriptors() <= before, what="the descriptors to be given back")

    def assert_grew_less(self, before_kib, limit_kib):
        if not is_sanitized():  # which keeps freed memory for a while
            self.assertLess(rss_kib(self.pid) - before_kib, limit_kib)


class ConnectionCase(HttpsCase):
    """A test with a daemon for HTTPS that runs, a service `one`, and an administrator."""

    def setUp(self):
        super().setUp()
        self.daemon.layer("001-test.yaml", plan_of({"one": "sleep 1000"}))
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
