// SPDX-License-Identifier: LGPL-3.0-or-later
#include "client/fields_internal.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"

// More than any text that the largest response can hold, so that only memory is what limits it.
#define TEXT_LIMIT_BYTES ((size_t)1 << 30)

static void note(struct client_fields *fields, const char *name, const char *wanted) {
    if (!error_is_set(fields->err))
        error_set(fields->err, ERROR_INTERNAL, "cannot unmarshal: \"%s\" is not %s", name, wanted);
}

bool client_json_read(const char *text, size_t length, json_t **value, struct error *err) {
    return json_read_limited(text, length, CLIENT_JSON_VALUES_MAX, value, err);
}

bool client_fields_init(struct client_fields *fields, const json_t *value, struct error *err) {
    if (!json_is_object(value))
        return error_set(err, ERROR_INTERNAL, "cannot unmarshal: not an object where one is due");
    *fields = (struct client_fields){value, err};
    return true;
}

static void note_memory(struct error *err) {
    if (!error_is_set(err))
        error_set(err, ERROR_TOO_LARGE, "out of memory");
}

static char *take_text(struct buffer *out, struct error *err) {
    if (!buffer_is_whole(out)) {
        note_memory(err);
        buffer_clear(out);
    }
    return buffer_take(out);
}

char *client_json_string(const json_t *string, struct error *err) {
    struct buffer out = BUFFER_INIT(TEXT_LIMIT_BYTES);
    json_add_plain(&out, string);
    return take_text(&out, err);
}

char *client_json_text(const json_t *value, struct error *err) {
    struct buffer out = BUFFER_INIT(TEXT_LIMIT_BYTES);
    struct json_writer writer;
    json_writer_init(&writer, &out, false);
    json_writer_value(&writer, value);
    return take_text(&out, err);
}

void *client_json_items(const json_t *list, size_t size, client_read_item_fn read_item, size_t *count,
                        struct error *err) {
    if (list != NULL && !json_is_array(list))
        error_set(err, ERROR_INTERNAL, "cannot unmarshal: not a list where one is due");
    char *items = memory_try(json_array_size(list) * size);
    *count = 0;
    if (items == NULL) {
        note_memory(err);
        return memory_new(0);
    }
    while (*count < json_array_size(list) && !error_is_set(err)) {
        read_item(json_array_get(list, *count), items + *count * size, err);
        ++*count;
    }
    return items;
}

static const json_t *string_member(struct client_fields *fields, const char *name) {
    const json_t *member = json_member(fields->object, name);
    if (member != NULL && !json_is_string(member)) {
        note(fields, name, "a string");
        return NULL;
    }
    return member;
}

char *client_fields_text(struct client_fields *fields, const char *name) {
    const json_t *member = string_member(fields, name);
    return member != NULL ? client_json_string(member, fields->err) : memory_string("");
}

char *client_fields_text_or_null(struct client_fields *fields, const char *name) {
    const json_t *member = string_member(fields, name);
    return member != NULL && json_string_length(member) > 0 ? client_json_string(member, fields->err) : NULL;
}

int64_t client_fields_int(struct client_fields *fields, const char *name) {
    const json_t *member = json_member(fields->object, name);
    if (member != NULL && !json_is_integer(member)) {
        note(fields, name, "an integer");
        return 0;
    }
    return json_integer_value(member);
}

bool client_fields_bool(struct client_fields *fields, const char *name) {
    const json_t *member = json_member(fields->object, name);
    if (member != NULL && !json_is_boolean(member))
        note(fields, name, "true or false");
    return json_is_true(member);
}

int64_t client_fields_time(struct client_fields *fields, const char *name, char **text) {
    AUTO_FREE char *given = client_fields_text_or_null(fields, name);
    struct wall_time time = {0};
    *text = NULL;
    if (given == NULL)
        return 0;
    if (!clock_parse(given, &time)) {
        note(fields, name, "a time");
        return 0;
    }
    if (!time.is_set)
        return 0;
    *text = TAKE(given);
    return time.ns;
}

char *client_fields_object_text(struct client_fields *fields, const char *name) {
    const json_t *member = json_member(fields->object, name);
    if (member != NULL && !json_is_object(member)) {
        note(fields, name, "an object");
        return NULL;
    }
    return member != NULL ? client_json_text(member, fields->err) : NULL;
}

const json_t *client_fields_array(struct client_fields *fields, const char *name) {
    const json_t *member = json_member(fields->object, name);
    if (member != NULL && !json_is_array(member)) {
        note(fields, name, "a list");
        return NULL;
    }
    return member;
}

static void read_text(const json_t *value, void *item, struct error *err) {
    char **text = item;
    if (!json_is_string(value))
        error_set(err, ERROR_INTERNAL, "not a string");
    else
        *text = client_json_string(value, err);
}

char **client_fields_texts(struct client_fields *fields, const char *name, size_t *count) {
    AUTO_ERROR struct error cause = {0};
    char **texts = client_json_items(client_fields_array(fields, name), sizeof *texts, read_text, count, &cause);
    if (cause.kind == ERROR_INTERNAL) {
        free(texts[--*count]);
        note(fields, name, "a list of strings");
    } else if (error_is_set(&cause)) {
        note_memory(fields->err);
    }
    return texts;
}
