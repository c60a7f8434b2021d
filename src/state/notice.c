// SPDX-License-Identifier: GPL-3.0-or-later
#include "state/notice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "state/notice_internal.h"

#define EXPIRE_AFTER_NS (7 * 24 * 3600 * NS_PER_S)
#define WARNING_REPEAT_AFTER_NS (24 * 3600 * NS_PER_S)

// One string for user, type and key; the length separates type and key.
static char *notice_place(bool has_user_id, uint32_t user_id, const char *type, const char *key) {
    if (has_user_id)
        return memory_printf("%u %zu %s %s", user_id, strlen(type), type, key);
    return memory_printf("- %zu %s %s", strlen(type), type, key);
}

static bool type_is_custom(const char *type) {
    return strcmp(type, "custom") == 0;
}

static bool notice_is_custom(const struct notice *notice) {
    return type_is_custom(notice->type);
}

struct notice *notice_find(struct state *state, const struct notice_spec *spec) {
    AUTO_FREE char *place = notice_place(spec->has_user_id, spec->user_id, spec->type, spec->key);
    return map_get(&state->notices_by_key, place);
}

void notice_insert(struct state *state, struct notice *notice) {
    AUTO_FREE char *place = notice_place(notice->has_user_id, notice->user_id, notice->type, notice->key);
    map_set(&state->notices_by_key, place, notice);
    map_set(&state->notices_by_id, notice->id, notice);
    list_add(&state->notices, &notice->link);
    state->custom_notices += notice_is_custom(notice);
    if (notice->last_repeated.ns > state->latest_repeated_ns)
        state->latest_repeated_ns = notice->last_repeated.ns;
}

void notice_destroy(struct notice *notice) {
    text_list_clear(&notice->data_names);
    text_list_clear(&notice->data_values);
    json_decref(notice->extra);
    shared_text_release(&notice->text);
    free(notice->id);
    free(notice->type);
    free(notice->key);
    free(notice);
}

void notice_remove(struct state *state, struct notice *notice) {
    AUTO_FREE char *place = notice_place(notice->has_user_id, notice->user_id, notice->type, notice->key);
    map_remove(&state->notices_by_key, place);
    map_remove(&state->notices_by_id, notice->id);
    list_remove(&notice->link);
    state->custom_notices -= notice_is_custom(notice);
    notice_destroy(notice);
    state_touch(state);
}

// Whether more than `duration_ns` has passed from `since_ns` to `now_ns`.
static bool is_past(int64_t since_ns, int64_t duration_ns, int64_t now_ns) {
    int64_t end_ns;
    if (__builtin_add_overflow(since_ns, duration_ns, &end_ns))
        return duration_ns < 0;
    return now_ns > end_ns;
}

bool notice_is_expired(const struct notice *notice, int64_t now_ns) {
    return is_past(notice->occurred_ns, notice->expire_after_ns, now_ns);
}

// Later than the last-repeated of every other notice, even if the clock was set back: clients ask for
// notices after the last one they saw.
static struct wall_time occurrence_time(const struct state *state, struct wall_time wanted) {
    struct wall_time time = {.ns = wanted.is_set ? wanted.ns : clock_wall_ns(), .is_set = true};
    if (time.ns <= state->latest_repeated_ns && state->latest_repeated_ns < INT64_MAX)
        time.ns = state->latest_repeated_ns + 1;
    return time;
}

struct pair {
    const char *name, *value;
};

static int compare_pairs(const void *a, const void *b) {
    return strcmp(((const struct pair *)a)->name, ((const struct pair *)b)->name);
}

static void notice_set_data(struct notice *notice, const struct text_list *names, const struct text_list *values) {
    text_list_clear(&notice->data_names);
    text_list_clear(&notice->data_values);
    if (names == NULL)
        return;
    AUTO_FREE struct pair *pairs = memory_new_array(names->count, sizeof *pairs);
    for (size_t i = 0; i < names->count; i++)
        pairs[i] = (struct pair){names->items[i], values->items[i]};
    qsort(pairs, names->count, sizeof *pairs, compare_pairs);
    for (size_t i = 0; i < names->count; i++) {
        text_list_add(&notice->data_names, pairs[i].name);
        text_list_add(&notice->data_values, pairs[i].value);
    }
}

// --- pruning ---

// Users record custom notices, the daemon all others. The two are counted apart, so that a user cannot evict changes
// and warnings. Of custom notices, the user that has most of them loses the oldest first.
struct candidate {
    struct notice *notice;
    size_t rank; // the number of newer ones of the same user
};

static int compare_owners(const struct notice *a, const struct notice *b) {
    if (!notice_is_custom(a))
        return 0;
    if (a->has_user_id != b->has_user_id)
        return a->has_user_id ? 1 : -1;
    return (a->user_id > b->user_id) - (a->user_id < b->user_id);
}

static int compare_occurrences(const struct notice *a, const struct notice *b) {
    return (a->last_occurred.ns > b->last_occurred.ns) - (a->last_occurred.ns < b->last_occurred.ns);
}

// By owner, the newest one of each first.
static int compare_for_rank(const void *a, const void *b) {
    const struct notice *left = ((const struct candidate *)a)->notice, *right = ((const struct candidate *)b)->notice;
    int order = compare_owners(left, right);
    return order != 0 ? order : compare_occurrences(right, left);
}

static int compare_for_eviction(const void *a, const void *b) {
    const struct candidate *left = a, *right = b;
    if (left->rank != right->rank)
        return left->rank > right->rank ? -1 : 1;
    return compare_occurrences(left->notice, right->notice);
}

static void rank_candidates(struct candidate *all, size_t count) {
    qsort(all, count, sizeof *all, compare_for_rank);
    for (size_t i = 1; i < count; i++) {
        if (compare_owners(all[i].notice, all[i - 1].notice) == 0)
            all[i].rank = all[i - 1].rank + 1;
    }
}

static size_t count_kind(const struct state *state, bool is_custom) {
    return is_custom ? state->custom_notices : state->notices_by_id.count - state->custom_notices;
}

static void prune_kind(struct state *state, bool is_custom) {
    size_t count = count_kind(state, is_custom), i = 0;
    if (count <= NOTICES_MAX)
        return;
    AUTO_FREE struct candidate *all = memory_new_array(count, sizeof *all);
    struct notice *notice;
    LIST_FOR_EACH (notice, &state->notices, link) {
        if (notice_is_custom(notice) == is_custom)
            all[i++].notice = notice;
    }
    rank_candidates(all, count);
    qsort(all, count, sizeof *all, compare_for_eviction);
    for (i = 0; i < count - NOTICES_MAX; i++)
        notice_remove(state, all[i].notice);
}

void notices_prune_oldest(struct state *state) {
    prune_kind(state, true);
    prune_kind(state, false);
}

static void set_latest_warning(struct state *state, const struct notice *warning) {
    state->latest_warning = warning->last_repeated;
    state->latest_warning_end_ns = clock_add_ns(warning->occurred_ns, warning->expire_after_ns);
}

void notices_update_latest_warning(struct state *state) {
    int64_t now_ns = state_clock_ns(state);
    state->latest_warning = (struct wall_time){0};
    const struct notice *notice;
    LIST_FOR_EACH (notice, &state->notices, link) {
        if (strcmp(notice->type, "warning") == 0 && !notice_is_expired(notice, now_ns))
            set_latest_warning(state, notice);
    }
}

// --- adding ---

static struct notice *notice_make(struct state *state, const struct notice_spec *spec, struct wall_time now) {
    // Clients decide on the number of notices.
    bool is_custom = type_is_custom(spec->type);
    if (count_kind(state, is_custom) >= NOTICES_PEAK) {
        prune_kind(state, is_custom);
        notices_update_latest_warning(state);
    }
    struct notice *notice = memory_new(sizeof *notice);
    notice->number = ++state->last_notice_id;
    notice->id = memory_printf("%llu", (unsigned long long)notice->number);
    notice->has_user_id = spec->has_user_id;
    notice->user_id = spec->user_id;
    notice->type = memory_string(spec->type);
    notice->key = memory_string(spec->key);
    notice->first_occurred = notice->last_repeated = now;
    notice->expire_after_ns = EXPIRE_AFTER_NS;
    notice_insert(state, notice);
    return notice;
}

const char *state_add_notice(struct state *state, const struct notice_spec *spec) {
    struct wall_time now = occurrence_time(state, spec->time);
    int64_t clock_ns = spec->time.is_set ? state_clock_past_ns(state, spec->time) : state_clock_ns(state);
    struct notice *notice = notice_find(state, spec);
    bool is_repeated = true;
    if (notice == NULL) {
        notice = notice_make(state, spec, now);
    } else {
        is_repeated = spec->repeat_after_ns == 0 || is_past(notice->repeated_ns, spec->repeat_after_ns, clock_ns);
        if (is_repeated) {
            notice->last_repeated = now;
            list_remove(&notice->link);
            list_add(&state->notices, &notice->link);
        }
    }
    notice->occurrences++;
    notice->last_occurred = now;
    notice->occurred_ns = clock_ns;
    notice->repeat_after_ns = spec->repeat_after_ns;
    notice_set_data(notice, spec->data_names, spec->data_values);
    shared_text_release(&notice->text);
    if (is_repeated) {
        notice->repeated_ns = clock_ns;
        state->latest_repeated_ns = now.ns;
        if (strcmp(notice->type, "warning") == 0)
            set_latest_warning(state, notice);
    }
    state_touch(state);
    const char *id = notice->id;
    if (is_repeated)
        event_emit(&state->notice_added, notice);
    return id;
}

void state_add_warning(struct state *state, const char *message) {
    state_add_notice(
        state, &(struct notice_spec){.type = "warning", .key = message, .repeat_after_ns = WARNING_REPEAT_AFTER_NS});
}

struct wall_time state_latest_warning(struct state *state) {
    // It may have occurred again since then without being repeated, and an earlier one may last longer.
    if (state->latest_warning.is_set && state_clock_ns(state) > state->latest_warning_end_ns)
        notices_update_latest_warning(state);
    return state->latest_warning;
}

// --- finding ---

bool notice_matches(const struct notice *notice, const struct notice_filter *filter) {
    if (filter->after.is_set && notice->last_repeated.ns <= filter->after.ns)
        return false;
    if (filter->user_id != NULL && notice->has_user_id && notice->user_id != *filter->user_id)
        return false;
    if (filter->types != NULL && filter->types->count > 0 && !text_list_has(filter->types, notice->type))
        return false;
    return filter->keys == NULL || filter->keys->count == 0 || map_has(filter->keys, notice->key);
}

// The first notice that was repeated after the time. Clients that poll for new ones ask for the last few.
static struct list *first_after(struct state *state, struct wall_time after) {
    if (!after.is_set)
        return state->notices.next;
    struct list *first = &state->notices;
    while (first->previous != &state->notices &&
           LIST_ITEM(first->previous, struct notice, link)->last_repeated.ns > after.ns)
        first = first->previous;
    return first;
}

void state_each_notice(struct state *state, const struct notice_filter *filter, notice_visit_fn visit, void *data) {
    int64_t now_ns = state_clock_ns(state);
    for (struct list *at = first_after(state, filter->after); at != &state->notices; at = at->next) {
        const struct notice *notice = LIST_ITEM(at, struct notice, link);
        if (notice_matches(notice, filter) && !notice_is_expired(notice, now_ns) && !visit(notice, data))
            return;
    }
}

const struct notice *state_find_notice(struct state *state, const char *id) {
    const struct notice *notice = map_get(&state->notices_by_id, id);
    return notice != NULL && !notice_is_expired(notice, state_clock_ns(state)) ? notice : NULL;
}

struct event *state_notice_added(struct state *state) {
    return &state->notice_added;
}

// --- members ---

const char *notice_id(const struct notice *notice) {
    return notice->id;
}

const uint32_t *notice_user_id(const struct notice *notice) {
    return notice->has_user_id ? &notice->user_id : NULL;
}

const char *notice_type(const struct notice *notice) {
    return notice->type;
}

const char *notice_key(const struct notice *notice) {
    return notice->key;
}

struct wall_time notice_first_occurred(const struct notice *notice) {
    return notice->first_occurred;
}

struct wall_time notice_last_occurred(const struct notice *notice) {
    return notice->last_occurred;
}

struct wall_time notice_last_repeated(const struct notice *notice) {
    return notice->last_repeated;
}

int64_t notice_occurrences(const struct notice *notice) {
    return notice->occurrences;
}

int64_t notice_repeat_after_ns(const struct notice *notice) {
    return notice->repeat_after_ns;
}

int64_t notice_expire_after_ns(const struct notice *notice) {
    return notice->expire_after_ns;
}

size_t notice_data_count(const struct notice *notice) {
    return notice->data_names.count;
}

const char *notice_data_name(const struct notice *notice, size_t index) {
    return notice->data_names.items[index];
}

const char *notice_data_value(const struct notice *notice, size_t index) {
    return notice->data_values.items[index];
}
