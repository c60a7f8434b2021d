# SPDX-License-Identifier: GPL-3.0-or-later
"""tests/documents: small documents that are right, and what is wrong in others."""

import os
import sys
import tempfile
import unittest

TOP = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
sys.path.insert(0, os.path.join(TOP, "tests", "documents"))

import compare  # pylint: disable=wrong-import-position
import document  # pylint: disable=wrong-import-position
import layers  # pylint: disable=wrong-import-position
import links  # pylint: disable=wrong-import-position
import page  # pylint: disable=wrong-import-position
import run  # pylint: disable=wrong-import-position
import sandbox  # pylint: disable=wrong-import-position
import session  # pylint: disable=wrong-import-position

# Accepts all layers but those with `wrong`, and wants services that others refer to, and a command.
PEBBLE = """#!/bin/sh
text=$(cat "$PEBBLE"/layers/*)
case $text in *wrong*) echo 'cannot run daemon: cannot load plan: this is wrong' >&2; exit 1 ;; esac
case $text in *command:*) ;; *) echo 'cannot run daemon: cannot load plan: no command' >&2; exit 1 ;; esac
case $text in *database:*) exit 0 ;; esac
case $text in *database*) echo 'cannot run daemon: cannot load plan: service "database" does not exist' >&2; exit 1 ;; esac
"""


def fenced(language, *lines):
    return "\n".join([f"```{language}", *lines, "```", ""])


def directive(words):
    return f"<!-- test: {words} -->\n"


class DocumentCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.home = folder.name
        tools = os.path.join(self.home, "bin")
        os.mkdir(tools)
        with open(os.path.join(tools, "pebble"), "w", encoding="utf-8") as file:
            file.write(PEBBLE)
        os.chmod(os.path.join(tools, "pebble"), 0o755)
        self.env = {"PATH": f"{tools}:{os.environ['PATH']}", "HOME": self.home, "LANG": "C.UTF-8"}
        os.environ.pop("PEBBLE", None)

    def outcome(self, *parts, hang_s=60):
        """What becomes of a document."""
        outcome = document.Outcome("x.md")
        text_page = page.Page("".join(parts))
        path = os.path.join(self.home, "x.md")
        with open(path, "w", encoding="utf-8") as file:
            file.write("".join(parts))
        run.check(path, "x.md", text_page, outcome)
        if not outcome.failures:
            folder = tempfile.mkdtemp(dir=self.home)
            saved, os.environ["PATH"] = os.environ["PATH"], self.env["PATH"]
            self.session = document.Run(text_page, outcome, self.env, folder, hang_s)
            try:
                self.session.run()
                self.was_running = bool(session.descendants(os.getpid()))
            finally:
                self.session.finish()
                os.environ["PATH"] = saved
        return outcome

    def good(self, *parts):
        self.assertEqual(self.outcome(*parts).failures, [])

    def bad(self, message, *parts, **options):
        failures = self.outcome(*parts, **options).failures
        self.assertEqual(len(failures), 1, failures)
        self.assertIn(message, failures[0])


class CommandTest(DocumentCase):
    def test_output(self):
        self.good(fenced("console", "$ echo one; echo two >&2", "one", "two", "$ echo what ever"))
        self.bad("x.md:2: other output: echo one", fenced("console", "$ echo one", "two"))
        self.bad("other output", fenced("console", "$ printf 'one\\ntwo\\n'", "one"))
        self.bad("other output", fenced("console", "$ true", "one"))
        self.bad("output before the first command", fenced("console", "one", "$ echo one"))

    def test_status(self):
        self.bad("status 3 instead of 0: (exit 3)", fenced("console", "$ (exit 3)", "$ true"))
        self.good(fenced("console", "$ (exit 3)", "$ echo $?", "3"))
        self.bad("other output", fenced("console", "$ (exit 3)", "$ echo $?", "4"))
        self.good(directive("status 3"), fenced("console", "$ true", "$ (exit 3)"))
        self.bad("status 0 instead of 3", directive("status 3"), fenced("console", "$ true"))
        self.bad("status 5 instead of 0", directive("status 5"), fenced("console", "$ (exit 5)", "$ (exit 5)"))
        self.bad("status 2 instead of 0", fenced("console", "$ exit 2"))
        self.bad("terminal has ended", fenced("console", "$ exit 0", "$ true"))

    def test_lines_of_a_command(self):
        self.good(fenced("console", "$ echo a \\", "    b", "a b", "$ cat <<END", "> text", "> END", "text"))
        self.good(fenced("console", "$ cat", "$ echo y", "y"))

    def test_terminals(self):
        own = fenced("console", "$ echo ${A:-unset} $B", "one")
        self.good(fenced("console", "$ export A=one"), own)
        self.bad("other output", fenced("console", "$ export A=one"), directive("terminal 2"), own)
        self.good(directive("terminal 2"), fenced("console", "$ A=one; cd /"), own.replace("one", "unset"),
                  directive("terminal 2"), fenced("console", "$ echo $A; pwd", "one", "/"))

    def test_background(self):
        self.good(directive("background"), fenced("console", "$ echo a; echo b; echo c; exec sleep 1000", "a", "c"),
                  fenced("console", "$ echo next", "next"))
        self.bad("lacks: b", directive("background"), fenced("console", "$ echo b; echo a", "a", "b"))
        shown = fenced("console", "$ echo ${A:-unset} $PWD", "one /")
        self.good(fenced("console", "$ export A=one; cd /"), directive("background terminal 1"), shown)
        self.bad("lacks: one /", fenced("console", "$ export A=one; cd /"), directive("background"), shown)

    def test_hang(self):
        self.bad("does not end: echo begun; sleep 1000", fenced("console", "$ echo begun; sleep 1000"), hang_s=0.5)
        self.bad("lacks: b", directive("background"), fenced("console", "$ echo a; sleep 1000", "b"), hang_s=0.5)

    def test_processes_are_ended(self):
        sandbox.adopt()
        self.good(fenced("console", "$ (setsid sleep 1000 &) ; echo $BASHPID >pid"),
                  directive("background"), fenced("console", "$ sleep 1000"))
        self.assertTrue(self.was_running)
        self.assertEqual(session.descendants(os.getpid()), [])

    def test_invisible_commands(self):
        self.good("<!-- test: run\nexport A=one\nuntil_ok test -d /\n-->\n", fenced("console", "$ echo $A", "one"))
        self.bad("status 1 of invisible commands", "<!-- test: run\nfalse\ntrue\n-->\n")

    def test_skip(self):
        outcome = self.outcome(directive("skip there is no kubectl"), fenced("console", "$ kubectl; false"))
        self.assertEqual((outcome.failures, outcome.skips), ([], ["x.md:3: there is no kubectl"]))

    def test_needs(self):
        text_page = page.Page(directive("needs sh no-such-program"))
        self.assertEqual(document.missing_programs(text_page, self.env), ["no-such-program"])


class FileTest(DocumentCase):
    def test_file(self):
        self.good(fenced("console", "$ export PEBBLE=$HOME/p; mkdir p"), directive("file $PEBBLE/a.txt"),
                  fenced("text", "content"), fenced("console", "$ cat p/a.txt", "content"))
        self.good(directive("file ~/b"), fenced("ini", "[b]"), fenced("console", "$ cat b", "[b]"))
        self.bad("there is no variable", directive("file $PEBBLE/a.txt"), fenced("text", "content"))
        self.bad("cannot write", directive("file nowhere/a.txt"), fenced("text", "content"))

    def test_parsed(self):
        for language, right, wrong in (("json", "{}", "{"), ("yaml", "a: [1]", "a: [1"), ("python", "a = 1", "a ="),
                                       ("sh", "if a; then b; fi", "if a; then")):
            with self.subTest(language):
                self.good(fenced(language, right))
                self.bad("cannot be parsed", fenced(language, wrong))
                self.bad("cannot be parsed", directive("skip no reason"), fenced(language, wrong))
        self.good(fenced("yaml", "a: 1", "---", "b: 2"))


class LayerTest(DocumentCase):
    GOOD = fenced("yaml", "services:", "    web:", "        command: web")
    BAD = fenced("yaml", "services:", "    web:", "        command: wrong")

    def test_layer(self):
        self.good(self.GOOD)
        self.good(directive("layer"), self.GOOD)
        self.bad("x.md:2: the layer is refused: cannot run daemon: cannot load plan: this is wrong", self.BAD)
        self.bad("no command", fenced("yaml", "services:"))
        self.good(fenced("yaml", "kind: wrong"))

    def test_fragment(self):
        for place in ("service", "services.web", "services"):
            self.good(directive(f"fragment {place}"), fenced("yaml", "command: web", "after: [database]"))
        self.good(directive("fragment service"), fenced("yaml", "after: [database]"))
        self.bad("this is wrong", directive("fragment service"), fenced("yaml", "after: [wrong]"))
        self.bad("cannot be placed", directive("fragment nothing.web"), fenced("yaml", "a: b"))

    def test_places(self):
        self.assertEqual(layers.under("service", "user: a\n"),
                         "services:\n    example:\n        user: a\n        override: replace\n        command: sleep infinity\n")
        self.assertEqual(layers.under("check", "http:\n    url: a\n"),
                         "checks:\n    example:\n        http:\n            url: a\n        override: replace\n")
        self.assertEqual(layers.under("services.a.b", "c: d\n"), "services:\n    a:\n        b:\n            c: d\n"
                         "        override: replace\n        command: sleep infinity\n")

    def test_refused(self):
        refused = directive("refused")
        self.good(refused, self.BAD, fenced("text", "cannot load plan: this …"))
        self.good(refused, self.BAD, fenced("console", "$ pebble add x x.yaml", "error: this is", "    wrong"))
        self.bad("another message", refused, self.BAD, fenced("text", "this is right"))
        self.bad("the layer is accepted", refused, self.GOOD, fenced("text", "this is wrong"))
        self.bad("no block with the message", refused, self.BAD)


class PageTest(DocumentCase):
    def test_directives(self):
        self.bad("unknown directive 'nothing'", directive("nothing"), fenced("text"))
        self.bad("unknown directive 'nothing'", directive("background nothing"), fenced("text"))
        self.bad("needs a number", directive("status x"), fenced("console", "$ true"))
        self.bad("needs a word", directive("file"), fenced("text"))
        self.bad("not before a block", directive("background"), "words\n")
        self.bad("begins with 'test:'", "<!-- test background -->\n", fenced("text"))
        self.bad("has no end", "<!-- test: run\n")

    def test_languages(self):
        self.bad("without a language", fenced(""))
        self.bad("the language 'bash'", fenced("bash"))
        self.bad("the block of code has no end", "```text\n")

    def test_indented_code(self):
        self.bad("an indented block", "words\n\n    code\n")
        self.bad("an indented block", "- item\n\n      code\n")
        self.good("words\n    words\n\n- item\n\n  words\n\n1. item\n\n   words\n     - below\n\n       words\n")

    def test_blocks_in_lists(self):
        self.good("1. item\n\n   ```console\n   $ echo a\n   a\n   ```\n")

    def test_links(self):
        os.mkdir(os.path.join(self.home, "docs"))
        with open(os.path.join(self.home, "docs", "a.md"), "w", encoding="utf-8") as file:
            file.write("# A `pebble run` title, with (marks)\n\n# B\n\n# B\n")
        self.good("# Here\n\n[a](docs/a.md) [b](docs/a.md#a-pebble-run-title-with-marks) [c](#here) `[d](e)` [e](docs/) "
                  "[f](https://example.com/x) [g](docs/a.md#b-1)\n")
        for target in ("docs/b.md", "docs/a.md#a", "#there", "/docs/a.md", "docs/a.md#b-2"):
            with self.subTest(target):
                self.bad(f"{target}", f"# Here\n\n[a]({target})\n")
                self.bad(f"{target}", f"# Here\n\n[`a`]({target} \"title\")\n")
                self.bad(f"{target}", f"# Here\n\n[a]: {target}\n")
                self.bad("x.md:4: ", f"# Here\n\nwords [a\nb]({target})\n")

    def test_mentions(self):
        self.good("See docs/index.md and `docs/reference/layers.md`, not x/docs/none.md.\n")
        self.bad("x.md:2: there is no docs/none.md", "words\nas docs/none.md says\n")

    def test_verbs(self):
        self.good("`./dev test` and ./dev, also `tools/dev/x`\n")
        self.bad("./dev has no verb 'nothing'", "Try `./dev nothing`.\n")
        self.assertIn("lint", links.verbs(TOP))


class CompareTest(unittest.TestCase):
    def test_lines(self):
        for expected, real in (("a  b", "a b  "), ("a … c", "a b c"), ("…", ""), ("it is 10:01", "it is 23:59"),
                               ("today at 10:01 UTC", "today at 9:59 UTC"), ("took 12ms", "took 1m0.5s"),
                               ("2024-01-02T03:04:05.678Z [web] x", "2026-11-28T03:37:45Z [web] x"),
                               ("2024-01-02T03:04:05Z x", "2026-11-28T03:37:45.1+02:00 x"), ("a.c", "a.c"),
                               ("2024-…Z [web] x", "2024-11-28T03:37:45Z [web] x")):
            self.assertTrue(compare.line_matches(expected, real), expected)
        for expected, real in (("a b", "ab"), ("a.c", "abc"), ("a", "a b"), ("a … c", "a b"), ("10:01", "today"),
                               ("port 8080", "port 8081"), ("12ms", "12"), ("127.0.0.1:80", "127.0.0.1:81")):
            self.assertFalse(compare.line_matches(expected, real), expected)

    def test_any_number_of_lines(self):
        for expected, real in (("…", ""), ("… a", "a"), ("… a", "x x a"), ("a … b", "a b"), ("a … b …", "a x b x b"),
                               ("… a …", "b a c")):
            self.assertTrue(compare.matches(expected.split(), real.split()), expected)
        for expected, real in (("a …", "b"), ("… a", "a b"), ("a … b", "a x"), ("", "a"), ("a", "")):
            self.assertFalse(compare.matches(expected.split(), real.split()), expected)


if __name__ == "__main__":
    unittest.main()
