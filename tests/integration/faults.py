# SPDX-License-Identifier: GPL-3.0-or-later
"""Shared by the tests of faults: resource usage of processes, failing system calls, failing disks."""

import ctypes
import os
import resource
import shutil
import subprocess
import tempfile
import unittest

from harness import HANG_S, program, wait_until

IS_ROOT = os.geteuid() == 0
IS_LONG = os.environ.get("PEBBLE_LONG") == "1"
PR_SET_PTRACER = 0x59616D61
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def has_test_clock():
    """Whether a file can change the clock of the program (a build with test seams)."""
    with open(program(), "rb") as file:
        return b"PEBBLE_TEST_CLOCK" in file.read()


def needs_root(test):
    return unittest.skipUnless(IS_ROOT, "only root may do this")(test)


def plan_of(services):
    """A layer's text: for each service its command, or its settings as a mapping."""
    lines = ["services:"]
    for name, settings in services.items():
        settings = {"command": settings} if isinstance(settings, str) else settings
        lines += [f"  {name}:", "    override: replace"]
        for key, value in settings.items():
            quoted = "'" + str(value).replace("'", "''") + "'"
            lines.append(f"    {key}: {quoted}")
    return "\n".join(lines) + "\n"


# --- resource usage of processes ---


def proc_text(pid, name):
    with open(f"/proc/{pid}/{name}", encoding="utf-8", errors="replace") as file:
        return file.read()


def status_field(pid, name):
    for line in proc_text(pid, "status").splitlines():
        if line.startswith(name + ":"):
            return line.split(":", 1)[1].strip()
    raise KeyError(name)


def stat_fields(pid):
    """The fields of /proc/PID/stat from the third (the state) on."""
    return proc_text(pid, "stat").rsplit(")", 1)[1].split()


def rss_kib(pid):
    return int(status_field(pid, "VmRSS").split()[0])


def cpu_s(pid):
    """Processor time used so far, in seconds."""
    fields = stat_fields(pid)
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def descriptors(pid):
    """The open descriptors: number -> target."""
    found = {}
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            found[int(name)] = os.readlink(f"/proc/{pid}/fd/{name}")
        except FileNotFoundError:
            pass
    return found


def parents():
    """All processes, including zombies: PID -> PID of the parent."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                found[int(name)] = int(stat_fields(name)[1])
            except (OSError, IndexError):
                pass
    return found


def children(pid):
    return [child for child, parent in parents().items() if parent == pid]


def is_alive(pid):
    """Whether the process exists and has not ended."""
    try:
        return stat_fields(pid)[0] != "Z"
    except (OSError, IndexError):
        return False


def wait_pid_file(path):
    """Waits for the file to which a service writes its PID; returns the PID."""
    def pid():
        try:
            with open(path, encoding="ascii") as file:
                text = file.read()
        except FileNotFoundError:
            return None
        return int(text) if text.endswith("\n") else None
    return wait_until(pid, what=f"a PID in {path}")


# --- limits and failing system calls ---


def limited(*limits):
    """A function for start(preexec_fn=…) that sets limits, each (resource, soft, hard), before the daemon starts."""
    def set_limits():
        for kind, soft, hard in limits:
            resource.setrlimit(kind, (soft, hard))
    return set_limits


def need_descriptors(test, count):
    """Lets the test itself and what it starts have this many descriptors, or skips it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= count:
        return
    enough = hard == resource.RLIM_INFINITY or hard >= count
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard if enough else count))
    except (OSError, ValueError):
        test.skipTest("too few descriptors are allowed")


def allow_tracing():
    """For start(preexec_fn=…): allows tracing of the daemon on systems that restrict it to descendants."""
    ctypes.CDLL(None).prctl(PR_SET_PTRACER, ctypes.c_ulong(-1), 0, 0, 0)


class Faults:
    """In this context, strace makes system calls of the daemon fail: Faults(daemon, "fsync,fdatasync:error=EIO").

    The daemon has to be started with preexec_fn=allow_tracing.
    """

    def __init__(self, daemon, *injections):
        self.daemon = daemon
        self.injections = injections
        self.tracer = None

    def __enter__(self):
        if shutil.which("strace") is None:
            raise unittest.SkipTest("strace is not there")
        pid = self.daemon.process.pid
        words = [word for injection in self.injections for word in ("-e", "inject=" + injection)]
        names = ",".join(injection.split(":")[0] for injection in self.injections)
        self.tracer = subprocess.Popen(
            ["strace", "-f", "-q", "-o", self.daemon.path("strace.log"), "-e", "trace=" + names, *words, "-p", str(pid)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        wait_until(lambda: self.tracer.poll() is not None or self.is_attached(), what="strace")
        if self.tracer.poll() is not None:
            raise unittest.SkipTest(f"strace cannot attach: {self.tracer.stderr.read().decode().strip()}")
        return self

    def is_attached(self):
        return all(self.is_traced(task) for task in os.listdir(f"/proc/{self.daemon.process.pid}/task"))

    def is_traced(self, task):
        try:
            return status_field(f"{self.daemon.process.pid}/task/{task}", "TracerPid") == str(self.tracer.pid)
        except OSError:  # an idle thread has ended
            return True

    def count(self):
        """The number of calls that have failed so far."""
        return self.daemon.read("strace.log").count("(INJECTED)")

    def __exit__(self, *_):
        self.tracer.terminate()
        self.tracer.wait(HANG_S)
        self.tracer.stderr.close()


# --- disks ---


class SmallDisk:
    """A separate file system on a directory (root only), which can be filled or made read-only."""

    def __init__(self, path, size_kib):
        self.path = path
        done = self.run("mount", "-t", "tmpfs", "-o", f"size={size_kib}k,mode=755", "tmpfs", path)
        if done.returncode != 0:
            raise unittest.SkipTest(f"cannot mount: {done.stderr.strip()}")

    @staticmethod
    def run(*words):
        return subprocess.run(words, capture_output=True, text=True, check=False)

    def fill(self):
        with open(os.path.join(self.path, "filler"), "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4096)
            except OSError:
                pass

    def free(self):
        os.unlink(os.path.join(self.path, "filler"))

    def set_read_only(self, is_read_only):
        done = self.run("mount", "-o", "remount,ro" if is_read_only else "remount,rw", self.path)
        if done.returncode != 0:
            raise AssertionError(f"cannot remount: {done.stderr}")

    def unmount(self):
        # Lazily, because a daemon may still have files open after a failed test.
        self.run("umount", "-l", self.path)


def temporaries(daemon):
    """The temporary files of unfinished writes of the state file."""
    return [name for name in os.listdir(daemon.pebble_dir) if name.startswith(".pebble.state") and name != ".pebble.state"]


def scratch_directory(test):
    path = tempfile.mkdtemp(prefix="cobble-")
    test.addCleanup(shutil.rmtree, path, ignore_errors=True)
    return path
