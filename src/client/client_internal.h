// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to libpebble: the client itself, and how failures are told.
#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "client/connection_internal.h"
#include "pebble.h"
#include "wire/http_message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLIENT_INPUT_BYTES ((size_t)32768)

struct pebble_client {
    struct client_connection connection;
    char *authority; // of URLs and the Host header: "localhost", "HOST:PORT"
    int64_t get_retry_ms;

    // The request that is under way; see request.h.
    struct http_reader reader;
    bool has_reader;
    char *url_text; // `Get "http://localhost/v1/plan"`, for messages
    char *input;    // CLIENT_INPUT_BYTES
    const char *unread;
    size_t unread_length;
    int64_t deadline_ns;
    bool is_cut_short; // the daemon answers without having taken all of the request

    // What answers told by the way.
    int64_t latest_warning;
    char *latest_warning_text;
    char *maintenance;
    char *maintenance_kind;
};

// These return false. A failure that is there is replaced; `error` may be NULL.
bool client_fail(struct pebble_error *error, enum pebble_error_kind kind, const char *format, ...) PRINTF_LIKE(3, 4);
// With the words of `cause` behind `words`; its kind (CONNECTION, TIMEOUT, CANCELLED, anything else counts as PROTOCOL)
// decides ours.
bool client_fail_because(struct pebble_error *error, const char *words, const struct error *cause);
// Gives the failure from `source`, which is empty afterwards.
bool client_fail_move(struct pebble_error *error, struct pebble_error *source);

void client_error_clear_at(struct pebble_error *error);
#define AUTO_PEBBLE_ERROR CLEANUP(client_error_clear_at)
