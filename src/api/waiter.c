// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/waiter_internal.h"

#include <stdlib.h>

#include "api/api_internal.h"
#include "api/response_internal.h"
#include "base/memory.h"
#include "http/http_body.h"

struct waiter {
    struct api_call *call;
    struct api_wait wait;
    struct listener listener;
    struct timer *timer; // NULL without a time limit
};

static void waiter_destroy(void *data) {
    struct waiter *waiter = data;
    event_remove(&waiter->listener);
    timer_destroy(waiter->timer);
    if (waiter->wait.destroy_data != NULL)
        waiter->wait.destroy_data(waiter->wait.data);
    free(waiter);
}

static void on_event_emitted(struct listener *listener, void *argument) {
    struct waiter *waiter = CONTAINER_OF(listener, struct waiter, listener);
    waiter->wait.on_event(waiter->call, argument, waiter->wait.data);
}

static void on_timer_expired(void *data) {
    struct waiter *waiter = data;
    waiter->wait.on_timeout(waiter->call, waiter->wait.timeout_ns, waiter->wait.data);
}

static void on_client_closed(struct http_exchange *exchange UNUSED, void *data) {
    struct api_call *call = data;
    const struct waiter *waiter = call->kept;
    enum error_kind kind = waiter->wait.cancel_kind;
    api_respond_failure(call, kind != ERROR_NONE ? kind : ERROR_CANCELLED, "request cancelled");
}

void api_wait(struct api_call *call, const struct api_wait *wait) {
    struct waiter *waiter = memory_new(sizeof *waiter);
    waiter->call = call;
    waiter->wait = *wait;
    call_keep(call, waiter, waiter_destroy);
    event_add(wait->event, &waiter->listener, on_event_emitted);
    if (wait->timeout_ns > 0) {
        waiter->timer = timer_create_in(call->api->spec.loop, on_timer_expired, waiter);
        timer_start(waiter->timer, wait->timeout_ns);
    }
    http_exchange_skip_body(call->exchange); // a disconnect is only noticed while the connection is read
    http_exchange_on_cancel(call->exchange, on_client_closed, call);
}

void api_wait_end(struct api_call *call) {
    struct waiter *waiter = call->kept;
    event_remove(&waiter->listener);
    if (waiter->timer != NULL)
        timer_stop(waiter->timer);
    http_exchange_on_cancel(call->exchange, NULL, NULL);
}
