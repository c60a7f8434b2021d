// SPDX-License-Identifier: LGPL-3.0-or-later
#include "data/json.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "data/json_internal.h"
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

const char *json_key(const char *name) {
    return text_has_prefix(name, JSON_DUPLICATE_MARK) ? strchr(name, ' ') + 1 : name;
}

struct json_members json_members_of(const json_t *object, const char *name) {
    // jansson's iterators take a mutable object but do not change it.
    json_t *walked = (json_t *)(uintptr_t)object;
    return (struct json_members){walked, name, json_object_iter(walked)};
}

json_t *json_members_next(struct json_members *members) {
    json_t *found = NULL;
    for (; members->at != NULL && found == NULL; members->at = json_object_iter_next(members->object, members->at)) {
        const char *name = json_object_iter_key(members->at);
        // As a C string, a name with a NUL would be truncated.
        if (text_equal_nocase(json_key(name), members->name) && strlen(name) == json_object_iter_key_len(members->at))
            found = json_object_iter_value(members->at);
    }
    return found;
}

json_t *json_member(const json_t *object, const char *name) {
    json_t *found = NULL, *next;
    struct json_members members = json_members_of(object, name);
    while ((next = json_members_next(&members)) != NULL)
        found = next;
    return json_is_null(found) ? NULL : found;
}

// A null leaves a string, number or boolean as it is.
static const json_t *next_scalar(struct json_members *members) {
    const json_t *member;
    do
        member = json_members_next(members);
    while (json_is_null(member));
    return member;
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
    bool may_have_nul;
};

static bool fail_field(const struct json_field *field, const char *found, const char *type, struct error *err) {
    return error_set(err, ERROR_BAD_REQUEST, "json: cannot unmarshal %s into Go struct field %s.%s of type %s", found,
                     structure_name(field->what), field->name, type);
}

static bool take_text(const json_t *value, const struct json_field *field, const char **text, struct error *err) {
    if (!json_is_string(value))
        return fail_field(field, kind_name(value), "string", err);
    bool is_cut = strlen(json_string_value(value)) != json_string_length(value);
    if (is_cut || (!field->may_have_nul && text_has_nul(json_string_value(value))))
        return fail_field(field, "string with a NUL character", "string", err);
    *text = json_string_value(value);
    return true;
}

static bool get_string(const json_t *object, const struct json_field *field, const char **value, struct error *err) {
    struct json_members members = json_members_of(object, field->name);
    const char *last = *value;
    for (const json_t *member; (member = next_scalar(&members)) != NULL;) {
        if (!take_text(member, field, &last, err))
            return false;
    }
    *value = last;
    return true;
}

bool json_get_string(const json_t *object, const char *what, const char *name, const char **value, struct error *err) {
    return get_string(object, &(struct json_field){what, name, false}, value, err);
}

bool json_get_text(const json_t *object, const char *what, const char *name, const char **value, struct error *err) {
    return get_string(object, &(struct json_field){what, name, true}, value, err);
}

bool json_get_bool(const json_t *object, const char *what, const char *name, bool *value, struct error *err) {
    struct json_members members = json_members_of(object, name);
    const json_t *last = NULL;
    for (const json_t *member; (member = next_scalar(&members)) != NULL; last = member) {
        if (!json_is_boolean(member))
            return fail_field(&(struct json_field){what, name, false}, kind_name(member), "bool", err);
    }
    if (last != NULL)
        *value = json_is_true(last);
    return true;
}

static bool check_int(const json_t *member, const struct json_field *field, struct error *err) {
    if (json_is_integer(member))
        return true;
    if (!json_is_real(member))
        return fail_field(field, kind_name(member), "int", err);
    char number[REAL_TEXT_SIZE];
    real_format(json_real_value(member), -6, 21, 1, number);
    AUTO_FREE char *found = memory_printf("number %s", number);
    return fail_field(field, found, "int", err);
}

bool json_get_int(const json_t *object, const char *what, const char *name, int64_t *value, struct error *err) {
    struct json_members members = json_members_of(object, name);
    const json_t *last = NULL;
    for (const json_t *member; (member = next_scalar(&members)) != NULL; last = member) {
        if (!check_int(member, &(struct json_field){what, name, false}, err))
            return false;
    }
    if (last != NULL)
        *value = json_integer_value(last);
    return true;
}

// The member, an array or an object; NULL if it is absent.
static bool get_collection(const json_t *object, const struct json_field *field, const char *type, json_type kind,
                           const json_t **value, struct error *err) {
    struct json_members members = json_members_of(object, field->name);
    const json_t *last = NULL;
    for (const json_t *member; (member = json_members_next(&members)) != NULL; last = member) {
        if (json_typeof(member) != kind && !json_is_null(member))
            return fail_field(field, kind_name(member), type, err);
    }
    if (last != NULL && !json_is_null(last))
        *value = last;
    return true;
}

bool json_get_array(const json_t *object, const char *what, const char *name, const char *type, const json_t **value,
                    struct error *err) {
    return get_collection(object, &(struct json_field){what, name, false}, type, JSON_ARRAY, value, err);
}

bool json_get_object(const json_t *object, const char *what, const char *name, const char *type, const json_t **value,
                     struct error *err) {
    return get_collection(object, &(struct json_field){what, name, false}, type, JSON_OBJECT, value, err);
}

static bool take_texts(const json_t *array, const struct json_field *field, struct text_list *texts,
                       struct error *err) {
    text_list_clear(texts);
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *item = json_array_get(array, i);
        const char *text = "";
        if (!json_is_null(item) && !take_text(item, field, &text, err))
            return false;
        text_list_add(texts, text);
    }
    return true;
}

static bool get_strings(const json_t *object, const struct json_field *field, struct text_list *value,
                        struct error *err) {
    struct json_members members = json_members_of(object, field->name);
    AUTO_TEXT_LIST struct text_list texts = {0};
    bool is_there = false;
    for (const json_t *member; (member = json_members_next(&members)) != NULL;) {
        is_there = !json_is_null(member);
        if (!is_there)
            continue;
        if (!json_is_array(member))
            return fail_field(field, kind_name(member), "[]string", err);
        if (!take_texts(member, field, &texts, err))
            return false;
    }
    if (is_there)
        text_list_copy(value, &texts);
    return true;
}

bool json_get_strings(const json_t *object, const char *what, const char *name, struct text_list *value,
                      struct error *err) {
    return get_strings(object, &(struct json_field){what, name, false}, value, err);
}

bool json_get_texts(const json_t *object, const char *what, const char *name, struct text_list *value,
                    struct error *err) {
    return get_strings(object, &(struct json_field){what, name, true}, value, err);
}

static bool take_map(json_t *member, const struct json_field *field, struct map *value, struct error *err) {
    const char *key = NULL, *text = NULL;
    size_t length = 0;
    json_t *item = NULL;
    json_object_keylen_foreach(member, key, length, item) {
        if (strlen(key) != length || text_has_nul(key))
            return fail_field(field, "string with a NUL character", "string", err);
        if (!json_is_null(item) && !take_text(item, field, &text, err))
            return false;
    }
    json_object_foreach(member, key, item) {
        map_set(value, json_key(key), memory_string(json_is_null(item) ? "" : json_string_value(item)));
    }
    return true;
}

bool json_get_string_map(const json_t *object, const char *what, const char *name, struct map *value,
                         struct error *err) {
    const struct json_field field = {what, name, false};
    struct json_members members = json_members_of(object, name);
    AUTO_MAP struct map read = MAP_INIT(free);
    for (json_t *member; (member = json_members_next(&members)) != NULL;) {
        if (json_is_null(member)) {
            map_finish(&read);
            continue;
        }
        if (!json_is_object(member))
            return fail_field(&field, kind_name(member), "map[string]string", err);
        if (!take_map(member, &field, &read, err))
            return false;
    }
    for (struct map_entry *entry = map_first(&read); entry != NULL; entry = map_next(&read, entry))
        map_set(value, entry->key, memory_string(entry->value));
    return true;
}

void json_add_plain(struct buffer *out, const json_t *string) {
    const char *text = json_string_value(string);
    size_t length = json_string_length(string), mark = strlen(TEXT_NUL);
    for (const char *nul; (nul = memmem(text, length, TEXT_NUL, mark)) != NULL; text = nul + mark) {
        text_add_without_nul(out, text, (size_t)(nul - text));
        utf8_add_code_point(out, 0xFFFD);
        length -= (size_t)(nul - text) + mark;
    }
    text_add_without_nul(out, text, length);
}
