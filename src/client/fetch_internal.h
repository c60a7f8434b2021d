// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to libpebble: a request whose response is wanted as a whole.
#pragma once

#include "base/buffer.h"
#include "base/compiler.h"
#include "client/response_internal.h"
#include "client/transfer_internal.h"
#include "pebble.h"

#include <stdbool.h>
#include <stddef.h>

struct client_fetch {
    struct client_transfer transfer;
    struct buffer body;
    bool is_text; // a body with a status of success has no envelope: response.text
};

// PEBBLE_ERROR_ARGUMENT if it is no request.
bool client_fetch_init(struct client_fetch *fetch, struct pebble_client *client, const struct client_request *request,
                       const struct client_transfer_limits *limits, struct pebble_error *error) NODISCARD;
// Before the first step: most bytes of the body, instead of CLIENT_RESPONSE_LIMIT_BYTES.
void client_fetch_set_limit(struct client_fetch *fetch, size_t limit_bytes);
void client_fetch_finish(struct client_fetch *fetch); // in any state; fine for one that is all zero
// Goes on. CLIENT_DONE: *response is the caller's; it is untouched after a switch of protocols, whose connection and
// input are those of the transfer.
enum client_progress client_fetch_step(struct client_fetch *fetch, struct client_response *response,
                                       struct pebble_error *error) NODISCARD;
