# SPDX-License-Identifier: GPL-3.0-or-later
"""A rule of check-style: a pointer in a condition is compared with NULL.

What is a pointer is known from declarations: of members in their structure or, where the structure is not known,
everywhere in the tree; of parameters and variables in the function itself or at the file's top level. A name that is
declared as something else, too, is left alone.
"""

import collections
import re

from c_source import split_outside

# Names that are declared as pointers and as something else; tags: {name: structures that it is or points to}.
Known = collections.namedtuple("Known", "pointers others tags")

TOKEN = re.compile(r"[A-Za-z_]\w*|->|&&|\|\||[=!<>]=|<<|>>|\+\+|--|\d[\w.]*|\S")
NAME = re.compile(r"[A-Za-z_]\w*")
# One or more words with stars between and behind them, and the name that they declare.
DECLARATION = r"((?:[A-Za-z_]\w*(?:\s*\*+\s*|\s+))+)([A-Za-z_]\w*)\s*(?=[=;,\[:]|$)"
STATEMENT = re.compile(r"(?:(?<=[;{}])|(?<=for \()|^)\s*" + DECLARATION)
NO_TYPE = re.compile(r"\s*(return|goto|else|case|typedef|break|continue|do|if|while|switch|sizeof|enum\s+\w+\s*\{)\b")
FUNCTION_POINTER = re.compile(r"\(\s*\*\s*(?:const\s+)?(\w+)\s*(\[[^\]]*\])?\)\s*\(")
STRUCT = re.compile(r"\b(?:struct|union)\b\s*(\w*)\s*\{")
TAG = re.compile(r"\b(?:struct|union)\s+(\w+)")
# What may stand before and behind an operand that is a condition on its own.
OPENERS = {"(", "&&", "||", "=", "return", ",", "?", ":", "{", ";"}
CLOSERS = {")", "&&", "||", "?", ";", ",", ":", "}"}


# --- declarations ---


def nothing_known():
    return Known(set(), set(), {})


def is_known(known, name):
    return name in known.pointers or name in known.others


def is_pointer_only(known, name):
    return name in known.pointers and name not in known.others


def note(known, words, name, behind):
    """Notes one declared name: `words` stand before it, and `behind` begins with what follows it."""
    is_array = behind.lstrip().startswith("[")
    is_pointer = ("*" in words or re.search(r"\w_fn\b", words)) and not is_array
    (known.pointers if is_pointer else known.others).add(name)
    tag = TAG.search(words)
    known.tags.setdefault(name, set()).add(tag[1] if tag else None)


def note_list(known, words, text):
    """Notes all names of a declaration: `text` begins with the first one."""
    kind = words.replace("*", " ")
    for number, part in enumerate(split_outside(text)):
        match = re.match(r"\s*([\s*]*)(?:const\s+)?(\w+)", part)
        if match:
            note(known, words if number == 0 else kind + match[1], match[2], part[match.end() :])


def note_member(known, text):
    function = FUNCTION_POINTER.search(text)
    if function:
        (known.others if function[2] else known.pointers).add(function[1])
        return
    match = re.match(r"\s*" + DECLARATION, text)
    if match:
        note_list(known, match[1], text[match.start(2) :])


def without_inner_braces(text):
    while "{" in text:
        inner = re.sub(r"\{[^{}]*\}", " ", text)
        if inner == text:
            break
        text = inner
    return text


def closing_brace(text, at):
    depth = 0
    for match in re.compile(r"[{}]").finditer(text, at):
        depth += 1 if match.group() == "{" else -1
        if depth == 0:
            return match.start()
    return len(text)


def structures_of(sources):
    """What is known of members: {tag: what is known}, and under the tag None that of all structures together."""
    structures = {None: nothing_known()}
    for source in sources:
        code = source.statements
        for match in STRUCT.finditer(code):
            body = code[match.end() : closing_brace(code, match.end() - 1)]
            for text in without_inner_braces(body).split(";"):
                note_member(structures[None], text)
                if match[1]:
                    note_member(structures.setdefault(match[1], nothing_known()), text)
    return structures


def note_statements(known, text):
    """Notes what the declarations among some statements declare."""
    for match in STATEMENT.finditer(text):
        if NO_TYPE.match(match[1]):
            continue
        end = text.find(";", match.start(2))
        note_list(known, match[1], text[match.start(2) : end if end >= 0 else len(text)])


def note_parameters(known, text):
    for parameter in split_outside(re.sub(r"\bUNUSED\b", "", text)):
        note_member(known, parameter.strip())


def globals_of(source):
    """What is known of the variables at the top level of a file."""
    known, text = nothing_known(), source.statements
    for function in source.functions:
        blanks = re.sub(r"\S", " ", text[function.start : function.end])
        text = text[: function.start] + blanks + text[function.end :]
    note_statements(known, re.sub(r"(?<=[;}])\s+", "\n", re.sub(r"\{[^{}]*\}", "{}", text)))
    return known


def locals_of(function, text):
    known = nothing_known()
    note_parameters(known, function.parameters)
    note_statements(known, text[text.index("{") :])
    return known


# --- conditions ---


class Conditions:
    """The tokens of a function, and the operands in them that are conditions."""

    def __init__(self, text):
        matches = list(TOKEN.finditer(text))
        self.tokens = [match.group() for match in matches]
        self.positions = [match.start() for match in matches]
        self.partner = self.pairs()

    def pairs(self):
        """Where the bracket is that belongs to the one at a place."""
        partner, open_at = {}, []
        for at, token in enumerate(self.tokens):
            if token in ("(", "[", "{"):
                open_at.append(at)
            elif token in (")", "]", "}") and open_at:
                partner[at] = open_at.pop()
                partner[partner[at]] = at
        return partner

    def token(self, at):
        return self.tokens[at] if 0 <= at < len(self.tokens) else ""

    def before(self, at):
        """(place of the name, place of the first token) of the operand that ends before `at`; None if it is no name."""
        name = first = at - 1
        if not NAME.match(self.token(name)):
            return None
        while self.token(first - 1) in ("->", "."):
            first -= 2
            while self.token(first) in (")", "]"):
                first = self.partner.get(first, 0) - 1
            if not NAME.match(self.token(first)):
                first += 1
        return name, first

    def after(self, at):
        """(place of the name, place behind the operand) of the operand that begins after `at`, or None."""
        name, behind = None, at + 1
        if NAME.match(self.token(behind)):
            name, behind = behind, behind + 1
        elif self.token(behind) == "(":
            behind = self.partner.get(behind, behind) + 1
            if self.token(behind) not in ("->", "."):
                return None
        while True:
            if self.token(behind) in ("->", "."):
                name, behind = behind + 1, behind + 2
            elif self.token(behind) in ("(", "["):
                name, behind = None, self.partner.get(behind, behind) + 1
            else:
                break
        return (name, behind) if name is not None else None

    def operands(self):
        """Yields (first place, place of the name, whether "!" stands before) of the operands that are conditions."""
        for at, token in enumerate(self.tokens):
            before = self.before(at) if token in ("&&", "||", "?") else None
            if before and self.token(before[1] - 1) in OPENERS:
                yield before[1], before[0], False
            begin = at + 1 if token in ("if", "while") and self.token(at + 1) == "(" else at
            after = self.after(begin) if token in ("!", "&&", "||", ";") or begin != at else None
            if after and self.ends(token, after[1], begin):
                yield begin + 1, after[0], token == "!"

    def ends(self, token, behind, begin):
        """Whether a condition that begins after `token` ends before `behind`."""
        if token == "!":
            return True
        if token == ";":
            return self.token(behind) == ";"
        return behind == self.partner.get(begin) if token in ("if", "while") else self.token(behind) in CLOSERS


def owner_of(conditions, first, name, names, structures):
    """What is known of the place in which the last name of an operand is declared."""
    known, tokens = names, conditions.tokens
    for at in range(first, name, 2):
        tags = known.tags.get(tokens[at], {None})
        if len(tags) != 1 or tokens[at + 1] not in ("->", "."):
            return structures[None]
        known = structures.get(*tags, structures[None])
    return known if first == name or is_known(known, tokens[name]) else structures[None]


def check_function(source, function, structures, file_names):
    text = source.statements[function.start : function.end]
    names = locals_of(function, text)
    conditions = Conditions(text)
    seen = set()
    for first, at, is_negated in conditions.operands():
        name, root = conditions.tokens[at], conditions.tokens[first]
        scope = names if is_known(names, root) else file_names
        if at not in seen and is_pointer_only(owner_of(conditions, first, at, scope, structures), name):
            line = source.line_of(function.start + conditions.positions[at])
            yield source.path, line, f"{name} is a pointer: {name} {'==' if is_negated else '!='} NULL"
        seen.add(at)


def check(tree):
    """Yields (path, line, message) for each pointer that is used as a condition."""
    structures = structures_of(tree.sources)
    for source in tree.sources:
        file_names = globals_of(source)
        for function in source.functions:
            yield from check_function(source, function, structures, file_names)
