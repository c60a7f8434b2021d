// SPDX-License-Identifier: LGPL-3.0-or-later
// Making directories, removing files. Declared in pebble.h.
#include "client/files_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "client/blocking_internal.h"
#include "client/errors.h"
#include "client/fields_internal.h"
#include "client/options_internal.h"
#include "client/query_internal.h"

// --- what is asked for ---

const char *client_permissions_text(uint32_t permissions, char text[CLIENT_PERMISSIONS_SIZE]) {
    if (permissions == 0)
        return NULL;
    (void)snprintf(text, CLIENT_PERMISSIONS_SIZE, "%03" PRIo32, permissions);
    return text;
}

bool client_file_spec_check(const struct client_file_spec *spec, struct pebble_error *error) {
    return client_options_check_text("path", spec->path, error) &&
           client_options_check_text("user", spec->user, error) &&
           client_options_check_text("group", spec->group, error);
}

void client_file_spec_write(const struct client_file_spec *spec, const char *parents_key, struct json_writer *writer) {
    json_writer_begin_object(writer);
    json_writer_member_string(writer, "path", spec->path);
    if (spec->makes_parents)
        json_writer_member_bool(writer, parents_key, true);
    client_options_write_text(writer, "permissions", spec->permissions);
    client_options_write_number(writer, "user-id", spec->user_id);
    client_options_write_text(writer, "user", spec->user);
    client_options_write_number(writer, "group-id", spec->group_id);
    client_options_write_text(writer, "group", spec->group);
    json_writer_end_object(writer);
}

// --- the result ---

static bool fail_path(const json_t *failure, struct pebble_error *error) {
    struct client_fields fields;
    AUTO_ERROR struct error cause = {0};
    if (!client_fields_init(&fields, failure, &cause))
        return client_fail_because(error, "", &cause);
    AUTO_FREE char *message = client_fields_text(&fields, "message");
    AUTO_FREE char *kind = client_fields_text_or_null(&fields, "kind");
    client_fail(error, PEBBLE_ERROR_PATH, "%s", text_is_empty(message) ? "unknown error" : message);
    if (error != NULL)
        error->api_kind = TAKE(kind);
    return false;
}

bool client_path_result_check(const struct client_response *response, struct pebble_error *error) {
    size_t count = json_array_size(response->result); // 0 also for another kind of value
    if (count != 1)
        return client_fail(error, PEBBLE_ERROR_PROTOCOL, "expected exactly one result from API, got %zu", count);
    const json_t *result = json_array_get(response->result, 0);
    struct client_fields fields;
    AUTO_ERROR struct error cause = {0};
    if (!client_fields_init(&fields, result, &cause))
        return client_fail_because(error, "", &cause);
    free(client_fields_text(&fields, "path")); // only its type is checked
    if (error_is_set(&cause))
        return client_fail_because(error, "", &cause);
    const json_t *failure = json_member(result, "error");
    return failure == NULL || fail_path(failure, error);
}

// The path is the one that was asked for: that there is a result without an error means success.
static void *read_path_result(struct client_response *response, struct pebble_error *error) {
    return client_path_result_check(response, error) ? memory_new(0) : NULL;
}

static const struct client_result_type path_result = {free};
static const struct client_query_type path_query = {CLIENT_RESPONSE_SYNC, &path_result, read_path_result};

static bool start(struct pebble_client *client, const struct buffer *body, struct pebble_call **call,
                  struct pebble_error *error) {
    const struct client_request request = {
        .method = "POST", .target = "/v1/files", .body = buffer_text(body), .body_length = body->length};
    return client_query_start(client, &request, &path_query, call, error);
}

// --- directories ---

static bool call_make(struct pebble_client *client, const struct client_file_spec *spec, struct pebble_call **call,
                      struct pebble_error *error) {
    AUTO_BUFFER struct buffer body = BUFFER_INIT(BUFFER_NO_LIMIT);
    struct json_writer writer;
    json_writer_init(&writer, &body, false);
    json_writer_begin_object(&writer);
    json_writer_member_string(&writer, "action", "make-dirs");
    json_writer_key(&writer, "dirs");
    json_writer_begin_array(&writer);
    client_file_spec_write(spec, "make-parents", &writer);
    json_writer_end_array(&writer);
    json_writer_end_object(&writer);
    return start(client, &body, call, error);
}

bool pebble_call_make_directory(struct pebble_client *client, const struct pebble_directory_options *options,
                                struct pebble_call **call, struct pebble_error *error) {
    struct pebble_directory_options own;
    char permissions[CLIENT_PERMISSIONS_SIZE];
    if (!client_options_read(&own, sizeof own, options, error) ||
        !client_options_check_flags(own.flags, PEBBLE_DIRECTORY_MAKE_PARENTS, error))
        return false;
    if (own.path == NULL)
        return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot use options: no path");
    const struct client_file_spec spec = {
        .path = own.path,
        .makes_parents = (own.flags & PEBBLE_DIRECTORY_MAKE_PARENTS) != 0,
        .permissions = client_permissions_text(own.permissions, permissions),
        .user_id = own.user_id,
        .user = own.user,
        .group_id = own.group_id,
        .group = own.group,
    };
    return client_file_spec_check(&spec, error) && call_make(client, &spec, call, error);
}

bool pebble_make_directory(struct pebble_client *client, const struct pebble_directory_options *options,
                           struct pebble_error *error) {
    AUTO_CALL struct pebble_call *call = NULL;
    return pebble_call_make_directory(client, options, &call, error) && client_run(call, NULL, NULL, error);
}

// --- removal ---

bool pebble_call_remove_path(struct pebble_client *client, const char *path, uint64_t flags, struct pebble_call **call,
                             struct pebble_error *error) {
    AUTO_BUFFER struct buffer body = BUFFER_INIT(BUFFER_NO_LIMIT);
    struct json_writer writer;
    if (!client_options_check_flags(flags, PEBBLE_REMOVE_RECURSIVE, error) ||
        !client_options_check_text("path", path, error))
        return false;
    json_writer_init(&writer, &body, false);
    json_writer_begin_object(&writer);
    json_writer_member_string(&writer, "action", "remove");
    json_writer_key(&writer, "paths");
    json_writer_begin_array(&writer);
    json_writer_begin_object(&writer);
    json_writer_member_string(&writer, "path", path);
    if ((flags & PEBBLE_REMOVE_RECURSIVE) != 0)
        json_writer_member_bool(&writer, "recursive", true);
    json_writer_end_object(&writer);
    json_writer_end_array(&writer);
    json_writer_end_object(&writer);
    return start(client, &body, call, error);
}

bool pebble_remove_path(struct pebble_client *client, const char *path, uint64_t flags, struct pebble_error *error) {
    AUTO_CALL struct pebble_call *call = NULL;
    return pebble_call_remove_path(client, path, flags, &call, error) && client_run(call, NULL, NULL, error);
}
