// SPDX-License-Identifier: LGPL-3.0-or-later
// Declared in data/yaml_internal.h.
#include "data/yaml_internal.h"

#include <string.h>

#include "base/base64.h"
#include "base/compiler.h"
#include "base/text.h"

#define SIMPLE_KEY_MAX_BYTES 128
#define BINARY_LINE_LENGTH 70

enum scalar_style { STYLE_PLAIN, STYLE_SINGLE, STYLE_DOUBLE, STYLE_LITERAL };

// The forms that a text excludes.
struct scalar_shape {
    bool is_multiline;
    bool refuses_plain;
    bool refuses_single;
    bool refuses_literal;
};

static bool is_break(uint32_t c) {
    return c == '\n' || c == '\r' || c == 0x85 || c == 0x2028 || c == 0x2029;
}

static bool is_blank(uint32_t c) {
    return c == ' ' || c == '\t';
}

// Characters that need no escape in libyaml, which follows YAML 1.1: none beyond 16 bits.
static bool is_printable(uint32_t c) {
    return c == '\n' || (c >= 0x20 && c <= 0x7E) || (c >= 0xA0 && c <= 0xD7FF) ||
           (c >= 0xE000 && c <= 0xFFFD && c != 0xFEFF);
}

static bool begins_like_syntax(const char *text) {
    if (strchr("#,[]{}&*!|>'\"%@`", text[0]) != NULL)
        return true;
    if (strchr("?:-", text[0]) != NULL && (text[1] == '\0' || is_blank((unsigned char)text[1])))
        return true;
    return text_has_prefix(text, "---") || text_has_prefix(text, "...");
}

struct neighbours {
    uint32_t previous; // 0 at the start
    uint32_t next;     // 0 at the end
};

static void look_at(struct scalar_shape *shape, uint32_t c, const struct neighbours *around) {
    bool is_edge = around->previous == 0 || around->next == 0;
    if ((c == ':' && (around->next == 0 || is_blank(around->next))) ||
        (c == '#' && (is_blank(around->previous) || is_break(around->previous))) ||
        (is_edge && (c == ' ' || is_break(c))))
        shape->refuses_plain = true;
    if (c == '\t') {
        shape->refuses_plain = true;
        shape->refuses_single = true;
    } else if (!is_printable(c)) {
        shape->refuses_plain = true;
        shape->refuses_single = true;
        shape->refuses_literal = true;
    }
    if (c == ' ' && around->next == 0)
        shape->refuses_literal = true;
    if (c == ' ' && is_break(around->previous)) {
        shape->refuses_plain = true;
        shape->refuses_single = true;
    }
    if (is_break(c)) {
        shape->is_multiline = true;
        shape->refuses_plain = true;
        if (c != '\n') { // YAML readers differ in other line breaks
            shape->refuses_single = true;
            shape->refuses_literal = true;
        }
        if (around->previous == ' ') {
            shape->refuses_single = true;
            shape->refuses_literal = true;
        }
    }
}

// The text is valid UTF-8.
static struct scalar_shape shape_of(const char *text) {
    // The first line of a literal determines its indentation: a leading line break or tab would be misread.
    struct scalar_shape shape = {.refuses_plain = *text != '\0' && begins_like_syntax(text),
                                 .refuses_literal = *text == '\n' || *text == '\t'};
    const char *end = text + strlen(text);
    uint32_t c = 0;
    bool is_valid = true;
    size_t size = text < end ? text_decode(text, (size_t)(end - text), &c, &is_valid) : 0;
    uint32_t previous = 0;
    while (size > 0) {
        uint32_t next = 0;
        text += size;
        size = text < end ? text_decode(text, (size_t)(end - text), &next, &is_valid) : 0;
        look_at(&shape, c, &(struct neighbours){previous, next});
        previous = c;
        c = next;
    }
    return shape;
}

static bool would_read_as_string(const char *text) {
    return yaml_resolve(text).kind == YAML_STRING && !yaml_is_old_bool(text) && !yaml_is_base60(text);
}

static enum scalar_style choose_style(const char *text, const struct scalar_shape *shape, bool is_simple_key) {
    if (strchr(text, '\n') != NULL)
        return shape->refuses_literal || is_simple_key ? STYLE_DOUBLE : STYLE_LITERAL;
    bool would_merge = is_simple_key && text_equal(text, "<<");
    bool is_value_key = text_equal(text, "="); // a type of its own in YAML 1.1, which some readers refuse
    if (would_merge || is_value_key || !would_read_as_string(text))
        return STYLE_DOUBLE;
    if (!shape->refuses_plain)
        return STYLE_PLAIN;
    return shape->refuses_single ? STYLE_DOUBLE : STYLE_SINGLE;
}

static void add_spaces(struct buffer *out, int count) {
    buffer_printf(out, "%*s", count, "");
}

static void add_escape(struct buffer *out, uint32_t c) {
    static const struct {
        uint32_t code_point;
        char letter;
    } letters[] = {
        {0x00, '0'}, {0x07, 'a'}, {0x08, 'b'},  {0x09, 't'}, {0x0A, 'n'}, {0x0B, 'v'},   {0x0C, 'f'},   {0x0D, 'r'},
        {0x1B, 'e'}, {'"', '"'},  {'\\', '\\'}, {0x85, 'N'}, {0xA0, '_'}, {0x2028, 'L'}, {0x2029, 'P'},
    };
    for (size_t i = 0; i < ARRAY_COUNT(letters); i++) {
        if (letters[i].code_point == c) {
            buffer_printf(out, "\\%c", letters[i].letter);
            return;
        }
    }
    if (c <= 0xFF)
        buffer_printf(out, "\\x%02X", c);
    else if (c <= 0xFFFF)
        buffer_printf(out, "\\u%04X", c);
    else
        buffer_printf(out, "\\U%08X", c);
}

static void add_double_quoted(struct buffer *out, const char *text) {
    const char *end = text + strlen(text);
    buffer_add_char(out, '"');
    while (text < end) {
        uint32_t c = 0;
        bool is_valid = true;
        size_t size = text_decode(text, (size_t)(end - text), &c, &is_valid);
        if (!is_printable(c) || is_break(c) || c == '"' || c == '\\')
            add_escape(out, c);
        else
            buffer_add(out, text, size);
        text += size;
    }
    buffer_add_char(out, '"');
}

// Each line after the first is indented.
static void add_lines(struct buffer *out, const char *text, int indent, bool is_single_quoted) {
    const char *end = text + strlen(text);
    bool is_line_start = false;
    while (text < end) {
        uint32_t c = 0;
        bool is_valid = true;
        size_t size = text_decode(text, (size_t)(end - text), &c, &is_valid);
        if (is_line_start && !is_break(c))
            add_spaces(out, indent);
        is_line_start = is_break(c);
        if (is_single_quoted && c == '\'')
            buffer_add_char(out, '\'');
        buffer_add(out, text, size);
        text += size;
    }
}

// The text contains a line break.
static void add_literal(struct buffer *out, const char *text, const struct yaml_scalar_place *place) {
    size_t length = strlen(text);
    bool has_end = text[length - 1] == '\n';
    buffer_add_char(out, '|');
    if (text[0] == ' ')
        buffer_printf(out, "%d", place->indent - place->parent);
    if (!has_end)
        buffer_add_char(out, '-');
    else if (length == 1 || text[length - 2] == '\n')
        buffer_add_char(out, '+');
    buffer_add_char(out, '\n');
    add_spaces(out, place->indent);
    add_lines(out, text, place->indent, false);
    if (!has_end)
        buffer_add_char(out, '\n');
}

static void add_text(struct buffer *out, const char *text, const struct yaml_scalar_place *place) {
    const struct scalar_shape shape = shape_of(text);
    switch (choose_style(text, &shape, place->is_simple_key)) {
    case STYLE_PLAIN:
        buffer_add_string(out, text);
        break;
    case STYLE_SINGLE:
        buffer_add_char(out, '\'');
        add_lines(out, text, place->indent, true);
        buffer_add_char(out, '\'');
        break;
    case STYLE_DOUBLE:
        add_double_quoted(out, text);
        break;
    case STYLE_LITERAL:
        add_literal(out, text, place);
        return;
    }
    if (!place->is_simple_key)
        buffer_add_char(out, '\n');
}

// Text that is not UTF-8 is written in base64, with a tag.
static void add_binary(struct buffer *out, const char *text, const struct yaml_scalar_place *place) {
    AUTO_BUFFER struct buffer encoded = BUFFER_INIT(BUFFER_NO_LIMIT);
    AUTO_BUFFER struct buffer lines = BUFFER_INIT(BUFFER_NO_LIMIT);
    base64_encode(&encoded, text, strlen(text));
    buffer_add_string(out, "!!binary ");
    if (encoded.length < BINARY_LINE_LENGTH || place->is_simple_key) {
        buffer_add_string(out, buffer_text(&encoded));
        buffer_add_string(out, place->is_simple_key ? "" : "\n");
        return;
    }
    for (size_t at = 0; at < encoded.length; at += BINARY_LINE_LENGTH) {
        size_t rest = encoded.length - at;
        buffer_add(&lines, encoded.data + at, rest < BINARY_LINE_LENGTH ? rest : BINARY_LINE_LENGTH);
        buffer_add_char(&lines, '\n');
    }
    add_literal(out, buffer_text(&lines), place);
}

void yaml_scalar_add(struct buffer *out, const char *text, const struct yaml_scalar_place *place) {
    if (utf8_is_valid(text, strlen(text)) || text_has_nul(text))
        add_text(out, text, place);
    else
        add_binary(out, text, place);
}

bool yaml_scalar_is_simple_key(const char *text) {
    return strlen(text) <= SIMPLE_KEY_MAX_BYTES && !shape_of(text).is_multiline;
}
