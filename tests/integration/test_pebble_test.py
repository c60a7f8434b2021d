# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemon for tests of include/pebble-test.h, as programs of others use it: pebble_test_driver.c."""

import glob
import os
import re
import shutil
import signal
import subprocess
import unittest

from harness import HANG_S, TOP, DaemonCase, once_per_run, program, wait_until
from test_libpebble import PREFIX, installed_library, output

DRIVER_SOURCE = os.path.join(TOP, "tests", "integration", "pebble_test_driver.c")

OWN_ROOT, OWN_ROOT_OPTIONAL = 1, 3
TIMEOUT_S = HANG_S


def user_namespace_problem():
    """Why no user namespace can be made here, or None."""
    if shutil.which("unshare") is None:
        return "unshare is not there"
    done = subprocess.run(["unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "true"],
                          capture_output=True, text=True, check=False)
    return done.stderr.strip() or None if done.returncode != 0 else None


def build_driver():
    """The driver, linked with the static library; built once for all tests."""
    dest = installed_library()  # other tests wait for it: the tree of the library is used by one at a time
    with once_per_run("driver") as (folder, is_made):
        path = os.path.join(folder, "driver")
        if not is_made:
            os.makedirs(folder)
            output("gcc", "-std=gnu99", "-g", "-Wall", "-Wextra", "-Werror", f"-I{dest}{PREFIX}/include", DRIVER_SOURCE,
                   f"{dest}{PREFIX}/lib/libpebble.a", "-ljansson", "-lmd", "-lssl", "-lcrypto", "-pthread", "-o", path)
    return path


@unittest.skipUnless(shutil.which("meson"), "meson is not there")
class TestingCase(DaemonCase):
    """The driver, and a directory for temporary files of its own."""

    def setUp(self):
        super().setUp()
        self.driver = build_driver()
        self.tmp = self.daemon.path("tmp")
        os.mkdir(self.tmp)
        self.addCleanup(self.assert_nothing_is_left)

    def environment(self, **more):
        return {**self.daemon.env, "TMPDIR": self.tmp, "PEBBLE_TEST_PROGRAM": program(), **more}

    def start(self, *commands, before=(), **more):
        return subprocess.Popen([*before, self.driver, *commands], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                text=True, env=self.environment(**more))

    def drive(self, *commands, status=0, before=(), **more):
        """Runs the driver; returns the lines of its output."""
        process = self.start(*commands, before=before, **more)
        text, _ = process.communicate(timeout=TIMEOUT_S)
        self.assertEqual(process.returncode, status, text)
        return text.splitlines()

    def processes(self):
        """Processes of daemons below the test's directory, and their guardians."""
        found = []
        for name in os.listdir("/proc"):
            try:
                if not name.isdigit() or int(name) == os.getpid():
                    continue
                with open(f"/proc/{name}/environ", "rb") as environ:
                    if f"TMPDIR={self.tmp}\0".encode() in environ.read():
                        found.append(int(name))
            except OSError:
                pass
        return found

    def leftovers(self):
        return self.processes() or os.listdir(self.tmp)

    def assert_nothing_is_left(self):
        wait_until(lambda: not self.leftovers(), what="the end of all processes and directories")


class EndTest(TestingCase):
    """However the program ends, nothing is left; assert_nothing_is_left() checks that at the end of each test."""

    def test_destroy(self):
        lines = self.drive("create", "service web active", "children", "destroy", "children")
        self.assertEqual(lines[1:], ["children none", "children none"])
        self.assertEqual(self.leftovers(), [])  # at once

    def test_program_is_killed(self):
        for flags in (0, OWN_ROOT_OPTIONAL):
            with self.subTest(flags):
                process = self.start(f"flags {flags}", "create", "service web active", "health", "end pause")
                wait_until(lambda: "healthy" in process.stdout.readline(), what="the daemon")
                self.assertGreater(len(self.processes()), 2)
                process.kill()
                process.wait()
                process.stdout.close()
                self.assert_nothing_is_left()

    def test_program_is_killed_while_it_waits_for_the_daemon(self):
        mark = self.daemon.path("mark")
        slow = self.daemon.script("slow", f"sleep 1000 & echo > {mark}\nexec sleep 1000\n")
        process = self.start("create", PEBBLE_TEST_PROGRAM=slow)
        wait_until(lambda: os.path.exists(mark), what="the program")
        process.kill()
        process.wait()
        process.stdout.close()

    def test_other_ends(self):
        for how, status in (("abort", -signal.SIGABRT), ("_exit", 0), ("exit", 0)):
            with self.subTest(how):
                self.drive("create", "service web active", "create", f"end {how}", status=status)
                self.assert_nothing_is_left()

    def test_child_has_copies_of_descriptors(self):
        process = self.start("create", "service web active", "end fork")
        self.assertEqual(process.wait(TIMEOUT_S), 0)
        wait_until(lambda: len(self.processes()) == 1 and not os.listdir(self.tmp), what="the end of all but the child")
        os.kill(self.processes()[0], signal.SIGKILL)
        process.stdout.close()


class UseTest(TestingCase):
    def test_several(self):
        directories = self.drive("create", "create", "create")
        self.assertEqual(len(set(directories)), 3)
        self.assertEqual(self.drive("threads"), ["thread 20"] * 4)

    def test_requests(self):
        lines = self.drive("create", "health", "exec cat; echo $PEBBLE_TEST_MARK", f"push {self.daemon.path('new')}", "requests",
                           "clear", "requests")
        requests = [line for line in lines if line.startswith("request ")]
        self.assertEqual(lines[1:4], ["healthy 1", "exec 0 input", "1"])
        self.assertEqual(requests[0], "request GET /v1/health?level=ready 200 ")
        self.assertRegex(requests[1], r"^request POST /v1/exec 202 \{.*\"command\":\[\"sh\",\"-c\"")
        self.assertEqual([line.split()[3] for line in requests if "websocket" in line], ["101", "101"])
        push = lines[lines.index(requests[-1]):]
        self.assertIn(" POST /v1/files 200 ", push[0])
        self.assertIn("pushed", push)

    def test_checks(self):
        lines = self.drive("create", "check ready down", "health", "check ready up", "health", "check fresh down",
                           "health", "restart", "service web active", "check ready down", "health", "requests")
        self.assertEqual([line for line in lines if line.startswith("healthy")],
                         ["healthy 0", "healthy 1", "healthy 1", "healthy 0"])
        self.assertEqual(len([line for line in lines if line.startswith("request ")]), 4)  # those of `health`

    def test_check_with_a_long_name(self):
        name = "n" * 1024
        lines = self.drive("create", f"check {name} down", f"check {name} up")
        self.assertEqual(lines[1:], [])

    def test_check_acts_on_service(self):
        lines = self.drive("create", "check own up", "start-service watched", "check own down",
                           "service watched backoff")
        self.assertEqual(lines[1:], [])

    def test_notices(self):
        self.assertEqual(self.drive("create", "notify example.com/a value", "notices")[1:],
                         ['notice example.com/a {"name":"value"}'])

    def test_reachable(self):
        lines = self.drive("create", "boot", "reachable no", "boot", "restart", "boot", "reachable yes", "boot", "retry")
        self.assertEqual(lines[1], lines[4])
        self.assertEqual(lines[2:4], ["boot error 1"] * 2)
        self.assertEqual(lines[5:], ["retry 0", "back"])

    def test_stop_and_start(self):
        lines = self.drive("create", "notify example.com/a value", "stop", "boot", "stop", "start", "start", "notices",
                           "killed", "boot", "killed", "start", "service web active", "notices")
        notice = 'notice example.com/a {"name":"value"}'
        self.assertEqual(lines[1:], ["boot error 1", "start: error 7: cannot start daemon: it is running", notice,
                                     "boot error 1", notice])


class FailureTest(TestingCase):
    def test_program_is_missing(self):
        self.assertEqual(self.drive("create", status=1, PEBBLE_TEST_PROGRAM="/none"),
                         ['error 7: cannot find program "/none": not an executable file'])
        self.assertEqual(self.drive("create", status=1, PEBBLE_TEST_PROGRAM="no-such-program"),
                         ['error 7: cannot find program "no-such-program": not an executable file of a directory in PATH'])

    def test_program_is_not_a_program(self):
        bad = self.daemon.file("bad", "not a program", 0o755)
        self.assertEqual(self.drive("create", status=1, PEBBLE_TEST_PROGRAM=bad),
                         [f"error 8: cannot start daemon: {bad}: exec format error"])

    def test_program_does_not_respond(self):
        slow = self.daemon.script("slow", "echo begun\nexec sleep 1000\n")
        for timeout_ms in (300, 3000, 30000):  # on a busy machine the program may not be started in the first
            lines = self.drive(f"timeout {timeout_ms}", "create", status=1, PEBBLE_TEST_PROGRAM=slow)
            if lines[0] != "error 4: cannot control daemon: timeout":
                break
        self.assertEqual(lines[0], "error 4: cannot start daemon: it does not respond in time; the end of its log:")

    def test_layer(self):
        lines = self.drive("create broken", status=1)
        self.assertEqual(lines[0], "error 1: cannot start daemon: it has ended; the end of its log:")
        self.assertIn('cannot parse layer "first-one"', "".join(lines))

    def test_directory(self):
        long = os.path.join(self.tmp, "x" * 90)
        os.mkdir(long)
        line, = self.drive("create", status=1, TMPDIR=long)
        self.assertEqual(line, f"error 7: cannot use TMPDIR {long}: longer than 86 bytes, too long for the path of a socket")
        os.rmdir(long)
        line, = self.drive("create", status=1, TMPDIR="/none")
        self.assertEqual(line, "error 8: cannot create temporary directory: /none: no such file or directory")

    def test_no_descriptors(self):
        line, = self.drive("fill", "create", status=1)
        self.assertRegex(line, r"^error 8: cannot create temporary directory: .*: too many open files$")


@unittest.skipIf(user_namespace_problem(), f"no user namespaces: {user_namespace_problem()}")
class RootTest(TestingCase):
    """A root directory of its own."""

    WRITE = "exec echo changed > /etc/hosts; echo new > /etc/own-root-test; mkdir -p /var/own-root-test; cat /etc/hosts"

    def machine(self):
        with open("/etc/hosts", "rb") as hosts:
            return hosts.read(), glob.glob("/*/own-root-test*")

    def test_machine_stays_clean(self):
        before = self.machine()
        lines = self.drive(f"flags {OWN_ROOT}", "create", "root", self.WRITE, "push /opt/own-root-test/file",
                           "exec cat /etc/own-root-test /opt/own-root-test/file", "restart", "exec ls -d /var/own-root-test")
        self.assertRegex(lines[1], r"^root /.*/root; -$")
        self.assertEqual(lines[lines.index("exec 0 new") + 1], "pushed")
        self.assertIn("exec 0 /var/own-root-test", lines)
        self.assertEqual(self.machine(), before)
        self.assertEqual(before[1], [])

    def test_directory_is_on_an_overlay(self):
        """Which cannot be the upper directory of another one: everything is bound, read-only."""
        before = self.machine()
        base = self.daemon.path("overlay")
        for name in ("lower", "upper", "work", "merged"):
            os.makedirs(os.path.join(base, name))
        options = f"userxattr,lowerdir={base}/lower,upperdir={base}/upper,workdir={base}/work"
        shell = f'mount -t overlay overlay -o {options} {base}/merged || exit 77; exec "$@"'
        process = self.start(f"flags {OWN_ROOT}", "create", "exec echo x 2>/dev/null >/etc/hosts || echo refused",
                             "push /opt/own-root-test", "exec cat /opt/own-root-test", TMPDIR=f"{base}/merged",
                             before=["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", shell, "sh"])
        text, _ = process.communicate(timeout=TIMEOUT_S)
        if process.returncode == 77:
            self.skipTest("no overlay can be mounted here")
        self.assertEqual(process.returncode, 0, text)
        self.assertEqual(text.splitlines()[1:], ["exec 0 refused", "", "exec 0 pushed", ""])
        self.assertEqual(self.machine(), before)
        self.assertEqual(os.listdir(f"{base}/upper"), [])

    def test_result_can_be_read(self):
        process = self.start(f"flags {OWN_ROOT}", "create", "push /opt/own-root-test/file", "root", "end pause")
        lines = []
        wait_until(lambda: lines.append(process.stdout.readline()) or lines[-1].startswith("root"), what="the root")
        root = re.match(r"root (.*); -$", lines[-1])[1]
        with open(f"{root}/opt/own-root-test/file", encoding="utf-8") as file:
            self.assertEqual(file.read(), "pushed\n")
        process.kill()
        process.wait()
        process.stdout.close()

    def test_boot_id(self):
        lines = self.drive(f"flags {OWN_ROOT}", "create", "notify example.com/a value", "boot", "restart", "boot", "killed", "start", "boot",
                           "notices")
        self.assertEqual(len(set(lines[1:4])), 3)
        self.assertEqual(lines[4:], ['notice example.com/a {"name":"value"}'])

    def without_namespaces(self, flags, status):
        shell = 'echo 0 >/proc/sys/user/max_user_namespaces; exec "$@"'
        return self.drive(f"flags {flags}", "create", "root", "exec cat /proc/sys/user/max_user_namespaces", status=status,
                          before=["unshare", "--user", "--map-root-user", "sh", "-c", shell, "sh"])

    def test_no_namespaces(self):
        reason = "cannot create user namespace: no space left on device"
        self.assertEqual(self.without_namespaces(OWN_ROOT, 1),
                         [f"error 7: cannot give the daemon a root directory of its own: {reason}"])
        self.assertEqual(self.without_namespaces(OWN_ROOT_OPTIONAL, 0)[1:], [f"root -; {reason}", "exec 0 0", ""])


if __name__ == "__main__":
    unittest.main()
