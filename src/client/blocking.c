// SPDX-License-Identifier: LGPL-3.0-or-later
#include "client/blocking_internal.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>

#include "client/call_internal.h"
#include "client/errors_internal.h"

// Until the call is to be stepped. Signals change nothing.
static bool wait_for_call(struct pebble_call *call, struct pebble_error *error) {
    struct pollfd watched[] = {
        {.fd = call->client->interrupt_fd, .events = POLLIN},
        {.fd = pebble_call_fd(call), .events = pebble_call_events(call)},
    };
    int64_t timeout_ms = pebble_call_timeout_ms(call);
    int count = poll(watched, 2, timeout_ms > INT_MAX ? INT_MAX : (int)timeout_ms);
    if (count < 0 && errno != EINTR && errno != EAGAIN)
        return client_fail(error, PEBBLE_ERROR_CONNECTION, "cannot wait for server: %s", error_errno_text(errno));
    if (count <= 0 || watched[0].revents == 0)
        return true;
    if ((watched[0].revents & POLLNVAL) != 0)
        return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot wait for server: the interrupt descriptor is closed");
    return client_fail(error, PEBBLE_ERROR_CANCELLED, "interrupted");
}

bool client_run(struct pebble_call *call, client_item_fn on_item, void *data, struct pebble_error *error) {
    for (;;) {
        switch (pebble_call_step(call)) {
        case PEBBLE_CALL_RUNNING:
            if (!wait_for_call(call, error))
                return false;
            break;
        case PEBBLE_CALL_ITEM:
            if (on_item != NULL && !on_item(call, data))
                return client_fail(error, PEBBLE_ERROR_CANCELLED, "interrupted");
            break;
        case PEBBLE_CALL_DONE:
            return true;
        case PEBBLE_CALL_FAILED:
            return client_fail_move(error, &call->error);
        }
    }
}
