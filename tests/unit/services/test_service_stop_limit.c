// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

static int64_t limit_of(const char *layer, const char *const *started) {
    struct fixture fixture;
    int64_t limit_ns = 0;
    fixture_begin(&fixture, layer);
    for (size_t i = 0; started[i] != NULL; i++)
        (void)fixture_ask(&fixture, SERVICE_START, started[i]);
    loop_advance(fixture.loop, 2 * NS_PER_S);
    (void)service_manager_stop_all(fixture.manager, &limit_ns);
    fixture_end(&fixture);
    return limit_ns / NS_PER_MS;
}

static void services_apart_stop_at_once(void **state UNUSED) {
    static const char layer[] = "services:\n"
                                "  a: {override: replace, command: run, kill-delay: 30s}\n"
                                "  b: {override: replace, command: run, kill-delay: 1s}\n"
                                "  c: {override: replace, command: run, kill-delay: 90s}\n";
    static const char *const none[] = {NULL}, *const two[] = {"a", "b", NULL}, *const short_one[] = {"b", NULL};
    assert_int_equal(limit_of(layer, none), 10100);
    assert_int_equal(limit_of(layer, short_one), 10100);
    assert_int_equal(limit_of(layer, two), 35100);
}

// Each has its own time.
static void a_lane_stops_one_after_the_other(void **state UNUSED) {
    static const char layer[] = "services:\n"
                                "  a: {override: replace, command: run, kill-delay: 10s}\n"
                                "  b: {override: replace, command: run, kill-delay: 20s, requires: [a], after: [a]}\n"
                                "  c: {override: replace, command: run, kill-delay: 30s, requires: [b], after: [b]}\n";
    static const char *const all[] = {"c", NULL}, *const one[] = {"a", NULL};
    assert_int_equal(limit_of(layer, all), 75100);
    assert_int_equal(limit_of(layer, one), 15100);
}

static void the_longest_chain_of_waits_counts(void **state UNUSED) {
    static const char layer[] = "services:\n"
                                "  d: {override: replace, command: run, kill-delay: 10s}\n"
                                "  a: {override: replace, command: run, kill-delay: 20s, wait-for: {d: started}}\n"
                                "  z: {override: replace, command: run, kill-delay: 40s, wait-for: {a: ready}}\n"
                                "  x: {override: replace, command: run, kill-delay: 50s, wait-for: {d: started}}\n"
                                "  e: {override: replace, command: run, kill-delay: 60s, wait-for: {j: exited}}\n"
                                "  j: {override: replace, command: exit 0, type: oneshot}\n";
    static const char *const all[] = {"z", "x", "e", NULL};
    assert_int_equal(limit_of(layer, all), 45000 + 25000 + 15000 + 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(services_apart_stop_at_once),
        cmocka_unit_test(a_lane_stops_one_after_the_other),
        cmocka_unit_test(the_longest_chain_of_waits_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
