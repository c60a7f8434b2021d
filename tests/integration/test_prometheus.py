# SPDX-License-Identifier: GPL-3.0-or-later
"""The metrics with Prometheus's own tools: promtool reads them, a server scrapes them over TCP with a password."""

import json
import shutil
import subprocess
import unittest
import urllib.parse
import urllib.request

from harness import HANG_S, DaemonCase, free_port, wait_until
from test_identities import DAMSON

LAYER = """
services:
    almond: {override: replace, command: sleep 1000, startup: enabled}
    walnut: {override: replace, command: sleep 1000, startup: enabled}
    'the "big" chestnut': {override: replace, command: sleep 1000, startup: enabled}
    never: {override: replace, command: sleep 1000}
checks:
    good: {override: replace, period: 1h, exec: {command: "true"}}
    bad: {override: replace, period: 1h, threshold: 1, exec: {command: "false"}}
    off: {override: replace, startup: disabled, exec: {command: "true"}}
"""

# The configuration of a server with a target for each kind of client.
SCRAPES = """
global: {{scrape_interval: 500ms, scrape_timeout: 500ms}}
scrape_configs:
    - job_name: right
      metrics_path: /v1/metrics
      basic_auth: {{username: prom, password: "damson:gin"}}
      static_configs: &target [{{targets: ["127.0.0.1:{port}"]}}]
    - job_name: wrong
      metrics_path: /v1/metrics
      basic_auth: {{username: prom, password: damson}}
      static_configs: *target
    - job_name: reader
      metrics_path: /v1/metrics
      basic_auth: {{username: reader, password: "damson:gin"}}
      static_configs: *target
    - job_name: nobody
      metrics_path: /v1/metrics
      static_configs: *target
"""


def without_repetition(text):
    """The metrics with one HELP and TYPE for each name, and the series of a name together, as the format demands."""
    families = {}
    for block in text.rstrip("\n").split("\n\n"):
        help_line, type_line, series = block.split("\n")
        families.setdefault((help_line, type_line), []).append(series)
    return "".join("\n".join([*lines, *series]) + "\n" for lines, series in families.items())


class PrometheusCase(DaemonCase):
    def start(self, *arguments):
        self.daemon.layer("001-test.yaml", LAYER)
        self.daemon.start(*arguments)
        self.daemon.wait_log("Started default services")
        self.daemon.services("stop", "walnut")
        for check in ("good", "good", "bad"):
            self.assertEqual(self.daemon.post("/v1/checks/refresh", {"name": check}).status, 200)
        wait_until(lambda: self.daemon.check("bad")["status"] == "down", what="the failure of a check")


@unittest.skipUnless(shutil.which("promtool"), "promtool is not there: ./dev servers")
class PromtoolTest(PrometheusCase):
    def check_metrics(self, text):
        """The exit status and the complaints of promtool."""
        done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def test_complaints_are_only_about_what_is_given(self):
        self.start()
        text = self.daemon.get("/v1/metrics").body.decode()
        self.assertEqual(text.count("\npebble_"), 3 * 2 + 2 * 3 + 1 * 2)

        # The reference repeats HELP and TYPE, and has names of counters against the custom.
        status, complaints = self.check_metrics(text)
        self.assertEqual(status, 1)
        self.assertIn('second HELP line for metric name "pebble_', complaints)
        status, complaints = self.check_metrics(without_repetition(text))
        self.assertIn(status, (0, 3), complaints)
        for line in complaints.splitlines():
            self.assertRegex(line, '^pebble_(service_start|check_success|check_failure)_count .* "_(total|count)" suffix$')


@unittest.skipUnless(shutil.which("prometheus"), "prometheus is not there: ./dev servers")
class ServerTest(PrometheusCase):
    def start_prometheus(self, port):
        config = self.daemon.file("prometheus.yml", SCRAPES.format(port=port))
        self.api = f"http://127.0.0.1:{free_port()}"
        with open(self.daemon.path("prometheus.log"), "wb") as log:
            server = subprocess.Popen(
                ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={self.daemon.path('prometheus')}",
                 f"--web.listen-address={self.api.removeprefix('http://')}"],
                cwd=self.daemon.dir, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

        def end():
            server.kill()
            server.wait()

        self.addCleanup(end)
        wait_until(lambda: self.is_ready(server), what="Prometheus")

    def is_ready(self, server):
        self.assertIsNone(server.poll(), self.daemon.read("prometheus.log"))
        try:
            with urllib.request.urlopen(f"{self.api}/-/ready", timeout=HANG_S) as answer:
                return answer.status == 200
        except OSError:
            return False

    def ask(self, path, **query):
        with urllib.request.urlopen(f"{self.api}/api/v1/{path}?{urllib.parse.urlencode(query)}", timeout=HANG_S) as answer:
            return json.load(answer)["data"]

    def wait_target(self, job, health, error=""):
        """Waits until the target of a job has this health, and the last scrape this error. On a busy machine others may
        have timed out."""
        def found():
            return any((target["labels"]["job"], target["health"]) == (job, health) and
                       (error in target["lastError"] if error else not target["lastError"])
                       for target in self.ask("targets")["activeTargets"])
        wait_until(found, what=f"the target {job} to be {health}, {error}")

    def wait_values(self, metric, values):
        """Waits until the metric has these values: the label, which is the service or check -> value."""
        label = "check" if "check" in metric else "service"

        def found():
            result = self.ask("query", query=f'{metric}{{job="right"}}')["result"]
            return {series["metric"][label]: int(series["value"][1]) for series in result} == values
        wait_until(found, what=f"{metric} to have the values {values}")

    def test_scrapes_with_a_password(self):
        port = free_port()
        self.start("--http", f"127.0.0.1:{port}")
        path = self.daemon.file("identities.yaml", "identities:\n" + "".join(
            f"  {name}: {{access: {access}, basic: {{password: {DAMSON}}}}}\n" for name, access in [("prom", "metrics"), ("reader", "read")]))
        self.assertEqual(self.daemon.cli("add-identities", "--from", path).stdout, "Added 2 new identities.\n")
        self.start_prometheus(port)

        self.wait_target("right", "up")
        for job in ("wrong", "reader", "nobody"):
            self.wait_target(job, "down", "401 Unauthorized")
        self.wait_values("pebble_service_active", {"almond": 1, "walnut": 0, 'the "big" chestnut': 1})
        self.wait_values("pebble_service_start_count", {"almond": 1, "walnut": 1, 'the "big" chestnut': 1})
        self.wait_values("pebble_check_up", {"good": 1, "bad": 0})
        self.wait_values("pebble_check_success_count", {"good": 2, "bad": 0, "off": 0})
        self.wait_values("pebble_check_failure_count", {"good": 0, "bad": 1, "off": 0})

        self.daemon.services("start", "walnut")
        self.daemon.services("stop", "almond")
        self.wait_values("pebble_service_active", {"almond": 0, "walnut": 1, 'the "big" chestnut': 1})
        self.wait_values("pebble_service_start_count", {"almond": 1, "walnut": 2, 'the "big" chestnut': 1})
        # A check that is stopped is neither up nor down.
        self.daemon.post("/v1/checks", {"action": "stop", "checks": ["bad"]})
        self.wait_values("pebble_check_up", {"good": 1})
        self.assertEqual(self.daemon.stop(), 0)
        self.wait_target("right", "down", "connection refused")


if __name__ == "__main__":
    unittest.main()
