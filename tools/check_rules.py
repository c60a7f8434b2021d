# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line of the checks in this folder."""

import argparse
import os
import sys

import tool_arguments


def chosen(rules, only, skip):
    """The names of the rules to apply. Ends the program on an unknown name."""
    for name in only + skip:
        if name not in rules:
            sys.exit(f"there is no rule '{name}': {', '.join(rules)}")
    return [name for name in rules if name not in skip and (not only or name in only)]


def parser(description, rules):
    """Options of a check: the tree, and the rules to apply. `rules` maps names to descriptions."""
    listed = "\n".join(f"  {name:12} {text}" for name, text in rules.items())
    result = argparse.ArgumentParser(
        description=description, epilog=f"rules:\n{listed}", formatter_class=argparse.RawDescriptionHelpFormatter
    )
    default = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
    result.add_argument("tree", nargs="?", default=default, metavar="TREE", type=tool_arguments.folder("src"))
    for option, text in (("--only", "apply only these rules"), ("--skip", "do not apply these rules")):
        result.add_argument(option, default=[], type=lambda names: names.split(","), metavar="RULE,...", help=text)
    return result


def report(found):
    """Prints the findings and returns the exit status."""
    for line in found:
        print(line)
    return 1 if found else 0
