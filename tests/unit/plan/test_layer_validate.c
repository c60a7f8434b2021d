// SPDX-License-Identifier: GPL-3.0-or-later
#include "plan_check.h"

static void names_of_services_are_checked(void **state UNUSED) {
    assert_layer_refused("x", "services: {pebble: {}}", "cannot use reserved service name \"pebble\"");
    assert_layer_refused("x", "services: {'': {}}", "cannot use empty string as service name");
    assert_layer_refused("x", "services: {-web: {}}",
                         "cannot use service name \"-web\": starting with \"-\" not allowed");
    assert_layer_refused("x", "checks: {'': {}}", "cannot use empty string as check name");
    assert_layer_refused("x", "workloads: {'': {}}", "workload \"\": cannot have an empty name");
    layer_destroy(layer_from("x", "services: {Pebble: {}, a b: {}, web-1.2_x: {}, ünï: {}}"));
}

static void labels_are_checked(void **state UNUSED) {
    assert_layer_refused("pebble-", "", "cannot use reserved label prefix \"pebble-\"");
    layer_destroy(layer_from("pebble", ""));
    layer_destroy(layer_from("my-pebble-x", ""));
}

static void entries_are_not_null(void **state UNUSED) {
    assert_layer_refused("x", "services: {web: }", "service object cannot be null for service \"web\"");
    assert_layer_refused("x", "checks: {up: ~}", "check object cannot be null for check \"up\"");
    assert_layer_refused("x", "log-targets: {far: }", "log target object cannot be null for log target \"far\"");
    assert_layer_refused("x", "workloads: {box: }", "workload \"box\": cannot have a null value");
}

static void actions_depend_on_their_place(void **state UNUSED) {
    assert_layer_refused("x", "services: {web: {on-success: never}}",
                         "plan service \"web\" on-success action \"never\" invalid");
    assert_layer_refused("x", "services: {web: {on-success: success-shutdown}}",
                         "plan service \"web\" on-success action \"success-shutdown\" invalid");
    assert_layer_refused("x", "services: {web: {on-failure: failure-shutdown}}",
                         "plan service \"web\" on-failure action \"failure-shutdown\" invalid");
    assert_layer_refused("x", "services: {web: {on-check-failure: {a: ignore, b: failure-shutdown}}}",
                         "plan service \"web\" on-check-failure action \"failure-shutdown\" invalid");
    layer_destroy(layer_from("x", "services: {web: {on-success: failure-shutdown, on-failure: success-shutdown,\n"
                                  "  on-check-failure: {a: success-shutdown, b: '', c: ~}}}"));
    assert_layer_refused("x", "services: {web: {on-check-failure: [a, b]}}",
                         "cannot parse layer \"x\" section \"services\": yaml: unmarshal errors:\n"
                         "  line 1: cannot unmarshal !!seq into map[string]plan.ServiceAction");
}

static void backoff_factor_is_shown_in_few_digits(void **state UNUSED) {
    const struct {
        const char *written, *shown;
    } cases[] = {{"0.99", "0.99"},   {"0", "0"},          {"-2.50", "-2.5"},          {"0.00001", "1e-05"},
                 {"-1e6", "-1e+06"}, {"-1e5", "-100000"}, {"-123456.5", "-123456.5"}, {"0.0001", "0.0001"}};
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_FREE char *text = memory_printf("services: {web: {backoff-factor: %s}}", cases[i].written);
        AUTO_FREE char *message =
            memory_printf("plan service \"web\" backoff-factor must be 1.0 or greater, not %s", cases[i].shown);
        assert_layer_refused("x", text, message);
    }
    layer_destroy(layer_from("x", "services: {web: {backoff-factor: 1}}"));
}

static void checks_are_checked(void **state UNUSED) {
    assert_layer_refused("x", "checks: {up: {startup: sometimes}}",
                         "plan check \"up\" startup must be \"enabled\" or \"disabled\"");
    assert_layer_refused("x", "checks: {up: {period: 0s}}", "plan check \"up\" period must not be zero");
    assert_layer_refused("x", "checks: {up: {timeout: 0}}", "plan check \"up\" timeout must not be zero");
    assert_layer_refused("x", "checks: {up: {period: -1s}}", "plan check \"up\" period must not be negative");
    assert_layer_refused("x", "checks: {up: {timeout: -1ns}}", "plan check \"up\" timeout must not be negative");
    assert_layer_refused("x", "checks: {up: {exec: {command: ' # later'}}}",
                         "plan check \"up\" command invalid: command has only white space and comments");
    assert_layer_refused("x", "checks: {up: {exec: {command: \"echo 'open\"}}}",
                         "plan check \"up\" command invalid: EOF found when expecting closing quote");
    assert_layer_refused("x", "checks: {up: {exec: {user: root, user-id: 12}}}",
                         "plan check \"up\" has invalid user/group: user \"root\" UID (0) does not match user-id (12)");
    assert_layer_refused("x", "checks: {up: {exec: {group: root}}}",
                         "plan check \"up\" has invalid user/group: must specify user, not just group");
}

static void commands_need_a_word(void **state UNUSED) {
    static const char *const commands[] = {"' '", "'# later'", "\"\\t# a\\n # b\"", "\"\\n\""};
    for (size_t i = 0; i < ARRAY_COUNT(commands); i++) {
        AUTO_FREE char *layer = memory_printf("services: {web: {command: %s}}", commands[i]);
        assert_layer_refused("x", layer,
                             "plan service \"web\" command invalid: cannot parse service \"web\" command: command has "
                             "only white space and comments");
    }
}

static void log_targets_and_pairing_are_checked(void **state UNUSED) {
    assert_layer_refused("x", "log-targets: {far: {type: Loki}}",
                         "log target \"far\" has unsupported type \"Loki\", must be \"loki\", \"opentelemetry\" or "
                         "\"syslog\"");
    assert_layer_refused("x", "log-targets: {far: {labels: {pebble_b: x, pebble_a: x}}}",
                         "log target \"far\": label \"pebble_a\" uses reserved prefix \"pebble_\"\n"
                         "- also: log target \"far\": label \"pebble_b\" uses reserved prefix \"pebble_\"");
    assert_layer_refused("x", "pairing: {mode: everyone}",
                         "invalid pairing mode \"everyone\": should be \"disabled\", \"single\" or \"multiple\"");
}

static void all_faults_are_reported(void **state UNUSED) {
    assert_layer_refused("x", "services: {web: {command: \"'\", on-success: a, on-failure: b}, pebble: ~}",
                         "plan service \"web\" command invalid: cannot parse service \"web\" command: EOF found when "
                         "expecting closing quote\n"
                         "- also: plan service \"web\" on-success action \"a\" invalid\n"
                         "- also: plan service \"web\" on-failure action \"b\" invalid\n"
                         "- also: cannot use reserved service name \"pebble\"\n"
                         "- also: service object cannot be null for service \"pebble\"");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_services_are_checked),
        cmocka_unit_test(labels_are_checked),
        cmocka_unit_test(entries_are_not_null),
        cmocka_unit_test(actions_depend_on_their_place),
        cmocka_unit_test(backoff_factor_is_shown_in_few_digits),
        cmocka_unit_test(checks_are_checked),
        cmocka_unit_test(commands_need_a_word),
        cmocka_unit_test(log_targets_and_pairing_are_checked),
        cmocka_unit_test(all_faults_are_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
