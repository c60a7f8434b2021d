// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to libpebble: one HTTP request and its answer, over the connection that is kept. One at a time; the answer's
// body is read piece by piece.
#pragma once

#include "base/compiler.h"
#include "client/client_internal.h"
#include "pebble.h"
#include "wire/http_message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct client_request {
    const char *method;
    const char *target;  // path and query, already escaped
    const char *body;    // JSON text, or NULL
    int64_t deadline_ns; // CLIENT_NO_DEADLINE for none; counts for the answer's body, too
    bool is_single;      // a GET is not tried again when there is no daemon
};

// Sends it and reads the head of the answer. Opens the connection if need be; a connection that turns out to have been
// closed by the daemon while it was not in use is replaced. Every failure ends the request.
bool client_request_begin(struct pebble_client *client, const struct client_request *request,
                          struct pebble_error *error) NODISCARD;
// The answer's head, until its body is read to its end.
const struct http_head *client_request_head(const struct pebble_client *client);
// The next piece of the body, borrowed until the next call; *length is 0 at its end, which ends the request.
bool client_request_read(struct pebble_client *client, const char **data, size_t *length,
                         struct pebble_error *error) NODISCARD;
// Ends a request whose body is not wanted any further, and with it the connection; fine when none is under way.
void client_request_drop(struct pebble_client *client);
