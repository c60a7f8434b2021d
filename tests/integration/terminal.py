# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands on a pseudoterminal: its size, keys, and output."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time

from harness import HANG_S, SANITIZER

CTRL_C = b"\x03"
CTRL_D = b"\x04"


def _take_terminal():
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)


class Terminal:
    """A command of the program on a new terminal.

        with Terminal(daemon, "start", "web") as terminal:
            terminal.wait_for("Start service")
            terminal.press(CTRL_C)
            self.assertEqual(terminal.wait_exit(), 1)
    """

    def __init__(self, daemon, *arguments, columns=80, env=None, program=None, stdout=None):
        """`program`: another one than the daemon's; `stdout`: a descriptor in the place of the terminal."""
        self.shown = b""
        self.master, slave = pty.openpty()
        self.resize(columns)
        self.usual_modes = self.modes()
        environment = {"TERM": "xterm", **daemon.env, **(env or {})}
        try:
            self.process = subprocess.Popen([program or daemon.binary, *arguments], env=environment, cwd=daemon.dir,
                                            stdin=slave, stdout=slave if stdout is None else stdout, stderr=slave,
                                            start_new_session=True, preexec_fn=_take_terminal)
        finally:
            os.close(slave)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self.master)

    def modes(self):
        """The modes of the terminal, as tcgetattr() returns them."""
        return termios.tcgetattr(self.master)

    def resize(self, columns, rows=24):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def press(self, keys):
        os.write(self.master, keys)

    def _read(self, timeout_s):
        """Reads new output; False at the end."""
        if not select.select([self.master], [], [], timeout_s)[0]:
            return True
        try:
            data = os.read(self.master, 65536)
        except OSError:  # EIO: nobody holds the other side any more
            return False
        self.shown += data
        return bool(data)

    def text(self):
        return self.shown.decode("utf-8", "backslashreplace")

    def wait_for(self, text, timeout_s=HANG_S):
        deadline = time.monotonic() + timeout_s
        while text not in self.text():
            if not self._read(0.1) and text not in self.text():
                raise AssertionError(f"{text!r} was not shown, but {self.text()!r}")
            if time.monotonic() > deadline:
                raise AssertionError(f"{text!r} was not shown within {timeout_s:g} s, but {self.text()!r}")

    def wait_exit(self, timeout_s=HANG_S):
        """Waits for the exit status. Afterwards text() has all output."""
        deadline = time.monotonic() + timeout_s
        while self._read(0.1):
            if time.monotonic() > deadline:
                raise AssertionError(f"the command did not end within {timeout_s:g} s: {self.text()!r}")
        status = self.process.wait(timeout_s)
        if SANITIZER.search(self.text()):
            raise AssertionError(self.text()[:4000])
        return status


def on_screen(text):
    """The final text on a screen of lines rewritten with a carriage return and an erase (ESC [ K)."""
    lines = []
    for line in text.replace("\r\n", "\n").split("\n"):
        lines.append(line.rsplit("\r\033[K", 1)[-1])
    return "\n".join(lines)
