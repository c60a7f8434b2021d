// SPDX-License-Identifier: GPL-3.0-or-later
// Writes the plan as YAML, without unset fields and defaults. Declared in plan/plan.h.
#include "plan/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "data/yaml_writer.h"
#include "plan/content_internal.h"

#define STEP_SPACES 4

static const char *text_or_empty(const char *text) {
    return text == NULL ? "" : text;
}

static void write_list(struct yaml_writer *writer, const struct text_list *list) {
    yaml_writer_begin_sequence(writer);
    for (size_t i = 0; i < list->count; i++)
        yaml_writer_string(writer, list->items[i]);
    yaml_writer_end_sequence(writer);
}

static void write_numbers(struct yaml_writer *writer, const struct number_list *list) {
    yaml_writer_begin_sequence(writer);
    for (size_t i = 0; i < list->count; i++)
        yaml_writer_int(writer, list->items[i]);
    yaml_writer_end_sequence(writer);
}

static void write_map(struct yaml_writer *writer, const struct map *map, const struct words *words) {
    AUTO_FREE struct map_entry **entries = map_sorted_by(map, yaml_compare_keys);
    yaml_writer_begin_map(writer);
    for (size_t i = 0; entries[i] != NULL; i++) {
        yaml_writer_key(writer, entries[i]->key);
        if (words != NULL)
            yaml_writer_string(writer, words_name(words, (unsigned)(uintptr_t)entries[i]->value));
        else
            yaml_writer_string(writer, entries[i]->value);
    }
    yaml_writer_end_map(writer);
}

static void write_duration(struct yaml_writer *writer, const struct optional_duration *duration) {
    char text[DURATION_TEXT_SIZE];
    duration_format(duration->ns, text);
    yaml_writer_plain(writer, text);
}

static void write_record(struct yaml_writer *writer, const struct record *record, const void *entry);

static void write_nested(struct yaml_writer *writer, const struct record *record, const void *member) {
    const void *nested;
    memcpy(&nested, member, sizeof nested);
    write_record(writer, record, nested);
}

static void write_value(struct yaml_writer *writer, const struct field *field, const void *member) {
    switch (field->kind) {
    case FIELD_NAME:
    case FIELD_TEXT:
        yaml_writer_string(writer, text_or_empty(*(char *const *)member));
        return;
    case FIELD_WORD:
        yaml_writer_string(writer, words_name(field->words, word_get(member)));
        return;
    case FIELD_LIST:
        write_list(writer, member);
        return;
    case FIELD_MAP:
    case FIELD_WORD_MAP:
        write_map(writer, member, field->words);
        return;
    case FIELD_NUMBER:
        yaml_writer_int(writer, *(const int64_t *)member);
        return;
    case FIELD_ID:
        yaml_writer_int(writer, ((const struct optional_id *)member)->value);
        return;
    case FIELD_DURATION:
        write_duration(writer, member);
        return;
    case FIELD_DOUBLE:
        yaml_writer_double(writer, ((const struct optional_double *)member)->value);
        return;
    case FIELD_BOOL:
        yaml_writer_bool(writer, ((const struct optional_bool *)member)->value);
        return;
    case FIELD_NUMBERS:
        write_numbers(writer, member);
        return;
    case FIELD_RECORD:
        write_nested(writer, field->record, member);
        return;
    }
}

static void write_record(struct yaml_writer *writer, const struct record *record, const void *entry) {
    yaml_writer_begin_map(writer);
    for (size_t i = 0; i < record->field_count; i++) {
        const struct field *field = &record->fields[i];
        const void *member = field_of_const(entry, field);
        if (field->kind != FIELD_NAME && (field->is_always_shown || field_is_set(field, member))) {
            yaml_writer_key(writer, field->key);
            write_value(writer, field, member);
        }
    }
    yaml_writer_end_map(writer);
}

static void write_section(struct yaml_writer *writer, const struct section *section,
                          const struct plan_content *content) {
    const struct map *map = section_map_const(content, section);
    if (map->count == 0)
        return;
    AUTO_FREE struct map_entry **entries = map_sorted_by(map, yaml_compare_keys);
    yaml_writer_key(writer, section->name);
    yaml_writer_begin_map(writer);
    for (size_t i = 0; entries[i] != NULL; i++) {
        yaml_writer_key(writer, entries[i]->key);
        write_record(writer, section->record, entries[i]->value);
    }
    yaml_writer_end_map(writer);
}

void plan_write_yaml(const struct plan *plan, struct buffer *out) {
    struct yaml_writer writer;
    yaml_writer_init(&writer, out, STEP_SPACES);
    yaml_writer_begin_map(&writer);
    for (size_t i = 0; i < SECTION_COUNT; i++)
        write_section(&writer, &sections[i], &plan->content);
    if (plan->content.pairing != PAIRING_UNSET) {
        yaml_writer_key(&writer, "pairing");
        yaml_writer_begin_map(&writer);
        yaml_writer_key(&writer, "mode");
        yaml_writer_string(&writer, words_name(&words_pairing_mode, plan->content.pairing));
        yaml_writer_end_map(&writer);
    }
    yaml_writer_end_map(&writer);
}
