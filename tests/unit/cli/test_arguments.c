// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/arguments.h"

static const struct cli_option options[] = {
    {.name = "all", .short_name = 'a'},
    {.name = "wide", .short_name = 'w'},
    {.name = "format", .kind = CLI_CHOICE, .choices = (const char *const[]){"text", "json", NULL}},
    {.name = "number", .short_name = 'n', .kind = CLI_INTEGER},
    {.name = "uid", .kind = CLI_USER_ID},
    {.name = "timeout", .kind = CLI_DURATION},
    {.name = "env", .kind = CLI_LIST},
    {.name = "args", .kind = CLI_WORDS},
    {.name = "exec", .kind = CLI_REST},
    {.short_name = 'm', .kind = CLI_TEXT},
    {0},
};
static const struct cli_command plain = {
    .name = "plain",
    .options = options,
    .positionals = (const struct cli_positional[]){{.name = "<one>", .is_required = true}, {.name = "<two>"}, {0}},
};
static const struct cli_command listing = {
    .name = "listing",
    .options = options,
    .positionals = (const struct cli_positional[]){{.name = "<name>", .is_list = true}, {0}},
};
static const struct cli_command passing = {
    .name = "passing",
    .options = options,
    .positionals = (const struct cli_positional[]){{.name = "<name>", .is_list = true}, {0}},
    .stops_at_argument = true,
};
static const struct cli_command bare = {.name = "bare", .ignored_arguments = 1};
static const struct cli_command needing = {
    .name = "needing",
    .options = (const struct cli_option[]){{.name = "from", .kind = CLI_TEXT, .is_required = true}, {0}},
};

// Words separated by single blanks; `_` is an empty word.
struct parsed {
    struct cli_call call;
    enum cli_action action;
    struct error err;
    char text[256];
    char *words[32];
};

static bool parse(struct parsed *parsed, const struct cli_command *command, const char *line) {
    size_t count = 0;
    char *rest = parsed->text;
    *parsed = (struct parsed){.call.command = command};
    (void)snprintf(parsed->text, sizeof parsed->text, "%s", line);
    for (char *word; (word = strsep(&rest, " ")) != NULL;) {
        if (*word != '\0')
            parsed->words[count++] = strcmp(word, "_") == 0 ? word + 1 : word;
    }
    return arguments_parse(command, parsed->words, count, &parsed->call.arguments, &parsed->action, &parsed->err);
}

static void finish(struct parsed *parsed) {
    arguments_finish(&parsed->call.arguments);
    error_clear(&parsed->err);
}

static void assert_refused(const struct cli_command *command, const char *line, const char *message) {
    struct parsed parsed;
    assert_false(parse(&parsed, command, line));
    assert_string_equal(error_text(&parsed.err), message);
    finish(&parsed);
}

static void reads_values_in_all_forms(void **state UNUSED) {
    static const char *const lines[] = {
        "--number=2",   "--number 2",         "-n2", "-n 2", "-n=2", "-awn2", "-n 1 -n 2", "--number 1 -an2",
        "x --number 2", "--number=2 -- --all"};
    for (size_t i = 0; i < ARRAY_COUNT(lines); i++) {
        struct parsed parsed;
        assert_true(parse(&parsed, &listing, lines[i]));
        assert_int_equal(cli_value(&parsed.call, "number")->number, 2);
        assert_string_equal(cli_text(&parsed.call, "n"), "2");
        assert_int_equal(parsed.action, CLI_ACTION_RUN);
        finish(&parsed);
    }
}

static void takes_negative_numbers_but_no_options_as_values(void **state UNUSED) {
    struct parsed parsed;
    assert_true(parse(&parsed, &listing, "-n -12 --timeout -5s -m - --env=--x"));
    assert_int_equal(cli_value(&parsed.call, "number")->number, -12);
    assert_int_equal(cli_value(&parsed.call, "timeout")->number, -5000000000);
    assert_string_equal(cli_text(&parsed.call, "m"), "-");
    assert_string_equal(cli_value(&parsed.call, "env")->lists[0].items[0], "--x");
    finish(&parsed);
    assert_refused(&listing, "-m -1", "option -m needs a value, but \"-1\" follows");
    assert_refused(&listing, "-m --all", "option -m needs a value, but \"--all\" follows");
    assert_refused(&listing, "--format -- json", "option --format needs a value, but \"--\" follows");
    assert_refused(&listing, "--uid -1", "option --uid needs a value, but \"-1\" follows");
    assert_refused(&listing, "x --number", "option --number needs a value");
}

static void refuses_unknown_options(void **state UNUSED) {
    assert_refused(&plain, "x --loud", "unknown option \"--loud\", see 'pebble help plain'");
    assert_refused(&plain, "x --al", "unknown option \"--al\", see 'pebble help plain'");
    assert_refused(&plain, "x --All", "unknown option \"--All\", see 'pebble help plain'");
    assert_refused(&plain, "x -az", "unknown option \"-az\", see 'pebble help plain'");
    assert_refused(&plain, "x -format json", "unknown option \"-format\", see 'pebble help plain'");
    assert_refused(&plain, "x --=1", "unknown option \"--=1\", see 'pebble help plain'");
    assert_refused(&plain, "x --all=yes", "option --all takes no value");
    assert_refused(&plain, "x -a=yes", "option --all takes no value");
    assert_refused(&plain, "x --format xml", "option --format takes text or json, not \"xml\"");
    assert_refused(&plain, "x --format=", "option --format takes text or json, not \"\"");
    assert_refused(&plain, "x --number 1.5", "option --number takes a whole number, not \"1.5\"");
    assert_refused(&plain, "x --uid=4294967296",
                   "option --uid takes a whole number from 0 to 4294967295, not \"4294967296\"");
    assert_refused(&plain, "x --uid=-1", "option --uid takes a whole number from 0 to 4294967295, not \"-1\"");
    assert_refused(&plain, "x --uid=root", "option --uid takes a whole number, not \"root\"");
    assert_refused(&plain, "x --number 9223372036854775808",
                   "option --number takes a whole number from -9223372036854775808 to 9223372036854775807,"
                   " not \"9223372036854775808\"");
    assert_refused(&plain, "x --timeout 5", "option --timeout takes a duration such as 30s or 1h15m, not \"5\"");
}

static void counts_arguments(void **state UNUSED) {
    struct parsed parsed;
    assert_refused(&plain, "", "argument <one> is missing, see 'pebble help plain'");
    assert_refused(&plain, "--all", "argument <one> is missing, see 'pebble help plain'");
    assert_refused(&plain, "a b c", "too many arguments for command");
    assert_refused(&bare, "a b", "too many arguments for command");
    assert_refused(&needing, "", "option --from is required, see 'pebble help needing'");
    assert_refused(&needing, "--from x y", "too many arguments for command");
    assert_true(parse(&parsed, &bare, "a"));
    finish(&parsed);
    assert_true(parse(&parsed, &plain, "_"));
    assert_string_equal(cli_argument(&parsed.call, 0), "");
    assert_null(cli_argument(&parsed.call, 1));
    finish(&parsed);
}

static void assert_positionals(const struct cli_command *command, const char *line, const char *joined) {
    struct parsed parsed;
    assert_true(parse(&parsed, command, line));
    char *text = text_list_join(cli_argument_list(&parsed.call), "|");
    assert_string_equal(text, joined);
    free(text);
    finish(&parsed);
}

static void distinguishes_arguments_from_options(void **state UNUSED) {
    assert_positionals(&listing, "a --all b", "a|b");
    assert_positionals(&listing, "a -- --all", "a|--all");
    assert_positionals(&listing, "-- -- a", "--|a");
    assert_positionals(&listing, "- --- a", "-|---|a");
    assert_positionals(&passing, "--all a --wide -- b", "a|--wide|--|b");
    assert_positionals(&passing, "-- --wide", "--wide");
}

static void collects_lists(void **state UNUSED) {
    struct parsed parsed;
    assert_true(parse(&parsed, &listing, "--env a=1 --env=b --args web --all x ; --wide --args -n ; --args"));
    const struct cli_value *env = cli_value(&parsed.call, "env"), *args = cli_value(&parsed.call, "args");
    assert_int_equal(env->list_count, 1);
    assert_int_equal(env->lists[0].count, 2);
    assert_int_equal(args->list_count, 3);
    assert_int_equal(args->lists[0].count, 3);
    assert_string_equal(args->lists[0].items[1], "--all");
    assert_string_equal(args->lists[1].items[0], "-n");
    assert_int_equal(args->lists[2].count, 0);
    assert_true(cli_is_given(&parsed.call, "wide"));
    assert_false(cli_is_given(&parsed.call, "all"));
    finish(&parsed);
}

static void assert_rest(const char *line, size_t count, const char *first, const char *last) {
    struct parsed parsed;
    assert_true(parse(&parsed, &listing, line));
    const struct cli_value *rest = cli_value(&parsed.call, "exec");
    assert_true(rest->is_given);
    assert_int_equal(rest->list_count, 1);
    assert_int_equal(rest->lists[0].count, count);
    if (count > 0) {
        assert_string_equal(rest->lists[0].items[0], first);
        assert_string_equal(rest->lists[0].items[count - 1], last);
    }
    finish(&parsed);
}

static void takes_the_rest(void **state UNUSED) {
    assert_rest("--wide --exec sh --help ; -c --exec", 5, "sh", "--exec");
    assert_rest("--exec -- -x --", 2, "-x", "--");
    assert_rest("a --exec", 0, NULL, NULL);
    assert_rest("--exec --", 0, NULL, NULL);
    assert_refused(&listing, "--exec=sh", "option --exec takes no value");
}

static void stops_at_help(void **state UNUSED) {
    static const struct {
        const char *line;
        enum cli_action action;
    } cases[] = {{"--help", CLI_ACTION_HELP},
                 {"-h --nonsense", CLI_ACTION_HELP},
                 {"-ah", CLI_ACTION_HELP},
                 {"a b c d --version", CLI_ACTION_VERSION},
                 {"x -- --help", CLI_ACTION_RUN}};
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct parsed parsed;
        assert_true(parse(&parsed, &plain, cases[i].line));
        assert_int_equal(parsed.action, cases[i].action);
        finish(&parsed);
    }
    assert_refused(&plain, "--nonsense --help", "unknown option \"--nonsense\", see 'pebble help plain'");
    assert_refused(&plain, "--help=x", "unknown option \"--help=x\", see 'pebble help plain'");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_values_in_all_forms),
        cmocka_unit_test(takes_negative_numbers_but_no_options_as_values),
        cmocka_unit_test(refuses_unknown_options),
        cmocka_unit_test(counts_arguments),
        cmocka_unit_test(distinguishes_arguments_from_options),
        cmocka_unit_test(collects_lists),
        cmocka_unit_test(takes_the_rest),
        cmocka_unit_test(stops_at_help),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
