// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "layer_check_yaml.h"

static void texts_read_back_unchanged(void **state UNUSED) {
    static const char *const texts[] = {"",      " ",   "yes",      "0777",         "~",       "1e3",  "2001-01-01",
                                        "a: b",  "# a", "- a",      "a\nb\n",       "\t",      "\r",   "\x01\x1b\x7f",
                                        "\"'\\", "{}",  "\xc3\xa4", "\xe2\x80\xa8", "!!int 1", "&a *b"};
    struct pebble_layer *layer = pebble_layer_create();
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        AUTO_FREE char *name = memory_printf("n%zu", i);
        pebble_layer_set_service_environment(layer, "web", name, texts[i]);
    }
    AUTO_YAML struct yaml_document *document = layer_parsed(layer);
    const struct yaml_node *map = yaml_member(yaml_member(yaml_root(document), "services"), "web");
    map = yaml_member(map, "environment");
    assert_int_equal(yaml_count(map), ARRAY_COUNT(texts));
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        assert_string_equal(yaml_text(yaml_value(map, i)), texts[i]);
        assert_int_equal(yaml_kind(yaml_value(map, i)), YAML_STRING);
    }
}

static void names_and_texts_are_checked(void **state UNUSED) {
    static const char *const names[] = {"a", ""};
    struct pebble_layer *layer = pebble_layer_create();
    pebble_layer_set_service_command(layer, "", "x");
    layer_assert_failed(layer, "cannot set command of service \"\": empty name");
    layer = pebble_layer_create();
    pebble_layer_set_service_command(layer, NULL, "x");
    layer_assert_failed(layer, "cannot set command of service: no text");
    layer = pebble_layer_create();
    pebble_layer_set_service_after(layer, "web", names, 2);
    layer_assert_failed(layer, "cannot set after of service \"web\": empty name");
    layer = pebble_layer_create();
    pebble_layer_set_service_after(layer, "web", NULL, 1);
    layer_assert_failed(layer, "cannot set after of service \"web\": no text");
    layer = pebble_layer_create();
    pebble_layer_add_service_after(layer, "web", "");
    layer_assert_failed(layer, "cannot set after of service \"web\": empty name");
    layer = pebble_layer_create();
    pebble_layer_set_service_environment(layer, "web", "", "x");
    layer_assert_failed(layer, "cannot set environment of service \"web\": empty name");
    layer = pebble_layer_create();
    pebble_layer_set_service_environment(layer, "web", "A", "\xff");
    layer_assert_failed(layer, "cannot set environment of service \"web\": not UTF-8");
}

static void lists_and_texts_have_limits(void **state UNUSED) {
    struct pebble_layer *layer = pebble_layer_create();
    for (size_t i = 0; i < LAYER_ITEMS_MAX; i++)
        pebble_layer_add_service_after(layer, "web", "a");
    assert_int_equal(layer->error.kind, PEBBLE_ERROR_NONE);
    pebble_layer_add_service_after(layer, "web", "a");
    layer_assert_failed(layer, "cannot set after of service \"web\": too many values");
    AUTO_FREE char *text = memory_new(LAYER_TEXT_BYTES_MAX + 2);
    memset(text, 'a', LAYER_TEXT_BYTES_MAX + 1);
    layer = pebble_layer_create();
    pebble_layer_set_summary(layer, text);
    layer_assert_failed(layer, "cannot set summary: the texts of the layer are longer than 4 MiB");
    text[LAYER_TEXT_BYTES_MAX - 7] = '\0';
    layer = pebble_layer_create();
    pebble_layer_set_summary(layer, text);
    pebble_layer_set_summary(layer, text);
    assert_int_equal(layer->error.kind, PEBBLE_ERROR_NONE);
    pebble_layer_set_description(layer, "");
    layer_assert_failed(layer, "cannot set description: the texts of the layer are longer than 4 MiB");
}

static void a_layer_has_a_limit_of_values(void **state UNUSED) {
    struct pebble_layer *layer = pebble_layer_create();
    for (size_t i = 0; layer->nodes < LAYER_NODES_MAX; i++) {
        AUTO_FREE char *name = memory_printf("s%zu", i / 9000);
        pebble_layer_add_service_after(layer, name, "a");
    }
    assert_int_equal(layer->error.kind, PEBBLE_ERROR_NONE);
    pebble_layer_add_service_before(layer, "s0", "a");
    layer_assert_failed(layer, "cannot set before of service \"s0\": too many values");
}

static void replaced_lists_are_freed(void **state UNUSED) {
    static const char *const names[] = {"a", "b"};
    struct pebble_layer *layer = pebble_layer_create();
    pebble_layer_set_service_after(layer, "web", names, 2);
    size_t nodes = layer->nodes;
    size_t bytes = layer->text_bytes;
    pebble_layer_set_service_after(layer, "web", names, 2);
    assert_int_equal(layer->nodes, nodes);
    assert_int_equal(layer->text_bytes, bytes);
    layer_tree_finish(layer);
    assert_int_equal(layer->nodes, 0);
    assert_int_equal(layer->text_bytes, 0);
    pebble_layer_destroy(layer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_read_back_unchanged),   cmocka_unit_test(names_and_texts_are_checked),
        cmocka_unit_test(lists_and_texts_have_limits), cmocka_unit_test(a_layer_has_a_limit_of_values),
        cmocka_unit_test(replaced_lists_are_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
