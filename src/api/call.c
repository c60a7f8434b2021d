// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/call_internal.h"

#include <stdlib.h>

#include "api/access_internal.h"
#include "api/api_internal.h"
#include "api/request_log_internal.h"
#include "api/response_internal.h"
#include "base/memory.h"
#include "http/http_response.h"

static struct api_call *call_create(struct api *api, struct http_exchange *exchange) {
    struct api_call *call = memory_new(sizeof *call);
    call->api = api;
    call->exchange = exchange;
    list_add(&api->calls, &call->link);
    http_exchange_set_context(exchange, call);
    return call;
}

static void call_destroy(struct api_call *call) {
    if (call->phase == CALL_IDENTIFYING)
        access_cancel(call);
    if (call->destroy_kept != NULL)
        call->destroy_kept(call->kept);
    checkpoint_wait_cancel(call->api->spec.checkpoint, &call->save);
    share_cancel(&call->saved_turn);
    buffer_finish(&call->saved_response);
    client_identity_finish(&call->authentication.identity);
    list_remove(&call->link);
    free(call);
}

static void on_client_closed(struct http_exchange *exchange UNUSED, void *call) {
    api_respond_failure(call, ERROR_CANCELLED, "request cancelled");
}

static void handle(struct api_call *call) {
    call->phase = CALL_HANDLED;
    http_exchange_on_cancel(call->exchange, NULL, NULL); // the handler decides
    if (access_is_allowed(api_identity(call), call->wanted) || (call->wanted == FOR_PAIRING && access_can_pair(call)))
        call->handler(call);
    else
        access_deny(call);
}

static void dispatch(struct api_call *call, const struct route *route) {
    const char *method = http_exchange_method(call->exchange);
    call->handler = route_handler(route, method, &call->wanted);
    if (call->handler == NULL) {
        AUTO_FREE char *quoted = text_quoted(method);
        api_respond_failure(call, ERROR_METHOD_NOT_ALLOWED, "method %s not allowed", quoted);
        return;
    }
    call->phase = CALL_IDENTIFYING;
    // An endpoint that is open to all needs no identification.
    if (call->wanted == FOR_ALL || access_identify(call, handle))
        handle(call);
    else
        http_exchange_on_cancel(call->exchange, on_client_closed, call);
}

void call_begin(struct http_exchange *exchange, void *api) {
    if (request_is_about_server(exchange)) {
        http_respond(exchange, 200, NULL, NULL, 0);
        return;
    }
    if (route_redirect(exchange))
        return;
    struct api_call *call = call_create(api, exchange);
    const struct route *route = route_find(http_exchange_path(exchange), &call->match);
    if (route == NULL)
        api_respond_failure(call, ERROR_NOT_FOUND, "invalid API endpoint requested");
    else
        dispatch(call, route);
}

void call_end(const struct http_exchange *exchange, int status, int64_t duration_ns, void *api UNUSED) {
    struct api_call *call = http_exchange_context(exchange);
    if (call != NULL)
        call_destroy(call);
    request_log(exchange, status, duration_ns);
}
