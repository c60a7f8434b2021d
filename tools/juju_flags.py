# SPDX-License-Identifier: GPL-3.0-or-later
"""The options and arguments of Juju's hook tools, and the formats of what they print."""

import dataclasses
import json
import re

import juju_yaml

# The option that a name stands for, and whether it has a value.
OUTPUT = {"format": ("format", True), "o": ("output", True), "output": ("output", True)}
FORMAT = {"format": ("format", True)}
PORT = {**FORMAT, "endpoints": ("endpoints", True)}
FLAGS = {
    "action-fail": {}, "action-get": OUTPUT, "action-log": {}, "action-set": {}, "application-version-set": {},
    "close-port": PORT, "open-port": PORT,
    "config-get": {**OUTPUT, "a": ("all", False), "all": ("all", False)},
    "is-leader": OUTPUT,
    "juju-log": {**FORMAT, "debug": ("debug", False), "l": ("log-level", True), "log-level": ("log-level", True)},
    "opened-ports": {**OUTPUT, "endpoints": ("endpoints", False)},
    "state-delete": {},
    "state-get": {**OUTPUT, "strict": ("strict", False)},
    "state-set": {"file": ("file", True)},
    "status-get": {**OUTPUT, "include-data": ("include-data", False), "application": ("application", False)},
    "status-set": {"application": ("application", False)},
}
TRUTHS = {**dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), True),
          **dict.fromkeys(("0", "f", "F", "FALSE", "false", "False"), False)}


class ToolError(Exception):
    """An error of a tool: exit code 2 for its words, 1 for what it does."""

    def __init__(self, message, is_usage=False):
        super().__init__(message)
        self.exit_code = 2 if is_usage else 1


class NeedsInput(Exception):
    """The tool has to read its standard input first."""


def quote(text):
    return json.dumps(text, ensure_ascii=False)


def show_flag(name):
    return f"--{name}" if len(name) > 1 else f"-{name}"


def flag_value(name, value, has_value):
    if has_value:
        if name == "format" and value not in ("smart", "yaml", "json"):
            raise ToolError(f"invalid value {quote(value)} for option --format: unknown format {quote(value)}", is_usage=True)
        return value
    if value not in TRUTHS:
        raise ToolError(f"invalid value {quote(value)} for option {show_flag(name)}: strconv.ParseBool: parsing "
                        f"{quote(value)}: invalid syntax", is_usage=True)
    return TRUTHS[value]


def take_flag(word, rest, known, flags):
    """Reads the options of a word: "--name", "--name=value", "-n", "-nvalue", or several of one letter."""
    is_long = word.startswith("--")
    name, text = (word[2:].partition("=")[0], word[2:]) if is_long else (word[1], word[1:])
    left = text[len(name):]
    if is_long and not name:
        raise ToolError(f"empty option in argument {quote(word)}", is_usage=True)
    while name:
        if name not in known:
            if name in ("help", "h"):
                flags["help"] = True
                return
            raise ToolError(f"option provided but not defined: {show_flag(name)}", is_usage=True)
        target, has_value = known[name]
        if not has_value and not left.startswith("="):
            flags[target], name, left = True, left[:1], left[1:]
            continue
        if not left and not rest:
            raise ToolError(f"option needs an argument: {show_flag(name)}", is_usage=True)
        value = left[1:] if left and is_long else left or rest.pop(0)
        flags[target] = value if target == "format" and "o" not in known else flag_value(name, value, has_value)
        return


def split(words, known):
    """(arguments, {option: value}); options may be anywhere in front of "--"."""
    arguments, flags, rest = [], {}, list(words)
    while rest:
        word = rest.pop(0)
        if word == "--":
            return arguments + rest, flags
        if not word.startswith("-") or word == "-":
            arguments.append(word)
        else:
            take_flag(word, rest, known, flags)
    return arguments, flags


def key_values(arguments):
    """The pairs of "key=value" words, without the blanks around."""
    values = {}
    for argument in filter(None, arguments):
        key, equals, value = argument.partition("=")
        key, value = key.strip(), value.strip()
        if not equals:
            raise ToolError(f'expected "key=value", got {quote(argument)}', is_usage=True)
        if not key:
            raise ToolError(f'expected "key=value", got "{key}={value}"', is_usage=True)
        if key in values:
            raise ToolError(f"key {quote(key)} specified more than once", is_usage=True)
        values[key] = value
    return values


def format_value(value, kind):
    """The text that a tool prints for a value."""
    if kind == "json":
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")) + "\n"
        return text.translate({ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"})
    if value is None:
        return ""
    if kind == "smart" and isinstance(value, list) and all(isinstance(item, str) for item in value):
        value = "\n".join(value)
    if kind == "smart" and isinstance(value, str):
        return value + "\n" if value else ""
    if kind == "smart" and isinstance(value, bool):
        return f"{value}\n"
    return juju_yaml.write(value)


# --- ports ---


@dataclasses.dataclass(frozen=True, order=True)
class Port:
    """A range of ports; -1 with icmp."""

    protocol: str
    begin: int
    end: int

    def __str__(self):
        if self.protocol == "icmp":
            return "icmp"
        numbers = str(self.begin) if self.begin == self.end else f"{self.begin}-{self.end}"
        return f"{numbers}/{self.protocol}"

    def clashes_with(self, other):
        """Whether they overlap and are not the same."""
        return self != other and self.protocol == other.protocol and self.begin <= other.end and other.begin <= self.end


def parse_number(text):
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", text, re.A):
        raise ToolError(f"invalid port {quote(text)}: strconv.Atoi: parsing {quote(text)}: invalid syntax", is_usage=True)
    return int(text)


def parse_port(word):
    """Of "PORT[/PROTOCOL]", "FROM-TO[/PROTOCOL]" or "icmp"."""
    numbers, slash, protocol = word.lower().partition("/")
    protocol = protocol if slash else "tcp"
    parts = numbers.split("-")
    if len(parts) > 2:
        raise ToolError(f"invalid port range {quote(numbers)}", is_usage=True)
    if numbers == "icmp":
        return Port("icmp", -1, -1)
    port = Port(protocol, parse_number(parts[0]), parse_number(parts[-1]))
    if protocol not in ("tcp", "udp", "icmp"):
        raise ToolError(f'invalid protocol {quote(protocol)}, expected "tcp", "udp", or "icmp"', is_usage=True)
    if protocol == "icmp":
        raise ToolError(f'protocol "icmp" doesn\'t support any ports; got "{port.begin}"', is_usage=True)
    if port.begin > port.end:
        raise ToolError(f"invalid port range {port}", is_usage=True)
    if port.end > 65535 or port.begin < 0:
        raise ToolError(f"port range bounds must be between 0 and 65535, got {port.begin}-{port.end}", is_usage=True)
    return port
