# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients of a daemon's HTTPS address, with self-signed certificates made by openssl."""

import http.client
import ssl
import subprocess

from harness import exchange


class HttpsClient:
    """A client with a key and a certificate of its own, in files of the daemon's directory."""

    def __init__(self, daemon, port, name, usage="clientAuth"):
        self.port = port
        self.certificate = daemon.path(name + ".pem")
        key = daemon.path(name + ".key")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-subj", f"/CN={name}", "-days", "2",
                        "-addext", f"extendedKeyUsage={usage}", "-keyout", key, "-out", self.certificate],
                       check=True, capture_output=True)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.context.check_hostname = False
        self.context.verify_mode = ssl.CERT_NONE
        self.context.load_cert_chain(self.certificate, key)

    def pem(self):
        with open(self.certificate, encoding="utf-8") as file:
            return file.read()

    def request(self, method, path, body=None, headers=None):
        """Sends a request on a new connection; returns the response."""
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=self.context, timeout=30)
        try:
            return exchange(connection, method, path, body, headers)
        finally:
            connection.close()

    def get(self, path):
        return self.request("GET", path)

    def post(self, path, body):
        return self.request("POST", path, body)

    def is_served(self):
        """Whether the daemon accepts connections at all."""
        try:
            return self.get("/v1/health").status == 200
        except (OSError, http.client.HTTPException):
            return False

    def leaf(self):
        """The certificate that the daemon presents as its own, in DER."""
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=self.context, timeout=30)
        try:
            connection.connect()
            return connection.sock.getpeercert(binary_form=True)
        finally:
            connection.close()
