// SPDX-License-Identifier: LGPL-3.0-or-later
// The pairing of clients. Declared in pebble.h.
#include "client/query_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "client/blocking_internal.h"
#include "client/errors.h"
#include "client/fields_internal.h"

static bool start(struct pebble_client *client, const char *body, const struct client_query_type *type,
                  struct pebble_call **call, struct pebble_error *error) {
    const struct client_request request = {
        .method = "POST", .target = "/v1/pairing", .body = body, .body_length = strlen(body)};
    return client_query_start(client, &request, type, call, error);
}

// --- enable ---

static void *read_expires(struct client_response *response, struct pebble_error *error) {
    AUTO_ERROR struct error cause = {0};
    AUTO_FREE char *text = NULL;
    struct client_fields fields;
    int64_t expires_ns = 0;
    if (client_fields_init(&fields, response->result, &cause))
        expires_ns = client_fields_time(&fields, "expires", &text);
    if (!error_is_set(&cause))
        return memory_copy(&expires_ns, sizeof expires_ns);
    client_fail_because(error, "cannot decode response: ", &cause);
    return NULL;
}

static const struct client_result_type expires_result = {free};
static const struct client_query_type enable_query = {CLIENT_RESPONSE_SYNC, &expires_result, read_expires};

bool pebble_call_enable_pairing(struct pebble_client *client, int64_t timeout_ns, struct pebble_call **call,
                                struct pebble_error *error) {
    char timeout[DURATION_TEXT_SIZE];
    duration_format(timeout_ns, timeout);
    if (timeout_ns < 0)
        return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot enable pairing: invalid timeout %s", timeout);
    AUTO_FREE char *body = timeout_ns == 0 ? memory_string("{\"action\":\"enable\"}")
                                           : memory_printf("{\"action\":\"enable\",\"timeout\":\"%s\"}", timeout);
    return start(client, body, &enable_query, call, error);
}

int64_t pebble_call_pairing_expires_ns(const struct pebble_call *call) {
    return call->result_type == &expires_result && call->result != NULL ? *(const int64_t *)call->result : 0;
}

bool pebble_enable_pairing(struct pebble_client *client, int64_t timeout_ns, int64_t *expires_ns,
                           struct pebble_error *error) {
    AUTO_CALL struct pebble_call *call = NULL;
    if (!pebble_call_enable_pairing(client, timeout_ns, &call, error) || !client_run(call, NULL, NULL, error))
        return false;
    if (expires_ns != NULL)
        *expires_ns = pebble_call_pairing_expires_ns(call);
    return true;
}

// --- pair ---

static const struct client_query_type pair_query = {.response = CLIENT_RESPONSE_SYNC};

bool pebble_call_pair(struct pebble_client *client, struct pebble_call **call, struct pebble_error *error) {
    return start(client, "{\"action\":\"pair\"}", &pair_query, call, error);
}

bool pebble_pair(struct pebble_client *client, struct pebble_error *error) {
    AUTO_CALL struct pebble_call *call = NULL;
    return pebble_call_pair(client, &call, error) && client_run(call, NULL, NULL, error);
}
