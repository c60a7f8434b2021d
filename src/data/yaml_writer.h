// SPDX-License-Identifier: LGPL-3.0-or-later
// Writes YAML in the exact form in which the reference shows plans (gopkg.in/yaml.v3's encoder): block
// style, a step of four spaces for plans, sequences of a map indented below their key, strings quoted only
// where they would read as another type or break the syntax. An empty map is `{}`, an empty sequence `[]`.
#pragma once

#include "base/buffer.h"

#include <stdbool.h>
#include <stdint.h>

struct yaml_writer {
    struct buffer *out;
    int step; // spaces a level
    // private:
    struct yaml_writer_level {
        bool is_sequence;
        bool is_empty;
        bool is_inline; // its first entry stands on the line of the dash (or of the colon after a long key)
        int indent;
    } levels[32];
    int depth;
    bool is_inline; // the value that comes now would begin such a level
};

void yaml_writer_init(struct yaml_writer *writer, struct buffer *out, int step);
// The document is one value; after it stands a newline. Nest at most 30 levels.
void yaml_writer_begin_map(struct yaml_writer *writer);
void yaml_writer_end_map(struct yaml_writer *writer);
void yaml_writer_begin_sequence(struct yaml_writer *writer);
void yaml_writer_end_sequence(struct yaml_writer *writer);
void yaml_writer_key(struct yaml_writer *writer, const char *key); // quoted where a string value would be
// Quoted, or as a block (| or |-), as needed; what is not UTF-8 in base64 (!!binary). Reads back the same.
void yaml_writer_string(struct yaml_writer *writer, const char *text);
void yaml_writer_int(struct yaml_writer *writer, int64_t value);
void yaml_writer_double(struct yaml_writer *writer,
                        double value); // shortest form that reads back the same: 2, 1.5, 1e+06
void yaml_writer_bool(struct yaml_writer *writer, bool value);
void yaml_writer_null(struct yaml_writer *writer);
// Text that is already in its final form and stays on one line (durations: they need no quotes).
void yaml_writer_plain(struct yaml_writer *writer, const char *text);
