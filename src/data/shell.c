// SPDX-License-Identifier: LGPL-3.0-or-later
#include "data/shell.h"

#include <string.h>

#include "base/buffer.h"

enum shell_state { OUTSIDE, IN_WORD, AFTER_BACKSLASH, IN_DOUBLE, IN_DOUBLE_AFTER_BACKSLASH, IN_SINGLE, IN_COMMENT };

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// The next state after an unquoted character, inside a word or at its start. Adds characters of the word.
static enum shell_state take_unquoted(char c, struct buffer *word) {
    switch (c) {
    case '\\':
        return AFTER_BACKSLASH;
    case '"':
        return IN_DOUBLE;
    case '\'':
        return IN_SINGLE;
    default:
        buffer_add_char(word, c);
        return IN_WORD;
    }
}

static enum shell_state take(enum shell_state state, char c, struct buffer *word, struct text_list *words) {
    switch (state) {
    case OUTSIDE:
        if (is_blank(c))
            return OUTSIDE;
        return c == '#' ? IN_COMMENT : take_unquoted(c, word);
    case IN_WORD:
        if (is_blank(c)) {
            text_list_add_owned(words, buffer_take(word));
            return OUTSIDE;
        }
        return take_unquoted(c, word);
    case IN_DOUBLE:
        if (c == '"')
            return IN_WORD;
        if (c == '\\')
            return IN_DOUBLE_AFTER_BACKSLASH;
        break;
    case IN_SINGLE:
        if (c == '\'')
            return IN_WORD;
        break;
    case IN_COMMENT:
        return c == '\n' ? OUTSIDE : IN_COMMENT;
    case AFTER_BACKSLASH:
        buffer_add_char(word, c);
        return IN_WORD;
    case IN_DOUBLE_AFTER_BACKSLASH:
        buffer_add_char(word, c);
        return IN_DOUBLE;
    }
    buffer_add_char(word, c);
    return state;
}

bool shell_split(const char *command, struct text_list *words, struct error *err) {
    AUTO_BUFFER struct buffer word = BUFFER_INIT(BUFFER_NO_LIMIT);
    AUTO_TEXT_LIST struct text_list found = {0};
    enum shell_state state = OUTSIDE;
    for (const char *c = command; *c != '\0'; c++)
        state = take(state, *c, &word, &found);
    switch (state) {
    case AFTER_BACKSLASH:
    case IN_DOUBLE_AFTER_BACKSLASH:
        return error_set(err, ERROR_BAD_REQUEST, "EOF found after escape character");
    case IN_DOUBLE:
    case IN_SINGLE:
        return error_set(err, ERROR_BAD_REQUEST, "EOF found when expecting closing quote");
    case IN_WORD:
        text_list_add_owned(&found, buffer_take(&word));
        break;
    case OUTSIDE:
    case IN_COMMENT:
        break;
    }
    text_list_add_list(words, &found);
    return true;
}

static bool needs_quotes(const char *word) {
    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
    return *word == '\0' || word[strspn(word, safe)] != '\0';
}

static void add_quoted(struct buffer *out, const char *word) {
    buffer_add_char(out, '\'');
    for (const char *c = word; *c != '\0'; c++) {
        if (*c == '\'')
            buffer_add_string(out, "'\"'\"'");
        else
            buffer_add_char(out, *c);
    }
    buffer_add_char(out, '\'');
}

char *shell_join(const struct text_list *words) {
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (size_t i = 0; i < words->count; i++) {
        if (i > 0)
            buffer_add_char(&out, ' ');
        if (needs_quotes(words->items[i]))
            add_quoted(&out, words->items[i]);
        else
            buffer_add_string(&out, words->items[i]);
    }
    return buffer_take(&out);
}
