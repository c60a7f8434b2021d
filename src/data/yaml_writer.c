// SPDX-License-Identifier: LGPL-3.0-or-later
#include "data/yaml_writer.h"

#include <assert.h>
#include <math.h>

#include "base/compiler.h"
#include "data/real.h"
#include "data/yaml_internal.h"

#define LEVELS_MAX ((int)ARRAY_COUNT(((struct yaml_writer *)NULL)->levels))

static void add_spaces(struct buffer *out, int count) {
    buffer_printf(out, "%*s", count, "");
}

static struct yaml_writer_level *top_level(struct yaml_writer *writer) {
    return writer->depth > 0 ? &writer->levels[writer->depth - 1] : NULL;
}

// The indentation of the content of the current level.
static int inner_indent(struct yaml_writer *writer) {
    const struct yaml_writer_level *level = top_level(writer);
    if (level == NULL)
        return writer->step;
    return level->is_sequence ? level->indent + 2 : (level->indent / writer->step + 1) * writer->step;
}

static void write_text(struct yaml_writer *writer, const char *text, bool is_simple_key) {
    const struct yaml_writer_level *level = top_level(writer);
    yaml_scalar_add(writer->out, text,
                    &(struct yaml_scalar_place){.parent = level == NULL ? 0 : level->indent,
                                                .indent = inner_indent(writer),
                                                .is_simple_key = is_simple_key});
}

// Moves to the position of the next key or dash of the current level.
static void begin_entry(struct yaml_writer *writer) {
    struct yaml_writer_level *level = top_level(writer);
    if (level->is_empty && level->is_inline) {
        add_spaces(writer->out, level->indent - (level - 1)->indent - 1);
    } else {
        if (level->is_empty && writer->depth > 1)
            buffer_add_char(writer->out, '\n');
        add_spaces(writer->out, level->indent);
    }
    level->is_empty = false;
}

static void begin_value(struct yaml_writer *writer) {
    const struct yaml_writer_level *level = top_level(writer);
    if (level != NULL && level->is_sequence) {
        begin_entry(writer);
        buffer_add_char(writer->out, '-');
        writer->is_inline = true;
    }
}

// Begins a value on the line of its key or dash.
static void begin_scalar(struct yaml_writer *writer) {
    begin_value(writer);
    if (writer->depth > 0)
        buffer_add_char(writer->out, ' ');
    writer->is_inline = false;
}

static void begin_level(struct yaml_writer *writer, bool is_sequence) {
    assert(writer->depth < LEVELS_MAX);
    begin_value(writer);
    int indent = writer->depth == 0 ? 0 : inner_indent(writer);
    writer->levels[writer->depth++] = (struct yaml_writer_level){
        .is_sequence = is_sequence, .is_empty = true, .is_inline = writer->is_inline, .indent = indent};
    writer->is_inline = false;
}

static void end_level(struct yaml_writer *writer, const char *empty) {
    const struct yaml_writer_level *level = &writer->levels[--writer->depth];
    if (level->is_empty) {
        buffer_add_string(writer->out, writer->depth > 0 ? " " : "");
        buffer_add_string(writer->out, empty);
        buffer_add_char(writer->out, '\n');
    }
}

void yaml_writer_init(struct yaml_writer *writer, struct buffer *out, int step) {
    *writer = (struct yaml_writer){.out = out, .step = step};
}

void yaml_writer_begin_map(struct yaml_writer *writer) {
    begin_level(writer, false);
}

void yaml_writer_end_map(struct yaml_writer *writer) {
    end_level(writer, "{}");
}

void yaml_writer_begin_sequence(struct yaml_writer *writer) {
    begin_level(writer, true);
}

void yaml_writer_end_sequence(struct yaml_writer *writer) {
    end_level(writer, "[]");
}

void yaml_writer_key(struct yaml_writer *writer, const char *key) {
    begin_entry(writer);
    if (yaml_scalar_is_simple_key(key)) {
        write_text(writer, key, true);
    } else {
        buffer_add_string(writer->out, "? ");
        write_text(writer, key, false);
        add_spaces(writer->out, top_level(writer)->indent);
        writer->is_inline = true;
    }
    buffer_add_char(writer->out, ':');
}

void yaml_writer_string(struct yaml_writer *writer, const char *text) {
    begin_scalar(writer);
    write_text(writer, text, false);
}

void yaml_writer_plain(struct yaml_writer *writer, const char *text) {
    begin_scalar(writer);
    buffer_add_string(writer->out, text);
    buffer_add_char(writer->out, '\n');
}

void yaml_writer_int(struct yaml_writer *writer, int64_t value) {
    begin_scalar(writer);
    buffer_printf(writer->out, "%lld\n", (long long)value);
}

void yaml_writer_double(struct yaml_writer *writer, double value) {
    char text[REAL_TEXT_SIZE];
    if (isnan(value)) {
        yaml_writer_plain(writer, ".nan");
    } else if (isinf(value)) {
        yaml_writer_plain(writer, value < 0 ? "-.inf" : ".inf");
    } else {
        real_format(value, -4, 6, 2, text);
        yaml_writer_plain(writer, text);
    }
}

void yaml_writer_bool(struct yaml_writer *writer, bool value) {
    yaml_writer_plain(writer, value ? "true" : "false");
}

void yaml_writer_null(struct yaml_writer *writer) {
    yaml_writer_plain(writer, "null");
}
