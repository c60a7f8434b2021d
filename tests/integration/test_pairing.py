# SPDX-License-Identifier: GPL-3.0-or-later
"""Pairing over HTTPS, and the daemon's own certificates."""

import os
import unittest

from faults import has_test_clock
from harness import DaemonCase, free_port, wait_until
from https_clients import HttpsClient

PAIRING = "/v1/pairing"
PAIR = {"action": "pair"}
ENABLE = {"action": "enable"}


class HttpsCase(DaemonCase):
    def serve(self, *arguments, **options):
        self.port = free_port()
        self.daemon.start("--hold", "--https", f"127.0.0.1:{self.port}", *arguments, **options)

    def client(self, name, **options):
        return HttpsClient(self.daemon, self.port, name, **options)


class PairingTest(HttpsCase):
    def enable(self, **more):
        response = self.daemon.post(PAIRING, {**ENABLE, **more})
        self.assertEqual(response.status, 200, response)
        self.assertIn("expires", response.result)

    def assert_closed(self, client):
        self.assertEqual(client.post(PAIRING, PAIR).status, 401)

    def test_a_client_becomes_an_administrator(self):
        self.daemon.layer("001-pairing.yaml", "pairing: {mode: single}\n")
        self.serve()
        client = self.client("wren")
        self.assert_closed(client)
        self.assertEqual(client.post(PAIRING, ENABLE).status, 401)
        self.enable()
        self.assertEqual(client.post(PAIRING, PAIR).status, 200)
        self.assert_closed(self.client("robin"))
        self.assertEqual(self.daemon.state()["data"]["pairing-details"], {"paired": True})
        self.assertEqual(list(self.daemon.state()["data"]["identities"]), ["user-1"])
        again = self.daemon.post(PAIRING, ENABLE)
        self.assertEqual((again.status, again.message),
                         (400, "cannot enable pairing when already paired in 'single' pairing mode"))
        self.daemon.stop()
        self.serve()
        client.port = self.port
        self.assertEqual(client.get("/v1/plan?format=yaml").status, 200)
        self.assertEqual(client.post(PAIRING, ENABLE).status, 400)

    def test_clients_of_a_paired_client(self):
        self.daemon.layer("001-pairing.yaml", "pairing: {mode: multiple}\n")
        self.serve()
        first, second = self.client("wren"), self.client("robin")
        self.enable()
        self.assertEqual(first.post(PAIRING, PAIR).status, 200)
        self.assertEqual(first.post(PAIRING, {**ENABLE, "timeout": "1m"}).status, 200)
        self.assertEqual(second.post(PAIRING, PAIR).status, 200)
        self.assertEqual(sorted(second.get("/v1/identities").result), ["user-1", "user-2"])

    def test_the_window_closes(self):
        self.daemon.layer("001-pairing.yaml", "pairing: {mode: multiple}\n")
        self.serve()
        client = self.client("wren")
        # By time. An action that does not exist shows whether the window is open, and leaves it so.
        self.enable(timeout="1s")
        wait_until(lambda: client.post(PAIRING, {"action": "peck"}).status == 401, what="the window to close")
        self.assert_closed(client)
        # By a change of the mode.
        self.enable(timeout="10m")
        self.assertEqual(client.post(PAIRING, {"action": "peck"}).status, 400)
        self.daemon.add_layer("off", "pairing: {mode: disabled}\n")
        self.assert_closed(client)
        self.assertEqual(self.daemon.post(PAIRING, ENABLE).message, "cannot enable pairing with pairing mode disabled")
        self.daemon.add_layer("on", "pairing: {mode: multiple}\n")
        self.assert_closed(client)
        # By an attempt that fails.
        self.enable(timeout="10m")
        refused = self.client("owl", usage="serverAuth").post(PAIRING, PAIR)
        self.assertEqual((refused.status, refused.message),
                         (400, "cannot pair client: cannot verify client certificate signature: "
                               "x509: certificate specifies an incompatible key usage"))
        self.assertEqual(len(self.daemon.log_lines('"authz_fail:<unknown>"')), 1)
        self.assert_closed(client)
        self.assertEqual(self.daemon.get("/v1/identities").result, {})

    def test_no_window_over_the_socket(self):
        self.daemon.layer("001-pairing.yaml", "pairing: {mode: multiple}\n")
        self.serve()
        self.enable()
        self.assertEqual(self.daemon.post(PAIRING, PAIR).status, 401)
        self.assertEqual(self.client("wren").post(PAIRING, PAIR).status, 200)


class CertificatesTest(HttpsCase):
    def test_a_bad_identity_certificate(self):
        self.serve()
        client = self.client("wren")
        self.assertTrue(client.is_served())
        self.daemon.stop()
        path = os.path.join(self.daemon.pebble_dir, "tls", "identity.pem")
        os.chmod(path, 0o644)
        self.serve()
        client.port = self.port
        self.assertFalse(client.is_served())
        self.assertEqual(self.daemon.get("/v1/health").status, 200)
        self.daemon.wait_log(r"expected permission 0o600 \(got 0o644\) for \".*/tls/identity.pem\"")
        os.chmod(path, 0o600)
        self.assertTrue(client.is_served())

    def test_the_leaf_is_never_out_of_date(self):
        if not has_test_clock():
            self.skipTest("the program was built without the test seams")
        clock = self.daemon.file("clock", "0")
        self.serve(env={"PEBBLE_TEST_CLOCK": clock})
        client = self.client("wren")
        first = client.leaf()
        self.assertEqual(client.leaf(), first)
        for ahead in (2400, -2400):
            self.daemon.file("clock", str(ahead))
            later = client.leaf()
            self.assertNotEqual(later, first)
            first = later


if __name__ == "__main__":
    unittest.main()
