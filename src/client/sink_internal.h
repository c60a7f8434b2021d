// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to libpebble: where the content of a response goes: memory, a descriptor, or a callback of the program.
#pragma once

#include "base/buffer.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/nonblocking.h"
#include "client/watch_internal.h"
#include "pebble.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// One of the two at most; without one, the content is kept in memory.
struct client_target {
    const int *fd;
    pebble_write_fn on_write;
    void *data;         // for on_write
    size_t limit_bytes; // of what is kept in memory; 0: 64 MiB
};

struct client_sink {
    struct buffer kept;                   // what went to memory
    uint64_t done;                        // bytes that were written
    struct nonblocking_output descriptor; // to be waited for; fd -1: none
    // private
    pebble_write_fn on_write;
    void *data;
    struct client_watch watch;
};
void client_sink_init(struct client_sink *sink, const struct client_target *target);
void client_sink_finish(struct client_sink *sink); // fine for one that is all zero

// Writes without waiting, and sets *written. CLIENT_DONE: at least one byte. CLIENT_FAILED: PEBBLE_ERROR_FILE,
// PEBBLE_ERROR_CANCELLED by the callback, PEBBLE_ERROR_PROTOCOL beyond the limit.
enum client_progress client_sink_write(struct client_sink *sink, const char *bytes, size_t length, size_t *written,
                                       struct pebble_error *error) NODISCARD;
// Registers its descriptor if `is_wanted`, otherwise removes it.
bool client_sink_watch(struct client_sink *sink, struct client_wants *wants, bool is_wanted,
                       struct error *err) NODISCARD;
