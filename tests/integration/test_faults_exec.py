# SPDX-License-Identifier: GPL-3.0-or-later
"""Misbehaving clients and commands of exec: health responds, memory is bounded, and nothing is left over."""

import ctypes
import json
import os
import resource
import signal
import socket
import struct
import time

from faults import children, descriptors, is_alive, need_descriptors, rss_kib, wait_pid_file
from harness import WebSocket, is_sanitized, wait_until
from test_exec import END, ExecCase
from test_faults_clients import PROBE_S

PTRACE_SEIZE = 0x4206
RUNS = int(os.environ.get("PEBBLE_EXEC_RUNS", "300"))


class FaultCase(ExecCase):
    arguments = ("--hold",)

    def setUp(self):
        super().setUp()
        self.daemon.start(*self.arguments)
        self.pid = self.daemon.process.pid

    def assert_healthy(self):
        self.assertEqual(self.daemon.get("/v1/health", timeout_s=PROBE_S).status, 200)

    def assert_nothing_left(self, before):
        """No child, and no more descriptors than before."""
        wait_until(lambda: not children(self.pid), what="all children to be reaped")
        wait_until(lambda: len(descriptors(self.pid)) <= before, what=f"no more than {before} descriptors")

    def close_code(self, reader):
        reader.wait()
        return struct.unpack(">H", reader.close[:2])[0] if reader.close else None


class AbuseTest(FaultCase):
    def check_violation(self, abuse, code):
        """The session ends with the code, the command's input ends, and another command is not touched."""
        other = self.exec(["cat"])
        session = self.exec("cat >/dev/null; exit 3")
        abuse(session.stdio)
        self.assertEqual(session.result()[:2], ("Done", 3))
        self.assertEqual(self.close_code(session.out), code)
        other.stdio.send(b"intact")
        other.end()
        self.assertEqual(other.result()[:2], ("Done", 0))
        self.assertEqual(other.out.wait(), b"intact")

    def test_unmasked_frame(self):
        self.check_violation(lambda websocket: websocket.send(b"unmasked", mask=None), 1002)

    def test_unknown_opcode(self):
        self.check_violation(lambda websocket: websocket.send(b"", opcode=3), 1002)

    def test_unknown_control_opcode(self):
        self.check_violation(lambda websocket: websocket.send(b"", opcode=11), 1002)

    def test_fragmented_control_frame(self):
        self.check_violation(lambda websocket: websocket.send(b"", opcode=WebSocket.PING, is_final=False), 1002)

    def test_oversized_control_frame(self):
        self.check_violation(lambda websocket: websocket.send(bytes(126), opcode=WebSocket.PING), 1002)

    def test_continuation_of_nothing(self):
        self.check_violation(lambda websocket: websocket.send(b"", opcode=WebSocket.CONTINUATION), 1002)

    def test_message_within_a_message(self):
        def abuse(websocket):
            websocket.send(b"", is_final=False)
            websocket.send(b"")
        self.check_violation(abuse, 1002)

    def test_length_of_63_bits(self):
        self.check_violation(lambda websocket: websocket.sock.sendall(b"\x82\xff" + b"\xff" * 8 + bytes(4)), 1002)

    def test_too_long_a_text(self):
        self.check_violation(lambda websocket: websocket.send("x" * 65537), 1009)

    def test_text_without_end(self):
        def abuse(websocket):
            websocket.send("x" * 1000, is_final=False)
            try:
                for _ in range(1000):
                    websocket.send(b"x" * 1000, opcode=WebSocket.CONTINUATION, is_final=False)
            except OSError:
                pass  # closed meanwhile
        self.check_violation(abuse, 1009)

    def test_binary_message_without_end(self):
        """It is passed on as it comes."""
        session = self.exec(["cat"])
        before = rss_kib(self.pid)
        session.stdio.send(b"begin", is_final=False)
        for _ in range(300):
            session.stdio.send(bytes(100000), opcode=WebSocket.CONTINUATION, is_final=False)
        session.stdio.sock.shutdown(socket.SHUT_WR)
        self.assertEqual(session.result()[:2], ("Done", 0))
        self.assertEqual(len(session.out.wait()), 30000005)
        if not is_sanitized():
            self.assertLess(rss_kib(self.pid) - before, 8192)

    def test_noise_instead_of_frames(self):
        for _ in range(20):
            session = self.exec("cat >/dev/null", control=False)
            try:
                session.stdio.sock.sendall(os.urandom(100000))
                session.stdio.sock.close()
            except OSError:
                pass
            self.assertEqual(session.result()[0], "Done")
        self.assert_healthy()

    def test_second_connection(self):
        session = self.exec(["cat"])
        for name in ("stdio", "control"):
            second = self.daemon.websocket(session.task, name)
            self.assertEqual(second.status, 500)
            second.close()
        session.stdio.send(b"first")
        session.end()
        self.assertEqual(session.result()[:2], ("Done", 0))
        self.assertEqual(session.out.wait(), b"first")

    def test_pings_of_a_client_that_does_not_read(self):
        session = self.exec("sleep 1000", reads=False)
        before = rss_kib(self.pid)
        for _ in range(30000):
            session.stdio.send(b"x" * 125, opcode=WebSocket.PING)
        self.assert_healthy()
        if not is_sanitized():
            self.assertLess(rss_kib(self.pid) - before, 4096)

    def test_control_noise(self):
        session = self.exec(["cat"])
        for text in ("{", "7", "[]", "null", '{"command":"signal","signal":[]}', "\x1b[2J", '{"command":"\\u001b[2J"}'):
            session.control.send(text)
        session.control.send(bytes(1000))
        session.control.send(json.dumps({"command": "signal", "signal": {"name": "SIGTERM"}}))
        self.assertEqual(session.result()[:2], ("Done", 143))
        self.assertNotIn("\x1b", self.daemon.log())


class ReaderTest(FaultCase):
    def test_client_that_does_not_read(self):
        """The command is held up, memory is bounded, and the daemon goes on."""
        before = rss_kib(self.pid)
        sessions = [self.exec(["head", "-c", "20000000", "/dev/zero"], reads=False) for _ in range(10)]
        time.sleep(0.3)
        self.assert_healthy()
        if not is_sanitized():
            self.assertLess(rss_kib(self.pid) - before, 8192)
        for session in sessions:
            session.read()
        for session in sessions:
            self.assertEqual(session.result()[:2], ("Done", 0))
            self.assertEqual(len(session.out.wait()), 20000000)

    def test_abort_of_one_that_is_not_read(self):
        session = self.exec(["head", "-c", "20000000", "/dev/zero"], reads=False)
        wait_until(lambda: children(self.pid))
        self.daemon.post(f"/v1/changes/{session.change}", {"action": "abort"})
        self.assertEqual(session.result()[0], "Done")


class ManyTest(FaultCase):
    def setUp(self):
        need_descriptors(self, 4000)
        super().setUp()

    def test_two_hundred_at_once(self):
        before = len(descriptors(self.pid))
        sessions = [self.exec(f"read x; echo $x; exit {i % 50}", **{"split-stderr": True}) for i in range(200)]
        self.assert_healthy()
        for i, session in enumerate(sessions):
            session.stdio.send(f"line {i}\n".encode())
        for i, session in enumerate(sessions):
            self.assertEqual(session.result()[:2], ("Done", i % 50))
            self.assertEqual(session.out.wait(), f"line {i}\n".encode())
            session.close()
        self.assert_nothing_left(before)

    def run_quietly(self, i):
        """One command whose client goes away in one of many phases."""
        phase = i % 12
        options = {"split-stderr": True} if i % 2 else {}
        script = "echo out; echo err >&2; cat >/dev/null; exit 0"
        answer = self.daemon.post("/v1/exec", {"command": ["sh", "-c", script], **options})
        self.assertEqual(answer.status, 202)
        task = answer.result["task-id"]
        if phase == 0:  # nobody connects
            self.daemon.post(f"/v1/changes/{answer.change}", {"action": "abort"})
            return answer.change
        if phase == 1:  # half a handshake
            sock = self.daemon.connect()
            sock.sendall(f"GET /v1/tasks/{task}/websocket/stdio HTTP/1.1\r\nHost: x\r\n".encode())
            sock.close()
            self.daemon.post(f"/v1/changes/{answer.change}", {"action": "abort"})
            return answer.change
        opened = []
        if phase != 2:
            opened.append(self.daemon.websocket(task, "control"))
        if phase == 3:  # gone before the launch
            opened.pop().close()
        opened.append(self.daemon.websocket(task, "stdio"))
        if options and phase != 4:
            opened.append(self.daemon.websocket(task, "stderr"))
        elif options:
            self.daemon.post(f"/v1/changes/{answer.change}", {"action": "abort"})
        stdio = opened[0 if phase in (2, 3) else 1]
        if phase == 5:
            stdio.receive()
        elif phase == 6:
            stdio.send(b"x" * 100000)
        elif phase == 7:
            stdio.send(struct.pack(">H", 1000), opcode=WebSocket.CLOSE)
        elif phase == 8:
            stdio.send(b"", mask=None)
        elif phase >= 9:
            stdio.send(END)
        if phase == 10:
            self.daemon.wait_change(answer.change)
        for websocket in opened:
            websocket.close()
        return answer.change

    def test_nothing_leaks(self):
        # Changes stay for a while, up to 1500 with those that wait to be pruned.
        for i in range(min(RUNS // 2, 2000)):
            self.run_quietly(i)
        wait_until(lambda: not children(self.pid), what="all children to be reaped")
        before, memory = len(descriptors(self.pid)), rss_kib(self.pid)
        changes = [self.run_quietly(i) for i in range(RUNS)]
        self.assertTrue(self.daemon.wait_change(changes[-1])["ready"])
        self.assert_nothing_left(before)
        self.assertEqual(self.daemon.get("/v1/changes?select=in-progress").result, [])
        growth = rss_kib(self.pid) - memory
        if not is_sanitized():
            self.assertLess(growth, 4096)
        self.assert_healthy()


class LimitTest(ExecCase):
    def test_few_descriptors(self):
        """Commands are refused with a clear error, and the rest of the daemon goes on."""
        def limit():
            resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
        self.daemon.start("--hold", preexec_fn=limit)
        refusals, sessions = [], []
        for _ in range(150):
            answer = self.daemon.post("/v1/exec", {"command": ["cat"], "split-stderr": True})
            if answer.status != 202:
                refusals.append(answer)
                continue
            sessions.append([self.daemon.websocket(answer.result["task-id"], name) for name in ("stdio", "stderr")])
        self.assertGreater(len(sessions), 5)
        self.assertGreater(len(refusals), 5)
        self.assertEqual({(r.status, r.message) for r in refusals},
                         {(503, "cannot call exec: too many open files")})
        self.assertEqual(self.daemon.get("/v1/health").status, 200)
        for websockets in sessions:
            for websocket in websockets:
                websocket.close()
        wait_until(lambda: not children(self.daemon.process.pid), what="all commands to end")
        self.assertEqual(self.exec("exit 2").result()[:2], ("Done", 2))


class ShutdownTest(FaultCase):
    def test_many_commands_in_all_phases(self):
        started = [self.daemon.post("/v1/exec", {"command": ["true"]}).change for _ in range(10)]
        running = [self.exec("trap '' TERM; sleep 1000 & while :; do sleep 0.05; done") for _ in range(20)]
        stalled = [self.exec(["yes"], reads=False) for _ in range(5)]
        wait_until(lambda: len(children(self.pid)) >= 25)
        self.assertEqual(self.daemon.stop(), 0)
        self.assertNotIn("Cannot stop running commands", self.daemon.log())
        self.assertEqual(self.daemon.leftovers(), [])
        self.daemon.start("--hold")
        for session in running + stalled:
            change = self.daemon.get(f"/v1/changes/{session.change}").result
            self.assertEqual((change["status"], change["tasks"][0]["data"]), ("Done", {"exit-code": 137}))
        for change in started:
            self.assertTrue(self.daemon.wait_change(change)["ready"])

    def test_descendant_that_holds_the_output(self):
        """It has left the group, and holds the pipe: five seconds, then the command is over."""
        pid_file = self.daemon.path("pid")
        session = self.exec(f"setsid sh -c 'echo $$ >{pid_file}; exec sleep 1000' & "
                            f"while [ ! -s {pid_file} ]; do sleep 0.01; done; exit 6", control=False)
        pid = wait_pid_file(pid_file)
        self.assertEqual(session.result()[:2], ("Done", 6))
        self.assertTrue(is_alive(pid))
        os.kill(pid, signal.SIGKILL)
        self.assert_healthy()

    def test_killed_command_that_does_not_end(self):
        """Its wait is bounded by itself, not by the kill delay of a service that has stopped. The end of a process that
        is traced is not reported to its parent before the tracer has seen it."""
        self.daemon.add_layer("slow", "services: {slow: {override: replace, command: sleep 1000, startup: enabled, "
                                      "kill-delay: 10m}}")
        self.daemon.services("start", "slow")
        self.daemon.wait_service("slow", "active")
        session = self.exec("echo $$; exec sleep 1000", control=False)
        wait_until(lambda: session.out.data.endswith(b"\n"), what="the process ID")
        pid = int(session.out.data)
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.ptrace(PTRACE_SEIZE, pid, None, None) != 0:
            self.skipTest(f"cannot trace: {os.strerror(ctypes.get_errno())}")
        try:
            self.daemon.stop()
            self.assertIn("Cannot stop running commands", self.daemon.log())
        finally:
            os.waitpid(pid, 0)
