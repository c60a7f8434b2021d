# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS in front of a daemon's socket, and certificates made with openssl, for tests of the client."""

import hashlib
import os
import select
import socket
import ssl
import subprocess
import threading
import time

from harness import HANG_S
DAY_S = 24 * 60 * 60
PIECE = 65536


# --- certificates ---


def openssl(*words):
    subprocess.run(["openssl", *words], check=True, capture_output=True)


def sign(directory, name, request, begin_s, end_s, *options):
    """Makes NAME.pem, valid for a time given in seconds since 1970. The command x509 of some versions refuses one that is over."""
    config, index = (os.path.join(directory, f"{name}.{ending}") for ending in ("cnf", "index"))
    with open(config, "w", encoding="ascii") as file:
        file.write(f"[ca]\ndefault_ca=own\n[own]\ndatabase={index}\nnew_certs_dir={directory}\n"
                   "default_md=default\nrand_serial=yes\npolicy=any\n[any]\ncommonName=supplied\n")
    with open(index, "w", encoding="ascii"):
        pass
    begin, end = (time.strftime("%Y%m%d%H%M%SZ", time.gmtime(seconds)) for seconds in (begin_s, end_s))
    openssl("ca", "-batch", "-notext", "-config", config, "-in", request, "-out", os.path.join(directory, f"{name}.pem"),
            "-startdate", begin, "-enddate", end, *options)


class Certificates:
    """A private authority and what it has signed, as PEM files NAME.pem and NAME.key in a directory."""

    def __init__(self, directory):
        self.directory = directory
        os.makedirs(directory, exist_ok=True)
        openssl("req", "-x509", "-newkey", "ed25519", "-nodes", "-subj", "/CN=authority", "-days", "2",
                "-keyout", self.key("ca"), "-out", self.path("ca"))

    def path(self, name):
        return os.path.join(self.directory, f"{name}.pem")

    def key(self, name):
        return os.path.join(self.directory, f"{name}.key")

    def make(self, name, alternative_names="IP:127.0.0.1,DNS:localhost", days=2, algorithm="ed25519"):
        """Makes a certificate; returns its path. It has expired if the number of days is negative."""
        request, extensions = (os.path.join(self.directory, f"{name}.{ending}") for ending in ("csr", "ext"))
        with open(extensions, "w", encoding="utf-8") as file:
            file.write(f"subjectAltName={alternative_names}\n")
        openssl("req", "-newkey", algorithm, "-nodes", "-subj", f"/CN={name}", "-keyout", self.key(name), "-out", request)
        now = time.time()
        sign(self.directory, name, request, now - 3 * DAY_S, now + days * DAY_S, "-cert", self.path("ca"), "-keyfile", self.key("ca"),
             "-extfile", extensions)
        return self.path(name)

    def fingerprint(self, name):
        """The SHA-256 of a certificate."""
        with open(self.path(name), encoding="utf-8") as file:
            return hashlib.sha256(ssl.PEM_cert_to_DER_cert(file.read())).hexdigest()

    def server_context(self, name, client_authority=None):
        """A server with this certificate; clients need one of the authority, if that is given."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path(name), self.key(name))
        if client_authority is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.path(client_authority))
        return context


# --- servers ---


class Server:
    """Accepts connections on a port of 127.0.0.1, and calls serve(connection) for each in a thread."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = f"https://127.0.0.1:{self.port}"
        self.wake, self.waker = socket.socketpair()
        self.accepted = 0
        self.threads = [threading.Thread(target=self._accept)]
        self.threads[0].start()

    def _accept(self):
        while True:
            ready, _, _ = select.select([self.listener, self.wake], [], [])
            if self.wake in ready:
                return
            connection, _ = self.listener.accept()
            self.accepted += 1
            self.threads.append(threading.Thread(target=self._serve, args=(connection,)))
            self.threads[-1].start()

    def _serve(self, connection):
        with connection:
            try:
                self.serve(connection)
            except OSError:
                pass  # the client has gone, or has refused the handshake

    def serve(self, connection):
        raise NotImplementedError

    def close(self):
        """Ends all connections and threads."""
        self.waker.close()
        for thread in self.threads:
            thread.join(HANG_S)
        self.listener.close()
        self.wake.close()


class Script(Server):
    """Calls a function with the TLS connection of each client, after the handshake."""

    def __init__(self, context, function):
        self.context = context
        self.function = function
        super().__init__()

    def serve(self, connection):
        connection.settimeout(HANG_S)
        with self.context.wrap_socket(connection, server_side=True) as tls:
            self.function(tls)


class Relay(Server):
    """Passes what clients send over TLS on to a Unix socket, and back. `step` is the largest number of bytes sent at
    once; after `limit` bytes to a client, its connection is cut without close_notify."""

    def __init__(self, context, socket_path, step=PIECE, limit=None):
        self.context = context
        self.socket_path = socket_path
        self.step = step
        self.limit = limit
        super().__init__()

    def is_cut(self, passage):
        return self.limit is not None and passage.sent >= self.limit

    def serve(self, connection):
        with socket.socket(socket.AF_UNIX) as backend:
            backend.connect(self.socket_path)
            Passage(self, connection, backend).run()


class Passage:
    """One connection through a relay."""

    def __init__(self, relay, client, backend):
        self.relay, self.client, self.backend = relay, client, backend
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = relay.context.wrap_bio(self.incoming, self.outgoing, server_side=True)
        self.to_backend, self.to_client, self.cipher = b"", b"", b""
        self.sent = self.responses = 0
        self.is_established = self.has_client_ended = self.has_backend_ended = self.is_closed = False
        for one in (client, backend):
            one.setblocking(False)

    def run(self):
        while self.step_tls() or self.cipher:
            self.wait()
            if self.relay.is_cut(self):
                return

    def step_tls(self):
        """Does what can be done without waiting. False when the connection has ended."""
        try:
            if not self.is_established:
                self.tls.do_handshake()
                self.is_established = True
            if self.to_client:
                self.to_client = self.to_client[self.tls.write(self.to_client):]
            elif self.has_backend_ended and not self.is_closed:
                self.is_closed = True
                self.tls.unwrap()
            if not self.to_backend and not self.has_client_ended and not self.is_closed:
                self.to_backend = self.tls.read(PIECE)
                self.has_client_ended = not self.to_backend
                if self.has_client_ended:
                    self.backend.shutdown(socket.SHUT_WR)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError, ssl.SSLSyscallError):
            pass
        except ssl.SSLZeroReturnError:
            self.has_client_ended = True
            self.backend.shutdown(socket.SHUT_WR)
        except ssl.SSLError:
            self.is_closed = True  # what is left is the alert
        self.cipher += self.outgoing.read()
        return not self.is_closed

    def wait(self):
        readers = [self.relay.wake]
        if not self.to_backend and not self.has_client_ended:
            readers.append(self.client)
        if self.is_established and not self.to_client and not self.cipher and not self.has_backend_ended:
            readers.append(self.backend)
        writers = [one for one, data in ((self.client, self.cipher), (self.backend, self.to_backend)) if data]
        readable, writable, _ = select.select(readers, writers, [])
        if self.relay.wake in readable:
            raise OSError("the relay ends")
        if self.client in readable:
            data = self.client.recv(PIECE)
            if not data:
                raise OSError("the client has gone")
            self.incoming.write(data)
        if self.backend in readable:
            self.to_client = self.backend.recv(PIECE)
            self.responses += 1
            self.has_backend_ended = not self.to_client
        if self.client in writable:
            count = self.client.send(self.cipher[:self.relay.step])
            self.sent += count
            self.cipher = self.cipher[count:]
        if self.backend in writable:
            self.to_backend = self.to_backend[self.backend.send(self.to_backend):]
