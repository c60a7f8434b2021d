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

static void stop_limit_follows_the_longest_kill_delay(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  a: {override: replace, command: run, kill-delay: 30s}\n");
    assert_int_equal(service_manager_stop_limit_ns(fixture.manager), 10100 * NS_PER_MS);
    fixture_do(&fixture, SERVICE_START, "a");
    assert_int_equal(service_manager_stop_limit_ns(fixture.manager), 35100 * NS_PER_MS);
    fixture_end(&fixture);
}

// Those that wait for others stop before them.
static void stop_limit_follows_the_longest_chain(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  db: {override: replace, command: stubborn, kill-delay: 4s}\n"
                            "  app: {override: replace, command: stubborn, kill-delay: 3s, wait-for: {db: ready}}\n"
                            "  web: {override: replace, command: immortal, kill-delay: 20s, wait-for: {app: ready}}\n"
                            "  job: {override: replace, command: run, kill-delay: 30s, wait-for: {db: exited}}\n");
    fixture_do(&fixture, SERVICE_START, "web");
    assert_int_equal(service_manager_stop_limit_ns(fixture.manager), (25 + 8 + 4) * NS_PER_S + 5100 * NS_PER_MS);
    struct change *change = service_manager_stop_all(fixture.manager);
    loop_advance(fixture.loop, service_manager_stop_limit_ns(fixture.manager));
    assert_true(change_is_ready(change));
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(services_are_listed_by_name),
        cmocka_unit_test(signal_reports_each_that_cannot_be_reached),
        cmocka_unit_test(stop_limit_follows_the_longest_kill_delay),
        cmocka_unit_test(stop_limit_follows_the_longest_chain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
