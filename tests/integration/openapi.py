# SPDX-License-Identifier: GPL-3.0-or-later
"""The description of the API, docs/reference/openapi.yaml, compared with what the daemon answers.

observe() is called for each exchange of the tests. It raises Mismatch if the description does not have the path, the
method, the status, a header or a member of the response. What is seen is written to the file that the variable
PEBBLE_API_SEEN names, so that run.py can tell what the description has and no test has seen.
"""

import datetime
import json
import os
import re
import sys
import urllib.parse

TOP = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
PATH = os.path.join(TOP, "docs", "reference", "openapi.yaml")
UNSEEN_PATH = os.path.join(TOP, "tests", "integration", "openapi-unseen.txt")
SEEN_VARIABLE = "PEBBLE_API_SEEN"
PARAMETER_BYTES = 256  # segments of paths that are longer have no route
ITEMS_MAX = 100  # of a list are checked; then the last one
KEYWORDS = {"$ref", "type", "enum", "const", "required", "properties", "additionalProperties", "unevaluatedProperties",
            "items", "minItems", "maxItems", "minimum", "maximum", "minLength", "maxLength", "pattern", "format", "allOf",
            "oneOf", "not", "propertyNames", "contentMediaType", "description", "example", "default"}
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None), "integer": int,
         "number": (int, float)}

sys.path.insert(0, os.path.join(TOP, "tools"))
import juju_yaml  # noqa: E402  (of tools/)


class Mismatch(AssertionError):
    """An answer is not as described, or the description is wrong."""


def is_of_type(value, name):
    return isinstance(value, TYPES[name]) and not (name in ("integer", "number") and isinstance(value, bool))


def is_same(value, other):
    """As in JSON: true is not 1."""
    return value == other and isinstance(value, bool) == isinstance(other, bool)


def is_date_time(text):
    """RFC 3339. Python reads six digits behind the point."""
    match = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)", text)
    try:
        return match is not None and datetime.datetime.fromisoformat(match[1] + match[3].replace("Z", "+00:00")) is not None
    except ValueError:
        return False


class Schemas:
    """Checks values by schemas: the part of JSON Schema 2020-12 that the description uses. `on_seen`, if given, is
    called with a schema and a property, or with a schema of an enumeration and its value."""

    def __init__(self, document, on_seen=None):
        self.document = document
        self.on_seen = on_seen or (lambda schema, what: None)

    def resolve(self, node):
        """What a reference refers to; otherwise the node itself."""
        while isinstance(node, dict) and "$ref" in node:
            node = self.follow(node["$ref"])
        return node

    def follow(self, reference):
        node = self.document
        for name in reference.removeprefix("#/").split("/"):
            try:
                node = node[name.replace("~1", "/").replace("~0", "~")]
            except (KeyError, TypeError):
                raise Mismatch(f"{reference} refers to nothing") from None
        return node

    def check(self, value, schema, where="value"):
        """Mismatch if the value does not fit; returns the names of the properties that the schema knows."""
        def fail(text):
            raise Mismatch(f"{where}: {text}, but it is {json.dumps(value)[:200]}")

        known = self.check(value, self.follow(schema["$ref"]), where) if "$ref" in schema else set()
        for part in schema.get("allOf", ()):
            known |= self.check(value, part, where)
        if "not" in schema and self.fits(value, schema["not"]):
            fail(f"must not be as {schema['not']}")
        if "oneOf" in schema and sum(self.fits(value, one) for one in schema["oneOf"]) != 1:
            fail(f"must be as exactly one of {schema['oneOf']}")
        types = schema.get("type", list(TYPES))
        if not any(is_of_type(value, name) for name in ([types] if isinstance(types, str) else types)):
            fail(f"must be of type {types}")
        if "const" in schema and not is_same(value, schema["const"]):
            fail(f"must be {schema['const']!r}")
        if "enum" in schema:
            if not any(is_same(value, one) for one in schema["enum"]):
                fail(f"must be one of {schema['enum']}")
            self.on_seen(schema, value)
        if isinstance(value, str):
            self.check_text(value, schema, fail)
        elif is_of_type(value, "number"):
            if not schema.get("minimum", value) <= value <= schema.get("maximum", value):
                fail(f"must be from {schema.get('minimum')} to {schema.get('maximum')}")
        elif isinstance(value, list):
            self.check_items(value, schema, where, fail)
        elif isinstance(value, dict):
            known |= self.check_members(value, schema, where, fail)
            if schema.get("unevaluatedProperties") is False and set(value) - known:
                fail(f"must not have {sorted(set(value) - known)}")
        return known

    def fits(self, value, schema):
        try:
            self.check(value, schema)
        except Mismatch:
            return False
        return True

    @staticmethod
    def check_text(value, schema, fail):
        if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
            fail("has the wrong length")
        if "pattern" in schema and not re.search(schema["pattern"], value):
            fail(f"must match {schema['pattern']}")
        if schema.get("format") == "date-time" and not is_date_time(value):
            fail("must be a time of RFC 3339")

    def check_items(self, value, schema, where, fail):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            fail("has the wrong number of items")
        if "items" in schema:
            for i, item in enumerate(value[:ITEMS_MAX] + value[ITEMS_MAX:][-1:]):
                self.check(item, schema["items"], f"{where}[{i}]")

    def check_members(self, value, schema, where, fail):
        missing = [name for name in schema.get("required", ()) if name not in value]
        if missing:
            fail(f"must have {missing}")
        properties, others = schema.get("properties", {}), schema.get("additionalProperties")
        known = set(value) & set(properties)
        for name, member in value.items():
            self.check(name, schema.get("propertyNames", {}), f"the name {name!r} in {where}")
            if name in properties:
                self.on_seen(schema, name)
                self.check(member, properties[name], f"{where}.{name}")
            elif others is False:
                fail(f"must not have {name!r}")
            elif isinstance(others, dict):
                self.check(member, others, f"{where}.{name}")
        return set(value) if others is not None else known


def schemas_below(schema, name):
    """The schema and those inside of it, each with a name; without what references refer to."""
    yield schema, name
    for key in ("properties", "patternProperties"):
        for member, below in schema.get(key, {}).items():
            yield from schemas_below(below, f"{name}.{member}")
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from schemas_below(schema[key], name if key == "items" else f"{name}.*")
    for below in schema.get("allOf", ()):
        yield from schemas_below(below, name)


class Description:
    """The description of the API."""

    def __init__(self, document):
        self.document = document
        self.names = {}  # of schemas, by id()
        self.seen = set()
        self.schemas = Schemas(document, self.on_seen)
        self.routes = {}  # by the number of segments: (segments, path)
        for path in document["paths"]:
            segments = path.split("/")
            self.routes.setdefault(len(segments), []).append((segments, path))

    @classmethod
    def load(cls, path=PATH):
        with open(path, encoding="utf-8") as file:
            description = cls(juju_yaml.parse(file.read(), os.path.basename(path)))
        description.name_schemas()
        return description

    # --- parts ---

    def find_path(self, path):
        """The path of the description that a path of a request has; None: there is none."""
        given = path.split("/")
        for segments, found in self.routes.get(len(given), ()):
            if all(one == other or (one[:1] == "{" and 0 < len(other.encode()) < PARAMETER_BYTES)
                   for one, other in zip(segments, given)):
                return found
        return None

    def operations(self):
        """(method, path, operation), in upper case the method."""
        for path, item in self.document["paths"].items():
            for method in ("get", "post", "put", "delete"):
                if method in item:
                    yield method.upper(), path, item[method]

    def responses(self):
        """(where, response): of the operations, "GET /v1/plan 200", and of any request, "any request 404"."""
        for method, path, operation in self.operations():
            for status, response in operation["responses"].items():
                yield f"{method} {path} {status}", self.schemas.resolve(response)
        for status, response in self.document["x-any-request"].items():
            yield f"any request {status}", self.schemas.resolve(response)

    def parameters(self, path, operation):
        return [self.schemas.resolve(one) for one in self.document["paths"][path].get("parameters", []) + operation.get("parameters", [])]

    def name_schemas(self):
        for name, schema in self.document["components"]["schemas"].items():
            for below, below_name in schemas_below(schema, name):
                self.names[id(below)] = below_name
        for where, response in self.responses():
            for content in response.get("content", {}).values():
                for below, name in schemas_below(content["schema"], where):
                    self.names.setdefault(id(below), name)

    def expected(self):
        """All that could be seen: statuses, query parameters, and members and enumerated values of responses."""
        waiting = []
        for method, path, operation in self.operations():
            for parameter in self.parameters(path, operation):
                if parameter["in"] == "query":
                    yield f"{method} {path}?{parameter['name']}"
        for where, response in self.responses():
            yield where
            waiting += [content["schema"] for content in response.get("content", {}).values()]
        done = set()
        while waiting:
            schema = waiting.pop()
            if id(schema) in done:
                continue
            done.add(id(schema))
            for below, name in schemas_below(schema, ""):
                name = self.names[id(below)]
                yield from (f"{name}.{member}" for member in below.get("properties", ()))
                yield from (f"{name}={value}" for value in below.get("enum", ()))
                if "$ref" in below:
                    waiting.append(self.schemas.follow(below["$ref"]))

    # --- what is seen ---

    def on_seen(self, schema, what):
        name = self.names.get(id(schema))
        if name is not None:
            self.note(f"{name}={what}" if "enum" in schema else f"{name}.{what}")

    def note(self, item):
        if item in self.seen:
            return
        self.seen.add(item)
        if os.environ.get(SEEN_VARIABLE):
            with open(os.environ[SEEN_VARIABLE], "a", encoding="utf-8") as file:
                file.write(item + "\n")

    # --- an exchange ---

    def find_response(self, method, path, answer):
        """(where, response) of an answer, by its request."""
        found, status = self.find_path(path), str(answer.status)
        operation = self.document["paths"][found].get(method.lower()) if found else None
        if operation is None or answer.status == 301:
            where, responses = "any request", self.document["x-any-request"]
            due = {"301"} if answer.status == 301 else {"404"} if found is None else {"405"}
        else:
            where, responses = f"{method} {found}", operation["responses"]
            due = set(responses)
        if status not in due or status not in responses:
            raise Mismatch(f"{method} {path}: the status {status} is not described: {answer!r}")
        return f"{where} {status}", self.schemas.resolve(responses[status])

    def observe(self, method, target, answer):
        """Checks an answer: status, headers (a dict, names in lower case), body."""
        if "://" in target:
            return
        path, _, query = target.partition("?")
        path = urllib.parse.unquote(path)
        where, response = self.find_response(method, path, answer)
        for name, header in response.get("headers", {}).items():
            if name.lower() in answer.headers:
                self.schemas.check(answer.headers[name.lower()], header["schema"], f"{where}: {name}")
            elif header.get("required"):
                raise Mismatch(f"{where}: the header {name} is missing: {answer.headers}")
        self.check_body(method, where, response.get("content", {}), answer)
        self.note(where)
        found = self.find_path(path)
        for name in urllib.parse.parse_qs(query, keep_blank_values=True) if answer.status < 300 else ():
            self.note(f"{method} {found}?{name}")

    def check_body(self, method, where, contents, answer):
        media_type = answer.headers.get("content-type", "").partition(";")[0]
        if not contents or method == "HEAD":
            if answer.body:
                raise Mismatch(f"{where}: there must be no body: {answer!r}")
        elif media_type not in contents:
            raise Mismatch(f"{where}: the content type {media_type!r} is not described: {answer!r}")
        elif media_type == "application/json":
            self.check_json(where, contents[media_type]["schema"], answer.body, answer.status)
        elif media_type == "application/x-ndjson":
            lines = answer.body.splitlines()
            for line in lines[:ITEMS_MAX] + lines[ITEMS_MAX:][-1:]:
                self.schemas.check(json.loads(line), contents[media_type]["schema"], where)
        elif media_type == "multipart/form-data":
            self.check_parts(where, contents[media_type]["schema"], answer)

    def check_json(self, where, schema, body, status):
        try:
            value = json.loads(body)
        except ValueError:
            raise Mismatch(f"{where}: the body is no JSON: {body[:200]!r}") from None
        self.schemas.check(value, schema, where)
        if value["status-code"] != status:
            raise Mismatch(f"{where}: status-code differs from the status: {body[:200]!r}")

    def check_parts(self, where, schema, answer):
        boundary = re.search("boundary=([0-9a-f]+)", answer.headers["content-type"])[1].encode()
        *files, response, end = answer.body.split(b"--" + boundary)
        head, _, body = response.partition(b"\r\n\r\n")
        if end != b"--\r\n" or b'name="response"' not in head:
            raise Mismatch(f"{where}: the last part is not the response: {answer.body[-500:]!r}")
        if any(b'name="files"; filename=' not in file for file in files[1:]):
            raise Mismatch(f"{where}: a part has another name: {answer.body[:500]!r}")
        parts = {"files": [""] * len(files[1:]), "response": json.loads(body)}
        self.schemas.check(parts if files[1:] else {"response": parts["response"]}, schema, where)


# --- what no test has seen ---


def read_unseen():
    """The items of the list of what tests cannot show, with the reasons."""
    with open(UNSEEN_PATH, encoding="utf-8") as file:
        lines = [line.rstrip("\n") for line in file if line.strip() and line[0] != "#"]
    return dict(re.split(r"  +", line, maxsplit=1) for line in lines)


def coverage(path):
    """(number of items, those that were neither seen nor are in the list, those of the list that were seen)."""
    with open(path, encoding="utf-8") as file:
        seen = set(file.read().split("\n"))
    expected = set(DESCRIPTION.expected())
    excused = set(read_unseen())
    return len(expected), sorted(expected - seen - excused), sorted(excused & seen)


DESCRIPTION = Description.load()
