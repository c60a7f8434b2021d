// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "logs/log_store.h"

struct probe {
    struct listener listener;
    int count;
    struct ring *last;
};

static void on_store_event(struct listener *listener, void *ring) {
    struct probe *probe = CONTAINER_OF(listener, struct probe, listener);
    probe->count++;
    probe->last = ring;
}

static void test_open_and_find(void **state UNUSED) {
    struct log_store *store = log_store_create();
    struct probe opened = {0};
    event_add(log_store_opened(store), &opened.listener, on_store_event);
    assert_null(log_store_find(store, "wind"));
    assert_int_equal(opened.count, 0);
    struct ring *wind = log_store_open(store, "wind");
    assert_string_equal(ring_service(wind), "wind");
    assert_int_equal(opened.count, 1);
    assert_ptr_equal(opened.last, wind);
    assert_ptr_equal(log_store_open(store, "wind"), wind);
    assert_ptr_equal(log_store_find(store, "wind"), wind);
    assert_int_equal(opened.count, 1);
    assert_null(log_store_find(store, "rain"));
    assert_int_equal(log_store_rings(store)->count, 1);
    log_store_destroy(store);
}

static void test_closing_is_emitted(void **state UNUSED) {
    struct log_store *store = log_store_create();
    (void)log_store_open(store, "wind");
    struct probe closing = {0};
    event_add(log_store_closing(store), &closing.listener, on_store_event);
    assert_int_equal(closing.count, 0);
    log_store_destroy(store);
    assert_int_equal(closing.count, 1);
}

static void test_shrink(void **state UNUSED) {
    struct log_store *store = log_store_create();
    assert_false(log_store_shrink(store));
    struct ring *wind = log_store_open(store, "wind");
    struct ring *rain = log_store_open(store, "rain");
    assert_false(log_store_shrink(store));
    ring_append(wind, "gust\n", 5, 1);
    ring_append(rain, "drop\n", 5, 1);
    assert_true(log_store_shrink(store));
    struct ring_reader reader;
    struct ring_entry entry;
    ring_reader_begin(&reader, wind);
    assert_false(ring_reader_peek(&reader, &entry));
    ring_reader_begin(&reader, rain);
    assert_false(ring_reader_peek(&reader, &entry));
    log_store_destroy(store);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open_and_find),
        cmocka_unit_test(test_closing_is_emitted),
        cmocka_unit_test(test_shrink),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
