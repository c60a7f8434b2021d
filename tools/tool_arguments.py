# SPDX-License-Identifier: GPL-3.0-or-later
"""Types of arguments for argparse that are looked at before a tool begins."""

import argparse
import os


def program(path):
    """A program that can be run, as an absolute path."""
    if not os.path.isfile(path) or not os.access(path, os.X_OK):
        raise argparse.ArgumentTypeError(f"there is no program {path} (./dev build makes build/pebble)")
    return os.path.abspath(path)


def folder(*needed):
    """The type of directories that have the files or directories `needed`."""

    def check(path):
        for needed_path in (path, *(os.path.join(path, name) for name in needed)):
            if not os.path.exists(needed_path):
                raise argparse.ArgumentTypeError(f"there is no {needed_path}")
        return path

    return check
