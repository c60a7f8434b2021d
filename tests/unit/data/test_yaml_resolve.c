// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "data/yaml_internal.h"

static void expect_kind(enum yaml_kind kind, const char *const *texts) {
    for (; *texts != NULL; texts++) {
        enum yaml_kind found = yaml_resolve(*texts).kind;
        if (found != kind)
            fail_msg("'%s' is %s, not %s", *texts, yaml_kind_tag(found), yaml_kind_tag(kind));
    }
}

static void words(void **state UNUSED) {
    expect_kind(YAML_NULL, (const char *const[]){"", "~", "null", "Null", "NULL", NULL});
    expect_kind(YAML_BOOL, (const char *const[]){"true", "True", "TRUE", "false", "False", "FALSE", NULL});
    expect_kind(YAML_STRING, (const char *const[]){"nULL", "tRUE", "yes",  "no",    "on",     "off", "y", "N",
                                                   "x",    "<<",   "=",    "~~",    "-",      "+",   ".", "..",
                                                   "nan",  "inf",  ".iNF", "+.nan", "--.inf", NULL});
}

static void integers(void **state UNUSED) {
    static const struct {
        const char *text;
        int64_t value;
    } cases[] = {
        {"0", 0},
        {"-0", 0},
        {"12", 12},
        {"+12", 12},
        {"-12", -12},
        {"1_000", 1000},
        {"1_", 1},
        {"-_1", -1},
        {"0x1F", 31},
        {"0X1f", 31},
        {"-0x10", -16},
        {"0o17", 15},
        {"0O17", 15},
        {"-0o17", -15},
        {"0b101", 5},
        {"-0b11", -3},
        {"+0B1", 1},
        {"010", 8},
        {"-010", -8},
        {"00", 0},
        {"0x_f", 15},
        {"0_7", 7},
        {"0x0b1", 177},
        {"9223372036854775807", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
        {"0x7fffffffffffffff", INT64_MAX},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct yaml_resolved resolved = yaml_resolve(cases[i].text);
        if (resolved.kind != YAML_INT || !resolved.has_int64 || resolved.integer != cases[i].value)
            fail_msg("%s", cases[i].text);
    }
    struct yaml_resolved large = yaml_resolve("18446744073709551615");
    assert_int_equal(large.kind, YAML_INT);
    assert_false(large.has_int64);
    assert_true(large.real > 1.8e19);
}

static void floats(void **state UNUSED) {
    static const char *const texts[] = {"1.5",
                                        "1.",
                                        ".5",
                                        "-.5",
                                        "+1e3",
                                        "1e3",
                                        "1E-3",
                                        "1_0.5",
                                        "08",
                                        "09.5",
                                        "-08",
                                        "18446744073709551616",
                                        "-9223372036854775809",
                                        "+18446744073709551615",
                                        ".inf",
                                        "-.INF",
                                        "+.Inf",
                                        ".NaN",
                                        "1e-999",
                                        NULL};
    expect_kind(YAML_FLOAT, texts);
    assert_true(yaml_resolve("-.inf").real < 0 && isinf(yaml_resolve("-.inf").real));
    assert_true(isnan(yaml_resolve(".nan").real));
    assert_true(fabs(yaml_resolve("1_0.5").real - 10.5) < 1e-9);
    expect_kind(YAML_STRING,
                (const char *const[]){"1e999", "1.5.2", "1e",  "1e+",  "e3",  ".e3",   "._5",  ".5_0",
                                      "0x",    "0xg",   "0b",  "0b12", "0o8", "0o",    "1:30", "12abc",
                                      "1 2",   "--1",   "+-1", "0x-1", "_1",  "0x1p3", "1,5",  "0x10000000000000000",
                                      NULL});
}

static void timestamps(void **state UNUSED) {
    expect_kind(YAML_TIMESTAMP,
                (const char *const[]){"2020-01-02", "2020-1-2", "2020-02-29", "2000-02-29", "2020-01-02T03:04:05Z",
                                      "2020-01-02t3:4:5.678+01:00", "2020-01-02T03:04:05,5-23:59",
                                      "2020-01-02 03:04:05", "2020-01-02   03:04:05.25", NULL});
    expect_kind(YAML_STRING,
                (const char *const[]){"2020-13-01", "2020-00-01", "2021-02-29", "1900-02-29", "2020-04-31",
                                      "2020-01-02T", "2020-01-02T03:04Z", "2020-01-02T03:04:05", "2020-01-02T24:00:00Z",
                                      "2020-01-02T03:60:00Z", "2020-01-02 03:04:05Z", "2020-01-02 ", "2020-01-02x",
                                      "2020-01", "20200-01-02", "202-01-02", "2020-01-02T03:04:05+1:00",
                                      "2020-01-02T03:04:05+25:00", NULL});
}

static void old_booleans(void **state UNUSED) {
    assert_true(yaml_is_old_bool("Yes"));
    assert_true(yaml_is_old_bool("OFF"));
    assert_false(yaml_is_old_bool("yEs"));
    assert_false(yaml_is_old_bool("true"));
    assert_false(yaml_is_old_bool(""));
}

static void base_sixty(void **state UNUSED) {
    static const char *const numbers[] = {"1:30", "-1:30", "+1_0:0:59", "190:20:30.15", "1:5.", "0:0"};
    static const char *const others[] = {"1:60", "1:300", "1:", ":30", "1:3a", "a:30", "", "1", "1::2", "_1:30"};
    for (size_t i = 0; i < ARRAY_COUNT(numbers); i++)
        assert_true(yaml_is_base60(numbers[i]));
    for (size_t i = 0; i < ARRAY_COUNT(others); i++)
        assert_false(yaml_is_base60(others[i]));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words),      cmocka_unit_test(integers),     cmocka_unit_test(floats),
        cmocka_unit_test(timestamps), cmocka_unit_test(old_booleans), cmocka_unit_test(base_sixty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
