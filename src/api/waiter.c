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
    struct share_call turn;
    bool has_happened, is_timed_out;
};

static void waiter_destroy(void *data) {
    struct waiter *waiter = data;
    share_cancel(&waiter->turn);
    event_remove(&waiter->listener);
    timer_destroy(waiter->timer);
    if (waiter->wait.destroy_data != NULL)
        waiter->wait.destroy_data(waiter->wait.data);
    free(waiter);
}

static void end_wait(struct share_call *turn) {
    struct waiter *waiter = CONTAINER_OF(turn, struct waiter, turn);
    bool has_happened = waiter->has_happened;
    waiter->has_happened = false;
    if (has_happened && waiter->wait.respond(waiter->call, waiter->wait.data))
        return;
    if (waiter->is_timed_out)
        waiter->wait.on_timeout(waiter->call, waiter->wait.timeout_ns, waiter->wait.data);
}

static void on_event_emitted(struct listener *listener, void *argument) {
    struct waiter *waiter = CONTAINER_OF(listener, struct waiter, listener);
    if (waiter->has_happened || !waiter->wait.is_over(waiter->call, argument, waiter->wait.data))
        return;
    waiter->has_happened = true;
    http_exchange_defer(waiter->call->exchange, &waiter->turn, end_wait);
}

static void on_timer_expired(void *data) {
    struct waiter *waiter = data;
    waiter->is_timed_out = true;
    http_exchange_defer(waiter->call->exchange, &waiter->turn, end_wait);
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
    share_cancel(&waiter->turn);
    event_remove(&waiter->listener);
    if (waiter->timer != NULL)
        timer_stop(waiter->timer);
    http_exchange_on_cancel(call->exchange, NULL, NULL);
}
