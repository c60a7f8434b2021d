// SPDX-License-Identifier: GPL-3.0-or-later
#include "plan/layer_fields_internal.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/map.h"
#include "base/memory.h"
#include "base/nearest.h"
#include "plan/plan.h"

#define TYPE_FAULTS_MAX 50

// `suggestion`: the name that was probably meant, or NULL.
static void add_place(struct field_diagnostics *diagnostics, int line, const char *key, const char *suggestion) {
    if (diagnostics->place.section == NULL || diagnostics->places.count == TYPE_FAULTS_MAX)
        return;
    struct place place = diagnostics->place;
    place.line = line;
    if (key != NULL) {
        place.part = place.key;
        place.key = key;
    }
    place.suggestion = suggestion;
    text_list_add_owned(&diagnostics->places, place_text(&place));
}

static void add_type_diagnostic(struct field_diagnostics *diagnostics, char *message) {
    if (diagnostics->types.count == TYPE_FAULTS_MAX) {
        diagnostics->omitted_types++;
        free(message);
    } else {
        text_list_add_owned(&diagnostics->types, message);
    }
}

void field_diagnostics_add_type(struct field_diagnostics *diagnostics, const struct yaml_node *node, const char *type) {
    AUTO_FREE char *found = yaml_describe(node);
    add_place(diagnostics, yaml_line(node), NULL, NULL);
    add_type_diagnostic(diagnostics,
                        memory_printf("line %d: cannot unmarshal %s into %s", yaml_line(node), found, type));
}

void field_diagnostics_add_unknown(struct field_diagnostics *diagnostics, const struct yaml_node *key, const char *type,
                                   const struct nearest *nearest) {
    add_place(diagnostics, yaml_line(key), yaml_text(key), nearest->name);
    add_type_diagnostic(diagnostics,
                        memory_printf("line %d: field %s not found in type %s", yaml_line(key), yaml_text(key), type));
}

void field_diagnostics_report(struct field_diagnostics *diagnostics, const char *where, struct diagnostics *all) {
    for (size_t i = 0; i < diagnostics->places.count; i++)
        diagnostics_add_place(all, diagnostics->places.items[i]);
    for (size_t i = 0; i < diagnostics->values.count; i++)
        diagnostics_add(all, "%s%s", where, diagnostics->values.items[i]);
    if (diagnostics->types.count == 0)
        return;
    AUTO_FREE char *lines = text_list_join(&diagnostics->types, "\n  ");
    if (diagnostics->omitted_types > 0)
        diagnostics_add(all, "%syaml: unmarshal errors:\n  %s\n  and %zu more", where, lines,
                        diagnostics->omitted_types);
    else
        diagnostics_add(all, "%syaml: unmarshal errors:\n  %s", where, lines);
}

void field_diagnostics_clear(struct field_diagnostics *diagnostics) {
    text_list_clear(&diagnostics->types);
    text_list_clear(&diagnostics->values);
    text_list_clear(&diagnostics->places);
}

static bool is_scalar(const struct yaml_node *node) {
    return yaml_kind(node) != YAML_SEQUENCE && yaml_kind(node) != YAML_MAP;
}

void fields_read_text(const struct yaml_node *node, const char *type, char **text,
                      struct field_diagnostics *diagnostics) {
    if (!is_scalar(node)) {
        field_diagnostics_add_type(diagnostics, node, type);
    } else if (yaml_kind(node) != YAML_NULL) {
        free(*text);
        *text = memory_string(yaml_text(node));
    }
}

static void read_word(const struct field *field, const struct yaml_node *node, unsigned *word,
                      struct field_diagnostics *diagnostics) {
    AUTO_FREE char *text = NULL;
    fields_read_text(node, field->type, &text, diagnostics);
    if (text != NULL)
        *word = words_find(field->words, text);
}

static void read_list(const struct field *field, const struct yaml_node *node, struct text_list *list,
                      struct field_diagnostics *diagnostics) {
    if (yaml_kind(node) != YAML_SEQUENCE) {
        field_diagnostics_add_type(diagnostics, node, field->type);
        return;
    }
    for (size_t i = 0; i < yaml_count(node); i++) {
        char *text = NULL;
        fields_read_text(yaml_item(node, i), "string", &text, diagnostics);
        // Null items are skipped.
        if (text != NULL)
            text_list_add_owned(list, text);
    }
}

// A map's keys and values are strings; null is "".
static void read_map(const struct field *field, const struct yaml_node *node, struct map *map,
                     struct field_diagnostics *diagnostics) {
    if (yaml_kind(node) != YAML_MAP) {
        field_diagnostics_add_type(diagnostics, node, field->type);
        return;
    }
    for (size_t i = 0; i < yaml_count(node); i++) {
        const char *key = yaml_text(yaml_key(node, i));
        if (key == NULL)
            continue; // reported by yaml_check_keys()
        if (field->kind == FIELD_WORD_MAP) {
            unsigned word = 0;
            const char *end = strchr(field->type, ']');
            read_word(&(const struct field){.type = end != NULL ? end + 1 : "string", .words = field->words},
                      yaml_value(node, i), &word, diagnostics);
            map_set(map, key, (void *)(uintptr_t)word);
        } else {
            char *text = NULL;
            fields_read_text(yaml_value(node, i), "string", &text, diagnostics);
            map_set(map, key, text != NULL ? text : memory_string(""));
        }
    }
}

static void read_int(const struct yaml_node *node, const char *type, int64_t *value,
                     struct field_diagnostics *diagnostics) {
    if (!yaml_int64(node, value))
        field_diagnostics_add_type(diagnostics, node, type);
}

static void add_value_diagnostic(struct field_diagnostics *diagnostics, const struct yaml_node *node, const char *fault,
                                 const char *suggestion) {
    AUTO_FREE char *quoted = is_scalar(node) ? text_quoted(yaml_text(node)) : memory_string("");
    add_place(diagnostics, yaml_line(node), NULL, suggestion);
    text_list_add_owned(&diagnostics->values, memory_printf("%s%s", fault, quoted));
}

// A number without a unit was probably meant in seconds.
static void add_invalid_duration(const struct yaml_node *node, struct field_diagnostics *diagnostics) {
    const char *text = yaml_text(node);
    bool is_number = text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
    AUTO_FREE char *seconds = is_number ? memory_printf("%ss", text) : NULL;
    add_value_diagnostic(diagnostics, node, "invalid duration ", seconds);
}

static void read_duration(const struct yaml_node *node, struct optional_duration *duration,
                          struct field_diagnostics *diagnostics) {
    if (!is_scalar(node))
        add_value_diagnostic(diagnostics, node, "duration must be a YAML string", NULL);
    else if (duration_parse(yaml_text(node), &duration->ns, NULL))
        duration->is_set = true;
    else
        add_invalid_duration(node, diagnostics);
}

// Go's notation of decimal numbers, without infinities and NaN.
static bool double_parse(const char *text, double *value) {
    if (text[0] == '\0' || text[strspn(text, "0123456789+-.eE")] != '\0')
        return false;
    char *end = NULL;
    double parsed = strtod(text, &end);
    if (*end != '\0' || !isfinite(parsed))
        return false;
    *value = parsed;
    return true;
}

static void read_double(const struct yaml_node *node, struct optional_double *number,
                        struct field_diagnostics *diagnostics) {
    if (!is_scalar(node))
        add_value_diagnostic(diagnostics, node, "value must be a YAML number", NULL);
    else if (double_parse(yaml_text(node), &number->value))
        number->is_set = true;
    else
        add_value_diagnostic(diagnostics, node, "invalid floating-point number ", NULL);
}

static void read_bool(const struct yaml_node *node, const char *type, struct optional_bool *value,
                      struct field_diagnostics *diagnostics) {
    if (yaml_kind(node) != YAML_BOOL) {
        field_diagnostics_add_type(diagnostics, node, type);
        return;
    }
    value->is_set = true;
    value->value = tolower((unsigned char)yaml_text(node)[0]) == 't';
}

static void read_numbers(const struct field *field, const struct yaml_node *node, struct number_list *list,
                         struct field_diagnostics *diagnostics) {
    if (yaml_kind(node) != YAML_SEQUENCE) {
        field_diagnostics_add_type(diagnostics, node, field->type);
        return;
    }
    for (size_t i = 0; i < yaml_count(node); i++) {
        int64_t number;
        const struct yaml_node *item = yaml_item(node, i);
        if (yaml_kind(item) == YAML_INT && yaml_int64(item, &number))
            number_list_add(list, number);
        else
            field_diagnostics_add_type(diagnostics, item, "int");
    }
}

static void read_record(const struct field *field, const struct yaml_node *node, void **record,
                        struct field_diagnostics *diagnostics) {
    if (*record == NULL)
        *record = record_create(field->record);
    fields_read(field->record, node, *record, diagnostics);
}

static void read_field(const struct field *field, const struct yaml_node *node, void *member,
                       struct field_diagnostics *diagnostics) {
    if (yaml_kind(node) == YAML_NULL)
        return;
    switch (field->kind) {
    case FIELD_TEXT:
        fields_read_text(node, field->type, member, diagnostics);
        return;
    case FIELD_WORD: {
        unsigned word = word_get(member);
        read_word(field, node, &word, diagnostics);
        word_set(member, word);
        return;
    }
    case FIELD_LIST:
        read_list(field, node, member, diagnostics);
        return;
    case FIELD_MAP:
    case FIELD_WORD_MAP:
        read_map(field, node, member, diagnostics);
        return;
    case FIELD_NUMBER:
        read_int(node, field->type, member, diagnostics);
        return;
    case FIELD_ID: {
        struct optional_id *id = member;
        id->is_set = true;
        read_int(node, field->type, &id->value, diagnostics);
        return;
    }
    case FIELD_DURATION:
        read_duration(node, member, diagnostics);
        return;
    case FIELD_DOUBLE:
        read_double(node, member, diagnostics);
        return;
    case FIELD_BOOL:
        read_bool(node, field->type, member, diagnostics);
        return;
    case FIELD_NUMBERS:
        read_numbers(field, node, member, diagnostics);
        return;
    case FIELD_RECORD:
        read_record(field, node, member, diagnostics);
        return;
    case FIELD_NAME:
        return;
    }
}

static void read_member(const struct record *record, const struct yaml_node *key, const struct yaml_node *value,
                        void *entry, struct field_diagnostics *diagnostics) {
    const struct field *field = record_find_field(record, yaml_text(key));
    if (field == NULL) {
        struct nearest nearest;
        nearest_init(&nearest, yaml_text(key));
        bool is_shown = diagnostics->places.count < TYPE_FAULTS_MAX; // a layer may have very many
        for (size_t i = 0; is_shown && i < record->field_count; i++) {
            if (record->fields[i].key != NULL)
                nearest_try(&nearest, record->fields[i].key);
        }
        field_diagnostics_add_unknown(diagnostics, key, record->type, &nearest);
        return;
    }
    struct place outer = diagnostics->place;
    diagnostics->place.part = outer.key;
    diagnostics->place.key = field->key;
    read_field(field, value, field_of(entry, field), diagnostics);
    diagnostics->place = outer;
}

void fields_read(const struct record *record, const struct yaml_node *node, void *entry,
                 struct field_diagnostics *diagnostics) {
    if (yaml_kind(node) != YAML_MAP) {
        field_diagnostics_add_type(diagnostics, node, record->type);
        return;
    }
    for (size_t i = 0; i < yaml_count(node); i++) {
        const struct yaml_node *key = yaml_key(node, i);
        if (yaml_text(key) != NULL) // others are reported by yaml_check_keys()
            read_member(record, key, yaml_value(node, i), entry, diagnostics);
    }
}
