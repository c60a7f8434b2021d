# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/reference/openapi.yaml by itself and against the routes of src/api, and the reader of tests/integration/openapi.py:
each keyword is shown to fail."""

import glob
import os
import re
import sys
import types
import unittest

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(TOP, "tests", "integration"))
import openapi  # noqa: E402  (of tests/integration/)

ACCESS = {"FOR_ALL": "open", "FOR_METRICS": "metrics", "FOR_READERS": "read", "FOR_ADMINS": "admin", "FOR_PAIRING": "pairing"}
DOCUMENT = openapi.DESCRIPTION.document
HEALTHY = b'{"type": "sync", "status-code": 200, "status": "OK", "result": {"healthy": true}}'
TIME = "2026-11-28T03:35:53Z"


def answer(status, body=b"", **headers):
    headers.setdefault("content_type", "application/json")
    return types.SimpleNamespace(status=status, body=body, headers={n.replace("_", "-"): v for n, v in headers.items()})


class SchemasTest(unittest.TestCase):
    """The keywords, one by one."""

    def check(self, schema, value):
        openapi.Schemas({"a": {"b": {"type": "string"}}}).check(value, schema)

    def test_keywords(self):
        for schema, good, bad in (
                ({"type": "string"}, ["", "x"], [1, None, [], {}, True]),
                ({"type": "integer"}, [0, -1], [True, 1.5, "1"]),
                ({"type": "boolean"}, [True, False], [0, "true"]),
                ({"type": "null"}, [None], [0, ""]),
                ({"type": "array"}, [[]], [{}]),
                ({"type": "object"}, [{}], [[]]),
                ({"type": ["integer", "null"]}, [1, None], ["1"]),
                ({"const": 1}, [1], [True, 2, "1"]),
                ({"const": True}, [True], [1]),
                ({"enum": ["a", 1]}, ["a", 1], ["b", True, None]),
                ({"minimum": 1, "maximum": 3}, [1, 3], [0, 4]),
                ({"minLength": 1, "maxLength": 3}, ["a", "abc"], ["", "abcd"]),
                ({"pattern": "^a+$"}, ["aa"], ["b", ""]),
                ({"format": "date-time"}, [TIME, "2026-11-28T03:35:53.123456789+02:00"],
                 ["2026-11-28", "2026-11-28T03:35:53", "2026-13-28T03:35:53Z", "x"]),
                ({"minItems": 1, "maxItems": 2}, [[1], [1, 2]], [[], [1, 2, 3]]),
                ({"items": {"type": "string"}}, [[], ["a"]], [[1], ["a", 1]]),
                ({"required": ["a"]}, [{"a": 1}], [{}, {"b": 1}]),
                ({"properties": {"a": {"type": "string"}}}, [{}, {"a": "x"}, {"b": 1}], [{"a": 1}]),
                ({"properties": {"a": {}}, "additionalProperties": False}, [{}, {"a": 1}], [{"b": 1}]),
                ({"additionalProperties": {"type": "string"}}, [{}, {"a": "x"}], [{"a": 1}]),
                ({"allOf": [{"type": "string"}, {"minLength": 1}]}, ["a"], ["", 1]),
                ({"allOf": [{"properties": {"a": {}}}, {"properties": {"b": {}}}], "unevaluatedProperties": False},
                 [{"a": 1, "b": 2}], [{"c": 1}]),
                ({"type": "number"}, [1, 1.5], [True, "1"]),
                ({"minimum": 1.5}, [1.5, 2], [1]),
                ({"not": {"type": "string"}}, [1], ["x"]),
                ({"oneOf": [{"minimum": 1}, {"minimum": 3}]}, [1, 2], [0, 3]),
                ({"propertyNames": {"minLength": 1}}, [{}, {"a": 1}], [{"": 1}]),
                ({"$ref": "#/a/b"}, ["x"], [1]),
                ({"$ref": "#/a/b", "minLength": 1}, ["x"], [1, ""])):
            for value in good:
                with self.subTest(schema=schema, good=value):
                    self.check(schema, value)
            for value in bad:
                with self.subTest(schema=schema, bad=value), self.assertRaises(openapi.Mismatch):
                    self.check(schema, value)

    def test_long_lists(self):
        """The first items and the last one are checked."""
        with self.assertRaises(openapi.Mismatch):
            self.check({"items": {"type": "string"}}, ["x"] * 1000 + [1])

    def test_a_reference_to_nothing(self):
        with self.assertRaises(openapi.Mismatch):
            self.check({"$ref": "#/a/c"}, "x")

    def test_messages_name_the_place(self):
        with self.assertRaisesRegex(openapi.Mismatch, r"value\.a\[1\]: must be of type string, but it is 5"):
            self.check({"properties": {"a": {"items": {"type": "string"}}}}, {"a": ["x", 5]})


class ObserveTest(unittest.TestCase):
    """Exchanges that the description does not have."""

    def setUp(self):
        self.description = openapi.Description.load()

    def refuse(self, words, method, target, response):
        with self.assertRaisesRegex(openapi.Mismatch, words):
            self.description.observe(method, target, response)

    def test_good(self):
        self.description.observe("GET", "/v1/health?level=alive", answer(200, HEALTHY))
        self.assertLess({"GET /v1/health 200", "GET /v1/health?level", "Health.healthy"}, self.description.seen)
        self.description.observe("GET", "/v1//x", answer(301, location="/v1/x", content_type=""))

    def test_bad(self):
        good = HEALTHY
        error = b'{"type": "error", "status-code": 404, "status": "Not Found", "result": {"message": "x"}}'
        self.refuse("status 404 is not described", "GET", "/v1/health", answer(404, error))
        self.refuse("status 200 is not described", "GET", "/v1/nothing", answer(200, good))
        self.refuse("status 404 is not described", "PUT", "/v1/health", answer(404, error))
        self.refuse("must not have 'more'", "GET", "/v1/health", answer(200, good.replace(b"true}", b'true, "more": 1}')))
        self.refuse(r"must not have \['more'\]", "GET", "/v1/health", answer(200, good.replace(b'"OK"', b'"OK", "more": 1')))
        self.refuse("must have", "GET", "/v1/health", answer(200, good.replace(b"healthy", b"well")))
        self.refuse("is no JSON", "GET", "/v1/health", answer(200, good[:-1]))
        self.refuse("content type", "GET", "/v1/health", answer(200, good, content_type="text/plain"))
        self.refuse("status-code differs", "GET", "/v1/health", answer(200, good.replace(b"200", b"502")))
        self.refuse("Location is missing", "GET", "/v1//x", answer(301, content_type=""))
        self.refuse("must be no body", "GET", "/v1//x", answer(301, b"x", location="/v1/x"))
        self.refuse("must have", "GET", "/v1/logs", answer(200, b'{"time": "%s"}\n' % TIME.encode(), content_type="application/x-ndjson"))

    def test_paths(self):
        for path, found in (("/v1/changes/5", "/v1/changes/{id}"), ("/v1/changes/", None), ("/v1/changes/5/wait", "/v1/changes/{id}/wait"),
                            ("/v1/checks/refresh", "/v1/checks/refresh"), ("/v1/changes/" + "x" * 256, None), ("/", None)):
            self.assertEqual(self.description.find_path(path), found, path)


class DescriptionTest(unittest.TestCase):
    """The description by itself."""

    def all_schemas(self):
        for name, schema in DOCUMENT["components"]["schemas"].items():
            yield from openapi.schemas_below(schema, name)
        for where, response in openapi.DESCRIPTION.responses():
            for content in response.get("content", {}).values():
                yield from openapi.schemas_below(content["schema"], where)
        for method, path, operation in openapi.DESCRIPTION.operations():
            for parameter in openapi.DESCRIPTION.parameters(path, operation):
                yield from openapi.schemas_below(parameter["schema"], f"{method} {path}?{parameter['name']}")

    def test_routes(self):
        """Those of the daemon, with their access, and no others."""
        with open(os.path.join(TOP, "src", "api", "routes.c"), encoding="utf-8") as file:
            rows = re.findall(r'\{"([^"]+)", (\w+), (\w+), (\w+), (\w+)\}', file.read())
        routes = {("GET", path): ACCESS[read] for path, read, _, get, _ in rows if get != "NULL"}
        routes |= {("POST", path): ACCESS[write] for path, _, write, _, post in rows if post != "NULL"}
        self.assertGreater(len(routes), 20)
        self.assertEqual({(method, path): operation["x-access"] for method, path, operation in openapi.DESCRIPTION.operations()}, routes)

    def test_names_of_the_sources(self):
        """Each parameter, member of a request and member of a response that the API knows is described."""
        text = ""
        for path in sorted(glob.glob(os.path.join(TOP, "src", "api", "*.c"))) + [
                os.path.join(TOP, "src", name) for name in ("access/identity_set.c", "exec/exec_control.c", "files/entry.c")]:
            with open(path, encoding="utf-8") as file:
                text += file.read()
        members = {member for schema, _ in self.all_schemas() for member in schema.get("properties", ())}
        parameters = {parameter["name"] for _, path, operation in openapi.DESCRIPTION.operations()
                      for parameter in openapi.DESCRIPTION.parameters(path, operation)}
        read = re.findall(r'\b(?:json_get_\w+|read_text|read_id)\(\w+, (?:\w+, |"[^"]*", )?"([^"]+)"', text)
        written = re.findall(r'\b(?:json_writer_member_\w+|json_writer_key|write_time|write_text|write_duration|write_data)\('
                             r'&?\w+, "([^"]+)"', text)
        asked = re.findall(r'\b(?:url_query_first|url_query_list|api_read_list)\([^";]*"([^"]+)"', text)
        self.assertTrue(len(set(read)) > 30 and len(set(written)) > 50 and len(set(asked)) > 15, (len(set(read)), len(set(written)), len(set(asked))))
        self.assertEqual((set(read) | set(written)) - members - {"execPayload"}, set())
        self.assertEqual(set(asked) - parameters, set())

    def test_statuses(self):
        """Operations that are not open can be denied, those that read JSON can get too much or something else."""
        for method, path, operation in openapi.DESCRIPTION.operations():
            responses = operation["responses"]
            self.assertEqual("401" in responses, operation["x-access"] != "open", path)
            self.assertEqual("413" in responses, "requestBody" in operation, path)
            self.assertTrue(method == "GET" or "400" in responses, path)

    def test_overview(self):
        """docs/reference/api.md has the statuses and the kinds of all errors."""
        with open(os.path.join(TOP, "docs", "reference", "api.md"), encoding="utf-8") as file:
            text = file.read().partition("### Errors")[2].partition("```")[0]
        statuses = {status for _, _, operation in openapi.DESCRIPTION.operations() for status in operation["responses"]}
        statuses |= set(DOCUMENT["x-any-request"])
        self.assertGreater(len(statuses), 8)
        for status in statuses:
            self.assertTrue(status[0] in "123" or re.search(rf"^\| [\d, ]*\b{status}\b", text, re.M), status)
        for kind in DOCUMENT["components"]["schemas"]["ErrorKind"]["enum"]:
            self.assertIn(f"`{kind}`", text)

    def test_texts(self):
        names = [operation["operationId"] for _, _, operation in openapi.DESCRIPTION.operations()]
        self.assertEqual(len(names), len(set(names)))
        for _, path, operation in openapi.DESCRIPTION.operations():
            self.assertTrue(operation["summary"] and operation["description"] and operation["tags"], path)
        for name, schema in DOCUMENT["components"]["schemas"].items():
            self.assertTrue(schema["description"] and "example" in schema, name)
        for schema, name in self.all_schemas():
            for member, below in schema.get("properties", {}).items():
                found = {**openapi.DESCRIPTION.schemas.resolve(below), **below}
                is_part = "properties" in found or "allOf" in found or member in ("result", "items", "response")
                self.assertTrue("description" in found or is_part, f"{name}.{member}")

    def test_only_known_keywords(self):
        for schema, name in self.all_schemas():
            unknown = {key for key in schema if key not in openapi.KEYWORDS and not key.startswith("x-")}
            self.assertEqual(unknown, set(), name)

    def test_responses_are_strict(self):
        """Each object of a response says whether it has other members."""
        for name, schema in ((name, schema) for schema, name in self.all_schemas()):
            if schema.get("type") == "object" and "Sync" != name and not re.match(
                    r"\w+Request|MakeDirectory|RemovePath|WriteFile|FilesWrite|FilesUpload|NewIdentity|ExecControl", name):
                is_part = name.split(" ")[-1].isdigit() or name.endswith("files")  # of a whole that is closed
                self.assertTrue("additionalProperties" in schema or is_part or name.endswith(".response"), name)
        for where, response in openapi.DESCRIPTION.responses():
            for kind, content in response.get("content", {}).items():
                if "allOf" in content["schema"]:
                    self.assertIs(content["schema"].get("unevaluatedProperties"), False, (where, kind))

    def test_examples(self):
        """They fit their schemas."""
        schemas = openapi.Schemas(DOCUMENT)
        for schema, name in self.all_schemas():
            if "example" in schema:
                schemas.check(schema["example"], schema, name)
        for where, response in openapi.DESCRIPTION.responses():
            for content in response.get("content", {}).values():
                for value in [content[key] for key in ("example",) if key in content] + [
                        one["value"] for one in content.get("examples", {}).values()]:
                    schemas.check(value, content["schema"], where)
                    if where[-3:].isdigit() and isinstance(value, dict):
                        self.assertEqual(str(value["status-code"]), where[-3:], where)
        for _, path, operation in openapi.DESCRIPTION.operations():
            for parameter in openapi.DESCRIPTION.parameters(path, operation):
                if "example" in parameter:
                    schemas.check(parameter["example"], parameter["schema"], parameter["name"])

    def test_unseen(self):
        """The list of what tests cannot show has only what is described, with reasons."""
        expected = set(openapi.DESCRIPTION.expected())
        for item, reason in openapi.read_unseen().items():
            self.assertIn(item, expected)
            self.assertTrue(reason)


if __name__ == "__main__":
    unittest.main()
