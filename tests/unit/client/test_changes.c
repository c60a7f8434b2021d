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
    const char *text;
    assert_string_equal(pebble_change_id(change), "7");
    assert_string_equal(pebble_change_kind(change), "start");
    assert_string_equal(pebble_change_summary(change), "Start it");
    assert_string_equal(pebble_change_status(change), "Error");
    assert_true(pebble_change_is_ready(change));
    assert_string_equal(pebble_change_error_text(change), "no");
    assert_int_equal(pebble_change_spawn_time_ns(change, NULL), 1000000000);
    assert_int_equal(pebble_change_ready_time_ns(change, &text), 2000000000);
    assert_string_equal(text, "1970-01-01T00:00:02Z");
    assert_string_equal(pebble_change_data(change), "{\"k\":[1]}");
    assert_int_equal(pebble_change_task_count(change), 2);
}

static void assert_tasks(const struct pebble_change *change) {
    const struct pebble_task *task = pebble_change_task_at(change, 0);
    assert_string_equal(pebble_task_id(task), "8");
    assert_string_equal(pebble_task_kind(task), "t");
    assert_string_equal(pebble_task_summary(task), "s");
    assert_string_equal(pebble_task_status(task), "Error");
    assert_int_equal(pebble_task_log_count(task), 2);
    assert_string_equal(pebble_task_log_at(task, 0), "l1");
    assert_string_equal(pebble_task_log_at(task, 1), "l\xef\xbf\xbd"
                                                     "2");
    assert_string_equal(pebble_task_progress_label(task), "p");
    assert_int_equal(pebble_task_progress_done(task), 1);
    assert_int_equal(pebble_task_progress_total(task), 3);
    assert_int_equal(pebble_task_spawn_time_ns(task, NULL), 3000000000);
    assert_int_equal(pebble_task_ready_time_ns(task, NULL), 0);
    assert_string_equal(pebble_task_data(task), "{\"exit-code\":4}");
    task = pebble_change_task_at(change, 1);
    assert_string_equal(pebble_task_summary(task), "");
    assert_string_equal(pebble_task_progress_label(task), "");
    assert_int_equal(pebble_task_log_count(task), 0);
    assert_null(pebble_task_data(task));
}

static void one_change_is_read(void **state UNUSED) {
    const struct fake_response script[] = {{.result = CHANGE}, {.result = CHANGE}, {.result = CHANGE}};
    struct with_daemon with;
    with_daemon_begin(&with, script, 3);
    struct pebble_change *change = NULL;
    assert_true(pebble_get_change(with.client, "7", &change, &with.error));
    assert_change(change);
    assert_tasks(change);
    pebble_change_destroy(change);
    assert_true(pebble_abort_change(with.client, "7", NULL, &with.error));
    assert_true(pebble_abort_change(with.client, "7", &change, &with.error));
    assert_change(change);
    pebble_change_destroy(change);
    with_daemon_assert_request(&with, 0, "1 GET /v1/changes/7 HTTP/1.1", "");
    with_daemon_assert_request(&with, 1, "1 POST /v1/changes/7 HTTP/1.1", "{\"action\":\"abort\"}");
    with_daemon_end(&with);
}

static void changes_are_read(void **state UNUSED) {
    const struct fake_response script[] = {{.result = "[{\"id\":\"1\"}," CHANGE "]"}, {.result = "null"}};
    struct with_daemon with;
    with_daemon_begin(&with, script, 2);
    struct pebble_changes *changes = NULL;
    assert_true(pebble_get_changes(with.client, "all", "a b", &changes, &with.error));
    assert_int_equal(pebble_changes_count(changes), 2);
    const struct pebble_change *first = pebble_changes_at(changes, 0);
    assert_string_equal(pebble_change_id(first), "1");
    assert_false(pebble_change_is_ready(first));
    assert_null(pebble_change_error_text(first));
    assert_change(pebble_changes_at(changes, 1));
    assert_null(pebble_changes_at(changes, 2));
    pebble_changes_destroy(changes);
    pebble_changes_destroy(NULL);
    assert_true(pebble_get_changes(with.client, NULL, NULL, &changes, &with.error));
    assert_int_equal(pebble_changes_count(changes), 0);
    pebble_changes_destroy(changes);
    with_daemon_assert_request(&with, 0, "1 GET /v1/changes?for=a+b&select=all HTTP/1.1", "");
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
    struct fake_response script[ARRAY_COUNT(results)] = {0};
    for (size_t i = 0; i < ARRAY_COUNT(results); i++)
        script[i].result = results[i];
    struct with_daemon with;
    with_daemon_begin(&with, script, ARRAY_COUNT(script));
    for (size_t i = 0; i < ARRAY_COUNT(results); i++) {
        struct pebble_changes *changes = NULL;
        assert_false(pebble_get_changes(with.client, "all", NULL, &changes, &with.error));
        assert_int_equal(with.error.kind, PEBBLE_ERROR_PROTOCOL);
    }
    with_daemon_end(&with);
}

static void ids_that_are_none_are_not_sent(void **state UNUSED) {
    struct with_daemon with;
    with_daemon_begin(&with, NULL, 0);
    struct pebble_change *change = NULL;
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
