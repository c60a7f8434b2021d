# SPDX-License-Identifier: GPL-3.0-or-later
"""From the text of a comment to lines of mdoc(7), for tools/make-man."""

import re
import textwrap

# What gets a macro when only punctuation stands around it.
SPAN = re.compile(r"`(?P<quoted>[^`]+)`|(?P<call>\b[a-z]\w+\(\))|(?P<constant>\bPEBBLE_[A-Z0-9_]*[A-Z0-9]\b|\bNULL\b)"
                  r"|(?P<type>\b(?:struct|enum) pebble_\w+)|(?<![\w*/])\*(?P<output>[a-z]\w*)\b(?!\*)")
OPENING, CLOSING = "([", ".,:;)]?!"
SENTENCE_END = re.compile(r"(?<=[a-z0-9A-Z_)\"`\]][.?!])\s+(?=[A-Z\"`(*]|[a-z]+_|-?\d)")
HEADING = re.compile(r"([A-Z][a-z]+(?: [a-z]+){0,2})\. +(?=\S)")


def escape(text):
    text = text.replace("\\", "\\e").replace("`", "\\(ga").replace("^", "\\(ha").replace("~", "\\(ti")
    return re.sub(r"(?<![\w-])-(?=\d)", r"\\-", text)


def argument(text):
    """One argument of a macro."""
    text = escape(text).replace('"', "\\(dq")
    if re.search(r"\s", text):
        return f'"{text}"'
    return f"\\&{text}" if len(text) <= 3 and text[:1].isupper() or text in ("Ns",) or text[:1] in ".,:;()[]?!|" else text


def text_line(text):
    text = escape(text)
    return "\\&" + text if text[:1] in (".", "'") else text


def text_lines(text):
    """Lines of at most 79 characters."""
    return map(text_line, textwrap.wrap(text, 79, break_long_words=False, break_on_hyphens=False))


class Writer:
    """Knows which functions are on the page: others are cross-references."""

    def __init__(self, own, known):
        self.own, self.known = own, known

    def macro(self, match):
        """The macro for a span, or None."""
        if match["call"]:
            name = match["call"][:-2]
            is_elsewhere = name in self.known and name not in self.own
            return f"Xr {name} 3" if is_elsewhere else f"Fn {name}"
        if match["constant"]:
            return f"Dv {match['constant']}"
        if match["type"]:
            return f"Vt {argument(match['type'])}"
        if match["output"]:
            return f"Fa {argument('*' + match['output'])}"
        quoted = match["quoted"]
        if re.match(r"(struct|enum) pebble_\w+", quoted):
            return f"Vt {argument(quoted)}"
        return f"Fa {quoted}" if re.fullmatch(r"[a-z_]\w*", quoted) else f"Ql {argument(quoted)}"

    def sentence(self, text):
        """Yields the lines of a sentence."""
        plain = at = 0
        for match in SPAN.finditer(text):
            head = re.search(r"\S*$", text[plain:match.start()]).group()
            tail = re.match(r"\S*", text[match.end():]).group()
            if match.start() < at or set(head) - set(OPENING) or set(tail) - set(CLOSING):
                continue
            before = text[plain:match.start() - len(head)].strip()
            if before:
                yield from text_lines(before)
            name, rest = self.macro(match).split(" ", 1)
            yield " ".join([f".{name}", *head, rest, *tail])
            plain = at = match.end() + len(tail)
        if text[plain:].strip():
            yield from text_lines(text[plain:].strip())

    def paragraph(self, text):
        text = " ".join(text.split())
        for sentence in SENTENCE_END.split(text):
            yield from self.sentence(sentence)

    def blocks(self, text):
        """Yields the lines of a text; the first paragraph has no .Pp in front of it."""
        is_first = True
        for block in re.split(r"\n\s*\n", text):
            lines = block.split("\n")
            if all(line.startswith("    ") for line in lines):
                yield from self.display([line[4:] for line in lines])
            else:
                if not is_first:
                    yield ".Pp"
                yield from self.paragraph(block)
            is_first = False

    def display(self, lines):
        """An indented block: a numbered list, code or a table, or a paragraph."""
        text = "\n".join(lines)
        if re.match(r"1\. ", text):
            yield ".Bl -enum"
            for item in re.split(r"(?m)^\d+\. ", text)[1:]:
                yield ".It"
                yield from self.paragraph(item)
            yield ".El"
        elif re.search(r"\S {2,}\S|[;{}]$", text, re.M):
            yield ".Bd -literal -offset indent"
            yield from map(text_line, lines)
            yield ".Ed"
        else:
            yield ".Bd -filled -offset indent"
            yield from self.paragraph(text)
            yield ".Ed"

    def overview(self, text):
        """As blocks(), with a subsection for each paragraph that begins with a heading, "Errors. A function …"."""
        for number, block in enumerate(re.split(r"\n\s*\n", text)):
            heading = HEADING.match(block)
            if heading:
                yield f".Ss {argument(heading.group(1))}"
                block = block[heading.end():]
            elif number and not block.startswith("    "):
                yield ".Pp"
            yield from self.blocks(block)
