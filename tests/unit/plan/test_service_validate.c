// SPDX-License-Identifier: GPL-3.0-or-later
#include "plan_check.h"

#define S(keys) "services: {web: {override: replace, command: x, " keys "}}"

static void bad_values_are_refused(void **state UNUSED) {
    static const struct {
        const char *text, *message;
    } cases[] = {
        {S("type: task"), "plan service \"web\" type \"task\" invalid"},
        {S("kill-mode: none"), "plan service \"web\" kill-mode \"none\" invalid"},
        {S("on-max-start-retries: restart"), "plan service \"web\" on-max-start-retries \"restart\" invalid"},
        {S("on-max-start-retries: stop"), "plan service \"web\" on-max-start-retries \"stop\" invalid"},
        {S("on-check-failure: {up: exit}"), "plan service \"web\" on-check-failure action \"exit\" invalid"},
        {S("wait-for: {db: up}"), "plan service \"web\" wait-for \"up\" invalid"},
        {S("wait-for: {db: \"\"}"), "plan service \"web\" wait-for \"\" invalid"},
        {S("run-timeout: -1s"), "plan service \"web\" run-timeout must not be negative"},
        {S("wait-timeout: -1s"), "plan service \"web\" wait-timeout must not be negative"},
        {S("success-exit-codes: [0, 256]"), "plan service \"web\" success-exit-codes must be from 0 to 255, not 256"},
        {S("fatal-exit-codes: [-1]"), "plan service \"web\" fatal-exit-codes must be from 0 to 255, not -1"},
        {S("max-start-retries: -2"), "plan service \"web\" max-start-retries must be -1 or greater, not -2"},
        {S("stop-signal: SIGNOPE"),
         "plan service \"web\" stop-signal: invalid signal \"SIGNOPE\": unknown signal \"SIGNOPE\""},
        {S("stop-signal: INT"), "plan service \"web\" stop-signal: invalid signal \"INT\": unknown signal \"INT\""},
        {S("ready: {}"),
         "plan service \"web\" ready must set exactly one of \"notify\", \"fd\", \"log\" and \"check\""},
        {S("ready: {timeout: 1s}"),
         "plan service \"web\" ready must set exactly one of \"notify\", \"fd\", \"log\" and \"check\""},
        {S("ready: {notify: true, fd: 3}"),
         "plan service \"web\" ready must set exactly one of \"notify\", \"fd\", \"log\" and \"check\""},
        {S("ready: {fd: 2}"), "plan service \"web\" ready fd must be from 3 to 1023, not 2"},
        {S("ready: {fd: 1024}"), "plan service \"web\" ready fd must be from 3 to 1023, not 1024"},
        {S("ready: {log: '(a)\\1'}"),
         "plan service \"web\" ready log \"(a)\\\\1\" invalid: back-references are not supported"},
        {S("ready: {notify: true, timeout: -1s}"), "plan service \"web\" ready timeout must not be negative"},
        {S("ready: {notify: true, level: live}"), "plan service \"web\" ready level \"live\" invalid"},
        {S("success-exit-codes: [\"1\"]"), "cannot parse layer \"l\" section \"services\": yaml: unmarshal errors:\n"
                                           "  line 1: cannot unmarshal !!str `1` into int"},
        {S("ready: {notify: 1}"),
         "cannot parse layer \"l\" section \"services\": yaml: unmarshal errors:\n"
         "  line 1: cannot unmarshal !!int `1` into bool\n"
         "- also: plan service \"web\" ready must set exactly one of \"notify\", \"fd\", \"log\" and \"check\""},
        {S("success-exit-codes: 1"), "cannot parse layer \"l\" section \"services\": yaml: unmarshal errors:\n"
                                     "  line 1: cannot unmarshal !!int `1` into list of int"},
        {S("ready: {port: 1}"),
         "cannot parse layer \"l\" section \"services\": yaml: unmarshal errors:\n"
         "  line 1: field port not found in type ready\n"
         "- also: plan service \"web\" ready must set exactly one of \"notify\", \"fd\", \"log\" and \"check\""},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_layer_refused("l", cases[i].text, cases[i].message);
}

static void all_faults_are_reported(void **state UNUSED) {
    assert_layer_refused("l", S("type: a, kill-mode: b, max-start-retries: -9"),
                         "plan service \"web\" type \"a\" invalid\n"
                         "- also: plan service \"web\" kill-mode \"b\" invalid\n"
                         "- also: plan service \"web\" max-start-retries must be -1 or greater, not -9");
}

static void what_contradicts_is_refused(void **state UNUSED) {
    assert_plan_refused("plan service \"web\" ready cannot be used with type \"oneshot\"\n"
                        "- also: plan service \"web\" on-success \"restart\" cannot be used with type \"oneshot\"",
                        S("type: oneshot, on-success: restart"),
                        "services: {web: {override: merge, ready: {notify: true}}}");
    assert_plan_refused("plan service \"web\" fatal-exit-codes has 3, which is in success-exit-codes, too",
                        S("success-exit-codes: [1, 3]"), "services: {web: {override: merge, fatal-exit-codes: [3]}}");
    assert_plan_refused("service \"db\" does not exist\n- also: service \"web\" cannot wait for itself",
                        S("wait-for: {web: ready, db: started, gone: none}"));
    assert_plan_refused("check \"up\" does not exist", S("ready: {check: up}"));
    assert_plan_refused("check \"one\" does not exist\n- also: check \"two\" does not exist",
                        S("wait-for-checks: [one, two]"));
}

static void faults_have_their_place(void **state UNUSED) {
    static const struct {
        const char *keys, *place;
    } cases[] = {
        {"ready: {\n fd: 2}", "line 2: section \"services\", service \"web\", key \"ready.fd\""},
        {"ready: {\n log: '['}", "line 2: section \"services\", service \"web\", key \"ready.log\""},
        {"ready: {\n notify: true,\n timeout: -1s}",
         "line 3: section \"services\", service \"web\", key \"ready.timeout\""},
        {"ready: {\n notify: true,\n level: live}",
         "line 3: section \"services\", service \"web\", key \"ready.level\""},
        {"ready: {}", "line 1: section \"services\", service \"web\", key \"ready\""},
        {"wait-for: {a: ready,\n b: soon}", "line 2: section \"services\", service \"web\", key \"wait-for.b\""},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_FREE char *text = memory_printf("services: {web: {override: replace, command: x, %s}}", cases[i].keys);
        assert_layer_advice(text, cases[i].place);
    }
#define WEB(key) "section \"services\", service \"web\", key \"" key "\""
    assert_plan_advice(WEB("requires"), S("requires: [db]"));
    assert_plan_advice(WEB("wait-for.db") "\n" WEB("wait-for.web"), S("wait-for: {db: ready, web: ready}"));
    assert_plan_advice(WEB("ready"), S("ready: {check: up}"));
    assert_plan_advice(WEB("wait-for-checks"), S("wait-for-checks: [up]"));
    assert_plan_advice(WEB("type"), S("type: oneshot, on-success: restart"));
    assert_plan_advice(WEB("fatal-exit-codes"), S("success-exit-codes: [3], fatal-exit-codes: [3]"));
#undef WEB
    assert_plan_advice("", S("after: [db]"), "services: {db: {override: replace}}");
}

// A search of the map for each entry would take minutes.
static void very_many_faults_take_no_longer_than_their_number(void **state UNUSED) {
    static const char *const heads[] = {
        "services: {web: {override: replace, command: x, wait-for: {",
        "services: {web: {override: replace, command: x, on-check-failure: {",
        "log-targets: {far: {override: replace, type: syslog, location: x, labels: {",
    };
    for (size_t i = 0; i < ARRAY_COUNT(heads); i++) {
        AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
        buffer_add_string(&text, heads[i]);
        for (int k = 0; k < 200000; k++)
            buffer_printf(&text, "pebble_%d: bad%d, ", k, k);
        buffer_add_string(&text, "}}}");
        AUTO_ERROR struct error err = {0};
        struct layer *layer = NULL;
        assert_false(layer_parse(0, "x", buffer_text(&text), text.length, &layer, &err));
    }
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&text, "services: {web: {override: replace, command: x, success-exit-codes: [");
    for (int k = 0; k < 200000; k++)
        buffer_add_string(&text, "1,");
    buffer_add_string(&text, "], fatal-exit-codes: [");
    for (int k = 0; k < 200000; k++)
        buffer_add_string(&text, "2,");
    buffer_add_string(&text, "]}}");
    plan_release(PLAN(buffer_text(&text)));
}

static void loops_of_conditions_are_refused(void **state UNUSED) {
    assert_plan_refused("services in before/after/wait-for loop: db, web", S("wait-for: {db: ready}"),
                        "services: {db: {override: replace, command: x, after: [web]}}");
    assert_plan_refused("services in before/after/wait-for loop: a, b",
                        "services: {a: {override: replace, command: x, wait-for: {b: exited}},\n"
                        "  b: {override: replace, command: x, wait-for: {a: completed}}}");
    plan_release(PLAN(S("wait-for: {db: ready}"),
                      "services: {db: {override: replace, command: x, wait-for: {web: ready}},\n"
                      "  web: {override: merge, wait-for: {db: none}}}"));
}

static void each_key_is_written_and_merges(void **state UNUSED) {
    struct plan *plan =
        PLAN("services: {web: {override: replace, command: x, kill-mode: mixed, stop-signal: SIGINT, type: service,\n"
             "  on-max-start-retries: exit, max-start-retries: 3, fatal-exit-codes: [7], success-exit-codes: [3, 1],\n"
             "  wait-timeout: 1m, wait-for-checks: [up], wait-for: {db: ready}, run-timeout: 5s,\n"
             "  ready: {log: ^up, timeout: 3s, level: ready}}, db: {override: replace, command: x}}\n"
             "checks: {up: {override: replace, tcp: {port: 1}}}",
             "services: {web: {override: merge, on-success: exit, wait-for: {db: none}, success-exit-codes: [9],\n"
             "  ready: {notify: false}, run-timeout: 0s, kill-mode: '', max-start-retries: 0, wait-for-checks: [up]}}");
    assert_plan_text(
        plan, "services:\n    db:\n        override: replace\n        command: x\n"
              "    web:\n        override: replace\n        command: x\n        on-success: exit\n"
              "        type: service\n        run-timeout: 0s\n        ready:\n            notify: false\n"
              "        wait-for:\n            db: none\n        wait-for-checks:\n            - up\n"
              "            - up\n        wait-timeout: 1m0s\n        success-exit-codes:\n            - 3\n"
              "            - 1\n            - 9\n        fatal-exit-codes:\n            - 7\n"
              "        max-start-retries: 3\n        on-max-start-retries: exit\n"
              "        stop-signal: SIGINT\n        kill-mode: mixed\n"
              "checks:\n    up:\n        override: replace\n        threshold: 3\n        tcp:\n            port: 1\n");
    plan_release(plan);
}

static void a_limit_of_restarts_is_removed_by_merging(void **state UNUSED) {
    struct plan *plan = PLAN("services: {a: {override: replace, command: x, max-start-retries: 3}}",
                             "services: {a: {override: merge, max-start-retries: -1}}");
    assert_int_equal(plan_find_service(plan, "a")->max_start_retries, -1);
    plan_release(plan);
}

static void questions_about_services(void **state UNUSED) {
    struct plan *plan = PLAN("services: {a: {override: replace, command: x},\n"
                             "  b: {override: replace, command: x, type: oneshot},\n"
                             "  c: {override: replace, command: x, ready: {notify: false}, wait-for: {a: none}},\n"
                             "  d: {override: replace, command: x, ready: {fd: 3}, wait-for: {a: ready}},\n"
                             "  e: {override: replace, command: x, on-failure: exit}}\n");
    const struct plan_service *a = plan_find_service(plan, "a"), *b = plan_find_service(plan, "b"),
                              *c = plan_find_service(plan, "c"), *d = plan_find_service(plan, "d");
    assert_false(plan_service_is_extended(a));
    assert_true(plan_service_is_extended(b));
    assert_true(plan_service_is_extended(c));
    assert_true(plan_service_is_extended(plan_find_service(plan, "e")));
    assert_false(plan_service_is_oneshot(a));
    assert_true(plan_service_is_oneshot(b));
    assert_null(plan_service_ready(a));
    assert_null(plan_service_ready(c));
    assert_int_equal(plan_service_ready(d)->fd, 3);
    assert_false(plan_service_has_conditions(c));
    assert_true(plan_service_has_conditions(d));
    plan_release(plan);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_values_are_refused),
        cmocka_unit_test(all_faults_are_reported),
        cmocka_unit_test(faults_have_their_place),
        cmocka_unit_test(very_many_faults_take_no_longer_than_their_number),
        cmocka_unit_test(what_contradicts_is_refused),
        cmocka_unit_test(loops_of_conditions_are_refused),
        cmocka_unit_test(a_limit_of_restarts_is_removed_by_merging),
        cmocka_unit_test(each_key_is_written_and_merges),
        cmocka_unit_test(questions_about_services),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
