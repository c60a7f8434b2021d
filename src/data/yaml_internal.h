// SPDX-License-Identifier: LGPL-3.0-or-later
// What the parts of the YAML reader and writer share. Private to data/.
#pragma once

#include "base/buffer.h"
#include "data/yaml.h"

struct yaml_pair {
    const struct yaml_node *key;
    const struct yaml_node *value;
};

struct yaml_node {
    enum yaml_kind kind;
    int line;
    bool is_plain;
    bool is_open;    // being parsed: an alias to it would make it contain itself
    size_t height;   // levels, itself included
    size_t expanded; // nodes at and below it, those that aliases and merges bring counted each time
    const char *tag; // the explicit one in its short form ("!!int"), or NULL
    const char *text;
    size_t length;
    const struct yaml_node **items;
    struct yaml_pair *written; // as in the text, merge keys among them
    size_t written_count;
    struct yaml_pair *pairs; // as they count
    size_t count;            // of items or pairs
};

// A document's memory: everything in it is freed at once.
struct yaml_memory {
    struct yaml_block *blocks;
};
// Zeroed; NULL when there is no memory.
void *yaml_memory_get(struct yaml_memory *memory, size_t size) NODISCARD;
void yaml_memory_finish(struct yaml_memory *memory);

struct yaml_document {
    struct yaml_memory memory;
    const struct yaml_node *root;
};

// --- yaml_resolve.c: what a plain scalar is, by the rules of gopkg.in/yaml.v3 ---

struct yaml_resolved {
    enum yaml_kind kind; // never a sequence or map
    bool has_int64;
    int64_t integer;
    double real; // of YAML_INT and YAML_FLOAT
    bool truth;
};
struct yaml_resolved yaml_resolve(const char *text);
const char *yaml_kind_tag(enum yaml_kind kind); // "!!str"
// Whether YAML 1.1 takes the text for a boolean though YAML 1.2 does not.
bool yaml_is_old_bool(const char *text, bool *value);
// Whether YAML 1.1 takes the text for a number to the base 60 (1:30).
bool yaml_is_base60(const char *text);

// --- yaml_keys.c ---

bool yaml_is_merge_key(const struct yaml_node *key);
// Keeps of the pairs those whose key stands in none before it; returns how many are left, or false without memory.
bool yaml_pairs_unique(struct yaml_pair *pairs, size_t *count) NODISCARD;
// As yaml_check_keys(), but only of the map itself.
bool yaml_check_own_keys(const struct yaml_node *map, struct error *err) NODISCARD;

// --- yaml_scalar.c: the form in which a string is written ---

struct yaml_scalar_place {
    int parent; // indentation of the map or sequence it belongs to
    int indent; // of its lines, where it takes several
    bool is_simple_key;
};
// The text, and the end of its line except after a simple key.
void yaml_scalar_add(struct buffer *out, const char *text, const struct yaml_scalar_place *place);
// Whether it can be a key without a `?` in front.
bool yaml_scalar_is_simple_key(const char *text);
