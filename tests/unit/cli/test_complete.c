// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/text.h"
#include "cli/complete.h"
#include "cli/session.h"

static void assert_lines(const char *const *given, const char *expected) {
    struct cli_session session;
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    AUTO_TEXT_LIST struct text_list words = {0};
    for (; *given != NULL; given++)
        text_list_add(&words, *given);
    session_init(&session);
    complete(&session, words.items, words.count, &out);
    session_finish(&session);
    assert_string_equal(buffer_text(&out), expected);
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void commands_and_options(void **state UNUSED) {
    (void)setenv("PEBBLE_SOCKET", "/nonexistent/socket", 1);
    assert_lines(WORDS("restar"), ":words\nrestart\tRestart services\n");
    assert_lines(WORDS("-"), ":words\n--help\tList all commands\n--version\tShow the version\n");
    assert_lines(WORDS("unknown", ""), ":words\n");
    assert_lines(WORDS("rm", "-"), ":words\n-r\tRemove directories and everything below them\n"
                                   "--help\tShow help for the command\n");
    assert_lines(WORDS("rm", "-r", "-"), ":words\n--help\tShow help for the command\n");
    assert_lines(WORDS("rm", "--", "-"), ":words\n");
}

static void values_of_options(void **state UNUSED) {
    (void)setenv("PEBBLE_SOCKET", "/nonexistent/socket", 1);
    assert_lines(WORDS("checks", "--level", "a"), ":words\nalive\t\n");
    assert_lines(WORDS("checks", "--level=a"), ":words\n--level=alive\t\n");
    assert_lines(WORDS("checks", "--levels=a"), ":words\n");
    assert_lines(WORDS("logs", "-fn", ""), ":words\n");
    assert_lines(WORDS("run", "--args", "web", ""), ":files\n");
    assert_lines(WORDS("run", "--args", "web", ";", "--hol"), ":words\n--hold\tDo not start enabled services\n");
    assert_lines(WORDS("run", "--identities", ""), ":files\n");
    assert_lines(WORDS("enter", "--exec", "x", "--"), ":files\n");
    assert_lines(WORDS("enter", "--hold", "enter", ""), ":words\n");
    assert_lines(WORDS("enter", "help", "mkd"), ":words\nmkdir\tMake a directory\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(commands_and_options), cmocka_unit_test(values_of_options)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
