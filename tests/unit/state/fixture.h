// SPDX-License-Identifier: GPL-3.0-or-later
// Shared by the tests of state/: cmocka's headers, the text of a state, and counting listeners.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "state/change_internal.h"
#include "state/notice_internal.h"
#include "state/state_file_internal.h"

// The state file's text. Owned.
static inline char *state_text(struct state *state) {
    struct snapshot snapshot;
    snapshot_take(state, &snapshot);
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (size_t i = 0; i < snapshot.count; i++)
        buffer_add(&text, snapshot.pieces[i].iov_base, snapshot.pieces[i].iov_len);
    snapshot_finish(&snapshot);
    return buffer_take(&text);
}

// A state read from a valid text.
static inline struct state *state_of(const char *text) {
    struct state *state = state_create();
    struct error err = {0};
    if (!state_read(state, text, strlen(text), &err))
        fail_msg("%s", error_text(&err));
    return state;
}

// The time so many seconds ago, as in the file.
static inline const char *ago(int64_t seconds, char out[CLOCK_TEXT_SIZE]) {
    clock_format((struct wall_time){.ns = clock_wall_ns() - seconds * NS_PER_S, .is_set = true}, out);
    return out;
}

// Sets the wall clock so many seconds ahead of the real time, until clock_restore(). For builds with test seams.
static inline void clock_set_ahead(int64_t seconds) {
    char path[] = "/tmp/test-state-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    AUTO_FREE char *text = memory_printf("%lld", (long long)seconds);
    assert_true(file_write_all(fd, text, strlen(text), NULL));
    (void)close(fd);
    assert_int_equal(setenv("PEBBLE_TEST_CLOCK", path, 1), 0);
}

static inline void clock_restore(void) {
    (void)unlink(getenv("PEBBLE_TEST_CLOCK"));
    (void)unsetenv("PEBBLE_TEST_CLOCK");
}

struct counter {
    struct listener listener;
    int count;
    void *latest;
};

static inline void counter_count(struct listener *listener, void *argument) {
    struct counter *counter = CONTAINER_OF(listener, struct counter, listener);
    counter->count++;
    counter->latest = argument;
}

static inline void counter_listen(struct counter *counter, struct event *event) {
    event_add(event, &counter->listener, counter_count);
}

static inline const struct notice *notice_of_change(struct state *state, const struct change *change) {
    return notice_find(state, &(struct notice_spec){.type = "change-update", .key = change->id});
}
