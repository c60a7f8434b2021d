# SPDX-License-Identifier: GPL-3.0-or-later
"""The state file: failing disks, unreadable files, and a daemon killed while it writes."""

import http.client
import json
import os
import random
import resource
import signal
import stat
import threading
import unittest

from faults import (IS_ROOT, Faults, SmallDisk, allow_tracing, plan_of, scratch_directory, temporaries)
from harness import HANG_S, DaemonCase, exchange, is_sanitized, wait_until

SERVICES = plan_of({
    "one": "sleep 1000", "two": "sleep 1000", "three": "sleep 1000",
    "nervous": {"command": "sleep 1000", "backoff-delay": "50ms"},
})


def state_bytes(daemon):
    with open(os.path.join(daemon.pebble_dir, ".pebble.state"), "rb") as file:
        return file.read()


def save_all(daemon):
    """The response comes when everything until now is saved, so that no write is under way."""
    answer = daemon.post("/v1/notices", {"action": "add", "type": "custom", "key": "example.com/saved"})
    if answer.status != 200:
        raise AssertionError(answer)


class RefusingDiskCase(DaemonCase):
    """The course of all tests where the disk refuses: works, refuses, works again, refuses at the end."""

    def setUp(self):
        super().setUp()
        self.daemon.layer("001-test.yaml", SERVICES)

    def break_disk(self):
        raise NotImplementedError

    def mend_disk(self):
        raise NotImplementedError

    def assert_lives_without_disk(self, before):
        daemon = self.daemon
        change = daemon.services("start", "two")
        self.assertEqual(change["status"], "Done", change)
        answer = daemon.get("/v1/services")
        self.assertIn("latest-warning", answer.json)
        self.assertEqual(daemon.get("/v1/health").status, 200)
        self.assertEqual(state_bytes(daemon), before, "the old state file has to stay")
        wait_until(lambda: not temporaries(daemon), what="the temporaries of failed writes to be gone")
        pid = wait_until(lambda: self.pid_of_nervous(), what="the nervous service")
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: self.pid_of_nervous() not in (None, pid), what="the nervous service's restart")

    def pid_of_nervous(self):
        try:
            return int(self.daemon.read("pid"))
        except (FileNotFoundError, ValueError):
            return None

    def check_course(self):
        daemon = self.daemon
        daemon.layer("001-test.yaml", SERVICES.replace(
            "'sleep 1000'\n    backoff", f"'sh -c \"echo $$ > {daemon.path('pid')}; exec sleep 1000\"'\n    backoff"))
        daemon.start(preexec_fn=allow_tracing)
        daemon.services("start", "one", "nervous")
        daemon.wait_service("one", "active")
        wait_until(lambda: self.state_with_ready("1"), what="the first change in the state file")
        save_all(daemon)
        self.assertNotIn("latest-warning", daemon.get("/v1/services").json)
        before = state_bytes(daemon)

        self.break_disk()
        self.assert_lives_without_disk(before)

        self.mend_disk()
        daemon.services("start", "three")
        state = wait_until(lambda: self.state_with_ready("3"), what="the state file to catch up")
        self.assertEqual(set(state["changes"]), {"1", "2", "3"})
        warnings = [text["key"] for text in state["notices"] if text["type"] == "warning"]
        self.assertEqual(len(warnings), 1, warnings)
        self.assertIn("cannot write state file", warnings[0])

        save_all(daemon)
        before = state_bytes(daemon)
        self.break_disk()
        daemon.services("stop", "two")
        self.assertEqual(daemon.stop(), 0)
        self.assertEqual(daemon.leftovers(), [])
        json.loads(state_bytes(daemon))
        self.assertEqual(state_bytes(daemon), before)
        self.assertEqual(temporaries(daemon), [])

    def state_with_ready(self, number):
        """The state file's content, once that change is ready in it."""
        state = self.daemon.state()
        return state if "ready-time" in state["changes"].get(number, {}) else None


class FullDiskTest(RefusingDiskCase):
    def setUp(self):
        super().setUp()
        if not IS_ROOT:
            self.skipTest("only root may mount a small disk")
        self.disk = SmallDisk(self.daemon.pebble_dir, 256)
        self.addCleanup(self.disk.unmount)
        os.mkdir(os.path.join(self.daemon.pebble_dir, "layers"))

    def break_disk(self):
        self.disk.fill()

    def mend_disk(self):
        self.disk.free()

    def test_daemon_lives_while_the_disk_is_full(self):
        self.check_course()


class FileSizeLimitTest(RefusingDiskCase):
    """Needs no root: the process may not write files of more than a few bytes."""

    def break_disk(self):
        self.set_limit(16)

    def mend_disk(self):
        self.set_limit(resource.RLIM_INFINITY)

    def set_limit(self, size):
        resource.prlimit(self.daemon.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def test_daemon_lives_within_a_file_size_limit(self):
        self.check_course()


class ReadOnlyDirectoryTest(RefusingDiskCase):
    def setUp(self):
        super().setUp()
        self.disk = None
        if IS_ROOT:  # whom permissions do not stop
            self.disk = SmallDisk(self.daemon.pebble_dir, 256)
            self.addCleanup(self.disk.unmount)
            os.mkdir(os.path.join(self.daemon.pebble_dir, "layers"))
        # The socket is somewhere else, as where the program runs on a read-only root.
        self.daemon.env["PEBBLE_SOCKET"] = self.daemon.socket_path = os.path.join(scratch_directory(self), "socket")

    def break_disk(self):
        if self.disk:
            self.disk.set_read_only(True)
        else:
            os.chmod(self.daemon.pebble_dir, 0o555)

    def mend_disk(self):
        if self.disk:
            self.disk.set_read_only(False)
        else:
            os.chmod(self.daemon.pebble_dir, 0o755)

    def test_daemon_lives_while_the_directory_is_read_only(self):
        self.check_course()

    def test_daemon_does_not_start_in_a_read_only_directory(self):
        self.break_disk()
        self.addCleanup(self.mend_disk)
        done = self.daemon.cli("run")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn(f'directory "{self.daemon.pebble_dir}" not writable', done.stderr)
        self.assertFalse(os.path.exists(self.daemon.socket_path))


@unittest.skipIf(is_sanitized(), "a sanitizer's program cannot be traced")
class FailingCallTest(RefusingDiskCase):
    def setUp(self):
        super().setUp()
        self.faults = None
        self.call = None
        self.addCleanup(self.mend_disk)

    def break_disk(self):
        self.faults = Faults(self.daemon, self.call)
        self.faults.__enter__()

    def mend_disk(self):
        if self.faults:
            faults, self.faults = self.faults, None
            faults.__exit__()

    def test_sync_fails(self):
        self.call = "fsync,fdatasync:error=EIO"
        self.check_course()

    def test_rename_fails(self):
        self.call = "rename,renameat,?renameat2:error=EIO"
        self.check_course()


class UnreadableStateTest(DaemonCase):
    def good_state(self):
        self.daemon.layer("001-test.yaml", SERVICES)
        self.daemon.start()
        self.daemon.services("start", "one")
        self.daemon.stop()
        return state_bytes(self.daemon)

    def assert_refused(self, what, content):
        path = os.path.join(self.daemon.pebble_dir, ".pebble.state")
        with open(path, "wb") as file:
            file.write(content)
        done = self.daemon.cli("run")
        complaints = [line for line in done.stderr.splitlines() if "cannot run daemon" in line or "error: " in line]
        self.assertEqual(done.returncode, 1, f"{what}: {done.stderr}")
        self.assertEqual(len(complaints), 1, f"{what}: {done.stderr}")
        self.assertRegex(complaints[0], "state|downgrade", what)
        self.assertLess(len(complaints[0]), 500, what)
        self.assertNotIn("Started daemon", done.stderr, what)
        self.assertEqual(state_bytes(self.daemon), content, what)
        self.assertFalse(os.path.exists(self.daemon.socket_path), what)

    def test_broken_files_are_left_alone(self):
        good = self.good_state()
        broken = {
            "empty": b"",
            "white space": b" \n",
            "no JSON": b"hello\n",
            "cut off": good[:len(good) // 2],
            "cut off at the last byte": good.rstrip()[:-1],
            "zeroes": b"\0" * len(good),
            "more behind it": good + b"{}",
            "an array": b"[]",
            "a string": b'"state"',
            "deep arrays": b"[" * 200000,
            "deep arrays in data": b'{"data":' + b"[" * 150000 + b"]" * 150000 + b"}",
            "deep objects": b'{"a":' * 200000 + b"1" + b"}" * 200000,
            "wrong type of changes": good.replace(b'"changes":{', b'"changes":[{', 1).replace(b"}}", b"}}]", 1),
            "from a newer program": good.replace(b'"patch-level":2', b'"patch-level":3'),
        }
        for what, content in broken.items():
            self.assertNotEqual(content, good, what)
            self.assert_refused(what, content)

    def test_huge_file_is_refused_with_bounded_memory(self):
        path = os.path.join(self.daemon.pebble_dir, ".pebble.state")
        with open(path, "wb") as file:
            file.truncate(8 << 30)
        done = self.daemon.cli("run")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stderr, "state file")
        self.assertEqual(os.path.getsize(path), 8 << 30)

    def test_files_of_other_kinds_are_refused(self):
        path = os.path.join(self.daemon.pebble_dir, ".pebble.state")
        os.mkdir(path)
        done = self.daemon.cli("run")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stderr, "state file")
        self.assertTrue(os.path.isdir(path))

    def test_unreadable_file_is_refused(self):
        if IS_ROOT:
            self.skipTest("permissions do not stop root")
        good = self.good_state()
        path = os.path.join(self.daemon.pebble_dir, ".pebble.state")
        os.chmod(path, 0)
        done = self.daemon.cli("run")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stderr, "permission denied")
        os.chmod(path, 0o600)
        self.assertEqual(state_bytes(self.daemon), good)

    def test_mode_is_for_the_owner_only(self):
        self.daemon.start(umask=0)
        wait_until(lambda: os.path.exists(os.path.join(self.daemon.pebble_dir, ".pebble.state")))
        mode = os.stat(os.path.join(self.daemon.pebble_dir, ".pebble.state")).st_mode
        self.assertEqual(stat.S_IMODE(mode), 0o600)


class KilledWhileWritingTest(DaemonCase):
    """SIGKILL at any moment leaves a whole state file that holds whatever was acknowledged."""

    ROUNDS = 60

    def keep_changing(self, acknowledged):
        """Makes changes in sequence until the daemon has ended; records the last one with a response."""
        try:
            connection = self.daemon.connection()
            while True:
                answer = exchange(connection, "POST", "/v1/services", {"action": "stop", "services": ["one", "two"]})
                acknowledged.append(int(answer.change))
        except (OSError, http.client.HTTPException):
            pass

    def kill_at_a_random_moment(self):
        acknowledged = []
        client = threading.Thread(target=self.keep_changing, args=(acknowledged,))
        client.start()
        # Until there is something to lose, then any moment within a few writes.
        wait_until(lambda: acknowledged, what="a change")
        threading.Event().wait(random.uniform(0, 0.03))
        self.daemon.kill()
        client.join(HANG_S)
        return acknowledged[-1]

    def check_rounds(self):
        last = 0
        for _ in range(self.ROUNDS):
            self.daemon.start()
            wait_until(lambda: not temporaries(self.daemon), what="the leftovers to be gone")
            acknowledged = self.kill_at_a_random_moment()
            state = self.daemon.state()
            self.assertGreater(acknowledged, last, "numbers have to go on")
            self.assertGreaterEqual(state["last-change-id"], acknowledged)
            self.assertIn(str(acknowledged), state["changes"])
            last = state["last-change-id"]
        self.daemon.start()
        self.assertEqual(self.daemon.stop(), 0)
        self.assertEqual(temporaries(self.daemon), [])

    def setUp(self):
        super().setUp()
        self.daemon.layer("001-test.yaml", SERVICES)

    # Several, since the runner can have them run at the same time.
    def test_killed_at_any_moment_1(self):
        self.check_rounds()

    def test_killed_at_any_moment_2(self):
        self.check_rounds()

    def test_killed_at_any_moment_3(self):
        self.check_rounds()

    def test_killed_at_any_moment_4(self):
        self.check_rounds()

    @unittest.skipIf(is_sanitized(), "a sanitizer's program cannot be traced")
    def test_killed_at_each_step(self):
        steps = {
            "before the file is written": "fsync,fdatasync:signal=SIGKILL:when=1",
            "before it is renamed": "rename,renameat,?renameat2:error=EIO:signal=SIGKILL:when=1",
            "after it was renamed": "fsync,fdatasync:signal=SIGKILL:when=2",
        }
        unrelated = self.daemon.file("pebble/.pebble.state.mine~", "mine")
        for step, fault in steps.items():
            with self.subTest(step):
                self.daemon.start(preexec_fn=allow_tracing)
                self.daemon.services("stop", "one")
                save_all(self.daemon)
                before = state_bytes(self.daemon)
                with Faults(self.daemon, fault):
                    with self.assertRaises((OSError, http.client.HTTPException)):
                        self.daemon.services("stop", "two")
                    self.assertEqual(self.daemon.wait_exit(), -signal.SIGKILL)
                self.daemon.state()
                self.assertEqual(state_bytes(self.daemon) == before, "after" not in step)
                self.assertEqual(len(temporaries(self.daemon)), 1 if "after" in step else 2)
                self.daemon.start()
                wait_until(lambda: len(temporaries(self.daemon)) == 1, what="the leftover's removal")
                self.assertEqual(self.daemon.stop(), 0)
        self.assertTrue(os.path.exists(unrelated))


if __name__ == "__main__":
    unittest.main()
