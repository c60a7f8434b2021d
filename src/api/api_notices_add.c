// SPDX-License-Identifier: GPL-3.0-or-later
// POST /v1/notices: recording a notice of type "custom". The rules are in docs/internals/notices.md.
#include "api/api_internal.h"

#include <string.h>

#include "api/access_internal.h"
#include "api/body_internal.h"
#include "api/response_internal.h"
#include "base/memory.h"
#include "state/notice.h"

#define KEY_MAX_BYTES 256
#define DATA_MAX_BYTES 4096 // as JSON, as the client wrote it

// --- the key ---

static bool is_word_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

// Skips words of lower-case letters and digits that are joined by single hyphens. NULL if there is none.
static const char *skip_words(const char *at) {
    for (;; at++) {
        if (!is_word_character(*at))
            return NULL;
        while (is_word_character(*at))
            at++;
        if (*at != '-')
            return at;
    }
}

// Skips the parts that each begin with the separator. NULL if there is none, or one is malformed.
static const char *skip_parts(const char *at, char separator) {
    if (at == NULL || *at != separator)
        return NULL;
    while (at != NULL && *at == separator)
        at = skip_words(at + 1);
    return at;
}

// A domain of at least two labels, and a path: "example.com/path".
static bool is_key(const char *key) {
    const char *end = skip_parts(skip_parts(skip_words(key), '.'), '/');
    return end != NULL && *end == '\0';
}

// --- the request ---

struct notice_request {
    const char *action, *type, *key, *repeat_after; // borrowed from the body
    int64_t repeat_after_ns;
    struct text_list names, values;
};

static void request_finish(struct notice_request *request) {
    text_list_clear(&request->names);
    text_list_clear(&request->values);
}

static bool read_members(const json_t *body, struct notice_request *request, struct error *err) {
    return json_get_text(body, "request", "action", &request->action, err) &&
           json_get_text(body, "request", "type", &request->type, err) &&
           json_get_text(body, "request", "key", &request->key, err) &&
           json_get_text(body, "request", "repeat-after", &request->repeat_after, err);
}

static bool check_target(const struct notice_request *request, struct error *err) {
    if (!text_equal(request->action, "add")) {
        AUTO_FREE char *quoted = text_quoted(request->action);
        return error_set(err, ERROR_BAD_REQUEST, "invalid action %s", quoted);
    }
    if (!text_equal(request->type, "custom")) {
        AUTO_FREE char *quoted = text_quoted(request->type);
        return error_set(err, ERROR_BAD_REQUEST, "invalid type %s (can only add \"custom\" notices)", quoted);
    }
    if (!is_key(request->key)) {
        AUTO_FREE char *quoted = text_quoted(request->key);
        return error_set(err, ERROR_BAD_REQUEST, "invalid key %s (must be in \"example.com/path\" format)", quoted);
    }
    return strlen(request->key) <= KEY_MAX_BYTES ||
           error_set(err, ERROR_BAD_REQUEST, "key must be %d bytes or less", KEY_MAX_BYTES);
}

// A null is an empty string, as in the reference.
static bool read_datum(struct notice_request *request, void *member, struct error *err) {
    const char *name = json_object_iter_key(member);
    const json_t *value = json_object_iter_value(member);
    const char *text = json_is_null(value) ? "" : json_string_value(value);
    if (text == NULL)
        return error_set(err, ERROR_BAD_REQUEST, "values must be strings");
    if (json_key(name) != name) // given again further down
        return true;
    text_list_add(&request->names, name);
    text_list_add(&request->values, text);
    return true;
}

static bool read_data(const struct api_call *call, const json_t *body, struct notice_request *request,
                      struct error *err) {
    json_t *data = json_member(body, "data"); // of several, the last one is decoded
    if (json_member_length(call->body->data, call->body->length, "data") > DATA_MAX_BYTES)
        return error_set(err, ERROR_BAD_REQUEST, "total size of data must be %d bytes or less", DATA_MAX_BYTES);
    if (data != NULL && !json_is_object_or_null(data, "map[string]string", err))
        return error_prefix(err, "cannot decode notice data: ");
    for (void *member = json_object_iter(data); member != NULL; member = json_object_iter_next(data, member)) {
        if (!read_datum(request, member, err))
            return error_prefix(err, "cannot decode notice data: ");
    }
    return true;
}

static bool check_request(const struct api_call *call, const json_t *body, struct notice_request *request,
                          struct error *err) {
    if (!check_target(request, err))
        return false;
    if (!text_is_empty(request->repeat_after) && !duration_parse(request->repeat_after, &request->repeat_after_ns, err))
        return error_prefix(err, "invalid repeat-after: ");
    return read_data(call, body, request, err);
}

// --- recording ---

static void add_notice(struct api_call *call, const struct notice_request *request) {
    uint32_t user_id = 0;
    bool has_user_id = access_user_id(call, &user_id);
    const char *id = state_add_notice(call->api->spec.state, &(const struct notice_spec){
                                                                 .has_user_id = has_user_id,
                                                                 .user_id = user_id,
                                                                 .type = request->type,
                                                                 .key = request->key,
                                                                 .data_names = &request->names,
                                                                 .data_values = &request->values,
                                                                 .repeat_after_ns = request->repeat_after_ns,
                                                             });
    AUTO_BUFFER struct buffer result = BUFFER_INIT(BUFFER_NO_LIMIT);
    struct json_writer writer;
    json_writer_init(&writer, &result, true);
    json_writer_begin_object(&writer);
    json_writer_member_string(&writer, "id", id);
    json_writer_end_object(&writer);
    api_respond_saved_result(call, &result);
}

static void on_notice_body(struct api_call *call, const json_t *body) {
    CLEANUP(request_finish) struct notice_request request = {.action = "", .type = "", .key = ""};
    AUTO_ERROR struct error err = {0};
    if (!read_members(body, &request, &err))
        api_respond_decode_error(call, &err);
    else if (!check_request(call, body, &request, &err))
        api_respond_error(call, &err);
    else
        add_notice(call, &request);
}

void api_post_notices(struct api_call *call) {
    uint32_t user_id = 0;
    if (access_user_id(call, &user_id))
        api_read_json(call, "cannot decode request body", on_notice_body);
    else
        api_respond_failure(call, ERROR_FORBIDDEN, "cannot determine UID of request, so cannot create notice");
}
