// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

#define HOUR_NS (3600 * NS_PER_S)
#define YEAR (365 * 86400)

static struct notice *add(struct state *state, const char *key, int64_t repeat_after_ns) {
    struct notice_spec spec = {
        .has_user_id = true, .user_id = 1000, .type = "custom", .key = key, .repeat_after_ns = repeat_after_ns};
    state_add_notice(state, &spec);
    return notice_find(state, &spec);
}

static bool append_key(const struct notice *notice, void *data) {
    struct buffer *keys = data;
    buffer_printf(keys, "%s ", notice->key);
    return strcmp(notice->key, "last") != 0;
}

static void assert_found(struct state *state, const struct notice_filter *filter, const char *expected) {
    AUTO_BUFFER struct buffer keys = BUFFER_INIT(200);
    state_each_notice(state, filter, append_key, &keys);
    assert_string_equal(buffer_text(&keys), expected);
}

static void assert_order(struct state *state, const char *expected) {
    assert_found(state, &(const struct notice_filter){0}, expected);
}

static void is_made_once_for_user_type_and_key(void **unused UNUSED) {
    struct state *state = state_create();
    struct notice_spec spec = {.type = "custom", .key = "a.b/c"};
    assert_string_equal(state_add_notice(state, &spec), "1");
    spec.has_user_id = true;
    assert_string_equal(state_add_notice(state, &spec), "2");
    spec.user_id = 5;
    assert_string_equal(state_add_notice(state, &spec), "3");
    spec.type = "warning";
    assert_string_equal(state_add_notice(state, &spec), "4");
    spec.key = "other";
    assert_string_equal(state_add_notice(state, &spec), "5");
    assert_string_equal(state_add_notice(state, &spec), "5");
    assert_int_equal(state_find_notice(state, "5")->occurrences, 2);
    assert_int_equal(state_find_notice(state, "3")->user_id, 5);
    assert_null(state_find_notice(state, "6"));
    state_destroy(state);
}

static void first_occurrence_sets_all_times(void **unused UNUSED) {
    struct state *state = state_create();
    const struct notice *notice = add(state, "a", 0);
    assert_int_equal(notice->first_occurred.ns, notice->last_occurred.ns);
    assert_int_equal(notice->first_occurred.ns, notice->last_repeated.ns);
    assert_int_equal(notice->first_occurred.offset_seconds, 0);
    assert_int_equal(notice->expire_after_ns, 168 * HOUR_NS);
    assert_int_equal(notice->occurrences, 1);
    state_destroy(state);
}

static void repeating_moves_to_the_end(void **unused UNUSED) {
    struct state *state = state_create();
    struct counter added = {0};
    counter_listen(&added, state_notice_added(state));
    add(state, "a", 0);
    add(state, "b", 0);
    add(state, "c", 0);
    assert_order(state, "a b c ");
    add(state, "a", 0);
    assert_order(state, "b c a ");
    assert_int_equal(added.count, 4);
    event_remove(&added.listener);
    state_destroy(state);
}

static void within_repeat_after_it_stays_where_it_is(void **unused UNUSED) {
    struct state *state = state_create();
    struct counter added = {0};
    struct notice *notice = add(state, "a", HOUR_NS);
    add(state, "b", 0);
    struct wall_time repeated = notice->last_repeated;
    counter_listen(&added, state_notice_added(state));
    add(state, "a", HOUR_NS);
    assert_int_equal(added.count, 0);
    assert_int_equal(notice->last_repeated.ns, repeated.ns);
    assert_true(notice->last_occurred.ns > repeated.ns);
    assert_int_equal(notice->occurrences, 2);
    assert_order(state, "a b ");
    // The newest occurrence's interval counts.
    add(state, "a", 1);
    assert_int_equal(added.count, 1);
    assert_order(state, "b a ");
    event_remove(&added.listener);
    state_destroy(state);
}

static void times_never_go_back(void **unused UNUSED) {
    struct state *state = state_create();
    struct wall_time future = {.ns = clock_wall_ns() + HOUR_NS, .is_set = true};
    state_add_notice(state, &(struct notice_spec){.type = "custom", .key = "ahead", .time = future});
    const struct notice *next = add(state, "next", 0);
    assert_int_equal(next->last_repeated.ns, future.ns + 1);
    add(state, "next", 0);
    assert_int_equal(next->last_repeated.ns, future.ns + 2);
    assert_order(state, "ahead next ");
    state_destroy(state);
}

static void data_is_sorted_and_replaced(void **unused UNUSED) {
    struct state *state = state_create();
    AUTO_TEXT_LIST struct text_list names = {0};
    AUTO_TEXT_LIST struct text_list values = {0};
    text_list_add(&names, "z");
    text_list_add(&values, "1");
    text_list_add(&names, "a");
    text_list_add(&values, "2");
    struct notice_spec spec = {.type = "custom", .key = "k", .data_names = &names, .data_values = &values};
    const struct notice *notice = state_find_notice(state, state_add_notice(state, &spec));
    assert_string_equal(notice->data_names.items[0], "a");
    assert_string_equal(notice->data_values.items[0], "2");
    assert_string_equal(notice->data_values.items[1], "1");
    state_add_notice(state, &(struct notice_spec){.type = "custom", .key = "k"});
    assert_int_equal(notice->data_names.count, 0);
    state_destroy(state);
}

static void expired_ones_are_left_out(void **unused UNUSED) {
    struct state *state = state_create();
    struct notice *notice = add(state, "old", 0);
    add(state, "new", 0);
    notice->expire_after_ns = -1;
    assert_order(state, "new ");
    assert_null(state_find_notice(state, notice->id));
    notice->expire_after_ns = INT64_MAX; // beyond any time
    assert_order(state, "old new ");
    state_destroy(state);
}

static void filters_select(void **unused UNUSED) {
    struct state *state = state_create();
    const uint32_t mine = 1000, others = 5;
    AUTO_TEXT_LIST struct text_list types = {0};
    AUTO_MAP struct map keys = MAP_INIT(NULL);
    add(state, "mine", 0);
    state_add_notice(state,
                     &(struct notice_spec){.has_user_id = true, .user_id = others, .type = "custom", .key = "theirs"});
    state_add_warning(state, "public");
    assert_found(state, &(struct notice_filter){.user_id = &mine}, "mine public ");
    assert_found(state, &(struct notice_filter){.user_id = &others}, "theirs public ");
    assert_found(state, &(struct notice_filter){.types = &types, .keys = &keys}, "mine theirs public ");
    text_list_add(&types, "custom");
    assert_found(state, &(struct notice_filter){.types = &types}, "mine theirs ");
    map_set(&keys, "public", NULL);
    map_set(&keys, "theirs", NULL);
    assert_found(state, &(struct notice_filter){.keys = &keys}, "theirs public ");
    assert_found(state, &(struct notice_filter){.keys = &keys, .types = &types}, "theirs ");
    state_destroy(state);
}

static void a_filter_by_time_is_strict(void **unused UNUSED) {
    struct state *state = state_create();
    struct notice *first = add(state, "a", 0), *second = add(state, "b", 0);
    struct notice_filter filter = {.after = first->last_repeated};
    assert_found(state, &filter, "b ");
    assert_false(notice_matches(first, &filter));
    assert_true(notice_matches(second, &filter));
    add(state, "a", 0);
    assert_found(state, &filter, "b a ");
    filter.after.ns = first->last_repeated.ns;
    assert_found(state, &filter, "");
    filter.after.ns--;
    assert_found(state, &filter, "a ");
    filter.after.ns = INT64_MIN;
    assert_found(state, &filter, "b a ");
    state_destroy(state);
}

// Adds custom notices whose keys are the numbers from `first` on.
static void add_many(struct state *state, uint32_t user_id, size_t first, size_t count) {
    for (size_t i = first; i < first + count; i++) {
        AUTO_FREE char *key = memory_printf("%zu", i);
        struct notice_spec spec = {.has_user_id = true, .user_id = user_id, .type = "custom", .key = key};
        state_add_notice(state, &spec);
    }
}

static bool has_of(struct state *state, uint32_t user_id, const char *key) {
    struct notice_spec spec = {.has_user_id = true, .user_id = user_id, .type = "custom", .key = key};
    return notice_find(state, &spec) != NULL;
}

static size_t count_of(struct state *state, uint32_t user_id) {
    size_t count = 0;
    const struct notice *notice;
    LIST_FOR_EACH (notice, &state->notices, link)
        count += notice->has_user_id && notice->user_id == user_id;
    return count;
}

static void their_number_is_bounded(void **unused UNUSED) {
    struct state *state = state_create();
    for (size_t i = 0; i < NOTICES_PEAK + 10; i++) {
        add_many(state, 1000, i, 1);
        assert_true(state->notices_by_id.count <= NOTICES_PEAK);
    }
    assert_int_equal(list_count(&state->notices), state->notices_by_id.count);
    assert_int_equal(state->notices_by_id.count, NOTICES_MAX + 10);
    assert_false(has_of(state, 1000, "999"));
    assert_true(has_of(state, 1000, "1000"));
    state_destroy(state);
}

static void the_number_of_warnings_is_bounded(void **unused UNUSED) {
    struct state *state = state_create();
    for (size_t i = 0; i < NOTICES_PEAK + 10; i++) {
        AUTO_FREE char *message = memory_printf("%zu", i);
        state_add_warning(state, message);
    }
    assert_int_equal(state->notices_by_id.count, NOTICES_MAX + 10);
    state_destroy(state);
}

static void a_user_evicts_its_own_oldest_ones(void **unused UNUSED) {
    struct state *state = state_create();
    const char *change = change_id(change_create(state, "start", "Start"));
    state_add_warning(state, "the first one");
    struct wall_time warned = state_latest_warning(state);
    add_many(state, 0, 0, 50);
    add_many(state, 65534, 0, 3 * NOTICES_PEAK);
    state_prune(state);
    assert_int_equal(state_latest_warning(state).ns, warned.ns);
    assert_non_null(notice_find(state, &(struct notice_spec){.type = "change-update", .key = change}));
    assert_non_null(notice_find(state, &(struct notice_spec){.type = "warning", .key = "the first one"}));
    assert_int_equal(count_of(state, 0), 50);
    assert_int_equal(count_of(state, 65534), NOTICES_MAX - 50);
    assert_true(has_of(state, 65534, "5999"));
    assert_false(has_of(state, 65534, "5049"));
    state_destroy(state);
}

static void users_with_most_notices_lose_them(void **unused UNUSED) {
    struct state *state = state_create();
    add_many(state, 3, 0, 100);
    add_many(state, 1, 0, 700);
    add_many(state, 2, 0, 900);
    state_add_notice(state, &(struct notice_spec){.type = "custom", .key = "of nobody"});
    state_prune(state);
    assert_int_equal(state->notices_by_id.count, NOTICES_MAX);
    assert_int_equal(count_of(state, 3), 100);
    assert_int_equal(count_of(state, 1), 449); // the older one of the two that are 450th
    assert_int_equal(count_of(state, 2), 450);
    assert_non_null(notice_find(state, &(struct notice_spec){.type = "custom", .key = "of nobody"}));
    assert_false(has_of(state, 2, "449"));
    assert_true(has_of(state, 2, "450"));
    state_destroy(state);
}

static void warnings_evict_no_notice_of_a_user(void **unused UNUSED) {
    struct state *state = state_create();
    add_many(state, 7, 0, 1);
    for (size_t i = 0; i < NOTICES_PEAK + 10; i++) {
        AUTO_FREE char *message = memory_printf("%zu", i);
        state_add_warning(state, message);
    }
    state_prune(state);
    assert_true(has_of(state, 7, "0"));
    assert_int_equal(state->notices_by_id.count, NOTICES_MAX + 1);
    state_destroy(state);
}

static void visiting_may_end_early(void **unused UNUSED) {
    struct state *state = state_create();
    add(state, "a", 0);
    add(state, "last", 0);
    add(state, "b", 0);
    assert_order(state, "a last ");
    state_destroy(state);
}

static void members_can_be_read(void **unused UNUSED) {
    struct state *state = state_create();
    const struct notice *notice = add(state, "a", HOUR_NS);
    assert_string_equal(notice_id(notice), "1");
    assert_string_equal(notice_type(notice), "custom");
    assert_string_equal(notice_key(notice), "a");
    assert_int_equal(*notice_user_id(notice), 1000);
    assert_int_equal(notice_first_occurred(notice).ns, notice->first_occurred.ns);
    assert_int_equal(notice_occurrences(notice), 1);
    add(state, "a", HOUR_NS);
    assert_int_equal(notice_occurrences(notice), 2);
    assert_int_equal(notice_last_occurred(notice).ns, notice->last_occurred.ns);
    assert_int_equal(notice_last_repeated(notice).ns, notice->first_occurred.ns);
    assert_int_equal(notice_repeat_after_ns(notice), HOUR_NS);
    assert_int_equal(notice_expire_after_ns(notice), 168 * HOUR_NS);
    assert_int_equal(notice_data_count(notice), 0);
    change_create(state, "start", "Start");
    const struct notice *public = state_find_notice(state, "2");
    assert_null(notice_user_id(public));
    assert_int_equal(notice_data_count(public), 1);
    assert_string_equal(notice_data_name(public, 0), "kind");
    assert_string_equal(notice_data_value(public, 0), "start");
    state_destroy(state);
}

static void warnings_are_remembered(void **unused UNUSED) {
    struct state *state = state_create();
    assert_false(state_latest_warning(state).is_set);
    state_add_warning(state, "the cellar is wet");
    const struct notice *notice = state_find_notice(state, "1");
    assert_string_equal(notice->type, "warning");
    assert_string_equal(notice->key, "the cellar is wet");
    assert_false(notice->has_user_id);
    assert_int_equal(notice->repeat_after_ns, 24 * HOUR_NS);
    struct wall_time latest = state_latest_warning(state);
    assert_int_equal(latest.ns, notice->last_repeated.ns);
    state_add_warning(state, "the cellar is wet");
    add(state, "no warning", 0);
    assert_int_equal(state_latest_warning(state).ns, latest.ns);
    state_destroy(state);
}

#ifdef PEBBLE_TEST_SEAMS
static void a_clock_set_ahead_expires_nothing_and_repeats_nothing(void **unused UNUSED) {
    struct state *state = state_create();
    const struct notice *notice = add(state, "a", HOUR_NS);
    int64_t repeated_ns = notice->last_repeated.ns;
    clock_set_ahead(YEAR);
    assert_order(state, "a ");
    state_prune(state);
    assert_order(state, "a ");
    add(state, "a", HOUR_NS);
    assert_int_equal(notice->last_repeated.ns, repeated_ns);
    clock_restore();
    state_destroy(state);
}

static void a_clock_set_back_delays_no_repeat(void **unused UNUSED) {
    struct state *state = state_create();
    const struct notice *notice = add(state, "a", 1);
    int64_t repeated_ns = notice->last_repeated.ns;
    clock_set_ahead(-YEAR);
    add(state, "a", 1);
    clock_restore();
    assert_int_equal(notice->last_repeated.ns, repeated_ns + 1);
    state_destroy(state);
}
#endif

// Written by a daemon whose clock was ahead.
static void one_from_the_future_is_repeated_and_expires(void **unused UNUSED) {
    char future[CLOCK_TEXT_SIZE];
    AUTO_FREE char *text = memory_printf(
        "{\"data\":{\"patch-level\":2},\"changes\":{},\"tasks\":{},\"notices\":[{\"id\":\"1\",\"user-id\":1000,"
        "\"type\":\"custom\",\"key\":\"a\",\"first-occurred\":\"%s\",\"last-occurred\":\"%s\",\"last-repeated\":\"%s\","
        "\"occurrences\":1,\"repeat-after\":\"1h0m0s\",\"expire-after\":\"168h0m0s\"}]}",
        ago(-YEAR, future), future, future);
    struct state *state = state_of(text);
    struct notice *notice = LIST_ITEM(state->notices.next, struct notice, link);
    assert_order(state, "a ");
    notice->expire_after_ns = 1;
    assert_order(state, "");
    int64_t repeated_ns = notice->last_repeated.ns;
    add(state, "a", 1);
    assert_int_equal(notice->last_repeated.ns, repeated_ns + 1);
    state_destroy(state);
}

static void warn(struct state *state, const char *message, int64_t ago_ns, int64_t repeat_after_ns) {
    struct wall_time time = {.ns = clock_wall_ns() - ago_ns, .is_set = true};
    state_add_notice(state, &(const struct notice_spec){
                                .type = "warning", .key = message, .repeat_after_ns = repeat_after_ns, .time = time});
}

static void expired_warnings_are_not_the_latest(void **unused UNUSED) {
    struct state *state = state_create();
    warn(state, "old", 200 * HOUR_NS, 0);
    assert_false(state_latest_warning(state).is_set);
    warn(state, "lasting", 190 * HOUR_NS, 0);
    warn(state, "short", 180 * HOUR_NS, 0);
    assert_false(state_latest_warning(state).is_set);
    // It occurs again without being repeated.
    int64_t repeated_ns =
        notice_last_repeated(notice_find(state, &(struct notice_spec){.type = "warning", .key = "lasting"})).ns;
    warn(state, "lasting", 0, 1000 * HOUR_NS);
    notices_update_latest_warning(state);
    assert_true(state_latest_warning(state).is_set);
    assert_int_equal(state_latest_warning(state).ns, repeated_ns);
    state_destroy(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#ifdef PEBBLE_TEST_SEAMS
        cmocka_unit_test(a_clock_set_ahead_expires_nothing_and_repeats_nothing),
        cmocka_unit_test(a_clock_set_back_delays_no_repeat),
#endif
        cmocka_unit_test(one_from_the_future_is_repeated_and_expires),
        cmocka_unit_test(is_made_once_for_user_type_and_key),
        cmocka_unit_test(first_occurrence_sets_all_times),
        cmocka_unit_test(repeating_moves_to_the_end),
        cmocka_unit_test(within_repeat_after_it_stays_where_it_is),
        cmocka_unit_test(times_never_go_back),
        cmocka_unit_test(data_is_sorted_and_replaced),
        cmocka_unit_test(expired_ones_are_left_out),
        cmocka_unit_test(filters_select),
        cmocka_unit_test(a_filter_by_time_is_strict),
        cmocka_unit_test(their_number_is_bounded),
        cmocka_unit_test(the_number_of_warnings_is_bounded),
        cmocka_unit_test(a_user_evicts_its_own_oldest_ones),
        cmocka_unit_test(users_with_most_notices_lose_them),
        cmocka_unit_test(warnings_evict_no_notice_of_a_user),
        cmocka_unit_test(visiting_may_end_early),
        cmocka_unit_test(members_can_be_read),
        cmocka_unit_test(warnings_are_remembered),
        cmocka_unit_test(expired_warnings_are_not_the_latest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
