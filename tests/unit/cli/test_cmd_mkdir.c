// SPDX-License-Identifier: GPL-3.0-or-later
#include "command_fixture.h"

#define GOOD                                                                                                           \
    { .result = "[{\"path\":\"/d\"}]" }

static void assert_sent(const struct cli_command *command, const char *const *arguments, const char *body) {
    const struct fake_response script[] = {GOOD};
    AUTO_PRINTED struct printed printed = {0};
    run_command(command, arguments, script, 1, &printed);
    assert_string_equal(error_text(&printed.err), "");
    assert_int_equal(printed.code, 0);
    assert_string_equal(printed.out, "");
    assert_true(text_has_suffix(printed.requests.items[0], body));
}

static void directories_are_made(void **state UNUSED) {
    assert_sent(&cmd_mkdir, ARGUMENTS("/d"), "{\"action\":\"make-dirs\",\"dirs\":[{\"path\":\"/d\"}]}");
    assert_sent(&cmd_mkdir, ARGUMENTS("-pm", "750", "--user", "u", "--group=g", "/d"),
                "[{\"path\":\"/d\",\"make-parents\":true,\"permissions\":\"750\",\"user\":\"u\",\"group\":\"g\"}]}");
    assert_sent(&cmd_mkdir, ARGUMENTS("-m", "1777", "/d"), "[{\"path\":\"/d\",\"permissions\":\"1777\"}]}");
}

static void paths_are_removed(void **state UNUSED) {
    assert_sent(&cmd_rm, ARGUMENTS("/d"), "{\"action\":\"remove\",\"paths\":[{\"path\":\"/d\"}]}");
    assert_sent(&cmd_rm, ARGUMENTS("/d", "-r"),
                "{\"action\":\"remove\",\"paths\":[{\"path\":\"/d\",\"recursive\":true}]}");
}

static void failures_are_reported(void **state UNUSED) {
    const struct fake_response script[] = {
        {.result = "[{\"path\":\"/d\",\"error\":{\"kind\":\"generic-file-error\",\"message\":\"mkdir /d: no\"}}]"}};
    AUTO_PRINTED struct printed printed = {0};
    run_command(&cmd_mkdir, ARGUMENTS("/d"), script, 1, &printed);
    assert_int_equal(printed.code, 1);
    assert_string_equal(error_text(&printed.err), "mkdir /d: no");
    run_command(&cmd_rm, ARGUMENTS("/d"), script, 1, &printed);
    assert_int_equal(printed.code, 1);
    run_command(&cmd_mkdir, ARGUMENTS("-m", "99", "/d"), script, 1, &printed);
    assert_string_equal(error_text(&printed.err), "invalid mode for directory: \"99\"");
    assert_int_equal(printed.requests.count, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(directories_are_made),
        cmocka_unit_test(paths_are_removed),
        cmocka_unit_test(failures_are_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
