# SPDX-License-Identifier: GPL-3.0-or-later
"""ls, push, pull, mkdir and rm, with a daemon and on a terminal."""

import glob
import hashlib
import os
import resource
import signal
import socket
import stat
import subprocess
import threading
import unittest

from harness import HANG_S, DaemonCase, is_sanitized, wait_until
from terminal import CTRL_C, Terminal, on_screen

SLOW_HEAD = (b"HTTP/1.1 200 OK\r\nContent-Type: multipart/form-data; boundary=b\r\n\r\n"
             b"--b\r\nContent-Disposition: form-data; name=files; filename=f\r\n\r\n")
SLOW_TAIL = (b"\r\n--b\r\nContent-Disposition: form-data; name=response\r\n\r\n"
             b'{"type":"sync","status-code":200,"result":[{"path":"/f"}]}\r\n--b--\r\n')
LISTED = b'{"type":"sync","status-code":200,"result":[{"path":"/f","name":"f","type":"file","size":%d,"permissions":"644"}]}'


class FilesCase(DaemonCase):
    def setUp(self):
        super().setUp()
        self.daemon.start("--hold")
        self.files = self.daemon.path("files")
        os.makedirs(self.files)

    def run_cli(self, *arguments, **options):
        done = self.daemon.cli(*arguments, **options)
        self.assertEqual((done.returncode, done.stderr), (0, ""), arguments)
        return done.stdout

    def far(self, name):
        return os.path.join(self.files, name)


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else \
            hashlib.sha256(file.read()).hexdigest()


class TransferTest(FilesCase):
    def test_there_and_back(self):
        local, back = self.daemon.path("local"), self.daemon.path("back")
        for size in (0, 1, 4095, 262144, 262145, 5_000_000):
            with self.subTest(size):
                with open(local, "wb") as file:
                    file.write(os.urandom(size))
                os.chmod(local, 0o751)
                self.assertEqual(self.run_cli("push", local, self.far("x")), "")
                self.assertEqual(stat.S_IMODE(os.stat(self.far("x")).st_mode), 0o751)
                self.assertEqual(self.run_cli("pull", self.far("x"), back), "")
                self.assertEqual(digest(back), digest(local))

    def test_memory_is_constant(self):
        """A sparse file of 100 MB with 64 MB of address space."""
        if is_sanitized():
            self.skipTest("sanitizers reserve address space")
        local = self.daemon.path("large")
        with open(local, "wb") as file:
            file.truncate(100_000_000)
        limit = 64 << 20
        for arguments in (("push", local, self.far("large")), ("pull", self.far("large"), self.daemon.path("back"))):
            done = subprocess.run([self.daemon.binary, *arguments], env=self.daemon.env, capture_output=True, check=False,
                                  preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))
            self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertEqual(os.path.getsize(self.daemon.path("back")), 100_000_000)

    def test_pipes(self):
        sent = subprocess.run([self.daemon.binary, "push", "/dev/stdin", self.far("piped")], env=self.daemon.env,
                              input=b"line\n" * 100_000, capture_output=True, check=False)
        self.assertEqual((sent.returncode, sent.stderr), (0, b""))
        got = subprocess.run([self.daemon.binary, "pull", self.far("piped"), "/dev/stdout"], env=self.daemon.env,
                             capture_output=True, check=False)
        self.assertEqual((got.returncode, got.stderr), (0, b""))
        self.assertEqual(got.stdout, b"line\n" * 100_000)

    def test_standard_output_is_appended_to(self):
        out = self.daemon.file("out", "first\n")
        with open(self.far("x"), "w", encoding="utf-8") as file:
            file.write("second\n")
        with open(out, "ab") as file:
            done = subprocess.run([self.daemon.binary, "pull", self.far("x"), "/dev/stdout"], env=self.daemon.env,
                                  stdout=file, stderr=subprocess.PIPE, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        with open(out, encoding="utf-8") as file:
            self.assertEqual(file.read(), "first\nsecond\n")

    def test_names_are_kept_whatever_they_are(self):
        local = self.daemon.file("local", "content")
        for name in ("with space", 'quo"te', "back\\slash", "ümlaut", "semi;colon", "percent%41", "new\nline", "tab\t"):
            with self.subTest(name):
                self.run_cli("push", local, self.far(name))
                self.assertTrue(os.path.exists(self.far(name)))
                self.run_cli("pull", self.far(name), self.daemon.path("back"))
                self.run_cli("rm", self.far(name))
                self.assertEqual(os.listdir(self.files), [])

    def test_names_that_are_not_utf8_are_refused(self):
        """JSON cannot carry them: the name that is sent would be that of another file."""
        for name in (b"x\xff", "x\ufffd".encode()):
            with open(os.path.join(self.files.encode(), name), "wb") as file:
                file.write(b"kept")
        local, name = self.daemon.file("local", "content"), self.files.encode() + b"/x\xff"
        for arguments in (("rm", name), ("mkdir", "-p", name), ("push", local, name), ("exec", "--", "rm", name)):
            done = subprocess.run([self.daemon.binary, *arguments], env=self.daemon.env, stdin=subprocess.DEVNULL,
                                  capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 1, arguments)
            self.assertIn(r'x\xff": not UTF-8', done.stderr.replace("\n", ""))
        self.assertEqual(sorted(os.listdir(self.files.encode())), sorted([b"x\xff", "x\ufffd".encode()]))

    def test_a_file_is_replaced_when_the_copy_is_complete(self):
        local = self.daemon.file("local", "before")
        os.chmod(local, 0o640)
        self.run_cli("push", local, self.far("x"))
        self.run_cli("pull", self.far("x"), self.far("x"))
        with open(self.far("x"), encoding="utf-8") as file:
            self.assertEqual(file.read(), "before")
        self.assertEqual(os.listdir(self.files), ["x"])
        with open(self.far("x"), "w", encoding="utf-8") as file:
            file.write("after")
        self.run_cli("pull", self.far("x"), local)
        with open(local, encoding="utf-8") as file:
            self.assertEqual(file.read(), "after")
        self.assertEqual(stat.S_IMODE(os.stat(local).st_mode), 0o640)

    def test_a_failed_push_leaves_the_target(self):
        with open(self.far("x"), "w", encoding="utf-8") as file:
            file.write("before")
        done = self.daemon.cli("push", self.daemon.dir, self.far("x"))
        self.assertEqual((done.returncode, done.stderr), (1, f"error: read {self.daemon.dir}: is a directory\n"))
        with open(self.far("x"), encoding="utf-8") as file:
            self.assertEqual(file.read(), "before")
        self.assertEqual(os.listdir(self.files), ["x"])

    def test_a_directory_is_no_target(self):
        """Unlike that of cp. A terminal shows on a further line what was probably meant."""
        local, far = self.daemon.file("local.txt", "text"), self.far("local.txt")
        for words, reason, meant in (
                (("push", local, self.files), f"rename {self.files}: file exists", f"remote path must name the file itself, as {far}"),
                (("push", local, self.files + "/"), "is a directory", f"remote path must name the file itself, as {far}"),
                (("pull", local, "files"), "open files: is a directory", "local path must name the file itself, as files/local.txt"),
                (("push", self.files, local), f"read {self.files}: is a directory", None)):
            with self.subTest(words):
                done = self.daemon.cli(*words)
                self.assertEqual((done.returncode, done.stderr.count("\n")), (1, 1), done.stderr)
                self.assertIn(reason, done.stderr)
                with Terminal(self.daemon, *words, columns=100) as terminal:
                    self.assertEqual(terminal.wait_exit(), 1)
                    self.assertIn(reason, terminal.text().replace("\r\n       ", " "))
                    self.assertIn(f"The {meant}.\r\n" if meant else f"{reason}\r\n", terminal.text())


class TreeTest(FilesCase):
    def test_directories(self):
        self.run_cli("mkdir", "-p", "-m", "700", self.far("a/b"))
        self.assertEqual(stat.S_IMODE(os.stat(self.far("a/b")).st_mode), 0o700)
        done = self.daemon.cli("mkdir", self.far("a"))
        self.assertEqual((done.returncode, done.stderr), (1, f"error: mkdir {self.far('a')}: file exists\n"))
        self.assertEqual(self.run_cli("ls", self.files), "a\n")
        self.assertEqual(self.daemon.cli("rm", self.far("a")).returncode, 1)
        self.run_cli("rm", "-r", self.far("a"))
        self.assertEqual(self.run_cli("ls", self.files), "")

    def test_ls_while_the_daemon_is_away(self):
        """A GET waits for the daemon."""
        self.daemon.stop()
        listing = subprocess.Popen([self.daemon.binary, "ls", "-d", self.files], env=self.daemon.env, stdout=subprocess.PIPE)
        self.daemon.start("--hold")
        self.assertEqual(listing.communicate(timeout=HANG_S)[0], b"files\n")


class SlowDaemon(threading.Thread):
    """A daemon that sends a file in two parts, the second when it is told to."""

    def __init__(self, path, size):
        super().__init__(daemon=True)
        self.size, self.released, self.sent = size, threading.Event(), threading.Event()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        self.start()

    def run(self):
        while True:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            with connection:
                self.serve(connection)

    def serve(self, connection):
        request = b""
        while b"\r\n\r\n" not in request:
            piece = connection.recv(65536)
            if not piece:
                return
            request += piece
        if b"action=list" in request:
            body = LISTED % self.size
            connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            return
        connection.sendall(SLOW_HEAD + b"x" * (self.size // 2))
        self.sent.set()
        try:
            while not self.released.wait(0.1):
                connection.sendall(b"x")
                self.size += 1
            connection.sendall(b"x" * (self.size // 2) + SLOW_TAIL)
        except OSError:
            pass  # the command was interrupted

    def close(self):
        self.released.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class ProgressTest(DaemonCase):
    """Transfers that take a while, from a daemon of the test."""

    def setUp(self):
        super().setUp()
        self.slow = SlowDaemon(self.daemon.socket_path, 1_000_000)
        self.addCleanup(self.slow.close)
        self.target = self.daemon.path("target")

    def test_a_slow_transfer_has_a_bar(self):
        with Terminal(self.daemon, "pull", "/f", self.target, columns=70) as terminal:
            terminal.wait_for("% ")
            self.slow.released.set()
            self.assertEqual(terminal.wait_exit(), 0)
            self.assertRegex(terminal.text(), r"\r\033\[Kf \[=+>? *\]  5\d% 5\d\dkB [\d.]+kB/s .* left")
            self.assertEqual(on_screen(terminal.text()), "", "a line was left behind")

    def test_no_terminal_has_none(self):
        pulling = subprocess.Popen([self.daemon.binary, "pull", "/f", self.target], env=self.daemon.env,
                                   stderr=subprocess.PIPE)
        self.slow.sent.wait(30)
        threading.Timer(1.5, self.slow.released.set).start()  # a bar would have appeared by then
        self.assertEqual(pulling.communicate(timeout=HANG_S)[1], b"")
        self.assertEqual(pulling.returncode, 0)

    def copies(self):
        """The local file and temporary ones beside it."""
        return glob.glob(glob.escape(self.target) + "*")

    def test_an_interrupted_pull_leaves_nothing(self):
        with Terminal(self.daemon, "pull", "/f", self.target) as terminal:
            terminal.wait_for("% ")
            terminal.press(CTRL_C)
            self.assertEqual(terminal.wait_exit(), -signal.SIGINT)
            self.assertEqual(on_screen(terminal.text()).replace("^C", ""), "")
        self.assertEqual(self.copies(), [])

    def test_a_terminated_pull_leaves_nothing(self):
        pulling = subprocess.Popen([self.daemon.binary, "pull", "/f", self.target], env=self.daemon.env,
                                   stderr=subprocess.PIPE)
        wait_until(lambda: any(map(os.path.getsize, self.copies())), what="the first part")
        pulling.terminate()
        self.assertEqual(pulling.communicate(timeout=HANG_S)[1], b"")
        self.assertEqual(pulling.returncode, -signal.SIGTERM)
        self.assertEqual(self.copies(), [])

    def test_a_second_signal_leaves_nothing(self):
        pulling = subprocess.Popen([self.daemon.binary, "pull", "/f", self.target], env=self.daemon.env,
                                   stderr=subprocess.PIPE)
        wait_until(lambda: any(map(os.path.getsize, self.copies())), what="the first part")
        for number in (signal.SIGSTOP, signal.SIGINT, signal.SIGTERM, signal.SIGCONT):  # both arrive at once
            pulling.send_signal(number)
        pulling.communicate(timeout=HANG_S)
        self.assertIn(pulling.returncode, (-signal.SIGINT, -signal.SIGTERM))
        self.assertEqual(self.copies(), [])


if __name__ == "__main__":
    unittest.main()
