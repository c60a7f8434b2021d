// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/document.h"

#include <string.h>

#include "base/memory.h"
#include "cli/session.h"

#define YAML_STEP 4
#define YAML_DEPTH 24 // deeper values are written as JSON text

enum cli_format cli_format(const struct cli_call *call) {
    const char *text = cli_text(call, "format");
    return text_equal(text, "json") ? FORMAT_JSON : text_equal(text, "yaml") ? FORMAT_YAML : FORMAT_TEXT;
}

void document_init(struct document *document, enum cli_format format) {
    *document = (struct document){.is_yaml = format == FORMAT_YAML};
    buffer_init(&document->text, BUFFER_NO_LIMIT);
    json_writer_init(&document->json, &document->text, true);
    yaml_writer_init(&document->yaml, &document->text, YAML_STEP);
}

void document_print(struct document *document) {
    if (!document->is_yaml)
        buffer_add_char(&document->text, '\n');
    cli_print_document(buffer_text(&document->text));
    buffer_finish(&document->text);
}

void document_begin_map(struct document *document) {
    if (document->is_yaml)
        yaml_writer_begin_map(&document->yaml);
    else
        json_writer_begin_object(&document->json);
}

void document_end_map(struct document *document) {
    if (document->is_yaml)
        yaml_writer_end_map(&document->yaml);
    else
        json_writer_end_object(&document->json);
}

void document_begin_list(struct document *document) {
    if (document->is_yaml)
        yaml_writer_begin_sequence(&document->yaml);
    else
        json_writer_begin_array(&document->json);
}

void document_end_list(struct document *document) {
    if (document->is_yaml)
        yaml_writer_end_sequence(&document->yaml);
    else
        json_writer_end_array(&document->json);
}

struct map_entry **document_sorted(const struct document *document, const struct map *map) {
    return map_sorted_by(map, document->is_yaml ? yaml_compare_keys : strcmp);
}

void document_key(struct document *document, const char *key) {
    if (document->is_yaml)
        yaml_writer_key(&document->yaml, key);
    else
        json_writer_key(&document->json, key);
}

void document_string(struct document *document, const char *text) {
    if (document->is_yaml)
        yaml_writer_string(&document->yaml, text);
    else
        json_writer_string(&document->json, text);
}

void document_time(struct document *document, const char *text) {
    if (document->is_yaml)
        yaml_writer_plain(&document->yaml, text);
    else
        json_writer_string(&document->json, text);
}

void document_int(struct document *document, int64_t value) {
    if (document->is_yaml)
        yaml_writer_int(&document->yaml, value);
    else
        json_writer_int(&document->json, value);
}

void document_bool(struct document *document, bool value) {
    if (document->is_yaml)
        yaml_writer_bool(&document->yaml, value);
    else
        json_writer_bool(&document->json, value);
}

// --- any JSON value ---

static void yaml_json_text(struct document *document, const json_t *value) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    struct json_writer writer;
    json_writer_init(&writer, &text, false);
    json_writer_value(&writer, value);
    document_string(document, buffer_text(&text));
}

static void yaml_json_object(struct document *document, const json_t *value) {
    AUTO_MAP struct map members = MAP_INIT(NULL);
    json_t *walked = (json_t *)(uintptr_t)value; // jansson's iterators take a mutable object but do not change it
    for (void *at = json_object_iter(walked); at != NULL; at = json_object_iter_next(walked, at))
        map_set(&members, json_object_iter_key(at), json_object_iter_value(at));
    AUTO_FREE struct map_entry **sorted = document_sorted(document, &members);
    document_begin_map(document);
    for (size_t i = 0; sorted[i] != NULL; i++) {
        document_key(document, sorted[i]->key);
        document_json(document, sorted[i]->value);
    }
    document_end_map(document);
}

static void yaml_json_container(struct document *document, const json_t *value) {
    if (json_is_object(value)) {
        yaml_json_object(document, value);
    } else {
        document_begin_list(document);
        for (size_t i = 0; i < json_array_size(value); i++)
            document_json(document, json_array_get(value, i));
        document_end_list(document);
    }
}

void document_json(struct document *document, const json_t *value) {
    if (!document->is_yaml)
        json_writer_value(&document->json, value);
    else if (document->yaml.depth >= YAML_DEPTH)
        yaml_json_text(document, value);
    else if (json_is_object(value) || json_is_array(value))
        yaml_json_container(document, value);
    else if (json_is_string(value))
        document_string(document, json_string_value(value));
    else if (json_is_integer(value))
        document_int(document, json_integer_value(value));
    else if (json_is_real(value))
        yaml_writer_double(&document->yaml, json_real_value(value));
    else if (json_is_boolean(value))
        document_bool(document, json_is_true(value));
    else
        yaml_writer_null(&document->yaml);
}

// --- members ---

void document_member_string(struct document *document, const char *key, const char *text) {
    document_key(document, key);
    document_string(document, text);
}

void document_member_time(struct document *document, const char *key, const char *text) {
    if (text == NULL)
        return;
    document_key(document, key);
    document_time(document, text);
}

void document_member_int(struct document *document, const char *key, int64_t value) {
    document_key(document, key);
    document_int(document, value);
}

void document_member_bool(struct document *document, const char *key, bool value) {
    document_key(document, key);
    document_bool(document, value);
}
