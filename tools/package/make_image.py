# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes an OCI image layout with the program.

    tools/package/make_image.py [OPTION…] DIRECTORY ARCHITECTURE=PROGRAM…

Without a base, the image has the program only, and what a root needs for it. The layout has one image for each architecture
(tag VERSION-ARCHITECTURE), and an index of all (tag VERSION).
"""

import argparse
import glob
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.realpath(os.path.join(HERE, "..", ".."))
sys.path.insert(0, HERE)
from oci_layout import Layer, Layout  # noqa: E402

AUTHORITIES = "/usr/share/ca-certificates/mozilla"
# The one that rocks have.
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ACCOUNTS = (("root", 0, "/root"), ("nobody", 65534, "/nonexistent"), ("_daemon_", 584792, "/nonexistent"))


def read(*path):
    with open(os.path.join(TOP, *path), "rb") as file:
        return file.read()


def authorities():
    """Mozilla's certificate authorities as one file, b'' without Debian's package ca-certificates. What the administrator
    of this machine has added is not among them."""
    return b"".join(read(path).strip() + b"\n" for path in sorted(glob.glob(f"{AUTHORITIES}/*.crt")))


def add_folder(layer, source, target):
    layer.directory(target)
    for name in os.listdir(source):
        path = os.path.join(source, name)
        if os.path.isdir(path):
            add_folder(layer, path, f"{target}/{name}")
        else:
            layer.file(f"{target}/{name}", read(path))


def program_layer(program, documents, epoch):
    """The program with its directories and documents. It fits on any base."""
    layer = Layer(epoch)
    for path in ("etc", "etc/ssl", "etc/ssl/certs", "usr", "usr/bin", "usr/share", "usr/share/doc", "usr/share/doc/pebble",
                 "var", "var/lib", "var/lib/pebble", "var/lib/pebble/default", "var/lib/pebble/default/layers"):
        layer.directory(path)
    layer.file("usr/bin/pebble", read(program), 0o755)
    for name in ("LICENSE", "LICENSE.LGPL"):
        layer.file(f"usr/share/doc/pebble/{name}", read(name))
    if documents:
        add_folder(layer, documents, "usr/share/doc/pebble/licences")
    bundle = authorities()
    if bundle:
        layer.file("etc/ssl/certs/ca-certificates.crt", bundle)
    return layer.tar()


def root_layer(epoch):
    """What a base has beside its programs: accounts, /tmp, and the directories that runtimes mount on, which they cannot
    make if the root is read-only."""
    layer = Layer(epoch)
    for path, mode in (("dev", 0o755), ("etc", 0o755), ("proc", 0o555), ("root", 0o700), ("run", 0o755), ("sys", 0o555),
                       ("tmp", 0o1777), ("var", 0o755), ("var/tmp", 0o1777)):
        layer.directory(path, mode)
    layer.file("etc/passwd", "".join(f"{name}:x:{number}:{number}::{home}:/usr/sbin/nologin\n"
                                     for name, number, home in ACCOUNTS).encode())
    layer.file("etc/group", "".join(f"{name}:x:{number}:\n" for name, number, _ in ACCOUNTS).encode())
    return layer.tar()


def labels_of(options):
    labels = {"title": "Cobble", "description": "Pebble-compatible service manager", "version": options.version,
              "licenses": "GPL-3.0-or-later AND LGPL-3.0-or-later", "revision": options.revision, "source": options.source}
    return {f"org.opencontainers.image.{name}": value for name, value in labels.items() if value}


def main():
    parser = argparse.ArgumentParser(description="Makes an OCI image layout with the program.")
    parser.add_argument("--base", help="a tar archive of a root, instead of an empty one")
    parser.add_argument("--epoch", type=int, default=int(os.environ.get("SOURCE_DATE_EPOCH", "0")), help="the time of all files")
    parser.add_argument("--version", required=True)
    parser.add_argument("--revision", default="")
    parser.add_argument("--source", default="")
    parser.add_argument("--sbom", action="append", default=[], metavar="ARCHITECTURE=FILE", help="an SPDX document to attach")
    parser.add_argument("--licences", action="append", default=[], metavar="ARCHITECTURE=FOLDER",
                        help="the licences of the libraries in the program")
    parser.add_argument("directory")
    parser.add_argument("programs", nargs="+", metavar="ARCHITECTURE=PROGRAM")
    options = parser.parse_args()
    layout, images = Layout(options.directory), {}
    licences = dict(word.split("=", 1) for word in options.licences)
    below = read(os.path.abspath(options.base)) if options.base else root_layer(options.epoch)
    for word in options.programs:
        architecture, program = word.split("=", 1)
        images[architecture] = layout.image(
            architecture, options.epoch, [below, program_layer(os.path.abspath(program), licences.get(architecture), options.epoch)],
            {"Entrypoint": ["/usr/bin/pebble", "enter"], "Env": [f"PATH={PATH}"], "WorkingDir": "/", "StopSignal": "SIGTERM"},
            labels_of(options))
    layout.tag(layout.index(list(images.values())), options.version)
    for architecture, image in images.items():
        layout.tag(image, f"{options.version}-{architecture}")
    for word in options.sbom:
        architecture, path = word.split("=", 1)
        layout.attach(images[architecture], read(os.path.abspath(path)), "application/spdx+json")
    layout.close()


if __name__ == "__main__":
    main()
