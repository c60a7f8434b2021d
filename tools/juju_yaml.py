# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the YAML of charms, and writes it, with the standard library only.

What a charm's files and `state-set --file` need is read as Juju's library does (YAML 1.1, gopkg.in/yaml.v2): mappings and
sequences in both styles, plain and quoted scalars of several lines, and block scalars. Anything else is an error with the
name of the text and the line: anchors, aliases, tags, merge keys, directives, complex keys, tabs as indentation, duplicate
keys, several documents. A key is the text that is written, also if it looks like a number.
"""

import json
import re

DEPTH_LIMIT = 100

ESCAPES = {"0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "e": "\x1b",
           " ": " ", '"': '"', "/": "/", "\\": "\\", "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029"}
HEX_LENGTHS = {"x": 2, "u": 4, "U": 8}
WORDS = {name: value for names, value in (
    ("~ null Null NULL", None),
    ("y Y yes Yes YES on On ON true True TRUE", True),
    ("n N no No NO off Off OFF false False FALSE", False),
    (".inf .Inf .INF +.inf +.Inf +.INF", float("inf")),
    ("-.inf -.Inf -.INF", -float("inf")),
    (".nan .NaN .NAN", float("nan"))) for name in names.split()}
WORDS[""] = None
INTEGER = re.compile(r"[-+]?(0b[01]+|0x[0-9a-fA-F]+|0o?[0-7]+|0|[1-9][0-9]*)")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
UNPRINTABLE = re.compile("[^\t\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class YamlError(ValueError):
    """The text is wrong, or has something that is not read; the message has its name and the line."""


def resolve(text):
    """The value of a plain scalar."""
    if text in WORDS:
        return WORDS[text]
    digits = text.replace("_", "")
    if text[0] != "_" and INTEGER.fullmatch(digits):
        sign, digits = (-1, digits[1:]) if digits[0] == "-" else (1, digits.removeprefix("+"))
        base = {"0b": 2, "0x": 16, "0o": 8}.get(digits[:2], 8 if digits[0] == "0" and len(digits) > 1 else 10)
        try:
            return sign * int(digits[2:] if digits[:2] in ("0b", "0x", "0o") else digits, base)
        except ValueError:  # too long
            return text
    if text[0] != "_" and FLOAT.fullmatch(digits):
        return float(digits)
    return text


class Reader:
    """The text and a place in it."""

    def __init__(self, text, name, is_text_only):
        self.name = name
        self.is_text_only = is_text_only
        self.text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        self.at = 0
        self.depth = 0
        bad = UNPRINTABLE.search(self.text)
        if bad:
            self.fail(f"the character U+{ord(bad[0]):04X} is not allowed", bad.start())

    def fail(self, message, at=None):
        line = self.text.count("\n", 0, self.at if at is None else at) + 1
        raise YamlError(f"{self.name}:{line}: {message}")

    def column(self):
        return self.at - (self.text.rfind("\n", 0, self.at) + 1)

    def peek(self, offset=0):
        """A character; at the end NUL, which is not in the text."""
        return self.text[self.at + offset:self.at + offset + 1] or "\0"

    def is_marker(self):
        """Whether a line that separates documents is here."""
        return self.column() == 0 and re.compile(r"(---|\.\.\.)(?=\s|$)").match(self.text, self.at) is not None

    def is_end(self):
        return self.at >= len(self.text) or self.is_marker()

    def is_indicator(self, character):
        """Whether "-", "?" or ":" is here, with a blank behind it."""
        return self.peek() == character and self.peek(1) in "\0 \t\n"

    def skip(self):
        """Goes to what comes next, over blanks, line ends and comments."""
        while True:
            begin, is_line_begin = self.at, self.column() == 0
            while self.peek() in " \t":
                self.at += 1
            if self.peek() == "#" and (is_line_begin or self.at > begin):
                self.at = self.line_end()
            if self.peek() == "\n":
                self.at += 1
            elif self.at < len(self.text) and is_line_begin and "\t" in self.text[begin:self.at]:
                self.fail("a tab is not allowed as indentation")
            else:
                return

    def line_end(self):
        end = self.text.find("\n", self.at)
        return len(self.text) if end < 0 else end

    def end_line(self):
        """Behind a value: a comment may follow."""
        match = re.compile(r"[ \t]*([ \t]#.*)?(?=\n|$)").match(self.text, self.at)
        if match is None or (match.end() < len(self.text) and self.text[match.end()] != "\n"):
            self.fail("unexpected text behind a value")
        self.at = match.end()

    def enter(self):
        self.depth += 1
        if self.depth > DEPTH_LIMIT:
            self.fail(f"it is nested more than {DEPTH_LIMIT} levels deep")

    def value_of(self, plain):
        return ("" if WORDS.get(plain, plain) is None else plain) if self.is_text_only else resolve(plain)

    # --- scalars ---

    def refuse(self):
        """What begins here must not be something that is not read."""
        what = {"&": "an anchor", "*": "an alias", "!": "a tag", "%": "a directive", "@": "'@' at the begin",
                "`": "'`' at the begin", ",": "',' at the begin", "]": "']'", "}": "'}'", "|": "a block scalar",
                ">": "a block scalar", "#": "'#' at the begin"}.get(self.peek())
        if what:
            self.fail(f"{what} is not supported here")
        if self.is_indicator("?") or self.is_indicator(":"):
            self.fail("a complex key is not supported")
        if self.is_indicator("-"):
            self.fail("a sequence is not allowed here")

    def quoted(self):
        quote, begin, pieces = self.peek(), self.at, []
        self.at += 1
        while True:
            character = self.peek()
            if character == "\0" or (self.at > begin and self.is_marker()):
                self.fail("a quoted scalar has no end", begin)
            if character == quote and quote == "'" and self.peek(1) == "'":
                pieces.append("'")
                self.at += 2
            elif character == quote:
                self.at += 1
                return "".join(pieces)
            elif character == "\\" and quote == '"':
                pieces.append(self.escape())
            elif character == "\n":
                while pieces and pieces[-1] in (" ", "\t"):
                    pieces.pop()
                pieces.append(self.fold())
            else:
                pieces.append(character)
                self.at += 1

    def fold(self):
        """Line ends in a flow scalar: one is a blank, and each further one a line end."""
        match = re.compile(r"\n(?:[ \t]*\n)*[ \t]*").match(self.text, self.at)
        self.at = match.end()
        return "\n" * (match[0].count("\n") - 1) or " "

    def escape(self):
        character = self.peek(1)
        if character == "\n":  # the line goes on
            self.at += 1
            return self.fold().replace(" ", "")
        if character in HEX_LENGTHS:
            digits = self.text[self.at + 2:self.at + 2 + HEX_LENGTHS[character]]
            if not re.fullmatch(r"[0-9a-fA-F]{%d}" % HEX_LENGTHS[character], digits):
                self.fail("an escape needs hexadecimal digits")
            code = int(digits, 16)
            if 0xD800 <= code < 0xE000 or code > 0x10FFFF:
                self.fail(f"the escape of U+{code:04X} is no character")
            self.at += 2 + len(digits)
            return chr(code)
        if character not in ESCAPES:
            self.fail(f"there is no escape \\{character}")
        self.at += 2
        return ESCAPES[character]

    def plain_line(self, is_flow):
        """A plain scalar up to the end of its line."""
        stop = r"(?:(?![,\[\]{}])[^\n:#]|:(?![\s,\[\]{}]|$)|(?<!\s)#)*" if is_flow else r"(?:[^\n:#]|:(?!\s|$)|(?<!\s)#)*"
        match = re.compile(stop).match(self.text, self.at)
        self.at += len(match[0].rstrip(" \t"))
        return match[0].rstrip(" \t")

    def plain(self, indent):
        """A plain scalar in a block, of one or more lines that are indented by more than `indent`."""
        self.refuse()
        text = self.plain_line(False)
        while True:
            match = re.compile(r"[ \t]*\n((?:[ \t]*\n)*)( *)(?=[^\s#])").match(self.text, self.at)
            if match is None:
                break
            begin, self.at = self.at, match.end()
            if len(match[2]) <= indent or self.is_marker():
                self.at = begin
                break
            text += ("\n" * match[1].count("\n") or " ") + self.plain_line(False)
        if re.compile(r"[ \t]*:(\s|$)").match(self.text, self.at):
            self.fail("a mapping is not allowed here")
        self.end_line()
        return text

    def block_scalar(self, indent):
        """`indent` is that of what it belongs to."""
        begin, indent = self.at, max(indent, 0)
        head = re.compile(r"([|>])(?:([1-9])([+-]?)|([+-]?)([1-9]?))(?=[ \t]*(?:[ \t]#.*)?(?:\n|$))").match(self.text, self.at)
        if head is None:
            self.fail("the head of a block scalar is wrong")
        self.at = self.line_end() + 1
        digit, chomp = head[2] or head[5], head[3] or head[4]
        width = indent + int(digit) if digit else None
        lines = []
        while self.at < len(self.text) and not self.is_marker():
            line = self.text[self.at:self.line_end()]
            spaces = len(line) - len(line.lstrip(" "))
            if line.strip(" "):
                if width is None and spaces > indent:
                    width = spaces
                    if any(len(blank) > width for blank in lines):
                        self.fail("a blank line is indented by more than the first line", begin)
                if width is None or spaces < width:
                    if spaces > indent and line[spaces] != "#":
                        self.fail("a line is indented by less than the first one")
                    break
                if line[0] == "\t":
                    self.fail("a tab is not allowed as indentation")
            lines.append(line)
            self.at = self.line_end() + 1
        lacks_break = self.at > len(self.text)
        self.at = min(self.at, len(self.text))
        lines = [line[width:] if width else "" for line in lines]
        count = len(lines)
        while count and not lines[count - 1]:
            count -= 1
        text = "\n".join(lines[:count]) if head[1] == "|" else fold_lines(lines[:count])
        break_count = len(lines) - count + bool(count) - lacks_break
        return text + "\n" * {"-": 0, "+": break_count}.get(chomp, min(break_count, bool(count)))

    # --- flow style ---

    def flow(self):
        """A value in flow style, with what is behind it."""
        self.skip()
        character = self.peek()
        if character == "[":
            return self.flow_items("]", self.flow_item)
        if character == "{":
            return dict(self.flow_items("}", self.flow_pair, set()))
        if character in "'\"":
            return self.quoted()
        if character == "\0" or self.is_marker():
            self.fail("a sequence or mapping has no end")
        self.refuse()
        return self.value_of(self.plain_line(True))

    def flow_items(self, end, read, *more):
        self.enter()
        begin, items = self.at, []
        self.at += 1
        while True:
            self.skip()
            if self.peek() == end:
                self.at += 1
                self.depth -= 1
                return items
            items.append(read(*more))
            self.skip()
            if self.peek() == ",":
                self.at += 1
            elif self.is_end():
                self.fail("a sequence or mapping has no end", begin)
            elif self.peek() != end:
                self.fail(f"expected ',' or '{end}'")

    def flow_item(self):
        item = self.flow()
        self.skip()
        if self.peek() == ":":
            self.fail("a mapping in a sequence needs braces")
        return item

    def flow_pair(self, seen):
        if self.is_end():
            self.fail("a mapping has no end")
        self.refuse()
        if self.peek() in "[{":
            self.fail("a complex key is not supported")
        is_quoted = self.peek() in "'\""
        key = self.quoted() if is_quoted else self.plain_line(True)
        self.check_key(key, is_quoted, seen)
        self.skip()
        if self.peek() != ":":
            return key, self.value_of("")
        self.at += 1
        self.skip()
        return key, self.value_of("") if self.peek() in ",}" else self.flow()

    def check_key(self, key, is_quoted, seen):
        if key == "<<" and not is_quoted:
            self.fail("a merge key is not supported")
        if key in seen:
            self.fail(f"the key {key!r} is there twice")
        seen.add(key)

    # --- block style ---

    def key(self):
        """The key of a mapping, with its colon; None, without a move, if there is no key here."""
        begin = self.at
        if self.is_indicator("?"):
            self.fail("a complex key is not supported")
        is_quoted = self.peek() in "'\""
        if self.peek() in "[{|>&*!%@`,]}#" or self.is_indicator("-"):
            return None
        key = self.quoted() if is_quoted else self.plain_line(False)
        match = re.compile(r"[ \t]*:(?=\s|$)").match(self.text, self.at)
        if match is None or "\n" in self.text[begin:self.at] or (not key and not is_quoted):
            self.at = begin
            return None
        self.at = match.end()
        return key, is_quoted

    def mapping(self, column, first):
        result, seen, entry = {}, set(), first
        while True:
            self.check_key(*entry, seen)
            result[entry[0]] = self.entry_value(column, True)
            self.skip()
            if self.is_end() or self.column() < column:
                return result
            entry = self.key() if self.column() == column else None
            if entry is None:
                self.fail("expected a key with the indentation of the others")

    def sequence(self, column):
        result = []
        while not self.is_end() and self.column() == column and self.is_indicator("-"):
            self.at += 1
            result.append(self.entry_value(column, False))
            self.skip()
        if not self.is_end() and self.column() > column:
            self.fail("expected '-' with the indentation of the others")
        return result

    def entry_value(self, indent, is_mapping):
        """The value behind "KEY:" or "-"."""
        rest = re.compile(r"[ \t]*(?:[ \t]#.*)?(?=\n|$)").match(self.text, self.at)
        if rest is None or (rest.end() < len(self.text) and self.text[rest.end()] != "\n"):
            blanks = re.compile(r"[ \t]*").match(self.text, self.at)
            self.at = blanks.end()
            if is_mapping:
                return self.scalar(indent)
            if "\t" in blanks[0]:
                self.fail("a tab is not allowed as indentation")
            return self.node(indent)
        self.skip()
        if not self.is_end():
            if self.column() > indent:
                return self.node(indent)
            if is_mapping and self.column() == indent and self.is_indicator("-"):
                return self.nested(self.sequence, indent)
        return self.value_of("")

    def nested(self, read, *more):
        self.enter()
        result = read(*more)
        self.depth -= 1
        return result

    def node(self, indent):
        """A value that begins here; `indent` is that of what it belongs to."""
        column = self.column()
        if self.is_indicator("-"):
            return self.nested(self.sequence, column)
        first = self.key()
        return self.scalar(indent) if first is None else self.nested(self.mapping, column, first)

    def scalar(self, indent):
        """A value that is no mapping or sequence in block style."""
        character = self.peek()
        if character in "|>":
            return self.block_scalar(indent)
        if character in "[{'\"":
            value = self.flow()
            if re.compile(r"[ \t]*:(\s|$)").match(self.text, self.at):
                self.fail("a mapping is not allowed here")
            self.end_line()
            return value
        return self.value_of(self.plain(indent))

    def document(self):
        self.skip()
        if self.peek() == "%" and self.column() == 0:
            self.fail("a directive is not supported")
        if self.is_marker() and self.peek() == "-":
            self.at += 3
            self.end_line()
            self.skip()
        value = None if self.is_end() else self.node(-1)
        self.skip()
        if self.is_marker() and self.peek() == ".":
            self.at += 3
            self.end_line()
            self.skip()
        if self.is_marker():
            self.fail("there is more than one document")
        if self.at < len(self.text):
            self.fail("unexpected text behind the document")
        return value


def fold_lines(lines):
    """The text of a block scalar with ">": line ends are blanks, but not beside lines that are indented more."""
    text, is_first, was_indented, blank_count = "", True, False, 0
    for line in lines:
        if not line:
            blank_count += 1
            continue
        is_indented = line[0] in " \t"
        if is_first:
            text = "\n" * blank_count
        elif was_indented or is_indented:
            text += "\n" * (blank_count + 1)
        else:
            text += "\n" * blank_count or " "
        text += line
        is_first, was_indented, blank_count = False, is_indented, 0
    return text


def parse(text, name="YAML", is_text_only=False):
    """The value of a text; with `is_text_only`, scalars are not converted. YamlError."""
    return Reader(text, name, is_text_only).document()


# --- writing ---


def scalar_text(value):
    if not isinstance(value, str):
        return json.dumps(value, allow_nan=False)
    is_plain = re.fullmatch(r"[A-Za-z0-9_./+-]+([A-Za-z0-9_./+ =,-]*[A-Za-z0-9_./+=,-])?", value) and value[0] != "-"
    if is_plain and resolve(value) is value and not re.match(r"\d+[-:]", value):
        return value
    return json.dumps(value, ensure_ascii=False)


def lines_of(value):
    if isinstance(value, dict) and value:
        for key in sorted(value):
            lines = list(lines_of(value[key]))
            is_block = isinstance(value[key], (dict, list)) and value[key]
            indent = "  " if isinstance(value[key], dict) else ""
            yield f"{scalar_text(key)}:" + ("" if is_block else f" {lines[0]}")
            yield from (indent + line for line in lines if is_block)
    elif isinstance(value, list) and value:
        for item in value:
            first, *rest = lines_of(item)
            yield f"- {first}"
            yield from (f"  {line}" for line in rest)
    else:
        yield scalar_text(value)


def write(value):
    """The text of a value, with a line end."""
    return "".join(f"{line}\n" for line in lines_of(value))
