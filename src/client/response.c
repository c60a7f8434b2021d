// SPDX-License-Identifier: LGPL-3.0-or-later
#include "client/response_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "client/errors.h"
#include "client/fields_internal.h"

#define FIRST_ERROR_STATUS 400
#define SHOWN_BYTES_MAX 100

void client_response_finish(struct client_response *response) {
    json_decref(response->envelope);
    free(response->change_id);
    free(response->restart);
    free(response->text);
    *response = (struct client_response){0};
}

static void note_maintenance(struct pebble_client *client, const json_t *envelope, struct client_response *response) {
    struct client_fields fields;
    client_note_maintenance(client, NULL);
    if (!client_fields_init(&fields, json_member(envelope, "maintenance"), NULL))
        return;
    client_note_maintenance(client, client_fields_text(&fields, "message"));
    response->restart = client_fields_text_or_null(&fields, "kind");
}

static bool fail_api(struct client_fields *envelope, int http_status, struct pebble_error *error) {
    int64_t status = client_fields_int(envelope, "status-code");
    struct client_fields fields;
    AUTO_FREE char *message = NULL;
    AUTO_FREE char *kind = NULL;
    AUTO_FREE char *advice = NULL;
    if (client_fields_init(&fields, json_member(envelope->object, "result"), NULL)) {
        message = client_fields_text_or_null(&fields, "message");
        kind = client_fields_text_or_null(&fields, "kind");
        advice = client_fields_text_or_null(&fields, "advice");
    }
    if (message == NULL) {
        AUTO_FREE char *words = client_fields_text(envelope, "status");
        AUTO_FREE char *quoted = client_quoted(words);
        message = memory_printf("server error: %s", quoted);
    }
    client_fail(error, PEBBLE_ERROR_API, "%s", message);
    if (error != NULL) {
        error->status = status > 0 && status < 1000 ? (int)status : http_status;
        error->api_kind = TAKE(kind);
        error->advice = TAKE(advice);
    }
    return false;
}

// What `response` is, as far as it was read, is for the caller to finish.
static bool read_envelope(struct pebble_client *client, struct client_response *response, struct pebble_error *error) {
    AUTO_ERROR struct error cause = {0};
    struct client_fields fields;
    if (!client_fields_init(&fields, response->envelope, &cause))
        return client_fail_because(error, "", &cause);
    note_maintenance(client, response->envelope, response);
    AUTO_FREE char *type = client_fields_text(&fields, "type");
    if (text_equal(type, "error"))
        return fail_api(&fields, response->status, error);
    AUTO_FREE char *warning_text = NULL;
    int64_t warning = client_fields_time(&fields, "latest-warning", &warning_text);
    response->change_id = client_fields_text_or_null(&fields, "change");
    response->result = json_member(response->envelope, "result");
    if (error_is_set(&cause))
        return client_fail_because(error, "", &cause);
    client_note_warning(client, warning, TAKE(warning_text));
    return true;
}

// A refusal that is not JSON is not the daemon's: its status and first line show where it comes from.
static bool fail_decode(int status, const struct buffer *body, const struct error *cause, struct pebble_error *error) {
    if (status < FIRST_ERROR_STATUS)
        return client_fail_because(error, "cannot decode response: ", cause);
    size_t length = strcspn(buffer_text(body), "\r\n");
    AUTO_FREE char *line = memory_string_n(buffer_text(body), length < SHOWN_BYTES_MAX ? length : SHOWN_BYTES_MAX);
    AUTO_FREE char *quoted = client_quoted(line);
    AUTO_FREE char *prefix = memory_printf("cannot decode response with status %d, %s: ", status, quoted);
    return client_fail_because(error, prefix, cause);
}

bool client_response_read(struct pebble_client *client, int status, const struct buffer *body,
                          struct client_response *response, struct pebble_error *error) {
    AUTO_ERROR struct error cause = {0};
    AUTO_CLIENT_RESPONSE struct client_response read = {.status = status};
    if (!client_json_read(buffer_text(body), body->length, &read.envelope, &cause))
        return fail_decode(status, body, &cause, error);
    if (!read_envelope(client, &read, error))
        return false;
    *response = read;
    read = (struct client_response){0};
    return true;
}

bool client_response_check(const struct client_response *response, enum client_response_type type, const char *method,
                           const char *target, struct pebble_error *error) {
    if (type == CLIENT_RESPONSE_TEXT && response->text != NULL)
        return true;
    const char *found = json_string_value(json_member(response->envelope, "type"));
    AUTO_FREE char *quoted = client_quoted(found != NULL ? found : "");
    if (type == CLIENT_RESPONSE_TEXT)
        return client_fail(error, PEBBLE_ERROR_PROTOCOL, "expected text, got %s response", quoted);
    if (type == CLIENT_RESPONSE_SYNC && !text_equal(found, "sync"))
        return client_fail(error, PEBBLE_ERROR_PROTOCOL, "expected sync response, got %s", quoted);
    if (type == CLIENT_RESPONSE_ASYNC && !text_equal(found, "async")) {
        return client_fail(error, PEBBLE_ERROR_PROTOCOL, "expected async response for \"%s\" on \"%s\", got %s", method,
                           target, quoted);
    }
    if (type == CLIENT_RESPONSE_ASYNC && response->change_id == NULL)
        return client_fail(error, PEBBLE_ERROR_PROTOCOL, "async response without change reference");
    return true;
}
