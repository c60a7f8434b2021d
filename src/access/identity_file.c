// SPDX-License-Identifier: GPL-3.0-or-later
#include "access/identity_file.h"

#include "base/file.h"
#include "base/memory.h"
#include "data/json.h"
#include "data/yaml.h"

static const struct yaml_limits limits = {.size_bytes = IDENTITY_FILE_BYTES_MAX, .depth = 20, .nodes = 200000};

static bool fail_type(const struct yaml_node *node, const char *type, struct error *err) {
    AUTO_FREE char *found = yaml_describe(node);
    return error_set(err, ERROR_BAD_REQUEST, "yaml: unmarshal errors:\n  line %d: cannot unmarshal %s into %s",
                     yaml_line(node), found, type);
}

// A member of a map. NULL if it is absent or null.
static const struct yaml_node *find(const struct yaml_node *map, const char *name) {
    const struct yaml_node *node = yaml_member(map, name);
    return node != NULL && yaml_kind(node) != YAML_NULL ? node : NULL;
}

static bool add_text(const struct yaml_node *map, const char *name, json_t *object, struct error *err) {
    const struct yaml_node *node = find(map, name);
    if (node == NULL)
        return true;
    json_t *text = yaml_text(node) != NULL ? json_string(yaml_text(node)) : NULL;
    if (text == NULL)
        return fail_type(node, "string", err);
    (void)json_object_set_new(object, name, text);
    return true;
}

static bool add_user_id(const struct yaml_node *map, const char *name, json_t *object, struct error *err) {
    const struct yaml_node *node = find(map, name);
    int64_t user_id;
    if (node == NULL)
        return true;
    if (!yaml_int64(node, &user_id) || user_id < 0 || user_id > UINT32_MAX)
        return fail_type(node, "uint32", err);
    (void)json_object_set_new(object, name, json_integer(user_id));
    return true;
}

static bool add_types(const struct yaml_node *map, json_t *object, struct error *err) {
    static const struct {
        const char *name, *member;
        bool (*add)(const struct yaml_node *map, const char *name, json_t *object, struct error *err);
    } types[] = {
        {"local", "user-id", add_user_id},
        {"basic", "password", add_text},
        {"cert", "pem", add_text},
    };
    for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
        const struct yaml_node *type = find(map, types[i].name);
        if (type == NULL)
            continue;
        if (yaml_kind(type) != YAML_MAP)
            return fail_type(type, "map", err);
        json_t *value = json_object();
        (void)json_object_set_new(object, types[i].name, value);
        if (!types[i].add(type, types[i].member, value, err))
            return false;
    }
    return true;
}

static bool add_identity(const struct yaml_node *key, const struct yaml_node *node, json_t *identities,
                         struct error *err) {
    AUTO_JSON json_t *identity = yaml_kind(node) == YAML_NULL ? json_null() : json_object();
    if (json_is_object(identity)) {
        if (yaml_kind(node) != YAML_MAP)
            return fail_type(node, "map", err);
        if (!add_text(node, "access", identity, err) || !add_types(node, identity, err))
            return false;
    }
    return json_object_set(identities, yaml_text(key), identity) == 0 || fail_type(key, "string", err);
}

static bool convert(const struct yaml_node *root, json_t *identities, struct error *err) {
    if (root == NULL || yaml_kind(root) == YAML_NULL)
        return true;
    if (yaml_kind(root) != YAML_MAP)
        return fail_type(root, "map", err);
    const struct yaml_node *map = find(root, "identities");
    if (map == NULL)
        return true;
    if (yaml_kind(map) != YAML_MAP)
        return fail_type(map, "map", err);
    if (!yaml_check_keys(map, err))
        return false;
    for (size_t i = 0; i < yaml_count(map); i++) {
        if (!add_identity(yaml_key(map, i), yaml_value(map, i), identities, err))
            return false;
    }
    return true;
}

bool identity_file_parse(const char *text, size_t length, json_t **identities, struct error *err) {
    AUTO_YAML struct yaml_document *document = NULL;
    AUTO_JSON json_t *made = json_object();
    if (!yaml_parse(text, length, &limits, &document, err) || !convert(yaml_root(document), made, err))
        return error_prefix(err, "cannot unmarshal identities: ");
    // The message is the same for all commands, as in the reference.
    if (json_object_size(made) == 0)
        return error_set(err, ERROR_BAD_REQUEST,
                         "no identities to add; did you forget the top-level \"identities\" key?");
    *identities = TAKE(made);
    return true;
}

bool identity_file_read(const char *path, json_t **identities, struct error *err) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(IDENTITY_FILE_BYTES_MAX);
    return file_read(path, &text, err) && identity_file_parse(buffer_text(&text), text.length, identities, err);
}
