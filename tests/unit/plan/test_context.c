// SPDX-License-Identifier: GPL-3.0-or-later
#include "plan_check.h"

static const char *const layer_text =
    "services:\n"
    "  web: {override: replace, command: c, environment: {A: 1, B: 2}, user-id: 5, user: u, group-id: 6, group: g,\n"
    "        working-dir: /srv}\n";

static void overrides_win_member_by_member(void **state UNUSED) {
    struct plan *plan = PLAN(layer_text);
    struct run_context overrides = {.user_id = {true, 0}, .group = (char[]){"other"}, .working_dir = (char[]){""}};
    map_init(&overrides.environment, free);
    map_set(&overrides.environment, "B", memory_string("two"));
    struct run_context merged;
    assert_true(plan_merge_context(plan, "web", &overrides, &merged, NULL));
    assert_int_equal(merged.environment.count, 2);
    assert_string_equal(map_get(&merged.environment, "A"), "1");
    assert_string_equal(map_get(&merged.environment, "B"), "two");
    assert_true(merged.user_id.is_set);
    assert_int_equal(merged.user_id.value, 0);
    assert_int_equal(merged.group_id.value, 6);
    assert_string_equal(merged.user, "u");
    assert_string_equal(merged.group, "other");
    assert_string_equal(merged.working_dir, "/srv");
    run_context_finish(&merged);
    map_finish(&overrides.environment);
    plan_release(plan);
}

static void without_service_only_overrides_count(void **state UNUSED) {
    struct plan *plan = PLAN(layer_text);
    const char *const names[] = {NULL, ""};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        struct run_context overrides = {.user = (char[]){"me"}};
        struct run_context merged;
        assert_true(plan_merge_context(plan, names[i], &overrides, &merged, NULL));
        assert_int_equal(merged.environment.count, 0);
        assert_false(merged.user_id.is_set);
        assert_string_equal(merged.user, "me");
        run_context_finish(&merged);
    }
    plan_release(plan);
}

static void unknown_service_is_refused(void **state UNUSED) {
    struct plan *plan = PLAN(layer_text);
    struct run_context overrides = {0}, merged = {.user = NULL};
    AUTO_ERROR struct error err = {0};
    assert_false(plan_merge_context(plan, "no\"pe", &overrides, &merged, &err));
    assert_string_equal(error_text(&err), "context service \"no\\\"pe\" not found");
    assert_int_equal(err.kind, ERROR_BAD_REQUEST);
    plan_release(plan);
}

static void the_context_is_merged_below_the_check(void **state UNUSED) {
    struct plan *plan =
        PLAN("services:\n"
             "  shop: {override: replace, command: x, user: root, working-dir: /srv, environment: {A: shop, B: shop}}\n"
             "checks:\n"
             "  door: {override: replace, exec: {command: pass, service-context: shop, environment: {B: own}}}\n"
             "  bare: {override: replace, exec: {command: pass, environment: {B: own}}}\n"
             "  net: {override: replace, tcp: {port: 1}}\n");
    struct plan_check *merged = plan_check_with_context(plan, plan_find_check(plan, "door"));
    assert_string_equal(map_get(&merged->exec->environment, "A"), "shop");
    assert_string_equal(map_get(&merged->exec->environment, "B"), "own");
    assert_string_equal(merged->exec->user, "root");
    assert_string_equal(merged->exec->working_dir, "/srv");
    assert_false(plan_check_equal(merged, plan_find_check(plan, "door")));
    plan_check_destroy(merged);
    static const char *const others[] = {"bare", "net"};
    for (size_t i = 0; i < ARRAY_COUNT(others); i++) {
        merged = plan_check_with_context(plan, plan_find_check(plan, others[i]));
        assert_true(plan_check_equal(merged, plan_find_check(plan, others[i])));
        plan_check_destroy(merged);
    }
    plan_release(plan);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_context_is_merged_below_the_check),
        cmocka_unit_test(overrides_win_member_by_member),
        cmocka_unit_test(without_service_only_overrides_count),
        cmocka_unit_test(unknown_service_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
