// SPDX-License-Identifier: GPL-3.0-or-later
#include "plan_check.h"

static void fields_have_a_fixed_order(void **state UNUSED) {
    struct plan *plan = PLAN(
        "description: not shown\npairing: {mode: disabled}\n"
        "workloads: {box: {group: root, user: root, environment: {K: V}, override: replace}}\n"
        "log-targets: {z: {labels: {b: 2, a: 1}, override: replace, location: l, type: syslog}}\n"
        "checks: {up: {exec: {working-dir: /, user: root, environment: {Z: 1}, service-context: web, command: "
        "'true'},\n"
        "  threshold: 4, timeout: 2s, startup: disabled, period: 90s, level: ready, override: merge}}\n"
        "services: {web: {kill-delay: 1s, backoff-factor: 2.50, on-failure: restart, workload: box, command: 'a: b',\n"
        "  override: replace, description: \"two\\nlines\\n\", environment: {}, after: []}}\n");
    assert_plan_text(plan,
                     "services:\n    web:\n        description: |\n            two\n            lines\n"
                     "        override: replace\n        command: 'a: b'\n        workload: box\n"
                     "        on-failure: restart\n        backoff-factor: 2.5\n        kill-delay: 1s\n"
                     "checks:\n    up:\n        override: merge\n        level: ready\n        startup: disabled\n"
                     "        period: 1m30s\n        timeout: 2s\n        threshold: 4\n        exec:\n"
                     "            command: \"true\"\n            service-context: web\n            environment:\n"
                     "                Z: \"1\"\n            user: root\n            working-dir: /\n"
                     "log-targets:\n    z:\n        type: syslog\n        location: l\n        services: []\n"
                     "        override: replace\n        labels:\n            a: \"1\"\n            b: \"2\"\n"
                     "workloads:\n    box:\n        override: replace\n        environment:\n            K: V\n"
                     "        user: root\n        group: root\n"
                     "pairing:\n    mode: disabled\n");
    plan_release(plan);
}

static void what_is_written_reads_back_the_same(void **state UNUSED) {
    struct plan *plan =
        PLAN("services: {'y': {override: replace, command: \"a\\tb\", environment: {'': ' x', N: 'null',\n"
             "  M: \"one\\ntwo\"}, user-id: 0, on-check-failure: {a: ''}}, 'no: 1': {override: merge,\n"
             "  command: '- #'}}\nchecks: {http: {override: merge, http: {url: '*', headers: {'a b': '1'}}}}\n");
    AUTO_BUFFER struct buffer first = BUFFER_INIT(BUFFER_NO_LIMIT);
    plan_write_yaml(plan, &first);
    struct plan *again = PLAN(buffer_text(&first));
    assert_plan_text(again, buffer_text(&first));
    assert_true(plan_service_equal(plan_find_service(plan, "y"), plan_find_service(again, "y")));
    plan_release(again);
    plan_release(plan);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_have_a_fixed_order),
        cmocka_unit_test(what_is_written_reads_back_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
