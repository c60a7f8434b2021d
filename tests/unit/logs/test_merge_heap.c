// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "logs/merge_heap.h"

#define ITEM_COUNT 100

struct fixture {
    struct merge_item items[ITEM_COUNT];
    struct merge_item *module[ITEM_COUNT];
    struct merge_heap heap;
};

static void fixture_fill(struct fixture *fixture, bool is_latest_first) {
    fixture->heap = (struct merge_heap){.items = fixture->module, .is_latest_first = is_latest_first};
    for (size_t i = 0; i < ITEM_COUNT; i++) {
        fixture->items[i] = (struct merge_item){.rank = i, .order_ns = (int64_t)(i * 37 % ITEM_COUNT / 4)};
        merge_heap_add(&fixture->heap, &fixture->items[i]);
    }
}

// A time and a rank in one number.
static int64_t place_of(const struct merge_item *item) {
    return item->order_ns * ITEM_COUNT + (int64_t)item->rank;
}

static void test_order(void **state UNUSED) {
    struct fixture fixture;
    fixture_fill(&fixture, false);
    int64_t last = -1;
    for (size_t i = 0; i < ITEM_COUNT; i++) {
        struct merge_item *first = merge_heap_first(&fixture.heap);
        assert_true(place_of(first) > last);
        last = place_of(first);
        merge_heap_remove_first(&fixture.heap);
    }
    assert_null(merge_heap_first(&fixture.heap));
}

static void test_order_latest_first(void **state UNUSED) {
    struct fixture fixture;
    fixture_fill(&fixture, true);
    int64_t last = INT64_MAX;
    for (size_t i = 0; i < ITEM_COUNT; i++) {
        struct merge_item *first = merge_heap_first(&fixture.heap);
        assert_true(place_of(first) < last);
        last = place_of(first);
        merge_heap_remove_first(&fixture.heap);
    }
    assert_null(merge_heap_first(&fixture.heap));
}

static void test_changed_first_sinks(void **state UNUSED) {
    struct fixture fixture;
    fixture_fill(&fixture, false);
    int64_t last = -1;
    for (int i = 0; i < 1000; i++) {
        struct merge_item *first = merge_heap_first(&fixture.heap);
        assert_true(place_of(first) > last);
        last = place_of(first);
        first->order_ns += 1 + i % 7;
        merge_heap_sink_first(&fixture.heap);
    }
    assert_int_equal(fixture.heap.count, ITEM_COUNT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_order_latest_first),
        cmocka_unit_test(test_changed_first_sinks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
