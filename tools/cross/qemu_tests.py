# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs tests under qemu-user: qemu_tests.py unit TREE, or qemu_tests.py integration PROGRAM.

The tests that qemu cannot run are in qemu_limits.txt. Their failures are listed, but do not count. The last line is
`N passed, N failed`."""

import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))

# Of each part of the program something that does not look at the daemon's process from outside.
MODULES = [f"test_{name}.*" for name in (
    "cli_exec", "cli_files", "exec", "files", "https", "https_client", "identities", "log_targets", "notices", "order", "pairing",
    "rocks", "run_options", "shutdown", "until_done")]


def limits():
    """Names and reasons of what is skipped, and of what may fail."""
    found = {"skips": {}, "fails": {}}
    with open(os.path.join(HERE, "qemu_limits.txt"), encoding="utf-8") as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                kind, name, reason = line.split()
                found[kind][name] = reason
    return found["skips"], found["fails"]


def result_of_program(name, result, text, passed, failed):
    passed += [f"{name}: {test}" for test in re.findall(r"^\[ +OK +\] (\w+)$", text, re.MULTILINE)]
    bad = sorted(set(re.findall(r"^\[ +FAILED +\] (\w+)$", text, re.MULTILINE)))
    failed += [(name, test) for test in bad]
    if not bad and result not in ("OK", "SKIP"):
        failed.append((name, result))


def unit(tree):
    skips, _ = limits()
    listed = subprocess.run(["meson", "test", "-C", tree, "--list", "--suite", "unit"], capture_output=True, text=True, check=True).stdout
    names = [name.rsplit(" ", 1)[-1] for name in re.findall(r"^.*/.*$", listed, re.MULTILINE) if "ninja" not in name]
    for name in sorted(set(names) & set(skips)):
        print(f"skipped {name}: {skips[name]}")
    subprocess.run(["meson", "test", "-C", tree, "--no-rebuild", "--timeout-multiplier", "10", "--num-processes", str(os.cpu_count()),
                    *(name for name in names if name not in skips)], stdout=subprocess.DEVNULL, check=False)
    passed, failed = [], []
    with open(os.path.join(tree, "meson-logs", "testlog.json"), encoding="utf-8") as log:
        for line in log:
            one = json.loads(line)
            result_of_program(one["name"], one["result"], one.get("stdout", "") + "\n" + one.get("stderr", ""), passed, failed)
    return len(passed), failed


def integration(program):
    done = subprocess.run([sys.executable, "-B", os.path.join(TOP, "tests", "integration", "run.py"), "--bin", program, "--jobs",
                           str(os.cpu_count()), *MODULES], capture_output=True, text=True, check=False)
    print(done.stdout)
    passed = int(re.search(r"^(\d+) passed, ", done.stdout, re.MULTILINE).group(1))
    return passed, [("", name) for name in re.findall(r"^FAIL (\S+) \(", done.stdout, re.MULTILINE)]


def main():
    passed, failed = {"unit": unit, "integration": integration}[sys.argv[1]](sys.argv[2])
    _, fails = limits()
    faults = 0
    for program, test in failed:
        if test in fails:
            print(f"cannot pass under qemu: {program} {test}: {fails[test]}")
        else:
            faults += 1
            print(f"FAIL {program} {test}")
    print(f"{passed} passed, {faults} failed")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
