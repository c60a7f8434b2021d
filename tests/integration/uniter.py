# SPDX-License-Identifier: GPL-3.0-or-later
"""Juju's uniter (tools/juju_uniter.py), with what tests need to wait for it."""

import os
import sys

from harness import TOP, wait_until

sys.path.insert(0, os.path.join(TOP, "tools"))

import juju_uniter  # noqa: E402
from juju_uniter import CUSTOM, FAILED, RECOVERED  # noqa: E402,F401


class Uniter(juju_uniter.Uniter):
    def __init__(self, daemon, **options):
        super().__init__(daemon.socket_path, **options)

    @property
    def failure_count(self):
        """Requests without a response."""
        return sum(client.failure_count for client in self.clients)

    def check(self):
        if self.error is not None:
            raise AssertionError(f"the uniter ended: {self.error!r}; its events: {self.events}") from self.error

    def wait_for(self, condition, what):
        def holds():
            self.check()
            return condition()
        try:
            return wait_until(holds, what=what)
        except AssertionError as error:
            raise AssertionError(f"{error}; events: {self.events}, boots: {self.ready}") from self.error

    def wait_event(self, *event, count=1):
        """Waits until the event has come `count` times. The id of a custom notice is left out: (CUSTOM, key)."""
        self.wait_for(lambda: self.short_events().count(event) >= count, f"{count} × {event}")

    def wait_polls(self, count=2):
        """Waits for further polls that have a response: the effect of what was before is in `ready`."""
        wanted = self.poll_count + count
        self.wait_for(lambda: self.poll_count >= wanted, "polls")

    def short_events(self):
        """The events, those of custom notices as (CUSTOM, key)."""
        return [(event[0], event[-1]) for event in list(self.events)]
