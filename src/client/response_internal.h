// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to libpebble: whole answers of the API, {"type", "status-code", "status", "change", "result", …}.
#pragma once

#include "base/compiler.h"
#include "client/client_internal.h"
#include "client/request_internal.h"
#include "data/json.h"
#include "pebble.h"

#include <stdbool.h>
#include <stddef.h>

enum client_response_type {
    CLIENT_RESPONSE_ANY,
    CLIENT_RESPONSE_SYNC,
    CLIENT_RESPONSE_ASYNC, // with a change's id
};

struct client_response {
    json_t *envelope; // owned
    json_t *result;   // borrowed from it; NULL when there is none
    char *change;     // owned; NULL when there is none
};
void client_response_finish(struct client_response *answer);
#define AUTO_CLIENT_RESPONSE CLEANUP(client_response_finish)

// Sends the request and reads the answer. One of type "error" fails with PEBBLE_ERROR_API.
bool client_call(struct pebble_client *client, const struct client_request *request, enum client_response_type type,
                 struct client_response *answer, struct pebble_error *error) NODISCARD;
// The rest of it, for a request that was begun.
bool client_response_read(struct pebble_client *client, struct client_response *answer,
                          struct pebble_error *error) NODISCARD;
// A GET with a "sync" answer.
bool client_get(struct pebble_client *client, const char *target, struct client_response *answer,
                struct pebble_error *error) NODISCARD;

// Adds "?NAME=VALUE" or "&NAME=VALUE" (after a first one), once for each value.
void client_add_query(struct buffer *target, const char *name, const char *const *values, size_t count);
