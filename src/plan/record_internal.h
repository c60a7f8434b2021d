// SPDX-License-Identifier: GPL-3.0-or-later
// Private to plan/: tables of the fields of entries. Reading, copying, merging, comparing and writing use the same
// tables, so that a new field is one line in record_tables.c and one member in plan.h.
#pragma once

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum field_kind {
    FIELD_NAME,     // char *, the entry's key in its section: neither read nor written
    FIELD_TEXT,     // char *
    FIELD_WORD,     // an enum, with its names in a word table
    FIELD_LIST,     // struct text_list
    FIELD_MAP,      // struct map of char *
    FIELD_WORD_MAP, // struct map of words, as (void *)(uintptr_t)
    FIELD_NUMBER,   // int64_t, 0 when unset
    FIELD_ID,       // struct optional_id
    FIELD_DURATION, // struct optional_duration
    FIELD_DOUBLE,   // struct optional_double
    FIELD_BOOL,     // struct optional_bool
    FIELD_NUMBERS,  // struct number_list
    FIELD_RECORD,   // pointer to another record, NULL when unset
};

// The names of an enum's values, by value; the first is "" for unset.
struct words {
    const char *const *names;
    size_t count;
};
// The value of a word that is not in the table. layer_validate() refuses it, but for `override`, which is checked when
// layers are combined.
#define WORD_INVALID 255u

struct field {
    const char *key;
    size_t offset;
    enum field_kind kind;
    const char *type; // of a value: Pebble's name, in messages
    const struct words *words;
    const struct record *record;
    bool is_kept;         // merging does not change it
    bool is_always_shown; // even when unset
    bool is_replaced;     // merging replaces the whole record
    bool is_extended;     // beyond Pebble
};

struct record {
    const char *type;
    size_t size;
    const struct field *fields; // in the order of a written plan
    size_t field_count;
};

extern const struct record record_service, record_check, record_log_target, record_workload;
extern const struct words words_pairing_mode;

// The value of a name, or WORD_INVALID.
unsigned words_find(const struct words *words, const char *name);
const char *words_name(const struct words *words, unsigned value);
// Access FIELD_WORD members of any enum.
unsigned word_get(const void *member);
void word_set(void *member, unsigned value);

struct number_list;
void number_list_add(struct number_list *list, int64_t number);

const struct field *record_find_field(const struct record *record, const char *key); // NULL when unknown
void *field_of(void *entry, const struct field *field);
const void *field_of_const(const void *entry, const struct field *field);
bool field_is_set(const struct field *field, const void *member);

void *record_create(const struct record *record) __attribute__((returns_nonnull)); // all unset
void record_destroy(const struct record *record, void *entry);                     // NULL is fine
void *record_copy(const struct record *record, const void *entry);                 // NULL gives NULL
// Fields that are set in `other` replace those of `entry`; lists are appended, maps and records merged.
void record_merge(const struct record *record, void *entry, const void *other);
bool record_equal(const struct record *record, const void *a, const void *b); // NULLs are equal
