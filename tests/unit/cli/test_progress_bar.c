// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "base/text.h"
#include "cli/progress_bar.h"

static void assert_line(const char *name, int64_t total, uint64_t done, size_t width, const char *expected) {
    const struct progress_bar bar = {.name = name, .total = total};
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    progress_bar_format(&bar, done, 2 * NS_PER_S, width, &out);
    assert_string_equal(buffer_text(&out), expected);
    assert_true(utf8_count(buffer_text(&out), out.length) <= width);
}

static void the_line_has_a_width(void **state UNUSED) {
    assert_line("data", 20000, 10000, 60, "data [============>            ]  50% 10.0kB 5000B/s 2s left");
    assert_line("data", 20000, 20000, 60, "data [========================] 100% 20.0kB 10.0kB/s 0s left");
    assert_line("data", 20000, 10000, 120,
                "data [===================>                   ]  50% 10.0kB 5000B/s 2s left");
    assert_line("data", 2000000, 10000, 60, "data [>                     ]   0% 10.0kB 5000B/s 6m38s left");
    assert_line("a-long-name.tar", 20000, 10000, 55, "a-long-name.tar [====>    ]  50% 10.0kB 5000B/s 2s left");
    assert_line("a-long-name.tar", 20000, 10000, 42, "a-long-name.ta  50% 10.0kB 5000B/s 2s left");
    assert_line("a-long-name.tar", 20000, 10000, 20, "a-long-name. [==>  ]");
    assert_line("a-long-name.tar", 20000, 10000, 10, "a-long-nam");
    assert_line("a-long-name.tar", 20000, 10000, 0, "");
}

static void what_is_unknown_is_left_out(void **state UNUSED) {
    assert_line("data", -1, 10000, 60, "data 10.0kB 5000B/s");
    assert_line("data", 9999, 10000, 60, "data 10.0kB 5000B/s"); // it has grown
    assert_line("data", 0, 0, 60, "data [=======================================] 100% 0B 0B/s");
    assert_line("data", INT64_MAX, 1, 60, "data [>                                      ]   0% 1B 0B/s");
}

static void names_do_no_harm(void **state UNUSED) {
    (void)setenv("LC_ALL", "C.UTF-8", 1);
    assert_line("a\033[2Jb", -1, 10000, 60, "a\\x1b[2Jb 10.0kB 5000B/s");
    assert_line("\xC3\xA4\xC3\xB6\xC3\xBC\xC3\xA4\xC3\xB6\xC3\xBC\xC3\xA4\xC3\xB6\xC3\xBC", 20000, 10000, 8,
                "\xC3\xA4\xC3\xB6\xC3\xBC\xC3\xA4\xC3\xB6\xC3\xBC\xC3\xA4\xC3\xB6");
    (void)unsetenv("LC_ALL");
}

// What is written if the transfer began that long ago. Owned.
static char *shown(bool has_terminal, int64_t age_ns, int updates) {
    char *text = NULL;
    size_t size;
    FILE *kept = stderr;
    stderr = open_memstream(&text, &size);
    struct progress_bar bar;
    progress_bar_init(&bar, "data", 20000);
    bar.has_terminal = has_terminal;
    bar.started_ns -= age_ns;
    for (int i = 0; i < updates; i++)
        progress_bar_update(&bar, 10000);
    progress_bar_finish(&bar);
    fclose(stderr);
    stderr = kept;
    return text;
}

static void a_short_transfer_shows_nothing(void **state UNUSED) {
    char *text = shown(true, 0, 3);
    assert_string_equal(text, "");
    free(text);
    text = shown(false, 100 * NS_PER_S, 3);
    assert_string_equal(text, "");
    free(text);
}

static void the_line_is_removed(void **state UNUSED) {
    char *text = shown(true, 100 * NS_PER_S, 1);
    assert_true(text_has_prefix(text, "\r\033[Kdata "));
    assert_true(text_has_suffix(text, "\r\033[K"));
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_line_has_a_width), cmocka_unit_test(what_is_unknown_is_left_out),
        cmocka_unit_test(names_do_no_harm),     cmocka_unit_test(a_short_transfer_shows_nothing),
        cmocka_unit_test(the_line_is_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
