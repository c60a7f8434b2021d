// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/compiler.h"
#include "data/yaml_writer.h"

// Each list is in order.
static const char *const lists[][12] = {
    {"DB_DRIVER", "DBCONFIG_HOST"},
    {"R_HOME", "RS_LOG", "SQL_ALCHEMY_URI", "SQLALCHEMY_POOL"},
    {"web-2", "web-09", "web-10"},
    {"NODE9", "NODE10"},
    {"unit9", "unit10", "unit10a", "unit010"},
    {"loki/2", "loki/10"},
    {"1", "2", "10", "11"},
    {"", "a", "a-", "a-1", "a1", "aB", "aa", "ab"},
    {"A", "B", "a", "b"},
    {"a1b", "a1-", "a1_"},      // after a digit, the letter comes first
    {"a100", "a1001", "a1010"}, // zeroes within a number do not begin another one
    {"a0", "a00", "a1", "a01"},
    {"a-b", "a.b", "a/b", "a_b", "ab"},
    {"é1", "é2", "é10", "éa", "éé"},
    {"x…", "xé"},
};

static void keys_are_in_the_order_of_the_reference(void **state UNUSED) {
    for (size_t i = 0; i < ARRAY_COUNT(lists); i++) {
        for (size_t j = 0; j < ARRAY_COUNT(lists[i]) && lists[i][j] != NULL; j++) {
            assert_int_equal(yaml_compare_keys(lists[i][j], lists[i][j]), 0);
            for (size_t k = 0; k < j; k++) {
                if (yaml_compare_keys(lists[i][k], lists[i][j]) >= 0 ||
                    yaml_compare_keys(lists[i][j], lists[i][k]) <= 0)
                    fail_msg("\"%s\" is not before \"%s\"", lists[i][k], lists[i][j]);
            }
        }
    }
}

// Also of text that is no UTF-8, and of numbers that do not fit.
static void there_is_an_order_for_anything(void **state UNUSED) {
    static const char *const odd[] = {
        "\xff", "\xff\xfe", "a\xc3", "a\xc3\xa9", "99999999999999999999", "9999999999999999999999"};
    for (size_t i = 0; i < ARRAY_COUNT(odd); i++) {
        for (size_t k = 0; k < ARRAY_COUNT(odd); k++) {
            int forth = yaml_compare_keys(odd[i], odd[k]), back = yaml_compare_keys(odd[k], odd[i]);
            assert_true(i == k ? forth == 0 : (forth < 0) == (back > 0) && forth != 0);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_in_the_order_of_the_reference),
        cmocka_unit_test(there_is_an_order_for_anything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
