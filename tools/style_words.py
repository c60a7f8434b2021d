# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of check-style about words: names, what comments refer to, and phrases that are not written here."""

import collections
import os
import re

# --- names ---

# What names are not made of, and the word to use instead.
NAME_WORDS = [
    (r"^hear_", "a listener is on_noun_event()"),
    (r"^tell_", "notify"),
    (r"^say_", "print, report or log"),
    (r"_settle$", "update, or finish"),
    (r"_take_turn", "process, or run"),
    (r"(^|_)answer(_|$)", "respond, response"),
    (r"(^|_)lane_job(_|$)", "work_item"),
    (r"(^|_)shown_name(_|$)", "display_name"),
]
LANE = re.compile(r"(^|_)lanes?(_|$)")
# The modules that know lanes, and their tests.
LANE_FOLDERS = tuple(f"{top}/{module}/" for top in ("src", "tests/unit") for module in ("state", "plan", "services"))
LANE_FOLDERS += ("tests/fuzz/",)


def name_objection(path, name):
    for pattern, instead in NAME_WORDS:
        if re.search(pattern, name):
            return f"{name}: say {instead}"
    if LANE.search(name) and not path.startswith(LANE_FOLDERS):
        return f"{name}: a lane is the state's lane of tasks; threads are a worker pool"
    return None


def check_names(source):
    """Each name is reported once, where the file mentions it first."""
    seen = set()
    for match in re.finditer(r"[A-Za-z_]\w*", source.code):
        if match[0] in seen:
            continue
        seen.add(match[0])
        reason = name_objection(source.path, match[0])
        if reason:
            yield source.line_of(match.start()), reason


def check_callbacks(source):
    for function in source.functions:
        if function.is_static and re.fullmatch(r"on_[^_]+_?", function.name):
            yield function.first + 1, f"{function.name}: a callback is on_noun_event(), as on_timer_expired()"


# --- references ---

REFERENCE = re.compile(r"(?<![\w./<>*-])((?:[\w-]+/)*[\w-]+\.(?:c|h|md))\b(?![\w/>])")
REFERENCE_FOLDERS = ("src", "include", "tests", "docs")


class Files:
    """What there is for comments to refer to."""

    def __init__(self, tree):
        self.root = tree.root
        self.names = {os.path.basename(path) for path in tree.paths(REFERENCE_FOLDERS)}

    def exists(self, reference):
        if "/" not in reference and reference in self.names:
            return True
        places = ("",) if reference.startswith("docs/") else ("", "src", "include", "tests")
        return any(os.path.isfile(os.path.join(self.root, place, reference)) for place in places)


def check_references(tree):
    files = Files(tree)
    for source in tree.below("src", "include"):
        for at, comment in source.comments:
            for match in re.finditer(r"\bbehaviour/[\w.-]*", comment):
                yield source.path, source.line_of(at + match.start()), f"{match[0]} is no file of this tree"
            for match in REFERENCE.finditer(comment):
                if not match[1].startswith("behaviour/") and not files.exists(match[1]):
                    yield source.path, source.line_of(at + match.start()), f"{match[1]} is no file of this tree"


# --- phrases ---

# Regular expressions, in which a blank also stands for a line's end within a comment or a literal.
PHRASES = [
    r"(says?|said|saying) goodbye",
    r"last words?",
    r"(gets?|got) (his|her|its) turn",
    r"(his|her) turn",
    r"(takes?|took|taken|taking) apart",
    r"(says?|said) its",
    r"(goes|go|went) on living",
]
BETWEEN = r"""[\s/*"]+"""
PHRASE = re.compile(r"\b(" + "|".join(phrase.replace(" ", BETWEEN) for phrase in PHRASES) + r")\b", re.I)


def words_of(source):
    """The comments and literals of a C file, everything else blanked; a document as it is."""
    if not source.path.endswith((".c", ".h")):
        return source.text
    text, end = [], 0
    for at, noise in source.noise:
        text += [re.sub(r"\S", " ", source.text[end:at]), noise]
        end = at + len(noise)
    return "".join(text)


def documents(tree):
    paths = [path for path in tree.paths(["docs"]) if path.endswith(".md")]
    paths += sorted(name for name in os.listdir(tree.root) if name.endswith(".md"))
    return [tree.read(path) for path in paths]


def check_phrases(tree):
    for source in tree.below("src", "include") + documents(tree):
        for match in PHRASE.finditer(words_of(source)):
            words = re.sub(BETWEEN, " ", match[0])
            yield source.path, source.line_of(match.start()), f'"{words}" is not how we write'


# --- tags ---


def tags_of(source):
    """Yields (kind, name, position) of each tag and typedef name that a file defines."""
    code = source.statements
    for match in re.finditer(r"\b(?:struct|union|enum)\s+(\w+)\s*\{", code):
        yield "tag", match[1], match.start(1)
    for match in re.finditer(r"\btypedef\b[^;{}]*(?:\{[^{}]*\}[^;{}]*)?;", code):
        name = re.search(r"\(\s*\*\s*(\w+)\s*\)\s*\(|(\w+)\s*(?:\[[^\]]*\])?\s*;$", match[0])
        if name:
            yield "typedef", name[1] or name[2], match.start()


def check_tags(tree):
    places = collections.defaultdict(list)
    for source in tree.below("src"):
        for kind, name, position in tags_of(source):
            places[kind, name].append((source.path, source.line_of(position)))
    for (kind, name), found in places.items():
        first_path, first_line = found[0]
        for path, line in found[1:]:
            if path != first_path:
                yield path, line, f"the {kind} {name} is defined in {first_path}:{first_line} too"
