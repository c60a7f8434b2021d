// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

#include "services/service_check_watch_internal.h"

#define PLAN                                                                                                           \
    "services:\n  one: {override: replace, command: run}\n"                                                            \
    "checks:\n  slow: {override: replace, tcp: {port: 1}, period: 10s, timeout: 2s}\n"                                 \
    "  fast: {override: replace, tcp: {port: 1}, period: 100ms}\n"

static void on_check_passed(void *data) {
    (*(int *)data)++;
}

static void probes_go_on_until_one_passes(void **state UNUSED) {
    static const struct {
        const char *check;
        int64_t period_ns;
    } cases[] = {{"slow", NS_PER_S}, {"fast", 100 * NS_PER_MS}};
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct fixture fixture;
        int passed = 0;
        fixture_begin(&fixture, PLAN);
        fixture.failing_probes = 2;
        struct check_watch *watch = check_watch_create(fixture.manager, cases[i].check, on_check_passed, &passed);
        assert_int_equal(fixture.probe_count, 1); // at once
        loop_run_pending(fixture.loop);
        loop_advance(fixture.loop, cases[i].period_ns);
        assert_int_equal(fixture.probe_count, 2);
        assert_int_equal(passed, 0);
        loop_advance(fixture.loop, cases[i].period_ns);
        assert_int_equal(passed, 1);
        loop_advance(fixture.loop, 100 * NS_PER_S);
        assert_int_equal(fixture.probe_count, 3);
        check_watch_destroy(watch);
        fixture_end(&fixture);
    }
}

static void a_probe_has_a_limit(void **state UNUSED) {
    struct fixture fixture;
    int passed = 0;
    fixture_begin(&fixture, PLAN);
    fixture.are_probes_hung = true;
    struct check_watch *watch = check_watch_create(fixture.manager, "slow", on_check_passed, &passed);
    loop_advance(fixture.loop, 2 * NS_PER_S);
    assert_true(list_is_empty(&fixture.probes));
    loop_advance(fixture.loop, NS_PER_S);
    assert_int_equal(fixture.probe_count, 2);
    check_watch_destroy(watch); // with its probe
    check_watch_destroy(NULL);
    fixture_end(&fixture);
}

static void a_check_may_come_and_go(void **state UNUSED) {
    struct fixture fixture;
    int passed = 0;
    fixture_begin(&fixture, PLAN);
    struct check_watch *watch = check_watch_create(fixture.manager, "later", on_check_passed, &passed);
    loop_advance(fixture.loop, 5 * NS_PER_S);
    assert_int_equal(fixture.probe_count, 0);
    fixture_set_plan(&fixture, PLAN "  later: {override: replace, tcp: {port: 1}}\n");
    loop_advance(fixture.loop, NS_PER_S);
    assert_int_equal(passed, 1);
    check_watch_destroy(watch);
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(probes_go_on_until_one_passes),
        cmocka_unit_test(a_probe_has_a_limit),
        cmocka_unit_test(a_check_may_come_and_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
