// SPDX-License-Identifier: GPL-3.0-or-later
#include "plan_check.h"

static void plans_are_counted(void **state UNUSED) {
    struct plan *plan = PLAN("services: {web: {override: replace, command: a}}");
    assert_ptr_equal(plan_hold(plan), plan);
    plan_release(plan);
    assert_string_equal(plan_find_service(plan, "web")->command, "a");
    plan_release(plan);
    plan_release(NULL);
}

static void no_layers_make_an_empty_plan(void **state UNUSED) {
    struct layer_list none = {0};
    struct plan *plan = NULL;
    assert_true(plan_combine(&none, &plan, NULL));
    assert_plan_text(plan, "{}\n");
    assert_null(plan_find_service(plan, "web"));
    assert_null(plan_find_check(plan, "web"));
    assert_null(plan_find_workload(plan, "web"));
    plan_release(plan);
}

static void any_difference_of_a_service_counts(void **state UNUSED) {
    struct plan *plan = PLAN("services:\n  a: &a {override: replace, command: a, environment: {A: b}}\n  b: *a\n");
    struct plan_service *copy = plan_service_copy(plan_find_service(plan, "a"));
    assert_true(plan_service_equal(plan_find_service(plan, "a"), copy));
    assert_false(plan_service_equal(plan_find_service(plan, "b"), copy)); // the name is another
    map_set(&copy->environment, "A", memory_string("c"));
    assert_false(plan_service_equal(plan_find_service(plan, "a"), copy));
    plan_service_destroy(copy);
    plan_release(plan);
}

static void checks_are_copied_and_compared(void **state UNUSED) {
    struct plan *plan = PLAN("checks:\n  a: {override: replace, exec: {command: a, environment: {A: b}}}\n"
                             "  b: {override: replace, tcp: {port: 1}}\n");
    struct plan_check *copy = plan_check_copy(plan_find_check(plan, "a"));
    assert_true(plan_check_equal(plan_find_check(plan, "a"), copy));
    assert_false(plan_check_equal(plan_find_check(plan, "b"), copy));
    map_set(&copy->exec->environment, "A", memory_string("c"));
    assert_false(plan_check_equal(plan_find_check(plan, "a"), copy));
    plan_check_destroy(copy);
    plan_check_destroy(NULL);
    plan_release(plan);
}

static void workloads_are_copied_and_compared(void **state UNUSED) {
    struct plan *plan = PLAN("workloads: {box: {override: merge, user-id: 0}, tin: {override: merge}}");
    struct plan_workload *copy = plan_workload_copy(plan_find_workload(plan, "box"));
    assert_true(plan_workload_equal(plan_find_workload(plan, "box"), copy));
    copy->user_id.value = 1;
    assert_false(plan_workload_equal(plan_find_workload(plan, "box"), copy));
    assert_false(plan_workload_equal(NULL, copy));
    assert_true(plan_workload_equal(NULL, NULL));
    assert_null(plan_workload_copy(NULL));
    plan_workload_destroy(copy);
    plan_workload_destroy(NULL);
    plan_release(plan);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plans_are_counted),
        cmocka_unit_test(no_layers_make_an_empty_plan),
        cmocka_unit_test(any_difference_of_a_service_counts),
        cmocka_unit_test(checks_are_copied_and_compared),
        cmocka_unit_test(workloads_are_copied_and_compared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
