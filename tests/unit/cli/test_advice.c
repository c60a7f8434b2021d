// SPDX-License-Identifier: GPL-3.0-or-later
#include "command_fixture.h"

#include "cli/advice.h"

#define OUTPUT "2026-11-28T09:00:00Z INFO Most recent service output:\\n    one\\n    two"
#define FAULT "2026-11-28T09:00:00Z ERROR exited quickly with code 3"
#define TASK(summary, status, log) "{\"summary\":\"" summary "\",\"status\":\"" status "\",\"log\":[" log "]}"

// The advice for a change with these tasks. Owned; NULL if there is none.
static char *advice_for(const char *tasks) {
    AUTO_FREE char *result = memory_printf("{\"id\":\"7\",\"status\":\"Error\",\"ready\":true,\"tasks\":[%s]}", tasks);
    const struct fake_response script[] = {{.result = result}};
    char *path = fake_socket_path();
    struct fake_daemon *daemon = fake_daemon_start(path, script, 1);
    const struct pebble_client_options options = {.size = sizeof options, .socket_path = path};
    struct pebble_client *client = NULL;
    struct pebble_change *change = NULL;
    struct error err = {0};
    assert_true(pebble_client_create(&options, &client, NULL));
    assert_true(pebble_get_change(client, "7", &change, NULL));
    (void)error_set(&err, ERROR_INTERNAL, "cannot perform the following tasks");
    advise_failed_change(change, &err);
    char *advice = TAKE(err.advice);
    error_clear(&err);
    pebble_change_destroy(change);
    pebble_client_destroy(client);
    fake_daemon_stop(daemon, NULL);
    fake_socket_remove(path);
    return advice;
}

static void failed_starts_show_their_output(void **state UNUSED) {
    AUTO_FREE char *advice = advice_for(TASK("Start a", "Error", "\"" OUTPUT "\",\"" FAULT "\"") "," TASK(
        "Start b", "Done", "\"" OUTPUT "\"") "," TASK("Start c", "Error", "\"" FAULT "\""));
    assert_string_equal(advice, "Start a, most recent output:\n    one\n    two\nSee 'pebble tasks 7'.");
}

static void a_service_may_have_written_nothing(void **state UNUSED) {
    AUTO_FREE char *advice = advice_for(
        TASK("Start a", "Error", "\"2026-11-28T09:00:00Z INFO Most recent service output:\\n    \",\"" FAULT "\""));
    assert_string_equal(advice, "Start a: no output.\nSee 'pebble tasks 7'.");
}

static void not_all_of_many_are_shown(void **state UNUSED) {
    AUTO_BUFFER struct buffer tasks = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (int i = 0; i < 9; i++)
        buffer_printf(&tasks, "%s" TASK("Start %d", "Error", "\"" OUTPUT "\""), i == 0 ? "" : ",", i);
    AUTO_FREE char *advice = advice_for(buffer_text(&tasks));
    assert_non_null(strstr(advice, "Start 4, most"));
    assert_null(strstr(advice, "Start 5"));
}

static void no_change_is_no_advice(void **state UNUSED) {
    AUTO_ERROR struct error err = {0};
    (void)error_set(&err, ERROR_INTERNAL, "x");
    advise_failed_change(NULL, &err);
    assert_null(err.advice);
}

// Standard error is no terminal here.
static void scripts_cause_no_further_requests(void **state UNUSED) {
    const struct fake_response script[] = {{.result = "[]"}};
    AUTO_PRINTED struct printed printed = {0};
    run_command(&cmd_services, ARGUMENTS("nobody"), script, 1, &printed);
    assert_int_equal(printed.requests.count, 1);
    assert_string_equal(printed.errors, "No matching services.\n");
    assert_int_equal(printed.code, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failed_starts_show_their_output),   cmocka_unit_test(a_service_may_have_written_nothing),
        cmocka_unit_test(not_all_of_many_are_shown),         cmocka_unit_test(no_change_is_no_advice),
        cmocka_unit_test(scripts_cause_no_further_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
