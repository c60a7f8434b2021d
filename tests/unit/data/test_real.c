// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/real.h"

static void expect(double value, int low, int high, int exponent_digits, const char *text) {
    char out[REAL_TEXT_SIZE];
    real_format(value, low, high, exponent_digits, out);
    assert_string_equal(out, text);
}

static void short_forms(void **state UNUSED) {
    expect(0, -4, 6, 2, "0");
    expect(-0.0, -4, 6, 2, "-0");
    expect(1, -4, 6, 2, "1");
    expect(1.5, -4, 6, 2, "1.5");
    expect(-2.25, -4, 6, 2, "-2.25");
    expect(0.1, -4, 6, 2, "0.1");
    expect(100000, -4, 6, 2, "100000");
    expect(123456.75, -4, 6, 2, "123456.75");
    expect(1000000, -4, 6, 2, "1e+06");
    expect(1234567.5, -4, 6, 2, "1.2345675e+06");
    expect(0.0001, -4, 6, 2, "0.0001");
    expect(0.00001, -4, 6, 2, "1e-05");
    expect(0.000025, -6, 21, 1, "0.000025");
    expect(2.5e-7, -6, 21, 1, "2.5e-7");
    expect(1e20, -6, 21, 1, "100000000000000000000");
    expect(1e21, -6, 21, 1, "1e+21");
    expect(DBL_MAX, -6, 21, 1, "1.7976931348623157e+308");
    expect(-DBL_MIN, -6, 21, 1, "-2.2250738585072014e-308");
}

static void reads_back_the_same(void **state UNUSED) {
    uint64_t bits = UINT64_C(0x9E3779B97F4A7C15);
    for (int i = 0; i < 20000; i++) {
        bits = bits * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        double value = 0;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value))
            continue;
        char text[REAL_TEXT_SIZE];
        real_format(value, -6, 21, 1, text);
        double back = real_parse(text);
        assert_memory_equal(&back, &value, sizeof value);
    }
}

static void parses_beyond_the_range(void **state UNUSED) {
    assert_true(isinf(real_parse("1e999")));
    assert_true(real_parse("-1e999") < -DBL_MAX);
    assert_true(fabs(real_parse("1e-999")) < DBL_MIN);
}

static void locale_does_not_matter(void **state UNUSED) {
    if (setlocale(LC_ALL, "de_DE.UTF-8") == NULL)
        skip();
    expect(1.5, -4, 6, 2, "1.5");
    assert_true(real_parse("1.5") > 1.25);
    setlocale(LC_ALL, "C");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_forms),
        cmocka_unit_test(reads_back_the_same),
        cmocka_unit_test(parses_beyond_the_range),
        cmocka_unit_test(locale_does_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
