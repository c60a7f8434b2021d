// SPDX-License-Identifier: GPL-3.0-or-later
// Listening sockets. Blocking (name look-ups): for start-up only. Failures for which there is something to do have a
// code: socket-in-use, socket-path-too-long, socket-not-made, address-in-use, address-denied, address-elsewhere (no
// address of this machine) or no-port.
#pragma once

#include "base/compiler.h"
#include "base/error.h"

#include <stdbool.h>

// Creates a listening Unix stream socket at `path`, with mode 0666. Replaces a stale socket or a regular file. A socket
// in use is an error: `socket "PATH" already in use`. A lock on the directory excludes daemons that start at the same
// time. The caller owns the descriptor.
bool listen_unix(const char *path, int *fd, struct error *err) NODISCARD;
// The same for a caller that keeps other programs of its kind from the directory in another way.
bool listen_unix_locked(const char *path, int *fd, struct error *err) NODISCARD;
// Fails with the same error if the socket is in use, or its path too long.
bool listen_unix_check(const char *path, struct error *err) NODISCARD;
// Creates a listening TCP socket at HOST:PORT, :PORT (all addresses) or [V6]:PORT. Errors are those of Go:
// `listen tcp 127.0.0.1:80: bind: address already in use`, `address x: missing port in address`.
bool listen_tcp(const char *address, int *fd, struct error *err) NODISCARD;
