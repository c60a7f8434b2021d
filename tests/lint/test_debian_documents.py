# SPDX-License-Identifier: GPL-3.0-or-later
"""The documents in the Debian packages: their links lead to files that are installed beside them."""

import glob
import os
import re
import sys
import unittest

TOP = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
DEBIAN = os.path.join(TOP, "packaging", "debian")
DOCUMENTS = "usr/share/doc/cobble"
sys.path.insert(0, os.path.join(TOP, "tests", "documents"))

import links  # pylint: disable=wrong-import-position

# Both are in debian/copyright.
LICENCES = {f"{DOCUMENTS}/LICENSE", f"{DOCUMENTS}/LICENSE.LGPL"}


def entries(name):
    """The lines of a file of debhelper, as lists of words."""
    try:
        with open(os.path.join(DEBIAN, name), encoding="utf-8") as file:
            return [line.split() for line in file if line.strip()]
    except FileNotFoundError:
        return []


def below(source, target):
    """The installed path of each file of a source, and its path in the tree."""
    if os.path.isdir(source):
        for name in os.listdir(source):
            yield from below(os.path.join(source, name), f"{target}/{name}")
    else:
        yield target, source


def installed(packages=("cobble", "cobble-doc")):
    """{installed path: path in the tree} of the documents and examples."""
    found = {}
    for package in packages:
        rows = [(words[0], DOCUMENTS) for words in entries(f"{package}.docs")]
        rows += [(words[0], f"{DOCUMENTS}/examples") for words in entries(f"{package}.examples")]
        rows += [tuple(words) for words in entries(f"{package}.install") if len(words) == 2]
        for pattern, folder in rows:
            for source in glob.glob(os.path.join(TOP, pattern)):
                found.update(below(source, f"{folder}/{os.path.basename(source)}"))
    return found


class LinksTest(unittest.TestCase):
    def test_links(self):
        files = installed()
        folders = {folder for path in files for folder in (os.path.dirname(path), os.path.dirname(os.path.dirname(path)))}
        count = 0
        for path, source in files.items():
            if not path.endswith(".md"):
                continue
            for line, target in links.read(source).links:
                name = target.partition("#")[0]
                if name == "" or re.match("[a-z]+:", target):
                    continue
                file = os.path.normpath(os.path.join(os.path.dirname(path), name))
                self.assertTrue(file in files or file in folders or file in LICENCES, f"{path}:{line}: {target}")
                count += 1
        self.assertGreater(count, 200)


if __name__ == "__main__":
    unittest.main()
