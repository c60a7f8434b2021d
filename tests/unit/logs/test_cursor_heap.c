// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "logs/cursor_heap_internal.h"

#define CURSOR_COUNT 100

struct fixture {
    struct cursor cursors[CURSOR_COUNT];
    struct cursor *module[CURSOR_COUNT];
    struct cursor_heap heap;
};

static void fixture_fill(struct fixture *fixture, bool is_latest_first) {
    fixture->heap = (struct cursor_heap){.cursors = fixture->module, .is_latest_first = is_latest_first};
    for (size_t i = 0; i < CURSOR_COUNT; i++) {
        fixture->cursors[i] = (struct cursor){.rank = i, .order_ns = (int64_t)(i * 37 % CURSOR_COUNT / 4)};
        cursor_heap_add(&fixture->heap, &fixture->cursors[i]);
    }
}

// A time and a rank in one number.
static int64_t place_of(const struct cursor *cursor) {
    return cursor->order_ns * CURSOR_COUNT + (int64_t)cursor->rank;
}

static void test_order(void **state UNUSED) {
    struct fixture fixture;
    fixture_fill(&fixture, false);
    int64_t last = -1;
    for (size_t i = 0; i < CURSOR_COUNT; i++) {
        struct cursor *first = cursor_heap_first(&fixture.heap);
        assert_true(place_of(first) > last);
        last = place_of(first);
        cursor_heap_remove_first(&fixture.heap);
    }
    assert_null(cursor_heap_first(&fixture.heap));
}

static void test_order_latest_first(void **state UNUSED) {
    struct fixture fixture;
    fixture_fill(&fixture, true);
    int64_t last = INT64_MAX;
    for (size_t i = 0; i < CURSOR_COUNT; i++) {
        struct cursor *first = cursor_heap_first(&fixture.heap);
        assert_true(place_of(first) < last);
        last = place_of(first);
        cursor_heap_remove_first(&fixture.heap);
    }
    assert_null(cursor_heap_first(&fixture.heap));
}

static void test_changed_first_sinks(void **state UNUSED) {
    struct fixture fixture;
    fixture_fill(&fixture, false);
    int64_t last = -1;
    for (int i = 0; i < 1000; i++) {
        struct cursor *first = cursor_heap_first(&fixture.heap);
        assert_true(place_of(first) > last);
        last = place_of(first);
        first->order_ns += 1 + i % 7;
        cursor_heap_sink_first(&fixture.heap);
    }
    assert_int_equal(fixture.heap.count, CURSOR_COUNT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_order_latest_first),
        cmocka_unit_test(test_changed_first_sinks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
