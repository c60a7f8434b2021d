// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to libpebble: the client: where the daemon is, settings, and one idle connection.
#pragma once

#include "base/compiler.h"
#include "client/connection_internal.h"
#include "client/endpoint_internal.h"
#include "pebble.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pebble_client {
    size_t holders; // its owner, and each call
    struct client_endpoint endpoint;
    int64_t get_retry_ns;
    int64_t timeout_ns;
    int64_t idle_ns;
    int interrupt_fd;              // borrowed, -1 for none
    struct client_connection idle; // not in use; closed if there is none

    // What responses told by the way.
    int64_t latest_warning;
    char *latest_warning_text;
    char *maintenance;
};

struct pebble_client *client_hold(struct pebble_client *client);
void client_release(struct pebble_client *client);

// When a call that begins now has to be over, CLIENT_NO_DEADLINE for never.
int64_t client_deadline_ns(const struct pebble_client *client);
// Moves the idle connection to `connection`, which is closed. False if there is none.
bool client_take_idle(struct pebble_client *client, struct client_connection *connection) NODISCARD;
// Takes what is open over from `connection`. One that is there is closed.
void client_keep_idle(struct pebble_client *client, struct client_connection *connection);

// Both take the texts over, which may be NULL.
void client_note_warning(struct pebble_client *client, int64_t time, char *text);
void client_note_maintenance(struct pebble_client *client, char *message);
