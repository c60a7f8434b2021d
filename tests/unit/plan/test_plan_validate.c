// SPDX-License-Identifier: GPL-3.0-or-later
#include "plan_check.h"

#define WEB "services: {web: {override: replace, command: sleep 1}}\n"

static void services_need_a_command(void **state UNUSED) {
    assert_plan_refused("plan must define \"command\" for service \"a\"\n"
                        "- also: plan must define \"command\" for service \"b\"",
                        "services: {b: {override: merge}, a: {override: replace, command: ''}}");
}

static void checks_need_one_kind(void **state UNUSED) {
    assert_plan_refused("plan must specify one of \"http\", \"tcp\", or \"exec\" for check \"up\"",
                        "checks: {up: {override: replace}}");
    assert_plan_refused("plan must specify one of \"http\", \"tcp\", or \"exec\" for check \"up\"",
                        "checks: {up: {override: replace, tcp: {port: 1}}}",
                        "checks: {up: {override: merge, http: {url: u}}}");
    assert_plan_refused("plan must set \"url\" for http check \"up\"", "checks: {up: {override: replace, http: {}}}");
    assert_plan_refused("plan must set \"port\" for tcp check \"up\"",
                        "checks: {up: {override: replace, tcp: {host: h}}}");
    assert_plan_refused("plan must set \"command\" for exec check \"up\"",
                        "checks: {up: {override: replace, exec: {}}}");
    assert_plan_refused("plan check \"up\" service context specifies non-existent service \"web\"",
                        "checks: {up: {override: replace, exec: {command: x, service-context: web}}}");
}

static void log_targets_need_type_and_location(void **state UNUSED) {
    assert_plan_refused("plan must define \"type\" (\"loki\", \"opentelemetry\" or \"syslog\") for log target \"far\"",
                        "log-targets: {far: {override: merge}}");
    assert_plan_refused("plan must define \"location\" for log target \"far\"",
                        "log-targets: {far: {override: merge, type: loki}}");
    assert_plan_refused("log target \"far\" specifies unknown service \"nope\"",
                        WEB "log-targets: {far: {override: merge, type: loki, location: l, services: [web, -nope]}}");
    plan_release(PLAN(WEB "log-targets: {far: {override: merge, type: loki, location: l,\n"
                          "  services: [all, -all, web, -web]}}"));
}

static void only_what_is_required_has_to_exist(void **state UNUSED) {
    assert_plan_refused("service \"ghost\" does not exist",
                        "services: {a: {override: merge, command: x, requires: [ghost, ghost]}}");
    plan_release(
        PLAN("services: {a: {override: merge, command: x, after: [ghost], before: [ghost], user: nobody-here,\n"
             "  startup: sometimes, on-check-failure: {ghost: ignore}}}"));
}

static void loops_are_refused(void **state UNUSED) {
    assert_plan_refused("services in before/after loop: db, web",
                        "services: {web: {override: merge, command: x, after: [db]},\n"
                        "  db: {override: merge, command: x, after: [web]}, c: {override: merge, command: x}}");
    plan_release(PLAN("services: {one: {override: merge, command: x, requires: [two], after: [one], before: [one]},\n"
                      "  two: {override: merge, command: x, requires: [one]}}"));
}

static void workloads_stand_for_user_and_group(void **state UNUSED) {
    assert_plan_refused("workload \"box\": not defined for service \"web\"", WEB,
                        "services: {web: {override: merge, workload: box}}");
    assert_plan_refused(
        "plan service \"web\" cannot have user information and a workload at the same time", WEB,
        "services: {web: {override: merge, workload: box, user-id: 0}}\nworkloads: {box: {override: merge}}");
    assert_plan_refused(
        "plan service \"web\" cannot have group information and a workload at the same time", WEB,
        "services: {web: {override: merge, workload: box, group: g}}\nworkloads: {box: {override: merge}}");
    assert_plan_refused("workload \"box\": must specify user, not just group",
                        "workloads: {box: {override: merge, group: root}}");
}

static void faults_come_in_the_order_of_sections(void **state UNUSED) {
    assert_plan_refused("plan must define \"command\" for service \"web\"\n"
                        "- also: plan must set \"port\" for tcp check \"up\"\n"
                        "- also: plan must define \"location\" for log target \"far\"\n"
                        "- also: service \"ghost\" does not exist",
                        "log-targets: {far: {override: merge, type: loki}}\nchecks: {up: {override: merge, tcp: {}}}\n"
                        "services: {web: {override: merge, requires: [ghost]}}\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(services_need_a_command),
        cmocka_unit_test(checks_need_one_kind),
        cmocka_unit_test(log_targets_need_type_and_location),
        cmocka_unit_test(only_what_is_required_has_to_exist),
        cmocka_unit_test(loops_are_refused),
        cmocka_unit_test(workloads_stand_for_user_and_group),
        cmocka_unit_test(faults_come_in_the_order_of_sections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
