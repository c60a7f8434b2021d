// SPDX-License-Identifier: GPL-3.0-or-later
// Declared in forward/labels_internal.h.
#include "forward/labels_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

// The name of a variable after a "$".
struct reference {
    const char *name;
    size_t length; // of the name; 0 if there is none
    size_t taken;  // bytes after the "$" that belong to it; without a name they are faulty and left out
};

static bool is_special(char c) {
    return c != '\0' && strchr("*#$@!?-0123456789", c) != NULL;
}

static bool is_name_character(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

static struct reference find_reference(const char *text) {
    if (text[0] == '{') {
        const char *end = strchr(text, '}');
        if (end == NULL)
            return (struct reference){.taken = 1};
        size_t length = (size_t)(end - text) - 1;
        return (struct reference){.name = text + 1, .length = length, .taken = length + 2};
    }
    if (is_special(text[0]))
        return (struct reference){.name = text, .length = 1, .taken = 1};
    size_t length = 0;
    while (is_name_character(text[length]))
        length++;
    return (struct reference){.name = text, .length = length, .taken = length};
}

void label_expand(struct buffer *out, const char *text, const struct map *environment) {
    while (*text != '\0') {
        size_t plain = strcspn(text, "$");
        buffer_add(out, text, plain);
        text += plain;
        if (*text == '\0')
            return;
        struct reference found = find_reference(++text);
        if (found.taken == 0)
            buffer_add_char(out, '$');
        const char *value = found.length > 0 ? map_get_n(environment, found.name, found.length) : NULL;
        if (value != NULL)
            buffer_add_string(out, value);
        text += found.taken;
    }
}

void label_list_clear(struct label_list *list) {
    text_list_clear(&list->names);
    text_list_clear(&list->values);
}

void label_list_set(struct label_list *list, const struct map *labels, const struct map *environment) {
    label_list_clear(list);
    AUTO_FREE struct map_entry **sorted = map_sorted(labels);
    for (size_t i = 0; sorted[i] != NULL; i++) {
        AUTO_BUFFER struct buffer value = BUFFER_INIT(BUFFER_NO_LIMIT);
        label_expand(&value, sorted[i]->value, environment);
        text_list_add(&list->names, sorted[i]->key);
        text_list_add(&list->values, buffer_text(&value));
    }
}
