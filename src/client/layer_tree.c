// SPDX-License-Identifier: LGPL-3.0-or-later
// The tree of a layer's values. Declared in client/layer_internal.h.
#include "client/layer_internal.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/memory.h"
#include "base/text.h"
#include "client/errors.h"
#include "data/yaml_writer.h"

#define STEP_SPACES 4

// --- failures ---

static const char *noun_of(const char *section) {
    static const char *const nouns[][2] = {
        {"services", "service"}, {"checks", "check"}, {"log-targets", "log target"}, {"workloads", "workload"}};
    for (size_t i = 0; i < ARRAY_COUNT(nouns); i++) {
        if (text_equal(nouns[i][0], section))
            return nouns[i][1];
    }
    return section;
}

void layer_fail(struct pebble_layer *layer, const struct layer_place *place, const char *format, ...) {
    if (layer->error.kind != PEBBLE_ERROR_NONE)
        return;
    va_list arguments;
    va_start(arguments, format);
    AUTO_FREE char *cause = memory_vprintf(format, arguments);
    va_end(arguments);
    AUTO_BUFFER struct buffer where = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&where, place->key);
    if (place->group != NULL)
        buffer_printf(&where, " of %s", place->group);
    if (place->section != NULL)
        buffer_printf(&where, " of %s", noun_of(place->section));
    if (place->name != NULL) {
        AUTO_FREE char *quoted = client_quoted(place->name);
        buffer_printf(&where, " %s", quoted);
    }
    client_fail(&layer->error, PEBBLE_ERROR_ARGUMENT, "cannot set %s: %s", buffer_text(&where), cause);
}

static bool check_text(struct pebble_layer *layer, const struct layer_place *place, const char *text) {
    if (layer->error.kind != PEBBLE_ERROR_NONE)
        return false;
    if (text == NULL)
        layer_fail(layer, place, "no text");
    else if (!utf8_is_valid(text, strlen(text)))
        layer_fail(layer, place, "not UTF-8");
    else if (strlen(text) > LAYER_TEXT_BYTES_MAX)
        layer_fail(layer, place, "the texts of the layer are longer than 4 MiB");
    return layer->error.kind == PEBBLE_ERROR_NONE;
}

static bool check_name(struct pebble_layer *layer, const struct layer_place *place, const char *name) {
    if (!check_text(layer, place, name))
        return false;
    if (name[0] == '\0')
        layer_fail(layer, place, "empty name");
    return name[0] != '\0';
}

// --- nodes ---

static size_t length_of(const char *text) {
    return text == NULL ? 0 : strlen(text);
}

static void clear_node(struct pebble_layer *layer, struct layer_node *node) {
    for (size_t i = 0; i < node->count; i++) {
        struct layer_node *item = node->items[i];
        clear_node(layer, item);
        layer->text_bytes -= length_of(item->key);
        layer->nodes--;
        free(item->key);
        free(item);
    }
    layer->text_bytes -= length_of(node->text);
    map_finish(&node->by_key);
    free(node->items);
    free(node->text);
    node->items = NULL;
    node->text = NULL;
    node->count = node->capacity = 0;
}

void layer_tree_finish(struct pebble_layer *layer) {
    clear_node(layer, &layer->root);
}

static bool has_room(struct pebble_layer *layer, const struct layer_place *place, size_t length) {
    if (length <= LAYER_TEXT_BYTES_MAX - layer->text_bytes)
        return true;
    layer_fail(layer, place, "the texts of the layer are longer than 4 MiB");
    return false;
}

// The key is valid, NULL in a list. NULL after a failure.
static struct layer_node *append(struct pebble_layer *layer, struct layer_node *parent, const char *key,
                                 const struct layer_place *place) {
    if (parent->count == LAYER_ITEMS_MAX || layer->nodes == LAYER_NODES_MAX) {
        layer_fail(layer, place, "too many values");
        return NULL;
    }
    if (!has_room(layer, place, length_of(key)))
        return NULL;
    struct layer_node *node = memory_new(sizeof *node);
    node->key = key == NULL ? NULL : memory_string(key);
    layer->text_bytes += length_of(key);
    layer->nodes++;
    parent->items = memory_grow(parent->items, &parent->capacity, parent->count + 1, sizeof(struct layer_node *));
    parent->items[parent->count++] = node;
    if (key != NULL)
        map_set(&parent->by_key, key, node);
    return node;
}

static void set_node(struct pebble_layer *layer, struct layer_node *node, const char *text,
                     const struct layer_place *place) {
    if (node == NULL)
        return;
    size_t old = length_of(node->text);
    layer->text_bytes -= old;
    if (!has_room(layer, place, strlen(text))) {
        layer->text_bytes += old;
        return;
    }
    layer->text_bytes += strlen(text);
    free(node->text);
    node->text = memory_string(text);
}

static struct layer_node *child(struct pebble_layer *layer, struct layer_node *map, const char *key,
                                const struct layer_place *place, enum layer_node_kind kind) {
    if (map == NULL)
        return NULL;
    struct layer_node *node = map_get(&map->by_key, key);
    if (node == NULL)
        node = append(layer, map, key, place);
    if (node != NULL)
        node->kind = kind;
    return node;
}

static struct layer_node *entry_of(struct pebble_layer *layer, const struct layer_place *place) {
    struct layer_node *section = child(layer, &layer->root, place->section, place, LAYER_NODE_MAP);
    if (place->name == NULL || section == NULL)
        return section;
    bool is_new = !map_has(&section->by_key, place->name);
    struct layer_node *entry = child(layer, section, place->name, place, LAYER_NODE_MAP);
    if (is_new)
        set_node(layer, child(layer, entry, "override", place, LAYER_NODE_TEXT), "replace", place);
    return entry;
}

// The node of a value, made if there is none; NULL after a failure.
static struct layer_node *node_at(struct pebble_layer *layer, const struct layer_place *place,
                                  enum layer_node_kind kind) {
    if (layer->error.kind != PEBBLE_ERROR_NONE)
        return NULL;
    struct layer_node *map = place->section == NULL ? &layer->root : entry_of(layer, place);
    if (place->group != NULL)
        map = child(layer, map, place->group, place, LAYER_NODE_MAP);
    return child(layer, map, place->key, place, kind);
}

static bool check_place(struct pebble_layer *layer, const struct layer_place *place) {
    bool has_name = place->section != NULL && !text_equal(place->section, "pairing");
    return layer->error.kind == PEBBLE_ERROR_NONE && (!has_name || check_name(layer, place, place->name));
}

// --- lists, maps and texts ---

void layer_set_text(struct pebble_layer *layer, const struct layer_place *place, const char *value) {
    if (check_place(layer, place) && check_text(layer, place, value))
        set_node(layer, node_at(layer, place, LAYER_NODE_TEXT), value, place);
}

void layer_set_plain(struct pebble_layer *layer, const struct layer_place *place, const char *text) {
    if (check_place(layer, place))
        set_node(layer, node_at(layer, place, LAYER_NODE_PLAIN), text, place);
}

static void add_item(struct pebble_layer *layer, const struct layer_place *place, struct layer_node *list,
                     const char *value, enum layer_node_kind kind) {
    struct layer_node *item = append(layer, list, NULL, place);
    if (item != NULL)
        item->kind = kind;
    set_node(layer, item, value, place);
}

// Replaces the list of the place.
static void set_items(struct pebble_layer *layer, const struct layer_place *place, const char *const *values,
                      size_t count, enum layer_node_kind kind) {
    struct layer_node *list = node_at(layer, place, LAYER_NODE_LIST);
    if (list == NULL)
        return;
    clear_node(layer, list);
    for (size_t i = 0; i < count && layer->error.kind == PEBBLE_ERROR_NONE; i++)
        add_item(layer, place, list, values[i], kind);
}

void layer_set_plain_list(struct pebble_layer *layer, const struct layer_place *place, const struct text_list *texts) {
    if (check_place(layer, place))
        set_items(layer, place, (const char *const *)texts->items, texts->count, LAYER_NODE_PLAIN);
}

void layer_set_list(struct pebble_layer *layer, const struct layer_place *place, const char *const *values,
                    size_t count) {
    if (!check_place(layer, place))
        return;
    for (size_t i = 0; i < count; i++) {
        if (!check_name(layer, place, values == NULL ? NULL : values[i]))
            return;
    }
    set_items(layer, place, values, count, LAYER_NODE_TEXT);
}

void layer_add_item(struct pebble_layer *layer, const struct layer_place *place, const char *value) {
    if (!check_place(layer, place) || !check_name(layer, place, value))
        return;
    struct layer_node *list = node_at(layer, place, LAYER_NODE_LIST);
    if (list != NULL)
        add_item(layer, place, list, value, LAYER_NODE_TEXT);
}

void layer_set_entry(struct pebble_layer *layer, const struct layer_place *place, const char *name, const char *value) {
    if (!check_place(layer, place) || !check_name(layer, place, name) || !check_text(layer, place, value))
        return;
    struct layer_node *map = node_at(layer, place, LAYER_NODE_MAP);
    set_node(layer, child(layer, map, name, place, LAYER_NODE_TEXT), value, place);
}

// --- writing ---

static void write_node(struct yaml_writer *writer, const struct layer_node *node) {
    switch (node->kind) {
    case LAYER_NODE_TEXT:
        yaml_writer_string(writer, node->text);
        return;
    case LAYER_NODE_PLAIN:
        yaml_writer_plain(writer, node->text);
        return;
    case LAYER_NODE_LIST:
        yaml_writer_begin_sequence(writer);
        for (size_t i = 0; i < node->count; i++)
            write_node(writer, node->items[i]);
        yaml_writer_end_sequence(writer);
        return;
    case LAYER_NODE_MAP:
        yaml_writer_begin_map(writer);
        for (size_t i = 0; i < node->count; i++) {
            yaml_writer_key(writer, node->items[i]->key);
            write_node(writer, node->items[i]);
        }
        yaml_writer_end_map(writer);
        return;
    }
}

void layer_tree_write(const struct pebble_layer *layer, struct buffer *out) {
    struct yaml_writer writer;
    yaml_writer_init(&writer, out, STEP_SPACES);
    write_node(&writer, &layer->root);
}
