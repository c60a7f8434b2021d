// SPDX-License-Identifier: GPL-3.0-or-later
#include "command_fixture.h"

#define FINE                                                                                                           \
    "{\"name\":\"fine\",\"type\":\"syslog\",\"location\":\"udp://h:1\",\"pending\":0,\"sent\":12,\"dropped\":0}"
#define GONE                                                                                                           \
    "{\"name\":\"gone\",\"type\":\"loki\",\"location\":\"http://h/\",\"pending\":100,\"sent\":0,\"dropped\":7,"        \
    "\"last-error\":\"no\\nluck\",\"retry-at\":\"2026-01-02T03:04:05.6Z\"}"

static void targets_are_a_table(void **state UNUSED) {
    const struct fake_response script[] = {{.result = "[" FINE "," GONE "]"}};
    AUTO_PRINTED struct printed printed = {0};
    run_command(&cmd_log_targets, ARGUMENTS("--abs-time"), script, 1, &printed);
    assert_int_equal(printed.code, 0);
    assert_string_equal(printed.out, "Target  Type    Pending  Sent  Dropped  Retry                 Last error\n"
                                     "fine    syslog  0        12    0        -                     -\n"
                                     "gone    loki    100      0     7        2026-01-02T03:04:05Z  no\\nluck\n");
    assert_true(text_has_prefix(printed.requests.items[0], "1 GET /v1/log-targets "));
}

static void targets_are_a_document(void **state UNUSED) {
    const struct fake_response script[] = {{.result = "[" FINE "," GONE "]"}};
    AUTO_PRINTED struct printed printed = {0};
    run_command(&cmd_log_targets, ARGUMENTS("--format=json"), script, 1, &printed);
    assert_string_equal(printed.out, "{\"log-targets\":{\"fine\":" FINE ",\"gone\":" GONE "}}\n");
}

static void there_may_be_none(void **state UNUSED) {
    const struct fake_response script[] = {{.result = "[]"}};
    AUTO_PRINTED struct printed printed = {0};
    run_command(&cmd_log_targets, NO_ARGUMENTS, script, 1, &printed);
    assert_int_equal(printed.code, 0);
    assert_string_equal(printed.out, "");
    assert_string_equal(printed.errors, "Plan has no log targets.\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_are_a_table),
        cmocka_unit_test(targets_are_a_document),
        cmocka_unit_test(there_may_be_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
