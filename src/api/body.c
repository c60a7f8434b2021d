// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/body_internal.h"

#include <stdlib.h>

#include "api/api_internal.h"
#include "api/response_internal.h"
#include "base/memory.h"
#include "http/http_body.h"

// The value of a body that has been read. `reason` is set if there is none.
static void use_value(struct api_call *call, const struct buffer *body, const json_t *value, struct error *reason) {
    bool is_read = !error_is_set(reason) && json_is_object_or_null(value, "request", reason);
    if (call->decode_error != NULL && !is_read) {
        api_respond_decode_error(call, reason);
        return;
    }
    call->body = body;
    call->on_json(call, is_read ? value : NULL);
}

// Even an incomplete body may contain a whole value, and only the first value is used. `failure` is set if the body is
// incomplete.
static void parse(const char *text, size_t length, const struct error *failure, json_t **value, struct error *reason) {
    bool is_read =
        json_check_count(text, length, BODY_VALUES_MAX, reason) && json_read_request(text, length, value, reason);
    if (!is_read && error_is_set(failure))
        error_copy(reason, failure);
}

// --- large bodies, in a worker ---

struct parsing {
    struct work_item item;
    struct api_call *call;
    const struct buffer *body; // valid until the call has responded
    struct error failure;
    json_t *value;
    struct error reason;
};

static void parse_in_worker(struct work_item *item) {
    struct parsing *parsing = CONTAINER_OF(item, struct parsing, item);
    parse(buffer_text(parsing->body), parsing->body->length, &parsing->failure, &parsing->value, &parsing->reason);
}

static void parsing_destroy(struct parsing *parsing) {
    json_value_free_at(&parsing->value);
    error_clear(&parsing->failure);
    error_clear(&parsing->reason);
    free(parsing);
}

// At the end of the API, calls are responded to by api_destroy().
static void on_parsing_done(struct work_item *item) {
    struct parsing *parsing = CONTAINER_OF(item, struct parsing, item);
    if (!parsing->call->api->is_ending)
        use_value(parsing->call, parsing->body, parsing->value, &parsing->reason);
    parsing_destroy(parsing);
}

static void begin_parsing(struct api_call *call, const struct buffer *body, const struct error *failure) {
    struct parsing *parsing = memory_new(sizeof *parsing);
    parsing->item.work = parse_in_worker;
    parsing->item.done = on_parsing_done;
    parsing->call = call;
    parsing->body = body;
    error_copy(&parsing->failure, failure);
    if (worker_pool_submit(call->api->parsers, &parsing->item, NULL))
        return;
    parsing_destroy(parsing);
    api_respond_failure(call, ERROR_UNAVAILABLE, "too many large requests at once; try again later");
}

// --- reading ---

static void on_body_read(struct http_exchange *exchange UNUSED, const struct buffer *body, const struct error *err,
                         void *data) {
    struct api_call *call = data;
    bool is_refused = err != NULL && (err->kind == ERROR_TOO_LARGE || err->kind == ERROR_UNAVAILABLE);
    if (call->decode_error != NULL && is_refused) {
        api_respond_error(call, err);
        return;
    }
    if (body->length > BODY_AT_ONCE_BYTES) {
        begin_parsing(call, body, err);
        return;
    }
    AUTO_JSON json_t *value = NULL;
    AUTO_ERROR struct error reason = {0};
    parse(buffer_text(body), body->length, err, &value, &reason);
    use_value(call, body, value, &reason);
}

static void read_json(struct api_call *call, size_t limit_bytes, const char *decode_error, api_json_fn on_json) {
    call->decode_error = decode_error;
    call->on_json = on_json;
    http_exchange_collect_body(call->exchange, limit_bytes, on_body_read, call);
}

void api_read_json(struct api_call *call, const char *decode_error, api_json_fn on_json) {
    read_json(call, BODY_LIMIT_BYTES, decode_error, on_json);
}

void api_read_small_json(struct api_call *call, const char *decode_error, api_json_fn on_json) {
    read_json(call, BODY_SMALL_LIMIT_BYTES, decode_error, on_json);
}

bool api_read_names(const json_t *body, const char *name, struct text_list *names, struct error *err) {
    const json_t *list = json_member(body, name);
    if (json_array_size(list) > API_NAMES_MAX)
        return error_set(err, ERROR_BAD_REQUEST, "cannot have more than %zu \"%s\"", API_NAMES_MAX, name);
    return json_get_texts(body, "request", name, names, err);
}
