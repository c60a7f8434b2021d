// SPDX-License-Identifier: GPL-3.0-or-later
// Private to api/: requests that wait for an event, with a time limit.
#pragma once

#include "api/call_internal.h"

struct api_wait {
    struct event *event;
    // Called when the event is emitted. True: the wait may be over, and `respond` is called soon.
    bool (*is_over)(struct api_call *call, void *argument, void *data);
    bool (*respond)(struct api_call *call, void *data);                        // false: the wait goes on
    void (*on_timeout)(struct api_call *call, int64_t timeout_ns, void *data); // responds
    void *data;                                                                // must be valid as long as the call
    void (*destroy_data)(void *data);                                          // with the call; NULL: it is borrowed
    int64_t timeout_ns;                                                        // 0: none
    enum error_kind cancel_kind; // of the response if the client is gone; ERROR_NONE: ERROR_CANCELLED
};
// Responses are made in the client's share of the time of the loop, because one event may end the waits of very many.
// At most once per call. If the client disconnects or shuts down its sending side, the wait ends with the response
// `request cancelled`, which only appears in the request log.
void api_wait(struct api_call *call, const struct api_wait *wait);
// Ends the wait without a response, which the caller sends later. A disconnect is then no longer noticed.
void api_wait_end(struct api_call *call);
