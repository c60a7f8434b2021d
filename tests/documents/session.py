# SPDX-License-Identifier: GPL-3.0-or-later
"""The shells of a document: terminals that stay open, and shells in the background."""

import os
import signal
import subprocess
import tempfile
import time

HANG_S = 120.0  # what takes longer hangs, also on a machine that is busy
POLL_S = 0.02
# For invisible commands: waits for a condition.
UNTIL_OK = "until_ok() { until \"$@\" >/dev/null 2>&1; do sleep 0.05; done; }\n"
# Runs the file $1, with the status of the command before it. Descriptor 3 gets its status, not the command.
STEP = "(exit {status}); . {script} </dev/null >{output} 2>&1 3>&-; echo $? >&3\n"


class Hang(Exception):
    """A command does not end."""

    def __init__(self, output):
        super().__init__("hangs")
        self.output = output


def text_of(path):
    with open(path, encoding="utf-8", errors="backslashreplace") as file:
        return file.read()


class Terminal:
    """A bash whose variables, directory and jobs stay from command to command."""

    def __init__(self, env, folder, hang_s=HANG_S):
        self.folder = tempfile.mkdtemp(dir=folder)
        self.hang_s = hang_s
        self.status = 0
        self.count = 0
        self.ends = None
        self.start(env)

    def start(self, env):
        ends, status = os.pipe()
        os.set_blocking(ends, False)
        self.ends = ends
        # Descriptor 3 of bash.
        self.bash = subprocess.Popen(["bash", "--norc", "--noprofile", "-c", f"exec 3>&{status} {status}>&-; exec bash "
                                      "--norc --noprofile"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                     stderr=subprocess.DEVNULL, cwd=env["HOME"], env=env, pass_fds=[status])
        os.close(status)

    def run(self, text, prelude=""):
        """Runs a command; its status and its output. Hang: it does not end."""
        self.count += 1
        script, output = (os.path.join(self.folder, f"{self.count}.{end}") for end in ("sh", "out"))
        with open(script, "w", encoding="utf-8") as file:
            # The status of the command before must be the first that the command sees.
            file.write(f"{prelude}(exit {self.status})\n{text}\n" if prelude else f"{text}\n")
        with open(output, "w", encoding="utf-8"):
            pass
        line = STEP.format(status=self.status, script=script, output=output)
        try:
            self.bash.stdin.write(line.encode())
            self.bash.stdin.flush()
        except BrokenPipeError:
            return 1, "this terminal has ended: the command before was 'exit'"
        self.status = self.wait(output)
        return self.status, text_of(output)

    def wait(self, output):
        deadline = time.monotonic() + self.hang_s
        seen = b""
        while not seen.endswith(b"\n"):
            try:
                part = os.read(self.ends, 100)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise Hang(text_of(output)) from None
                time.sleep(POLL_S)
                continue
            if not part:  # The command was `exit`, or `exec`.
                return self.bash.wait()
            seen += part
        return int(seen)

    def close(self):
        """Releases what is left of the shell, which has ended."""
        os.close(self.ends)
        try:
            self.bash.stdin.close()
        except BrokenPipeError:
            pass
        self.bash.wait()

    def variables(self):
        """The exported variables."""
        _, output = self.run("env -0")
        return dict(entry.split("=", 1) for entry in output.split("\0") if "=" in entry)


class Background:
    """A bash that runs a list of commands and goes on. It begins in the directory $PWD, else at home."""

    def __init__(self, env, folder, texts, hang_s=HANG_S):
        self.hang_s = hang_s
        self.folder = tempfile.mkdtemp(dir=folder)
        script = os.path.join(self.folder, "script")
        self.output = os.path.join(self.folder, "out")
        with open(script, "w", encoding="utf-8") as file:
            file.writelines(f"{text}\n" for text in texts)
        with open(self.output, "w", encoding="utf-8") as out:
            self.bash = subprocess.Popen(["bash", "--norc", "--noprofile", script], stdin=subprocess.DEVNULL, stdout=out,
                                         stderr=subprocess.STDOUT, cwd=env.get("PWD", env["HOME"]), env=env)

    def wait(self, is_done):
        """Waits until the output is as it should be; whether it is. Returns the output, too."""
        deadline = time.monotonic() + self.hang_s
        while True:
            is_ended = self.bash.poll() is not None
            output = text_of(self.output)
            if is_done(output):
                return True, output
            if is_ended or time.monotonic() > deadline:
                return False, output
            time.sleep(POLL_S)

    def close(self):
        self.bash.wait()


# --- the end ---

def descendants(pid):
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as file:
                parent = int(file.read().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            continue
        if parent == pid:
            found += [int(entry), *descendants(int(entry))]
    return found


def end_all():
    """Kills all processes of this one, which adopts them when their parents end."""
    deadline = time.monotonic() + HANG_S
    while time.monotonic() < deadline:
        left = descendants(os.getpid())
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        try:
            while os.waitpid(-1, os.WNOHANG)[0] != 0:
                pass
        except ChildProcessError:
            return
        time.sleep(POLL_S)
