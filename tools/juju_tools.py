# SPDX-License-Identifier: GPL-3.0-or-later
"""Juju's hook tools for one unit: their options, what they print, and their errors.

What a hook changes is kept when Juju keeps it. State and ports are kept at the end of a hook or action with exit code 0, and
dropped otherwise. Statuses, the version, log lines and the results of an action are kept at once.
"""

import os
import re
import threading

import juju_flags
import juju_yaml
from juju_flags import ToolError, quote

KEY_LIMIT_BYTES = 256
VALUE_LIMIT_BYTES = 65536
STATUSES = ("maintenance", "blocked", "waiting", "active")
LEVELS = {"TRACE": "TRACE", "DEBUG": "DEBUG", "INFO": "INFO", "WARN": "WARNING", "WARNING": "WARNING", "ERROR": "ERROR",
          "CRITICAL": "CRITICAL", "UNSPECIFIED": None}
RESULT_KEY = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
RESERVED_RESULTS = ("stdout", "stdout-encoding", "stderr", "stderr-encoding")


class Call:
    """One run of a tool: arguments, options, and what it has been given."""

    def __init__(self, name, words, directory, given):
        self.name = name
        self.directory = directory
        self.given = given       # what is on standard input; None: it has not been read
        self.arguments, self.flags = juju_flags.split(words, juju_flags.FLAGS[name])
        self.errors = ""         # for standard error, of a success too

    def is_set(self, name):
        return bool(self.flags.get(name))

    def one(self, missing):
        """The only argument."""
        if not self.arguments:
            raise ToolError(missing, is_usage=True)
        self.no_more(1)
        return self.arguments[0]

    def no_more(self, count):
        if len(self.arguments) > count:
            raise ToolError(f"unrecognized args: [{' '.join(map(quote, self.arguments[count:]))}]", is_usage=True)

    def read_file(self, path):
        if path != "-":
            with open(os.path.join(self.directory, path), "rb") as file:
                return file.read()
        if self.given is None:
            raise juju_flags.NeedsInput
        return self.given

    def output(self, value):
        """The text of a result in the wanted format, or nothing if a file gets it."""
        text = juju_flags.format_value(value, self.flags.get("format", "smart"))
        path = self.flags.get("output")
        if not path:
            return text
        with open(os.path.join(self.directory, path), "w", encoding="utf-8", errors="replace") as file:
            file.write(text)
        return ""


class Unit:
    """What Juju keeps for a unit, and the hook or action that runs."""

    def __init__(self, name, config, is_leader, has_containers):
        self.name = name
        self.config = config
        self.is_leader = is_leader
        self.has_containers = has_containers
        self.status, self.app_status = ("unknown", ""), ("unknown", "")
        self.version = ""
        self.state, self.ports = {}, set()
        self.kept = {}, set()    # state and ports at the begin of the hook
        self.lines, self.results = [], {}
        self.parameters = self.failure = None
        self.context = None      # the ID of the hook; None: there is none
        self.context_count = 0
        self.lock = threading.Lock()

    def begin(self, parameters):
        """A hook begins; `parameters` of an action, else None. Returns its ID."""
        with self.lock:
            self.context_count += 1
            self.context = f"{self.name}-{self.context_count}"
            self.lines, self.results = [], {}
            self.parameters, self.failure = parameters, None
            self.kept = dict(self.state), set(self.ports)
            return self.context

    def end(self, is_good):
        with self.lock:
            self.context = None
            if not is_good:
                self.state, self.ports = self.kept

    def run(self, context, name, words, directory, given):
        """(exit code, standard output, standard error) of a tool."""
        with self.lock:
            if context != self.context:
                return 1, "", f"ERROR bad request: wrong context ID; got {quote(context)}\n"
            try:
                call = Call(name, words, directory, given)
                if call.is_set("help"):
                    return 0, f"Usage: {name} [options]\n", ""
                return 0, getattr(self, "tool_" + name.replace("-", "_"))(call) or "", call.errors
            except ToolError as error:
                return error.exit_code, "", f"ERROR {error}\n"
            except OSError as error:
                return 1, "", f"ERROR open {error.filename}: {(error.strerror or str(error)).lower()}\n"
            except (ValueError, RecursionError) as error:
                return 1, "", f"ERROR {error}\n"

    # --- log, status, configuration ---

    @staticmethod
    def warn_of_format(call):
        if call.is_set("format"):
            call.errors = f"--format flag deprecated for command {quote(call.name)}"

    def tool_juju_log(self, call):
        if not call.arguments:
            raise ToolError("no message specified", is_usage=True)
        self.warn_of_format(call)
        given = call.flags.get("log-level", "INFO")
        level = "DEBUG" if call.is_set("debug") else LEVELS.get(given.upper() or "INFO", given)
        if level not in (*LEVELS.values(), None):
            self.lines.append(f"log WARNING: Specified log level of {quote(given)} is not valid")
            level = "INFO"
        if level is not None:
            self.lines.append(f"log {level}: {' '.join(call.arguments)}")

    def tool_status_set(self, call):
        if not call.arguments:
            raise ToolError("invalid args, require <status> [message]", is_usage=True)
        if call.arguments[0] not in STATUSES:
            raise ToolError(f"invalid status {quote(call.arguments[0])}, expected one of [{' '.join(STATUSES)}]",
                            is_usage=True)
        call.no_more(2)
        status = (call.arguments[0], call.arguments[1] if len(call.arguments) > 1 else "")
        if not call.is_set("application"):
            self.status = status
        elif not self.is_leader:
            raise ToolError("this unit is not the leader")
        else:
            self.app_status = status

    @staticmethod
    def details(status, call):
        if not call.is_set("include-data"):
            return {"status": status[0]}
        return {"message": status[1], "status": status[0], "status-data": {}}

    def tool_status_get(self, call):
        call.no_more(0)
        is_short = call.flags.get("format", "smart") == "smart" and not call.is_set("include-data")
        if not call.is_set("application"):
            return call.output(self.status[0] if is_short else self.details(self.status, call))
        if not self.is_leader:
            raise ToolError("finding application status: this unit is not the leader")
        if is_short:
            return call.output(self.app_status[0])
        units = {self.name: self.details(self.status, call)}
        return call.output({"application-status": {**self.details(self.app_status, call), "units": units}})

    def tool_config_get(self, call):
        key = call.arguments[0] if call.arguments else ""
        if key and call.is_set("all"):
            raise ToolError(f"cannot use argument --all together with key {quote(key)}", is_usage=True)
        call.no_more(1)
        if key:
            return call.output(self.config.get(key))
        return call.output({name: value for name, value in self.config.items() if call.is_set("all") or value is not None})

    def tool_is_leader(self, call):
        call.no_more(0)
        return call.output(self.is_leader)

    def tool_application_version_set(self, call):
        self.version = call.one("no version specified")

    # --- state ---

    def tool_state_get(self, call):
        call.no_more(1)
        key = call.arguments[0] if call.arguments else ""
        if key in ("", "-"):
            return call.output(dict(self.state))
        if call.is_set("strict") and key not in self.state:
            raise ToolError(f"{quote(key)} not found")
        return call.output(self.state.get(key, ""))

    def tool_state_set(self, call):
        own = juju_flags.key_values(call.arguments)
        values = {}
        if call.is_set("file"):
            try:
                text = call.read_file(call.flags["file"]).decode()
            except UnicodeDecodeError:
                raise ToolError("yaml: invalid UTF-8") from None
            values = juju_yaml.parse(text, "yaml", is_text_only=True) or {}
            if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
                raise ToolError("yaml: it must be a map of strings")
        values.update(own)
        for key, value in values.items():
            for what, text, limit in (("key", key, KEY_LIMIT_BYTES), ("value", value, VALUE_LIMIT_BYTES)):
                if len(text.encode("utf-8", "surrogateescape")) > limit:
                    raise ToolError(f"max allowed {what} length ({limit}) exceeded")
        self.state.update(values)

    def tool_state_delete(self, call):
        call.no_more(1)
        self.state.pop(call.arguments[0] if call.arguments else "", None)

    # --- ports ---

    def change_ports(self, call, is_opened):
        port = juju_flags.parse_port(call.one("no port or range specified"))
        self.warn_of_format(call)
        if self.has_containers and port.begin != port.end:
            raise ToolError("port ranges are not supported for k8s applications, please specify a single port")
        for endpoint in call.flags.get("endpoints", "").split(","):
            entry = (port, endpoint.strip())
            clash = next((other for other, _ in sorted(self.ports) if port.clashes_with(other)), None)
            if clash is not None:
                raise ToolError(f"cannot {'open' if is_opened else 'close'} {port} (unit {quote(self.name)}): port range "
                                f"conflicts with {clash} (unit {quote(self.name)})")
            (self.ports.add if is_opened else self.ports.discard)(entry)

    def tool_open_port(self, call):
        self.change_ports(call, True)

    def tool_close_port(self, call):
        self.change_ports(call, False)

    def port_names(self, has_endpoints=False):
        names = []
        for port in sorted({port for port, _ in self.ports}):
            endpoints = sorted(endpoint for other, endpoint in self.ports if other == port)
            names.append(f"{port} ({'*' if '' in endpoints else ', '.join(endpoints)})" if has_endpoints else str(port))
        return names

    def tool_opened_ports(self, call):
        call.no_more(0)
        return call.output(self.port_names(call.is_set("endpoints")))

    # --- actions ---

    def check_action(self):
        if self.parameters is None:
            raise ToolError("not running an action")

    def tool_action_get(self, call):
        call.no_more(1)
        self.check_action()
        value = self.parameters
        for key in call.arguments[0].split(".") if call.arguments else []:
            value = value.get(key) if isinstance(value, dict) else None
        return call.output(value)

    def tool_action_set(self, call):
        pairs = []
        for argument in call.arguments:
            key, equals, value = argument.partition("=")
            if not equals:
                raise ToolError(f"argument {quote(argument)} must be of the form key...=value", is_usage=True)
            for part in key.split("."):
                if not RESULT_KEY.fullmatch(part):
                    raise ToolError(f"key {quote(part)} must start and end with lowercase alphanumeric, and contain only "
                                    "lowercase alphanumeric, hyphens and periods", is_usage=True)
                if part in RESERVED_RESULTS:
                    raise ToolError(f"cannot set reserved action key {quote(part)}", is_usage=True)
            pairs.append((key, value))
        self.check_action()
        for key, value in pairs:  # a value takes the place of a map, and a map that of a value
            self.results = {other: text for other, text in self.results.items()
                            if not other.startswith(key + ".") and not key.startswith(other + ".")}
            self.results[key] = value

    def tool_action_fail(self, call):
        call.no_more(1)
        self.check_action()
        self.failure = call.arguments[0] if call.arguments else "action failed without reason given, check action for errors"

    def tool_action_log(self, call):
        if not call.arguments:
            raise ToolError("no message specified", is_usage=True)
        self.check_action()
        self.lines.append(f"action log: {' '.join(call.arguments)}")
