// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to libpebble: where a daemon is, and with which credentials. What TLS needs goes here too.
#pragma once

#include "base/compiler.h"
#include "pebble.h"

#include <stdbool.h>

struct client_endpoint {
    char *socket_path;   // NULL for TCP
    char *host;          // TCP only: a name, or an address without brackets
    int port;            // TCP only
    char *authority;     // of URLs and the Host header: "localhost", "HOST:PORT"
    char *authorization; // value of the Authorization header, or NULL
};

// Where the options point to. PEBBLE_ERROR_ARGUMENT if that is nowhere.
bool client_endpoint_init(struct client_endpoint *endpoint, const struct pebble_client_options *options,
                          struct pebble_error *error) NODISCARD;
void client_endpoint_finish(struct client_endpoint *endpoint);
