// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to libpebble: what TLS needs, from options: how the server is recognized, and the client's certificate.
#pragma once

#include "base/compiler.h"
#include "pebble.h"
#include "tls/tls_context.h"

#include <stdbool.h>

// What the options are called in messages.
struct client_tls_names {
    const char *certificate, *key, *fingerprint;
};
extern const struct client_tls_names client_tls_option_names;      // of struct pebble_client_options
extern const struct client_tls_names client_tls_environment_names; // of the environment

// Reads the files that the options name and, without a fingerprint, those with the certificates of the authorities that
// the system trusts. PEBBLE_ERROR_FILE for what is wrong with a file, PEBBLE_ERROR_ARGUMENT for the rest.
bool client_tls_create(const struct pebble_client_options *options, const struct client_tls_names *names,
                       struct tls_context **context, struct pebble_error *error) NODISCARD;
// For a connection without TLS. PEBBLE_ERROR_ARGUMENT if an option for TLS is set.
bool client_tls_check_unused(const struct pebble_client_options *options, const struct client_tls_names *names,
                             struct pebble_error *error) NODISCARD;
