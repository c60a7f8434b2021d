// SPDX-License-Identifier: GPL-3.0-or-later
// What Loki and OpenTelemetry get is JSON, and has the labels and lines, with U+FFFD for bytes that are no UTF-8.
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

#include "base/buffer.h"
#include "forward_lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// --- comparing ---

// The length of the character at the beginning of the text, 0 if there is none.
static size_t character_length(const char *text, size_t left) {
    for (size_t length = 1; length <= 4 && length <= left; length++) {
        if (utf8_is_valid(text, length))
            return length;
    }
    return 0;
}

static void check_text(const json_t *value, const char *text, size_t length) {
    AUTO_BUFFER struct buffer expected = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (size_t at = 0, taken; at < length; at += taken) {
        taken = character_length(text + at, length - at);
        if (taken > 0)
            buffer_add(&expected, text + at, taken);
        else
            buffer_add_string(&expected, "\xef\xbf\xbd");
        taken = taken > 0 ? taken : 1;
    }
    check(json_is_string(value) && json_string_length(value) == expected.length);
    check(memcmp(json_string_value(value), buffer_text(&expected), expected.length) == 0);
}

static void check_string(const json_t *value, const char *text) {
    check_text(value, text, strlen(text));
}

static void check_time(const json_t *value, int64_t wall_ns) {
    char text[32];
    (void)snprintf(text, sizeof text, "%" PRId64, wall_ns);
    check_string(value, text);
}

// The member of an object that has `count` members.
static const json_t *member(const json_t *object, const char *name, size_t count) {
    check(json_is_object(object) && json_object_size(object) == count);
    return json_object_get(object, name);
}

static const json_t *item(const json_t *array, size_t at, size_t count) {
    check(json_is_array(array) && json_array_size(array) == count);
    return json_array_get(array, at);
}

// --- the formats ---

static void check_loki(const json_t *root, const struct fuzz_lines *lines) {
    const json_t *streams = member(root, "streams", 1);
    for (size_t i = 0; i < 2; i++) {
        const json_t *stream = item(streams, i, 2);
        const json_t *labels = member(stream, "stream", 2);
        const json_t *values = member(stream, "values", 2);
        check_string(member(labels, "pebble_service", lines->names.count + 1), lines->service);
        for (size_t j = 0; j < lines->names.count; j++)
            check_string(json_object_get(labels, lines->names.items[j]), lines->values.items[j]);
        check(json_is_array(values) && json_array_size(values) == lines->count);
        for (size_t j = 0; j < lines->count; j++) {
            const json_t *value = json_array_get(values, j);
            check_time(item(value, 0, 2), lines->entries[j].wall_ns);
            check_text(item(value, 1, 2), lines->entries[j].message, lines->entries[j].length);
        }
    }
}

static void check_attribute(const json_t *attribute, const char *name, const char *value) {
    check_string(member(attribute, "key", 2), name);
    check_string(member(member(attribute, "value", 2), "stringValue", 1), value);
}

static void check_opentelemetry(const json_t *root, const struct fuzz_lines *lines) {
    const json_t *resources = member(root, "resourceLogs", 1);
    for (size_t i = 0; i < 2; i++) {
        const json_t *resource = item(resources, i, 2);
        const json_t *attributes = member(member(resource, "resource", 2), "attributes", 1);
        const json_t *scope = item(member(resource, "scopeLogs", 2), 0, 1);
        const json_t *records = member(scope, "logRecords", 2);
        check_attribute(item(attributes, 0, lines->names.count + 1), "service.name", lines->service);
        for (size_t j = 0; j < lines->names.count; j++)
            check_attribute(json_array_get(attributes, j + 1), lines->names.items[j], lines->values.items[j]);
        check_string(member(member(scope, "scope", 2), "name", 1), "pebble");
        check(json_is_array(records) && json_array_size(records) == lines->count);
        for (size_t j = 0; j < lines->count; j++) {
            const json_t *record = json_array_get(records, j);
            const json_t *body = member(record, "body", 2);
            check_time(member(record, "timeUnixNano", 2), lines->entries[j].wall_ns);
            check_text(member(body, "stringValue", 1), lines->entries[j].message, lines->entries[j].length);
        }
    }
}

// Encodes two streams, so that what is between them is seen too.
static json_t *encode(const struct encoder *encoder, const struct fuzz_lines *lines) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    encoder->begin(&text);
    for (size_t i = 0; i < 2; i++) {
        encoder->begin_stream(&text, &lines->stream);
        for (size_t j = 0; j < lines->count; j++)
            encoder->add_line(&text, &lines->stream, &lines->entries[j]);
        encoder->end_stream(&text);
    }
    encoder->end(&text);
    json_t *root = json_loadb(text.data, text.length, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    check(root != NULL);
    return root;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    AUTO_FUZZ_LINES struct fuzz_lines lines;
    if (!fuzz_lines_take(&lines, data, size))
        return 0;
    json_t *loki = encode(&loki_encoder, &lines);
    check_loki(loki, &lines);
    json_decref(loki);
    json_t *opentelemetry = encode(&opentelemetry_encoder, &lines);
    check_opentelemetry(opentelemetry, &lines);
    json_decref(opentelemetry);
    return 0;
}
