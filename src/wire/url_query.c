// SPDX-License-Identifier: LGPL-3.0-or-later
// Declared in wire/url.h.
#include "wire/url.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "wire/url_escape_internal.h"

#define QUERY_PAIRS_MAX ((size_t)100000)

static size_t pairs_bound(const char *text, const char *end) {
    size_t count = 1;
    while (count < QUERY_PAIRS_MAX && (text = memchr(text, '&', (size_t)(end - text))) != NULL) {
        text++;
        count++;
    }
    return count;
}

// Writes the decoded text and a NUL to `out`; returns the end. A NUL in the text becomes U+FFFD, which is no longer
// than its escape, so that the value is not truncated.
static char *add_decoded(char *out, const char *text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        if (text[i] != '%') {
            *out++ = text[i] == '+' ? ' ' : text[i];
            continue;
        }
        char byte = (char)url_escaped_byte(text + i, length - i);
        i += 2;
        if (byte == '\0') {
            memcpy(out, "\xEF\xBF\xBD", 3);
            out += 3;
        } else {
            *out++ = byte;
        }
    }
    *out++ = '\0';
    return out;
}

static bool pair_is_sound(const char *text, size_t length) {
    return length > 0 && memchr(text, ';', length) == NULL && memchr(text, '\0', length) == NULL &&
           url_find_bad_escape(text, length) == NULL;
}

void url_query_parse(struct url_query *query, const char *text, size_t length) {
    *query = (struct url_query){0};
    if (length == 0)
        return;
    const char *end = text + length;
    size_t bound = pairs_bound(text, end);
    // The pairs, followed by their texts: at most the length of the query, and two NULs per pair.
    query->held_bytes = bound * (sizeof *query->pairs + 2) + length;
    query->pairs = memory_new(query->held_bytes);
    char *out = (char *)(query->pairs + bound);
    for (size_t i = 0; i < bound && text < end; i++) {
        const char *ampersand = memchr(text, '&', (size_t)(end - text));
        const char *pair_end = ampersand != NULL ? ampersand : end;
        if (pair_is_sound(text, (size_t)(pair_end - text))) {
            const char *equals = memchr(text, '=', (size_t)(pair_end - text));
            const char *name_end = equals != NULL ? equals : pair_end;
            const char *value = equals != NULL ? equals + 1 : pair_end;
            struct url_query_pair *pair = &query->pairs[query->count++];
            pair->name = out;
            pair->value = out = add_decoded(out, text, (size_t)(name_end - text));
            out = add_decoded(out, value, (size_t)(pair_end - value));
        }
        text = pair_end + 1;
    }
}

void url_query_finish(struct url_query *query) {
    free(query->pairs);
    *query = (struct url_query){0};
}

const char *url_query_first(const struct url_query *query, const char *name) {
    for (size_t i = 0; i < query->count; i++) {
        if (strcmp(query->pairs[i].name, name) == 0)
            return query->pairs[i].value;
    }
    return NULL;
}

// --- lists ---

void url_query_items_init(struct url_query_items *items, const struct url_query *query, const char *name) {
    *items = (struct url_query_items){.query = query, .name = name};
}

// The value of the next pair with the name, or NULL.
static const char *next_value(struct url_query_items *items) {
    while (items->next_pair < items->query->count) {
        const struct url_query_pair *pair = &items->query->pairs[items->next_pair++];
        if (strcmp(pair->name, items->name) == 0)
            return pair->value;
    }
    return NULL;
}

bool url_query_next_item(struct url_query_items *items, const char **text, size_t *length) {
    while (items->rest != NULL || (items->rest = next_value(items)) != NULL) {
        const char *first = items->rest;
        const char *last = strchrnul(first, ',');
        items->rest = *last == ',' ? last + 1 : NULL;
        while (first < last && text_is_space(*first))
            first++;
        while (last > first && text_is_space(last[-1]))
            last--;
        if (first < last) {
            *text = first;
            *length = (size_t)(last - first);
            return true;
        }
    }
    return false;
}

size_t url_query_count(const struct url_query *query, const char *name, size_t most) {
    struct url_query_items items;
    const char *text;
    size_t length, count = 0;
    url_query_items_init(&items, query, name);
    while (count < most && url_query_next_item(&items, &text, &length))
        count++;
    return count;
}

bool url_query_list(const struct url_query *query, const char *name, size_t most, struct text_list *values) {
    if (url_query_count(query, name, most + 1) > most)
        return false;
    struct url_query_items items;
    const char *text;
    size_t length;
    url_query_items_init(&items, query, name);
    while (url_query_next_item(&items, &text, &length))
        text_list_add_owned(values, memory_string_n(text, length));
    return true;
}
