// SPDX-License-Identifier: LGPL-3.0-or-later
#include "charm/values_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/map.h"
#include "base/memory.h"
#include "base/text.h"
#include "client/errors.h"
#include "data/json.h"

struct value {
    char *key;
    enum pebble_charm_value_type type;
    char *text; // a string
    int64_t integer;
    double number; // also of an integer
    bool boolean;
};

struct pebble_charm_values {
    struct value *items;
    size_t count;
    struct map by_key; // borrows the items
    char *json;
};

// --- reading ---

bool charm_json_read(const char *tool, const char *text, json_t **value, struct pebble_error *error) {
    AUTO_ERROR struct error cause = {0};
    if (json_read_whole(text, strlen(text), value, &cause))
        return true;
    return client_fail(error, PEBBLE_ERROR_PROTOCOL, "cannot read output of %s: %s", tool, error_text(&cause));
}

char *charm_json_text(const json_t *value) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    if (!json_is_string(value))
        return NULL;
    json_add_plain(&text, value);
    return buffer_take(&text);
}

static void value_init(struct value *value, const char *key, const json_t *json) {
    *value = (struct value){.key = memory_string(key), .type = PEBBLE_CHARM_VALUE_OTHER};
    value->text = charm_json_text(json);
    if (json_is_null(json))
        value->type = PEBBLE_CHARM_VALUE_UNSET;
    else if (value->text != NULL)
        value->type = PEBBLE_CHARM_VALUE_STRING;
    else if (json_is_integer(json)) {
        value->type = PEBBLE_CHARM_VALUE_INTEGER;
        value->integer = json_integer_value(json);
        value->number = (double)value->integer;
    } else if (json_is_real(json)) {
        value->type = PEBBLE_CHARM_VALUE_NUMBER;
        value->number = json_real_value(json);
    } else if (json_is_boolean(json)) {
        value->type = PEBBLE_CHARM_VALUE_BOOLEAN;
        value->boolean = json_is_true(json);
    }
}

static struct pebble_charm_values *create_from(json_t *object, struct buffer *json) {
    struct pebble_charm_values *values = memory_new(sizeof *values);
    values->items = memory_new_array(json_object_size(object) + 1, sizeof *values->items);
    values->json = buffer_take(json);
    map_init(&values->by_key, NULL);
    for (void *i = json_object_iter(object); i != NULL; i = json_object_iter_next(object, i)) {
        struct value *value = &values->items[values->count++];
        value_init(value, json_object_iter_key(i), json_object_iter_value(i));
        map_set(&values->by_key, value->key, value);
    }
    return values;
}

// The text of an object: what the tool has printed, or of the key alone if there is one; empty for `null`. It is not
// written anew from the values, which have lost digits of large numbers.
static void write_object(const char *key, const char *text, bool is_null, struct buffer *out) {
    AUTO_BUFFER struct buffer valid = BUFFER_INIT(BUFFER_NO_LIMIT);
    struct json_writer writer;
    size_t length = strlen(text);
    while (length > 0 && text_is_space(text[length - 1]))
        length--;
    utf8_add_valid(&valid, text, length);
    if (key == NULL && !is_null) {
        buffer_add(out, buffer_text(&valid), valid.length);
        return;
    }
    json_writer_init(&writer, out, false);
    json_writer_begin_object(&writer);
    if (!is_null) {
        json_writer_key(&writer, key);
        json_writer_raw(&writer, buffer_text(&valid), valid.length);
    }
    json_writer_end_object(&writer);
}

// An object with the value at the key.
static json_t *object_of(const char *key, json_t *value) {
    json_t *object = json_object();
    if (object != NULL && !json_is_null(value) && json_object_set(object, key, value) != 0)
        json_value_free_at(&object);
    return object;
}

bool charm_values_create(const char *tool, const char *text, const char *key, struct pebble_charm_values **values,
                         struct pebble_error *error) {
    AUTO_BUFFER struct buffer json = BUFFER_INIT(BUFFER_NO_LIMIT);
    AUTO_JSON json_t *read_value = NULL;
    if (!charm_json_read(tool, text, &read_value, error))
        return false;
    bool is_null = json_is_null(read_value);
    if (key == NULL && !is_null && !json_is_object(read_value))
        return client_fail(error, PEBBLE_ERROR_PROTOCOL, "cannot read output of %s: not an object", tool);
    AUTO_JSON json_t *object = key == NULL && !is_null ? json_incref(read_value) : object_of(key, read_value);
    if (object == NULL)
        return client_fail(error, PEBBLE_ERROR_PROTOCOL, "cannot read output of %s: out of memory", tool);
    write_object(key, text, is_null, &json);
    *values = create_from(object, &json);
    return true;
}

bool charm_check_key(const char *what, const char *key, struct pebble_error *error) {
    if (key != NULL && key[0] != '\0' && utf8_is_valid(key, strlen(key)))
        return true;
    AUTO_FREE char *quoted = client_quoted(key != NULL ? key : "");
    return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot use %s %s: empty or not UTF-8", what, quoted);
}

bool charm_values_get(struct pebble_charm *charm, const struct charm_tool *tool, const char *key,
                      struct pebble_charm_values **values, struct pebble_error *error) {
    AUTO_FREE char *output = NULL;
    return charm_tool_run(charm, tool, &output, error) &&
           charm_values_create(tool->words[0], output, key, values, error);
}

void pebble_charm_values_destroy(struct pebble_charm_values *values) {
    if (values == NULL)
        return;
    for (size_t i = 0; i < values->count; i++) {
        free(values->items[i].key);
        free(values->items[i].text);
    }
    map_finish(&values->by_key);
    free(values->items);
    free(values->json);
    free(values);
}

// --- accessors ---

size_t pebble_charm_values_count(const struct pebble_charm_values *values) {
    return values->count;
}

const char *pebble_charm_values_key_at(const struct pebble_charm_values *values, size_t index) {
    return index < values->count ? values->items[index].key : NULL;
}

enum pebble_charm_value_type pebble_charm_values_type(const struct pebble_charm_values *values, const char *key) {
    const struct value *value = map_get(&values->by_key, key);
    return value != NULL ? value->type : PEBBLE_CHARM_VALUE_UNSET;
}

const char *pebble_charm_values_string(const struct pebble_charm_values *values, const char *key) {
    const struct value *value = map_get(&values->by_key, key);
    return value != NULL ? value->text : NULL;
}

bool pebble_charm_values_integer(const struct pebble_charm_values *values, const char *key, int64_t *integer) {
    const struct value *value = map_get(&values->by_key, key);
    if (value == NULL || value->type != PEBBLE_CHARM_VALUE_INTEGER)
        return false;
    *integer = value->integer;
    return true;
}

bool pebble_charm_values_number(const struct pebble_charm_values *values, const char *key, double *number) {
    const struct value *value = map_get(&values->by_key, key);
    if (value == NULL || (value->type != PEBBLE_CHARM_VALUE_INTEGER && value->type != PEBBLE_CHARM_VALUE_NUMBER))
        return false;
    *number = value->number;
    return true;
}

bool pebble_charm_values_boolean(const struct pebble_charm_values *values, const char *key, bool *boolean) {
    const struct value *value = map_get(&values->by_key, key);
    if (value == NULL || value->type != PEBBLE_CHARM_VALUE_BOOLEAN)
        return false;
    *boolean = value->boolean;
    return true;
}

const char *pebble_charm_values_json(const struct pebble_charm_values *values) {
    return values->json;
}
