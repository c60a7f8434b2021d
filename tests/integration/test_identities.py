# SPDX-License-Identifier: GPL-3.0-or-later
"""Identities: files, access, passwords, the state."""

import base64
import json
import os
import signal
import unittest

from harness import DaemonCase, free_port

# openssl passwd -6 -salt orchard damson:gin
DAMSON = "$6$orchard$SrmfnBk9niXkxCZAgo//G4TR5jCJmSsWb6dQagrrdVHDkO5NDgTMjBC7J9ri3QHm//EwpRuFWeeoUn9H/lj5B/"
# A hash that takes as long to compute as is possible, and that no password has.
SLOW = "$6$rounds=1000000$orchard$" + "x" * 86


def basic(user, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


class IdentitiesTest(DaemonCase):
    def add(self, **identities):
        response = self.daemon.post("/v1/identities", {"action": "add", "identities": identities})
        self.assertEqual(response.status, 200, response)

    def names(self):
        return sorted(self.daemon.get("/v1/identities").result)

    # --- files ---

    def test_a_file_at_the_start(self):
        path = self.daemon.file("seed.yaml", f"identities: {{prom: {{access: metrics, basic: {{password: {DAMSON}}}}}}}")
        port = free_port()
        self.daemon.start("--hold", "--http", f"127.0.0.1:{port}", "--identities", path)
        self.assertEqual(self.names(), ["prom"])
        self.assertEqual(len(self.daemon.log_lines(f'"user_updated:{os.getuid()},prom,metrics"')), 1)
        self.assertNotEqual(self.daemon.get("/v1/metrics", port=port, headers=basic("prom", "damson:gin")).status, 401)
        self.assertEqual(self.daemon.get("/v1/metrics", port=port, headers=basic("prom", "damson")).status, 401)
        self.assertEqual(self.daemon.get("/v1/services", port=port, headers=basic("prom", "damson:gin")).status, 401)
        self.daemon.stop()
        self.daemon.start("--hold")
        self.assertEqual(self.names(), ["prom"])

    def test_a_file_that_cannot_be_used(self):
        missing = self.daemon.path("missing.yaml")
        for path, message in [
            (missing, f"cannot read identities: open {missing}: no such file or directory"),
            (self.daemon.file("a.yaml", "identities: ["), "cannot read identities: cannot unmarshal identities: yaml: "),
            (self.daemon.file("b.yaml", "prom: null"), "cannot read identities: no identities to add; did you forget"),
            (self.daemon.file("c.yaml", "identities: {prom: {access: read}}"),
             'cannot replace identities: invalid identity for "prom": identity must have at least one type'),
            (self.daemon.file("d.yaml", "identities: {a: {access: read, local: {user-id: 1}}, "
                              "b: {access: read, local: {user-id: 1}}}"),
             "cannot replace identities: cannot have multiple identities with user ID 1 (a, b)"),
        ]:
            with self.subTest(path):
                done = self.daemon.cli("run", "--hold", "--identities", path)
                self.assertEqual(done.returncode, 1)
                self.assertIn(f"cannot run daemon: {message}", done.stderr)
                self.assertFalse(os.path.exists(self.daemon.socket_path))

    def test_the_commands(self):
        self.daemon.start("--hold")
        path = self.daemon.file("a.yaml", "identities:\n  ann: {access: read, local: {user-id: 8000}}\n"
                                "  bob: {access: admin, local: {user-id: 8001}, basic: {password: x}}\n")
        gone = self.daemon.file("b.yaml", "identities: {ann: null, bob: }")
        for words, code, stdout, stderr in [
            (["identities"], 0, "", "No identities.\n"),
            (["add-identities", "--from", path], 0, "Added 2 new identities.\n", ""),
            (["add-identities", "--from", path], 1, "", "error: identities already exist: ann, bob\n"),
            (["identities"], 0, "Name  Access  Types\nann   read    local\nbob   admin   basic,local\n", ""),
            (["identity", "ann"], 0, "access: read\nlocal:\n    user-id: 8000\n", ""),
            (["identity", "zoe"], 1, "", 'error: cannot find identity "zoe"\n'),
            (["update-identities", "--from", path], 0, "Updated 2 identities.\n", ""),
            (["update-identities", "--replace", "--from", path], 0, "Replaced 2 identities.\n", ""),
            (["remove-identities", "--from", gone], 0, "Removed 2 identities.\n", ""),
            (["identities", "--format", "json"], 0, '{"identities":{}}\n', ""),
        ]:
            with self.subTest(" ".join(words)):
                done = self.daemon.cli(*words)
                self.assertEqual((done.returncode, done.stdout, done.stderr), (code, stdout, stderr))

    # --- the state ---

    def test_a_response_means_that_it_is_on_the_disk(self):
        self.daemon.start("--hold")
        self.add(ann={"access": "read", "local": {"user-id": 8000}})
        self.daemon.send_signal(signal.SIGKILL)
        self.daemon.wait_exit()
        self.daemon.start("--hold")
        self.assertEqual(self.names(), ["ann"])

    def test_a_state_whose_identities_are_not_understood(self):
        self.daemon.start("--hold")
        self.add(ann={"access": "untrusted", "local": {"user-id": 8000}})
        self.daemon.stop()
        path = os.path.join(self.daemon.pebble_dir, ".pebble.state")
        with open(path, encoding="utf-8") as file:
            state = json.load(file)
        state["data"]["identities"]["ann"]["access"] = "whatever"
        with open(path, "w", encoding="utf-8") as file:
            json.dump(state, file)
        done = self.daemon.cli("run", "--hold")
        self.assertEqual(done.returncode, 1)
        self.assertIn('cannot read identities of the state: invalid identity for "ann": invalid access value "whatever"',
                      done.stderr)
        self.daemon.start("--hold", "--quarantine-state")
        self.assertEqual(self.names(), [])

    # --- passwords ---

    def test_a_flood_of_wrong_passwords_delays_nobody_else(self):
        self.daemon.start("--hold")
        self.add(slow={"access": "read", "basic": {"password": SLOW}},
                 prom={"access": "read", "basic": {"password": DAMSON}})
        flood = [self.daemon.connection() for _ in range(12)]
        for connection in flood:
            connection.request("GET", "/v1/services", headers=basic("slow", "wrong"))
            connection.sock.setblocking(False)
        self.assertEqual(self.daemon.get("/v1/health").status, 200)
        self.assertEqual(self.daemon.post("/v1/services", {"action": "replan"}).status, 202)
        self.assertEqual(self.daemon.get("/v1/services", headers=basic("prom", "damson:gin")).status, 200)
        # Meanwhile at least the last of the flood waits.
        with self.assertRaises(BlockingIOError):
            flood[-1].sock.recv(1)
        for connection in flood:
            connection.close()
        self.assertEqual(self.daemon.stop(), 0)

    def test_a_password_with_rounds(self):
        self.daemon.start("--hold")
        rounds = ("$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/"
                  "YTBmSK6H9qs/y3RnOaw5v.")
        self.add(ann={"access": "untrusted", "basic": {"password": rounds}})
        self.assertEqual(self.daemon.get("/v1/services", headers=basic("ann", "Hello world!")).status, 401)
        self.assertEqual(self.daemon.get("/v1/services", headers=basic("ann", "Hello world")).status, 200)
        response = self.daemon.post("/v1/identities", {"action": "add", "identities": {
            "bob": {"access": "read", "basic": {"password": "$6$rounds=1000001$x$y"}}}})
        self.assertEqual(response.status, 400)
        self.assertIn("with more than 1000000 rounds", response.message)

    # --- limits ---

    def test_no_more_than_4096_identities(self):
        self.daemon.start("--hold")
        self.add(**{f"a{i}": {"access": "read", "local": {"user-id": i + 10000}} for i in range(4096)})
        response = self.daemon.post("/v1/identities", {"action": "add", "identities": {
            "b": {"access": "read", "local": {"user-id": 1}}}})
        self.assertEqual((response.status, response.message), (400, "cannot have more than 4096 identities"))


if __name__ == "__main__":
    unittest.main()
