# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups of a real PostgreSQL server: dumps and restores through exec, and files that are announced by notices."""

import json
import os
import re
import subprocess
import unittest

from database import DatabaseCase
from faults import is_alive
from file_client import FilesCase, parts_of
from harness import wait_until
from test_exec import ExecCase, Reader

MIB = 1 << 20

# 16 MiB of binary data, which are more than 32 MiB in a dump.
FRUIT = r"""
CREATE TABLE fruit (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text, picture bytea);
CREATE INDEX ON fruit (name);
INSERT INTO fruit (name, picture)
SELECT E'Zwetschge\t水果\n🍑 \\' || tree,
    (SELECT string_agg(sha256(convert_to(tree || ' ' || n, 'UTF8')), '') FROM generate_series(1, 512) AS n)
FROM generate_series(1, 1024) AS tree;
"""

# Plain dumps of the same data differ in a random word that each contains twice, for psql. Custom ones differ in the time
# in their heads, and those written into a file contain offsets, because it can be rewound.
RANDOM = re.compile(rb"^\\(un)?restrict \w+$", re.M)
CUSTOM_HEAD_SIZE = 64


def without_random(script):
    return RANDOM.sub(rb"\\\1restrict", script)


class BackupCase(DatabaseCase, ExecCase):
    def setUp(self):
        super().setUp()
        self.daemon.start("--verbose", "--hold")
        self.assertEqual(self.daemon.services("start", "postgres")["status"], "Done")
        self.wait_database()
        self.query(FRUIT)

    def dump(self, *options):
        """A plain dump that pg_dump writes directly into a file, without what is random."""
        path = os.path.join(self.home, "direct")
        self.run_program("pg_dump", "-f", path, *options)
        with open(path, "rb") as file:
            return without_random(file.read())

    def assert_same(self, found, expected):
        """Compares without a report of what differs, which would be too large."""
        self.assertTrue(found == expected, f"{len(found)} bytes instead of {len(expected)}, or others")

    # --- PostgreSQL's programs as commands, with the user and the environment of the service ---

    def words(self, name, *arguments):
        return [os.path.join(self.home, "bin", name), "-h", self.home, *arguments]

    def session(self, name, *arguments, **options):
        return self.exec(self.words(name, *arguments), **{"service-context": "postgres", "split-stderr": True, **options})

    def program(self, name, *arguments):
        """The command line that runs a command."""
        return [self.daemon.binary, "exec", "--context", "postgres", *self.words(name, *arguments)]

    def by_api(self, name, *arguments, data=b""):
        """Runs a command; returns its exit code, output and error output."""
        session = self.session(name, *arguments)
        for begin in range(0, len(data), MIB):
            session.stdio.send(data[begin:begin + MIB])
        session.end()
        status, code, message = session.result(100)
        self.assertEqual((status, message), ("Done", ""))
        return code, session.out.wait(), session.err.wait()

    def by_program(self, name, *arguments, data=b""):
        done = subprocess.run(self.program(name, *arguments), env=self.daemon.env, input=data, capture_output=True, check=False,
                              timeout=100)
        return done.returncode, done.stdout, done.stderr

    def backends(self, name, condition="true"):
        """The number of the server's processes for a program that meet a condition."""
        return int(self.query(f"SELECT count(*) FROM pg_stat_activity WHERE application_name = '{name}' AND {condition}"))

    def wait_backend(self, name, condition):
        wait_until(lambda: self.backends(name, condition) == 1, what=f"a {name} of which {condition}")

    def wait_unread(self):
        """Waits until the server waits for pg_dump while it sends the table, because the client reads nothing."""
        self.wait_backend("pg_dump", "wait_event = 'ClientWrite' AND query LIKE 'COPY %'")


class RoundTripTest(BackupCase):
    def setUp(self):
        super().setUp()
        # A session that stays open makes all dumps show the same moment.
        self.holder = self.session("psql", "-XAtq")
        self.holder.stdio.send(b"BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT pg_export_snapshot();\n")
        self.holder.out.until(b"\n")
        self.snapshot = self.holder.out.data.decode().strip()
        self.expected = self.dump("--snapshot", self.snapshot)
        self.assertGreater(len(self.expected), 32 * MIB)
        self.query("DELETE FROM fruit WHERE id % 2 = 0")

    def check_restore(self, client, data, name, *arguments):
        """Restores a dump into a new database, which has to have the same dump then."""
        database = "restored_" + client.__name__
        self.query(f"CREATE DATABASE {database} TEMPLATE template0")
        self.assertEqual(client(name, "-d", database, *arguments, data=data), (0, b"", b""))
        self.assert_same(self.dump(database), self.expected)

    def end_holder(self):
        self.holder.end()
        self.assertEqual(self.holder.result(), ("Done", 0, ""))

    def test_plain(self):
        for client in (self.by_api, self.by_program):
            with self.subTest(client.__name__):
                code, script, complaints = client("pg_dump", "--snapshot", self.snapshot)
                self.assertEqual((code, complaints), (0, b""))
                self.assert_same(without_random(script), self.expected)
                self.check_restore(client, script, "psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-o", "/dev/null")
        self.end_holder()

    def test_custom(self):
        options = ["-Fc", "--snapshot", self.snapshot]
        expected = self.run_program("pg_dump", *options)
        for client in (self.by_api, self.by_program):
            with self.subTest(client.__name__):
                code, archive, complaints = client("pg_dump", *options)
                self.assertEqual((code, complaints), (0, b""))
                self.assert_same(archive[CUSTOM_HEAD_SIZE:], expected[CUSTOM_HEAD_SIZE:])
                self.check_restore(client, archive, "pg_restore", "--exit-on-error")
        self.end_holder()


class FailureTest(BackupCase):
    def test_unknown_database(self):
        for client in (self.by_api, self.by_program):
            with self.subTest(client.__name__):
                code, output, complaints = client("pg_dump", "orchard")
                self.assertEqual((code, output), (1, b""))
                self.assertRegex(complaints, rb'^pg_dump: error: .*FATAL:  database "orchard" does not exist\n$')

    def test_server_ends_the_connection(self):
        session = self.session("pg_dump", reads=False)
        self.wait_unread()
        self.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pg_dump'")
        session.read()
        complaints = Reader(session.stderr)
        self.assertEqual(session.result(), ("Done", 1, ""))
        self.assertLess(len(session.out.wait()), 32 * MIB)
        self.assertRegex(complaints.wait(), rb"pg_dump: error: Dumping the contents of table \"fruit\" failed")

    def test_restore_fails(self):
        script = b"CREATE TABLE seeds (id integer);\nCOPY seeds FROM stdin;\n1\nwalnut\n\\.\n"
        for client in (self.by_api, self.by_program):
            with self.subTest(client.__name__):
                code, output, complaints = client("psql", "-Xq1", "-v", "ON_ERROR_STOP=1", data=script)
                self.assertEqual((code, output), (3, b""))
                self.assertIn(b'invalid input syntax for type integer: "walnut"', complaints)
                self.assertEqual(self.query("SELECT to_regclass('seeds') IS NULL"), "t")

    # --- clients that are gone ---

    def exec_change(self):
        """The change of the command that runs."""
        change, = [change["id"] for change in self.daemon.get("/v1/changes").result if change["kind"] == "exec"]
        return change

    def check_end(self, pid, change):
        wait_until(lambda: not is_alive(pid), what="the end of pg_dump")
        wait_until(lambda: self.backends("pg_dump") == 0, what="the end of the server's process")
        # It is killed when the control websocket is lost, unless it has met its lost output before.
        self.assertIn(self.daemon.wait_change(change)["tasks"][0]["data"]["exit-code"], (137, 141))

    def test_client_of_a_dump_is_killed(self):
        with subprocess.Popen(self.program("pg_dump"), env=self.daemon.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as client:
            self.assertEqual(len(client.stdout.read(MIB)), MIB)
            self.wait_unread()
            pid, change = self.process("pg_dump"), self.exec_change()
            client.kill()
        self.check_end(pid, change)

    def test_connections_of_a_dump_are_lost(self):
        session = self.session("pg_dump", reads=False)
        self.wait_unread()
        pid = self.process("pg_dump")
        session.close()
        self.check_end(pid, session.change)

    def test_client_of_a_restore_is_killed(self):
        """The restore is killed before it can take the end of its input for the end of the script."""
        with subprocess.Popen(self.program("psql", "-Xq1"), env=self.daemon.env, stdin=subprocess.PIPE) as client:
            client.stdin.write(b"CREATE TABLE seeds (id integer);\nCOPY seeds FROM stdin;\n1\n")
            client.stdin.flush()
            self.wait_backend("psql", "query LIKE 'COPY%'")
            change = self.exec_change()
            client.kill()
        self.assertEqual(self.daemon.wait_change(change)["tasks"][0]["data"], {"exit-code": 137})
        wait_until(lambda: self.backends("psql", "query LIKE 'COPY%'") == 0, what="the end of the server's process")
        self.assertEqual(self.query("SELECT to_regclass('seeds') IS NULL"), "t")


class NoticeTest(BackupCase, FilesCase):
    """The service of the example, whose script records a notice for each of its files."""

    def setUp(self):
        super().setUp()
        self.script = os.path.join(self.daemon.pebble_dir, "backup")

    def ask(self, after=""):
        """A request that waits for the notice; its connection."""
        connection = self.daemon.connection(60)
        self.addCleanup(connection.close)
        connection.request("GET", f"/v1/notices?types=custom&keys=example.com/backup/done&users=all&timeout=50s{after}")
        return connection

    def notice(self, connection):
        """The notice for which a request has waited."""
        notice, = json.loads(connection.getresponse().read())["result"]
        # The script has the user of the server.
        self.assertEqual(notice["user-id"], os.stat(self.home).st_uid)
        return notice

    def pebble(self, *words, **options):
        done = subprocess.run([self.daemon.binary, *words], env=self.daemon.env, capture_output=True, check=False, timeout=100,
                              **options)
        self.assertEqual((done.returncode, done.stderr), (0, b""), words)
        return done.stdout

    def backups(self):
        folder = os.path.join(self.home, "backups")
        return os.listdir(folder) if os.path.isdir(folder) else []

    def assert_no_notice(self):
        self.assertEqual(self.daemon.get("/v1/notices?types=custom&users=all").result, [])

    def test_client_fetches_the_files(self):
        waiting = self.ask()
        self.assertEqual(self.daemon.services("start", "backup")["status"], "Done")
        notice = self.notice(waiting)
        path, pulled = notice["last-data"]["path"], self.daemon.path("pulled")
        with open(path, "rb") as file:
            archive = file.read()
        self.assertGreater(len(archive), 16 * MIB)
        (_, content), _ = parts_of(self.read(path))
        self.assert_same(content, archive)
        self.pebble("pull", path, pulled)
        with open(pulled, "rb") as file:
            self.assert_same(file.read(), archive)
        self.assertEqual(self.remove(path, recursive=False), {"path": path})
        self.assertEqual(self.backups(), [])

        # What is lost comes back.
        expected = self.dump()
        self.query("DELETE FROM fruit")
        with open(pulled, "rb") as file:
            self.pebble(*self.program("pg_restore", "-d", "postgres", "--clean")[1:], stdin=file)
        self.assert_same(self.dump(), expected)

        # A further backup, by a command.
        waiting = self.ask(f"&after={notice['last-repeated']}")
        self.assertEqual(self.pebble("exec", "--context", "backup", self.script), f"Recorded notice {notice['id']}\n".encode())
        notice = self.notice(waiting)
        self.assertEqual(notice["occurrences"], 2)
        self.pebble("rm", notice["last-data"]["path"])
        self.assertEqual(self.backups(), [])
        self.assertEqual(self.daemon.service("backup")["current"], "active")

    def test_backup_fails(self):
        done = self.daemon.cli("exec", "--context", "backup", "--env", "PGPORT=1", self.script)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertRegex(done.stderr, "^pg_dump: error: connection to server .* failed: ")
        self.assertEqual(self.backups(), [])
        self.assert_no_notice()

    def test_backup_is_stopped(self):
        holder = self.session("psql", "-Xqc", "BEGIN", "-c", "LOCK TABLE fruit", "-f", "-")
        self.wait_backend("psql", "state = 'idle in transaction' AND query = 'LOCK TABLE fruit'")
        self.assertEqual(self.daemon.services("start", "backup")["status"], "Done")
        self.wait_backend("pg_dump", "wait_event_type = 'Lock'")
        self.assertRegex(",".join(self.backups()), r"^[^,]*\.part$")
        self.assertEqual(self.daemon.services("stop", "backup")["status"], "Done")
        wait_until(lambda: self.backups() == [], what="the end of the script")
        self.assert_no_notice()
        holder.end()
        self.assertEqual(holder.result(), ("Done", 0, ""))


if __name__ == "__main__":
    unittest.main()
