// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

static const char layer[] = "services:\n  calm: {override: replace, command: run}\n";

static void a_signal_reaches_only_what_runs(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, layer);
    fixture_do(&fixture, SERVICE_START, "calm");
    struct service *service = fixture_service(&fixture, "calm");
    AUTO_ERROR struct error err = {0};
    assert_false(service_signal(service, "HUP", &err));
    assert_string_equal(error_text(&err), "invalid signal name \"HUP\"");
    assert_true(service_signal(service, "SIGHUP", NULL));
    fixture_do(&fixture, SERVICE_STOP, "calm");
    error_clear(&err);
    assert_false(service_signal(service, "SIGHUP", &err));
    assert_string_equal(error_text(&err), "service is not running");
    fixture_end(&fixture);
}

static void a_service_is_destroyed_in_any_state(void **state UNUSED) {
    static const char *const commands[] = {"run", "hang", "exit 1"};
    for (size_t i = 0; i < ARRAY_COUNT(commands); i++) {
        AUTO_FREE char *yaml = memory_printf("services:\n  one: {override: replace, command: %s}\n", commands[i]);
        struct fixture fixture;
        fixture_begin(&fixture, yaml);
        (void)fixture_ask(&fixture, SERVICE_START, "one");
        loop_run_pending(fixture.loop);
        fixture_end(&fixture);
        assert_true(list_is_empty(&fixture.processes));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signal_reaches_only_what_runs),
        cmocka_unit_test(a_service_is_destroyed_in_any_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
