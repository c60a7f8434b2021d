# SPDX-License-Identifier: GPL-3.0-or-later
"""Receivers of forwarded logs: rsyslog, and replicas of Loki and of an OpenTelemetry collector that refuse what the
descriptions of their APIs do not allow."""

import base64
import glob
import http.server
import json
import os
import re
import shutil
import socket
import subprocess
import threading

from harness import HANG_S, free_port, wait_until


def target_of(kind, location, services=("all",), **more):
    """A log target, for a layer in JSON."""
    return {"override": "replace", "type": kind, "location": location, "services": list(services), **more}


def layer_of(services, targets):
    """A layer in JSON: each service with its command, or with its members; each target from target_of()."""
    entries = {name: {"override": "replace", "startup": "enabled", **(text if isinstance(text, dict) else {"command": text})}
               for name, text in services.items()}
    return json.dumps({"services": entries, "log-targets": targets})


def targets_of(daemon):
    """The targets as the API shows them: name -> target."""
    return {target["name"]: target for target in daemon.get("/v1/log-targets").result}


class Malformed(Exception):
    """What the description of an API does not allow."""


def require(is_true, text):
    if not is_true:
        raise Malformed(text)


def unique(pairs):
    require(len(dict(pairs)) == len(pairs), f"a member twice: {pairs!r}")
    return dict(pairs)


# --- HTTP ---


class Request:
    def __init__(self, handler, body):
        self.method = handler.command
        self.path = handler.path
        self.headers = {name.lower(): value for name, value in handler.headers.items()}
        self.body = body
        self.lines = []  # (service, labels, nanoseconds, text)

    def credentials(self):
        kind, _, text = self.headers.get("authorization", "").partition(" ")
        return base64.b64decode(text).decode() if kind == "Basic" else None


def is_closed(sock):
    """Whether the peer has closed the connection, which gives up what it has sent."""
    try:
        return sock.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


class HttpTarget:
    """A target over HTTP. respond(request) returns the status and the headers of the response; it may wait."""

    def __init__(self, test, read, kind, path="", port=0):
        """read(request) returns the lines of a request, or raises Malformed. Port 0 is a free one."""
        self.kind = kind
        self.read = read
        self.respond = lambda request: (204, {})
        self.requests = []  # with any response
        self.lines = []  # of those with status 200 or 204
        self.faults = []
        self.changed = threading.Condition()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                outer.handle(self)

            def log_message(self, *_):
                pass

            def date_time_string(self, timestamp=None):
                return outer.date or super().date_time_string(timestamp)

        self.date = None  # the header Date instead of the true one
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.location = f"http://127.0.0.1:{self.server.server_address[1]}{path}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        test.addCleanup(self.close)

    def handle(self, handler):
        request = Request(handler, handler.rfile.read(int(handler.headers["Content-Length"])))
        try:
            request.lines = self.read(request)
        except (Malformed, ValueError, KeyError, TypeError) as error:
            self.faults.append(repr(error))
        with self.changed:
            self.requests.append(request)
            self.changed.notify_all()
        status, headers = self.respond(request)
        if is_closed(handler.connection):
            return
        if status in (200, 204):
            with self.changed:
                self.lines += request.lines
                self.changed.notify_all()
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    def wait_requests(self, count):
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.requests) >= count, HANG_S), f"{len(self.requests)} of {count} requests"
            return self.requests[count - 1]

    def wait_lines(self, count):
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.lines) >= count, HANG_S), f"{len(self.lines)} of {count} lines"
            return list(self.lines)

    def target(self, *services, **more):
        return target_of(self.kind, self.location, services or ("all",), **more)

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def read_json(request, content_type):
    require(request.headers["content-type"] == content_type, request.headers["content-type"])
    return json.loads(request.body.decode("utf-8"), object_pairs_hook=unique)


# --- Loki: https://grafana.com/docs/loki/latest/reference/loki-http-api/#ingest-logs ---

# https://prometheus.io/docs/concepts/data_model/#metric-names-and-labels
LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
NANOSECONDS = re.compile(r"0|[1-9][0-9]{0,18}")


def read_loki(request):
    require((request.method, request.path) == ("POST", "/loki/api/v1/push"), request.path)
    body = read_json(request, "application/json; charset=utf-8")
    require(set(body) == {"streams"} and isinstance(body["streams"], list) and body["streams"], "streams")
    lines = []
    for stream in body["streams"]:
        require(set(stream) == {"stream", "values"}, f"members {list(stream)}")
        labels = stream["stream"]
        require(labels and all(LABEL.fullmatch(name) and isinstance(value, str) for name, value in labels.items()),
                f"labels {labels!r}")
        require(isinstance(stream["values"], list) and stream["values"], "values")
        for value in stream["values"]:
            require(isinstance(value, list) and len(value) == 2 and all(isinstance(item, str) for item in value),
                    f"value {value!r}")
            require(NANOSECONDS.fullmatch(value[0]) and int(value[0]) < 1 << 63, f"time {value[0]!r}")
            others = {name: text for name, text in labels.items() if name != "pebble_service"}
            lines.append((labels["pebble_service"], others, int(value[0]), value[1]))
    return lines


def loki(test, port=0):
    return HttpTarget(test, read_loki, "loki", "/loki/api/v1/push", port)


# --- OpenTelemetry: opentelemetry/proto/logs/v1/logs.proto, and the JSON encoding of
# https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding ---


def is_uint64(value):
    return isinstance(value, str) and NANOSECONDS.fullmatch(value[:19]) is not None and int(value) < 1 << 64


def is_uint32(value):
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 32


def is_text(value):
    return isinstance(value, str)


def is_hex(length):
    return lambda value: isinstance(value, str) and re.fullmatch(f"[0-9a-fA-F]{{{length}}}", value) is not None


def list_of(check):
    return lambda value: isinstance(value, list) and all(check(item) for item in value)


def message(name):
    return lambda value: check_message(name, value)


def is_any_value(value):
    kinds = {"stringValue": is_text, "boolValue": lambda v: isinstance(v, bool),
             "intValue": lambda v: is_text(v) and re.fullmatch("-?[0-9]+", v) is not None,
             "doubleValue": lambda v: isinstance(v, (int, float)), "bytesValue": is_text,
             "arrayValue": lambda v: list_of(is_any_value)(v["values"]), "kvlistValue": lambda v: attributes(v["values"])}
    require(isinstance(value, dict) and len(value) <= 1, f"AnyValue {value!r}")
    return all(name in kinds and kinds[name](item) for name, item in value.items())


def attributes(value):
    keys = [item["key"] for item in value]
    require(len(set(keys)) == len(keys), f"an attribute twice: {keys}")
    return list_of(message("KeyValue"))(value)


MESSAGES = {
    "LogsData": {"resourceLogs": list_of(message("ResourceLogs"))},
    "ResourceLogs": {"resource": message("Resource"), "scopeLogs": list_of(message("ScopeLogs")), "schemaUrl": is_text},
    "Resource": {"attributes": attributes, "droppedAttributesCount": is_uint32},
    "ScopeLogs": {"scope": message("InstrumentationScope"), "logRecords": list_of(message("LogRecord")), "schemaUrl": is_text},
    "InstrumentationScope": {"name": is_text, "version": is_text, "attributes": attributes,
                             "droppedAttributesCount": is_uint32},
    "LogRecord": {"timeUnixNano": is_uint64, "observedTimeUnixNano": is_uint64,
                  "severityNumber": lambda v: is_uint32(v) and v <= 24, "severityText": is_text, "body": is_any_value,
                  "attributes": attributes, "droppedAttributesCount": is_uint32, "flags": is_uint32,
                  "traceId": is_hex(32), "spanId": is_hex(16), "eventName": is_text},
    "KeyValue": {"key": is_text, "value": is_any_value},
}


def check_message(name, value):
    require(isinstance(value, dict), f"{name} {value!r}")
    for member, item in value.items():
        require(member in MESSAGES[name], f"{name} has no {member}")
        require(MESSAGES[name][member](item), f"{name}.{member} {item!r}")
    return True


def read_opentelemetry(request):
    require((request.method, request.path) == ("POST", "/otlp/v1/logs"), request.path)
    body = read_json(request, "application/json")
    check_message("LogsData", body)
    lines = []
    for resource in body["resourceLogs"]:
        labels = {item["key"]: item["value"]["stringValue"] for item in resource["resource"]["attributes"]}
        service = labels.pop("service.name")
        for scope in resource["scopeLogs"]:
            require(scope["scope"]["name"] == "pebble", "scope")
            lines += [(service, labels, int(record["timeUnixNano"]), record["body"]["stringValue"])
                      for record in scope["logRecords"]]
    return lines


def opentelemetry(test, port=0):
    return HttpTarget(test, read_opentelemetry, "opentelemetry", "/otlp", port)


# --- syslog ---


class UdpTarget:
    """A syslog target over UDP that divides messages by itself."""

    def __init__(self, test):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(HANG_S)
        self.location = f"udp://127.0.0.1:{self.socket.getsockname()[1]}"
        test.addCleanup(self.socket.close)

    def target(self, *services, **more):
        return target_of("syslog", self.location, services or ("all",), **more)

    def receive(self):
        """The text of the next message."""
        return self.socket.recv(65536).decode().split("] ", 1)[1]


RSYSLOG = """
global(workDirectory="{folder}" parser.escapeControlCharactersOnReceive="off" maxMessageSize="64k")
module(load="imtcp")
module(load="imudp")
module(load="mmpstrucdata")
input(type="imtcp" address="127.0.0.1" port="{tcp}")
input(type="imudp" address="127.0.0.1" port="{udp}")
template(name="all" type="list") {{ property(name="jsonmesg") constant(value="\\n") }}
action(type="mmpstrucdata" sd_name.lowercase="off")
action(type="omfile" file="{folder}/messages" template="all" asyncWriting="off")
"""


class Rsyslog:
    """A private rsyslog with TCP and UDP. What it has received is read from a file, with what it found in each message."""

    def __init__(self, test):
        self.daemon = test.daemon
        self.tcp, self.udp = free_port(), free_port()
        folder = self.daemon.path("rsyslog")
        self.daemon.file("rsyslog/conf", RSYSLOG.format(folder=folder, tcp=self.tcp, udp=self.udp))
        self.path = os.path.join(folder, "messages")
        binary = shutil.which("rsyslogd")
        modules = glob.glob(os.path.join(os.path.dirname(binary), "..", "lib", "*", "rsyslog"))
        with open(self.daemon.path("rsyslog", "log"), "wb") as log:
            self.process = subprocess.Popen(
                [binary, "-n", "-f", os.path.join(folder, "conf"), "-i", os.path.join(folder, "pid"), "-M", modules[0]],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        test.addCleanup(self.close)
        wait_until(self.is_listening, what="rsyslog")

    def is_listening(self):
        assert self.process.poll() is None, self.daemon.read("rsyslog/log")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.tcp)) == 0

    def messages(self):
        """The messages of services, without those of rsyslog itself."""
        try:
            with open(self.path, "rb") as file:
                found = [json.loads(line.decode("utf-8", "surrogateescape")) for line in file if line.endswith(b"\n")]
        except FileNotFoundError:
            return []
        return [item for item in found if "pebble@28978" in item["structured-data"]]

    def wait_messages(self, count):
        return wait_until(lambda: self.messages() if len(self.messages()) >= count else None, what=f"{count} messages")

    def close(self):
        self.process.terminate()
        self.process.wait(HANG_S)
