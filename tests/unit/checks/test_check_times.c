// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

#define COUNT 1000

// The moment of the first probe after `from_ms`, to the millisecond; fails if there is none for a minute.
static int64_t next_probe_ms(struct fixture *fixture) {
    int started = fixture->started;
    for (int64_t ms = 0; ms < 60000; ms++) {
        if (fixture->started > started)
            return ms;
        loop_advance(fixture->loop, NS_PER_MS);
    }
    fail_msg("no probe in a minute");
    return 0;
}

static void first_run_is_after_a_period_and_an_offset(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "checks:\n  door: {override: replace, period: 20s, exec: {command: pass}}\n");
    int64_t first_ms = next_probe_ms(&fixture);
    assert_in_range(first_ms, 20000, 21001);
    assert_in_range(next_probe_ms(&fixture), 20000, 20001);
    assert_in_range(next_probe_ms(&fixture), 20000, 20001);
    fixture_end(&fixture);
}

static void many_checks_do_not_run_at_once(void **unused UNUSED) {
    struct fixture fixture;
    AUTO_BUFFER struct buffer yaml = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&yaml, "checks:\n");
    for (int i = 0; i < COUNT; i++)
        buffer_printf(&yaml, "  check-%d: {override: replace, period: 1s, exec: {command: pass}}\n", i);
    fixture_begin(&fixture, buffer_text(&yaml));
    loop_advance(fixture.loop, 999 * NS_PER_MS);
    assert_int_equal(fixture.started, 0);
    int most = 0;
    for (int i = 0; i < 11; i++) {
        int before = fixture.started;
        loop_advance(fixture.loop, 10 * NS_PER_MS);
        most = fixture.started - before > most ? fixture.started - before : most;
    }
    assert_int_equal(fixture.started, COUNT);
    assert_true(most < COUNT / 4);
    loop_advance(fixture.loop, 1000 * NS_PER_MS);
    assert_int_equal(fixture.started, 2 * COUNT);
    fixture_end(&fixture);
}

static void a_probe_has_a_deadline(void **unused UNUSED) {
    struct fixture fixture;
    struct refreshed refreshed;
    fixture_begin(&fixture, "checks:\n"
                            "  cut: {override: replace, period: 200ms, timeout: 1h, exec: {command: hang}}\n"
                            "  short: {override: replace, timeout: 150ms, exec: {command: hang}}\n");
    fixture_start_refresh(&fixture, "short", &refreshed);
    loop_advance(fixture.loop, 149 * NS_PER_MS);
    assert_int_equal(refreshed.calls, 0);
    loop_advance(fixture.loop, NS_PER_MS);
    assert_int_equal(refreshed.calls, 1);
    assert_string_equal(refreshed.failure, "check timed out after 150ms");
    assert_string_equal(log_line(&fixture, "2", 0), "ERROR check timed out after 150ms");
    assert_int_equal(fixture.cancelled, 1);
    fixture_start_refresh(&fixture, "cut", &refreshed);
    loop_advance(fixture.loop, 200 * NS_PER_MS);
    assert_string_equal(refreshed.failure, "check timed out after 200ms");
    fixture_end(&fixture);
}

static void a_probe_that_takes_the_whole_period_is_followed_by_one(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(
        &fixture,
        "checks:\n  door: {override: replace, period: 1s, timeout: 1s, threshold: 9, exec: {command: hang}}\n");
    loop_advance(fixture.loop, 1101 * NS_PER_MS);
    assert_int_equal(fixture.started, 1);
    loop_advance(fixture.loop, 5 * NS_PER_S);
    assert_in_range(fixture.started, 5, 6);
    assert_int_equal(list_count(&fixture.probes), 1);
    fixture_end(&fixture);
}

static void a_tiny_period_does_not_spin(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "checks:\n"
                            "  tiny: {override: replace, period: 1ns, threshold: 9000, exec: {command: pass}}\n");
    loop_advance(fixture.loop, 100 * NS_PER_MS);
    assert_in_range(fixture.started, 90, 110);
    fixture_end(&fixture);
}

static void the_longest_period_is_fine(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "checks:\n  door: {override: replace, period: 2562047h, exec: {command: pass}}\n");
    loop_advance(fixture.loop, 3600 * NS_PER_S);
    assert_int_equal(fixture.started, 0);
    fixture_end(&fixture);
}

// --- after a pause ---

// The daemon was stopped: the timer fires long after it was due.
static void pause_daemon(struct fixture *fixture, const char *name, int64_t duration_ns) {
    fixture_check(fixture, name)->due_ns -= duration_ns;
    fixture_check(fixture, name)->deadline_ns -= duration_ns;
}

static void late_checks_run_once_and_spread(void **unused UNUSED) {
    struct fixture fixture;
    AUTO_BUFFER struct buffer yaml = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&yaml, "checks:\n");
    for (int i = 0; i < COUNT; i++)
        buffer_printf(&yaml, "  check-%d: {override: replace, period: 10s, exec: {command: pass}}\n", i);
    fixture_begin(&fixture, buffer_text(&yaml));
    loop_advance(fixture.loop, 12 * NS_PER_S);
    assert_int_equal(fixture.started, COUNT);
    for (int i = 0; i < COUNT; i++) {
        AUTO_FREE char *name = memory_printf("check-%d", i);
        pause_daemon(&fixture, name, 3600 * NS_PER_S);
        timer_start(fixture_check(&fixture, name)->period, 0);
    }
    loop_run_pending(fixture.loop);
    assert_true(fixture.started < COUNT + COUNT / 10); // some offsets are tiny
    loop_advance(fixture.loop, 1001 * NS_PER_MS);
    assert_int_equal(fixture.started, 2 * COUNT);
    loop_advance(fixture.loop, 8 * NS_PER_S);
    assert_int_equal(fixture.started, 2 * COUNT);
    fixture_end(&fixture);
}

static void a_result_that_came_during_a_pause_counts(void **unused UNUSED) {
    struct fixture fixture;
    struct refreshed refreshed;
    fixture_begin(&fixture, "checks:\n  door: {override: replace, exec: {command: hang}}\n");
    fixture_start_refresh(&fixture, "door", &refreshed);
    pause_daemon(&fixture, "door", 3600 * NS_PER_S);
    loop_advance(fixture.loop, 3 * NS_PER_S);
    assert_int_equal(refreshed.calls, 0); // put off once
    loop_advance(fixture.loop, 100 * NS_PER_MS);
    assert_string_equal(refreshed.failure, "check timed out after 3s");
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_run_is_after_a_period_and_an_offset),
        cmocka_unit_test(many_checks_do_not_run_at_once),
        cmocka_unit_test(a_probe_has_a_deadline),
        cmocka_unit_test(a_probe_that_takes_the_whole_period_is_followed_by_one),
        cmocka_unit_test(a_tiny_period_does_not_spin),
        cmocka_unit_test(the_longest_period_is_fine),
        cmocka_unit_test(late_checks_run_once_and_spread),
        cmocka_unit_test(a_result_that_came_during_a_pause_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
