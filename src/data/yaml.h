// SPDX-License-Identifier: LGPL-3.0-or-later
// YAML as a tree with line numbers, read with libyaml, resolved by the rules that the reference's YAML
// library (gopkg.in/yaml.v3) applies. Aliases are expanded by reference to the same node; what they
// expand to is bounded. Only the first document counts. Merge keys (`<<`) are resolved while parsing: what
// they bring follows a map's own pairs. Pairs whose key is null do not exist.
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
    size_t nodes;      // after expansion of aliases and merges: the guard against alias bombs
};
extern const struct yaml_limits yaml_limits_layer; // 8 MiB, 100, 1,000,000

// Parses the first document. An empty or comments-only text gives a document whose root is NULL.
// Messages have the form `yaml: line 3: did not find expected ',' or ']'`. No value contains a NUL. Of the
// keys only those of the root itself are checked as by yaml_check_keys(); the caller checks what is below,
// so that it can put in front of the message where that is (a section, say).
bool yaml_parse(const char *text, size_t length, const struct yaml_limits *limits, struct yaml_document **document,
                struct error *err) NODISCARD;
void yaml_document_destroy(struct yaml_document *document); // NULL is fine
void yaml_document_destroy_at(struct yaml_document **document);
#define AUTO_YAML CLEANUP(yaml_document_destroy_at)
const struct yaml_node *yaml_root(const struct yaml_document *document); // NULL for an empty document
// Whether every map at and below the node has scalar keys, each once. Otherwise lists the first few faults:
// `yaml: unmarshal errors:\n  line 5: mapping key "web" already defined at line 2`.
bool yaml_check_keys(const struct yaml_node *node, struct error *err) NODISCARD;

// Nodes are borrowed from their document.
enum yaml_kind yaml_kind(const struct yaml_node *node);
int yaml_line(const struct yaml_node *node); // from 1
// A scalar's text as written (unquoted, unescaped); NULL for sequences and maps. An explicit null or an
// empty plain scalar is YAML_NULL with the text as written ("", "~", "null").
const char *yaml_text(const struct yaml_node *node);
size_t yaml_text_length(const struct yaml_node *node);
bool yaml_is_plain(const struct yaml_node *node); // a scalar without quotes and without an explicit tag
// A short form of the node for messages, as the reference's library shows it: `!!str `abc``, `!!seq`, `!!map`.
// Owned.
char *yaml_describe(const struct yaml_node *node);
// The value of a YAML_INT (decimal, 0x, 0o, 0b, 010 octal, underscores), or of a YAML_FLOAT cut to a whole
// number, as the reference's library does. False for other kinds and when it does not fit.
bool yaml_int64(const struct yaml_node *node, int64_t *value) NODISCARD;
bool yaml_double(const struct yaml_node *node, double *value) NODISCARD; // of YAML_INT and YAML_FLOAT
// Of a YAML_BOOL, or a YAML_STRING that is a boolean of YAML 1.1 (y, yes, on, n, no, off and their capitals).
bool yaml_bool(const struct yaml_node *node, bool *value) NODISCARD;

size_t yaml_count(const struct yaml_node *node); // items of a sequence, pairs of a map, else 0
const struct yaml_node *yaml_item(const struct yaml_node *sequence, size_t index);
const struct yaml_node *yaml_key(const struct yaml_node *map, size_t index);
const struct yaml_node *yaml_value(const struct yaml_node *map, size_t index);
const struct yaml_node *yaml_member(const struct yaml_node *map, const char *key); // NULL when absent
