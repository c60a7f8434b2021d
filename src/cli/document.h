// SPDX-License-Identifier: GPL-3.0-or-later
// Output of --format json and yaml: the same calls write both. JSON is written on one line, YAML in block style.
#pragma once

#include "base/buffer.h"
#include "base/map.h"
#include "cli/cli.h"
#include "data/json.h"
#include "data/yaml_writer.h"

enum cli_format { FORMAT_TEXT, FORMAT_JSON, FORMAT_YAML };
enum cli_format cli_format(const struct cli_call *call); // for commands with OPTION_FORMAT

struct document {
    struct buffer text;
    bool is_yaml;
    struct json_writer json;
    struct yaml_writer yaml;
};

void document_init(struct document *document, enum cli_format format); // not FORMAT_TEXT
// Writes the document to standard output and frees it.
void document_print(struct document *document);

void document_begin_map(struct document *document);
void document_end_map(struct document *document);
// The entries in the order in which a document has them: of YAML, or of JSON by bytes. The caller frees the array.
struct map_entry **document_sorted(const struct document *document, const struct map *map)
    __attribute__((returns_nonnull));
void document_begin_list(struct document *document);
void document_end_list(struct document *document);
void document_key(struct document *document, const char *key);
void document_string(struct document *document, const char *text);
void document_time(struct document *document, const char *text); // RFC 3339; unquoted in YAML
void document_int(struct document *document, int64_t value);
void document_bool(struct document *document, bool value);
void document_json(struct document *document, const json_t *value); // any value
// The functions below add a key and its value.
void document_member_string(struct document *document, const char *key, const char *text);
void document_member_time(struct document *document, const char *key, const char *text); // NULL: omitted
void document_member_int(struct document *document, const char *key, int64_t value);
void document_member_bool(struct document *document, const char *key, bool value);
