# SPDX-License-Identifier: GPL-3.0-or-later
"""`pebble exec`: pipes, terminals, signals, and faults."""

import fcntl
import os
import signal
import struct
import subprocess
import termios
import threading
import time
import unittest

from faults import descriptors
from harness import DaemonCase, is_sanitized, wait_until
from terminal import CTRL_C, CTRL_D, Terminal

MIB = 1 << 20


class ExecCase(DaemonCase):
    def setUp(self):
        super().setUp()
        self.daemon.start("--hold")

    def exec(self, *words, **options):
        return self.daemon.cli("exec", *words, **options)

    def popen(self, *words, **options):
        """The command line as a process, with signals as a shell starts it with."""
        options.setdefault("preexec_fn", default_signals)
        process = subprocess.Popen([self.daemon.binary, "exec", *words], env=self.daemon.env, cwd=self.daemon.dir, **options)
        self.addCleanup(self.end_process, process)
        return process

    def end_process(self, process):
        if process.poll() is None:
            process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()

    def changes(self):
        return self.daemon.get("/v1/changes?select=all").result


def default_signals():
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))


class PipeTest(ExecCase):
    def test_streams_and_exit_code(self):
        done = self.exec("sh", "-c", "cat; echo err >&2; exit 7", stdin="in")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (7, "in", "err\n"))
        done = self.exec("sh", "-c", "kill -TERM $$")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (143, "", ""))

    def test_input_that_cannot_be_read_is_no_end(self):
        with open("/proc/self/mem", "rb", buffering=0) as file:
            process = self.popen("cat", stdin=file, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            out, errors = process.communicate(timeout=60)
        self.assertEqual((process.returncode, out, errors), (1, "", "error: cannot read standard input: input/output error\n"))

    def test_binary_data_both_ways(self):
        data = os.urandom(MIB) * 16
        process = self.popen("cat", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        out, _ = process.communicate(data, timeout=120)
        self.assertTrue(out == data, f"{len(out)} of {len(data)} bytes, or others")
        self.assertEqual(process.returncode, 0)

    def test_memory_is_bounded(self):
        # A reader that stalls stops the command, and costs no memory.
        process = self.popen("sh", "-c", "head -c 200000000 /dev/zero; echo done >&2", stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        process.stdout.read(MIB)
        daemon_kib, own_kib = peak_kib(self.daemon.process.pid), peak_kib(process.pid)
        rest = 0
        while piece := process.stdout.read(MIB):
            rest += len(piece)
            if rest < 150 * MIB:
                own_kib = max(own_kib, peak_kib(process.pid))
        self.assertEqual(rest + MIB, 200000000)
        self.assertEqual(process.wait(60), 0)
        if not is_sanitized():
            self.assertLess(own_kib, 8 * 1024)
            self.assertLess(peak_kib(self.daemon.process.pid) - daemon_kib, 8 * 1024)

    def test_input_that_is_not_read(self):
        done = subprocess.run([self.daemon.binary, "exec", "head", "-c", "3"], env=self.daemon.env, input=bytes(8 * MIB),
                              capture_output=True, check=False, timeout=60)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, bytes(3), b""))

    def test_closed_and_empty_input(self):
        process = self.popen("wc", "-c", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self.assertEqual(process.communicate(timeout=60)[0].strip(), b"0")
        process = subprocess.run(["sh", "-c", f"exec {self.daemon.binary} exec wc -c <&-"], env=self.daemon.env,
                                 capture_output=True, check=False, timeout=60)
        self.assertEqual((process.returncode, process.stdout.strip()), (0, b"0"))

    def test_input_that_stays_open(self):
        process = self.popen("echo", "quick", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.assertEqual(process.stdout.read(), b"quick\n")
        self.assertEqual(process.wait(60), 0)

    def test_input_after_the_output_has_ended(self):
        path = self.daemon.path("copy")
        process = self.popen("sh", "-c", f"exec >&- 2>&-; cat >{path}; exit 3", stdin=subprocess.PIPE)
        time.sleep(0.2)
        process.stdin.write(b"late")
        process.stdin.close()
        self.assertEqual(process.wait(60), 3)
        self.assertEqual(self.daemon.read("copy"), "late")

    def test_one_file_for_both_outputs_keeps_the_order(self):
        script = "for i in 1 2 3 4 5; do echo out$i; echo err$i >&2; done"
        process = self.popen("sh", "-c", script, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        expected = "".join(f"out{i}\nerr{i}\n" for i in range(1, 6))
        self.assertEqual(process.communicate(timeout=60)[0].decode(), expected)

    def test_output_to_a_file_is_appended(self):
        with open(self.daemon.path("file"), "wb") as file:
            file.write(b"before\n")
            file.flush()
            self.assertEqual(self.popen("echo", "after", stdin=subprocess.DEVNULL, stdout=file).wait(60), 0)
        self.assertEqual(self.daemon.read("file"), "before\nafter\n")

    def test_output_that_nobody_reads(self):
        process = self.popen("sh", "-c", "while echo y; do :; done", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self.assertTrue(process.stdout.read(2))
        process.stdout.close()
        self.assertEqual(process.wait(60), -signal.SIGPIPE)
        wait_until(lambda: self.changes()[0]["ready"], what="the end of the command")

    def test_output_that_cannot_be_written(self):
        with open("/dev/full", "wb") as full:
            process = self.popen("echo", "x", stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE)
            self.assertEqual(process.communicate(timeout=60)[1],
                             b"error: cannot write to standard output: no space left on device\n")
        self.assertEqual(process.returncode, 1)

    def test_a_descriptor_without_blocking(self):
        # Another process has set O_NONBLOCK on the pipe.
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        process = self.popen("head", "-c", "1000000", "/dev/zero", stdin=subprocess.DEVNULL, stdout=writer)
        os.close(writer)
        with open(reader, "rb") as file:
            time.sleep(0.2)
            self.assertEqual(len(file.read()), 1000000)
        self.assertEqual(process.wait(60), 0)

    def test_waiting_takes_no_time_of_the_processor(self):
        process = self.popen("sleep", "1.5", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        wait_until(lambda: self.changes() and self.changes()[0]["status"] == "Doing", what="the command")
        time.sleep(0.3)
        before = cpu_seconds(process.pid) + cpu_seconds(self.daemon.process.pid)
        time.sleep(0.8)
        self.assertLess(cpu_seconds(process.pid) + cpu_seconds(self.daemon.process.pid) - before, 0.2)
        self.assertEqual(process.wait(60), 0)

    def test_many_at_once(self):
        results = []

        def run(number):
            done = self.exec("sh", "-c", f"cat; exit {number}", stdin=str(number) * 1000)
            results.append(done.returncode == number and done.stdout == str(number) * 1000)

        threads = [threading.Thread(target=run, args=(number,)) for number in range(1, 17)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(results, [True] * 16)


class OptionTest(ExecCase):
    def test_options_end_at_the_command(self):
        self.assertEqual(self.exec("echo", "-T", "--timeout", "-w", "--").stdout, "-T --timeout -w --\n")
        self.assertEqual(self.exec("--", "printf", "%s", "-t").stdout, "-t")

    def test_last_value_of_a_variable_counts(self):
        script = "echo $A $TERM"
        done = self.exec("--env", "A=1", "--env", "TERM=vt100", "--env", "A=2", "sh", "-c", script, env={"TERM": "xterm"})
        self.assertEqual(done.stdout, "2 vt100\n")

    def test_timeout(self):
        done = self.exec("--timeout", "100ms", "sleep", "60")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertEqual(done.stderr, 'error: cannot perform the following tasks:\n- Execute command "sleep" '
                                      "(timed out after 100ms: context deadline exceeded)\n")

    def test_user_that_is_none(self):
        done = self.exec("--uid", "4294967296", "true")
        self.assertEqual((done.returncode, done.stderr), (1, "error: user: unknown userid 4294967296\n"))

    def test_conflicts_reach_no_daemon(self):
        self.daemon.stop()
        for words, letters in ((("-t", "-T"), "-t and -T"), (("-iI",), "-i and -I")):
            done = self.exec(*words, "true")
            self.assertEqual((done.returncode, done.stderr), (1, f"error: cannot use {letters} at the same time\n"))

    def test_no_daemon(self):
        self.daemon.stop()

        def is_quick():
            began = time.monotonic()
            done = self.exec("true")
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stderr, r'^error: cannot communicate with server: Post "http://localhost/v1/exec": ')
            return time.monotonic() - began < 4
        # A request that is repeated takes five seconds each time, and one that is not on a busy machine only.
        wait_until(is_quick, what="a failure at once")


class SignalTest(ExecCase):
    SCRIPT = ("for s in INT TERM QUIT ABRT USR1 USR2 HUP CONT; do trap \"echo $s\" $s; done; trap 'echo ALRM; exit 5' ALRM; "
              "echo ready; while :; do sleep 0.02; done")

    def start(self, script=SCRIPT, **options):
        process = self.popen("bash", "-c", script, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, **options)
        self.assertEqual(process.stdout.readline(), b"ready\n")
        return process

    def test_signals_are_forwarded(self):
        process = self.start()
        for name in ("INT", "TERM", "QUIT", "ABRT", "USR1", "USR2", "CONT"):
            process.send_signal(getattr(signal, f"SIG{name}"))
            self.assertEqual(process.stdout.readline().decode(), f"{name}\n")
        self.assertIsNone(process.poll())

    def test_end_by_a_signal(self):
        process = self.start("echo ready; exec sleep 60")
        process.terminate()
        self.assertEqual(process.wait(60), 143)

    def test_hangup(self):
        process = self.start("trap 'echo hup >hup' HUP; echo ready; while :; do sleep 0.02; done", stderr=subprocess.PIPE)
        process.send_signal(signal.SIGHUP)
        self.assertEqual(process.wait(60), 0)
        self.assertEqual(process.stderr.read(), b"SIGHUP received, exiting\r\n")
        wait_until(lambda: self.changes()[0]["ready"], what="the end of the command")

    def test_nohup(self):
        process = self.popen("sh", "-c", "echo ready; sleep 0.5; echo still", stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        self.assertEqual(process.stdout.readline(), b"ready\n")
        process.send_signal(signal.SIGHUP)
        self.assertEqual(process.stdout.read(), b"still\n")
        self.assertEqual(process.wait(60), 0)

    def test_signals_while_output_stalls(self):
        # Nothing is read until the signal has arrived: the shell waits for it beside the program that writes.
        script = "trap 'touch interrupted; kill $!; exit 9' INT; echo ready; cat /dev/zero & wait"
        process = self.popen("-w", self.daemon.dir, "sh", "-c", script, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self.assertEqual(process.stdout.readline(), b"ready\n")
        pipe_size = fcntl.fcntl(process.stdout, fcntl.F_GETPIPE_SZ)
        wait_until(lambda: struct.unpack("i", fcntl.ioctl(process.stdout, termios.FIONREAD, b"\0" * 4))[0] > pipe_size - 8192,
                   what="a full pipe")
        process.send_signal(signal.SIGINT)
        wait_until(lambda: os.path.exists(self.daemon.path("interrupted")), what="the signal")
        while process.stdout.read(65536):
            pass
        self.assertEqual(process.wait(60), 9)

    def test_interrupt_before_the_command_runs(self):
        # The daemon does not respond: signals act as on any program.
        self.daemon.process.send_signal(signal.SIGSTOP)
        try:
            process = self.popen("true", stdin=subprocess.DEVNULL)
            wait_until(lambda: "socket:" in " ".join(descriptors(process.pid).values()), what="the connection")
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(60), -signal.SIGINT)
        finally:
            self.daemon.process.send_signal(signal.SIGCONT)


class TerminalTest(ExecCase):
    def terminal(self, *words, **options):
        return Terminal(self.daemon, "exec", *words, **options)

    def test_interactive_shell(self):
        with self.terminal("--env", "PS1=> ", "sh", columns=91) as terminal:
            terminal.wait_for("> ")
            terminal.press(b"tty >/dev/null && stty size\r")
            terminal.wait_for("24 91")
            terminal.press(b"exit 4\r")
            self.assertEqual(terminal.wait_exit(), 4)
            self.assertEqual(terminal.modes(), terminal.usual_modes)

    def test_ctrl_c_is_for_the_command(self):
        with self.terminal("sh", "-c", "trap 'echo caught; exit 6' INT; echo ready; while :; do sleep 0.02; done") as terminal:
            terminal.wait_for("ready")
            terminal.press(CTRL_C)
            terminal.wait_for("caught")
            self.assertEqual(terminal.wait_exit(), 6)

    def test_ctrl_d_ends_the_input(self):
        with self.terminal("sh", "-c", "echo ready; cat; echo ended") as terminal:
            terminal.wait_for("ready")
            terminal.press(b"line\r")
            terminal.wait_for("line\r\nline\r\n")
            terminal.press(CTRL_D)
            terminal.wait_for("ended")
            self.assertEqual(terminal.wait_exit(), 0)

    def test_resize(self):
        with self.terminal("bash", "-c", "trap 'stty size; exit 3' WINCH; echo ready; while :; do sleep 0.02; done") as terminal:
            terminal.wait_for("ready")
            terminal.resize(columns=101, rows=31)
            terminal.wait_for("31 101")
            self.assertEqual(terminal.wait_exit(), 3)

    def test_keys_act_here_without_interactive_mode(self):
        with self.terminal("-I", "sh", "-c", "trap 'echo caught; exit 6' INT; echo ready; read line; echo got $line; read line") as terminal:
            terminal.wait_for("ready")
            terminal.press(b"typed\r")
            terminal.wait_for("got typed")
            terminal.press(CTRL_C)
            terminal.wait_for("caught")
            self.assertEqual(terminal.wait_exit(), 6)

    def test_no_terminal_for_the_command(self):
        with self.terminal("-T", "-I", "sh", "-c", "[ -t 0 ] || [ -t 1 ] || echo none") as terminal:
            terminal.wait_for("none")
            self.assertEqual(terminal.wait_exit(), 0)

    def test_interactive_needs_a_terminal(self):
        with self.terminal("-T", "true") as terminal:
            self.assertEqual(terminal.wait_exit(), 1)
            self.assertIn("cannot call exec: cannot use interactive mode without a terminal", terminal.text())

    def test_modes_are_restored_after_an_error(self):
        for words, code, text in ((("no-such-program",), 1, "cannot find executable"),
                                  (("--timeout", "200ms", "sleep", "60"), 1, "timed out")):
            with self.terminal(*words) as terminal:
                self.assertEqual(terminal.wait_exit(), code)
                self.assertIn(text, terminal.text())
                self.assertEqual(terminal.modes(), terminal.usual_modes)

    def test_modes_are_restored_after_signals(self):
        for number, code in ((signal.SIGTERM, 143), (signal.SIGHUP, 0), (signal.SIGUSR1, 138)):
            with self.subTest(number), self.terminal("sh", "-c", "echo ready; exec sleep 60") as terminal:
                terminal.wait_for("ready")
                wait_until(lambda: terminal.modes() != terminal.usual_modes, what="raw mode")
                terminal.process.send_signal(number)
                self.assertEqual(terminal.wait_exit(), code)
                self.assertEqual(terminal.modes(), terminal.usual_modes)

    def test_modes_are_restored_when_the_daemon_is_killed(self):
        with self.terminal("sh", "-c", "echo ready; exec sleep 60") as terminal:
            terminal.wait_for("ready")
            wait_until(lambda: terminal.modes() != terminal.usual_modes, what="raw mode")
            self.daemon.process.kill()
            self.daemon.process.wait()
            # While the daemon may come back, the program waits for it, and keys act on the program.
            wait_until(lambda: terminal.modes() == terminal.usual_modes, what="the usual modes")
            terminal.press(CTRL_C)
            self.assertEqual(terminal.wait_exit(), -signal.SIGINT)
            self.assertEqual(terminal.modes(), terminal.usual_modes)

    def test_modes_are_restored_when_the_output_is_closed(self):
        reader, writer = os.pipe()
        with self.terminal("-t", "sh", "-c", "echo ready; while echo y; do :; done", stdout=writer) as terminal:
            os.close(writer)
            self.assertEqual(os.read(reader, 2), b"re")
            os.close(reader)
            self.assertEqual(terminal.wait_exit(), -signal.SIGPIPE)
            self.assertEqual(terminal.modes(), terminal.usual_modes)

    def test_stopped_and_continued(self):
        with self.terminal("sh", "-c", "echo ready; cat") as terminal:
            terminal.wait_for("ready")
            wait_until(lambda: terminal.modes() != terminal.usual_modes, what="raw mode")
            raw = terminal.modes()
            terminal.process.send_signal(signal.SIGSTOP)
            termios.tcsetattr(terminal.master, termios.TCSANOW, terminal.usual_modes)  # as a shell does
            terminal.process.send_signal(signal.SIGCONT)
            wait_until(lambda: terminal.modes() == raw, what="raw mode again")
            terminal.press(b"x\r")
            terminal.wait_for("x\r\nx\r\n")
            terminal.press(CTRL_D)
            self.assertEqual(terminal.wait_exit(), 0)
            self.assertEqual(terminal.modes(), terminal.usual_modes)

    def test_in_the_background_of_a_shell(self):
        # The job is stopped before it changes the modes of the shell's terminal.
        with Terminal(self.daemon, "--norc", "-i", program="bash", env={"PS1": "$ ", "P": self.daemon.binary}) as terminal:
            terminal.wait_for("$ ")
            terminal.press(b"$P exec sh -c 'echo b\"\"egun; cat' &\r")
            terminal.press(b"while ! jobs | grep -q Stopped; do sleep 0.1; done; echo s\"\"topped\r")
            terminal.wait_for("stopped")
            terminal.press(b"fg\r")
            terminal.wait_for("begun")
            terminal.press(b"typed\r")
            terminal.wait_for("typed\r\ntyped\r\n")
            terminal.press(CTRL_D)
            terminal.wait_for("typed\r\n\x1b[?2004h$ ")
            terminal.press(b"echo status $?\r")
            terminal.wait_for("status 0")
            terminal.press(b"exit\r")
            terminal.wait_exit()


class FaultTest(ExecCase):
    def test_daemon_is_stopped(self):
        process = self.popen("sh", "-c", "echo ready; exec sleep 60", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
        self.assertEqual(process.stdout.readline(), b"ready\n")
        self.daemon.process.terminate()
        self.daemon.process.wait()
        self.daemon.start("--hold")
        self.assertEqual(process.wait(60), 137, process.stderr.read())

    def test_daemon_is_killed_and_comes_back(self):
        process = self.popen("sh", "-c", "echo ready; exec sleep 60", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
        self.assertEqual(process.stdout.readline(), b"ready\n")
        self.daemon.process.kill()
        self.daemon.process.wait()
        self.daemon.start("--hold")
        self.assertEqual(process.wait(60), 1)
        self.assertEqual(process.stderr.read(), b"error: cannot get exit code: data entry not found\n")

    def test_command_dies_with_the_program(self):
        process = self.popen("sh", "-c", "echo $$; exec sleep 60", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        pid = int(process.stdout.readline())
        process.kill()
        wait_until(lambda: not os.path.exists(f"/proc/{pid}"), what="the end of the command")

    def test_abort(self):
        process = self.popen("sh", "-c", "echo ready; exec sleep 60", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self.assertEqual(process.stdout.readline(), b"ready\n")
        self.daemon.request("POST", f"/v1/changes/{self.changes()[0]['id']}", {"action": "abort"})
        self.assertEqual(process.wait(60), 137)


class EnterTest(DaemonCase):
    def test_enter_exec(self):
        done = self.daemon.cli("enter", "exec", "--", "sh", "-c", "cat; echo err >&2; exit 4", stdin="in")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (4, "in", "err\n"))


if __name__ == "__main__":
    unittest.main()
