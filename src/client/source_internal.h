// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to libpebble: what a request sends while it is read: bytes in memory, a descriptor, or a callback of the
// program. With text before and after it.
#pragma once

#include "base/buffer.h"
#include "base/compiler.h"
#include "base/error.h"
#include "client/watch_internal.h"
#include "pebble.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// One of the three at most; without one, the content is empty.
struct client_content {
    const char *bytes; // borrowed
    size_t length;
    const int *fd;
    pebble_read_fn on_read;
    void *data; // for on_read
};

struct client_source {
    struct buffer before, after; // the caller's text around the content
    struct client_content content;
    bool has_length;           // otherwise only the end of the content shows its length
    uint64_t length;           // of all
    uint64_t done;             // bytes of the content that were read
    struct pebble_error error; // why it failed
    // private
    int fd; // -1: none
    int state;
    size_t offset; // in the text, or in the bytes
    struct client_watch watch;
};
// The texts are empty. Add to them before the first use, then call client_source_measure().
void client_source_init(struct client_source *source, const struct client_content *content);
void client_source_measure(struct client_source *source); // sets has_length and length
void client_source_finish(struct client_source *source);  // fine for one that is all zero

// Reads without waiting. CLIENT_DONE: *length bytes, 0 at the end. CLIENT_FAILED: see `error`.
enum client_progress client_source_read(struct client_source *source, char *bytes, size_t size,
                                        size_t *length) NODISCARD;
// Registers its descriptor if the last read has returned CLIENT_WAITING and `is_wanted`. Otherwise removes it.
bool client_source_watch(struct client_source *source, struct client_wants *wants, bool is_wanted,
                         struct error *err) NODISCARD;
