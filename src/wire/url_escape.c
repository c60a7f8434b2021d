// SPDX-License-Identifier: LGPL-3.0-or-later
#include "wire/url_escape_internal.h"

#include <string.h>

#include "base/memory.h"
#include "wire/url.h"

int url_escaped_byte(const char *text, size_t length) {
    if (length < 3 || text[0] != '%')
        return -1;
    int high = text_hex_digit(text[1]);
    int low = text_hex_digit(text[2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

const char *url_find_bad_escape(const char *text, size_t length) {
    const char *end = text + length;
    for (const char *at = text; (at = memchr(at, '%', (size_t)(end - at))) != NULL; at++) {
        if (url_escaped_byte(at, (size_t)(end - at)) < 0)
            return at;
    }
    return NULL;
}

bool url_is_alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool url_is_unreserved(char c) {
    return url_is_alphanumeric(c) || c == '-' || c == '_' || c == '.' || c == '~';
}

bool url_decode(const char *text, size_t length, bool plus_is_space, char **decoded, size_t *decoded_length) {
    if (url_find_bad_escape(text, length) != NULL)
        return false;
    char *result = memory_new(length + 1);
    size_t used = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '%') {
            result[used++] = (char)url_escaped_byte(text + i, length - i);
            i += 2;
        } else {
            result[used++] = plus_is_space && text[i] == '+' ? ' ' : text[i];
        }
    }
    *decoded = result;
    *decoded_length = used;
    return true;
}

static void add_escape(struct buffer *out, char c) {
    static const char digits[] = "0123456789ABCDEF";
    unsigned char byte = (unsigned char)c;
    const char escape[] = {'%', digits[byte >> 4], digits[byte & 15]};
    buffer_add(out, escape, sizeof escape);
}

void url_add_path_escaped(struct buffer *out, const char *path, size_t length) {
    for (size_t i = 0; i < length; i++) {
        if (url_is_unreserved(path[i]) || (path[i] != '\0' && strchr("$&+,/:;=@", path[i]) != NULL))
            buffer_add_char(out, path[i]);
        else
            add_escape(out, path[i]);
    }
}

bool url_path_is_escaped(const char *text, size_t length) {
    size_t i = 0;
    while (i < length &&
           (url_is_unreserved(text[i]) || (text[i] != '\0' && strchr("!$&'()*+,;=:@[]/%", text[i]) != NULL)))
        i++;
    return i == length;
}

void url_add_query_escaped(struct buffer *out, const char *text) {
    for (; *text != '\0'; text++) {
        if (url_is_unreserved(*text))
            buffer_add_char(out, *text);
        else if (*text == ' ')
            buffer_add_char(out, '+');
        else
            add_escape(out, *text);
    }
}

// The length of the clean path without its last segment; the leading slash is kept.
static size_t parent_length(const char *clean, size_t length) {
    while (length > 1 && clean[length - 1] != '/')
        length--;
    return length > 1 ? length - 1 : length;
}

char *url_clean_path(const char *path) {
    size_t path_length = strlen(path);
    char *clean = memory_new(path_length + 3);
    size_t length = 1;
    clean[0] = '/';
    while (*path != '\0') {
        size_t segment = strcspn(path, "/");
        if (segment == 2 && path[0] == '.' && path[1] == '.') {
            length = parent_length(clean, length);
        } else if (segment > 0 && !(segment == 1 && path[0] == '.')) {
            if (length > 1)
                clean[length++] = '/';
            memcpy(clean + length, path, segment);
            length += segment;
        }
        path += segment;
        if (*path == '/')
            path++;
    }
    if (path_length > 0 && path[-1] == '/' && length > 1)
        clean[length++] = '/';
    clean[length] = '\0';
    return clean;
}
