// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to libpebble: what copying trees in both directions has in common.
#pragma once

#include "base/compiler.h"
#include "pebble.h"

#include <stdbool.h>

#define CLIENT_COPY_DEPTH_MAX 256

struct client_copy {
    struct pebble_client *client; // borrowed
    struct pebble_copy_options options;
    struct pebble_error first; // of a path that could not be copied
    bool is_stopped;           // nothing more is to be copied
};

// Copies one source. `target`: its path in the target directory.
typedef void (*client_copy_source_fn)(struct client_copy *copy, const char *source, const char *target);

// Copies all sources; fails with the first failure that was noted.
bool client_copy_run(struct pebble_client *client, const struct pebble_copy_options *options,
                     client_copy_source_fn copy_source, struct pebble_error *error) NODISCARD;
// PEBBLE_ERROR_FILE for the system call `what` that has set errno. Returns false.
bool client_copy_fail(const char *what, const char *path, struct pebble_error *error);
// Reports the failure, and takes its contents. If the connection is lost, or it was cancelled, the copy is stopped.
void client_copy_note(struct client_copy *copy, const char *path, struct pebble_error *failure);
