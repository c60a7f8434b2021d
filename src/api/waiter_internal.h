// SPDX-License-Identifier: GPL-3.0-or-later
// Private to api/: the one waiter, for every request that is kept until something happens: an event that satisfies it,
// its time limit, or its client's end.
#pragma once

#include "api/call_internal.h"

struct api_wait {
    struct event *event;
    // The event was emitted with this argument. Responds and returns true if that ends the wait.
    bool (*on_event)(struct api_call *call, void *argument, void *data);
    void (*on_timeout)(struct api_call *call, int64_t timeout_ns, void *data); // responds
    void *data;         // has to last as long as the event can be emitted with it
    int64_t timeout_ns; // 0: none
};
// Once per call. A client that goes away, or stops sending, ends the wait: nobody gets the response
// `request cancelled` then, but the request log.
void api_wait(struct api_call *call, const struct api_wait *wait);
