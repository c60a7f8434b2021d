// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "process/output_tail.h"

static void write_to(struct output_tail *tail, const char *text) {
    struct job_sink sink = output_tail_sink(tail);
    sink.write(sink.data, text, strlen(text));
}

static void check(size_t limit_bytes, const char *text, size_t line_count, const char *expected) {
    // At once, and byte by byte.
    for (size_t step = strlen(text); step > 0; step = step > 1 ? 1 : 0) {
        struct output_tail *tail = output_tail_create(limit_bytes);
        struct job_sink sink = output_tail_sink(tail);
        for (const char *at = text; *at != '\0'; at += step)
            sink.write(sink.data, at, step);
        AUTO_FREE char *found = output_tail_text(tail, line_count);
        assert_string_equal(found, expected);
        output_tail_destroy(tail);
    }
}

static void last_lines_are_kept(void **state UNUSED) {
    check(1000, "one\ntwo\nthree\n", 5, "one\ntwo\nthree");
    check(1000, "one\ntwo\nthree\n", 3, "one\ntwo\nthree");
    check(1000, "one\ntwo\nthree\n", 2, "(...)\ntwo\nthree");
    check(1000, "one\ntwo\nthree", 1, "(...)\nthree");
    check(1000, "one", 5, "one");
    check(1000, "a\n\n\nb\n", 2, "(...)\n\nb");
}

static void white_space_around_it_does_not_count(void **state UNUSED) {
    check(1000, "\n  \n one\ntwo \t\n\n\n", 2, "one\ntwo");
    check(1000, " \n\t\r\n ", 5, "");
    check(1000, "\n\none\ntwo\n", 1, "(...)\ntwo");
}

static void last_bytes_are_kept(void **state UNUSED) {
    check(8, "0123456789", 5, "(...)\n23456789");
    check(8, "01234567", 5, "01234567");
    check(8, "012345678", 5, "(...)\n12345678");
    check(8, "one\ntwo\nthree\n", 5, "(...)\no\nthree");
    check(8, "one\ntwo\nthree\n", 1, "(...)\nthree");
    check(1, "abc", 5, "(...)\nc");
}

static void nothing_is_nothing(void **state UNUSED) {
    struct output_tail *tail = output_tail_create(10);
    AUTO_FREE char *text = output_tail_text(tail, 5);
    assert_string_equal(text, "");
    output_tail_destroy(tail);
    output_tail_destroy(NULL);
}

static void nul_bytes_are_shown(void **state UNUSED) {
    struct output_tail *tail = output_tail_create(10);
    struct job_sink sink = output_tail_sink(tail);
    sink.write(sink.data, "a\0b\n", 4);
    AUTO_FREE char *text = output_tail_text(tail, 5);
    assert_string_equal(text, "a\xEF\xBF\xBD"
                              "b");
    output_tail_destroy(tail);
}

static void it_can_be_looked_at_again_and_again(void **state UNUSED) {
    struct output_tail *tail = output_tail_create(6);
    write_to(tail, "ab\n");
    AUTO_FREE char *first = output_tail_text(tail, 2);
    write_to(tail, "cd\nef\n");
    AUTO_FREE char *second = output_tail_text(tail, 2);
    assert_string_equal(first, "ab");
    assert_string_equal(second, "(...)\ncd\nef");
    output_tail_destroy(tail);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(last_lines_are_kept), cmocka_unit_test(white_space_around_it_does_not_count),
        cmocka_unit_test(last_bytes_are_kept), cmocka_unit_test(nothing_is_nothing),
        cmocka_unit_test(nul_bytes_are_shown), cmocka_unit_test(it_can_be_looked_at_again_and_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
