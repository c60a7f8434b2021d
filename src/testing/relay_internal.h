// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to testing/: the relay, a thread between the clients' socket and the daemon's.
#pragma once

#include "base/compiler.h"
#include "pebble.h"
#include "testing/records_internal.h"

#include <stdbool.h>

struct testing_relay;

// Without a socket for clients until testing_relay_open(). Paths are copied, `records` borrowed. PEBBLE_ERROR_FILE.
struct testing_relay *testing_relay_create(const char *client_path, const char *daemon_path,
                                           struct testing_records *records, struct pebble_error *error) NODISCARD;
void testing_relay_destroy(struct testing_relay *relay); // NULL is allowed
// Makes the socket; no effect if it is there.
bool testing_relay_open(struct testing_relay *relay, struct pebble_error *error) NODISCARD;
// Removes the socket and cuts all connections. When it returns, they are cut.
void testing_relay_close(struct testing_relay *relay);
