# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemon as the first process of a PID namespace, as in a container."""

import os
import signal
import subprocess
import time
import unittest

from faults import is_alive, parents, plan_of, wait_pid_file
from harness import DaemonCase, wait_until

UNSHARE = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child", "--mount-proc"]


def why_not():
    """The reason why namespaces cannot be created here, or ''."""
    try:
        done = subprocess.run([*UNSHARE, "true"], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "unshare is not there"
    return "" if done.returncode == 0 else f"namespaces are not permitted: {done.stderr.strip()}"


@unittest.skipIf(why_not(), why_not())
class FirstProcessTest(DaemonCase):
    def start(self, services=None, wait=True):
        """Starts unshare with the daemon below it; self.pid is the daemon's, seen from outside."""
        self.daemon.layer("001-test.yaml", plan_of(services or {"one": "sleep 1000"}))
        wrapper = self.daemon.script("pid1", f"exec {' '.join(UNSHARE)} {self.daemon.binary} \"$@\"\n")
        self.daemon.binary, binary = wrapper, self.daemon.binary
        try:
            self.daemon.start(wait=False)
        finally:
            self.daemon.binary = binary
        self.addCleanup(self.end)
        self.pid = wait_until(self.first_process, what="the first process")
        if wait:
            wait_until(self.daemon.is_answering, what="the daemon's first answer")

    def first_process(self):
        for pid, parent in parents().items():
            if parent == self.daemon.process.pid:
                try:
                    if os.path.samefile(f"/proc/{pid}/exe", self.daemon.binary):
                        return pid
                except OSError:
                    pass
        return None

    def end(self):
        if is_alive(self.pid):
            os.kill(self.pid, signal.SIGKILL)

    def stop_with(self, number):
        """Sends the signal to the daemon itself; unshare passes its exit status on."""
        os.kill(self.pid, number)
        return self.daemon.wait_exit()

    def test_stops_on_each_of_its_signals(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            with self.subTest(number.name):
                self.start()
                self.daemon.services("start", "one")
                self.assertEqual(self.stop_with(number), 0)
                self.assertEqual(self.daemon.leftovers(), [])
                self.assertFalse(os.path.exists(self.daemon.socket_path))

    def test_other_signals_do_not_end_it(self):
        self.start()
        for number in (signal.SIGHUP, signal.SIGPIPE, signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM):
            os.kill(self.pid, number)
        self.assertEqual(self.daemon.services("start", "one")["status"], "Done")
        self.assertEqual(self.daemon.service("one")["current"], "active")
        self.assertEqual(self.stop_with(signal.SIGTERM), 0)

    def test_stops_while_it_starts(self):
        # The kernel does not deliver a signal without a handler to the first process.
        services = {f"s{number}": {"command": "sleep 1000", "startup": "enabled"} for number in range(300)}
        for step in range(8):
            self.start(services, wait=False)
            wait_until(lambda: self.handles(signal.SIGTERM), what="the handler")
            time.sleep(step * 0.01)
            self.assertEqual(self.stop_with(signal.SIGTERM), 0)
            self.assertEqual(self.daemon.leftovers(), [])

    def test_handlers_are_there_before_anything_is_read(self):
        # Nothing writes to this pipe, so reading the layers blocks.
        self.daemon.file("pebble/layers/000-first.d/001-aaa.yaml", "{}")
        os.makedirs(os.path.join(self.daemon.pebble_dir, "layers", "002-other.d"))
        for number in range(999):
            self.daemon.file(f"pebble/layers/002-other.d/{number:03}-label-a{number}.yaml", "summary: " + "x" * 2000 + "\n")
        self.start(wait=False)
        wait_until(lambda: self.handles(signal.SIGTERM), what="the handler")
        self.assertEqual(self.stop_with(signal.SIGTERM), 0)

    def handles(self, number):
        with open(f"/proc/{self.pid}/status", encoding="utf-8") as file:
            caught = next(line for line in file if line.startswith("SigCgt:"))
        return int(caught.split()[1], 16) >> (number - 1) & 1

    def zombies(self):
        """Zombies in the namespace."""
        return [pid for pid, parent in parents().items() if parent == self.pid and not is_alive(pid)]

    def test_orphans_are_reaped(self):
        script = "".join(f"(sh -c 'sleep 0.{number}' &)\n" for number in range(1, 6)) * 10
        self.daemon.script("orphans", script + f"echo $$ > {self.daemon.path('pid')}\nexec sleep 1000\n")
        self.start({"orphans": self.daemon.path("orphans")})
        self.daemon.services("start", "orphans")
        wait_pid_file(self.daemon.path("pid"))
        # The shells have ended, the sleeps come to the daemon and end; only the service stays.
        wait_until(lambda: [parent for parent in parents().values()].count(self.pid) == 1, what="the orphans to be reaped")
        self.assertEqual(self.zombies(), [])
        self.assertEqual(self.daemon.service("orphans")["current"], "active")

    def test_boot_id_is_new_each_time(self):
        seen = set()
        for _ in range(3):
            self.start()
            boot_id = self.daemon.get("/v1/system-info").result["boot-id"]
            self.assertRegex(boot_id, r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
            self.assertEqual(self.daemon.get("/v1/system-info").result["boot-id"], boot_id)
            seen.add(boot_id)
            self.assertEqual(self.stop_with(signal.SIGTERM), 0)
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            self.assertNotIn(file.read().strip(), seen)
        self.assertEqual(len(seen), 3)


class OtherProcessTest(DaemonCase):
    def test_boot_id_is_the_kernels(self):
        self.daemon.start()
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            self.assertEqual(self.daemon.get("/v1/system-info").result["boot-id"], file.read().strip())


if __name__ == "__main__":
    unittest.main()
