# SPDX-License-Identifier: GPL-3.0-or-later
"""Text in the JSON of requests: NULs, control characters, members that are given twice."""

import json

from faults import plan_of
from harness import DaemonCase


class JsonTextTest(DaemonCase):
    def setUp(self):
        super().setUp()
        self.daemon.layer("001-test.yaml", plan_of({"one": "sleep 1000"}))
        self.daemon.start()

    def refused(self, path, body):
        answer = self.daemon.post(path, body)
        self.assertEqual(answer.status, 400, answer)
        return answer.message

    def test_what_is_not_printable_is_quoted(self):
        quoted = r'"a\x00\x01\x7f\u0085\u202e\n"'
        text = "a\0\x01\x7f\x85\u202e\n"
        self.assertEqual(self.refused("/v1/services", {"action": text, "services": ["one"]}), f"invalid action {quoted}")
        self.assertEqual(self.refused("/v1/services", {"action": "start", "services": [text]}),
                         f"cannot start services: service {quoted} does not exist")
        self.assertEqual(self.refused("/v1/checks", {"action": text, "checks": ["x"]}), f"invalid action {quoted}")
        self.assertEqual(self.refused("/v1/layers", {"action": text}), f"invalid action {quoted}")
        self.assertEqual(self.refused("/v1/layers", {"action": "add", "label": "x", "format": text}), f"invalid format {quoted}")
        self.assertEqual(self.refused("/v1/notices", {"action": "add", "type": text}),
                         f'invalid type {quoted} (can only add "custom" notices)')
        self.assertEqual(self.refused("/v1/notices", {"action": "add", "type": "custom", "key": text}),
                         f'invalid key {quoted} (must be in "example.com/path" format)')
        quoted_bytes = '"' + r"a\x00\x01" + "\x7f" + r"\xc2\x85\xe2\x80\xae\x0a" + '"'  # as Go's package time has it
        self.assertIn(quoted_bytes, self.refused("/v1/notices", {"action": "add", "type": "custom", "key": "a.b/c",
                                                                 "repeat-after": text}))
        self.assertIn(quoted_bytes, self.refused("/v1/exec", {"command": ["true"], "timeout": text}))
        self.assertIn(quoted, self.refused("/v1/identities", {"action": text, "identities": {}}))
        self.assertIn("control characters are not allowed",
                      self.refused("/v1/layers", {"action": "add", "label": "x", "format": "yaml", "layer": "summary: a\0b\n"}))

    def test_nothing_with_a_nul_reaches_the_system(self):
        self.assertIn("NUL", self.refused("/v1/exec", {"command": ["echo", "a\0b"]}))
        self.assertIn("NUL", self.refused("/v1/exec", {"command": ["true"], "environment": {"A\0": "b"}}))
        self.assertIn("NUL", self.refused("/v1/exec", {"command": ["true"], "working-dir": "/tmp\0"}))
        self.assertIn("NUL", self.refused("/v1/files", {"action": "make-dirs", "dirs": [{"path": self.daemon.path("a\0b")}]}))

    def test_a_notice_keeps_its_nuls(self):
        key, data = "example.com/ab", {"n\0": "v\0w"}
        self.assertEqual(self.daemon.post("/v1/notices", {"action": "add", "type": "custom", "key": key, "data": data}).status, 200)
        self.daemon.kill()
        self.daemon.start()
        notice = self.daemon.get("/v1/notices?types=custom").result[0]
        self.assertEqual((notice["key"], notice["last-data"]), (key, data))

    def test_a_repeated_member_of_another_type(self):
        for path, body in (("/v1/services", '{"action":1,"action":"start","services":["one"]}'),
                           ("/v1/services", '{"action":"start","services":"one","services":["one"]}'),
                           ("/v1/services", '{"action":"start","services":[1],"Services":["one"]}'),
                           ("/v1/layers", '{"combine":"yes","combine":true,"action":"add","label":"x","format":"yaml","layer":""}'),
                           ("/v1/notices", '{"action":"add","type":"custom","key":"a.b/c","data":{"a":1,"a":"b"}}'),
                           ("/v1/identities", '{"action":"add","identities":{"bob":1,"bob":{"access":"read","local":{"user-id":9}}}}'),
                           ("/v1/identities", '{"action":"add","identities":1,"identities":{}}'),
                           ("/v1/identities", '{"action":"add","identities":{"bob":{"access":"read","local":1,"local":{"user-id":9}}}}')):
            with self.subTest(body):
                self.refused(path, body)
        self.assertEqual(self.daemon.get("/v1/identities").result, {})
        answer = self.daemon.post("/v1/services", '{"action":"stop","action":"start","action":null,"services":["x"],"services":["one"]}')
        self.assertEqual(self.daemon.wait_change(answer.change)["kind"], "start")

    def test_a_null_behind_a_value(self):
        """It takes the place of the value: the limit of its size does not pass it by."""
        large = json.dumps({"a": "x" * 5000})
        add = '{"action":"add","type":"custom","key":"a.b/c","data":'
        self.assertIn("4096 bytes or less", self.refused("/v1/notices", f'{add}null,"data":{large}}}'))
        self.assertEqual(self.daemon.post("/v1/notices", f'{add}{large},"data":null}}').status, 200)
        self.assertNotIn("last-data", self.daemon.get("/v1/notices?types=custom").result[0])
        self.refused("/v1/services", '{"action":"start","services":["one"],"services":null}')

    def test_identities_given_twice(self):
        """All count, and of one that is given twice the later one."""
        def identity(uid):
            return f'{{"access":"read","local":{{"user-id":{uid}}}}}'
        body = f'{{"action":"add","identities":{{"a":{identity(1)},"b":{identity(2)}}},"identities":{{"b":{identity(3)}}}}}'
        self.assertEqual(self.daemon.post("/v1/identities", body).status, 200)
        found = self.daemon.get("/v1/identities").result
        self.assertEqual({name: entry["local"]["user-id"] for name, entry in found.items()}, {"a": 1, "b": 3})
        body = f'{{"action":"add","identities":{{"c":{identity(4)}}},"identities":null,"identities":{{"d":{identity(5)}}}}}'
        self.assertEqual(self.daemon.post("/v1/identities", body).status, 200)
        self.assertEqual(set(self.daemon.get("/v1/identities").result), {"a", "b", "d"}, "a null removes those before it")
