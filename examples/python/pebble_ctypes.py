#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small binding to libpebble with ctypes, and a program that shows it.

    PEBBLE=/var/lib/pebble/default ./pebble_ctypes.py SERVICE

LIBPEBBLE names the library, if it is not where the system looks for libraries.
"""

import ctypes as c
import os
import sys

lib = c.CDLL(os.environ.get("LIBPEBBLE", "libpebble.so.0"))
Handle, Text, Texts, Size = c.c_void_p, c.c_char_p, c.POINTER(c.c_char_p), c.c_size_t


def struct(name, **members):
    return type(name, (c.Structure,), {"_fields_": list(members.items())})


ErrorFields = struct("ErrorFields", kind=c.c_int, status=c.c_int, api_kind=Text, message=Text, change=Handle,
                     exec_result=Handle, reserved=Handle * 2, advice=Text)
WaitOptions = struct("WaitOptions", size=Size, timeout_ms=c.c_int64, poll_ms=c.c_int64, on_progress=Handle, data=Handle)
ExecOptions = struct("ExecOptions", size=Size, words=Texts, word_count=Size, service_context=Text,
                     environment_names=Texts, environment_values=Texts, environment_count=Size, working_dir=Text,
                     timeout_ns=c.c_int64, user_id=Handle, user=Text, group_id=Handle, group=Text, flags=c.c_uint64,
                     columns=c.c_int, rows=c.c_int)
ExecIo = struct("ExecIo", size=Size, input=Text, input_length=Size, input_fd=Handle, on_read_input=Handle,
                output_fd=Handle, on_write_output=Handle, error_fd=Handle, on_write_error=Handle, data=Handle,
                limit_bytes=Size)
NotifyOptions = struct("NotifyOptions", size=Size, key=Text, names=Texts, values=Texts, data_count=Size,
                       repeat_after_ns=c.c_int64)
NoticeOptions = struct("NoticeOptions", size=Size, types=Texts, type_count=Size, keys=Texts, key_count=Size,
                       user_id=Handle, users=Text, after_ns=c.c_int64, wait_ns=c.c_int64)
PushOptions = struct("PushOptions", size=Size, path=Text, bytes=Text, length=Size, fd=Handle, on_read=Handle,
                     on_transferred=Handle, data=Handle, flags=c.c_uint64, permissions=c.c_uint32, user_id=Handle,
                     user=Text, group_id=Handle, group=Text)
PullOptions = struct("PullOptions", size=Size, path=Text, fd=Handle, on_write=Handle, on_transferred=Handle,
                     data=Handle, limit_bytes=Size)
P, OUT, ERROR = c.POINTER, c.POINTER(Handle), c.POINTER(ErrorFields)
PROTOTYPES = {
    "error_clear": (None, ERROR), "free": (None, Handle), "library_version": (Text,),
    "client_create_default": (c.c_bool, OUT, ERROR), "client_destroy": (None, Handle),
    "get_services": (c.c_bool, Handle, Texts, Size, OUT, ERROR), "services_count": (Size, Handle),
    "services_at": (Handle, Handle, Size), "services_destroy": (None, Handle), "service_name": (Text, Handle),
    "service_startup": (Text, Handle), "service_current": (Text, Handle),
    "control_services": (c.c_bool, Handle, Text, Texts, Size, OUT, ERROR),
    "wait_change": (c.c_bool, Handle, Text, P(WaitOptions), OUT, ERROR),
    "exec": (c.c_bool, Handle, P(ExecOptions), P(ExecIo), OUT, ERROR), "exec_result_exit_code": (c.c_int, Handle),
    "exec_result_output": (Handle, Handle, P(Size)), "exec_result_destroy": (None, Handle),
    "notify": (c.c_bool, Handle, P(NotifyOptions), OUT, ERROR),
    "get_notices": (c.c_bool, Handle, P(NoticeOptions), OUT, ERROR), "notices_count": (Size, Handle),
    "notices_at": (Handle, Handle, Size), "notices_destroy": (None, Handle), "notice_key": (Text, Handle),
    "notice_data": (Text, Handle), "notice_occurrences": (c.c_int64, Handle),
    "push_file": (c.c_bool, Handle, P(PushOptions), ERROR),
    "pull_file": (c.c_bool, Handle, P(PullOptions), OUT, ERROR),
    "content_bytes": (Handle, Handle, P(Size)), "content_destroy": (None, Handle),
}
for name, (result, *parameters) in PROTOTYPES.items():
    function = getattr(lib, f"pebble_{name}")
    function.restype, function.argtypes = result, parameters


class PebbleError(Exception):
    """kind: a value of enum pebble_error_kind; status: of HTTP, or 0; message."""

    def __init__(self, fields):
        self.kind, self.status, self.message = fields.kind, fields.status, fields.message.decode()
        super().__init__(self.message)


def call(function, *arguments):
    """Calls a function that can fail; the error is an exception."""
    error = ErrorFields()
    if not function(*arguments, c.byref(error)):
        try:
            raise PebbleError(error)
        finally:
            lib.pebble_error_clear(c.byref(error))


def result_of(function, *arguments):
    """As call(), for a function with an output before the error: the handle of the result, which the caller destroys."""
    out = Handle()
    call(function, *arguments, c.byref(out))
    return out


def options(kind, **members):
    return c.byref(kind(size=c.sizeof(kind), **members))


def texts(words):
    return (Text * len(words))(*(word.encode() for word in words))


def copied(function, handle):
    """The bytes of an accessor with a length, which may hold NUL."""
    length = Size()
    return c.string_at(function(handle, c.byref(length)), length.value)


class Client:
    """A daemon, as the environment names it. To be used in a with statement."""

    def __init__(self):
        self.handle = result_of(lib.pebble_client_create_default)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        lib.pebble_client_destroy(self.handle)
        self.handle = None

    def services(self):
        """A list of (name, startup, current)."""
        found = result_of(lib.pebble_get_services, self.handle, None, 0)
        try:
            items = [lib.pebble_services_at(found, index) for index in range(lib.pebble_services_count(found))]
            accessors = (lib.pebble_service_name, lib.pebble_service_startup, lib.pebble_service_current)
            return [tuple(accessor(item).decode() for accessor in accessors) for item in items]
        finally:
            lib.pebble_services_destroy(found)

    def control(self, action, *names):
        """Starts, stops or restarts services, and waits for the end of the change, for a minute at most."""
        change_id = result_of(lib.pebble_control_services, self.handle, action.encode(), texts(names), len(names))
        try:
            call(lib.pebble_wait_change, self.handle, c.string_at(change_id.value),
                 options(WaitOptions, timeout_ms=60000), None)
        finally:
            lib.pebble_free(change_id)

    def exec(self, *words, text=b""):
        """Runs a command; (exit code, output)."""
        done = result_of(lib.pebble_exec, self.handle, options(ExecOptions, words=texts(words), word_count=len(words)),
                         options(ExecIo, input=text, input_length=len(text)))
        try:
            return lib.pebble_exec_result_exit_code(done), copied(lib.pebble_exec_result_output, done)
        finally:
            lib.pebble_exec_result_destroy(done)

    def notify(self, key, **data):
        """Records a custom notice; its ID."""
        chosen = options(NotifyOptions, key=key.encode(), names=texts(list(data)), values=texts(list(data.values())),
                         data_count=len(data))
        notice_id = result_of(lib.pebble_notify, self.handle, chosen)
        try:
            return c.string_at(notice_id.value).decode()
        finally:
            lib.pebble_free(notice_id)

    def notices(self, *keys):
        """The custom notices with these keys: (key, occurrences, data as JSON or None)."""
        found = result_of(lib.pebble_get_notices, self.handle, options(
            NoticeOptions, types=texts(["custom"]), type_count=1, keys=texts(keys), key_count=len(keys)))
        try:
            items = [lib.pebble_notices_at(found, index) for index in range(lib.pebble_notices_count(found))]
            return [(lib.pebble_notice_key(item).decode(), lib.pebble_notice_occurrences(item),
                     (lib.pebble_notice_data(item) or b"").decode() or None) for item in items]
        finally:
            lib.pebble_notices_destroy(found)

    def push(self, path, content, permissions=0o644):
        call(lib.pebble_push_file, self.handle, options(
            PushOptions, path=os.fsencode(path), bytes=content, length=len(content), permissions=permissions))

    def pull(self, path):
        content = result_of(lib.pebble_pull_file, self.handle, options(PullOptions, path=os.fsencode(path)))
        try:
            return copied(lib.pebble_content_bytes, content)
        finally:
            lib.pebble_content_destroy(content)


def main(service, path="/tmp/pebble-ctypes"):
    with Client() as client:
        client.control("start", service)
        for name, _, current in client.services():
            print(f"{name} is {current}")
        print("exec: exit code {}, {!r}".format(*client.exec("tr", "a-z", "A-Z", text=b"nul \0 hello\n")))
        client.notify("example.com/ctypes", service=service)
        for key, occurrences, data in client.notices("example.com/ctypes"):
            print(f"notice {key}: {occurrences}, {data}")
        client.push(path, b"nul \0 content\n", 0o600)
        print(f"pulled: {client.pull(path)!r}")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(f"usage: {sys.argv[0]} SERVICE [PATH]")
    try:
        main(*sys.argv[1:])
    except PebbleError as failure:
        sys.exit(f"error: {failure.message} (kind {failure.kind}, status {failure.status})")
