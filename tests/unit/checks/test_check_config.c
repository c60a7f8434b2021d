// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

static void the_context_is_merged_below_the_check(void **unused UNUSED) {
    struct plan *plan = fixture_plan(
        "services:\n"
        "  shop: {override: replace, command: run, user: root, working-dir: /srv, environment: {A: shop, B: shop}}\n"
        "checks:\n"
        "  door: {override: replace, exec: {command: pass, service-context: shop, environment: {B: own}}}\n"
        "  bare: {override: replace, exec: {command: pass, environment: {B: own}}}\n"
        "  net: {override: replace, tcp: {port: 1}}\n");
    struct plan_check *merged = check_config_merge(plan, plan_find_check(plan, "door"));
    assert_string_equal(map_get(&merged->exec->environment, "A"), "shop");
    assert_string_equal(map_get(&merged->exec->environment, "B"), "own");
    assert_string_equal(merged->exec->user, "root");
    assert_string_equal(merged->exec->working_dir, "/srv");
    assert_false(plan_check_equal(merged, plan_find_check(plan, "door")));
    plan_check_destroy(merged);
    static const char *const others[] = {"bare", "net"};
    for (size_t i = 0; i < ARRAY_COUNT(others); i++) {
        merged = check_config_merge(plan, plan_find_check(plan, others[i]));
        assert_true(plan_check_equal(merged, plan_find_check(plan, others[i])));
        plan_check_destroy(merged);
    }
    plan_release(plan);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_context_is_merged_below_the_check),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
