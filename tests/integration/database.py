# SPDX-License-Identifier: GPL-3.0-or-later
"""A case with the example that runs PostgreSQL, set up in the daemon's directory."""

import os
import shutil
import subprocess
import unittest

from examples import copy_example
from faults import IS_ROOT, children, proc_text
from harness import DaemonCase, once_per_run, wait_until

AS_NOBODY = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups"] if IS_ROOT else []


def why_not():
    """The reason why PostgreSQL cannot run here, or ''."""
    if not shutil.which("initdb"):
        return "PostgreSQL is not there: ./dev servers"
    try:
        done = subprocess.run([*AS_NOBODY, shutil.which("initdb"), "--version"], cwd="/", capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "setpriv is not there"
    return "" if done.returncode == 0 else f"PostgreSQL cannot run as nobody: {done.stderr.strip()}"


@unittest.skipIf(why_not(), why_not())
class DatabaseCase(DaemonCase):
    def setUp(self):
        super().setUp()
        os.chmod(self.daemon.dir, 0o755)
        self.database_port, self.port = copy_example(self.daemon, "database", 15432, 8080)
        self.home = os.path.join(self.daemon.pebble_dir, "database")
        # The example runs pebble, perhaps as a user who cannot reach the program under test.
        programs = self.daemon.path("bin")
        os.mkdir(programs)
        shutil.copy(self.daemon.binary, os.path.join(programs, "pebble"))
        self.daemon.env["PATH"] = programs + os.pathsep + self.daemon.env["PATH"]
        with once_per_run("database") as (template, is_made):
            if is_made:
                os.makedirs(self.home)
                subprocess.run(["cp", "-a", template, os.path.join(self.home, "data")], check=True)
            self.setup("--no-sync")
            if not is_made:
                subprocess.run(["cp", "-a", os.path.join(self.home, "data"), template], check=True)
        self.programs = os.readlink(os.path.join(self.home, "bin"))
        # A test need not wait for the disk.
        with open(os.path.join(self.home, "data", "postgresql.conf"), "a", encoding="ascii") as file:
            file.write("fsync = off\n")

    def setup(self, *options):
        done = subprocess.run([os.path.join(self.daemon.pebble_dir, "setup"), *options], env=self.daemon.env, capture_output=True,
                              text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)

    def wait_database(self):
        """Waits for PostgreSQL; the daemon has to be started with --verbose."""
        self.daemon.wait_log("database system is ready to accept connections")

    def process(self, name):
        """The PID of the process with this name that the daemon has started."""
        def has_name(pid):
            try:
                return proc_text(pid, "comm").strip() == name
            except OSError:
                return False  # a check has ended
        return wait_until(lambda: [pid for pid in children(self.daemon.process.pid) if has_name(pid)], what=f"a process {name}")[0]

    def run_program(self, name, *arguments):
        """Runs one of PostgreSQL's programs as its user; returns its output as bytes."""
        done = subprocess.run([*AS_NOBODY, os.path.join(self.programs, name), *arguments], cwd="/", env=self.client_env(),
                              capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def client_env(self):
        """The environment in which PostgreSQL's programs find the server."""
        return {**self.daemon.env, "PGHOST": self.home, "PGPORT": str(self.database_port), "PGUSER": "postgres"}

    def query(self, text):
        return self.run_program("psql", "-XAtqc", text).decode().strip()
