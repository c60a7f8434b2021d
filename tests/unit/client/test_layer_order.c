// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "layer_check_yaml.h"

static void all_values_are_written(void **state UNUSED) {
    static const int success[] = {0, 255}, fatal[] = {143, 1};
    static const char *const checks[] = {"a", "b"};
    struct pebble_layer *layer = pebble_layer_create();
    pebble_layer_set_service_type(layer, "job", "oneshot");
    pebble_layer_set_service_run_timeout_ns(layer, "job", 90000000000);
    pebble_layer_set_service_ready_notify(layer, "job", false);
    pebble_layer_set_service_ready_fd(layer, "job", 1023);
    pebble_layer_set_service_ready_log(layer, "job", "^ready$");
    pebble_layer_set_service_ready_check(layer, "job", "up");
    pebble_layer_set_service_ready_timeout_ns(layer, "job", 0);
    pebble_layer_set_service_ready_level(layer, "job", "alive");
    pebble_layer_set_service_wait_for(layer, "job", "db", "ready");
    pebble_layer_set_service_wait_for(layer, "job", "web", "none");
    pebble_layer_set_service_wait_for_checks(layer, "job", checks, 2);
    pebble_layer_add_service_wait_for_checks(layer, "job", "c");
    pebble_layer_set_service_wait_timeout_ns(layer, "job", 1);
    pebble_layer_set_service_success_exit_codes(layer, "job", fatal, 1);
    pebble_layer_set_service_success_exit_codes(layer, "job", success, 2);
    pebble_layer_set_service_fatal_exit_codes(layer, "job", fatal, 2);
    pebble_layer_set_service_max_start_retries(layer, "job", -1);
    pebble_layer_set_service_on_max_start_retries(layer, "job", "exit");
    pebble_layer_set_service_stop_signal(layer, "job", "SIGINT");
    pebble_layer_set_service_kill_mode(layer, "job", "mixed");
    pebble_layer_set_service_on_success(layer, "job", "exit");
    layer_assert_yaml(layer,
                      "services:\n    job:\n        override: replace\n        type: oneshot\n"
                      "        run-timeout: 1m30s\n        ready:\n            notify: false\n            fd: 1023\n"
                      "            log: ^ready$\n            check: up\n            timeout: 0s\n"
                      "            level: alive\n        wait-for:\n            db: ready\n            web: none\n"
                      "        wait-for-checks:\n            - a\n            - b\n            - c\n"
                      "        wait-timeout: 1ns\n        success-exit-codes:\n            - 0\n            - 255\n"
                      "        fatal-exit-codes:\n            - 143\n            - 1\n        max-start-retries: -1\n"
                      "        on-max-start-retries: exit\n        stop-signal: SIGINT\n        kill-mode: mixed\n"
                      "        on-success: exit\n");
}

static void assert_number_refused(int code, const char *message) {
    struct pebble_layer *layer = pebble_layer_create();
    pebble_layer_set_service_fatal_exit_codes(layer, "job", &code, 1);
    layer_assert_failed(layer, message);
}

static void wrong_values_are_named(void **state UNUSED) {
    assert_number_refused(256, "cannot set fatal-exit-codes of service \"job\": 256 is not from 0 to 255");
    assert_number_refused(-1, "cannot set fatal-exit-codes of service \"job\": -1 is not from 0 to 255");
    struct pebble_layer *layer = pebble_layer_create();
    pebble_layer_set_service_success_exit_codes(layer, "job", NULL, 1);
    layer_assert_failed(layer, "cannot set success-exit-codes of service \"job\": no numbers");
    layer = pebble_layer_create();
    pebble_layer_set_service_ready_fd(layer, "job", 2);
    layer_assert_failed(layer, "cannot set fd of ready of service \"job\": 2 is not from 3 to 1023");
    layer = pebble_layer_create();
    pebble_layer_set_service_wait_for(layer, "job", "db", "up");
    layer_assert_failed(layer, "cannot set wait-for of service \"job\": unknown word \"up\"");
    layer = pebble_layer_create();
    pebble_layer_set_service_on_check_failure(layer, "job", "up", "exit");
    layer_assert_failed(layer, "cannot set on-check-failure of service \"job\": unknown word \"exit\"");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_values_are_written),
        cmocka_unit_test(wrong_values_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
