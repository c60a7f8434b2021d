# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of check-style about how C is laid out. Each takes a Source and yields (line, message)."""

import re

# --- sizeof ---

TYPE_WORDS = (
    "struct union enum const volatile unsigned signed char short int long float double bool void FILE DIR"
).split()


def closing(text, at):
    """The position of the parenthesis that closes the one at `at`; the text's length if there is none."""
    depth = 0
    for position in range(at, len(text)):
        depth += (text[position] == "(") - (text[position] == ")")
        if depth == 0:
            return position
    return len(text)


def is_type(words):
    name = re.match(r"\w*", words).group()
    return name in TYPE_WORDS or name.endswith(("_t", "_fn"))


def check_sizeof(source):
    code = source.statements
    for match in re.finditer(r"\bsizeof\s*\(\s*", code):
        end = closing(code, code.index("(", match.start()))
        inside = source.text[match.end() : end]
        # With parentheses at its beginning the operand may go on behind the closing one: (a)->b.
        if re.match(r"[A-Za-z_*&]", code[match.end()]) and not is_type(inside):
            yield source.line_of(match.start()), f"sizeof {' '.join(inside.split())}, without parentheses"


# --- unused parameters ---


def check_unused(source):
    for match in re.finditer(r"(?:^|[;{})])\s*(\(void\)\s*([A-Za-z_]\w*)\s*;)", source.statements, re.M):
        line = source.line_of(match.start(1))
        yield line, f"{match[1]} for a parameter: write {match[2]} UNUSED in the parameter list"


# --- section comments ---

SECTION = re.compile(r"// --- \S(.*\S)? ---")


def end_of_head(lines):
    """The number of lines, from the first, that hold the licence and the comment right after it."""
    number = 1
    while number < len(lines) and lines[number].startswith("//"):
        number += 1
    return number


def check_section(source):
    lines = source.lines
    for number in range(end_of_head(lines), len(lines)):
        line = lines[number]
        if not line.startswith("//"):
            continue
        after = lines[number + 1] if number + 1 < len(lines) else ""
        stands_alone = lines[number - 1] == "" and after == ""
        if SECTION.fullmatch(line) and not stands_alone:
            yield number + 1, "a section comment stands between blank lines"
        elif not SECTION.fullmatch(line) and stands_alone:
            yield number + 1, "a comment that stands alone is a section comment: // --- text ---"
        elif not SECTION.fullmatch(line) and re.match(r"//\s*[-=*#]{2,}", line):
            yield number + 1, "a section comment has the form // --- text ---"


# --- braces ---

# A do has its braces whatever the body: the condition follows the closing one.
CONTROL = re.compile(r"(\s*)(if|for|while|LIST_FOR_EACH)\b")


class Branch:
    """One branch of a chain, or the body of a loop: where its head begins, and what the head and the body are."""

    def __init__(self, lines, head):
        self.head = head
        self.indent = len(lines[head]) - len(lines[head].lstrip())
        self.head_end = self.end_of_head(lines)
        self.is_braced = lines[self.head_end].rstrip().endswith("{")
        self.end = self.end_of_body(lines)
        self.body = lines[self.head_end + 1 : self.end]

    def end_of_head(self, lines):
        depth = 0
        for number in range(self.head, len(lines)):
            depth += lines[number].count("(") - lines[number].count(")")
            if depth <= 0:
                return number
        return self.head

    def end_of_body(self, lines):
        """The number of the line after the body: that of the closing brace, if there is one."""
        number = self.head_end + 1
        while number < len(lines):
            line = lines[number]
            indent = len(line) - len(line.lstrip())
            if line.strip() and indent <= self.indent and not line.startswith("#"):
                break
            number += 1
        return number

    def could_do_without(self):
        """Whether the braces hold a single simple statement, and the head is short enough to go without."""
        if not self.is_braced or self.head_end != self.head or len(self.body) != 1:
            return False
        statement = self.body[0].strip()
        # A nested loop without a body of its own is no simple statement.
        return statement.endswith(";") and not re.match(r"(if|for|while|do|switch|else|case|default)\b", statement)


def chain_of(lines, number):
    """The branches of an if chain, or the one of a loop, that begins at a line."""
    branches = [Branch(lines, number)]
    while branches[-1].end < len(lines):
        end = branches[-1].end
        if not re.match(rf" {{{branches[0].indent}}}(\}} )?else\b", lines[end]):
            break
        branches.append(Branch(lines, end))
    return branches


def check_braces(source):
    code = source.statements.split("\n")
    # Lines that hold only a comment count, since they need the braces.
    lines = [line if line.strip() else whole.replace("{", " ") for line, whole in zip(code, source.lines)]
    for number, line in enumerate(lines):
        if not CONTROL.match(code[number]):
            continue
        chain = chain_of(lines, number)
        braced = [branch for branch in chain if branch.is_braced]
        if braced and all(branch.could_do_without() for branch in braced):
            for branch in braced:
                yield branch.head + 1, "braces around a single statement"
