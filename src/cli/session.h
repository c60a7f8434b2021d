// SPDX-License-Identifier: GPL-3.0-or-later
// The session, shared by all commands of one run of the program: the location of the daemon, and the client.
#pragma once

#include "cli/cli.h"

#include <pebble.h>

struct cli_session {
    char *directory;              // $PEBBLE, or /var/lib/pebble/default
    char *socket_path;            // $PEBBLE_SOCKET, or .pebble.socket in the directory
    struct pebble_client *client; // created when first needed, from the environment
};

void session_init(struct cli_session *session); // reads the environment only
void session_finish(struct cli_session *session);

// Returns the client, creating it at first use; NULL on error.
struct pebble_client *session_client(struct cli_session *session, struct error *err) NODISCARD;

// Converts an error of the client to the error to print. Messages from the daemon are wrapped to the width of the
// terminal, others are kept. Clears `from`; returns 1, the exit status.
int cli_fail(struct pebble_error *from, struct error *err);
#define AUTO_PEBBLE_ERROR CLEANUP(pebble_error_clear)

// Writes the text to standard output.
void cli_print(const struct buffer *text);
// Writes YAML or JSON to standard output. On a terminal, what could act on it is escaped; programs get the text as it
// is.
void cli_print_document(const char *text);
