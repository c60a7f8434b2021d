# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs for the hook tools, and the server that does what they are asked for.

A request is a sequence of fields: the ID of the hook, the working directory, "1" and the input or "" and "", the name of the
tool, and its words. The response is a byte for "the input is needed", one for the exit code, the length of the output, the
output, and the text for standard error.
"""

import os
import socket
import threading

import juju_flags

PROGRAM = """#!/usr/bin/python3 -IS
import os, socket, sys
def ask(*given):
    words = [os.environ["JUJU_CONTEXT_ID"], os.getcwd(), *given, os.path.basename(sys.argv[0]), *sys.argv[1:]]
    fields = [os.fsencode(word) for word in words]
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(os.environ["CHARM_RUN_SOCKET"])
    sock.sendall(b"".join(len(field).to_bytes(4, "big") + field for field in fields))
    sock.shutdown(socket.SHUT_WR)
    answer = b""
    while piece := sock.recv(65536):
        answer += piece
    if len(answer) < 6:
        raise OSError("the connection has been closed")
    return answer
try:
    answer = ask("", "")
    if answer[0]:
        answer = ask("1", sys.stdin.buffer.read() if sys.stdin is not None else b"")
    end = 6 + int.from_bytes(answer[2:6], "big")
    for fd, text in ((1, answer[6:end]), (2, answer[end:])):
        while text:
            text = text[os.write(fd, text):]
except KeyError as error:
    sys.exit(f"ERROR {error.args[0]} not set")
except OSError as error:
    sys.exit(f"ERROR {error}")
sys.exit(answer[1])
"""


class ToolServer:
    """Responds to the tools, each in a thread: one that does not end its request delays no other."""

    def __init__(self, unit, place):
        self.unit = unit
        self.directory = os.path.join(place, "tools")
        self.path = os.path.join(place, "tools.socket")
        self.error = None        # a fault of the server
        os.mkdir(self.directory)
        for name in juju_flags.FLAGS:
            with open(os.open(os.path.join(self.directory, name), os.O_WRONLY | os.O_CREAT, 0o755), "w",
                      encoding="utf-8") as file:
                file.write(PROGRAM)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(self.path)
        self.socket.listen(64)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.handle, args=(connection,), daemon=True).start()

    def handle(self, connection):
        with connection:
            try:
                self.respond(connection)
            except OSError:
                pass  # the tool was killed
            except Exception as error:  # pylint: disable=broad-except
                self.error = error

    def respond(self, connection):
        data = b""
        while piece := connection.recv(65536):
            data += piece
        fields = []
        while data:
            length = int.from_bytes(data[:4], "big")
            fields.append(data[4:4 + length])
            data = data[4 + length:]
        if len(fields) < 5:
            return
        context, name, *words = (field.decode("utf-8", "replace") for field in (fields[0], *fields[4:]))
        needs_input, code, output, errors = 0, 0, "", ""
        try:
            code, output, errors = self.unit.run(context, name, words, os.fsdecode(fields[1]), fields[3] if fields[2] else None)
        except juju_flags.NeedsInput:
            needs_input = 1
        output, errors = (text.encode("utf-8", "replace") for text in (output, errors))
        connection.sendall(bytes([needs_input, code]) + len(output).to_bytes(4, "big") + output + errors)

    def close(self):
        self.socket.close()
