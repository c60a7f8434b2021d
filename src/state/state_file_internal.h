// SPDX-License-Identifier: GPL-3.0-or-later
// Private to state/: the text of the state file, written by state_write.c and read by state_read.c.
#pragma once

#include "base/compiler.h"
#include "base/error.h"

#include <stddef.h>
#include <sys/uio.h>

struct shared_text;
struct state;

// The text of one generation of the state, for writev(). Valid until snapshot_finish(), also when the state is
// modified.
struct snapshot {
    struct iovec *pieces;
    size_t count;
    struct shared_text **held;
    size_t held_count;
    size_t bytes; // of the texts held
};
void snapshot_take(struct state *state, struct snapshot *snapshot);
void snapshot_finish(struct snapshot *snapshot);

// Fills an empty state from a state file's text. On failure the state is empty again.
bool state_read(struct state *state, const char *text, size_t length, struct error *err) NODISCARD;
