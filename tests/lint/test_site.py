# SPDX-License-Identifier: GPL-3.0-or-later
"""tools/make-site: what it makes of documents, and the check of the result. Sphinx is not needed."""

import os
import tempfile
import unittest

from test_checks import load

TOP = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
site = load("make-site")


class SourceTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.source = site.Source(folder.name)

    def read(self, name):
        return site.read(os.path.join(self.source.folder, name))

    def converted(self, text):
        return self.source.converted("docs/how-to/x.md", "how-to/x.md", text)

    def test_comments(self):
        self.assertEqual(self.converted("a\n<!-- test: background -->\n```text\n<!-- b -->\n```\n<!-- test: run\nc\n-->\nd"),
                         "a\n```text\n<!-- b -->\n```\nd")

    def test_links(self):
        self.assertEqual(self.converted("[a](../reference/libpebble.md#errors) [b](https://example.com/) [c](#d) `[e](f)`"),
                         "[a](../reference/libpebble.md#errors) [b](https://example.com/) [c](#d) `[e](f)`")
        self.assertEqual(self.source.faults, [])
        self.converted("[a](nothing.md)")
        self.assertEqual(self.source.faults, ["docs/how-to/x.md: dead link: nothing.md"])

    def test_links_that_leave_the_documents(self):
        self.assertEqual(self.converted("[`a`](../../examples/hello/README.md) [b](../../examples/hello/layers/001-hello.yaml) [c](../../examples/hello)"),
                         "[`a`](../source/examples/hello/README.md) [b](../source/examples/hello/layers/001-hello.yaml.md) "
                         "[c](../source/examples/hello/contents.md)")
        self.assertIn("# hello", self.read("source/examples/hello/README.md"))
        self.assertNotIn("test:", self.read("source/examples/hello/README.md"))
        name = "examples/hello/layers/001-hello.yaml"
        self.assertIn(f"# {name}\n\n```yaml\nsummary:", self.read(f"source/{name}.md"))
        self.assertIn("- [layers](layers/contents.md)\n", self.read("source/examples/hello/contents.md"))


class CheckTest(unittest.TestCase):
    def faults(self, body, other="<p id='there'>"):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in (("a.html", body), ("b.html", other)):
                site.write(os.path.join(folder, name), text)
            return list(site.check(folder))

    def test_good(self):
        self.assertEqual(self.faults("<a href='b.html#there'>b</a> <a href='#x' id='x'>x</a> <a href='https://a.test/'>a</a>"
                                     "<img src='b.html?v=1'><!-- words -->"), [])

    def test_bad(self):
        for body, fault in (("<a href='c.html'>c</a>", "a.html: dead link: c.html"),
                            ("<a href='b.html#here'>b</a>", "a.html: dead link, there is no such place: b.html#here"),
                            ("<a href='#x'>x</a>", "a.html: dead link, there is no such place: #x"),
                            ("<script src='https://a.test/x.js'></script>", "a.html: loads https://a.test/x.js"),
                            ("<link rel='stylesheet' href='//a.test/x.css'>", "a.html: loads //a.test/x.css"),
                            ("<!-- test: background -->", "a.html: shows the directive test: background")):
            self.assertEqual(self.faults(body)[:1], [fault])


if __name__ == "__main__":
    unittest.main()
