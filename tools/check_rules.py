# SPDX-License-Identifier: GPL-3.0-or-later
"""What the checks of this folder have in common on the command line."""

import argparse
import os
import sys


def chosen(rules, only, skip):
    """The names of the rules that are to be applied; a name that is none ends the program."""
    for name in only + skip:
        if name not in rules:
            sys.exit(f"there is no rule '{name}': {', '.join(rules)}")
    return [name for name in rules if name not in skip and (not only or name in only)]


def parser(description, rules):
    """Options of a check: the tree, and which of its rules (name to what it says) are applied."""
    listed = "\n".join(f"  {name:12} {text}" for name, text in rules.items())
    result = argparse.ArgumentParser(
        description=description, epilog=f"rules:\n{listed}", formatter_class=argparse.RawDescriptionHelpFormatter
    )
    default = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
    result.add_argument("tree", nargs="?", default=default, metavar="TREE")
    for option, text in (("--only", "apply these rules only"), ("--skip", "leave these rules out")):
        result.add_argument(option, default=[], type=lambda names: names.split(","), metavar="RULE,...", help=text)
    return result


def report(found):
    """Prints what was found, and returns the exit status."""
    for line in found:
        print(line)
    return 1 if found else 0
