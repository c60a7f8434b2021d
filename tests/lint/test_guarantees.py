# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of guarantees names tests that exist; tools/guarantees.py finds those that do not."""

import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools"))

import guarantees  # noqa: E402

PAGE = """## Services

| promise | shown by |
|---|---|
| It runs | {} |
"""


class PageTest(unittest.TestCase):
    def test_names_exist(self):
        page = guarantees.read_page()
        self.assertEqual(guarantees.missing(page), [])
        self.assertGreater(len(page.promises), 40)

    def test_goals_have_their_limits(self):
        page = guarantees.read_page()
        self.assertGreater(len(page.goals), 20)
        for goal in page.goals:
            self.assertTrue(goal.scale == "" or goal.scale in page.limits, goal.text)

    def test_figures_have_a_place(self):
        with open(guarantees.PAGE, encoding="utf-8") as file:
            text = file.read()
        self.assertIn("\nnew\n", guarantees.with_figures(text, "new\n"))


class MissingTest(unittest.TestCase):
    def faults(self, shown_by):
        files = {"tests/integration/test_a.py": "class BTest(Base):\n    def test_c(self):\n        pass\n",
                 "tests/unit/d/test_e.c": "static void f(void **state UNUSED) {\n", "tests/fuzz/fuzz_g.c": ""}
        with tempfile.TemporaryDirectory() as top:
            for path, text in files.items():
                os.makedirs(os.path.dirname(os.path.join(top, path)), exist_ok=True)
                with open(os.path.join(top, path), "w", encoding="utf-8") as file:
                    file.write(text)
            return guarantees.missing(guarantees.Page(PAGE.format(shown_by)), top)

    def test_good_names(self):
        self.assertEqual(self.faults("`test_a`, `test_a.BTest`, `test_a.BTest.test_c`, `unit d/e`, `unit d/e: f`, `fuzz g`"), [])

    def test_bad_names(self):
        for name in ("test_b", "test_a.BTest.test_d", "test_a.B", "unit d/f", "unit d/e: g", "fuzz h", "property x"):
            self.assertEqual(self.faults(f"`{name}`"), [f"there is no such test: {name}"])

    def test_none(self):
        self.assertEqual(len(self.faults("the reader")), 1)


class GoalTest(unittest.TestCase):
    def test_directions(self):
        fast, small = guarantees.Goal(["a", "b.c", "10", "", "≥ 2.5"]), guarantees.Goal(["a", "b.c", "10", "1/limits.x", "≤ 0.1"])
        self.assertEqual([fast.is_met(3), fast.is_met(2)], [True, False])
        self.assertEqual([small.is_met(0.1), small.is_met(0.2), small.inverse, small.scale], [True, False, True, "limits.x"])


if __name__ == "__main__":
    unittest.main()
