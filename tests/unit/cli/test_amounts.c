// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "cli/amounts.h"

static void amounts_are_short(void **state UNUSED) {
    static const struct {
        uint64_t bytes;
        const char *text;
    } cases[] = {
        {0, "0B"},
        {999, "999B"},
        {1000, "1000B"},
        {5000, "5000B"},
        {5001, "5.00kB"},
        {9499, "9.50kB"},
        {9500, "9.5kB"},
        {12345, "12.3kB"},
        {99499, "99.5kB"},
        {99500, "100kB"},
        {123456, "123kB"},
        {999499, "999kB"},
        {999500, "1.00MB"},
        {1000000, "1.00MB"},
        {98765432, "98.8MB"},
        {6000000000, "6.00GB"},
        {UINT64_MAX, "18.4EB"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
        amount_add(&out, cases[i].bytes);
        assert_string_equal(buffer_text(&out), cases[i].text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(amounts_are_short)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
