# SPDX-License-Identifier: GPL-3.0-or-later
"""The layers and commands of docs/how-to/start-in-order.md and docs/explanation/start-order.md."""

import os
import re
import unittest

from harness import TOP, DaemonCase


def layers(name):
    """The layers in a document, each with its text."""
    with open(os.path.join(TOP, "docs", name), encoding="utf-8") as file:
        return [text for text in re.findall(r"```yaml\n(.*?)```", file.read(), re.S) if text.startswith("services:")]


def layer_with(service):
    """The first layer whose first service has this name."""
    return next(text for text in layers("how-to/start-in-order.md") if text.splitlines()[1].strip() == f"{service}:")


class HowToTest(DaemonCase):
    def test_layers_are_accepted(self):
        for name in ("how-to/start-in-order.md", "explanation/start-order.md"):
            before = None
            self.assertTrue(layers(name))
            for text in layers(name):
                daemon = self.new_daemon()
                if "override: merge" in text:
                    daemon.layer("001-before.yaml", before)
                daemon.layer("002-layer.yaml", text)
                done = daemon.cli("enter", "plan")
                self.assertEqual(done.returncode, 0, f"{done.stderr}\n{text}")
                before = text

    def test_job_before_a_service(self):
        self.daemon.layer("001-layer.yaml", layer_with("configure"))
        os.mkdir(os.path.join(self.daemon.pebble_dir, "web.conf"))
        self.daemon.start("--verbose", "--hold")
        done = self.daemon.cli("start", "web")
        with open(os.path.join(TOP, "docs", "how-to", "start-in-order.md"), encoding="utf-8") as file:
            self.assertIn("\n".join(f"    {line}" for line in done.stderr.splitlines()), file.read())
        os.rmdir(os.path.join(self.daemon.pebble_dir, "web.conf"))
        self.assertEqual(self.daemon.cli("start", "configure").returncode, 0)
        self.assertEqual(self.daemon.cli("start", "web").returncode, 0)
        self.daemon.wait_log(r"\[web\] port 8080$")

    def test_jobs_that_end_the_daemon(self):
        for service, options, code in (("fetch", ["--until-done"], 0), ("database", [], 3)):
            with self.subTest(service):
                daemon = self.new_daemon()
                daemon.layer("001-layer.yaml", layer_with(service))
                done = daemon.cli("run", *options)
                self.assertEqual(done.returncode, code, done.stderr)


if __name__ == "__main__":
    unittest.main()
