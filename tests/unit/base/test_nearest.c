// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/memory.h"
#include "base/nearest.h"
#include "base/text.h"

static const char *const names[] = {"services", "start", "stop", "start-checks", "command", "environment", "user",
                                    "user-id",  "x",     "rm"};

static const char *nearest_of(const char *word) {
    struct nearest nearest;
    nearest_init(&nearest, word);
    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        nearest_try(&nearest, names[i]);
    return nearest.name;
}

static void typing_faults_are_found(void **state UNUSED) {
    const struct {
        const char *word, *name;
    } cases[] = {
        {"service", "services"}, {"Services", "services"},      {"STOP", "stop"},       {"stpo", "stop"},
        {"strat", "start"},      {"comand", "command"},         {"cmomand", "command"}, {"commandd", "command"},
        {"env", "environment"},  {"enviroment", "environment"}, {"userid", "user-id"},  {"star-checks", "start-checks"},
        {"user", "user"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_string_equal(nearest_of(cases[i].word), cases[i].name);
}

static void other_words_are_not(void **state UNUSED) {
    const char *const words[] = {"", "trumpet", "y", "em", "en", "colour", "services-of-all-the-world"};
    for (size_t i = 0; i < ARRAY_COUNT(words); i++)
        assert_null(nearest_of(words[i]));
}

static void long_words_do_no_harm(void **state UNUSED) {
    AUTO_FREE char *word = memory_printf("%0100d", 0);
    assert_null(nearest_of(word));
    struct nearest nearest;
    nearest_init(&nearest, "services");
    nearest_try(&nearest, word);
    assert_null(nearest.name);
}

static void advice_is_a_line_of_its_own(void **state UNUSED) {
    struct nearest nearest;
    AUTO_ERROR struct error err = {0};
    nearest_init(&nearest, "forma");
    (void)error_set(&err, ERROR_BAD_REQUEST, "unknown option");
    assert_false(nearest_advise(&nearest, "--", &err));
    assert_null(err.advice);
    nearest_try(&nearest, "format");
    assert_false(nearest_advise(&nearest, "--", &err));
    assert_string_equal(err.advice, "Did you mean \"--format\"?");
    assert_string_equal(error_text(&err), "unknown option");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(typing_faults_are_found),
        cmocka_unit_test(other_words_are_not),
        cmocka_unit_test(long_words_do_no_harm),
        cmocka_unit_test(advice_is_a_line_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
