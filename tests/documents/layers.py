# SPDX-License-Identifier: GPL-3.0-or-later
"""Has the program judge the layers of a document."""

import os
import re
import subprocess
import tempfile

import compare
from session import HANG_S

KEYS = {"summary", "description", "services", "checks", "log-targets", "workloads", "pairing"}
MISSING = re.compile(r"(?P<check>check) \"(?P<a>[^\"]+)\" does not exist|service \"(?P<b>[^\"]+)\" does not exist"
                     r"|unknown service \"(?P<c>[^\"]+)\"|workload \"(?P<workload>[^\"]+)\": not defined")
SERVICE = "override: replace\ncommand: sleep infinity\n"
CHECK = "override: replace\nexec:\n    command: \"true\"\n"
WORKLOAD = "override: replace\n"
LOG_TARGET = "override: replace\ntype: loki\nlocation: http://127.0.0.1:3100/loki/api/v1/push\nservices: [all]\n"
# Where a fragment is placed, and what its entry needs.
PLACES = {"service": ("services.example", SERVICE), "check": ("checks.example", CHECK),
          "workload": ("workloads.example", WORKLOAD), "log-target": ("log-targets.example", LOG_TARGET)}
SECTIONS = {"services": SERVICE, "checks": CHECK, "workloads": WORKLOAD, "log-targets": LOG_TARGET}
KINDS = ("http", "tcp", "exec")
PREFIXES = ("cannot run daemon: ", "cannot load plan: ")


def top_keys(text):
    return [key.strip("\"'") for key in re.findall(r"^([^\s#:-][^:\n]*):(?:\s|$)", text, re.MULTILINE)]


def is_layer(text):
    """Whether YAML begins with a key of layers."""
    return any(key in KEYS for key in top_keys(text)[:1])


def indented(text, depth):
    return "".join(f"{'    ' * depth}{line}" if line.strip() else line for line in text.splitlines(keepends=True))


def completed(text, needed):
    """The keys of an entry, with those of `needed` that it lacks."""
    has = set(top_keys(text))
    if has & set(KINDS) and needed is CHECK:
        needed = WORKLOAD
    added = ""
    for key, lines in re.findall(r"^(\S+?):((?:.*\n)(?:[ \t].*\n)*)", needed, re.MULTILINE):
        if key not in has:
            added += f"{key}:{lines}"
    return text + added


def under(path, text):
    """A fragment below its keys, such as `services.web`, as a whole layer. ValueError: there is no such place."""
    path, needed = PLACES.get(path, (path, None))
    keys = path.split(".")
    if keys[0] not in KEYS:
        raise ValueError(f"a fragment cannot be placed under '{path}'")
    needed = needed or SECTIONS.get(keys[0])
    for depth, key in reversed(list(enumerate(keys))):
        if depth == 1 and needed:
            text = completed(text, needed)
        text = f"{key}:\n{indented(text, 1)}"
    return text


class Judge:
    """Asks the program for the plan of layers."""

    def __init__(self, program, env):
        self.program = program
        self.env = env

    def refusal(self, *layers):
        """Why the layers are refused; None if they are accepted."""
        with tempfile.TemporaryDirectory(dir=self.env["HOME"]) as folder:
            os.mkdir(os.path.join(folder, "layers"))
            for number, text in enumerate(layers, 1):
                label = "layer" if number == len(layers) else "others"
                with open(os.path.join(folder, "layers", f"{number:03}-{label}.yaml"), "w", encoding="utf-8") as file:
                    file.write(text)
            env = {**self.env, "PEBBLE": folder}
            done = subprocess.run([self.program, "enter", "plan"], env=env, capture_output=True, text=True, check=False,
                                  stdin=subprocess.DEVNULL, timeout=HANG_S)
            return None if done.returncode == 0 else done.stderr.strip()

    def fragment_refusal(self, layer):
        """As above, with the services and checks that the layer refers to, which are elsewhere."""
        others = {"services": {}, "checks": {}, "workloads": {}}
        while True:
            text = "".join(f"{section}:\n" + "".join(f"    {name}:\n{indented(entry, 2)}" for name, entry in entries.items())
                           for section, entries in others.items() if entries)
            refusal = self.refusal(*([text] if text else []), layer)
            missing = MISSING.search(refusal or "")
            if missing is None:
                return refusal
            name = missing["a"] or missing["b"] or missing["c"] or missing["workload"]
            section, entry = (("checks", CHECK) if missing["check"] else ("workloads", WORKLOAD) if missing["workload"]
                              else ("services", SERVICE))
            if name in others[section]:
                return refusal
            others[section][name] = entry


def message_matches(expected, refusal):
    """Whether a document shows the message, with or without what commands put before it, in lines of any width."""
    expected = " ".join(line.strip() for line in expected)
    forms = [refusal]
    for prefix in PREFIXES:
        forms.append(forms[-1].removeprefix(prefix))
    forms += [f"error: {form}" for form in forms]
    return any(compare.line_matches(expected, " ".join(form.split())) for form in forms)
