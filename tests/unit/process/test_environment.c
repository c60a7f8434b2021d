// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "process/environment.h"

static void check_list(struct environment *environment, const char *const *expected) {
    char *const *list = environment_list(environment);
    size_t i = 0;
    for (; expected[i] != NULL; i++) {
        assert_non_null(list[i]);
        assert_string_equal(list[i], expected[i]);
    }
    assert_null(list[i]);
}

static void later_values_replace_earlier_ones(void **state UNUSED) {
    char first[] = "B=1", second[] = "A=x=y", third[] = "B=2", empty[] = "C=";
    char *initial[] = {first, second, third, empty, NULL};
    struct environment *environment = environment_create(initial);
    check_list(environment, (const char *const[]){"A=x=y", "B=2", "C=", NULL});
    environment_set(environment, "B", "3");
    environment_set(environment, "AA", "new");
    check_list(environment, (const char *const[]){"A=x=y", "AA=new", "B=3", "C=", NULL});
    environment_unset(environment, "A");
    environment_unset(environment, "missing");
    check_list(environment, (const char *const[]){"AA=new", "B=3", "C=", NULL});
    environment_destroy(environment);
}

static void odd_entries_are_left_out(void **state UNUSED) {
    char no_value[] = "LONELY", no_name[] = "=x", fine[] = "A=1";
    char *initial[] = {no_value, no_name, fine, NULL};
    struct environment *environment = environment_create(initial);
    check_list(environment, (const char *const[]){"A=1", NULL});
    assert_null(environment_get(environment, "LONELY"));
    environment_destroy(environment);
}

static void empty_environment_has_a_list(void **state UNUSED) {
    struct environment *environment = environment_create(NULL);
    check_list(environment, (const char *const[]){NULL});
    environment_set(environment, "A", "1");
    environment_unset(environment, "A");
    check_list(environment, (const char *const[]){NULL});
    environment_destroy(environment);
    environment_destroy(NULL);
}

static void value_can_be_set_to_itself(void **state UNUSED) {
    struct environment *environment = environment_create(NULL);
    environment_set(environment, "A", "");
    assert_string_equal(environment_get(environment, "A"), "");
    environment_set(environment, "A", "text");
    environment_set(environment, "A", environment_get(environment, "A"));
    assert_string_equal(environment_get(environment, "A"), "text");
    environment_destroy(environment);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(later_values_replace_earlier_ones),
        cmocka_unit_test(odd_entries_are_left_out),
        cmocka_unit_test(empty_environment_has_a_list),
        cmocka_unit_test(value_can_be_set_to_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
