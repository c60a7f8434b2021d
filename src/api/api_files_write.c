// SPDX-License-Identifier: GPL-3.0-or-later
// POST /v1/files with a multipart body: the part "request", which describes the files, then a part "files" for each.
// Declared in api/api_internal.h.
//
// The parts are handled one after the other. While a file is being put in its place, or its writer has enough to do,
// the body is paused. After a refusal the rest of the body is dropped before the response is sent, so that a client
// that writes all of it first reads the response.
#include "api/api_internal.h"

#include <stdlib.h>

#include "api/file_items_internal.h"
#include "api/response_internal.h"
#include "base/log.h"
#include "base/map.h"
#include "base/memory.h"
#include "files/file_writer.h"
#include "http/http_body.h"
#include "wire/multipart.h"

#define METADATA_LIMIT_BYTES ((size_t)4194304)
#define WHAT "daemon.writeFilesItem"

enum upload_state {
    UPLOAD_STARTING, // before the first part
    UPLOAD_METADATA, // in the part "request"
    UPLOAD_BETWEEN,  // before the next part
    UPLOAD_FILE,     // in a part "files"
    UPLOAD_PLACING,  // its content is complete
    UPLOAD_COMPLETE, // the last boundary was read
    UPLOAD_REFUSED,
};

struct upload_file {
    struct file_item item; // its strings are those of the metadata
    bool makes_directories;
    bool has_content;
    struct error err;
};

struct upload {
    struct api_call *call;
    enum upload_state state;
    struct multipart_reader reader;
    struct buffer metadata_text;
    json_t *metadata;
    struct upload_file *files;
    size_t file_count;
    struct map by_path;          // struct upload_file: the last with the path
    struct upload_file *current; // of the part
    struct file_writer *writer;  // for the part; NULL if there is none
    size_t part_count;           // of file parts that have begun
    struct buffer kept;          // input while the body is paused
    struct error refusal;
};

static void upload_destroy(void *data) {
    struct upload *upload = data;
    file_writer_destroy(upload->writer);
    multipart_reader_finish(&upload->reader);
    buffer_finish(&upload->metadata_text);
    buffer_finish(&upload->kept);
    map_finish(&upload->by_path);
    for (size_t i = 0; i < upload->file_count; i++)
        error_clear(&upload->files[i].err);
    free(upload->files);
    json_decref(upload->metadata);
    error_clear(&upload->refusal);
    free(upload);
}

// Keeps the reason, for the end of the body.
static void refuse(struct upload *upload) {
    upload->state = UPLOAD_REFUSED;
    file_writer_destroy(upload->writer);
    upload->writer = NULL;
}

static void refuse_value(struct upload *upload, const char *what, const char *value) {
    AUTO_FREE char *quoted = text_quoted(value);
    error_set(&upload->refusal, ERROR_BAD_REQUEST, "%s %s", what, quoted);
    refuse(upload);
}

// --- metadata ---

static bool read_files(struct upload *upload, const json_t *files, struct error *err) {
    upload->files = memory_new_array(json_array_size(files), sizeof *upload->files);
    upload->file_count = json_array_size(files);
    for (size_t i = 0; i < upload->file_count; i++) {
        struct upload_file *file = &upload->files[i];
        const json_t *value = json_array_get(files, i);
        if (!file_item_read(value, WHAT, &file->item, err) ||
            !json_get_bool(value, WHAT, "make-dirs", &file->makes_directories, err))
            return false;
        map_set(&upload->by_path, file->item.path, file);
    }
    return true;
}

static bool decode_metadata(struct upload *upload, const char **action, struct error *err) {
    const struct buffer *text = &upload->metadata_text;
    const json_t *files = NULL;
    return json_read_request(buffer_text(text), text->length, &upload->metadata, err) &&
           json_is_object_or_null(upload->metadata, "struct {}", err) &&
           json_get_text(upload->metadata, "struct {}", "action", action, err) &&
           json_get_array(upload->metadata, "struct {}", "files", "[]" WHAT, &files, err) &&
           file_items_check_count(json_array_size(files), err) && read_files(upload, files, err);
}

static void take_metadata(struct upload *upload) {
    const char *action = "";
    upload->state = UPLOAD_BETWEEN;
    if (!decode_metadata(upload, &action, &upload->refusal)) {
        (void)error_prefix(&upload->refusal, "cannot decode request metadata: ");
        refuse(upload);
    } else if (!text_equal(action, "write")) {
        refuse_value(upload, "multipart action must be \"write\", got", action);
    } else if (upload->file_count == 0) {
        error_set(&upload->refusal, ERROR_BAD_REQUEST, "must specify one or more files");
        refuse(upload);
    }
    buffer_finish(&upload->metadata_text);
}

static void add_metadata(struct upload *upload, const char *bytes, size_t length) {
    buffer_add(&upload->metadata_text, bytes, length);
    http_exchange_count_bytes(upload->call->exchange, upload->metadata_text.capacity);
    if (buffer_is_whole(&upload->metadata_text))
        return;
    error_set(&upload->refusal, ERROR_TOO_LARGE, "request metadata is larger than %zu bytes", METADATA_LIMIT_BYTES);
    refuse(upload);
}

// --- files ---

static void go_on(struct upload *upload);

static void on_writer_drained(struct file_writer *writer UNUSED, void *data) {
    go_on(data);
}

static void on_writer_finished(struct file_writer *writer, const struct error *err, void *data) {
    struct upload *upload = data;
    struct upload_file *file = upload->current;
    error_copy(&file->err, err);
    file->has_content = true;
    file_writer_destroy(writer);
    upload->writer = NULL;
    upload->state = UPLOAD_BETWEEN;
    go_on(upload);
}

static void begin_file(struct upload *upload) {
    static const struct file_writer_handlers handlers = {.on_drained = on_writer_drained,
                                                         .on_finished = on_writer_finished};
    const struct file_item *item = &upload->current->item;
    const struct file_target target = {.path = item->path,
                                       .permissions = item->permissions,
                                       .owner = item->owner,
                                       .makes_directories = upload->current->makes_directories};
    AUTO_FREE char *event = memory_printf("authz_admin:%s,push_file", api_identity(upload->call)->user);
    AUTO_FREE char *words = memory_printf("Pushing file %s", item->path);
    log_security(LOG_SECURITY_WARN, event, words);
    upload->state = UPLOAD_FILE;
    upload->part_count++;
    upload->writer = file_writer_create(upload->call->api->spec.files, &target, &handlers, upload);
}

static void end_file(struct upload *upload) {
    upload->state = UPLOAD_PLACING;
    file_writer_finish(upload->writer);
}

// --- the body ---

static void begin_part(struct upload *upload) {
    const struct multipart_reader *reader = &upload->reader;
    if (upload->state == UPLOAD_STARTING) {
        upload->state = UPLOAD_METADATA;
        if (!text_equal(reader->name, "request"))
            refuse_value(upload, "metadata field name must be \"request\", got", reader->name);
        return;
    }
    upload->current = map_get(&upload->by_path, reader->filename);
    if (!text_equal(reader->name, "files"))
        refuse_value(upload, "field name must be \"files\", got", reader->name);
    else if (upload->current == NULL)
        refuse_value(upload, "no metadata for path", reader->filename);
    else
        begin_file(upload);
}

// `reason`: why no further part can be read.
static void refuse_cut(struct upload *upload, const char *reason) {
    if (upload->state == UPLOAD_STARTING)
        error_set(&upload->refusal, ERROR_BAD_REQUEST, "cannot read request metadata: %s", reason);
    else
        error_set(&upload->refusal, ERROR_BAD_REQUEST, "cannot read file part %zu: %s", upload->part_count, reason);
    refuse(upload);
}

static void end_upload(struct upload *upload) {
    if (upload->state == UPLOAD_STARTING)
        refuse_cut(upload, "EOF");
    else
        upload->state = UPLOAD_COMPLETE;
}

static void take_event(struct upload *upload, enum multipart_event event, const char *data, size_t length) {
    switch (event) {
    case MULTIPART_NEED_MORE:
        break;
    case MULTIPART_PART:
        begin_part(upload);
        break;
    case MULTIPART_DATA:
        if (upload->state == UPLOAD_METADATA)
            add_metadata(upload, data, length);
        else
            file_writer_add(upload->writer, data, length);
        break;
    case MULTIPART_PART_END:
        if (upload->state == UPLOAD_METADATA)
            take_metadata(upload);
        else
            end_file(upload);
        break;
    case MULTIPART_END:
        end_upload(upload);
        break;
    case MULTIPART_FAILED:
        refuse_cut(upload, multipart_reader_reason(&upload->reader));
        break;
    }
}

static bool has_to_wait(const struct upload *upload) {
    return upload->state == UPLOAD_PLACING || (upload->writer != NULL && file_writer_is_full(upload->writer));
}

// Takes input until it has to wait for the writer; keeps the rest.
static void take(struct upload *upload, const char *bytes, size_t length) {
    while (upload->state < UPLOAD_COMPLETE && !has_to_wait(upload)) {
        const char *data;
        size_t data_length;
        enum multipart_event event = multipart_reader_next(&upload->reader, &bytes, &length, &data, &data_length);
        if (event == MULTIPART_NEED_MORE)
            return;
        take_event(upload, event, data, data_length);
    }
    if (has_to_wait(upload))
        buffer_add(&upload->kept, bytes, length);
}

// The writer has caught up.
static void go_on(struct upload *upload) {
    struct buffer kept = upload->kept;
    buffer_init(&upload->kept, BUFFER_NO_LIMIT);
    take(upload, buffer_text(&kept), kept.length);
    buffer_finish(&kept);
    if (!has_to_wait(upload))
        http_exchange_resume_body(upload->call->exchange);
}

static void on_body_piece(struct http_exchange *exchange, const char *bytes, size_t length, void *data) {
    struct upload *upload = data;
    take(upload, bytes, length);
    if (has_to_wait(upload))
        http_exchange_pause_body(exchange);
}

// --- the response ---

static void add_result(const struct upload_file *file, struct json_writer *writer) {
    AUTO_ERROR struct error err = {0};
    if (!file->has_content) {
        AUTO_FREE char *quoted = text_quoted(file->item.path);
        error_set(&err, ERROR_BAD_REQUEST, "no file content for path %s", quoted);
        file_item_write_result(writer, file->item.path, &err);
    } else {
        file_item_write_result(writer, file->item.path, error_is_set(&file->err) ? &file->err : NULL);
    }
}

static void respond(struct upload *upload) {
    AUTO_BUFFER struct buffer result = BUFFER_INIT(BUFFER_NO_LIMIT);
    struct json_writer writer;
    json_writer_init(&writer, &result, true);
    json_writer_begin_array(&writer);
    for (size_t i = 0; i < upload->file_count; i++)
        add_result(map_get(&upload->by_path, upload->files[i].item.path), &writer);
    json_writer_end_array(&writer);
    api_respond_result(upload->call, &result);
}

static void on_body_end(struct http_exchange *exchange UNUSED, const struct error *err, void *data) {
    struct upload *upload = data;
    if (upload->state == UPLOAD_METADATA)
        take_metadata(upload); // which is cut off
    if (err == NULL && multipart_reader_end(&upload->reader) == NULL && upload->state < UPLOAD_COMPLETE)
        end_upload(upload);
    if (upload->state < UPLOAD_COMPLETE) {
        AUTO_FREE char *reason = memory_printf("multipart: NextPart: %s", err != NULL ? error_text(err) : "EOF");
        refuse_cut(upload, reason);
    }
    if (upload->state == UPLOAD_REFUSED)
        api_respond_error(upload->call, &upload->refusal);
    else
        respond(upload);
}

void api_write_files(struct api_call *call, const char *boundary) {
    static const struct http_body_handlers handlers = {.on_piece = on_body_piece, .on_end = on_body_end};
    struct upload *upload = memory_new(sizeof *upload);
    upload->call = call;
    multipart_reader_init(&upload->reader, boundary);
    buffer_init(&upload->metadata_text, METADATA_LIMIT_BYTES);
    buffer_init(&upload->kept, BUFFER_NO_LIMIT);
    map_init(&upload->by_path, NULL);
    call_keep(call, upload, upload_destroy);
    http_exchange_read_body(call->exchange, &handlers, upload);
}
