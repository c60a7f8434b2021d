// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/wrap.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

#define OPEN_END_COST 64 // of a line that ends within a phrase

struct word {
    const char *text;
    size_t length;
    int64_t width;
    // The best breaks for the words from this one on:
    int64_t excess; // sum of squares of the columns beyond the limit
    int64_t cost;
    size_t line_end; // the word that begins the next line
};

struct phrase_words {
    struct word *items;
    size_t count;
    size_t capacity;
};

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

static void words_add(struct phrase_words *words, const char *line, size_t length) {
    for (size_t i = 0; i < length;) {
        size_t start = i;
        while (i < length && !is_blank(line[i]))
            i++;
        if (i > start) {
            words->items = memory_grow(words->items, &words->capacity, words->count + 1, sizeof *words->items);
            words->items[words->count++] = (struct word){
                .text = line + start, .length = i - start, .width = (int64_t)utf8_count(line + start, i - start)};
        }
        while (i < length && is_blank(line[i]))
            i++;
    }
}

static bool ends_phrase(const struct word *word) {
    return strchr(".,:;", word->text[word->length - 1]) != NULL;
}

// Tries every end of the line that begins with word `first`. The lines that follow have been settled.
static void settle_line(struct phrase_words *words, size_t first, int64_t columns) {
    struct word *begin = &words->items[first];
    int64_t width = -1;
    begin->line_end = 0;
    for (size_t end = first + 1; end <= words->count; end++) {
        const struct word *last = &words->items[end - 1];
        width += last->width + 1;
        if (width > columns && end > first + 1)
            break;
        bool is_last = end == words->count;
        int64_t over = width > columns ? (width - columns) * (width - columns) : 0;
        int64_t cost = ends_phrase(last) ? 0 : OPEN_END_COST;
        cost += over == 0 ? (columns - width) * (columns - width) : 0;
        if (is_last && over == 0)
            cost = 0;
        if (!is_last) {
            over += words->items[end].excess;
            cost += words->items[end].cost;
        }
        if (begin->line_end == 0 || over < begin->excess || (over == begin->excess && cost < begin->cost)) {
            begin->excess = over;
            begin->cost = cost;
            begin->line_end = end;
        }
    }
}

static void add_indent(struct buffer *out, int indent) {
    for (int i = 0; i < indent; i++)
        buffer_add_char(out, ' ');
}

static void add_line_break(struct buffer *out, int indent) {
    if (out->length > 0) {
        buffer_add_char(out, '\n');
        add_indent(out, indent);
    }
}

static void add_line(struct buffer *out, const struct phrase_words *words, size_t first, size_t end) {
    for (size_t i = first; i < end; i++) {
        if (i > first)
            buffer_add_char(out, ' ');
        buffer_add(out, words->items[i].text, words->items[i].length);
    }
}

static void add_paragraph(struct buffer *out, struct phrase_words *words, int columns, int indent) {
    for (size_t i = words->count; i-- > 0;)
        settle_line(words, i, columns - indent);
    for (size_t i = 0; i < words->count; i = words->items[i].line_end) {
        add_line_break(out, indent);
        add_line(out, words, i, words->items[i].line_end);
    }
    words->count = 0;
}

// --- lines of the text ---

static size_t line_length(const char *text) {
    return strcspn(text, "\n");
}

static const char *next_line(const char *line) {
    line += line_length(line);
    return *line == '\n' ? line + 1 : line;
}

static size_t blanks_before(const char *line) {
    size_t count = 0;
    while (is_blank(line[count]))
        count++;
    return count;
}

static bool line_is_empty(const char *line) {
    size_t blanks = blanks_before(line);
    return line[blanks] == '\n' || line[blanks] == '\0';
}

// Adds the lines from `line` up to the next line that is not indented, and returns that line.
static const char *add_kept_lines(struct buffer *out, const char *line, int indent) {
    size_t shared = SIZE_MAX;
    const char *end = line;
    for (; *end != '\0' && (is_blank(*end) || *end == '\n'); end = next_line(end)) {
        if (!line_is_empty(end) && blanks_before(end) < shared)
            shared = blanks_before(end);
    }
    for (; line < end; line = next_line(line)) {
        if (!line_is_empty(line)) {
            add_line_break(out, indent);
            buffer_add(out, line + shared, line_length(line) - shared);
        }
    }
    return end;
}

// Of a list.
static bool begins_item(const char *line) {
    return line[0] == '-' && line[1] == ' ';
}

void wrap_message(struct buffer *out, const char *text, int columns, int indent) {
    struct phrase_words words = {0};
    AUTO_BUFFER struct buffer block = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (const char *line = text; *line != '\0';) {
        if (line_is_empty(line)) {
            line = next_line(line);
            continue;
        }
        if (block.length > 0 && !begins_item(line))
            buffer_add_char(&block, '\n');
        if (is_blank(*line) && block.length > 0) {
            line = add_kept_lines(&block, line, indent);
            continue;
        }
        do {
            words_add(&words, line, line_length(line));
            line = next_line(line);
        } while (*line != '\0' && !is_blank(*line) && *line != '\n' && !begins_item(line));
        add_paragraph(&block, &words, columns, indent);
    }
    buffer_add(out, buffer_text(&block), block.length);
    free(words.items);
}

// --- help ---

static void fill_paragraph(struct buffer *out, struct phrase_words *words, int columns, int indent) {
    int64_t width = 0;
    for (size_t i = 0; i < words->count; i++) {
        const struct word *word = &words->items[i];
        if (width == 0 || width + 1 + word->width > columns) {
            if (width > 0)
                buffer_add_char(out, '\n');
            add_indent(out, indent);
            width = indent;
        } else {
            buffer_add_char(out, ' ');
            width++;
        }
        buffer_add(out, word->text, word->length);
        width += word->width;
    }
    if (words->count > 0)
        buffer_add_char(out, '\n');
    words->count = 0;
}

void wrap_help(struct buffer *out, const char *text, int columns, int indent) {
    struct phrase_words words = {0};
    for (const char *line = text; *line != '\0'; line = next_line(line)) {
        bool is_kept = is_blank(*line);
        if (!is_kept && !line_is_empty(line)) {
            words_add(&words, line, line_length(line));
            continue;
        }
        fill_paragraph(out, &words, columns, indent);
        if (!line_is_empty(line)) {
            add_indent(out, indent);
            buffer_add(out, line, line_length(line));
        }
        buffer_add_char(out, '\n');
    }
    fill_paragraph(out, &words, columns, indent);
    free(words.items);
}

// --- text whose lines are kept ---

static size_t trimmed_length(const char *text, size_t length) {
    while (length > 0 && (is_blank(text[length - 1]) || text[length - 1] == '\n'))
        length--;
    return length;
}

// The bytes of the text, of more than `columns` columns, that make up its first line.
static size_t first_part(const char *text, size_t length, int columns) {
    size_t end = 0, last_blank = 0;
    bool has_blank = false, is_valid;
    uint32_t code_point;
    for (int column = 0; column <= columns && end < length; column++) {
        if (is_blank(text[end])) {
            last_blank = end;
            has_blank = true;
        }
        if (column < columns)
            end += utf8_decode(text + end, length - end, &code_point, &is_valid);
    }
    return has_blank ? last_blank : end;
}

static void add_broken_line(struct buffer *out, const char *line, size_t length, int columns, int indent) {
    size_t blanks = blanks_before(line);
    AUTO_BUFFER struct buffer margin = BUFFER_INIT(BUFFER_NO_LIMIT);
    blanks = blanks < length ? blanks : length;
    add_indent(&margin, indent);
    if (indent + (int)blanks > columns / 2)
        buffer_add_string(&margin, "  ");
    else
        buffer_add(&margin, line, blanks);
    line += blanks;
    length -= blanks;
    int left = columns - (int)margin.length;
    while (utf8_count(line, length) > (size_t)left) {
        size_t part = first_part(line, length, left);
        buffer_printf(out, "%s%.*s\n", buffer_text(&margin), (int)part, line);
        while (part < length && is_blank(line[part]))
            part++;
        line += part;
        length -= part;
    }
    buffer_printf(out, "%s%.*s\n", buffer_text(&margin), (int)length, line);
}

void wrap_lines(struct buffer *out, const char *text, int columns, int indent) {
    const char *end = text + trimmed_length(text, strlen(text));
    for (const char *line = text;;) {
        size_t length = line_length(line);
        if (line + length > end)
            length = (size_t)(end - line);
        add_broken_line(out, line, trimmed_length(line, length), columns, indent);
        if (line + length == end)
            return;
        line += length + 1;
    }
}
