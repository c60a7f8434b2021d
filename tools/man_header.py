# SPDX-License-Identifier: GPL-3.0-or-later
"""Parsing of the public headers for tools/make-man: sections, declarations, and the comments that belong to them.

A comment directly before a declaration belongs to it, and to the functions directly below that have no comment of their
own. A comment behind a declaration belongs to that one only. A comment between blank lines is a note on what follows;
functions of the next block are described by it.
"""

import os
import re

TOKEN = re.compile(r"(?P<space>\s+)|(?P<comment>/\*.*?\*/)|(?P<directive>#(?:[^\n\\]|\\.|\\\n)*)", re.S)
COMMENT = re.compile(r"/\*.*?\*/", re.S)
SECTION = re.compile(r"/\* -{4} (.*?) -{4} \*/$", re.S)
NAME = re.compile(r"\w+")


class HeaderError(Exception):
    """A header that is not as the parser expects."""


def comment_text(comment):
    """The lines of a comment, without its marks and with the indentation of the text."""
    lines = comment[2:-2].split("\n")
    rest = [re.sub(r"^\s*\* ?", "", line) for line in lines[1:]]
    return "\n".join(line.rstrip() for line in [lines[0].strip(), *rest]).strip("\n").rstrip()


def flat(text):
    """C text without comments, on one line."""
    return re.sub(r"\s+", " ", COMMENT.sub(" ", text)).strip()


def joined(*texts):
    return "\n\n".join(text for text in texts if text)


class Member:
    """A member of a structure or an enumerator."""

    def __init__(self, declaration, name, text):
        self.declaration, self.name, self.text = declaration, name, text


class Declaration:
    """kind: "function", "callback", "struct", "enum" or "opaque"; result and parameters for the first two."""

    def __init__(self, raw, line, before, is_after_blank):
        self.raw, self.line, self.before, self.is_after_blank = raw, line, before, is_after_blank
        self.after = None
        self.members, self.parameters, self.result = [], [], ""
        self.kind, self.name = self._classify(flat(raw).rstrip(";").strip())

    def _classify(self, text):
        tagged = re.match(r"(struct|enum) ?(\w*) ?(\{|$)", text)
        if tagged:
            kind, name, brace = tagged.groups()
            if not brace:
                return "opaque", f"struct {name}"
            body = self.raw[self.raw.index("{") + 1:self.raw.rindex("}")]
            self.members = list(members(body, ";" if kind == "struct" else ","))
            return kind, f"{kind} {name}".strip()
        callback = re.match(r"typedef (.*?) ?\(\*(\w+)\)\((.*)\)$", text)
        function = callback or re.match(r"([\w ]+?[ *]+)(\w+)\((.*)\)$", text)
        if not function:
            raise HeaderError(f"{self.line}: cannot read the declaration: {text[:60]}")
        result, name, parameters = function.groups()
        self.result = result.strip()
        self.parameters = [part.strip() for part in parameters.split(",")]
        return ("callback" if callback else "function"), name

    @property
    def is_function(self):
        return self.kind in ("function", "callback")

    @property
    def text(self):
        return joined(self.before, self.after)


def pieces(body, separator):
    """Yields (text, comments before, comment behind) for each member of the body of a struct or enum."""
    parts, at, pending = [], 0, None
    for token in re.finditer(r"/\*.*?\*/|[%s]" % separator, body, re.S):
        between = body[at:token.start()]
        if between.strip():
            parts.append([between.strip(), pending, None])
            pending = None
        if token.group() != separator:
            text = comment_text(token.group())
            if parts and "\n" not in between[len(between.rstrip()) if between.strip() else 0:]:
                parts[-1][2] = joined(parts[-1][2], text)
            else:
                pending = text
        at = token.end()
    if body[at:].strip():
        parts.append([body[at:].strip(), pending, None])
    return parts


def members(body, separator):
    for text, before, after in pieces(body, separator):
        declaration = flat(text)
        name = re.sub(r"\[.*|\s*=.*", "", declaration)
        yield Member(declaration, NAME.findall(name)[-1], joined(before, after))


class Section:
    """`items`: declarations, and notes as strings."""

    def __init__(self, title, line):
        self.title, self.line, self.items = title, line, []

    def declarations(self, *kinds):
        return [item for item in self.items if isinstance(item, Declaration) and item.kind in kinds]


class Header:
    """`lead`: the leading comment; `sections`: the first has no title and holds what stands before the others."""

    def __init__(self, path):
        self.path = path
        with open(path, encoding="utf-8") as file:
            self.text = file.read()
        self.includes = re.findall(r'^#\s*include\s*[<"](pebble[\w./-]*)[>"]', self.text, re.M)
        comments = COMMENT.findall(self.text)
        if len(comments) < 2 or "SPDX" not in comments[0]:
            raise HeaderError(f"{path}:1: does not begin with its licence and a comment")
        self.lead = comment_text(comments[1])
        self.sections = [Section("", 1)]
        try:
            self._parse(self.text.index(comments[1]) + len(comments[1]))
        except HeaderError as error:
            raise HeaderError(f"{path}:{error}") from None
        self.sections = [section for section in self.sections if section.items]

    @property
    def stem(self):
        return os.path.basename(self.path)[:-2]

    def _parse(self, at):
        """Reads what follows the position `at`, the end of the leading comment."""
        text = re.sub(r"#ifdef __cplusplus\n.*?#endif\n", lambda match: re.sub(r"[^\n]", " ", match.group()), self.text,
                      flags=re.S)
        waiting, breaks, last = None, 2, None
        while at < len(text):
            token = TOKEN.match(text, at)
            line = text.count("\n", 0, at) + 1
            if token is None:
                end = self._end(text, at, line)
                is_near = waiting is not None and breaks < 2
                if waiting is not None and not is_near:
                    self.sections[-1].items.append(waiting)
                last = Declaration(text[at:end], line, waiting if is_near else None, breaks >= 2 and not is_near
                                   or is_near and self.blank_before_waiting)
                self.sections[-1].items.append(last)
                waiting, breaks, at = None, 0, end
                continue
            at = token.end()
            if token["space"]:
                breaks += token["space"].count("\n")
            elif token["directive"]:
                breaks = 2
            else:
                section = SECTION.match(token["comment"])
                if last is not None and breaks == 0 and waiting is None and not section:
                    last.after = joined(last.after, comment_text(token["comment"]))
                    continue
                if waiting is not None:
                    self.sections[-1].items.append(waiting)
                waiting = None
                if section:
                    self.sections.append(Section(" ".join(section.group(1).split()), line))
                    last = None
                else:
                    waiting, self.blank_before_waiting = comment_text(token["comment"]), breaks >= 2
                breaks = 0
        if waiting is not None:
            self.sections[-1].items.append(waiting)

    @staticmethod
    def _end(text, at, line):
        """The position behind the declaration that begins at `at`."""
        depth = 0
        for token in re.finditer(r"/\*.*?\*/|[{};]", text[at:], re.S):
            depth += {"{": 1, "}": -1}.get(token.group(), 0)
            if depth == 0 and token.group() == ";":
                return at + token.end()
        raise HeaderError(f"{line}: a declaration does not end")
