// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"

static void parses(void **state UNUSED) {
    const struct {
        const char *text;
        int64_t ns;
    } cases[] = {
        {"0", 0},
        {"+0", 0},
        {"-0", 0},
        {"0s", 0},
        {"5s", 5 * NS_PER_S},
        {"+5s", 5 * NS_PER_S},
        {"-5s", -5 * NS_PER_S},
        {"5.0s", 5 * NS_PER_S},
        {"5.6s", 5600 * NS_PER_MS},
        {"5.s", 5 * NS_PER_S},
        {".5s", 500 * NS_PER_MS},
        {"-.5s", -500 * NS_PER_MS},
        {"1.004s", 1004 * NS_PER_MS},
        {"100.00100s", 100001 * NS_PER_MS},
        {"10ns", 10},
        {"11us", 11 * NS_PER_US},
        {"12\xC2\xB5s", 12 * NS_PER_US},
        {"12\xCE\xBCs", 12 * NS_PER_US},
        {"13ms", 13 * NS_PER_MS},
        {"15m", 15 * 60 * NS_PER_S},
        {"16h", 16 * 3600 * NS_PER_S},
        {"1s1h", 3601 * NS_PER_S},
        {"3h30m", 12600 * NS_PER_S},
        {"10.5s4m", 250500 * NS_PER_MS},
        {"-2m3.4s", -123400 * NS_PER_MS},
        {"1h2m3s4ms5us6ns", 3723 * NS_PER_S + 4005006},
        {"39h9m14.425s", INT64_C(140954425000000)},
        {"1s1s", 2 * NS_PER_S},
        {"52763797000ns", INT64_C(52763797000)},
        {"0.3333333333333333333h", 20 * 60 * NS_PER_S},
        {"0.100000000000000000000h", 6 * 60 * NS_PER_S},
        {"0.830103483285477580700h", INT64_C(2988372539827)},
        {"0.9ns", 0},
        {"9007199254740993ns", INT64_C(9007199254740993)},
        {"9223372036854775807ns", INT64_MAX},
        {"9223372036854775.807us", INT64_MAX},
        {"9223372036s854ms775us807ns", INT64_MAX},
        {"-9223372036854775808ns", INT64_MIN},
        {"-9223372036854775.808us", INT64_MIN},
        {"-9223372036s854ms775us808ns", INT64_MIN},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_ERROR struct error err = {0};
        int64_t ns = -1;
        if (!duration_parse(cases[i].text, &ns, &err) || ns != cases[i].ns)
            fail_msg("%s: %lld (%s)", cases[i].text, (long long)ns, error_text(&err));
    }
}

static void refuses(void **state UNUSED) {
    const struct {
        const char *text, *message;
    } cases[] = {
        {"", "invalid duration \"\""},
        {"3", "missing unit in duration \"3\""},
        {"00", "missing unit in duration \"00\""},
        {"0.0", "missing unit in duration \"0.0\""},
        {"-", "invalid duration \"-\""},
        {"+", "invalid duration \"+\""},
        {"--1s", "invalid duration \"--1s\""},
        {"s", "invalid duration \"s\""},
        {".", "invalid duration \".\""},
        {"-.", "invalid duration \"-.\""},
        {".s", "invalid duration \".s\""},
        {"+.s", "invalid duration \"+.s\""},
        {" 1s", "invalid duration \" 1s\""},
        {"1s ", "unknown unit \"s \" in duration \"1s \""},
        {"1s 2m", "unknown unit \"s \" in duration \"1s 2m\""},
        {"1d", "unknown unit \"d\" in duration \"1d\""},
        {"1S", "unknown unit \"S\" in duration \"1S\""},
        {"1.2.3s", "missing unit in duration \"1.2.3s\""},
        {"1s.5", "missing unit in duration \"1s.5\""},
        {"1s-1s", "unknown unit \"s-\" in duration \"1s-1s\""},
        {"1e3s", "unknown unit \"e\" in duration \"1e3s\""},
        {"\x85\x85", "invalid duration \"\\x85\\x85\""},
        {"hello \xFF world", "invalid duration \"hello \\xff world\""},
        {"1\xC2\xB5", "unknown unit \"\\xc2\\xb5\" in duration \"1\\xc2\\xb5\""},
        {"\"\\\n\x7F", "invalid duration \"\\\"\\\\\\x0a\x7F\""},
        {"9223372036854775810ns", "invalid duration \"9223372036854775810ns\""},
        {"9223372036854775808ns", "invalid duration \"9223372036854775808ns\""},
        {"-9223372036854775809ns", "invalid duration \"-9223372036854775809ns\""},
        {"9223372036854776us", "invalid duration \"9223372036854776us\""},
        {"3000000h", "invalid duration \"3000000h\""},
        {"9223372036854775.808us", "invalid duration \"9223372036854775.808us\""},
        {"9223372036854ms775us808ns", "invalid duration \"9223372036854ms775us808ns\""},
        {"99999999999999999999s", "invalid duration \"99999999999999999999s\""},
        {"99999999999999999999", "invalid duration \"99999999999999999999\""},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_ERROR struct error err = {0};
        int64_t ns = 777;
        assert_false(duration_parse(cases[i].text, &ns, &err));
        assert_int_equal(err.kind, ERROR_BAD_REQUEST);
        assert_memory_equal(error_text(&err), "time: ", 6);
        assert_string_equal(error_text(&err) + 6, cases[i].message);
        assert_int_equal(ns, 777);
    }
}

static void formats(void **state UNUSED) {
    const struct {
        int64_t ns;
        const char *text;
    } cases[] = {
        {0, "0s"},
        {1, "1ns"},
        {999, "999ns"},
        {1000, "1\xC2\xB5s"},
        {1100, "1.1\xC2\xB5s"},
        {250 * NS_PER_US, "250\xC2\xB5s"},
        {2200 * NS_PER_US, "2.2ms"},
        {2000001, "2.000001ms"},
        {150 * NS_PER_MS, "150ms"},
        {3300 * NS_PER_MS, "3.3s"},
        {NS_PER_S, "1s"},
        {NS_PER_S + 1, "1.000000001s"},
        {60 * NS_PER_S, "1m0s"},
        {90 * NS_PER_S, "1m30s"},
        {245 * NS_PER_S, "4m5s"},
        {245001 * NS_PER_MS, "4m5.001s"},
        {3600 * NS_PER_S, "1h0m0s"},
        {48 * 3600 * NS_PER_S, "48h0m0s"},
        {18367001 * NS_PER_MS, "5h6m7.001s"},
        {480000000001, "8m0.000000001s"},
        {-1, "-1ns"},
        {-1500 * NS_PER_MS, "-1.5s"},
        {INT64_MAX, "2562047h47m16.854775807s"},
        {INT64_MIN, "-2562047h47m16.854775808s"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char text[DURATION_TEXT_SIZE];
        duration_format(cases[i].ns, text);
        assert_string_equal(text, cases[i].text);
        int64_t back = 777;
        assert_true(duration_parse(text, &back, NULL));
        assert_true(back == cases[i].ns);
    }
}

static void long_text_is_cut_when_quoted(void **state UNUSED) {
    AUTO_FREE char *text = memory_new(1000001);
    memset(text, 1, 1000000);
    AUTO_ERROR struct error err = {0};
    int64_t ns;
    assert_false(duration_parse(text, &ns, &err));
    assert_true(strlen(error_text(&err)) < 20000);
    error_clear(&err);
    assert_false(duration_parse("a" TEXT_NUL, &ns, &err));
    assert_string_equal(error_text(&err), "time: invalid duration \"a\\x00\"");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(long_text_is_cut_when_quoted),
        cmocka_unit_test(parses),
        cmocka_unit_test(refuses),
        cmocka_unit_test(formats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
