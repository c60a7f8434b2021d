// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "layer_check_yaml.h"

static void all_values_are_written(void **state UNUSED) {
    static const char *const words[] = {"a b"};
    struct pebble_layer *layer = pebble_layer_create();
    pebble_layer_set_check_override(layer, "c", "merge");
    pebble_layer_set_check_level(layer, "c", "alive");
    pebble_layer_set_check_startup(layer, "c", "disabled");
    pebble_layer_set_check_period_ns(layer, "c", 1000000000);
    pebble_layer_set_check_timeout_ns(layer, "c", 1);
    pebble_layer_set_check_threshold(layer, "c", 3);
    pebble_layer_set_check_http_url(layer, "c", "http://h/");
    pebble_layer_set_check_http_header(layer, "c", "A", "b");
    pebble_layer_set_check_tcp_port(layer, "t", 65535);
    pebble_layer_set_check_tcp_host(layer, "t", "h");
    pebble_layer_set_check_exec_command(layer, "e", "x");
    pebble_layer_set_check_exec_command_words(layer, "e", words, 1);
    pebble_layer_set_check_exec_service_context(layer, "e", "web");
    pebble_layer_set_check_exec_environment(layer, "e", "A", "");
    pebble_layer_set_check_exec_user_id(layer, "e", 1);
    pebble_layer_set_check_exec_user(layer, "e", "u");
    pebble_layer_set_check_exec_group_id(layer, "e", 2);
    pebble_layer_set_check_exec_group(layer, "e", "g");
    pebble_layer_set_check_exec_working_dir(layer, "e", "/");
    layer_assert_yaml(layer,
                      "checks:\n    c:\n        override: merge\n        level: alive\n        startup: disabled\n"
                      "        period: 1s\n        timeout: 1ns\n        threshold: 3\n        http:\n"
                      "            url: http://h/\n            headers:\n                A: b\n"
                      "    t:\n        override: replace\n        tcp:\n            port: 65535\n            host: h\n"
                      "    e:\n        override: replace\n        exec:\n            command: '''a b'''\n"
                      "            service-context: web\n            environment:\n                A: \"\"\n"
                      "            user-id: 1\n            user: u\n            group-id: 2\n            group: g\n"
                      "            working-dir: /\n");
}

static void wrong_values_are_named(void **state UNUSED) {
    struct pebble_layer *layer = pebble_layer_create();
    pebble_layer_set_check_tcp_port(layer, "c", 65536);
    layer_assert_failed(layer, "cannot set port of tcp of check \"c\": 65536 is not from 1 to 65535");
    layer = pebble_layer_create();
    pebble_layer_set_check_period_ns(layer, "c", 0);
    layer_assert_failed(layer, "cannot set period of check \"c\": duration 0s is too short");
    layer = pebble_layer_create();
    pebble_layer_set_check_level(layer, "c", "dead");
    layer_assert_failed(layer, "cannot set level of check \"c\": unknown word \"dead\"");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_values_are_written),
        cmocka_unit_test(wrong_values_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
