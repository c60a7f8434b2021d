// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to libpebble: responses of the API, {"type", "status-code", "status", "change", "result", …}.
#pragma once

#include "base/buffer.h"
#include "base/compiler.h"
#include "client/client_internal.h"
#include "data/json.h"
#include "pebble.h"

#include <stdbool.h>
#include <stddef.h>

#define CLIENT_RESPONSE_LIMIT_BYTES ((size_t)268435456)

enum client_response_type {
    CLIENT_RESPONSE_ANY,
    CLIENT_RESPONSE_SYNC,
    CLIENT_RESPONSE_ASYNC, // with a change's id
    CLIENT_RESPONSE_TEXT,  // without the envelope, unless it is a failure
};

struct client_response {
    json_t *envelope; // owned
    json_t *result;   // borrowed from it; NULL when there is none
    char *change_id;  // owned; NULL when there is none
    char *restart;    // "system-restart", "daemon-restart" while one goes on; owned, else NULL
    int status;       // of HTTP
    char *text;       // of CLIENT_RESPONSE_TEXT; owned, NULL for others
    size_t text_length;
};
void client_response_finish(struct client_response *response);
#define AUTO_CLIENT_RESPONSE CLEANUP(client_response_finish)

// Reads the body of a response, and notes in the client what it tells by the way. A response of type "error" fails with
// PEBBLE_ERROR_API.
bool client_response_read(struct pebble_client *client, int status, const struct buffer *body,
                          struct client_response *response, struct pebble_error *error) NODISCARD;
// Whether it is of that type; method and target are for messages.
bool client_response_check(const struct client_response *response, enum client_response_type type, const char *method,
                           const char *target, struct pebble_error *error) NODISCARD;
