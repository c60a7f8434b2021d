# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads docs/reference/guarantees.md: the promises with their tests, the goals of performance, and the last figures."""

import ast
import os
import re

TOP = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
PAGE = os.path.join(TOP, "docs", "reference", "guarantees.md")
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"


class Promise:
    def __init__(self, section, text, evidence):
        self.section = section
        self.text = text
        self.evidence = evidence  # names of tests, as in the page


class Goal:
    """`scale` names a limit of the machine, `inverse` says that a larger limit makes the figure smaller."""

    def __init__(self, cells):
        self.text, self.figure, reference, scale, goal = cells
        self.reference = float(reference)
        self.inverse = scale.startswith("1/")
        self.scale = scale.removeprefix("1/")
        sign, ratio = goal.split()
        self.at_least = sign == "≥"
        self.ratio = float(ratio)

    @property
    def is_of_time(self):
        """Whether it depends on the load of the machine: a time or a rate, not a size or a number."""
        return re.search(r"[._](ms|us|rps|MBps|per_GB|ms_per_s)$|add_per_s$", self.figure) is not None

    def is_met(self, ratio):
        return ratio >= self.ratio if self.at_least else ratio <= self.ratio


class Page:
    def __init__(self, text):
        self.promises, self.goals, self.limits = [], [], {}
        section, heads = "", []
        for line in text.splitlines():
            if line.startswith("## "):
                section = line[3:]
            if not line.startswith("|"):
                heads = []
                continue
            if not heads:
                heads = [cell.strip() for cell in line.strip("|").split("|")]
            elif not set(line) <= set("|- "):
                self.row(section, heads, line)

    def row(self, section, heads, line):
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if heads == ["promise", "shown by"]:
            self.promises.append(Promise(section, cells[0], re.findall(r"`([^`]+)`", cells[1])))
        elif heads[0] == "limit":
            self.limits[cells[0].strip("`")] = float(cells[1])
        elif heads[-1] == "goal":
            self.goals.append(Goal([cells[0], *[cell.strip("`") for cell in cells[1:]]]))


def read_page(path=PAGE):
    with open(path, encoding="utf-8") as file:
        return Page(file.read())


def with_figures(text, figures):
    """The text of the page with other figures."""
    return text[: text.index(BEGIN) + len(BEGIN)] + "\n" + figures + text[text.index(END) :]


def integration_tests(top=TOP):
    """The names of all integration tests. None is run for it."""
    names = []
    folder = os.path.join(top, "tests", "integration")
    for file in sorted(os.listdir(folder)):
        if not re.fullmatch(r"test_\w+\.py", file):
            continue
        with open(os.path.join(folder, file), encoding="utf-8") as source:
            tree = ast.parse(source.read())
        classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
        for name in classes:
            names += [f"{file[:-3]}.{name}.{method}" for method in methods(classes, name)]
    return names


def methods(classes, name):
    """The tests of a class, with those that it has from other classes of its file; mixed-in classes are no tests themselves."""
    found = []
    for node in classes[name].body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            found.append(node.name)
    for base in classes[name].bases:
        if isinstance(base, ast.Name) and base.id in classes:
            found += [method for method in methods(classes, base.id) if method not in found]
    return found


def matching(name, tests):
    """The integration tests that a name of the page stands for: a file, a class or a method."""
    return [test for test in tests if test == name or test.startswith(name + ".")]


def unit_name(name):
    """("state/checkpoint", "function" or None) for a name of the page that begins with `unit `."""
    program, _, function = name.removeprefix("unit ").partition(": ")
    return program, function or None


def missing(page, top=TOP):
    """What is wrong with the page: names of tests that do not exist, promises without any."""
    tests = integration_tests(top)
    faults = []
    for promise in page.promises:
        if not promise.evidence:
            faults.append(f"no test is named: {promise.text}")
        for name in promise.evidence:
            if not exists(name, tests, top):
                faults.append(f"there is no such test: {name}")
    return faults


def has_test(path, name=None):
    """Whether a file of tests is there and, if a name is given, has a test of this name."""
    if not os.path.exists(path):
        return False
    with open(path, encoding="utf-8") as source:
        text = source.read()
    head = rf"^ +def {re.escape(name or '')}\(self" if path.endswith(".py") else rf"^static void {re.escape(name or '')}\(void \*\*"
    return name is None or re.search(head, text, re.MULTILINE) is not None


def exists(name, tests, top):
    kind = name.split()[0]
    if kind == "unit":
        program, function = unit_name(name)
        module, _, file = program.partition("/")
        return has_test(os.path.join(top, "tests", "unit", module, f"test_{file}.c"), function)
    if kind == "fuzz":
        return has_test(os.path.join(top, "tests", "fuzz", f"fuzz_{name.split()[1]}.c"))
    if kind == "property":
        return has_test(os.path.join(top, "tests", "property", f"test_{name.split()[1]}.c"))
    return kind == "conform" or bool(matching(name, tests))
