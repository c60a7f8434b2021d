// SPDX-License-Identifier: GPL-3.0-or-later
// /v1/files: listing, making directories, removing. Reading and writing have files of their own.
#include "api/api_internal.h"

#include <string.h>

#include "api/body_internal.h"
#include "api/file_items_internal.h"
#include "api/response_internal.h"
#include "base/file.h"
#include "base/memory.h"
#include "files/file_batch.h"
#include "files/file_list.h"
#include "wire/media_type.h"

#define BOUNDARY_BYTES_MIN 32

// --- listing ---

static void destroy_list(void *list) {
    file_list_destroy(list);
}

static void on_files_listed(const struct buffer *entries, const struct error *err, void *data) {
    if (err == NULL)
        api_respond_result(data, entries);
    else
        api_respond_error(data, err);
}

static void list_files(struct api_call *call) {
    const struct url_query *query = api_query(call);
    const char *itself = url_query_first(query, "itself");
    const struct file_list_spec spec = {.path = url_query_first(query, "path"),
                                        .pattern = url_query_first(query, "pattern"),
                                        .is_itself = text_equal(itself, "true")};
    if (text_is_empty(spec.path)) {
        api_respond_failure(call, ERROR_BAD_REQUEST, "must specify path");
    } else if (!text_is_empty(itself) && !spec.is_itself && !text_equal(itself, "false")) {
        api_respond_failure(call, ERROR_BAD_REQUEST, "itself parameter must be \"true\" or \"false\"");
    } else if (!path_is_absolute(spec.path)) {
        AUTO_FREE char *quoted = text_quoted(spec.path);
        api_respond_failure(call, ERROR_BAD_REQUEST, "path must be absolute, got %s", quoted);
    } else {
        call_keep(call, file_list_start(call->api->spec.files, &spec, on_files_listed, call), destroy_list);
    }
}

static void refuse_action(struct api_call *call, const char *action) {
    AUTO_FREE char *quoted = text_quoted(action != NULL ? action : "");
    api_respond_failure(call, ERROR_BAD_REQUEST, "invalid action %s", quoted);
}

void api_get_files(struct api_call *call) {
    const char *action = url_query_first(api_query(call), "action");
    if (text_equal(action, "read"))
        api_read_files(call);
    else if (text_equal(action, "list"))
        list_files(call);
    else
        refuse_action(call, action);
}

// --- making directories, removing ---

static void destroy_batch(void *batch) {
    file_batch_destroy(batch);
}

static void on_batch_done(struct file_batch *batch, void *data) {
    AUTO_BUFFER struct buffer result = BUFFER_INIT(BUFFER_NO_LIMIT);
    struct json_writer writer;
    json_writer_init(&writer, &result, true);
    json_writer_begin_array(&writer);
    for (size_t i = 0; i < file_batch_count(batch); i++)
        file_item_write_result(&writer, file_batch_path(batch, i), file_batch_error(batch, i));
    json_writer_end_array(&writer);
    api_respond_result(data, &result);
}

// Without a batch the items are only examined.
static bool add_directories(struct file_batch *batch, const json_t *items, struct error *err) {
    static const char what[] = "daemon.makeDirsItem";
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *value = json_array_get(items, i);
        struct file_item item;
        bool makes_parents = false;
        if (!file_item_read(value, what, &item, err) ||
            !json_get_bool(value, what, "make-parents", &makes_parents, err))
            return false;
        const struct file_directory directory = {
            .path = item.path, .permissions = item.permissions, .owner = item.owner, .makes_parents = makes_parents};
        if (batch != NULL)
            file_batch_add_directory(batch, &directory);
    }
    return true;
}

static bool add_removals(struct file_batch *batch, const json_t *items, struct error *err) {
    static const char what[] = "daemon.removePathsItem";
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *value = json_array_get(items, i);
        const char *path = "";
        bool is_recursive = false;
        if (!json_is_object_or_null(value, what, err) || !json_get_string(value, what, "path", &path, err) ||
            !json_get_bool(value, what, "recursive", &is_recursive, err))
            return false;
        if (batch != NULL)
            file_batch_add_removal(batch, path, is_recursive);
    }
    return true;
}

struct items_request {
    const char *action;
    const json_t *directories, *paths;
};

static bool read_request(const json_t *body, struct items_request *request, struct error *err) {
    *request = (struct items_request){.action = ""};
    return json_get_text(body, "struct {}", "action", &request->action, err) &&
           json_get_array(body, "struct {}", "dirs", "[]daemon.makeDirsItem", &request->directories, err) &&
           json_get_array(body, "struct {}", "paths", "[]daemon.removePathsItem", &request->paths, err) &&
           file_items_check_count(json_array_size(request->directories) + json_array_size(request->paths), err);
}

// Adds what the action is about. The items of the other action have to be well-formed too, as in the reference.
static bool add_items(struct file_batch *batch, const struct items_request *request, struct error *err) {
    bool is_removal = text_equal(request->action, "remove");
    return add_directories(is_removal ? NULL : batch, request->directories, err) &&
           add_removals(is_removal ? batch : NULL, request->paths, err);
}

static void start_batch(struct api_call *call, const struct items_request *request) {
    struct file_batch *batch = file_batch_create(call->api->spec.files);
    AUTO_ERROR struct error err = {0};
    call_keep(call, batch, destroy_batch);
    if (add_items(batch, request, &err))
        file_batch_start(batch, on_batch_done, call);
    else
        api_respond_decode_error(call, &err);
}

static void refuse_other_action(struct api_call *call, const struct items_request *request) {
    AUTO_ERROR struct error err = {0};
    if (!add_directories(NULL, request->directories, &err) || !add_removals(NULL, request->paths, &err))
        api_respond_decode_error(call, &err);
    else if (text_equal(request->action, "write"))
        api_respond_failure(call, ERROR_BAD_REQUEST, "must use multipart with \"write\" action");
    else
        refuse_action(call, request->action);
}

static void on_files_body(struct api_call *call, const json_t *body) {
    struct items_request request;
    AUTO_ERROR struct error err = {0};
    if (!read_request(body, &request, &err))
        api_respond_decode_error(call, &err);
    else if (text_equal(request.action, "make-dirs") || text_equal(request.action, "remove"))
        start_batch(call, &request);
    else
        refuse_other_action(call, &request);
}

// --- the content type decides ---

static void refuse(struct api_call *call, const char *what, const char *value) {
    AUTO_FREE char *quoted = text_quoted(value != NULL ? value : "");
    api_respond_failure(call, ERROR_BAD_REQUEST, "invalid %s %s", what, quoted);
}

void api_post_files(struct api_call *call) {
    const char *header = http_head_get(http_exchange_head(call->exchange), "Content-Type");
    AUTO_MEDIA_TYPE struct media_type media_type = {0};
    if (!media_type_parse(header != NULL ? header : "", &media_type)) {
        refuse(call, "Content-Type", header);
    } else if (text_equal(media_type.type, "application/json")) {
        api_read_json(call, "cannot decode request body", on_files_body);
    } else if (!text_equal(media_type.type, "multipart/form-data")) {
        refuse(call, "media type", media_type.type);
    } else {
        const char *boundary = media_type_get(&media_type, "boundary");
        if (boundary == NULL || strlen(boundary) < BOUNDARY_BYTES_MIN)
            refuse(call, "boundary", boundary);
        else
            api_write_files(call, boundary);
    }
}
