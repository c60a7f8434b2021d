# SPDX-License-Identifier: GPL-3.0-or-later
"""What the map of the linker says about the files of other projects in a program, and what dpkg says about those."""

import collections
import os
import re
import subprocess

MEMORY_MAP = "Linker script and memory map"
# A section in the memory map: address, size, and the archive or object that it comes from.
SECTION = re.compile(r"0x([0-9a-f]+) +0x([0-9a-f]+) (/.+?)(?:\([^()]*\))?$")
FIELDS = ("Package", "Architecture", "Version", "source:Package", "source:Version", "Maintainer", "Homepage")

# A Debian package. The names of the members are those of FIELDS.
Package = collections.namedtuple("Package", ["name", "arch", "version", "source", "source_version", "maintainer", "homepage"])


class MapError(Exception):
    pass


def linked_files(lines):
    """The absolute paths of archives and objects of which sections with an address and a size are in the program."""
    paths, is_memory_map = set(), False
    for line in lines:
        is_memory_map = is_memory_map or line.startswith(MEMORY_MAP)
        found = SECTION.search(line.rstrip("\n")) if is_memory_map else None
        if found and int(found[1], 16) and int(found[2], 16):
            paths.add(os.path.realpath(found[3]))
    if not is_memory_map:
        raise MapError("this is no map of the linker")
    return sorted(paths)


def output(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C.UTF-8"})
    if done.returncode != 0:
        raise MapError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


def packages_of(paths):
    """{path: the Debian package that it belongs to}. On a merged /usr, dpkg may know a path by its former name."""
    names = {path: {path, path.removeprefix("/usr")} for path in paths}
    # It fails if one of the names is not known. All are asked for at once, because it reads the lists of all packages.
    done = subprocess.run(["dpkg-query", "-S", *sorted(set().union(*names.values()))], capture_output=True, text=True, check=False,
                          env={**os.environ, "LC_ALL": "C.UTF-8"})
    owners = {}
    for line in done.stdout.splitlines():
        owner, separator, name = line.partition(": ")
        if separator and not line.startswith("diversion "):
            owners[name] = owner.split(", ")[0]
    found = {path: next((owners[name] for name in sorted(names[path], reverse=True) if name in owners), None) for path in paths}
    for path, owner in found.items():
        if owner is None:
            raise MapError(f"{path} belongs to no package")
    packages = {owner: package(owner) for owner in set(found.values())}
    return {path: packages[owner] for path, owner in found.items()}


def package(name):
    return Package(*output("dpkg-query", "-W", "-f", "\t".join(f"${{{field}}}" for field in FIELDS), name).split("\t"))


def build_id(program):
    """The build ID of an ELF file, or None."""
    found = re.search(r"Build ID: ([0-9a-f]+)", output("readelf", "-n", "-W", program))
    return found[1] if found else None
