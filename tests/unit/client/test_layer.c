// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "layer_check_yaml.h"

static void empty_layers_are_maps(void **state UNUSED) {
    layer_assert_yaml(pebble_layer_create(), "{}\n");
    pebble_layer_destroy(NULL);
}

static void texts_of_the_layer_are_written(void **state UNUSED) {
    struct pebble_layer *layer = pebble_layer_create();
    pebble_layer_set_summary(layer, "first");
    pebble_layer_set_description(layer, "yes");
    pebble_layer_set_summary(layer, "~");
    layer_assert_yaml(layer, "summary: \"~\"\ndescription: \"yes\"\n");
}

static void first_failure_is_kept(void **state UNUSED) {
    struct pebble_layer *layer = pebble_layer_create();
    pebble_layer_set_summary(layer, NULL);
    pebble_layer_set_description(layer, "\xff");
    layer_assert_failed(layer, "cannot set summary: no text");
}

static void yaml_has_a_limit(void **state UNUSED) {
    AUTO_FREE char *text = memory_new(((size_t)3 << 20) + 1);
    memset(text, 1, (size_t)3 << 20);
    struct pebble_layer *layer = pebble_layer_create();
    pebble_layer_set_summary(layer, text);
    layer_assert_failed(layer, "cannot write layer: its YAML is longer than 8 MiB, or does not fit into memory");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_layers_are_maps),
        cmocka_unit_test(texts_of_the_layer_are_written),
        cmocka_unit_test(first_failure_is_kept),
        cmocka_unit_test(yaml_has_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
