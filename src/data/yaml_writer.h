// SPDX-License-Identifier: LGPL-3.0-or-later
// Writes YAML in the exact form of the reference (the encoder of gopkg.in/yaml.v3): block style, four spaces per level
// in plans, sequences indented below their key. Strings are quoted only if they would be read as another type or break
// the syntax. An empty map is `{}`, an empty sequence `[]`.
#pragma once

#include "base/buffer.h"

#include <stdbool.h>
#include <stdint.h>

struct yaml_writer {
    struct buffer *out;
    int step; // spaces per level
    // private:
    struct yaml_writer_level {
        bool is_sequence;
        bool is_empty;
        bool is_inline; // the first entry is on the line of the dash (or of the colon after a long key)
        int indent;
    } levels[32];
    int depth;
    bool is_inline; // a collection that begins now is such a level
};

void yaml_writer_init(struct yaml_writer *writer, struct buffer *out, int step);
// The document is one value, followed by a newline. At most 30 levels.
void yaml_writer_begin_map(struct yaml_writer *writer);
void yaml_writer_end_map(struct yaml_writer *writer);
void yaml_writer_begin_sequence(struct yaml_writer *writer);
void yaml_writer_end_sequence(struct yaml_writer *writer);
// The order of the keys of a map, as go-yaml has it: numbers by value, other characters before letters. strcmp().
int yaml_compare_keys(const char *a, const char *b);
void yaml_writer_key(struct yaml_writer *writer, const char *key); // quoted like a string value
// Plain, quoted, or as a block (| or |-), as needed; in base64 (!!binary) if not UTF-8. Reads back unchanged.
void yaml_writer_string(struct yaml_writer *writer, const char *text);
void yaml_writer_int(struct yaml_writer *writer, int64_t value);
void yaml_writer_double(struct yaml_writer *writer,
                        double value); // shortest form that reads back unchanged: 2, 1.5, 1e+06
void yaml_writer_bool(struct yaml_writer *writer, bool value);
void yaml_writer_null(struct yaml_writer *writer);
// Adds text as it is, without quotes, on one line (for durations and times).
void yaml_writer_plain(struct yaml_writer *writer, const char *text);
