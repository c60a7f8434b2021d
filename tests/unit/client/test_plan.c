// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "with_daemon.h"

static void plan_is_text(void **state UNUSED) {
    const struct fake_response script[] = {{.result = "\"services: {}\\n\""}, {.result = "{}"}, {.result = "null"}};
    struct with_daemon with;
    with_daemon_begin(&with, script, 3);
    struct pebble_plan *plan = NULL;
    size_t length = 0;
    assert_true(pebble_get_plan(with.client, &plan, &with.error));
    assert_string_equal(pebble_plan_yaml(plan, &length), "services: {}\n");
    assert_int_equal(length, 13);
    assert_ptr_equal(pebble_plan_yaml(plan, NULL), pebble_plan_yaml(plan, &length));
    pebble_plan_destroy(plan);
    pebble_plan_destroy(NULL);
    assert_false(pebble_get_plan(with.client, &plan, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_PROTOCOL, "cannot unmarshal: not a string where one is due");
    assert_false(pebble_get_plan(with.client, &plan, &with.error));
    with_daemon_assert_request(&with, 0, "1 GET /v1/plan?format=yaml HTTP/1.1", "");
    with_daemon_end(&with);
}

static void layers_are_added(void **state UNUSED) {
    const struct fake_response script[] = {{.result = "true"}, {.result = "true"}, {.result = "true"}};
    struct with_daemon with;
    with_daemon_begin(&with, script, 3);
    struct pebble_layer_options options = {.size = sizeof options,
                                           .label = "x",
                                           .yaml = "a: \"b\"\nmore",
                                           .yaml_length = 7,
                                           .flags = PEBBLE_LAYER_COMBINE};
    assert_true(pebble_add_layer(with.client, &options, &with.error));
    options.yaml = "\0";
    options.yaml_length = 1;
    options.flags = PEBBLE_LAYER_INNER;
    assert_true(pebble_add_layer(with.client, &options, &with.error));
    options.yaml = NULL;
    options.yaml_length = 0;
    assert_true(pebble_add_layer(with.client, &options, &with.error));
    with_daemon_assert_request(&with, 0, "1 POST /v1/layers HTTP/1.1",
                               "{\"action\":\"add\",\"combine\":true,\"inner\":false,\"advice\":true,\"label\":\"x\","
                               "\"format\":\"yaml\",\"layer\":\"a: \\\"b\\\"\\n\"}");
    with_daemon_assert_request(&with, 1, "1 POST /v1/layers HTTP/1.1",
                               "{\"action\":\"add\",\"combine\":false,\"inner\":true,\"advice\":true,\"label\":\"x\","
                               "\"format\":\"yaml\",\"layer\":\"\\u0000\"}");
    with_daemon_assert_request(&with, 2, "1 POST /v1/layers HTTP/1.1",
                               "{\"action\":\"add\",\"combine\":false,\"inner\":true,\"advice\":true,\"label\":\"x\","
                               "\"format\":\"yaml\",\"layer\":\"\"}");
    with_daemon_end(&with);
}

static void layers_have_a_label_and_a_text(void **state UNUSED) {
    struct with_daemon with;
    with_daemon_begin(&with, NULL, 0);
    struct pebble_layer_options options = {.size = sizeof options, .yaml = "{}", .yaml_length = 2};
    assert_false(pebble_add_layer(with.client, &options, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_ARGUMENT, "cannot add layer: it has no label or no text");
    options.label = "x";
    options.yaml = NULL;
    assert_false(pebble_add_layer(with.client, &options, &with.error));
    options.flags = 64;
    assert_false(pebble_add_layer(with.client, &options, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_ARGUMENT, "cannot use options: unknown flags 0x40");
    with_daemon_end(&with);
}

static void built_layers_are_added(void **state UNUSED) {
    const struct fake_response script[] = {{.result = "true"}};
    struct with_daemon with;
    with_daemon_begin(&with, script, 1);
    struct pebble_layer *layer = pebble_layer_create();
    pebble_layer_set_summary(layer, "s");
    struct pebble_layer_options options = {.size = sizeof options, .label = "x", .layer = layer, .yaml = ""};
    assert_false(pebble_add_layer(with.client, &options, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_ARGUMENT, "cannot add layer: it is given twice");
    options.yaml = NULL;
    assert_true(pebble_add_layer(with.client, &options, &with.error));
    pebble_layer_set_summary(layer, NULL);
    assert_false(pebble_add_layer(with.client, &options, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_ARGUMENT, "cannot set summary: no text");
    pebble_layer_destroy(layer);
    with_daemon_assert_request(&with, 0, "1 POST /v1/layers HTTP/1.1",
                               "{\"action\":\"add\",\"combine\":false,\"inner\":false,\"advice\":true,\"label\":\"x\","
                               "\"format\":\"yaml\",\"layer\":\"summary: s\\n\"}");
    with_daemon_end(&with);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plan_is_text),
        cmocka_unit_test(layers_are_added),
        cmocka_unit_test(built_layers_are_added),
        cmocka_unit_test(layers_have_a_label_and_a_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
