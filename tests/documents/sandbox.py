# SPDX-License-Identifier: GPL-3.0-or-later
"""Namespaces for a document: network, processes and mounts of its own."""

import ctypes
import fcntl
import os
import shutil
import socket
import struct
import subprocess

SET_CHILD_SUBREAPER = 36
CAP_AMBIENT, CAP_AMBIENT_CLEAR_ALL = 47, 4
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
# What a document writes there is gone with the namespace. The last one may hold the directory of the document.
OVERLAYS = ("/etc", "/opt", "/srv", "/usr/local", "/var", "/run", "/tmp")


def prctl(option, *arguments):
    ctypes.CDLL(None, use_errno=True).prctl(option, *(list(arguments) + [0] * 4)[:4])


def words():
    """The words before a command that give it namespaces; None where they cannot be used."""
    if not shutil.which("unshare"):
        return None
    found = ["unshare", "--net", "--pid", "--mount", "--fork", "--mount-proc", "--kill-child"]
    if os.geteuid() != 0:
        found += ["--user", "--map-current-user", "--keep-caps"]
    done = subprocess.run([*found, "true"], capture_output=True, check=False)
    return found if done.returncode == 0 else None


def bring_up_loopback():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = struct.pack("16sh14x", b"lo", 0)
        flags, = struct.unpack("16xh14x", fcntl.ioctl(sock, SIOCGIFFLAGS, request))
        fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


def mount(*arguments):
    return subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode == 0


def cover(base, keep):
    """Covers the directories that documents write to, as far as overlays can be used. The paths of `keep` stay there."""
    if not mount("-t", "tmpfs", "-o", "mode=755", "documents", base):
        return
    for number, path in enumerate(path for path in OVERLAYS if os.path.isdir(path)):
        upper, work = (os.path.join(base, f"{number}.{part}") for part in ("upper", "work"))
        os.mkdir(upper)
        os.mkdir(work)
        shutil.copymode(path, upper)
        if mount("-t", "overlay", "-o", f"lowerdir={path},upperdir={upper},workdir={work}", "documents", path) and \
                not all(os.path.exists(needed) for needed in keep):
            subprocess.run(["umount", path], check=True)
    # The first one may be covered now.
    mount("-t", "tmpfs", "-o", "mode=755", "documents", base)


def enter(base, keep):
    """Prepares this process, the first of its namespaces."""
    bring_up_loopback()
    cover(base, keep)
    prctl(CAP_AMBIENT, CAP_AMBIENT_CLEAR_ALL)


def adopt():
    """Orphans become children of this process."""
    prctl(SET_CHILD_SUBREAPER, 1)
