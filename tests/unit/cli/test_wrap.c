// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/wrap.h"

static void assert_message(const char *text, int columns, int indent, const char *expected) {
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    wrap_message(&out, text, columns, indent);
    assert_string_equal(buffer_text(&out), expected);
}

static void keeps_short_messages(void **state UNUSED) {
    assert_message("service \"web\" does not exist", 79, 7, "service \"web\" does not exist");
    assert_message("two  blanks\tand\nlines", 79, 7, "two blanks and lines");
    assert_message("", 79, 7, "");
    assert_message(" \n\n", 79, 7, "");
}

static void breaks_at_blanks(void **state UNUSED) {
    assert_message("aaa bbb ccc ddd", 11, 0, "aaa bbb ccc\nddd");
    assert_message("aaa bbb ccc ddd", 11, 4, "aaa bbb\n    ccc ddd");
    assert_message("aaa bbb", 7, 0, "aaa bbb");
    // By characters.
    assert_message("\xc3\xa4\xc3\xa4\xc3\xa4 bbb", 7, 0, "\xc3\xa4\xc3\xa4\xc3\xa4 bbb");
}

static void prefers_even_lines_and_ends_of_phrases(void **state UNUSED) {
    // 3² + 1² is less than 0² + 4².
    assert_message("aaa bb cc ddddd", 6, 0, "aaa\nbb cc\nddddd");
    assert_message("aaa bbb: ccc dddddddd", 12, 0, "aaa bbb:\nccc dddddddd");
    assert_message("aaa bbb, ccc dddddddd", 12, 0, "aaa bbb,\nccc dddddddd");
}

static void does_not_break_words(void **state UNUSED) {
    assert_message("a xxxxxxxxxxxxxxxxxxxx b", 10, 0, "a\nxxxxxxxxxxxxxxxxxxxx\nb");
    assert_message("xxxxxxxxxxxxxxxxxxxx", 10, 7, "xxxxxxxxxxxxxxxxxxxx");
}

static void keeps_paragraphs_and_indented_lines(void **state UNUSED) {
    assert_message("one\n\ntwo", 79, 2, "one\n\n  two");
    assert_message("errors:\n  line 5: x\n    line 6: y\nand so on", 79, 2,
                   "errors:\n\n  line 5: x\n    line 6: y\n\n  and so on");
}

static void keeps_items_of_a_list_apart(void **state UNUSED) {
    assert_message("one\n- also: two\n- and 3 more", 79, 2, "one\n  - also: two\n  - and 3 more");
    assert_message("- aaa bbb\n- ccc", 7, 0, "- aaa\nbbb\n- ccc");
    assert_message("one\n-two\n-", 79, 2, "one -two -");
    assert_message("one:\n  line 5: x\n- also: two", 79, 2, "one:\n\n  line 5: x\n  - also: two");
}

static void no_line_is_too_long(void **state UNUSED) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT), out = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (int i = 0; i < 2000; i++)
        buffer_printf(&text, "%.*s ", 1 + i * 7 % 13, "abcdefghijklmn");
    wrap_message(&out, buffer_text(&text), 60, 7);
    size_t words = 0;
    for (const char *line = buffer_text(&out); line != NULL;
         line = strchr(line, '\n') != NULL ? strchr(line, '\n') + 1 : NULL)
        assert_true(strcspn(line, "\n") <= 60);
    for (const char *at = buffer_text(&out); *at != '\0'; at++)
        words += (at[0] != ' ' && at[0] != '\n' && (at[1] == ' ' || at[1] == '\n' || at[1] == '\0')) ? 1 : 0;
    assert_int_equal(words, 2000);
}

static void fills_help(void **state UNUSED) {
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    wrap_help(&out, "aaa bbb ccc\n\n  kept   line\n\nddd", 9, 2);
    assert_string_equal(buffer_text(&out), "  aaa bbb\n  ccc\n\n    kept   line\n\n  ddd\n");
}

static void assert_lines(const char *text, int columns, const char *expected) {
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    wrap_lines(&out, text, columns, 2);
    assert_string_equal(buffer_text(&out), expected);
}

static void keeps_lines(void **state UNUSED) {
    assert_lines("", 10, "  \n");
    assert_lines("one\ntwo  \n\n three\n \n", 20, "  one\n  two\n  \n   three\n");
    assert_lines("aaa bbb ccc", 9, "  aaa bbb\n  ccc\n");
    assert_lines("aaa  bbb   ccc", 9, "  aaa \n  bbb  \n  ccc\n");
    assert_lines(" aaa bbb", 8, "   aaa\n   bbb\n");
    assert_lines("aaa\n       bbb ccc", 12, "  aaa\n    bbb ccc\n");
    assert_lines("abcdefghij kl", 8, "  abcdef\n  ghij\n  kl\n");
    assert_lines("\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4", 8, "  \u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\n  \u00e4\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_short_messages),
        cmocka_unit_test(breaks_at_blanks),
        cmocka_unit_test(prefers_even_lines_and_ends_of_phrases),
        cmocka_unit_test(does_not_break_words),
        cmocka_unit_test(keeps_paragraphs_and_indented_lines),
        cmocka_unit_test(keeps_items_of_a_list_apart),
        cmocka_unit_test(no_line_is_too_long),
        cmocka_unit_test(fills_help),
        cmocka_unit_test(keeps_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
