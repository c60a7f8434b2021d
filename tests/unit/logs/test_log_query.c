// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/memory.h"
#include "logs/log_store.h"

static void say(struct log_store *store, const char *service, const char *text, int64_t ns) {
    ring_append(log_store_open(store, service), text, strlen(text), ns);
}

// The entries that the query has now, each as "service:message|".
static void assert_gives(struct log_query *query, const char *expected) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    const char *service;
    struct ring_entry entry;
    while (log_query_next(query, &service, &entry))
        buffer_printf(&text, "%s:%.*s|", service, (int)entry.length, entry.message);
    assert_string_equal(buffer_text(&text), expected);
    assert_false(log_query_next(query, &service, &entry));
}

static void assert_response(struct log_store *store, const char *const *services, int64_t count, const char *expected) {
    AUTO_TEXT_LIST struct text_list list = {0};
    for (; services != NULL && *services != NULL; services++)
        text_list_add(&list, *services);
    const struct log_query_spec spec = {.services = services == NULL ? NULL : &list, .count = count};
    struct log_query *query = log_query_create(store, &spec);
    assert_gives(query, expected);
    log_query_destroy(query);
}

static void count_ready(void *data) {
    (*(int *)data)++;
}

static struct log_query *follow(struct log_store *store, int64_t count, int *ready) {
    const struct log_query_spec spec = {.count = count, .follow = true, .on_ready = count_ready, .data = ready};
    return log_query_create(store, &spec);
}

static void test_nothing_there(void **state UNUSED) {
    struct log_store *store = log_store_create();
    assert_response(store, NULL, -1, "");
    log_store_open(store, "mist");
    assert_response(store, NULL, -1, "");
    assert_response(store, NULL, 30, "");
    assert_response(store, (const char *[]){"fog", NULL}, 30, "");
    log_store_destroy(store);
}

static void test_services(void **state UNUSED) {
    struct log_store *store = log_store_create();
    say(store, "wind", "w1\n", 1);
    say(store, "rain", "r1\n", 2);
    say(store, "hail", "h1\n", 3);
    assert_response(store, NULL, -1, "wind:w1|rain:r1|hail:h1|");
    assert_response(store, (const char *[]){NULL}, -1, "");
    assert_response(store, (const char *[]){"hail", "wind", NULL}, -1, "wind:w1|hail:h1|");
    assert_response(store, (const char *[]){"wind", "wind", "fog", NULL}, -1, "wind:w1|");
    log_store_destroy(store);
}

static void test_merging_and_counting(void **state UNUSED) {
    struct log_store *store = log_store_create();
    for (int64_t i = 0; i < 4; i++) {
        AUTO_FREE char *z = memory_printf("z%d\n", (int)i);
        AUTO_FREE char *a = memory_printf("a%d\n", (int)i);
        say(store, "zephyr", z, i * 20);
        say(store, "alize", a, i * 20 + 10);
    }
    say(store, "alize", "a4\na5\n", 100);
    say(store, "zephyr", "z5", 100);
    assert_response(store, NULL, -1,
                    "zephyr:z0|alize:a0|zephyr:z1|alize:a1|zephyr:z2|alize:a2|zephyr:z3|alize:a3|"
                    "alize:a4|alize:a5|zephyr:z5|");
    assert_response(store, NULL, 0, "");
    assert_response(store, NULL, 1, "zephyr:z5|");
    assert_response(store, NULL, 2, "alize:a5|zephyr:z5|");
    assert_response(store, NULL, 5, "zephyr:z3|alize:a3|alize:a4|alize:a5|zephyr:z5|");
    assert_response(store, NULL, 10,
                    "alize:a0|zephyr:z1|alize:a1|zephyr:z2|alize:a2|zephyr:z3|alize:a3|alize:a4|alize:a5|zephyr:z5|");
    assert_response(store, NULL, INT64_MAX,
                    "zephyr:z0|alize:a0|zephyr:z1|alize:a1|zephyr:z2|alize:a2|zephyr:z3|alize:a3|"
                    "alize:a4|alize:a5|zephyr:z5|");
    log_store_destroy(store);
}

static void test_pieces_count(void **state UNUSED) {
    struct log_store *store = log_store_create();
    AUTO_FREE char *line = memory_new(6002);
    memset(line, 'x', 6000);
    line[6000] = '\n';
    say(store, "wind", "short\n", 1);
    say(store, "wind", line, 2);
    const struct log_query_spec spec = {.count = 1};
    struct log_query *query = log_query_create(store, &spec);
    const char *service;
    struct ring_entry entry;
    assert_true(log_query_next(query, &service, &entry));
    assert_int_equal(entry.length, 6000 - (RING_PIECE_BYTES - strlen("2026-01-02T03:04:05.678Z [wind] ")));
    assert_false(log_query_next(query, &service, &entry));
    log_query_destroy(query);
    log_store_destroy(store);
}

// Lines within the same millisecond, and a clock that was set back.
static void test_times_of_entries(void **state UNUSED) {
    struct log_store *store = log_store_create();
    say(store, "wind", "w1\n", 5 * NS_PER_MS + 3);
    say(store, "rain", "r1\n", 5 * NS_PER_MS + 2);
    say(store, "rain", "r2\n", 5 * NS_PER_MS + 4);
    say(store, "wind", "w2\n", NS_PER_MS);
    assert_response(store, NULL, -1, "rain:r1|wind:w1|wind:w2|rain:r2|");
    const struct log_query_spec spec = {.count = 1};
    struct log_query *query = log_query_create(store, &spec);
    const char *service;
    struct ring_entry entry;
    assert_true(log_query_next(query, &service, &entry));
    assert_int_equal(entry.wall_ns, 5 * NS_PER_MS);
    log_query_destroy(query);
    log_store_destroy(store);
}

static void test_without_follow_it_ends_where_it_began(void **state UNUSED) {
    struct log_store *store = log_store_create();
    say(store, "wind", "w1\nhal", 1);
    const struct log_query_spec spec = {.count = -1};
    struct log_query *query = log_query_create(store, &spec);
    say(store, "wind", "f\nw2\n", 2);
    say(store, "rain", "r1\n", 3);
    assert_gives(query, "wind:w1|wind:hal|");
    log_query_destroy(query);
    log_store_destroy(store);
}

static void test_follow(void **state UNUSED) {
    struct log_store *store = log_store_create();
    say(store, "wind", "w1\nw2\n", 1);
    say(store, "rain", "r1\n", 2);
    int ready[3] = {0};
    struct log_query *fresh = follow(store, 0, &ready[0]);
    struct log_query *two = follow(store, 2, &ready[1]);
    struct log_query *every = follow(store, -1, &ready[2]);
    assert_gives(fresh, "");
    assert_gives(two, "wind:w2|rain:r1|");
    say(store, "wind", "w3\n", 3);
    say(store, "rain", "r2", 4);
    say(store, "hail", "h1\n", 5); // has a buffer since: not followed
    assert_gives(fresh, "wind:w3|rain:r2|");
    assert_gives(two, "wind:w3|rain:r2|");
    assert_gives(every, "wind:w1|wind:w2|rain:r1|wind:w3|rain:r2|");
    say(store, "rain", " goes on\n", 6);
    assert_gives(fresh, "rain: goes on|");
    assert_int_equal(ready[0], 2);
    assert_int_equal(ready[1], 2);
    log_query_destroy(fresh);
    log_query_destroy(two);
    log_query_destroy(every);
    say(store, "wind", "nobody listens\n", 7);
    log_store_destroy(store);
}

static void test_ready_is_said_once(void **state UNUSED) {
    struct log_store *store = log_store_create();
    log_store_open(store, "wind");
    int ready = 0;
    struct log_query *query = follow(store, 0, &ready);
    assert_gives(query, "");
    say(store, "wind", "w1\n", 1);
    say(store, "wind", "w2\n", 2);
    assert_int_equal(ready, 1);
    const char *service;
    struct ring_entry entry;
    assert_true(log_query_next(query, &service, &entry));
    say(store, "wind", "w3\n", 3);
    assert_int_equal(ready, 1);
    assert_gives(query, "wind:w2|wind:w3|");
    say(store, "wind", "w4\n", 4);
    assert_int_equal(ready, 2);
    log_query_destroy(query);
    log_store_destroy(store);
}

static void test_follower_that_begins_in_a_line(void **state UNUSED) {
    struct log_store *store = log_store_create();
    say(store, "wind", "w1\nhal", 1);
    int ready = 0;
    struct log_query *fresh = follow(store, 0, &ready);
    struct log_query *one = follow(store, 1, &ready);
    assert_gives(fresh, "");
    assert_gives(one, "wind:hal|");
    say(store, "wind", "f\nw2\n", 2);
    assert_gives(fresh, "wind:w2|");
    assert_gives(one, "wind:f|wind:w2|");
    log_query_destroy(fresh);
    log_query_destroy(one);
    log_store_destroy(store);
}

static void write_much(struct log_store *store, const char *service, int64_t ns) {
    AUTO_FREE char *text = memory_new(RING_LIMIT_BYTES + 1);
    memset(text, 'x', RING_LIMIT_BYTES);
    for (size_t i = 1023; i < RING_LIMIT_BYTES; i += 1024)
        text[i] = '\n';
    memcpy(text + RING_LIMIT_BYTES - 6, "\nlast\n", 6);
    say(store, service, text, ns);
}

// Counts the truncation messages, and checks that entries are in order.
static int count_truncations(struct log_query *query, const char *expected_last) {
    int count = 0;
    const char *service;
    struct ring_entry entry;
    AUTO_FREE char *last = memory_string("");
    int64_t last_ns = INT64_MIN;
    while (log_query_next(query, &service, &entry)) {
        free(last);
        last = memory_string_n(entry.message, entry.length);
        count += strcmp(last, "(... output truncated ...)") == 0;
        assert_true(entry.order_ns >= last_ns);
        last_ns = entry.order_ns;
    }
    assert_string_equal(last, expected_last);
    return count;
}

static void test_slow_follower_gets_a_mark(void **state UNUSED) {
    struct log_store *store = log_store_create();
    say(store, "wind", "w1\n", 1 * NS_PER_MS);
    say(store, "rain", "r1\n", 3 * NS_PER_MS);
    int ready = 0;
    struct log_query *query = follow(store, -1, &ready);
    write_much(store, "wind", 4 * NS_PER_MS);
    assert_int_equal(count_truncations(query, "last"), 1);
    say(store, "wind", "w2\n", 5 * NS_PER_MS);
    assert_gives(query, "wind:w2|");
    say(store, "wind", "w3\n", 6 * NS_PER_MS);
    write_much(store, "wind", 7 * NS_PER_MS);
    assert_int_equal(count_truncations(query, "last"), 1);
    log_query_destroy(query);
    log_store_destroy(store);
}

static void test_slow_query_without_follow_gets_a_mark(void **state UNUSED) {
    struct log_store *store = log_store_create();
    say(store, "wind", "w1\n", 1 * NS_PER_MS);
    say(store, "rain", "r1\n", 3 * NS_PER_MS);
    const struct log_query_spec spec = {.count = -1};
    struct log_query *query = log_query_create(store, &spec);
    write_much(store, "wind", 4 * NS_PER_MS);
    assert_gives(query, "wind:(... output truncated ...)|rain:r1|");
    log_query_destroy(query);
    log_store_destroy(store);
}

static void test_store_destroyed_before_query(void **state UNUSED) {
    struct log_store *store = log_store_create();
    say(store, "rain", "r1\n", 1);
    say(store, "wind", "w1\nw2\n", 2);
    say(store, "hail", "h1\n", 3);
    int ready = 0;
    struct log_query *query = follow(store, -1, &ready);
    const char *service;
    struct ring_entry entry;
    assert_true(log_query_next(query, &service, &entry));
    assert_true(log_query_next(query, &service, &entry));
    assert_string_equal(service, "wind"); // its entry is in use; "hail" is in the heap
    say(store, "rain", "r2\n", 4);        // has changed
    log_store_destroy(store);
    assert_gives(query, "");
    log_query_destroy(query);
}

static void test_query_destroyed_with_entry_in_use(void **state UNUSED) {
    struct log_store *store = log_store_create();
    say(store, "wind", "w1\nw2\n", 1);
    const struct log_query_spec spec = {.count = -1};
    struct log_query *query = log_query_create(store, &spec);
    const char *service;
    struct ring_entry entry;
    assert_true(log_query_next(query, &service, &entry));
    assert_false(log_store_shrink(store));
    assert_memory_equal(entry.message, "w1", 2);
    log_query_destroy(query);
    assert_true(log_store_shrink(store));
    log_store_destroy(store);
}

static void test_many_services(void **state UNUSED) {
    struct log_store *store = log_store_create();
    for (int i = 0; i < 5000; i++) {
        AUTO_FREE char *service = memory_printf("service-%d", i * 7 % 500);
        AUTO_FREE char *text = memory_printf("%d\n", i);
        say(store, service, text, i);
    }
    for (int count = -1; count <= 6000; count += 1200) {
        const struct log_query_spec spec = {.count = count};
        struct log_query *query = log_query_create(store, &spec);
        int next = count < 0 || count > 5000 ? 0 : 5000 - count;
        const char *service;
        struct ring_entry entry;
        while (log_query_next(query, &service, &entry)) {
            AUTO_FREE char *text = memory_string_n(entry.message, entry.length);
            AUTO_FREE char *expected = memory_printf("%d", next++);
            assert_string_equal(text, expected);
        }
        assert_int_equal(next, 5000);
        log_query_destroy(query);
    }
    log_store_destroy(store);
}

static void fill(struct log_store *store) {
    for (int i = 0; i < 30000; i++) {
        AUTO_FREE char *service = memory_printf("service-%d", i % 20);
        say(store, service, "x\n", i);
    }
}

// Going back by very many lines takes several calls, between which other work can be done.
static void test_going_back_is_bounded(void **state UNUSED) {
    struct log_store *store = log_store_create();
    fill(store);
    const struct log_query_spec spec = {.count = 25000};
    struct log_query *query = log_query_create(store, &spec);
    const char *service;
    struct ring_entry entry;
    assert_false(log_query_next(query, &service, &entry));
    assert_false(log_query_place(query));
    say(store, "service-0", "later\n", 30000);
    assert_true(log_query_place(query));
    assert_true(log_query_place(query));
    int count = 0;
    for (; log_query_next(query, &service, &entry); count++)
        assert_memory_equal(entry.message, "x", 1);
    assert_int_equal(count, 25000);
    log_query_destroy(query);
    log_store_destroy(store);
}

static void test_store_destroyed_while_going_back(void **state UNUSED) {
    struct log_store *store = log_store_create();
    fill(store);
    int ready = 0;
    struct log_query *query = follow(store, INT64_MAX, &ready);
    log_store_destroy(store);
    assert_true(log_query_place(query));
    assert_gives(query, "");
    log_query_destroy(query);
}

static void test_lines_lost_and_added_while_going_back(void **state UNUSED) {
    struct log_store *store = log_store_create();
    fill(store);
    int ready = 0;
    struct log_query *query = follow(store, INT64_MAX, &ready);
    for (int i = 0; i < 5000; i++)
        say(store, "service-3", "new\n", 30000 + i);
    say(store, "service-3", "last\n", 40000);
    while (!log_query_place(query)) {
    }
    (void)count_truncations(query, "last");
    log_query_destroy(query);
    log_store_destroy(store);
}

static void test_memory_grows_with_rings(void **state UNUSED) {
    struct log_store *store = log_store_create();
    const struct log_query_spec spec = {.follow = true};
    struct log_query *of_none = log_query_create(store, &spec);
    fill(store);
    struct log_query *of_twenty = log_query_create(store, &spec);
    assert_true(log_query_memory(of_twenty) >= log_query_memory(of_none) + 20 * sizeof(struct ring_reader));
    log_query_destroy(of_none);
    log_query_destroy(of_twenty);
    log_store_destroy(store);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_there),
        cmocka_unit_test(test_services),
        cmocka_unit_test(test_merging_and_counting),
        cmocka_unit_test(test_pieces_count),
        cmocka_unit_test(test_times_of_entries),
        cmocka_unit_test(test_without_follow_it_ends_where_it_began),
        cmocka_unit_test(test_follow),
        cmocka_unit_test(test_ready_is_said_once),
        cmocka_unit_test(test_follower_that_begins_in_a_line),
        cmocka_unit_test(test_slow_follower_gets_a_mark),
        cmocka_unit_test(test_slow_query_without_follow_gets_a_mark),
        cmocka_unit_test(test_store_destroyed_before_query),
        cmocka_unit_test(test_query_destroyed_with_entry_in_use),
        cmocka_unit_test(test_many_services),
        cmocka_unit_test(test_going_back_is_bounded),
        cmocka_unit_test(test_store_destroyed_while_going_back),
        cmocka_unit_test(test_lines_lost_and_added_while_going_back),
        cmocka_unit_test(test_memory_grows_with_rings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
