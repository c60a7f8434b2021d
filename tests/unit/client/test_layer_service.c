// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "layer_check_yaml.h"

static void all_values_are_written(void **state UNUSED) {
    static const char *const names[] = {"a", "0777"};
    struct pebble_layer *layer = pebble_layer_create();
    pebble_layer_set_service_summary(layer, "web", "s");
    pebble_layer_set_service_description(layer, "web", "2001-01-01");
    pebble_layer_set_service_startup(layer, "web", "enabled");
    pebble_layer_set_service_override(layer, "web", "merge");
    pebble_layer_set_service_command(layer, "web", "x [ y ]");
    pebble_layer_set_service_after(layer, "web", names, 2);
    pebble_layer_add_service_after(layer, "web", "c");
    pebble_layer_add_service_before(layer, "web", "d");
    pebble_layer_set_service_before(layer, "web", names, 1);
    pebble_layer_set_service_requires(layer, "web", NULL, 0);
    pebble_layer_set_service_workload(layer, "web", "w");
    pebble_layer_set_service_environment(layer, "web", "A", "no");
    pebble_layer_set_service_environment(layer, "web", "A", "1");
    pebble_layer_set_service_user_id(layer, "web", 0);
    pebble_layer_set_service_user(layer, "web", "u");
    pebble_layer_set_service_group_id(layer, "web", UINT32_MAX);
    pebble_layer_set_service_group(layer, "web", "g");
    pebble_layer_set_service_working_dir(layer, "web", "/");
    pebble_layer_set_service_on_success(layer, "web", "failure-shutdown");
    pebble_layer_set_service_on_failure(layer, "web", "success-shutdown");
    pebble_layer_set_service_on_check_failure(layer, "web", "up", "ignore");
    pebble_layer_set_service_backoff_delay_ns(layer, "web", 0);
    pebble_layer_set_service_backoff_factor(layer, "web", 1.1);
    pebble_layer_set_service_backoff_limit_ns(layer, "web", 90000000000);
    pebble_layer_set_service_kill_delay_ns(layer, "web", 1);
    layer_assert_yaml(layer, "services:\n    web:\n        override: merge\n        summary: s\n"
                             "        description: \"2001-01-01\"\n        startup: enabled\n        command: x [ y ]\n"
                             "        after:\n            - a\n            - \"0777\"\n            - c\n"
                             "        before:\n            - a\n        requires: []\n        workload: w\n"
                             "        environment:\n            A: \"1\"\n        user-id: 0\n        user: u\n"
                             "        group-id: 4294967295\n        group: g\n        working-dir: /\n"
                             "        on-success: failure-shutdown\n        on-failure: success-shutdown\n"
                             "        on-check-failure:\n            up: ignore\n        backoff-delay: 0s\n"
                             "        backoff-factor: 1.1\n        backoff-limit: 1m30s\n        kill-delay: 1ns\n");
}

static void wrong_values_are_named(void **state UNUSED) {
    struct pebble_layer *layer = pebble_layer_create();
    pebble_layer_set_service_on_success(layer, "web", "success-shutdown");
    layer_assert_failed(layer, "cannot set on-success of service \"web\": unknown word \"success-shutdown\"");
    layer = pebble_layer_create();
    pebble_layer_set_service_kill_delay_ns(layer, "web", -1);
    layer_assert_failed(layer, "cannot set kill-delay of service \"web\": duration -1ns is too short");
    layer = pebble_layer_create();
    pebble_layer_set_service_on_check_failure(layer, "web", "up", NULL);
    layer_assert_failed(layer, "cannot set on-check-failure of service \"web\": unknown word \"\"");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_values_are_written),
        cmocka_unit_test(wrong_values_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
