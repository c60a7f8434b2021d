// SPDX-License-Identifier: GPL-3.0-or-later
#include "plan/diagnostics_internal.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "data/yaml.h"
#include "plan/plan.h"

#define FAULTS_MAX 50
#define FURTHER_FAULT "\n- also: "

char *place_text(const struct place *place) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    if (place->line > 0)
        buffer_printf(&text, "line %d: ", place->line);
    AUTO_FREE char *section = text_quoted(place->section);
    buffer_printf(&text, "section %s", section);
    if (place->name != NULL) {
        AUTO_FREE char *quoted = text_quoted(place->name);
        buffer_printf(&text, ", %s %s", place->noun, quoted);
    }
    if (place->key != NULL) {
        bool has_part = place->part != NULL;
        AUTO_FREE char *key = memory_printf("%s%s%s", has_part ? place->part : "", has_part ? "." : "", place->key);
        AUTO_FREE char *quoted = text_quoted(key);
        buffer_printf(&text, ", key %s", quoted);
    }
    if (place->suggestion != NULL)
        buffer_printf(&text, "; did you mean \"%s\"?", place->suggestion);
    return memory_string(buffer_text(&text));
}

void diagnostics_set_key(struct diagnostics *diagnostics, const struct yaml_node *map, const char *part,
                         const char *key) {
    struct place *place = &diagnostics->place;
    if (place->part == part && place->key == key)
        return;
    place->part = part;
    place->key = key;
    if (map == NULL || key == NULL || diagnostics->messages.count == FAULTS_MAX ||
        diagnostics->places.count == FAULTS_MAX)
        return;
    const struct yaml_node *node = yaml_member(map, key);
    if (node != NULL)
        place->line = yaml_line(node);
}

void diagnostics_add_place(struct diagnostics *diagnostics, const char *place) {
    if (diagnostics->places.count < FAULTS_MAX && !text_list_has(&diagnostics->places, place))
        text_list_add(&diagnostics->places, place);
}

void diagnostics_add(struct diagnostics *diagnostics, const char *format, ...) {
    if (diagnostics->place.section != NULL) {
        AUTO_FREE char *place = place_text(&diagnostics->place);
        diagnostics_add_place(diagnostics, place);
    }
    va_list arguments;
    va_start(arguments, format);
    char *message = memory_vprintf(format, arguments);
    va_end(arguments);
    if (diagnostics->messages.count < FAULTS_MAX && !text_list_has(&diagnostics->messages, message)) {
        text_list_add_owned(&diagnostics->messages, message);
        return;
    }
    diagnostics->omitted += diagnostics->messages.count == FAULTS_MAX;
    free(message);
}

bool diagnostics_are_empty(const struct diagnostics *diagnostics) {
    return diagnostics->messages.count == 0;
}

bool diagnostics_report(const struct diagnostics *diagnostics, struct error *err) {
    if (diagnostics_are_empty(diagnostics))
        return true;
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&text, diagnostics->messages.items[0]);
    for (size_t i = 1; i < diagnostics->messages.count; i++) {
        buffer_add_string(&text, FURTHER_FAULT);
        buffer_add_string(&text, diagnostics->messages.items[i]);
    }
    if (diagnostics->omitted > 0)
        buffer_printf(&text, "\n- and %zu more", diagnostics->omitted);
    (void)error_set(err, ERROR_BAD_REQUEST, "%s", buffer_text(&text));
    for (size_t i = 0; i < diagnostics->places.count; i++)
        (void)error_add_advice(err, "%s", diagnostics->places.items[i]);
    return false;
}

size_t plan_first_fault_length(const char *message) {
    const char *further = strstr(message, FURTHER_FAULT);
    return further != NULL ? (size_t)(further - message) : strlen(message);
}

void diagnostics_clear(struct diagnostics *diagnostics) {
    text_list_clear(&diagnostics->messages);
    text_list_clear(&diagnostics->places);
    diagnostics->omitted = 0;
}
