// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/body_internal.h"

#include "api/api_internal.h"
#include "api/response_internal.h"
#include "http/http_body.h"

static void on_body_read(struct http_exchange *exchange UNUSED, const struct buffer *body, const struct error *err,
                         void *data) {
    struct api_call *call = data;
    bool is_strict = call->decode_error != NULL;
    if (is_strict && err != NULL && err->kind == ERROR_TOO_LARGE) {
        api_respond_error(call, err);
        return;
    }
    AUTO_JSON json_t *value = NULL;
    AUTO_ERROR struct error reason = {0};
    bool is_read = json_read_limited(buffer_text(body), body->length, BODY_VALUES_MAX, &value, &reason);
    // Even an incomplete body may contain a whole value, and only the first value is used.
    if (!is_read && err != NULL)
        error_copy(&reason, err);
    if (is_read)
        is_read = json_is_object_or_null(value, "request", &reason);
    if (is_strict && !is_read) {
        api_respond_decode_error(call, &reason);
        return;
    }
    call->body = body;
    call->on_json(call, is_read ? value : NULL);
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
    return json_get_strings(body, "request", name, names, err);
}
