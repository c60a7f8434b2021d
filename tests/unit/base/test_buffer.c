// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"

// AddressSanitizer would end the program where malloc() returns NULL.
const char *__asan_default_options(void);
const char *__asan_default_options(void) {
    return "allocator_may_return_null=1";
}

static void starts_empty(void **state UNUSED) {
    struct buffer buffer = BUFFER_INIT(10);
    assert_string_equal(buffer_text(&buffer), "");
    assert_true(buffer_is_whole(&buffer));
    AUTO_FREE char *text = buffer_take(&buffer);
    assert_string_equal(text, "");
}

static void adds_and_terminates(void **state UNUSED) {
    AUTO_BUFFER struct buffer buffer = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add(&buffer, "ab\0c", 4);
    buffer_add_string(&buffer, "de");
    buffer_add_char(&buffer, 'f');
    buffer_printf(&buffer, "-%d-%s", 42, "x");
    assert_int_equal(buffer.length, 12);
    assert_memory_equal(buffer_text(&buffer), "ab\0cdef-42-x", 13);
}

static void grows_far(void **state UNUSED) {
    AUTO_BUFFER struct buffer buffer = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (int i = 0; i < 100000; i++)
        buffer_add_char(&buffer, (char)('a' + i % 26));
    assert_int_equal(buffer.length, 100000);
    assert_int_equal(strlen(buffer_text(&buffer)), 100000);
    assert_int_equal(buffer.data[99999], 'a' + 99999 % 26);
}

static void limit_is_exact(void **state UNUSED) {
    AUTO_BUFFER struct buffer buffer = BUFFER_INIT(4);
    buffer_add_string(&buffer, "abcd");
    assert_true(buffer_is_whole(&buffer));
    buffer_add_char(&buffer, 'e');
    assert_false(buffer_is_whole(&buffer));
    assert_string_equal(buffer_text(&buffer), "abcd");
}

static void overflow_adds_nothing_and_sticks(void **state UNUSED) {
    AUTO_BUFFER struct buffer buffer = BUFFER_INIT(4);
    buffer_add_string(&buffer, "ab");
    buffer_printf(&buffer, "%s", "cde");
    assert_string_equal(buffer_text(&buffer), "ab");
    buffer_add_char(&buffer, 'c');
    assert_string_equal(buffer_text(&buffer), "ab");
    assert_false(buffer_reserve(&buffer, 1));
    assert_false(buffer_is_whole(&buffer));
    buffer_clear(&buffer);
    buffer_add_string(&buffer, "wxyz");
    assert_true(buffer_is_whole(&buffer));
    assert_string_equal(buffer_text(&buffer), "wxyz");
}

static void absurd_lengths_are_refused(void **state UNUSED) {
    AUTO_BUFFER struct buffer buffer = BUFFER_INIT(100);
    buffer_add_char(&buffer, 'a');
    assert_false(buffer_reserve(&buffer, SIZE_MAX));
    assert_false(buffer_is_whole(&buffer));
    AUTO_BUFFER struct buffer huge = BUFFER_INIT(BUFFER_NO_LIMIT - 1);
    assert_false(buffer_reserve(&huge, BUFFER_NO_LIMIT - 1)); // within the limit, but there is no such memory
    assert_false(buffer_is_whole(&huge));
}

static void reserved_memory_is_not_moved(void **state UNUSED) {
    AUTO_BUFFER struct buffer buffer = BUFFER_INIT(8);
    assert_true(buffer_reserve(&buffer, 8));
    assert_int_equal(buffer.length, 0);
    const char *data = buffer.data;
    buffer_add_string(&buffer, "abcdefgh");
    assert_ptr_equal(buffer.data, data);
    assert_true(buffer_is_whole(&buffer));
}

static void consume_and_truncate(void **state UNUSED) {
    AUTO_BUFFER struct buffer buffer = BUFFER_INIT(20);
    buffer_consume(&buffer, 5);
    buffer_truncate(&buffer, 0);
    buffer_add_string(&buffer, "abcdef");
    buffer_consume(&buffer, 2);
    assert_string_equal(buffer_text(&buffer), "cdef");
    buffer_truncate(&buffer, 3);
    buffer_truncate(&buffer, 9);
    assert_string_equal(buffer_text(&buffer), "cde");
    buffer_consume(&buffer, 99);
    assert_string_equal(buffer_text(&buffer), "");
    assert_int_equal(buffer.length, 0);
}

static void numbers_in_decimal(void **state UNUSED) {
    AUTO_BUFFER struct buffer buffer = BUFFER_INIT(100);
    buffer_add_number(&buffer, 0);
    buffer_add_char(&buffer, ' ');
    buffer_add_number(&buffer, 1090);
    buffer_add_char(&buffer, ' ');
    buffer_add_number(&buffer, UINT64_MAX);
    assert_string_equal(buffer_text(&buffer), "0 1090 18446744073709551615");
}

static void take_leaves_it_empty(void **state UNUSED) {
    struct buffer buffer = BUFFER_INIT(20);
    buffer_add_string(&buffer, "given");
    AUTO_FREE char *text = buffer_take(&buffer);
    assert_string_equal(text, "given");
    assert_int_equal(buffer.length, 0);
    assert_int_equal(buffer.limit_bytes, 20);
    buffer_add_string(&buffer, "again");
    assert_string_equal(buffer_text(&buffer), "again");
    buffer_finish(&buffer);
    assert_int_equal(buffer.limit_bytes, 20);
    assert_null(buffer.data);
}

static void lent_memory_is_used_until_it_is_full(void **state UNUSED) {
    char memory[8];
    struct buffer buffer;
    buffer_lend(&buffer, memory, sizeof memory);
    assert_string_equal(buffer_text(&buffer), "");
    buffer_printf(&buffer, "%d", 123);
    buffer_add_string(&buffer, "4567");
    assert_ptr_equal(buffer.data, memory);
    assert_string_equal(memory, "1234567");
    buffer_printf(&buffer, "%d", 89);
    assert_ptr_not_equal(buffer.data, memory);
    assert_string_equal(buffer_text(&buffer), "123456789");
    buffer_finish(&buffer);
    assert_null(buffer.data);
}

static void lent_memory_is_not_given_away(void **state UNUSED) {
    char memory[8];
    struct buffer buffer;
    buffer_lend(&buffer, memory, sizeof memory);
    buffer_add(&buffer, "a\0b", 3);
    AUTO_FREE char *text = buffer_take(&buffer);
    assert_memory_equal(text, "a\0b", 4);
    assert_null(buffer.data);
    buffer_lend(&buffer, memory, sizeof memory);
    buffer_finish(&buffer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_empty),
        cmocka_unit_test(adds_and_terminates),
        cmocka_unit_test(grows_far),
        cmocka_unit_test(limit_is_exact),
        cmocka_unit_test(overflow_adds_nothing_and_sticks),
        cmocka_unit_test(absurd_lengths_are_refused),
        cmocka_unit_test(reserved_memory_is_not_moved),
        cmocka_unit_test(consume_and_truncate),
        cmocka_unit_test(numbers_in_decimal),
        cmocka_unit_test(take_leaves_it_empty),
        cmocka_unit_test(lent_memory_is_used_until_it_is_full),
        cmocka_unit_test(lent_memory_is_not_given_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
