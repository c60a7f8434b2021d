# SPDX-License-Identifier: GPL-3.0-or-later
"""Random requests, layers and commands of a soak run."""

import json

import workload

STRANGE = ["", "x" * 300, "é", "a b", "../..", "\0", "\x1b[31m", "%00", "-1", "1e9", "null", "18446744073709551616"]


def name(rng):
    return rng.choice(workload.names()) if rng.random() < 0.8 else rng.choice(STRANGE)


def quoted(text):
    return "".join(chr(byte) if chr(byte).isascii() and chr(byte).isalnum() else f"%{byte:02X}" for byte in text.encode())


def strange_value(rng, depth=0):
    """Some JSON value."""
    if depth < 3 and rng.random() < 0.4:
        if rng.random() < 0.5:
            return [strange_value(rng, depth + 1) for _ in range(rng.randint(0, 4))]
        return {rng.choice(["action", "services", "x", "timeout", ""]): strange_value(rng, depth + 1) for _ in range(3)}
    return rng.choice([*STRANGE, None, True, 0, -1, 1 << 70, 1.5])


def read(rng, changes):
    change = rng.choice(changes) if changes and rng.random() < 0.8 else rng.randint(0, 5)
    return "GET", rng.choice([
        "/v1/services", f"/v1/services?names={quoted(name(rng))}", "/v1/plan?format=yaml", "/v1/logs?n=100",
        f"/v1/logs?services={quoted(name(rng))}&n=-1", "/v1/checks", "/v1/changes?select=all", "/v1/changes?select=ready",
        f"/v1/changes/{change}", f"/v1/changes/{change}/wait?timeout=10ms", "/v1/notices", "/v1/notices?timeout=5ms&after=2100-01-01T00:00:00Z",
        "/v1/system-info", "/v1/health", "/v1/identities", "/v1/metrics", "/v1/log-targets",
        "/v1/files?action=list&path=/etc", "/v1/files?action=read&path=/etc/passwd&path=/nonexistent"]), None


def write(rng, _changes):
    return "POST", *rng.choice([
        ("/v1/signals", {"signal": rng.choice(["SIGHUP", "SIGKILL", "SIGSTOP", "SIGCONT", "SIGUSR1", "SIGNONE"]),
                         "services": [name(rng)]}),
        ("/v1/checks", {"action": rng.choice(["start", "stop"]), "checks": [rng.choice(list(workload.CHECKS))]}),
        ("/v1/checks/refresh", {"name": rng.choice(["succeeds", "recovers", "fails", "never-runs", "none"])}),
        ("/v1/files", {"action": "make-dirs", "dirs": [{"path": f"/tmp/cobble-soak-none/{rng.randint(1, 9)}"}]}),
        ("/v1/exec", {"command": rng.choice([["true"], ["sleep", "3"], ["/nonexistent"], ["sh", "-c", "exit 9"]]),
                      "timeout": "2s"}),
    ])


def wrong(rng, _changes):
    """A body that is refused, or means little."""
    return "POST", rng.choice(["/v1/services", "/v1/layers", "/v1/signals", "/v1/checks", "/v1/checks/refresh", "/v1/exec",
                               "/v1/files", "/v1/notices", "/v1/identities", "/v1/changes/1"]), strange_value(rng)


def known(rng, changes):
    """A request: method, path, body."""
    method, path, body = rng.choices([read, write, wrong], [6, 2, 2])[0](rng, changes)
    if body is not None and not isinstance(body, (dict, list)):
        body = json.dumps(body)
    return method, path, body


def encode(method, path, body):
    data = b"" if body is None else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    kind = "Content-Type: application/json\r\n" if data else ""
    return f"{method} {path} HTTP/1.1\r\nHost: x\r\n{kind}Content-Length: {len(data)}\r\n\r\n".encode() + data


def garbage(rng):
    """Bytes that are hardly a request."""
    data = bytearray(encode(*known(rng, [])))
    kind = rng.randrange(4)
    if kind == 0:
        return rng.randbytes(rng.randint(1, 5000))
    if kind == 1:
        return bytes(data[:rng.randrange(len(data))])
    if kind == 2:
        return bytes(data).replace(b"Host: x", b"X: " + b"y" * rng.choice([100, 10000, 200000]))
    for _ in range(rng.randint(1, 10)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(data)


def layer(rng):
    """(label, text); some are refused."""
    label = f"more-{rng.randint(1, 6)}"
    services = {}
    for _ in range(rng.randint(1, 4)):
        services[f"added-{rng.randint(1, 10)}"] = workload.service(
            rng.choice(["sleep 1000", "true", "false", "echo x", "/nonexistent"]), startup=rng.choice(["enabled", "disabled"]),
            after=rng.sample(["plain", "x-first", "added-1", "added-2"], rng.randint(0, 2)))
    text = json.dumps({"services": services})
    if rng.random() < 0.1:
        text = text[:rng.randrange(len(text))]
    return label, text


def command(rng):
    return rng.choice([
        ["logs", "-f"], ["services"], ["exec", "--timeout", "3s", "--", "sleep", "10"],
        ["exec", "--timeout", "3s", "--", "sh", "-c", "yes | head -c 1000000"], ["exec", "--timeout", "3s", "--", "cat"],
        ["start", name(rng).replace("\0", "")], ["restart", "plain"], ["changes"], ["plan"], ["health"],
        ["notices", "--timeout", "5s"], ["stop", "--no-wait", "flood"]])
