# SPDX-License-Identifier: GPL-3.0-or-later
"""What the files of a charm say: its name, containers, options and actions."""

import copy
import os
import re

import juju_yaml


class Failure(Exception):
    """Something cannot be done; the message is for the user."""


def is_of_kind(value, kind):
    """Whether a value has a type of config.yaml or of JSON Schema; those that are not known are not checked."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    known = {"string": isinstance(value, str), "secret": isinstance(value, str), "boolean": isinstance(value, bool),
             "int": is_number and isinstance(value, int), "integer": is_number and value % 1 == 0, "float": is_number,
             "number": is_number, "array": isinstance(value, list), "object": isinstance(value, dict)}
    return known.get(kind, True) if isinstance(kind, str) else True


def insert_defaults(values, properties):
    """Adds the defaults of a schema, also in objects, as Juju does for the parameters of an action."""
    for key, schema in properties.items():
        schema = schema if isinstance(schema, dict) else {}
        inner = schema.get("properties")
        if key not in values and "default" in schema:
            values[key] = copy.deepcopy(schema["default"])
        elif isinstance(inner, dict) and isinstance(values.get(key, {}), dict):
            filled = insert_defaults(values.get(key, {}), inner)
            if filled or key in values:
                values[key] = filled
    return values


class Charm:
    """What charmcraft.yaml (or metadata.yaml, config.yaml and actions.yaml) says."""

    def __init__(self, directory):
        self.directory = os.path.realpath(directory)
        self.shown = directory
        whole, meta, config, actions = (self.read(name) for name in
                                        ("charmcraft.yaml", "metadata.yaml", "config.yaml", "actions.yaml"))
        if not os.path.isdir(directory):
            raise Failure(f"{directory}: there is no such directory")
        self.name = whole.get("name") or meta.get("name")
        if not self.name:
            self.fail_name()
        self.check_dispatch()
        self.containers = list(self.section(whole if "containers" in whole else meta, "containers"))
        for name in (self.name, *self.containers):
            if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name):
                raise Failure(f"{directory}: {name!r} is no name of a charm or container")
        self.options = self.maps(self.section(self.section(whole, "config") or config, "options"), "option")
        self.actions = self.maps(self.section(whole, "actions") or actions, "action")
        for name, action in self.actions.items():
            self.section(action, "params", f"action {name}: params")
            if not isinstance(action.get("required") or [], list):
                raise Failure(f"{directory}: action {name}: required must be a sequence")
        self.defaults()

    def fail_name(self):
        there = [name for name in ("charmcraft.yaml", "metadata.yaml") if os.path.exists(os.path.join(self.directory, name))]
        if there:
            raise Failure(f"{self.shown}: there is no name in {' or '.join(there)}")
        raise Failure(f"{self.shown}: it is no charm: there is neither charmcraft.yaml nor metadata.yaml")

    def check_dispatch(self):
        path = os.path.join(self.directory, "dispatch")
        if not os.path.exists(path):
            raise Failure(f"{self.shown}: there is no program 'dispatch'")
        if not os.access(path, os.X_OK):
            raise Failure(f"{self.shown}: 'dispatch' is not executable: chmod +x it")

    def read(self, name):
        path = os.path.join(self.shown, name)
        try:
            with open(path, encoding="utf-8") as file:
                value = juju_yaml.parse(file.read(), path)
        except FileNotFoundError:
            return {}
        except juju_yaml.YamlError as error:
            raise Failure(str(error)) from None
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            raise Failure(f"{path}:{line}: it is not UTF-8") from None
        except OSError as error:
            raise Failure(f"cannot read {path}: {error.strerror}") from None
        if value is not None and not isinstance(value, dict):
            raise Failure(f"{path}: it must be a mapping")
        return value or {}

    def section(self, mapping, key, title=None):
        value = mapping.get(key)
        if value is not None and not isinstance(value, dict):
            raise Failure(f"{self.shown}: {title or key} must be a mapping")
        return value or {}

    def maps(self, mapping, title):
        """A mapping of names to mappings."""
        return {name: self.section(mapping, name, f"{title} {name}") for name in mapping}

    # --- options ---

    def defaults(self):
        """The value of each option, None if it has no default."""
        values = {}
        for key, option in self.options.items():
            value, kind = option.get("default"), option.get("type", "string")
            if not isinstance(kind, str):
                raise Failure(f"{self.shown}: the type of option {key} must be a string")
            if value is not None and not is_of_kind(value, kind):
                raise Failure(f"{self.shown}: the default of option {key} is not of the type {kind}")
            values[key] = value
        return values

    def option(self, text):
        """("KEY", value) of "KEY=VALUE", with the type of the option."""
        key, equals, value = text.partition("=")
        if not equals or key not in self.options:
            if not self.options:
                raise Failure(f"cannot set option {text!r}: the charm has no options")
            raise Failure(f"cannot set option {text!r}: must be KEY=VALUE with one of: {', '.join(self.options)}")
        kind = self.options[key].get("type", "string")
        try:
            if kind == "boolean":
                return key, {"true": True, "false": False}[value.lower()]
            if kind == "int" and not re.fullmatch(r"[+-]?[0-9]+", value):
                raise ValueError
            return key, {"int": int, "float": float}.get(kind, str)(value)
        except (KeyError, ValueError):
            raise Failure(f"cannot set option {key} to {value!r}: it is of the type {kind}") from None

    # --- actions ---

    def parameters(self, name, text):
        """Those of "KEY=VALUE,...", and the defaults of the others."""
        if name not in self.actions:
            raise Failure(f"there is no action {name!r}; there are: {', '.join(self.actions) or 'none'}")
        action = self.actions[name]
        schemas = action.get("params") or {}
        values = {}
        for pair in filter(None, text.split(",")):
            key, equals, value = pair.partition("=")
            if not equals:
                raise Failure(f"cannot run action {name}: {pair!r} must be KEY=VALUE")
            schema = schemas.get(key) if isinstance(schemas.get(key), dict) else {}
            kind = schema.get("type", "string")
            try:
                values[key] = value if kind == "string" else juju_yaml.parse(value, key)
            except juju_yaml.YamlError as error:
                raise Failure(f"cannot run action {name}: {error}") from None
            if not is_of_kind(values[key], kind):
                raise Failure(f"cannot run action {name}: {key} must be of the type {kind}, not {value!r}")
        insert_defaults(values, schemas)
        for key in action.get("required") or []:
            if key not in list(values):
                raise Failure(f"cannot run action {name}: it needs the parameter {key}")
        return values
