// SPDX-License-Identifier: GPL-3.0-or-later
// Private to state/: the structure of a notice.
#pragma once

#include "base/list.h"
#include "state/notice.h"
#include "state/shared_text_internal.h"
#include "state/state_internal.h"

#define NOTICES_MAX ((size_t)1000)  // custom ones, and others, that state_prune() keeps
#define NOTICES_PEAK ((size_t)2000) // between two calls of it

struct notice {
    struct list link;
    uint64_t number;
    char *id;
    bool has_user_id;
    uint32_t user_id;
    char *type;
    char *key;
    struct wall_time first_occurred, last_occurred, last_repeated;
    int64_t occurred_ns, repeated_ns; // the last two by state_clock_ns()
    int64_t occurrences;
    struct text_list data_names, data_values; // sorted by name
    int64_t repeat_after_ns;
    int64_t expire_after_ns;
    json_t *extra; // NULL while empty
    struct shared_text *text;
};

struct notice *notice_find(struct state *state, const struct notice_spec *spec); // by user, type and key; expired too
void notice_insert(struct state *state, struct notice *notice); // at the end of the list; takes ownership
void notice_destroy(struct notice *notice);
void notice_remove(struct state *state, struct notice *notice);
bool notice_is_expired(const struct notice *notice, int64_t now_ns); // now_ns: state_clock_ns()
// Removes all but NOTICES_MAX custom notices and NOTICES_MAX others: those that occurred last, but of custom notices
// the user that has most of them loses the oldest first.
void notices_prune_oldest(struct state *state);
void notices_update_latest_warning(struct state *state);
