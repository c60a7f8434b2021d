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
    struct plan *other =
        PLAN("services:\n  a: &a {override: replace, command: a, environment: {A: b}}\n  b: {override: replace, "
             "command: a, environment: {A: c}}\n");
    const struct plan_service *a = plan_find_service(plan, "a");
    assert_true(plan_service_equal(a, plan_find_service(other, "a")));
    assert_false(plan_service_equal(plan_find_service(plan, "b"), a)); // the name is another
    assert_false(plan_service_equal(plan_find_service(plan, "b"), plan_find_service(other, "b")));
    plan_release(other);
    plan_release(plan);
}

static void a_service_outlives_its_plan(void **state UNUSED) {
    struct plan *plan = PLAN("services:\n  a: {override: replace, command: a, environment: {A: b}}\n");
    struct plan_service *first = plan_service_hold(plan_find_service(plan, "a"));
    struct plan_service *second = plan_service_hold(first);
    plan_service_release(first);
    plan_release(plan);
    assert_string_equal(second->command, "a");
    assert_string_equal(map_get(&second->environment, "A"), "b");
    plan_service_release(second);
    plan_service_release(NULL);
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
        cmocka_unit_test(a_service_outlives_its_plan),
        cmocka_unit_test(checks_are_copied_and_compared),
        cmocka_unit_test(workloads_are_copied_and_compared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
