// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to data/: shared by the YAML reader and writer.
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
    bool is_open;    // being parsed; an alias to it would be a cycle
    size_t height;   // levels, itself included
    size_t expanded; // nodes at and below it, with aliases and merges expanded
    const char *tag; // the explicit tag in its short form ("!!int"), or NULL
    const char *text;
    size_t length;
    const struct yaml_node **items;
    struct yaml_pair *written; // as in the text, including merge keys
    size_t written_count;
    struct yaml_pair *pairs; // after merging
    size_t count;            // of items or pairs
};

// Memory of a document; all of it is freed at once.
struct yaml_memory {
    struct yaml_block *blocks;
};
// Zeroed. NULL if there is no memory.
void *yaml_memory_get(struct yaml_memory *memory, size_t size) NODISCARD;
void yaml_memory_finish(struct yaml_memory *memory);

struct yaml_document {
    struct yaml_memory memory;
    const struct yaml_node *root;
    int rest_line;
};

// --- yaml_resolve.c: types of plain scalars, by the rules of gopkg.in/yaml.v3 ---

struct yaml_resolved {
    enum yaml_kind kind; // never a sequence or map
    bool has_int64;
    int64_t integer;
    double real; // of YAML_INT and YAML_FLOAT
};
struct yaml_resolved yaml_resolve(const char *text);
const char *yaml_kind_tag(enum yaml_kind kind); // "!!str"
// Whether the text is a boolean in YAML 1.1 but not in YAML 1.2.
bool yaml_is_old_bool(const char *text);
// Whether the text is a base 60 number in YAML 1.1 (1:30).
bool yaml_is_base60(const char *text);

// --- yaml_keys.c ---

bool yaml_is_merge_key(const struct yaml_node *key);
// Keeps the first pair of each key and sets *count to the number of pairs left. Fails if there is no memory.
bool yaml_pairs_unique(struct yaml_pair *pairs, size_t *count) NODISCARD;
// Like yaml_check_keys(), for the map itself only.
bool yaml_check_own_keys(const struct yaml_node *map, struct error *err) NODISCARD;

// --- yaml_scalar.c: writing strings ---

struct yaml_scalar_place {
    int parent; // indentation of the enclosing map or sequence
    int indent; // indentation of the lines, if there are several
    bool is_simple_key;
};
// Adds the text and, except after a simple key, a newline.
void yaml_scalar_add(struct buffer *out, const char *text, const struct yaml_scalar_place *place);
// Whether the text can be a key without `?`.
bool yaml_scalar_is_simple_key(const char *text);
