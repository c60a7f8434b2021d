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

static void assert_place(struct place place, const char *expected) {
    AUTO_FREE char *text = place_text(&place);
    assert_string_equal(text, expected);
}

static void places_name_what_is_known(void **state UNUSED) {
    struct place place = {.section = "pairing"};
    assert_place(place, "section \"pairing\"");
    place = (struct place){.line = 4, .section = "checks", .noun = "check", .name = "a \"b\""};
    assert_place(place, "line 4: section \"checks\", check \"a \\\"b\\\"\"");
    place.key = "port";
    place.part = "tcp";
    assert_place(place, "line 4: section \"checks\", check \"a \\\"b\\\"\", key \"tcp.port\"");
}

static void places_are_the_advice(void **state UNUSED) {
    AUTO_DIAGNOSTICS struct diagnostics diagnostics = {0};
    diagnostics.place = (struct place){.line = 2, .section = "services"};
    diagnostics_add(&diagnostics, "bad one");
    diagnostics_add(&diagnostics, "bad two");
    diagnostics.place.line = 5;
    diagnostics_add(&diagnostics, "bad one");
    diagnostics.place = (struct place){0};
    diagnostics_add(&diagnostics, "bad three");
    AUTO_ERROR struct error err = {0};
    assert_false(diagnostics_report(&diagnostics, &err));
    assert_string_equal(error_text(&err), "bad one\n- also: bad two\n- also: bad three");
    assert_string_equal(err.advice, "line 2: section \"services\"\nline 5: section \"services\"");
}

static void not_all_of_many_places_are_kept(void **state UNUSED) {
    AUTO_DIAGNOSTICS struct diagnostics diagnostics = {0};
    diagnostics.place.section = "services";
    for (int i = 1; i <= 60; i++) {
        diagnostics.place.line = i;
        diagnostics_add(&diagnostics, "the same");
    }
    AUTO_ERROR struct error err = {0};
    assert_false(diagnostics_report(&diagnostics, &err));
    assert_non_null(strstr(err.advice, "line 50:"));
    assert_null(strstr(err.advice, "line 51:"));
}

static void the_first_fault_is_all_that_pebble_reports(void **state UNUSED) {
    AUTO_DIAGNOSTICS struct diagnostics diagnostics = {0};
    diagnostics_add(&diagnostics, "bad\n  one");
    AUTO_ERROR struct error one = {0}, two = {0};
    assert_false(diagnostics_report(&diagnostics, &one));
    assert_int_equal(plan_first_fault_length(error_text(&one)), strlen("bad\n  one"));
    diagnostics_add(&diagnostics, "bad two");
    assert_false(diagnostics_report(&diagnostics, &two));
    assert_int_equal(plan_first_fault_length(error_text(&two)), strlen("bad\n  one"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_faults_report_nothing),
        cmocka_unit_test(first_fault_comes_first_and_repeats_count_once),
        cmocka_unit_test(very_many_are_counted),
        cmocka_unit_test(places_name_what_is_known),
        cmocka_unit_test(places_are_the_advice),
        cmocka_unit_test(not_all_of_many_places_are_kept),
        cmocka_unit_test(the_first_fault_is_all_that_pebble_reports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
