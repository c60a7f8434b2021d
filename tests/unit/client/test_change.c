// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/memory.h"
#include "client/change_internal.h"

static void places_beyond_the_end_are_empty(void **state UNUSED) {
    struct pebble_change *change = memory_new(sizeof *change);
    change->tasks = memory_new_array(1, sizeof *change->tasks);
    change->task_count = 1;
    change->tasks[0].log = memory_new_array(1, sizeof *change->tasks[0].log);
    change->tasks[0].log[0] = memory_string("line");
    change->tasks[0].log_count = 1;
    const struct pebble_task *task = pebble_change_task_at(change, 0);
    assert_ptr_equal(task, change->tasks);
    assert_null(pebble_change_task_at(change, 1));
    assert_null(pebble_change_task_at(change, SIZE_MAX));
    assert_string_equal(pebble_task_log_at(task, 0), "line");
    assert_null(pebble_task_log_at(task, 1));
    pebble_change_destroy(change);
    pebble_change_destroy(NULL);
}

static void times_come_with_their_text(void **state UNUSED) {
    struct pebble_change change = {.spawn_time = 7, .spawn_time_text = (char[]){"seven"}};
    struct pebble_task task = {.ready_time = 8, .ready_time_text = (char[]){"eight"}};
    const char *text = "x";
    assert_int_equal(pebble_change_spawn_time_ns(&change, &text), 7);
    assert_string_equal(text, "seven");
    assert_int_equal(pebble_change_spawn_time_ns(&change, NULL), 7);
    assert_int_equal(pebble_change_ready_time_ns(&change, &text), 0);
    assert_null(text);
    assert_int_equal(pebble_task_ready_time_ns(&task, &text), 8);
    assert_string_equal(text, "eight");
    assert_int_equal(pebble_task_spawn_time_ns(&task, &text), 0);
    assert_null(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_beyond_the_end_are_empty),
        cmocka_unit_test(times_come_with_their_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
