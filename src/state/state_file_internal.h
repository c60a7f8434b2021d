// SPDX-License-Identifier: GPL-3.0-or-later
// The state file's text: state_write.c and state_read.c. Private to state/.
#pragma once

#include "base/compiler.h"
#include "base/error.h"

#include <stddef.h>
#include <sys/uio.h>

struct shared_text;
struct state;

// The text of one generation of the state, for writev(). Valid until snapshot_finish(), whatever happens to the state.
struct snapshot {
    struct iovec *pieces;
    size_t count;
    struct shared_text **held;
    size_t held_count;
};
void snapshot_take(struct state *state, struct snapshot *snapshot);
void snapshot_finish(struct snapshot *snapshot);

// Fills an empty state from a state file's text. On failure the state is empty again.
bool state_read(struct state *state, const char *text, size_t length, struct error *err) NODISCARD;
