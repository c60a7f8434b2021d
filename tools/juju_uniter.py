# SPDX-License-Identifier: GPL-3.0-or-later
"""What Juju's uniter does with the daemon of a workload container: it polls for new boots and waits for notices.

The behaviour is that of Juju's pebble poller and pebble noticer with Pebble's client library, but the pauses are shorter:

- The poller asks for the boot id on a new connection. Another id than the last one is the event pebble-ready. Errors are
  ignored.
- The noticer waits for notices of all users that were repeated after the last one it has handled, which is where it goes
  on after an error. A custom notice is an event. A notice of a check's change leads to a request for that change: a
  perform-check in Error is a failure of the check, a recover-check that is Done is a recovery, and so is each of them if
  the change is gone. Other statuses are no event.
- A GET without a response is repeated for five seconds. If a change cannot be read after that, the noticer ends.
"""

import http.client
import json
import socket
import threading
import time
import urllib.parse

READY = "pebble-ready"
CUSTOM = "pebble-custom-notice"
FAILED = "pebble-check-failed"
RECOVERED = "pebble-check-recovered"

POLL_PAUSE_S = 0.05      # Juju: 5 s
ERROR_PAUSE_S = 0.05     # Juju: 1 s
RETRY_PAUSE_S = 0.02     # Pebble's client: 250 ms
RETRY_LIMIT_S = 5.0


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout_s):
        super().__init__("localhost", timeout=timeout_s)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class NoResponse(Exception):
    """No connection, or it ended before the head of a response."""


class BadResponse(Exception):
    """An error of the API, or a response that is not complete."""

    def __init__(self, status, text):
        super().__init__(f"{status} {text}")
        self.status = status


class Client:
    """Pebble's client library: one connection that is kept, GET only."""

    def __init__(self, path, stopped):
        self.path = path
        self.stopped = stopped
        self.connection = None
        self.failure_count = 0

    def close(self):
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.close()

    def interrupt(self):
        """Ends the running request from another thread."""
        sock = getattr(self.connection, "sock", None)
        try:
            if sock is not None:
                sock.shutdown(2)
        except OSError:
            pass

    def try_get(self, path):
        try:
            if self.connection is None:
                self.connection = UnixConnection(self.path, 60)
            self.connection.request("GET", path, headers={"Content-Type": "application/json"})
            response = self.connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            self.failure_count += 1
            raise NoResponse(str(error)) from error
        try:
            body = json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            raise BadResponse(response.status, str(error)) from error
        if body["type"] != "sync":
            raise BadResponse(response.status, body["result"]["message"])
        return body["result"]

    def get(self, path):
        deadline = time.monotonic() + RETRY_LIMIT_S
        while True:
            try:
                return self.try_get(path)
            except NoResponse:
                if self.stopped.wait(RETRY_PAUSE_S) or time.monotonic() > deadline:
                    raise


class Uniter:
    """The poller and the noticer of one container, each in a thread. `ready` and `events` grow."""

    def __init__(self, path, timeout="30s"):
        self.path = path
        self.timeout = timeout
        self.stopped = threading.Event()
        self.ready = []          # boot ids
        self.poll_count = 0      # with a response
        self.events = []         # tuples
        self.wait_count = 0      # responses to the noticer's requests
        self.after = None        # last-repeated of the last notice
        self.on_ready = None     # the charm's hook
        self.on_event = None     # gets each of `events`
        self.error = None        # that ended a thread
        self.clients = []
        self.threads = []

    def start(self):
        for run in (self.poll, self.wait):
            thread = threading.Thread(target=self.run, args=(run,), daemon=True)
            self.threads.append(thread)
            thread.start()
        return self

    def run(self, function):
        client = Client(self.path, self.stopped)
        self.clients.append(client)
        try:
            function(client)
        except Exception as error:  # pylint: disable=broad-except
            if not self.stopped.is_set():
                self.error = error
        finally:
            client.close()

    def stop(self):
        self.stopped.set()
        for thread in self.threads:
            while thread.is_alive():
                for client in self.clients:
                    client.interrupt()
                thread.join(0.05)

    # --- the poller ---

    def poll(self, client):
        last = ""
        while not self.stopped.wait(POLL_PAUSE_S):
            try:
                info = client.get("/v1/system-info")
            except (NoResponse, BadResponse):
                continue
            finally:
                client.close()
            if info["boot-id"] != last:
                if self.on_ready is not None:
                    self.on_ready()
                last = info["boot-id"]
                self.ready.append(last)
            self.poll_count += 1

    # --- the noticer ---

    def wait(self, client):
        while not self.stopped.is_set():
            query = {"timeout": self.timeout, "users": "all"}
            if self.after is not None:
                query["after"] = self.after
            try:
                notices = client.get("/v1/notices?" + urllib.parse.urlencode(query))
            except (NoResponse, BadResponse):
                self.stopped.wait(ERROR_PAUSE_S)
                continue
            self.wait_count += 1
            for notice in notices:
                self.handle(client, notice)
                self.after = notice["last-repeated"]

    def add(self, event):
        self.events.append(event)
        if self.on_event is not None:
            self.on_event(event)

    def handle(self, client, notice):
        if notice["type"] == "custom":
            self.add((CUSTOM, notice["id"], notice["type"], notice["key"]))
        elif notice["type"] == "change-update":
            data = notice.get("last-data", {})
            kind = data.get("kind")
            if kind in ("perform-check", "recover-check"):
                status = self.change_status(client, notice["key"])
                if kind == "perform-check" and status in (None, "Error"):
                    self.add((FAILED, data.get("check-name", "")))
                elif kind == "recover-check" and status in (None, "Done"):
                    self.add((RECOVERED, data.get("check-name", "")))

    @staticmethod
    def change_status(client, key):
        """None if there is no such change (any more)."""
        try:
            return client.get(f"/v1/changes/{key}")["status"]
        except BadResponse as error:
            if error.status != 404:
                raise
            return None
