// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "cli/arguments.h"
#include "cli/commands.h"

static void for_each(void (*check)(const struct cli_command *command)) {
    for (const struct cli_group *group = cli_groups;; group++) {
        for (const struct cli_command *const *command = group->commands; *command != NULL; command++)
            check(*command);
        if (group->title == NULL)
            return;
    }
}

static void check_words(const struct cli_command *command) {
    assert_ptr_equal(cli_command_find(command->name), command);
    assert_non_null(command->summary);
    assert_true(isupper((unsigned char)command->summary[0]));
    assert_false(text_has_suffix(command->summary, "."));
    assert_non_null(command->description);
}

// Paragraphs are filled: only a blank line or an indented one may follow a line break.
static void check_paragraphs(const struct cli_command *command) {
    const char *text = command->description;
    for (const char *end = strchr(text, '\n'); end != NULL; end = strchr(text, '\n')) {
        assert_true(end == text || text[0] == ' ' || end[1] == '\n');
        text = end + 1;
    }
}

static void check_options(const struct cli_command *command) {
    for (size_t i = 0; i < cli_option_count(command); i++) {
        const struct cli_option *option = &command->options[i];
        assert_non_null(option->help);
        assert_false(text_has_suffix(option->help, "."));
        assert_true((option->kind == CLI_FLAG) == (option->value == NULL));
        assert_true((option->kind == CLI_CHOICE) == (option->choices != NULL));
        assert_true(option->kind != CLI_CHOICE || option->name != NULL);
        assert_false(option->is_required && option->name == NULL);
        for (size_t j = 0; j < i; j++) {
            assert_false(option->name != NULL && text_equal(option->name, command->options[j].name));
            assert_false(option->short_name != '\0' && option->short_name == command->options[j].short_name);
        }
    }
}

static void check_positionals(const struct cli_command *command) {
    size_t count = cli_positional_count(command);
    for (size_t i = 0; i < count; i++) {
        const struct cli_positional *positional = &command->positionals[i];
        assert_true(text_has_prefix(positional->name, "<") && text_has_suffix(positional->name, ">"));
        assert_non_null(positional->help);
        assert_true(i + 1 == count || !positional->is_list);
        assert_true(i == 0 || !positional->is_required || command->positionals[i - 1].is_required);
    }
}

static void every_command_is_described(void **state UNUSED) {
    for_each(check_words);
    for_each(check_paragraphs);
}

static void every_option_is_well_formed(void **state UNUSED) {
    for_each(check_options);
}

static void every_positional_is_well_formed(void **state UNUSED) {
    for_each(check_positionals);
}

static void finds_by_the_whole_name_only(void **state UNUSED) {
    assert_ptr_equal(cli_command_find("start"), &cmd_start);
    assert_ptr_equal(cli_command_find("start-checks"), &cmd_start_checks);
    assert_ptr_equal(cli_command_find("completions"), &cmd_completions);
    assert_null(cli_command_find("service"));
    assert_null(cli_command_find("Services"));
    assert_null(cli_command_find(""));
}

static void synonyms_are_of_commands_that_are_there(void **state UNUSED) {
    static const char *const words[] = {"ps", "status", "list", "reload", "kill", "tail", "users", "up"};
    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        AUTO_ERROR struct error err = {0};
        (void)error_set(&err, ERROR_NOT_FOUND, "x");
        assert_null(cli_command_find(words[i]));
        assert_false(cli_command_advise(words[i], &err));
        AUTO_FREE char *name =
            memory_string_n(err.advice + strlen("Did you mean \""), strlen(err.advice) - strlen("Did you mean \"\"?"));
        assert_non_null(cli_command_find(name));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_is_described),      cmocka_unit_test(every_option_is_well_formed),
        cmocka_unit_test(every_positional_is_well_formed), cmocka_unit_test(synonyms_are_of_commands_that_are_there),
        cmocka_unit_test(finds_by_the_whole_name_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
