# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks of tools/ against small trees: a good one passes, each bad one is named."""

import importlib.machinery
import importlib.util
import os
import tempfile
import unittest

TOOLS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools")
GPL = "// SPDX-License-Identifier: GPL-3.0-or-later\n"
LGPL = "// SPDX-License-Identifier: LGPL-3.0-or-later\n"


def load(name):
    """A tool as a module; the tools have no .py ending."""
    loader = importlib.machinery.SourceFileLoader(name.replace("-", "_"), os.path.join(TOOLS, name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


class TreeCase(unittest.TestCase):
    def objections(self, tool, files, *rules, **settings):
        """The findings of a tool in a tree; `settings` replace its tables."""
        module = load(tool)
        for name, value in settings.items():
            setattr(module, name, value)
        with tempfile.TemporaryDirectory() as tree:
            for path, text in files.items():
                os.makedirs(os.path.dirname(os.path.join(tree, path)), exist_ok=True)
                with open(os.path.join(tree, path), "w", encoding="utf-8") as file:
                    file.write(text)
            return module.check(tree, rules)

    def assert_one(self, found, words):
        self.assertEqual(len(found), 1, found)
        self.assertIn(words, found[0])


class LevelsTest(TreeCase):
    def check(self, path, include, *others):
        files = {other: "" for other in others}
        files[path] = f'#include <stdio.h>\n  #  include "{include}"\n'
        return self.objections("check-modules", files, "levels", "internal")

    def test_down_and_own_are_fine(self):
        self.assertEqual(self.check("src/plan/layer.c", "data/yaml.h", "src/data/yaml.h"), [])
        self.assertEqual(self.check("src/plan/layer.c", "plan/layer.h", "src/plan/layer.h"), [])
        self.assertEqual(self.check("src/net/stream.c", "tls/engine.h", "src/tls/engine.h"), [])

    def test_up(self):
        found = self.check("src/plan/layer.c", "api/router.h", "src/api/router.h")
        self.assert_one(found, "src/plan/layer.c:2: includes \"api/router.h\": an arrow up")

    def test_sideways(self):
        self.assert_one(self.check("src/plan/plan.h", "state/state.h", "src/state/state.h"), "an arrow sideways")
        self.assert_one(self.check("src/tls/engine.c", "wire/url.h", "src/wire/url.h"), "an arrow sideways")

    def test_unknown_modules(self):
        self.assert_one(self.check("src/util/x.c", "base/list.h", "src/base/list.h"), "'util' is not a module")
        self.assert_one(self.check("src/api/x.c", "util/x.h"), "there is no module 'util'")
        self.assert_one(self.check("src/main.c", "base/list.h", "src/base/list.h"), "not a module")

    def test_missing_and_bare_headers(self):
        self.assert_one(self.check("src/api/x.c", "base/none.h"), "no such header")
        self.assert_one(self.check("src/api/x.c", "x.h"), "module in front")

    def test_library_uses_four_modules(self):
        self.assertEqual(self.check("src/client/c.c", "wire/url.h", "src/wire/url.h"), [])
        self.assertEqual(self.check("src/client/c.c", "tls/engine.h", "src/tls/engine.h"), [])
        self.assert_one(self.check("src/client/c.c", "loop/loop.h", "src/loop/loop.h"), "client/ uses only")

    def test_public_header(self):
        self.assertEqual(self.check("src/cli/stop.c", "pebble.h"), [])
        self.assertEqual(self.check("src/client/c.c", "pebble.h"), [])
        self.assert_one(self.check("src/api/x.c", "pebble.h"), "public header")
        self.assertEqual(self.check("src/charm/charm.c", "pebble-charm.h"), [])
        self.assert_one(self.check("src/client/c.c", "pebble-charm.h"), "public header")

    def test_only_two_commands_use_the_daemon(self):
        self.assertEqual(self.check("src/cli/cmd_run.c", "daemon/daemon.h", "src/daemon/daemon.h"), [])
        self.assertEqual(self.check("src/cli/enter.c", "daemon/daemon.h", "src/daemon/daemon.h"), [])
        self.assert_one(self.check("src/cli/cmd_stop.c", "daemon/daemon.h", "src/daemon/daemon.h"), "run and enter")

    def test_internal_headers(self):
        header = "data/yaml_internal.h"
        self.assertEqual(self.check("src/data/x.c", header, f"src/{header}"), [])
        self.assertEqual(self.check("tests/unit/plan/x.c", header, f"src/{header}"), [])
        self.assert_one(self.check("src/plan/x.c", header, f"src/{header}"), "x.c:2: includes \"data/yaml_internal.h\"")


class HeadersTest(TreeCase):
    def private(self, path, comment):
        return self.objections("check-modules", {path: LGPL + comment + "#pragma once\n"}, "private")

    def test_private_headers(self):
        self.assertEqual(self.private("src/data/x_internal.h", "// Private to data/: this\n// and that.\n"), [])
        self.assertEqual(self.private("src/data/x_internal.h", "// This. Private\n// to data/.\n"), [])
        self.assertEqual(self.private("src/data/x_internal.h", "// Private to the writers of data/.\n"), [])
        self.assertEqual(self.private("src/client/x_internal.h", "// Private to libpebble: this.\n"), [])
        self.assertEqual(self.private("src/data/x.h", "// This.\n\n// Private to data/.\n"), [])
        self.assert_one(self.private("src/data/x_internal.h", "// This.\n"), 'x_internal.h:1: its leading comment')
        self.assert_one(self.private("src/data/x_internal.h", "// Private to wire/.\n"), '"Private to data/"')
        self.assert_one(self.private("src/data/x.h", "// Private to data/: this.\n"), "is not called x_internal.h")

    def declared(self, text, path="src/plan/x.c"):
        headers = ("src/plan/a_internal.h", "src/plan/b.h", "src/data/c.h", "src/cli/commands.h")
        return self.objections("check-modules", dict.fromkeys(headers, "") | {path: text}, "declared")

    def test_own_header(self):
        for header in ("x.h", "x_internal.h"):
            files = {"src/plan/x.c": GPL, f"src/plan/{header}": GPL}
            self.assertEqual(self.objections("check-modules", files, "declared"), [])
        self.assert_one(self.declared(GPL), "src/plan/x.c:1: has no header of its name")

    def test_declared_elsewhere(self):
        includes = '#include "plan/a_internal.h"\n#include "plan/b.h"\n#include "data/c.h"\n'
        self.assertEqual(self.declared(GPL + "// This. Declared in a_internal.h.\n" + includes), [])
        self.assertEqual(self.declared(GPL + "// Declared in\n// b.h and plan/a_internal.h: this.\n" + includes), [])
        self.assertEqual(self.declared(LGPL + "// Declared in pebble.h.\n", "src/client/x.c"), [])
        self.assert_one(self.declared(GPL + "\n// Declared in b.h.\n" + includes), "has no header of its name")
        self.assert_one(self.declared(GPL + "// Declared in b.h.\n"), "does not include it")
        self.assert_one(self.declared(GPL + "// Declared in c.h.\n" + includes), "no header of its module")
        self.assert_one(self.declared(GPL + "// Declared in data/c.h.\n" + includes), "no header of its module")
        self.assert_one(self.declared(GPL + "// Declared in b.h, c.h.\n" + includes), "plan/c.h, which is no header")

    def test_shared_headers(self):
        self.assertEqual(self.declared(GPL + '#include "cli/commands.h"\n', "src/cli/cmd_x.c"), [])
        self.assertEqual(self.declared(GPL, "src/cli/main.c"), [])
        self.assert_one(self.declared(GPL, "src/cli/cmd_x.c"), "has no header")


class CirclesTest(TreeCase):
    CALLS = {
        "src/plan/a.c": "void a(void) {\n    b();\n}\n",
        "src/plan/b.c": "int b(void)\n{\n    return c(&x);\n}\n",
        "src/plan/c.c": "static void a(void) {\n}\nint c(int *x) {\n    d();\n}\n",
        "src/plan/d.c": 'void d(void) {\n    puts("a()"); // a()\n    x->a(x.b);\n}\n',
    }

    def check(self, allowed, **files):
        changed = {f"src/plan/{name}.c": text for name, text in files.items()}
        return self.objections("check-modules", self.CALLS | changed, "circles", ALLOWED_CIRCLES=allowed)

    def test_no_circle(self):
        self.assertEqual(self.check({}), [])

    def test_circle(self):
        found = self.check({}, c="int c(int *x) {\n    use(a);\n}\n")
        self.assertEqual(found, ["src/plan: circle: a.c, b.c, c.c"])

    def test_circles_of_two_modules_are_two(self):
        other = {"src/data/e.c": "void e(void) {\n    a();\n}\n", "src/plan/d.c": "void d(void) {\n    e();\n}\n"}
        self.assertEqual(self.objections("check-modules", self.CALLS | other, "circles", ALLOWED_CIRCLES={}), [])

    def test_allowed_circle(self):
        allowed = {"plan": {frozenset("abc"): "a reason"}}
        self.assertEqual(self.check(allowed, c="int c(int *x) {\n    a();\n}\n"), [])
        self.assertEqual(self.check(allowed), ["src/plan: no longer a circle: remove it: a.c, b.c, c.c"])
        self.assert_one(self.check({"tls": {frozenset("ab"): "a reason"}}), "src/tls: circles are allowed in a module")
        found = self.check(allowed, d="void d(void) {\n    a();\n}\n")
        self.assertEqual(found[0], "src/plan: circle: a.c, b.c, c.c, d.c")
        self.assert_one(found[1:], "no longer a circle")


class StyleCase(TreeCase):
    def check(self, text, *rules, path="src/api/x.c"):
        return self.objections("check-style", {path: text}, *rules)

    def function(self, body, *rules, parameters="void"):
        """What is said of a function with a body of these lines, of which the first is line 2 of the file."""
        lines = "".join(f"    {line}\n" for line in body.split("\n"))
        return self.check(f"void f({parameters}) {{\n{lines}}}\n", *rules)


class FilesTest(StyleCase):
    BASIC = ("licence", "length", "parameters", "guard", "banned")

    def basic(self, text, path="src/api/x.c"):
        return self.check(text, *self.BASIC, path=path)

    def test_good_file(self):
        body = 'int f(int a, int (*b)(int, int))\n{\n    return b(a, \'{\') + g("} strcpy(");\n}\n'
        self.assertEqual(self.basic(GPL + "#include <stdio.h>\n\n" + body), [])
        self.assertEqual(self.basic("#!/bin/sh\n# SPDX-License-Identifier: GPL-3.0-or-later\n", "tools/x"), [])

    def test_licences(self):
        self.assert_one(self.basic("int a;\n"), "src/api/x.c:1: [licence] does not begin with 'SPDX")
        self.assert_one(self.basic(LGPL), "'SPDX-License-Identifier: GPL-3.0-or-later'")
        self.assert_one(self.basic(GPL, "src/base/x.c"), "'SPDX-License-Identifier: LGPL-3.0-or-later'")
        self.assert_one(self.basic(GPL, "src/tls/x.c"), "'SPDX-License-Identifier: LGPL-3.0-or-later'")
        self.assertEqual(self.basic(LGPL, "src/wire/x.c"), [])
        self.assert_one(self.basic("import os\n", "tests/x.py"), "does not begin")

    def test_corpora_are_data(self):
        self.assertEqual(self.basic("{", "tests/fuzz/corpus/json/empty"), [])

    def test_long_file(self):
        self.assertEqual(self.basic(GPL + "\n" * 599), [])
        self.assert_one(self.basic(GPL + "\n" * 600), "src/api/x.c:1: [length] 601 lines")

    def test_long_function(self):
        def text(lines):
            return GPL + "\nstatic int a = {1};\n\nint f(void) {\n" + "    a();\n" * (lines - 2) + "}\n"

        self.assertEqual(self.basic(text(60)), [])
        self.assert_one(self.basic(text(61)), "src/api/x.c:5: [length] a function of 61 lines")

    def test_long_tables_are_no_functions(self):
        self.assertEqual(self.basic(GPL + "static const int a[] = {\n" + "    1,\n" * 80 + "};\n"), [])
        self.assertEqual(self.basic(GPL + "struct a {\n" + "    int b; // (c)\n" * 80 + "};\n"), [])

    def test_parameters(self):
        self.assertEqual(self.basic(GPL + "int f(int a, int b, int c, int d,\n      int e) {\n}\n"), [])
        found = self.basic(GPL + "int f(int a, int b, int c, int d,\n      int e, int f) {\n}\n")
        self.assert_one(found, "x.c:2: [parameters] 6 parameters")

        text = GPL + "int f(int a, int b, int c, event_fn d, void *data%s,\n      int e%s, struct error *err) {\n}\n"
        self.assertEqual(self.basic(text % ("", "")), [])
        self.assertEqual(self.basic(text % (" UNUSED", " UNUSED")), [])
        self.assert_one(self.basic(text % ("", ", int g")), "6 parameters")

    def test_banned_calls(self):
        found = self.basic(GPL + "int f(void) {\n    strcpy(a, b); // strcpy(\n}\n")
        self.assert_one(found, "x.c:3: [banned] strcpy()")
        self.assertEqual(self.basic(GPL + "int f(void) {\n    my_atoi(a);\n}\n"), [])

    def test_header_guard(self):
        self.assert_one(self.basic(GPL + "int f(void);\n", "src/api/x.h"), "#pragma once")
        public = "/* SPDX-License-Identifier: LGPL-3.0-or-later */\n#ifndef X_H\n"
        self.assertEqual(self.basic(public, "include/x.h"), [])
        self.assert_one(self.basic(LGPL + "#pragma once\n", "include/x.h"), "#ifndef")


class LayoutTest(StyleCase):
    def test_sizeof(self):
        for good in ("sizeof x", "sizeof *x", "sizeof(struct x)", "sizeof(uint8_t)", "sizeof(void *)", "sizeof(x_fn)",
                     "sizeof((struct x *)NULL)->y"):
            self.assertEqual(self.function(f"n = {good};", "sizeof"), [], good)
        self.assertEqual(self.check("#define N(a) \\\n    (sizeof(a) / sizeof((a)[0]))\n", "sizeof"), [])
        self.assert_one(self.function("n = sizeof(x->y);", "sizeof"), "x.c:2: [sizeof] sizeof x->y, without")
        self.assert_one(self.function("n = sizeof(*x);", "sizeof"), "sizeof *x")
        self.assert_one(self.function("n = sizeof (typed);", "sizeof"), "sizeof typed")

    def test_unused_parameters(self):
        self.assertEqual(self.function("(void)g(x);\n(void)x->y();\n// (void)x;", "unused"), [])
        self.assert_one(self.function("g();\n(void)data;", "unused"), "x.c:3: [unused] (void)data; for a parameter")

    def test_section_comments(self):
        head = GPL + "// What this is.\n\n"
        self.assertEqual(self.check(head + "int a;\n\n// --- this and that ---\n\nint b;\n", "section"), [])
        self.assertEqual(self.check(head + "// Of b.\nint b;\n\n// One,\n// two.\n\nint c;\n", "section"), [])
        self.assertEqual(self.check(GPL + "\nvoid f(void) {\n\n    // Alone.\n\n}\n", "section"), [])
        self.assert_one(self.check(head + "int a;\n\n// This and that\n\nint b;\n", "section"), "x.c:6: [section]")
        self.assert_one(self.check(head + "int a;\n\n// -- this --\n\nint b;\n", "section"), "section comment")
        self.assert_one(self.check(head + "int a;\n\n// --- this ---\nint b;\n", "section"), "between blank lines")
        self.assert_one(self.check(head + "int a;\n\n// --- a --- b\n// c\n", "section"), "has the form")

    def test_braces_that_are_needed(self):
        good = [
            "if (a)\n    b();",
            "if (a) {\n    b();\n    c();\n}",
            "if (a) {\n    b(1,\n      2);\n}",
            "if (a) {\n    // Why.\n    b();\n}",
            "if (a &&\n    b) {\n    c();\n}",
            "if (a) {\n    b();\n} else {\n    c();\n    d();\n}",
            "if (a) {\n    b();\n} else if (c &&\n           d) {\n    e();\n} else\n    f();",
            "for (;;) {\n    if (a)\n        b();\n}",
            "for (;;) {\n    if (a)\n        b();\n    else\n        c();\n}",
            "while (a) {\n}",
            "do {\n    b();\n} while (a);",
            "switch (a) {\n    default: b();\n}",
            "struct x y = {\n    1,\n};",
        ]
        for body in good:
            self.assertEqual(self.function(body, "braces"), [], body)

    def test_braces_around_a_single_statement(self):
        bad = [
            "if (a) {\n    b();\n}",
            "if (a(\")\")) {\n    b(); // Why.\n}",
            "for (;;) {\n    b();\n}",
            "while (a) {\n    b();\n}",
            "LIST_FOR_EACH(a, b, c) {\n    d();\n}",
            "if (a)\n    b();\nelse {\n    c();\n}",
            "if (a) {\n    b();\n} else\n    c(1,\n      2);",
        ]
        for body in bad:
            self.assert_one(self.function(body, "braces"), "[braces]")
        found = self.function("g();\nif (a) {\n    b();\n} else if (c) {\n    d();\n} else {\n    e();\n}", "braces")
        self.assertEqual([line.split(":")[1] for line in found], ["3", "5", "7"])
        nested = "if (a) {\n    if (b)\n        c();\n    if (d) {\n        e();\n    }\n} else if (f) {\n    g();\n}"
        self.assert_one(self.function(nested, "braces"), "x.c:5:")


class PointerTest(StyleCase):
    HEAD = """struct x {
    char *name, initial;
    bool is_open;
    x_fn done;
    void (*begin)(int);
    struct x *next;
};
"""

    def check_body(self, body, parameters="struct x *x, const char *text, bool flag UNUSED"):
        text = self.HEAD + f"static void f({parameters}) {{\n    {body}\n}}\n"
        return self.check(text, "pointer")

    def test_comparisons_and_booleans(self):
        good = [
            "if (x == NULL || text != NULL) g();",
            "if (!flag && x->is_open) g(!x->initial);",
            "if (!*text || !text[0] || !g(x) || !x->begin(1)) g();",
            "return a == x && y != text ? x : text;",
            "int n = 0; if (n && !n) g();",
            "g(x, &x, (void *)x, \"!x\"); // !x",
            "char *a[2] = {x}; if (!a[0]) g();",
        ]
        for body in good:
            self.assertEqual(self.check_body(body), [], body)

    def test_pointers_as_conditions(self):
        bad = [
            ("if (!x) g();", "x is a pointer: x == NULL"),
            ("if (x) g();", "x != NULL"),
            ("while (x->next->name) g();", "name != NULL"),
            ("if (!x->done) g();", "done == NULL"),
            ("if (flag && !x->begin) g();", "begin == NULL"),
            ("if (flag && text) g();", "text != NULL"),
            ("g(text ? text : 0);", "text != NULL"),
            ("return x->name && flag;", "name != NULL"),
            ("return h(x)->name && flag;", "name != NULL"),
            ("for (struct x *i = x; i; i = i->next) g();", "i != NULL"),
            ("AUTO_FREE const char *const a = g(1, 2), *b = 0; if (!b) g();", "b == NULL"),
        ]
        for body, words in bad:
            self.assert_one(self.check_body(body), words)
        self.assert_one(self.check_body("g();\n    if (!x) g();"), "x.c:10: [pointer]")

    def test_file_variables(self):
        text = "static struct x *here;\nstatic bool here_too;\nvoid f(void) {\n    g(!here_too);\n    g(!here);\n}\n"
        self.assert_one(self.check(text, "pointer"), "x.c:5:")

    def test_names_of_several_kinds(self):
        other = "struct y {\n    bool name;\n    struct x x;\n};\n"
        self.assertEqual(self.check_body("return;\n}\n" + other + "void h(void) {\n    g(!z()->name);"), [])
        found = self.check_body("return;\n}\n" + other + "void h(struct y *y) {\n    g(!y->name, !y->x.name);")
        self.assert_one(found, "name == NULL")
        self.assertEqual(self.check_body("{ int a = 1; } { char *a = g(); h(!a); }"), [])


class WordsTest(StyleCase):
    def test_tags(self):
        files = {
            "src/api/a.c": "struct a {\n    int b;\n};\nenum b { C };\nstruct c *d;\ntypedef void (*a_fn)(int b);\n",
            "src/api/b.c": "struct c {\n    struct a a;\n};\nstruct a *f(void) {\n}\ntypedef int b_fn(int);\n",
            "tests/unit/a.c": "struct a {\n    int b;\n};\n",
        }
        self.assertEqual(self.objections("check-style", files, "tags"), [])
        files["src/plan/x.h"] = "\nenum a { X };\n"
        found = self.objections("check-style", files, "tags")
        self.assert_one(found, "src/plan/x.h:2: [tags] the tag a is defined in src/api/a.c:1 too")
        files["src/plan/x.h"] = "typedef struct {\n    int b;\n} c_fn;\ntypedef bool (*a_fn)(void);\n"
        found = self.objections("check-style", files, "tags")
        self.assert_one(found, "x.h:4: [tags] the typedef a_fn is defined in src/api/a.c:6")

    def test_callbacks(self):
        good = "static void on_timer_expired(void) {\n}\nvoid on_x(void) {\n}\nstatic void one(void) {\n}\n"
        self.assertEqual(self.check(good + "static void on_y(void);\n", "callbacks"), [])
        self.assert_one(self.check("\nstatic void on_timer(void) {\n}\n", "callbacks"), "x.c:2: [callbacks] on_timer")

    def test_names(self):
        good = "int essay_x, share_hear_x, settle, settler, answered, planes; // answer\n"
        self.assertEqual(self.check(good + '#include "answer.h"\n', "names"), [])
        for name in ("hear_end", "tell_all", "say_so", "plan_settle", "pool_take_turn", "answer", "write_answer",
                     "answer_text", "lane_job", "shown_name", "plan_lanes", "lane"):
            self.assert_one(self.check(f"int a;\nint {name} = 1 + {name};\n", "names"), f"x.c:2: [names] {name}: ")

    def test_lanes(self):
        for path in ("src/state/x.c", "src/plan/x.c", "src/services/x.h", "tests/unit/state/x.c", "tests/fuzz/x.c"):
            self.assertEqual(self.check("int lane, plan_lanes;\n", "names", path=path), [])
        self.assert_one(self.check("int lane;\n", "names", path="tests/unit/api/x.c"), "[names] lane: ")

    def references(self, comment):
        others = ("src/plan/layer.c", "include/pebble.h", "tests/unit/plan/check.h", "docs/internals/plan.md", "README.md")
        files = dict.fromkeys(others, "") | {"src/api/x.h": f"int a;\n// {comment}\n"}
        return self.objections("check-style", files, "references")

    def test_references(self):
        self.assertEqual(self.references("layer.c, plan/layer.c, src/plan/layer.c, pebble.h, check.h, x.h: <uv.h>"), [])
        self.assertEqual(self.references("docs/internals/plan.md (README.md), x.hpp"), [])
        self.assertEqual(self.references("https://example.org/a/b.md, other modules' *_internal.h, NAME.d/x.yaml"), [])
        self.assert_one(self.references("See behaviour/plan.md."), "x.h:2: [references] behaviour/plan.md")
        for bad in ("layers.c", "api/layer.c", "docs/internals/state.md", "unit/plan/layer.c", "plan/docs/plan.md"):
            self.assert_one(self.references(f"See {bad}."), f"[references] {bad} is no file")
        self.assertEqual(self.check("// layers.c\n", "references", path="tests/unit/x.c"), [])

    def test_phrases(self):
        self.assertEqual(self.check("int his_turn; // A turn; the words that come last.\n", "phrases"), [])
        self.assert_one(self.check("\n// This is the Last Word.\n", "phrases"), 'x.c:2: [phrases] "Last Word"')
        self.assert_one(self.check("// each gets\n    // his turn\n", "phrases"), '"gets his turn"')
        self.assert_one(self.check('char a[] = "to take "\n           "apart";\n', "phrases"), '"take apart"')
        self.assert_one(self.check("A client says goodbye.\n", "phrases", path="docs/x.md"), "docs/x.md:1: [phrases]")
        self.assertEqual(self.check("// his turn\n", "phrases", path="tests/unit/x.c"), [])


class OptionsTest(unittest.TestCase):
    RULES = {"a": "", "b": "", "c": ""}

    def chosen(self, only, skip):
        load("check-style")  # which makes the helpers of tools/ known
        return importlib.import_module("check_rules").chosen(self.RULES, only, skip)

    def test_rules_are_chosen(self):
        self.assertEqual(self.chosen([], []), ["a", "b", "c"])
        self.assertEqual(self.chosen(["c", "a"], []), ["a", "c"])
        self.assertEqual(self.chosen([], ["b"]), ["a", "c"])
        with self.assertRaises(SystemExit):
            self.chosen(["d"], [])

    def test_every_rule_has_a_check(self):
        style, modules = load("check-style"), load("check-modules")
        self.assertEqual(set(style.RULES), set(style.FILE_CHECKS) | set(style.TREE_CHECKS))
        self.assertEqual(set(modules.RULES), set(modules.CHECKS))


if __name__ == "__main__":
    unittest.main()
