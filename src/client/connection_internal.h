// SPDX-License-Identifier: LGPL-3.0-or-later
// libpebble's one connection to the daemon: a Unix socket or TCP. Calls wait in poll() until their deadline
// (clock_monotonic_ns(), 0 for none). Failures: ERROR_CONNECTION (the words are those of a dial or read error that
// users of the reference know: "dial unix PATH: connect: connection refused"), ERROR_TIMEOUT at the deadline,
// ERROR_CANCELLED when the interrupt function said so. SIGPIPE is never raised.
#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "pebble.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLIENT_NO_DEADLINE INT64_C(0)

struct client_connection {
    char *socket_path; // owned; NULL for TCP
    char *host;        // owned; TCP only: a name or an address without brackets
    int port;
    pebble_interrupt_fn interrupt; // may be NULL
    void *interrupt_data;
    int fd; // -1 while closed
};

void client_connection_init(struct client_connection *connection); // closed, to nowhere
void client_connection_finish(struct client_connection *connection);

bool client_connection_open(struct client_connection *connection, int64_t deadline_ns, struct error *err) NODISCARD;
void client_connection_close(struct client_connection *connection);
// Whether it is open and quiet: the peer has neither closed it nor sent anything unasked.
bool client_connection_is_quiet(const struct client_connection *connection);

// Sends all of it, or stops early because the peer answers or closes before it has everything: then *sent is less than
// `length`, and the answer, if there is one, can be received. *sent is set on failure, too.
bool client_connection_send(struct client_connection *connection, const void *data, size_t length, size_t *sent,
                            int64_t deadline_ns, struct error *err) NODISCARD;
// Waits for some bytes; *received is 0 when the peer has closed.
bool client_connection_receive(struct client_connection *connection, void *data, size_t size, size_t *received,
                               int64_t deadline_ns, struct error *err) NODISCARD;
// Sleeps (connected or not); a signal ends the sleep early. False
// only when cancelled.
bool client_connection_pause(struct client_connection *connection, int64_t pause_ms, struct error *err) NODISCARD;
