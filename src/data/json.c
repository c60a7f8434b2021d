// SPDX-License-Identifier: LGPL-3.0-or-later
#include "data/json.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "data/real.h"

static const char *kind_name(const json_t *value) {
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "object";
    case JSON_ARRAY:
        return "array";
    case JSON_STRING:
        return "string";
    case JSON_INTEGER:
    case JSON_REAL:
        return "number";
    default:
        return "bool";
    }
}

json_t *json_member(const json_t *object, const char *name) {
    json_t *found = NULL;
    // jansson's iterators take a mutable object but do not change it.
    json_t *walked = (json_t *)(uintptr_t)object;
    for (void *at = json_object_iter(walked); at != NULL; at = json_object_iter_next(walked, at)) {
        const char *key = json_object_iter_key(at);
        json_t *value = json_object_iter_value(at);
        // As a C string, a key with a NUL would be truncated.
        if (!json_is_null(value) && text_equal_nocase(key, name) && strlen(key) == json_object_iter_key_len(at))
            found = value;
    }
    return found;
}

bool json_is_object_or_null(const json_t *value, const char *what, struct error *err) {
    if (json_is_object(value) || json_is_null(value))
        return true;
    return error_set(err, ERROR_BAD_REQUEST, "json: cannot unmarshal %s into Go value of type %s", kind_name(value),
                     what);
}

// Go names the structure of a field without its package, and omits the name of an anonymous structure.
static const char *structure_name(const char *what) {
    if (text_has_prefix(what, "struct "))
        return "";
    const char *dot = strrchr(what, '.');
    return dot == NULL ? what : dot + 1;
}

struct json_field {
    const char *what;
    const char *name;
};

static bool fail_field(const struct json_field *field, const char *found, const char *type, struct error *err) {
    return error_set(err, ERROR_BAD_REQUEST, "json: cannot unmarshal %s into Go struct field %s.%s of type %s", found,
                     structure_name(field->what), field->name, type);
}

// Strings with a NUL are refused, because as C strings they would be truncated.
static bool take_text(const json_t *value, const struct json_field *field, const char **text, struct error *err) {
    if (!json_is_string(value))
        return fail_field(field, kind_name(value), "string", err);
    if (strlen(json_string_value(value)) != json_string_length(value))
        return fail_field(field, "string with a NUL character", "string", err);
    *text = json_string_value(value);
    return true;
}

bool json_get_string(const json_t *object, const char *what, const char *name, const char **value, struct error *err) {
    const json_t *member = json_member(object, name);
    return member == NULL || take_text(member, &(struct json_field){what, name}, value, err);
}

bool json_get_bool(const json_t *object, const char *what, const char *name, bool *value, struct error *err) {
    const json_t *member = json_member(object, name);
    if (member == NULL)
        return true;
    if (!json_is_boolean(member))
        return fail_field(&(struct json_field){what, name}, kind_name(member), "bool", err);
    *value = json_is_true(member);
    return true;
}

bool json_get_int(const json_t *object, const char *what, const char *name, int64_t *value, struct error *err) {
    const json_t *member = json_member(object, name);
    if (member == NULL)
        return true;
    const struct json_field field = {what, name};
    if (json_is_real(member)) {
        char number[REAL_TEXT_SIZE];
        real_format(json_real_value(member), -6, 21, 1, number);
        AUTO_FREE char *found = memory_printf("number %s", number);
        return fail_field(&field, found, "int", err);
    }
    if (!json_is_integer(member))
        return fail_field(&field, kind_name(member), "int", err);
    *value = json_integer_value(member);
    return true;
}

bool json_get_array(const json_t *object, const char *what, const char *name, const char *type, const json_t **value,
                    struct error *err) {
    const json_t *member = json_member(object, name);
    if (member != NULL && !json_is_array(member))
        return fail_field(&(struct json_field){what, name}, kind_name(member), type, err);
    if (member != NULL)
        *value = member;
    return true;
}

bool json_get_strings(const json_t *object, const char *what, const char *name, struct text_list *value,
                      struct error *err) {
    const json_t *member = json_member(object, name);
    if (member == NULL)
        return true;
    const struct json_field field = {what, name};
    if (!json_is_array(member))
        return fail_field(&field, kind_name(member), "[]string", err);
    AUTO_TEXT_LIST struct text_list texts = {0};
    for (size_t i = 0; i < json_array_size(member); i++) {
        const json_t *item = json_array_get(member, i);
        const char *text = "";
        if (!json_is_null(item) && !take_text(item, &field, &text, err))
            return false;
        text_list_add(&texts, text);
    }
    text_list_copy(value, &texts);
    return true;
}

bool json_get_string_map(const json_t *object, const char *what, const char *name, struct map *value,
                         struct error *err) {
    json_t *member = json_member(object, name);
    if (member == NULL)
        return true;
    const struct json_field field = {what, name};
    if (!json_is_object(member))
        return fail_field(&field, kind_name(member), "map[string]string", err);
    const char *key = NULL, *text = NULL;
    size_t length = 0;
    json_t *item = NULL;
    json_object_keylen_foreach(member, key, length, item) {
        if (strlen(key) != length)
            return fail_field(&field, "string with a NUL character", "string", err);
        if (!json_is_null(item) && !take_text(item, &field, &text, err))
            return false;
    }
    json_object_foreach(member, key, item) {
        map_set(value, key, memory_string(json_is_null(item) ? "" : json_string_value(item)));
    }
    return true;
}
