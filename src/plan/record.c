// SPDX-License-Identifier: GPL-3.0-or-later
#include "plan/record_internal.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/memory.h"
#include "base/text.h"
#include "plan/plan.h"

_Static_assert(sizeof(enum override) == sizeof(unsigned), "words are read and written as unsigned");

unsigned words_find(const struct words *words, const char *name) {
    for (unsigned i = 0; i < words->count; i++) {
        if (strcmp(words->names[i], name) == 0)
            return i;
    }
    return WORD_INVALID;
}

const char *words_name(const struct words *words, unsigned value) {
    return value < words->count ? words->names[value] : "";
}

unsigned word_get(const void *member) {
    unsigned value;
    memcpy(&value, member, sizeof value);
    return value;
}

void word_set(void *member, unsigned value) {
    memcpy(member, &value, sizeof value);
}

const struct field *record_find_field(const struct record *record, const char *key) {
    for (size_t i = 0; i < record->field_count; i++) {
        const struct field *field = &record->fields[i];
        if (field->key != NULL && strcmp(field->key, key) == 0)
            return field;
    }
    return NULL;
}

void *field_of(void *entry, const struct field *field) {
    return (char *)entry + field->offset;
}

const void *field_of_const(const void *entry, const struct field *field) {
    return (const char *)entry + field->offset;
}

static const void *record_at(const void *member) {
    const void *record;
    memcpy(&record, member, sizeof record);
    return record;
}

static void set_record_at(void *member, const void *record) {
    memcpy(member, &record, sizeof record);
}

static void set_text(char **member, const char *text) {
    char *copy = text == NULL ? NULL : memory_string(text);
    free(*member);
    *member = copy;
}

static void add_map(struct map *map, const struct map *other) {
    for (const struct map_entry *e = map_first(other); e != NULL; e = map_next(other, e))
        map_set(map, e->key, memory_string(e->value));
}

static void add_word_map(struct map *map, const struct map *other) {
    for (const struct map_entry *e = map_first(other); e != NULL; e = map_next(other, e))
        map_set(map, e->key, e->value);
}

void number_list_add(struct number_list *list, int64_t number) {
    list->items = memory_grow(list->items, &list->capacity, list->count + 1, sizeof *list->items);
    list->items[list->count++] = number;
}

bool number_list_has(const struct number_list *list, int64_t number) {
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i] == number)
            return true;
    }
    return false;
}

bool field_is_set(const struct field *field, const void *member) {
    switch (field->kind) {
    case FIELD_NAME:
    case FIELD_TEXT:
        return !text_is_empty(*(char *const *)member);
    case FIELD_WORD:
        return word_get(member) != 0;
    case FIELD_LIST:
        return ((const struct text_list *)member)->count > 0;
    case FIELD_MAP:
    case FIELD_WORD_MAP:
        return ((const struct map *)member)->count > 0;
    case FIELD_NUMBER:
        return *(const int64_t *)member != 0;
    case FIELD_ID:
        return ((const struct optional_id *)member)->is_set;
    case FIELD_DURATION:
        return ((const struct optional_duration *)member)->is_set;
    case FIELD_DOUBLE:
        return ((const struct optional_double *)member)->is_set;
    case FIELD_BOOL:
        return ((const struct optional_bool *)member)->is_set;
    case FIELD_NUMBERS:
        return ((const struct number_list *)member)->count > 0;
    case FIELD_RECORD:
        return record_at(member) != NULL;
    }
    return false;
}

void *record_create(const struct record *record) {
    void *entry = memory_new(record->size);
    for (size_t i = 0; i < record->field_count; i++) {
        const struct field *field = &record->fields[i];
        if (field->kind == FIELD_MAP)
            map_init(field_of(entry, field), free);
        else if (field->kind == FIELD_WORD_MAP)
            map_init(field_of(entry, field), NULL);
    }
    return entry;
}

static void finish_field(const struct field *field, void *member) {
    switch (field->kind) {
    case FIELD_NAME:
    case FIELD_TEXT:
        free(*(char **)member);
        return;
    case FIELD_LIST:
        text_list_clear(member);
        return;
    case FIELD_MAP:
    case FIELD_WORD_MAP:
        map_finish(member);
        return;
    case FIELD_NUMBERS:
        free(((struct number_list *)member)->items);
        return;
    case FIELD_RECORD: {
        void *record;
        memcpy(&record, member, sizeof record);
        record_destroy(field->record, record);
        return;
    }
    case FIELD_WORD:
    case FIELD_NUMBER:
    case FIELD_ID:
    case FIELD_DURATION:
    case FIELD_DOUBLE:
    case FIELD_BOOL:
        return;
    }
}

void record_destroy(const struct record *record, void *entry) {
    if (entry == NULL)
        return;
    for (size_t i = 0; i < record->field_count; i++)
        finish_field(&record->fields[i], field_of(entry, &record->fields[i]));
    free(entry);
}

static void add_numbers(struct number_list *list, const struct number_list *other) {
    for (size_t i = 0; i < other->count; i++)
        number_list_add(list, other->items[i]);
}

static void merge_record(const struct field *field, void *member, const void *other) {
    void *record;
    memcpy(&record, member, sizeof record);
    if (record != NULL && !field->is_replaced) {
        record_merge(field->record, record, other);
        return;
    }
    record_destroy(field->record, record);
    set_record_at(member, record_copy(field->record, other));
}

// Appends to lists, sets the entries of maps, merges records, and replaces any other value.
static void merge_field(const struct field *field, void *member, const void *other) {
    switch (field->kind) {
    case FIELD_NAME:
    case FIELD_TEXT:
        set_text(member, *(char *const *)other);
        return;
    case FIELD_WORD:
        word_set(member, word_get(other));
        return;
    case FIELD_LIST:
        text_list_add_list(member, other);
        return;
    case FIELD_MAP:
        add_map(member, other);
        return;
    case FIELD_WORD_MAP:
        add_word_map(member, other);
        return;
    case FIELD_NUMBER:
        memcpy(member, other, sizeof(int64_t));
        return;
    case FIELD_ID:
        memcpy(member, other, sizeof(struct optional_id));
        return;
    case FIELD_DURATION:
        memcpy(member, other, sizeof(struct optional_duration));
        return;
    case FIELD_DOUBLE:
        memcpy(member, other, sizeof(struct optional_double));
        return;
    case FIELD_BOOL:
        memcpy(member, other, sizeof(struct optional_bool));
        return;
    case FIELD_NUMBERS:
        add_numbers(member, other);
        return;
    case FIELD_RECORD:
        merge_record(field, member, record_at(other));
        return;
    }
}

void *record_copy(const struct record *record, const void *entry) {
    if (entry == NULL)
        return NULL;
    void *copy = record_create(record);
    for (size_t i = 0; i < record->field_count; i++) {
        const struct field *field = &record->fields[i];
        merge_field(field, field_of(copy, field), field_of_const(entry, field));
    }
    return copy;
}

void record_merge(const struct record *record, void *entry, const void *other) {
    for (size_t i = 0; i < record->field_count; i++) {
        const struct field *field = &record->fields[i];
        const void *member = field_of_const(other, field);
        if (field->kind != FIELD_NAME && !field->is_kept && field_is_set(field, member))
            merge_field(field, field_of(entry, field), member);
    }
}

static bool text_member_equal(const char *a, const char *b) {
    return text_equal(a == NULL ? "" : a, b == NULL ? "" : b);
}

static bool map_equal(const struct map *a, const struct map *b, bool holds_text) {
    if (a->count != b->count)
        return false;
    for (const struct map_entry *e = map_first(a); e != NULL; e = map_next(a, e)) {
        const void *other = map_get(b, e->key);
        if (holds_text ? !text_equal(e->value, other) : e->value != other || !map_has(b, e->key))
            return false;
    }
    return true;
}

static bool numbers_equal(const struct number_list *a, const struct number_list *b) {
    return a->count == b->count && (a->count == 0 || memcmp(a->items, b->items, a->count * sizeof *a->items) == 0);
}

static bool field_equal(const struct field *field, const void *a, const void *b) {
    switch (field->kind) {
    case FIELD_NAME:
    case FIELD_TEXT:
        return text_member_equal(*(char *const *)a, *(char *const *)b);
    case FIELD_WORD:
        return word_get(a) == word_get(b);
    case FIELD_LIST:
        return text_list_equal(a, b);
    case FIELD_MAP:
    case FIELD_WORD_MAP:
        return map_equal(a, b, field->kind == FIELD_MAP);
    case FIELD_NUMBER:
        return *(const int64_t *)a == *(const int64_t *)b;
    case FIELD_ID: {
        const struct optional_id *x = a, *y = b;
        return x->is_set == y->is_set && x->value == y->value;
    }
    case FIELD_DURATION: {
        const struct optional_duration *x = a, *y = b;
        return x->is_set == y->is_set && x->ns == y->ns;
    }
    case FIELD_DOUBLE: {
        const struct optional_double *x = a, *y = b;
        return x->is_set == y->is_set && x->value == y->value;
    }
    case FIELD_BOOL: {
        const struct optional_bool *x = a, *y = b;
        return x->is_set == y->is_set && x->value == y->value;
    }
    case FIELD_NUMBERS:
        return numbers_equal(a, b);
    case FIELD_RECORD:
        return record_equal(field->record, record_at(a), record_at(b));
    }
    return false;
}

bool record_equal(const struct record *record, const void *a, const void *b) {
    if (a == b || a == NULL || b == NULL)
        return a == b;
    for (size_t i = 0; i < record->field_count; i++) {
        const struct field *field = &record->fields[i];
        if (!field_equal(field, field_of_const(a, field), field_of_const(b, field)))
            return false;
    }
    return true;
}
