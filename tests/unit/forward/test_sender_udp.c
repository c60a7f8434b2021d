// SPDX-License-Identifier: GPL-3.0-or-later
#include "sender_fixture.h"

static int peer;
static uint16_t port;

static int bind_and_set_up(void **state) {
    peer = bind_socket(SOCK_DGRAM, &port);
    return set_up_senders(state);
}

static int close_and_tear_down(void **state) {
    (void)tear_down_senders(state);
    return peer >= 0 ? close(peer) : 0;
}

static void create_to(const char *host) {
    AUTO_FREE char *location = memory_printf("udp://%s:%u", host, port);
    create(LOG_TARGET_SYSLOG, location);
}

static void assert_receives(const char *expected) {
    char text[256];
    ssize_t length = recv(peer, text, sizeof text - 1, 0);
    assert_true(length >= 0);
    text[length] = '\0';
    assert_string_equal(text, expected);
}

static void each_line_is_a_datagram(void **state UNUSED) {
    create_to("127.0.0.1");
    add_to_payload("one");
    add_to_payload("two");
    send_payload();
    assert_int_equal(seen.outcome, SEND_DONE);
    assert_receives("one");
    assert_receives("two");
    send_payload();
    assert_receives("one");
}

static void names_are_resolved(void **state UNUSED) {
    create_to("localhost");
    add_to_payload("one");
    send_payload();
    // It may be ::1, where nobody listens, and that cannot be known from datagrams.
    assert_true(seen.outcome == SEND_DONE || seen.message != NULL);
}

static void unknown_names_are_failures(void **state UNUSED) {
    create_to("no-such-name.invalid");
    add_to_payload("one");
    send_payload();
    assert_int_equal(seen.outcome, SEND_FAILED);
    assert_true(text_has_prefix(seen.message, "cannot connect to udp://no-such-name.invalid:"));
    assert_non_null(strstr(seen.message, ": dial udp: lookup no-such-name.invalid: "));
}

static void a_look_up_can_be_cancelled(void **state UNUSED) {
    create_to("no-such-name.invalid");
    add_to_payload("one");
    sender_start(sender, &payload);
    uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    sender_destroy(sender);
    sender = NULL;
    loop_run_pending(loop);
    assert_int_equal(seen.count, 0);
}

static void datagrams_that_are_too_large_are_dropped(void **state UNUSED) {
    AUTO_FREE char *large = memory_new(70000);
    memset(large, 'x', 70000 - 1);
    create_to("127.0.0.1");
    add_to_payload("one");
    add_to_payload(large);
    add_to_payload("three");
    send_payload();
    assert_int_equal(seen.outcome, SEND_DONE);
    assert_int_equal(seen.dropped, 1);
    assert_receives("one");
    assert_receives("three");
    payload.ends[0] = payload.text.length; // the large one is not the last
    payload.count = 1;
    send_payload();
    assert_int_equal(seen.dropped, 1);
}

static void sockets_are_in_the_budget(void **state UNUSED) {
    create_to("127.0.0.1");
    limit_descriptors(0);
    add_to_payload("one");
    send_payload();
    assert_int_equal(seen.outcome, SEND_FAILED);
    assert_true(text_has_suffix(seen.message, ": dial udp: socket: too many open files"));
    descriptor_budget_give_back(spec.descriptors, DESCRIPTORS_PROCESSES, 1);
    for (int i = 0; i < 2; i++) {
        send_payload();
        assert_int_equal(seen.outcome, SEND_DONE);
        assert_int_equal(descriptors_left(), 0);
    }
    sender_destroy(sender);
    sender = NULL;
    assert_int_equal(descriptors_left(), 1);
}

static void a_refusal_is_a_failure(void **state UNUSED) {
    create_to("127.0.0.1");
    (void)close(peer);
    peer = -1;
    add_to_payload("one");
    for (int i = 0; i < 2; i++) // the first one is answered with an ICMP message
        send_payload();
    assert_int_equal(seen.outcome, SEND_FAILED);
    assert_string_equal(seen.message, "cannot send syslogs: write udp: connection refused");
    send_payload(); // a new socket
    assert_int_equal(seen.outcome, SEND_DONE);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, bind_and_set_up, close_and_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(each_line_is_a_datagram),
        TEST(names_are_resolved),
        TEST(unknown_names_are_failures),
        TEST(a_look_up_can_be_cancelled),
        TEST(datagrams_that_are_too_large_are_dropped),
        TEST(sockets_are_in_the_budget),
        TEST(a_refusal_is_a_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
