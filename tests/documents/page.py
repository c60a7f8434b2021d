# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a document: its blocks of code with their directives, its headings and its links."""

import re
import shlex

LANGUAGES = {"console", "yaml", "json", "sh", "c", "python", "ini", "dockerfile", "text"}
# Each directive of a block, with the number of its words; None: the rest of the comment.
DIRECTIVES = {"file": 1, "background": 0, "terminal": 1, "status": 1, "layer": 0, "fragment": 1, "refused": 0,
              "skip": None}
FENCE = re.compile(r"^( *)(`{3,}|~{3,})[ \t]*([^`\s]*)[^`]*$")
HEADING = re.compile(r"^(#{1,6})[ \t]+(.*?)[ \t]*#*$")
ITEM = re.compile(r"^( *)([-*+]|[0-9]+[.)])( +)\S")
LINK = re.compile(r"(?<!\\)\[(?:[^\[\]]|\[[^\]]*\])*\]\(\s*<?([^)\s>]*)>?(?:\s+\"[^\"]*\")?\s*\)")
DEFINITION = re.compile(r"^ {0,3}\[[^\]^]+\]:\s*<?([^\s>]+)>?")
CODE_SPAN = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)", re.DOTALL)
LEVEL_INDENT = 4  # of an indented block of code


class Fault(Exception):
    """Something is wrong at a line of a document."""

    def __init__(self, line, message):
        super().__init__(message)
        self.line = line
        self.message = message


class Block:
    """A fenced block of code; or invisible commands, with the language `run`."""

    def __init__(self, line, language, text, directives):
        self.line = line  # of its first line of text
        self.language = language
        self.text = text
        self.directives = directives

    def has(self, directive):
        return directive in self.directives

    def word(self, directive, default=None):
        """The word behind a directive."""
        return self.directives.get(directive, default)


class Page:
    """A document. What cannot be read is in `faults`."""

    def __init__(self, text):
        self.blocks, self.faults, self.needs = [], [], []
        self.headings, self.links = [], []
        self.lines = text.split("\n")
        self.at = 0
        self.pending = None  # directives, with their line
        self.paragraph = []  # its lines, with their numbers, whose links have not been read
        self.list_indent = None  # where the text of the current list item begins
        self.is_paragraph = False
        while self.at < len(self.lines):
            self.read_line()
        self.read_links()
        self.end_directives(len(self.lines))

    def fault(self, line, message):
        self.faults.append(Fault(line, message))

    def read_line(self):
        line = self.lines[self.at]
        fence = FENCE.match(line)
        if line.lstrip().startswith("<!--"):
            self.read_links()
            self.read_comment()
        elif fence and not self.is_indented_code(line):
            self.read_block(fence)
        else:
            self.at += 1
            if line.strip():
                self.end_directives(self.at)
            self.read_prose(line, self.at)

    def end_directives(self, line):
        if self.pending is not None:
            self.fault(self.pending[0], f"the directive is not before a block of code (line {line} is not one)")
            self.pending = None

    # --- prose ---

    def is_indented_code(self, line):
        if not line.strip() or self.is_paragraph:
            return False
        indent = len(line.expandtabs(4)) - len(line.expandtabs(4).lstrip())
        return indent >= (self.list_indent or 0) + LEVEL_INDENT

    def read_prose(self, line, number):
        if not line.strip():
            self.read_links()
            self.is_paragraph = False
            return
        if self.is_indented_code(line):
            self.fault(number, "an indented block of code: use a fenced block with a language")
            return
        item = ITEM.match(line)
        heading = HEADING.match(line)
        if item or heading or line.startswith("|"):
            self.read_links()
        if item:
            self.list_indent = item.end() - 1
        elif not line.startswith(" ") and not self.is_paragraph:
            self.list_indent = None
        if heading:
            self.headings.append((number, heading[2]))
        self.is_paragraph = heading is None
        self.paragraph.append((number, line))

    def read_links(self):
        """The links of the paragraph that ends here, which may go on over several lines."""
        if not self.paragraph:
            return
        text = "\n".join(line for _, line in self.paragraph)
        self.paragraph, first = [], self.paragraph[0][0]
        # What is in spans of code is no link, but the text of a link may be one.
        hidden = CODE_SPAN.sub(lambda span: re.sub("[^\n]", "x", span[0]), text)
        for at, line in enumerate(hidden.split("\n")):
            definition = DEFINITION.match(line)
            if definition:
                self.links.append((first + at, definition[1]))
        self.links.extend((first + hidden.count("\n", 0, link.start(1)), link[1]) for link in LINK.finditer(hidden))

    # --- comments ---

    def read_comment(self):
        first = self.at
        while "-->" not in self.lines[self.at]:
            self.at += 1
            if self.at == len(self.lines):
                self.fault(first + 1, "the comment has no end")
                return
        self.at += 1
        text = "\n".join(self.lines[first:self.at]).strip()
        text = text.removeprefix("<!--").split("-->")[0]
        words = text.strip()
        if not words.startswith("test:"):
            if re.match(r"tests?\b", words):
                self.fault(first + 1, "a directive begins with 'test:'")
            return
        self.read_directive(words.removeprefix("test:"), first + 1)

    def read_directive(self, text, line):
        words = text.split("\n", 1)[0].split()
        if words[:1] == ["needs"]:
            self.needs += words[1:]
        elif words[:1] == ["run"]:
            self.end_directives(line)
            self.blocks.append(Block(line + 1, "run", text.split("\n", 1)[1] if "\n" in text else "",
                                     self.directives_of(words[1:], line, {"terminal": 1})))
        else:
            first = self.pending[0] if self.pending else line
            earlier = self.pending[1] if self.pending else {}
            self.pending = (first, {**earlier, **self.directives_of(text.split(), line, DIRECTIVES)})

    def directives_of(self, words, line, known):
        """The directives of a comment, each with its word."""
        found = {}
        words = [word.rstrip(",") for word in words]
        if not words and known is DIRECTIVES:
            self.fault(line, "a directive without a word")
        while words:
            name = words.pop(0)
            if name not in known:
                self.fault(line, f"unknown directive '{name}'")
                return found
            count = known[name]
            if count is None:
                found[name], words = " ".join(words), []
            else:
                found[name] = " ".join(words[:count])
                words = words[count:]
            if count != 0 and not found[name]:
                self.fault(line, f"the directive '{name}' needs a word")
            if name in ("terminal", "status") and not found[name].isdigit():
                self.fault(line, f"the directive '{name}' needs a number, not '{found[name]}'")
                del found[name]
        return found

    # --- blocks ---

    def read_block(self, fence):
        self.read_links()
        indent, mark, language = len(fence[1]), fence[2], fence[3]
        first = self.at
        lines = []
        while True:
            self.at += 1
            if self.at == len(self.lines):
                self.fault(first + 1, "the block of code has no end")
                break
            line = self.lines[self.at]
            if line.strip().startswith(mark) and not line.strip().strip(mark[0]):
                self.at += 1
                break
            lines.append(line[min(indent, len(line) - len(line.lstrip())):])
        directives = self.pending[1] if self.pending else {}
        self.pending = None
        self.is_paragraph = False
        if not language:
            self.fault(first + 1, "a block of code without a language")
        elif language not in LANGUAGES:
            self.fault(first + 1, f"the language '{language}' is none of {', '.join(sorted(LANGUAGES))}")
        else:
            self.blocks.append(Block(first + 2, language, "".join(f"{line}\n" for line in lines), directives))

    # --- headings ---

    def anchors(self):
        """The names of the headings, as GitHub and the site make them."""
        seen, names = {}, set()
        for _, text in self.headings:
            name = slug(text)
            seen[name] = seen.get(name, -1) + 1
            names.add(name if seen[name] == 0 else f"{name}-{seen[name]}")
        return names


def slug(heading):
    """The name of a heading: small letters, digits, hyphens and underscores; blanks are hyphens."""
    text = LINK.sub(lambda link: link[0][1:link[0].index("](")], heading)
    text = re.sub(r"[`*]", "", text).strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


class Command:
    """A command of a console block, and the output that the document shows."""

    def __init__(self, line, text):
        self.line = line
        self.text = text
        self.output = []


def commands(block):
    """The commands of a console block. Fault: there is output before the first one."""
    found = []
    is_command = False
    for number, line in enumerate(block.text.splitlines(), block.line):
        if line.startswith("$ ") or line == "$":
            found.append(Command(number, line[2:]))
            is_command = True
        elif is_command and (line.startswith("> ") or line == ">"):
            found[-1].text += "\n" + line[2:]
        elif is_command and found[-1].text.endswith("\\"):
            found[-1].text += "\n" + line
        elif not found:
            raise Fault(number, "output before the first command, which begins with '$ '")
        else:
            is_command = False
            found[-1].output.append(line)
    for command in found:
        while command.output and not command.output[-1].strip():
            command.output.pop()
    return found


def expand(path, variables):
    """A path with ~, $NAME and ${NAME}. KeyError: there is no such variable."""
    if path == "~" or path.startswith("~/"):
        path = variables["HOME"] + path[1:]
    path = re.sub(r"\$(\w+|\{\w+\})", lambda name: variables[name[1].strip("{}")], path)
    words = shlex.split(path)
    return words[0] if words else ""
