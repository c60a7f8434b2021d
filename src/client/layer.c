// SPDX-License-Identifier: LGPL-3.0-or-later
// A layer that a program builds. Declared in pebble.h.
#include "client/layer_internal.h"

#include <stdlib.h>

#include "base/memory.h"
#include "client/errors.h"

struct pebble_layer *pebble_layer_create(void) {
    struct pebble_layer *layer = memory_new(sizeof *layer);
    layer->root.kind = LAYER_NODE_MAP;
    return layer;
}

void pebble_layer_destroy(struct pebble_layer *layer) {
    if (layer == NULL)
        return;
    layer_tree_finish(layer);
    pebble_error_clear(&layer->error);
    free(layer);
}

void pebble_layer_set_summary(struct pebble_layer *layer, const char *text) {
    layer_set_text(layer, &(const struct layer_place){.key = "summary"}, text);
}

void pebble_layer_set_description(struct pebble_layer *layer, const char *text) {
    layer_set_text(layer, &(const struct layer_place){.key = "description"}, text);
}

bool pebble_layer_yaml(const struct pebble_layer *layer, char **yaml, size_t *length, struct pebble_error *error) {
    if (layer->error.kind != PEBBLE_ERROR_NONE)
        return client_fail(error, layer->error.kind, "%s", layer->error.message);
    AUTO_BUFFER struct buffer out = BUFFER_INIT(LAYER_YAML_BYTES_MAX);
    layer_tree_write(layer, &out);
    if (!buffer_is_whole(&out))
        return client_fail(error, PEBBLE_ERROR_ARGUMENT,
                           "cannot write layer: its YAML is longer than 8 MiB, or does not fit into memory");
    if (length != NULL)
        *length = out.length;
    *yaml = buffer_take(&out);
    return true;
}
