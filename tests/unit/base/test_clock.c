// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"

static const int64_t moment = INT64_C(1767323045) * NS_PER_S; // 2026-01-02T03:04:05Z

static void monotonic_never_goes_back(void **state UNUSED) {
    int64_t last = clock_monotonic_ns();
    for (int i = 0; i < 1000; i++) {
        int64_t now = clock_monotonic_ns();
        assert_true(now >= last);
        last = now;
    }
}

static void sums_do_not_overflow(void **state UNUSED) {
    assert_int_equal(clock_add_ns(3, 4), 7);
    assert_int_equal(clock_add_ns(3, -4), -1);
    assert_true(clock_add_ns(1, INT64_MAX) == INT64_MAX);
    assert_true(clock_add_ns(-2, INT64_MIN) == INT64_MIN);
    assert_true(clock_deadline_ns(INT64_MAX) == INT64_MAX);
    assert_true(clock_deadline_ns(-1) < clock_monotonic_ns());
    assert_true(clock_deadline_ns(1000 * NS_PER_S) > clock_monotonic_ns());
}

static void wall_clock_is_system_time(void **state UNUSED) {
    time_t before = time(NULL);
    int64_t now = clock_wall_ns();
    time_t after = time(NULL);
    assert_true(now / NS_PER_S >= before && now / NS_PER_S <= after + 1);
}

static void now_is_in_the_local_zone(void **state UNUSED) {
    // The first use of the zone in this program decides.
    setenv("TZ", "XYZ-05:30", 1);
    struct wall_time now = clock_now();
    assert_true(now.is_set);
    assert_int_equal(now.offset_seconds, 19800);
    char text[CLOCK_TEXT_SIZE];
    clock_format(now, text);
    assert_string_equal(text + strlen(text) - 6, "+05:30");
}

static void times_a_day_ahead_or_behind_are_utc(void **state UNUSED) {
    static const char *const zones[] = {"XYZ24", "XYZ-24", "XYZ24:59:59", "XYZ-99"};
    for (size_t i = 0; i < ARRAY_COUNT(zones); i++) {
        struct tm local = {0};
        setenv("TZ", zones[i], 1);
        tzset();
        assert_true(clock_local(moment / NS_PER_S, &local));
        assert_int_equal(local.tm_gmtoff, 0);
        assert_int_equal(local.tm_hour, 3);
        assert_int_equal(clock_now().offset_seconds, 0);
    }
}

static void formats_with_needed_digits(void **state UNUSED) {
    const struct {
        int64_t ns;
        int32_t offset_seconds;
        const char *text;
    } cases[] = {
        {moment, 0, "2026-01-02T03:04:05Z"},
        {moment + 1, 0, "2026-01-02T03:04:05.000000001Z"},
        {moment + 120 * NS_PER_MS, 0, "2026-01-02T03:04:05.12Z"},
        {moment + 999999999, 3600, "2026-01-02T04:04:05.999999999+01:00"},
        {moment, -12600, "2026-01-01T23:34:05-03:30"},
        {0, 0, "1970-01-01T00:00:00Z"},
        {-1, 0, "1969-12-31T23:59:59.999999999Z"},
        {INT64_MAX, 0, "2262-04-11T23:47:16.854775807Z"},
        {INT64_MIN, 0, "1677-09-21T00:12:43.145224192Z"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char text[CLOCK_TEXT_SIZE];
        clock_format((struct wall_time){cases[i].ns, cases[i].offset_seconds, true}, text);
        assert_string_equal(text, cases[i].text);
        struct wall_time back = {0};
        assert_true(clock_parse(text, &back));
        assert_true(back.is_set);
        assert_true(back.ns == cases[i].ns);
        assert_int_equal(back.offset_seconds, cases[i].offset_seconds);
    }
}

static void formats_fixed_forms(void **state UNUSED) {
    char text[CLOCK_TEXT_SIZE];
    clock_format_millis(moment + 678999999, text);
    assert_string_equal(text, "2026-01-02T03:04:05.678Z");
    clock_format_millis(moment, text);
    assert_string_equal(text, "2026-01-02T03:04:05.000Z");
    clock_format_seconds(moment / NS_PER_S, text);
    assert_string_equal(text, "2026-01-02T03:04:05Z");
    clock_format_seconds(INT64_C(253402300799), text);
    assert_string_equal(text, "9999-12-31T23:59:59Z");
    clock_format_seconds(INT64_C(-62167219200), text);
    assert_string_equal(text, "0000-01-01T00:00:00Z");
    clock_format_http(INT64_C(784887151) * NS_PER_S, text);
    assert_string_equal(text, "Tue, 15 Nov 1994 08:12:31 GMT");
}

static void zero_time_is_no_time(void **state UNUSED) {
    char text[CLOCK_TEXT_SIZE];
    clock_format((struct wall_time){0}, text);
    assert_string_equal(text, "0001-01-01T00:00:00Z");
    struct wall_time time = {.ns = 5, .is_set = true};
    assert_true(clock_parse(text, &time));
    assert_false(time.is_set);
    assert_true(time.ns == 0);
}

static void parses_what_is_legal(void **state UNUSED) {
    const struct {
        const char *text;
        int64_t ns;
    } cases[] = {
        {"2026-01-02T03:04:05,5Z", moment + 500 * NS_PER_MS},
        {"2026-01-02T03:04:05.1234567899Z", moment + 123456789},
        {"2026-01-02T03:04:05+00:00", moment},
        {"2026-01-02T01:04:05-02:00", moment},
        {"2024-02-29T00:00:00Z", INT64_C(1709164800) * NS_PER_S},
        {"9999-12-31T23:59:59Z", INT64_MAX},
        {"0001-01-01T00:00:01Z", INT64_MIN},
        {"0000-01-01T00:00:00Z", INT64_MIN},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct wall_time time = {0};
        assert_true(clock_parse(cases[i].text, &time));
        assert_true(time.ns == cases[i].ns);
    }
}

static void refuses_the_rest(void **state UNUSED) {
    const char *const cases[] = {
        "",
        "x",
        "2026",
        "2026-01-02",
        "2026-01-02T03:04:05",
        "2026-01-02 03:04:05Z",
        "2026-01-02t03:04:05z",
        "2026-1-02T03:04:05Z",
        "2026-13-02T03:04:05Z",
        "2026-00-02T03:04:05Z",
        "2026-01-00T03:04:05Z",
        "2026-04-31T03:04:05Z",
        "2026-02-29T03:04:05Z",
        "2026-01-02T24:04:05Z",
        "2026-01-02T03:60:05Z",
        "2026-01-02T03:04:60Z",
        "2026-01-02T03:04:05+24:00",
        "2026-01-02T03:04:05-23:60",
        "2026-01-02T03:04:05.Z",
        "2026-01-02T03:04:05Zx",
        "2026-01-02T03:04:05+0100",
        "2026-01-02T03:04:05+25:00",
        "2026-01-02T03:04:05+01:61",
        "2026-01-02T03:04:05*01:00",
        "-026-01-02T03:04:05Z",
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct wall_time time = {.ns = 777};
        if (clock_parse(cases[i], &time) || time.ns != 777)
            fail_msg("accepted: %s", cases[i]);
    }
}

// The seam must work where it is built in and be absent everywhere else.
static void test_clock_moves_only_a_test_build(void **state UNUSED) {
    char path[] = "/tmp/test-clock-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_true(file_write_all(fd, "86400\n", 6, NULL));
    close(fd);
    int64_t before = clock_wall_ns();
    setenv("PEBBLE_TEST_CLOCK", path, 1);
    int64_t moved_ns = clock_wall_ns() - before;
    unsetenv("PEBBLE_TEST_CLOCK");
    unlink(path);
#ifdef PEBBLE_TEST_SEAMS
    assert_true(moved_ns >= 86400 * NS_PER_S && moved_ns < 90000 * NS_PER_S);
#else
    assert_true(moved_ns < 3600 * NS_PER_S);
#endif
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(monotonic_never_goes_back),
        cmocka_unit_test(sums_do_not_overflow),
        cmocka_unit_test(wall_clock_is_system_time),
        cmocka_unit_test(now_is_in_the_local_zone),
        cmocka_unit_test(times_a_day_ahead_or_behind_are_utc),
        cmocka_unit_test(formats_with_needed_digits),
        cmocka_unit_test(formats_fixed_forms),
        cmocka_unit_test(zero_time_is_no_time),
        cmocka_unit_test(parses_what_is_legal),
        cmocka_unit_test(refuses_the_rest),
        cmocka_unit_test(test_clock_moves_only_a_test_build),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
