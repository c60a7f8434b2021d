// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <time.h>

#include "base/text.h"
#include "cli/times.h"

#define DAY_NS (86400 * NS_PER_S)
// 2024-03-10T12:00:00Z, the day on which clocks go forward in New York.
#define NOON_NS (INT64_C(1710072000) * NS_PER_S)

static void use_zone(const char *zone) {
    assert_int_equal(setenv("TZ", zone, 1), 0);
    tzset();
}

static void assert_relative(int64_t then_ns, int64_t now_ns, const char *expected) {
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    time_add_relative(&out, then_ns, now_ns);
    assert_string_equal(buffer_text(&out), expected);
}

static void counts_calendar_days(void **state UNUSED) {
    use_zone("UTC");
    assert_relative(NOON_NS, NOON_NS, "today at 12:00 UTC");
    assert_relative(NOON_NS - 12 * 3600 * NS_PER_S, NOON_NS, "today at 00:00 UTC");
    assert_relative(NOON_NS - 12 * 3600 * NS_PER_S - 1, NOON_NS, "yesterday at 23:59 UTC");
    assert_relative(NOON_NS + 12 * 3600 * NS_PER_S, NOON_NS, "tomorrow at 00:00 UTC");
    assert_relative(NOON_NS - 2 * DAY_NS, NOON_NS, "2 days ago, at 12:00 UTC");
    assert_relative(NOON_NS + 2 * DAY_NS, NOON_NS, "in 2 days, at 12:00 UTC");
    assert_relative(NOON_NS - 60 * DAY_NS, NOON_NS, "60 days ago, at 12:00 UTC");
    assert_relative(NOON_NS + 60 * DAY_NS, NOON_NS, "in 60 days, at 12:00 UTC");
    assert_relative(NOON_NS - 61 * DAY_NS, NOON_NS, "2024-01-09");
    assert_relative(NOON_NS + 61 * DAY_NS, NOON_NS, "2024-05-10");
    assert_relative(-1, NOON_NS, "1969-12-31");
}

static void assert_shortest(int64_t then_ns, int64_t now_ns, const char *expected) {
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    time_add_short_relative(&out, then_ns, now_ns);
    assert_string_equal(buffer_text(&out), expected);
}

static void the_short_form_is_the_hour_or_the_day(void **state UNUSED) {
    use_zone("UTC");
    assert_shortest(NOON_NS, NOON_NS, "12:00");
    assert_shortest(NOON_NS - 12 * 3600 * NS_PER_S, NOON_NS, "00:00");
    assert_shortest(NOON_NS - 12 * 3600 * NS_PER_S - 1, NOON_NS, "2024-03-09");
    assert_shortest(NOON_NS + DAY_NS, NOON_NS, "2024-03-11");
    use_zone("EST5EDT,M3.2.0,M11.1.0");
    assert_shortest(NOON_NS, NOON_NS, "08:00");
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    time_add_short(&out, NULL);
    time_add_short(&out, "soon");
    assert_string_equal(buffer_text(&out), "--");
}

static void uses_the_local_zone(void **state UNUSED) {
    use_zone("EST5EDT,M3.2.0,M11.1.0");
    assert_relative(NOON_NS, NOON_NS, "today at 08:00 EDT");
    assert_relative(NOON_NS - 6 * 3600 * NS_PER_S, NOON_NS, "today at 01:00 EST");
    assert_relative(NOON_NS - 8 * 3600 * NS_PER_S, NOON_NS, "yesterday at 23:00 EST");
    assert_relative(NOON_NS + 15 * 3600 * NS_PER_S, NOON_NS, "today at 23:00 EDT");
    assert_relative(NOON_NS + 16 * 3600 * NS_PER_S, NOON_NS, "tomorrow at 00:00 EDT");
}

// A zone that is a day or more away, which no time of the API can express, counts as unknown.
static void unknown_zones_are_utc(void **state UNUSED) {
    static const char *const unknown[] = {
        "Europe/Atlantis", "Nowhere/City", ":Nowhere", "abc",    "Europe", "AB5",  "XYZ24",
        "XYZ+99",          "UTC-25",       "XYZ",      "/etc/x", ":",      "<+05", ""};
    for (size_t i = 0; i < ARRAY_COUNT(unknown); i++) {
        use_zone(unknown[i]);
        assert_relative(NOON_NS, NOON_NS, "today at 12:00 UTC");
    }
    use_zone("XYZ0");
    assert_relative(NOON_NS, NOON_NS, "today at 12:00 XYZ");
    use_zone("<+00>-0");
    assert_relative(NOON_NS, NOON_NS, "today at 12:00 +00");
    use_zone("XYZ23:59");
    assert_relative(NOON_NS, NOON_NS, "today at 12:01 XYZ");
}

static void assert_absolute(const char *text, const char *expected) {
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    time_add(&out, text, true);
    assert_string_equal(buffer_text(&out), expected);
}

static void keeps_the_zone_of_full_times(void **state UNUSED) {
    assert_absolute("2024-03-10T12:00:00.987654321Z", "2024-03-10T12:00:00Z");
    assert_absolute("2024-03-10T12:00:00.5+05:30", "2024-03-10T12:00:00+05:30");
    assert_absolute("0001-01-01T00:00:00Z", "-");
    assert_absolute("soon", "-");
    assert_absolute(NULL, "-");
}

static void assert_millis(const char *text, const char *expected) {
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    time_add_millis(&out, text);
    assert_string_equal(buffer_text(&out), expected);
}

static void logs_have_three_digits(void **state UNUSED) {
    assert_millis("2024-03-10T12:00:00Z", "2024-03-10T12:00:00.000Z");
    assert_millis("2024-03-10T12:00:00.12Z", "2024-03-10T12:00:00.120Z");
    assert_millis("2024-03-10T12:00:00.9999Z", "2024-03-10T12:00:00.999Z");
    assert_millis("2024-03-10T12:00:00.12-03:30", "2024-03-10T12:00:00.120-03:30");
    assert_millis("later", "later");
}

static void assert_short(int64_t duration_ns, const char *expected) {
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    duration_add_short(&out, duration_ns);
    assert_string_equal(buffer_text(&out), expected);
}

static void durations_have_two_units_or_a_fraction(void **state UNUSED) {
    assert_short(0, "0.0ns");
    assert_short(1, "1.0ns");
    assert_short(4100, "4.1\xC2\xB5s");
    assert_short(NS_PER_S / 4, "250ms");
    assert_short(999 * NS_PER_S / 1000, "999ms");
    assert_short(NS_PER_S, "1.00s");
    assert_short(3 * NS_PER_S / 2, "1.50s");
    assert_short(59 * NS_PER_S, "59.0s");
    assert_short(60 * NS_PER_S, "1m00s");
    assert_short(599 * NS_PER_S, "9m59s");
    assert_short(630 * NS_PER_S, "10.5m");
    assert_short(3600 * NS_PER_S, "60.0m");
    assert_short(100 * 60 * NS_PER_S, "1h40m");
    assert_short(12 * 3600 * NS_PER_S, "12h0m");
    assert_short(25 * 1800 * NS_PER_S, "12.5h");
    assert_short(DAY_NS, "1d00h");
    assert_short(7 * DAY_NS + 23 * 3600 * NS_PER_S, "7d23h");
    assert_short(10 * DAY_NS, "10d0h");
    assert_short(25 * DAY_NS / 2, "12.5d");
    assert_short(100 * DAY_NS, " 100d");
    assert_short(731 * DAY_NS, "2.00y");
    assert_short(INT64_MAX, " 292y");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_calendar_days),
        cmocka_unit_test(the_short_form_is_the_hour_or_the_day),
        cmocka_unit_test(unknown_zones_are_utc),
        cmocka_unit_test(uses_the_local_zone),
        cmocka_unit_test(keeps_the_zone_of_full_times),
        cmocka_unit_test(logs_have_three_digits),
        cmocka_unit_test(durations_have_two_units_or_a_fraction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
