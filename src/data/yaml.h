// SPDX-License-Identifier: LGPL-3.0-or-later
// YAML as a tree with line numbers, parsed with libyaml and resolved by the rules of the reference's YAML library
// (gopkg.in/yaml.v3). An alias refers to the node of its anchor; the size of the expanded tree is limited. Only the
// first document is read. Merge keys (`<<`) are resolved during parsing: merged pairs follow the own pairs of a map.
// Pairs whose key is null are dropped.
#pragma once

#include "base/compiler.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum yaml_kind { YAML_NULL, YAML_BOOL, YAML_INT, YAML_FLOAT, YAML_STRING, YAML_TIMESTAMP, YAML_SEQUENCE, YAML_MAP };

struct yaml_node;
struct yaml_document;

struct yaml_limits {
    size_t size_bytes; // of the text
    size_t depth;      // of nesting
    size_t nodes;      // after expansion of aliases and merges
};
extern const struct yaml_limits yaml_limits_layer; // 8 MiB, 100, 1,000,000

// Parses the first document. The root is NULL if the text is empty or has only comments. Messages have the form
// `yaml: line 3: did not find expected ',' or ']'`. No value contains a NUL. Only the keys of the root itself are
// checked as by yaml_check_keys(). The caller checks the nodes below, so that it can add a prefix to the message.
bool yaml_parse(const char *text, size_t length, const struct yaml_limits *limits, struct yaml_document **document,
                struct error *err) NODISCARD;
void yaml_document_destroy(struct yaml_document *document); // NULL is allowed
void yaml_document_destroy_at(struct yaml_document **document);
#define AUTO_YAML CLEANUP(yaml_document_destroy_at)
const struct yaml_node *yaml_root(const struct yaml_document *document); // NULL for an empty document
// The line on which something follows the first document, as it is not read; 0 if nothing does.
int yaml_rest_line(const struct yaml_document *document);
// Checks that every map at and below the node has scalar keys without duplicates. Lists the first few errors:
// `yaml: unmarshal errors:\n  line 5: mapping key "web" already defined at line 2`.
bool yaml_check_keys(const struct yaml_node *node, struct error *err) NODISCARD;

// Nodes are borrowed from their document.
enum yaml_kind yaml_kind(const struct yaml_node *node);
int yaml_line(const struct yaml_node *node); // from 1
// The text of a scalar without quotes and escapes; NULL for sequences and maps. The text of a YAML_NULL is as written
// ("", "~", "null").
const char *yaml_text(const struct yaml_node *node);
size_t yaml_text_length(const struct yaml_node *node);
// A short form of the node for messages, as in the reference's library: `!!str `abc``, `!!seq`, `!!map`. Owned.
char *yaml_describe(const struct yaml_node *node);
// The value of a YAML_INT (decimal, 0x, 0o, 0b, 010 octal, underscores), or of a YAML_FLOAT truncated as in the
// reference's library. False for other kinds and for values that do not fit.
bool yaml_int64(const struct yaml_node *node, int64_t *value) NODISCARD;

size_t yaml_count(const struct yaml_node *node); // items of a sequence, or pairs of a map; 0 for scalars
const struct yaml_node *yaml_item(const struct yaml_node *sequence, size_t index);
const struct yaml_node *yaml_key(const struct yaml_node *map, size_t index);
const struct yaml_node *yaml_value(const struct yaml_node *map, size_t index);
const struct yaml_node *yaml_member(const struct yaml_node *map, const char *key); // NULL if absent
