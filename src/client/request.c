// SPDX-License-Identifier: LGPL-3.0-or-later
// Any request of the API. Declared in pebble.h.
#include "client/query_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "client/blocking_internal.h"
#include "client/errors.h"
#include "client/fields_internal.h"
#include "client/options_internal.h"

struct pebble_response {
    char *result;
    char *change_id;
    int status;
};

void pebble_response_destroy(struct pebble_response *response) {
    if (response == NULL)
        return;
    free(response->result);
    free(response->change_id);
    free(response);
}

const char *pebble_response_result(const struct pebble_response *response, size_t *length) {
    if (length != NULL)
        *length = strlen(response->result); // JSON text has no NUL
    return response->result;
}

const char *pebble_response_change_id(const struct pebble_response *response) {
    return response->change_id;
}

int pebble_response_status(const struct pebble_response *response) {
    return response->status;
}

static void destroy_response(void *result) {
    pebble_response_destroy(result);
}

static void *read_response(struct client_response *response, struct pebble_error *error) {
    AUTO_ERROR struct error cause = {0};
    struct pebble_response *made = memory_new(sizeof *made);
    made->result = response->result != NULL ? client_json_text(response->result, &cause) : memory_string("null");
    made->change_id = TAKE(response->change_id);
    made->status = response->status;
    if (!error_is_set(&cause))
        return made;
    client_fail_because(error, "cannot decode response: ", &cause);
    pebble_response_destroy(made);
    return NULL;
}

static const struct client_result_type response_result = {destroy_response};
static const struct client_query_type response_query = {CLIENT_RESPONSE_ANY, &response_result, read_response};

bool pebble_call_request(struct pebble_client *client, const struct pebble_request_options *options,
                         struct pebble_call **call, struct pebble_error *error) {
    struct pebble_request_options own;
    if (!client_options_read(&own, sizeof own, options, error))
        return false;
    const struct client_request request = {
        .method = own.method, .target = own.path_and_query, .body = own.body, .body_length = own.body_length};
    return client_query_start(client, &request, &response_query, call, error);
}

struct pebble_response *pebble_call_take_response(struct pebble_call *call) {
    return client_call_take_result(call, &response_result);
}

bool pebble_request(struct pebble_client *client, const struct pebble_request_options *options,
                    struct pebble_response **response, struct pebble_error *error) {
    AUTO_CALL struct pebble_call *call = NULL;
    if (!pebble_call_request(client, options, &call, error) || !client_run(call, NULL, NULL, error))
        return false;
    if (response != NULL)
        *response = pebble_call_take_response(call);
    return true;
}
