// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to testing/: the temporary directory and its files.
#pragma once

#include "base/compiler.h"
#include "pebble-test.h"
#include "testing/options_internal.h"

#include <stdbool.h>

struct testing_place {
    char *parent;           // TMPDIR
    char *name;             // of the directory, in its parent
    char *directory;        // absolute, without symbolic links
    char *daemon_directory; // PEBBLE of the daemon
    char *daemon_socket;
    char *client_socket;
    char *log_path;
    int parent_fd; // -1: none
    int log_fd;    // to append
    int null_fd;
    int boot_id_fd;
};

void testing_place_init(struct testing_place *place);
// Chooses a name for the directory, which the first guardian creates. PEBBLE_ERROR_ARGUMENT, PEBBLE_ERROR_FILE.
bool testing_place_create(struct testing_place *place, struct pebble_error *error) NODISCARD;
// Makes the files in it. PEBBLE_ERROR_FILE.
bool testing_place_fill(struct testing_place *place, const struct testing_options *options,
                        struct pebble_error *error) NODISCARD;
void testing_place_finish(struct testing_place *place); // does not remove the directory
// PEBBLE_ERROR_FILE: the directory, or something in it, cannot be created. Returns false.
bool testing_place_fail(struct pebble_error *error, const char *path, int errnum);
// The last bytes of the log, at most `limit_bytes`. Owned.
char *testing_place_read_log(const struct testing_place *place, size_t limit_bytes);
