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
    def objections(self, tool, files):
        with tempfile.TemporaryDirectory() as tree:
            for path, text in files.items():
                os.makedirs(os.path.dirname(os.path.join(tree, path)), exist_ok=True)
                with open(os.path.join(tree, path), "w", encoding="utf-8") as file:
                    file.write(text)
            return load(tool).check(tree)

    def assert_one(self, found, words):
        self.assertEqual(len(found), 1, found)
        self.assertIn(words, found[0])


class LayersTest(TreeCase):
    def check(self, path, include, *others):
        files = {other: "" for other in others}
        files[path] = f'#include <stdio.h>\n  #  include "{include}"\n'
        return self.objections("check-modules", files)

    def test_down_and_own_are_fine(self):
        self.assertEqual(self.check("src/plan/layer.c", "data/yaml.h", "src/data/yaml.h"), [])
        self.assertEqual(self.check("src/plan/layer.c", "plan/layer.h", "src/plan/layer.h"), [])

    def test_up(self):
        found = self.check("src/plan/layer.c", "api/router.h", "src/api/router.h")
        self.assert_one(found, "src/plan/layer.c:2: includes \"api/router.h\": an arrow up")

    def test_sideways(self):
        self.assert_one(self.check("src/plan/plan.h", "state/state.h", "src/state/state.h"), "an arrow sideways")

    def test_unknown_rooms(self):
        self.assert_one(self.check("src/util/x.c", "base/list.h", "src/base/list.h"), "'util' is not a module")
        self.assert_one(self.check("src/api/x.c", "util/x.h"), "there is no module 'util'")
        self.assert_one(self.check("src/main.c", "base/list.h", "src/base/list.h"), "not a module")

    def test_missing_and_bare_headers(self):
        self.assert_one(self.check("src/api/x.c", "base/none.h"), "no such header")
        self.assert_one(self.check("src/api/x.c", "x.h"), "module in front")

    def test_library_uses_three_rooms(self):
        self.assertEqual(self.check("src/client/c.c", "wire/url.h", "src/wire/url.h"), [])
        self.assert_one(self.check("src/client/c.c", "loop/loop.h", "src/loop/loop.h"), "client/ uses only")

    def test_public_header(self):
        self.assertEqual(self.check("src/cli/stop.c", "pebble.h"), [])
        self.assertEqual(self.check("src/client/c.c", "pebble.h"), [])
        self.assert_one(self.check("src/api/x.c", "pebble.h"), "public header")

    def test_only_two_commands_use_the_daemon(self):
        self.assertEqual(self.check("src/cli/cmd_run.c", "daemon/daemon.h", "src/daemon/daemon.h"), [])
        self.assertEqual(self.check("src/cli/enter.c", "daemon/daemon.h", "src/daemon/daemon.h"), [])
        self.assert_one(self.check("src/cli/cmd_stop.c", "daemon/daemon.h", "src/daemon/daemon.h"), "run and enter")


class StyleTest(TreeCase):
    def check(self, text, path="src/api/x.c"):
        return self.objections("check-style", {path: text})

    def test_good_file(self):
        body = 'int f(int a, int (*b)(int, int))\n{\n    return b(a, \'{\') + g("} strcpy(");\n}\n'
        self.assertEqual(self.check(GPL + "#include <stdio.h>\n\n" + body), [])
        self.assertEqual(self.check("#!/bin/sh\n# SPDX-License-Identifier: GPL-3.0-or-later\n", "tools/x"), [])

    def test_licences(self):
        self.assert_one(self.check("int a;\n"), "GPL-3.0-or-later")
        self.assert_one(self.check(LGPL), "'SPDX-License-Identifier: GPL-3.0-or-later'")
        self.assert_one(self.check(GPL, "src/base/x.c"), "'SPDX-License-Identifier: LGPL-3.0-or-later'")
        self.assertEqual(self.check(LGPL, "src/wire/x.c"), [])
        self.assert_one(self.check("import os\n", "tests/x.py"), "does not begin")

    def test_corpora_are_data(self):
        self.assertEqual(self.check("{", "tests/fuzz/corpus/json/empty"), [])

    def test_long_file(self):
        self.assertEqual(self.check(GPL + "\n" * 599), [])
        self.assert_one(self.check(GPL + "\n" * 600), "601 lines")

    def test_long_function(self):
        def text(lines):
            return GPL + "\nstatic int a = {1};\n\nint f(void) {\n" + "    a();\n" * (lines - 2) + "}\n"

        self.assertEqual(self.check(text(60)), [])
        self.assert_one(self.check(text(61)), "src/api/x.c:5: a function of 61 lines")

    def test_long_tables_are_no_functions(self):
        self.assertEqual(self.check(GPL + "static const int a[] = {\n" + "    1,\n" * 80 + "};\n"), [])
        self.assertEqual(self.check(GPL + "struct a {\n" + "    int b; // (c)\n" * 80 + "};\n"), [])

    def test_parameters(self):
        self.assertEqual(self.check(GPL + "int f(int a, int b, int c, int d,\n      int e) {\n}\n"), [])
        self.assert_one(self.check(GPL + "int f(int a, int b, int c, int d,\n      int e, int f) {\n}\n"), "6 parameters")

        text = GPL + "int f(int a, int b, int c, event_fn d, void *data,\n      int e%s, struct error *err) {\n}\n"
        self.assertEqual(self.check(text % ""), [])
        self.assert_one(self.check(text % ", int g"), "6 parameters")

    def test_banned_calls(self):
        self.assert_one(self.check(GPL + "int f(void) {\n    strcpy(a, b); // strcpy(\n}\n"), "x.c:3: strcpy()")
        self.assertEqual(self.check(GPL + "int f(void) {\n    my_atoi(a);\n}\n"), [])

    def test_header_guard(self):
        self.assert_one(self.check(GPL + "int f(void);\n", "src/api/x.h"), "#pragma once")
        public = "/* SPDX-License-Identifier: LGPL-3.0-or-later */\n#ifndef X_H\n"
        self.assertEqual(self.check(public, "include/x.h"), [])
        self.assert_one(self.check(LGPL + "#pragma once\n", "include/x.h"), "#ifndef")


if __name__ == "__main__":
    unittest.main()
