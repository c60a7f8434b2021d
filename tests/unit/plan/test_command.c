// SPDX-License-Identifier: GPL-3.0-or-later
#include "plan_check.h"

static void assert_words(const char *command, const char *base, const char *extra) {
    AUTO_TEXT_LIST struct text_list first = {0}, second = {0};
    struct plan_service service = {.name = (char[]){"web"}, .command = memory_string(command)};
    assert_true(plan_service_command(&service, &first, &second, NULL));
    free(service.command);
    assert_list(&first, base);
    assert_list(&second, extra);
}

static void assert_refused(const char *command, const char *fault) {
    AUTO_TEXT_LIST struct text_list first = {0}, second = {0};
    AUTO_ERROR struct error err = {0};
    struct plan_service service = {.name = (char[]){"web"}, .command = memory_string(command)};
    assert_false(plan_service_command(&service, &first, &second, &err));
    free(service.command);
    AUTO_FREE char *message = memory_printf("cannot parse service \"web\" command: %s", fault);
    assert_string_equal(error_text(&err), message);
    assert_int_equal(first.count + second.count, 0);
}

static void brackets_hold_default_arguments(void **state UNUSED) {
    assert_words("sleep 1", "sleep 1", "");
    assert_words("a [ b 'c d' ] ", "a", "b c d");
    assert_words("a '[' b ']'", "a", "b");
    assert_words("a [ b", "a", "b");
    assert_words("a [ ]", "a", "");
    assert_words("a[ b] [c] ][", "a[ b] [c] ][", "");
    assert_words("", "", "");
}

static void misplaced_brackets_are_refused(void **state UNUSED) {
    assert_refused(" # later", "command has only white space and comments");
    assert_refused("sleep 'open", "EOF found when expecting closing quote");
    assert_refused("[ a ]", "cannot start command with [ ... ] group");
    assert_refused("sleep [ a ] b", "cannot have any arguments after [ ... ] group");
    assert_refused("sleep [ a ] [ b ]", "cannot have any arguments after [ ... ] group");
    assert_refused("sleep [ a ] ]", "cannot have any arguments after [ ... ] group");
    assert_refused("sleep [ a [ b ] ]", "cannot nest [ ... ] groups");
    assert_refused("sleep a ]", "cannot have ] outside of [ ... ] group");
    assert_refused("] a", "cannot have ] outside of [ ... ] group");
}

static void arguments_are_quoted(void **state UNUSED) {
    AUTO_TEXT_LIST struct text_list base = {0}, arguments = {0};
    text_list_add(&base, "sleep");
    text_list_add(&base, "1");
    AUTO_FREE char *without = plan_command_with_arguments(&base, &arguments);
    assert_string_equal(without, "sleep 1");
    text_list_add(&arguments, "nine ten");
    text_list_add(&arguments, "$X");
    text_list_add(&arguments, "");
    AUTO_FREE char *with = plan_command_with_arguments(&base, &arguments);
    assert_string_equal(with, "sleep 1 [ 'nine ten' '$X' '' ]");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(brackets_hold_default_arguments),
        cmocka_unit_test(misplaced_brackets_are_refused),
        cmocka_unit_test(arguments_are_quoted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
