// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/memory.h"
#include "data/shell.h"

// The words shown as <a><b>.
static void expect_words(const char *command, const char *expected) {
    AUTO_TEXT_LIST struct text_list words = {0};
    AUTO_ERROR struct error err = {0};
    AUTO_BUFFER struct buffer shown = BUFFER_INIT(BUFFER_NO_LIMIT);
    if (!shell_split(command, &words, &err))
        fail_msg("%s: %s", command, error_text(&err));
    for (size_t i = 0; i < words.count; i++)
        buffer_printf(&shown, "<%s>", words.items[i]);
    assert_string_equal(buffer_text(&shown), expected);
}

static void splits_at_blanks(void **state UNUSED) {
    expect_words("", "");
    expect_words(" \t\r\n ", "");
    expect_words("one", "<one>");
    expect_words("  a \t b \n c\r\n", "<a><b><c>");
    expect_words("$HOME *.c ~ `ls` a;b x=1 | > &", "<$HOME><*.c><~><`ls`><a;b><x=1><|><>><&>");
    expect_words("a [ b ] [c] ][", "<a><[><b><]><[c]><][>");
    expect_words("ünï ☃", "<ünï><☃>");
}

static void quotes_join(void **state UNUSED) {
    expect_words("'a b' c'd 'e", "<a b><cd e>");
    expect_words("\"a b\" \"c\\\"d\" \"\\x\" \"\"", "<a b><c\"d><x><>");
    expect_words("'' x''y \"\"", "<><xy><>");
    expect_words("'a\\b' '\"' \"'\"", "<a\\b><\"><'>");
    expect_words("'two\nlines'", "<two\nlines>");
    expect_words("\"a\\\\b\"", "<a\\b>");
}

static void backslash_takes_the_next(void **state UNUSED) {
    expect_words("a\\ b \\'c \\\\ \\n \\#", "<a b><'c><\\><n><#>");
    expect_words("a\\\nb", "<a\nb>");
    expect_words("\\ ", "< >");
}

static void comments_begin_words(void **state UNUSED) {
    expect_words("one two#three #four five", "<one><two#three>");
    expect_words("#all", "");
    expect_words("a #b \"\nc '#' d", "<a><c><#><d>");
    expect_words("''#a", "<#a>");
}

static void expect_failure(const char *command, const char *message) {
    AUTO_TEXT_LIST struct text_list words = {0};
    AUTO_ERROR struct error err = {0};
    assert_false(shell_split(command, &words, &err));
    assert_string_equal(error_text(&err), message);
    assert_int_equal(words.count, 0);
}

static void open_ends_are_refused(void **state UNUSED) {
    expect_failure("a 'b", "EOF found when expecting closing quote");
    expect_failure("a \"b", "EOF found when expecting closing quote");
    expect_failure("a \"b\\\"", "EOF found when expecting closing quote");
    expect_failure("a \\", "EOF found after escape character");
    expect_failure("a \"b\\", "EOF found after escape character");
}

static void joins_with_quotes_where_needed(void **state UNUSED) {
    AUTO_TEXT_LIST struct text_list words = {0};
    static const char *const items[] = {"sleep",         "",  "nine ten", "--flag", "$X", "it's",
                                        "a_@%+=:,./-Z9", "ü", "[",        "~"};
    for (size_t i = 0; i < ARRAY_COUNT(items); i++)
        text_list_add(&words, items[i]);
    AUTO_FREE char *joined = shell_join(&words);
    assert_string_equal(joined, "sleep '' 'nine ten' --flag '$X' 'it'\"'\"'s' a_@%+=:,./-Z9 'ü' '[' '~'");
    AUTO_TEXT_LIST struct text_list back = {0};
    assert_true(shell_split(joined, &back, NULL));
    assert_true(text_list_equal(&words, &back));
}

static void nothing_joins_to_nothing(void **state UNUSED) {
    AUTO_FREE char *joined = shell_join(&(struct text_list){0});
    assert_string_equal(joined, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits_at_blanks),         cmocka_unit_test(quotes_join),
        cmocka_unit_test(backslash_takes_the_next), cmocka_unit_test(comments_begin_words),
        cmocka_unit_test(open_ends_are_refused),    cmocka_unit_test(joins_with_quotes_where_needed),
        cmocka_unit_test(nothing_joins_to_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
