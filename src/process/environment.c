// SPDX-License-Identifier: GPL-3.0-or-later
#include "process/environment.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/map.h"
#include "base/memory.h"
#include "base/text.h"

struct environment {
    struct map values;     // name → owned text
    struct text_list list; // NAME=VALUE sorted by name, created on demand
    bool is_listed;        // the list is up to date
};

struct environment *environment_create(char *const *initial) {
    struct environment *environment = memory_new(sizeof *environment);
    map_init(&environment->values, free);
    for (; initial != NULL && *initial != NULL; initial++) {
        const char *equals = strchr(*initial, '=');
        if (equals == NULL || equals == *initial) // not a variable
            continue;
        AUTO_FREE char *name = memory_string_n(*initial, (size_t)(equals - *initial));
        environment_set(environment, name, equals + 1);
    }
    return environment;
}

void environment_destroy(struct environment *environment) {
    if (environment == NULL)
        return;
    map_finish(&environment->values);
    text_list_clear(&environment->list);
    free(environment);
}

void environment_set(struct environment *environment, const char *name, const char *value) {
    // The value is copied before the old one is freed: it may be the same text.
    map_set(&environment->values, name, memory_string(value));
    environment->is_listed = false;
}

void environment_unset(struct environment *environment, const char *name) {
    if (map_remove(&environment->values, name))
        environment->is_listed = false;
}

const char *environment_get(const struct environment *environment, const char *name) {
    return map_get(&environment->values, name);
}

// Without printf(): a launch has many of them.
static char *assignment(const char *name, const char *value) {
    struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&text, name);
    buffer_add_char(&text, '=');
    buffer_add_string(&text, value);
    return buffer_take(&text);
}

char *const *environment_list(struct environment *environment) {
    static char *const nothing[] = {NULL};
    if (!environment->is_listed) {
        text_list_clear(&environment->list);
        AUTO_FREE struct map_entry **entries = map_sorted(&environment->values);
        for (size_t i = 0; i < environment->values.count; i++)
            text_list_add_owned(&environment->list, assignment(entries[i]->key, entries[i]->value));
        environment->is_listed = true;
    }
    return environment->list.count > 0 ? environment->list.items : nothing;
}
