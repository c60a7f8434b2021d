// SPDX-License-Identifier: GPL-3.0-or-later
#include "connector_fixture.h"

static void start_hanging(int i) {
    AUTO_FREE char *name = memory_printf("hang%d", i);
    start(i, name, 1, 0);
}

static void one_name_is_resolved_once(void **state UNUSED) {
    uint16_t port = 0;
    AUTO_CLOSE int listener UNUSED = listen_at("127.0.0.1", &port);
    start(0, "hang", port, 0);
    start(1, "hang", port, 0);
    loop_run_pending(loop);
    gate_wait_for(1);
    start(2, "hang", port, 0);
    loop_run_pending(loop);
    gate_set_open(true);
    run_until_done(3);
    for (int i = 0; i < 3; i++)
        expect_stream(&outcomes[i]);
    assert_int_equal(gate.calls, 1);
    // The result is not kept.
    start(3, "hang", port, 0);
    run_until_done(4);
    assert_int_equal(gate.calls, 2);
}

static void one_may_give_up_before_another(void **state UNUSED) {
    uint16_t port = 0;
    AUTO_CLOSE int listener UNUSED = listen_at("127.0.0.1", &port);
    start(0, "hang", port, 10 * NS_PER_MS);
    start(1, "hang", port, 0);
    run_until_done(1);
    gate_set_open(true);
    run_until_done(2);
    expect_error(&outcomes[0], ERROR_TIMEOUT, "dial tcp: lookup hang: i/o timeout");
    expect_stream(&outcomes[1]);
}

// One that nobody waits for any more is good for those that come later.
static void hanging_lookup_can_be_joined(void **state UNUSED) {
    uint16_t port = 0;
    AUTO_CLOSE int listener UNUSED = listen_at("127.0.0.1", &port);
    start(0, "hang", port, 10 * NS_PER_MS);
    loop_run_pending(loop);
    gate_wait_for(1);
    run_until_done(1);
    start(1, "hang", port, 0);
    loop_run_pending(loop);
    gate_set_open(true);
    run_until_done(2);
    expect_stream(&outcomes[1]);
    assert_int_equal(gate.calls, 1);
}

static void occupy_all_threads(void) {
    for (int i = 0; i < RESOLVE_THREADS; i++)
        start_hanging(i);
    loop_run_pending(loop);
    gate_wait_for(RESOLVE_THREADS);
}

static void lookup_waits_while_others_hang(void **state UNUSED) {
    uint16_t port = 0;
    AUTO_CLOSE int listener UNUSED = listen_at("127.0.0.1", &port);
    occupy_all_threads();
    for (int i = 0; i < RESOLVE_THREADS; i++)
        connector_cancel(outcomes[i].attempt);
    start(10, "local", port, 0);
    // Addresses need none.
    start(11, "127.0.0.1", 1, 0);
    run_until_done(1);
    expect_error(&outcomes[11], ERROR_CONNECTION, "dial tcp 127.0.0.1:1: connect: connection refused");
    assert_int_equal(outcomes[10].calls, 0);
    gate_set_open(true);
    run_until_done(2);
    expect_stream(&outcomes[10]);
}

// Its name is the most frequent one, and it needs no server.
static void localhost_does_not_wait_for_others(void **state UNUSED) {
    uint16_t port = 0;
    AUTO_CLOSE int listener UNUSED = listen_at("127.0.0.1", &port);
    occupy_all_threads();
    start(10, "localhost", port, 0);
    start(11, "localhost", port, 0);
    run_until_done(2);
    expect_stream(&outcomes[10]);
    expect_stream(&outcomes[11]);
}

static void few_lookups_may_wait(void **state UNUSED) {
    const int limit = RESOLVE_THREADS + (int)RESOLVE_QUEUE_MAX;
    for (int i = 0; i <= limit; i++)
        start_hanging(i);
    run_until_done(1);
    AUTO_FREE char *message = memory_printf("dial tcp: lookup hang%d: too much work for resolve is waiting", limit);
    expect_error(&outcomes[limit], ERROR_UNAVAILABLE, message);
}

// Those that wait for a thread do not hang: they are not begun at all.
static void waiting_lookup_can_be_cancelled(void **state UNUSED) {
    occupy_all_threads();
    start(20, "local", 1, 0);
    start(21, "two", 1, 10 * NS_PER_MS);
    loop_run_pending(loop);
    connector_cancel(outcomes[20].attempt);
    run_until_done(1);
    expect_error(&outcomes[21], ERROR_TIMEOUT, "dial tcp: lookup two: i/o timeout");
    loop_run_pending(loop);
    assert_int_equal(list_count(&connector->lookups), RESOLVE_THREADS);
    gate_set_open(true);
    run_until_done(1 + RESOLVE_THREADS);
    assert_int_equal(gate.calls, RESOLVE_THREADS);
    assert_int_equal(outcomes[20].calls, 0);
}

int main(void) {
    alarm(60);
    const struct CMUnitTest tests[] = {
        TEST(one_name_is_resolved_once),          TEST(one_may_give_up_before_another),
        TEST(hanging_lookup_can_be_joined),       TEST(lookup_waits_while_others_hang),
        TEST(localhost_does_not_wait_for_others), TEST(few_lookups_may_wait),
        TEST(waiting_lookup_can_be_cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
