// SPDX-License-Identifier: LGPL-3.0-or-later
// Lists of files. Declared in pebble.h.
#include "client/query_internal.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "client/blocking_internal.h"
#include "client/errors.h"
#include "client/fields_internal.h"
#include "client/options_internal.h"

#define NOT_FOUND 404
#define PERMISSIONS_MASK 0777U
#define PERMISSIONS_DIGITS_MAX 10

// --- one file ---

struct pebble_file {
    char *path;
    char *name;
    char *type;
    char *last_modified_text;
    char *user; // NULL: unknown
    char *group;
    int64_t size; // -1: none
    int64_t last_modified;
    int64_t user_id; // -1: unknown
    int64_t group_id;
    uint32_t permissions;
};

static void finish_file(struct pebble_file *file) {
    free(file->path);
    free(file->name);
    free(file->type);
    free(file->last_modified_text);
    free(file->user);
    free(file->group);
}

// What is not octal is refused.
static bool read_permissions(const char *text, uint32_t *permissions) {
    uint32_t value = 0;
    size_t length = 0;
    for (; text[length] >= '0' && text[length] <= '7'; length++)
        value = value << 3 | (uint32_t)(text[length] - '0');
    if (text[length] != '\0' || length == 0 || length > PERMISSIONS_DIGITS_MAX)
        return false;
    *permissions = value & PERMISSIONS_MASK;
    return true;
}

// -1: absent, or null.
static int64_t number_or_none(struct client_fields *fields, const char *name, int64_t max) {
    if (json_member(fields->object, name) == NULL)
        return -1;
    int64_t number = client_fields_int(fields, name);
    return number >= 0 && number <= max ? number : -1;
}

static void read_file(const json_t *value, void *item, struct error *err) {
    struct pebble_file *file = item;
    struct client_fields fields;
    if (!client_fields_init(&fields, value, err))
        return;
    file->path = client_fields_text(&fields, "path");
    file->name = client_fields_text(&fields, "name");
    file->type = client_fields_text(&fields, "type");
    file->size = number_or_none(&fields, "size", INT64_MAX);
    file->user_id = number_or_none(&fields, "user-id", UINT32_MAX);
    file->user = client_fields_text_or_null(&fields, "user");
    file->group_id = number_or_none(&fields, "group-id", UINT32_MAX);
    file->group = client_fields_text_or_null(&fields, "group");
    file->last_modified = client_fields_time(&fields, "last-modified", &file->last_modified_text);
    AUTO_FREE char *permissions = client_fields_text(&fields, "permissions");
    if (!read_permissions(permissions, &file->permissions) && !error_is_set(err)) {
        AUTO_FREE char *name = client_quoted(file->name);
        AUTO_FREE char *quoted = client_quoted(permissions);
        error_set(err, ERROR_INTERNAL, "remote file %s has invalid permission bits: %s", name, quoted);
    }
}

const char *pebble_file_path(const struct pebble_file *file) {
    return file->path;
}

const char *pebble_file_name(const struct pebble_file *file) {
    return file->name;
}

const char *pebble_file_type(const struct pebble_file *file) {
    return file->type;
}

bool pebble_file_size(const struct pebble_file *file, int64_t *size) {
    if (file->size >= 0 && size != NULL)
        *size = file->size;
    return file->size >= 0;
}

uint32_t pebble_file_permissions(const struct pebble_file *file) {
    return file->permissions;
}

int64_t pebble_file_last_modified_ns(const struct pebble_file *file, const char **text) {
    if (text != NULL)
        *text = file->last_modified_text;
    return file->last_modified;
}

static bool get_id(int64_t known, uint32_t *id) {
    if (known >= 0 && id != NULL)
        *id = (uint32_t)known;
    return known >= 0;
}

bool pebble_file_user_id(const struct pebble_file *file, uint32_t *user_id) {
    return get_id(file->user_id, user_id);
}

bool pebble_file_group_id(const struct pebble_file *file, uint32_t *group_id) {
    return get_id(file->group_id, group_id);
}

const char *pebble_file_user(const struct pebble_file *file) {
    return file->user;
}

const char *pebble_file_group(const struct pebble_file *file) {
    return file->group;
}

// --- the list ---

struct pebble_files {
    struct pebble_file *items;
    size_t count;
};

void pebble_files_destroy(struct pebble_files *files) {
    if (files == NULL)
        return;
    for (size_t i = 0; i < files->count; i++)
        finish_file(&files->items[i]);
    free(files->items);
    free(files);
}

size_t pebble_files_count(const struct pebble_files *files) {
    return files->count;
}

const struct pebble_file *pebble_files_at(const struct pebble_files *files, size_t index) {
    return index < files->count ? &files->items[index] : NULL;
}

static void destroy_files(void *result) {
    pebble_files_destroy(result);
}

static void *read_files(struct client_response *response, struct pebble_error *error) {
    AUTO_ERROR struct error cause = {0};
    struct pebble_files *files = memory_new(sizeof *files);
    files->items = client_json_items(response->result, sizeof *files->items, read_file, &files->count, &cause);
    if (!error_is_set(&cause))
        return files;
    client_fail_because(error, "", &cause);
    pebble_files_destroy(files);
    return NULL;
}

static const struct client_result_type files_result = {destroy_files};
static const struct client_query_type files_query = {CLIENT_RESPONSE_SYNC, &files_result, read_files};

bool pebble_call_list_files(struct pebble_client *client, const char *path, const struct pebble_list_options *options,
                            struct pebble_call **call, struct pebble_error *error) {
    struct pebble_list_options own;
    AUTO_BUFFER struct buffer target = BUFFER_INIT(BUFFER_NO_LIMIT);
    if (!client_options_read(&own, sizeof own, options, error) ||
        !client_options_check_flags(own.flags, PEBBLE_LIST_ITSELF, error))
        return false;
    buffer_add_string(&target, "/v1/files");
    client_add_query(&target, "action", &(const char *){"list"}, 1);
    client_add_query(&target, "itself", &(const char *){"true"}, (own.flags & PEBBLE_LIST_ITSELF) != 0 ? 1 : 0);
    client_add_query(&target, "path", &path, 1);
    client_add_query(&target, "pattern", &own.pattern, text_is_empty(own.pattern) ? 0 : 1);
    const struct client_request request = {.method = "GET", .target = buffer_text(&target)};
    return client_query_start(client, &request, &files_query, call, error);
}

struct pebble_files *pebble_call_take_files(struct pebble_call *call) {
    return client_call_take_result(call, &files_result);
}

bool pebble_list_files(struct pebble_client *client, const char *path, const struct pebble_list_options *options,
                       struct pebble_files **files, struct pebble_error *error) {
    AUTO_CALL struct pebble_call *call = NULL;
    if (!pebble_call_list_files(client, path, options, &call, error) || !client_run(call, NULL, NULL, error))
        return false;
    *files = pebble_call_take_files(call);
    return true;
}

// --- what is there ---

// *type: "" if there is nothing. Owned.
static bool find_type(struct pebble_client *client, const char *path, char **type, struct pebble_error *error) {
    const struct pebble_list_options options = {.size = sizeof options, .flags = PEBBLE_LIST_ITSELF};
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    struct pebble_files *files = NULL;
    if (!pebble_list_files(client, path, &options, &files, &failure)) {
        if (failure.kind != PEBBLE_ERROR_API || failure.status != NOT_FOUND)
            return client_fail_move(error, &failure);
        *type = memory_string("");
        return true;
    }
    bool is_one = files->count == 1;
    if (is_one)
        *type = memory_string(files->items[0].type);
    pebble_files_destroy(files);
    return is_one || client_fail(error, PEBBLE_ERROR_PROTOCOL, "expected exactly one file from API");
}

bool pebble_file_exists(struct pebble_client *client, const char *path, bool *exists, struct pebble_error *error) {
    AUTO_FREE char *type = NULL;
    if (!find_type(client, path, &type, error))
        return false;
    *exists = !text_is_empty(type);
    return true;
}

bool pebble_is_directory(struct pebble_client *client, const char *path, bool *is_directory,
                         struct pebble_error *error) {
    AUTO_FREE char *type = NULL;
    if (!find_type(client, path, &type, error))
        return false;
    *is_directory = text_equal(type, "directory");
    return true;
}
