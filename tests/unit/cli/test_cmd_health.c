// SPDX-License-Identifier: GPL-3.0-or-later
#include "command_fixture.h"

static void health_is_printed_and_returned(void **state UNUSED) {
    const struct fake_response good[] = {{.result = "{\"healthy\":true}"}};
    const struct fake_response bad[] = {
        {.json = "{\"type\":\"sync\",\"status-code\":502,\"result\":{\"healthy\":false}}", .status = 502}};
    AUTO_PRINTED struct printed printed = {0};
    run_command(&cmd_health, NO_ARGUMENTS, good, 1, &printed);
    assert_string_equal(printed.out, "healthy\n");
    assert_int_equal(printed.code, 0);
    run_command(&cmd_health, ARGUMENTS("--level=ready", "a", "b"), bad, 1, &printed);
    assert_string_equal(printed.out, "unhealthy\n");
    assert_int_equal(printed.code, 1);
    assert_true(text_has_prefix(printed.requests.items[0], "1 GET /v1/health?level=ready&names=a&names=b HTTP/1.1"));
    run_command(&cmd_health, ARGUMENTS("--format=yaml"), bad, 1, &printed);
    assert_string_equal(printed.out, "healthy: false\n");
    assert_int_equal(printed.code, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(health_is_printed_and_returned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
