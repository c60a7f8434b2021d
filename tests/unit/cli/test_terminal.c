// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/terminal.h"

static void reads_columns(void **state UNUSED) {
    static const struct {
        const char *text;
        int columns;
    } cases[] = {{"60", 60},   {"39", 80},   {"40", 40}, {"100", 100}, {"101", 100},
                 {"500", 100}, {"wide", 80}, {"", 80},   {"-90", 80},  {"99999999999999999999", 80}};
    // Not a terminal, whatever the tests were started from.
    int kept = dup(STDOUT_FILENO);
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    assert_true(dup2(pipes[1], STDOUT_FILENO) >= 0);
    int found[ARRAY_COUNT(cases)], narrow;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        (void)setenv("COLUMNS", cases[i].text, 1);
        found[i] = terminal_columns(100);
    }
    (void)setenv("COLUMNS", "20", 1);
    narrow = terminal_width(STDOUT_FILENO);
    assert_string_equal(terminal_style(STDOUT_FILENO, STYLE_BOLD), "");
    assert_true(dup2(kept, STDOUT_FILENO) >= 0);
    close(pipes[0]);
    close(pipes[1]);
    close(kept);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_int_equal(found[i], cases[i].columns);
    assert_int_equal(narrow, 20);
}

static void styles_terminals_only(void **state UNUSED) {
    int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(terminal >= 0);
    (void)setenv("TERM", "xterm", 1);
    (void)unsetenv("NO_COLOR");
    assert_string_equal(terminal_style(terminal, STYLE_BOLD), "\033[1m");
    (void)setenv("NO_COLOR", "", 1);
    assert_string_equal(terminal_style(terminal, STYLE_GREEN), "\033[32m");
    (void)setenv("NO_COLOR", "0", 1);
    assert_string_equal(terminal_style(terminal, STYLE_BOLD), "");
    (void)unsetenv("NO_COLOR");
    (void)setenv("TERM", "dumb", 1);
    assert_string_equal(terminal_style(terminal, STYLE_BOLD), "");
    close(terminal);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(reads_columns), cmocka_unit_test(styles_terminals_only)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
