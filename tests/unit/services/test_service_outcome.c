// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

static void assert_open(const struct fixture *fixture) {
    int code = -1;
    assert_false(service_manager_is_done(fixture->manager, &code));
    assert_int_equal(code, -1);
}

static void assert_done(const struct fixture *fixture, int expected) {
    int code = -1;
    assert_true(service_manager_is_done(fixture->manager, &code));
    assert_int_equal(code, expected);
}

static void nothing_is_done_at_once(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  a: {override: replace, command: run}\n");
    assert_done(&fixture, 0);
    fixture_end(&fixture);
}

static void it_is_open_while_something_is_to_do(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n"
                            "  a: {override: replace, command: run, type: oneshot, on-failure: restart}\n"
                            "  b: {override: replace, command: run, type: oneshot, wait-for: {a: completed}}\n");
    (void)fixture_ask(&fixture, SERVICE_START, "b");
    assert_open(&fixture); // the tasks have not begun
    loop_run_pending(fixture.loop);
    assert_open(&fixture); // a works, b waits
    process_end(fixture_service(&fixture, "a"), 1);
    assert_open(&fixture); // backoff
    loop_advance(fixture.loop, NS_PER_S);
    process_end(fixture_service(&fixture, "a"), 0);
    assert_open(&fixture);
    process_end(fixture_service(&fixture, "b"), 0);
    assert_done(&fixture, 0);
    fixture_end(&fixture);
}

static void the_first_failure_counts(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n"
                            "  a: {override: replace, command: run, type: oneshot}\n"
                            "  b: {override: replace, command: run, type: oneshot}\n"
                            "  c: {override: replace, command: unlaunchable}\n"
                            "  d: {override: replace, command: run, type: oneshot, wait-for: {b: completed}}\n");
    (void)fixture_ask(&fixture, SERVICE_START, "a");
    (void)fixture_ask(&fixture, SERVICE_START, "d");
    loop_run_pending(fixture.loop);
    process_end(fixture_service(&fixture, "b"), 7);
    assert_state(&fixture, "d", SERVICE_STOPPED);
    (void)fixture_ask(&fixture, SERVICE_START, "c");
    loop_run_pending(fixture.loop);
    process_end(fixture_service(&fixture, "a"), 5);
    assert_done(&fixture, 7);
    // One that is started again is another case.
    (void)fixture_ask(&fixture, SERVICE_START, "b");
    loop_run_pending(fixture.loop);
    process_end(fixture_service(&fixture, "b"), 0);
    assert_done(&fixture, 1); // d has waited in vain
    (void)fixture_ask(&fixture, SERVICE_START, "d");
    loop_run_pending(fixture.loop);
    process_end(fixture_service(&fixture, "d"), 0);
    assert_done(&fixture, 126);
    fixture_end(&fixture);
}

static void a_failure_is_never_0(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n"
                            "  a: {override: replace, command: immortal, type: oneshot, run-timeout: 5s}\n");
    (void)fixture_ask(&fixture, SERVICE_START, "a");
    loop_advance(fixture.loop, 5 * NS_PER_S);
    process_end(fixture_service(&fixture, "a"), 0);
    assert_done(&fixture, 1);
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_done_at_once),
        cmocka_unit_test(it_is_open_while_something_is_to_do),
        cmocka_unit_test(the_first_failure_counts),
        cmocka_unit_test(a_failure_is_never_0),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
