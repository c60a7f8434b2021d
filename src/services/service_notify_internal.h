// SPDX-License-Identifier: GPL-3.0-or-later
// Private to services/: the receiver of sd_notify(3): a datagram socket with an abstract name of its own for each
// process. Messages are taken from root, the daemon's user and the service's.
#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "loop/loop.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define NOTIFY_MESSAGE_MAX_BYTES ((size_t)4096) // longer ones are dropped
#define NOTIFY_STATUS_MAX_BYTES ((size_t)256)   // the rest is cut
#define NOTIFY_EXTENSION_MAX_NS INT64_C(3600000000000)

// What one message says.
struct notify_message {
    bool is_ready;        // READY=1
    bool is_stopping;     // STOPPING=1
    int64_t extension_ns; // EXTEND_TIMEOUT_USEC=, at most an hour; 0: none
    const char *status;   // STATUS=, not terminated; NULL: none
    size_t status_length;
};
// Lines of NAME=VALUE; unknown ones, and values that are no numbers, are ignored.
void notify_message_read(const char *bytes, size_t length, struct notify_message *message);

struct notify_socket;
// Called from the loop. It may destroy the socket.
typedef void (*notified_fn)(const struct notify_message *message, void *data);

bool notify_socket_create(struct loop *loop, notified_fn on_notified, void *data, struct notify_socket **socket,
                          struct error *err) NODISCARD;
void notify_socket_destroy(struct notify_socket *socket);           // NULL is fine
const char *notify_socket_name(const struct notify_socket *socket); // "@pebble-...", for NOTIFY_SOCKET
void notify_socket_allow(struct notify_socket *socket, uid_t uid);
