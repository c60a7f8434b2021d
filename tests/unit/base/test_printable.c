// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/printable.h"

static void knows_printable_code_points(void **state UNUSED) {
    const uint32_t printable[] = {' ',     '~',     0xA1,    0xE9,    0x3A9,   0x20AC,  0x4E00, 0xFFFD,
                                  0x1F600, 0x1FAE8, 0x31350, 0x323AF, 0x13440, 0xE0100, 0xE01EF};
    const uint32_t hidden[] = {0,      0x1F,   0x7F,   0xA0,    0xAD,    0x378,   0x200B,   0x2028,   0x3000,
                               0xD800, 0xE000, 0xFEFF, 0x13439, 0xE0001, 0xE01F0, 0x10FFFF, 0x110000, UINT32_MAX};
    for (size_t i = 0; i < ARRAY_COUNT(printable); i++)
        assert_true(printable_code_point(printable[i]));
    for (size_t i = 0; i < ARRAY_COUNT(hidden); i++)
        assert_false(printable_code_point(hidden[i]));
}

// https://www.unicode.org/versions/Unicode15.0.0/ counts 149,014 graphic characters, all 17 spaces among them.
static void counts_like_the_standard(void **state UNUSED) {
    size_t count = 0;
    for (uint32_t code_point = 0; code_point <= 0x10FFFF; code_point++)
        count += printable_code_point(code_point);
    assert_int_equal(count, 148998);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_printable_code_points),
        cmocka_unit_test(counts_like_the_standard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
