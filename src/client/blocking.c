// SPDX-License-Identifier: LGPL-3.0-or-later
#include "client/blocking_internal.h"

#include <errno.h>
#include <limits.h>

#include "client/call_internal.h"
#include "client/errors.h"

bool client_wait(struct pebble_client *client, const struct pebble_call *call, struct pollfd *also,
                 struct pebble_error *error) {
    struct pollfd watched[] = {{.fd = client->interrupt_fd, .events = POLLIN}, {.fd = -1}, {.fd = -1}};
    int64_t timeout_ms = call != NULL ? pebble_call_timeout_ms(call) : -1;
    if (call != NULL)
        watched[1] = (struct pollfd){.fd = pebble_call_fd(call), .events = pebble_call_events(call)};
    if (also != NULL)
        watched[2] = *also;
    int count = poll(watched, ARRAY_COUNT(watched), timeout_ms > INT_MAX ? INT_MAX : (int)timeout_ms);
    if (count < 0 && errno != EINTR && errno != EAGAIN)
        return client_fail(error, PEBBLE_ERROR_CONNECTION, "cannot wait for server: %s", error_errno_text(errno));
    if (also != NULL)
        also->revents = count > 0 ? watched[2].revents : 0;
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
            if (!client_wait(call->client, call, NULL, error))
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
