# SPDX-License-Identifier: GPL-3.0-or-later
"""Files through the API: large ones, many, deep trees, and the ways of HTTP."""

import http.client
import json
import os
import socket
import time

from faults import rss_kib
from file_client import CONTENT_TYPE, END, FilesCase, files_url, metadata, part, parts_of, read_request, upload_body, upload_head
from harness import exchange, is_sanitized


class TransferTest(FilesCase):
    def setUp(self):
        super().setUp()
        self.daemon.start()

    def test_contents_come_back(self):
        contents = {"empty": b"", "small": b"hello\r\n--", "large": os.urandom(1 << 20) * 5, "quo\"ted\\": b"x"}
        for name, content in contents.items():
            self.assertEqual(self.upload(self.at(name), content), {"path": self.at(name)})
            self.assertEqual(self.content(name), content)
        parts = parts_of(self.read(*[self.at(name) for name in contents]))
        self.assertEqual([content for _, content in parts[:-1]], list(contents.values()))
        self.assertIsNone(parts[-1][0])
        self.assertEqual(json.loads(parts[-1][1])["result"], [{"path": self.at(name)} for name in contents])

    def test_many_files_in_one_request(self):
        names = [f"file-{number}" for number in range(300)]
        body = metadata(*[{"path": self.at("sub", name), "make-dirs": True} for name in names])
        body += b"".join(part("files", name, self.at("sub", name)) for name in names) + END
        answer = self.daemon.post("/v1/files", body, headers={"Content-Type": CONTENT_TYPE})
        self.assertEqual(answer.result, [{"path": self.at("sub", name)} for name in names])
        self.assertEqual(self.content("sub/file-299"), b"file-299")
        parts = parts_of(self.read(*[self.at("sub", name) for name in names]))
        self.assertEqual([content.decode() for _, content in parts[:-1]], names)

    def test_chunks_as_python_sends_them(self):
        # Like ops: chunked, with a quoted boundary, and pieces of any size.
        body = upload_body(self.at("x"), b"z" * 300000)
        pieces = [body[:10], body[10:200], body[200:]]
        connection = self.daemon.connection()
        connection.request("POST", "/v1/files", body=iter(pieces), encode_chunked=True, headers={
            "Content-Type": CONTENT_TYPE.replace("boundary=", 'boundary="') + '"', "Transfer-Encoding": "chunked"})
        self.assertEqual(connection.getresponse().status, 200)
        connection.close()
        self.assertEqual(len(self.content("x")), 300000)

    def test_continue_is_sent(self):
        body = upload_body(self.at("x"), b"y" * 1000)
        with self.daemon.connect() as sock:
            sock.sendall(upload_head(len(body)).replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"))
            self.assertTrue(sock.recv(1000).startswith(b"HTTP/1.1 100 Continue\r\n\r\n"))
            sock.sendall(body)
            self.assertIn(b"200 OK", sock.recv(1000))
        self.assertEqual(self.content("x"), b"y" * 1000)

    def test_refused_before_the_body(self):
        head = upload_head(1 << 40).replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n")
        answer = self.daemon.raw(head.replace(b"form-data", b"mixed"))
        self.assertTrue(answer.startswith(b"HTTP/1.1 400 "), answer)

    def test_the_connection_lives_on(self):
        connection = self.daemon.connection()
        good = upload_body(self.at("x"), b"1" * 3000000)
        for body, status in ((good.replace(b'"write"', b'"bring"'), 400), (good, 200), (good.replace(b"filename=", b"file="), 400)):
            answer = exchange(connection, "POST", "/v1/files", body, {"Content-Type": CONTENT_TYPE})
            self.assertEqual(answer.status, status)
        self.assertEqual(exchange(connection, "GET", files_url("list", self.files)).result[0]["size"], 3000000)
        connection.close()

    def test_a_client_that_has_ended_its_side_gets_all(self):
        self.put("x", b"a" * 5000000)
        with self.daemon.connect() as sock:
            sock.sendall(read_request(self.at("x")))
            sock.shutdown(socket.SHUT_WR)
            answer = http.client.HTTPResponse(sock)
            answer.begin()
            self.assertGreater(len(answer.read()), 5000000)

    def test_http_1_0(self):
        self.put("x", b"a" * 1000000)
        answer = self.daemon.raw(read_request(self.at("x")).replace(b"HTTP/1.1", b"HTTP/1.0"))
        self.assertIn(b"a" * 1000000 + b"\r\n--", answer)

    def test_files_of_proc(self):
        (_, content), _ = parts_of(self.read("/proc/self/status"))
        self.assertTrue(content.startswith(b"Name:"))

    def test_large_files_take_little_memory(self):
        size = 300 << 20
        with open(self.at("large"), "wb") as file:
            file.truncate(size)
        before_kib = rss_kib(self.daemon.process.pid)
        with self.daemon.connect() as sock:
            sock.sendall(read_request(self.at("large")))
            answer = http.client.HTTPResponse(sock)
            answer.begin()
            received = 0
            while piece := answer.read(1 << 20):
                received += len(piece)
        self.assertGreater(received, size)
        beginning, end = upload_body(self.at("copy"), b"?").split(b"?")
        with self.daemon.connect() as sock:
            sock.sendall(upload_head(len(beginning) + size + len(end)) + beginning)
            for _ in range(300):
                sock.sendall(bytes(1 << 20))
            sock.sendall(end)
            self.assertIn(b"200 OK", sock.recv(1000))
        self.assertEqual(os.path.getsize(self.at("copy")), size)
        if not is_sanitized():
            self.assertLess(rss_kib(self.daemon.process.pid) - before_kib, 8 * 1024)


class DirectoriesTest(FilesCase):
    def setUp(self):
        super().setUp()
        self.daemon.start()

    def test_a_large_directory(self):
        count = 20000
        os.mkdir(self.at("large"))
        for number in range(count):
            os.close(os.open(self.at("large", f"{number:x}"), os.O_CREAT | os.O_WRONLY, 0o600))
        answer = self.list(self.at("large"))
        names = [entry["name"] for entry in answer.result]
        self.assertEqual(names, sorted(f"{number:x}" for number in range(count)))
        self.assertEqual(len(self.list(self.at("large"), pattern="?").result), 16)
        self.assertEqual(self.remove(self.at("large")), {"path": self.at("large")})
        self.assertFalse(os.path.exists(self.at("large")))

    def test_a_deep_tree(self):
        place = os.open(self.files, os.O_RDONLY)
        name = "d" * 200
        for _ in range(500):  # 100 KB of path
            os.mkdir(name, dir_fd=place)
            below = os.open(name, os.O_RDONLY, dir_fd=place)
            os.close(place)
            place = below
        os.close(place)
        self.assertEqual(self.remove(self.at(name)), {"path": self.at(name)})
        self.assertEqual(os.listdir(self.files), [])

    def test_entries_that_vanish(self):
        """A file that is removed while its directory is listed does not make the list fail."""
        deadline = time.monotonic() + 1
        os.mkdir(self.at("busy"))
        while time.monotonic() < deadline:
            for number in range(50):
                self.put(f"busy/{number}")
            with self.daemon.connect() as sock:
                sock.sendall(f"GET {files_url('list', self.at('busy'))} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                for number in range(50):
                    os.unlink(self.at("busy", str(number)))
                self.assertIn(b"200 OK", sock.recv(100))

    def test_zones(self):
        self.daemon.stop()
        self.daemon.start(env={"TZ": "XXX-5:45"})
        os.utime(self.put("x"), (0, 0))
        self.assertEqual(self.list(self.at("x")).result[0]["last-modified"], "1970-01-01T05:45:00+05:45")
