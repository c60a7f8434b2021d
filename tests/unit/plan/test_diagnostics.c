// SPDX-License-Identifier: GPL-3.0-or-later
#include "plan_check.h"

#include "plan/diagnostics_internal.h"

static void no_faults_report_nothing(void **state UNUSED) {
    AUTO_DIAGNOSTICS struct diagnostics diagnostics = {0};
    assert_true(diagnostics_are_empty(&diagnostics));
    assert_true(diagnostics_report(&diagnostics, NULL));
}

static void first_fault_comes_first_and_repeats_count_once(void **state UNUSED) {
    AUTO_DIAGNOSTICS struct diagnostics diagnostics = {0};
    diagnostics_add(&diagnostics, "bad %s", "one");
    diagnostics_add(&diagnostics, "bad two");
    diagnostics_add(&diagnostics, "bad one");
    AUTO_ERROR struct error err = {0};
    assert_false(diagnostics_report(&diagnostics, &err));
    assert_string_equal(error_text(&err), "bad one\n- also: bad two");
    assert_int_equal(err.kind, ERROR_BAD_REQUEST);
}

static void very_many_are_counted(void **state UNUSED) {
    AUTO_DIAGNOSTICS struct diagnostics diagnostics = {0};
    for (int i = 0; i < 60; i++)
        diagnostics_add(&diagnostics, "fault %d", i);
    AUTO_ERROR struct error err = {0};
    assert_false(diagnostics_report(&diagnostics, &err));
    assert_non_null(strstr(error_text(&err), "\n- also: fault 49\n- and 10 more"));
    assert_null(strstr(error_text(&err), "fault 50"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_faults_report_nothing),
        cmocka_unit_test(first_fault_comes_first_and_repeats_count_once),
        cmocka_unit_test(very_many_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
