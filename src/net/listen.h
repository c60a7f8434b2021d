// SPDX-License-Identifier: GPL-3.0-or-later
// Listening sockets. Blocking (name look-ups): for start-up only.
#pragma once

#include "base/compiler.h"
#include "base/error.h"

#include <stdbool.h>

// A Unix stream socket at `path`, mode 0666, listening. A stale socket or plain file in its place is replaced;
// one that answers is an error: `socket "PATH" already in use`. Two daemons that start at the same time are
// kept apart by a lock on the directory. The descriptor is the caller's.
bool listen_unix(const char *path, int *fd, struct error *err) NODISCARD;
// A TCP socket at HOST:PORT, :PORT (all addresses), [V6]:PORT. Errors as Go words them:
// `listen tcp 127.0.0.1:80: bind: address already in use`, `address x: missing port in address`.
bool listen_tcp(const char *address, int *fd, struct error *err) NODISCARD;
