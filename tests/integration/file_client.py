# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests about files, for tests: bodies of uploads, and a case with a directory for files."""

import json
import os
import re
import urllib.parse

from harness import DaemonCase

BOUNDARY = "a-boundary-of-at-least-32-characters"
CONTENT_TYPE = f"multipart/form-data; boundary={BOUNDARY}"


def part(name, content, filename=None):
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"'
    if filename is not None:
        quoted = filename.replace("\\", "\\\\").replace('"', '\\"')
        head += f'; filename="{quoted}"'
    return head.encode() + b"\r\n\r\n" + (content if isinstance(content, bytes) else content.encode()) + b"\r\n"


def metadata(*items):
    return part("request", json.dumps({"action": "write", "files": list(items)}))


END = f"--{BOUNDARY}--\r\n".encode()


def upload_body(path, content, **item):
    return metadata({"path": path, **item}) + part("files", content, path) + END


def upload_head(length):
    return (f"POST /v1/files HTTP/1.1\r\nHost: x\r\nContent-Type: {CONTENT_TYPE}\r\n"
            f"Content-Length: {length}\r\n\r\n").encode()


def files_url(action, *paths, **more):
    return "/v1/files?" + urllib.parse.urlencode([("action", action)] + [("path", p) for p in paths] + list(more.items()))


def read_request(path):
    return f"GET {files_url('read', path)} HTTP/1.1\r\nHost: x\r\nAccept: multipart/form-data\r\n\r\n".encode()


def parts_of(answer):
    """The parts of a multipart response: (filename or None, content)."""
    boundary = re.search(r'boundary="?([^";]+)', answer.headers["content-type"]).group(1).encode()
    found = []
    for text in answer.body.split(b"--" + boundary)[1:-1]:
        head, content = text.removeprefix(b"\r\n").removesuffix(b"\r\n").split(b"\r\n\r\n", 1)
        name = re.search(rb'filename="(.*)"\r\n', head)
        found.append((name.group(1).decode() if name else None, content))
    return found


class FilesCase(DaemonCase):
    def setUp(self):
        super().setUp()
        self.files = self.daemon.path("files")
        os.mkdir(self.files)

    def at(self, *names):
        return os.path.join(self.files, *names)

    def put(self, name, content=b""):
        return self.daemon.file(os.path.join("files", name), content)

    def content(self, name):
        with open(self.at(name), "rb") as file:
            return file.read()

    def upload(self, path, content, **item):
        """Writes one file; returns its result."""
        answer = self.daemon.post("/v1/files", upload_body(path, content, **item), headers={"Content-Type": CONTENT_TYPE})
        self.assertEqual(answer.status, 200, answer)
        return answer.result[0]

    def read(self, *paths, **options):
        return self.daemon.get(files_url("read", *paths), headers={"Accept": "multipart/form-data"}, **options)

    def list(self, path, **query):
        return self.daemon.get(files_url("list", path, **query))

    def remove(self, path, recursive=True):
        return self.daemon.post("/v1/files", {"action": "remove", "paths": [{"path": path, "recursive": recursive}]}).result[0]
