// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "layer_check_yaml.h"

static void all_values_are_written(void **state UNUSED) {
    static const char *const names[] = {"all", "-web"};
    struct pebble_layer *layer = pebble_layer_create();
    pebble_layer_set_log_target_override(layer, "l", "merge");
    pebble_layer_set_log_target_type(layer, "l", "loki");
    pebble_layer_set_log_target_location(layer, "l", "http://h");
    pebble_layer_set_log_target_services(layer, "l", names, 2);
    pebble_layer_add_log_target_service(layer, "l", "x");
    pebble_layer_set_log_target_label(layer, "l", "a", "$B");
    pebble_layer_set_workload_override(layer, "w", "replace");
    pebble_layer_set_workload_environment(layer, "w", "<<", "null");
    pebble_layer_set_workload_user_id(layer, "w", 1);
    pebble_layer_set_workload_user(layer, "w", "u");
    pebble_layer_set_workload_group_id(layer, "w", 2);
    pebble_layer_set_workload_group(layer, "w", "g");
    pebble_layer_set_pairing_mode(layer, "single");
    layer_assert_yaml(
        layer, "log-targets:\n    l:\n        override: merge\n        type: loki\n"
               "        location: http://h\n        services:\n            - all\n            - -web\n"
               "            - x\n        labels:\n            a: $B\nworkloads:\n    w:\n"
               "        override: replace\n        environment:\n            \"<<\": \"null\"\n        user-id: 1\n"
               "        user: u\n        group-id: 2\n        group: g\npairing:\n    mode: single\n");
}

static void wrong_values_are_named(void **state UNUSED) {
    struct pebble_layer *layer = pebble_layer_create();
    pebble_layer_set_log_target_type(layer, "l", "file");
    layer_assert_failed(layer, "cannot set type of log target \"l\": unknown word \"file\"");
    layer = pebble_layer_create();
    pebble_layer_set_workload_user(layer, "w", "\xff");
    layer_assert_failed(layer, "cannot set user of workload \"w\": not UTF-8");
    layer = pebble_layer_create();
    pebble_layer_set_pairing_mode(layer, "");
    layer_assert_failed(layer, "cannot set mode of pairing: unknown word \"\"");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_values_are_written),
        cmocka_unit_test(wrong_values_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
