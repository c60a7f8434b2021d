// SPDX-License-Identifier: GPL-3.0-or-later
#include "sender_fixture.h"

static void unusable_locations_are_failures(void **state UNUSED) {
    static const struct {
        enum log_target_type type;
        const char *location, *message;
    } cases[] = {
        {LOG_TARGET_SYSLOG, "tcp://127.0.0.1",
         "cannot connect to tcp://127.0.0.1: dial tcp: address 127.0.0.1: missing port in address"},
        {LOG_TARGET_SYSLOG, "127.0.0.1", "location of a syslog target must begin with \"tcp://\" or \"udp://\""},
        {LOG_TARGET_SYSLOG, "(removed)", "location of a syslog target must begin with \"tcp://\" or \"udp://\""},
        {LOG_TARGET_SYSLOG, "tcp://h:x", "parse \"tcp://h:x\": invalid port \":x\" after host"},
        {LOG_TARGET_LOKI, "(removed)", "Post \"(removed)\": unsupported protocol scheme \"\""},
        {LOG_TARGET_OPENTELEMETRY, "h", "cannot send logs: Post \"h/v1/logs\": unsupported protocol scheme \"\""},
    };
    add_to_payload("x");
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        create(cases[i].type, cases[i].location);
        send_payload();
        assert_int_equal(seen.outcome, SEND_FAILED);
        assert_string_equal(seen.message, cases[i].message);
        sender_destroy(sender);
        sender = NULL;
    }
}

static void encoders_follow_from_the_location(void **state UNUSED) {
    static const struct {
        enum log_target_type type;
        const char *location;
        const struct encoder *encoder;
    } cases[] = {
        {LOG_TARGET_SYSLOG, "tcp://h:1", &syslog_encoder},
        {LOG_TARGET_SYSLOG, "udp://h:1", &syslog_datagram_encoder},
        {LOG_TARGET_LOKI, "http://h", &loki_encoder},
        {LOG_TARGET_OPENTELEMETRY, "http://h", &opentelemetry_encoder},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        create(cases[i].type, cases[i].location);
        assert_ptr_equal(sender->class->encoder, cases[i].encoder);
        sender_destroy(sender);
        sender = NULL;
    }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_senders, tear_down_senders)
    const struct CMUnitTest tests[] = {TEST(unusable_locations_are_failures), TEST(encoders_follow_from_the_location)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
