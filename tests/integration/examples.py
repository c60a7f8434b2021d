# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples for tests: copies with free ports."""

import http.client
import os
import re
import shutil

from harness import HANG_S, TOP, free_port


def copy_example(daemon, name, *ports):
    """Copies an example into the daemon's directory, with free ports instead of those it names; returns them in order."""
    source = os.path.join(TOP, "examples", name)
    shutil.copytree(source, daemon.pebble_dir, dirs_exist_ok=True)
    free = [free_port() for _ in ports]
    replacements = {str(old): str(new) for old, new in zip(ports, free)}
    for folder, _, names in os.walk(source):
        for file in names:
            path = os.path.join(daemon.pebble_dir, os.path.relpath(folder, source), file)
            with open(path, encoding="utf-8") as stream:
                text = stream.read()
            # All at once: a new port may contain the digits of another one's old port.
            text = re.sub("|".join(replacements), lambda match: replacements[match[0]], text) if ports else text
            with open(path, "w", encoding="utf-8") as stream:
                stream.write(text)
    return free


def page_of(port):
    """The page of a web server; "" if it does not respond."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=HANG_S)
    try:
        connection.request("GET", "/")
        return connection.getresponse().read().decode()
    except OSError:
        return ""
    finally:
        connection.close()
