// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to libpebble: a subscription to the events of a daemon. It is a call without end, which goes from request to
// request:
//
//     CHOOSING ──▶ ASKING ──▶ CHOOSING    what is next: an event that is due, or a request
//         ▲           └─────▶ PAUSING     the daemon is away, or responds without waiting
//         └──────────────────────┘
//
// All requests are sent over one connection, whose daemon has given its boot ID before it is asked for anything else.
#pragma once

#include "client/call_internal.h"
#include "client/connection_internal.h"
#include "client/events_check_internal.h"
#include "client/events_cursor_internal.h"
#include "client/fetch_internal.h"
#include "pebble.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pebble_event {
    enum pebble_event_kinds kind;
    const char *boot_id;                // borrowed from the subscription, or NULL
    const struct pebble_notice *notice; // borrowed from the cursor, or NULL
    char *check_name;                   // NULL unless it is a check's
    struct pebble_change *change;       // NULL if there is none
    struct pebble_error error;          // of a lost connection
};

enum client_events_state { CLIENT_EVENTS_CHOOSING, CLIENT_EVENTS_ASKING, CLIENT_EVENTS_PAUSING };

enum client_events_request { CLIENT_EVENTS_INFO, CLIENT_EVENTS_NOTICES, CLIENT_EVENTS_CHANGE };

struct pebble_events {
    struct pebble_call call;

    // Settings.
    uint64_t kinds;
    bool has_user_id;
    uint32_t user_id;
    char *users; // NULL: see user_id
    int64_t wait_ns;
    int64_t response_ns;
    int64_t retry_min_ns;
    int64_t retry_max_ns;
    size_t limit_bytes;

    enum client_events_state state;
    struct client_fetch fetch; // CLIENT_EVENTS_ASKING
    enum client_events_request request;
    int64_t asked_ns;  // when the request began
    int64_t resume_ns; // CLIENT_EVENTS_PAUSING: when it goes on
    int64_t pause_ns;  // the last one while the daemon is away; 0: none since it has given notices
    struct client_connection kept;
    bool is_known;  // the daemon of the connection has given its boot ID
    int info_count; // requests for it since the last one for something else

    char *boot_id; // the last one, or NULL; of the owner, as it outlives a failure
    bool is_lost;  // and the program has been notified
    bool is_back_due;
    bool is_ready_due;
    struct client_cursor cursor;
    bool is_other_daemon;           // it may be another than the one that has given the cursor's notices
    struct client_change_data data; // of the current notice, while its change is asked for
    struct client_checks_seen seen;
    struct pebble_event event; // PEBBLE_CALL_ITEM
};

extern const struct client_call_type client_events_type;
