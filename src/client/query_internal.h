// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to libpebble: calls of one request, whose response is read as a whole.
#pragma once

#include "base/compiler.h"
#include "client/call_internal.h"
#include "client/exchange_internal.h"
#include "client/response_internal.h"
#include "client/transfer_internal.h"
#include "data/json.h"
#include "pebble.h"

#include <stdbool.h>

struct client_query_type {
    enum client_response_type response;
    const struct client_result_type *result; // NULL: it has none
    // Makes the result, NULL with the error.
    void *(*read)(struct client_response *response, struct pebble_error *error);
};

// Begins the call; the request is borrowed until this returns.
bool client_query_start(struct pebble_client *client, const struct client_request *request,
                        const struct client_query_type *type, struct pebble_call **call,
                        struct pebble_error *error) NODISCARD;

// The same with limits of its own, in place of the client's.
bool client_query_start_within(struct pebble_client *client, const struct client_request *request,
                               const struct client_query_type *type, const struct client_transfer_limits *limits,
                               struct pebble_call **call, struct pebble_error *error) NODISCARD;

// PEBBLE_ERROR_ARGUMENT, `invalid change ID "x"` for the noun "change", if that is no id that could stand in a path.
bool client_check_id(const char *noun, const char *id, struct pebble_error *error) NODISCARD;
// Adds "?NAME=VALUE" or "&NAME=VALUE" (after a first one), once for each value. Parameters are sent in the order of
// their names, as Pebble's client sends them, so that logs and recordings compare.
void client_add_query(struct buffer *target, const char *name, const char *const *values, size_t count);
