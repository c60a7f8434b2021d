// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

static void a_quick_exit_fails_the_start_and_backs_off(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture,
                  "services:\n  bad: {override: replace, command: \"sh -c 'echo oops; exit 3'\", backoff-delay: 1h}\n");
    struct change *change = fixture_do(&fixture, SERVICE_START, "bad");
    assert_int_equal(change_status(change), STATUS_ERROR);
    assert_int_equal(task_log_count(change_task(change, 0)), 2);
    assert_non_null(strstr(task_log_line(change_task(change, 0), 0), "INFO Most recent service output:\n    oops"));
    assert_non_null(strstr(last_log(change, 0), "service start attempt: exited quickly with code 3, will restart"));
    struct service *service = fixture_service(&fixture, "bad");
    assert_int_equal(service->state, STATE_BACKOFF);
    assert_true(fixture_has_logged(
        &fixture, "Service \"bad\" on-failure action is \"restart\", waiting ~1h0m0s before restart (backoff 1)"));
    struct change *stop = fixture_do(&fixture, SERVICE_STOP, "bad");
    assert_int_equal(change_status(stop), STATUS_DONE);
    assert_int_equal(service->state, STATE_STOPPED);
    fixture_end(&fixture);
}

static void backoff_grows_to_its_limit(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture,
                  "services:\n  bad: {override: replace, command: \"false\", backoff-delay: 2ms, backoff-factor: 2,"
                  " backoff-limit: 7ms}\n");
    fixture_do(&fixture, SERVICE_START, "bad");
    RUN_UNTIL(&fixture, fixture_has_logged(&fixture, "(backoff 4)"));
    assert_true(fixture_has_logged(&fixture, "waiting ~2ms before restart (backoff 1)"));
    assert_true(fixture_has_logged(&fixture, "waiting ~4ms before restart (backoff 2)"));
    assert_true(fixture_has_logged(&fixture, "waiting ~7ms before restart (backoff 3)"));
    assert_true(fixture_has_logged(&fixture, "waiting ~7ms before restart (backoff 4)"));
    fixture_end(&fixture);
}

static void a_vanished_command_is_tried_again(void **unused UNUSED) {
    char folder[] = "/tmp/test-service-XXXXXX";
    assert_non_null(mkdtemp(folder));
    AUTO_FREE char *program = memory_printf("%s/program", folder);
    AUTO_FREE char *yaml = memory_printf(
        "services:\n  here: {override: replace, command: %s, backoff-delay: 5ms, backoff-factor: 1}\n", program);
    assert_int_equal(symlink("/bin/false", program), 0);
    struct fixture fixture;
    fixture_begin(&fixture, yaml);
    fixture_do(&fixture, SERVICE_START, "here");
    assert_int_equal(unlink(program), 0);
    RUN_UNTIL(&fixture, fixture_has_logged(&fixture, "cannot start service: "));
    int64_t starts = fixture_service(&fixture, "here")->start_count;
    assert_int_equal(symlink("/bin/false", program), 0);
    RUN_UNTIL(&fixture, fixture_service(&fixture, "here")->start_count > starts);
    fixture_end(&fixture);
    assert_int_equal(unlink(program), 0);
    assert_int_equal(rmdir(folder), 0);
}

struct heard {
    struct listener listener;
    int count;
    enum shutdown_kind kind;
};

static void on_shutdown(struct listener *listener, void *argument) {
    struct heard *heard = CONTAINER_OF(listener, struct heard, listener);
    heard->count++;
    heard->kind = *(const enum shutdown_kind *)argument;
}

static void actions_end_the_daemon_or_not(void **unused UNUSED) {
    static const struct {
        const char *fields;
        enum service_state state;
        int shutdowns;
        enum shutdown_kind kind;
    } cases[] = {
        {"command: \"true\", on-success: ignore", STATE_STOPPED, 0, SHUTDOWN_SUCCESS},
        {"command: \"false\", on-failure: ignore", STATE_EXITED, 0, SHUTDOWN_SUCCESS},
        {"command: \"true\", on-success: shutdown", STATE_EXITED, 1, SHUTDOWN_SUCCESS},
        {"command: \"true\", on-success: failure-shutdown", STATE_EXITED, 1, SHUTDOWN_SERVICE_FAILURE},
        {"command: \"false\", on-failure: shutdown", STATE_EXITED, 1, SHUTDOWN_SERVICE_FAILURE},
        {"command: \"false\", on-failure: success-shutdown", STATE_EXITED, 1, SHUTDOWN_SUCCESS},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_FREE char *yaml = memory_printf("services:\n  last: {override: replace, %s}\n", cases[i].fields);
        struct fixture fixture;
        fixture_begin(&fixture, yaml);
        struct heard heard = {0};
        event_add(service_manager_shutdown_wanted(fixture.manager), &heard.listener, on_shutdown);
        struct change *change = fixture_do(&fixture, SERVICE_START, "last");
        assert_int_equal(change_status(change), STATUS_ERROR);
        assert_int_equal(fixture_service(&fixture, "last")->state, cases[i].state);
        assert_int_equal(heard.count, cases[i].shutdowns);
        if (heard.count > 0)
            assert_int_equal(heard.kind, cases[i].kind);
        event_remove(&heard.listener);
        fixture_end(&fixture);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quick_exit_fails_the_start_and_backs_off),
        cmocka_unit_test(backoff_grows_to_its_limit),
        cmocka_unit_test(a_vanished_command_is_tried_again),
        cmocka_unit_test(actions_end_the_daemon_or_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
