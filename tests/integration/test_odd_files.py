# SPDX-License-Identifier: GPL-3.0-or-later
"""Something else where a file is due: a FIFO, a directory, a terminal, links. Nothing waits for it."""

import os
import pty
import subprocess

from faults import plan_of
from harness import HANG_S, DaemonCase

KINDS = ("fifo", "directory", "terminal", "dangling", "loop", "link to a fifo")


class OddFilesTest(DaemonCase):
    def put(self, kind, path):
        """Puts something of this kind at the path, in place of what is there."""
        if os.path.islink(path) or os.path.isfile(path):
            os.unlink(path)
        elif os.path.isdir(path):
            os.rmdir(path)
        elif os.path.lexists(path):
            os.unlink(path)
        if kind == "fifo":
            os.mkfifo(path, 0o600)
        elif kind == "directory":
            os.mkdir(path, 0o700)
        elif kind == "terminal":
            master, slave = pty.openpty()
            self.addCleanup(os.close, master)
            self.addCleanup(os.close, slave)
            os.symlink(os.ttyname(slave), path)
        elif kind == "link to a fifo":
            if not os.path.lexists(self.daemon.path("far")):
                os.mkfifo(self.daemon.path("far"), 0o600)
            os.symlink(self.daemon.path("far"), path)
        else:
            os.symlink("nowhere" if kind == "dangling" else os.path.basename(path), path)

    def run_daemon(self, *arguments, **env):
        """A daemon that should not start, or else lists its services and ends: (exit status, stderr)."""
        done = subprocess.run([self.daemon.binary, "enter", *arguments, "services"], env={**self.daemon.env, **env}, cwd=self.daemon.dir,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=HANG_S)
        return done.returncode, done.stderr

    def each(self, path, *arguments, fine=(), **env):
        for kind in KINDS:
            with self.subTest(kind=kind, path=path):
                self.put(kind, path)
                code, text = self.run_daemon(*arguments, **env)
                self.assertEqual(code, 0 if kind in fine else 1, text)
                if kind not in fine:
                    self.assertIn(os.path.basename(path), text)
        os.rmdir(path) if os.path.isdir(path) and not os.path.islink(path) else os.unlink(path)

    def test_state_file(self):
        self.each(os.path.join(self.daemon.pebble_dir, ".pebble.state"), fine=("dangling",))

    def test_layer(self):
        self.each(os.path.join(self.daemon.pebble_dir, "layers", "001-odd.yaml"), fine=("directory",))

    def test_file_of_identities(self):
        self.each(self.daemon.path("identities.yaml"), "--identities", self.daemon.path("identities.yaml"))

    def test_identity_key(self):
        os.mkdir(self.daemon.path("pebble/identity"), 0o700)
        self.each(self.daemon.path("pebble/identity/key.pem"), "--https", "127.0.0.1:0")

    def test_image(self):
        """Odd entries of the directory that is copied are passed over or refused; the rest of it is whole."""
        image = self.daemon.path("image")
        os.makedirs(os.path.join(image, "layers"))
        with open(os.path.join(image, "layers", "001-one.yaml"), "w", encoding="ascii") as file:
            file.write(plan_of({"one": "sleep 1000"}))
        for number, kind in enumerate(KINDS):
            with self.subTest(kind=kind):
                self.put(kind, os.path.join(image, "odd"))
                copy = self.daemon.path(f"copy{number}")
                code, text = self.run_daemon("--create-dirs", PEBBLE=copy, PEBBLE_COPY_ONCE=image)
                if code == 0:
                    self.assertTrue(os.path.exists(os.path.join(copy, "layers", "001-one.yaml")))
                else:
                    self.assertIn("odd", text)

    def test_files_of_commands(self):
        self.daemon.layer("001-test.yaml", plan_of({"one": "sleep 1000"}))
        self.daemon.start()
        os.makedirs(self.daemon.path(".config/pebble"), 0o700)
        cases = ((".config/pebble/cli.json", ["services"], {}),
                 ("cert.pem", ["services"], {"PEBBLE_BASEURL": "https://127.0.0.1:1", "PEBBLE_CLIENT_CERT": self.daemon.path("cert.pem"),
                                             "PEBBLE_CLIENT_KEY": self.daemon.path("cert.pem")}),
                 ("authorities.pem", ["services"], {"PEBBLE_BASEURL": "https://127.0.0.1:1", "SSL_CERT_FILE": self.daemon.path("authorities.pem")}))
        for name, command, env in cases:
            for kind in KINDS:
                with self.subTest(name=name, kind=kind):
                    self.put(kind, self.daemon.path(name))
                    done = self.daemon.cli(*command, env=env)
                    if not (name.endswith("cli.json") and kind == "dangling"):
                        self.assertEqual(done.returncode, 1, done)
                        self.assertTrue(done.stderr.startswith("error: "), done.stderr)
