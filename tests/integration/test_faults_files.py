# SPDX-License-Identifier: GPL-3.0-or-later
"""Files when something goes wrong: clients that vanish, full disks, swapped links, many at once."""

import os
import resource
import stat
import threading

from faults import SmallDisk, descriptors, limited, need_descriptors, needs_root, plan_of, rss_kib
from file_client import FilesCase, parts_of, read_request, upload_body, upload_head
from harness import is_sanitized, receive_response, wait_until
from test_faults_clients import PROBE_S


class FaultsCase(FilesCase):
    def open_files(self):
        """Descriptors of the daemon below the directory for files."""
        return [target for target in descriptors(self.daemon.process.pid).values() if target.startswith(self.files)]

    def begin_upload(self, path, sent=2 << 20, size=10 << 20):
        """A connection that has sent a part of an upload, and the rest of the body."""
        body = upload_body(path, bytes(size))
        sock = self.daemon.connect()
        self.addCleanup(sock.close)
        sock.sendall(upload_head(len(body)) + body[:sent])
        return sock, body[sent:]

    def sparse(self, name, size):
        path = self.put(name)
        os.truncate(path, size)
        return path

    def assert_healthy(self):
        answer = self.daemon.get("/v1/health?level=alive", timeout_s=PROBE_S)
        self.assertEqual(answer.status, 200)


class ClientsThatVanishTest(FaultsCase):
    def setUp(self):
        super().setUp()
        self.daemon.start()

    def test_in_the_middle_of_an_upload(self):
        path = self.put("target", b"old")
        for number in range(10):
            sock, _ = self.begin_upload(path, sent=1000 + number * 400000)
            sock.close()
        wait_until(lambda: not self.open_files(), what="files to be closed")
        self.assertEqual(os.listdir(self.files), ["target"])
        self.assertEqual(self.content("target"), b"old")

    def test_in_the_middle_of_a_download(self):
        path = self.sparse("huge", 1 << 40)
        for _ in range(5):
            with self.daemon.connect() as sock:
                sock.sendall(read_request(path))
                sock.recv(100000)
        wait_until(lambda: not self.open_files(), what="files to be closed")
        self.assert_healthy()

    def test_that_stop_reading(self):
        path = self.sparse("huge", 1 << 40)
        before_kib = rss_kib(self.daemon.process.pid)
        socks = [self.daemon.connect() for _ in range(50)]
        for sock in socks:
            sock.sendall(read_request(path))
        for sock in socks:
            sock.recv(1000)
        self.assert_healthy()
        if not is_sanitized():
            self.assertLess(rss_kib(self.daemon.process.pid) - before_kib, 64 * 1024)
        self.assertEqual(self.daemon.stop(timeout_s=PROBE_S), 0)
        for sock in socks:
            sock.close()


class DaemonThatEndsTest(FaultsCase):
    def test_killed_during_an_upload(self):
        self.daemon.start()
        path = self.put("target", b"old")
        self.begin_upload(path)
        wait_until(self.open_files, what="the new file")
        self.daemon.kill()
        self.assertEqual(self.content("target"), b"old")
        names = os.listdir(self.files)
        # A file system without O_TMPFILE shows a file that can be recognised.
        self.assertEqual([name for name in names if not (name.startswith("target.") and name.endswith("~"))], ["target"])

    def test_stopped_during_an_upload(self):
        self.daemon.start()
        path = self.put("target", b"old")
        self.begin_upload(path)
        wait_until(self.open_files, what="the new file")
        self.assertEqual(self.daemon.stop(timeout_s=PROBE_S), 0)
        self.assertEqual(os.listdir(self.files), ["target"])
        self.assertEqual(self.content("target"), b"old")


class FileSystemsTest(FaultsCase):
    @needs_root
    def test_full_disk(self):
        os.mkdir(self.at("disk"))
        disk = SmallDisk(self.at("disk"), 4096)
        self.addCleanup(disk.unmount)
        self.daemon.start()
        path = self.put("disk/target", b"old")
        result = self.upload(path, bytes(8 << 20))
        self.assertEqual(result["error"], {"message": f"write {path}: no space left on device", "kind": "generic-file-error"})
        self.assertEqual(self.content("disk/target"), b"old")
        self.assertEqual(os.listdir(self.at("disk")), ["target"])
        self.assertEqual(self.upload(path, bytes(2 << 20)), {"path": path})
        disk.set_read_only(True)
        self.assertIn("read-only file system", self.upload(path, b"x")["error"]["message"])
        self.assertIn("read-only file system", self.remove(path)["error"]["message"])

    def test_size_limit(self):
        self.daemon.start(preexec_fn=limited((resource.RLIMIT_FSIZE, 1 << 20, 1 << 20)))
        path = self.put("target", b"old")
        result = self.upload(path, bytes(3 << 20))
        self.assertEqual(result["error"]["message"], f"write {path}: file too large")
        self.assertEqual(self.content("target"), b"old")
        self.assertEqual(os.listdir(self.files), ["target"])
        self.assertEqual(self.upload(path, b"new"), {"path": path})

    def test_directory_removed_meanwhile(self):
        self.daemon.start()
        os.mkdir(self.at("dir"))
        sock, rest = self.begin_upload(self.at("dir", "target"))
        wait_until(self.open_files, what="the new file")
        for name in os.listdir(self.at("dir")):
            os.unlink(self.at("dir", name))
        os.rmdir(self.at("dir"))
        sock.sendall(rest)
        answer = receive_response(sock)
        self.assertEqual(answer.status, 200)
        self.assertIn(b'"kind":"not-found"', answer.body)
        wait_until(lambda: not self.open_files(), what="files to be closed")

    def test_only_regular_files_are_read(self):
        self.daemon.start()
        os.mkfifo(self.at("pipe"))
        for path in (self.at("pipe"), "/dev/zero", "/dev/tty", self.files):
            ((_, result),) = parts_of(self.read(path))
            self.assertIn(b"can only read a regular file", result)

    def test_special_files_are_replaced(self):
        self.daemon.start()
        os.mkfifo(self.at("pipe"))
        os.symlink("/etc/passwd", self.at("link"))
        for name in ("pipe", "link"):
            self.assertEqual(self.upload(self.at(name), b"new"), {"path": self.at(name)})
            self.assertTrue(stat.S_ISREG(os.lstat(self.at(name)).st_mode))
            self.assertEqual(self.content(name), b"new")

    def test_links_swapped_in_are_not_followed(self):
        self.daemon.start()
        precious = [self.put(f"precious/{number}") for number in range(20)]
        is_over = threading.Event()

        def swap():
            while not is_over.is_set():
                for name in ("a", "b", "c"):
                    try:
                        os.rename(self.at("tree", name), self.at("tree", name + "-moved"))
                        os.symlink(self.at("precious"), self.at("tree", name))
                    except OSError:
                        pass

        swapper = threading.Thread(target=swap)
        swapper.start()
        try:
            for _ in range(30):
                for name in ("a", "b", "c"):
                    for number in range(20):
                        try:
                            self.put(f"tree/{name}/{number}/x")
                        except OSError:
                            pass
                self.remove(self.at("tree"))
        finally:
            is_over.set()
            swapper.join()
        # The test itself writes through the links, but only into new directories.
        for path in precious:
            self.assertTrue(os.path.isfile(path), path)


class ManyTest(FaultsCase):
    def test_large_files_do_not_hold_up_others(self):
        self.daemon.layer("001-test.yaml", plan_of({"brief": {"command": "sh -c 'sleep 0.2; exit 1'", "startup": "enabled",
                                                             "backoff-delay": "100ms", "backoff-limit": "100ms"}}))
        self.daemon.start()
        before_kib = rss_kib(self.daemon.process.pid)
        is_over = threading.Event()
        paths = [self.sparse(f"large-{number}", 4 << 30) for number in range(4)]

        def download(path):
            with self.daemon.connect() as sock:
                sock.sendall(read_request(path))
                while not is_over.is_set() and sock.recv(1 << 20):
                    pass

        readers = [threading.Thread(target=download, args=(path,)) for path in paths]
        for reader in readers:
            reader.start()
        try:
            self.daemon.wait_log("brief", count=3)
            for _ in range(50):
                self.assert_healthy()
            self.daemon.wait_log("brief", count=len(self.daemon.log_lines("brief")) + 2)
        finally:
            is_over.set()
            for reader in readers:
                reader.join()
        wait_until(lambda: not self.open_files(), what="files to be closed")
        if not is_sanitized():
            self.assertLess(rss_kib(self.daemon.process.pid) - before_kib, 16 * 1024)

    def test_many_uploads_at_once(self):
        need_descriptors(self, 2000)
        self.daemon.start()
        before_kib = rss_kib(self.daemon.process.pid)
        before_fds = len(descriptors(self.daemon.process.pid))
        uploads = [self.begin_upload(self.at(f"file-{number}"), sent=150000, size=300000) for number in range(200)]
        self.assert_healthy()
        for sock, rest in uploads:
            sock.sendall(rest)
        for sock, _ in uploads:
            self.assertEqual(receive_response(sock).status, 200)
            sock.close()
        self.assertEqual(len(os.listdir(self.files)), 200)
        self.assertTrue(all(os.path.getsize(self.at(name)) == 300000 for name in os.listdir(self.files)))
        wait_until(lambda: len(descriptors(self.daemon.process.pid)) <= before_fds + 1, what="descriptors to be given back")
        if not is_sanitized():
            self.assertLess(rss_kib(self.daemon.process.pid) - before_kib, 64 * 1024)

    def test_few_descriptors(self):
        self.daemon.start(preexec_fn=limited((resource.RLIMIT_NOFILE, 256, 256)))
        uploads = [self.begin_upload(self.at(f"file-{number}"), sent=300000, size=600000) for number in range(50)]
        self.assert_healthy()
        for sock, rest in uploads:
            sock.sendall(rest)
        answers = [receive_response(sock) for sock, _ in uploads]
        self.assertTrue(all(answer.status == 200 for answer in answers))
        failed = [answer.body for answer in answers if b"error" in answer.body]
        self.assertTrue(failed)
        self.assertTrue(all(b"too many files are being used at once" in body for body in failed))
        self.assertEqual(len(os.listdir(self.files)), 50 - len(failed))
        for sock, _ in uploads:
            sock.close()
        self.assertEqual(self.upload(self.at("last"), b"x"), {"path": self.at("last")})

    def test_workers_end(self):
        self.daemon.start()
        self.upload(self.at("x"), b"1")
        tasks = f"/proc/{self.daemon.process.pid}/task"
        wait_until(lambda: len(os.listdir(tasks)) == 1, what="idle workers to end")
