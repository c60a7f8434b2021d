// SPDX-License-Identifier: GPL-3.0-or-later
// Looks into the YAML of a layer, with the parser of the daemon.
#pragma once

#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "client/layer_internal.h"
#include "data/yaml.h"
#include "pebble.h"

// The parsed YAML of the layer, which is destroyed.
static inline struct yaml_document *layer_parsed(struct pebble_layer *layer) {
    char *yaml = NULL;
    size_t length = 0;
    struct yaml_document *document = NULL;
    assert_true(pebble_layer_yaml(layer, &yaml, &length, NULL));
    assert_int_equal(length, strlen(yaml));
    assert_true(yaml_parse(yaml, length, &yaml_limits_layer, &document, NULL));
    assert_true(yaml_check_keys(yaml_root(document), NULL));
    pebble_free(yaml);
    pebble_layer_destroy(layer);
    return document;
}

static inline void layer_assert_yaml(struct pebble_layer *layer, const char *expected) {
    char *yaml = NULL;
    assert_true(pebble_layer_yaml(layer, &yaml, NULL, NULL));
    assert_string_equal(yaml, expected);
    pebble_free(yaml);
    pebble_layer_destroy(layer);
}

// The layer, which is destroyed, has failed so.
static inline void layer_assert_failed(struct pebble_layer *layer, const char *message) {
    struct pebble_error error = {0};
    char *yaml = NULL;
    assert_false(pebble_layer_yaml(layer, &yaml, NULL, &error));
    assert_null(yaml);
    assert_string_equal(error.message, message);
    assert_int_equal(error.kind, PEBBLE_ERROR_ARGUMENT);
    pebble_error_clear(&error);
    pebble_layer_destroy(layer);
}
