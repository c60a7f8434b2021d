// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/width.h"

#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/text.h"

struct width_range {
    uint32_t first, last;
};

#include "cli/width_table.h"

// --- the environment ---

bool width_is_utf8(void) {
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        const char *locale = getenv(names[i]);
        if (text_is_empty(locale))
            continue;
        const char *dot = strchr(locale, '.');
        AUTO_BUFFER struct buffer charset = BUFFER_INIT(BUFFER_NO_LIMIT);
        if (dot != NULL)
            buffer_add(&charset, dot + 1, strcspn(dot + 1, "@"));
        return text_equal_nocase(buffer_text(&charset), "UTF-8") || text_equal_nocase(buffer_text(&charset), "utf8");
    }
    return true;
}

// --- widths ---

static int compare_range(const void *key, const void *entry) {
    const uint32_t *code_point = key;
    const struct width_range *range = entry;
    return *code_point < range->first ? -1 : *code_point > range->last ? 1 : 0;
}

static bool is_in(uint32_t code_point, const struct width_range *ranges, size_t count) {
    return bsearch(&code_point, ranges, count, sizeof *ranges, compare_range) != NULL;
}

size_t width_of_character(uint32_t code_point) {
    if (code_point < no_column[0].first)
        return 1;
    if (is_in(code_point, no_column, ARRAY_COUNT(no_column)))
        return 0;
    return is_in(code_point, two_columns, ARRAY_COUNT(two_columns)) ? 2 : 1;
}

// The width of the first character of the text, and its size in bytes.
static size_t first_width(const char *text, size_t *size) {
    uint32_t code_point;
    bool is_valid;
    *size = utf8_decode(text, strnlen(text, 4), &code_point, &is_valid);
    return is_valid ? width_of_character(code_point) : 1;
}

size_t width_of(const char *text) {
    size_t width = 0, size;
    for (; *text != '\0'; text += size)
        width += first_width(text, &size);
    return width;
}

size_t width_cut(const char *text, size_t columns, size_t *used) {
    size_t length = 0, width = 0, size;
    for (; text[length] != '\0'; length += size) {
        size_t more = first_width(text + length, &size);
        if (width + more > columns)
            break;
        width += more;
    }
    if (used != NULL)
        *used = width;
    return length;
}

// --- shortening ---

// The end of the text that fits in the columns.
static const char *end_of(const char *text, size_t columns) {
    size_t width = width_of(text), size;
    while (width > columns) {
        width -= first_width(text, &size);
        text += size;
    }
    while (*text != '\0' && first_width(text, &size) == 0)
        text += size;
    return text;
}

void width_add_short(struct buffer *out, const char *text, size_t columns, bool keeps_end) {
    const char *ellipsis = width_is_utf8() ? "\xE2\x80\xA6" : "...";
    size_t ellipsis_width = width_of(ellipsis);
    if (width_of(text) <= columns) {
        buffer_add_string(out, text);
        return;
    }
    if (columns <= ellipsis_width) {
        buffer_add(out, text, width_cut(text, columns, NULL));
        return;
    }
    size_t room = columns - ellipsis_width, tail = keeps_end ? room / 2 : 0;
    buffer_add(out, text, width_cut(text, room - tail, NULL));
    buffer_add_string(out, ellipsis);
    if (tail > 0)
        buffer_add_string(out, end_of(text, tail));
}

void width_add_shown(struct buffer *out, const char *text, const char *kept) {
    AUTO_BUFFER struct buffer shown = BUFFER_INIT(BUFFER_NO_LIMIT);
    text_add_shown(&shown, text, kept);
    bool is_utf8 = width_is_utf8();
    const char *next = buffer_text(&shown);
    while (*next != '\0') {
        uint32_t code_point;
        bool is_valid;
        size_t size = utf8_decode(next, strnlen(next, 4), &code_point, &is_valid);
        if (is_utf8 || size == 1)
            buffer_add(out, next, size);
        else
            buffer_printf(out, code_point > 0xFFFF ? "\\U%08x" : "\\u%04x", code_point);
        next += size;
    }
}
