// SPDX-License-Identifier: GPL-3.0-or-later
// Removes old changes and notices. Declared in state/state.h.
#include "state/state.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "state/change_internal.h"
#include "state/notice_internal.h"

#define DAY_NS (24 * 3600 * NS_PER_S)
#define KEEP_NS (7 * DAY_NS)
#define ABORT_NS (14 * DAY_NS)
#define CHANGES_MAX 1000
#define READY_BYTES_MAX ((size_t)8 << 20)  // of ready changes in the state file, which is written as a whole
#define FILE_BYTES_MAX ((size_t)192 << 20) // for new changes; larger than 256 MiB, the file could not be read

static int compare_ready_times(const void *a, const void *b) {
    const struct change *left = *(struct change *const *)a, *right = *(struct change *const *)b;
    return (left->ready_ns > right->ready_ns) - (left->ready_ns < right->ready_ns);
}

// A change whose status was set may be ready while a task of it still runs.
static bool has_running_task(const struct change *change) {
    for (size_t i = 0; i < change->tasks.count; i++) {
        if (change->tasks.items[i]->is_running)
            return true;
    }
    return false;
}

static size_t text_bytes(const struct shared_text *text, size_t estimate) {
    return text != NULL ? text->length : estimate;
}

static size_t change_bytes(const struct change *change) {
    size_t bytes = text_bytes(change->text, STATE_TASK_BYTES(0));
    for (size_t i = 0; i < change->tasks.count; i++) {
        const struct task *task = change->tasks.items[i];
        bytes += text_bytes(task->text, STATE_TASK_BYTES(strlen(task->summary)));
    }
    return bytes;
}

// How much of the ready changes there is.
struct ready_total {
    size_t count, bytes;
};

static bool is_too_much(const struct ready_total *total) {
    return total->count > CHANGES_MAX || (total->count > 1 && total->bytes > READY_BYTES_MAX);
}

static void prune_ready_changes(struct state *state, int64_t now_ns) {
    size_t count = 0;
    struct change *change;
    LIST_FOR_EACH (change, &state->changes, link)
        count += change->ready_time.is_set;
    AUTO_FREE struct change **ready = memory_new_array(count, sizeof(struct change *));
    count = 0;
    LIST_FOR_EACH (change, &state->changes, link) {
        if (change->ready_time.is_set)
            ready[count++] = change;
    }
    qsort(ready, count, sizeof(struct change *), compare_ready_times);
    struct ready_total left = {.count = count};
    for (size_t i = 0; i < count; i++)
        left.bytes += change_bytes(ready[i]);
    for (size_t i = 0; i < count && (is_too_much(&left) || ready[i]->ready_ns < now_ns - KEEP_NS); i++) {
        if (has_running_task(ready[i]))
            continue;
        left.count--;
        left.bytes -= change_bytes(ready[i]);
        change_remove(ready[i]);
    }
}

// The start of the state, unless the clock was ahead then. The age of older changes is counted from it.
static int64_t operation_start_ns(const struct state *state, int64_t now_ns) {
    const char *text = json_string_value(state_data(state, "start-of-operation-time"));
    struct wall_time time;
    return text != NULL && clock_parse(text, &time) && time.ns <= now_ns ? time.ns : INT64_MIN;
}

static void prune_unready_changes(struct state *state, int64_t now_ns) {
    int64_t start_ns = operation_start_ns(state, now_ns);
    struct change *change;
    LIST_FOR_EACH (change, &state->changes, link) {
        if (change->ready_time.is_set)
            continue;
        int64_t since_ns = change->spawned_ns > start_ns ? change->spawned_ns : start_ns;
        if (change->tasks.count == 0 && since_ns < now_ns - KEEP_NS)
            change_remove(change);
        else if (since_ns < now_ns - ABORT_NS && change_data(change, "check-no-prune") == NULL)
            change_abort_unready_lanes(change);
    }
}

static void prune_notices(struct state *state, int64_t now_ns) {
    struct notice *notice;
    LIST_FOR_EACH (notice, &state->notices, link) {
        bool is_orphan = strcmp(notice->type, "change-update") == 0 && state_find_change(state, notice->key) == NULL;
        if (is_orphan || notice_is_expired(notice, now_ns))
            notice_remove(state, notice);
    }
    notices_prune_oldest(state);
    notices_update_latest_warning(state);
}

void state_prune(struct state *state) {
    int64_t now_ns = state_clock_ns(state);
    prune_ready_changes(state, now_ns);
    prune_unready_changes(state, now_ns);
    prune_notices(state, now_ns);
    state->file_bytes = 0;
    const struct change *change;
    LIST_FOR_EACH (change, &state->changes, link)
        state->file_bytes += change_bytes(change);
}

bool state_make_room(struct state *state, size_t bytes, struct error *err) {
    if (bytes > FILE_BYTES_MAX || state->file_bytes > FILE_BYTES_MAX - bytes)
        state_prune(state);
    if (bytes > FILE_BYTES_MAX || state->file_bytes > FILE_BYTES_MAX - bytes)
        return error_set(err, ERROR_UNAVAILABLE, "too many unfinished changes: the state file has no room for more");
    state->file_bytes += bytes;
    return true;
}
