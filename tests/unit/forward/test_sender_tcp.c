// SPDX-License-Identifier: GPL-3.0-or-later
#include "sender_fixture.h"

static int listener;

static int listen_and_set_up(void **state) {
    uint16_t port;
    (void)set_up_senders(state);
    listener = bind_socket(SOCK_STREAM, &port);
    AUTO_FREE char *location = memory_printf("tcp://127.0.0.1:%u", port);
    create(LOG_TARGET_SYSLOG, location);
    return 0;
}

static int close_and_tear_down(void **state) {
    (void)tear_down_senders(state);
    return listener >= 0 ? close(listener) : 0;
}

static void assert_receives(int fd, const char *expected) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    receive(fd, strlen(expected), &text);
    assert_string_equal(buffer_text(&text), expected);
}

static void payloads_share_a_connection(void **state UNUSED) {
    add_to_payload("first");
    sender_start(sender, &payload);
    int fd = accept_connection(listener);
    assert_receives(fd, "first");
    wait_for_count(1);
    assert_int_equal(seen.outcome, SEND_DONE);
    assert_null(seen.message);
    send_payload();
    assert_receives(fd, "first");
    assert_true(accept4(listener, NULL, NULL, SOCK_CLOEXEC) < 0 && errno == EAGAIN);
    (void)close(fd);
}

static void a_closed_connection_is_replaced(void **state UNUSED) {
    add_to_payload("x");
    send_payload();
    int fd = accept_connection(listener);
    assert_receives(fd, "x");
    (void)close(fd);
    loop_run_pending(loop);
    sender_start(sender, &payload);
    fd = accept_connection(listener);
    assert_receives(fd, "x");
    (void)close(fd);
}

static void a_refused_connection_is_a_failure(void **state UNUSED) {
    add_to_payload("x");
    (void)close(listener);
    listener = -1;
    send_payload();
    assert_int_equal(seen.outcome, SEND_FAILED);
    assert_true(text_has_prefix(seen.message, "cannot connect to tcp://127.0.0.1:"));
    assert_non_null(strstr(seen.message, ": dial tcp 127.0.0.1:"));
    assert_true(text_has_suffix(seen.message, "connection refused"));
}

// Fills the buffers of both sockets.
static void send_too_much(void) {
    AUTO_FREE char *text = memory_new(32 << 20);
    memset(text, 'x', (32 << 20) - 1);
    add_to_payload(text);
    sender_start(sender, &payload);
}

static void a_payload_is_done_when_all_is_written(void **state UNUSED) {
    send_too_much();
    int fd = accept_connection(listener);
    for (int i = 0; i < 20; i++)
        uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    assert_int_equal(seen.count, 0);
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    receive(fd, payload.text.length, &text);
    wait_for_count(1);
    assert_int_equal(seen.outcome, SEND_DONE);
    (void)close(fd);
}

static void a_connection_that_ends_meanwhile_is_a_failure(void **state UNUSED) {
    send_too_much();
    int fd = accept_connection(listener);
    (void)close(fd);
    wait_for_result();
    assert_int_equal(seen.outcome, SEND_FAILED);
    assert_true(text_has_prefix(seen.message, "cannot send syslogs: "));
}

static void sockets_are_in_the_budget(void **state UNUSED) {
    limit_descriptors(0);
    add_to_payload("x");
    send_payload();
    assert_int_equal(seen.outcome, SEND_FAILED);
    assert_true(text_has_suffix(seen.message, ": dial tcp: socket: too many open files"));
    descriptor_budget_give_back(spec.descriptors, DESCRIPTORS_PROCESSES, 1);
    sender_start(sender, &payload);
    assert_int_equal(descriptors_left(), 0);
    int fd = accept_connection(listener);
    assert_receives(fd, "x");
    (void)close(fd);
    while (descriptors_left() == 0)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    (void)close(listener);
    listener = -1;
    send_payload();
    assert_int_equal(seen.outcome, SEND_FAILED);
    assert_int_equal(descriptors_left(), 1);
}

static void destroying_cancels(void **state UNUSED) {
    send_too_much();
    sender_destroy(sender); // while it connects
    sender = NULL;
    loop_run_pending(loop);
    assert_int_equal(seen.count, 0);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, listen_and_set_up, close_and_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(payloads_share_a_connection),
        TEST(a_closed_connection_is_replaced),
        TEST(a_refused_connection_is_a_failure),
        TEST(a_payload_is_done_when_all_is_written),
        TEST(a_connection_that_ends_meanwhile_is_a_failure),
        TEST(sockets_are_in_the_budget),
        TEST(destroying_cancels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
