// SPDX-License-Identifier: LGPL-3.0-or-later
#include "client/query_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "client/errors.h"
#include "client/fetch_internal.h"
#include "wire/url.h"

struct query_call {
    struct pebble_call call;
    struct client_fetch fetch;
    const struct client_query_type *type;
    char *method; // for messages
    char *target;
};

static struct query_call *query_of(struct pebble_call *call) {
    return CONTAINER_OF(call, struct query_call, call);
}

static bool take_response(struct query_call *query, struct client_response *response, struct pebble_error *error) {
    const struct client_query_type *type = query->type;
    if (!client_response_check(response, type->response, query->method, query->target, error))
        return false;
    if (type->result == NULL)
        return true;
    void *result = type->read(response, error);
    client_call_set_result(&query->call, type->result, result);
    return result != NULL;
}

static enum pebble_call_state query_step(struct pebble_call *call, struct pebble_error *error) {
    struct query_call *query = query_of(call);
    AUTO_CLIENT_RESPONSE struct client_response response = {0};
    switch (client_fetch_step(&query->fetch, &response, error)) {
    case CLIENT_WAITING:
        return PEBBLE_CALL_RUNNING;
    case CLIENT_FAILED:
        return PEBBLE_CALL_FAILED;
    case CLIENT_DONE:
        break;
    }
    return take_response(query, &response, error) ? PEBBLE_CALL_DONE : PEBBLE_CALL_FAILED;
}

static bool query_watch(struct pebble_call *call, struct client_wants *wants, struct error *err) {
    return client_transfer_watch(&query_of(call)->fetch.transfer, wants, err);
}

static void query_finish(struct pebble_call *call) {
    struct query_call *query = query_of(call);
    client_fetch_finish(&query->fetch);
    free(query->method);
    free(query->target);
}

static const struct client_call_type query_call_type = {
    .size = sizeof(struct query_call), .step = query_step, .watch = query_watch, .finish = query_finish};

bool client_query_start(struct pebble_client *client, const struct client_request *request,
                        const struct client_query_type *type, struct pebble_call **call, struct pebble_error *error) {
    const struct client_transfer_limits limits = client_transfer_limits_of(client);
    return client_query_start_within(client, request, type, &limits, call, error);
}

bool client_query_start_within(struct pebble_client *client, const struct client_request *request,
                               const struct client_query_type *type, const struct client_transfer_limits *limits,
                               struct pebble_call **call, struct pebble_error *error) {
    AUTO_CALL struct pebble_call *created = client_call_create(&query_call_type, client, error);
    if (created == NULL)
        return false;
    struct query_call *query = query_of(created);
    if (!client_fetch_init(&query->fetch, client, request, limits, error))
        return false;
    query->type = type;
    query->fetch.is_text = type->response == CLIENT_RESPONSE_TEXT;
    query->method = memory_string(request->method);
    query->target = memory_string(request->target);
    *call = TAKE(created);
    return true;
}

bool client_check_id(const char *noun, const char *id, struct pebble_error *error) {
    const char *c = id != NULL ? id : "";
    while ((*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z'))
        c++;
    if (id != NULL && *c == '\0' && c != id)
        return true;
    AUTO_FREE char *quoted = client_quoted(id != NULL ? id : "");
    return client_fail(error, PEBBLE_ERROR_ARGUMENT, "invalid %s ID %s", noun, quoted);
}

void client_add_query(struct buffer *target, const char *name, const char *const *values, size_t count) {
    bool is_first = strchr(buffer_text(target), '?') == NULL;
    for (size_t i = 0; i < count; i++) {
        buffer_printf(target, "%c%s=", is_first ? '?' : '&', name);
        url_add_query_escaped(target, values[i]);
        is_first = false;
    }
}
