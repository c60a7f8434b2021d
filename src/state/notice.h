// SPDX-License-Identifier: GPL-3.0-or-later
// Notices: records of events, counted by user, type and key. Warnings are notices.
#pragma once

#include "base/clock.h"
#include "base/compiler.h"
#include "base/event.h"
#include "base/map.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct notice;
struct state;

struct notice_spec {  // borrowed
    bool has_user_id; // false: public
    uint32_t user_id;
    const char *type; // "custom", "change-update", "warning"
    const char *key;
    const struct text_list *data_names, *data_values; // NULL: none
    int64_t repeat_after_ns;
    struct wall_time time; // not set: now
};
// Records an occurrence: creates the notice or updates that of this user, type and key. Returns its id, borrowed. A new
// custom one beyond 2,000 of them first removes all but 1,000, of the user that has most of them first; likewise for
// all other types together.
const char *state_add_notice(struct state *state, const struct notice_spec *spec);
// Records a public notice of type "warning" whose key is the message.
void state_add_warning(struct state *state, const char *message);

struct notice_filter {             // borrowed
    const uint32_t *user_id;       // public notices and those of this user; NULL: all
    const struct text_list *types; // NULL or empty: all
    const struct map *keys;        // whose names are the keys; NULL or empty: all
    struct wall_time after;        // only those that were repeated later; not set: all
};
bool notice_matches(const struct notice *notice, const struct notice_filter *filter);
// Calls `visit` for each notice that matches and has not expired, in the order of last-repeated, until it returns
// false.
typedef bool (*notice_visit_fn)(const struct notice *notice, void *data);
void state_each_notice(struct state *state, const struct notice_filter *filter, notice_visit_fn visit, void *data);
const struct notice *state_find_notice(struct state *state, const char *id); // NULL if there is none or it has expired
struct wall_time state_latest_warning(struct state *state); // last-repeated of the latest that has not expired, if any
struct event *state_notice_added(struct state *state);      // argument: const struct notice *, which has been repeated

// Texts are borrowed until the notice's next occurrence.
const char *notice_id(const struct notice *notice);
const uint32_t *notice_user_id(const struct notice *notice); // NULL: public
const char *notice_type(const struct notice *notice);
const char *notice_key(const struct notice *notice);
struct wall_time notice_first_occurred(const struct notice *notice);
struct wall_time notice_last_occurred(const struct notice *notice);
struct wall_time notice_last_repeated(const struct notice *notice);
int64_t notice_occurrences(const struct notice *notice);
int64_t notice_repeat_after_ns(const struct notice *notice); // 0: each occurrence repeats it
int64_t notice_expire_after_ns(const struct notice *notice);
size_t notice_data_count(const struct notice *notice); // of the last occurrence, sorted by name
const char *notice_data_name(const struct notice *notice, size_t index);
const char *notice_data_value(const struct notice *notice, size_t index);
