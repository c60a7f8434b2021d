# SPDX-License-Identifier: GPL-3.0-or-later
"""C source as far as the checks of this folder have to understand it: comments, literals, definitions."""

import collections
import functools
import os
import re

# Literals and comments, so that braces and names within them do not count.
NOISE = re.compile(r'"(?:\\.|[^"\\\n])*"' r"|'(?:\\.|[^'\\\n])*'" r"|//[^\n]*|/\*.*?\*/", re.S)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", re.M)
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)
ATTRIBUTE = re.compile(r"\b__attribute__\s*\(\((?:[^()]|\([^()]*\))*\)\)")
C_ENDINGS = (".c", ".h")

# first, last: lines from 0; start, end: where the text of these lines begins and ends; head: what stands before the
# body; parameters: what stands in its last pair of parentheses.
Function = collections.namedtuple("Function", "name is_static first last start end head parameters")


def blank(text, pattern=NOISE):
    """The text with what matches (literals and comments) blanked, lines kept."""
    return pattern.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


def definitions(text):
    """Yields (first line, last line), from 0, of whatever stands at the top level of a C file."""
    start, depth, has_body, in_directive = None, 0, False, False
    for number, line in enumerate(text.split("\n")):
        in_directive = in_directive or line.startswith("#")
        if in_directive:
            in_directive = line.endswith("\\")
            continue
        if start is None and line.strip():
            start, has_body = number, False
        has_body = has_body or "{" in line
        depth += line.count("{") - line.count("}")
        if start is not None and depth == 0 and (has_body or line.rstrip().endswith(";")):
            yield start, number
            start = None


def split_outside(text, separator=","):
    """The parts of a text between separators that stand in no parentheses, brackets or braces."""
    parts, depth, begin = [], 0, 0
    for at, character in enumerate(text):
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif character == separator and depth == 0:
            parts.append(text[begin:at])
            begin = at + 1
    return parts + [text[begin:]]


class Source:
    """A C file: `path` below the tree, `text`, and views of the text that keep every position and line."""

    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.lines = text.split("\n")

    @functools.cached_property
    def code(self):
        """The text with literals and comments blanked."""
        return blank(self.text)

    @functools.cached_property
    def statements(self):
        """The code with the preprocessor's lines blanked too."""
        return blank(self.code, DIRECTIVE)

    @functools.cached_property
    def noise(self):
        """(position, text) of each comment and literal."""
        return [(match.start(), match.group()) for match in NOISE.finditer(self.text)]

    @property
    def comments(self):
        return [(at, text) for at, text in self.noise if text.startswith(("//", "/*"))]

    @functools.cached_property
    def includes(self):
        """(line, header) of each header that is included with quotes."""
        return [(self.line_of(match.start(1)), match.group(1)) for match in INCLUDE.finditer(self.text)]

    @functools.cached_property
    def functions(self):
        """Each function that is defined in the file."""
        code, found = self.code, []
        lines, starts = code.split("\n"), [0]
        for line in lines:
            starts.append(starts[-1] + len(line) + 1)
        for first, last in definitions(code):
            body = code[starts[first] : starts[last + 1] - 1]
            head = ATTRIBUTE.sub("", body.split("{")[0]).rstrip()
            name = re.search(r"(\w+)\s*\(", head)
            if "{" in body and head.endswith(")") and "=" not in head and name:
                is_static = re.search(r"\bstatic\b", head) is not None
                parameters = head[name.end() : -1]
                found.append(
                    Function(name[1], is_static, first, last, starts[first], starts[last + 1] - 1, head, parameters)
                )
        return found

    def line_of(self, position):
        return self.text.count("\n", 0, position) + 1

    @property
    def leading_comment(self):
        """The words of the comment right after the licence line, as one line; "" if there is none."""
        words = []
        for line in self.lines[1:]:
            if not re.match(r"\s*(//|/?\*)", line):
                break
            words.append(re.sub(r"^\s*(//+|/\*+|\*+)/?|\*/\s*$", "", line).strip())
        return " ".join(words).strip()


class Tree:
    """A directory with the project, and its C files below `folders`, each read once."""

    def __init__(self, root, folders=("src", "include", "tests")):
        self.root = root
        self.sources = [self.read(path) for path in self.paths(folders) if path.endswith(C_ENDINGS)]

    def paths(self, folders):
        """The files below some folders, without corpora and caches."""
        for top in folders:
            for folder, inner, names in os.walk(os.path.join(self.root, top)):
                inner[:] = sorted(name for name in inner if name not in ("corpus", "__pycache__"))
                for name in sorted(names):
                    yield os.path.relpath(os.path.join(folder, name), self.root)

    def read(self, path):
        with open(os.path.join(self.root, path), encoding="utf-8") as file:
            return Source(path, file.read())

    def below(self, *folders):
        """The C files in some folders."""
        return [source for source in self.sources if source.path.startswith(tuple(f + "/" for f in folders))]
