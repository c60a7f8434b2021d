# SPDX-License-Identifier: GPL-3.0-or-later
"""The example with PostgreSQL and nginx: checks of the real servers fail and recover, and a client follows the notices."""

import contextlib
import os
import shutil
import signal
import unittest

from database import DatabaseCase
from examples import page_of
from faults import children, is_alive
from harness import wait_until

# Services have the time with which they were started; checks begin anew, when both servers run.
SHORT_KILL_DELAYS = """
services:
    postgres: {override: merge, kill-delay: 200ms}
    web: {override: merge, kill-delay: 200ms}
"""
SHORT_PERIODS = """
checks:
    database-port: {override: merge, period: 1h, timeout: 1m, threshold: 2}
    database: {override: merge, period: 1s, timeout: 1s, threshold: 2}
    page: {override: merge, period: 1s, timeout: 1s, threshold: 2}
"""
# Until then the port is not looked at, since it is closed for a while when a server that hangs is ended.
SHORT_PERIOD_OF_PORT = "checks: {database-port: {override: merge, period: 1s, timeout: 1s}}\n"


class Notices:
    """Follows checks as Juju does: waits for notices of changes, and gets each change."""

    def __init__(self, daemon):
        self.daemon = daemon
        self.after = ""
        for notice in daemon.get("/v1/notices?users=all").result:
            self.after = notice["last-repeated"]

    def changes(self):
        """The kind, check and status of the changes of checks since the last call; waits for notices."""
        query = "users=all&timeout=30s" + (f"&after={self.after}" if self.after else "")
        answer = self.daemon.get(f"/v1/notices?{query}", timeout_s=40)
        assert answer.status == 200, answer
        found = []
        for notice in answer.result:
            self.after = notice["last-repeated"]
            kind = notice.get("last-data", {}).get("kind")
            if notice["type"] == "change-update" and kind in ("perform-check", "recover-check"):
                change = self.daemon.get(f"/v1/changes/{notice['key']}")
                assert change.status == 200, "a notice without its change"
                found.append((kind, notice["last-data"]["check-name"], change.result["status"]))
        return found

    def wait_for(self, *change):
        wait_until(lambda: change in self.changes(), what=f"a notice of {change}")

    def wait_failure(self, check):
        self.wait_for("perform-check", check, "Error")

    def wait_recovery(self, check):
        self.wait_for("recover-check", check, "Done")


@unittest.skipUnless(shutil.which("nginx"), "nginx is not there: ./dev servers")
class DatabaseTest(DatabaseCase):
    def start(self):
        """Starts the daemon and waits for both servers."""
        self.daemon.start("--verbose")
        self.wait_database()
        wait_until(self.page, what="nginx's first answer")

    def wait_up(self, check):
        wait_until(lambda: self.daemon.check(check)["status"] == "up" and self.daemon.check(check)["successes"] > 0,
                   what=f"a success of {check}")

    def page(self):
        return page_of(self.port)

    def health(self):
        """The statuses of the levels alive and ready."""
        return tuple(self.daemon.get(f"/v1/health?level={level}").status for level in ("alive", "ready"))

    def wait_healthy(self):
        wait_until(lambda: self.health() == (200, 200), what="health")

    # --- the example as it is ---

    def test_starts_in_order_and_stops(self):
        self.start()
        self.assertLess(self.daemon.log().index('Service "postgres" starting'), self.daemon.log().index('Service "web" starting'))
        self.assertIn("PostgreSQL", self.page())
        self.assertEqual(self.query("SELECT 6 * 7"), "42")
        owner = os.stat(f"/proc/{self.process('postgres')}").st_uid
        self.assertNotEqual(owner, 0)
        self.assertEqual(owner, os.stat(self.home).st_uid)
        for check in ("database-port", "database", "page"):
            self.assertEqual(self.daemon.post("/v1/checks/refresh", {"name": check}).result.get("error"), None)
        self.assertEqual(self.health(), (200, 200))

        # The web server requires the database.
        self.assertEqual(self.daemon.services("stop", "postgres")["status"], "Done")
        self.assertEqual([s["current"] for s in self.daemon.get("/v1/services").result], ["inactive"] * 3)
        self.assertEqual(self.page(), "")
        self.assertEqual(self.daemon.stop(), 0)
        self.assertEqual(self.daemon.leftovers(), [])

        # A second setup keeps the data.
        before = os.stat(os.path.join(self.home, "data", "PG_VERSION"))
        self.setup()
        self.assertEqual(os.stat(os.path.join(self.home, "data", "PG_VERSION")), before)

    # --- failures of the servers ---

    def test_servers_that_fail_come_back(self):
        self.daemon.layer("003-short.yaml", SHORT_KILL_DELAYS)
        self.start()
        self.query("CREATE TABLE fruit AS SELECT 'damson' AS name")
        self.assertIs(self.daemon.add_layer("short", SHORT_PERIODS).result, True)
        self.daemon.post("/v1/checks/refresh", {"name": "database-port"})
        for check in ("database-port", "database", "page"):
            self.wait_up(check)
        notices = Notices(self.daemon)
        self.hang_database(notices)
        self.hang_web(notices)
        self.stop_database(notices)
        self.assertEqual(self.query("SELECT name FROM fruit"), "damson")
        self.assertEqual(self.daemon.stop(), 0)
        self.assertEqual(self.daemon.leftovers(), [])

    # A server cannot start again without its configuration, so that the check stays down.

    def hang_database(self, notices):
        pid = self.process("postgres")
        with self.missing("database/data/postgresql.conf"):
            os.kill(pid, signal.SIGSTOP)
            notices.wait_failure("database")
            self.assertEqual(self.health(), (200, 502))
            self.daemon.wait_log('Service "postgres" on-check-failure action is "restart", terminating')
        notices.wait_recovery("database")
        self.assertFalse(is_alive(pid))
        self.wait_healthy()
        self.assertEqual(self.daemon.service("web")["current"], "active")

    def hang_web(self, notices):
        pid = self.process("nginx")
        stopped = [*children(pid), pid]
        with self.missing("nginx.conf"):
            for process in stopped:
                os.kill(process, signal.SIGSTOP)
            notices.wait_failure("page")
            self.assertEqual(self.health(), (200, 502))
        notices.wait_recovery("page")
        self.assertEqual([process for process in stopped if is_alive(process)], [])
        self.assertIn("PostgreSQL", self.page())
        self.wait_healthy()

    def stop_database(self, notices):
        self.assertIs(self.daemon.add_layer("port", SHORT_PERIOD_OF_PORT).result, True)
        self.wait_up("database-port")
        pid = self.process("postgres")
        with self.missing("database/data/postgresql.conf"):
            self.run_program("pg_ctl", "stop", "-D", os.path.join(self.home, "data"), "-m", "immediate")
            notices.wait_failure("database-port")
            self.assertEqual(self.health(), (502, 502))
        notices.wait_recovery("database-port")
        self.assertFalse(is_alive(pid))
        self.wait_healthy()

    @contextlib.contextmanager
    def missing(self, name):
        path = os.path.join(self.daemon.pebble_dir, name)
        os.rename(path, path + ".away")
        yield
        os.rename(path + ".away", path)


if __name__ == "__main__":
    unittest.main()
