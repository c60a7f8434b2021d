# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of a container for the daemon: own mounts, own user, first process."""

import contextlib
import http.server
import os
import shutil
import subprocess
import threading
import unittest

from faults import IS_ROOT, parents
from harness import wait_until

# Root can create a mount namespace; other users also need a user namespace.
MOUNTS = ["unshare", "--mount"] if IS_ROOT else ["unshare", "--user", "--map-root-user", "--mount"]
PIDS = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child", "--mount-proc"]


def why_not(words):
    """The reason why such namespaces cannot be created here, or ''."""
    try:
        done = subprocess.run([*words, "true"], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "unshare is not there"
    return "" if done.returncode == 0 else f"namespaces are not permitted: {done.stderr.strip()}"


def needs(words):
    """Skips a test if such namespaces cannot be created."""
    return unittest.skipIf(why_not(words), why_not(words))


def copy_program(daemon, name):
    """Copies the program to a separate path, as in an image or volume, and makes the daemon use it."""
    path = daemon.path(name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    shutil.copyfile(daemon.binary, path)
    os.chmod(path, 0o555)
    daemon.binary = path
    return path


def start_within(daemon, mounts, *arguments, run_as="", **options):
    """Starts the daemon from a shell script that sets up mounts in a new namespace. The script executes the daemon, so that
    daemon.process is the daemon. `run_as` is a command that drops privileges (setpriv …)."""
    daemon.script("mounts.sh", f'set -eu\n{mounts}\nexec {run_as} "$@"\n')
    wrapper = daemon.script("container", f'exec {" ".join(MOUNTS)} sh {daemon.path("mounts.sh")} {daemon.binary} "$@"\n')
    daemon.binary, binary = wrapper, daemon.binary
    try:
        return daemon.start(*arguments, **options)
    finally:
        daemon.binary = binary


@contextlib.contextmanager
def as_first_process(daemon):
    """In this context, a daemon is started as the first process of a PID namespace, by unshare (daemon.process)."""
    wrapper = daemon.script("pid1", f'exec {" ".join(PIDS)} {daemon.binary} "$@"\n')
    daemon.binary, binary = wrapper, daemon.binary
    try:
        yield
    finally:
        daemon.binary = binary


def first_process(daemon):
    """The PID, seen from outside, of the program that unshare (daemon.process) runs as first process."""
    def found():
        for pid, parent in parents().items():
            if parent == daemon.process.pid:
                try:
                    if os.path.samefile(f"/proc/{pid}/exe", daemon.binary):
                        return pid
                except OSError:
                    pass
        return None
    return wait_until(found, what="the first process")


class OkServer:
    """An HTTP server on 127.0.0.1 that responds 200 to all requests, as a target of checks."""

    def __init__(self, test):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        test.addCleanup(self.close)

    def close(self):
        self.server.shutdown()
        self.server.server_close()
