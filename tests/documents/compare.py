# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares output with what a document shows."""

import re

ANY = "…"
CLOCK = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?: ?(?:UTC|Z|[+-][0-9]{2}:?[0-9]{2}|[A-Z]{3,4}\b))?"
DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
TIMES = re.compile(rf"{DAY}[T ]{CLOCK}|\b(?:today|yesterday) at {CLOCK}|{DAY}|(?<![\w:.]){CLOCK}(?![\w:])")
UNIT = r"[0-9]+(?:\.[0-9]+)?(?:ns|us|µs|ms|s|m|h)"
DURATIONS = re.compile(rf"(?<![\w.])(?:{UNIT})+(?![\w])")
ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def blanks(line):
    """The line with single blanks, and none at its end."""
    return re.sub(r"[ \t]+", " ", ESCAPES.sub("", line)).rstrip()


def times(line):
    """The line with each time, and each duration, replaced by the same word."""
    return DURATIONS.sub("DURATION", TIMES.sub("TIME", line))


def pattern(line):
    return re.compile(".*".join(re.escape(part) for part in line.split(ANY)), re.DOTALL)


def line_matches(expected, real):
    expected, real = blanks(expected), blanks(real)
    return (pattern(expected).fullmatch(real) is not None
            or pattern(times(expected)).fullmatch(times(real)) is not None)


def matches(expected, real):
    """Whether lines of output are those of the document, of which a line … is any number of lines."""
    reachable = {0}  # how many lines of the real output may be used up so far
    for line in expected:
        if line.strip() == ANY:
            reachable = set(range(min(reachable), len(real) + 1)) if reachable else set()
        else:
            reachable = {at + 1 for at in reachable if at < len(real) and line_matches(line, real[at])}
    return len(real) in reachable


def first_missing(expected, real):
    """The first expected line that is not among the real ones in this order, or None."""
    at = 0
    for line in expected:
        if line.strip() == ANY or not line.strip():
            continue
        while at < len(real) and not line_matches(line, real[at]):
            at += 1
        if at == len(real):
            return line
        at += 1
    return None
