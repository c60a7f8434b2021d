# SPDX-License-Identifier: GPL-3.0-or-later
"""kill-mode tree and mixed: a service ends with all its processes, with a cgroup and without one."""

import contextlib
import os
import re
import signal
import subprocess
import unittest

from database import AS_NOBODY, DatabaseCase
from harness import HANG_S, wait_until
from test_order import OrderCase

# Forks twice and leaves the session, as daemons do. The arguments are run.
DETACH = """
import os, sys
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execvp(sys.argv[1], sys.argv[1:])
    os._exit(0)
os.wait()
"""


def find_cgroup_mount():
    """Where the own cgroup of version 2 is a directory in which we may make others; None if nowhere."""
    with open("/proc/self/cgroup", encoding="utf-8") as file:
        own = re.search(r"^0::(/.*)$", file.read(), re.MULTILINE)
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        mounts = [line.split(" ") for line in file if " - cgroup2 " in line]
    for fields in mounts:
        path = fields[4] + (own[1] if own and fields[3] == "/" else "")
        if own and os.access(path, os.W_OK) and os.access(os.path.join(path, "cgroup.procs"), os.W_OK):
            return path.rstrip("/")
    return None


CGROUP_MOUNT = find_cgroup_mount()


def is_alive(pid):
    """Whether the process runs, a zombie does not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


class TreeCase(OrderCase):
    """Without a cgroup. Where the daemon could have one, it is put into one in which it cannot make others."""
    has_cgroup = False
    mode = "tree"

    def setUp(self):
        super().setUp()
        self.cgroup = None
        self.daemon.file("detach.py", DETACH)

    def make_cgroup(self):
        path = f"{CGROUP_MOUNT}/cobble-test-{os.getpid()}-{id(self)}"
        os.mkdir(path)
        self.addCleanup(self.remove_cgroup, path)
        if not self.has_cgroup:
            with open(f"{path}/cgroup.max.descendants", "w", encoding="ascii") as file:
                file.write("0")
        return path

    def remove_cgroup(self, path):
        self.daemon.close()
        with contextlib.suppress(OSError), open(f"{path}/cgroup.kill", "w", encoding="ascii") as file:
            file.write("1")
        for directory, _, _ in os.walk(path, topdown=False):
            wait_until(lambda d=directory: self.try_rmdir(d), what="the end of a cgroup")

    @staticmethod
    def try_rmdir(directory):
        with contextlib.suppress(OSError):
            os.rmdir(directory)
        return not os.path.exists(directory)

    def start_daemon(self, *arguments):
        options = {}
        if CGROUP_MOUNT is not None:
            if self.cgroup is None:
                self.cgroup = self.make_cgroup()

            def enter():
                with open(f"{self.cgroup}/cgroup.procs", "w", encoding="ascii") as file:
                    file.write("0")
            options["preexec_fn"] = enter
        self.daemon.start(*arguments, **options)

    def service(self, script, name="db", **settings):
        """A plan with one service, a shell script."""
        self.daemon.script(name, script)
        self.plan({name: {"command": self.daemon.path(name), "kill-mode": self.mode, "kill-delay": "5s", **settings}})

    def start_service(self, name="db"):
        self.start_daemon()
        self.assertEqual(self.daemon.services("start", name)["status"], "Done")

    def stop_service(self, name="db"):
        self.assertEqual(self.daemon.services("stop", name)["status"], "Done")

    def pid_file(self, name="pid"):
        """Shell text that writes the PID of its shell."""
        path = self.daemon.path(name)
        return f"echo $$ > {path}.new; mv {path}.new {path}"

    def read_pid(self, name="pid"):
        path = self.daemon.path(name)
        wait_until(lambda: os.path.exists(path), what="a PID")
        with open(path, encoding="ascii") as file:
            pid = int(file.read())
        self.addCleanup(self.kill_quietly, pid)
        return pid

    @staticmethod
    def kill_quietly(pid):
        if is_alive(pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def detached(self, script, name="child"):
        """Shell text that runs the script detached: no process group, session or parent connects it to the service."""
        return f"python3 {self.daemon.path('detach.py')} {self.daemon.script(name, script)}\n"

    def has_one_thread(self):
        """Threads end when they have been idle for two seconds."""
        return len(os.listdir(f"/proc/{self.daemon.process.pid}/task")) == 1

    def assert_way(self):
        note = "Cannot use a cgroup for the processes of services, they are looked for in /proc"
        self.assertEqual(note in self.daemon.log(), not self.has_cgroup)


class TreeTest(TreeCase):
    def test_child_with_a_session(self):
        self.service(f"setsid sh -c '{self.pid_file()}; exec sleep 1000' &\nexec sleep 1000\n")
        self.start_service()
        pid = self.read_pid()
        self.stop_service()
        self.assertFalse(is_alive(pid))
        self.assert_way()

    def test_double_fork(self):
        self.service(self.detached(f"{self.pid_file()}\nexec sleep 1000\n") + "exec sleep 1000\n")
        self.start_service()
        pid = self.read_pid()
        self.stop_service()
        self.assertFalse(is_alive(pid))
        self.assert_way()

    def test_double_fork_without_environment(self):
        """Found by its parents, while they are there: the scan when the service is ready."""
        gate = self.daemon.path("gate")
        daemon = self.daemon.script("child", f"{self.pid_file()}\nexec sleep 1000\n")
        self.daemon.script("outer", f"setsid env -i PATH=$PATH {daemon} &\n"
                                    f"while [ ! -e {gate} ]; do sleep 0.02; done\n")
        self.service(f"{self.daemon.path('outer')} &\nwhile [ ! -e {self.daemon.path('pid')} ]; do sleep 0.02; done\n"
                     "echo up\nexec sleep 1000\n", ready={"log": "up"})
        self.start_service()
        pid = self.read_pid()
        self.details("db")
        wait_until(self.has_one_thread, what="the end of the scan")
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            parent = int(file.read().rpartition(")")[2].split()[1])
        self.daemon.file("gate")
        wait_until(lambda: not is_alive(parent), what="the end of the parent")
        self.stop_service()
        self.assertFalse(is_alive(pid))

    @unittest.skipUnless(os.getuid() == 0, "needs root")
    def test_other_user(self):
        self.daemon.file("as_user.py", "import os, sys\nos.setgid(12345)\nos.setuid(12345)\n"
                                       "os.execvp(sys.argv[1], sys.argv[1:])\n")
        os.chmod(self.daemon.dir, 0o777)
        self.service(self.detached(f"{self.pid_file()}\nexec python3 {self.daemon.path('as_user.py')} sleep 1000\n") +
                     "exec sleep 1000\n")
        self.start_service()
        pid = self.read_pid()
        self.stop_service()
        self.assertFalse(is_alive(pid))

    def test_thousand_forks(self):
        """Half of them in sessions of their own, and none of them children of the main process."""
        count = 1000
        self.daemon.file("forks.py", f"""
import os, signal, time
for number in range({count}):
    if os.fork() == 0:
        if number % 2:
            os.setsid()
        signal.pause()
os.close(os.open("{self.daemon.path('forked')}", os.O_CREAT | os.O_WRONLY))
signal.pause()
""")
        self.service(f"python3 {self.daemon.path('forks.py')} &\nexec sleep 1000\n", **{"kill-delay": "15s"})
        self.start_service()
        wait_until(lambda: os.path.exists(self.daemon.path("forked")), what="the processes")
        self.assertGreater(len(self.daemon.leftovers()), count)
        self.stop_service()
        self.assertEqual([pid for pid in self.daemon.leftovers() if is_alive(pid) and pid != self.daemon.process.pid], [])

    def test_survivor_is_killed(self):
        """The main process ends by itself, and its child ignores SIGTERM."""
        self.service(self.detached(f"trap 'echo got TERM' TERM\n{self.pid_file()}\nwhile :; do sleep 0.05; done\n") +
                     "exec sleep 1000\n", **{"on-success": "ignore", "on-failure": "ignore", "kill-delay": "3s"})
        self.start_service()
        pid = self.read_pid()
        main = self.details("db")["pid"]
        os.kill(main, signal.SIGKILL)
        self.assertEqual(self.wait_for("db", "exited").status, 200)
        self.assertFalse(is_alive(pid))
        self.assertEqual(self.details("db")["state"], "exited")
        self.assertEqual(self.details("db")["exit-code"], 128 + signal.SIGKILL)
        self.assertIn(b"got TERM", self.daemon.get("/v1/logs?n=-1").body)

    def test_restart_waits_for_the_tree(self):
        """The child ends on SIGTERM when it is allowed to; the service is not restarted before."""
        gate = self.daemon.path("gate")
        path = self.daemon.path("runs")
        self.service(f"echo run >> {path}\n" +
                     self.detached(f"trap 'while [ ! -e {gate} ]; do sleep 0.02; done; exit' TERM\n{self.pid_file()}\n"
                                   "while :; do sleep 0.02; done\n") +
                     "exec sleep 1000\n", **{"kill-delay": "60s", "backoff-delay": "1ms"})
        self.start_service()
        pid = self.read_pid()
        os.kill(self.details("db")["pid"], signal.SIGKILL)
        wait_until(lambda: self.details("db")["state"] == "terminating", what="the end of the main process")
        self.assertEqual(self.daemon.service("db")["current"], "inactive")
        self.assertTrue(is_alive(pid))
        self.assertEqual(self.daemon.read("runs"), "run\n")
        self.daemon.file("gate")
        wait_until(lambda: self.daemon.read("runs") == "run\nrun\n", what="the restart")
        self.assertFalse(is_alive(pid))
        os.unlink(self.daemon.path("pid"))

    def test_oneshot_is_complete_with_its_tree(self):
        gate = self.daemon.path("gate")
        self.service(self.detached(f"trap 'while [ ! -e {gate} ]; do sleep 0.02; done; exit' TERM\n{self.pid_file()}\n"
                                   "while :; do sleep 0.02; done\n") +
                     f"while [ ! -e {self.daemon.path('pid')} ]; do sleep 0.02; done\n",
                     type="oneshot", **{"kill-delay": "60s"})
        self.start_daemon()
        change = self.daemon.post("/v1/services", {"action": "start", "services": ["db"]}).change
        pid = self.read_pid()
        wait_until(lambda: self.details("db")["state"] == "terminating", what="the end of the main process")
        self.assertEqual(self.daemon.get(f"/v1/changes/{change}").result["status"], "Doing")
        self.daemon.file("gate")
        self.assertEqual(self.daemon.wait_change(change)["status"], "Done")
        self.assertFalse(is_alive(pid))
        self.assertEqual(self.details("db")["state"], "completed")

    def test_quick_exit(self):
        """An exit within the first second fails the start, when the tree has ended."""
        self.service(f"setsid sleep 1000 &\necho $! > {self.daemon.path('pid')}\nexit 3\n", **{"on-failure": "ignore"})
        self.start_daemon()

        def start():
            change = self.daemon.services("start", "db")
            return change if change["status"] == "Error" else None  # Done: the machine is busy, and the second was over
        self.assertIn("exited quickly with code 3, will ignore", wait_until(start, HANG_S, "a quick exit")["err"])
        self.assertFalse(is_alive(self.read_pid()))

    def test_stop_while_the_rest_ends(self):
        gate = self.daemon.path("gate")
        self.service(self.detached(f"trap 'while [ ! -e {gate} ]; do sleep 0.02; done; exit' TERM\n{self.pid_file()}\n"
                                   "while :; do sleep 0.02; done\n") + "exec sleep 1000\n", **{"kill-delay": "60s"})
        self.start_service()
        pid = self.read_pid()
        os.kill(self.details("db")["pid"], signal.SIGKILL)
        wait_until(lambda: self.details("db")["state"] == "terminating", what="the end of the main process")
        change = self.daemon.post("/v1/services", {"action": "stop", "services": ["db"]}).change
        self.daemon.file("gate")
        self.assertEqual(self.daemon.wait_change(change)["status"], "Done")
        self.assertFalse(is_alive(pid))
        self.assertEqual(self.details("db")["state"], "stopped")

    def test_replan_to_another_mode(self):
        """The process that runs ends as it was started."""
        self.service(self.detached(f"{self.pid_file()}\nexec sleep 1000\n") + "exec sleep 1000\n", startup="enabled",
                     **{"kill-delay": "2s"})
        self.start_service()
        pid = self.read_pid()
        answer = self.daemon.add_layer("group", "services: {db: {override: merge, kill-mode: group}}")
        self.assertIs(answer.result, True)
        change = self.daemon.post("/v1/services", {"action": "replan"}).change
        self.assertEqual(self.daemon.wait_change(change)["status"], "Done")
        self.assertFalse(is_alive(pid))

    def test_strangers_are_left(self):
        """Neither another service nor a process that is not of the daemon ends with the tree."""
        stranger = subprocess.Popen(["sleep", "1000"], env={**os.environ, "PEBBLE_RUN": "0" * 32}, start_new_session=True)
        self.addCleanup(stranger.wait)
        self.addCleanup(stranger.kill)
        self.daemon.script("other", self.detached(f"{self.pid_file('other.pid')}\nexec sleep 1000\n", "other-child") +
                           "exec sleep 1000\n")
        self.daemon.script("db", "exec sleep 1000\n")
        self.plan({"db": {"command": self.daemon.path("db"), "kill-mode": "tree"},
                   "other": {"command": self.daemon.path("other"), "kill-mode": "tree"}})
        self.start_daemon()
        self.assertEqual(self.daemon.services("start", "db", "other")["status"], "Done")
        other = self.read_pid("other.pid")
        self.stop_service("db")
        self.assertIsNone(stranger.poll())
        self.assertTrue(is_alive(other))
        self.stop_service("other")
        self.assertFalse(is_alive(other))
        self.assertIsNone(stranger.poll())

    def test_unattributable_process(self):
        """An orphan without the variable, which no scan has seen below the service, is left and logged."""
        if self.has_cgroup:
            self.skipTest("a cgroup knows it")
        child = self.daemon.script("child", f"{self.pid_file()}\nexec sleep 1000\n")
        # The scan comes when the service is ready, and then it is an orphan already.
        self.service(f"python3 {self.daemon.path('detach.py')} env -i PATH=$PATH {child}\necho up\nexec sleep 1000\n",
                     ready={"log": "up"})
        self.start_service()
        pid = self.read_pid()
        self.stop_service()
        self.assertTrue(is_alive(pid))
        wait_until(lambda: f"Cannot attribute process {pid} to a service, it is left running" in self.daemon.log(),
                   what="a log")

    def test_daemon_is_killed(self):
        """The next daemon ends its own tree, and leaves the one that was left."""
        self.service(self.detached(f"{self.pid_file()}\nexec sleep 1000\n") + "exec sleep 1000\n")
        self.start_service()
        old = self.read_pid()
        self.daemon.kill()
        self.assertTrue(is_alive(old))
        os.unlink(self.daemon.path("pid"))
        self.start_service()
        new = self.read_pid()
        self.stop_service()
        self.assertFalse(is_alive(new))
        self.assertTrue(is_alive(old))

    def test_start_after_an_abort(self):
        """The SIGKILL of the aborted start does not hit the next one."""
        self.service(f"{self.pid_file()}\ntest -e {self.daemon.path('gate')} || exec sleep 1000\n", type="oneshot")
        self.start_daemon()
        for _ in range(5):
            change = self.daemon.post("/v1/services", {"action": "start", "services": ["db"]}).change
            pid = self.read_pid()
            self.daemon.post(f"/v1/changes/{change}", {"action": "abort"})
            wait_until(lambda p=pid: not is_alive(p), what="the end of the start")
            os.unlink(self.daemon.path("pid"))
        self.daemon.file("gate")
        self.assertEqual(self.daemon.services("start", "db")["status"], "Done")

    def test_shutdown(self):
        self.service(self.detached(f"{self.pid_file()}\nexec sleep 1000\n") + "exec sleep 1000\n", startup="enabled")
        self.start_daemon()
        pid = self.read_pid()
        self.daemon.stop()
        self.assertFalse(is_alive(pid))
        self.assertFalse(self.cgroup is not None and os.path.exists(f"{self.cgroup}/pebble"))

    def test_idle(self):
        """Nothing is read while nothing ends."""
        self.service("exec sleep 1000\n")
        self.start_service()

        def switches():
            with open(f"/proc/{self.daemon.process.pid}/status", encoding="ascii") as file:
                return int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)$", file.read(), re.MULTILINE)[1])
        wait_until(self.has_one_thread, what="the end of the threads")
        before = switches()
        with self.assertRaises(subprocess.TimeoutExpired):
            self.daemon.process.wait(2)
        self.assertLess(switches() - before, 3)


class MixedTest(TreeCase):
    mode = "mixed"

    def test_only_the_main_process_gets_the_signal(self):
        """The child would log it. It ends by SIGKILL."""
        self.service(self.detached(f"trap 'echo child got INT' INT TERM\n{self.pid_file()}\nwhile :; do sleep 0.02; done\n") +
                     "trap 'echo main got INT; exit 0' INT\nwhile :; do sleep 0.02; done\n",
                     **{"stop-signal": "SIGINT", "kill-delay": "3s"})
        self.start_service()
        pid = self.read_pid()
        self.stop_service()
        self.assertFalse(is_alive(pid))
        logs = self.daemon.get("/v1/logs?n=-1").body
        self.assertIn(b"main got INT", logs)
        self.assertNotIn(b"child got INT", logs)
        self.assert_way()

    def test_the_rest_gets_it_after_an_exit(self):
        self.service(self.detached(f"trap 'echo child got INT; exit' INT\n{self.pid_file()}\nwhile :; do sleep 0.02; done\n") +
                     "exec sleep 1000\n", **{"stop-signal": "SIGINT", "kill-delay": "60s", "on-failure": "ignore"})
        self.start_service()
        pid = self.read_pid()
        os.kill(self.details("db")["pid"], signal.SIGKILL)
        self.assertEqual(self.wait_for("db", "exited").status, 200)
        self.assertFalse(is_alive(pid))
        self.assertIn(b"child got INT", self.daemon.get("/v1/logs?n=-1").body)


@unittest.skipIf(CGROUP_MOUNT is None, "needs a writable cgroup of version 2")
class CgroupTreeTest(TreeTest):
    """The same, with a cgroup."""
    has_cgroup = True

    def test_names(self):
        self.service("exec sleep 1000\n", name="db.1")
        self.start_service("db.1")
        with open(f"{self.cgroup}/pebble/db%2E1/cgroup.procs", encoding="ascii") as file:
            self.assertEqual(int(file.read()), self.details("db.1")["pid"])
        self.stop_service("db.1")
        self.assertFalse(os.path.exists(f"{self.cgroup}/pebble/db%2E1"))

    def test_other_users_cannot_lock_it(self):
        self.service("exec sleep 1000\n")
        self.start_service()
        for name in ("pebble", "pebble/db"):
            self.assertEqual(os.stat(os.path.join(self.cgroup, name)).st_mode & 0o777, 0o700)
        self.stop_service()

    def test_cgroup_that_was_killed(self):
        """Linux kills what is created from within such a cgroup in another one."""
        self.service("exec sleep 1000\n")
        self.cgroup = self.make_cgroup()
        try:
            with open(f"{self.cgroup}/cgroup.kill", "w", encoding="ascii") as file:
                file.write("1")
        except OSError:
            self.skipTest("Linux before 5.14")
        self.start_service()
        self.assertTrue(is_alive(self.details("db")["pid"]))
        self.stop_service()

    def test_name_that_another_begins_with(self):
        """A daemon within a tree: its own cgroup has a name like that of its service."""
        mark = self.daemon.path("got")
        self.cgroup = self.make_cgroup()
        outer, self.cgroup = self.cgroup, os.path.join(self.cgroup, "pebble", "db2")
        os.makedirs(self.cgroup)
        self.addCleanup(lambda: self.try_rmdir(outer))
        self.service(self.detached(f"trap 'echo > {mark}; exit' TERM\n{self.pid_file()}\nwhile :; do sleep 0.05; done\n") +
                     "exec sleep 1000\n")
        self.start_service()
        self.read_pid()
        self.stop_service()
        self.assertTrue(os.path.exists(mark))

    def test_second_daemon(self):
        """Two daemons in one cgroup do not mix their trees."""
        self.service("exec sleep 1000\n")
        self.start_service()
        main = self.details("db")["pid"]
        first, self.daemon = self.daemon, self.new_daemon()
        self.daemon.file("detach.py", DETACH)
        self.service("exec sleep 1000\n")
        self.start_service()
        self.stop_service()
        self.assertIn("Cannot use a cgroup", self.daemon.log())
        self.assertTrue(is_alive(main))
        self.daemon = first


@unittest.skipIf(CGROUP_MOUNT is None, "needs a writable cgroup of version 2")
class CgroupMixedTest(MixedTest):
    has_cgroup = True


class DatabaseTreeTest(DatabaseCase):
    """PostgreSQL shuts down at SIGINT although it has clients, and its processes must not get that themselves."""

    LAYER = """
services:
    postgres: {override: merge, stop-signal: SIGINT, kill-mode: mixed, kill-delay: 60s}
    web: {override: merge, startup: disabled}
checks:
    database: {override: merge, startup: disabled}
    page: {override: merge, startup: disabled}
"""

    def test_stop(self):
        self.daemon.layer("900-stop.yaml", self.LAYER)
        self.daemon.start("--verbose")
        self.wait_database()
        client = subprocess.Popen([*AS_NOBODY, os.path.join(self.programs, "psql"), "-XAtqc", "SELECT pg_sleep(1000)"],
                                  cwd="/", env=self.client_env(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(client.wait)
        self.addCleanup(client.kill)
        wait_until(lambda: self.query("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'") == "1",
                   what="the query")
        self.assertEqual(self.daemon.services("stop", "postgres")["status"], "Done")
        log = self.daemon.log()
        self.assertIn("received fast shutdown request", log)
        self.assertIn("terminating connection due to administrator command", log)
        self.assertIn("database system is shut down", log)
        self.assertNotIn("canceling statement due to user request", log)
        self.assertEqual(self.daemon.stop(), 0)
        self.assertEqual(self.daemon.leftovers(), [])


if __name__ == "__main__":
    unittest.main()
