# SPDX-License-Identifier: GPL-3.0-or-later
"""The hook tools of tools/charm-run, what is kept after a failure, and faults of charms and daemons."""

import json
import os
import subprocess
import sys

from harness import DaemonCase, wait_until
from test_charm import RUN, charm_run

# Runs the tools that calls.json has for the event, and writes what they did to results.json.
CALLER = r"""#!/usr/bin/env python3
import json, os, subprocess, sys
name = os.environ["JUJU_DISPATCH_PATH"].split("/")[1]
results = {}
if os.path.exists("results.json"):
    results = json.load(open("results.json"))
results[name] = []
for call in json.load(open("calls.json")).get(name, []):
    if isinstance(call, int):
        code = call
        break
    given = call.pop()["given"] if isinstance(call[-1], dict) else None
    words = [word.encode("utf-8", "surrogateescape") for word in call]
    done = subprocess.run(words, input=(given or "").encode(), capture_output=True)
    results[name].append([done.returncode, done.stdout.decode(), done.stderr.decode()])
else:
    code = 0
json.dump(results, open("results.json", "w"))
sys.exit(code)
"""

# Responds to everything with a result that is not one of Pebble.
STRANGE_DAEMON = r"""#!/usr/bin/env python3
import os, socket
server = socket.socket(socket.AF_UNIX)
server.bind(os.environ["PEBBLE_SOCKET"])
server.listen(8)
body = b'{"type":"sync","result":7}'
while True:
    connection, _ = server.accept()
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    connection.close()
"""

FAIL = 3


def usage(text):
    return [2, "", f"ERROR {text}\n"]


def failure(text):
    return [1, "", f"ERROR {text}\n"]


def prints(text):
    return [0, text, ""]


OK = prints("")


def is_running(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class CallCase(DaemonCase):
    description = """\
name: demo
config:
  options:
    size:
      type: int
      default: 4
    loud:
      type: boolean
actions:
  go:
    params:
      speed:
        type: integer
        default: 3
      deep:
        type: object
        properties:
          in:
            default: {er: x}
"""

    def setUp(self):
        super().setUp()
        self.charm = self.daemon.path("charm")
        self.daemon.file("charm/dispatch", CALLER, 0o755)
        self.daemon.file("charm/charmcraft.yaml", self.description)

    def run_calls(self, steps, *options, **calls):
        """Runs the steps; `calls` has the words of each event. (exit code, output, results)"""
        self.daemon.file("charm/calls.json", json.dumps(calls))
        code, output, errors = charm_run(*options, self.charm, *steps)
        self.assertNotIn("Traceback", output + errors)
        with open(os.path.join(self.charm, "results.json"), encoding="utf-8") as file:
            return code, output, json.load(file)

    def check(self, *pairs, options=(), step="install"):
        """Each pair is the words of a call, and what it does."""
        name = step.split(":")[-1]
        code, output, results = self.run_calls([step], *options, **{name: [list(words) for words, _ in pairs]})
        self.assertEqual(code, 0, output)
        for (words, expected), result in zip(pairs, results[name], strict=True):
            with self.subTest(words):
                self.assertEqual(result, expected)
        return output


class ToolsTest(CallCase):
    def test_state(self):
        self.check((["state-set", "a= 1 ", "", "b=x=y"], OK),
                   (["state-get", "--format=yaml"], prints('a: "1"\nb: x=y\n')),
                   (["state-set", "--file=-", {"given": "c: 2\nd: null\n'e f': {given}\n".replace("{given}", "'<'")}], OK),
                   (["state-set", "--file", "-", "c=own", {"given": '{"c": "3", "g": "é"}'}], OK),
                   (["state-get", "--format", "json"],
                    prints('{"a":"1","b":"x=y","c":"own","d":"","e f":"\\u003c","g":"é"}\n')),
                   (["state-get", "-"], prints('a: "1"\nb: x=y\nc: own\nd: ""\ne f: "<"\ng: "é"\n')),
                   (["state-get", "c"], prints("own\n")), (["state-get", "none"], OK),
                   (["state-get", "none", "--strict"], failure('"none" not found')),
                   (["state-get", "none", "--strict=false"], OK),
                   (["state-get", "a", "b"], usage('unrecognized args: ["b"]')),
                   (["state-delete", "a"], OK), (["state-delete", "a"], OK), (["state-delete"], OK),
                   (["state-get", "-o", "out", "c"], OK), (["cat", "out"], prints("own\n")),
                   (["state-set", "a"], usage('expected "key=value", got "a"')),
                   (["state-set", "=a"], usage('expected "key=value", got "=a"')),
                   (["state-set", "a=1", "a=2"], usage('key "a" specified more than once')),
                   (["state-set", "--file"], usage("option needs an argument: --file")),
                   (["state-set", "--file", "none"], failure(f"open {self.charm}/none: no such file or directory")),
                   (["state-set", "--file=-", {"given": "a: [1]"}], failure("yaml: it must be a map of strings")),
                   (["state-set", "--file=-", {"given": "a: &x 1"}], failure("yaml:1: an anchor is not supported here")),
                   (["state-set", "k" * 257 + "=v"], failure("max allowed key length (256) exceeded")),
                   (["state-set", "k=" + "v" * 65537], failure("max allowed value length (65536) exceeded")),
                   (["sh", "-c", "mkdir -p sub; cd sub; echo 'from: file' >x; state-set --file=x; state-get from"],
                    prints("file\n")))

    def test_options(self):
        self.check((["status-set", "--no", "active"], usage("option provided but not defined: --no")),
                   (["status-set", "-x", "active"], usage("option provided but not defined: -x")),
                   (["state-set", "--format=json", "a=1"], usage("option provided but not defined: --format")),
                   (["is-leader", "--format=xml"],
                    usage('invalid value "xml" for option --format: unknown format "xml"')),
                   (["config-get", "--all=maybe"], usage('invalid value "maybe" for option --all: strconv.ParseBool: parsing '
                                                         '"maybe": invalid syntax')),
                   (["config-get", "--=x"], usage('empty option in argument "--=x"')),
                   (["juju-log", "--help"], prints("Usage: juju-log [options]\n")),
                   (["env", "-u", "JUJU_CONTEXT_ID", "is-leader"], failure("JUJU_CONTEXT_ID not set")),
                   (["env", "JUJU_CONTEXT_ID=old", "is-leader"], failure('bad request: wrong context ID; got "old"')))

    def test_configuration_and_leader(self):
        self.check((["config-get"], prints("size: 4\n")), (["config-get", "--all"], prints("loud: null\nsize: 4\n")),
                   (["config-get", "-a", "--format=json"], prints('{"loud":null,"size":4}\n')),
                   (["config-get", "size"], prints("4\n")), (["config-get", "loud"], OK),
                   (["config-get", "loud", "--format=json"], prints("null\n")),
                   (["config-get", "size", "-a"], usage('cannot use argument --all together with key "size"')),
                   (["config-get", "size", "x"], usage('unrecognized args: ["x"]')),
                   (["is-leader"], prints("False\n")), (["is-leader", "--format=yaml"], prints("false\n")),
                   (["is-leader", "x"], usage('unrecognized args: ["x"]')))

    def test_log_and_status(self):
        output = self.check(
            (["juju-log"], usage("no message specified")), (["juju-log", "-lwarn", "two", "words"], OK),
            (["juju-log", "--log-level=loud", "x"], OK), (["juju-log", "--debug", "-l", "ERROR", "y"], OK),
            (["juju-log", "--format=json", "z"], [0, "", '--format flag deprecated for command "juju-log"']),
            (["status-get"], prints("unknown\n")),
            (["status-set"], usage("invalid args, require <status> [message]")),
            (["status-set", "good"],
             usage('invalid status "good", expected one of [maintenance blocked waiting active]')),
            (["status-set", "active", "a", "b", "c"], usage('unrecognized args: ["b" "c"]')),
            (["status-set", "--application=False", "waiting", "for it"], OK), (["status-get", "--format=json"], prints('{"status":"waiting"}\n')),
            (["status-get", "--include-data"], prints("message: for it\nstatus: waiting\nstatus-data: {}\n")),
            (["status-set", "--application", "active"], failure("this unit is not the leader")),
            (["status-get", "--application"], failure("finding application status: this unit is not the leader")),
            (["application-version-set"], usage("no version specified")),
            (["application-version-set", "1", "2"], usage('unrecognized args: ["2"]')))
        self.assertEqual(output, 'hooks/install: exit code 0\n  log WARNING: two words\n'
                         '  log WARNING: Specified log level of "loud" is not valid\n  log INFO: x\n  log DEBUG: y\n'
                         '  log INFO: z\n  status: waiting: for it\n')
        self.check((["status-set", "--application", "active", "all"], OK), (["status-get", "--application"], prints("active\n")),
                   (["status-get", "--application", "--include-data", "--format=json"],
                    prints('{"application-status":{"message":"all","status":"active","status-data":{},"units":'
                           '{"demo/0":{"message":"","status":"unknown","status-data":{}}}}}\n')), options=["--leader"])

    def test_ports(self):
        self.check((["open-port"], usage("no port or range specified")),
                   (["open-port", "x"], usage('invalid port "x": strconv.Atoi: parsing "x": invalid syntax')),
                   (["open-port", "1-2-3"], usage('invalid port range "1-2-3"')),
                   (["open-port", "9-8"], usage("invalid port range 9-8/tcp")),
                   (["open-port", "65536"], usage("port range bounds must be between 0 and 65535, got 65536-65536")),
                   (["open-port", "1/sctp"], usage('invalid protocol "sctp", expected "tcp", "udp", or "icmp"')),
                   (["open-port", "1/icmp"], usage('protocol "icmp" doesn\'t support any ports; got "1"')),
                   (["open-port", "80/UDP"], OK), (["open-port", "90-100"], OK), (["open-port", "ICMP"], OK),
                   (["open-port", "9", "--endpoints", "b, a"], OK), (["open-port", "9"], OK), (["close-port", "9"], OK),
                   (["open-port", "95"], failure('cannot open 95/tcp (unit "demo/0"): port range conflicts with 90-100/tcp '
                                                 '(unit "demo/0")')),
                   (["opened-ports"], prints("icmp\n9/tcp\n90-100/tcp\n80/udp\n")),
                   (["opened-ports", "--endpoints", "--format=json"],
                    prints('["icmp (*)","9/tcp (a, b)","90-100/tcp (*)","80/udp (*)"]\n')),
                   (["close-port", "80/udp"], OK), (["close-port", "80/udp"], OK))

    def test_actions(self):
        output = self.check(
            (["action-get"], prints("deep:\n  in:\n    er: x\nspeed: 3\n")), (["action-get", "deep.in.er"], prints("x\n")),
            (["action-get", "speed.x"], OK), (["action-get", "none", "--format=json"], prints("null\n")),
            (["action-get", "a", "b"], usage('unrecognized args: ["b"]')),
            (["action-set", "a"], usage('argument "a" must be of the form key...=value')),
            (["action-set", "a.B=1"], usage('key "B" must start and end with lowercase alphanumeric, and contain only '
                                            'lowercase alphanumeric, hyphens and periods')),
            (["action-set", "stdout=1"], usage('cannot set reserved action key "stdout"')),
            (["action-set", "a=1", "c.d=2", "e.f=3"], OK), (["action-set", "a.b=4", "e=5"], OK),
            (["action-log"], usage("no message specified")), (["action-log", "half", "done"], OK),
            (["action-fail", "a", "b"], usage('unrecognized args: ["b"]')), (["action-fail"], OK), step="action:go")
        self.assertEqual(output, "actions/go: exit code 0\n  action log: half done\n  status: unknown\n  result: c.d=2\n"
                         "  result: a.b=4\n  result: e=5\n"
                         "  action failed: action failed without reason given, check action for errors\n")
        self.check(*(([f"action-{name}", *words], failure("not running an action"))
                     for name, words in (("get", []), ("set", ["a=1"]), ("log", ["x"]), ("fail", []))))


class KubernetesTest(CallCase):
    description = "name: demo\ncontainers:\n  app:\n    resource: x\n"

    def test_ranges_of_ports(self):
        text = "port ranges are not supported for k8s applications, please specify a single port"
        self.check((["open-port", "80-90"], failure(text)), (["close-port", "80-90"], failure(text)), (["open-port", "80"], OK))

    def test_a_watcher_that_fails_ends_the_run(self):
        program = self.daemon.file("strange", STRANGE_DAEMON, 0o755)
        self.daemon.file("charm/calls.json", "{}")
        code, output, errors = charm_run("--pebble", program, self.charm, "ready:app", timeout_s=30)
        self.assertEqual((code, output), (1, ""))
        self.assertRegex(errors, r"\Acharm-run: cannot watch the daemon of app: TypeError\(.*\)\n\Z")
        broken = self.daemon.file("broken", "no program", 0o755)
        code, output, errors = charm_run("--pebble", broken, self.charm, "ready:app")
        self.assertEqual((code, output), (1, ""))
        self.assertRegex(errors, r"\Acharm-run: cannot start the daemon of app: .*\n\Z")
        code, output, errors = charm_run("--pebble", program, "--follow", self.charm, "install", timeout_s=30)
        self.assertEqual(code, 1)
        self.assertRegex(errors, r"\Acharm-run: cannot watch the daemon of app: TypeError\(.*\)\n\Z")


class FailureTest(CallCase):
    def test_what_is_kept(self):
        changes = [["state-set", "a=2"], ["state-delete", "b"], ["close-port", "1"], ["open-port", "2"],
                   ["application-version-set", "v2"], ["status-set", "blocked", "late"], ["juju-log", "line"],
                   ["status-set", "--application", "active"]]
        first = [["state-set", "a=1", "b=1"], ["open-port", "1"], ["application-version-set", "v1"]]
        code, output, _ = self.run_calls(["install", "start"], "--leader", install=first, start=[*changes, FAIL])
        kept = "  status: blocked: late\n  application status: active: \n  version: v2\n  ports: 1/tcp\n"
        self.assertEqual((code, output), (1, "hooks/install: exit code 0\n  status: unknown\n  version: v1\n  ports: 1/tcp\n"
                                          f"hooks/start: exit code {FAIL}\n  log INFO: line\n{kept}"))

    def test_state_is_kept_and_dropped(self):
        changes = [["state-set", "a=2"], ["state-get", "a"], ["state-delete", "b"], ["open-port", "2"]]
        code, output, results = self.run_calls(
            ["install", "action:go"], install=[["state-set", "a=1", "b=1"]],
            go=[*changes, ["action-set", "x=1"], ["action-log", "half"], ["action-fail", "why"], FAIL])
        self.assertEqual(results["go"][1], prints("2\n"))
        self.assertEqual(code, 1)
        self.assertTrue(output.endswith(f"actions/go: exit code {FAIL}\n  action log: half\n  status: unknown\n"
                                        "  result: x=1\n  action failed: why\n"), output)
        # A failed action of which the program succeeds keeps what it has set.
        _, output, results = self.run_calls(["install", "action:go", "start"], install=[["state-set", "a=1", "b=1"]],
                                            go=[*changes, ["action-fail", "why"]], start=[["state-get"]])
        self.assertEqual(results["start"], [prints('a: "2"\n')])
        self.assertIn("  ports: 2/tcp\n", output)

    def test_any_bytes_are_taken(self):
        bad = "x\udcff\ud83d".replace("\ud83d", "\udced\udca0\udc80")  # \xff, and a surrogate in UTF-8
        calls = [["juju-log", "--", bad], ["status-set", "active", bad], ["state-set", f"k={bad}", f"{bad}=v"],
                 ["state-set", "--file=-", {"given": '{"a": "\\ud800"}'}], ["state-get"], ["state-get", bad],
                 ["config-get", bad], ["status-set", bad], ["--", bad], ["application-version-set", bad],
                 ["state-set", "--file", bad], ["open-port", bad], ["juju-log", "-l", bad, "\x1b[0m"],
                 ["juju-log", "\n" * 3 + "x" * 100000], ["action-set", bad], ["state-set", "--file=-", {"given": "[" * 10000}]]
        calls.remove(["--", bad])
        for environment in ({}, {"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}):
            self.daemon.file("charm/calls.json", json.dumps({"install": calls, "start": [["config-get"]]}))
            done = subprocess.run([sys.executable, RUN, "--pebble", "/bin/true", self.charm, "install", "start"],
                                  capture_output=True, timeout=60, check=False, stdin=subprocess.DEVNULL,
                                  env={**os.environ, **environment})
            self.assertEqual((done.returncode, done.stderr), (0, b""), done.stdout)
            self.assertIn(b"status: active: x", done.stdout)
            with open(os.path.join(self.charm, "results.json"), encoding="utf-8") as file:
                codes = [result[0] for result in json.load(file)["install"]]
            self.assertEqual(codes, [0, 0, 0, 1, 0, 0, 0, 2, 0, 1, 2, 0, 0, 2, 1])

    def test_options_of_any_bytes(self):
        self.daemon.file("charm/charmcraft.yaml", "name: demo\nconfig: {options: {a: {type: string}}}\n")
        self.daemon.file("charm/calls.json", json.dumps({"install": [["config-get", "--format=json"], ["config-get", "a"]]}))
        done = subprocess.run([sys.executable, RUN, "--pebble", "/bin/true", "--config", b"a=\xff", self.charm, "install"],
                              capture_output=True, timeout=60, check=False, stdin=subprocess.DEVNULL)
        self.assertEqual((done.returncode, done.stderr), (0, b""), done.stdout)

    def test_a_dispatch_that_cannot_run(self):
        self.daemon.file("charm/dispatch", "#!/no/such/program\n", 0o755)
        code, output, errors = charm_run(self.charm, "install")
        self.assertEqual((code, output), (1, ""))
        self.assertRegex(errors, r"\Acharm-run: cannot run .*/dispatch: .*No such file or directory.*\n\Z")

    def test_a_tool_that_never_ends_its_request_delays_no_other(self):
        self.daemon.file("charm/dispatch", """#!/usr/bin/env python3
import os, socket, subprocess
held = socket.socket(socket.AF_UNIX)
held.connect(os.environ["CHARM_RUN_SOCKET"])
held.sendall(b"\\0\\0")
subprocess.run(["juju-log", "through"], check=True)
""", 0o755)
        self.assertEqual(charm_run("--timeout", "30", self.charm, "install"),
                         (0, "hooks/install: exit code 0\n  log INFO: through\n  status: unknown\n", ""))


class BackgroundTest(CallCase):
    """Processes that a hook leaves behind."""

    def test_the_output_is_not_waited_for(self):
        self.daemon.file("charm/dispatch", "#!/bin/sh\ncase $JUJU_HOOK_NAME in install)\n  echo before\n"
                         "  setsid sh -c 'echo $$ >pid; while :; do echo late; sleep 0.1; done' &\n"
                         "  while ! [ -s pid ]; do sleep 0.01; done;;\nesac\necho done\n", 0o755)
        code, output, errors = charm_run("--timeout", "30", self.charm, "install", "start", timeout_s=25)
        self.assertEqual((code, errors), (0, ""))
        lines = [line for line in output.splitlines() if line != "  output: late"]
        self.assertEqual(lines, ["hooks/install: exit code 0", "  output: before", "  output: done", "  status: unknown",
                                 "hooks/start: exit code 0", "  output: done", "  status: unknown"])
        pid = int(self.daemon.read("charm/pid"))
        wait_until(lambda: not is_running(pid), what="the end of the process")

    def test_its_tools_are_refused(self):
        self.daemon.file("charm/dispatch", """#!/bin/sh
case $JUJU_HOOK_NAME in
install) setsid sh -c 'while ! [ -e go ]; do sleep 0.01; done; state-set a=1 2>errors; echo $? >code.new; mv code.new code' &;;
start) touch go; while ! [ -e code ]; do sleep 0.01; done; state-get;;
esac
""", 0o755)
        code, output, errors = charm_run("--timeout", "30", self.charm, "install", "start")
        self.assertEqual((code, errors), (0, ""))
        self.assertIn("  output: {}\n", output)
        self.assertEqual(self.daemon.read("charm/code"), "1\n")
        self.assertEqual(self.daemon.read("charm/errors"), 'ERROR bad request: wrong context ID; got "demo/0-1"\n')

    def test_a_closed_output_is_no_end(self):
        self.daemon.file("charm/dispatch", "#!/bin/sh\necho x\nexec >&- 2>&-\nsleep 0.2\nexit 5\n", 0o755)
        code, output, _ = charm_run(self.charm, "install")
        self.assertEqual((code, output), (1, "hooks/install: exit code 5\n  output: x\n  status: unknown\n"))
        self.daemon.file("charm/dispatch", "#!/bin/sh\nexec >&- 2>&-\nexec sleep 1000\n", 0o755)
        code, _, errors = charm_run("--timeout", "0.3", self.charm, "install")
        self.assertEqual((code, errors), (1, "charm-run: hooks/install was not handled within 0.3 s\n"))
