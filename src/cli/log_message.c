// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/log_message.h"

#include <string.h>

#include "base/memory.h"
#include "base/text.h"

#define ESCAPE '\033'
#define RESET "\033[0m"

// The length of the sequence at the beginning of the text that selects colors (ECMA-48, SGR), or 0.
static size_t color_length(const char *text, size_t length) {
    size_t i = 2;
    if (length < 3 || text[0] != ESCAPE || text[1] != '[')
        return 0;
    while (i < length && ((text[i] >= '0' && text[i] <= '9') || text[i] == ';' || text[i] == ':'))
        i++;
    return i < length && text[i] == 'm' ? i + 1 : 0;
}

// The length of what is before the next escape or NUL, or behind one that is at the beginning.
static size_t run_length(const char *text, size_t length) {
    size_t i = 1;
    while (i < length && text[i] != ESCAPE && text[i] != '\0')
        i++;
    return i;
}

static void add_run(struct buffer *out, const char *text, size_t length) {
    if (text[0] == '\0') {
        buffer_add_string(out, "\\x00");
        text++;
        length--;
    }
    AUTO_FREE char *run = memory_string_n(text, length);
    text_add_shown(out, run, "\t");
}

void log_message_add_shown(struct buffer *out, const char *message, size_t length, bool has_colors) {
    bool is_colored = false;
    if (length > 0 && message[length - 1] == '\r')
        length--;
    while (length > 0) {
        size_t color = color_length(message, length);
        size_t size = color > 0 ? color : run_length(message, length);
        if (color == 0)
            add_run(out, message, size);
        else if (has_colors)
            buffer_add(out, message, size);
        is_colored = is_colored || (color > 0 && has_colors);
        message += size;
        length -= size;
    }
    if (is_colored)
        buffer_add_string(out, RESET);
}
