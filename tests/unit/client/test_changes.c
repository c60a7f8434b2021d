// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "with_daemon.h"

#define CHANGE                                                                                                         \
    "{\"id\":\"7\",\"kind\":\"start\",\"summary\":\"Start it\",\"status\":\"Error\",\"ready\":true,\"err\":\"no\","    \
    "\"spawn-time\":\"1970-01-01T00:00:01Z\",\"ready-time\":\"1970-01-01T00:00:02Z\",\"data\":{\"k\":[1]},"            \
    "\"tasks\":[{\"id\":\"8\",\"kind\":\"t\",\"summary\":\"s\",\"status\":\"Error\",\"log\":[\"l1\",\"l\\u00002\"],"   \
    "\"progress\":{\"label\":\"p\",\"done\":1,\"total\":3},\"spawn-time\":\"1970-01-01T00:00:03Z\","                   \
    "\"data\":{\"exit-code\":4}},{\"id\":\"9\"}]}"

static void assert_change(const struct pebble_change *change) {
    assert_string_equal(change->id, "7");
    assert_string_equal(change->kind, "start");
    assert_string_equal(change->summary, "Start it");
    assert_string_equal(change->status, "Error");
    assert_true(change->is_ready);
    assert_string_equal(change->err, "no");
    assert_int_equal(change->spawn_time, 1000000000);
    assert_string_equal(change->ready_time_text, "1970-01-01T00:00:02Z");
    assert_string_equal(change->data, "{\"k\":[1]}");
    assert_int_equal(change->task_count, 2);
}

static void assert_tasks(const struct pebble_change *change) {
    const struct pebble_task *task = &change->tasks[0];
    assert_string_equal(task->id, "8");
    assert_string_equal(task->kind, "t");
    assert_string_equal(task->summary, "s");
    assert_string_equal(task->status, "Error");
    assert_int_equal(task->log_count, 2);
    assert_string_equal(task->log[0], "l1");
    assert_string_equal(task->log[1], "l\xef\xbf\xbd"
                                      "2");
    assert_string_equal(task->progress_label, "p");
    assert_int_equal(task->progress_done, 1);
    assert_int_equal(task->progress_total, 3);
    assert_int_equal(task->spawn_time, 3000000000);
    assert_null(task->ready_time_text);
    assert_string_equal(task->data, "{\"exit-code\":4}");
    task = &change->tasks[1];
    assert_string_equal(task->summary, "");
    assert_string_equal(task->progress_label, "");
    assert_int_equal(task->log_count, 0);
    assert_null(task->data);
}

static void one_change_is_read(void **state UNUSED) {
    const struct fake_answer script[] = {{.result = CHANGE}, {.result = CHANGE}};
    struct with_daemon with;
    with_daemon_begin(&with, script, 2);
    struct pebble_change change;
    assert_true(pebble_get_change(with.client, "7", &change, &with.error));
    assert_change(&change);
    assert_tasks(&change);
    pebble_change_clear(&change);
    assert_true(pebble_abort_change(with.client, "7", NULL, &with.error));
    with_daemon_assert_request(&with, 0, "1 GET /v1/changes/7 HTTP/1.1", "");
    with_daemon_assert_request(&with, 1, "1 POST /v1/changes/7 HTTP/1.1", "{\"action\":\"abort\"}");
    with_daemon_end(&with);
}

static void changes_are_read(void **state UNUSED) {
    const struct fake_answer script[] = {{.result = "[{\"id\":\"1\"}," CHANGE "]"}, {.result = "null"}};
    struct with_daemon with;
    with_daemon_begin(&with, script, 2);
    struct pebble_changes changes;
    assert_true(pebble_get_changes(with.client, "all", "a b", &changes, &with.error));
    assert_int_equal(changes.count, 2);
    assert_string_equal(changes.items[0].id, "1");
    assert_false(changes.items[0].is_ready);
    assert_null(changes.items[0].err);
    assert_change(&changes.items[1]);
    pebble_changes_clear(&changes);
    assert_true(pebble_get_changes(with.client, NULL, NULL, &changes, &with.error));
    assert_int_equal(changes.count, 0);
    pebble_changes_clear(&changes);
    with_daemon_assert_request(&with, 0, "1 GET /v1/changes?select=all&for=a+b HTTP/1.1", "");
    with_daemon_assert_request(&with, 1, "1 GET /v1/changes HTTP/1.1", "");
    with_daemon_end(&with);
}

static void changes_of_the_wrong_form_are_refused(void **state UNUSED) {
    const char *results[] = {"[" CHANGE ",{\"id\":1}]",
                             "[" CHANGE ",{\"tasks\":[{\"id\":\"1\"},3]}]",
                             "[{\"tasks\":[{\"log\":[\"a\",1]}]}]",
                             "[{\"tasks\":[{\"progress\":[]}]}]",
                             "[{\"tasks\":{}}]",
                             "7"};
    struct fake_answer script[ARRAY_COUNT(results)] = {0};
    for (size_t i = 0; i < ARRAY_COUNT(results); i++)
        script[i].result = results[i];
    struct with_daemon with;
    with_daemon_begin(&with, script, ARRAY_COUNT(script));
    for (size_t i = 0; i < ARRAY_COUNT(results); i++) {
        struct pebble_changes changes;
        assert_false(pebble_get_changes(with.client, "all", NULL, &changes, &with.error));
        assert_int_equal(with.error.kind, PEBBLE_ERROR_PROTOCOL);
    }
    with_daemon_end(&with);
}

static void ids_that_are_none_are_not_sent(void **state UNUSED) {
    struct with_daemon with;
    with_daemon_begin(&with, NULL, 0);
    struct pebble_change change;
    assert_false(pebble_get_change(with.client, "no/way", &change, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_ARGUMENT, "invalid change ID \"no/way\"");
    assert_false(pebble_abort_change(with.client, "", &change, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_ARGUMENT, "invalid change ID \"\"");
    assert_false(pebble_wait_change(with.client, "A", NULL, &change, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_ARGUMENT, "invalid change ID \"A\"");
    with_daemon_end(&with);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_change_is_read),
        cmocka_unit_test(changes_are_read),
        cmocka_unit_test(changes_of_the_wrong_form_are_refused),
        cmocka_unit_test(ids_that_are_none_are_not_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
