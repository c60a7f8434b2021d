# SPDX-License-Identifier: GPL-3.0-or-later
"""Pairing over HTTPS."""

import unittest

from harness import wait_until
from https_client import HttpsCase

PAIRING = "/v1/pairing"
PAIR = {"action": "pair"}
ENABLE = {"action": "enable"}


class PairingTest(HttpsCase):
    def stranger(self, name, **options):
        return self.client(name, access=None, **options)

    def enable(self, **more):
        response = self.daemon.post(PAIRING, {**ENABLE, **more})
        self.assertEqual(response.status, 200, response)
        self.assertIn("expires", response.result)

    def assert_closed(self, client):
        self.assertEqual(client.post(PAIRING, PAIR).status, 401)

    def test_a_client_becomes_an_administrator(self):
        self.daemon.layer("001-pairing.yaml", "pairing: {mode: single}\n")
        self.start()
        client = self.stranger("wren")
        self.assert_closed(client)
        self.assertEqual(client.post(PAIRING, ENABLE).status, 401)
        self.enable()
        self.assertEqual(client.post(PAIRING, PAIR).status, 200)
        self.assert_closed(self.stranger("robin"))
        self.assertEqual(self.daemon.state()["data"]["pairing-details"], {"paired": True})
        self.assertEqual(list(self.daemon.state()["data"]["identities"]), ["user-1"])
        again = self.daemon.post(PAIRING, ENABLE)
        self.assertEqual((again.status, again.message),
                         (400, "cannot enable pairing when already paired in 'single' pairing mode"))
        self.daemon.stop()
        self.start()
        client.port = self.port
        self.assertEqual(client.get("/v1/plan?format=yaml").status, 200)
        self.assertEqual(client.post(PAIRING, ENABLE).status, 400)

    def test_clients_of_a_paired_client(self):
        self.daemon.layer("001-pairing.yaml", "pairing: {mode: multiple}\n")
        self.start()
        first, second = self.stranger("wren"), self.stranger("robin")
        self.enable()
        self.assertEqual(first.post(PAIRING, PAIR).status, 200)
        self.assertEqual(first.post(PAIRING, {**ENABLE, "timeout": "1m"}).status, 200)
        self.assertEqual(second.post(PAIRING, PAIR).status, 200)
        self.assertEqual(sorted(second.get("/v1/identities").result), ["user-1", "user-2"])

    def test_the_window_closes(self):
        self.daemon.layer("001-pairing.yaml", "pairing: {mode: multiple}\n")
        self.start()
        client = self.stranger("wren")
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
        refused = self.stranger("owl", usage="serverAuth").post(PAIRING, PAIR)
        self.assertEqual((refused.status, refused.message),
                         (400, "cannot pair client: cannot verify client certificate signature: "
                               "x509: certificate specifies an incompatible key usage"))
        self.assertEqual(len(self.daemon.log_lines('"authz_fail:<unknown>"')), 1)
        self.assert_closed(client)
        self.assertEqual(self.daemon.get("/v1/identities").result, {})

    def test_no_window_over_the_socket(self):
        self.daemon.layer("001-pairing.yaml", "pairing: {mode: multiple}\n")
        self.start()
        self.enable()
        self.assertEqual(self.daemon.post(PAIRING, PAIR).status, 401)
        self.assertEqual(self.stranger("wren").post(PAIRING, PAIR).status, 200)


if __name__ == "__main__":
    unittest.main()
