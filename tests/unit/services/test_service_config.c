// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

static void the_configuration_is_that_of_the_last_start(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  one: {override: replace, command: run, kill-delay: 3s}\n");
    fixture_do(&fixture, SERVICE_START, "one");
    struct service *service = fixture_service(&fixture, "one");
    assert_int_equal(service_kill_delay_ns(service), 3 * NS_PER_S);
    fixture_set_plan(&fixture, "services:\n  one: {override: replace, command: run}\n");
    assert_int_equal(service_kill_delay_ns(service), 3 * NS_PER_S);
    service_configure(service, fixture.plan, plan_find_service(fixture.plan, "one"));
    assert_int_equal(service_kill_delay_ns(service), 5 * NS_PER_S);
    assert_null(service->workload);
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_configuration_is_that_of_the_last_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
