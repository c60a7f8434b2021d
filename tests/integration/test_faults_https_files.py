# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of HTTPS, the identity key and its certificate: missing, open to others, damaged, or something else."""

import os
import shutil
import stat

from harness import free_port
from https_client import HttpsCase, openssl


class FilesCase(HttpsCase):
    def at(self, *names):
        return self.daemon.path("pebble", *names)

    def remove(self, path):
        if os.path.islink(path) or not os.path.isdir(path):
            os.unlink(path)
        else:
            shutil.rmtree(path)

    def ways_to_spoil(self, path, old):
        """Ways to spoil a file that has the content `old`: a name, and a function that does it."""
        def put(content, mode=0o600):
            self.remove(path)
            with open(path, "wb") as file:
                file.write(content)
            os.chmod(path, mode)

        def become(make):
            self.remove(path)
            make(path)

        other = self.daemon.file("other.pem", old, 0o600)
        return {
            "read by the group": lambda: put(old, 0o640),
            "read by all": lambda: put(old, 0o644),
            "not written by the owner": lambda: put(old, 0o400),
            "executable": lambda: put(old, 0o700),
            "more after the block": lambda: put(old + b"more\n"),
            "two blocks": lambda: put(old + old),
            "no block": lambda: put(b"nothing\n"),
            "a block of another kind": lambda: put(old.replace(b"PRIVATE KEY", b"SECRET").replace(b"CERTIFICATE", b"SECRET")),
            "half a block": lambda: put(old[:len(old) // 2]),
            "empty": lambda: put(b""),
            "zeros": lambda: put(bytes(4096)),
            "huge": lambda: put(old * 20000),
            "a link": lambda: become(lambda name: os.symlink(other, name)),
            "a link to nothing": lambda: become(lambda name: os.symlink("/nonexistent", name)),
            "a directory": lambda: become(lambda name: os.mkdir(name, 0o700)),
            "a FIFO": lambda: become(lambda name: os.mkfifo(name, 0o600)),
        }

    def ways_to_spoil_the_directory(self, path):
        def become(make):
            self.remove(path)
            make(path)
        return {
            "read by others": lambda: os.chmod(path, 0o755),
            "read by the group": lambda: os.chmod(path, 0o750),
            "a file": lambda: become(lambda name: self.daemon.file(name, "")),
            "a FIFO": lambda: become(os.mkfifo),
            "a link to nothing": lambda: become(lambda name: os.symlink("/nonexistent/directory", name)),
        }


class KeyTest(FilesCase):
    """The identity key is read at the start."""

    def setUp(self):
        super().setUp()
        self.start()
        self.daemon.stop()
        with open(self.at("identity", "key.pem"), "rb") as file:
            self.key = file.read()

    def refused(self, words=""):
        """A start with --https fails and says why, in one line; one without does not look at the key."""
        done = self.daemon.cli("run", "--https", f"127.0.0.1:{free_port()}")
        self.assertEqual(done.returncode, 1, done.stderr)
        last = done.stderr.splitlines()[-1]
        self.assertTrue(last.startswith("cannot run daemon: cannot load identity key: "), last)
        self.assertIn(words, last)
        self.assertNotIn(self.key.splitlines()[1].decode(), done.stderr)
        self.assertFalse(os.path.exists(self.daemon.socket_path), "the socket was left behind")

    def test_key(self):
        words = {"read by the group": "expected permission 0o600 (got 0o640) for ", "more after the block": "unexpected bytes after",
                 "no block": "missing 'PRIVATE KEY' block", "a block of another kind": "missing 'PRIVATE KEY' block",
                 "empty": "missing 'PRIVATE KEY' block", "huge": "file too large", "a FIFO": "not a regular file",
                 "a directory": "not a regular file"}
        path = self.at("identity", "key.pem")
        for name, spoil in self.ways_to_spoil(path, self.key).items():
            with self.subTest(name):
                spoil()
                before = os.lstat(path)
                self.refused(words.get(name, ""))
                after = os.lstat(path)
                self.assertEqual((before.st_ino, before.st_mode, before.st_size), (after.st_ino, after.st_mode, after.st_size))

    def test_keys_of_other_kinds(self):
        path = self.at("identity", "key.pem")
        for name, *options in (("RSA", "-pkeyopt", "rsa_keygen_bits:2048"), ("EC", "-pkeyopt", "ec_paramgen_curve:P-256"),
                               ("ED448",), ("X25519",)):
            with self.subTest(name):
                openssl("genpkey", "-algorithm", name, *options, "-out", path)
                os.chmod(path, 0o600)
                self.refused("ed25519 type private key expected")
        openssl("genpkey", "-algorithm", "ED25519", "-aes256", "-pass", "pass:word", "-out", path)
        os.chmod(path, 0o600)
        self.refused("missing 'PRIVATE KEY' block")

    def test_directory(self):
        for name, spoil in self.ways_to_spoil_the_directory(self.at("identity")).items():
            with self.subTest(name):
                if not os.path.lexists(self.at("identity")):
                    os.mkdir(self.at("identity"), 0o700)
                spoil()
                self.refused("expected permission 0o700" if name.startswith("read") else "")
                self.remove(self.at("identity"))

    def test_without_https_it_is_not_looked_at(self):
        self.daemon.file(self.at("identity", "key.pem"), "nothing\n", 0o644)
        self.daemon.start()
        self.assert_healthy()

    def test_without_a_place_for_it(self):
        done = self.daemon.cli("run", "--https", f"127.0.0.1:{free_port()}", env={"PEBBLE_PERSIST": "never"})
        self.assertEqual(done.returncode, 1)
        self.assertTrue(done.stderr.endswith("cannot run daemon: cannot use --https with PEBBLE_PERSIST=never: identity key "
                                             "requires persistent state\n"), done.stderr)

    def test_directory_of_another_daemon(self):
        """A key that another daemon might be making too is not made."""
        self.remove(self.at("identity"))
        self.daemon.start("--hold")
        done = self.daemon.cli("run", "--https", f"127.0.0.1:{free_port()}", env={"PEBBLE_SOCKET": self.daemon.path("other")})
        self.assertEqual(done.returncode, 1)
        self.assertFalse(os.path.exists(self.at("identity")), done.stderr)

    def test_key_of_the_administrator(self):
        """A key that openssl has made is taken, and a lost one is made again."""
        path = self.at("identity", "key.pem")
        openssl("genpkey", "-algorithm", "ED25519", "-out", path)
        os.chmod(path, 0o600)
        self.start()
        self.assertEqual(self.client("stranger", None).get("/v1/health").status, 200)
        self.daemon.stop()
        os.unlink(path)
        self.start()
        self.assertEqual(self.client("stranger", None).get("/v1/health").status, 200)
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)

class CertificateTest(FilesCase):
    """identity.pem is read at the first handshake. As long as it cannot be used, connections fail."""

    def setUp(self):
        super().setUp()
        self.start()
        self.stranger = self.client("stranger", None)
        self.assert_healthy(self.stranger)
        with open(self.at("tls", "identity.pem"), "rb") as file:
            self.pem = file.read()

    def restart(self):
        self.daemon.stop()
        self.start()
        self.stranger.port = self.port

    def refused_until_mended(self, mend, words=""):
        seen = len(self.daemon.log_lines())
        self.assertTrue(self.stranger.refuses())
        self.assertTrue(self.stranger.refuses())
        self.assert_healthy()
        found = [line for line in self.daemon.log_lines()[seen:] if "cannot load identity certificate: " in line]
        self.assertEqual(len(found), 2, found)
        self.assertIn(words, found[0])
        mend()
        self.assert_healthy(self.stranger)

    def test_file(self):
        path = self.at("tls", "identity.pem")
        words = {"read by all": "expected permission 0o600 (got 0o644) for ", "huge": "file too large", "a FIFO": "not a regular file",
                 "no block": "missing 'CERTIFICATE' block"}

        def mend():
            self.remove(path)
            self.daemon.file(path, self.pem, 0o600)
        for name, spoil in self.ways_to_spoil(path, self.pem).items():
            with self.subTest(name):
                self.daemon.stop()
                spoil()
                self.start()
                self.stranger.port = self.port
                self.refused_until_mended(mend, words.get(name, ""))

    def test_content(self):
        path, lines = self.at("tls", "identity.pem"), self.pem.splitlines(True)
        for name, content in (("a changed byte", lines[0] + b"A" + lines[1][1:] + b"".join(lines[2:])),
                              ("a key", openssl("genpkey", "-algorithm", "ED25519").replace(b"PRIVATE KEY", b"CERTIFICATE"))):
            with self.subTest(name):
                self.daemon.stop()
                self.daemon.file(path, content, 0o600)
                self.start()
                self.stranger.port = self.port
                self.refused_until_mended(lambda: os.unlink(path), "x509: malformed certificate")

    def test_directory(self):
        path = self.at("tls")

        def mend():
            self.remove(path)
            os.mkdir(path, 0o700)
        for name, spoil in self.ways_to_spoil_the_directory(path).items():
            with self.subTest(name):
                self.daemon.stop()
                spoil()
                self.start()
                self.stranger.port = self.port
                self.refused_until_mended(mend)

    def test_spoilt_while_it_is_in_use(self):
        """It has been read already; only the next daemon needs it."""
        path = self.at("tls", "identity.pem")
        self.daemon.file(path, "nothing\n", 0o600)
        self.assert_healthy(self.stranger)
        self.restart()
        self.refused_until_mended(lambda: os.unlink(path), "missing 'CERTIFICATE' block")
        self.assertNotEqual(self.daemon.read("pebble/tls/identity.pem").encode(), self.pem)

    def test_certificate_of_another_key(self):
        """It is made again."""
        path = self.at("tls", "identity.pem")
        other = self.certificate("other")
        self.daemon.stop()
        self.daemon.file(path, other.text, 0o600)
        self.start()
        self.stranger.port = self.port
        self.assert_healthy(self.stranger)
        self.assertNotEqual(self.daemon.read("pebble/tls/identity.pem"), other.text)
