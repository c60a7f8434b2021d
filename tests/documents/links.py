# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks what a document refers to: files, headings, verbs of ./dev, other documents."""

import functools
import glob
import os
import re
import subprocess
import urllib.parse

from page import Page

PARTS = ("tutorial", "how-to", "reference", "explanation", "internals")
VERB = re.compile(r"(?<![\w./])\./dev +([a-z][a-z-]*)")
# Not the target of a link, which is relative to its page.
MENTION = re.compile(r"(?<![\w./-])(?<!\]\()(?<!\]: )docs/[\w./-]+\.(?:md|yaml|json)\b")
ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:")


@functools.lru_cache(maxsize=None)
def read(path):
    with open(path, encoding="utf-8") as file:
        return Page(file.read())


def check_links(path, text_page, fail):
    """Each relative link leads to a file, and to one of its headings."""
    for line, target in text_page.links:
        if ELSEWHERE.match(target):
            continue
        name, _, anchor = target.partition("#")
        if name.startswith("/"):
            fail(line, f"the link is not relative: {target}")
            continue
        file = os.path.normpath(os.path.join(os.path.dirname(path), urllib.parse.unquote(name))) if name else path
        if not os.path.exists(file):
            fail(line, f"dead link: {target}")
        elif anchor and file.endswith(".md"):
            anchors = text_page.anchors() if file == path else read(file).anchors()
            if anchor not in anchors:
                fail(line, f"dead link, there is no such heading: {target}")


def check_index(top, text_page, fail):
    """The index of the documents has each page."""
    listed = {os.path.normpath(os.path.join("docs", target.partition("#")[0])) for _, target in text_page.links}
    for part in PARTS:
        for path in sorted(glob.glob(os.path.join(top, "docs", part, "*.md"))):
            if os.path.relpath(path, top) not in listed:
                fail(1, f"the page {os.path.relpath(path, top)} is missing here")


@functools.lru_cache(maxsize=None)
def verbs(top):
    """The verbs that ./dev help lists."""
    done = subprocess.run(["./dev", "help"], cwd=top, capture_output=True, text=True, check=True)
    return set(re.findall(r"^  ([a-z][a-z-]*)", done.stdout, re.MULTILINE)) | {"help"}


def check_verbs(top, text_page, fail):
    """Each `./dev VERB` is in its help."""
    for number, line in enumerate(text_page.lines, 1):
        for verb in VERB.findall(line):
            if verb not in verbs(top):
                fail(number, f"./dev has no verb '{verb}'")


def check_mentions(top, text_page, fail):
    """Each document that is named by its path is there."""
    for number, line in enumerate(text_page.lines, 1):
        for path in MENTION.findall(line):
            if not os.path.exists(os.path.join(top, path)):
                fail(number, f"there is no {path}")
