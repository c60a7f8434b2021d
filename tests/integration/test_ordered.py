# SPDX-License-Identifier: GPL-3.0-or-later
"""The example with PostgreSQL whose services wait for each other and for jobs."""

import os
import shutil
import subprocess
import unittest

from database import AS_NOBODY, why_not
from examples import copy_example, page_of
from faults import IS_ROOT
from harness import DaemonCase, wait_until

NOBODY = {"user": "nobody", "group": "nogroup", "extra_groups": []} if IS_ROOT else {}
FAST = 'services: {initdb: {override: merge, command: sh -c \'exec "$PEBBLE/initdb" --no-sync\'}}\n'


@unittest.skipIf(why_not(), why_not())
@unittest.skipUnless(shutil.which("nginx"), "nginx is not there: ./dev servers")
class OrderedTest(DaemonCase):
    def setUp(self):
        super().setUp()
        os.chmod(self.daemon.dir, 0o755)
        self.database_port, self.port = copy_example(self.daemon, "ordered", 15432, 8080)
        self.daemon.layer("003-fast.yaml", FAST)

    def setup(self):
        subprocess.run([os.path.join(self.daemon.pebble_dir, "setup")], env=self.daemon.env, check=True)

    def start(self, **options):
        self.daemon.start("--verbose", **options)
        self.assertEqual(self.wait_for("web", "ready"), 200)

    def wait_for(self, name, condition):
        return self.daemon.get(f"/v1/services/{name}/wait?for={condition}&timeout=60s", timeout_s=70).status

    def page(self):
        return page_of(self.port)

    def query(self, text):
        home = os.path.join(self.daemon.pebble_dir, "database")
        done = subprocess.run([os.path.join(home, "bin", "psql"), "-h", home, "-p", str(self.database_port), "-U", "postgres",
                               "-XAtqc", text], env=self.daemon.env, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.split()

    def notes(self):
        """The column Notes of pebble services."""
        lines = self.daemon.cli("services").stdout.splitlines()
        column = lines[0].find("Notes")
        return {line.split()[0]: line[column:].strip() if column > 0 else "" for line in lines[1:]}

    def hold_migration(self):
        """Makes the migration wait for a file; returns the path of that file."""
        gate, schema = self.daemon.path("gate"), os.path.join(self.daemon.pebble_dir, "schema.sql")
        with open(schema, encoding="utf-8") as file:
            text = file.read()
        with open(schema, "w", encoding="utf-8") as file:
            file.write(f"\\! while [ ! -e {gate} ]; do sleep 0.05; done\n{text}")
        return gate

    def assert_order(self, *texts, start=0):
        """The texts are in the log, in this order."""
        log = self.daemon.log()
        for text in texts:
            start = log.find(text, start)
            self.assertGreaterEqual(start, 0, f"{text!r} is not there, or too early:\n{log}")

    def assert_starts_in_order(self, position=0):
        self.assert_order('Service "initdb" completed', 'Service "postgres" starting', "ready to accept connections",
                          'Service "postgres" is ready', 'Service "migrate" starting', 'Service "migrate" completed',
                          'Service "web" starting', 'Service "web" is ready', start=position)

    # --- the example as it is ---

    def test_starts_in_order_and_stops(self):
        self.setup()
        gate = self.hold_migration()
        self.daemon.start("--verbose")
        self.assertEqual(self.wait_for("migrate", "started"), 200)
        notes = self.notes()
        self.assertEqual((notes["initdb"], notes["postgres"], notes["web"]), ("completed", "", "waiting for migrate"))
        self.assertEqual(self.page(), "")
        open(gate, "wb").close()
        self.assertEqual(self.wait_for("web", "ready"), 200)
        self.assert_starts_in_order()
        self.assertIn("had its tables", self.page())
        self.assertEqual(self.query("SELECT name FROM fruit ORDER BY name"), ["damson", "quince"])
        self.assertEqual(self.notes()["migrate"], "completed")

        # A client that stays connected does not delay the stop.
        home = os.path.join(self.daemon.pebble_dir, "database")
        client = subprocess.Popen([os.path.join(home, "bin", "psql"), "-h", home, "-p", str(self.database_port), "-U",
                                   "postgres", "-XAtqc", "SELECT pg_sleep(1000)"], env=self.daemon.env,
                                  stderr=subprocess.DEVNULL)
        self.addCleanup(client.wait)
        self.addCleanup(client.kill)
        wait_until(lambda: self.query("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%1000)'") == ["1"],
                   what="the client")
        self.assertEqual(self.daemon.stop(), 0)
        self.assert_order('Service "web" stopped', "received fast shutdown request", "database system is shut down",
                          'Service "postgres" stopped')
        self.assertEqual(self.daemon.leftovers(), [])

    def test_restarts_as_a_whole(self):
        self.setup()
        self.start()
        position = len(self.daemon.log())
        done = self.daemon.cli("restart", "postgres", "migrate", "web")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_order('Service "web" stopped', "fast shutdown", 'Service "postgres" stopped',
                          'Service "postgres" starting', 'Service "postgres" is ready', 'Service "migrate" starting',
                          'Service "migrate" completed', 'Service "web" starting', 'Service "web" is ready', start=position)
        self.assertNotIn('"initdb" starting', self.daemon.log()[position:])
        self.assertIn("had its tables", self.page())

        # A new daemon finds the database.
        self.assertEqual(self.daemon.stop(), 0)
        self.query_is_refused()
        position = len(self.daemon.log())
        self.start()
        self.assert_starts_in_order(position)
        self.assertNotIn("[initdb]", self.daemon.log()[position:])

    def query_is_refused(self):
        with self.assertRaises(AssertionError):
            self.query("SELECT 1")

    def test_migration_that_fails(self):
        self.setup()
        self.start()
        self.assertEqual(self.daemon.services("stop", "web")["status"], "Done")
        schema = os.path.join(self.daemon.pebble_dir, "schema.sql")
        with open(schema, encoding="utf-8") as file:
            text = file.read()
        with open(schema, "a", encoding="utf-8") as file:
            file.write("DELETE FROM fruit;\nSELECT no_such_function();\n")
        done = self.daemon.cli("start", "migrate", "web")
        self.assertEqual(done.returncode, 1)
        self.assertIn('Start service "migrate" (service start attempt: exited with code 3, will ignore)', done.stderr)
        self.assertIn('Start service "web" (cannot start service: "migrate" exited with code 3 while waiting for it to '
                      'complete)', done.stderr)
        change = next(change for change in self.daemon.get("/v1/changes?select=all").result if change.get("err"))
        log = "\n".join(line for task in change["tasks"] for line in task.get("log", []))
        self.assertIn("function no_such_function() does not exist", log)
        notes = self.notes()
        self.assertEqual((notes["migrate"], notes["web"]), ("exit 3", "start failed"))
        self.assertEqual((self.page(), self.query("SELECT count(*) FROM fruit")), ("", ["2"]))

        with open(schema, "w", encoding="utf-8") as file:
            file.write(text)
        done = self.daemon.cli("start", "web")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("had its tables", self.page())

    def test_first_migration_that_fails(self):
        """The daemon starts, without the web server."""
        self.setup()
        with open(os.path.join(self.daemon.pebble_dir, "schema.sql"), "a", encoding="utf-8") as file:
            file.write("SELECT no_such_function();\n")
        self.daemon.start("--verbose")
        self.assertEqual(self.wait_for("migrate", "exited"), 200)
        done = self.daemon.cli("wait", "web")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(self.daemon.log(), r'"migrate" exited with code 3 while waiting for it to complete')
        self.assertEqual(self.daemon.service("postgres")["current"], "active")
        self.assertEqual(self.daemon.service("web")["current"], "inactive")

    def test_ready_by_a_check(self):
        self.setup()
        shutil.copy(os.path.join(self.daemon.pebble_dir, "ready-by-check.yaml"),
                    os.path.join(self.daemon.pebble_dir, "layers", "004-ready.yaml"))
        self.start()
        self.assertRegex(self.daemon.cli("plan").stdout, r"ready:\n +check: database\n")
        self.assert_starts_in_order()
        self.assertEqual(self.daemon.check("database")["status"], "inactive")

    def test_ordinary_user(self):
        """Without setup, all run as the user of the daemon, who is not root."""
        if subprocess.run([*AS_NOBODY, shutil.which("nginx"), "-v"], cwd="/", stderr=subprocess.DEVNULL, check=False).returncode:
            self.skipTest("nginx cannot run as nobody")
        for folder, names, files in os.walk(self.daemon.dir):
            for name in (".", *names, *files):
                if IS_ROOT:
                    shutil.chown(os.path.join(folder, name), "nobody", "nogroup")
        self.daemon.binary = shutil.copy(self.daemon.binary, self.daemon.path("pebble-copy"))
        self.start(**NOBODY)
        self.assertEqual(os.stat(f"/proc/{self.daemon.process.pid}").st_uid,
                         os.stat(os.path.join(self.daemon.pebble_dir, "database", "data")).st_uid)
        self.assertNotIn("directory", self.notes())
        self.assert_starts_in_order()
        self.assertEqual(self.daemon.stop(), 0)
        self.assertIn("received fast shutdown request", self.daemon.log())


if __name__ == "__main__":
    unittest.main()
