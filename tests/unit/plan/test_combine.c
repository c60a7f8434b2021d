// SPDX-License-Identifier: GPL-3.0-or-later
#include "plan_check.h"

static void later_layers_override_field_by_field(void **state UNUSED) {
    struct plan *plan =
        PLAN("services:\n  web: {override: replace, command: a, summary: s, after: [x], environment: {A: 1, B: 2},\n"
             "        user-id: 7, kill-delay: 3s, on-check-failure: {up: restart}}\n",
             "services:\n  web: {override: merge, command: b, summary: '', after: [x, y],\n"
             "        environment: {B: null, C: 3}, user-id: 0, kill-delay: 0s,\n"
             "        on-check-failure: {up: '', live: ignore}}\n");
    assert_plan_text(plan,
                     "services:\n    web:\n        summary: s\n        override: replace\n        command: b\n"
                     "        after:\n            - x\n            - x\n            - \"y\"\n"
                     "        environment:\n            A: \"1\"\n            B: \"\"\n            C: \"3\"\n"
                     "        user-id: 0\n        on-check-failure:\n            live: ignore\n            up: \"\"\n"
                     "        kill-delay: 0s\n");
    plan_release(plan);
}

static void replacing_leaves_nothing_behind(void **state UNUSED) {
    struct plan *plan = PLAN("services: {web: {override: merge, command: a, summary: s}}",
                             "services: {web: {override: replace, command: b}}",
                             "services: {web: {override: merge, startup: enabled}}");
    assert_plan_text(plan, "services:\n    web:\n        startup: enabled\n        override: replace\n"
                           "        command: b\n");
    plan_release(plan);
}

static void parts_of_checks_merge(void **state UNUSED) {
    struct plan *plan =
        PLAN("checks: {up: {override: replace, http: {url: u, headers: {A: 1, B: 1}}}}",
             "checks: {up: {override: merge, http: {headers: {B: 2}}}}", "checks: {up: {override: merge, http: {}}}");
    const struct plan_check *check = plan_find_check(plan, "up");
    assert_string_equal(check->http->url, "u");
    assert_string_equal(map_get(&check->http->headers, "A"), "1");
    assert_string_equal(map_get(&check->http->headers, "B"), "2");
    plan_release(plan);
}

static void defaults_are_filled_in_but_not_set(void **state UNUSED) {
    struct plan *plan = PLAN("services: {web: {override: replace, command: a, backoff-limit: 5s}}\n"
                             "checks:\n  a: {override: replace, tcp: {port: 1}}\n"
                             "  b: {override: replace, tcp: {port: 1}, period: 1s}\n"
                             "  c: {override: replace, tcp: {port: 1}, timeout: 1m}\n");
    const struct plan_service *service = plan_find_service(plan, "web");
    assert_int_equal(service->backoff_delay.ns, 500000000);
    assert_false(service->backoff_delay.is_set);
    assert_true(service->backoff_factor.value == 2.0);
    assert_int_equal(service->backoff_limit.ns, 5000000000);
    assert_true(service->backoff_limit.is_set);
    const struct plan_check *check = plan_find_check(plan, "a");
    assert_int_equal(check->period.ns, 10000000000);
    assert_int_equal(check->timeout.ns, 3000000000);
    assert_int_equal(check->threshold, 3);
    assert_int_equal(plan_find_check(plan, "b")->timeout.ns, 1000000000);
    assert_false(plan_find_check(plan, "b")->timeout.is_set);
    assert_int_equal(plan_find_check(plan, "c")->timeout.ns, 10000000000);
    assert_true(plan_find_check(plan, "c")->timeout.is_set);
    plan_release(plan);
}

static void every_wrong_override_is_reported(void **state UNUSED) {
    assert_plan_refused("layer \"l0\" must define \"override\" for service \"web\"\n"
                        "- also: layer \"l0\" has invalid \"override\" value for check \"up\"\n"
                        "- also: layer \"l1\" must define \"override\" for log target \"far\"",
                        "services: {web: {}}\nchecks: {up: {override: Merge}}", "log-targets: {far: {}}");
    assert_plan_refused("workload \"box\": must define an \"override\" policy", "workloads: {box: {}}");
    assert_plan_refused("workload \"box\": has an invalid \"override\" policy: \"add\"",
                        "workloads: {box: {override: add}}");
}

static void last_pairing_mode_decides(void **state UNUSED) {
    struct plan *plan = PLAN("pairing: {mode: single}", "pairing: {mode: multiple}", "pairing: {}");
    assert_int_equal(plan->content.pairing, PAIRING_MULTIPLE);
    plan_release(plan);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(later_layers_override_field_by_field),
        cmocka_unit_test(replacing_leaves_nothing_behind),
        cmocka_unit_test(parts_of_checks_merge),
        cmocka_unit_test(defaults_are_filled_in_but_not_set),
        cmocka_unit_test(every_wrong_override_is_reported),
        cmocka_unit_test(last_pairing_mode_decides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
