// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

static const char targets[] = "services:\n"
                              "  lark: {override: replace, command: x}\n"
                              "log-targets:\n"
                              "  b: {override: replace, type: syslog, location: 'tcp://u:p@h', services: [all]}\n"
                              "  a: {override: replace, type: loki, location: 'http://h/<x>', services: []}\n";

static void targets_are_listed(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    assert_response(&fixture, "GET /v1/log-targets", "", 200, "\"result\":[]");
    ring_append(log_store_open(fixture.logs, "lark"), "line\n", 5, 0);
    fixture_add_layer(&fixture, targets);
    assert_response(&fixture, "GET /v1/log-targets", "", 200,
                    "\"result\":[{\"name\":\"a\",\"type\":\"loki\",\"location\":\"http://h/\\u003cx\\u003e\","
                    "\"pending\":0,\"sent\":0,\"dropped\":0},{\"name\":\"b\",\"type\":\"syslog\",\"location\":"
                    "\"tcp://h/\",\"pending\":1,\"sent\":0,\"dropped\":0}]");
    fixture_end(&fixture);
}

static void failures_are_shown(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    ring_append(log_store_open(fixture.logs, "lark"), "line\n", 5, 0);
    fixture_add_layer(&fixture, targets);
    fixture_add_layer(&fixture, ""); // what has been gathered is sent at each change of the plan
    loop_run_pending(fixture.loop);
    assert_response(
        &fixture, "GET /v1/log-targets", "", 200,
        "\"last-error\":\"cannot connect to tcp://h: dial tcp: address h: missing port in address\",\"retry-at\":\"20");
    assert_response(&fixture, "POST /v1/log-targets", "{}", 405, "method \\\"POST\\\" not allowed");
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_are_listed),
        cmocka_unit_test(failures_are_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
