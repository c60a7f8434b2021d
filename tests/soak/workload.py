# SPDX-License-Identifier: GPL-3.0-or-later
"""The services and checks of a soak run: each kind ends, writes or treats its processes in another way."""

from faults import IS_ROOT

# Processes that leave the process group, or outlive its leader, are not stopped with the service. They end by themselves,
# and have a variable by which they are told from processes that must not be left.
ESCAPES = "SOAK_ESCAPES"

SCRIPTS = {
    "plain": "exec sleep 1000",
    "double-fork": "(sleep 1000 &)\nexec sleep 1000",
    "setsid": f"{ESCAPES}=1 setsid sleep 10 &\nexec sleep 1000",
    "closed-output": "exec >&- 2>&-\nexec sleep 1000",
    "held-output": f"{ESCAPES}=1 sleep 10 &\nexit 0",
    "flood": "while :; do yes | head -n 20000; sleep 0.3; done",
    "long-lines": "while :; do head -c 300000 /dev/zero | tr '\\0' x; sleep 0.5; done",
    "bytes": "while :; do head -c 4096 /dev/zero; head -c 4096 /dev/urandom; sleep 0.2; done",
    "stops-itself": "kill -STOP $$\nexec sleep 1000",
    "kills-group": "sleep 1000 &\nsleep 0.3\nkill -KILL 0",
    "quick-exit": "exit 3",
    "window-exit": "sleep 0.9\nexit 1",
    "edge-exit": "sleep 1\nexit 0",
    "ignores-term": "trap '' TERM\nwhile :; do sleep 1; done",
    "one-shot": "echo done",
    "success-loop": "sleep 0.1",
    "backoff": "sleep 0.2\nexit 1",
    "many-children": "for i in 1 2 3 4 5 6 7 8 9 10; do sleep 1000 & done\nwait",
    "signals-daemon": "kill -USR1 $PPID\nkill -HUP $PPID\nkill -CHLD $PPID\nexec sleep 1000",
    "killed-by-signal": "sleep 0.1\nkill -SEGV $$",
    "stopped-children": "sleep 1000 &\nkill -STOP $!\nexec sleep 1000",
    "checked": "exec sleep 1000",
    # Behind all others: services that follow one that is required share its order.
    "x-first": "exec sleep 1000",
    "x-second": "exec sleep 1000",
    "x-third": "sleep 0.5\nexit 1",
}

SETTINGS = {
    "plain": {"startup": "enabled"},
    "flood": {"startup": "enabled"},
    "one-shot": {"startup": "enabled", "on-success": "ignore"},
    "held-output": {"on-success": "ignore"},
    "edge-exit": {"on-success": "ignore"},
    "quick-exit": {"on-failure": "ignore"},
    "success-loop": {"on-success": "restart", "backoff-limit": "500ms"},
    "x-second": {"requires": ["x-first"], "after": ["x-first"]},
    "x-third": {"requires": ["x-second"], "after": ["x-second"]},
    "checked": {"startup": "enabled", "on-check-failure": {"recovers": "restart"}},
}

# Without a script: their start fails.
FAILING = {
    "no-program": {"command": "/nonexistent/program"},
    "no-directory": {"command": "sleep 1000", "working-dir": "/nonexistent"},
}

CHECKS = {
    "succeeds": {"exec": {"command": "true"}},
    "recovers": {"threshold": 2, "exec": {"command": 'sh -c "test $(($(date +%s) / 3 % 2)) = 0"'}},
    "fails": {"level": "ready", "tcp": {"port": 1}},
    "late": {"exec": {"command": "sleep 1000"}},
    "never-runs": {"exec": {"command": "/nonexistent/program"}},
    "web": {"http": {"url": "http://127.0.0.1:1/"}},
}


def names():
    return [*SCRIPTS, *FAILING, *(["other-user"] if IS_ROOT else [])]


def service(command, **settings):
    return {"override": "replace", "command": command, "kill-delay": "300ms", "backoff-delay": "50ms", "backoff-limit": "5s",
            **settings}


def plan(script):
    """The plan. script(name, text) writes a script and returns its path."""
    services = {name: service(script(f"kinds/{name}", text + "\n"), **SETTINGS.get(name, {}))
                for name, text in SCRIPTS.items()}
    services |= {name: service(**settings) for name, settings in FAILING.items()}
    if IS_ROOT:
        services["other-user"] = service(script("kinds/other-user", "kill -STOP $$\n"), user="nobody", group="nogroup")
    checks = {name: {"override": "replace", "period": "500ms", "timeout": "300ms", **settings}
              for name, settings in CHECKS.items()}
    return {"services": services, "checks": checks}
