# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands run through the API and its websockets."""

import json
import os
import signal
import socket
import threading
import time

from faults import children, is_alive, plan_of, wait_pid_file
from harness import HANG_S, DaemonCase, WebSocket, wait_until

END = '{"command":"end"}'


class Reader:
    """Collects what a websocket receives, in a thread."""

    def __init__(self, websocket):
        self.websocket, self.data, self.texts, self.close = websocket, bytearray(), [], None
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        try:
            while True:
                opcode, data = self.websocket.receive()
                if opcode == WebSocket.CLOSE:
                    self.close = data
                    return
                if opcode == WebSocket.TEXT:
                    self.texts.append(data.decode())
                else:
                    self.data += data
        except (EOFError, OSError):
            pass

    def wait(self, timeout_s=HANG_S):
        self.thread.join(timeout_s)
        if self.thread.is_alive():
            raise AssertionError(f"the websocket has not ended; {len(self.data)} bytes so far, texts {self.texts}")
        return bytes(self.data)

    def until(self, text):
        return wait_until(lambda: text in self.data, what=f"output {text!r}")


class Exec:
    """A command with its websockets. Without `reads`, output is not read before read()."""

    def __init__(self, daemon, command, reads=True, control=True, **options):
        self.daemon = daemon
        if isinstance(command, str):
            command = ["sh", "-c", command]
        answer = daemon.post("/v1/exec", {"command": command, **options})
        if answer.status != 202:
            raise AssertionError(f"exec: {answer}")
        self.change, self.task = answer.change, answer.result["task-id"]
        self.control = daemon.websocket(self.task, "control") if control else None
        self.stdio = daemon.websocket(self.task, "stdio")
        self.stderr = daemon.websocket(self.task, "stderr") if options.get("split-stderr") else None
        self.out = Reader(self.stdio) if reads else None
        self.err = Reader(self.stderr) if reads and self.stderr else None

    def read(self):
        self.out = Reader(self.stdio)

    def end(self):
        self.stdio.send(END)

    def result(self, timeout_s=HANG_S):
        """The status of the change, the exit code, and the message of its error."""
        change = self.daemon.wait_change(self.change, timeout_s)
        data = change["tasks"][0].get("data") or {}
        return change["status"], data.get("exit-code"), change.get("err", "").partition("(")[2].rstrip(")")

    def close(self):
        for websocket in (self.control, self.stdio, self.stderr):
            if websocket:
                websocket.close()


class ExecCase(DaemonCase):
    def exec(self, command, **options):
        session = Exec(self.daemon, command, **options)
        self.addCleanup(session.close)
        return session


class ExecTest(ExecCase):
    def setUp(self):
        super().setUp()
        self.daemon.start("--hold")

    def test_streams_and_exit_code(self):
        session = self.exec("cat; echo err >&2; exit 42", **{"split-stderr": True})
        session.stdio.send(b"in")
        session.end()
        self.assertEqual(session.result(), ("Done", 42, ""))
        self.assertEqual((session.out.wait(), session.err.wait()), (b"in", b"err\n"))
        self.assertEqual((session.out.texts, session.err.texts), ([END], [END]))
        self.assertEqual(session.out.close, b"\x03\xe8")

    def test_megabytes_both_ways(self):
        data = os.urandom(1 << 20) * 8
        session = self.exec(["cat"])
        session.stdio.send(data)
        session.end()
        self.assertEqual(session.result(), ("Done", 0, ""))
        self.assertTrue(session.out.wait() == data)

    def test_order_of_the_ops_library(self):
        """The exit code is read before the websockets are closed, control first, without a close frame."""
        session = self.exec("echo hello", **{"split-stderr": True, "environment": None, "timeout": None, "user": None})
        session.end()
        self.assertEqual(session.result(), ("Done", 0, ""))
        session.control.close()
        self.assertEqual(session.out.wait(), b"hello\n")

    def test_process_is_clean(self):
        """Its own session, descriptors 0 to 2 only, pipes, no blocked or ignored signals."""
        session = self.exec("echo $$; exec cat")
        session.stdio.send(b"settled")
        session.out.until(b"settled")
        process = f"/proc/{int(session.out.data.split()[0])}"
        fds = sorted(os.listdir(process + "/fd"))
        self.assertEqual(fds, ["0", "1", "2"])
        self.assertEqual([os.readlink(f"{process}/fd/{fd}")[:5] for fd in fds], ["pipe:"] * 3)
        with open(process + "/status", encoding="ascii") as status:
            lines = status.read().split("\n")
        self.assertIn("SigBlk:\t0000000000000000", lines)
        self.assertIn("SigIgn:\t0000000000000000", lines)
        self.assertEqual(os.getsid(int(process[6:])), int(process[6:]))
        session.end()
        self.assertEqual(session.result(), ("Done", 0, ""))

    def test_signal_by_control(self):
        session = self.exec("trap 'echo caught; exit 7' USR1; echo up; while :; do sleep 0.02; done")
        session.out.until(b"up")
        session.control.send(json.dumps({"command": "signal", "signal": {"name": "SIGUSR1"}}))
        self.assertEqual(session.result(), ("Done", 7, ""))
        self.assertEqual(session.out.wait(), b"up\ncaught\n")

    def test_terminal(self):
        session = self.exec("stty size; read x; echo got $x; read y; echo end", terminal=True, interactive=True, width=90,
                            height=20)
        session.out.until(b"20 90")
        session.control.send(json.dumps({"command": "resize", "resize": {"width": 70, "height": 10}}))
        session.stdio.send(b"a line\n")
        session.out.until(b"got a line")
        session.end()
        self.assertEqual(session.result(), ("Done", 0, ""))
        self.assertEqual(session.out.wait(), b"20 90\r\na line\r\ngot a line\r\nend\r\n")

    def test_terminal_with_a_background_process(self):
        session = self.exec("sleep 1000 & echo $!", terminal=True)
        self.assertEqual(session.result(), ("Done", 0, ""))
        os.kill(int(session.out.wait()), signal.SIGKILL)

    def test_timeout(self):
        session = self.exec("sleep 100 & wait", timeout="150ms")
        self.assertEqual(session.result(), ("Error", -1, "timed out after 150ms: context deadline exceeded"))

    def test_abort(self):
        session = self.exec("echo $$; sleep 1000 & wait")
        session.out.until(b"\n")
        self.assertEqual(self.daemon.post(f"/v1/changes/{session.change}", {"action": "abort"}).result["status"], "Abort")
        self.assertEqual(session.result(), ("Done", 137, ""))
        wait_until(lambda: not children(self.daemon.process.pid), what="the group to be reaped")

    def test_grandchild_holds_the_output(self):
        """It is waited for, but not for longer than five seconds; then the client gets all that there is."""
        began = time.monotonic()
        session = self.exec("(sleep 0.5; echo late) & echo early; exit 4")
        self.assertEqual(session.result(), ("Done", 4, ""))
        self.assertEqual(session.out.wait(), b"early\nlate\n")
        self.assertGreater(time.monotonic() - began, 0.4)
        began = time.monotonic()
        session = self.exec("echo $$; (trap '' TERM; echo more; sleep 1000) & exit 5")
        self.assertEqual(session.result(), ("Done", 5, ""))
        self.assertIn(b"more", session.out.wait())
        self.assertGreater(time.monotonic() - began, 4)

    def test_loss_of_control_kills(self):
        session = self.exec("trap '' HUP TERM; echo $$; while :; do sleep 0.02; done")
        session.out.until(b"\n")
        session.control.close()
        self.assertEqual(session.result(), ("Done", 137, ""))

    def test_loss_of_stdio_ends_a_writer(self):
        session = self.exec(["yes"], reads=False, control=False)
        session.stdio.close()
        self.assertEqual(session.result(), ("Done", 141, ""))

    def test_identities(self):
        """Only an admin may run commands, and the security log has the user's name."""
        self.exec("exit 0").result()
        line, = self.daemon.wait_log("Executing command")
        self.assertIn(f'"event":"authz_admin:{os.getuid()},exec"', line)
        self.assertIn('"description":"Executing command sh"', line)


class StopTest(ExecCase):
    def stop_at_once(self):
        """Stops the daemon, which waits for no command: it says so when it has waited for its limit."""
        self.assertEqual(self.daemon.stop(), 0)
        self.assertNotIn("Cannot stop running commands", self.daemon.log())

    def stop_and_restart(self, session):
        """Stops the daemon; returns the change after a restart."""
        self.stop_at_once()
        self.daemon.start("--hold")
        change = self.daemon.get(f"/v1/changes/{session.change}").result
        return change["status"], change["tasks"][0].get("data")

    def test_stop_kills_at_once(self):
        self.daemon.start("--hold")
        pid_file = self.daemon.path("pid")
        session = self.exec(f"trap '' TERM; echo $$ >{pid_file}; while :; do sleep 0.02; done")
        pid = wait_pid_file(pid_file)
        self.assertEqual(self.stop_and_restart(session), ("Done", {"exit-code": 137}))
        self.assertFalse(is_alive(pid))
        session.out.wait()

    def test_stop_does_not_wait_for_a_client_that_does_not_read(self):
        self.daemon.start("--hold")
        session = self.exec("head -c 100000 /dev/zero; head -c 10000000 /dev/zero", reads=False)
        session.stdio.sock.recv(1, socket.MSG_PEEK)  # before any output, the launch may still be cancelled
        self.assertEqual(self.stop_and_restart(session), ("Done", {"exit-code": 137}))

    def test_stop_does_not_wait_for_a_grandchild(self):
        self.daemon.start("--hold")
        pid_file = self.daemon.path("pid")
        session = self.exec(f"setsid sh -c 'echo $$ >{pid_file}; sleep 1000' & while [ ! -s {pid_file} ]; do sleep 0.01; done")
        pid = wait_pid_file(pid_file)
        self.assertEqual(self.stop_and_restart(session)[0], "Done")
        os.kill(pid, signal.SIGKILL)

    def test_stop_while_nobody_has_connected(self):
        self.daemon.start("--hold")
        answer = self.daemon.post("/v1/exec", {"command": ["true"]})
        self.stop_at_once()
        self.daemon.start("--hold")
        self.assertEqual(self.daemon.wait_change(answer.change)["status"], "Error")

    def test_stop_waits_for_services_too(self):
        self.daemon.layer("001-test.yaml", plan_of({"slow": {"command": "sh -c 'trap \"sleep 0.3; exit 0\" TERM; while :; do sleep 0.02; done'",
                                                             "startup": "enabled"}}))
        self.daemon.start()
        self.daemon.wait_service("slow", "active")
        session = self.exec("echo up; sleep 1000")
        session.out.until(b"up")
        self.assertEqual(self.stop_and_restart(session), ("Done", {"exit-code": 137}))

    def test_killed_daemon_does_not_run_a_command_again(self):
        self.daemon.start("--hold")
        mark = self.daemon.path("mark")
        session = self.exec(f"echo x >>{mark}; echo up; sleep 1000")
        session.out.until(b"up")
        self.daemon.kill()
        self.daemon.start("--hold")
        change = self.daemon.wait_change(session.change)
        self.assertEqual((change["status"], change["tasks"][0].get("data")), ("Done", None))
        self.assertEqual(self.daemon.read("mark"), "x\n")
