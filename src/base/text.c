// SPDX-License-Identifier: LGPL-3.0-or-later
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/memory.h"
#include "base/printable.h"

bool text_equal(const char *a, const char *b) {
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static int to_lower(char c) {
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

bool text_equal_nocase(const char *a, const char *b) {
    if (a == NULL || b == NULL)
        return a == b;
    while (*a != '\0' && to_lower(*a) == to_lower(*b)) {
        a++;
        b++;
    }
    return to_lower(*a) == to_lower(*b);
}

bool text_has_prefix(const char *text, const char *prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_has_suffix(const char *text, const char *suffix) {
    size_t length = strlen(text);
    size_t suffix_length = strlen(suffix);
    return length >= suffix_length && strcmp(text + length - suffix_length, suffix) == 0;
}

bool text_is_empty(const char *text) {
    return text == NULL || *text == '\0';
}

bool text_has_nul(const char *text) {
    return strstr(text, TEXT_NUL) != NULL;
}

size_t text_decode(const char *text, size_t length, uint32_t *code_point, bool *is_valid) {
    if (length < 2 || memcmp(text, TEXT_NUL, 2) != 0)
        return utf8_decode(text, length, code_point, is_valid);
    *code_point = 0;
    *is_valid = true;
    return 2;
}

bool text_is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

int text_hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool text_to_uint64(const char *text, uint64_t max, uint64_t *value) {
    uint64_t result = 0;
    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return false;
        uint64_t digit = (uint64_t)(*text - '0');
        if (digit > max || result > (max - digit) / 10)
            return false;
        result = result * 10 + digit;
    }
    *value = result;
    return true;
}

bool text_to_int64(const char *text, int64_t min, int64_t max, int64_t *value) {
    bool is_negative = *text == '-';
    if (min < 0 && (*text == '-' || *text == '+'))
        text++;
    uint64_t magnitude;
    if (!text_to_uint64(text, (uint64_t)INT64_MAX + is_negative, &magnitude))
        return false;
    // Negated as unsigned, since the smallest number has no positive counterpart.
    int64_t number = (int64_t)(is_negative ? 0 - magnitude : magnitude);
    if (number < min || number > max)
        return false;
    *value = number;
    return true;
}

static char escape_letter(uint32_t code_point) {
    static const char letters[] = {
        ['\a'] = 'a', ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n',  ['\r'] = 'r',
        ['\t'] = 't', ['\v'] = 'v', ['"'] = '"',  ['\\'] = '\\',
    };
    return code_point < ARRAY_COUNT(letters) ? letters[code_point] : '\0';
}

// `kind` is the letter of the escape: x, u or U.
static void add_hexadecimal(struct buffer *out, char kind, uint32_t number) {
    static const char digits[] = "0123456789abcdef";
    char text[10] = {'\\', kind};
    size_t count = kind == 'x' ? 2 : kind == 'u' ? 4 : 8;
    for (size_t i = 0; i < count; i++)
        text[2 + i] = digits[number >> (4 * (count - 1 - i)) & 0xf];
    buffer_add(out, text, 2 + count);
}

// `byte`: the first of an invalid character.
static void add_escape(struct buffer *out, uint32_t code_point, bool is_valid, char byte) {
    char letter = escape_letter(code_point);
    if (!is_valid)
        add_hexadecimal(out, 'x', (unsigned char)byte);
    else if (letter != '\0')
        buffer_add(out, (const char[]){'\\', letter}, 2);
    else
        add_hexadecimal(out, code_point < 0x80 ? 'x' : code_point < 0x10000 ? 'u' : 'U', code_point);
}

void text_quote(struct buffer *out, const char *text) {
    buffer_add_char(out, '"');
    size_t length = strnlen(text, TEXT_QUOTED_MAX + 1);
    const char *end = text + length, *limit = text + (length > TEXT_QUOTED_MAX ? TEXT_QUOTED_MAX : length);
    while (text < limit) {
        uint32_t code_point;
        bool is_valid;
        size_t size = text_decode(text, (size_t)(end - text), &code_point, &is_valid);
        if (is_valid && escape_letter(code_point) == '\0' && printable_code_point(code_point))
            buffer_add(out, text, size);
        else
            add_escape(out, code_point, is_valid, *text);
        text += size;
    }
    buffer_add_string(out, length > TEXT_QUOTED_MAX ? "\xe2\x80\xa6\"" : "\"");
}

bool text_acts_on_terminal(uint32_t code_point) {
    return code_point < ' ' || (code_point >= 0x7f && code_point < 0xa0) || code_point == 0x61c ||
           (code_point >= 0x200e && code_point <= 0x200f) || (code_point >= 0x2028 && code_point <= 0x202e) ||
           (code_point >= 0x2066 && code_point <= 0x206f) || code_point == 0xfeff;
}

void text_add_shown(struct buffer *out, const char *text, const char *kept) {
    const char *end = text + strlen(text);
    for (;;) {
        const char *run = text;
        while (*text >= ' ' && *text < 0x7f)
            text++;
        buffer_add(out, run, (size_t)(text - run));
        if (text == end)
            break;
        uint32_t code_point;
        bool is_valid;
        size_t size = text_decode(text, (size_t)(end - text), &code_point, &is_valid);
        if (is_valid && (!text_acts_on_terminal(code_point) || (size == 1 && strchr(kept, *text) != NULL)))
            buffer_add(out, text, size);
        else
            add_escape(out, code_point, is_valid, *text);
        text += size;
    }
}

char *text_shown(const char *text, const char *kept) {
    struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    text_add_shown(&out, text, kept);
    return buffer_take(&out);
}

char *text_quoted(const char *text) {
    struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    text_quote(&out, text);
    return buffer_take(&out);
}

void text_list_add(struct text_list *list, const char *text) {
    text_list_add_owned(list, memory_string(text));
}

void text_list_add_owned(struct text_list *list, char *text) {
    list->items = memory_grow(list->items, &list->capacity, list->count + 2, sizeof(char *));
    list->items[list->count++] = text;
    list->items[list->count] = NULL;
}

void text_list_add_list(struct text_list *list, const struct text_list *other) {
    // The count is read first, because a list may be added to itself.
    size_t count = other->count;
    for (size_t i = 0; i < count; i++)
        text_list_add(list, other->items[i]);
}

bool text_list_has(const struct text_list *list, const char *text) {
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i], text) == 0)
            return true;
    }
    return false;
}

bool text_list_equal(const struct text_list *a, const struct text_list *b) {
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (strcmp(a->items[i], b->items[i]) != 0)
            return false;
    }
    return true;
}

static int compare_items(const void *a, const void *b) {
    const char *const *left = a;
    const char *const *right = b;
    return strcmp(*left, *right);
}

void text_list_sort(struct text_list *list) {
    if (list->count > 1)
        qsort(list->items, list->count, sizeof(char *), compare_items);
}

void text_list_unique(struct text_list *list) {
    AUTO_MAP struct map seen = MAP_INIT(NULL);
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        char *item = list->items[i];
        if (map_has(&seen, item)) {
            free(item);
        } else {
            map_set(&seen, item, NULL);
            list->items[kept++] = item;
        }
    }
    if (kept < list->count) {
        list->items[kept] = NULL;
        list->count = kept;
    }
}

char *text_list_join(const struct text_list *list, const char *separator) {
    struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (size_t i = 0; i < list->count; i++) {
        buffer_add_string(&out, i > 0 ? separator : "");
        buffer_add_string(&out, list->items[i]);
    }
    return buffer_take(&out);
}

void text_list_copy(struct text_list *target, const struct text_list *source) {
    struct text_list copy = {0};
    text_list_add_list(&copy, source);
    text_list_clear(target);
    *target = copy;
}

void text_list_clear(struct text_list *list) {
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
    *list = (struct text_list){0};
}
