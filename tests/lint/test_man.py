# SPDX-License-Identifier: GPL-3.0-or-later
"""tools/make-man: small headers in, pages out; and the pages of the public headers."""

import contextlib
import io
import os
import re
import shutil
import subprocess
import tempfile
import unittest
import unittest.mock

from test_checks import load

TOP = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
LICENCE = "/* SPDX-License-Identifier: LGPL-3.0-or-later */\n"
BEGIN = '#ifndef X_H\n#define X_H\n\n#ifdef __cplusplus\nextern "C" {\n#endif\n'
END = "\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n"
LEAD = "/*\n * libpebble: a client for tests. It is small.\n *\n * Threads. None are used.\n */\n"
PART = "/*\n * libpebble: parts of a pump. Part of pebble.h, which includes it.\n *\n * Water is wet.\n */\n"


def header(body, lead=LEAD):
    return LICENCE + lead + BEGIN + body + END


def section(body, title="pumps"):
    return header(f"/* ---- {title} ---- */\n\n{body}\n")


class ManCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.include, self.out = os.path.join(folder.name, "include"), os.path.join(folder.name, "man3")

    def run_tool(self, files, *options):
        """Runs the generator on headers, or on the text of pebble.h; what it prints."""
        files = files if isinstance(files, dict) else {"pebble.h": files}
        for name, text in files.items():
            path = os.path.join(self.include, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        output = io.StringIO()
        with contextlib.redirect_stdout(output), \
                unittest.mock.patch.dict(os.environ, SOURCE_DATE_EPOCH="86400"), \
                unittest.mock.patch("sys.argv", ["make-man", "--check", *options, self.include, self.out]):
            try:
                load("make-man").main()
            except SystemExit as error:
                return output.getvalue() + error.code
        return output.getvalue()

    def pages(self, files, *options):
        self.assertEqual(self.run_tool(files, *options), "")
        found = {}
        for name in os.listdir(self.out):
            with open(os.path.join(self.out, name), encoding="utf-8") as file:
                found[name] = file.read()
        return found

    def page(self, body):
        return self.pages(section(body))["pebble_pumps.3"]

    def failure(self, files):
        printed = self.run_tool(files)
        self.assertNotEqual(printed, "")
        return printed


class PageTest(ManCase):
    def test_whole_page(self):
        page = self.page("/* Opens `a` of *b. */\nbool pebble_open(int a, const char *b, struct pebble_error *error);")
        self.assertEqual(page, '''.\\" Made by tools/make-man from the comments of the public headers.
.Dd January 2, 1970
.Dt PEBBLE_PUMPS 3
.Os libpebble
.Sh NAME
.Nm pebble_open
.Nd libpebble: pumps
.Sh LIBRARY
libpebble
(pkg-config libpebble, \\-lpebble)
.Sh SYNOPSIS
.In pebble.h
.Ft bool
.Fo pebble_open
.Fa "int a"
.Fa "const char *b"
.Fa "struct pebble_error *error"
.Fc
.Sh DESCRIPTION
.Bl -tag -width Ds
.It Fn pebble_open
Opens
.Fa a
of
.Fa *b .
.El
.Sh RETURN VALUES
The functions with a parameter
.Fa error
return true on success.
On failure they return false, describe the failure in
.Fa *error
unless
.Fa error
is
.Dv NULL ,
and leave their other outputs as they are.
.Sh ERRORS
.Fa error->kind
says what has failed: see
.Xr pebble_errors 3 .
.Sh SEE ALSO
.Xr pebble 3 ,
.Xr pebble_errors 3
''')

    def test_overview(self):
        page = self.pages(section("int pebble_a(void); /* x */"))["pebble.3"]
        self.assertIn(".Nd a client for tests\n", page)
        self.assertIn(".Ss Threads\nNone are used.\n", page)
        self.assertIn(".It Xr pebble_pumps 3\npumps\n", page)

    def test_links(self):
        pages = self.pages(section("int pebble_a(void); /* x */\nint pebble_pumps(void); /* y */"))
        self.assertEqual(set(pages), {"pebble.3", "pebble_pumps.3", "pebble_a.3"})
        self.assertEqual(pages["pebble_a.3"], ".so man3/pebble_pumps.3\n")

    def test_old_pages_are_removed(self):
        self.pages(section("int pebble_a(void); /* x */"))
        self.assertNotIn("pebble_a.3", self.pages(section("int pebble_b(void); /* x */")))

    def test_names_of_pages(self):
        for title, name in (("the client", "client"), ("plan and layers", "plan"), ("calls: driven", "calls"),
                            ("any request, for all", "request"), ("log lines", "log_lines")):
            self.assertIn(f"pebble_{name}.3", self.pages(section("int pebble_a(void); /* x */", title)))

    def test_other_headers(self):
        files = {"pebble.h": section("int pebble_a(void); /* See pebble_c(). */") + '#include "pebble/parts.h"\n',
                 "pebble/parts.h": header("int pebble_b(void); /* x */\n\n/* ---- an end ---- */\n"
                                          "int pebble_c(void); /* see pebble_a() */", PART),
                 "pebble-lone.h": header("int pebble_d(void); /* x */", PART.replace("Part", "A note"))}
        pages = self.pages(files, "--depfile", os.path.join(self.include, "d"))
        part = pages["pebble_parts.3"]
        self.assertIn(".Nd libpebble: parts of a pump\n", part)
        self.assertIn(".In pebble.h\n", part)
        self.assertIn('.Sh DESCRIPTION\nWater is wet.\n', part)
        self.assertIn('.Ss "An end"\n', part)
        self.assertIn("See\n.Xr pebble_a 3 .\n", part)
        self.assertIn(".Sh SEE ALSO\n.Xr pebble 3 ,\n.Xr pebble_pumps 3\n", part)
        self.assertIn(".In pebble-lone.h\n", pages["pebble_lone.3"])
        with open(os.path.join(self.include, "d"), encoding="utf-8") as file:
            target, headers = file.read().split(": ")
        self.assertEqual(target, self.out)
        self.assertEqual({os.path.relpath(path, self.include) for path in headers.split()}, set(files))


class GroupTest(ManCase):
    def heads(self, body):
        """The items of the functions, with their text on one line."""
        items = re.findall(r"^\.It (.*?)(?=^\.It |^\.El)", self.page(body), re.M | re.S)
        return [" ".join(item.split()) for item in items]

    def test_comment_before_several(self):
        self.assertEqual(self.heads("/* Both. */\nint pebble_a(void);\nint pebble_b(void);\nint pebble_c(void); /* one */"),
                         ["Xo .Fn pebble_a , .Fn pebble_b .Xc Both.", "Fn pebble_c One."])

    def test_comments_before_and_behind(self):
        self.assertEqual(self.heads("/* All. */\nint pebble_a(void); /* one\n * more */"), ["Fn pebble_a All. .Pp One more."])

    def test_note(self):
        page = self.page("/* Read this. */\n\nint pebble_a(void);\nint pebble_b(void);\n")
        self.assertIn(".Sh DESCRIPTION\nRead this.\n.Bl", page)
        self.assertIn(".It Xo\n.Fn pebble_a ,\n.Fn pebble_b\n.Xc\n.El\n", page)

    def test_general_rules(self):
        heads = self.heads("/* x */\nbool pebble_get_a(void);\nbool pebble_call_get_a(void);\n"
                           "int pebble_call_take_a(void);\nint pebble_a_count(void);\nint pebble_a_at(void); /* y */\n"
                           "void pebble_a_destroy(void);\n\n/* z */\nint pebble_b(void);\n\n"
                           "/* No result. */\nint pebble_call_b(void);")
        self.assertEqual([head.split("pebble_", 1)[1] for head in heads], [
            "get_a , .Fn pebble_call_get_a .Xc X.",
            "call_take_a Returns the result of the call, once, when it is in the state .Dv PEBBLE_CALL_DONE ; else .Dv NULL .",
            "a_count How many elements .Fn pebble_a_at has.", "a_at Y.",
            "a_destroy Releases the object. .Dv NULL is allowed.", "b Z.",
            "call_b As .Fn pebble_b , for an event loop. No result."])

    def test_missing_descriptions(self):
        for body, line in (("int pebble_a(void);", 15), ("int pebble_b(void); /* x */\nint pebble_a(void);", 16),
                           ("/* x */\nint pebble_b(void);\n\nint pebble_a(void);", 18),
                           ("/* x */\nstruct pebble_s;\nint pebble_a(void);", 17),
                           ("/* x */\n\nint pebble_b(void);\n\nint pebble_a(void);", 19),
                           ("typedef int (*pebble_a)(void);", 15)):
            with self.subTest(body):
                self.assertRegex(self.failure(section(body)), rf"pebble\.h:{line}: pebble_a has no description\n")

    def test_every_one_is_named(self):
        found = self.failure(section("int pebble_a(void);\nint pebble_b(void);"))
        self.assertEqual(re.findall(r"(\w+) has no", found), ["pebble_a", "pebble_b"])


class TypeTest(ManCase):
    def test_structure(self):
        page = self.page("/* What it is. */\nstruct pebble_s {\n    size_t size; /* its\n                  * size */\n"
                         "    /* Before. */\n    void *reserved[4];\n    int a;\n};\nint pebble_a(void); /* x */")
        self.assertIn('.Ss struct pebble_s\nWhat it is.\n.Bl -tag -width Ds\n.It Vt "size_t size"\nits size\n'
                      '.It Vt "void *reserved[4]"\nBefore.\n.It Vt "int a"\n.El\n', page)

    def test_enumeration(self):
        page = self.page("enum pebble_e {\n    PEBBLE_A = 0,\n    PEBBLE_B = 1 /* the last */\n};\nenum { PEBBLE_C = -1 };\n"
                         "int pebble_a(void); /* x */")
        self.assertIn('.Ss enum pebble_e\n.Bl -tag -width Ds\n.It Dv "PEBBLE_A = 0"\n.It Dv "PEBBLE_B = 1"\nthe last\n.El\n', page)
        self.assertIn('.Ss Constants\n.Bl -tag -width Ds\n.It Dv "PEBBLE_C = \\-1"\n.El\n', page)

    def test_opaque(self):
        page = self.page("/* A pump. */\nstruct pebble_s;\nstruct pebble_t;\nint pebble_a(void); /* x */")
        self.assertIn('.It Vt "struct pebble_s"\nA pump.\n.It Fn pebble_a\n', page)
        self.assertNotIn("pebble_t", page)

    def test_callback(self):
        page = self.page("/* Gets water. */\ntypedef bool (*pebble_fn)(void *data);\nint pebble_a(void); /* x */")
        self.assertIn('.Ft "typedef bool"\n.Fo \\*(lp*pebble_fn\\*(rp\n.Fa "void *data"\n.Fc\n', page)
        self.assertIn(".It Vt pebble_fn\nGets water.\n", page)


class TextTest(ManCase):
    def text(self, *lines):
        comment = "\n".join(f" * {line}".rstrip() for line in lines)
        page = self.page(f"/*\n{comment}\n */\nint pebble_a(void);")
        return re.search(r"\.It Fn pebble_a\n(.*?)\.El\n\.Sh", page, re.S).group(1)

    def test_marks(self):
        self.assertEqual(self.text("Sets (`name`), `= {0}`; pebble_a() or poll(): -1, PEBBLE_X, NULL."),
                         "Sets\n.Fa ( name ) ,\n.Ql \"= {0}\" ;\n.Fn pebble_a\nor\n.Fn poll :\n\\-1,\n.Dv PEBBLE_X ,\n.Dv NULL .\n")
        self.assertEqual(self.text("A struct pebble_x of size_t, pebble_y_...() and x->NULL."),
                         "A\n.Vt \"struct pebble_x\"\nof size_t, pebble_y_...() and x->NULL.\n")

    def test_characters(self):
        self.assertEqual(self.text(".a \\b ^c ~d"), "\\&.a \\eb \\(hac \\(tid.\n")
        self.assertEqual(self.text("'a"), "\\&'a.\n")

    def test_sentences_and_long_lines(self):
        self.assertEqual(self.text("One. Two.", "Three"), "One.\nTwo.\nThree.\n")
        self.assertTrue(all(len(line) < 80 for line in self.text("word " * 60).split("\n")))

    def test_displays(self):
        self.assertEqual(self.text("Do:", "", "    1. This", "        and that.", "    2. Go.", "", "Then."),
                         "Do:\n.Bl -enum\n.It\nThis and that.\n.It\nGo.\n.El\n.Pp\nThen.\n")
        self.assertEqual(self.text("Code:", "", "    int a;", "    .b  c"),
                         "Code:\n.Bd -literal -offset indent\nint a;\n\\&.b  c\n.Ed\n")
        self.assertEqual(self.text("Text:", "", "    A word", "    and NULL."),
                         "Text:\n.Bd -filled -offset indent\nA word and\n.Dv NULL .\n.Ed\n")


class ErrorTest(ManCase):
    def test_headers_that_cannot_be_read(self):
        for files, words in (({"x.h": header("")}, "there is no pebble.h"),
                             ("int a;\n", "pebble.h:1: does not begin with its licence"),
                             (header("int pebble_a(void); /* x */"), "declarations before the first section"),
                             (section("int pebble_a(void)"), "pebble.h:15: a declaration does not end"),
                             (section("int pebble_a;"), "pebble.h:15: cannot read the declaration: int pebble_a")):
            with self.subTest(words):
                shutil.rmtree(self.include, ignore_errors=True)
                self.assertIn(words, self.failure(files))

    def test_two_pages_of_one_name(self):
        body = "int pebble_b(void); /* x */\n\n/* ---- b ---- */\n\nint pebble_a(void); /* x */"
        self.assertIn("two pages pebble_b", self.failure(section(body)))


class PublicHeadersTest(ManCase):
    def setUp(self):
        super().setUp()
        self.include = os.path.join(TOP, "include")
        self.found = self.pages({})

    def test_every_function_has_a_page_and_a_description(self):
        names = set()
        for folder, _, files in os.walk(self.include):
            for name in files:
                with open(os.path.join(folder, name), encoding="utf-8") as file:
                    text = re.sub(r"/\*.*?\*/|\(\*\w+\)", "", file.read(), flags=re.S)
                names.update(re.findall(r"\b(pebble_\w+)\(", text))
        self.assertGreater(len(names), 200)
        for name in names:
            page = self.found[f"{name}.3"]
            target = re.fullmatch(r"\.so man3/(\w+\.3)\n", page)
            page = self.found[target.group(1)] if target else page
            self.assertRegex(page, rf"(?m)^\.Nm {name}( ,)?$")
            self.assertRegex(page, rf"(?m)^\.Fo {name}$")
            self.assertRegex(page, rf"(?m)^\.(It )?Fn {name}( ,)?$")

    def test_references(self):
        for name, page in self.found.items():
            for target in re.findall(r"(?m)^\.(?:It )?Xr (?:\( )?(\w+) 3", page):
                self.assertIn(f"{target}.3", self.found, name)

    def test_formatters_have_no_objections(self):
        pages = [os.path.join(self.out, name) for name, page in self.found.items() if not page.startswith(".so ")]
        commands = {"mandoc": ["mandoc", "-T", "lint", "-W", "warning", *pages],
                    "groff": ["groff", "-mdoc", "-ww", "-Tascii", "-z", "-rLL=100n", *pages]}
        if not any(map(shutil.which, commands)):
            self.skipTest("neither mandoc nor groff is there")
        for command in filter(shutil.which, commands):
            with self.subTest(command):
                done = subprocess.run(commands[command], capture_output=True, text=True, check=False)
                self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))


if __name__ == "__main__":
    unittest.main()
