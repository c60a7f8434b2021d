// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "with_daemon.h"

#define FULL                                                                                                           \
    "[{\"name\":\"db\",\"startup\":\"enabled\",\"current\":\"active\",\"details\":{\"state\":\"waiting\",\"ready\":"   \
    "false,"                                                                                                           \
    "\"waiting-for\":[\"a: ready\",\"check b\"],\"status-text\":\"s\",\"pid\":7,\"exit-code\":143,"                    \
    "\"ended\":\"2026-01-02T03:04:05Z\",\"restarts\":2,\"retries-left\":3,\"next-restart\":\"2026-01-02T03:04:06Z\","  \
    "\"note\":\"n\"}},{\"name\":\"web\"}]"

static void details_are_read(void **state UNUSED) {
    const struct fake_response script[] = {{.result = FULL}};
    struct with_daemon with;
    struct pebble_services *services;
    const char *text;
    bool is_ready = true;
    int exit_code = 0;
    with_daemon_begin(&with, script, ARRAY_COUNT(script));
    assert_true(pebble_get_services(with.client, NULL, 0, &services, NULL));
    const struct pebble_service *db = pebble_services_at(services, 0), *web = pebble_services_at(services, 1);
    assert_string_equal(pebble_service_state(db), "waiting");
    assert_true(pebble_service_is_ready(db, &is_ready));
    assert_false(is_ready);
    assert_int_equal(pebble_service_awaited_count(db), 2);
    assert_string_equal(pebble_service_awaited_at(db, 1), "check b");
    assert_null(pebble_service_awaited_at(db, 2));
    assert_string_equal(pebble_service_status_text(db), "s");
    assert_int_equal(pebble_service_pid(db), 7);
    assert_true(pebble_service_exit_code(db, &exit_code));
    assert_int_equal(exit_code, 143);
    assert_int_equal(pebble_service_ended_ns(db, &text), INT64_C(1767323045000000000));
    assert_string_equal(text, "2026-01-02T03:04:05Z");
    assert_int_equal(pebble_service_restarts(db), 2);
    assert_int_equal(pebble_service_retries_left(db), 3);
    assert_int_equal(pebble_service_next_restart_ns(db, NULL), INT64_C(1767323046000000000));
    assert_string_equal(pebble_service_note(db), "n");
    // Of an older daemon.
    assert_null(pebble_service_state(web));
    assert_false(pebble_service_is_ready(web, &is_ready));
    assert_false(pebble_service_exit_code(web, &exit_code));
    assert_int_equal(pebble_service_retries_left(web), -1);
    assert_int_equal(pebble_service_ended_ns(web, NULL), 0);
    assert_null(pebble_service_note(web));
    pebble_services_destroy(services);
    with_daemon_end(&with);
}

static void wrong_details_are_refused(void **state UNUSED) {
    static const char *const results[] = {"[{\"details\":1}]", "[{\"details\":{\"state\":1}}]",
                                          "[{\"details\":{\"waiting-for\":[1]}}]", "[{\"details\":{\"pid\":\"x\"}}]",
                                          "[{\"details\":{\"ended\":\"today\"}}]"};
    for (size_t i = 0; i < ARRAY_COUNT(results); i++) {
        const struct fake_response script[] = {{.result = results[i]}};
        struct with_daemon with;
        struct pebble_services *services = NULL;
        with_daemon_begin(&with, script, ARRAY_COUNT(script));
        assert_false(pebble_get_services(with.client, NULL, 0, &services, &with.error));
        assert_int_equal(with.error.kind, PEBBLE_ERROR_PROTOCOL);
        assert_null(services);
        with_daemon_end(&with);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(details_are_read),
        cmocka_unit_test(wrong_details_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
