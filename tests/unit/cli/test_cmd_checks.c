// SPDX-License-Identifier: GPL-3.0-or-later
#include "command_fixture.h"

#define UP                                                                                                             \
    "{\"name\":\"up\",\"level\":\"alive\",\"startup\":\"enabled\",\"status\":\"up\",\"successes\":4,\"threshold\":3,"  \
    "\"change-id\":\"1\"}"
#define DOWN                                                                                                           \
    "{\"name\":\"down\",\"startup\":\"enabled\",\"status\":\"down\",\"successes\":0,\"failures\":2,\"threshold\":2,"   \
    "\"change-id\":\"3\",\"prev-change-id\":\"2\"}"
#define STOPPED                                                                                                        \
    "{\"name\":\"down\",\"startup\":\"enabled\",\"status\":\"inactive\",\"successes\":0,\"failures\":2,"               \
    "\"threshold\":2,\"prev-change-id\":\"2\"}"
#define IDLE "{\"name\":\"idle\",\"startup\":\"disabled\",\"status\":\"inactive\",\"successes\":0,\"threshold\":3}"
#define CHANGE(id, log) "{\"id\":\"" id "\",\"tasks\":[{\"id\":\"1\"" log "}]}"
#define NO_LOG ""
#define LOG(line) ",\"log\":[\"2026-01-02T03:04:05Z ERROR old\",\"2026-01-02T03:04:05Z ERROR " line "\"]"

static void checks_are_a_table(void **state UNUSED) {
    const struct fake_response script[] = {{.result = "[" DOWN "," IDLE "," UP "]"},
                                           {.result = CHANGE("3", NO_LOG)},
                                           {.result = CHANGE("2", LOG("a\\nb"))}};
    AUTO_PRINTED struct printed printed = {0};
    run_command(&cmd_checks, NO_ARGUMENTS, script, 3, &printed);
    assert_int_equal(printed.code, 0);
    assert_string_equal(printed.out, "Check  Level  Startup   Status    Successes  Failures  Change\n"
                                     "down   -      enabled   down      0          2/2       3 (a\\nb)\n"
                                     "idle   -      disabled  inactive  -          -         -\n"
                                     "up     alive  enabled   up        4          0/3       1\n");
    assert_true(text_has_prefix(printed.requests.items[1], "1 GET /v1/changes/3 "));
    assert_true(text_has_prefix(printed.requests.items[2], "1 GET /v1/changes/2 "));
}

static void assert_change_cell(const char *line, const char *expected) {
    AUTO_FREE char *change =
        memory_printf("{\"id\":\"3\",\"tasks\":[{\"log\":[\"2026-01-02T03:04:05Z ERROR %s\"]}]}", line);
    const struct fake_response script[] = {{.result = "[" DOWN "]"}, {.result = change}};
    AUTO_PRINTED struct printed printed = {0};
    run_command(&cmd_checks, NO_ARGUMENTS, script, 2, &printed);
    AUTO_FREE char *end = memory_printf("  3 (%s)\n", expected);
    if (!text_has_suffix(printed.out, end))
        fail_msg("\"%s\" is not at the end of \"%s\"", end, printed.out);
}

static void long_failures_are_shortened(void **state UNUSED) {
    char text[72] = "";
    memset(text, 'x', 70);
    assert_change_cell(text, text);
    text[70] = 'x';
    assert_change_cell(text, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx... run \"pebble tasks 3\" for more");
    memcpy(text + 36, "\xC3\xA4", 2); // across the cut
    assert_change_cell(text, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx... run \"pebble tasks 3\" for more");
}

static void a_change_that_is_gone_is_reported_in_its_cell(void **state UNUSED) {
    const struct fake_response script[] = {
        {.result = "[" DOWN "]"},
        {.json = "{\"type\":\"error\",\"status-code\":404,\"result\":{\"message\":\"cannot find it\"}}",
         .status = 404}};
    AUTO_PRINTED struct printed printed = {0};
    run_command(&cmd_checks, NO_ARGUMENTS, script, 2, &printed);
    assert_int_equal(printed.code, 0);
    assert_true(text_has_suffix(printed.out, "  3 (cannot find it)\n"));
}

static void empty_lists_are_explained(void **state UNUSED) {
    const struct fake_response script[] = {{.result = "[]"}};
    AUTO_PRINTED struct printed printed = {0};
    run_command(&cmd_checks, NO_ARGUMENTS, script, 1, &printed);
    assert_string_equal(printed.errors, "Plan has no health checks.\n");
    run_command(&cmd_checks, ARGUMENTS("x"), script, 1, &printed);
    assert_string_equal(printed.errors, "No matching health checks.\n");
    run_command(&cmd_checks, ARGUMENTS("--level=alive"), script, 1, &printed);
    assert_string_equal(printed.errors, "No matching health checks.\n");
    assert_int_equal(printed.code, 0);
    assert_string_equal(printed.out, "");
    run_command(&cmd_checks, ARGUMENTS("--format=yaml"), script, 1, &printed);
    assert_string_equal(printed.out, "checks: {}\n");
}

static void checks_have_other_formats(void **state UNUSED) {
    const struct fake_response script[] = {{.result = "[" IDLE "," UP "]"}};
    AUTO_PRINTED struct printed printed = {0};
    run_command(&cmd_checks, ARGUMENTS("--format=yaml"), script, 1, &printed);
    assert_string_equal(printed.out, "checks:\n"
                                     "    idle:\n"
                                     "        name: idle\n"
                                     "        startup: disabled\n"
                                     "        status: inactive\n"
                                     "        successes: 0\n"
                                     "        failures: 0\n"
                                     "        threshold: 3\n"
                                     "    up:\n"
                                     "        name: up\n"
                                     "        level: alive\n"
                                     "        startup: enabled\n"
                                     "        status: up\n"
                                     "        successes: 4\n"
                                     "        failures: 0\n"
                                     "        threshold: 3\n"
                                     "        change-id: \"1\"\n");
}

static void a_daemon_may_have_no_count_of_successes(void **state UNUSED) {
    const struct fake_response script[] = {
        {.result = "[{\"name\":\"a\",\"startup\":\"enabled\",\"status\":\"up\",\"threshold\":3,\"change-id\":\"1\"},"
                   "{\"name\":\"b\",\"startup\":\"enabled\",\"status\":\"inactive\",\"threshold\":3}]"}};
    AUTO_PRINTED struct printed printed = {0};
    run_command(&cmd_checks, NO_ARGUMENTS, script, 1, &printed);
    assert_string_equal(printed.out, "Check  Level  Startup  Status    Successes  Failures  Change\n"
                                     "a      -      enabled  up        ?          0/3       1\n"
                                     "b      -      enabled  inactive  ?          -         -\n");
    run_command(&cmd_checks, ARGUMENTS("--format=json"), script, 1, &printed);
    assert_non_null(strstr(printed.out, "\"status\":\"up\",\"failures\":0,"));
    run_command(&cmd_check, ARGUMENTS("a"), script, 1, &printed);
    assert_string_equal(printed.out, "name: a\n"
                                     "startup: enabled\n"
                                     "status: up\n"
                                     "failures: 0\n"
                                     "threshold: 3\n"
                                     "change-id: \"1\"\n");
}

static void a_check_is_shown_with_its_log(void **state UNUSED) {
    const struct fake_response script[] = {{.result = "[" DOWN "]"}, {.result = CHANGE("3", LOG("new"))}};
    AUTO_PRINTED struct printed printed = {0};
    run_command(&cmd_check, ARGUMENTS("down"), script, 2, &printed);
    assert_int_equal(printed.code, 0);
    assert_string_equal(printed.out, "name: down\n"
                                     "startup: enabled\n"
                                     "status: down\n"
                                     "successes: 0\n"
                                     "failures: 2\n"
                                     "threshold: 2\n"
                                     "change-id: \"3\"\n"
                                     "prev-change-id: \"2\"\n"
                                     "logs: |\n"
                                     "    2026-01-02T03:04:05Z ERROR old\n"
                                     "    2026-01-02T03:04:05Z ERROR new\n");
}

static void a_stopped_check_is_shown_without_logs(void **state UNUSED) {
    const struct fake_response script[] = {{.result = "[" STOPPED "]"}, {.result = CHANGE("2", LOG("old"))}};
    AUTO_PRINTED struct printed printed = {0};
    run_command(&cmd_check, ARGUMENTS("down"), script, 2, &printed);
    assert_int_equal(printed.code, 0);
    assert_string_equal(printed.out, "name: down\n"
                                     "startup: enabled\n"
                                     "status: inactive\n"
                                     "successes: 0\n"
                                     "failures: 2\n"
                                     "threshold: 2\n"
                                     "prev-change-id: \"2\"\n");
    assert_int_equal(printed.requests.count, 1);
    run_command(&cmd_checks, NO_ARGUMENTS, script, 2, &printed);
    assert_string_equal(printed.out, "Check  Level  Startup  Status    Successes  Failures  Change\n"
                                     "down   -      enabled  inactive  -          -         -\n");
    assert_int_equal(printed.requests.count, 1);
}

static void a_log_that_cannot_be_fetched_is_an_error(void **state UNUSED) {
    const struct fake_response refused = {
        .json = "{\"type\":\"error\",\"status-code\":404,\"result\":{\"message\":\"cannot find it\"}}", .status = 404};
    const struct fake_response current[] = {{.result = "[" DOWN "]"}, refused};
    const struct fake_response previous[] = {{.result = "[" DOWN "]"}, {.result = CHANGE("3", NO_LOG)}, refused};
    const struct fake_response refreshed[] = {{.result = "{\"info\":" DOWN ",\"error\":\"exit status 7\"}"}, refused};
    AUTO_PRINTED struct printed printed = {0};
    run_command(&cmd_check, ARGUMENTS("down"), current, 2, &printed);
    assert_int_equal(printed.code, 1);
    assert_string_equal(printed.out, "");
    assert_string_equal(error_text(&printed.err), "cannot get task logs for change 3: cannot find it");
    run_command(&cmd_check, ARGUMENTS("down"), previous, 3, &printed);
    assert_string_equal(error_text(&printed.err), "cannot get task logs for change 2: cannot find it");
    run_command(&cmd_check, ARGUMENTS("--refresh", "down"), refreshed, 2, &printed);
    assert_string_equal(error_text(&printed.err), "cannot get task logs for change 3: cannot find it");
    assert_int_equal(printed.code, 1);
}

static void a_check_may_be_refreshed(void **state UNUSED) {
    const struct fake_response script[] = {{.result = "{\"info\":" IDLE ",\"error\":\"exit status 7\"}"}};
    AUTO_PRINTED struct printed printed = {0};
    run_command(&cmd_check, ARGUMENTS("--refresh", "idle"), script, 1, &printed);
    assert_true(text_has_suffix(printed.out, "threshold: 3\nerror: exit status 7\n"));
    run_command(&cmd_check, ARGUMENTS("--refresh", "idle", "--format=json"), script, 1, &printed);
    assert_true(text_has_suffix(printed.out, "\"threshold\":3,\"error\":\"exit status 7\"}\n"));
    assert_int_equal(printed.code, 0);
}

static void the_first_of_several_checks_is_shown(void **state UNUSED) {
    static const char *const names[] = {"", "up,idle"};
    const struct fake_response script[] = {{.result = "[" IDLE "," UP "]"}};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        AUTO_PRINTED struct printed printed = {0};
        run_command(&cmd_check, ARGUMENTS(names[i]), script, 1, &printed);
        assert_int_equal(printed.code, 0);
        assert_true(text_has_prefix(printed.out, "name: idle\n"));
    }
}

static void an_unknown_check_is_an_error(void **state UNUSED) {
    const struct fake_response script[] = {{.result = "[]"}};
    AUTO_PRINTED struct printed printed = {0};
    run_command(&cmd_check, ARGUMENTS("up,down"), script, 1, &printed);
    assert_int_equal(printed.code, 1);
    assert_string_equal(error_text(&printed.err), "cannot find check \"up,down\"");
    assert_string_equal(printed.out, "");
}

static void start_and_stop_name_what_changed(void **state UNUSED) {
    const struct fake_response some[] = {{.result = "{\"changed\":[\"a\",\"b\"]}"}};
    const struct fake_response none[] = {{.result = "{\"changed\":[]}"}};
    AUTO_PRINTED struct printed printed = {0};
    run_command(&cmd_start_checks, ARGUMENTS("b", "a"), some, 1, &printed);
    assert_string_equal(printed.out, "Checks started: a, b\n");
    run_command(&cmd_start_checks, ARGUMENTS("b"), none, 1, &printed);
    assert_string_equal(printed.out, "Checks already started.\n");
    run_command(&cmd_stop_checks, ARGUMENTS("b", "a"), some, 1, &printed);
    assert_string_equal(printed.out, "Checks stopped: a, b\n");
    run_command(&cmd_stop_checks, ARGUMENTS("b"), none, 1, &printed);
    assert_string_equal(printed.out, "Checks already stopped.\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checks_are_a_table),
        cmocka_unit_test(long_failures_are_shortened),
        cmocka_unit_test(a_change_that_is_gone_is_reported_in_its_cell),
        cmocka_unit_test(empty_lists_are_explained),
        cmocka_unit_test(checks_have_other_formats),
        cmocka_unit_test(a_daemon_may_have_no_count_of_successes),
        cmocka_unit_test(a_check_is_shown_with_its_log),
        cmocka_unit_test(a_stopped_check_is_shown_without_logs),
        cmocka_unit_test(a_log_that_cannot_be_fetched_is_an_error),
        cmocka_unit_test(a_check_may_be_refreshed),
        cmocka_unit_test(the_first_of_several_checks_is_shown),
        cmocka_unit_test(an_unknown_check_is_an_error),
        cmocka_unit_test(start_and_stop_name_what_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
