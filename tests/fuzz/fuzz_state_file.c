// SPDX-License-Identifier: GPL-3.0-or-later
// State files: whatever is read is written again, and what was written reads back as the same. Then all that
// is in it is aborted and pruned.
#include <stdlib.h>
#include <string.h>

#include "state/change_internal.h"
#include "state/state_file_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_state(struct state *state, struct buffer *text) {
    struct snapshot snapshot;
    snapshot_take(state, &snapshot);
    for (size_t i = 0; i < snapshot.count; i++)
        buffer_add(text, snapshot.pieces[i].iov_base, snapshot.pieces[i].iov_len);
    snapshot_finish(&snapshot);
}

static void read_again(const struct buffer *text, struct buffer *again) {
    struct state *state = state_create();
    if (!state_read(state, text->data, text->length, NULL))
        abort();
    write_state(state, again);
    state_destroy(state);
}

// The number -0E1 is written as -0, which is the integer 0 when read again.
static bool has_minus_zero(const struct buffer *text) {
    for (size_t i = 0; i + 2 < text->length; i++) {
        if (memcmp(text->data + i, "-0", 2) == 0 && strchr(",]}", text->data[i + 2]) != NULL)
            return true;
    }
    return false;
}

static void try_again(const struct buffer *text) {
    AUTO_BUFFER struct buffer again = BUFFER_INIT(BUFFER_NO_LIMIT);
    read_again(text, &again);
    bool is_same = again.length == text->length && memcmp(again.data, text->data, text->length) == 0;
    if (!is_same && !has_minus_zero(text))
        abort();
}

static bool abort_change(struct change *change, void *data UNUSED) {
    free(change_error(change));
    change_abort_unready_lanes(change);
    if (change_task_count(change) > 0)
        change_abort_lanes_of(change_task(change, 0));
    if (!change_abort(change, NULL) && !change_is_ready(change))
        abort();
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    AUTO_ERROR struct error err = {0};
    struct state *state = state_create();
    if (state_read(state, (const char *)data, size, &err)) {
        AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
        write_state(state, &text);
        try_again(&text);
        state_each_change(state, abort_change, NULL);
        state_prune(state);
    } else if (!error_is_set(&err)) {
        abort();
    }
    state_destroy(state);
    return 0;
}
