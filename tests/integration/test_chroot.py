# SPDX-License-Identifier: GPL-3.0-or-later
"""The static program alone in a root directory: without libraries, loader and name service."""

import os
import re
import shutil
import signal
import struct
import subprocess
import unittest

from faults import needs_root, plan_of
from harness import DaemonCase, is_sanitized, program, wait_until

PT_INTERP = 3

# A service for systems without a shell: prints its identity and how it was started, then waits.
SERVICE = r"""
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
extern char **environ;
int main(void) {
    FILE *file = fopen("/tmp/seen", "w");
    fprintf(file, "ids %d %d\n", (int)getuid(), (int)getgid());
    for (char **at = environ; *at != NULL; at++)
        fprintf(file, "%s\n", *at);
    fprintf(file, "end\n");
    fclose(file);
    puts("hello from the empty root");
    fflush(stdout);
    pause();
    return 0;
}
"""


def interpreter(path):
    """Whether the program needs a loader: it has a segment of type INTERP."""
    with open(path, "rb") as file:
        head = file.read(64)
        is_64 = head[4] == 2
        order = "<" if head[5] == 1 else ">"
        offset, size, count = ((struct.unpack_from(order + "Q", head, 32)[0], *struct.unpack_from(order + "HH", head, 54)) if is_64
                               else (struct.unpack_from(order + "I", head, 28)[0], *struct.unpack_from(order + "HH", head, 42)))
        file.seek(offset)
        table = file.read(size * count)
    return any(struct.unpack_from(order + "I", table, number * size)[0] == PT_INTERP for number in range(count))


@unittest.skipIf(interpreter(program()) if os.path.exists(program()) else True, "the program is not static")
@unittest.skipIf(is_sanitized(), "a sanitizer needs more than an empty root")
@unittest.skipUnless(shutil.which("cc") or shutil.which("gcc"), "there is no compiler for the service")
class EmptyRootTest(DaemonCase):
    def setUp(self):
        super().setUp()
        daemon = self.daemon
        self.root = daemon.path("root")
        for name in ("bin", "etc", "tmp", "dev", "proc", "pebble/layers"):
            os.makedirs(os.path.join(self.root, name))
        shutil.copy(program(), os.path.join(self.root, "bin/pebble"))
        self.write("etc/passwd", "root:x:0:0:root:/:/none\nworker:x:1234:4321:A Worker:/home/worker:/none\n")
        self.write("etc/group", "root:x:0:\nworkers:x:4321:worker\n")
        # Modules that are not there, and must not even be looked for.
        self.write("etc/nsswitch.conf", "passwd: absent sss\ngroup: absent sss\nhosts: absent resolve\ninitgroups: absent\n")
        self.build_service()
        self.write("pebble/layers/001-test.yaml", plan_of({
            "own": "/bin/service", "worker": {"command": "/bin/service", "user": "worker", "group": "workers"},
            "stranger": {"command": "/bin/service", "user": "nobody-here"}}))
        os.chmod(os.path.join(self.root, "tmp"), 0o1777)
        # Where a service's stdin comes from; the only device that is needed.
        os.mknod(os.path.join(self.root, "dev/null"), 0o20666, os.makedev(1, 3))

    def write(self, name, text):
        with open(os.path.join(self.root, name), "w", encoding="utf-8") as file:
            file.write(text)

    def build_service(self):
        source = self.daemon.file("service.c", SERVICE)
        compiler = shutil.which("cc") or shutil.which("gcc")
        done = subprocess.run([compiler, "-static", "-o", os.path.join(self.root, "bin/service"), source],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            self.skipTest(f"the service cannot be linked: {done.stderr.strip()[-200:]}")

    def start(self, *tracer):
        self.daemon.socket_path = os.path.join(self.root, "pebble/.pebble.socket")
        with open(self.daemon.log_path, "ab") as log:
            self.daemon.process = subprocess.Popen(
                [*tracer, shutil.which("chroot") or "/usr/sbin/chroot", self.root, "/bin/pebble", "run"],
                env={"PEBBLE": "/pebble", "PATH": "/bin"}, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(self.daemon.is_answering, what="the daemon's first answer")

    def seen(self):
        path = os.path.join(self.root, "tmp/seen")
        def text():
            try:
                with open(path, encoding="utf-8") as file:
                    content = file.read()
            except FileNotFoundError:
                return None
            return content if content.endswith("end\n") else None
        content = wait_until(text, what="what the service saw")
        os.unlink(path)
        return content.splitlines()

    @needs_root
    def test_services_run_and_users_are_found(self):
        self.start()
        daemon = self.daemon
        self.assertEqual(daemon.services("start", "own")["status"], "Done", daemon.log())
        self.assertEqual(self.seen()[0], "ids 0 0")
        self.assertIn(b"hello from the empty root", daemon.get("/v1/logs?n=-1").body)
        self.assertEqual(daemon.services("start", "worker")["status"], "Done", daemon.log())
        seen = self.seen()
        self.assertEqual(seen[0], "ids 1234 4321")
        self.assertIn("HOME=/home/worker", seen)
        self.assertIn("USER=worker", seen)
        change = daemon.services("start", "stranger")
        self.assertEqual(change["status"], "Error")
        self.assertIn("unknown user nobody-here", change["err"])
        self.assertEqual(daemon.stop(), 0)

    @needs_root
    @unittest.skipUnless(shutil.which("strace"), "strace is not there")
    def test_nothing_is_opened_that_is_not_its_own(self):
        trace = self.daemon.path("trace")
        self.start("strace", "-f", "-q", "-o", trace, "-e", "trace=open,openat,execve")
        self.daemon.services("start", "own", "worker")
        self.daemon.post("/v1/layers", {"action": "add", "combine": True, "label": "more", "format": "yaml",
                                        "layer": "services: {own: {override: merge, summary: x}}"})
        with open(f"/proc/{self.daemon.process.pid}/task/{self.daemon.process.pid}/children", encoding="ascii") as file:
            os.kill(int(file.read().split()[0]), signal.SIGTERM)
        self.daemon.wait_exit()
        with open(trace, encoding="utf-8", errors="replace") as file:
            text = file.read()
        # From the moment that the program itself is executed; chroot(1) is not ours.
        own = text[text.index('execve("/bin/pebble"'):]
        opened = set(re.findall(r'open(?:at)?\((?:AT_FDCWD, )?"([^"]*)"', own))
        self.assertIn("/etc/passwd", opened)
        bad = [path for path in opened if re.search(r"\.so\b|ld\.so|locale|gconv|openssl", path)]
        self.assertEqual(bad, [])


if __name__ == "__main__":
    unittest.main()
