#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the commands and layers of documents, and compares the output with what they show.

    tests/documents/run.py [--bin build/pebble] [--jobs N] [--verbose] [FILE…]

The conventions are described in HACKING.md. Without a FILE: all documents. The last line is
'N passed, N failed', which counts documents.
"""

import argparse
import concurrent.futures
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True

import document  # pylint: disable=wrong-import-position
import links  # pylint: disable=wrong-import-position
import page  # pylint: disable=wrong-import-position
import sandbox  # pylint: disable=wrong-import-position
import session  # pylint: disable=wrong-import-position

TOP = document.TOP
DOCUMENTS = ("*.md", "docs/index.md", "docs/tutorial/*.md", "docs/how-to/*.md", "docs/reference/*.md",
             "docs/explanation/*.md", "docs/internals/*.md", "examples/*/README.md")
# Only the links, verbs and names of files of these are checked.
NOT_RUN = re.compile(r"(ARCHITECTURE|CHANGES|HACKING|SECURITY)\.md|docs/internals/.*")
FREE_FAULTS = ("an indented block", "a block of code without a language")  # that those may have
LIBRARY_TOOLS = ("cc", "meson", "pkg-config")
LIBRARY = os.path.join(TOP, "build", "tests", "documents-library")  # with /usr/local below it
KEPT = ("LANG", "LC_ALL", "TERM", "USER", "LOGNAME", "TMPDIR")


def servers():
    """The variables with which the servers of the tests are found."""
    text = ". tools/dev/packages.sh; use_servers; printf '%s\\n%s\\n' \"$PATH\" \"${LD_LIBRARY_PATH:-}\""
    done = subprocess.run(["sh", "-euc", text], cwd=TOP, capture_output=True, text=True, check=True)
    path, libraries = done.stdout.splitlines()
    return {"PATH": path, **({"LD_LIBRARY_PATH": libraries} if libraries else {})}


def install_library(paths):
    """Installs libpebble for the documents that need it. The build tree of the library is used by one at a time."""
    if not any("libpebble" in links.read(path).needs for path in paths) or not all(map(shutil.which, LIBRARY_TOOLS)):
        return
    os.makedirs(LIBRARY, exist_ok=True)
    done = subprocess.run(["./dev", "install", "--lib", "/usr/local"], cwd=TOP, env={**os.environ, "DESTDIR": LIBRARY},
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{done.stdout}\nThe library cannot be installed, which documents need.")


def environment(program, base):
    """The variables of a document's shells, with a new home directory and the program in front of the path."""
    home, tools = os.path.join(base, "home"), os.path.join(base, "bin")
    os.mkdir(home)
    os.mkdir(tools)
    os.symlink(program, os.path.join(tools, "pebble"))
    # A python3 that does not depend on the home directory.
    os.symlink(os.path.realpath(sys.executable), os.path.join(tools, "python3"))
    found = {name: os.environ[name] for name in KEPT if name in os.environ}
    found.update(servers())
    return {"LANG": "C.UTF-8", "TERM": "dumb", **found, "PATH": f"{tools}:{found['PATH']}", "HOME": home, "TREE": TOP,
            "LIBPEBBLE": os.path.join(LIBRARY, "usr/local"), "SHELL": "/bin/bash", "PYTHONDONTWRITEBYTECODE": "1"}


def check(path, name, text_page, outcome):
    """What needs no session."""
    for fault in text_page.faults:
        outcome.fail(fault.line, fault.message)
    links.check_links(path, text_page, outcome.fail)
    links.check_verbs(TOP, text_page, outcome.fail)
    links.check_mentions(TOP, text_page, outcome.fail)
    if name.startswith("docs/") and not text_page.headings:
        outcome.fail(1, "the page has no heading")
    if name == "docs/index.md":
        links.check_index(TOP, text_page, outcome.fail)


def run_document(path, name, program, base, hang_s=session.HANG_S):
    """Checks a document and runs it below `base`; its outcome."""
    outcome = document.Outcome(name)
    with open(path, encoding="utf-8") as file:
        text_page = page.Page(file.read())
    if NOT_RUN.fullmatch(name):
        text_page.faults = [fault for fault in text_page.faults if not fault.message.startswith(FREE_FAULTS)]
        check(path, name, text_page, outcome)
        return outcome
    check(path, name, text_page, outcome)
    env = environment(program, base)
    missing = document.missing_programs(text_page, env)
    if missing:
        outcome.is_skipped = True
        outcome.skips.append(f"{name}: needs {', '.join(missing)}")
    elif not outcome.failures:
        shells = os.path.join(base, "shells")
        os.mkdir(shells)
        session_run = document.Run(text_page, outcome, env, shells, hang_s)
        try:
            session_run.run()
        finally:
            session_run.finish()
    return outcome


def run_inside(path, name, program, base, is_sandboxed):
    """In a process of its own: runs the document, ends all that it has left, and prints the outcome."""
    # Paths of a document must be readable for other users, such as those of its services.
    os.umask(0o022)
    sandbox.adopt()
    if is_sandboxed:
        sandbox.enter(base, [TOP, path, program, base, sys.executable])
    os.chmod(base, 0o755)
    outcome = run_document(path, name, program, base)
    print(json.dumps(vars(outcome)))


def run_apart(path, program, words):
    """The outcome of a document, which is run by another process."""
    name = os.path.relpath(path, TOP)
    if name.startswith(".."):
        name = path
    with tempfile.TemporaryDirectory(prefix="pebble-documents-", ignore_cleanup_errors=True) as base:
        done = subprocess.run([*(words or []), sys.executable, "-B", os.path.abspath(__file__), "--inside",
                               path, name, program, base, "yes" if words else ""],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, check=False)
    try:
        return json.loads(done.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        return {**vars(document.Outcome(name)), "failures": [f"{name}: the runner failed:\n{done.stdout}{done.stderr}"]}


def show(outcome, is_verbose):
    word = "FAIL" if outcome["failures"] else "skipped" if outcome["is_skipped"] else "ok"
    if word != "ok" or is_verbose:
        print(f"{word:8}{outcome['name']} ({outcome['command_count']} commands)")
    for failure in outcome["failures"]:
        print(failure)
    sys.stdout.flush()


def arguments():
    parser = argparse.ArgumentParser(description="Runs the commands and layers of documents.")
    parser.add_argument("--bin", default=os.path.join(TOP, "build", "pebble"))
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("files", nargs="*", metavar="FILE")
    return parser.parse_args()


def main():
    options = arguments()
    if options.inside:
        run_inside(*options.files)
        return 0
    program = os.path.abspath(options.bin)
    if not os.access(program, os.X_OK):
        print(f"There is no program {program}.")
        return 2
    missing = [path for path in options.files if not os.path.isfile(path)]
    if missing:
        print(f"There is no document {missing[0]}.")
        return 2
    paths = [os.path.abspath(path) for path in options.files] or [
        path for pattern in DOCUMENTS for path in sorted(glob.glob(os.path.join(TOP, pattern)))]
    words = sandbox.words()
    if words is None:
        print("Namespaces are not available: documents run one by one, on the network of this machine.")
    jobs = options.jobs if words else 1
    install_library(paths)
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        outcomes = []
        for outcome in pool.map(lambda path: run_apart(path, program, words), paths):
            show(outcome, options.verbose)
            outcomes.append(outcome)
    skips = [skip for outcome in outcomes for skip in outcome["skips"]]
    if skips:
        print("Not run:")
        for skip in skips:
            print(f"  {skip}")
    failed = sum(bool(outcome["failures"]) for outcome in outcomes)
    print(f"{sum(not outcome['is_skipped'] for outcome in outcomes) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
