// SPDX-License-Identifier: LGPL-3.0-or-later
#include "wire/media_type.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "wire/http_reader_internal.h"
#include "wire/url.h"

#define SPECIALS "()<>@,;:\\\"/[]?="

void media_type_finish(struct media_type *media_type) {
    free(media_type->type);
    text_list_clear(&media_type->names);
    text_list_clear(&media_type->values);
    media_type->type = NULL;
}

const char *media_type_get(const struct media_type *media_type, const char *name) {
    for (size_t i = 0; i < media_type->names.count; i++) {
        if (strcmp(media_type->names.items[i], name) == 0)
            return media_type->values.items[i];
    }
    return NULL;
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static const char *skip_blanks(const char *at) {
    while (is_blank(*at))
        at++;
    return at;
}

static size_t token_length(const char *at) {
    size_t length = 0;
    while (http_char_is_token(at[length]))
        length++;
    return length;
}

static char *lower_case(const char *text, size_t length) {
    char *copy = memory_string_n(text, length);
    for (char *c = copy; *c != '\0'; c++)
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
    return copy;
}

// Returns the end, NULL if there is no closing quote.
static const char *read_quoted(const char *at, struct buffer *out) {
    for (at++; *at != '"'; at++) {
        if (*at == '\0' || *at == '\r' || *at == '\n')
            return NULL;
        if (*at == '\\' && at[1] != '\0' && strchr(SPECIALS, at[1]) != NULL)
            at++;
        buffer_add_char(out, *at);
    }
    return at + 1;
}

static const char *read_value(const char *at, struct buffer *out) {
    if (*at == '"')
        return read_quoted(at, out);
    size_t length = token_length(at);
    buffer_add(out, at, length);
    return length > 0 ? at + length : NULL;
}

// The value of a name with a star: a character set, a language, and percent-encoded text.
static char *decode_extended(const char *value) {
    const char *language = strchr(value, '\'');
    const char *text = language == NULL ? NULL : strchr(language + 1, '\'');
    if (text == NULL)
        return NULL;
    AUTO_FREE char *charset = lower_case(value, (size_t)(language - value));
    char *decoded = NULL;
    size_t length;
    bool is_known = strcmp(charset, "utf-8") == 0 || strcmp(charset, "us-ascii") == 0;
    if (is_known && url_decode(text + 1, strlen(text + 1), false, &decoded, &length) && strlen(decoded) == length)
        return decoded;
    free(decoded);
    return NULL;
}

static bool add_parameter(struct media_type *media_type, const char *name, size_t length, const char *value) {
    AUTO_FREE char *key = lower_case(name, length);
    AUTO_FREE char *decoded = NULL;
    if (length > 1 && key[length - 1] == '*') {
        key[length - 1] = '\0';
        decoded = decode_extended(value);
        value = decoded;
    }
    bool has_room = media_type->names.count < MEDIA_TYPE_PARAMETERS_MAX;
    if (value == NULL || !has_room || media_type_get(media_type, key) != NULL)
        return false;
    text_list_add(&media_type->names, key);
    text_list_add(&media_type->values, value);
    return true;
}

// Reads `; NAME = VALUE`. Returns the end, NULL if it is malformed.
static const char *read_parameter(const char *at, struct media_type *media_type) {
    AUTO_BUFFER struct buffer value = BUFFER_INIT(BUFFER_NO_LIMIT);
    if (*at != ';')
        return NULL;
    const char *name = skip_blanks(at + 1);
    size_t length = token_length(name);
    at = skip_blanks(name + length);
    if (length == 0)
        return *at == '\0' ? at : NULL; // a semicolon at the end
    if (*at != '=')
        return NULL;
    at = read_value(skip_blanks(at + 1), &value);
    if (at == NULL || !add_parameter(media_type, name, length, buffer_text(&value)))
        return NULL;
    return skip_blanks(at);
}

bool media_type_parse(const char *value, struct media_type *media_type) {
    *media_type = (struct media_type){0};
    const char *begin = skip_blanks(value);
    size_t length = token_length(begin);
    if (length > 0 && begin[length] == '/') {
        size_t subtype_length = token_length(begin + length + 1);
        if (subtype_length == 0)
            return false;
        length += 1 + subtype_length;
    }
    media_type->type = lower_case(begin, length);
    const char *at = skip_blanks(begin + length);
    while (at != NULL && *at != '\0')
        at = read_parameter(at, media_type);
    return at != NULL && length > 0;
}
