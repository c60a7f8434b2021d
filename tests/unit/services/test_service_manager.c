// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

static void add_line(const struct service_info *info, void *data) {
    buffer_printf(data, "%s:%s:%s:%d ", info->name, info->is_enabled ? "enabled" : "disabled", info->status,
                  info->since != NULL);
}

static void services_are_listed_by_name(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  b: {override: replace, command: run, startup: enabled}\n"
                            "  a: {override: replace, command: run}\n");
    AUTO_BUFFER struct buffer all = BUFFER_INIT(BUFFER_NO_LIMIT);
    service_manager_list(fixture.manager, NULL, add_line, &all);
    assert_string_equal(buffer_text(&all), "a:disabled:inactive:0 b:enabled:inactive:0 ");
    AUTO_TEXT_LIST struct text_list names = {0};
    text_list_add(&names, "b");
    text_list_add(&names, "unknown");
    text_list_add(&names, "b");
    AUTO_BUFFER struct buffer some = BUFFER_INIT(BUFFER_NO_LIMIT);
    service_manager_list(fixture.manager, &names, add_line, &some);
    assert_string_equal(buffer_text(&some), "b:enabled:inactive:0 ");
    fixture_end(&fixture);
}

static bool has_new_version(struct fixture *fixture, uint64_t *version) {
    uint64_t before = *version;
    *version = service_manager_list_version(fixture->manager);
    return *version != before;
}

static void list_version_changes_with_plan_state_and_time(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  a: {override: replace, command: run}\n  b: {override: replace, command: "
                            "missing}\n");
    uint64_t version = 0;
    assert_true(has_new_version(&fixture, &version));
    assert_false(has_new_version(&fixture, &version));
    fixture_do(&fixture, SERVICE_START, "a");
    assert_true(has_new_version(&fixture, &version));
    fixture_do(&fixture, SERVICE_START, "b"); // fails; only its time changes
    assert_true(has_new_version(&fixture, &version));
    fixture_do(&fixture, SERVICE_STOP, "a");
    assert_true(has_new_version(&fixture, &version));
    fixture_set_plan(&fixture, "services: {}\n");
    assert_true(has_new_version(&fixture, &version));
    fixture_end(&fixture);
}

static void extended_services_are_known(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  a: {override: replace, command: run}\n");
    assert_false(service_manager_has_extended(fixture.manager));
    fixture_set_plan(&fixture, "services:\n  a: {override: replace, command: run, type: oneshot}\n");
    assert_true(service_manager_has_extended(fixture.manager));
    fixture_end(&fixture);
}

static void signal_reports_each_that_cannot_be_reached(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  a: {override: replace, command: run}\n");
    AUTO_TEXT_LIST struct text_list names = {0};
    text_list_add(&names, "a");
    text_list_add(&names, "gh\"ost");
    AUTO_ERROR struct error err = {0};
    assert_false(service_manager_signal(fixture.manager, &names, "SIGHUP", &err));
    assert_string_equal(error_text(&err), "cannot send signal to \"a\": service is not running; "
                                          "cannot send signal to \"gh\\\"ost\": service is not running");
    fixture_end(&fixture);
}

static void what_survives_is_killed(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture,
                  "services:\n  a: {override: replace, command: immortal}\n  b: {override: replace, command: run}\n");
    fixture_do(&fixture, SERVICE_START, "a");
    service_manager_kill_all(fixture.manager);
    assert_int_equal(fixture.last_signal, SIGKILL);
    assert_true(fixture.was_group_signalled);
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(services_are_listed_by_name), cmocka_unit_test(list_version_changes_with_plan_state_and_time),
        cmocka_unit_test(extended_services_are_known), cmocka_unit_test(signal_reports_each_that_cannot_be_reached),
        cmocka_unit_test(what_survives_is_killed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
