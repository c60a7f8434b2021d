// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "cli/log_message.h"

#define SHOWN(message, has_colors, expected) assert_shown(message, sizeof message - 1, has_colors, expected)

static void assert_shown(const char *message, size_t length, bool has_colors, const char *expected) {
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    log_message_add_shown(&out, message, length, has_colors);
    assert_string_equal(buffer_text(&out), expected);
}

static void text_is_kept(void **state UNUSED) {
    SHOWN("", true, "");
    SHOWN("a\tb  c\\", true, "a\tb  c\\");
    SHOWN("gr\u00fcn \u6771 \U0001f680", false, "gr\u00fcn \u6771 \U0001f680");
}

static void what_acts_on_a_terminal_is_escaped(void **state UNUSED) {
    SHOWN("\033[2J\033]0;title\007", true, "\\x1b[2J\\x1b]0;title\\a");
    SHOWN("a\033", true, "a\\x1b");
    SHOWN("\033\033", true, "\\x1b\\x1b");
    SHOWN("\033[3", true, "\\x1b[3");
    SHOWN("\033[?1m\033[1 m", true, "\\x1b[?1m\\x1b[1 m");
    SHOWN("a\0b\0", true, "a\\x00b\\x00");
    SHOWN("\0\033[1mx", false, "\\x00x");
    SHOWN("\u202eab\xc2\x9b", true, "\\u202eab\\u009b");
    SHOWN("50%\r100%", true, "50%\\r100%");
    SHOWN("a\nb\xff", true, "a\\nb\\xff");
}

static void a_carriage_return_at_the_end_is_left_out(void **state UNUSED) {
    SHOWN("a\r", true, "a");
    SHOWN("a\r\r", true, "a\\r");
    SHOWN("\r", true, "");
}

static void colors_end_with_the_line(void **state UNUSED) {
    SHOWN("\033[31merror\033[0m: x", true, "\033[31merror\033[0m: x\033[0m");
    SHOWN("a\033[1;38:5:3mb\033[mc", true, "a\033[1;38:5:3mb\033[mc\033[0m");
    SHOWN("a\033[1;38:5:3mb\033[mc", false, "abc");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_kept),
        cmocka_unit_test(what_acts_on_a_terminal_is_escaped),
        cmocka_unit_test(a_carriage_return_at_the_end_is_left_out),
        cmocka_unit_test(colors_end_with_the_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
