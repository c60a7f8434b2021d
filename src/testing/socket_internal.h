// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to testing/: Unix sockets of the relay.
#pragma once

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>

#define TESTING_SOCKET_PATH_MAX ((size_t)107) // bytes, unix(7)

// Return a non-blocking, close-on-exec socket, or -1 and errno. Listening replaces a socket that is at the path.
int testing_socket_listen(const char *path) NODISCARD;
int testing_socket_connect(const char *path) NODISCARD; // EAGAIN: the daemon has not accepted others yet
