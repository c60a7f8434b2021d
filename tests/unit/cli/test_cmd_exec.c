// SPDX-License-Identifier: GPL-3.0-or-later
#include "command_fixture.h"

static const char refusal[] = "{\"type\":\"error\",\"status-code\":400,\"result\":{\"message\":\"no\"}}";

// The body that is sent for the arguments. The daemon refuses it.
static void assert_body(const char *const *arguments, const char *expected) {
    const struct fake_response script[] = {{.json = refusal, .status = 400}};
    AUTO_PRINTED struct printed printed = {0};
    AUTO_FREE char *end = memory_printf("\r\n\r\n%s", expected);
    run_command(&cmd_exec, arguments, script, 1, &printed);
    assert_int_equal(printed.code, 1);
    assert_string_equal(error_text(&printed.err), "no");
    assert_true(text_has_prefix(printed.requests.items[0], "1 POST /v1/exec HTTP/1.1\r\n"));
    if (!text_has_suffix(printed.requests.items[0], end))
        fail_msg("the request is %s", printed.requests.items[0]);
}

static void options_are_sent(void **state UNUSED) {
    (void)unsetenv("TERM");
    assert_body(ARGUMENTS("true"), "{\"command\":[\"true\"],\"split-stderr\":true}");
    assert_body(ARGUMENTS("-w", "/srv", "--timeout=1m", "--context", "web", "--uid=1", "--gid", "0", "--user=a",
                          "--group=b", "-t", "-i", "sh", "-c", "--timeout"),
                "{\"command\":[\"sh\",\"-c\",\"--timeout\"],\"service-context\":\"web\",\"working-dir\":\"/srv\","
                "\"timeout\":\"1m0s\",\"user-id\":1,\"user\":\"a\",\"group-id\":0,\"group\":\"b\",\"terminal\":true,"
                "\"interactive\":true,\"split-stderr\":true}");
    assert_body(ARGUMENTS("-T", "-I", "--", "-x"), "{\"command\":[\"-x\"],\"split-stderr\":true}");
}

static void environment_is_sent(void **state UNUSED) {
    (void)setenv("TERM", "vt100", 1);
    assert_body(ARGUMENTS("--env", "A=1", "--env", "B", "--env=C=x=y", "--env", "A=2", "true"),
                "{\"command\":[\"true\"],\"environment\":{\"TERM\":\"vt100\",\"B\":\"\",\"C\":\"x=y\",\"A\":\"2\"},"
                "\"split-stderr\":true}");
    assert_body(ARGUMENTS("--env", "TERM=", "true"),
                "{\"command\":[\"true\"],\"environment\":{\"TERM\":\"\"},\"split-stderr\":true}");
    (void)unsetenv("TERM");
}

static void contradictions_are_refused(void **state UNUSED) {
    AUTO_PRINTED struct printed printed = {0};
    run_command(&cmd_exec, ARGUMENTS("-t", "-T", "true"), NULL, 0, &printed);
    assert_string_equal(error_text(&printed.err), "cannot use -t and -T at the same time");
    run_command(&cmd_exec, ARGUMENTS("-I", "-i", "true"), NULL, 0, &printed);
    assert_string_equal(error_text(&printed.err), "cannot use -i and -I at the same time");
    assert_int_equal(printed.code, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_sent),
        cmocka_unit_test(environment_is_sent),
        cmocka_unit_test(contradictions_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
