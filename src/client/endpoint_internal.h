// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to libpebble: where a daemon is, and with which credentials.
#pragma once

#include "base/compiler.h"
#include "client/tls_setup_internal.h"
#include "pebble.h"
#include "tls/tls_context.h"

#include <stdbool.h>

struct client_endpoint {
    char *socket_path;   // NULL for TCP
    char *host;          // TCP only: a name, or an address without brackets
    int port;            // TCP only
    char *authority;     // of URLs and the Host header: "localhost", "HOST:PORT"
    char *prefix;        // of all paths, escaped: "" or "/PATH"
    char *shown_user;    // in messages, before the authority: "", "USER@" or "USER:***@"
    char *authorization; // value of the Authorization header, or NULL
    bool is_https;
    struct tls_context *tls;       // HTTPS only
    const char *unset_fingerprint; // the name of the option if it is not set; HTTPS only
};

// Where the options point to. PEBBLE_ERROR_ARGUMENT if that is nowhere, and the errors of client_tls_create().
bool client_endpoint_init(struct client_endpoint *endpoint, const struct pebble_client_options *options,
                          const struct client_tls_names *names, struct pebble_error *error) NODISCARD;
void client_endpoint_finish(struct client_endpoint *endpoint);
