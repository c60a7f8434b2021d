// SPDX-License-Identifier: LGPL-3.0-or-later
// Declared in data/yaml_internal.h.
#include "data/yaml_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "base/text.h"

#define FAULTS_MAX 10

bool yaml_is_merge_key(const struct yaml_node *key) {
    return key->text != NULL && strcmp(key->text, "<<") == 0 && (key->is_plain || text_equal(key->tag, "!!merge"));
}

struct numbered_key {
    const struct yaml_node *key;
    size_t index;
};

static int compare_keys(const struct yaml_node *a, const struct yaml_node *b) {
    if (a->text == NULL || b->text == NULL)
        return (a->text != NULL) - (b->text != NULL);
    return strcmp(a->text, b->text);
}

static int compare_numbered(const void *a, const void *b) {
    const struct numbered_key *left = a;
    const struct numbered_key *right = b;
    int order = compare_keys(left->key, right->key);
    return order != 0 ? order : (left->index > right->index) - (left->index < right->index);
}

// For each pair the index of the first with the same key, maybe its own. NULL without memory.
static size_t *find_firsts(const struct yaml_pair *pairs, size_t count) {
    AUTO_FREE struct numbered_key *keys = memory_try(count * sizeof *keys);
    AUTO_FREE size_t *firsts = memory_try(count * sizeof *firsts);
    if (keys == NULL || firsts == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++)
        keys[i] = (struct numbered_key){pairs[i].key, i};
    qsort(keys, count, sizeof *keys, compare_numbered);
    for (size_t i = 0; i < count; i++) {
        bool is_same = i > 0 && compare_keys(keys[i - 1].key, keys[i].key) == 0;
        firsts[keys[i].index] = is_same ? firsts[keys[i - 1].index] : keys[i].index;
    }
    return TAKE(firsts);
}

bool yaml_pairs_unique(struct yaml_pair *pairs, size_t *count) {
    AUTO_FREE size_t *firsts = find_firsts(pairs, *count);
    if (firsts == NULL)
        return false;
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++) {
        if (firsts[i] == i)
            pairs[kept++] = pairs[i];
    }
    *count = kept;
    return true;
}

struct key_diagnostics {
    struct buffer text;
    size_t count;
    bool is_out_of_memory;
};

static void add_diagnostic(struct key_diagnostics *diagnostics, const struct yaml_node *key,
                           const struct yaml_node *first) {
    buffer_printf(&diagnostics->text, "\n  line %d: ", key->line);
    if (first == NULL) {
        AUTO_FREE char *description = yaml_describe(key);
        buffer_printf(&diagnostics->text, "cannot unmarshal %s into string", description);
    } else {
        AUTO_FREE char *quoted = text_quoted(key->text);
        buffer_printf(&diagnostics->text, "mapping key %s already defined at line %d", quoted, first->line);
    }
    diagnostics->count++;
}

static void check_map(const struct yaml_node *map, struct key_diagnostics *diagnostics) {
    if (map->written_count == 0)
        return;
    AUTO_FREE size_t *firsts = find_firsts(map->written, map->written_count);
    if (firsts == NULL) {
        diagnostics->is_out_of_memory = true;
        return;
    }
    for (size_t i = 0; i < map->written_count && diagnostics->count < FAULTS_MAX; i++) {
        const struct yaml_node *key = map->written[i].key;
        if (key->text == NULL)
            add_diagnostic(diagnostics, key, NULL);
        else if (firsts[i] != i)
            add_diagnostic(diagnostics, key, map->written[firsts[i]].key);
    }
}

// Below a map that has a fault itself nothing more is looked for.
static void check_tree(const struct yaml_node *node, struct key_diagnostics *diagnostics) {
    size_t before = diagnostics->count;
    check_map(node, diagnostics);
    if (diagnostics->count > before || diagnostics->is_out_of_memory)
        return;
    for (size_t i = 0; i < node->written_count && diagnostics->count < FAULTS_MAX; i++)
        check_tree(node->written[i].value, diagnostics);
    for (size_t i = 0; node->kind == YAML_SEQUENCE && i < node->count && diagnostics->count < FAULTS_MAX; i++)
        check_tree(node->items[i], diagnostics);
}

static bool report(const struct key_diagnostics *diagnostics, struct error *err) {
    if (diagnostics->is_out_of_memory)
        return error_set(err, ERROR_TOO_LARGE, "yaml: out of memory");
    if (diagnostics->count > 0)
        return error_set(err, ERROR_BAD_REQUEST, "yaml: unmarshal errors:%s", buffer_text(&diagnostics->text));
    return true;
}

bool yaml_check_own_keys(const struct yaml_node *map, struct error *err) {
    struct key_diagnostics diagnostics = {.text = BUFFER_INIT(BUFFER_NO_LIMIT)};
    check_map(map, &diagnostics);
    bool is_fine = report(&diagnostics, err);
    buffer_finish(&diagnostics.text);
    return is_fine;
}

bool yaml_check_keys(const struct yaml_node *node, struct error *err) {
    struct key_diagnostics diagnostics = {.text = BUFFER_INIT(BUFFER_NO_LIMIT)};
    check_tree(node, &diagnostics);
    bool is_fine = report(&diagnostics, err);
    buffer_finish(&diagnostics.text);
    return is_fine;
}
