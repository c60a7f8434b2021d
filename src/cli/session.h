// SPDX-License-Identifier: GPL-3.0-or-later
// What all commands of one run of the program share: where the daemon is, and the client that speaks to it.
#pragma once

#include "cli/cli.h"

#include <pebble.h>

struct cli_session {
    char *directory;              // $PEBBLE, or /var/lib/pebble/default
    char *socket_path;            // $PEBBLE_SOCKET, or .pebble.socket in the directory
    const char *base_url;         // $PEBBLE_BASEURL, or NULL
    struct pebble_client *client; // once it was needed
};

void session_init(struct cli_session *session); // from the environment; touches nothing else
void session_finish(struct cli_session *session);

// The client, created at first use; NULL with the reason.
struct pebble_client *session_client(struct cli_session *session, struct error *err) NODISCARD;

// Turns a failed call of the client into what the user is told: words of the daemon are broken into lines that fit
// the terminal, others stay as they are. Clears `from`; returns 1, the exit status.
int cli_fail(struct pebble_error *from, struct error *err);
#define AUTO_PEBBLE_ERROR CLEANUP(pebble_error_clear)

// Writes to standard output.
void cli_print(const struct buffer *text);
