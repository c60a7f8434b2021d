// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to libpebble: the values of a layer that is built, as a tree of maps and lists. After a failure, which the
// layer keeps, all of these functions do nothing.
#pragma once

#include "base/buffer.h"
#include "base/compiler.h"
#include "base/map.h"
#include "base/text.h"
#include "pebble.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LAYER_TEXT_BYTES_MAX ((size_t)4 << 20)
#define LAYER_YAML_BYTES_MAX ((size_t)8 << 20) // as the daemon reads
#define LAYER_ITEMS_MAX ((size_t)10000)        // of one list or map
#define LAYER_NODES_MAX ((size_t)100000)       // in all

enum layer_node_kind { LAYER_NODE_TEXT, LAYER_NODE_PLAIN, LAYER_NODE_LIST, LAYER_NODE_MAP };

struct layer_node {
    enum layer_node_kind kind;
    char *key;  // owned; NULL in a list
    char *text; // owned; of a text, or plain: a number or a duration
    struct layer_node **items;
    size_t count, capacity;
    struct map by_key; // the items of a map; borrowed
};

struct pebble_layer {
    struct layer_node root;
    struct pebble_error error; // the first
    size_t nodes;              // in the tree
    size_t text_bytes;         // of keys and texts in the tree
};

// Where a value stands: "services", "web", NULL or "http" for a map inside, "command". The section is NULL for a
// value of the layer itself.
struct layer_place {
    const char *section, *name, *group, *key;
};

// Notes `cannot set KEY of service "NAME": ...` unless there is a failure.
void layer_fail(struct pebble_layer *layer, const struct layer_place *place, const char *format, ...) PRINTF_LIKE(3, 4);
// These create what is missing on the way and replace a value that is there.
void layer_set_text(struct pebble_layer *layer, const struct layer_place *place, const char *value);
// A number or a duration, written without quotes; never longer than a few bytes.
void layer_set_plain(struct pebble_layer *layer, const struct layer_place *place, const char *text);
// One of the words, which end with NULL.
void layer_set_word(struct pebble_layer *layer, const struct layer_place *place, const char *value,
                    const char *const *words);
void layer_set_int(struct pebble_layer *layer, const struct layer_place *place, int64_t value, int64_t min,
                   int64_t max);
// A list of numbers from 0 to 255.
void layer_set_exit_codes(struct pebble_layer *layer, const struct layer_place *place, const int *codes, size_t count);
void layer_set_duration(struct pebble_layer *layer, const struct layer_place *place, int64_t value_ns, int64_t min_ns);
void layer_set_factor(struct pebble_layer *layer, const struct layer_place *place, double value);
// As a command line that splits into the same words.
void layer_set_words(struct pebble_layer *layer, const struct layer_place *place, const char *const *words,
                     size_t count);
void layer_set_list(struct pebble_layer *layer, const struct layer_place *place, const char *const *values,
                    size_t count);
// The items are written without quotes.
void layer_set_plain_list(struct pebble_layer *layer, const struct layer_place *place, const struct text_list *texts);
void layer_add_item(struct pebble_layer *layer, const struct layer_place *place, const char *value);
void layer_set_entry(struct pebble_layer *layer, const struct layer_place *place, const char *name, const char *value);
// As layer_set_entry() for one of the words.
void layer_set_word_entry(struct pebble_layer *layer, const struct layer_place *place, const char *name,
                          const char *value, const char *const *words);

void layer_tree_finish(struct pebble_layer *layer); // frees the values
void layer_tree_write(const struct pebble_layer *layer, struct buffer *out);
