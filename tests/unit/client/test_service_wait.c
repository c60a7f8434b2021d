// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "with_daemon.h"

static void the_daemon_is_asked_once(void **state UNUSED) {
    const struct fake_response script[] = {{.result = "[]"}, {.result = "[]"}};
    struct with_daemon with;
    with_daemon_begin(&with, script, ARRAY_COUNT(script));
    assert_true(pebble_wait_service(with.client, "web", NULL, 0, NULL));
    assert_true(pebble_wait_service(with.client, "a b?", "stopped", 60000, NULL));
    with_daemon_assert_request(&with, 0, "1 GET /v1/services/web/wait?for=ready HTTP/1.1", "");
    with_daemon_assert_request(&with, 1, "1 GET /v1/services/a%20b%3F/wait?for=stopped HTTP/1.1", "");
    with_daemon_end(&with);
}

static void the_time_may_pass(void **state UNUSED) {
    const struct fake_response silent[] = {{.holds = true}};
    struct with_daemon with;
    with_daemon_begin(&with, silent, 1);
    assert_false(pebble_wait_service(with.client, "web", NULL, 1, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_TIMEOUT, "timed out waiting for service \"web\" to be ready");
    with_daemon_end(&with);
}

static void invalid_arguments(void **state UNUSED) {
    static const struct {
        const char *name, *goal;
        int64_t timeout_ms;
        const char *message;
    } cases[] = {
        {"", NULL, 0, "cannot wait for service: invalid name"},
        {"web", "later", 0,
         "cannot wait for service: invalid condition, it must be one of started, ready, completed, exited, stopped"},
        {"web", NULL, -1, "cannot wait for service: invalid duration"},
        {"web", NULL, INT64_MAX, "cannot wait for service: invalid duration"},
    };
    struct with_daemon with;
    with_daemon_begin(&with, NULL, 0);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        assert_false(pebble_wait_service(with.client, cases[i].name, cases[i].goal, cases[i].timeout_ms, &with.error));
        with_daemon_assert_error(&with, PEBBLE_ERROR_ARGUMENT, cases[i].message);
    }
    with_daemon_end(&with);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_daemon_is_asked_once),
        cmocka_unit_test(the_time_may_pass),
        cmocka_unit_test(invalid_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
