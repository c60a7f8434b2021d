// SPDX-License-Identifier: GPL-3.0-or-later
// /v1/files?action=read: a multipart response, with a part for each file and the results at its end. Declared in
// api/api_internal.h.
#include "api/api_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "api/file_items_internal.h"
#include "api/response_internal.h"
#include "base/log.h"
#include "base/memory.h"
#include "files/file_reader.h"
#include "http/http_response.h"
#include "wire/multipart.h"

#define ACCEPTED "multipart/form-data"
#define BOUNDARY_RANDOM_BYTES 30
#define BOUNDARY_SIZE (2 * BOUNDARY_RANDOM_BYTES + 1)
// Small enough that little is left to be copied when the socket is full.
#define WRITE_BYTES ((size_t)65536)

struct download {
    struct api_call *call;
    struct text_list paths;
    struct error *errors; // of the paths, in their order
    size_t at;            // the path that is being read
    struct file_reader *reader;
    bool has_part; // the head of the current path's part has been written
    bool has_parts;
    char boundary[BOUNDARY_SIZE];
};

static void download_destroy(void *data) {
    struct download *download = data;
    file_reader_destroy(download->reader);
    for (size_t i = 0; i < download->paths.count; i++)
        error_clear(&download->errors[i]);
    free(download->errors);
    text_list_clear(&download->paths);
    free(download);
}

static void make_boundary(char boundary[BOUNDARY_SIZE]) {
    unsigned char bytes[BOUNDARY_RANDOM_BYTES];
    while (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes && errno == EINTR)
        continue;
    for (size_t i = 0; i < sizeof bytes; i++)
        (void)snprintf(boundary + 2 * i, 3, "%02x", bytes[i]);
}

// --- parts ---

static void write_buffer(const struct download *download, const struct buffer *text) {
    http_stream_write(download->call->exchange, text->data, text->length);
}

static void begin_part(struct download *download, struct buffer *text, const char *name, const char *filename) {
    const struct multipart_part part = {
        .name = name,
        .filename = filename,
        .content_type = filename != NULL ? "application/octet-stream" : JSON_CONTENT_TYPE,
        .is_first = !download->has_parts,
    };
    multipart_add_head(text, download->boundary, &part);
    download->has_parts = true;
}

// Begins the part of the current path, unless that has been done.
static void begin_file_part(struct download *download) {
    AUTO_BUFFER struct buffer head = BUFFER_INIT(BUFFER_NO_LIMIT);
    if (download->has_part)
        return;
    begin_part(download, &head, "files", download->paths.items[download->at]);
    write_buffer(download, &head);
    download->has_part = true;
}

static void add_results(const struct download *download, struct buffer *text) {
    struct json_writer writer;
    json_writer_init(&writer, text, true);
    json_writer_begin_object(&writer);
    json_writer_member_string(&writer, "type", "sync");
    json_writer_member_int(&writer, "status-code", 200);
    json_writer_member_string(&writer, "status", "OK");
    json_writer_key(&writer, "result");
    json_writer_begin_array(&writer);
    for (size_t i = 0; i < download->paths.count; i++) {
        const struct error *err = &download->errors[i];
        file_item_write_result(&writer, download->paths.items[i], error_is_set(err) ? err : NULL);
    }
    json_writer_end_array(&writer);
    json_writer_end_object(&writer);
    buffer_add_char(text, '\n');
}

static void finish(struct download *download) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    begin_part(download, &text, "response", NULL);
    add_results(download, &text);
    multipart_add_end(&text, download->boundary);
    write_buffer(download, &text);
    http_stream_end(download->call->exchange);
}

// --- files, one after the other ---

static void on_reader_ready(struct file_reader *reader, void *data);

static void begin_file(struct download *download) {
    const char *path = download->paths.items[download->at];
    AUTO_FREE char *event = memory_printf("authz_admin:%s,pull_file", api_identity(download->call)->user);
    AUTO_FREE char *words = memory_printf("Pulling file %s", path);
    log_security(LOG_SECURITY_WARN, event, words);
    download->has_part = false;
    download->reader = file_reader_create(download->call->api->spec.files, path, on_reader_ready, download);
}

static void end_file(struct download *download, const struct error *err) {
    error_copy(&download->errors[download->at], err);
    file_reader_destroy(download->reader);
    download->reader = NULL;
    download->at++;
}

// Takes one step with the current file. Returns false if the reader has nothing yet.
static bool advance(struct download *download) {
    const char *bytes;
    size_t length;
    switch (file_reader_state(download->reader, &bytes, &length)) {
    case FILE_READER_BUSY:
        return false;
    case FILE_READER_PIECE:
        begin_file_part(download);
        if (length > WRITE_BYTES)
            length = WRITE_BYTES;
        http_stream_write(download->call->exchange, bytes, length);
        file_reader_consume(download->reader, length);
        break;
    case FILE_READER_END:
        begin_file_part(download); // of an empty file
        end_file(download, NULL);
        break;
    case FILE_READER_FAILED:
        end_file(download, file_reader_error(download->reader));
        break;
    }
    return true;
}

// Writes as long as the socket takes all of it. It goes on when a piece has been read, or the socket has been drained.
static void write_on(struct download *download) {
    struct http_exchange *exchange = download->call->exchange;
    while (http_stream_pending(exchange) == 0) {
        if (!http_exchange_has_client(exchange)) {
            http_stream_end(exchange);
            return;
        }
        if (download->at == download->paths.count) {
            finish(download);
            return;
        }
        if (download->reader == NULL)
            begin_file(download);
        if (!advance(download))
            return;
    }
}

static void on_reader_ready(struct file_reader *reader UNUSED, void *data) {
    write_on(data);
}

static void on_stream_drained(struct http_exchange *exchange UNUSED, void *data) {
    write_on(data);
}

// --- the request ---

static bool read_paths(const struct url_query *query, struct text_list *paths, struct error *err) {
    for (size_t i = 0; i < query->count; i++) {
        if (text_equal(query->pairs[i].name, "path"))
            text_list_add(paths, query->pairs[i].value);
    }
    if (paths->count == 0)
        return error_set(err, ERROR_BAD_REQUEST, "must specify one or more paths");
    return file_items_check_count(paths->count, err);
}

static bool check_accept(const struct api_call *call, struct error *err) {
    const char *accept = http_head_get(http_exchange_head(call->exchange), "Accept");
    return text_equal(accept, ACCEPTED) || error_set(err, ERROR_BAD_REQUEST, "must accept " ACCEPTED);
}

static void begin_response(struct download *download) {
    struct http_exchange *exchange = download->call->exchange;
    AUTO_FREE char *type = memory_printf(ACCEPTED "; boundary=%s", download->boundary);
    // Without on_cancel, so that a client that has only ended its sending side gets all.
    http_stream_on_drain(exchange, on_stream_drained, download);
    http_stream_begin(exchange, 200, type);
    write_on(download);
}

void api_read_files(struct api_call *call) {
    AUTO_TEXT_LIST struct text_list paths = {0};
    AUTO_ERROR struct error err = {0};
    if (!read_paths(api_query(call), &paths, &err) || !check_accept(call, &err)) {
        api_respond_error(call, &err);
        return;
    }
    struct download *download = memory_new(sizeof *download);
    download->call = call;
    text_list_copy(&download->paths, &paths);
    download->errors = memory_new_array(paths.count, sizeof *download->errors);
    make_boundary(download->boundary);
    call_keep(call, download, download_destroy);
    begin_response(download);
}
