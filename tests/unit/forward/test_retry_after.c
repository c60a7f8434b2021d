// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "forward/retry_after_internal.h"

// Tue, 15 Nov 1994 08:12:31 GMT
#define NOW_S INT64_C(784887151)

static int64_t delay_s(const char *text, const char *date) {
    int64_t delay_ns = retry_after_ns(text, date, NOW_S * NS_PER_S + 1);
    assert_int_equal(delay_ns % NS_PER_S, 0);
    return delay_ns / NS_PER_S;
}

static void seconds_are_bounded(void **state UNUSED) {
    assert_int_equal(delay_s("0", NULL), 0);
    assert_int_equal(delay_s("7", "Tue, 15 Nov 1994 09:00:00 GMT"), 7);
    assert_int_equal(delay_s("300", NULL), 300);
    assert_int_equal(delay_s("301", NULL), 300);
    assert_int_equal(delay_s("9223372036854775807", NULL), 300);
    assert_int_equal(delay_s("99999999999999999999999", NULL), 300);
}

static void dates_are_counted_from_the_wall_clock(void **state UNUSED) {
    assert_int_equal(delay_s("Tue, 15 Nov 1994 08:12:41 GMT", NULL), 10);
    assert_int_equal(delay_s("Tuesday, 15-Nov-94 08:12:42 GMT", "nonsense"), 11);
    assert_int_equal(delay_s("Tue Nov 15 08:12:43 1994", NULL), 12);
    assert_int_equal(delay_s("Tue Nov  1 08:12:43 1994", NULL), 0); // past
    assert_int_equal(delay_s("Tue, 15 Nov 1994 08:12:31 GMT", NULL), 0);
    assert_int_equal(delay_s("Fri, 31 Dec 9999 23:59:59 GMT", NULL), 300);
}

static void dates_are_counted_from_the_date_of_the_response(void **state UNUSED) {
    assert_int_equal(delay_s("Wed, 01 Jan 2020 00:01:00 GMT", "Wed, 01 Jan 2020 00:00:00 GMT"), 60);
    assert_int_equal(delay_s("Fri, 31 Dec 9999 23:59:59 GMT", "Sat, 01 Jan 0000 00:00:00 GMT"), 300);
}

static void other_texts_ask_for_nothing(void **state UNUSED) {
    static const char *const texts[] = {"",
                                        "soon",
                                        "-1",
                                        "+1",
                                        " 1",
                                        "1.5",
                                        "1s",
                                        "Tue, 15 Nov 1994 08:12:41",
                                        "Tue, 15 Nov 1994 08:12:41 GMT+1",
                                        "Tue, 45 Nov 1994 08:12:41 GMT"};
    assert_int_equal(delay_s(NULL, NULL), 0);
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
        assert_int_equal(delay_s(texts[i], NULL), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seconds_are_bounded),
        cmocka_unit_test(dates_are_counted_from_the_wall_clock),
        cmocka_unit_test(dates_are_counted_from_the_date_of_the_response),
        cmocka_unit_test(other_texts_ask_for_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
