// SPDX-License-Identifier: LGPL-3.0-or-later
#include "client/response_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "base/text.h"
#include "client/fields_internal.h"
#include "wire/url.h"

void client_response_finish(struct client_response *answer) {
    json_decref(answer->envelope);
    free(answer->change);
    *answer = (struct client_response){0};
}

// --- the envelope ---

static void replace(char **target, char *text) {
    free(*target);
    *target = text;
}

static void note_maintenance(struct pebble_client *client, const json_t *envelope) {
    replace(&client->maintenance, NULL);
    replace(&client->maintenance_kind, NULL);
    struct client_fields fields;
    if (client_fields_init(&fields, json_member(envelope, "maintenance"), NULL)) {
        client->maintenance = client_fields_text(&fields, "message");
        client->maintenance_kind = client_fields_text(&fields, "kind");
    }
}

static bool fail_api(struct pebble_error *error, struct client_fields *envelope, int http_status) {
    int64_t status = client_fields_int(envelope, "status-code");
    struct client_fields fields;
    AUTO_FREE char *message = NULL;
    AUTO_FREE char *kind = NULL;
    if (client_fields_init(&fields, json_member(envelope->object, "result"), NULL)) {
        message = client_fields_text_or_null(&fields, "message");
        kind = client_fields_text_or_null(&fields, "kind");
    }
    if (message == NULL) {
        AUTO_FREE char *words = client_fields_text(envelope, "status");
        AUTO_FREE char *quoted = text_quoted(words);
        message = memory_printf("server error: %s", quoted);
    }
    client_fail(error, PEBBLE_ERROR_API, "%s", message);
    if (error != NULL) {
        error->status = status > 0 && status < 1000 ? (int)status : http_status;
        error->api_kind = TAKE(kind);
    }
    return false;
}

static bool read_envelope(struct pebble_client *client, json_t *envelope, int http_status,
                          struct client_response *answer, struct pebble_error *error) {
    AUTO_ERROR struct error cause = {0};
    struct client_fields fields;
    if (!client_fields_init(&fields, envelope, &cause))
        return client_fail_because(error, "", &cause);
    note_maintenance(client, envelope);
    AUTO_FREE char *type = client_fields_text(&fields, "type");
    if (text_equal(type, "error"))
        return fail_api(error, &fields, http_status);
    AUTO_FREE char *change = client_fields_text_or_null(&fields, "change");
    AUTO_FREE char *warning_text = NULL;
    int64_t warning = client_fields_time(&fields, "latest-warning", &warning_text);
    if (error_is_set(&cause))
        return client_fail_because(error, "", &cause);
    client->latest_warning = warning;
    replace(&client->latest_warning_text, TAKE(warning_text));
    *answer = (struct client_response){json_incref(envelope), json_member(envelope, "result"), TAKE(change)};
    return true;
}

static bool read_body(struct pebble_client *client, struct buffer *body, struct pebble_error *error) {
    for (;;) {
        const char *data;
        size_t length;
        if (!client_request_read(client, &data, &length, error))
            return false;
        if (length == 0)
            return true;
        buffer_add(body, data, length);
        if (!buffer_is_whole(body)) {
            client_request_drop(client);
            return client_fail(error, PEBBLE_ERROR_PROTOCOL, "cannot read response: too large");
        }
    }
}

bool client_response_read(struct pebble_client *client, struct client_response *answer, struct pebble_error *error) {
    int status = client_request_head(client)->status;
    AUTO_BUFFER struct buffer body = BUFFER_INIT(PEBBLE_RESPONSE_LIMIT_BYTES);
    if (!read_body(client, &body, error))
        return false;
    AUTO_ERROR struct error cause = {0};
    AUTO_JSON json_t *envelope = NULL;
    if (!json_read(buffer_text(&body), body.length, &envelope, &cause))
        return client_fail_because(error, "cannot decode response: ", &cause);
    return read_envelope(client, envelope, status, answer, error);
}

// --- calls ---

static bool check_type(const struct client_request *request, enum client_response_type type,
                       const struct client_response *answer, struct pebble_error *error) {
    const char *found = json_string_value(json_member(answer->envelope, "type"));
    AUTO_FREE char *quoted = text_quoted(found != NULL ? found : "");
    if (type == CLIENT_RESPONSE_SYNC && !text_equal(found, "sync"))
        return client_fail(error, PEBBLE_ERROR_PROTOCOL, "expected sync response, got %s", quoted);
    if (type == CLIENT_RESPONSE_ASYNC && !text_equal(found, "async")) {
        return client_fail(error, PEBBLE_ERROR_PROTOCOL, "expected async response for \"%s\" on \"%s\", got %s",
                           request->method, request->target, quoted);
    }
    if (type == CLIENT_RESPONSE_ASYNC && answer->change == NULL)
        return client_fail(error, PEBBLE_ERROR_PROTOCOL, "async response without change reference");
    return true;
}

bool client_call(struct pebble_client *client, const struct client_request *request, enum client_response_type type,
                 struct client_response *answer, struct pebble_error *error) {
    AUTO_CLIENT_RESPONSE struct client_response given = {0};
    if (!client_request_begin(client, request, error) || !client_response_read(client, &given, error) ||
        !check_type(request, type, &given, error)) {
        return false;
    }
    *answer = given;
    given = (struct client_response){0};
    return true;
}

bool client_get(struct pebble_client *client, const char *target, struct client_response *answer,
                struct pebble_error *error) {
    const struct client_request request = {.method = "GET", .target = target};
    return client_call(client, &request, CLIENT_RESPONSE_SYNC, answer, error);
}

void client_add_query(struct buffer *target, const char *name, const char *const *values, size_t count) {
    bool is_first = strchr(buffer_text(target), '?') == NULL;
    for (size_t i = 0; i < count; i++) {
        buffer_printf(target, "%c%s=", is_first ? '?' : '&', name);
        url_add_query_escaped(target, values[i]);
        is_first = false;
    }
}

bool pebble_request(struct pebble_client *client, const struct pebble_request_options *options, char **result,
                    char **change, struct pebble_error *error) {
    const struct client_request request = {
        .method = options->method, .target = options->path_and_query, .body = options->body};
    AUTO_CLIENT_RESPONSE struct client_response answer = {0};
    if (!client_call(client, &request, CLIENT_RESPONSE_ANY, &answer, error))
        return false;
    if (result != NULL)
        *result = answer.result != NULL ? client_json_text(answer.result) : memory_string("null");
    if (change != NULL)
        *change = TAKE(answer.change);
    return true;
}
