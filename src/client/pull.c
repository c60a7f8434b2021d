// SPDX-License-Identifier: LGPL-3.0-or-later
// Reading a file: multipart/form-data with the part "files", the content, unless that cannot be read, and the part
// "response", the API's envelope. The content is written while it is received; nothing more is received while the
// target takes no more. Declared in pebble.h.
#include "client/sink_internal.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "client/blocking_internal.h"
#include "client/call_internal.h"
#include "client/errors.h"
#include "client/fetch_internal.h"
#include "client/files_internal.h"
#include "client/options_internal.h"
#include "client/query_internal.h"
#include "wire/media_type.h"
#include "wire/multipart.h"

#define FORM_DATA "multipart/form-data"
#define INPUT_BYTES ((size_t)262144)

// --- the result ---

struct pebble_content {
    char *bytes;
    size_t length;
};

const char *pebble_content_bytes(const struct pebble_content *content, size_t *length) {
    if (length != NULL)
        *length = content->length;
    return content->bytes;
}

void pebble_content_destroy(struct pebble_content *content) {
    if (content == NULL)
        return;
    free(content->bytes);
    free(content);
}

static void destroy_content(void *result) {
    pebble_content_destroy(result);
}

static const struct client_result_type content_result = {destroy_content};

static struct pebble_content *make_content(struct client_sink *sink) {
    struct pebble_content *content = memory_new(sizeof *content);
    content->length = sink->kept.length;
    content->bytes = buffer_take(&sink->kept);
    return content;
}

// --- the call ---

enum pull_state {
    PULL_BEGINNING, // before the head of the response
    PULL_PARTS,
    PULL_REFUSED, // the response has no parts, but an envelope
};

enum pull_part { PULL_NO_PART, PULL_CONTENT, PULL_RESPONSE, PULL_OTHER };

struct pull_call {
    struct pebble_call call;
    struct client_fetch fetch; // its body is the part "response"
    enum pull_state state;
    enum pull_part part; // the current one
    bool has_content;
    bool has_response;
    bool is_sink_full;
    bool keeps_content; // in memory
    struct multipart_reader reader;
    const char *unread; // of the body's piece that came last
    size_t unread_length;
    const char *content; // of that: what is not written yet
    size_t content_length;
    struct client_sink sink;
    pebble_transferred_fn on_transferred;
    void *data;
};

static struct pull_call *pull_of(struct pebble_call *call) {
    return CONTAINER_OF(call, struct pull_call, call);
}

// --- the parts ---

static bool fail_payload(struct pebble_error *error, const char *reason) {
    return client_fail(error, PEBBLE_ERROR_PROTOCOL, "cannot decode multipart payload: %s", reason);
}

static bool begin_part(struct pull_call *pull, struct pebble_error *error) {
    const char *name = pull->reader.name;
    if (!pull->has_content && !pull->has_response && text_equal(name, "files")) {
        pull->part = PULL_CONTENT;
        pull->has_content = true;
    } else if (!pull->has_response && text_equal(name, "response")) {
        pull->part = PULL_RESPONSE;
        pull->has_response = true;
    } else if (!pull->has_response) {
        AUTO_FREE char *quoted = client_quoted(name);
        return client_fail(error, PEBBLE_ERROR_PROTOCOL, "expected %s field name to be \"%s\", got %s",
                           pull->has_content ? "second" : "first", pull->has_content ? "response" : "files", quoted);
    } else {
        pull->part = PULL_OTHER;
    }
    return true;
}

static bool take_data(struct pull_call *pull, const char *data, size_t length, struct pebble_error *error) {
    if (pull->part == PULL_CONTENT) {
        pull->content = data;
        pull->content_length = length;
    } else if (pull->part == PULL_RESPONSE) {
        buffer_add(&pull->fetch.body, data, length);
    }
    return buffer_is_whole(&pull->fetch.body) ||
           client_fail(error, PEBBLE_ERROR_PROTOCOL, "cannot read response: too large");
}

// CLIENT_WAITING: the target takes no more for now.
static enum client_progress write_content(struct pull_call *pull, struct pebble_error *error) {
    pull->is_sink_full = false;
    while (pull->content_length > 0) {
        size_t written;
        enum client_progress progress =
            client_sink_write(&pull->sink, pull->content, pull->content_length, &written, error);
        pull->is_sink_full = progress == CLIENT_WAITING;
        if (progress != CLIENT_DONE)
            return progress;
        pull->content += written;
        pull->content_length -= written;
        if (pull->on_transferred != NULL && !pull->on_transferred(pull->sink.done, pull->data)) {
            client_fail(error, PEBBLE_ERROR_CANCELLED, "interrupted");
            return CLIENT_FAILED;
        }
    }
    return CLIENT_DONE;
}

// Reads what is unread. CLIENT_DONE: all of it.
static enum client_progress read_parts(struct pull_call *pull, struct pebble_error *error) {
    for (;;) {
        const char *data;
        size_t length;
        bool is_good = true;
        enum client_progress progress = write_content(pull, error);
        if (progress != CLIENT_DONE)
            return progress;
        switch (multipart_reader_next(&pull->reader, &pull->unread, &pull->unread_length, &data, &length)) {
        case MULTIPART_NEED_MORE:
        case MULTIPART_END:
            return CLIENT_DONE;
        case MULTIPART_PART:
            is_good = begin_part(pull, error);
            break;
        case MULTIPART_DATA:
            is_good = take_data(pull, data, length, error);
            break;
        case MULTIPART_PART_END:
            pull->part = PULL_NO_PART;
            break;
        case MULTIPART_FAILED:
            is_good = fail_payload(error, multipart_reader_reason(&pull->reader));
            break;
        }
        if (!is_good)
            return CLIENT_FAILED;
    }
}

// --- the end ---

static bool check_response(struct pull_call *pull, struct pebble_error *error) {
    AUTO_CLIENT_RESPONSE struct client_response response = {0};
    const char *reason = multipart_reader_end(&pull->reader);
    if (reason != NULL)
        return fail_payload(error, reason);
    if (!pull->has_response)
        return fail_payload(error, "no response");
    if (!client_response_read(pull->call.client, pull->fetch.transfer.exchange.status, &pull->fetch.body, &response,
                              error) ||
        !client_response_check(&response, CLIENT_RESPONSE_SYNC, "GET", "/v1/files", error) ||
        !client_path_result_check(&response, error))
        return false;
    return pull->has_content || fail_payload(error, "no file content");
}

static enum pebble_call_state end_pull(struct pull_call *pull, struct pebble_error *error) {
    if (!check_response(pull, error))
        return PEBBLE_CALL_FAILED;
    if (pull->keeps_content)
        client_call_set_result(&pull->call, &content_result, make_content(&pull->sink));
    return PEBBLE_CALL_DONE;
}

// --- the steps ---

static enum pebble_call_state receive(struct pull_call *pull, struct pebble_error *error) {
    for (;;) {
        enum client_progress progress = read_parts(pull, error);
        if (progress == CLIENT_WAITING && client_transfer_check_deadline(&pull->fetch.transfer, error))
            return PEBBLE_CALL_RUNNING;
        if (progress != CLIENT_DONE)
            return PEBBLE_CALL_FAILED;
        switch (client_transfer_step(&pull->fetch.transfer, &pull->unread, &pull->unread_length, error)) {
        case CLIENT_TRANSFER_WAITING:
            pull->unread_length = 0;
            return PEBBLE_CALL_RUNNING;
        case CLIENT_TRANSFER_HEAD:
        case CLIENT_TRANSFER_BODY:
            break;
        case CLIENT_TRANSFER_END:
            return end_pull(pull, error);
        case CLIENT_TRANSFER_FAILED:
            return PEBBLE_CALL_FAILED;
        }
    }
}

// A response without parts is an error of the API, or none of its responses.
static enum pebble_call_state refuse(struct pull_call *pull, struct pebble_error *error) {
    AUTO_CLIENT_RESPONSE struct client_response response = {0};
    switch (client_fetch_step(&pull->fetch, &response, error)) {
    case CLIENT_WAITING:
        return PEBBLE_CALL_RUNNING;
    case CLIENT_DONE:
        client_fail(error, PEBBLE_ERROR_PROTOCOL, "expected a multipart response");
        break;
    case CLIENT_FAILED:
        break;
    }
    return PEBBLE_CALL_FAILED;
}

// Whether the response has parts: then the reader is ready.
static bool begin_parts(struct pull_call *pull) {
    AUTO_MEDIA_TYPE struct media_type type = {0};
    const char *value = http_head_get(http_reader_head(&pull->fetch.transfer.exchange.reader), "Content-Type");
    if (value == NULL || !media_type_parse(value, &type) || !text_equal(type.type, FORM_DATA))
        return false;
    const char *boundary = media_type_get(&type, "boundary");
    if (text_is_empty(boundary))
        return false;
    multipart_reader_init(&pull->reader, boundary);
    pull->state = PULL_PARTS;
    return true;
}

static enum pebble_call_state begin(struct pull_call *pull, struct pebble_error *error) {
    switch (client_transfer_step(&pull->fetch.transfer, &pull->unread, &pull->unread_length, error)) {
    case CLIENT_TRANSFER_WAITING:
        return PEBBLE_CALL_RUNNING;
    case CLIENT_TRANSFER_FAILED:
        return PEBBLE_CALL_FAILED;
    default:
        break;
    }
    pull->unread_length = 0;
    if (begin_parts(pull))
        return receive(pull, error);
    pull->state = PULL_REFUSED;
    return refuse(pull, error);
}

static enum pebble_call_state pull_step(struct pebble_call *call, struct pebble_error *error) {
    struct pull_call *pull = pull_of(call);
    switch (pull->state) {
    case PULL_BEGINNING:
        return begin(pull, error);
    case PULL_PARTS:
        return receive(pull, error);
    case PULL_REFUSED:
        break;
    }
    return refuse(pull, error);
}

static bool pull_watch(struct pebble_call *call, struct client_wants *wants, struct error *err) {
    struct pull_call *pull = pull_of(call);
    struct client_transfer *transfer = &pull->fetch.transfer;
    if (!client_sink_watch(&pull->sink, wants, pull->is_sink_full, err))
        return false;
    if (!pull->is_sink_full)
        return client_transfer_watch(transfer, wants, err);
    client_transfer_watch_deadline(transfer, wants);
    return true;
}

static void pull_finish(struct pebble_call *call) {
    struct pull_call *pull = pull_of(call);
    client_fetch_finish(&pull->fetch);
    client_sink_finish(&pull->sink);
    multipart_reader_finish(&pull->reader);
}

static const struct client_call_type pull_call_type = {
    .size = sizeof(struct pull_call), .step = pull_step, .watch = pull_watch, .finish = pull_finish};

// --- the request ---

static bool read_options(const struct pebble_pull_options *options, struct pebble_pull_options *own,
                         struct pebble_error *error) {
    if (!client_options_read(own, sizeof *own, options, error))
        return false;
    if (own->path == NULL)
        return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot use options: no path");
    if (own->fd != NULL && own->on_write != NULL)
        return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot use options: more than one target");
    return client_options_check_fd(own->fd, error);
}

bool pebble_call_pull_file(struct pebble_client *client, const struct pebble_pull_options *options,
                           struct pebble_call **call, struct pebble_error *error) {
    struct pebble_pull_options own;
    AUTO_BUFFER struct buffer path = BUFFER_INIT(BUFFER_NO_LIMIT);
    if (!read_options(options, &own, error))
        return false;
    buffer_add_string(&path, "/v1/files");
    client_add_query(&path, "action", &(const char *){"read"}, 1);
    client_add_query(&path, "path", &own.path, 1);
    const struct client_request request = {.method = "GET", .target = buffer_text(&path), .accept = FORM_DATA};
    const struct client_target target = {
        .fd = own.fd, .on_write = own.on_write, .data = own.data, .limit_bytes = own.limit_bytes};
    struct client_transfer_limits limits = client_transfer_limits_of(client);
    limits.input_bytes = INPUT_BYTES;
    AUTO_CALL struct pebble_call *created = client_call_create(&pull_call_type, client, error);
    if (created == NULL || !client_fetch_init(&pull_of(created)->fetch, client, &request, &limits, error))
        return false;
    struct pull_call *pull = pull_of(created);
    client_sink_init(&pull->sink, &target);
    pull->keeps_content = own.fd == NULL && own.on_write == NULL;
    pull->on_transferred = own.on_transferred;
    pull->data = own.data;
    *call = TAKE(created);
    return true;
}

struct pebble_content *pebble_call_take_content(struct pebble_call *call) {
    return client_call_take_result(call, &content_result);
}

bool pebble_pull_file(struct pebble_client *client, const struct pebble_pull_options *options,
                      struct pebble_content **content, struct pebble_error *error) {
    AUTO_CALL struct pebble_call *call = NULL;
    if (!pebble_call_pull_file(client, options, &call, error) || !client_run(call, NULL, NULL, error))
        return false;
    if (content != NULL)
        *content = pebble_call_take_content(call);
    return true;
}
